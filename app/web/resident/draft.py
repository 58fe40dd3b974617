"""A resident's draft: everything typed so far, carried from page to page in the form itself.

Nothing of it is kept on the server between pages. Reading is forgiving: whatever arrives,
of whatever type, length or repetition, becomes plain text that a page can show again.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from werkzeug.datastructures import MultiDict

from app.congress import Zip, parse_zip
from app.records import Person, person_of, source_tag
from app.records.signing import receipt_of_form
from app.site.services import Services
from app.text import Email, clean_line, clean_text, read_email
from app.web import practice

STORY_LIMIT = 10_000
"""Characters that a story may have; offices' own forms allow no more than this."""

SEAT = re.compile(r"[A-Z]{2}-(?:S[123]|\d{1,2})")
MULTILINE = frozenset({"story"})


def fingerprint(body: str) -> str:
    """Tells words that were shown from words that were changed."""
    return hashlib.sha256(clean_text(body).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Draft:
    """What a resident has typed and chosen. Every field is text; empty means not given."""

    zip: str = ""
    """As typed; ``parse_zip`` says what it is."""
    state: str = ""
    """Where the person lives, which decides who represents them."""
    district: str = ""
    """The House district picked by the person or settled by the street."""
    congress: str = ""
    """The Congress that sat when ``district`` was settled: a number of its lines."""
    how: str = ""
    """``street`` when the street lookup settled the district."""
    confirmed: str = ""
    """``1`` when the person stood by a state that the ZIP questions."""
    first: str = ""
    last: str = ""
    street: str = ""
    street2: str = ""
    city: str = ""
    mail_state: str = ""
    """The state of the return address; may be AA, AE or AP."""
    mail_zip: str = ""
    elsewhere: str = ""
    """``1`` when mail comes to another place than where the person lives."""
    email: str = ""
    template: str = ""
    length: str = ""
    story: str = ""
    via: str = ""
    """The source tag of the link that was followed."""
    website: str = ""
    """A field that no person sees; a program that fills it in is asked to press again."""
    proof: str = ""
    """The number that the site's small calculation gave, where it asks for one."""
    again: str = ""
    """Why the person was asked to press the button a second time, once they were."""
    packet: str = ""
    """``1`` for the tick: a copy of my letters may be kept, sealed, for the offices."""
    contact: str = ""
    """``1`` for the tick: you may contact me."""
    prefix: str = ""
    """A title such as ``Ms.``, which only the offices' own systems need."""
    test: str = ""
    """The signed marker of an organizer's test journey, which never counts."""
    token: str = ""
    to: tuple[str, ...] | None = None
    """The seats chosen as recipients; None until they have been shown."""
    words: Mapping[str, str] = field(default_factory=dict)
    """By seat: a letter's words where the person changed them by hand."""
    made_from: Mapping[str, str] = field(default_factory=dict)
    """By seat: the fingerprint of all that the changed words were made from (story, name, place,
    template, recipient), as they were when the person changed them or last stood by them."""
    shown: Mapping[str, str] = field(default_factory=dict)
    """By seat: the fingerprint of the words as they were shown for editing."""
    as_shown: Mapping[str, str] = field(default_factory=dict)
    """By seat: a letter's words as the review page showed them, unchanged. They are what was
    signed, even if the campaign publishes others afterwards."""
    offices: Mapping[str, str] = field(default_factory=dict)
    """By seat: the office that the printed letter goes to."""
    trap_present: bool = False
    """Whether the field that no person sees came with the form at all."""

    def pairs(self, without: Collection[str] = ()) -> Iterator[tuple[str, str]]:
        """Name and value of every field that a page must carry on, except those ``without``."""
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
        """The draft for the pages after signing, which carry on the words that were signed."""
        return replace(self, words={**self.as_shown, **self.words})

    def moved(self, **changes: str) -> Draft:
        """The draft for another place: what was settled about the old one is forgotten."""
        forgotten: dict[str, Any] = {"district": "", "how": "", "confirmed": ""}
        return replace(self, **{**forgotten, **changes})


TEXT_FIELDS = tuple(
    f.name for f in fields(Draft) if f.type == "str" and f.name not in ("token", "website")
)
CARRIED = frozenset(TEXT_FIELDS)


def who(draft: Draft) -> dict[str, str]:
    """What a person is recognised by, as ``person_of`` takes it."""
    zip_code = parse_zip(draft.mail_zip)
    return {
        "email": draft.email, "first": draft.first, "last": draft.last, "street": draft.street,
        "street2": draft.street2,
        "zip5": zip_code.five if isinstance(zip_code, Zip) else "",
    }  # fmt: skip


def _by_seat(data: MultiDict[str, str], prefix: str) -> dict[str, str]:
    found = ((key.removeprefix(prefix), key) for key in data if key.startswith(prefix))
    return {seat: data[key] for seat, key in found if SEAT.fullmatch(seat)}


def read_draft(data: MultiDict[str, str]) -> Draft:
    """The draft in a submitted form. Of a repeated field the first value counts."""
    values = {
        name: (clean_text if name in MULTILINE else clean_line)(data.get(name, ""))
        for name in (*TEXT_FIELDS, "token", "website")
    }
    values["via"] = source_tag(values["via"])
    values["email"] = clean_line(data.get("meant", "")) or values["email"]
    if isinstance(address := read_email(values["email"]), Email):
        values["email"] = address.text
    shown = _by_seat(data, "shown-")
    words = {seat: clean_text(text) for seat, text in _by_seat(data, "words-").items()}
    return Draft(
        **values,
        to=tuple(s for s in data.getlist("to") if SEAT.fullmatch(s)) if "to" in data else None,
        words={s: text for s, text in words.items() if text and fingerprint(text) != shown.get(s)},
        as_shown={s: text for s, text in words.items() if fingerprint(text) == shown.get(s)},
        shown=shown,
        made_from=_by_seat(data, "from-"),
        offices={s: clean_line(office) for s, office in _by_seat(data, "office-").items()},
        trap_present="website" in data,
    )


def as_form_data(draft: Draft) -> MultiDict[str, str]:
    """The draft's text fields as form data, cleaned, for WTForms to judge and to show again."""
    data = MultiDict((name, getattr(draft, name)) for name in (*TEXT_FIELDS, "token"))
    if draft.to is not None:
        data.setlist("to", list(draft.to))
    return data


def person_in(draft: Draft, site: Services) -> Person:
    """The codes of the person whom a draft names, as signing makes them."""
    return person_of(site.settings.person_key, **who(draft))


def token_of(draft: Draft, site: Services) -> str:
    """The token of the receipt that the person in a form has for it; empty where there is none."""
    nonce = site.tokens.read(draft.token).nonce
    if not nonce:
        return ""
    named = draft.first or draft.last or draft.email
    return receipt_of_form(
        site.db(), nonce, person_in(draft, site) if named else None, site.settings.secret_key,
        campaign=site.campaign.slug, test=practice.state_of(draft.test, site) != "none",
    )  # fmt: skip
