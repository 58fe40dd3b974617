"""From a ZIP to its delegation: each outcome of the lookup has its own page."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

from app.campaign.words import ordinal
from app.congress.lookup import find_delegation
from app.congress.model import (
    DELEGATE_AREAS,
    POUCH_ZIPS,
    STATES,
    Choose,
    ChooseState,
    Disagree,
    Found,
    Holder,
    Located,
    Outcome,
    OutOfDate,
    Outside,
    Unavailable,
    ZipUnknown,
)
from app.congress.names import NOTICES, STREET_REASONS
from app.congress.places import ZipProblem, parse_zip
from app.site.i18n import gettext as _
from app.site.i18n import language, long_date
from app.site.services import Services
from app.text import capital
from app.web.pages import Page
from app.web.resident.draft import MILITARY, Draft, FindForm, StreetForm, as_form_data
from app.web.resident.people import (
    district,
    district_name,
    no_letter,
    role,
    seat_in_words,
    small_share,
    state_name,
    states_in_words,
    title_name,
)

CARDS = 8
"""The most districts shown as cards; the list to choose from by hand has them all."""


def find_page(
    draft: Draft,
    site: Services,
    form: FindForm | None = None,
    *,
    wait: str = "",
    street_open: bool = False,
) -> Page:
    """The form that asks for the ZIP, with its errors if it has any (status 422).

    ``wait`` is the message after too many requests from one network (status 429).
    """
    form = form or FindForm(as_form_data(draft))
    parsed = parse_zip(draft.zip)
    suggestion = parsed.suggestion if form.errors and isinstance(parsed, ZipProblem) else None
    errors = [(name, messages[0]) for name, messages in form.errors.items()]
    errors += [("", wait)] if wait else []
    context = {
        "draft": draft, "token": site.tokens.renew(draft.token), "form": form,
        "suggestion": suggestion or "", "errors": errors,
        "street_lookup": site.settings.street_lookup,
        "street_open": street_open or bool(form.street.errors),
        "switch": "resident.find" if errors else "",
        "enter": "resident.find" if errors else "",
        "draft_page": "form" if errors else "resume",
    }  # fmt: skip
    return Page("resident/find.html", context, 429 if wait else 422 if errors else 200)


def look_up(draft: Draft, site: Services) -> Outcome | ZipProblem:
    """Who represents the place in the draft. Every request looks it up again; nothing that a
    form says about it is trusted."""
    zip_code = parse_zip(draft.zip)
    if isinstance(zip_code, ZipProblem):
        return zip_code
    number = _number(draft.district)
    if lines_changed(draft, site):
        number = None  # this number is a different district now, so the person chooses again
    street = None
    if draft.how == "street" and number is not None and draft.state:
        street = Located(draft.state, number)
    return find_delegation(
        zip_code.five,
        draft.state or None,
        now=site.now(),
        district=number,
        state_confirmed=draft.confirmed == "1",
        city=draft.city,
        street=street,
        tables=site.tables,
    )


def look_up_street(draft: Draft, site: Services) -> Outcome:
    """``look_up`` with the Census geocoder. Called only for the button that says so."""
    zip_code = draft.home_zip
    assert zip_code is not None
    plain = look_up(draft.moved(confirmed=draft.confirmed), site)
    if not isinstance(plain, Found | Choose | ChooseState):
        return plain  # type: ignore[return-value]
    state = draft.state
    if isinstance(plain, Found):
        state = plain.delegation.state
    elif isinstance(plain, Choose):
        state = plain.state
    answer = site.locate_street(draft.street, draft.city, state, zip_code.five)
    return find_delegation(
        zip_code.five,
        draft.state or None,
        now=site.now(),
        state_confirmed=draft.confirmed == "1",
        city=draft.city,
        street=answer,
        tables=site.tables,
    )


def lines_changed(draft: Draft, site: Services) -> bool:
    """Whether the state's district lines have changed since the draft's district was found."""
    then, state = _number(draft.congress), draft.state
    if then is None or state not in STATES:
        return False
    return (
        then != site.tables.congress
        and len(site.tables.equivalent_lines(state)) == 1
        and (site.tables.lines_of(state) != then)
    )


def _number(sent: str) -> int | None:
    """The number of a district or a Congress in a form; None if it is none."""
    return int(sent) if re.fullmatch(r"[0-9]{1,3}", sent) else None


def settled(draft: Draft, found: Found, site: Services, **more: Any) -> Draft:
    """The draft with the place that was found, so that the next page finds the same one, and with
    the fields in ``more``."""
    delegation = found.delegation
    by_zip_alone = found.match == "zip" and not found.slivers
    number = "" if by_zip_alone else str(delegation.district)
    how = "street" if found.match == "street" else ""
    return dataclasses.replace(
        draft, state=delegation.state, district=number, how=how,
        congress=str(site.tables.congress), **more,
    )  # fmt: skip


def notice_words(code: str | None) -> list[str]:
    """The notice with this code in the reader's language. An ended term is noted per member."""
    return [_(NOTICES[code])] if code and code in NOTICES and code != "term_ended" else []


