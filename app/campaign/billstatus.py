"""Reading the official status file of a bill: who sponsors it, who joined, who withdrew.

The file is called ``BILLSTATUS-119hr6890.xml`` and comes from govinfo.gov (bulk data, public
domain; elements are described in the user guide of ``usgpo/bill-status``). Version 3 of the
format has ``number`` and ``type``; earlier ones ``billNumber``, ``billType`` and the ids inside
``identifiers``. Both are read.

An uploaded file is believed in nothing: no document type, no entities, no other encoding, a
bounded size, and every value is checked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Literal

from lxml import etree

from app.campaign.stance import CURRENT, Backing

MOST_BYTES = 500_000
"""The file of a bill with 18 cosponsors has 14 KB; 500 KB is enough for all of Congress."""
MOST_PEOPLE = 700

_BIOGUIDE = re.compile(r"[A-Z]\d{6}")
_KINDS = frozenset({"hr", "s", "hres", "sres", "hjres", "sjres", "hconres", "sconres"})
_FORBIDDEN = re.compile(r"<!(DOCTYPE|ENTITY|ELEMENT|ATTLIST|NOTATION)", re.IGNORECASE)
_NUMBER = re.compile(r"(H\.R\.|S\.|H\.\s?Res\.|S\.\s?Res\.) ?(\d{1,5})")
_PRINTED = {"H.R.": "hr", "S.": "s", "H.Res.": "hres", "S.Res.": "sres"}

Why = Literal["large", "encoding", "doctype", "xml", "other", "bill", "people", "person", "day"]
"""What is wrong with a file: too large, not UTF-8, with a document type, not XML, XML of
another kind, without number or Congress, with too many people, a person without an id, a
person without a day."""


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """Somebody who joined the bill and took their name off again."""

    bioguide: str
    name: str
    joined: date | None
    left: date


@dataclass(frozen=True, slots=True)
class BillStatus:
    """What an official status file says."""

    kind: str
    """``hr`` or ``s``; also ``hres``, ``sjres`` and so on."""
    number: int
    congress: int
    introduced: date | None
    updated: date | None
    """The day on which the official record last changed."""
    backings: tuple[Backing, ...]
    """The sponsor, then the cosponsors in the file's order; nobody twice, none withdrawn."""
    withdrawn: tuple[Withdrawn, ...]

    @property
    def printed(self) -> str:
        """``H.R. 6890``."""
        names = {kind: printed for printed, kind in _PRINTED.items()}
        return f"{names.get(self.kind, self.kind.upper())} {self.number}"


@dataclass(frozen=True, slots=True)
class NotBillStatus:
    """Why a file cannot be used. ``where`` is a line, or the value that is wrong."""

    why: Why
    where: str = ""


def bill_key(number: str | None) -> tuple[str, int] | None:
    """``H.R. 6890`` → ``("hr", 6890)``; None where no number is known."""
    match = _NUMBER.fullmatch(number or "")
    return (_PRINTED[match[1].replace(" ", "")], int(match[2])) if match else None


def read_bill_status(data: bytes) -> BillStatus | NotBillStatus:
    """The sponsors and cosponsors in an official status file, or why it cannot be read."""
    root = _parse(data)
    if isinstance(root, NotBillStatus):
        return root
    bill = root.find("bill") if root.tag == "billStatus" else None
    if bill is None:
        return NotBillStatus("other", str(root.tag)[:60])
    kind = (_text(bill, "type") or _text(bill, "billType")).lower()
    number = _text(bill, "number") or _text(bill, "billNumber")
    congress = _text(bill, "congress")
    if kind not in _KINDS or not _whole(number) or not _whole(congress):
        return NotBillStatus("bill", f"{kind} {number} {congress}".strip()[:60])
    introduced = _day(_text(bill, "introducedDate"))
    people = _people(bill, introduced)
    if isinstance(people, NotBillStatus):
        return people
    return BillStatus(
        kind=kind,
        number=int(number),
        congress=int(congress),
        introduced=introduced,
        updated=_day(_text(bill, "updateDate")),
        backings=people[0],
        withdrawn=people[1],
    )


def _parse(data: bytes) -> etree._Element | NotBillStatus:
    if len(data) > MOST_BYTES:
        return NotBillStatus("large", f"{len(data):,}")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return NotBillStatus("encoding", str(data.count(b"\n", 0, error.start) + 1))
    found = _FORBIDDEN.search(text)
    if found:
        return NotBillStatus("doctype", str(text.count("\n", 0, found.start()) + 1))
    # The encoding is fixed, so that none that the file declares can hide what was looked for.
    parser = etree.XMLParser(
        encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False,
        huge_tree=False, remove_comments=True, remove_pis=True,
    )  # fmt: skip
    try:
        return etree.fromstring(text.encode(), parser)
    except etree.XMLSyntaxError as error:
        return NotBillStatus("xml", str(error.lineno or 1))


def _people(
    bill: etree._Element, introduced: date | None
) -> tuple[tuple[Backing, ...], tuple[Withdrawn, ...]] | NotBillStatus:
    sponsors, cosponsors = bill.findall("sponsors/item"), bill.findall("cosponsors/item")
    if len(sponsors) + len(cosponsors) > MOST_PEOPLE:
        return NotBillStatus("people", str(len(sponsors) + len(cosponsors)))
    backings: dict[str, Backing] = {}
    withdrawn: dict[str, Withdrawn] = {}
    for item in (*sponsors, *cosponsors):
        bioguide = _text(item, "bioguideId") or _text(item, "identifiers/bioguideId")
        name = _name(item)
        if not _BIOGUIDE.fullmatch(bioguide) or not name or name[0] in "=+-@":
            return NotBillStatus("person", name or bioguide[:60])
        is_sponsor = item in sponsors
        joined = introduced if is_sponsor else _day(_text(item, "sponsorshipDate"))
        left_text = _text(item, "sponsorshipWithdrawnDate")
        left = _day(left_text)
        if left is not None:
            withdrawn[bioguide] = Withdrawn(bioguide, name, joined, left)
        elif joined is None or left_text:
            return NotBillStatus("day", name or bioguide)
        elif bioguide not in backings:
            role: Literal["sponsor", "cosponsor"] = "sponsor" if is_sponsor else "cosponsor"
            backings[bioguide] = Backing(bioguide, name, CURRENT, role, joined)
    # Who withdrew and joined again is a cosponsor.
    gone = tuple(w for w in withdrawn.values() if w.bioguide not in backings)
    return tuple(backings.values()), gone


def _name(item: etree._Element) -> str:
    parts = (_text(item, tag) for tag in ("firstName", "middleName", "lastName"))
    name = " ".join(part for part in parts if part)
    # Old files print some names in capitals.
    return (name.title() if name.isupper() else name) or _text(item, "fullName")


def _text(element: etree._Element, path: str) -> str:
    """The words of a child on one line, without control characters; empty if missing."""
    words = " ".join((element.findtext(path) or "").split())
    return "".join(ch for ch in words if ch.isprintable())[:120]


def _whole(text: str) -> bool:
    return text.isascii() and text.isdigit() and 0 < int(text[:9]) < 100_000


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None
