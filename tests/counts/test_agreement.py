"""Every place that shows a number shows the same one, whatever has happened to the signatures."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import sqlite3
import tempfile
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import openpyxl  # type: ignore[import-untyped]
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from app.records.accounting import mark
from app.records.acts import STATUSES, State, Status
from app.records.counts import recount
from app.records.retention import Policy
from app.records.signing import confirm, receipt, remove, sign, withdraw
from app.site.services import services
from app.site.settings import Settings
from app.web.organizer.gate import EXTENSION
from app.web.public import public_pages
from tests.commands import flask
from tests.organizers.browser import Browser
from tests.organizers.conftest import LOGIN, Clock, Office
from tests.organizers.conftest import SECRET as SITE_SECRET
from tests.records.build import SECRET, letters_of, purged, set_status, signature
from tests.sites import Sites

QUERIES = (
    "", "status=held", "status=withdrawn", "status=every", "state=CA", "state=DC&language=es",
    "since=2026-11-20", "until=2026-11-22&source=(none)", "letter=faith&status=every",
)  # fmt: skip
NAMES = {"since": "--from", "until": "--to", "letter": "--letter", "source": "--source",
         "status": "--status", "state": "--state", "language": "--language"}  # fmt: skip
"""The same filters on the command line."""


def asked_for(query: str) -> dict[str, str]:
    return dict(part.split("=") for part in query.split("&") if part)


Pair = tuple[int, int]
"""People and letters."""


def from_dashboard(browser: Browser, query: str) -> Pair:
    text = browser.client.get(f"/organize/counts?{query}").text
    first, second = re.findall(r'<dd class="big">([\d,]+)</dd>', text)[:2]
    return int(first.replace(",", "")), int(second.replace(",", ""))


def cells(text: str) -> Pair:
    """The sums over a table's lines of people and letters; each line has a share in between."""
    rows = re.findall(r"<td[^>]*>([\d,]+)</td><td[^>]*>[\d.,%–]+</td><td[^>]*>([\d,]+)</td>", text)
    return added((int(a.replace(",", "")), int(b.replace(",", ""))) for a, b in rows)


def added(pairs: Iterable[Pair]) -> Pair:
    found = list(pairs)
    return sum(people for people, _ in found), sum(letters for _, letters in found)


def from_days(browser: Browser, query: str) -> Pair:
    return cells(browser.client.get(f"/organize/counts/by/day?{query}").text)


def from_places(browser: Browser, query: str) -> Pair:
    text = browser.client.get(f"/organize/counts/places?{query}").text
    return cells(text.partition('id="match-title"')[0])


def from_comparison(browser: Browser, query: str) -> Pair:
    text = browser.client.get(f"/organize/counts/compare?{query}").text
    return cells(text.partition('id="sources-title"')[0])


def from_map(browser: Browser, query: str) -> Pair:
    """People from the map, which has no letters; letters from the dashboard's table of ways."""
    drawn = browser.client.get(f"/organize/counts/map.svg?{query}").text
    people = re.findall(r": (one|[\d,]+) (?:person|people) signed</title>", drawn)
    text = browser.client.get(f"/organize/counts?{query}").text
    ways = text.partition('id="ways-title"')[2].partition("</table>")[0]
    letters = re.findall(r'<td class="number"[^>]*>([\d,]+)</td>', ways)
    return (
        sum(1 if number == "one" else int(number.replace(",", "")) for number in people),
        sum(int(number.replace(",", "")) for number in letters),
    )


def from_standing(browser: Browser, query: str) -> Pair:
    """The status's line in the table of statuses; all lines if every status is asked for."""
    text = browser.client.get(f"/organize/counts?{query}").text
    part = text.partition('id="standing-title"')[2].partition("</table>")[0]
    rows = re.findall(r'"row">(\w+)</th><td [^>]*>([\d,]+)</td><td [^>]*>([\d,]+)</td>', part)
    wanted = asked_for(query).get("status", "counted")
    return added((int(a), int(b)) for status, a, b in rows if wanted in (status, "every"))


def from_members(browser: Browser, query: str) -> Pair:
    """Letters only, since the table's people count a senator's whole state."""
    found, people = 0, -1
    path = f"/organize/counts/members?{query}"
    while path:
        text = browser.client.get(path).text
        found += sum(
            int(number.replace(",", ""))
            for number in re.findall(r'</th><td>[^<]*</td><td class="number">([\d,]+)</td>', text)
        )
        step = re.search(r'rel="next" href="([^"]*)"', text)
        path = step[1].replace("&amp;", "&") if step else ""
    people = from_dashboard(browser, query)[0]
    return people, found


