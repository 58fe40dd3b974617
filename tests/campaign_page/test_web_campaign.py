"""The Campaign page: fields are edited in a draft, compared, checked, published and restored."""

from __future__ import annotations

import json
import re
import tomllib
from typing import Any

import pytest
from flask import Flask

from app.campaign import edit
from app.campaign.campaign_fields import LISTS, SECTIONS, field_at, field_paths, section_paths
from app.campaign.toml_text import move_block, remove_block
from app.congress.tables import load_tables
from app.records import audit
from app.records.audit import TrailFilter
from app.records.workshop import live_files, save_draft, state_of
from app.site.services import services
from app.web.organizer.campaign_form import changes
from tests.campaign_page.conftest import FOLDER, files_of
from tests.organizers.browser import Browser
from tests.organizers.conftest import Clock, Office

SLUG = "protect-immigration-act"
FILE = "campaign.toml"


@pytest.fixture
def browser(app: Flask, clock: Clock, staff: Office) -> Browser:
    return Browser(app, clock).enter(staff.add("Rosa"))


def typed(values: dict[str, str]) -> dict[str, Any]:
    """Form data for fields whose names are not Python identifiers."""
    return dict(values)


def live(staff: Office) -> str:
    return live_files(staff.db, SLUG, files_of()).files[FILE]


def draft(staff: Office) -> str:
    found = state_of(staff.db, SLUG, FILE).draft
    assert found
    return found.source


def drafted_ask(staff: Office, name: str) -> dict[str, Any]:
    """An ask from the draft."""
    (ask,) = [ask for ask in tomllib.loads(draft(staff))["asks"] if ask["id"] == name]
    return dict(ask)


def events(staff: Office) -> list[tuple[str, str, str]]:
    return [(e.who, e.what.value, e.subject) for e in audit.page(staff.db, TrailFilter()).events]


def test_the_page_shows_the_campaign_at_a_glance(browser: Browser, staff: Office) -> None:
    browser.get("/organize/campaign/")
    assert "H.R. 6890" in browser.words
    assert "March 27, 2026" in browser.words
    assert "January 3, 2027, 12:00 PM EST" in browser.words
    asks = [e.get("id") for e in browser.page.all("li") if (e.get("id") or "").startswith("asks-")]
    assert asks == [f"asks-{ask['id']}" for ask in tomllib.loads(live(staff))["asks"]]
    assert browser.words.count("everyone else ·") == 2, "of an ask without a condition"
    assert len(browser.last.data) < 30_000
    reached = [int(n) for n in re.findall(r"(\d+) members today", browser.words)]
    assert sum(reached) + browser.words.count("one member today") == sum(
        holder.member is not None for holder in load_tables().holders
    )


def test_a_new_companion_is_a_draft_until_published(
    app: Flask, browser: Browser, staff: Office, every_seat: None
) -> None:
    browser.get("/organize/campaign/bill")
    browser.send("/campaign/bill", **typed({"bills-senate-number": "S. 4321"}))
    assert "Saved as a draft" in browser.words
    assert 'number = "S. 4321"' in draft(staff)
    assert live(staff) == (FOLDER / FILE).read_text(encoding="utf-8")
    with app.test_request_context("/"):
        assert services().campaign.bills["senate"].number is None
    browser.get("/organize/campaign/publish")
    assert "S. 4321" in browser.words
    browser.send("/campaign/publish", note="Companion introduced")
    if "Published" not in browser.words:
        pytest.fail(browser.words)
    assert "S. 4321" in live(staff)
    with app.test_request_context("/"):
        assert services().campaign.bills["senate"].number == "S. 4321"
    assert ("Rosa", "text published", f"{SLUG}/{FILE}") in events(staff)
    browser.get("/organize/campaign/versions")
    assert "Companion introduced" in browser.words
    assert "the file" in browser.words


