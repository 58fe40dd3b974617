"""The threat model names a test for each promise, and each of them exists."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def promised() -> list[tuple[str, str]]:
    text = (ROOT / "docs/threat-model.md").read_text(encoding="utf-8")
    table = text.partition("## Promises")[2]
    return re.findall(r"^\| (?!promise |---)(.+?) \| `(\w+)` \|$", table, re.MULTILINE)


def existing() -> set[str]:
    found: set[str] = set()
    for path in (ROOT / "tests").rglob("test_*.py"):
        found.update(re.findall(r"^def (test_\w+)\(", path.read_text(encoding="utf-8"), re.M))
    return found


def test_every_promise_names_a_test_that_exists() -> None:
    promises = promised()
    assert len(promises) >= 30
    assert {test for _, test in promises} - existing() == set()


def test_every_row_of_the_promises_table_is_parsed() -> None:
    text = (ROOT / "docs/threat-model.md").read_text(encoding="utf-8").partition("## Promises")[2]
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len(rows) - 2 == len(promised())


def test_the_numbers_for_a_library_are_the_ones_in_force() -> None:
    from app.records.limiting import LIMITS, RAISED

    text = (ROOT / "docs/threat-model.md").read_text(encoding="utf-8")
    sign = LIMITS["sign"]
    assert sign.held_above is not None
    assert f"Above {sign.held_above[0]} signatures an hour" in text
    assert f"or {sign.held_above[1]} from one network" in text
    assert f"above {sign.client} and {sign.network:,} is anyone asked to wait" in text
    assert {20: "twenty times"}[RAISED] in text
