"""The audit trail on a page and as a file."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator

from flask import request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.records import audit
from app.records.audit import Event, Filter, What
from app.records.database import writing
from app.site.days import read_day
from app.site.services import services
from app.web.organizer.gate import clock, current
from app.web.organizer.show import page, visible

COLUMNS = ("number", "at (UTC)", "who", "what", "subject", "before", "after")
"""In this order, never renamed."""
FIELDS = ("who", "what", "since", "until")
DIGITS = re.compile(r"[0-9]{1,15}")
HARMLESS = re.compile(r"-[^\W\d_]+( [^\W\d_]+)*|\+\d{1,3}( \d+)+")
"""``-Ann`` and ``+1 202 555 0147``: one word or number calls nothing."""


def _wanted() -> tuple[Filter, list[tuple[str, str]]]:
    """The filter in the address, and what could not be read of it."""
    arg = request.args
    read = {name: read_day(arg.get(name, "")) for name in ("since", "until")}
    days = {name: day.isoformat() if day else "" for name, day in read.items()}
    errors = [
        (name, _("Enter a day as year, month and day, such as 2026-11-25."))
        for name, day in read.items()
        if arg.get(name, "").strip() and not day
    ]
    return Filter(arg.get("who", "")[:60], arg.get("what", "")[:60], **days), errors


def _number(name: str) -> int | None:
    text = request.args.get(name, "")
    return int(text) if DIGITS.fullmatch(text) else None


def _query(wanted: Filter) -> dict[str, str]:
    fields = {"who": wanted.who, "what": wanted.what, "since": wanted.since, "until": wanted.until}
    return {name: value for name, value in fields.items() if value}


def show_trail() -> Response:
    """Fifty events, newest first, with a filter."""
    wanted, errors = _wanted()
    db = services().db()
    found = audit.page(db, wanted, below=_number("below"), above=_number("above"))
    return page(
        "audit", 422 if errors else 200, found=found, query=_query(wanted), errors=errors,
        kinds=list(What), actors=audit.actors(db),
        typed={name: visible(request.args.get(name, "")) for name in FIELDS},
    )  # fmt: skip


def plain_cell(text: str) -> str:
    """A text that no spreadsheet takes for a formula. What it says stays readable.

    Looks past spaces and at full-width signs too, which some programs fold to plain ones.
    """
    first = text.lstrip(" \u00a0\u3000")[:1]
    if first in ("=", "@", "\t", "\r", "\n", "＝", "＠", "＋", "－"):
        return f"'{text}"
    if first in ("+", "-") and not HARMLESS.fullmatch(text.strip()):
        return f"'{text}"
    return text


def _row(event: Event) -> list[str]:
    sides = (json.dumps(s, ensure_ascii=False, sort_keys=True) for s in (event.before, event.after))
    at = audit.stamp(event.at)
    return [str(event.number), at, plain_cell(event.who), event.what.value,
            plain_cell(event.subject), *sides]  # fmt: skip


def csv_lines(head: Iterable[Iterable[str]], events: Iterable[Event]) -> Iterator[str]:
    """The file line by line: a byte order mark, what it is, the column names, the events."""
    line = io.StringIO()
    writer = csv.writer(line)

    def written(row: Iterable[str]) -> str:
        line.seek(0)
        line.truncate()
        writer.writerow(row)
        return line.getvalue()

    yield "\ufeff"
    for row in head:
        yield written([plain_cell(cell) for cell in row])
    yield written(COLUMNS)
    for event in events:
        yield written(_row(event))


def export_trail() -> Response:
    """The trail as CSV. That it was taken away is itself an event."""
    wanted, _errors = _wanted()
    site, at, me = services(), clock(), current().organizer.name
    db = site.db()
    after = {"who": wanted.who, "what": wanted.what, "from": wanted.since, "to": wanted.until}
    with writing(db):
        rows = audit.page(db, wanted).total
        own = audit.record(
            db, at=at, who=me, what=What.AUDIT_EXPORTED, subject="audit trail",
            after={**after, "rows": rows},
        )  # fmt: skip
    chosen = ", ".join(f"{name}: {value}" for name, value in after.items() if value)
    head = [
        ["Audit trail", site.settings.group_name],
        ["Filter", chosen or "everything"],
        ["Written at (UTC)", audit.stamp(at)],
    ]
    body = csv_lines(head, audit.every(db, wanted, below=own))
    response = Response(body, mimetype="text/csv")
    response.headers["Content-Disposition"] = (
        f'attachment; filename="audit-trail-{at:%Y-%m-%d}.csv"'
    )
    return response
