"""The value types of representation (seats, members, delegations, outcomes), and which seats exist.

A *seat* exists whether or not anyone sits in it; a *member* is the person in it, keyed by bioguide
id; a *delegation* is the seats that represent one address. Everything here is immutable and free
of I/O.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from app.errors import ExplainedError


class TablesError(ExplainedError):
    """The tables are missing or broken; the message says which and what to do."""


class BuildError(ExplainedError):
    """The tables cannot be built; the message names the file and says what to do."""


Chamber = Literal["house", "senate"]
CHAMBERS: tuple[Chamber, ...] = ("house", "senate")
Match = Literal["zip", "street", "chosen"]

STATES: dict[str, str] = {
    "AL": "Alabama", "AK": "Alaska", "AZ": "Arizona", "AR": "Arkansas", "CA": "California",
    "CO": "Colorado", "CT": "Connecticut", "DE": "Delaware", "FL": "Florida", "GA": "Georgia",
    "HI": "Hawaii", "ID": "Idaho", "IL": "Illinois", "IN": "Indiana", "IA": "Iowa",
    "KS": "Kansas", "KY": "Kentucky", "LA": "Louisiana", "ME": "Maine", "MD": "Maryland",
    "MA": "Massachusetts", "MI": "Michigan", "MN": "Minnesota", "MS": "Mississippi",
    "MO": "Missouri", "MT": "Montana", "NE": "Nebraska", "NV": "Nevada", "NH": "New Hampshire",
    "NJ": "New Jersey", "NM": "New Mexico", "NY": "New York", "NC": "North Carolina",
    "ND": "North Dakota", "OH": "Ohio", "OK": "Oklahoma", "OR": "Oregon", "PA": "Pennsylvania",
    "RI": "Rhode Island", "SC": "South Carolina", "SD": "South Dakota", "TN": "Tennessee",
    "TX": "Texas", "UT": "Utah", "VT": "Vermont", "VA": "Virginia", "WA": "Washington",
    "WV": "West Virginia", "WI": "Wisconsin", "WY": "Wyoming",
    "DC": "District of Columbia", "AS": "American Samoa", "GU": "Guam",
    "MP": "Northern Mariana Islands", "PR": "Puerto Rico", "VI": "U.S. Virgin Islands",
}  # fmt: skip
"""Postal code to name: the 50 states and the six areas that send a delegate."""

STATES_ES: dict[str, str] = {
    "HI": "Hawái", "LA": "Luisiana", "MI": "Míchigan", "MS": "Misisipi", "MO": "Misuri",
    "NH": "Nuevo Hampshire", "NJ": "Nueva Jersey", "NM": "Nuevo México", "NY": "Nueva York",
    "NC": "Carolina del Norte", "ND": "Dakota del Norte", "OR": "Oregón", "PA": "Pensilvania",
    "SC": "Carolina del Sur", "SD": "Dakota del Sur", "TX": "Texas", "WV": "Virginia Occidental",
    "DC": "el Distrito de Columbia", "AS": "Samoa Americana", "MP": "las Islas Marianas del Norte",
    "VI": "las Islas Vírgenes de los Estados Unidos",
}  # fmt: skip
"""Spanish names that differ from the English ones, as they read after "en"."""

NEARLY_ALL = 0.95
"""If one district has at least this share of a ZIP, the others are only named in a sentence."""

MILITARY_STATES = frozenset({"AA", "AE", "AP"})
"""The codes used in place of a state in military addresses."""

POUCH_ZIPS = {"20521": "DC", "20189": "VA"}
"""The ZIPs of the State Department's pouches (Washington, Dulles), in which it forwards mail to
people at missions abroad, and the state that their addresses name."""

ASSOCIATED_STATES = frozenset({"FM", "MH", "PW"})
"""Countries with US ZIP codes and no seat in Congress: Micronesia, Marshall Islands, Palau."""

DELEGATE_AREAS = frozenset({"DC", "AS", "GU", "MP", "PR", "VI"})
"""Areas with one delegate (or resident commissioner) and no senators."""


@dataclass(frozen=True)
class Seat:
    """A place in Congress. ``district`` is 0 at large; ``senate_class`` is 1, 2 or 3."""

    state: str
    chamber: Chamber
    district: int | None = None
    senate_class: int | None = None

    @cached_property
    def id(self) -> str:
        """A stable key: ``CA-12`` for a House seat, ``CA-S3`` for a Senate seat."""
        return (
            f"{self.state}-{self.district if self.chamber == 'house' else f'S{self.senate_class}'}"
        )

    @property
    def is_delegate(self) -> bool:
        return self.chamber == "house" and self.state in DELEGATE_AREAS

    @property
    def title(self) -> str:
        """The title before a surname: Senator, Representative, Delegate, Resident Commissioner."""
        if self.chamber == "senate":
            return "Senator"
        if self.state == "PR":
            return "Resident Commissioner"
        return "Delegate" if self.is_delegate else "Representative"


def chamber_of(seat: str) -> Chamber:
    """The chamber of the seat with this id."""
    return "senate" if "-S" in seat else "house"


@dataclass(frozen=True, slots=True)
class Office:
    """A postal address of a member's office, as lines without the member's name."""

    id: str
    """``washington`` or the source's own id of a local office."""
    city: str
    state: str
    zip: str
    lines: tuple[str, ...]
    """Everything below the member's name, including the city line; never an empty line."""
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class CommitteeSeat:
    """A member's place on a committee: Thomas id (``HSJU``, ``HSJU01``) and title, if any."""

    committee: str
    title: str | None = None


