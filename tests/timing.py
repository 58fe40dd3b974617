"""How much of the processor something takes."""

from __future__ import annotations

import time
from collections.abc import Callable


def done_within(seconds: float, call: Callable[[], object]) -> bool:
    """Whether a call takes less of the processor than this. Once in five times is enough: what a
    machine does besides, and a search for garbage, only add to it."""
    return any(_took(call) < seconds for _ in range(5))


def _took(call: Callable[[], object]) -> float:
    begun = time.process_time()
    call()
    return time.process_time() - begun
