"""The JSON Schemas of what this program writes for other programs, as files beside this one."""

from __future__ import annotations

from functools import cache
from pathlib import Path

NAMES = ("counts", "export")
"""``counts`` describes the public numbers, ``export`` every file of counts or rows."""


@cache
def schema_text(name: str) -> str:
    """The text of one of ``NAMES``; raises ``KeyError`` for another."""
    if name not in NAMES:
        raise KeyError(name)
    return (Path(__file__).with_name(f"{name}.json")).read_text(encoding="utf-8")
