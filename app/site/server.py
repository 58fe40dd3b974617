"""How the site is served: one process watches over several that answer, and over the mail worker.

The application is loaded once and then forked, so its tables are in memory once. Each of the
forked processes runs waitress over the same listening sockets: it reads a request as a whole
before a thread works on it and sends answers from a loop, so nobody who sends or reads slowly
holds a thread. There is no access log: an address list of visitors is a dangerous thing to own.
"""

from __future__ import annotations

import errno
import gc
import logging
import os
import resource
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

import waitress

from app.site.quiet import keep_no_cores, keep_quiet_logs, log_in_lines, where
from app.site.rooms import IN_ONE_PROCESS, LARGEST_FILE
from app.site.settings import SettingsError

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

log = logging.getLogger("dear_congress")

THREADS = 2 * IN_ONE_PROCESS + 28
"""In each process: for slow work as many as rooms may take, and the others for reading and signing.
A page takes milliseconds, but while somebody holds the lock of the database whoever signs waits in
a thread, and nobody who reads should stand behind them. A thread that waits costs next to nothing.
"""
CONNECTIONS = 2000
"""Open at once in each process; a connection that waits costs a few kilobytes."""
SILENCE = 20
"""Seconds after which a connection is closed that sends nothing, or takes nothing of an answer."""
LARGEST_HEAD = 16 * 1024
LARGEST_BODY = LARGEST_FILE + 1024 * 1024
"""Bytes. The application has smaller limits for nearly every page and answers with words; this
is for the largest sheet of paper signatures."""
FILES_IN_MEMORY = "/dev/shm"  # noqa: S108 - files there are made without a name
LARGEST_WAITING_ANSWER = 16 * 1024 * 1024
"""Bytes of one answer that are kept for a slow reader, in memory and never in a file."""

PATIENCE = 15.0
"""Seconds for all to finish what they are doing when the site stops; then they are killed."""
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""Seconds before a process is started again that ended soon, doubled each time."""
STEADY = 30.0
"""A process that ran so long is taken to have been well, and is replaced at once."""


def listen(host: str, port: int) -> list[socket.socket]:
    """Sockets on every address that ``host`` has; ``::`` takes IPv4 too.

    Raises ``SettingsError`` with words for the operator.
    """
    shown = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    sockets: list[socket.socket] = []
    try:
        for family, _, _, _, address in dict.fromkeys(
            socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        ):
            both = family == socket.AF_INET6 and host in ("", "::") and socket.has_dualstack_ipv6()
            if not any(s.getsockname() == address for s in sockets):
                sockets.append(
                    socket.create_server(
                        address[:2], family=family, backlog=1024, dualstack_ipv6=both
                    )
                )
            if both:
                break
    except OSError as error:
        for one in sockets:
            one.close()
        if error.errno == errno.EADDRINUSE:
            other = port + 1 if port < 65535 else 8000
            raise SettingsError(
                f"Port {port} is taken, perhaps by this site in another window. Stop that, or "
                f"choose another port: PORT={other} make run"
            ) from None
        raise SettingsError(f"{shown} cannot be served from: {error.strerror}.") from None
    for one in sockets:
        _let_go_of_silent_readers(one)
    return sockets


def _let_go_of_silent_readers(listening: socket.socket) -> None:
    """Have the kernel close a connection whose other end takes nothing for ``SILENCE``.

    Connections inherit it. The server itself closes only those for which no thread works.
    """
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, SILENCE * 1000)


def _keep_bodies_off_the_disk() -> None:
    """Let what is too large to wait in a process wait in memory all the same.

    The server puts a request of over half a megabyte, such as a sheet of paper signatures, into
    a file until it is whole. There it would outlive its deletion on the disk. A file in memory
    does not, and however many send at once can fill no more than the part of the memory that the
    machine sets aside for such files.
    """
    if os.access(FILES_IN_MEMORY, os.W_OK | os.X_OK):
        tempfile.tempdir = FILES_IN_MEMORY


def _answer(application: WSGIApplication, sockets: Sequence[socket.socket]) -> None:
    """Answer requests until this process is told to stop."""
    with suppress(OSError, ValueError):
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    keep_quiet_logs()
    _keep_bodies_off_the_disk()
    server = waitress.create_server(
        application,
        sockets=list(sockets),
        threads=THREADS,
        connection_limit=CONNECTIONS,
        channel_timeout=SILENCE,
        cleanup_interval=5,
        asyncore_use_poll=True,
        max_request_header_size=LARGEST_HEAD,
        max_request_body_size=LARGEST_BODY,
        outbuf_high_watermark=LARGEST_WAITING_ANSWER,
        outbuf_overflow=4 * LARGEST_WAITING_ANSWER,
        log_socket_errors=False,
        ident=None,
        server_name="localhost",
        clear_untrusted_proxy_headers=False,  # the application knows how many to believe
    )
    # A thread that computes gives way five times as often as usual: most requests compute little.
    sys.setswitchinterval(0.001)
    # All threads stand still while garbage is looked for among everything that is alive: a third
    # of a second beside a sheet of 49,000 rows. What requests leave behind is found without that.
    young, middle, _ = gc.get_threshold()
    gc.set_threshold(young, middle, 1000)
    server.run()


@dataclass
class _Child:
    """One process under the watcher: what it does, and how it fared."""

    name: str
    lost: str
    """What its end means, for the operator."""
    work: Callable[[], object]
    pid: int = 0
    started: float = 0.0
    pause: float = 0.0
    due: float = field(default_factory=time.monotonic)


class Watcher:
    """Starts processes, replaces those that end, and ends all when it is told to stop.

    Whatever happens to the watcher itself, its processes end with it: they hold the reading end
    of a pipe that closes when it is gone.
    """

    def __init__(self) -> None:
        self._children: list[_Child] = []
        self._stop = threading.Event()
        self._held, self._alive = os.pipe()

    def add(self, name: str, lost: str, work: Callable[[], object]) -> None:
        """Have ``work`` done in a process of its own."""
        self._children.append(_Child(name, lost, work))

    def stop(self, _signal: int = 0, _frame: FrameType | None = None) -> None:
        """Ask all to end; for a signal."""
        self._stop.set()

    def run(self) -> None:
        """Watch until told to stop."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self.stop)
        # What is loaded by now stays, so garbage is not looked for in it again, and its memory
        # stays shared.
        gc.collect()
        gc.freeze()
        try:
            while not self._stop.is_set():
                for child in self._children:
                    self._look_after(child)
                self._stop.wait(0.1)
        finally:
            self._end_all()

    def _look_after(self, child: _Child) -> None:
        now = time.monotonic()
        if not child.pid:
            if now >= child.due:
                child.started, child.pid = now, self._fork(child)
            return
        ended, status = os.waitpid(child.pid, os.WNOHANG)
        if not ended:
            return
        well = now - child.started > STEADY
        child.pause = 0.0 if well or not child.pause else min(child.pause * 2, LONGEST_PAUSE)
        when = f"in {child.pause:.0f} s" if child.pause else "now"
        log.warning(
            "%s ended by itself (%s). %s Another one starts %s.",
            child.name, _how(status), child.lost, when,
        )  # fmt: skip
        child.pid, child.due = 0, now + child.pause
        child.pause = child.pause or FIRST_PAUSE

    def _fork(self, child: _Child) -> int:
        pid = os.fork()
        if not pid:
            self._be(child)
        return pid

    def _be(self, child: _Child) -> NoReturn:
        status = 1
        try:
            os.close(self._alive)
            for number in (signal.SIGINT, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)  # the watcher hears it and says so
            signal.signal(signal.SIGTERM, _exit_once)
            os.dup2(self._held, 0)
            child.work()
            status = 0
        except SystemExit:
            status = 0
        except BaseException as error:  # noqa: BLE001 - this process has nowhere to raise it
            log.error("%s failed: %s", child.name, where(error))
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)

    def _end_all(self) -> None:
        running = {child.pid for child in self._children if child.pid}
        for pid in running:
            os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + PATIENCE
        while running:
            if time.monotonic() > deadline:
                for pid in running:
                    os.kill(pid, signal.SIGKILL)
            running = {pid for pid in running if not os.waitpid(pid, os.WNOHANG)[0]}
            time.sleep(0.02)


