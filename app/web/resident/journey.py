"""The resident's journey from page to page. Each step takes a form and returns the next page.

Every step looks up the place and composes the letters again from what was typed: nothing that a
form says about members, districts or letters is trusted.
"""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from datetime import timedelta

from werkzeug.datastructures import MultiDict

from app.campaign.entities import Fact
from app.campaign.faults import repeats_frame
from app.campaign.page_words import congress_gov, facts_in
from app.campaign.words import ordinal, said
from app.congress.lookup import find_delegation, states_of
from app.congress.model import POUCH_ZIPS, Choose, Found, Holder, Outcome, Unavailable, change_of
from app.congress.places import ZipProblem, other_state_in, other_zip_in
from app.congress.tables import Tables
from app.records.acts import LetterRow, Receipt
from app.records.signing import receipt
from app.site.i18n import gettext as _
from app.site.i18n import language, long_date
from app.site.services import Services
from app.text import suggest_email
from app.web import practice
from app.web.error_pages import words_for
from app.web.limits import Wait, ask, wait_words
from app.web.pages import Page
from app.web.resident.consent import offer
from app.web.resident.draft import (
    MILITARY,
    MILITARY_CITIES,
    STORY_LIMIT,
    Draft,
    FindForm,
    StreetForm,
    WriteForm,
    as_form_data,
    choices,
    is_valid,
    read_draft,
    token_of,
)
from app.web.resident.find import (
    choose_page,
    failure_words,
    find_page,
    home_page,
    look_up,
    look_up_street,
    notice_words,
    outcome_page,
    senators_note,
    settled,
)
from app.web.resident.letters import Letters, Reviewed, glyphs_missing
from app.web.resident.people import (
    district_name,
    no_letter,
    role,
    seat_in_words,
    state_name,
    states_in_words,
    title_name,
)
from app.web.resident.sharing import prefilled

Data = MultiDict[str, str]
Errors = list[tuple[str, str]]
"""For each mistake its field, or an empty string, and what to do."""


@dataclass(frozen=True, slots=True)
class SignatureStored:
    """The signature is on disk, and its letters can be handed over."""

    receipt: str


def start(data: Data, site: Services) -> Page:
    """The empty form, with the ZIP, letter and source tag of the link that was followed.

    Without such a link it has no token, so that it is the same for everyone and can be indexed.
    """
    link = prefilled(data, site)
    test = practice.genuine(data.get(practice.FIELD, "").strip(), site)
    page = find_page(Draft(zip=link.zip, template=link.letter, via=link.source, test=test), site)
    if data:
        return page
    return dataclasses.replace(page, context={**page.context, "token": "", "public_page": True})


def resume(site: Services) -> Page:
    """A page requested without its form: by Back, by a reload or by its bare URL.

    With JavaScript the tab resubmits its own copy of the form; otherwise the page says how to
    continue.
    """
    heading, text = words_for(405)
    context = {
        "heading": heading, "text": text, "draft_page": "resume",
        "proof_bits": site.settings.proof_of_work,
    }  # fmt: skip
    return Page("error.html", context)


def find(data: Data, site: Services) -> Page:
    """Look up the place, with the street if that button was pressed."""
    draft = read_draft(data)
    if data.get("use"):
        draft = dataclasses.replace(draft, zip=data["use"])
    if data.get("relocate"):
        draft = draft.moved(zip=draft.mail_zip, state=draft.mail_state, elsewhere="")
    by_street = data.get("lookup") == "street" and site.settings.street_lookup
    form = (StreetForm if by_street else FindForm)(as_form_data(draft))
    if not form.validate():
        if _asks_home(draft) and not by_street:
            return home_page(draft, site, None if "look" in data else form)
        return find_page(draft, site, form, street_open=by_street)
    answer = ask("street" if by_street else "find", site)
    if isinstance(answer, Wait):
        return find_page(draft, site, form, wait=wait_words(answer), street_open=by_street)
    outcome = look_up_street(draft, site) if by_street else look_up(draft, site)
    if data.get("relocate") and isinstance(outcome, Found):
        return address_page(draft, site, outcome)
    return _write_or_outcome_page(outcome, draft, site)


