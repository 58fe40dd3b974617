"""The words that the pages about counts share: what each number means, and what is shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import format_date

from app.congress import STATES
from app.records import Status
from app.records.definitions import BY_TERM, DEFINITIONS, Words
from app.site.i18n import gettext as _
from app.site.i18n import language
from app.site.services import Services
from app.web.organizer.counts_filter import Asked, choices, source_name, status_name


def meanings() -> Mapping[str, Words]:
    """Every definition in the reader's language, by its English term."""
    return {term: found.words(language()) for term, found in BY_TERM.items()}


def glossary() -> list[Words]:
    """The definitions of the numbers themselves, for the foot of a page."""
    return [found.words(language()) for found in DEFINITIONS]


def filter_words(asked: Asked) -> str:
    """The filter in one sentence, for the top of a page and a picture's name."""
    found = asked.chosen
    parts = [
        STATES[found.state] if found.state else "",
        _("from %(day)s", day=format_date(found.since, "medium")) if found.since else "",
        _("to %(day)s", day=format_date(found.until, "medium")) if found.until else "",
        _("letter “%(name)s”", name=found.template) if found.template else "",
        _("source: %(name)s", name=source_name(found.source)) if found.source is not None else "",
        {"en": _("signed in English"), "es": _("signed in Spanish")}.get(found.language or "", ""),
        standing_words(found.status),
    ]
    return ", ".join(part for part in parts if part)


def standing_words(status: Status | None) -> str:
    """``counted``; or that every standing is added up."""
    return status_name(status) if status else _("every standing, added up")


def common(asked: Asked, site: Services) -> dict[str, Any]:
    """What every page about counts shows: the filter, the definitions, the dates of the data."""
    return {
        "asked": asked,
        "errors": asked.errors,
        "choices": choices(asked, site),
        "filter_words": filter_words(asked),
        "meanings": meanings(),
        "glossary": glossary(),
        "zone": site.campaign.timezone,
        "counted_as": standing_words(asked.chosen.status),
        "status_name": status_name,
        "whole_country": {n: v for n, v in asked.query.items() if n != "state"},
    }
