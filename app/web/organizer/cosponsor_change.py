"""A new list of supporters: shown with all that it changes, then applied in one piece."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from flask import redirect, request
from werkzeug.wrappers import Response

from app.campaign import edit
from app.campaign.billstatus import BillStatus, NotBillStatus, read_bill_status
from app.campaign.campaign_file import FILE
from app.campaign.cosponsor_csv import CsvTrouble, read_cosponsor_csv, read_day, write_list
from app.campaign.list_changes import ListChange, replace_bills
from app.campaign.lists import read_list
from app.campaign.stance import CURRENT, Backing
from app.records import audit
from app.records.audit import What
from app.records.workshop import Published, publish_texts, save_draft, state_of
from app.site.i18n import gettext as _
from app.site.i18n import page_url
from app.site.services import Services, services
from app.web.organizer import cosponsor_words as words
from app.web.organizer.campaign_check import Checked, check_files
from app.web.organizer.cosponsor_lists import (
    Lists,
    chamber_of,
    change_of,
    known,
    live_lists,
    new_texts,
    official,
    other_chambers,
)
from app.web.organizer.gate import clock, current
from app.web.organizer.show import page, visible

NAMES_IN_EVENT = 12
NONE_BYTES = 500_001
"""One more than the readers take, so that they say themselves what is too large."""


@dataclass(frozen=True, slots=True)
class Person:
    """One line of a change, in words."""

    name: str
    seat: str
    bill: str
    role: str
    day: str
    note: str = ""


def show_import(
    problem: str = "", status: int = 200, trouble: CsvTrouble | None = None
) -> Response:
    """The form that takes a file, with what was wrong with the last one, cell by cell."""
    rows = []
    for row in trouble.rows if trouble else ():
        cells = [(visible(c.value), words.cell_words(c) if c.why else "") for c in row.cells]
        rows.append((row.line, cells))
    bill = next((b for b in services().campaign.bills.values() if b.number), None)
    return page(
        "campaign/import", status, problem=problem, field="file", trouble=trouble, rows=rows,
        bill=bill,
    )  # fmt: skip


def take_import() -> Response:
    """Read an uploaded file and show what it changes, or why it cannot be used."""
    upload = request.files.get("file")
    data = upload.read(NONE_BYTES) if upload else b""
    if not data.strip():
        return show_import(_("Choose a file that is not empty."), 422)
    if data.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<"):
        return _take_xml(read_bill_status(data))
    site = services()
    found = read_cosponsor_csv(data, known(site))
    if isinstance(found, CsvTrouble):
        return show_import(words.csv_words(found), 422, found)
    new = replace_bills(live_lists(site).backings, found.backings, found.bills)
    notes = [_("These columns were left aside: %(names)s.", names=", ".join(found.ignored))]
    return show_review(
        new, site.today().isoformat(), source=_("from a CSV file"),
        notes=notes if found.ignored else (), withdrawn=[b.name for b in found.withdrawn],
    )  # fmt: skip


def _take_xml(status: BillStatus | NotBillStatus) -> Response:
    if isinstance(status, NotBillStatus):
        return show_import(words.xml_words(status), 422)
    site = services()
    chamber = chamber_of(site, status)
    if chamber is None:
        ours = [f"{b.number} ({b.congress})" for b in site.campaign.bills.values() if b.number]
        message = _(
            "This file is about %(theirs)s of Congress %(congress)d, but this campaign is about "
            "%(ours)s. Nothing was changed.",
            theirs=status.printed, congress=status.congress, ours=", ".join(ours) or _("no bill"),
        )  # fmt: skip
        return show_import(message, 422)
    now = live_lists(site)
    lines = official(site, status.backings)
    new = replace_bills(now.backings, lines, {CURRENT}, keep=other_chambers(site, now, chamber))
    updated = status.updated or site.campaign.as_of
    notes = []
    if updated < site.campaign.as_of:
        notes.append(_("This file is older than the list: it was last changed on %(day)s.",
                       day=updated.isoformat()))  # fmt: skip
    gone = [
        _("%(name)s, on %(day)s", name=w.name, day=w.left.isoformat()) for w in status.withdrawn
    ]
    day = min(updated, site.today()).isoformat()
    return show_review(new, day, source=_("from the official file"), notes=notes, withdrawn=gone)


def show_review(
    new: Iterable[Backing],
    as_of: str,
    *,
    source: str,
    notes: Sequence[str] = (),
    withdrawn: Sequence[str] = (),
    problem: str = "",
    field: str = "",
    status: int = 200,
) -> Response:
    """Who joined, who left, who is not in Congress; nothing is applied yet."""
    site, lines = services(), tuple(new)
    now = live_lists(site)
    change = change_of(site, now, lines)
    checked = _check(site, now, lines, read_day(as_of) or site.campaign.as_of)
    return page(
        "campaign/review", status, problem=problem, field=field, source=source, notes=notes,
        withdrawn=withdrawn, change=change, as_of=visible(as_of), before=site.campaign.as_of,
        joined=[_person(site, b) for b in change.joined],
        left=[_person(site, b) for b in change.left],
        redated=[_person(site, r.after, r.before) for r in change.redated],
        gone=[_person(site, b) for b in change.gone], checked=checked,
        carried=write_list(lines), seen=now.live.counter,
    )  # fmt: skip


def _check(site: Services, now: Lists, lines: tuple[Backing, ...], as_of: date) -> Checked:
    return check_files(site, {**now.live.files, **new_texts(site, now, lines, as_of)})


def _person(site: Services, line: Backing, before: Backing | None = None) -> Person:
    note = ""
    if before is not None:
        note = _("was: %(role)s, %(day)s", role=words.role_words(before.role),
                 day=before.day.isoformat())  # fmt: skip
    holder = site.tables.holder_of(line.bioguide)
    return Person(line.name, words.seat_words(holder), words.bill_words(site.campaign, line.bill),
                  words.role_words(line.role), line.day.isoformat(), note)  # fmt: skip


def take_apply() -> Response:
    """Apply a list that was looked at: the lists and their day, published together."""
    site, form = services(), request.form
    source = visible(form.get("source", ""))[:60]
    lines, problems = read_list("list", form.get("list", ""), site.campaign.related)
    if problems:
        return show_import(
            _("The list did not arrive whole. Please choose the file once more."), 422
        )
    typed = form.get("as_of", "").strip()
    day = read_day(typed)
    if day is None or day > site.today():
        message = _("Enter the day of which the list is, such as 2026-11-25; not one to come.")
        return show_review(lines, typed, source=source, problem=message, field="as_of", status=422)
    now = live_lists(site)
    moved = _("Something was published since you looked. This is what your list changes now.")
    if form.get("seen", "") != str(now.live.counter):
        return show_review(lines, typed, source=source, problem=moved, status=409)
    if _check(site, now, lines, day).must:
        message = _("The check found something that must be put right first.")
        return show_review(lines, typed, source=source, problem=message, status=422)
    if not _apply(site, now, lines, day, source):
        return show_review(lines, typed, source=source, problem=moved, status=409)
    return redirect(page_url("organizer_campaign.cosponsors", done="applied"), 303)


def _apply(site: Services, now: Lists, lines: tuple[Backing, ...], day: date, source: str) -> bool:
    db, slug, me, at = site.db(), site.campaign.slug, current().organizer.name, clock()
    change = change_of(site, now, lines)
    before = site.campaign.as_of.isoformat()

    def tell() -> None:
        audit.record(
            db, at=at, who=me, what=What.COSPONSORS_CHANGED, subject=source,
            before={"people": len(change.before), "as of": before},
            after={"people": len(change.after), "as of": day.isoformat(),
                   "joined": _names(change.joined), "left": _names(change.left)},
        )  # fmt: skip

    texts = new_texts(site, now, lines, day)
    answer = publish_texts(
        db, slug, texts, folder=site.live.folder, seen=now.live.counter, by=me, at=at,
        note=_note(change), also=tell if texts else None,
    )  # fmt: skip
    if not isinstance(answer, Published):
        return False
    draft = state_of(db, slug, FILE).draft
    if draft is not None and FILE in texts:
        # A draft of the campaign was begun before: it must not bring the old day back.
        dated = edit.set_fields(draft.source, {"as_of": day.isoformat()})
        if isinstance(dated, str):
            save_draft(db, slug, FILE, dated, base=draft.id, by=me, at=at, note="day of the list")
    return True


def _names(lines: Sequence[Backing]) -> str:
    names = [b.name for b in lines[:NAMES_IN_EVENT]]
    more = len(lines) - len(names)
    return ", ".join(names) + (f" and {more} more" if more else "")


def _note(change: ListChange) -> str:
    """What the list of versions says; kept in English beside the texts."""
    return f"cosponsors: {len(change.joined)} joined, {len(change.left)} left"
