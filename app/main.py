"""The whole program: the site with its pages and its commands. The one file that knows both.

``python -m app.main`` serves it together with the mail worker, for a laptop or a small machine
without a service manager. ``--no-mail`` leaves the mail worker out.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import click
from flask import Flask

from app import web
from app.cli import add_commands
from app.congress.model import TablesError
from app.congress.tables import load_tables
from app.errors import ExplainedError
from app.files import why_unusable
from app.records.database import local_database
from app.records.health import check_site
from app.records.keys import first_key
from app.records.running import serve_from
from app.site.backups import litestream, stream
from app.site.daily import start_daily_jobs
from app.site.live import live_campaign
from app.site.server import listen, serve
from app.site.services import moment_of_site
from app.site.settings import Settings, load_settings
from app.site.watching import begin_counting, serve_numbers

__all__ = ["add_commands", "create_app", "main"]

MAIL_WORKER = (sys.executable, "-m", "flask", "--app", "wsgi", "worker", "--tied")


def create_app(settings: Settings | None = None, **overrides: Any) -> Flask:
    """The Flask application with pages and commands, ready to serve; see ``web.create_app``."""
    app = web.create_app(settings, **overrides)
    add_commands(app)
    return app


def _read_ahead(app: Flask, settings: Settings) -> None:
    """Load what nearly every page needs before the fork, so that it is in memory once and no
    request waits for it. Organizer pages are compiled on first use."""
    with suppress(TablesError):  # the pages that need the tables report it
        load_tables(settings.instance, moment_of_site(settings))
    pages = app.jinja_env
    for name in pages.list_templates(filter_func=lambda name: not name.startswith("organizer/")):
        pages.get_template(name)


def main(arguments: list[str]) -> int:
    """Serve until Ctrl-C or SIGTERM. If the site cannot start, say why in a sentence."""
    try:
        settings = load_settings()
        check_site(settings.database, settings.own_keys)
        serve_from(settings.database)
        if settings.stream_to:
            litestream(settings, "replicate")  # report now what would fail later
        sockets = listen(settings.host, settings.port)
        if settings.metrics:
            begin_counting(settings)
        app = create_app(settings)
        if not (settings.letters / settings.campaign).is_dir():
            live_campaign(settings, settings.campaign)  # raises if it is not in the database either
            local_database(settings.database).close()  # must not be open across the fork
        _read_ahead(app, settings)
        first_key(settings.keys, today=datetime.now(UTC).date())
    except (ExplainedError, OSError) as error:
        why = why_unusable(error) if isinstance(error, OSError) else error
        click.echo(f"The site cannot start.\n{why}", err=True)
        return 1
    here = settings.host in ("127.0.0.1", "::1", "localhost")
    host = "localhost" if here else f"[{settings.host}]" if ":" in settings.host else settings.host
    click.echo(f"Dear Congress: http://{host}:{settings.port}/  (Ctrl-C stops it)")
    serve(
        app,
        sockets,
        settings.workers,
        at_start=lambda: start_daily_jobs(settings),
        mail=() if "--no-mail" in arguments else MAIL_WORKER,
        metrics=(lambda: serve_numbers(settings)) if settings.metrics else None,
        stream=(lambda: stream(settings, tied=True)) if settings.stream_to else None,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