def taken(browser: Browser, query: str) -> bytes:
    response = browser.client.get(f"/organize/counts/export/file?{query}")
    assert response.status_code == 200
    return bytes(response.data)


def from_csv(browser: Browser, query: str) -> Pair:
    rows = list(
        csv.DictReader(io.StringIO(taken(browser, f"by=district&{query}").decode("utf-8-sig")))
    )
    return sum(int(r["signatures"]) for r in rows), sum(int(r["letters"]) for r in rows)


def from_rows(browser: Browser, query: str) -> Pair:
    """One row per signature and one per letter with a recipient, counted here."""

    def rows(shape: str) -> list[dict[str, str]]:
        text = taken(browser, f"shape={shape}&{query}").decode("utf-8-sig")
        return list(csv.DictReader(io.StringIO(text)))

    return len(rows("signatures")), sum(bool(row["recipient"]) for row in rows("letters"))


def from_xlsx(browser: Browser, query: str) -> Pair:
    sheet = openpyxl.load_workbook(
        io.BytesIO(taken(browser, f"by=day&format=xlsx&{query}"))
    ).worksheets[0]
    rows = list(sheet.iter_rows(min_row=2, values_only=True))
    return sum(int(str(row[1])) for row in rows), sum(int(str(row[2])) for row in rows)


def from_notes(browser: Browser, query: str) -> Pair:
    """The totals in the first rows, and the sum of the table's rows below them."""
    text = taken(browser, f"by=source&format=csv-notes&{query}").decode("utf-8-sig")
    notes, _, below = text.partition("\r\n\r\n")
    said = dict(csv.reader(io.StringIO(notes)))
    rows = list(csv.DictReader(io.StringIO(below)))
    counted = (
        sum(int(row["signatures"]) for row in rows),
        sum(int(row["letters"]) for row in rows),
    )
    assert counted == (int(said["total signatures"]), int(said["total letters"]))
    return counted


def from_json(browser: Browser, query: str) -> Pair:
    document = json.loads(taken(browser, f"by=template&format=json&{query}"))
    about, rows = document["about"], document["rows"]
    counted = sum(row["signatures"] for row in rows), sum(row["letters"] for row in rows)
    assert counted == (about["total signatures"], about["total letters"])
    return counted


def from_sqlite(browser: Browser, query: str) -> Pair:
    """The file for Datasette: the rows of all signatures and of all letters with a recipient."""

    def ask(shape: str, question: str) -> int:
        data = io.BytesIO(taken(browser, f"shape={shape}&format=sqlite&{query}"))
        with zipfile.ZipFile(data) as archive, tempfile.TemporaryDirectory() as folder:
            (name,) = (n for n in archive.namelist() if n.endswith(".db"))
            with closing(sqlite3.connect(archive.extract(name, folder))) as db:
                (number,) = db.execute(question).fetchone()
        return int(number)

    return (
        ask("signatures", "SELECT count(*) FROM signatures"),
        ask("letters", "SELECT count(recipient) FROM letters"),
    )


WAYS: tuple[Callable[[Browser, str], Pair], ...] = (
    from_dashboard, from_days, from_places, from_comparison, from_map, from_standing,
    from_members, from_csv, from_notes, from_rows, from_xlsx, from_json, from_sqlite,
)  # fmt: skip


def from_home(browser: Browser) -> Pair:
    with patch.object(public_pages, "SHOWN_FROM", 0):
        text = browser.client.get("/").text
    ((first, second),) = re.findall(r"([\d,]+) people signed and wrote ([\d,]+) letters", text)
    return int(first.replace(",", "")), int(second.replace(",", ""))


def from_public_json(browser: Browser) -> Pair:
    found = json.loads(browser.client.get("/counts.json").data)
    return found["signatures"], found["letters"]


def from_embedded(browser: Browser) -> Pair:
    text = browser.client.get("/counter").text
    found = dict(re.findall(r'data-count="(\w+)">([\d,]+)<', text))
    return int(found["signatures"].replace(",", "")), int(found["letters"].replace(",", ""))


PUBLIC = (from_home, from_public_json, from_embedded)


def states_at_home(browser: Browser) -> dict[str, int]:
    """The public table by state, by the state's name."""
    table = browser.client.get("/").text.partition('class="by-state"')[2].partition("</table>")[0]
    rows = re.findall(r'"row">([^<]*)</th><td>([\d,]+)</td>', table)
    return {name: int(number.replace(",", "")) for name, number in rows}


def states_in_json(browser: Browser) -> dict[str, int]:
    rows = json.loads(browser.client.get("/counts.json").data)["by_state"]
    return {row["name"]: row["at_least"] for row in rows}


