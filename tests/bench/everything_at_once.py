"""Everything slow and hostile at once, while people find their members and sign.

The geocoder hangs while streets are looked up, sixteen PDF books and exports of a million rows are
requested continuously, the largest sheet of signatures is uploaded, another process holds the
write lock for 0.2 of every second, 200 connections a second open and never send a whole request,
and the limits' Redis is dead. The goals on an otherwise idle machine: signing with a p99 under
500 ms and finds under 100 ms; nothing acknowledged is lost, nothing is counted twice.
``--without-lock`` leaves the lock out (goal: 300 ms).
"""

from __future__ import annotations

import http.client
import multiprocessing
import os
import re
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BytesIO
from multiprocessing.connection import Connection
from pathlib import Path
from socket import create_connection, create_server
from urllib.parse import urlencode

from xlsxwriter import Workbook  # type: ignore[import-untyped]

from app.records import organizers
from app.records.audit import Actor
from app.records.counts import recount
from app.records.database import open_database, writing
from tests.bench.fill import fill
from tests.bench.load import FORM
from tests.bench.people import PLACES, sign_bodies
from tests.bench.servers import Server, serving

SIGNERS, FINDERS, BOOKS, STREETS = 4, 2, 16, 16
OTHERS = ("street", "book", "export", "upload")
CONNECTIONS_A_SECOND = 200
PACE = 0.05
"""Seconds between a person's requests: about 80 signatures a second in all at most, four times the
highest rate documented in this field."""
LOCK = """
import sqlite3, sys, time
db = sqlite3.connect(sys.argv[1], timeout=60, isolation_level=None)
print("ready", flush=True)
while True:
    db.execute("BEGIN IMMEDIATE")
    time.sleep(0.2)
    db.execute("ROLLBACK")
    time.sleep(0.8)
"""


@dataclass
class Timed:
    """The durations and statuses of one kind of request."""

    seconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)

    def add(self, seconds: float, status: int) -> None:
        self.seconds.append(seconds)
        self.statuses[status] += 1

    def share(self, percent: int) -> float:
        """The percentile in milliseconds."""
        if len(self.seconds) < 2:
            return 1000 * sum(self.seconds)
        return 1000 * statistics.quantiles(self.seconds, n=100, method="inclusive")[percent - 1]

    def line(self, name: str, goal: str = "") -> str:
        answers = ", ".join(f"{n} × {status or 'cut off'}" for status, n in self.statuses.items())
        return (
            f"  {name:<36}{len(self.seconds):7d}  median {self.share(50):6.0f} ms  "
            f"p99 {self.share(99):6.0f} ms{goal}  ({answers})"
        )


@dataclass
class Trouble:
    """Threads that repeat their work until ``end``."""

    stop: threading.Event = field(default_factory=threading.Event)
    threads: list[threading.Thread] = field(default_factory=list)

    def repeat(self, act: Callable[[], None], times: int = 1) -> None:
        def work() -> None:
            while not self.stop.is_set():
                with suppress(OSError, http.client.HTTPException):
                    act()

        for _ in range(times):
            self.threads.append(threading.Thread(target=work))
            self.threads[-1].start()

    def end(self) -> None:
        self.stop.set()
        for thread in self.threads:
            thread.join()


def ask(
    port: int, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
) -> tuple[float, int, str]:
    """The seconds, status and text of one request on a new connection."""
    begin = time.perf_counter()
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request(method, path, body, headers or FORM)
        response = connection.getresponse()
        text = response.read().decode(errors="replace")
    return time.perf_counter() - begin, response.status, text


def organizer(instance: Path) -> dict[str, str]:
    """The cookie of an admin who has just typed their password."""
    with closing(open_database(instance / "dear-congress.db")) as db:
        now = datetime.now(UTC)
        organizers.add_organizer(Actor(db, "bench", now), "Bench", "admin")
        found = organizers.organizer_by_name(db, "Bench")
        assert found is not None
        with writing(db):
            opened = organizers.open_session(db, found, "full", "bench", now)
    return {"Cookie": f"organizer={opened.token}"}


