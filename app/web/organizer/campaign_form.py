"""A part of the campaign as a form: its fields, what was typed, and what that changes.

Organizers edit the draft of ``campaign.toml`` if there is one, else the live text. A form carries
the revision that it was made from. If someone else has saved since, the changes are merged field
by field: changes to different fields are all kept; if both changed the same field, both texts are
shown and nothing is written.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import zip_longest
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, Field

from app.campaign import edit, reading_aids
from app.campaign.campaign_fields import (
    EVERY_STAGE,
    KEYED,
    LISTS,
    SECTIONS,
    ZONES,
    field_at,
    field_paths,
    section_paths,
    without_index,
)
from app.campaign.entities import ANY_TOPIC, TOPICS
from app.campaign.problems import Message
from app.campaign.text_changes import three_way
from app.campaign.toml_text import toml_values
from app.congress.model import WASHINGTON
from app.records.counts import anyone_signed
from app.site.i18n import gettext as _
from app.site.i18n import long_date, moment_words
from app.site.services import MEASURE, Services, services
from app.web.forms import RowField, Several, SiteForm, entry, sent
from app.web.organizer.drafts import Working, save, text_at, working
from app.web.organizer.show import zone_name
from app.web.organizer.who import WhoForm, condition_view, who_words
from app.web.problem_words import STAGES, problem_words


def index_of_id(text: str, name: str, key: str) -> int | None:
    """The index of a list's item with this id in a text; None if there is none."""
    ids = edit.read_column(text, name, "id")
    return ids.index(key) if key in ids else None


# --- words -------------------------------------------------------------------------------


TITLES = {
    "bill": _l("The %(bill)s and its dates", bill=MEASURE),
    "committees": _l("Committees"),
    "states": _l("States with a law of their own"),
    "pages": _l("What pages say about the %(bill)s", bill=MEASURE),
    "about": _l("Part of the page about the %(bill)s", bill=MEASURE),
    "figures": _l("Bar of the chart"),
    "telephone": _l("What a call is about"),
    "asks": _l("Ask"),
    "additions": _l("Sentence added to an ask"),
    "facts": _l("Dated fact"),
    "prompts": _l("Question for a story"),
    "forbidden": _l("Claim to avoid"),
    "related": _l("Earlier or opposing %(bill)s", bill=MEASURE),
}
TITLE_FIELD = {
    "asks": "summary", "additions": "short", "facts": "text", "prompts": "text",
    "forbidden": "words", "related": "title", "about": "heading", "figures": "label",
}  # fmt: skip
"""The field by which people recognize a list's items."""


def label(path: str) -> str:
    """The name of a field, in the reader's language."""
    field = field_at(path)
    name = _(field.label, bill=MEASURE)
    return _("%(field)s, in Spanish", field=name) if field.spanish else name


def hint(path: str) -> str:
    """What a field is for, or an example; may be empty."""
    return _(field_at(path).hint) if field_at(path).hint else ""


CHOICE_WORDS = {
    "earlier": _l("an earlier version of the %(bill)s", bill=MEASURE),
    "opposes": _l("a %(bill)s for the opposite", bill=MEASURE),
    "house": _l("House of Representatives"),
    "senate": _l("Senate"),
}


def options(path: str) -> tuple[tuple[str, str], ...]:
    """The options of a choice, each a value with its words."""
    if path == "confirm_email":
        return (
            ("", _("as the site’s settings say")),
            ("true", _("count only confirmed addresses")),
            ("false", _("count without a confirmation")),
        )
    if path == "position":
        return (
            ("", _("for the %(bill)s", bill=MEASURE)),
            ("against", _("against the %(bill)s", bill=MEASURE)),
        )
    if path == "topic":
        return (("", _("%(topic)s, while none is chosen", topic=ANY_TOPIC)),
                *((topic, topic) for topic in TOPICS))  # fmt: skip
    if path == "goal_public":
        return (("", _("no")), ("true", _("yes")))
    if path.startswith("committees."):
        return _committees(path)
    choices = field_at(path).choices
    if not choices:
        return tuple((zone, zone_name(zone)) for zone in ZONES)
    return tuple((value, str(CHOICE_WORDS.get(value, value))) for value in choices)


