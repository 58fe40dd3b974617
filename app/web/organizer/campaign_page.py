"""The Campaign page: what is in it, and its parts with a page of their own."""

from __future__ import annotations

from dataclasses import dataclass

from flask import redirect, request
from werkzeug.wrappers import Response

from app.campaign import ask_aids, edit
from app.campaign.toml_blocks import insert_block, move_block, remove_block
from app.records.workshop import Moved
from app.web.i18n import gettext as _
from app.web.i18n import language, page_url
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
from app.web.organizer.campaign_state import Working, ask_place, save, working
from app.web.organizer.show import page, visible
from app.web.services import services


@dataclass(frozen=True, slots=True)
class Line:
    """One ask, question or claim on the overview."""

    key: str
    """An ask's id, or the number of another from 1."""
    title: str
    about: str
    url: str
    move_url: str
    remove_url: str
    first: bool
    last: bool
    stages: str = ""
    stale: int = 0


def show_campaign(problem: str = "", status: int = 200) -> Response:
    """Everything at a glance, with the way to each part."""
    now = working(services())
    bill = edit.read_fields(now.text, tuple(edit.BILL_FIELDS))
    shown = ("bills.house.number", "bills.senate.number", "congress", "ends", "last_weeks_from",
             "last_day.house", "last_day.senate", "as_of", "enacted")  # fmt: skip
    return page(
        "campaign/index", status, problem=problem, now=now,
        facts=[(words.label(path), bill[path]) for path in shown],
        asks=_asks(now), prompts=_lines(now, "prompts"), claims=_lines(now, "forbidden"),
        done=request.args.get("done", ""),
    )  # fmt: skip


def _asks(now: Working) -> list[Line]:
    stale = ask_aids.asks_to_translate(now.text)
    columns = [edit.read_column(now.text, "asks", key) for key in
               ("id", "summary", "summary_es", "when", "stages")]  # fmt: skip
    count = len(columns[0])
    lines = []
    for place, (key, summary, spanish, when, stages) in enumerate(zip(*columns, strict=True)):
        names = [str(words.STAGE_NAMES[stage]) for stage in stages.split()]
        lines.append(
            Line(
                key=key, title=(language() == "es" and spanish) or summary,
                about=when or _("everyone else"), stages=", ".join(names),
                url=page_url("organizer_campaign.ask", ask_id=key),
                move_url=page_url("organizer_campaign.move_ask", ask_id=key),
                remove_url=page_url("organizer_campaign.remove_ask", ask_id=key),
                first=place == 0, last=place == count - 1, stale=stale.get(key, 0),
            )
        )  # fmt: skip
    return lines


def _lines(now: Working, name: str) -> list[Line]:
    keys = ("pattern", "advice") if name == "forbidden" else ("text", "who")
    spanish = "_es" if name == "prompts" and language() == "es" else ""
    titles, abouts = (edit.read_column(now.text, name, key + spanish) for key in keys)
    count = len(titles)
    lines = []
    for place, (title, about) in enumerate(zip(titles, abouts, strict=True)):
        number = place + 1
        lines.append(
            Line(
                key=str(number), title=title, about=about,
                url=page_url("organizer_campaign.part", name=name, number=number),
                move_url=page_url("organizer_campaign.move_part", name=name, number=number),
                remove_url=page_url("organizer_campaign.remove_part", name=name, number=number),
                first=place == 0, last=place == count - 1,
            )
        )  # fmt: skip
    return lines


# --- one part -------------------------------------------------------------------------------


def section_of(name: str, key: str) -> Section | None:
    """The part that an address names, if the draft has it."""
    text = working(services()).text
    if name == "asks":
        place = ask_place(text, key)
        return None if place is None else Section("asks", place, key)
    if name == "bill":
        return Section("bill")
    number = int(key)
    return Section(name, number - 1) if 0 < number <= edit.count_of(text, name) else None


