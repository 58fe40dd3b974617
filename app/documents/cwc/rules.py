"""The offices' own delivery format: its fixed lists and the shape of each field.

Facts: Communicating With Congress 2.0 as its implementers describe it (the House and
Senate documents themselves are not public), collected in the project's fact sheet on
Congress, as of 2026-11-25. One format serves both chambers; the Senate checks harder.
"""

from __future__ import annotations

import re

from app.congress.model import STATES, Chamber, Seat
from app.documents.cwc.model import BillRef, Problem
from app.text import Email, clean_line, fold_digits, read_email

VERSION = "2.0"

TOPICS = (
    "Agriculture and Food", "Animals", "Armed Forces and National Security",
    "Arts, Culture, Religion", "Civil Rights and Liberties, Minority Issues", "Commerce",
    "Congress", "Crime and Law Enforcement", "Economics and Public Finance", "Education",
    "Emergency Management", "Energy", "Environmental Protection", "Families",
    "Finance and Financial Sector", "Foreign Trade and International Finance",
    "Government Operations and Politics", "Health", "Housing and Community Development",
    "Immigration", "International Affairs", "Labor and Employment", "Law", "Native Americans",
    "Public Lands and Natural Resources", "Science, Technology, Communications",
    "Social Sciences and History", "Social Welfare", "Sports and Recreation", "Taxation",
    "Transportation and Public Works", "Water Resources Development",
)  # fmt: skip
"""The 32 Library of Congress topics that both chambers know, as exact strings."""

SENATE_PREFIXES = ("Mr.", "Mrs.", "Miss", "Ms.", "Dr.")
"""All that the Senate accepts; also what a form should offer, as the House takes them too."""

HOUSE_PREFIXES = (
    *SENATE_PREFIXES, "Mr. and Mrs.", "Dr. and Mrs.", "Dr. and Mr.", "Admiral", "Captain",
    "Chief Master Sergeant", "Colonel", "Commander", "Corporal", "Father", "Lieutenant",
    "Lieutenant Colonel", "Master Sergeant", "Reverend", "Sergeant", "Second Lieutenant",
    "Sergeant Major", "Sister", "Technical Sergeant",
)  # fmt: skip
"""Prefixes seen at the House, which is lenient: others pass too."""

SENATE_BILL_TYPES = {
    "hr": "H.R.", "s": "S.", "hjres": "H.J.Res.", "sjres": "S.J.Res.",
    "hconres": "H.Con.Res", "sconres": "S.Con.Res.", "hres": "H.Res.", "sres": "S.Res.",
    "hamdt": "H.Amdt.", "samdt": "S.Amdt.",
}  # fmt: skip
"""The Senate's spellings. ``H.Con.Res`` really has no final dot."""

HOUSE_BILL_TYPES = ("hr", "s", "hjres", "sjres", "hconres", "sconres", "hres", "sres")

TEXT_LIMIT = 10_000
TEXT_LEAST = 6
SUBJECT_LIMIT = 500


def office_code(seat: Seat) -> str:
    """The code of a seat's office: ``HCA12``, ``HAK00``, ``SCA03`` (the 3 is the class).

    It names the seat, not the person. American Samoa is ``HAQ00``, not ``HAS00``.
    """
    if seat.chamber == "senate":
        return f"S{seat.state}{seat.senate_class:02d}"
    state = "AQ" if seat.state == "AS" else seat.state
    return f"H{state}{seat.district:02d}"


def has_word(text: str) -> bool:
    """Whether there is anything to read: at least one letter or digit."""
    return any(character.isalnum() for character in text)


def digits(text: str) -> str:
    """The decimal digits of a text as ASCII, whatever keyboard they were typed on."""
    return re.sub(r"[^0-9]", "", fold_digits(text))


def phone_number(text: str) -> str | None:
    """``202-555-0147`` from any usual way to write a US number, or None.

    A leading 1 and an extension are dropped: the format has no place for them.
    """
    ten = digits(re.sub(r"(?i)\s*(?:ext\.?|extension|x|#)\s*\d+\s*$", "", text))
    if len(ten) == 11 and ten.startswith("1"):
        ten = ten[1:]
    return f"{ten[:3]}-{ten[3:6]}-{ten[6:]}" if len(ten) == 10 else None


def zip_code(text: str) -> str | None:
    """``02138`` or ``02138-1234``, or None where it is neither."""
    match = re.fullmatch(r"([0-9]{5})(?:[-–— ]?([0-9]{4}))?", fold_digits(clean_line(text)))
    if match is None:
        return None
    return f"{match[1]}-{match[2]}" if match[2] else match[1]


def email(text: str) -> str | None:
    """The address in a text, or None where mail can take none."""
    found = read_email(text)
    return found.text if isinstance(found, Email) else None


def prefix_for(chamber: Chamber, text: str) -> str | None:
    """A prefix in the spelling that the chamber takes (``mr`` → ``Mr.``), or None.

    The Senate takes five. The House takes others as they stand.
    """
    wanted = clean_line(text).rstrip(".").casefold()
    known = SENATE_PREFIXES if chamber == "senate" else HOUSE_PREFIXES
    for prefix in known:
        if prefix.rstrip(".").casefold() == wanted:
            return prefix
    return clean_line(text) if chamber == "house" and len(clean_line(text)) <= 40 else None


def bill_ref(chamber: Chamber, congress: int, number: str) -> BillRef | Problem:
    """A printed bill number (``H.R. 6890``) in the spelling of the chamber that receives it."""
    match = re.fullmatch(r"([A-Za-z. ]*[A-Za-z.])\s*([0-9]{1,5})", clean_line(number))
    kind = re.sub(r"[. ]", "", match[1]).lower() if match else ""
    known = SENATE_BILL_TYPES if chamber == "senate" else {k: k for k in HOUSE_BILL_TYPES}
    if match is None or kind not in known or int(match[2]) == 0:
        return Problem("bill", "The campaign's bill number is not one that the system knows.")
    return BillRef(congress, known[kind], int(match[2]))


def is_state(code: str) -> bool:
    """Whether a state code is one of the 56 (no military and no associated-state codes)."""
    return code in STATES
