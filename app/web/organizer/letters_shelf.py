"""The letters of the campaign as an organizer finds them: what is live, drafted, retired."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

from app.campaign.campaign_fields import AID_NOTES
from app.campaign.entities import Length
from app.campaign.letter_file import read_name, split_source, version_of
from app.campaign.reading_aids import pair
from app.records.counts import count
from app.records.workshop import FileState, FileVersion, states
from app.site.i18n import language
from app.site.services import Services, services
from app.web.organizer.show import area, known

letters = area("organizer_letters", "/letters")
"""The pages of the letters, under ``/organize/letters``: editors only, ``gate`` sees to it.

``letter_id`` in an address is the name of a letter's files (``general``), ``part`` one of its
texts: ``full``, ``short``, and their reading aids ``full-es`` and ``short-es``.
"""


Part = Literal["full", "short", "full-es", "short-es"]
PARTS: tuple[Part, ...] = ("full", "short", "full-es", "short-es")
"""The four texts of a letter: two lengths, and for each its Spanish reading aid."""
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
    """What residents see, or what the folder holds; None where nothing is live."""
    signed: int = 0
    """People who signed the live version."""
    stale: int = 0
    """Paragraphs of a reading aid that were made for another English, or are missing."""

    @property
    def draft(self) -> FileVersion | None:
        return self.state.draft

    @property
    def retired(self) -> str | None:
        current = self.state.current
        return current.source if current is not None and self.state.retired else None

    @property
    def newest(self) -> str | None:
        """What an editor goes on with: the draft, else what is live or was last."""
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
        """Whether there is a draft that says something else than what is live."""
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
    """All letters at one moment. ``counter`` is what a publication has to name."""

    counter: int
    files: Mapping[str, str]
    """What is live, by name; the campaign's other files too."""
    folder: Mapping[str, str]
    letters: tuple[ShelvedLetter, ...]

    def letter(self, letter_id: str) -> ShelvedLetter | None:
        return next((letter for letter in self.letters if letter.id == letter_id), None)

    def with_drafts(self, letter: ShelvedLetter) -> dict[str, str]:
        """The campaign as it would be with this letter's drafts, retired texts included."""
        files = dict(self.files)
        for text in letter.texts.values():
            if text.newest is not None:
                files[text.name] = text.newest
        return files

    def without(self, letter: ShelvedLetter) -> dict[str, str]:
        """The campaign as it would be without this letter."""
        gone = {text.name for text in letter.texts.values()}
        return {name: text for name, text in self.files.items() if name not in gone}


def file_name(letter_id: str, part: Part) -> str:
    """``general.short.es.txt``."""
    return letter_id + _ENDINGS[part]


def shelf(site: Services) -> Shelf:
    """The letters as they are now, live ones first, each group by title."""
    db = site.db()
    live = site.live.files(db)
    found = states(db, site.slug)
    signed = _signed(site)
    ids = {kind.id for name in (*live.files, *found) if (kind := read_name(name))}
    letters = [
        _letter(letter_id, live.files, found, signed)
        for letter_id in ids
        if any(_there(name, live.files, found) for name in _names(letter_id))
    ]
    order = {"live": 0, "draft": 1, "retired": 2}
    letters.sort(key=lambda x: (order[x.status], x.id != "general", x.title.casefold(), x.id))
    return Shelf(live.counter, live.files, site.live.folder, tuple(letters))


def _names(letter_id: str) -> list[str]:
    return [file_name(letter_id, part) for part in PARTS]


def _there(name: str, files: Mapping[str, str], found: Mapping[str, FileState]) -> bool:
    state = found.get(name)
    return name in files or (state is not None and bool(state.draft or state.current))


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
        live = files.get(name)
        text = Text(part, name, found.get(name, FileState(name)), live)
        number = 0
        if live is not None and not text.spanish:
            number = signed.get((letter_id, text.length, version_of(live)), 0)
        stale = _stale(english, text) if text.spanish and english else 0
        texts[part] = Text(part, name, text.state, live, number, stale)
    heading = _heading(texts["full"].newest or texts["short"].newest or "")
    spanish = language() == "es"
    return ShelvedLetter(
        id=letter_id,
        title=(spanish and heading.get("title_es")) or heading.get("title") or letter_id,
        about=(spanish and heading.get("about_es")) or heading.get("about") or "",
        texts=texts,
        signed_ever=sum(n for (one, _length, _v), n in signed.items() if one == letter_id),
    )


def _heading(source: str) -> dict[str, str]:
    parts = split_source(source)
    return parts.heading if parts else {}


def _stale(english: Text, aid: Text) -> int:
    if not english.newest or not aid.newest:
        return 0
    first, second = split_source(english.newest), split_source(aid.newest)
    if first is None or second is None:
        return 0
    note = second.heading.get(AID_NOTES, "")
    return sum(p.state in ("stale", "missing") for p in pair(first.words, second.words, note))


def _signed(site: Services) -> dict[tuple[str, str, str], int]:
    """People by letter, length and version, from the same tallies as every other number."""
    found: dict[tuple[str, str, str], int] = {}
    for row in count(site.db(), site.slug, "version"):
        letter, length, version = (*row.group.split(" "), "", "")[:3]
        found[letter, length, version] = row.signatures
    return found


def lengths(letter: ShelvedLetter) -> list[Text]:
    """The English texts that exist."""
    return [t for t in letter.texts.values() if not t.spanish and t.newest is not None]


def first_lines(letter: ShelvedLetter) -> dict[str, int]:
    """The line on which the words of each text begin, by file name: editors count from there."""
    parts = ((t.name, split_source(t.newest or "")) for t in letter.texts.values())
    return {name: found.words_line for name, found in parts if found is not None}


def letter_at(letter_id: str) -> tuple[Shelf, ShelvedLetter]:
    """The shelf, and the letter that an address names."""
    books = shelf(services())
    return books, known(books.letter(letter_id))


@dataclass(frozen=True, slots=True)
class TextPlace:
    """The text that a page is about."""

    books: Shelf
    letter: ShelvedLetter
    text: Text


def text_at(letter_id: str, part: str) -> TextPlace:
    """The text that an address names."""
    books, letter = letter_at(letter_id)
    return TextPlace(books, letter, known(letter.texts.get(cast("Part", part))))
