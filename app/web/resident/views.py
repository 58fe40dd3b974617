"""The URLs of residents' pages, and the function that does the work of each."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, redirect
from werkzeug.wrappers import Response

from app.site.i18n import page_url
from app.site.services import Services, services
from app.web.access import access
from app.web.forms import posted, queried
from app.web.headers import SiteResponse, listed
from app.web.pages import Page, show
from app.web.resident import copies, handover, journey, official, receipts, sign
from app.web.resident.journey import Data, SignatureStored

resident = Blueprint("resident", __name__)

Answer = Page | SignatureStored | str | bytes | None
"""A page; the signature or None, after which the letters follow; the URL of the page that shows
the result; or a PDF."""
STEPS: dict[str, tuple[str, Callable[[Data, Services], Answer]]] = {
    "find": ("/find", journey.find),
    "write": ("/write", journey.write),
    "address": ("/address", journey.address),
    "review": ("/review", journey.review_letters),
    "sign": ("/sign", sign.sign_letters),
    "take": ("/take", handover.take),
    "send_copy": ("/copy", handover.send_copy),
    "deliver": ("/deliver", official.deliver),
    "keep_letters": ("/keep", receipts.keep),
    "print_view": ("/print", handover.print_view),
    "pdf": ("/letters.pdf", handover.pdf),
}
"""By endpoint: the path to which a form is posted, and its function."""
NOT_RESUMABLE = ("find", "pdf")
"""Steps for which no browser needs ``resume``: /find has its own GET, and a PDF is no page."""
LINKS: dict[str, tuple[str, str, Callable[[str, Services], Answer]]] = {
    "copy_link": ("GET", "/copy/<token>", copies.link_page),
    "release_copy": ("POST", "/copy/<token>", copies.release),
    "receipt": ("GET", "/receipt/<token>", receipts.receipt_page),
    "receipt_with_letters": ("POST", "/receipt/<token>", handover.receipt_with_letters),
    "withdraw": ("POST", "/receipt/<token>/withdraw", receipts.withdraw_signature),
    "forget": ("POST", "/receipt/<token>/forget", receipts.forget),
    "drop_letters": ("POST", "/receipt/<token>/drop", receipts.drop),
    "ask_elsewhere": ("POST", "/receipt/<token>/address", receipts.ask_elsewhere),
    "confirm": ("GET", "/confirm/<token>", receipts.confirm_page),
    "confirmed": ("POST", "/confirm/<token>", receipts.confirmed),
}
"""By endpoint: method, path and function of the links with a token, and of the buttons there."""


def _answer(answer: Answer) -> Response:
    if isinstance(answer, Page):
        return show(answer)
    if isinstance(answer, str):
        return redirect(answer, 303)
    if isinstance(answer, bytes):
        response = Response(answer, mimetype="application/pdf")
        response.headers["Content-Disposition"] = 'attachment; filename="letters.pdf"'
        return response
    # 307 makes the browser post the same form to a page whose reload counts and queues nothing.
    # No one sees its body; leaving it empty lets the response go out in one piece.
    there = {"Location": page_url("resident.take")}
    return SiteResponse(status=307, headers=there, mimetype="text/plain")


def _add_step(endpoint: str, path: str, work: Callable[[Data, Services], Answer]) -> None:
    @access("anyone")
    def view() -> Response:
        return _answer(work(posted(), services()))

    resident.add_url_rule(path, endpoint, view, methods=["POST"])
    if endpoint not in NOT_RESUMABLE:
        resident.add_url_rule(path, "resume", resume)


def _add_link(
    endpoint: str, method: str, path: str, work: Callable[[str, Services], Answer]
) -> None:
    @access("anyone")
    def view(token: str) -> Response:
        return _answer(work(token, services()))

    resident.add_url_rule(path, endpoint, view, methods=[method])


@resident.get("/find")
@access("anyone")
def start() -> Response:
    if not queried():
        listed()
    return show(journey.start(queried(), services()))


@access("anyone")
def resume() -> Response:
    return show(journey.resume(services()))


@resident.post("/mark")
@access("anyone")
def mark() -> Response:
    handover.report(posted(), services())
    return Response(status=204)


for _endpoint, _step in STEPS.items():
    _add_step(_endpoint, *_step)
for _endpoint, _link in LINKS.items():
    _add_link(_endpoint, *_link)
