"""Making the map of districts from the Census Bureau's outlines.

The 48 states and DC share one Albers projection; Alaska, Hawaii and Puerto Rico are insets with
their own. The file has no outlines for the other territories, so each gets a box. A border that
two districts share is simplified only once, so that no gap opens between them.
"""

from __future__ import annotations

import heapq
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import cos, radians, sin, sqrt
from pathlib import Path
from typing import Any

from app.congress.model import FIPS, STATES, BuildError, district_numbers, district_of_code

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class View:
    """One projected part of the map: its parallels, its center, and its position on the map."""

    parallels: tuple[float, float]
    """Standard parallels, in degrees north."""
    center: Point
    """Longitude and latitude of the point drawn at ``position``, in degrees."""
    position: Point
    """Where ``center`` is drawn, in map units, with y pointing down."""
    scale: float
    """Map units per radian of the Earth's surface."""

    def projection(self) -> Callable[[Point], Point]:
        """The function from longitude and latitude in degrees to map units."""
        first, second = (sin(radians(parallel)) for parallel in self.parallels)
        cone = (first + second) / 2
        constant = 1 - first * first + 2 * cone * first

        def radius(latitude: float) -> float:
            return sqrt(constant - 2 * cone * sin(radians(latitude))) / cone

        west, north = self.center
        origin = radius(north)

        def project(point: Point) -> Point:
            # The far end of the Aleutian Islands is beyond the 180th meridian.
            longitude = point[0] - 360 if point[0] > 0 else point[0]
            angle = cone * radians(longitude - west)
            distance = radius(point[1])
            return (
                self.position[0] + self.scale * distance * sin(angle),
                self.position[1] - self.scale * (origin - distance * cos(angle)),
            )

        return project


UNITS = 8
"""Map units per pixel of a map that is 960 pixels wide; a unit is about 600 m."""
WIDTH, HEIGHT = 960 * UNITS, 600 * UNITS
SCALE = 1250.0 * UNITS

VIEWS = {
    "": View((29.5, 45.5), (-95.8, 37.6), (470 * UNITS, 310 * UNITS), SCALE),
    "AK": View((55, 65), (-152.5, 62.5), (158 * UNITS, 532 * UNITS), SCALE * 0.34),
    "HI": View((8, 18), (-157.5, 20.6), (322 * UNITS, 560 * UNITS), SCALE),
    "PR": View((8, 18), (-66.45, 18.2), (930 * UNITS, 527 * UNITS), SCALE * 0.9),
}
"""By state; the empty key is for all others. The parallels are those of the Bureau's own maps."""

BOX = (42 * UNITS, 26 * UNITS)
BOXES = {
    "DC": (796 * UNITS, 514 * UNITS),
    "VI": (852 * UNITS, 514 * UNITS),
    "GU": (796 * UNITS, 568 * UNITS),
    "MP": (852 * UNITS, 568 * UNITS),
    "AS": (908 * UNITS, 568 * UNITS),
}
"""Upper left corners of the boxes for places that are too small or have no outline."""

SMALLEST_BEND = 55.0
"""Smaller bends in a border are straightened; in square units (0.9 square pixels)."""
SMALLEST_ISLAND = 140.0
"""Smaller pieces are left out if the district has a larger one; in square units."""

Ring = tuple[Point, ...]
Spot = tuple[int, int]
Outlines = dict[tuple[str, int], list[Ring]]


def find_outlines(folder: Path, congress: int) -> Path | None:
    """A Congress's outlines in a folder of official files; None if absent, as they are optional."""
    names = sorted(p for p in folder.glob("*.*json") if re.search(rf"cd{congress}.*20m", p.name))
    return names[-1] if names else None