def show_part(name: str, key: str = "1") -> Response:
    """The fields of the bill, of an ask, a question or a claim."""
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
    fits = {text for text in edit.ASK_TEXTS if request.form.get(f"fits-{text}")}
    answer = save_section(site, section, typed, base_of(), fits)
    if answer is None:
        return redirect(page_url("organizer_campaign.index", done="saved"), 303)
    values = {path: visible(value) for path, value in typed.items()}
    return _part(section, working(site), values, answer, 409 if answer.theirs else 422)


def _part(
    section: Section, now: Working, values: dict[str, str], answer: NotSaved, status: int = 200
) -> Response:
    aids = dict(ask_aids.aid_states(now.text, section.place)) if section.name == "asks" else {}
    titles = dict(words.TITLES)
    key = section.ask_id or str(section.place + 1)
    title = str(titles[section.name]) + ("" if section.name == "bill" else f": {key}")
    problems = answer.problems
    return page(
        "campaign/part", status, title=title, section=section, base=answer.base,
        fields=view(section, values, problems=problems, theirs=answer.theirs, aids=aids),
        errors=[(field_id(path), text) for path, text in problems.items()],
        by=answer.by, stages=words.STAGE_NAMES, action=request.path, new=False,
    )  # fmt: skip


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
        return show_campaign(next(iter(problems.values())), 422)
    if text != now.text and isinstance(save(services(), text, now.base, note), Moved):
        return show_campaign(moved_words(""), 409)
    target = page_url("organizer_campaign.index", done="" if "-" in done else done)
    return redirect(f"{target.removesuffix('?done=')}#{done}" if "-" in done else target, 303)


def show_new(name: str) -> Response:
    """Empty fields for a new ask, question or claim."""
    section = Section(name, 0)
    values = dict.fromkeys(_new_paths(name), "")
    if name == "asks":
        values["asks.0.stages"] = "pending last_weeks"
    return _new(section, values, {}, working(services()).base)


def _new_paths(name: str) -> tuple[str, ...]:
    return edit.field_paths(name, 0)


def take_new(name: str) -> Response:
    """Put a new part in front of the others, as a draft."""
    site, section = services(), Section(name, 0)
    paths = _new_paths(name)
    typed = typed_values(section, request.form)
    if name == "asks":
        typed["asks.0.id"] = edit.clean(request.form.get("asks-id", ""), one_line=True)
    typed = {path: typed[path] for path in paths}
    now = working(site)
    values = {path.rpartition(".")[2]: value for path, value in typed.items()}
    text = insert_block(now.text, name, 0, edit.new_table(name, values))
    problems = edit.problems_by_field(site.campaign.slug, text)
    if name == "asks" and typed["asks.0.id"] == "new":
        problems["asks.0.id"] = _("Choose another short name.")
    if problems:
        shown = {path: visible(value) for path, value in typed.items()}
        return _new(section, shown, problems, now.base, 422)
    if name == "asks":
        text = ask_aids.note_aids(now.text, text, 0)
    if isinstance(save(site, text, now.base, f"{name}: one more"), Moved):
        return _new(section, typed, {"": moved_words("")}, now.base, 409)
    return redirect(page_url("organizer_campaign.index", done="saved"), 303)


def _new(
    section: Section, values: dict[str, str], problems: dict[str, str], base: int, status: int = 200
) -> Response:
    whole = _Whole(section.name, 0)
    return page(
        "campaign/part", status, title=f"{words.TITLES[section.name]}: {_('new')}", section=section,
        fields=view(whole, values, problems=problems, theirs={}, aids={}), base=base, by="",
        errors=[(field_id(p) if p in values else "", text) for p, text in problems.items()],
        stages=words.STAGE_NAMES, action=request.path, new=True,
    )  # fmt: skip


class _Whole(Section):
    """A new part: its short name is a field too."""

    @property
    def paths(self) -> tuple[str, ...]:
        return edit.field_paths(self.name, self.place)
