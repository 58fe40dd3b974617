"""The audit trail in the reader's language. What is stored and exported stays in English."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.records.audit import Value, What

EVENTS = {
    What.ORGANIZER_ADDED: _l("organizer added"),
    What.ROLE_CHANGED: _l("role changed"),
    What.ORGANIZER_DISABLED: _l("organizer disabled"),
    What.ORGANIZER_ENABLED: _l("organizer enabled"),
    What.PASSWORD_LINK_MADE: _l("password link made"),
    What.PASSWORD_SET: _l("password set"),
    What.SECOND_FACTOR_SET_UP: _l("second factor set up"),
    What.SECOND_FACTOR_REMOVED: _l("second factor removed"),
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
    What.COSPONSORS_CHANGED: _l("cosponsors changed"),
    What.TEST_STARTED: _l("test journey started"),
    What.SIGNATURES_RELEASED: _l("held signatures released"),
    What.SIGNATURES_SET_ASIDE: _l("held signatures set aside"),
    What.SIGNATURES_HELD_AGAIN: _l("signatures held again"),
}
"""A new kind of event adds its line; until then its stored name is shown."""

KEYS = {
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
