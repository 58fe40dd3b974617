"""A site with organizers and some signatures."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask

from app.records.signing import sign, withdraw
from app.site.services import services
from tests.organizers.browser import Browser
from tests.organizers.conftest import Clock, Office, app, clock, site_url, staff
from tests.records.build import SECRET, signature

__all__ = ["app", "clock", "site_url", "staff"]

Add = Callable[..., None]


@pytest.fixture
def add(staff: Office) -> Add:
    """Sign as a new person."""
    made = iter(range(1_000_000))

    def add_one(**changes: Any) -> None:
        taken_back = changes.get("status") == "withdrawn"
        if taken_back:
            del changes["status"]
        signed = sign(staff.db, signature(f"s{next(made)}", **changes), SECRET)
        if taken_back:
            withdraw(staff.db, signed.receipt)

    return add_one


@pytest.fixture
def browser(app: Flask, staff: Office, clock: Clock) -> Browser:
    """An exporter who has just logged in."""
    return Browser(app, clock).enter(staff.add("Boss", "exporter"))


@pytest.fixture
def some(add: Add, app: Flask) -> None:
    """Twenty people in CA and DC, on several days, with every status."""
    with app.app_context():
        today = services().today()
    assert today == date(2026, 11, 25)
    for number in range(12):
        add(day=today - timedelta(number), source=("", "mail")[number % 2], own_share=number * 9)
    for _number in range(3):
        add(day=today, state="DC", district=0, language="es", template="faith")
    for status in ("held", "unconfirmed", "withdrawn", "repeated", "test"):
        add(status=status, day=today)
