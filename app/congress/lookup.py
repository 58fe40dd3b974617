"""Who represents an address: the rules, without I/O and without a clock.

The state is the one that the person names; the ZIP may question it but never overrules it. The
ZIP narrows the districts, and a street or the person's own choice settles them. No one is ever
assigned by elimination.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Literal, NamedTuple

from app.congress.model import (
    ASSOCIATED_STATES,
    MILITARY_STATES,
    POUCH_ZIPS,
    STATES,
    Candidate,
    Choose,
    ChooseState,
    Disagree,
    Found,
    Located,
    LookupFailed,
    Match,
    NoMatch,
    OtherState,
    Outcome,
    OutOfDate,
    Outside,
    SeveralDistricts,
    StreetAnswer,
    Unavailable,
    WrongCongress,
    ZipUnknown,
    as_moment,
    change_of,
)
from app.congress.places import Zip, ZipProblem, parse_zip, read_state
from app.congress.tables import Postal, Tables, ZipState, load_tables

_MILITARY_PREFIXES = frozenset({"340", *(f"09{n}" for n in range(9)), *(f"96{n}" for n in "23456")})
"""The three-digit prefixes used only for military ZIPs (099 is also New Jersey)."""


def find_delegation(
    zip5: str,
    state: str | None,
    *,
    now: date,
    district: int | None = None,
    state_confirmed: bool = False,
    city: str = "",
    street: StreetAnswer | None = None,
    tables: Tables | None = None,
) -> Outcome:
    """Who represents the person at this ZIP, in the state that they name.

    ``now`` is the moment asked about, an aware datetime; a plain day means its noon in Washington.
    ``zip5`` is five digits (``parse_zip(...).five``). ``state`` is a postal code, or None if the
    person named none. ``district`` is one that they picked by hand, any district of the state.
    ``state_confirmed`` means that they were asked about the state and confirmed it. ``city`` only
    orders the choices if the ZIP has no row in the district table. ``street`` is the answer of
    ``locate_street``.

    If the people of a ZIP are counted, its districts are those in which they live, ordered by
    their number. If only the land is known (in nine states, until their new lines take effect),
    every piece counts: one with a share of the land in the Bureau's list is a choice, ordered by
    that share. A sliver, known only to be under 1 % and often without a resident, is not a choice
    but is in ``slivers``, to be offered in a sentence below. So 84101 UT is UT-2 with a sliver of
    UT-1, and 90210 CA is a choice of two with a sliver of a third.

    Returns one of the outcome types of ``app.congress.model``; never raises. ``Found.match`` is
    ``zip`` if the ZIP (or an at-large state) settled it, ``street`` if the street did, ``chosen``
    if the person did.
    """
    moment = now if isinstance(now, datetime) else as_moment(now)
    tables = tables or load_tables()
    if not tables.since <= moment < tables.until:
        tables = tables.at(moment)
    if not tables.has_lines:
        early = tables.congress < tables.first_known
        ended = None if early else change_of(tables.last_known + 1).date()
        return OutOfDate(tables.last_known, ended)
    parts = tables.zips.get(zip5)
    if parts is not None and state in STATES and district is None and street is None:
        # The common case, which needs nothing else.
        postal = tables.postal.get(zip5)
        for part in parts:
            if part.state == state:
                return part.plain if postal is None else _from_part(part, postal)
    if len(zip5) != 5 or not (zip5.isascii() and zip5.isdigit()):
        match parse_zip(zip5):
            case Zip(five=five):
                zip5, parts = five, tables.zips.get(five)
            case ZipProblem(kind="foreign"):
                return Outside("foreign", zip5)
            case _:
                return ZipUnknown(zip5)
    case = _Case(tables, zip5, parts, tables.postal.get(zip5), city)
    named = (read_state(state) or state.strip()) if state else None
    home = _home_state(case, named or None, state_confirmed, street)
    if not isinstance(home, str):
        return home
    plain = _by_zip(case, home)
    if district is not None:
        return _by_hand(case, plain, district, street)
    return plain if street is None else _by_street(case, plain, street)


def states_of(zip5: str, tables: Tables) -> tuple[str, ...]:
    """The states, territories and military regions that a ZIP code is in; empty if unknown."""
    postal = tables.postal.get(zip5)
    listed = [part.state for part in tables.zips.get(zip5, ())]
    also = tables.border.get(zip5, ())
    return tuple(dict.fromkeys([*listed, *([postal.state] if postal else []), *also]))


class _Case(NamedTuple):
    """One lookup, with what the tables say about its ZIP."""

    tables: Tables
    zip5: str
    parts: tuple[ZipState, ...] | None
    postal: Postal | None
    city: str


def _home_state(
    case: _Case, state: str | None, confirmed: bool, street: StreetAnswer | None
) -> str | Outcome:
    """The state whose members represent the person, or the outcome that asks for it."""
    tables, zip5, parts, postal, _ = case
    if state in MILITARY_STATES:
        return Outside("military", zip5)
    if state in ASSOCIATED_STATES:
        return Outside("associated_state", zip5)
    is_state = state in STATES
    if not (confirmed and is_state):
        # A military ZIP says nothing about the home state, so it cannot contradict it; nor does
        # that of a pouch.
        military = (postal and postal.kind == "military") or zip5[:3] in _MILITARY_PREFIXES
        if military or zip5 in POUCH_ZIPS:
            return Outside("military", zip5)
        if postal and postal.state in ASSOCIATED_STATES:
            return Outside("associated_state", zip5)
    listed = [part.state for part in parts or ()]
    if postal and postal.state in STATES and postal.state not in listed:
        listed.append(postal.state)
    located = street.state if isinstance(street, Located) else None
    if state is None:
        possible = states_of(zip5, tables)
        if located in possible:
            return located
        if len(possible) > 1:
            return ChooseState(zip5, possible)
        return possible[0] if possible else ZipUnknown(zip5)
    if is_state and (state in listed or confirmed or state in tables.border.get(zip5, ())):
        return state
    if listed:
        return Disagree(zip5, state, tuple(listed))
    # A ZIP newer than our tables is accepted if the street was found in the named state.
    return state if is_state and located == state else ZipUnknown(zip5, tables.senators(state))


def _postal_notice(postal: Postal | None) -> str | None:
    return "inactive_zip" if postal and not postal.active else None


def _from_part(part: ZipState, postal: Postal | None) -> Found | Choose:
    """The answer in the ZIP's own row: one district, or several to choose from."""
    notice = _postal_notice(postal)
    return replace(part.plain, notice=notice) if notice else part.plain


