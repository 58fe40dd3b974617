"""``flask letters xml`` and ``deliver``, as an operator uses them."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from app.cwc.message import schema_errors
from app.records.accounting import ACCEPTED, QUEUED
from app.records.acts import State
from app.records.database import open_database
from app.records.signing import receipt_token, sign, withdraw
from tests.commands import flask
from tests.congress.rehearsal import another_sits
from tests.records.build import SECRET, set_status, signature

from . import cwc_server
from .operator_site import site

__all__ = ["site"]

HEADER = "first,last,street,city,state,zip,email,prefix,district,story\n"
GOOD = "Ana,Li,88 Heron St,Oakland,CA,94612,ana@example.org,Ms.,,My neighbor stopped calling.\n"


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def people(tmp_path: Path, *rows: str, header: str = HEADER) -> Path:
    file = tmp_path / "people.csv"
    file.write_text("\ufeff" + header + "".join(rows), encoding="utf-8")
    return file


# --- the offices' format -----------------------------------------------------------


def test_a_row_becomes_one_valid_file_for_each_office(tmp_path: Path) -> None:
    result = flask("letters xml", people(tmp_path, GOOD), "--out", tmp_path / "xml")
    assert result.exit_code == 0, result.output
    assert "1 rows, 3 messages" in result.output
    assert "Nothing was sent" in result.output
    index = table(tmp_path / "xml" / "index.csv")
    assert [row["office"] for row in index] == ["HCA12", "SCA01", "SCA03"]
    for row in index:
        xml = (tmp_path / "xml" / row["file"]).read_bytes()
        assert schema_errors(xml) == ()
        root = etree.fromstring(xml)
        assert root.findtext(".//ConstituentMessage") == "My neighbor stopped calling."
        assert root.findtext(".//DeliveryId") == row["delivery_id"]
        assert (tmp_path / "xml" / row["file"]).stat().st_mode & 0o077 == 0
    assert table(tmp_path / "xml" / "problems.csv") == []


@pytest.mark.parametrize("district", ["12", "CA-12", "CA-12/119", "12th"])
def test_a_district_is_read_in_any_common_spelling(tmp_path: Path, district: str) -> None:
    row = GOOD.replace(",Ms.,,", f",Ms.,{district},")
    flask("letters xml", people(tmp_path, row), "--out", tmp_path / "xml")
    assert [r["seat"] for r in table(tmp_path / "xml" / "index.csv")] == ["CA-12", "CA-S1", "CA-S3"]


def test_a_name_garbled_by_another_program_is_put_back(tmp_path: Path) -> None:
    flask("letters xml", people(tmp_path, GOOD.replace("Li,", "NÃºÃ±ez,")), "--out", tmp_path / "x")
    (first, *_) = table(tmp_path / "x" / "index.csv")
    assert "Núñez" in (tmp_path / "x" / first["file"]).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("ana@bücher.example", "ana@xn--bcher-kva.example"),
        ("Ana+x@Example.ORG", "Ana+x@Example.ORG"),
    ],
)
def test_an_office_gets_an_email_address_that_its_system_can_answer(
    tmp_path: Path, typed: str, sent: str
) -> None:
    """EM05"""
    row = GOOD.replace("ana@example.org", typed)
    flask("letters xml", people(tmp_path, row), "--out", tmp_path / "x")
    (first, *_) = table(tmp_path / "x" / "index.csv")
    xml = etree.fromstring((tmp_path / "x" / first["file"]).read_bytes())
    assert xml.findtext(".//Email") == sent


def test_a_second_run_gives_the_same_delivery_ids(tmp_path: Path) -> None:
    file = people(tmp_path, GOOD)
    for out in ("one", "two"):
        flask("letters xml", file, "--out", tmp_path / out)
    ids = [[r["delivery_id"] for r in table(tmp_path / o / "index.csv")] for o in ("one", "two")]
    assert ids[0] == ids[1]
    assert len(set(ids[0])) == 3


@pytest.mark.parametrize(
    ("row", "field", "words"),
    [
        (GOOD.replace("Ms.", ""), "prefix", "title"),
        (GOOD.replace("94612", "60647").replace("CA", "IL"), "district", "IL-3, IL-5"),
        (GOOD.replace("94612", "30165"), "state", "GA"),
        (GOOD.replace("94612", "0213"), "zip", "five or nine"),
        (GOOD.replace("94612", "5672"), "zip", "Did you mean 05672?"),
        (GOOD.replace("94612", ""), "zip", "is missing"),
        (GOOD.replace("88 Heron St", "N/A"), "street", "street"),
        (GOOD.replace("Li,", "N/A,"), "last", "last name"),
        (GOOD.replace("CA,", "=1+1,"), "state", "two-letter"),
        (GOOD.replace("94612", "09012").replace("CA", "AE"), "zip", "home_zip"),
        (GOOD.replace("ana@example.org", ""), "email", "email address"),
        (GOOD.replace("My neighbor", "I am Ana Li. My neighbor"), "own words", "full name"),
        (GOOD.replace(",Ms.,,", ",Ms.,twelve,"), "district", "not a district"),
        (GOOD.replace(",Ms.,,", ",Ms.,CA-12/xyz,"), "district", "not a district of that state"),
        (GOOD.replace(",Ms.,,", ",Ms.,TX-12,"), "district", "not a district of that state"),
        (GOOD.strip() + ",too,many\n", "row", "more cells"),
    ],
)
def test_a_problem_is_reported_with_its_row_number(
    tmp_path: Path, row: str, field: str, words: str
) -> None:
    result = flask("letters xml", people(tmp_path, GOOD, row), "--out", tmp_path / "xml")
    assert result.exit_code == 1, result.output
    problems = table(tmp_path / "xml" / "problems.csv")
    assert {(p["row"], p["field"]) for p in problems} == {("3", field)}
    assert words in problems[0]["message"]
    assert len(table(tmp_path / "xml" / "index.csv")) == 3
    assert "Ana" not in (tmp_path / "xml" / "problems.csv").read_text(encoding="utf-8")


@pytest.mark.parametrize("state", ["California", "calif.", "Ca"])
def test_a_state_is_read_however_it_is_written(tmp_path: Path, state: str) -> None:
    row = GOOD.replace(",CA,", f",{state},")
    flask("letters xml", people(tmp_path, row), "--out", tmp_path / "xml")
    assert [r["seat"] for r in table(tmp_path / "xml" / "index.csv")] == ["CA-12", "CA-S1", "CA-S3"]


def test_a_senate_problem_does_not_drop_the_house_letter(tmp_path: Path) -> None:
    result = flask(
        "letters xml", people(tmp_path, GOOD.replace("Ms.", "Mx.")), "--out", tmp_path / "xml"
    )
    assert result.exit_code == 1
    assert [r["office"] for r in table(tmp_path / "xml" / "index.csv")] == ["HCA12"]
    assert [p["seat"] for p in table(tmp_path / "xml" / "problems.csv")] == ["CA-S1", "CA-S3"]


def test_other_column_names_are_read_and_a_military_mailing_address_is_reported(
    tmp_path: Path,
) -> None:
    header = (
        "First Name,Last Name,Address,City,State,Postal Code,E-mail,Title,home_state,home_zip\n"
    )
    row = "Ana,Li,PSC 88 Box 1203,APO,AE,09012,ana@example.org,Ms.,CA,94612\n"
    flask("letters xml", people(tmp_path, row, header=header), "--out", tmp_path / "xml")
    problems = table(tmp_path / "xml" / "problems.csv")
    assert {p["field"] for p in problems} == {"state"}
    assert "military" in problems[0]["message"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"first,last\nA,B\n", "no column street"), (b"\xff\xfe\x00", "UTF-8"),
        (b"", "no column first"),
        (b"first,first,last,street,city,state,zip,email\n", "first twice"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_says_why(tmp_path: Path, content: bytes, words: str) -> None:
    file = tmp_path / "people.csv"
    file.write_bytes(content)
    result = flask("letters xml", file, "--out", tmp_path / "xml")
    assert result.exit_code == 1
    assert words in result.output


def opened(tmp_path: Path, **changes: Any) -> Path:
    details = {
        "first": "Ana", "last": "Li", "street": "88 Heron St", "city": "Oakland", "state": "CA",
        "zip": "94612", "email": "ana@example.org", "prefix": "Ms.", "district": 12,
        "story": "My neighbor.", "letters": {"CA-S3": "All of it is mine.\n\nReally."},
    }  # fmt: skip
    lines = [
        {"signature": 1, "purpose": "packet", "day": "2026-11-25", "details": details},
        {"signature": 1, "purpose": "contact", "day": "2026-11-25", "details": details},
    ]
    file = tmp_path / "opened.jsonl"
    file.write_text("".join(json.dumps(x | changes) + "\n" for x in lines), encoding="utf-8")
    return file


def test_an_opened_sealed_export_uses_the_persons_final_text(tmp_path: Path) -> None:
    result = flask("letters xml", opened(tmp_path), "--out", tmp_path / "xml")
    assert result.exit_code == 0, result.output
    (row,) = table(tmp_path / "xml" / "index.csv")  # one row: "contact" gave us no letter
    root = etree.parse(tmp_path / "xml" / row["file"])
    assert root.findtext(".//MemberOffice") == "SCA03"
    assert root.findtext(".//ConstituentMessage") == "All of it is mine.\n\nReally."
    assert root.findtext(".//OrganizationStatement") is None


def test_a_letter_outside_the_writers_delegation_is_left_out_with_a_reason(tmp_path: Path) -> None:
    file = opened(tmp_path)
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace('{"CA-S3"', '{"MA-6": "Mine.", "TX-S1": "Mine.", "CA-S3"'))
    result = flask("letters xml", file, "--out", tmp_path / "xml")
    assert result.exit_code == 1
    assert "1 rows have problems" in result.output
    assert [r["seat"] for r in table(tmp_path / "xml" / "index.csv")] == ["CA-S3"]
    assert [
        (p["seat"], p["field"], p["message"]) for p in table(tmp_path / "xml/problems.csv")
    ] == [
        (seat, "letters", f"{seat} does not represent this writer, so its letter is left out.")
        for seat in ("MA-6", "TX-S1")
    ]
    flask("letters xml", file, "--out", tmp_path / "xml", "--chamber", "senate")
    assert [p["seat"] for p in table(tmp_path / "xml" / "problems.csv")] == ["TX-S1"]


def test_an_invalid_line_of_an_opened_export_is_named(tmp_path: Path) -> None:
    file = tmp_path / "opened.jsonl"
    file.write_text('not json\n{"details": 7}\n[]\n', encoding="utf-8")
    assert flask("letters xml", file, "--out", tmp_path / "xml").exit_code == 1
    assert [p["row"] for p in table(tmp_path / "xml" / "problems.csv")] == ["1", "2", "3"]


def test_nothing_is_written_without_the_agents_details(tmp_path: Path, site: Path) -> None:
    (site / "settings.toml").write_text("", encoding="utf-8")
    result = flask("letters xml", people(tmp_path, GOOD), "--out", tmp_path / "xml")
    assert result.exit_code == 1
    assert "cwc_agent" in result.output
    assert not (tmp_path / "xml").exists()


# --- handing over ------------------------------------------------------------------


@pytest.fixture
def offices(site: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[cwc_server.CwcServer]:
    """Both systems, whatever the time of day is in Washington."""
    monkeypatch.setattr("app.cwc.client.maintenance_ends", lambda *_: None)
    with cwc_server.running() as server:
        server.offices = ["SCA01"]
        with (site / "settings.toml").open("a", encoding="utf-8") as file:
            for chamber in ("house", "senate"):
                file.write(f'cwc_{chamber}_key = "{server.key}"\n')
                file.write(f'cwc_{chamber}_url = "{server.url}"\n')
        yield server


def test_each_letter_of_a_folder_is_accepted_once_and_results_are_kept(
    tmp_path: Path, offices: cwc_server.CwcServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    flask("letters xml", people(tmp_path, GOOD), "--out", tmp_path / "xml")
    off = flask("letters deliver", tmp_path / "xml")
    assert off.exit_code == 1
    assert "off" in off.output
    monkeypatch.setenv("DEAR_CONGRESS_CWC_MODE", "production")
    offices.script.append(cwc_server.Scripted("/v2/validate", 503))
    first = flask("letters deliver", tmp_path / "xml")
    assert first.exit_code == 1
    assert "try later" in first.output
    results = table(tmp_path / "xml" / "results.csv")
    assert [r["result"] for r in results] == ["try later", "accepted", "not attempted"]
    second = flask("letters deliver", tmp_path / "xml")
    results = table(tmp_path / "xml" / "results.csv")[3:]
    assert [r["result"] for r in results] == ["accepted", "not attempted"]
    assert "settled" in second.output
    assert len(offices.taken) == 2
    assert offices.key not in second.output + first.output


def test_a_busy_system_is_not_tried_again_in_the_same_run(
    tmp_path: Path, offices: cwc_server.CwcServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEAR_CONGRESS_CWC_MODE", "production")
    other = GOOD.replace("ana@", "bea@")
    flask(
        "letters xml",
        people(tmp_path, GOOD, other),
        "--out",
        tmp_path / "xml",
        "--chamber",
        "house",
    )
    offices.script.append(cwc_server.Scripted("/v2/validate", 429))
    flask("letters deliver", tmp_path / "xml")
    assert [r["result"] for r in table(tmp_path / "xml" / "results.csv")] == ["try later"] * 2
    assert len(offices.requests) == 1


def on_the_site(site: Path, tmp_path: Path, **changes: Any) -> Path:
    """A folder of messages for the letters of a signature on this site."""
    with closing(open_database(site / "dear-congress.db")) as db:
        sign(db, signature("one", **changes), SECRET)
    letters = {"letters": dict.fromkeys(("CA-12", "CA-S1", "CA-S3"), "All mine.\n\nReally.")}
    file = opened(tmp_path)
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    lines[0]["details"] |= letters
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    flask("letters xml", file, "--out", tmp_path / "xml")
    return tmp_path / "xml"


def states(site: Path) -> dict[str, tuple[str, str]]:
    with closing(open_database(site / "dear-congress.db")) as db:
        rows = db.execute("SELECT seat, state, cause FROM letters").fetchall()
    return {seat: (state, cause) for seat, state, cause in rows}


def test_each_answer_is_noted_on_its_letter_during_delivery(
    site: Path, tmp_path: Path, offices: cwc_server.CwcServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEAR_CONGRESS_CWC_MODE", "production")
    folder = on_the_site(site, tmp_path)
    offices.offices = ["SCA01", "SCA03"]
    no = "<E><Error>Zip</Error></E>"
    offices.script.append(cwc_server.Scripted("/v2/validate", 400, no, {"kind": "text/xml"}))
    offices.script.append(cwc_server.Scripted("/api/production-messages/", 302))
    result = flask("letters deliver", folder)
    by = "office system"
    assert states(site) == {
        "CA-12": ("refused", by), "CA-S1": ("unknown", by),
        "CA-S3": ("accepted by the office's system", by),
    }  # fmt: skip
    assert "3  letters of this site updated" in result.output
    flask("letters deliver", folder)
    assert states(site)["CA-S1"] == ("accepted by the office's system", by)


def test_a_letter_with_changed_text_is_sent_once_with_the_new_text(
    tmp_path: Path, offices: cwc_server.CwcServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEAR_CONGRESS_CWC_MODE", "production")
    folder = tmp_path / "xml"
    flask("letters xml", people(tmp_path, GOOD), "--out", folder, "--chamber", "house")
    (old,) = folder.glob("H*/*.xml")
    before = old.read_bytes()
    changed = GOOD.replace("stopped calling", "calls again")
    flask("letters xml", people(tmp_path, changed), "--out", folder, "--chamber", "house")
    (new,) = folder.glob("H*/*.xml")
    assert new != old
    old.write_bytes(before)  # as an interrupted run leaves it
    flask("letters deliver", folder)
    (sent,) = offices.taken.values()
    assert b"calls again" in sent


@pytest.mark.parametrize("how", ["withdrawn", "held", "unconfirmed", "test"])
def test_letters_of_signatures_that_do_not_count_are_not_sent(
    site: Path, tmp_path: Path, offices: cwc_server.CwcServer, how: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("DEAR_CONGRESS_CWC_MODE", "production")
    folder = on_the_site(site, tmp_path)
    with closing(open_database(site / "dear-congress.db")) as db:
        if how == "withdrawn":
            (salt,) = db.execute("SELECT salt FROM signatures").fetchone()
            assert withdraw(db, receipt_token(SECRET, "one", salt))
        elif how == "test":
            db.execute(
                "UPDATE signatures SET status = 'test', by_email = NULL, by_address = NULL,"
                " near = NULL, alike = NULL"
            )
        else:
            set_status(db, [1], how)  # type: ignore[arg-type]
    result = flask("letters deliver", folder)
    assert result.exit_code == 1
    assert "withdrawn, or does not count yet" in result.output
    assert offices.requests == []


@pytest.mark.parametrize(
    ("state", "result", "reason"),
    [
        (QUEUED, "not attempted", "Its writer gave it to this site to deliver"),
        (ACCEPTED, "accepted", "accepted earlier"),
    ],
)
def test_an_office_gets_no_second_letter_of_a_writer_in_other_words(
    site: Path, tmp_path: Path, offices: cwc_server.CwcServer, monkeypatch: pytest.MonkeyPatch,
    *, state: State, result: str, reason: str,
) -> None:  # fmt: skip
    monkeypatch.setenv("DEAR_CONGRESS_CWC_MODE", "production")
    folder = on_the_site(site, tmp_path)
    offices.offices = ["SCA01", "SCA03"]
    with closing(open_database(site / "dear-congress.db")) as db:
        db.execute("UPDATE letters SET state = ? WHERE seat = 'CA-12'", (state,))
    assert flask("letters deliver", folder).exit_code == (state == QUEUED)
    said = next(row for row in table(folder / "results.csv") if row["file"].startswith("HCA12"))
    assert (said["result"], said["reason"].startswith(reason)) == (result, True)
    assert len(offices.taken) == 2
    assert states(site)["CA-12"][0] == state


@pytest.mark.parametrize("elsewhere", [True, False])
def test_a_folders_letter_to_a_member_who_left_is_not_delivered(
    site: Path, tmp_path: Path, offices: cwc_server.CwcServer, monkeypatch: pytest.MonkeyPatch,
    *, elsewhere: bool,
) -> None:  # fmt: skip
    monkeypatch.setenv("DEAR_CONGRESS_CWC_MODE", "production")
    folder = on_the_site(site, tmp_path)
    offices.offices = ["SCA01", "SCA03"]
    another_sits(site, "CA-12", date(2026, 11, 24))
    result = flask("letters deliver", folder, *(["--elsewhere"] if elsewhere else []))
    assert result.exit_code == 1
    assert "The member to whom it was written no longer holds CA-12." in result.output
    assert {r["file"][:5]: r["result"] for r in table(folder / "results.csv")} == {
        "HCA12": "not attempted", "SCA01": "accepted", "SCA03": "accepted",
    }  # fmt: skip
    assert states(site)["CA-12"][0] == ("written" if elsewhere else "not attempted")


def test_a_folders_letter_that_may_have_arrived_stays_unknown_once_its_member_has_left(
    site: Path, tmp_path: Path, offices: cwc_server.CwcServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEAR_CONGRESS_CWC_MODE", "production")
    folder = on_the_site(site, tmp_path)
    offices.script.append(cwc_server.Scripted("/v2/message", 302))
    flask("letters deliver", folder)
    assert states(site)["CA-12"][0] == "unknown"
    another_sits(site, "CA-12", date(2026, 11, 24))
    flask("letters deliver", folder)
    assert states(site)["CA-12"][0] == "unknown"
    assert table(folder / "results.csv")[-2]["result"] == "unknown"


def test_results_of_another_sites_folder_are_not_noted_here(
    site: Path, tmp_path: Path, offices: cwc_server.CwcServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEAR_CONGRESS_CWC_MODE", "production")
    folder = on_the_site(site, tmp_path)
    flask("letters deliver", folder, "--elsewhere")
    assert {state for state, _cause in states(site).values()} == {"written"}
    assert len(offices.taken) == 2
    (folder / "index.csv").unlink()
    assert (
        flask("letters deliver", folder).exit_code == 1
    )  # one office does not participate; every result is recorded
    assert {state for state, _cause in states(site).values()} == {"written"}


def test_acceptance_by_the_test_system_is_not_acceptance_by_an_office(
    tmp_path: Path, offices: cwc_server.CwcServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEAR_CONGRESS_CWC_MODE", "test")
    flask("letters xml", people(tmp_path, GOOD), "--out", tmp_path / "xml")
    result = flask("letters deliver", tmp_path / "xml")
    assert result.exit_code == 1
    assert {r["result"] for r in table(tmp_path / "xml" / "results.csv")} == {
        "accepted by the test system"
    }
