"""``flask doctor``: is this site sound, current and safe? One line for each check.

A check is a function that takes the site and returns a finding: what is wrong, why it matters,
and the command that helps. To add one, write it here under ``@check("name")``. No part of the
site is loaded beforehand: each check imports what it needs, so a broken part is one finding and
the other checks still run.
"""

from __future__ import annotations

import json
import re
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from importlib import metadata
from pathlib import Path
from urllib.parse import urlsplit

import click

from app import __version__
from app.cli.diagnosis import STATUS, Check, Diagnosis, Level, Site, fail, ok, warn
from app.cli.doctor_asks import TRIES
from app.cli.plain import PlainCommand, some
from app.congress.model import CHAMBERS
from app.errors import ExplainedError
from app.files import typed, why_unusable
from app.records.accounting import sweep_letters
from app.records.backup import note
from app.records.counts import recount
from app.records.erasing import waits_to_be_erased
from app.records.health import check_site, last_activity, log_size, schema_differences
from app.records.identity import expected_id, id_file
from app.records.keys import key_status
from app.records.limiting import networks, open_counters
from app.records.migrations import damage
from app.records.outbound import Outbound
from app.records.retention import prove
from app.records.sealing import sealed_counts
from app.site.settings import HERE, ROOT, SettingsError, load_settings, read_settings

LARGE_LOG = 256 << 20
"""Bytes."""
MOUNTS = Path("/proc/self/mounts")
NETWORK = {"nfs", "nfs4", "cifs", "smb3", "9p", "ceph", "fuse.sshfs", "fuse.glusterfs",
           "fuse.rclone", "fuse.s3fs"}  # fmt: skip

CHECKS: dict[str, Check] = {}


def check(name: str) -> Callable[[Check], Check]:
    """Register a function as a check."""

    def put(function: Check) -> Check:
        CHECKS[name] = function
        return function

    return put


@check("settings")
def settings_are_for_the_public(site: Site) -> Diagnosis:
    settings = site.settings
    if settings.today:
        return warn(
            f"This is a rehearsal: the site treats every day as {settings.today}. Remove today "
            "from the settings before anyone signs."
        )
    public = settings.site_url and urlsplit(settings.site_url).hostname not in HERE
    if public and settings.site_url.startswith("http://"):
        return fail(
            "site_url begins with http://, so letters travel unencrypted. Put a proxy with a "
            "certificate in front and change site_url to https://."
        )
    if public and not settings.contact:
        return warn("Residents cannot reach you: set contact to an email or web address.")
    return ok("All settings are valid.")


@check("tables")
def tables_are_current(site: Site) -> Diagnosis:
    from app.congress.model import ordinal
    from app.congress.refresh import refreshed
    from app.congress.tables import STALE_AFTER_DAYS

    tables = site.tables
    if tables.congress < tables.first_known:
        return fail(
            f"{site.today} is before the first Congress in the tables, so no one can look up their "
            "members. Set the clock (timedatectl set-ntp true), or remove today from the settings."
        )
    if not tables.has_lines:
        return fail(
            f"The tables have no districts for the current ({ordinal(tables.congress)}) "
            "Congress, so no one can look up their members. Install new tables: flask congress "
            "refresh"
        )
    if awaited := tables.awaited():
        return warn(
            f"The list of members ({tables.as_of}) has no names for {len(awaited)} seats of the "
            "current Congress, so these seats get no letters: flask congress refresh"
        )
    age = (site.today - tables.as_of).days
    last = refreshed(site.settings.instance)
    line = f"The list of members is dated {tables.as_of} ({age} days old)."
    if last and last.changed:
        parts = [
            f"{len(lines)} {word} ({', '.join(lines[:3])}{' …' if len(lines) > 3 else ''})"
            for word, lines in (("joined", last.joined), ("left", last.left),
                                ("moved", last.moved), ("with a new address", last.offices))
            if lines
        ]  # fmt: skip
        line += f" Last change, on {last.changed}: {'; '.join(parts)}."
    if last and last.problem:
        return warn(f"{line} The refresh on {last.at:%Y-%m-%d} changed nothing: {last.problem}")
    if site.settings.congress_refresh and (last is None or site.now - last.at > timedelta(days=3)):
        return warn(f"{line} The daily refresh is on but has not run. Is the site running?")
    return (
        warn(f"{line} Members may have changed since: flask congress refresh")
        if age > STALE_AFTER_DAYS
        else ok(line)
    )


