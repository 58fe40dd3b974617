"""The organizers' first page: the numbers, what needs attention, and what is left to set up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from werkzeug.wrappers import Response

from app.campaign.stance import CURRENT, has_ended, stage_of
from app.campaign.words import ordinal
from app.congress.refresh import Refreshed, refreshed
from app.congress.tables import STALE_AFTER_DAYS
from app.records import logins
from app.records.accounting import ACCEPTED, OWN
from app.records.counts import Filter
from app.records.holding import held_waiting
from app.records.keys import KeyFolderError, key_status
from app.records.organizers import Organizer, ready_admins
from app.site.alerts import copied_lately, days_too_old
from app.site.i18n import gettext as _
from app.site.i18n import language, long_date, ngettext
from app.site.live_supporters import live_lists
from app.site.services import MEASURE, Services, services
from app.site.settings import Settings
from app.web.access import access
from app.web.charts import day_curve
from app.web.organizer.counts_read import lines, share, survey
from app.web.organizer.gate import current, organizer
from app.web.organizer.show import page

FEW_CODES = 3
CURVE_DAYS = 14
"""Days on the curve."""
LETTER_LINES = 6
"""Lines in the table of letters."""
COUNTDOWN_FROM = 12
"""The countdown to the next Congress is shown from the first day of this month."""
CHANGED_DAYS = 14
"""How long a change in the list of members is shown."""
NAMES_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Notice:
    """Something an organizer should know or do."""

    text: str
    endpoint: str = ""
    """The page on which it can be fixed; may be empty."""
    link: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    """The endpoint's URL values."""
    steps: tuple[str, ...] = ()
    """Lines below the text: what is ready, what to do, what changed."""


@organizer.get("/")
@access("organizer")
def index() -> Response:
    """How many signed, what needs attention, and what is left to set up."""
    site, me = services(), current().organizer
    chosen = Filter(site.slug)
    found = survey(site.db(), chosen, site.today())
    days = [(day, total.signatures) for day, total in found.days[-CURVE_DAYS:]]
    handed = sum(number for way, number in found.ways.items() if way in OWN or way == ACCEPTED)
    steps = _setup_steps(site) if me.role == "admin" else []
    return page(
        "index", notices=list(notices(site, me)), found=found, handed=handed,
        goal=site.campaign.goal or 0,
        goal_share=share(found.total.signatures, site.campaign.goal or 0),
        handed_share=share(handed, found.total.letters),
        curve=day_curve(days, _("People by day, the last two weeks. The counts have each number.")),
        letters=lines("template", found.by["template"], chosen, site)[:LETTER_LINES],
        steps=[what for done, *what in steps if not done], all_steps=len(steps),
        days_left=None if has_ended(site.campaign, site.now()) else site.days_left(),
    )  # fmt: skip


def _setup_steps(site: Services) -> list[tuple[bool, str, str, str]]:
    """What a site needs before people use it: whether it is done, what, why, and its endpoint."""
    settings, fresh = site.settings, Settings(instance=site.settings.instance)
    return [
        (settings.group_name != fresh.group_name, _("Name your group"), "", ""),
        (bool(settings.contact), _("Say how people reach you"), "", ""),
        (bool(settings.site_url), _("Give the site its public address"), "", ""),
        (_key_is_away(site), _("Move the private key to your own computer"),
         _("While it is on this server, anyone who controls the server can read what people asked "
           "you to keep."), "organizer_keys.index"),
        (len(ready_admins(site.db())) > 1, _("Have a second admin who can log in"),
         _("If you alone lose your phone, no one here can help you."), "organizer.all_people"),
        (copied_lately(settings, site.clock()), _("Have a copy made every day"),
         _("The site made no copy by itself in the last two days. A broken disk would take every "
           "signature since the last copy."), ""),
        (bool(settings.mail_server), _("Set up email"), "", ""),
    ]  # fmt: skip


def _key_is_away(site: Services) -> bool:
    try:
        known = key_status(site.settings.keys, {})
    except KeyFolderError:
        return False
    return bool(known) and all(line.private is None for line in known)


# --- notices ---


def notices(site: Services, me: Organizer) -> Iterable[Notice]:
    """What needs attention: first what only this organizer can do, then what any editor can."""
    left = logins.recovery_codes_left(site.db(), me)
    if left <= FEW_CODES:
        count = ngettext(
            "You have one recovery code left.", "You have %(num)d recovery codes left.", left
        )
        advice = _("Make new ones before you need them.")
        yield Notice(f"{count} {advice}", "organizer.my_account", _("Your account"))
    if me.may("editor"):
        # A campaign that has ended needs nothing done about its bill.
        bill = (
            ()
            if site.standing.state == "ended"
            else (_old_list, _unknown_supporters, _congress_end)
        )
        for source in (_unreadable, *bill, _old_tables, _list_changed, _held):
            yield from source(site)


def _held(site: Services) -> Iterable[Notice]:
    if number := held_waiting(site.db(), site.slug):
        text = ngettext(
            "One signature is held for review. It does not count until someone releases it.",
            "%(num)d signatures are held for review. They do not count until someone releases "
            "them.",
            number,
        )
        yield Notice(text, "organizer_held.index", _("Held for review"))


def _unreadable(site: Services) -> Iterable[Notice]:
    if site.live.unreadable:
        text = _(
            "The live letters cannot be read, so residents see the previous ones. Check them and "
            "publish a corrected version."
        )
        yield Notice(text, "organizer_letters.index", _("Letters"))


