"""Reading every letter to every seat at every stage before anyone signs one."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from typing import Literal, Protocol

from app.campaign.asks import AskWords, ask_words, values_for
from app.campaign.campaign_fields import ASK_TEXTS
from app.campaign.campaign_file import FILE
from app.campaign.compose import LetterFrame, make_draft
from app.campaign.language import TemplateError, compiled
from app.campaign.load import read_campaign
from app.campaign.model import STAGES, Ask, Campaign, Length, LetterTemplate, StageName, Writer
from app.campaign.patterns import compile_claim
from app.campaign.problems import Level, Message, Problem
from app.campaign.stance import moments
from app.campaign.values import Values, writer_values
from app.campaign.words import Language
from app.congress.model import Chamber, Holder

_ABBREVIATION = re.compile(
    r"\b((H\.R|[A-HJ-Z]|U\.S|D\.C|Dr|Mr|Ms|Mrs|Sen|Rep|Gov|St)\.(?=\s)|No\.(?=\s\d))"
)
_END = re.compile(r"(?<=[.!?])[”’\"')]*\s+")
_WORD = re.compile(r"[A-Za-z][A-Za-z’'-]*|\d[\d,.()\w]*")
_VOWELS = re.compile(r"[aeiouy]+")


def sentences(text: str) -> list[str]:
    """The sentences of a paragraph; ``H.R. 1234`` ends none."""
    shielded = _ABBREVIATION.sub(lambda match: match[0].replace(".", "\ufdd1"), text)
    return [part.replace("\ufdd1", ".") for part in _END.split(shielded) if part.strip()]


_sentences = lru_cache(maxsize=8192)(sentences)


def reading_grade(text: str) -> float:
    """The school grade of an English text; 0 for one without words."""
    count = len(sentences(text))
    words = _WORD.findall(text)
    if not words or not count:
        return 0.0
    syllables = sum(_syllables(word) for word in words)
    return 0.39 * len(words) / count + 11.8 * syllables / len(words) - 15.59


def _syllables(word: str) -> int:
    word = word.lower().replace("’", "").replace("'", "")
    if word[0].isdigit():
        return 1  # the formula knows no numbers; as short words they count neither way
    count = len(_VOWELS.findall(word))
    silent_e = word.endswith("e") and not word.endswith(("le", "ee", "oe", "ye"))
    silent_ending = word.endswith(("es", "ed")) and len(word) > 3 and word[-3] not in "aeiouctdsxz"
    if count > 1 and (silent_e or silent_ending):
        count -= 1
    return max(count, 1)


LIMITS: dict[Length, int] = {"full": 1_500, "short": 450}
"""Characters of the frame with its ask, a line break counted as two, as offices do."""
GRADE = 10.0
"""The highest school grade that a letter should need."""

BLANK_OPEN, BLANK_CLOSE = "⟦", "⟧"

_NUMBER = re.compile(
    r"(?<![\w’'])(?<!U\.)(?<!U\. )"
    r"(h\.?\s?r\.?|h\.?\s?res\.?|s\.?\s?res\.?|s\.|s(?=\s?\d{2})|(?:house|senate)\s(?:bill|resolution))"
    r"\s?(?:no\.?\s?)?(\d+|_+)\b",
    re.IGNORECASE,
)
"""A bill's number, however it is typed: H.R. 1234, HR1234, h. r. 1234, S 1234, House Bill 1234."""
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
_DOUBLED = re.compile(r"(?<=[^\s{}%])  +(?=[^\s{}%])")
"""Two spaces in a source. A letter prints one, but a word may have been meant between them."""
_JOINED = re.compile(r"[a-záéíóúüñ)”’%][.!?][”’]?[A-ZÁÉÍÓÚÑ¿¡“][\w’]")
"""Two sentences without a space between them; H.R. and U.S. have capitals before their stops."""
_CUT = re.compile(
    r"\b(the|a|an|and|or|which|because|than|el|las|los|un|una|del|y|o|porque)[.,;:!?]*$",
    re.IGNORECASE,
)
"""Words that no sentence ends with."""
_ENDED = re.compile(r"[.!?:…][”’\"')\]]*$")
_VERB = re.compile(
    r"\b(is|are|was|were|be|been|am|has|have|had|do|does|did|will|would|can|could|may|might|must|"
    r"shall|should|let|lets|thank|thanks|please|want|wants|ask|asks|hope|hopes|live|lives|write|"
    r"writes|wrote|believe|believes|know|knows|knew|work|works|rose|said|say|says|sign|signs|stop|"
    r"stops|call|calls|help|helps|need|needs|mean|means|meant|make|makes|made|take|takes|took|give|"
    r"gives|gave|go|goes|went|come|comes|came|see|sees|saw|think|thinks|thought|feel|feels|felt|"
    r"tell|tells|told|read|reads|keep|keeps|kept|support|supports|join|joins|end|ends|rest|rests|"
    r"belong|belongs|deserve|deserves|matter|matters|cost|costs|stay|stays|became|become|becomes|"
    r"found|lets|put|puts|held|leave|leaves|left|speak|speaks|stand|stands|stood|remain|remains|"
    r"bring|brings|brought|pay|pays|paid|lose|loses|lost|serve|serves|depend|depends|begin|begins|"
    r"began|grew|grow|grows|cosponsor|urge|urges|request|requests|allow|allows|require|requires|"
    r"fear|fears|trust|trusts|look|looks|seek|seeks|act|acts|try|tries|learn|learns|hear|hears|"
    r"\w{2,}(ed|ing|’s|’re|’ve|’ll|’d|’m|'s|'re|'ve|'ll|'d|'m|n’t|n't))\b",
    re.IGNORECASE,
)
"""A word that makes a sentence of its neighbors. Not every verb of English: what has none of
these is worth a look, not wrong."""
_NOUN = re.compile(
    r"\b(?:an?|this|each|every|one)\s+(?:[\w’]+\s+)?(?:act|call|cost|end|fear|help|hope|look|need|"
    r"request|rest|sign|stand|stop|support|trust|try|work)\b",
    re.IGNORECASE,
)
"""The same words as nouns: “a traffic stop” has no verb. A verb of one person would end in s."""
_FEWEST_WORDS = 3
_TWICE = 9
"""Words in a row that one letter says only once; the name of a bill may be shorter."""
_MONTH = re.compile(
    r"\b(?:January|February|March|April|May|June|July|August|September|October|November|December)"
    r" \d{4}\b"
)
TWO_GENDERS = re.compile(r"[a-záéíóúñ](?:\((?:a|o|as|os|es)\)|/-?(?:a|o|as|os)\b|@s?(?!\w))")
"""``senador(a)``, ``ciudadano/a``, ``tod@s``: nobody can read them aloud."""

