"""Logging without personal data: no address, nothing that anyone typed, no core dump.

Each record is one line: plain words on a terminal, JSON otherwise. An exception's message or a
server's warning may contain what someone typed or requested, so only an error's type and its
place in our code are logged.
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
    """``ValueError at app/web/resident/views.py:31``: the innermost frame in our code."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [f for f in frames if f.filename.startswith(str(ROOT / "app"))]
    if not ours:
        return type(error).__name__
    place = ours[-1].filename.removeprefix(f"{ROOT}/")
    return f"{type(error).__name__} at {place}:{ours[-1].lineno}"


class _HideRequests(logging.Filter):
    """Replaces waitress's errors, which contain the requested path, with a place in the code."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno >= logging.ERROR or record.exc_info:
            error = record.exc_info[1] if record.exc_info else None
            record.msg = f"A request failed: {where(error) if error else 'unknown'}"
            record.args, record.exc_info, record.exc_text = (), None, None
        return True


class _JsonLines(logging.Formatter):
    """One line for each record: ``{"time": …, "level": …, "from": …, "what": …}``.

    Exception messages are left out.
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


class _PlainLines(logging.Formatter):
    """Only the message, for a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        return record.getMessage()


def log_in_lines(stream: TextIO | None = None) -> None:
    """Log to standard error (or ``stream``), one line per record."""
    out = stream or sys.stderr
    handler = logging.StreamHandler(out)
    handler.setFormatter(_PlainLines() if out.isatty() else _JsonLines())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("dear_congress").setLevel(logging.INFO)


def keep_quiet_logs() -> None:
    """Let waitress log that something failed, never for which request."""
    logging.getLogger("waitress").addFilter(_HideRequests())
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # it warns whenever requests queue


def keep_no_cores() -> None:
    """Disable core dumps for this process and its children.

    The limit prevents core files. It does not stop a system that pipes dumps to a program, so on
    Linux the process is also marked as not dumpable.
    """
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
