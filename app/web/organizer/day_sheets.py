"""The offices' day sheets: searching for a seat, and its sheet as a page and as PDF."""

from __future__ import annotations

from collections.abc import Mapping

from flask import abort
from werkzeug.wrappers import Response

from app.campaign.words import Language
from app.congress.model import STATES, Holder
from app.documents.day_sheet import DaySheet, book_pdf, sheets_pdf
from app.documents.typesetting import PdfError
from app.records.counts import count, count_recipients
from app.records.office_numbers import office_sheets, sheet_facts
from app.site.i18n import gettext as _
from app.site.i18n import language
from app.site.rooms import in_subprocess
from app.site.services import Services, services
from app.text import plain
from app.web.access import access
from app.web.forms import queried
from app.web.limits import in_room
from app.web.organizer.counts_read import meanings
from app.web.organizer.show import area, download, known, page, visible, zone_name
from app.web.resident.people import no_letter, role, state_name, term_note, title_name

offices = area("organizer_offices", "/offices")


@offices.get("")
@access("organizer")
def index() -> Response:
    """All states, or the seats that match a search."""
    args, site = queried(), services()
    typed, state = visible(args.get("q", "")).strip()[:80], args.get("state", "").upper()[:2]
    state = state if state in STATES else ""
    people = _signatures(site)
    found = _search(site, typed, state, people) if typed or state else []
    named = [(code, state_name(code)) for code in STATES]
    by_name = sorted(named, key=lambda state: plain(state[1]))
    return page(
        "offices/index", typed=typed, chosen=state, found=found, searched=bool(typed or state),
        title_name=title_name, role=role,
        choices=[("", _("All")), *by_name],
        states=[(s, name, people.get(s, 0)) for s, name in by_name], seats=len(site.tables.holders),
        meanings=meanings(), goal=site.campaign.goal_office or 0,
    )  # fmt: skip


def _signatures(site: Services) -> dict[str, int]:
    """Signatures by state (``CA``) and by district (``CA-12``)."""
    rows = [r for by in ("state", "district") for r in count(site.db(), site.slug, by)]
    return {row.group: row.signatures for row in rows}


def _search(
    site: Services, typed: str, state: str, people: Mapping[str, int]
) -> list[tuple[Holder, int, int]]:
    """The matching seats, each with the people who signed and the letters to its member."""
    recipients = count_recipients(site.db(), site.slug, site.tables.current_ids())
    letters = {row.group: row.letters for row in recipients}
    wanted = plain(typed).split()
    found = []
    for holder in site.tables.holders:
        seat, member = holder.seat, holder.member
        bioguide = member.bioguide if member else ""
        words = plain(f"{title_name(holder)} {role(holder)} {seat.id} {bioguide}")
        if state in ("", seat.state) and all(word in words for word in wanted):
            here = sum(people.get(key, 0) for key in site.tables.counted_as(seat))
            found.append((holder, here, letters.get(bioguide, 0)))
    return found


def _seat(name: str) -> Holder:
    """The holder of the seat (``CA-12``) or with the bioguide id that a URL names; 404 if none."""
    tables = services().tables
    return known(tables.holder(name.upper()) or tables.holder_of(name.upper()))


@offices.get("/<name>")
@access("organizer")
def sheet(name: str) -> Response:
    """One office's day sheet."""
    site, holder = services(), _seat(name)
    (sheet,) = _sheets([holder], site, language())
    most = max((week.signatures for week in sheet.weeks), default=0)
    return page(
        "offices/sheet", sheet=sheet, numbers=sheet.numbers, seat=holder.seat,
        heading=title_name(holder), role=role(holder), state_name=state_name(holder.seat.state),
        note=term_note(holder, site.today(), site.tables), stance=sheet.stance,
        no_letter=no_letter(holder, site.tables), today=site.today(),
        zone=zone_name(site.campaign.timezone), members_as_of=site.tables.as_of,
        list_as_of=site.campaign.as_of,
        bars=[round(10 * week.signatures / most) if most else 0 for week in sheet.weeks],
    )  # fmt: skip


@offices.get("/<name>.pdf")
@access("organizer")
def sheet_pdf(name: str) -> Response:
    """One office's day sheet as PDF."""
    holder = _seat(name)
    return _pdf_file([holder], f"day-sheet-{holder.seat.id}")


@offices.get("/state/<state>.pdf")
@access("organizer")
@in_room("books")
def delegation(state: str) -> Response:
    """The sheets of a state's delegation as one PDF."""
    holders = [h for h in services().tables.holders if h.seat.state == state.upper()]
    return _pdf_file(holders, f"day-sheets-{state.upper()}") if holders else abort(404)


@offices.get("/all.pdf")
@access("organizer")
@in_room("books")
def book() -> Response:
    """All day sheets as one PDF with a cover and an index."""
    return _pdf_file(list(services().tables.holders), "day-sheets", book=True)


def _pdf_file(holders: list[Holder], name: str, *, book: bool = False) -> Response:
    site = services()
    sheets, facts = _sheets(holders, site), sheet_facts(
        site.campaign, group=site.settings.group_name, today=site.today(),
        members_as_of=site.tables.as_of,
    )  # fmt: skip
    try:
        pdf = in_subprocess(book_pdf, sheets, facts) if book else sheets_pdf(sheets, facts)
    except (PdfError, OSError):
        return page(
            "offices/failed", 500,
            words=_(
                "We could not make the PDF. The page of each office still works, and you can "
                "print it from the browser."
            ),
        )  # fmt: skip
    return download(pdf, "application/pdf", f"{name}-{site.today().isoformat()}.pdf")


def _sheets(holders: list[Holder], site: Services, lang: Language = "en") -> list[DaySheet]:
    return office_sheets(
        site.db(), site.campaign, holders, today=site.today(), tables=site.tables,
        towns=site.settings.keep_towns, language=lang,
    )  # fmt: skip
