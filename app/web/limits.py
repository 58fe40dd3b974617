"""The limits of ``app.records.limiting`` for the present request.

Counters are shared by all workers; each process opens them when it first needs them. The
visitor's address is the connection's own, or what a trusted proxy says, never what a
header says that anybody can send.

Slow work of organizers has rooms (``app.site.rooms``), which are limits of another kind.
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
    Wait,
    check,
    networks,
    open_counters,
)
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
    """Make the limits of a site, unless its settings turn them off: where counts are kept, and
    which networks may do more. Opens nothing yet. Raises ``SettingsError``."""
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
    """Count one act of the present visitor, and say whether it may go on.

    After ``Wait`` the response of this request carries Retry-After.
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
    """Have the answer to the present request say when to try again."""

    @after_this_request
    def add(response: Response) -> Response:
        response.headers["Retry-After"] = str(seconds)
        return response


def wait_words(wait: Wait) -> str:
    """Why somebody has to wait and how long; nothing that they typed is lost."""
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
    """Why no more mail goes to an address now, or from this connection; empty: go on."""
    answer = ask("email", site, about=to)
    if not isinstance(answer, Wait):
        return ""
    return _(
        "Too many emails to this address or from your network. Try again in %(time)s. Nothing was "
        "lost.",
        time=how_long(answer.seconds),
    )


def room(name: RoomName) -> Place:
    """A place in a room of this site, for slow work. Raises ``RoomFullError``, for which every
    page has words."""
    return Place(services().settings.instance, name)


def in_room(name: RoomName) -> Callable[[Callable[P, Response]], Callable[P, Response]]:
    """Have a view work in a room, until the last piece of its answer is made."""

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
                response.call_on_close(place.leave)  # also where nobody asked for a piece
            return response

        return inside

    return bound


def _held(place: Place, pieces: Iterable[bytes]) -> Iterator[bytes]:
    with place:
        yield from pieces