def _write_or_outcome_page(outcome: Outcome | ZipProblem, draft: Draft, site: Services) -> Page:
    said = [failure_words(outcome)] if isinstance(outcome, Unavailable) else []
    found = outcome.fallback if isinstance(outcome, Unavailable) else outcome
    if (
        isinstance(found, Found)
        and isinstance(outcome, Found | Unavailable)
        and found.delegation.recipients
    ):
        if found.slivers and not draft.district:
            return choose_page(found.as_choice(), draft, site, said)
        return write_page(draft, site, outcome)
    return outcome_page(outcome, draft, site)


def write(data: Data, site: Services) -> Page:
    """The page for the story: after a district was chosen, or to change something."""
    draft = read_draft(data)
    outcome = look_up(draft, site)
    if isinstance(outcome, Choose) and data.get("district") == "":
        return outcome_page(outcome, draft, site, unchosen=True)
    return _write_or_outcome_page(outcome, draft, site)


def address(data: Data, site: Services) -> Page:
    """The page for name and address, once nothing is wrong with the story."""
    draft = read_draft(data)
    outcome = look_up(draft, site)
    if not isinstance(outcome, Found) or not outcome.delegation.recipients:
        return _write_or_outcome_page(outcome, draft, site)
    if fewer := _without_gone_seats(draft, outcome):
        return address_page(
            fewer, site, outcome, errors=[("to", _left_out_words(draft.congress, site))], status=409
        )
    form, errors = validate(draft, site, outcome)
    if errors := [error for error in errors if error[0] in STORY_FIELDS]:
        return _page_with_errors(draft, outcome, site, form, errors)
    return address_page(draft, site, outcome)


# --- The two pages to write on ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Option:
    """One letter template to choose from, in the reader's language."""

    id: str
    title: str
    sentence: str
    """What the letter says, in one sentence."""
    chosen: bool


def options(site: Services, chosen: str) -> list[Option]:
    """The campaign's templates as options, the general one first."""
    spanish = language() == "es"
    full = [t for (_id, length), t in site.campaign.templates.items() if length == "full"]
    full.sort(key=lambda t: (t.id != "general", t.title))
    return [
        Option(
            id=t.id,
            title=(spanish and t.title_es) or t.title,
            sentence=(spanish and (t.spoken_es or t.about_es)) or t.spoken or t.about,
            chosen=t.id == chosen,
        )
        for t in full
    ]


def write_form(draft: Draft, site: Services) -> WriteForm:
    """The form with what was typed or prefilled."""
    form = WriteForm(as_form_data(draft), meta={"csrf_context": site.tokens})
    form.template.choices = choices((o.id, o.title) for o in options(site, draft.template))
    return form


def with_defaults(draft: Draft, found: Found, site: Services) -> Draft:
    """The draft with the place found, defaults for choices not made, and recipients that exist."""
    everyone = tuple(h.seat.id for h in found.delegation.recipients)
    known = draft.to is not None and set(draft.to) <= set(everyone)
    return settled(
        draft,
        found,
        site,
        to=draft.to if known else everyone,
        template=draft.template or next(iter(options(site, "")), Option("", "", "", False)).id,
        mail_state=draft.mail_state or found.delegation.state,
        mail_zip=draft.mail_zip or str(draft.home_zip or ""),
    )


STORY_FIELDS = frozenset({"story", "template"})
"""The fields of the first of the two pages; all others are on the second."""


def _page_with_errors(
    draft: Draft, found: Found, site: Services, form: WriteForm | None, errors: Errors
) -> Page:
    """The first of the two pages that has errors, with its errors."""
    story = [error for error in errors if error[0] in STORY_FIELDS]
    if story:
        return write_page(draft, site, found, form, errors=story, status=422)
    return address_page(draft, site, found, form, errors=errors, status=422)


