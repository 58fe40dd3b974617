"""Reading a TOML table by keys that are expected, collecting every problem with its line."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from difflib import get_close_matches
from typing import Any

from app.campaign.problems import Problem


class TomlTable:
    """One table of a file. Getters give a usable value always and note what was wrong.

    After the last getter, ``done`` notes the keys that nobody asked for.
    """

    def __init__(
        self,
        file: str,
        values: dict[str, Any],
        lines: dict[str, int],
        problems: list[Problem],
        path: str = "",
    ) -> None:
        self.file = file
        self.values = values
        self.lines = lines
        self.problems = problems
        self.path = path
        self._asked: set[str] = set()

    def line(self, key: str = "") -> int:
        """The line of a key, or of the table itself."""
        full = ".".join(part for part in (self.path, key) if part)
        return self.lines.get(full) or self.lines.get(self.path, 1)

    def say(self, key: str, message: str) -> None:
        self.problems.append(Problem(self.file, self.line(key), message))

    def text(self, key: str, *, required: bool = False, most: int = 20_000) -> str:
        """Words; empty if missing."""
        value = self._get(key, required, "words in quotes")
        if value is None:
            return ""
        if not isinstance(value, str):
            self.say(key, f"`{key}` must be words in quotes.")
            return ""
        if len(value) > most:
            self.say(key, f"`{key}` has {len(value)} characters; {most} is the most.")
            return ""
        if required and not value.strip():
            self.say(key, f"`{key}` is empty.")
        return value.strip("\n")

    def choice(self, key: str, choices: tuple[str, ...]) -> str:
        """One of ``choices``; the first of them if missing or something else."""
        value = self.text(key, required=True)
        if value in choices:
            return value
        if value:
            self.say(key, f"`{key}` is “{value[:40]}”; it can be {', '.join(choices)}.")
        return choices[0]

    def whole(self, key: str) -> int:
        """A whole number above 0."""
        value = self._get(key, True, "a number")
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            if value is not None:
                self.say(key, f"`{key}` must be a whole number above 0.")
            return 1
        return value

    def flag(self, key: str) -> bool | None:
        """``true`` or ``false``; None if missing."""
        value = self._get(key, False, "true or false")
        if value is not None and not isinstance(value, bool):
            self.say(key, f"`{key}` must be true or false, without quotes.")
            return None
        return value

    def day(self, key: str, *, required: bool = False) -> date | None:
        """A date written without quotes, such as 2025-12-18."""
        value = self._get(key, required, "a date such as 2025-12-18")
        if value is None:
            return None
        if isinstance(value, datetime) or not isinstance(value, date):
            self.say(key, f"`{key}` must be a date without quotes, such as 2025-12-18.")
            return None
        return value

    def moment(self, key: str) -> datetime | None:
        """A day and time written without quotes and without a zone."""
        value = self._get(key, True, "a time such as 2027-01-03T12:00:00")
        if value is None:
            return None
        if not isinstance(value, datetime) or value.tzinfo is not None:
            self.say(key, f"`{key}` must be a time in Washington, such as 2027-01-03T12:00:00.")
            return None
        return value

    def words(self, key: str, choices: tuple[str, ...]) -> tuple[str, ...]:
        """A list of words, each one of ``choices``."""
        value = self._get(key, False, "a list")
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self.say(key, f"`{key}` must be a list of words in quotes.")
            return ()
        for item in value:
            if item not in choices:
                self.say(
                    key, f"`{key}` holds “{item[:40]}”; it can hold {', '.join(choices[:60])}."
                )
        return tuple(item for item in value if item in choices)

    def table(self, key: str) -> TomlTable:
        """A table inside this one; an empty one if missing."""
        value = self._get(key, False, "")
        if value is not None and not isinstance(value, dict):
            self.say(key, f"`{key}` must be a table: [{key}].")
            value = None
        return self._child(value or {}, key)

    def tables(self, key: str) -> Iterator[TomlTable]:
        """The tables of a list ``[[key]]``."""
        value = self._get(key, False, "")
        if value is not None and not (
            isinstance(value, list) and all(isinstance(item, dict) for item in value)
        ):
            self.say(key, f"`{key}` must be tables: [[{key}]].")
            return
        for number, item in enumerate(value or []):
            yield self._child(item, f"{key}.{number}")

    def children(self) -> Iterator[tuple[str, TomlTable]]:
        """Every table inside this one, by name, such as ``[facts.growth]``."""
        for key in self.values:
            yield key, self.table(key)

    def done(self) -> None:
        """Note the keys that are not known."""
        for key in self.values:
            if key not in self._asked:
                close = get_close_matches(key, self._asked, n=1)
                hint = f"; did you mean `{close[0]}`?" if close else "."
                self.say(key, f"`{key[:60]}` is not known here{hint}")

    def _child(self, values: dict[str, Any], key: str) -> TomlTable:
        path = f"{self.path}.{key}" if self.path else key
        return TomlTable(self.file, values, self.lines, self.problems, path)

    def _get(self, key: str, required: bool, what: str) -> Any:
        self._asked.add(key)
        value = self.values.get(key)
        if value is None and required:
            self.say("", f"`{key}` is missing: it must be {what}.")
        return value