def test_an_earlier_version_is_compared_and_restored(browser: Browser, staff: Office) -> None:
    browser.get("/organize/campaign/bill").send("/campaign/bill", title="Another name")
    browser.get("/organize/campaign/publish").send("/campaign/publish")
    browser.get("/organize/campaign/versions")
    first = [a.get("href") for a in browser.page.all("a") if "/versions/" in (a.get("href") or "")]
    browser.get(first[-1] or "")
    assert "Another name" in browser.words
    browser.send("/restore")
    assert browser.title == "Compare and publish"
    browser.send("/campaign/publish")
    assert live(staff) == (FOLDER / FILE).read_text(encoding="utf-8")
    assert ("Rosa", "version restored as a draft", f"{SLUG}/{FILE}") in events(staff)


@pytest.mark.parametrize(
    ("path", "field", "words"),
    [
        ("bill", "as_of", "last week"),
        ("bill", "congress", "many"),
        ("bill", "ends", "tomorrow"),
        ("asks/cosponsor", "asks-text", "Hello {{ legislater_name }}"),
        ("asks/cosponsor", "asks-when", "stance = 1"),
        ("prompts/2", "prompts-text", ""),
        ("forbidden/1", "forbidden-advice", ""),
        ("facts/growth", "facts-text", ""),
        ("facts/growth", "facts-as_of", "last spring"),
        ("additions/house-chair", "additions-when", "type = 'rep'"),
        ("additions/house-chair", "additions-short", "{{ legislater_name }}"),
        ("related/hr2805-117", "related-congress", "117th"),
        ("committees", "committees-house-name", ""),
        ("states", "states-requires", "FL, Atlantis"),
    ],
)
def test_an_error_is_shown_at_its_field_and_nothing_is_lost(
    browser: Browser, staff: Office, path: str, field: str, words: str
) -> None:
    browser.get(f"/organize/campaign/{path}").send(f"/campaign/{path}", **typed({field: words}))
    assert browser.status == 422
    element = browser.page.by_id(field)
    assert element.get("aria-invalid") == "true"
    assert f"{field}-error" in (element.get("aria-describedby") or "")
    assert words in ((element.get("value") or "") + "".join(element.itertext()))
    assert state_of(staff.db, SLUG, FILE).draft is None


def test_two_organizers_on_different_fields_both_keep_their_work(
    browser: Browser, ana: Browser, staff: Office
) -> None:
    browser.get("/organize/campaign/bill")
    ana.get("/organize/campaign/asks/senator").send(
        "/asks/senator", **typed({"asks-summary": "Asks for a companion."})
    )
    browser.send("/campaign/bill", title="My title")
    assert "Saved as a draft" in browser.words
    assert tomllib.loads(draft(staff))["title"] == "My title"
    assert drafted_ask(staff, "senator")["summary"] == "Asks for a companion."


def test_two_organizers_on_one_field_see_both_texts_and_lose_nothing(
    browser: Browser, ana: Browser, staff: Office
) -> None:
    browser.get("/organize/campaign/asks/senator")
    ana.get("/organize/campaign/asks/senator").send(
        "/asks/senator", **typed({"asks-summary": "Her words.", "asks-opening": "Her opening."})
    )
    browser.send("/asks/senator", **typed({"asks-summary": "My words."}))
    assert browser.status == 409
    assert "Ana changed the same field while you were working" in browser.words
    assert "Her words." in browser.words
    assert browser.page.by_id("asks-summary").get("value") == "My words."
    assert "My words" not in draft(staff)
    browser.send("/asks/senator")
    assert drafted_ask(staff, "senator")["summary"] == "My words."
    assert drafted_ask(staff, "senator")["opening"] == "Her opening."


def test_fixing_an_error_keeps_what_someone_else_saved_meanwhile(
    browser: Browser, ana: Browser, staff: Office
) -> None:
    browser.get("/organize/campaign/asks/senator")
    ana.get("/organize/campaign/asks/senator").send(
        "/asks/senator", **typed({"asks-opening": "Her opening."})
    )
    browser.send("/asks/senator", **typed({"asks-text": "{{ legislater_name }}"}))
    assert browser.status == 422
    browser.send("/asks/senator", **typed({"asks-text": "My words."}))
    ask = drafted_ask(staff, "senator")
    assert (ask["opening"], ask["text"].strip()) == ("Her opening.", "My words.")


