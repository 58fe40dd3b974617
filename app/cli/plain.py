"""How commands speak with an operator: a sentence and no traceback, a day as people write it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import click

from app.records.database import NotStoredError
from app.records.keys import KeyFolderError
from app.site.days import read_day
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


class Day(click.ParamType[date]):
    """A day as people write it: 2026-11-01, 11/01/2026, Nov 1 2026."""

    name = "day"

    def convert(
        self, value: str | date, param: click.Parameter | None, ctx: click.Context | None
    ) -> date:
        day = value if isinstance(value, date) else read_day(value)
        if day is None:
            self.fail(f"{value!r} is no day. Write it like 2026-11-01, 11/01/2026 or Nov 1 2026.",
                      param, ctx)  # fmt: skip
        return day


def piped() -> bool:
    """Whether nobody watches the terminal; then progress bars say nothing at all."""
    return not sys.stderr.isatty()


def some(number: int, what: str) -> str:
    """``1 file``, ``2,000 files``."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
