"""Changing single fields of ``campaign.toml`` while its comments and its order stay.

Which fields there are stands in ``edit_fields``. What a form sends is text; here it becomes a
date, a number, a list or words, and a value that did not change is not touched, so that a saved
page leaves the rest of the file byte for byte.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import tomlkit
from tomlkit.items import Comment, String, Table, Trivia

from app.campaign.campaign_fields import (
    EVERY_STAGE,
    FIXED,
    LISTS,
    NAMED,
    CampaignField,
    field_at,
    general,
    is_field,
)
from app.campaign.campaign_file import read_toml
from app.campaign.entities import STAGES
from app.campaign.problems import Message
from app.campaign.toml_text import toml_values
from app.campaign.words import printed_number
from app.congress.model import STATES
from app.congress.places import read_state
from app.text import read_day

_MOMENT = re.compile(r"(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2})(:\d{2})?")


def count_of(text: str, name: str) -> int:
    """How many asks, facts or other parts of a list there are."""
    return len(toml_values(text).get(name, []))


def read_fields(text: str, paths: tuple[str, ...]) -> dict[str, str]:
    """The values of fields as a form shows them; empty where there is none."""
    data = toml_values(text)
    return {path: _shown(_find(data, path), field_at(path)) for path in paths}


def read_column(text: str, name: str, key: str) -> tuple[str, ...]:
    """One field of every ask, fact or other part of a list, in order."""
    tables = toml_values(text).get(name, [])
    if isinstance(tables, dict):
        if key == "id":
            return tuple(tables)
        tables = tables.values()
    return tuple(_shown(table.get(key), field_at(f"{name}.{key}")) for table in tables)


def set_fields(text: str, values: Mapping[str, str]) -> str | dict[str, Message]:
    """The text with new values in its fields, or what cannot be read, by path.

    An empty value takes an optional field out; a comment beside it stays. Whether the values
    make sense together is told by ``problems_by_field``.
    """
    data = toml_values(text)
    typed_anew: dict[str, Any] = {}
    wrong: dict[str, Message] = {}
    for path, raw in values.items():
        if general(path) in _NAMES:
            continue
        one = field_at(path)
        typed = one.clean(raw)
        if typed == _shown(_find(data, path), one):
            continue
        value = _value(typed, one)
        if isinstance(value, Message):
            wrong[path] = value
        else:
            typed_anew[path] = value
    if wrong or not typed_anew:
        return wrong or text
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    doc = tomlkit.parse(text.removeprefix(mark))
    for path, value in typed_anew.items():
        _put(doc, path, value, long=field_at(path).long)
    return mark + tomlkit.dumps(doc)


def problems_by_field(slug: str, text: str) -> dict[str, Message]:
    """What is wrong with a ``campaign.toml``, by the path of the field; ``""`` for the whole.

    Empty when it can be used. Where a field has several problems, the first stands.
    """
    _campaign, problems = read_toml(slug, text)
    found: dict[str, Message] = {}
    data = toml_values(text) if problems and problems[0].what.code != "toml" else {}
    for problem in problems:
        path = _by_place(problem.field, data)
        found.setdefault(path if is_field(path) else "", problem.what)
    return found


def fixed_changes(before: str, after: str) -> tuple[str, ...]:
    """The paths that a change would alter although signatures name what stands there.

    A value that was empty may be filled in: a bill can get a companion in the other chamber.
    """
    was, now = read_fields(before, FIXED), read_fields(after, FIXED)
    return tuple(path for path in FIXED if was[path] and was[path] != now[path])


def unreadable(values: Mapping[str, str]) -> dict[str, Message]:
    """Which values as typed are no day, number or list of states, by path."""
    found: dict[str, Message] = {}
    for path, raw in values.items():
        one = field_at(path)
        value = _value(raw, one)
        if isinstance(value, Message):
            found[path] = value
    return found


def new_table(name: str, values: Mapping[str, str]) -> str:
    """A table ``[[name]]``, or ``[facts.growth]``, with these values, as text to insert.

    The ``id`` of a named table must be one that ``FACT_ID`` takes.
    """
    table = tomlkit.table()
    head = f"[{name}.{values['id']}]" if name in NAMED else f"[[{name}]]"
    for one in LISTS[name]:
        if name in NAMED and one.kind == "id":
            continue
        value = _value(values.get(one.key, ""), one)
        if not isinstance(value, Message) and value not in (None, ""):
            table[one.key] = _item(value, None, long=one.long)
    return f"{head}\n{tomlkit.dumps(table)}"


def states_in(typed: str) -> tuple[str, ...]:
    """The postal codes of states, from codes or names with commas or spaces between them.

    What is no state stays as it was typed, so that whoever reads a condition with it is told.
    """
    found: set[str] = set()
    for part in re.split(r"[,;\n]", typed):
        words = " ".join(re.sub(r'["\\{}%]', " ", part).split())
        named = read_state(words)
        several = [named] if named else words.upper().split()
        found.update(several if set(several) <= set(STATES) else [words])
    return tuple(sorted(found))


# --- from file to form and back ------------------------------------------------------------


_NAMES = tuple(f"{name}.id" for name in NAMED)
"""The name of a table: letters use it, so it is not changed."""


def _wrong(code: str) -> Message:
    """What is wrong with a value as typed, for whoever shows it beside its field."""
    return Message.of(code, key="", value="", what="")


def _find(data: Any, path: str) -> Any:
    keys = path.split(".")
    if keys[0] in NAMED:
        names, number = list(data.get(keys[0], {})), int(keys[1])
        if number >= len(names):
            return None
        if keys[2] == "id":
            return names[number]
        keys[1] = names[number]
    for key in keys:
        if isinstance(data, list):
            number = int(key)
            data = data[number] if number < len(data) else None
        else:
            data = data.get(key) if isinstance(data, dict) else None
    return data


def _shown(value: Any, one: CampaignField) -> str:
    kind = one.kind
    if kind == "stages":
        chosen = value if isinstance(value, list) else STAGES
        return " ".join(stage for stage in EVERY_STAGE if stage in chosen)
    if value is None:
        return ""
    if kind == "states":
        return ", ".join(value) if isinstance(value, list) else ""
    if kind in ("flag", "tick"):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    if isinstance(value, date):
        return value.isoformat()
    return one.clean(str(value))


def _value(typed: str, one: CampaignField) -> Any:
    """A value for the file, of what was typed; None for nothing."""
    kind, typed = one.kind, one.clean(typed)
    if kind == "stages":
        return [stage for stage in EVERY_STAGE if stage in typed.split()]
    if kind == "states":
        return _states(typed)
    if not typed:
        return _wrong("empty") if kind in ("whole", "moment") else None
    if kind == "day":
        return read_day(typed) or _wrong("day")
    if kind in ("flag", "tick"):
        return {"true": True, "false": False if kind == "flag" else None}.get(typed)
    if kind == "whole":
        fine = typed.isascii() and typed.isdigit() and 0 < int(typed[:9]) < 1_000_000
        return int(typed) if fine else _wrong("whole")
    if kind == "bill":
        return printed_number(typed) or _wrong("bill-number")
    if kind == "moment":
        match = _MOMENT.fullmatch(typed)
        try:
            return (
                datetime.fromisoformat(f"{match[1]}T{match[2]}:00") if match else _wrong("moment")
            )
        except ValueError:
            return _wrong("moment")
    return typed


def _states(typed: str) -> list[str] | Message | None:
    """Postal codes in order."""
    found = states_in(typed)
    return _wrong("list") if not set(found) <= set(STATES) else [*found] or None


def _put(doc: Any, path: str, value: Any, *, long: bool) -> None:
    *way, key = path.split(".")
    if way[:1] and way[0] in NAMED:
        way[1] = list(doc[way[0]])[int(way[1])]
    table = doc
    for part in way:
        if isinstance(table, list):
            table = table[int(part)]
        else:
            if part not in table:
                table[part] = tomlkit.table()
            table = table[part]
    old = table.get(key)
    if value is None or value == "":
        if old is not None:
            _take_out(table, key)
    else:
        table[key] = _item(value, old, long=long)


def _item(value: Any, old: Any, *, long: bool) -> Any:
    if not isinstance(value, str):
        return tomlkit.item(value)
    was_long = isinstance(old, String) and old.as_string().startswith(('"""', "'''"))
    if long and ("\n" in value or was_long):
        return tomlkit.string(f"\n{value}\n", multiline=True)
    literal = "\\" in value and "'" not in value and "\n" not in value
    return tomlkit.string(value, literal=literal)


def _take_out(table: Any, key: str) -> None:
    """Take a key out; a comment on its line stays as a line of its own."""
    container = table.value if isinstance(table, Table) else table
    item: Any = container.item(key)
    comment = item.trivia.comment
    place = next(n for n, (k, _v) in enumerate(container.body) if k is not None and k.key == key)
    table.remove(key)
    if comment:
        line = Comment(Trivia(indent="", comment_ws="", comment=comment, trail="\n"))
        container.body[place] = (None, line)


def _by_place(path: str, data: Mapping[str, Any]) -> str:
    """``facts.growth.text`` → ``facts.0.text``; other paths as they are."""
    name, _, rest = path.partition(".")
    key, dot, field = rest.partition(".")
    names = list(data.get(name, ())) if name in NAMED else []
    return f"{name}.{names.index(key)}{dot}{field}" if key in names else path
