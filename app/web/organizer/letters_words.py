"""The words of the letters' pages (statuses, moments, texts, fields) in the reader's language."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from flask import Flask
from flask_babel import lazy_gettext as _l
from markupsafe import Markup, escape

from app.campaign.entities import Campaign
from app.campaign.fields import FACT_PREFIX, FIELD_GROUPS, FILTERS, Field
from app.campaign.letter_file import read_name
from app.campaign.problems import Problem
from app.campaign.text_changes import Change
from app.campaign.words import said
from app.site.i18n import gettext as _
from app.site.i18n import language, long_date, page_url
from app.site.services import MEASURE
from app.text import read_day
from app.web.organizer.who import LABELS, STANCE_LABELS, names
from app.web.organizer.who import TITLES as WHO_TITLES
from app.web.problem_words import HEADING, problem_words

_CODE = re.compile(r"`([^`]+)`")

STATUS = {
    "live": _l("live"),
    "draft": _l("draft"),
    "retired": _l("retired"),
    "saved": _l("earlier draft"),
    "discarded": _l("discarded draft"),
    "past": _l("published before"),
}
STATUS_ABOUT = {
    "live": _l("Residents can choose this letter now."),
    "draft": _l("Only organizers see it. Residents see it once it is published."),
    "retired": _l("No longer offered. We keep everything that was signed."),
}
PART = {
    "full": _l("Full letter"),
    "short": _l("Short form"),
    "full-es": _l("Spanish reading aid, full"),
    "short-es": _l("Spanish reading aid, short"),
}
PART_ABOUT = {
    "full": _l("For most offices. Up to 1,500 characters."),
    "short": _l("For short web forms. Up to 450 characters."),
    "full-es": _l(
        "Helps residents read the letter. An office sees it only if the resident chooses that."
    ),
    "short-es": _l(
        "Helps residents read the short form. An office sees it only if the resident chooses that."
    ),
}
MOMENT = {
    "pending": _l("While the %(bill)s is pending", bill=MEASURE),
    "last_weeks": _l("In the last weeks"),
    "ending": _l("After the planned last day"),
    "expired": _l("After the Congress has ended"),
    "enacted": _l("After the %(bill)s has become law", bill=MEASURE),
}
LEVEL = {"must": _l("Must fix"), "should": _l("Should fix"), "nice": _l("Nice to have")}
LEVEL_ABOUT = {
    "must": _l("Blocks publishing."),
    "should": _l("Advice. Does not block publishing."),
    "nice": _l("A hint. Does not block publishing."),
}
FORM = {"letter": _l("Letter"), "web": _l("Text for a web form"), "call": _l("Call script")}
HEADING_HINT = {
    "title": _l("Residents choose a letter by its title."),
    "about": _l("One line that helps residents choose."),
    "subject": _l("The office sees it above the letter. Fields work here too."),
    "closing": _l("If empty, it is “Sincerely,”."),
    "spoken": _l("One short sentence, for callers whose own words do not begin with one."),
}


def example_words(example: str) -> str:
    """``Senator Padilla (CA-S3) on 2026-11-04`` in the reader's language."""
    whom, _on, typed = example.rpartition(" on ")
    day = read_day(typed)
    return _("%(whom)s on %(day)s", whom=whom, day=long_date(day)) if day else example


def ticks(text: str) -> Markup:
    """A sentence with the text between backticks as ``<code>``; everything is escaped."""
    parts = _CODE.split(text)
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if place % 2 else escape(part)
        for place, part in enumerate(parts)
    )


def _parse_name(name: str) -> tuple[str, str]:
    """A file's letter, and which of its texts it is; both empty if it is no letter's file."""
    kind = read_name(name)
    return (kind.id, kind.length + ("-es" if kind.reading_aid else "")) if kind else ("", "")


def file_words(name: str, letter_id: str = "") -> str:
    """The file of a problem in words: a text of this letter or another, a list, the campaign."""
    letter, part = _parse_name(name)
    if letter:
        return str(PART[part]) if letter == letter_id else f"{letter}: {PART[part]}"
    return _("List of supporters") if name.endswith(".csv") else _("Campaign")


def line_words(problem: Problem, starts: Mapping[str, int]) -> str:
    """The line of a problem as its editor counts lines; empty if it is about the whole file."""
    start = starts.get(problem.file)
    if not problem.line or start is None:
        return ""
    if problem.line < start:
        return _("in the heading")
    return _("line %(number)d", number=problem.line - start + 1)