def test_an_edit_follows_an_ask_that_was_moved_meanwhile(
    browser: Browser, ana: Browser, staff: Office
) -> None:
    browser.get("/organize/campaign/asks/opposes")
    ana.get("/organize/campaign/").send("/asks/opposes/move", way="up")
    browser.send("/asks/opposes", **typed({"asks-summary": "Mine."}))
    asks = tomllib.loads(draft(staff))["asks"]
    assert [(a["id"], a["summary"]) for a in asks if a["summary"] == "Mine."] == [
        ("opposes", "Mine.")
    ]


def test_an_edit_of_a_question_follows_it_when_it_was_moved_meanwhile(
    browser: Browser, ana: Browser, staff: Office
) -> None:
    first, second, *_ = tomllib.loads(live(staff))["prompts"]
    browser.get("/organize/campaign/prompts/2")
    ana.get("/organize/campaign/prompts").send("/prompts/2/move", way="up")
    browser.send("/prompts/2", **typed({"prompts-text": "Mine."}))
    assert "Saved as a draft" in browser.words
    now = tomllib.loads(draft(staff))["prompts"][:2]
    assert now == [{**second, "text": "Mine."}, first]


@pytest.mark.parametrize("path", ["prompts/2", "asks/senator"])
def test_an_edit_of_what_was_removed_meanwhile_shows_the_typed_words(
    browser: Browser, ana: Browser, staff: Office, path: str
) -> None:
    name = path.partition("/")[0]
    browser.get(f"/organize/campaign/{path}")
    ana.get(f"/organize/campaign/{path}").send(f"/{path}/remove")
    kept = draft(staff)
    for _press in range(2):
        browser.send(f"/{path}", **typed({f"{name}-text": "Mine."}))
        assert "Someone else removed this" in browser.words
        assert browser.page.by_id(f"{name}-text").text == "Mine."
    assert draft(staff) == kept


def test_asks_move_up_and_down_and_all_else_stays(browser: Browser, staff: Office) -> None:
    browser.get("/organize/campaign/").send("/asks/cosponsor/move", way="up")
    ids = [a["id"] for a in tomllib.loads(draft(staff))["asks"]]
    assert ids[:2] == ["cosponsor", "sponsor"]
    assert "# --- what joins the ask" in draft(staff)
    browser.send("/asks/cosponsor/move", way="down")
    assert draft(staff) == live(staff)


def test_an_ask_is_offered_to_be_moved_exactly_where_it_can_be(browser: Browser, toml: str) -> None:
    browser.get("/organize/campaign/")
    offered = {(b.get("formaction"), b.get("value")) for b in browser.page.all("button")}
    ids = edit.read_column(toml, "asks", "id")
    for place, key in enumerate(ids):
        for way, by in (("up", -1), ("down", 1)):
            if 0 <= place + by < len(ids):
                after = move_block(toml, "asks", place, by)
                fine = not edit.problems_by_field(SLUG, after)
                assert ((f"/organize/campaign/asks/{key}/move", way) in offered) == fine, (key, way)


def test_the_last_ask_cannot_be_moved_or_removed(browser: Browser, staff: Office) -> None:
    path, fields = browser.get("/organize/campaign/").form("/move")
    browser.post(path.replace("/sponsor/", "/everyone-else-after/"), {**fields, "way": "up"})
    assert browser.status == 422
    assert "last ask" in browser.words
    token = browser.form("/logout")[1]["token"]
    browser.get("/organize/campaign/asks/everyone-else-after")
    assert "It stays: it is for members whom no other ask fits." in browser.words
    assert "Remove it from the draft" not in browser.words
    browser.post(
        "/organize/campaign/asks/everyone-else-after/remove", {"token": token, "base": "0"}
    )
    assert browser.status == 422
    assert "Remove it from the draft" in browser.get("/organize/campaign/asks/cosponsor").words
    assert state_of(staff.db, SLUG, FILE).draft is None


