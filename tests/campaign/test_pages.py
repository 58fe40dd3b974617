"""What pages say about a bill comes only from its campaign's folder."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from app.campaign.entities import Campaign
from app.campaign.load import load_campaign
from app.campaign.page_words import congress_gov, facts_in, page_words
from app.campaign.values import page_values
from app.campaign.words import Language

from .conftest import EXPIRED, LAST_WEEKS, ROOT, LetterTo

WORDS = r"PROTECT Immigration|\b6890\b|287\(g\)|Quigley|\bsheriff"
"""Words of the shipped campaigns, besides the numbers and titles of their bills."""


def of_the_shipped_bills() -> re.Pattern[str]:
    """A pattern for every number and title in the campaigns of ``letters/``, however typed."""
    shipped = [load_campaign(file.parent) for file in ROOT.glob("letters/*/campaign.toml")]
    assert len(shipped) > 1
    named = [(b.number, b.title) for c in shipped for b in c.bills.values()]
    named += [(b.number, b.title) for c in shipped for b in c.related.values()]
    numbers = {re.escape(number).replace(r"\ ", r"\s?").replace(r"\.", r"\.?")
               for number, _title in named if number}  # fmt: skip
    titles = {re.escape(title) for _number, title in named}
    return re.compile("|".join([WORDS, *(rf"\b{n}\b" for n in numbers), *titles]), re.IGNORECASE)


def test_no_page_module_or_catalogue_names_a_bill() -> None:
    ours = of_the_shipped_bills()
    kinds = ("*.py", "*.html", "*.txt", "*.toml", "*.typ", "*.js", "*.svg", "*.po")
    files = [
        file
        for folder in ("app", "templates")
        for kind in kinds
        for file in (ROOT / folder).rglob(kind)
    ]
    assert len(files) > 150
    found = [
        f"{file.relative_to(ROOT)}:{number}: {line.strip()[:80]}"
        for file in files
        for number, line in enumerate(file.read_text(encoding="utf-8").split("\n"), start=1)
        if ours.search(line) and "data/" not in line
    ]
    assert found == []


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("today", [LAST_WEEKS, EXPIRED], ids=["last_weeks", "expired"])
def test_every_sentence_of_the_pages_exists_in_both_languages(
    campaign: Campaign, language: Language, today: date
) -> None:
    words = page_words(campaign, today, language)
    texts = [words.title, words.headline, words.lede, *words.summary, *words.stands, words.share]
    texts += [line for part in words.about for block in part.blocks for line in block.lines]
    assert len(texts) > 15
    assert all(text.strip() and "{" not in text for text in texts)
    other = page_words(campaign, today, "en" if language == "es" else "es")
    assert words.headline != other.headline
    assert [len(part.blocks) for part in words.about] == [len(p.blocks) for p in other.about]
    assert any(block.listed for part in words.about for block in part.blocks)


@pytest.mark.parametrize("language", ["en", "es"])
def test_no_page_claims_more_about_the_police_than_the_letters_do(
    campaign: Campaign, language: Language
) -> None:
    """Police keep their power over crimes under state and local law, not over all crimes."""
    for today in (LAST_WEEKS, EXPIRED):
        words = page_words(campaign, today, language)
        lines = [*words.summary, *(x for p in words.about for b in p.blocks for x in b.lines)]
        text = " ".join(lines)
        assert "anyone for a crime" not in text
        assert "cualquiera por un delito" not in text
        assert "full power" not in text
        assert re.search(r"state or local law|ley estatal o local", text)


PRESENT = re.compile(
    r"would (?!(?:not )?have)|\brewrites\b|does not stop|could still (?!have)"
    r"|pondría|[Tt]erminarían|[Qq]uedarían|\bCambia la\b|no impide|aún podría|\bharían\b"
)
"""Words about a bill that Congress may still pass."""


@pytest.mark.parametrize("language", ["en", "es"])
def test_after_the_end_the_pages_use_the_past_tense_for_the_bill(
    campaign: Campaign, language: Language
) -> None:
    def text(today: date) -> str:
        words = page_words(campaign, today, language)
        about = [line for part in words.about for block in part.blocks for line in block.lines]
        return " ".join((words.lede, *words.summary, words.share, *about))

    assert len(PRESENT.findall(text(LAST_WEEKS))) > 6
    assert PRESENT.findall(text(EXPIRED)) == []
    stands = " ".join(page_words(campaign, EXPIRED, "en").stands)
    assert "expired with the 119th Congress on January 3, 2027" in stands


@pytest.mark.parametrize("folder", sorted(ROOT.glob("letters/*")), ids=lambda f: f.name)
def test_the_pages_stay_true_when_another_congress_has_ended(folder: Path) -> None:
    """An archived campaign is shown for years."""
    words = page_words(load_campaign(folder), date(2029, 2, 1), "en")
    spanish = page_words(load_campaign(folder), date(2029, 2, 1), "es")
    assert "It expired with the 119th Congress." in words.lede
    assert "Venció con el 119.º Congreso." in spanish.lede


def test_a_page_follows_a_change_of_the_campaigns_bill(campaign: Campaign) -> None:
    house = replace(campaign.bills["house"], number="H.R. 4393", title="Other Act")
    other = replace(campaign, bills={**campaign.bills, "house": house})
    text = " ".join(page_words(other, LAST_WEEKS, "en").summary)
    assert "H.R. 4393 would end them." in text
    assert "6890" not in text
    assert congress_gov(house) == "https://www.congress.gov/bill/119th-congress/house-bill/4393"


def test_a_campaign_without_page_texts_shows_its_name(campaign: Campaign) -> None:
    bare = replace(campaign, pages={}, figures=(), about=())
    words = page_words(bare, LAST_WEEKS, "es")
    assert words.headline == words.title == words.share == campaign.title_es
    assert words.summary == ()
    assert words.about == ()


def test_the_fields_of_pages_have_values(campaign: Campaign) -> None:
    values = page_values(campaign, LAST_WEEKS)
    assert values["cosponsors"] == 18
    assert str(values["as_of"]) == "March 27, 2026"


def test_each_fact_of_a_letter_has_its_source(campaign: Campaign, letter_to: LetterTo) -> None:
    for seat in ("CA-12", "TX-27", "OH-4", "ID-S2"):
        for template in ("general", "public-safety", "local-budget", "faith-and-community"):
            letter = letter_to(seat, template=template)
            state = letter.holder.seat.state
            found = [fact.id for fact in facts_in(campaign, letter.body, state)]
            text = " ".join(letter.body)
            assert ("growth" in found) == ("1,415 in 40 states" in text)
            assert ("chiefs" in found) == ("63 police chiefs" in text)
            assert ("measures" in found or "gao" in found) == ("Accountability Office" in text)
            assert ("limits" in found) == (state == "CA")
            assert ("requires" in found) == (state == "TX")


def test_every_fact_has_a_dated_source_and_an_https_link(campaign: Campaign) -> None:
    facts = campaign.facts.values()
    assert {fact.id for fact in facts if not fact.url} <= {"limits"}
    assert all(re.search(r"\b20\d\d\b", fact.source) for fact in facts)
    assert all(fact.url.startswith("https://") for fact in facts if fact.url)
