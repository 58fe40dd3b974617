"""A site with organizers, and browsers that are logged in."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.campaign.seats import every_seat, few_seats
from tests.organizers.browser import Browser
from tests.organizers.conftest import Clock, Office, app, clock, site_url, staff

__all__ = ["app", "clock", "every_seat", "few_seats", "site_url", "staff"]


@pytest.fixture
def rosa(app: Flask, staff: Office, clock: Clock) -> Browser:
    """An editor's browser, logged in."""
    return Browser(app, clock).enter(staff.add("Rosa"))


@pytest.fixture
def ben(app: Flask, staff: Office, clock: Clock) -> Browser:
    """Another editor's browser, logged in."""
    return Browser(app, clock, address="198.51.100.8").enter(staff.add("Ben"))