@check("secrets")
def secrets_are_private(site: Site) -> Diagnosis:
    instance = site.settings.instance
    files = [*instance.glob("*.key"), *instance.glob("keys/*.private.json"),
             *instance.glob("keys/*.passphrase"), *instance.glob("*.db"),
             instance / "settings.toml"]  # fmt: skip
    there = [path for path in files if path.exists()]
    owner = instance.stat().st_uid
    for path in (*instance.iterdir(), *instance.glob("keys/*")):
        if path.name != "lost+found" and _owner_of(path) not in (owner, None):
            return fail(
                f"{path} belongs to a different user than its folder, so the site cannot use it: "
                f"sudo chown -R --reference {typed(instance)} {typed(instance)}"
            )
    loose = [path.name for path in there if stat.S_IMODE(path.stat().st_mode) & 0o077]
    if loose:
        return fail(
            f"Other users of this machine can read {', '.join(loose)}. Run chmod 600 on each."
        )
    if stat.S_IMODE(instance.stat().st_mode) & 0o077:
        return warn(f"Other users of this machine can list {instance}: chmod 700 {typed(instance)}")
    return ok(f"{len(there)} private files, readable only by their owner.")


def _owner_of(path: Path) -> int | None:
    """The owner of a file; None if the running site has deleted it meanwhile."""
    try:
        return path.lstat().st_uid
    except OSError:
        return None


@check("private key")
def private_key_is_elsewhere(site: Site) -> Diagnosis:
    counts = site.ask(sealed_counts)
    lines = key_status(site.settings.keys, counts)
    unknown = set(counts) - {line.key.id for line in lines}
    if unknown:
        rows = sum(counts[key] for key in unknown)
        what = some(rows, "row is", "rows are")
        return fail(f"{what} sealed to keys that are missing from {site.settings.keys}.")
    if not any(line.current for line in lines):
        return warn("No key is in use, so residents cannot leave details: flask keys make")
    for line in lines:
        if line.private is not None:
            nearby = ", with its passphrase next to it" if line.passphrase_beside else ""
            return warn(
                f"The private key {line.key.printed} is on this server{nearby} ({line.private}, "
                f"for {some(line.sealed, 'row')}). Move it off the server: flask keys move --out "
                "…"
            )
    return ok("No private key is on this server.")


@check("retention")
def nothing_is_kept_too_long(site: Site) -> Diagnosis:
    from app.site.daily import policy_of

    settings = site.settings
    proof = prove(settings.database, site.now, policy_of(settings), instance=settings.instance)
    if proof.problems:
        return fail(" ".join(proof.problems) + " Run: flask signatures purge --now")
    return ok(
        f"Nothing is kept too long ({len(proof.checked)} kinds of data checked, raw bytes "
        "included)."
    )


@check("identity")
def site_is_itself(site: Site) -> Diagnosis:
    check_site(site.settings.database, site.settings.own_keys)
    return ok("The database and the keys belong to this site.")


@check("database")
def database_is_sound(site: Site) -> Diagnosis:
    if found := site.ask(damage):
        return fail(
            f"The database is damaged ({found[0]}) and will lose signatures. Stop the site and "
            "restore the last good copy: flask backup restore FILE"
        )
    return ok("The database file is sound.")


@check("schema")
def schema_is_of_this_version(site: Site) -> Diagnosis:
    if found := site.ask(schema_differences):
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        return fail(
            f"The database schema is not this program's ({found[0]}{more}), so it counts or "
            "deletes wrongly. Restore a copy: flask backup restore FILE"
        )
    return ok("Every table, index and trigger is as this version creates it.")