def write_page(
    draft: Draft,
    site: Services,
    outcome: Found | Unavailable,
    form: WriteForm | None = None,
    *,
    errors: Errors | None = None,
    status: int = 200,
) -> Page:
    """The page for the story, next to the letter that grows from it."""
    found = outcome if isinstance(outcome, Found) else outcome.fallback
    assert isinstance(found, Found)
    said = [failure_words(outcome)] if isinstance(outcome, Unavailable) else []
    draft = with_defaults(draft, found, site)
    today, delegation = site.today(), found.delegation
    made, letters = Letters(draft, found, site), options(site, draft.template)
    chosen = made.recipients or delegation.recipients
    seats = [seat_in_words(h, today, site.tables) for h in delegation.holders]
    context = {
        "draft": draft, "token": site.tokens.renew(draft.token),
        "form": form or write_form(draft, site), "errors": errors or (),
        "switch": "resident.write", "draft_page": "write",
        "notices": [*said, *notice_words(found.notice)],
        "state": state_name(delegation.state, in_a_sentence=True), "delegation": delegation,
        "district": district_name(delegation.state, delegation.district),
        "area_notes": senators_note(delegation.state),
        "to_names": [title_name(h) for h in chosen],
        "noted": [seat for seat in seats if seat.note],
        "templates": letters, "prompts": prompts(site), "story_limit": STORY_LIMIT,
        "room": made.room(),
        "growing": [made.growing(x.id) for x in letters if chosen],
    }  # fmt: skip
    return Page("resident/write.html", context, status)


def address_page(
    draft: Draft,
    site: Services,
    found: Found,
    form: WriteForm | None = None,
    *,
    errors: Errors | None = None,
    status: int = 200,
) -> Page:
    """The page for name and address. With ``errors`` it has a 4xx status."""
    draft = with_defaults(draft, found, site)
    made, form = Letters(draft, found, site), form or write_form(draft, site)
    today = site.today()
    # A valid ZIP of a home is refused only if it is not where the members were looked up.
    elsewhere = (
        bool(form.mail_zip.errors)
        and draft.return_zip is not None
        and not _gets_mail_elsewhere(draft)
    )
    everyone = found.delegation.recipients
    people = [seat_in_words(h, today, site.tables, draft.to) for h in everyone]
    context = {
        "draft": draft, "token": site.tokens.renew(draft.token), "form": form,
        "errors": errors or (), "switch": "resident.address", "draft_page": "address",
        "people": people, "relocate": elsewhere,
        "growing": [made.growing(draft.template)],
        "to_names": [title_name(h) for h in made.recipients or everyone],
        "to_open": any(name == "to" for name, _message in errors or ())
        or not all(p.chosen for p in people),
        "confirm_email": site.confirm_email, "email_hint": suggest_email(draft.email),
    }  # fmt: skip
    return Page("resident/address.html", context, status)


def prompts(site: Services) -> list[str]:
    """Questions that help to start a story, in the reader's language."""
    return [
        (language() == "es" and spanish) or english for english, spanish in site.campaign.prompts
    ]


def validate(draft: Draft, site: Services, found: Found) -> tuple[WriteForm | None, Errors]:
    """The draft's errors by field; none if letters can be composed.

    The form shows the errors next to its fields; it is None if none of its fields has any.
    """
    form: WriteForm | None = None
    errors: Errors = []
    if site.campaign.template(draft.template) is None or not is_valid(draft):
        form = write_form(draft, site)
        form.validate()
        errors = [(n, m[0]) for n, m in form.errors.items() if n != "token"]
    seats = {h.seat.id for h in found.delegation.recipients}
    if draft.to and not seats & set(draft.to):
        errors.append(("to", _("Choose at least one person to write to.")))
    if not any(name in ("mail_zip", "mail_state") for name, _m in errors):
        mismatch = _contradiction(draft, site) or _place_mismatch(draft, site, found)
        if mismatch:
            form = form or write_form(draft, site)
            form.mail_zip.errors = [mismatch]
            errors.append(("mail_zip", mismatch))
        elif (
            draft.mail_state in MILITARY
            and re.sub(r"[\s.,]", "", draft.city).upper() not in MILITARY_CITIES
            and not any(name == "city" for name, _m in errors)
        ):
            form = form or write_form(draft, site)
            form.city.errors = [_("Military mail has APO, FPO or DPO in place of a city.")]
            errors.append(("city", form.city.errors[0]))
        field, pasted = _pasted_from_elsewhere(draft)
        if pasted and not any(name == field for name, _m in errors):
            form = form or write_form(draft, site)
            form[field].errors = [pasted]
            errors.append((field, pasted))
    return form, errors