def _committees(path: str) -> tuple[tuple[str, str], ...]:
    """The chamber's committees by name, or its subcommittees grouped by committee."""
    names = services().tables.committee_names
    letter = "H" if path.startswith("committees.house.") else "S"
    ours = [code for code in sorted(names) if code.startswith(letter)]
    if path.endswith(".code"):
        found = [(code, names[code]) for code in ours if len(code) == 4]
    else:
        found = [
            (code, f"{_short(names[code[:4]])}: {names[code]}")
            for code in ours
            if len(code) > 4 and code[:4] in names
        ]
    return (("", _("none")), *sorted(found, key=lambda pair: pair[1]))


def _short(name: str) -> str:
    short = name.removeprefix("House ").removeprefix("Senate ").removeprefix("Committee on ")
    return short.removeprefix("the ")


def value_words(path: str, value: str) -> str:
    """A value as people read it: a choice in words, a day in full."""
    kind = field_at(path).kind
    if kind == "condition":
        return who_words(value)  # an empty condition has words too: everyone else
    if not value:
        return ""
    if kind == "day":
        return long_date(date.fromisoformat(value))
    if kind == "moment":
        there = datetime.fromisoformat(value).replace(tzinfo=WASHINGTON)
        return moment_words(there, WASHINGTON.key)
    if kind in ("choice", "flag", "zone"):
        return dict(options(path)).get(value, value)
    if kind == "stages":
        return ", ".join(str(STAGES[stage]) for stage in value.split())
    return _("yes") if kind == "tick" else value


# --- one part ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the file that has its own page: a section, or one item of a list."""

    name: str
    """``bill``, ``committees``, ``states`` or ``pages``; or a list, such as ``asks``."""
    place: int = 0
    key: str = ""
    """The item's id, if items of its list have one."""

    @property
    def paths(self) -> tuple[str, ...]:
        if self.name in SECTIONS:
            return section_paths(self.name)
        paths = field_paths(self.name, self.place)
        return tuple(
            path for path in paths if without_index(path) != f"{self.name}.id" or not self.keyed
        )

    @property
    def keyed(self) -> bool:
        return self.name in KEYED

    @property
    def aids(self) -> str:
        """The key in ``reading_aids.TEXTS`` of the texts whose Spanish is tracked; empty if none
        is."""
        part = "time" if self.name == "bill" else self.name
        return part if part in reading_aids.TEXTS else ""

    def within(self, text: str) -> Section | None:
        """The section with this id in another text; None if it is gone. One without is the same
        everywhere."""
        if not self.keyed:
            return self
        place = index_of_id(text, self.name, self.key)
        return None if place is None else Section(self.name, place, self.key)

    def moved(self, before: str, now: str) -> Section | None:
        """This section of ``before`` in a later text; None if it is gone. An item without an id is
        found by its values, or at its index if it was edited there and no other moved."""
        if self.keyed or self.name in SECTIONS:
            return self.within(now)
        old, new = (
            [_values(text, self.name, n) for n in range(edit.count_of(text, self.name))]
            for text in (before, now)
        )
        if self.place >= len(old):
            return None
        if old[self.place] in new:
            return Section(self.name, new.index(old[self.place]))
        edited = len(old) == len(new) and new[self.place] not in old
        return self if edited else None


def _values(text: str, name: str, place: int) -> list[str]:
    """The values of one item of a list."""
    return list(edit.read_fields(text, field_paths(name, place)).values())


