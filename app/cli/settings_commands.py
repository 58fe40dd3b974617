"""``flask settings`` and ``flask adopt``: a site's settings and identity."""

from __future__ import annotations

import click

from app.cli.plain import PlainCommand
from app.records.health import adopt_site
from app.site.settings import (
    as_markdown,
    default_of,
    load_settings,
    make_key,
    read_settings,
    rules,
    shown,
)

LOSSES = {
    "secret.key": (
        "open forms have to be sent again, mail that waits is lost, and organizers set up "
        "their second factor again."
    ),
    "person.key": "anyone who signed before can sign and be counted again.",
}


@click.command("settings", cls=PlainCommand)
@click.option("--markdown", is_flag=True, help="Print the table for docs/settings.md instead.")
def settings_command(markdown: bool) -> None:
    """Show every setting with its value; * marks those that you set. Secrets stay hidden.

    \b
    Example:
      flask settings
    """
    if markdown:
        click.echo(as_markdown(), nl=False)
        return
    settings = read_settings()
    for name in rules():
        value = getattr(settings, name)
        mark = " " if value == default_of(name) else "*"
        click.echo(f"{mark} {name} = {shown(name, value)}")


@click.command("adopt", cls=PlainCommand)
@click.option("--yes", is_flag=True, help="Do not ask.")
def adopt_command(yes: bool) -> None:
    """Take the database and the keys that are there for this site's own from now on.

    For a site that stops because its database was replaced or a key is lost, when that is so on
    purpose. A key or a database that is missing is made again, and empty. Restoring a backup of
    the same site needs none of this.

    \b
    Example:
      flask adopt
    """
    settings = read_settings()
    lost = [name for name, key in settings.own_keys.items()
            if not key and not (settings.instance / name).exists()]  # fmt: skip
    for name in lost:
        click.echo(f"{name} is missing. A new one means: {LOSSES[name]}")
    if not settings.database.exists():
        click.echo("There is no database. A new one begins with nothing: no signature, no account.")
    if not yes:
        click.confirm("Stop the site first. Take what is there for this site's own?", abort=True)
    for name in lost:
        make_key(settings.instance / name)
    adopt_site(settings.database, load_settings().own_keys)
    click.echo("Done. Start the site again.")
