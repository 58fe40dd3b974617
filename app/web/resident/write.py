"""The page on which the letter is written, and the judging of what was typed on it."""

from __future__ import annotations

import dataclasses
import threading
from dataclasses import dataclass

from app.congress import (
    Choose,
    Delegation,
    Found,
    Unavailable,
    Zip,
    find_delegation,
    parse_zip,
)
from app.site.i18n import gettext as _
from app.site.i18n import language, ngettext
from app.site.services import Services
from app.text import suggest_email
from app.web.pages import Page
from app.web.resident.draft import STORY_LIMIT, Draft, as_form_data
from app.web.resident.find import MILITARY, failure_words, notice_words, senators_note, settled
from app.web.resident.forms import WriteForm, choices
from app.web.resident.letters import story_room
from app.web.resident.people import district_name, person, state_name

Errors = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Option:
    """One letter template to choose, in the reader's language."""

    id: str
    title: str
    about: str
    chosen: bool


def options(site: Services, chosen: str) -> list[Option]:
    """The campaign's templates, the general one first, one line each."""
    spanish = language() == "es"
    full = [t for (_id, length), t in site.campaign.templates.items() if length == "full"]
    full.sort(key=lambda t: (t.id != "general", t.title))
    return [
        Option(
            id=t.id,
            title=(spanish and t.title_es) or t.title,
            about=(spanish and t.about_es) or t.about,
            chosen=t.id == chosen,
        )
        for t in full
    ]


def write_form(draft: Draft, site: Services) -> WriteForm:
    """The form with what was typed, or with what is known on first sight."""
    form = WriteForm(as_form_data(draft), meta={"csrf_context": site.tokens})
    form.template.choices = choices((o.id, o.title) for o in options(site, draft.template))
    return form


def first_time(draft: Draft, found: Found, site: Services) -> Draft:
    """The draft with sensible choices where none was made, and recipients that exist."""
    seats = {h.seat.id for h in found.delegation.recipients}
    kept = tuple(s for s in draft.to or () if s in seats)
    moved = draft.to is not None and (not kept or len(kept) < len(draft.to)) and draft.to != ()
    zip_code = parse_zip(draft.zip)
    return dataclasses.replace(
        draft,
        to=None if moved else draft.to,
        template=draft.template or next(iter(options(site, "")), Option("", "", "", False)).id,
        length=draft.length or "full",
        mail_state=draft.mail_state or found.delegation.state,
        mail_zip=draft.mail_zip or (str(zip_code) if isinstance(zip_code, Zip) else ""),
    )


def write_page(
    draft: Draft,
    site: Services,
    outcome: Found | Unavailable,
    form: WriteForm | None = None,
    *,
    errors: Errors | None = None,
    notices: list[str] | None = None,
    status: int = 200,
) -> Page:
    """The page to write on. With ``errors`` it comes back filled in, with a 4xx status."""
    found = outcome if isinstance(outcome, Found) else outcome.fallback
    assert isinstance(found, Found)
    said = [failure_words(outcome)] if isinstance(outcome, Unavailable) else []
    draft = first_time(settled(draft, found, site), found, site)
    form = form or write_form(draft, site)
    today, delegation = site.today(), found.delegation
    # A well-formed ZIP that is refused all the same lies in another place than the members'.
    elsewhere = bool(form.mail_zip.errors) and isinstance(parse_zip(draft.mail_zip), Zip)
    context = {
        "draft": draft, "token": site.tokens.renew(draft.token), "form": form,
        "errors": errors or (), "switch": "resident.write", "draft_page": "write",
        "notices": [*said, *notice_words(found.notice), *(notices or ())],
        "place": place_words(delegation),
        "people": [person(h, today, site.tables, draft.to) for h in delegation.holders],
        "area_notes": senators_note(delegation.state),
        "templates": options(site, draft.template),
        "prompts": prompts(site),
        "story_limit": STORY_LIMIT,
        "hand_edited": _hand_edited(draft),
        "relocate": elsewhere,
        "confirm_email": site.confirm_email,
        "email_hint": suggest_email(draft.email),
        "room": story_room(draft, found, site),
    }  # fmt: skip
    return Page("resident/write.html", context, status)