_PLACEHOLDERS = re.compile(
    r"\[[^\]\n]{0,80}\]|\{[^}\n]{0,80}\}"  # [Your Name], {name}: letters have no such brackets
    r"|«[^»\n]{1,40}»|<<[^>\n]{1,40}>>|‹[^›\n]{1,40}›"  # «place»
    r"|\((?i:your|insert|add|fill in|choose|tu|su|inserte|escriba|ponga|elija)\b[^)\n]{0,40}\)"
    r"|\((?i:name|nombre|city|ciudad|town|state|estado|zip|date|fecha)\)"  # (your city)
    r"|%%?\w{2,30}%%?|%\(\w+\)s|\$\{?[A-Za-z_]\w+[}$]?|@{1,2}[A-Za-z_]{2,}@{1,2}"  # %%CITY%%
    r"|([*#|~!^])\|?(?:[A-Z][A-Z_]{2,}|\w+_\w+|(?i:name|nombre|city|ciudad|town|state))\|?\1"
    r"|\b[A-Z]{2,}_[A-Z_]{2,}\b|\b[Xx]{3,}\b|_{3,}|\.{4,}|(?:^|\s)…|\?{3,}"  # FIRST_NAME, XXXX
    r"|\b(?:TODO|TBD|TBA|FIXME|(?:TK)+|LOREM|PENDIENTE|PLACEHOLDER)\b|\b[Ll]orem ipsum\b"
    r"|\b(?:INSERT|ADD|YOUR|WRITE|ESCRIBA|INSERTE|POR) [A-ZÁÉÍÓÚÑ]{3,}\b|\b(?i:your? name here)\b"
    r"|\bNAME HERE\b|\b(?:your|first|last)_?name\b|\b(?:First|Last|Your)[Nn]ame\b|\bYOURNAME\b"
    r"|</?[a-zA-Z][a-zA-Z0-9]{0,9}(?:\s[^<>\n]{0,80})?/?>|<[!?%=][^>\n]{0,80}>"  # <b>, <Your Name>
    r"|&(?:[a-z]{2,8}|#\d{1,5});|\*\*[^*\n]{1,80}\*\*|^#{1,4} \w"  # &nbsp;, **bold**
)
"""What somebody meant to fill in later, or the marks of another program."""
_QUOTED = re.compile(r"“[^”]*(?:”|$)|\"[^\"]*\"")
"""Inside a quotation brackets are an editor's own: “We can [best] serve”."""
_BRACKETED_WORD = re.compile(r"\[[a-z ]{1,20}\]")
_GREETING = re.compile(
    r"^(dear|greetings|hello|hi|hey|good (morning|afternoon|day)|to whom it may concern|"
    r"the honorable|estimad[oa]s?|querid[oa]s?|hola|honorable|a quien corresponda)\b"
    r"[^.!?]{0,60}?([,:!—]|$)"
    r"|^((to )?(my |the )?(senator|representative|congress(wo)?man|delegate|commissioner)"
    r"|m(r|s|rs)\b|muy señora?|senadora?|representante|señora?)\b[^!?]{0,60}[,:—]$",
    re.IGNORECASE,
)
_CLOSING = re.compile(
    r"^((yours )?(very )?(sincerely|truly|faithfully)( yours)?|respectfully( yours| submitted)?|"
    r"((with )?(my )?(kind|best|warm|warmest) )?(regards|wishes)|cordially|cheers|"
    r"((with |in )?(thanks|gratitude|solidarity|peace|hope)|gratefully|warmly|yours|"
    r"(all the )?best|thank you( so much| very much)?|muchas gracias)(?=,)|"
    r"atentamente|cordialmente|respetuosamente|sinceramente|(un )?saludos?( cordiales)?|"
    r"con gratitud|en solidaridad|suy[oa])"
    r"\s*([,.!—]|$)(\s+\S+){0,5}$",
    re.IGNORECASE,
)
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

    what: Message
    sentence: str
    level: Level = "must"
    size: int = 0
    """How bad it is beside others of its cause."""

    @property
    def message(self) -> str:
        """What was found, in English."""
        return str(self.what)


