"""Every version of a text: list, compare any two, restore."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from flask import redirect, request
from werkzeug.wrappers import Response

from app.campaign import version_of
from app.campaign.text_changes import Change, changes
from app.records import count
from app.records.audit import What
from app.records.workshop import FileVersion, Moved, history, save_draft
from app.site.i18n import gettext as _
from app.site.i18n import other_language, page_url
from app.site.services import Services, services
from app.web.organizer.gate import clock, current
from app.web.organizer.letters_edit import Place, place_of
from app.web.organizer.letters_shelf import Text
from app.web.organizer.show import page, visible


@dataclass(frozen=True, slots=True)
class Line:
    """One version as the list shows it. Row 0 is the text in the folder."""

    row: int
    status: str
    number: int | None
    author: str
    """Empty for the text of the folder."""
    at: datetime | None
    note: str
    version: str
    source: str
    signed: int


def lines_of(site: Services, text: Text, signed: dict[str, int]) -> list[Line]:
    """Every version of a text, the newest first."""
    kept = [_line(version, signed) for version in history(site.db(), site.live.slug, text.name)]
    folder = site.live.folder.get(text.name)
    if folder is not None and not any(line.number for line in kept):
        version = version_of(folder)
        kept.append(Line(0, "live", 1, "", None, "", version, folder, signed.get(version, 0)))
    return kept


def _line(version: FileVersion, signed: dict[str, int]) -> Line:
    return Line(
        version.id, version.status, version.number, version.author,
        version.published_at or version.at, version.note, version.short, version.source,
        signed.get(version.short, 0),
    )  # fmt: skip


def show_versions(letter_id: str, part: str, problem: str = "", status: int = 200) -> Response:
    """The list, and below it two of them compared where two were chosen."""
    site = services()
    place = place_of(site, letter_id, part)
    if place is None:
        return page("no_such", 404)
    lines = lines_of(site, place.text, _signed_of(site, place))
    one, other = (_chosen(lines, request.args.get(name, "")) for name in ("old", "new"))
    compared: tuple[Change, ...] = ()
    if one and other:
        compared = changes(visible(one.source), visible(other.source))
    values = {"letter": letter_id, "part": part, **request.args.to_dict()}
    return page(
        "letters/versions", status, letter=place.letter, text=place.text, lines=lines,
        old=one or next(iter(lines[1:]), None), new=other or next(iter(lines), None),
        comparing=bool(one and other), compared=compared, problem=problem,
        elsewhere_url=page_url("organizer_letters.versions", other_language(), **values),
    )  # fmt: skip


def _signed_of(site: Services, place: Place) -> dict[str, int]:
    start = f"{place.letter.id} {place.text.length} "
    if place.text.spanish:
        return {}
    return {
        row.group.removeprefix(start): row.signatures
        for row in count(site.db(), site.live.slug, "version")
        if row.group.startswith(start)
    }


def _chosen(lines: list[Line], typed: str) -> Line | None:
    return next((line for line in lines if str(line.row) == typed), None)


def take_restore(letter_id: str, part: str) -> Response:
    """Make an old version the draft. What was the draft stays among the versions."""
    site = services()
    place = place_of(site, letter_id, part)
    if place is None:
        return page("no_such", 404)
    line = _chosen(lines_of(site, place.text, {}), request.form.get("row", ""))
    base = request.form.get("base", "")
    if line is None or not re.fullmatch(r"[0-9]{1,15}", base):
        return page("no_such", 404)
    note = _("Restored version %(number)d", number=line.number) if line.number else ""
    answer = save_draft(
        site.db(), site.live.slug, place.text.name, line.source, base=int(base),
        by=current().organizer.name, at=clock(), note=note, what=What.TEXT_RESTORED,
    )  # fmt: skip
    if isinstance(answer, Moved):
        words = _("Somebody saved another draft meanwhile, so nothing was restored. It is in the "
                  "list below; restore again if you still want to.")  # fmt: skip
        return show_versions(letter_id, part, words, 409)
    return redirect(
        page_url("organizer_letters.edit", letter=letter_id, part=part, done="restored"), 303
    )
