"""Giving letters to the offices' own systems from the page with the letters."""

from __future__ import annotations

from .conftest import Site


def test_a_letter_goes_from_the_button_to_the_offices_yes(site: Site) -> None:
    taken = site.signed()
    ask = site.look(taken)
    check = site.fill(ask)
    page = site.press(check, step="go")
    assert set(site.states(page).values()) == {"queued"}
    assert site.server.requests == []
    site.work()
    assert set(site.states(page).values()) == {"accepted by the office's system"}
    assert len(site.server.taken) == 3
