"""From opened details to letters, office by office and sorted by town.

The opened rows are read once. Only what sorting needs stays in memory; the rest waits,
encrypted, until its letter's turn comes.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from app.campaign import Campaign, Writer, compose
from app.campaign.model import Length, LetterTemplate
from app.congress import Found, Tables, Zip, find_delegation, parse_zip
from app.congress.model import STATES, Delegation, Holder
from app.delivery.spill import Spill
from app.documents.letter import Addressed

_TEXTS = (
    "first", "last", "street", "street2", "city", "state", "zip", "email", "prefix", "phone",
    "district", "home_state", "home_zip", "story", "template", "length", "body",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Opened:
    """One person's details as they were opened, by the number of their line."""

    number: int
    day: date
    """When they signed: the date on their letters."""
    details: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a line, or one of its letters, is not in the packets."""

    number: int
    message: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """A letter that waits for its turn."""

    town: str
    """``Chicago, IL``"""
    order: tuple[str, str, str]
    place: int
    day: date


@dataclass
class Pile:
    """All letters to one office."""

    holder: Holder
    letters: list[Waiting] = field(default_factory=list)

    @property
    def towns(self) -> tuple[tuple[str, int], ...]:
        """The towns in the order of the letters; one that is spelled in two ways counts once."""
        counts: dict[str, list[Any]] = {}
        for letter in self.letters:
            counts.setdefault(letter.order[0], [letter.town, 0])[1] += 1
        return tuple((name, count) for name, count in counts.values())


class PacketLetters:
    """The piles of letters of one campaign. Close it when the packets are made."""

    def __init__(self, campaign: Campaign, tables: Tables, *, today: date, template: str) -> None:
        self.campaign = campaign
        self._tables = tables
        self._today = today
        self._template = template
        self._spill = Spill()
        self._piles: dict[str, Pile] = {}
        self._delegations: dict[tuple[str, int], Delegation] = {}

    def __enter__(self) -> PacketLetters:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of what waits; a second time does nothing."""
        self._spill.close()

    def read(self, rows: Iterable[Opened]) -> Iterator[Opened | Trouble]:
        """Sort each row's letters into the piles; yields the row, or what is wrong with it."""
        for row in rows:
            troubles = list(self._take(row))
            yield from troubles
            if not troubles:
                yield row

    def piles(self) -> list[Pile]:
        """The piles in order: by state, the House before the Senate; each sorted by town."""
        for pile in self._piles.values():
            pile.letters.sort(key=lambda letter: letter.order)
        return sorted(self._piles.values(), key=lambda pile: _seat_order(pile.holder))

    def letter(self, pile: Pile, waiting: Waiting) -> Addressed:
        """Compose a letter of a pile, with the words that its writer approved."""
        kept = self._spill.get(waiting.place)
        texts: dict[str, str] = kept["texts"]
        writer = Writer(
            first=texts["first"], last=texts["last"], street=texts["street"],
            street2=texts["street2"], city=texts["city"], state=texts["state"],
            zip=texts["zip"], prefix=texts["prefix"],
        )  # fmt: skip
        template = self._template_of(texts)
        assert template is not None
        letter = compose(
            self.campaign, template, pile.holder, writer=writer,
            district_place=self._delegations[kept["home"][0], kept["home"][1]],
            story=texts["story"], today=date.fromisoformat(kept["day"]),
            body_override=kept["letters"].get(pile.holder.seat.id) or texts["body"] or None,
        )  # fmt: skip
        return Addressed(letter, writer)

    def _take(self, row: Opened) -> Iterator[Trouble]:
        given = row.details.get("letters")
        letters = {str(seat): _text(words) for seat, words in given.items()} if isinstance(
            given, dict) else {}  # fmt: skip
        texts = {name: _text(row.details.get(name)) for name in _TEXTS}
        delegation = self._delegation(texts)
        if isinstance(delegation, str):
            yield Trouble(row.number, delegation)
            return
        if self._template_of(texts) is None:
            yield Trouble(row.number, f"The campaign has no letter called {texts['template']!r}.")
            return
        self._delegations[delegation.state, delegation.district] = delegation
        place = self._spill.add(
            {"texts": texts, "letters": letters, "day": row.day.isoformat(),
             "home": [delegation.state, delegation.district]}
        )  # fmt: skip
        town = ", ".join(part for part in (texts["city"].title() if texts["city"].isupper()
                                           else texts["city"], texts["state"]) if part)  # fmt: skip
        order = (_folded(town), _folded(texts["last"]), _folded(texts["first"]))
        here = {holder.seat.id for holder in delegation.holders}
        for seat in sorted(letters.keys() - here):
            yield Trouble(row.number, f"{seat} does not represent this writer: letter left out.")
        for holder in delegation.holders:
            seat = holder.seat.id
            if letters and seat not in letters:
                continue
            if holder.vacant:
                if seat in letters:
                    yield Trouble(row.number, f"{seat} is vacant now, so its letter is left out.")
                continue
            pile = self._piles.setdefault(seat, Pile(holder))
            pile.letters.append(Waiting(town, order, place, row.day))

    def _template_of(self, texts: Mapping[str, str]) -> LetterTemplate | None:
        length: Length = "short" if texts["length"] == "short" else "full"
        name = texts["template"] or self._template
        return self.campaign.template(name, length) or self.campaign.template(name)

    def _delegation(self, texts: Mapping[str, str]) -> Delegation | str:
        """The writer's delegation, or what to do about a row that does not settle it."""
        state = (texts["home_state"] or texts["state"]).upper()
        number = texts["district"].rpartition("-")[2]
        if number.isdecimal() and state in STATES:
            known = self._tables.delegation(state, int(number))
            if known is not None:
                return known
        zip_code = parse_zip(texts["home_zip"] or texts["zip"])
        if isinstance(zip_code, Zip):
            found = find_delegation(
                zip_code.five, state or None, today=self._today, tables=self._tables
            )
            if isinstance(found, Found):
                return found.delegation
        return "The line does not say which district the writer lives in: add district."


def _text(value: object) -> str:
    return str(value).strip() if isinstance(value, str | int) else ""


def _folded(text: str) -> str:
    """Without case, accents and punctuation, so that a list reads as people expect."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    return " ".join(
        "".join(c if c.isalnum() else " " for c in plain if not unicodedata.combining(c)).split()
    )


def _seat_order(holder: Holder) -> tuple[str, bool, int]:
    seat = holder.seat
    return seat.state, seat.chamber == "senate", seat.district or seat.senate_class or 0
