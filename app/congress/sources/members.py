"""Sitting members and their offices, from the public-domain legislator files (YAML)."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from app.congress.model import STATES, BuildError, all_seats, congress_at, moment_of, ordinal
from app.congress.places import town_key
from app.congress.sources.lines import read_rows

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
    """A YAML scalar as one clean line; ``""`` if missing or empty, digits for a number."""
    return " ".join(str(value).split()) if value is not None else ""


def phone_of(value: Any) -> str | None:
    """``202-224-3121``, or None for anything else."""
    text = text_of(value)
    return text if _PHONE.fullmatch(text) else None


def washington_lines(address: Any) -> tuple[str, ...] | None:
    """Room and building, then ``Washington, DC 20515-1234``; None unless complete.

    The source has one line without commas; the pattern matches all 536 addresses of June 2026.
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
    """One district or state office as stored in the tables; None if it has no postal address.

    The result has ``id, city, state, zip, lines`` and, if known, ``phone`` and ``building``.
    """
    street, city, state, code = (text_of(raw.get(k)) for k in ("address", "city", "state", "zip"))
    if not (street and city and state in STATES and _ZIP.fullmatch(code)):
        return None
    if town_key(street).startswith(town_key(city + state)):
        return None  # the source has the city line in place of the street
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


OTHER_IDS = ("govtrack", "wikidata")

Record = dict[str, Any]
"""One member or office as stored in ``members.json``."""


LONGEST_FILE = 20_000_000
"""Characters; the largest real file has about a million."""
MOST_NESTING = 10_000
_NESTING = re.compile(r"[\[{]")
_ALIAS = re.compile(r"(?m)(?:^|[:,\[{-])[ \t]*[&*][A-Za-z0-9_]")

MEMBERS_FILE = "legislators-current.yaml"


def missing(folder: Path, name: str) -> BuildError:
    """The error for a folder without one of the legislator files."""
    return BuildError(
        f"{folder} has no {name}. Download it from the congress-legislators project into "
        "that folder and build again."
    )


