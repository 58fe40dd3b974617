"""The value types of a letter as something to hand over."""

from __future__ import annotations

from dataclasses import dataclass

from app.campaign.model import Letter, Writer
from app.congress.model import Office


@dataclass(frozen=True, slots=True)
class Addressed:
    """A letter with its writer, on its way to one office (``None``: the one in Washington)."""

    letter: Letter
    writer: Writer
    office: Office | None = None


@dataclass(frozen=True, slots=True)
class PostalLetter:
    """A letter on paper, part by part and in order. Every rendering for paper is made from it.

    No part holds an empty line. ``subject`` and ``name`` may be ``""``, ``return_address`` may
    be ``()``: such a part is left out, never printed empty.
    """

    return_address: tuple[str, ...]
    """Street and city lines of the writer, without the name."""
    date: str
    """``November 25, 2026``"""
    inside_address: tuple[str, ...]
    """``The Honorable …`` and the lines of the office."""
    subject: str
    """The whole line, ``Re: Please cosponsor H.R. 6890``."""
    salutation: str
    paragraphs: tuple[str, ...]
    """A line break inside a paragraph is ``\\n``."""
    closing: str
    """``Sincerely,``"""
    name: str
    """The writer's name, as typed."""


@dataclass(frozen=True, slots=True)
class WebFormText:
    """What to paste into an office's own web form."""

    subject: str
    text: str
    count: int
    """The length of ``text`` as an office counts it: a line break is two, and a character
    outside Unicode's first 65,536 (an emoji) is two."""
    limit: int | None
    """The office's limit, ``None`` where none is known."""
    over: int
    """By how much ``count`` is above ``limit``; 0 when it fits. The text is never cut."""
    removed: tuple[str, ...] = ()
    """The links that were rewritten in plain words, as they were typed, in order."""

    @property
    def fits(self) -> bool:
        return self.over == 0


@dataclass(frozen=True, slots=True)
class CallScript:
    """Words for a telephone call, and the number to call."""

    phone: str
    """As printed: ``(202) 224-3553``."""
    tel_uri: str
    """For a link: ``tel:+12022243553``."""
    text: str


@dataclass(frozen=True, slots=True)
class NoPhone:
    """The official list has no number for this member; the words are ready all the same."""

    text: str
    website: str | None
    """The member's own site, where a number may be found."""
