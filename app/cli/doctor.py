"""``flask doctor``: is this site sound, current and safe? One line for each thing looked at.

A check is a function that takes the site and answers with a finding. To add one, write it
here under ``@check("name")``. ``flask settings`` and ``flask adopt`` are about the same: what
one site is.
"""

from __future__ import annotations

import shutil
import stat
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import click

from app.campaign import CampaignError
from app.cli.plain import PlainCommand
from app.cli.worker import STUCK
from app.congress import TablesError, load_tables
from app.congress.model import ordinal
from app.congress.refresh import refreshed
from app.cwc import NotAttempted, check_agent, maintenance_ends
from app.delivery.queue import QueueError
from app.records import sweep_letters
from app.records.counts import recount
from app.records.database import NotItselfError, open_database
from app.records.health import adopt_site, check_site, damage
from app.records.keys import KeyFolderError, key_status
from app.records.limiting import LimitsError, networks, open_counters
from app.records.outbound import CHAMBERS, Outbound
from app.records.retention import prove
from app.records.sealing import sealed_counts
from app.site.daily import policy_of
from app.site.live import live_campaign
from app.site.outgoing import cwc_client, delivery_agent, mail_queue
from app.site.services import moment_of_site
from app.site.settings import (
    HERE,
    Settings,
    SettingsError,
    as_markdown,
    default_of,
    load_settings,
    make_key,
    read_settings,
    rules,
    shown,
)

EASTERN = ZoneInfo("America/New_York")
Level = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Finding:
    """``fail`` means that something promised is not so; ``warn`` that somebody should act."""

    level: Level
    sentence: str


@dataclass(frozen=True, slots=True)
class Site:
    """What a check may look at."""

    settings: Settings
    now: datetime

    @property
    def today(self) -> date:
        """The day in Washington, as everywhere in the program."""
        day = self.settings.today
        return date.fromisoformat(day) if day else self.now.astimezone(EASTERN).date()


Check = Callable[[Site], Finding]
CHECKS: dict[str, Check] = {}


def check(name: str) -> Callable[[Check], Check]:
    """Put a function among the checks."""

    def put(function: Check) -> Check:
        CHECKS[name] = function
        return function

    return put


def ok(sentence: str) -> Finding:
    return Finding("ok", sentence)


def warn(sentence: str) -> Finding:
    return Finding("warn", sentence)


def fail(sentence: str) -> Finding:
    return Finding("fail", sentence)


@check("settings")
def settings_are_for_the_public(site: Site) -> Finding:
    settings = site.settings
    if settings.today:
        return warn(
            f"A rehearsal: the site takes every day for {settings.today}. Before anybody signs, "
            "take today out of the settings."
        )
    public = settings.site_url and urlsplit(settings.site_url).hostname not in HERE
    if public and settings.site_url.startswith("http://"):
        return fail(
            "site_url begins with http://, so letters travel unprotected. Put a proxy with a "
            "certificate in front, and write https://."
        )
    if public and not settings.contact:
        return warn("Residents cannot reach you: set contact to an e-mail or web address.")
    return ok("Every setting is one that can be used.")


@check("tables")
def tables_are_current(site: Site) -> Finding:
    try:
        moment = moment_of_site(site.settings, lambda: site.now)
        tables = load_tables(site.settings.instance, moment)
    except TablesError as error:
        return fail(str(error))
    if not tables.has_lines:
        return fail(
            f"The tables have no districts of the {ordinal(tables.congress)} Congress, which sits "
            "now: nobody is looked up. Install new tables: flask congress refresh"
        )
    if awaited := tables.awaited():
        return warn(
            f"The list of members is of {tables.as_of} and lacks the names in {len(awaited)} seats "
            "of the present Congress, which get no letter: flask congress refresh"
        )
    age = (site.today - tables.as_of).days
    line = f"The tables of members are of {tables.as_of}, {age} days old.{_last_change(site)}"
    last = refreshed(site.settings.instance)
    if last and last.problem:
        return warn(f"{line} The refresh of {last.at:%Y-%m-%d} changed nothing: {last.problem}")
    if site.settings.congress_refresh and (last is None or site.now - last.at > timedelta(days=3)):
        return warn(f"{line} The daily refresh is on but has not run: is the site running?")
    return (
        warn(f"{line} Members may have changed: flask congress refresh") if age > 120 else ok(line)
    )


