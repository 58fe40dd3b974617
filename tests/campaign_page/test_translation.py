"""Which English each Spanish paragraph translates, and when it is stale."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.campaign import edit, reading_aids
from app.campaign.load import read_campaign, read_files
from app.campaign.reading_aids import (
    TypedParagraph,
    join,
    mark_of,
    pair,
    paragraphs,
    read_marks,
    write_marks,
)
from tests.campaign_page.conftest import FOLDER

ENGLISH = "One here.\n\nTwo\nhere.\n\n{% if a %}\nThree\n{% endif %}"
SPANISH = "Uno.\n\nDos.\n\nTres."


def note(english: str) -> str:
    return write_marks(mark_of(p) for p in paragraphs(english))


def states(english: str, spanish: str, marks: str) -> list[tuple[str, str]]:
    return [(p.spanish, p.state) for p in pair(english, spanish, marks)]


def test_paragraphs_translated_from_this_english_are_current() -> None:
    assert {p.state for p in pair(ENGLISH, SPANISH, note(ENGLISH))} == {"current"}
    broken = ENGLISH.replace("Two\nhere.", "Two here.")
    assert {p.state for p in pair(broken, SPANISH, note(ENGLISH))} == {"current"}


def test_only_a_changed_paragraph_is_stale() -> None:
    assert states(ENGLISH.replace("Two", "Two and a half"), SPANISH, note(ENGLISH)) == [
        ("Uno.", "current"), ("Dos.", "stale"), ("Tres.", "current"),
    ]  # fmt: skip


def test_a_new_paragraph_is_missing_and_the_others_stay_paired() -> None:
    assert states("New.\n\n" + ENGLISH, SPANISH, note(ENGLISH)) == [
        ("", "missing"), ("Uno.", "current"), ("Dos.", "current"), ("Tres.", "current"),
    ]  # fmt: skip


def test_a_paragraph_without_its_english_is_left_over() -> None:
    shorter = ENGLISH.replace("One here.\n\n", "")
    assert states(shorter, SPANISH, note(ENGLISH))[0] == ("Uno.", "left_over")


@pytest.mark.parametrize("marks", ["", "ab12cd34", "nonsense !", "- - -"])
def test_without_a_note_every_state_is_unknown(marks: str) -> None:
    assert {s for _t, s in states(ENGLISH, SPANISH, marks)} == {"unknown"}


def typed(fits: bool = False, spanish: str = "Dos.", mark: str = "00000000") -> TypedParagraph:
    return TypedParagraph(mark_of("Two"), spanish, "Dos.", mark, fits)


def test_saving_marks_paragraphs_changed_or_confirmed() -> None:
    assert join([typed()]) == ("Dos.", "00000000")
    assert join([typed(fits=True)]) == ("Dos.", mark_of("Two"))
    assert join([typed(spanish="Dos!")]) == ("Dos!", mark_of("Two"))
    assert join([typed(spanish="")]) == ("", "")
    assert join([typed(spanish="Dos.\r\n\r\nY más.")])[1] == f"{mark_of('Two')} {mark_of('Two')}"


BODY = st.lists(st.text("ab {}%\n", min_size=1).map(str.strip).filter(bool), max_size=6)


@given(BODY, BODY)
def test_pairing_loses_no_paragraph(ours: list[str], theirs: list[str]) -> None:
    english, spanish = "\n\n".join(ours), "\n\n".join(theirs)
    for marks in ("", note(spanish), note(english)):
        found = pair(english, spanish, marks)
        assert tuple(p.english for p in found if p.english) == paragraphs(english)
        assert tuple(p.spanish for p in found if p.spanish) == paragraphs(spanish)


@given(st.lists(st.sampled_from(["aaaaaaaa", "0123abcd", "-"])))
def test_marks_round_trip(marks: list[str]) -> None:
    assert list(read_marks(write_marks(marks))) == marks


def bodies(name: str) -> tuple[str, str, str]:
    english = (FOLDER / name).read_text(encoding="utf-8")
    spanish = (FOLDER / name.replace(".txt", ".es.txt")).read_text(encoding="utf-8")
    head, _, rest = spanish.removeprefix("+++\n").partition("+++\n")
    return english.split("+++\n", 2)[2], rest, str(tomllib.loads(head).get("reading_aid_of", ""))


LETTERS = sorted(p for p in FOLDER.glob("*.txt") if not p.name.endswith(".es.txt"))


@pytest.mark.parametrize("path", LETTERS, ids=lambda p: p.name)
def test_every_shipped_reading_aid_is_current(path: Path) -> None:
    assert {p.state for p in pair(*bodies(path.name))} == {"current"}


# --- asks ----------------------------------------------------------------------------------


def test_every_shipped_ask_has_current_spanish(toml: str) -> None:
    assert reading_aids.parts_to_translate(toml) == {}
    for place in range(edit.count_of(toml, "asks")):
        assert set(reading_aids.aid_states(toml, "asks", place).values()) <= {"current", "none"}


def change(text: str, **values: str) -> str:
    result = edit.set_fields(text, {f"asks.0.{key}": value for key, value in values.items()})
    assert isinstance(result, str)
    return result


@pytest.mark.parametrize("noted", [True, False])
def test_changed_english_makes_spanish_stale_until_changed_or_confirmed(
    toml: str, noted: bool
) -> None:
    text = toml if noted else toml.partition("[reading_aid_of]")[0]
    english = change(text, summary="Something else.")
    after = reading_aids.note_aids(text, english, "asks", 0)
    assert reading_aids.aid_states(after, "asks", 0)["summary"] == "stale"
    assert ("asks", "text") not in reading_aids.parts_to_translate(after)
    assert reading_aids.parts_to_translate(after) == {("asks", "sponsor"): 1}
    later = reading_aids.note_aids(after, change(after, opening="Thanks."), "asks", 0)
    assert reading_aids.parts_to_translate(later) == {("asks", "sponsor"): 2}
    confirmed = reading_aids.note_aids(later, later, "asks", 0, fits={"summary"})
    assert reading_aids.aid_states(confirmed, "asks", 0)["summary"] == "current"
    spanish = reading_aids.note_aids(confirmed, change(confirmed, opening_es="Gracias."), "asks", 0)
    assert reading_aids.parts_to_translate(spanish) == {}


def test_removed_spanish_is_missing(toml: str) -> None:
    after = reading_aids.note_aids(toml, change(toml, text_es=""), "asks", 0)
    assert reading_aids.aid_states(after, "asks", 0)["text"] == "missing"
    assert (
        reading_aids.aid_states(change(after, opening="", opening_es=""), "asks", 0)["opening"]
        == "none"
    )


def test_notes_are_stored_in_the_file_and_do_not_break_loading(
    files: dict[str, str], toml: str
) -> None:
    bare = toml.partition("[reading_aid_of]")[0]
    assert reading_aids.aid_states(bare, "asks", 0)["text"] == "unknown"
    noted = reading_aids.note_aids(bare, bare, "asks", 0, {"text"})
    assert reading_aids.aid_states(noted, "asks", 0)["text"] == "current"
    assert reading_aids.note_aids(noted, noted, "asks", 0) == noted
    assert read_campaign("x", {**files, "campaign.toml": noted})
    assert edit.problems_by_field("x", noted) == {}


@pytest.mark.parametrize(
    ("path", "name", "place", "key"),
    [
        ("facts.0.text", "facts", 0, ("facts", "growth")),
        ("additions.2.text", "additions", 2, ("additions", "committee-last-weeks")),
        ("time.pending", "time", 0, ("time", "time")),
        ("telephone.about", "telephone", 0, ("telephone", "telephone")),
    ],
)
def test_changed_english_makes_facts_and_other_texts_stale(
    toml: str, path: str, name: str, place: int, key: tuple[str, str]
) -> None:
    def change(text: str, value: str, at: str) -> str:
        result = edit.set_fields(text, {at: value})
        assert isinstance(result, str)
        return reading_aids.note_aids(text, result, name, place)

    english = change(toml, "Other words.", path)
    assert reading_aids.parts_to_translate(english) == {key: 1}
    read_campaign("x", {**read_files(FOLDER), "campaign.toml": english})
    again = change(english, "Still other words.", path)
    assert reading_aids.parts_to_translate(again) == {key: 1}
    assert reading_aids.parts_to_translate(change(again, "Otras palabras.", f"{path}_es")) == {}
    fits = path.rpartition(".")[2]
    assert (
        reading_aids.parts_to_translate(reading_aids.note_aids(again, again, name, place, {fits}))
        == {}
    )
