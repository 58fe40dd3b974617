"""Serving the site: one process supervises several web processes and the mail worker.

The application is loaded once and then forked, so its tables are in memory once. Each forked
process runs waitress on the same listening sockets. It reads each request whole before a thread
handles it and sends responses from its event loop, so a slow client never holds a thread. There
is no access log: a list of visitors' addresses is dangerous to own.
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
from app.site.rooms import LARGEST_FILE, SLOW_THREADS
from app.site.settings import SettingsError

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

log = logging.getLogger("dear_congress")

THREADS = 2 * SLOW_THREADS + 28
"""Per process: as many as slow work in rooms may take, plus 28 for reading and signing.

A page takes milliseconds, but while the database is locked each signer waits in a thread, and
readers must not queue behind them. A waiting thread costs next to nothing.
"""
CONNECTIONS = 2000
"""Open at once in each process; an idle connection costs a few kilobytes."""
IDLE_SECONDS = 20
"""Seconds after which a connection that neither sends nor reads is closed."""
LARGEST_HEADER = 16 * 1024
LARGEST_BODY = LARGEST_FILE + 1024 * 1024
"""Bytes, for the largest sheet of paper signatures. Nearly every page has a smaller limit and
explains a refusal."""
FILES_IN_MEMORY = "/dev/shm"  # noqa: S108 - files there are unnamed
LARGEST_BUFFERED_RESPONSE = 16 * 1024 * 1024
"""Bytes of one response buffered for a slow reader, in memory and never in a file."""

STOP_SECONDS = 15.0
"""How long processes may take to finish when the site stops, before they are killed."""
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""Delay before a process that ended early is restarted, in seconds; doubled each time."""
STEADY_SECONDS = 30.0
"""A process that ran this many seconds was healthy and is restarted at once."""


def listen(host: str, port: int) -> list[socket.socket]:
    """Listening sockets on every address of ``host`` that this machine has; ``::`` accepts IPv4
    too.

    ``localhost`` is usually ``::1`` too, even where IPv6 is turned off. Raises ``SettingsError``
    with a message for the operator.
    """
    shown = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    sockets: list[socket.socket] = []
    missing = OSError(errno.EADDRNOTAVAIL, "it has no address")
    try:
        for family, _, _, _, address in dict.fromkeys(
            socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        ):
            both = family == socket.AF_INET6 and host in ("", "::") and socket.has_dualstack_ipv6()
            if any(s.getsockname() == address for s in sockets):
                continue
            try:
                sockets.append(
                    socket.create_server(
                        address[:2], family=family, backlog=1024, dualstack_ipv6=both
                    )
                )
            except OSError as error:
                if error.errno not in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                    raise
                missing = error
            if both:
                break
        if not sockets:
            raise missing
    except OSError as error:
        for one in sockets:
            one.close()
        if error.errno == errno.EADDRINUSE:
            other = port + 1 if port < 65535 else 8000
            raise SettingsError(
                f"Port {port} is already in use, perhaps by this site in another window. Stop "
                f"that one, or choose another port: PORT={other} make run"
            ) from None
        raise SettingsError(f"Cannot serve on {shown}: {error.strerror}.") from None
    for one in sockets:
        _close_stalled_connections(one)
    return sockets


def _close_stalled_connections(listening: socket.socket) -> None:
    """Have the kernel close a connection whose client acknowledges nothing for ``IDLE_SECONDS``.

    Connections inherit the option. waitress itself closes only those that no thread serves.
    """
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, IDLE_SECONDS * 1000)


def _keep_bodies_off_the_disk() -> None:
    """Buffer large request bodies in memory-backed files.

    waitress writes a request of over half a megabyte, for example a sheet of paper signatures, to
    a temporary file until it is complete. On disk its contents would outlive the deletion. A
    memory-backed file does not, and concurrent uploads can fill no more than the space that the
    machine reserves for such files.
    """
    if os.access(FILES_IN_MEMORY, os.W_OK | os.X_OK):
        tempfile.tempdir = FILES_IN_MEMORY


def _run_web_process(application: WSGIApplication, sockets: Sequence[socket.socket]) -> None:
    """Serve requests until this process is told to stop."""
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
        channel_timeout=IDLE_SECONDS,
        cleanup_interval=5,
        asyncore_use_poll=True,
        max_request_header_size=LARGEST_HEADER,
        max_request_body_size=LARGEST_BODY,
        outbuf_high_watermark=LARGEST_BUFFERED_RESPONSE,
        outbuf_overflow=4 * LARGEST_BUFFERED_RESPONSE,
        log_socket_errors=False,
        ident=None,
        server_name="localhost",
        clear_untrusted_proxy_headers=False,  # the application knows how many to trust
    )
    # Switch threads five times as often as by default: most requests compute little.
    sys.setswitchinterval(0.001)
    # A full garbage collection stops all threads, for a third of a second when a sheet of 49,000
    # rows is loaded. The younger generations catch what requests leave behind.
    young, middle, _ = gc.get_threshold()
    gc.set_threshold(young, middle, 1000)
    server.run()


