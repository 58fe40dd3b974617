"""A letter as a message in the format of the offices' own delivery systems (CWC 2.0).

``message_parts`` extracts what a letter says, ``missing`` lists what its writer must still
provide, and ``to_message`` writes the XML, which is checked against our own schema before it is
sent. The body never contains the writer's name or address: those have separate fields, and
offices group identical letters by their text.

Facts: Communicating With Congress 2.0 as its implementers describe it (the House and Senate
documents themselves are not public), as of 2026-11-25. One format serves both chambers; the
Senate's checks are stricter.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Literal

from lxml import etree

from app.campaign.entities import TOPICS, Campaign, Letter, Writer
from app.campaign.stance import has_ended
from app.campaign.words import KINDS, bill_key
from app.congress.model import MILITARY_STATES, STATES, Chamber, Seat
from app.congress.places import Zip, parse_zip
from app.records.fillers import is_unreadable
from app.text import Email, clean_line, clean_text, fold_digits, read_email
from app.text import mark as _mark

Position = Literal["Pro", "Con"]


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """A field lacks a value that the format requires, or has one that it does not allow.

    ``message`` says what to do; for a field of ``Writer`` it is one fixed sentence per kind, which
    pages look up in the catalogue.
    """

    field: str
    message: str
    empty: bool = False


@dataclass(frozen=True, slots=True)
class BillRef:
    """A bill as the format names it: Congress, type in that chamber's spelling, number."""

    congress: int
    kind: str
    number: int


@dataclass(frozen=True, slots=True)
class DeliveryAgent:
    """Who hands the messages over, exactly as on both chambers' access applications."""

    name: str
    """The exact legal name."""
    ack_email: str
    contact_name: str
    contact_email: str
    contact_phone: str
    """``202-555-0147``."""
    organization: str = ""
    """The group that runs the campaign; empty leaves it out."""
    organization_about: str = ""


@dataclass(frozen=True, slots=True)
class MessageParts:
    """What one message says, without its writer."""

    seat: Seat
    subject: str
    campaign_id: str
    """Groups identical messages: one id per campaign, Congress and position."""
    statement: str
    """The campaign's unedited words; may be empty if ``own`` is not."""
    own: str
    """The writer's own words; may be empty if ``statement`` is not."""
    topic: str
    """One of ``TOPICS``."""
    bill: BillRef | None = None
    position: Position = "Pro"
    email_confirmed: bool = False
    """Whether the writer confirmed the email address."""


@dataclass(frozen=True, slots=True)
class CwcMessage:
    """A message ready to be handed over. ``xml`` is UTF-8 with an XML declaration."""

    office: str
    delivery_id: str
    xml: bytes

    @property
    def chamber(self) -> Chamber:
        return "house" if self.office.startswith("H") else "senate"


@dataclass(frozen=True, slots=True)
class NotReady:
    """Why a message could not be written: each reason once, with its field."""

    reasons: tuple[FieldProblem, ...]

    @property
    def fields(self) -> tuple[str, ...]:
        return tuple(reason.field for reason in self.reasons)


# --- fixed lists, and the format of each field -----------------------------------------------

VERSION = "2.0"

SENATE_PREFIXES = ("Mr.", "Mrs.", "Miss", "Ms.", "Dr.")
"""The only ones the Senate accepts; forms should offer these, since the House takes them too."""

HOUSE_PREFIXES = (
    *SENATE_PREFIXES, "Mr. and Mrs.", "Dr. and Mrs.", "Dr. and Mr.", "Admiral", "Captain",
    "Chief Master Sergeant", "Colonel", "Commander", "Corporal", "Father", "Lieutenant",
    "Lieutenant Colonel", "Master Sergeant", "Reverend", "Sergeant", "Second Lieutenant",
    "Sergeant Major", "Sister", "Technical Sergeant",
)  # fmt: skip
"""Prefixes seen at the House, which is lenient and accepts others too."""

SENATE_BILL_TYPES = {**KINDS, "hconres": "H.Con.Res"}
"""The Senate's spellings; ``H.Con.Res`` really has no final period. The House takes the keys."""

TEXT_LIMIT = 10_000
TEXT_LEAST = 6
SUBJECT_LIMIT = 500