@pytest.mark.parametrize(("name", "fields"), [
    ("asks", {"asks-id": "independents", "asks-when": 'type == "sen" and ending',
              "asks-summary": "Asks.", "asks-text": "I ask you to read the bill."}),
    ("prompts", {"prompts-who": "A", "prompts-who_es": "B", "prompts-text": "C?",
                 "prompts-text_es": "¿D?"}),
    ("additions", {"additions-id": "rules-chair", "additions-when": 'state == "NY"',
                   "additions-text": "You sit on the committee."}),
    ("facts", {"facts-id": "cost_2026", "facts-text": "In 2026 it cost more.",
               "facts-source": "A report", "facts-as_of": "2026-05-01"}),
    ("related", {"related-id": "hr1-118", "related-kind": "opposes", "related-chamber": "house",
                 "related-congress": "118", "related-title": "Another Act"}),
    ("forbidden", {"forbidden-words": "never ever", "forbidden-advice": "Say when."}),
])  # fmt: skip
def test_parts_are_added_and_removed(
    browser: Browser, staff: Office, name: str, fields: dict[str, str]
) -> None:
    chosen = ("related-kind", "related-chamber")
    empty = {key: value if key in chosen else "" for key, value in fields.items()}
    browser.get(f"/organize/campaign/{name}/new").send("/new", **typed(empty))
    assert browser.status == 422
    browser.send("/new", **typed(fields))
    assert "Saved as a draft" in browser.words
    before = len(tomllib.loads(live(staff))[name])
    assert len(tomllib.loads(draft(staff))[name]) == before + 1
    key = fields.get(f"{name}-id", "1")
    browser.get(f"/organize/campaign/{name}/{key}").send("/remove")
    assert tomllib.loads(draft(staff))[name] == tomllib.loads(live(staff))[name]


@pytest.mark.parametrize(("name", "key"), [
    ("facts", "Growth!"), ("facts", "growth"), ("facts", "new"), ("facts", ""), ("facts", "a]b"),
    ("related", "hr2805-117"), ("related", "No"), ("additions", "house-chair"), ("asks", "new"),
])  # fmt: skip
def test_an_invalid_short_name_is_an_error_at_its_field(
    browser: Browser, staff: Office, name: str, key: str
) -> None:
    fields = {f"{name}-id": key, f"{name}-text": "Words.", f"{name}-source": "A report"}
    fields |= {f"{name}-as_of": "2026-05-01", f"{name}-summary": "Asks."}
    fields |= {f"{name}-congress": "118", f"{name}-title": "Act"}
    path = f"/organize/campaign/{name}/new"
    browser.get(path).send("/new", **typed(fields))
    assert browser.status == 422
    assert browser.page.by_id(f"{name}-id").get("aria-invalid") == "true"
    assert browser.page.by_id(f"{name}-id").get("value") == key
    assert state_of(staff.db, SLUG, FILE).draft is None


def test_an_ask_without_a_short_name_gets_one_from_its_summary(
    browser: Browser, staff: Office
) -> None:
    for expected in ("asks-for-a-hearing", "asks-for-a-hearing-2"):
        browser.get("/organize/campaign/asks/new").send("/new", **typed({
            "asks-id": "", "asks-summary": "Asks for a hearing.", "asks-when": 'type == "sen"',
            "asks-text": "Please ask for a hearing.",
        }))  # fmt: skip
        assert "Saved as a draft" in browser.words
        assert tomllib.loads(draft(staff))["asks"][0]["id"] == expected


def test_single_parts_are_edited_and_compared(app: Flask, browser: Browser, staff: Office) -> None:
    browser.get("/organize/campaign/committees").send(
        "/committees", **typed({"committees-house-subcommittee": "HSJU08"})
    )
    browser.get("/organize/campaign/states").send(
        "/states", **typed({"states-requires": "Florida, georgia, TX, OK"})
    )
    browser.get("/organize/campaign/telephone").send(
        "/telephone", **typed({"telephone-about": "I am calling about a bill."})
    )
    assert "Spanish out of date" in browser.words
    browser.get("/organize/translation")
    assert browser.page.one("a", href="/organize/campaign/telephone") is not None
    browser.get("/organize/campaign/facts/growth")
    assert "Used in: General," in browser.words
    assert "Remove it there first." in browser.words
    browser.send("/facts/growth", **typed({"facts-text": "By May 2026 there were 1,500."}))
    browser.get("/organize/campaign/additions/house-chair").send(
        "/additions/house-chair", **typed({"additions-short": "As chair you could act."})
    )
    browser.get("/organize/campaign/related/s-115").send(
        "/related/s-115", **typed({"related-number": "S. 9"})
    )
    browser.get("/organize/campaign/bill").send("/bill", **typed({"confirm_email": "true"}))
    browser.get("/organize/campaign/publish")
    for words in ("Judiciary: Crime and Federal Government", "FL, GA, OK, TX", "1,500", "S. 9",
                  "I am calling about a bill.", "As chair you could act."):  # fmt: skip
        assert words in browser.words, words
    browser.send("/campaign/publish")
    assert "Published" in browser.words
    with app.test_request_context("/"):
        campaign = services().campaign
    assert campaign.committees["house"].subcommittee == "HSJU08"
    assert campaign.state_policies["OK"] == "requires"
    assert campaign.facts["growth"].text == "By May 2026 there were 1,500."
    assert campaign.related["s-115"].number == "S. 9"
    assert campaign.telephone["about"] == "I am calling about a bill."
    assert campaign.confirm_email is True


