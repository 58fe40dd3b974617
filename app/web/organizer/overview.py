"""The organizers' first page: the numbers, what needs somebody now, and what is left to set up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from app.records import logins
from app.records.accounting import ACCEPTED, OWN
from app.records.counts import Filter
from app.records.keys import KeyFolderError, key_status
from app.records.organizers import Organizer, all_organizers
from app.site.alerts import copied_lately
from app.site.services import Services, services
from app.site.settings import Settings
from app.web.access import access
from app.web.charts import day_curve
from app.web.organizer.counts_lines import lines, share, survey
from app.web.organizer.gate import current, organizer
from app.web.organizer.nav import Notice, warnings_for
from app.web.organizer.show import page

FEW_CODES = 3
CURVE = 14
"""Days in the picture."""
LETTERS = 6
"""Lines of the table by letter."""


@dataclass(frozen=True, slots=True)
class SetupStep:
    """Something to set up once, and whether it is done."""

    done: bool
    text: str
    how: str
    endpoint: str = ""


@organizer.get("/", endpoint="index")
@access("organizer")
def show_index() -> Response:
    """How many signed, what needs somebody, and what is left to set up."""
    site, me = services(), current().organizer
    chosen = Filter(site.campaign.slug)
    found = survey(site.db(), chosen, site.today())
    days = [(day, total.signatures) for day, total in found.days[-CURVE:]]
    handed = sum(number for way, number in found.ways.items() if way in OWN or way == ACCEPTED)
    steps = setup(site) if me.role == "admin" else []
    return page(
        "index", notices=warnings_for(site, me), found=found, handed=handed,
        goal=site.campaign.goal or 0,
        goal_share=share(found.total.signatures, site.campaign.goal or 0),
        handed_share=share(handed, found.total.letters),
        curve=day_curve(days, _("People by day, the last two weeks. The counts have each number.")),
        letters=lines("template", found.by["template"], chosen, site)[:LETTERS],
        steps=[step for step in steps if not step.done], all_steps=len(steps),
        days_left=(site.campaign.ends.date() - site.today()).days,
    )  # fmt: skip


def setup(site: Services) -> list[SetupStep]:
    """What a site needs before it is shown to people. What is done is not shown again."""
    settings, fresh = site.settings, Settings(instance=site.settings.instance)
    admins = [o for o in all_organizers(site.db()) if o.role == "admin" and not o.disabled]
    return [
        SetupStep(settings.group_name != fresh.group_name, _("Name your group"), ""),
        SetupStep(bool(settings.contact), _("Say how people reach you"), ""),
        SetupStep(bool(settings.site_url), _("Give the site its public address"), ""),
        SetupStep(_key_is_away(site), _("Move the private key to your own computer"),
             _("While it is on this server, anyone who controls the server can read what people "
               "asked you to keep."),
             "organizer_keys.index"),
        SetupStep(len(admins) > 1, _("Invite a second admin"),
             _("If you alone lose your phone, no one here can help you."), "organizer.all_people"),
        SetupStep(copied_lately(settings, site.clock()), _("Have a copy made every day"),
             _("No copy was made in the last two days. A broken disk would take every signature.")),
        SetupStep(bool(settings.mail_server), _("Set up email"), ""),
    ]  # fmt: skip


def _key_is_away(site: Services) -> bool:
    try:
        known = key_status(site.settings.keys, {})
    except KeyFolderError:
        return False
    return bool(known) and all(line.private is None for line in known)


def few_recovery_codes(site: Services, me: Organizer) -> Iterable[Notice]:
    """Warn before the last recovery codes are gone."""
    left = logins.recovery_codes_left(site.db(), me)
    if left <= FEW_CODES:
        count = ngettext(
            "You have one recovery code left.", "You have %(num)d recovery codes left.", left
        )
        advice = _("Make new ones before you need them.")
        yield Notice(f"{count} {advice}", "organizer.my_account", _("Your account"))
