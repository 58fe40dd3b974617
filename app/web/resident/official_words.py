"""What the offices' own format still needs, and what it does not take, in the reader's language."""

from __future__ import annotations

from app.cwc.message import FieldProblem, Missing, NotReady
from app.site.i18n import gettext as _


def field_words(reason: Missing | FieldProblem) -> str:
    """The words beside a field that is empty or that the format does not take."""
    if isinstance(reason, Missing):
        return _missing(reason)
    return {
        "prefix": _("The Senate’s system takes only these titles. Please choose one of them."),
        "street": _("The office’s system takes no street of fewer than three characters."),
        "city": _("The office’s system takes no city of fewer than three letters. Please write it "
                  "out."),
        "zip": _("A ZIP code has five or nine digits, such as 02138."),
        "email": _("This is not a whole e-mail address. It looks like name@example.org."),
        "phone": _("A phone number has ten digits, such as 202-555-0147."),
    }.get(reason.field, reason.message)  # fmt: skip


def _missing(reason: Missing) -> str:
    return {
        "prefix": _("The office’s system needs a title. Please choose one."),
        "first": _("The office’s system needs a first name. If you have one name, write it twice."),
        "last": _("The office’s system needs a last name. If you have one name, write it twice."),
        "street": _("The office’s system needs the street where you live."),
        "city": _("The office’s system needs the city where you live."),
        "zip": _("The office’s system needs the ZIP code where you live."),
        "email": _("The office’s system needs your e-mail address, for the office’s answer."),
        "phone": _("This office needs a phone number."),
    }.get(reason.field, reason.message)  # fmt: skip


def cannot_words(found: NotReady) -> str:
    """Why a letter cannot go this way as it is, and what to do."""
    fields = found.fields
    names = any(reason.message.startswith("Your words hold") for reason in found.reasons)
    if "own words" in fields and names:
        return _(
            "Your own words hold your full name, your address or your phone number. The office "
            "gets them separately, and sorts letters by their words. Please take them out."
        )
    if "own words" in fields or "statement" in fields:
        return _("The words of this letter are too long or too short for the office’s system.")
    if "bill" in fields:
        return _("This letter names a bill of a Congress that has ended.")
    return _("This letter cannot go to the office’s system. Please hand it over another way.")