@check("log")
def log_is_small(site: Site) -> Diagnosis:
    size = log_size(site.settings.database)
    if size > LARGE_LOG:
        return warn(
            f"The write-ahead log has grown to {size / 1e6:.0f} MB because a long read keeps it "
            "open, and pages get slow. Restart the site and anything else that reads the file."
        )
    if site.ask(waits_to_be_erased):
        return warn(
            "Traces of deleted details may still be in the files because of a long read, and "
            "receipts say so. To try again: flask signatures purge --now"
        )
    return ok("The write-ahead log is small and holds nothing that was deleted.")


@check("counts")
def counts_agree(site: Site) -> Diagnosis:
    if differences := site.ask(recount):
        first = differences[0]
        return fail(
            f"{some(len(differences), 'count does', 'counts do')} not match the rows, for "
            f"example {first.dimension} {first.value}: flask signatures recount"
        )
    return ok("Every count matches the rows.")


@check("limits")
def limits_are_kept(site: Site) -> Diagnosis:
    settings = site.settings
    networks([name for name in settings.raised_networks.split(",") if name.strip()])
    if not open_counters(settings.limits_url or settings.instance / "limits.db").check():
        where = "the Redis of limits_url" if settings.limits_url else "instance/limits.db"
        return fail(
            f"Limits cannot be counted in {where}, so nothing stops a flood of requests. If it "
            "is Redis, is it running? If it is the file, you can delete it while the site is "
            "stopped."
        )
    return ok("Limits work.")


@check("proxy")
def visitors_can_be_told_apart(site: Site) -> Diagnosis:
    settings = site.settings
    if not settings.limits:
        return fail("The limits are off, which is meant only for measurements. Set limits = true.")
    if settings.site_url.startswith("https://") and not settings.trusted_proxies:
        return warn(
            "The site has an https address but trusts no proxy. If your own proxy is in front, "
            "set trusted_proxies = 1; otherwise all visitors look like one and soon hit the "
            "limits."
        )
    proxies = some(settings.trusted_proxies, "proxy is", "proxies are")
    return ok(f"{proxies} trusted to report visitors' addresses.")


@check("disk")
def disk_has_room(site: Site) -> Diagnosis:
    if (kind := _file_system_of(site.settings.instance)) in NETWORK:
        return fail(
            f"The database is on a network disk ({kind}), where SQLite's locks are unreliable "
            "and signatures can be lost. Keep the folder on a local disk."
        )
    free = shutil.disk_usage(site.settings.instance).free
    line = f"{free / 1e9:.1f} GB are free on the database's disk."
    if free < 100e6:
        return fail(
            f"{line} Signatures are refused, or soon will be. To see what takes the space: sudo "
            "du -xh / | sort -h | tail -20"
        )
    return warn(line) if free < 1e9 else ok(line)


def _file_system_of(folder: Path) -> str:
    """The type of a folder's file system, as Linux names it; empty if unknown."""
    try:
        mounts = [line.split() for line in MOUNTS.read_text("utf-8").splitlines()]
    except OSError:
        return ""
    above = [m for m in mounts if folder.resolve().is_relative_to(m[1].replace("\\040", " "))]
    # Of several mounts at one path the last is on top: an automount may be under NFS.
    return max(reversed(above), key=lambda m: len(m[1]), default=["", "", ""])[2]