def workbook(rows: int) -> bytes:
    """A sheet with ``rows`` people, each with every column."""
    data = BytesIO()
    with Workbook(data, {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ("First name", "Last name", "Street", "City", "State", "ZIP"))
        for row in range(1, rows + 1):
            zip5, state, city = PLACES[row % len(PLACES)]
            who = ("Imani", f"Sheet{row}", f"{row} Pine St", city, state, zip5)
            sheet.write_row(row, 0, who)
    return data.getvalue()


def upload(port: int, cookie: dict[str, str], file: bytes) -> int:
    token = re.search(r'name="token" value="([^"]+)"', ask(
        port, "GET", "/organize/paper/upload", headers=cookie)[2])  # fmt: skip
    if token is None:
        return 0
    edge = "-----bench"
    fields = f'--{edge}\r\nContent-Disposition: form-data; name="token"\r\n\r\n{token[1]}\r\n'
    head = f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="s.xlsx"\r\n\r\n'
    body = fields.encode() + head.encode() + file + f"\r\n--{edge}--\r\n".encode()
    kind = {"Content-Type": f"multipart/form-data; boundary={edge}"}
    return ask(port, "POST", "/organize/paper/upload", body, {**cookie, **kind})[1]


@contextmanager
def hanging_geocoder() -> Iterator[str]:
    """An address that accepts connections and never responds."""
    with create_server(("127.0.0.1", 0), backlog=512) as silent:
        yield f"http://127.0.0.1:{silent.getsockname()[1]}/geographies/onelineaddress"


@contextmanager
def held_lock(database: Path) -> Iterator[None]:
    """Another process that holds the write lock for 0.2 of every second."""
    command = [sys.executable, "-c", LOCK, str(database)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        yield
        process.kill()


@dataclass
class Measured:
    """The results of a run."""

    signing: Timed = field(default_factory=Timed)
    finding: Timed = field(default_factory=Timed)
    numbers: Timed = field(default_factory=Timed)
    others: dict[str, Timed] = field(default_factory=dict)
    acknowledged: int = 0
    stored: int = 0
    sound: bool = False


def people(server: Server, measured: Measured, bodies: Sequence[bytes], seconds: float) -> None:
    """Run finders and signers for ``seconds``: the measured part."""
    left, lock = iter(bodies), threading.Lock()
    doing = Trouble()

    def sign() -> None:
        with lock:
            body = next(left, None)
        if body is None:
            doing.stop.set()
            return
        took, status, _ = ask(server.port, "POST", "/sign", body)
        with lock:
            measured.signing.add(took, status)
            measured.acknowledged += status == 307
        doing.stop.wait(PACE)

    def find() -> None:
        took, status, _ = ask(server.port, "POST", "/find", b"zip=01930&state=MA")
        measured.finding.add(took, status)
        took, status, _ = ask(server.port, "GET", "/counts.json")
        measured.numbers.add(took, status)
        doing.stop.wait(PACE)

    doing.repeat(sign, SIGNERS)
    doing.repeat(find, FINDERS)
    doing.stop.wait(seconds)
    doing.end()


def trouble(
    port: int, cookie: dict[str, str], sheet: bytes, others: dict[str, Timed]
) -> Trouble:  # fmt: skip
    """Start everything else."""
    doing = Trouble()
    street = urlencode({"zip": "60647", "state": "IL", "street": "3 Oak St", "city": "Chicago",
                        "lookup": "street"}).encode()  # fmt: skip

    def begin_connections() -> None:
        with ExitStack() as stack:
            for _ in range(CONNECTIONS_A_SECOND // 20):
                one = stack.enter_context(create_connection(("127.0.0.1", port), timeout=5))
                one.sendall(b"POST /sign HTTP/1.1\r\nHost: localh")
            doing.stop.wait(0.05)

    def note(name: str, path: str) -> Callable[[], None]:
        def act() -> None:
            took, status, _ = ask(port, "GET", path, headers=cookie)
            others[name].add(took, status)
            doing.stop.wait(1 if status == 503 else 0)

        return act

    def look_up() -> None:
        took, status, _ = ask(port, "POST", "/find", street)
        others["street"].add(took, status)
        doing.stop.wait(0.2)

    def send_sheet() -> None:
        begin = time.perf_counter()
        others["upload"].add(0, upload(port, cookie, sheet))
        others["upload"].seconds[-1] = time.perf_counter() - begin

    doing.repeat(begin_connections)
    doing.repeat(note("book", "/organize/offices/all.pdf"), BOOKS)
    doing.repeat(note("export", "/organize/counts/export/file?shape=signatures&format=xlsx"))
    doing.repeat(note("export", "/organize/counts/export/file?shape=letters&format=csv"))
    doing.repeat(look_up, STREETS)
    doing.repeat(send_sheet)
    return doing


def _run_trouble(
    port: int, cookie: dict[str, str], sheet: bytes, end: Connection[dict[str, Timed], None]
) -> None:
    others = {name: Timed() for name in OTHERS}
    doing = trouble(port, cookie, sheet, others)
    end.recv()
    doing.end()
    end.send(others)


@contextmanager
def trouble_in_subprocess(
    port: int, cookie: dict[str, str], sheet: bytes
) -> Iterator[Callable[[], dict[str, Timed]]]:
    """Run the trouble in a subprocess, so that reading its responses does not slow the others.

    Yields a function that ends it and returns its times; the site must have ended before.
    """
    processes = multiprocessing.get_context("spawn")
    ours, theirs = processes.Pipe()
    child = processes.Process(target=_run_trouble, args=(port, cookie, sheet, theirs))
    child.start()

    def end() -> dict[str, Timed]:
        ours.send(None)
        found: dict[str, Timed] = ours.recv()
        return found

    try:
        yield end
    finally:
        child.join(30)
        child.kill()


def run(seconds: float, rows: int, sheet_rows: int, *, lock: bool = True) -> Measured:
    """Everything at once for ``seconds``, on a fresh site with ``rows`` signatures."""
    measured = Measured()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        instance = Path(folder)
        database = instance / "dear-congress.db"
        fill(database, rows)
        os.sync()  # flush the filled database before measuring
        (instance / "person.key").write_text("p" * 20 + os.urandom(16).hex())
        (instance / "secret.key").write_text("s" * 20 + os.urandom(16).hex())
        geocoder = stack.enter_context(hanging_geocoder())
        with create_server(("127.0.0.1", 0)) as free:
            dead = f"redis://127.0.0.1:{free.getsockname()[1]}"
        server = stack.enter_context(serving(
            "wsgi:app", instance, workers=4, DEAR_CONGRESS_GEOCODER_URL=geocoder,
            DEAR_CONGRESS_LIMITS="on", DEAR_CONGRESS_LIMITS_URL=dead,
        ))  # fmt: skip
        cookie = organizer(instance)
        bodies = sign_bodies(instance, int(seconds * SIGNERS / PACE))
        sheet = workbook(sheet_rows)
        if lock:
            stack.enter_context(held_lock(database))
        with trouble_in_subprocess(server.port, cookie, sheet) as end:
            try:
                people(server, measured, bodies, seconds)
            finally:
                server.kill_all()
                measured.others = end()
        with closing(sqlite3.connect(database)) as db:
            (everything,) = db.execute("SELECT count(*) FROM signatures").fetchone()
            measured.stored = everything - rows
        with closing(open_database(database)) as db:
            measured.sound = not recount(db)
    return measured


def main(arguments: Sequence[str] = ()) -> None:
    lock, small = "--without-lock" not in arguments, "--small" in arguments
    seconds, rows, sheet = (5.0, 20_000, 3_000) if small else (30.0, 1_000_000, 49_000)
    load = os.getloadavg()[0]
    found = run(seconds, rows, sheet, lock=lock)
    print(f"Everything at once for {seconds:.0f} s, {rows:,} signatures, 4 workers"
          f" (load of this machine before: {load:.1f} on {os.cpu_count()} processors)")  # fmt: skip
    print(found.signing.line("signing", f" (goal: {500 if lock else 300})"))
    print(found.finding.line("finding", " (goal: 100)"))
    print(found.numbers.line("public numbers", " (goal: 100)"))
    for name, timed in found.others.items():
        print(timed.line(name))
    lost = max(0, found.acknowledged - found.stored)
    print(f"  acknowledged {found.acknowledged}, stored {found.stored}: lost {lost}; "
          f"the tallies {'agree' if found.sound else 'do NOT agree'}")  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1:])
