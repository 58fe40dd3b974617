"""The value types of a campaign: the bill, its stage, asks, letter templates, letters."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

from app.congress.model import Chamber, Holder

StageName = Literal["pending", "last_weeks", "expired", "enacted"]
STAGES: tuple[StageName, ...] = ("pending", "last_weeks", "expired")
"""The stages of every bill; one that has become law also has ``enacted``."""

StanceName = Literal["sponsor", "cosponsor", "earlier", "opposes", "none"]
Length = Literal["full", "short"]

TOPICS = (
    "Agriculture and Food", "Animals", "Armed Forces and National Security",
    "Arts, Culture, Religion", "Civil Rights and Liberties, Minority Issues", "Commerce",
    "Congress", "Crime and Law Enforcement", "Economics and Public Finance", "Education",
    "Emergency Management", "Energy", "Environmental Protection", "Families",
    "Finance and Financial Sector", "Foreign Trade and International Finance",
    "Government Operations and Politics", "Health", "Housing and Community Development",
    "Immigration", "International Affairs", "Labor and Employment", "Law", "Native Americans",
    "Public Lands and Natural Resources", "Science, Technology, Communications",
    "Social Sciences and History", "Social Welfare", "Sports and Recreation", "Taxation",
    "Transportation and Public Works", "Water Resources Development",
)  # fmt: skip
"""The 32 Library of Congress topics that both chambers accept, as exact strings."""
ANY_TOPIC = "Government Operations and Politics"
"""The topic of a campaign that names none."""


@dataclass(frozen=True, slots=True)
class Bill:
    """The bill in one chamber in one Congress. ``number`` is None where no bill is known."""

    chamber: Chamber
    congress: int
    number: str | None
    """As printed in a letter: ``H.R. 1234``."""
    title: str
    introduced: date | None = None


@dataclass(frozen=True, slots=True)
class Stance:
    """What one member has done on the bill, from the campaign's dated lists."""

    name: StanceName
    since: date | None = None
    led: bool = False
    """For ``earlier`` and ``opposes``: whether the member was the sponsor, not only a cosponsor."""
    related: tuple[str, ...] = ()
    """For ``earlier`` and ``opposes``: the ids of the bills, oldest first."""


@dataclass(frozen=True, slots=True)
class RelatedBill:
    """An earlier version of the bill, or an opposing bill, as the lists name it."""

    id: str
    """``hr1234-116``, the key that the lists use."""
    kind: Literal["earlier", "opposes"]
    chamber: Chamber
    congress: int
    number: str | None
    """As printed; None if it is not known, and then none is printed."""
    title: str


@dataclass(frozen=True, slots=True)
class Committee:
    """The committee that has the bill in one chamber, and its subcommittee on the subject."""

    code: str
    """The Thomas id: ``HSJU``."""
    name: str
    name_es: str
    subcommittee: str = ""
    """The Thomas id: ``HSJU01``; empty if none."""


@dataclass(frozen=True, slots=True)
class Addition:
    """A sentence added to the ask of some recipients, such as committee members.

    The first matching addition is used. ``when`` and the texts are in the small language.
    """

    id: str
    when: str
    text: str
    text_es: str = ""
    short: str = ""
    """For the short form; empty adds nothing there."""
    short_es: str = ""
    stages: tuple[StageName, ...] = STAGES


@dataclass(frozen=True, slots=True)
class Ask:
    """The one thing requested of one recipient. The first matching ask is used."""

    id: str
    summary: str
    """One plain line without fields, for the review page, the call script and the organizer."""
    text: str
    """A paragraph in the small template language."""
    when: str
    """A condition in the small template language; empty matches everyone."""
    stages: tuple[StageName, ...] = STAGES
    opening: str = ""
    """A sentence before the reasons, such as thanks to a cosponsor; may be empty."""
    summary_es: str = ""
    text_es: str = ""
    short: str = ""
    """The ask in the short form, with its opening; falls back to ``text``."""
    opening_es: str = ""
    short_es: str = ""
    thanks: str = ""
    """The letter's last sentence, matching what the recipient has done."""
    thanks_es: str = ""
    call: str = ""
    """The ask on the telephone, addressed to whoever answers and not to the member."""
    call_es: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """A dated fact, and where it comes from, as a resident sees it."""

    id: str
    text: str
    text_es: str
    source: str
    """``GAO-21-186, January 27, 2021``."""
    url: str
    """A web page that shows it; empty if none is known."""
    as_of: date


