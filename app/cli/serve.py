"""The web server and the mail worker side by side: ``python -m app.cli.serve``.

For a laptop and a small machine, where nothing else watches over them. This process serves
nothing itself: it starts both, starts the worker again when it ends, and ends both when it
is told to stop or when the web server ends. If it is killed outright, the mail worker ends
too, by the pipe that closes (``--tied``); the web server goes on until it is stopped itself.
"""

from __future__ import annotations

import errno
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from types import FrameType

import click

WEB = ("-m", "gunicorn", "--config", "python:app.web.server", "wsgi:app")
WORKER = ("-m", "flask", "--app", "wsgi", "worker", "--tied")

PATIENCE = 15.0
"""Seconds for both to finish what they are doing; then they are killed."""
HEAD_START = 1.5
"""Seconds before the worker is started first: the pages come up sooner when alone."""
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""Seconds before the worker is started again, doubled each time that it ends soon."""
STEADY = 30.0
"""A worker that ran so long is taken to have been well."""


class Pair:
    """The two processes, and what is known of them."""

    def __init__(self, web: Sequence[str], worker: Sequence[str]) -> None:
        self._web, self._worker = web, worker
        self._stop = threading.Event()

    def stop(self, _signal: int = 0, _frame: FrameType | None = None) -> None:
        """Ask both to end; for a signal."""
        self._stop.set()

    def run(self) -> int:
        """Run both until told to stop; returns the exit status for the operator."""
        web = subprocess.Popen([sys.executable, *self._web])  # noqa: S603 - our own words
        worker: subprocess.Popen[bytes] | None = None
        started, pause, due = time.monotonic(), FIRST_PAUSE, time.monotonic() + HEAD_START
        try:
            while not self._stop.wait(0.2) and web.poll() is None:
                now = time.monotonic()
                if worker is None and now >= due:
                    worker, started = self._start_worker(), now
                elif worker is not None and worker.poll() is not None:
                    pause = FIRST_PAUSE if now - started > STEADY else pause
                    click.echo(
                        f"The mail worker ended by itself ({_how(worker.returncode)}). Mail waits "
                        f"and is not lost; the worker starts again in {pause:.0f} s.",
                        err=True,
                    )
                    worker, due, pause = None, now + pause, min(pause * 2, LONGEST_PAUSE)
        finally:
            ended = web.poll()
            _end([web, *([worker] if worker else [])])
        if ended is None:
            return 0
        click.echo(f"The web server ended by itself ({_how(ended)}).", err=True)
        return ended if ended > 0 else 1

    def _start_worker(self) -> subprocess.Popen[bytes]:
        # Its end of the pipe closes when this process ends, however that happens.
        command = [sys.executable, *self._worker]
        return subprocess.Popen(command, stdin=subprocess.PIPE)  # noqa: S603 - our own words


def _end(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    deadline = time.monotonic() + PATIENCE
    for process in processes:
        if process.poll() is None:
            process.terminate()
    for process in processes:
        try:
            process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdin is not None:
            process.stdin.close()


def _how(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit status {code}"


def port_problem(host: str, port: str) -> str:
    """Why the site cannot be served there, in words for the operator; empty when it can."""
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        return f"PORT={port} is not a port. Choose a number such as 8000."
    try:
        with socket.create_server((host, int(port))):
            return ""
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            other = int(port) + 1 if int(port) < 65535 else 8000
            return (
                f"Port {port} is taken, perhaps by this site in another window. Stop that, or "
                f"choose another port: PORT={other} make run"
            )
        return f"{host}:{port} cannot be served from: {error.strerror}."


def main() -> int:
    """Serve until Ctrl-C or SIGTERM. The worker's own words go to the same terminal."""
    problem = port_problem(os.environ.get("HOST", "127.0.0.1"), os.environ.get("PORT", "8000"))
    if problem:
        click.echo(problem, err=True)
        return 1
    pair = Pair(WEB, WORKER)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, pair.stop)
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    return pair.run()


if __name__ == "__main__":
    sys.exit(main())