def failure_words(outcome: Unavailable) -> str:
    """Why the street lookup failed, and that the ZIP was used instead."""
    reason = _(STREET_REASONS.get(outcome.reason, STREET_REASONS["bad_reply"]))
    return _("%(reason)s We used your ZIP code instead.", reason=reason)


def outcome_page(
    outcome: Outcome | ZipProblem, draft: Draft, site: Services, *, unchosen: bool = False
) -> Page:
    """The page of every outcome that does not lead to a letter; ``Found`` does not if no one in
    the delegation can be written to.

    ``unchosen``: the button below the list of districts was pressed without choosing one.
    """
    match outcome:
        case Choose():
            return choose_page(outcome, draft, site, unchosen=unchosen)
        case Unavailable(fallback=Choose() as fallback):
            return choose_page(fallback, draft, site, [failure_words(outcome)])
        case ChooseState(zip=zip5, states=codes):
            return _page(
                "which_state", draft, site,
                zip=zip5, states=[(code, state_name(code, in_a_sentence=True)) for code in codes],
            )  # fmt: skip
        case Disagree():
            return _disagree(outcome, draft, site)
        case ZipUnknown():
            return _unknown(outcome, draft, site)
        case Outside():
            return _outside(outcome, draft, site)
        case OutOfDate():
            return _out_of_date(outcome, draft, site)
        case Found() | Unavailable(fallback=Found()):
            found = outcome if isinstance(outcome, Found) else outcome.fallback
            assert isinstance(found, Found)
            return _no_recipients(found, draft, site)
        case _:
            form = FindForm(as_form_data(draft))
            form.validate()
            return find_page(draft, site, form)


def _page(name: str, draft: Draft, site: Services, **context: Any) -> Page:
    known = {
        "draft": draft, "token": site.tokens.renew(draft.token), "switch": "resident.find",
        "form": FindForm(as_form_data(draft)),
    }  # fmt: skip
    return Page(f"resident/{name}.html", {**known, **context})


def choose_page(
    outcome: Choose,
    draft: Draft,
    site: Services,
    notices: list[str] | None = None,
    *,
    unchosen: bool = False,
) -> Page:
    """Several districts are possible: offer each, the largest share first."""
    today, tables, state = site.today(), site.tables, outcome.state
    every = [(c.district, _by_hand(state, c.holder)) for c in tables.candidates(state)]
    likely = outcome.likely if outcome.reason in ("no_row", "state_confirmed") else CARDS
    shown = 1 if outcome.nearly_all else min(CARDS, likely)
    cards = outcome.candidates[:shown]
    few = (*(outcome.candidates[1:CARDS] if outcome.nearly_all else ()), *outcome.slivers)
    missing = _("Choose your district.") if unchosen else ""
    changed = []
    if lines_changed(draft, site):
        changed = [
            _(
                "The district lines of %(state)s changed at noon on %(day)s, Washington time. Your "
                "words are still here. Choose your district again.",
                state=state_name(state, in_a_sentence=True),
                day=long_date(tables.begins),
            )
        ]
    draft = dataclasses.replace(draft, state=state, congress=str(tables.congress))
    page = _page(
        "choose", draft, site,
        form=StreetForm(as_form_data(draft)),
        reason=outcome.reason, nearly_all=outcome.nearly_all,
        by_land=bool(outcome.candidates and outcome.candidates[0].by_land),
        notices=[*changed, *(notices or ()), *notice_words(outcome.notice)],
        candidates=[district(c, today, tables) for c in cards],
        few=[(c.district, small_share(outcome, c, draft.zip[:5]), _by_hand(state, c.holder))
             for c in few],
        all_districts=every,
        state_name=state_name(state, in_a_sentence=True),
        senators=[seat_in_words(h, today, tables) for h in outcome.senate],
        street_lookup=site.settings.street_lookup,
        unchosen=missing,
        errors=[("by-hand-district", missing)] if unchosen else [],
    )  # fmt: skip
    return dataclasses.replace(page, status=422) if unchosen else page