@dataclass(frozen=True, slots=True)
class Figure:
    """One bar of the small chart on the start page."""

    number: int
    label: str
    label_es: str


@dataclass(frozen=True, slots=True)
class AboutPart:
    """One part of the page about the bill, in the small language."""

    heading: str
    heading_es: str
    text: str
    text_es: str


@dataclass(frozen=True, slots=True)
class LetterTemplate:
    """One text of a campaign, parsed and checked. ``body`` is in the small language."""

    id: str
    """The file's stem without its length and language: ``general``."""
    title: str
    title_es: str
    about: str
    """One line that helps a resident choose."""
    about_es: str
    length: Length
    subject: str
    body: str
    version: str
    """The first 12 hex digits of the SHA-256 of the source; signatures refer to it."""
    source_name: str
    """The file's name, for messages."""
    first_body_line: int = 1
    """The line of the file on which the body starts, so messages name real lines."""
    reading_aid_es: str = ""
    """The Spanish reading aid for the frame; the office never receives it."""
    closing: str = "Sincerely,"
    reading_aid_source: str = ""
    """The file name of the reading aid, for messages; empty if there is none."""
    first_reading_aid_line: int = 1
    spoken: str = ""
    """A one-sentence reason for the telephone, used if the writer's own is too long."""
    spoken_es: str = ""


@dataclass(frozen=True, slots=True)
class Writer:
    """The resident, for the length of one request. Never logged, never kept."""

    first: str
    last: str = ""
    """Empty for a person with one name."""
    street: str = ""
    street2: str = ""
    city: str = ""
    state: str = ""
    """The state of the *return address*; may be AA, AE or AP for military mail."""
    zip: str = ""
    """``02138`` or ``02138-1234``."""
    prefix: str = ""
    phone: str = ""
    email: str = ""

    @property
    def name(self) -> str:
        return " ".join(part for part in (self.first, self.last) if part)

    @property
    def address_lines(self) -> tuple[str, ...]:
        """Street, second line if any, and ``City, ST 01234``; never an empty line."""
        city = " ".join(
            p for p in (f"{self.city}," if self.city else "", self.state, self.zip) if p
        )
        return tuple(line for line in (self.street.strip(), self.street2.strip(), city) if line)


@dataclass(frozen=True, slots=True)
class Spoken:
    """What the caller says on the telephone for a letter, in one language."""

    about: str
    """``I am calling about H.R. 1234, a bill to end …``"""
    ask: str
    """Addressed to whoever answers, about the member."""
    reason: str = ""
    """A sentence for a caller whose own words do not begin with a short one."""


@dataclass(frozen=True, slots=True)
class Letter:
    """One composed text to one recipient; every rendering is made from it.

    ``body`` holds the paragraphs between salutation and closing in order. It has no name,
    no address and no date: each rendering adds what its recipient needs.
    """

    holder: Holder
    ask: Ask
    subject: str
    salutation: str
    """``Dear Senator Padilla:``"""
    body: tuple[str, ...]
    closing: str
    """``Sincerely,`` or ``Respectfully,``"""
    written_on: date
    template: str
    version: str
    length: Length = "full"
    edited: bool = False
    """Whether the resident changed the frame's words, besides adding their story."""
    own_share: float = 0.0
    """The share of the body's characters that are the resident's own words, 0 to 1."""
    own_paragraphs: tuple[str, ...] = ()
    """The paragraphs of ``body`` that differ from the frame's: the story, and any that the
    resident edited. ``compose`` fills it; the offices' own delivery format carries them apart
    from the campaign's words."""
    spoken: Spoken = Spoken("", "")
    """What to say on the telephone."""
    spoken_es: Spoken = Spoken("", "")
    """The same in Spanish, to help the caller, not for the office."""
    language: Literal["en", "es"] = "en"
    """What the office reads; Spanish only if the writer chose it."""


