"""A person's act: signing, correcting what they signed, confirming it, viewing it, withdrawing it.

An act is a person and what they signed. The same form sent twice is one act. Sent again by the
same person with something changed, it is a correction: the row, its letters and its sealed
details become what was sent last. Sent by another person, it is another act with its own receipt.

A person who signs again with another form gets a receipt like anyone else, with a row of status
``repeated`` that is never counted and cannot undo the first. The two cannot be told apart from
outside, then or later: a repeated row waits, is confirmed, released and forgotten like one that
counts. Every change here is one write transaction, so two workers cannot both find no earlier
signature.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Literal

from app.congress.model import congress_at
from app.records.accounting import AT_OFFICE, IN_OUTBOX, first_cause
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
from app.records.outbound import drop_letter, end_changed_letters
from app.records.persons import (
    ANYONE_LIKE,
    MOST_AT_MAILBOX,
    NAME,
    PLACE,
    STANDING,
    Person,
    Standing,
    like_values,
    mailbox_code,
    standing,
)
from app.records.sealing import THEIRS, keep_changed_letters, seal_details
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
    """Store one person's act. When this returns, all of it is on disk.

    The same form again from the same person changes only what they changed; if they withdrew the
    signature, the form is signed as a new act. What they ask us to keep is sealed in the same
    transaction, and what they no longer ask for is deleted.

    ``secret`` makes the receipt's token from the form; it must not be empty (``ValueError``).
    Raises ``NotOpenError`` if the campaign takes no signatures, ``NotStoredError`` if nothing
    could be written (the same request can then be retried), and ``TooLargeToSealError``.
    """
    act = _Act.of(request, secret)
    signed, gone = writing_together(db, lambda shared: _store(shared, act))
    if gone is not None:
        erase(db, gone)
    return signed


@dataclass(frozen=True, slots=True)
class _Act:
    """All of an act that can be computed before waiting for the lock."""

    request: SignatureRequest
    secret: bytes
    form: bytes
    content: bytes
    salt: bytes
    """For a new row, like ``token`` and ``values``; a correction keeps its row's own."""
    token: str
    values: tuple[object, ...]
    """For the columns ``_CONTENT`` and ``_WHO``."""

    @classmethod
    def of(cls, request: SignatureRequest, secret: bytes) -> _Act:
        salt = secrets.token_bytes(8)
        return cls(
            request, secret, form_code(request.key), _content_digest(request), salt,
            receipt_token(secret, request.key, salt),
            (*_content_values(request, _letter_count(request)), *_who_values(request)),
        )  # fmt: skip


def _store(db: sqlite3.Connection, act: _Act) -> tuple[Signed, list[bytes] | None]:
    """Store an act inside a transaction, perhaps together with acts of other people.

    Also returns the bytes that a correction leaves to be erased; None if it was no correction.
    """
    request = act.request
    if _is_clearly_new(db, act):
        return _insert(db, act, None), None
    if request.status != "test":
        require_open(db, request.campaign)
    known = _find_act(
        db, request.key, request.person, campaign=request.campaign, test=request.status == "test"
    )
    if known is None:
        person = _counted_person(request)
        before = standing(db, request.campaign, person) if person is not None else None
        return _insert(db, act, before), None
    number, salt, content = known
    token = receipt_token(act.secret, request.key, salt)
    changed = content != act.content
    signed = Signed(token, _question_token(request, token), new=False, changed=changed)
    if not changed:
        return signed, None
    old = codes_of(db, "s.id = ?", [number])
    _correct(db, request, number, token, act.content)
    return signed, list(set(old) - set(codes_of(db, "s.id = ?", [number])))


_NOT_CLEARLY_NEW = (
    "SELECT EXISTS (SELECT 1 FROM campaigns WHERE slug = ?1 AND state <> 'open')"  # noqa: S608
    f" OR {ANYONE_LIKE} OR EXISTS (SELECT 1 FROM signatures WHERE form = ?6)"
)


