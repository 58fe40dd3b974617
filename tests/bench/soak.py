"""Ten minutes of signing as fast as four workers can, and then fault injection.

``make soak`` or ``python -m tests.bench.soak --minutes 10``; ``--minutes 0 --only import`` runs
the faults with this word in their names. Unexpected responses are printed. Everything stays on
loopback. After each fault, the acknowledged signatures are compared with the database, and the
tallies with the rows. A full and a read-only disk need the right to mount a small file system;
without it those two are skipped with a note.
"""

from __future__ import annotations

import http.client
import os
import re
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from app.records import workshop
from app.records.audit import Actor
from app.records.counts import recount
from app.records.database import open_database
from app.records.paper import paper_lock, undo_interrupted
from app.site.settings import load_settings
from tests.attack.test_cores import workers_of
from tests.bench.everything_at_once import Timed, ask
from tests.bench.load import post_all
from tests.bench.people import sign_bodies
from tests.bench.servers import ROOT, Server, serving
from tests.paper.conftest import countable, lock_of, run
from tests.server.test_identity import (
    Site,
    copy_an_earlier_one_over,
    copy_another_over,
    delete,
    lose_person_key,
    move,
    replace_by_a_copy,
)
from tests.workshop.test_records import FOLDER, NOW, C

CLIENTS = 8
PEAK = 481_000 / (6 * 3600)
"""Messages a second: the highest rate documented in this field."""
CHUNK = 400
"""Forms made at a time, so that none expires before it is sent."""


def memory(server: Server) -> float:
    """The memory of all processes of a site in megabytes, shared pages counted once."""
    total = 0
    for pid in (server.process.pid, *workers_of(server)):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        total += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024


def summarize(status: int, text: str) -> str:
    """A response in one line: its heading, or else its first nonempty line."""
    heading = re.search(r"<h1[^>]*>(.*?)</h1>", text, re.DOTALL)
    lines = [heading[1]] if heading else [line for line in text.splitlines() if line.strip()]
    return f"{status}: {' '.join(lines[0].split())[:200] if lines else 'nothing'}"


def counted(database: Path) -> int:
    with closing(sqlite3.connect(database)) as db:
        return int(db.execute("SELECT count(*) FROM signatures").fetchone()[0])


# --- Sustained signing ---------------------------------------------------------------------------


