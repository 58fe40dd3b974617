"""Patterns for claims that no letter may make, kept from ever running long.

A campaign's list is written by people, and a careless regular expression can take minutes on
one sentence. So a pattern may hold at most one open repetition (``*``, ``+``), none inside
another repetition, and no reference back.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

PATTERN_CHARACTERS = 300
_LONG = 80
"""A repetition of at most this many is not open."""


@lru_cache(maxsize=512)
def compile_claim(pattern: str) -> re.Pattern[str] | str:
    """The compiled pattern, or a sentence on why it cannot be used. Case never matters."""
    if len(pattern) > PATTERN_CHARACTERS:
        return f"The pattern has more than {PATTERN_CHARACTERS} characters; split it."
    try:
        tree = re._parser.parse(pattern, re.IGNORECASE)  # type: ignore[attr-defined]
        compiled = re.compile(pattern, re.IGNORECASE)
    except (re.error, RecursionError, OverflowError) as error:
        return f"The pattern cannot be read: {error}."
    repeats: list[int] = []
    if not _bounded(tree, repeats, inside=False):
        return "The pattern repeats a repetition or refers back; write it more simply."
    if sum(1 for most in repeats if most > _LONG) > 1 or len([m for m in repeats if m > 3]) > 3:
        return f"The pattern has too many repetitions; use .{{0,{_LONG}}} instead of .* and +."
    if compiled.search(""):
        return "The pattern fits every sentence."
    return compiled


def _bounded(tree: Any, repeats: list[int], *, inside: bool) -> bool:
    for op, argument in tree:
        name = str(op)
        if name.endswith("REPEAT"):
            _, most, part = argument
            repeats.append(int(most))
            if inside and most > 1:
                return False
            if not _bounded(part, repeats, inside=inside or most > 1):
                return False
        elif name == "SUBPATTERN":
            if not _bounded(argument[-1], repeats, inside=inside):
                return False
        elif name == "BRANCH":
            if not all(_bounded(part, repeats, inside=inside) for part in argument[1]):
                return False
        elif name in ("ASSERT", "ASSERT_NOT"):
            if not _bounded(argument[1], repeats, inside=inside):
                return False
        elif name.startswith("GROUPREF") or name == "ATOMIC_GROUP":
            return False
    return True
