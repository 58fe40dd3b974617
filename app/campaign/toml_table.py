"""Reading a TOML table by keys that are expected, collecting every problem with its line."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from difflib import get_close_matches
from typing import Any

from app.campaign.problems import Message, Problem


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

    def say(self, at: str, code: str, /, **values: object) -> None:
        """Note what is wrong with a value, or with the table itself."""
        field = ".".join(part for part in (self.path, at) if part)
        what = Message.of(code, **values)
        self.problems.append(Problem(self.file, self.line(at), what, field=field))

    def text(self, key: str, *, required: bool = False, most: int = 20_000) -> str:
        """Words; empty if missing."""
        value = self._get(key, required, "what-words")
        if value is None:
            return ""
        if not isinstance(value, str):
            self.say(key, "words", key=key)
            return ""
        if len(value) > most:
            self.say(key, "long", key=key, number=len(value), most=most)
            return ""
        if required and not value.strip():
            self.say(key, "empty", key=key)
        return value.strip("\n")

    def choice(self, key: str, choices: tuple[str, ...]) -> str:
        """One of ``choices``; the first of them if missing or something else."""
        value = self.text(key, required=True)
        if value in choices:
            return value
        if value:
            self.say(key, "choice", key=key, value=value[:40], choices=", ".join(choices))
        return choices[0]

    def whole(self, key: str) -> int:
        """A whole number above 0."""
        value = self._get(key, True, "what-whole")
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            if value is not None:
                self.say(key, "whole", key=key)
            return 1
        return value

    def flag(self, key: str) -> bool | None:
        """``true`` or ``false``; None if missing."""
        value = self._get(key)
        if value is not None and not isinstance(value, bool):
            self.say(key, "flag", key=key)
            return None
        return value

    def day(self, key: str, *, required: bool = False) -> date | None:
        """A date written without quotes, such as 2025-12-18."""
        value = self._get(key, required, "what-day")
        if value is None:
            return None
        if isinstance(value, datetime) or not isinstance(value, date):
            self.say(key, "day", key=key)
            return None
        return value

    def moment(self, key: str) -> datetime | None:
        """A day and time written without quotes and without a zone."""
        value = self._get(key, True, "what-moment")
        if value is None:
            return None
        if not isinstance(value, datetime) or value.tzinfo is not None:
            self.say(key, "moment", key=key)
            return None
        return value

    def words(self, key: str, choices: tuple[str, ...]) -> tuple[str, ...]:
        """A list of words, each one of ``choices``."""
        value = self._get(key)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self.say(key, "list", key=key)
            return ()
        for item in value:
            if item not in choices:
                offered = ", ".join(choices[:60])
                self.say(key, "list-item", key=key, value=item[:40], choices=offered)
        return tuple(item for item in value if item in choices)

    def table(self, key: str) -> TomlTable:
        """A table inside this one; an empty one if missing."""
        value = self._get(key)
        if value is not None and not isinstance(value, dict):
            self.say(key, "table", key=key)
            value = None
        return self._child(value or {}, key)

    def tables(self, key: str) -> Iterator[TomlTable]:
        """The tables of a list ``[[key]]``."""
        value = self._get(key)
        if value is not None and not (
            isinstance(value, list) and all(isinstance(item, dict) for item in value)
        ):
            self.say(key, "tables", key=key)
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
                if close:
                    self.say(key, "key-did-you-mean", key=key[:60], other=close[0])
                else:
                    self.say(key, "key-unknown", key=key[:60])

    def _child(self, values: dict[str, Any], key: str) -> TomlTable:
        path = f"{self.path}.{key}" if self.path else key
        return TomlTable(self.file, values, self.lines, self.problems, path)

    def _get(self, key: str, required: bool = False, what: str = "") -> Any:
        self._asked.add(key)
        value = self.values.get(key)
        if value is None and required:
            full = ".".join(part for part in (self.path, key) if part)
            missing = Message.of("missing", key=key, what=Message.of(what))
            self.problems.append(Problem(self.file, self.line(), missing, field=full))
        return value