@dataclass(frozen=True, slots=True)
class NotSaved:
    """Nothing was written; the page is shown again with what was typed."""

    problems: dict[str, str]
    """By path; ``""`` for the form as a whole."""
    theirs: dict[str, str]
    """What someone else wrote, by path, for the fields that both changed."""
    base: int
    another_bill: bool = False
    """Whether the campaign would be about a different bill than the one people signed for."""
    newer: Mapping[str, str] = field(default_factory=dict)
    """What someone else wrote, by path, in the fields that this form left as they were."""


def field_id(path: str) -> str:
    """A field's name in a form: without its index, which may change while the form is open."""
    return without_index(path).replace(".", "-")


class SectionForm(SiteForm):
    """What a section's page sends besides its fields: the revision that it was made from (-1 if
    malformed), and the texts whose Spanish was marked as still fitting."""

    base, fits = RowField(), Several()


def read_form(section: Section) -> tuple[dict[str, str], int, set[str]]:
    """A submitted section: its values by path, its revision, and the texts whose Spanish still
    fits. Stages are sent as checkboxes."""
    kinds = {path: field_at(path).kind for path in section.paths}
    made = {"tick": BooleanField, "stages": Several}
    fields = {field_id(path): made.get(kind, entry)() for path, kind in kinds.items()}
    form: Any = sent(type("ThisForm", (SectionForm,), fields))
    values = {path: _value(form[field_id(path)], kind) for path, kind in kinds.items()}
    return values, form.base.data, set(form.fits.data)


def _value(field: Field, kind: str) -> str:
    """A field's value in the form in which the file stores it."""
    if kind == "tick":
        return "true" if field.data else ""
    if kind == "stages":
        return " ".join(stage for stage in EVERY_STAGE if field.data.get(stage))
    if kind == "condition":
        return sent(WhoForm, prefix=field.name).code(field.data)
    return str(field.data)


def save_section(
    site: Services, section: Section, typed: Mapping[str, str], base: int, fits: Collection[str]
) -> NotSaved | None:
    """Save what was typed as a draft; None if it was saved or changes nothing.

    ``section`` is that of the text at ``base``. ``fits`` are the texts whose Spanish was marked
    as still fitting the changed English.
    """
    now = working(site)
    merged = _merge(site, section, typed, base, now)
    if isinstance(merged, NotSaved):
        return merged
    here, values = merged
    result = edit.set_fields(now.text, values)
    if isinstance(result, dict):
        return NotSaved(_by_open_path(section, here, in_words(result)), {}, base)
    if here.aids:
        result = reading_aids.note_aids(now.text, result, here.aids, here.place, fits)
    fixed = locked_changes(site, now.live, result)
    problems = {
        **edit.problems_by_field(site.slug, result),
        **{path: Message.of("fixed") for path in fixed},
    }
    if problems:
        said = in_words(problems)
        return NotSaved(_by_open_path(section, here, said), {}, base, another_bill=bool(fixed))
    if result == now.text:
        return None
    part = "" if section.name in SECTIONS else f" {section.key or section.place + 1}"
    if save(result, now.base, section.name + part):  # the note stays English, like stored text
        return NotSaved({"": moved_words("")}, {}, base)
    return None


def _merge(
    site: Services, section: Section, typed: Mapping[str, str], base: int, now: Working
) -> tuple[Section, dict[str, str]] | NotSaved:
    """The section as it is in the newest text, and the values to write there."""
    if base == now.base:
        return section, dict(typed)
    before = text_at(site, base)
    here = section.moved(before, now.text)
    if here is None:
        words = _(
            "Someone else removed this. What you typed is still here. Copy what you need, then "
            "go back to the campaign."
        )  # fmt: skip
        return NotSaved({"": words}, {}, base)
    old = list(edit.read_fields(before, section.paths).values())
    theirs = list(edit.read_fields(now.text, here.paths).values())
    values: dict[str, str] = {}
    both: dict[str, str] = {}
    newer: dict[str, str] = {}
    for place, (path, mine) in enumerate(typed.items()):
        mine = field_at(path).clean(mine)  # noqa: PLW2901
        kept = three_way(old[place], theirs[place], mine)
        if kept is None:
            both[path] = theirs[place]
        elif kept == theirs[place]:
            newer[path] = kept
        else:
            values[here.paths[place]] = mine
    if both:
        author = now.state.draft.author if now.state.draft else ""
        return NotSaved({"": moved_words(author)}, both, now.base, newer=newer)
    return here, values


