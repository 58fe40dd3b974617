"""What the exports contain and in which order, and that they all agree."""

from __future__ import annotations

import csv
import io
import sqlite3
from datetime import UTC, date, datetime

import pytest

from app.congress.tables import load_tables
from app.records.accounting import mark
from app.records.acts import STATUSES, LetterRow, Status
from app.records.counts import BREAKDOWNS, Filter, Totals, count, totals
from app.records.exports import Occasion, counts_table, export_name, letters_table, signatures_table
from app.records.persons import person_of
from app.records.signing import sign, withdraw
from app.records.tabular import Table, csv_lines
from tests.congress.asking import JUST_BEFORE
from tests.records.build import CAMPAIGN, SECRET, letters_of, signature

NOW = Occasion(
    at=datetime(2026, 11, 25, 5, 30, tzinfo=UTC),
    zone="America/Chicago",
    facts={"members of Congress": "2026-06-15"},
    names={"HCA012": "Representative Ana Nuñez"},
)
MINE = Filter(CAMPAIGN)

SIGNATURE_COLUMNS = [
    "signature", "campaign", "status", "day", "signed_at", "state", "district", "template",
    "version", "length", "language", "match", "source", "edited", "own_share", "letters",
    "congress",
]  # fmt: skip
LETTER_COLUMNS = [
    "signature", "campaign", "status", "day", "state", "district", "seat", "recipient", "name",
    "ask", "handed_over", "handed_over_at",
    "handed_over_cause", "congress",
]  # fmt: skip


def names(table: Table) -> list[str]:
    return [column.name for column in table.columns]


def rows(table: Table) -> list[dict[str, object]]:
    return [dict(zip(names(table), row, strict=True)) for row in table.rows]


def test_columns_are_never_renamed_or_moved(db: sqlite3.Connection) -> None:
    """EX16: change these lists at their ends only."""
    assert names(signatures_table(db, MINE, NOW)) == SIGNATURE_COLUMNS
    assert names(letters_table(db, MINE, NOW)) == LETTER_COLUMNS
    assert names(counts_table(db, "status", MINE, NOW)) == ["status", "signatures", "letters"]
    for by in BREAKDOWNS:
        expected = [by, "signatures", "letters", *(["name"] if by == "recipient" else [])]
        assert names(counts_table(db, by, MINE, NOW)) == expected


def test_every_column_says_what_it_means(db: sqlite3.Connection) -> None:
    tables = [signatures_table(db, MINE, NOW), letters_table(db, MINE, NOW)]
    tables += [counts_table(db, by, MINE, NOW) for by in BREAKDOWNS]
    for table in tables:
        assert all(column.meaning.endswith(".") for column in table.columns)


def test_a_signature_is_one_row_with_its_local_time(db: sqlite3.Connection) -> None:
    """EX06, TZ01: half past nine in the evening in Chicago, on the day the clocks change."""
    at = datetime(2026, 3, 9, 2, 30, tzinfo=UTC)
    sign(db, signature("one", at=at, day=date(2026, 3, 8), source="flyer", edited=True), SECRET)
    table = signatures_table(db, MINE, NOW)
    assert table.columns[4].header == "signed_at (America/Chicago)"
    assert list(table.rows) == [
        (1, CAMPAIGN, "counted", "2026-03-08", "2026-03-08 21:30", "CA", "CA-12", "general",
         "0123456789ab", "full", "en", "zip", "flyer", 1, 40, 3, 119),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("utc", "shown"),
    [("2026-03-08T07:59", "2026-03-08 01:59"), ("2026-03-08T08:00", "2026-03-08 03:00"),
     ("2026-11-01T06:30", "2026-11-01 01:30"), ("2026-11-01T07:30", "2026-11-01 01:30"),
     ("2027-01-01T05:59", "2026-12-31 23:59")],
)  # fmt: skip
def test_times_follow_the_zone_through_the_year(
    db: sqlite3.Connection, utc: str, shown: str
) -> None:
    at = datetime.fromisoformat(f"{utc}+00:00")
    sign(db, signature("one", at=at), SECRET)
    assert rows(signatures_table(db, MINE, NOW))[0]["signed_at"] == shown


