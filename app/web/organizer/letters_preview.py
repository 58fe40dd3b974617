"""A letter as one recipient would get it: at any moment, in each form and language."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from flask import request
from werkzeug.wrappers import Response

from app.campaign import Campaign, Letter, LetterTemplate, Writer, compose, reading_aid
from app.campaign.check import MOMENTS, Moment
from app.campaign.stance import moments, stage_of
from app.congress import Delegation, Holder, Tables
from app.documents import (
    Addressed,
    CallScript,
    NoPhone,
    PostalLetter,
    WebFormText,
    postal,
    to_call_script,
    to_pdf,
    to_web_form,
)
from app.site.i18n import language, other_language, page_url
from app.site.services import Services, services
from app.web.organizer.letters_check import Checked, first_lines, read
from app.web.organizer.letters_recipients import KINDS, MOST, find
from app.web.organizer.letters_shelf import PARTS, Shelf, ShelvedLetter, shelf
from app.web.organizer.show import page, visible
from app.web.resident.people import role, title_name

Form = Literal["letter", "web", "call"]
FORMS: tuple[Form, ...] = ("letter", "web", "call")
STORY = (
    "Last spring my neighbor was afraid to report a break-in, because a deputy might have asked "
    "about her husband’s papers. I went to the station with her."
)
"""A story that names nobody, so that its place in the letter can be seen."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the page was asked to show."""

    query: str
    kind: str
    seat: str
    moment: Moment
    form: Form
    text: str
    source: Literal["draft", "live"]
    story: bool

    @classmethod
    def read(cls, letter: ShelvedLetter, now: Moment) -> Wanted:
        arg = request.args
        has_draft = bool(letter.drafts) or letter.status != "live"
        return cls(
            query=visible(arg.get("q", ""))[:60],
            kind=arg.get("kind", "cosponsor" if "q" not in arg and "seat" not in arg else ""),
            seat=arg.get("seat", "")[:8],
            moment=next((m for m in MOMENTS if m == arg.get("moment")), now),
            form=next((f for f in FORMS if f == arg.get("form")), "letter"),
            text=next((p for p in PARTS if p == arg.get("text")), "full"),
            source="live" if arg.get("source") == "live" or not has_draft else "draft",
            story=arg.get("story", "yes") == "yes",
        )

    def query_of(self, **other: str) -> dict[str, str]:
        """The page's address with something else chosen."""
        now = {
            "q": self.query, "kind": self.kind, "moment": self.moment, "form": self.form,
            "text": self.text, "source": self.source, "story": "yes" if self.story else "no",
            "seat": self.seat,
        }  # fmt: skip
        return {key: value for key, value in {**now, **other}.items() if value}


@dataclass(frozen=True, slots=True)
class Shown:
    """One letter in one form, for the page."""

    holder: Holder
    page: PostalLetter | None = None
    web: WebFormText | None = None
    call: CallScript | NoPhone | None = None
    aid: tuple[str, ...] = ()
    ask: str = ""


def moment_now(site: Services) -> Moment:
    """The moment that today falls into."""
    campaign, today = site.campaign, site.today()
    stage = stage_of(campaign, today)
    if stage in ("expired", "enacted"):
        return "expired"
    if stage == "last_weeks" and today > max(campaign.last_day.values()):
        return "ending"
    return "last_weeks" if stage == "last_weeks" else "pending"


def show_preview(letter_id: str) -> Response:
    """The form to choose by, who fits, and the letter to the first or the chosen one."""
    site = services()
    books = shelf(site)
    letter = books.letter(letter_id)
    if letter is None:
        return page("no_such", 404)
    wanted = Wanted.read(letter, moment_now(site))
    checked = _read(site, books, letter, wanted)
    holders = find(site.campaign, site.tables, wanted.query, wanted.kind)
    if not holders and wanted.query and wanted.kind:  # somebody named is wanted, of any kind
        holders = find(site.campaign, site.tables, wanted.query, "")
        wanted = replace(wanted, kind="") if holders else wanted
    chosen = site.tables.holder(wanted.seat) or next(iter(holders), None)
    template = _template(checked, letter, wanted)
    shown = None
    if chosen is not None and template is not None and checked.campaign is not None:
        shown = _show(checked.campaign, template, chosen, site, wanted)
    return page(
        "letters/preview", letter=letter, wanted=wanted, kinds=KINDS, holders=holders, most=MOST,
        chosen=chosen, shown=shown, checked=checked, moments=MOMENTS,
        days=_days(site, site.campaign),
        texts=[t for t in letter.texts.values() if t.newest is not None],
        name_of=title_name, role_of=role, starts=first_lines(letter),
        elsewhere_url=page_url("organizer_letters.preview", other_language(), letter=letter_id,
                               **wanted.query_of()),
    )  # fmt: skip


