"""The dashboard and the table of members, as an organizer sees them."""

from __future__ import annotations

import csv
import gzip
import re
from collections import Counter
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from flask import Flask

from app.congress.maps import load_map
from app.congress.tables import load_tables
from app.records import audit
from app.records.accounting import mark
from app.records.acts import STATUSES, LetterRow
from app.records.definitions import DEFINITIONS, WAYS
from app.records.signing import sign
from app.site.assets import STATIC
from app.web.organizer.counts_read import meanings
from tests.congress.rehearsal import had_another_id
from tests.counts.conftest import Add
from tests.organizers.browser import Browser
from tests.organizers.conftest import Clock, Office
from tests.records.build import SECRET, set_status, signature
from tests.web.lint import Html, words

SVG = "{http://www.w3.org/2000/svg}"
ROOT = "/organize/counts"


def numbers(page: Html) -> dict[str, int]:
    """The large numbers by their labels."""
    found = {}
    section = next(s for s in page.all("section") if s.get("aria-labelledby") == "numbers-title")
    for e in section.iter():
        parts = [words(child) for child in e]
        if [str(child.tag)[-2:] for child in e][:2] == ["dd", "dt"]:
            found[parts[1]] = int(parts[0].replace(",", ""))
    return found


def table(page: Html, label: str) -> list[list[str]]:
    """The rows of the table in the region with this label."""
    region = next(
        e for e in page.root.iter()
        if e.get("role") == "region" and label in (e.get("aria-label"), e.get("aria-labelledby"))
    )  # fmt: skip
    rows = [e for e in region.iter() if e.tag == "tr"]
    return [[words(cell) for cell in row] for row in rows[1:]]


def places(browser: Browser, query: str = "", lang: str = "") -> dict[str, str]:
    """The links of the map in a page's frame: their targets and names."""
    page = browser.get(f"{lang}{ROOT}/places{query}").page
    (frame,) = page.all("iframe")
    assert frame.get("title")
    return links_of(browser, frame.get("src") or "")


def links_of(browser: Browser, address: str) -> dict[str, str]:
    response = browser.client.get(address)
    assert response.status_code == 200
    assert response.mimetype == "image/svg+xml"
    root = ElementTree.fromstring(response.text)  # noqa: S314 - strict, like a browser
    assert all(a.get("target") == "_top" for a in root.iter(f"{SVG}a"))
    return {(a.get("href") or ""): (a.findtext(f"{SVG}title") or "") for a in root.iter(f"{SVG}a")}


def every_line(browser: Browser, path: str, label: str) -> list[list[str]]:
    """The lines of a table on all its pages, found by following its links."""
    found: list[list[str]] = []
    while path:
        page = browser.get(path).page
        assert browser.status == 200
        found += table(page, label)
        path = next((a.get("href") or "" for a in page.all("a") if a.get("rel") == "next"), "")
    return found


def test_an_empty_campaign_shows_zeros_and_every_section(browser: Browser) -> None:
    page = browser.get(ROOT).page
    assert browser.status == 200
    assert numbers(page) == {
        "signatures": 0, "letters": 0, "signatures today": 0, "signatures in 7 days": 0,
    }  # fmt: skip
    assert len(places(browser)) == 441
    for path in ("/places", "/compare", "/members", "/by/day", "/by/source"):
        assert browser.get(f"{ROOT}{path}").status == 200


@pytest.mark.usefixtures("some")
def test_numbers_are_shown_with_their_definitions(browser: Browser) -> None:
    page = browser.get(ROOT).page
    assert numbers(page) == {
        "signatures": 15, "letters": 39, "signatures today": 4, "signatures in 7 days": 10,
    }  # fmt: skip
    for definition in DEFINITIONS[:3]:
        assert definition.meaning in page.words
    standing = table(page, "standing-title")
    assert [row[0] for row in standing] == list(STATUSES)
    assert [row[1] for row in standing] == ["15", "1", "1", "1", "1", "1"]
    assert all(row[3] for row in standing)


