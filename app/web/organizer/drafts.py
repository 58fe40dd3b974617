"""The campaign's texts as organizers edit them: the draft if there is one, else the live text.

Each form carries the revision that it was made from, so that no one's work is overwritten.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flask import abort

from app.campaign.campaign_file import FILE
from app.records import workshop
from app.records.audit import What
from app.records.workshop import FileState, FileVersion, Moved
from app.site.services import Services, services
from app.web.forms import RowField, SiteForm, entries, entry, sent
from app.web.organizer.gate import acting


class PressedForm(SiteForm):
    """The fields that accompany every action on a text: the revision that the form was made from
    (``base``), the change counter of the texts that were checked (``seen``), the id of a version,
    a note, and the direction in which a part moves."""

    base, seen = RowField(), RowField()
    row, way = entries(2)
    note = entry(str.strip)


def pressed() -> PressedForm:
    """The submitted form."""
    return sent(PressedForm)


@dataclass(frozen=True, slots=True)
class Working:
    """One file as an organizer edits it."""

    name: str
    text: str
    live: str
    """What residents see."""
    state: FileState
    counter: int
    """The change counter at which the live texts were read."""
    files: dict[str, str]
    """All live texts at that counter."""

    @property
    def base(self) -> int:
        """The revision that a form carries."""
        return self.state.revision

    @property
    def is_draft(self) -> bool:
        """Whether there is a draft that differs from the live text."""
        return self.state.draft is not None and self.text != self.live


def working(site: Services, name: str = FILE) -> Working:
    """The draft of a file, or its live text if there is none, or its retired one."""
    db = site.db()
    found = site.live.files(db)
    state = workshop.states(db, site.slug).get(name, FileState(name))
    live = found.files.get(name, "")
    kept = state.draft or (state.current if state.retired else None)
    text = kept.source if kept else live
    return Working(name, text, live, state, found.counter, found.files)


def text_at(site: Services, base: int, name: str = FILE) -> str:
    """The text that a form was made from; revision 0 is the file in the campaign's folder."""
    version = workshop.find_version(site.db(), site.slug, name, base)
    return version.source if version else site.live.folder.get(name, "")


def version_at(number: int, name: str = FILE) -> FileVersion:
    """The version of a file with this id; aborts with 404 if there is none."""
    site = services()
    return workshop.find_version(site.db(), site.slug, name, number) or abort(404)


def save(
    text: str, base: int, note: str, *, name: str = FILE, restored: bool = False
) -> Moved | None:
    """Save a draft in the organizer's name; ``Moved`` if someone else has saved since ``base``."""
    site = services()
    answer = workshop.save_draft(
        acting(), site.slug, name, text, base=base, note=note,
        what=What.TEXT_RESTORED if restored else What.DRAFT_SAVED,
    )  # fmt: skip
    return answer if isinstance(answer, Moved) else None


def discard(name: str = FILE) -> bool:
    """Discard the draft that the form was made for; False if it has changed since."""
    site = services()
    answer = workshop.discard_draft(acting(), site.slug, name, base=pressed().base.data)
    return not isinstance(answer, Moved)


def publish(drafts: Mapping[str, int], seen: int) -> bool:
    """Publish drafts (revisions by file name) that were checked at change counter ``seen``, with
    the form's note; False if anything has changed since."""
    site = services()
    answer = workshop.publish(
        acting(), site.slug, drafts, folder=site.live.folder, seen=seen, note=pressed().note.data
    )
    return answer is not None