@dataclass
class _Child:
    """One supervised process and its restart state."""

    name: str
    lost: str
    """What its death means, for the operator."""
    work: Callable[[], object]
    pid: int = 0
    started: float = 0.0
    pause: float = 0.0
    due: float = field(default_factory=time.monotonic)


class Watcher:
    """Starts processes, restarts those that end, and stops all of them on a signal.

    If the watcher itself dies, its processes end too: they hold the read end of a pipe that
    closes with it.
    """

    def __init__(self) -> None:
        self._children: list[_Child] = []
        self._stop = threading.Event()
        self._read_end, self._write_end = os.pipe()

    def add(self, name: str, lost: str, work: Callable[[], object]) -> None:
        """Run ``work`` in a separate process."""
        self._children.append(_Child(name, lost, work))

    def stop(self, _signal: int = 0, _frame: FrameType | None = None) -> None:
        """Stop all processes; a signal handler."""
        self._stop.set()

    def run(self) -> None:
        """Supervise until told to stop."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self.stop)
        # Everything loaded so far is permanent: exclude it from garbage collection, which also
        # keeps its pages shared after the fork.
        gc.collect()
        gc.freeze()
        try:
            while not self._stop.is_set():
                for child in self._children:
                    self._check(child)
                self._stop.wait(0.1)
        finally:
            self._stop_all()

    def _check(self, child: _Child) -> None:
        now = time.monotonic()
        if not child.pid:
            if now >= child.due:
                child.started, child.pid = now, self._fork(child)
            return
        ended, status = os.waitpid(child.pid, os.WNOHANG)
        if not ended:
            return
        healthy = now - child.started > STEADY_SECONDS
        child.pause = 0.0 if healthy or not child.pause else min(child.pause * 2, LONGEST_PAUSE)
        when = f"in {child.pause:.0f} s" if child.pause else "now"
        log.warning(
            "%s ended unexpectedly (%s). %s It restarts %s.",
            child.name, _describe_exit(status), child.lost, when,
        )  # fmt: skip
        child.pid, child.due = 0, now + child.pause
        child.pause = child.pause or FIRST_PAUSE

    def _fork(self, child: _Child) -> int:
        pid = os.fork()
        if not pid:
            self._run_child(child)
        return pid

    def _run_child(self, child: _Child) -> NoReturn:
        status = 1
        try:
            os.close(self._write_end)
            for number in (signal.SIGINT, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)  # the watcher handles it and sends SIGTERM
            signal.signal(signal.SIGTERM, _exit_once)
            os.dup2(self._read_end, 0)
            child.work()
            status = 0
        except SystemExit:
            status = 0
        except BaseException as error:  # noqa: BLE001 - nothing above catches it
            log.error("%s failed: %s", child.name, where(error))
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)

    def _stop_all(self) -> None:
        running = {child.pid for child in self._children if child.pid}
        for pid in running:
            os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while running:
            if time.monotonic() > deadline:
                for pid in running:
                    os.kill(pid, signal.SIGKILL)
            running = {pid for pid in running if not os.waitpid(pid, os.WNOHANG)[0]}
            time.sleep(0.02)


def _exit_once(_signal: int, _frame: FrameType | None) -> NoReturn:
    """Exit, ignoring a second signal so that it cannot interrupt the exit: both the watcher and
    its closing pipe send one."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(0)


def _describe_exit(status: int) -> str:
    code = os.waitstatus_to_exitcode(status)
    return f"signal {-code}" if code < 0 else f"exit status {code}"


def end_with_parent() -> None:
    """End this process when its standard input closes: its parent, which held the pipe, is gone."""

    def wait() -> None:
        while os.read(0, 1024):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="parent gone", daemon=True).start()


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

    ``at_start`` runs once in each of them. ``mail`` is the command of the mail worker, which must
    exit when its standard input closes. ``metrics`` serves numbers and ``stream`` copies every
    change elsewhere, each in a separate process.
    """
    keep_no_cores()
    log_in_lines()

    def answer() -> None:
        end_with_parent()
        at_start()
        _run_web_process(application, sockets)

    watcher = Watcher()
    for _ in range(workers):
        watcher.add("A web process", "The others answer meanwhile.", answer)
    if metrics:

        def tell() -> None:
            end_with_parent()
            metrics()

        watcher.add("The metrics process", "Visitors do not notice.", tell)
    if mail:
        watcher.add(
            "The mail worker",
            "Mail waits in the queue.",
            lambda: os.execv(mail[0], list(mail)),  # noqa: S606 - a fixed command
        )
    if stream is not None:
        lost = "Signing continues. Nothing is streamed until then."
        watcher.add("The stream process", lost, stream)
    watcher.run()
