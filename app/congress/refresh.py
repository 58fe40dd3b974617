"""Updating the members of a running site: fetch a list, check it, show it, install it atomically.

Each set of a site's tables is in a separate folder under ``instance/congress``, and a symbolic
link points to the one in use. If a download fails or is implausible, the link stays. A note next
to the folders records the last refresh, and the last changes.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit

from app.congress.build import build_tables, renew_members
from app.congress.model import (
    BuildError,
    Holder,
    TablesError,
    change_of,
    day_in_washington,
    ordinal,
)
from app.congress.names import titled_name
from app.congress.sources.members import LONGEST_FILE, MEMBERS_FILE
from app.congress.tables import (
    CURRENT,
    MOST_VACANCIES,
    Tables,
    ZipState,
    load_tables,
    read_tables,
    tables_folder,
)
from app.errors import ExplainedError
from app.files import flush, locked, write_file

FILES = (
    MEMBERS_FILE,
    "legislators-district-offices.yaml",
    "committees-current.yaml",
    "committee-membership-current.yaml",
)
SOURCE = "https://unitedstates.github.io/congress-legislators/"
MOST_CHANGES = 40
"""More members than this never join or leave between two lists of one Congress."""
NOTE = "refreshed.json"
KEPT_FOLDERS = 3
"""How many folders of tables are kept: the one in use and those before it."""
_DISTRICTS = ("zip_districts_*.csv", "tab20_cd*_zcta520_natl.txt")


class RefreshError(ExplainedError):
    """The new list cannot be used; the message says why. The installed tables are untouched."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed in the new list, in words, by kind."""

    before: date
    after: date
    joined: tuple[str, ...]
    left: tuple[str, ...]
    moved: tuple[str, ...]
    offices: tuple[str, ...]
    """Members with a new Washington address, telephone or form."""
    lines: tuple[str, ...] = ()
    """States with a ZIP whose districts change, now or at the next Congress."""
    notices: tuple[str, ...] = ()
    folder: Path | None = None
    """Where the new tables are; None if nothing was installed."""

    @property
    def nothing(self) -> bool:
        return not (self.joined or self.left or self.moved or self.offices or self.lines)


@dataclass(frozen=True, slots=True)
class Refreshed:
    """The last refresh of a site, and its last changes."""

    at: datetime
    """The time of the last refresh, in UTC."""
    problem: str
    """Why its list was refused; empty if it was accepted."""
    changed: date | None
    """The day (UTC) on which a list with changes was last installed."""
    joined: tuple[str, ...]
    """Who joined with those changes, as ``TX-10 Representative Smith``."""
    left: tuple[str, ...]
    moved: tuple[str, ...]
    offices: tuple[str, ...]


def refreshed(instance: Path) -> Refreshed | None:
    """The outcome of a site's last refreshes; None before the first, or if the note cannot be
    read."""
    try:
        raw = json.loads(((instance / CURRENT).parent / NOTE).read_text(encoding="utf-8"))
        day = raw["changed"]
        lists = {name: tuple(map(str, raw[name])) for name in _NAME_LISTS}
        return Refreshed(
            at=datetime.fromisoformat(raw["at"]), problem=str(raw["problem"]),
            changed=date.fromisoformat(day) if day else None, **lists,
        )  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError):
        return None


_NAME_LISTS = ("joined", "left", "moved", "offices")


def _record_outcome(instance: Path, now: datetime, outcome: Changes | str) -> None:
    """Record a refresh in the note: its changes, or why the list was refused."""
    home = (instance / CURRENT).parent
    at = now.astimezone(UTC)
    old = refreshed(instance) or Refreshed(at, "", None, (), (), (), ())
    if isinstance(outcome, str):
        new = replace(old, at=at, problem=outcome)
    elif outcome.nothing:
        new = replace(old, at=at, problem="")
    else:
        lists = {name: getattr(outcome, name) for name in _NAME_LISTS}
        new = Refreshed(at, "", at.date(), **lists)
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_file(home / NOTE, json.dumps(asdict(new), default=str))


