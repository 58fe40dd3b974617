"""The Campaign page: what is in it, and its parts with a page of their own."""

from __future__ import annotations

import re

from flask import redirect, request
from werkzeug.wrappers import Response

from app.campaign import edit, reading_aids
from app.campaign.edit_fields import KEYED, NAMED, ORDERED, SECTIONS, field_paths
from app.campaign.toml_blocks import insert_block, move_block, remove_block
from app.records.workshop import Moved
from app.site.i18n import gettext as _
from app.site.i18n import page_url
from app.site.services import services
from app.web.organizer import campaign_words as words
from app.web.organizer.campaign_fields import (
    NotSaved,
    Section,
    field_id,
    moved_words,
    save_section,
    shown_values,
    typed_values,
    view,
)
from app.web.organizer.campaign_overview import overview
from app.web.organizer.campaign_state import Working, place_of, save, working
from app.web.organizer.letters_fields import FieldGroup, field_groups
from app.web.organizer.show import page, visible
from app.web.problem_words import problem_words


def show_campaign(problem: str = "", status: int = 200) -> Response:
    """Everything at a glance, with the way to each part."""
    now = working(services())
    return page(
        "campaign/index", status, problem=problem, now=now, parts=overview(now),
        done=request.args.get("done", ""),
    )  # fmt: skip


# --- one part -------------------------------------------------------------------------------


def section_of(name: str, key: str) -> Section | None:
    """The part that an address names, if the draft has it."""
    text = working(services()).text
    if name in SECTIONS:
        return Section(name)
    if name in KEYED:
        place = place_of(text, name, key)
        return None if place is None else Section(name, place, key)
    number = int(key)
    return Section(name, number - 1) if 0 < number <= edit.count_of(text, name) else None


def show_part(name: str, key: str = "1") -> Response:
    """The fields of one part of the campaign."""
    section = section_of(name, key)
    if section is None:
        return page("no_such", 404)
    now = working(services())
    return _part(section, now, shown_values(section, now.text), NotSaved({}, {}, now.base))


def take_part(name: str, key: str = "1") -> Response:
    """Keep the fields of a part as a draft, or show them again with what is wrong."""
    section = section_of(name, key)
    if section is None:
        return page("no_such", 404)
    site = services()
    typed = typed_values(section, request.form)
    texts = reading_aids.TEXTS.get(section.aids, ())
    fits = {text for text in texts if request.form.get(f"fits-{text}")}
    answer = save_section(site, section, typed, base_of(), fits)
    if answer is None:
        return redirect(page_url("organizer_campaign.index", done="saved"), 303)
    values = {path: visible(value) for path, value in typed.items()}
    return _part(section, working(site), values, answer, 409 if answer.theirs else 422)


def _part(
    section: Section, now: Working, values: dict[str, str], answer: NotSaved, status: int = 200
) -> Response:
    aids: dict[str, str] = {}
    here = section.within(now.text)
    if section.aids and here:
        aids.update(reading_aids.aid_states(now.text, section.aids, here.place))
    key = section.key or str(section.place + 1)
    title = str(words.TITLES[section.name]) + ("" if section.name in SECTIONS else f": {key}")
    problems = answer.problems
    return page(
        "campaign/part", status, title=title, section=section, base=answer.base,
        fields=view(section, values, problems=problems, theirs=answer.theirs, aids=aids),
        errors=[(field_id(path), text) for path, text in problems.items()],
        by=answer.by, stages=words.STAGE_NAMES, action=request.path, new=False,
        single=section.name in SECTIONS, used_in=_used_in(now, section),
        groups=_helpful_fields(section),
    )  # fmt: skip


def _used_in(now: Working, section: Section) -> list[str]:
    """The letters that print a fact, by title, and the campaign itself where an ask does."""
    if section.name != "facts":
        return []
    field = re.compile(rf"^[^#\n]*\bfact_{re.escape(section.key)}\b", re.MULTILINE)
    letters = services().campaign.templates.values()
    found = {t.title for t in letters if field.search(now.files.get(t.source_name, ""))}
    return [*sorted(found), *([_("Campaign")] if field.search(now.text) else [])]


def _helpful_fields(section: Section) -> list[FieldGroup]:
    """What a condition and a text can say, where the section has any."""
    if section.name not in ("asks", "additions"):
        return []
    return [g for g in field_groups(services().campaign) if g.id in ("recipient", "bill")]


