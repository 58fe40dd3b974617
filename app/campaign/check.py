"""Reading every letter to every seat at every stage before anyone signs one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date

from app.campaign.asks import AskWords, ask_words, fields_of_asks, values_for
from app.campaign.campaign_fields import ASK_TEXTS
from app.campaign.campaign_file import FILE
from app.campaign.compose import LetterFrame, make_draft
from app.campaign.entities import STAGES, Campaign, Length, LetterTemplate, Writer
from app.campaign.faults import (
    BLANK_CLOSE,
    BLANK_OPEN,
    DOUBLED,
    Finding,
    Situation,
    check_sentence,
    check_whole,
    other_bills,
    sentences,
    unfinished,
)
from app.campaign.language import TemplateError, compiled
from app.campaign.load import read_campaign
from app.campaign.problems import LEVELS, Level, Message, Problem
from app.campaign.stance import moments
from app.campaign.values import Values, writer_values
from app.campaign.words import Language
from app.congress.model import Holder

_TAGS = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)


def _same_lines(tag: re.Match[str]) -> str:
    """A tag taken out of a text without moving its lines."""
    return "\n" * tag[0].count("\n")


SAMPLE_WRITER = Writer(first="Ana", city="Rancho Santa Margarita")
"""A city with a long name, so that the length is measured on the long side."""
LANGUAGES: tuple[Language, ...] = ("en", "es")
_SMALL_WORDS = 3


@dataclass(frozen=True, slots=True)
class Report:
    """What a check read and found. ``problems`` begins with what must be fixed."""

    seats: int
    templates: int
    stages: int
    letters: int
    problems: tuple[Problem, ...]

    @property
    def ok(self) -> bool:
        """Nothing that must or should be fixed; a hint alone is no reason to fail."""
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
    holders: Sequence[Holder],
    *,
    templates: Iterable[LetterTemplate] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Compose every template for every seat at every stage, reading aid too, and check it.

    ``templates`` defaults to all of the campaign's; give one to check a draft. ``progress`` is
    called with seats done and seats in all. Vacant seats count and need no letter; one whose
    member is not known yet does not count, since nothing to it was read.
    """
    for step in _steps(campaign, holders, templates):
        if isinstance(step, Report):
            report = step
        if progress is not None:
            progress(step if isinstance(step, int) else len(holders), len(holders))
    return report


def check_apart(
    slug: str, texts: tuple[tuple[str, str], ...], letter_id: str, holders: tuple[Holder, ...]
) -> Iterator[int | Report]:
    """The check for a process of its own, which this module alone must be enough for: the seats
    done so far, again and again, then the ``Report``. ``letter_id`` empty means every letter.
    Raises ``CampaignError`` where the texts cannot be read."""
    campaign = read_campaign(slug, dict(texts))
    chosen = [t for t in campaign.templates.values() if t.id == letter_id] if letter_id else None
    yield from _steps(campaign, holders, chosen)


STEP = 20
"""Seats between two signs of life of a check."""


def _steps(
    campaign: Campaign, holders: Sequence[Holder], templates: Iterable[LetterTemplate] | None
) -> Iterator[int | Report]:
    chosen = tuple(campaign.templates.values() if templates is None else templates)
    checker = _Checker(campaign)
    for template in chosen:
        checker.source(template)
    if templates is None:
        checker.pages()
    for done, holder in enumerate(holders, start=1):
        if holder.member is not None:
            checker.read(holder, chosen)
        if done % STEP == 0:
            yield done
    seats = sum(not holder.awaited for holder in holders)
    yield Report(seats, len(chosen), len(STAGES), checker.letters, checker.problems())


