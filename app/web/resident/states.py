"""What is known of a letter's way, in the reader's language."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.cwc.client import SIT_OUT
from app.cwc.office_post import TEST_SYSTEM
from app.records.acts import Cause, State
from app.records.outbound import OutboundRow
from app.site.i18n import gettext as _


def state_words(state: State, cause: Cause = "vacant seat") -> str:
    """A short sentence. Only an office's own system makes a letter *accepted*."""
    if state == "not attempted" and cause == "office system":
        return _("Not given to the office’s own system")
    if state == "not attempted" and cause == "withdrawn":
        return _("Not given to the office’s own system, because you withdrew")
    return {
        "written": _("Written, not yet handed over"),
        "downloaded": _("You downloaded it"),
        "copied": _("You copied it for the web form"),
        "printed": _("You opened it for printing"),
        "mailed to self": _("A copy was mailed to you"),
        "line busy": _("You called and could not get through"),
        "call later": _("You will call later"),
        "pasted": _("You pasted it into the web form"),
        "mailed": _("You mailed it"),
        "spoke by phone": _("You called and spoke with the office"),
        "left a voicemail": _("You called and left a voicemail"),
        "queued": _("Waits to be given to the office’s own system"),
        "unknown": _("Given to the office’s own system, which did not answer: it may have arrived"),
        "accepted by the office's system": _("Accepted by the office’s own system"),
        "refused": _("Refused by the office’s own system"),
        "not attempted": _("No letter: our list had nobody in this seat"),
    }[state]


FIELD_NAMES = {
    "Prefix": _l("title"), "FirstName": _l("first name"), "LastName": _l("last name"),
    "Address1": _l("street"), "City": _l("city"), "StateAbbreviation": _l("state"),
    "Zip": _l("ZIP code"), "Phone": _l("phone number"), "Email": _l("e-mail address"),
}  # fmt: skip


def delivery_words(row: OutboundRow | None) -> str:
    """What more is known of a letter's way to its office's system; empty where nothing is."""
    if row is None:
        return ""
    if row.state == "deferred":
        return _("The system could not take it yet; we try again by ourselves.")
    if row.state == "refused":
        named = [str(words) for name, words in FIELD_NAMES.items() if name in row.cause]
        if named:
            return _("It did not take: %(fields)s. You can correct that and try again, or hand "
                     "the letter over another way.", fields=", ".join(named))  # fmt: skip
        return _("Please hand the letter over another way.")
    if row.state == "not attempted" and row.cause == TEST_SYSTEM:
        return _("It went to the offices’ test system only, so no office has it. Please hand the "
                 "letter over another way.")  # fmt: skip
    if row.state == "not attempted" and row.cause == SIT_OUT:
        return _("This office does not take part in the system. Please hand the letter over "
                 "another way.")  # fmt: skip
    if row.state in ("not attempted", "unknown"):
        return _("Please hand the letter over another way.")
    return ""
