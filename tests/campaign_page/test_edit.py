"""Changing fields of campaign.toml keeps the rest of the file, above all its comments."""

from __future__ import annotations

import tomllib
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.campaign import edit
from app.campaign.campaign_fields import (
    LISTS,
    NAMED,
    SECTIONS,
    field_at,
    field_paths,
    section_paths,
    without_index,
)
from app.campaign.load import read_campaign
from app.campaign.toml_text import blocks_of, insert_block, line_kinds, move_block, remove_block
from tests.campaign_page.conftest import FOLDER

TOML = (FOLDER / "campaign.toml").read_text(encoding="utf-8")
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


def every_path(text: str) -> tuple[str, ...]:
    paths = [path for name in SECTIONS for path in section_paths(name)]
    for name in LISTS:
        for place in range(edit.count_of(text, name)):
            paths += field_paths(name, place)
    return tuple(paths)


def comments(text: str) -> Counter[str]:
    """Every comment, on separate lines and after values."""
    lines = text.split("\n")
    found = Counter(
        line.strip() for line, kind in zip(lines, line_kinds(lines), strict=True)
        if kind == "comment"
    )  # fmt: skip
    for line, kind in zip(lines, line_kinds(lines), strict=True):
        if kind in ("value", "header") and "   # " in line and '"' not in line:
            found["# " + line.partition("   # ")[2].strip()] += 1
    return found


def changed(text: str, **values: str) -> str:
    result = edit.set_fields(text, {k.replace("__", "."): v for k, v in values.items()})
    assert isinstance(result, str), result
    return result


def test_saving_the_fields_as_shown_changes_nothing() -> None:
    paths = every_path(TOML)
    assert len(paths) > 250
    assert edit.set_fields(TOML, edit.read_fields(TOML, paths)) == TOML
    assert edit.problems_by_field("x", TOML) == {}


def test_changing_a_date_leaves_all_else_byte_for_byte() -> None:
    after = changed(TOML, as_of="11/20/2026")
    assert after == TOML.replace("as_of = 2026-03-27  ", "as_of = 2026-11-20  ", 1)


def test_a_comment_stays_when_its_value_is_removed() -> None:
    text = TOML.replace("introduced = 2025-12-18\n", "introduced = 2025-12-18   # the first day\n")
    after = changed(text, bills__house__introduced="")
    assert comments(after) == comments(text)
    assert "introduced" not in tomllib.loads(after)["bills"]["house"]
    again = changed(after, bills__house__introduced="2025-12-18")
    assert comments(again) == comments(text)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([p for p in every_path(TOML) if without_index(p) != "facts.id"]), WORDS)
def test_any_words_in_any_field_read_back_and_keep_comments(path: str, typed: str) -> None:
    kind = field_at(path).kind
    result = edit.set_fields(TOML, {path: typed})
    if isinstance(result, dict):
        assert list(result) == [path]
        return
    assert not comments(TOML) - comments(result)
    before, after = tomllib.loads(TOML), tomllib.loads(result)
    if kind in ("line", "words", "pattern", "condition", "text"):
        shown = edit.read_fields(result, (path,))[path]
        assert shown == field_at(path).clean(typed)
    set_to_nothing(before, path)
    set_to_nothing(after, path)
    assert before == after


def set_to_nothing(data: Any, path: str) -> None:
    *way, key = path.split(".")
    if way and way[0] in NAMED:
        way[1] = list(data[way[0]])[int(way[1])]
    for part in way:
        data = data[int(part)] if isinstance(data, list) else data.setdefault(part, {})
    data.pop(key, None)