@dataclass(frozen=True, slots=True)
class FormRules:
    """What a member's own web form asks for and allows.

    The facts for the Senate come from ``senate_forms.csv``; the defaults, for a member without a
    row, mean "not known".
    """

    known: bool = False
    asks_prefix: bool = False
    asks_phone: bool = False
    asks_subject: bool = False
    asks_topic: bool = False
    has_captcha: bool = False
    confirms_email: bool = False
    max_characters: int | None = None
    """The office's limit for the message; a newline counts as two."""


@dataclass(frozen=True, slots=True)
class Member:
    """A person in Congress. ``full_name`` is the official name, never empty."""

    bioguide: str
    full_name: str
    first: str
    last: str
    suffix: str | None
    party: str
    """``Democrat``, ``Republican`` or ``Independent``; for choosing an ask, never printed."""
    caucus: str | None
    """The party an independent caucuses with."""
    term_start: date
    term_end: date
    term_end_is_expected: bool
    """True if the listed end is an expected special election, not a fixed date."""
    washington: Office
    """Falls back to the chamber's general address; never missing."""
    local_offices: tuple[Office, ...] = ()
    phone: str | None = None
    url: str | None = None
    contact_form: str | None = None
    committees: tuple[CommitteeSeat, ...] = ()
    leadership: tuple[str, ...] = ()
    """Current leadership titles, such as ``Speaker of the House``."""
    form: FormRules = field(default_factory=FormRules)
    missing: tuple[str, ...] = ()
    """Names of the fields that the source lacks, for ``flask congress status``."""
    former_ids: tuple[str, ...] = ()
    """Ids under which letters were addressed to them before they had a bioguide id."""

    @property
    def contact_url(self) -> str | None:
        """Where a resident can write online: the form, or else the member's site."""
        return self.contact_form or self.url


@dataclass(frozen=True, slots=True)
class Holder:
    """A seat and whoever sits in it at one moment.

    ``member`` is None if our list has no one for the seat; no letter goes to it then. If
    ``awaited``, someone does sit there, but the list does not have the name yet (in the first days
    of a Congress); otherwise the seat was vacant when the list was made.
    """

    seat: Seat
    member: Member | None
    awaited: bool = False

    @property
    def vacant(self) -> bool:
        """Whether there is no one to whom a letter could go."""
        return self.member is None

    def term_ended(self, today: date) -> bool:
        """Whether the listed end of the term has passed. The member is then shown with a note,
        never dropped."""
        return self.member is not None and self.member.term_end < today


Standing = Literal["sits", "left", "unsure"]
"""Whether the list of members shows that someone sits in a seat or no longer does; ``unsure`` if it
is too old to tell."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A person in the list of members, as of one moment: a sitting member or a former one.

    ``holder`` is that person in the seat they hold or last held, whoever sits there now.
    """

    holder: Holder
    congress: int
    """The last Congress in which the list shows them in that seat."""
    standing: Standing
    """``left`` if the list was made after their term; ``unsure`` if it was made before the end of
    the term, so it cannot tell whether they were chosen again."""

    @property
    def member(self) -> Member:
        assert self.holder.member is not None
        return self.holder.member


