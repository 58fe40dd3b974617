"""Known accidents with templates, by kind, as organizers and residents would meet them."""

from __future__ import annotations

import shutil
from datetime import datetime

import pytest
from flask import Flask

from app.records import workshop
from app.records.audit import Actor
from app.records.database import open_database
from app.site.services import services
from tests.organizers.browser import Browser
from tests.organizers.conftest import Clock
from tests.records.build import kept_text
from tests.web.lint import Client
from tests.web.resident import Resident
from tests.workshop.test_pages import NEW, changed, live_words, put, save, words, words_of

SLUG = "protect-immigration-act"
FINE = "I am your constituent in {{ place }}. {{ ask }}\n\n{{ story }}\n\nThank you."
INJECTIONS = (
    "{{ config }}",
    "{{ ''.__class__ }}",
    "{{ request.environ }}",
    "{{ self.__init__ }}",
    "{{ self._TemplateReference__context }}",
    "{{ place.__class__.__mro__[1].__subclasses__() }}",
    "{{ place|attr('__class__') }}",
    "{{ lipsum.__globals__ }}",
    "{{ cycler.__init__.__globals__.os }}",
    "{{ url_for('organizer.index') }}",
    "{{ get_flashed_messages() }}",
    "{{ g }}",
    "{{ session }}",
    "{{ 7*7 }}",
    "{{ 'a'*999999999 }}",
    "{{ range(999999999)|list }}",
    "{% for x in range(9) %}{{ x }}{% endfor %}",
    "{% set x = config %}{{ x }}",
    "{% include '/etc/passwd' %}",
    "{% import 'os' as os %}",
    "{% macro m() %}{% endmacro %}",
    "{% raw %}{{ config }}{% endraw %}",
    "{%- if config -%}x{%- endif -%}",
    "{# #}{{ config }}",
    "{{ place ~ config }}",
    "{% if ending %}{{ config }}{% endif %}",
)
UNKNOWN = (
    ("Dear {{ legislater_name }},", 1, "legislator_name"),
    ("{% if type == 'rep' %}\nok\n{% else %}\n{{ legislater_name }}\n{% endif %}", 4,
     "legislator_name"),
    ("One\n{% if legislater_name %}x{% endif %}", 2, "legislator_name"),
    ("One\n\n{{ place or legislater_name }}", 3, "legislator_name"),
    ("{{ stroy }}", 1, "story"),
    ("{{ Place }}", 1, "place"),
)  # fmt: skip
BROKEN = (
    ("Dear {{ name", 1, "never closed"),
    ("{% if senator %}Hi", 1, "never closed"),
    ("One\nTwo {{ place }", 2, "never closed"),
    ("One\n{% endif %}", 2, "has no"),
    ("One\n{% if ending %}a{% else %}b{% else %}c{% endif %}", 2, "cannot come after"),
    ("One\n\n{% if type = 'sen' %}x{% endif %}", 3, "=="),
    ("One\n{% elseif ending %}", 2, "elif"),
    ("One\n{# a remark", 2, "#}"),
    ('One\n{{ place or "x }}', 2, "quotation mark"),
)


def refused(app: Flask, rosa: Browser, text: str) -> str:
    """Try to save a text that must come back unsaved with all its words. Returns the page."""
    before = live_words(app)
    save(rosa, text)
    assert rosa.status == 422, text
    assert words(rosa, "words") == text.rstrip("\n")
    assert "Not saved yet" in rosa.words
    assert live_words(app) == before
    with app.app_context():
        assert workshop.state_of(services().db(), SLUG, "general.txt").draft is None
    return rosa.words


def test_injected_templates_are_refused_on_save_with_line_and_reason_tp01(
    app: Flask, rosa: Browser
) -> None:
    for text in INJECTIONS:
        page = refused(app, rosa, f"Fine.\n\n{text}\n")
        assert "Line 3:" in page, text
        assert "a secret of the site" not in rosa.last.text


