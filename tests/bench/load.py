"""Clients that post prepared bodies over keep-alive connections and record acknowledgements."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass
class Result:
    """Which posts were acknowledged, and how long all took."""

    seconds: float = 0.0
    acknowledged: list[int] = field(default_factory=list)
    """Indexes into the bodies."""
    refused: dict[int, int] = field(default_factory=dict)
    """HTTP status by index, for responses that were not an acknowledgement."""

    @property
    def rate(self) -> float:
        return len(self.acknowledged) / self.seconds if self.seconds else 0.0


def post_all(
    port: int,
    path: str,
    bodies: Sequence[bytes],
    *,
    expect: int,
    clients: int = 8,
    stop: threading.Event | None = None,
) -> Result:
    """Post every body once from ``clients`` threads; a dropped connection ends its thread."""
    result = Result()
    lock = threading.Lock()
    following = iter(range(len(bodies)))

    def work() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            while not (stop and stop.is_set()):
                with lock:
                    index = next(following, None)
                if index is None:
                    return
                connection.request("POST", path, bodies[index], FORM)
                response = connection.getresponse()
                response.read()
                with lock:
                    if response.status == expect:
                        result.acknowledged.append(index)
                    else:
                        result.refused[index] = response.status
        except (OSError, http.client.HTTPException):
            return
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(clients)]
    begin = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    result.seconds = time.perf_counter() - begin
    return result
