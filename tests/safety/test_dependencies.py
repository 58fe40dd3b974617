"""What the site is made of: pinned, and what is installed is what was pinned. Needs no network.

``make audit`` looks for known weaknesses in it where there is a network.
"""

from __future__ import annotations

import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
PIN = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[a-z,]+\])?==([A-Za-z0-9.+!]+)")


def lines(name: str) -> list[str]:
    text = (ROOT / name).read_text(encoding="utf-8")
    found = [line.partition("#")[0].strip() for line in text.splitlines()]
    return [line for line in found if line and not line.startswith("-r ")]


@pytest.mark.parametrize("name", ["requirements.txt", "tests/requirements.txt"])
def test_every_dependency_is_pinned_to_one_version_and_that_is_installed(name: str) -> None:
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


def test_no_dependency_comes_from_anywhere_else() -> None:
    for name in ("requirements.txt", "tests/requirements.txt"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert not re.search(r"://|--(extra-)?index-url|--find-links|git\+", text)
