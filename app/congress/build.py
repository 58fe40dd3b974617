"""Building ``app/congress/tables`` from a folder of official files.

The tables are plain CSV and JSON, one fact a line, in a fixed order: building twice from the
same files gives the same bytes, and a change of one member is a change of one line.
"""

from __future__ import annotations

import io
import json
import os
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from app.congress.lines import (
    ZipDistricts,
    across_a_state_line,
    find_source,
    postal_version,
    read_postal,
    read_town_districts,
    read_zip_districts,
)
from app.congress.maps import find_outlines, map_table
from app.congress.members import (
    FORM_COLUMNS,
    Record,
    read_committee_names,
    read_form_rules,
    read_members,
)
from app.congress.model import STATES, BuildError, all_seats, congress_years, district_numbers

TABLES = Path(__file__).resolve().parent / "tables"
STEPS = 6
"""How many times ``build_tables`` reports progress."""


@dataclass(frozen=True, slots=True)
class Built:
    """What a build wrote."""

    folder: Path
    members: int
    zips: int
    towns: int
    size: int
    """Bytes of all tables together."""
    forms_kept: bool
    """True when the source had no ``senate_forms.csv`` and the former table was kept."""
    map_kept: bool = False
    """The same for the outlines of the districts."""


def _csv(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    out = io.StringIO()
    for row in (header, *rows):
        if any(re.search(r'[",\r\n]', cell) for cell in row):
            raise BuildError(f"{', '.join(row)}: a table cell may not hold a comma or a quote.")
        out.write(",".join(row) + "\n")
    return out.getvalue()


def _share(share: float) -> str:
    """``0.81``, ``1``; never ``0``, since smaller pieces were left out."""
    return f"{max(share, 0.01):.2f}".rstrip("0").rstrip(".")


def _zip_table(source: ZipDistricts) -> str:
    return _csv(
        ("zip", "districts"),
        (
            (code, " ".join(f"{state}-{number}:{_share(share)}" for state, number, share in pieces))
            for code, pieces in source.zips.items()
        ),
    )


def _postal_table(source: ZipDistricts) -> str:
    """ZIPs without districts, and the few with districts of which there is something to say."""
    rows = []
    for code, office in sorted(read_postal().items()):
        states = {state for state, _, _ in source.zips.get(code, ())}
        if office.active and office.state in states:
            continue
        rows.append(
            (
                code,
                office.state,
                office.kind,
                "yes" if office.active else "no",
                office.city.replace(",", " "),
            )
        )
    return _csv(("zip", "state", "kind", "active", "city"), rows)


def _border_table(source: ZipDistricts) -> str:
    """ZIPs of which some source says that they lie in more states than the district table has."""
    rows = []
    across = across_a_state_line()
    for code in sorted(across.keys() | source.slivers.keys()):
        listed = {state for state, _, _ in source.zips.get(code, ())}
        more = (across.get(code, set()) | source.slivers.get(code, set())) - listed
        if more and listed:
            rows.append((code, " ".join(sorted(more))))
    return _csv(("zip", "also"), rows)


def _town_table(folder: Path) -> tuple[str, int]:
    towns = read_town_districts(folder)
    rows = [
        (state, town, " ".join(map(str, districts)))
        for (state, town), districts in towns.items()
        if len(district_numbers(state)) > 1
    ]
    return _csv(("state", "town", "districts"), rows), len(rows)


def _members_table(members: list[Record]) -> str:
    lines = (json.dumps(member, ensure_ascii=False, sort_keys=False) for member in members)
    return "[\n" + ",\n".join(lines) + "\n]\n"


def _check_districts(source: ZipDistricts) -> None:
    """Every district must have a ZIP: otherwise the file is of another map or cut short."""
    found = {(state, number) for pieces in source.zips.values() for state, number, _ in pieces}
    wanted = {(state, number) for state in STATES for number in district_numbers(state)}
    if found != wanted:
        odd = ", ".join(f"{state}-{number}" for state, number in sorted(found ^ wanted)[:8])
        raise BuildError(
            f"The ZIP file and the {len(wanted)} House seats do not agree on {odd}. "
            "Is the file complete, and of the present map?"
        )


def source_date(folder: Path, name: str) -> date:
    """The date of a source file: from the folder's ``README.md`` table, else its own.

    A row of that table names the file in backquotes and holds a date ``YYYY-MM-DD``.
    """
    readme = folder / "README.md"
    if readme.exists():
        for line in readme.read_text(encoding="utf-8").splitlines():
            if line.startswith("|") and f"`{name}`" in line:
                match = re.search(r"\|\s*(\d{4}-\d{2}-\d{2})\s*\|", line)
                if match:
                    return date.fromisoformat(match[1])
    return datetime.fromtimestamp((folder / name).stat().st_mtime, tz=UTC).date()


def _write(folder: Path, texts: dict[str, str]) -> int:
    """Write all tables, each whole or not at all; the index comes last. Returns the bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    total = 0
    for name, text in texts.items():
        draft = folder / f".{name}.new"
        data = text.encode("utf-8")
        draft.write_bytes(data)
        os.replace(draft, folder / name)  # noqa: PTH105 - one atomic step
        total += len(data)
    return total


def build_tables(
    source: Path,
    target: Path = TABLES,
    *,
    as_of: date | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Built:
    """Read the official files in ``source`` and write the tables into ``target``.

    ``as_of`` is the date of the member files; without it see ``source_date``. ``progress`` is
    called with a short phrase before each of ``STEPS`` steps. Raises ``BuildError`` with a
    sentence for the operator; then nothing was written.
    """
    if not source.is_dir():
        raise BuildError(f"{source} is not a folder.")
    progress("members and their offices")
    members = read_members(source)
    names = read_committee_names(source)
    forms = read_form_rules(source)
    progress("districts of every ZIP")
    districts = read_zip_districts(source)
    _check_districts(districts)
    progress("towns")
    towns, town_count = _town_table(source)
    progress("postal facts")
    postal = _postal_table(districts)
    progress("the map of districts")
    outlines = find_outlines(source)
    progress("writing")
    texts = {
        "members.json": _members_table(members),
        "zips.csv": _zip_table(districts),
        "border_zips.csv": _border_table(districts),
        "postal.csv": postal,
        "towns.csv": towns,
    }
    if forms is not None:
        columns = ("bioguide", *FORM_COLUMNS)
        texts["senate_forms.csv"] = _csv(columns, ([row[c] for c in columns] for row in forms))
    elif not (target / "senate_forms.csv").exists():
        texts["senate_forms.csv"] = _csv(("bioguide", *FORM_COLUMNS), ())
    if outlines is not None:
        texts["map.json"] = map_table(outlines, districts.congress)
    begins, ends = congress_years(districts.congress)
    index: dict[str, Any] = {
        "congress": districts.congress,
        "begins": f"{begins}-01-03",
        "ends": f"{ends}-01-03",
        "members_as_of": (as_of or source_date(source, "legislators-current.yaml")).isoformat(),
        "seats": len(all_seats()),
        "sources": {
            "members": "unitedstates/congress-legislators (CC0): legislators-current, "
            "legislators-district-offices, committees-current, committee-membership-current",
            "zips": f"U.S. Census Bureau, {find_source(source, 'zip')[0].name}",
            "towns": f"U.S. Census Bureau, {find_source(source, 'town')[0].name}",
            "postal": f"U.S. Postal Service facts, from zipcodes {postal_version()} (MIT)",
            "senate_forms": "facts read from unitedstates/contact-congress (CC0)",
        },
        "committees": names,
    }
    texts["tables.json"] = json.dumps(index, ensure_ascii=False, indent=1) + "\n"
    size = _write(target, texts)
    return Built(target, len(members), len(districts.zips), town_count, size, forms is None,
                 outlines is None)  # fmt: skip
