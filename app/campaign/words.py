"""How dates, numbers, places and typed text are worded in a sentence."""

from __future__ import annotations

import re
from datetime import date
from typing import Literal

from app.congress.model import STATES, STATES_ES
from app.congress.model import ordinal as english_ordinal
from app.text import clean_line

MONTHS = {
    "en": ("January", "February", "March", "April", "May", "June", "July", "August", "September",
           "October", "November", "December"),
    "es": ("enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre",
           "octubre", "noviembre", "diciembre"),
}  # fmt: skip

TITLES_ES: dict[str, str] = {
    "Senator": "senador o senadora",
    "Representative": "representante",
    "Delegate": "delegado o delegada",
    "Resident Commissioner": "comisionado residente",
}

CHAMBERS_ES = {"house": "Cámara de Representantes", "senate": "Senado"}


Language = Literal["en", "es"]

PLACE_CHARACTERS = 60
"""The longest city name that a letter prints; the longest in the United States has 45."""

_BLANK_LINE = re.compile(r"\n(?:[ \t]*\n)+")
_SPACES = re.compile(r"[ \t]+")
_WITH_ARTICLE = frozenset({"DC", "MP", "VI"})


def said(thing: object, name: str, language: Language) -> str:
    """The text of ``thing`` in ``language``, from ``name`` or ``<name>_es``; may be empty."""
    text: str = getattr(thing, f"{name}_es" if language == "es" else name)
    return text


def date_words(day: date, language: Language = "en") -> str:
    """``December 18, 2025`` or ``18 de diciembre de 2025``, whatever the machine's locale."""
    month = MONTHS[language][day.month - 1]
    if language == "es":
        return f"{day.day} de {month} de {day.year}"
    return f"{month} {day.day}, {day.year}"


def ordinal(number: int, language: Language = "en") -> str:
    """``119th`` or ``119.º``."""
    if language == "es":
        return f"{number}.º"
    return english_ordinal(number)


def state_words(state: str, language: Language = "en", *, article: bool = True) -> str:
    """A state or territory as it reads after "in": ``the District of Columbia``."""
    if language == "es" and state in STATES_ES:
        name = STATES_ES[state]
        return name if article else re.sub("^(el|las) ", "", name)
    name = STATES.get(state, state)
    return f"the {name}" if article and language == "en" and state in _WITH_ARTICLE else name


def clean_place(text: str) -> str:
    """A typed place name as one clean line of at most ``PLACE_CHARACTERS``."""
    return clean_line(text)[:PLACE_CHARACTERS].rstrip()


def curly(text: str) -> str:
    """The text with typographic double quotes for straight ones, as around a nickname."""
    return re.sub(r'"([^"]*)"', r"“\1”", text)


def one_line(text: str) -> str:
    """A file's wrapped text as one line; other spaces, such as no-break ones, are kept."""
    if "\n" in text:
        text = " ".join([kept for line in text.split("\n") if (kept := line.strip(" \t"))])
    else:
        text = text.strip(" \t")
    return _SPACES.sub(" ", text) if "  " in text or "\t" in text else text


def frame_paragraphs(text: str) -> list[str]:
    """The paragraphs of a rendered template, split at blank lines, with wrapped lines joined."""
    return [line for part in _BLANK_LINE.split(text) if (line := one_line(part))]


# --- bills -----------------------------------------------------------------------------------

KINDS = {
    "hr": "H.R.", "s": "S.", "hres": "H.Res.", "sres": "S.Res.", "hjres": "H.J.Res.",
    "sjres": "S.J.Res.", "hconres": "H.Con.Res.", "sconres": "S.Con.Res.",
}  # fmt: skip
"""Kinds of bills and resolutions by their official short names, and how each is printed."""
LAW = ("hr", "s", "hjres", "sjres")
"""The kinds that can become law. The others express opinions or govern the chambers themselves."""
WRITTEN = (
    r"h\.?\s*r\.?|[hs]\.?\s*(?:j\.?\s*|con\.?\s*)?res\.?|"
    r"(?:house|senate)\s+(?:bill|(?:joint\s+|concurrent\s+)?resolution)"
)
"""A pattern for a kind, however it is typed; the ``S.`` of a Senate bill is not included."""
_NUMBER = re.compile(rf"({WRITTEN}|s\.?)[\s-]*(?:no\.?\s*)?((?!0+\b)\d{{1,5}})", re.IGNORECASE)
_SHORT = {
    "house": "h", "senate": "s", "joint": "j", "concurrent": "con", "resolution": "res",
    "hbill": "hr", "bill": "",
}  # fmt: skip


def bill_kind(typed: str) -> str:
    """``House Joint Resolution`` or ``H. J. Res.`` → ``hjres``."""
    kind = re.sub(r"[^a-z]", "", typed.lower())
    for long, short in _SHORT.items():
        kind = kind.replace(long, short)
    return kind


def printed_bill(kind: str, number: int) -> str:
    """``H.R. 1234``."""
    return f"{KINDS[kind]} {number}"


def bill_noun(number: str | None, language: Language = "en") -> str:
    """The noun for what has such a number: a resolution or a bill; a bill without a number."""
    resolution = "Res." in (number or "")
    if language == "es":
        return "proyecto de resolución" if resolution else "proyecto de ley"
    return "resolution" if resolution else "bill"


def bill_key(number: str | None) -> tuple[str, int] | None:
    """``H.R. 1234`` → ``("hr", 1234)``, however it is typed; None if it is not a bill number."""
    match = _NUMBER.fullmatch(" ".join((number or "").split()))
    if match is None:
        return None
    return bill_kind(match[1]), int(match[2])


def printed_number(number: str) -> str | None:
    """``hr 1234`` → ``H.R. 1234``, as letters print it; None if it is not a bill number."""
    key = bill_key(number)
    return printed_bill(*key) if key else None
