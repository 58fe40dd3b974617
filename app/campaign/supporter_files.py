"""Reading a file that says who backs a bill: official ones, and lists that people keep.

Four kinds are read, told apart by their first sign:

- the official status file of a bill, ``BILLSTATUS-119hr1234.xml`` (govinfo.gov, bulk data, public
  domain; elements are described in the user guide of ``usgpo/bill-status``). Version 3 of the
  format has ``number`` and ``type``; earlier ones ``billNumber``, ``billType`` and the ids inside
  ``identifiers``;
- what the interface of Congress.gov answers about a bill or its cosponsors, as JSON;
- a spreadsheet's CSV with ids, under the campaign's names of columns or the official ones
  (``bioguideId``, ``sponsorshipDate``);
- a CSV by names, which are matched to the members that sit now; whatever could be read in
  another way is a doubt, and is told.

An uploaded file is believed in nothing: no document type, no entities, no other encoding, a
bounded size, and every value is checked.
"""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

from app.campaign.problems import Message
from app.campaign.stance import CURRENT, Backing
from app.campaign.supporters import BIOGUIDE
from app.text import clean_line, read_day

if TYPE_CHECKING:
    from lxml import etree

MOST_BYTES = 5_000_000
"""The status file of the largest bills has about 4 MB."""
MOST_PEOPLE = 700
MOST_ROWS = 2_000
MOST_SHOWN = 50
"""Failing rows that are shown at once; the others are counted."""
MOST_CELL = 200

_KINDS = frozenset({"hr", "s", "hres", "sres", "hjres", "sjres", "hconres", "sconres"})
_FORBIDDEN = re.compile(r"<!(DOCTYPE|ENTITY|ELEMENT|ATTLIST|NOTATION)", re.IGNORECASE)
_NUMBER = re.compile(
    r"(h\.?\s*r\.?|s\.?|h\.?\s*res\.?|s\.?\s*res\.?|(?:house|senate)\s+bill)\s*(?:no\.?\s*)?"
    r"(\d{1,5})",
    re.IGNORECASE,
)
_PRINTED = {"hr": "H.R.", "s": "S.", "hres": "H.Res.", "sres": "S.Res."}
_COMMITTEE = re.compile(r"[HSJ][A-Z]{3}\d{2}")
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")


def read_supporters(
    data: bytes, known: Knowledge
) -> BillStatus | NotBillStatus | CsvList | CsvTrouble:
    """What a file says about who backs a bill, or why it cannot be used."""
    start = data[:200].removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if start == b"<":
        return read_bill_status(data)
    if start in (b"{", b"["):
        return read_bill_json(data)
    return read_cosponsor_csv(data, known)


# --- bills -----------------------------------------------------------------------------------


def bill_key(number: str | None) -> tuple[str, int] | None:
    """``H.R. 1234`` → ``("hr", 1234)``, however it is typed; None where no number is known."""
    match = _NUMBER.fullmatch(" ".join((number or "").split()))
    if match is None:
        return None
    kind = re.sub(r"[^a-z]", "", match[1].lower())
    return {"housebill": "hr", "senatebill": "s"}.get(kind, kind), int(match[2])


def printed_number(number: str) -> str | None:
    """``hr 1234`` → ``H.R. 1234``, as letters print it; None for what is no number of a bill."""
    key = bill_key(number)
    return f"{_PRINTED[key[0]]} {key[1]}" if key else None


# --- official files ---------------------------------------------------------------------------

Why = Literal["large", "encoding", "doctype", "xml", "json", "other", "bill", "people", "person",
              "day"]  # fmt: skip