def prompts(site: Services) -> list[str]:
    """Questions that help to begin, in the reader's language."""
    return [
        (language() == "es" and spanish) or english for english, spanish in site.campaign.prompts
    ]


def place_words(delegation: Delegation) -> str:
    """Which seats represent the person, in one sentence."""
    state = state_name(delegation.state, in_a_sentence=True)
    if not delegation.senate:
        return _("You live in %(place)s.", place=state)
    if delegation.district == 0:
        return _("You live in %(place)s, which has one seat in the House.", place=state)
    return _(
        "You live in %(place)s, %(district)s.",
        place=state, district=district_name(delegation.state, delegation.district),
    )  # fmt: skip


def _hand_edited(draft: Draft) -> str:
    if not draft.words:
        return ""
    return ngettext(
        "You changed one letter by hand. If you change something here, you choose on the next page "
        "whether to keep your version of it.",
        "You changed %(num)d letters by hand. If you change something here, you choose on the next "
        "page whether to keep your versions of them.",
        len(draft.words),
    )


_own = threading.local()


def _sound(draft: Draft, site: Services) -> bool:
    """Whether the form has nothing to say about the draft.

    Making a form costs more than asking it, so each thread asks one form again and again. It
    is shown to nobody, and forgets what it was asked about.
    """
    if getattr(_own, "site", None) is not site:
        _own.site, _own.form = site, write_form(draft, site)
    form: WriteForm = _own.form
    form.template.choices = choices((o.id, o.title) for o in options(site, ""))
    form.process(as_form_data(draft))
    sound = bool(form.validate()) or set(form.errors) == {"token"}
    for field in form:
        field.data = field.raw_data = None
    return sound


def judge(draft: Draft, site: Services, found: Found) -> tuple[WriteForm | None, Errors]:
    """What is wrong with the draft, field by field; an empty list when a letter can be made.

    With the list comes the form that says it beside its fields, where it has anything to say.
    """
    form: WriteForm | None = None
    errors: Errors = []
    if not _sound(draft, site):
        form = write_form(draft, site)
        form.validate()
        errors = [(n, m[0]) for n, m in form.errors.items() if n != "token"]
    seats = {h.seat.id for h in found.delegation.recipients}
    if draft.to and not seats & set(draft.to):
        errors.append(("to", _("Choose at least one person to write to.")))
    if not any(name in ("mail_zip", "mail_state") for name, _m in errors):
        elsewhere = _other_place(draft, site, found)
        if elsewhere:
            form = form or write_form(draft, site)
            form.mail_zip.errors = [elsewhere]
            errors.append(("mail_zip", elsewhere))
    return form, errors


def _other_place(draft: Draft, site: Services, found: Found) -> str:
    """That the return address is not where the members were looked up; empty where it is, or
    is said to be elsewhere."""
    home, mail = parse_zip(draft.zip), parse_zip(draft.mail_zip)
    if draft.elsewhere or draft.mail_state in MILITARY or not isinstance(mail, Zip):
        return ""
    state = found.delegation.state
    same_zip = isinstance(home, Zip) and home.five == mail.five
    if same_zip and draft.mail_state == state:
        return ""
    there = find_delegation(
        mail.five, draft.mail_state, now=site.now(), city=draft.city, tables=site.tables
    )
    if isinstance(there, Found) and there.delegation == found.delegation:
        return ""
    districts = [c.district for c in there.candidates] if isinstance(there, Choose) else []
    if draft.mail_state == state and found.delegation.district in districts:
        return ""
    return _(
        "This address is in ZIP code %(mail)s, %(mail_state)s, but your members were looked up "
        "for ZIP code %(home)s, %(state)s.",
        mail=mail.five,
        mail_state=state_name(draft.mail_state, in_a_sentence=True),
        home=draft.zip,
        state=state_name(state, in_a_sentence=True),
    )