def _by_open_path(section: Section, here: Section, problems: dict[str, str]) -> dict[str, str]:
    """Problems of ``here`` keyed by the paths of ``section``, the one that the form shows."""
    same = dict(zip(here.paths, section.paths, strict=True))
    found = {same[path]: text for path, text in problems.items() if path in same}
    rest = [text for path, text in problems.items() if path not in same]
    return {**found, **({"": rest[0]} if rest and not found else {})}


def locked_changes(site: Services, live: str, text: str) -> tuple[str, ...]:
    """The fixed fields that a text would change although people have signed for the live bill."""
    changed = edit.fixed_changes(live, text)
    return changed if changed and anyone_signed(site.db(), site.slug) else ()


def in_words(wrong: Mapping[str, Message]) -> dict[str, str]:
    """Problems by path, in the reader's language."""
    return {path: problem_words(what) for path, what in wrong.items()}


_WIDGET = {"words": "text", "condition": "line", "bill": "line", "id": "line", "zone": "choice"}
"""The input that a page uses for a kind of field; other kinds have their own."""


def moved_words(author: str) -> str:
    """That someone else saved first. With an ``author``: both changed the same field."""
    if not author:
        return _(
            "Someone else saved the campaign, so yours is not saved yet. Press the button again."
        )
    return _(
        "%(name)s changed the same field while you were working. Yours is not saved yet. Both "
        "texts are below. Combine them and save again.",
        name=author,
    )


