"""Who may use a route. Every view declares it; a site with a view that does not will not start."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeVar

from flask import Flask

Who = Literal["anyone", "visitor", "half", "organizer", "editor", "exporter", "admin"]
"""``anyone`` is the public: residents have no account. ``visitor`` is someone about to log in,
``half`` has entered a password but no code yet, ``organizer`` is anyone logged in, and the rest
are roles. ``app/web/organizer/gate.py`` enforces all but the first."""

View = TypeVar("View", bound=Callable[..., object])

STATIC = "static"
"""Flask's own endpoint for static files, open to anyone."""


class AccessRuleMissingError(Exception):
    """A route was added without saying who may use it."""


def access(who: Who, *, fresh: bool = False) -> Callable[[View], View]:
    """Declare who may use a view.

    With ``fresh`` the organizer must have entered their password within the last five minutes.
    """

    def mark(view: View) -> View:
        view.__dict__["access"] = who
        view.__dict__["fresh"] = fresh
        return view

    return mark


def access_rules(app: Flask) -> dict[str, str]:
    """The rule of every endpoint but ``STATIC``. Raises ``AccessRuleMissingError``, which names
    the endpoints without one."""
    rules = {
        endpoint: getattr(view, "access", None)
        for endpoint, view in app.view_functions.items()
        if endpoint != STATIC
    }
    missing = sorted(endpoint for endpoint, rule in rules.items() if rule is None)
    if missing:
        raise AccessRuleMissingError(
            f"No access rule on {', '.join(missing)}. Put @access(…) under the route."
        )
    return {endpoint: str(rule) for endpoint, rule in rules.items()}