@pytest.mark.parametrize(
    ("path", "typed", "why"),
    [
        ("as_of", "soon", "day"),
        ("as_of", "2026-02-30", "day"),
        ("congress", "one hundred", "whole"),
        ("congress", "", "empty"),
        ("congress", "-1", "whole"),
        ("congress", "١١٩", "whole"),
        ("ends", "2027-01-03", "moment"),
        ("ends", "2027-01-03 25:00", "moment"),
        ("last_day.house", "17 December", "day"),
        ("facts.0.as_of", "last spring", "day"),
        ("related.0.congress", "the 115th", "whole"),
        ("states.requires", "FL, XX", "list"),
        ("states.limits", "Atlantis", "list"),
        ("bills.house.number", "the bill", "bill-number"),
    ],
)
def test_an_unreadable_value_is_an_error_at_its_field(path: str, typed: str, why: str) -> None:
    wrong = edit.set_fields(TOML, {path: typed})
    assert isinstance(wrong, dict)
    assert {field: what.code for field, what in wrong.items()} == {path: why}


@pytest.mark.parametrize(
    ("path", "typed"),
    [
        ("title", ""),
        ("last_day.house", ""),
        ("bills.house.number", "S. 1336"),
        ("asks.0.text", "Dear {{ nobody }}"),
        ("asks.3.text", "{% if x %}"),
        ("asks.5.opening", "{{ ''.__class__ }}"),
        ("asks.2.when", "stance = cosponsor"),
        ("asks.1.summary", ""),
        ("asks.0.text_es", "{% for a in b %}{% endfor %}"),
        ("time.pending", "{{ 9**9**9 }}"),
        ("prompts.0.who", ""),
        ("forbidden.2.pattern", "(unclosed"),
        ("forbidden.0.advice", ""),
        ("facts.0.text", ""),
        ("facts.2.text", "long " * 200),
        ("facts.7.source", ""),
        ("facts.3.as_of", ""),
        ("additions.1.when", "committee_role = 'chair'"),
        ("additions.2.text", "Dear {{ legislater_name }}"),
        ("additions.6.short_es", "{% if x %}"),
        ("additions.0.text", ""),
        ("related.3.title", ""),
        ("related.3.id", "Not An Id"),
        ("related.4.id", "hr1236-115"),
        ("committees.house.name", ""),
        ("committees.senate.code", ""),
        ("timezone", "Mars/Olympus"),
        ("states.limits", "FL, NJ"),
    ],
)
def test_an_invalid_value_is_reported_at_its_field(path: str, typed: str) -> None:
    result = edit.set_fields(TOML, {path: typed})
    assert isinstance(result, str)
    assert list(edit.problems_by_field("x", result)) == [path]


@pytest.mark.parametrize("first", ["", "\n\n# a heading\n\n"])
def test_a_missing_ask_for_everyone_else_is_reported_for_the_whole_file(first: str) -> None:
    text = first + TOML[TOML.index("title = ") :]
    last = edit.count_of(TOML, "asks") - 1
    found = edit.problems_by_field("x", changed(text, **{f"asks__{last}__when": 'type == "sen"'}))
    assert list(found) == [""]
    assert found[""].code == "nobody-left"


def test_a_long_text_keeps_its_lines_and_quotes() -> None:
    typed = 'One “two” "three" """ four \\ five\r\n\r\n{{ time_note }}  \r\nsix'
    after = changed(TOML, asks__0__text=typed)
    assert tomllib.loads(after)["asks"][0]["text"].strip("\n") == (
        'One “two” "three" """ four \\ five\n\n{{ time_note }}\nsix'
    )


# --- whole tables ---------------------------------------------------------------------------


def tables_of(text: str, name: str) -> list[Any]:
    found = tomllib.loads(text)[name]
    return list(found.items()) if isinstance(found, dict) else list(found)


@pytest.mark.parametrize("name", LISTS)
def test_tables_move_and_move_back_and_comments_stay_in_place(name: str) -> None:
    count = edit.count_of(TOML, name)
    moved = move_block(TOML, name, 0, count - 1)
    before, after = tables_of(TOML, name), tables_of(moved, name)
    assert after == [*before[1:], before[0]]
    where = [n for n, line in enumerate(TOML.split("\n")) if line.startswith("# --- ")]
    for heading in (TOML.split("\n")[n] for n in where):
        head = moved.split("\n").index(heading)
        assert moved.split("\n")[head - 1] == ""
    assert comments(moved) == comments(TOML)
    assert move_block(moved, name, count - 1, 1 - count) == TOML


