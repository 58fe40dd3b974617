"""Sites that can deliver letters to the offices' own systems, played by a local server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from app.cwc.office_post import OfficePost
from app.delivery.queue import Worker
from app.records.acts import Receipt
from app.records.database import local_database
from app.records.signing import receipt
from app.site.outgoing import office_post
from app.site.settings import Settings
from tests.delivery.cwc_server import CwcServer, running
from tests.sites import Sites
from tests.web.lint import Client, Html
from tests.web.resident import PERSON, Form, Resident, form_with

GLOUCESTER = ("01930",)
NOON = datetime(2026, 11, 25, 17, 0, tzinfo=UTC)
"""A Wednesday, noon in Washington: no system is down for maintenance."""
NEEDED = {"d_prefix": "Ms.", "d_email": "siobhan@example.org", "d_phone": ""}
"""The details that these tests' person leaves out when they sign."""


@dataclass
class Clock:
    """A clock that a test advances."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **ahead: float) -> None:
        self.now += timedelta(**ahead)


@dataclass
class Site:
    """One site with one resident, who goes to the page with the letters and on from there."""

    settings: Settings
    resident: Resident
    server: CwcServer
    clock: Clock

    @property
    def client(self) -> Client:
        return self.resident.client

    def signed(self, *place: Any, **changes: Any) -> Html:
        return self.resident.signed(*(place or GLOUCESTER), **changes)

    def press(self, page: Html, status: int = 200, **button: str) -> Html:
        """Press the button with this name and value, and follow a 307 as a browser does."""
        return self.send(*form_with(page, **button), status)

    def send(self, path: str, form: Form, status: int = 200) -> Html:
        answer = self.client.flask.post(path, data=form)
        if answer.status_code == 307:
            path = answer.headers["Location"]
        return self.client.post(path, form, status)

    def look(self, taken: Html, only: str = "") -> Html:
        """The page that the button on the page with the letters opens."""
        path = self.resident.url("/deliver")
        return self.send(path, {**taken.form(self.resident.url("/keep")), "only": [only]})

    def fill(self, ask: Html, status: int = 200, **typed: str) -> Html:
        """Fill in what is asked and continue."""
        path, form = form_with(ask, step="filled")
        for name, value in {**NEEDED, **typed}.items():
            if name in form or name in typed:
                form[name] = [value]
        return self.send(path, form, status)

    def queued(self, only: str = "", **changes: Any) -> Html:
        """Go all the way to the page that says the letters are queued."""
        check = self.fill(self.look(self.signed(**changes), only))
        return self.press(check, step="go")

    def office(self, **changes: Any) -> OfficePost:
        """A worker's own channel to the systems."""
        made = office_post(replace(self.settings, **changes), clock=self.clock)
        assert made is not None
        return made

    def work(self, **ahead: float) -> None:
        """Let the worker try everything due, now or later."""
        self.clock.forward(**ahead)
        office = self.office()
        worker = Worker(office.outbound, (office,), self.clock)
        worker.sweep()
        worker.work()

    def path(self, taken: Html) -> str:
        return self.resident.receipt_path(taken)

    def kept(self, taken: Html) -> Receipt:
        return self.kept_at(self.path(taken))

    def kept_at(self, path: str) -> Receipt:
        """The stored receipt at this path."""
        found = receipt(local_database(self.settings.database), path.rpartition("/")[2])
        assert found is not None
        return found

    def states(self, taken: Html) -> dict[str, str]:
        return {row.seat: row.state for row in self.kept(taken).letters}


def messages(site: Site) -> dict[str, etree._Element]:
    """The messages that the systems have, by office."""
    roots = [etree.fromstring(xml) for xml in site.server.taken.values()]
    return {root.findtext(".//MemberOffice") or "": root for root in roots}


def fields(page: Html) -> set[str]:
    """What the page asks about the writer."""
    return {str(e.get("name")) for e in page.all("input", "select")
            if str(e.get("name")).startswith("d_") and e.get("type") != "hidden"}  # fmt: skip


def bodies(site: Site) -> list[bytes]:
    """What is left of the queue's letters."""
    db = local_database(site.settings.database)
    return [body for (body,) in db.execute("SELECT payload FROM outbound")]


Make = Callable[..., Site]


@pytest.fixture
def server() -> Iterator[CwcServer]:
    with running() as found:
        found.offices = ["SMA01", "SMA02"]
        yield found


@pytest.fixture
def make(tmp_path: Path, server: CwcServer, sites: Sites) -> Iterator[Make]:
    made: list[Settings] = []

    def build(lang: str = "en", **changes: Any) -> Site:
        settings = Settings(
            instance=tmp_path, secret_key=b"s" * 32, person_key=b"p" * 32, limits=False,
            form_seconds=0, geocoder_url="http://127.0.0.1:9/nothing",
            cwc_mode="production", cwc_house_key=server.key, cwc_senate_key=server.key,
            cwc_house_url=server.url, cwc_senate_url=server.url, cwc_agent="Example Letters, Inc.",
            cwc_ack_email="cwc@letters.example", cwc_contact_name="Robin Example",
            cwc_contact_email="robin@letters.example", cwc_contact_phone="202-555-0147",
        )  # fmt: skip
        settings = replace(settings, **changes)
        clock = Clock()
        app = sites.open(settings, clock=clock)
        app.testing = True
        made.append(settings)
        return Site(
            settings, Resident(Client(app.test_client()), lang, dict(PERSON)), server, clock
        )

    yield build
    for settings in made:
        local_database(settings.database).close()


@pytest.fixture(params=["en", "es"])
def site(request: pytest.FixtureRequest, make: Make) -> Site:
    """In both languages."""
    return make(lang=request.param)