def read_outlines(path: Path, congress: int) -> Outlines:
    """Rings in degrees by state and district, each without its repeated last point.

    Raises ``BuildError`` if the file is for another Congress, or lacks a district that has no
    box.
    """
    try:
        features = json.loads(path.read_text(encoding="utf-8"))["features"]
        found: Outlines = {}
        for feature in features:
            facts, geometry = feature["properties"], feature["geometry"]
            if facts["CDSESSN"] != str(congress):
                raise BuildError(f"{path.name} is for Congress {facts['CDSESSN']}, not {congress}.")
            number = district_of_code(facts[f"CD{congress}FP"])
            if number is not None and facts["STATEFP"] in FIPS:
                found[FIPS[facts["STATEFP"]], number] = list(_rings(geometry))
    except (KeyError, ValueError, TypeError, IndexError) as error:
        raise BuildError(f"{path.name} is not GeoJSON of district outlines ({error!r}).") from None
    wanted = {(state, n) for state in STATES for n in district_numbers(state)}
    lacking = {place for place in wanted - found.keys() if place[0] not in BOXES}
    if odd := sorted(lacking | (found.keys() - wanted)):
        names = ", ".join(f"{state}-{n}" for state, n in odd[:8])
        raise BuildError(f"{path.name} and the House seats do not agree on {names}.")
    return found


def _rings(geometry: dict[str, Any]) -> Iterator[Ring]:
    shapes = geometry["coordinates"]
    for polygon in [shapes] if geometry["type"] == "Polygon" else shapes:
        for ring in polygon:
            points = [(float(x), float(y)) for x, y, *_ in ring]
            yield tuple(points[:-1] if points[0] == points[-1] else points)


def map_table(path: Path, congress: int) -> str:
    """The whole map as JSON, one district per line."""
    outlines = read_outlines(path, congress)
    borders = _Borders(outlines)
    paths: dict[str, str] = {}
    frames: dict[str, list[int]] = {}
    for state in sorted(STATES):
        spots: list[Spot] = []
        for number in district_numbers(state):
            rings = borders.rings(state, number) if (state, number) in outlines else []
            spots += [spot for ring in rings for spot in ring]
            text = "".join(f"{_path(ring)}z" for ring in rings)
            if state in BOXES:
                text += f"M{BOXES[state][0]} {BOXES[state][1]}h{BOX[0]}v{BOX[1]}h-{BOX[0]}z"
            paths[f"{state}-{number}"] = text
        frames[state] = _frame(spots) if spots else [*BOXES[state], *BOX]
    lines = {
        "congress": congress,
        "width": WIDTH,
        "height": HEIGHT,
        "source": f"U.S. Census Bureau, {path.name}",
        "boxes": {state: [*corner, *BOX] for state, corner in BOXES.items()},
        "frames": frames,
        "state_lines": borders.state_lines(),
        "districts": paths,
    }
    return _one_per_line(lines)


def _one_per_line(lines: dict[str, Any]) -> str:
    *rest, (last, districts) = lines.items()
    head = ",\n".join(f"{json.dumps(k)}: {json.dumps(v, separators=(',', ':'))}" for k, v in rest)
    body = ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in districts.items())
    return f"{{\n{head},\n{json.dumps(last)}: {{\n{body}\n}}\n}}\n"


def _frame(spots: Sequence[Spot]) -> list[int]:
    left, top = min(x for x, _ in spots), min(y for _, y in spots)
    return [left, top, max(x for x, _ in spots) - left, max(y for _, y in spots) - top]


def _path(spots: Sequence[Spot]) -> str:
    """``M10 20l5-3 2 1``: relative coordinates, with no unnecessary spaces."""
    (x, y), *_ = spots
    text = f"M{x} {y}l"
    for (x0, y0), (x1, y1) in pairwise(spots):
        for step in (x1 - x0, y1 - y0):
            text += f"{step}" if step < 0 or text[-1] == "l" else f" {step}"
    return text


