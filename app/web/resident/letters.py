"""The letters of a draft, composed again for every page and never stored."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from app.campaign.compose import Composer, body_text, office_language, story_paragraphs
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
"""Below this share of the person's own words, the page suggests once to add some."""


@dataclass(frozen=True, slots=True)
class Reviewed:
    """One letter as the review page shows it, in words and numbers."""

    seat: str
    title_name: str
    note: str
    ask: str
    page: PostalLetter
    own: tuple[str, ...]
    """The paragraphs that the person wrote."""
    aid: tuple[str, ...]
    """The paragraphs in Spanish, on Spanish pages, unless the letter was edited."""
    differs: str
    """The first sentences that the first letter does not have, in Spanish if ``aid`` has it; an
    ellipsis marks omitted sentences."""
    same_as: str
    """The recipient of an earlier letter with the same paragraphs; empty if there is none."""
    body: str
    fingerprint: str
    edited: bool
    made_from: str
    """The fingerprint that the form carries, of what the text in the box was made from."""
    anew: tuple[str, ...]
    """The paragraphs as they would be composed now, if the edited text was made from something
    else, so that the person must choose between the two. Empty if there is nothing to choose."""
    wrong: bool
    own_percent: int
    nudge: bool
    count: int
    limit: int | None
    box_limit: int
    """The most characters that the edited letter may have."""
    box_extra: int
    """How many of them are outside the box: the greeting, and what grows in the office's form."""
    may_be_spanish: bool
    """Whether the office also reads Spanish and there is a Spanish text."""
    shortened: bool
    """Whether this is the short letter because the office's form does not fit the full one."""
    over: int
    """By how many characters the letter exceeds the office's web form."""
    offices: list[tuple[str, str]]
    """The offices that the printed letter can go to: id and label."""
    office: str
    office_open: bool


def writer_of(draft: Draft) -> Writer:
    """The writer with the return address, which is never stored."""
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
    """The writer with the place where the members were looked up, which is what a letter states.

    A return address elsewhere says nothing about the town in which a person lives.
    """
    if not draft.elsewhere:
        return writer
    return replace(writer, city="", zip=str(draft.home_zip or ""))


def office_of(draft: Draft, holder: Holder) -> Office | None:
    """The local office that the printed letter goes to; None for Washington."""
    wanted = draft.offices.get(holder.seat.id, "")
    offices = holder.member.local_offices if holder.member else ()
    return next((o for o in offices if o.id == wanted), None)


def template_of(draft: Draft, site: Services) -> LetterTemplate:
    """The full version of the chosen template; the office's form decides who gets the short one."""
    template = site.campaign.template(draft.template)
    assert template is not None
    return template


_STORY_TO_COME = "◆"
"""Keeps the place of a story in a preview; like any pictograph, it counts as a text."""


@dataclass(frozen=True, slots=True)
class Growing:
    """The letter to the first recipient as written so far, in the reader's language."""

    template: str
    before: tuple[str, ...]
    story: str
    """Empty until something is written."""
    after: tuple[str, ...]
    lang: str
    translated: bool
    """Whether this is a translation of the English that the office gets."""


@dataclass(frozen=True, slots=True)
class Room:
    """The space for a story in the recipient's web form with the lowest limit."""

    name: str
    characters: int


