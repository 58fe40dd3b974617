"""How many addresses one process can look up per second."""

from __future__ import annotations

import statistics
import time
from datetime import UTC, datetime

from app.congress.lookup import find_delegation
from app.congress.tables import load_tables

DAY = datetime(2026, 11, 25, 12, tzinfo=UTC)


def main() -> None:
    begin = time.perf_counter()
    tables = load_tables()
    loaded = time.perf_counter() - begin
    questions = [
        (zip5, part.state) for zip5, parts in sorted(tables.zips.items()) for part in parts
    ]
    rates = []
    for _ in range(7):
        begin = time.perf_counter()
        for zip5, state in questions:
            find_delegation(zip5, state, now=DAY, tables=tables)
        rates.append(len(questions) / (time.perf_counter() - begin))
    print("Finding a delegation, one process")
    print(f"  tables loaded in        {loaded * 1000:8.0f} ms")
    print(f"  lookups (goal: 100,000) {statistics.median(rates):8,.0f} a second")


if __name__ == "__main__":
    main()
