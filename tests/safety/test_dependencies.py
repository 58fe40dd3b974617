"""The site's dependencies are pinned, and the pinned ones are installed. Needs no network.

``make audit`` checks the same, compares every file, and looks for known vulnerabilities if there
is a network.
"""

from __future__ import annotations

import json
import re
import shutil
import time
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests import audit

ROOT = Path(__file__).resolve().parents[2]
PIN = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[a-z,]+\])?==([A-Za-z0-9.+!]+)(?:; .+)?")


def lines(name: str) -> list[str]:
    text = (ROOT / name).read_text(encoding="utf-8")
    found = [line.partition("#")[0].strip() for line in text.splitlines()]
    return [line for line in found if line and not line.startswith("-r ")]


@pytest.mark.parametrize("name", ["requirements.txt", "tests/requirements.txt"])
def test_every_dependency_is_pinned_to_its_installed_version(name: str) -> None:
    assert lines(name)
    for line in lines(name):
        match = PIN.fullmatch(line)
        assert match, f"{name}: {line} is not pinned with =="
        installed = Version(metadata.version(match[1]))
        assert installed == Version(match[2]), f"{match[1]} is not the pinned one"


def test_the_rules_against_unsafe_code_are_on() -> None:
    rules = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    lint = rules["tool"]["ruff"]["lint"]
    assert "S" in lint["select"]
    assert not [rule for rule in lint["ignore"] if rule.startswith("S") and rule[1:].isdigit()]
    assert lint["per-file-ignores"]["app/**"] == ["S101"]


def test_no_requirement_names_another_index_or_a_url() -> None:
    for name in ("requirements.txt", "tests/requirements.txt", *audit.LOCKS):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert not re.search(r"://|--(extra-)?index-url|--find-links|git\+", text)


def test_every_locked_package_has_hashes_and_is_the_installed_version() -> None:
    site, tests = (
        audit.read_lock((ROOT / name).read_text(encoding="utf-8")) for name in audit.LOCKS
    )
    assert list(audit.not_as_locked([*site, *tests])) == []
    for wanted, lock in (
        (lines("requirements.txt"), site),
        (lines("tests/requirements.txt"), tests),
    ):
        known = {(one.name, Version(one.version)) for one in lock}
        for line in wanted:
            match = PIN.fullmatch(line)
            assert match
            pair = (canonicalize_name(match[1]), Version(match[2]))
            assert pair in known, f"{line} is not locked: make lock"
    # Installing both gives one version of each package.
    both = {(one.name, one.marker): one.version for one in tests}
    assert all(both.get((one.name, one.marker)) == one.version for one in site)


def test_installation_requires_hashes() -> None:
    made = (ROOT / "Makefile").read_text(encoding="utf-8")
    installs = [line for line in made.splitlines() if "requirements.lock" in line and "pip" in line]
    assert len([line for line in installs if "--require-hashes -r" in line]) == 2
    assert "-r requirements.txt" not in made
    assert "make audit" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_a_lock_entry_without_a_hash_or_with_another_version_is_found() -> None:
    lock = audit.read_lock(
        "Flask==0.1 \\\n    --hash=sha256:" + "a" * 64 + "\n"
        "no-such-package==1\nanother==2 ; python_version < '3'\n"
    )
    assert list(audit.not_as_locked(lock)) == [
        f"flask {metadata.version('flask')} is installed, but 0.1 is locked.",
        "no-such-package 1 has no hash in the lock.",
        "no-such-package 1 is not installed.",
        "another 2 has no hash in the lock.",
    ]
    with pytest.raises(ValueError, match="not a locked package"):
        audit.read_lock("flask>=3\n")


def test_a_file_changed_after_installation_is_found(tmp_path: Path) -> None:
    found = metadata.distribution("itsdangerous")
    for file in found.files or ():
        if ".." not in file.parts and "__pycache__" not in file.parts:
            target = tmp_path / Path(*file.parts)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(str(file.locate()), target)
    [copy] = metadata.distributions(name="itsdangerous", path=[str(tmp_path)])
    assert list(audit.changed_files(copy)) == []
    (tmp_path / "itsdangerous" / "signer.py").write_text("anything = True\n")
    (tmp_path / "itsdangerous" / "url_safe.py").unlink()
    assert sorted(audit.changed_files(copy)) == [
        "itsdangerous/signer.py of itsdangerous was changed after it was installed.",
        "itsdangerous/url_safe.py of itsdangerous is gone.",
    ]


WEAK = {
    "name": "flask", "version": "0.1", "vulns": [{"id": "PYSEC-1", "fix_versions": ["0.2"]}]
}  # fmt: skip


@pytest.mark.parametrize(
    ("output", "asked", "weak"),
    [
        ("", 0, 0),
        ("Traceback", 0, 0),
        ("[]", 0, 0),
        (json.dumps({"dependencies": [{"name": "flask", "skip_reason": "not found"}]}), 0, 0),
        (json.dumps({"dependencies": [{"name": "a", "version": "1", "vulns": []}]}), 1, 0),
        (json.dumps({"dependencies": [WEAK, {"name": "b", "skip_reason": "no"}]}), 1, 1),
    ],
)
def test_no_answer_from_the_audit_service_is_not_a_clean_answer(
    output: str, asked: int, weak: int
) -> None:
    answer = audit.judged(output)
    assert (answer.asked, len(answer.weak)) == (asked, weak)
    assert all("flask 0.1 has a known weakness: PYSEC-1" in line for line in answer.weak)


@pytest.mark.parametrize("script", ["import time; time.sleep(30)", "raise SystemExit(3)"])
def test_a_hanging_or_failing_audit_service_is_abandoned_soon(script: str, tmp_path: Path) -> None:
    (tmp_path / "slow_service.py").write_text(script)
    before = time.monotonic()
    answer = audit.ask_service(("runpy", str(tmp_path / "slow_service.py")), seconds=0.5)
    assert answer == audit.Answer(0, ())
    assert time.monotonic() - before < 20
    assert audit.SECONDS < 60


def test_a_known_vulnerability_fails_the_audit(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(audit, "changed", lambda _lock: iter(()))
    for answer, status in (
        (audit.Answer(3, ("flask 0.1 has a known weakness: X",)), 1),
        (audit.Answer(3, ()), 0),
        (audit.Answer(0, ()), 0),
    ):
        monkeypatch.setattr(audit, "ask_service", lambda answer=answer: answer)
        assert audit.main() == status
    assert "did not answer" in capsys.readouterr().out
