"""Every page of the workshop in every state, in both languages, checked by the lint."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask

from app.campaign import check
from app.campaign.letter_file import HEADING, split_source
from app.records import workshop
from app.records.audit import Actor
from app.site.services import Services, services
from app.site.settings import ROOT
from app.web.access import access_rules
from app.web.organizer import campaign_check
from app.web.organizer.letters_preview import find_recipients
from tests.organizers.browser import Browser
from tests.organizers.conftest import Clock, Office
from tests.packets.conftest import pages
from tests.web.resident import sheets

SLUG = "protect-immigration-act"
LETTERS = ROOT / "letters" / SLUG
PATHS = (
    "",
    "new",
    "new?copy=general",
    "new?copy=nothing-like-it",
    "general/",
    "general/full/edit",
    "general/short/edit",
    "general/full-es/edit",
    "general/short-es/edit",
    "general/check",
    "general/publish",
    "general/full/versions",
    "general/full-es/versions",
    "general/full/versions?old=0&new=0",
    "general/full/versions?old=x&new=99999999999999999999",
    "general/full/versions?endpoint=x&lang=es&_scheme=x&letter_id=y",
    "general/preview",
    "general/preview?q=padilla",
    "general/preview?q=PADÍLLA&form=web&text=short",
    "general/preview?q=nobody-at-all",
    "general/preview?q=%3Cscript%3E&kind=nothing&moment=never&form=x&text=y&source=z",
    "general/preview?seat=XX-99",
    "general/preview?text=full-es&seat=CA-12",
)
KINDS = (
    "cosponsor", "sponsor", "earlier", "opposes", "representative", "senator", "house-committee",
    "senate-committee", "delegate", "independent", "at-large", "vacant",
)  # fmt: skip


def save(browser: Browser, words: str, *, part: str = "full", **typed: str) -> Browser:
    """Type and save the words of the general letter."""
    browser.get(f"/organize/letters/general/{part}/edit")
    path, data = browser.form("/edit")
    return browser.post(path, {**data, "words": words, "then": "", **typed})


def words_of(browser: Browser, part: str = "full") -> str:
    browser.get(f"/organize/letters/general/{part}/edit")
    return str(browser.form("/edit")[1]["words"]).removeprefix("\n")


OLD, NEW = "So is answering a call", "So is taking a call"


def changed(browser: Browser) -> str:
    """The words of the general letter with one of its sentences changed."""
    return put(words_of(browser), OLD, NEW)


def put(words: str, old: str, new: str) -> str:
    """The words with one sentence replaced, which must have been there."""
    assert old in words
    return words.replace(old, new)


def live_words(app: Flask) -> str:
    with app.test_request_context():
        template = services().campaign.template("general")
        assert template is not None
        return template.body


def look_at_every_page(browser: Browser, prefix: str) -> None:
    for path in PATHS:
        browser.get(f"{prefix}/organize/letters/{path}")
        assert browser.status == 200, path


@pytest.mark.parametrize("prefix", ["", "/es"])
def test_every_page_works(rosa: Browser, prefix: str) -> None:
    look_at_every_page(rosa, prefix)


@pytest.mark.parametrize("prefix", ["", "/es"])
def test_every_page_works_with_a_draft(rosa: Browser, prefix: str) -> None:
    save(rosa, changed(rosa))
    save(rosa, "Hola, {{ ask }}\n\nGracias.", part="full-es")
    look_at_every_page(rosa, prefix)


@pytest.mark.parametrize("prefix", ["", "/es"])
def test_every_page_works_with_an_unreadable_draft(rosa: Browser, prefix: str) -> None:
    save(rosa, "{% if x %}{{ y.z }}", then="unfinished")
    look_at_every_page(rosa, prefix)


@pytest.mark.parametrize("prefix", ["", "/es"])
def test_every_page_works_while_the_letter_is_retired(rosa: Browser, prefix: str) -> None:
    rosa.get("/organize/letters/general/").send("/retire")
    look_at_every_page(rosa, prefix)


def test_pages_that_do_not_exist_are_not_found(rosa: Browser) -> None:
    for path in ("nothing/", "nothing/full/edit", "general/fuller/edit", "nothing/check",
                 "nothing/preview", "nothing/preview.pdf", "general/preview.pdf?seat=CA-14",
                 "general/preview.pdf", "nothing/publish", "general/x/versions"):  # fmt: skip
        rosa.get(f"/organize/letters/{path}")
        assert rosa.status == 404, path


def test_only_editors_and_admins_reach_the_workshop(
    app: Flask, staff: Office, clock: Clock
) -> None:
    rules = access_rules(app)
    mine = {e: who for e, who in rules.items() if "organizer_letters." in e}
    assert len(mine) == 32
    assert set(mine.values()) == {"editor"}
    exporter = Browser(app, clock).enter(staff.add("Eve", "exporter"))
    assert exporter.get("/organize/letters/").status == 403
    assert "/organize/letters/" not in exporter.get("/organize/").page.text


def test_a_form_without_its_token_changes_nothing(app: Flask, rosa: Browser) -> None:
    rosa.get("/organize/letters/general/full/edit")
    _path, data = rosa.form("/edit")
    for token in ("", "x", data["token"][:-2]):
        rosa.post("/organize/letters/general/full/edit", {**data, "words": "x", "token": token})
        assert rosa.status == 400
    for action in ("general/retire", "general/full/discard", "general/publish", "new"):
        assert rosa.post(f"/organize/letters/{action}").status == 400
    with app.app_context():
        assert workshop.states(services().db(), "protect-immigration-act") == {}


# --- from draft to live -------------------------------------------------------------------


def test_a_saved_draft_changes_nothing_for_residents_until_it_is_published(
    app: Flask, rosa: Browser, every_seat: None
) -> None:
    before = live_words(app)
    save(rosa, changed(rosa), note="Friendlier")
    assert "Residents still see what they saw before" in rosa.words
    assert live_words(app) == before
    rosa.get("/organize/letters/general/publish")
    assert "No one has signed the version that is live now." in rosa.words
    assert "answering" in rosa.words
    assert "Nothing to fix" in rosa.words
    assert "537 of 537 letters change" in rosa.words
    rosa.send("/publish")
    assert "Published." in rosa.words
    assert live_words(app) == put(before, OLD, NEW)
    assert "There is no draft to publish" in rosa.get("/organize/letters/general/publish").words


def test_a_waiting_organizer_sees_the_checks_progress_once(
    rosa: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check, "STEP", 3)
    save(rosa, changed(rosa).replace("So is", "And so is"))
    rosa.get("/organize/letters/general/publish")
    assert "Read to 3 of 541 seats. Read to 6 of 541 seats." in rosa.words
    assert "Publish now" in rosa.words
    assert rosa.last.text.count("<h1") == 1
    assert "Read to" not in rosa.get("/organize/letters/general/publish").words
    rosa.send("/publish")
    assert "Published." in rosa.words


def test_a_result_that_others_push_out_of_the_cache_still_reaches_its_reader(
    rosa: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Crowded(dict[Any, Any]):
        """As if other threads always filled the cache right after a result was put in."""

        def __setitem__(self, key: Any, value: Any) -> None:
            pass

    monkeypatch.setattr(campaign_check, "_cache", Crowded())
    save(rosa, changed(rosa).replace("So is", "And so is"))
    rosa.get("/organize/letters/general/publish")
    assert "Publish now" in rosa.words
    rosa.send("/publish")
    assert "Published." in rosa.words


def test_saving_the_live_words_makes_no_draft(app: Flask, rosa: Browser) -> None:
    save(rosa, words_of(rosa))
    assert "Nothing to save" in rosa.words
    with app.app_context():
        assert workshop.states(services().db(), "protect-immigration-act") == {}


@pytest.mark.parametrize("name", ["general.txt", "public-safety.short.txt"])
def test_every_heading_field_is_shown_and_survives_saving(
    app: Flask, rosa: Browser, name: str
) -> None:
    live = split_source((LETTERS / name).read_text(encoding="utf-8"))
    assert live
    letter, _dot, length = name.removesuffix(".txt").partition(".")
    rosa.get(f"/organize/letters/{letter}/{length or 'full'}/edit")
    typed = rosa.form("/edit")[1]
    assert {key: typed[key] for key in HEADING} == {k: live.heading.get(k, "") for k in HEADING}
    rosa.send("/edit", words=f"{live.words}\n\nOne more line.", then="")
    with app.app_context():
        draft = workshop.state_of(services().db(), SLUG, name).draft
    assert draft
    saved = split_source(draft.source)
    assert saved
    assert saved.heading == live.heading


def test_the_heading_is_edited_in_separate_fields(app: Flask, rosa: Browser) -> None:
    save(rosa, words_of(rosa), title='A "quoted" \\ title', subject="About {{ bill_title }}")
    rosa.get("/organize/letters/general/publish").send("/publish")
    with app.test_request_context():
        template = services().campaign.template("general")
        assert template is not None
        assert template.title == 'A "quoted" \\ title'
        assert template.subject == "About {{ bill_title }}"


def test_a_new_letter_is_written_published_retired_and_brought_back(
    app: Flask, rosa: Browser, every_seat: None
) -> None:
    rosa.get("/organize/letters/new").send("/new", title="Para qué sirve: a test!")
    assert rosa.path.startswith("/organize/letters/para-que-sirve-a-test/")
    assert "draft" in rosa.words
    home = "/organize/letters/para-que-sirve-a-test/"
    rosa.get(home + "publish")
    assert "was never filled in" in rosa.words, "the words that a letter begins with"
    assert not [form for form in rosa.page.all("form") if "publish" in (form.get("action") or "")]
    rosa.get(home + "full/edit")
    path, data = rosa.form("/edit")
    filled = str(data["words"]).replace("…", "local officers.").removeprefix("\n")
    rosa.post(path, {**data, "words": filled, "then": ""})
    rosa.get(home + "publish")
    assert "no shorter form fits" in rosa.words, "an office takes 500 characters"
    rosa.get(home + "short/edit")
    path, data = rosa.form("/edit")
    short = "I am a constituent from {{ place }}. {{ ask }}\n\n{{ story }}\n\nThank you."
    rosa.post(path, {**data, "words": short, "then": ""})
    rosa.get(home + "publish").send("/publish")
    assert "Published." in rosa.words
    with app.test_request_context():
        assert ("para-que-sirve-a-test", "full") in services().campaign.templates
    rosa.send("/retire")
    assert "no longer offered" in rosa.words
    with app.test_request_context():
        assert ("para-que-sirve-a-test", "full") not in services().campaign.templates
    rosa.send("/bring-back")
    with app.test_request_context():
        assert ("para-que-sirve-a-test", "full") in services().campaign.templates


@pytest.mark.parametrize("part", ["full-es", "short"])
def test_a_draft_of_a_retired_letter_is_checked_without_its_retired_texts(
    app: Flask, rosa: Browser, every_seat: None, part: str
) -> None:
    home = "/organize/letters/local-budget/"
    rosa.get(home).send("/retire")
    path, data = rosa.get(f"{home}{part}/edit").form("/edit")
    rosa.post(path, {**data, "title": "Another title", "then": ""})
    rosa.get(home + "publish")
    assert "Fix 1 thing first." in rosa.words
    with app.app_context():
        draft = next(d for s in states_here() if (d := s.draft))
    rosa.post(home + "publish", {"token": data["token"], f"draft-{draft.name}": str(draft.id)})
    assert rosa.status == 422
    with app.app_context():
        assert not services().live.unreadable
    rosa.get(home).send("/bring-back")
    rosa.get(home + "publish").send("/publish")
    assert "Published." in rosa.words


def states_here() -> list[workshop.FileState]:
    """The files that were changed, in the caller's app context."""
    return [*workshop.states(services().db(), SLUG).values()]