@dataclass(frozen=True, slots=True)
class Campaign:
    """What ``letters/<slug>/campaign.toml`` says, checked."""

    slug: str
    title: str
    title_es: str
    congress: int
    ends: datetime
    """When the Congress ends, time-zone aware: noon in Washington on 3 January."""
    last_weeks_from: date
    last_day: dict[Chamber, date]
    """The chambers' planned last days; they may slip, so no letter promises one."""
    as_of: date
    """The date of the cosponsor list."""
    timezone: str
    bills: dict[Chamber, Bill]
    asks: tuple[Ask, ...]
    stances: dict[str, Stance]
    """By bioguide id."""
    templates: dict[tuple[str, Length], LetterTemplate]
    prompts: tuple[tuple[str, str], ...]
    """Story prompts: (English, Spanish)."""
    forbidden: tuple[tuple[str, str], ...] = ()
    """Claims that no letter may make: (pattern, why not and what to say instead)."""
    facts: dict[str, Fact] = field(default_factory=dict)
    """By id; a template prints one with ``{{ fact_<id> }}``."""
    enacted: date | None = None
    """The day the bill became law, if it has."""
    related: dict[str, RelatedBill] = field(default_factory=dict)
    committees: dict[Chamber, Committee] = field(default_factory=dict)
    additions: tuple[Addition, ...] = ()
    time_notes: dict[str, str] = field(default_factory=dict)
    """How much time is left, by moment: ``pending``, ``last_weeks``, ``ending``, ``expired``,
    and the same with ``_es``; in the small language, printed with ``{{ time_note }}``."""
    state_policies: dict[str, str] = field(default_factory=dict)
    """``requires`` or ``limits`` by postal code, for states with their own law on the subject."""
    confirm_email: bool | None = None
    """Whether a signature counts only once its email address is confirmed; None defers to the
    site's setting."""
    position: str = ""
    """``against`` if letters ask to oppose the bill, else empty."""
    topic: str = ""
    """One of ``TOPICS``, or empty."""
    goal: int | None = None
    """How many people should sign."""
    goal_public: bool | None = None
    """Whether the public counter shows progress toward ``goal``."""
    goal_office: int | None = None
    """How many constituents of each office should sign."""
    telephone: dict[str, str] = field(default_factory=dict)
    """``about`` and ``about_es``: what a call is about, in the small language."""
    pages: dict[str, str] = field(default_factory=dict)
    """What pages say about the bill, in the small language, by field (``headline``,
    ``headline_es``)."""
    figures: tuple[Figure, ...] = ()
    about: tuple[AboutPart, ...] = ()
    lines: dict[str, int] = field(default_factory=dict)
    """The line of each text in ``campaign.toml`` (``asks.sponsor.text``), for messages."""
    memo: dict[Any, Any] = field(default_factory=dict, init=False, repr=False, compare=False)
    """A cache of values derived from this campaign, with the campaign's own lifetime."""

    @property
    def office_topic(self) -> str:
        """The topic reported to offices."""
        return self.topic or ANY_TOPIC

    def bill_for(self, chamber: Chamber) -> Bill:
        return self.bills[chamber]

    @property
    def main_bill(self) -> Bill:
        """The House bill, unless only the Senate's has a number."""
        house, senate = self.bills["house"], self.bills["senate"]
        return senate if senate.number and not house.number else house

    def template(self, template_id: str, length: Length = "full") -> LetterTemplate | None:
        return self.templates.get((template_id, length))
