"""The day sheet on paper: one page, true words, tags for screen readers, no one's name."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pikepdf
import pypdf
import pytest

from app.campaign.entities import Campaign
from app.congress.model import Holder
from app.congress.tables import Tables
from app.documents.day_sheet import (
    MOST_THEMES,
    MOST_TOWNS,
    DaySheet,
    Facts,
    OfficeNumbers,
    book_pdf,
    day_sheet,
    sheets_pdf,
)
from app.records.office_numbers import office_sheets
from tests.commands import flask
from tests.offices.conftest import TODAY, Signers, holder

FULL = OfficeNumbers(
    signatures=123_456,
    earlier=99_999,
    letters=120_000,
    own_words=60_000,
    weeks=tuple((date(2026, 7, 6) + timedelta(weeks=n), 90_000 + n) for n in range(21)),
    themes=tuple((f"{n}-" + "w" * 29, 99_999) for n in range(MOST_THEMES)),
    towns=tuple((f"Lake Havasu City and Environs {n}", 99_999) for n in range(MOST_TOWNS)),
)
"""The most that a sheet can contain."""
MOMENTS = [date(2026, 9, 1), TODAY, date(2026, 12, 26), date(2027, 2, 1)]


def read(data: bytes) -> pypdf.PdfReader:
    return pypdf.PdfReader(BytesIO(data))


def words(data: bytes, page: int = 0) -> str:
    return " ".join(read(data).pages[page].extract_text().split())


def sheet(campaign: Campaign, tables: Tables, seat: str, numbers: OfficeNumbers = FULL,
          today: date = TODAY) -> DaySheet:  # fmt: skip
    return day_sheet(campaign, holder(tables, seat), numbers, today=today)


def test_a_sheet_has_member_numbers_ask_and_dates(
    campaign: Campaign, tables: Tables, facts: Facts
) -> None:
    pdf = sheets_pdf([sheet(campaign, tables, "CA-S3")], facts)
    text = words(pdf)
    for part in (
        "Senator Alex Padilla", "United States Senate · California", "123,456",
        "constituents signed", "120,000", "letters", "49 %", "with a personal story",
        "Where the member stands", "What constituents ask", "Senate companion",
        "Week by week", "until Sep 20", "Nov 23 – Nov 29", "90,020", "Top themes", "Towns",
        "Signatures: People who signed", "Letters: Letters they", "Personal story:",
        "Counted on November 25, 2026. Days and weeks", "America/New_York",
        "Members as of June 15, 2026, cosponsors as of March 27, 2026", "Our group",
    ):  # fmt: skip
        assert part in text, part
    assert "None" not in text


def test_a_vacant_seat_has_a_sheet_that_says_so(
    campaign: Campaign, tables: Tables, facts: Facts
) -> None:
    numbers = OfficeNumbers(signatures=3, weeks=((date(2026, 11, 23), 3),))
    text = words(sheets_pdf([sheet(campaign, tables, "CA-14", numbers)], facts))
    assert "Vacant seat" in text
    assert "This seat is vacant, as of June 15, 2026." in text
    assert "none, because the seat is vacant" in text
    assert "What constituents ask" not in text


def test_a_seat_where_no_one_signed_has_a_sheet_too(
    campaign: Campaign, tables: Tables, facts: Facts
) -> None:
    text = words(sheets_pdf([sheet(campaign, tables, "WY-0", OfficeNumbers())], facts))
    assert "No one has signed here yet." in text
    assert "Top themes" not in text
    assert "Towns" not in text.replace("Themes and towns", "")


def test_the_stance_is_given_with_the_date_of_the_list(
    campaign: Campaign, tables: Tables, facts: Facts
) -> None:
    by_stance: dict[str, str] = {}
    for member in tables.holders:
        made = sheet(campaign, tables, member.seat.id, OfficeNumbers())
        if made.stance:
            by_stance.setdefault(made.stance.name, member.seat.id)
    assert set(by_stance) == {"sponsor", "cosponsor", "earlier", "opposes", "none"}
    expected = {
        "sponsor": "Sponsor of H.R. 6890, the PROTECT Immigration Act, since",
        "cosponsor": "Cosponsor of H.R. 6890, the PROTECT Immigration Act, since",
        "earlier": "an earlier version:",
        "opposes": "of an opposing bill:",
        "none": "Not on our lists as sponsor or cosponsor of H.R. 6890",
    }
    for stance, seat in by_stance.items():
        text = words(sheets_pdf([sheet(campaign, tables, seat, OfficeNumbers())], facts))
        assert expected[stance] in text, stance
        assert "As of March 27, 2026." in text


@pytest.mark.slow
@pytest.mark.parametrize("today", MOMENTS)
def test_every_seat_fits_one_page_at_every_moment(
    campaign: Campaign, tables: Tables, facts: Facts, today: date
) -> None:
    sheets = [sheet(campaign, tables, h.seat.id, today=today) for h in tables.holders]
    if today != TODAY:  # other dates change the same words for many: the longest names will do
        longest = sorted(sheets, key=lambda one: len(str(one.holder)))
        sheets = list({(str(one.stance), str(one.ask)): one for one in longest}.values())
    for start in range(0, len(sheets), 60):
        chunk = sheets[start : start + 60]
        assert len(read(sheets_pdf(chunk, facts)).pages) == len(chunk)


@pytest.mark.parametrize("seat", ["OH-4", "VA-S1", "IL-4"])
def test_a_long_ask_leaves_the_sheet_on_one_page(
    campaign: Campaign, tables: Tables, facts: Facts, seat: str
) -> None:
    asked = "Please ask for a hearing on these agreements and for what they cost. " * 19
    wordy = replace(campaign, asks=tuple(replace(ask, text=asked) for ask in campaign.asks))
    pdf = sheets_pdf([sheet(wordy, tables, seat)], facts)
    assert len(read(pdf).pages) == 1
    assert wordy.asks[0].text.strip() in words(pdf)


def test_once_the_bill_is_law_the_sheet_has_the_ask_for_that_time(
    campaign: Campaign, tables: Tables, facts: Facts
) -> None:
    asked = "Please see that the law is carried out."
    then = replace(campaign.asks[-1], when="", stages=("enacted",), text=asked)
    law = replace(campaign, enacted=date(2026, 11, 1), asks=(*campaign.asks, then))
    made = day_sheet(law, holder(tables, "CA-12"), FULL, today=TODAY)
    assert asked in words(sheets_pdf([made], facts))


def test_weeks_have_no_gap_and_end_with_the_current_one(campaign: Campaign, tables: Tables) -> None:
    some = OfficeNumbers(3, weeks=((date(2026, 10, 26), 1), (date(2026, 11, 9), 2)))
    lines = sheet(campaign, tables, "CA-12", some).weeks
    assert [(w.first, w.signatures) for w in lines] == [
        (date(2026, 10, 26), 1), (date(2026, 11, 2), 0), (date(2026, 11, 9), 2),
        (date(2026, 11, 16), 0), (date(2026, 11, 23), 0),
    ]  # fmt: skip
    long = sheet(campaign, tables, "CA-12").weeks
    assert sum(w.signatures for w in long) == sum(n for _week, n in FULL.weeks)
    assert long[0].first is None


def check_tags(data: bytes) -> int:
    """Check that every tag's page and every page's tags exist; returns the number of links."""
    with pikepdf.open(BytesIO(data)) as pdf:
        root: Any = pdf.Root
        assert root.MarkInfo.Marked
        assert str(root.Lang) == "en"
        assert root.ViewerPreferences.DisplayDocTitle
        assert b"pdfuaid:part" in root.Metadata.read_bytes()
        parents = pikepdf.NumberTree(root.StructTreeRoot.ParentTree)
        pages = {page.obj.objgen for page in pdf.pages}
        leading = 0
        keys: list[int] = []
        for page in pdf.pages:
            key = int(page.obj.StructParents)
            keys.append(key)
            owners = {e.objgen for e in parents[key] if e is not None}
            assert owners
            assert all(
                e.Pg.objgen == page.obj.objgen
                for e in parents[key] if e is not None and "/Pg" in e
            )  # fmt: skip
            for link in page.obj.get("/Annots", []):
                assert link.Dest[0].objgen in pages
                assert parents[int(link.StructParent)].S == "/Link"
                keys.append(int(link.StructParent))
                leading += 1
        assert len(keys) == len(set(keys))
        (document,) = [root.StructTreeRoot.K] if not isinstance(
            root.StructTreeRoot.K, pikepdf.Array) else root.StructTreeRoot.K  # fmt: skip
        assert document.S == "/Document"
        assert all(child.P.objgen == document.objgen for child in document.K)
        assert all(child.Pg.objgen in pages for child in document.K if "/Pg" in child)
        return leading


@pytest.mark.slow
def test_all_sheets_are_one_tagged_pdf_with_a_cover_and_a_linked_index(
    campaign: Campaign, tables: Tables, facts: Facts, db: sqlite3.Connection, signers: Signers
) -> None:
    signers.sign("VT", 0, 7)
    states: dict[str, list[Holder]] = {}
    for one in tables.holders:
        states.setdefault(one.seat.state, []).append(one)
    some = [one for state in states.values() for one in state[-3:]]
    sheets = office_sheets(db, campaign, some, today=TODAY, tables=tables)
    count = len(sheets)
    assert count > 150
    done: list[int] = []
    pdf = book_pdf(sheets, facts, progress=done.append)
    assert done == sorted(done)
    assert done[-1] == count
    reader = read(pdf)
    covers = len(reader.pages) - count
    assert covers >= 1
    assert check_tags(pdf) == count
    index = " ".join(words(pdf, page) for page in range(covers))
    for number in (0, 17, 100, count - 1):
        name = sheets[number].holder.member
        page = covers + number
        assert name
        assert name.full_name in words(pdf, page)
        assert f"Page {page + 1}" in words(pdf, page)
        assert f"{name.full_name} {sheets[number].numbers.signatures} p. {page + 1}" in index
    vermont = next(i for i, s in enumerate(sheets) if s.holder.seat.id == "VT-0")
    assert f"7 p. {covers + vermont + 1}" in index
    outline_of = [item for item in reader.outline if not isinstance(item, list)]
    assert len(outline_of) == 56
    assert [str(s["/Title"]) for s in outline_of[:2]] == ["Alabama", "Alaska"]
    with pikepdf.open(BytesIO(pdf)) as opened, opened.open_outline() as outline:
        first = outline.root[1].children[0]
        alaska = covers + next(i for i, s in enumerate(sheets) if s.holder.seat.state == "AK")
        assert first.action is not None
        assert first.action.D[0].objgen == opened.pages[alaska].obj.objgen
        # No placeholder of the index's pages is left.
        assert b"page:VT" not in pdf


def test_a_single_sheet_is_tagged_and_its_metadata_names_no_person(
    campaign: Campaign, tables: Tables, facts: Facts
) -> None:
    """PR04: nothing personal in the PDF's metadata."""
    pdf = sheets_pdf([sheet(campaign, tables, "CA-12")], facts)
    check_tags(pdf)
    info = dict(read(pdf).metadata or {})
    assert set(info) <= {"/Title", "/Author", "/Creator", "/Producer"}
    assert str(info["/Author"]) == "Our group"


