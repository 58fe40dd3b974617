"""A person's act: they sign, change what they signed, confirm it, look at it, take it back.

An act is a person and what they signed. The same form sent twice is one act. Sent again by the
same person with something changed, it is a correction: the row, its letters and its sealed
details become what was sent last. Sent by somebody else, it is another act with its own receipt.

Somebody who signs again with another form gets a receipt like everybody else, with a row of
status ``repeated`` that is never counted and cannot undo the first. All look the same from
outside, also later: a repeated row waits, is confirmed, released and forgotten like one that
counts. Everything here is one write transaction, so two workers cannot both find nobody.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Literal

from app.congress.model import congress_at
from app.records.accounting import first_cause
from app.records.acts import (
    PURPOSES,
    LetterRow,
    Receipt,
    SignatureRequest,
    Signed,
    Status,
    minute,
    token_digest,
)
from app.records.database import writing, writing_together
from app.records.erasing import codes_of, erase
from app.records.keyed import keyed_code, keyed_token
from app.records.persons import (
    ANYBODY_LIKE,
    MOST,
    NAME,
    PLACE,
    STANDING,
    Person,
    Standing,
    like,
    mailbox_code,
    standing,
)
from app.records.sealing import keep_changed_letters, seal_details
from app.records.site_campaigns import require_open

_CONTENT = (
    "day", "at", "state", "district", "congress", "template", "version", "length", "language",
    "match", "source", "edited", "own_share", "letters", "town",
)  # fmt: skip
_WHO = ("by_email", "by_address", "near", "alike")
_COLUMNS = ("receipt", "form", "salt", "content", "campaign", "status", "earlier", "replaces",
            *_CONTENT, *_WHO)  # fmt: skip
_INSERT = (
    f"INSERT INTO signatures ({', '.join(_COLUMNS)})"  # noqa: S608 - from the names above
    f" VALUES ({', '.join('?' * len(_COLUMNS))})"
)
_ACT = "id, salt, content, status, by_email, by_address, near, alike"
_INSERT_LETTERS = (
    "INSERT INTO letters (signature, seat, bioguide, ask, state, state_at, cause) VALUES "
)
_ONE_LETTER = "(?, ?, ?, ?, ?, ?, ?)"
FORGET = ", ".join(f"{name} = NULL" for name in (*_WHO, "form", "content", "town"))

Question = Literal["open", "answered", "unknown"]


# --- Signing ---------------------------------------------------------------------------------


def sign(db: sqlite3.Connection, request: SignatureRequest, secret: bytes) -> Signed:
    """Store one person's act. When this returns, all of it is on the disk.

    The same form again from the same person changes nothing, or what they changed; a form of
    which they took the signature back is signed anew. What they asked us to keep is sealed in
    the same transaction, and what they no longer ask for is deleted.

    ``secret`` makes the receipt's token from the form; it must not be empty (``ValueError``).
    Raises ``NotOpenError`` where the campaign takes no signatures, and ``NotStoredError`` when
    nothing could be written; the same request can then be tried again. Raises
    ``TooLargeToSealError``.
    """
    act = _Act.of(request, secret)
    signed, gone = writing_together(db, lambda shared: _store(shared, act))
    if gone is not None:
        erase(db, gone)
    return signed


@dataclass(frozen=True, slots=True)
class _Act:
    """All that can be worked out of an act before anybody waits for the lock."""

    request: SignatureRequest
    secret: bytes
    form: bytes
    content: bytes
    salt: bytes
    """Of a first one."""
    token: str
    values: tuple[object, ...]
    """Those of ``_CONTENT`` and ``_WHO``, of a first one."""

    @classmethod
    def of(cls, request: SignatureRequest, secret: bytes) -> _Act:
        salt = secrets.token_bytes(8)
        return cls(
            request, secret, form_code(request.key), _content_of(request), salt,
            receipt_token(secret, request.key, salt),
            (*_content_values(request, _count(request)), *_who_values(request)),
        )  # fmt: skip


def _store(db: sqlite3.Connection, act: _Act) -> tuple[Signed, list[bytes] | None]:
    """Inside a transaction, maybe with others' acts; and what has to be erased of a correction."""
    request = act.request
    if _is_plainly_new(db, act):
        return _first(db, act, None), None
    if request.status != "test":
        require_open(db, request.campaign)
    known = _act_of(db, act.form, request)
    if known is None:
        person = _counted_person(request)
        before = standing(db, request.campaign, person) if person is not None else None
        return _first(db, act, before), None
    number, salt, content = known
    token = receipt_token(act.secret, request.key, salt)
    changed = content != act.content
    signed = Signed(token, _question_token(request, token), new=False, changed=changed)
    if not changed:
        return signed, None
    old = codes_of(db, "s.id = ?", [number])
    _correct(db, request, number, token, act.content)
    return signed, list(set(old) - set(codes_of(db, "s.id = ?", [number])))


