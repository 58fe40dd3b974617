"""The letters: the list, one letter, publishing it, retiring it, bringing it back."""

from __future__ import annotations

import re

from flask import request
from werkzeug.wrappers import Response

from app.campaign.text_changes import Change, changes
from app.records import workshop
from app.records.workshop import CampaignMoved
from app.site.i18n import gettext as _
from app.site.services import services
from app.web.access import access
from app.web.organizer import drafts
from app.web.organizer.campaign_check import Checked, by_ask, check_files, read, with_check
from app.web.organizer.drafts import pressed
from app.web.organizer.gate import acting
from app.web.organizer.letters_shelf import (
    Text,
    first_lines,
    lengths,
    letter_at,
    letters,
    shelf,
    text_at,
)
from app.web.organizer.show import go_to, page, visible


@letters.get("/")
@access("editor")
def index() -> Response:
    """Every letter with where it stands."""
    return page("letters/index", letters=shelf(services()).letters)


# --- one letter --------------------------------------------------------------------------


@letters.get("/<letter_id>/", endpoint="letter")
@access("editor")
def show_letter(letter_id: str, problem: str = "", status: int = 200) -> Response:
    """One letter: its texts, where each stands, and what can be done."""
    return page("letters/letter", status, letter=letter_at(letter_id)[1], problem=problem)


@letters.get("/<letter_id>/check")
@access("editor")
def check(letter_id: str) -> Response:
    """The check of a letter with its drafts."""
    books, letter = letter_at(letter_id)

    def shown(checked: Checked) -> Response:
        asks = [
            (text, by_ask(services().slug, books, letter, text.length))
            for text in (lengths(letter) if checked.campaign else ())
        ]
        return page(
            "letters/check", letter=letter, checked=checked, asks=asks, starts=first_lines(letter)
        )

    return with_check(books.with_drafts(letter), letter.id, letter.title, shown)


# --- publishing --------------------------------------------------------------------------


@letters.get("/<letter_id>/publish")
@access("editor")
def publish(letter_id: str, problem: str = "", status: int = 200) -> Response:
    """What would change, what the check says of it, and who signed what is live."""
    books, letter = letter_at(letter_id)

    def shown(checked: Checked) -> Response:
        compared = [t for t in lengths(letter) if t.changed] if checked.campaign else []
        return page(
            "letters/publish", status, letter=letter, checked=checked, counter=books.counter,
            parts=[(text, text_changes(text)) for text in letter.drafts],
            asks=[(text, by_ask(services().slug, books, letter, text.length)) for text in compared],
            overtaken=[text for text in letter.drafts if _overtaken(text)],
            starts=first_lines(letter), problem=problem, field="publish",
            note=visible(pressed().note.data),
        )  # fmt: skip

    return with_check(books.with_drafts(letter), letter.id, letter.title, shown)


def text_changes(text: Text) -> tuple[Change, ...]:
    """The draft against what is live."""
    draft = text.draft.source if text.draft else ""
    return changes(visible(text.live or ""), visible(draft))


def _overtaken(text: Text) -> bool:
    """Whether something else was published since the draft was begun."""
    draft, now = text.state.draft, text.state.current
    return draft is not None and now is not None and draft.began_from not in (now.id, draft.id)


@letters.post("/<letter_id>/publish")
@access("editor")
def publish_post(letter_id: str) -> Response:
    """Publish the drafts that the page showed, if nothing must be put right first."""
    books, letter = letter_at(letter_id)
    if not letter.drafts:
        return go_to("organizer_letters.letter", letter_id=letter_id)
    if _shown() != {t.name: t.draft.id for t in letter.drafts if t.draft}:
        words = _("Somebody saved a draft of this letter meanwhile, so nothing was published. "
                  "Look at the changes below, then publish.")  # fmt: skip
        return publish(letter_id, words, 409)
    if check_files(services(), books.with_drafts(letter), letter_id).must:
        words = _("Nothing was published: some things must be put right first.")
        return publish(letter_id, words, 422)
    if not drafts.publish(_shown(), books.counter):
        return _meanwhile(letter_id)
    return go_to("organizer_letters.letter", letter_id=letter_id, done="published")


def _meanwhile(letter_id: str) -> Response:
    words = _("Something else was published at this moment, so nothing was done. Look at the "
              "page again, then press once more.")  # fmt: skip
    return show_letter(letter_id, words, 409)


def _shown() -> dict[str, int]:
    """The drafts that the form was made for, by file name."""
    found = {}
    for key, value in request.form.items():
        if key.startswith("draft ") and re.fullmatch(r"[0-9]{1,15}", value):
            found[key.removeprefix("draft ")] = int(value)
    return found


@letters.post("/<letter_id>/<part>/discard")
@access("editor")
def discard(letter_id: str, part: str) -> Response:
    """Throw the draft of one text away; its words stay among the versions."""
    if not drafts.discard(text_at(letter_id, part).text.name):
        words = _("This draft is not the one that you saw; nothing was thrown away.")
        return show_letter(letter_id, words, 409)
    if shelf(services()).letter(letter_id) is None:
        return go_to("organizer_letters.index", done="discarded")
    return go_to("organizer_letters.letter", letter_id=letter_id, done="discarded")


@letters.post("/<letter_id>/retire")
@access("editor")
def retire(letter_id: str) -> Response:
    """Offer a letter no longer. The last one stays: residents need something to sign."""
    site, (books, gone) = services(), letter_at(letter_id)
    if read(site.slug, books.without(gone)).campaign is None:
        words = _("This is the last letter that residents can choose, so it was not retired.")
        return show_letter(letter_id, words, 409)
    answer = workshop.retire(
        acting(), site.slug, [t.name for t in gone.texts.values() if t.live is not None],
        folder=site.live.folder, seen=books.counter,
    )  # fmt: skip
    if isinstance(answer, CampaignMoved):
        return _meanwhile(letter_id)
    return go_to("organizer_letters.letter", letter_id=letter_id, done="retired")


@letters.post("/<letter_id>/bring-back")
@access("editor")
def bring_back(letter_id: str) -> Response:
    """Offer a retired letter again, if it can still be read."""
    site, (books, gone) = services(), letter_at(letter_id)
    back = {t.name: t.retired for t in gone.texts.values() if t.retired is not None}
    if check_files(site, {**books.files, **back}, letter_id).must:
        words = _("As it was, this letter can no longer go out: check it, and publish a new "
                  "version instead.")  # fmt: skip
        return show_letter(letter_id, words, 409)
    answer = workshop.bring_back(acting(), site.slug, list(back), seen=books.counter)
    if isinstance(answer, CampaignMoved):
        return _meanwhile(letter_id)
    return go_to("organizer_letters.letter", letter_id=letter_id, done="back")
