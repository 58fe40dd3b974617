"""The people of each ZIP and town by district, counted from the Census Bureau's block files.

A block is the smallest area that the Bureau counts, and every district line follows blocks. So
this joins block to district (``cd120.zip``), block to people (the geographic headers of the 2020
redistricting data, which also name places), and block to ZIP
(``tab20_zcta520_tabblock20_natl.txt``, over a gigabyte) or to place (the states' block assignment
files). The last two are streamed; the 8.1 million blocks are in three flat arrays of about 110 MB
together.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.congress.model import FIPS, BuildError, district_of_code
from app.congress.places import place_name
from app.congress.sources.lines import Piece, Pieces, Town, read_people

BLOCK_TO_ZIP = "tab20_zcta520_tabblock20_natl.txt"
_NO_DISTRICT = 255
_SUMMARY_LEVEL, _GEOCODE, _NAME, _PEOPLE = 2, 9, 87, 90
"""Columns of a geographic header. Summary level 750 is a block, 160 a place."""
PROGRESS_LINES = 500_000
"""How many lines are read between two progress reports."""


class Blocks:
    """Blocks in ascending order, each with its district and its people."""

    def __init__(self) -> None:
        self.codes = array("Q")
        self.districts = array("B")
        self.people = array("I")
        self.places: dict[str, str] = {}
        """Place names with their legal status, by state FIPS and place code."""

    def index(self, code: int) -> int:
        """The index of a block, or -1 if it is not here."""
        index = bisect_left(self.codes, code)
        return index if index < len(self.codes) and self.codes[index] == code else -1


@dataclass(frozen=True, slots=True)
class BlockCounts:
    """What the block files say about the lines of one Congress."""

    zips: Pieces
    towns: list[Town]
    """Empty without block assignment files."""


def has_blocks(folder: Path, congress: int) -> bool:
    """Whether a folder has the block files to count people by the districts of ``congress``."""
    return (folder / f"cd{congress}.zip").is_file() and (folder / BLOCK_TO_ZIP).is_file()


def count_blocks(
    folder: Path, congress: int, progress: Callable[[str], None] = lambda _: None
) -> BlockCounts:
    """The districts of each ZIP and town in ``congress``, with their shares of its people.

    A piece without residents is left out, unless the whole ZIP or town has none: then each piece
    has a share of None. ``folder`` has ``cd<congress>.zip``, the block to ZIP file, the headers
    (``*geo2020.pl``, or ``*2020.pl.zip`` with them inside), and for towns ``BlockAssign_ST*.zip``.
    Raises ``BuildError``.
    """
    blocks = _districts(folder / f"cd{congress}.zip", congress, progress)
    _add_people(folder, blocks, progress)
    zips: dict[str, dict[str, list[Piece]]] = defaultdict(dict)
    rows = _zips(folder / BLOCK_TO_ZIP, progress)
    for (code, state), pieces in _people_by_piece(rows, blocks, BLOCK_TO_ZIP):
        zips[code][state] = pieces
    rows = _assigned(folder, progress)
    towns = [
        (place_name(blocks.places[place]), state, [district for district, _, _ in pieces])
        for (place, state), pieces in _people_by_piece(rows, blocks, "the block assignment")
        if place in blocks.places
    ]
    return BlockCounts(dict(zips), towns)


def _people_by_piece(
    rows: Iterator[tuple[str, int]], blocks: Blocks, name: str
) -> Iterator[tuple[tuple[str, str], list[Piece]]]:
    """Each code (a ZIP or a place) and state, with its districts by descending people."""
    counted: dict[tuple[str, str], dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for code, block in rows:
        index = blocks.index(block)
        if index < 0:
            raise BuildError(f"{name}: block {block:015} is in no list of districts.")
        state = FIPS.get(f"{block:015}"[:2])
        if state and blocks.districts[index] != _NO_DISTRICT:
            counted[code, state][blocks.districts[index]] += blocks.people[index]
    for key, people in sorted(counted.items()):
        whole = sum(people.values())
        order = sorted(people, key=lambda district: (-people[district], district))
        yield (
            key,
            [
                (district, people[district] / whole if whole else None, False)
                for district in order
                if people[district] or not whole
            ],
        )


def _lines(path: Path) -> Iterator[str]:
    try:
        # The headers are in Latin-1, as place names in Puerto Rico show.
        encoding = "latin-1" if path.suffix == ".pl" else "utf-8-sig"
        with path.open(encoding=encoding, newline="") as file:
            yield from file
    except FileNotFoundError:
        raise BuildError(f"{path.parent} has no {path.name}.") from None


def _archived(path: Path, pattern: str) -> Iterator[tuple[str, Iterator[str]]]:
    """The names and lines of the files in a zip archive whose base names match ``pattern``."""
    try:
        with zipfile.ZipFile(path) as archive:
            for name in sorted(archive.namelist()):
                if re.fullmatch(pattern, Path(name).name):
                    with archive.open(name) as file:
                        yield name, io.TextIOWrapper(file, encoding="latin-1", newline="")
    except FileNotFoundError:
        raise BuildError(f"{path.parent} has no {path.name}.") from None
    except zipfile.BadZipFile:
        raise BuildError(f"{path.name} is incomplete or not a ZIP archive.") from None


def _districts(path: Path, congress: int, progress: Callable[[str], None]) -> Blocks:
    """The blocks with their districts, from the national file or else the states' files."""
    blocks = Blocks()
    for pattern in (rf"NationalCD{congress}\.txt", rf"CD{congress}_\d\d\.txt"):
        for name, lines in _archived(path, pattern):
            progress(name)
            rows = csv.reader(lines)
            if next(rows, None) != ["GEOID", "CDFP"]:
                raise BuildError(f"{path.name}, {name}: the columns GEOID,CDFP were expected.")
            for number, row in enumerate(rows, start=2):
                _add_block(blocks, row, f"{path.name}, {name}, line {number}")
        if blocks.codes:
            return blocks
    raise BuildError(f"{path.name} has no list of blocks in it.")


