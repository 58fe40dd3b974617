"""What a process of the site must not tell: no address, no words of anyone, no core dump.

An exception's message and a server's warning may hold what somebody typed or asked for, so only
the type of an error and the place in our code are ever logged.
"""

from __future__ import annotations

import ctypes
import logging
import resource
import sys
import traceback
from contextlib import suppress

from app.site.settings import ROOT

_PR_SET_DUMPABLE = 4


def where(error: BaseException) -> str:
    """``ValueError at app/web/resident/views.py:31``, the innermost place in our own code."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [f for f in frames if f.filename.startswith(str(ROOT / "app"))]
    if not ours:
        return type(error).__name__
    place = ours[-1].filename.removeprefix(f"{ROOT}/")
    return f"{type(error).__name__} at {place}:{ours[-1].lineno}"


class _NamesNobody(logging.Filter):
    """Turns the server's errors, which name the path that was asked for, into a place."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno >= logging.ERROR or record.exc_info:
            error = record.exc_info[1] if record.exc_info else None
            record.msg = f"A request failed: {where(error) if error else 'unknown'}"
            record.args, record.exc_info, record.exc_text = (), None, None
        return True


def keep_quiet_logs() -> None:
    """Let the server's own loggers say that something went wrong, never with which request."""
    logging.getLogger("waitress").addFilter(_NamesNobody())
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # warns at every busy moment


def keep_no_cores() -> None:
    """Let this process and those that it forks leave no image of their memory.

    The limit keeps files away; where the system hands dumps to a program instead, which the
    limit does not stop, Linux is told that this process has none to give.
    """
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
