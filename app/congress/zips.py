"""Reading a ZIP code as people type it.

What can only mean one thing is accepted (spaces, typographic hyphens, full-width digits,
a trailing hyphen). What could mean two things is questioned with a suggestion, never
silently changed: a ZIP that lost its leading zero, a "+4" with digits missing.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

from app.congress.model import STATES

ZipProblemKind = Literal["missing", "foreign", "four_digits", "bad_plus4", "malformed"]


@dataclass(frozen=True, slots=True)
class Zip:
    """A well-formed ZIP code; whether it exists is another question."""

    five: str
    plus4: str | None = None

    def __str__(self) -> str:
        """``02138`` or ``02138-1234``."""
        return f"{self.five}-{self.plus4}" if self.plus4 else self.five


@dataclass(frozen=True, slots=True)
class ZipProblem:
    """Why a text is no ZIP code, and what the person may have meant."""

    kind: ZipProblemKind
    suggestion: str | None = None


_LONGEST = 40
_SEPARATORS = re.compile(r"[._/+~-]+")
_US_WORDS = frozenset(["ZIP", "ZIPCODE", "CODE", "US", "USA"])
_LOOKALIKES = str.maketrans({"O": "0", "I": "1", "L": "1"})


def _plain(text: str) -> str:
    """Upper-case ASCII digits, letters, ``-`` and other marks, without any white space."""
    out: list[str] = []
    for char in unicodedata.normalize("NFKC", text):
        category = unicodedata.category(char)
        if category == "Nd":
            out.append(str(unicodedata.digit(char)))
        elif category == "Pd" or char == "\N{MINUS SIGN}":
            out.append("-")
        elif char.isspace() or category in ("Cf", "Cc"):
            out.append(" ")
        else:
            out.append(char.upper())
    return "".join(out)


def _from_digits(compact: str) -> Zip | ZipProblem:
    """Judge a text of digits and single hyphens, without hyphens at its ends."""
    head, _, tail = compact.partition("-")
    digits = head + tail
    if "-" in tail or (tail and len(head) not in (3, 4, 5)):
        return ZipProblem("malformed")
    if not tail and len(head) > 5:
        # Nine digits without a hyphen, or a run in which some are missing.
        head, tail = (head[:4], head[4:]) if len(head) == 8 else (head[:5], head[5:])
    if len(head) == 5 and len(tail) in (0, 4):
        return Zip(head, tail or None)
    if len(head) == 5 and len(digits) <= 10:
        return ZipProblem("bad_plus4", head)
    if len(head) == 4 and len(tail) in (0, 4):
        return ZipProblem("four_digits", str(Zip(f"0{head}", tail or None)))
    if len(head) == 3 and head[0] in "56789" and len(tail) in (0, 4):
        # 005 to 009 is Holtsville, Puerto Rico and the Virgin Islands: two zeros were lost.
        return ZipProblem("malformed", str(Zip(f"00{head}", tail or None)))
    return ZipProblem("malformed")


def _from_words(text: str) -> ZipProblem:
    """Judge a text that has letters: a slip that we can question, or another country's code."""
    words = [word for word in re.split(r"[\s,;:]+", text) if word]
    rest = [word for word in words if word not in _US_WORDS and word not in STATES]
    if not any(char.isdigit() for char in text):
        return ZipProblem("malformed")
    candidates = [word.translate(_LOOKALIKES) for word in rest]
    if len(candidates) == 1 and re.fullmatch(r"\d{5}(-\d{4})?", candidates[0]):
        return ZipProblem("malformed", candidates[0])
    return ZipProblem("foreign")


def parse_zip(text: str | None) -> Zip | ZipProblem:
    """Read what a person typed as a ZIP code.

    Returns ``Zip`` (``five`` and perhaps ``plus4``), or ``ZipProblem`` whose kind is
    ``missing`` (nothing typed), ``foreign`` (letters and digits, as in Canada or Britain),
    ``four_digits`` (a leading zero was lost; the suggestion has it), ``bad_plus4`` (the
    four digits after the hyphen are not four; the suggestion is the ZIP without them) or
    ``malformed`` (with a suggestion where there is one plain guess).
    """
    if text and len(text) == 5 and text.isascii() and text.isdigit():
        return Zip(text)  # what nearly everybody types
    plain = _plain(text or "").strip()
    if not plain:
        return ZipProblem("missing")
    if len(plain) > _LONGEST:
        return ZipProblem("malformed")
    if any(char.isalpha() for char in plain):
        return _from_words(plain)
    compact = _SEPARATORS.sub("-", re.sub(r"\s", "", plain)).strip("-,;:#'\"()")
    if not re.fullmatch(r"[0-9]+(-[0-9]+)*", compact):
        return ZipProblem("malformed")
    return _from_digits(compact)