def _add_block(blocks: Blocks, row: list[str], where: str) -> None:
    if len(row) != 2 or not re.fullmatch(r"\d{15}", row[0]):
        raise BuildError(f"{where}: a block of 15 digits and a district were expected.")
    code, district = int(row[0]), district_of_code(row[1])
    if blocks.codes and code <= blocks.codes[-1]:
        raise BuildError(f"{where}: the blocks are not in order.")
    blocks.codes.append(code)
    blocks.districts.append(_NO_DISTRICT if district is None else district)
    blocks.people.append(0)


def _add_people(folder: Path, blocks: Blocks, progress: Callable[[str], None]) -> None:
    plain = sorted(folder.glob("*geo2020.pl"))
    sources: list[tuple[str, Iterator[str]]] = [(path.name, _lines(path)) for path in plain]
    found = 0
    for path in () if sources else sorted(folder.glob("*2020.pl.zip")):
        for name, lines in _archived(path, r"\w\wgeo2020\.pl"):
            found += _count_people(name, lines, blocks, progress)
    for name, lines in sources:
        found += _count_people(name, lines, blocks, progress)
    if not found:
        raise BuildError(
            f"{folder} has no population data. Put the geographic headers (cageo2020.pl, or "
            "ca2020.pl.zip) of the 2020 redistricting data there."
        )


def _count_people(
    name: str, lines: Iterator[str], blocks: Blocks, progress: Callable[[str], None]
) -> int:
    progress(name)
    found = 0
    for line in lines:
        cells = line.split("|")
        if len(cells) > _PEOPLE and cells[_SUMMARY_LEVEL] == "750":
            index = blocks.index(int(cells[_GEOCODE]))
            if index >= 0:
                blocks.people[index] = int(cells[_PEOPLE])
                found += 1
        elif len(cells) > _PEOPLE and cells[_SUMMARY_LEVEL] == "160":
            blocks.places[cells[_GEOCODE]] = cells[_NAME]
    return found


def _assigned(folder: Path, progress: Callable[[str], None]) -> Iterator[tuple[str, int]]:
    """The place (state FIPS and code) and block of each row; blocks in no place are skipped."""
    for path in sorted(folder.glob("BlockAssign_ST*.zip")):
        for name, lines in _archived(path, r"BlockAssign_ST\d\d_[A-Z]{2}_INCPLACE_CDP\.txt"):
            progress(name)
            if next(lines, "").strip() != "BLOCKID|PLACEFP":
                raise BuildError(f"{path.name}, {name}: the columns BLOCKID|PLACEFP were expected.")
            for number, line in enumerate(lines, start=2):
                block, _, place = line.strip().partition("|")
                if not re.fullmatch(r"\d{15}", block):
                    raise BuildError(f"{path.name}, {name}, line {number}: cut short.")
                if place:
                    yield block[:2] + place, int(block)


def _zips(path: Path, progress: Callable[[str], None]) -> Iterator[tuple[str, int]]:
    """The ZIP and block of each row; blocks without a ZIP are skipped."""
    lines = _lines(path)
    header = next(lines, "").strip().split("|")
    try:
        zip_at, block_at = header.index("GEOID_ZCTA5_20"), header.index("GEOID_TABBLOCK_20")
    except ValueError:
        raise BuildError(
            f"{path.name} has no columns GEOID_ZCTA5_20 and GEOID_TABBLOCK_20."
        ) from None
    for number, line in enumerate(lines, start=2):
        cells = line.rstrip("\r\n").split("|")
        if number % PROGRESS_LINES == 0:
            progress(f"{path.name}, line {number:,}")
        if len(cells) != len(header) or not cells[block_at].isdecimal():
            raise BuildError(f"{path.name}, line {number}: cut short.")
        if cells[zip_at]:
            yield cells[zip_at], int(cells[block_at])


def write_towns(towns: list[Town], path: Path) -> None:
    """Write the towns in the form that ``flask congress build`` reads."""
    rows = ((town, state, d) for town, state, districts in towns for d in districts)
    _write(path, ("town", "state", "district"), rows)


def write_people(zips: Pieces, path: Path) -> None:
    """Write the shares in the form that ``flask congress build`` reads."""
    rows = (
        (code, state, district, "" if share is None else f"{float(f'{share:.6f}'):g}")
        for code, states in zips.items()
        for state, pieces in states.items()
        for district, share, _by_land in pieces
    )
    _write(path, ("zip", "state", "district", "people_share"), rows)


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])


def differences(zips: Pieces, other: Path) -> list[str]:
    """Where another source's table differs: a different district, or a share that is off by more
    than 1 % of the ZIP's people. One line per ZIP and state."""
    found = []
    for code, states in read_people(other).items():
        for state, pieces in states.items():
            mine = {d: s or 0 for d, s, _ in zips.get(code, {}).get(state, ())}
            theirs = {d: s or 0 for d, s, _ in pieces}
            if any(abs(mine.get(d, 0) - theirs.get(d, 0)) > 0.01 for d in mine | theirs):
                found.append(f"{code} {state}: {_listed(mine)} here, {_listed(theirs)} there")
    return found


def _listed(pieces: dict[int, float]) -> str:
    return ", ".join(f"{district} {share:.1%}" for district, share in pieces.items()) or "nothing"
