"""The entry point for servers and the ``flask`` command."""

from app.main import create_app
from app.site.quiet import keep_no_cores

keep_no_cores()
app = create_app()
