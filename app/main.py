"""The whole program: the site with its pages and its commands."""

from __future__ import annotations

from typing import Any

from flask import Flask

from app import web
from app.site.settings import Settings


def create_app(settings: Settings | None = None, **overrides: Any) -> Flask:
    """The Flask application with pages and commands, ready to serve; see ``web.create_app``."""
    app = web.create_app(settings, **overrides)
    _add_commands(app)
    return app


def _add_commands(app: Flask) -> None:
    """The ``flask`` commands."""
    from app.cli.card import card_command
    from app.cli.congress import congress_cli
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
    for group in (congress_cli, letters_cli, signatures):
        app.cli.add_command(group)
    app.cli.add_command(organizers_cli)
    app.cli.add_command(keys_group)
    app.cli.add_command(doctor_command)
    app.cli.add_command(mail_group)
    app.cli.add_command(worker_command)
