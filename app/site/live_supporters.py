"""The live lists of who backs which bill: what a file would change, and publishing the change.

Pages and commands share three steps: ``propose`` reads a file, ``change_of`` says what it changes,
and ``put_live`` publishes the lists together with their day.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date

from app.campaign import edit
from app.campaign.backing_lists import (
    COSPONSORS,
    OPPOSING,
    ListChange,
    compare,
    read_list,
    renew,
    write_list,
)
from app.campaign.campaign_file import FILE
from app.campaign.entities import Campaign
from app.campaign.problems import Message
from app.campaign.stance import CURRENT, Backing
from app.campaign.supporter_files import (
    BillStatus,
    CsvList,
    Knowledge,
    Unusable,
    Withdrawn,
    fold,
    read_supporters,
)
from app.campaign.words import bill_key
from app.congress.model import STATES, Chamber, Listed
from app.records.audit import Actor, What
from app.records.workshop import LiveFiles, publish_texts, save_draft, state_of
from app.site.services import Services

MOST_FOUND = 25
NAMES_IN_EVENT = 12


@dataclass(frozen=True, slots=True)
class Lists:
    """Everyone on the live lists, and the live texts that they were read from."""

    backings: tuple[Backing, ...]
    live: LiveFiles


@dataclass(frozen=True, slots=True)
class Proposal:
    """The lists as they would be after a file is applied."""

    lines: tuple[Backing, ...]
    missing: tuple[Backing, ...]
    """Those of ``lines`` whom the file omits without saying that they withdrew."""
    day: date
    """The lists' new as-of date."""
    withdrawn: tuple[Withdrawn, ...]
    notes: tuple[Message, ...]
    official: bool


def live_lists(site: Services) -> Lists:
    """The lines of both lists: backers of the bill and of its opposite."""
    live = site.live.files(site.db())
    lines: list[Backing] = []
    for name in (COSPONSORS, OPPOSING):
        lines += read_lines(site, live.files.get(name, ""), name)
    return Lists(tuple(lines), live)


def read_lines(site: Services, text: str, name: str = COSPONSORS) -> tuple[Backing, ...]:
    """The readable lines of a list."""
    return read_list(name, text.replace("\r\n", "\n"), site.campaign.related)[0]


def file_of(campaign: Campaign, bill: str) -> str:
    """The file that lists a bill's supporters."""
    related = campaign.related.get(bill)
    return OPPOSING if related is not None and related.kind == "opposes" else COSPONSORS


def change_of(site: Services, now: Lists, new: Iterable[Backing]) -> ListChange:
    """What a new list changes, to review before it is applied."""
    return compare(now.backings, new, known=known_members(site))


def known_members(site: Services) -> dict[str, tuple[str, str]]:
    """Full and last name by bioguide id of everyone in the tables, former members included: they
    stay on the list of a bill that they backed."""
    return {
        person.member.bioguide: (person.member.full_name, person.member.last)
        for person in site.tables.people.values()
    }


def search_members(site: Services, query: str) -> list[Listed]:
    """Current and former members whose name, state, seat or bioguide id matches the query; at most
    25, current members first."""
    wanted = fold(query)
    if not wanted:
        return []
    found = []
    people = {person.member.bioguide: person for person in site.tables.people.values()}
    for person in sorted(people.values(), key=lambda one: one.standing != "sits"):
        member, state = person.member, person.holder.seat.state
        if (
            wanted in fold(member.full_name)
            or wanted == fold(f"{member.first}{member.last}")
            or wanted in (state.casefold(), fold(STATES[state]), member.bioguide.casefold())
            or wanted == fold(person.holder.seat.id)
        ):
            found.append(person)
    return found[:MOST_FOUND]


# --- reading a file -----------------------------------------------------------------------


def propose(site: Services, data: bytes) -> Proposal | Unusable:
    """What the live lists become with this file, or why it cannot be used."""
    now = live_lists(site)
    found = read_supporters(data, _known(site, now))
    if isinstance(found, BillStatus):
        return _of_status(site, now, found)
    return _of_list(site, now, found) if isinstance(found, CsvList) else found


def _of_status(site: Services, now: Lists, status: BillStatus) -> Proposal | Unusable:
    campaign = site.campaign
    chamber = _chamber_of(campaign, status)
    if chamber is None:
        ours = [f"{b.number} ({b.congress})" for b in campaign.bills.values() if b.number]
        return Unusable(
            Message.of(
                "status-of-another", theirs=status.printed, congress=status.congress,
                ours=", ".join(ours) or campaign.title,
            )
        )  # fmt: skip
    names = known_members(site)
    lines = [
        replace(b, name=names[b.bioguide][0]) if b.bioguide in names else b for b in status.backings
    ]
    others = _other_chamber(site, now, chamber)
    renewed = renew(
        now.backings, lines, {CURRENT}, others=others,
        withdrew={(w.bioguide, CURRENT) for w in status.withdrawn},
    )  # fmt: skip
    updated = status.updated or campaign.as_of
    notes = []
    if updated < campaign.as_of:
        notes.append(Message.of("note-older", day=updated.isoformat()))
    if not status.has_sponsor:
        notes.append(Message.of("note-no-sponsor"))
    sponsors = [
        b.name
        for b in renewed.lines
        if (b.bill, b.role) == (CURRENT, "sponsor") and b.bioguide not in others
    ]
    if len(sponsors) > 1:
        notes.append(Message.of("note-two-sponsors", names=", ".join(sponsors)))
    cosponsors = sum(b.role == "cosponsor" for b in status.backings)
    here = sum(b.bill == CURRENT and b.role == "cosponsor" for b in now.backings)
    if status.announced is not None and status.announced > cosponsors + len(status.withdrawn):
        notes.append(Message.of("note-pages", all=status.announced, here=cosponsors))
    elif any(b.role == "cosponsor" for b in renewed.missing):
        notes.append(Message.of("note-fewer", there=cosponsors, here=here))
    return Proposal(
        renewed.lines, renewed.missing, min(updated, site.today()), status.withdrawn, tuple(notes),
        official=True,
    )  # fmt: skip


