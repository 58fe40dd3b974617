"""The values of the fields in ``fields`` for one recipient on one day."""

from __future__ import annotations

from datetime import date
from functools import total_ordering

from app.campaign.entities import Campaign, Length, RelatedBill, Stance, Writer
from app.campaign.fields import FACT_PREFIX
from app.campaign.stance import is_ending, stage_of, stance_of
from app.campaign.words import (
    CHAMBERS_ES,
    TITLES_ES,
    Language,
    bill_noun,
    clean_place,
    curly,
    date_words,
    ordinal,
    said,
    state_words,
)
from app.congress.model import Chamber, Holder, Member, day_in_washington
from app.congress.names import surname

Values = dict[str, object]


@total_ordering
class DateValue:
    """A date that prints in words and compares with ISO text or another ``DateValue``."""

    __slots__ = ("_iso", "_words")

    def __init__(self, day: date, language: Language) -> None:
        self._iso = day.isoformat()
        self._words = date_words(day, language)

    def __str__(self) -> str:
        return self._words

    def __eq__(self, other: object) -> bool:
        return self._iso == (other._iso if isinstance(other, DateValue) else other)

    def __lt__(self, other: object) -> bool:
        return self._iso < (other._iso if isinstance(other, DateValue) else str(other))

    def __hash__(self) -> int:
        return hash(self._iso)


def writer_values(writer: Writer, state: str, language: Language = "en") -> Values:
    """The writer's place. The city is used only if it is in the represented state: a service
    member's return address can be elsewhere, and the letter must not name that place."""
    city = clean_place(writer.city) if writer.state in ("", state) else ""
    if not city:
        place = state_words(state, language)
    elif state == "DC":
        place = f"{city}, DC"
    else:
        name = state_words(state, language, article=False)
        place = f"{city}, {name.removeprefix('las ')}" if language == "es" else f"{city}, {name}"
    return {"city": city, "place": place}


def recipient_values(
    campaign: Campaign, holder: Holder, *, today: date, length: Length, language: Language = "en"
) -> Values:
    """Every field that does not depend on the writer, except ``time_note`` and the blocks.

    ``holder`` must have a member: no letter goes to a vacant seat.
    """
    member, seat = holder.member, holder.seat
    if member is None:
        raise ValueError(f"{seat.id} is vacant: no letter can be written to it")
    chamber = seat.chamber
    stance = stance_of(campaign, member)
    spanish = language == "es"
    committee = campaign.committees.get(chamber)
    values: Values = {
        "legislator_name": curly(member.full_name),
        "legislator_last": surname(member),
        "legislator_title": TITLES_ES[seat.title] if spanish else seat.title,
        "type": "sen" if chamber == "senate" else "rep",
        "chamber": chamber,
        "chamber_name": _chamber_name(chamber, language),
        "is_delegate": seat.is_delegate,
        "is_leader": bool(member.leadership),
        "caucus": member.party if member.party != "Independent" else member.caucus or "",
        "state": seat.state,
        "state_name": state_words(seat.state, language),
        "district_number": seat.district or 0,
        "constituency": _constituency(holder, language),
        "state_policy": campaign.state_policies.get(seat.state, ""),
        "committee_name": said(committee, "name", language) if committee else "",
        "committee_role": _role(member, committee.code if committee else ""),
        "subcommittee_role": _role(member, committee.subcommittee if committee else ""),
        "length": length,
        "time_note": "",
    }
    values.update(_bill_values(campaign, chamber, today, language))
    values.update(_stance_values(campaign, stance, language))
    values.update(_fact_values(campaign, language))
    return values


def _fact_values(campaign: Campaign, language: Language) -> Values:
    facts = campaign.facts.values()
    return {FACT_PREFIX + fact.id: said(fact, "text", language) for fact in facts}


def _chamber_name(chamber: Chamber, language: Language) -> str:
    if language == "es":
        return CHAMBERS_ES[chamber]
    return "Senate" if chamber == "senate" else "House of Representatives"


def _constituency(holder: Holder, language: Language) -> str:
    seat = holder.seat
    state = state_words(seat.state, language)
    if not seat.district:
        return state
    if language == "es":
        return f"el distrito {seat.district} de {state}"
    return f"the {ordinal(seat.district)} congressional district of {state}"


def _role(member: Member, code: str) -> str:
    """``chair``, ``ranking`` or ``member`` on a committee, from the source's many titles."""
    for seat in member.committees:
        if code and seat.committee == code:
            title = (seat.title or "").lower()
            if title.startswith("ranking"):
                return "ranking"
            return "chair" if title.startswith("chair") else "member"
    return ""


def _bill_values(campaign: Campaign, chamber: Chamber, today: date, language: Language) -> Values:
    bill, house = campaign.bill_for(chamber), campaign.bill_for("house")
    ends, day = campaign.ends.date(), day_in_washington(today)
    return {
        "bill_title": bill.title,
        "bill_number": bill.number or "",
        "bill_name": bill_name(bill.number, bill.title, campaign.main_bill.number, language),
        "house_number": house.number or "",
        "senate_number": campaign.bill_for("senate").number or "",
        "introduced": DateValue(house.introduced, language) if house.introduced else "",
        "congress": ordinal(campaign.congress, language),
        "next_congress": ordinal(campaign.congress + 1, language),
        "congress_ends": DateValue(ends, language),
        "today": DateValue(day, language),
        "days_left": max(0, (ends - day).days),
        "stage": stage_of(campaign, today),
        "ending": is_ending(campaign, chamber, today),
    }


def page_values(campaign: Campaign, today: date, language: Language = "en") -> Values:
    """Every field of a text without a recipient, including the facts."""
    values = _bill_values(campaign, "house", today, language)
    values["as_of"] = DateValue(campaign.as_of, language)
    values["cosponsors"] = sum(s.name == "cosponsor" for s in campaign.stances.values())
    values.update(_fact_values(campaign, language))
    return values


def _stance_values(campaign: Campaign, stance: Stance, language: Language) -> Values:
    bills = [campaign.related[bill] for bill in stance.related]
    earlier = [bill for bill in bills if bill.kind == "earlier"]
    opposite = [bill for bill in bills if bill.kind == "opposes"]
    return {
        "stance": stance.name,
        "stance_date": DateValue(stance.since, language) if stance.since else "",
        "earlier_latest": _earlier(earlier, language),
        "earlier_led": stance.led and stance.name == "earlier",
        "opposes_bill": (
            bill_name(opposite[-1].number, opposite[-1].title, opposite[-1].number, language)
            if opposite
            else ""
        ),
        "opposes_led": stance.led and stance.name == "opposes",
    }


def _earlier(bills: list[RelatedBill], language: Language) -> str:
    """The latest earlier bill that has a number, or the latest of all if none has."""
    if not bills:
        return ""
    bill = ([b for b in bills if b.number] or bills)[-1]
    congress = ordinal(bill.congress, language)
    if language == "es":
        name = bill.number or f"el proyecto de la {CHAMBERS_ES[bill.chamber]}"
        return f"{name} en el {congress} Congreso"
    name = bill.number or f"the {bill.chamber.title()} bill"
    return f"{name} in the {congress} Congress"


def bill_name(number: str | None, title: str, like: str | None, language: Language) -> str:
    """``H.R. 1234, the Safe Streets Act``; the Spanish form follows a verb.

    ``like`` is a number that tells whether to call it a bill or a resolution (``bill_noun``).
    """
    if language == "es":
        noun = bill_noun(like, "es")
        return f"el {noun} {number} ({title})" if number else f"el {noun} {title}"
    return f"{number}, the {title}" if number else f"the {title}"
