"""An operator's site, for testing its commands."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from app.site.settings import load_settings


@pytest.fixture(autouse=True)
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An instance folder with the delivery agent's details in it."""
    for name in list(os.environ):
        if name.startswith("DEAR_CONGRESS_") or name == "REDIS_URL":
            monkeypatch.delenv(name)
    instance = tmp_path / "instance"
    monkeypatch.setenv("DEAR_CONGRESS_INSTANCE", str(instance))
    monkeypatch.setenv("DEAR_CONGRESS_TODAY", "2026-11-25")
    instance.mkdir()
    (instance / "settings.toml").write_text(
        'cwc_agent = "Example Letters, Inc."\ncwc_ack_email = "cwc@letters.example"\n'
        'cwc_contact_name = "Robin Example"\ncwc_contact_email = "robin@letters.example"\n'
        'cwc_contact_phone = "202-555-0147"\n',
        encoding="utf-8",
    )
    load_settings()  # makes the keys, as the first start does
    return instance
