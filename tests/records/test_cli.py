"""``flask signatures``: what an organizer or operator sees in the terminal."""

# mypy: disable-error-code="import-untyped"

from __future__ import annotations

import csv
import io
import json
import re
import sqlite3
import zipfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from click.testing import Result
from openpyxl import load_workbook

from app.records.database import open_database
from app.records.definitions import DEFINITIONS
from app.records.persons import person_of
from app.records.signing import sign
from tests.commands import flask
from tests.records.build import CAMPAIGN, SECRET, signature


@pytest.fixture
def db(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[sqlite3.Connection]:
    """The database of a separate site."""
    instance = tmp_path / "instance"
    instance.mkdir()
    monkeypatch.setenv("DEAR_CONGRESS_INSTANCE", str(instance))
    for name in ("SECRET_KEY", "PERSON_KEY"):  # the database exists before any command runs
        monkeypatch.setenv(f"DEAR_CONGRESS_{name}", "0123456789abcdef" * 2)
    connection = open_database(instance / "dear-congress.db")
    yield connection
    connection.close()


def run(*arguments: str) -> Result:
    return flask("signatures", *arguments)


def fine(*arguments: str) -> str:
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def some(db: sqlite3.Connection) -> None:
    sign(db, signature("one"), SECRET)
    sign(db, signature("two", district=2, day=date(2026, 11, 20)), SECRET)
    sign(db, signature("three", state="DC", district=0), SECRET)
    sign(db, signature("four", status="held"), SECRET)


def test_csv_has_a_header_and_one_row_per_group(db: sqlite3.Connection) -> None:
    """EX10"""
    some(db)
    assert fine("count", "--by", "district", "--format", "csv") == (
        "district,signatures,letters\nCA-2,1,3\nCA-12,1,3\nDC-0,1,1\n"
    )


@pytest.mark.parametrize("by", ["state", "district", "day", "template", "recipient"])
@pytest.mark.parametrize("form", ["table", "csv", "json"])
def test_every_grouping_in_every_format_without_and_with_rows(
    db: sqlite3.Connection, by: str, form: str
) -> None:
    assert "None" not in fine("count", "--by", by, "--format", form)
    some(db)
    output = fine("count", "--by", by, "--format", form)
    assert "None" not in output
    assert by in output
    if form == "csv":
        rows = list(csv.DictReader(io.StringIO(output)))
        letters = sum(int(row["letters"]) for row in rows)
        assert letters == 7
    if form == "json":
        document = json.loads(output)
        assert document["about"]["total signatures"] == 3
        assert document["about"]["total letters"] == 7
        assert sum(row["letters"] for row in document["rows"]) == 7


def test_an_empty_campaign_is_a_header_row_only(db: sqlite3.Connection) -> None:
    """EX16"""
    assert fine("count", "--by", "state", "--format", "csv") == "state,signatures,letters\n"


def test_a_table_shows_its_totals_and_definitions(db: sqlite3.Connection) -> None:
    some(db)
    output = fine("count", "--by", "state")
    assert re.search(r"^CA +2 +6$", output, re.MULTILINE)
    assert "total signatures: 3" in output
    assert "definition: letters: Letters they wrote, one per recipient" in output
    assert f"campaign: {CAMPAIGN}" in output
    assert "\x1b" not in output


def test_without_a_grouping_every_status_is_shown(db: sqlite3.Connection) -> None:
    """EX12"""
    some(db)
    rows = list(csv.DictReader(io.StringIO(fine("count", "--format", "csv"))))
    assert [(row["status"], row["signatures"]) for row in rows] == [
        ("counted", "3"), ("held", "1"), ("unconfirmed", "0"), ("withdrawn", "0"),
        ("repeated", "0"), ("test", "0"),
    ]  # fmt: skip
    assert "definition: held" in fine("count")


def test_the_filters_narrow_the_count(db: sqlite3.Connection) -> None:
    some(db)

    def states(*more: str) -> str:
        return fine("count", "--by", "state", "--format", "csv", *more).partition("\n")[2]

    assert states("--status", "held") == "CA,1,3\n"
    assert states("--status", "every") == "CA,3,9\nDC,1,1\n"
    assert states("--state", "dc") == "DC,1,1\n"
    assert states("--since", "2026-11-21") == "CA,1,3\nDC,1,1\n"
    assert states("--until", "2026-11-20") == "CA,1,3\n"


def test_recipients_are_named(db: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEAR_CONGRESS_TODAY", "2026-11-25")
    letters = signature("x").letters
    known = letters[0].__class__("CA-S1", "P000145", "introduce")
    sign(db, signature("one", letters=(known,)), SECRET)
    output = fine("count", "--by", "recipient", "--format", "csv")
    assert output.splitlines()[1].startswith("P000145,1,1,Senator Alex")


def test_all_campaigns_are_counted_together_and_people_once(db: sqlite3.Connection) -> None:
    """EX13"""
    for campaign in (CAMPAIGN, "another"):
        code = person_of(SECRET, email="imani@example.org", first="Imani", last="", zip5="")
        sign(db, signature(campaign, campaign=campaign, person=code), SECRET)
    assert "CA,1,3" in fine("count", "--by", "state", "--format", "csv")
    assert "CA,1,3" in fine("count", "--by", "state", "--format", "csv", "--campaign", "another")
    together = json.loads(fine("count", "--by", "state", "--format", "json", "--all-campaigns"))
    assert together["rows"] == [{"state": "CA", "signatures": 2, "letters": 6}]
    assert together["about"]["people in all campaigns"] == 1


def test_an_unknown_campaign_is_named_with_the_known_ones(
    db: sqlite3.Connection,
) -> None:
    result = run("count", "--campaign", "protect-imigration-act")
    assert result.exit_code == 1
    assert "'protect-imigration-act'" in result.stderr
    assert f"It has: {CAMPAIGN}, thank-the-cosponsors." in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [["count", "--by", "shoe-size"], ["count", "--format", "pdf"], ["count", "--since", "today"],
     ["count", "--campaign", CAMPAIGN, "--all-campaigns"], ["export", "--shape", "all"],
     ["export", "--format", "xlsx", "--out", "-"], ["count", "--by", "state", "--by", "day"],
     ["export", "--state", "CA", "--state", "DC", "--out", "-"]],
)  # fmt: skip
def test_a_wrong_option_is_explained(db: sqlite3.Connection, arguments: list[str]) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert "Error: " in result.stderr
    assert "Traceback" not in result.output


def test_recount_agrees_or_fails_loudly(db: sqlite3.Connection) -> None:
    """EX11"""
    some(db)
    assert fine("recount") == "ok: every tally matches the rows\n"
    db.execute("UPDATE tallies SET signatures = 41 WHERE dimension = 'state' AND value = 'CA'")
    result = run("recount")
    assert result.exit_code == 1
    assert (
        "state 'CA': the tally has 41 signatures and 6 letters, the rows have 2 and 6"
        in result.stderr
    )
    assert result.stdout == ""
    rebuilt = run("recount", "--rebuild")
    assert rebuilt.exit_code == 1
    assert "rebuilt from the rows" in rebuilt.output
    assert "use --rebuild" not in rebuilt.output
    assert fine("recount").startswith("ok")


def test_lookalikes_are_listed(db: sqlite3.Connection) -> None:
    """DI01"""
    for email in ("imani@example.org", "imani+2@example.org"):
        code = person_of(SECRET, email=email, first="", last="", zip5="")
        sign(db, signature(email, person=code), SECRET)
    assert fine("alike") == "1, 2\n"


def test_an_export_to_a_folder_gets_a_descriptive_name(
    db: sqlite3.Connection, tmp_path: Path
) -> None:
    """EX04, EX16"""
    some(db)
    out = tmp_path / "out"
    out.mkdir()
    fine("export", "--by", "district", "--out", str(out))
    names = sorted(path.name for path in out.iterdir())
    assert re.fullmatch(rf"{CAMPAIGN}-counts-by-district-\d{{4}}-\d\d-\d\d\.csv", names[0])
    assert names[1] == f"{names[0]}-metadata.json"
    assert (out / names[0]).read_bytes().startswith(b"\xef\xbb\xbfdistrict,signatures,letters\r\n")
    assert json.loads((out / names[1]).read_text())["notes"][0]["campaign"] == CAMPAIGN


def test_every_shape_in_every_format(db: sqlite3.Connection, tmp_path: Path) -> None:
    some(db)
    for shape, rows in (("counts", 2), ("signatures", 3), ("letters", 7)):
        for form in ("csv", "json", "xlsx", "sqlite"):
            path = tmp_path / f"{shape}.{form}"
            fine("export", "--shape", shape, "--format", form, "--out", str(path))
            if form == "csv":
                assert len(path.read_text().splitlines()) == rows + 1
            elif form == "json":
                assert len(json.loads(path.read_text())["rows"]) == rows
            elif form == "xlsx":
                assert load_workbook(path).worksheets[0].max_row == rows + 1
            else:
                name = "counts_by_state" if shape == "counts" else shape
                with sqlite3.connect(path) as made:
                    assert made.execute(f"SELECT count(*) FROM {name}").fetchone() == (rows,)
                made.close()


def test_one_workbook_or_database_can_hold_everything(
    db: sqlite3.Connection, tmp_path: Path
) -> None:
    some(db)
    fine("export", "--shape", "all", "--format", "xlsx", "--out", str(tmp_path / "a.xlsx"))
    assert {"Counts by status", "Counts by recipient", "Signatures", "Letters", "About"} <= set(
        load_workbook(tmp_path / "a.xlsx").sheetnames
    )
    fine("export", "--shape", "all", "--format", "sqlite", "--out", str(tmp_path / "a.db"))
    with sqlite3.connect(tmp_path / "a.db") as made:
        tables = {row[0] for row in made.execute("SELECT name FROM sqlite_master")}
    made.close()
    assert {"counts_by_status", "counts_by_own_share", "signatures", "letters"} <= tables
    assert (tmp_path / "a.metadata.json").exists()


def test_an_export_to_the_terminal_can_be_piped(db: sqlite3.Connection) -> None:
    some(db)
    output = fine("export", "--shape", "signatures", "--out", "-")
    assert len(output.splitlines()) == 4
    assert output.startswith("signature,campaign,status,day,signed_at (")


def test_a_missing_output_folder_is_named(db: sqlite3.Connection, tmp_path: Path) -> None:
    for form in ("csv", "json", "xlsx", "sqlite"):
        path = tmp_path / "missing" / "x"
        result = run("export", "--format", form, "--out", str(path))
        assert result.exit_code == 1, result.output
        assert str(path) in result.stderr
        assert "Traceback" not in result.output


@pytest.mark.parametrize("command", ["count", "recount", "alike", "export"])
def test_help_has_examples(command: str) -> None:
    output = fine(command, "--help")
    assert f"flask signatures {command}" in output


@pytest.mark.parametrize(
    ("options", "people"),
    [
        (["--from", "2026-11-21"], 3), (["--to", "2026-11-20"], 1), (["--state", "dc"], 1),
        (["--letter", "faith"], 1), (["--source", "parish"], 1), (["--source", "(none)"], 3),
        (["--language", "es"], 1), (["--language", "es", "--state", "CA"], 0),
        (["--status", "held", "--letter", "general"], 1),
        (["--from", "2026-11-20", "--to", "2026-11-24", "--source", "parish"], 1),
    ],
)  # fmt: skip
def test_the_command_line_has_the_filters_of_the_dashboard(
    db: sqlite3.Connection, options: list[str], people: int
) -> None:
    some(db)
    sign(db, signature("five", template="faith", source="parish", language="es",
                       state="DC", district=0), SECRET)  # fmt: skip
    if options == ["--state", "dc"]:
        people = 2
    for by in ("district", "template", "own_share"):
        about = json.loads(fine("count", "--by", by, "--format", "json", *options))
        assert sum(row["signatures"] for row in about["rows"]) == people
        assert about["about"]["total signatures"] == people
    shown = fine("export", "--shape", "signatures", "--out", "-", *options)
    assert len(list(csv.DictReader(io.StringIO(shown)))) == people


@pytest.mark.parametrize(
    ("options", "words"),
    [(["--state", "ZZ"], "ZZ is not a state"), (["--language", "tlh"], "'tlh' is not one of"),
     (["--source", "<script>"], "A source tag has"),
     (["--from", "2026-11-25", "--to", "2026-11-01"], "before the first")],
)  # fmt: skip
def test_an_impossible_filter_is_explained(
    db: sqlite3.Connection, options: list[str], words: str
) -> None:
    result = run("count", *options)
    assert result.exit_code == 2
    assert words in result.output


def test_letters_are_counted_by_delivery_way(db: sqlite3.Connection) -> None:
    some(db)
    document = json.loads(fine("count", "--by", "way", "--format", "json"))
    assert document["rows"] == [{"way": "written", "letters": 7}]
    assert document["about"]["definition: way refused"].startswith("The office’s own system")


def test_csv_metadata_is_in_a_separate_file_or_in_the_first_rows(
    db: sqlite3.Connection, tmp_path: Path
) -> None:
    some(db)
    plain, noted = tmp_path / "plain.csv", tmp_path / "noted.csv"
    fine("export", "--by", "state", "--out", str(plain))
    fine("export", "--by", "state", "--notes", "--state", "CA", "--out", str(noted))
    assert plain.read_text("utf-8-sig").startswith("state,signatures,letters")
    beside = json.loads((tmp_path / "plain.csv-metadata.json").read_text())
    notes, _, table = noted.read_bytes().decode("utf-8-sig").partition("\r\n\r\n")
    said = dict(csv.reader(io.StringIO(notes)))
    assert table == "state,signatures,letters\r\nCA,2,6\r\n"
    assert not (tmp_path / "noted.csv-metadata.json").exists()
    assert said["state"] == "CA"
    for about in (beside["notes"][0], said):
        assert about["campaign"] == CAMPAIGN
        assert about["time zone"] == "America/New_York"
        assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d", about["made at"])
        assert {"data: members of Congress", "data: cosponsors"} <= set(about)
        for found in DEFINITIONS:
            assert about[f"definition: {found.term}"] == found.meaning


def test_notes_of_a_piped_csv_go_to_stderr(db: sqlite3.Connection) -> None:
    result = run("count", "--by", "state", "--format", "csv")
    assert result.stdout == "state,signatures,letters\n"
    assert "# definition: signatures: People who signed" in result.stderr
    noted = run("count", "--by", "state", "--format", "csv", "--notes")
    assert "definition: signatures" in noted.stdout
    assert noted.stderr == ""


@pytest.mark.parametrize(
    "day", ["2026-11-25", "11/25/2026", "Nov 25 2026", "25 de noviembre de 2026"]
)
def test_days_are_accepted_in_any_common_format(db: sqlite3.Connection, day: str) -> None:
    sign(db, signature("one", day=date(2026, 11, 24)), SECRET)
    sign(db, signature("two", day=date(2026, 11, 25)), SECRET)
    result = run("count", "--since", day, "--format", "json")
    assert json.loads(result.stdout)["about"]["total signatures"] == 1
    wrong = run("count", "--since", "soon")
    assert wrong.exit_code == 2
    assert "'soon' is not a date" in wrong.stderr


@pytest.mark.parametrize(
    ("name", "starts"), [("x.xlsx", b"PK"), ("x.db", b"SQLite format 3"), ("x.JSON", b"{"),
                         ("x.csv", b"\xef\xbb\xbfstate"), ("x.sqlite", b"SQLite format 3")],
)  # fmt: skip
def test_the_file_extension_sets_the_format(
    db: sqlite3.Connection, tmp_path: Path, name: str, starts: bytes
) -> None:
    sign(db, signature("one"), SECRET)
    out = tmp_path / name
    result = run("export", "--out", str(out))
    assert result.exit_code == 0, result.output
    assert out.read_bytes().startswith(starts)


@pytest.mark.parametrize(
    ("options", "words"),
    [(["--out", "x.xlsx", "--format", "csv"], "x.xlsx has the extension of a xlsx file"),
     (["--out", "x.ods"], "The format of x.ods is unclear"),
     (["--letter", "fiath"], "There is no letter 'fiath'. Use one of these: ")],
)  # fmt: skip
def test_contradictory_or_unknown_options_are_refused_and_write_nothing(
    db: sqlite3.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    options: list[str], words: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    result = run("export", *options)
    assert result.exit_code == 2
    assert words in result.stderr
    assert list(tmp_path.glob("x.*")) == []


def test_a_workbook_names_its_campaign(db: sqlite3.Connection, tmp_path: Path) -> None:
    sign(db, signature("one"), SECRET)
    out = tmp_path / "x.xlsx"
    run("export", "--out", str(out))
    with zipfile.ZipFile(out) as book:
        assert "PROTECT Immigration Act" in book.read("docProps/core.xml").decode()
        assert "campaign title" in book.read("xl/worksheets/sheet2.xml").decode()
