"""Which English each Spanish text was made for, noted in ``campaign.toml`` itself.

At the end of the file a table says the marks of the texts: for each ask by its id, for an
addition, a fact and the notes on time by the path of their table::

    [reading_aid_of]
    sponsor = "summary:ab12cd34 opening:… text:… short:…"
    "facts.growth" = "text:…"

Whoever edits the file by hand need not touch it: the Spanish then shows as stale, which it is.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Literal

import tomlkit

from app.campaign.edit_fields import ASK_TEXTS, MOMENTS
from app.campaign.translation import KEY, mark_of

AskAidState = Literal["none", "current", "stale", "missing", "unknown"]
"""``none``: nothing to translate; ``unknown``: the file does not say what it was made for."""

TEXTS: dict[str, tuple[str, ...]] = {
    "asks": ASK_TEXTS,
    "additions": ("text", "short"),
    "facts": ("text",),
    "time": MOMENTS,
    "prompt_hint": ("text",),
}
"""The texts that a resident can read in Spanish beside the English, by the part they are in."""
_MARK = re.compile(r"(\w+):([0-9a-f]{8})")

Table = Mapping[str, Any]


def aid_states(text: str, name: str, place: int = 0) -> dict[str, AskAidState]:
    """For each text of part number ``place`` of ``name`` how its Spanish stands to its English."""
    data = tomllib.loads(_plain(text))
    key, table = _tables(data, name)[place]
    marks = _marks(data, key)
    return {field: _state(table, field, marks) for field in TEXTS[name]}


def parts_to_translate(text: str) -> dict[tuple[str, str], int]:
    """How many texts are stale or missing, by part and id; only those with any."""
    data = tomllib.loads(_plain(text))
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
    old, new = tomllib.loads(_plain(before)), tomllib.loads(_plain(after))
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


def note_all(text: str) -> str:
    """The text with a mark for every Spanish text that has none yet."""
    data = tomllib.loads(_plain(text))
    for name, fields in TEXTS.items():
        for key, table in _tables(data, name):
            marks = _marks(data, key)
            for field in fields:
                if _words(table, field) and _words(table, field + "_es"):
                    marks.setdefault(field, mark_of(_words(table, field)))
            text = _write(text, name, key, marks)
    return text


def _tables(data: Table, name: str) -> list[tuple[str, Table]]:
    """Each table of a part with what its marks are kept under."""
    return list(_each(data.get(name), name))


def _each(value: object, name: str) -> Iterator[tuple[str, Table]]:
    if isinstance(value, list):
        for table in value:
            key = str(table.get("id", ""))
            yield key if name == "asks" else f"{name}.{key}", table
    elif isinstance(value, dict) and name in ("time", "prompt_hint"):
        yield name, value
    elif isinstance(value, dict):
        for key, table in value.items():
            yield f"{name}.{key}", table


def _plain(text: str) -> str:
    return text.removeprefix("\ufeff").replace("\r\n", "\n")


def _words(table: Table, name: str) -> str:
    value = table.get(name)
    return value.strip() if isinstance(value, str) else ""


def _marks(data: Table, key: str) -> dict[str, str]:
    notes = data.get(KEY)
    note = notes.get(key) if isinstance(notes, dict) else None
    return dict(_MARK.findall(note)) if isinstance(note, str) else {}


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
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    doc = tomlkit.parse(text.removeprefix(mark))
    note = " ".join(f"{field}:{marks[field]}" for field in TEXTS[name] if field in marks)
    table = doc.get(KEY)
    if (table.get(key, "") if table is not None else "") == note:
        return text
    if table is None:
        # Written by hand: the library would put a table without any gap above it.
        head = "# --- which English each Spanish text was made for; kept by the Campaign page ---"
        quoted = f'"{key}"' if "." in key else key
        return f'{text.rstrip()}\n\n{head}\n\n[{KEY}]\n{quoted} = "{note}"\n'
    if note:
        table[key] = note
    else:
        table.remove(key)
    return mark + tomlkit.dumps(doc)
