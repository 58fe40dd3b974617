"""A letter for paper: the one structure that text, PDF and the print view all show."""

from __future__ import annotations

from datetime import date

from app.campaign.model import Letter, Writer
from app.congress import inside_address
from app.congress.model import Office
from app.documents.clean import clean_line, clean_paragraphs, says_something
from app.documents.model import PostalLetter

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July",
    "August", "September", "October", "November", "December",
)  # fmt: skip

# What people type into an optional address line to say that there is nothing to say.
_NOTHING = frozenset({"none", "n/a", "na", "no", "nil", "null", "nan", "undefined"})


def long_date(day: date) -> str:
    """``November 25, 2026``, whatever the machine's language."""
    return f"{_MONTHS[day.month - 1]} {day.day}, {day.year}"


def _lines(*texts: str) -> tuple[str, ...]:
    return tuple(line for line in map(clean_line, texts) if says_something(line))


def return_address(writer: Writer) -> tuple[str, ...]:
    """The writer's own address: street, second line, ``City, ST 01234``.

    A line that is blank or has only punctuation is left out, and so is a second line that says
    "none"; the city, the state and the ZIP keep their places whatever else is missing.
    """
    second = "" if clean_line(writer.street2).strip(" .-").lower() in _NOTHING else writer.street2
    city = clean_line(writer.city).rstrip(" ,")
    place = " ".join(_lines(f"{city}," if says_something(city) else "", writer.state, writer.zip))
    return _lines(writer.street, second, place)


def postal(letter: Letter, writer: Writer, office: Office | None = None) -> PostalLetter:
    """The parts of a letter on paper, cleaned, in order. No part holds an empty line.

    ``office`` is where the letter goes; without it, the member's office in Washington.
    """
    subject = clean_line(letter.subject)
    return PostalLetter(
        return_address=return_address(writer),
        date=long_date(letter.written_on),
        inside_address=_lines(*inside_address(letter.holder, office)),
        subject=f"Re: {subject}" if says_something(subject) else "",
        salutation=clean_line(letter.salutation),
        paragraphs=clean_paragraphs(letter.body),
        closing=clean_line(letter.closing),
        name=clean_line(writer.name),
    )


def to_text(letter: Letter, writer: Writer, office: Office | None = None) -> str:
    """The letter as plain text for paper: parts set apart by one blank line, ``\\n`` at the end.

    Paragraphs are not wrapped, so that they can be pasted anywhere.
    """
    page = postal(letter, writer, office)
    parts = (
        "\n".join(page.return_address),
        page.date,
        "\n".join(page.inside_address),
        page.subject,
        page.salutation,
        *page.paragraphs,
        page.closing,
        page.name,
    )
    return "\n\n".join(part for part in parts if part) + "\n"