def office_code(seat: Seat) -> str:
    """The code of a seat's office: ``HCA12``, ``HAK00``, ``SCA03`` (the 3 is the class).

    It names the seat, not the person. American Samoa is ``HAQ00``, not ``HAS00``.
    """
    if seat.chamber == "senate":
        return f"S{seat.state}{seat.senate_class:02d}"
    state = "AQ" if seat.state == "AS" else seat.state
    return f"H{state}{seat.district:02d}"


def has_word(text: str) -> bool:
    """Whether the text has at least one letter or digit."""
    return any(character.isalnum() for character in text)


def digits(text: str) -> str:
    """The decimal digits of a text as ASCII, whatever script they were typed in."""
    return re.sub(r"[^0-9]", "", fold_digits(text))


def phone_number(text: str) -> str | None:
    """``202-555-0147`` from any common way to write a US number, or None.

    A leading 1 and an extension are dropped, because the format has no place for them.
    """
    ten = digits(re.sub(r"(?i)\s*(?:ext\.?|extension|x|#)\s*\d+\s*$", "", text))
    if len(ten) == 11 and ten.startswith("1"):
        ten = ten[1:]
    return f"{ten[:3]}-{ten[3:6]}-{ten[6:]}" if len(ten) == 10 else None


def zip_code(text: str) -> str | None:
    """``02138`` or ``02138-1234``, or None if it is neither."""
    found = parse_zip(text)
    return str(found) if isinstance(found, Zip) else None


def email_address(text: str) -> str | None:
    """The email address in a text, in ASCII because an office's system may know no other; None
    if it has no valid one."""
    found = read_email(text)
    if not isinstance(found, Email):
        return None
    return found.text if found.text.isascii() else found.wire


def prefix_for(chamber: Chamber, text: str) -> str | None:
    """A prefix in the spelling that the chamber accepts (``mr`` → ``Mr.``), or None.

    The Senate accepts five. Others are passed to the House unchanged.
    """
    wanted = clean_line(text).rstrip(".").casefold()
    known = SENATE_PREFIXES if chamber == "senate" else HOUSE_PREFIXES
    for prefix in known:
        if prefix.rstrip(".").casefold() == wanted:
            return prefix
    return clean_line(text) if chamber == "house" and len(clean_line(text)) <= 40 else None


def bill_ref(chamber: Chamber, congress: int, number: str) -> BillRef | FieldProblem:
    """A printed bill number (``H.R. 1234``) in the spelling of the chamber that receives it."""
    kind, digits = bill_key(number) or ("", 0)
    if not digits:
        return FieldProblem("bill", "The campaign's bill number is not one that the system knows.")
    return BillRef(congress, SENATE_BILL_TYPES[kind] if chamber == "senate" else kind, digits)


# --- what prevents a message -----------------------------------------------------------------

_CLOSINGS = frozenset({
    "sincerely", "sincerely yours", "respectfully", "respectfully yours", "regards",
    "best regards", "kind regards", "yours truly", "best", "warmly", "thank you", "thanks",
    "atentamente",
})  # fmt: skip


_ASK = {
    "prefix": _mark("Choose a title, like Ms. or Mr."),
    "first": _mark("Enter a first name. If you have one name, enter it twice."),
    "last": _mark("Enter a last name. If you have one name, enter it twice."),
    "street": _mark("Enter the street of the home address."),
    "city": _mark("Enter the city of the home address."),
    "state": "Enter the state of the home address.",
    "zip": _mark("Enter the ZIP code of the home address."),
    "email": _mark("Enter an email address, so that the office can answer."),
    "phone": _mark("Enter a phone number. This office needs one."),
}
_PREFIX = _mark("Choose Mr., Mrs., Miss, Ms. or Dr. The Senate accepts no other title.")
_STREET = _mark("Enter a street of at least three characters.")
_CITY = _mark("Spell out the city, with at least three letters.")
_ZIP = _mark("Enter a ZIP code of five or nine digits, like 02138.")
_EMAIL = _mark("Enter a full email address, like name@example.org.")
_PHONE = _mark("Enter a phone number of ten digits, like 202-555-0147.")
# Only rows of a file can have another state than the seat.
_MILITARY = "The offices' system takes no military addresses. Give the address of your home state."
_OTHER_STATE = "The office takes letters only from its own state."
_STATE = "This is not one of the states or territories."
_NAME_IN_FRAME = (
    "The campaign's words have the writer's name or address: these have their own fields."
)
IDENTITY_IN_OWN_WORDS = FieldProblem(
    "own words",
    "Your own words contain your full name, address or phone number. Take them out: the office "
    "gets them separately.",
)


