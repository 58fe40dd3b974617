"""CPU time limits for tests."""

from __future__ import annotations

import time
from collections.abc import Callable


def done_within(seconds: float, call: Callable[[], object]) -> bool:
    """Whether ``call`` takes less CPU time than ``seconds`` in at least one of five tries: other
    load and garbage collection only add to it."""
    return any(_took(call) < seconds for _ in range(5))


def _took(call: Callable[[], object]) -> float:
    begun = time.process_time()
    call()
    return time.process_time() - begun