def test_a_table_at_either_end_does_not_move_past_it() -> None:
    assert move_block(TOML, "asks", 0, -1) == TOML
    last = edit.count_of(TOML, "asks") - 1
    assert move_block(TOML, "asks", last, 1) == TOML
    assert move_block(TOML, "asks", 99, 1) == TOML


def test_a_comment_right_above_a_table_moves_with_it() -> None:
    text = "[[a]]\nid = 1\n\n# about two\n[[a]]\nid = 2\n\n# about the rest\n\n[b]\nx = 1\n"
    assert move_block(text, "a", 0, 1) == (
        "# about two\n[[a]]\nid = 2\n\n[[a]]\nid = 1\n\n# about the rest\n\n[b]\nx = 1\n"
    )


def test_a_comment_right_above_another_table_stays_with_that_table() -> None:
    text = "[[a]]\nid = 1\n\n[[a]]\nid = 2\n# about b\n[b]\nx = 1\n"
    assert move_block(text, "a", 0, 1) == (
        "[[a]]\nid = 2\n\n[[a]]\nid = 1\n# about b\n[b]\nx = 1\n"
    )


def test_text_that_looks_like_toml_is_only_text() -> None:
    text = '[[a]]\nt = """\n[[a]]\n# no comment\nid = 3\n"""\n\n[[a]]\nt = "[[a]]"\n'
    assert len(blocks_of(text, "a")) == 2
    assert tomllib.loads(move_block(text, "a", 1, -1))["a"] == tomllib.loads(text)["a"][::-1]


@pytest.mark.parametrize("name", LISTS)
def test_a_table_is_added_and_removed(name: str) -> None:
    values = dict.fromkeys((f.key for f in LISTS[name]), "words")
    values |= {"id": "new_one", "when": 'type == "sen"', "stages": "pending"}
    values["number"] = "1415" if name == "figures" else "S. 12"
    values |= {"as_of": "2026-11-20", "kind": "opposes", "chamber": "senate", "congress": "118"}
    values = {key: value for key, value in values.items() if key in {f.key for f in LISTS[name]}}
    body = edit.new_table(name, values)
    for place in (0, 2, 99):
        more = insert_block(TOML, name, place, body)
        assert edit.count_of(more, name) == edit.count_of(TOML, name) + 1
        told = list(edit.problems_by_field("x", more))
        assert told == ([""] if (name, place) == ("asks", 99) else [])
        assert comments(more) == comments(TOML)
        here = min(place, edit.count_of(TOML, name))
        assert tomllib.loads(remove_block(more, name, here)) == tomllib.loads(TOML)


def test_the_first_table_of_its_kind_is_added_at_the_end() -> None:
    body = edit.new_table("prompts", {"who": "a", "who_es": "b", "text": "c", "text_es": "d"})
    assert (
        tomllib.loads(insert_block("title = 1\n", "prompts", 0, body))["prompts"][0]["who"] == "a"
    )


def test_an_edited_campaign_still_loads(files: dict[str, str]) -> None:
    text = changed(TOML, as_of="2026-11-20", bills__senate__number="S. 12")
    text = move_block(text, "prompts", 0, 3)
    campaign = read_campaign("x", {**files, "campaign.toml": text})
    assert campaign.bills["senate"].number == "S. 12"


def test_a_fact_is_edited_by_position_and_keeps_its_name() -> None:
    names = edit.read_column(TOML, "facts", "id")
    assert names[:2] == ("growth", "routine")
    after = changed(TOML, facts__1__text="Half of them.", facts__1__id="another")
    assert tomllib.loads(after)["facts"]["routine"]["text"] == "Half of them."
    assert list(tomllib.loads(after)["facts"]) == list(names)