def base_of() -> int:
    """The revision that a form was made from; -1 for anything that is none."""
    text = request.form.get("base", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else -1


# --- whole parts: another place, a new one, one less -----------------------------------------


def take_move(name: str, key: str) -> Response:
    """One place up or down; the buttons work without JavaScript."""
    section = section_of(name, key)
    if section is None:
        return page("no_such", 404)
    by = -1 if request.form.get("way") == "up" else 1
    now = working(services())
    return _store(now, move_block(now.text, name, section.place, by), f"{name}: order",
                  f"{name}-{key}")  # fmt: skip


def take_remove(name: str, key: str) -> Response:
    """Take a part out of the draft. Earlier versions keep it."""
    section = section_of(name, key)
    if section is None:
        return page("no_such", 404)
    now = working(services())
    return _store(now, remove_block(now.text, name, section.place), f"{name}: one less", "removed")


def _store(now: Working, text: str, note: str, done: str) -> Response:
    if base_of() != now.base:
        return show_campaign(moved_words(""), 409)
    problems = edit.problems_by_field(services().campaign.slug, text)
    if problems:
        return show_campaign(problem_words(next(iter(problems.values()))), 422)
    if text != now.text and isinstance(save(services(), text, now.base, note), Moved):
        return show_campaign(moved_words(""), 409)
    target = page_url("organizer_campaign.index", done="" if "-" in done else done)
    return redirect(f"{target.removesuffix('?done=')}#{done}" if "-" in done else target, 303)


def show_new(name: str) -> Response:
    """Empty fields for a new ask, question or claim."""
    section = Section(name, 0)
    values = dict.fromkeys(_new_paths(name), "")
    if f"{name}.0.stages" in values:
        values[f"{name}.0.stages"] = "pending last_weeks"
    return _new(section, values, {}, working(services()).base)


def _new_paths(name: str) -> tuple[str, ...]:
    return field_paths(name, 0)


def take_new(name: str) -> Response:
    """Put a new part into a list, as a draft: in front where order counts, else at the end."""
    site, section = services(), Section(name, 0)
    paths = _new_paths(name)
    typed = typed_values(section, request.form)
    if name in KEYED:
        typed[f"{name}.0.id"] = edit.clean(request.form.get(f"{name}-id", ""), one_line=True)
    typed = {path: typed[path] for path in paths}
    now = working(site)
    text, place, problems = _with_new(now, name, typed)
    if problems:
        shown = {path: visible(value) for path, value in typed.items()}
        return _new(section, shown, problems, now.base, 422)
    if section.aids:
        text = reading_aids.note_aids(now.text, text, section.aids, place)
    if isinstance(save(site, text, now.base, f"{name}: one more"), Moved):
        return _new(section, typed, {"": moved_words("")}, now.base, 409)
    return redirect(page_url("organizer_campaign.index", done="saved"), 303)


def _with_new(now: Working, name: str, typed: dict[str, str]) -> tuple[str, int, dict[str, str]]:
    """The text with the new part, its place there, and what is wrong with it by field."""
    values = {path.rpartition(".")[2]: value for path, value in typed.items()}
    key = values.get("id", "")
    wrong = {p: words.why_words(w) for p, w in edit.unreadable(typed).items()}
    if name in NAMED and not edit.NAME.fullmatch(key):
        wrong[f"{name}.0.id"] = _("Use small letters, digits and _, beginning with a letter.")
    elif name in KEYED and (key == "new" or place_of(now.text, name, key) is not None):
        wrong[f"{name}.0.id"] = _("Choose another short name.")
    if wrong:
        return now.text, 0, wrong
    place = 0 if name in ORDERED else edit.count_of(now.text, name)
    text = insert_block(now.text, name, place, edit.new_table(name, values))
    found = edit.problems_by_field(services().campaign.slug, text)
    there = dict(zip(field_paths(name, place), field_paths(name, 0), strict=True))
    return text, place, {there.get(path, ""): problem_words(what) for path, what in found.items()}


def _new(
    section: Section, values: dict[str, str], problems: dict[str, str], base: int, status: int = 200
) -> Response:
    whole = _Whole(section.name, 0)
    return page(
        "campaign/part", status, title=f"{words.TITLES[section.name]}: {_('new')}", section=section,
        fields=view(whole, values, problems=problems, theirs={}, aids={}), base=base, by="",
        errors=[(field_id(p) if p in values else "", text) for p, text in problems.items()],
        stages=words.STAGE_NAMES, action=request.path, new=True, single=False,
        used_in=[], groups=_helpful_fields(section),
    )  # fmt: skip


class _Whole(Section):
    """A new part: its short name is a field too."""

    @property
    def paths(self) -> tuple[str, ...]:
        return field_paths(self.name, self.place)