@pytest.mark.usefixtures("some")
def test_every_district_on_the_map_links_to_its_table_row(
    browser: Browser,
) -> None:
    found = places(browser)
    wanted = {f"{ROOT}/places?state={name[:2]}#d-{name}" for name in load_map().districts}
    assert set(found) == wanted
    holder = load_tables().holder("CA-12")
    assert holder
    assert holder.member
    link = f"{ROOT}/places?state=CA#d-CA-12"
    assert found[link] == f"CA-12, {holder.member.full_name}: 12 people signed"
    assert found[f"{ROOT}/places?state=DC#d-DC-0"].endswith(": 3 people signed")
    assert found[f"{ROOT}/places?state=WY#d-WY-0"].endswith(": 0 people signed")
    # The link's target has the line.
    page = browser.get(link.partition("#")[0]).page
    assert [words(cell) for cell in page.by_id("d-CA-12")][2:] == ["12", "100%", "36"]
    lines = every_line(browser, f"{ROOT}/by/district", "All districts")
    rows = {row[0]: row for row in lines}
    assert len(lines) == len(rows) == 441
    assert rows["CA-12"][2:] == ["12", "80%", "36"]
    assert rows["DC-0"][2:] == ["3", "20%", "3"]


@pytest.mark.usefixtures("some")
def test_every_state_on_the_map_links_to_its_districts(browser: Browser) -> None:
    found = places(browser, "?map=states")
    assert len(found) == 56
    assert found[f"{ROOT}/places?state=CA#map"] == "California: 12 people signed"
    rows = table(browser.page, "States")
    assert len(rows) == 56
    assert [row[2:] for row in rows if row[0] == "CA"] == [["12", "80%", "36"]]
    assert len(places(browser, "?state=CA")) == 52
    assert len(table(browser.page, "Districts")) == 52
    found = places(browser, "?map=states&source=mail")
    assert f"{ROOT}/places?source=mail&state=CA#map" in found


