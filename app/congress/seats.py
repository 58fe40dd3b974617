"""Which seats Congress has: a fact of law, so that a seat exists even when nobody sits in it.

House: the apportionment after the 2020 census (435 seats, in force from the 118th Congress),
plus the six delegates. Senate: two seats a state, in three classes (Article I, section 3).
"""

from __future__ import annotations

from app.congress.model import DELEGATE_AREAS, STATES, Seat

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
"""The Census Bureau's two-digit state codes."""


def district_numbers(state: str) -> tuple[int, ...]:
    """The House districts of ``state``: ``(0,)`` at large, else 1 to n; empty for no such state."""
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
    """A Census district code as our number: ``00`` and ``98`` are 0, ``ZZ`` (water) is None."""
    if code in ("00", "98"):
        return 0
    return int(code) if code.isascii() and code.isdigit() else None


_SUFFIXES = {1: "st", 2: "nd", 3: "rd"}


def ordinal(congress: int) -> str:
    """``119th``, ``121st``, ``122nd``, ``123rd``."""
    if congress % 100 in (11, 12, 13):
        return f"{congress}th"
    return f"{congress}{_SUFFIXES.get(congress % 10, 'th')}"


def congress_years(congress: int) -> tuple[int, int]:
    """The years in which a Congress begins and ends, each on 3 January (20th Amendment)."""
    begins = 1789 + 2 * (congress - 1)
    return begins, begins + 2
