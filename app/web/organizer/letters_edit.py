"""Writing letters: new ones and copies, drafts, edit conflicts, and versions."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from flask import abort
from werkzeug.wrappers import Response
from wtforms import BooleanField

from app.campaign.letter_file import HEADING, join_source, plain_lines, read_template, split_source
from app.campaign.problems import Problem
from app.campaign.text_changes import changes, merge, three_way
from app.records.counts import count
from app.records.workshop import FileVersion, Moved, history, text_version
from app.site.i18n import gettext as _
from app.site.i18n import language, other_language, page_url
from app.site.services import services
from app.text import clean_line, slug
from app.web.access import access
from app.web.forms import RowField, SiteForm, entries, entry, from_query, queried, sent
from app.web.organizer import drafts
from app.web.organizer.drafts import PressedForm, pressed
from app.web.organizer.gate import clock
from app.web.organizer.letters_preview import editor_preview
from app.web.organizer.letters_shelf import (
    Part,
    ShelvedLetter,
    Text,
    TextPlace,
    file_name,
    letters,
    load_shelf,
    pairs_of,
    text_at,
)
from app.web.organizer.letters_words import field_groups
from app.web.organizer.show import go_to, known, page, visible
from app.web.organizer.who import WhoForm, condition_view, insert_passage, passages
from app.web.problem_words import problem_words
from app.web.resident.people import title_name

MOST_CHARACTERS = 40_000
"""The longest text that can be saved; the limit for publishing is lower."""
TITLE_CHARACTERS = 120
RESERVED = frozenset({"new"})
STARTER = """I am a constituent from {{ place }}. I am writing about …

{{ opening }} {{ ask }}

{{ story }}

What this means where I live: …

{{ thanks }}
"""
"""The text of a new letter: the five parts that offices look for."""


@dataclass(frozen=True, slots=True)
class TypedLetter:
    """The editor's content. With ``whole``, ``words`` is the entire file, because it could not be
    split into heading and words."""

    words: str
    heading: dict[str, str] = field(default_factory=dict)
    whole: bool = False
    note: str = ""
    words_line: int = 1

    @classmethod
    def of(cls, source: str) -> TypedLetter:
        parts = split_source(source)
        if parts is None:
            return cls(visible(source), whole=True)
        heading = {key: visible(value) for key, value in parts.heading.items()}
        return cls(visible(parts.words), heading, words_line=parts.words_line)

    def source(self, before: str) -> str:
        """The file that results from applying this to ``before``."""
        if self.whole:
            return plain_lines(self.words)
        parts = split_source(before)
        unseen = parts.heading if parts else {}  # keep what the editor does not show
        return join_source(before, {**unseen, **self.heading}, self.words)


class EditorForm(PressedForm):
    """The editor. It has a field for each line that a letter's heading can have."""

    words, passage = entry(plain_lines), entry(str.strip)
    whole, at = BooleanField(), RowField()
    then, to, only = entries(3)
    find = entry(lambda typed: visible(typed).strip()[:60])

    def typed(self) -> TypedLetter:
        """The editor's content from the fields."""
        heading = {key: self[key].data for key in HEADING if self[key].raw_data}
        return TypedLetter(self.words.data, heading, self.whole.data, self.note.data)

    def code(self) -> str:
        """The condition for the recipients of a passage."""
        return sent(WhoForm, prefix="only").code(self.only.data)


for _key in HEADING:
    setattr(EditorForm, _key, entry(str.strip))


class NewForm(SiteForm):
    """A new letter, or a copy of one."""

    title, copy = entry(clean_line), entry()


@letters.get("/<letter_id>/<part>/edit")
@access("editor")
def edit(letter_id: str, part: str) -> Response:
    """The editor with the draft, else the live text."""
    place = text_at(letter_id, part)
    typed = TypedLetter.of(place.text.newest or _initial_text(place))
    return _editor_page(place, typed, base=place.text.state.revision)