def _old_list(site: Services) -> Iterable[Notice]:
    if age := days_too_old(site.campaign, site.now()):
        text = _(
            "The list of cosponsors is dated %(day)s, %(age)d days old. Import the official one.",
            day=long_date(site.campaign.as_of), age=age,
        )  # fmt: skip
        yield Notice(text, "organizer_cosponsors.bring", _("Import the official list"))


def _unknown_supporters(site: Services) -> Iterable[Notice]:
    if has_ended(site.campaign, site.now()):
        return  # the bill's supporters are those of its own Congress
    lines = [b for b in live_lists(site).backings if b.bill == CURRENT]
    names = [b.name for b in lines if b.bioguide not in site.tables.people]
    if names:
        text = ngettext(
            "One person on the list of cosponsors is not in our list of members: %(names)s.",
            "%(num)d people on the list of cosponsors are not in our list of members: %(names)s.",
            len(names), names=_first_names(names),
        )  # fmt: skip
        yield Notice(text, "organizer_cosponsors.index", _("Cosponsors"))


def _congress_end(site: Services) -> Iterable[Notice]:
    end, today, stage = site.campaign.ends.date(), site.today(), stage_of(site.campaign, site.now())
    if stage == "expired":
        text = _("This campaign’s Congress ended on %(day)s. Letters now speak of the %(bill)s "
            "in the past tense. Once it comes back with a number, begin the next campaign.",
                 day=long_date(end), bill=MEASURE)  # fmt: skip
        yield Notice(text, "organizer_campaigns.new", _("Begin a campaign"))
    elif not has_ended(site.campaign, site.now()) and today >= date(
        end.year - 1, COUNTDOWN_FROM, 1
    ):
        yield _countdown(site, end, is_law=stage == "enacted")


def _countdown(site: Services, end: date, *, is_law: bool) -> Notice:
    """What is ready for the next Congress, what is missing, and what to do before that noon."""
    days, tables = site.days_left(), site.tables
    text = ngettext(
        "This Congress ends in one day, at noon in Washington on %(day)s.",
        "This Congress ends in %(num)d days, at noon in Washington on %(day)s.",
        days, day=long_date(end),
    ) if days else _("This Congress ends today, at noon in Washington.")  # fmt: skip
    congress = ordinal(tables.congress + 1, language())
    link = _("The %(bill)s and its dates", bill=MEASURE)
    return Notice(text, "organizer_campaign.once", link, {"name": "bill"}, steps=(
        _("Ready: the districts of the %(congress)s Congress are here and take effect at that "
            "noon.",
          congress=congress)
        if tables.last_known > tables.congress else
        _("Missing: the districts of the %(congress)s Congress. Without them no one can be "
            "looked up from then on. Ask your site operator to install them.", congress=congress),
        _("Ready: the site fetches the list of members every day. A new member can be written to "
          "once the list has the name.")
        if site.settings.congress_refresh else
        _(
            "To do: ask your site operator to update the list of members on that day and the "
            "days after, or to have the site do it daily. Until then no one can write to a new "
            "member."
        ),
        _("To do: enter signatures on paper and bring printed letters before that noon. What is "
          "entered later counts for the next Congress, and letters to this one are not printed."),
        *(() if is_law else (
            _("Afterward: this %(bill)s is over. Letters speak of it in the past tense. When it "
              "comes back with another number, begin the next campaign.", bill=MEASURE),
        )),
    ))  # fmt: skip


def _old_tables(site: Services) -> Iterable[Notice]:
    tables, today = site.tables, site.today()
    if awaited := len(tables.awaited()):
        text = ngettext(
            "Our list of %(day)s does not say who holds one seat of the current Congress. No "
            "letter can be written to it. Ask your site operator to update the list.",
            "Our list of %(day)s does not say who holds %(num)d seats of the current Congress. "
            "No letter can be written to them. Ask your site operator to update the list.",
            awaited, day=long_date(tables.as_of),
        )  # fmt: skip
        yield Notice(text)
    elif (today - tables.as_of).days > STALE_AFTER_DAYS:
        text = _(
            "The list of members is %(age)d days old (%(day)s). Ask your site operator to update "
            "it.",
            day=long_date(tables.as_of), age=(today - tables.as_of).days,
        )  # fmt: skip
        yield Notice(text)


def _list_changed(site: Services) -> Iterable[Notice]:
    """The result of the last refresh of the list of members."""
    last = refreshed(site.settings.instance)
    if last is None:
        return
    if last.problem:
        yield Notice(_(
            "The site looked for a new list of members on %(day)s and could not use it, so it "
            "still uses the one dated %(known)s. Ask your site operator.",
            day=long_date(last.at.date()), known=long_date(site.tables.as_of),
        ))  # fmt: skip
    if last.changed and (site.today() - last.changed).days <= CHANGED_DAYS:
        text = _("The list of members changed on %(day)s.", day=long_date(last.changed))
        yield Notice(text, steps=tuple(_changes(last)))


def _changes(last: Refreshed) -> Iterable[str]:
    for names, words in (
        (last.joined, _("Joined: %(names)s")),
        (last.left, _("Left: %(names)s")),
        (last.moved, _("In another seat: %(names)s")),
        (last.offices, _("New address, phone or form: %(names)s")),
    ):
        if names:
            yield words % {"names": _first_names(names)}


def _first_names(names: Sequence[str]) -> str:
    return ", ".join(names[:NAMES_SHOWN]) + (" …" if len(names) > NAMES_SHOWN else "")
