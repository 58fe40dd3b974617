"""Building ``app/congress/tables`` from a folder of official files.

The tables are plain CSV and JSON, one fact per line, in a fixed order, so that building twice from
the same files gives the same bytes, and a change to one member is a change to one line.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from app.congress.maps import MAP, NEW_MAP
from app.congress.model import (
    BuildError,
    all_seats,
    congress_at,
    congress_years,
    day_in_washington,
    district_numbers,
    effective_end,
    moment_of,
    ordinal,
)
from app.congress.sources.blocks import BlockCounts, count_blocks, differences, has_blocks
from app.congress.sources.lines import (
    Lines,
    Pieces,
    across_a_state_line,
    by_town_key,
    find_sources,
    postal_version,
    read_lines,
    read_new_lines,
    read_new_towns,
    read_postal,
    read_town_districts,
)
from app.congress.sources.members import (
    FORM_COLUMNS,
    MEMBERS_FILE,
    MemberList,
    Record,
    missing,
    read_committee_names,
    read_form_rules,
    read_members,
)
from app.congress.sources.outlines import find_outlines, map_table
from app.congress.tables import FOLDER
from app.files import write_file

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
    """True if the source had no ``senate_forms.csv`` and the previous table was kept."""
    map_kept: bool = False
    """The same for the map, which needs outlines of the districts."""
    notices: tuple[str, ...] = ()
    """Anything odd in the files that is not an error."""


def _csv(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    out = io.StringIO()
    for row in (header, *rows):
        if any(re.search(r'[",\r\n]', cell) for cell in row):
            raise BuildError(f"{', '.join(row)}: a table cell may not hold a comma or a quote.")
        out.write(",".join(row) + "\n")
    return out.getvalue()


def _piece(state: str, number: int, share: float | None, by_land: bool) -> str:
    """``IL-3:0.8123`` for people, ``CA-12~0.5`` for land, ``TX-10`` if the share is not known."""
    if share is None:
        return f"{state}-{number}"
    return f"{state}-{number}{'~' if by_land else ':'}{float(f'{share:.4g}'):g}"


def _zip_table(zips: Pieces) -> str:
    return _csv(
        ("zip", "districts"),
        (
            (code, " ".join(_piece(state, *p) for state, found in states.items() for p in found))
            for code, states in sorted(zips.items())
        ),
    )


def _postal_table(lines: Lines) -> str:
    """The ZIPs that are inactive, or have no district in their postal state."""
    rows = []
    for code, office in sorted(read_postal().items()):
        if office.active and office.state in lines.zips.get(code, {}):
            continue
        active, city = "yes" if office.active else "no", office.city.replace(",", " ")
        rows.append((code, office.state, office.kind, active, city))
    return _csv(("zip", "state", "kind", "active", "city"), rows)


def _border_table(lines: Lines) -> str:
    """ZIPs that some source puts in more states than the district table does."""
    rows = []
    for code, states in sorted(across_a_state_line().items()):
        listed = lines.zips.get(code, {}).keys()
        if listed and (more := states - listed):
            rows.append((code, " ".join(sorted(more))))
    return _csv(("zip", "also"), rows)


def _town_table(towns: dict[tuple[str, str], list[int]]) -> tuple[str, int]:
    rows = [
        (state, town, " ".join(map(str, districts)))
        for (state, town), districts in towns.items()
        if len(district_numbers(state)) > 1
    ]
    return _csv(("state", "town", "districts"), rows), len(rows)


def _members_table(members: list[Record]) -> str:
    lines = (json.dumps(member, ensure_ascii=False, sort_keys=False) for member in members)
    return "[\n" + ",\n".join(lines) + "\n]\n"


def _check_one_congress(members: MemberList, congresses: list[int], who: str) -> None:
    """Raise ``BuildError`` unless the districts of the members' Congress are known."""
    number = members.congress
    if number is None or number in congresses:
        return
    known = " and ".join(ordinal(n) for n in congresses)
    if number > max(congresses):
        what = (
            f"Build with plans_{number}.csv and zip_people_{number}.csv, or the Census Bureau's "
            f"ZIP file of the {ordinal(number)} Congress (tab20_cd{number}20_zcta520_natl.txt)."
        )
    else:
        what = "Download the present legislators-current.yaml."
    raise BuildError(
        f"legislators-current.yaml has the members of the {ordinal(number)} Congress. {who} the "
        f"districts of the {known}. {what}"
    )


