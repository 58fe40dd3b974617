"""The letters of a draft: composed anew for every page, never stored."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from app.campaign.compose import Composer, body_text, office_language
from app.campaign.entities import Letter, LetterTemplate, Writer
from app.congress.model import Found, Holder, Office
from app.documents.letter import Addressed, PostalLetter, form_length, postal, to_web_form
from app.documents.pdf import missing_glyphs
from app.site.i18n import gettext as _
from app.site.i18n import language
from app.site.services import Services
from app.text import split_paragraphs
from app.web.resident.draft import STORY_LIMIT, Draft, fingerprint
from app.web.resident.people import term_note, title_name

LOW_SHARE = 0.10
"""Under this share of own words the page suggests, once, to add some."""


@dataclass(frozen=True, slots=True)
class Reviewed:
    """One letter as the review page shows it, all in words and numbers."""

    seat: str
    title_name: str
    note: str
    ask: str
    page: PostalLetter
    own: tuple[str, ...]
    """The paragraphs of the page that the person wrote."""
    aid: tuple[str, ...]
    """The paragraphs in Spanish, on Spanish pages, while the words are the campaign's."""
    differs: str
    """The first of the sentences that the first letter does not have, in the language that is
    read first; with an ellipsis where others stand between them or follow."""
    same_as: str
    """To whom an earlier letter goes that has the same paragraphs; empty where none has."""
    body: str
    fingerprint: str
    edited: bool
    made_from: str
    """The fingerprint to send along: of what the words in the box were made from."""
    anew: tuple[str, ...]
    """The paragraphs as they would be made now, where that is not what the changed words were
    made from: the person has to say which they mean. Empty: there is nothing to say."""
    wrong: bool
    own_percent: int
    nudge: bool
    count: int
    limit: int | None
    box_limit: int
    """How many characters the letter may have when it is changed by hand."""
    box_extra: int
    """How many of them are not in the box: the greeting, and what becomes longer in the form."""
    may_be_spanish: bool
    """The office reads Spanish, too, and there is a Spanish text."""
    shortened: bool
    """It is the short letter because the office's form takes no full one."""
    over: int
    """Characters that the office's web form does not take."""
    offices: list[tuple[str, str]]
    """Those that the printed letter can go to: id and words."""
    office: str
    office_open: bool


def writer_of(draft: Draft) -> Writer:
    """The writer with the return address, for the length of the request."""
    return Writer(
        first=draft.first,
        last=draft.last,
        street=draft.street,
        street2=draft.street2,
        city=draft.city,
        state=draft.mail_state,
        zip=str(draft.return_zip or draft.mail_zip),
        email=draft.email,
    )


def at_home(writer: Writer, draft: Draft) -> Writer:
    """The writer as one who lives where the members were looked up, which is what a letter says.

    A mailbox in another place says nothing about the town in which a person lives.
    """
    if not draft.elsewhere:
        return writer
    return replace(writer, city="", zip=str(draft.home_zip or ""))


def office_of(draft: Draft, holder: Holder) -> Office | None:
    """The office that the printed letter goes to; None is Washington."""
    wanted = draft.offices.get(holder.seat.id, "")
    offices = holder.member.local_offices if holder.member else ()
    return next((o for o in offices if o.id == wanted), None)


def template_of(draft: Draft, site: Services) -> LetterTemplate:
    """The chosen template in full; whether an office gets the short one is a matter of its form."""
    template = site.campaign.template(draft.template)
    assert template is not None
    return template


@dataclass(frozen=True, slots=True)
class Growing:
    """The letter to the first recipient, as far as it is written, in the reader's language."""

    template: str
    before: tuple[str, ...]
    story: str
    """Empty as long as nothing is written."""
    after: tuple[str, ...]
    lang: str
    translated: bool
    """Whether the office gets the same in English."""


@dataclass(frozen=True, slots=True)
class Room:
    """How much of a story the smallest form among the recipients' has room for."""

    name: str
    characters: int


