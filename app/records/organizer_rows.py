"""Who the organizers are: the value type, and finding one."""

from __future__ import annotations

import sqlite3
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

Role = Literal["editor", "exporter", "admin"]
ROLES: tuple[Role, ...] = ("editor", "exporter", "admin")
"""An editor changes the letters, an exporter takes counts and lists away, an admin does both
and looks after the organizers."""

Need = Literal["organizer", "editor", "exporter", "admin"]
"""What a page asks for; ``organizer`` is anyone who is logged in."""


@dataclass(frozen=True, slots=True)
class Organizer:
    """One organizer. Passwords and secrets are never part of it."""

    id: int
    name: str
    role: Role
    created: datetime
    disabled: datetime | None
    """When the account was switched off; None while it is on."""
    logged_in: datetime | None
    """The last complete log-in; None before the first."""
    has_password: bool
    has_second_factor: bool

    def may(self, need: Need) -> bool:
        """Whether this organizer's role is enough for a page."""
        return need == "organizer" or self.role in ("admin", need)


def level(name: str) -> str:
    """A name with case, width and spaces levelled, for comparing."""
    storable = name.encode("utf-8", "replace").decode("utf-8")
    return " ".join(unicodedata.normalize("NFKC", storable).casefold().split())


_COLUMNS = (
    "id, name, role, created, disabled, logged_in, password IS NOT NULL, totp IS NOT NULL"
    " FROM organizers"
)


def _time(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _organizer(row: tuple[Any, ...]) -> Organizer:
    number, name, role, created, disabled, logged_in, password, totp = row
    return Organizer(
        number,
        name,
        role,
        datetime.fromtimestamp(created, UTC),
        _time(disabled),
        _time(logged_in),
        bool(password),
        bool(totp),
    )


def organizer_by_id(db: sqlite3.Connection, number: int) -> Organizer | None:
    """The organizer with a number, disabled or not; None when there is none."""
    row = db.execute(f"SELECT {_COLUMNS} WHERE id = ?", (number,)).fetchone()
    return None if row is None else _organizer(row)


def organizer_by_name(db: sqlite3.Connection, name: str) -> Organizer | None:
    """The organizer with a name, however it is capitalised and spaced; None when there is none."""
    row = db.execute(
        f"SELECT {_COLUMNS} WHERE name_key = ?",
        (level(name),),
    ).fetchone()
    return None if row is None else _organizer(row)


def all_organizers(db: sqlite3.Connection) -> list[Organizer]:
    """Every organizer, disabled ones last, by name."""
    rows = db.execute(f"SELECT {_COLUMNS} ORDER BY disabled IS NOT NULL, name_key")
    return [_organizer(row) for row in rows]