def test_each_letter_is_one_row_including_vacant_seats(db: sqlite3.Connection) -> None:
    """EX10"""
    letters = (LetterRow("CA-S1", None, "vacant"), letters_of("CA", 12)[0])
    signed = sign(db, signature("one", letters=letters), SECRET)
    mark(db, signed.receipt, "CA-12", "printed", at=datetime(2026, 11, 25, 18, 0, tzinfo=UTC))
    assert list(letters_table(db, MINE, NOW).rows) == [
        (1, CAMPAIGN, "counted", "2026-11-24", "CA", "CA-12", "CA-12", "HCA012",
         "Representative Ana Nuñez", "everyone", "printed", "2026-11-25 12:00",
         "person", 119),
        (1, CAMPAIGN, "counted", "2026-11-24", "CA", "CA-12", "CA-S1", None, "", "vacant",
         "written", "2026-11-24 21:04", "vacant seat", 119),
    ]  # fmt: skip


def some_signatures(db: sqlite3.Connection) -> None:
    places = [("CA", 12), ("CA", 2), ("TX", 30), ("DC", 0)]
    statuses: list[Status] = ["counted", "counted", "counted", "held", "test", "unconfirmed"]
    for n in range(48):
        state, district = places[n % 4]
        letters = letters_of(state, district)
        if n % 5 == 0:
            letters = (LetterRow(letters[0].seat, None, "vacant"), *letters[1:])
        signed = sign(
            db,
            signature(
                f"key {n}", state=state, district=district, day=date(2026, 11, 1 + n % 7),
                campaign=(CAMPAIGN, "another")[n % 5 == 4], status=statuses[n % 6],
                language=("en", "es")[n % 2], own_share=n * 2, letters=letters,
            ),
            SECRET,
        )  # fmt: skip
        if n % 11 == 0:
            withdraw(db, signed.receipt)


FILTERS = [
    Filter(), MINE, Filter(CAMPAIGN, "held"), Filter(CAMPAIGN, None), Filter(None, None),
    Filter(CAMPAIGN, state="CA"), Filter(CAMPAIGN, None, "DC"), Filter("nobody"),
    Filter(CAMPAIGN, since=date(2026, 11, 3)), Filter(None, until=date(2026, 11, 3)),
    Filter(CAMPAIGN, "counted", "TX", date(2026, 11, 2), date(2026, 11, 5)),
]  # fmt: skip


@pytest.mark.parametrize("chosen", FILTERS, ids=str)
def test_every_shape_agrees_for_the_same_filter(db: sqlite3.Connection, chosen: Filter) -> None:
    """EX11: rows, letters and every breakdown state the same people and letters."""
    some_signatures(db)
    whole = totals(db, chosen)
    signed = rows(signatures_table(db, chosen, NOW))
    written = [row for row in rows(letters_table(db, chosen, NOW)) if row["recipient"]]
    assert Totals(len(signed), len(written)) == whole
    assert sum(int(str(row["letters"])) for row in signed) == whole.letters
    assert whole.signatures > 0 or chosen.campaign == "nobody"
    for by in BREAKDOWNS:
        table = counts_table(db, by, chosen, NOW)
        found = rows(table)
        people = whole.letters if by == "recipient" else whole.signatures
        assert sum(int(str(row["signatures"])) for row in found) == people
        assert sum(int(str(row["letters"])) for row in found) == whole.letters
        assert table.about["total signatures"] == whole.signatures
        assert table.about["total letters"] == whole.letters
        if by in names(signatures_table(db, chosen, NOW)) and by not in ("version", "own_share"):
            for row in found:
                value = (
                    {"yes": 1, "no": 0}.get(str(row[by]), row[by]) if by == "edited" else row[by]
                )
                assert sum(one[by] == value for one in signed) == row["signatures"], by


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("campaign", [CAMPAIGN, None])
def test_counts_from_the_rows_are_the_tallies(
    db: sqlite3.Connection, campaign: str | None, status: Status
) -> None:
    some_signatures(db)
    everything = Filter(campaign, status, since=date(2000, 1, 1))
    for by in BREAKDOWNS:
        assert count(db, everything, by) == count(db, Filter(campaign, status), by)
    assert totals(db, everything) == totals(db, Filter(campaign, status))


def test_only_counted_signatures_are_exported_unless_asked(db: sqlite3.Connection) -> None:
    """EX12"""
    sign(db, signature("preview", status="test"), SECRET)
    sign(db, signature("unconfirmed", status="unconfirmed"), SECRET)
    sign(db, signature("confirmed"), SECRET)
    assert [row["status"] for row in rows(signatures_table(db, MINE, NOW))] == ["counted"]
    every = rows(signatures_table(db, Filter(CAMPAIGN, None), NOW))
    assert [row["status"] for row in every] == ["test", "unconfirmed", "counted"]
    assert list(counts_table(db, "status", MINE, NOW).rows) == [
        ("counted", 1, 3), ("held", 0, 0), ("unconfirmed", 1, 3), ("withdrawn", 0, 0),
        ("repeated", 0, 0), ("test", 1, 3),
    ]  # fmt: skip


