"""The entry point for servers and the ``flask`` command."""

from app.cli.cores import keep_no_cores
from app.main import create_app

keep_no_cores()
app = create_app()
