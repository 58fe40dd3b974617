"""Flask's session, taken away: no page can keep anything in a cookie that Flask signs.

Residents have no cookie at all, and organizers' sessions lie in the database.
"""

from __future__ import annotations

from flask import Flask, Request, Response
from flask.sessions import NullSession, SessionInterface, SessionMixin


class NoSession(SessionInterface):
    """Reads no cookie and writes none. Using ``flask.session`` fails with Flask's own words."""

    def open_session(self, _app: Flask, _request: Request) -> SessionMixin | None:
        return NullSession()

    def save_session(self, _app: Flask, _session: SessionMixin, _response: Response) -> None:
        """Nothing to save."""
