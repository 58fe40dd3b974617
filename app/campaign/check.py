"""Reading every letter to every seat at every stage before anyone signs one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Protocol

from app.campaign.asks import AskWords, ask_words, values_for
from app.campaign.campaign_file import FILE
from app.campaign.compose import Draft, make_draft
from app.campaign.language import TemplateError
from app.campaign.model import STAGES, Campaign, Length, LetterTemplate, Writer
from app.campaign.problems import Level, Problem
from app.campaign.stage import moments
from app.campaign.text_checks import (
    BLANK_CLOSE,
    BLANK_OPEN,
    Finding,
    Situation,
    check_paragraph,
    check_whole,
)
from app.campaign.values import Values, writer_values
from app.campaign.words import Language
from app.congress.model import Holder

SAMPLE_WRITER = Writer(first="Ana", city="Rancho Santa Margarita")
"""A city with a long name, so that the length is measured on the long side."""
LANGUAGES: tuple[Language, ...] = ("en", "es")
_LEVELS: tuple[Level, ...] = ("must", "should", "nice")
_SMALL_WORDS = 3


class Seats(Protocol):
    """What the check needs of the tables of Congress."""

    @property
    def holders(self) -> tuple[Holder, ...]: ...


@dataclass(frozen=True, slots=True)
class Report:
    """What a check read and found. ``problems`` begins with what must be put right."""

    seats: int
    templates: int
    stages: int
    letters: int
    problems: tuple[Problem, ...]

    @property
    def ok(self) -> bool:
        """Nothing that must or should be put right; a hint alone is no reason to fail."""
        return all(problem.level == "nice" for problem in self.problems)

    @property
    def summary(self) -> str:
        """``541 seats, 8 templates, 3 stages: ok``, or how many problems."""
        read = f"{self.seats} seats, {self.templates} templates, {self.stages} stages"
        count = sum(1 for problem in self.problems if problem.level != "nice")
        found = f"{count} problem" if count == 1 else f"{count} problems"
        return f"{read}: {'ok' if self.ok else found}"


class Blank(str):
    """An empty field that shows itself where it is printed; in tests it is still empty."""

    __slots__ = ("name",)
    name: str

    @classmethod
    def of(cls, name: str) -> Blank:
        blank = cls("")
        blank.name = name
        return blank

    def __str__(self) -> str:
        return f"{BLANK_OPEN}{self.name}{BLANK_CLOSE}"


def check_campaign(
    campaign: Campaign,
    tables: Seats,
    *,
    templates: Iterable[LetterTemplate] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Compose every template for every seat at every stage, reading aid too, and check it.

    ``templates`` defaults to all of the campaign's; give one to check a draft. ``progress`` is
    called with seats done and seats in all. Vacant seats count and need no letter.
    """
    chosen = tuple(campaign.templates.values() if templates is None else templates)
    checker = _Checker(campaign)
    holders = tables.holders
    for done, holder in enumerate(holders, start=1):
        if holder.member is not None:
            checker.read(holder, chosen)
        if progress is not None:
            progress(done, len(holders))
    return Report(len(holders), len(chosen), len(STAGES), checker.letters, checker.problems())


