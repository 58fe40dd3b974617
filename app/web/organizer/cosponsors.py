"""The lists of cosponsors: viewing them, adding or removing one, and importing a file.

Every change is first shown with all its consequences, and then applied atomically.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from flask import request
from werkzeug.wrappers import Response
from wtforms import SelectMultipleField

from app.campaign.backing_lists import (
    COSPONSORS,
    OPPOSING,
    read_list,
    rebase,
    sponsorship,
    write_list,
)
from app.campaign.entities import Campaign
from app.campaign.stance import CURRENT, Backing
from app.campaign.supporter_files import MOST_BYTES, Unusable
from app.campaign.words import ordinal
from app.congress.model import Listed
from app.records.workshop import history
from app.site.alerts import days_too_old
from app.site.i18n import gettext as _
from app.site.i18n import language, long_date
from app.site.live_supporters import (
    Proposal,
    change_of,
    file_of,
    live_lists,
    new_texts,
    propose,
    put_live,
    read_lines,
    search_members,
    senators_with_bill,
)
from app.site.rooms import LARGEST_FILE
from app.site.services import Services, services
from app.text import read_day
from app.web.access import access
from app.web.forms import DayField, SiteForm, entries, entry, queried, sent, uploaded
from app.web.organizer.campaign_check import ask_moves, check_files
from app.web.organizer.drafts import version_at
from app.web.organizer.gate import acting
from app.web.organizer.show import area, district_code, go_to, known, page, past_seat, visible
from app.web.problem_words import problem_words

cosponsors = area("organizer_cosponsors")


def allow_large_lists() -> None:
    """Before a request: raise the size limit for the forms that take a list, which report files
    that are too large themselves."""
    if request.method == "POST" and request.endpoint in (
        "organizer_cosponsors.bring_post", "es_organizer_cosponsors.bring_post",
        "organizer_campaigns.new_post", "es_organizer_campaigns.new_post",
    ):  # fmt: skip
        request.max_content_length = LARGEST_FILE


# --- words ---------------------------------------------------------------------------------


def bill_words(campaign: Campaign, bill: str) -> str:
    """``H.R. 1234 (this campaign)``, ``H.R. 987 (116th Congress)``."""
    if bill == CURRENT:
        numbers = [b.number for b in campaign.bills.values() if b.number]
        return _("%(bill)s (this campaign)", bill=", ".join(numbers) or campaign.title)
    found = campaign.related[bill]
    name = found.number or found.title
    return _(
        "%(bill)s (%(congress)s Congress)", bill=name, congress=ordinal(found.congress, language())
    )


def role_words(role: str) -> str:
    return _("sponsor") if role == "sponsor" else _("cosponsor")


def stance_words(site: Services, bioguide: str) -> str:
    """How letters address a person."""
    stance = site.campaign.stances.get(bioguide)
    return {
        "sponsor": _("thanked as sponsor"),
        "cosponsor": _("thanked as cosponsor"),
        "earlier": _("thanked for an earlier version"),
        "opposes": _("known for the opposite"),
    }.get(stance.name if stance else "") or _("on no list")


def seat_words(person: Listed, site: Services) -> str:
    """``CA-12``, ``VT at large``, ``CA`` for a senator; a past seat also says so."""
    seat = person.holder.seat
    code = seat.state if seat.district is None else district_code(seat.state, seat.district)
    return past_seat(code, person, site.tables)


def _line(site: Services, backing: Backing, before: Backing | None = None) -> dict[str, object]:
    """One line of a list, in words. ``key`` is for the button or checkbox that removes it."""
    person = site.tables.people.get(backing.bioguide)
    seat = seat_words(person, site) if person else _("not in our list of members")
    note = _("was: %(role)s, %(day)s", role=role_words(before.role),
             day=long_date(before.day)) if before else ""  # fmt: skip
    return {
        "key": _key(backing), "bioguide": backing.bioguide, "name": backing.name, "note": note,
        "seat": seat, "here": person is not None, "day": long_date(backing.day),
        "bill": bill_words(site.campaign, backing.bill), "role": role_words(backing.role),
        "stance": stance_words(site, backing.bioguide),
    }  # fmt: skip


def _key(backing: Backing) -> str:
    return f"{backing.bioguide} {backing.bill}"


# --- the table -----------------------------------------------------------------------------


@cosponsors.get("/cosponsors/")
@access("editor")
def index(problem: str = "", status: int = 200) -> Response:
    """The lists as tables, and the members who match the search."""
    site = services()
    query = visible(queried().get("q", ""))[:80]
    lines = live_lists(site).backings
    groups = [
        {
            "title": bill_words(site.campaign, bill), "current": bill == CURRENT,
            "rows": [_line(site, b) for b in lines if b.bill == bill],
        }
        for bill in dict.fromkeys([CURRENT, *(b.bill for b in lines)])
    ]  # fmt: skip
    return page(
        "campaign/cosponsors", status, problem=problem, groups=groups, query=query,
        found=[_member_line(site, person) for person in search_members(site, query)],
        as_of=site.campaign.as_of, age=days_too_old(site.campaign, site.now()),
    )  # fmt: skip


def _member_line(site: Services, person: Listed) -> dict[str, str]:
    """A member in words, for the search results."""
    who = person.member.bioguide
    return {
        "bioguide": who, "name": person.member.full_name, "seat": seat_words(person, site),
        "stance": stance_words(site, who),
    }  # fmt: skip


# --- adding and removing one ----------------------------------------------------------------


class AddForm(SiteForm):
    """A supporter to add."""

    bill = entry(lambda typed: typed or CURRENT)
    role = entry(lambda typed: typed or "cosponsor")
    date = DayField()


@cosponsors.get("/cosponsors/add/<bioguide>")
@access("editor")
def add(
    bioguide: str, form: AddForm | None = None, wrong: dict[str, str] | None = None,
    status: int = 200,
) -> Response:  # fmt: skip
    """The form that adds a supporter."""
    site, form = services(), form or AddForm()
    bills = [(b, bill_words(site.campaign, b)) for b in (CURRENT, *site.campaign.related)]
    return page(
        "campaign/cosponsor_add", status, who=_member_line(site, _member(bioguide)), bills=bills,
        errors=list((wrong or {}).items()),
        form=form,
    )  # fmt: skip


def _member(bioguide: str) -> Listed:
    """The current or former member that a URL names; aborts with 404 if there is none."""
    return known(services().tables.people.get(bioguide))


@cosponsors.post("/cosponsors/add/<bioguide>")
@access("editor")
def add_post(bioguide: str) -> Response:
    """Show what adding a supporter changes."""
    site, form, member = services(), sent(AddForm), _member(bioguide).member
    now, day, bill = live_lists(site), form.date.data, form.bill.data
    wrong = {}
    if day is None or day > site.today():
        wrong["date"] = _("Enter the day they joined, like 2026-11-25. It cannot be in the future.")
    if bill != CURRENT and bill not in site.campaign.related:
        wrong["bill"] = _("Choose one from the list.")
    sponsor, senators = form.role.data == "sponsor", senators_with_bill(site)
    alone = sponsorship(bill, bioguide, senators)
    if sponsor and any(
        b.role == "sponsor" and b.bioguide != bioguide
        and sponsorship(b.bill, b.bioguide, senators) == alone
        for b in now.backings
    ):  # fmt: skip
        wrong["role"] = _("There is a sponsor already. Take that one off first.")
    if wrong or day is None:
        return add(bioguide, form, wrong, 422)
    new = Backing(
        member.bioguide, member.full_name, bill, "sponsor" if sponsor else "cosponsor", day
    )
    lines = [b for b in now.backings if _key(b) != _key(new)]
    place = max((n for n, b in enumerate(lines, 1) if b.bill == bill), default=len(lines))
    return _review([*lines[:place], new, *lines[place:]], source=_("added by hand"))


class OffForm(SiteForm):
    """The key of the line to remove."""

    off = entry()


@cosponsors.post("/cosponsors/off")
@access("editor")
def off() -> Response:
    """Show what removing a supporter changes."""
    now, gone = live_lists(services()), sent(OffForm).off.data
    lines = [b for b in now.backings if _key(b) != gone]
    if len(lines) == len(now.backings):
        return index(_("This person is no longer on that list."), 409)
    return _review(lines, source=_("taken off by hand"))


# --- a file --------------------------------------------------------------------------------


@cosponsors.get("/cosponsors/import")
@access("editor")
def bring(problem: str = "", status: int = 200, trouble: Unusable | None = None) -> Response:
    """The upload form, with the problems of the last file, cell by cell."""
    rows = [
        (row.line, [(visible(c.value), problem_words(c.what) if c.what else "") for c in row.cells])
        for row in (trouble.rows if trouble else ())
    ]
    bill = next((b for b in services().campaign.bills.values() if b.number), None)
    return page(
        "campaign/import", status, problem=problem, field="file", trouble=trouble, rows=rows,
        bill=bill, most=MOST_BYTES // 1_000_000,
        another=trouble is not None and trouble.what.code == "status-of-another",
    )  # fmt: skip


@cosponsors.post("/cosponsors/import")
@access("editor")
def bring_post() -> Response:
    """Read an uploaded file and show what it changes, or why it cannot be used."""
    # One byte over the limit, so that the reader reports a file that is too large.
    _name, data = uploaded(MOST_BYTES + 1)
    if not data.strip():
        return bring(_("Choose a file that is not empty."), 422)
    found = propose(services(), data)
    if not isinstance(found, Proposal):
        return bring(problem_words(found.what), 422, found)
    gone = [
        _("%(name)s, on %(day)s", name=w.name, day=long_date(w.left)) if found.official else w.name
        for w in found.withdrawn
    ]
    return _review(
        found.lines, found.day.isoformat(), missing={_key(b) for b in found.missing},
        source=_("from the official file") if found.official else _("from a CSV file"),
        notes=[problem_words(note) for note in found.notes], withdrawn=gone,
    )  # fmt: skip


# --- reviewing, then applying --------------------------------------------------------------


def _review(
    new: Iterable[Backing],
    as_of: str = "",
    *,
    source: str,
    missing: Collection[str] = (),
    ticked: Collection[str] = (),
    notes: Sequence[str] = (),
    withdrawn: Sequence[str] = (),
    problem: str = "",
    field: str = "",
    status: int = 200,
) -> Response:
    """Show who joined, who left and who is missing from the file; nothing is applied yet.

    ``missing`` are the keys of lines that the file lacks: they stay unless they are ``ticked``.
    """
    site, lines = services(), tuple(new)
    now, as_of = live_lists(site), as_of or site.campaign.as_of.isoformat()
    change = change_of(site, now, [b for b in lines if _key(b) not in ticked])
    day = read_day(as_of) or site.campaign.as_of
    checked = check_files(site, {**now.live.files, **new_texts(site, now, change.after, day)})
    return page(
        "campaign/review", status, problem=problem, field=field, source=source, notes=notes,
        withdrawn=withdrawn, change=change, as_of=as_of, before=site.campaign.as_of,
        joined=[_line(site, b) for b in change.joined],
        left=[_line(site, b) for b in change.left if _key(b) not in ticked],
        missing=[_line(site, b) for b in lines if _key(b) in missing], ticked=ticked,
        redated=[_line(site, r.after, r.before) for r in change.redated],
        unknown=[_line(site, b) for b in change.unknown], checked=checked,
        moves=ask_moves(site, checked),
        carried=write_list(lines), seen=now.live.counter, base=write_list(now.backings),
    )  # fmt: skip


class ApplyForm(SiteForm):
    """The list that was reviewed, and the ``base`` that it changes, as the review page carries
    them."""

    source = entry(lambda typed: visible(typed)[:60])
    as_of = DayField()
    list, base, seen = entries(3)
    missing = SelectMultipleField(default=(), validate_choice=False)
    off = SelectMultipleField(default=(), validate_choice=False)


@cosponsors.post("/cosponsors/apply")
@access("editor")
def apply() -> Response:
    """Apply the list that was reviewed: the lists and their day are published together."""
    site, form = services(), sent(ApplyForm)
    source = form.source.data
    lines, problems = read_list("list", form.list.data, site.campaign.related)
    if problems:
        return bring(_("The list was cut off. Choose the file again."), 422)
    day, now = form.as_of.data, live_lists(site)
    if form.seen.data != str(now.live.counter):
        base = read_list("list", form.base.data, site.campaign.related)[0]
        lines = rebase(lines, base, now.backings)
    missing, ticked = set(form.missing.data), set(form.off.data)
    kept = [b for b in lines if _key(b) not in ticked]
    problem, field, status = "", "", 422
    if day is None or day > site.today():
        problem = _("Enter the date of the list, like 2026-11-25. It cannot be in the future.")
        field = "as_of"
    elif form.seen.data != str(now.live.counter):
        problem, status = _moved_words(), 409
    elif check_files(site, {**now.live.files, **new_texts(site, now, kept, day)}).must:
        problem = _("Fix what the check found first.")
    elif not put_live(acting(), site, now, kept, day, source=source):
        problem, status = _moved_words(), 409
    if problem:
        return _review(lines, form.as_of.typed, source=source, missing=missing, ticked=ticked,
                       problem=problem, field=field, status=status)  # fmt: skip
    return go_to("organizer_cosponsors.index", done="applied")


def _moved_words() -> str:
    return _("Something was published since you looked. This is what your list changes now.")


# --- earlier lists ---------------------------------------------------------------------------


@cosponsors.get("/cosponsors/versions")
@access("editor")
def versions() -> Response:
    """Every list that was ever live here, newest first."""
    site = services()
    found = [
        (name, version)
        for name in (COSPONSORS, OPPOSING)
        for version in history(site.db(), site.slug, name)
        if version.number is not None
    ]
    found.sort(key=lambda one: (one[1].published_at or one[1].at, one[1].number), reverse=True)
    return page("campaign/list_versions", versions=found)


@cosponsors.post("/cosponsors/versions/<row:number>")
@access("editor")
def earlier(number: int) -> Response:
    """Show what restoring an earlier list would change."""
    site = services()
    name = known(next((name for name in (COSPONSORS, OPPOSING) if any(
        one.id == number for one in history(site.db(), site.slug, name)
    )), None))  # fmt: skip
    lines = read_lines(site, version_at(number, name).source, name)
    others = [b for b in live_lists(site).backings if file_of(site.campaign, b.bill) != name]
    ordered = [*lines, *others] if name == COSPONSORS else [*others, *lines]
    return _review(ordered, source=_("an earlier list"))
