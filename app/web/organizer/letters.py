"""The letters: the list, one letter, publishing it, retiring it, bringing it back."""

from __future__ import annotations

import re
from collections.abc import Iterable

from flask import redirect, request
from werkzeug.wrappers import Response

from app.campaign.text_changes import Change, changes
from app.records import workshop
from app.records.organizers import Organizer
from app.records.workshop import CampaignMoved, Moved, discard_draft
from app.site.i18n import gettext as _
from app.site.i18n import page_url
from app.site.services import Services, services
from app.web.access import access
from app.web.organizer.campaign_check import Checked, by_ask, check_files, read, with_check
from app.web.organizer.gate import clock, current
from app.web.organizer.letters_shelf import (
    PressedForm,
    Shelf,
    ShelvedLetter,
    Text,
    TextPlace,
    first_lines,
    lengths,
    letters,
    of_letter,
    of_text,
    shelf,
)
from app.web.organizer.nav import Notice
from app.web.organizer.show import page, visible


@letters.get("/")
@access("editor")
def index() -> Response:
    """Every letter with where it stands."""
    books = shelf(services())
    return page("letters/index", letters=books.letters, done=request.args.get("done", ""))


def unreadable_letters(site: Services, me: Organizer) -> Iterable[Notice]:
    """Warn when residents see earlier letters because the live ones cannot be read."""
    if site.live.unreadable and me.may("editor"):
        text = _(
            "The letters that are live cannot be read, so residents still see the ones before. "
            "Check them and publish corrected ones."
        )
        yield Notice(text, "organizer_letters.index", _("Letters"))


# --- one letter --------------------------------------------------------------------------


@letters.get("/<letter_id>/")
@access("editor")
@of_letter
def letter(_books: Shelf, letter: ShelvedLetter) -> Response:
    return _letter(letter)


def _letter(letter: ShelvedLetter | None, problem: str = "", status: int = 200) -> Response:
    """One letter: its texts, where each stands, and what can be done."""
    if letter is None:
        return page("no_such", 404)
    return page("letters/letter", status, letter=letter, problem=problem,
                done=request.args.get("done", ""))  # fmt: skip


@letters.get("/<letter_id>/check")
@access("editor")
@of_letter
def check(books: Shelf, letter: ShelvedLetter) -> Response:
    """The check of a letter with its drafts."""

    def shown(checked: Checked) -> Response:
        asks = [
            (text, by_ask(services().live.slug, books, letter, text.length))
            for text in (lengths(letter) if checked.campaign else ())
        ]
        return page(
            "letters/check", letter=letter, checked=checked, asks=asks, starts=first_lines(letter)
        )

    return with_check(books.with_drafts(letter), letter.id, letter.title, shown)


# --- publishing --------------------------------------------------------------------------


@letters.get("/<letter_id>/publish")
@access("editor")
@of_letter
def publish(books: Shelf, letter: ShelvedLetter) -> Response:
    return _publish(books, letter)


