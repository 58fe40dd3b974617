"""The campaign's letters for organizers: the list of live, drafted and retired ones, one letter's
page and check, and publishing, retiring and restoring it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal, cast

from werkzeug.wrappers import Response

from app.campaign.campaign_fields import AID_NOTES
from app.campaign.entities import Length
from app.campaign.letter_file import SourceParts, read_name, split_source, version_of
from app.campaign.reading_aids import Pair, pair
from app.campaign.stance import Moment
from app.campaign.survey import AskGroup, survey
from app.campaign.text_changes import Change, changes
from app.congress.tables import Tables
from app.records import workshop
from app.records.counts import count
from app.records.workshop import FileState, FileVersion, states
from app.site.i18n import gettext as _
from app.site.i18n import language
from app.site.services import Services, services
from app.web.access import access
from app.web.forms import Several, SiteForm, sent
from app.web.limits import room
from app.web.organizer import drafts
from app.web.organizer.campaign_check import Checked, Texts, check_files, read, texts_of, with_check
from app.web.organizer.drafts import pressed
from app.web.organizer.gate import acting
from app.web.organizer.show import area, go_to, known, page, visible

letters = area("organizer_letters", "/letters")
"""The pages of the letters, under ``/organize/letters``, for editors only.

In a URL, ``letter_id`` is the base name of a letter's files (``general``), and ``part`` is one of
its texts: ``full``, ``short``, or their reading aids ``full-es`` and ``short-es``.
"""


Part = Literal["full", "short", "full-es", "short-es"]
PARTS: tuple[Part, ...] = ("full", "short", "full-es", "short-es")
"""The four texts of a letter: two lengths, each with a Spanish reading aid."""
_ENDINGS: dict[Part, str] = {
    "full": ".txt", "short": ".short.txt", "full-es": ".es.txt", "short-es": ".short.es.txt",
}  # fmt: skip
Status = Literal["live", "draft", "retired"]


@dataclass(frozen=True, slots=True)
class Text:
    """One of the texts of a letter."""

    part: Part
    name: str
    """The file's name."""
    state: FileState
    live: str | None
    """What residents see, whether published here or from the folder; None if nothing is live."""
    signed: int = 0
    """People who signed the live version."""
    stale: int = 0
    """Paragraphs of a reading aid that are missing or that translate an earlier English text."""

    @property
    def draft(self) -> FileVersion | None:
        return self.state.draft

    @property
    def retired(self) -> str | None:
        current = self.state.current
        return current.source if current is not None and self.state.retired else None

    @property
    def newest(self) -> str | None:
        """The text to continue editing: the draft, else the live one, else the retired one."""
        if self.draft is not None:
            return self.draft.source
        return self.live if self.live is not None else self.retired

    @property
    def length(self) -> Length:
        return "short" if self.part.startswith("short") else "full"

    @property
    def spanish(self) -> bool:
        return self.part.endswith("-es")

    @property
    def changed(self) -> bool:
        """Whether there is a draft that differs from the live text."""
        return self.draft is not None and self.draft.source != self.live


@dataclass(frozen=True, slots=True)
class ShelvedLetter:
    """One letter with its texts."""

    id: str
    title: str
    about: str
    texts: Mapping[Part, Text]
    signed_ever: int
    """People who signed any version of it, in either length."""

    @property
    def status(self) -> Status:
        full = self.texts["full"]
        if full.live is not None:
            return "live"
        return "retired" if full.retired is not None else "draft"

    @property
    def drafts(self) -> tuple[Text, ...]:
        """The texts with a draft to publish, the full letter first."""
        return tuple(text for text in self.texts.values() if text.changed)

    @property
    def signed(self) -> int:
        """People who signed a version that is live now."""
        return sum(text.signed for text in self.texts.values())


