"""A letter as text for the form on an office's own site.

The form has fields of its own for name and address, so the text has neither, nor a signature.
"""

from __future__ import annotations

from app.campaign.model import Letter
from app.documents.clean import clean_line, clean_paragraphs
from app.documents.links import without_links
from app.documents.model import WebFormText
from app.documents.quotes import typographic


def form_length(text: str) -> int:
    """How many characters an office counts: a line break is two, an emoji is two.

    Browsers count in UTF-16 units, and send each line break as carriage return and line feed.
    """
    return len(text) + sum(char == "\n" or char > "\uffff" for char in text)


def to_web_form(letter: Letter) -> WebFormText:
    """The letter for the member's web form: no name, no address, no straight quotes, no links.

    Nothing is ever cut: ``over`` says by how many characters the text is too long for the limit
    that the office is known to have.
    """
    removed: list[str] = []

    def plain(text: str) -> str:
        text, links = without_links(text)
        removed.extend(links)
        return typographic(text)

    subject = plain(clean_line(letter.subject)).strip()
    parts = (clean_line(letter.salutation), *clean_paragraphs(letter.body))
    # A paragraph that was nothing but "https://" is gone altogether.
    text = "\n\n".join(part for part in map(clean_line_ends, map(plain, parts)) if part)
    member = letter.holder.member
    limit = member.form.max_characters if member else None
    count = form_length(text)
    over = max(0, count - limit) if limit is not None else 0
    return WebFormText(subject, text, count, limit, over, tuple(removed))


def clean_line_ends(text: str) -> str:
    """The text without blanks at the ends of its lines."""
    return "\n".join(line.strip() for line in text.split("\n")).strip()
