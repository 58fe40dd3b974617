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
        "residents must submit open forms again, queued mail is lost, and organizers set up "
        "their second factor again."
    ),
    "person.key": "anyone who signed before can sign again and be counted twice.",
}


@click.command("settings", cls=PlainCommand)
@click.option("--markdown", is_flag=True, help="Print the content of docs/settings.md instead.")
def settings_command(markdown: bool) -> None:
    """Show every setting with its value. * marks those you set; secrets are hidden.

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
    """Accept the current database and keys as this site's own from now on.

    Use this when the site refuses to start because its database was replaced or a key is missing,
    and that is intended. A missing key or database is made new, and a new database is empty. After
    flask backup restore you do not need this.

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
        click.echo("There is no database. A new one starts empty: no signatures, no accounts.")
    if not yes:
        click.confirm(
            "Stop the site first. Accept the current database and keys as this site's own?",
            abort=True,
        )
    for name in lost:
        make_key(settings.instance / name)
    adopt_site(settings.database, load_settings().own_keys)
    click.echo("Done. Start the site again.")
