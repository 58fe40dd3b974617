"""A letter's value types, and its text for paper and for a web form.

``postal`` makes the one structure that text, PDF and the print view all show, so that they agree.
An office's web form has separate fields for name and address, so its text has neither, nor a
signature; and because such a form may reject a whole message for one link, each link is rewritten
in plain words (``https://www.congress.gov/bill/119th/1234`` becomes ``congress dot gov``).
Removing it would leave a gap in the sentence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from app.campaign.entities import Letter, Writer
from app.campaign.words import date_words
from app.congress.model import Office
from app.congress.names import inside_address
from app.text import clean_line, says_nothing, says_something, split_paragraphs


@dataclass(frozen=True, slots=True)
class Addressed:
    """A letter with its writer, addressed to one office (``None``: the one in Washington)."""

    letter: Letter
    writer: Writer
    office: Office | None = None
    translation: tuple[str, ...] = ()
    """The letter's paragraphs in Spanish, if the writer adds them on a separate page."""


TRANSLATION = "Traducción al español · Spanish translation of this letter"
"""Printed above the Spanish, so that no office takes it for another letter."""


@dataclass(frozen=True, slots=True)
class PostalLetter:
    """A letter on paper, part by part and in order. Every rendering for paper is made from it.

    No part contains an empty line. ``subject`` and ``name`` may be ``""`` and ``return_address``
    may be ``()``: such a part is left out, never printed empty.
    """

    return_address: tuple[str, ...]
    """The writer's street and city lines, without the name."""
    date: str
    """``November 25, 2026``"""
    inside_address: tuple[str, ...]
    """``The Honorable …`` and the lines of the office."""
    subject: str
    """The whole line, ``Re: Please cosponsor H.R. 1234``."""
    salutation: str
    paragraphs: tuple[str, ...]
    """A line break inside a paragraph is ``\\n``."""
    closing: str
    """``Sincerely,``"""
    name: str
    """The writer's name, as typed."""
    translation: tuple[str, ...] = ()
    """The paragraphs in Spanish, on a separate page after the letter; usually none."""
    language: str = "en"
    """The letter's language."""


@dataclass(frozen=True, slots=True)
class WebFormText:
    """What to paste into an office's own web form."""

    subject: str
    text: str
    count: int
    """The length of ``text`` as an office counts it: a line break is two, and a character
    outside Unicode's first 65,536 (an emoji) is two."""
    limit: int | None
    """The office's limit; ``None`` if unknown."""
    over: int
    """By how much ``count`` is above ``limit``; 0 when it fits. The text is never cut."""


def _lines(*texts: str) -> tuple[str, ...]:
    return tuple(line for line in map(clean_line, texts) if says_something(line))


_ABOUT = {"en": "Re", "es": "Asunto"}


def return_address(writer: Writer) -> tuple[str, ...]:
    """The writer's own address: street, second line, ``City, ST 01234``.

    A line that is blank or has only punctuation is left out, and so is a second line that says
    "none"; city, state and ZIP keep their order even if one of them is missing.
    """
    second = "" if says_nothing(writer.street2) else writer.street2
    city = clean_line(writer.city).rstrip(" ,")
    place = " ".join(_lines(f"{city}," if says_something(city) else "", writer.state, writer.zip))
    return _lines(writer.street, second, place)


def postal(
    letter: Letter, writer: Writer, office: Office | None = None, translation: tuple[str, ...] = ()
) -> PostalLetter:
    """The parts of a letter on paper, cleaned, in order. No part contains an empty line.

    ``office`` is where the letter goes; None means the member's office in Washington.
    """
    subject = clean_line(letter.subject)
    return PostalLetter(
        return_address=return_address(writer),
        date=date_words(letter.written_on, letter.language),
        inside_address=_lines(*inside_address(letter.holder, office)),
        subject=f"{_ABOUT[letter.language]}: {subject}" if says_something(subject) else "",
        salutation=clean_line(letter.salutation),
        paragraphs=split_paragraphs(*letter.body),
        closing=clean_line(letter.closing),
        name=clean_line(writer.name),
        translation=split_paragraphs(*translation),
        language=letter.language,
    )