_ANYTHING = (
    "SELECT EXISTS (SELECT 1 FROM campaigns WHERE slug = ?1 AND state <> 'open')"  # noqa: S608
    f" OR {ANYBODY_LIKE} OR EXISTS (SELECT 1 FROM signatures WHERE form = ?6)"
)


def _is_plainly_new(db: sqlite3.Connection, act: _Act) -> bool:
    """Whether nothing is known of the person and the form, and the campaign is open, as with
    nearly everybody: one question for three, while others wait for the lock."""
    person = _counted_person(act.request)
    if person is None:
        return False
    values = (*like(act.request.campaign, person), act.form)
    return not db.execute(_ANYTHING, values).fetchone()[0]


def _first(db: sqlite3.Connection, act: _Act, before: Standing | None) -> Signed:
    request, token = act.request, act.token
    number = db.execute(
        _INSERT,
        (
            token_digest(token), act.form, act.salt, act.content, request.campaign,
            "repeated" if before else request.status, *_link(before), *act.values,
        ),
    ).lastrowid  # fmt: skip
    assert number is not None
    _write_letters(db, number, request, request.letters)
    confirm = _question_token(request, token)
    if request.held_for is not None:
        db.execute("INSERT INTO held (signature, reason) VALUES (?, ?)", (number, request.held_for))
    if confirm:
        _ask(db, number, confirm, request.at)
    _seal(db, number, request, before)
    return Signed(token, confirm=confirm)


def _counted_person(request: SignatureRequest) -> Person | None:
    """Whose signature it is; a test is nobody's."""
    return request.person if request.status != "test" else None


def _link(before: Standing | None) -> tuple[int | None, bool]:
    """The signature of the same person that stands, and whether this one's details replace
    what was sealed with it."""
    if before is None or before.number is None:
        return None, False
    return before.number, before.same_house


def _count(request: SignatureRequest) -> int:
    return sum(row.bioguide is not None for row in request.letters)


def _content_values(request: SignatureRequest, letters: int) -> tuple[object, ...]:
    return (
        request.day.isoformat(), minute(request.at), request.state, request.district,
        request.congress or congress_at(request.at), request.template, request.version,
        request.length, request.language, request.match,
        source_tag(request.source), request.edited, request.own_share, letters, request.town,
    )  # fmt: skip


def _who_values(request: SignatureRequest) -> tuple[bytes | None, ...]:
    person = _counted_person(request)
    if person is None:
        return None, None, None, None
    near = person.near + person.mark_on(request.key)
    return person.by_email, person.by_address, near, person.alike


def _write_letters(
    db: sqlite3.Connection, number: int, request: SignatureRequest, letters: Sequence[LetterRow]
) -> None:
    # One statement for all: between two of them another thread may take its turn while
    # everybody else waits for this transaction.
    if letters:
        at = minute(request.at)
        rows = [
            (number, row.seat, row.bioguide, row.ask, row.state, at, first_cause(row))
            for row in letters
        ]
        db.execute(
            _INSERT_LETTERS + ", ".join([_ONE_LETTER] * len(rows)),
            [value for row in rows for value in row],
        )


