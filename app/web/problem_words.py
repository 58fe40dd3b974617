"""What is wrong with a campaign's texts, in the reader's language.

``app.campaign.problems`` has a sentence for each code. Where it mentions files and keys, as a
command must, ``PAGE`` has the sentence for someone who is filling in a form.
"""

from __future__ import annotations

from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from app.campaign.problems import SENTENCES, Message
from app.site.services import MEASURE
from app.text import capital
from app.text import mark as _mark

_EMPTY = _mark("This cannot be empty.")
_ELSEWHERE = _mark("A part of the campaign is missing or damaged. Ask your site operator.")
_LIST = _mark("The list of supporters is damaged. Ask your site operator.")
_UNKNOWN = _mark(
    "The campaign has something this page does not know: “%(key)s”. Ask your site operator."
)

PAGE: dict[str, str] = {
    "letter-name": _ELSEWHERE,
    "no-words": _mark("The letter has no words yet."),
    "heading-begins": _mark("The heading of this text cannot be read: its first line is `+++`."),
    "heading-ends": _mark("The heading of this text cannot be read: a line `+++` ends it."),
    "heading-missing": _mark("“%(key)s” is empty."),
    "key-did-you-mean": _UNKNOWN,
    "heading-key": _UNKNOWN,
    "heading-words": _mark("“%(key)s” must be text."),
    "heading-line": _mark("“%(key)s” must be one line of at most %(most)s characters."),
    "toml": _mark("We cannot read this line. Look at its quotation marks."),
    "no-full": _mark("There is no full letter for this short form."),
    "no-file": _ELSEWHERE,
    "not-utf8": _ELSEWHERE,
    "no-letter": _mark("There is no letter yet."),
    "database": _ELSEWHERE,
    "missing": _EMPTY,
    "empty": _EMPTY,
    "words": _mark("Enter some text."),
    "long": _mark("This has %(number)s characters. The most is %(most)s."),
    "choice": _mark("Choose one from the list."),
    "whole": _mark("Enter a whole number, like 119."),
    "flag": _mark("Choose one from the list."),
    "day": _mark("Enter a day as year, month and day, like 2026-11-25."),
    "moment": _mark("Enter a day and a time, like 2027-01-03 12:00."),
    "list": _mark("Enter states by name or by two letters, with commas between them: Florida, GA."),
    "list-item": _mark("“%(value)s” is not allowed here."),
    "table": _UNKNOWN,
    "tables": _UNKNOWN,
    "key-unknown": _UNKNOWN,
    "bill-number": _mark("Enter the number of a bill or resolution, like H.R. 1234 or S.Res. 56."),
    "zone": _mark("Choose a time zone from the list."),
    "id": _mark("Use lowercase letters, digits and hyphens. Begin with a letter."),
    "id-twice": _mark("Choose another short name."),
    "fact-id": _mark("Use lowercase letters, digits and _. Begin with a letter."),
    "nobody-left": _mark(
        "%(stage)s nothing would be asked of everyone else: the last ask for that time must be "
        "for everyone."
    ),
    "what-words": _EMPTY,
    "what-whole": _EMPTY,
    "what-day": _EMPTY,
    "what-moment": _EMPTY,
    "pattern-unreadable": _mark("We cannot read this pattern. Look at its brackets and signs."),
    "list-heading": _LIST,
    "list-columns": _LIST,
    "list-twice": _LIST,
    "list-bioguide": _LIST,
    "list-name": _LIST,
    "list-bill": _mark(
        "The list of supporters names a bill or resolution that this campaign does not have."
    ),
    "list-role": _LIST,
    "list-day": _LIST,
}
"""The sentences of pages, for codes whose sentence mentions files."""

STAGES = {
    "pending": _l("before the last weeks"),
    "last_weeks": _l("in the last weeks"),
    "expired": _l("after the Congress has ended"),
    "enacted": _l("after the %(bill)s has become law", bill=MEASURE),
}
"""When an ask applies."""
HEADING = {
    "title": _l("Title in English"),
    "title_es": _l("Title in Spanish"),
    "about": _l("What it is about, in English"),
    "about_es": _l("What it is about, in Spanish"),
    "subject": _l("Subject"),
    "closing": _l("Closing"),
    "spoken": _l("Reason on the phone, in English"),
    "spoken_es": _l("Reason on the phone, in Spanish"),
}
"""The labels of a letter's front matter."""


def problem_words(what: Message) -> str:
    """A message in the reader's language, without file names."""
    values = {name: _value(name, value) for name, value in what.values}
    words = str(gettext(PAGE.get(what.code, SENTENCES[what.code])))
    return words % values if values else words


def _value(name: str, value: object) -> object:
    if isinstance(value, Message):
        return problem_words(value)
    if name == "key":
        return str(HEADING.get(str(value), value))
    # A stage begins its sentence.
    return capital(str(STAGES.get(str(value), value))) if name == "stage" else value
