"""The Campaign page: the overview, its parts, publishing, versions, and a test journey."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta

from flask import abort, request
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from werkzeug.wrappers import Response

from app.campaign import edit, reading_aids
from app.campaign.asks import count_asks
from app.campaign.campaign_fields import KEYED, LISTS, NAMED, ORDERED, SECTIONS, field_paths
from app.campaign.campaign_file import FACT_ID, FILE
from app.campaign.problems import Message
from app.campaign.toml_text import insert_block, move_block, remove_block
from app.records import audit
from app.records.audit import Actor, What
from app.records.database import writing
from app.records.workshop import history
from app.site.i18n import gettext as _
from app.site.i18n import language, page_url
from app.site.services import MEASURE, services
from app.text import clean_line
from app.web import practice
from app.web.access import access
from app.web.forms import queried, sent
from app.web.organizer import drafts
from app.web.organizer.campaign_check import ask_moves, check_files, with_check
from app.web.organizer.campaign_form import (
    TITLE_FIELD,
    TITLES,
    NotSaved,
    Section,
    SectionForm,
    changes,
    field_id,
    field_views,
    in_words,
    index_of_id,
    label,
    locked_changes,
    moved_words,
    read_form,
    save_section,
    titles_of,
    value_words,
)
from app.web.organizer.drafts import Working, pressed, save, text_at, version_at, working
from app.web.organizer.gate import clock, current
from app.web.organizer.letters_edit import free_id
from app.web.organizer.letters_words import FieldGroup, field_groups
from app.web.organizer.show import area, go_to, known, page, visible
from app.web.problem_words import STAGES, problem_words

campaign = area("organizer_campaign")

LIST = f"<any({', '.join(LISTS)}):name>"
ONCE = f"<any({', '.join(SECTIONS)}):name>"
ID_OPTIONAL = ("asks", "additions")
"""Lists whose items get a generated id if none is typed, because people do not use their ids."""
_OVERVIEW = (
    "bills.house.number", "bills.senate.number", "congress", "ends", "last_weeks_from",
    "last_day.house", "last_day.senate", "as_of", "enacted",
)  # fmt: skip
"""The fields of the bill and its dates that the page shows."""


# --- the overview -----------------------------------------------------------------------------


LIST_WORDS: dict[str, tuple[LazyString, LazyString, LazyString]] = {
    "asks": (_l("The asks, in order"), _l("Each member gets the first ask that matches them."),
             _l("Add an ask")),
    "about": (_l("The page about the %(bill)s, part by part", bill=MEASURE),
              _l("Residents read it before they write."),
              _l("Add a part")),
    "figures": (_l("The chart on the start page"), _l("Each bar has a number and a label."),
                _l("Add a bar")),
    "additions": (_l("Sentences added to an ask"),
                  _l("Each member gets the first one that matches, like members of the committee."),
                  _l("Add a sentence")),
    "facts": (_l("Dated facts"),
              _l("Letters print them by name, so that you fix a number in one place."),
              _l("Add a fact")),
    "prompts": (_l("Questions for a story"), _l("They help residents to begin."),
                _l("Add a question")),
    "forbidden": (_l("Claims to avoid"),
                  _l("When a letter says one of these, the person who writes it sees the advice."),
                  _l("Add a claim")),
    "related": (_l("Any earlier or opposing %(bill)s", bill=MEASURE),
                _l("The lists of cosponsors name these too. Letters thank for an earlier one and "
                   "acknowledge an opposing one."),
                _l("Add a %(bill)s", bill=MEASURE)),
}  # fmt: skip
"""The title of each list, its purpose, and the words of its Add button."""
_GROUPS = (
    (_l("What pages say"), ("pages", "about", "figures", "telephone")),
    (_l("What letters can say and print"), ("additions", "facts", "prompts", "forbidden")),
    (_l("What decides who is asked what"), ("related", "committees", "states")),
)
"""The page's groups of links to everything but the bill and the asks."""