def _content_of(request: SignatureRequest) -> bytes:
    """What was sent, in 16 bytes keyed with the form: two forms have nothing in common, and
    without the form nobody can try a guess. A language is no part of it, nor a second press."""
    person = request.person
    sent = json.dumps([
        request.status == "test", request.state, request.district, request.template,
        request.version, request.length, request.match, request.edited, request.town,
        [(row.seat, row.bioguide, row.ask) for row in request.letters],
        {purpose: dict(details) for purpose, details in sorted(request.keep.items())},
        [(code or b"").hex() for code in (person.by_email, person.by_address, person.near)],
        request.mailbox,
    ])  # fmt: skip
    digest = hashlib.blake2b(sent.encode(), key=request.key.encode()[:64], digest_size=16)
    words = "".join([f"\0{text}" for text in request.words])
    digest.update(words.encode("utf-8", "surrogatepass"))  # by far the most, so no JSON
    return digest.digest()


def _seal(
    db: sqlite3.Connection, number: int, request: SignatureRequest, before: Standing | None
) -> None:
    """Store what the person asked us to keep."""
    corrects = before.number if before is not None and before.same_house else None
    for purpose, details in request.keep.items():
        assert request.seal_to is not None
        seal_details(
            db, number, purpose, details, request.seal_to, day=request.day, corrects=corrects
        )


# --- Correcting ------------------------------------------------------------------------------


def _act_of(
    db: sqlite3.Connection, form: bytes, request: SignatureRequest
) -> tuple[int, bytes, bytes] | None:
    """The act that the same person did with the same form: its number, salt and content.

    On one form a person is also known by a near name in the same place, and by the whole name
    wherever they live: nobody else has the form.
    """
    rows = db.execute(
        f"SELECT {_ACT} FROM signatures"  # noqa: S608
        " WHERE form = ? AND campaign = ? AND withdrawn = 0 ORDER BY id DESC",
        (form, request.campaign),
    ).fetchall()
    test = request.status == "test"
    for number, salt, content, *act in rows:
        if _is_theirs(act, request.person, request.key, test=test):
            return number, salt, content
    return None


def _is_theirs(act: Sequence[Any], person: Person, form: str, *, test: bool) -> bool:
    """Whether an act of a form, from its status on, is this person's; or a test like theirs."""
    status, by_email, by_address, near, alike = act
    if test or status == "test":
        return bool(test and status == "test")
    return (
        person.has_signed_as(by_email, by_address, near)
        or person.is_near(near)
        or person.has_mark(near, form)
        or person.shares_a_house_and_first_name(by_address, alike)
    )


def _correct(
    db: sqlite3.Connection, request: SignatureRequest, number: int, token: str, content: bytes
) -> None:
    """Make the row, its letters and its sealed details what was sent last."""
    confirm = _question_token(request, token)
    _wait(db, number, request, confirm)
    person = _counted_person(request)
    before = None
    status: str = request.status
    if person is not None:
        before = standing(db, request.campaign, person, besides=[number])
        status = "repeated" if before else _status_of(db, number)
    letters = _change_letters(db, number, request)
    places = ", ".join(f"{name} = ?" for name in (*_CONTENT, *_WHO))
    db.execute(
        "UPDATE signatures SET content = ?, changed = ?, status = ?, earlier = ?, replaces = ?,"  # noqa: S608
        f" {places} WHERE id = ?",
        (
            content, minute(request.at), status, *_link(before),
            *_content_values(request, letters), *_who_values(request), number,
        ),
    )  # fmt: skip
    for purpose in set(PURPOSES) - request.keep.keys():
        db.execute("DELETE FROM sealed WHERE signature = ? AND purpose = ?", (number, purpose))
    _seal(db, number, request, before)
    keep_changed_letters(db, token, request.texts)
    # A copy of the letters as they were is no longer what was signed.
    _drop_messages(db, number, "copy")


