"""Applications for tests. Making one costs half a second; opening it for a site costs nothing."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from flask import Flask

from app.campaign.entities import Campaign
from app.campaign.load import read_campaign
from app.main import add_commands
from app.site import live
from app.site.settings import Settings
from app.web import open_site, unopened_site


@lru_cache(16)
def _campaign(slug: str, files: tuple[tuple[str, str], ...]) -> Campaign:
    return read_campaign(slug, dict(files))


def _read_once(slug: str, files: Mapping[str, str]) -> Campaign:
    """Cache campaigns by their files: nearly every test uses the shipped one."""
    return _campaign(slug, tuple(sorted(files.items())))


live.read_campaign = _read_once  # type: ignore[attr-defined]

_free: list[tuple[Flask, dict[str, Any]]] = []
"""Free applications, each with its original extensions, which tests replace."""


class Sites:
    """Lends applications to a test; later tests reuse them."""

    def __init__(self) -> None:
        self._lent: list[tuple[Flask, dict[str, Any]]] = []

    def open(self, settings: Settings, **overrides: Any) -> Flask:
        """An application that serves a site with these settings."""
        if not _free:
            made = unopened_site()
            add_commands(made)
            _free.append((made, dict(made.extensions)))
        app, extensions = _free.pop()
        self._lent.append((app, extensions))
        app.extensions.clear()
        app.extensions.update(extensions)
        app.config["SERVER_NAME"] = None
        app.testing = False
        app.test_client_class = None
        open_site(app, settings, **overrides)
        return app

    def close(self) -> None:
        """Return the applications."""
        _free.extend(self._lent)
        self._lent.clear()
