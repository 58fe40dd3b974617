"""A day as people write it: the one reader for forms, filters and the command line."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from functools import cache

from babel.dates import get_month_names

OLD_LIST_DAYS = 14
"""A list of cosponsors older than this is looked at again."""
_PARTS = re.compile(r"\d+|[^\W\d_]+")
_NO_WORDS = frozenset({"de", "del", "of", "the", "st", "nd", "rd", "th"})


def read_day(text: str) -> date | None:
    """The day that somebody wrote; None where it is none, or could be read in two ways.

    Known are ``2026-11-01``, ``11/01/2026`` and ``11-1-26`` (the month first, as in the United
    States; where the first number can be no month, it is the day), ``Nov 1 2026``,
    ``November 1st, 2026``, ``1 nov. 2026`` and ``1 de noviembre de 2026``. A year of two
    digits is in this century. A year before 1900 is taken for a mistake.
    """
    parts = [part for part in _PARTS.findall(_plain(text)) if part not in _NO_WORDS]
    if len(parts) != 3 or len(text) > 40:
        return None
    words = [part for part in parts if not part.isdecimal()]
    numbers = [int(part) for part in parts if part.isdecimal()]
    if len(words) == 1 and len(numbers) == 2:
        month = _months().get(words[0])
        # 2026 Nov 1 as well as Nov 1 2026 and 1 Nov 2026.
        day, year = reversed(numbers) if numbers[0] > 31 else numbers
    elif not words and len(parts[0]) == 4:
        year, month, day = numbers
    elif not words:
        month, day, year = numbers
        if month > 12:
            month, day = day, month
    else:
        return None
    if year < 100:
        year += 2000
    if month is None or year < 1900:
        return None
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _plain(text: str) -> str:
    apart = unicodedata.normalize("NFKD", text).casefold()
    return "".join(ch for ch in apart if not unicodedata.combining(ch))


@cache
def _months() -> dict[str, int]:
    """The months by their names and short names, in the languages of the pages."""
    found = {"sept": 9}
    for language in ("en", "es"):
        for width in ("wide", "abbreviated"):
            for number, name in get_month_names(width, locale=language).items():
                found[_plain(name).strip(".")] = number
    return found