def _drop_messages(db: sqlite3.Connection, number: int, kind: str) -> None:
    """Take back the messages of an act that have not left this machine. Where they are files
    already, ``erase`` deletes those that no row owns."""
    db.execute(
        "DELETE FROM outbound WHERE receipt = (SELECT receipt FROM signatures WHERE id = ?)"  # noqa: S608
        f" AND kind = ? AND {_STILL_HERE}",
        (number, kind),
    )


_STILL_HERE = "(state IN ('held', 'queued', 'deferred') OR cause = 'written to the outbox')"


def _wait(db: sqlite3.Connection, number: int, request: SignatureRequest, confirm: str) -> None:
    """For whom the corrected signature waits. What an organizer decided stays decided, and an
    address stays confirmed while it is the same."""
    if request.held_for is not None:
        db.execute(
            "INSERT INTO held (signature, reason) VALUES (?, ?) ON CONFLICT DO NOTHING",
            (number, request.held_for),
        )
    if not confirm:
        # Its trigger lets a signature go whose question nobody answered; this one has another.
        db.execute(
            "UPDATE confirmations SET confirmed = coalesce(confirmed, '') WHERE signature = ?",
            (number,),
        )
        db.execute("DELETE FROM confirmations WHERE signature = ?", (number,))
        return
    db.execute("DELETE FROM held WHERE signature = ? AND reason = 'no address'", (number,))
    if not _was_answered(db, number, request.person):
        _ask(db, number, confirm, request.at)


def _was_answered(db: sqlite3.Connection, number: int, person: Person) -> bool:
    """Whether the question at this mailbox was answered so long ago that it was purged. One that
    nobody answered takes its signature along."""
    by_email, asked = db.execute(
        "SELECT by_email, (SELECT 1 FROM confirmations WHERE signature = ?1)"
        " FROM signatures WHERE id = ?1",
        (number,),
    ).fetchone()
    same = by_email and person.by_email and by_email[:PLACE] == person.by_email[:PLACE]
    return bool(same and not asked)


def _status_of(db: sqlite3.Connection, number: int) -> Status:
    """Where a signature stands that is nobody's second one, by what it waits for."""
    asked, held = db.execute(
        "SELECT (SELECT 1 FROM confirmations WHERE signature = ?1 AND confirmed IS NULL),"
        " (SELECT 1 FROM held WHERE signature = ?1 AND decision <> 'released')",
        (number,),
    ).fetchone()
    return "unconfirmed" if asked else "held" if held else "counted"


def _change_letters(db: sqlite3.Connection, number: int, request: SignatureRequest) -> int:
    """Bring the letters to those that were sent, and return how many are to somebody.

    A letter that an office has, or may have, stays on the receipt. One that waits for an
    office's system waits no more: its words may be others now.
    """
    db.execute(
        "DELETE FROM outbound WHERE receipt = (SELECT receipt FROM signatures WHERE id = ?)"
        " AND kind IN ('house', 'senate') AND maybe = 0"
        " AND state NOT IN ('sending', 'handing over')",
        (number,),
    )
    there = {
        seat: (bioguide, state)
        for seat, bioguide, state in db.execute(
            "SELECT seat, bioguide, state FROM letters WHERE signature = ?", (number,)
        )
    }
    wanted = {row.seat: row for row in request.letters}
    gone = [
        seat
        for seat, (bioguide, state) in there.items()
        if (seat not in wanted or wanted[seat].bioguide != bioguide) and state not in _LEFT
    ]
    db.executemany(
        "DELETE FROM letters WHERE signature = ? AND seat = ?", [(number, seat) for seat in gone]
    )
    stay = there.keys() - set(gone)
    db.executemany(
        "UPDATE letters SET ask = ? WHERE signature = ? AND seat = ? AND bioguide IS NOT NULL",
        [(wanted[seat].ask, number, seat) for seat in stay if seat in wanted],
    )
    _write_letters(db, number, request, [row for seat, row in wanted.items() if seat not in stay])
    (letters,) = db.execute(
        "SELECT count(bioguide) FROM letters WHERE signature = ?", (number,)
    ).fetchone()
    return int(letters)