@pytest.mark.usefixtures("some")
def test_only_the_sites_own_pages_can_frame_the_map(browser: Browser) -> None:
    policy = browser.client.get(f"{ROOT}/map.svg").headers["Content-Security-Policy"]
    assert "frame-ancestors 'self'" in policy
    assert "script-src 'self'" in policy
    page = browser.client.get(f"{ROOT}/places").headers
    assert "frame-src 'self'" in page["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in page["Content-Security-Policy"]
    assert page["X-Frame-Options"] == "DENY"
    assert "frame-src" not in browser.client.get(ROOT).headers["Content-Security-Policy"]


CROWD = 240


@pytest.fixture
def crowd(add: Add) -> None:
    """Many days, sources and versions, to make every table as long as possible."""
    for number in range(CROWD):
        add(
            day=date.fromordinal(date(2026, 11, 25).toordinal() - number * 330 // CROWD),
            source=f"a-rather-long-tag-{number % 40}", own_share=number % 101,
            template=("general", "faith", "family")[number % 3], version=f"{number % 30:012x}",
        )  # fmt: skip


def style_size(address: str) -> int:
    """The size on the wire: a style sheet is always compressed, an organizer's page never."""
    sheet = STATIC / address.partition("?")[0].rpartition("/")[2]
    return len(gzip.compress(sheet.read_bytes(), 6))


@pytest.mark.usefixtures("crowd")
def test_pages_with_their_styles_stay_small_with_much_data(browser: Browser) -> None:
    for lang in ("", "/es"):
        for path in (
            "", "/places", "/places?state=CA", "/compare", "/members", "/export", "/by/day",
            "/by/district", "/by/source",
        ):  # fmt: skip
            page = browser.get(f"{lang}{ROOT}{path}").page
            sheets = [e.get("href") or "" for e in page.all("link") if e.get("rel") == "stylesheet"]
            assert len(sheets) == 3
            size = len(browser.last.data)
            size += sum(style_size(address) for address in sheets)
            assert size < 60_000, f"{lang}{path}: {size}"
    assert len(browser.client.get(f"{ROOT}/map.svg").data) < 400_000


@pytest.mark.usefixtures("crowd")
def test_a_long_table_is_paged_without_losing_rows(browser: Browser) -> None:
    for by, label, lines in (("day", "Day by day", 329), ("source", "Source tags compared", 40)):
        found = every_line(browser, f"{ROOT}/by/{by}", label)
        assert len(found) == len({row[0] for row in found}) >= lines
        assert sum(int(row[-3]) for row in found) == CROWD
    first = table(browser.get(f"{ROOT}/by/day").page, "Day by day")
    assert first[0][0] == "November 25, 2026"
    for written in ("2026-11-25", "november+25"):  # as the filter asks for it, and as it is shown
        page = browser.get(f"{ROOT}/by/day?q={written}").page
        assert [row[0] for row in table(page, "Day by day")] == ["November 25, 2026"]
    ordered = every_line(browser, f"{ROOT}/by/source?sort=name&order=down", "Source tags compared")
    assert [row[0] for row in ordered][:2] == ["a-rather-long-tag-39", "a-rather-long-tag-38"]
    found = table(browser.get(f"{ROOT}/by/source?q=tag-7").page, "Source tags compared")
    assert [row[0] for row in found] == ["a-rather-long-tag-7"]
    assert "All 40 lines" in browser.get(f"{ROOT}/compare").words


@pytest.mark.parametrize("page", ["0", "-1", "99", "x", "9" * 50, "%00", "²"])
def test_a_page_number_out_of_range_still_shows_rows(browser: Browser, page: str) -> None:
    assert browser.get(f"{ROOT}/members?page={page}").status == 200
    assert table(browser.page, "Letters to members")


@pytest.mark.usefixtures("some")
def test_every_number_column_says_what_it_counts(browser: Browser, app: Flask) -> None:
    """On every page, under the column's heading, in the words of the one definition."""
    for lang, share in (("", "of the letters shown"), ("/es", "de las cartas que se muestran")):
        with app.test_request_context(f"{lang}/"):
            said = meanings()
        known = {definition.short for definition in said.values()} | {share}
        for path in ("", "/places", "/compare", "/members", "/by/day", "/by/match"):
            page = browser.get(f"{lang}{ROOT}{path}").page
            heads = [e for e in page.all("th") if "number" in (e.get("class") or "")]
            assert heads
            for head in heads:
                meaning = [words(e) for e in head.iter() if e.get("class") == "def"]
                assert len(meaning) == 1, words(head)
                assert meaning[0] in known - {""}
            for found in DEFINITIONS:
                assert said[found.term].meaning in page.words


def test_letters_are_counted_by_how_they_were_handed_over(browser: Browser, staff: Office) -> None:
    signed = [sign(staff.db, signature(f"w{n}"), SECRET) for n in range(3)]
    for one in signed[:2]:
        mark(staff.db, one.receipt, "CA-12", "printed")
    mark(staff.db, signed[0].receipt, "CA-S1", "copied")
    sign(staff.db, signature("dc", state="DC", district=0, status="held"), SECRET)
    rows = table(browser.get(ROOT).page, "ways-title")
    assert [row[0] for row in rows] == [found.term for found in WAYS]
    shown = {row[0]: row[1:3] for row in rows if row[1] != "0"}
    assert shown == {
        "written": ["6", "66.7%"], "copied": ["1", "11.1%"], "printed": ["2", "22.2%"],
    }  # fmt: skip
    assert all(row[3] == found.meaning for row, found in zip(rows, WAYS, strict=True))
    # The filter applies to them too, and they always add up to the letters.
    for query in ("status=held", "state=CA", "status=every&language=en", "source=mail"):
        page = browser.get(f"{ROOT}?{query}").page
        added = sum(int(row[1]) for row in table(page, "ways-title"))
        assert added == numbers(page)["letters"]


@pytest.mark.usefixtures("some")
@pytest.mark.parametrize(
    ("query", "signatures", "letters"),
    [
        ("since=2026-11-25", 4, 6),
        ("until=2026-11-24", 11, 33),
        ("since=2026-11-20&until=2026-11-24", 5, 15),
        ("state=DC", 3, 3),
        ("state=dc", 3, 3),
        ("letter=faith", 3, 3),
        ("source=mail", 6, 18),
        ("source=(none)", 9, 21),
        ("language=es&state=DC", 3, 3),
        ("status=held", 1, 3),
        ("status=test", 1, 3),
        ("status=every", 20, 54),
        ("status=every&since=2026-11-25", 9, 21),
        ("campaign=(all)", 15, 39),
    ],
)
def test_the_filter_is_in_the_url_and_kept_by_links(
    browser: Browser, query: str, signatures: int, letters: int
) -> None:
    page = browser.get(f"{ROOT}?{query}").page
    assert browser.status == 200
    found = numbers(page)
    assert (found["signatures"], found["letters"]) == (signatures, letters)
    # The links to the other pages keep the filter.
    other = next(a for a in page.all("a") if words(a) == "Export")
    href = (other.get("href") or "").replace("%28", "(").replace("%29", ")")
    assert sorted(href.partition("?")[2].split("&")) == sorted(
        query.replace("state=dc", "state=DC").split("&")
    )


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("since=yesterday", "since"),
        ("until=2026-02-30", "until"),
        ("since=2026-11-25&until=2026-11-01", "until"),
        ("state=ZZ", "state"),
        ("source=%3Cscript%3E", "source"),
        ("letter=no-such-letter", "letter"),
        ("since=13/13/2026", "since"),
        ("language=tlh", "language"),
        ("status=sent", "status"),
    ],
)
def test_an_unreadable_filter_is_an_error_at_its_field(
    browser: Browser, query: str, field: str
) -> None:
    for path in ("/members", "/export", "/places", "/compare", "/by/day"):
        page = browser.get(f"{ROOT}{path}?{query}").page
        assert browser.status == 422
        assert page.by_id(field).get("aria-invalid") == "true"
        assert page.title.startswith("Error: ")


