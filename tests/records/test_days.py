"""Every command reads a day in the same way."""

from __future__ import annotations

from datetime import date

import click
import pytest

from app.cli.plain import Day
from tests.commands import flask


@pytest.mark.parametrize("text", ["2026-11-20", "11/20/2026", "Nov 20, 2026", "20 nov 2026"])
def test_days_are_accepted_as_people_write_them(text: str) -> None:
    assert Day().convert(text, None, None) == date(2026, 11, 20)


@pytest.mark.parametrize("text", ["2026-13-40", "yesterday", ""])
def test_an_invalid_day_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(click.BadParameter, match="Write it like 2026-11-01"):
        Day().convert(text, None, None)


def test_a_command_with_an_invalid_day_is_refused() -> None:
    result = flask("congress refresh --as-of 2026-13-40 --dry-run")
    assert result.exit_code == 2
    assert "is not a date" in result.output
