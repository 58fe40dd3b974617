"""Reading files that tell who backs a bill: official ones, and lists that people keep.

Four kinds are read, the first two recognized by their first character:

- the official status file of a bill, ``BILLSTATUS-119hr1234.xml`` (govinfo.gov, bulk data, public
  domain; the user guide in ``usgpo/bill-status`` describes its elements). Version 3 of the format
  has ``number`` and ``type``; earlier ones have ``billNumber``, ``billType`` and the ids inside
  ``identifiers``;
- a response of the Congress.gov API about a bill or its cosponsors, as JSON;
- a CSV with ids, under the campaign's column names or the official ones (``bioguideId``,
  ``sponsorshipDate``);
- a CSV with names, which are matched to the members that we know; an uncertain match is reported
  as a doubt.

Uploaded files are not trusted: no document type, no entities, no other encoding, a bounded size,
and every value is checked.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

from app.campaign.backing_lists import BIOGUIDE, sponsorship
from app.campaign.entities import TOPICS
from app.campaign.problems import Message
from app.campaign.stance import CURRENT, Backing
from app.campaign.words import KINDS, printed_bill
from app.text import clean_line, plain, read_day

if TYPE_CHECKING:
    from lxml import etree

MOST_BYTES = 5_000_000
"""The status file of the largest bills has about 4 MB."""
MOST_PEOPLE = 700
MOST_ROWS = 2_000
MOST_SHOWN = 50
"""The most failing rows that are shown; the rest are only counted."""
MOST_CELL = 200
MOST_TITLE = 1_000
"""Official titles are long; organizers shorten those that do not fit a letter."""

_FORBIDDEN = re.compile(r"<!(DOCTYPE|ENTITY|ELEMENT|ATTLIST|NOTATION)", re.IGNORECASE)
_OTHER_KIND = re.compile(r"<!DOCTYPE\s+(html|bill|resolution)\b", re.IGNORECASE)
"""A saved page, and the text of a bill."""
_COMMITTEE = re.compile(r"[HSJ][A-Z]{3}\d{2}")
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of the file, cut to what a page can show, and what is wrong with it."""

    value: str
    what: Message | None = None


@dataclass(frozen=True, slots=True)
class FailingRow:
    """A row with at least one wrong cell; the cells are in the order of the known columns."""

    line: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Unusable:
    """A file that cannot be used, and why: for a list with wrong cells, cell by cell."""

    what: Message
    columns: tuple[str, ...] = ()
    rows: tuple[FailingRow, ...] = ()
    failing: int = 0
    """How many rows are wrong; ``rows`` has only the first of them."""

    @classmethod
    def of(cls, code: str, where: object = "") -> Unusable:
        """``where`` is a line, or the value that is wrong."""
        return cls(Message.of(code, where=where, most=f"{MOST_BYTES:,}"))


def read_supporters(data: bytes, known: Knowledge) -> BillStatus | CsvList | Unusable:
    """Who backs a bill according to a file, or why the file cannot be used."""
    start = data[:200].decode(_encoding(data), "ignore").lstrip()[:1]
    if start == "<":
        return read_bill_status(data)
    if start and start in "{[":
        return read_bill_json(data)
    return read_cosponsor_csv(data, known)


def _encoding(data: bytes) -> str:
    """UTF-8, or UTF-16 if the file says so: a Windows command line saves downloads in it."""
    return "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"


def _decoded(data: bytes, large: str, encoding: str) -> str | Unusable:
    """The text of a Unicode file of a bounded size; otherwise ``Unusable``, with one of the codes
    or for a file that is packed or a PDF."""
    if len(data) > MOST_BYTES:
        return Unusable.of(large, f"{len(data):,}")
    try:
        return data.decode(_encoding(data))
    except UnicodeDecodeError as error:
        is_workbook = b"xl/workbook.xml" in data or b"content.xml" in data
        if data[:2] == b"\x1f\x8b" or (data[:4] == b"PK\x03\x04" and not is_workbook):
            return Unusable.of("status-packed")
        if data[:4] == b"%PDF":
            return Unusable.of("status-other", "PDF")
        return Unusable.of(encoding, data.count(b"\n", 0, error.start) + 1)


# --- official files ---------------------------------------------------------------------------