def file_url(name: str, letter_id: str) -> str:
    """The URL of the editor for a text of this letter; empty for any other file."""
    letter, part = _parse_name(name)
    if letter != letter_id:
        return ""
    return page_url("organizer_letters.edit", letter_id=letter_id, part=part)


CONTEXT_LINES = 2
"""How many unchanged lines are shown before and after a changed one."""


def shown_changes(changes: Sequence[Change]) -> list[Change | int]:
    """The changes with a few lines of context; an integer is a number of omitted lines."""
    differ = [place for place, change in enumerate(changes) if change.kind != "same"]
    near = {place + off for place in differ for off in range(-CONTEXT_LINES, CONTEXT_LINES + 1)}
    shown: list[Change | int] = []
    for kept, places in groupby(range(len(changes)), near.__contains__):
        lines = [changes[place] for place in places]
        shown += lines if kept else [len(lines)]
    return shown


def set_up_words(app: Flask) -> None:
    """Add the filters and globals that the letters' pages use."""
    tables = {
        "status_words": STATUS, "status_about": STATUS_ABOUT, "part_words": PART,
        "part_about": PART_ABOUT, "moment_words": MOMENT, "level_words": LEVEL,
        "level_about": LEVEL_ABOUT, "form_words": FORM, "heading_words": HEADING,
        "heading_hint": HEADING_HINT,
    }  # fmt: skip
    for name, table in tables.items():
        app.jinja_env.filters[name] = lambda key, table=table: str(table.get(key, ""))
    app.jinja_env.filters.update(
        problem_words=problem_words, example_words=example_words, ticks=ticks,
        shown_changes=shown_changes,
    )  # fmt: skip
    app.jinja_env.globals.update(
        who_labels=LABELS, who_titles=WHO_TITLES, stance_labels=STANCE_LABELS, who_names=names,
        file_words=file_words, file_url=file_url, line_words=line_words, heading_keys=(*HEADING,),
    )  # fmt: skip


# --- the fields that a letter may use ----------------------------------------------------


@dataclass(frozen=True, slots=True)
class FieldLine:
    """One field as the editor offers it."""

    name: str
    insert: str
    """What the button inserts into the text."""
    about: str
    example: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FieldGroup:
    """Fields under one heading."""

    id: str
    title: str
    lines: tuple[FieldLine, ...]


def field_groups(campaign: Campaign) -> list[FieldGroup]:
    """Every field that a letter may use, grouped by topic, in the reader's language."""
    titles = {
        "writer": _("The writer, their story and the ask"),
        "recipient": _("Who the letter goes to"),
        "bill": _("The %(bill)s and the date", bill=MEASURE),
    }
    groups = [
        FieldGroup(key, titles[key], tuple(_line(field) for field in fields))
        for key, fields in FIELD_GROUPS.items()
    ]
    facts = tuple(
        FieldLine(FACT_PREFIX + key, f"{{{{ {FACT_PREFIX}{key} }}}}",
                  _("A dated fact from the campaign’s page."), said(fact, "text", language()))
        for key, fact in campaign.facts.items()
    )  # fmt: skip
    groups.append(FieldGroup("facts", _("Facts with a date"), facts))
    groups.append(FieldGroup("tests", _("Words for some recipients only"), _tests()))
    return groups


def _line(field: Field) -> FieldLine:
    only_tested = not field.printable or field.kind == "yes or no"
    insert = f"{{{{ {field.name} }}}}"
    if field.kind == "yes or no":
        insert = f"{{% if {field.name} %}}…{{% endif %}}"
    elif only_tested:
        value = field.choices[0] if field.choices else field.example
        insert = f'{{% if {field.name} == "{value}" %}}…{{% endif %}}'
    return FieldLine(
        field.name, insert, _(field.description), field.example,
        field.choices if only_tested else (),
    )  # fmt: skip


def _tests() -> tuple[FieldLine, ...]:
    ways = (
        FieldLine("if", '{% if type == "sen" %}\n…\n{% else %}\n…\n{% endif %}',
                  _("Words for those who match, and other words for everyone else."),
                  '{% if type == "sen" %} … {% else %} … {% endif %}'),
        FieldLine("or", '{{ city or "my town" }}',
                  _("Words to use where a field is empty."), '{{ city or "my town" }}'),
    )  # fmt: skip
    filters = tuple(
        FieldLine(name, f"{{{{ chamber_name | {name} }}}}", _(about), f"{{{{ … | {name} }}}}")
        for name, about in FILTERS.items()
    )
    return ways + filters
