"""Every place that shows a number shows the same one, whatever happened to the signatures."""

from __future__ import annotations

import csv
import io
import json
import re
import sqlite3
import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import openpyxl  # type: ignore[import-untyped]
import pytest
from click.testing import CliRunner
from flask import Flask
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from app.cli.signatures import signatures as command
from app.records import (
    STATUSES,
    Signed,
    Status,
    mark,
    receipt,
    recount,
    remove,
    set_status,
    sign,
    withdraw,
)  # fmt: skip
from app.settings import Settings
from app.web import create_app
from app.web.organizer.gate import EXTENSION
from app.web.services import services
from tests.organizers.browser import Browser
from tests.organizers.conftest import DOOR, Clock, Office
from tests.organizers.conftest import SECRET as SITE_SECRET
from tests.records.build import SECRET, signature

QUERIES = (
    "", "status=held", "status=withdrawn", "status=every", "state=CA", "state=DC&language=es",
    "since=2026-11-20", "until=2026-11-22&source=(none)", "letter=faith&status=every",
)  # fmt: skip
OPTIONS = {
    "status=held": ["--status", "held"], "status=withdrawn": ["--status", "withdrawn"],
    "status=every": ["--status", "every"], "state=CA": ["--state", "CA"],
    "since=2026-11-20": ["--since", "2026-11-20"], "": [],
}  # fmt: skip
"""The same filters on the command line, where it has them."""

Pair = tuple[int, int]
"""People and letters."""


def from_dashboard(browser: Browser, query: str) -> Pair:
    text = browser.client.get(f"/organize/counts?{query}").text
    first, second = re.findall(r'<dd class="big">([\d,]+)</dd>', text)[:2]
    return int(first.replace(",", "")), int(second.replace(",", ""))


def from_table(browser: Browser, query: str) -> Pair:
    """The days of the dashboard's table, added up."""
    text = browser.client.get(f"/organize/counts?{query}").text
    rows = re.findall(
        r"</time></th><td class=\"number\">([\d,]+)</td><td class=\"number\">([\d,]+)", text
    )
    return sum(int(a.replace(",", "")) for a, _ in rows), sum(
        int(b.replace(",", "")) for _, b in rows
    )


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
    """One row per signature, and one per letter to somebody, counted by hand."""

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


def from_json(browser: Browser, query: str) -> Pair:
    about = json.loads(taken(browser, f"by=template&format=json&{query}"))["about"]
    return about["total signatures"], about["total letters"]


WAYS: tuple[Callable[[Browser, str], Pair], ...] = (
    from_dashboard, from_table, from_csv, from_rows, from_xlsx, from_json,
)  # fmt: skip


def from_home(browser: Browser) -> Pair:
    text = browser.client.get("/").text
    first, second = re.findall(r'<dd class="big">([\d,]+)</dd>', text)[:2]
    return int(first.replace(",", "")), int(second.replace(",", ""))


def from_command_line(instance: Path, options: list[str]) -> Pair:
    made = CliRunner(env={"DEAR_CONGRESS_INSTANCE": str(instance)}).invoke(
        command, ["count", "--by", "state", "--format", "json", *options]
    )
    assert made.exit_code == 0, made.output
    rows = json.loads(made.stdout)["rows"]
    return sum(row["signatures"] for row in rows), sum(row["letters"] for row in rows)