def show_pdf(letter_id: str) -> Response:
    """The same letter as the PDF that a resident would take away."""
    site = services()
    books = shelf(site)
    letter = books.letter(letter_id)
    if letter is None:
        return page("no_such", 404)
    wanted = Wanted.read(letter, moment_now(site))
    checked = _read(site, books, letter, wanted)
    template, holder = _template(checked, letter, wanted), site.tables.holder(wanted.seat)
    if checked.campaign is None or template is None or holder is None or holder.vacant:
        return page("no_such", 404)
    composed, writer = _compose(checked.campaign, template, holder, site, wanted)
    response = Response(to_pdf([Addressed(composed, writer)]), mimetype="application/pdf")
    name = f"preview-{letter.id}-{holder.seat.id}.pdf"
    response.headers["Content-Disposition"] = f'inline; filename="{name}"'
    return response


def _read(site: Services, books: Shelf, letter: ShelvedLetter, wanted: Wanted) -> Checked:
    live = wanted.source == "live"
    return read(site.live.slug, books.files if live else books.with_drafts(letter))


def _template(checked: Checked, letter: ShelvedLetter, wanted: Wanted) -> LetterTemplate | None:
    length = "short" if wanted.text.startswith("short") else "full"
    return next((t for t in checked.templates(letter.id) if t.length == length), None)


def _days(site: Services, campaign: Campaign) -> dict[Moment, date]:
    """The day for each moment: today for the present one."""
    days = dict(zip(MOMENTS, (day for _stage, day in moments(campaign)), strict=True))
    return {**days, moment_now(site): site.today()}


def _place(tables: Tables, holder: Holder) -> Delegation:
    """Where somebody lives whom this seat represents: any district will do for a senator."""
    seat = holder.seat
    number = seat.district if seat.district is not None else tables.districts(seat.state)[0]
    found = tables.delegation(seat.state, number)
    assert found is not None
    return found


def _compose(
    campaign: Campaign, template: LetterTemplate, holder: Holder, site: Services, wanted: Wanted
) -> tuple[Letter, Writer]:
    member = holder.member
    assert member is not None
    office = next(iter(member.local_offices), member.washington)
    writer = Writer(
        first="Ana", last="Sample", street="123 Example Street", state=holder.seat.state,
        city=office.city if office.state == holder.seat.state else "Springfield",
        zip=office.zip[:5] if office.state == holder.seat.state else "",
    )  # fmt: skip
    letter = compose(
        campaign, template, holder, writer=writer, district_place=_place(site.tables, holder),
        story=STORY if wanted.story else "", today=_days(site, campaign)[wanted.moment],
    )  # fmt: skip
    return letter, writer


def _show(
    campaign: Campaign, template: LetterTemplate, holder: Holder, site: Services, wanted: Wanted
) -> Shown:
    if holder.vacant:
        return Shown(holder)
    letter, writer = _compose(campaign, template, holder, site, wanted)
    aid: tuple[str, ...] = ()
    if wanted.text.endswith("-es"):
        aid = reading_aid(
            campaign, template, holder, writer=writer, district_place=_place(site.tables, holder),
            story=STORY if wanted.story else "", today=_days(site, campaign)[wanted.moment],
        )  # fmt: skip
    ask = (language() == "es" and letter.ask.summary_es) or letter.ask.summary
    match wanted.form:
        case "web":
            return Shown(holder, web=to_web_form(letter), aid=aid, ask=ask)
        case "call":
            return Shown(holder, call=to_call_script(letter, writer), aid=aid, ask=ask)
        case "letter":
            return Shown(holder, page=postal(letter, writer), aid=aid, ask=ask)