def missing(writer: Writer, seat: Seat, *, phone_needed: bool = False) -> tuple[FieldProblem, ...]:
    """What this writer must still provide, or provide in another form, for this office.

    Empty if nothing is missing. The phone is asked for only if an office needs it, but a phone
    number that was given must be complete.
    """
    reasons: list[FieldProblem] = []

    def need(field: str, good: bool, message: str) -> None:
        given = clean_line(getattr(writer, field))
        unreadable = is_unreadable(given) and not (field == "email" and good)
        if unreadable or not has_word(given):
            reasons.append(FieldProblem(field, _ASK[field], empty=True))
        elif not good:
            reasons.append(FieldProblem(field, message))

    need("prefix", prefix_for(seat.chamber, writer.prefix) is not None, _PREFIX)
    need("first", True, "")
    need("last", True, "")
    need("street", len(clean_line(writer.street)) >= 3, _STREET)
    need("city", len(clean_line(writer.city)) >= 3, _CITY)
    state = clean_line(writer.state).upper()
    if state in MILITARY_STATES:
        reasons.append(FieldProblem("state", _MILITARY))
    elif state in STATES and state != seat.state:
        reasons.append(FieldProblem("state", _OTHER_STATE))
    else:
        need("state", state in STATES, _STATE)
    need("zip", zip_code(writer.zip) is not None, _ZIP)
    need("email", email_address(writer.email) is not None, _EMAIL)
    if phone_needed or has_word(clean_line(writer.phone)):
        need("phone", phone_number(writer.phone) is not None, _PHONE)
    return tuple(reasons)


def check_agent(agent: DeliveryAgent) -> tuple[FieldProblem, ...]:
    """Problems with the delivery agent's details, for the operator."""
    rows = (
        ("name", bool(agent.name.strip()), "must be the exact name on the access application"),
        ("ack_email", email_address(agent.ack_email) is not None, "must be an email address"),
        ("contact_name", len(agent.contact_name.strip()) >= 6, "must have six characters"),
        ("contact_email", email_address(agent.contact_email) is not None,
         "must be an email address"),
        ("contact_phone", phone_number(agent.contact_phone) is not None,
         "must be a phone number like 202-555-0147"),
        ("organization", not agent.organization or len(agent.organization.strip()) >= 3,
         "must have three characters or be empty"),
        ("organization_about",
         not agent.organization_about or 6 <= len(agent.organization_about.strip()) <= 500,
         "must have 6 to 500 characters or be empty"),
    )  # fmt: skip
    return tuple(
        FieldProblem(f"agent {field}", f"The delivery agent's {field.replace('_', ' ')} {rule}.")
        for field, good, rule in rows
        if not good
    )


def bodies(parts: MessageParts, writer: Writer) -> tuple[str, str]:
    """The two texts as sent. A campaign text too short for its own element joins the other."""
    statement, own = clean_text(parts.statement), clean_text(parts.own)
    own = _without_sign_off(own, writer)
    if own and 0 < len(statement) < TEXT_LEAST:
        return "", f"{statement}\n\n{own}"
    return statement, own


def _without_sign_off(text: str, writer: Writer) -> str:
    """A text without lines at its end that consist of the writer's name, address and the like."""
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
    """Whether a text contains the writer's full name, street, email address or phone number."""
    whole = f" {_flat(text)} "
    name = _flat(writer.name) if writer.first and writer.last else ""
    street = _flat(writer.street) if re.search(r"\d", writer.street) else ""
    email = _flat(writer.email) if email_address(writer.email) is not None else ""
    marks = (name, street if len(street) >= 5 else "", email)
    if any(mark and f" {mark} " in whole for mark in marks):
        return True
    phone = phone_number(writer.phone)
    return phone is not None and phone.replace("-", "") in digits(text)


