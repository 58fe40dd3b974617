"""How commands speak with an operator: a sentence and no traceback, a day as people write it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import click

from app.records.campaigns import campaigns_here
from app.records.database import NotStoredError, local_database
from app.records.keys import KeyFolderError
from app.site.live import CHOSEN
from app.site.settings import SettingsError, load_settings
from app.text import read_day


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


class CampaignCommand(PlainCommand):
    """One that works on one campaign of the site: that of the start page, or ``--campaign``."""

    def __init__(self, *args: Any, **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self.params.append(click.Option(
            ["--campaign"], metavar="SLUG", expose_value=False, is_eager=True, callback=_choose,
            help="Which campaign of the site. Default: that of the start page.",
        ))  # fmt: skip


def _choose(ctx: click.Context, _param: click.Parameter, slug: str | None) -> None:
    """Let everything below know the campaign, for as long as the command runs."""
    if slug:
        with plainly():
            settings = load_settings()
            here = campaigns_here(local_database(settings.database), settings.campaign)
        known = {one.slug for one in here}
        known |= {file.parent.name for file in settings.letters.glob("*/campaign.toml")}
        if slug not in known:
            raise click.ClickException(
                f"There is no campaign called {slug!r} here. Known: {', '.join(sorted(known))}."
            )
    token = CHOSEN.set(slug or "")
    ctx.call_on_close(lambda: CHOSEN.reset(token))


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