"""What is wrong with a file: too large, not UTF-8, with a document type, not XML, not JSON, of
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
    announced: int | None = None
    """How many cosponsors the source says there are, where it gives them page by page."""
    title: str = ""
    """Its short title where it has one, else the whole."""
    committees: tuple[tuple[str, str], ...] = ()
    """The committees that it is before: ``("HSJU", "Judiciary Committee")``."""

    @property
    def printed(self) -> str:
        """``H.R. 1234``."""
        return f"{_PRINTED.get(self.kind, self.kind.upper())} {self.number}"

    @property
    def has_sponsor(self) -> bool:
        """Whether the file names who introduced the bill."""
        return any(b.role == "sponsor" for b in self.backings)


@dataclass(frozen=True, slots=True)
class NotBillStatus:
    """Why a file cannot be used. ``where`` is a line, or the value that is wrong."""

    why: Why
    where: str = ""

    @property
    def what(self) -> Message:
        """Why, as a message."""
        return Message.of(f"status-{self.why}", where=self.where, most=f"{MOST_BYTES:,}")


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
    about = _About(
        kind, number, congress, _day(_text(bill, "introducedDate")),
        _day(_text(bill, "updateDate")),
    )  # fmt: skip
    people = [_person(item, "sponsor") for item in bill.findall("sponsors/item")]
    people += [_person(item, "cosponsor") for item in bill.findall("cosponsors/item")]
    status = _status(about, people)
    if isinstance(status, NotBillStatus):
        return status
    return replace(status, title=_title(bill), committees=_committees(bill))


def _title(bill: etree._Element) -> str:
    short = [
        _text(item, "title") for item in bill.findall("titles/item")
        if _text(item, "titleType").startswith("Short Title")
    ]  # fmt: skip
    return next((title for title in short if title), _text(bill, "title"))


def _committees(bill: etree._Element) -> tuple[tuple[str, str], ...]:
    items = bill.findall("committees/item") + bill.findall("committees/billCommittees/item")
    found = {_text(item, "systemCode").upper(): _text(item, "name") for item in items}
    return tuple((c[:4], name) for c, name in found.items() if _COMMITTEE.fullmatch(c) and name)


def read_bill_json(data: bytes) -> BillStatus | NotBillStatus:
    """What the interface of Congress.gov says about a bill, or about its cosponsors."""
    if len(data) > MOST_BYTES:
        return NotBillStatus("large", f"{len(data):,}")
    try:
        found = json.loads(data.decode("utf-8-sig"))
    except (UnicodeDecodeError, ValueError, RecursionError):
        return NotBillStatus("json")
    if not isinstance(found, dict):
        return NotBillStatus("other", "JSON")
    bill, asked = _part(found, "bill"), _part(found, "request")
    people = _listed(bill.get("sponsors"), "sponsor")
    people += _listed(found.get("cosponsors"), "cosponsor")
    if not people and not bill:
        return NotBillStatus("other", "JSON")
    about = _About(
        (_said(bill, "type") or _said(asked, "billType")).lower(),
        _said(bill, "number") or _said(asked, "billNumber"),
        _said(bill, "congress") or _said(asked, "congress"),
        _day(_said(bill, "introducedDate")),
        _day(_said(bill, "updateDate")),
        _said(_part(bill, "cosponsors"), "count") or _said(_part(found, "pagination"), "count"),
    )
    return _status(about, people)


def _part(found: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = found.get(name)
    return part if isinstance(part, dict) else {}


def _listed(items: Any, role: Literal["sponsor", "cosponsor"]) -> list[_Person]:
    found = items if isinstance(items, list) else []
    return [
        _Person(
            role, _said(item, "bioguideId"),
            " ".join(x for x in (_said(item, "firstName"), _said(item, "lastName")) if x)
            or _said(item, "fullName"),
            _said(item, "sponsorshipDate"), _said(item, "sponsorshipWithdrawnDate"),
        )
        for item in found
        if isinstance(item, dict)
    ]  # fmt: skip


def _said(part: Mapping[str, Any], name: str) -> str:
    value = part.get(name)
    return clean_line(str(value))[:120] if isinstance(value, str | int) else ""


@dataclass(frozen=True, slots=True)
class _Person:
    """Somebody whom an official file names, word for word."""

    role: Literal["sponsor", "cosponsor"]
    bioguide: str
    name: str
    joined: str
    left: str


@dataclass(frozen=True, slots=True)
class _About:
    """Which bill an official file is about, word for word, and its days."""

    kind: str
    number: str
    congress: str
    introduced: date | None
    updated: date | None
    announced: str = ""


def _status(about: _About, people: Sequence[_Person]) -> BillStatus | NotBillStatus:
    """The status that a file's words make, or what is wrong with them."""
    which = (about.kind, about.number, about.congress)
    if about.kind not in _KINDS or not _whole(about.number) or not _whole(about.congress):
        return NotBillStatus("bill", " ".join(which).strip()[:60])
    if len(people) > MOST_PEOPLE:
        return NotBillStatus("people", str(len(people)))
    backings: dict[str, Backing] = {}
    withdrawn: dict[str, Withdrawn] = {}
    for one in people:
        if not BIOGUIDE.fullmatch(one.bioguide) or not one.name or one.name[0] in "=+-@":
            return NotBillStatus("person", one.name or one.bioguide[:60])
        joined, left = _day(one.joined), _day(one.left)
        if one.role == "sponsor":
            joined = joined or about.introduced
        if left is not None:
            withdrawn[one.bioguide] = Withdrawn(one.bioguide, one.name, joined, left)
        elif joined is None or one.left:
            return NotBillStatus("day", one.name or one.bioguide)
        elif one.bioguide not in backings:
            backings[one.bioguide] = Backing(one.bioguide, one.name, CURRENT, one.role, joined)
    # Who withdrew and joined again is a cosponsor.
    gone = tuple(w for w in withdrawn.values() if w.bioguide not in backings)
    return BillStatus(
        kind=about.kind,
        number=int(about.number),
        congress=int(about.congress),
        introduced=about.introduced,
        updated=about.updated,
        backings=tuple(backings.values()),
        withdrawn=gone,
        announced=int(about.announced) if _whole(about.announced) else None,
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
    from lxml import etree  # only whoever reads such a file needs it

    # The encoding is fixed, so that none that the file declares can hide what was looked for.
    parser = etree.XMLParser(
        encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False,
        huge_tree=False, remove_comments=True, remove_pis=True,
    )  # fmt: skip
    try:
        return etree.fromstring(text.encode(), parser)
    except etree.XMLSyntaxError as error:
        return NotBillStatus("xml", str(error.lineno or 1))


def _person(item: etree._Element, role: Literal["sponsor", "cosponsor"]) -> _Person:
    return _Person(
        role, _text(item, "bioguideId") or _text(item, "identifiers/bioguideId"), _name(item),
        _text(item, "sponsorshipDate"), _text(item, "sponsorshipWithdrawnDate"),
    )  # fmt: skip


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
"""What official files and other tools call the columns, in small letters without signs."""
_TITLE = re.compile(r"^(rep|sen|del|representative|senator|delegate|resident commissioner)\b\.?\s*",
                    re.IGNORECASE)  # fmt: skip
_SEAT = re.compile(r"\s*[\[(][A-Z]+-([A-Z]{2})(?:-(\d{1,2}|at large))?[\])]\*?$", re.IGNORECASE)

FileWhy = Literal["large", "encoding", "empty", "columns", "quotes", "rows", "cells"]
"""What is wrong with a file as a whole: too large, not UTF-8, nothing in it, needed columns
missing, a quotation mark that never closes, too many rows; ``cells`` says that single cells
are wrong."""

CellWhy = Literal[
    "missing", "bioguide", "other_person", "twice", "formula", "long", "bill", "role",
    "two_sponsors", "day", "future", "early", "before_joining", "extra", "nobody", "several",
]  # fmt: skip
"""What is wrong with a cell."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell as it stands in the file, cut to what a page can show."""

    value: str
    why: CellWhy | None = None
    more: str = ""
    """What the message needs: the person whose id it is, the day before which it lies."""

    @property
    def what(self) -> Message | None:
        """What is wrong, as a message; None where nothing is."""
        return Message.of(f"cell-{self.why}", more=self.more) if self.why else None


@dataclass(frozen=True, slots=True)
class FailingRow:
    """A row with at least one wrong cell, in the order of the file's known columns."""

    line: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class CsvList:
    """A list that can be used."""

    backings: tuple[Backing, ...]
    withdrawn: tuple[Backing, ...]
    """Those who have a day of withdrawal; ``day`` is the day on which they joined."""
    bills: frozenset[str]
    """The bills that the file is about: their lists are replaced, the others stay."""
    ignored: tuple[str, ...]
    """Columns that were left aside."""
    doubts: tuple[tuple[str, str], ...] = ()
    """Names that fit one member alone but not word for word: as typed, and who was meant."""


@dataclass(frozen=True, slots=True)
class CsvTrouble:
    """A list that cannot be used, and why, cell by cell."""

    why: FileWhy
    more: str = ""
    columns: tuple[str, ...] = ()
    rows: tuple[FailingRow, ...] = ()
    failing: int = 0

    @property
    def what(self) -> Message:
        """Why, as a message."""
        return Message.of(f"csv-{self.why}", where=self.more, most=f"{MOST_BYTES:,}")


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What the reader knows about the world."""

    today: date
    bills: Mapping[str, str]
    """Every id that may stand in the column ``bill``, to the id that the list uses:
    ``current`` and ``hr1234-119`` both to ``current``."""
    members: Mapping[str, tuple[str, str]]
    """Full and last name of every sitting member by bioguide id."""
    introduced: Mapping[str, date]
    """By bill: nobody joined before."""
    seats: Mapping[str, str] = field(default_factory=dict)
    """By bioguide id ``CA-36``, or ``CA`` for a senator: it settles which of two is meant."""
    days: Mapping[tuple[str, str], date] = field(default_factory=dict)
    """When those joined who are on the list already, by id and bill."""


def read_cosponsor_csv(data: bytes, known: Knowledge) -> CsvList | CsvTrouble:
    """The list in a CSV file, or every wrong cell of it.

    Comma, semicolon and tab separate the columns; days are ``2025-12-18`` or ``12/18/2025``. The
    name of a sitting member is the official one, whatever the file says, and it must fit. A
    row without an id is matched by its name; one without a day keeps that of the list.
    """
    table = _table(data)
    if isinstance(table, CsvTrouble):
        return table
    head, rows = table
    ignored = tuple(name[:40] for name in head if name and name not in (*COLUMNS, *_HALVES))
    columns = tuple(name for name in head if name in COLUMNS)
    reader = _Rows(known, columns)
    for line, cells in rows:
        reader.read(line, dict(zip(head, cells, strict=False)), extra=len(cells) > len(head))
    if reader.failing:
        return CsvTrouble("cells", "", columns, tuple(reader.shown), reader.failing)
    return CsvList(
        tuple(reader.backings), tuple(reader.withdrawn), frozenset(reader.bills), ignored,
        tuple(reader.doubts),
    )  # fmt: skip


def _table(data: bytes) -> tuple[list[str], list[tuple[int, list[str]]]] | CsvTrouble:
    """The column names in small letters, and the rows that are not empty with their lines."""
    if len(data) > MOST_BYTES:
        return CsvTrouble("large", f"{len(data):,}")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return CsvTrouble("encoding", str(data.count(b"\n", 0, error.start) + 1))
    if "\0" in text:
        return CsvTrouble("encoding", "1")
    first = text.lstrip("\r\n").partition("\n")[0]
    mark = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True)
    rows: list[tuple[int, list[str]]] = []
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append((reader.line_num, cells))
            if len(rows) > MOST_ROWS + 1:
                return CsvTrouble("rows", f"{MOST_ROWS:,}")
    except csv.Error:
        return CsvTrouble("quotes", str(reader.line_num))
    if len(rows) < 2:
        return CsvTrouble("empty")
    head = [_column(cell) for cell in rows[0][1]]
    missing = [] if {"bioguide", "name", "last"} & set(head) else ["bioguide"]
    if "date" not in head and "bioguide" in head:
        missing.append("date")
    twice = [name for name in COLUMNS if head.count(name) > 1]
    if missing or twice:
        return CsvTrouble("columns", ", ".join(missing + twice))
    return head, rows[1:]


_HALVES = ("first", "last")
"""Columns that hold a name in two halves."""


def _column(cell: str) -> str:
    """What a column is called here, whatever the file calls it."""
    name = cell.strip().lower()[:MOST_CELL]
    return _OTHER_NAMES.get(re.sub(r"[^a-z]", "", name), name)


class _Rows:
    """Reads row by row and keeps what was found."""

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
        self._sponsored: set[str] = set()

    def read(self, line: int, raw: Mapping[str, str], *, extra: bool) -> None:
        cells = {name: clean_line(raw.get(name, "")) for name in COLUMNS}
        wrong: dict[str, tuple[CellWhy, str]] = {}
        bioguide, doubt = self._identify(cells, raw, wrong)
        bill = self.known.bills.get(cells["bill"].lower() or CURRENT, "")
        role = cells["role"].lower() or "cosponsor"
        joined, left = read_day(cells["date"]), read_day(cells["withdrawn"])
        if not cells["date"]:
            joined = self.known.days.get((bioguide, bill))
        if not bill:
            wrong["bill" if "bill" in self.columns else "bioguide"] = ("bill", "")
        if role not in ("sponsor", "cosponsor"):
            wrong["role"] = ("role", "")
        elif role == "sponsor" and not left and bill in self._sponsored:
            wrong["role"] = ("two_sponsors", "")
        self._check_days(cells, joined, left, bill, wrong)
        if (bioguide, bill) in self._seen and not left and "bioguide" not in wrong:
            wrong["bioguide"] = ("twice", "")
        if extra:
            wrong[self.columns[-1]] = ("extra", "")
        for name, value in cells.items():
            if len(value) > MOST_CELL:
                wrong.setdefault(name, ("long", ""))
        if wrong:
            self._note(line, cells, wrong)
            return
        assert joined is not None
        official = self.known.members.get(bioguide)
        one: Literal["sponsor", "cosponsor"] = "sponsor" if role == "sponsor" else "cosponsor"
        backing = Backing(bioguide, official[0] if official else cells["name"], bill, one, joined)
        self.bills.add(bill)
        if doubt:
            self.doubts.append((cells["name"], doubt))
        if left is not None:
            self.withdrawn.append(backing)
            return
        self._seen.add((bioguide, bill))
        if role == "sponsor":
            self._sponsored.add(bill)
        self.backings.append(backing)

    def _identify(
        self,
        cells: dict[str, str],
        raw: Mapping[str, str],
        wrong: dict[str, tuple[CellWhy, str]],
    ) -> tuple[str, str]:
        """Whose row this is: by its id, or by its name, with a doubt in words where it is one."""
        if not cells["name"] and "last" in raw:
            cells["name"] = clean_line(f"{raw.get('first', '')} {raw['last']}")
        bioguide, name = cells["bioguide"].upper(), cells["name"]
        if bioguide or not name or name.lstrip(" '\"").startswith(_FORMULA):
            self._check_person(bioguide, name, wrong)
            return bioguide, ""
        found = match_member(name, self.known)
        if isinstance(found, Cell):
            column = "name" if "name" in self.columns else self.columns[-1]
            wrong[column] = (found.why or "nobody", found.more)
            return "", ""
        return found

    def _check_person(
        self, bioguide: str, name: str, wrong: dict[str, tuple[CellWhy, str]]
    ) -> None:
        official = self.known.members.get(bioguide)
        if not bioguide:
            wrong["bioguide"] = ("missing", "")
        elif not BIOGUIDE.fullmatch(bioguide):
            wrong["bioguide"] = ("bioguide", "")
        elif official and name and not _fits(name, official[1]):
            wrong["bioguide"] = ("other_person", official[0])
        if name.lstrip(" '\"").startswith(_FORMULA):
            wrong["name"] = ("formula", "")
        elif not name and not official and "bioguide" not in wrong:
            wrong["name" if "name" in self.columns else "bioguide"] = ("missing", "name")

    def _check_days(
        self,
        cells: Mapping[str, str],
        joined: date | None,
        left: date | None,
        bill: str,
        wrong: dict[str, tuple[CellWhy, str]],
    ) -> None:
        first = self.known.introduced.get(bill)
        if joined is None:
            wrong["date"] = ("day" if cells["date"] else "missing", "")
        elif joined > self.known.today:
            wrong["date"] = ("future", "")
        elif first is not None and joined < first:
            wrong["date"] = ("early", first.isoformat())
        if cells["withdrawn"] and left is None:
            wrong["withdrawn"] = ("day", "")
        elif left is not None and left > self.known.today:
            wrong["withdrawn"] = ("future", "")
        elif left is not None and joined is not None and left < joined:
            wrong["withdrawn"] = ("before_joining", "")

    def _note(
        self, line: int, cells: Mapping[str, str], wrong: Mapping[str, tuple[CellWhy, str]]
    ) -> None:
        self.failing += 1
        if len(self.shown) < MOST_SHOWN:
            row = []
            # What is wrong with a column that the file does not have stands in its last one.
            rest = [reason for name, reason in wrong.items() if name not in self.columns]
            wrong = {**dict.fromkeys(self.columns[-1:], rest[0]), **wrong} if rest else wrong
            for name in self.columns:
                why, more = wrong.get(name, (None, ""))
                row.append(Cell(cells[name][:60], why, more))
            self.shown.append(FailingRow(line, tuple(row)))


def fold(text: str) -> str:
    """Letters only, without accents and capitals, for comparing names."""
    letters = unicodedata.normalize("NFKD", text).casefold()
    return "".join(ch for ch in letters if ch.isalnum())


def _fits(name: str, last: str) -> bool:
    return fold(last) in fold(name)


def match_member(typed: str, known: Knowledge) -> tuple[str, str] | Cell:
    """The sitting member whom a name means: id, and a doubt in words where it is one.

    Reads ``Ted Lieu``, ``Lieu, Ted`` and ``Rep. Lieu, Ted [D-CA-36]``. A full name, or a surname
    with its seat, is certain. A surname that one member alone has is a doubt (``Ted Lieu``).
    """
    seat = _SEAT.search(typed)
    name = _TITLE.sub("", _SEAT.sub("", typed)).strip(" *")
    last, comma, first = (half.strip() for half in name.partition(","))
    whole = fold(f"{first} {last}" if comma else name)
    fits = {
        who: (full, surname)
        for who, (full, surname) in known.members.items()
        if (fold(surname) == fold(last) if comma else whole.endswith(fold(surname)))
    }
    exact = [who for who, (full, _last) in fits.items() if fold(full) == whole]
    if seat:
        place = seat[1].upper() + (f"-{int(seat[2])}" if (seat[2] or "").isdigit() else "")
        here = [who for who in fits if known.seats.get(who) == place]
        if len(here) == 1:
            return here[0], ""
    if len(exact) == 1:
        return exact[0], ""
    begins = whole[:1]
    alike = [who for who, (full, _last) in fits.items() if fold(full)[:1] == begins]
    chosen = alike if len(alike) == 1 else list(fits)
    if len(chosen) == 1:
        return chosen[0], known.members[chosen[0]][0]
    if not fits:
        return Cell(typed, "nobody")
    return Cell(typed, "several", ", ".join(sorted(full for full, _last in fits.values())[:4]))