@check("mail")
def mail_moves(site: Site) -> Diagnosis:
    """The settings can be used, and no message has been stuck for an hour."""
    from app.delivery.queue import STUCK
    from app.site.outgoing import mail_queue

    if silent := _redis_problem(site.settings.redis_url):
        return fail(
            f"The Redis server of redis_url does not answer ({silent}), so no mail is sent."
        )
    post = mail_queue(site.settings).post
    if stuck := post.outbound.stuck(site.now, longer_than=STUCK):
        return fail(
            f"{some(len(stuck), 'message has', 'messages have')} been stuck for an hour or more, "
            f"the first since {stuck[0].state_at:%Y-%m-%d %H:%M} UTC. Is `flask worker` running? "
            "Does the mail server accept our mail? Run flask doctor --try-mail"
        )
    numbers = post.outbound.numbers()
    failed, unknown = numbers.get("failed", 0), numbers.get("unknown", 0)
    if failed or unknown:
        return warn(
            f"In the last {some(site.settings.keep_mail_days, 'day')}, {some(failed, 'message')} "
            f"failed and {some(unknown, 'message')} may or may not have arrived. See `flask mail "
            "status`."
        )
    if post.writes_files:
        return ok("No mail server is set, so mail is written to files in instance/outbox.")
    return ok("No message is stuck.")


@check("letters")
def letters_are_accounted_for(site: Site) -> Diagnosis:
    """No letter is in an unreachable state, and none waits unnoticed."""
    found = site.ask(lambda db: sweep_letters(db, site.now))
    if found.wrong:
        what = some(found.wrong, "letter is", "letters are")
        return fail(f"{what} in a state that should be impossible.")
    lines = []
    if found.since:
        stuck, over = found.stuck.total(), sum(
            number for (bioguide, seat, congress), number in found.stuck.items()
            if congress < site.tables.congress
            or site.tables.standing_in(bioguide, seat) == "left"
        )  # fmt: skip
        lines.append(
            f"{some(stuck, 'letter was', 'letters were')} refused or not accepted by an office's "
            f"system, or left waiting, the first on {found.since:%Y-%m-%d}."
        )
        if over:
            which = "None of them can" if over == stuck else f"{over:,} of them cannot"
            lines.append(
                f"{which} be delivered now, because the member has left or the Congress has ended."
            )
        again = "Deliver them again or tell" if over < stuck else "Tell"
        lines.append(f"{again} the writers.")
    if found.undecided:
        lines.append(
            f"{some(found.undecided, 'letter to an office waits', 'letters to offices wait')} "
            "until an organizer decides on held signatures, and for five days at most."
        )
    if found.unnoted:
        lines.append(
            f"{some(found.unnoted, 'letter is', 'letters are')} recorded only as written, "
            "although the copy was mailed."
        )
    if lines:
        return warn(" ".join(lines))
    quiet = f" No one has reported handing over {found.quiet} of them." if found.quiet else ""
    return ok(f"Every letter's state has a time and a cause.{quiet}")


@check("official delivery")
def official_delivery_is_whole(site: Site) -> Diagnosis:
    """Off, or completely configured."""
    from app.cwc.client import NotAttempted, maintenance_ends
    from app.cwc.message import check_agent
    from app.delivery.queue import STUCK
    from app.site.outgoing import cwc_client, delivery_agent

    settings = site.settings
    client = cwc_client(settings)
    if settings.cwc_mode == "off":
        return ok("Delivery to the offices' own systems is off.")
    if faults := check_agent(delivery_agent(settings)):
        return fail(faults[0].message)
    if not settings.cwc_house_key and not settings.cwc_senate_key:
        return fail("cwc_mode is on but no key is set. Set cwc_house_key or cwc_senate_key.")
    # During nightly maintenance, and for an hour after it, nothing could have left.
    awake = [chamber for chamber in CHAMBERS if not any(
        maintenance_ends(chamber, moment) for moment in (site.now, site.now - STUCK)
    )]  # fmt: skip
    outbound = Outbound(settings.database, settings.secret_key)
    stuck = len(outbound.stuck(site.now, longer_than=STUCK, chambers=awake))
    if stuck:
        return fail(
            f"{some(stuck, 'letter')} to offices should have been sent over an hour ago. Is "
            "`flask worker` running?"
        )
    if settings.cwc_mode == "test":
        return warn("cwc_mode is test, so nothing that is delivered reaches an office.")
    offices = client.active_senate_offices() if settings.cwc_senate_key else frozenset()
    if not isinstance(offices, frozenset):
        reason = offices.reason if not isinstance(offices, NotAttempted) else "it is not set up"
        return warn(f"The Senate's list of offices is not available now: {reason}")
    if not confirms(site):
        return warn(
            "Anyone can have letters delivered under a name that was never confirmed. Set "
            "confirm_email = true."
        )
    return ok("Official delivery is set up.")