Role = Literal["sponsor", "cosponsor"]


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A member who cosponsored the bill and later withdrew."""

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
    """The sponsor, then the cosponsors in the file's order; no one twice, none withdrawn."""
    withdrawn: tuple[Withdrawn, ...]
    announced: int | None = None
    """How many cosponsors the source says there are, if it is paginated."""
    title: str = ""
    """Its short title if it has one, else the official title, however long."""
    committees: tuple[tuple[str, str], ...] = ()
    """The committees that have it: ``("HSJU", "Judiciary Committee")``."""
    topic: str = ""
    """Its policy area, if the source has one that offices accept."""

    @property
    def printed(self) -> str:
        """``H.R. 1234``."""
        return printed_bill(self.kind, self.number)

    @property
    def has_sponsor(self) -> bool:
        """Whether the file names who introduced the bill."""
        return any(b.role == "sponsor" for b in self.backings)


def read_bill_status(data: bytes) -> BillStatus | Unusable:
    """The sponsors and cosponsors in an official status file, or why it cannot be read."""
    root = _parse(data)
    if isinstance(root, Unusable):
        return root
    found = root.find("bill") if root.tag == "billStatus" else None
    if found is None and next(root.iter("amendment"), None) is not None:
        return Unusable.of("status-amendment")
    if found is None:
        return Unusable.of("status-other", str(root.tag)[:60])
    bill = _part({"bill": _plain(found)}, "bill")
    return _status(bill, bill.get("cosponsors"))


def read_bill_json(data: bytes) -> BillStatus | Unusable:
    """The bill or its cosponsors in a response of the Congress.gov API."""
    text = _decoded(data, "status-large", "status-json")
    if isinstance(text, Unusable):
        return text
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return Unusable.of("status-json")
    if isinstance(found, dict) and _part(found, "amendment"):
        return Unusable.of("status-amendment")
    if not isinstance(found, dict) or not (
        _part(found, "bill") or isinstance(found.get("cosponsors"), list)
    ):
        return Unusable.of("status-other", "JSON")
    bill = _part(found, "bill")
    announced = _said(_part(bill, "cosponsors"), "count") or _said(
        _part(found, "pagination"), "count"
    )
    # A response about the cosponsors alone names the bill in its request.
    return _status({**_part(found, "request"), **bill}, found.get("cosponsors"), announced)


def _plain(element: etree._Element) -> object:
    """An element in the shape of the API's JSON: text, a list of items, or children by name (the
    first of several)."""
    if items := element.findall("item"):
        return [_plain(item) for item in items]
    if len(element):
        return {str(child.tag): _plain(child) for child in reversed(element)}
    return element.text or ""


