"""People for the tests, with unmistakable words, so that a raw search finds any trace."""

from __future__ import annotations

import sqlite3
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from app.records.acts import LetterRow, SignatureRequest, Status
from app.records.persons import person_of
from app.records.signing import sign

SECRET = b"a secret for tests, long enough"
PASSPHRASE = "correct horse battery staple"
CAMPAIGN = "protect-immigration-act"
TODAY = date(2026, 11, 25)

MARKS = ("Quillfeather", "Zebrawood Lane", "marked-person@example.org", "my cousin Xiomara-Vale")
"""Must not be found anywhere."""

DETAILS: dict[str, Any] = {
    "first": "Imani",
    "last": "Quillfeather",
    "street": "88 Zebrawood Lane",
    "email": "marked-person@example.org",
    "letters": [{"seat": "CA-12", "text": "I write because of my cousin Xiomara-Vale.\n" * 40}],
}


def request(
    number: int = 1, *, status: Status = "counted", day: date = TODAY, campaign: str = CAMPAIGN
) -> SignatureRequest:
    return SignatureRequest(
        key=f"form-{number}",
        person=person_of(
            SECRET, first="Imani", last="Okoye", email=f"imani{number}@example.org", zip5="94601"
        ),
        campaign=campaign,
        day=day,
        at=datetime(day.year, day.month, day.day, 18, tzinfo=UTC),
        state="CA",
        district=12,
        template="general",
        version="0123456789ab",
        length="full",
        language="en",
        match="zip",
        source="",
        edited=False,
        own_share=20,
        letters=(LetterRow("CA-12", "S001231", "everyone"),),
        status=status,
    )


def signed(db: sqlite3.Connection, number: int = 1, **kind: Any) -> tuple[int, str]:
    """Id and receipt of a new signature."""
    receipt = sign(db, request(number, **kind), SECRET).receipt
    (found,) = db.execute("SELECT max(id) FROM signatures").fetchone()
    return int(found), receipt


def traces(folder: Path, marks: tuple[str, ...] = MARKS) -> list[str]:
    """``file: mark`` for every marked word in the raw bytes of every file below a folder."""
    return [
        f"{path.name}: {mark}"
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        for mark in marks
        if mark.encode() in path.read_bytes()
    ]
