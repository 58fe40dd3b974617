"""Starts the real site and a bare one in the same way: same server, same workers, loopback."""

from __future__ import annotations

import atexit
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Server:
    """A running server: its port, its process group, its instance folder."""

    port: int
    process: subprocess.Popen[bytes]
    instance: Path

    def kill_all(self) -> None:
        """``kill -9`` the supervisor and every worker at once."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


_reserved: deque[socket.socket] = deque()


@atexit.register
def _release_ports() -> None:
    for one in _reserved:
        one.close()


def free_port() -> int:
    """A free port that no other test run takes before the server binds it.

    It is below the ephemeral range, and the UDP port of the same number is held for a while:
    concurrent runs on this machine skip it.
    """
    while len(_reserved) > 20:
        _reserved.popleft().close()
    for port in range(20_000, 32_000):
        mine = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            mine.bind(("127.0.0.1", port))
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
        except OSError:
            mine.close()
        else:
            _reserved.append(mine)
            return port
    raise RuntimeError("No port is free.")


def answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("HEAD", "/")
        connection.getresponse().read()
    except OSError:
        return False
    finally:
        connection.close()
    return True


@contextmanager
def serving(
    application: str, instance: Path, *, workers: int = 4, **environment: str
) -> Iterator[Server]:
    """Serve ``application`` (``wsgi:app``) with the project's own server."""
    port = free_port()
    whole_site = ("app.main", "--no-mail")
    command = whole_site if application == "wsgi:app" else ("tests.bench.serve_one", application)
    process = subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=ROOT,
        env={
            **os.environ,
            "PORT": str(port),
            "WORKERS": str(workers),
            "DEAR_CONGRESS_INSTANCE": str(instance),
            "DEAR_CONGRESS_TODAY": "2026-11-25",
            # One machine acts as thousands of people, milliseconds apart.
            "DEAR_CONGRESS_LIMITS": "off",
            "DEAR_CONGRESS_FORM_SECONDS": "0",
            **environment,
        },
        start_new_session=True,
        stdin=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 120
        while not answers(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{application} did not start")
            time.sleep(0.05)
        yield Server(port, process, instance)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
