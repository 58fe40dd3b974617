"""The whole campaign read and checked as it would be, before anybody is asked to publish it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from app.campaign import Campaign, CampaignError, Problem, check_campaign, read_campaign
from app.campaign.asks import AskMove, compare_asks
from app.site.services import Services

KEPT = 4


@dataclass(frozen=True, slots=True)
class Checked:
    """What a campaign of these texts would be like."""

    campaign: Campaign | None
    """None when it cannot be read at all."""
    must: tuple[Problem, ...]
    """These keep it from being published."""
    should: tuple[Problem, ...]
    asks: tuple[AskMove, ...]
    seats: int

    @property
    def asks_differ(self) -> bool:
        """Whether anybody is asked something else than now."""
        return any(move.before != move.after for move in self.asks)


_kept: dict[str, Checked] = {}
"""The last few answers of this process: looking and publishing ask the same."""


def check_files(site: Services, files: Mapping[str, str]) -> Checked:
    """Read these texts as one campaign, and every letter of it to every seat.

    Takes seconds; the same texts once more take none.
    """
    digest = hashlib.sha256(f"{site.tables.as_of} {site.today()}".encode())
    for name in sorted(files):
        digest.update(f"\0{name}\0{files[name]}".encode("utf-8", "surrogatepass"))
    key = digest.hexdigest()
    if key not in _kept:
        while len(_kept) >= KEPT:
            _kept.pop(next(iter(_kept)), None)
        _kept[key] = _check(site, files)
    return _kept[key]


def _check(site: Services, files: Mapping[str, str]) -> Checked:
    try:
        new = read_campaign(site.campaign.slug, files)
    except CampaignError as error:
        return Checked(None, error.problems, (), (), len(site.tables.holders))
    report = check_campaign(new, site.tables)
    moves = compare_asks(site.campaign, new, site.tables.holders, site.today())
    return Checked(
        new,
        tuple(p for p in report.problems if p.level == "must"),
        tuple(p for p in report.problems if p.level == "should"),
        moves,
        report.seats,
    )
