"""What ``flask doctor`` looks at in mail and official delivery."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta

from app.campaign import CampaignError
from app.cli.doctor import Finding, Site, check, fail, ok, warn
from app.cwc import NotAttempted, check_agent, maintenance_ends
from app.delivery.queue import QueueError
from app.delivery.setup import DeliverySettingsError
from app.records import open_database, sweep_letters
from app.records.deliveries import Chamber, Deliveries
from app.site.live import live_campaign
from app.site.outgoing import cwc_client, delivery_agent, mail_queue
from app.site.settings import Settings

STUCK = timedelta(hours=1)
CHAMBERS: tuple[Chamber, ...] = ("house", "senate")


@check("mail")
def mail_moves(site: Site) -> Finding:
    """Settings that can be used, and no message that has stood still for an hour."""
    try:
        post = mail_queue(site.settings).post
    except (DeliverySettingsError, QueueError) as error:
        return fail(str(error))
    numbers = post.mailbox.numbers()
    stuck = post.mailbox.stuck(site.now, longer_than=STUCK)
    if stuck:
        return fail(
            f"{len(stuck)} messages have not moved for an hour, the first since "
            f"{stuck[0].state_at:%Y-%m-%d %H:%M} UTC. Is `flask worker` running?"
        )
    failed, unknown = numbers.get("failed", 0), numbers.get("unknown", 0)
    if failed or unknown:
        return warn(
            f"In the last 30 days {failed} messages failed and of {unknown} nobody knows; "
            "see `flask mail status`."
        )
    if post.writes_files:
        return ok("No mail server is set: mail is written to files in instance/outbox.")
    return ok("No message is stuck.")


@check("letters")
def letters_are_accounted_for(site: Site) -> Finding:
    """No letter in a state that it cannot have come to, and none that waits unseen."""
    with closing(open_database(site.settings.database)) as db:
        found = sweep_letters(db, site.now)
    if found.wrong:
        return fail(f"{found.wrong} letters are in a state that no allowed step leads to.")
    lines = []
    if found.stuck and found.since:
        lines.append(
            f"{found.stuck} letters were refused by an office's system, not taken or left waiting, "
            f"the first on {found.since:%Y-%m-%d}: deliver them again, or tell the writers."
        )
    if found.unnoted:
        lines.append(
            f"{found.unnoted} letters are noted as written only, although the copy was mailed."
        )
    if lines:
        return warn(" ".join(lines))
    quiet = f" Nobody told us of handing {found.quiet} of them over." if found.quiet else ""
    return ok(f"Every letter's state has a time and a cause.{quiet}")


@check("official delivery")
def official_delivery_is_whole(site: Site) -> Finding:
    """Off, or with everything it needs."""
    settings = site.settings
    try:
        client = cwc_client(settings)
    except (DeliverySettingsError, ValueError) as error:
        return fail(str(error))
    if settings.cwc_mode == "off":
        return ok("Delivery to the offices' own systems is off.")
    if faults := check_agent(delivery_agent(settings)):
        return fail(faults[0].message)
    if not settings.cwc_house_key and not settings.cwc_senate_key:
        return fail("cwc_mode is on, but there is no key: set cwc_house_key or cwc_senate_key.")
    # At night, and for the first hour after it, nothing can have left.
    awake = [chamber for chamber in CHAMBERS if not any(
        maintenance_ends(chamber, moment) for moment in (site.now, site.now - STUCK)
    )]  # fmt: skip
    stuck = Deliveries(settings.database).stuck(site.now, awake, longer_than=STUCK)
    if stuck:
        return fail(
            f"{stuck} letters to offices could have left an hour ago. Is `flask worker` running?"
        )
    if settings.cwc_mode == "test":
        return warn("cwc_mode is test: what is handed over reaches nobody.")
    offices = client.active_senate_offices() if settings.cwc_senate_key else frozenset()
    if not isinstance(offices, frozenset):
        reason = offices.reason if not isinstance(offices, NotAttempted) else "it is not set up"
        return warn(f"The Senate's list of offices cannot be had now: {reason}")
    if not _confirms(settings):
        return warn(
            "Residents can have letters delivered in a name that nobody confirmed: "
            "set confirm_email = true."
        )
    return ok("Official delivery is set up.")


def _confirms(settings: Settings) -> bool:
    """Whether signatures count only once their e-mail address was confirmed."""
    try:
        wish = live_campaign(settings).confirm_email
    except CampaignError:
        wish = None  # another check says what is wrong with it
    return settings.confirm_email if wish is None else wish
