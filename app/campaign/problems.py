"""A problem in a campaign's files, and the error that carries all of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Level = Literal["must", "should", "nice"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to put right: where, what and how, and the sentence that causes it.

    ``must`` keeps a letter from going out, ``should`` is advice, ``nice`` is a hint.
    """

    file: str
    line: int
    """From 1; 0 where the file as a whole is meant."""
    message: str
    sentence: str = ""
    level: Level = "must"
    example: str = ""
    """One recipient and moment for which the sentence was composed."""
    times: int = 1
    """For how many composed letters."""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        words = f"\n    “{self.sentence}”" if self.sentence else ""
        whom = f"\n    for example to {self.example}" if self.example else ""
        return f"{place}: {self.message}{words}{whom}"


class CampaignError(Exception):
    """A campaign cannot be used; ``problems`` has everything found, not only the first."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))
