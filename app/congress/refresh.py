"""New lists of members for a running site: fetched, judged, shown, and installed in one step.

The tables of a site stand in a folder of their own under ``instance/congress``; a link names
the one in use. Whatever is wrong with a download, the link still names the former one. Beside
them a note says when the list was looked at last, and what changed when something did.
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
    moment_of,
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
"""So many members never join and leave between two lists of one Congress."""
NOTE = "refreshed.json"
KEPT = 3
"""Folders of tables that stay: the one in use and those before it."""
_DISTRICTS = ("zip_districts_*.csv", "tab20_cd*_zcta520_natl.txt")


class RefreshError(ExplainedError):
    """The new list cannot be used; the message says why. The installed tables are untouched."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What is different in the new list, in words, by kind."""

    before: date
    after: date
    joined: tuple[str, ...]
    left: tuple[str, ...]
    moved: tuple[str, ...]
    offices: tuple[str, ...]
    """Who has another Washington address, telephone or form."""
    lines: tuple[str, ...] = ()
    """States of which a ZIP lies in other districts than before, now or after the next change."""
    notices: tuple[str, ...] = ()
    folder: Path | None = None
    """Where the new tables are; None when nothing was installed."""

    @property
    def nothing(self) -> bool:
        return not (self.joined or self.left or self.moved or self.offices or self.lines)


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What is known of the refreshes of a site."""

    at: datetime
    """When a list was looked at last, in UTC."""
    problem: str
    """Why that list was not taken; empty where it was."""
    changed: date | None
    """The day (UTC) on which a list with any change was installed last."""
    joined: tuple[str, ...]
    """Who came with that change, as ``TX-10 Representative Smith``."""
    left: tuple[str, ...]
    moved: tuple[str, ...]
    offices: tuple[str, ...]


def refreshed(instance: Path) -> Refreshed | None:
    """What the last refreshes of a site came to; None before the first, or where the note of
    them cannot be read."""
    try:
        raw = json.loads(((instance / CURRENT).parent / NOTE).read_text(encoding="utf-8"))
        day = raw["changed"]
        lists = {name: tuple(map(str, raw[name])) for name in _LISTS}
        return Refreshed(
            at=datetime.fromisoformat(raw["at"]), problem=str(raw["problem"]),
            changed=date.fromisoformat(day) if day else None, **lists,
        )  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError):
        return None


_LISTS = ("joined", "left", "moved", "offices")


def _note(instance: Path, now: datetime, outcome: Changes | str) -> None:
    """Write down what a refresh came to: its changes, or why nothing was taken."""
    home = (instance / CURRENT).parent
    at = now.astimezone(UTC)
    known = refreshed(instance) or Refreshed(at, "", None, (), (), (), ())
    if isinstance(outcome, str):
        new = replace(known, at=at, problem=outcome)
    elif outcome.nothing:
        new = replace(known, at=at, problem="")
    else:
        lists = {name: getattr(outcome, name) for name in _LISTS}
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

    ``lines`` is the address of a folder with the coming lines; empty for none. Raises
    ``RefreshError``; a download that failed is noted like a list that was not taken.
    """
    with tempfile.TemporaryDirectory() as folder:
        try:
            day = download(base, Path(folder), progress)
            if lines:
                download_lines(lines, Path(folder), instance, progress)
        except RefreshError as error:
            if not dry_run:
                _note(instance, now, str(error))
            raise
        day = as_of or day or day_in_washington(now)
        return refresh(Path(folder), instance, now=now, as_of=day, dry_run=dry_run)


def download(
    base: str, target: Path, progress: Callable[[str], None] = lambda _: None
) -> date | None:
    """Fetch the lists from ``base`` into ``target``. Returns the day on which the list of members
    was changed last, as its server says. Raises ``RefreshError``.

    A file that is too large, cut short or redirected to another host is refused.
    """
    day = None
    for name in FILES:
        progress(name)
        data, changed = _fetch(base, name)
        assert data is not None
        (target / name).write_bytes(data)
        if name == MEMBERS_FILE and changed:
            day = changed.date()
    return day


