"""What a composed text must not say, sentence by sentence and as a whole.

The checks know one recipient and moment (``Situation``) and say why, with the sentence that
causes it. They never change a text and never block a resident.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from app.campaign.model import Campaign, Length, StageName
from app.campaign.patterns import compile_claim
from app.campaign.problems import Level
from app.campaign.reading import reading_grade, sentences
from app.campaign.words import Language
from app.congress.model import Chamber

LIMITS: dict[Length, int] = {"full": 1_500, "short": 450}
"""Characters of the frame with its ask, a line break counted as two, as offices do."""
GRADE = 10.0
"""The highest school grade that a letter should need."""

BLANK_OPEN, BLANK_CLOSE = "⟦", "⟧"

_NUMBER = re.compile(
    r"(?<!U\.)\b(H\. ?R\.|HR|H\. ?Res\.|S\. ?Res\.|S\.|(?:House|Senate) [Bb]ill|S(?= ?\d{2}))"
    r" ?(?:[Nn]o\. ?)?(\d+|_+)"
)
_PAST = re.compile(
    r"\b(was|were|had|expired|died|ended|led|leading|introduced|introducing|cosponsored|"
    r"cosponsoring|supported|last Congress|would have)\b",
    re.IGNORECASE,
)
_PRESENT = re.compile(
    r"\b(is|has|remains|needs|ends|asks|waits|now|would(?! have))\b|"
    r"\b(cosponsor|support|pass|join|back|vote for|read) (the )?(H\. ?R\.|S\.|bill\b)",
    re.IGNORECASE,
)
_NOTHING = re.compile(r"\b(None(?! of)|undefined|NaN|null)\b")
_GAP = re.compile(r"  |\s[,.;:!?](?!\.)|,,|\.\.(?!\.)|\( ?\)|“”|\bin ,")
_LINK = re.compile(
    r"https?:|www\.|\S@\w|\b[\w-]+\.(org|com|gov|net|edu|us|info|news|app|dev|link|page|site|io|ly|tv)\b"
    r"|\b[\w-]{2,}\.[a-z]{2,}/\w",
    re.IGNORECASE,
)
_VOTE = re.compile(r"\b(vote|votes|voted|voting)\b", re.IGNORECASE)
_JOIN = re.compile(
    r"\b(co-?sponsor|join|sign on to)\b[^.]{0,40}?(H\. ?R\. ?\d+|the House bill)", re.IGNORECASE
)
_COMPANION = re.compile(r"\bcompanion\b|Senate (bill|version)", re.IGNORECASE)
_ASK = re.compile(
    r"\b(I|we)(’m|'m|’d|'d| am| are| would| do| must| will)?"
    r"( (also|again|now|then|therefore|further|even|simply|only|just|once more|\w{3,}ly))* "
    r"(ask(?! (for|about|myself)\b)|asking|urge|urging|request|requesting|call on|implore|beg|"
    r"encourage|encouraging|like you to|want you to|need you to)\b|"
    r"\b(I|we) hope (that )?you (will|would|can)\b|"
    r"\b(can|could|would|will) you\b(?! be able)|"
    r"\b(my|our) (other |second |next |one )?(ask|request) (of you )?is\b|\bplease\b",
    re.IGNORECASE,
)
_AGAIN = re.compile(
    r"\b(again|return\w*|reintroduc\w+|next|new (Congress|bill|version)|like (it|the|this|that))\b",
    re.IGNORECASE,
)
_NEXT = re.compile(r"\b(next|new) Congress\b", re.IGNORECASE)
_IF = re.compile(r"\bif you (will )?(serve|return)|\b(by|or) a colleague\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Situation:
    """For whom and when a text was composed, as far as the checks care."""

    chamber: Chamber
    delegate: bool
    stage: StageName
    language: Language = "en"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a check found, with the sentence that causes it."""

    message: str
    sentence: str
    level: Level = "must"


def check_paragraph(campaign: Campaign, paragraph: str, situation: Situation) -> list[Finding]:
    """Everything wrong with one paragraph of a composed text."""
    found: list[Finding] = []
    for sentence in sentences(paragraph):
        found += _form(sentence)
        found += _numbers(campaign, sentence, situation)
        if situation.language == "en":
            found += _title(campaign, sentence, situation)
            found += _claims(campaign, sentence, situation)
    return found


