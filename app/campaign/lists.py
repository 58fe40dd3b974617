"""The lists of who backs which bill: small CSV files beside ``campaign.toml``."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from datetime import date
from typing import Literal

from app.campaign.problems import Message, Problem
from app.campaign.stance import CURRENT, Backing

COLUMNS = ("bioguide", "name", "bill", "role", "date")
_BIOGUIDE = re.compile(r"[A-Z]\d{6}")


def read_list(
    name: str, text: str, bills: Iterable[str]
) -> tuple[tuple[Backing, ...], tuple[Problem, ...]]:
    """The lines of a list, and what is wrong with the others.

    Columns: ``bioguide,name,bill,role,date``; ``bill`` is ``current`` or the id of a related
    bill (``bills``), ``role`` is ``sponsor`` or ``cosponsor``, ``date`` is ``2025-12-18``.
    """
    known = {CURRENT, *bills}
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    if tuple(reader.fieldnames or ()) != COLUMNS:
        return (), (Problem(name, 1, Message.of("list-heading", columns=",".join(COLUMNS))),)
    backings: list[Backing] = []
    problems: list[Problem] = []
    seen: set[tuple[str, str]] = set()
    for row in reader:
        line = reader.line_num
        result = _read_row(row, known)
        if isinstance(result, Message):
            problems.append(Problem(name, line, result))
        elif (result.bioguide, result.bill) in seen:
            what = Message.of("list-twice", name=result.name, bill=result.bill)
            problems.append(Problem(name, line, what))
        else:
            seen.add((result.bioguide, result.bill))
            backings.append(result)
    return tuple(backings), tuple(problems)


def _read_row(row: dict[str | None, str | None], known: set[str]) -> Backing | Message:
    if None in row or None in row.values():
        return Message.of("list-columns", number=len(COLUMNS), columns=", ".join(COLUMNS))
    cells = {str(key): str(value).strip() for key, value in row.items()}
    if not _BIOGUIDE.fullmatch(cells["bioguide"]):
        return Message.of("list-bioguide", value=cells["bioguide"])
    if not cells["name"]:
        return Message.of("list-name")
    if cells["bill"] not in known:
        return Message.of("list-bill", value=cells["bill"], known=", ".join(sorted(known)))
    if cells["role"] not in ("sponsor", "cosponsor"):
        return Message.of("list-role", value=cells["role"])
    try:
        day = date.fromisoformat(cells["date"])
    except ValueError:
        return Message.of("list-day", value=cells["date"])
    role: Literal["sponsor", "cosponsor"] = "sponsor" if cells["role"] == "sponsor" else "cosponsor"
    return Backing(cells["bioguide"], cells["name"], cells["bill"], role, day)