def _is_clearly_new(db: sqlite3.Connection, act: _Act) -> bool:
    """Whether the person and the form are unknown and the campaign is open.

    True for nearly everyone, and one query instead of three while others wait for the lock.
    """
    person = _counted_person(act.request)
    if person is None:
        return False
    values = (*like_values(act.request.campaign, person), act.form)
    return not db.execute(_NOT_CLEARLY_NEW, values).fetchone()[0]


def _insert(db: sqlite3.Connection, act: _Act, before: Standing | None) -> Signed:
    """A new row; ``before`` is the signature of the same person that stands."""
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
        _open_question(db, number, confirm, request.at)
    _seal(db, number, request, before)
    return Signed(token, confirm=confirm)


def _counted_person(request: SignatureRequest) -> Person | None:
    """Whose signature it is; a test is no one's."""
    return request.person if request.status != "test" else None


def _link(before: Standing | None) -> tuple[int | None, bool]:
    """The values of ``earlier`` and ``replaces``: the standing signature of the same person, and
    whether this one's details replace those sealed with it."""
    if before is None or before.number is None:
        return None, False
    return before.number, before.same_house


def _letter_count(request: SignatureRequest) -> int:
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
    # One statement for all rows: between two statements another thread could be scheduled, while
    # every other writer waits for this transaction.
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


def _content_digest(request: SignatureRequest) -> bytes:
    """A 16-byte digest of what was sent, keyed with the form.

    So digests of two forms cannot be compared, and no one can test a guess without the form. The
    page's language is not part of it, nor is anything that differs at a second press, like the id
    of a member who has another one now.
    """
    person = request.person
    former = {now: before for before, now in request.current_ids.items()}
    sent = json.dumps([
        request.status == "test", request.state, request.district, request.template,
        request.version, request.length, request.match, request.edited, request.town,
        [(row.seat, former.get(row.bioguide or "", row.bioguide), row.ask)
         for row in request.letters],
        {purpose: dict(details) for purpose, details in sorted(request.keep.items())},
        [(code or b"").hex() for code in (person.by_email, person.by_address, person.near)],
        request.mailbox,
    ])  # fmt: skip
    digest = hashlib.blake2b(sent.encode(), key=request.key.encode()[:64], digest_size=16)
    words = "".join([f"\0{text}" for text in request.words])
    digest.update(words.encode("utf-8", "surrogatepass"))  # not as JSON: by far the largest part
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


def _find_act(
    db: sqlite3.Connection, form: str, person: Person | None, *, campaign: str, test: bool
) -> tuple[int, bytes, bytes] | None:
    """The person's act with this form, or without ``person`` the last one: its number, salt and
    content.

    On one form, a near name in the same place is the same person too, and so is the whole name at
    any address: no one else has the form.
    """
    rows = db.execute(
        f"SELECT {_ACT} FROM signatures"  # noqa: S608
        " WHERE form = ? AND campaign = ? AND withdrawn = 0 ORDER BY id DESC",
        (form_code(form), campaign),
    ).fetchall()
    for number, salt, content, *act in rows:
        if person is None or _is_theirs(act, person, form, test=test):
            return number, salt, content
    return None


def _is_theirs(act: Sequence[Any], person: Person, form: str, *, test: bool) -> bool:
    """Whether an act of a form is this person's. One test matches another test, whoever it names.

    ``act`` holds the columns of ``_ACT`` from ``status`` on.
    """
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
    """Update the row, its letters and its sealed details to what was sent last."""
    confirm = _question_token(request, token)
    _update_waiting(db, number, request, confirm)
    person = _counted_person(request)
    before = None
    status: str = request.status
    if person is not None:
        before = standing(db, request.campaign, person, ignoring=[number])
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
    # A queued copy of the earlier letters is no longer what was signed.
    _drop_messages(db, number, "copy")