def _pasted_from_elsewhere(draft: Draft) -> tuple[str, str]:
    """The field whose pasted address names another ZIP or state than the address's own fields,
    and what to do; both are empty if there is none."""
    mail = draft.return_zip
    if mail and (other := other_zip_in(draft.street, mail.five)):
        return "street", _(
            "This ends in ZIP code %(other)s, but the address has ZIP code %(zip)s. Correct the "
            "one that is wrong.", other=other, zip=mail.five,
        )  # fmt: skip
    if other := other_state_in(draft.city, draft.mail_state):
        return "city", _(
            "This ends in %(other)s, but the address is in %(state)s. Correct the one that is "
            "wrong.", other=other, state=_region((draft.mail_state,)),
        )  # fmt: skip
    return "", ""


def _asks_home(draft: Draft) -> bool:
    """Whether someone with a military or pouch address was asked for their home."""
    pouch = draft.return_zip is not None and draft.return_zip.five in POUCH_ZIPS
    return bool(draft.elsewhere) and (draft.mail_state in MILITARY or pouch)


def _gets_mail_elsewhere(draft: Draft) -> bool:
    return bool(draft.elsewhere) or draft.mail_state in MILITARY


def _contradiction(draft: Draft, site: Services) -> str:
    """That the ZIP and the state of an address contradict each other; empty if they do not.

    The ZIP that was looked up is the lookup's to question.
    """
    home, mail = draft.home_zip, draft.return_zip
    known = states_of(mail.five, site.tables) if mail else ()
    asked = home is not None and mail is not None and home.five == mail.five
    if not known or draft.mail_state in known or (asked and not _gets_mail_elsewhere(draft)):
        return ""
    return _(
        "ZIP code %(zip)s is in %(states)s, not in %(state)s. Correct the one that is wrong.",
        zip=draft.mail_zip, states=_region(known), state=_region((draft.mail_state,)),
    )  # fmt: skip


def _region(codes: tuple[str, ...]) -> str:
    """States in words; a military region keeps its code."""
    return str(MILITARY[codes[0]]) if codes[0] in MILITARY else states_in_words(codes)


def _place_mismatch(draft: Draft, site: Services, found: Found) -> str:
    """That the return address is not where the members were looked up; empty if it is, or if the
    person said that they get mail elsewhere."""
    home, mail = draft.home_zip, draft.return_zip
    if _gets_mail_elsewhere(draft) or mail is None:
        return ""
    state = found.delegation.state
    same_zip = home is not None and home.five == mail.five
    if same_zip and draft.mail_state == state:
        return ""
    there = find_delegation(
        mail.five, draft.mail_state, now=site.now(), city=draft.city, tables=site.tables
    )
    if isinstance(there, Found) and there.delegation == found.delegation:
        return ""
    pieces = [*there.candidates] if isinstance(there, Choose) else []
    pieces += there.slivers if isinstance(there, Choose | Found) else ()
    districts = [c.district for c in pieces]
    if draft.mail_state == state and found.delegation.district in districts:
        return ""
    return _(
        "This address is in ZIP code %(mail)s, %(mail_state)s. We looked up your members for ZIP "
        "code %(home)s, %(state)s.",
        mail=mail.five,
        mail_state=state_name(draft.mail_state, in_a_sentence=True),
        home=draft.zip,
        state=state_name(state, in_a_sentence=True),
    )