class _Checker:
    def __init__(self, campaign: Campaign) -> None:
        self.campaign = campaign
        self.letters = 0
        self._moments = moments(campaign)
        self._read: dict[tuple[str, Situation], list[Finding]] = {}
        self._graded: set[tuple[str, str, int, str]] = set()
        self._found: dict[tuple[str, int, str], Problem] = {}

    def read(self, holder: Holder, templates: tuple[LetterTemplate, ...]) -> None:
        """Compose and check every template to one member, at every moment."""
        for moment, (_, today) in enumerate(self._moments):
            known: dict[tuple[Length, Language], tuple[Values, AskWords]] = {}
            for template in templates:
                for language in LANGUAGES:
                    key = (template.length, language)
                    if key not in known:
                        known[key] = self.values(holder, today, *key)
                self.letter(holder, template, known, moment)

    def values(
        self, holder: Holder, today: date, length: Length, language: Language
    ) -> tuple[Values, AskWords]:
        values = values_for(self.campaign, holder, today=today, length=length, language=language)
        values.update(writer_values(SAMPLE_WRITER, holder.seat.state, language))
        for name, value in values.items():
            if value == "":
                values[name] = Blank.of(name)
        return values, ask_words(self.campaign, values, length, language)

    def letter(
        self,
        holder: Holder,
        template: LetterTemplate,
        known: Mapping[tuple[Length, Language], tuple[Values, AskWords]],
        moment: int,
    ) -> None:
        stage, today = self._moments[moment]
        values, words = known[template.length, "en"]
        try:
            draft = make_draft(self.campaign, template, values, "en", words)
        except TemplateError as error:
            for problem in error.problems:
                self.note(template, None, Finding(problem.message, problem.source), "", "en")
            return
        self.letters += 1
        seat = holder.seat
        situation = Situation(seat.chamber, seat.is_delegate, stage)
        assert holder.member is not None
        example = f"{seat.title} {holder.member.last} ({seat.id}) on {today.isoformat()}"
        for paragraph in (draft.subject, *draft.frame):
            for finding in self.paragraph(paragraph, situation):
                self.note(template, draft, finding, example, "en")
        grade = (template.id, template.length, moment, draft.words.ask.id)
        whole = check_whole(
            draft.frame,
            length=template.length,
            has_place=draft.has_place,
            with_grade=grade not in self._graded,
        )
        self._graded.add(grade)
        for finding in whole:
            self.note(template, draft, finding, example, "en")
        if template.reading_aid_es:
            self.aid(template, draft, known[template.length, "es"], situation, example)

    def aid(
        self,
        template: LetterTemplate,
        english: Draft,
        known: tuple[Values, AskWords],
        situation: Situation,
        example: str,
    ) -> None:
        try:
            draft = make_draft(self.campaign, template, known[0], "es", known[1])
        except TemplateError as error:
            for problem in error.problems:
                self.note(template, None, Finding(problem.message, problem.source), "", "es")
            return
        spanish = replace(situation, language="es")
        for paragraph in draft.frame:
            for finding in self.paragraph(paragraph, spanish):
                self.note(template, draft, finding, example, "es")
        if (len(draft.before), len(draft.after)) != (len(english.before), len(english.after)):
            message = (
                f"The reading aid has {len(draft.before)} and {len(draft.after)} paragraphs before "
                f"and after the story, the letter {len(english.before)} and {len(english.after)}."
            )
            self.note(template, draft, Finding(message, "", "should"), example, "es")

    def paragraph(self, text: str, situation: Situation) -> list[Finding]:
        # Most paragraphs are the same for hundreds of recipients: each is read once.
        key = (text, situation)
        known = self._read.get(key)
        if known is None:
            known = self._read[key] = check_paragraph(self.campaign, text, situation)
        return known

    # --- where a sentence comes from -------------------------------------------------

    def note(
        self,
        template: LetterTemplate,
        draft: Draft | None,
        finding: Finding,
        example: str,
        language: Language,
    ) -> None:
        file, line = self.place(template, draft, finding.sentence, language)
        key = (file, line, finding.message)
        known = self._found.get(key)
        if known is None:
            self._found[key] = Problem(
                file, line, finding.message, finding.sentence, finding.level, example
            )
        else:
            self._found[key] = replace(known, times=known.times + 1)

    def place(
        self, template: LetterTemplate, draft: Draft | None, sentence: str, language: Language
    ) -> tuple[str, int]:
        """File and line of the source that shares the most words with the sentence."""
        if language == "es":
            best = (template.reading_aid_source, template.first_reading_aid_line)
            body = template.reading_aid_es
        else:
            best = (template.source_name, template.first_body_line)
            body = template.body
        sources = [(*best, body)]
        if draft is not None:
            sources += self.campaign_sources(draft.words.ask.id, language)
        words = {word for word in sentence.split() if len(word) > _SMALL_WORDS}
        most = 0
        for file, first, text in sources:
            for offset, line in enumerate(text.split("\n")):
                shared = len(words.intersection(line.split()))
                blank = sentence.partition(BLANK_OPEN)[2].partition(BLANK_CLOSE)[0]
                if blank and "{{" in line and blank in line:
                    shared += len(words) + 1
                if shared > most:
                    most, best = shared, (file, first + offset)
        return best

    def campaign_sources(self, ask_id: str, language: Language) -> list[tuple[str, int, str]]:
        end = "_es" if language == "es" else ""
        campaign = self.campaign
        texts: list[tuple[str, str]] = []
        for ask in campaign.asks:
            if ask.id == ask_id:
                for key in ("text", "opening", "short"):
                    texts.append((f"asks.{ask.id}.{key}{end}", getattr(ask, key + end)))
        for addition in campaign.additions:
            for key in ("text", "short"):
                texts.append((f"additions.{addition.id}.{key}{end}", getattr(addition, key + end)))
        texts += [(f"time.{key}", note) for key, note in campaign.time_notes.items()]
        texts += [(f"facts.{key}", fact) for key, fact in campaign.facts.items()]
        return [(FILE, campaign.lines.get(path, 1), text) for path, text in texts if text]

    def problems(self) -> tuple[Problem, ...]:
        found = self._found.values()
        return tuple(
            sorted(found, key=lambda p: (_LEVELS.index(p.level), p.file, p.line, p.message))
        )