def test_no_preview_or_check_of_an_injected_draft_shows_a_secret_tp01(
    app: Flask, rosa: Browser
) -> None:
    for text in ("{{ config }}", "{{ request.environ }}", "{{ 7*7 }}"):
        save(rosa, f"{text}\n\n{FINE}", then="unfinished")
        assert rosa.status == 200
        for path in ("preview", "check", "publish", "full/versions"):
            rosa.get(f"/organize/letters/general/{path}")
            assert "SECRET_KEY" not in rosa.last.text
            assert "a secret of the site" not in rosa.last.text
            assert "49" not in rosa.words.replace("2494", "").split()
        rosa.get("/organize/letters/general/publish")
        assert "Publish now" not in rosa.words
        assert rosa.get("/organize/letters/general/preview.pdf?seat=CA-12").status == 404


def test_an_unknown_field_is_refused_with_a_suggestion_in_any_branch_tp03(
    app: Flask, rosa: Browser
) -> None:
    for text, line, meant in UNKNOWN:
        page = refused(app, rosa, text)
        assert f"Line {line}:" in page, text
        assert f"Did you mean {meant}?" in page, text


def test_broken_syntax_is_refused_with_its_line_and_the_words_are_kept_tp05(
    app: Flask, rosa: Browser
) -> None:
    for text, line, reason in BROKEN:
        page = refused(app, rosa, text)
        assert f"Line {line}:" in page, (text, page)
        assert reason in page, text


def test_a_broken_heading_is_refused_and_kept_too_tp05(app: Flask, rosa: Browser) -> None:
    before = live_words(app)
    rosa.get("/organize/letters/general/full/edit")
    rosa.send("/edit", title="", subject="{{ nope }}", words=FINE, then="")
    assert rosa.status == 422
    assert "“Title in English” is empty." in rosa.words
    assert "nope is not a field" in rosa.words
    assert rosa.form("/edit")[1]["subject"] == "{{ nope }}"
    assert live_words(app) == before


def test_an_unfinished_draft_is_kept_but_never_published_tp05(app: Flask, rosa: Browser) -> None:
    before = live_words(app)
    save(rosa, "Dear {{ name", then="unfinished")
    assert "Saved as unfinished" in rosa.words
    assert words_of(rosa).rstrip() == "Dear {{ name"
    rosa.get("/organize/letters/general/publish")
    assert "Fix 1 thing first." in rosa.words
    token = rosa.form("/logout")[1]["token"]
    with app.app_context():
        draft = workshop.state_of(services().db(), SLUG, "general.txt").draft
        assert draft is not None
    forced = {"token": token, "draft-general.txt": str(draft.id)}
    rosa.post("/organize/letters/general/publish", forced)
    assert rosa.status == 422
    assert live_words(app) == before


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"Support S. 1234. {FINE}", "no Senate number is known"),
        (f"H.R. 6890 is waiting for a hearing. {FINE}", "has expired"),
        (f"{{{{ bill_number }}}} matters. {FINE}", "bill_number is empty here"),
        ("I live in {{ place }}.\n\n{{ story }}\n\nThank you.", "There is no ask"),
    ],
)
def test_a_draft_with_a_serious_problem_is_not_published(
    app: Flask, rosa: Browser, text: str, reason: str
) -> None:
    before = live_words(app)
    save(rosa, text)
    assert rosa.status == 200
    rosa.get("/organize/letters/general/publish")
    assert reason in rosa.words
    assert "Publish now" not in rosa.words
    assert live_words(app) == before


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"I ask you to call me. {FINE}", "More than one thing is asked"),
        (FINE + "\n\n" + "I care about this. " * 90, "The most is 1,500"),
        (f'They call it "help". {FINE}', "straight quotation mark"),
        (f"See www.example.org today. {FINE}", "link or web address"),
        (f"This has bipartisan support. {FINE}", "Every known cosponsor is of one party"),
        (f"{'Notwithstanding considerable institutional ambiguity ' * 9}. {FINE}", "grade is"),
        ("I live in {{ place }}. {{ ask }}\n\nThank you.", "no place for a personal story"),
    ],
)
def test_advice_names_the_line_and_blocks_nothing(
    app: Flask, rosa: Browser, text: str, reason: str
) -> None:
    save(rosa, text)
    rosa.get("/organize/letters/general/check")
    assert reason in rosa.words
    # The second of two requests is the campaign's own, and is reported on its page.
    assert "Full letter, line 1 ·" in rosa.words or "Campaign ·" in rosa.words
    rosa.get("/organize/letters/general/publish").send("/publish")
    assert "Published." in rosa.words
    assert live_words(app).rstrip() == text.rstrip()


HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "</textarea><script>alert(2)</script>",
    '"><svg onload=alert(3)>',
    "</pre></details></title><b>",
)


def put_live(app: Flask, name: str, at: datetime) -> None:
    """Make the draft of a text live, even if the check would refuse it."""
    with app.app_context():
        db = services().db()
        draft = workshop.state_of(db, SLUG, name).draft
        assert draft
        done = workshop.publish_texts(
            Actor(db, "Rosa", at), SLUG, {name: draft.source}, folder=services().live.folder,
            seen=workshop.change_counter(db, SLUG),
        )  # fmt: skip
    assert done is not None


@pytest.mark.parametrize("text", HOSTILE)
def test_markup_is_shown_as_text_on_every_workshop_page_tp07(
    app: Flask, rosa: Browser, ben: Browser, clock: Clock, text: str
) -> None:
    save(rosa, f"{text}\n\n{FINE}", title=f"T {text}", about=text, subject=f"S {text}", note=text)
    start = f"{text} other\n\n{FINE}"
    ben.get("/organize/letters/general/full/edit")
    pages = ("", "general/", "new", "general/full/edit", "general/check", "general/publish",
             "general/full/versions", "general/full/versions?old=1&new=1", "general/preview",
             "general/preview?form=web", "general/preview?form=call")  # fmt: skip
    for path in pages:
        rosa.get(f"/organize/letters/{path}")
        assert rosa.status == 200
        for harm in ("<img", "<svg onload", "alert(2)</script>"):
            assert harm not in rosa.last.text, (path, harm)
    assert words_of(rosa).startswith(text)
    _path, data = ben.form("/edit")
    save(rosa, put(words_of(rosa), "Thank you.", "Many thanks."))
    ben.post("/organize/letters/general/full/edit", {**data, "words": start, "then": ""})
    assert ben.status == 409
    assert words(ben, "mine").startswith(text) or text in words(ben, "mine")
    rosa.get("/organize/letters/general/publish")
    assert "was never filled in" in rosa.words
    assert "Publish now" not in rosa.words
    put_live(app, "general.txt", clock.at)  # as a file in the folder could be
    page = Resident(Client(app.test_client())).telling("98101", "WA")
    assert f"T {text}" in page.words
    assert "<img" not in page.text


def test_what_a_resident_types_is_never_read_as_a_template_tp02(
    app: Flask, rosa: Browser, clock: Clock
) -> None:
    save(rosa, changed(rosa))
    rosa.get("/organize/letters/general/publish").send("/publish")
    story = "Our motto is {{ 7*7 }} and {% raise %}. {{ config }} {# x #} {{ story }}"
    resident = Resident(Client(app.test_client()))
    review = resident.reviewing("98101", "WA", story=story, first="{{ config }}", last="{% raise")
    clock.forward(minutes=2)
    assert story in review.words
    assert "{{ config }} {%" in review.words
    assert story in resident.sign(review.form()).words


# --- signed, then changed -----------------------------------------------------------------


def sign(app: Flask, clock: Clock, **changes: str) -> None:
    """Review and sign, like someone who takes two minutes to read."""
    resident = Resident(Client(app.test_client()))
    review = resident.reviewing("98101", "WA", **changes)
    clock.forward(minutes=2)
    resident.sign(review.form())


def signature_rows(app: Flask) -> list[tuple[str, str, str]]:
    with app.app_context():
        rows = (
            services().db().execute("SELECT template, length, version FROM signatures").fetchall()
        )
    return [tuple(row) for row in rows]


