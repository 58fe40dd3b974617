"""New lists of members are checked, shown, and installed atomically or not at all."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.congress.lookup import find_delegation
from app.congress.model import Found
from app.congress.refresh import (
    FILES,
    RefreshError,
    download,
    download_lines,
    fetch_and_refresh,
    refresh,
    refreshed,
)
from app.congress.tables import Tables, load_tables
from tests.congress.asking import JUST_BEFORE, NOON
from tests.congress.rehearsal import later, real_list, seat

NOW = datetime(2026, 12, 1, 17, tzinfo=UTC)
JANUARY = datetime(2027, 1, 6, 17, tzinfo=UTC)


@pytest.fixture(scope="module", autouse=True)
def quick_lists() -> Iterator[None]:
    """Parse YAML as JSON: the lists here are written as JSON, which parses fifty times faster."""
    slow = yaml.load

    def load(text: str | bytes, Loader: Any) -> Any:  # noqa: N803 - the library's own name
        try:
            return json.loads(text)
        except ValueError:
            return slow(text, Loader)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(yaml, "load", load)
        yield


@pytest.fixture(scope="module")
def the_119th(official_files: Path) -> list[dict[str, Any]]:
    text = (official_files / FILES[0]).read_text(encoding="utf-8")
    return yaml.load(text, yaml.CSafeLoader)  # type: ignore[no-any-return]


@pytest.fixture
def folder(the_119th: list[dict[str, Any]], tmp_path: Path) -> Path:
    return lists_of(the_119th, tmp_path / "lists")


def lists_of(people: object, folder: Path) -> Path:
    """Today's list, without offices and committees."""
    folder.mkdir()
    write(folder, people)
    for name in FILES[1:]:
        (folder / name).write_text("[]" if "membership" not in name else "{}")
    return folder


