"""Whether somebody has signed before under another spelling, and what follows.

The rule, for one campaign:

- At most ``MOST`` people can be counted with one e-mail address; the page says so beside it.
- Whoever signs with an address and a name that is *near* one that stands (``likeness``) is the
  same person: counted once, and their page looks as it does for everybody.
- If the ZIP and the house number are the same too, what they asked us to keep this time stands
  for what they had asked before: a corrected name replaces. The first signature stays, and its
  receipt withdraws all of it; the receipt of the second takes back the correction only.
- Another name is another person.

Everything here happens inside the caller's write transaction, so two workers cannot both find
nobody.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from app.records.likeness import CODE, Likeness
from app.records.person import LIKE_BYTES

MOST = 4
"""People with one e-mail address. A household needs a few, a forger would like many."""


@dataclass(frozen=True, slots=True)
class Before:
    """This person signed before: the signature ``earlier``; None where the address is full."""

    earlier: int | None
    same_place: bool = False


def signed_before(
    db: sqlite3.Connection, campaign: str, person: bytes, likeness: Likeness
) -> Before | None:
    """Whether a signature stands that is the same person's; None for somebody new."""
    beside = 0
    for number, code, status, have, place in _beside(db, campaign, person):
        if code == person or likeness.near(have):
            return Before(number, place == likeness.place)
        beside += status != "unconfirmed" and likeness.same_address(have)
    return Before(None) if beside >= MOST else None


def _beside(
    db: sqlite3.Connection, campaign: str, person: bytes
) -> list[tuple[int, bytes, str, bytes, bytes]]:
    """The signatures of whoever is like a person; nearly always none. An index has them."""
    like = person[:LIKE_BYTES]
    return db.execute(
        "SELECT s.id, s.person, s.status, coalesce(l.have, x''), coalesce(l.place, x'')"
        " FROM signatures s LEFT JOIN likenesses l ON l.signature = s.id"
        " WHERE s.campaign = ? AND s.person BETWEEN ? AND ? ORDER BY s.id",
        (campaign, like, like + b"\xff" * LIKE_BYTES),
    ).fetchall()


def remember(db: sqlite3.Connection, number: int, likeness: Likeness) -> None:
    """Keep the codes of the name that signed."""
    db.execute(
        "INSERT INTO likenesses (signature, have, place) VALUES (?, ?, ?)",
        (number, likeness.have, likeness.place),
    )


def note_again(db: sqlite3.Connection, number: int, before: Before) -> None:
    """Note that a row came from somebody who had signed."""
    if before.earlier is not None:
        db.execute(
            "INSERT INTO signed_again (signature, earlier, replaces) VALUES (?, ?, ?)",
            (number, before.earlier, before.same_place),
        )


def earlier_of(db: sqlite3.Connection, number: int) -> int | None:
    """The signature that a further one was found to be the same person's, if it was."""
    row = db.execute("SELECT earlier FROM signed_again WHERE signature = ?", (number,)).fetchone()
    return None if row is None else int(row[0])


def is_full(db: sqlite3.Connection, number: int) -> bool:
    """Whether as many others as may be are counted with the e-mail address of a signature."""
    row = db.execute(
        "SELECT s.campaign, s.person, l.have FROM signatures s JOIN likenesses l"
        " ON l.signature = s.id WHERE s.id = ? AND s.person IS NOT NULL",
        (number,),
    ).fetchone()
    if row is None:
        return False
    campaign, person, have = row
    others = [
        beside
        for beside, _, status, other, _ in _beside(db, campaign, person)
        if beside != number and status != "unconfirmed" and other[:CODE] == have[:CODE]
    ]
    return len(others) >= MOST


def trade_places(db: sqlite3.Connection, earlier: int, number: int) -> None:
    """Let ``number`` stand from now on, and ``earlier`` be one more of the same person.

    What is sealed with either says whose it was meant to replace, so nothing replaces any more.
    """
    db.execute("DELETE FROM signed_again WHERE signature = ?", (number,))
    db.execute(
        "UPDATE signed_again SET earlier = ?, replaces = 0 WHERE earlier = ?", (number, earlier)
    )
    db.execute("INSERT INTO signed_again VALUES (?, ?, 0)", (earlier, number))
    db.execute("DELETE FROM likenesses WHERE signature = ?", (earlier,))
