"""Storing paper signatures: all or nothing, no one twice, nothing personal, audited."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

from app.records import audit
from app.records.acts import SignatureRequest
from app.records.audit import Actor
from app.records.counts import recount, totals
from app.records.paper import CountableRow, DryRun, PaperLetters, add_one, withdraw_paper
from app.records.paper_columns import SheetRow
from app.records.paper_plan import judge
from app.records.persons import person_of
from app.records.signing import sign
from tests.packets.conftest import campaign

from .conftest import NOW, SECRET, TODAY, batch, countable, place, run
from .test_plan import BASE


def add(db: sqlite3.Connection, rows: list[CountableRow], **changes: str) -> tuple[int, int, int]:
    added = run(db, rows, what=batch(**changes))
    return added.signatures, added.letters, added.before


def signed_before(db: sqlite3.Connection, rows: list[CountableRow]) -> list[str]:
    with DryRun(db, campaign().slug, SECRET) as dry_run:
        return [row.key for row in rows if dry_run.check(row) == ("signed", "")]


def events(db: sqlite3.Connection) -> list[tuple[str, str, dict[str, audit.Value]]]:
    return [(e.who, e.what.value, e.after) for e in audit.every(db, audit.TrailFilter())]


def test_paper_signatures_count_like_others(db: sqlite3.Connection) -> None:
    assert add(db, countable(3)) == (3, 9, 0)
    counted = totals(db, campaign().slug)
    assert (counted.signatures, counted.letters) == (3, 9)
    row = db.execute(
        "SELECT template, language, source, match, state, status FROM signatures"
    ).fetchone()
    assert row == ("paper", "es", "fair", "zip", "VT", "counted")
    assert recount(db) == []


def test_storing_a_sheet_again_adds_nothing(db: sqlite3.Connection) -> None:
    add(db, countable(3))
    assert add(db, countable(4)) == (1, 3, 3)
    assert totals(db, campaign().slug).signatures == 4
    assert signed_before(db, countable(5)) == ["2", "3", "4", "5"]


def test_online_signers_are_not_counted_again(db: sqlite3.Connection) -> None:
    (row,) = countable(1)
    sign(
        db,
        SignatureRequest(
            key="k", person=row.person, campaign=campaign().slug, day=TODAY, at=NOW, state="VT",
            district=0, template="general", version="v", length="full", language="en",
            match="zip", source="", edited=False, own_share=0,
            letters=PaperLetters(campaign(), TODAY).to(row.delegation),
        ),
        SECRET,
    )  # fmt: skip
    assert signed_before(db, [row]) == [row.key]
    assert add(db, [row]) == (0, 0, 1)
    assert totals(db, campaign().slug).signatures == 1


def test_each_batch_is_one_event_with_nothing_personal(db: sqlite3.Connection) -> None:
    add(db, countable(2))
    assert events(db) == [
        ("Rosa", "paper signatures added",
         {"added": 2, "signed before": 0, "source": "fair", "language": "es", "way": "sheet"})
    ]  # fmt: skip


def test_nothing_personal_is_in_the_database(db: sqlite3.Connection, tmp_path: Path) -> None:
    rows = [SheetRow(2, {**BASE, "first": "Zsófika", "street": "77 Quince Ln",
                         "email": "zsofika@example.org"})]  # fmt: skip
    add(db, [r for row in rows if isinstance(r := judge(row, place()), CountableRow)])
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    content = b"".join(p.read_bytes() for p in tmp_path.iterdir())
    assert b"fair" in content
    for personal in ("Zsófika", "Quince", "zsofika", "05672"):
        assert personal.encode() not in content


def test_a_withdrawn_signature_is_not_restored_by_its_sheet(
    db: sqlite3.Connection,
) -> None:
    rows = countable(2)
    add(db, rows)

    def back() -> bool:
        return withdraw_paper(
            Actor(db, "Rosa", NOW), rows[0].person, SECRET, campaign=campaign().slug
        )

    assert back()
    assert totals(db, campaign().slug).signatures == 1
    assert not back()
    assert add(db, rows) == (0, 0, 2)
    assert totals(db, campaign().slug).signatures == 1
    assert [what for _who, what, _after in events(db)].count("paper signature taken back") == 1
    assert recount(db) == []


def test_withdrawing_a_person_who_is_not_on_paper_does_nothing(db: sqlite3.Connection) -> None:
    stranger = person_of(b"p" * 32, email="x@y.zz", first="", last="", zip5="")
    assert not withdraw_paper(Actor(db, "R", NOW), stranger, SECRET, campaign=campaign().slug)
    assert events(db) == []


def test_an_invalid_tag_becomes_the_default(db: sqlite3.Connection) -> None:
    add(db, countable(1), source="not a tag!")
    assert db.execute("SELECT source FROM signatures").fetchone() == ("paper",)


def test_signatures_entered_singly_count_the_same(db: sqlite3.Connection) -> None:
    letters = PaperLetters(campaign(), TODAY)
    (row,) = countable(1)
    for signatures, before in ((1, 0), (0, 1)):
        added = add_one(db, row, batch(way="form"), letters=letters, secret=SECRET)
        assert (added.signatures, added.before) == (signatures, before)
    assert [what for _who, what, _after in events(db)] == ["paper signatures added"] * 2


def test_signing_one_campaign_on_paper_does_not_prevent_signing_another(
    db: sqlite3.Connection,
) -> None:
    add(db, countable(2))
    other = replace(batch(), campaign="another")
    assert run(db, countable(2), what=other).signatures == 2
    assert run(db, countable(2), what=other).before == 2
