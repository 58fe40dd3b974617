"""Paper, packets and files for the offices' systems around noon in Washington, 3 January 2027."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.congress.model import change_of
from app.congress.tables import load_tables
from app.cwc.folder import Failed, FolderOrder, Written, messages_for
from app.delivery.packets import PacketLetters
from app.delivery.writer_rows import BadRow, WriterRow, read_rows
from app.records.database import Connection
from app.records.paper import Batch, CountableRow, PaperLetters, add_one
from app.records.paper_columns import SheetRow
from app.records.paper_plan import Choices, judge, make_plan
from tests.congress.rehearsal import another_sits
from tests.delivery.letters import AGENT
from tests.packets.conftest import campaign, tables
from tests.paper.conftest import SECRET, parsed, place

NOON = change_of(120)
BEFORE = NOON - timedelta(seconds=1)
NEW_YEAR = date(2027, 1, 3)
TEXAN = {
    "first": "Ana", "last": "López", "street": "1 Main St", "city": "Austin", "state": "TX",
    "zip": "78701", "email": "ana@example.org", "prefix": "Ms.",
}  # fmt: skip


def districts(now: datetime) -> list[str]:
    """The districts to choose from for the sheet's person; one if nothing is asked."""
    found = judge(SheetRow(2, {**TEXAN, "district": ""}), replace(place(), now=now))
    if isinstance(found, CountableRow):
        return [found.delegation.house.seat.id]
    assert not isinstance(found, CountableRow)
    return sorted(seat for problem in getattr(found, "problems", ()) for seat in problem.choices)


def test_paper_is_looked_up_on_the_lines_in_force_when_entered() -> None:
    assert districts(BEFORE) != districts(NOON)


@pytest.mark.parametrize(("now", "congress"), [(BEFORE, 119), (NOON, 120)])
def test_paper_counts_in_the_congress_whose_lines_were_used(
    db: Connection, now: datetime, congress: int
) -> None:
    seat = districts(now)[0]
    row = judge(SheetRow(2, {**TEXAN, "district": seat}), replace(place(), now=now))
    assert isinstance(row, CountableRow)
    # Even if storing it takes until after the change.
    entered = Batch(campaign().slug, NEW_YEAR, NOON + timedelta(minutes=1), "en", "", "Rosa", "")
    add_one(db, row, entered, letters=PaperLetters(campaign(), now), secret=SECRET)
    stored = db.execute("SELECT congress, state || '-' || district FROM signatures").fetchall()
    assert stored == [(congress, seat)]


def test_a_plans_digest_changes_when_the_lines_change(db: Connection) -> None:
    sheet = "first,last,street,city,state,zip\nAna,López,1 Main St,Burlington,VT,05401\n".encode()
    digests = [
        make_plan(parsed(sheet), Choices(), replace(place(), now=now), db).digest
        for now in (BEFORE, NOON)
    ]
    assert digests[0] != digests[1]


# --- packets -----------------------------------------------------------------------------


def packed(now: datetime, day: date, **details: Any) -> list[WriterRow | BadRow]:
    row = WriterRow.opened(2, {**TEXAN, "district": "10", "template": "general", **details}, day)
    with PacketLetters(campaign(), tables(), now=now, template="general") as letters:
        return list(letters.read([row]))


def test_a_packet_on_the_last_morning_goes_to_the_sitting_members() -> None:
    assert isinstance(packed(BEFORE, NEW_YEAR)[0], WriterRow)
    assert isinstance(packed(BEFORE, NEW_YEAR, congress="119")[0], WriterRow)


@pytest.mark.parametrize(
    ("day", "details"),
    [
        (date(2026, 12, 20), {}),
        (NEW_YEAR, {"congress": "119"}),
        (date(2027, 1, 5), {"district": "TX-10/119"}),
    ],
)
def test_a_letter_to_an_ended_congress_is_not_put_in_a_packet(
    day: date, details: dict[str, str]
) -> None:
    (found,) = packed(NOON, day, **details)
    assert isinstance(found, BadRow)
    assert "119th Congress, which has ended" in found.message


