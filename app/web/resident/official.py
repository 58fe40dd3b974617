"""Giving letters to the offices' own systems, if the operator has set that up.

There are three steps: a page asks for what a chamber's format still lacks, the next shows exactly
what each office would get, and only its button queues the letters. A worker hands them over, so
no page waits for an office. Until they are queued, what is asked here exists only in the form.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import SelectField, StringField

from app.campaign.entities import Letter, Writer
from app.congress.model import chamber_of, change_of
from app.cwc.client import NOT_PARTICIPATING
from app.cwc.folder import delivery_id
from app.cwc.message import (
    IDENTITY_IN_OWN_WORDS,
    SENATE_PREFIXES,
    CwcMessage,
    MessageParts,
    NotReady,
    field_texts,
    message_parts,
    missing,
    to_message,
)
from app.cwc.office_post import OfficePost, Posted
from app.errors import NotStoredError
from app.records.accounting import allowed
from app.records.acts import Receipt
from app.records.outbound import OutboundRow, letters_of
from app.site.i18n import gettext as _
from app.site.outgoing import delivery_agent, offices_of
from app.site.services import Services
from app.text import clean_line
from app.web import practice
from app.web.error_pages import not_stored_words
from app.web.forms import SiteForm, entries
from app.web.pages import Page
from app.web.resident.draft import Draft, choices, person_in
from app.web.resident.journey import Data
from app.web.resident.letters import Letters, writer_of
from app.web.resident.people import state_name, title_name
from app.web.resident.receipts import Act, act_of

ASKED = ("prefix", "first", "last", "street", "street2", "city", "zip", "email", "phone")
"""What may be asked, in the order of the page; the fields are named ``d_prefix`` and so on."""
HOME = frozenset({"street", "street2", "city", "zip"})
LONGEST = 200
"""The most characters that each of them may have."""


def _field(label: Any) -> StringField:
    return StringField(label, filters=[lambda typed: clean_line(typed)[: LONGEST + 1]])


class OfficesForm(SiteForm):
    """What may be asked; a field that the page did not ask has the letters' value.

    The rest comes from the button: the ``step``, the seat of the ``only`` letter to give (empty
    for all), and the fingerprint of what the person has ``seen``.
    """

    d_prefix = SelectField(
        _l("Title"), choices=choices([("", _l("Choose")), *((x, x) for x in SENATE_PREFIXES)]),
        validate_choice=False,
    )  # fmt: skip
    d_first = _field(_l("First name"))
    d_last = _field(_l("Last name"))
    d_street = _field(_l("Street address"))
    d_street2 = _field(_l("Apartment, unit"))
    d_city = _field(_l("City"))
    d_zip = _field(_l("ZIP code"))
    d_email = _field(_l("Email address"))
    d_phone = _field(_l("Phone number"))
    step, only, seen = entries(3)

    def was_asked(self, name: str) -> bool:
        """Whether the page asked for this field."""
        return bool(self[f"d_{name}"].raw_data)

    def value(self, name: str) -> str:
        return str(self[f"d_{name}"].data)


@dataclass(frozen=True, slots=True)
class OfficialOffer:
    """What the page with the letters says about the offices' own systems."""

    seats: frozenset[str]
    """The seats whose letters can be given to their offices' systems now."""
    rows: Mapping[str, OutboundRow]
    is_test: bool


@dataclass(frozen=True, slots=True)
class OfficialLetter:
    """One letter as its office would get it, or why it cannot go to the office's system."""

    seat: str
    title_name: str
    told: Mapping[str, str] = field(default_factory=dict)
    cannot: str = ""


@dataclass(frozen=True, slots=True)
class _PreparedLetter:
    """A letter with the message that its office's system would get."""

    letter: Letter
    message: CwcMessage
    round: int


def offer(receipt: str, signed: Receipt, draft: Draft, site: Services) -> OfficialOffer | None:
    """What can be given to the offices' systems; None if they are not set up, and for a test."""
    offices = offices_of(site.settings)
    if offices is None or practice.state_of(draft.test, site) != "none":
        return None
    rows, over = letters_of(site.db(), receipt), signed.congress < site.tables.congress
    seats = frozenset(
        row.seat
        for row in signed.letters
        if row.bioguide is not None
        and site.tables.still_holds(row.bioguide, row.seat)
        and offices.reaches(chamber_of(row.seat))
        and allowed("person", row.state, "queued")
        and _may_retry(rows.get(row.seat))
        and not over
    )
    return OfficialOffer(seats, rows, offices.is_test)