def test_a_copy_has_all_four_texts_and_another_title(rosa: Browser) -> None:
    rosa.get("/organize/letters/new?copy=general")
    assert rosa.form("/new")[1]["title"] == "General (copy)"
    rosa.send("/new")
    assert "Draft created" in rosa.words
    for part in ("full", "short", "full-es", "short-es"):
        rosa.get(f"/organize/letters/general-copy/{part}/edit")
        assert "Draft by Rosa" in rosa.words
    rosa.get("/organize/letters/new?copy=general").send("/new")
    assert "/general-copy-2/" in rosa.path


@pytest.mark.parametrize("title", ["", "   ", "x" * 121])
def test_a_letter_needs_a_title(rosa: Browser, title: str) -> None:
    rosa.get("/organize/letters/new").send("/new", title=title)
    assert rosa.status == 422


@pytest.mark.parametrize("title", ["новое", "287(g)", "new", "<b>", "a" * 120])
def test_any_title_gives_a_letter_with_a_page(rosa: Browser, title: str) -> None:
    rosa.get("/organize/letters/new").send("/new", title=title)
    assert rosa.status == 200
    assert rosa.title.startswith(title)


def test_the_last_letter_cannot_be_retired(rosa: Browser) -> None:
    for letter in ("general", "public-safety", "local-budget"):
        rosa.get(f"/organize/letters/{letter}/").send("/retire")
        assert "no longer offered" in rosa.words
    rosa.get("/organize/letters/faith-and-community/").send("/retire")
    assert rosa.status == 409
    assert "no letter left" in rosa.words