def source_date(folder: Path, name: str) -> date:
    """The date of a source file, from the folder's ``README.md`` table or else its mtime
    in Washington.

    A row of that table names the file in backquotes and has a date ``YYYY-MM-DD``.
    """
    readme = folder / "README.md"
    if readme.exists():
        for line in readme.read_text(encoding="utf-8").splitlines():
            if line.startswith("|") and f"`{name}`" in line:
                match = re.search(r"\|\s*(\d{4}-\d{2}-\d{2})\s*\|", line)
                if match:
                    return date.fromisoformat(match[1])
    try:
        changed = (folder / name).stat().st_mtime
    except FileNotFoundError:
        raise missing(folder, name) from None
    return day_in_washington(datetime.fromtimestamp(changed, tz=UTC))


def _write(folder: Path, texts: dict[str, str]) -> int:
    """Write all tables, each atomically and the index last. Returns their size in bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        write_file(folder / name, text, mode=0o644)
    return sum(len(text.encode()) for text in texts.values())


def build_tables(
    source: Path,
    target: Path = FOLDER,
    *,
    base: Path | None = None,
    as_of: date | None = None,
    progress: Callable[[str], None] = lambda _: None,
    detail: Callable[[str], None] = lambda _: None,
) -> Built:
    """Read the official files in ``source`` and write the tables into ``target``.

    The senators' forms, if ``source`` lacks them, and members who are no longer listed are kept
    from the tables in ``base``, or else ``target``, if there are any. ``as_of`` is the date of the
    member files and defaults to ``source_date``. ``progress`` is called with a short phrase before
    each of ``STEPS`` steps. If the folder has the Census Bureau's block files, people and towns
    are counted from these, and ``detail`` is called meanwhile. Raises ``BuildError`` with a
    sentence for the operator, before anything is written.
    """
    if not source.is_dir():
        raise BuildError(f"{source} is not a folder.")
    progress("members and their offices")
    if not (source / MEMBERS_FILE).is_file():
        raise missing(source, MEMBERS_FILE)
    day = as_of or source_date(source, MEMBERS_FILE)
    base = base or target
    former = _former(base) if (base / "members.json").exists() else []
    members = read_members(source, day)
    names = read_committee_names(source)
    forms = read_form_rules(source)
    progress("districts of every ZIP")
    counted = {n: count_blocks(source, n, detail) for n in _congresses_in_blocks(source)}
    lines = read_lines(source, {n: found.zips for n, found in counted.items()})
    _check_one_congress(members, lines.congresses, "The ZIP files have")
    progress("towns")
    counted_towns, new_towns = (counted[n].towns if n in counted else [] for n in lines.both)
    in_towns = (
        by_town_key(counted_towns) if counted_towns else read_town_districts(source, lines.congress)
    )
    towns, town_count = _town_table(in_towns)
    progress("postal facts")
    postal = _postal_table(lines)
    progress("the map of districts")
    outlines = [find_outlines(source, congress) for congress in lines.both]
    progress("writing")
    texts = {
        "members.json": _members_table(with_former(members, former, day)),
        "zips.csv": _zip_table(lines.zips),
        "new_zips.csv": _zip_table(lines.new),
        "border_zips.csv": _border_table(lines),
        "postal.csv": postal,
        "towns.csv": towns,
        "new_towns.csv": _town_table(read_new_towns(source, lines, new_towns))[0],
        "senate_forms.csv": _form_table(forms, base),
    }
    for name, path, congress in zip((MAP, NEW_MAP), outlines, lines.both, strict=True):
        if path is not None:
            texts[name] = map_table(path, congress)
    index: dict[str, Any] = {
        "members_as_of": day.isoformat(),
        "members_of": members.congress or lines.congress,
        "seats": len(all_seats()),
        "lines": lines.congresses,
        "plans_as_of": _plans_date(source, lines),
        "plans": list(lines.plans),
        "sources": {
            "members": "unitedstates/congress-legislators (CC0): legislators-current, "
            "legislators-district-offices, committees-current, committee-membership-current",
            "zips": f"U.S. Census Bureau and courts: {', '.join(lines.sources)}",
            "towns": "U.S. Census Bureau, "
            + (
                "block assignment"
                if counted_towns
                else find_sources(source, "town")[lines.congress].name
            ),
            "postal": f"U.S. Postal Service facts, from zipcodes {postal_version()} (MIT)",
            "senate_forms": "facts read from unitedstates/contact-congress (CC0)",
        },
        "committees": names,
    }
    _finish(texts, index)
    size = _write(target, texts)
    return Built(
        target, len(members.members), len(lines.zips), town_count, size,
        forms_kept=forms is None,
        map_kept=outlines[0] is None,
        notices=(*members.notices, *_differences(source, counted)),
    )  # fmt: skip


def _congresses_in_blocks(source: Path) -> list[int]:
    """The Congresses for which the folder has block files."""
    found = (re.fullmatch(r"cd(\d{3})\.zip", path.name) for path in source.glob("cd*.zip"))
    return [n for n in sorted(int(match[1]) for match in found if match) if has_blocks(source, n)]


def _differences(source: Path, counted: Mapping[int, BlockCounts]) -> Iterator[str]:
    """Where a table of shares in the folder differs from the counts by block."""
    for congress, found in counted.items():
        name = f"zip_people_{congress}.csv"
        path = next((p for p in (source / name, source / "lines" / name) if p.is_file()), None)
        if path is not None:
            yield from (f"{name} differs: {line}." for line in differences(found.zips, path))


def renew_members(
    source: Path, base: Path, target: Path, *, as_of: date | None = None
) -> MemberList:
    """Write the tables of ``base`` into ``target`` with the members of ``source``.

    The districts do not change, except that the coming lines are updated if ``source`` has the
    plans and shares of the next Congress. Members who have left since the list of ``base`` are
    kept with their former terms, so that what was signed until then can still be shown and
    fetched. Raises ``BuildError``.
    """
    index = json.loads((base / "tables.json").read_text(encoding="utf-8"))
    day = as_of or source_date(source, MEMBERS_FILE)
    members = read_members(source, day)
    _check_one_congress(members, index["lines"], "The installed tables have")
    texts = {
        name: (base / name).read_text(encoding="utf-8")
        for name in [*index["files"], MAP, NEW_MAP]
        if name != "members.json" and (base / name).is_file()
    }
    forms = read_form_rules(source)
    if forms is not None:
        texts["senate_forms.csv"] = _form_table(forms, base)
    texts["members.json"] = _members_table(with_former(members, _former(base), day))
    index["members_as_of"] = day.isoformat()
    index["members_of"] = members.congress or index["members_of"]
    index["committees"] = read_committee_names(source) or index["committees"]
    _renew_lines(source, texts, index)
    index["downloads"] = index.get("downloads", {}) | {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted([*source.glob("*.yaml"), *source.glob("*_1??.csv")])
    }
    _finish(texts, index)
    _write(target, texts)
    return members


def _renew_lines(source: Path, texts: dict[str, str], index: dict[str, Any]) -> None:
    """Put the coming lines of ``source``, if it has any, into the tables."""
    first = min(index["lines"])
    lines = read_new_lines(source, first)
    if not lines.plans:
        return
    texts["new_zips.csv"] = _zip_table(lines.new)
    texts["new_towns.csv"] = _town_table(read_new_towns(source, lines))[0]
    index["lines"] = lines.congresses
    index["plans_as_of"] = _plans_date(source, lines)
    index["plans"] = list(lines.plans)
    known = index["sources"]["zips"].split(", ")
    index["sources"]["zips"] = ", ".join(dict.fromkeys(name for name in [*known, *lines.sources]))


def _former(base: Path) -> list[Record]:
    found: list[Record] = json.loads((base / "members.json").read_text(encoding="utf-8"))
    return found


def with_former(members: MemberList, former: Sequence[Record], day: date) -> list[Record]:
    """The list of ``day`` plus the terms of ``former`` that it no longer has.

    A term that had not ended is cut short at the start of the successor's term or of the person's
    own term in another seat, and in any case at ``day`` (or at the start of the list's Congress,
    if that is later). A term that the list contradicts, because someone else sat there, is kept
    with no length, for the name. An id used in place of a bioguide id stays with the person who
    now has one.
    """
    order = {seat.id: number for number, seat in enumerate(all_seats())}
    by_seat: dict[str, list[Record]] = {}
    begun: dict[str, list[str]] = {}
    for record in members.members:
        by_seat.setdefault(record["seat"], []).append(record)
        begun.setdefault(record["bioguide"], []).append(record["start"])
    latest = day.isoformat()
    if members.congress is not None:
        latest = max(latest, f"{congress_years(members.congress)[0]}-01-03")
    kept = []
    for old in former:
        who = str(members.other_ids.get(old["bioguide"], old["bioguide"]))
        names = {*old.get("former_ids", ()), old["bioguide"]} - {who}
        others = by_seat.get(old["seat"], [])
        overlapping = [new for new in others if new["start"] <= old["start"] < new["end"]]
        same = next(
            (
                new for new in others
                if new["bioguide"] == who and new["start"] < old["end"]
                and (new in overlapping or _congress_of(new) == _congress_of(old))
            ),
            None,
        )  # fmt: skip
        if same is not None:
            if names:
                same["former_ids"] = sorted({*same.get("former_ids", ()), *names})
            continue
        until = old["start"] if overlapping else _effective_end(old)
        later = [new["start"] for new in others] + begun.get(who, [])
        end = min([until, latest, *(start for start in later if start > old["start"])])
        if end < old["start"] or (end == old["start"] and who in begun):
            continue  # it had not begun yet, or another term has the person's name
        term = {**old, "bioguide": who} | ({"former_ids": sorted(names)} if names else {})
        if end < _effective_end(old):
            term |= {"end": end}
            term.pop("end_is_expected", None)
        kept.append(term)
    return sorted([*members.members, *kept], key=lambda r: (order[r["seat"]], r["start"]))


def _effective_end(record: Record) -> str:
    end = date.fromisoformat(record["end"])
    return effective_end(end, expected=record.get("end_is_expected", False)).isoformat()


def _congress_of(record: Record) -> int:
    return congress_at(moment_of(date.fromisoformat(record["start"])))


def _finish(texts: dict[str, str], index: dict[str, Any]) -> None:
    """Add the index, with the digest of every table, as the last text."""
    index["files"] = {
        name: hashlib.sha256(text.encode("utf-8")).hexdigest()
        for name, text in texts.items()
        if name not in (MAP, NEW_MAP)
    }
    texts["tables.json"] = json.dumps(index, ensure_ascii=False, indent=1, default=str) + "\n"


def _form_table(forms: list[dict[str, str]] | None, target: Path) -> str:
    """What the senators' forms ask; without the file, the previous table or an empty one."""
    columns = ("bioguide", *FORM_COLUMNS)
    former = target / "senate_forms.csv"
    if forms is None and former.exists():
        return former.read_text(encoding="utf-8")
    return _csv(columns, ([row[c] for c in columns] for row in forms or ()))


def _plans_date(source: Path, lines: Lines) -> str:
    """The day up to which the list of plans is complete; empty if there is none."""
    name = f"plans_{lines.congress + 1}.csv"
    if not lines.plans:
        return ""
    path = name if (source / name).exists() else f"lines/{name}"
    return source_date(source, path).isoformat()