@dataclass(frozen=True, eq=False)
class Letters:
    """The letters of a draft to the members who represent its place."""

    draft: Draft
    found: Found
    site: Services
    """The site as of the relevant time: if a Congress has ended or a recipient has left since the
    letters were signed, as of the signing."""

    @property
    def recipients(self) -> tuple[Holder, ...]:
        """The chosen recipients, or all if none was chosen yet; never a vacant seat."""
        everyone, to = self.found.delegation.recipients, self.draft.to
        return tuple(h for h in everyone if to is None or h.seat.id in to)

    @cached_property
    def _composer(self) -> Composer:
        return Composer(
            self.site.campaign,
            writer=at_home(writer_of(self.draft), self.draft),
            district_place=self.found.delegation,
            story=self.draft.story,
            today=self.site.writing_day(),
        )

    def one(self, holder: Holder, words: str | None = None, *, shortest: bool = False) -> Letter:
        """The letter to a holder, with the text in ``words`` or the campaign's.

        It is the short letter if the office's form is too small for the full one, or with
        ``shortest`` whenever there is a short one.
        """
        full = template_of(self.draft, self.site)
        short = self.site.campaign.template(full.id, "short") or full
        tongue = office_language(self.draft.tongue, holder.seat.state)
        letter = self._composer.letter(short if shortest else full, holder, language=tongue)
        limited = holder.member is not None and holder.member.form.max_characters
        if limited and short is not full and to_web_form(letter).over:
            letter = self._composer.letter(short, holder, language=tongue)
        if words is None:
            return letter
        length = short if letter.length == "short" else full
        return self._composer.letter(length, holder, language=tongue, body_override=words)

    def every(self) -> tuple[Letter, ...]:
        """One letter to each recipient, with the person's edits."""
        words = self.draft.words
        return tuple(self.one(h, words.get(h.seat.id)) for h in self.recipients)

    def growing(self, template: str) -> Growing:
        """The letter to the first recipient that a template makes of the draft."""
        holder = (self.recipients or self.found.delegation.recipients)[0]
        typed = story_paragraphs(self.draft.story)
        own = typed or (_STORY_TO_COME,)
        draft = replace(self.draft, template=template, words={}, story="\n\n".join(own))
        preview = replace(self, draft=draft)
        letter = preview.one(holder)
        aid = preview._aid(letter)
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
        """The space for a story in the web form with the lowest limit, as its office counts
        characters; None if no limit is known."""
        if self.site.campaign.template(self.draft.template) is None:
            return None
        bare = replace(self, draft=replace(self.draft, story=""))
        forms = [(h, to_web_form(bare.one(h, shortest=True))) for h in self.recipients]
        between = 4  # two line breaks of two characters each
        rooms = [(f.limit - f.count - between, h) for h, f in forms if f.limit is not None]
        if not rooms:
            return None
        room, holder = min(rooms, key=lambda pair: pair[0])
        return Room(title_name(holder), max(room, 0))

    def too_long(self) -> list[tuple[str, str]]:
        """Errors for the edited letters that exceed their limit."""
        errors = []
        for holder in self.recipients:
            words = self.draft.words.get(holder.seat.id)
            if words is None:
                continue
            limit = letter_limit(self.one(holder))
            # A form gets no links, so they do not count there; but the letter is printed too.
            count = max(
                to_web_form(self.one(holder, words)).count, form_length(words) - STORY_LIMIT
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
        """The letters as they were signed, with writer and office, ready to print: the one to the
        seat ``only``, or all."""
        draft = self.draft
        letters = [
            x
            if x.edited or not _differs_from_shown(draft, x)
            else self.one(x.holder, draft.as_shown[x.holder.seat.id])
            for x in self.every()
        ]
        chosen = [x for x in letters if x.holder.seat.id == only] or letters
        writer = writer_of(draft)
        return tuple(Addressed(x, writer, office_of(draft, x.holder)) for x in chosen)

    def translated(self, items: Sequence[Addressed]) -> tuple[Addressed, ...]:
        """The same letters with their Spanish text, if there is one; edited letters have none."""
        return tuple(
            x if x.letter.edited else replace(x, translation=self._aid(x.letter)) for x in items
        )

    def review(self, wrong: frozenset[str] = frozenset()) -> list[Reviewed]:
        """Every letter as it will be handed over, with what can be changed on the review page.

        ``wrong`` are the names of the fields with errors.
        """
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

    def stale_edits(self) -> list[Holder]:
        """The recipients of edited letters for which the person must choose between two texts."""
        edited = [h for h in self.recipients if h.seat.id in self.draft.words]
        return [h for h in edited if _is_stale(self.draft, self.one(h))]

    def with_edit_confirmed(self, seat: str) -> Letters:
        """The same letters after the person chose to keep their edited text to a seat."""
        draft = self.draft
        now = {h.seat.id: _made_from(draft, self.one(h)) for h in self.recipients
               if h.seat.id == seat}  # fmt: skip
        return replace(self, draft=replace(draft, made_from={**draft.made_from, **now}))

    def _aid(self, letter: Letter) -> tuple[str, ...]:
        template = self.site.campaign.template(letter.template, letter.length)
        if language() != "es" or template is None or letter.language == "es":
            return ()
        return self._composer.reading_aid(template, letter.holder)


def letter_limit(plain: Letter) -> int:
    """The most characters that an edited letter may have, as its office counts them.

    That is the limit of the office's form, if known, but never less than the campaign's own
    letter has.
    """
    form = to_web_form(plain)
    return max(form.limit or STORY_LIMIT, form.count)


def _differs_from_shown(draft: Draft, letter: Letter) -> bool:
    """Whether the campaign's text has changed since the person read it."""
    seat = letter.holder.seat.id
    return seat in draft.as_shown and fingerprint(body_text(letter)) != draft.shown[seat]


DIFFERENCE_CHARACTERS = 120
"""Once the sentences in which a letter differs are longer than this, the rest is omitted."""
_SENTENCE = re.compile(r"(?<=[.!?”]) +(?=[A-ZÁÉÍÓÚÑ“¿¡])")


def _compared(letter: Reviewed, earlier: Sequence[Reviewed]) -> Reviewed:
    """The letter, with how it differs from the first one and which earlier one it equals."""

    def text_of(other: Reviewed) -> tuple[str, ...]:
        return other.aid or other.page.paragraphs

    def sentences(paragraphs: Sequence[str]) -> list[str]:
        return [sentence for text in paragraphs for sentence in _SENTENCE.split(text)]

    same = next((other.title_name for other in earlier if text_of(other) == text_of(letter)), "")
    known = set(sentences(text_of(earlier[0])))
    differs = ""
    for sentence in sentences(text_of(letter)):
        if sentence in known:
            differs += "" if not differs or differs.endswith(" …") else " …"
        elif len(differs) > DIFFERENCE_CHARACTERS:
            differs += "" if differs.endswith(" …") else " …"
            break
        else:
            differs += f" {sentence}"
    return replace(letter, same_as=same, differs=differs.strip())


def changed_since_shown(draft: Draft, letters: Sequence[Letter]) -> str:
    """The message if a letter's text has changed since the page showed it; empty if none has.

    An edited letter keeps the person's text, whatever the campaign published.
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
    """The fingerprint of everything a letter is made from, so that any change shows.

    Story, town, template, stage and the recipient's facts are all in the composed text; the names
    of writer and recipient and the writer's address may be in an edited text.
    """
    return fingerprint(
        "\n".join((
            plain.template, plain.version, plain.length, plain.subject, plain.salutation,
            draft.first, draft.last, draft.street, draft.street2, draft.city, draft.mail_state,
            draft.mail_zip, draft.zip, draft.state, draft.district, draft.story, *plain.body,
        ))
    )  # fmt: skip


def _is_stale(draft: Draft, plain: Letter) -> bool:
    """Whether a letter was edited and what it was made from has changed since."""
    seat = plain.holder.seat.id
    return seat in draft.words and draft.made_from.get(seat) != _made_from(draft, plain)


def _office_label(office: Office) -> str:
    street = office.lines[-2] if len(office.lines) > 2 else ""
    return f"{office.city}, {office.state}" + (f" ({street})" if street else "")


def _has_spanish(letter: Letter, site: Services) -> bool:
    template = site.campaign.template(letter.template, letter.length)
    return template is not None and bool(template.reading_aid_es)


def glyphs_missing(draft: Draft) -> Sequence[str]:
    """The typed characters that the printed letter's fonts lack.

    Checks all typed text in one call, and nothing else, because typesetting it takes a while.
    """
    writer = writer_of(draft)
    return missing_glyphs(writer.name, *writer.address_lines, draft.story, *draft.words.values())
