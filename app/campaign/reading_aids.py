"""Spanish beside its English, text by text, and whether it still fits.

For each paragraph of a reading aid its file says, under ``reading_aid_of``, which English it
was made for: the first eight hex digits of the SHA-256 of that paragraph's words. When the
English changes, the paragraph is stale until somebody changes it or says that it still fits.
The note stands in the text file itself, so it goes wherever the text goes.

``campaign.toml`` says the same of its own texts in a table at its end, by the id of an ask, or
by the path of a table::

    [reading_aid_of]
    sponsor = "summary:ab12cd34 opening:… text:… short:…"
    "facts.growth" = "text:…"

Whoever edits a file by hand need not touch its note: the Spanish then shows as stale, which it
is.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Literal

import tomlkit

from app.campaign.campaign_fields import AID_NOTES, LISTS, translated
from app.campaign.toml_text import toml_values

AidState = Literal["current", "stale", "missing", "left_over", "unknown"]
"""``missing``: no Spanish yet. ``left_over``: its English is gone. ``unknown``: the file does
not say which English it was made for."""

NONE_YET = "-"
"""Stands for a paragraph whose English is not known."""
_GAP = re.compile(r"\n[ \t]*\n\s*")
_MARK = re.compile(r"[0-9a-f]{8}|-")


@dataclass(frozen=True, slots=True)
class Pair:
    """One paragraph in both languages; either may be empty."""

    english: str
    spanish: str
    state: AidState
    mark: str = NONE_YET
    """Which English the Spanish was made for, as its file says."""


def paragraphs(body: str) -> tuple[str, ...]:
    """The parts of a source between empty lines, tags and fields as they stand."""
    text = body.replace("\r\n", "\n").strip()
    return tuple(part.strip("\n") for part in _GAP.split(text)) if text else ()


def mark_of(english: str) -> str:
    """Names the words of a paragraph; breaking its lines elsewhere changes nothing."""
    words = " ".join(english.split())
    return hashlib.sha256(words.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def read_marks(note: str) -> tuple[str, ...]:
    """The marks in a file's ``reading_aid_of``."""
    return tuple(_MARK.findall(note))


def write_marks(marks: Iterable[str]) -> str:
    """Marks as a file keeps them."""
    return " ".join(marks)


def pair(english: str, spanish: str, note: str = "") -> tuple[Pair, ...]:
    """The paragraphs of a letter beside those of its reading aid.

    A Spanish paragraph goes to the English that it was made for wherever that stands now;
    between two such pairs the others are put side by side in order and are stale. Without a
    note, paragraphs are put side by side in order and their state is unknown.
    """
    ours, theirs, marks = paragraphs(english), paragraphs(spanish), read_marks(note)
    if len(marks) != len(theirs):
        marks = tuple(NONE_YET for _ in theirs)
    wanted = [mark_of(text) for text in ours]
    pairs: list[Pair] = []
    if all(mark == NONE_YET for mark in marks):
        pairs = _side_by_side(ours, theirs, marks)
    else:
        steps = SequenceMatcher(None, wanted, marks, autojunk=False).get_opcodes()
        for step, a, b, c, d in steps:
            if step == "equal":
                both = zip(ours[a:b], theirs[c:d], marks[c:d], strict=True)
                pairs += [Pair(here, there, "current", mark) for here, there, mark in both]
            else:
                pairs += _side_by_side(ours[a:b], theirs[c:d], marks[c:d])
    return tuple(pairs)


def _side_by_side(ours: Sequence[str], theirs: Sequence[str], marks: Sequence[str]) -> list[Pair]:
    pairs = []
    for place in range(max(len(ours), len(theirs))):
        here = ours[place] if place < len(ours) else ""
        there = theirs[place] if place < len(theirs) else ""
        state: AidState = "stale"
        if not there:
            state = "missing"
        elif not here:
            state = "left_over"
        elif marks[place] == NONE_YET:
            state = "unknown"
        pairs.append(Pair(here, there, state, marks[place] if there else NONE_YET))
    return pairs


@dataclass(frozen=True, slots=True)
class TypedParagraph:
    """What somebody typed for one paragraph, beside what it was before."""

    english: str
    """The mark of the English that was shown beside it, or ``-`` where there was none."""
    spanish: str
    before: str
    """The Spanish as it was shown."""
    mark: str
    """The mark that it had, or ``-``."""
    fits: bool
    """Whether the box "still fits" was ticked."""


def join(typed: Iterable[TypedParagraph]) -> tuple[str, str]:
    """The body of a reading aid and its note, of what was typed.

    A paragraph that was changed or ticked fits the English beside it; another keeps its mark.
    An empty one is left out; one that was typed as two counts as two for the same English.
    """
    body: list[str] = []
    marks: list[str] = []
    for one in typed:
        changed = one.fits or paragraphs(one.spanish) != paragraphs(one.before)
        for text in paragraphs(one.spanish):
            body.append(text)
            marks.append(one.english if changed and one.english != NONE_YET else one.mark)
    return "\n\n".join(body), write_marks(marks)


