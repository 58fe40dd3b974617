"""The next campaign, made in the browser: this one's bill returns under another number."""

from __future__ import annotations

import re
from datetime import date
from io import BytesIO

import pytest
from flask import Flask
from werkzeug.datastructures import FileStorage

from app.campaign import edit
from app.campaign.campaign_fields import LISTS, SECTIONS
from app.campaign.check import check_campaign
from app.campaign.compose import Composer, body_text
from app.campaign.entities import Writer
from app.campaign.load import load_campaign, read_campaign, read_files
from app.campaign.new_campaign import (
    ASKS,
    LETTERS,
    AskKind,
    NewCampaign,
    initial_files,
    letters_for,
)
from app.campaign.page_words import page_words
from app.campaign.reading_aids import parts_to_translate
from app.campaign.stance import Backing, bill_names
from app.campaign.supporter_files import Unusable, read_bill_json
from app.campaign.values import bill_name
from app.campaign.words import KINDS, Language
from app.congress.tables import load_tables
from app.documents.printables import Link, signup_pdf
from app.records.site_campaigns import begin as begin_campaign
from app.records.site_campaigns import campaigns_here, move
from app.records.workshop import live_files, publish_texts
from app.site.services import services
from app.site.settings import ROOT
from app.web.organizer.letters_shelf import pairs_of
from tests.campaign.seats import Few
from tests.campaign_page.conftest import status_xml
from tests.organizers.browser import Browser
from tests.organizers.conftest import Clock, Office
from tests.packets.conftest import pages

FIRST = "protect-immigration-act"
SLUG = "protect-immigration-act-120"
SPONSOR = Backing("J000298", "Pramila Jayapal", "current", "sponsor", date(2026, 11, 10))
RECORD = (
    "<titles><item><titleType>Display Title</titleType><title>To amend section 287(g).</title>"
    "</item><item><titleType>Short Title(s) as Introduced</titleType>"
    "<title>PROTECT Immigration Act of 2027</title></item></titles>"
    "<committees><item><systemCode>hsju00</systemCode><name>Judiciary Committee</name></item>"
    "</committees>"
)


@pytest.fixture
def browser(app: Flask, clock: Clock, staff: Office) -> Browser:
    return Browser(app, clock).enter(staff.add("Rosa", "admin"))


def begin(browser: Browser, number: str, data: bytes = b"", **typed: str) -> Browser:
    path, fields = browser.get("/organize/campaigns/new").form("/campaigns/new")
    fields |= {"number": number, **typed}
    if data:
        fields["file"] = FileStorage(BytesIO(data), filename="BILLSTATUS-120hr4393.xml")
    return browser.post(path, fields, content_type="multipart/form-data")


def official() -> bytes:
    return status_xml(
        [SPONSOR], number="4393", congress="120", introduced="2026-11-10", more=RECORD
    )


def test_a_reintroduced_bill_begins_a_campaign_naming_its_predecessor(
    app: Flask, browser: Browser, staff: Office
) -> None:
    begin(browser, "hr 4393", official())
    assert browser.title == "H.R. 4393 (120th Congress)"
    assert "Introduced by Representative Pramila Jayapal." in browser.words
    path, fields = browser.form("/campaigns/begin")
    assert fields["title"] == "PROTECT Immigration Act"
    assert fields["slug"] == SLUG
    assert "H.R. 6890, 119th Congress" in browser.words
    assert fields["follows"] == "1", "the titles are the same"
    browser.post(path, {
        **fields, "does": "end 287(g) agreements", "asks": ["thank", "cosponsor", "companion"],
        "letters": list(LETTERS),
    })  # fmt: skip
    assert browser.path.startswith(f"/c/{SLUG}/organize/campaigns/")
    assert "only organizers see it" in browser.words
    files = live_files(staff.db, SLUG, {}).files
    campaign = read_campaign(SLUG, files)
    assert campaign.bill_for("house").number == "H.R. 4393"
    assert campaign.bill_for("house").introduced == date(2026, 11, 10)
    assert campaign.committees["house"].code == "HSJU"
    assert campaign.stances["J000298"].name == "sponsor"
    quigley = campaign.stances["Q000023"]
    assert (quigley.name, quigley.led) == ("earlier", True), "he is thanked for the earlier one"
    assert bill_names(campaign, quigley)[-1] == "H.R. 6890 (119th Congress)"
    assert "It follows H.R. 6890 of the 119th Congress" in campaign.about[0].text
    browser.send("/campaigns/open")
    assert browser.status == 200, browser.words[:500]
    assert campaigns_here(staff.db, "protect-immigration-act")[1].state == "open"
    with app.test_client() as anyone:
        page = anyone.get(f"/c/{SLUG}/").text
    assert "PROTECT Immigration Act" in page
    assert "H.R. 6890" not in page