def load_yaml(folder: Path, name: str) -> Any:
    """Parse one official YAML file. Raises ``BuildError`` if it is missing or malformed."""
    import yaml  # large, and a running site reads no such file

    try:
        text = (folder / name).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise missing(folder, name) from None
    except UnicodeDecodeError:
        raise BuildError(f"{name} is not UTF-8 text. Download it again.") from None
    if len(text) > LONGEST_FILE or len(_NESTING.findall(text)) > MOST_NESTING:
        raise BuildError(f"{name} is far larger or deeper than the real one. Download it again.")
    if _ALIAS.search(text):
        # A few lines of aliases can expand to more data than fits in memory.
        raise BuildError(f"{name} uses anchors or aliases, which the real one does not.")
    try:
        return yaml.load(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise BuildError(f"{name}{line} cannot be read as YAML. Download it again.") from None


def official_url(value: Any) -> str | None:
    """An https address on a ``.house.gov`` or ``.senate.gov`` host, else None."""
    text = text_of(value)
    try:
        parts = urlsplit(text)
        host = parts.hostname or ""
    except ValueError:
        return None
    official = host.endswith((".house.gov", ".senate.gov"))
    return text if parts.scheme == "https" and official and parts.username is None else None


def _seat_id(term: Record) -> str:
    if term["type"] == "sen":
        return f"{term['state']}-S{term['class']}"
    return f"{term['state']}-{term['district']}"


def term_end(term: Record, seat_id: str) -> date:
    """The listed end, except for Puerto Rico's commissioner, whose term is four years (48 USC 891)
    although the source lists every term as ending with its Congress.
    """
    start, end = date.fromisoformat(term["start"]), date.fromisoformat(term["end"])
    if seat_id == "PR-0":
        next_election_cycle = start.year + 1 + -start.year % 4  # 2025, 2029, 2033
        return max(end, date(next_election_cycle, 1, 3))
    return end


def _name(raw: Record) -> tuple[str, bool]:
    """The full name and whether it is the official one. Never empty."""
    if official := text_of(raw.get("official_full")):
        return official, True
    parts = (text_of(raw.get(key)) for key in ("first", "last", "suffix"))
    return " ".join(part for part in parts if part), False


def _offices(folder: Path) -> dict[str, list[Record]]:
    name = "legislators-district-offices.yaml"
    try:
        return {
            text_of(entry["id"].get("bioguide")): list(entry.get("offices") or ())
            for entry in load_yaml(folder, name) or ()
        }
    except (AttributeError, KeyError, TypeError) as error:
        raise BuildError(f"{name} cannot be used ({error!r}). Download it again.") from None


def _committees(folder: Path) -> dict[str, list[list[str]]]:
    """Committees and titles by bioguide id; there are few in the first weeks of a Congress."""
    name = "committee-membership-current.yaml"
    membership = load_yaml(folder, name) or {}
    seats: dict[str, list[list[str]]] = defaultdict(list)
    try:
        for committee in sorted(membership):
            for person in membership[committee]:
                title = text_of(person.get("title"))
                if bioguide := text_of(person.get("bioguide")):
                    seats[bioguide].append([committee, title] if title else [committee])
    except (AttributeError, KeyError, TypeError) as error:
        raise BuildError(f"{name} cannot be used ({error!r}). Download it again.") from None
    return seats


def _other_ids(raw: Record) -> list[str]:
    """Other public ids, each prefixed with its kind."""
    ids = raw.get("id") or {}
    found = {name: re.sub(r"[^A-Za-z0-9]", "", text_of(ids.get(name))) for name in OTHER_IDS}
    return [f"{name}-{value}" for name, value in found.items() if value]


def _id(raw: Record) -> str | None:
    """The bioguide id, or another public id for a new member without one."""
    ids = raw.get("id") or {}
    if bioguide := text_of(ids.get("bioguide")):
        if not re.fullmatch(r"[A-Z]\d{6}", bioguide):
            raise ValueError(f"{bioguide} is no bioguide id")
        return bioguide
    return next(iter(_other_ids(raw)), None)


def _member(
    raw: Record, term: Record, offices: list[Record], committees: list[list[str]]
) -> Record:
    seat = _seat_id(term)
    full_name, is_official = _name(raw["name"])
    washington = washington_lines(term.get("address"))
    found = {
        "url": official_url(term.get("url")),
        "contact_form": official_url(term.get("contact_form")),
        "phone": phone_of(term.get("phone")),
    }
    local = [office for item in offices if (office := local_office(item))]
    missing = [] if is_official else ["official_full"]
    missing += [] if washington else ["address"]
    missing += [name for name in ("phone", "url", "contact_form") if not found[name]]
    missing += [] if local else ["local_offices"]
    record: Record = {
        "bioguide": _id(raw),
        "seat": seat,
        "full_name": full_name,
        "first": text_of(raw["name"]["first"]),
        "last": text_of(raw["name"]["last"]),
        "suffix": text_of(raw["name"].get("suffix")),
        "party": term["party"],
        "caucus": term.get("caucus"),
        "start": date.fromisoformat(term["start"]).isoformat(),
        "end": term_end(term, seat).isoformat(),
        "end_is_expected": "end-type" in term,
        "washington": list(washington or ()),
        **found,
        "leadership": [
            text_of(role["title"]) for role in raw.get("leadership_roles", ()) if "end" not in role
        ],
        "committees": committees,
        "missing": missing,
        "offices": local,
    }
    return {key: value for key, value in record.items() if value not in (None, "", [], False)}


def _terms_of(raw: Record, as_of: date) -> list[Record]:
    """The terms that matter from ``as_of`` on: the last one listed, and any earlier one that has
    not ended. This keeps a member who moves to another seat in January in the old one until
    then."""
    *before, last = raw["terms"]
    return [t for t in before if date.fromisoformat(t["end"]) > as_of] + [last]


def _records(
    raw: Record, as_of: date, offices: list[Record], committees: list[list[str]]
) -> list[Record]:
    """One record per term that matters; offices and committees belong to the current seat."""
    terms = _terms_of(raw, as_of)
    begun = [t for t in terms if date.fromisoformat(t["start"]) <= as_of] or terms[-1:]
    current = begun[-1]
    represented = current["type"], current["state"]
    return [
        _member(
            raw,
            term,
            offices if (term["type"], term["state"]) == represented else [],
            committees if term is current else [],
        )
        for term in terms
    ]


@dataclass(slots=True)
class MemberList:
    """A list of members, with notices of anything odd in it that is not an error."""

    members: list[Record]
    """One record per term, in the order of the seats."""
    congress: int | None
    """The Congress of its House terms; None for an empty list."""
    notices: list[str]
    other_ids: dict[str, str]
    """Each member's id by the other ids that an earlier list may have used in its place."""


def read_members(folder: Path, as_of: date) -> MemberList:
    """Every member with offices and committees, from the list of ``as_of``.

    In the first days of a Congress the list is incomplete: a new member may have no address
    and no bioguide id. That gives a notice. Raises ``BuildError`` if two people have one seat
    or one id, a seat does not exist, or the terms belong to two Congresses.
    """
    name = MEMBERS_FILE
    people = load_yaml(folder, name)
    offices = _offices(folder)
    committees = _committees(folder)
    order = {seat.id: number for number, seat in enumerate(all_seats())}
    records: list[Record] = []
    notices: list[str] = []
    known: set[str] = set()
    other_ids: dict[str, str] = {}
    if not isinstance(people, list):
        raise BuildError(f"{name} is not a list of people. Download it again.")
    for raw in people:
        try:
            key = _id(raw)
            if key in known:
                raise BuildError(f"{name}: two people have the id {key}. Download the file again.")
            if key is None:
                seat = _seat_id(raw["terms"][-1])
                notices.append(f"{_name(raw['name'])[0]} ({seat}) has no id yet and is left out.")
                continue
            known.add(key)
            if "-" in key:
                seat = _seat_id(raw["terms"][-1])
                notices.append(
                    f"{_name(raw['name'])[0]} ({seat}) has no bioguide id yet: kept as {key}."
                )
            other_ids |= {other: key for other in _other_ids(raw) if other != key}
            records += _records(raw, as_of, offices.get(key, []), committees.get(key, []))
        except (AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
            why = f"it has no “{error.args[0]}”" if isinstance(error, KeyError) else str(error)
            raise BuildError(
                f"{name}: the entry of {_who(raw)} cannot be used: {why}. Download it again later."
            ) from None
    for record in records:
        if record["seat"] not in order:
            raise BuildError(
                f"{name}: {record['bioguide']} holds {record['seat']}, which is not a seat."
            )
    records.sort(key=lambda r: (order[r["seat"]], r["start"]))
    for earlier, later in pairwise(records):
        same_seat = earlier["seat"] == later["seat"]
        if same_seat and earlier["bioguide"] == later["bioguide"]:
            # Puerto Rico's four-year term is listed as two.
            earlier["end"] = min(earlier["end"], later["start"])
        elif same_seat and earlier["end"] > later["start"]:
            who = f"{earlier['bioguide']} and {later['bioguide']}"
            raise BuildError(
                f"{name}: {who} both hold {earlier['seat']}. "
                "Remove the one who has left and build again."
            )
    return MemberList(records, _congress_of(records, name), notices, other_ids)


def _who(raw: Any) -> str:
    """Whose entry it is, from whatever it has: ``Ana Ruiz (CA-14)``."""
    named = seat = ""
    with suppress(AttributeError, KeyError, IndexError, TypeError):
        named = text_of(raw["id"]["bioguide"])
    with suppress(AttributeError, KeyError, IndexError, TypeError):
        named = _name(raw["name"])[0] or named
    with suppress(AttributeError, KeyError, IndexError, TypeError):
        seat = f" ({_seat_id(raw['terms'][-1])})"
    return (named or "someone without a name") + seat


MOST_STRAY_TERMS = 5
"""Up to this many House terms of another Congress are an oversight; more make it a mixed list."""


def _congress_of(records: list[Record], name: str) -> int | None:
    """The Congress of nearly all House terms in the list. Raises ``BuildError`` if it is mixed."""
    last: dict[str, int] = {}
    for record in records:
        if "-S" not in record["seat"] and record["seat"] != "PR-0":
            last[record["bioguide"]] = congress_at(moment_of(date.fromisoformat(record["start"])))
    if not last:
        return None
    counts = Counter(last.values()).most_common()
    if sum(number for _, number in counts[1:]) > MOST_STRAY_TERMS:
        words = ", ".join(f"{number} of the {ordinal(c)} Congress" for c, number in counts)
        raise BuildError(
            f"{name} mixes House terms: {words}. It is being changed, or two files were joined. "
            "Download it again later."
        )
    return counts[0][0]


def read_committee_names(folder: Path) -> dict[str, str]:
    """Names by committee id; a subcommittee's id is the committee's with its own number."""
    names: dict[str, str] = {}
    for committee in load_yaml(folder, "committees-current.yaml"):
        code = committee["thomas_id"]
        names[code] = text_of(committee["name"])
        for sub in committee.get("subcommittees", ()):
            names[f"{code}{sub['thomas_id']}"] = text_of(sub["name"])
    return dict(sorted(names.items()))


FORM_COLUMNS = (
    "prefix", "phone", "subject", "topic", "recaptcha", "email_confirm", "message_max",
    "strips_double_quotes", "last_touched",
)  # fmt: skip


def read_form_rules(folder: Path) -> list[dict[str, str]] | None:
    """What each senator's web form asks, from ``senate_forms.csv``; None without that file.

    The rows have ``bioguide`` and the columns that the tables keep.
    """
    path = folder / "senate_forms.csv"
    if not path.exists():
        return None
    rows = []
    for line, row in read_rows(path, {"bioguide", *FORM_COLUMNS}):
        day = re.fullmatch(r"\d{4}-\d{2}-\d{2}", row["last_touched"])
        if not day or not re.fullmatch(r"\d*", row["message_max"]):
            raise BuildError(f"senate_forms.csv, line {line}: {row['bioguide']}?")
        rows.append({name: row[name] for name in ("bioguide", *FORM_COLUMNS)})
    return sorted(rows, key=lambda row: row["bioguide"])
