"""What organizers type: checked here, with messages that say what to do."""

from __future__ import annotations

from flask_babel import gettext as _
from flask_babel import ngettext

from app.records.credentials import PASSWORD_MIN

MISMATCH = "mismatch"


def password_words(why: str) -> str:
    """What is wrong with a new password and what to do."""
    if why == "long":
        words = _("That password is too long. Use at most 500 characters.")
    elif why == "simple":
        words = _(
            "That password repeats a few characters. Three or four unrelated words are better."
        )
    elif why == "name":
        words = _("That password is little more than your name. Choose something else.")
    elif why == MISMATCH:
        words = _("The two passwords are not the same. Type the new password twice.")
    else:
        words = _(
            "Use at least %(number)d characters. Three or four unrelated words are good.",
            number=PASSWORD_MIN,
        )
    return str(words)


def wait_words(seconds: int) -> str:
    """How long to wait before the next try."""
    words = ngettext(
        "There were too many tries, so this one was not looked at. Wait one second, then try "
        "again. If you are logged in on another device, that is not affected.",
        "There were too many tries, so this one was not looked at. Wait %(num)d seconds, then try "
        "again. If you are logged in on another device, that is not affected.",
        seconds,
    )
    return str(words)


def wrong_code_words() -> str:
    """What to do about a code that was not accepted."""
    words = _(
        "That code is not right, or it was used before. Wait for the next one and type it. If it "
        "is refused again, check that the clock of your phone is set automatically."
    )
    return str(words)
