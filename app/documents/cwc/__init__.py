"""A letter as a message in the format of the offices' own delivery system (CWC 2.0).

``message_parts`` says what a letter says, ``missing`` what its writer must still give, and
``to_message`` writes the XML. Nothing here sends anything. The body never carries the
writer's name or address: those travel in fields of their own, and offices group equal
letters by their text.
"""

from app.documents.cwc.checks import check_agent, missing
from app.documents.cwc.message import message_parts, schema_errors, to_message, told
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
from app.documents.cwc.rules import SENATE_PREFIXES, TOPICS, office_code

__all__ = [
    "SENATE_PREFIXES",
    "TOPICS",
    "BillRef",
    "CwcMessage",
    "DeliveryAgent",
    "MessageParts",
    "Missing",
    "NotReady",
    "Position",
    "Problem",
    "check_agent",
    "message_parts",
    "missing",
    "office_code",
    "schema_errors",
    "to_message",
    "told",
]