def fetch_and_refresh(
    base: str,
    instance: Path,
    *,
    now: datetime,
    lines: str = "",
    as_of: date | None = None,
    dry_run: bool = False,
    progress: Callable[[str], None] = lambda _: None,
) -> Changes:
    """``download`` the lists from ``base``, then ``refresh`` the site in ``instance`` with them.

    ``lines`` is the URL of a folder with the coming lines; empty for none. Raises
    ``RefreshError``; a failed download is recorded like a refused list.
    """
    with tempfile.TemporaryDirectory() as folder:
        try:
            day = download(base, Path(folder), progress)
            if lines:
                download_lines(lines, Path(folder), instance, progress)
        except RefreshError as error:
            if not dry_run:
                _record_outcome(instance, now, str(error))
            raise
        day = as_of or day or day_in_washington(now)
        return refresh(Path(folder), instance, now=now, as_of=day, dry_run=dry_run)


def download(
    base: str, target: Path, progress: Callable[[str], None] = lambda _: None
) -> date | None:
    """Fetch the lists from ``base`` into ``target``. Returns the day in Washington on which the
    list of members last changed, if its server says so. Raises ``RefreshError``."""
    day = None
    for name in FILES:
        progress(name)
        data, changed = fetch(base, name)
        assert data is not None
        (target / name).write_bytes(data)
        if name == MEMBERS_FILE and changed:
            day = day_in_washington(changed)
    return day


def download_lines(
    base: str, target: Path, instance: Path, progress: Callable[[str], None] = lambda _: None
) -> None:
    """Fetch the plans and the shares of people on the coming lines from ``base`` into ``target``,
    unless they do not exist or the site already has them. Raises ``RefreshError``."""
    try:
        index = json.loads((tables_folder(instance) / "tables.json").read_text(encoding="utf-8"))
        coming, known = min(index["lines"]) + 1, index.get("downloads", {})
    except (OSError, ValueError, KeyError) as error:
        raise RefreshError(f"The installed tables cannot be read ({error!r}).") from None
    fetched = []
    for name in (f"plans_{coming}.csv", f"zip_people_{coming}.csv"):
        progress(name)
        data, changed = fetch(base, name, optional=True)
        if data is None:
            return
        fetched.append((name, data, changed))
    if all(hashlib.sha256(data).hexdigest() == known.get(name) for name, data, _ in fetched):
        return
    for name, data, changed in fetched:
        (target / name).write_bytes(data)
        if changed is not None:  # the file's mtime is the date of the plans
            os.utime(target / name, (changed.timestamp(), changed.timestamp()))


def fetch(base: str, name: str, *, optional: bool = False) -> tuple[bytes | None, datetime | None]:
    """A file at ``base`` and its ``Last-Modified``, None if unknown. Data is None if an optional
    file does not exist. Raises ``RefreshError``, also for a file that is too large, truncated or
    redirected to another host."""
    import requests

    url = base.rstrip("/") + "/" + name
    way_out = "Try again later, or download it elsewhere and use --from."
    try:
        with requests.get(url, stream=True, timeout=20) as reply:
            if urlsplit(reply.url).hostname != urlsplit(url).hostname:
                raise RefreshError(f"{name}: the server redirected us to another host. {way_out}")
            if optional and reply.status_code == 404:
                return None, None
            if reply.status_code != 200:
                raise RefreshError(f"{name}: the server answered {reply.status_code}. {way_out}")
            data = bytearray()
            for chunk in reply.iter_content(65536):
                data += chunk
                if len(data) > LONGEST_FILE:
                    raise RefreshError(
                        f"{name}: the file is far larger than the real one. {way_out}"
                    )
            length = reply.headers.get("Content-Length", "")
            plain = "Content-Encoding" not in reply.headers
            if plain and length.isdecimal() and int(length) != len(data):
                raise RefreshError(f"{name}: the download is incomplete. {way_out}")
            changed = reply.headers.get("Last-Modified", "")
    except requests.RequestException as error:
        raise RefreshError(
            f"{name} could not be fetched ({type(error).__name__}). {way_out}"
        ) from None
    with contextlib.suppress(ValueError):
        return bytes(data), parsedate_to_datetime(changed)
    return bytes(data), None