def test_removing_a_fact_that_an_ask_prints_is_reported_at_the_ask() -> None:
    text = changed(TOML, asks__0__text="{{ fact_chiefs }} I ask you to cosponsor.")
    place = edit.read_column(text, "facts", "id").index("chiefs")
    assert list(edit.problems_by_field("x", remove_block(text, "facts", place))) == ["asks.0.text"]


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Florida; nueva york,tx", ["FL", "NY", "TX"]),
        ("tx fl tx", ["FL", "TX"]),
        ("Puerto Rico, District of Columbia", ["DC", "PR"]),
    ],
)
def test_states_can_be_typed_by_name_or_code(typed: str, kept: list[str]) -> None:
    assert tomllib.loads(changed(TOML, states__requires=typed))["states"]["requires"] == kept


def test_a_committee_is_removed_and_put_back() -> None:
    paths = {
        f"committees__senate__{key}": "" for key in ("code", "subcommittee", "name", "name_es")
    }
    without = changed(TOML, **paths)
    assert edit.problems_by_field("x", without) == {}
    back = changed(
        without, committees__senate__code="SSJU", committees__senate__subcommittee="SSJU04",
        committees__senate__name="Judiciary Committee",
        committees__senate__name_es="Comité Judicial",
    )  # fmt: skip
    assert tomllib.loads(back) == tomllib.loads(TOML)


def test_a_flag_is_set_and_returned_to_the_sites_default() -> None:
    on = changed(TOML, confirm_email="true")
    assert tomllib.loads(on)["confirm_email"] is True
    assert edit.read_fields(on, ("confirm_email",)) == {"confirm_email": "true"}
    assert tomllib.loads(changed(on, confirm_email="")) == tomllib.loads(TOML)


def test_a_file_keeps_its_byte_order_mark_and_line_endings(files: dict[str, str]) -> None:
    marked = "\ufeff" + TOML.replace("\n", "\r\n")
    assert edit.set_fields(marked, edit.read_fields(marked, every_path(TOML))) == marked
    after = changed(marked, as_of="2026-11-20")
    assert after.startswith("\ufeff")
    assert after.count("\r\n") == marked.count("\r\n")
    assert read_campaign("x", {**files, "campaign.toml": after}).as_of.day == 20
    assert edit.problems_by_field("x", after) == {}


def test_every_value_of_the_file_has_a_field() -> None:
    """Except the marks of translations, which the page maintains."""
    data = tomllib.loads(TOML)
    for path in every_path(TOML):
        set_to_nothing(data, path)
    del data["reading_aid_of"]
    assert not leaves(data)


def leaves(data: Any) -> list[Any]:
    if isinstance(data, dict):
        return [leaf for value in data.values() for leaf in leaves(value)]
    if isinstance(data, list):
        return [leaf for value in data for leaf in leaves(value)]
    return [data]


@pytest.mark.parametrize("typed", ["hr 6891", "H.R.6891", "House Bill No. 6891"])
def test_a_bill_number_is_stored_as_letters_print_it(typed: str) -> None:
    after = changed(TOML, bills__house__number=typed)
    assert tomllib.loads(after)["bills"]["house"]["number"] == "H.R. 6891"


def test_a_prompt_may_be_left_empty_in_spanish() -> None:
    after = changed(TOML, prompts__0__text_es="", prompts__0__who_es="")
    assert edit.problems_by_field("x", after) == {}


def test_changes_to_the_bill_that_signatures_name_are_listed() -> None:
    other = changed(TOML, bills__house__number="H.R. 1", congress="120", title="Another")
    assert edit.fixed_changes(TOML, other) == ("congress", "bills.house.number")
    companion = changed(TOML, bills__senate__number="S. 99")
    assert edit.fixed_changes(TOML, companion) == ()