def sign_for(server: Server, seconds: float) -> tuple[Timed, int, list[float]]:
    """Sign as fast as possible; the times, the number acknowledged, and ten memory samples."""
    timed, sizes, acknowledged = Timed(), [], 0
    lock, stop = threading.Lock(), threading.Event()
    bodies: list[bytes] = []
    made, begin = 0, time.monotonic()

    def next_body() -> bytes:
        nonlocal made
        with lock:
            if not bodies:
                bodies.extend(sign_bodies(server.instance, CHUNK, first=made))
                made += CHUNK
            return bodies.pop()

    def sign() -> None:
        nonlocal acknowledged
        while not stop.is_set():
            took, status, text = ask(server.port, "POST", "/sign", next_body())
            with lock:
                timed.add(took, status)
                acknowledged += status == 307
                if status != 307:
                    print(f"  after {time.monotonic() - begin:.0f} s {summarize(status, text)}")

    threads = [threading.Thread(target=sign) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for _ in range(10):
        stop.wait(seconds / 10)
        sizes.append(memory(server))
    stop.set()
    for thread in threads:
        thread.join()
    return timed, acknowledged, sizes


def long_run(minutes: float) -> None:
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        instance = Path(folder)
        whole = stack.enter_context(serving("wsgi:app", instance))
        bare = stack.enter_context(serving("tests.bench.bare:app", instance))
        load = os.getloadavg()[0]
        bodies = sign_bodies(instance, 400, first=10**7)
        plain = post_all(bare.port, "/sign", bodies, expect=200)
        timed, acknowledged, sizes = sign_for(whole, 60 * minutes)
        rate = acknowledged / (60 * minutes)
        machine = f"load of this machine before: {load:.1f} on {os.cpu_count()} processors"
        print(f"Signing for {minutes:g} minutes, 4 workers, {CLIENTS} clients ({machine})")
        print(timed.line("signing"))
        print(f"  {rate:.0f} a second: {rate / plain.rate:.2f} of a bare durable insert, "
              f"{rate / PEAK:.0f} times 481,000 in six hours")  # fmt: skip
        print("  memory in MB at ten moments: " + ", ".join(f"{size:.0f}" for size in sizes))
        stored = counted(instance / "dear-congress.db")
        print(f"  acknowledged {acknowledged}, stored {stored}")
        with closing(open_database(instance / "dear-congress.db")) as db:
            print(f"  tallies {'agree' if not recount(db) else 'DO NOT AGREE'}")


# --- Faults --------------------------------------------------------------------------------------


def needs_operator(_site: Site, _kept: object) -> None:
    """The end of a fault that only an operator can repair."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault: how to inject it and how to end it."""

    name: str
    begin: Callable[[Site], object]
    end: Callable[[Site, object], None] = needs_operator
    refuses: bool = False
    """Whether the site accepts nothing meanwhile."""


def workers(site: Site, number: signal.Signals) -> None:
    for pid in workers_of(site.server):
        os.kill(pid, number)


def hold_lock(site: Site) -> sqlite3.Connection:
    other = sqlite3.connect(site.database, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    return other


def free_lock(_site: Site, other: object) -> None:
    assert isinstance(other, sqlite3.Connection)
    other.execute("ROLLBACK")
    other.close()


def take_descriptors(site: Site) -> dict[int, tuple[int, int]]:
    """Let no process of the site open another file."""
    kept = {}
    for pid in workers_of(site.server):
        kept[pid] = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (3, kept[pid][1]))
    return kept


def give_descriptors(_site: Site, kept: object) -> None:
    assert isinstance(kept, dict)
    for pid, limit in kept.items():
        resource.prlimit(pid, resource.RLIMIT_NOFILE, limit)


def fill_disk(site: Site) -> Path:
    filler = site.database.parent / "filler"
    with filler.open("wb") as file:
        try:
            while True:
                file.write(b"x" * 65536)
                file.flush()
        except OSError:
            pass
    return filler


def empty_disk(_site: Site, filler: object) -> None:
    assert isinstance(filler, Path)
    filler.unlink()


FAULTS = (
    Fault("a web process is killed", lambda s: os.kill(workers_of(s.server)[0], signal.SIGKILL)),
    Fault("all web processes are killed", lambda s: workers(s, signal.SIGKILL)),
    Fault("one web process stands still",
          lambda s: os.kill(workers_of(s.server)[0], signal.SIGSTOP),
          lambda s, _: workers(s, signal.SIGCONT)),
    Fault("the process above them stands still",
          lambda s: os.kill(s.server.process.pid, signal.SIGSTOP),
          lambda s, _: os.kill(s.server.process.pid, signal.SIGCONT)),
    Fault("no file can be opened any more", take_descriptors, give_descriptors),
    Fault("the database is locked", hold_lock, free_lock, refuses=True),
    *(Fault(f"the database: {act.__name__.replace('_', ' ')}", act, refuses=True)
      for act in (delete, move, replace_by_a_copy, copy_an_earlier_one_over, copy_another_over)),
    Fault("the database: lose person key", lose_person_key, refuses=True),
)  # fmt: skip
FULL = Fault("the disk is full", fill_disk, empty_disk, refuses=True)


def try_to_sign(site: Site, times: int) -> list[int]:
    """The statuses of ``times`` attempts; 0 where the connection was cut."""
    found = []
    for _ in range(times):
        try:
            status, text = site.sign()
            found.append(status)
            if status not in (307, 503):
                print(f"    a signer was told {summarize(status, text)}", flush=True)
        except (OSError, http.client.HTTPException):
            found.append(0)
            time.sleep(0.2)
    return found


def recovery_seconds(site: Site) -> float:
    """Seconds until a signature is accepted again."""
    begin = time.monotonic()
    while try_to_sign(site, 1) != [307]:
        if time.monotonic() - begin > 60:
            raise SystemExit("the site does not come back")
        time.sleep(0.1)
    return time.monotonic() - begin


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """Mount a 64 MB file system at ``folder``."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False)


def inject(fault: Fault, *, disk: bool = False) -> str:
    """Inject one fault into a fresh site; returns the outcome in one line."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        instance = Path(folder) / "instance"
        instance.mkdir(mode=0o700)
        if disk:
            stack.enter_context(small_disk(instance))
        load_settings({}, instance=instance)
        server = stack.enter_context(serving("wsgi:app", instance, workers=2))
        site = Site(server)
        site.bodies = iter(sign_bodies(instance, 2000))
        assert try_to_sign(site, 6) == [307] * 6
        kept = fault.begin(site)
        during = try_to_sign(site, 6)
        lost_file = fault.refuses and fault.end is needs_operator
        if fault.refuses and 307 in during:
            return "ACKNOWLEDGED what it could not keep"
        if lost_file:
            pages = site.ask("GET", "/")[0]
            return f"takes nothing ({', '.join(sorted({str(s) for s in during}))}), pages {pages}"
        fault.end(site, kept)
        back = recovery_seconds(site)
        time.sleep(0.2)
        stored = counted(site.database)
        with closing(open_database(site.database)) as db:
            sound = not recount(db)
        lost = site.acknowledged - stored
        answers = ", ".join(f"{during.count(s)} × {s or 'cut off'}" for s in sorted(set(during)))
        return (
            f"meanwhile {answers}; signs again after {back:.1f} s; "
            f"lost {max(lost, 0)}, tallies {'agree' if sound else 'DO NOT AGREE'}"
        )


def read_only() -> str:
    """Start a site on a writable, a read-only, and again a writable disk."""
    found = []
    with tempfile.TemporaryDirectory() as folder, small_disk(Path(folder)):
        instance = Path(folder)
        load_settings({}, instance=instance)
        bodies = iter(sign_bodies(instance, 3))
        for how in ("rw", "ro", "rw"):
            subprocess.run(["mount", "-o", f"remount,{how}", folder], check=True)
            with serving("wsgi:app", instance, workers=2) as server:
                signed = ask(server.port, "POST", "/sign", next(bodies))[1]
                ready, home = (ask(server.port, "GET", path)[1] for path in ("/readyz", "/"))
                found.append(f"{how}: signing {signed}, /readyz {ready}, pages {home}")
    return "; ".join(found)


def master_killed() -> str:
    """Kill all processes under load, and restart the site."""
    with tempfile.TemporaryDirectory() as folder:
        instance = Path(folder)
        with serving("wsgi:app", instance, workers=2) as server:
            bodies = sign_bodies(instance, 2000)
            stop = threading.Timer(2, server.kill_all)
            stop.start()
            first = post_all(server.port, "/sign", bodies, expect=307)
            stop.join()
        with serving("wsgi:app", instance, workers=2) as server:
            again = [bodies[index] for index in first.acknowledged]
            before = counted(instance / "dear-congress.db")
            post_all(server.port, "/sign", again, expect=307)
            after = counted(instance / "dear-congress.db")
    lost = max(0, len(again) - before)
    return f"acknowledged {len(again)}, there {before}: lost {lost}, doubled {after - before}"


def killed_at_every_statement(
    folder: Path, work: Callable[[sqlite3.Connection], object],
    look: Callable[[sqlite3.Connection], object],
) -> str:  # fmt: skip
    """Kill a process that does ``work`` at its first SQL statement, its second and so on.

    ``look`` describes what is there afterward, which must be all of it or nothing.
    """
    seen: list[object] = []
    number = 0
    while True:
        number += 1
        path = folder / f"{number}.db"
        open_database(path).close()
        child = os.fork()
        if not child:
            _work_until(path, work, number)
        ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        with closing(open_database(path)) as db:
            undo_interrupted(db, lock_of(db))
            undo_interrupted(db, paper_lock(folder))
            seen.append(look(db))
            if recount(db):
                return f"killed at statement {number}: TALLIES DO NOT AGREE"
        if ended == 0:
            break
    kinds = list(dict.fromkeys(map(str, seen)))
    return f"{number - 1} statements; afterwards there was {' or '.join(kinds)}"


def _work_until(path: Path, work: Callable[[sqlite3.Connection], object], number: int) -> None:
    status = 1
    try:
        db = open_database(path)
        left = number

        def count(_statement: str) -> None:
            nonlocal left
            left -= 1
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)

        db.set_trace_callback(count)
        work(db)
        status = 0
    finally:
        os._exit(status)


