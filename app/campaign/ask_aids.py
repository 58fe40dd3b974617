"""Which English each Spanish text of an ask was made for, noted in ``campaign.toml`` itself.

At the end of the file a table says for each ask, by id, the marks of its texts::

    [reading_aid_of]
    sponsor = "summary:ab12cd34 opening:… text:… short:…"

Whoever edits the file by hand need not touch it: the Spanish then shows as stale, which it is.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Mapping
from typing import Any, Literal

import tomlkit

from app.campaign.edit import ASK_TEXTS
from app.campaign.translation import KEY, mark_of

AskAidState = Literal["none", "current", "stale", "missing", "unknown"]
"""``none``: nothing to translate; ``unknown``: the file does not say what it was made for."""

_MARK = re.compile(r"(\w+):([0-9a-f]{8})")


def aid_states(text: str, place: int) -> dict[str, AskAidState]:
    """For each text of ask number ``place`` how its Spanish stands to its English."""
    data = tomllib.loads(text.replace("\r\n", "\n"))
    ask = data["asks"][place]
    marks = _marks(data, str(ask.get("id", "")))
    return {name: _state(ask, name, marks) for name in ASK_TEXTS}


def asks_to_translate(text: str) -> dict[str, int]:
    """How many texts of each ask are stale or missing, by id; only those with any."""
    data = tomllib.loads(text.replace("\r\n", "\n"))
    found = {}
    for ask in data.get("asks", []):
        marks = _marks(data, str(ask.get("id", "")))
        states = [_state(ask, name, marks) for name in ASK_TEXTS]
        number = sum(state in ("stale", "missing") for state in states)
        if number:
            found[str(ask.get("id", ""))] = number
    return found


def note_aids(before: str, after: str, place: int, fits: Collection[str] = ()) -> str:
    """``after`` with the marks of ask number ``place`` brought up to date.

    A Spanish text that is new or changed, or that ``fits`` names, fits the English beside it.
    Where only the English changed, the mark of the English that it was made for stays.
    """
    old, new = tomllib.loads(_plain(before)), tomllib.loads(_plain(after))
    ask = new["asks"][place]
    ask_id = str(ask.get("id", ""))
    was: dict[str, Any] = next((a for a in old.get("asks", []) if a.get("id") == ask_id), {})
    marks = _marks(old, ask_id)
    for name in ASK_TEXTS:
        spanish, english = _words(ask, name + "_es"), _words(ask, name)
        if not spanish or not english:
            marks.pop(name, None)
        elif name in fits or spanish != _words(was, name + "_es"):
            marks[name] = mark_of(english)
        elif name not in marks:
            marks[name] = mark_of(_words(was, name))
    return _write(after, ask_id, marks)


def note_all(text: str) -> str:
    """The text with a mark for every Spanish text that has none yet."""
    data = tomllib.loads(_plain(text))
    for ask in data.get("asks", []):
        ask_id = str(ask.get("id", ""))
        marks = _marks(data, ask_id)
        for name in ASK_TEXTS:
            if _words(ask, name) and _words(ask, name + "_es"):
                marks.setdefault(name, mark_of(_words(ask, name)))
        text = _write(text, ask_id, marks)
    return text


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n")


def _words(ask: Mapping[str, Any], name: str) -> str:
    value = ask.get(name)
    return value.strip() if isinstance(value, str) else ""


def _marks(data: Mapping[str, Any], ask_id: str) -> dict[str, str]:
    notes = data.get(KEY)
    note = notes.get(ask_id) if isinstance(notes, dict) else None
    return dict(_MARK.findall(note)) if isinstance(note, str) else {}


def _state(ask: Mapping[str, Any], name: str, marks: Mapping[str, str]) -> AskAidState:
    english, spanish = _words(ask, name), _words(ask, name + "_es")
    if not english:
        return "none"
    if not spanish:
        return "missing"
    if name not in marks:
        return "unknown"
    return "current" if marks[name] == mark_of(english) else "stale"


def _write(text: str, ask_id: str, marks: Mapping[str, str]) -> str:
    doc = tomlkit.parse(text)
    note = " ".join(f"{name}:{marks[name]}" for name in ASK_TEXTS if name in marks)
    table = doc.get(KEY)
    if (table.get(ask_id, "") if table is not None else "") == note:
        return text
    if table is None:
        # Written by hand: the library would put a table without any gap above it.
        head = "# --- which English each Spanish text was made for; kept by the Campaign page ---"
        return f'{text.rstrip()}\n\n{head}\n\n[{KEY}]\n{ask_id} = "{note}"\n'
    if note:
        table[ask_id] = note
    else:
        table.remove(ask_id)
    return tomlkit.dumps(doc)