def to_text(
    letter: Letter, writer: Writer, office: Office | None = None, translation: tuple[str, ...] = ()
) -> str:
    """The letter as plain text for paper: parts separated by one blank line, ``\\n`` at the end.

    Paragraphs are not wrapped, so they can be pasted anywhere.
    """
    page = postal(letter, writer, office, translation)
    parts = (
        "\n".join(page.return_address),
        page.date,
        "\n".join(page.inside_address),
        page.subject,
        page.salutation,
        *page.paragraphs,
        page.closing,
        page.name,
        *((TRANSLATION, *page.translation) if page.translation else ()),
    )
    return "\n\n".join(part for part in parts if part) + "\n"


# --- for an office's web form ------------------------------------------------------------


def form_length(text: str) -> int:
    """How many characters an office counts: a line break is two, an emoji is two.

    Browsers count in UTF-16 units, and send each line break as carriage return and line feed.
    """
    return len(text) + sum(char == "\n" or char > "\uffff" for char in text)


def to_web_form(letter: Letter) -> WebFormText:
    """The letter for the member's web form: no name, no address, no straight quotes, no links.

    Nothing is ever cut: ``over`` says by how many characters the text exceeds the office's known
    limit.
    """

    def plain(text: str) -> str:
        return typographic(without_links(text))

    subject = plain(clean_line(letter.subject)).strip()
    parts = (clean_line(letter.salutation), *split_paragraphs(*letter.body))
    # A paragraph that was nothing but "https://" is dropped entirely.
    text = "\n\n".join(part for part in map(clean_line_ends, map(plain, parts)) if part)
    member = letter.holder.member
    limit = member.form.max_characters if member else None
    count = form_length(text)
    over = max(0, count - limit) if limit is not None else 0
    return WebFormText(subject, text, count, limit, over)


def clean_line_ends(text: str) -> str:
    """The text without spaces at either end of its lines."""
    return "\n".join(line.strip() for line in text.split("\n")).strip()


# --- links in plain words -----------------------------------------------------------------

# Endings that make "name.ending" a link without any other sign. The list is short because people
# forget the space after a period: "my family.We came".
_ENDINGS = r"com|org|net|gov|edu|mil|info|biz|int|io|app|dev|ly|gl|[a-z]{2}\.us"
_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_PATH = r"[/?#][^\s<>\"“”]*"
_REST = r"[^\s<>\"“”]*"

