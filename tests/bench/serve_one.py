"""Serves any WSGI application (``module:name``) with the project's own server."""

from __future__ import annotations

import os
import sys
from importlib import import_module

from app.site.server import listen, serve

if __name__ == "__main__":
    module, name = sys.argv[1].split(":")
    application = getattr(import_module(module), name)
    port, workers = int(os.environ["PORT"]), int(os.environ["WORKERS"])
    serve(application, listen("127.0.0.1", port), workers)
