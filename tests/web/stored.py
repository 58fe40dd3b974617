"""Queries of a site's database for tests."""

from __future__ import annotations

from app.records.counts import totals
from app.records.database import local_database
from app.site.settings import Settings

CAMPAIGN = "protect-immigration-act"


def counts(settings: Settings) -> tuple[int, int]:
    """People and letters."""
    found = totals(local_database(settings.database), CAMPAIGN)
    return found.signatures, found.letters


def rows(settings: Settings, table: str = "signatures") -> list[dict[str, object]]:
    """Every row of a table."""
    db = local_database(settings.database)
    cursor = db.execute(f"SELECT * FROM {table}")
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]
