"""The value types of a campaign: the bill, its stage, asks, letter templates, letters."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

from app.congress.model import Chamber, Holder

StageName = Literal["pending", "last_weeks", "expired", "enacted"]
STAGES: tuple[StageName, ...] = ("pending", "last_weeks", "expired")
"""The stages that a letter can be written in and that ``flask letters check`` covers."""

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
"""The 32 Library of Congress topics that both chambers know, as exact strings."""
ANY_TOPIC = "Government Operations and Politics"
"""What a campaign is sorted under that names no topic."""


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
    """For ``earlier`` and ``opposes``: was the sponsor, not only a cosponsor."""
    related: tuple[str, ...] = ()
    """For ``earlier`` and ``opposes``: the ids of the bills, oldest first."""


@dataclass(frozen=True, slots=True)
class RelatedBill:
    """An earlier version of the bill, or a bill for the opposite, as the lists name it."""

    id: str
    """``hr1234-116``, the key that the lists use."""
    kind: Literal["earlier", "opposes"]
    chamber: Chamber
    congress: int
    number: str | None
    """As printed; None where the number is not known, so that none is printed."""
    title: str


@dataclass(frozen=True, slots=True)
class Committee:
    """The committee that the bill is before in one chamber, and its subcommittee on the matter."""

    code: str
    """The Thomas id: ``HSJU``."""
    name: str
    name_es: str
    subcommittee: str = ""
    """The Thomas id: ``HSJU01``; empty if none."""


@dataclass(frozen=True, slots=True)
class Addition:
    """A sentence that joins the ask of some recipients, such as committee members.

    The first addition that fits is used. ``when`` and the texts are in the small language.
    """

    id: str
    when: str
    text: str
    text_es: str = ""
    short: str = ""
    """In the short form; empty adds nothing there."""
    short_es: str = ""
    stages: tuple[StageName, ...] = STAGES


@dataclass(frozen=True, slots=True)
class Ask:
    """The one thing requested of one recipient. The first ask that fits is used."""

    id: str
    summary: str
    """One plain line without fields, for the review page, the call script and the organizer."""
    text: str
    """A paragraph in the small template language."""
    when: str
    """A condition in the small template language's expressions; empty fits everyone."""
    stages: tuple[StageName, ...] = STAGES
    opening: str = ""
    """A sentence before the reasons, such as thanks to a cosponsor; may be empty."""
    summary_es: str = ""
    text_es: str = ""
    short: str = ""
    """The ask in the short form; falls back to ``text``. It holds its own opening."""
    opening_es: str = ""
    short_es: str = ""
    thanks: str = ""
    """The letter's last sentence, which fits what the recipient has done."""
    thanks_es: str = ""
    call: str = ""
    """The ask as said to who answers the telephone, about the member and not to the member."""
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
    """A web page that shows it; empty where none is known."""
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
    """The first 12 hex digits of the SHA-256 of the source; a signature points at it."""
    source_name: str
    """The file's name, for messages."""
    first_body_line: int = 1
    """The line of the file on which the body starts, so that messages name real lines."""
    reading_aid_es: str = ""
    """The Spanish reading aid for the frame; the office never receives it."""
    closing: str = "Sincerely,"
    reading_aid_source: str = ""
    """The file name of the reading aid, for messages; empty if there is none."""
    first_reading_aid_line: int = 1
    spoken: str = ""
    """One sentence of reason for the telephone, where the writer has none short enough."""
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
        """Street, second line if any, and ``City, ST 01234``; no empty line ever."""
        city = " ".join(
            p for p in (f"{self.city}," if self.city else "", self.state, self.zip) if p
        )
        return tuple(line for line in (self.street.strip(), self.street2.strip(), city) if line)


@dataclass(frozen=True, slots=True)
class Spoken:
    """The words of a letter that are said on the telephone, in one language."""

    about: str
    """``I am calling about H.R. 1234, a bill to end …``"""
    ask: str
    """About the member, said to who answers."""
    reason: str = ""
    """A sentence for a caller whose own words do not begin with a short one."""


@dataclass(frozen=True, slots=True)
class Letter:
    """One text to one recipient, composed; every rendering is made from this.

    ``body`` holds the paragraphs between salutation and closing in order. It has no name,
    no address and no date: each rendering adds what its receiver wants.
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
    """Whether the resident changed the frame's words, beyond adding their story."""
    own_share: float = 0.0
    """The share of the body's characters that are the resident's own words, 0 to 1."""
    own_paragraphs: tuple[str, ...] = ()
    """The paragraphs of ``body`` that are not the frame's, word for word: the story, and any
    that the resident edited. ``compose`` fills it; the offices' own delivery format carries
    them apart from the campaign's words."""
    spoken: Spoken = Spoken("", "")
    """What to say on the telephone."""
    spoken_es: Spoken = Spoken("", "")
    """The same in Spanish, for the caller to understand and not for the office."""
    language: Literal["en", "es"] = "en"
    """What the office reads. Spanish only where its writer chose so."""


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
    """The chambers' planned last days; may slip, so no letter promises one."""
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
    """Claims that no letter may make: (pattern, why and what to say instead)."""
    facts: dict[str, Fact] = field(default_factory=dict)
    """By id; a template prints one with ``{{ fact_<id> }}``."""
    enacted: date | None = None
    """The day the bill became law, once it has."""
    related: dict[str, RelatedBill] = field(default_factory=dict)
    committees: dict[Chamber, Committee] = field(default_factory=dict)
    additions: tuple[Addition, ...] = ()
    time_notes: dict[str, str] = field(default_factory=dict)
    """How much time is left, by moment: ``pending``, ``last_weeks``, ``ending``, ``expired``,
    and the same with ``_es``; in the small language, printed with ``{{ time_note }}``."""
    state_policies: dict[str, str] = field(default_factory=dict)
    """``requires`` or ``limits`` by postal code, for states with a law of their own."""
    confirm_email: bool | None = None
    """Whether a signature counts only once its address was confirmed; None leaves it to the
    site's own setting."""
    position: str = ""
    """``against`` where letters ask to oppose the bill; else they are for it."""
    topic: str = ""
    """One of ``TOPICS``, or empty."""
    goal: int | None = None
    """How many people should sign; ``goal_office``, how many constituents of each office."""
    goal_public: bool | None = None
    """Whether the public counter shows how far that is."""
    goal_office: int | None = None
    telephone: dict[str, str] = field(default_factory=dict)
    """``about`` and ``about_es``: what a call is about, in the small language."""
    pages: dict[str, str] = field(default_factory=dict)
    """What pages say about the bill, in the small language, by field: ``headline`` and
    ``headline_es``."""
    figures: tuple[Figure, ...] = ()
    about: tuple[AboutPart, ...] = ()
    lines: dict[str, int] = field(default_factory=dict)
    """Where each text stands in ``campaign.toml`` (``asks.sponsor.text``), for messages."""
    memo: dict[Any, Any] = field(default_factory=dict, init=False, repr=False, compare=False)
    """What was worked out from this campaign and need not be again; goes when it goes."""

    @property
    def office_topic(self) -> str:
        """The topic that offices are told."""
        return self.topic or ANY_TOPIC

    def bill_for(self, chamber: Chamber) -> Bill:
        return self.bills[chamber]

    def template(self, template_id: str, length: Length = "full") -> LetterTemplate | None:
        return self.templates.get((template_id, length))