def _initial_text(place: TextPlace) -> str:
    """The initial content of a text that does not exist yet."""
    if place.text.spanish:
        return "+++\n+++\n\n"
    full = place.letter.texts["full"].newest or ""
    parts = split_source(full)
    return join_source("", parts.heading if parts else {}, STARTER)


def _editor_page(
    place: TextPlace,
    typed: TypedLetter,
    *,
    base: int,
    problems: tuple[Problem, ...] = (),
    problem: str = "",
    said: str = "",
    status: int = 200,
) -> Response:
    site, text, form = services(), place.text, sent(EditorForm)
    source = typed.source(drafts.text_at(site, base, text.name) or _initial_text(place))
    shown = editor_preview(place, source, query=form.find.data, seat=form.to.data)
    first = 1 if typed.whole else typed.words_line
    found = [(max(p.line - first + 1, 0), p) for p in problems or shown.problems]
    context = {
        "letter": place.letter, "text": text, "typed": typed, "shown": shown, "name_of": title_name,
        "found": sorted(found, key=lambda one: one[1].file != text.name), "first": first,
        "passages": passages(typed.words), "find": form.find.data,
    }  # fmt: skip
    if queried().get("show") == "part":
        return page("letters/_beside", **context)
    english = place.letter.texts["short" if text.length == "short" else "full"]
    return page(
        "letters/edit", status, base=base, problem=problem, field="words", **context,
        errors=_summary(problem, found[:3] if problems else []),
        fields=field_groups(site.campaign),
        pairs=pairs_of(english.newest, text.newest) if text.spanish else (),
        done=said or queried().get("done", ""), only=condition_view(site, form.code()),
        passage=visible(form.passage.data) if said != "put" else "",
    )  # fmt: skip


def _summary(problem: str, found: list[tuple[int, Problem]]) -> list[tuple[str, str]]:
    """The error summary: what went wrong, and the first lines with problems."""
    lines = [
        (_("Line %(number)d:", number=line) if line else _("In the heading:"), one)
        for line, one in found
    ]
    words = [f"{where} {problem_words(one.what).replace('`', '')}" for where, one in lines]
    return [("words", text) for text in (problem, *words) if text]


@letters.post("/<letter_id>/<part>/edit")
@access("editor")
def edit_post(letter_id: str, part: str) -> Response:
    """Save a draft. A text that cannot be parsed is shown again, unless it is saved unfinished."""
    site, place, form = services(), text_at(letter_id, part), sent(EditorForm)
    typed, base = form.typed(), form.base.data
    before = drafts.text_at(site, base, place.text.name) or _initial_text(place)
    source = typed.source(before)
    parts = split_source(source)
    again = replace(typed, words_line=parts.words_line if parts else 1)
    if "put" in queried():
        return _add_passage(place, again, form)
    if {"look", "show"} & queried().keys():
        return _editor_page(place, again, base=base)
    if len(source) > MOST_CHARACTERS:
        words = _("This has %(number)d characters. Shorten it to %(most)d.",
                  number=len(source), most=MOST_CHARACTERS)  # fmt: skip
        return _editor_page(place, again, base=base, problem=words, status=422)
    result = read_template(place.text.name, source, facts=site.campaign.facts)
    unfinished = form.then.data == "unfinished"
    if isinstance(result, tuple) and not unfinished:
        words = _("Not saved yet. Your text is below. Fix what is listed, or save it unfinished.")
        return _editor_page(place, again, base=base, problems=result, problem=words, status=422)
    if source == place.text.live and place.text.draft is None:
        return _redirect_after_save(place, "same", form.then.data)
    if moved := drafts.save(source, base, typed.note, name=place.text.name):
        return _conflict(place, before, source, moved, typed.note)
    return _redirect_after_save(
        place, "unfinished" if isinstance(result, tuple) else "saved", form.then.data
    )


