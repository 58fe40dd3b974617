"""Writing a message: a letter's parts, the XML, and the last check against our schema."""

from __future__ import annotations

import hashlib
import re
from datetime import date
from functools import cache
from pathlib import Path

from lxml import etree

from app.campaign.model import Campaign, Letter, Writer
from app.documents.cwc import checks, rules
from app.documents.cwc.model import (
    BillRef,
    CwcMessage,
    DeliveryAgent,
    MessageParts,
    Missing,
    NotReady,
    Position,
    Problem,
)
from app.text import clean_line

_ENDED = "This letter names a bill of a Congress that has ended. Write the letter anew."


def message_parts(
    campaign: Campaign,
    letter: Letter,
    *,
    today: date,
    topics: tuple[str, ...] = ("Immigration",),
    position: Position = "Pro",
) -> MessageParts | NotReady:
    """What a composed letter says in the offices' format.

    Paragraphs that the letter lists as the writer's own, and any paragraph of a letter
    whose frame was edited without such a list, are the writer's words; the rest is the
    campaign's. A bill is named only in a chamber that has one, and only while its
    Congress lasts: a letter written before the end is refused after it.
    """
    chamber = letter.holder.seat.chamber
    known = campaign.bill_for(chamber)
    over = today >= campaign.ends.date()
    if over and letter.written_on < campaign.ends.date():
        return NotReady((Problem("bill", _ENDED),))
    bill: BillRef | None = None
    if known.number is not None and not over:
        found = rules.bill_ref(chamber, known.congress, known.number)
        if isinstance(found, Problem):
            return NotReady((found,))
        bill = found
    frame, own = _split(letter)
    key = f"{campaign.slug}|{campaign.congress}|{position}"
    return MessageParts(
        seat=letter.holder.seat,
        subject=letter.subject,
        campaign_id=hashlib.sha256(key.encode()).hexdigest()[:32],
        statement="\n\n".join(frame),
        own="\n\n".join(own),
        topics=topics,
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
    """Write one message, or say everything that stands in its way.

    ``delivery_id`` is 32 letters and digits, new for each message and office and the same
    when a message is tried again. A sign-off at the end of the writer's own words is
    left out, because the name has its own field; a name or address elsewhere in them is a
    problem unless ``names_in_own_words`` allows it.
    """
    reasons: list[Missing | Problem] = [
        *checks.missing(writer, parts.seat, phone_needed=phone_needed),
        *checks.check_agent(agent),
    ]
    statement, own = checks.bodies(parts, writer)
    reasons += checks.check_words(parts, statement, own, writer, names_in_own_words)
    if not re.fullmatch(r"[a-zA-Z0-9]{32}", delivery_id):
        reasons.append(Problem("delivery id", "A delivery id is 32 letters and digits."))
    if reasons:
        return NotReady(tuple(dict.fromkeys(reasons)))
    root = etree.Element("CWC")
    _add(root, "CWCVersion", rules.VERSION)
    _delivery(etree.SubElement(root, "Delivery"), parts, agent, delivery_id, today)
    recipient = etree.SubElement(root, "Recipient")
    office = rules.office_code(parts.seat)
    _add(recipient, "MemberOffice", office)
    _add(recipient, "IsResponseRequested", _yes(parts.response_requested))
    _add(recipient, "NewsletterOptIn", _yes(parts.newsletter))
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
    _add(parent, "DeliveryAgentAckEmailAddress", rules.email(agent.ack_email) or "")
    contact = etree.SubElement(parent, "DeliveryAgentContact")
    _add(contact, "DeliveryAgentContactName", agent.contact_name)
    _add(contact, "DeliveryAgentContactEmail", rules.email(agent.contact_email) or "")
    _add(contact, "DeliveryAgentContactPhone", rules.phone_number(agent.contact_phone) or "")
    _add(parent, "Organization", agent.organization, optional=True)
    _add(parent, "OrganizationAbout", agent.organization_about, optional=True)
    _add(parent, "CampaignId", parts.campaign_id)


def _constituent(parent: etree._Element, parts: MessageParts, writer: Writer) -> None:
    second = clean_line(writer.street2)
    _add(parent, "Prefix", rules.prefix_for(parts.seat.chamber, writer.prefix) or "")
    _add(parent, "FirstName", writer.first)
    _add(parent, "LastName", writer.last)
    _add(parent, "Address1", writer.street)
    _add(parent, "Address2", second if len(second) >= 2 else "", optional=True)
    _add(parent, "City", writer.city)
    _add(parent, "StateAbbreviation", writer.state.upper())
    _add(parent, "Zip", rules.zip_code(writer.zip) or "")
    _add(parent, "Phone", rules.phone_number(writer.phone) or "", optional=True)
    _add(parent, "Email", rules.email(writer.email) or "")
    if parts.email_confirmed is not None:
        _add(parent, "EmailValidation", _yes(parts.email_confirmed))


def _message(parent: etree._Element, parts: MessageParts, statement: str, own: str) -> None:
    _add(parent, "Subject", parts.subject)
    topics = etree.SubElement(parent, "LibraryOfCongressTopics")
    for topic in dict.fromkeys(parts.topics):
        _add(topics, "LibraryOfCongressTopic", topic)
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


def _yes(value: bool) -> str:
    return "Y" if value else "N"


@cache
def _schema() -> etree.RelaxNG:
    return etree.RelaxNG(etree.parse(Path(__file__).with_name("schema.rng")))


def told(message: CwcMessage) -> dict[str, str]:
    """What a message says, by element, for showing it to its writer before it leaves.

    Only elements that hold a text, with the first text of each name.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    found: dict[str, str] = {}
    for element in etree.fromstring(message.xml, parser).iter():
        if len(element) == 0 and element.text:
            found.setdefault(str(element.tag), element.text)
    return found


def schema_errors(xml: bytes) -> tuple[str, ...]:
    """What our own schema says against a message; empty when it is valid.

    The last check before a message leaves: the reasons name elements, never their contents.
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
