"""The web server and the mail worker side by side, as ``make run`` starts them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.delivery import Mail, parse_address
from app.delivery.mail import Address
from app.site.outgoing import mail_queue
from app.site.settings import load_settings
from tests.bench.servers import ROOT, _answers, free_port

pytestmark = pytest.mark.slow


def until(condition: Callable[[], object], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def children(pid: int) -> dict[str, int]:
    """The two processes under the one that watches over them, by what they are."""
    found = {}
    listing = subprocess.run(
        ["ps", "-eo", "pid=,ppid=,args="], capture_output=True, text=True, check=True
    ).stdout
    for line in listing.splitlines():
        number, parent, args = line.split(maxsplit=2)
        if int(parent) == pid:
            found["worker" if "--tied" in args else "web"] = int(number)
    return found


def is_gone(pid: int) -> bool:
    """Ended, even where nobody has fetched its exit status yet."""
    state = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout.strip()
    return not state or state.startswith("Z")


class Running:
    def __init__(self, instance: Path, **environment: str) -> None:
        self.instance, self.port = instance, free_port()
        self.log = instance / "terminal.txt"
        with self.log.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "app.cli.serve"],
                cwd=ROOT,
                env={
                    **os.environ, "PORT": str(self.port), "WORKERS": "1",
                    "DEAR_CONGRESS_INSTANCE": str(instance), **environment,
                },
                stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                start_new_session=True,
            )  # fmt: skip

    def ready(self) -> None:
        until(lambda: _answers(self.port))
        until(lambda: "worker is running" in self.log.read_text())

    def post(self, wish: str) -> None:
        to = parse_address("me@example.org")
        assert isinstance(to, Address)
        settings = load_settings({}, instance=self.instance)
        mail_queue(settings).post.enqueue(Mail("other", to, "A test", "Text"), wish=wish)

    def letters(self) -> int:
        return len(list((self.instance / "outbox").glob("*.eml")))


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    site = Running(tmp_path)
    yield site
    if site.process.poll() is None:
        os.killpg(site.process.pid, signal.SIGKILL)
        site.process.wait()


def test_mail_lands_in_seconds_and_a_killed_worker_comes_back(running: Running) -> None:
    running.ready()
    running.post("one")
    until(lambda: running.letters() == 1, 10)
    worker = children(running.process.pid)["worker"]
    os.kill(worker, signal.SIGKILL)
    running.post("two")
    until(lambda: running.letters() == 2, 20)
    assert children(running.process.pid)["worker"] != worker
    assert "The mail worker ended by itself (signal 9)" in running.log.read_text()
    assert _answers(running.port)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_one_signal_ends_both(running: Running, number: signal.Signals) -> None:
    running.ready()
    pids = children(running.process.pid)
    assert set(pids) == {"web", "worker"}
    running.process.send_signal(number)
    assert running.process.wait(20) == 0
    assert all(is_gone(pid) for pid in pids.values())


def test_the_worker_does_not_outlive_a_watcher_that_is_killed(running: Running) -> None:
    running.ready()
    pids = children(running.process.pid)
    running.process.kill()
    running.process.wait()
    until(lambda: is_gone(pids["worker"]), 20)
    os.kill(pids["web"], signal.SIGTERM)


def test_a_web_server_that_cannot_start_ends_the_worker_and_says_so(tmp_path: Path) -> None:
    site = Running(tmp_path, DEAR_CONGRESS_CAMPAIGN="no-such-campaign")
    assert site.process.wait(60) != 0
    assert "The web server ended by itself" in site.log.read_text()
    assert not children(site.process.pid)