@dataclass(frozen=True)
class Delegation:
    """The seats that represent one address: the House seat first, then the Senate seats."""

    state: str
    district: int
    house: Holder
    senate: tuple[Holder, ...]
    congress: int
    """The Congress in which they sit and of which ``district`` is a number."""

    @cached_property
    def holders(self) -> tuple[Holder, ...]:
        return (self.house, *self.senate)

    @cached_property
    def recipients(self) -> tuple[Holder, ...]:
        """The holders to whom letters can go: every seat with a known member."""
        return tuple(h for h in self.holders if h.member is not None)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One possible House district of a ZIP, with its share of the ZIP (0 to 1, or None).

    The share is of the ZIP's residents in this state or, if they have not been counted, of its
    land (``by_land``).
    """

    holder: Holder
    share: float | None
    by_land: bool = False

    @property
    def district(self) -> int:
        assert self.holder.seat.district is not None
        return self.holder.seat.district


# --- the outcomes of find_delegation -------------------------------------------------


@dataclass(frozen=True, slots=True)
class Found:
    """The address is settled; ``match`` says how."""

    delegation: Delegation
    match: Match
    notice: str | None = None
    """A code for something that the person should know: a key of ``NOTICES``."""
    slivers: tuple[Candidate, ...] = ()
    """Districts with a sliver of the ZIP (see ``find_delegation``), to be offered with this
    answer."""

    @property
    def state(self) -> str:
        return self.delegation.state

    def as_choice(self) -> Choose:
        """The same as a choice, for someone who may live in one of the slivers."""
        here = Candidate(self.delegation.house, 1.0, by_land=True)
        return Choose(
            self.state, (here,), self.delegation.senate, "split", self.notice, slivers=self.slivers
        )


@dataclass(frozen=True, slots=True)
class Choose:
    """Several districts are possible; each is offered, largest share first."""

    state: str
    candidates: tuple[Candidate, ...]
    senate: tuple[Holder, ...]
    """The senators of the state, which are already known; empty without a state."""
    reason: Literal["split", "no_row", "state_confirmed", "street_ambiguous", "street_failed"]
    notice: str | None = None
    likely: int = 0
    """How many of the first candidates the town suggests; the rest follow in number order."""
    slivers: tuple[Candidate, ...] = ()
    """Districts with a sliver of the ZIP, named in a sentence below the candidates."""

    @property
    def nearly_all(self) -> bool:
        """Whether the first candidate has nearly all of the ZIP, so that the others are named in a
        sentence below it."""
        first = self.candidates[0].share if self.candidates else None
        return self.reason == "split" and first is not None and first >= NEARLY_ALL


@dataclass(frozen=True, slots=True)
class ChooseState:
    """The ZIP is in several states and the person named none."""

    zip: str
    states: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Disagree:
    """The ZIP is not in the state that the person named: ask, do not guess."""

    zip: str
    state: str
    zip_states: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ZipUnknown:
    """The ZIP is in neither the postal data nor the district data."""

    zip: str
    senate: tuple[Holder, ...] = ()
    """The senators of the state that the person named, known whatever the ZIP is."""


@dataclass(frozen=True, slots=True)
class Outside:
    """The ZIP or state does not identify a seat in Congress.

    ``military``: mail for people abroad, of the military or of a mission; ask for the address in
    the home state. ``associated_state``: Micronesia, the Marshall Islands and Palau have no
    representation. ``foreign``: not a US ZIP.
    """

    kind: Literal["military", "associated_state", "foreign"]
    zip: str


@dataclass(frozen=True, slots=True)
class OutOfDate:
    """The lines of the sitting Congress are not known, so no letters can be written.

    ``congress`` is the last Congress whose lines we have; ``ended`` is the day on which it ended.
    ``ended`` is None if the moment is before the first one, which only a wrong clock says.
    """

    congress: int
    ended: date | None


@dataclass(frozen=True, slots=True)
class Unavailable:
    """The street lookup gave no answer; ``fallback`` is the answer from the ZIP alone."""

    reason: str
    """A key of ``STREET_REASONS``, such as ``timeout`` or ``no_match``."""
    fallback: Found | Choose


# --- what a street lookup can answer -----------------------------------------------------


@dataclass(frozen=True, slots=True)
class Located:
    """The street is in this district of this state (0 at large)."""

    state: str
    district: int


@dataclass(frozen=True, slots=True)
class SeveralDistricts:
    """The address matches places in different districts: ask, never pick the first."""

    places: tuple[Located, ...]


@dataclass(frozen=True, slots=True)
class NoMatch:
    """The provider does not know the address: a PO box, a new street, a typo."""


@dataclass(frozen=True, slots=True)
class OtherState:
    """The address was found, but not in the state that the person named."""

    state: str


@dataclass(frozen=True, slots=True)
class WrongCongress:
    """The provider answered with lines that are not in force in this state now."""

    congress: int


@dataclass(frozen=True, slots=True)
class LookupFailed:
    """The provider gave no usable answer. ``reason`` is a key of ``STREET_REASONS``."""

    reason: Literal["timeout", "unreachable", "bad_reply", "no_district", "provider", "busy"]


StreetAnswer = Located | SeveralDistricts | NoMatch | OtherState | WrongCongress | LookupFailed

Outcome = Found | Choose | ChooseState | Disagree | ZipUnknown | Outside | OutOfDate | Unavailable


HOUSE_SEATS: dict[str, int] = {
    "AL": 7, "AK": 1, "AZ": 9, "AR": 4, "CA": 52, "CO": 8, "CT": 5, "DE": 1, "FL": 28, "GA": 14,
    "HI": 2, "ID": 2, "IL": 17, "IN": 9, "IA": 4, "KS": 4, "KY": 6, "LA": 6, "ME": 2, "MD": 8,
    "MA": 9, "MI": 13, "MN": 8, "MS": 4, "MO": 8, "MT": 2, "NE": 3, "NV": 4, "NH": 2, "NJ": 12,
    "NM": 3, "NY": 26, "NC": 14, "ND": 1, "OH": 15, "OK": 5, "OR": 6, "PA": 17, "RI": 2, "SC": 7,
    "SD": 1, "TN": 9, "TX": 38, "UT": 4, "VT": 1, "VA": 11, "WA": 10, "WV": 2, "WI": 8, "WY": 1,
}  # fmt: skip

_SENATE_STATES: dict[int, str] = {
    1: "AZ CA CT DE FL HI IN MA MD ME MI MN MO MS MT ND NE NJ NM NV NY OH PA RI TN TX UT VA VT WA "
    "WI WV WY",
    2: "AK AL AR CO DE GA IA ID IL KS KY LA MA ME MI MN MS MT NC NE NH NJ NM OK OR RI SC SD TN TX "
    "VA WV WY",
    3: "AK AL AR AZ CA CO CT FL GA HI IA ID IL IN KS KY LA MD MO NC ND NH NV NY OH OK OR PA SC SD "
    "UT VT WA WI",
}

FIPS: dict[str, str] = {
    "01": "AL", "02": "AK", "04": "AZ", "05": "AR", "06": "CA", "08": "CO", "09": "CT", "10": "DE",
    "11": "DC", "12": "FL", "13": "GA", "15": "HI", "16": "ID", "17": "IL", "18": "IN", "19": "IA",
    "20": "KS", "21": "KY", "22": "LA", "23": "ME", "24": "MD", "25": "MA", "26": "MI", "27": "MN",
    "28": "MS", "29": "MO", "30": "MT", "31": "NE", "32": "NV", "33": "NH", "34": "NJ", "35": "NM",
    "36": "NY", "37": "NC", "38": "ND", "39": "OH", "40": "OK", "41": "OR", "42": "PA", "44": "RI",
    "45": "SC", "46": "SD", "47": "TN", "48": "TX", "49": "UT", "50": "VT", "51": "VA", "53": "WA",
    "54": "WV", "55": "WI", "56": "WY", "60": "AS", "66": "GU", "69": "MP", "72": "PR", "78": "VI",
}  # fmt: skip
"""States by the Census Bureau's two-digit codes."""