def test_a_number_in_any_spelling_must_match_the_files_bill(
    browser: Browser,
) -> None:
    for typed in ("HR 4393", "h.r.4393", "House Bill 4393", "HR-4393", ""):
        begin(browser, typed, official())
        assert browser.title == "H.R. 4393 (120th Congress)", typed
    begin(browser, "HR 4394", official())
    assert "The file is about H.R. 4393" in browser.words
    for typed in ("the library bill", "HR 0"):
        begin(browser, typed)
        assert "Enter the number of a bill" in browser.words
    begin(browser, "", b"<html></html>")
    assert browser.status == 422


def test_without_a_file_the_rest_must_be_typed(browser: Browser, staff: Office) -> None:
    begin(browser, "S. 21", congress="118")
    assert "Enter the number of its Congress, 119 or later." in browser.words
    begin(browser, "S. 21", congress="120th")
    path, fields = browser.form("/campaigns/begin")
    browser.post(path, {**fields, "letters": []})
    assert "Enter its title" in browser.words
    assert "Choose at least one letter" in browser.words
    browser.post(path, {
        **fields, "title": "Library Cards Act", "does": "end fees for library cards",
        "slug": "library-cards", "asks": ["cosponsor"], "letters": ["own-words"],
    })  # fmt: skip
    campaign = read_campaign("library-cards", live_files(staff.db, "library-cards", {}).files)
    assert campaign.bill_for("senate").number == "S. 21"
    assert campaign.bill_for("house").number is None
    assert not campaign.related
    text = live_files(staff.db, "library-cards", {}).files["campaign.toml"]
    assert parts_to_translate(text) == {("facts", "does"): 1}, "the Spanish is still to be written"


def test_a_campaigns_name_cannot_be_taken_twice(browser: Browser) -> None:
    for expected in (200, 409):
        begin(browser, "S. 21", congress="120")
        path, fields = browser.form("/campaigns/begin")
        browser.post(path, {
            **fields, "title": "Library Cards Act", "does": "end fees", "slug": "cards",
            "asks": ["cosponsor"], "letters": ["own-words"],
        })  # fmt: skip
        assert browser.status == expected


def test_changing_a_signed_bill_links_to_the_next_campaign(
    browser: Browser, staff: Office, app: Flask
) -> None:
    from app.records.signing import sign
    from tests.records.build import signature

    sign(staff.db, signature("ada"), b"s" * 32)
    browser.get("/organize/campaign/bill")
    path, fields = browser.form("/campaign/bill")
    browser.post(path, {**fields, "bills-house-number": "H.R. 4393"})
    assert browser.status == 422
    links = [a.get("href") or "" for a in browser.page.all("a")]
    assert "/organize/campaigns/new" in links


def test_who_backed_the_senate_companion_is_not_thanked_for_the_house_bill(
    app: Flask, browser: Browser, staff: Office
) -> None:
    text = read_files(ROOT / "letters" / FIRST)["campaign.toml"]
    both = edit.set_fields(text, {"bills.senate.number": "S. 567"})
    assert isinstance(both, str)
    with app.test_request_context("/"):
        site = services()
        lists = site.live.folder["cosponsors.csv"]
        publish_texts(staff.by("Rosa"), FIRST, {
            "campaign.toml": both,
            "cosponsors.csv": f"{lists}W000817,Elizabeth Warren,current,cosponsor,2026-05-01\n",
        }, folder=site.live.folder, seen=0)  # fmt: skip
    begin(browser, "", official())
    browser.send("/campaigns/begin", does="end 287(g) agreements", follows="1")
    files = live_files(staff.db, SLUG, {}).files
    lines = files["cosponsors.csv"].split("\n")
    assert "W000817,Elizabeth Warren,s567-119,cosponsor,2026-05-01" in lines
    assert "Q000023,Mike Quigley,hr6890-119,sponsor,2025-12-18" in lines
    related = read_campaign(SLUG, files).related
    assert [bill.number for bill in related.values()][-2:] == ["S. 567", "H.R. 6890"]