def test_a_signature_keeps_its_words_after_they_are_changed_tp10(
    app: Flask, rosa: Browser, clock: Clock
) -> None:
    first = live_words(app)
    sign(app, clock)
    save(rosa, changed(rosa))
    rosa.get("/organize/letters/general/publish")
    assert "One person signed the version that is live now." in rosa.words
    rosa.send("/publish")
    sign(app, clock, first="Ben", last="Ray", street="1 Elm St")
    old, new = signature_rows(app)
    assert old[:2] == new[:2] == ("general", "full")
    assert old[2] != new[2]
    with app.app_context():
        for row, text in ((old, first), (new, live_words(app))):
            assert kept_text(services().db(), SLUG, *row).endswith(text)
    rosa.get("/organize/letters/general/full/versions")
    assert rosa.words.count("one person signed it") == 2
    rosa.get("/organize/letters/")
    assert "One person signed what is live now; 2 in all." in rosa.words
    save(rosa, words_of(rosa).replace("{{ story }}", "{{ story }}\n\nA new line."))
    rosa.get("/organize/letters/general/publish")
    assert "One person signed the version that is live now." in rosa.words


def test_the_signed_words_of_a_retired_letter_are_kept_tp10(
    app: Flask, rosa: Browser, clock: Clock
) -> None:
    first = live_words(app)
    sign(app, clock)
    rosa.get("/organize/letters/general/").send("/retire")
    assert "One person ever signed this letter." in rosa.words
    with app.app_context():
        kept = kept_text(services().db(), SLUG, *signature_rows(app)[0])
        assert kept.endswith(first)


def test_retiring_during_a_publication_says_nothing_changed(
    rosa: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    rosa.get("/organize/letters/general/")
    monkeypatch.setattr(workshop, "retire", lambda *_args, **_more: None)
    rosa.send("/retire")
    assert (rosa.status, "Nothing changed: something else" in rosa.words) == (409, True)
    assert "Not published" not in rosa.words


@pytest.mark.parametrize("act", ["copied over", "deleted"])
def test_no_act_of_an_organizer_writes_to_a_replaced_or_missing_database(
    app: Flask, rosa: Browser, act: str
) -> None:
    with app.app_context():
        database = services().settings.database
    save(rosa, changed(rosa))
    rosa.get("/organize/letters/general/publish")
    path, form = rosa.form("/publish")
    rosa.get("/organize/letters/general/")
    retire = rosa.form("/retire")
    before = database.read_bytes()
    if act == "copied over":
        other = database.with_name("other.db")
        open_database(other).close()
        shutil.copyfile(other, database)
    else:
        database.rename(database.with_name("aside"))
    left = database.read_bytes() if database.exists() else None
    for address, fields in ((path, form), retire):
        rosa.post(address, fields)
        assert rosa.status == 503, address
        assert "cannot save anything" in rosa.words, address
    assert (database.read_bytes() if database.exists() else None) == left
    if act == "copied over":
        database.write_bytes(before)  # for the fixture, which closes it


def test_a_resident_chooses_another_letter_if_theirs_was_just_retired(
    app: Flask, rosa: Browser, clock: Clock
) -> None:
    resident = Resident(Client(app.test_client()))
    review = resident.reviewing("98101", "WA", template="local-budget")
    rosa.get("/organize/letters/local-budget/").send("/retire")
    clock.forward(minutes=2)
    telling = resident.sign(review.form(), status=422)
    assert "Choose the reason that goes with your story. What you typed is still here." in (
        telling.words
    )
    assert (telling.by_id("story").text or "").strip() == resident.person["story"]
    choices = [box for box in telling.all("input") if box.get("name") == "template"]
    assert "general" in [box.get("value") for box in choices]
    assert "local-budget" not in [box.get("value") for box in choices]
    assert not [box for box in choices if box.get("checked") is not None]
    assert signature_rows(app) == []
    again = resident.review({**telling.form(), "template": ["general"]})
    resident.sign(again.form())
    assert len(signature_rows(app)) == 1


def test_no_one_signs_words_published_while_they_were_reading_tp10(
    app: Flask, rosa: Browser, clock: Clock
) -> None:
    resident = Resident(Client(app.test_client()))
    review = resident.reviewing("98101", "WA")
    save(rosa, changed(rosa))
    rosa.get("/organize/letters/general/publish").send("/publish")
    clock.forward(minutes=2)
    again = resident.sign(review.form(), status=409)
    assert "changed a letter while you were reading" in again.words
    assert NEW in again.words
    assert "O'Dell" in again.words
    assert signature_rows(app) == []
    resident.sign(again.form())
    assert len(signature_rows(app)) == 1