def publish(db: sqlite3.Connection) -> None:
    """Save a draft and publish it."""
    saved = workshop.save_draft(Actor(db, "Rosa", NOW), C, "a.txt", "second", base=0)
    assert isinstance(saved, workshop.FileVersion)
    workshop.publish(
        Actor(db, "Rosa", NOW), C, {"a.txt": saved.id}, folder=FOLDER,
        seen=workshop.change_counter(db, C),
    )  # fmt: skip


def import_killed() -> str:
    with tempfile.TemporaryDirectory() as folder:
        rows = countable(3)
        return killed_at_every_statement(
            Path(folder), lambda db: run(db, rows),
            lambda db: f"{counted(Path(db.execute('PRAGMA database_list').fetchone()[2]))} rows",
        )  # fmt: skip


def publication_killed() -> str:
    with tempfile.TemporaryDirectory() as folder:
        return killed_at_every_statement(
            Path(folder), publish,
            lambda db: f"“{workshop.live_files(db, C, FOLDER).files['a.txt']}” live",
        )  # fmt: skip


def run_tests(*chosen: str) -> str:
    """Run tests; returns their last line of output."""
    command = [sys.executable, "-m", "pytest", "-q", "-o", "addopts=", *chosen]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        print(done.stdout, flush=True)
    return f"tests: {done.stdout.strip().splitlines()[-1]}"


