"""Patterns for claims that no letter may make, with their backtracking bounded.

People write a campaign's list, and a careless regular expression can take minutes on one
sentence. So a repeated part must match in only one way (no repetition, alternative or optional
part inside it), and the repetitions of a pattern may together match in only so many ways. ``re``
decides whether a pattern is valid; here its tokens are counted.
"""

from __future__ import annotations

import re
from functools import lru_cache

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
        compiled = re.compile(pattern, re.IGNORECASE)
    except (re.error, RecursionError, OverflowError) as error:
        return Message.of("pattern-unreadable", why=str(error))
    ways = _count_ways(pattern)
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


_TOKENS = re.compile(
    r"""
    (?P<open> \( (?!\?) | \(\? (?: P<\w+> | [aimsu]* (?:-[ims]+)? : | <?[=!] ) )
    | (?P<close> \) )
    | (?P<choice> \| )
    | (?P<repeat> (?: [*+?] | \{ (?=[0-9,]) [0-9]* ,? [0-9]* \} ) [+?]? )
    | (?P<one> \[ \^? \]? (?: \\. | [^\]\\] )* \] | \\ [^1-9] | \(\? [aimsu]+ \) | [^\\(] )
    | (?P<other> . )
    """,
    re.VERBOSE | re.DOTALL,
)
"""The tokens of a valid pattern. ``other`` starts what a claim may not have: references back,
conditions, atomic groups and comments."""
_REPEATS = {"*": "{0,}", "+": "{1,}", "?": "{0,1}"}


def _count_ways(pattern: str) -> int | None:
    """An upper bound on the ways a valid pattern can match from one position; None if it is
    unbounded or not known."""
    outer: list[tuple[int, int]] = []
    # The ways of this group's earlier choices, of this choice up to its last part, and of that.
    choices, before, last = 0, 1, 1
    for token in _TOKENS.finditer(pattern):
        if token["open"]:
            outer.append((choices, before * last))
            choices, before, last = 0, 1, 1
        elif token["close"]:
            last = choices + before * last
            choices, before = outer.pop()
        elif token["choice"]:
            choices, before, last = choices + before * last, 1, 1
        elif token["repeat"]:
            times = _times(token["repeat"])
            if times[-1] > 1 and last > 1:
                return None
            last = sum(last**n for n in times)
        elif token["one"]:
            before, last = before * last, 1
        else:
            return None
    return choices + before * last


def _times(repeat: str) -> range:
    """How many times a part may repeat, up to the characters searched."""
    bounds = _REPEATS.get(repeat[0], repeat)
    least, comma, most = bounds[1 : bounds.index("}")].partition(",")
    low = int(least or 0)
    high = int(most or _SEARCHED_CHARACTERS) if comma else low
    return range(min(low, _SEARCHED_CHARACTERS), min(high, _SEARCHED_CHARACTERS) + 1)