def check_paragraph(campaign: Campaign, paragraph: str, situation: Situation) -> list[Finding]:
    """Everything wrong with one paragraph of a composed text."""
    return [
        finding
        for sentence in sentences(paragraph)
        for finding in _check_sentence(campaign, sentence, situation)
    ]


def _check_sentence(campaign: Campaign, sentence: str, situation: Situation) -> list[Finding]:
    found = [*_unfinished(sentence), *_form(sentence), *_numbers(campaign, sentence, situation)]
    if situation.language == "en":
        found += _title(campaign, sentence, situation)
        found += _claims(campaign, sentence, situation)
    elif TWO_GENDERS.search(sentence):
        found.append(Finding(Message.of("two-genders"), sentence, "should"))
    return found


def check_whole(
    draft: LetterFrame, *, length: Length, room: int | None, has_short: bool, with_grade: bool
) -> Iterator[Finding]:
    """What only the whole letter shows: its length, its one ask, its reading grade.

    ``room`` is the hard limit of the office's web form, None where none is known; ``has_short``
    says whether a shorter form can be sent instead.
    """
    body, ask = draft.frame, draft.words.text
    text = "\n\n".join(body)
    count = len(text) + text.count("\n")
    most = LIMITS[length]
    if room is not None and count > room and not has_short:
        yield Finding(
            Message.of("office-limit", number=f"{count:,}", most=f"{room:,}"), "", size=count - room
        )
    elif count > most:
        what = Message.of("form-long", length=length, number=f"{count:,}", most=f"{most:,}")
        yield Finding(what, "", "should", size=count)
    if not ask or ask not in text:
        yield Finding(Message.of("no-ask"), "")
    asks = [sentence for paragraph in body for sentence in _asking(paragraph)]
    if len(asks) > 1:
        # The campaign's own request is the one that belongs here: name the other.
        others = [sentence for sentence in asks if sentence not in ask] or asks[1:]
        yield Finding(Message.of("asks-more"), others[0], "should")
    for paragraph in body:
        if _GREETING.match(paragraph):
            yield Finding(Message.of("greeting"), sentences(paragraph)[0])
        elif any(_CLOSING.match(sentence) for sentence in _sentences(paragraph)[-2:]):
            yield Finding(Message.of("closing"), paragraph[-120:])
        if not _ENDED.search(paragraph):
            yield Finding(Message.of("not-ended"), sentences(paragraph)[-1], "should")
    yield from _repeated(body)
    if not draft.has_place:
        yield Finding(Message.of("no-story"), "", "nice")
    if with_grade and (grade := reading_grade(text)) > GRADE:
        own = [s for p in body for s in sentences(p) if s not in ask] or [""]
        yield Finding(
            Message.of("grade", grade=f"{_up(grade):.1f}", most=f"{GRADE:.1f}"),
            max(own, key=len),
            "should",
            size=round(grade * 1000),
        )


def _up(grade: float) -> float:
    """Rounded up to a tenth, so that a grade above the limit never reads like the limit."""
    return math.ceil(grade * 10) / 10


def _repeated(body: Iterable[str]) -> Iterator[Finding]:
    """The same words, or in one paragraph the same month, a second time."""
    known: set[tuple[str, ...]] = set()
    for paragraph in body:
        runs = _runs(paragraph)
        if len(runs) > len(set(runs)) or not known.isdisjoint(runs):
            again = next(run for place, run in enumerate(runs) if run in {*known, *runs[:place]})
            yield Finding(Message.of("said-twice", words=" ".join(again)), paragraph, "should")
        known.update(runs)
        months = _MONTH.findall(paragraph)
        if twice := next((month for month in months if months.count(month) > 1), ""):
            yield Finding(Message.of("said-twice", words=twice), paragraph, "nice")


@lru_cache(maxsize=4096)
def _runs(paragraph: str) -> tuple[tuple[str, ...], ...]:
    words = _WORD.findall(paragraph.casefold())
    return tuple(zip(*(words[start:] for start in range(_TWICE)), strict=False))