def download_lines(
    base: str, target: Path, instance: Path, progress: Callable[[str], None] = lambda _: None
) -> None:
    """Fetch the plans and the people's shares of the coming lines from ``base`` into ``target``,
    where they are there and are not those that the site has. Raises ``RefreshError``."""
    try:
        index = json.loads((tables_folder(instance) / "tables.json").read_text(encoding="utf-8"))
        coming, known = min(index["lines"]) + 1, index.get("downloads", {})
    except (OSError, ValueError, KeyError) as error:
        raise RefreshError(f"The installed tables cannot be read ({error!r}).") from None
    fetched = []
    for name in (f"plans_{coming}.csv", f"zip_people_{coming}.csv"):
        progress(name)
        data, changed = _fetch(base, name, optional=True)
        if data is None:
            return
        fetched.append((name, data, changed))
    if all(hashlib.sha256(data).hexdigest() == known.get(name) for name, data, _ in fetched):
        return
    for name, data, changed in fetched:
        (target / name).write_bytes(data)
        if changed is not None:  # the date of the plans is that of their file
            os.utime(target / name, (changed.timestamp(), changed.timestamp()))


def _fetch(base: str, name: str, *, optional: bool = False) -> tuple[bytes | None, datetime | None]:
    """A file, and when its server says that it was changed last; None where an optional one is
    not there."""
    import requests

    url = base.rstrip("/") + "/" + name
    try:
        with requests.get(url, stream=True, timeout=20) as reply:
            if urlsplit(reply.url).hostname != urlsplit(url).hostname:
                raise RefreshError(f"{name}: the server sent us on to another host.")
            if optional and reply.status_code == 404:
                return None, None
            if reply.status_code != 200:
                raise RefreshError(f"{name}: the server answered {reply.status_code}.")
            data = bytearray()
            for chunk in reply.iter_content(65536):
                data += chunk
                if len(data) > LONGEST_FILE:
                    raise RefreshError(f"{name}: far larger than the real file.")
            length = reply.headers.get("Content-Length", "")
            plain = "Content-Encoding" not in reply.headers
            if plain and length.isdecimal() and int(length) != len(data):
                raise RefreshError(f"{name}: the download was cut short.")
            changed = reply.headers.get("Last-Modified", "")
    except requests.RequestException as error:
        raise RefreshError(
            f"{name} could not be fetched ({type(error).__name__}). Try again later, or "
            "download the files elsewhere and use --from DIR."
        ) from None
    with contextlib.suppress(ValueError):
        return bytes(data), parsedate_to_datetime(changed)
    return bytes(data), None


def refresh(
    source: Path, instance: Path, *, now: datetime, as_of: date | None = None, dry_run: bool = False
) -> Changes:
    """Judge the lists in ``source`` and install them for the site in ``instance``.

    The districts stay as they are, unless ``source`` has a ZIP file (then everything is built
    from it), or plans and shares of the coming lines (then these are taken). ``as_of`` is the
    day of the lists. With ``dry_run`` nothing is installed or noted. Returns what has changed.
    Raises ``RefreshError``; then nothing has.
    """
    try:
        changes = _refresh(source, instance, now=now, as_of=as_of, dry_run=dry_run)
    except RefreshError as error:
        if not dry_run:
            _note(instance, now, str(error))
        raise
    if not dry_run:
        _note(instance, now, changes)
    return changes


def _refresh(
    source: Path, instance: Path, *, now: datetime, as_of: date | None, dry_run: bool
) -> Changes:
    home = (instance / CURRENT).parent
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _alone(home), tempfile.TemporaryDirectory(dir=home, prefix=".new-") as draft:
        made = Path(draft) / "tables"
        base = tables_folder(instance)
        try:
            known: Tables | None = load_tables(instance)
        except TablesError:
            known = None
        try:
            if any(any(source.glob(pattern)) for pattern in _DISTRICTS):
                notices = build_tables(
                    source, made, base=base if known else None, as_of=as_of
                ).notices
            else:
                notices = tuple(renew_members(source, base, made, as_of=as_of).notices)
            new = read_tables(made)
        except (BuildError, TablesError) as error:
            raise RefreshError(str(error)) from None
        except OSError as error:
            raise RefreshError(f"{error.filename} cannot be read: {error.strerror}.") from None
        except (ValueError, KeyError) as error:
            raise RefreshError(f"The installed tables cannot be read ({error!r}).") from None
        if problems := list(_problems(known, new, now)):
            raise RefreshError(" ".join(problems))
        changes = _changes(known or new, new, now, notices)
        return changes if dry_run else _install(made, home, new, changes)


