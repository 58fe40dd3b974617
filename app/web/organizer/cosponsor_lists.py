"""The live lists of who backs which bill, and what a new one would change."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date

from app.campaign import edit
from app.campaign.billstatus import BillStatus, bill_key
from app.campaign.campaign_file import FILE
from app.campaign.cosponsor_csv import Known, fold, write_list
from app.campaign.list_changes import ListChange, compare
from app.campaign.lists import read_list
from app.campaign.stance import CURRENT, Backing
from app.congress import STATES, Holder
from app.congress.model import Chamber
from app.records.workshop import LiveFiles
from app.site.services import Services

COSPONSORS, OPPOSING = "cosponsors.csv", "opposing.csv"
MOST_FOUND = 25


@dataclass(frozen=True, slots=True)
class Lists:
    """Everybody on the live lists, and the moment at which they were read."""

    backings: tuple[Backing, ...]
    live: LiveFiles


def live_lists(site: Services) -> Lists:
    """The lines of both lists: those for the bill and those for the opposite."""
    live = site.live.files(site.db())
    lines: list[Backing] = []
    for name in (COSPONSORS, OPPOSING):
        lines += read_lines(site, name, live.files.get(name, ""))
    return Lists(tuple(lines), live)


def read_lines(site: Services, name: str, text: str) -> tuple[Backing, ...]:
    """The lines of a list that can be read."""
    return read_list(name, text.replace("\r\n", "\n"), site.campaign.related)[0]


def file_of(site: Services, bill: str) -> str:
    """Which file a bill's supporters stand in."""
    related = site.campaign.related.get(bill)
    return OPPOSING if related is not None and related.kind == "opposes" else COSPONSORS


def new_texts(site: Services, now: Lists, new: Iterable[Backing], as_of: date) -> dict[str, str]:
    """The files that a new list changes, with the day of the list in the campaign's own."""
    lines, texts = tuple(new), dict[str, str]()
    for name in (COSPONSORS, OPPOSING):
        before = tuple(b for b in now.backings if file_of(site, b.bill) == name)
        after = tuple(b for b in lines if file_of(site, b.bill) == name)
        if before != after:
            texts[name] = write_list(after)
    dated = edit.set_fields(now.live.files[FILE], {"as_of": as_of.isoformat()})
    if isinstance(dated, str) and dated != now.live.files[FILE]:
        texts[FILE] = dated
    return texts


def sitting(site: Services) -> dict[str, tuple[str, str]]:
    """Full and last name of everyone in Congress by bioguide id."""
    return {
        h.member.bioguide: (h.member.full_name, h.member.last)
        for h in site.tables.holders
        if h.member
    }


def change_of(site: Services, now: Lists, new: Iterable[Backing]) -> ListChange:
    """What a new list changes, for the page that shows it before it is applied."""
    return compare(now.backings, new, current=CURRENT, sitting=sitting(site))


def official(site: Services, lines: Iterable[Backing]) -> tuple[Backing, ...]:
    """The same lines with the official names of those who are in Congress."""
    names = sitting(site)
    return tuple(replace(b, name=names[b.bioguide][0]) if b.bioguide in names else b for b in lines)


def known(site: Services) -> Known:
    """What reading a CSV list needs to know."""
    campaign = site.campaign
    bills = {bill: bill for bill in (CURRENT, *campaign.related)}
    days = [bill.introduced for bill in campaign.bills.values() if bill.introduced]
    for bill in campaign.bills.values():
        key = bill_key(bill.number)
        if key:
            bills[f"{key[0]}{key[1]}-{bill.congress}"] = CURRENT
    introduced = {CURRENT: min(days)} if days else {}
    return Known(site.today(), bills, sitting(site), introduced)


def chamber_of(site: Services, status: BillStatus) -> Chamber | None:
    """In which chamber a status file's bill is the campaign's own; None when it is another bill."""
    for chamber, bill in site.campaign.bills.items():
        if bill_key(bill.number) == (status.kind, status.number):
            return chamber if bill.congress == status.congress else None
    return None


def other_chambers(site: Services, now: Lists, chamber: Chamber) -> Collection[str]:
    """Who stays although a file of one chamber's bill does not name them."""
    other: Chamber = "house" if chamber == "senate" else "senate"
    if not site.campaign.bills[other].number:
        return ()
    holders = {b.bioguide: site.tables.holder_of(b.bioguide) for b in now.backings}
    return {who for who, h in holders.items() if h is None or h.seat.chamber == other}


def search_members(site: Services, query: str) -> list[Holder]:
    """Members whose name, state or bioguide id fits what was typed; at most 25."""
    wanted = fold(query)
    if not wanted:
        return []
    found = []
    for holder in site.tables.holders:
        member, state = holder.member, holder.seat.state
        if member is None:
            continue
        if (
            wanted in fold(member.full_name)
            or wanted == fold(f"{member.first}{member.last}")
            or wanted in (state.casefold(), fold(STATES[state]), member.bioguide.casefold())
            or wanted == fold(holder.seat.id)
        ):
            found.append(holder)
    return found[:MOST_FOUND]