def _may_retry(row: OutboundRow | None) -> bool:
    """Whether the letter can be tried, or tried again with another outcome."""
    return row is None or (row.cause != NOT_PARTICIPATING and not row.is_last_round)


def deliver(data: Data, site: Services) -> Page | None:
    """The next step of giving letters to the offices' systems; None to return to the letters,
    because there is nothing to give or it has all been queued."""
    offices = offices_of(site.settings)
    if offices is None:
        return None
    act = act_of(data, site)
    if isinstance(act, Page):
        return act
    checked = act.checked
    offered = offer(act.token, act.signed, checked.draft, site)
    if offered is None:
        return None
    form = OfficesForm(data, data=_known(checked))
    items = checked.addressed(form.only.data)
    letters = [x.letter for x in items if x.letter.holder.seat.id in offered.seats]
    if not letters:
        return None
    return _Delivery(form, site, offices, act, offered, letters).step()


def _elsewhere(checked: Letters) -> bool:
    """Whether the return address is not the home address, which offices require."""
    draft = checked.draft
    return bool(draft.elsewhere) or draft.mail_state != checked.found.delegation.state


def _known(checked: Letters) -> dict[str, str]:
    """What the letters already say, by field."""
    draft = checked.draft
    writer = dataclasses.replace(writer_of(draft), prefix=draft.prefix)
    if _elsewhere(checked):
        writer = dataclasses.replace(writer, street="", street2="", city="", zip=draft.zip)
    return {f"d_{name}": getattr(writer, name) for name in ASKED}