def test_an_unreadable_url_still_shows_the_dashboard(browser: Browser) -> None:
    page = browser.get(f"{ROOT}?state=ZZ&campaign=nobody&since=x").page
    assert browser.status == 422
    assert page.by_id("campaign").get("aria-invalid") == "true"
    assert numbers(page)["signatures"] == 0


@pytest.mark.usefixtures("some")
@pytest.mark.parametrize(
    ("query", "status", "signatures"),
    [("since=2026-11-25&since=x", 200, 4), ("since=&since=2026-11-25", 200, 15),
     ("since=&since=x", 200, 15), ("since=x&since=2026-11-25", 422, 15)],
)  # fmt: skip
def test_of_a_repeated_day_only_the_first_is_read_and_judged(
    browser: Browser, query: str, status: int, signatures: int
) -> None:
    page = browser.get(f"{ROOT}?{query}").page
    assert browser.status == status
    assert numbers(page)["signatures"] == signatures


@pytest.mark.parametrize(
    "query",
    [
        "since=0001-01-01", "until=9999-12-31", "since=9999-12-31", "until=0001-01-01",
        "state=%00", "letter=%0a%00", "letter=" + "x" * 500, "q=%F0%9F%98%80", "map=x&sort=y",
        "sort=name&order=x&q=%25_", "source=%C3%A9", "letter=%27%3B--", "campaign=nobody",
    ],
)  # fmt: skip
@pytest.mark.usefixtures("some")
def test_odd_query_strings_cause_no_failure(browser: Browser, query: str) -> None:
    for path in ("", "/members", "/export", "/places", "/compare", "/map.svg", "/by/day"):
        assert browser.client.get(f"{ROOT}{path}?{query}").status_code in (200, 422)


@pytest.mark.parametrize(("zone_day", "hours"), [(date(2026, 3, 8), 23), (date(2026, 11, 1), 25)])
def test_days_on_which_clocks_change_appear_once(
    browser: Browser, add: Add, clock: Clock, zone_day: date, hours: int
) -> None:
    """TZ01: days of 23 and 25 hours, with neither a gap nor a double in chart and table."""
    del hours
    for offset in (-1, 0, 1):
        add(day=date.fromordinal(zone_day.toordinal() + offset))
    page = browser.get(ROOT).page
    rows = every_line(browser, f"{ROOT}/by/day", "Day by day")
    days = [datetime.strptime(row[0], "%B %d, %Y").date() for row in rows]  # noqa: DTZ007
    assert days == [date.fromordinal(days[0].toordinal() - n) for n in range(len(days))]
    assert dict(zip(days, (row[1] for row in rows), strict=True))[zone_day] == "1"
    path = next(
        p for g in page.root.iter(f"{SVG}g") if g.get("class") == "series lines" for p in g
    )  # fmt: skip
    steps = [float(x) for x in re.findall(r"([\d.]+) [\d.]+", path.get("d") or "")]
    assert len(steps) == len(days)
    widths = {round(b - a, 0) for a, b in pairwise(steps)}
    assert max(widths) - min(widths) <= 1


