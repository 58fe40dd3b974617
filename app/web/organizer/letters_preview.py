"""Previews: a letter as one recipient would get it, at any moment, in each form and language."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import Any, Literal

from flask import abort
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from werkzeug.wrappers import Response

from app.campaign.check import check_campaign
from app.campaign.compose import Composer
from app.campaign.entities import Campaign, Length, Letter, LetterTemplate, Writer
from app.campaign.faults import MOST_CHARACTERS
from app.campaign.problems import Problem
from app.campaign.stance import Moment, moment_of, moments, stance_of
from app.congress.model import Delegation, Holder
from app.congress.tables import Tables
from app.documents.call import to_call_script
from app.documents.letter import Addressed, postal, to_web_form
from app.documents.pdf import to_pdf
from app.site.i18n import language, other_language, page_url
from app.site.services import Services, services
from app.text import plain
from app.web.access import access
from app.web.forms import queried
from app.web.organizer.campaign_check import Checked, read
from app.web.organizer.letters_shelf import (
    PARTS,
    Shelf,
    ShelvedLetter,
    TextPlace,
    first_lines,
    letter_at,
    letters,
)
from app.web.organizer.show import download, page, visible
from app.web.resident.people import no_letter, role, state_name, title_name

Form = Literal["letter", "web", "call"]
FORMS: tuple[Form, ...] = ("letter", "web", "call")
SAMPLE_STORY = (
    "Last spring my neighbor was afraid to report a break-in, because a deputy might have asked "
    "about her husband’s papers. I went to the station with her."
)
"""A story that names no one; it shows where a resident's story will be."""


@dataclass(frozen=True, slots=True)
class PreviewQuery:
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
    def read(cls, letter: ShelvedLetter, site: Services) -> PreviewQuery:
        arg, now = queried(), moment_of(site.campaign, site.today())
        has_draft = bool(letter.drafts) or letter.status != "live"
        return cls(
            query=visible(arg.get("q", ""))[:60],
            kind=arg.get("kind", "cosponsor" if "q" not in arg and "seat" not in arg else ""),
            seat=arg.get("seat", "")[:8],
            moment=next((m for m in _days(site) if m == arg.get("moment")), now),
            form=next((f for f in FORMS if f == arg.get("form")), "letter"),
            text=next((p for p in PARTS if p == arg.get("text")), "full"),
            source="live" if arg.get("source") == "live" or not has_draft else "draft",
            story=arg.get("story", "yes") == "yes",
        )

    @property
    def length(self) -> Length:
        return "short" if self.text.startswith("short") else "full"

    @property
    def typed_story(self) -> str:
        return SAMPLE_STORY if self.story else ""

    def query_of(self, **other: str) -> dict[str, str]:
        """The query string of the same page with other choices."""
        now = {
            "q": self.query, "kind": self.kind, "moment": self.moment, "form": self.form,
            "text": self.text, "source": self.source, "story": "yes" if self.story else "no",
            "seat": self.seat,
        }  # fmt: skip
        return {key: value for key, value in {**now, **other}.items() if value}


@letters.get("/<letter_id>/preview")
@access("editor")
def preview(letter_id: str) -> Response:
    """The search form, the matching recipients, and the letter to the chosen or first one."""
    site, (shelf, letter) = services(), letter_at(letter_id)
    wanted = PreviewQuery.read(letter, site)
    checked = _read(site, shelf, letter, wanted)
    holders = find_recipients(site.campaign, site.tables, wanted.query, wanted.kind)
    if not holders and wanted.query and wanted.kind:  # the query matches someone of another kind
        holders = find_recipients(site.campaign, site.tables, wanted.query, "")
        wanted = replace(wanted, kind="") if holders else wanted
    chosen = site.tables.holder(wanted.seat) or next(iter(holders), None)
    template = checked.template(letter.id, wanted.length)
    shown = None
    if chosen is not None and template is not None and checked.campaign is not None:
        shown = _show(checked.campaign, template, chosen, site, wanted)
    return page(
        "letters/preview", letter=letter, wanted=wanted, kinds=KINDS, holders=holders,
        most=MOST_FOUND, chosen=chosen, shown=shown, checked=checked, days=_days(site),
        texts=[t for t in letter.texts.values() if t.newest is not None],
        name_of=title_name, role_of=role, no_letter=partial(no_letter, tables=site.tables),
        starts=first_lines(letter),
        elsewhere_url=page_url("organizer_letters.preview", other_language(), letter_id=letter.id,
                               **wanted.query_of()),
    )  # fmt: skip


@letters.get("/<letter_id>/preview.pdf")
@access("editor")
def preview_pdf(letter_id: str) -> Response:
    """The same letter as the PDF that a resident would download."""
    site, (shelf, letter) = services(), letter_at(letter_id)
    wanted = PreviewQuery.read(letter, site)
    checked = _read(site, shelf, letter, wanted)
    template, holder = checked.template(letter.id, wanted.length), site.tables.holder(wanted.seat)
    if checked.campaign is None or template is None or holder is None or holder.vacant:
        abort(404)
    composed, writer, _aid = _compose(
        checked.campaign, template, holder, site, story=wanted.typed_story,
        today=_days(site)[wanted.moment],
    )  # fmt: skip
    pdf = to_pdf([Addressed(composed, writer)])
    name = f"preview-{letter.id}-{holder.seat.id}.pdf"
    return download(pdf, "application/pdf", name, "inline")