def test_removing_a_fact_that_letters_print_cannot_be_published(
    browser: Browser, staff: Office
) -> None:
    browser.get("/organize/campaign/facts/chiefs").send("/remove")
    assert "chiefs" not in tomllib.loads(draft(staff))["facts"]
    browser.get("/organize/campaign/publish")
    assert "fact_chiefs" in browser.words
    with pytest.raises(AssertionError, match="no form"):
        browser.form("/campaign/publish")


def test_a_fact_that_the_pages_print_cannot_be_removed(browser: Browser, staff: Office) -> None:
    browser.get("/organize/campaign/facts/growth")
    assert "Remove it there first." in browser.words
    assert "Remove it from the draft" not in browser.words
    path, fields = browser.form("/facts/growth")
    browser.post(f"{path}/remove", {name: fields[name] for name in ("token", "base")})
    assert browser.status == 422
    assert "fact_growth" in browser.words
    assert state_of(staff.db, SLUG, FILE).draft is None


@pytest.mark.parametrize("name", [*SECTIONS, *LISTS])
def test_a_change_to_any_part_is_shown(app: Flask, toml: str, name: str) -> None:
    paths = section_paths(name) if name in SECTIONS else field_paths(name, 0)
    path = next(p for p in paths if field_at(p).kind in ("line", "words", "text", "states"))
    value = "FL" if field_at(path).kind == "states" else "Other words."
    after = edit.set_fields(toml, {path: value})
    assert isinstance(after, str)
    without = remove_block(toml, name, 0) if name in LISTS else toml
    with app.app_context():
        (part,) = changes(toml, after)
        assert value in {field.after for field in part.fields}
        assert bool(changes(toml, without)) == (name in LISTS)


def test_an_ask_without_its_condition_is_shown_as_for_everyone_else(
    app: Flask, staff: Office
) -> None:
    toml = live(staff)
    path = next(p for p, when in edit.read_fields(toml, field_paths("asks", 0)).items()
                if p.endswith(".when") and when)  # fmt: skip
    after = edit.set_fields(toml, {path: ""})
    assert isinstance(after, str)
    with app.app_context():
        ((field,),) = [part.fields for part in changes(toml, after)]
    assert field.before
    assert field.after == "everyone else"


def test_removing_a_bill_that_the_lists_name_is_a_problem(browser: Browser) -> None:
    browser.get("/organize/campaign/related/hr2805-117").send("/remove")
    browser.get("/organize/campaign/publish")
    assert "names a bill or resolution that this campaign does not have" in browser.words
    assert ".csv" not in browser.words


def test_a_campaign_with_a_serious_problem_cannot_be_published(
    browser: Browser, staff: Office
) -> None:
    browser.get("/organize/campaign/asks/everyone-else").send(
        "/asks/everyone-else", **typed({"asks-short": "I ask you to pass H.R. 9999."})
    )
    browser.get("/organize/campaign/publish")
    assert "does not belong to this campaign" in browser.words
    with pytest.raises(AssertionError, match="no form"):
        browser.form("/campaign/publish")
    base = state_of(staff.db, SLUG, FILE).revision
    token = browser.form("/logout")[1]["token"]
    browser.post("/organize/campaign/publish", {"token": token, "base": str(base), "seen": "0"})
    assert browser.status == 422
    assert "9999" not in live(staff)