def _unfinished(sentence: str) -> Iterator[Finding]:
    plain = _QUOTED.sub(lambda quoted: _BRACKETED_WORD.sub("", quoted[0]), sentence)
    match = _PLACEHOLDERS.search(plain)
    if match:
        yield Finding(Message.of("placeholder", words=match[0].strip()), sentence)


@lru_cache(maxsize=4096)
def _asking(paragraph: str) -> tuple[str, ...]:
    return tuple(sentence for sentence in _sentences(paragraph) if _ASK.search(sentence))


def _form(sentence: str) -> Iterator[Finding]:
    blank = re.search(f"{BLANK_OPEN}(\\w+){BLANK_CLOSE}", sentence)
    if blank:
        name = blank[1]
        yield Finding(
            Message.of("blank", name=name, a=f'{{{{ {name} or "…" }}}}', b=f"{{% if {name} %}}"),
            sentence,
        )
    elif _GAP.search(sentence):
        yield Finding(Message.of("gap"), sentence, "should")
    if joined := _JOINED.search(sentence):
        around = sentence[max(0, joined.start() - 20) : joined.end() + 20]
        yield Finding(Message.of("joined", words=joined[0]), around, "should")
    if _CUT.search(sentence):
        yield Finding(Message.of("cut"), sentence, "should")
    if _NOTHING.search(sentence):
        yield Finding(Message.of("nothing-printed"), sentence)
    if '"' in sentence:
        yield Finding(Message.of("straight-quote"), sentence, "should")
    if _LINK.search(sentence):
        yield Finding(Message.of("link"), sentence, "should")


def _numbers(campaign: Campaign, sentence: str, situation: Situation) -> Iterator[Finding]:
    yield from _other_bills(campaign, sentence)
    current = {bill.number for bill in campaign.bills.values() if bill.number}
    opposite = {b.number for b in campaign.related.values() if b.kind == "opposes" and b.number}
    if situation.stage != "expired" or situation.language != "en":
        return
    for number, _in_words in _named(sentence):
        expired = _PRESENT.search(sentence) or not _PAST.search(sentence)
        if number in current | opposite and expired:
            yield Finding(Message.of("expired", number=number), sentence)


def _named(sentence: str) -> Iterator[tuple[str, bool]]:
    """The bills that a sentence names, as printed, and whether in words: ``House Bill 8``."""
    for match in _NUMBER.finditer(sentence):
        typed, digits = re.sub(r"[\s.]", "", match[1]).lower(), match[2]
        kind = "H.R." if typed.startswith("h") else "S."
        if "res" in typed:
            kind = "H.Res." if typed.startswith("h") else "S.Res."
        yield f"{kind} {digits}", typed.endswith("bill")


def _other_bills(campaign: Campaign, sentence: str) -> Iterator[Finding]:
    """A number of a bill that is neither the campaign's nor one of those that it names."""
    known = {bill.number for bill in campaign.bills.values()}
    known |= {bill.number for bill in campaign.related.values()}
    for number, in_words in _named(sentence):
        if number in known or in_words:  # states number their bills so: Senate Bill 8 of Texas
            continue
        chamber: Chamber = "senate" if number.startswith("S") else "house"
        if campaign.bill_for(chamber).number is None:
            what = Message.of("no-bill-known", number=number, chamber=chamber.title())
        else:
            what = Message.of("other-bill", number=number)
        yield Finding(what, sentence)


def _title(campaign: Campaign, sentence: str, situation: Situation) -> Iterator[Finding]:
    """The bill named by its title alone, as if it were still before Congress."""
    if situation.stage != "expired" or _PAST.search(sentence) or _AGAIN.search(sentence):
        return
    folded = sentence.casefold()
    for title in {bill.title for bill in campaign.bills.values()}:
        if title.casefold() in folded and not _NUMBER.search(sentence):
            words = folded.replace(title.casefold(), "the bill")
            if _PRESENT.search(words):
                yield Finding(Message.of("expired", number=title), sentence)


def _claims(campaign: Campaign, sentence: str, situation: Situation) -> Iterator[Finding]:
    if len(sentence.split()) >= _FEWEST_WORDS and not _VERB.search(_NOUN.sub("", sentence)):
        yield Finding(Message.of("no-verb"), sentence, "nice")
    if situation.delegate and _VOTE.search(sentence):
        yield Finding(Message.of("delegate-vote"), sentence)
    if situation.chamber == "senate" and _JOIN.search(sentence) and not _COMPANION.search(sentence):
        yield Finding(Message.of("senator-house-bill"), sentence)
    if (
        situation.stage in ("pending", "last_weeks")
        and _ASK.search(sentence)
        and _NEXT.search(sentence)
        and not _IF.search(sentence)
    ):
        yield Finding(Message.of("who-returns"), sentence, "should")
    for pattern, advice in campaign.forbidden:
        claim = compile_claim(pattern)
        if not isinstance(claim, Message) and claim.search(sentence[:1_000]):
            yield Finding(Message.of("advice", text=advice), sentence, "should")


