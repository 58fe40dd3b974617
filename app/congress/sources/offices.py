"""Postal addresses of members' offices, as lines that fit a window envelope."""

from __future__ import annotations

import re
from typing import Any

from app.congress.model import STATES
from app.congress.towns import town_key

_WASHINGTON = re.compile(
    r"([A-Z]?\d+[A-Z]?) "
    r"((?:Rayburn|Longworth|Cannon|Hart|Russell|Dirksen) (?:House|Senate) Office Building) "
    r"Washington,? DC (\d{5}(?:-\d{4})?)",
    re.IGNORECASE,
)
_PHONE = re.compile(r"\d{3}-\d{3}-\d{4}")
_ZIP = re.compile(r"\d{5}(-\d{4})?")
_BARE_SUITE = re.compile(r"[A-Z]{0,2}-?\d{1,5}[A-Z]?|[A-Z](?: \(.*\))?", re.IGNORECASE)
_WIDEST_LINE = 48


def text_of(value: Any) -> str:
    """A YAML scalar as one clean line; missing and empty are ``""``, numbers are digits."""
    return " ".join(str(value).split()) if value is not None else ""


def phone_of(value: Any) -> str | None:
    """``202-224-3121``, or None for anything else."""
    text = text_of(value)
    return text if _PHONE.fullmatch(text) else None


def washington_lines(address: Any) -> tuple[str, ...] | None:
    """Room and building, then ``Washington, DC 20515-1234``; None unless complete.

    The source has one line without commas; this form fits all 536 that it had in June 2026.
    """
    match = _WASHINGTON.fullmatch(text_of(address))
    if not match:
        return None
    room, building, code = match.groups()
    return (f"{room} {building}", f"Washington, DC {code}")


def suite_line(value: Any) -> str:
    """A suite as printed: a bare number or letter gets the word ``Suite``."""
    text = text_of(value)
    return f"Suite {text}" if text and _BARE_SUITE.fullmatch(text) else text


def local_office(raw: dict[str, Any]) -> dict[str, Any] | None:
    """One district or state office as stored in the tables; None when nothing can be posted there.

    The result has ``id, city, state, zip, lines`` and, where known, ``phone`` and ``building``.
    """
    street, city, state, code = (text_of(raw.get(k)) for k in ("address", "city", "state", "zip"))
    if not (street and city and state in STATES and _ZIP.fullmatch(code)):
        return None
    if town_key(street).startswith(town_key(city + state)):
        return None  # the city line stands where the street should
    building, suite = text_of(raw.get("building")), suite_line(raw.get("suite"))
    together = f"{street}, {suite}" if suite else street
    lines = [together] if len(together) <= _WIDEST_LINE else [suite, street]
    if building and town_key(building) not in town_key(together):
        lines.insert(0, building)
    office: dict[str, Any] = {
        "id": text_of(raw["id"]),
        "city": city,
        "state": state,
        "zip": code,
        "lines": [line for line in lines if line] + [f"{city}, {state} {code}"],
    }
    if phone := phone_of(raw.get("phone")):
        office["phone"] = phone
    if building:
        office["building"] = building
    return office
