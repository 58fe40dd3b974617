"""A crashing process leaves no core dump, which would contain what people typed."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.attack.test_running_site import MARKS, PERSON, ask, token
from tests.bench.people import sign_form
from tests.bench.servers import ROOT, Server, serving

pytestmark = pytest.mark.slow

ABORT = "import os; os.abort()"


@pytest.fixture
def cores_wanted() -> Iterator[None]:
    """Let this test's child processes write cores as large as the machine allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_CORE, (soft, hard))


def dumped(folder: Path, code: str) -> bool:
    """Whether the kernel dumped a Python that runs ``code`` in ``folder``."""
    child = subprocess.Popen(
        [sys.executable, "-c", code], cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    _, status = os.waitpid(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == -signal.SIGABRT
    return os.WCOREDUMP(status)


def places() -> list[Path]:
    """Where this machine puts cores: in the process's folder, or where the core pattern says."""
    found = [ROOT, ROOT / "app"]
    pattern = Path("/proc/sys/kernel/core_pattern")
    if pattern.exists() and (text := pattern.read_text().strip()).startswith("/"):
        found.append(Path(text).parent)
    return found


def cores() -> set[Path]:
    return {path for folder in places() for path in folder.glob("*core*") if path.is_file()}


@pytest.mark.usefixtures("cores_wanted")
def test_a_crashed_process_leaves_no_core_dump(tmp_path: Path) -> None:
    ours, other = tmp_path / "ours", tmp_path / "other"
    ours.mkdir()
    other.mkdir()
    keep = "from app.site.quiet import keep_no_cores; keep_no_cores();"
    assert not dumped(ours, keep + ABORT)
    assert list(ours.iterdir()) == []
    limited = resource.getrlimit(resource.RLIMIT_CORE)[0] == 0
    if not limited and Path("/proc/sys/kernel/core_pattern").read_text().strip() == "core":
        assert dumped(other, ABORT), "then this test could not fail"


def workers_of(server: Server) -> list[int]:
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
    return [int(number) for number in children.read_text().split()]


@pytest.mark.skipif(sys.platform != "linux", reason="finds the workers in /proc")
@pytest.mark.usefixtures("cores_wanted")
def test_an_aborted_worker_leaves_no_core_and_the_site_keeps_running(tmp_path: Path) -> None:
    before = cores()
    with serving("wsgi:app", tmp_path, workers=2) as running:
        form = {**sign_form(1, token(running)), **PERSON}
        assert ask(running, "POST", "/sign", urlencode(form).encode())[0] == 307
        gone = workers_of(running)
        assert len(gone) == 2
        for number in [*gone, running.process.pid]:
            limits = Path(f"/proc/{number}/limits").read_text().splitlines()
            [line] = [x for x in limits if x.startswith("Max core file size")]
            assert line.split()[4:6] == ["0", "0"]
        for number in gone:
            os.kill(number, signal.SIGABRT)
        deadline = time.monotonic() + 120
        while set(workers_of(running)) & set(gone) or len(workers_of(running)) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert ask(running, "GET", "/privacy")[0] == 200
    new = cores() - before
    words = [m.encode() for m in MARKS]
    assert not [path for path in new if any(word in path.read_bytes() for word in words)]
    assert new == set()
