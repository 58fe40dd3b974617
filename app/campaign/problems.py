"""What can be wrong with a campaign: a code with values, and one sentence for each code.

The packages below the pages do not know the reader's language, so what they report is a
``Message``: a code and the values for its sentence. ``SENTENCES`` is the one table of sentences,
in English as commands print them. Those marked for the catalogue also appear on pages, in the
reader's language; the others speak of files and keys, and ``app.web.problem_words`` has other
words for them on pages.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

from app.errors import ExplainedError
from app.text import mark as _mark

Level = Literal["must", "should", "nice"]
LEVELS: tuple[Level, ...] = get_args(Level)


SENTENCES: dict[str, str] = {
    # --- the small language: the text as a whole
    "text-long": _mark("The text has %(number)s characters. The most is %(most)s."),
    "if-open": _mark("This `%(tag)s` is never closed: add `%(close)s` where its words end."),
    "end-alone": _mark("`%(token)s` is alone here: its `%(start)s` is missing."),
    "single-braces": _mark("`%(token)s` needs double braces to become the field: `%(field)s`."),
    "control": _mark("There is an invisible control character here. Delete and retype it."),
    "tags": _mark("There are more than %(number)s tags. A letter needs a few dozen."),
    "tag-open": _mark("This `%(open)s` is never closed: add `%(close)s` on the same line."),
    "remark-open": _mark("A `{#` is never closed: add `#}` where the remark ends."),
    "raw": _mark("`{% raw %}` is not available in a letter."),
    "curly-quotes": _mark("Inside a tag use straight quotation marks: \" or '."),
    "quote-alone": _mark("A quotation mark in this tag has no partner."),
    "sign": _mark("The sign `%(sign)s` is not allowed in a tag."),
    "bracket-alone": _mark("A bracket in this tag has no partner."),
    "glue": _mark("Remove the `%(sign)s` from this tag: it glues words together."),
    "tag-long": _mark("This tag has more than %(number)s words."),
    "tag-empty": _mark("This `%(open)s` is empty."),
    # --- the small language: tags
    "not-a-tag": _mark("%(more)s Only if, elif, else and endif are."),
    "tag-unknown": _mark("`%(tag)s` is not available in a letter."),
    "tag-repeats": _mark("A letter cannot repeat text, so `%(tag)s` is not available."),
    "tag-stores": _mark("A letter cannot store values, so `%(tag)s` is not available."),
    "tag-macro": _mark("A letter cannot define macros."),
    "tag-calls": _mark("A letter cannot call anything."),
    "tag-includes": _mark("A letter cannot include another text."),
    "tag-imports": _mark("A letter cannot import another text."),
    "tag-extends": _mark("A letter cannot extend another text."),
    "elseif": _mark("Write `elif` instead of `elseif`."),
    "elsif": _mark("Write `elif` instead of `elsif`."),
    "end": _mark("Write `endif` to end an `if`."),
    "nesting": _mark("More than %(number)s `if` are inside one another."),
    "no-if": _mark("This `%(tag)s` has no `%(start)s` before it."),
    "after-else": _mark("`%(tag)s` cannot come after `%(other)s`."),
    "needs-condition": _mark("`%(tag)s` needs a condition, like `%(example)s`."),
    "else-condition": _mark(
        "`%(tag)s` has no condition. For another condition write `%(example)s`."
    ),
    "takes-nothing": _mark("`%(tag)s` takes no other words."),
    "condition-long": _mark("This condition is too long. Split it."),
    "condition-line": _mark("A condition is one line without tags, like `%(example)s`."),
    "backslash": _mark("A quoted text cannot hold a backslash."),
    "quoted-long": _mark("A quoted text has more than %(number)s letters."),
    "number": _mark("`%(value)s` is not a number that a letter can use: whole, up to 999999."),
    "dot": _mark("A field has no parts: remove the dot and what follows it."),
    "parentheses": _mark("A letter cannot call anything: remove the parentheses."),
    "square-brackets": _mark("Square brackets only hold a list after `in`."),
    "comma": _mark("A comma only separates the items of a list after `in`."),
    "calculates": _mark("A letter cannot calculate, so `%(sign)s` is not allowed in a tag."),
    "one-equals": _mark("To compare, write `==`."),
    "not-a-filter": _mark("`%(name)s` is not a filter. There are %(known)s."),
    "inside-tag": _mark("`%(word)s` is not allowed inside this tag: write %(example)s."),
    "is": _mark("Instead of `is`, compare with `==` or test the field alone."),
    "never-none": _mark("A field is never `%(value)s`: write `%(example)s` to test for empty."),
    "did-you-mean": _mark("`%(name)s` is not a field. Did you mean `%(other)s`?"),
    "not-a-field": _mark(
        "`%(name)s` is not a field. The list of fields says what can be used."
    ),
    # --- the small language: what a tag says
    "too-much": _mark("This tag does more than a letter can: print a field or test one."),
    "unreadable-tag": _mark("We cannot read this tag. Look at its words."),
    "words-last": _mark("Quoted words in `{{ }}` come last, after a field and `or`."),
    "filters": _mark("More than %(number)s filters on one field."),
    "prints-field": _mark("Between `{{` and `}}` goes a field, like `{{ place }}`."),
    "not-printed": _mark("`%(name)s` cannot be printed. It can be tested: `%(example)s`."),
    "whole-block": _mark("`%(name)s` is put in whole. Remove the filter."),
    "always-same": _mark("This condition is always the same: test a field."),
    "two-at-a-time": _mark("Compare two things at a time, joined with `and`."),
    "begins-with-field": _mark("Start a comparison with a field, like `%(example)s`."),
    "kinds-differ": _mark(
        "`%(name)s` is a %(kind)s and `%(other)s` a %(kind2)s. They cannot be compared."
    ),
    "no-order": _mark("`%(name)s` has no order: only numbers and dates can be < or >."),
    "in-list": _mark("Write `in` between a field and a list: `%(example)s`."),
    "list-empty": _mark("The list after `in` is empty."),
    "list-items": _mark("A list after `in` holds quoted words or numbers only."),
    "block-tested": _mark("`%(name)s` can only be printed, or tested alone: `%(example)s`."),
    "yes-or-no": _mark("`%(name)s` is yes or no: write `%(a)s` or `%(b)s`."),
    "is-number": _mark("`%(name)s` is a number: compare it with one, without quotes."),
    "in-quotes": _mark("`%(name)s` is a %(kind)s: put what you compare it with in quotes."),
    "is-date": _mark('`%(name)s` is a date: compare it with one like "2026-12-17".'),
    "never-value": _mark("`%(name)s` is never “%(value)s”. It can be: %(choices)s."),
    "kind-text": _mark("text"),
    "kind-number": _mark("number"),
    "kind-date": _mark("date"),
    "kind-yes or no": _mark("yes or no"),
    "kind-block": _mark("block"),
    # --- a letter's file
    "letter-name": "A letter’s file has a name like general.txt or general.short.txt.",
    "no-words": "The letter has no words under its `+++`.",
    "heading-begins": "The file begins with a line `+++`, then title and subject.",
    "heading-ends": "The second line `+++`, which ends the heading, is missing.",
    "heading-missing": "`%(key)s` is missing: write %(example)s between the `+++` lines.",
    "key-did-you-mean": "`%(key)s` is not known here. Did you mean `%(other)s`?",
    "heading-key": "`%(key)s` is not known here. Use %(known)s.",
    "heading-words": "`%(key)s` must be words in quotes.",
    "heading-line": "`%(key)s` must be one line, at most %(most)s letters.",
    "subject": _mark("Subject: %(more)s"),
    "toml": "This line cannot be read: %(why)s.",
    "no-full": "There is no full letter for this short form: %(name)s.",
    "no-english": _mark("There is no English letter for this reading aid."),
    "no-english-text": _mark("This letter has no English text yet."),
    # --- a campaign's folder
    "no-file": "There is no such file in %(folder)s.",
    "not-utf8": "The file is not saved as UTF-8.",
    "no-letter": "There is no letter: a file like general.txt.",
    "database": "%(text)s",
    # --- campaign.toml, field by field; pages say the same without words of files
    "missing": "`%(key)s` is missing: it must be %(what)s.",
    "empty": "`%(key)s` is empty.",
    "words": "`%(key)s` must be words in quotes.",
    "long": "`%(key)s` has %(number)s characters. The most is %(most)s.",
    "choice": "`%(key)s` is “%(value)s”. It can be %(choices)s.",
    "whole": "`%(key)s` must be a whole number above 0.",
    "flag": "`%(key)s` must be true or false, without quotes.",
    "day": "`%(key)s` must be a date without quotes, like 2025-12-18.",
    "moment": "`%(key)s` must be a time in Washington, like 2027-01-03T12:00:00.",
    "list": "`%(key)s` must be a list of words in quotes.",
    "list-item": "`%(key)s` has “%(value)s”. It can have %(choices)s.",
    "table": "`%(key)s` must be a table: [%(key)s].",
    "tables": "`%(key)s` must be tables: [[%(key)s]].",
    "key-unknown": "`%(key)s` is not known here.",
    "bill-number": "“%(value)s” is not a bill number, like H.R. 1234 or S. 567.",
    "bill-chamber": _mark("%(number)s belongs to the other chamber."),
    "fixed": _mark(
        "This stays as it is: people have signed for it, and the counts name it. Another bill "
        "or resolution is another campaign."
    ),
    "zone": "“%(value)s” is not a time zone, like America/Chicago.",
    "id": "“%(value)s” cannot be an id: small letters, digits, - and _.",
    "id-twice": "The id %(value)s is used twice.",
    "fact-id": "“%(value)s” cannot name a fact: small letters and _ only.",
    "both-laws": _mark("%(state)s cannot both require and limit what the campaign is about."),
    "nobody-left": (
        "In stage %(stage)s nothing is asked of everyone else: the last ask of a stage must have "
        "no `when`."
    ),
    "what-words": "words in quotes",
    "what-whole": "a number",
    "what-day": "a date like 2025-12-18",
    "what-moment": "a time like 2027-01-03T12:00:00",
    # --- claims to avoid
    "pattern-long": _mark("The pattern has more than %(number)s characters. Split it."),
    "pattern-unreadable": "The pattern cannot be read: %(why)s.",
    "pattern-repeats": _mark(
        "The pattern repeats a repetition or a choice, or refers back. Write it more simply."
    ),
    "pattern-many": _mark(
        "The pattern has too many repetitions. Use .{0,%(number)s} instead of .* and +."
    ),
    "pattern-everything": _mark("The pattern matches every sentence."),
    # --- the lists of who backs which bill
    "list-heading": "The first line must be: %(columns)s",
    "list-columns": "A line has %(number)s columns: %(columns)s.",
    "list-twice": "%(name)s is listed twice for %(bill)s.",
    "list-bioguide": "“%(value)s” is not a bioguide id, like Q000023.",
    "list-name": "The name is missing.",
    "list-bill": "“%(value)s” is not a bill of this campaign: %(known)s.",
    "list-role": "The role is “%(value)s”. It must be sponsor or cosponsor.",
    "list-day": "“%(value)s” is not a date like 2025-12-18.",
    # --- files that say who backs a bill
    "status-large": _mark("The file has %(where)s bytes. The most is %(most)s."),
    "status-encoding": _mark(
        "The file is not written in UTF-8 (line %(where)s), so it is not the official one."
    ),
    "status-packed": _mark(
        "The file is packed. Unpack it, then choose the file inside whose name begins with "
        "BILLSTATUS."
    ),
    "status-doctype": _mark(
        "The file declares a document type (line %(where)s). The official ones never do, so this "
        "one was not read."
    ),
    "status-xml": _mark("The file is damaged or cut off (line %(where)s). Download it again."),
    "status-json": _mark("The file is damaged or cut off. Download it again."),
    "status-other": _mark(
        "This is another kind of file (it begins with “%(where)s”). Choose the official "
        "status file, or a list of cosponsors."
    ),
    "status-amendment": _mark(
        "This file is about an amendment. Choose the file of the bill or resolution it amends."
    ),
    "status-bill": _mark("The file does not say which bill or resolution it is about."),
    "status-people": _mark("The file names %(where)s people, more than Congress has."),
    "status-person": _mark("The file names someone without a proper id: “%(where)s”."),
    "status-day": _mark("The file does not say on which day %(where)s joined or left."),
    "status-of-another": _mark(
        "This file is about %(theirs)s of Congress %(congress)s, but this campaign is about "
        "%(ours)s."
    ),
    "csv-large": _mark("The file has %(where)s bytes. The most is %(most)s."),
    "csv-encoding": _mark(
        "This is not a UTF-8 CSV file (line %(where)s). In your spreadsheet, choose “Save as”, "
        "then “CSV UTF-8”."
    ),
    "csv-empty": _mark("The file has no rows under its heading."),
    "csv-columns": _mark("The first row must name these columns, each once: %(where)s."),
    "csv-quotes": _mark("A quotation mark near line %(where)s never closes."),
    "csv-rows": _mark("The file has more than %(where)s rows."),
    "csv-cells": _mark("Fix these cells in your file, then choose it again."),
    "cell-missing": _mark("This is missing."),
    "cell-bioguide": _mark("An id looks like Q000023."),
    "cell-other_person": _mark("This is the id of %(more)s."),
    "cell-twice": _mark("This person is there twice."),
    "cell-formula": _mark("A name does not begin with this sign."),
    "cell-long": _mark("This is too long."),
    "cell-bill": _mark("The campaign does not have this bill or resolution."),
    "cell-role": _mark("Write sponsor or cosponsor."),
    "cell-two_sponsors": _mark("There can be only one sponsor."),
    "cell-day": _mark("Write a day like 2025-12-18 or 12/18/2025."),
    "cell-future": _mark("This day has not come yet."),
    "cell-early": _mark("It was introduced on %(more)s."),
    "cell-before_joining": _mark("The day of withdrawing is before the day of joining."),
    "cell-extra": _mark("There are more cells than columns."),
    "cell-nobody": _mark("No member of Congress has this name. Add the id."),
    "cell-several": _mark("This name matches %(more)s. Write it in full, or add the id."),
    "note-older": _mark("This file is older than the list: it was last changed on %(day)s."),
    "note-no-sponsor": _mark("This file does not name the sponsor."),
    "note-two-sponsors": _mark(
        "There is one sponsor, but the list will have several: %(names)s. Check those who are no "
        "longer the sponsor."
    ),
    "note-fewer": _mark(
        "This file names fewer people than the list has: %(there)s instead of %(here)s."
    ),
    "note-pages": _mark(
        "The source says that there are %(all)s cosponsors, but this file has %(here)s: it is one "
        "page of several."
    ),
    "note-columns": _mark("These columns were ignored: %(names)s."),
    "note-doubt": _mark("“%(typed)s” was read as %(name)s."),
    # --- what a composed letter must not say
    "form-long": _mark("The %(length)s form has %(number)s characters. The most is %(most)s."),
    "office-limit": _mark(
        "The letter has %(number)s characters where an office takes %(most)s, and no shorter "
        "form fits. Shorten it, or write a short form."
    ),
    "placeholder": _mark("“%(words)s” was never filled in."),
    "garbled": _mark("“%(words)s” lost characters when it was copied. Type it again."),
    "greeting": _mark(
        "The greeting is added to every letter automatically. Take it out of the words."
    ),
    "closing": _mark(
        "The closing and the name are added to every letter automatically. Take them out."
    ),
    "joined": _mark("Two sentences have no space between them: “%(words)s”."),
    "cut": _mark("This sentence breaks off."),
    "not-ended": _mark("This paragraph ends without a period."),
    "no-verb": _mark("This may not be a whole sentence: it has no verb we know."),
    "said-twice": _mark("The letter says this twice: “%(words)s”."),
    "two-genders": _mark(
        "A form for two genders cannot be read aloud. Choose words that need none, like “la "
        "oficina de”."
    ),
    "no-ask": _mark("There is no ask. Put `{{ ask }}` where the request goes."),
    "asks-more": _mark("More than one thing is asked."),
    "no-story": _mark("There is no place for a personal story: `{{ story }}`."),
    "grade": _mark("The reading grade is %(grade)s. Shorter sentences bring it to %(most)s."),
    "blank": _mark("`%(name)s` is empty here. Write `%(a)s` or `%(b)s`."),
    "gap": _mark("A word seems to be missing here."),
    "nothing-printed": _mark("A field without a value was printed."),
    "straight-quote": _mark(
        "There is a straight quotation mark, which some web forms drop. Use “ and ”."
    ),
    "link": _mark("There is a link or web address. Offices’ forms often refuse them."),
    "no-bill-known": _mark("`%(number)s` is printed, but no %(chamber)s number is known."),
    "other-bill": _mark("`%(number)s` does not belong to this campaign."),
    "expired": _mark("`%(number)s` has expired. Name it in the past tense only."),
    "law": _mark(
        "`%(number)s` is law now. Say what it does, not what it would do, and ask for what comes "
        "next, not to pass it."
    ),
    "delegate-vote": _mark("A delegate cannot vote on the floor: ask to cosponsor and to speak."),
    "senator-house-bill": _mark("A senator cannot cosponsor a House bill: ask for a companion."),
    "who-returns": _mark(
        "No one knows who will return. Write “if you serve in the new Congress”."
    ),
    "aid-paragraphs": _mark(
        "The reading aid has %(a)s and %(b)s paragraphs before and after the story, the "
        "letter %(c)s and %(d)s."
    ),
    "advice": "%(text)s",
}  # fmt: skip
"""The English sentence of each code; in one with values, ``%%`` is a percent sign."""


@dataclass(frozen=True, slots=True)
class Message:
    """A code of ``SENTENCES`` with its values; a value may itself be a message.

    ``str()`` gives the English. Messages with the same code and values are equal.
    """

    code: str
    values: tuple[tuple[str, object], ...] = ()

    @classmethod
    def of(cls, code: str, **values: object) -> Message:
        """A message. Raises ``KeyError`` for an unknown code, which is a bug."""
        SENTENCES[code]
        return cls(code, tuple(values.items()))

    def __str__(self) -> str:
        words = SENTENCES[self.code]
        return words % dict(self.values) if self.values else words


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to fix: where, what and how, and the sentence at fault.

    ``must`` keeps a letter from going out, ``should`` is advice, ``nice`` is a hint.
    """

    file: str
    line: int
    """From 1; 0 means the whole file."""
    what: Message
    sentence: str = ""
    level: Level = "must"
    example: str = ""
    """One recipient and moment for which the sentence was composed."""
    seats: int = 0
    """How many seats it affects; 0 if nothing was composed."""
    field: str = ""
    """The field of ``campaign.toml`` at fault (``asks.3.text``); empty for the whole file."""
    in_spanish: bool = False
    """Whether ``sentence`` is a Spanish one of ``campaign.toml``."""

    @property
    def language(self) -> str:
        """The language of ``sentence``."""
        return "es" if self.in_spanish or self.file.endswith(".es.txt") else "en"

    @property
    def message(self) -> str:
        """What is wrong and what to do, in English."""
        return str(self.what)

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        words = f"\n    “{self.sentence}”" if self.sentence else ""
        whom = f"\n    for example to {self.example}" if self.example else ""
        return f"{place}: {self.message}{words}{whom}"


class CampaignError(ExplainedError):
    """A campaign cannot be used; ``problems`` has every problem found, not only the first."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))
