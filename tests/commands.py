"""Runs commands in this process, in the same application as the ``flask`` program."""

from __future__ import annotations

from click.testing import Result
from flask import Flask

from app.cli import command_app
from app.site.services import EXTENSION


def flask(
    command: str, *arguments: object, answer: str | None = None, site: Flask | None = None
) -> Result:
    """Run ``flask COMMAND ARGUMENTS`` with ``answer`` as standard input, on the site of the
    environment or of a test's application, with its clock.

    As with the real program, the command runs in the context of an application that has commands
    and no pages: a command that works only with pages, or outside a context, fails here too.
    """
    app, words = command_app(), [*command.split(), *map(str, arguments)]
    if site:
        app.extensions[EXTENSION] = site.extensions[EXTENSION]
    with app.app_context():
        return app.test_cli_runner().invoke(args=words, input=answer)
