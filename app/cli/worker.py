"""``flask worker``: sends queued mail. Imports little, because it always runs."""

from __future__ import annotations

import click

from app.cli.plain import PlainCommand
from app.records.health import check_site
from app.records.running import serve_from
from app.site.outgoing import mail_queue
from app.site.quiet import log_in_lines
from app.site.server import end_with_parent
from app.site.settings import load_settings


@click.command("worker", cls=PlainCommand)
@click.option(
    "--workers",
    type=click.IntRange(1, 32),
    help="Number of threads. Default: the setting mail_workers.",
)
@click.option("--tied", is_flag=True, hidden=True)
def worker_command(workers: int | None, *, tied: bool) -> None:
    """Send queued email until stopped with Ctrl-C or SIGTERM.

    Run one worker next to the web server. It is safe to stop or kill at any time: no message is
    lost, and none is sent twice without being asked for.

    \b
    Example:
      flask worker
      flask worker --workers 4
    """
    settings = load_settings()
    check_site(settings.database, settings.own_keys)
    serve_from(settings.database)
    queue = mail_queue(settings)
    if tied:
        end_with_parent()
    log_in_lines()
    where = f"files in {settings.instance / 'outbox'}" if queue.post.writes_files else "mail"
    click.echo(f"The worker is running. Messages go out as {where}.", err=True)
    queue.run(workers or settings.mail_workers)
