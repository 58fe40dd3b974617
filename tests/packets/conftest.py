"""People who asked for delivery by hand, sealed as the site seals them."""

from __future__ import annotations

import base64
import csv
import io
import json
import os
from collections.abc import Callable, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from app.campaign.entities import Campaign
from app.campaign.load import load_campaign
from app.congress.tables import Tables, load_tables
from app.delivery.packets import PacketLetters, Sender, Split, write_packets
from app.delivery.writer_rows import WriterRow
from app.records.keys import current_key, make_key
from app.records.sealing import KIND, VERSION, pack, seal

ROOT = Path(__file__).resolve().parent.parent.parent
DAY = date(2026, 11, 20)
TODAY = date(2026, 11, 25)
PASSPHRASE = "correct horse battery"


@cache
def campaign() -> Campaign:
    return load_campaign(ROOT / "letters/protect-immigration-act")


@cache
def tables() -> Tables:
    return load_tables()


def person(**changes: Any) -> dict[str, Any]:
    """Details as the site seals them; ``words`` become the letters to all three."""
    words = changes.pop("words", "I am your constituent.\n\nThese are my own words.")
    base: dict[str, Any] = {
        "first": "Ana", "last": "López", "street": "12 Main St", "street2": "", "city": "Chicago",
        "state": "IL", "zip": "60618", "email": "", "prefix": "", "phone": "",
        "district": "IL-5", "story": "", "template": "general", "length": "full",
        "letters": {"IL-5": words, "IL-S2": words, "IL-S3": words},
    }  # fmt: skip
    return {**base, **changes}


def opened(*people: dict[str, Any]) -> list[WriterRow]:
    return [
        WriterRow.opened(number, details, DAY) for number, details in enumerate(people, start=2)
    ]


Make = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Packets of some people in a new folder."""

    def made(people: Sequence[dict[str, Any]], split: Split | None = None) -> Path:
        out = tmp_path / "packets"
        with PacketLetters(campaign(), tables(), now=TODAY, template="general") as letters:
            troubles = [r for r in letters.read(opened(*people)) if not isinstance(r, WriterRow)]
            assert not troubles, troubles
            list(write_packets(letters, out, Sender("Neighbors", "", TODAY), split))
        return out

    return made


def pages(pdf: Path | bytes) -> list[str]:
    """The words of each page, in reading order."""
    source = io.BytesIO(pdf) if isinstance(pdf, bytes) else io.BytesIO(pdf.read_bytes())
    # Long runs contain invisible break points.
    return [page.extract_text() for page in PdfReader(source).pages]


def index_of(out: Path) -> list[dict[str, str]]:
    with (out / "index.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in list(os.environ):
        if name.startswith("DEAR_CONGRESS_"):
            monkeypatch.delenv(name)
    instance = tmp_path / "instance"
    monkeypatch.setenv("DEAR_CONGRESS_INSTANCE", str(instance))
    monkeypatch.setenv("DEAR_CONGRESS_SITE_URL", "https://letters.example.org")
    monkeypatch.setenv("DEAR_CONGRESS_TODAY", "2026-11-25")
    return instance


def sealed_file(
    folder: Path,
    people: Sequence[dict[str, Any]],
    purpose: str = "packet",
    campaign: str = "protect-immigration-act",
) -> Path:
    """A sealed export, with its key and passphrase next to it."""
    folder.mkdir(exist_ok=True)
    keys = folder / "keys"
    make_key(keys, PASSPHRASE, today=DAY, strength="interactive")
    key = current_key(keys)
    assert key is not None
    (folder / "passphrase").write_text(PASSPHRASE + "\n", encoding="utf-8")
    lines: list[dict[str, Any]] = [
        {"kind": KIND, "version": VERSION, "campaign": campaign, "purpose": purpose}
    ]
    for number, details in enumerate(people, start=1):
        box = seal(key.public, pack(number, purpose, details))  # type: ignore[arg-type]
        lines.append(
            {"signature": number, "purpose": purpose, "key": key.id, "day": DAY.isoformat(),
             "box": base64.b64encode(box).decode()}
        )  # fmt: skip
    lines.append({"end": True, "rows": len(people)})
    path = folder / "sealed.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)) + "\n", encoding="utf-8")
    return path