_LEFT = frozenset({"queued", "accepted by the office's system", "unknown"})
"""States of a letter that an office has, may have, or is being given."""


# --- Confirming by e-mail --------------------------------------------------------------------


def _question_token(request: SignatureRequest, token: str) -> str:
    return question_token(token, request.mailbox) if request.mailbox else ""


def question_token(receipt: str, mailbox: str) -> str:
    """The token of the link that asks whether a mailbox is the signer's: 43 URL-safe characters.

    Another act, or another address of the same act, has another link.
    """
    return keyed_token(receipt.encode("ascii"), "confirm", mailbox)


def _ask(db: sqlite3.Connection, number: int, token: str, at: datetime) -> None:
    """Note that the question is open, unless this very one was asked before. A message with
    the link of another one goes."""
    asked = db.execute(
        "INSERT INTO confirmations (signature, token, at) VALUES (?, ?, ?)"
        " ON CONFLICT (signature) DO UPDATE SET token = excluded.token, at = excluded.at,"
        " confirmed = NULL WHERE token <> excluded.token",
        (number, token_digest(token), _second(at)),
    )
    if asked.rowcount:
        _drop_messages(db, number, "signing")


def question(db: sqlite3.Connection, token: str) -> Question:
    """Whether a link still waits for its button. Changes nothing, so a GET may ask."""
    row = _asked(db, token)
    return "unknown" if row is None else "answered" if row[1] else "open"


def _asked(db: sqlite3.Connection, token: str) -> tuple[int, str | None, str, str] | None:
    found: tuple[int, str | None, str, str] | None = db.execute(
        "SELECT c.signature, c.confirmed, s.status, s.campaign FROM confirmations c"
        " JOIN signatures s ON s.id = c.signature WHERE c.token = ?",
        (token_digest(token),),
    ).fetchone()
    return found


def confirm(db: sqlite3.Connection, token: str, *, at: datetime) -> bool:
    """The button was pressed: count the signature, or hold it if there is a reason to.

    Nobody can keep the owner of an address from signing by giving it first: whoever confirms
    from that mailbox takes the place of signatures that nobody confirmed. Harmless a second
    time. False when there is no such question (any more). Raises ``NotStoredError``.
    """
    with writing(db):
        row = _asked(db, token)
        if row is None:
            return False
        number, confirmed, status, campaign = row
        if confirmed:
            return True
        db.execute(
            "UPDATE confirmations SET confirmed = ? WHERE signature = ?", (_second(at), number)
        )
        if _is_full(db, number, campaign):
            _set_status(db, number, "repeated")
        elif status == "unconfirmed":
            _set_status(db, number, _status_of(db, number))
        elif status == "repeated":
            _take_the_place(db, number, campaign)
    return True


def _is_full(db: sqlite3.Connection, number: int, campaign: str) -> bool:
    """Whether as many others as may be stand with the e-mail address of a signature."""
    (by_email,) = db.execute("SELECT by_email FROM signatures WHERE id = ?", (number,)).fetchone()
    if by_email is None:
        return False
    place = by_email[:PLACE]
    (others,) = db.execute(
        "SELECT count(*) FROM signatures WHERE campaign = ? AND by_email BETWEEN ? AND ?"  # noqa: S608
        f" AND {STANDING} AND status <> 'unconfirmed' AND id <> ?",
        (campaign, place, place + b"\xff" * NAME, number),
    ).fetchone()
    return int(others) >= MOST


