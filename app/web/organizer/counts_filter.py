"""Which signatures a page or a file is about: read from the address, and put back into it."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from typing import Any, cast

from flask_babel import format_date
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict
from wtforms import ValidationError

from app.congress.model import STATES
from app.records.acts import STATUSES, Status
from app.records.counts import Filter, count, signed_campaigns
from app.records.database import Connection
from app.records.definitions import BY_TERM, DEFINITIONS, Definition
from app.records.signing import source_tag
from app.site.i18n import LANGUAGES
from app.site.i18n import gettext as _
from app.site.services import Services
from app.text import read_day
from app.web.forms import SiteForm, asked, entries
from app.web.organizer.campaign_list import title_of
from app.web.organizer.show import area, visible

counts_area = area("organizer_counts", "/counts")
"""Where the pages of ``counts_pages``, the map and the files to take away are."""

FIELDS = ("campaign", "since", "until", "state", "letter", "source", "language", "status")
"""Names in the address; they are promised to whoever keeps one."""

ALL_CAMPAIGNS = "(all)"
NO_SOURCE = "(none)"
EVERY_STATUS = "every"
"""Words with brackets can be no slug and no tag."""

Problem = tuple[str, str]
Choice = tuple[str, str]
"""A value in the address and its words on the page."""


@dataclass(frozen=True, slots=True)
class CountsQuery:
    """What the address asks for."""

    chosen: Filter
    query: dict[str, str]
    """The same as the shortest address: without defaults, without what could not be read."""
    typed: dict[str, str]
    """As it was typed, to be shown again."""
    errors: list[Problem]
    """Fields that could not be read, with what to do; they do not narrow anything."""

    @property
    def narrowed(self) -> bool:
        """Whether it asks for anything but all that count."""
        return bool(self.query)


def _shown(text: str) -> str:
    """What was typed, as it is judged and shown again."""
    return visible(text).strip()[:100]


class FilterForm(SiteForm):
    """The filter as the address has it: each field empty or what it may be, in any order.

    A field that is not narrows nothing, and its words say what to do.
    """

    campaign, since, until, state, letter, source, language, status = entries(8, _shown)

    def __init__(self, args: MultiDict[str, str], *, site: Services) -> None:
        super().__init__(args)
        self.site = site

    def value(self, name: str) -> str | None:
        """What was chosen; None where that is nothing, or cannot be read."""
        return None if self[name].errors else self[name].data or None

    def validate_campaign(self, field: Any) -> None:
        known = {self.site.campaign.slug, ALL_CAMPAIGNS, *signed_campaigns(self.site.db())}
        _one_of(field, known)

    def validate_status(self, field: Any) -> None:
        _one_of(field, (*STATUSES, EVERY_STATUS))

    def validate_state(self, field: Any) -> None:
        field.data = field.data.upper()
        _one_of(field, STATES)

    def validate_source(self, field: Any) -> None:
        if field.data != NO_SOURCE and field.data and not source_tag(field.data):
            raise _unknown(field)

    def validate_letter(self, field: Any) -> None:
        if field.data:  # only then the tallies are asked
            campaign = self.value("campaign") or self.site.campaign.slug
            _one_of(field, _letters(self.site, campaign))

    def validate_language(self, field: Any) -> None:
        _one_of(field, LANGUAGES)

    def validate_since(self, field: Any) -> None:
        if field.data and read_day(field.data) is None:
            raise ValidationError(_("Enter a day as year, month and day, such as 2026-11-25."))

    def validate_until(self, field: Any) -> None:
        self.validate_since(field)
        since, until = read_day(self.since.data), read_day(field.data)
        if since and until and since > until:
            raise ValidationError(_("The last day is before the first."))


def _one_of(field: Any, allowed: Container[str]) -> None:
    if field.data and field.data not in allowed:
        raise _unknown(field)


def _unknown(field: Any) -> ValidationError:
    return ValidationError(
        _("“%(name)s” is not known here. Choose from the list.", name=field.data)
    )


def read_filter(site: Services) -> CountsQuery:
    """The filter that the address asks for."""
    form = asked(FilterForm, site=site)
    typed = {name: str(form[name].data) for name in FIELDS}
    form.validate()
    value, slug = form.value, site.campaign.slug
    campaign, status = value("campaign") or slug, value("status")
    since, until = (read_day(value(name) or "") for name in ("since", "until"))
    if since and read_day(form.until.data) and form.until.errors:
        since = None  # the two together made no sense
    source = value("source")
    chosen = Filter(
        campaign=None if campaign == ALL_CAMPAIGNS else campaign,
        status=None if status == EVERY_STATUS else cast(Status, status or "counted"),
        state=value("state"),
        since=since,
        until=until,
        template=value("letter"),
        source="" if source == NO_SOURCE else source_tag(source) if source else None,
        language=value("language"),
    )
    errors = [(name, str(words[0])) for name, words in form.errors.items()]
    return CountsQuery(chosen, query_of(chosen, slug), typed, errors)


def _letters(site: Services, campaign: str) -> set[str]:
    """The letters that the campaign has, or that anybody has signed."""
    everywhere = None if campaign == ALL_CAMPAIGNS else campaign
    signed = {row.group for row in count(site.db(), Filter(everywhere, None), "template")}
    return signed | {slug for slug, _length in site.campaign.templates}


def query_of(chosen: Filter, slug: str) -> dict[str, str]:
    """A filter as an address names it, without defaults."""
    fields = {
        "campaign": ALL_CAMPAIGNS if chosen.campaign is None else chosen.campaign,
        "since": chosen.since.isoformat() if chosen.since else "",
        "until": chosen.until.isoformat() if chosen.until else "",
        "state": chosen.state or "",
        "letter": chosen.template or "",
        "source": NO_SOURCE if chosen.source == "" else chosen.source or "",
        "language": chosen.language or "",
        "status": EVERY_STATUS if chosen.status is None else chosen.status,
    }
    plain = {"campaign": slug, "status": "counted"}
    return {name: value for name, value in fields.items() if value and value != plain.get(name)}


def choices(asked: CountsQuery, site: Services) -> dict[str, list[Choice]]:
    """What each list of the filter offers; what is chosen is always among it."""
    db, chosen = site.db(), asked.chosen
    slugs = {site.campaign.slug, *signed_campaigns(db)}
    found: dict[str, list[Choice]] = {
        "campaign": [(slug, title_of(site, slug)) for slug in sorted(slugs)],
        "state": [(code, f"{code} · {name}") for code, name in sorted(STATES.items())],
        "letter": _seen(db, chosen, "template", lambda slug: letter_name(slug, site)),
        "source": _seen(db, chosen, "source", source_name),
        "language": list(LANGUAGES.items()),
        "status": [(status, status_name(status)) for status in STATUSES],
    }
    found["status"].append((EVERY_STATUS, status_name(None)))
    found["campaign"].append((ALL_CAMPAIGNS, _("all campaigns together")))
    for name, kept in (("letter", chosen.template), ("source", chosen.source)):
        value = NO_SOURCE if kept == "" else kept
        if value and value not in [choice for choice, _words in found[name]]:
            found[name].append((value, value))
    return found


def _seen(db: Connection, chosen: Filter, by: str, words: Callable[[str], str]) -> list[Choice]:
    """The values that signatures have, the most frequent first, at most 200."""
    rows = sorted(count(db, chosen.campaign, by), key=lambda row: -row.signatures)[:200]
    return [(row.group or NO_SOURCE, words(row.group)) for row in rows]


def letter_name(slug: str, site: Services) -> str:
    """A letter's title, where the campaign still has it, else its short name."""
    templates = site.campaign.templates
    letter = templates.get((slug, "full")) or templates.get((slug, "short"))
    return letter.title if letter else slug


