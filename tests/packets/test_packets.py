"""One PDF for each office: a cover sheet, then the letters, sorted by town and numbered."""

from __future__ import annotations

import re
import stat
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from app.congress.tables import load_tables
from app.delivery.packets import (
    PacketLetters,
    Sender,
    Spill,
    Split,
    parse_split,
    write_packets,
)
from app.delivery.writer_rows import BadRow, WriterRow
from app.documents.pdf import CHUNK, letters_data
from tests.congress.rehearsal import another_sits

from .conftest import TODAY, Make, campaign, index_of, opened, pages, person, tables


def read(*people: dict[str, object]) -> list[WriterRow | BadRow]:
    with PacketLetters(campaign(), tables(), now=TODAY, template="general") as letters:
        return list(letters.read(opened(*people)))


def test_each_office_has_one_pdf(make: Make) -> None:
    out = make([person(), person(first="Bo")])
    assert sorted(p.name for p in out.glob("*.pdf")) == [
        "IL-5-quigley.pdf", "IL-S2-durbin.pdf", "IL-S3-duckworth.pdf",
    ]  # fmt: skip
    assert [len(pages(p)) for p in out.glob("*.pdf")] == [3, 3, 3]


def test_the_cover_has_member_count_date_and_ask(make: Make) -> None:
    cover = pages(make([person(), person(first="Bo", city="Cicero")]) / "IL-5-quigley.pdf")[0]
    text = " ".join(cover.split())
    assert "The Honorable Mike Quigley" in text
    assert re.search(r"\b2 constituents wrote to Representative Quigley", text)
    assert "November 25, 2026" in text
    assert "asks for more cosponsors" in text
    assert "Chicago, IL" in text
    assert "Cicero, IL" in text


def test_the_cover_of_one_letter_says_one_constituent(make: Make) -> None:
    cover = " ".join(pages(make([person()]) / "IL-5-quigley.pdf")[0].split())
    assert "1 constituent wrote to" in cover


def test_letters_are_sorted_by_town_then_name_and_numbered(make: Make) -> None:
    people = [
        person(first="Zed", last="Young", city="Oak Park"),
        person(first="Bo", last="Ángel", city="Cicero"),
        person(first="Al", last="Zorn", city="CICERO"),
        person(first="Cy", last="Beck", city="Cicero"),
    ]
    out = make(people)
    found = [page.split("\n") for page in pages(out / "IL-5-quigley.pdf")[1:]]
    names = [next(n for n in ("Bo Ángel", "Cy Beck", "Al Zorn", "Zed Young") if n in lines)
             for lines in found]  # fmt: skip
    assert names == ["Bo Ángel", "Cy Beck", "Al Zorn", "Zed Young"]
    assert [f"No. {n} of 4" in " ".join(lines) for n, lines in enumerate(found, 1)] == [True] * 4
    rows = [row for row in index_of(out) if row["seat"] == "IL-5"]
    assert [(r["number"], r["of"], r["last"]) for r in rows] == [
        ("1", "4", "Ángel"), ("2", "4", "Beck"), ("3", "4", "Zorn"), ("4", "4", "Young"),
    ]  # fmt: skip


def test_a_letter_has_the_words_and_date_its_writer_approved(make: Make) -> None:
    words = "Dear {{ config }} is not a field.\n\nMy own <b>words</b> & {% raise %} stay."
    text = " ".join(pages(make([person(words=words)]) / "IL-S2-durbin.pdf")[1].split())
    assert "My own <b>words</b> & {% raise %} stay." in text
    assert "{{ config }}" in text
    assert "November 20, 2026" in text
    assert "Dear Senator Durbin:" in text


def test_without_stored_words_the_letter_is_composed_from_the_story(make: Make) -> None:
    vermont = {"state": "VT", "city": "Stowe", "zip": "05672", "district": ""}
    out = make([person(letters={}, story="The clinic where I work is quiet.", **vermont)])
    files = list(out.glob("*.pdf"))
    assert len(files) == 3
    assert all("The clinic where I work is quiet." in " ".join(pages(p)[1].split()) for p in files)