def field_views(
    section: Section, values: Mapping[str, str], answer: NotSaved, aids: Mapping[str, str],
    live: str | None,
) -> list[dict[str, Any]]:  # fmt: skip
    """The fields of a section as the page shows them; ``live`` is the text that residents see.

    Of each field, ``theirs`` is what someone else has saved meanwhile, ``aid`` the state of a
    Spanish text relative to its English, and ``twin`` is ``opens`` on a field that is followed by
    its Spanish one, and ``closes`` on that.
    """
    paths = section.paths
    fields = []
    for path in paths:
        value, one = values[path], field_at(path)
        if one.kind == "pattern" and not value:
            continue  # shown only if the file has one
        spanish = path.endswith("_es")
        twin = spanish or f"{path}_es" in paths
        across = 36 if twin else 60
        lines = sum(1 + len(line) // across for line in value.split("\n"))
        english = path.rpartition(".")[2].removesuffix("_es")
        fields.append({
            "id": field_id(path), "label": label(path), "hint": hint(path), "value": value,
            "kind": _WIDGET.get(one.kind, one.kind), "problem": answer.problems.get(path, ""),
            "theirs": answer.theirs.get(path, ""),
            "aid": aids.get(english, "") if spanish else "", "rows": min(max(lines, 3), 14),
            "twin": "closes" if spanish else "opens" if twin else "",
            "options": _options(path, value, one.kind),
            "who": _condition_view(section, value, live) if one.kind == "condition" else None,
        })  # fmt: skip
    return fields


def _condition_view(section: Section, code: str, live: str | None) -> dict[str, Any]:
    """A condition as choices, with the live condition of the same item for comparison."""
    there = section.within(live) if live is not None else None
    before = None
    if live is not None and there is not None:
        before = edit.read_fields(live, (f"{section.name}.{there.place}.when",))
    return condition_view(services(), code, next(iter(before.values())) if before else None)


def _options(path: str, value: str, kind: str) -> tuple[tuple[str, str], ...]:
    """The options of a choice, including the current value if it is not among the usual ones."""
    if kind not in ("choice", "flag", "zone"):
        return ()
    offered = options(path)
    known = {name for name, _words in offered}
    return offered if value in known else (*offered, (value, value))


# --- what differs between two versions ---------------------------------------------------


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field before and after; empty on a side that does not have it."""

    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class PartChange:
    """What changed in one part of the campaign."""

    title: str
    note: str
    """``added``, ``removed`` or the like, in the reader's language; may be empty."""
    fields: tuple[FieldChange, ...]


def changes(before: str, after: str) -> list[PartChange]:
    """Every difference between two texts, part by part; empty if their values are equal."""
    found = []
    for name in SECTIONS:
        paths = section_paths(name)
        changed = _changed(before, paths, after, paths)
        if changed:
            found.append(PartChange(str(TITLES[name]), "", changed))
    for name in LISTS:
        found += _list_changes(name, before, after)
    if not found and toml_values(before) != toml_values(after):
        found.append(PartChange(_("Other parts of the file"), _("changed"), ()))
    return found


def _changed(
    before: str, old: tuple[str, ...], after: str, new: tuple[str, ...]
) -> tuple[FieldChange, ...]:
    """The fields of a part that differ. On a side without the part, its paths are empty."""
    was, now = edit.read_fields(before, old).values(), edit.read_fields(after, new).values()
    trios = zip_longest(new or old, was, now)
    return tuple(
        FieldChange(label(path), *_pair_words(path, one, two))
        for path, one, two in trios
        if (one or "") != (two or "")
    )


def _pair_words(path: str, *values: str | None) -> Sequence[str]:
    """Two values in words, or as stored if their words are the same. None, for a side without the
    part, becomes empty."""
    words = ["" if value is None else value_words(path, value) for value in values]
    return words if words[0] != words[1] else [value or "" for value in values]


def _keys_of(name: str, text: str) -> list[str]:
    """What identifies each item of a list: its id, or its English title."""
    return list(edit.read_column(text, name, "id")) if name in KEYED else titles_of(name, text)


def titles_of(name: str, text: str) -> list[str]:
    """The title by which people recognize each item of a list."""
    titles = edit.read_column(text, name, TITLE_FIELD[name])
    if name != "forbidden":
        return list(titles)
    return [a or b for a, b in zip(titles, edit.read_column(text, name, "pattern"), strict=True)]


def _list_changes(name: str, before: str, after: str) -> list[PartChange]:
    old, new = _keys_of(name, before), _keys_of(name, after)
    title = str(TITLES[name])
    found: list[PartChange] = []
    for one, two in _matched(old, new, by_name=name in KEYED):
        paths = [() if place is None else field_paths(name, place) for place in (one, two)]
        if changed := _changed(before, paths[0], after, paths[1]):
            note = _("added") if one is None else _("removed") if two is None else ""
            key = new[two] if two is not None else old[one or 0]
            found.append(PartChange(f"{title}: {key[:60]}", note, changed))
    both = [key for key in old if key in new]
    if both != [key for key in new if key in old]:
        order = FieldChange(_("Order"), "\n".join(old), "\n".join(new))
        found.append(PartChange(title, _("in another order"), (order,)))
    return found


def _matched(
    old: list[str], new: list[str], *, by_name: bool
) -> list[tuple[int | None, int | None]]:
    """Match the items of two lists by index; None for an item that is only in the other.

    Items are matched by key. The others are matched in order, unless keys are ids (``by_name``).
    """
    same = [(old.index(key), n) for n, key in enumerate(new) if key in old]
    gone = [n for n, key in enumerate(old) if key not in new]
    added = [n for n, key in enumerate(new) if key not in old]
    paired = 0 if by_name else min(len(gone), len(added))
    return [
        *same, *zip(gone[:paired], added[:paired], strict=True),
        *((n, None) for n in gone[paired:]), *((None, n) for n in added[paired:]),
    ]  # fmt: skip
