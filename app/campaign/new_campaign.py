"""Starting a campaign: its files are made from the bill's official record and a few choices.

The words come from a small library of neutral asks and letters that name no bill. The result can
be checked and then edited like any other campaign.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Literal

from app.campaign import edit, reading_aids
from app.campaign.backing_lists import COSPONSORS, OPPOSING, write_list
from app.campaign.campaign_file import FILE
from app.campaign.entities import Bill, Campaign, RelatedBill
from app.campaign.page_words import congress_gov
from app.campaign.stance import CURRENT, Backing
from app.campaign.toml_text import insert_block, remove_block
from app.campaign.words import LAW, bill_key, bill_noun, date_words, ordinal, printed_bill
from app.congress.model import Chamber, congress_years

LIBRARY = Path(__file__).with_name("library")
LETTERS = ("own-words", "my-state", "plain-law")
"""The library's letters by id. The last one speaks of a law (see ``letters_for``)."""

AskKind = Literal["thank", "cosponsor", "companion", "oversight", "oppose"]
ASKS: dict[AskKind, tuple[str, ...]] = {
    "thank": ("thank-sponsor", "thank-cosponsor", "thank-former", "thank-after"),
    "cosponsor": ("cosponsor",),
    "companion": ("companion-former", "companion"),
    "oversight": ("oversight",),
    "oppose": ("oppose-backer", "oppose", "oppose-after"),
}
"""The kinds of asks to choose from, and the library's asks that each includes. Members whom none
of them matches are asked to read the bill and say where they stand."""


@dataclass(frozen=True, slots=True)
class NewCampaign:
    """What a new campaign is made from. Words are as an organizer typed them."""

    kind: str
    """``hr``, ``sjres`` and so on, as ``bill_key`` returns it."""
    number: int
    congress: int
    title: str
    """As letters print it: ``Safe Streets Act``."""
    does: str
    """What the bill would do, worded to follow "a bill to"."""
    as_of: date
    asks: tuple[AskKind, ...]
    letters: tuple[str, ...]
    name: str = ""
    """The campaign's name; empty uses the bill's title."""
    name_es: str = ""
    does_es: str = ""
    introduced: date | None = None
    sponsor: str = ""
    committee: tuple[str, str] = ("", "")
    topic: str = ""
    backings: tuple[Backing, ...] = ()
    before: Campaign | None = None
    """The campaign for the bill's earlier version, if there was one."""
    before_backings: tuple[Backing, ...] = ()
    """Who backed the earlier version and those before it, from that campaign's list."""
    before_chambers: Mapping[str, Chamber] = field(default_factory=dict)
    """By bioguide id, the chamber in which they sat then, and so whose bill they backed."""

    @property
    def chamber(self) -> Chamber:
        return "house" if self.kind.startswith("h") else "senate"

    @property
    def printed(self) -> str:
        """``H.R. 1234``."""
        return printed_bill(self.kind, self.number)


def letters_for(kind: str) -> tuple[str, ...]:
    """The library letters that are true of this kind of bill or resolution."""
    return LETTERS if kind in LAW else LETTERS[:-1]


def initial_files(new: NewCampaign) -> dict[str, str]:
    """The campaign's files by name. Raises ``ValueError`` if a value does not fit its field."""
    words = library(new.printed)
    text = words[FILE]
    chosen = {ask for kind in new.asks for ask in ASKS[kind]}
    for ask in {ask for asks in ASKS.values() for ask in asks} - chosen:
        text = remove_block(text, "asks", edit.read_column(text, "asks", "id").index(ask))
    related = _related(new)
    for index, bill in enumerate(related):
        values = {
            "id": bill.id, "kind": "earlier", "chamber": bill.chamber,
            "congress": str(bill.congress), "number": bill.number or "", "title": bill.title,
        }  # fmt: skip
        text = insert_block(text, "related", index, edit.new_table("related", values))
    filled = edit.set_fields(text, _values(new))
    if isinstance(filled, dict):
        raise ValueError(", ".join(filled))
    text = reading_aids.note_every_aid(filled)
    files = {FILE: text, COSPONSORS: _list(new, related), OPPOSING: write_list(())}
    return files | {name: words[name] for name in words if name.split(".")[0] in new.letters}


def library(number: str) -> dict[str, str]:
    """The library's files by name, worded for what ``number`` is: a bill or a resolution."""
    texts = {path.name: path.read_text("utf-8") for path in sorted(LIBRARY.iterdir())}
    noun, noun_es = bill_noun(number), bill_noun(number, "es")
    named = {
        name: re.sub(r"proyecto\s+de\s+ley", noun_es, re.sub(r"\bbill\b", noun, text))
        for name, text in texts.items()
    }
    for name in texts:
        english = name.replace(".es.txt", ".txt")
        if english != name:  # rewording the English changes its marks
            for mark, new in zip(_marks(texts[english]), _marks(named[english]), strict=True):
                named[name] = named[name].replace(mark, new)
    return named


def _marks(letter: str) -> list[str]:
    return [reading_aids.mark_of(text) for text in reading_aids.paragraphs(letter)]


