"""Patterns for claims that no letter may make, with their backtracking bounded.

People write a campaign's list, and a careless regular expression can take minutes on one
sentence. So a repeated part must match in only one way (no repetition, alternative or optional
part inside it), and the repetitions of a pattern may together match in only so many ways.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from app.campaign.problems import Message

PATTERN_CHARACTERS = 300
_SUGGESTED_REPEATS = 80
"""The bound that the message suggests in place of an open repetition."""
_SEARCHED_CHARACTERS = 1_000
"""How much of a sentence is searched; an open repetition counts as this many."""
_MOST_WAYS = 20_000
"""The most ways in which one pattern's repetitions may match from one position."""


@lru_cache(maxsize=512)
def compile_claim(pattern: str) -> re.Pattern[str] | Message:
    """The compiled pattern, ignoring case, or why it cannot be used."""
    if len(pattern) > PATTERN_CHARACTERS:
        return Message.of("pattern-long", number=PATTERN_CHARACTERS)
    try:
        tree = re._parser.parse(pattern, re.IGNORECASE)  # type: ignore[attr-defined]
        compiled = re.compile(pattern, re.IGNORECASE)
    except (re.error, RecursionError, OverflowError) as error:
        return Message.of("pattern-unreadable", why=str(error))
    ways = _count_ways(tree)
    if ways is None:
        return Message.of("pattern-repeats")
    if ways > _MOST_WAYS:
        return Message.of("pattern-many", number=_SUGGESTED_REPEATS)
    if compiled.search(""):
        return Message.of("pattern-everything")
    return compiled


def phrase(words: str, *, whole: bool) -> str:
    """A pattern for a phrase, however its lines wrap; ``whole`` matches only whole words."""
    found = r"\s+".join(re.escape(word) for word in words.split())
    found = re.sub("['’]", "['’]", found)
    return rf"(?<!\w){found}(?!\w)" if whole else found


def _count_ways(tree: Any) -> int | None:
    """An upper bound on the ways a part can match from one position; None if it is unbounded."""
    found = 1
    for op, argument in tree:
        name = str(op)
        if name.endswith("REPEAT"):
            least, most, part = argument
            inner = _count_ways(part)
            if inner is None or (most > 1 and inner > 1):
                return None
            least, most = (min(int(n), _SEARCHED_CHARACTERS) for n in (least, most))
            found *= (most - least) * inner + 1
        elif name in ("SUBPATTERN", "ASSERT", "ASSERT_NOT"):
            inner = _count_ways(argument[-1])
            if inner is None:
                return None
            found *= inner
        elif name == "BRANCH":
            branches = [_count_ways(part) for part in argument[1]]
            if None in branches:
                return None
            found *= sum(ways for ways in branches if ways is not None)
        elif name.startswith("GROUPREF") or name == "ATOMIC_GROUP":
            return None
    return found
