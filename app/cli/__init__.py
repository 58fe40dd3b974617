"""The ``flask`` commands. A command's module is imported when the command runs, not before.

A new command is one line in the table below.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click
from flask import Flask

COMMANDS: Mapping[str, tuple[str, str]] = {
    "adopt": ("settings_commands:adopt_command", "Take a database and keys for this site’s own."),
    "backup": ("backup_commands:backup_group", "Copies of the site: take, look at, put back."),
    "campaign": (
        "campaign_commands:campaign_cli",
        "The site’s campaigns, and who backs their bills.",
    ),
    "congress": ("congress:congress_cli", "Who represents whom: the tables and the lookup."),
    "demo": ("demo:demo_command", "Fill this site with invented people, to look around."),
    "doctor": ("doctor:doctor_command", "Check that this site is sound, current and safe."),
    "keys": ("key_commands:keys_group", "The key pair that details are sealed with."),
    "letters": (
        "letter_commands:letters_cli",
        "The letters of a campaign: read, check, hand over.",
    ),
    "mail": ("delivery:mail_group", "The site’s own mail: its state, and a test."),
    "organizers": ("organizer_commands:organizers_cli", "Add organizers, give them new links."),
    "settings": ("settings_commands:settings_command", "Show every setting and its value."),
    "signatures": ("signatures:signatures", "Count, export, open and purge what people signed."),
    "upgrade": ("backup_commands:upgrade_command", "Bring the database up to this version."),
    "worker": ("worker:worker_command", "Send waiting email."),
}
LAZY_SUBCOMMANDS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "letters": {
        "blank": ("printing:blank_command", "Blank letters to sign on paper."),
        "deliver": ("delivery:deliver_command", "Hand messages to the offices’ own systems."),
        "labels": ("printing:labels_command", "Address labels of the offices."),
        "note": ("delivery:note_command", "Note the answers of the offices’ systems."),
        "packets": (
            "packet_commands:packets_command",
            "Make each office’s letters to bring by hand.",
        ),
        "poster": ("printing:poster_command", "A poster with a code to scan."),
        "signup": ("printing:signup_command", "A sheet on which people sign up."),
        "xml": ("delivery:xml_command", "Write letters in the offices’ own format."),
    },
    "signatures": {
        "attest": ("attest:attest_command", "State the count, signed, and publish it."),
        "contacts": (
            "key_commands:contacts_command",
            "People who may be contacted, for other tools.",
        ),
        "import": ("paper_commands:import_command", "Count the paper signatures in a sheet."),
        "open": ("key_commands:open_command", "Open a file of sealed details."),
        "sheets": ("printing:sheets_command", "A page for each office, as one PDF."),
        "undo-import": ("paper_commands:undo_command", "Undo an import as a whole."),
        "verify": ("attest:verify_command", "Check a statement of the count."),
    },
}
"""By group, the commands defined in other modules than the group."""


class LazyCommand(click.Command):
    """A placeholder with a name and a sentence that imports the real command on use."""

    def __init__(self, name: str, place: str, sentence: str) -> None:
        super().__init__(name, short_help=sentence)
        self._place = place

    def load(self) -> click.Command:
        """Import and return the command."""
        module, _, attribute = self._place.partition(":")
        found: click.Command = getattr(import_module(f"app.cli.{module}"), attribute)
        if isinstance(found, click.Group):
            _add(found, LAZY_SUBCOMMANDS.get(str(self.name), {}))
        return found

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        return self.load().make_context(info_name, args, parent, **extra)


def _add(group: click.Group, table: Mapping[str, tuple[str, str]]) -> None:
    for name, (place, sentence) in table.items():
        group.add_command(LazyCommand(name, place, sentence))


def add_commands(app: Flask) -> None:
    """Add every command to an application."""
    _add(app.cli, COMMANDS)


def command_app() -> Flask:
    """An application with the commands and no pages; it loads nothing of a site."""
    app = Flask("app.cli", static_folder=None)
    add_commands(app)
    return app