def test_today_is_today_in_the_campaigns_zone(
    app: Flask, staff: Office, clock: Clock, add: Add
) -> None:
    """At 03:00 UTC it is still the day before in every American zone."""
    clock.at = clock.at.replace(day=26, hour=3)
    add(day=date(2026, 11, 25))
    browser = Browser(app, clock).enter(staff.add("Boss", "exporter"))
    assert numbers(browser.get(ROOT).page)["signatures today"] == 1


def test_counts_follow_removed_and_held_signatures(
    browser: Browser, add: Add, staff: Office
) -> None:
    """EX11: 40 arrive, 3 are removed, 2 are held: banner and dashboard say 35."""
    from app.records.signing import remove

    for _ in range(40):
        add(day=date(2026, 11, 25))
    remove(staff.db, [1, 2, 3])
    set_status(staff.db, [4, 5], "held")
    assert numbers(browser.get(ROOT).page)["signatures"] == 35
    home = browser.client.get("/").text
    assert ">35<" in home
    standing = {row[0]: row[1] for row in table(browser.page, "standing-title")}
    assert standing["held"] == "2"


@pytest.mark.usefixtures("some")
def test_no_day_before_the_filter_is_shown_with_a_zero(browser: Browser) -> None:
    """People signed on the days before; the filter only leaves them out."""
    for since, days in (("2026-11-24", 2), ("2026-11-25", 1)):
        rows = table(browser.get(f"{ROOT}/by/day?since={since}").page, "Day by day")
        assert len(rows) == days
        assert browser.get(f"{ROOT}?since={since}").status == 200


def test_a_number_without_its_column_heading_agrees_with_its_noun(
    browser: Browser, add: Add
) -> None:
    """A phone shows the nouns in place of the headings."""
    add(state="DC", district=0)
    for _ in range(2):
        add(status="held")
    text = browser.get(ROOT).last.text
    for noun, number in (("signature", 1), ("letter", 1), ("signatures", 2), ("letters", 0)):
        assert f'data-words="{noun}">{number}<' in text


def test_after_noon_a_member_the_list_omits_is_not_said_to_have_left(
    app: Flask, staff: Office, add: Add, clock: Clock
) -> None:
    add(letters=(LetterRow("CA-12", "S001231", "everyone"),))
    clock.at = datetime(2027, 1, 4, 18, tzinfo=UTC)
    browser = Browser(app, clock).enter(staff.add("Ana", "exporter"))
    rows = every_line(browser, f"{ROOT}/members", "Letters to members")
    (row,) = (row for row in rows if row[0].startswith("Lateefah Simon"))
    assert row[1:4] == ["CA-12 (119th Congress)", "1", "1"]
    assert "no longer" not in browser.words
    here = every_line(browser, f"{ROOT}/members?state=CA", "Letters to members")
    assert row in here
    assert row not in every_line(browser, f"{ROOT}/members?state=NY", "Letters to members")
    browser.get(f"/es{ROOT}/members?q=lateefah")
    assert "CA-12 (119.º Congreso)" in browser.words
    districts = every_line(browser, f"{ROOT}/by/district?state=CA", "All districts")
    assert ["CA-12 (119th Congress)", "Lateefah Simon"] in [line[:2] for line in districts]


