"""The routes of the page for packets."""

from __future__ import annotations

from flask import Blueprint
from werkzeug.wrappers import Response

from app.web.access import access
from app.web.limits import in_room
from app.web.organizer import packet_pages

packets = Blueprint("organizer_packets", __name__)


@packets.get("/")
@access("admin")
def index() -> Response:
    return packet_pages.show_packets()


@packets.post("/packets.zip")
@access("admin", fresh=True)
@in_room("books")
def make() -> Response:
    return packet_pages.send_packets()


@packets.post("/sealed")
@access("admin", fresh=True)
@in_room("exports")
def sealed() -> Response:
    return packet_pages.send_sealed()
