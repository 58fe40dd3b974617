"""What pages say about the bill; every sentence of it comes from the campaign's own folder.

``page_words`` renders the texts of ``campaign.toml`` for a day and a language; no template or
module of the site names a bill. ``facts_in`` tells which facts a letter states.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from app.campaign.entities import Bill, Campaign, Fact
from app.campaign.language import compiled
from app.campaign.values import Values, page_values
from app.campaign.words import Language, bill_key, frame_paragraphs, one_line, ordinal, said

_ITEM = re.compile(r"- +")


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, or a list with one item per line."""

    lines: tuple[str, ...]
    listed: bool


@dataclass(frozen=True, slots=True)
class AboutSection:
    """One part of the page about the bill."""

    heading: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class PageBar:
    """One bar of the chart on the start page."""

    number: int
    label: str


@dataclass(frozen=True, slots=True)
class PageWords:
    """The texts of pages, ready to print. A text that the campaign lacks is empty."""

    name: str
    """The campaign's name."""
    title: str
    headline: str
    lede: str
    summary: tuple[str, ...]
    """The bill in a few plain words, as paragraphs."""
    stands: tuple[str, ...]
    """Where the bill stands, as paragraphs; nothing about the calendar."""
    share: str
    """What a person says when sharing the site; a link follows."""
    figures: str
    """The heading of the chart."""
    bars: tuple[PageBar, ...]
    about: tuple[AboutSection, ...]


def page_words(campaign: Campaign, today: date, language: Language) -> PageWords:
    """What pages say about the bill on ``today``.

    A text without a translation falls back to English; a missing title, headline or share text
    falls back to the campaign's name.
    """
    values = page_values(campaign, today, language)
    end = "_es" if language == "es" else ""
    name = said(campaign, "title", language)

    def text(key: str) -> str:
        source = campaign.pages.get(key + end) or campaign.pages.get(key, "")
        return _rendered(campaign, source, values)

    def either(part: object, key: str) -> str:
        return said(part, key, language) or said(part, key, "en")

    return PageWords(
        name=name,
        title=one_line(text("title")) or name,
        headline=one_line(text("headline")) or name,
        lede=one_line(text("lede")),
        summary=tuple(frame_paragraphs(text("summary"))),
        stands=tuple(frame_paragraphs(text("stands"))),
        share=one_line(text("share")) or name,
        figures=one_line(text("figures")),
        bars=tuple(PageBar(figure.number, either(figure, "label")) for figure in campaign.figures),
        about=tuple(
            AboutSection(
                one_line(_rendered(campaign, either(part, "heading"), values)),
                tuple(_blocks(_rendered(campaign, either(part, "text"), values))),
            )
            for part in campaign.about
        ),
    )


def facts_in(campaign: Campaign, paragraphs: Iterable[str], state: str) -> tuple[Fact, ...]:
    """The facts that a letter in either language states, in the order of ``campaign.toml``.

    A fact counts if it is printed whole. A fact named ``requires`` or ``limits`` also counts in
    the states with that policy, because letters there speak of the state's law.
    """
    text = "\n".join(paragraphs)
    policy = campaign.state_policies.get(state, "")
    return tuple(
        fact
        for fact in campaign.facts.values()
        if fact.text in text or fact.text_es in text or fact.id == policy
    )


def congress_gov(bill: Bill) -> str:
    """The URL of the bill's page at congress.gov; empty if its number is not known.

    It looks like https://www.congress.gov/bill/119th-congress/house-bill/1, with
    ``senate-joint-resolution`` and so on for other kinds.
    """
    key = bill_key(bill.number)
    if key is None:
        return ""
    kind, number = key
    what = next(words for end, words in _PAGES.items() if kind.endswith(end))
    return (
        f"https://www.congress.gov/bill/{ordinal(bill.congress)}-congress/"
        f"{bill.chamber}-{what}/{number}"
    )


_PAGES = {
    "conres": "concurrent-resolution", "jres": "joint-resolution", "res": "resolution", "": "bill",
}  # fmt: skip


def _rendered(campaign: Campaign, text: str, values: Values) -> str:
    if "{" not in text:
        return text
    return compiled(text, tuple(campaign.facts), "page").render(values)


def _blocks(text: str) -> Iterable[Block]:
    for paragraph in re.split(r"\n(?:[ \t]*\n)+", text.strip()):
        lines = [line.strip() for line in paragraph.split("\n") if line.strip()]
        if lines and all(_ITEM.match(line) for line in lines):
            yield Block(tuple(_ITEM.sub("", line, count=1) for line in lines), listed=True)
        elif lines:
            yield Block((one_line(paragraph),), listed=False)