@pytest.mark.parametrize("kind", list(KINDS))
@pytest.mark.parametrize(
    "asks", [("thank", "cosponsor", "companion", "oversight"), ("oppose",), ()]
)
def test_every_new_campaign_passes_its_check(kind: str, asks: tuple[AskKind, ...]) -> None:
    new = NewCampaign(
        kind=kind, number=21, congress=120, title="Library Cards Act",
        does="end fees for library cards", as_of=date(2027, 2, 1), asks=asks,
        letters=letters_for(kind),
        committee=("HSJU" if kind[0] == "h" else "SSJU", "Judiciary Committee"),
        backings=(SPONSOR,),
        topic="Arts, Culture, Religion",
    )  # fmt: skip
    campaign = read_campaign("cards", initial_files(new))
    assert {ask.id for ask in campaign.asks} & set(ASKS["oppose"]) == (
        set(ASKS["oppose"]) if "oppose" in asks else set()
    )
    assert (campaign.position == "against") == ("oppose" in asks)
    assert campaign.topic == "Arts, Culture, Religion"
    report = check_campaign(campaign, Few.of(load_tables()).holders)
    assert report.ok, [str(problem) for problem in report.problems]


@pytest.mark.parametrize(
    ("kind", "typed", "printed", "page"),
    [
        ("hres", "house resolution 21", "H.Res. 21", "house-resolution"),
        ("sres", "S Res 21", "S.Res. 21", "senate-resolution"),
        ("hjres", "H. J. Res. 21", "H.J.Res. 21", "house-joint-resolution"),
        ("sjres", "sjres21", "S.J.Res. 21", "senate-joint-resolution"),
        ("hconres", "House Concurrent Resolution 21", "H.Con.Res. 21",
         "house-concurrent-resolution"),
        ("sconres", "s.con.res.21", "S.Con.Res. 21", "senate-concurrent-resolution"),
    ],
)  # fmt: skip
def test_a_resolution_is_called_a_resolution_in_all_its_texts(
    app: Flask, browser: Browser, staff: Office, *, kind: str, typed: str, printed: str, page: str
) -> None:
    begin(browser, typed, status_xml([SPONSOR], number="21", kind=kind.upper(), congress="120"))
    assert "a resolution to" in browser.words
    assert ("A plain law" in browser.words) == ("j" in kind), "the others can be no law"
    path, fields = browser.form("/campaigns/begin")
    browser.post(path, {
        **fields, "title": "Library Cards Resolution", "does": "praise libraries.",
        "does_es": "elogiar a las bibliotecas", "slug": "cards",
        "asks": ["thank", "cosponsor", "companion", "oversight"],
        "letters": list(letters_for(kind)),
    })  # fmt: skip
    files = live_files(staff.db, "cards", {}).files
    campaign = read_campaign("cards", files)
    assert campaign.main_bill.number == printed
    assert campaign.facts["does"].text == "praise libraries", "it stands inside sentences"
    assert campaign.facts["does"].url.endswith(f"/120th-congress/{page}/21")
    for name, text in files.items():
        if name.endswith(".csv"):
            continue  # a column is named bill
        assert not re.search(r"(?<!gov/)\bbill\b|proyecto\s+de\s+ley", text, re.IGNORECASE), name
    assert not parts_to_translate(files["campaign.toml"])
    for name in letters_for(kind):
        for length in ("", ".short"):
            pairs = pairs_of(files[f"{name}{length}.txt"], files[f"{name}{length}.es.txt"])
            assert {pair.state for pair in pairs} == {"current"}
    browser.send("/campaigns/open")
    for prefix, words in (("", "About the resolution"), ("/es", "Sobre el proyecto de resolución")):
        with app.test_client() as anyone:
            for path in ("/", "/about-the-bill", "/find"):
                page_text = anyone.get(f"/c/cards{prefix}{path}").text
                assert words in page_text
                assert not re.search(
                    r"\bbills?\b|proyecto de ley",
                    page_text.replace("about-the-bill", "")
                    .replace("gov/bill", "")
                    .replace('"bill"', ""),
                )
    languages: tuple[tuple[Language, str], ...] = (
        ("en", "this resolution."), ("es", "este proyecto de resolución."),
    )  # fmt: skip
    for language, words in languages:
        link = Link("https://letters.example.org/", "letters.example.org")
        (sheet,) = pages(signup_pdf(campaign, group="G", link=link, when=date(2027, 2, 1),
                                    language=language))  # fmt: skip
        assert words in " ".join(sheet.split())
    with_number = {"en": f"{printed}, the Library", "es": f"el proyecto de resolución {printed} ("}
    assert with_number == {
        one: bill_name(printed, "Library", printed, one)[: len(with_number[one])]
        for one, _words in languages
    }