_DETAIL_COLUMNS = {
    "asks": ("when", "stages"), "additions": ("when", "stages"), "facts": ("id", "source", "as_of"),
    "related": ("kind", "number", "congress"), "about": ("text",), "figures": ("number",),
    "forbidden": ("advice",),
}  # fmt: skip
"""The fields in the second line of a list's items; a prompt's second line is who it is for."""


PartLink = tuple[str, str, int, int]
"""A part's title and URL, its number of items (0 unless it is a list), and how many texts need
Spanish."""
PartLine = tuple[str, str, str, int, int]
"""One item of a list: its id or its number from 1, its title, its second line, how many of its
texts need Spanish, and how many members get it today (only for a live ask)."""


@campaign.get("/campaign/")
@access("editor")
def index(problem: str = "", status: int = 200) -> Response:
    """The bill, its dates and the asks at a glance, with links to every other part."""
    now = working(services())
    stale = reading_aids.parts_to_translate(now.text)
    facts = [
        (label(p), value_words(p, v)) for p, v in edit.read_fields(now.text, _OVERVIEW).items()
    ]
    return page(
        "campaign/index", status, problem=problem, now=now, facts=facts,
        asks=_part_lines(now, "asks", stale), fixed=edit.fixed_asks(now.text), words=LIST_WORDS,
        groups=[(words, [_part_link(now, name, stale) for name in names])
                for words, names in _GROUPS],
        bill=_part_link(now, "bill", stale),
    )  # fmt: skip


def _part_link(now: Working, name: str, stale: Mapping[tuple[str, str], int]) -> PartLink:
    if name in LISTS:
        return (
            str(LIST_WORDS[name][0]), page_url("organizer_campaign.parts", name=name),
            edit.count_of(now.text, name),
            sum(number for (part, _key), number in stale.items() if part == name),
        )  # fmt: skip
    part = "time" if name == "bill" else name
    url = page_url("organizer_campaign.once", name=name)
    return str(TITLES[name]), url, 0, stale.get((part, part), 0)


@campaign.get(f"/campaign/{LIST}")
@access("editor")
def parts(name: str, problem: str = "", status: int = 200) -> Response:
    """The items of one list, in order."""
    if name == "asks":
        return index(problem, status)
    now = working(services())
    lines = _part_lines(now, name, reading_aids.parts_to_translate(now.text))
    return page("campaign/parts", status, problem=problem, now=now, name=name, lines=lines,
                words=LIST_WORDS, moves=name in ORDERED)  # fmt: skip


def _part_lines(now: Working, name: str, stale: Mapping[tuple[str, str], int]) -> list[PartLine]:
    titles = tuple(titles_of(name, now.text))
    spanish = titles
    if language() == "es" and name not in ("forbidden", "related"):
        spanish = edit.read_column(now.text, name, f"{TITLE_FIELD[name]}_es")
    numbers = tuple(str(n) for n in range(1, len(titles) + 1))
    keys = edit.read_column(now.text, name, "id") if name in KEYED else numbers
    site, reach = services(), Counter[str]()
    if name == "asks":
        reach = count_asks(site.campaign, site.tables.holders, site.today())
    return [
        (key, title or english or key, about, stale.get((name, key), 0), reach[key])
        for key, title, english, about in zip(
            keys, spanish, titles, _details(now.text, name), strict=True
        )
    ]


def _details(text: str, name: str) -> list[str]:
    """The second line of each item of a list."""
    columns = [
        [value_words(f"{name}.0.{key}", value) for value in edit.read_column(text, name, key)]
        for key in _DETAIL_COLUMNS.get(name, ("who_es" if language() == "es" else "who",))
    ]
    if name == "related":
        columns[1] = [number or _("number not known") for number in columns[1]]
        columns[2] = [_("Congress %(number)s", number=number) for number in columns[2]]
    return [" · ".join(line) for line in zip(*columns, strict=True)]


