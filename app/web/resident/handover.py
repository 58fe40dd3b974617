"""After signing: the letters as PDF, in print, for the web form and for a phone call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, cast

from app.campaign.words import ordinal
from app.congress.model import FormRules, change_of, day_in_washington
from app.congress.names import inside_address
from app.documents.call import CallWords, to_call_script
from app.documents.letter import TRANSLATION, Addressed, postal, to_web_form
from app.documents.pdf import to_pdf
from app.documents.typesetting import PdfError
from app.errors import NotStoredError
from app.records.accounting import ACCEPTED, HANDED, mark, undo
from app.records.acts import LetterRow, Receipt, State
from app.records.outbound import mail_of
from app.site.i18n import gettext as _
from app.site.i18n import language, long_date, page_url
from app.site.services import Services
from app.web.forms import posted
from app.web.pages import Page
from app.web.resident import copies, official
from app.web.resident.claims import claims_of, deliveries, state_words
from app.web.resident.draft import SEAT, CopyForm, Draft, read_draft, token_of
from app.web.resident.journey import Data, gone, ready, review_page
from app.web.resident.letters import Letters, at_home
from app.web.resident.people import title_name
from app.web.resident.receipts import Act, act_of, keeping, receipt_page

DONE: frozenset[State] = HANDED | {ACCEPTED}
"""As far as is known, the office has the letter or heard what it says."""
POSTPONED: frozenset[State] = frozenset({"line busy", "call later"})
"""Such an office is listed after those not tried yet."""
REPORTS: frozenset[State] = HANDED | POSTPONED | {"copied"}
"""What the person can report with a button."""
Way = Literal["form", "call", "post"]
_WAY_OF: dict[State, Way] = {
    "copied": "form", "pasted": "form", "downloaded": "post", "printed": "post", "mailed": "post",
    **dict.fromkeys(("line busy", "call later", "spoke by phone", "left a voicemail"), "call"),
}  # fmt: skip
"""The way that the person has begun to use."""


@dataclass(frozen=True, slots=True)
class HandoverOptions:
    """One letter with every way of handing it over, in words."""

    seat: str
    title_name: str
    state_words: str
    language: str
    """The language of the letter."""
    state: State
    done: bool
    postponed: bool
    undo: bool
    """Whether the person reported this state with a button, and can undo it."""
    best: Way
    shown: Way
    """The way that is open on the page: the best one, or the one begun."""
    delivery: str
    """Details of the letter's way to the office's own system."""
    official: bool
    """Whether the letter can be given to that system."""
    form_url: str
    rules: FormRules
    """What the form asks for besides the message."""
    form_subject: str
    form_text: str
    count: int
    limit: int | None
    over: int
    envelope: str
    """Name and address of the office, in English."""
    to_washington: bool
    spanish: bool
    """Whether the Spanish text can be added to the printed letter."""
    tel: str
    phone: str
    call: CallWords
    call_aid: CallWords
    """The call script in Spanish, shown next to it on Spanish pages."""


def note(data: Data, site: Services, seats: tuple[str, ...], did: State | Literal["undo"]) -> bool:
    """Record for the receipt what the person did with these letters, or undo the last report.

    False if nothing can be stored now; that is no reason to fail the page.
    """
    token = token_of(read_draft(data), site)
    try:
        for seat in seats if token else ():
            if did == "undo":
                undo(site.db(), token, seat, at=site.now())
            else:
                mark(site.db(), token, seat, did, at=site.now())
    except NotStoredError:
        return False
    return True


def send_copy(data: Data, site: Services) -> Page:
    """``take`` after the button that asks for a copy by email."""
    return take(data, site, mail=True)


def take(data: Data, site: Services, *, mail: bool = False) -> Page:
    """The letters and every way of handing them over. Reloading the page counts nothing."""
    seat, noted = report(data, site)
    act = act_of(data, site)
    if isinstance(act, Page):
        return act
    page = _take_page(act, data, site, mail=mail and "copy_to" in data, reported=seat)
    if noted:
        return page
    words = _(
        "We could not save this. Your letters are all here. Press the button again in a minute."
    )
    notices = (words, *cast("Sequence[str]", page.context["notices"]))
    return replace(page, context={**page.context, "notices": notices})


def _take_page(act: Act, data: Data, site: Services, *, mail: bool, reported: str) -> Page:
    checked, receipt, signed = act.checked, act.token, act.signed
    mails = mail_of(site.db(), receipt)
    rows = {row.seat: row for row in signed.letters}
    items = checked.addressed()
    in_both = checked.translated(items)
    offered = official.offer(receipt, signed, checked.draft, site)
    asked = CopyForm(data if mail else None, data={"copy_to": checked.draft.email})
    mailing = copies.mailing(asked, site)
    if mail:
        nonce = site.tokens.read(checked.draft.token).nonce
        wanted = copies.CopyRequest(in_both if asked.both.data else items, nonce, receipt)
        mailing = copies.mailed(wanted, asked, site)
    ways = deliveries(receipt, signed, site)
    letters = [
        _options(x, rows.get(seat), ways.get(seat, ""), offered, checked.draft)
        for x in in_both
        for seat in [x.letter.holder.seat.id]
    ]
    context = {
        "draft": checked.draft.after_signing(), "token": site.tokens.renew(checked.draft.token),
        "letters": letters, "current": _current(letters, reported), "told": bool(reported),
        "notices": _changed(signed, site), "switch": "resident.take", "enter": "resident.take",
        "draft_page": "signed",
        "claims": claims_of(receipt, signed, mails, site),
        "kept": signed.kept,
        "receipt_url": page_url("resident.receipt", token=receipt),
        "official": offered, "keeping": keeping(receipt, signed, items, site),
        "topic": site.campaign.office_topic,
        "mail": mailing, "errors": [("copy_to", words) for words in asked.copy_to.errors],
    }  # fmt: skip
    return Page("resident/take.html", context, mailing.status)


def _changed(signed: Receipt, site: Services) -> list[str]:
    """What has changed in Congress since these letters were signed."""
    tables = site.tables
    if signed.congress < tables.congress:
        return [_(
            "The %(congress)s Congress, to whose members you wrote, ended at noon in Washington on "
            "%(day)s. These letters stay yours, in the words that you signed. Before you hand one "
            "over, check that its member still serves.",
            congress=ordinal(signed.congress, language()),
            day=long_date(day_in_washington(change_of(signed.congress + 1))),
        )]  # fmt: skip
    return [
        _(
            "%(name)s has left the seat that you wrote to, by our list of %(day)s. Your letter "
            "stays here for you. It is not for the next person in the seat.",
            name=title_name(person.holder), day=long_date(tables.as_of),
        )
        for row in gone(signed, tables)
        if (person := tables.people.get(row.bioguide or ""))
    ]  # fmt: skip


def _current(letters: Sequence[HandoverOptions], reported: str) -> str:
    """The seat whose office is open on the page: the first that is not done; empty if all are.

    ``reported`` is the seat of the report just made. If that report was undone, its office is
    open; if it postponed the office, the others come first.
    """
    left = sorted((x for x in letters if not x.done), key=lambda x: x.postponed)
    again = [x for x in left if x.seat == reported and not x.postponed]
    return next((x.seat for x in (*again, *left)), "")


def _options(
    item: Addressed,
    row: LetterRow | None,
    delivery: str,
    offered: official.OfficialOffer | None,
    draft: Draft,
) -> HandoverOptions:
    letter, holder = item.letter, item.letter.holder
    member = holder.member
    assert member is not None
    form = to_web_form(letter)
    call = to_call_script(letter, at_home(item.writer, draft))
    state: State = row.state if row is not None else "written"
    best: Way = "form" if member.contact_url and not form.over else "call" if call.phone else "post"
    return HandoverOptions(
        seat=holder.seat.id,
        title_name=title_name(holder),
        state_words=state_words(state, row.cause) if row and state != "written" else "",
        language=letter.language,
        state=state,
        done=state in DONE,
        postponed=state in POSTPONED,
        undo=state in REPORTS and state != "copied",
        best=best,
        shown=_WAY_OF.get(state, best),
        delivery=delivery,
        official=offered is not None and holder.seat.id in offered.seats,
        form_url=member.contact_url or "",
        rules=member.form,
        form_subject=form.subject,
        form_text=form.text,
        count=form.count,
        limit=form.limit,
        over=form.over,
        envelope=", ".join(inside_address(item.letter.holder, item.office)),
        to_washington=item.office is None,
        spanish=bool(item.translation),
        tel=call.tel_uri,
        phone=call.phone,
        call=call.words if letter.language == "en" else call.aid,
        call_aid=call.aid,
    )


def receipt_with_letters(token: str, site: Services) -> Page:
    """A receipt opened from the page with the letters, with a button back to them.

    As between all pages, they travel in the form; the server keeps none of it.
    """
    page, draft = receipt_page(token, site), read_draft(posted())
    if not draft.token or page.status != 200:
        return page
    letters = {
        "draft": draft.after_signing(), "token": site.tokens.renew(draft.token),
        "switch": "resident.receipt_with_letters",
        "switch_args": {"token": page.context["receipt_token"]},
    }  # fmt: skip
    return replace(page, context={**page.context, **letters})


def _chosen(checked: Letters, data: Data) -> tuple[Addressed, ...]:
    """The letters that a button asks for. Its value is a seat, or empty for all; the suffix
    ``+es`` adds the Spanish text."""
    only, spanish, _rest = data.get("only", "").partition("+es")
    items = checked.addressed(only)
    return checked.translated(items) if spanish else items


def print_view(data: Data, site: Services) -> Page:
    """One letter, or all of them, as a page to print."""
    checked = ready(data, site, fresh=False)
    if isinstance(checked, Page):
        return checked
    items = _chosen(checked, data)
    note(data, site, tuple(x.letter.holder.seat.id for x in items), "printed")
    context = {
        "draft": checked.draft.after_signing(), "token": site.tokens.renew(checked.draft.token),
        "pages": [postal(x.letter, x.writer, x.office, x.translation) for x in items],
        "translation_head": TRANSLATION, "only": data.get("only", ""),
        "switch": "resident.print_view", "enter": "resident.take",
    }  # fmt: skip
    return Page("resident/print.html", context)


def pdf(data: Data, site: Services) -> Page | bytes:
    """One letter, or all of them, as a PDF; if it cannot be made, the page that says why."""
    checked = ready(data, site, fresh=False)
    if isinstance(checked, Page):
        return checked
    items = _chosen(checked, data)
    try:
        document = to_pdf(items)
    except PdfError:
        words = _("We could not make the PDF. Use the print view or the web form.")
        return review_page(checked, errors=[("", words)], status=500)
    note(data, site, tuple(x.letter.holder.seat.id for x in items), "downloaded")
    return document


def report(data: Data, site: Services) -> tuple[str, bool]:
    """Record what a button reports that the person did with a letter.

    Returns the letter's seat, empty if there is no report, and whether it was stored. The button's
    ``did`` is a seat with one of ``REPORTS`` or ``undo``: ``MA-6=left a voicemail``.
    """
    seat, _sign, did = data.get("did", "").partition("=")
    if not SEAT.fullmatch(seat) or did not in REPORTS | {"undo"}:
        return "", True
    return seat, note(data, site, (seat,), cast("State", did))