_TAGS = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)


def _same_lines(tag: re.Match[str]) -> str:
    """A tag taken out of a text without moving its lines."""
    return "\n" * tag[0].count("\n")


SAMPLE_WRITER = Writer(first="Ana", city="Rancho Santa Margarita")
"""A city with a long name, so that the length is measured on the long side."""
LANGUAGES: tuple[Language, ...] = ("en", "es")
_LEVELS: tuple[Level, ...] = ("must", "should", "nice")
_SMALL_WORDS = 3


class Seats(Protocol):
    """What the check needs of the tables of Congress."""

    @property
    def holders(self) -> tuple[Holder, ...]: ...


@dataclass(frozen=True, slots=True)
class Report:
    """What a check read and found. ``problems`` begins with what must be put right."""

    seats: int
    templates: int
    stages: int
    letters: int
    problems: tuple[Problem, ...]

    @property
    def ok(self) -> bool:
        """Nothing that must or should be put right; a hint alone is no reason to fail."""
        return all(problem.level == "nice" for problem in self.problems)

    @property
    def summary(self) -> str:
        """``541 seats, 8 templates, 3 stages: ok``, or how many problems."""
        read = f"{self.seats} seats, {self.templates} templates, {self.stages} stages"
        count = sum(1 for problem in self.problems if problem.level != "nice")
        found = f"{count} problem" if count == 1 else f"{count} problems"
        return f"{read}: {'ok' if self.ok else found}"


class Blank(str):
    """An empty field that shows itself where it is printed; in tests it is still empty."""

    __slots__ = ("name",)
    name: str

    @classmethod
    def of(cls, name: str) -> Blank:
        blank = cls("")
        blank.name = name
        return blank

    def __str__(self) -> str:
        return f"{BLANK_OPEN}{self.name}{BLANK_CLOSE}"