@dataclass(frozen=True, slots=True)
class _Delivery:
    """One request to give letters to the offices' systems."""

    form: OfficesForm
    site: Services
    offices: OfficePost
    act: Act
    offered: OfficialOffer
    letters: Sequence[Letter]

    def writer(self) -> Writer:
        """The writer as the offices will get it."""
        values = {name: self.form.value(name) for name in ASKED}
        return Writer(state=self.act.checked.found.delegation.state, **values)

    def step(self) -> Page | None:
        writer, step, seen = self.writer(), self.form.step.data, self.form.seen.data
        problems = self.problems(writer)
        wants_phone = self.wants_phone() and not self.form.was_asked("phone")
        if problems or wants_phone or step == "change":
            submitted = step in ("filled", "go")
            return self.ask_page(problems, wants_phone=wants_phone, submitted=submitted)
        prepared, shown = self.prepare(writer)
        current = _fingerprint(shown)
        if step == "go" and prepared and seen == current:
            return self.queue(prepared, shown)
        changed = step == "go" and seen != current
        return self.check_page(shown, can_go=bool(prepared), changed=changed)

    def problems(self, writer: Writer) -> dict[str, tuple[str, bool]]:
        """By field: the message for what is missing or wrong, and whether it has a value."""
        found: dict[str, tuple[str, bool]] = {}
        for letter in self.letters:
            seat = letter.holder.seat
            needed = "Phone" in getattr(self.offered.rows.get(seat.id), "cause", "")
            for reason in missing(writer, seat, phone_needed=needed):
                found.setdefault(reason.field, (_(reason.message), not reason.empty))
        for name in ASKED:
            if len(self.form.value(name)) > LONGEST:
                found[name] = (_("Shorten this to %(limit)d characters.", limit=LONGEST), True)
        return found

    def wants_phone(self) -> bool:
        """Whether an office's web form asks for a phone number and there is none."""
        members = [letter.holder.member for letter in self.letters]
        return not self.form.value("phone") and any(m and m.form.asks_phone for m in members)

    def ask_page(
        self, problems: Mapping[str, tuple[str, bool]], *, wants_phone: bool, submitted: bool
    ) -> Page:
        names = {name for name in ASKED if self.form.was_asked(name)} | set(problems)
        names |= {"phone"} if wants_phone else set()
        names |= HOME if names & HOME else set()
        for name, (words, there) in problems.items():
            if submitted or there:  # a field not yet asked for is not an error
                self.form[f"d_{name}"].errors = [words]
        errors = [(name, words[0]) for name, words in self.form.errors.items()]
        context = self.context() | {
            "form": self.form, "asked": names, "phone_needed": "phone" in problems,
            "errors": errors,
            "home_state": state_name(self.act.checked.found.delegation.state)
            if _elsewhere(self.act.checked) else "",
            "names": [title_name(x.holder) for x in self.letters],
        }  # fmt: skip
        return Page("resident/deliver_ask.html", context, 422 if errors and submitted else 200)

    def prepare(self, writer: Writer) -> tuple[list[_PreparedLetter], list[OfficialLetter]]:
        """The letters that can go, and every letter as the page shows it."""
        prepared: list[_PreparedLetter] = []
        shown: list[OfficialLetter] = []
        for letter in self.letters:
            seat, name = letter.holder.seat.id, title_name(letter.holder)
            earlier = self.offered.rows.get(seat)
            round_ = earlier.round + 1 if earlier else 0
            message = self.message(letter, writer, round_)
            if isinstance(message, NotReady):
                shown.append(OfficialLetter(seat, name, cannot=_cannot_words(message)))
                continue
            prepared.append(_PreparedLetter(letter, message, round_))
            shown.append(OfficialLetter(seat, name, field_texts(message)))
        return prepared, shown

    def message(self, letter: Letter, writer: Writer, round_: int) -> CwcMessage | NotReady:
        site = self.site
        parts = message_parts(site.campaign, letter, today=site.writing_day())
        if not isinstance(parts, MessageParts):
            return parts
        confirmed = site.confirm_email and writer.email == self.act.checked.draft.email
        return to_message(
            dataclasses.replace(parts, email_confirmed=confirmed),
            writer,
            delivery_agent(site.settings),
            delivery_id=delivery_id(
                letter, writer, site.campaign.slug, site.settings.secret_key, round_=round_
            ),
            today=site.today(),
        )

    def check_page(self, shown: Sequence[OfficialLetter], *, can_go: bool, changed: bool = False,
                   error: str = "", status: int = 200) -> Page:  # fmt: skip
        words = (
            _("A letter changed since you looked. Look again, then press the button.")
            if changed
            else ""
        )
        errors = [("", text) for text in (words, error) if text]
        context = self.context() | {
            "shown": shown, "can_go": can_go, "seen": _fingerprint(shown), "errors": errors,
            "told": next((x.told for x in shown if x.told), {}),
            "agent": self.site.settings.cwc_agent,
            "typed": {f"d_{n}": self.form.value(n) for n in ASKED if self.form.was_asked(n)},
        }  # fmt: skip
        return Page("resident/deliver_check.html", context, 409 if changed else status)

    def context(self) -> dict[str, object]:
        draft = self.act.checked.draft
        return {
            "draft": draft.after_signing(), "token": self.site.tokens.renew(draft.token),
            "only": self.form.only.data, "is_test": self.offices.is_test,
            "waits_for": self.act.signed.waits_for,
            "switch": "resident.deliver", "enter": "resident.deliver",
        }  # fmt: skip

    def queue(
        self, prepared: Iterable[_PreparedLetter], shown: Sequence[OfficialLetter]
    ) -> Page | None:
        """Queue every letter, once. None if all are queued, otherwise a page with the error."""
        receipt, person = self.act.token, person_in(self.act.checked.draft, self.site)
        until = change_of(self.act.signed.congress + 1)
        for one in prepared:
            posted = Posted(
                receipt, person, one.letter.holder.seat.id, one.message, until, one.round
            )
            try:
                row = self.offices.put(posted, self.site.clock())
            except NotStoredError as error:
                busy = _(
                    "We could not save the letters. Nothing was lost. Press the button again in "
                    "a minute."
                )  # fmt: skip
                words = not_stored_words(error, busy)
                return self.check_page(shown, can_go=True, error=words, status=503)
            if row == "somebody else's":
                words = _(
                    "These letters have a different name or address than the one you signed "
                    "with, so they cannot go this way."
                )  # fmt: skip
                return self.check_page(shown, can_go=False, error=words, status=409)
        return None


def _fingerprint(shown: Sequence[OfficialLetter]) -> str:
    """A digest of what the page showed, without the delivery's date and id."""
    lines = [
        f"{x.seat} {name} {text}"
        for x in shown
        for name, text in sorted(x.told.items())
        if name not in ("DeliveryDate", "DeliveryId")
    ]
    return hashlib.sha256("\0".join(lines).encode("utf-8", "surrogatepass")).hexdigest()[:32]


# --- In the reader's language ----------------------------------------------------------------


def _cannot_words(found: NotReady) -> str:
    """Why a letter cannot go to the office's system as it is, and what to do."""
    fields = found.fields
    if IDENTITY_IN_OWN_WORDS in found.reasons:
        return _(
            "Take your full name, address and phone number out of your own words. The office "
            "gets them separately and sorts letters by their words."
        )
    if "own words" in fields or "statement" in fields:
        return _("This letter is too long or too short for the office’s system.")
    if "bill" in fields:
        return _("This letter was written to a Congress that has ended.")
    return _("This letter cannot go to the office’s system. Hand it over another way.")
