"""Start page, the bill, what is kept."""

from __future__ import annotations

from flask import Blueprint, request
from werkzeug.wrappers import Response

from app.site.services import services
from app.web.access import access
from app.web.headers import public_page
from app.web.pages import show
from app.web.public import content

public = Blueprint("public", __name__)


@public.get("/")
@access("anyone")
def home() -> Response:
    return show(content.home(request.args, services()))


@public.get("/about-the-bill")
@access("anyone")
def bill() -> Response:
    public_page()
    return show(content.bill(services()))


@public.get("/districts")
@access("anyone")
def districts() -> Response:
    public_page()
    return show(content.districts(services()))


@public.get("/privacy")
@access("anyone")
def privacy() -> Response:
    public_page()
    return show(content.privacy(services()))
