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
    "adopt": (
        "settings_commands:adopt_command",
        "Accept the current database and keys as this site’s own.",
    ),
    "backup": ("backup_commands:backup_group", "Make, list, test and restore copies of the site."),
    "campaign": (
        "campaign_commands:campaign_cli",
        "Manage the site’s campaigns and their lists of cosponsors.",
    ),
    "congress": (
        "congress:congress_cli",
        "Look up who represents an address; build and refresh the tables.",
    ),
    "demo": ("demo:demo_command", "Fill this site with invented people, to try it out."),
    "doctor": ("doctor:doctor_command", "Check that this site is sound, current and safe."),
    "keys": ("key_commands:keys_group", "Manage the keys that residents’ details are sealed to."),
    "letters": (
        "letter_commands:letters_cli",
        "Check, export, print and deliver a campaign’s letters.",
    ),
    "mail": ("delivery:mail_group", "Show the state of outgoing mail, or send a test."),
    "organizers": (
        "organizer_commands:organizers_cli",
        "Add organizers, reset or disable their accounts.",
    ),
    "settings": ("settings_commands:settings_command", "Show every setting and its value."),
    "signatures": ("signatures:signatures", "Count, export, import and purge signatures."),
    "upgrade": ("backup_commands:upgrade_command", "Upgrade the database to this version."),
    "worker": ("worker:worker_command", "Send queued email."),
}
LAZY_SUBCOMMANDS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "letters": {
        "blank": ("printing:blank_command", "Make blank letters to sign on paper."),
        "deliver": ("delivery:deliver_command", "Deliver messages to the offices’ own systems."),
        "labels": ("printing:labels_command", "Make address labels for the offices."),
        "note": ("delivery:note_command", "Record the responses of the offices’ systems."),
        "packets": (
            "packet_commands:packets_command",
            "Make packets of letters to deliver by hand.",
        ),
        "poster": ("printing:poster_command", "Make a poster with a QR code."),
        "signup": ("printing:signup_command", "Make a paper sign-up sheet."),
        "xml": ("delivery:xml_command", "Write letters in the offices’ own format."),
    },
    "signatures": {
        "attest": ("attest:attest_command", "Publish a signed statement of the count."),
        "contacts": (
            "key_commands:contacts_command",
            "Export the people who may be contacted, for other tools.",
        ),
        "import": ("paper_commands:import_command", "Count the paper signatures in a spreadsheet."),
        "open": ("key_commands:open_command", "Open an export of sealed details."),
        "sheets": ("printing:sheets_command", "Make one PDF with a page for each office."),
        "undo-import": ("paper_commands:undo_command", "Undo a whole import."),
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
        """Import and return the command; a group gets its sentence and lazy subcommands here."""
        module, _, attribute = self._place.partition(":")
        found: click.Command = getattr(import_module(f"app.cli.{module}"), attribute)
        if isinstance(found, click.Group):
            found.help = found.help or self.short_help
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