def _problems(known: Tables | None, new: Tables, now: datetime) -> Iterator[str]:
    """What makes a list implausible."""
    if moment_of(new.as_of) > now:
        yield f"The list says that it is of {new.as_of}, which has not come yet."
    then = new.at(_when(new, now))
    unheld = len(then.awaited()) + len(then.vacancies())
    if unheld > MOST_VACANCIES:
        yield (
            f"{unheld} of the 541 seats have no one in this list. It is cut short, or of a "
            f"Congress that is over on {then.since.date()}."
        )
    if known is None:
        return
    if known.plans_as_of and (new.plans_as_of or known.plans_as_of) < known.plans_as_of:
        yield (
            f"The plans of the lines are of {new.plans_as_of}; the installed ones are newer, of "
            f"{known.plans_as_of}."
        )
    if new.as_of < known.as_of:
        yield f"The list is of {new.as_of}; the installed one is newer, of {known.as_of}."
    before = known.at(_when(new, now))
    if new.list_congress < known.list_congress:
        yield f"It is of the {ordinal(new.list_congress)} Congress, an older one."
    if before.awaited():
        return  # the first list of a Congress: nearly everybody is new to us
    here = {h.member.bioguide for h in before.holders if h.member}
    there = {h.member.bioguide for h in then.holders if h.member}
    if len(here ^ there) > MOST_CHANGES:
        yield f"{len(here ^ there)} people joined or left, which has never happened at once."


def _when(new: Tables, now: datetime) -> datetime:
    """When a list is to be looked at: now, or when its Congress begins if it is ahead of it."""
    return max(now, change_of(new.list_congress))


def _changes(known: Tables, new: Tables, now: datetime, notices: tuple[str, ...]) -> Changes:
    moment = _when(new, now)
    before = {h.member.bioguide: h for h in known.at(moment).holders if h.member}
    after = {h.member.bioguide: h for h in new.at(moment).holders if h.member}
    if len(before) < 541 - MOST_VACANCIES:
        # The known list ends with its Congress: compare with who sat in it.
        before = {h.member.bioguide: h for h in known.holders if h.member}
    both = [(before[key], after[key]) for key in after.keys() & before.keys()]
    return Changes(
        before=known.as_of,
        after=new.as_of,
        joined=_lines(after[key] for key in after.keys() - before.keys()),
        left=_lines(before[key] for key in before.keys() - after.keys()),
        moved=tuple(sorted(
            f"{_line(new)} (from {old.seat.id})" for old, new in both if old.seat != new.seat
        )),
        offices=_lines(new for old, new in both if _contact(old) != _contact(new)),
        lines=_redrawn(known, new, moment),
        notices=notices,
    )  # fmt: skip


def _redrawn(known: Tables, new: Tables, moment: datetime) -> tuple[str, ...]:
    """The states in which some ZIP lies in other districts, at this moment or after the change."""
    if known.drawn_from == new.drawn_from:
        return ()
    found: Counter[str] = Counter()
    for when in (moment, change_of(new.last_known)):
        before, after = known.at(when).zips, new.at(when).zips
        for code, parts in after.items() if known.at(when).has_lines else ():
            there = {part.state: _shares(part) for part in before.get(code, ())}
            found.update(p.state for p in parts if _shares(p) != there.get(p.state))
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


def _install(made: Path, home: Path, new: Tables, changes: Changes) -> Changes:
    """Put the new folder beside the others and turn the link to it, in one step."""
    index = json.loads((made / "tables.json").read_text(encoding="utf-8"))
    whole = hashlib.sha256(json.dumps(index["files"], sort_keys=True).encode()).hexdigest()
    folder = home / f"{new.as_of.isoformat()}-{whole[:12]}"
    if not folder.exists():
        made.rename(folder)
    draft = home / ".current"
    draft.unlink(missing_ok=True)
    draft.symlink_to(folder.name)
    draft.replace(home / "current")
    flush(home)
    os.utime(folder)
    others = sorted(
        (p for p in home.iterdir() if p.is_dir() and not p.is_symlink() and p.name[0] != "."),
        key=lambda path: path.stat().st_mtime,
    )
    for old in others[:-KEPT]:
        shutil.rmtree(old)
    return replace(changes, folder=folder)


@contextlib.contextmanager
def _alone(home: Path) -> Iterator[None]:
    """One refresh at a time."""
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(locked(home / ".lock", wait=False))
        except BlockingIOError:
            raise RefreshError("Another refresh is under way.") from None
        yield
