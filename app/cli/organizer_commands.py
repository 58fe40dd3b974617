"""``flask organizers``: who may use the organizers' pages."""

from __future__ import annotations

from typing import cast

import click
from flask.cli import AppGroup

from app.cli.plain import PlainGroup, show_columns, some
from app.delivery.wordings import absolute_link
from app.records import organizers
from app.records.audit import COMMAND_LINE, Actor
from app.records.credentials import PASSWORD_MIN
from app.records.organizers import (
    ROLES,
    BadName,
    NameTaken,
    Organizer,
    Role,
    all_organizers,
    organizer_by_name,
)
from app.site.services import services


class _SiteGroup(PlainGroup, AppGroup):
    """Plain commands that run in the site's application context."""


organizers_cli = _SiteGroup(
    "organizers",
    help="""Add organizers, reset or disable their accounts.

    \b
    Examples:
      flask organizers add "Rosa Delgado" --role editor
      flask organizers list
      flask organizers reset "Rosa Delgado" --second-factor
      flask organizers disable "Rosa Delgado"

    The audit trail records every change as made by 'command line'.
    """,
)


def _actor() -> Actor:
    return Actor(services().db(), COMMAND_LINE, services().clock())


def print_link(link: organizers.OneTimeLink) -> None:
    """Print a one-time link and what its owner will be asked for."""
    address = absolute_link(services().settings.address, f"/organize/set-password/{link.token}")
    click.echo(
        f"\nGive this link to {link.organizer.name} through a channel that only they can read. "
        f"It works once, until {link.expires:%Y-%m-%d %H:%M} UTC:\n\n  {address}\n\nThey choose "
        f"a password of at least {PASSWORD_MIN} characters"
        + (
            " and log in with their authenticator app as before."
            if link.organizer.has_second_factor
            else " and set up an authenticator app."
        )
    )


def _find_organizer(name: str) -> Organizer:
    organizer = organizer_by_name(services().db(), name)
    if organizer is None:
        raise _no_such_organizer(name)
    return organizer


def _no_such_organizer(name: str) -> click.ClickException:
    names = ", ".join(o.name for o in all_organizers(services().db()))
    known = f" These exist: {names}." if names else " There are no organizers yet; add one first."
    return click.ClickException(f"There is no organizer named '{name}'.{known}")


@organizers_cli.command()
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), required=True, help="What they may do.")
@click.option(
    "--hours", type=click.IntRange(1, 24 * 14), default=organizers.LINK_HOURS, show_default=True,
    help="How many hours the link works.",
)  # fmt: skip
def add(name: str, role: str, hours: int) -> None:
    """Add an organizer and print a one-time link to set a password.

    \b
    Roles:
      editor    edits letters and the campaign's facts, reviews held signatures, adds paper ones
      exporter  sees the counts and exports them as files
      admin     does all of this; manages packets, keys, organizers and the audit trail

    \b
    Examples:
      flask organizers add Rosa --role admin
      flask organizers add "Ana Lee" --role exporter --hours 4
    """
    answer = organizers.add_organizer(_actor(), name, cast(Role, role), hours=hours)
    if isinstance(answer, BadName):
        problem = organizers.NAME_PROBLEMS[answer.why] % {"most": organizers.NAME_MAX}
        raise click.ClickException(f"{problem} No one was added.")
    if isinstance(answer, NameTaken):
        raise click.ClickException(
            f"'{answer.organizer.name}' already exists. For a new link: flask organizers reset "
            f'"{answer.organizer.name}"'
        )
    click.echo(f"Added {answer.organizer.name} as {role}.")
    print_link(answer)


@organizers_cli.command("list")
def list_() -> None:
    """List all organizers with their roles.

    \b
    Example:
      flask organizers list
    """
    people = all_organizers(services().db())
    if not people:
        click.echo("There are no organizers yet. Add one: flask organizers add NAME --role admin")
        return
    show_columns([
        ("name", "role", "ready", "last login (UTC)"),
        *((one.name, one.role, _ready(one),
           f"{one.logged_in:%Y-%m-%d %H:%M}" if one.logged_in else "never") for one in people),
    ])  # fmt: skip


def _ready(person: Organizer) -> str:
    if person.disabled:
        return "disabled"
    if not person.has_password:
        return "no password yet"
    return "yes" if person.has_second_factor else "no second factor yet"


@organizers_cli.command()
@click.argument("name")
@click.option(
    "--second-factor", is_flag=True,
    help="Also remove the authenticator app and the recovery codes, for a lost phone.",
)  # fmt: skip
@click.option(
    "--hours", type=click.IntRange(1, 24 * 14), default=organizers.LINK_HOURS, show_default=True,
    help="How many hours the link works.",
)  # fmt: skip
def reset(name: str, second_factor: bool, hours: int) -> None:
    """Reset a password: end all sessions and print a new one-time link.

    \b
    Examples:
      flask organizers reset Rosa
      flask organizers reset Rosa --second-factor
    """
    site = services()
    answer = organizers.reset_organizer(
        _actor(), site.settings.secret_key, name, second_factor=second_factor,
        hours=hours,
    )  # fmt: skip
    if answer is None:
        raise _no_such_organizer(name)
    what = "password, second factor and recovery codes" if second_factor else "password"
    click.echo(f"{answer.organizer.name}: {what} removed, all sessions ended.")
    if answer.organizer.disabled:
        click.echo(
            "The account is disabled. The link works only after you run: flask organizers "
            f'enable "{answer.organizer.name}"'
        )
    print_link(answer)


def _switch(name: str, disabled: bool) -> None:
    site, found = services(), _find_organizer(name)
    answer = organizers.set_disabled(
        _actor(), site.settings.secret_key, found.id, disabled, even_last_admin=True
    )
    word = "disabled" if disabled else "enabled"
    if answer == "nothing to change":
        click.echo(f"{found.name} is already {word}. Nothing was changed.")
        return
    click.echo(f"{found.name} is {word}" + (" and logged out everywhere." if disabled else "."))
    if not organizers.ready_admins(site.db()):
        click.echo(
            "No admin can log in now. Add one: flask organizers add NAME --role admin. For an "
            "admin who has an account: flask organizers reset NAME"
        )


@organizers_cli.command()
@click.argument("name")
def disable(name: str) -> None:
    """Disable an account and log it out everywhere. Nothing is deleted.

    \b
    Example:
      flask organizers disable "Rosa Delgado"
    """
    _switch(name, disabled=True)


@organizers_cli.command()
@click.argument("name")
def enable(name: str) -> None:
    """Enable a disabled account again, with its password and second factor.

    \b
    Example:
      flask organizers enable "Rosa Delgado"
    """
    _switch(name, disabled=False)


@organizers_cli.command("revoke-sessions")
@click.argument("name")
def revoke_sessions(name: str) -> None:
    """Log an organizer out everywhere. Their password does not change.

    \b
    Example:
      flask organizers revoke-sessions "Rosa Delgado"
    """
    found = _find_organizer(name)
    ended = organizers.revoke_all(_actor(), found)
    click.echo(f"{found.name}: {some(ended, 'session')} ended.")
