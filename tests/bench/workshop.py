"""What the workshop costs: a letter checked against the whole Congress, a hostile text refused.

``make bench`` prints, for each letter, the whole-Congress check (541 seats, every moment, reading
aid included; goal: under 3 seconds) and the grouping by ask with its comparison to the live text,
and for the ten slowest hostile texts the time and peak memory to parse and refuse them. All in
CPU time, so that a busy machine gives the same figures.
"""

from __future__ import annotations

import statistics
import time
import tracemalloc
from collections.abc import Callable

from app.campaign.check import check_campaign
from app.campaign.language import Parsed, parse_template
from app.campaign.load import load_campaign
from app.campaign.survey import survey
from app.congress.tables import load_tables
from app.site.settings import ROOT
from tests.campaign.test_language import HOSTILE

CAMPAIGN = ROOT / "letters" / "protect-immigration-act"
ROUNDS = 3
WORST = 10


def seconds(work: Callable[[], object]) -> float:
    """The CPU time of one call."""
    begin = time.process_time()
    work()
    return time.process_time() - begin


def checks() -> None:
    seats = load_tables().holders
    begin = time.process_time()
    campaign = load_campaign(CAMPAIGN)
    print(f"Reading and checking all texts of the campaign: {time.process_time() - begin:.2f} s")
    print(f"Each letter against the whole Congress, {ROUNDS} rounds, medians (goal: under 3 s)")
    slowest = 0.0
    for template in campaign.templates.values():
        check = statistics.median(
            seconds(lambda one=template: check_campaign(campaign, seats, templates=[one]))  # type: ignore[misc]
            for _ in range(ROUNDS)
        )
        groups = statistics.median(
            seconds(lambda one=template: survey(campaign, one, seats, before=(campaign, one)))  # type: ignore[misc]
            for _ in range(ROUNDS)
        )
        slowest = max(slowest, check + groups)
        print(f"  {template.id + ', ' + template.length:<32}check {check:6.2f} s   "
              f"by ask, compared {groups:6.2f} s")  # fmt: skip
    print(f"  {len(seats)} seats; slowest letter, both together: {slowest:.2f} s")


def hostile() -> None:
    parse_template("{{ nope }}")  # the first call initializes shared state
    figures = []
    for number, text in enumerate(HOSTILE):
        # Never the same text twice: refusals are cached.
        fresh = [text[: -3 - turn] + "z" * (3 + turn) for turn in range(ROUNDS)]
        took = statistics.median(seconds(lambda one=one: parse_template(one)) for one in fresh)  # type: ignore[misc]
        tracemalloc.start()
        result = parse_template(text + " ")
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert not isinstance(result, Parsed), number
        figures.append((took, peak, len(text), text[:34].replace("\n", " ")))
    print(f"Parse and refuse: the {WORST} slowest of {len(HOSTILE)} hostile texts")
    for took, peak, size, start in sorted(figures, reverse=True)[:WORST]:
        print(
            f"  {took * 1000:7.2f} ms   peak {peak / 1e6:5.2f} MB   {size:>9,} characters   {start}"
        )


def main() -> None:
    checks()
    print()
    hostile()


if __name__ == "__main__":
    main()