def _by_zip(case: _Case, state: str) -> Found | Choose:
    """The answer from the ZIP alone, in this state."""
    tables, zip5, parts, postal, city = case
    for part in parts or ():
        if part.state == state:
            return _from_part(part, postal)
    known_here = postal is not None and postal.state == state
    across = state in tables.border.get(zip5, ())
    if known_here or across:
        notice = _postal_notice(postal)
    elif postal and postal.state not in STATES:
        notice = "home_state"
    else:
        notice = "state_confirmed" if parts or postal else "unlisted_zip"
    if notice is None and state in tables.ended:
        notice = "term_ended"  # a senator's; House terms end with the Congress
    candidates = tables.candidates(state)
    if len(candidates) == 1:
        delegation = tables.delegations[state, candidates[0].district]
        return Found(delegation, "zip" if known_here or across else "chosen", notice)
    town = tables.town_districts(state, city)
    if not town and known_here and postal is not None:
        town = tables.town_districts(state, postal.city)
    reason: Literal["no_row", "state_confirmed"] = "no_row" if known_here else "state_confirmed"
    ordered = _town_first(candidates, town)
    return Choose(state, ordered, tables.senators(state), reason, notice, likely=len(town))


def _town_first(candidates: tuple[Candidate, ...], town: tuple[int, ...]) -> tuple[Candidate, ...]:
    """All candidates, with the town's districts first and in its order."""
    if not town:
        return candidates
    first = (candidates[number - 1] for number in town)  # several districts number from 1
    return (*first, *(c for c in candidates if c.district not in town))


def _by_hand(
    case: _Case, plain: Found | Choose, district: int, street: StreetAnswer | None
) -> Found | Choose:
    """The person's own choice: a ``chosen`` match, unless the ZIP or the street gives the same."""
    state = plain.state
    delegation = case.tables.delegation(state, district)
    if delegation is None:
        if isinstance(plain, Choose):
            return replace(plain, notice="invalid_district")
        only = Candidate(plain.delegation.house, None)
        return Choose(state, (only,), plain.delegation.senate, "split", "invalid_district")
    if isinstance(plain, Found) and plain.delegation.district == district:
        return plain
    how: Match = "street" if street == Located(state, district) else "chosen"
    return Found(delegation, how, plain.notice)


def _by_street(
    case: _Case, plain: Found | Choose, street: StreetAnswer
) -> Found | Choose | Unavailable:
    """``plain`` narrowed by the street; if the street is no help, ``Unavailable`` says why."""
    state, tables = plain.state, case.tables
    places: tuple[Located, ...] = ()
    reason = "no_match"
    match street:
        case Located():
            places, reason = (street,), "other_state"
        case SeveralDistricts(several):
            places, reason = several, "other_state"
        case OtherState():
            reason = "other_state"
        case WrongCongress():
            reason = "wrong_congress"
        case LookupFailed(why):
            reason = why
        case NoMatch():
            pass
    numbers = dict.fromkeys(place.district for place in places if place.state == state)
    found = [delegation for n in numbers if (delegation := tables.delegation(state, n))]
    if len(found) == 1:
        return Found(found[0], "street", plain.notice)
    if found:
        return _ambiguous(case, plain, [delegation.district for delegation in found])
    if numbers:
        reason = "no_district"
    fallback = replace(plain, reason="street_failed") if isinstance(plain, Choose) else plain
    return Unavailable(reason, fallback)


def _ambiguous(case: _Case, plain: Found | Choose, districts: list[int]) -> Choose:
    """The street matches several districts: offer those, with the ZIP's shares where known."""
    with_share = {c.district: c for c in plain.candidates} if isinstance(plain, Choose) else {}
    every = {c.district: c for c in case.tables.candidates(plain.state)}
    candidates = [with_share.get(number, every[number]) for number in districts]
    candidates.sort(key=lambda candidate: -(candidate.share or 0))
    senators = case.tables.senators(plain.state)
    return Choose(plain.state, tuple(candidates), senators, "street_ambiguous", plain.notice)