def faults(only: str = "") -> None:
    """Inject each fault in turn; with ``only``, those with it in their names."""
    parts: dict[str, Callable[[], str]] = {f.name: partial(inject, f) for f in FAULTS}
    if os.geteuid() == 0 and shutil.which("mount") and sys.platform == "linux":
        parts[FULL.name] = partial(inject, FULL, disk=True)
        parts["the disk is read-only, then not"] = read_only
    else:
        print("  A full and a read-only disk were left out: that needs the right to mount one.")
    parts["all killed under load, started again"] = master_killed
    parts["an import killed at every statement"] = import_killed
    parts["an import in its own process is killed"] = partial(
        run_tests, "tests/paper/test_apart.py", "-k", "killed or dead or closing"
    )
    parts["a publication killed at every statement"] = publication_killed
    parts["an upgrade killed at every statement"] = partial(
        run_tests, "tests/records/test_backup.py", "-k", "killed_at_any_statement"
    )
    parts["mail servers in every mood"] = partial(run_tests, "tests/delivery/test_smtp.py")
    parts["a clock that is set"] = partial(run_tests, "tests/web/test_signing.py", "-k", "clock")
    print("Faults, each on a site of its own with two web processes")
    for name, outcome in parts.items():
        if only in name:
            print(f"  {name:<46}{outcome()}", flush=True)


def main(arguments: list[str]) -> None:
    minutes = float(arguments[arguments.index("--minutes") + 1]) if "--minutes" in arguments else 10
    if minutes:
        long_run(minutes)
    faults(arguments[arguments.index("--only") + 1] if "--only" in arguments else "")


if __name__ == "__main__":
    main(sys.argv[1:])
