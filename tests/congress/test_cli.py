"""The commands ``flask congress build``, ``status`` and ``find``."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from click.testing import Result

from app.cli.congress import describe
from app.congress.lookup import find_delegation
from app.congress.model import Found, Unavailable
from app.congress.tables import Tables, read_tables
from tests.commands import flask
from tests.congress.census_server import Census, match, matches, record, reply

TODAY = "2026-11-25"


def run(*args: str) -> Result:
    return flask("congress", *args)


def find(*args: str, today: str = TODAY) -> str:
    result = run("find", "--today", today, *args)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.parametrize("command", ["build", "status", "find"])
def test_every_commands_help_has_an_example(command: str) -> None:
    result = run(command, "--help")
    assert result.exit_code == 0
    assert f"Example: flask congress {command}" in " ".join(result.output.split())


def test_status_reports_what_the_tables_contain_and_lack() -> None:
    result = run("status", "--today", TODAY)
    assert result.exit_code == 0
    for words in (
        "Members as of: 2026-06-15",
        "Seats: 541 (441 in the House, 100 in the Senate)",
        "Vacant: 4\n  CA-14\n  FL-20\n  GA-13\n  TX-23",
        "Listed term has ended: 2",
        "OH-S3  Senator Husted: 2026-11-03",
        "local_offices: 4",
        "phone: 1 (CA-1  Representative Gallagher)",
    ):
        assert words in result.stdout
    assert "163 days old" in result.stderr
    assert "None" not in result.output


def test_status_warns_only_when_a_congress_is_ending_or_over() -> None:
    assert run("status", "--today", "2026-07-01").stderr == ""
    assert "this Congress ends in 14 days" in run("status", "--today", "2026-12-20").stderr
    over = run("status", "--today", "2027-01-03T12:00")
    assert over.exit_code == 0
    assert "475 seats have a member whom the list does not name yet" in over.stderr
    assert "this Congress ends in 0 days" in run("status", "--on", "2027-01-03T11:59:59").stderr
    assert "no districts for the 121st" in run("status", "--today", "2029-01-04").stderr


def test_status_fails_when_the_tables_are_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.cli.congress.load_tables", lambda *_: read_tables(tmp_path))
    result = run("status")
    assert result.exit_code == 1
    assert "flask congress refresh" in result.stderr


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (
            ("--zip", "60647", "--state", "IL"),
            [
                "IL-3  Representative Ramirez, 84.3%",
                "IL-5  Representative Quigley, 15.3%",
                "Duckworth",
            ],
        ),
        (("--zip", "01930"), ["MA-6", "Markey", "Warren"]),
        (("--zip", "30165"), ["Georgia and Alabama", "--state GA or --state AL"]),
        (
            ("--zip", "94110", "--state", "NY"),
            ["in California, not in New York", "--state-confirmed"],
        ),
        (("--zip", "94110", "--state", "NY", "--state-confirmed"), ["NY-26", "Schumer"]),
        (("--zip", "09012", "--state", "AE"), ["military or diplomatic address", "home address"]),
        (("--zip", "96941"), ["Micronesia"]),
        (("--zip", "99999"), ["not known"]),
        (("--zip", "20009"), ["Delegate Eleanor Holmes Norton", "no senators: one letter"]),
        (("--zip", "94541"), ["CA-14: this seat is vacant (list of 2026-06-15)", "Padilla"]),
        (("--zip", "43215"), ["Husted, listed term ended 2026-11-03: check", "Note: "]),
        (("--zip", "94604"), ["CA-12  Representative Simon, suggested by the town", "CA-52"]),
        (("--zip", "60647", "--district", "5"), ["as you chose", "Quigley"]),
        (("--zip", "60647", "--district", "IL-5"), ["as you chose", "Quigley"]),
        (("--zip", "60647", "--district", "50"), ["not in your state"]),
        (("--zip", "05672", "--district", "at large"), ["Found by the ZIP code", "VT-AL"]),
        (("--zip", "05672", "--state", "VT", "--district", "AL"), ["VT-AL"]),
        (
            ("--zip", "96001"),
            ["James Gallagher", "U.S. House of Representatives, Washington, DC 20515"],
        ),
    ],
)
def test_find_explains_each_outcome(args: tuple[str, ...], words: list[str]) -> None:
    output = find(*args)
    for word in words:
        assert word in output
    assert "None" not in output


@pytest.mark.parametrize(
    ("zip5", "district", "note"),
    [
        ("01930", "MA-7", "Note: 01930 is in MA-6, not in MA-7."),
        ("94538", "CA-12", "Note: 94538 is in CA-17, CA-14, not in CA-12."),
        ("94538", "CA-14", ""),
        ("94604", "CA-12", ""),  # a PO box has no district of its own
    ],
)
def test_find_says_so_if_the_chosen_district_is_not_one_of_the_zip_code(
    zip5: str, district: str, note: str
) -> None:
    output = find("--zip", zip5, "--district", district)
    assert "as you chose" in output
    assert ("not in" in output) == bool(note)
    assert note in output


@pytest.mark.parametrize(
    ("zip5", "why", "step"),
    [
        ("05672", "Vermont has one seat in the House and no numbered districts:", "--district."),
        ("94110", "This ZIP code is in one district of California:", "--district, or choose any"),
    ],
)
def test_find_names_no_several_districts_where_there_is_one(zip5: str, why: str, step: str) -> None:
    output = find("--zip", zip5, "--district", "99")
    assert output.startswith(why)
    assert f"Next: leave out {step}" in output
    assert "several" not in output
    assert "all of them" not in output


@pytest.mark.parametrize("district", ["NY-5", "north"])
def test_find_refuses_a_district_the_state_does_not_have(district: str) -> None:
    answer = run("find", "--zip", "60647", "--state", "IL", "--district", district)
    assert answer.exit_code == 2
    assert (
        f"{district} is not a district of IL: write it like CA-12, 12 or at large" in answer.stderr
    )


@pytest.mark.parametrize("state", ["XX", "Porto Rico", "ON"])
def test_find_refuses_what_is_no_state(state: str) -> None:
    """LK06: it would be taken for a state that the ZIP contradicts."""
    answer = run("find", "--zip", "00926", "--state", state)
    assert answer.exit_code == 2
    assert f"{state} is not a state or territory" in answer.stderr


@pytest.mark.parametrize(
    ("typed", "district"),
    [
        ("2027-01-03T00:00", "TN-9"), ("2027-01-03 11:59", "TN-9"), ("2027-01-03T11:59:59", "TN-9"),
        ("2027-01-03T16:59:59Z", "TN-9"), ("2027-01-03", "TN-5"), ("01/04/2027", "TN-5"),
        ("Jan 4 2027", "TN-5"), ("2027-01-03T12:00", "TN-5"),
    ],
)  # fmt: skip
def test_find_reads_days_and_minutes_as_people_write_them(typed: str, district: str) -> None:
    """LK17: midnight is not noon."""
    output = find("--zip", "38103", "--state", "TN", today=typed)
    assert f"({district})" in output


@pytest.mark.parametrize("typed", ["tomorrow", "2027-13-01", "2027-01-03T25:00", ""])
def test_find_says_how_to_write_a_day(typed: str) -> None:
    answer = run("find", "--zip", "38103", "--on", typed)
    assert answer.exit_code == 2
    assert "Write it like 2027-01-04 or 2027-01-03T11:59" in answer.stderr


def test_find_after_noon_names_only_continuing_members() -> None:
    output = find("--zip", "75001", "--state", "TX", today="2027-01-04")
    assert "does not yet say who holds this seat (list of 2026-06-15)" in output
    assert "Senator Ted Cruz" in output
    assert "Cornyn" not in output
    over = find("--zip", "75001", "--state", "TX", today="2029-01-04")
    assert "no districts after the 120th Congress, which ended on 2029-01-03" in over
    assert "Senator" not in over


@pytest.mark.parametrize("day", ["1999-01-01", "2025-01-03T11:59", "2035-01-01"])
def test_a_day_outside_the_tables_is_refused_with_the_days_they_cover(day: str) -> None:
    for command in (("rehearse",), ("status",), ("find", "--zip", "75001", "--state", "TX")):
        answer = run(*command, "--on", day)
        assert (answer.exit_code, answer.stdout) == (1, "")
        assert "noon on 2025-01-03 to noon on 2029-01-03" in answer.stderr
        assert day[:10] in answer.stderr
    assert "the 119th Congress" in run("rehearse", "--on", "2025-01-03").stdout


def test_find_uses_the_exact_time() -> None:
    assert "TN-9" in find("--zip", "38103", "--state", "TN", today="2027-01-03T11:59:59")
    assert "TN-5" in find("--zip", "38103", "--state", "TN", today="2027-01-03T12:00:00")


def test_find_uses_the_sites_rehearsal_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEAR_CONGRESS_INSTANCE", str(tmp_path / "instance"))
    monkeypatch.setenv("DEAR_CONGRESS_TODAY", "2027-01-04")
    assert "TN-5" in run("find", "--zip", "38103", "--state", "TN").output


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("2138", "Did you mean 02138?"),
        ("02138-12", "four digits"),
        ("K1A 0B1", "U.S. ZIP codes only"),
        ("", "Enter a ZIP code"),
        ("abc", "five digits"),
    ],
)
def test_find_refuses_an_invalid_zip(typed: str, words: str) -> None:
    result = run("find", "--zip", typed)
    assert result.exit_code == 2
    assert words in result.stderr


def with_street(census: Census, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEAR_CONGRESS_INSTANCE", str(tmp_path / "instance"))
    monkeypatch.setenv("DEAR_CONGRESS_GEOCODER_URL", census.url)
    monkeypatch.setenv("DEAR_CONGRESS_GEOCODER_TIMEOUT", "10")


ASK = ("--zip", "02138", "--state", "MA", "--street", "88 Heron St", "--city", "Cambridge")


def test_find_with_a_street_asks_the_configured_geocoder(
    census: Census, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_street(census, tmp_path, monkeypatch)
    census.says(matches(match(record("2507"))))
    output = find(*ASK)
    assert "by the street address" in output
    assert "MA-7" in output
    assert census.asked[0]["address"] == "88 Heron St, Cambridge, MA 02138"


def test_ad05_find_falls_back_to_the_zip_if_the_geocoder_fails(
    census: Census, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_street(census, tmp_path, monkeypatch)
    census.says(reply(b"<html>", kind="text/html"))
    output = find(*ASK)
    assert "could not use" in output
    assert "MA-5" in output
    assert "MA-7" in output
    assert "Heron" not in output


@pytest.mark.parametrize(
    ("zip5", "state", "district"), [("71744", "AR", "AR-4"), ("02114", "MA", "MA-8")]
)
def test_n33_find_falls_back_to_the_zip_and_says_why_if_the_geocoder_is_unreachable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, zip5: str, state: str, district: str
) -> None:
    monkeypatch.setenv("DEAR_CONGRESS_INSTANCE", str(tmp_path / "instance"))
    monkeypatch.setenv("DEAR_CONGRESS_GEOCODER_URL", "http://127.0.0.1:9/nothing")
    output = find("--zip", zip5, "--state", state, "--street", "222 Main St")
    assert "could not reach the address lookup" in output
    assert district in output
    assert "222 Main" not in output


@pytest.mark.parametrize(
    ("zip5", "state", "district"), [("19152", "PA", 2), ("48030", "MI", 11), ("48864", "MI", 7)]
)
def test_n34_a_zip_finds_the_member_on_the_current_map_with_their_offices(
    tables: Tables, zip5: str, state: str, district: int
) -> None:
    found = find_delegation(zip5, state, now=date(2026, 11, 25), tables=tables)
    assert isinstance(found, Found)
    assert (found.match, found.delegation.district) == ("zip", district)
    member = found.delegation.house.member
    assert member is not None
    assert member.local_offices
    assert all(f", {state} " in office.lines[-1] for office in member.local_offices)


def test_find_sends_no_street_if_lookup_is_off_or_the_data_is_old(
    census: Census, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_street(census, tmp_path, monkeypatch)
    census.says(matches(match(record())))
    assert "ended" in find(*ASK, today="2029-01-04")
    monkeypatch.setenv("DEAR_CONGRESS_STREET_LOOKUP", "no")
    result = run("find", "--today", TODAY, *ASK)
    assert result.exit_code == 1
    assert "turned off" in result.stderr
    assert census.asked == []


def test_every_street_lookup_failure_has_an_explanation(tables: Tables) -> None:
    from datetime import date

    from app.congress.names import STREET_REASONS

    today = date(2026, 11, 25)
    plain = find_delegation("60647", "IL", now=today)
    for reason, words in STREET_REASONS.items():
        lines = list(describe(Unavailable(reason, plain), tables, today))  # type: ignore[arg-type]
        assert lines[0] == words
        assert any("IL-5" in line for line in lines)


@pytest.mark.slow
def test_build_prints_one_line_when_piped(official_files: Path, tmp_path: Path) -> None:
    target = tmp_path / "tables"
    result = run("build", "--from", str(official_files), "--to", str(target), "--as-of", TODAY)
    assert result.exit_code == 0, result.output
    assert result.output.startswith("Wrote 537 members, 33791 ZIPs and ")
    assert result.output.count("\n") == 1
    assert str(read_tables(target).as_of) == TODAY


def test_build_names_what_is_missing(tmp_path: Path) -> None:
    result = run("build", "--from", str(tmp_path), "--to", str(tmp_path / "out"))
    assert result.exit_code == 1
    assert "has no legislators-current.yaml" in result.stderr
    assert run("build", "--from", str(tmp_path / "nowhere")).exit_code == 2