def confirms(site: Site) -> bool:
    """Whether a signature counts only once its email address is confirmed."""
    from app.campaign.problems import CampaignError

    try:
        own = site.campaign.confirm_email
    except CampaignError:
        own = None  # another check reports the problem
    return site.settings.confirm_email if own is None else own


def _redis_problem(url: str) -> str:
    """Why Redis does not answer, without its address; empty if it does, or none is set."""
    if not url:
        return ""
    import redis

    try:
        with closing(redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2)) as one:
            one.ping()
    except (redis.RedisError, OSError, ValueError) as error:
        return type(error).__name__
    return ""


@check("letters' texts")
def texts_can_be_read(site: Site) -> Diagnosis:
    from app.campaign.problems import CampaignError

    try:
        campaign = site.campaign
    except CampaignError as error:
        first = str(error).splitlines()[0]
        return fail(
            f"The letters cannot be read, so the site does not start: {first} To see every "
            "problem: flask letters check"
        )
    return ok(f"{len(campaign.templates)} letters of {campaign.slug} can be read.")


@check("daily job")
def daily_job_runs(site: Site) -> Diagnosis:
    since = _time_of(site.settings.instance / "purged") or site.ask(last_activity)
    if since is None or site.now - since < timedelta(days=2):
        return ok("The daily job deletes what has been kept long enough.")
    days = (site.now - since).days
    return warn(
        f"The daily job has not run for {days} days, so data is kept too long and no copies are "
        "made. Is the site running? To delete by hand: flask signatures purge --now"
    )


def _time_of(path: Path) -> datetime | None:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError:
        return None


@check("clock")
def clock_is_right(site: Site) -> Diagnosis:
    if site.now.date() < site.tables.as_of:
        return fail(
            f"The clock says {site.now:%Y-%m-%d %H:%M} UTC, but the list of members is from "
            f"{site.tables.as_of}. Set it: timedatectl set-ntp true"
        )
    latest = site.ask(last_activity)
    if latest is not None and latest - site.now > timedelta(minutes=5):
        return fail(
            f"The clock says {site.now:%Y-%m-%d %H:%M} UTC, but the database has an entry from "
            f"{latest:%Y-%m-%d %H:%M}. A wrong clock miscounts days and rejects forms. Set it: "
            "timedatectl set-ntp true"
        )
    return ok(f"It is {site.now:%Y-%m-%d %H:%M} UTC, later than anything stored.")


@check("program")
def program_is_whole(_site: Site) -> Diagnosis:
    """The installed packages are those of the lock file."""
    wanted: dict[str, set[str]] = {}
    elsewhere = set()
    for name, version, marker in re.findall(
        r"(?m)^([\w.-]+)==([^\s;\\]+)( ;)?", (ROOT / "requirements.lock").read_text("utf-8")
    ):
        wanted.setdefault(name, set()).add(version)
        elsewhere |= {name} if marker else set()  # not for every platform
    wrong = []
    for name, versions in wanted.items():
        try:
            found = metadata.version(name)
        except metadata.PackageNotFoundError:
            wrong += [] if name in elsewhere else [f"{name} is missing"]
            continue
        if _release(found) not in map(_release, versions):
            wrong.append(f"{name} {found}")
    if wrong:
        return fail(
            "The installed packages are not the ones this program needs "
            f"({', '.join(wrong[:3])}). Install them, then restart: .venv/bin/pip install "
            "--require-hashes -r requirements.lock"
        )
    return ok(f"Version {__version__} with the packages it needs, Python {sys.version.split()[0]}.")


