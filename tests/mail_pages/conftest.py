"""Sites whose mail is written to files, or goes to a real mail server that can misbehave."""

from __future__ import annotations

import email
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email import policy
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from app.delivery.post import PostOffice
from app.delivery.queue import Worker
from app.records.database import local_database
from app.site.outgoing import post_of
from app.site.settings import Settings
from tests.delivery.mail_server import MailServer, running
from tests.sites import Sites
from tests.web.lint import Client, Html
from tests.web.resident import PERSON, Form, Resident

GLOUCESTER = ("01930",)


@dataclass
class Site:
    """A site with a resident who goes to the page with the letters and asks for mail."""

    settings: Settings
    resident: Resident
    ahead: timedelta = field(default_factory=timedelta)

    @property
    def client(self) -> Client:
        return self.resident.client

    @property
    def post(self) -> PostOffice:
        post = post_of(self.settings)
        assert post is not None
        return post

    def signed(self, **changes: str) -> Html:
        return self.resident.signed(*GLOUCESTER, **changes)

    def ask(self, taken: Html, address: str, status: int = 200, **more: str) -> Html:
        form: Form = {**taken.form("/copy"), "copy_to": [address]}
        form |= {name: [value] for name, value in more.items()}
        return self.client.post(self.resident.url("/copy"), form, status)

    def work(self, ahead: timedelta = timedelta()) -> None:
        """Run the worker on everything that is due, now or after a delay."""
        self.ahead += ahead
        office = PostOffice(
            self.settings.database, self.post.settings, self.settings.secret_key,
            clock=lambda: datetime.now(UTC) + self.ahead,
        )  # fmt: skip
        worker = Worker(office.outbound, (office,), office.clock)
        worker.sweep()
        worker.work()

    def files(self, kind: str = "") -> list[EmailMessage]:
        """The messages written to files, oldest first."""
        paths = sorted((self.settings.instance / "outbox").glob(f"*-{kind}*.eml"))
        return [parse(path.read_bytes()) for path in paths]

    def link(self, message: EmailMessage) -> str:
        """The path of the only link in a message."""
        found = re.findall(r"http://localhost:8000(/\S+)", text_of(message))
        assert len(found) == 1
        return str(found[0])

    def states(self, taken: Html) -> str:
        """The words of the receipt that belongs to the page with the letters."""
        return self.client.get(self.resident.receipt_path(taken)).words


def parse(raw: bytes) -> EmailMessage:
    message = email.message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def text_of(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


Make = Callable[..., Site]


@pytest.fixture
def make(tmp_path: Path, sites: Sites) -> Iterator[Make]:
    """Makes sites whose mail goes to ``server``, or to files if there is none."""
    made: list[Settings] = []

    def build(server: MailServer | None = None, lang: str = "en", **changes: object) -> Site:
        settings = Settings(
            instance=tmp_path, secret_key=b"s" * 32, person_key=b"p" * 32, limits=False,
            form_seconds=0, geocoder_url="http://127.0.0.1:9/nothing", today="2026-11-25",
        )  # fmt: skip
        if server is not None:
            settings = replace(
                settings, mail_server="127.0.0.1", mail_port=server.port, mail_tls="none",
                mail_from="letters@campaign.example", mail_timeout=30.0, mail_data_timeout=30.0,
            )  # fmt: skip
        settings = replace(settings, **changes)  # type: ignore[arg-type]
        app = sites.open(settings)
        app.testing = True
        if settings.site_url:
            app.config["SERVER_NAME"] = urlsplit(settings.site_url).netloc
        made.append(settings)
        return Site(settings, Resident(Client(app.test_client()), lang, dict(PERSON)))

    yield build
    for settings in made:
        local_database(settings.database).close()


@pytest.fixture
def server() -> Iterator[MailServer]:
    with running() as state:
        yield state


@pytest.fixture(params=["en", "es"])
def site(request: pytest.FixtureRequest, make: Make) -> Site:
    """A site that writes mail to files, as before it is configured, in both languages."""
    return make(lang=request.param)
