"""Real lists of members from past changes of Congress, shifted to the next one."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from app.congress.model import all_seats
from app.congress.tables import CURRENT, FOLDER

SEATS = frozenset(seat.id for seat in all_seats())


def real_list(files: Path, day: str, folder: Path, *, years: int = 0) -> Path:
    """Write the lists of ``day`` into ``folder``, with every date ``years`` later.

    Members in seats that the current apportionment lacks are left out. Committees and offices are
    included if they were archived for that day.
    """
    folder.mkdir(parents=True, exist_ok=True)
    names = {
        "legislators": "legislators-current",
        "offices": "legislators-district-offices",
        "committee-membership": "committee-membership-current",
    }
    for name, target in names.items():
        path = files / "rehearsal" / f"{name}-{day}.yaml.gz"
        data: Any = []
        if path.exists():
            data = yaml.load(gzip.decompress(path.read_bytes()), yaml.CSafeLoader)
        if name == "legislators":
            data = [later(person, years) for person in data]
            data = [person for person in data if seat(person["terms"][-1]) in SEATS]
        (folder / f"{target}.yaml").write_text(json.dumps(data))  # JSON is YAML
    (folder / "committees-current.yaml").write_text("[]")
    return folder


def another_sits(instance: Path, seat_id: str, day: date, *, name: str = "Nora New") -> None:
    """Install tables of ``day``, on which the member in a seat left; with a ``name``, a new member
    takes the seat."""

    def change(old: dict[str, Any]) -> list[dict[str, Any]]:
        left = {**old, "end": day.isoformat()}
        if not name:
            return [left]
        first, last = name.split()
        new = {"bioguide": "N000001", "full_name": name, "first": first, "last": last}
        return [left, {**old, **new, "start": day.isoformat()}]

    _install(instance, f"{seat_id}-{day}-{bool(name)}", day, seat_id, change)


def had_another_id(instance: Path, seat_id: str, day: date, former_id: str) -> None:
    """Install tables of ``day``, in which the member in a seat has replaced ``former_id``."""
    _install(
        instance, f"{seat_id}-{day}-{former_id}", day, seat_id,
        lambda member: [{**member, "former_ids": [former_id]}],
    )  # fmt: skip


def _install(
    instance: Path, name: str, day: date, seat_id: str,
    change: Callable[[dict[str, Any]], list[dict[str, Any]]],
) -> None:  # fmt: skip
    """Install the program's own tables as of ``day``, with another record or more for a seat."""
    folder = instance / "congress" / name
    shutil.copytree(FOLDER, folder)
    members = json.loads((folder / "members.json").read_text())
    place = next(n for n, one in enumerate(members) if one["seat"] == seat_id)
    members[place : place + 1] = change(members[place])
    text = json.dumps(members)
    (folder / "members.json").write_text(text)
    index = json.loads((folder / "tables.json").read_text())
    index["files"]["members.json"] = hashlib.sha256(text.encode()).hexdigest()
    index["members_as_of"] = day.isoformat()
    (folder / "tables.json").write_text(json.dumps(index))
    link = instance / CURRENT
    link.unlink(missing_ok=True)
    link.symlink_to(folder.name)


def later(person: dict[str, Any], years: int) -> dict[str, Any]:
    """The same person, with every date of a term ``years`` later."""
    for term in person["terms"]:
        for key in ("start", "end"):
            term[key] = re.sub(r"^\d{4}", lambda m: str(int(m[0]) + years), term[key])
    return person


def seat(term: dict[str, Any]) -> str:
    number = f"S{term['class']}" if term["type"] == "sen" else term["district"]
    return f"{term['state']}-{number}"
