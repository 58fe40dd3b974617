"""What stands in a message's way: missing fields, values that the format refuses, words."""

from __future__ import annotations

import re

from app.campaign.model import Writer
from app.congress.model import Seat
from app.documents.cwc import rules
from app.documents.cwc.model import DeliveryAgent, MessageParts, Missing, Problem
from app.text import clean_line, clean_text

_CLOSINGS = frozenset({
    "sincerely", "sincerely yours", "respectfully", "respectfully yours", "regards",
    "best regards", "kind regards", "yours truly", "best", "warmly", "thank you", "thanks",
    "atentamente",
})  # fmt: skip


_ASK = {
    "prefix": "The offices' system needs a title such as Ms. or Mr.",
    "first": "The offices' system needs a first name.",
    "last": "The offices' system needs a last name. If you have one name, give it here again.",
    "street": "The offices' system needs a street address.",
    "city": "The offices' system needs a city.",
    "state": "The offices' system needs the state of your home address.",
    "zip": "The offices' system needs a ZIP code.",
    "email": "The offices' system needs an e-mail address for the office's answer.",
    "phone": "This office needs a phone number.",
}


_PREFIX = "The Senate's system takes only Mr., Mrs., Miss, Ms. and Dr. Choose one of them."
_STREET = "The offices' system takes no street of fewer than three characters."
_CITY = "The offices' system takes no city of fewer than three letters. Write it out."
_MILITARY = "The offices' system takes no military addresses. Give the address of your home state."
_OTHER_STATE = "The office takes letters only from its own state."
_STATE = "This is not one of the states or territories."
_ZIP = "A ZIP code has five or nine digits."
_EMAIL = "This is not a whole e-mail address."
_PHONE = "A phone number has ten digits, such as 202-555-0147. It may also be left out."
_NAME_IN_FRAME = "The campaign's words hold the writer's name or address: they have own fields."
_NAME_IN_OWN = (
    "Your words hold your full name, address or phone. The office gets them separately; "
    "take them out."
)


def missing(
    writer: Writer, seat: Seat, *, phone_needed: bool = False
) -> tuple[Missing | Problem, ...]:
    """What this writer must still give, or give in another form, for this office.

    Empty when nothing is missing. The phone is asked for only where an office needs it,
    but one that was given must be whole.
    """
    reasons: list[Missing | Problem] = []

    def need(field: str, good: bool, message: str) -> None:
        if not rules.has_word(clean_line(getattr(writer, field))):
            reasons.append(Missing(field, _ASK[field]))
        elif not good:
            reasons.append(Problem(field, message))

    need("prefix", rules.prefix_for(seat.chamber, writer.prefix) is not None, _PREFIX)
    need("first", True, "")
    need("last", True, "")
    need("street", len(clean_line(writer.street)) >= 3, _STREET)
    need("city", len(clean_line(writer.city)) >= 3, _CITY)
    state = clean_line(writer.state).upper()
    if state in ("AA", "AE", "AP"):
        reasons.append(Problem("state", _MILITARY))
    elif rules.is_state(state) and state != seat.state:
        reasons.append(Problem("state", _OTHER_STATE))
    else:
        need("state", rules.is_state(state), _STATE)
    need("zip", rules.zip_code(writer.zip) is not None, _ZIP)
    need("email", rules.email(writer.email) is not None, _EMAIL)
    if phone_needed or rules.has_word(clean_line(writer.phone)):
        need("phone", rules.phone_number(writer.phone) is not None, _PHONE)
    return tuple(reasons)


