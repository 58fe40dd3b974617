"""The server's own log, without what a request held: no address, no URL, no words of anyone."""

from __future__ import annotations

import sys
from typing import Any

from gunicorn.glogging import Logger  # type: ignore[import-untyped]

from app.web.errors import where


class QuietLogger(Logger):  # type: ignore[misc]
    """Says that something went wrong and where in our code, never with which request."""

    def warning(self, msg: Any, *args: Any, **kwargs: Any) -> None:
        """The server names the sender and repeats the line that it could not read."""
        if "request" in str(msg).lower():
            msg, args = "A request that could not be read was refused.", ()
        super().warning(msg, *args, **kwargs)

    def exception(self, msg: Any, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002
        """A traceback's last line may repeat what was typed, and the message the address."""
        error = sys.exc_info()[1]
        self.error("A request failed: %s", where(error) if error else "unknown")
