"""No core dumps: what a crash would write to the disk is all that people typed a moment ago."""

from __future__ import annotations

import ctypes
import resource
import sys
from contextlib import suppress

_PR_SET_DUMPABLE = 4


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
