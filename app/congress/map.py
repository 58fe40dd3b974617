"""The map of districts, as ``flask congress build`` made it: shapes to draw, nothing to measure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from app.congress.tables import FOLDER, TablesError

Box = tuple[int, int, int, int]
"""Left, top, width, height in the map's units."""


@dataclass(frozen=True, slots=True, eq=False)
class DistrictMap:
    """Outlines of all 441 House districts, in one flat picture."""

    congress: int
    width: int
    height: int
    source: str
    districts: Mapping[str, str]
    """``CA-12`` to an SVG path, by state, then number."""
    state_lines: str
    """The borders between states as one SVG path."""
    frames: Mapping[str, Box]
    """By state: the part of the picture that it takes up."""
    boxes: Mapping[str, Box]
    """By state: the box that stands for a place too small to be seen, or without an outline."""


@lru_cache(maxsize=2)
def load_map(folder: Path = FOLDER) -> DistrictMap:
    """The map, read at the first call and shared afterwards. Raises ``TablesError``."""
    try:
        raw = json.loads((folder / "map.json").read_text(encoding="utf-8"))
        return DistrictMap(
            congress=raw["congress"],
            width=raw["width"],
            height=raw["height"],
            source=raw["source"],
            districts=raw["districts"],
            state_lines=raw["state_lines"],
            frames={state: tuple(box) for state, box in raw["frames"].items()},
            boxes={state: tuple(box) for state, box in raw["boxes"].items()},
        )
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise TablesError(
            f"The map in {folder} cannot be read ({error!r}). Build it with: flask congress build "
            "--from DIR, where DIR also holds the outlines of the districts."
        ) from None
