"""The letters of a draft: composed anew for every page, never stored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

from app.campaign import Letter, Writer, body_text, compose, reading_aid
from app.congress import Found, Holder, Office, Zip, parse_zip
from app.documents import (
    Addressed,
    PostalLetter,
    missing_glyphs,
    postal,
    to_web_form,
)
from app.site.i18n import gettext as _
from app.site.i18n import language
from app.site.services import Services
from app.web.resident.draft import Draft, fingerprint
from app.web.resident.people import term_note, title_name
from app.web.resident.write import template_of

LOW_SHARE = 0.10
"""Under this share of own words the page suggests, once, to add some."""


@dataclass(frozen=True, slots=True)
class Place:
    """An office that a printed letter can go to."""

    id: str
    label: str


@dataclass(frozen=True, slots=True)
class Reviewed:
    """One letter as the review page shows it, all in words and numbers."""

    seat: str
    title_name: str
    note: str
    ask: str
    page: PostalLetter
    aid: tuple[str, ...]
    body: str
    fingerprint: str
    edited: bool
    wrong: bool
    own_percent: int
    nudge: bool
    count: int
    limit: int | None
    over: str
    offices: list[Place]
    office: str
    office_open: bool


def writer_of(draft: Draft) -> Writer:
    """The writer with the return address, for the length of the request."""
    zip_code = parse_zip(draft.mail_zip)
    return Writer(
        first=draft.first,
        last=draft.last,
        street=draft.street,
        street2=draft.street2,
        city=draft.city,
        state=draft.mail_state,
        zip=str(zip_code) if isinstance(zip_code, Zip) else draft.mail_zip,
        email=draft.email,
    )


def at_home(writer: Writer, draft: Draft) -> Writer:
    """The writer as one who lives where the members were looked up, which is what a letter says.

    A mailbox in another place says nothing about the town in which a person lives.
    """
    if not draft.elsewhere:
        return writer
    home = parse_zip(draft.zip)
    return replace(writer, city="", zip=str(home) if isinstance(home, Zip) else "")


def recipients(draft: Draft, found: Found) -> tuple[Holder, ...]:
    """The chosen recipients, all of them where none was chosen yet; never a vacant seat."""
    everyone = found.delegation.recipients
    return tuple(h for h in everyone if draft.to is None or h.seat.id in draft.to)


def office_of(draft: Draft, holder: Holder) -> Office | None:
    """The office that the printed letter goes to; None is Washington."""
    wanted = draft.offices.get(holder.seat.id, "")
    offices = holder.member.local_offices if holder.member else ()
    return next((o for o in offices if o.id == wanted), None)


def make_letters(draft: Draft, found: Found, site: Services) -> tuple[Letter, ...]:
    """One letter to each recipient, with the words that the person changed by hand."""
    make = _composer(draft, found, site)
    return tuple(make(h, draft.words.get(h.seat.id)) for h in recipients(draft, found))


def _composer(draft: Draft, found: Found, site: Services) -> Callable[[Holder, str | None], Letter]:
    """Makes the letter to a holder, in the words given or in the campaign's."""
    campaign, template, today = site.campaign, template_of(draft, site), site.today()
    writer = at_home(writer_of(draft), draft)

    def make(holder: Holder, words: str | None) -> Letter:
        return compose(
            campaign,
            template,
            holder,
            writer=writer,
            district_place=found.delegation,
            story=draft.story,
            today=today,
            body_override=words,
        )

    return make


def addressed(draft: Draft, found: Found, site: Services, only: str = "") -> tuple[Addressed, ...]:
    """The letters as they were signed, with writer and office, ready for paper; one, or all."""
    make = _composer(draft, found, site)
    letters = [
        x
        if x.edited or not _changed(draft, x)
        else make(x.holder, draft.as_shown[x.holder.seat.id])
        for x in make_letters(draft, found, site)
    ]
    chosen = [x for x in letters if x.holder.seat.id == only] or letters
    writer = writer_of(draft)
    return tuple(Addressed(x, writer, office_of(draft, x.holder)) for x in chosen)


def _changed(draft: Draft, letter: Letter) -> bool:
    """Whether the campaign now has other words than the person read."""
    seat = letter.holder.seat.id
    return seat in draft.as_shown and fingerprint(body_text(letter)) != draft.shown[seat]


def review(
    draft: Draft, found: Found, site: Services, wrong: frozenset[str] = frozenset()
) -> list[Reviewed]:
    """Every letter as it will be handed over, with what the person may want to change."""
    letters = make_letters(draft, found, site)
    low = [x.own_share < LOW_SHARE for x in letters]
    return [
        _reviewed(draft, found, site, x, nudge=lacking and not any(low[:number]), wrong=wrong)
        for number, (x, lacking) in enumerate(zip(letters, low, strict=True))
    ]


def _reviewed(
    draft: Draft,
    found: Found,
    site: Services,
    letter: Letter,
    *,
    nudge: bool,
    wrong: frozenset[str],
) -> Reviewed:
    holder, seat = letter.holder, letter.holder.seat.id
    assert holder.member is not None
    edited = seat in draft.words
    plain = _composer(draft, found, site)(holder, None) if edited else letter
    office = office_of(draft, holder)
    page = postal(letter, writer_of(draft), office)
    form = to_web_form(letter)
    return Reviewed(
        seat=seat,
        title_name=title_name(holder),
        note=term_note(holder, site.today(), site.tables),
        ask=(language() == "es" and letter.ask.summary_es) or letter.ask.summary,
        page=page,
        aid=() if edited else _aid(draft, found, site, holder, site.today()),
        body=body_text(letter),
        fingerprint=fingerprint(body_text(plain)),
        edited=edited,
        wrong=f"words-{seat}" in wrong,
        own_percent=round(letter.own_share * 100),
        nudge=nudge,
        count=form.count,
        limit=form.limit,
        over=over_words(form.over) if form.over else "",
        offices=[
            Place("washington", _("Washington, DC")),
            *(Place(o.id, _office_label(o)) for o in holder.member.local_offices),
        ],
        office=office.id if office else "washington",
        office_open=office is not None,
    )


def _office_label(office: Office) -> str:
    street = office.lines[-2] if len(office.lines) > 2 else ""
    return f"{office.city}, {office.state}" + (f" ({street})" if street else "")


def _aid(
    draft: Draft, found: Found, site: Services, holder: Holder, today: date
) -> tuple[str, ...]:
    if language() != "es":
        return ()
    return reading_aid(
        site.campaign,
        template_of(draft, site),
        holder,
        writer=at_home(writer_of(draft), draft),
        district_place=found.delegation,
        story=draft.story,
        today=today,
    )


def glyph_words(draft: Draft) -> list[str]:
    """That the printed letter cannot show some of what was typed; empty where it can.

    Only what the person typed is looked at, all at once: setting it in type takes a while.
    """
    writer = writer_of(draft)
    glyphs = missing_glyphs(writer.name, *writer.address_lines, draft.story, *draft.words.values())
    if not glyphs:
        return []
    return [
        _(
            "The printed letter cannot show these characters: %(characters)s. In their place "
            "there will be a mark. Please replace them, or use the web form.",
            characters=" ".join(glyphs),
        )
    ]


def over_words(over: int) -> str:
    """That a letter is too long for the office's web form, and what to do about it."""
    return _(
        "This letter is %(over)d characters too long for this office’s web form. Nothing is cut "
        "off. Shorten it, choose the short letter, or print and post it.",
        over=over,
    )
