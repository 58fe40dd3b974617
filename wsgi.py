"""The entry point for servers (``wsgi:app``) and for the ``flask`` command.

A server gets the site. The ``flask`` command gets only the commands, which load what they need;
its built-in ``run``, ``shell`` and ``routes`` need the pages.
"""

import click

from app.site.quiet import keep_no_cores

keep_no_cores()
command = click.get_current_context(silent=True)
if command is None or command.info_name in ("run", "shell", "routes"):
    from app.main import create_app

    app = create_app()
else:
    from app.cli import command_app

    app = command_app()
