"""Editing single fields of ``campaign.toml`` without losing its comments or its order.

``campaign_fields`` defines the fields. A form sends text, which becomes a date, a number, a list
or words here. Unchanged values are not touched, so saving a page leaves the rest of the file byte
for byte.
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
    is_field,
    without_index,
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
    """The number of items in a list, such as asks or facts."""
    return len(toml_values(text).get(name, []))


def read_fields(text: str, paths: tuple[str, ...]) -> dict[str, str]:
    """The values of fields as a form shows them; empty for a missing one."""
    data = toml_values(text)
    return {path: _shown(_find(data, path), field_at(path)) for path in paths}


def read_column(text: str, name: str, key: str) -> tuple[str, ...]:
    """One field of every item in a list, such as asks or facts, in order."""
    tables = toml_values(text).get(name, [])
    if isinstance(tables, dict):
        if key == "id":
            return tuple(tables)
        tables = tables.values()
    return tuple(_shown(table.get(key), field_at(f"{name}.{key}")) for table in tables)


def set_fields(text: str, values: Mapping[str, str]) -> str | dict[str, Message]:
    """The text with new values in its fields, or what is wrong with them, by path.

    An empty value removes an optional field but keeps a comment on its line.
    ``problems_by_field`` checks whether the values make sense together.
    """
    data = toml_values(text)
    changed: dict[str, Any] = {}
    wrong: dict[str, Message] = {}
    for path, raw in values.items():
        if without_index(path) in _NAMES:
            continue
        field = field_at(path)
        typed = field.clean(raw)
        if typed == _shown(_find(data, path), field):
            continue
        value = _value(typed, field)
        if isinstance(value, Message):
            wrong[path] = value
        else:
            changed[path] = value
    if wrong or not changed:
        return wrong or text
    bom = "\ufeff" if text.startswith("\ufeff") else ""
    doc = tomlkit.parse(text.removeprefix(bom))
    for path, value in changed.items():
        _put(doc, path, value, long=field_at(path).long)
    return bom + tomlkit.dumps(doc)


def problems_by_field(slug: str, text: str) -> dict[str, Message]:
    """What is wrong with a ``campaign.toml``, by the path of the field; ``""`` is the whole file.

    Empty if it can be used. Only the first problem of a field is given.
    """
    _campaign, problems = read_toml(slug, text)
    found: dict[str, Message] = {}
    data = toml_values(text) if problems and problems[0].what.code != "toml" else {}
    for problem in problems:
        path = _by_index(problem.field, data)
        found.setdefault(path if is_field(path) else "", problem.what)
    return found


def fixed_changes(before: str, after: str) -> tuple[str, ...]:
    """The fixed fields that a change would alter, although signatures refer to them.

    An empty value may be filled in: a bill can get a companion in the other chamber.
    """
    old, new = read_fields(before, FIXED), read_fields(after, FIXED)
    return tuple(path for path in FIXED if old[path] and old[path] != new[path])


def fixed_asks(text: str) -> set[int]:
    """The indexes of the asks that cannot change places with the one before them, because the last
    ask of a stage must be for everyone."""
    enacted = read_fields(text, ("enacted",))["enacted"]
    whens, stages = (read_column(text, "asks", key) for key in ("when", "stages"))
    used = [
        [stage for stage in typed.split() or STAGES if stage != "enacted" or enacted]
        for typed in stages
    ]
    last = {stage: n for n, here in enumerate(used) for stage in here}
    return {
        n
        for n in range(1, len(used))
        if whens[n - 1] and any(last[stage] == n for stage in used[n - 1])
    }


def unreadable(values: Mapping[str, str]) -> dict[str, Message]:
    """The typed values that are not of their field's kind, such as a day or a number, by path."""
    found: dict[str, Message] = {}
    for path, raw in values.items():
        value = _value(raw, field_at(path))
        if isinstance(value, Message):
            found[path] = value
    return found


def new_table(name: str, values: Mapping[str, str]) -> str:
    """A table ``[[name]]``, or ``[facts.growth]``, with these values, as text to insert.

    The ``id`` of a named table must match ``FACT_ID``.
    """
    table = tomlkit.table()
    head = f"[{name}.{values['id']}]" if name in NAMED else f"[[{name}]]"
    for field in LISTS[name]:
        if name in NAMED and field.kind == "id":
            continue
        value = _value(values.get(field.key, ""), field)
        if not isinstance(value, Message) and value not in (None, ""):
            table[field.key] = _item(value, None, long=field.long)
    return f"{head}\n{tomlkit.dumps(table)}"


def states_in(typed: str) -> tuple[str, ...]:
    """The postal codes of states, from codes separated by spaces or commas, or names by commas.

    Anything else is returned as typed, so that a condition made of it is refused with a message.
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
"""Names of tables, which are never changed, because letters use them."""


def _wrong(code: str) -> Message:
    """What is wrong with a typed value, to be shown next to its field."""
    return Message.of(code, key="", value="", what="")


def _find(data: Any, path: str) -> Any:
    keys = path.split(".")
    if keys[0] in NAMED:
        names, index = list(data.get(keys[0], {})), int(keys[1])
        if index >= len(names):
            return None
        if keys[2] == "id":
            return names[index]
        keys[1] = names[index]
    for key in keys:
        if isinstance(data, list):
            index = int(key)
            data = data[index] if index < len(data) else None
        else:
            data = data.get(key) if isinstance(data, dict) else None
    return data


def _shown(value: Any, field: CampaignField) -> str:
    kind = field.kind
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
    return field.clean(str(value))


def _value(typed: str, field: CampaignField) -> Any:
    """The value for the file, None for no value, or a ``Message`` saying what is wrong."""
    kind, typed = field.kind, field.clean(typed)
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
    """Sorted postal codes, None for none, or what is wrong."""
    found = states_in(typed)
    return _wrong("list") if not set(found) <= set(STATES) else [*found] or None


def _put(doc: Any, path: str, value: Any, *, long: bool) -> None:
    *parents, key = path.split(".")
    if parents and parents[0] in NAMED:
        parents[1] = list(doc[parents[0]])[int(parents[1])]
    table = doc
    for part in parents:
        if isinstance(table, list):
            table = table[int(part)]
        else:
            if part not in table:
                table[part] = tomlkit.table()
            table = table[part]
    old = table.get(key)
    if value is None or value == "":
        if old is not None:
            _remove_key(table, key)
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


def _remove_key(table: Any, key: str) -> None:
    """Remove a key; a comment on its line stays, on a separate line."""
    container = table.value if isinstance(table, Table) else table
    item: Any = container.item(key)
    comment = item.trivia.comment
    index = next(n for n, (k, _v) in enumerate(container.body) if k is not None and k.key == key)
    table.remove(key)
    if comment:
        line = Comment(Trivia(indent="", comment_ws="", comment=comment, trail="\n"))
        container.body[index] = (None, line)


def _by_index(path: str, data: Mapping[str, Any]) -> str:
    """``facts.growth.text`` → ``facts.0.text``; other paths unchanged."""
    name, _, rest = path.partition(".")
    key, dot, field = rest.partition(".")
    names = list(data.get(name, ())) if name in NAMED else []
    return f"{name}.{names.index(key)}{dot}{field}" if key in names else path