# --- one part -------------------------------------------------------------------------------


@campaign.get(f"/campaign/{ONCE}", endpoint="once")
@campaign.get(f"/campaign/{LIST}/<key>")
@access("editor")
def part(name: str, key: str = "") -> Response:
    """The fields of one part of the campaign."""
    now = working(services())
    section = _section_of(name, key, now.text)
    return _part(section, edit.read_fields(now.text, section.paths), NotSaved({}, {}, now.base))


@campaign.post(f"/campaign/{ONCE}", endpoint="once_post")
@campaign.post(f"/campaign/{LIST}/<key>")
@access("editor")
def part_post(name: str, key: str = "") -> Response:
    """Save the fields of a part as a draft, or show them again with their problems."""
    # Someone else may have moved or removed it since the form was opened.
    section = _section_of(name, key, text_at(services(), sent(SectionForm).base.data))
    typed, base, fits = read_form(section)
    shown = {path: visible(value) for path, value in typed.items()}
    if "look" in queried():
        return _part(section, shown, NotSaved({}, {}, base))
    answer = save_section(services(), section, typed, base, fits)
    if answer is None:
        return go_to("organizer_campaign.index", done="saved")
    return _part(section, {**shown, **answer.newer}, answer, 409 if answer.theirs else 422)


def _section_of(name: str, key: str, text: str) -> Section:
    """The part of a text that a URL names; aborts with 404 if there is none."""
    if name in SECTIONS:
        return Section(name)
    if name in KEYED:
        return Section(name, known(index_of_id(text, name, key)), key)
    number = int(key) if re.fullmatch(r"[0-9]{1,4}", key) else 0
    return Section(name, number - 1) if 0 < number <= edit.count_of(text, name) else abort(404)


def _part(
    section: Section, values: dict[str, str], answer: NotSaved, status: int = 200
) -> Response:
    now, new, single = working(services()), isinstance(section, NewPart), section.name in SECTIONS
    aids: dict[str, str] = {}
    here = None if new else section.within(now.text)
    if section.aids and here:
        aids.update(reading_aids.aid_states(now.text, section.aids, here.place))
    key = _("new") if new else section.key or str(section.place + 1)
    return page(
        "campaign/part", status, section=section, base=answer.base, new=new, single=single,
        title=str(TITLES[section.name]) + ("" if single else f": {key}"),
        fields=field_views(section, values, answer, aids, None if new else now.live),
        errors=[(field_id(p) if p in values else "", text) for p, text in answer.problems.items()],
        stages=STAGES, action=request.script_root + request.path,
        used_in=[] if new else _used_in(now, section), groups=_helpful_fields(section),
        removable=here is not None and _is_removable(now, here), next_campaign=answer.another_bill,
    )  # fmt: skip


def _used_in(now: Working, section: Section) -> list[str]:
    """The titles of the letters that print a fact, and "Campaign" if its file uses the fact."""
    if section.name != "facts":
        return []
    letters = services().campaign.templates.values()
    found = {t.title for t in letters if _prints(now.files.get(t.source_name, ""), section.key)}
    return [*sorted(found), *([_("Campaign")] if _prints(now.text, section.key) else [])]


def _is_removable(now: Working, section: Section) -> bool:
    """Whether the draft can do without an item. Nothing else refers to one without an id."""
    if not section.keyed:
        return True
    text = remove_block(now.text, section.name, section.place)
    return not edit.problems_by_field(services().slug, text)


def _prints(text: str, fact: str) -> bool:
    return bool(re.search(rf"^[^#\n]*\bfact_{re.escape(fact)}\b", text, re.MULTILINE))


def _helpful_fields(section: Section) -> list[FieldGroup]:
    """The fields that a condition and a text can use, if the section has any."""
    if section.name not in ("asks", "additions"):
        return []
    return [g for g in field_groups(services().campaign) if g.id in ("recipient", "bill")]


# --- moving, removing and adding items ---------------------------------------------------------