@dataclass(frozen=True, eq=False)
class Letters:
    """The letters of a draft to the members of its place."""

    draft: Draft
    found: Found
    site: Services
    """The site as of the moment that counts: for what was signed under a Congress that is over,
    as it was then."""

    @property
    def recipients(self) -> tuple[Holder, ...]:
        """Those chosen, all of them where none was chosen yet; never a vacant seat."""
        everyone, to = self.found.delegation.recipients, self.draft.to
        return tuple(h for h in everyone if to is None or h.seat.id in to)

    @cached_property
    def _person(self) -> Composer:
        return Composer(
            self.site.campaign,
            writer=at_home(writer_of(self.draft), self.draft),
            district_place=self.found.delegation,
            story=self.draft.story,
            today=self.site.writing_day(),
        )

    def one(self, holder: Holder, words: str | None = None, *, shortest: bool = False) -> Letter:
        """The letter to a holder, in the words given or in the campaign's.

        It is the short letter where the office's form is too small for the full one; with
        ``shortest`` it is the short one wherever there is one.
        """
        full = template_of(self.draft, self.site)
        short = self.site.campaign.template(full.id, "short") or full
        tongue = office_language(self.draft.tongue, holder.seat.state)
        letter = self._person.letter(short if shortest else full, holder, language=tongue)
        limited = holder.member is not None and holder.member.form.max_characters
        if limited and short is not full and to_web_form(letter).over:
            letter = self._person.letter(short, holder, language=tongue)
        if words is None:
            return letter
        length = short if letter.length == "short" else full
        return self._person.letter(length, holder, language=tongue, body_override=words)

    def every(self) -> tuple[Letter, ...]:
        """One letter to each recipient, with the words that the person changed by hand."""
        words = self.draft.words
        return tuple(self.one(h, words.get(h.seat.id)) for h in self.recipients)

    def growing(self, template: str) -> Growing:
        """The letter that a template makes of the draft, to whoever is written to first."""
        holder = (self.recipients or self.found.delegation.recipients)[0]
        typed = split_paragraphs(self.draft.story)
        own = typed or ("…",)
        draft = replace(self.draft, template=template, words={}, story="\n\n".join(own))
        some = replace(self, draft=draft)
        letter = some.one(holder)
        aid = some._aid(letter)
        body = aid or letter.body
        at = body.index(own[0])
        return Growing(
            template,
            body[:at],
            "\n\n".join(typed),
            body[at + len(own) :],
            "es" if aid else letter.language,
            bool(aid),
        )

    def room(self) -> Room | None:
        """The room for a story in the smallest form, as its office counts; None where no limit
        is known."""
        if self.site.campaign.template(self.draft.template) is None:
            return None
        bare = replace(self, draft=replace(self.draft, story=""))
        forms = [(h, to_web_form(bare.one(h, shortest=True))) for h in self.recipients]
        between = 4  # the line breaks that set a paragraph apart
        rooms = [(f.limit - f.count - between, h) for h, f in forms if f.limit is not None]
        if not rooms:
            return None
        room, holder = min(rooms, key=lambda pair: pair[0])
        return Room(title_name(holder), max(room, 0))

    def too_long(self) -> list[tuple[str, str]]:
        """Those that were changed by hand and are longer than may be, as errors."""
        errors = []
        for holder in self.recipients:
            words = self.draft.words.get(holder.seat.id)
            if words is None:
                continue
            count, limit = (
                to_web_form(self.one(holder, words)).count,
                letter_limit(self.one(holder)),
            )
            if count > limit:
                errors.append((
                    f"words-{holder.seat.id}",
                    _("Your letter to %(name)s has %(length)d characters with its greeting. "
                        "Shorten it to %(limit)d, or undo your edits.",
                      name=title_name(holder), length=count, limit=limit),
                ))  # fmt: skip
        return errors

    def addressed(self, only: str = "") -> tuple[Addressed, ...]:
        """As they were signed, with writer and office, ready for paper; one, or all."""
        draft = self.draft
        letters = [
            x
            if x.edited or not _changed(draft, x)
            else self.one(x.holder, draft.as_shown[x.holder.seat.id])
            for x in self.every()
        ]
        chosen = [x for x in letters if x.holder.seat.id == only] or letters
        writer = writer_of(draft)
        return tuple(Addressed(x, writer, office_of(draft, x.holder)) for x in chosen)

    def translated(self, items: Sequence[Addressed]) -> tuple[Addressed, ...]:
        """The same with their Spanish, where there is one: not of what was changed by hand."""
        return tuple(
            x if x.letter.edited else replace(x, translation=self._aid(x.letter)) for x in items
        )

    def review(self, wrong: frozenset[str] = frozenset()) -> list[Reviewed]:
        """Every letter as it will be handed over, with what the person may want to change."""
        letters = self.every()
        low = [x.own_share < LOW_SHARE for x in letters]
        shown: list[Reviewed] = []
        for number, (letter, lacking) in enumerate(zip(letters, low, strict=True)):
            nudge = lacking and not any(low[:number])
            made = self._reviewed(letter, nudge=nudge, wrong=wrong)
            shown.append(_compared(made, shown) if shown else made)
        return shown

    def _reviewed(self, letter: Letter, *, nudge: bool, wrong: frozenset[str]) -> Reviewed:
        draft, site = self.draft, self.site
        holder, seat = letter.holder, letter.holder.seat.id
        assert holder.member is not None
        edited = seat in draft.words
        plain = self.one(holder) if edited else letter
        stale = _is_stale(draft, plain)
        office = office_of(draft, holder)
        page = postal(letter, writer_of(draft), office)
        form = to_web_form(letter)
        return Reviewed(
            seat=seat,
            title_name=title_name(holder),
            note=term_note(holder, site.today(), site.tables),
            ask=(language() == "es" and letter.ask.summary_es) or letter.ask.summary,
            page=page,
            own=split_paragraphs(*letter.own_paragraphs),
            aid=() if edited else self._aid(letter),
            differs="",
            same_as="",
            body=body_text(letter),
            fingerprint=fingerprint(body_text(plain)),
            edited=edited,
            made_from=draft.made_from.get(seat, "") if stale else _made_from(draft, plain),
            anew=postal(plain, writer_of(draft), office).paragraphs if stale else (),
            wrong=f"words-{seat}" in wrong,
            own_percent=round(letter.own_share * 100),
            nudge=nudge,
            count=form.count,
            limit=form.limit,
            box_limit=letter_limit(plain),
            box_extra=form.count - form_length(body_text(letter)),
            may_be_spanish=holder.seat.state == "PR" and _has_spanish(letter, site),
            shortened=plain.length == "short",
            over=form.over,
            offices=[
                ("washington", _("Washington, DC")),
                *((o.id, _office_label(o)) for o in holder.member.local_offices),
            ],
            office=office.id if office else "washington",
            office_open=office is not None,
        )

    def unsettled(self) -> list[Holder]:
        """To whom those go of which the person has to say which words they mean."""
        changed = [h for h in self.recipients if h.seat.id in self.draft.words]
        return [h for h in changed if _is_stale(self.draft, self.one(h))]

    def standing_by(self, seat: str) -> Letters:
        """The same after the person said that the words of a letter are what they mean."""
        draft = self.draft
        now = {h.seat.id: _made_from(draft, self.one(h)) for h in self.recipients
               if h.seat.id == seat}  # fmt: skip
        return replace(self, draft=replace(draft, made_from={**draft.made_from, **now}))

    def _aid(self, letter: Letter) -> tuple[str, ...]:
        template = self.site.campaign.template(letter.template, letter.length)
        if language() != "es" or template is None or letter.language == "es":
            return ()
        return self._person.reading_aid(template, letter.holder)