def test_a_discarded_draft_can_be_restored_from_the_versions(rosa: Browser) -> None:
    words = changed(rosa)
    save(rosa, words)
    rosa.get("/organize/letters/general/").send("/discard")
    assert "still in the versions" in rosa.words
    rosa.get("/organize/letters/general/full/versions")
    assert "discarded draft" in rosa.words
    rosa.send("/restore")
    assert words_of(rosa) == words
    assert "Draft by Rosa" in rosa.words


def test_words_typed_while_a_new_letter_is_discarded_are_shown_again(
    rosa: Browser, ben: Browser
) -> None:
    rosa.get("/organize/letters/new").send("/new", title="Rural towns")
    home = "/organize/letters/rural-towns/"
    path, data = rosa.get(home + "full/edit").form("/edit")
    ben.get(home).send("/discard")
    words = put(str(data["words"]).removeprefix("\n"), "this means", "it means")
    rosa.post(path, {**data, "words": words, "then": ""})
    assert rosa.status == 409
    path, data = rosa.form("/edit")
    assert str(data["words"]).removeprefix("\n") == words
    assert rosa.post(path, data).status == 200
    ben.get(home + "full/edit")
    assert str(ben.form("/edit")[1]["words"]).removeprefix("\n") == words
    ben.get(home).send("/discard")
    ben.get(home + "full/versions").send("/restore")
    assert "Draft by Ben" in ben.words
    assert ben.get("/organize/letters/rural-towns.short/full/edit").status == 404


