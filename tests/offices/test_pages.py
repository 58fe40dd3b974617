"""The organizers' pages about offices: found by name and state, the same numbers, on paper too."""

from __future__ import annotations

import re
from importlib import import_module
from io import BytesIO

import pypdf
import pytest
from flask import Flask

from app.congress.tables import Tables
from app.records.office_numbers import office_sheets
from app.web.organizer.counts_read import meanings
from tests.offices.conftest import Signers
from tests.offices.site import Clock, Office, app, clock, site_url, staff
from tests.organizers.browser import Browser

__all__ = ["app", "clock", "site_url", "staff"]
ROOT = "/organize/offices"


@pytest.fixture
def browser(app: Flask, staff: Office, clock: Clock) -> Browser:
    return Browser(app, clock).enter(staff.add())


@pytest.fixture
def signers(staff: Office, tables: Tables) -> Signers:
    """People who sign on the site of ``browser``."""
    return Signers(staff.db, tables)


def pdf_pages(browser: Browser) -> list[str]:
    assert browser.last.mimetype == "application/pdf"
    assert "attachment" in browser.last.headers["Content-Disposition"]
    reader = pypdf.PdfReader(BytesIO(browser.last.get_data()))
    return [" ".join(page.extract_text().split()) for page in reader.pages]


def names(browser: Browser) -> list[str]:
    return [
        link.text or "" for link in browser.page.all("a")
        if f"{ROOT}/" in (link.get("href") or "") and "pdf" not in (link.get("href") or "")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("q=padilla", ["Senator Alex Padilla"]),
        ("q=SANCHEZ+california", ["Representative Linda T. Sánchez"]),
        ("q=ca-12", ["Representative Lateefah Simon"]),
        ("q=P000145", ["Senator Alex Padilla"]),
        ("q=district+14&state=CA", ["Vacant seat"]),
        ("q=&state=VT", ["Representative Becca Balint", "Senator Bernard Sanders",
                         "Senator Peter Welch"]),
        ("q=zzzz", []),
        ("q=%00%3Cb%3E", []),
    ],
)  # fmt: skip
def test_an_office_is_found_by_name_seat_or_state(
    browser: Browser, search: str, found: list[str]
) -> None:
    browser.get(f"{ROOT}?{search}")
    assert sorted(names(browser)) == sorted(found)
    if not found:
        assert "No match." in browser.words


def test_without_a_search_every_state_is_offered(browser: Browser, signers: Signers) -> None:
    signers.sign("VT", 0, 3)
    browser.get(ROOT)
    assert "Vermont3 " in browser.words
    assert len([a for a in browser.page.all("a") if "state=" in (a.get("href") or "")]) == 56


def test_page_pdf_and_list_show_the_same_numbers(browser: Browser, signers: Signers) -> None:
    """EX10, EX11"""
    signers.sign("CA", 12, 6, template="faith-and-community")
    signers.sign("CA", 11, 2)
    browser.get(f"{ROOT}/CA-12")
    assert browser.title == "Representative Lateefah Simon"
    assert "6 constituents signed" in browser.words
    assert "Faith and community: 6" in browser.words
    assert "6 constituents signed" in pdf_pages(browser.get(f"{ROOT}/CA-12.pdf"))[0].replace(
        "6 6 100 % constituents signed", "6 constituents signed"
    )
    browser.get(f"{ROOT}/P000145")
    assert browser.title == "Senator Alex Padilla"
    assert "8 constituents signed" in browser.words
    assert "8 letters" in browser.words
    browser.get(f"{ROOT}?q=padilla")
    assert "Senate, California88" in browser.words


def test_a_delegation_is_one_pdf(browser: Browser) -> None:
    pages = pdf_pages(browser.get(f"{ROOT}/state/VT.pdf"))
    assert len(pages) == 3
    assert "Becca Balint" in pages[0]


def test_a_vacant_seat_says_so(browser: Browser) -> None:
    browser.get(f"{ROOT}/CA-14")
    assert browser.title == "Vacant seat"
    assert "This seat was vacant on June 15, 2026" in browser.words
    assert "What constituents ask" not in browser.words


@pytest.mark.parametrize("path", ["CA-99", "X1", "CA-99.pdf", "state/ZZ.pdf", "%00"])
def test_unknown_offices_are_not_found(browser: Browser, path: str) -> None:
    browser.get(f"{ROOT}/{path}")
    assert browser.status == 404


def test_the_pages_are_in_spanish(browser: Browser, signers: Signers) -> None:
    signers.sign("CA", 12, 2)
    browser.get(f"/es{ROOT}/CA-12")
    assert "2 personas del distrito o estado firmaron" in browser.words
    assert "no presentó ni copatrocina el proyecto de ley H.R. 6890 (PROTECT" in browser.words
    for seat in ("NJ-S2", "TX-27"):
        browser.get(f"/es{ROOT}/{seat}")
        assert not re.search(r"Congress\b|bill|, the ", browser.words), browser.words
    browser.get(f"/es{ROOT}/CA-12")
    browser.get(f"/es{ROOT}?q=padilla")
    assert "Una oficina" in browser.words


def test_only_organizers_see_the_sheets(app: Flask, staff: Office, clock: Clock) -> None:
    stranger = Browser(app, clock)
    for path in ("", "/CA-12", "/CA-12.pdf", "/state/CA.pdf", "/all.pdf"):
        stranger.get(ROOT + path, follow=False)
        assert stranger.status == 302
        assert "/organize/login" in stranger.last.headers["Location"]


@pytest.mark.parametrize("lang", ["", "/es"])
def test_the_list_defines_its_numbers(app: Flask, browser: Browser, lang: str) -> None:
    with app.test_request_context(f"{lang}/"):
        said = meanings()
    for query, terms in (
        ("", ("signatures", "counted")),
        ("?q=ca-12", ("constituents", "letters")),
    ):
        browser.get(f"{lang}{ROOT}{query}")
        assert all(said[term].meaning in browser.words for term in terms)


def test_the_sheets_of_all_offices_are_one_file(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here for the first four, set in a separate process like all 541."""
    offices = import_module("app.web.organizer.day_sheets")
    monkeypatch.setattr(
        offices,
        "office_sheets",
        lambda db, campaign, holders, **more: office_sheets(db, campaign, holders[:4], **more),
    )
    browser.get(f"{ROOT}/all.pdf")
    assert len(pdf_pages(browser)) == 1 + 4