def _add_passage(place: TextPlace, typed: TypedLetter, form: EditorForm) -> Response:
    """The editor with a passage for some recipients inserted. Nothing is saved."""
    code, words, base = form.code(), form.passage.data, form.base.data
    if not words or not code:
        said = _("Type what only some read, and choose who they are.")
        return _editor_page(place, typed, base=base, problem=said, status=422)
    put = insert_passage(typed.words, code, plain_lines(words), form.at.data)
    return _editor_page(place, replace(typed, words=put), base=base, said="put")


def _redirect_after_save(place: TextPlace, done: str, then: str = "") -> Response:
    """Redirect to the page that was asked for, else to the editor, which says what was done."""
    letter, part = place.letter.id, place.text.part
    if then in ("check", "publish"):
        return go_to(f"organizer_letters.{then}", letter_id=letter)
    if then == "preview":
        return go_to("organizer_letters.preview", letter_id=letter, text=part, _anchor="shown")
    return go_to("organizer_letters.edit", letter_id=letter, part=part, done=done)


def _conflict(place: TextPlace, before: str, mine: str, moved: Moved, note: str) -> Response:
    """Show both texts and a merged suggestion. Nothing was written."""
    newest: FileVersion | None = moved.state.draft or moved.state.current
    theirs = newest.source if newest else place.text.live or ""
    # Nothing is saved if the drafts of a new letter were discarded.
    suggestion, clashes = _merge(before, theirs, mine) if theirs else (mine, 0)
    typed = TypedLetter.of(suggestion)
    first, second = TypedLetter.of(theirs), TypedLetter.of(mine)
    alike = first.heading == second.heading and first.whole == second.whole
    left, right = (first.words, second.words) if alike else (visible(theirs), visible(mine))
    return page(
        "letters/conflict", 409, letter=place.letter, text=place.text, typed=typed,
        base=moved.state.revision, theirs=newest, mine=right, clashes=clashes,
        their_text=left, between=changes(left, right), note=note,
    )  # fmt: skip


def _merge(before: str, theirs: str, mine: str) -> tuple[str, int]:
    """A three-way merge, of the heading by value and of the words by line, with the number of
    clashes."""
    parts = [split_source(text) for text in (before, theirs, mine)]
    old, first, second = parts
    if old is None or first is None or second is None:
        merged = merge(before, theirs, mine)
        return merged.text, merged.clashes
    heading, clashes = dict(first.heading), 0
    for key in {*first.heading, *second.heading}:
        base, there, here = (p.heading.get(key, "") for p in (old, first, second))
        kept = three_way(base, there, here)
        clashes += kept is None
        if kept != there:
            heading[key] = here
    words = merge(old.words, first.words, second.words)
    return join_source(theirs, heading, words.text), clashes + words.clashes


# --- a new letter -------------------------------------------------------------------------


@letters.get("/new")
@access("editor")
def new(form: NewForm | None = None, problem: str = "", status: int = 200) -> Response:
    """The form for a new letter, or a copy of one."""
    shelf, form = load_shelf(services()), form or from_query(NewForm)
    copied = shelf.letter(form.copy.data)
    title = form.title.data
    if copied and not form.title.raw_data:
        title = _("%(title)s (copy)", title=copied.title)
    return page(
        "letters/new", status, letters=shelf.letters, chosen=copied.id if copied else "",
        title=visible(title), problem=problem, field="title",
    )  # fmt: skip


@letters.post("/new")
@access("editor")
def new_post() -> Response:
    """Create the drafts of a new letter. Nothing is live until it is published."""
    form = sent(NewForm)
    title = form.title.data
    if not title or len(title) > TITLE_CHARACTERS:
        return new(form, _("Give the letter a title of at most %(most)d characters.",
                           most=TITLE_CHARACTERS), 422)  # fmt: skip
    shelf = load_shelf(services())
    letter_id = free_id(title, {letter.id for letter in shelf.letters})
    _save_drafts(letter_id, _initial_texts(shelf.letter(form.copy.data), title))
    return go_to("organizer_letters.letter", letter_id=letter_id, done="made")


def _save_drafts(letter_id: str, texts: dict[Part, str]) -> None:
    for part, source in texts.items():
        drafts.save(source, 0, "", name=file_name(letter_id, part))