def district_numbers(state: str) -> tuple[int, ...]:
    """The House districts of ``state``: ``(0,)`` at large, else 1 to n; empty if not a state."""
    if state in DELEGATE_AREAS:
        return (0,)
    seats = HOUSE_SEATS.get(state, 0)
    return (0,) if seats == 1 else tuple(range(1, seats + 1))


def senate_seats(state: str) -> tuple[Seat, ...]:
    """The two Senate seats of ``state`` in class order; empty for DC and the territories."""
    return tuple(
        Seat(state, "senate", senate_class=number)
        for number, states in _SENATE_STATES.items()
        if state in states.split()
    )


def all_seats() -> tuple[Seat, ...]:
    """Every seat, by state, House before Senate: 435 representatives, 6 delegates, 100 senators."""
    seats: list[Seat] = []
    for state in sorted(STATES):
        seats += [Seat(state, "house", district=number) for number in district_numbers(state)]
        seats += senate_seats(state)
    return tuple(seats)


def district_of_code(code: str) -> int | None:
    """The number of a Census district code: ``00`` and ``98`` are 0, ``ZZ`` (water) is None."""
    if code in ("00", "98"):
        return 0
    return int(code) if code.isascii() and code.isdigit() else None


_SUFFIXES = {1: "st", 2: "nd", 3: "rd"}


