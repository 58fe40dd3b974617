"""The table of supporters, finding a member, adding one and taking one off."""

from __future__ import annotations

from dataclasses import dataclass

from flask import request
from werkzeug.wrappers import Response

from app.campaign.cosponsor_csv import read_day
from app.campaign.stance import CURRENT, Backing
from app.congress import Holder
from app.records.workshop import NoSuchVersion, find_version, history
from app.site.i18n import gettext as _
from app.site.services import Services, services
from app.web.organizer import cosponsor_words as words
from app.web.organizer.cosponsor_change import show_review
from app.web.organizer.cosponsor_lists import (
    COSPONSORS,
    OPPOSING,
    file_of,
    live_lists,
    read_lines,
    search_members,
)
from app.web.organizer.show import page, visible


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    key: str
    """Bioguide id and bill, for the button that takes it off."""
    bioguide: str
    name: str
    seat: str
    here: bool
    """Whether this person is in Congress now."""
    role: str
    day: str
    stance: str


@dataclass(frozen=True, slots=True)
class Group:
    """Everybody who backs one bill."""

    bill: str
    title: str
    current: bool
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """A member who fits the search."""

    bioguide: str
    name: str
    seat: str
    stance: str


def show_list(problem: str = "", status: int = 200) -> Response:
    """The table, and whoever fits what was searched for."""
    site = services()
    query = visible(request.args.get("q", ""))[:80]
    found = [_found(site, holder) for holder in search_members(site, query)]
    return page(
        "campaign/cosponsors", status, problem=problem, groups=_groups(site), query=query,
        found=found, as_of=site.campaign.as_of, age=(site.today() - site.campaign.as_of).days,
        done=request.args.get("done", ""),
    )  # fmt: skip


def _groups(site: Services) -> list[Group]:
    lines = live_lists(site).backings
    bills = dict.fromkeys([CURRENT, *(b.bill for b in lines)])
    return [
        Group(
            bill, words.bill_words(site.campaign, bill), bill == CURRENT,
            tuple(_row(site, b) for b in lines if b.bill == bill),
        )
        for bill in bills
    ]  # fmt: skip


def _row(site: Services, line: Backing) -> Row:
    holder = site.tables.holder_of(line.bioguide)
    stance = site.campaign.stances.get(line.bioguide)
    return Row(
        key=f"{line.bioguide} {line.bill}", bioguide=line.bioguide, name=line.name,
        seat=words.seat_words(holder), here=holder is not None, role=words.role_words(line.role),
        day=line.day.isoformat(), stance=words.stance_words(stance.name if stance else "none"),
    )  # fmt: skip


def _found(site: Services, holder: Holder) -> Found:
    assert holder.member is not None
    stance = site.campaign.stances.get(holder.member.bioguide)
    return Found(
        holder.member.bioguide, holder.member.full_name, words.seat_words(holder),
        words.stance_words(stance.name if stance else "none"),
    )  # fmt: skip


def show_add(
    bioguide: str, errors: list[tuple[str, str]] | None = None, status: int = 200
) -> Response:
    """The form that puts one member on a list."""
    site = services()
    holder = site.tables.holder_of(bioguide)
    if holder is None:
        return page("no_such", 404)
    form = request.form
    return page(
        "campaign/cosponsor_add", status, who=_found(site, holder), errors=errors or [],
        bills=[(b, words.bill_words(site.campaign, b)) for b in (CURRENT, *site.campaign.related)],
        typed={"bill": form.get("bill", CURRENT), "role": form.get("role", "cosponsor"),
               "date": visible(form.get("date", ""))},
    )  # fmt: skip


def take_add(bioguide: str) -> Response:
    """Show what one more supporter changes."""
    site, form = services(), request.form
    holder = site.tables.holder_of(bioguide)
    if holder is None or holder.member is None:
        return page("no_such", 404)
    now = live_lists(site)
    day = read_day(form.get("date", "").strip())
    bill, sponsor = form.get("bill", ""), form.get("role") == "sponsor"
    errors = []
    if day is None or day > site.today():
        words_ = _("Enter the day on which they joined, such as 2026-11-25; not one to come.")
        errors.append(("date", words_))
    if bill != CURRENT and bill not in site.campaign.related:
        errors.append(("bill", _("Choose a bill from the list.")))
    if sponsor and any(b.bill == bill and b.role == "sponsor" and b.bioguide != bioguide
                       for b in now.backings):  # fmt: skip
        errors.append(("role", _("This bill has a sponsor already. Take that one off first.")))
    if errors or day is None:
        return show_add(bioguide, errors, 422)
    new = Backing(
        bioguide, holder.member.full_name, bill, "sponsor" if sponsor else "cosponsor", day
    )
    lines = [b for b in now.backings if (b.bioguide, b.bill) != (bioguide, bill)]
    place = max((n for n, b in enumerate(lines, 1) if b.bill == bill), default=len(lines))
    return show_review([*lines[:place], new, *lines[place:]], site.campaign.as_of.isoformat(),
                       source=_("added by hand"))  # fmt: skip


def take_off() -> Response:
    """Show what one supporter less changes."""
    site = services()
    who, _space, bill = request.form.get("off", "").partition(" ")
    now = live_lists(site)
    lines = [b for b in now.backings if (b.bioguide, b.bill) != (who, bill)]
    if len(lines) == len(now.backings):
        return show_list(_("This person is on that list no more."), 409)
    return show_review(lines, site.campaign.as_of.isoformat(), source=_("taken off by hand"))


def show_versions() -> Response:
    """Every list that was ever live here, the newest first."""
    site = services()
    found = [
        (name, version)
        for name in (COSPONSORS, OPPOSING)
        for version in history(site.db(), site.campaign.slug, name)
        if version.number is not None
    ]
    found.sort(key=lambda one: (one[1].published_at or one[1].at, one[1].number), reverse=True)
    return page("campaign/list_versions", versions=found)


def take_version(number: int) -> Response:
    """Show what going back to an earlier list would change."""
    site = services()
    for name in (COSPONSORS, OPPOSING):
        version = find_version(site.db(), site.campaign.slug, name, number)
        if not isinstance(version, NoSuchVersion):
            others = [b for b in live_lists(site).backings if file_of(site, b.bill) != name]
            lines = read_lines(site, name, version.source)
            ordered = [*lines, *others] if name == COSPONSORS else [*others, *lines]
            as_of = site.campaign.as_of.isoformat()
            return show_review(ordered, as_of, source=_("an earlier list"))
    return page("no_such", 404)