AskAidState = Literal["none", "current", "stale", "missing", "unknown"]
"""``none``: nothing to translate; ``unknown``: the file does not say what it was made for."""

TEXTS: dict[str, tuple[str, ...]] = {
    name: translated(name) for name in ("asks", "additions", "facts", "time", "pages", "telephone")
}
"""The texts that a resident can read in Spanish beside the English, by the part they are in."""
_NOTED = re.compile(r"(\w+):([0-9a-f]{8})")

Table = Mapping[str, Any]


def aid_states(text: str, name: str, place: int = 0) -> dict[str, AskAidState]:
    """For each text of part number ``place`` of ``name`` how its Spanish stands to its English."""
    data = toml_values(text)
    key, table = _tables(data, name)[place]
    marks = _marks(data, key)
    return {field: _state(table, field, marks) for field in TEXTS[name]}


def parts_to_translate(text: str) -> dict[tuple[str, str], int]:
    """How many texts are stale or missing, by part and id; only those with any."""
    data = toml_values(text)
    found = {}
    for name, fields in TEXTS.items():
        for key, table in _tables(data, name):
            marks = _marks(data, key)
            states = [_state(table, field, marks) for field in fields]
            number = sum(state in ("stale", "missing") for state in states)
            if number:
                found[name, key.removeprefix(f"{name}.")] = number
    return found


def note_aids(
    before: str, after: str, name: str, place: int = 0, fits: Collection[str] = ()
) -> str:
    """``after`` with the marks of part number ``place`` of ``name`` brought up to date.

    A Spanish text that is new or changed, or that ``fits`` names, fits the English beside it.
    Where only the English changed, the mark of the English that it was made for stays.
    """
    old, new = toml_values(before), toml_values(after)
    tables = _tables(new, name)
    if place >= len(tables):
        return after
    key, table = tables[place]
    was = dict(_tables(old, name)).get(key, {})
    marks = _marks(old, key)
    for field in TEXTS[name]:
        spanish, english = _words(table, field + "_es"), _words(table, field)
        if not spanish or not english:
            marks.pop(field, None)
        elif field in fits or spanish != _words(was, field + "_es"):
            marks[field] = mark_of(english)
        elif field not in marks:
            marks[field] = mark_of(_words(was, field))
    return _write(after, name, key, marks)


def note_every_aid(text: str) -> str:
    """A text of which every Spanish text is known to fit the English beside it."""
    for name, fields in TEXTS.items():
        for place in range(len(_tables(toml_values(text), name))):
            text = note_aids(text, text, name, place, fields)
    return text


def _tables(data: Table, name: str) -> list[tuple[str, Table]]:
    """Each table of a part with what its marks are kept under."""
    return list(_each(data.get(name), name))


def _each(value: object, name: str) -> Iterator[tuple[str, Table]]:
    if isinstance(value, list):
        for table in value:
            key = str(table.get("id", ""))
            yield key if name == "asks" else f"{name}.{key}", table
    elif isinstance(value, dict) and name not in LISTS:
        yield name, value
    elif isinstance(value, dict):
        for key, table in value.items():
            yield f"{name}.{key}", table


def _words(table: Table, name: str) -> str:
    value = table.get(name)
    return value.strip() if isinstance(value, str) else ""


def _marks(data: Table, key: str) -> dict[str, str]:
    notes = data.get(AID_NOTES)
    note = notes.get(key) if isinstance(notes, dict) else None
    return dict(_NOTED.findall(note)) if isinstance(note, str) else {}


def _state(table: Table, name: str, marks: Mapping[str, str]) -> AskAidState:
    english, spanish = _words(table, name), _words(table, name + "_es")
    if not english:
        return "none"
    if not spanish:
        return "missing"
    if name not in marks:
        return "unknown"
    return "current" if marks[name] == mark_of(english) else "stale"


def _write(text: str, name: str, key: str, marks: Mapping[str, str]) -> str:
    note = " ".join(f"{field}:{marks[field]}" for field in TEXTS[name] if field in marks)
    kept = toml_values(text).get(AID_NOTES)
    if (kept or {}).get(key, "") == note:
        return text  # as nearly always, and the other way to read it takes ten times as long
    if kept is None:
        # Written by hand: the library would put a table without any gap above it.
        head = "# --- which English each Spanish text was made for; kept by the Campaign page ---"
        quoted = f'"{key}"' if "." in key else key
        return f'{text.rstrip()}\n\n{head}\n\n[{AID_NOTES}]\n{quoted} = "{note}"\n'
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    doc: Any = tomlkit.parse(text.removeprefix(mark))
    if note:
        doc[AID_NOTES][key] = note
    else:
        doc[AID_NOTES].remove(key)
    return mark + tomlkit.dumps(doc)
