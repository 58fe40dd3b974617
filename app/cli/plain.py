"""What an operator sees when something cannot be done: a sentence, not a traceback."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from app.records.database import NotStoredError
from app.records.keys import KeyFolderError
from app.site.settings import SettingsError


@contextmanager
def plainly() -> Iterator[None]:
    """Turn the errors whose messages are written for an operator into just that message."""
    try:
        yield
    except (NotStoredError, KeyFolderError, SettingsError) as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        raise click.ClickException(f"{error.strerror or error}{where}.") from None


class PlainGroup(click.Group):
    """A group of commands of which none ends in a traceback for an ordinary reason."""

    def invoke(self, ctx: click.Context) -> Any:
        with plainly():
            return super().invoke(ctx)


class PlainCommand(click.Command):
    """The same for a command on its own, or in somebody else's group."""

    def invoke(self, ctx: click.Context) -> Any:
        with plainly():
            return super().invoke(ctx)


def piped() -> bool:
    """Whether nobody watches the terminal; then progress bars say nothing at all."""
    return not sys.stderr.isatty()


def some(number: int, what: str) -> str:
    """``1 file``, ``2,000 files``."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