def _values(new: NewCampaign) -> dict[str, str]:
    """The values of every field about this bill."""
    _begins, ends = congress_years(new.congress)
    chamber, years = new.chamber, str(ends - 1)
    # The title alone would not distinguish it from the campaign for the bill's earlier version.
    number = f" ({new.printed})" if new.before is not None else ""
    values = {
        "title": new.name or f"The {new.title}{number}",
        "title_es": new.name_es or f"El {bill_noun(new.printed, 'es')} {new.title}{number}",
        "position": "against" if "oppose" in new.asks else "",
        "topic": new.topic,
        "congress": str(new.congress),
        "ends": f"{ends}-01-03 12:00",
        "last_weeks_from": (_election(ends - 1) + timedelta(days=1)).isoformat(),
        "last_day.house": f"{years}-12-20",
        "last_day.senate": f"{years}-12-20",
        "as_of": new.as_of.isoformat(),
        "bills.house.title": new.title,
        "bills.senate.title": new.title,
        f"bills.{chamber}.number": new.printed,
        f"bills.{chamber}.introduced": new.introduced.isoformat() if new.introduced else "",
        "facts.0.text": new.does,
        "facts.0.text_es": new.does_es,
        "facts.0.source": f"{new.printed}, {ordinal(new.congress)} Congress",
        "facts.0.url": congress_gov(Bill(chamber, new.congress, new.printed, new.title)),
        "facts.0.as_of": new.as_of.isoformat(),
        "about.0.text": " ".join(_history(new)),
        "about.0.text_es": " ".join(_history_es(new)),
    }
    if new.committee[0]:
        values |= {
            f"committees.{chamber}.code": new.committee[0],
            f"committees.{chamber}.name": new.committee[1],
        }
    return values


def _election(year: int) -> date:
    """The Tuesday after the first Monday of November (2 U.S.C. 7)."""
    first = date(year, 11, 1)
    return first + timedelta(days=(7 - first.weekday()) % 7 + 1)


def _history(new: NewCampaign) -> list[str]:
    chamber = "House" if new.chamber == "house" else "Senate"
    when = f" on {date_words(new.introduced)}" if new.introduced else ""
    said = [f"{new.sponsor} introduced {new.printed} in the {chamber}{when}." if new.sponsor
            else f"{new.printed} was introduced in the {chamber}{when}."]  # fmt: skip
    if (old := _predecessor(new)) is not None:
        name = old.number or f"an earlier {bill_noun(new.printed)}"
        end = "became law" if _is_law(new.before) else "expired with that Congress"
        said.append(f"It follows {name} of the {ordinal(old.congress)} Congress, which {end}.")
    return said


def _history_es(new: NewCampaign) -> list[str]:
    chamber = "la Cámara de Representantes" if new.chamber == "house" else "el Senado"
    when = f" el {date_words(new.introduced, 'es')}" if new.introduced else ""
    said = [f"{new.sponsor} presentó el proyecto {new.printed} en {chamber}{when}." if new.sponsor
            else f"El proyecto {new.printed} se presentó en {chamber}{when}."]  # fmt: skip
    if (old := _predecessor(new)) is not None:
        name = f"al proyecto {old.number}" if old.number else "a un proyecto"
        end = "se convirtió en ley" if _is_law(new.before) else "venció con ese Congreso"
        said.append(f"Sigue {name} del {ordinal(old.congress, 'es')} Congreso, que {end}.")
    return said


def _is_law(campaign: Campaign | None) -> bool:
    return campaign is not None and campaign.enacted is not None


def _own_bills(new: NewCampaign) -> tuple[RelatedBill, ...]:
    """The previous campaign's bills that have a number, as the new campaign's lists name them; the
    one of the new bill's chamber last."""
    found = []
    for bill in new.before.bills.values() if new.before else ():
        if bill.number:
            kind, number = bill_key(bill.number) or ("", 0)
            id_ = f"{kind}{number}-{bill.congress}"
            found.append(RelatedBill(id_, "earlier", bill.chamber, bill.congress, bill.number,
                                     bill.title))  # fmt: skip
    return tuple(sorted(found, key=lambda bill: bill.chamber == new.chamber))


def _predecessor(new: NewCampaign) -> RelatedBill | None:
    """The bill that the new one follows."""
    return next(reversed(_own_bills(new)), None)


def _related(new: NewCampaign) -> tuple[RelatedBill, ...]:
    """The earlier versions: those that the previous campaign lists, and its own bills."""
    own = _own_bills(new)
    if not own or new.before is None:
        return ()
    return (*(b for b in new.before.related.values() if b.kind == "earlier"), *own)


def _list(new: NewCampaign, related: tuple[RelatedBill, ...]) -> str:
    """The list of those who back this bill, and those who backed its earlier versions."""
    known = {bill.id for bill in related}
    own = {bill.chamber: bill.id for bill in _own_bills(new)}
    earlier = []
    for old in new.before_backings:
        bill = old.bill
        if bill == CURRENT and related:
            chamber = new.before_chambers.get(old.bioguide, new.chamber)
            bill = own.get(chamber, related[-1].id)
        if bill in known:
            earlier.append(Backing(old.bioguide, old.name, bill, old.role, old.day))
    return write_list((*new.backings, *earlier))
