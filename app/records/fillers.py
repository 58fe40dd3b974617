"""Words that people and spreadsheets put where a name or an address should be."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from app.records.comparing import bare, words_of
from app.text import Email, has_letter, read_email, says_something

WhyOdd = Literal["ditto", "no_letter", "filler", "no_letter_street", "filler_street"]

_UNREADABLE = frozenset("""
    n a|n a n a|illegible|unreadable|unknown|not legible|no name|no address|same as above
    refused|declined|not given
    ilegible|no legible|desconocido|desconocida|sin nombre|sin direccion|s n|n d|s d|no aplica
    lo mismo|el mismo|la misma|igual que arriba
""".replace("\n", "|").replace("    ", "").split("|")) - {""}  # fmt: skip
"""No person or street has such a name."""
_EMPTY = _UNREADABLE | frozenset("""
    ditto|idem|no email|no e mail|no tiene|no tengo|sin correo
    void|duplicate|crossed out|scratched out|see above|do not count|total|signature|test user
    duplicado|duplicada|repetido|repetida|tachado|tachada|anulado|anulada|firma|no cuenta
    none|null|nil|na|test|testing|user|blank|same|anonymous|anon|no|tbd|name|first|last
    street|address|first name|last name|example|sample|nadie|ninguno|ninguna|ningun|nada|prueba
    ejemplo|vacio|en blanco|anonimo|anonima|igual|nombre|apellido|calle|direccion|x
""".replace("\n", "|").replace("    ", "").split("|")) - {""}  # fmt: skip
"""Fillers for an empty cell. Some people are named Null or Ditto, so a name is odd only if every
part of it is a filler."""

_NO_STREET = frozenset({"test", "test st", "test street", "street", "address"})
"""Fillers after a house number. *200 First* and *1200 X* are streets."""

_NO_ONE = re.compile(r"(x|a|z)\1{2,9}|(test|total|page|pagina|prueba) ?\d+|asdf\w*|qwerty\w*")
_UNREAD = re.compile(
    r"\b(illeg|ill?egible|no legible|not legible|unreadable|unclear|can ?not read|cant read"
    r"|no se lee|no se entiende)\b"
)
"""Notes next to a name or street that the person who typed the sheet could not read."""
_DITTO = re.compile(
    r"""(?:.*\s)?(?:(?:["'´`‘’“”„‟″〃]+|,,)(?:\s.*)?|(?:ditto|[ií]dem|same|igual)\.?)"""
    r"|(?:the )?same (?:address|street|house|place)|(?:la )?misma (?:direcci[oó]n|casa|calle)",
    re.IGNORECASE,
)
"""A mark alone, or a word at the end, that may mean the row above; it may also be a name."""
_NOTE = re.compile(
    r":(?:\s|$)|(?<!\S)\d+(?!\d|(?:st|nd|rd|th|do|e?ro|to|º)\b)"
    r"|\b(?:duplicate|deceased|subtotal|signatures|firmas"
    r"|do not count|not registered|(?:entered|collected|verified|witnessed|signed) by"
    r"|duplicad[oa]|fallecid[oa]|no contar|no cuenta|recogid[oa]s? por)\b",
    re.IGNORECASE,
)
"""Where a name should be: a label with its colon, a number (of the row, a telephone) or a note."""
_INITIALS = re.compile(r"[^\W\d_]\.?\s?[^\W\d_]\.?")


def _is_filler(text: str, fillers: frozenset[str]) -> bool:
    plain = bare(words_of(text))
    return plain in fillers or bool(_NO_ONE.fullmatch(plain))


_NO_MAILBOX = re.compile(
    r"(?:none|no[._-]?(?:e-?)?mail|not?[._-]?(?:given|provided)"
    r"|sin[._-]?correo|no[._-]?tiene|ningun[oa])@[\w.-]+"
    r"|(no|na|x+|a+|abc)@\1\.\w+",
    re.IGNORECASE,
)
"""What a form that insists on an email address is given. It is no one's, so many may share it."""


def is_no_mailbox(text: str) -> bool:
    """Whether an email address, such as ``none@none.com``, only fills a field."""
    return bool(_NO_MAILBOX.fullmatch(text))


def unless_filler(text: str) -> str:
    """The text, or an empty string if it only fills an empty cell."""
    fills = not says_something(text) or _is_filler(text, _EMPTY) or is_no_mailbox(text)
    return "" if fills else text


def why_odd(values: Mapping[str, str], *, below_another: bool = False) -> WhyOdd | None:
    """Why a row probably is no person, or None. Reads ``first``, ``last`` and ``street``."""
    names = [text for column in ("first", "last") if (text := values.get(column, ""))]
    street = values.get("street", "")
    if below_another and any(map(_DITTO.fullmatch, (*names, street))):
        return "ditto"
    if names and not any(map(has_letter, names)):
        return "no_letter"
    if names and (
        all(_is_filler(text, _EMPTY) or not says_something(text) for text in names)
        or any(
            _is_filler(text, _UNREADABLE)
            or ("?" in text and not has_letter(text))
            or _is_email(text)
            for text in names
        )
        or _is_filler(" ".join(names), _EMPTY)
        or _UNREAD.search(bare(words_of(" ".join(names))))
        or _NOTE.search(" ".join(names))
    ):
        return "filler"
    if street and not has_letter(street):
        return "no_letter_street"
    if street and (
        not is_street(street) or "?" in street or _UNREAD.search(bare(words_of(street)))
    ):
        return "filler_street"
    return None


def _is_email(text: str) -> bool:
    """Whether a text is an email address, in the wrong field or column."""
    return "@" in text and isinstance(read_email(text), Email)


def is_unreadable(text: str) -> bool:
    """Whether a text cannot be a name: a filler such as ``N/A``, or an email address.

    ``N. A.`` and ``S N`` may be someone's initials.
    """
    filler = bare(words_of(text)) in _UNREADABLE and not _INITIALS.fullmatch(text)
    return filler or _is_email(text)


def is_street(text: str) -> bool:
    """Whether a text may be a street address: it has a letter and is no filler or email address."""
    name = re.sub(r"^\d+\s+", "", text)
    return (
        has_letter(text)
        and not _is_email(text)
        and not _is_filler(text, _EMPTY)
        and not _is_filler(name, _NO_STREET)
    )
