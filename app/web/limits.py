"""The limits of ``app.records.limiting``, applied to the current request.

All workers share the counters, and each process opens them on first use. The visitor's address
comes from the connection or from a trusted proxy, never from a header that anyone can send.

Organizers' slow work is limited separately, by rooms (``app.site.rooms``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from typing import ParamSpec, cast

from flask import Flask, after_this_request, current_app, request
from werkzeug.wrappers import Response

from app.records.limiting import (
    Allowed,
    Counters,
    LimitsError,
    Name,
    Network,
    SecondStep,
    check,
    networks,
    open_counters,
)
from app.records.throttle import Wait
from app.site.i18n import gettext as _
from app.site.i18n import how_long
from app.site.rooms import Place, RoomName
from app.site.services import Services, services
from app.site.settings import Settings, SettingsError

EXTENSION = "dear_congress_limits"

P = ParamSpec("P")

__all__ = [
    "Allowed", "SecondStep", "Wait", "ask", "in_room", "retry_after", "room", "set_up_limits",
    "too_much_mail", "wait_words",
]  # fmt: skip


def set_up_limits(app: Flask, settings: Settings) -> None:
    """Set up the counters and the networks with raised limits, unless the settings turn limits
    off. Opens nothing yet. Raises ``SettingsError``."""
    app.extensions[EXTENSION] = None
    if not settings.limits:
        return
    names = [name for name in settings.raised_networks.split(",") if name.strip()]
    try:
        app.extensions[EXTENSION] = (
            open_counters(settings.limits_url or settings.instance / "limits.db"),
            networks(names),
        )
    except LimitsError as error:
        raise SettingsError(str(error)) from None


def ask(name: Name, site: Services, about: str = "") -> Allowed | SecondStep | Wait:
    """Count one act of the current visitor and say whether it may proceed.

    With ``Wait`` the response to this request gets a ``Retry-After`` header.
    """
    kept = current_app.extensions.get(EXTENSION)
    if kept is None:
        return Allowed()
    counters, raised = cast("tuple[Counters, tuple[Network, ...]]", kept)
    answer = check(
        counters, name, request.remote_addr or "", secret=site.settings.secret_key, about=about,
        raised=raised,
    )  # fmt: skip
    if isinstance(answer, Wait):
        retry_after(answer.seconds)
    return answer


def retry_after(seconds: int) -> None:
    """Add a ``Retry-After`` header to the response to this request."""

    @after_this_request
    def add(response: Response) -> Response:
        response.headers["Retry-After"] = str(seconds)
        return response


def wait_words(wait: Wait) -> str:
    """Why a visitor must wait, and how long; nothing they typed is lost."""
    return " ".join((
        _(
            "Too many people on your network did this at once, so this one was not taken yet. "
            "Nothing was lost."
        ),
        _("Press the button again in %(time)s.", time=how_long(wait.seconds)),
        _(
            "Or switch to another connection, like your phone’s. Libraries, schools and events "
            "can ask us to expect many people."
        ),
    ))  # fmt: skip


def too_much_mail(to: str, site: Services) -> str:
    """Why no mail may go to this address, or at this visitor's request, now; empty if it may.
    Counts one message."""
    answer = ask("email", site, about=to)
    if not isinstance(answer, Wait):
        return ""
    return _(
        "Too many emails to this address or from your network. Try again in %(time)s. Nothing was "
        "lost.",
        time=how_long(answer.seconds),
    )


def room(name: RoomName) -> Place:
    """A place in one of this site's rooms for slow work. Raises ``RoomFullError``, which
    ``app.web.error_pages`` turns into a page."""
    return Place(services().settings.instance, name)


def in_room(name: RoomName) -> Callable[[Callable[P, Response]], Callable[P, Response]]:
    """Run a view in a room and hold its place until the whole response has been sent."""

    def bound(view: Callable[P, Response]) -> Callable[P, Response]:
        @wraps(view)
        def inside(*args: P.args, **named: P.kwargs) -> Response:
            place = room(name)
            try:
                response = view(*args, **named)
            except BaseException:
                place.leave()
                raise
            if response.is_sequence:
                place.leave()
            else:
                response.response = _held(place, cast("Iterable[bytes]", response.response))
                response.call_on_close(place.leave)  # even if the body is never iterated
            return response

        return inside

    return bound


def _held(place: Place, pieces: Iterable[bytes]) -> Iterator[bytes]:
    with place:
        yield from pieces