def test_all_campaigns_together_report_the_number_of_people(db: sqlite3.Connection) -> None:
    """EX13"""
    for campaign in ("A", "B"):
        code = person_of(SECRET, email="imani@example.org", first="Imani", last="", zip5="")
        sign(db, signature(campaign, campaign=campaign, person=code), SECRET)
    for campaign in ("A", "B"):
        assert len(rows(signatures_table(db, Filter(campaign), NOW))) == 1
    together = signatures_table(db, Filter(None), NOW)
    assert together.about["people in all campaigns"] == 1
    assert len(rows(together)) == 2


def test_nothing_that_identifies_a_person_or_a_receipt_is_exported(db: sqlite3.Connection) -> None:
    """PR02"""
    signed = sign(db, signature("one"), SECRET)
    secret = db.execute("SELECT receipt, by_address FROM signatures").fetchone()
    for table in (signatures_table(db, MINE, NOW), letters_table(db, MINE, NOW)):
        written = "".join(csv_lines(table))
        assert signed.receipt not in written
        assert not any(value.hex() in written for value in secret)
        assert not set(names(table)) & {
            "receipt",
            "by_email",
            "by_address",
            "name of signer",
            "email",
            "key",
        }


def test_an_export_states_its_filter_its_time_and_its_definitions(
    db: sqlite3.Connection,
) -> None:
    about = counts_table(db, "day", Filter(CAMPAIGN, "held", "CA", date(2026, 11, 1)), NOW).about
    assert about["campaign"] == CAMPAIGN
    assert (about["status"], about["state"]) == ("held", "CA")
    assert (about["from day"], about["to day"]) == ("2026-11-01", "the last")
    assert (about["made at"], about["time zone"]) == ("2026-11-24 23:30", "America/Chicago")
    assert about["data: members of Congress"] == "2026-06-15"
    assert {"definition: signatures", "definition: letters", "definition: held"} <= set(about)


def test_the_file_name_has_campaign_and_local_day() -> None:
    """EX16: it is still the 24th in Chicago."""
    assert export_name("letters", MINE, NOW, "csv") == f"{CAMPAIGN}-letters-2026-11-24.csv"
    assert export_name("letters", Filter(), NOW, "db") == "all-campaigns-letters-2026-11-24.db"


def test_files_of_different_filters_have_different_names() -> None:
    """EX16: the second export of a day would replace the first."""
    held = Filter(CAMPAIGN, status="held", state="CA", since=date(2026, 11, 1), source="")
    assert export_name("letters", held, NOW, "csv") == (
        f"{CAMPAIGN}-letters-2026-11-24-held-CA-from-2026-11-01-no-source.csv"
    )
    until = Filter(CAMPAIGN, until=date(2026, 11, 1), language="es")
    assert export_name("letters", until, NOW, "csv").endswith("-24-to-2026-11-01-es.csv")


def test_a_campaign_named_like_a_formula_is_escaped_in_csv(db: sqlite3.Connection) -> None:
    """EX01"""
    name = '=HYPERLINK("https://example.org")'
    sign(db, signature("one", campaign=name), SECRET)
    written = "".join(csv_lines(signatures_table(db, Filter(name), NOW)))
    (row,) = csv.DictReader(io.StringIO(written.removeprefix("\ufeff"), newline=""))
    assert row["campaign"] == f"'{name}"
    assert db.execute("SELECT campaign FROM signatures").fetchone() == (name,)


def test_recipients_keep_their_names_past_the_end_of_the_last_known_congress() -> None:
    before, after = (
        Occasion.of(NOW.at, None, load_tables(when=moment)).names
        for moment in (JUST_BEFORE, datetime(2029, 2, 1, tzinfo=UTC))
    )
    assert before == after
    assert before["S001231"] == "Representative Lateefah Simon"
    assert before["P000145"] == "Senator Alex Padilla"


def test_an_unknown_recipient_has_an_empty_name(db: sqlite3.Connection) -> None:
    sign(db, signature("one"), SECRET)
    assert list(counts_table(db, "recipient", MINE, NOW).rows) == [
        ("HCA012", 1, 1, "Representative Ana Nuñez"), ("SCA1", 1, 1, ""), ("SCA3", 1, 1, ""),
    ]  # fmt: skip


def test_an_unknown_breakdown_is_refused_with_any_filter(db: sqlite3.Connection) -> None:
    with pytest.raises(ValueError, match="shoe size"):
        count(db, Filter(state="CA"), "shoe size")
