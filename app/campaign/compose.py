"""Putting one letter together: frame, ask and story."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from app.campaign.asks import AskWords, ask_words, spoken_words, values_for
from app.campaign.entities import Ask, Campaign, Length, Letter, LetterTemplate, Spoken, Writer
from app.campaign.language import compiled
from app.campaign.values import Values, writer_values
from app.campaign.words import Language, frame_paragraphs, one_line
from app.congress.model import Delegation, Holder, day_in_washington
from app.congress.names import salutation
from app.text import says_nothing, split_paragraphs

_STORY = "\ufdd0"
"""Placeholder for the story while the frame is rendered: a noncharacter, which ``app.text``
removes from typed text and ``scan`` refuses in templates. No template ever sees the story."""


@dataclass(frozen=True, slots=True)
class LetterFrame:
    """A rendered frame, split where the story goes."""

    before: tuple[str, ...]
    after: tuple[str, ...]
    words: AskWords
    subject: str
    has_place: bool
    """Whether the template says where the story goes."""

    @property
    def ask(self) -> Ask:
        """The ask, with ``opening``, ``text`` and ``short`` as this letter words them."""
        words = self.words
        return replace(words.ask, opening=words.opening, text=words.text, short=words.text)

    @property
    def frame(self) -> tuple[str, ...]:
        return self.before + self.after


def compose(
    campaign: Campaign,
    template: LetterTemplate,
    holder: Holder,
    *,
    writer: Writer,
    district_place: Delegation,
    story: str,
    today: date,
    body_override: str | None = None,
    language: Language = "en",
) -> Letter:
    """The letter to ``holder``, who must be a member, not a vacant seat.

    ``language`` is what the office gets: ``es`` uses the template's Spanish, if it has one.

    ``district_place`` says where the writer lives (the return address may be elsewhere).
    ``story`` and everything in ``writer`` are data: inserted as they are, never parsed as a
    template. A story such as ``.`` or ``N/A`` is left out. ``body_override`` is the whole body as
    the resident edited it; it is used as given, and a blank one counts as none.
    """
    person = Composer(
        campaign, writer=writer, district_place=district_place, story=story, today=today
    )
    return person.letter(template, holder, body_override=body_override, language=language)


def story_paragraphs(story: str) -> tuple[str, ...]:
    """The paragraphs of a story; one such as ``.`` or ``N/A`` has none."""
    return () if says_nothing(story) else split_paragraphs(story)


class Composer:
    """Composes one person's letters, with their story, to all of their members on one day.

    The arguments are those of ``compose``.
    """

    def __init__(
        self,
        campaign: Campaign,
        *,
        writer: Writer,
        district_place: Delegation,
        story: str,
        today: date,
    ) -> None:
        self._campaign, self._writer, self._today = campaign, writer, today
        self._state = district_place.state
        self._place = writer_values(writer, self._state)
        self._own = story_paragraphs(story)
        self._own_size = _size(self._own)

    def letter(
        self,
        template: LetterTemplate,
        holder: Holder,
        *,
        body_override: str | None = None,
        language: Language = "en",
    ) -> Letter:
        """The letter to ``holder``, who must be a member."""
        framed = _framed(self._campaign, template, holder, self._today, self._place)
        greeting, closing, subject = framed.greeting, template.closing, framed.draft.subject
        if language == "es" and template.reading_aid_es:
            draft = self._in_spanish(template, holder)
            framed = replace(framed, draft=draft, paragraphs=draft.frame, size=_size(draft.frame))
            greeting, closing = salutation_es(holder), "Atentamente,"
            subject = self._campaign.title_es
        else:
            language = "en"
        own = self._own
        composed = framed.draft.before + own + framed.draft.after
        body = split_paragraphs(body_override) if body_override is not None else ()
        body = body or composed
        edited = body != composed
        return Letter(
            holder=holder,
            ask=framed.ask,
            subject=subject,
            salutation=greeting,
            body=body,
            closing=closing,
            written_on=day_in_washington(self._today),
            template=template.id,
            version=template.version,
            length=template.length,
            edited=edited,
            own_share=own_share(body, framed.paragraphs)
            if edited
            else _share(self._own_size, framed.size),
            own_paragraphs=tuple(p for p in body if p not in framed.paragraphs) if edited else own,
            spoken=framed.spoken,
            spoken_es=framed.spoken_es,
            language=language,
        )

    def reading_aid(self, template: LetterTemplate, holder: Holder) -> tuple[str, ...]:
        """The letter's paragraphs in Spanish, for the writer only, with the story as typed.

        Empty if the template has no reading aid.
        """
        if not template.reading_aid_es:
            return ()
        draft = self._in_spanish(template, holder)
        return draft.before + self._own + draft.after

    def _in_spanish(self, template: LetterTemplate, holder: Holder) -> LetterFrame:
        values = values_for(
            self._campaign, holder, today=self._today, length=template.length, language="es"
        )
        values.update(writer_values(self._writer, self._state, "es"))
        return make_draft(self._campaign, template, values, "es")


MOST_FRAMES = 4096
"""A bound is needed because places are free text; 4,096 frames take about 10 MB."""


@dataclass(frozen=True, slots=True)
class _Recipient:
    """What does not depend on the writer, for one length of letter."""

    values: Values
    words: AskWords
    spoken: Spoken
    spoken_es: Spoken


@dataclass(frozen=True, slots=True)
class _Frame:
    """A recipient's frame with its ask and its paragraphs, shared by all writers in one place."""

    draft: LetterFrame
    ask: Ask
    paragraphs: tuple[str, ...]
    size: int
    """Characters in the paragraphs, not counting spaces."""
    greeting: str
    spoken: Spoken
    spoken_es: Spoken


