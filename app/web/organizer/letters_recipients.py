"""Finding a recipient to try a letter on: by name, by state or seat, or by kind."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from app.campaign import Campaign, stance_of
from app.congress import STATES, Holder, Tables

MOST = 40


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of recipient, such as “a cosponsor”."""

    id: str
    label: LazyString
    fits: Callable[[Campaign, Holder], bool]


def _stance(name: str) -> Callable[[Campaign, Holder], bool]:
    return lambda campaign, holder: (
        holder.member is not None and stance_of(campaign, holder.member).name == name
    )


def _judiciary(chamber: str) -> Callable[[Campaign, Holder], bool]:
    def fits(campaign: Campaign, holder: Holder) -> bool:
        committee = next((c for k, c in campaign.committees.items() if k == chamber), None)
        if committee is None or holder.member is None or holder.seat.chamber != chamber:
            return False
        return any(place.committee == committee.code for place in holder.member.committees)

    return fits


def _plain(chamber: str) -> Callable[[Campaign, Holder], bool]:
    return lambda campaign, holder: (
        holder.seat.chamber == chamber
        and not holder.seat.is_delegate
        and _stance("none")(campaign, holder)
    )


KINDS: tuple[Kind, ...] = (
    Kind("cosponsor", _l("a cosponsor"), _stance("cosponsor")),
    Kind("sponsor", _l("the sponsor"), _stance("sponsor")),
    Kind("earlier", _l("someone who backed an earlier bill"), _stance("earlier")),
    Kind("opposes", _l("someone who backs the opposite"), _stance("opposes")),
    Kind("representative", _l("a representative on no list"), _plain("house")),
    Kind("senator", _l("a senator on no list"), _plain("senate")),
    Kind("house-committee", _l("a representative on Judiciary"), _judiciary("house")),
    Kind("senate-committee", _l("a senator on Judiciary"), _judiciary("senate")),
    Kind("delegate", _l("a delegate"), lambda _c, h: h.seat.is_delegate and not h.vacant),
    Kind(
        "independent",
        _l("an independent"),
        lambda _c, h: h.member is not None and h.member.party == "Independent",
    ),
    Kind(
        "at-large",
        _l("a representative of a whole state"),
        lambda _c, h: h.seat.district == 0 and not h.seat.is_delegate and not h.vacant,
    ),
    Kind("vacant", _l("a vacant seat"), lambda _c, h: h.vacant),
)


def typed_kind(query: str) -> Kind | None:
    """The kind that somebody typed in words, such as “a senator on Judiciary” or “cosponsors”."""
    wanted = _bare(query)
    return next((k for k in KINDS if wanted and wanted in (_bare(str(k.label)), k.id)), None)


def _bare(words: str) -> str:
    """Without the article, and each word without the ending of a plural."""
    words = re.sub(r"^(an?|the|un|una|el|la|los|las|alguien) ", "", _level(words))
    return " ".join(re.sub(r"(?<=\w{3})s$", "", word) for word in words.split())


def find(campaign: Campaign, tables: Tables, query: str, kind: str) -> list[Holder]:
    """The seats that fit what was typed and the chosen kind; at most ``MOST``.

    ``query`` is a name or a part of one, a state by name or postal code, a seat (``CA-12``), or
    a kind in words, which goes before the chosen one. Accents and case make no difference.
    """
    typed = typed_kind(query)
    chosen = typed or next((k for k in KINDS if k.id == kind), None)
    wanted = "" if typed else _level(query)
    found = [
        holder
        for holder in tables.holders
        if (chosen is None or chosen.fits(campaign, holder)) and (not wanted or _is(holder, wanted))
    ]
    return found[:MOST]


def _is(holder: Holder, wanted: str) -> bool:
    seat = holder.seat
    if wanted in (seat.id.lower(), seat.state.lower(), _level(STATES[seat.state])):
        return True
    name = _level(holder.member.full_name) if holder.member else ""
    return len(wanted) > 2 and all(word in name for word in wanted.split())


def _level(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text)
    kept = "".join(ch for ch in plain if not unicodedata.combining(ch))
    return re.sub(r"\s+", " ", kept.casefold().replace("’", "'")).strip()
