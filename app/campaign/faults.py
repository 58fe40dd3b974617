"""The checks of a composed text: what can be wrong with the words of a letter."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from app.campaign.compose import LetterFrame
from app.campaign.entities import Campaign, Length, StageName
from app.campaign.patterns import compile_claim
from app.campaign.problems import Level, Message
from app.campaign.words import KINDS, WRITTEN, Language, bill_kind
from app.congress.model import Chamber

_ABBREVIATION = re.compile(
    r"\b((H\.R|[A-HJ-Z]|U\.S|D\.C|Dr|Mr|Ms|Mrs|Sen|Rep|Gov|St)\.(?=\s)|(No|Res)\.(?=\s\d))"
)
_END = re.compile(r"(?<=[.!?])[”’\"')]*\s+")
_WORD = re.compile(r"[A-Za-z][A-Za-z’'-]*|\d[\d,.()\w]*")
_VOWELS = re.compile(r"[aeiouy]+")


@lru_cache(maxsize=8192)
def sentences(text: str) -> tuple[str, ...]:
    """The sentences of a paragraph; the stops of ``H.R. 1234`` end none."""
    shielded = _ABBREVIATION.sub(lambda match: match[0].replace(".", "\ufdd1"), text)
    return tuple(part.replace("\ufdd1", ".") for part in _END.split(shielded) if part.strip())


def reading_grade(text: str) -> float:
    """The school grade of an English text; 0 for one without words."""
    count = len(sentences(text))
    words = _WORD.findall(text)
    if not words or not count:
        return 0.0
    syllables = sum(_syllables(word) for word in words)
    return 0.39 * len(words) / count + 11.8 * syllables / len(words) - 15.59


@lru_cache(maxsize=8192)
def _syllables(word: str) -> int:
    word = word.lower().replace("’", "").replace("'", "")
    if word[0].isdigit():
        return 1  # the formula ignores numbers; as short words they hardly move the grade
    count = len(_VOWELS.findall(word))
    silent_e = word.endswith("e") and not word.endswith(("le", "ee", "oe", "ye"))
    silent_ending = word.endswith(("es", "ed")) and len(word) > 3 and word[-3] not in "aeiouctdsxz"
    if count > 1 and (silent_e or silent_ending):
        count -= 1
    return max(count, 1)


MOST_CHARACTERS: dict[Length, int] = {"full": 1_500, "short": 450}
"""Characters of the frame with its ask; offices count a line break as two."""
GRADE = 10.0
"""The highest school grade that a letter should require."""

BLANK_OPEN, BLANK_CLOSE = "⟦", "⟧"

_NUMBER = re.compile(
    r"(?<![\w’'])(?<!U\.)(?<!U\. )"
    rf"({WRITTEN}|s\.|s(?=\s?\d{{2}}))[\s\u2010-\u2013-]?(?:(?:no|number)\.?\s?|#\s?)?"
    r"(\d{1,3}(?:,\d{3})+|\d+|_+)\b",
    re.IGNORECASE,
)
"""A bill number, however it is typed: H.R. 1234, HR1234, h. r. 1234, S 1234, House Bill 1234."""
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
DOUBLED = re.compile(r"(?<=[^\s{}%])  +(?=[^\s{}%])")
"""Two spaces in a source. A letter prints one, but a word may be missing between them."""
_JOINED = re.compile(r"(?!n\.Res\.)[a-záéíóúüñ)”’%][.!?][”’]?[A-ZÁÉÍÓÚÑ¿¡“][\w’]")
"""Two sentences without a space between them; H.R. and U.S. do not match, because a capital
precedes each stop, nor does H.Con.Res."""
_CUT = re.compile(
    r"\b(the|a|an|and|or|which|because|than|el|las|los|un|una|del|y|o|porque)[.,;:!?]*$",
    re.IGNORECASE,
)
"""Words with which no sentence ends."""
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
"""Common verbs, not all of English: a sentence without one is worth a look, not wrong."""
_NOUN = re.compile(
    r"\b(?:an?|this|each|every|one)\s+(?:[\w’]+\s+)?(?:act|call|cost|end|fear|help|hope|look|need|"
    r"request|rest|sign|stand|stop|support|trust|try|work)\b",
    re.IGNORECASE,
)
"""The same words as nouns: “a traffic stop” has no verb. A third-person verb would end in s."""
_FEWEST_WORDS = 3
_REPEATED_WORDS = 9
"""A run of this many words should occur only once in a letter; bill names are shorter."""
_MONTH = re.compile(
    r"\b(?:January|February|March|April|May|June|July|August|September|October|November|December)"
    r" \d{4}\b"
)
TWO_GENDERS = re.compile(r"[a-záéíóúñ](?:\((?:a|o|as|os|es)\)|/-?(?:a|o|as|os)\b|@s?(?!\w))")
"""``senador(a)``, ``ciudadano/a``, ``tod@s``: they cannot be read aloud."""

_PLACEHOLDERS = re.compile(
    # [Your Name], {name}, ｛name｝: letters have no such brackets
    r"\[[^\]\n]{0,80}\]|\{[^}\n]{0,80}\}|｛[^｝\n]{0,80}｝"
    r"|«[^»\n]{1,40}»|<<[^>\n]{1,40}>>|‹[^›\n]{1,40}›"  # «place»
    r"|\((?i:your|insert|add|fill in|choose|tu|su|inserte|escriba|ponga|elija)\b[^)\n]{0,40}\)"
    r"|\((?i:(?:first |last |full )?name|nombre|apellidos?|city|ciudad|town|state|estado|zip|date"
    r"|fecha)\)"  # (your city)
    r"|%%?\w{2,30}%%?|%\(\w+\)s|\$\{?[A-Za-z_]\w+[}$]?|@{1,2}[A-Za-z_]{2,}@{1,2}"  # %%CITY%%
    r"|([*#|~!^])\|?(?:[A-Z][A-Z_]{2,}|\w+_\w+|(?i:name|nombre|city|ciudad|town|state))\|?\1"
    r"|\b[A-Z]{2,}_[A-Z_]{2,}\b|\b[Xx]{3,}\b|_{2,}|\.{4,}|(?:^|\s)…|\?{3,}"  # FIRST_NAME, XXXX
    r"|\b(?:TODO|TBC|TBD|TBA|FIXME|(?:TK)+|LOREM|PENDIENTE|PLACEHOLDER)\b|\b[Ll]orem ipsum\b"
    r"|\b(?:INSERT|ADD|YOUR|WRITE|ESCRIBA|INSERTE|POR) [A-ZÁÉÍÓÚÑ]{3,}\b|\b(?i:your? name here)\b"
    r"|\bNAME HERE\b|\b(?:your|first|last)_?name\b|\b(?:First|Last|Your)[Nn]ame\b|\bYOURNAME\b"
    r"|</?[a-zA-Z][a-zA-Z0-9]{0,9}(?:\s[^<>\n]{0,80})?/?>|<[!?%=][^>\n]{0,80}>"  # <b>, <Your Name>
    r"|\b(?i:mm/dd|dd/mm|xx/xx)\b|\bxx\b|\$XX?\b|\bXX(?=,? (?:20\d\d|percent|million|billion)\b|%)"
    r"|\b(?i:senators?/(?:rep|cong)|representatives?/(?:sen|del)|senador(?:es)?/rep)\w*"
    r"|&(?:[a-z]{2,8}|#\d{1,5});|\*\*[^*\n]{1,80}\*\*|^#{1,4} \w"  # &nbsp;, **bold**
)
"""Placeholders meant to be filled in later, and the markup of other programs."""
_GARBLED = re.compile(
    r"â€|Ã[\x80-\xbf‚-™]|Â[\xa0-\xbf]|ï»¿|\ufffd|\\(?:[nrt]\b|u[0-9a-f]{4}|x[0-9a-f]{2})"
)
"""UTF-8 read as Windows-1252 (``itâ€™s``), characters lost on the way, and escapes of programs."""
_QUOTED = re.compile(r"“[^”]*(?:”|$)|\"[^\"]*\"")
"""Inside a quotation, brackets mark an editor's words: “We can [best] serve”."""
_BRACKETED_WORD = re.compile(r"\[[a-z ]{1,20}\]")
_GREETING = re.compile(
    r"^(dear|greetings|hello|hi|hey|good (morning|afternoon|day)|to whom it may concern|"
    r"the honorable|estimad[oa]s?|querid[oa]s?|hola|honorable|a quien corresponda|"
    r"buen[oa]s (d[ií]as|tardes|noches)|aloha|shalom|xin chào|kính (gửi|thưa)|attn|"
    r"attention(?=[:,]))\b"
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
    r"\s*([,.!—]|$)(\s+\S+){0,5}$"
    r"|^(love|peace|blessings|(may )?god bless( you)?|mahalo( nui( loa)?)?|gracias|con \w+|"
    r"(que )?dios (l[aeo]s?|te) bendiga|trân trọng),$",
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
_AWAITED: dict[Language, re.Pattern[str]] = {
    "en": re.compile(
        r"\b(?:it|no one|which|act|bills?|resolutions?|measure|proposal|\d+)(?: \w+)? would"
        r"(?! (?:have|be|help|mean)\b)|"
        r"\b(?:please|to|and|or|you|not|will|can|could|must|should|original|more) "
        r"co-?sponsors?\b(?! of\b)|\b(?:add|adding|find|finding) co-?sponsors\b|"
        r"(?<!thank you for )(?<!thank you for your )"
        r"\b(?:vot(?:e|es|ing)|speak(?:ing)?) (?:for|against|on|yes|no|in favor of)\b|"
        r"(?<!thank you for your )"
        r"\b(?:pass|support|oppose|back|introduce|reintroduce|advance|join|stop|block|read)\b "
        r"(?:the |this )?(?:\w+ ){0,2}(?:bill|resolution|H\. ?R\.|S\.)|"
        r"\bpass(?:es)? (?:it|the|this)\b|\bpassage of\b|"
        r"\b(?:introduce|reintroduce|join|support) (?:it|one|a companion)\b|"
        r"\bput your name to\b|\b(?:back|bring it|comes?) to (?:a vote|the floor)\b|"
        r"(?<!\bwas )(?<!\bwere )\ba (?:\w+ )?(?:bill|resolution) (?:to|that)\b|"
        r"\b(?:the|this) (?:bill|resolution) (?:is before|has|remains|needs|waits|deserves)\b",
        re.IGNORECASE,
    ),
    "es": re.compile(
        r"(?<!\bla )(?<!\bsu )(?<!\bde )(?<!\buna )\b"
        r"(?!habr|agradec|gusta|quer|deb|podr|ser|mar)\w+[adei]rían?\b|"
        r"\bcopatrocin(?:e|en|ar|arl[oa]|adore?s?)\b|"
        r"(?<!gracias por )\bvot(?:e|en|ar) (?:por|a favor|en contra|sobre|sí|no)\b|"
        r"\b(?:apoy|aprueb|aprob|present|respald|rechac|impuls|le)(?:e|en|ar|arl[oa]|a)\b "
        r"(?:el|la|este|esta|un|una) (?:proyecto|resolución|versión)\b|"
        r"\b(?:lo|la|se) (?:aprueben?|apoyen?|presenten?)\b|"
        r"\b(?:ponga su nombre en|se sume a (?:él|la|una))\b|"
        r"(?<!\bera )(?<!\bfue )\bun proyecto (?:de ley )?(?:para|que)\b|"
        r"\b(?:el|este) proyecto (?:está|tiene|necesita|espera|merece)\b",
        re.IGNORECASE,
    ),
}
"""Words that await the passage of a bill; of a law they are false or too late."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What the checks need to know about a text's recipient and moment."""

    chamber: Chamber
    delegate: bool
    stage: StageName
    language: Language = "en"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a check found, and the sentence at fault."""

    what: Message
    sentence: str
    level: Level = "must"
    size: int = 0
    """Its severity among others of the same cause."""

    @property
    def message(self) -> str:
        """What was found, in English."""
        return str(self.what)


def check_sentence(campaign: Campaign, sentence: str, situation: Situation) -> list[Finding]:
    """Everything wrong with one sentence of a composed text."""
    found = [*_check_alone(sentence), *_check_numbers(campaign, sentence, situation)]
    if situation.language == "en":
        found += _check_title(campaign, sentence, situation)
        found += _check_claims(campaign, sentence, situation)
    elif TWO_GENDERS.search(sentence):
        found.append(Finding(Message.of("two-genders"), sentence, "should"))
    if situation.stage == "enacted":
        found += check_law(campaign, sentence, situation.language)
    return found


def check_law(campaign: Campaign, sentence: str, language: Language) -> Iterator[Finding]:
    """A sentence that speaks of the campaign's law as of a bill that has yet to pass. A dated fact
    may say what someone else would do."""
    stated = any(sentence in f.text or sentence in f.text_es for f in campaign.facts.values())
    if _AWAITED[language].search(sentence) and not stated:
        bill = campaign.main_bill
        yield Finding(Message.of("law", number=bill.number or bill.title), sentence, "should")


def check_whole(
    draft: LetterFrame, *, length: Length, limit: int | None, has_short: bool, with_grade: bool
) -> Iterator[Finding]:
    """Problems of the letter as a whole: its length, its one ask, its reading grade.

    ``limit`` is the hard limit of the office's web form in characters, None if unknown;
    ``has_short`` says whether a shorter form can be sent instead.
    """
    body, ask = draft.frame, draft.words.text
    text = "\n\n".join(body)
    count = len(text) + text.count("\n")
    most = MOST_CHARACTERS[length]
    if limit is not None and count > limit and not has_short:
        what = Message.of("office-limit", number=f"{count:,}", most=f"{limit:,}")
        yield Finding(what, "", size=count - limit)
    elif count > most:
        what = Message.of("form-long", length=length, number=f"{count:,}", most=f"{most:,}")
        yield Finding(what, "", "should", size=count)
    if not ask or ask not in text:
        yield Finding(Message.of("no-ask"), "")
    asks = [sentence for paragraph in body for sentence in _asking(paragraph)]
    if len(asks) > 1:
        # The campaign's own request belongs here, so report the other one.
        others = [sentence for sentence in asks if sentence not in ask] or asks[1:]
        yield Finding(Message.of("asks-more"), others[0], "should")
    for paragraph in body:
        if _GREETING.match(paragraph):
            yield Finding(Message.of("greeting"), sentences(paragraph)[0])
        elif any(_CLOSING.match(sentence) for sentence in sentences(paragraph)[-2:]):
            yield Finding(Message.of("closing"), paragraph[-120:])
        if not _ENDED.search(paragraph):
            yield Finding(Message.of("not-ended"), sentences(paragraph)[-1], "should")
    yield from _repeated(body)
    if not draft.has_place:
        yield Finding(Message.of("no-story"), "", "nice")
    if with_grade and (grade := reading_grade(text)) > GRADE:
        own = [s for p in body for s in sentences(p) if s not in ask] or [""]
        yield Finding(
            Message.of("grade", grade=f"{_round_up(grade):.1f}", most=f"{GRADE:.1f}"),
            max(own, key=len),
            "should",
            size=round(grade * 1000),
        )


def _round_up(grade: float) -> float:
    """Rounded up to a tenth, so a grade above the limit never prints as the limit."""
    return math.ceil(grade * 10) / 10


def _repeated(body: Iterable[str]) -> Iterator[Finding]:
    """Runs of words that occur twice, and months named twice in one paragraph."""
    seen: set[tuple[str, ...]] = set()
    for paragraph in body:
        runs = _runs(paragraph)
        if len(runs) > len(set(runs)) or not seen.isdisjoint(runs):
            repeat = next(run for index, run in enumerate(runs) if run in {*seen, *runs[:index]})
            yield Finding(Message.of("said-twice", words=" ".join(repeat)), paragraph, "should")
        seen.update(runs)
        months = _MONTH.findall(paragraph)
        if twice := next((month for month in months if months.count(month) > 1), ""):
            yield Finding(Message.of("said-twice", words=twice), paragraph, "nice")


@lru_cache(maxsize=4096)
def _runs(paragraph: str) -> tuple[tuple[str, ...], ...]:
    words = _WORD.findall(paragraph.casefold())
    return tuple(zip(*(words[start:] for start in range(_REPEATED_WORDS)), strict=False))


def unfinished(sentence: str) -> Iterator[Finding]:
    """A placeholder that was never filled in, or characters that were lost on the way."""
    plain = _QUOTED.sub(lambda quoted: _BRACKETED_WORD.sub("", quoted[0]), sentence)
    match = _PLACEHOLDERS.search(plain)
    if match:
        yield Finding(Message.of("placeholder", words=match[0].strip()), sentence)
    if garbled := _GARBLED.search(sentence):
        before, after = sentence[: garbled.start()], sentence[garbled.start() :]
        word = "".join([*before.split(" ")[-1:], *after.split(" ")[:1]])
        yield Finding(Message.of("garbled", words=word[:40]), sentence)


_GREETING_WORDS = 5


def repeats_frame(typed: str) -> bool:
    """Whether a typed text begins with a greeting or ends with a closing, which every letter
    already has."""
    lines = [line.strip() for line in typed.split("\n") if line.strip()]
    greeting = _GREETING.match(lines[0]) if lines else None
    # "Dear to my heart is my grandmother, who ..." begins a story.
    is_short = greeting is not None and len(greeting[0].split()) <= _GREETING_WORDS
    return is_short or any(map(_CLOSING.match, lines[-3:]))


@lru_cache(maxsize=4096)
def _asking(paragraph: str) -> tuple[str, ...]:
    return tuple(sentence for sentence in sentences(paragraph) if _ASK.search(sentence))


@lru_cache(maxsize=8192)
def _check_alone(sentence: str) -> tuple[Finding, ...]:
    """Problems that need no context. Cached, because editing a text leaves most of its sentences
    unchanged."""
    return (*unfinished(sentence), *_check_form(sentence))


def _check_form(sentence: str) -> Iterator[Finding]:
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


def _check_numbers(campaign: Campaign, sentence: str, situation: Situation) -> Iterator[Finding]:
    yield from other_bills(campaign, sentence)
    current = {bill.number for bill in campaign.bills.values() if bill.number}
    opposite = {b.number for b in campaign.related.values() if b.kind == "opposes" and b.number}
    if situation.stage != "expired" or situation.language != "en":
        return
    for number, _in_words in _bills_named(sentence):
        expired = _PRESENT.search(sentence) or not _PAST.search(sentence)
        if number in current | opposite and expired:
            yield Finding(Message.of("expired", number=number), sentence)


def _bills_named(sentence: str) -> Iterator[tuple[str, bool]]:
    """The bills that a sentence names, as printed, and whether in words (``House Bill 8``)."""
    for match in _NUMBER.finditer(sentence):
        number = match[2].replace(",", "")
        yield f"{KINDS[bill_kind(match[1])]} {number}", match[1].lower().endswith("bill")


def other_bills(campaign: Campaign, sentence: str) -> Iterator[Finding]:
    """Bill numbers that are neither the campaign's own nor those of its related bills."""
    known = {bill.number for bill in campaign.bills.values()}
    known |= {bill.number for bill in campaign.related.values()}
    for number, in_words in _bills_named(sentence):
        if number in known or in_words:  # state bills are named in words: Texas Senate Bill 8
            continue
        chamber: Chamber = "senate" if number.startswith("S") else "house"
        if campaign.bill_for(chamber).number is None:
            what = Message.of("no-bill-known", number=number, chamber=chamber.title())
        else:
            what = Message.of("other-bill", number=number)
        yield Finding(what, sentence)


def _check_title(campaign: Campaign, sentence: str, situation: Situation) -> Iterator[Finding]:
    """An expired bill named by title alone, as if still before Congress."""
    if situation.stage != "expired" or _PAST.search(sentence) or _AGAIN.search(sentence):
        return
    folded = sentence.casefold()
    for title in {bill.title for bill in campaign.bills.values()}:
        if title.casefold() in folded and not _NUMBER.search(sentence):
            words = folded.replace(title.casefold(), "the bill")
            if _PRESENT.search(words):
                yield Finding(Message.of("expired", number=title), sentence)


@lru_cache(maxsize=8192)
def _without_verb(sentence: str) -> bool:
    return len(sentence.split()) >= _FEWEST_WORDS and not _VERB.search(_NOUN.sub("", sentence))


def _check_claims(campaign: Campaign, sentence: str, situation: Situation) -> Iterator[Finding]:
    if _without_verb(sentence):
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
