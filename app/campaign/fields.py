"""The fields that a letter may use, in one table for the parser, the pages and their readers.

A *text* prints words, a *number* prints digits, a *date* prints as "December 18, 2025" and can
be compared with "2025-12-18", a *yes or no* can only be tested with ``{% if %}``, and a *block*
is a whole paragraph. Every field always exists; one that does not apply to a recipient is empty,
so ``{{ field or "words" }}`` and ``{% if field %}`` work.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from app.congress.model import STATES
from app.text import mark as _mark

Kind = Literal["text", "number", "date", "yes or no", "block"]
Scope = Literal["letter", "ask", "page"]
"""``ask``: a text of ``campaign.toml`` for one recipient; ``page``: one without a recipient."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its name in templates, what it prints, and a real example."""

    name: str
    kind: Kind
    description: str
    example: str
    choices: tuple[str, ...] = ()
    """The only values that a text can have, besides empty; testing for another is an error."""
    printable: bool = True
    """False for what may be tested but never printed, such as a party."""
    letter_only: bool = False
    """True for what an ask cannot use: the writer's place, and the blocks."""


ROLES = ("member", "chair", "ranking")

_RECIPIENT = (
    Field("legislator_name", "text", "The recipient’s official name.", "Alex Padilla"),
    Field("legislator_last", "text", "The recipient’s last name.", "Padilla"),
    Field("legislator_title", "text", "The title before the last name.", "Senator",
          ("Senator", "Representative", "Delegate", "Resident Commissioner")),
    Field("type", "text", "“rep” for anyone in the House, delegates included. “sen” for a senator.",
          "sen", ("rep", "sen"), printable=False),
    Field("chamber", "text", "The recipient’s chamber, for tests.", "senate", ("house", "senate"),
          printable=False),
    Field("chamber_name", "text", "The chamber, in words.", "House of Representatives"),
    Field("is_delegate", "yes or no",
          "Is this a delegate or the resident commissioner, who cannot vote on the House floor?",
          "no"),
    Field("is_leader", "yes or no", "Does the recipient lead their chamber, or a party in it?",
          "no"),
    Field("caucus", "text",
          "The party, or the one an independent sits with. For tests only. A letter names none.",
          "Democrat", ("Democrat", "Republican"), printable=False),
    Field("state", "text", "The postal code of the state or territory represented.", "CA",
          tuple(STATES)),
    Field("state_name", "text", "The state or territory, as it reads after “in”.",
          "the District of Columbia"),
    Field("district_number", "number",
          "The House district of the writer. 0 where the whole state or territory is one.", "12"),
    Field("constituency", "text", "What the recipient represents, as it reads after “in”.",
          "the 12th congressional district of California"),
    Field("state_policy", "text",
          "Whether the state’s own law requires what the campaign is about, or limits it.",
          "limits", ("requires", "limits"), printable=False),
    Field("committee_name", "text",
          "The committee in the recipient’s chamber that is in charge of it.",
          "Judiciary Committee"),
    Field("committee_role", "text", "The recipient’s place on that committee. Empty if none.",
          "member", ROLES, printable=False),
    Field("subcommittee_role", "text",
          "The recipient’s place on its subcommittee for the subject. Empty if none.", "chair",
          ROLES, printable=False),
)  # fmt: skip

