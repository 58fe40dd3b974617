"""``flask doctor``: is this site sound, current and safe? One line for each thing looked at.

A check is a function that takes the site and answers with a finding. To add one, write it
here or anywhere that is imported, under ``@check("name")``.
"""

from __future__ import annotations

import shutil
import stat
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Literal

import click

from app.cli.plain import PlainCommand
from app.records.counts import recount
from app.records.database import open_database
from app.records.health import damage
from app.records.keys import KeyFolderError, key_status
from app.records.limiting import LimitsError, networks, open_counters
from app.records.retention_proof import prove
from app.records.sealing import sealed_counts
from app.site.daily import policy_of
from app.site.settings import Settings, load_settings

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
        return date.fromisoformat(self.settings.today) if self.settings.today else self.now.date()


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


@check("tables")
def tables_are_current(site: Site) -> Finding:
    from app.congress import TablesError, load_tables
    from app.congress.model import ordinal
    from app.site.services import moment_of_site

    try:
        tables = load_tables(site.settings.instance, moment_of_site(site.settings))
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
    line = f"The tables of members are of {tables.as_of}, {age} days old."
    return (
        warn(f"{line} Members may have changed: flask congress refresh") if age > 120 else ok(line)
    )


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


def examine(site: Site) -> list[tuple[str, Finding]]:
    """Run every check. One that breaks is a finding itself, and the others still run."""
    answers = []
    for name, function in CHECKS.items():
        try:
            answers.append((name, function(site)))
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
    """Look whether this site is sound, current and safe. Ends with 1 when something is not."""
    settings = load_settings()
    answers = examine(Site(settings, datetime.now(UTC)))
    width = max(len(name) for name, _ in answers)
    for name, finding in answers:
        mark, colour = MARKS[finding.level]
        click.echo(f"{click.style(mark, fg=colour)}  {name:<{width}}  {finding.sentence}")
    if any(finding.level == "fail" for _, finding in answers):
        sys.exit(1)