class _Checker:
    def __init__(self, campaign: Campaign) -> None:
        self.campaign = campaign
        self.letters = 0
        self._short = {id_ for id_, length in campaign.templates if length == "short"}
        self._moments = moments(campaign)
        self._read: dict[tuple[str, Situation], list[Finding]] = {}
        self._letters: dict[tuple[object, ...], _Read] = {}
        self._ask_fields = fields_of_asks(campaign)
        self._asks: dict[tuple[object, ...], AskWords] = {}
        self._used: dict[tuple[str, Language], tuple[str, ...]] = {}
        self._graded: set[tuple[str, int, str]] = set()
        self._causes: dict[_CauseKey, _Cause] = {}

    def source(self, template: LetterTemplate) -> None:
        """Look for what was never filled in, also where no recipient of today gets it."""
        name, aid = template.source_name, template.reading_aid_source
        texts = [
            (name, 1, text)
            for text in (template.title, template.title_es, template.about, template.about_es)
        ]
        texts += [
            (name, 1, _TAGS.sub("", template.subject)),
            (name, 1, template.spoken),
            (name, template.first_body_line, _TAGS.sub(_same_lines, template.body)),
            (aid, template.first_reading_aid_line, _TAGS.sub(_same_lines, template.reading_aid_es)),
        ]
        for file, first, text in texts:
            for number, line in enumerate(text.split("\n"), first):
                for finding in unfinished(line):
                    self.line(file, number, finding.what, line.strip())
        for file, first, text in (
            (name, template.first_body_line, template.body),
            (aid, template.first_reading_aid_line, template.reading_aid_es),
        ):
            for number, line in enumerate(text.split("\n"), first):
                if DOUBLED.search(line):
                    self.line(file, number, Message.of("gap"), line.strip(), level="nice")

    def line(
        self, file: str, number: int, what: Message, words: str, *, level: Level = "must",
        about: str = "",
    ) -> None:  # fmt: skip
        """Note what is wrong with a line of a source, whoever gets it."""
        problem = Problem(file, number, what, words, level)
        self._causes.setdefault((file, number, what.code, about), _Cause(worst=problem))

    def pages(self) -> None:
        """Look in what the campaign says on pages and by telephone, and asks of anybody, for what
        was never filled in and for a bill that is not its own."""
        campaign = self.campaign
        texts = [(f"pages.{key}", text) for key, text in campaign.pages.items()]
        texts += [(f"telephone.{key}", text) for key, text in campaign.telephone.items()]
        for place, part in enumerate(campaign.about):
            texts += [
                (f"about.{place}.{key}", getattr(part, key))
                for key in ("heading", "heading_es", "text", "text_es")
            ]
        for ask in campaign.asks:
            texts += [
                (f"asks.{ask.id}.{key}{end}", getattr(ask, key + end))
                for key in ASK_TEXTS for end in ("", "_es")
            ]  # fmt: skip
        for path, text in texts:
            lines = _TAGS.sub(_same_lines, text).split("\n")
            for number, line in enumerate(lines, campaign.lines.get(path, 1)):
                words = line.strip()
                for finding in (*unfinished(words), *other_bills(campaign, words)):
                    self.line(FILE, number, finding.what, words, about=words)

    def read(self, holder: Holder, templates: tuple[LetterTemplate, ...]) -> None:
        """Compose and check every template to one member, at every moment."""
        for moment, (_, today) in enumerate(self._moments):
            values: dict[Language, Values] = {}
            known: dict[tuple[Length, Language], tuple[Values, AskWords]] = {}
            for template in templates:
                mine = {}
                for language in LANGUAGES if template.reading_aid_es else LANGUAGES[:1]:
                    key = (template.length, language)
                    if key not in known:
                        if language not in values:
                            values[language] = self.values(holder, today, language)
                        known[key] = self.asked(values[language], *key)
                    mine[language] = known[key]
                self.letter(holder, template, mine, moment)

    def values(self, holder: Holder, today: date, language: Language) -> Values:
        values = values_for(self.campaign, holder, today=today, length="full", language=language)
        values.update(writer_values(SAMPLE_WRITER, holder.seat.state, language))
        for name, value in values.items():
            if value == "":
                values[name] = Blank.of(name)
        return values

    def asked(self, values: Values, length: Length, language: Language) -> tuple[Values, AskWords]:
        """The values for a length, and the ask in its words, which hundreds of members share."""
        values = {**values, "length": length}
        key = (length, language, *map(values.get, self._ask_fields))
        if key not in self._asks:
            self._asks[key] = ask_words(self.campaign, values, length, language)
        return values, self._asks[key]

    def letter(
        self,
        holder: Holder,
        template: LetterTemplate,
        known: Mapping[Language, tuple[Values, AskWords]],
        moment: int,
    ) -> None:
        """Check one letter. The same words to hundreds of members are composed and read once."""
        stage, today = self._moments[moment]
        seat, member = holder.seat, holder.member
        assert member is not None
        situation = Situation(seat.chamber, seat.is_delegate, stage)
        has_short = template.length == "full" and template.id in self._short
        room = member.form.max_characters if member.form.known and not has_short else None
        grade = (template.source_name, moment, known["en"][1].ask.id)
        with_grade = grade not in self._graded
        self._graded.add(grade)
        key: tuple[object, ...] = (template.source_name, situation, room, with_grade)
        for language, (values, words) in known.items():
            key += (words.ask.id, words.opening, words.text, words.thanks)
            key += tuple(map(values.get, self.used(template, language)))
        found = self._letters.get(key)
        if found is None:
            found = self._letters[key] = self.findings(
                template, known, situation, room, has_short=has_short, with_grade=with_grade
            )
        self.letters += found.written
        example = f"{seat.title} {member.last} ({seat.id}) on {today.isoformat()}"
        for cause, problem, size in found.noted:
            self._causes.setdefault(cause, _Cause()).note(problem, size, seat.id, example)

    def used(self, template: LetterTemplate, language: Language) -> tuple[str, ...]:
        """The fields that a letter prints or asks about; none where it cannot be read."""
        key = (template.source_name, language)
        if key not in self._used:
            facts = tuple(self.campaign.facts)
            body = template.reading_aid_es if language == "es" else template.body
            with suppress(TemplateError):
                subject = compiled(template.subject, facts, "ask").fields
                self._used[key] = tuple(compiled(body, facts, "letter").fields | subject)
        return self._used.setdefault(key, ())

    def findings(
        self,
        template: LetterTemplate,
        known: Mapping[Language, tuple[Values, AskWords]],
        situation: Situation,
        room: int | None,
        *,
        has_short: bool,
        with_grade: bool,
    ) -> _Read:
        """Compose one letter, its reading aid too, and read both."""
        noted: list[_Noted] = []
        drafts: list[LetterFrame] = []
        for language, (values, words) in known.items():
            try:
                draft = make_draft(self.campaign, template, values, language, words)
            except TemplateError as error:
                noted += [
                    self.noted(template, None, Finding(problem.what, problem.source), language)
                    for problem in error.problems
                ]
                break
            drafts.append(draft)
            spoken_to = replace(situation, language=language)
            subject = (draft.subject,) if language == "en" else ()
            wrong = [
                finding
                for place, paragraph in enumerate((*subject, *draft.frame))
                for finding in self.paragraph(paragraph, spoken_to)
                if place or not subject or finding.what.code not in SENTENCES_ONLY
            ]
            if language == "en":
                wrong += check_whole(
                    draft, length=template.length, room=room, has_short=has_short,
                    with_grade=with_grade,
                )  # fmt: skip
            else:
                (a, b), (c, d) = ((len(x.before), len(x.after)) for x in (draft, drafts[0]))
                if (a, b) != (c, d):
                    what = Message.of("aid-paragraphs", a=a, b=b, c=c, d=d)
                    wrong.append(Finding(what, "", "should"))
            noted += [self.noted(template, draft, finding, language) for finding in wrong]
        return _Read(bool(drafts), tuple(noted))

    def paragraph(self, text: str, situation: Situation) -> list[Finding]:
        # Most sentences are the same for hundreds of recipients: each is read once.
        found: list[Finding] = []
        for sentence in sentences(text):
            key = (sentence, situation)
            known = self._read.get(key)
            if known is None:
                known = self._read[key] = check_sentence(self.campaign, sentence, situation)
            found += known
        return found

    # --- where a sentence comes from -------------------------------------------------

    def noted(
        self,
        template: LetterTemplate,
        draft: LetterFrame | None,
        finding: Finding,
        language: Language,
    ) -> _Noted:
        """A finding with the cause that it belongs to."""
        file, line = self.place(template, draft, finding.sentence, language)
        if finding.what.code in WHOLE:
            # One length of a letter has one such fault, wherever it shows worst.
            about, line_of = str(template.length), 0
        else:
            about = next((str(v) for k, v in finding.what.values if k in ("name", "number")), "")
            line_of = line
        problem = Problem(file, line, finding.what, finding.sentence, finding.level)
        return (file, line_of, finding.what.code, about), problem, finding.size

    def place(
        self, template: LetterTemplate, draft: LetterFrame | None, sentence: str, language: Language
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
                for key in ("text", "opening", "short", "thanks"):
                    texts.append((f"asks.{ask.id}.{key}{end}", getattr(ask, key + end)))
        for addition in campaign.additions:
            for key in ("text", "short"):
                texts.append((f"additions.{addition.id}.{key}{end}", getattr(addition, key + end)))
        texts += [(f"time.{key}", note) for key, note in campaign.time_notes.items()]
        texts += [(f"facts.{key}", fact.text) for key, fact in campaign.facts.items()]
        return [(FILE, campaign.lines.get(path, 1), text) for path, text in texts if text]

    def problems(self) -> tuple[Problem, ...]:
        """One for each thing to do: what must be fixed first, in letters before the campaign."""
        found = [cause.problem() for cause in self._causes.values()]
        return tuple(
            sorted(
                found,
                key=lambda p: (LEVELS.index(p.level), p.file == FILE, p.file, p.line, p.message),
            )
        )


SENTENCES_ONLY = frozenset({"no-verb", "cut"})
"""Codes that mean nothing for a subject line."""
WHOLE = frozenset({"form-long", "office-limit", "no-ask", "no-story", "grade", "aid-paragraphs"})
"""Codes that are about a letter as a whole and not about one of its sentences."""


_CauseKey = tuple[str, int, str, str]
"""File, line (0 for the whole text), code and what it is about."""
_Noted = tuple[_CauseKey, Problem, int]
"""What was found, with its cause and how bad it is beside others of that cause."""


@dataclass(frozen=True, slots=True)
class _Read:
    """What reading one letter gave: the same for everybody who gets the same words."""

    written: bool
    noted: tuple[_Noted, ...]


@dataclass(slots=True)
class _Cause:
    """One thing to do, with every seat that it touches and the worst of them."""

    seats: set[str] = field(default_factory=set)
    size: int = 0
    worst: Problem | None = None

    def note(self, problem: Problem, size: int, seat: str, example: str) -> None:
        self.seats.add(seat)
        if not self.worst or not self.worst.example or size > self.size:
            self.size, self.worst = size, replace(problem, example=example)

    def problem(self) -> Problem:
        assert self.worst is not None
        return replace(self.worst, seats=len(self.seats))
