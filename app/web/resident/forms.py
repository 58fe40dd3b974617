"""The two forms that a resident fills in. Every message says what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    Form,
    RadioField,
    SelectChoice,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import StopValidation, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from app.congress import STATES, ZipProblem, parse_zip
from app.site.i18n import gettext as _
from app.site.tokens import FormToken
from app.text import BadEmail, has_letter, read_email
from app.web.resident.draft import STORY_LIMIT

MILITARY = {"AA": _l("AA, Armed Forces Americas"), "AE": _l("AE, Armed Forces Europe"),
            "AP": _l("AP, Armed Forces Pacific")}  # fmt: skip

Check = Callable[[Any, Any], None]


def choices(pairs: Iterable[tuple[str, Any]]) -> list[SelectChoice]:
    """Value and label as WTForms wants them."""
    return [SelectChoice(value, label) for value, label in pairs]


def values_of(field: Any) -> set[str]:
    """The values that a field offers."""
    return {choice.value for choice in field.choices}


def needed(message: Any) -> Check:
    """The field must have something in it. Sets no HTML ``required``: our page explains."""

    def check(_form: Any, field: Any) -> None:
        if not field.data or not str(field.data).strip():
            raise StopValidation(str(message))

    return check


def at_most(limit: int, noun: Any) -> Check:
    """At most ``limit`` characters, refused with a message and never cut off in silence."""

    def check(_form: Any, field: Any) -> None:
        length = len(field.data or "")
        if length > limit:
            raise ValidationError(
                _(
                    "%(noun)s has %(length)d characters; at most %(limit)d fit. "
                    "Please shorten it.",
                    noun=str(noun), length=length, limit=limit,
                )
            )  # fmt: skip

    return check


def zip_message(problem: ZipProblem) -> str:
    """What is wrong with a ZIP and what to do."""
    if problem.kind == "missing":
        return _("Enter your ZIP code: the five digits at the end of your address.")
    if problem.kind == "foreign":
        return _(
            "US ZIP codes only: five digits, such as 02138. People outside the United States "
            "can use the ZIP of the last US address where they were registered to vote."
        )
    if problem.kind == "bad_plus4":
        return _(
            "After the first five digits of a ZIP code come four more, or none. Did you mean "
            "%(zip)s?",
            zip=problem.suggestion,
        )
    if problem.suggestion:
        return _("A ZIP code has five digits. Did you mean %(zip)s?", zip=problem.suggestion)
    return _("Enter a ZIP code with five digits, such as 02138.")


def a_zip(_form: Any, field: Any) -> None:
    """The field must hold a US ZIP."""
    answer = parse_zip(field.data or "")
    if isinstance(answer, ZipProblem):
        raise StopValidation(zip_message(answer))


def a_state(_form: Any, field: Any) -> None:
    """The field must be empty or one of its choices."""
    if field.data and field.data not in values_of(field):
        raise ValidationError(_("Choose a state from the list."))


def email_message(problem: BadEmail) -> str:
    """What is wrong with an e-mail address and what to do."""
    if problem.why == "letters":
        return _("Before the @, many mail systems take only the letters a to z without accents, "
                 "so an answer could be lost. Please give another e-mail address.")  # fmt: skip
    return _("Check the e-mail address. It looks like name@example.org.")


def an_email(_form: Any, field: Any) -> None:
    """The field must be empty or hold an address that mail can take."""
    if field.data and isinstance(problem := read_email(field.data), BadEmail):
        way_out = _("Or leave it empty.")
        raise ValidationError(f"{email_message(problem)} {way_out}")


def a_name(message: Any) -> Check:
    """The field must be empty or have a letter in it, in any script."""

    def check(_form: Any, field: Any) -> None:
        if field.data and not has_letter(field.data):
            raise ValidationError(str(message))

    return check


def one_of_the_choices(message: Any) -> Check:
    """The field must be one of its choices."""

    def check(_form: Any, field: Any) -> None:
        if field.data not in values_of(field):
            raise ValidationError(str(message))

    return check


HOME_STATES = [("", _l("Choose your state")), *sorted(STATES.items(), key=lambda s: s[1])]


class FindForm(Form):  # type: ignore[misc]
    """Where the person lives. It changes nothing, so it needs no token."""

    class Meta:
        locales = False

    zip = StringField(_l("ZIP code"), [a_zip])
    state = SelectField(
        _l("State or territory"),
        [a_state],
        choices=choices([*HOME_STATES, *MILITARY.items()]),
        validate_choice=False,
    )
    street = StringField(_l("Street address"), [at_most(120, _l("The street address"))])
    city = StringField(_l("City"), [at_most(60, _l("The city"))])


class StreetForm(FindForm):
    """The same when the person asks to look up the street."""

    street = StringField(
        _l("Street address"),
        [
            needed(_l("Enter a house number and street, such as 12 Main St.")),
            at_most(120, _l("The street address")),
        ],
    )


class WriteForm(Form):  # type: ignore[misc]
    """The letter and its writer."""

    class Meta:
        locales = False
        csrf = True
        csrf_class = FormToken
        csrf_field_name = "token"

    to = SelectMultipleField(
        _l("Who to write to"),
        [needed(_l("Choose at least one person to write to."))],
        validate_choice=False,
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )
    template = RadioField(
        _l("What your letter is about"),
        [one_of_the_choices(_l("Choose what your letter is about."))],
        validate_choice=False,
    )
    length = RadioField(
        _l("How long"),
        [one_of_the_choices(_l("Choose a full or a short letter."))],
        choices=choices([("full", _l("Full letter, about one page")),
                         ("short", _l("Short, for offices that allow few characters"))]),
        validate_choice=False,
    )  # fmt: skip
    story = TextAreaField(
        _l("Your story, in your own words"), [at_most(STORY_LIMIT, _l("Your story"))]
    )
    first = StringField(
        _l("First name"),
        [
            needed(_l("Enter your first name, as you sign.")),
            a_name(_l("A name has at least one letter. Enter your first name, as you sign.")),
            at_most(60, _l("Your first name")),
        ],
    )
    last = StringField(
        _l("Last name"),
        [
            a_name(_l("A name has at least one letter. Enter your last name, or leave it empty.")),
            at_most(60, _l("Your last name")),
        ],
    )
    street = StringField(
        _l("Street address or P.O. box"),
        [
            needed(_l("Enter your street address. Offices answer only to a postal address.")),
            at_most(120, _l("The street address")),
        ],
    )
    street2 = StringField(
        _l("Apartment, unit or second line"), [at_most(120, _l("The second line"))]
    )
    city = StringField(
        _l("City or town"), [needed(_l("Enter your city or town.")), at_most(60, _l("The city"))]
    )
    mail_state = SelectField(
        _l("State, territory or military region"),
        [needed(_l("Choose the state of your address.")), a_state],
        choices=choices([*HOME_STATES, *MILITARY.items()]),
        validate_choice=False,
    )
    mail_zip = StringField(_l("ZIP code"), [a_zip])
    elsewhere = BooleanField(
        _l("My mail comes to a different address than where I live"), false_values=("", "0")
    )
    email = StringField(_l("E-mail"), [an_email])
