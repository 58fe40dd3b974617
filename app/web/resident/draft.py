"""A resident's draft: everything typed so far, carried from page to page in the form itself.

The server keeps none of it between pages. ``read_draft`` is forgiving: input of any kind, length
or repetition becomes plain text that a page can show again. The forms below validate a draft and
say next to each field what to do; letters are composed from the same draft.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cache
from typing import Any, NamedTuple

from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict
from wtforms import (
    BooleanField,
    RadioField,
    SelectChoice,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import StopValidation, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from app.congress.model import STATES
from app.congress.places import Zip, ZipProblem, address_alone, parse_zip, town_key
from app.records.fillers import is_no_mailbox, is_street, is_unreadable
from app.records.persons import Person, person_of
from app.records.signing import receipt_of_form, source_tag
from app.site.i18n import gettext as _
from app.site.i18n import language
from app.site.services import Services
from app.site.tokens import FormToken
from app.text import (
    BadEmail,
    Email,
    clean_line,
    clean_text,
    has_letter,
    plain,
    read_email,
    says_nothing,
)
from app.web import practice
from app.web.forms import SiteForm
from app.web.resident.people import state_name

STORY_LIMIT = 10_000
"""The most characters a story may have; offices' own forms allow no more."""
LONGEST_FIELD = 320
"""More characters than any part of a signer's name or address may have. The codes of a person with
a longer one would take seconds, and no one can have signed so."""

SEAT = re.compile(r"[A-Z]{2}-(?:S[123]|\d{1,2})")
MULTILINE = frozenset({"story"})


