"""What a process of the site tells an operator, and what it must not: no address, no words of
anyone, no core dump.

Each thing is one line: words on a terminal, JSON anywhere else. An exception's message and a
server's warning may hold what somebody typed or asked for, so only the type of an error and the
place in our code are ever logged.
"""

from __future__ import annotations

import ctypes
import json
import logging
import resource
import sys
import traceback
from contextlib import suppress
from datetime import UTC, datetime
from typing import TextIO

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


class _Lines(logging.Formatter):
    """One line for each thing: ``{"time": …, "level": …, "from": …, "what": …}``.

    What an exception says is left out.
    """

    def format(self, record: logging.LogRecord) -> str:
        error = record.exc_info[1] if record.exc_info else None
        said = record.getMessage()
        return json.dumps(
            {
                "time": datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
                "level": record.levelname.lower(),
                "from": record.name,
                "process": record.process,
                "what": f"{said} ({where(error)})" if error else said,
            },
            ensure_ascii=False,
        )


class _Words(logging.Formatter):
    """The same for somebody who looks on."""

    def format(self, record: logging.LogRecord) -> str:
        return record.getMessage()


def log_in_lines(stream: TextIO | None = None) -> None:
    """Write what an operator must know to standard error (or ``stream``), one line for each."""
    out = stream or sys.stderr
    handler = logging.StreamHandler(out)
    handler.setFormatter(_Words() if out.isatty() else _Lines())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("dear_congress").setLevel(logging.INFO)


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
