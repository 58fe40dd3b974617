"""The site's own secrets: made by itself, kept private, and never a word that somebody guessed."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.main import create_app
from app.site.settings import Settings, SettingsError, load_settings


@pytest.mark.parametrize("name", ["secret_key", "person_key"])
def test_a_site_does_not_start_with_a_secret_that_is_none(name: str, tmp_path: Path) -> None:
    for value in ("changeme", "x" * 64, "secret", "dear-congress", "ab" * 32, " "):
        with pytest.raises(SettingsError, match=f"(?i){name}") as error:
            load_settings({f"DEAR_CONGRESS_{name.upper()}": value}, instance=tmp_path / "instance")
        assert value.strip() == "" or value not in str(error.value).split()
    whole = Settings(instance=tmp_path, secret_key=b"s" * 32, person_key=b"p" * 32)
    none: dict[str, Any] = {name: b""}
    with pytest.raises(SettingsError, match="empty"):
        create_app(replace(whole, **none))


def test_a_site_makes_its_secrets_and_keeps_them(tmp_path: Path) -> None:
    """CC04"""
    first = load_settings({}, instance=tmp_path / "one")
    again = load_settings({"DEAR_CONGRESS_PERSON_KEY": ""}, instance=tmp_path / "one")
    other = load_settings({}, instance=tmp_path / "two")
    assert (first.secret_key, first.person_key) == (again.secret_key, again.person_key)
    assert len({first.secret_key, first.person_key, other.secret_key, other.person_key}) == 4
    for name in ("secret.key", "person.key"):
        path = tmp_path / "one" / name
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        path.write_text("short")
        with pytest.raises(SettingsError, match="too short"):
            load_settings({}, instance=tmp_path / "one")
        path.unlink()


def test_settings_show_no_secret(tmp_path: Path) -> None:
    settings = load_settings({}, instance=tmp_path / "one")
    assert settings.secret_key.decode() not in repr(settings)
    assert settings.person_key.decode() not in repr(settings)