def _read(site: Services, shelf: Shelf, letter: ShelvedLetter, wanted: PreviewQuery) -> Checked:
    live = wanted.source == "live"
    return read(site.slug, shelf.files if live else shelf.with_drafts(letter))


def _days(site: Services) -> dict[Moment, date]:
    """A day for each moment; today for the current one."""
    today = site.today()
    return {**dict(moments(site.campaign)), moment_of(site.campaign, today): today}


def _sample_delegation(tables: Tables, holder: Holder) -> Delegation:
    """A delegation that includes this seat: any of the state for a senator."""
    seat = holder.seat
    number = seat.district if seat.district is not None else tables.districts(seat.state)[0]
    found = tables.delegation(seat.state, number)
    assert found is not None
    return found


def _compose(
    campaign: Campaign, template: LetterTemplate, holder: Holder, site: Services, *, today: date,
    story: str = SAMPLE_STORY,
) -> tuple[Letter, Writer, tuple[str, ...]]:  # fmt: skip
    """A letter from a made-up writer, the writer, and the letter's Spanish paragraphs."""
    member = holder.member
    assert member is not None
    office = next(iter(member.local_offices), member.washington)
    there = office.state == holder.seat.state
    writer = Writer(
        first="Ana", last="Sample", street="123 Example Street", state=holder.seat.state,
        city=office.city if there else "Springfield", zip=office.zip[:5] if there else "",
    )  # fmt: skip
    place = _sample_delegation(site.tables, holder)
    person = Composer(campaign, writer=writer, district_place=place, story=story, today=today)
    return person.letter(template, holder), writer, person.reading_aid(template, holder)


def _show(
    campaign: Campaign, template: LetterTemplate, holder: Holder, site: Services,
    wanted: PreviewQuery,
) -> dict[str, Any]:  # fmt: skip
    """One letter in one form, for the page."""
    if holder.vacant:
        return {"ask": ""}
    letter, writer, aid = _compose(
        campaign, template, holder, site, story=wanted.typed_story,
        today=_days(site)[wanted.moment],
    )  # fmt: skip
    form = wanted.form
    return {
        "page": postal(letter, writer) if form == "letter" else None,
        "web": to_web_form(letter) if form == "web" else None,
        "call": to_call_script(letter, writer) if form == "call" else None,
        "aid": aid if wanted.text.endswith("-es") else (),
        "ask": (language() == "es" and letter.ask.summary_es) or letter.ask.summary,
    }  # fmt: skip


# --- the preview next to the editor -------------------------------------------------------


@dataclass(frozen=True, slots=True)
class EditorPreview:
    """A text as one recipient would get it, and its problems, for its editor."""

    seat: str
    """The recipient's seat."""
    choices: list[tuple[Holder, str]]
    """Recipients to choose from, each with the label of their kind; search results come first."""
    nobody: bool
    """Whether the search matched no one."""
    letter: Letter | None
    """None if it cannot be composed; ``problems`` say why."""
    paragraphs: tuple[str, ...]
    """The paragraphs of the letter, or of its reading aid."""
    problems: tuple[Problem, ...]
    """The problems in letters to this recipient and to one of every kind, at every moment."""
    count: int = 0
    """Characters without the story, as offices count them."""
    most: int = 0
    shorter: int = 0
    """How many offices' forms have a lower limit than ``count``."""


def editor_preview(place: TextPlace, source: str, *, query: str, seat: str) -> EditorPreview:
    """A preview of the unsaved text ``source``, for the chosen recipient or the first found."""
    site, letter, name = services(), place.letter, place.text.name
    checked = read(site.slug, {**place.shelf.with_drafts(letter), name: source})
    sought = [h for h in find_recipients(site.campaign, site.tables, query, "") if not h.vacant]
    each = _one_of_each(site)
    choices = [(holder, "") for holder in sought if query] + each
    if not choices:  # every term of an old list has ended
        return EditorPreview("", [], bool(query), None, (), checked.problems)
    holder = next((h for h, _kind in choices if h.seat.id == seat), choices[0][0])
    if sought and query and holder not in sought:
        holder = sought[0]
    template = checked.template(letter.id, place.text.length)
    nobody = bool(query and not sought)
    if checked.campaign is None or template is None:
        return EditorPreview(holder.seat.id, choices, nobody, None, (), checked.problems)
    composed, _writer, words = _compose(
        checked.campaign, template, holder, site, today=site.today()
    )
    seats = {h.seat.id: h for h in (holder, *(one for one, _kind in each))}
    found = check_campaign(checked.campaign, tuple(seats.values()), templates=(template,)).problems
    frame = "\n\n".join(p for p in composed.body if p not in composed.own_paragraphs)
    count = len(frame) + frame.count("\n")
    forms = [h.member.form for h in site.tables.holders if h.member and h.member.form.known]
    return EditorPreview(
        holder.seat.id, choices, nobody, composed,
        words if place.text.spanish else composed.body, found, count,
        MOST_CHARACTERS[template.length],
        sum(1 for form in forms if (form.max_characters or count) < count),
    )  # fmt: skip


