"""Exporting counts as files: the same rows as everywhere else, streamed."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from flask import request
from werkzeug.wrappers import Response

from app.delivery.packets import ZipBuffer
from app.records.audit import What
from app.records.counts import Filter, totals
from app.records.database import Connection, open_database, reading, writing
from app.records.exports import (
    GROUPINGS,
    SHAPES,
    Occasion,
    count_letter_rows,
    counts_table,
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
from app.web.organizer.show import PIECE_BYTES, download, export_folder, page, pieces_of

FORMATS = {
    "csv-zip": ("zip", "application/zip"),
    "csv-notes": ("csv", "text/csv; charset=utf-8; header=absent"),
    "csv": ("csv", "text/csv; charset=utf-8; header=present"),
    "xlsx": ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "json": ("json", "application/json"),
    "sqlite": ("zip", "application/zip"),
}
"""File extension and content type, by the format's name in the query string."""
SUBPROCESS_ROWS = 5_000
"""An export of more rows is made in a subprocess, which takes a second to start."""


@dataclass(frozen=True, slots=True)
class WantedFile:
    """The export that a query string asks for."""

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
    """Shape, breakdown, format and filter from the query string.

    ``form`` is the format if it names none. The default is the plain table, because existing links
    to the file may rely on it.
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
    """The page for choosing an export, with its number of rows."""
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
    """The file. The export is recorded in the audit trail."""
    site = services()
    wanted = read_wanted(site)
    if wanted.errors:
        return export(wanted)
    now = Occasion.of(site.now(), site.campaign, site.tables)
    ending, kind = FORMATS[wanted.form]
    name = export_name(wanted.subject, wanted.asked.chosen, now, ending)
    body: Iterable[bytes] = ()
    if request.method != "HEAD":  # a HEAD request exports nothing
        many = _record_export(site.db(), wanted, now) > SUBPROCESS_ROWS
        body = _export_pieces(site, wanted, now, name, many=many)
    file = download(body, kind, name)
    file.headers["Content-Type"] = kind
    if wanted.form == "json":
        file.headers["Link"] = '</schemas/export.json>; rel="describedby"'
    return file


def _record_export(db: Connection, wanted: WantedFile, now: Occasion) -> int:
    """Record the export in the audit trail; returns its number of rows."""
    chosen = wanted.asked.chosen
    if wanted.shape == "signatures":
        rows = totals(db, chosen).signatures
    elif wanted.shape == "letters":
        rows = count_letter_rows(db, chosen)
    else:
        rows = sum(1 for _row in counts_table(db, wanted.by, chosen, now).rows)
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


def _export_pieces(
    site: Services, wanted: WantedFile, now: Occasion, name: str, *, many: bool
) -> Iterator[bytes]:
    """The file in pieces. Workbooks and databases are completed first, next to the site's database.

    All rows come from one snapshot on a separate connection, as people go on signing meanwhile.
    With ``many`` rows the work is done in a subprocess.
    """
    database, chosen = site.settings.database, wanted.asked.chosen
    if wanted.form not in ("xlsx", "sqlite"):
        arguments = (database, wanted.form, (wanted.shape, wanted.by, chosen, now), name)
        return pieces_from_subprocess(_streamed, *arguments) if many else _streamed(*arguments)
    with export_folder() as folder:
        finish = partial(
            write_export, database, folder / name, shape=wanted.shape, by=wanted.by,
            chosen=chosen, occasion=now,
        )  # fmt: skip
        if many:
            in_subprocess(finish)
        else:
            finish()
        return pieces_of(folder / name)


def _streamed(
    database: Path, form: str, wanted: tuple[str, str, Filter, Occasion], name: str
) -> Iterator[bytes]:
    with closing(open_database(database)) as db, reading(db):
        table = table_of(db, *wanted)
        if form in ("csv", "csv-notes"):
            yield from _encoded_pieces(csv_lines(table, notes=form == "csv-notes"))
        elif form == "json":
            yield from _encoded_pieces(json_lines(table))
        else:
            inside = f"{name.removesuffix('.zip')}.csv"
            yield from zipped(
                [
                    (inside, csv_lines(table)),
                    (f"{inside}-metadata.json", csv_metadata(table, inside)),
                ]
            )


def _encoded_pieces(pieces: Iterable[str]) -> Iterator[bytes]:
    """The pieces as UTF-8, combined to about ``PIECE_BYTES`` each."""
    waiting, size = [], 0
    for piece in pieces:
        waiting.append(piece)
        size += len(piece)
        if size >= PIECE_BYTES:
            yield "".join(waiting).encode()
            waiting, size = [], 0
    yield "".join(waiting).encode()


def zipped(files: Iterable[tuple[str, Iterable[str]]]) -> Iterator[bytes]:
    """A ZIP archive of text files, compressed while it is sent."""
    sink = ZipBuffer()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, pieces in files:
            with archive.open(name, "w", force_zip64=True) as member:
                for piece in _encoded_pieces(pieces):
                    member.write(piece)
                    yield sink.take()
            yield sink.take()
    yield sink.take()
