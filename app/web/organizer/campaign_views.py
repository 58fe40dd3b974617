"""The routes of the Campaign page, its cosponsors, translations and test journeys."""

from __future__ import annotations

from flask import Blueprint
from werkzeug.wrappers import Response

from app.campaign import Length
from app.web.access import access
from app.web.organizer import (
    campaign_page,
    campaign_publish,
    cosponsor_change,
    cosponsor_pages,
    practice_pages,
    translation_pages,
)

campaign = Blueprint("organizer_campaign", __name__)

PARTS = "<any(prompts, forbidden):name>"
KEYED = "<any(asks, additions, facts, related):name>"
ONCE = "<any(committees, states, hint):name>"


@campaign.get("/campaign/")
@access("editor")
def index() -> Response:
    return campaign_page.show_campaign()


@campaign.get("/campaign/bill")
@access("editor")
def bill() -> Response:
    return campaign_page.show_part("bill")


@campaign.post("/campaign/bill")
@access("editor")
def bill_post() -> Response:
    return campaign_page.take_part("bill")


@campaign.get(f"/campaign/{ONCE}")
@access("editor")
def once(name: str) -> Response:
    return campaign_page.show_part(name)


@campaign.post(f"/campaign/{ONCE}")
@access("editor")
def once_post(name: str) -> Response:
    return campaign_page.take_part(name)


@campaign.get(f"/campaign/{KEYED}/new")
@access("editor")
def new_keyed(name: str) -> Response:
    return campaign_page.show_new(name)


@campaign.post(f"/campaign/{KEYED}/new")
@access("editor")
def new_keyed_post(name: str) -> Response:
    return campaign_page.take_new(name)


@campaign.get(f"/campaign/{KEYED}/<key>")
@access("editor")
def keyed(name: str, key: str) -> Response:
    return campaign_page.show_part(name, key)


@campaign.post(f"/campaign/{KEYED}/<key>")
@access("editor")
def keyed_post(name: str, key: str) -> Response:
    return campaign_page.take_part(name, key)


@campaign.post(f"/campaign/{KEYED}/<key>/move")
@access("editor")
def move_keyed(name: str, key: str) -> Response:
    return campaign_page.take_move(name, key)


@campaign.post(f"/campaign/{KEYED}/<key>/remove")
@access("editor")
def remove_keyed(name: str, key: str) -> Response:
    return campaign_page.take_remove(name, key)


@campaign.get(f"/campaign/{PARTS}/new")
@access("editor")
def new_part(name: str) -> Response:
    return campaign_page.show_new(name)


@campaign.post(f"/campaign/{PARTS}/new")
@access("editor")
def new_part_post(name: str) -> Response:
    return campaign_page.take_new(name)


@campaign.get(f"/campaign/{PARTS}/<row:number>")
@access("editor")
def part(name: str, number: int) -> Response:
    return campaign_page.show_part(name, str(number))


@campaign.post(f"/campaign/{PARTS}/<row:number>")
@access("editor")
def part_post(name: str, number: int) -> Response:
    return campaign_page.take_part(name, str(number))


@campaign.post(f"/campaign/{PARTS}/<row:number>/move")
@access("editor")
def move_part(name: str, number: int) -> Response:
    return campaign_page.take_move(name, str(number))


@campaign.post(f"/campaign/{PARTS}/<row:number>/remove")
@access("editor")
def remove_part(name: str, number: int) -> Response:
    return campaign_page.take_remove(name, str(number))


@campaign.get("/campaign/publish")
@access("editor")
def publish() -> Response:
    return campaign_publish.show_publish()


@campaign.post("/campaign/publish")
@access("editor")
def publish_post() -> Response:
    return campaign_publish.take_publish()


@campaign.post("/campaign/discard")
@access("editor")
def discard() -> Response:
    return campaign_publish.take_discard()


@campaign.get("/campaign/versions")
@access("editor")
def versions() -> Response:
    return campaign_publish.show_versions()


@campaign.get("/campaign/versions/<row:number>")
@access("editor")
def version(number: int) -> Response:
    return campaign_publish.show_version(number)


@campaign.post("/campaign/versions/<row:number>/restore")
@access("editor")
def restore(number: int) -> Response:
    return campaign_publish.take_restore(number)


@campaign.get("/cosponsors/")
@access("editor")
def cosponsors() -> Response:
    return cosponsor_pages.show_list()


@campaign.get("/cosponsors/add/<bioguide>")
@access("editor")
def add_cosponsor(bioguide: str) -> Response:
    return cosponsor_pages.show_add(bioguide)


@campaign.post("/cosponsors/add/<bioguide>")
@access("editor")
def add_cosponsor_post(bioguide: str) -> Response:
    return cosponsor_pages.take_add(bioguide)


@campaign.post("/cosponsors/off")
@access("editor")
def take_off() -> Response:
    return cosponsor_pages.take_off()


@campaign.get("/cosponsors/import")
@access("editor")
def import_list() -> Response:
    return cosponsor_change.show_import()


@campaign.post("/cosponsors/import")
@access("editor")
def import_list_post() -> Response:
    return cosponsor_change.take_import()


@campaign.get("/cosponsors/versions")
@access("editor")
def list_versions() -> Response:
    return cosponsor_pages.show_versions()


@campaign.post("/cosponsors/versions/<row:number>")
@access("editor")
def earlier_list(number: int) -> Response:
    return cosponsor_pages.take_version(number)


@campaign.post("/cosponsors/apply")
@access("editor")
def apply_list() -> Response:
    return cosponsor_change.take_apply()


@campaign.get("/test")
@access("editor")
def test() -> Response:
    return practice_pages.show_test()


@campaign.post("/test")
@access("editor")
def test_post() -> Response:
    return practice_pages.take_test()


@campaign.get("/translation")
@access("editor")
def translations() -> Response:
    return translation_pages.show_overview()


@campaign.get("/letters/<letter>/translation/<any(full, short):length>")
@access("editor")
def translation(letter: str, length: Length) -> Response:
    return translation_pages.show_translation(letter, length)


@campaign.post("/letters/<letter>/translation/<any(full, short):length>")
@access("editor")
def translation_post(letter: str, length: Length) -> Response:
    return translation_pages.take_translation(letter, length)
