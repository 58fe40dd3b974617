"""Taking counts away as a file: the same rows as everywhere else, streamed."""

from __future__ import annotations

import json
import shutil
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from flask import request
from werkzeug.wrappers import Response

from app.delivery.packets import ZipBuffer
from app.records.acts import STATUSES
from app.records.audit import What
from app.records.counts import Filter, count, totals, ways_of
from app.records.database import Connection, open_database, reading, writing
from app.records.exports import (
    GROUPINGS,
    SHAPES,
    Occasion,
    export_name,
    table_of,
    write_export,
)
from app.records.tabular import csv_lines, csv_metadata, json_lines
from app.site.i18n import gettext as _
from app.site.rooms import in_subprocess, pieces_from_subprocess
from app.site.services import Services, services
from app.web.access import access
from app.web.forms import queried
from app.web.limits import in_room
from app.web.organizer.counts_read import CountsQuery, common, counts_area, read_filter
from app.web.organizer.gate import acting
from app.web.organizer.show import PIECE, download, page, pieces_of

FORMATS = {
    "csv-zip": ("zip", "application/zip"),
    "csv-notes": ("csv", "text/csv; charset=utf-8; header=absent"),
    "csv": ("csv", "text/csv; charset=utf-8; header=present"),
    "xlsx": ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "json": ("json", "application/json"),
    "sqlite": ("zip", "application/zip"),
}
"""By the name in the address: how a file's name ends, and its kind."""
MANY = 5_000
"""Rows from which a file is made in a process of its own, which takes a second to begin."""


@dataclass(frozen=True, slots=True)
class WantedFile:
    """What somebody wants to take away."""

    shape: str
    by: str
    form: str
    asked: CountsQuery
    errors: list[tuple[str, str]]

    @property
    def subject(self) -> str:
        """``counts-by-state``, ``signatures`` or ``letters``."""
        return f"counts-by-{self.by}" if self.shape == "counts" else self.shape


def read_wanted(site: Services, *, form: str = "csv") -> WantedFile:
    """Shape, breakdown, format and filter as the address asks for them.

    ``form`` is the format where it names none: the plain table, on which others may have built.
    """
    asked = read_filter(site)
    shape, by = queried().get("shape", "counts"), queried().get("by", "state")
    form = queried().get("format", form)
    errors = list(asked.errors)
    if shape not in SHAPES:
        errors.append(("shape", _("Choose what to include.")))
    if by not in GROUPINGS:
        errors.append(("by", _("Choose what the counts are broken down by.")))
    if form not in FORMATS:
        errors.append(("format", _("Choose one of the formats.")))
    return WantedFile(shape, by, form, asked, errors)


@counts_area.get("/export")
@access("exporter")
def export(wanted: WantedFile | None = None) -> Response:
    """The page on which a file is chosen, with how many rows it will have."""
    site = services()
    wanted = wanted or read_wanted(site, form="csv-zip")
    db, chosen = site.db(), wanted.asked.chosen
    return page(
        "counts/export", 422 if wanted.errors else 200,
        **{**common(wanted.asked, site), "errors": wanted.errors},
        wanted=wanted, breakdowns=GROUPINGS, whole=totals(db, chosen),
    )  # fmt: skip


@counts_area.get("/export/file")
@access("exporter", fresh=True)
@in_room("exports")
def export_file() -> Response:
    """The file. That it was taken away is an event of the audit trail."""
    site = services()
    wanted = read_wanted(site)
    if wanted.errors:
        return export(wanted)
    now = Occasion.of(site.now(), site.campaign, site.tables)
    ending, kind = FORMATS[wanted.form]
    name = export_name(wanted.subject, wanted.asked.chosen, now, ending)
    body: Iterable[bytes] = ()
    if request.method != "HEAD":  # who only asks for the headers takes nothing away
        body = _file(site, wanted, now, name, many=_record(site.db(), wanted) > MANY)
    file = download(body, kind, name)
    file.headers["Content-Type"] = kind
    if wanted.form == "json":
        file.headers["Link"] = '</schemas/export.json>; rel="describedby"'
    return file


def _record(db: Connection, wanted: WantedFile) -> int:
    """Note that the file is taken away; returns its rows."""
    chosen = wanted.asked.chosen
    whole = totals(db, chosen)
    rows = {"signatures": whole.signatures, "letters": whole.letters}.get(wanted.shape)
    if rows is None:
        rows = _groups(db, wanted, chosen)
    with writing(db):
        acting().record(
            What.COUNTS_EXPORTED,
            chosen.campaign or "all campaigns",
            after={
                "shape": wanted.subject,
                "format": wanted.form,
                "rows": rows,
                "filter": json.dumps(wanted.asked.query, sort_keys=True, ensure_ascii=False),
            },
        )
    return rows


def _groups(db: Connection, wanted: WantedFile, chosen: Filter) -> int:
    if wanted.by == "status":
        return len(STATUSES)
    found = ways_of(db, chosen) if wanted.by == "way" else count(db, chosen, wanted.by)
    return len(found)


def _file(
    site: Services, wanted: WantedFile, now: Occasion, name: str, *, many: bool
) -> Iterator[bytes]:
    """The file in pieces. Workbooks and databases are finished first, beside the database.

    All rows are of one moment, on a connection of their own: people go on signing meanwhile. With
    ``many`` rows the work is done in a process of its own.
    """
    database, chosen = site.settings.database, wanted.asked.chosen
    if wanted.form not in ("xlsx", "sqlite"):
        arguments = (database, wanted.form, (wanted.shape, wanted.by, chosen, now), name)
        return pieces_from_subprocess(_streamed, *arguments) if many else _streamed(*arguments)
    folder = Path(tempfile.mkdtemp(prefix=".export-", dir=site.settings.instance))
    try:
        finish = partial(
            write_export, database, folder / name, shape=wanted.shape, by=wanted.by,
            chosen=chosen, occasion=now,
        )  # fmt: skip
        if many:
            in_subprocess(finish)
        else:
            finish()
        return pieces_of(folder / name)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _streamed(
    database: Path, form: str, wanted: tuple[str, str, Filter, Occasion], name: str
) -> Iterator[bytes]:
    with closing(open_database(database)) as db, reading(db):
        table = table_of(db, *wanted)
        if form in ("csv", "csv-notes"):
            yield from _encoded(csv_lines(table, notes=form == "csv-notes"))
        elif form == "json":
            yield from _encoded(json_lines(table))
        else:
            inside = f"{name.removesuffix('.zip')}.csv"
            yield from zipped(
                [
                    (inside, csv_lines(table)),
                    (f"{inside}-metadata.json", csv_metadata(table, inside)),
                ]
            )


def _encoded(pieces: Iterable[str]) -> Iterator[bytes]:
    """The same as UTF-8, in pieces that are worth a packet."""
    waiting, size = [], 0
    for piece in pieces:
        waiting.append(piece)
        size += len(piece)
        if size >= PIECE:
            yield "".join(waiting).encode()
            waiting, size = [], 0
    yield "".join(waiting).encode()


def zipped(files: Iterable[tuple[str, Iterable[str]]]) -> Iterator[bytes]:
    """A ZIP file of texts, made while it is sent."""
    sink = ZipBuffer()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, pieces in files:
            with archive.open(name, "w", force_zip64=True) as member:
                for piece in _encoded(pieces):
                    member.write(piece)
                    yield sink.take()
            yield sink.take()
    yield sink.take()
