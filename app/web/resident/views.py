"""The routes of the resident's way. Each reads the form, calls one step and shows its page."""

from __future__ import annotations

from flask import Blueprint, redirect, request
from werkzeug.wrappers import Response

from app.site.i18n import page_url
from app.site.services import services
from app.web.access import access
from app.web.headers import listed
from app.web.pages import Page, show
from app.web.resident import copies, handover, journey, official, receipts
from app.web.resident import sign as signing

resident = Blueprint("resident", __name__)


@resident.get("/find")
@access("anyone")
def start() -> Response:
    if not request.args:
        listed()
    return show(journey.start(request.args, services()))


@resident.get("/write")
@resident.get("/address")
@resident.get("/review")
@resident.get("/sign")
@resident.get("/take")
@resident.get("/print")
@resident.get("/copy")
@resident.get("/deliver")
@resident.get("/keep")
@access("anyone")
def resume() -> Response:
    return show(journey.resume())


@resident.post("/find")
@access("anyone")
def find() -> Response:
    return show(journey.find(request.form, services()))


@resident.post("/write")
@access("anyone")
def write() -> Response:
    return show(journey.write(request.form, services()))


@resident.post("/address")
@access("anyone")
def address() -> Response:
    return show(journey.address(request.form, services()))


@resident.post("/review")
@access("anyone")
def review() -> Response:
    return show(journey.review_letters(request.form, services()))


@resident.post("/sign")
@access("anyone")
def sign() -> Response:
    result = signing.sign_letters(request.form, services())
    if isinstance(result, Page):
        return show(result)
    # 307 sends the form on to /take, where nothing is counted however often it is reloaded.
    return Response(status=307, headers={"Location": page_url("resident.take")})


@resident.post("/take")
@access("anyone")
def take() -> Response:
    return show(handover.take(request.form, services()))


@resident.post("/copy")
@access("anyone")
def send_copy() -> Response:
    return show(handover.take(request.form, services(), mail=True))


@resident.post("/deliver")
@access("anyone")
def deliver() -> Response:
    page = official.deliver(request.form, services())
    # 307 sends the form on to /take, where nothing is queued however often it is reloaded.
    return show(page) if page else redirect(page_url("resident.take"), 307)


@resident.post("/keep")
@access("anyone")
def keep_letters() -> Response:
    page = receipts.keep(request.form, services())
    return show(page) if page else redirect(page_url("resident.take"), 307)


@resident.get("/copy/<token>")
@access("anyone")
def copy_link(token: str) -> Response:
    return show(copies.link_page(token, services()))


@resident.post("/copy/<token>")
@access("anyone")
def release_copy(token: str) -> Response:
    return show(copies.release(token, services()))


@resident.post("/print")
@access("anyone")
def print_view() -> Response:
    return show(handover.print_view(request.form, services()))


@resident.post("/letters.pdf")
@access("anyone")
def pdf() -> Response:
    result = handover.pdf(request.form, services())
    if isinstance(result, Page):
        return show(result)
    response = Response(result, mimetype="application/pdf")
    response.headers["Content-Disposition"] = 'attachment; filename="letters.pdf"'
    return response


@resident.post("/mark")
@access("anyone")
def mark() -> Response:
    handover.report(request.form, services())
    return Response(status=204)


def _answer(result: Page | str) -> Response:
    """A page, or the address of the one that shows what was done."""
    return show(result) if isinstance(result, Page) else redirect(result, 303)


@resident.get("/receipt/<token>")
@access("anyone")
def receipt(token: str) -> Response:
    return show(receipts.receipt_page(token, services()))


@resident.post("/receipt/<token>")
@access("anyone")
def receipt_with_letters(token: str) -> Response:
    page = receipts.receipt_page(token, services())
    return show(handover.with_letters(page, request.form, services()))


@resident.post("/receipt/<token>/withdraw")
@access("anyone")
def withdraw(token: str) -> Response:
    return _answer(receipts.take_back(token, services()))


@resident.post("/receipt/<token>/forget")
@access("anyone")
def forget(token: str) -> Response:
    return _answer(receipts.forget(token, services()))


@resident.post("/receipt/<token>/drop")
@access("anyone")
def drop_letters(token: str) -> Response:
    return _answer(receipts.drop(token, services()))


@resident.post("/receipt/<token>/address")
@access("anyone")
def ask_elsewhere(token: str) -> Response:
    return _answer(receipts.ask_elsewhere(token, request.form, services()))


@resident.get("/confirm/<token>")
@access("anyone")
def confirm(token: str) -> Response:
    return show(receipts.confirm_page(token, services()))


@resident.post("/confirm/<token>")
@access("anyone")
def confirmed(token: str) -> Response:
    return _answer(receipts.confirmed(token, services()))