def _by_hand(state: str, holder: Holder) -> str:
    name = district_name(state, holder.seat.district or 0)
    return f"{name}: {title_name(holder)}"


def _disagree(outcome: Disagree, draft: Draft, site: Services) -> Page:
    codes = [code for code in outcome.zip_states if code in STATES]
    return _page(
        "disagree", draft, site, zip=outcome.zip,
        zip_state_names=states_in_words(outcome.zip_states),
        state_name=state_name(outcome.state, in_a_sentence=True),
        states=[(code, state_name(code, in_a_sentence=True)) for code in codes],
    )  # fmt: skip


def _unknown(outcome: ZipUnknown, draft: Draft, site: Services) -> Page:
    senators = [seat_in_words(h, site.today(), site.tables) for h in outcome.senate]
    state = state_name(outcome.senate[0].seat.state, in_a_sentence=True) if senators else ""
    return _page(
        "outside", draft, site, kind="unknown", zip=outcome.zip, senators=senators, state=state
    )


def home_page(draft: Draft, site: Services, form: FindForm | None = None) -> Page:
    """Someone with a military address is asked for their home, with the errors of the form."""
    errors = [(name, messages[0]) for name, messages in form.errors.items()] if form else []
    more = {"form": form} if form else {}
    page = _page("outside", draft, site, kind="military", errors=errors, **more)
    return dataclasses.replace(page, status=422) if errors else page


def _outside(outcome: Outside, draft: Draft, site: Services) -> Page:
    if outcome.kind == "military":
        state = draft.state if draft.state in MILITARY else draft.mail_state
        moved = draft.moved(
            zip="", state="", mail_zip=draft.mail_zip or draft.zip or outcome.zip,
            mail_state=state if state in MILITARY else _mail_state(outcome.zip),
            elsewhere="1",
        )  # fmt: skip
        return home_page(moved, site)
    if outcome.kind == "associated_state":
        return _page("outside", draft, site, kind="associated", zip=outcome.zip)
    form = FindForm(as_form_data(dataclasses.replace(draft, zip=draft.zip or outcome.zip)))
    form.validate()
    return find_page(draft, site, form)


def _mail_state(zip5: str) -> str:
    """What an address with a military ZIP, or that of a pouch, names as its state."""
    if zip5 in POUCH_ZIPS:
        return POUCH_ZIPS[zip5]
    return "AA" if zip5.startswith("340") else "AP" if zip5.startswith("96") else "AE"


def _out_of_date(outcome: OutOfDate, draft: Draft, site: Services) -> Page:
    if outcome.ended is None:
        return _page("outside", draft, site, kind="early", clock=site.today())
    congress = ordinal(outcome.congress, language())
    return _page("outside", draft, site, kind="old", congress=congress, ended=outcome.ended)


def _no_recipients(found: Found, draft: Draft, site: Services) -> Page:
    """A place whose only seat has no listed member, as for a delegate not yet on the list."""
    draft = dataclasses.replace(draft, state=found.delegation.state)
    seats = [(role(h), no_letter(h, site.tables)) for h in found.delegation.holders]
    return _page("outside", draft, site, kind="nobody", seats=seats)


def senators_note(state: str) -> list[str]:
    """That a territory has one delegate and no senators; empty for a state."""
    if state not in DELEGATE_AREAS:
        return []
    if state == "PR":
        return [
            _(
                "Puerto Rico has one resident commissioner in Congress and no senators, so you "
                "write one letter. The resident commissioner can speak, introduce bills and vote "
                "in committee."
            )
        ]  # fmt: skip
    return [
        _("%(place)s has one delegate in Congress and no senators, so you write one letter. A "
            "delegate can speak, introduce bills and vote in committee.",
          place=capital(state_name(state, in_a_sentence=True)))
    ]  # fmt: skip