def test_only_the_offices_the_writer_chose_get_a_letter(make: Make) -> None:
    out = make([person(letters={"IL-S3": "Only to you, senator."})])
    assert [p.name for p in out.glob("*.pdf")] == ["IL-S3-duckworth.pdf"]


def test_the_index_lists_every_letter_without_formulas(make: Make) -> None:
    out = make([person(first="=1+1", last="@SUM(1)", city="\t=1+1"), person(last="-Ann")])
    rows = index_of(out)
    assert len(rows) == 6
    cells = [cell for row in rows for cell in row.values()]
    assert not [c for c in cells if c.lstrip()[:1] in ("=", "@")]
    assert "'=1+1" in cells
    assert "-Ann" in cells
    assert (out / "index.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    assert "=1+1" in pages(out / "IL-5-quigley.pdf")[1]


def test_packets_are_readable_only_by_their_owner(make: Make) -> None:
    out = make([person()])
    for path in (out, *out.iterdir()):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    assert not [p for p in out.iterdir() if p.name.startswith(".")]


def test_a_states_file_has_a_cover_before_each_office(make: Make) -> None:
    vermont = person(state="VT", city="Stowe", zip="05672", district="VT-0", letters={})
    out = make([person(), vermont], Split("state"))
    assert sorted(p.name for p in out.glob("*.pdf")) == ["IL.pdf", "VT.pdf"]
    texts = pages(out / "IL.pdf")
    assert len(texts) == 6
    covers = [i for i, text in enumerate(texts) if "wrote to" in text]
    assert covers == [0, 2, 4]


def test_a_split_by_size_stays_in_bounds_and_loses_no_letter(make: Make) -> None:
    people = [person(first=f"P{n}", letters={"IL-5": f"Mine is {n}."}) for n in range(7)]
    out = make(people, Split("size", letters=3))
    files = sorted(p.name for p in out.glob("*.pdf"))
    assert files == ["packet-part-2.pdf", "packet-part-3.pdf", "packet.pdf"]
    assert [len(pages(out / name)) for name in files] == [4, 2, 4]
    assert "begin with No. 4 of 7" in " ".join(pages(out / "packet-part-2.pdf")[0].split())
    words = " ".join(text for name in files for text in pages(out / name))
    assert all(f"Mine is {n}." in words for n in range(7))
    assert len(index_of(out)) == 7


def test_a_split_by_megabytes_starts_a_new_file_when_full(make: Make) -> None:
    people = [person(first=f"P{n}", letters={"IL-5": "Short."}) for n in range(CHUNK + 1)]
    out = make(people, Split("size", bytes=1))
    assert len(list(out.glob("*.pdf"))) == 2
    assert len(index_of(out)) == CHUNK + 1


@pytest.mark.parametrize(
    ("text", "split"),
    [
        ("office", Split("office")),
        ("state", Split("state")),
        ("500", Split("size", letters=500)),
        ("20MB", Split("size", bytes=20_000_000)),
        ("20 mb", Split("size", bytes=20_000_000)),
        ("9999999", Split("size", letters=1000)),
        ("0", None),
        ("-5", None),
        ("county", None),
        ("", None),
        ("5GB", None),
    ],
)
def test_a_split_is_parsed(text: str, split: Split | None) -> None:
    assert parse_split(text) == split


def test_packets_are_not_written_among_earlier_ones(make: Make) -> None:
    out = make([person()])
    with PacketLetters(campaign(), tables(), now=TODAY, template="general") as letters:
        list(letters.read(opened(person())))
        with pytest.raises(FileExistsError):
            list(write_packets(letters, out, Sender("N", "", TODAY)))
    assert len(index_of(out)) == 3


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"district": "", "zip": "60647", "letters": {}}, "Add district"),
        ({"district": "", "zip": "", "letters": {}}, "Add district"),
        *(
            ({"district": wrong, "zip": "60601", "letters": {}}, "not a district of that state")
            for wrong in ("IL-99", "TX-10", "twelve", "IL-5/xyz", "IL-5/")
        ),
        ({"congress": "120th", "letters": {}}, "the Congress as a number"),
        ({"template": "no-such"}, "no letter named 'no-such'"),
        ({"letters": {"CA-12": "Hello."}}, "CA-12 does not represent"),
    ],
)
def test_a_row_that_gives_no_letter_says_why(changes: dict[str, object], words: str) -> None:
    results = read(person(**changes))
    assert [type(r) for r in results] == [BadRow]
    assert words in getattr(results[0], "message", "")
    assert getattr(results[0], "number", 0) == 2