def _part(found: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = found.get(name)
    return part if isinstance(part, dict) else {}


def _items(found: object) -> list[Mapping[str, Any]]:
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def _said(part: Mapping[str, Any], name: str, most: int = 120) -> str:
    """The text of a part as one clean line; empty if there is none."""
    value = part.get(name)
    return clean_line(str(value))[:most] if isinstance(value, str | int) else ""


def _status(
    bill: Mapping[str, Any], cosponsors: object, announced: str = ""
) -> BillStatus | Unusable:
    """The status from a file's parts, or what is wrong with them."""
    kind = (_said(bill, "type") or _said(bill, "billType")).lower()
    number, congress = _said(bill, "number") or _said(bill, "billNumber"), _said(bill, "congress")
    if kind in ("hamdt", "samdt"):
        return Unusable.of("status-amendment")
    if kind not in KINDS or not _whole(number) or not _whole(congress):
        return Unusable.of("status-bill", f"{kind} {number} {congress}".strip()[:60])
    introduced = _day(_said(bill, "introducedDate"))
    sponsors, joining = _items(bill.get("sponsors")), _items(cosponsors)
    if len(sponsors) + len(joining) > MOST_PEOPLE:
        return Unusable.of("status-people", str(len(sponsors) + len(joining)))
    backings: dict[str, Backing] = {}
    withdrawn: dict[str, Withdrawn] = {}
    for index, one in enumerate([*sponsors, *joining]):
        role: Role = "sponsor" if index < len(sponsors) else "cosponsor"
        person = _said(one, "bioguideId") or _said(_part(one, "identifiers"), "bioguideId")
        name, gone = _name(one), _said(one, "sponsorshipWithdrawnDate")
        if not BIOGUIDE.fullmatch(person) or not name or name[0] in "=+-@":
            return Unusable.of("status-person", name or person[:60])
        joined, left = _day(_said(one, "sponsorshipDate")), _day(gone)
        if role == "sponsor":
            joined = joined or introduced
        if left is not None:
            withdrawn[person] = Withdrawn(person, name, joined, left)
        elif joined is None or gone:
            return Unusable.of("status-day", name)
        elif person not in backings:
            backings[person] = Backing(person, name, CURRENT, role, joined)
    return BillStatus(
        kind=kind,
        number=int(number),
        congress=int(congress),
        introduced=introduced,
        updated=_day(_said(bill, "updateDate")),
        backings=tuple(backings.values()),
        # A member who withdrew and joined again is a cosponsor.
        withdrawn=tuple(w for w in withdrawn.values() if w.bioguide not in backings),
        announced=int(announced) if _whole(announced) else None,
        title=_title(bill),
        committees=_committees(bill),
        topic=area if (area := _said(_part(bill, "policyArea"), "name")) in TOPICS else "",
    )


def _name(person: Mapping[str, Any]) -> str:
    parts = (_said(person, key) for key in ("firstName", "middleName", "lastName"))
    name = " ".join(part for part in parts if part)
    # Old files have some names in capitals, which hide that it is McCarthy, and others only in
    # list form, with title and seat.
    listed = _in_order(_said(person, "fullName")) if not name or name.isupper() else ""
    return listed or (name.title() if name.isupper() else name)


def _bare(name: str) -> str:
    """A name without the title before it and the seat after it."""
    return _TITLE.sub("", _SEAT.sub("", name)).strip(" *")


def _in_order(listed: str) -> str:
    """``Sen. King, Angus S., Jr. [I-ME]`` → ``Angus S. King, Jr.``."""
    last, _comma, first = (part.strip() for part in _bare(listed).partition(","))
    first, comma, suffix = (part.strip() for part in first.partition(","))
    return f"{first} {last}{comma} {suffix}".strip()


def _title(bill: Mapping[str, Any]) -> str:
    titles = _items(bill.get("titles"))
    kinds = [(_said(t, "titleType"), _said(t, "title", MOST_TITLE)) for t in titles]
    # A long bill also has short titles for its parts.
    short = (title for kind, title in kinds
             if kind.startswith("Short Title") and "portions" not in kind)  # fmt: skip
    return next((title for title in short if title), _said(bill, "title", MOST_TITLE))


def _committees(bill: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    # Earlier files nest them one level deeper.
    items = _items(bill.get("committees")) or _items(
        _part(bill, "committees").get("billCommittees")
    )
    found = {_said(item, "systemCode").upper(): _said(item, "name") for item in items}
    return tuple((c[:4], name) for c, name in found.items() if _COMMITTEE.fullmatch(c) and name)


def _parse(data: bytes) -> etree._Element | Unusable:
    text = _decoded(data, "status-large", "status-encoding")
    if isinstance(text, Unusable):
        return text
    found = _FORBIDDEN.search(text)
    if found and (kind := _OTHER_KIND.match(text, found.start())):
        return Unusable.of("status-other", kind[1].lower())
    if found:
        return Unusable.of("status-doctype", str(text.count("\n", 0, found.start()) + 1))
    from lxml import etree  # needed only to read such a file

    # The encoding is fixed, so that a declared one cannot hide what the search looked for.
    parser = etree.XMLParser(
        encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False,
        huge_tree=False, remove_comments=True, remove_pis=True,
    )  # fmt: skip
    try:
        return etree.fromstring(text.strip(" \t\r\n\0").encode(), parser)
    except etree.XMLSyntaxError as error:
        return Unusable.of("status-xml", str(error.lineno or 1))


def _whole(text: str) -> bool:
    return text.isascii() and text.isdigit() and 0 < int(text[:9]) < 100_000


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None


# --- lists that people keep -----------------------------------------------------------------

COLUMNS = ("bioguide", "name", "bill", "role", "date", "withdrawn")
_OTHER_NAMES = {
    "bioguideid": "bioguide", "id": "bioguide", "fullname": "name", "cosponsor": "name",
    "cosponsors": "name", "member": "name", "legislator": "name", "sponsorshipdate": "date",
    "datecosponsored": "date", "cosponsoreddate": "date", "joined": "date",
    "sponsorshipwithdrawndate": "withdrawn", "datewithdrawn": "withdrawn",
    "withdrawndate": "withdrawn", "firstname": "first", "first": "first", "lastname": "last",
    "surname": "last", "last": "last",
}  # fmt: skip
"""Column names in official files and other tools, in lowercase letters only."""
_TITLE = re.compile(
    r"^(?:(?:the hon|hon|rep|sen|del|representative|senator|delegate|resident commissioner"
    r"|congress ?(?:man|woman|member|person)|the honorable|honorable)\b\.?\s*)+",
    re.IGNORECASE,
)
_SEAT = re.compile(
    r"\s*(?:[\[(](?:[A-Z][A-Z ]*-)?([A-Z]{2})(?:-(\d{1,2}|at large|AL))?[\])]"
    r"|[,\s]\s*([A-Z]{2})-(\d{1,2}|AL))\*?$",
    re.IGNORECASE,
)
"""``[D-CA-36]``, ``(CA-36)``, ``(D-CA)``, or ``CA-36`` without brackets."""


@dataclass(frozen=True, slots=True)
class CsvList:
    """A usable list."""

    backings: tuple[Backing, ...]
    withdrawn: tuple[Backing, ...]
    """Those with a day of withdrawal; ``day`` is the day on which they joined."""
    bills: frozenset[str]
    """The bills in the file; only their lists are updated."""
    ignored: tuple[str, ...]
    """Columns that were ignored."""
    doubts: tuple[tuple[str, str], ...] = ()
    """Names that match only one member, but not exactly: as typed, and the member's name."""


@dataclass(frozen=True, slots=True)
class Knowledge:
    """The facts against which a list is checked."""

    today: date
    bills: Mapping[str, str]
    """The list's own id by every id allowed in the column ``bill``: ``current`` and
    ``hr1234-119`` both map to ``current``."""
    members: Mapping[str, tuple[str, str]]
    """Full and last name of every current and former member, by bioguide id."""
    introduced: Mapping[str, date]
    """The day of introduction, by bill; no one can have joined earlier."""
    seats: Mapping[str, str] = field(default_factory=dict)
    """The seat of everyone who may sit now, by bioguide id: ``CA-36``, or ``CA`` for a senator. It
    tells members with similar names apart."""
    days: Mapping[tuple[str, str], date] = field(default_factory=dict)
    """When those already on the list joined, by id and bill."""
    senators: Collection[str] = ()
    """The ids of all senators, if the campaign's own bill has a companion: each has a sponsor."""


def read_cosponsor_csv(data: bytes, known: Knowledge) -> CsvList | Unusable:
    """The list in a CSV file, or every wrong cell of it.

    Columns are separated by commas, semicolons or tabs; days are ``2025-12-18`` or ``12/18/2025``.
    A known member's name must match and is replaced by the official one. A row without an id is
    matched by its name; one without a day keeps the day already on the list.
    """
    table = _table(data)
    if isinstance(table, Unusable):
        return table
    head, rows = table
    ignored = tuple(name[:40] for name in head if name and name not in (*COLUMNS, *_HALVES))
    columns = tuple(name for name in head if name in COLUMNS)
    if "last" in head and "name" not in columns:
        columns = ("name", *columns)  # made of the name's two parts
    reader = _Rows(known, columns)
    for line, cells in rows:
        reader.read(line, dict(zip(head, cells, strict=False)), extra=len(cells) > len(head))
    if reader.failing:
        failed = Unusable.of("csv-cells")
        return replace(failed, columns=columns, rows=tuple(reader.shown), failing=reader.failing)
    listed = {(one.bioguide, one.bill) for one in reader.backings}
    # As in official files, a member who withdrew and joined again is a cosponsor.
    withdrawn = tuple(one for one in reader.withdrawn if (one.bioguide, one.bill) not in listed)
    return CsvList(
        tuple(reader.backings), withdrawn, frozenset(reader.bills), ignored, tuple(reader.doubts)
    )


def _table(data: bytes) -> tuple[list[str], list[tuple[int, list[str]]]] | Unusable:
    """The column names in lowercase, and the non-empty rows with their line numbers."""
    text = _decoded(data, "csv-large", "csv-encoding")
    if isinstance(text, Unusable):
        return text
    if "\0" in text:
        return Unusable.of("csv-encoding", "1")
    first = text.lstrip("\r\n").partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[tuple[int, list[str]]] = []
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append((reader.line_num, cells))
            if len(rows) > MOST_ROWS + 1:
                return Unusable.of("csv-rows", f"{MOST_ROWS:,}")
    except csv.Error:
        return Unusable.of("csv-quotes", str(reader.line_num))
    if len(rows) < 2:
        return Unusable.of("csv-empty")
    head = [_column(cell) for cell in rows[0][1]]
    missing = [] if {"bioguide", "name", "last"} & set(head) else ["bioguide"]
    if "date" not in head and "bioguide" in head:
        missing.append("date")
    twice = [name for name in COLUMNS if head.count(name) > 1]
    if missing or twice:
        return Unusable.of("csv-columns", ", ".join(missing + twice))
    return head, rows[1:]


_HALVES = ("first", "last")
"""Columns for a name in two parts."""


def _column(cell: str) -> str:
    """Our name for a column, whatever the file calls it."""
    name = cell.strip().lower()[:MOST_CELL]
    return _OTHER_NAMES.get(re.sub(r"[^a-z]", "", name), name)


class _Rows:
    """Reads rows and collects the results."""

    def __init__(self, known: Knowledge, columns: tuple[str, ...]) -> None:
        self.known = known
        self.columns = columns
        self.backings: list[Backing] = []
        self.withdrawn: list[Backing] = []
        self.bills: set[str] = set()
        self.doubts: list[tuple[str, str]] = []
        self.shown: list[FailingRow] = []
        self.failing = 0
        self._seen: set[tuple[str, str]] = set()
        self._sponsored: set[tuple[str, bool]] = set()

    def read(self, line: int, raw: Mapping[str, str], *, extra: bool) -> None:
        cells = {name: clean_line(raw.get(name, "")) for name in COLUMNS}
        wrong: dict[str, Message] = {}
        bioguide, doubt = self._identify(cells, raw, wrong)
        bill = self.known.bills.get(cells["bill"].lower() or CURRENT, "")
        role = cells["role"].lower() or "cosponsor"
        alone = sponsorship(bill, bioguide, self.known.senators)
        joined, left = read_day(cells["date"]), read_day(cells["withdrawn"])
        if not cells["date"]:
            joined = self.known.days.get((bioguide, bill))
        if not bill:
            wrong["bill" if "bill" in self.columns else "bioguide"] = _wrong("cell-bill")
        if role not in ("sponsor", "cosponsor"):
            wrong["role"] = _wrong("cell-role")
        elif role == "sponsor" and not left and alone in self._sponsored:
            wrong["role"] = _wrong("cell-two_sponsors")
        self._check_days(cells, joined, left, bill, wrong)
        if (bioguide, bill) in self._seen and not left and "bioguide" not in wrong:
            wrong["bioguide"] = _wrong("cell-twice")
        if extra:
            wrong[self.columns[-1]] = _wrong("cell-extra")
        for name, value in cells.items():
            if len(value) > MOST_CELL:
                wrong.setdefault(name, _wrong("cell-long"))
        if wrong:
            self._note(line, cells, wrong)
            return
        assert joined is not None
        official = self.known.members.get(bioguide)
        one: Role = "sponsor" if role == "sponsor" else "cosponsor"
        backing = Backing(bioguide, official[0] if official else cells["name"], bill, one, joined)
        self.bills.add(bill)
        if doubt:
            self.doubts.append((cells["name"], doubt))
        if left is not None:
            self.withdrawn.append(backing)
            return
        self._seen.add((bioguide, bill))
        if role == "sponsor":
            self._sponsored.add(alone)
        self.backings.append(backing)

    def _identify(
        self, cells: dict[str, str], raw: Mapping[str, str], wrong: dict[str, Message]
    ) -> tuple[str, str]:
        """The id of a row's person, by id or name, and for a doubtful match the member's name."""
        if not cells["name"] and "last" in raw:
            cells["name"] = clean_line(f"{raw.get('first', '')} {raw['last']}")
        bioguide, name = cells["bioguide"].upper(), cells["name"]
        if bioguide or not name or name.lstrip(" '\"").startswith(_FORMULA):
            self._check_person(bioguide, name, wrong)
            return bioguide, ""
        found = match_member(name, self.known)
        if isinstance(found, Message):
            wrong["name" if "name" in self.columns else self.columns[-1]] = found
            return "", ""
        return found

    def _check_person(self, bioguide: str, name: str, wrong: dict[str, Message]) -> None:
        official = self.known.members.get(bioguide)
        if not bioguide:
            wrong["bioguide"] = _wrong("cell-missing")
        elif not BIOGUIDE.fullmatch(bioguide):
            wrong["bioguide"] = _wrong("cell-bioguide")
        elif official and name and fold(official[1]) not in fold(name):
            wrong["bioguide"] = _wrong("cell-other_person", official[0])
        if name.lstrip(" '\"").startswith(_FORMULA):
            wrong["name"] = _wrong("cell-formula")
        elif not name and not official and "bioguide" not in wrong:
            wrong["name" if "name" in self.columns else "bioguide"] = _wrong("cell-missing")

    def _check_days(
        self,
        cells: Mapping[str, str],
        joined: date | None,
        left: date | None,
        bill: str,
        wrong: dict[str, Message],
    ) -> None:
        first = self.known.introduced.get(bill)
        if joined is None:
            wrong["date"] = _wrong("cell-day" if cells["date"] else "cell-missing")
        elif joined > self.known.today:
            wrong["date"] = _wrong("cell-future")
        elif first is not None and joined < first:
            wrong["date"] = _wrong("cell-early", first.isoformat())
        if cells["withdrawn"] and left is None:
            wrong["withdrawn"] = _wrong("cell-day")
        elif left is not None and left > self.known.today:
            wrong["withdrawn"] = _wrong("cell-future")
        elif left is not None and joined is not None and left < joined:
            wrong["withdrawn"] = _wrong("cell-before_joining")

    def _note(self, line: int, cells: Mapping[str, str], wrong: Mapping[str, Message]) -> None:
        self.failing += 1
        if len(self.shown) < MOST_SHOWN:
            # A problem with a column that the file lacks is shown in its last column.
            rest = [reason for name, reason in wrong.items() if name not in self.columns]
            wrong = {**dict.fromkeys(self.columns[-1:], rest[0]), **wrong} if rest else wrong
            row = tuple(Cell(cells[name][:60], wrong.get(name)) for name in self.columns)
            self.shown.append(FailingRow(line, row))


def _wrong(code: str, more: str = "") -> Message:
    """What is wrong with a cell; ``more`` is a person or day for the sentence."""
    return Message.of(code, more=more)


def fold(text: str) -> str:
    """Lowercase letters and digits without accents, for comparing names."""
    return "".join(ch for ch in plain(text) if ch.isalnum())


def match_member(typed: str, known: Knowledge) -> tuple[str, str] | Message:
    """The id of the member whom a name means, and for a doubtful match the member's name; or what
    is wrong with the name. Current members are preferred to former ones.

    Reads ``Ted Lieu``, ``Lieu, Ted`` and ``Rep. Lieu, Ted [D-CA-36]``. A full name, or a surname
    with its seat, is certain. A surname that only one member has is doubtful (``Ted Lieu``).
    """
    seat = _SEAT.search(typed)
    name = _bare(typed)
    last, comma, first = (half.strip() for half in name.partition(","))
    whole = fold(f"{first} {last}" if comma else name)
    matches = {
        who: (full, surname)
        for who, (full, surname) in known.members.items()
        if fold(full) == whole
        or (fold(surname) == fold(last) if comma else whole.endswith(fold(surname)))
    }
    exact = _prefer_current(
        [who for who, (full, _last) in matches.items() if fold(full) == whole], known
    )
    if seat:
        state, number = seat[1] or seat[3], seat[2] or seat[4] or ""
        seat_id = state.upper() + (f"-{int(number)}" if number.isdigit() else "")
        seated = [who for who in matches if known.seats.get(who) == seat_id]
        if len(seated) == 1:
            return seated[0], ""
    if len(exact) == 1:
        return exact[0], ""
    likely = _prefer_current(list(matches), known)
    same_initial = [  # of a first name, not of a last name alone
        who
        for who in likely
        if fold(matches[who][0])[:1] == whole[:1] and whole != fold(matches[who][1])
    ]
    chosen = same_initial if len(same_initial) == 1 else likely
    if len(chosen) == 1:
        return chosen[0], known.members[chosen[0]][0]
    if not matches:
        return _wrong("cell-nobody")
    return _wrong("cell-several", ", ".join(sorted(matches[who][0] for who in likely)[:4]))


def _prefer_current(found: list[str], known: Knowledge) -> list[str]:
    """Those who may sit now, if there are any; else all."""
    return [who for who in found if who in known.seats] or found