def test_two_versions_are_compared_and_an_old_one_is_restored(app: Flask, rosa: Browser) -> None:
    first = live_words(app)
    save(rosa, changed(rosa))
    rosa.get("/organize/letters/general/publish").send("/publish")
    rosa.get("/organize/letters/general/full/versions")
    rows = [o.get("value") for o in rosa.page.by_id("old").iter() if o.get("value")]
    assert len(rows) == 2
    rosa.get(f"/organize/letters/general/full/versions?old={rows[1]}&new={rows[0]}")
    assert "[removed: answering end of removed]" in rosa.words
    rosa.send("/restore", number=1)
    assert "The old version is now the draft" in rosa.words
    rosa.get("/organize/letters/general/publish").send("/publish")
    assert live_words(app) == first


def test_two_organizers_editing_one_text_lose_nothing(
    app: Flask, rosa: Browser, ben: Browser
) -> None:
    start = words_of(rosa)
    assert words_of(ben) == start
    _path, form = ben.form("/edit")
    save(rosa, put(start, "I want people", "I would like people"))
    theirs = start.replace("settle it for the whole country", "settle it for all")
    theirs = theirs.replace("I am a constituent from", "I live in")
    ben.post("/organize/letters/general/full/edit", {**form, "words": theirs, "note": "Mine"})
    assert ben.status == 409
    assert "Rosa" in ben.words
    assert words(ben, "theirs") == words_in(put(start, "I want people", "I would like people"))
    assert words(ben, "mine") == words_in(theirs)
    both = words(ben, "words")
    assert "I live in" in both
    assert "settle it for all" in both
    assert "I would like" in both
    ben.send("/edit")
    assert "The draft is saved" in ben.words
    rosa.get("/organize/letters/general/full/edit")
    assert "Draft by Ben" in rosa.words
    with app.app_context():
        kept = workshop.history(services().db(), "protect-immigration-act", "general.txt")
        assert [v.author for v in kept] == ["Ben", "Rosa"]
        assert kept[0].note == "Mine"