@dataclass(frozen=True, slots=True)
class Shelf:
    """A snapshot of all letters. ``counter`` is the change counter to publish against."""

    counter: int
    files: Mapping[str, str]
    """All live files by name, including the campaign's other files."""
    letters: tuple[ShelvedLetter, ...]

    def letter(self, letter_id: str) -> ShelvedLetter | None:
        return next((letter for letter in self.letters if letter.id == letter_id), None)

    def with_drafts(self, letter: ShelvedLetter) -> dict[str, str]:
        """The campaign's files with this letter's drafts, or its retired texts, applied."""
        files = dict(self.files)
        for text in letter.texts.values():
            if text.newest is not None:
                files[text.name] = text.newest
        return files

    def as_published(self, letter: ShelvedLetter) -> dict[str, str]:
        """The campaign's files as publishing this letter's drafts makes them. Its retired texts
        stay retired."""
        return {**self.files, **{t.name: t.draft.source for t in letter.drafts if t.draft}}

    def without(self, letter: ShelvedLetter) -> dict[str, str]:
        """The campaign's files without this letter."""
        gone = {text.name for text in letter.texts.values()}
        return {name: text for name, text in self.files.items() if name not in gone}


def file_name(letter_id: str, part: Part) -> str:
    """``general.short.es.txt``."""
    return letter_id + _ENDINGS[part]


def load_shelf(site: Services) -> Shelf:
    """The current letters: live, then drafts, then retired, each group by title."""
    db = site.db()
    live = site.live.files(db)
    found = states(db, site.slug)
    signed = _signed(site)
    kept = [name for name, state in found.items() if state.draft or state.current]
    ids = {kind.id for name in (*live.files, *kept) if (kind := read_name(name))}
    letters = [_letter(letter_id, live.files, found, signed) for letter_id in ids]
    order = {"live": 0, "draft": 1, "retired": 2}
    letters.sort(key=lambda x: (order[x.status], x.id != "general", x.title.casefold(), x.id))
    return Shelf(live.counter, live.files, tuple(letters))


def _letter(
    letter_id: str,
    files: Mapping[str, str],
    found: Mapping[str, FileState],
    signed: Mapping[tuple[str, str, str], int],
) -> ShelvedLetter:
    texts: dict[Part, Text] = {}
    for part in PARTS:
        name = file_name(letter_id, part)
        english = texts.get("short" if part == "short-es" else "full")
        text = Text(part, name, found.get(name, FileState(name)), files.get(name))
        if text.spanish and english and text.newest:
            pairs = pairs_of(english.newest, text.newest)
            text = replace(text, stale=sum(p.state in ("stale", "missing") for p in pairs))
        elif text.live is not None:
            key = (letter_id, text.length, version_of(text.live))
            text = replace(text, signed=signed.get(key, 0))
        texts[part] = text
    heading = heading_of(texts["full"].newest or texts["short"].newest or "")
    spanish = language() == "es"
    return ShelvedLetter(
        id=letter_id,
        title=(spanish and heading.get("title_es")) or heading.get("title") or letter_id,
        about=(spanish and heading.get("about_es")) or heading.get("about") or "",
        texts=texts,
        signed_ever=sum(n for (one, _length, _v), n in signed.items() if one == letter_id),
    )


def heading_of(source: str) -> dict[str, str]:
    """The heading of a letter's file; empty if it cannot be split."""
    parts = split_source(source)
    return parts.heading if parts else {}


def pairs_of(english: str | None, spanish: str | None) -> tuple[Pair, ...]:
    """The paragraphs of two texts, paired; a text that cannot be split has none."""
    nothing = SourceParts({}, "", 1)
    first, second = (split_source(text or "") or nothing for text in (english, spanish))
    return pair(first.words, second.words, second.heading.get(AID_NOTES, ""))


def _signed(site: Services) -> dict[tuple[str, str, str], int]:
    """Signatures by letter, length and version, from the same tallies as all other numbers."""
    found: dict[tuple[str, str, str], int] = {}
    for row in count(site.db(), site.slug, "version"):
        letter, length, version = (*row.group.split(" "), "", "")[:3]
        found[letter, length, version] = row.signatures
    return found


def lengths(letter: ShelvedLetter) -> list[Text]:
    """The English texts that exist."""
    return [t for t in letter.texts.values() if not t.spanish and t.newest is not None]