def _drop_messages(db: sqlite3.Connection, number: int, kind: str) -> None:
    """Delete an act's messages that have not left this machine. If one was written to a file,
    ``erase`` deletes the file, since no row owns it."""
    db.execute(
        "DELETE FROM outbound WHERE receipt = (SELECT receipt FROM signatures WHERE id = ?)"  # noqa: S608
        f" AND kind = ? AND {_STILL_HERE}",
        (number, kind),
    )


_STILL_HERE = f"(state IN ('held', 'queued', 'deferred') OR cause = '{IN_OUTBOX}')"


def _update_waiting(
    db: sqlite3.Connection, number: int, request: SignatureRequest, confirm: str
) -> None:
    """Update whom the corrected signature waits for. An organizer's decision stays, and so does
    the confirmation of an address that did not change."""
    if request.held_for is not None:
        db.execute(
            "INSERT INTO held (signature, reason) VALUES (?, ?) ON CONFLICT DO NOTHING",
            (number, request.held_for),
        )
    if not confirm:
        # A trigger deletes a signature along with its unanswered question, so mark it answered.
        db.execute(
            "UPDATE confirmations SET confirmed = coalesce(confirmed, '') WHERE signature = ?",
            (number,),
        )
        db.execute("DELETE FROM confirmations WHERE signature = ?", (number,))
        return
    db.execute("DELETE FROM held WHERE signature = ? AND reason = 'no address'", (number,))
    if not _was_answered(db, number, request.person):
        _open_question(db, number, confirm, request.at)


def _was_answered(db: sqlite3.Connection, number: int, person: Person) -> bool:
    """Whether this mailbox confirmed the signature so long ago that the question was purged.

    A purged question must have been answered: otherwise its signature would be gone too.
    """
    by_email, asked = db.execute(
        "SELECT by_email, (SELECT 1 FROM confirmations WHERE signature = ?1)"
        " FROM signatures WHERE id = ?1",
        (number,),
    ).fetchone()
    same = by_email and person.by_email and by_email[:PLACE] == person.by_email[:PLACE]
    return bool(same and not asked)


def _status_of(db: sqlite3.Connection, number: int) -> Status:
    """The status of a signature that is not a repeated one, by what it waits for."""
    asked, held = db.execute(
        "SELECT (SELECT 1 FROM confirmations WHERE signature = ?1 AND confirmed IS NULL),"
        " (SELECT 1 FROM held WHERE signature = ?1 AND decision <> 'released')",
        (number,),
    ).fetchone()
    return "unconfirmed" if asked else "held" if held else "counted"


def _change_letters(db: sqlite3.Connection, number: int, request: SignatureRequest) -> int:
    """Update the letters to those that were sent; returns how many are to a member.

    A letter that an office has, or may have, stays on the receipt. One that is waiting for an
    office's system is taken out of the queue, as its words may have changed; what became of the
    others there is kept.
    """
    end_changed_letters(db, number, request.at)
    there = {
        seat: (request.current_ids.get(bioguide, bioguide), state)
        for seat, bioguide, state in db.execute(
            "SELECT seat, bioguide, state FROM letters WHERE signature = ?", (number,)
        )
    }
    wanted = {row.seat: row for row in request.letters}
    gone = [
        seat
        for seat, (bioguide, state) in there.items()
        if (seat not in wanted or wanted[seat].bioguide != bioguide) and state not in AT_OFFICE
    ]
    for seat in gone:
        drop_letter(db, number, seat)
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


# --- Confirming by email ---------------------------------------------------------------------


def _question_token(request: SignatureRequest, token: str) -> str:
    return question_token(token, request.mailbox) if request.mailbox else ""


def question_token(receipt: str, mailbox: str) -> str:
    """The token of the link that confirms a mailbox as the signer's: 43 URL-safe characters.

    It is different for each act and each address.
    """
    return keyed_token(receipt.encode("ascii"), "confirm", mailbox)


