"""Fields of ``campaign.toml`` as an organizer edits them, with a second organizer in mind.

A form carries the revision that it was made from. When somebody else has saved meanwhile, what
each changed is told apart field by field: if they changed different fields, both changes are
kept; where both changed the same, both texts are shown and nothing is written.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

from app.campaign import edit, reading_aids
from app.campaign.edit_fields import (
    EVERY_STAGE,
    KEYED,
    SECTIONS,
    Kind,
    field_paths,
    general,
    kind_of,
)
from app.records.workshop import Moved
from app.site.i18n import gettext as _
from app.site.services import Services
from app.web.organizer import campaign_words as words
from app.web.organizer.campaign_state import Working, place_of, save, text_at, working
from app.web.problem_words import problem_words


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the file that has a page of its own."""

    name: str
    """``bill``, ``committees``, ``states`` or ``hint``; or a list, such as ``asks``."""
    place: int = 0
    key: str = ""
    """The id of a part that has one."""

    @property
    def paths(self) -> tuple[str, ...]:
        if self.name in SECTIONS:
            return tuple(SECTIONS[self.name])
        paths = field_paths(self.name, self.place)
        return tuple(path for path in paths if general(path) != f"{self.name}.id" or not self.keyed)

    @property
    def keyed(self) -> bool:
        return self.name in KEYED

    @property
    def aids(self) -> str:
        """Which texts of the section have a Spanish one that is looked after; empty if none."""
        part = {"bill": "time", "hint": "prompt_hint"}.get(self.name, self.name)
        return part if part in reading_aids.TEXTS else ""

    def within(self, text: str) -> Section | None:
        """The same section in another text, where it may stand elsewhere; None if it is gone."""
        if self.keyed:
            place = place_of(text, self.name, self.key)
            return None if place is None else Section(self.name, place, self.key)
        gone = self.name not in SECTIONS and self.place >= edit.count_of(text, self.name)
        return None if gone else self


@dataclass(frozen=True, slots=True)
class FieldView:
    """One field as the page shows it."""

    id: str
    """Without dots, for HTML."""
    label: str
    hint: str
    kind: str
    value: str
    problem: str
    theirs: str
    """What somebody else has made of it meanwhile; empty where nothing."""
    aid: str
    """For a Spanish text how it stands to its English, or empty."""
    rows: int
    twin: Literal["", "opens", "closes"]
    """Whether the next field, or the one before, is the same in the other language."""
    options: tuple[tuple[str, str], ...] = ()
    """What a choice offers: value and words."""


@dataclass(frozen=True, slots=True)
class NotSaved:
    """Nothing was written; the page comes back with what was typed."""

    problems: dict[str, str]
    """By path; ``""`` for the whole."""
    theirs: dict[str, str]
    """By path what somebody else wrote, where both changed a field."""
    base: int
    by: str = ""


def field_id(path: str) -> str:
    """A field's name in a form: without its place, which may change while the form is open."""
    return general(path).replace(".", "-")


def typed_values(section: Section, form: Mapping[str, str]) -> dict[str, str]:
    """What a form says about the fields of a section; stages come as ticks."""
    values = {}
    for path in section.paths:
        name = field_id(path)
        if kind_of(path) == "stages":
            ticked = [stage for stage in EVERY_STAGE if form.get(f"{name}-{stage}")]
            values[path] = " ".join(ticked)
        else:
            values[path] = form.get(name, "")
    return values


def shown_values(section: Section, text: str) -> dict[str, str]:
    """The values of a section's fields in a text."""
    return edit.read_fields(text, section.paths)


def save_section(
    site: Services,
    section: Section,
    typed: Mapping[str, str],
    base: int,
    fits: Collection[str] = (),
) -> NotSaved | None:
    """Keep what was typed as a draft; None when it is kept.

    ``fits`` are the texts whose Spanish was said to fit the changed English still.
    """
    now = working(site)
    merged = _merge(site, section, typed, base, now)
    if isinstance(merged, NotSaved):
        return merged
    here, values = merged
    result = edit.set_fields(now.text, values)
    if isinstance(result, dict):
        return NotSaved(_back(section, here, {p: words.why_words(w) for p, w in result.items()}),
                        {}, now.base)  # fmt: skip
    if here.aids:
        result = reading_aids.note_aids(now.text, result, here.aids, here.place, fits)
    problems = edit.problems_by_field(site.campaign.slug, result)
    if problems:
        said = {path: problem_words(what) for path, what in problems.items()}
        return NotSaved(_back(section, here, said), {}, now.base)
    if result == now.text:
        return None
    answer = save(site, result, now.base, note_for(section))
    if isinstance(answer, Moved):
        return NotSaved({"": moved_words("")}, {}, base)
    return None