def _release(version: str) -> list[int | str]:
    """A version in comparable form: ``4.004`` equals ``4.4``."""
    return [int(part) if part.isdigit() else part for part in re.findall(r"\d+|[a-z]+", version)]


@check("copies")
def copies_are_fresh(site: Site) -> Diagnosis:
    from app.site.alerts import COPY_EVERY

    last, settings = site.noted("copy"), site.settings
    daily = Path(settings.backup_folder).expanduser() if settings.backup_folder else None
    if last is None and daily:
        return fail(
            "No copy was ever made although daily copies are on; a broken disk loses every "
            f"signature. Can the site write to {daily}? flask backup now {typed(daily)}"
        )
    if last is None:
        if settings.stream_to:
            return ok("Every change is streamed. No other copy was made.")
        return warn(
            "No copy was ever made, so one broken disk loses every signature. Run flask backup "
            "now FOLDER, and set backup_folder for a daily copy."
        )
    at, facts = last
    age, file = site.now - at, Path(facts.get("file", ""))
    if daily and age > COPY_EVERY:
        return fail(
            f"The last copy is {age.days} days old although daily copies are on; a broken disk "
            f"loses everything since. Can the site write to {daily}, and is there room? flask "
            f"backup now {typed(daily)}"
        )
    if age > timedelta(days=8) and not settings.stream_to:
        return warn(
            f"The last copy is {age.days} days old; a broken disk loses everything since. Run "
            f"flask backup now {typed(file.parent)}, or set backup_folder for a daily copy."
        )
    if daily and not file.is_file():
        return fail(
            f"The last copy, {file}, is missing, so a broken disk loses everything: flask backup "
            f"now {typed(daily)}"
        )
    same = file.is_file() and file.stat().st_dev == settings.instance.stat().st_dev
    place = ", on the same disk as the database: keep one elsewhere too" if same else ""
    return ok(f"The last copy was made at {at:%Y-%m-%d %H:%M} UTC{place}.")


@check("drill")
def a_copy_was_tried(site: Site) -> Diagnosis:
    drill = site.noted("drill")
    if drill is None:
        return warn(
            "No copy was ever tested, and an untested copy may not restore: flask backup drill FILE"
        )
    at, facts = drill
    if facts.get("problem"):
        return fail(
            f"The copy tested on {at:%Y-%m-%d} does not restore: {facts['problem']} Make another "
            "and test it: flask backup now FOLDER"
        )
    days = (site.now - at).days
    if days > 60:
        return warn(f"No copy was tested in the last {days} days: flask backup drill FILE")
    return ok(f"A copy was tested on {at:%Y-%m-%d} and can be restored.")


@check("copied keys")
def keys_are_copied(site: Site) -> Diagnosis:
    from app.site.backups import fingerprint_of_keys

    last = site.noted("keys")
    if last is None:
        return warn(
            "The keys were never copied. Without them a copy is of little use, because earlier "
            "signers and receipts are not recognized: flask backup now FOLDER --keys "
            "OTHER-FOLDER"
        )
    at, facts = last
    if facts.get("fingerprint") != fingerprint_of_keys(site.settings):
        return warn(
            f"Keys or settings have changed since they were copied on {at:%Y-%m-%d}: flask "
            "backup now FOLDER --keys OTHER-FOLDER"
        )
    return ok(f"The keys have not changed since they were copied on {at:%Y-%m-%d}.")


@check("stream")
def stream_keeps_up(site: Site) -> Diagnosis:
    from app.site.backups import stream_cache

    settings = site.settings
    if not settings.stream_to:
        return ok("Streaming changes elsewhere is off (stream_to).")
    expected_id(settings.database, moved=True)  # raises if it is gone
    # For a bucket, look at what was sent from here; for a folder, at what arrived there.
    bucket = settings.stream_to.startswith("s3://")
    there = stream_cache(settings) if bucket else Path(settings.stream_to).expanduser()
    files = there.rglob("*.ltx")
    changed = [_time_of(settings.database), _time_of(Path(f"{settings.database}-wal"))]
    newest = max(filter(None, map(_time_of, files)), default=None)
    last = max(filter(None, changed))
    if newest is None or last - newest > timedelta(minutes=2):
        since = f"since {newest:%Y-%m-%d %H:%M} UTC" if newest else "yet"
        return fail(
            f"Nothing was streamed {since}, so losing this machine loses what was signed. Is the "
            f"site, or `flask backup stream`, running, and can it write to {settings.stream_to}?"
        )
    return ok("Every change is streamed. To test what arrives: flask backup drill --stream")