def _exit_once(_signal: int, _frame: FrameType | None) -> NoReturn:
    """A second signal must not break into the end that the first one began: both the watcher and
    its closing pipe send one."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(0)


def _how(status: int) -> str:
    code = os.waitstatus_to_exitcode(status)
    return f"signal {-code}" if code < 0 else f"exit status {code}"


def _end_with_the_watcher() -> None:
    """End this process when its standard input, the watcher's pipe, is closed."""

    def wait() -> None:
        os.read(0, 1)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="watcher gone", daemon=True).start()


def serve(
    application: WSGIApplication,
    sockets: Sequence[socket.socket],
    workers: int,
    *,
    at_start: Callable[[], object] = lambda: None,
    mail: Sequence[str] = (),
    metrics: Callable[[], object] | None = None,
    stream: Callable[[], object] | None = None,
) -> None:
    """Serve until Ctrl-C or SIGTERM, with ``workers`` processes.

    ``at_start`` runs in each of them once. ``mail`` is the command of the mail worker; it has to
    end when its standard input does. ``metrics`` serves numbers and ``stream`` copies every change
    elsewhere, each in a process of its own.
    """
    keep_no_cores()
    log_in_lines()

    def answer() -> None:
        _end_with_the_watcher()
        at_start()
        _answer(application, sockets)

    watcher = Watcher()
    for _ in range(workers):
        watcher.add("A web process", "The others answer until then.", answer)
    if metrics:

        def tell() -> None:
            _end_with_the_watcher()
            metrics()

        watcher.add("The page of numbers", "Visitors do not notice.", tell)
    if mail:
        watcher.add(
            "The mail worker",
            "Mail waits and is not lost.",
            lambda: os.execv(mail[0], list(mail)),  # noqa: S606 - our own words
        )
    if stream is not None:
        lost = "Signing continues. Nothing is copied until then."
        watcher.add("The stream of copies", lost, stream)
    watcher.run()
