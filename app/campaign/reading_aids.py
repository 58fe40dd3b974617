"""Pairing Spanish texts with their English, and detecting which are stale.

A reading aid's file records under ``reading_aid_of`` which English each paragraph translates: a
*mark*, the first eight hex digits of the SHA-256 of the English paragraph's words. When the
English changes, the Spanish is stale until someone changes it or confirms that it still fits.
The marks are in the text file itself, so they go wherever the text goes.

``campaign.toml`` records the marks of its own texts in a table at its end, by the id of an ask or
by the path of a table::

    [reading_aid_of]
    sponsor = "summary:ab12cd34 opening:… text:… short:…"
    "facts.growth" = "text:…"

Someone who edits a file by hand need not update its marks: the Spanish then shows as stale, which
it is.
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
not say which English it translates."""

NONE_YET = "-"
"""The mark of a paragraph whose English is not known."""
_GAP = re.compile(r"\n[ \t]*\n\s*")
_MARK = re.compile(r"[0-9a-f]{8}|-")


@dataclass(frozen=True, slots=True)
class Pair:
    """One paragraph in both languages; either may be empty."""

    english: str
    spanish: str
    state: AidState
    mark: str = NONE_YET
    """The mark of the English that the Spanish translates, as its file records it."""


def paragraphs(body: str) -> tuple[str, ...]:
    """The paragraphs of a source, split at blank lines, with tags and fields as written."""
    text = body.replace("\r\n", "\n").strip()
    return tuple(part.strip("\n") for part in _GAP.split(text)) if text else ()


def mark_of(english: str) -> str:
    """The mark of a paragraph's words; rewrapping its lines does not change it."""
    words = " ".join(english.split())
    return hashlib.sha256(words.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def read_marks(note: str) -> tuple[str, ...]:
    """The marks in a file's ``reading_aid_of``."""
    return tuple(_MARK.findall(note))


def write_marks(marks: Iterable[str]) -> str:
    """Marks as a file records them."""
    return " ".join(marks)


def pair(english: str, spanish: str, note: str = "") -> tuple[Pair, ...]:
    """Pair the paragraphs of a letter with those of its reading aid.

    A Spanish paragraph is paired with the English that it translates, wherever that is now;
    between two such pairs the rest are paired in order and are stale. Without a note, all are
    paired in order and their state is unknown.
    """
    originals, translations, marks = paragraphs(english), paragraphs(spanish), read_marks(note)
    if len(marks) != len(translations):
        marks = tuple(NONE_YET for _ in translations)
    if all(mark == NONE_YET for mark in marks):
        return tuple(_pair_in_order(originals, translations, marks))
    pairs: list[Pair] = []
    current = [mark_of(text) for text in originals]
    opcodes = SequenceMatcher(None, current, marks, autojunk=False).get_opcodes()
    for tag, a, b, c, d in opcodes:
        if tag == "equal":
            both = zip(originals[a:b], translations[c:d], marks[c:d], strict=True)
            pairs += [Pair(english, spanish, "current", mark) for english, spanish, mark in both]
        else:
            pairs += _pair_in_order(originals[a:b], translations[c:d], marks[c:d])
    return tuple(pairs)


def _pair_in_order(
    originals: Sequence[str], translations: Sequence[str], marks: Sequence[str]
) -> list[Pair]:
    pairs = []
    for index in range(max(len(originals), len(translations))):
        english = originals[index] if index < len(originals) else ""
        spanish = translations[index] if index < len(translations) else ""
        state: AidState = "stale"
        if not spanish:
            state = "missing"
        elif not english:
            state = "left_over"
        elif marks[index] == NONE_YET:
            state = "unknown"
        pairs.append(Pair(english, spanish, state, marks[index] if spanish else NONE_YET))
    return pairs


@dataclass(frozen=True, slots=True)
class TypedParagraph:
    """What someone typed for one paragraph, and what it was before."""

    english: str
    """The mark of the English shown next to it, or ``-`` if there was none."""
    spanish: str
    before: str
    """The Spanish as it was shown."""
    mark: str
    """The mark that the Spanish had, or ``-``."""
    fits: bool
    """Whether the box "still fits" was ticked."""


def join(typed: Iterable[TypedParagraph]) -> tuple[str, str]:
    """The body of a reading aid and its note, from the typed paragraphs.

    A paragraph that was changed or ticked takes the mark of the English next to it; any other
    keeps its own. An empty one is left out; one typed as two becomes two for the same English.
    """
    body: list[str] = []
    marks: list[str] = []
    for typed_one in typed:
        changed = typed_one.fits or paragraphs(typed_one.spanish) != paragraphs(typed_one.before)
        renewed = changed and typed_one.english != NONE_YET
        for text in paragraphs(typed_one.spanish):
            body.append(text)
            marks.append(typed_one.english if renewed else typed_one.mark)
    return "\n\n".join(body), write_marks(marks)


AskAidState = Literal["none", "current", "stale", "missing", "unknown"]
"""``none``: nothing to translate; ``unknown``: the file does not say what it translates."""

TEXTS: dict[str, tuple[str, ...]] = {
    name: translated(name) for name in ("asks", "additions", "facts", "time", "pages", "telephone")
}
"""The texts that residents can read in Spanish next to the English, by part."""
_NOTED = re.compile(r"(\w+):([0-9a-f]{8})")

Table = Mapping[str, Any]


def aid_states(text: str, name: str, index: int = 0) -> dict[str, AskAidState]:
    """The state of the Spanish of each text in table ``index`` (from 0) of ``name``, which the
    file may lack."""
    data = toml_values(text)
    key, table = next(iter(_tables(data, name)[index:]), (name, {}))
    marks = _marks(data, key)
    return {field: _state(table, field, marks) for field in TEXTS[name]}


def parts_to_translate(text: str) -> dict[tuple[str, str], int]:
    """How many texts are stale or missing, by part and id, where any are."""
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
    before: str, after: str, name: str, index: int = 0, fits: Collection[str] = ()
) -> str:
    """``after`` with the marks of table ``index`` (from 0) of ``name`` brought up to date.

    A Spanish text that is new or changed, or that ``fits`` names, takes the mark of its current
    English. Where only the English changed, the old mark stays.
    """
    old, new = toml_values(before), toml_values(after)
    tables = _tables(new, name)
    if index >= len(tables):
        return after
    key, table = tables[index]
    old_table = dict(_tables(old, name)).get(key, {})
    marks = _marks(old, key)
    for field in TEXTS[name]:
        spanish, english = _words(table, field + "_es"), _words(table, field)
        if not spanish or not english:
            marks.pop(field, None)
        elif field in fits or spanish != _words(old_table, field + "_es"):
            marks[field] = mark_of(english)
        elif field not in marks:
            marks[field] = mark_of(_words(old_table, field))
    return _write(after, name, key, marks)


def note_every_aid(text: str) -> str:
    """``text`` with every Spanish text marked as fitting its English."""
    for name, fields in TEXTS.items():
        for index in range(len(_tables(toml_values(text), name))):
            text = note_aids(text, text, name, index, fields)
    return text


def _tables(data: Table, name: str) -> list[tuple[str, Table]]:
    """Each table of a part, with the key under which its marks are kept."""
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
        return text  # the usual case, and tomlkit takes ten times as long to parse
    if kept is None:
        # Written out here, because tomlkit would leave no blank line above the table.
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