def _merge(
    site: Services, section: Section, typed: Mapping[str, str], base: int, now: Working
) -> tuple[Section, dict[str, str]] | NotSaved:
    """Where the section stands now, and what to write there."""
    if base == now.base:
        return section, dict(typed)
    author = now.state.draft.author if now.state.draft else ""
    before, here = text_at(site, base), section.within(now.text)
    was = section.within(before)
    if here is None or was is None:
        return NotSaved({"": gone_words()}, {}, now.base, author)
    old = list(shown_values(was, before).values())
    theirs = list(shown_values(here, now.text).values())
    values: dict[str, str] = {}
    both: dict[str, str] = {}
    for place, (path, mine) in enumerate(typed.items()):
        one_line = kind_of(path) != "text"
        mine = edit.clean(mine, one_line=one_line)  # noqa: PLW2901
        if mine not in (old[place], theirs[place]):
            if theirs[place] != old[place]:
                both[path] = theirs[place]
            values[here.paths[place]] = mine
    if both:
        return NotSaved({"": moved_words(author)}, both, now.base, author)
    return here, values


def _back(section: Section, here: Section, problems: dict[str, str]) -> dict[str, str]:
    """Problems by the paths of the page that is open, wherever the section stands now."""
    same = dict(zip(here.paths, section.paths, strict=True))
    found = {same[path]: text for path, text in problems.items() if path in same}
    rest = [text for path, text in problems.items() if path not in same]
    return {**found, **({"": rest[0]} if rest and not found else {})}


def moved_words(author: str) -> str:
    """That somebody else was faster."""
    if not author:
        return _("Somebody else saved the campaign meanwhile, so nothing of yours is saved yet. "
                 "Press the button once more.")  # fmt: skip
    return _(
        "%(name)s saved the campaign meanwhile and changed the same field, so nothing of yours is "
        "saved yet. Both texts are below: make yours as it should be and save again.",
        name=author,
    )


def gone_words() -> str:
    return _("Somebody else took this out meanwhile. What you typed is still here: copy what you "
             "need, then go back to the campaign.")  # fmt: skip


def note_for(section: Section) -> str:
    """What a version's list says about a change; kept in English beside the texts."""
    if section.name in SECTIONS:
        return section.name
    return f"{section.name} {section.key or section.place + 1}"


def view(
    section: Section,
    values: Mapping[str, str],
    *,
    problems: Mapping[str, str],
    theirs: Mapping[str, str],
    aids: Mapping[str, str],
) -> list[FieldView]:
    """The fields of a section as the page shows them."""
    paths = section.paths
    fields = []
    for path in paths:
        value, kind = values[path], kind_of(path)
        key = path.rpartition(".")[2]
        spanish = path.endswith("_es")
        twin = spanish or f"{path}_es" in paths
        across = 36 if twin else 60
        lines = sum(1 + len(line) // across for line in value.split("\n"))
        fields.append(
            FieldView(
                id=field_id(path), label=words.label(path), hint=words.hint(path), kind=kind,
                value=value, problem=problems.get(path, ""), theirs=theirs.get(path, ""),
                aid=aids.get(key.removesuffix("_es"), "") if spanish else "",
                rows=min(max(lines, 3), 14),
                twin="closes" if spanish else "opens" if twin else "",
                options=_options(path, value, kind),
            )
        )  # fmt: skip
    return fields


def _options(path: str, value: str, kind: Kind) -> tuple[tuple[str, str], ...]:
    """What a choice offers; the present value too where it is none of the usual ones."""
    if kind not in ("choice", "flag"):
        return ()
    offered = words.options(path)
    known = {name for name, _words in offered}
    return offered if value in known else (*offered, (value, value))