def check_agent(agent: DeliveryAgent) -> tuple[Problem, ...]:
    """What is wrong with the delivery agent's details, for the operator."""
    rows = (
        ("name", bool(agent.name.strip()), "must be the exact name on the access application"),
        ("ack_email", rules.email(agent.ack_email) is not None, "must be an e-mail address"),
        ("contact_name", len(agent.contact_name.strip()) >= 6, "must have six characters"),
        ("contact_email", rules.email(agent.contact_email) is not None,
         "must be an e-mail address"),
        ("contact_phone", rules.phone_number(agent.contact_phone) is not None,
         "must be a phone number such as 202-555-0147"),
        ("organization", not agent.organization or len(agent.organization.strip()) >= 3,
         "must have three characters or be empty"),
        ("organization_about",
         not agent.organization_about or 6 <= len(agent.organization_about.strip()) <= 500,
         "must have 6 to 500 characters or be empty"),
    )  # fmt: skip
    return tuple(
        Problem(f"agent {field}", f"The delivery agent's {field.replace('_', ' ')} {rule}.")
        for field, good, rule in rows
        if not good
    )


def bodies(parts: MessageParts, writer: Writer) -> tuple[str, str]:
    """The two texts as they go out. A scrap too short for its own element joins the other."""
    statement, own = clean_text(parts.statement), clean_text(parts.own)
    own = _without_sign_off(own, writer)
    if own and 0 < len(statement) < rules.TEXT_LEAST:
        return "", f"{statement}\n\n{own}"
    return statement, own


def _without_sign_off(text: str, writer: Writer) -> str:
    """A text without the writer's name and address as lines of their own at its end."""
    mine = {_flat(w) for w in (
        writer.name, writer.first, writer.last, *writer.address_lines, writer.email,
        writer.phone, writer.zip, f"{writer.prefix} {writer.name}",
    )} - {""}  # fmt: skip
    lines = text.split("\n")
    dropped = False
    while lines and (not lines[-1].strip() or _flat(lines[-1]) in mine):
        dropped = dropped or bool(lines[-1].strip())
        lines.pop()
    if dropped and lines and _flat(lines[-1]) in _CLOSINGS:
        lines.pop()
    return "\n".join(lines).rstrip()


def _flat(text: str) -> str:
    return " ".join(re.sub(r"[\W_]+", " ", text.casefold()).split())


def _names_writer(text: str, writer: Writer) -> bool:
    """Whether a text holds the writer's full name, street, e-mail address or phone number."""
    whole = f" {_flat(text)} "
    name = _flat(writer.name) if writer.first and writer.last else ""
    street = _flat(writer.street) if re.search(r"\d", writer.street) else ""
    marks = (name, street if len(street) >= 5 else "", _flat(writer.email))
    if any(mark and f" {mark} " in whole for mark in marks):
        return True
    phone = rules.phone_number(writer.phone)
    return phone is not None and phone.replace("-", "") in rules.digits(text)


def check_words(
    parts: MessageParts, statement: str, own: str, writer: Writer, names_in_own_words: bool
) -> list[Problem]:
    problems = []
    subject = clean_line(parts.subject)
    if not rules.TEXT_LEAST <= len(subject) <= rules.SUBJECT_LIMIT:
        problems.append(Problem("subject", "A subject has 6 to 500 characters."))
    if not statement and not own:
        problems.append(Problem("body", "The letter has no text."))
    for field, text in (("statement", statement), ("own words", own)):
        if text and len(text) < rules.TEXT_LEAST:
            problems.append(Problem(field, "A text has at least six characters. Write more."))
        if len(text) > rules.TEXT_LIMIT:
            problems.append(Problem(field, "The text is longer than 10,000 characters."))
    if _names_writer(statement, writer):
        problems.append(Problem("statement", _NAME_IN_FRAME))
    if _names_writer(own, writer) and not names_in_own_words:
        problems.append(Problem("own words", _NAME_IN_OWN))
    if not parts.topics or not set(parts.topics) <= set(rules.TOPICS):
        problems.append(Problem("topics", "A topic is not one of the 32 that offices know."))
    if not clean_line(parts.campaign_id):
        problems.append(Problem("campaign id", "The campaign has no id."))
    return problems