def source_name(tag: str) -> str:
    """A source tag in words."""
    return tag or _("no tag")


STATUS_NAMES = {
    "counted": _l("counted"), "held": _l("held"), "unconfirmed": _l("unconfirmed"),
    "withdrawn": _l("withdrawn"), "repeated": _l("repeated"), "test": _l("test"),
}  # fmt: skip


def status_name(status: str | None) -> str:
    """Where a signature stands, in the reader's language; None for every standing, added up."""
    return str(STATUS_NAMES.get(status, status)) if status else _("every standing, added up")


# --- What every page about counts shows ---


def meanings() -> Mapping[str, Definition]:
    """Every definition in the reader's language, by its English term."""
    return {term: found.words(_) for term, found in BY_TERM.items()}


def filter_words(asked: CountsQuery) -> str:
    """The filter in one sentence, for the top of a page and a picture's name."""
    found = asked.chosen
    parts = [
        STATES[found.state] if found.state else "",
        _("from %(day)s", day=format_date(found.since, "medium")) if found.since else "",
        _("to %(day)s", day=format_date(found.until, "medium")) if found.until else "",
        _("letter “%(name)s”", name=found.template) if found.template else "",
        _("source: %(name)s", name=source_name(found.source)) if found.source is not None else "",
        {"en": _("signed in English"), "es": _("signed in Spanish")}.get(found.language or "", ""),
        status_name(found.status),
    ]
    return ", ".join(part for part in parts if part)


def common(asked: CountsQuery, site: Services) -> dict[str, Any]:
    """What every page about counts shows: the filter, the definitions, the dates of the data."""
    return {
        "asked": asked, "errors": asked.errors, "choices": choices(asked, site),
        "filter_words": filter_words(asked), "meanings": meanings(),
        "glossary": [found.words(_) for found in DEFINITIONS],
        "zone": site.campaign.timezone,
        "counted_as": status_name(asked.chosen.status), "status_name": status_name,
        "whole_country": {n: v for n, v in asked.query.items() if n != "state"},
    }  # fmt: skip