def from_command_line(instance: Path, query: str, by: str) -> Pair:
    options = [part for name, value in asked_for(query).items() for part in (NAMES[name], value)]
    secret = {
        f"DEAR_CONGRESS_{name}": "0123456789abcdef" * 2 for name in ("SECRET_KEY", "PERSON_KEY")
    }
    with patch.dict(os.environ, {"DEAR_CONGRESS_INSTANCE": str(instance), **secret}):
        made = flask("signatures count", "--by", by, "--format", "json", *options)
    assert made.exit_code == 0, made.output
    rows = json.loads(made.stdout)["rows"]
    return sum(row["signatures"] for row in rows), sum(row["letters"] for row in rows)


PLACES = {("CA", 12): "California", ("DC", 0): "District of Columbia", ("WY", 0): "Wyoming"}
EARLY, LATE = datetime(2026, 11, 23, 12, tzinfo=UTC), datetime(2026, 11, 25, 11, tzinfo=UTC)
"""Signed before and after the cutoff of the daily purge of unanswered confirmations."""


SOMEBODY: dict[str, st.SearchStrategy[Any]] = {
    "place": st.sampled_from(sorted(PLACES)), "days": st.integers(0, 6),
    "source": st.sampled_from(["", "mail"]), "language": st.sampled_from(["en", "es"]),
    "template": st.sampled_from(["general", "faith"]),
    "status": st.sampled_from(["counted", "counted", "held", "unconfirmed", "test"]),
    "early": st.booleans(), "vacant": st.booleans(),
}  # fmt: skip


@dataclass
class Entry:
    """The test's own record of one signature."""

    status: Status
    state: str
    day: date
    source: str
    language: str
    template: str
    letters: int
    early: bool
    token: str = ""
    """Of the confirmation email, until it is answered."""
    receipt: str = ""