def _last_change(site: Site) -> str:
    """What changed last, as a sentence with a space before it; empty where nothing is known."""
    last = refreshed(site.settings.instance)
    if last is None or last.changed is None:
        return ""
    parts = [
        f"{len(lines)} {word} ({', '.join(lines[:3])}{' …' if len(lines) > 3 else ''})"
        for word, lines in (("joined", last.joined), ("left", last.left), ("moved", last.moved),
                            ("with another address", last.offices)) if lines
    ]  # fmt: skip
    return f" Changed last on {last.changed}: {'; '.join(parts)}."


@check("secrets")
def secrets_are_private(site: Site) -> Finding:
    instance = site.settings.instance
    files = [*instance.glob("*.key"), *instance.glob("keys/*.private.json"),
             *instance.glob("keys/*.passphrase"), *instance.glob("*.db"),
             instance / "settings.toml"]  # fmt: skip
    there = [path for path in files if path.exists()]
    loose = [path.name for path in there if stat.S_IMODE(path.stat().st_mode) & 0o077]
    if loose:
        return fail(f"Others on this machine can read {', '.join(loose)}: chmod 600")
    if stat.S_IMODE(instance.stat().st_mode) & 0o077:
        return warn(f"Others on this machine can list {instance}: chmod 700")
    return ok(f"{len(there)} private files are readable by their owner only.")


@check("private key")
def private_key_is_elsewhere(site: Site) -> Finding:
    with closing(open_database(site.settings.database)) as db:
        counts = sealed_counts(db)
    try:
        lines = key_status(site.settings.keys, counts)
    except KeyFolderError as error:
        return fail(str(error))
    unknown = set(counts) - {line.key.id for line in lines}
    if unknown:
        rows = sum(counts[key] for key in unknown)
        return fail(f"{rows} rows are sealed to keys that are not in {site.settings.keys}.")
    if not any(line.current for line in lines):
        return warn("There is no key in use, so nobody can leave details: flask keys make")
    for line in lines:
        if line.private is not None:
            beside = ", with its passphrase beside it" if line.passphrase_beside else ""
            return warn(
                f"The private key {line.key.printed} is on this server{beside} ({line.private}; "
                f"{line.sealed} rows). Move it away: flask keys move --out …"
            )
    return ok("No private key is on this server.")


@check("retention")
def nothing_is_kept_too_long(site: Site) -> Finding:
    try:
        policy = policy_of(site.settings)
    except click.ClickException as error:
        return fail(error.message)
    settings = site.settings
    proof = prove(settings.database, site.now, policy, instance=settings.instance)
    if proof.problems:
        return fail(" ".join(proof.problems) + " Run: flask signatures purge --now")
    return ok(f"Nothing is older than it may be ({len(proof.checked)} kinds, raw bytes too).")


@check("identity")
def site_is_itself(site: Site) -> Finding:
    check_site(site.settings.database, site.settings.own_keys)
    return ok("Database and keys are those that this site had.")


@check("database")
def database_is_sound(site: Site) -> Finding:
    with closing(open_database(site.settings.database)) as db:
        found = damage(db)
    if found:
        return fail(f"The database is damaged ({found[0]}). Restore it from the last good backup.")
    return ok("The database file is sound.")


@check("counts")
def counts_agree(site: Site) -> Finding:
    with closing(open_database(site.settings.database)) as db:
        differences = recount(db)
    if differences:
        first = differences[0]
        return fail(
            f"{len(differences)} counts differ from the rows, such as {first.dimension} "
            f"{first.value}: flask signatures recount"
        )
    return ok("Every count agrees with the rows.")


@check("limits")
def limits_are_kept(site: Site) -> Finding:
    settings = site.settings
    try:
        networks([name for name in settings.raised_networks.split(",") if name.strip()])
        works = open_counters(settings.limits_url or settings.instance / "limits.db").check()
    except LimitsError as error:
        return fail(str(error))
    return ok("Limits are counted.") if works else fail("Limits cannot be counted: disk or Redis.")