def check_campaign(
    campaign: Campaign,
    tables: Seats,
    *,
    templates: Iterable[LetterTemplate] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Compose every template for every seat at every stage, reading aid too, and check it.

    ``templates`` defaults to all of the campaign's; give one to check a draft. ``progress`` is
    called with seats done and seats in all. Vacant seats count and need no letter.
    """
    steps = check_steps(campaign, tables, templates=templates)
    while True:
        try:
            done = next(steps)
        except StopIteration as end:
            report: Report = end.value
            return report
        if progress is not None:
            progress(done, len(tables.holders))


def check_steps(
    campaign: Campaign, tables: Seats, *, templates: Iterable[LetterTemplate] | None = None
) -> Generator[int, None, Report]:
    """The same step by step: gives the number of seats done after each."""
    chosen = tuple(campaign.templates.values() if templates is None else templates)
    checker = _Checker(campaign)
    for template in chosen:
        checker.source(template)
    if templates is None:
        checker.pages()
    holders = tables.holders
    for done, holder in enumerate(holders, start=1):
        if holder.member is not None:
            checker.read(holder, chosen)
        yield done
    return Report(len(holders), len(chosen), len(STAGES), checker.letters, checker.problems())


STEP = 20
"""Seats between two signs of life of a check that is done apart."""


@dataclass(frozen=True, slots=True)
class SomeSeats:
    """Some seats in place of the tables."""

    holders: tuple[Holder, ...]


def check_apart(
    slug: str, texts: tuple[tuple[str, str], ...], letter_id: str, holders: tuple[Holder, ...]
) -> Iterator[int | Report]:
    """The check for a process of its own, which this module alone must be enough for: the seats
    done so far, again and again, then the ``Report``. ``letter_id`` empty means every letter.
    Raises ``CampaignError`` where the texts cannot be read."""
    campaign = read_campaign(slug, dict(texts))
    chosen = [t for t in campaign.templates.values() if t.id == letter_id] if letter_id else None
    steps = check_steps(campaign, SomeSeats(holders), templates=chosen)
    while True:
        try:
            done = next(steps)
        except StopIteration as end:
            yield end.value
            return
        if done % STEP == 0:
            yield done


def _languages(template: LetterTemplate) -> tuple[Language, ...]:
    return LANGUAGES if template.reading_aid_es else LANGUAGES[:1]


class _Checker:
    def __init__(self, campaign: Campaign) -> None:
        self.campaign = campaign
        self.letters = 0
        self._short = {id_ for id_, length in campaign.templates if length == "short"}
        self._moments = moments(campaign)
        self._read: dict[tuple[str, Situation], list[Finding]] = {}
        self._letters: dict[tuple[object, ...], _Read] = {}
        self._used: dict[tuple[str, Language], tuple[str, ...]] = {}
        self._graded: set[tuple[str, int, str]] = set()
        self._causes: dict[_CauseKey, _Cause] = {}

    def source(self, template: LetterTemplate) -> None:
        """Look for what was never filled in, also where no recipient of today gets it."""
        name, aid = template.source_name, template.reading_aid_source
        texts = [
            (name, 1, text)
            for text in (template.title, template.title_es, template.about, template.about_es)
        ]
        texts += [
            (name, 1, _TAGS.sub("", template.subject)),
            (name, 1, template.spoken),
            (name, template.first_body_line, _TAGS.sub(_same_lines, template.body)),
            (aid, template.first_reading_aid_line, _TAGS.sub(_same_lines, template.reading_aid_es)),
        ]
        for file, first, text in texts:
            for offset, line in enumerate(text.split("\n")):
                for finding in _unfinished(line):
                    key = (file, first + offset, finding.what.code, "")
                    problem = Problem(file, first + offset, finding.what, line.strip())
                    self._causes.setdefault(key, _Cause(worst=problem))
        for file, first, text in (
            (name, template.first_body_line, template.body),
            (aid, template.first_reading_aid_line, template.reading_aid_es),
        ):
            for offset, line in enumerate(text.split("\n")):
                if _DOUBLED.search(line):
                    what, number = Message.of("gap"), first + offset
                    problem = Problem(file, number, what, line.strip(), level="nice")
                    self._causes.setdefault((file, number, "gap", ""), _Cause(worst=problem))

    def pages(self) -> None:
        """Look in what the campaign says on pages and by telephone, and asks of anybody, for what
        was never filled in and for a bill that is not its own."""
        campaign = self.campaign
        texts = [(f"pages.{key}", text) for key, text in campaign.pages.items()]
        texts += [(f"telephone.{key}", text) for key, text in campaign.telephone.items()]
        for place, part in enumerate(campaign.about):
            texts += [
                (f"about.{place}.{key}", getattr(part, key))
                for key in ("heading", "heading_es", "text", "text_es")
            ]
        for ask in campaign.asks:
            texts += [
                (f"asks.{ask.id}.{key}{end}", getattr(ask, key + end))
                for key in ASK_TEXTS for end in ("", "_es")
            ]  # fmt: skip
        for path, text in texts:
            for offset, line in enumerate(_TAGS.sub(_same_lines, text).split("\n")):
                sentence = line.strip()
                for finding in (*_unfinished(sentence), *_other_bills(campaign, sentence)):
                    where = campaign.lines.get(path, 1) + offset
                    key = (FILE, where, finding.what.code, sentence)
                    problem = Problem(FILE, where, finding.what, sentence)
                    self._causes.setdefault(key, _Cause(worst=problem))

    def read(self, holder: Holder, templates: tuple[LetterTemplate, ...]) -> None:
        """Compose and check every template to one member, at every moment."""
        for moment, (_, today) in enumerate(self._moments):
            known: dict[tuple[Length, Language], tuple[Values, AskWords]] = {}
            for template in templates:
                mine = {}
                for language in _languages(template):
                    key = (template.length, language)
                    if key not in known:
                        known[key] = self.values(holder, today, *key)
                    mine[language] = known[key]
                self.letter(holder, template, mine, moment)

    def values(
        self, holder: Holder, today: date, length: Length, language: Language
    ) -> tuple[Values, AskWords]:
        values = values_for(self.campaign, holder, today=today, length=length, language=language)
        values.update(writer_values(SAMPLE_WRITER, holder.seat.state, language))
        for name, value in values.items():
            if value == "":
                values[name] = Blank.of(name)
        return values, ask_words(self.campaign, values, length, language)

    def letter(
        self,
        holder: Holder,
        template: LetterTemplate,
        known: Mapping[Language, tuple[Values, AskWords]],
        moment: int,
    ) -> None:
        """Check one letter. The same words to hundreds of members are composed and read once."""
        stage, today = self._moments[moment]
        seat, member = holder.seat, holder.member
        assert member is not None
        situation = Situation(seat.chamber, seat.is_delegate, stage)
        has_short = template.length == "full" and template.id in self._short
        room = member.form.max_characters if member.form.known and not has_short else None
        grade = (template.source_name, moment, known["en"][1].ask.id)
        with_grade = grade not in self._graded
        self._graded.add(grade)
        key: tuple[object, ...] = (template.source_name, situation, room, with_grade)
        for language, (values, words) in known.items():
            key += (words.ask.id, words.opening, words.text, words.thanks)
            key += tuple(map(values.get, self.used(template, language)))
        found = self._letters.get(key)
        if found is None:
            found = self._letters[key] = self.findings(
                template, known, situation, room, has_short=has_short, with_grade=with_grade
            )
        self.letters += found.written
        example = f"{seat.title} {member.last} ({seat.id}) on {today.isoformat()}"
        for cause, problem, size in found.noted:
            self._causes.setdefault(cause, _Cause()).note(problem, size, seat.id, example)

    def used(self, template: LetterTemplate, language: Language) -> tuple[str, ...]:
        """The fields that a letter prints or asks about; none where it cannot be read."""
        key = (template.source_name, language)
        if key not in self._used:
            facts = tuple(self.campaign.facts)
            body = template.reading_aid_es if language == "es" else template.body
            with suppress(TemplateError):
                subject = compiled(template.subject, facts, "ask").fields
                self._used[key] = tuple(compiled(body, facts, "letter").fields | subject)
        return self._used.setdefault(key, ())

    def findings(
        self,
        template: LetterTemplate,
        known: Mapping[Language, tuple[Values, AskWords]],
        situation: Situation,
        room: int | None,
        *,
        has_short: bool,
        with_grade: bool,
    ) -> _Read:
        """Compose one letter, its reading aid too, and read both."""
        noted: list[_Noted] = []
        drafts: list[LetterFrame] = []
        for language, (values, words) in known.items():
            try:
                draft = make_draft(self.campaign, template, values, language, words)
            except TemplateError as error:
                noted += [
                    self.noted(template, None, Finding(problem.what, problem.source), language)
                    for problem in error.problems
                ]
                break
            drafts.append(draft)
            spoken_to = replace(situation, language=language)
            subject = (draft.subject,) if language == "en" else ()
            wrong = [
                finding
                for place, paragraph in enumerate((*subject, *draft.frame))
                for finding in self.paragraph(paragraph, spoken_to)
                if place or not subject or finding.what.code not in SENTENCES_ONLY
            ]
            if language == "en":
                wrong += check_whole(
                    draft, length=template.length, room=room, has_short=has_short,
                    with_grade=with_grade,
                )  # fmt: skip
            else:
                (a, b), (c, d) = ((len(x.before), len(x.after)) for x in (draft, drafts[0]))
                if (a, b) != (c, d):
                    what = Message.of("aid-paragraphs", a=a, b=b, c=c, d=d)
                    wrong.append(Finding(what, "", "should"))
            noted += [self.noted(template, draft, finding, language) for finding in wrong]
        return _Read(bool(drafts), tuple(noted))

    def paragraph(self, text: str, situation: Situation) -> list[Finding]:
        # Most sentences are the same for hundreds of recipients: each is read once.
        found: list[Finding] = []
        for sentence in _sentences(text):
            key = (sentence, situation)
            known = self._read.get(key)
            if known is None:
                known = self._read[key] = _check_sentence(self.campaign, sentence, situation)
            found += known
        return found

    # --- where a sentence comes from -------------------------------------------------

    def noted(
        self,
        template: LetterTemplate,
        draft: LetterFrame | None,
        finding: Finding,
        language: Language,
    ) -> _Noted:
        """A finding with the cause that it belongs to."""
        file, line = self.place(template, draft, finding.sentence, language)
        if finding.what.code in WHOLE:
            # One length of a letter has one such fault, wherever it shows worst.
            about, line_of = str(template.length), 0
        else:
            about = next((str(v) for k, v in finding.what.values if k in ("name", "number")), "")
            line_of = line
        problem = Problem(file, line, finding.what, finding.sentence, finding.level)
        return (file, line_of, finding.what.code, about), problem, finding.size

    def place(
        self, template: LetterTemplate, draft: LetterFrame | None, sentence: str, language: Language
    ) -> tuple[str, int]:
        """File and line of the source that shares the most words with the sentence."""
        if language == "es":
            best = (template.reading_aid_source, template.first_reading_aid_line)
            body = template.reading_aid_es
        else:
            best = (template.source_name, template.first_body_line)
            body = template.body
        sources = [(*best, body)]
        if draft is not None:
            sources += self.campaign_sources(draft.words.ask.id, language)
        words = {word for word in sentence.split() if len(word) > _SMALL_WORDS}
        most = 0
        for file, first, text in sources:
            for offset, line in enumerate(text.split("\n")):
                shared = len(words.intersection(line.split()))
                blank = sentence.partition(BLANK_OPEN)[2].partition(BLANK_CLOSE)[0]
                if blank and "{{" in line and blank in line:
                    shared += len(words) + 1
                if shared > most:
                    most, best = shared, (file, first + offset)
        return best

    def campaign_sources(self, ask_id: str, language: Language) -> list[tuple[str, int, str]]:
        end = "_es" if language == "es" else ""
        campaign = self.campaign
        texts: list[tuple[str, str]] = []
        for ask in campaign.asks:
            if ask.id == ask_id:
                for key in ("text", "opening", "short", "thanks"):
                    texts.append((f"asks.{ask.id}.{key}{end}", getattr(ask, key + end)))
        for addition in campaign.additions:
            for key in ("text", "short"):
                texts.append((f"additions.{addition.id}.{key}{end}", getattr(addition, key + end)))
        texts += [(f"time.{key}", note) for key, note in campaign.time_notes.items()]
        texts += [(f"facts.{key}", fact) for key, fact in campaign.facts.items()]
        return [(FILE, campaign.lines.get(path, 1), text) for path, text in texts if text]

    def problems(self) -> tuple[Problem, ...]:
        """One for each thing to do: what must be fixed first, in letters before the campaign."""
        found = [cause.problem() for cause in self._causes.values()]
        return tuple(
            sorted(
                found,
                key=lambda p: (_LEVELS.index(p.level), p.file == FILE, p.file, p.line, p.message),
            )
        )


SENTENCES_ONLY = frozenset({"no-verb", "cut"})
"""Codes that mean nothing for a subject line."""
WHOLE = frozenset({"form-long", "office-limit", "no-ask", "no-story", "grade", "aid-paragraphs"})
"""Codes that are about a letter as a whole and not about one of its sentences."""


_CauseKey = tuple[str, int, str, str]
"""File, line (0 for the whole text), code and what it is about."""
_Noted = tuple[_CauseKey, Problem, int]
"""What was found, with its cause and how bad it is beside others of that cause."""


@dataclass(frozen=True, slots=True)
class _Read:
    """What reading one letter gave: the same for everybody who gets the same words."""

    written: bool
    noted: tuple[_Noted, ...]


@dataclass(slots=True)
class _Cause:
    """One thing to do, with every seat that it touches and the worst of them."""

    seats: set[str] = field(default_factory=set)
    letters: int = 0
    size: int = 0
    worst: Problem | None = None

    def note(self, problem: Problem, size: int, seat: str, example: str) -> None:
        self.seats.add(seat)
        self.letters += 1
        if not self.worst or not self.worst.example or size > self.size:
            self.size, self.worst = size, replace(problem, example=example)

    def problem(self) -> Problem:
        assert self.worst is not None
        return replace(self.worst, times=self.letters, seats=len(self.seats))


Moment = Literal["pending", "last_weeks", "ending", "expired"]
MOMENTS: tuple[Moment, ...] = ("pending", "last_weeks", "ending", "expired")
"""The days of ``stage.moments`` by name: ``ending`` is after the chambers' planned last day."""


@dataclass(frozen=True, slots=True)
class AskGroup:
    """The seats that get one ask at one moment."""

    moment: Moment
    ask: Ask
    seats: int
    changed: int
    """For how many of them the letter reads otherwise than before."""
    example: Holder
    """One whose letter changes, if any does."""
    before: tuple[str, ...]
    """The example's paragraphs as they are; empty where there is no letter to compare with."""
    after: tuple[str, ...]


@dataclass(slots=True)
class _Tally:
    ask: Ask
    seats: int = 0
    changed: int = 0
    example: tuple[Holder, tuple[str, ...], tuple[str, ...]] | None = None


def survey(
    campaign: Campaign,
    template: LetterTemplate,
    seats: Seats,
    *,
    before: tuple[Campaign, LetterTemplate] | None = None,
    language: Language = "en",
) -> tuple[AskGroup, ...]:
    """Compose ``template`` for every seat at every moment, and group what comes out by ask.

    ``before`` is the letter as it is live now. In the order of moments and, in each, of seats
    by number. Vacant seats get no letter and are in no group.
    """
    tallies: dict[tuple[Moment, str], _Tally] = {}
    apart = before is not None and _differs(campaign, before[0])
    for moment, (_stage, today) in zip(MOMENTS, moments(campaign), strict=True):
        for holder in seats.holders:
            if holder.member is None:
                continue
            values = _values(campaign, template, holder, today, language)
            words = ask_words(campaign, values, template.length, language)
            draft = make_draft(campaign, template, values, language, words)
            after = (draft.subject, *draft.frame)
            then = _before(before, holder, today, (values, words), language, apart=apart)
            tally = tallies.setdefault((moment, words.ask.id), _Tally(words.ask))
            tally.seats += 1
            other = bool(then) and then != after
            tally.changed += other
            if tally.example is None or (other and tally.changed == 1):
                tally.example = (holder, then, after)
    order = {moment: place for place, moment in enumerate(MOMENTS)}
    groups = []
    for (moment, _id), tally in tallies.items():
        assert tally.example is not None
        groups.append(AskGroup(moment, tally.ask, tally.seats, tally.changed, *tally.example))
    return tuple(sorted(groups, key=lambda g: (order[g.moment], -g.seats)))


def _values(
    campaign: Campaign, template: LetterTemplate, holder: Holder, today: date, language: Language
) -> Values:
    length = template.length
    values = values_for(campaign, holder, today=today, length=length, language=language)
    values.update(writer_values(SAMPLE_WRITER, holder.seat.state, language))
    return values


def _before(
    before: tuple[Campaign, LetterTemplate] | None,
    holder: Holder,
    today: date,
    known: tuple[Values, AskWords],
    language: Language,
    *,
    apart: bool,
) -> tuple[str, ...]:
    """The paragraphs as they are live. What both campaigns share is not worked out twice."""
    if before is None:
        return ()
    other, template = before
    values, words = known
    if apart:
        values = _values(other, template, holder, today, language)
        words = ask_words(other, values, template.length, language)
    draft = make_draft(other, template, values, language, words)
    return (draft.subject, *draft.frame)


def _differs(one: Campaign, other: Campaign) -> bool:
    """Whether anything but the letters differs."""
    return replace(one, templates={}) != replace(other, templates={})
