"""Patterns for claims that no letter may make, kept from ever running long.

A campaign's list is written by people, and a careless regular expression can take minutes on
one sentence. So what is repeated may be read in one way only: no repetition, no choice and
nothing optional in it; and the ways to read all repetitions together are few.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from app.campaign.problems import Message

PATTERN_CHARACTERS = 300
_LONG = 80
"""A repetition of at most this many is not open."""
_OPEN = 1_000
"""As many characters of a sentence are looked at."""
_WAYS = 20_000
"""So many ways to read the repetitions of one pattern, from one place of a sentence on."""


@lru_cache(maxsize=512)
def compile_claim(pattern: str) -> re.Pattern[str] | Message:
    """The compiled pattern, or why it cannot be used. Case never matters."""
    if len(pattern) > PATTERN_CHARACTERS:
        return Message.of("pattern-long", number=PATTERN_CHARACTERS)
    try:
        tree = re._parser.parse(pattern, re.IGNORECASE)  # type: ignore[attr-defined]
        compiled = re.compile(pattern, re.IGNORECASE)
    except (re.error, RecursionError, OverflowError) as error:
        return Message.of("pattern-unreadable", why=str(error))
    ways = _ways(tree)
    if ways is None:
        return Message.of("pattern-repeats")
    if ways > _WAYS:
        return Message.of("pattern-many", number=_LONG)
    if compiled.search(""):
        return Message.of("pattern-everything")
    return compiled


def phrase(words: str, *, whole: bool) -> str:
    """The pattern of some words, in whatever line they wrap; ``whole``: not inside other words."""
    found = r"\s+".join(re.escape(word) for word in words.split())
    found = re.sub("['’]", "['’]", found)
    return rf"(?<!\w){found}(?!\w)" if whole else found


def _ways(tree: Any) -> int | None:
    """In how many ways a part can be read from one place on, at most; None for too freely."""
    found = 1
    for op, argument in tree:
        name = str(op)
        if name.endswith("REPEAT"):
            least, most, part = argument
            inner = _ways(part)
            if inner is None or (most > 1 and inner > 1):
                return None
            found *= (min(int(most), _OPEN) - min(int(least), _OPEN)) * inner + 1
        elif name in ("SUBPATTERN", "ASSERT", "ASSERT_NOT"):
            inner = _ways(argument[-1])
            if inner is None:
                return None
            found *= inner
        elif name == "BRANCH":
            every = [_ways(part) for part in argument[1]]
            if None in every:
                return None
            found *= sum(ways for ways in every if ways is not None)
        elif name.startswith("GROUPREF") or name == "ATOMIC_GROUP":
            return None
    return found