def words_in(text: str) -> str:
    return text.rstrip("\n")


def words(browser: Browser, name: str) -> str:
    return "".join(browser.page.by_id(name).itertext()).removeprefix("\n").rstrip("\n")


def test_a_draft_changed_while_the_publish_page_was_open_is_not_published(
    rosa: Browser, ben: Browser
) -> None:
    save(rosa, changed(rosa))
    rosa.get("/organize/letters/general/publish")
    save(ben, put(words_of(ben), "A traffic stop is", "Any traffic stop is"))
    assert "The draft is saved" in ben.words
    rosa.send("/publish")
    assert rosa.status == 409
    assert "Not published" in rosa.words
    rosa.send("/publish")
    assert "Published." in rosa.words


def test_every_change_is_in_the_audit_trail_without_the_words(app: Flask, rosa: Browser) -> None:
    save(rosa, changed(rosa))
    rosa.get("/organize/letters/general/publish").send("/publish")
    rosa.get("/organize/letters/general/").send("/retire")
    rosa.get("/organize/letters/general/").send("/bring-back")
    with app.app_context():
        rows = services().db().execute(
            "SELECT what, subject, before, after FROM audit_events WHERE who = 'Rosa'"
            " AND subject LIKE '%/general%' ORDER BY number"
        ).fetchall()  # fmt: skip
    assert [what for what, *_ in rows[:2]] == ["draft saved", "text published"]
    assert {what for what, *_ in rows[2:]} == {"text retired", "text brought back"}
    for _what, _subject, before, after in rows:
        for facts in (json.loads(before), json.loads(after)):
            assert set(facts) <= {"version"}
            assert all(len(v) in (0, 12) for v in facts.values())


# --- previews -----------------------------------------------------------------------------


@pytest.mark.parametrize("moment", ["pending", "last_weeks", "ending", "expired"])
def test_every_kind_of_recipient_can_be_previewed_at_every_moment(
    rosa: Browser, moment: str
) -> None:
    for kind in KINDS:
        for form in ("letter", "web", "call"):
            rosa.get(f"/organize/letters/general/preview?kind={kind}&moment={moment}&form={form}")
            if kind == "vacant":
                assert (
                    "This seat was vacant on June 15, 2026, the day of our list. So there is"
                    in rosa.words
                )
            else:
                assert "What is asked:" in rosa.words, kind


@pytest.mark.parametrize(
    ("query", "kind"),
    [
        ("a cosponsor", "cosponsor"), ("Cosponsors", "cosponsor"), ("the sponsor", "sponsor"),
        ("a senator on the committee", "senate-committee"), ("delegates", "delegate"),
        ("a delegate", "delegate"), ("a vacant seat", "vacant"), ("Vacant seats", "vacant"),
        ("vacant", "vacant"), ("an independent", "independent"),
    ],
)  # fmt: skip
def test_a_kind_of_recipient_can_be_searched_in_words(app: Flask, query: str, kind: str) -> None:
    with app.test_request_context():
        site = services()
        found = find_recipients(site.campaign, site.tables, query, "opposes")
        assert found
        assert found == find_recipients(site.campaign, site.tables, "", kind)


def test_a_search_by_name_overrides_the_chosen_kind(rosa: Browser) -> None:
    rosa.get("/organize/letters/general/preview?q=padilla&kind=vacant")
    assert "Alex Padilla" in rosa.words
    assert "No match" in rosa.get("/organize/letters/general/preview?q=zzz&kind=vacant").words


KIND_SEATS = ("cosponsor", "senate-committee", "delegate", "vacant")


@pytest.mark.parametrize("prefix", ["", "/es"])
@pytest.mark.parametrize("kind", KIND_SEATS)
def test_each_kind_has_every_text_and_a_pdf_at_every_moment(
    app: Flask, rosa: Browser, kind: str, prefix: str
) -> None:
    with app.test_request_context():
        seat = find_recipients(services().campaign, services().tables, "", kind)[0].seat.id
    base = f"{prefix}/organize/letters/general"
    for moment in ("pending", "last_weeks", "ending", "expired"):
        for text in ("short", "full-es"):
            rosa.get(f"{base}/preview?kind={kind}&moment={moment}&text={text}")
            assert rosa.status == 200
            sheet = '<article class="sheet' in rosa.last.get_data(as_text=True)
            assert sheet == (kind != "vacant")
        rosa.get(f"{base}/preview.pdf?seat={seat}&moment={moment}")
        assert rosa.status == (404 if kind == "vacant" else 200)