class Site(RuleBasedStateMachine):
    """Signs, confirms, withdraws, holds, releases, removes and purges at random, keeping its own
    records."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.instance = Path(self.folder.name)
        clock = Clock()
        made = Settings(instance=self.instance, secret_key=SITE_SECRET, person_key=b"p" * 32)
        self.sites = Sites()
        self.app = self.sites.open(made, clock=clock)
        self.app.extensions[EXTENSION] = LOGIN
        with self.app.app_context():
            self.db: sqlite3.Connection = services().db()
        self.browser = Browser(self.app, clock).enter(Office(self.db, clock).add("Boss", "admin"))
        self.books: dict[int, Entry] = {}
        self.made = 0
        self.shown: Counter[str] = Counter()
        """The counts from which the public table by state was last renewed."""

    def teardown(self) -> None:
        try:  # whatever happened, everything agrees at the end
            self.everybody_looks()
        finally:
            self.close()

    def close(self) -> None:
        self.db.close()
        self.sites.close()
        self.folder.cleanup()

    @initialize(people=st.lists(st.fixed_dictionaries(SOMEBODY), min_size=8, max_size=16))
    def begin(self, people: list[dict[str, Any]]) -> None:
        for somebody in people:
            self.sign_as(**somebody)

    @rule(somebody=st.fixed_dictionaries(SOMEBODY))
    def signs(self, somebody: dict[str, Any]) -> None:
        self.sign_as(**somebody)

    def sign_as(
        self, *, place: tuple[str, int], days: int, source: str, language: str, template: str,
        status: Status, early: bool, vacant: bool,
    ) -> None:  # fmt: skip
        self.made += 1
        state, district = place
        day = date(2026, 11, 25 - days)
        letters = letters_of(state, district)
        if vacant:
            letters = (replace(letters[0], bioguide=None), *letters[1:])
        row = signature(
            f"k{self.made}", state=state, district=district, day=day, source=source,
            language=language, template=template, status=status, letters=letters,
            at=EARLY if early else LATE,
            mailbox=f"k{self.made}@example.org" if status == "unconfirmed" else "",
        )  # fmt: skip
        signed = sign(self.db, row, SECRET)
        (number,) = self.db.execute("SELECT max(id) FROM signatures").fetchone()
        written = sum(letter.bioguide is not None for letter in letters)
        self.books[number] = Entry(
            status,
            state,
            day,
            source,
            language,
            template,
            written,
            early,
            signed.confirm,
            signed.receipt,
        )

    @rule(which=st.integers(1, 30))
    def confirms(self, which: int) -> None:
        entry = self.books.get(which)
        if entry and entry.token and entry.status == "unconfirmed":
            assert confirm(self.db, entry.token, at=LATE)
            entry.status, entry.token = "counted", ""

    @rule(which=st.integers(1, 30))
    def withdraws(self, which: int) -> None:
        if entry := self.books.get(which):
            withdraw(self.db, entry.receipt)
            entry.token = ""
            if entry.status != "test":
                entry.status = "withdrawn"

    @rule(which=st.integers(1, 30), status=st.sampled_from(["held", "counted"]))
    def is_held_or_released(self, which: int, status: Status) -> None:
        set_status(self.db, [which], status)
        entry = self.books.get(which)
        if entry and entry.status in ("held", "counted", "unconfirmed"):
            entry.status = status

    @rule(which=st.lists(st.integers(1, 30), max_size=4))
    def is_removed(self, which: list[int]) -> None:
        remove(self.db, which)
        for number in which:
            self.books.pop(number, None)

    @rule()
    def a_day_goes_by_and_the_purge_comes(self) -> None:
        """A signature not confirmed within a day is gone from every count."""
        purged(self.db, EARLY + timedelta(days=2), Policy(), self.instance)
        for number, entry in list(self.books.items()):
            if entry.early and entry.token:
                entry.token = ""
                if entry.status == "unconfirmed":
                    del self.books[number]

    @rule(which=st.integers(1, 30), way=st.sampled_from(["printed", "copied"]))
    def tells_what_was_done(self, which: int, way: State) -> None:
        if entry := self.books.get(which):
            found = receipt(self.db, entry.receipt)
            assert found
            mark(self.db, entry.receipt, found.letters[0].seat, way)

    @rule(query=st.sampled_from(QUERIES), way=st.sampled_from(WAYS))
    def look(self, query: str, way: Callable[[Browser, str], Pair]) -> None:
        assert way(self.browser, query) == self.expected(query), f"{way.__name__} {query}"

    @rule(query=st.sampled_from(QUERIES), by=st.sampled_from(["state", "day", "version"]))
    def look_from_the_command_line(self, query: str, by: str) -> None:
        assert from_command_line(self.instance, query, by) == self.expected(query)

    @rule()
    def the_public_looks(self) -> None:
        for public in PUBLIC:
            assert public(self.browser) == self.expected(""), public.__name__
        for table in (states_at_home, states_in_json):
            assert table(self.browser) == self.expected_states(), table.__name__

    def everybody_looks(self) -> None:
        for query in ("", "state=CA", "status=every&source=mail"):
            found = {way.__name__: way(self.browser, query) for way in WAYS}
            found["command line"] = from_command_line(self.instance, query, "district")
            assert set(found.values()) == {self.expected(query)}, found
        self.the_public_looks()
        assert recount(self.db) == []

    def expected(self, query: str) -> Pair:
        """From the test's own records, without the program."""
        asked = asked_for(query)
        wanted = asked.get("status", "counted")
        return added(
            (1, entry.letters)
            for entry in self.books.values()
            if wanted in (entry.status, "every")
            and asked.get("state", entry.state) == entry.state
            and asked.get("language", entry.language) == entry.language
            and asked.get("letter", entry.template) == entry.template
            and asked.get("source", entry.source or "(none)") == (entry.source or "(none)")
            and asked.get("since", "") <= entry.day.isoformat() <= asked.get("until", "9")
        )

    def expected_states(self) -> dict[str, int]:
        """Steps of five, renewed together once five have been added or removed."""
        now = Counter(e.state for e in self.books.values() if e.status == "counted")
        if sum(abs(now[s] - self.shown[s]) for s in {*now, *self.shown}) >= 5:
            self.shown = now
        names = {state: name for (state, _), name in PLACES.items()}
        return {names[s]: n // 5 * 5 for s, n in self.shown.items() if n >= 5}


class TestAgreement(Site.TestCase):  # type: ignore[misc,valid-type]
    """Failing runs are reported unshrunk, since shrinking one would take minutes."""

    settings = settings(
        max_examples=7, stateful_step_count=20, deadline=None,
        suppress_health_check=list(HealthCheck), derandomize=True, phases=[Phase.generate],
    )  # fmt: skip


def test_the_known_statuses_are_the_expected_six() -> None:
    """The random runs cover every status but ``repeated``, which the signing tests cover."""
    assert set(STATUSES) == {"counted", "held", "unconfirmed", "withdrawn", "repeated", "test"}


@pytest.mark.parametrize("query", ["", "state=DC&language=es"])
def test_an_empty_site_shows_zero_everywhere(query: str) -> None:
    site = Site()
    try:
        assert {way(site.browser, query) for way in WAYS} == {(0, 0)}
        assert {public(site.browser) for public in PUBLIC} == {(0, 0)}
        assert from_command_line(site.instance, query, "state") == (0, 0)
    finally:
        site.close()