def _framed(
    campaign: Campaign, template: LetterTemplate, holder: Holder, today: date, place: Values
) -> _Frame:
    key = (holder.seat.id, template.id, template.length, *place.values())
    known = campaign.memo.get(key)
    if known is None or not (known[0] is holder and known[1] is template and known[2] == today):
        recipient = _recipient(campaign, holder, today, template.length)
        draft = make_draft(campaign, template, {**recipient.values, **place}, words=recipient.words)
        if len(campaign.memo) >= MOST_FRAMES:
            campaign.memo.clear()
        spoken = replace(recipient.spoken, reason=template.spoken)
        spoken_es = replace(recipient.spoken_es, reason=template.spoken_es or template.spoken)
        frame = _Frame(
            draft, draft.ask, draft.frame, _size(draft.frame), salutation(holder), spoken, spoken_es
        )
        known = campaign.memo[key] = (holder, template, today, frame)
    found: _Frame = known[3]
    return found


def _recipient(campaign: Campaign, holder: Holder, today: date, length: Length) -> _Recipient:
    """Computed once a day for each recipient."""
    key = (holder.seat.id, length)
    known = campaign.memo.get(key)
    # A new holder of the seat, or the same one with updated facts, is a different object.
    if known is None or known[0] is not holder or known[1] != today:
        values = values_for(campaign, holder, today=today, length=length)
        spanish = values_for(campaign, holder, today=today, length=length, language="es")
        words = ask_words(campaign, values, length)
        recipient = _Recipient(
            values,
            words,
            spoken_words(campaign, words.ask, values),
            spoken_words(campaign, words.ask, spanish, "es"),
        )
        known = campaign.memo[key] = (holder, today, recipient)
    found: _Recipient = known[2]
    return found


def office_language(chosen: str, state: str) -> Language:
    """What an office gets: Spanish if the writer chose it, and only in Puerto Rico."""
    return "es" if chosen == "es" and state == "PR" else "en"


def salutation_es(holder: Holder) -> str:
    """``Honorable Pablo José Hernández:``, as is customary there; it has no gender."""
    assert holder.member is not None
    return f"Honorable {holder.member.full_name}:"


def body_text(letter: Letter) -> str:
    """The body as the resident edits it: paragraphs separated by a blank line."""
    return "\n\n".join(letter.body)


def make_draft(
    campaign: Campaign,
    template: LetterTemplate,
    values: Values,
    language: Language = "en",
    words: AskWords | None = None,
) -> LetterFrame:
    """Render a template with every field of ``values`` and find where the story goes.

    ``words`` are the ask's, if already known. If the template does not place the story, it goes
    before the last paragraph, so it is never lost.
    """
    facts = tuple(campaign.facts)
    words = words or ask_words(campaign, values, template.length, language)
    values = {
        **values,
        "ask": words.text,
        "opening": words.opening,
        "thanks": words.thanks,
        "story": _STORY,
    }
    source = template.reading_aid_es if language == "es" else template.body
    paragraphs = frame_paragraphs(
        compiled(source, facts, "letter").render(values).replace(_STORY, f"\n\n{_STORY}\n\n")
    )
    story_at = paragraphs.index(_STORY) if _STORY in paragraphs else None
    frame = [p for p in paragraphs if p != _STORY]
    cut = story_at if story_at is not None else max(len(frame) - 1, 0)
    return LetterFrame(
        before=tuple(frame[:cut]),
        after=tuple(frame[cut:]),
        words=words,
        subject=one_line(compiled(template.subject, facts, "ask").render(values)),
        has_place=story_at is not None,
    )


_RUN = 3
"""A word counts as the frame's if it is in a run of this many words that the frame also has."""
_MARKS = ".,;:!?…\"'“”‘’()[]«»¿¡—–-"


def own_share(body: Sequence[str], frame: Sequence[str]) -> float:
    """The share of ``body``'s characters, not counting spaces, that are not the frame's: 0 to 1.

    ``body`` and ``frame`` are paragraphs. Moving or shortening the frame's paragraphs makes no
    text the writer's own, nor does changing case or punctuation. Time is linear in the length of
    both, not in their product.
    """
    # Most words recur, so each distinct one is normalized once.
    words = {word for text in (*frame, *body) for word in text.split()}
    plain = {word: _plain(word) for word in words}
    runs: set[tuple[str, ...]] = set()
    for paragraph in frame:
        runs.update(_runs([plain[word] for word in paragraph.split()]))
    own = whole = 0
    for paragraph in body:
        found = paragraph.split()
        framed = [False] * len(found)
        for start, run in enumerate(_runs([plain[word] for word in found])):
            if run in runs:
                framed[start : start + len(run)] = [True] * len(run)
        whole += sum(map(len, found))
        own += sum(len(word) for word, known in zip(found, framed, strict=True) if not known)
    return own / whole if whole else 0.0


def _size(paragraphs: Iterable[str]) -> int:
    """How many characters the paragraphs have, not counting spaces."""
    return sum(len("".join(paragraph.split())) for paragraph in paragraphs)


def _share(own: int, frame: int) -> float:
    """``own_share`` from the sizes of the writer's words and the frame's."""
    return own / (own + frame) if own else 0.0


def _plain(word: str) -> str:
    return word.casefold().replace("’", "'").strip(_MARKS)


def _runs(words: list[str]) -> list[tuple[str, ...]]:
    """Every run of ``_RUN`` words; a shorter paragraph is one run."""
    if len(words) <= _RUN:
        return [tuple(words)] if words else []
    return [tuple(words[start : start + _RUN]) for start in range(len(words) - _RUN + 1)]