def test_the_preview_shows_the_draft_or_the_live_words(rosa: Browser) -> None:
    save(rosa, changed(rosa))
    home = "/organize/letters/general/preview?q=padilla"
    assert NEW in rosa.get(home).words
    assert OLD in rosa.get(f"{home}&source=live").words


def test_the_preview_shows_the_reading_aid_next_to_the_english(rosa: Browser) -> None:
    rosa.get("/organize/letters/general/preview?q=padilla&text=full-es")
    assert "I am a constituent from" in rosa.words
    assert "usted me representa" in rosa.words


def test_the_pdf_of_a_preview_is_the_same_letter_and_uncached(rosa: Browser) -> None:
    at = "seat=CA-S3&moment=last_weeks"
    (letter,) = sheets(rosa.get(f"/organize/letters/general/preview?{at}").page)
    rosa.get(f"/organize/letters/general/preview.pdf?{at}")
    assert rosa.status == 200
    assert rosa.last.mimetype == "application/pdf"
    assert " ".join(" ".join(pages(rosa.last.data)).split()) == letter
    assert rosa.last.headers["Cache-Control"] == "no-store"


def test_the_overview_warns_when_residents_see_earlier_letters(
    app: Flask, rosa: Browser, clock: Clock
) -> None:
    before = live_words(app)
    with app.app_context():
        site = services()
        workshop.publish_texts(
            Actor(site.db(), "Rosa", clock.at), site.live.slug, {"general.txt": "{{ nope }}"},
            folder=site.live.folder, seen=0,
        )  # fmt: skip
    assert live_words(app) == before
    rosa.get("/organize/")
    assert "residents see the previous ones" in rosa.words
    rosa.get("/organize/letters/general/publish")
    assert rosa.status == 200
    rosa.get("/organize/letters/general/full/versions").send("/restore", number=1)
    rosa.get("/organize/letters/general/publish").send("/publish")
    assert "residents see the previous ones" not in rosa.get("/organize/").words


@pytest.mark.parametrize(
    "left", ["[FIRST_NAME]", "«place»", "XXXX", "<b>now</b>", "H.R. 4393", "Sincerely,"]
)
def test_words_with_unfinished_parts_are_not_published(
    app: Flask, rosa: Browser, left: str
) -> None:
    rosa.get("/organize/letters/general/publish")
    before = live_words(app)
    save(rosa, words_of(rosa) + f"\n\n{left}")
    rosa.get("/organize/letters/general/full/edit")
    _path, data = rosa.form("/edit")
    with app.app_context():
        state = workshop.states(services().db(), "protect-immigration-act")["general.txt"]
        assert state.draft is not None
        number = state.draft.id
    token = {key: value for key, value in data.items() if "token" in key}
    rosa.post(
        "/organize/letters/general/publish", {**token, "draft-general.txt": str(number), "note": ""}
    )
    assert rosa.status == 422, rosa.words[:300]
    assert "Not published" in rosa.words
    assert live_words(app) == before


def test_a_conditional_passage_is_inserted_without_typing_a_tag(rosa: Browser) -> None:
    rosa.get("/organize/letters/general/full/edit")
    path, fields = rosa.form("/general/full/edit")
    fields |= {"passage": "Your state knows this.", "only-states": "Florida, GA", "at": "0"}
    rosa.post(f"{path}?look=1", fields)
    assert "members match today" in rosa.words
    rosa.post(f"{path}?put=1", fields)
    words = "".join(rosa.page.by_id("words").itertext())
    assert '{% if state in ["FL", "GA"] %}\nYour state knows this.\n{% endif %}' in words
    assert "FL, GA: Your state knows this." in rosa.words
    assert "not saved yet" in rosa.words
    rosa.post(f"{path}?put=1", {**fields, "passage": ""})
    assert rosa.status == 422
    assert "choose who they are" in rosa.words


def beside(browser: Browser, path: str, fields: dict[str, str], **typed: str) -> str:
    """The text next to the words once this is typed."""
    browser.post(f"{path}?show=1", {**fields, **typed})
    assert browser.status == 200
    return " ".join(" ".join(browser.page.by_id("shown").itertext()).split())