_BILL = (
    Field("bill_title", "text", "The short title.", "Safe Streets Act"),
    Field("bill_number", "text",
          "The number in the recipient’s chamber. Empty where none is known.", "H.R. 1234"),
    Field("bill_name", "text",
          "The name in the recipient’s chamber: with the number if it has one.",
          "H.R. 1234, the Safe Streets Act"),
    Field("house_number", "text", "The number in the House, for any recipient.", "H.R. 1234"),
    Field("senate_number", "text", "The number in the Senate. Empty if none is known.", "S. 567"),
    Field("introduced", "date", "When it was introduced in the House.", "December 18, 2025"),
    Field("congress", "text", "The campaign’s Congress.", "119th"),
    Field("next_congress", "text", "The Congress after it.", "120th"),
    Field("congress_ends", "date", "When that Congress ends.", "January 3, 2027"),
    Field("today", "date", "The date of the letter.", "November 25, 2026"),
    Field("days_left", "number", "Days until the Congress ends. 0 afterward.", "39"),
    Field("stage", "text", "The stage it has reached.", "last_weeks",
          ("pending", "last_weeks", "expired", "enacted"), printable=False),
    Field("ending", "yes or no",
          "Has the chamber’s planned last day passed, while the Congress has not ended? "
          "Never once it is law.", "no"),
    Field("stance", "text", "What the recipient has done about it.", "cosponsor",
          ("sponsor", "cosponsor", "earlier", "opposes", "none"), printable=False),
    Field("stance_date", "date",
          "Since when: the day of sponsoring or cosponsoring. Empty for “none”.",
          "December 18, 2025"),
    Field("earlier_latest", "text",
          "The latest earlier version the recipient backed. Empty if none.",
          "S. 567 in the 117th Congress"),
    Field("earlier_led", "yes or no", "Did the recipient lead an earlier version?", "no"),
    Field("opposes_bill", "text",
          "The opposing bill or resolution that the recipient backs. Empty if none.",
          "H.R. 765, the Fast Streets Act"),
    Field("opposes_led", "yes or no", "Did the recipient introduce that one?", "no"),
    Field("time_note", "text", "A sentence on how much time is left, from the campaign’s page.",
          "This Congress has only weeks left."),
    Field("length", "text", "The form being written.", "full", ("full", "short"), printable=False),
)  # fmt: skip

_WRITER = (
    Field("place", "text", "Where the writer lives: city and state, or the state alone.",
          "Fremont, California", letter_only=True),
    Field("city", "text", "The writer’s city. Empty if not given or not in the state represented.",
          "Fremont", letter_only=True),
    Field("opening", "block",
          "The sentence for this recipient, like thanks to a cosponsor. May be empty.",
          "Thank you for cosponsoring H.R. 1234.", letter_only=True),
    Field("ask", "block", "The one request to this recipient, from the campaign’s page.",
          "Please cosponsor H.R. 1234.", letter_only=True),
    Field("thanks", "block", "The last sentence, which matches what the recipient has done.",
          "Thank you for standing behind this bill, and for reading my letter.", letter_only=True),
    Field("story", "block",
          "The writer’s own paragraphs. Nothing is left behind where there are none.",
          "Last spring my neighbor was afraid to report a break-in.", letter_only=True),
)  # fmt: skip

_PAGES = (
    Field("as_of", "date", "The date of the list of cosponsors.", "March 27, 2026"),
    Field("cosponsors", "number", "How many cosponsors the list has.", "18"),
)  # fmt: skip
_ON_PAGES = frozenset(
    {
        "bill_title", "house_number", "senate_number", "introduced", "congress", "next_congress",
        "congress_ends", "days_left", "stage",
    }
)  # fmt: skip
"""Fields with the same value for every recipient."""

FIELDS: tuple[Field, ...] = _RECIPIENT + _BILL + _WRITER
"""Every field, in the order in which the editor shows them."""

FIELD_GROUPS: dict[Literal["writer", "recipient", "bill"], tuple[Field, ...]] = {
    "writer": _WRITER,
    "recipient": _RECIPIENT,
    "bill": _BILL,
}
"""The same fields by subject, those that letters need most first."""


FILTERS: dict[str, str] = {
    "upper": _mark("prints in capital letters"),
    "lower": _mark("prints in lowercase letters"),
    "sentence": _mark("begins with a capital letter, for the start of a sentence"),
}
"""The filters and what each does."""

FACT_PREFIX = "fact_"


def known_fields(facts: Iterable[str] = (), scope: Scope = "letter") -> dict[str, Field]:
    """The fields by name, with one ``fact_<id>`` for each dated fact of the campaign."""
    if scope == "page":
        fields = {f.name: f for f in (*_BILL, *_PAGES) if f in _PAGES or f.name in _ON_PAGES}
    else:
        fields = {f.name: f for f in FIELDS if scope == "letter" or not f.letter_only}
    for fact in facts:
        name = FACT_PREFIX + fact
        fields[name] = Field(name, "text", "A dated fact of the campaign.", "")
    return fields