@pytest.mark.parametrize("changed", [{"base": "999"}, {"seen": "7"}, {"base": "x"}, {"seen": ""}])
def test_a_draft_that_was_not_the_one_compared_is_not_published(
    browser: Browser, staff: Office, changed: dict[str, str]
) -> None:
    browser.get("/organize/campaign/bill").send("/campaign/bill", title="Another name")
    browser.get("/organize/campaign/publish").send("/campaign/publish", **typed(changed))
    assert browser.status == 409
    assert "Another name" not in live(staff)


def test_a_discarded_draft_is_listed_in_the_versions(browser: Browser, staff: Office) -> None:
    browser.get("/organize/campaign/bill").send("/campaign/bill", title="Another name")
    browser.send("/discard")
    assert state_of(staff.db, SLUG, FILE).draft is None
    browser.get("/organize/campaign/versions")
    assert "discarded" in browser.words


@pytest.mark.parametrize("part", ["bill", "pages", "telephone"])
def test_a_part_that_the_file_does_not_have_can_be_filled_in(
    app: Flask, browser: Browser, staff: Office, part: str, toml: str
) -> None:
    table = "time" if part == "bill" else part
    fields = {f"{table}.{f.key}": "" for f in SECTIONS[part] if f.path.startswith(f"{table}.")}
    bare = edit.set_fields(toml, fields)
    assert isinstance(bare, str)
    bare = re.sub(rf"(?m)^\[{table}\].*\n", "", bare)
    assert table not in tomllib.loads(bare)
    with app.test_request_context("/"):
        save_draft(staff.by("Rosa"), SLUG, FILE, bare, base=0)
    field = {"bill": "time-pending", "pages": "pages-lede", "telephone": "telephone-about"}[part]
    browser.get(f"/organize/campaign/{part}").send(f"/{part}", **typed({field: "New words."}))
    assert "Saved as a draft" in browser.words
    assert "New words." in draft(staff)


def test_stale_spanish_is_flagged_until_confirmed(browser: Browser, staff: Office) -> None:
    browser.get("/organize/campaign/asks/sponsor").send(
        "/asks/sponsor", **typed({"asks-opening": "Thank you for {{ bill_name }}."})
    )
    assert "Spanish out of date" in browser.words
    browser.get("/organize/campaign/asks/sponsor")
    assert "out of date" in browser.words
    browser.send("/asks/sponsor", **typed({"fits-opening": "1"}))
    assert "Spanish out of date" not in browser.words


@pytest.mark.parametrize("path", ["asks/nobody", "facts/nothing", "related/x", "additions/1",
                                  "prompts/0", "prompts/99", "forbidden/999999",
                                  "versions/1", "versions/999999999"])  # fmt: skip
def test_unknown_pages_are_not_found(browser: Browser, path: str) -> None:
    browser.get(f"/organize/campaign/{path}")
    assert browser.status == 404


HOSTILE = ["<script>alert(1)</script>", '"><svg onload=alert(2)>', "{{ 7*7 }}", "\x00\x1b[31m",
           "'''\"\"\"\\", "]]\n[evil]\nx = 1", "x" * 100_000]  # fmt: skip


@pytest.mark.parametrize("words", HOSTILE)
def test_hostile_words_are_shown_as_text(browser: Browser, staff: Office, words: str) -> None:
    browser.get("/organize/campaign/bill").send("/campaign/bill", title=words)
    if browser.status == 200:
        assert set(tomllib.loads(draft(staff))) == set(tomllib.loads(live(staff)))
        browser.get("/organize/campaign/publish")
    assert "<svg" not in browser.last.get_data(as_text=True).partition("<main")[2]
    assert "alert(1)</script>" not in browser.last.get_data(as_text=True)