def _open_question(db: sqlite3.Connection, number: int, token: str, at: datetime) -> None:
    """Store the question with this link, unless it is there already. A queued message with an
    earlier link is dropped."""
    asked = db.execute(
        "INSERT INTO confirmations (signature, token, at) VALUES (?, ?, ?)"
        " ON CONFLICT (signature) DO UPDATE SET token = excluded.token, at = excluded.at,"
        " confirmed = NULL WHERE token <> excluded.token",
        (number, token_digest(token), _to_second(at)),
    )
    if asked.rowcount:
        _drop_messages(db, number, "signing")


def question(db: sqlite3.Connection, token: str) -> Question:
    """Whether the question behind a link is still open. Read-only, so safe for a GET request."""
    row = _question_row(db, token)
    return "unknown" if row is None else "answered" if row[1] else "open"


def _question_row(db: sqlite3.Connection, token: str) -> tuple[int, str | None, str, str] | None:
    found: tuple[int, str | None, str, str] | None = db.execute(
        "SELECT c.signature, c.confirmed, s.status, s.campaign FROM confirmations c"
        " JOIN signatures s ON s.id = c.signature WHERE c.token = ?",
        (token_digest(token),),
    ).fetchone()
    return found


def confirm(db: sqlite3.Connection, token: str, *, at: datetime) -> bool:
    """Confirm a signature: count it, or hold it if there is a reason to.

    Giving another person's address first does not keep them from signing: a signature confirmed
    from that mailbox supersedes unconfirmed ones. Idempotent. False if there is no such question,
    or no longer. Raises ``NotStoredError``.
    """
    with writing(db):
        row = _question_row(db, token)
        if row is None:
            return False
        number, confirmed, status, campaign = row
        if confirmed:
            return True
        db.execute(
            "UPDATE confirmations SET confirmed = ? WHERE signature = ?", (_to_second(at), number)
        )
        if _is_full(db, number, campaign):
            _set_status(db, number, "repeated")
        elif status == "unconfirmed":
            _set_status(db, number, _status_of(db, number))
        elif status == "repeated":
            _supersede_unconfirmed(db, number, campaign)
    return True


def _is_full(db: sqlite3.Connection, number: int, campaign: str) -> bool:
    """Whether the email address of a signature already has as many other people as allowed."""
    (by_email,) = db.execute("SELECT by_email FROM signatures WHERE id = ?", (number,)).fetchone()
    if by_email is None:
        return False
    place = by_email[:PLACE]
    (others,) = db.execute(
        "SELECT count(*) FROM signatures WHERE campaign = ? AND by_email BETWEEN ? AND ?"  # noqa: S608
        f" AND {STANDING} AND status <> 'unconfirmed' AND id <> ?",
        (campaign, place, place + b"\xff" * NAME, number),
    ).fetchone()
    return int(others) >= MOST_AT_MAILBOX