def test_the_editor_previews_the_typed_words_for_a_chosen_recipient(
    app: Flask, rosa: Browser
) -> None:
    before = live_words(app)
    rosa.get("/organize/letters/general/full/edit")
    path, fields = rosa.form("/general/full/edit")
    typed = put(fields["words"], OLD, NEW)
    shown = beside(rosa, path, fields, words=typed, find="Padilla")
    assert "Dear Senator Padilla:" in shown
    assert NEW in shown
    assert "of 1,500 characters, without the story" in shown
    assert "they get the short form" in shown
    assert "Nothing to fix" in shown
    assert "Dear Senator Cruz:" in beside(rosa, path, fields, to="TX-S1", find="Texas")
    assert "No match" in beside(rosa, path, fields, find="nobody-at-all")
    with app.app_context():
        assert workshop.state_of(services().db(), SLUG, "general.txt").draft is None
    assert live_words(app) == before


def test_the_editor_opens_when_no_listed_term_is_left(
    rosa: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = datetime(2033, 6, 1, 12, tzinfo=UTC)
    monkeypatch.setattr(Services, "now", lambda _site: later)
    rosa.get("/organize/letters/general/full/edit")
    assert rosa.status == 200
    assert "{{ story }}" in rosa.last.text


def test_the_editor_names_the_line_that_breaks_the_preview(rosa: Browser) -> None:
    rosa.get("/organize/letters/general/full/edit")
    path, fields = rosa.form("/general/full/edit")
    shown = beside(rosa, path, fields, words="One.\n\nIn {{ plce }}. {{ ask }}\n")
    assert "This letter cannot be made yet." in shown
    assert "line 3 plce is not a field. Did you mean place" in shown
    words = put(fields["words"], OLD, "Dear [Your Name], so is answering a call")
    shown = beside(rosa, path, fields, words=words)
    assert "Dear Representative" in shown
    line = words.split("Dear [")[0].count("\n") + 1
    assert f"line {line} " in shown


def test_a_script_gets_only_the_previewed_letter(rosa: Browser) -> None:
    rosa.get("/organize/letters/general/full/edit")
    path, fields = rosa.form("/general/full/edit")
    answer = rosa.client.post(f"{path}?show=part", data=fields, **rosa._environ())
    assert answer.text.count("Dear Representative") == 1
    assert "<h1" not in answer.text
    assert len(answer.data) < 10_000


def test_a_reading_aid_is_previewed_too(rosa: Browser) -> None:
    rosa.get("/organize/letters/general/full-es/edit")
    path, fields = rosa.form("/general/full-es/edit")
    words = f"Hola desde {{{{ place }}}}.\n\n{fields['words']}"
    assert "Hola desde" in beside(rosa, path, fields, words=words, find="Padilla")


def test_saving_can_continue_to_publishing(rosa: Browser) -> None:
    rosa.get("/organize/letters/general/full/edit")
    path, fields = rosa.form("/general/full/edit")
    rosa.post(path, {**fields, "words": fields["words"] + "\nThank you.\n", "then": "publish"})
    assert rosa.path == "/organize/letters/general/publish"


@pytest.mark.parametrize(
    ("condition", "shown", "in_spanish"),
    [
        ('stance != "opposes"', "all but those who back the opposite:",
         "todas las personas, salvo quienes apoyan lo contrario:"),
        ('stance == "earlier"', "those who backed an earlier version:",
         "quienes apoyaron una versión anterior:"),
        ('stance not in ["sponsor", "cosponsor"]', "all but sponsors or cosponsors:",
         "todas las personas, salvo quienes lo presentaron o quienes lo copatrocinan:"),
    ],
)  # fmt: skip
def test_the_editor_names_the_shorter_side_of_a_condition(
    rosa: Browser, condition: str, shown: str, in_spanish: str
) -> None:
    save(rosa, f"{{{{ ask }}}}\n\n{{% if {condition} %}}One more thing.{{% endif %}}\n")
    for start, words in (("", shown), ("/es", in_spanish)):
        rosa.get(f"{start}/organize/letters/general/full/edit")
        assert words in ["".join(e.itertext()) for e in rosa.page.all("b")]