class _Borders:
    """All borders, split where three or more meet, each simplified once."""

    def __init__(self, outlines: Outlines) -> None:
        self.outlines = outlines
        self.views = {state: view.projection() for state, view in VIEWS.items()}
        neighbors: dict[Point, set[Point]] = defaultdict(set)
        for rings in outlines.values():
            for ring in rings:
                for before, after in pairwise((*ring, ring[0])):
                    neighbors[before].add(after)
                    neighbors[after].add(before)
        self.forks = {point for point, others in neighbors.items() if len(others) > 2}
        self.owners: dict[Ring, set[str]] = defaultdict(set)
        for (state, _number), rings in outlines.items():
            for ring in rings:
                for line in self._lines(ring):
                    self.owners[_undirected(line)].add(state)
        self.exact: set[Ring] = set()
        """Borders that are not simplified, because a small district would vanish."""
        self.simplified: dict[Ring, list[Spot]] = {}
        self._spare_small_districts()

    def _spare_small_districts(self) -> None:
        """Keep exact borders for districts that would lose or gain a fifth of their area."""
        for (state, _number), rings in self.outlines.items():
            project = self._view(state)
            for ring in rings:
                points = [project(point) for point in (*ring, ring[0])]
                before, after = abs(_area(points)), abs(_area(self._ring(ring, state)))
                if before >= SMALLEST_ISLAND and abs(after - before) > before / 5:
                    self.exact.update(map(_undirected, self._lines(ring)))
        self.simplified.clear()

    def _view(self, state: str) -> Callable[[Point], Point]:
        return self.views.get(state) or self.views[""]

    def _lines(self, ring: Ring) -> Iterator[Ring]:
        """A ring as the lines between forks; one without forks starts at its smallest point."""
        splits = [n for n, point in enumerate(ring) if point in self.forks]
        if not splits:
            splits = [ring.index(min(ring))]
        rotated = ring[splits[0] :] + ring[: splits[0]]
        ends = [*(split - splits[0] for split in splits), len(ring)]
        closed = (*rotated, rotated[0])
        for first, last in pairwise(ends):
            yield closed[first : last + 1]

    def rings(self, state: str, number: int) -> list[list[Spot]]:
        """A district's rings on the grid, closed, the largest first."""
        found = [self._ring(ring, state) for ring in self.outlines[state, number]]
        found.sort(key=lambda ring: -abs(_area(ring)))
        largest, *others = found
        return [largest, *(ring for ring in others if abs(_area(ring)) >= SMALLEST_ISLAND)]

    def _ring(self, ring: Ring, state: str) -> list[Spot]:
        spots: list[Spot] = []
        for line in self._lines(ring):
            part = self._simplify(_undirected(line), state)
            part = part if line == _undirected(line) else part[::-1]
            spots += part[1:] if spots else part
        return [spot for n, spot in enumerate(spots) if not n or spot != spots[n - 1]]

    def _simplify(self, line: Ring, state: str) -> list[Spot]:
        if line not in self.simplified:
            project = self._view(state)
            points = [project(point) for point in line]
            if line not in self.exact:
                points = without_bends(points, SMALLEST_BEND)
            self.simplified[line] = [(round(x), round(y)) for x, y in points]
        return self.simplified[line]

    def state_lines(self) -> str:
        """The borders between states as one SVG path."""
        return "".join(
            _path(self._simplify(line, min(states)))
            for line, states in sorted(self.owners.items())
            if len(states) > 1
        )


def _undirected(line: Ring) -> Ring:
    """A canonical form, the same for a line and its reverse."""
    return min(line, line[::-1])


def _area(ring: Iterable[tuple[float, float]]) -> float:
    return sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in pairwise(ring)) / 2


def without_bends(points: Sequence[Point], smallest: float) -> list[Point]:
    """A line without its small bends; its ends, and two more points of a ring, always stay.

    Visvalingam and Whyatt (1993): repeatedly removes the point that forms the smallest triangle
    with its neighbors, until every triangle has an area of at least ``smallest``.
    """
    least = 4 if points[0] == points[-1] else 2
    count = len(points)
    before = list(range(-1, count - 1))
    after = list(range(1, count + 1))
    size = [0.0] * count

    def triangle(n: int) -> float:
        (x0, y0), (x1, y1), (x2, y2) = points[before[n]], points[n], points[after[n]]
        return abs((x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)) / 2

    heap: list[tuple[float, int]] = []
    for n in range(1, count - 1):
        size[n] = triangle(n)
        heapq.heappush(heap, (size[n], n))
    left = count
    removed = [False] * count
    while heap and left > least:
        area, n = heapq.heappop(heap)
        if area >= smallest:
            break
        if removed[n] or area != size[n]:
            continue
        removed[n] = True
        left -= 1
        after[before[n]], before[after[n]] = after[n], before[n]
        for other in (before[n], after[n]):
            if 0 < other < count - 1:
                # Never smaller than the point just removed, so the order of removal is stable.
                size[other] = max(triangle(other), area)
                heapq.heappush(heap, (size[other], other))
    return [point for n, point in enumerate(points) if not removed[n]]
