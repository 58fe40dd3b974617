"""Reading aids: the Spanish next to the English, paragraph by paragraph."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass, replace
from itertools import count, takewhile
from typing import Any

from flask import abort
from werkzeug.wrappers import Response

from app.campaign import reading_aids
from app.campaign.campaign_fields import AID_NOTES, LISTS
from app.campaign.entities import Length
from app.campaign.letter_file import join_source, read_name, read_template, split_source
from app.campaign.problems import Problem
from app.campaign.reading_aids import (
    NONE_YET,
    Pair,
    TypedParagraph,
    join,
    mark_of,
    paragraphs,
    read_marks,
)
from app.campaign.text_changes import three_way
from app.site.i18n import gettext as _
from app.site.i18n import page_url
from app.site.services import services
from app.web.access import access
from app.web.forms import Several, SiteForm, sent
from app.web.organizer.campaign import campaign
from app.web.organizer.campaign_form import TITLES
from app.web.organizer.drafts import Working, pressed, save, working
from app.web.organizer.letters_shelf import heading_of, pairs_of
from app.web.organizer.show import go_to, page, visible
from app.web.problem_words import problem_words


@dataclass(frozen=True, slots=True)
class ParagraphRow:
    """One paragraph as the page shows it."""

    number: int
    english: str
    english_mark: str
    spanish: str
    before: str
    mark: str
    state: str
    rows: int
    problem: str = ""
    theirs: str = ""

    @property
    def kept(self) -> str:
        """The text to store: the file's own line breaks if no word was changed."""
        return self.before if self.spanish.split() == self.before.split() else self.spanish


def names_of(letter: str, length: str) -> tuple[str, str]:
    """The names of a letter's file and its reading aid's."""
    middle = ".short" if length == "short" else ""
    return f"{letter}{middle}.txt", f"{letter}{middle}.es.txt"


def unwrap(text: str) -> str:
    """A paragraph with its lines joined; tags stay on separate lines."""
    lines: list[str] = []
    for line in text.split("\n"):
        if lines and not line.startswith("{%") and not lines[-1].startswith("{%"):
            lines[-1] = f"{lines[-1]} {line}"
        else:
            lines.append(line)
    return "\n".join(lines)


@campaign.get("/translation")
@access("editor")
def translations() -> Response:
    """Every letter, and every part of the campaign with texts to translate: title, URL, number."""
    site = services()
    letters = [
        (template.title, page_url("organizer_campaign.translation", letter=letter, length=length),
         sum(p.state != "current" for p in pairs_of(*(one.text for one in _texts(letter, length)))))
        for (letter, length), template in sorted(site.campaign.templates.items())
    ]  # fmt: skip
    asks = [
        (*_campaign_part(name, key), todo)
        for (name, key), todo in reading_aids.parts_to_translate(working(site).text).items()
    ]
    return page("campaign/translations", letters=letters, asks=asks)


def _campaign_part(name: str, key: str) -> tuple[str, str]:
    """The title and URL of a part of the campaign."""
    if name not in LISTS:
        section = "bill" if name == "time" else name
        return str(TITLES[section]), page_url("organizer_campaign.once", name=section)
    return f"{TITLES[name]}: {key}", page_url("organizer_campaign.part", name=name, key=key)


def _texts(letter: str, length: Length) -> tuple[Working, Working]:
    """The English and Spanish of the letter that a URL names; aborts with 404 if there is none."""
    english, spanish = names_of(letter, length)
    kind = read_name(english)
    if kind is None or kind.id != letter or kind.reading_aid:
        abort(404)
    both = working(services(), english), working(services(), spanish)
    return both if both[0].text else abort(404)


@campaign.get("/letters/<letter>/translation/<any(full, short):length>")
@access("editor")
def translation(letter: str, length: Length) -> Response:
    """The paragraphs of one letter, English and Spanish side by side."""
    english, spanish = _texts(letter, length)
    return _translation_page(letter, length, english, _rows(english, spanish), base=spanish.base)


def _rows(english: Working, spanish: Working) -> list[ParagraphRow]:
    pairs = pairs_of(english.text, spanish.text)
    return [_paragraph_row(number, one) for number, one in enumerate(pairs)]


