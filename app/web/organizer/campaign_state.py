"""The texts that the Campaign page works on: the draft if there is one, else what is live."""

from __future__ import annotations

from dataclasses import dataclass

from app.campaign.campaign_file import FILE
from app.campaign.edit import read_column
from app.records.audit import What
from app.records.workshop import FileState, Moved, NoSuchVersion, Saved, save_draft, states
from app.records.workshop import find_version as find
from app.site.services import Services
from app.web.organizer.gate import clock, current


@dataclass(frozen=True, slots=True)
class Working:
    """One file as an organizer sees it."""

    name: str
    text: str
    live: str
    """What residents see."""
    state: FileState
    counter: int
    """The change counter at which the live texts were read."""
    files: dict[str, str]
    """All live texts at that moment."""

    @property
    def base(self) -> int:
        """What a form carries, so that nobody's work is written over."""
        return self.state.revision

    @property
    def is_draft(self) -> bool:
        """Whether there is a draft that says something else than the live text."""
        return self.state.draft is not None and self.text != self.live


def working(site: Services, name: str = FILE) -> Working:
    """The draft of a file, or its live text where there is none."""
    db = site.db()
    found = site.live.files(db)
    state = states(db, site.campaign.slug).get(name, FileState(name))
    live = found.files.get(name, "")
    text = state.draft.source if state.draft else live
    return Working(name, text, live, state, found.counter, found.files)


def text_at(site: Services, base: int, name: str = FILE) -> str:
    """The text that a form was made from: a row of the database, or 0 for the file."""
    version = find(site.db(), site.campaign.slug, name, base)
    return site.live.folder.get(name, "") if isinstance(version, NoSuchVersion) else version.source


def save(
    site: Services, text: str, base: int, note: str, *, name: str = FILE, restored: bool = False
) -> Saved | Moved:
    """Keep a draft in the present organizer's name."""
    return save_draft(
        site.db(), site.campaign.slug, name, text, base=base, by=current().organizer.name,
        at=clock(), note=note, what=What.TEXT_RESTORED if restored else What.DRAFT_SAVED,
    )  # fmt: skip


def place_of(text: str, name: str, key: str) -> int | None:
    """Which part of a list of a text has this id; None when there is none."""
    ids = read_column(text, name, "id")
    return ids.index(key) if key in ids else None