def fingerprint(body: str) -> str:
    """A digest that tells whether a letter's text has changed."""
    return hashlib.sha256(clean_text(body).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Draft:
    """What a resident has typed and chosen. Every field is text; empty means not given."""

    zip: str = ""
    """As typed if it is not a ZIP; ``parse_zip`` says why."""
    state: str = ""
    """Where the person lives, which determines who represents them."""
    district: str = ""
    """The House district that the person chose or the street lookup found."""
    congress: str = ""
    """The Congress in which ``district`` was found, because a district is a number of its lines."""
    how: str = ""
    """``street`` if the street lookup found the district."""
    confirmed: str = ""
    """``1`` if the person confirmed a state that contradicts the ZIP."""
    first: str = ""
    last: str = ""
    street: str = ""
    street2: str = ""
    city: str = ""
    mail_state: str = ""
    """The state of the return address; may be AA, AE or AP."""
    mail_zip: str = ""
    elsewhere: str = ""
    """``1`` if the person gets mail somewhere other than home."""
    email: str = ""
    template: str = ""
    story: str = ""
    via: str = ""
    """The source tag of the link that was followed."""
    website: str = ""
    """A honeypot field that no person sees; filling it in leads to a second press."""
    proof: str = ""
    """The proof of work, if the site asks for one."""
    again: str = ""
    """Why the person was asked to press the button a second time; empty if they were not."""
    packet: str = ""
    """``1`` if ticked: a copy of my letters may be kept, sealed, for the offices."""
    contact: str = ""
    """``1`` if ticked: you may contact me."""
    tongue: str = ""
    """``es`` if the letter to Puerto Rico’s office is to be in Spanish only."""
    prefix: str = ""
    """A title such as ``Ms.``, which only the offices' own systems need."""
    test: str = ""
    """The signed marker of an organizer's test journey, which never counts."""
    token: str = ""
    to: tuple[str, ...] | None = None
    """The seats chosen as recipients; None until they have been shown."""
    words: Mapping[str, str] = field(default_factory=dict)
    """By seat: a letter's text, if the person edited it by hand."""
    made_from: Mapping[str, str] = field(default_factory=dict)
    """By seat: the fingerprint of everything that the edited text was made from (story, name,
    place, template, recipient) when the person edited it or last confirmed it."""
    shown: Mapping[str, str] = field(default_factory=dict)
    """By seat: the fingerprint of the text as it was shown for editing."""
    as_shown: Mapping[str, str] = field(default_factory=dict)
    """By seat: a letter's text as the review page showed it, unedited. It is what was signed, even
    if the campaign publishes another text afterwards."""
    offices: Mapping[str, str] = field(default_factory=dict)
    """By seat: the office that the printed letter goes to."""
    trap_present: bool = False
    """Whether the form contained the honeypot field at all."""

    @property
    def home_zip(self) -> Zip | None:
        """The home ZIP; None if what was typed is not one."""
        return _zip_in(self.zip)

    @property
    def return_zip(self) -> Zip | None:
        """The ZIP of the return address; None if what was typed is not one."""
        return _zip_in(self.mail_zip)

    def pairs(self, without: Collection[str] = ()) -> Iterator[tuple[str, str]]:
        """Name and value of every field that a page must carry on, except those in ``without``."""
        for name in TEXT_FIELDS:
            value = getattr(self, name)
            if value and name not in without:
                yield name, value
        if self.to is not None and "to" not in without:
            yield "to", ""
            yield from (("to", seat) for seat in self.to)
        for seat, text in self.words.items() if "words" not in without else ():
            yield f"words-{seat}", text
            yield f"shown-{seat}", self.shown.get(seat, "")
            yield f"from-{seat}", self.made_from.get(seat, "")
        for seat, office in self.offices.items() if "offices" not in without else ():
            yield f"office-{seat}", office

    def after_signing(self) -> Draft:
        """The draft for the pages after signing, which carry on the texts that were signed."""
        return replace(self, words={**self.as_shown, **self.words})

    def moved(self, **changes: str) -> Draft:
        """The draft for another place, without what was found out about the old one."""
        reset: dict[str, Any] = {"district": "", "how": "", "confirmed": ""}
        return replace(self, **{**reset, **changes})


def _zip_in(text: str) -> Zip | None:
    answer = parse_zip(text)
    return answer if isinstance(answer, Zip) else None


TEXT_FIELDS = tuple(
    f.name for f in fields(Draft) if f.type == "str" and f.name not in ("token", "website")
)


def identity_of(draft: Draft) -> dict[str, str]:
    """What identifies a person, as the arguments of ``person_of``."""
    mail_zip = draft.return_zip
    return {
        "email": draft.email, "first": draft.first, "last": draft.last, "street": draft.street,
        "street2": draft.street2, "zip5": mail_zip.five if mail_zip else "",
    }  # fmt: skip


def _by_seat(first: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """A form's fields that belong to one seat: by kind, then by seat."""
    found: dict[str, dict[str, str]] = {"shown": {}, "words": {}, "from": {}, "office": {}}
    for name, value in first.items():
        what, _, seat = name.partition("-")
        if what in found and SEAT.fullmatch(seat):
            found[what][seat] = value
    return found


def read_draft(data: MultiDict[str, str]) -> Draft:
    """The draft in a submitted form. Of a repeated field the first value counts."""
    first = data.to_dict()
    values = {
        name: (clean_text if name in MULTILINE else clean_line)(first[name])
        if name in first
        else ""
        for name in (*TEXT_FIELDS, "token", "website")
    }
    values["tongue"] = {"es": "es", "en": ""}.get(
        first.get("in_language", ""), "es" if values["tongue"] == "es" else ""
    )
    values["via"] = source_tag(values["via"])
    for name in ("zip", "mail_zip"):
        if known := _zip_in(values[name]):  # "CP 00926" becomes "00926"
            values[name] = str(known)
    state = values["mail_state"] or values["state"]
    values["street"], values["street2"], values["city"] = address_alone(
        values["street"], values["street2"], values["city"], state
    )
    values["email"] = clean_line(first.get("meant", "")) or values["email"]
    if values["email"] and isinstance(address := read_email(values["email"]), Email):
        values["email"] = address.text
    by_seat = _by_seat(first)
    shown = by_seat["shown"]
    words = {seat: clean_text(text) for seat, text in by_seat["words"].items()}
    return Draft(
        **values,
        to=tuple(s for s in data.getlist("to") if SEAT.fullmatch(s)) if "to" in first else None,
        words={
            s: text
            for s, text in words.items()
            if not says_nothing(text) and fingerprint(text) != shown.get(s)
        },
        as_shown={s: text for s, text in words.items() if fingerprint(text) == shown.get(s)},
        shown=shown,
        made_from=by_seat["from"],
        offices={s: clean_line(office) for s, office in by_seat["office"].items()},
        trap_present="website" in first,
    )


def as_form_data(draft: Draft) -> MultiDict[str, str]:
    """The draft's text fields as form data, cleaned, for WTForms to validate and show again."""
    data = MultiDict((name, getattr(draft, name)) for name in (*TEXT_FIELDS, "token"))
    if draft.to is not None:
        data.setlist("to", list(draft.to))
    return data


def person_in(draft: Draft, site: Services) -> Person:
    """The keyed codes of the person a draft names, as signing makes them."""
    return person_of(site.settings.person_key, **identity_of(draft))


def token_of(draft: Draft, site: Services) -> str:
    """The receipt token of the act that this form and its person signed; empty if none."""
    nonce = site.tokens.read(draft.token).nonce
    if not nonce or max(map(len, identity_of(draft).values())) > LONGEST_FIELD:
        return ""
    named = draft.first or draft.last or draft.email
    return receipt_of_form(
        site.db(), nonce, person_in(draft, site) if named else None, site.settings.secret_key,
        campaign=site.campaign.slug, test=practice.state_of(draft.test, site) != "none",
    )  # fmt: skip


# --- The forms that validate a draft. Every message says what to do. ---------------------------

MILITARY = {"AA": _l("AA, Armed Forces Americas"), "AE": _l("AE, Armed Forces Europe"),
            "AP": _l("AP, Armed Forces Pacific")}  # fmt: skip
MILITARY_CITIES = frozenset({"APO", "FPO", "DPO"})

Check = Callable[[Any, Any], None]


def choices(pairs: Iterable[tuple[str, Any]]) -> list[SelectChoice]:
    """Pairs of value and label as WTForms choices."""
    return [SelectChoice(value, label) for value, label in pairs]


def needed(message: Any) -> Check:
    """The field must not be empty. Sets no HTML ``required``, because our page explains."""

    def check(_form: Any, field: Any) -> None:
        if not field.data or not str(field.data).strip():
            raise StopValidation(str(message))

    return check


def at_most(limit: int, noun: Any) -> Check:
    """At most ``limit`` characters: a longer text is refused, never cut off silently."""

    def check(_form: Any, field: Any) -> None:
        length = len(field.data or "")
        if length > limit:
            raise ValidationError(
                _(
                    "%(noun)s has %(length)d characters. Shorten it to %(limit)d.",
                    noun=str(noun), length=length, limit=limit,
                )
            )  # fmt: skip

    return check


def zip_message(problem: ZipProblem) -> str:
    """What is wrong with a ZIP and what to do."""
    if problem.kind == "missing":
        return _("Enter your five-digit ZIP code.")
    if problem.kind == "foreign":
        return _(
            "Enter a U.S. ZIP code, like 02138. If you live abroad, use the one of the last U.S. "
            "address where you were registered to vote."
        )
    if problem.kind == "bad_plus4":
        return _(
            "A ZIP code has five digits, or nine. Did you mean %(zip)s?",
            zip=problem.suggestion,
        )
    if problem.suggestion:
        return _("A ZIP code has five digits. Did you mean %(zip)s?", zip=problem.suggestion)
    return _("Enter a five-digit ZIP code, like 02138.")


def a_zip(_form: Any, field: Any) -> None:
    """The field must be a US ZIP."""
    answer = parse_zip(field.data or "")
    if isinstance(answer, ZipProblem):
        raise StopValidation(zip_message(answer))


def a_state(_form: Any, field: Any) -> None:
    """The field must be empty or one of ``state_choices``; does not build their names."""
    if field.data and field.data not in STATES and field.data not in MILITARY:
        raise ValidationError(_("Choose a state from the list."))


def email_message(problem: BadEmail) -> str:
    """What is wrong with an email address and what to do."""
    if problem.why == "letters":
        return _(
            "Before the @, many mail systems accept only the letters a to z without accents, so "
            "an answer could be lost. Enter another email address."
        )  # fmt: skip
    return _("Enter an email address like name@example.org.")


def an_email(_form: Any, field: Any) -> None:
    """The field must be empty or a deliverable email address of someone."""
    problem = read_email(field.data) if field.data else None
    if field.data and is_no_mailbox(field.data):
        problem = BadEmail("form")
    if isinstance(problem, BadEmail):
        way_out = _("Or leave it empty.")
        raise ValidationError(f"{email_message(problem)} {way_out}")


def a_name(message: Any) -> Check:
    """The field must be empty or contain a letter, in any script, and not say ``N/A``."""

    def check(_form: Any, field: Any) -> None:
        if field.data and (not has_letter(field.data) or is_unreadable(field.data)):
            raise ValidationError(str(message))

    return check


_a_town_name = a_name(_l("Enter your city or town."))


def a_town(form: Any, field: Any) -> None:
    """The field must be empty or a name, which may be that of No Name, Colorado."""
    try:
        _a_town_name(form, field)
    except ValidationError:
        if town_key(field.data) != "noname":
            raise


def a_street(_form: Any, field: Any) -> None:
    """The field must be empty or may be a street address or a P.O. box."""
    if field.data and not is_street(field.data):
        raise ValidationError(
            _("Enter a street address or a P.O. box. If you have neither, enter General Delivery.")
        )


def a_choice(_form: Any, field: Any) -> None:
    """The field must be one of its choices."""
    if field.data not in {choice.value for choice in field.choices}:
        raise ValidationError(_("Choose the reason that goes with your story."))


def state_choices() -> list[SelectChoice]:
    """The states and territories, named and sorted in the reader's language, then the military
    regions. In Spanish the postal code of a state follows its name."""
    names = {code: state_name(code) for code in STATES}
    if language() == "es":
        names = {code: f"{name} ({code})" for code, name in names.items()}
    ordered = sorted(names.items(), key=lambda state: plain(state[1]))
    return choices([("", _l("Choose your state")), *ordered, *MILITARY.items()])


class FindForm(SiteForm):
    """Where the person lives. Posting it changes nothing, so it needs no token."""

    zip = StringField(_l("ZIP code"), [a_zip])
    state = SelectField(
        _l("State or territory"),
        [a_state],
        choices=state_choices,
        validate_choice=False,
    )
    street = StringField(_l("Street address"), [at_most(120, _l("The street address"))])
    city = StringField(_l("City"), [at_most(60, _l("The city"))])


class StreetForm(FindForm):
    """``FindForm`` with a required street, for the street lookup."""

    street = StringField(
        _l("Street address"),
        [
            needed(_l("Enter a house number and street, like 12 Main St.")),
            at_most(120, _l("The street address")),
        ],
    )


class WriteForm(SiteForm):
    """The letter and its writer."""

    class Meta:
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
        _l("Which reason goes with it?"),
        [a_choice],
        validate_choice=False,
    )
    story = TextAreaField(
        _l("Your story, in your own words"), [at_most(STORY_LIMIT, _l("Your story"))]
    )
    first = StringField(
        _l("First name"),
        [
            needed(_l("Enter your first name.")),
            a_name(_l("Enter your first name in letters.")),
            at_most(60, _l("Your first name")),
        ],
    )
    last = StringField(
        _l("Last name"),
        [
            a_name(_l("Enter your last name in letters, or leave it empty.")),
            at_most(60, _l("Your last name")),
        ],
    )
    street = StringField(
        _l("Street address or P.O. box"),
        [
            needed(_l("Enter your street address. Offices need it to answer you.")),
            a_street,
            at_most(120, _l("The street address")),
        ],
    )
    street2 = StringField(_l("Apartment, unit or line 2"), [at_most(120, _l("The second line"))])
    city = StringField(
        _l("City or town"),
        [
            needed(_l("Enter your city or town.")),
            a_town,
            at_most(60, _l("The city")),
        ],
    )
    mail_state = SelectField(
        _l("State, territory or military region"),
        [needed(_l("Choose your state.")), a_state],
        choices=state_choices,
        validate_choice=False,
    )
    mail_zip = StringField(_l("ZIP code"), [a_zip])
    elsewhere = BooleanField(_l("I get my mail somewhere other than home"), false_values=("", "0"))
    email = StringField(_l("Email"), [an_email])


class _FieldValue(NamedTuple):
    """A stand-in for a WTForms field: the one attribute that the checks read."""

    data: Any


@cache
def _checks() -> tuple[tuple[str, tuple[Check, ...]], ...]:
    """The checks of each field of ``WriteForm``, except ``template``, whose choices are the
    campaign's."""
    form = WriteForm(meta={"csrf": False})
    return tuple(
        (field.name, tuple(field.validators))
        for field in form
        if field.validators and field.name != "template"
    )


def is_valid(draft: Draft) -> bool:
    """Whether a draft passes the checks of ``WriteForm``, except for its template and token.

    Most drafts do, and running the checks takes a tenth of the time of building the form.
    """
    try:
        for name, checks in _checks():
            value = _FieldValue(getattr(draft, name))
            for check in checks:
                check(None, value)
    except (StopValidation, ValidationError):
        return False
    return True


def a_mailbox(_form: Any, field: Any) -> None:
    """The field must be a deliverable email address; text pasted around it is removed."""
    found = read_email(field.data)
    if isinstance(found, BadEmail):
        raise StopValidation(email_message(found))
    field.data = found.text


class MailboxForm(SiteForm):
    """Another address to which to mail the link that confirms a signature."""

    email = StringField(_l("Your email address"), [a_mailbox], [clean_line], default="")


class CopyForm(SiteForm):
    """Where to mail a copy of the letters, and what it includes."""

    copy_to = StringField(_l("Email address for the copy"), [a_mailbox], [clean_line], default="")
    only_link = BooleanField(_l("Only the link to my receipt"))
    both = BooleanField(_l("With the Spanish text, marked as a translation"))