def _one_of_each(site: Services) -> list[tuple[Holder, str]]:
    """One recipient of each kind; kinds without a member are left out."""
    left = [kind for kind in KINDS if kind.id != "vacant"]
    found: dict[str, Holder] = {}
    for holder in site.tables.holders:
        for kind in [k for k in left if k.matches(site.campaign, holder)]:
            found[kind.id] = holder
            left.remove(kind)
        if not left:
            break
    return [(found[kind.id], str(kind.label)) for kind in KINDS if kind.id in found]


# --- finding a recipient -----------------------------------------------------------------


MOST_FOUND = 40


@dataclass(frozen=True, slots=True)
class RecipientKind:
    """A kind of recipient, such as “a cosponsor”."""

    id: str
    label: LazyString
    matches: Callable[[Campaign, Holder], bool]


def _stance(name: str) -> Callable[[Campaign, Holder], bool]:
    return lambda campaign, holder: (
        holder.member is not None and stance_of(campaign, holder.member).name == name
    )


def _on_committee(chamber: str) -> Callable[[Campaign, Holder], bool]:
    def matches(campaign: Campaign, holder: Holder) -> bool:
        committee = next((c for k, c in campaign.committees.items() if k == chamber), None)
        if committee is None or holder.member is None or holder.seat.chamber != chamber:
            return False
        return any(place.committee == committee.code for place in holder.member.committees)

    return matches


def _on_no_list(chamber: str) -> Callable[[Campaign, Holder], bool]:
    return lambda campaign, holder: (
        holder.seat.chamber == chamber
        and not holder.seat.is_delegate
        and _stance("none")(campaign, holder)
    )


KINDS: tuple[RecipientKind, ...] = (
    RecipientKind("cosponsor", _l("a cosponsor"), _stance("cosponsor")),
    RecipientKind("sponsor", _l("the sponsor"), _stance("sponsor")),
    RecipientKind("earlier", _l("someone who backed an earlier one"), _stance("earlier")),
    RecipientKind("opposes", _l("someone who backs the opposite"), _stance("opposes")),
    RecipientKind("representative", _l("a representative on no list"), _on_no_list("house")),
    RecipientKind("senator", _l("a senator on no list"), _on_no_list("senate")),
    RecipientKind(
        "house-committee", _l("a representative on the committee"), _on_committee("house")
    ),
    RecipientKind("senate-committee", _l("a senator on the committee"), _on_committee("senate")),
    RecipientKind("delegate", _l("a delegate"), lambda _c, h: h.seat.is_delegate and not h.vacant),
    RecipientKind(
        "independent",
        _l("an independent"),
        lambda _c, h: h.member is not None and h.member.party == "Independent",
    ),
    RecipientKind(
        "at-large",
        _l("a representative of a whole state"),
        lambda _c, h: h.seat.district == 0 and not h.seat.is_delegate and not h.vacant,
    ),
    RecipientKind("vacant", _l("a vacant seat"), lambda _c, h: h.vacant and not h.awaited),
)


def typed_kind(query: str) -> RecipientKind | None:
    """The kind that a query names in words, like “a senator on the committee” or “cosponsors”."""
    wanted = _normalized_kind(query)
    return next(
        (k for k in KINDS if wanted and wanted in (_normalized_kind(str(k.label)), k.id)), None
    )


def _normalized_kind(words: str) -> str:
    """``words`` without the article and without plural endings."""
    words = re.sub(r"^(an?|the|un|una|el|la|los|las|alguien) ", "", plain(words))
    return " ".join(re.sub(r"(?<=\w{3})s$", "", word) for word in words.split())


def find_recipients(campaign: Campaign, tables: Tables, query: str, kind: str) -> list[Holder]:
    """The seats that match the query and the chosen kind; at most ``MOST_FOUND``.

    ``query`` is a name or a part of one, a state by name or postal code, a seat (``CA-12``), or
    a kind in words, which overrides the chosen one. Accents and case do not matter.
    """
    typed = typed_kind(query)
    chosen = typed or next((k for k in KINDS if k.id == kind), None)
    wanted = "" if typed else " ".join(plain(query).split())
    found = [
        holder
        for holder in tables.holders
        if (chosen is None or chosen.matches(campaign, holder))
        and (not wanted or _matches(holder, wanted))
    ]
    return found[:MOST_FOUND]


def _matches(holder: Holder, wanted: str) -> bool:
    seat = holder.seat
    if wanted in (seat.id.lower(), seat.state.lower(), plain(state_name(seat.state))):
        return True
    name = plain(holder.member.full_name) if holder.member else ""
    return len(wanted) > 2 and all(word in name for word in wanted.split())