@check("proxy")
def visitors_can_be_told_apart(site: Site) -> Finding:
    settings = site.settings
    if not settings.limits:
        return fail("The limits are turned off; that is for measuring only. Set limits = true.")
    if settings.site_url.startswith("https://") and not settings.trusted_proxies:
        return warn(
            "The site has an https address but trusts no proxy. If one of yours stands in front, "
            "set trusted_proxies = 1; otherwise all visitors look like one, and are soon limited."
        )
    return ok(f"{settings.trusted_proxies} proxies are trusted to say who a visitor is.")


@check("disk")
def disk_has_room(site: Site) -> Finding:
    free = shutil.disk_usage(site.settings.instance).free
    line = f"{free / 1e9:.1f} GB are free where the database is."
    if free < 100e6:
        return fail(f"{line} Signatures will soon be refused.")
    return warn(line) if free < 1e9 else ok(line)


@check("mail")
def mail_moves(site: Site) -> Finding:
    """Settings that can be used, and no message that has stood still for an hour."""
    try:
        post = mail_queue(site.settings).post
    except QueueError as error:
        return fail(str(error))
    numbers = post.outbound.numbers()
    stuck = post.outbound.stuck(site.now, longer_than=STUCK)
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
    client = cwc_client(settings)
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
    outbound = Outbound(settings.database, settings.secret_key)
    stuck = len(outbound.stuck(site.now, longer_than=STUCK, chambers=awake))
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


def examine(site: Site) -> list[tuple[str, Finding]]:
    """Run every check. One that breaks is a finding itself, and the others still run."""
    answers = []
    for name, function in CHECKS.items():
        try:
            answers.append((name, function(site)))
        except NotItselfError as error:
            answers.append((name, fail(str(error))))
        except Exception as error:  # noqa: BLE001 - whatever is broken, say so and look on
            answers.append((name, fail(f"This could not be looked at: {error}")))
    return answers


MARKS: dict[Level, tuple[str, str]] = {
    "ok": ("ok  ", "green"),
    "warn": ("warn", "yellow"),
    "fail": ("FAIL", "red"),
}


@click.command("doctor", cls=PlainCommand)
def doctor_command() -> None:
    """Look whether this site is sound, current and safe. Ends with 1 when something is not.

    \b
    Example:
      flask doctor
    """
    try:
        settings = load_settings()
    except SettingsError as error:
        answers = [("settings", fail(problem)) for problem in error.problems]
    else:
        answers = examine(Site(settings, datetime.now(UTC)))
    width = max(len(name) for name, _ in answers)
    for name, finding in answers:
        mark, colour = MARKS[finding.level]
        click.echo(f"{click.style(mark, fg=colour)}  {name:<{width}}  {finding.sentence}")
    if any(finding.level == "fail" for _, finding in answers):
        sys.exit(1)


@click.command("settings", cls=PlainCommand)
@click.option("--markdown", is_flag=True, help="Print the table for docs/settings.md instead.")
def settings_command(markdown: bool) -> None:
    """Show every setting with its value; * marks those that you set. Secrets stay hidden.

    \b
    Example:
      flask settings
    """
    if markdown:
        click.echo(as_markdown(), nl=False)
        return
    settings = read_settings()
    for name in rules():
        value = getattr(settings, name)
        mark = " " if value == default_of(name) else "*"
        click.echo(f"{mark} {name} = {shown(name, value)}")


@click.command("adopt", cls=PlainCommand)
@click.option("--yes", is_flag=True, help="Do not ask.")
def adopt_command(yes: bool) -> None:
    """Take the database and the keys that are there for this site's own from now on.

    For a site that stops because its database was replaced or a key is lost, when that is so on
    purpose. A key or a database that is missing is made anew, and empty. Restoring a backup of
    the same site needs none of this.

    \b
    Example:
      flask adopt
    """
    settings = read_settings()
    lost = [name for name, key in settings.own_keys.items()
            if not key and not (settings.instance / name).exists()]  # fmt: skip
    for name in lost:
        click.echo(f"{name} is missing. A new one means: {LOSSES[name]}")
    if not settings.database.exists():
        click.echo("There is no database. A new one begins with nothing: no signature, no account.")
    if not yes:
        click.confirm("Stop the site first. Take what is there for this site's own?", abort=True)
    for name in lost:
        make_key(settings.instance / name)
    adopt_site(settings.database, load_settings().own_keys)
    click.echo("Done. Start the site again.")


LOSSES = {
    "secret.key": "receipts and open forms of before lead nowhere.",
    "person.key": "whoever signed before can sign and be counted again.",
}
