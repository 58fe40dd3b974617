"""The commands, as an organizer uses them."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.records.audit import Actor
from app.records.database import open_database
from app.records.site_campaigns import move
from app.site.settings import load_settings
from tests.commands import flask

from .conftest import index_of, pages, person, sealed_file

CAMPAIGN = "protect-immigration-act"
pytestmark = pytest.mark.usefixtures("site")


def labels_of(tmp_path: Path, table: str) -> tuple[list[str], str]:
    """The lines on the labels of these people, and what the command said."""
    people, out = tmp_path / "people.csv", tmp_path / "l.pdf"
    people.write_text(table, encoding="utf-8")
    done = flask("letters labels", "--people", people, "--out", out)
    assert done.exit_code == 0, done.output
    return pages(out)[0].split("\n"), done.output


def key_options(sealed: Path) -> list[str | Path]:
    key = next((sealed.parent / "keys").glob("*.private.json"))
    return ["--key", key, "--passphrase-file", sealed.parent / "passphrase"]


def test_a_sealed_export_becomes_packets_on_any_computer(tmp_path: Path) -> None:
    sealed = sealed_file(tmp_path / "usb", [person(), person(first="Bo")])
    out = tmp_path / "out"
    result = flask("letters packets", sealed, *key_options(sealed), "--out", out)
    assert result.exit_code == 0, result.output
    assert "6 letters in 3 files" in result.output
    assert len(index_of(out)) == 6
    assert not (out / "problems.csv").exists()


def test_a_sealed_file_is_composed_with_its_own_campaigns_words(tmp_path: Path) -> None:
    people = [person(template="thanks", letters={})]
    sealed = sealed_file(tmp_path / "usb", people, campaign="thank-the-cosponsors")
    arguments = [sealed, *key_options(sealed), "--out"]
    result = flask("letters packets", *arguments, tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "3 letters in 3 files" in result.output
    refused = flask("letters packets", *arguments, tmp_path / "no", "--campaign", CAMPAIGN)
    assert refused.exit_code == 1
    assert "another campaign, 'thank-the-cosponsors'" in refused.output


def test_a_sealed_file_needs_its_key(tmp_path: Path) -> None:
    sealed = sealed_file(tmp_path / "usb", [person()])
    result = flask("letters packets", sealed, "--out", tmp_path / "out")
    assert result.exit_code == 1
    assert "--key" in result.output


def test_people_who_allowed_only_contact_are_in_no_packet(tmp_path: Path) -> None:
    sealed = sealed_file(tmp_path / "usb", [person()], purpose="contact")
    result = flask("letters packets", sealed, *key_options(sealed), "--out", tmp_path / "out")
    assert result.exit_code == 0
    assert "0 letters" in result.output


def test_opened_rows_are_accepted_and_bad_lines_are_listed(tmp_path: Path) -> None:
    opened = tmp_path / "opened.jsonl"
    lines = [
        json.dumps({"signature": 1, "purpose": "packet", "day": "2026-11-20",
                    "details": person()}),
        "not a line",
        json.dumps({"purpose": "contact", "day": "2026-11-20", "details": person()}),
        json.dumps({"purpose": "packet", "day": "x", "details": person()}),
        json.dumps([1]),
        json.dumps({"purpose": "packet", "details": person(template="gone")}),
    ]  # fmt: skip
    opened.write_text("\n".join(lines) + "\n", encoding="utf-8")
    out = tmp_path / "out"
    result = flask("letters packets", opened, "--out", out)
    assert result.exit_code == 1
    assert "3 letters in 3 files" in result.output
    problems = (out / "problems.csv").read_text(encoding="utf-8-sig").splitlines()
    assert [line.split(",")[0] for line in problems] == ["line", "2", "4", "5", "6"]
    assert "Ana" not in "".join(problems)


@pytest.mark.parametrize(
    ("tool", "head"),
    [
        ("action-network", "email,first_name,last_name,zip_code,consent,consent_day"),
        ("everyaction", "First Name,Last Name,Email,Zip/Postal,Email Opt-In,consent"),
        ("nationbuilder", "email,first_name,last_name,address_zip,email_opt_in,consent"),
    ],
)
def test_contacts_are_written_in_a_tools_columns_with_their_consent(
    tmp_path: Path, tool: str, head: str
) -> None:
    agreed = person(email="ana@example.org", consent="You may contact me. Kept, sealed.",
                    consent_version="abc123def456", language="en")  # fmt: skip
    sealed = sealed_file(tmp_path / "usb", [agreed], purpose="contact")
    out = tmp_path / "contacts.csv"
    result = flask("signatures contacts", sealed, *key_options(sealed), "--out", out, "--for", tool)
    assert result.exit_code == 0, result.output
    first, row, *rest = out.read_text(encoding="utf-8-sig").splitlines()
    assert first.startswith(head)
    assert not rest
    for words in ("ana@example.org", "Ana", "60618", "You may contact me", "abc123def456",
                  "2026-11-20"):  # fmt: skip
        assert words in row
    assert out.stat().st_mode & 0o777 == 0o600


def test_people_who_withdrew_since_the_last_file_are_listed_for_removal(tmp_path: Path) -> None:
    people = [person(email="ana@example.org"), person(email="bo@example.org")]
    both = sealed_file(tmp_path / "one", people, purpose="contact")
    old, new = tmp_path / "old.csv", tmp_path / "new.csv"
    flask("signatures contacts", both, *key_options(both), "--out", old, "--for", "everyaction")
    fewer = sealed_file(tmp_path / "two", [person(email="ana@example.org")], purpose="contact")
    result = flask("signatures contacts", fewer, *key_options(fewer), "--out", new, "--before", old)
    assert result.exit_code == 0, result.output
    assert "1 person in" in result.output
    gone = (tmp_path / "new-remove.csv").read_text(encoding="utf-8-sig").split()
    assert gone == ["email", "bo@example.org"]


def test_an_address_is_listed_for_removal_once_no_one_on_the_list_has_it(tmp_path: Path) -> None:
    """A household may share one, a person may correct theirs, or withdraw and sign again."""
    before = [person(email="old@example.org"), person(first="Bo", email="home@example.org"),
              person(first="Cy", email="home@example.org")]  # fmt: skip
    old, new = tmp_path / "old.csv", tmp_path / "new.csv"
    first = sealed_file(tmp_path / "one", before, purpose="contact")
    flask("signatures contacts", first, *key_options(first), "--out", old)
    since = [person(email="new@example.org"), person(first="Bo", email="Home@example.org")]
    second = sealed_file(tmp_path / "two", since, purpose="contact")
    result = flask(
        "signatures contacts", second, *key_options(second), "--out", new, "--before", old
    )
    assert result.exit_code == 0, result.output
    gone = (tmp_path / "new-remove.csv").read_text(encoding="utf-8-sig").split()
    assert gone == ["email", "old@example.org"]


def test_a_previous_list_of_another_campaign_is_refused(tmp_path: Path) -> None:
    people = [person(email="ana@example.org")]
    theirs = sealed_file(tmp_path / "one", people, purpose="contact", campaign="thank-you")
    ours = sealed_file(tmp_path / "two", people, purpose="contact")
    old, new = tmp_path / "old.csv", tmp_path / "new.csv"
    for tool in ("action-network", "everyaction", "nationbuilder"):
        old.unlink(missing_ok=True)
        flask("signatures contacts", theirs, *key_options(theirs), "--out", old, "--for", tool)
        result = flask(
            "signatures contacts", ours, *key_options(ours), "--out", new, "--before", old
        )
        assert result.exit_code == 1
        assert f"{old} is from another campaign, 'thank-you'" in result.output
        assert not list(tmp_path.glob("new*"))


def test_a_previous_list_that_matches_no_one_is_questioned(tmp_path: Path) -> None:
    listed = sealed_file(tmp_path / "one", [person(email="ana@example.org")], purpose="contact")
    old, new = tmp_path / "old.csv", tmp_path / "new.csv"
    arguments = (listed, *key_options(listed), "--out", new, "--before", old)
    rows = [f"{name}@example.org,{CAMPAIGN},{7000 + len(name)}" for name in ("bo", "cal")]
    old.write_text("\n".join(["email,campaign,signature", *rows]))
    result = flask("signatures contacts", *arguments)
    assert result.exit_code == 0
    assert f"No one in {old} is on this list anymore." in result.output
    for wrong in (f"bo@example.org,{CAMPAIGN}", f",{CAMPAIGN},7", f"bo@example.org,{CAMPAIGN},7.0"):
        new.unlink()
        (tmp_path / "new-remove.csv").unlink(missing_ok=True)
        old.write_text("\n".join(["email,campaign,signature", rows[0], wrong]))
        result = flask("signatures contacts", *arguments)
        assert result.exit_code == 1
        assert f"Row 2 of {old} has no email address or signature number" in result.output
        assert not new.exists()
        new.touch()


def test_a_packets_export_is_not_taken_for_a_contact_list(tmp_path: Path) -> None:
    people = [person(email="ana@example.org")]
    listed = sealed_file(tmp_path / "one", people, purpose="contact")
    old, new = tmp_path / "old.csv", tmp_path / "new.csv"
    flask("signatures contacts", listed, *key_options(listed), "--out", old)
    packets = sealed_file(tmp_path / "two", people)
    options = [*key_options(packets), "--out", new, "--before", old]
    result = flask("signatures contacts", packets, *options)
    assert result.exit_code == 1
    assert "for packets" in result.output
    assert not new.exists()
    assert not (tmp_path / "new-remove.csv").exists()


def test_a_previous_list_not_in_utf_8_is_refused(tmp_path: Path) -> None:
    listed = sealed_file(tmp_path / "one", [person()], purpose="contact")
    old, new = tmp_path / "old.csv", tmp_path / "new.csv"
    old.write_bytes("email,signature\njosé@example.org,1\n".encode("latin-1"))
    options = [*key_options(listed), "--out", new, "--before", old]
    result = flask("signatures contacts", listed, *options)
    assert result.exit_code == 1
    assert f"{old} is not UTF-8 text" in result.output


def test_no_one_is_listed_for_removal_when_a_row_did_not_open(tmp_path: Path) -> None:
    sealed = sealed_file(tmp_path / "one", [person(email="a@example.org")], purpose="contact")
    old = tmp_path / "old.csv"
    flask("signatures contacts", sealed, *key_options(sealed), "--out", old)
    other = sealed_file(tmp_path / "two", [person()], purpose="contact")
    new = tmp_path / "new.csv"
    result = flask(
        "signatures contacts", other, *key_options(sealed), "--out", new, "--before", old
    )
    assert result.exit_code == 1
    assert not (tmp_path / "new-remove.csv").exists()


def test_a_truncated_export_is_reported(tmp_path: Path) -> None:
    sealed = sealed_file(tmp_path / "usb", [person(), person()])
    text = sealed.read_text(encoding="utf-8").splitlines()
    sealed.write_text("\n".join(text[:-1]) + "\n", encoding="utf-8")
    result = flask("letters packets", sealed, *key_options(sealed), "--out", tmp_path / "out")
    assert result.exit_code == 1
    assert "incomplete" in (tmp_path / "out/problems.csv").read_text(encoding="utf-8")


def test_a_folder_with_packets_is_not_overwritten(tmp_path: Path) -> None:
    sealed = sealed_file(tmp_path / "usb", [person()])
    out = tmp_path / "out"
    flask("letters packets", sealed, *key_options(sealed), "--out", out)
    result = flask("letters packets", sealed, *key_options(sealed), "--out", out)
    assert result.exit_code == 1
    assert "already has packets" in result.output


def test_an_unknown_split_is_explained(tmp_path: Path) -> None:
    sealed = sealed_file(tmp_path / "usb", [person()])
    result = flask("letters packets", sealed, "--split", "county", "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert "20MB" in result.output


def test_on_the_server_its_own_details_are_used_and_audited(tmp_path: Path) -> None:
    from app.records.database import open_database
    from app.records.keys import first_key
    from tests.packets.conftest import DAY

    settings = load_settings()
    open_database(settings.database).close()
    key = first_key(settings.keys, today=DAY)
    out = tmp_path / "out"
    result = flask(
        "letters packets", "--out", out, "--key", settings.keys / f"{key.id}.private.json",
        "--passphrase-file", settings.keys / f"{key.id}.passphrase",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert [p.name for p in out.iterdir()] == ["index.csv"]
    db = sqlite3.connect(settings.database)
    found = db.execute("SELECT what, subject FROM audit_events").fetchall()
    db.close()
    assert found == [("sealed details exported", "packets")]


def test_labels_are_made_for_a_state_its_local_offices_or_people(tmp_path: Path) -> None:
    out = tmp_path / "l.pdf"
    assert flask("letters labels", "--state", "vt", "--out", out).exit_code == 0
    assert pages(out)[0].count("The Honorable") == 3
    assert flask("letters labels", "--state", "VT", "--local", "--out", out).exit_code == 0
    assert "Burlington" in pages(out)[0]
    table = "first,last,street,city,state,zip,email\nAna,Li,8 A St,Boston,ma,02138,\n"
    assert labels_of(tmp_path, table)[0] == ["Ana Li", "8 A St", "Boston, MA 02138"]
    assert flask("letters labels", "--state", "XX", "--out", out).exit_code == 2


def test_a_member_whose_listed_term_has_ended_is_named(tmp_path: Path) -> None:
    """LK16"""
    out = tmp_path / "l.pdf"
    done = flask("letters labels", "--state", "OH", "--out", out)
    assert done.exit_code == 0
    assert "Check before you send: the listed term of 1 member has ended" in done.output
    assert "(list of 2026-06-15): Jon Husted (OH-S3, 2026-11-03)" in done.output
    assert "Husted" in pages(out)[0]
    assert "Check before" not in flask("letters labels", "--state", "VT", "--out", out).output
    home = {"state": "OH", "zip": "43004", "home_state": "OH", "district": "OH-12"}
    sealed = sealed_file(tmp_path / "usb", [person(**home, letters={})])
    made = flask("letters packets", sealed, *key_options(sealed), "--out", tmp_path / "out")
    assert "3 letters in 3 files" in made.output
    assert "Jon Husted (OH-S3, 2026-11-03)" in made.output


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_labels_need_no_email_column_and_take_a_spreadsheets_separator(
    tmp_path: Path, delimiter: str
) -> None:
    """N35"""
    table = "first,last,street,city,state,zip\nAna,Li,8 A St,Boston,MA,02138"
    lines, _said = labels_of(tmp_path, table.replace(",", delimiter))
    assert lines == ["Ana Li", "8 A St", "Boston, MA 02138"]


def test_a_label_has_the_whole_address_and_a_doubtful_zip_is_named(tmp_path: Path) -> None:
    """N35"""
    lines, said = labels_of(
        tmp_path,
        "First Name,Last Name,Street Address,Unit,City,State,ZIP\n"
        "Ana,Li,8 A St,Apt 4,Acton,MA,1720\nBo,Ng,9 A St,,Acton,MA,soon\n",
    )
    assert lines[:4] == ["Ana Li", "8 A St", "Apt 4", "Acton, MA 01720"]
    assert "Row 2: ZIP code 1720 lacked its leading zero. The label has 01720." in said
    assert "Row 3: “soon” is not a ZIP code." in said


@pytest.mark.parametrize(
    "row",
    [
        'Ana,Li,"8 A St, Acton, MA 01720, USA",Acton,MA,01720',
        'Ana,Li,8 A St,"Acton, MA",Massachusetts,01720.0',
        "Ana,Li,8 A St,Acton,Mass.,０１７２０",
    ],
)
def test_a_label_has_each_part_of_a_pasted_address_once(tmp_path: Path, row: str) -> None:
    """AD04, ZP02"""
    lines, said = labels_of(tmp_path, f"first,last,street,city,state,zip\n{row}\n")
    assert lines == ["Ana Li", "8 A St", "Acton, MA 01720"]
    assert "Row 2" not in said


def test_a_label_has_no_filler(tmp_path: Path) -> None:
    """NM02, AD02"""
    lines, said = labels_of(
        tmp_path,
        "first,last,street,street2,city,state,zip\nSuharni,N/A,8 A St,n/a,Acton,MA,01720\n"
        "Bo,Ng,N/A,,Acton,MA,01720\nCy,Ng,.,,Acton,MA,01720\n",
    )
    assert lines == ["Suharni", "8 A St", "Acton, MA 01720"]
    for row in (3, 4):
        assert f"No label for row {row}: it has no name or no street." in said


def test_letters_of_a_label_that_no_font_has_are_named(tmp_path: Path) -> None:
    """PD02, N35"""
    table = "first,last,street,city,state,zip\nᏣᎳᎩ,陳,8 A St,Acton,MA,01720\n"
    lines, said = labels_of(tmp_path, table)
    assert "Row 2: no font here has Ꮳ Ꮃ Ꭹ." in said
    assert "陳" in lines[0]


def test_rows_without_a_label_are_named(tmp_path: Path) -> None:
    opened, out = tmp_path / "opened.jsonl", tmp_path / "l.pdf"
    opened.write_text("{}\n[]\n")
    result = flask("letters labels", "--people", opened, "--out", out)
    assert result.exit_code == 1, "nobody is left"
    assert "No label for row 1: it has no name or no street." in result.output
    assert "No label for row 2: The line is not an opened row" in result.output
    assert not out.exists()


def test_poster_sign_up_sheet_and_blank_letters_are_written(tmp_path: Path) -> None:
    out = tmp_path / "p.pdf"
    assert flask("letters poster", "--language", "es", "--out", out).exit_code == 0
    assert "Escriba" in pages(out)[0]
    assert flask("letters signup", "--source", "fair", "--out", out).exit_code == 0
    assert flask("letters blank", "il-5", "--out", out).exit_code == 0
    assert len(pages(out)) == 3
    assert "not a district" in flask("letters blank", "IL", "--out", out).output
    assert "source tag" in flask("letters poster", "--source", "a b", "--out", out).output


def test_without_a_site_address_no_poster_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DEAR_CONGRESS_SITE_URL")
    result = flask("letters poster", "--out", tmp_path / "p.pdf")
    assert result.exit_code == 1
    assert "site_url" in result.output


def test_nothing_is_printed_for_a_campaign_that_has_ended(tmp_path: Path) -> None:
    db = open_database(load_settings().database)
    move(Actor(db, "Ana", datetime.now(UTC)), CAMPAIGN, "ended", first=CAMPAIGN)
    for command in ("poster", "signup", "blank IL-5"):
        result = flask(f"letters {command}", "--out", tmp_path / "p.pdf")
        assert result.exit_code == 1, command
        assert "This campaign has ended" in result.output


def test_a_pipe_gets_no_progress_and_one_file_is_singular(tmp_path: Path) -> None:
    sealed = sealed_file(tmp_path / "usb", [person(letters={"IL-5": "Mine."})])
    result = flask("letters packets", sealed, *key_options(sealed), "--out", tmp_path / "out")
    assert result.stderr == ""
    assert result.stdout.startswith("1 letter in 1 file written to ")


def test_after_a_change_of_congress_a_seat_without_a_listed_name_is_not_called_vacant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEAR_CONGRESS_TODAY", "2027-01-04")
    result = flask("letters labels", "--state", "VT", "--out", tmp_path / "labels.pdf")
    assert (
        "No label for 1 seat whose member is not in the list of 2026-06-15: VT-0" in result.output
    )
    assert "vacant" not in result.output
    told = flask("signatures sheets", "--member", "B001318", "--out", tmp_path / "vt.pdf").output
    assert "does not show that they sit now" in told
    assert "Name the seat instead: --member VT-0" in told


def test_members_without_a_local_office_are_named_and_washington_offered(tmp_path: Path) -> None:
    """N22"""
    out = tmp_path / "labels.pdf"

    def lateefah() -> bool:
        return any("Lateefah Simon" in page for page in pages(out))

    result = flask("letters labels", "--state", "CA", "--local", "--out", out)
    assert "No label (use --or-washington for the address there) for 3 members" in result.output
    assert "Lateefah Simon (CA-12), Sara Jacobs (CA-51)" in result.output
    assert "No label for 1 vacant seat: CA-14" in result.output
    assert not lateefah()
    result = flask("letters labels", "--state", "CA", "--local", "--or-washington", "--out", out)
    assert "Using the address in Washington for 3 members" in result.output
    assert lateefah()
    assert (
        "No label" not in flask("letters labels", "--state", "VT", "--local", "--out", out).output
    )
