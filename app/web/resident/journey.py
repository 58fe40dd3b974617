"""The resident's way from page to page. Each step takes the form and gives the next page.

Every step looks the place up again and composes the letters again from what was typed:
nothing that a form says about members, districts or letters is believed.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import timedelta

from werkzeug.datastructures import MultiDict

from app.campaign.pages import congress_gov, sources_of
from app.campaign.words import ordinal
from app.congress import Choose, Found, Outcome, Unavailable, ZipProblem
from app.congress.model import as_moment, change_of
from app.records import receipt
from app.site.i18n import gettext as _
from app.site.i18n import language, long_date
from app.site.services import Services
from app.text import suggest_email
from app.web import practice
from app.web.errors import words_for
from app.web.limits import Wait, ask, wait_words
from app.web.pages import Page
from app.web.resident.consent import offer
from app.web.resident.draft import Draft, as_form_data, read_draft, token_of
from app.web.resident.find import (
    find_page,
    look_up,
    look_up_street,
    outcome_page,
    settled,
)
from app.web.resident.forms import FindForm, StreetForm, WriteForm
from app.web.resident.letters import glyph_words, review, standing_by, too_long, unsettled
from app.web.resident.people import no_letter, role, title_name
from app.web.resident.sharing import prefilled
from app.web.resident.write import Errors, judge, write_page

Data = MultiDict[str, str]


@dataclass(frozen=True, slots=True)
class Counted:
    """The signature is on the disk; the letters can be taken away."""

    receipt: str


def start(data: Data, site: Services) -> Page:
    """The empty form, with the ZIP, letter and source tag of the link that was followed."""
    link = prefilled(data, site)
    test = practice.known(data.get(practice.FIELD, "").strip(), site)
    return find_page(Draft(zip=link.zip, template=link.letter, via=link.source, test=test), site)


def resume() -> Page:
    """A page of the way without its form: by Back, by reload or by its address alone.

    With JavaScript the tab sends its own copy of the form again; otherwise there is a way on.
    """
    heading, text = words_for(405)
    context = {"heading": heading, "text": text, "draft_page": "resume"}
    return Page("error.html", context)


def find(data: Data, site: Services) -> Page:
    """Look the place up, with the street if that button was pressed."""
    draft = read_draft(data)
    if data.get("use"):
        draft = dataclasses.replace(draft, zip=data["use"])
    if data.get("relocate"):
        draft = draft.moved(zip=draft.mail_zip, state=draft.mail_state, elsewhere="")
    by_street = data.get("lookup") == "street" and site.settings.street_lookup
    form = (StreetForm if by_street else FindForm)(as_form_data(draft))
    if not form.validate():
        return find_page(draft, site, form, street_open=by_street)
    answer = ask("street" if by_street else "find", site)
    if isinstance(answer, Wait):
        return find_page(draft, site, form, wait=wait_words(answer), street_open=by_street)
    outcome = look_up_street(draft, site) if by_street else look_up(draft, site)
    return _written_or(outcome, draft, site)


def _written_or(outcome: Outcome | ZipProblem, draft: Draft, site: Services) -> Page:
    if isinstance(outcome, Found) or (
        isinstance(outcome, Unavailable) and isinstance(outcome.fallback, Found)
    ):
        return write_page(draft, site, outcome)
    return outcome_page(outcome, draft, site)


def write(data: Data, site: Services) -> Page:
    """The page to write on: after a district was chosen, or to change something."""
    draft = read_draft(data)
    outcome = look_up(draft, site)
    if isinstance(outcome, Choose) and data.get("district") == "":
        return outcome_page(outcome, draft, site, unchosen=True)
    return _written_or(outcome, draft, site)


@dataclass(frozen=True, slots=True)
class Ready:
    """A draft of which letters can be made."""

    draft: Draft
    found: Found
    site: Services
    """The site as of the moment that counts: for what was signed under a Congress that is over,
    as it was then."""


def as_signed(data: Data, site: Services) -> Services:
    """The site at the time when this form was signed, if a Congress has ended since.

    What somebody signed stays theirs to fetch: to the same people, in the words of that day.
    """
    token = token_of(read_draft(data), site)
    signed = receipt(site.db(), token) if token else None
    if signed is None or signed.congress >= site.tables.congress:
        return site
    last = change_of(signed.congress + 1) - timedelta(seconds=1)
    return site.at(min(as_moment(signed.day), last))


def ready(data: Data, site: Services, *, fresh: bool, choosing: bool = False) -> Ready | Page:
    """The draft if letters can be made of it, or the page that says what is in the way.

    ``fresh`` demands a form token that has not expired, and that the person has said of every
    letter that they changed by hand whether they still mean it; a page that only shows what was
    signed demands neither. ``choosing``: this is the page on which they say it.
    """
    if not fresh:
        site = as_signed(data, site)
    draft = read_draft(data)
    if data.get("undo"):
        words = {seat: text for seat, text in draft.words.items() if seat != data["undo"]}
        draft = dataclasses.replace(draft, words=words)
    outcome = look_up(draft, site)
    if not isinstance(outcome, Found):
        return outcome_page(outcome, draft, site)
    draft = settled(draft, outcome, site)
    if draft.to is None:
        everyone = tuple(h.seat.id for h in outcome.delegation.recipients)
        draft = dataclasses.replace(draft, to=everyone)
    if fresh and (moved := _moved_on(draft, outcome)):
        return write_page(
            moved,
            site,
            outcome,
            WriteForm(as_form_data(moved)),
            errors=[("to", _changed(site))],
            status=409,
        )
    form, errors = judge(draft, site, outcome)
    if errors:
        return write_page(draft, site, outcome, form, errors=errors, status=422)
    if errors := too_long(draft, outcome, site):
        return review_page(draft, outcome, site, errors=errors, status=422)
    if fresh and (waited := _token_words(draft, site)):
        return _come_back(draft, outcome, site, form=form, message=waited, data=data)
    if kept := data.get("keep"):
        draft = standing_by(draft, kept, outcome, site)
    if fresh and not choosing and (open_choices := _choices(draft, outcome, site)):
        return review_page(draft, outcome, site, errors=open_choices, status=409)
    return Ready(draft, outcome, site)


def _moved_on(draft: Draft, found: Found) -> Draft | None:
    """The draft for those who can be written to now, where it was begun for somebody else."""
    here = {holder.seat.id for holder in found.delegation.recipients}
    if draft.to is None or here.issuperset(draft.to):
        return None
    return dataclasses.replace(draft, to=tuple(seat for seat in draft.to if seat in here))


def _changed(site: Services) -> str:
    return _(
        "The list of people who represent you has changed since you began: the %(congress)s "
        "Congress sits since noon on %(day)s, Washington time, and our list is of %(list)s. Your "
        "words are all here. Please look at whom you write to.",
        congress=ordinal(site.tables.congress, "es" if language() == "es" else "en"),
        day=long_date(site.tables.begins), list=long_date(site.tables.as_of),
    )  # fmt: skip


def _choices(draft: Draft, found: Found, site: Services) -> Errors:
    """What the person has to say of letters that they changed by hand before they sign."""
    return [
        (
            f"choose-{h.seat.id}",
            _("You changed the letter to %(name)s by hand, and then something that it was made "
              "from. Choose which letter you mean; nothing was signed yet.", name=title_name(h)),
        )
        for h in unsettled(draft, found, site)
    ]  # fmt: skip


def _token_words(draft: Draft, site: Services) -> str:
    """Why the form cannot be taken as it is; empty when it can."""
    state = site.tokens.read(draft.token).state
    if state == "expired":
        return _(
            "This page was open for more than %(minutes)d minutes, so please press the button once "
            "more. Nothing was lost: everything you typed is here.",
            minutes=site.settings.form_minutes,
        )
    if state == "forged":
        return _(
            "We could not tell that this form came from our page. Please check it and press the "
            "button once more. Nothing was lost."
        )
    return ""


def _come_back(
    draft: Draft, found: Found, site: Services, *, form: WriteForm | None, message: str, data: Data
) -> Page:
    """The same page again, filled in, with a fresh token."""
    if any(key.startswith("shown-") for key in data):
        return review_page(draft, found, site, errors=[("", message)], status=400)
    return write_page(draft, site, found, form, errors=[("", message)], status=400)


def review_letters(data: Data, site: Services) -> Page:
    """The letters exactly as they will be handed over."""
    checked = ready(data, site, fresh=True, choosing=True)
    if isinstance(checked, Page):
        return checked
    return review_page(checked.draft, checked.found, site)


def review_page(
    draft: Draft,
    found: Found,
    site: Services,
    *,
    errors: Errors | None = None,
    press_again: str = "",
    status: int = 200,
) -> Page:
    """The review page of a draft that letters can be made of."""
    wrong = frozenset(target for target, _message in errors or ())
    vacant = [h for h in found.delegation.holders if h.vacant]
    letters = review(draft, found, site, wrong)
    context = {
        "draft": draft, "token": site.tokens.renew(draft.token), "errors": errors or (),
        "letters": letters, "notices": glyph_words(draft),
        "sources": sources_of(
            site.campaign, (text for letter in letters for text in letter.page.paragraphs),
            found.delegation.state,
        ),
        "bill_url": congress_gov(site.campaign.bill_for("house")),
        "switch": "resident.review", "enter": "resident.review", "press_again": press_again,
        "email_hint": suggest_email(draft.email), "offer": offer(site),
        "proof_bits": site.settings.proof_of_work,
        "vacancies": [_("%(seat)s: there is no letter to this seat. %(reason)s",
                        seat=role(h), reason=no_letter(h, site.tables)) for h in vacant],
    }  # fmt: skip
    return Page("resident/review.html", context, status)