def test_a_vacant_seat_is_reported_and_the_others_get_their_letters() -> None:
    vacant = next(h for h in tables().holders if h.vacant and h.seat.chamber == "house")
    state, seat = vacant.seat.state, vacant.seat.id
    senator = tables().senators(state)[0].seat.id
    people = person(state=state, district=seat, letters={seat: "Hello.", senator: "Hello."})
    with PacketLetters(campaign(), tables(), now=TODAY, template="general") as letters:
        results = list(letters.read(opened(people)))
        assert [getattr(r, "message", "") for r in results] == [
            f"{seat} is vacant now, so its letter is left out."
        ]
        assert [pile.holder.seat.id for pile in letters.piles()] == [senator]


def test_a_letter_to_a_member_who_left_is_not_put_in_the_successors_packet(tmp_path: Path) -> None:
    another_sits(tmp_path, "IL-5", date(2026, 11, 22))
    installed = load_tables(tmp_path, TODAY)
    people = opened(person(), person(letters={}))
    people.append(replace(people[0], day=date(2026, 11, 23)))
    with PacketLetters(campaign(), installed, now=TODAY, template="general") as letters:
        results = list(letters.read(people))
        (told,) = (r.message for r in results if isinstance(r, BadRow))
        assert told == (
            "IL-5 has had a new member since 2026-11-22. The letter was to the previous one, "
            "so it is left out."
        )
        # Without approved words, or with words from after noon, the letter goes to the successor.
        assert [len(pile.letters) for pile in letters.piles()] == [2, 3, 3]


def test_military_mail_keeps_its_address_in_the_home_states_packet(make: Make) -> None:
    soldier = person(
        street="PSC 88 Box 1203", city="APO", state="AE", zip="09012",
        home_state="IL", home_zip="60618",
    )  # fmt: skip
    text = pages(make([soldier]) / "IL-S2-durbin.pdf")[1]
    assert "APO, AE 09012" in text


@pytest.mark.parametrize("name", ["陳美玲", "שירה לוי", "ليلى حداد", "🐢 Lee", "Siobhán O'Dell"])
def test_names_in_any_script_are_on_letter_and_index(make: Make, name: str) -> None:
    out = make([person(first=name, last="")])
    assert index_of(out)[0]["first"] == name
    assert "\ufffd" not in pages(out / "IL-5-quigley.pdf")[1]


def test_an_empty_chunk_is_refused() -> None:
    with pytest.raises(ValueError, match="1 to"):
        letters_data([])


def test_a_long_letter_has_page_numbers_and_its_own_number(make: Make) -> None:
    texts = pages(make([person(words="\n\n".join(["A long story. " * 40] * 12))])
                  / "IL-5-quigley.pdf")  # fmt: skip
    assert len(texts) > 2
    assert all("No. 1 of 1" in text for text in texts[1:])
    assert "Page 2" in texts[2]


def test_spilled_letters_are_encrypted_on_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    spill = Spill()
    places = [spill.add({"story": f"A secret story {n}"}) for n in range(3)]
    assert [spill.get(p)["story"] for p in reversed(places)] == [
        "A secret story 2", "A secret story 1", "A secret story 0",
    ]  # fmt: skip
    spill._file.seek(0)
    assert b"secret" not in spill._file.read()
    spill.close()


def test_a_letter_in_spanish_alone_stays_spanish_in_the_packet(make: Make) -> None:
    place = {"city": "San Juan", "state": "PR", "zip": "00901", "district": "PR-0"}
    words = {"PR-0": "Vivo en San Juan.\n\nGracias."}
    out = make([person(**place, letters=words, tongue="es")])
    letter = pages(next(out.glob("PR-*.pdf")))[1]
    assert "Honorable Pablo José Hernández:" in letter
    assert "Asunto: " in letter
    assert "Atentamente," in letter
