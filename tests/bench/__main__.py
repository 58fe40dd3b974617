"""Every benchmark in turn. Each figure is next to what it is compared with."""

from __future__ import annotations

from tests.bench import counting, everything_at_once, finding, packets, pdf, signing, workshop


def main() -> None:
    for part in (finding, signing, everything_at_once, pdf, packets, counting, workshop):
        part.main()
        print()


if __name__ == "__main__":
    main()