def first_lines(letter: ShelvedLetter) -> dict[str, int]:
    """The line on which each text's words begin, by file name; editors count lines from there."""
    parts = ((t.name, split_source(t.newest or "")) for t in letter.texts.values())
    return {name: found.words_line for name, found in parts if found is not None}


def letter_at(letter_id: str) -> tuple[Shelf, ShelvedLetter]:
    """The shelf, and the letter with this id; aborts with 404 if there is none."""
    shelf = load_shelf(services())
    return shelf, known(shelf.letter(letter_id))


@dataclass(frozen=True, slots=True)
class TextPlace:
    """The text that a page is about."""

    shelf: Shelf
    letter: ShelvedLetter
    text: Text


def text_at(letter_id: str, part: str) -> TextPlace:
    """This text of this letter, or of one whose drafts were all discarded; aborts with 404 if there
    never was one."""
    site = services()
    shelf = load_shelf(site)
    letter = shelf.letter(letter_id)
    kind = read_name(file_name(letter_id, "full"))
    if letter is None and kind is not None and kind.id == letter_id:
        names = [file_name(letter_id, one) for one in PARTS]
        if any(workshop.history(site.db(), site.slug, name) for name in names):
            letter = _letter(letter_id, {}, {}, {})
    letter = known(letter)
    return TextPlace(shelf, letter, known(letter.texts.get(cast("Part", part))))


# --- the list ----------------------------------------------------------------------------


@letters.get("/")
@access("editor")
def index() -> Response:
    """Every letter with its status."""
    return page("letters/index", letters=load_shelf(services()).letters)


# --- one letter --------------------------------------------------------------------------


@letters.get("/<letter_id>/", endpoint="letter")
@access("editor")
def show_letter(letter_id: str, problem: str = "", status: int = 200) -> Response:
    """One letter: its texts, their statuses, and what can be done."""
    return page("letters/letter", status, letter=letter_at(letter_id)[1], problem=problem)


@letters.get("/<letter_id>/check")
@access("editor")
def check(letter_id: str) -> Response:
    """The check of a letter with its drafts."""
    shelf, letter = letter_at(letter_id)

    def shown(checked: Checked) -> Response:
        asks = [
            (text, _ask_groups(shelf, letter, text.length))
            for text in (lengths(letter) if checked.campaign else ())
        ]
        return page(
            "letters/check", letter=letter, checked=checked, asks=asks, starts=first_lines(letter)
        )

    return with_check(shelf.with_drafts(letter), letter.id, letter.title, shown)


@lru_cache(maxsize=16)
def _survey(
    slug: str, texts: Texts, live: Texts, key: tuple[str, Length], tables: Tables
) -> tuple[AskGroup, ...]:
    after, now = read(slug, dict(texts)), read(slug, dict(live))
    template, before = after.template(*key), now.template(*key)
    if after.campaign is None or template is None:
        return ()
    pair = (now.campaign, before) if now.campaign is not None and before is not None else None
    with room("checks"):
        return survey(after.campaign, template, tables.holders, before=pair)


def _ask_groups(
    shelf: Shelf, letter: ShelvedLetter, length: Length
) -> list[tuple[Moment, list[AskGroup]]]:
    """Which seats get which ask of the letter, by moment, and what the drafts change."""
    site = services()
    texts, live = texts_of(shelf.with_drafts(letter)), texts_of(shelf.files)
    found: dict[Moment, list[AskGroup]] = defaultdict(list)
    for group in _survey(site.slug, texts, live, (letter.id, length), site.tables):
        found[group.moment].append(group)
    return [*found.items()]


# --- publishing --------------------------------------------------------------------------


@letters.get("/<letter_id>/publish")
@access("editor")
def publish(letter_id: str, problem: str = "", status: int = 200) -> Response:
    """What publishing would change, the result of the check, and how many signed the live text."""
    shelf, letter = letter_at(letter_id)

    def shown(checked: Checked) -> Response:
        compared = [t for t in lengths(letter) if t.changed] if checked.campaign else []
        return page(
            "letters/publish", status, letter=letter, checked=checked,
            parts=[(text, text_changes(text)) for text in letter.drafts],
            asks=[(text, _ask_groups(shelf, letter, text.length)) for text in compared],
            overtaken=[text for text in letter.drafts if _overtaken(text)],
            starts=first_lines(letter), problem=problem, field="publish",
            note=visible(pressed().note.data),
        )  # fmt: skip

    return with_check(shelf.as_published(letter), letter.id, letter.title, shown)


