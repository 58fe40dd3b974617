"""Town names as keys: the same town however it is accented, abbreviated or hyphenated."""

from __future__ import annotations

import re
import unicodedata

_ABBREVIATIONS = {"saint": "st", "sainte": "ste", "fort": "ft", "mount": "mt"}
_STATUS = (
    r"city and borough|zona urbana|metro township|city|town|village|borough|CDP"
    r"|municipality|corporation|comunidad"
)
_CONSOLIDATED = (
    r"(?:(?:consolidated|metropolitan|metro|unified) government|urban county|city)? ?\(balance\)$"
)


def town_key(name: str) -> str:
    """A town's name folded for comparison: ``Cañon City`` and ``CANON CITY`` are one key.

    Accents, case and punctuation go; ``Saint``, ``Fort`` and ``Mount`` are abbreviated as the
    Postal Service does; spaces go last, since it also writes ``Mc Intosh``. Empty when nothing
    is left.
    """
    plain = name
    if not name.isascii():
        letters = unicodedata.normalize("NFKD", name)
        plain = "".join(char for char in letters if not unicodedata.combining(char))
    words = re.findall(r"[a-z0-9]+", plain.casefold())
    return "".join(_ABBREVIATIONS.get(word, word) for word in words)


def town_keys(name: str) -> tuple[str, ...]:
    """Every key under which a Census place is known to its residents.

    ``Nashville-Davidson metropolitan government (balance)`` is also ``nashville``;
    ``Bath (Berkeley Springs)`` is both.
    """
    whole = re.sub(_CONSOLIDATED, "", name)
    keys = [town_key(whole)]
    if whole != name:
        keys.append(town_key(re.split(r"[-/]", whole)[0]))
    elif match := re.fullmatch(r"(.+?) \((.+)\)", name):
        keys += [town_key(match[1]), town_key(match[2])]
    if "," in name:
        keys.append(town_key(name.split(",", 1)[0]))
    return tuple(dict.fromkeys(key for key in keys if key))


def place_name(namelsad: str) -> str:
    """A Census ``NAMELSAD`` without its legal status: ``Cañon City city`` is ``Cañon City``.

    Only the last status word is cut, because many towns have one in their name.
    """
    if "(balance)" in namelsad:
        return namelsad
    return re.sub(rf" (?:{_STATUS})$", "", namelsad)