class Site(RuleBasedStateMachine):
    """Signs, withdraws, holds, releases and purges at random, and keeps books of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.instance = Path(self.folder.name)
        clock = Clock()
        made = Settings(instance=self.instance, secret_key=SITE_SECRET, person_key=b"p" * 32)
        self.app: Flask = create_app(made, clock=clock)
        self.app.extensions[EXTENSION] = DOOR
        with self.app.app_context():
            self.db: sqlite3.Connection = services().db()
        self.browser = Browser(self.app, clock).log_in(Office(self.db, clock).add("Boss", "admin"))
        self.books: dict[int, tuple[Status, str, date, str, str, str, int]] = {}
        self.receipts: dict[int, Signed] = {}

    def teardown(self) -> None:
        self.db.close()
        self.folder.cleanup()

    @initialize(count=st.integers(0, 6))
    def begin(self, count: int) -> None:
        for number in range(count):
            self.somebody_signs(
                state="CA", district=12, days=number % 3, source="", language="en",
                template="general", status="counted",
            )  # fmt: skip

    @rule(
        place=st.sampled_from([("CA", 12), ("DC", 0), ("WY", 0)]), days=st.integers(0, 6),
        source=st.sampled_from(["", "mail"]), language=st.sampled_from(["en", "es"]),
        template=st.sampled_from(["general", "faith"]),
        status=st.sampled_from(["counted", "counted", "held", "unconfirmed", "test"]),
    )  # fmt: skip
    def signs(
        self, *, place: tuple[str, int], days: int, source: str, language: str, template: str,
        status: Status,
    ) -> None:  # fmt: skip
        self.somebody_signs(
            state=place[0], district=place[1], days=days, source=source, language=language,
            template=template, status=status,
        )  # fmt: skip

    def somebody_signs(
        self, *, state: str, district: int, days: int, source: str, language: str, template: str,
        status: Status,
    ) -> None:  # fmt: skip
        key = f"k{len(self.receipts)}"
        day = date(2026, 11, 25 - days)
        row = signature(key, state=state, district=district, day=day, source=source,
                        language=language, template=template, status=status)  # fmt: skip
        number = len(self.receipts) + 1
        self.receipts[number] = sign(self.db, row, SECRET)
        letters = sum(letter.bioguide is not None for letter in row.letters)
        self.books[number] = (status, state, day, source, language, template, letters)

    @rule(which=st.integers(0, 30))
    def withdraws(self, which: int) -> None:
        if which in self.books:
            withdraw(self.db, self.receipts[which].receipt)
            if self.books[which][0] != "test":
                self.books[which] = ("withdrawn", *self.books[which][1:])

    @rule(which=st.integers(0, 30), status=st.sampled_from(["held", "counted", "unconfirmed"]))
    def is_held_or_released(self, which: int, status: Status) -> None:
        set_status(self.db, [which], status)
        if which in self.books and self.books[which][0] in ("held", "counted", "unconfirmed"):
            self.books[which] = (status, *self.books[which][1:])

    @rule(which=st.lists(st.integers(0, 30), max_size=4))
    def is_purged(self, which: list[int]) -> None:
        # The last number stays: SQLite would give a removed last number to the next row.
        gone = [number for number in set(which) if number < len(self.receipts)]
        remove(self.db, gone)
        for number in gone:
            self.books.pop(number, None)

    @rule(which=st.integers(1, 30))
    def tells_what_was_done(self, which: int) -> None:
        if which in self.books:
            found = receipt(self.db, self.receipts[which].receipt)
            assert found
            mark(self.db, self.receipts[which].receipt, found.letters[0].seat, "printed")

    @rule(query=st.sampled_from(QUERIES), way=st.sampled_from(WAYS))
    def look(self, query: str, way: Callable[[Browser, str], Pair]) -> None:
        assert way(self.browser, query) == self.expected(query), f"{way.__name__} {query}"

    @rule(query=st.sampled_from(sorted(OPTIONS)))
    def look_from_the_command_line(self, query: str) -> None:
        assert from_command_line(self.instance, OPTIONS[query]) == self.expected(query)

    @rule()
    def everybody_looks(self) -> None:
        for query in ("", "state=CA", "status=every"):
            wanted = self.expected(query)
            assert {way(self.browser, query) for way in WAYS} == {wanted}
        assert from_home(self.browser) == self.expected("")
        assert recount(self.db) == []

    def expected(self, query: str) -> Pair:
        """From the books, without the program."""
        asked = dict(part.split("=") for part in query.split("&") if part)
        people = letters = 0
        for status, state, day, source, language, template, count in self.books.values():
            wanted = asked.get("status", "counted")
            fits = (
                wanted in (status, "every")
                and asked.get("state", state) == state
                and asked.get("language", language) == language
                and asked.get("letter", template) == template
                and asked.get("source", source or "(none)") == (source or "(none)")
                and asked.get("since", "") <= day.isoformat() <= asked.get("until", "9")
            )
            people += fits
            letters += count * fits
        return people, letters


class TestAgreement(Site.TestCase):  # type: ignore[misc,valid-type]
    """Found examples shrink to the shortest story."""

    settings = settings(
        max_examples=12, stateful_step_count=12, deadline=None,
        suppress_health_check=list(HealthCheck), derandomize=True,
    )  # fmt: skip


def test_the_books_know_every_status() -> None:
    """The random story covers all standings but repeated, which the signing tests cover."""
    assert set(STATUSES) == {"counted", "held", "unconfirmed", "withdrawn", "repeated", "test"}


@pytest.mark.parametrize("query", QUERIES)
def test_an_empty_site_agrees_on_nothing(query: str) -> None:
    site = Site()
    try:
        assert {way(site.browser, query) for way in WAYS} == {(0, 0)}
    finally:
        site.teardown()
