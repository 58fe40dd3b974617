"""The supervising process, as ``make run`` starts it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.delivery.mail import Address, Mail, parse_address
from app.site.outgoing import mail_queue
from app.site.settings import load_settings
from tests.bench.servers import ROOT, answers, free_port

pytestmark = pytest.mark.slow


def until(condition: Callable[[], object], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def children(pid: int) -> dict[int, str]:
    """The child processes by id, and the kind of each."""
    found = {}
    listing = subprocess.run(
        ["ps", "-eww", "-o", "pid=,ppid=,args="], capture_output=True, text=True, check=True
    ).stdout
    for line in listing.splitlines():
        number, parent, args = line.split(maxsplit=2)
        if int(parent) == pid:
            found[int(number)] = "mail" if "--tied" in args else "web"
    return found


def is_gone(pid: int) -> bool:
    """Whether a process has ended, even if it is a zombie."""
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
                [sys.executable, "-m", "app.main"],
                cwd=ROOT,
                env={
                    **os.environ, "PORT": str(self.port), "WORKERS": "2",
                    "DEAR_CONGRESS_INSTANCE": str(instance), **environment,
                },
                stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                start_new_session=True,
            )  # fmt: skip

    def ready(self) -> None:
        until(lambda: answers(self.port))
        until(lambda: "worker is running" in self.log.read_text())

    def post(self, key: str) -> None:
        to = parse_address("me@example.org")
        assert isinstance(to, Address)
        settings = load_settings({}, instance=self.instance)
        mail_queue(settings).post.enqueue(Mail("other", to, "A test", "Text"), idempotency_key=key)

    def letters(self) -> int:
        return len(list((self.instance / "outbox").glob("*.eml")))

    def children(self) -> dict[int, str]:
        return children(self.process.pid)

    def one(self, kind: str) -> int:
        return next(pid for pid, what in self.children().items() if what == kind)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    site = Running(tmp_path)
    yield site
    if site.process.poll() is None:
        os.killpg(site.process.pid, signal.SIGKILL)
        site.process.wait()


def test_mail_is_delivered_and_a_killed_mail_worker_is_replaced(running: Running) -> None:
    running.ready()
    running.post("one")
    until(lambda: running.letters() == 1)
    worker = running.one("mail")
    os.kill(worker, signal.SIGKILL)
    running.post("two")
    until(lambda: running.letters() == 2)
    assert running.one("mail") != worker
    assert "The mail worker ended unexpectedly (signal 9). Mail waits" in running.log.read_text()
    assert answers(running.port)


def test_the_site_answers_while_a_killed_web_process_is_replaced(running: Running) -> None:
    running.ready()
    gone = running.one("web")
    os.kill(gone, signal.SIGKILL)
    until(lambda: is_gone(gone))
    for _ in range(20):
        assert answers(running.port)
    until(lambda: list(running.children().values()).count("web") == 2)
    assert "A web process ended unexpectedly (signal 9)" in running.log.read_text()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_one_signal_ends_every_process(running: Running, number: signal.Signals) -> None:
    running.ready()
    found = running.children()
    assert sorted(found.values()) == ["mail", "web", "web"]
    running.process.send_signal(number)
    assert running.process.wait(120) == 0
    assert all(is_gone(pid) for pid in found)
    assert "Traceback" not in running.log.read_text()


def test_control_c_ends_every_process_cleanly(running: Running) -> None:
    running.ready()
    os.killpg(running.process.pid, signal.SIGINT)
    assert running.process.wait(120) == 0
    assert "Traceback" not in running.log.read_text()
    assert "unexpectedly" not in running.log.read_text()


def test_workers_exit_when_the_supervisor_is_killed(running: Running) -> None:
    running.ready()
    found = running.children()
    running.process.kill()
    running.process.wait()
    until(lambda: all(is_gone(pid) for pid in found))


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"DEAR_CONGRESS_CAMPAIGN": "no-such-campaign"}, "no-such-campaign"),
        ({"WORKERS": "0"}, "WORKERS is “0”. Write a whole number from 1 to 64."),
        ({"PORT": "http"}, "PORT is “http”. Write a whole number from 1 to 65535."),
        ({"DEAR_CONGRESS_SITE_URL": "letters.example.org"}, "https://letters.example.org."),
        ({"DEAR_CONGRESS_LETTERS": f"/{'x' * 300}"}, "cannot be used: File name too long."),
        ({"DEAR_CONGRESS_FORM_MINUTES": "0"}, "DEAR_CONGRESS_FORM_MINUTES is “0”."),
    ],
)
def test_a_site_that_cannot_start_says_why_without_a_traceback(
    tmp_path: Path, environment: dict[str, str], words: str
) -> None:
    site = Running(tmp_path, **environment)
    assert site.process.wait(120) == 1
    said = site.log.read_text()
    assert said.startswith("The site cannot start.\n")
    assert words in said
    assert "Traceback" not in said
    assert not site.children()
