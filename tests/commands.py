"""Commands in this process, and in the application in which the ``flask`` program runs them."""

from __future__ import annotations

from click.testing import Result
from flask import Flask

from app.cli import command_app
from app.site.services import EXTENSION


def flask(
    command: str, *arguments: object, answer: str | None = None, site: Flask | None = None
) -> Result:
    """What ``flask COMMAND ARGUMENTS`` does; ``answer`` is what somebody types. The site is that
    of the environment, or that of a test's application, with its clock.

    ``flask`` enters the application before it runs a command, and that application has
    commands and no pages: what only works beside pages, or outside any, fails here too.
    """
    app, words = command_app(), [*command.split(), *map(str, arguments)]
    if site:
        app.extensions[EXTENSION] = site.extensions[EXTENSION]
    with app.app_context():
        return app.test_cli_runner().invoke(args=words, input=answer)
