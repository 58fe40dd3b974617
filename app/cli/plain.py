"""Shared behavior of the commands: errors, prompts, parameters, tables and progress bars."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from getpass import GetPassWarning
from pathlib import Path
from typing import Any

import click

from app.congress.model import STATES, Holder
from app.congress.places import read_state
from app.congress.tables import Tables
from app.errors import ExplainedError
from app.records.audit import COMMAND_LINE, Actor
from app.records.counts import signed_campaigns
from app.records.database import Connection, local_database
from app.records.signing import source_tag
from app.records.site_campaigns import campaigns_here
from app.site.live import CHOSEN
from app.site.settings import load_settings
from app.text import read_day


class _NewPath(click.Path):
    """A path to write to. Refuses an empty one, as ``"$OUT"`` is where ``OUT`` is not set: it
    would be the current folder."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value == "":
            self.fail("The name is empty. Enter where to write.", param, ctx)
        return super().convert(value, param, ctx)


FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
NEW_FILE = _NewPath(dir_okay=False, path_type=Path)
NEW_FOLDER = _NewPath(file_okay=False, path_type=Path)
NEW_PATH = _NewPath(path_type=Path)


@contextmanager
def plainly() -> Iterator[None]:
    """Show errors that are written for an operator as just their message."""
    try:
        yield
    except ExplainedError as error:
        raise click.ClickException(str(error)) from None
    except BrokenPipeError:
        raise  # the reader, for example `head`, is done: click exits silently
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        raise click.ClickException(f"{str(error.strerror or error).rstrip('.')}{where}.") from None


class PlainCommand(click.Command):
    """A command whose ordinary errors are a message and not a traceback."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Reject an option given twice: click would silently use the last value."""
        _values, _rest, given = self.make_parser(ctx).parse_args(args=[*args])
        for option in given:
            single = isinstance(option, click.Option) and not (
                option.multiple or option.is_flag or option.count
            )
            if single and given.count(option) > 1:
                raise click.UsageError(f"{option.opts[0]} takes one value. Give it once.", ctx)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        with plainly():
            return super().invoke(ctx)


class PlainGroup(click.Group):
    """A group of plain commands."""

    command_class = PlainCommand


class CampaignCommand(PlainCommand):
    """A command on one campaign of the site: ``--campaign``, or the start page's."""

    def __init__(self, *args: Any, **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self.params.append(click.Option(
            ["--campaign"], metavar="SLUG", expose_value=False, is_eager=True, callback=_choose,
            help="The campaign to use. Default: the one on the start page.",
        ))  # fmt: skip


def _choose(ctx: click.Context, _param: click.Parameter, slug: str | None) -> None:
    """Validate ``--campaign`` and set it for as long as the command runs."""
    if slug:
        with plainly():
            settings = load_settings()
            db = local_database(settings.database)
            known = {one.slug for one in campaigns_here(db, settings.campaign)}
            known |= {*signed_campaigns(db)}
        known |= {file.parent.name for file in settings.letters.glob("*/campaign.toml")}
        if slug not in known:
            raise click.ClickException(
                f"This site has no campaign named {slug!r}. It has: {', '.join(sorted(known))}."
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
            self.fail(f"{value!r} is not a date. Write it like 2026-11-01 or Nov 1 2026.",
                      param, ctx)  # fmt: skip
        return day


class StateCode(click.ParamType[str]):
    """A state or territory, by its postal code or its name."""

    name = "state"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        code = read_state(value)
        if code not in STATES:
            self.fail(
                f"{value} is not a state or territory. Use one of these: {', '.join(STATES)}.",
                param,
                ctx,
            )
        return code


class Tag(click.ParamType[str]):
    """A source tag, as in a link."""

    name = "tag"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value.strip() and not source_tag(value):
            self.fail(
                "A source tag has up to 32 characters: a-z, 0-9, period, hyphen or underscore.",
                param,
                ctx,
            )
        return source_tag(value)


@contextmanager
def progress(label: str, total: int) -> Iterator[Callable[[int], None]]:
    """A progress bar on a terminal; call the yielded function with the number done."""
    with click.progressbar(
        length=total, label=label, file=sys.stderr, hidden=not sys.stderr.isatty()
    ) as bar:
        yield lambda done: bar.update(done - bar.pos)


def step(what: str) -> None:
    """Print what is being done, on a terminal."""
    if sys.stderr.isatty():
        click.echo(f"  {what}", err=True)


def show_columns(rows: Sequence[Sequence[str]], *, right: Container[int] = ()) -> None:
    """Print rows, the first of them headers, in aligned columns.

    ``right`` are the indexes of right-aligned columns (numbers).
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (
            cell.rjust(width) if place in right else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        click.echo("  ".join(cells).rstrip())


def operator(db: Connection) -> Actor:
    """The person at the terminal as the actor of a change made now."""
    return Actor(db, COMMAND_LINE, datetime.now(UTC))


def some(number: int, what: str, many: str = "") -> str:
    """``1 file``, ``2,000 files``; ``many`` is an irregular plural."""
    return f"{number:,} {what if number == 1 else many or f'{what}s'}"


def name_ended_terms(holders: Iterable[Holder], tables: Tables, today: date) -> None:
    """Name the members whose listed term has ended: someone else may hold the seat by now."""
    ended = [
        f"{holder.member.full_name} ({holder.seat.id}, {holder.member.term_end})"
        for holder in holders
        if holder.member and holder.term_ended(today)
    ]
    if ended:
        click.echo(
            f"Check before you send: the listed term of {some(len(ended), 'member')} has ended "
            f"(list of {tables.as_of}): {', '.join(ended)}", err=True,
        )  # fmt: skip


passphrase_option = click.option(
    "--passphrase-file", type=FILE,
    help="Read the passphrase from this file instead of asking for it.",
)  # fmt: skip
template_option = click.option(
    "--template", default="general", show_default=True, help="The letter for rows that name none."
)
day_option = click.option("--today", "day", type=Day(), help="The date to use. Default: today.")
language_option = click.option(
    "--language", type=click.Choice(["en", "es"]), default="en", show_default=True,
    help="The language on the paper.",
)  # fmt: skip


def words_of(file: Path) -> str:
    """The text of ``file``. Raises ``ClickException`` if it is not UTF-8."""
    try:
        return file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise click.ClickException(f"{file} is not UTF-8 text. Save it as UTF-8.") from None


def passphrase(file: Path | None, prompt: str, *, new: bool = False) -> str:
    """The passphrase from ``file`` or a prompt; a new one is asked for twice."""
    if file is not None:
        return words_of(file).rstrip("\r\n")
    try:
        with warnings.catch_warnings():  # without a terminal nothing is typed, so nothing to hide
            warnings.simplefilter("ignore", GetPassWarning)
            words: str = click.prompt(prompt, hide_input=True, confirmation_prompt=new, err=True)
    except click.Abort:
        if sys.stdin.isatty():
            raise
        raise click.ClickException(
            "There is no terminal to type the passphrase at. Put it in a file that only you can "
            "read, and name that file (see --help)."
        ) from None
    return words