_LINK = re.compile(
    rf"""
    (?P<email>(?<![\w.+'-])[\w.+'-]{{1,64}}@(?:[\w-]+\.){{1,8}}[\w-]+)
    | (?<![\w@])(?<!\w-)(?:
      [a-z][a-z0-9+.-]{{1,15}}://{_REST}                       # https://…, ftp://…
    | (?:https?|ftp):(?=\S){_REST}
    | www\d?\.{_REST}
    | (?:{_LABEL}\.){{1,5}}(?:{_ENDINGS})(?![\w@])(?::\d{{1,5}})?(?:{_PATH})?
    | (?:{_LABEL}\.){{1,5}}[a-z]{{2,24}}(?::\d{{1,5}})?/[^\s<>\"“”]+   # any ending, with a path
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_HOST = re.compile(
    r"^(?:[a-z][a-z0-9+.-]*:)?/{0,2}(?:[^/@\s]*@)?(?:www\d?\.)*((?:[^\W_][\w-]*\.)+[^\W\d_]{2,24})",
    re.IGNORECASE,
)
_LEFTOVERS = re.compile(r"(?:https?|ftp|mailto):|://|www\.", re.IGNORECASE)
_CLOSERS = {")": "(", "]": "[", "}": "{"}


def _trim(link: str) -> str:
    """The link without the sentence's punctuation after it."""
    unbalanced = {end: link.count(end) - link.count(start) for end, start in _CLOSERS.items()}
    kept = len(link)
    while kept:
        last = link[kept - 1]
        if unbalanced.get(last, 0) > 0:
            unbalanced[last] -= 1
        elif last not in ".,;:!?'’”\"…*>":
            break
        kept -= 1
    return link[:kept]


def _in_words(link: str) -> str:
    host = _HOST.match(link)
    return host.group(1).replace(".", " dot ") if host else "(link)"


def without_links(text: str) -> str:
    """The text with each link in plain words."""

    def replace(found: re.Match[str]) -> str:
        link = _trim(found.group())
        if found["email"] or not link:
            return found.group()
        return _in_words(link) + found.group()[len(link) :]

    # A bare "https://" without an address goes too. Removing something may join two halves of a
    # link, so this repeats until nothing changes.
    before = None
    while before != text:
        before = text
        text = _LEFTOVERS.sub(" ", _LINK.sub(replace, text))
    return re.sub(r" {2,}", " ", text)


# --- typographic quotation marks in place of straight ones ---------------------------------
#
# Some offices' forms strip straight double quotes, and some refuse them. The marks are classified
# by their neighbors, as a typesetter would: an apostrophe in ``don't``, an omitted century in
# ``'90s``, feet and inches in ``5'10"``, and otherwise an opening or closing mark.

_OPENERS = "([{<«¿¡/“‘„‚"
_DASHES = "—–―-"
_STRAIGHT = str.maketrans({"＂": '"', "＇": "'", "`": "'", "´": "'"})

_FEET_AND_INCHES = re.compile(r"""(\d)'( ?)(\d{1,2}(?:[.½¼¾]\d*)?)(?:"|'')""")
_SHORTENED = re.compile(
    r"(?:\d\ds?|tis|twas|twere|twould|til|till|em|cause|bout|round|n)(?![^\W_])", re.IGNORECASE
)


def _opens(before: str, after: str, is_open: bool) -> bool:
    """Whether a mark between these two characters opens a quotation (``""`` is a line's edge)."""
    if not after or after.isspace():
        return False
    if not before or before.isspace() or before in _OPENERS:
        return True
    # After a dash: he said—"no", but "No—" she said.
    return before in _DASHES and not is_open and (after.isalnum() or after in "\"'‘“…([$#")


def _closes_later(text: str, mark: str, start: int) -> bool:
    """Whether a mark that can close a quotation comes before any that can open one."""
    at = text.find(mark, start)
    while at >= 0:
        before, after = text[at - 1], text[at + 1 : at + 2]
        if not before.isspace() and not after.isalnum():
            return True
        if before.isspace() or not before.isalnum():
            return False
        at = text.find(mark, at + 1)
    return False


def _double(before: str, text: str, at: int, is_open: bool) -> str:
    after = text[at + 1 : at + 2]
    if before.isdigit() and not after.isalnum():
        # a 24" pipe: inches, unless the mark closes an open quotation.
        if not is_open or _closes_later(text, '"', at + 1):
            return "″"
        return "”"
    if _opens(before, after, is_open):
        return "“"
    if (not before or before.isspace()) and (not after or after.isspace()):
        return "”" if is_open else "“"
    return "”"


def _single(before: str, text: str, at: int, is_open: bool) -> str:
    after = text[at + 1 : at + 2]
    if before.isalnum() and after.isalnum():
        return "’"
    if before.isdigit() and not is_open and not after.isalnum():
        return "′"
    if not _opens(before, after, is_open):
        return "’"
    shortened = _SHORTENED.match(text, at + 1)
    if shortened is None:
        return "‘"
    word = shortened.group()
    if word.lower() == "n" and text[shortened.end() : shortened.end() + 1] == "'":
        return "’"  # rock 'n' roll
    if not word.isdigit() and word.lower() not in ("round", "cause", "till", "bout"):
        return "’"
    # '98 or 'cause take an apostrophe, unless they open a quotation that is closed later.
    return "‘" if _closes_later(text, "'", shortened.end()) else "’"


def _typographic_line(text: str) -> str:
    if "``" in text:
        text = text.replace("``", '"').replace("''", '"')
    text = _FEET_AND_INCHES.sub("\\1′\\2\\3″", text.translate(_STRAIGHT))
    double = single = False
    done: list[str] = []
    for at, char in enumerate(text):
        mark = char
        if char == '"':
            mark = _double(done[-1] if done else "", text, at, double)
        elif char == "'":
            mark = _single(done[-1] if done else "", text, at, single)
        if mark in "“”":
            double = mark == "“"
        elif mark == "‘":
            single = True
        elif mark == "’" and not text[at + 1 : at + 2].isalnum():
            single = False
        done.append(mark)
    return "".join(done)


def typographic(text: str) -> str:
    """The text with no straight quote, apostrophe or backtick left; nothing else changes.

    Lines are independent: a quotation that spans several paragraphs opens each of them.
    """
    if not any(mark in text for mark in "\"'`´＂＇"):
        return text
    return "\n".join(_typographic_line(line) for line in text.split("\n"))