@pytest.mark.parametrize(
    ("prefix", "heading", "wrong"),
    [
        ("", "What pages say about the resolution", r"\bbills?\b(?! or resolution)"),
        ("/es", "Qué dicen las páginas sobre el proyecto de resolución", r"proyectos? de ley"),
    ],
)
def test_the_form_of_a_resolutions_campaign_calls_it_a_resolution(
    browser: Browser, prefix: str, heading: str, wrong: str
) -> None:
    begin(browser, "S.Res. 21", status_xml([SPONSOR], number="21", kind="SRES", congress="120"))
    path, fields = browser.form("/campaigns/begin")
    browser.post(path, {
        **fields, "title": "Library Cards Resolution", "does": "praise libraries", "slug": "cards",
        "asks": ["thank", "cosponsor"], "letters": list(letters_for("sres")),
    })  # fmt: skip
    pages = (
        "", *(f"campaign/{name}" for name in (*SECTIONS, *LISTS)),
        *(f"campaign/{name}/new" for name in LISTS), "campaign/related", "cosponsors/",
        "cosponsors/import", "cosponsors/add/J000298", "counts/members", "offices",
        "letters/new",
    )  # fmt: skip
    for page in pages:
        browser.get(f"/c/cards{prefix}/organize/{page}")
        assert browser.status == 200, page
        said = browser.words.replace("Bill Status", "")
        assert not (found := re.search(f".{{0,40}}({wrong})", said)), (page, found)
    browser.get(f"/c/cards{prefix}/organize/campaign/pages")
    assert heading in browser.words


def test_an_amendments_file_is_refused_with_its_reason(browser: Browser) -> None:
    for data in (
        status_xml([SPONSOR], kind="HAMDT"),
        b"<billStatus><amendment><number>5</number></amendment></billStatus>",
        b"<amendment><number>5</number></amendment>",
    ):
        begin(browser, "", data)
        assert browser.status == 422
        assert "This file is about an amendment." in browser.words
    found = read_bill_json(b'{"amendment": {"number": "5", "type": "SAMDT"}}')
    assert isinstance(found, Unusable)
    assert found.what.code == "status-amendment"


def test_an_old_bill_is_not_attributed_to_the_last_congress() -> None:
    new = NewCampaign(
        kind="hr", number=21, congress=117, title="Library Cards Act", does="end fees",
        as_of=date(2022, 12, 1), asks=("cosponsor", "oppose"), letters=LETTERS,
    )  # fmt: skip
    campaign, today = read_campaign("cards", initial_files(new)), date(2026, 11, 30)
    tables = load_tables()
    holder, home = tables.holder("CA-12"), tables.delegation("CA", 12)
    assert holder
    assert home
    ana = Writer(first="Ana")
    person = Composer(campaign, writer=ana, district_place=home, story="", today=today)
    languages: tuple[tuple[Language, str], ...] = (
        ("en", "117th Congress"),
        ("es", "117.º Congreso"),
    )
    for language, congress in languages:
        said = [page_words(campaign, today, language).lede]
        said += [
            body_text(person.letter(template, holder, language=language))
            for template in campaign.templates.values()
        ]
        assert len(said) == 7
        for text in said:
            assert congress in text
            assert "last Congress" not in text
            assert "anterior" not in text
    for note in (campaign.time_notes["expired"], campaign.time_notes["expired_es"]):
        assert "{{ congress }}" in note


def test_the_example_campaign_passes_its_check() -> None:
    shipped = load_campaign(ROOT / "letters" / "thank-the-cosponsors")
    report = check_campaign(shipped, Few.of(load_tables()).holders)
    assert not report.problems, [str(problem) for problem in report.problems]
    assert {ask.id for ask in shipped.asks} >= set(ASKS["thank"])


def test_the_check_finds_leftover_mentions_of_another_bill() -> None:
    new = NewCampaign(
        kind="hr", number=21, congress=120, title="Library Cards Act", does="end fees",
        as_of=date(2027, 2, 1), asks=("cosponsor",), letters=("own-words",),
    )  # fmt: skip
    files = initial_files(new)
    left = files["campaign.toml"].replace(
        "in your own words:", "as for h.r.6890, in your words:", 1
    )
    campaign = read_campaign("cards", {**files, "campaign.toml": left})
    (found,) = check_campaign(campaign, Few.of(load_tables()).holders).problems
    assert (found.level, found.file) == ("must", "campaign.toml")
    assert "h.r.6890" in found.sentence


@pytest.mark.parametrize("prefix", ["", "/es"])
def test_moving_the_start_page_says_which_embedded_addresses_change(
    browser: Browser, staff: Office, prefix: str
) -> None:
    files = read_files(ROOT / "letters" / "thank-the-cosponsors")
    begin_campaign(staff.by("Ana"), "thanks", files, first=FIRST)
    browser.get(f"{prefix}/organize/campaigns/")
    assert "/counts.json" not in browser.words, "nothing can move here"
    move(staff.by("Ana"), "thanks", "open", first=FIRST)
    browser.get(f"/c/thanks{prefix}/organize/campaigns/")
    assert browser.form("/campaigns/start-page")
    assert "(/counter, /counts.json" in browser.words
    assert f" /c/{FIRST}{prefix}/." in browser.words