def test_a_letter_from_the_last_morning_reads_like_the_day_before() -> None:
    with PacketLetters(campaign(), tables(), now=BEFORE, template="general") as letters:
        list(letters.read([WriterRow.opened(2, {**TEXAN, "district": "10"}, NEW_YEAR)]))
        pile = letters.piles()[0]
        letter = letters.letter(pile, pile.letters[0]).letter
    with PacketLetters(campaign(), tables(), now=date(2027, 1, 2), template="general") as letters:
        list(letters.read([WriterRow.opened(2, {**TEXAN, "district": "10"}, date(2027, 1, 2))]))
        pile = letters.piles()[0]
        the_day_before = letters.letter(pile, pile.letters[0]).letter
    assert letter.written_on == NEW_YEAR
    assert letter.body == the_day_before.body


# --- files for the offices' systems ---------------------------------------------------------


def written(now: date, **values: str) -> list[Written | Failed]:
    order = FolderOrder(campaign(), tables(), AGENT, now, b"s" * 32, "general")
    return list(messages_for(WriterRow(2, {**TEXAN, "district": "10", **values}), order))


def test_files_on_the_last_morning_are_for_the_sitting_members() -> None:
    seats = [found.seat for found in written(BEFORE) if isinstance(found, Written)]
    assert seats == ["TX-10", "TX-S1", "TX-S2"]


def test_no_file_gives_a_successor_words_meant_for_the_predecessor(
    tmp_path: Path,
) -> None:
    another_sits(tmp_path, "TX-10", date(2026, 12, 20))
    now = datetime(2026, 12, 28, 17, tzinfo=UTC)
    installed = load_tables(tmp_path, now)
    order = FolderOrder(campaign(), installed, AGENT, now, b"s" * 32, "general")
    words = {"TX-10": "Thank you for all that you have done.", "TX-S1": "Please read this bill."}
    details = {**TEXAN, "district": "10", "template": "general", "letters": words}
    told, kept = messages_for(WriterRow.opened(2, details, date(2026, 12, 1)), order)
    assert isinstance(told, Failed)
    assert "TX-10 has had a new member since 2026-12-20" in told.message
    assert kept.seat == "TX-S1"


def test_a_letter_to_a_seat_that_the_list_does_not_show_is_not_called_vacant() -> None:
    words = {"TX-10": "Please read this bill."}
    details = {**TEXAN, "district": "TX-10/120", "template": "general", "letters": words}
    row = WriterRow.opened(2, details, date(2027, 1, 4))
    with PacketLetters(campaign(), tables(), now=NOON, template="general") as letters:
        (packet,) = letters.read([row])
    order = FolderOrder(campaign(), tables(), AGENT, NOON, b"s" * 32, "general")
    (found,) = messages_for(row, order)
    assert isinstance(packet, BadRow)
    assert isinstance(found, Failed)
    assert packet.message == found.message
    assert "does not show who holds TX-10 now, so its letter is left out" in found.message


@pytest.mark.parametrize("values", [{"congress": "119"}, {"district": "TX-10/119"}])
def test_a_district_of_an_ended_congress_is_not_used_for_the_next(
    values: dict[str, str],
) -> None:
    (found,) = written(NOON, **values)
    assert isinstance(found, Failed)
    assert "119th Congress, not the current one" in found.message
    assert all(isinstance(one, Written) for one in written(BEFORE, **values))


def test_an_opened_rows_congress_follows_from_its_day(tmp_path: Any) -> None:
    file = tmp_path / "opened.jsonl"
    file.write_text('{"signature": 7, "day": "2026-12-20", "details": {"first": "Ana"}}\n')
    (row,) = read_rows(file)
    assert isinstance(row, WriterRow)
    assert row.district == (None, 119)
