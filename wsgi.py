"""The entry point for servers and the ``flask`` command."""

from app.web import create_app

app = create_app()
