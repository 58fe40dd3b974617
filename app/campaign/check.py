"""Checking every letter to every seat at every stage before anyone signs one."""

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
from app.campaign.entities import Ask, Campaign, Length, LetterTemplate, Writer
from app.campaign.faults import (
    BLANK_CLOSE,
    BLANK_OPEN,
    DOUBLED,
    Finding,
    Situation,
    check_law,
    check_sentence,
    check_whole,
    other_bills,
    sentences,
    unfinished,
)
from app.campaign.fields import Scope
from app.campaign.language import TemplateError, compiled
from app.campaign.load import read_campaign
from app.campaign.problems import LEVELS, Level, Message, Problem
from app.campaign.stance import moments, stage_of
from app.campaign.values import Values, page_values, writer_values
from app.campaign.words import Language, frame_paragraphs
from app.congress.model import Holder

_TAGS = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)


def _newlines(tag: re.Match[str]) -> str:
    """The line breaks of a tag, which replace it so that line numbers stay right."""
    return "\n" * tag[0].count("\n")


SAMPLE_WRITER = Writer(first="Ana", city="Rancho Santa Margarita")
"""The city has a long name, so that measured lengths err on the long side."""
LANGUAGES: tuple[Language, ...] = ("en", "es")
_SHORT_WORD = 3
"""Words of at most this many characters do not help to find a sentence's source."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a check covered and found. ``problems`` begins with what must be fixed."""

    seats: int
    templates: int
    stages: int
    letters: int
    problems: tuple[Problem, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing must or should be fixed; hints alone do not fail a check."""
        return all(problem.level == "nice" for problem in self.problems)

    @property
    def summary(self) -> str:
        """``541 seats, 8 templates, 3 stages: ok``, or the number of problems."""
        read = f"{self.seats} seats, {self.templates} templates, {self.stages} stages"
        count = sum(1 for problem in self.problems if problem.level != "nice")
        found = f"{count} problem" if count == 1 else f"{count} problems"
        return f"{read}: {'ok' if self.ok else found}"


class Blank(str):
    """An empty field that prints as a marker; conditions still see it as empty."""

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
    """Compose and check every template, with its reading aid, for every seat at every stage.

    ``templates`` defaults to all of the campaign's; pass one to check a draft. ``progress`` is
    called with the seats done and the total. Vacant seats count but get no letter; seats whose
    member is not known yet do not count, because nothing to them was checked.
    """
    for step in _steps(campaign, holders, templates):
        if isinstance(step, Report):
            report = step
        if progress is not None:
            progress(step if isinstance(step, int) else len(holders), len(holders))
    return report


def check_in_subprocess(
    slug: str, texts: tuple[tuple[str, str], ...], letter_id: str, holders: tuple[Holder, ...]
) -> Iterator[int | Report]:
    """The check for a separate process, which imports only this module. Yields the number of
    seats done as it goes, then the ``Report``. An empty ``letter_id`` means every letter. Raises
    ``CampaignError`` if the texts cannot be read."""
    campaign = read_campaign(slug, dict(texts))
    chosen = [t for t in campaign.templates.values() if t.id == letter_id] if letter_id else None
    yield from _steps(campaign, holders, chosen)


STEP = 20
"""How many seats are checked between two progress reports."""


def _steps(
    campaign: Campaign, holders: Sequence[Holder], templates: Iterable[LetterTemplate] | None
) -> Iterator[int | Report]:
    chosen = tuple(campaign.templates.values() if templates is None else templates)
    checker = _Checker(campaign)
    for template in chosen:
        checker.source(template)
    if templates is None:
        checker.pages()
        checker.pages_of_law(holders)
    for done, holder in enumerate(holders, start=1):
        if holder.member is not None:
            checker.seat(holder, chosen)
        if done % STEP == 0:
            yield done
    seats = sum(not holder.awaited for holder in holders)
    stages = len({stage for stage, _day in checker.days})
    yield Report(seats, len(chosen), stages, checker.letters, checker.problems())


class _Checker:
    def __init__(self, campaign: Campaign) -> None:
        self.campaign = campaign
        self.letters = 0
        self._short = {id_ for id_, length in campaign.templates if length == "short"}
        self.days = tuple((stage_of(campaign, day), day) for _moment, day in moments(campaign))
        self._sentences: dict[tuple[str, Situation], list[Finding]] = {}
        self._letters: dict[tuple[object, ...], _LetterCheck] = {}
        self._ask_fields = fields_of_asks(campaign)
        self._asks: dict[tuple[object, ...], AskWords] = {}
        self._used_fields: dict[tuple[str, Language], tuple[str, ...]] = {}
        self._graded: set[tuple[str, int, str]] = set()
        self._causes: dict[_CauseKey, _Cause] = {}

    def source(self, template: LetterTemplate) -> None:
        """Find unfilled placeholders and doubled spaces, even in text that no one gets today."""
        name, aid = template.source_name, template.reading_aid_source
        texts = [
            (name, 1, text)
            for text in (template.title, template.title_es, template.about, template.about_es)
        ]
        texts += [
            (name, 1, _TAGS.sub("", template.subject)),
            (name, 1, template.spoken),
            (name, template.first_body_line, _TAGS.sub(_newlines, template.body)),
            (aid, template.first_reading_aid_line, _TAGS.sub(_newlines, template.reading_aid_es)),
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
        about: str = "", language: Language = "en",
    ) -> None:  # fmt: skip
        """Record a problem with a line of a source, whoever the recipient."""
        problem = Problem(file, number, what, words, level, in_spanish=language == "es")
        self._causes.setdefault((file, number, what.code, about), _Cause(worst=problem))

    def pages(self) -> None:
        """Find unfilled placeholders and unrelated bills in the texts for pages and the telephone
        and in every ask."""
        campaign = self.campaign
        texts = self.page_texts()
        for ask in campaign.asks:
            texts += _ask_texts(ask, ASK_TEXTS)
        for path, text in texts:
            lines = _TAGS.sub(_newlines, text).split("\n")
            for number, line in enumerate(lines, campaign.lines.get(path, 1)):
                words = line.strip()
                for finding in (*unfinished(words), *other_bills(campaign, words)):
                    language = _language_of(path)
                    self.line(FILE, number, finding.what, words, about=words, language=language)

    def page_texts(self) -> list[tuple[str, str]]:
        """The texts for pages and the telephone, each with its path."""
        campaign = self.campaign
        texts = [(f"pages.{key}", text) for key, text in campaign.pages.items()]
        texts += [(f"telephone.{key}", text) for key, text in campaign.telephone.items()]
        for index, part in enumerate(campaign.about):
            texts += [
                (f"about.{index}.{key}", getattr(part, key))
                for key in ("heading", "heading_es", "text", "text_es")
            ]
        return texts

    def pages_of_law(self, holders: Sequence[Holder]) -> None:
        """Find what pages and callers still say of a bill that has become law, as if it had not."""
        campaign, day = self.campaign, self.campaign.enacted
        if day is None:
            return
        texts = self.page_texts()
        for ask in campaign.asks:
            if "enacted" in ask.stages:
                texts += _ask_texts(ask, ("summary", "call"))
        for holder in {h.seat.chamber: h for h in holders if h.member}.values():
            for path, text in texts:
                self.text_of_law(path, text, holder, day)

    def text_of_law(self, path: str, text: str, holder: Holder, day: date) -> None:
        campaign, language = self.campaign, _language_of(path)
        values = values_for(campaign, holder, today=day, length="full", language=language)
        values.update(page_values(campaign, day, language))
        scope: Scope = "page" if path.startswith(("pages.", "about.")) else "ask"
        shown = compiled(text, tuple(campaign.facts), scope).render(values)
        for sentence in (s for paragraph in frame_paragraphs(shown) for s in sentences(paragraph)):
            for finding in check_law(campaign, sentence, language):
                _file, line = _closest([(FILE, campaign.lines.get(path, 1), text)], sentence)
                self.line(
                    FILE, line, finding.what, sentence, level=finding.level, about=sentence,
                    language=language,
                )  # fmt: skip

    def seat(self, holder: Holder, templates: tuple[LetterTemplate, ...]) -> None:
        """Compose and check every template for one member at every moment."""
        for moment, (_stage, today) in enumerate(self.days):
            values: dict[Language, Values] = {}
            asked: dict[tuple[Length, Language], tuple[Values, AskWords]] = {}
            for template in templates:
                by_language = {}
                for language in LANGUAGES if template.reading_aid_es else LANGUAGES[:1]:
                    key = (template.length, language)
                    if key not in asked:
                        if language not in values:
                            values[language] = self.values(holder, today, language)
                        asked[key] = self.asked(values[language], *key)
                    by_language[language] = asked[key]
                self.letter(holder, template, by_language, moment)

    def values(self, holder: Holder, today: date, language: Language) -> Values:
        values = values_for(self.campaign, holder, today=today, length="full", language=language)
        values.update(writer_values(SAMPLE_WRITER, holder.seat.state, language))
        for name, value in values.items():
            if value == "":
                values[name] = Blank.of(name)
        return values

    def asked(self, values: Values, length: Length, language: Language) -> tuple[Values, AskWords]:
        """The values for a length, and the worded ask, which hundreds of members share."""
        values = {**values, "length": length}
        key = (length, language, *map(values.get, self._ask_fields))
        if key not in self._asks:
            self._asks[key] = ask_words(self.campaign, values, length, language)
        return values, self._asks[key]

    def letter(
        self,
        holder: Holder,
        template: LetterTemplate,
        asked: Mapping[Language, tuple[Values, AskWords]],
        moment: int,
    ) -> None:
        """Check one letter. Words shared by hundreds of members are composed and checked once."""
        stage, today = self.days[moment]
        seat, member = holder.seat, holder.member
        assert member is not None
        situation = Situation(seat.chamber, seat.is_delegate, stage)
        has_short = template.length == "full" and template.id in self._short
        limit = member.form.max_characters if member.form.known and not has_short else None
        grade = (template.source_name, moment, asked["en"][1].ask.id)
        with_grade = grade not in self._graded
        self._graded.add(grade)
        key: tuple[object, ...] = (template.source_name, situation, limit, with_grade)
        for language, (values, words) in asked.items():
            key += (words.ask.id, words.opening, words.text, words.thanks)
            key += tuple(map(values.get, self.used_fields(template, language)))
        checked = self._letters.get(key)
        if checked is None:
            checked = self._letters[key] = self.check_letter(
                template, asked, situation, limit, has_short=has_short, with_grade=with_grade
            )
        self.letters += checked.composed
        example = f"{seat.title} {member.last} ({seat.id}) on {today.isoformat()}"
        for cause, problem, size in checked.found:
            self._causes.setdefault(cause, _Cause()).add(problem, size, seat.id, example)

    def used_fields(self, template: LetterTemplate, language: Language) -> tuple[str, ...]:
        """The fields that a letter prints or tests; none if it cannot be parsed."""
        key = (template.source_name, language)
        if key not in self._used_fields:
            facts = tuple(self.campaign.facts)
            body = template.reading_aid_es if language == "es" else template.body
            with suppress(TemplateError):
                subject = compiled(template.subject, facts, "ask").fields
                self._used_fields[key] = tuple(compiled(body, facts, "letter").fields | subject)
        return self._used_fields.setdefault(key, ())

    def check_letter(
        self,
        template: LetterTemplate,
        asked: Mapping[Language, tuple[Values, AskWords]],
        situation: Situation,
        limit: int | None,
        *,
        has_short: bool,
        with_grade: bool,
    ) -> _LetterCheck:
        """Compose one letter and its reading aid, and check both."""
        found: list[_CausedProblem] = []
        drafts: list[LetterFrame] = []
        for language, (values, words) in asked.items():
            try:
                draft = make_draft(self.campaign, template, values, language, words)
            except TemplateError as error:
                found += [
                    self.with_cause(template, None, Finding(problem.what, problem.source), language)
                    for problem in error.problems
                ]
                break
            drafts.append(draft)
            here = replace(situation, language=language)
            subject = (draft.subject,) if language == "en" else ()
            findings = [
                finding
                for index, paragraph in enumerate((*subject, *draft.frame))
                for finding in self.paragraph(paragraph, here)
                if index or not subject or finding.what.code not in SENTENCES_ONLY
            ]
            if language == "en":
                findings += check_whole(
                    draft, length=template.length, limit=limit, has_short=has_short,
                    with_grade=with_grade,
                )  # fmt: skip
            else:
                (a, b), (c, d) = ((len(x.before), len(x.after)) for x in (draft, drafts[0]))
                if (a, b) != (c, d):
                    what = Message.of("aid-paragraphs", a=a, b=b, c=c, d=d)
                    findings.append(Finding(what, "", "should"))
            found += [self.with_cause(template, draft, finding, language) for finding in findings]
        return _LetterCheck(bool(drafts), tuple(found))

    def paragraph(self, text: str, situation: Situation) -> list[Finding]:
        # Hundreds of recipients share most sentences, so each is checked once.
        found: list[Finding] = []
        for sentence in sentences(text):
            key = (sentence, situation)
            checked = self._sentences.get(key)
            if checked is None:
                checked = self._sentences[key] = check_sentence(self.campaign, sentence, situation)
            found += checked
        return found

    # --- where a sentence comes from -------------------------------------------------

    def with_cause(
        self,
        template: LetterTemplate,
        draft: LetterFrame | None,
        finding: Finding,
        language: Language,
    ) -> _CausedProblem:
        """A finding as a problem with its cause."""
        file, line = self.origin(template, draft, finding.sentence, language)
        if finding.what.code in WHOLE_LETTER:
            # Each length of a letter has at most one such problem, reported where it is worst.
            about, cause_line = str(template.length), 0
        else:
            about = next((str(v) for k, v in finding.what.values if k in ("name", "number")), "")
            cause_line = line
        problem = Problem(
            file, line, finding.what, finding.sentence, finding.level, in_spanish=language == "es"
        )
        return (file, cause_line, finding.what.code, about), problem, finding.size

    def origin(
        self, template: LetterTemplate, draft: LetterFrame | None, sentence: str, language: Language
    ) -> tuple[str, int]:
        """The file and line of the source that shares the most words with the sentence."""
        file, first, body = template.source_name, template.first_body_line, template.body
        if language == "es":
            file, first = template.reading_aid_source, template.first_reading_aid_line
            body = template.reading_aid_es
        sources = [(file, first, body)]
        if draft is not None:
            sources += self.campaign_sources(draft.words.ask.id, language)
        return _closest(sources, sentence)

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
        """One problem per cause: what must be fixed first, letters before ``campaign.toml``."""
        found = [cause.problem() for cause in self._causes.values()]
        return tuple(
            sorted(
                found,
                key=lambda p: (LEVELS.index(p.level), p.file == FILE, p.file, p.line, p.message),
            )
        )


def _language_of(path: str) -> Language:
    return "es" if path.endswith("_es") else "en"


def _ask_texts(ask: Ask, keys: Iterable[str]) -> list[tuple[str, str]]:
    """Texts of an ask in both languages, each with its path."""
    paths = [key + end for key in keys for end in ("", "_es")]
    return [(f"asks.{ask.id}.{path}", getattr(ask, path)) for path in paths]


def _closest(sources: Sequence[tuple[str, int, str]], sentence: str) -> tuple[str, int]:
    """The file and line that share the most words with a sentence; else where the first begins."""
    words = {word for word in sentence.split() if len(word) > _SHORT_WORD}
    blank = sentence.partition(BLANK_OPEN)[2].partition(BLANK_CLOSE)[0]
    most, best = 0, sources[0][:2]
    for file, first, text in sources:
        for offset, line in enumerate(text.split("\n")):
            shared = len(words.intersection(line.split()))
            if blank and "{{" in line and blank in line:
                shared += len(words) + 1
            if shared > most:
                most, best = shared, (file, first + offset)
    return best


SENTENCES_ONLY = frozenset({"no-verb", "cut"})
"""Codes that do not apply to a subject line."""
WHOLE_LETTER = frozenset(
    {"form-long", "office-limit", "no-ask", "no-story", "grade", "aid-paragraphs"}
)
"""Codes about a letter as a whole, not about one of its sentences."""


_CauseKey = tuple[str, int, str, str]
"""File, line (0 for the whole text), code and subject (a field, a bill number or a length)."""
_CausedProblem = tuple[_CauseKey, Problem, int]
"""A problem with its cause and its severity among others of that cause."""


@dataclass(frozen=True, slots=True)
class _LetterCheck:
    """The result of checking one letter, shared by everyone who gets the same words."""

    composed: bool
    found: tuple[_CausedProblem, ...]


@dataclass(slots=True)
class _Cause:
    """One thing to fix, with every seat that it affects and the worst case."""

    seats: set[str] = field(default_factory=set)
    size: int = 0
    worst: Problem | None = None

    def add(self, problem: Problem, size: int, seat: str, example: str) -> None:
        self.seats.add(seat)
        if not self.worst or not self.worst.example or size > self.size:
            self.size, self.worst = size, replace(problem, example=example)

    def problem(self) -> Problem:
        assert self.worst is not None
        return replace(self.worst, seats=len(self.seats))