def _take_the_place(db: sqlite3.Connection, number: int, campaign: str) -> None:
    """Count a further signing whose owner confirmed it, unless one that stands was confirmed.

    One without an email address that no organizer has let through was not confirmed either.
    """
    by_email, by_address, earlier = db.execute(
        "SELECT by_email, by_address, earlier FROM signatures WHERE id = ?", (number,)
    ).fetchone()
    me = Person(by_email, by_address)
    others: list[int] = []
    while (found := standing(db, campaign, me, besides=[number, *others])) is not None:
        if found.number is None:
            break
        others.append(found.number)
    if earlier is not None and earlier not in others:
        others += [n for (n,) in db.execute(
            f"SELECT id FROM signatures WHERE id = ? AND {STANDING}", (earlier,))]  # fmt: skip  # noqa: S608
    yielding = {
        n for n in others if db.execute(
            "SELECT 1 FROM signatures s LEFT JOIN held h ON h.signature = s.id WHERE s.id = ?"
            " AND (s.status = 'unconfirmed' OR s.status = 'held' AND h.reason = 'no address')",
            (n,),
        ).fetchone()
    }  # fmt: skip
    if len(yielding) < len(others):
        return  # they had signed before, and that one stands
    for other in others:
        _set_status(db, other, "repeated")
        # What is sealed with either says whose it was meant to replace: nothing replaces now.
        db.execute(
            "UPDATE signatures SET earlier = ?, replaces = 0 WHERE earlier = ?", (number, other)
        )
        db.execute("UPDATE signatures SET earlier = ?, replaces = 0 WHERE id = ?", (number, other))
    db.execute("UPDATE signatures SET earlier = NULL, replaces = 0 WHERE id = ?", (number,))
    _set_status(db, number, _status_of(db, number))


def _set_status(db: sqlite3.Connection, number: int, status: str) -> None:
    db.execute("UPDATE signatures SET status = ? WHERE id = ?", (status, number))


def change_address(
    db: sqlite3.Connection, token: str, mailbox: str, *, secret: bytes, at: datetime
) -> str | None:
    """Ask at another address whether the signer is who they say, where a question is open.

    ``mailbox`` as the mail server hears it, ``secret`` the one of people's codes. The link that
    was mailed before is no longer good. The token of the new one, or None where the receipt
    waits for no confirmation. Raises ``NotStoredError``.
    """
    with writing(db):
        row = db.execute(
            "SELECT s.id, s.by_email FROM signatures s JOIN confirmations c ON c.signature = s.id"
            " WHERE s.receipt = ? AND s.withdrawn = 0 AND c.confirmed IS NULL",
            (token_digest(token),),
        ).fetchone()
        if row is None:
            return None
        number, before = row
        again = question_token(token, mailbox)
        # Which name this is at that mailbox is not known here, so it stands for itself.
        place = mailbox_code(secret, mailbox)
        own = keyed_code(token.encode("ascii"), "name at a mailbox")[: NAME - PLACE]
        db.execute("UPDATE signatures SET by_email = ? WHERE id = ?", (place + own, number))
        _ask(db, number, again, at)
    erase(db, [before])
    return again


# --- Looking and taking back -----------------------------------------------------------------


def receipt(db: sqlite3.Connection, token: str) -> Receipt | None:
    """What the receipt with this token says, or None when there is no such receipt."""
    row = db.execute(
        "SELECT id, campaign, day, state, district, congress, withdrawn, language, changed,"
        " status = 'test' FROM signatures WHERE receipt = ?",
        (token_digest(token),),
    ).fetchone()
    if row is None:
        return None
    number, campaign, day, state, district, congress, withdrawn, language, changed, test = row
    letters = db.execute(
        "SELECT seat, bioguide, ask, state, state_at, cause FROM letters"
        " WHERE signature = ? ORDER BY seat",
        (number,),
    )
    waits = _status_of(db, number)
    kept = db.execute("SELECT purpose FROM sealed WHERE signature = ? ORDER BY purpose", (number,))
    return Receipt(
        campaign=campaign,
        day=date.fromisoformat(day),
        state=state,
        district=district,
        congress=congress,
        letters=tuple(
            LetterRow(seat, bioguide, ask, state, datetime.fromisoformat(at), cause)
            for seat, bioguide, ask, state, at, cause in letters
        ),
        withdrawn=bool(withdrawn),
        language=language,
        waits_for="" if withdrawn or test or waits == "counted"
        else "confirmation" if waits == "unconfirmed" else "organizer",
        kept=tuple(purpose for (purpose,) in kept),
        changed=datetime.fromisoformat(changed) if changed else None,
        test=bool(test),
    )  # fmt: skip


