"""The map of districts: complete, small, without gaps between neighbors."""

from __future__ import annotations

import json
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import pytest

from app.congress.maps import load_map
from app.congress.model import STATES, BuildError, TablesError, district_numbers
from app.congress.sources.outlines import (
    View,
    find_outlines,
    map_table,
    read_outlines,
    without_bends,
)
from app.congress.tables import FOLDER
from tests.counts.shapes import area, rings

OFFICIAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "cd119-20m.geojson"


def test_every_district_has_a_visible_shape() -> None:
    found = load_map()
    wanted = [f"{state}-{n}" for state in sorted(STATES) for n in district_numbers(state)]
    assert list(found.districts) == wanted
    assert len(wanted) == 441
    for name, path in found.districts.items():
        assert max(area(ring) for ring in rings(path)) >= 25, name


def test_the_map_is_small_and_of_the_current_congress() -> None:
    assert (FOLDER / "map.json").stat().st_size < 400_000
    assert load_map().congress == 119


def test_every_shape_is_inside_the_map_and_its_states_frame() -> None:
    found = load_map()
    for name, path in found.districts.items():
        left, top, width, height = found.frames[name[:2]]
        box = found.boxes.get(name[:2])
        for ring in rings(path):
            for x, y in ring:
                assert 0 <= x <= found.width, name
                assert 0 <= y <= found.height, name
                if box is None:
                    assert left <= x <= left + width
                    assert top <= y <= top + height


def test_insets_overlap_neither_the_48_states_nor_each_other() -> None:
    spots = {name: rings(path) for name, path in load_map().districts.items()}
    for name in ("AK-0", "HI-1", "HI-2", "PR-0", "VI-0", "GU-0", "MP-0", "AS-0"):
        others = [p for o, found in spots.items() if o[:2] != name[:2] for r in found for p in r]
        for ring in spots[name]:
            left, right = min(x for x, _ in ring), max(x for x, _ in ring)
            top, bottom = min(y for _, y in ring), max(y for _, y in ring)
            inside = [p for p in others if left <= p[0] <= right and top <= p[1] <= bottom]
            assert not inside, name


def test_neighbors_share_their_border_point_for_point() -> None:
    """Nearly every side of an inland district is a side of another district too."""
    sides: dict[frozenset[tuple[int, int]], int] = defaultdict(int)
    for path in load_map().districts.values():
        for ring in rings(path):
            for pair in pairwise(ring):
                sides[frozenset(pair)] += 1
    assert set(sides.values()) <= {1, 2}, "a side belongs to three districts"
    for name in ("CO-4", "KS-1", "WY-0", "MO-3", "TN-6", "KY-2"):
        own = [
            sides[frozenset(pair)]
            for ring in rings(load_map().districts[name])
            for pair in pairwise(ring)
        ]
        assert own.count(1) <= len(own) * 0.02, f"{name} has gaps or overlaps"


@pytest.mark.skipif(not OFFICIAL.exists(), reason="the official outlines are not here")
def test_rebuilding_gives_the_same_bytes() -> None:
    assert map_table(OFFICIAL, 119) == (FOLDER / "map.json").read_text(encoding="utf-8")


@pytest.mark.skipif(not OFFICIAL.exists(), reason="the official outlines are not here")
def test_a_districts_share_of_the_map_is_its_share_of_the_land() -> None:
    """An equal-area projection: no state looks bigger than it is."""
    land = {}
    for feature in json.loads(OFFICIAL.read_text())["features"]:
        facts = feature["properties"]
        land[facts["GEOID"]] = facts["ALAND"]
    drawn = load_map().districts
    unit = [
        sum(area(ring) for ring in rings(drawn[name])) / land[code]
        for name, code in (("WY-0", "5600"), ("ND-0", "3800"), ("CO-3", "0803"), ("NM-2", "3502"))
    ]
    assert max(unit) / min(unit) < 1.03


def test_the_projection_keeps_its_center_with_east_right_and_north_up() -> None:
    project = View((29.5, 45.5), (-96, 37.5), (100, 200), 1000).projection()
    assert project((-96, 37.5)) == pytest.approx((100, 200))
    assert project((-90, 37.5))[0] > 100
    assert project((-96, 40))[1] < 200
    # Far west of Alaska is written as east longitude.
    assert project((179.5, 52))[0] < project((-179.5, 52))[0]


def test_simplifying_a_line_keeps_its_ends_and_large_bends() -> None:
    line = [(0.0, 0.0), (10.0, 0.1), (20.0, 0.0), (30.0, 50.0), (40.0, 0.0)]
    assert without_bends(line, 50) == [(0.0, 0.0), (20.0, 0.0), (30.0, 50.0), (40.0, 0.0)]
    ring = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0), (0.0, 0.0)]
    assert len(without_bends(ring, 1e9)) == 4, "a ring never becomes a line"


def feature(**facts: str) -> dict[str, object]:
    known = {"CDSESSN": "119", "STATEFP": "56", "CD119FP": "00", **facts}
    square = [[[-104.0, 41.0], [-104.0, 45.0], [-111.0, 45.0], [-104.0, 41.0]]]
    return {"properties": known, "geometry": {"type": "Polygon", "coordinates": square}}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("not json", "is not GeoJSON"),
        (json.dumps({"features": [feature(CDSESSN="118")]}), "is for Congress 118, not 119"),
        (json.dumps({"features": [feature()]}), "do not agree on"),
        (json.dumps({"features": [{}]}), "is not GeoJSON"),
    ],
)
def test_a_wrong_file_is_refused_with_its_reason(tmp_path: Path, content: str, words: str) -> None:
    path = tmp_path / "cd119-20m.geojson"
    path.write_text(content)
    with pytest.raises(BuildError, match=words):
        read_outlines(path, 119)


def test_outlines_are_found_by_name_and_may_be_missing(tmp_path: Path) -> None:
    assert find_outlines(tmp_path, 119) is None
    (tmp_path / "cb_2024_us_cd119_20m.json").touch()
    assert find_outlines(tmp_path, 119) == tmp_path / "cb_2024_us_cd119_20m.json"
    assert find_outlines(tmp_path, 120) is None


def test_a_map_of_the_next_congress_is_kept_alongside_the_current_one(tmp_path: Path) -> None:
    text = (FOLDER / "map.json").read_text(encoding="utf-8")
    (tmp_path / "map.json").write_text(text, encoding="utf-8")
    assert load_map(tmp_path, 120).congress == 119
    load_map.cache_clear()
    (tmp_path / "new_map.json").write_text(
        text.replace('"congress": 119', '"congress": 120'), encoding="utf-8"
    )
    assert [load_map(tmp_path, n).congress for n in (119, 120)] == [119, 120]


def test_a_missing_map_says_how_to_build_it(tmp_path: Path) -> None:
    with pytest.raises(TablesError, match="flask congress build"):
        load_map(tmp_path)