@campaign.post(f"/campaign/{LIST}/<key>/move")
@access("editor")
def move(name: str, key: str) -> Response:
    """Move an item up or down by one; the buttons work without JavaScript."""
    now = working(services())
    section = _section_of(name, key, now.text)
    by = -1 if pressed().way.data == "up" else 1
    text = move_block(now.text, name, section.place, by)
    return _store(now, name, text, f"{name}: order", anchor=f"{name}-{key}")


@campaign.post(f"/campaign/{LIST}/<key>/remove")
@access("editor")
def remove(name: str, key: str) -> Response:
    """Remove an item from the draft. Earlier versions keep it."""
    now = working(services())
    section = _section_of(name, key, now.text)
    text = remove_block(now.text, name, section.place)
    return _store(now, name, text, f"{name}: one less")


def _store(now: Working, name: str, text: str, note: str, anchor: str = "") -> Response:
    if pressed().base.data != now.base:
        return parts(name, moved_words(""), 409)
    problems = edit.problems_by_field(services().slug, text)
    if problems:
        return parts(name, problem_words(next(iter(problems.values()))), 422)
    if text != now.text and save(text, now.base, note):
        return parts(name, moved_words(""), 409)
    if not anchor:
        return go_to("organizer_campaign.index", done="removed")
    if name == "asks":
        return go_to("organizer_campaign.index", _anchor=anchor)
    return go_to("organizer_campaign.parts", name=name, _anchor=anchor)


@campaign.get(f"/campaign/{LIST}/new")
@access("editor")
def new(name: str) -> Response:
    """Empty fields for a new item of a list."""
    section = NewPart(name, 0)
    values = dict.fromkeys(section.paths, "")
    if f"{name}.0.stages" in values:
        values[f"{name}.0.stages"] = "pending last_weeks"
    return _part(section, values, NotSaved({}, {}, working(services()).base))


@campaign.post(f"/campaign/{LIST}/new")
@access("editor")
def new_post(name: str) -> Response:
    """Add an item to a list, as a draft: first if the list's order counts, otherwise last."""
    now, section = working(services()), NewPart(name, 0)
    typed, _base, _fits = read_form(section)
    if "look" in queried():
        return _part(section, typed, NotSaved({}, {}, now.base))
    if name in KEYED:
        key = clean_line(typed[f"{name}.0.id"])
        words = (
            typed.get(f"{name}.0.summary") or typed[f"{name}.0.text"] if name in ID_OPTIONAL else ""
        )
        if not key and words:
            key = free_id(words, set(edit.read_column(now.text, name, "id")))
        typed[f"{name}.0.id"] = key
    shown = {path: visible(value) for path, value in typed.items()}
    text, place, problems = _insert_part(now, name, typed)
    if problems:
        return _part(section, shown, NotSaved(problems, {}, now.base), 422)
    if section.aids:
        text = reading_aids.note_aids(now.text, text, section.aids, place)
    if save(text, now.base, f"{name}: one more"):
        return _part(section, shown, NotSaved({"": moved_words("")}, {}, now.base), 409)
    return go_to("organizer_campaign.index", done="saved")


def _insert_part(now: Working, name: str, typed: dict[str, str]) -> tuple[str, int, dict[str, str]]:
    """The text with the new item, its index there, and its problems by field."""
    values = {path.rpartition(".")[2]: value for path, value in typed.items()}
    key = values.get("id", "")
    wrong = in_words(edit.unreadable(typed))
    if name in NAMED and not FACT_ID.fullmatch(key):
        wrong[f"{name}.0.id"] = problem_words(Message.of("fact-id", value=key))
    elif name in KEYED and (key == "new" or index_of_id(now.text, name, key) is not None):
        wrong[f"{name}.0.id"] = problem_words(Message.of("id-twice", value=key))
    if wrong:
        return now.text, 0, wrong
    place = 0 if name in ORDERED else edit.count_of(now.text, name)
    text = insert_block(now.text, name, place, edit.new_table(name, values))
    found = edit.problems_by_field(services().slug, text)
    there = dict(zip(field_paths(name, place), field_paths(name, 0), strict=True))
    return text, place, {there.get(path, ""): problem_words(what) for path, what in found.items()}