def receipt_of_form(
    db: sqlite3.Connection,
    form: str,
    person: Person | None,
    secret: bytes,
    *,
    campaign: str,
    test: bool,
) -> str:
    """The token of the receipt that this person has for this form; empty where there is none.

    Without a person, of whoever sent the form last: a button may send its token alone.
    """
    rows = db.execute(
        f"SELECT {_ACT} FROM signatures"  # noqa: S608
        " WHERE form = ? AND campaign = ? AND withdrawn = 0 ORDER BY id DESC",
        (form_code(form), campaign),
    ).fetchall()
    for _, salt, _, *act in rows:
        if person is None or _is_theirs(act, person, form, test=test):
            return receipt_token(secret, form, salt)
    return ""


def withdraw(db: sqlite3.Connection, token: str) -> Receipt | None:
    """Take a signature back: every count goes down, and the person's codes are erased.

    With it goes what waits or is kept: sealed details, letters, messages. Harmless a second
    time. The receipt of somebody who had signed before says withdrawn and changes no count.
    None when there is no such receipt. Raises ``NotStoredError``.
    """
    digest = token_digest(token)
    with writing(db):
        theirs = (
            "s.receipt = ?1 OR s.replaces = 1"
            " AND s.earlier = (SELECT id FROM signatures WHERE receipt = ?1)"
        )
        gone = codes_of(db, theirs, [digest])
        db.execute(
            f"UPDATE signatures SET withdrawn = 1, {FORGET}, status ="  # noqa: S608
            " CASE WHEN status IN ('repeated', 'test') THEN status ELSE 'withdrawn' END"
            " WHERE receipt = ? AND withdrawn = 0",
            (digest,),
        )
        db.execute(f"DELETE FROM outbound WHERE receipt = ? AND {_STILL_HERE}", (digest,))  # noqa: S608
        found = receipt(db, token)
    if found is not None:
        erase(db, gone)
    return found


def remove(db: sqlite3.Connection, numbers: Sequence[int]) -> int:
    """Delete signatures with their letters and receipts, all or none; returns how many.

    Every count goes down. For rows that should never have been; a person who changes their
    mind withdraws instead. Raises ``NotStoredError``.
    """
    codes: list[bytes] = []
    removed = 0
    with writing(db):
        for number in numbers:
            codes += codes_of(db, "s.id = ?", [number])
            removed += db.execute("DELETE FROM signatures WHERE id = ?", (number,)).rowcount
    if removed:
        erase(db, codes)
    return removed


def numbers_of_source(db: sqlite3.Connection, source: str, *, others: bool = False) -> list[int]:
    """The signatures that came by a source tag, by number; with ``others``, all the others."""
    sign_ = "<>" if others else "="
    rows = db.execute(f"SELECT id FROM signatures WHERE source {sign_} ?", (source,))  # noqa: S608
    return [number for (number,) in rows]


# --- Tokens ----------------------------------------------------------------------------------


def receipt_token(secret: bytes, key: str, salt: bytes = b"") -> str:
    """The token of a receipt: 43 URL-safe characters, made from the form's key and a salt.

    The salt lies beside the signature, so each act of one form has a receipt of its own, and
    nobody who lacks the form can make one.
    """
    return keyed_token(secret, "receipt", key, salt.hex())


def form_code(key: str) -> bytes:
    """What is kept of a form's key, which is random and long: 16 bytes."""
    return hashlib.blake2b(key.encode(), digest_size=16, person=b"form").digest()


def source_tag(text: str) -> str:
    """A link's source tag as it is kept: ``a-z 0-9 . _ -``, at most 32 characters, else empty.

    Anybody can write anything into a link, so what is not plainly a tag is not kept.
    """
    tag = text.strip().lower()
    return tag if re.fullmatch(r"[a-z0-9._-]{1,32}", tag) else ""


def _second(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