def _paragraph_row(number: int, shown: Pair) -> ParagraphRow:
    longest = max(shown.english, shown.spanish, key=len)
    lines = sum(1 + len(line) // 48 for line in longest.split("\n"))
    return ParagraphRow(
        number, unwrap(shown.english), mark_of(shown.english) if shown.english else NONE_YET,
        unwrap(visible(shown.spanish)), visible(shown.spanish), shown.mark, shown.state,
        min(max(lines, 3), 16),
    )  # fmt: skip


def _translation_page(
    letter: str,
    length: Length,
    english: Working,
    rows: list[ParagraphRow],
    *,
    base: int,
    errors: list[tuple[str, str]] | None = None,
    status: int = 200,
) -> Response:
    lengths: tuple[Length, ...] = ("full", "short")
    other = next(
        (x for x in lengths if x != length and working(services(), names_of(letter, x)[0]).text), ""
    )
    return page(
        "campaign/translation", status, letter=letter, length=length, rows=rows, base=base,
        title=heading_of(english.text).get("title", letter), draft=english.is_draft, other=other,
        errors=errors or [],
    )  # fmt: skip


class ParagraphsForm(SiteForm):
    """The fields of each paragraph, by its number."""

    en, es, was, of, mark, fits = (Several() for _field in range(6))


def _typed() -> tuple[list[ParagraphRow], set[int]]:
    """The submitted paragraphs, and the numbers of those marked as still fitting the English."""
    form = sent(ParagraphsForm)

    def of(field: Any, number: int) -> str:
        return visible(field.data.get(str(number), ""))

    numbers = [*takewhile(lambda number: str(number) in form.es.data, count())]
    rows = [
        ParagraphRow(
            n, of(form.en, n), _mark_in(of(form.of, n)), of(form.es, n), of(form.was, n),
            _mark_in(of(form.mark, n)), "", 8,
        )
        for n in numbers
    ]  # fmt: skip
    return rows, {n for n in numbers if of(form.fits, n)}


def _mark_in(text: str) -> str:
    return (read_marks(text) or (NONE_YET,))[0]


@campaign.post("/letters/<letter>/translation/<any(full, short):length>")
@access("editor")
def translation_post(letter: str, length: Length) -> Response:
    """Save the reading aid as a draft, each paragraph with its English mark."""
    english, spanish = _texts(letter, length)
    rows, fits = _typed()
    if pressed().base.data != spanish.base:
        rows, fits, clash = _merged(rows, fits, _rows(english, spanish))
        if clash:
            return _conflict(letter, length, english, spanish, rows)
    body, note = join(
        TypedParagraph(r.english_mark, r.kept, r.before, r.mark, r.number in fits) for r in rows
    )
    heading = {key: value for key, value in heading_of(spanish.text).items() if key != AID_NOTES}
    text = join_source(spanish.text, {**heading, AID_NOTES: note}, body)
    result = read_template(spanish.name, text, facts=tuple(services().campaign.facts))
    if isinstance(result, tuple):
        rows, errors = _with_problems(rows, text, result)
        return _translation_page(
            letter, length, english, rows, base=spanish.base, errors=errors, status=422
        )
    if text != spanish.text and save(text, spanish.base, "reading aid", name=spanish.name):
        return _conflict(letter, length, english, spanish, rows)
    return go_to("organizer_campaign.translation", letter=letter, length=length, done="saved")


def _merged(
    mine: Iterable[ParagraphRow], fits: Set[int], newest: Iterable[ParagraphRow]
) -> tuple[list[ParagraphRow], set[int], bool]:
    """The newest paragraphs with those that this form changed, the numbers of those marked as
    still fitting, and whether both changed the same one."""
    merged = dict(_by_english(newest))
    still, clash = set(), False
    for key, row in _by_english(mine):
        if row.kept == row.before and row.number not in fits:
            continue
        there = merged.get(key)
        if there is None:  # its English changed too
            merged[key] = replace(row, number=len(merged))
            clash = True
            continue
        words = row.spanish.split()
        kept = three_way(row.before.split(), there.before.split(), words)
        if kept is None:
            merged[key] = replace(there, spanish=row.spanish, theirs=there.spanish)
            clash = True
        elif kept == words:
            merged[key] = replace(there, spanish=row.spanish)
            still |= {there.number} if row.number in fits else set()
    return [*merged.values()], still, clash


def _by_english(rows: Iterable[ParagraphRow]) -> Iterator[tuple[tuple[str, int], ParagraphRow]]:
    """Each row by the mark of its English, or its Spanish if it has none; equal ones in order."""
    seen = Counter[str]()
    for row in rows:
        key = row.english_mark if row.english_mark != NONE_YET else row.before
        seen[key] += 1
        yield (key, seen[key]), row


def _with_problems(
    rows: list[ParagraphRow], text: str, problems: tuple[Problem, ...]
) -> tuple[list[ParagraphRow], list[tuple[str, str]]]:
    """The rows with each problem assigned to its paragraph, and the list of errors."""
    found = split_source(text)
    line = found.words_line if found else 1
    ends: list[tuple[int, int]] = []
    for row in rows:
        for part in paragraphs(row.kept):
            line += part.count("\n") + 2
            ends.append((line, row.number))
    by_row: dict[int, str] = {}
    rest = []
    for problem in problems:
        number = next((n for end, n in ends if problem.line < end), None)
        if number is None or not problem.line:
            rest.append(("", problem_words(problem.what)))
        else:
            by_row.setdefault(number, problem_words(problem.what))
    shown = [replace(row, problem=by_row.get(row.number, "")) for row in rows]
    return shown, [(f"es-{n}", message) for n, message in by_row.items()] + rest


def _conflict(
    letter: str, length: Length, english: Working, spanish: Working, rows: list[ParagraphRow]
) -> Response:
    author = spanish.state.draft.author if spanish.state.draft else _("Someone else")
    message = _(
        "%(name)s saved this reading aid while you were working. Yours is not saved yet. Both "
        "texts are below. Combine them and save again.",
        name=author,
    )
    return _translation_page(
        letter, length, english, rows, base=spanish.base, errors=[("", message)], status=409
    )