class NewPart(Section):
    """An item that does not exist yet: its id is a field too."""

    @property
    def paths(self) -> tuple[str, ...]:
        return field_paths(self.name, self.place)


# --- publishing and versions -------------------------------------------------------------------


@campaign.get("/campaign/publish")
@access("editor")
def publish(problem: str = "", status: int = 200) -> Response:
    """What the draft changes, the result of its check, and the Publish button."""
    site, now = services(), working(services())
    if now.state.draft is None:
        return go_to("organizer_campaign.index")
    return with_check(
        {**now.files, FILE: now.text}, "", _("Compare and publish"),
        lambda checked: page(
            "campaign/publish", status, problem=problem, now=now, draft=now.state.draft,
            parts=changes(now.live, now.text), checked=checked,
            moves=ask_moves(site, checked), seen=now.counter,
            note=visible(pressed().note.data),
        ),
    )  # fmt: skip


@campaign.post("/campaign/publish")
@access("editor")
def publish_post() -> Response:
    """Publish the draft if it is still the one that was reviewed and passes the check."""
    site, now, form = services(), working(services()), pressed()
    meanwhile = _("Not published: something changed since you looked. Look again.")
    if now.state.draft is None or form.base.data != now.base or form.seen.data != now.counter:
        return publish(meanwhile, 409)
    if locked_changes(site, now.live, now.text):
        return publish(problem_words(Message.of("fixed")), 422)
    if check_files(site, {**now.files, FILE: now.text}).must:
        return publish(_("Fix what the check found first."), 422)
    if not drafts.publish({FILE: now.base}, now.counter):
        return publish(meanwhile, 409)
    return go_to("organizer_campaign.index", done="published")


@campaign.post("/campaign/discard")
@access("editor")
def discard() -> Response:
    """Discard the draft. It stays among the versions."""
    if not drafts.discard():
        return index(moved_words(""), 409)
    return go_to("organizer_campaign.index", done="discarded")


@campaign.get("/campaign/versions")
@access("editor")
def versions() -> Response:
    """Every version of the campaign's file, newest first."""
    site = services()
    rows = history(site.db(), site.slug, FILE)
    found = sorted(rows, key=lambda v: (v.published_at or v.at, v.number or 0, v.id), reverse=True)
    return page("campaign/versions", versions=found)


@campaign.get("/campaign/versions/<row:number>")
@access("editor")
def version(number: int) -> Response:
    """One version compared with what residents see now."""
    now, found = working(services()), version_at(number)
    return page("campaign/version", version=found, parts=changes(found.source, now.live), now=now)


@campaign.post("/campaign/versions/<row:number>/restore")
@access("editor")
def restore(number: int) -> Response:
    """Make an earlier version the draft."""
    found = version_at(number)
    if save(found.source, pressed().base.data, f"from version {found.short}", restored=True):
        return index(moved_words(""), 409)
    return go_to("organizer_campaign.publish")


# --- a test journey ----------------------------------------------------------------------------


@campaign.get("/test")
@access("editor")
def test() -> Response:
    """The page that explains a test journey, with the button that starts one."""
    return page("campaign/test", hours=practice.MINUTES // 60)


@campaign.post("/test")
@access("editor")
def test_post() -> Response:
    """Start a test journey: redirect to the resident's first page, with the marker in its form."""
    site, me, at = services(), current().organizer, clock()
    db = site.db()
    with writing(db):
        Actor(db, me.name, at).record(
            What.TEST_STARTED, me.name,
            after={"expires": audit.stamp(at + timedelta(minutes=practice.MINUTES))},
        )  # fmt: skip
    return go_to("resident.start", test=practice.make_marker(site, me.id))