def _of_list(site: Services, now: Lists, found: CsvList) -> Proposal:
    withdrew = {(b.bioguide, b.bill) for b in found.withdrawn}
    renewed = renew(now.backings, found.backings, found.bills, withdrew=withdrew)
    notes = [Message.of("note-doubt", typed=typed, name=name) for typed, name in found.doubts]
    if found.ignored:
        notes.insert(0, Message.of("note-columns", names=", ".join(found.ignored)))
    gone = tuple(Withdrawn(b.bioguide, b.name, b.day, site.today()) for b in found.withdrawn)
    return Proposal(
        renewed.lines, renewed.missing, site.today(), gone, tuple(notes), official=False
    )


def _known(site: Services, now: Lists) -> Knowledge:
    campaign = site.campaign
    bills = {bill: bill for bill in (CURRENT, *campaign.related)}
    introduced = [bill.introduced for bill in campaign.bills.values() if bill.introduced]
    for bill in campaign.bills.values():
        key = bill_key(bill.number)
        if key:
            bills[f"{key[0]}{key[1]}-{bill.congress}"] = CURRENT
    seats = {
        p.member.bioguide: p.holder.seat.state
        + (f"-{p.holder.seat.district}" if p.holder.seat.district else "")
        for p in site.tables.people.values()
        if p.standing != "left"
    }
    return Knowledge(
        site.today(), bills, known_members(site), {CURRENT: min(introduced)} if introduced else {},
        seats, {(b.bioguide, b.bill): b.day for b in now.backings}, senators_with_bill(site),
    )  # fmt: skip


def senators_with_bill(site: Services) -> Collection[str]:
    """The ids of all senators if the campaign has a bill in each chamber, and so two sponsors."""
    if not all(bill.number for bill in site.campaign.bills.values()):
        return ()
    people = site.tables.people.items()
    return {who for who, person in people if person.holder.seat.chamber == "senate"}


def _chamber_of(campaign: Campaign, status: BillStatus) -> Chamber | None:
    """The chamber in which a status file's bill is the campaign's; None for another bill."""
    for chamber, bill in campaign.bills.items():
        if bill_key(bill.number) == (status.kind, status.number):
            return chamber if bill.congress == status.congress else None
    return None


def _other_chamber(site: Services, now: Lists, chamber: Chamber) -> Collection[str]:
    """Members who sit in the other chamber, whom one chamber's status file cannot name."""
    other: Chamber = "house" if chamber == "senate" else "senate"
    if not site.campaign.bills[other].number:
        return ()
    people = {b.bioguide: site.tables.people.get(b.bioguide) for b in now.backings}
    return {who for who, p in people.items() if p and p.holder.seat.chamber == other}


# --- publishing ---------------------------------------------------------------------------


def new_texts(site: Services, now: Lists, new: Iterable[Backing], as_of: date) -> dict[str, str]:
    """The files that a new list changes, including its day in the campaign file."""
    lines, texts = tuple(new), dict[str, str]()
    for name in (COSPONSORS, OPPOSING):
        before = tuple(b for b in now.backings if file_of(site.campaign, b.bill) == name)
        after = tuple(b for b in lines if file_of(site.campaign, b.bill) == name)
        if before != after:
            texts[name] = write_list(after)
    dated = edit.set_fields(now.live.files[FILE], {"as_of": as_of.isoformat()})
    if isinstance(dated, str) and dated != now.live.files[FILE]:
        texts[FILE] = dated
    return texts


def put_live(
    by: Actor, site: Services, now: Lists, lines: Iterable[Backing], day: date, *, source: str
) -> bool:
    """Publish the lists and their day in one change, with its audit event.

    False, with nothing changed, if something was published since ``now`` was read.
    """
    slug = site.campaign.slug
    change = change_of(site, now, tuple(lines))
    before = site.campaign.as_of.isoformat()
    texts = new_texts(site, now, change.after, day)

    def tell() -> None:
        by.record(
            What.COSPONSORS_CHANGED, source,
            before={"people": len(change.before), "as of": before},
            after={"people": len(change.after), "as of": day.isoformat(),
                   "joined": _names(change.joined), "left": _names(change.left)},
        )  # fmt: skip

    answer = publish_texts(
        by, slug, texts, folder=site.live.folder, seen=now.live.counter,
        note=f"cosponsors: {len(change.joined)} joined, {len(change.left)} left",
        also=tell if texts else None,
    )  # fmt: skip
    if answer is None:
        return False
    draft = state_of(by.db, slug, FILE).draft
    if draft is not None and FILE in texts:
        # An earlier draft of the campaign must not restore the old day.
        dated = edit.set_fields(draft.source, {"as_of": day.isoformat()})
        if isinstance(dated, str):
            save_draft(by, slug, FILE, dated, base=draft.id, note="day of the list")
    return True


def _names(lines: Iterable[Backing]) -> str:
    every = [b.name for b in lines]
    more = len(every) - NAMES_IN_EVENT
    return ", ".join(every[:NAMES_IN_EVENT]) + (f" and {more} more" if more > 0 else "")
