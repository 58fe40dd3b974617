"""What every number means: defined once for pages, files and the command line.

``short`` fits under a column's heading; ``meaning`` is a sentence or two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from app.text import mark as _mark


class Definition(NamedTuple):
    """What a number means, to be shown wherever the number appears."""

    term: str
    meaning: str
    short: str = ""
    """The meaning in a few words; empty if no column of numbers has this name."""

    def words(self, gettext: Callable[[str], str]) -> Definition:
        """The definition in the language that ``gettext`` translates into."""
        return Definition(*(text and gettext(text) for text in self))


DEFINITIONS: tuple[Definition, ...] = (
    Definition(
        _mark("signatures"),
        _mark(
            "People who signed this campaign. Each person counts once, no matter how often they "
            "sign."
        ),
        _mark("people, each once"),
    ),
    Definition(
        _mark("letters"),
        _mark(
            "Letters they wrote, one per recipient: up to three each, one in places with a "
            "single delegate. A vacant seat gets no letter. Says nothing about delivery."
        ),
        _mark("one per recipient"),
    ),
    Definition(
        _mark("counted"),
        _mark("Valid signatures: not held, not waiting for confirmation, not withdrawn, no test."),
    ),
    Definition(
        _mark("held"), _mark("Held for review by an organizer. Not counted until released.")
    ),
    Definition(_mark("unconfirmed"), _mark("Not yet confirmed by email. Not counted until then.")),
    Definition(
        _mark("withdrawn"), _mark("Withdrawn by the person who signed. Not counted anywhere else.")
    ),
    Definition(
        _mark("repeated"), _mark("Repeat signatures by people who already signed. Never counted.")
    ),
    Definition(
        _mark("test"), _mark("Signatures that an organizer made to try the site. Never counted.")
    ),
    Definition(_mark("day"), _mark("The day a person signed, in the campaign’s time zone.")),
    Definition(
        _mark("recipient"),
        _mark(
            "A member of Congress, by bioguide id. Someone who wrote to three members is in "
            "three rows, so the signatures of the rows add up to more than the people."
        ),
    ),
)
"""The numbers themselves: in every file, and on every page about counts."""

GROUPS: tuple[Definition, ...] = (
    Definition("state", _mark("The state or territory where the person said they live.")),
    Definition("district", _mark("The congressional district. 0 is at large or a delegate’s.")),
    Definition("template", _mark("The letter the person started from.")),
    Definition("version", _mark("Letter, length, and the version of its text.")),
    Definition("language", _mark("The language of the pages the person used.")),
    Definition("match", _mark("How the district was found: by ZIP, by street, or chosen by hand.")),
    Definition(
        "source", _mark("The tag of the link the person followed. Empty if there was none.")
    ),
    Definition("edited", _mark("Whether the person changed the letter’s own words.")),
    Definition(
        "own_share", _mark("Percent of the letters in the person’s own words: 40 means 40 to 49.")
    ),
    Definition(
        "way",
        _mark("What is known of a letter’s way to its office. Each letter is in exactly one row."),
    ),
    Definition(
        "constituents",
        _mark(
            "People who signed and live in the member’s state, for a senator, or district. They "
            "may not have written to this member: the seat may have been someone else’s, or "
            "vacant."
        ),
        _mark("people of the state or district"),
    ),
    Definition(
        "share",
        _mark("Percent of all signatures the page shows."),
        _mark("of the signatures shown"),
    ),
)
"""What numbers are broken down by, and numbers derived from others."""

WAYS: tuple[Definition, ...] = (
    Definition(
        _mark("written"),
        _mark("Finished on this site. The writer has not said what they did with it."),
    ),
    Definition(_mark("downloaded"), _mark("The writer took it as a PDF.")),
    Definition(_mark("copied"), _mark("The writer copied it for the office’s web form.")),
    Definition(_mark("printed"), _mark("The writer opened it to print.")),
    Definition(
        _mark("mailed to self"), _mark("A mail server accepted a copy to the writer’s own address.")
    ),
    Definition(
        _mark("line busy"), _mark("The writer called the office and says that no one answered.")
    ),
    Definition(_mark("call later"), _mark("The writer says they will call the office later.")),
    Definition(
        _mark("pasted"), _mark("The writer says they pasted it into the office’s web form.")
    ),
    Definition(_mark("mailed"), _mark("The writer says they mailed it on paper.")),
    Definition(
        _mark("spoke by phone"),
        _mark("The writer says they called and spoke with someone at the office."),
    ),
    Definition(_mark("left a voicemail"), _mark("The writer says they called and left a message.")),
    Definition(_mark("queued"), _mark("Waiting to be given to the office’s own system.")),
    Definition(
        _mark("accepted by the office's system"),
        _mark("The office’s own system accepted it. We cannot see who reads it."),
    ),
    Definition(_mark("refused"), _mark("The office’s own system refused the letter.")),
    Definition(
        _mark("unknown"),
        _mark("It may have reached the office’s own system. There was no clear answer."),
    ),
    Definition(
        _mark("not attempted"),
        _mark("Not given to the office’s own system, and the writer has reported no other way."),
    ),
)
"""What is known of a letter's way: one for each ``State``."""

BY_TERM: Mapping[str, Definition] = {found.term: found for found in (*DEFINITIONS, *GROUPS)}


PUBLISHED = {term: BY_TERM[term].meaning for term in ("signatures", "letters", "counted")}
"""The definitions that accompany public counts."""


def file_definitions(columns: Iterable[str]) -> dict[str, str]:
    """The definitions for a file, by term: all of ``DEFINITIONS``, and those of its columns."""
    named = dict.fromkeys([*(found.term for found in DEFINITIONS), *columns])
    terms = {term: BY_TERM[term].meaning for term in named if term in BY_TERM}
    if {"way", "handed_over"} & set(named):
        terms |= {f"way {found.term}": found.meaning for found in WAYS}
    return terms