# --- From the draft to the letters -----------------------------------------------------------


def gone(signed: Receipt, tables: Tables) -> list[LetterRow]:
    """The letters whose recipients no longer hold the seats that they were written to."""
    return [
        row
        for row in signed.letters
        if row.bioguide and not tables.still_holds(row.bioguide, row.seat)
    ]


def as_signed(signed: Receipt, template: str, site: Services) -> Services:
    """The site as it was when a form was signed, with its letter (``template``) if that was retired
    since.

    Signed letters remain available: to the same members, in the words and with the date of that
    day.
    """
    if site.campaign.template(template) is None:
        site = site.with_letter(template)
    return site.at(min(signed.signed_at, change_of(signed.congress + 1) - timedelta(seconds=1)))


def _to_the_same(found: Found, signed: Receipt, tables: Tables) -> Found:
    """The place with the members to whom its letters were signed.

    A newer list may show that a successor already sat there then. No letter goes to someone to
    whom it was not written: a seat whose member no list shows has none.
    """
    written = {row.seat: row.bioguide for row in signed.letters}

    def same(holder: Holder) -> Holder:
        seat, sits = holder.seat.id, holder.member
        to = written.get(seat)
        if to is None or (sits and to in (sits.bioguide, *sits.former_ids)):
            return holder
        sat = tables.members_of(seat, signed.congress)
        member = next((m for m in sat if to in (m.bioguide, *m.former_ids)), None)
        return dataclasses.replace(holder, member=member)

    there = found.delegation
    there = dataclasses.replace(
        there, house=same(there.house), senate=tuple(same(holder) for holder in there.senate)
    )
    return dataclasses.replace(found, delegation=there)


def ready(data: Data, site: Services, *, fresh: bool, choosing: bool = False) -> Letters | Page:
    """The letters of a draft, or the page that says why none can be composed.

    ``fresh`` requires an unexpired form token, and a choice for every edited letter whose basis
    has changed; a page that only shows what was signed requires neither. ``choosing``: this is
    the page on which that choice is made.
    """
    draft = read_draft(data)
    signed = None
    if not fresh and (token := token_of(draft, site)):
        signed = receipt(site.db(), token)
    if signed is not None:
        site = as_signed(signed, draft.template, site)
    if data.get("undo"):
        words = {seat: text for seat, text in draft.words.items() if seat != data["undo"]}
        draft = dataclasses.replace(draft, words=words)
    outcome = look_up(draft, site)
    if signed is not None and isinstance(outcome, Found):
        outcome = _to_the_same(outcome, signed, site.tables)
    if not isinstance(outcome, Found) or not outcome.delegation.recipients:
        return outcome_page(outcome, draft, site)
    begun_under = draft.congress
    everyone = tuple(h.seat.id for h in outcome.delegation.recipients)
    draft = settled(draft, outcome, site, to=everyone if draft.to is None else draft.to)
    if fresh and (fewer := _without_gone_seats(draft, outcome)):
        left_out = [("to", _left_out_words(begun_under, site))]
        return address_page(fewer, site, outcome, errors=left_out, status=409)
    form, errors = validate(draft, site, outcome)
    if errors:
        return _page_with_errors(draft, outcome, site, form, errors)
    letters = Letters(draft, outcome, site)
    if errors := letters.too_long():
        return review_page(letters, errors=errors, status=422)
    if fresh and (refused := _token_words(draft, site)):
        return _retry_page(letters, form=form, message=refused, data=data)
    if kept := data.get("keep"):
        letters = letters.with_edit_confirmed(kept)
    if fresh and not choosing and (open_choices := _choice_errors(letters)):
        return review_page(letters, errors=open_choices, status=409)
    return letters


def _without_gone_seats(draft: Draft, found: Found) -> Draft | None:
    """The draft without chosen seats that can no longer be written to; None if there are none."""
    here = {holder.seat.id for holder in found.delegation.recipients}
    if draft.to is None or here.issuperset(draft.to):
        return None
    return dataclasses.replace(draft, to=tuple(seat for seat in draft.to if seat in here))


