"""What is known of a letter's way, in the reader's language."""

from __future__ import annotations

from app.records import State
from app.records.model import Cause
from app.web.i18n import gettext as _


def state_words(state: State, cause: Cause = "vacant seat") -> str:
    """A short sentence. Only an office's own system makes a letter *accepted*."""
    if state == "not attempted" and cause == "office system":
        return _("Not given to the office’s own system yet")
    return {
        "written": _("Written, not yet handed over"),
        "downloaded": _("You downloaded it"),
        "copied": _("You copied or pasted it for the web form"),
        "printed": _("You opened it for printing"),
        "mailed to self": _("A copy was mailed to you"),
        "accepted by the office's system": _("Accepted by the office’s own system"),
        "refused": _("Refused by the office’s own system"),
        "not attempted": _("No letter: the seat is vacant"),
    }[state]