def refresh(
    source: Path, instance: Path, *, now: datetime, as_of: date | None = None, dry_run: bool = False
) -> Changes:
    """Check the lists in ``source`` and install them for the site in ``instance``.

    The districts do not change, unless ``source`` has a ZIP file (then everything is built from
    it), or plans and shares of the coming lines (then these are installed). ``as_of`` is the day
    of the lists. With ``dry_run``, nothing is installed or recorded. Returns what changed. Raises
    ``RefreshError``, and then nothing is installed.
    """
    try:
        changes = _refresh(source, instance, now=now, as_of=as_of, dry_run=dry_run)
    except RefreshError as error:
        if not dry_run:
            _record_outcome(instance, now, str(error))
        raise
    if not dry_run:
        _record_outcome(instance, now, changes)
    return changes


def _refresh(
    source: Path, instance: Path, *, now: datetime, as_of: date | None, dry_run: bool
) -> Changes:
    home = (instance / CURRENT).parent
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _exclusive(home), tempfile.TemporaryDirectory(dir=home, prefix=".new-") as draft:
        built = Path(draft) / "tables"
        base = tables_folder(instance)
        try:
            old: Tables | None = load_tables(instance)
        except TablesError:
            old = None
        try:
            if any(any(source.glob(pattern)) for pattern in _DISTRICTS):
                notices = build_tables(
                    source, built, base=base if old else None, as_of=as_of
                ).notices
            else:
                notices = tuple(renew_members(source, base, built, as_of=as_of).notices)
            new = read_tables(built)
        except (BuildError, TablesError) as error:
            raise RefreshError(str(error)) from None
        except OSError as error:
            raise RefreshError(f"{error.filename} cannot be read: {error.strerror}.") from None
        except (ValueError, KeyError) as error:
            raise RefreshError(f"The installed tables cannot be read ({error!r}).") from None
        if problems := list(_problems(old, new, now)):
            raise RefreshError(" ".join(problems))
        changes = _changes(old or new, new, now, notices)
        return changes if dry_run else _install(built, home, new, changes)


def _problems(old: Tables | None, new: Tables, now: datetime) -> Iterator[str]:
    """What makes a list implausible."""
    if new.as_of > day_in_washington(now):
        yield f"The list is dated {new.as_of}, which is in the future."
    then = new.at(_compared_at(new, now))
    unheld = len(then.awaited()) + len(then.vacancies())
    if unheld > MOST_VACANCIES:
        yield (
            f"{unheld} of the 541 seats have no member in this list. It is incomplete, or of a "
            f"Congress that has ended by {then.since.date()}."
        )
    if old is None:
        return
    if old.plans_as_of and (new.plans_as_of or old.plans_as_of) < old.plans_as_of:
        yield (
            f"The plans of the district lines are of {new.plans_as_of}; the installed ones are "
            f"newer ({old.plans_as_of})."
        )
    if new.as_of < old.as_of:
        yield f"The list is of {new.as_of}; the installed one is newer ({old.as_of})."
    before = old.at(_compared_at(new, now))
    if new.list_congress < old.list_congress:
        yield f"The list is of the {ordinal(new.list_congress)} Congress, an older one."
    if before.awaited():
        return  # the first list of a Congress, so nearly everyone is new
    changed = len(_sitting(before, new).keys() ^ _sitting(then, new).keys())
    if changed > MOST_CHANGES:
        yield f"{changed} people joined or left at once, which has never happened."