def _left_out_words(begun_under: str, site: Services) -> str:
    """Why a chosen recipient was left out: a new Congress began since the form was started, the
    list changed within one, or the form names a seat of another place."""
    if begun_under != str(site.tables.congress - 1):
        return _(
            "Your form asks for a letter to a seat that has no one to write to where you live. "
            "Our list is dated %(list)s. We left that letter out. Your words are all here. Check "
            "who you write to.", list=long_date(site.tables.as_of),
        )  # fmt: skip
    return _(
        "Who represents you has changed since you began. The %(congress)s Congress began at noon "
        "on %(day)s, Washington time, and our list is dated %(list)s. Your words are all here. "
        "Check who you write to.",
        congress=ordinal(site.tables.congress, language()),
        day=long_date(site.tables.begins), list=long_date(site.tables.as_of),
    )  # fmt: skip


def _choice_errors(letters: Letters) -> Errors:
    """The choices between edited and new letters that must be made before signing."""
    return [
        (
            f"choose-{h.seat.id}",
            _("You edited the letter to %(name)s, and then something it was made from changed. "
                "Choose which letter you mean. Nothing is signed yet.", name=title_name(h)),
        )
        for h in letters.stale_edits()
    ]  # fmt: skip


def _token_words(draft: Draft, site: Services) -> str:
    """Why the form's token is not accepted; empty if it is."""
    state = site.tokens.read(draft.token).state
    if state == "expired":
        return _(
            "This page was open for more than %(minutes)d minutes. Press the button again. "
            "Everything you typed is here.",
            minutes=site.settings.form_minutes,
        )
    if state == "forged":
        return _(
            "We could not confirm that this form came from our page. Check it and press the "
            "button again. Nothing was lost."
        )
    return ""


def _retry_page(letters: Letters, *, form: WriteForm | None, message: str, data: Data) -> Page:
    """The same page again, filled in, with a fresh token."""
    errors = [("", message)]
    if any(key.startswith("shown-") for key in data):
        return review_page(letters, errors=errors, status=400)
    draft, site, found = letters.draft, letters.site, letters.found
    return address_page(draft, site, found, form, errors=errors, status=400)


def review_letters(data: Data, site: Services) -> Page:
    """The letters exactly as they will be handed over."""
    checked = ready(data, site, fresh=True, choosing=True)
    return checked if isinstance(checked, Page) else review_page(checked)


def _facts(letters: list[Reviewed], state: str, site: Services) -> list[tuple[str, Fact]]:
    """Each fact that the letters state, in the reader's language, with its source."""
    texts = (text for letter in letters for text in letter.page.paragraphs)
    return [(said(f, "text", language()), f) for f in facts_in(site.campaign, texts, state)]


def review_page(
    made: Letters, *, errors: Errors | None = None, press_again: str = "", status: int = 200
) -> Page:
    """The page on which the letters are read and signed."""
    draft, found, site = made.draft, made.found, made.site
    wrong = frozenset(target for target, _message in errors or ())
    vacant = [h for h in found.delegation.holders if h.vacant]
    letters, bill = made.review(wrong), site.campaign.main_bill
    context = {
        "draft": draft, "token": site.tokens.renew(draft.token), "errors": errors or (),
        "letters": letters, "glyphs": glyphs_missing(draft),
        "framed": any(map(repeats_frame, (draft.story, *draft.words.values()))),
        "facts": _facts(letters, found.delegation.state, site),
        "bill_url": congress_gov(bill), "bill_number": bill.number,
        "switch": "resident.review", "enter": "resident.review", "press_again": press_again,
        "email_hint": suggest_email(draft.email), "offer": offer(site),
        "proof_bits": site.settings.proof_of_work,
        "vacancies": [_("%(seat)s: there is no letter to this seat. %(reason)s",
                        seat=role(h), reason=no_letter(h, site.tables)) for h in vacant],
    }  # fmt: skip
    return Page("resident/review.html", context, status)
