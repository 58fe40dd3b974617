"""Checks the installed packages: ``make audit``, which CI runs.

They must be exactly those of the lock files, with no file changed since it was installed
(``pip`` checked each archive against the hashes in the lock). Where the network allows,
``pip-audit`` also looks for known vulnerabilities. A service that does not answer is reported and
is not a failure; it never takes more than a minute.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

from packaging.markers import Marker
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]
LOCKS = ("requirements.lock", "tests/requirements.lock")
SECONDS = 50.0
"""Total time for the vulnerability service."""
ACCEPTED: dict[str, str] = {}
"""Known vulnerabilities that do not affect this site: the id, and why not."""

_ENTRY = re.compile(r"([A-Za-z0-9][\w.-]*)==([^\s;\\]+)(?:\s*;\s*([^\\]+?))?\s*\\?")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})\s*\\?")


@dataclass(frozen=True, slots=True)
class Locked:
    """One version of a package, where ``marker`` holds, in one of these archives."""

    name: str
    version: str
    marker: str = ""
    hashes: list[str] = field(default_factory=list)

    @property
    def here(self) -> bool:
        """Whether it applies to this Python and platform."""
        return not self.marker or Marker(self.marker).evaluate()


def read_lock(text: str) -> list[Locked]:
    """The entries of a lock file. Raises ``ValueError`` at a line that is not one."""
    found: list[Locked] = []
    for raw in text.splitlines():
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        if (archive := _HASH.fullmatch(line)) and found:
            found[-1].hashes.append(archive[1])
        elif entry := _ENTRY.fullmatch(line):
            found.append(Locked(canonicalize_name(entry[1]), entry[2], entry[3] or ""))
        else:
            raise ValueError(f"not a locked package: {line}")
    return found


def locked() -> list[Locked]:
    """The entries of both lock files."""
    return [one for name in LOCKS for one in read_lock((ROOT / name).read_text(encoding="utf-8"))]


def not_as_locked(lock: Sequence[Locked]) -> Iterator[str]:
    """Sentences about packages without a hash, missing, or of another version."""
    for one in lock:
        if not one.hashes:
            yield f"{one.name} {one.version} has no hash in the lock."
        if one.here:
            try:
                version = metadata.version(one.name)
            except metadata.PackageNotFoundError:
                yield f"{one.name} {one.version} is not installed."
            else:
                if Version(version) != Version(one.version):
                    yield f"{one.name} {version} is installed, but {one.version} is locked."


def changed_files(found: metadata.Distribution) -> Iterator[str]:
    """Files of an installed package that differ from the hashes in its RECORD."""
    # Not ``found.files``, which omits missing files since Python 3.12.
    for file, noted, _ in csv.reader((found.read_text("RECORD") or "").splitlines()):
        kind, _, wanted = noted.partition("=")
        if kind != "sha256":
            continue
        try:
            digest = hashlib.sha256(Path(str(found.locate_file(file))).read_bytes()).digest()
        except OSError:
            yield f"{file} of {found.name} is gone."
            continue
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != wanted:
            yield f"{file} of {found.name} was changed after it was installed."


def changed(lock: Sequence[Locked]) -> Iterator[str]:
    """Changed files of every locked package."""
    for name in sorted({one.name for one in lock if one.here}):
        try:
            yield from changed_files(metadata.distribution(name))
        except metadata.PackageNotFoundError:
            continue  # ``not_as_locked`` reports it


@dataclass(frozen=True, slots=True)
class Answer:
    """The service's answer: how many packages it checked, and sentences on vulnerable ones."""

    asked: int
    weak: tuple[str, ...]


def judged(output: str) -> Answer:
    """Parse the JSON of ``pip-audit``. Packages that it skipped count as not asked."""
    try:
        packages = json.loads(output)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return Answer(0, ())
    known = [one for one in packages if "vulns" in one]
    weak = tuple(
        f"{one['name']} {one['version']} has a known weakness: {weakness['id']}"
        f" (fixed in {', '.join(weakness.get('fix_versions') or ['no version yet'])})."
        for one in known
        for weakness in one["vulns"]
        if weakness["id"] not in ACCEPTED
    )
    return Answer(len(known), weak)


def ask_service(
    command: Sequence[str] = ("pip_audit", "--local", "--progress-spinner", "off", "-f", "json"),
    seconds: float = SECONDS,
) -> Answer:
    """Ask about all installed packages; ``asked`` is 0 if the service is unreachable."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", *command],
            capture_output=True, text=True, timeout=seconds, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return Answer(0, ())
    return judged(done.stdout)


def main() -> int:
    """Print the findings; returns 1 if something must be fixed."""
    lock = locked()
    problems = [*dict.fromkeys(not_as_locked(lock)), *changed(lock)]
    answer = ask_service()
    problems += answer.weak
    say = sys.stdout.write
    for problem in problems:
        say(f"{problem}\n")
    if not problems:
        say(f"{len({one.name for one in lock if one.here})} packages are those that are locked.\n")
    if not answer.asked:
        say("The service of known weaknesses did not answer; hashes and versions only.\n")
    elif not answer.weak:
        say(f"No known weakness in {answer.asked} packages.\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