def check_whole(
    body: Sequence[str], *, length: Length, has_place: bool, with_grade: bool
) -> Iterator[Finding]:
    """What only the whole frame shows: its length, its one ask, its reading grade."""
    text = "\n\n".join(body)
    count = len(text) + text.count("\n")
    if count > LIMITS[length]:
        yield Finding(
            f"The {length} form has {count:,} characters; {LIMITS[length]:,} is the most.",
            "",
            "should",
        )
    asks = [sentence for paragraph in body for sentence in _asking(paragraph)]
    if not asks:
        yield Finding("Nothing is asked: put `{{ ask }}` where the request belongs.", "", "should")
    elif len(asks) > 1:
        yield Finding("More than one thing is asked.", asks[1], "should")
    if not has_place:
        yield Finding("There is no place for a personal story: `{{ story }}`.", "", "nice")
    if with_grade and (grade := reading_grade(text)) > GRADE:
        yield Finding(
            f"The reading grade is {grade:.0f}; shorter sentences bring it to {GRADE:.0f}.",
            max((s for p in body for s in sentences(p)), key=len, default=""),
            "should",
        )


@lru_cache(maxsize=4096)
def _asking(paragraph: str) -> tuple[str, ...]:
    return tuple(sentence for sentence in sentences(paragraph) if _ASK.search(sentence))


def _form(sentence: str) -> Iterator[Finding]:
    blank = re.search(f"{BLANK_OPEN}(\\w+){BLANK_CLOSE}", sentence)
    if blank:
        name = blank[1]
        yield Finding(
            f'`{name}` is empty here; write `{{{{ {name} or "…" }}}}` or `{{% if {name} %}}`.',
            sentence,
        )
    elif _GAP.search(sentence):
        yield Finding("There is a gap, as if a word were missing.", sentence, "should")
    if _NOTHING.search(sentence):
        yield Finding("A field without a value was printed.", sentence)
    if '"' in sentence:
        yield Finding(
            "There is a straight quotation mark, which some web forms drop; use “ and ”.",
            sentence,
            "should",
        )
    if _LINK.search(sentence):
        yield Finding(
            "There is a link or web address; offices’ forms often refuse them.", sentence, "should"
        )


def _numbers(campaign: Campaign, sentence: str, situation: Situation) -> Iterator[Finding]:
    current = {bill.number for bill in campaign.bills.values() if bill.number}
    related = {bill.number for bill in campaign.related.values() if bill.number}
    opposite = {b.number for b in campaign.related.values() if b.kind == "opposes" and b.number}
    for match in _NUMBER.finditer(sentence):
        kind, digits = match[1].replace(" ", ""), match[2]
        in_words = kind.endswith("ill")
        if "Res" not in kind:
            kind = "H.R." if kind.startswith("H") else "S."
        number = f"{kind} {digits}"
        if number not in current | related:
            if in_words:  # states number their bills so: Senate Bill 8 of Texas
                continue
            chamber: Chamber = "senate" if kind.startswith("S") else "house"
            if campaign.bill_for(chamber).number is None:
                message = f"`{number}` is printed, but no {chamber.title()} bill is known."
            else:
                message = f"`{number}` is not a bill of this campaign."
            yield Finding(message, sentence)
        elif number in current | opposite and situation.stage == "expired":
            expired = _PRESENT.search(sentence) or not _PAST.search(sentence)
            if situation.language == "en" and expired:
                yield Finding(f"`{number}` has expired; name it in the past tense only.", sentence)


def _title(campaign: Campaign, sentence: str, situation: Situation) -> Iterator[Finding]:
    """The bill named by its title alone, as if it were still before Congress."""
    if situation.stage != "expired" or _PAST.search(sentence) or _AGAIN.search(sentence):
        return
    folded = sentence.casefold()
    for title in {bill.title for bill in campaign.bills.values()}:
        if title.casefold() in folded and not _NUMBER.search(sentence):
            words = folded.replace(title.casefold(), "the bill")
            if _PRESENT.search(words):
                yield Finding(f"`{title}` has expired; name it in the past tense only.", sentence)


def _claims(campaign: Campaign, sentence: str, situation: Situation) -> Iterator[Finding]:
    if situation.delegate and _VOTE.search(sentence):
        yield Finding(
            "A delegate cannot vote on the floor: ask to cosponsor and to speak.", sentence
        )
    if situation.chamber == "senate" and _JOIN.search(sentence) and not _COMPANION.search(sentence):
        yield Finding("A senator cannot cosponsor a House bill: ask for a companion.", sentence)
    if (
        situation.stage in ("pending", "last_weeks")
        and _ASK.search(sentence)
        and _NEXT.search(sentence)
        and not _IF.search(sentence)
    ):
        yield Finding(
            "Nobody knows who will return: write “if you serve in the new Congress”.",
            sentence,
            "should",
        )
    for pattern, advice in campaign.forbidden:
        claim = compile_claim(pattern)
        if not isinstance(claim, str) and claim.search(sentence[:1_000]):
            yield Finding(advice, sentence, "should")