def check_words(
    parts: MessageParts, statement: str, own: str, writer: Writer, names_in_own_words: bool
) -> list[FieldProblem]:
    problems = []
    subject = clean_line(parts.subject)
    if not TEXT_LEAST <= len(subject) <= SUBJECT_LIMIT:
        problems.append(FieldProblem("subject", "A subject has 6 to 500 characters."))
    if not statement and not own:
        problems.append(FieldProblem("body", "The letter has no text."))
    for field, text in (("statement", statement), ("own words", own)):
        if text and len(text) < TEXT_LEAST:
            problems.append(FieldProblem(field, "A text has at least six characters. Write more."))
        if len(text) > TEXT_LIMIT:
            problems.append(FieldProblem(field, "The text is longer than 10,000 characters."))
    if _names_writer(statement, writer):
        problems.append(FieldProblem("statement", _NAME_IN_FRAME))
    if _names_writer(own, writer) and not names_in_own_words:
        problems.append(IDENTITY_IN_OWN_WORDS)
    if parts.topic not in TOPICS:
        problems.append(FieldProblem("topic", "The topic is not one of the 32 that offices know."))
    return problems


_ENDED = "This letter names a bill of a Congress that has ended. Write the letter again."


def message_parts(campaign: Campaign, letter: Letter, *, today: date) -> MessageParts | NotReady:
    """What a composed letter says in the offices' format.

    The writer's words are the paragraphs that the letter lists as the writer's own, or all
    paragraphs of an edited letter without such a list; the rest is the campaign's. A bill is named
    only for a chamber that has one, and only while its Congress lasts: after that, a letter
    written earlier is refused.
    """
    chamber = letter.holder.seat.chamber
    known = campaign.bill_for(chamber)
    over = has_ended(campaign, today)
    if over and letter.written_on < campaign.ends.date():
        return NotReady((FieldProblem("bill", _ENDED),))
    bill: BillRef | None = None
    if known.number is not None and not over:
        found = bill_ref(chamber, known.congress, known.number)
        if isinstance(found, FieldProblem):
            return NotReady((found,))
        bill = found
    frame, own = _split(letter)
    position: Position = "Con" if campaign.position == "against" else "Pro"
    key = f"{campaign.slug}|{campaign.congress}|{position}"
    return MessageParts(
        seat=letter.holder.seat,
        subject=letter.subject,
        campaign_id=hashlib.sha256(key.encode()).hexdigest()[:32],
        statement="\n\n".join(frame),
        own="\n\n".join(own),
        topic=campaign.office_topic,
        bill=bill,
        position=position,
    )


def _split(letter: Letter) -> tuple[list[str], list[str]]:
    """The letter's paragraphs: the campaign's unedited ones, and the writer's own."""
    if letter.edited and not letter.own_paragraphs:
        return [], list(letter.body)
    left = list(letter.own_paragraphs)
    frame: list[str] = []
    own: list[str] = []
    for paragraph in letter.body:
        if paragraph in left:
            left.remove(paragraph)
            own.append(paragraph)
        else:
            frame.append(paragraph)
    return frame, own


def to_message(
    parts: MessageParts,
    writer: Writer,
    agent: DeliveryAgent,
    *,
    delivery_id: str,
    today: date,
    phone_needed: bool = False,
    names_in_own_words: bool = False,
) -> CwcMessage | NotReady:
    """Write one message, or return everything that prevents it.

    ``delivery_id`` is 32 letters and digits, unique to each message and office and the same at
    every try. A sign-off at the end of the writer's own words is dropped, because the name has its
    own field; a name or address elsewhere in them is a problem unless ``names_in_own_words`` is
    set.
    """
    reasons: list[FieldProblem] = [
        *missing(writer, parts.seat, phone_needed=phone_needed),
        *check_agent(agent),
    ]
    statement, own = bodies(parts, writer)
    reasons += check_words(parts, statement, own, writer, names_in_own_words)
    if not re.fullmatch(r"[a-zA-Z0-9]{32}", delivery_id):
        reasons.append(FieldProblem("delivery id", "A delivery id is 32 letters and digits."))
    if reasons:
        return NotReady(tuple(dict.fromkeys(reasons)))
    root = etree.Element("CWC")
    _add(root, "CWCVersion", VERSION)
    _delivery(etree.SubElement(root, "Delivery"), parts, agent, delivery_id, today)
    recipient = etree.SubElement(root, "Recipient")
    office = office_code(parts.seat)
    _add(recipient, "MemberOffice", office)
    _add(recipient, "IsResponseRequested", "Y")
    _add(recipient, "NewsletterOptIn", "N")
    _constituent(etree.SubElement(root, "Constituent"), parts, writer)
    _message(etree.SubElement(root, "Message"), parts, statement, own)
    xml = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return CwcMessage(office, delivery_id, xml)