def _supersede_unconfirmed(db: sqlite3.Connection, number: int, campaign: str) -> None:
    """Count a repeated signature that its owner confirmed, unless an earlier one was confirmed.

    A signature without an email address that no organizer has released is unconfirmed too.
    """
    by_email, by_address, earlier = db.execute(
        "SELECT by_email, by_address, earlier FROM signatures WHERE id = ?", (number,)
    ).fetchone()
    me = Person(by_email, by_address)
    others: list[int] = []
    while (found := standing(db, campaign, me, ignoring=[number, *others])) is not None:
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
        # Each box records which signature it was meant to replace, so neither may replace now.
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
    """Move an open question to another address; the link mailed before no longer works.

    ``mailbox`` is the address as the mail server gets it, ``secret`` the one for people's codes.
    Returns the token of the new link, or None if the receipt is not waiting for a confirmation.
    Raises ``NotStoredError``.
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
        # The name is not known here, so its part of the code is made from the token.
        place = mailbox_code(secret, mailbox)
        own = keyed_code(token.encode("ascii"), "name at a mailbox")[: NAME - PLACE]
        db.execute("UPDATE signatures SET by_email = ? WHERE id = ?", (place + own, number))
        _open_question(db, number, again, at)
    erase(db, [before])
    return again


# --- Viewing and withdrawing -----------------------------------------------------------------


def receipt(db: sqlite3.Connection, token: str) -> Receipt | None:
    """The receipt with this token, or None if there is none."""
    row = db.execute(
        "SELECT id, campaign, day, at, state, district, congress, withdrawn, language, changed,"
        " status = 'test' FROM signatures WHERE receipt = ?",
        (token_digest(token),),
    ).fetchone()
    if row is None:
        return None
    number, campaign, day, at, state, district, congress, withdrawn, language, changed, test = row
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
        signed_at=datetime.fromisoformat(at),
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
    """The token of this person's receipt for this form; empty if there is none.

    Without ``person``, the receipt of whoever sent the form last: some buttons send only the form's
    key.
    """
    found = _find_act(db, form, person, campaign=campaign, test=test)
    return receipt_token(secret, form, found[1]) if found else ""


def withdraw(db: sqlite3.Connection, token: str) -> Receipt | None:
    """Withdraw a signature: every count goes down, and the person's codes are erased.

    Sealed details, kept letters and queued messages are deleted with it. Idempotent. A repeated
    signature becomes withdrawn too, and changes no count. None if there is no such receipt. Raises
    ``NotStoredError``.
    """
    digest = token_digest(token)
    with writing(db):
        gone = codes_of(db, THEIRS, [digest])
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

    Every count goes down. For rows that should never have existed; a person who changes their
    mind withdraws instead. Raises ``NotStoredError``.
    """
    codes: list[bytes] = []
    with writing(db):
        for number in numbers:
            codes += codes_of(db, "s.id = ?", [number])
        removed = delete_rows(db, numbers)
    if removed:
        erase(db, codes)
    return removed


def delete_rows(db: sqlite3.Connection, numbers: Sequence[int]) -> int:
    """Delete signatures inside the caller's transaction; returns how many.

    What the same person has signed since takes the place of a deleted signature, so that a person
    who signs while an import of paper signatures is being removed is still counted.
    """
    since = db.execute(
        "SELECT id, campaign, by_email, by_address FROM signatures WHERE withdrawn = 0"
        " AND earlier IN (SELECT value FROM json_each(?)) ORDER BY id",
        (json.dumps(list(numbers)),),
    ).fetchall()
    removed = db.executemany(
        "DELETE FROM signatures WHERE id = ?", [(number,) for number in numbers]
    ).rowcount
    for number, campaign, by_email, by_address in since:
        before = standing(db, campaign, Person(by_email, by_address), ignoring=[number])
        db.execute(
            "UPDATE signatures SET status = ?, earlier = ?, replaces = 0 WHERE id = ?",
            (
                "repeated" if before else _status_of(db, number),
                before.number if before else None,
                number,
            ),
        )
    return removed


def numbers_of_forms(db: sqlite3.Connection, keys: Iterable[str]) -> list[int]:
    """Numbers of the signatures that were sent with the forms that have these keys."""
    rows = (db.execute("SELECT id FROM signatures WHERE form = ?", (form_code(key),))
            for key in keys)  # fmt: skip
    return [number for found in rows for (number,) in found]


# --- Tokens ----------------------------------------------------------------------------------


def receipt_token(secret: bytes, key: str, salt: bytes = b"") -> str:
    """The token of a receipt: 43 URL-safe characters, made from the form's key and a salt.

    The salt is stored with the signature, so that each act of one form has its own receipt. No one
    without the form can make the token.
    """
    return keyed_token(secret, "receipt", key, salt.hex())


def form_code(key: str) -> bytes:
    """What is stored of a form's key, which is long and random: 16 bytes."""
    return hashlib.blake2b(key.encode(), digest_size=16, person=b"form").digest()


def source_tag(text: str) -> str:
    """A link's source tag as it is stored: ``a-z 0-9 . _ -``, at most 32 characters, else empty.

    Anyone can put anything in a link, so what is not clearly a tag is not stored.
    """
    tag = text.strip().lower()
    return tag if re.fullmatch(r"[a-z0-9._-]{1,32}", tag) else ""


def _to_second(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
