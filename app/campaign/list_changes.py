"""What a new list of supporters changes: who joined, who left, who is not in Congress."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from app.campaign.stance import Backing


@dataclass(frozen=True, slots=True)
class Redated:
    """Somebody who stays on the list with another day or role."""

    before: Backing
    after: Backing


@dataclass(frozen=True, slots=True)
class ListChange:
    """The difference between two lists."""

    before: tuple[Backing, ...]
    after: tuple[Backing, ...]
    joined: tuple[Backing, ...]
    left: tuple[Backing, ...]
    redated: tuple[Redated, ...]
    gone: tuple[Backing, ...]
    """Those of ``after`` who back the present bill and are not in Congress any more."""

    @property
    def empty(self) -> bool:
        """Whether the lists say the same."""
        return not (self.joined or self.left or self.redated)


def replace_bills(
    now: Iterable[Backing],
    new: Iterable[Backing],
    bills: Collection[str],
    keep: Collection[str] = (),
) -> tuple[Backing, ...]:
    """``now`` with the lines of ``bills`` replaced by those of ``new``.

    The lines of a bill stay together where the first of them stood; lines of other bills keep
    their order. ``keep`` are the ids of people whose old lines stay although the new list does
    not name them: the other chamber's, when a file tells of one chamber only.
    """
    old, fresh = tuple(now), tuple(new)
    named = {(b.bioguide, b.bill) for b in fresh}
    order = list(dict.fromkeys([*(b.bill for b in old), *(b.bill for b in fresh)]))
    lines: list[Backing] = []
    for bill in order:
        if bill in bills:
            lines += [b for b in fresh if b.bill == bill]
            lines += [
                b
                for b in old
                if b.bill == bill and b.bioguide in keep and (b.bioguide, bill) not in named
            ]
        else:
            lines += [b for b in old if b.bill == bill]
    return tuple(lines)


def compare(
    before: Iterable[Backing],
    after: Iterable[Backing],
    *,
    current: str,
    sitting: Collection[str],
) -> ListChange:
    """The difference between two lists. ``sitting`` are the ids of all in Congress now."""
    old, new = tuple(before), tuple(after)
    was = {(b.bioguide, b.bill): b for b in old}
    now = {(b.bioguide, b.bill): b for b in new}
    return ListChange(
        before=old,
        after=new,
        joined=tuple(b for key, b in now.items() if key not in was),
        left=tuple(b for key, b in was.items() if key not in now),
        redated=tuple(
            Redated(was[key], b)
            for key, b in now.items()
            if key in was and (was[key].day, was[key].role) != (b.day, b.role)
        ),
        gone=tuple(b for b in new if b.bill == current and b.bioguide not in sitting),
    )
