"""A complete signing request against a bare durable insert, in turn, with the same settings.

A signing request checks the token, validates the form, looks up who represents the
address, composes up to three letters and stores everything durably. The bare view does
one durable insert of the same signature row.
"""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path

from tests.bench.load import post_all
from tests.bench.people import sign_bodies
from tests.bench.servers import serving

ROUNDS = 5
POSTS = 400


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        instance = Path(folder)
        with (
            serving("wsgi:app", instance) as whole,
            serving("tests.bench.bare:app", instance) as bare,
        ):
            rates: list[tuple[float, float]] = []
            for number in range(ROUNDS + 1):
                bodies = sign_bodies(instance, POSTS, first=number * POSTS)
                one = post_all(whole.port, "/sign", bodies, expect=307)
                other = post_all(bare.port, "/sign", bodies, expect=200)
                if one.refused or other.refused:
                    raise SystemExit(f"refused: {one.refused or other.refused}")
                if number:  # the first round warms up
                    rates.append((one.rate, other.rate))
    ratios = sorted(one / other for one, other in rates)
    print("Signing POST against a bare durable insert, 4 workers, 8 clients")
    print(f"  whole signing request   {statistics.median(r for r, _ in rates):8.0f} a second")
    print(f"  bare durable insert     {statistics.median(r for _, r in rates):8.0f} a second")
    print(
        f"  ratio (goal: 0.5)       {statistics.median(ratios):8.2f}"
        f"  (rounds {ratios[0]:.2f} to {ratios[-1]:.2f})"
    )


if __name__ == "__main__":
    main()