def text_changes(text: Text) -> tuple[Change, ...]:
    """The changes from the live text to the draft."""
    draft = text.draft.source if text.draft else ""
    return changes(visible(text.live or ""), visible(draft))


def _overtaken(text: Text) -> bool:
    """Whether another version has been published since the draft was started."""
    draft, now = text.state.draft, text.state.current
    return draft is not None and now is not None and draft.began_from not in (now.id, draft.id)


class SeenForm(SiteForm):
    """The ids of the drafts that a page showed, by file."""

    draft = Several()


@letters.post("/<letter_id>/publish")
@access("editor")
def publish_post(letter_id: str) -> Response:
    """Publish the drafts that the page showed, unless the check finds something to fix."""
    shelf, letter = letter_at(letter_id)
    if not letter.drafts:
        return go_to("organizer_letters.letter", letter_id=letter_id)
    seen = {t.name: t.draft.id for t in letter.drafts if t.draft}
    if sent(SeenForm).draft.data != {name: str(row) for name, row in seen.items()}:
        words = _(
            "Not published: someone saved a draft while you were looking. Look at the changes "
            "below, then publish."
        )  # fmt: skip
        return publish(letter_id, words, 409)
    if check_files(services(), shelf.as_published(letter), letter_id).must:
        words = _("Not published. Fix these first.")
        return publish(letter_id, words, 422)
    if not drafts.publish(seen, shelf.counter):
        return _moved_page(letter_id)
    return go_to("organizer_letters.letter", letter_id=letter_id, done="published")


def _moved_page(letter_id: str) -> Response:
    words = _(
        "Nothing changed: something else was just published. Look at the page again, then press "
        "again."
    )  # fmt: skip
    return show_letter(letter_id, words, 409)


@letters.post("/<letter_id>/<part>/discard")
@access("editor")
def discard(letter_id: str, part: str) -> Response:
    """Discard the draft of one text; it stays among the versions."""
    if not drafts.discard(text_at(letter_id, part).text.name):
        words = _("The draft changed since you looked. Nothing was discarded.")
        return show_letter(letter_id, words, 409)
    if load_shelf(services()).letter(letter_id) is None:
        return go_to("organizer_letters.index", done="discarded")
    return go_to("organizer_letters.letter", letter_id=letter_id, done="discarded")


@letters.post("/<letter_id>/retire")
@access("editor")
def retire(letter_id: str) -> Response:
    """Stop offering a letter. The last one cannot be retired: residents need something to sign."""
    site, (shelf, letter) = services(), letter_at(letter_id)
    if read(site.slug, shelf.without(letter)).campaign is None:
        words = _("Not retired: residents would have no letter left.")
        return show_letter(letter_id, words, 409)
    answer = workshop.retire(
        acting(), site.slug, [t.name for t in letter.texts.values() if t.live is not None],
        folder=site.live.folder, seen=shelf.counter,
    )  # fmt: skip
    if answer is None:
        return _moved_page(letter_id)
    return go_to("organizer_letters.letter", letter_id=letter_id, done="retired")


@letters.post("/<letter_id>/bring-back")
@access("editor")
def bring_back(letter_id: str) -> Response:
    """Offer a retired letter again, if it still passes the check."""
    site, (shelf, letter) = services(), letter_at(letter_id)
    retired = {t.name: t.retired for t in letter.texts.values() if t.retired is not None}
    if check_files(site, {**shelf.files, **retired}, letter_id).must:
        words = _("This letter can no longer go out as it was. Check it and publish a new version.")
        return show_letter(letter_id, words, 409)
    answer = workshop.bring_back(acting(), site.slug, list(retired), seen=shelf.counter)
    if answer is None:
        return _moved_page(letter_id)
    return go_to("organizer_letters.letter", letter_id=letter_id, done="back")