def test_markup_in_group_and_tags_is_printed_and_never_run(
    campaign: Campaign, tables: Tables, facts: Facts
) -> None:
    odd = replace(facts, group='#panic("x") *bold* $1$ \u202e<b>')
    numbers = OfficeNumbers(9, 9, 9, ((date(2026, 11, 23), 9),), (("#read", 9),))
    text = words(sheets_pdf([sheet(campaign, tables, "CA-12", numbers)], odd))
    assert '#panic("x") *bold* $1$' in text
    assert "#read 9" in text


# --- the command line --------------------------------------------------------------------


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEAR_CONGRESS_INSTANCE", str(tmp_path))
    for name in ("SECRET_KEY", "PERSON_KEY"):  # a database exists before any command runs
        monkeypatch.setenv(f"DEAR_CONGRESS_{name}", "0123456789abcdef" * 2)
    monkeypatch.setenv("DEAR_CONGRESS_TODAY", TODAY.isoformat())


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize(
    ("options", "pages", "name"),
    [
        (["--member", "CA-12"], 1, "Lateefah Simon"),
        (["--member", "p000145"], 1, "Alex Padilla"),
        (["--state", "vt"], 3, "Becca Balint"),
        (["--state", "PR"], 1, "Resident Commissioner"),
    ],
)
def test_the_command_writes_one_member_or_a_delegation(
    signers: Signers, tmp_path: Path, *, options: list[str], pages: int, name: str
) -> None:
    signers.sign("CA", 12, 6)
    out = tmp_path / "out.pdf"
    result = flask("signatures sheets", "--out", out, *options)
    assert result.exit_code == 0, result.output
    assert f"Wrote {out}" in result.output
    assert len(read(out.read_bytes()).pages) == pages
    assert name in words(out.read_bytes())


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--state", "ZZ"], "ZZ is not a state"),
        (["--member", "X999999"], "Write seats like CA-12"),
        (["--state", "CA", "--member", "CA-12"], "not both"),
    ],
)
def test_the_command_says_what_is_wrong(tmp_path: Path, options: list[str], message: str) -> None:
    result = flask("signatures sheets", "--out", tmp_path / "x.pdf", *options)
    assert result.exit_code != 0
    assert message in result.output
    assert not (tmp_path / "x.pdf").exists()


def test_the_sheet_says_how_many_of_an_earlier_congress_are_not_counted(
    campaign: Campaign, tables: Tables, facts: Facts
) -> None:
    for people, told in (
        (2, "2 people who signed in an earlier"),
        (1, "One person who signed in an earlier"),
    ):
        numbers = replace(FULL, earlier=people)
        text = words(sheets_pdf([sheet(campaign, tables, "TX-10", numbers)], facts))
        assert told in text
