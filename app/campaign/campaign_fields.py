"""The fields of ``campaign.toml``: one table for reading, editing, comparing and labeling them.

A field has a dotted path. ``bills.house.number`` occurs once; ``asks.3.text`` belongs to the
fourth ask (from 0) and ``facts.0.text`` to the first of the tables ``[facts.growth]``, whose
name is its ``facts.0.id``. The table lists a list's fields without the index: ``asks.text``. A
new field takes one line here and one where ``campaign_file`` builds a campaign.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from app.campaign.entities import STAGES, TOPICS
from app.text import clean_line, clean_text
from app.text import mark as _mark

Kind = Literal[
    "line", "words", "text", "condition", "pattern", "bill", "id", "day", "moment", "whole",
    "stages", "states", "flag", "tick", "choice", "zone",
]  # fmt: skip
"""What a field holds: one ``line`` of plain words or several (``words``), a ``text`` in the small
language of letters or a ``condition`` in it, a ``pattern`` to search for, the printed number of a
``bill``, a short name (``id``), a ``day``, a ``moment`` in Washington, a ``whole`` number, a list
of ``stages``, postal codes of ``states``, yes, no or unset (``flag``), yes or unset (``tick``), a
``choice`` of a few, or a time ``zone``."""

EVERY_STAGE = (*STAGES, "enacted")
MOST_TEXT = 20_000
MOST_FACT = 800


@dataclass(frozen=True, slots=True)
class CampaignField:
    """One field: its path, what it holds, and its label on a page."""

    path: str
    kind: Kind
    label: str
    """In English, a key of the catalogue, like ``hint``. A Spanish field has the same label."""
    hint: str = ""
    required: bool = False
    most: int = MOST_TEXT
    """The most characters it may have."""
    choices: tuple[str, ...] = ()
    """The values of a ``choice``; empty if only a page knows them, as for committees."""
    fixed: bool = False
    """Whether it cannot change once someone has signed, because the counts name it."""

    @property
    def key(self) -> str:
        return self.path.rpartition(".")[2]

    @property
    def spanish(self) -> bool:
        """Whether it is the Spanish of another field."""
        return self.path.endswith("_es")

    @property
    def long(self) -> bool:
        """Whether it can have several lines."""
        return self.kind in ("words", "text")

    def clean(self, typed: str) -> str:
        """The typed text, cleaned like all typed text."""
        return clean_text(typed) if self.long else clean_line(typed)


F = CampaignField


def _both(
    path: str, kind: Kind, label: str, hint: str = "", *, hint_es: str = "",
    required: bool = False, most: int = MOST_TEXT,
) -> tuple[CampaignField, CampaignField]:  # fmt: skip
    """A text field and its Spanish counterpart, which is always optional."""
    return (
        CampaignField(path, kind, label, hint, required, most),
        CampaignField(f"{path}_es", kind, label, hint_es, False, most),
    )


_COMMITTEE_HINT = _mark("Members of it get the sentences for committee members.")
_STATES_HINT = _mark("By name or two letters, with commas between them: Florida, GA, TX.")
_KEY_HINT = _mark(
    "Lowercase letters, digits and hyphens. You cannot change it later. If empty, it is made "
    "from the words."
)
ZONES = (
    "America/New_York", "America/Chicago", "America/Denver", "America/Phoenix",
    "America/Los_Angeles", "America/Anchorage", "Pacific/Honolulu", "America/Puerto_Rico",
    "America/St_Thomas", "Pacific/Guam", "Pacific/Saipan", "Pacific/Pago_Pago",
)  # fmt: skip
"""The zones that a page offers; a file may name any zone."""

_BILL = (
    *_both("title", "line", _mark("Name of the campaign"), required=True, most=120),
    F("position", "choice", _mark("For or against the %(bill)s"),
      _mark("The offices’ own systems are told it with each letter."), choices=("against",)),
    F("topic", "choice", _mark("Topic of the %(bill)s"),
      _mark("Offices sort mail by these topics. The official file names one of them."),
      choices=TOPICS),
    F("congress", "whole", _mark("Number of the Congress"), required=True, fixed=True),
    F("ends", "moment", _mark("When this Congress ends, Washington time"),
      _mark("For example, 2027-01-03 12:00."), required=True),
    F("last_weeks_from", "day", _mark("First day of the last weeks"),
      _mark("From this day on letters speak of weeks left."), required=True),
    F("last_day.house", "day", _mark("Planned last day of the House"), required=True),
    F("last_day.senate", "day", _mark("Planned last day of the Senate"), required=True),
    F("as_of", "day", _mark("Day of the cosponsor list"), _mark("An import sets it for you."),
      required=True),
    F("enacted", "day", _mark("Day on which the %(bill)s became law"),
      _mark("Leave it empty until it has happened.")),
    F("timezone", "zone", _mark("Time zone"),
      _mark("Whose midnight separates the days of the counts. Days counted already stay."),
      required=True),
    F("confirm_email", "flag", _mark("Confirmed email addresses"),
      _mark("Whether a signature counts only once its email address is confirmed.")),
    F("goal", "whole", _mark("Goal: people who sign")),
    F("goal_public", "flag", _mark("Goal on the public counter"),
      _mark("Shows how far it is on the counter that other sites embed.")),
    F("goal_office", "whole", _mark("Goal for each office: constituents who sign")),
    F("bills.house.number", "bill", _mark("Number of the House %(bill)s"),
      _mark("For example, H.R. 1234. If empty, no number is printed."), fixed=True),
    F("bills.house.title", "line", _mark("Title of the House %(bill)s"), required=True, most=120),
    F("bills.house.introduced", "day", _mark("Day on which the House %(bill)s was introduced")),
    F("bills.senate.number", "bill", _mark("Number of the Senate %(bill)s"),
      _mark("For example, S. 567. If empty, no number is printed."), fixed=True),
    F("bills.senate.title", "line", _mark("Title of the Senate %(bill)s"), required=True, most=120),
    F("bills.senate.introduced", "day", _mark("Day on which the Senate %(bill)s was introduced")),
    *_both("time.pending", "text", _mark("How much time is left: before the last weeks")),
    *_both("time.last_weeks", "text", _mark("How much time is left: in the last weeks")),
    *_both("time.ending", "text", _mark("How much time is left: after the chamber’s last day")),
    *_both("time.expired", "text", _mark("How much time is left: after the Congress has ended")),
)  # fmt: skip
_COMMITTEES = (
    F("committees.house.code", "choice", _mark("House committee that has the %(bill)s"),
      _COMMITTEE_HINT, required=True, most=8),
    F("committees.house.subcommittee", "choice", _mark("Subcommittee in the House"), most=8),
    *_both("committees.house.name", "line", _mark("Name of the House committee in letters"),
           required=True, most=120),
    F("committees.senate.code", "choice", _mark("Senate committee for the subject"),
      _COMMITTEE_HINT, required=True, most=8),
    F("committees.senate.subcommittee", "choice", _mark("Subcommittee in the Senate"), most=8),
    *_both("committees.senate.name", "line", _mark("Name of the Senate committee in letters"),
           required=True, most=120),
)  # fmt: skip
_STATES = (
    F("states.requires", "states", _mark("States that require what the %(bill)s is about"),
      _STATES_HINT),
    F("states.limits", "states", _mark("States that limit or ban it"), _STATES_HINT),
    F("states.as_of", "day", _mark("Day on which this was looked up")),
)  # fmt: skip
_ASKS = (
    F("asks.id", "id", _mark("Short name"), _KEY_HINT, required=True),
    F("asks.when", "condition", _mark("Who is asked this"),
      _mark("A condition, for example: type == 'sen' and stance == 'none'. If empty: all others."),
      most=1_000),
    F("asks.stages", "stages", _mark("When it is asked")),
    *_both("asks.summary", "line", _mark("In one line"),
           _mark("Plain words without fields. Residents see it above the letter."), required=True,
           most=200),
    *_both("asks.opening", "text", _mark("Opening sentence"),
           _mark("Before the reasons, like thanks to a cosponsor. May be empty.")),
    *_both("asks.text", "text", _mark("The ask in the full letter"), required=True),
    *_both("asks.short", "text", _mark("The ask in the short letter"),
           _mark("It has its own opening. If empty, the full text is used.")),
    *_both("asks.thanks", "text", _mark("Last sentence"),
           _mark("Letters print it as {{ thanks }}, for example thanks to a cosponsor.")),
    *_both("asks.call", "text", _mark("What callers say on the phone"),
           _mark("To the person who answers, about the member. At most two short sentences.")),
)  # fmt: skip
_ADDITIONS = (
    F("additions.id", "id", _mark("Short name"), _KEY_HINT, required=True),
    F("additions.when", "condition", _mark("Who gets this sentence"),
      _mark("A condition, for example: committee_role == 'chair' and type == 'rep'."), most=1_000),
    F("additions.stages", "stages", _mark("When it is added")),
    *_both("additions.text", "text", _mark("Sentence in the full letter"), required=True),
    *_both("additions.short", "text", _mark("Sentence in the short letter"),
           _mark("If empty, nothing is added to the short letter.")),
)  # fmt: skip
_FACTS = (
    F("facts.id", "id", _mark("Short name"),
      _mark("Lowercase letters, digits and _. Letters print it as {{ fact_name }}.")),
    *_both("facts.text", "words", _mark("The fact in one sentence"),
           _mark("With its date, so that it stays true. At most 800 characters."), required=True,
           most=MOST_FACT),
    F("facts.source", "line", _mark("Source"),
      _mark("Who says it, where and when, so that anyone can look it up."), required=True),
    F("facts.url", "line", _mark("Web page of the source"),
      _mark("Where anyone can read it. May be empty."), most=300),
    F("facts.as_of", "day", _mark("Day of the source"), required=True),
)  # fmt: skip
_PAGES = (
    *_both("pages.title", "text", _mark("Title of the start page")),
    *_both("pages.headline", "text", _mark("Headline")),
    *_both("pages.lede", "text", _mark("Sentence under the headline")),
    *_both("pages.summary", "text", _mark("The %(bill)s in short")),
    *_both("pages.stands", "text", _mark("Where the %(bill)s stands")),
    *_both("pages.share", "text", _mark("What people say when they share the site"),
           _mark("A link to this site follows.")),
    *_both("pages.figures", "text", _mark("Heading of the chart")),
)  # fmt: skip
_TELEPHONE = (
    *_both("telephone.about", "text", _mark("What a call is about")),
)  # fmt: skip
_ABOUT = (
    *_both("about.heading", "text", _mark("Heading"), required=True),
    *_both("about.text", "text", _mark("Words of this part"),
           _mark("A blank line starts a paragraph. Lines that begin with - are a list."),
           required=True),
)  # fmt: skip
_FIGURES = (
    F("figures.number", "whole", _mark("Number"), required=True),
    *_both("figures.label", "line", _mark("What it counts, and when"), required=True, most=80),
)  # fmt: skip
_PROMPTS = (
    *_both("prompts.who", "line", _mark("For whom"), required=True),
    *_both("prompts.text", "words", _mark("Question"), required=True,
           hint_es=_mark("If empty, Spanish pages show the English.")),
)  # fmt: skip
_FORBIDDEN = (
    F("forbidden.words", "line", _mark("Words to avoid"),
      _mark("As people write them. Capital letters make no difference."), most=120),
    F("forbidden.whole", "tick", _mark("Only as whole words")),
    F("forbidden.pattern", "pattern", _mark("A pattern that the file has"),
      _mark("A regular expression, in place of words. It is changed in the file.")),
    F("forbidden.advice", "line", _mark("Why not, and what to say instead"), required=True),
)  # fmt: skip
_RELATED = (
    F("related.id", "id", _mark("Short name"),
      _mark("For example, hr1234-117. The lists of cosponsors call it by this name."),
      required=True),
    F("related.kind", "choice", _mark("What it is"), required=True, choices=("earlier", "opposes")),
    F("related.chamber", "choice", _mark("Chamber"), required=True, choices=("house", "senate")),
    F("related.congress", "whole", _mark("Number of the Congress"), required=True),
    F("related.number", "bill", _mark("Number of the %(bill)s"),
      _mark("For example, H.R. 1234. Leave it empty if it is not known.")),
    F("related.title", "line", _mark("Title of the %(bill)s"), required=True, most=120),
)  # fmt: skip

SECTIONS: dict[str, tuple[CampaignField, ...]] = {
    "bill": _BILL, "committees": _COMMITTEES, "states": _STATES, "pages": _PAGES,
    "telephone": _TELEPHONE,
}  # fmt: skip
"""Parts that occur once, each with its own page."""
LISTS: dict[str, tuple[CampaignField, ...]] = {
    "asks": _ASKS, "additions": _ADDITIONS, "facts": _FACTS, "prompts": _PROMPTS,
    "forbidden": _FORBIDDEN, "related": _RELATED, "about": _ABOUT, "figures": _FIGURES,
}  # fmt: skip
"""Parts that occur any number of times."""
KEYED = ("asks", "additions", "facts", "related")
"""Lists whose items have a permanent short name; items of the others are known by index."""
NAMED = ("facts",)
"""Lists written as ``[facts.growth]``, not as ``[[facts]]`` with an ``id``."""
ORDERED = ("asks", "additions", "prompts", "forbidden", "about", "figures")
"""Lists whose order shows to residents or members."""
AID_NOTES = "reading_aid_of"
"""The key, in a campaign or a letter, that records which English each Spanish text translates."""
RETIRED_KEYS = ("prompt_hint",)
"""Keys that earlier files may still have, and that nothing uses."""
FIXED = tuple(f.path for fields in SECTIONS.values() for f in fields if f.fixed)

_TABLE = {f.path: f for part in (*SECTIONS.values(), *LISTS.values()) for f in part}


def translated(name: str) -> tuple[str, ...]:
    """The keys of a part's or table's texts that have a Spanish counterpart."""
    fields = (f for f in _TABLE.values() if f.spanish and f.path.startswith(f"{name}."))
    return tuple(f.key.removesuffix("_es") for f in fields)


ASK_TEXTS = translated("asks")


def without_index(path: str) -> str:
    """``asks.3.text`` → ``asks.text``, the same for every item of a list."""
    parts = path.split(".")
    indexed = parts[0] in LISTS and len(parts) > 1 and parts[1].isdigit()
    return ".".join([parts[0], *parts[2:]]) if indexed else path


def field_at(path: str) -> CampaignField:
    """The field at a path, with or without an index. Raises ``KeyError`` if there is none."""
    return _TABLE[without_index(path)]


def is_field(path: str) -> bool:
    """Whether a path names exactly one editable field."""
    parts = path.split(".")
    in_list = parts[0] in LISTS
    return without_index(path) in _TABLE and in_list == (in_list and parts[1:2] != [] and
                                                   parts[1].isdigit())  # fmt: skip


def section_paths(name: str) -> tuple[str, ...]:
    """The paths of the fields of a part that occurs once."""
    return tuple(f.path for f in SECTIONS[name])


def field_paths(name: str, index: int) -> tuple[str, ...]:
    """The paths of the fields of one item of a list."""
    return tuple(f"{name}.{index}.{f.key}" for f in LISTS[name])
