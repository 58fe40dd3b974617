"""The audit trail on a page and as a file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict

from werkzeug.wrappers import Response

from app.records import audit
from app.records.audit import COMMAND_LINE, Actor, Event, TrailFilter, Value, What
from app.records.database import writing
from app.records.tabular import BOM, csv_line
from app.site.i18n import gettext as _
from app.site.services import services
from app.text import mark as _mark
from app.web.access import access
from app.web.forms import DayField, RowField, SiteForm, entries, from_query
from app.web.organizer.gate import clock, current, organizer
from app.web.organizer.show import download, page, visible

COLUMNS = ("number", "at (UTC)", "who", "what", "subject", "before", "after")
"""The CSV's columns. Never reorder or rename them."""


class TrailForm(SiteForm):
    """The filter in the query string. A day that cannot be read does not filter."""

    who, what = entries(2, lambda typed: visible(typed)[:60])
    since, until = DayField(), DayField()
    below, above = RowField(), RowField()

    def row(self, name: str) -> int | None:
        """The event that bounds a page of the trail; None if there is none."""
        return self[name].data if self[name].data >= 0 else None

    def wanted(self) -> TrailFilter:
        """The filter as the records take it."""
        since, until = (str(field.data or "") for field in (self.since, self.until))
        return TrailFilter(self.who.data, self.what.data, since=since, until=until)


@organizer.get("/audit", endpoint="audit")
@access("admin")
def show_trail() -> Response:
    """Fifty events, newest first, and the filter."""
    form, db = from_query(TrailForm), services().db()
    form.validate()
    wanted = form.wanted()
    return page(
        "audit", 422 if form.errors else 200,
        actors=[("", _("everyone")), *((name, actor_name(name)) for name in audit.actors(db))],
        kinds=[("", _("everything")), *((what.value, event_name(what)) for what in What)],
        found=audit.page(db, wanted, below=form.row("below"), above=form.row("above")),
        query={name: value for name, value in asdict(wanted).items() if value},
        form=form,
        errors=[(name, words[0]) for name, words in form.errors.items()],
    )  # fmt: skip


def _row(event: Event) -> list[str]:
    sides = (json.dumps(s, ensure_ascii=False, sort_keys=True) for s in (event.before, event.after))
    at = audit.stamp(event.at)
    return [str(event.number), at, event.who, event.what.value,
            event.subject, *sides]  # fmt: skip


def csv_lines(head: Iterable[Iterable[str]], events: Iterable[Event]) -> Iterator[str]:
    """The lines of the file: a byte order mark, ``head``, the column names, the events."""
    yield BOM
    for row in (*head, COLUMNS):
        yield csv_line(row)
    for event in events:
        yield csv_line(_row(event))


@organizer.get("/audit.csv")
@access("admin", fresh=True)
def audit_csv() -> Response:
    """The trail as CSV. The export is itself recorded as an event."""
    wanted = from_query(TrailForm).wanted()
    site, at, me = services(), clock(), current().organizer.name
    db = site.db()
    after = {"who": wanted.who, "what": wanted.what, "from": wanted.since, "to": wanted.until}
    with writing(db):
        rows = audit.page(db, wanted).total
        own = Actor(db, me, at).record(
            What.AUDIT_EXPORTED, "audit trail", after={**after, "rows": rows}
        )
    chosen = ", ".join(f"{name}: {value}" for name, value in after.items() if value)
    head = [
        ["Audit trail", site.settings.group_name],
        ["Filter", chosen or "everything"],
        ["Written at (UTC)", audit.stamp(at)],
    ]
    body = csv_lines(head, audit.every(db, wanted, below=own))
    return download(body, "text/csv", f"audit-trail-{at:%Y-%m-%d}.csv")


# --- Words for the page, in the reader's language; stored and exported text stays English ---


FACTS = (
    _mark("state"), _mark("role"), _mark("disabled"), _mark("expires"), _mark("codes"),
    _mark("codes left"), _mark("device"), _mark("step"), _mark("sessions"), _mark("who"),
    _mark("what"), _mark("from"), _mark("to"), _mark("rows"), _mark("withdrawn again"),
    _mark("format"), _mark("filter"), _mark("campaign"), _mark("purpose"), _mark("key"),
    _mark("keys"), _mark("private half on this server"), _mark("unreadable"), _mark("kind"),
    _mark("days"), _mark("version"), _mark("added"), _mark("signed before"), _mark("source"),
    _mark("language"), _mark("way"), _mark("signatures"), _mark("people"), _mark("as of"),
    _mark("joined"), _mark("left"), _mark("numbers"),
)  # fmt: skip
"""The names of an event's facts, exactly as the trail stores them."""
PLAINER = {
    What.START_PAGE_CHANGED: _mark("another campaign on the start page"),
    What.COPY_RESTORED: _mark("copy of the database restored"),
    What.PAPER_WITHDRAWN: _mark("paper signature withdrawn"),
    What.SIGNATURES_SET_ASIDE: _mark("held signatures left uncounted"),
    What.TEST_STARTED: _mark("test run started"),
    "shape": _mark("what it holds"), "preparing": _mark("being prepared"),
    COMMAND_LINE: _mark("command line"),
}  # fmt: skip
"""The words a page shows in place of what is stored, where the two differ."""


def event_name(what: What) -> str:
    """The kind of an event, in the reader's language."""
    return _(PLAINER.get(what, what.value))


def actor_name(who: str) -> str:
    """Who acted: an organizer's name, or words for the command line."""
    return _(PLAINER[who]) if who == COMMAND_LINE else who


def facts(values: Mapping[str, Value]) -> str:
    """The facts of an event on one line, like ``role: editor``; empty ones are left out."""
    return ", ".join(
        f"{_(PLAINER.get(key, key))}: {_fact(key, value)}"
        for key, value in values.items()
        if value is not None and value != ""
    )


def _fact(key: str, value: Value) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if key == "expires":
        return str(value).replace("T", " ").removesuffix("Z")
    return _(PLAINER.get(str(value), str(value))) if key in ("role", "state") else str(value)