# --- The command -----------------------------------------------------------------------------


def examine(site: Site, tries: tuple[str, ...] = ()) -> Iterator[tuple[str, Diagnosis]]:
    """Run every check, and the named ones of ``TRIES``. A check that raises is a finding, and the
    others still run."""
    for name, function in {**CHECKS, **{name: TRIES[name] for name in tries}}.items():
        try:
            yield name, function(site)
        except ExplainedError as error:
            yield name, fail(str(error))
        except PermissionError as error:
            yield name, fail(why_unusable(error))
        except Exception as error:  # noqa: BLE001 - report it and continue
            yield name, fail(f"This check failed unexpectedly: {error}")


def look(now: datetime, tries: tuple[str, ...] = ()) -> list[tuple[str, Diagnosis]]:
    """``examine`` the site that the environment names; invalid settings are findings too."""
    try:
        there = read_settings()
        if not (there.database.exists() or id_file(there.database).exists()):
            return [("settings", fail(
                f"There is no site in {there.instance} yet. Start it, or name your site's "
                "folder: DEAR_CONGRESS_INSTANCE=… flask doctor"
            ))]  # fmt: skip
        settings = load_settings()
    except SettingsError as error:
        return [("settings", fail(problem)) for problem in error.problems]
    return list(examine(Site(settings, now), tries))


MARKS: dict[Level, tuple[str, str]] = {
    "ok": ("ok  ", "green"), "warn": ("warn", "yellow"), "fail": ("FAIL", "red"),
}  # fmt: skip


@click.command("doctor", cls=PlainCommand)
@click.option("--try-mail", is_flag=True, help="Also log in to the mail server; sends nothing.")
@click.option("--try-geocoder", is_flag=True, help="Also look up the address of a public building.")
@click.option("--try-outside", is_flag=True, help="Also check site_url as a visitor sees it.")
@click.option(
    "--alert", is_flag=True, help="Have the site email failures to organizers who want alerts."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for monitors.")
def doctor_command(
    *, try_mail: bool, try_geocoder: bool, try_outside: bool, alert: bool, as_json: bool
) -> None:  # fmt: skip
    """Check that this site is sound, current and safe. Changes nothing.

    Exits with status 0 if all is well, 1 if you should act, 2 if something promised does not hold.

    \b
    Example:
      flask doctor
      flask doctor --try-mail --try-outside
    """
    wanted = zip(TRIES, (try_mail, try_geocoder, try_outside), strict=True)
    tries = tuple(name for name, wish in wanted if wish)
    answers = look(datetime.now(UTC), tries)
    if alert:
        broken = ", ".join(name for name, finding in answers if finding.level == "fail")
        with suppress(ExplainedError, OSError):  # the findings say why
            note(read_settings().instance, "doctor", {"broken": broken})
    worst = max((finding.level for _, finding in answers), key=STATUS.__getitem__)
    if as_json:
        found = [{"check": n, "level": f.level, "sentence": f.sentence} for n, f in answers]
        click.echo(json.dumps({"level": worst, "checks": found}, ensure_ascii=False, indent=1))
    else:
        width = max(len(name) for name, _ in answers)
        said: dict[str, str] = {}
        for name, finding in answers:
            mark, colour = MARKS[finding.level]
            first = said.setdefault(finding.sentence, name)
            sentence = finding.sentence if first == name else f"Same as {first}."
            click.echo(f"{click.style(mark, fg=colour)}  {name:<{width}}  {sentence}")
    sys.exit(STATUS[worst])
