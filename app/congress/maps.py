"""Loads the map of districts for drawing. ``congress.sources.outlines`` makes it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from app.congress.model import TablesError
from app.congress.tables import FOLDER

MAP, NEW_MAP = "map.json", "new_map.json"
"""The maps of this Congress's districts, and of the next one's if its outlines are known."""

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
    """SVG paths by seat (``CA-12``), ordered by state, then number."""
    state_lines: str
    """The borders between states as one SVG path."""
    frames: Mapping[str, Box]
    """The bounding box of each state."""
    boxes: Mapping[str, Box]
    """The box drawn for a state that is too small to see or has no outline."""


@lru_cache(maxsize=4)
def load_map(folder: Path = FOLDER, congress: int | None = None) -> DistrictMap:
    """The map of a Congress's districts, read on the first call and shared afterward.

    If there is none for ``congress``, returns the map that there is; its ``congress`` says whose
    lines it shows. Raises ``TablesError``.
    """
    try:
        newer = folder / NEW_MAP
        raw = json.loads((folder / MAP).read_text(encoding="utf-8"))
        if congress is not None and congress > raw["congress"] and newer.is_file():
            raw = json.loads(newer.read_text(encoding="utf-8"))
        boxes = {
            name: {state: tuple(box) for state, box in raw[name].items()}
            for name in ("frames", "boxes")
        }
        return DistrictMap(**{**raw, **boxes})
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise TablesError(
            f"The map in {folder} cannot be read ({error!r}). Build it with: flask congress build "
            "--from DIR, where DIR also holds the outlines of the districts."
        ) from None
