"""What differs between two versions of ``campaign.toml``, in the words of the page."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass

from app.campaign import edit
from app.campaign.edit_fields import KEYED, LISTS, SECTIONS, field_paths
from app.site.i18n import gettext as _
from app.web.organizer import campaign_words as words


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field before and after; empty where there is none."""

    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class PartChange:
    """What changed in one part of the campaign."""

    title: str
    note: str
    """``added``, ``taken out`` or empty, in words."""
    fields: tuple[FieldChange, ...]


def changes(before: str, after: str) -> list[PartChange]:
    """Everything that differs, part by part; empty when the fields say the same."""
    found = []
    for name, fields in SECTIONS.items():
        changed = _fields(before, tuple(fields), after, tuple(fields))
        if changed:
            found.append(PartChange(str(words.TITLES[name]), "", changed))
    for name in LISTS:
        found += _list_changes(name, before, after)
    if not found and _plain(before) != _plain(after):
        found.append(PartChange(_("Other parts of the file"), _("changed"), ()))
    return found


def _plain(text: str) -> object:
    return tomllib.loads(text.removeprefix("\ufeff").replace("\r\n", "\n"))


def _fields(
    before: str, old: tuple[str, ...], after: str, new: tuple[str, ...]
) -> tuple[FieldChange, ...]:
    was, now = edit.read_fields(before, old), edit.read_fields(after, new)
    pairs = zip(was.items(), now.values(), strict=True)
    return tuple(FieldChange(words.label(p), one, two) for (p, one), two in pairs if one != two)


def keys_of(name: str, text: str) -> list[str]:
    """What each table of a list is known by: its id, or its English words."""
    key = {"prompts": "text", "forbidden": "pattern"}.get(name, "id")
    return list(edit.read_column(text, name, key))


def _list_changes(name: str, before: str, after: str) -> list[PartChange]:
    old, new = keys_of(name, before), keys_of(name, after)
    title = str(words.TITLES[name])
    found: list[PartChange] = []
    pairs = _pairs(old, new, by_name=name in KEYED)
    for one, two in pairs:
        if one is None and two is not None:
            fields = _only(name, two, after)
            shown = tuple(FieldChange(label, "", value) for label, value in fields)
            found.append(PartChange(f"{title}: {new[two][:60]}", _("added"), shown))
        elif two is None and one is not None:
            fields = _only(name, one, before)
            shown = tuple(FieldChange(label, value, "") for label, value in fields)
            found.append(PartChange(f"{title}: {old[one][:60]}", _("taken out"), shown))
        elif one is not None and two is not None:
            changed = _fields(before, field_paths(name, one), after, field_paths(name, two))
            if changed:
                found.append(PartChange(f"{title}: {new[two][:60]}", "", changed))
    both = [key for key in old if key in new]
    if both != [key for key in new if key in old]:
        order = FieldChange(_("Order"), "\n".join(old), "\n".join(new))
        found.append(PartChange(title, _("in another order"), (order,)))
    return found


def _pairs(old: list[str], new: list[str], *, by_name: bool) -> list[tuple[int | None, int | None]]:
    """Which table became which. Those with an id keep it; others are put side by side."""
    if by_name:
        kept = [(old.index(key), place) for place, key in enumerate(new) if key in old]
        gone = [(place, None) for place, key in enumerate(old) if key not in new]
        added = [(None, place) for place, key in enumerate(new) if key not in old]
        return [*kept, *gone, *added]
    left = [n for n, key in enumerate(old) if key not in new]
    come = [n for n, key in enumerate(new) if key not in old]
    same = [(old.index(key), n) for n, key in enumerate(new) if key in old]
    paired = min(len(left), len(come))
    changed = list(zip(left[:paired], come[:paired], strict=True))
    return [
        *same, *changed,
        *((n, None) for n in left[paired:]), *((None, n) for n in come[paired:]),
    ]  # fmt: skip


def _only(name: str, place: int, text: str) -> list[tuple[str, str]]:
    paths = field_paths(name, place)
    return [(words.label(p), v) for p, v in edit.read_fields(text, paths).items() if v]