def _publish(books: Shelf, letter: ShelvedLetter, problem: str = "", status: int = 200) -> Response:
    """What would change, what the check says of it, and who signed what is live."""
    slug = services().live.slug

    def shown(checked: Checked) -> Response:
        compared = [t for t in lengths(letter) if t.changed] if checked.campaign else []
        return page(
            "letters/publish", status, letter=letter, checked=checked, counter=books.counter,
            parts=[(text, text_changes(text)) for text in letter.drafts],
            asks=[(text, by_ask(slug, books, letter, text.length)) for text in compared],
            overtaken=[text for text in letter.drafts if _overtaken(text)],
            starts=first_lines(letter), problem=problem, field="publish",
            note=visible(PressedForm(request.form).note.data),
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
@of_letter
def publish_post(books: Shelf, letter: ShelvedLetter) -> Response:
    """Publish the drafts that the page showed, if nothing must be put right first."""
    site = services()
    if not letter.drafts:
        return redirect(page_url("organizer_letters.letter", letter_id=letter.id), 303)
    if _shown() != {t.name: t.draft.id for t in letter.drafts if t.draft}:
        words = _("Somebody saved a draft of this letter meanwhile, so nothing was published. "
                  "Look at the changes below, then publish.")  # fmt: skip
        return _publish(books, letter, words, 409)
    if check_files(site, books.with_drafts(letter), letter.id).must:
        words = _("Nothing was published: some things must be put right first.")
        return _publish(books, letter, words, 422)
    answer = workshop.publish(
        site.db(), site.live.slug, _shown(), folder=site.live.folder, seen=books.counter,
        by=current().organizer.name, at=clock(), note=PressedForm(request.form).note.data,
    )  # fmt: skip
    if isinstance(answer, Moved | CampaignMoved):
        return _meanwhile(letter)
    return redirect(
        page_url("organizer_letters.letter", letter_id=letter.id, done="published"), 303
    )


def _meanwhile(letter: ShelvedLetter) -> Response:
    words = _("Something else was published at this moment, so nothing was done. Look at the "
              "page again, then press once more.")  # fmt: skip
    return _letter(shelf(services()).letter(letter.id), words, 409)


def _shown() -> dict[str, int]:
    """The drafts that the form was made for, by file name."""
    found = {}
    for key, value in request.form.items():
        if key.startswith("draft ") and re.fullmatch(r"[0-9]{1,15}", value):
            found[key.removeprefix("draft ")] = int(value)
    return found


@letters.post("/<letter_id>/<part>/discard")
@access("editor")
@of_text
def discard(place: TextPlace) -> Response:
    """Throw the draft of one text away; its words stay among the versions."""
    site, letter_id = services(), place.letter.id
    answer = discard_draft(
        site.db(), site.live.slug, place.text.name, base=PressedForm(request.form).base.data,
        by=current().organizer.name, at=clock(),
    )  # fmt: skip
    if isinstance(answer, Moved):
        words = _("This draft is not the one that you saw; nothing was thrown away.")
        return _letter(shelf(site).letter(letter_id), words, 409)
    if shelf(site).letter(letter_id) is None:
        return redirect(page_url("organizer_letters.index", done="discarded"), 303)
    return redirect(
        page_url("organizer_letters.letter", letter_id=letter_id, done="discarded"), 303
    )


@letters.post("/<letter_id>/retire")
@access("editor")
@of_letter
def retire(books: Shelf, letter: ShelvedLetter) -> Response:
    """Offer a letter no longer. The last one stays: residents need something to sign."""
    site = services()
    if not _can_go(site.live.slug, books, letter):
        words = _("This is the last letter that residents can choose, so it was not retired.")
        return _letter(letter, words, 409)
    answer = workshop.retire(
        site.db(), site.live.slug, [t.name for t in letter.texts.values() if t.live is not None],
        folder=site.live.folder, seen=books.counter, by=current().organizer.name, at=clock(),
    )  # fmt: skip
    if isinstance(answer, CampaignMoved):
        return _meanwhile(letter)
    return redirect(page_url("organizer_letters.letter", letter_id=letter.id, done="retired"), 303)


def _can_go(slug: str, books: Shelf, letter: ShelvedLetter) -> bool:
    return read(slug, books.without(letter)).campaign is not None


@letters.post("/<letter_id>/bring-back")
@access("editor")
@of_letter
def bring_back(books: Shelf, letter: ShelvedLetter) -> Response:
    """Offer a retired letter again, if it can still be read."""
    site = services()
    back = {t.name: t.retired for t in letter.texts.values() if t.retired is not None}
    if check_files(site, {**books.files, **back}, letter.id).must:
        words = _("As it was, this letter can no longer go out: check it, and publish a new "
                  "version instead.")  # fmt: skip
        return _letter(letter, words, 409)
    answer = workshop.bring_back(
        site.db(), site.live.slug, list(back), seen=books.counter,
        by=current().organizer.name, at=clock(),
    )  # fmt: skip
    if isinstance(answer, CampaignMoved):
        return _meanwhile(letter)
    return redirect(page_url("organizer_letters.letter", letter_id=letter.id, done="back"), 303)