def letter_limit(plain: Letter) -> int:
    """How many characters a letter that somebody changes by hand may have, as its office counts.

    What the office's form takes, where that is known; more only where the letter as the
    campaign makes it has more.
    """
    form = to_web_form(plain)
    return max(form.limit or STORY_LIMIT, form.count)


def _changed(draft: Draft, letter: Letter) -> bool:
    """Whether the campaign now has other words than the person read."""
    seat = letter.holder.seat.id
    return seat in draft.as_shown and fingerprint(body_text(letter)) != draft.shown[seat]


DIFFERENCE = 120
"""Characters after which the sentences that make a letter another one are broken off."""
_SENTENCE = re.compile(r"(?<=[.!?”]) +(?=[A-ZÁÉÍÓÚÑ“¿¡])")


def _compared(letter: Reviewed, earlier: Sequence[Reviewed]) -> Reviewed:
    """The letter with where it differs from the first one, or that it says what another says."""

    def read(of: Reviewed) -> tuple[str, ...]:
        return of.aid or of.page.paragraphs

    same = next((other.title_name for other in earlier if read(other) == read(letter)), "")
    known = {part for text in read(earlier[0]) for part in _SENTENCE.split(text)}
    said = ""
    for part in (part for text in read(letter) for part in _SENTENCE.split(text)):
        if part in known:
            said += "" if not said or said.endswith(" …") else " …"
        elif len(said) > DIFFERENCE:
            said += "" if said.endswith(" …") else " …"
            break
        else:
            said += f" {part}"
    return replace(letter, same_as=same, differs=said.strip())


def changed_since_shown(draft: Draft, letters: Sequence[Letter]) -> str:
    """What to say when a letter now has other words than the page showed; empty if none has.

    A letter that the person edited by hand has their words whatever the campaign published.
    """
    for letter in letters:
        seat = letter.holder.seat.id
        shown = draft.shown.get(seat, "")
        if shown and seat not in draft.words and shown != fingerprint(body_text(letter)):
            return _(
                "The campaign changed a letter while you were reading. Nothing is signed yet. "
                "Read it again below, then sign."
            )
    return ""


def _made_from(draft: Draft, plain: Letter) -> str:
    """The fingerprint of all that a letter is made from: whatever of it changes shows here.

    Story, town, template, stage and the recipient's facts all stand in the composed words; the
    names of both, and where the writer lives, may stand in words that were changed by hand.
    """
    return fingerprint(
        "\n".join((
            plain.template, plain.version, plain.length, plain.subject, plain.salutation,
            draft.first, draft.last, draft.street, draft.street2, draft.city, draft.mail_state,
            draft.mail_zip, draft.zip, draft.state, draft.district, draft.story, *plain.body,
        ))
    )  # fmt: skip


def _is_stale(draft: Draft, plain: Letter) -> bool:
    """Whether a letter was changed by hand and what it was made from is another thing now."""
    seat = plain.holder.seat.id
    return seat in draft.words and draft.made_from.get(seat) != _made_from(draft, plain)


def _office_label(office: Office) -> str:
    street = office.lines[-2] if len(office.lines) > 2 else ""
    return f"{office.city}, {office.state}" + (f" ({street})" if street else "")


def _has_spanish(letter: Letter, site: Services) -> bool:
    template = site.campaign.template(letter.template, letter.length)
    return template is not None and bool(template.reading_aid_es)


def glyphs_missing(draft: Draft) -> Sequence[str]:
    """What the printed letter cannot show of what was typed.

    Only that is looked at, all at once: setting it in type takes a while.
    """
    writer = writer_of(draft)
    return missing_glyphs(writer.name, *writer.address_lines, draft.story, *draft.words.values())
