"""Starts the real site and a bare one alike: same server, same workers, loopback."""

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
        """``kill -9`` to the master and every worker at once."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


_held: deque[socket.socket] = deque()


@atexit.register
def _let_go() -> None:
    for one in _held:
        one.close()


def free_port() -> int:
    """A port that nobody listens on, and that nobody else is given before a server has it.

    It is below those that a system gives to whoever asks for any, and the datagram socket of the
    same number is held for a while: another run on this machine passes over it.
    """
    while len(_held) > 20:
        _held.popleft().close()
    for port in range(20_000, 32_000):
        mine = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            mine.bind(("127.0.0.1", port))
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
        except OSError:
            mine.close()
        else:
            _held.append(mine)
            return port
    raise RuntimeError("No port is free.")


def _answers(port: int) -> bool:
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
            # One machine plays thousands of people, each within milliseconds.
            "DEAR_CONGRESS_LIMITS": "off",
            "DEAR_CONGRESS_FORM_SECONDS": "0",
            **environment,
        },
        start_new_session=True,
        stdin=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 120
        while not _answers(port):
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