@pytest.mark.parametrize("prefix", ["", "/es"])
def test_every_page_opens_in_both_languages(
    app: Flask, staff: Office, clock: Clock, prefix: str
) -> None:
    browser = Browser(app, clock).log_in(staff.add("Eva"), prefix=prefix)
    browser.get(f"{prefix}/organize/campaign/bill").send("/campaign/bill", title="Another")
    for path in ("", "bill", "committees", "states", "telephone", "facts/growth", "facts/new",
                 "additions/house-chair", "additions/new", "related/s1440-116", "related/new",
                 "asks/sponsor", "asks/new", "prompts/1", "prompts/new",
                 "forbidden/1", "forbidden/new", "publish", "versions", "versions/1"):  # fmt: skip
        browser.get(f"{prefix}/organize/campaign/{path}")
        assert browser.status == 200, path
        assert browser.page.one("a", **typed({"class": "language"})).get("href")


def test_only_editors_have_access(app: Flask, staff: Office, clock: Clock) -> None:
    browser = Browser(app, clock).enter(staff.add("Eve", "exporter"))
    for path in ("", "bill", "publish", "versions"):
        browser.get(f"/organize/campaign/{path}")
        assert browser.status == 403
    token = browser.form("/logout")[1]["token"]
    browser.post("/organize/campaign/bill", {"token": token, "base": "0", "title": "x"})
    assert browser.status == 403


def test_audit_events_name_the_version(browser: Browser, staff: Office) -> None:
    browser.get("/organize/campaign/bill").send("/campaign/bill", title="Another name")
    (event,) = [e for e in audit.page(staff.db, TrailFilter()).events if e.what == "draft saved"]
    after = state_of(staff.db, SLUG, FILE).draft
    assert after
    assert json.dumps(event.after) == json.dumps({"version": after.short})


def test_an_asks_recipients_are_chosen_and_counted_before_saving(
    browser: Browser, staff: Office
) -> None:
    browser.get("/organize/campaign/asks/senator")
    path, fields = browser.form("/asks/senator")
    browser.post(f"{path}?look=1", {**fields, "asks-when-party": "republican"})
    assert re.search(
        r"5\d members match today\. Against what is live: 0 more, 4\d fewer", browser.words
    )
    assert "Alex Padilla" in browser.words, "who falls out is named"
    assert state_of(staff.db, SLUG, FILE).draft is None, "it was only looked at"
    browser.post(path, {**fields, "asks-when-party": "republican"})
    assert drafted_ask(staff, "senator")["when"] == 'type == "sen" and caucus == "Republican"'


def test_an_unknown_state_in_a_condition_is_named(browser: Browser, staff: Office) -> None:
    browser.get("/organize/campaign/asks/senator")
    path, fields = browser.form("/asks/senator")
    browser.post(path, {**fields, "asks-when-states": "Vermont, tx; Narnia"})
    assert browser.status == 422
    assert "Narnia" in browser.words
    assert state_of(staff.db, SLUG, FILE).draft is None
    browser.post(path, {**fields, "asks-when-states": "Vermont, tx"})
    assert drafted_ask(staff, "senator")["when"] == 'type == "sen" and state in ["TX", "VT"]'


def test_untouched_choices_leave_a_condition_as_written(browser: Browser, staff: Office) -> None:
    browser.get("/organize/campaign/asks/earlier-senate")
    browser.send("/asks/earlier-senate", **typed({"asks-summary": "Another line."}))
    ask = drafted_ask(staff, "earlier-senate")
    assert ask["when"] == 'stance == "earlier" and type == "sen"'
    browser.get("/organize/campaign/asks/earlier-senate")
    browser.send("/asks/earlier-senate", **typed({"asks-when": 'type == "sen" and ending'}))
    assert drafted_ask(staff, "earlier-senate")["when"] == 'type == "sen" and ending'
    browser.get("/organize/campaign/asks/earlier-senate")
    assert "more than the choices can" in browser.words


def test_a_claim_to_avoid_can_match_whole_words(browser: Browser, staff: Office) -> None:
    browser.get("/organize/campaign/forbidden/new")
    browser.send("/new", **typed({
        "forbidden-words": "ice", "forbidden-whole": "1", "forbidden-advice": "Say which agency.",
    }))  # fmt: skip
    (made,) = [c for c in tomllib.loads(draft(staff))["forbidden"] if c.get("words") == "ice"]
    assert made == {"words": "ice", "whole": True, "advice": "Say which agency."}
    browser.get("/organize/campaign/forbidden/1")
    assert browser.page.by_id("forbidden-whole").get("checked") is not None