def test_after_noon_with_an_old_list_each_seat_is_one_row_with_its_last_member(
    app: Flask, staff: Office, add: Add, clock: Clock
) -> None:
    vermont, texas = ({"state": s, "district": d} for s, d in (("VT", 0), ("TX", 10)))
    add(letters=(LetterRow("VT-0", "B001318", "everyone"),), **vermont)
    for _ in range(2):
        add(letters=(LetterRow("TX-10", "M001157", "everyone"),), **texas)
    for place in (vermont, texas):
        add(letters=(), congress=120, **place)
    clock.at = datetime(2027, 1, 4, 18, tzinfo=UTC)
    browser = Browser(app, clock).enter(staff.add("Ana", "exporter"))
    rows = every_line(browser, f"{ROOT}/members", "Letters to members")
    seats = Counter(row[1].partition(" ")[0] for row in rows)
    assert len(seats) == 541
    assert set(seats.values()) == {1}
    by_seat = {row[1]: [row[0], *row[2:4]] for row in rows}
    # Vermont's lines stay, so whoever signs there since is a constituent too; Texas has new ones.
    assert by_seat["VT-0 (119th Congress)"] == ["Becca Balint", "1", "2"]
    assert by_seat["TX-10 (119th Congress)"] == ["Michael T. McCaul", "2", "2"]
    assert by_seat["CA-14"] == ["name not listed yet", "0", "0"], "vacant in the list"
    assert by_seat["VT-S1"][0] == "Bernard Sanders", "his term goes on"
    browser.get(f"{ROOT}/members")
    number = len(load_tables(when=clock.at).awaited())
    assert f"For {number} seats, the list does not have the current member’s name" in browser.words
    assert "Such a line names the member who held the seat last" in browser.words
    clock.at = datetime(2029, 1, 4, 18, tzinfo=UTC)
    browser = Browser(app, clock).enter(staff.add("Bea", "exporter"))
    later = every_line(browser, f"{ROOT}/members?state=VT", "Letters to members")
    assert ["Becca Balint", "VT-0 (119th Congress)", "1", "1"] in [row[:4] for row in later]


def test_the_old_districts_are_shown_until_someone_signs_in_the_new_congress(
    app: Flask, staff: Office, add: Add, clock: Clock
) -> None:
    add(state="TX", district=10)
    clock.at = datetime(2027, 1, 4, 18, tzinfo=UTC)
    browser = Browser(app, clock).enter(staff.add("Ana", "exporter"))
    path = f"{ROOT}/places?state=TX"
    assert "districts of the 119th Congress, in which people signed" in browser.get(path).words
    lines = table(browser.page, "Districts")
    assert len(lines) == 38
    assert lines[9][:3] == ["TX-10 (119th Congress)", "Michael T. McCaul", "1"]
    drawn = browser.client.get(f"{ROOT}/map.svg").text
    assert "TX-10, Michael T. McCaul: one person signed" in drawn
    browser.get(f"/es{path}")
    assert "los distritos del 119.º Congreso, durante el cual se firmó" in browser.words
    add(state="TX", district=11, congress=120)
    assert "in which people signed" not in browser.get(path).words
    lines = table(browser.page, "Districts")
    assert len(lines) == 39
    assert lines[9][:3] == ["TX-10 (120th Congress)", "name not listed yet", "0"]
    assert lines[38][:3] == ["TX-10 (119th Congress)", "Michael T. McCaul", "1"]
    clock.at = datetime(2029, 1, 4, 18, tzinfo=UTC)
    words = Browser(app, clock).enter(staff.add("Bea", "exporter")).get(f"{ROOT}/places").words
    assert "These are the districts of the 120th Congress, in which people signed" in words
    assert "The numbers are for the 120th Congress." in words, "not for the current one"


def test_a_member_with_an_earlier_id_is_one_row_wherever_letters_are_counted(
    browser: Browser, add: Add, staff: Office, tmp_path: Path
) -> None:
    had_another_id(tmp_path, "CA-12", date(2026, 11, 20), "govtrack-990001")
    for who in ("govtrack-990001", "S001231", "S001231"):
        add(letters=(LetterRow("CA-12", who, "everyone"),))
    simon = ["Lateefah Simon", "CA-12", "3", "3"]
    rows = every_line(browser, f"{ROOT}/members", "Letters to members")
    assert [row[:4] for row in rows if row[2] != "0"] == [simon]
    (office,) = browser.get("/organize/offices?q=lateefah").page.all("tbody")
    assert [[words(cell) for cell in row][2:] for row in office] == [["3", "3"]]
    file = f"{ROOT}/export/file"
    counted = browser.get(f"{file}?by=recipient").last.text.splitlines()
    assert counted[1:] == ["S001231,3,3,Representative Lateefah Simon"]
    assert audit.page(staff.db, audit.TrailFilter()).events[0].after["rows"] == 1
    listed = csv.DictReader(browser.get(f"{file}?shape=letters").last.text.splitlines())
    assert {row["recipient"] for row in listed} == {"S001231"}