def ordinal(congress: int) -> str:
    """``119th``, ``121st``, ``122nd``, ``123rd``."""
    if congress % 100 in (11, 12, 13):
        return f"{congress}th"
    return f"{congress}{_SUFFIXES.get(congress % 10, 'th')}"


# --- time: Congresses begin and end at noon in Washington ---------------------------------

WASHINGTON = ZoneInfo("America/New_York")


FIRST_CONGRESS = 119
"""The first Congress in which this program counted signatures."""


def district_key(seat: str, congress: int) -> str:
    """The key under which a district is counted: ``TX-10`` for the 119th Congress, ``TX-10/120``
    for the 120th.

    A district is a number of a Congress: after redistricting, the same number means other people.
    """
    return seat if congress == FIRST_CONGRESS else f"{seat}/{congress}"


def congress_years(congress: int) -> tuple[int, int]:
    """The years in which a Congress begins and ends, each on January 3 (20th Amendment)."""
    begins = 1789 + 2 * (congress - 1)
    return begins, begins + 2


@lru_cache(maxsize=1024)
def moment_of(day: date) -> datetime:
    """When a term listed with this day begins or ends, in UTC: noon in Washington on January 3 of
    an odd year, when Congresses change, else the start of the day there."""
    noon = day.year % 2 == 1 and (day.month, day.day) == (1, 3)
    return datetime(day.year, day.month, day.day, 12 * noon, tzinfo=WASHINGTON).astimezone(UTC)


def change_of(congress: int) -> datetime:
    """The noon at which a Congress begins, in UTC."""
    return moment_of(date(congress_years(congress)[0], 1, 3))


def congress_at(moment: datetime) -> int:
    """The number of the Congress that sits at an aware ``moment``."""
    number = (moment.astimezone(WASHINGTON).year - 1789) // 2 + 1
    return number if moment >= change_of(number) else number - 1


def effective_end(end: date, *, expected: bool) -> date:
    """The day on which a term with this listed end is over, at the latest.

    An ``expected`` end is the day of a special election. The appointed senator sits until the list
    has the winner, but no longer than this Congress.
    """
    if not expected:
        return end
    last = congress_at(moment_of(end) - timedelta(seconds=1))
    return date(congress_years(last)[1], 1, 3)


def as_moment(when: date) -> datetime:
    """An aware datetime unchanged; for a plain day, its noon in Washington, in UTC.

    Events within a day (a visit, a signing) have a moment. A list or a report made for a day has
    only the day.
    """
    return when if isinstance(when, datetime) else _noon(when)


@lru_cache(maxsize=1024)
def _noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=WASHINGTON).astimezone(UTC)


def day_in_washington(when: date) -> date:
    """The date in Washington at an aware datetime; a plain day unchanged."""
    return when.astimezone(WASHINGTON).date() if isinstance(when, datetime) else when
