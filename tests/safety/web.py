"""Sites for tests over HTTP, with real limits and time checks unless turned off."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.records import limiting
from app.records.database import local_database
from app.records.keys import first_key, unlock
from app.records.sealing import unpack, unseal
from app.site.settings import Settings
from tests.sites import Sites
from tests.web.conftest import Clock
from tests.web.lint import Client, Html
from tests.web.resident import Form, Resident

from .people import TODAY

PLACE = ("01930", "MA")


class Site:
    """One site with its clock and a resident in it."""

    def __init__(self, folder: Path, **changes: Any) -> None:
        values: dict[str, Any] = {
            "secret_key": b"s" * 32, "person_key": b"p" * 32, "street_lookup": False, **changes,
        }  # fmt: skip
        self.settings = Settings(instance=folder, **values)
        self.clock = Clock()
        self._sites = Sites()
        self.app: Flask = self._sites.open(self.settings, clock=self.clock)
        self.app.testing = True
        self.client = Client(self.app.test_client())
        self.db = local_database(self.settings.database)

    def release_app(self) -> None:
        """Return the application for other tests to use."""
        self._sites.close()

    def restart(self) -> None:
        """Restart: another application on the same folder."""
        self.release_app()
        self._sites = Sites()
        self.app = self._sites.open(self.settings, clock=self.clock)
        self.app.testing = True
        self.client = Client(self.app.test_client())

    def resident(self, lang: str = "en") -> Resident:
        return Resident(self.client, lang)

    def review(self, lang: str = "en", wait: float = 60, **changes: Any) -> Html:
        """The review page of a person who took ``wait`` seconds to reach its button."""
        page = self.resident(lang).reviewing(*PLACE, **changes)
        self.clock.forward(seconds=wait)
        return page

    def form(self, lang: str = "en", wait: float = 60, **changes: Any) -> Form:
        return self.review(lang, wait, **changes).form()

    def form_at(self, base: str) -> Form:
        """The same on a site that answers to only one host name."""
        self.client.flask.application.test_client_class = _at(base)
        self.client = Client(self.app.test_client())
        return self.form()

    def sign(self, form: Form, status: int = 200, lang: str = "en") -> Html:
        return self.resident(lang).sign(form, status)

    def statuses(self) -> list[str]:
        return [row[0] for row in self.db.execute("SELECT status FROM signatures ORDER BY id")]

    def sealed(self) -> dict[str, dict[str, Any]]:
        """Sealed details opened with the site's first key, by purpose."""
        keys = self.settings.keys
        key = first_key(keys, today=TODAY)
        passphrase = (keys / f"{key.id}.passphrase").read_text().strip()
        opened = unlock(keys / f"{key.id}.private.json", passphrase)
        rows = self.db.execute("SELECT signature, purpose, box FROM sealed").fetchall()
        return {
            purpose: unpack(unseal(opened, box), number, purpose) for number, purpose, box in rows
        }


def _at(base: str) -> type[FlaskClient]:
    class At(FlaskClient):
        def open(self, *args: Any, **kwargs: Any) -> Any:
            return super().open(*args, **{"base_url": base, **kwargs})

    return At


@contextmanager
def site(folder: Path, **changes: Any) -> Iterator[Site]:
    """A site with limits on its own clock: on the real one, a window could end at any time."""
    made = Site(folder, **changes)
    clock = SimpleNamespace(time=lambda: made.clock().timestamp(), monotonic=time.monotonic)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limiting, "time", clock)
        try:
            yield made
        finally:
            made.db.close()
            made.release_app()