@pytest.mark.usefixtures("some")
def test_members_are_searched_and_sorted_by_url(browser: Browser, add: Add) -> None:
    senators = [h.member for h in load_tables().senators("CA") if h.member]
    for _ in range(2):
        add(letters=())  # a person whose seats were all vacant
    rows = every_line(browser, f"{ROOT}/members", "Letters to members")
    assert len(rows) >= 541
    # These signatures name recipients who hold no seat: they are shown, not dropped.
    gone = [row for row in rows if "not in our list of members" in row[0]]
    assert {row[0].split()[0] for row in gone} == {"HCA012", "SCA1", "SCA3", "HDC000"}
    assert int(rows[0][2]) == max(int(row[2].replace(",", "")) for row in rows)
    by_seat = every_line(browser, f"{ROOT}/members?sort=seat&order=up", "Letters to members")
    seats = [row[1] for row in by_seat if row[1].startswith("CA-")]
    assert seats[:3] == ["CA-1", "CA-2", "CA-3"]
    assert seats.index("CA-9") < seats.index("CA-10")
    last = senators[0].last
    found = table(browser.get(f"{ROOT}/members?q={last.upper()}+california").page,
                  "Letters to members")  # fmt: skip
    assert [row[0] for row in found] == [senators[0].full_name]
    assert found[0][3] == "14", "constituents of a senator are the people of the state"
    browser.get(f"{ROOT}/members?q=hernandez+puerto")
    assert "Hernández" in browser.words
    browser.get(f"/es{ROOT}/members?q=nueva+york")
    assert "Schumer" in browser.words
    browser.get(f"{ROOT}/members?q=zzzz")
    assert "No match" in browser.words


@pytest.mark.usefixtures("some")
def test_members_are_filtered_by_state(browser: Browser) -> None:
    rows = table(browser.get(f"{ROOT}/members?state=DC").page, "Letters to members")
    assert [row[1] for row in rows if row[1]] == ["DC-0"]
    assert next(row for row in rows if row[1])[3] == "3"


def test_sorting_is_marked_and_keeps_search_and_filter(browser: Browser) -> None:
    page = browser.get(f"{ROOT}/members?q=a&status=every&sort=name").page
    sorted_by = [e for e in page.all("th") if e.get("aria-sort")]
    assert [words(e).split()[0] for e in sorted_by] == ["Member"]
    links = [e.get("href") or "" for th in page.all("th") for e in th if e.get("href")]
    assert len(links) == 5
    assert all("q=a" in link and "status=every" in link for link in links)
    assert "order=down" in links[0], "the same column again turns round"


def test_editors_see_counts_but_cannot_export(app: Flask, staff: Office, clock: Clock) -> None:
    editor = Browser(app, clock).enter(staff.add("Ed", "editor"))
    assert editor.get(ROOT).status == 200
    assert editor.get(f"{ROOT}/members").status == 200
    assert "Export" not in editor.words
    assert editor.get(f"{ROOT}/export").status == 403
    assert editor.get(f"{ROOT}/export/file").status == 403
    stranger = Browser(app, clock)
    assert stranger.get(ROOT).title == "Organizer login"


@pytest.mark.usefixtures("some")
def test_every_page_is_in_spanish(browser: Browser) -> None:
    english = ("Signatures", "Letters written", "Download", "Day by day", "Status",
               "Faith and community", "North Carolina")  # fmt: skip
    for path in ("", "/places?map=states", "/places?state=CA", "/compare", "/members", "/export",
                 "/by/day", "/by/state"):  # fmt: skip
        browser.get(f"/es{ROOT}{path}")
        assert browser.status == 200
        assert not [word for word in english if word in browser.words], path
    found = places(browser, lang="/es")
    assert "CA-12, Lateefah Simon: 12 personas firmaron" in found.values()
    assert all(link.startswith(f"/es{ROOT}") for link in found)