@pytest.fixture(scope="module")
def installed_site(
    the_119th: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A site with yesterday's list."""
    home = tmp_path_factory.mktemp("site")
    refresh(lists_of(the_119th, home / "lists"), home, now=NOW, as_of=date(2026, 11, 29))
    return home


def write(folder: Path, people: object) -> None:
    (folder / FILES[0]).write_text(json.dumps(people))


def people_of(folder: Path) -> list[dict[str, Any]]:
    return json.loads((folder / FILES[0]).read_text())  # type: ignore[no-any-return]


def the_120th(people: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same people, with a new term for those whose term ends with the 119th Congress."""
    made = json.loads(json.dumps(people))
    for person in made:
        last = person["terms"][-1]
        if last["end"] <= "2027-01-03":
            years = 6 if last["type"] == "sen" else 2
            new = {k: last[k] for k in ("type", "state", "party", "district", "class") if k in last}
            person["terms"].append(new | {"start": "2027-01-03", "end": f"{2027 + years}-01-03"})
    return made  # type: ignore[no-any-return]


def test_an_unchanged_list_is_installed_with_no_changes(folder: Path, tmp_path: Path) -> None:
    changes = refresh(folder, tmp_path, now=NOW, as_of=date(2026, 11, 30))
    assert (changes.joined, changes.left, changes.moved) == ((), (), ())
    assert changes.folder is not None
    assert load_tables(tmp_path).as_of == date(2026, 11, 30)
    assert load_tables().as_of == date(2026, 6, 15)


def test_a_refresh_reports_who_joined_left_moved_or_changed_offices(
    folder: Path, tmp_path: Path
) -> None:
    people = people_of(folder)
    gone = people.pop(next(n for n, p in enumerate(people) if p["name"]["last"] == "Cantwell"))
    new = json.loads(json.dumps(gone))
    new["id"], new["name"] = {"bioguide": "Z000999"}, {"first": "Nia", "last": "Nwosu"}
    people.append(new)
    mover = next(p for p in people if seat(p["terms"][-1]) == "CA-12")
    mover["terms"][-1] |= {"district": 14}
    other = next(p for p in people if seat(p["terms"][-1]) == "CA-11")
    other["terms"][-1]["phone"] = "202-225-9999"
    write(folder, people)
    changes = refresh(folder, tmp_path, now=NOW, as_of=date(2026, 11, 30), dry_run=True)
    assert changes.joined == ("WA-S1 Senator Nwosu",)
    assert changes.left == ("WA-S1 Senator Cantwell",)
    assert changes.moved == ("CA-14 Representative Simon (from CA-12)",)
    assert changes.offices == ("CA-11 Representative Pelosi",)
    assert changes.folder is None
    assert load_tables(tmp_path).as_of == date(2026, 6, 15)


def _cut(folder: Path) -> None:
    write(folder, people_of(folder)[:300])


def _cut_text(folder: Path) -> None:
    path = folder / FILES[0]
    path.write_bytes(path.read_bytes()[:-1000])


def _page(folder: Path) -> None:
    (folder / FILES[0]).write_text("<html>not found</html>")


def _binary(folder: Path) -> None:
    (folder / FILES[0]).write_bytes(b"\xff\xfe\x00" * 99)


def _aliases(folder: Path) -> None:
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
    (folder / FILES[0]).write_text(bomb)


def _deep(folder: Path) -> None:
    (folder / FILES[0]).write_text("[" * 200_000)


def _mixed(folder: Path) -> None:
    people = people_of(folder)
    write(folder, [*people[:250], *the_120th(people)[250:]])


def _one_id(folder: Path) -> None:
    people = people_of(folder)
    people[5]["id"]["bioguide"] = people[6]["id"]["bioguide"]
    write(folder, people)


def _one_seat(folder: Path) -> None:
    people = people_of(folder)
    senators = [p for p in people if p["terms"][-1]["type"] == "sen"]
    senators[0]["terms"][-1]["class"] = 4
    write(folder, people)


def _strangers(folder: Path) -> None:
    people = people_of(folder)
    for number, person in enumerate(people[:60]):
        person["id"]["bioguide"] = f"Y9{number:05}"
    write(folder, people)


def _older(folder: Path) -> None:
    write(folder, [later(person, -2) for person in people_of(folder)])


def _offices(folder: Path) -> None:
    (folder / FILES[1]).write_text("- offices: 7\n")


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (_cut, "of the 541 seats have no member in this list"),
        (_cut_text, "cannot be read as YAML"),
        (_page, "not a list of people"),
        (_binary, "not UTF-8 text"),
        (_aliases, "anchors or aliases"),
        (_deep, "far larger or deeper"),
        (_mixed, "mixes House terms"),
        (_one_id, "two people have the id"),
        (_one_seat, "which is not a seat"),
        (_strangers, "people joined or left"),
        (_older, "members of the 118th"),
        (_offices, "legislators-district-offices.yaml cannot be used"),
    ],
)
def test_a_bad_list_is_refused_with_the_reason_and_changes_nothing(
    spoil: Callable[[Path], None], why: str, folder: Path, installed_site: Path
) -> None:
    before = load_tables(installed_site)
    spoil(folder)
    with pytest.raises(RefreshError, match=why):
        refresh(folder, installed_site, now=NOW, as_of=date(2026, 11, 30))
    assert load_tables(installed_site) is before
    left = {p.name for p in (installed_site / "congress").iterdir()}
    assert len(left) == 4, left  # the link, its folder, the lock, the note


def test_an_older_or_future_list_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(RefreshError, match="installed one is newer"):
        refresh(folder, tmp_path, now=NOW, as_of=date(2026, 6, 14))
    with pytest.raises(RefreshError, match="is in the future"):
        refresh(folder, tmp_path, now=NOW, as_of=date(2026, 12, 2))


def test_a_list_of_the_morning_of_the_change_is_not_in_the_future(
    the_119th: list[dict[str, Any]], tmp_path: Path
) -> None:
    folder = lists_of(the_120th(the_119th), tmp_path / "lists")
    morning = datetime(2027, 1, 3, 15, tzinfo=UTC)
    assert refresh(folder, tmp_path, now=morning, as_of=morning.date()).folder is not None


def test_what_only_the_index_says_is_installed_on_the_same_day_too(
    folder: Path, tmp_path: Path
) -> None:
    refresh(folder, tmp_path, now=NOW, as_of=date(2026, 11, 30))
    named = [{"thomas_id": "HSAG", "name": "House Committee on Farms"}]
    (folder / "committees-current.yaml").write_text(json.dumps(named))
    refresh(folder, tmp_path, now=NOW, as_of=date(2026, 11, 30))
    index = json.loads((tmp_path / "congress" / "current" / "tables.json").read_text())
    assert index["committees"]["HSAG"] == "House Committee on Farms"


def test_only_the_last_three_folders_are_kept(folder: Path, tmp_path: Path) -> None:
    for day in range(24, 28):
        refresh(folder, tmp_path, now=NOW, as_of=date(2026, 11, day))
    names = sorted(p.name[:10] for p in (tmp_path / "congress").iterdir() if p.name[0] == "2")
    assert names == ["2026-11-25", "2026-11-26", "2026-11-27"]
    assert load_tables(tmp_path).as_of == date(2026, 11, 27)


def test_a_refresh_during_another_is_refused(folder: Path, tmp_path: Path) -> None:
    import fcntl

    (tmp_path / "congress").mkdir()
    with (tmp_path / "congress" / ".lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(RefreshError, match="is running"):
            refresh(folder, tmp_path, now=NOW, as_of=date(2026, 11, 29))


# --- the change of Congress --------------------------------------------------------------


def test_the_list_of_the_new_congress_fills_the_seats_and_keeps_the_past(
    folder: Path, the_119th: list[dict[str, Any]], tmp_path: Path
) -> None:
    left = next(p for p in the_119th if seat(p["terms"][-1]) == "MT-2")
    write(folder, [p for p in the_120th(the_119th) if p["id"] != left["id"]])
    changes = refresh(folder, tmp_path, now=JANUARY, as_of=date(2027, 1, 6))
    tables = load_tables(tmp_path, JANUARY)
    assert tables.awaited() == ()
    assert "MT-2" in {s.id for s in tables.vacancies()}
    assert changes.left == (f"MT-2 Representative {left['name']['last']}",)
    then = tables.at(JUST_BEFORE).holder("MT-2")
    assert then is not None
    assert then.member is not None
    assert then.member.bioguide == left["id"]["bioguide"]
    assert tables.at(NOON).holder("MT-2").member is None  # type: ignore[union-attr]


def test_a_list_installed_before_noon_changes_no_member_until_noon(
    folder: Path, the_119th: list[dict[str, Any]], tmp_path: Path
) -> None:
    write(folder, the_120th(the_119th))
    early = datetime(2027, 1, 2, 17, tzinfo=UTC)
    refresh(folder, tmp_path, now=early, as_of=date(2027, 1, 2))
    old, new = load_tables(when=early), load_tables(tmp_path, early)
    for before, after in zip(old.holders, new.holders, strict=True):
        assert before.seat == after.seat
        assert (before.member and before.member.bioguide) == (
            after.member and after.member.bioguide
        )
    assert new.at(NOON).awaited() == ()


LATER = date(2026, 11, 30)
"""The day of a list that follows one of June 15."""


def newcomer(number: int, **term: object) -> dict[str, Any]:
    return {
        "id": {"bioguide": f"N00000{number}", "govtrack": 990000 + number},
        "name": {"first": "Nora", "last": f"New{number}", "official_full": f"Nora New{number}"},
        "terms": [{"party": "Democrat", **term}],
    }


def sits(tables: Tables, seat_id: str, day: date) -> str | None:
    holder = tables.at(day).holder(seat_id)
    assert holder is not None
    return holder.member.bioguide if holder.member else None


def test_members_who_leave_mid_congress_are_kept_until_they_left(
    folder: Path, the_119th: list[dict[str, Any]], tmp_path: Path
) -> None:
    """One dies, one is succeeded, one moves to the Senate; no one loses a name or gains a day."""
    by_seat = {seat(p["terms"][-1]): p for p in the_119th}
    dead, followed, moved = (by_seat[s] for s in ("MT-2", "WY-0", "OH-2"))
    appointed = by_seat["OH-S3"]
    others = [p for p in the_119th if p not in (dead, followed, moved, appointed)]
    here = {"state": "WY", "type": "rep", "district": 0}
    there = {"state": "OH", "type": "sen", "class": 3, "start": "2026-11-20", "end": "2029-01-03"}
    write(folder, [
        *others, newcomer(1, **here, start="2026-10-05", end="2027-01-03"),
        {**moved, "terms": [{"party": "Republican", **there}]},
    ])  # fmt: skip
    refresh(folder, tmp_path, now=NOW, as_of=LATER)
    tables = load_tables(tmp_path, NOW)
    who = {p["id"]["bioguide"]: p for p in (dead, followed, moved, appointed)}
    d, f, m, a = who
    assert [sits(tables, "MT-2", date(2026, 11, day)) for day in (29, 30)] == [d, None]
    assert [sits(tables, "WY-0", date(2026, 10, day)) for day in (4, 5)] == [f, "N000001"]
    assert [sits(tables, "OH-2", date(2026, 11, day)) for day in (19, 20)] == [m, None]
    assert [sits(tables, "OH-S3", date(2026, 11, day)) for day in (19, 20)] == [a, m]
    assert [tables.people[one].standing for one in who] == ["left", "left", "sits", "left"]
    assert [tables.people[one].holder.seat.id for one in who] == ["MT-2", "WY-0", "OH-S3", "OH-S3"]
    assert {tables.people[one].congress for one in who} == {119}
    assert tables.holder_of(d) is None
    seats = ((d, "MT-2"), (f, "WY-0"), (m, "OH-2"), (m, "OH-S3"), (a, "OH-S3"))
    assert [tables.standing_in(*one) for one in seats] == ["left", "left", "left", "sits", "left"]
    new_year = tables.at(NOON)  # the list is too old for House seats, but had seen these leave
    assert [new_year.standing_in(*one) for one in seats] == [
        "left", "left", "left", "sits", "left"
    ]  # fmt: skip
    assert new_year.standing_in("N000001", "WY-0") == "unsure"
    assert load_tables().standing_in("N000001", "WY-0") == "unsure", "a list from before her"
    # The next list changes nothing for them; one that lists the dead member again is believed.
    december = datetime(2026, 12, 31, 17, tzinfo=UTC)
    refresh(folder, tmp_path, now=december, as_of=date(2026, 12, 30))
    assert load_tables(tmp_path, NOW).people[d].holder == tables.people[d].holder
    write(folder, the_119th)
    refresh(folder, tmp_path, now=december, as_of=date(2026, 12, 31))
    assert sits(load_tables(tmp_path, NOW), "MT-2", date(2026, 12, 30)) == d


def test_a_list_from_before_a_new_congress_marks_uncertain_members_unsure(
    folder: Path, the_119th: list[dict[str, Any]], tmp_path: Path
) -> None:
    left = next(p for p in the_119th if seat(p["terms"][-1]) == "MT-2")["id"]["bioguide"]
    before = load_tables(when=JUST_BEFORE)
    assert {person.standing for person in before.people.values()} == {"sits"}
    old = load_tables(when=NOON)
    assert (old.people[left].standing, old.people[left].congress) == ("unsure", 119)
    assert old.people.keys() == before.people.keys()
    write(folder, [p for p in the_120th(the_119th) if p["id"]["bioguide"] != left])
    refresh(folder, tmp_path, now=JANUARY, as_of=date(2027, 1, 6))
    new = load_tables(tmp_path, JANUARY)
    assert (new.people[left].standing, new.people[left].congress) == ("left", 119)
    assert new.people.keys() == before.people.keys()
    # After two years without a new list, a senator elected in 2022 is unsure too.
    lone = new.at(datetime(2029, 2, 1, tzinfo=UTC)).people
    assert {(p.standing, p.congress) for p in lone.values() if p.standing != "sits"} == {
        ("unsure", 120), ("left", 119)
    }  # fmt: skip


def test_a_temporary_id_still_refers_to_the_same_person(
    folder: Path, the_119th: list[dict[str, Any]], tmp_path: Path
) -> None:
    others = [p for p in the_119th if seat(p["terms"][-1]) != "MT-2"]
    term = {"state": "MT", "type": "rep", "district": 2, "start": "2026-11-20"}
    new = newcomer(1, **term, end="2027-01-03")
    bare = {**new, "id": {"govtrack": new["id"]["govtrack"]}}
    for day, person in ((28, bare), (29, new), (30, new)):
        write(folder, [*others, person])
        refresh(folder, tmp_path, now=NOW, as_of=date(2026, 11, day))
    tables = load_tables(tmp_path, NOW)
    assert tables.people["govtrack-990001"] is tables.people["N000001"]
    assert tables.people["N000001"].standing == "sits"
    assert tables.standing_in("govtrack-990001", "MT-2") == "sits"


def test_a_full_rebuild_keeps_members_who_left(
    official_files: Path, the_119th: list[dict[str, Any]], tmp_path: Path
) -> None:
    lists = tmp_path / "all"
    lists.mkdir()
    for path in official_files.iterdir():
        if (
            path.name not in (FILES[0], "senate_forms.csv", "rehearsal")
            and path.suffix != ".geojson"
        ):
            (lists / path.name).symlink_to(path)
    write(lists, [p for p in the_119th if seat(p["terms"][-1]) != "MT-2"])
    refresh(lists, tmp_path / "site", now=NOW, as_of=LATER)
    tables = load_tables(tmp_path / "site", NOW)
    left = load_tables().holder("MT-2").member  # type: ignore[union-attr]
    assert left is not None
    assert tables.people[left.bioguide].standing == "left"
    senators = [h.member for h in tables.holders if h.member and h.seat.chamber == "senate"]
    assert any(member.form.known for member in senators)


def test_n14_members_without_an_id_in_the_2021_list_are_kept(
    official_files: Path, tmp_path: Path
) -> None:
    lists = real_list(official_files, "2021-01-02", tmp_path / "lists", years=6)
    now = datetime(2027, 1, 3, 18, tzinfo=UTC)
    changes = refresh(lists, tmp_path, now=now, as_of=date(2027, 1, 2))
    kept = [notice for notice in changes.notices if "kept as govtrack-" in notice]
    assert len(kept) > 50
    tables = load_tables(tmp_path, now)
    people = [h.member for h in tables.holders if h.member]
    assert sum(m.bioguide.startswith("govtrack-") for m in people) == len(kept)
    assert all(m.full_name and m.last for m in people)
    # When they get their ids, no one has joined or left.
    given = people_of(lists)
    for number, person in enumerate(given):
        person["id"]["bioguide"] = person["id"].get("bioguide") or f"N{number:06}"
    write(lists, given)
    changes = refresh(lists, tmp_path, now=now, as_of=date(2027, 1, 3))
    assert (changes.joined, changes.left, changes.moved) == ((), (), ())
    assert load_tables(tmp_path, now).people.keys() > {m.bioguide for m in people}


def test_n15_the_members_of_2024_are_refused_for_these_districts(
    official_files: Path, tmp_path: Path
) -> None:
    lists = real_list(official_files, "2024-12-18", tmp_path / "lists")
    with pytest.raises(RefreshError, match=r"118th Congress.*districts of the 119th and 120th"):
        refresh(lists, tmp_path, now=NOW, as_of=date(2026, 11, 30))


# --- the download ------------------------------------------------------------------------


class Lists:
    """A server of lists with scripted answers."""

    def __init__(self, folder: Path) -> None:
        lists = self
        self.changed = "Mon, 30 Nov 2026 12:00:00 GMT"
        self.answers: dict[str, Callable[[BaseHTTPRequestHandler], None]] = {}

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                name = self.path.rpartition("/")[2]
                if name in lists.answers:
                    lists.answers[name](self)
                    return
                data = (folder / name).read_bytes()
                self.send_response(200)
                self.send_header("Content-Length", str(len(data)))
                self.send_header("Last-Modified", lists.changed)
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/lists/"


@pytest.fixture
def served(folder: Path) -> Any:
    lists = Lists(folder)
    yield lists
    lists.server.shutdown()
    lists.server.server_close()


def test_lists_are_downloaded_with_their_date(served: Lists, tmp_path: Path, folder: Path) -> None:
    steps: list[str] = []
    (tmp_path / "got").mkdir()
    assert download(served.url, tmp_path / "got", steps.append) == date(2026, 11, 30)
    assert steps == list(FILES)
    for name in FILES:
        assert (tmp_path / "got" / name).read_bytes() == (folder / name).read_bytes()


def test_a_list_changed_in_the_evening_in_washington_is_not_in_the_future(
    served: Lists, tmp_path: Path
) -> None:
    served.changed = "Tue, 01 Dec 2026 01:00:00 GMT"
    evening = datetime(2026, 12, 1, 2, tzinfo=UTC)
    changes = fetch_and_refresh(served.url, tmp_path, now=evening)
    assert changes.after == date(2026, 11, 30)


def test_files_saved_in_the_evening_in_washington_are_not_in_the_future(
    folder: Path, tmp_path: Path
) -> None:
    evening = datetime(2026, 12, 1, 2, tzinfo=UTC)
    os.utime(folder / FILES[0], (evening.timestamp(), evening.timestamp()))
    assert refresh(folder, tmp_path, now=evening).after == date(2026, 11, 30)


def with_lines(folder: Path, official_files: Path, of_salt_lake_city: int) -> None:
    """Put the coming lines into a folder, with ZIP 84101 in one district of Utah."""
    lines = official_files / "lines"
    (folder / "plans_120.csv").write_bytes((lines / "plans_120.csv").read_bytes())
    text = (lines / "zip_people_120.csv").read_text(encoding="utf-8")
    changed = text.replace("84101,UT,1,1\n", f"84101,UT,{of_salt_lake_city},1\n")
    (folder / "zip_people_120.csv").write_text(changed, encoding="utf-8")


def seat_of_84101(instance: Path, when: datetime) -> int:
    tables = load_tables(instance)
    found = find_delegation("84101", "UT", now=when, tables=tables)
    assert isinstance(found, Found)
    return found.delegation.district


def test_new_lines_are_installed_with_the_list_and_their_states_named(
    folder: Path, tmp_path: Path, official_files: Path
) -> None:
    with_lines(folder, official_files, 3)
    day = date(2026, 11, 30)
    first = refresh(folder, tmp_path, now=NOW, as_of=day)
    assert first.lines == ("UT: 1 ZIPs",)
    assert [seat_of_84101(tmp_path, when) for when in (JUST_BEFORE, NOON)] == [2, 3]
    with_lines(folder, official_files, 4)
    second = refresh(folder, tmp_path, now=NOW, as_of=day)
    assert second.folder != first.folder, "other lines with the same members are other tables"
    assert seat_of_84101(tmp_path, NOON) == 4
    (folder / "README.md").write_text("| `plans_120.csv` | the plans | 2026-08-01 |\n")
    with pytest.raises(RefreshError, match="plans of the district lines are of 2026-08-01"):
        refresh(folder, tmp_path, now=NOW, as_of=day)
    (folder / "zip_people_120.csv").write_text("zip,state,district,people_share\n84101,UT,1,1\n")
    with pytest.raises(RefreshError, match="do not agree on"):
        refresh(folder, tmp_path, now=NOW, as_of=day)
    assert seat_of_84101(tmp_path, NOON) == 4


def test_lines_are_downloaded_only_if_newer(
    served: Lists, folder: Path, tmp_path: Path, official_files: Path
) -> None:
    def fetched() -> list[str]:
        got = Path(tempfile.mkdtemp(dir=tmp_path))
        download_lines(served.url, got, tmp_path / "site")
        return sorted(path.name for path in got.iterdir())

    served.answers["plans_120.csv"] = _missing
    assert fetched() == []
    with_lines(folder, official_files, 3)
    del served.answers["plans_120.csv"]
    assert fetched() == ["plans_120.csv", "zip_people_120.csv"]
    fetch_and_refresh(served.url, tmp_path / "site", now=NOW, lines=served.url)
    assert seat_of_84101(tmp_path / "site", NOON) == 3
    assert load_tables(tmp_path / "site").plans_as_of == date(2026, 11, 30)
    assert fetched() == []
    with_lines(folder, official_files, 4)
    assert fetched() == ["plans_120.csv", "zip_people_120.csv"]


def _missing(handler: BaseHTTPRequestHandler) -> None:
    handler.send_error(404)


def _short(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "5000")
    handler.end_headers()
    handler.wfile.write(b"- id:")


def _elsewhere(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(302)
    port = handler.headers["Host"].rpartition(":")[2]
    handler.send_header("Location", f"http://localhost:{port}/x/{FILES[2]}")
    handler.send_header("Content-Length", "0")
    handler.end_headers()


def _endless(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    for _ in range(400):
        handler.wfile.write(b"x" * 65536)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (_missing, "answered 404"),
        (_short, "cut short|could not be fetched"),
        (_elsewhere, "another host"),
        (_endless, "far larger"),
    ],
)
def test_a_bad_download_is_named(
    answer: Callable[[BaseHTTPRequestHandler], None], why: str, served: Lists, tmp_path: Path
) -> None:
    served.answers[FILES[1]] = answer
    (tmp_path / "got").mkdir()
    with pytest.raises(RefreshError, match=rf"{FILES[1]}.*({why})"):
        download(served.url, tmp_path / "got")


def test_an_unreachable_server_is_reported() -> None:
    with pytest.raises(RefreshError, match="could not be fetched"):
        download("http://127.0.0.1:1/", Path())


# --- what is remembered --------------------------------------------------------------------


def test_the_last_change_is_remembered_until_the_next(
    folder: Path, the_119th: list[dict[str, Any]], installed_site: Path, tmp_path: Path
) -> None:
    assert refreshed(tmp_path) is None
    instance = shutil.copytree(installed_site, tmp_path / "instance", symlinks=True)
    gone = next(p for p in the_119th if seat(p["terms"][-1]) == "VT-0")
    write(folder, [person for person in the_119th if person is not gone])
    refresh(folder, instance, now=NOW, as_of=date(2026, 11, 29), dry_run=True)
    before = refreshed(instance)
    assert before is not None
    assert not any("VT-0" in line for line in before.left)
    changes = refresh(folder, instance, now=NOW, as_of=date(2026, 11, 30))
    later = NOW.replace(day=3)
    refresh(folder, instance, now=later, as_of=date(2026, 12, 1))
    last = refreshed(instance)
    assert last is not None
    assert (last.at, last.problem, last.changed) == (later, "", NOW.date())
    assert last.left == changes.left
    assert [line.split()[0] for line in last.left] == ["VT-0"]


def test_the_reason_a_list_was_refused_is_remembered(folder: Path, tmp_path: Path) -> None:
    (folder / FILES[0]).write_text("[]")
    with pytest.raises(RefreshError) as refused:
        refresh(folder, tmp_path, now=NOW, as_of=date(2026, 6, 20))
    last = refreshed(tmp_path)
    assert last is not None
    assert last.problem == str(refused.value)
    assert last.changed is None


def test_a_folder_without_the_list_is_named(folder: Path, tmp_path: Path) -> None:
    (folder / FILES[0]).unlink()
    with pytest.raises(RefreshError, match=f"{folder} has no {FILES[0]}"):
        refresh(folder, tmp_path, now=NOW)