def _delivery(
    parent: etree._Element, parts: MessageParts, agent: DeliveryAgent, delivery_id: str, today: date
) -> None:
    _add(parent, "DeliveryId", delivery_id)
    _add(parent, "DeliveryDate", today.strftime("%Y%m%d"))
    _add(parent, "DeliveryAgent", agent.name)
    _add(parent, "DeliveryAgentAckEmailAddress", email_address(agent.ack_email) or "")
    contact = etree.SubElement(parent, "DeliveryAgentContact")
    _add(contact, "DeliveryAgentContactName", agent.contact_name)
    _add(contact, "DeliveryAgentContactEmail", email_address(agent.contact_email) or "")
    _add(contact, "DeliveryAgentContactPhone", phone_number(agent.contact_phone) or "")
    _add(parent, "Organization", agent.organization, optional=True)
    _add(parent, "OrganizationAbout", agent.organization_about, optional=True)
    _add(parent, "CampaignId", parts.campaign_id)


def _constituent(parent: etree._Element, parts: MessageParts, writer: Writer) -> None:
    second = clean_line(writer.street2)
    _add(parent, "Prefix", prefix_for(parts.seat.chamber, writer.prefix) or "")
    _add(parent, "FirstName", writer.first)
    _add(parent, "LastName", writer.last)
    _add(parent, "Address1", writer.street)
    _add(parent, "Address2", second if len(second) >= 2 else "", optional=True)
    _add(parent, "City", writer.city)
    _add(parent, "StateAbbreviation", writer.state.upper())
    _add(parent, "Zip", zip_code(writer.zip) or "")
    _add(parent, "Phone", phone_number(writer.phone) or "", optional=True)
    _add(parent, "Email", email_address(writer.email) or "")
    if parts.email_confirmed:
        _add(parent, "EmailValidation", "Y")


def _message(parent: etree._Element, parts: MessageParts, statement: str, own: str) -> None:
    _add(parent, "Subject", parts.subject)
    topics = etree.SubElement(parent, "LibraryOfCongressTopics")
    _add(topics, "LibraryOfCongressTopic", parts.topic)
    if parts.bill is not None:
        bill = etree.SubElement(etree.SubElement(parent, "Bills"), "Bill")
        _add(bill, "BillCongress", str(parts.bill.congress))
        _add(bill, "BillTypeAbbreviation", parts.bill.kind)
        _add(bill, "BillNumber", str(parts.bill.number))
        _add(parent, "ProOrCon", parts.position)
    if statement:
        etree.SubElement(parent, "OrganizationStatement").text = statement
    if own:
        etree.SubElement(parent, "ConstituentMessage").text = own


def _add(parent: etree._Element, tag: str, text: str, *, optional: bool = False) -> None:
    line = clean_line(text)
    if line or not optional:
        etree.SubElement(parent, tag).text = line


@cache
def _schema() -> etree.RelaxNG:
    return etree.RelaxNG(etree.parse(Path(__file__).with_name("schema.rng")))


def field_texts(message: CwcMessage) -> dict[str, str]:
    """A message's texts by element name, to show to its writer before it is sent.

    Only leaf elements with text; the first one of each name.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    found: dict[str, str] = {}
    for element in etree.fromstring(message.xml, parser).iter():
        if len(element) == 0 and element.text:
            found.setdefault(str(element.tag), element.text)
    return found


def schema_errors(xml: bytes) -> tuple[str, ...]:
    """The schema errors of a message; empty if it is valid.

    The last check before a message is sent. The errors name elements, never their contents.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        document = etree.fromstring(xml, parser)
    except etree.XMLSyntaxError:
        return ("The message is not well-formed XML.",)
    schema = _schema()
    if schema.validate(document):
        return ()
    paths = (
        f"{e.path or 'CWC'} (line {e.line}) is not as the format wants it" for e in schema.error_log
    )
    return tuple(dict.fromkeys(paths))