def _sitting(tables: Tables, new: Tables) -> dict[str, Holder]:
    """The seats of the sitting members, by the ids that ``new`` has for them."""
    found = {}
    for holder in tables.holders:
        if member := holder.member:
            person = new.people.get(member.bioguide)
            found[person.member.bioguide if person else member.bioguide] = holder
    return found


def _compared_at(new: Tables, now: datetime) -> datetime:
    """The moment at which to compare lists: now, or the start of the new list's Congress if that
    is later."""
    return max(now, change_of(new.list_congress))


def _changes(old: Tables, new: Tables, now: datetime, notices: tuple[str, ...]) -> Changes:
    moment = _compared_at(new, now)
    before, after = _sitting(old.at(moment), new), _sitting(new.at(moment), new)
    if len(before) < 541 - MOST_VACANCIES:
        # The old list ends with its Congress, so compare with the members of that one.
        before = _sitting(old, new)
    both = [(before[key], after[key]) for key in after.keys() & before.keys()]
    return Changes(
        before=old.as_of,
        after=new.as_of,
        joined=_lines(after[key] for key in after.keys() - before.keys()),
        left=_lines(before[key] for key in before.keys() - after.keys()),
        moved=tuple(sorted(
            f"{_line(b)} (from {a.seat.id})" for a, b in both if a.seat != b.seat
        )),
        offices=_lines(b for a, b in both if _contact(a) != _contact(b)),
        lines=_redrawn(old, new, moment),
        notices=notices,
    )  # fmt: skip


def _redrawn(old: Tables, new: Tables, moment: datetime) -> tuple[str, ...]:
    """The states with ZIPs whose districts differ, at ``moment`` or at the next Congress."""
    if old.drawn_from == new.drawn_from:
        return ()
    found: Counter[str] = Counter()
    for when in (moment, change_of(new.last_known)):
        before, after = old.at(when).zips, new.at(when).zips
        for code, parts in after.items() if old.at(when).has_lines else ():
            shares = {part.state: _shares(part) for part in before.get(code, ())}
            found.update(p.state for p in parts if _shares(p) != shares.get(p.state))
    return tuple(f"{state}: {number} ZIPs" for state, number in sorted(found.items()))


def _shares(part: ZipState) -> list[tuple[int, float | None]]:
    return [(candidate.district, candidate.share) for candidate in part.candidates]


def _contact(holder: Holder) -> tuple[object, ...]:
    member = holder.member
    assert member is not None
    return member.washington.lines, member.phone, member.contact_url


def _line(holder: Holder) -> str:
    return f"{holder.seat.id} {titled_name(holder)}"


def _lines(holders: Iterator[Holder]) -> tuple[str, ...]:
    return tuple(sorted(map(_line, holders)))


def _install(built: Path, home: Path, new: Tables, changes: Changes) -> Changes:
    """Move the new folder next to the others and switch the link to it atomically."""
    digest = hashlib.sha256()
    for path in sorted(built.iterdir()):
        digest.update(path.name.encode() + hashlib.sha256(path.read_bytes()).digest())
    folder = home / f"{new.as_of.isoformat()}-{digest.hexdigest()[:12]}"
    if not folder.exists():
        built.rename(folder)
    link = home / ".current"
    link.unlink(missing_ok=True)
    link.symlink_to(folder.name)
    link.replace(home / "current")
    flush(home)
    os.utime(folder)
    folders = sorted(
        (p for p in home.iterdir() if p.is_dir() and not p.is_symlink() and p.name[0] != "."),
        key=lambda path: path.stat().st_mtime,
    )
    for outdated in folders[:-KEPT_FOLDERS]:
        shutil.rmtree(outdated)
    return replace(changes, folder=folder)


@contextlib.contextmanager
def _exclusive(home: Path) -> Iterator[None]:
    """Allow one refresh at a time. Raises ``RefreshError`` if another one is running."""
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(locked(home / ".lock", wait=False))
        except BlockingIOError:
            raise RefreshError("Another refresh is running.") from None
        yield
