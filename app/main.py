"""The whole program: the site with its pages and its commands. The one file that knows both.

``python -m app.main`` serves it, with the mail worker beside it: for a laptop and a small
machine, where nothing else watches over them. ``--no-mail`` leaves the mail worker out.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Any

import click
from flask import Flask

from app import web
from app.campaign import CampaignError
from app.congress import TablesError
from app.records import NotStoredError
from app.records.keys import KeyFolderError, first_key
from app.site.daily import start_purging
from app.site.server import listen, serve
from app.site.services import check_itself
from app.site.settings import Settings, SettingsError, load_settings

MAIL_WORKER = (sys.executable, "-m", "flask", "--app", "wsgi", "worker", "--tied")


def create_app(settings: Settings | None = None, **overrides: Any) -> Flask:
    """The Flask application with pages and commands, ready to serve; see ``web.create_app``."""
    app = web.create_app(settings, **overrides)
    add_commands(app)
    return app


def add_commands(app: Flask) -> None:
    """The ``flask`` commands."""
    from app.cli.card import card_command
    from app.cli.congress import congress_cli
    from app.cli.cosponsors import campaign_cli
    from app.cli.delivery import (
        deliver_command,
        mail_group,
        note_command,
        worker_command,
        xml_command,
    )
    from app.cli.doctor import doctor_command
    from app.cli.letter_files import export_command, import_command
    from app.cli.letters import letters_cli
    from app.cli.organizers import organizers_cli
    from app.cli.packets import packets_command
    from app.cli.paper_sheets import blank_command, labels_command, poster_command, signup_command
    from app.cli.sealed import keys_group
    from app.cli.signatures import signatures

    letters_cli.add_command(xml_command)
    letters_cli.add_command(deliver_command)
    letters_cli.add_command(note_command)
    letters_cli.add_command(card_command)
    letters_cli.add_command(export_command)
    letters_cli.add_command(import_command)
    letters_cli.add_command(packets_command)
    letters_cli.add_command(labels_command)
    letters_cli.add_command(poster_command)
    letters_cli.add_command(signup_command)
    letters_cli.add_command(blank_command)
    for group in (congress_cli, letters_cli, campaign_cli, signatures):
        app.cli.add_command(group)
    app.cli.add_command(organizers_cli)
    app.cli.add_command(keys_group)
    app.cli.add_command(doctor_command)
    app.cli.add_command(mail_group)
    app.cli.add_command(worker_command)


def main(arguments: list[str]) -> int:
    """Serve until Ctrl-C or SIGTERM. What cannot be served is said in a sentence."""
    try:
        settings = load_settings()
        check_itself(settings)
        sockets = listen(settings.host, settings.port)
        app = create_app(settings)
        first_key(settings.keys, today=datetime.now(UTC).date())
    except (SettingsError, CampaignError, TablesError, NotStoredError, KeyFolderError) as error:
        click.echo(f"The site cannot start.\n{error}", err=True)
        return 1
    here = settings.host in ("127.0.0.1", "::1", "localhost")
    host = "localhost" if here else f"[{settings.host}]" if ":" in settings.host else settings.host
    click.echo(f"Dear Congress: http://{host}:{settings.port}/  (Ctrl-C stops it)")
    serve(
        app,
        sockets,
        settings.workers,
        at_start=lambda: start_purging(settings),
        mail=() if "--no-mail" in arguments else MAIL_WORKER,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