@pytest.mark.usefixtures("some")
def test_charts_have_labels_and_no_inline_style_or_script(browser: Browser) -> None:
    charts = []
    for path in ("", "/compare"):
        page = browser.get(f"{ROOT}{path}").page
        drawn = list(page.root.iter(f"{SVG}svg"))
        charts += [s for s in drawn if (s.get("class") or "").startswith("chart")]
        tags = {str(e.tag).rpartition("}")[2] for svg in drawn for e in svg.iter()}
        assert not tags & {"style", "script", "foreignObject", "use", "image"}
    assert len(charts) == 8, "four charts for two widths of screen"
    for chart in charts:
        assert chart.get("role") == "img"
        assert "The table has each number." in (chart.get("aria-label") or "")
    assert ElementTree.tostring(charts[0]).count(b"<") > 10
    drawing = browser.client.get(f"{ROOT}/map.svg").text
    assert not [tag for tag in ("<script", "<style", "<foreignObject", "<image") if tag in drawing]


@pytest.mark.usefixtures("some")
def test_hostile_letter_names_are_shown_as_text(browser: Browser, add: Add) -> None:
    add(template="<b>&'\"x", version="<i>")
    add(template="a" * 300)
    browser.get(f"{ROOT}/compare")
    assert browser.status == 200
    assert not [b for b in browser.page.all("b") if words(b) == "&'\"x"]
    assert "<b>&'\"x" in browser.words


def test_without_a_map_the_tables_are_still_shown(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.congress.model import TablesError
    from app.web.organizer import counts_pages

    def missing(*_: object) -> None:
        raise TablesError("no map")

    monkeypatch.setattr(counts_pages, "load_map", missing)
    browser.get(f"{ROOT}/places")
    assert browser.status == 200
    assert "flask congress build" in browser.words
    assert len(table(browser.page, "States")) == 56
    assert browser.client.get(f"{ROOT}/map.svg").status_code == 404


@pytest.mark.parametrize(
    "there",
    [
        (
            "",
            "districts of the 119th Congress. The numbers are for the 120th Congress",
        ),
        (
            "/es",
            "distritos del 119.º Congreso. Los números son del 120.º Congreso",
        ),
    ],
)
def test_after_a_change_of_congress_the_map_says_which_districts_it_shows(
    app: Flask, staff: Office, add: Add, clock: Clock, there: tuple[str, str]
) -> None:
    prefix, words = there
    add(state="TX", district=10, congress=119)
    add(state="TX", district=10, congress=120)
    add(state="MA", district=6, congress=120)
    drawn = []
    for moment in (datetime(2027, 1, 3, 16, tzinfo=UTC), datetime(2027, 1, 3, 17, tzinfo=UTC)):
        clock.at = moment
        browser = Browser(app, clock).enter(staff.add(f"Ana {moment.hour}", "exporter"))
        browser.get(f"{prefix}{ROOT}/places")
        assert (words in browser.words) == (moment.hour == 17)
        drawn.append(browser.client.get(f"{prefix}{ROOT}/map.svg").text)
        browser.get(f"{prefix}{ROOT}/places?map=states")
        assert words not in browser.words, "states stay the same"
    assert "TX-10, " in drawn[0]
    # A state with new lines has no district outlines: it is one place with its own color, and
    # signatures under the old lines are not among its numbers.
    one = "one person signed" if not prefix else "una persona firmó"
    assert "TX-10" not in drawn[1]
    whole = re.findall(r'class="s6"><title>(\w[^<]*)<', drawn[1])
    assert len(whole) == 9
    assert [text.endswith(one) for text in whole if text.startswith("Texas, ")] == [True]
    # A state that kept its lines has its districts, with the numbers of the current Congress.
    assert re.search(rf"state=MA[^>]*#d-MA-6/120[^>]*><title>MA-6, [^<]*{one}", drawn[1])
