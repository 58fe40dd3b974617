"""The audit trail on a page and as a file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from app.records import audit
from app.records.audit import Event, TrailFilter, Value, What
from app.records.database import writing
from app.records.tabular import BOM, csv_line
from app.site.services import services
from app.text import read_day
from app.web.access import access
from app.web.organizer.gate import clock, current, organizer
from app.web.organizer.show import page, visible

COLUMNS = ("number", "at (UTC)", "who", "what", "subject", "before", "after")
"""In this order, never renamed."""
FIELDS = ("who", "what", "since", "until")
DIGITS = re.compile(r"[0-9]{1,15}")


def _wanted() -> tuple[TrailFilter, list[tuple[str, str]]]:
    """The filter in the address, and what could not be read of it."""
    arg = request.args
    read = {name: read_day(arg.get(name, "")) for name in ("since", "until")}
    days = {name: day.isoformat() if day else "" for name, day in read.items()}
    errors = [
        (name, _("Enter a day as year, month and day, such as 2026-11-25."))
        for name, day in read.items()
        if arg.get(name, "").strip() and not day
    ]
    return TrailFilter(arg.get("who", "")[:60], arg.get("what", "")[:60], **days), errors


def _number(name: str) -> int | None:
    text = request.args.get(name, "")
    return int(text) if DIGITS.fullmatch(text) else None


def _query(wanted: TrailFilter) -> dict[str, str]:
    fields = {"who": wanted.who, "what": wanted.what, "since": wanted.since, "until": wanted.until}
    return {name: value for name, value in fields.items() if value}


@organizer.get("/audit", endpoint="audit")
@access("admin")
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


def _row(event: Event) -> list[str]:
    sides = (json.dumps(s, ensure_ascii=False, sort_keys=True) for s in (event.before, event.after))
    at = audit.stamp(event.at)
    return [str(event.number), at, event.who, event.what.value,
            event.subject, *sides]  # fmt: skip


def csv_lines(head: Iterable[Iterable[str]], events: Iterable[Event]) -> Iterator[str]:
    """The file line by line: a byte order mark, what it is, the column names, the events."""
    yield BOM
    for row in (*head, COLUMNS):
        yield csv_line(row)
    for event in events:
        yield csv_line(_row(event))


@organizer.get("/audit.csv", endpoint="audit_csv")
@access("admin", fresh=True)
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


# --- In the reader's language; what is stored and exported stays in English ---


EVENTS = {
    What.ORGANIZER_ADDED: _l("organizer added"),
    What.ROLE_CHANGED: _l("role changed"),
    What.ORGANIZER_DISABLED: _l("organizer disabled"),
    What.ORGANIZER_ENABLED: _l("organizer enabled"),
    What.PASSWORD_LINK_MADE: _l("password link made"),
    What.PASSWORD_SET: _l("password set"),
    What.SECOND_FACTOR_SET_UP: _l("second factor set up"),
    What.SECOND_FACTOR_REMOVED: _l("second factor removed"),
    What.PASSKEY_ADDED: _l("passkey added"),
    What.PASSKEY_REMOVED: _l("passkey removed"),
    What.RECOVERY_CODES_MADE: _l("recovery codes made"),
    What.RECOVERY_CODE_USED: _l("recovery code used"),
    What.LOGGED_IN: _l("logged in"),
    What.LOGIN_REFUSED: _l("log-in refused"),
    What.CONFIRMED: _l("identity confirmed"),
    What.LOGGED_OUT: _l("logged out"),
    What.SESSIONS_REVOKED: _l("sessions revoked"),
    What.AUDIT_EXPORTED: _l("audit exported"),
    What.COUNTS_EXPORTED: _l("counts exported"),
    What.SEALED_EXPORTED: _l("sealed details exported"),
    What.KEY_MADE: _l("campaign key made"),
    What.KEY_USED: _l("campaign key taken into use"),
    What.KEY_MOVED: _l("private key moved away"),
    What.KEYS_ROTATED: _l("sealed details moved to another key"),
    What.KEY_RETIRED: _l("campaign key retired"),
    What.PURGED: _l("purged"),
    What.DRAFT_SAVED: _l("draft saved"),
    What.DRAFT_DISCARDED: _l("draft discarded"),
    What.TEXT_RESTORED: _l("version restored as a draft"),
    What.TEXT_PUBLISHED: _l("text published"),
    What.TEXT_RETIRED: _l("text retired"),
    What.TEXT_BROUGHT_BACK: _l("text brought back"),
    What.PAPER_ADDED: _l("paper signatures added"),
    What.PAPER_WITHDRAWN: _l("paper signature taken back"),
    What.PAPER_UNDONE: _l("paper import undone"),
    What.COSPONSORS_CHANGED: _l("cosponsors changed"),
    What.TEST_STARTED: _l("test journey started"),
    What.CAMPAIGN_BEGUN: _l("campaign begun"),
    What.CAMPAIGN_TAKEN_AWAY: _l("campaign taken away"),
    What.CAMPAIGN_MOVED: _l("campaign opened or ended"),
    What.START_PAGE_CHANGED: _l("another campaign on the start page"),
    What.SIGNATURES_RELEASED: _l("held signatures released"),
    What.SIGNATURES_SET_ASIDE: _l("held signatures set aside"),
    What.SIGNATURES_HELD_AGAIN: _l("signatures held again"),
    What.COPY_RESTORED: _l("copy of the database restored"),
}
"""A new kind of event adds its line; until then its stored name is shown."""

KEYS = {
    "state": _l("state"),
    "role": _l("role"),
    "disabled": _l("disabled"),
    "expires": _l("expires"),
    "codes": _l("codes"),
    "codes left": _l("codes left"),
    "device": _l("device"),
    "step": _l("step"),
    "sessions": _l("sessions"),
    "who": _l("who"),
    "what": _l("what"),
    "from": _l("from"),
    "to": _l("to"),
    "rows": _l("rows"),
    "withdrawn again": _l("withdrawn again"),
    "shape": _l("what it holds"),
    "format": _l("format"),
    "filter": _l("filter"),
    "campaign": _l("campaign"),
    "purpose": _l("purpose"),
    "key": _l("key"),
    "keys": _l("keys"),
    "private half on this server": _l("private half on this server"),
    "unreadable": _l("unreadable"),
    "kind": _l("kind"),
    "days": _l("days"),
    "version": _l("version"),
    "added": _l("added"),
    "signed before": _l("signed before"),
    "source": _l("source"),
    "language": _l("language"),
    "way": _l("way"),
    "signatures": _l("signatures"),
    "people": _l("people"),
    "as of": _l("as of"),
    "joined": _l("joined"),
    "left": _l("left"),
    "numbers": _l("numbers"),
}


def event_name(what: What) -> str:
    """The kind of an event in words."""
    return str(EVENTS.get(what, what.value))


def facts(values: Mapping[str, Value]) -> str:
    """``role: editor``: the facts of an event on one line, without the empty ones."""
    shown = []
    for key, value in values.items():
        if value is None or value == "":
            continue
        text = (_("yes") if value else _("no")) if isinstance(value, bool) else str(value)
        shown.append(f"{KEYS.get(key, key)}: {text}")
    return ", ".join(shown)
