"""Fixtures of a site with organizers, for the tests of the pages."""

from tests.organizers.conftest import Clock, Office, app, clock, site_url, staff

__all__ = ["Clock", "Office", "app", "clock", "site_url", "staff"]