def _initial_texts(copied: ShelvedLetter | None, title: str) -> dict[Part, str]:
    """The initial texts of a new letter, with its title also in the page's language."""
    titles = {"title": title, **({"title_es": title} if language() == "es" else {})}
    if copied is None:
        heading = {**titles, "subject": "{{ bill_title }}", "closing": "Sincerely,"}
        return {"full": join_source("", heading, STARTER)}
    made: dict[Part, str] = {}
    for part, text in copied.texts.items():
        if text.newest is None:
            continue
        parts = split_source(text.newest)
        if text.spanish or parts is None:
            made[part] = text.newest
        else:
            kept = {k: v for k, v in parts.heading.items() if k != "title_es"}
            made[part] = join_source("", {**kept, **titles}, parts.words)
    return made


def free_id(title: str, taken: set[str]) -> str:
    """An unused id made from a title: lowercase letters, digits and hyphens."""
    stem = slug(title)[:32].strip("-")
    stem = stem if re.match(r"[a-z]", stem) else f"letter-{stem}".strip("-")
    number, name = 1, stem
    while name in taken | RESERVED:
        number += 1
        name = f"{stem}-{number}"
    return name


# --- versions ----------------------------------------------------------------------------


def versions_of(text: Text) -> list[FileVersion]:
    """Every version of a text, newest first; id 0 is the text in the campaign's folder."""
    site = services()
    kept = list(history(site.db(), site.slug, text.name))
    folder = site.live.folder.get(text.name)
    if folder is not None and not any(version.number for version in kept):
        kept.append(FileVersion(
            0, site.slug, text.name, folder, text_version(folder), "live", "", clock(), "", 0, 1,
            "", None,
        ))  # fmt: skip
    return kept


@letters.get("/<letter_id>/<part>/versions")
@access("editor")
def versions(letter_id: str, part: str, problem: str = "", status: int = 200) -> Response:
    """The list of versions, and a comparison if two were chosen."""
    place = text_at(letter_id, part)
    lines = versions_of(place.text)
    one, other = (_version_with_id(lines, queried().get(name, "")) for name in ("old", "new"))
    compared = changes(visible(one.source), visible(other.source)) if one and other else ()
    compares = {name: queried()[name] for name in ("old", "new") if name in queried()}
    return page(
        "letters/versions", status, letter=place.letter, text=place.text, lines=lines,
        signed=_signatures_by_version(place), compared=compared, problem=problem,
        old=one or next(iter(lines[1:]), None), new=other or next(iter(lines), None),
        comparing=bool(one and other),
        elsewhere_url=page_url("organizer_letters.versions", other_language(),
                               letter_id=letter_id, part=part, **compares),
    )  # fmt: skip


def _signatures_by_version(place: TextPlace) -> dict[str, int]:
    """Signatures by version of an English text."""
    start, site = f"{place.letter.id} {place.text.length} ", services()
    return {
        row.group.removeprefix(start): row.signatures
        for row in count(site.db(), site.slug, "version")
        if row.group.startswith(start)
    }


def _version_with_id(lines: list[FileVersion], typed: str) -> FileVersion | None:
    return next((line for line in lines if str(line.id) == typed), None)


@letters.post("/<letter_id>/<part>/restore")
@access("editor")
def restore(letter_id: str, part: str) -> Response:
    """Make an earlier version the draft. The previous draft stays among the versions."""
    form, place = pressed(), text_at(letter_id, part)
    line = known(_version_with_id(versions_of(place.text), form.row.data))
    if form.base.data < 0:
        abort(404)
    note = _("Restored version %(number)d", number=line.number) if line.number else ""
    if drafts.save(line.source, form.base.data, note, name=place.text.name, restored=True):
        words = _(
            "Someone saved another draft, so nothing was restored. It is in the list below. "
            "Restore again if you still want to."
        )  # fmt: skip
        return versions(letter_id, part, words, 409)
    return _redirect_after_save(place, "restored")
