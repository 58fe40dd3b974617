"""Rows that may be someone who is already counted: shown before they count, then decided."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.records.acts import SignatureRequest
from app.records.counts import totals
from app.records.database import Connection, open_database
from app.records.paper import CountableRow, Earlier, PaperLetters
from app.records.paper_plan import Choices, ImportPlan
from app.records.persons import likely, lookalikes
from app.records.signing import sign
from tests.organizers.browser import Browser
from tests.organizers.conftest import Office
from tests.packets.conftest import campaign

from .conftest import ANA, NOW, TODAY, csv_file, planned, upload
from .test_pages import PERSON, send, signatures
from .test_plan import carried_out, people, row

IMANI = ("Imani", "Okafor", "44 Maple St", *ANA[3:7])
"""Without an email address."""
MOVED = ("Imani", "Okafor", "9 Oak Ave", *ANA[3:7], "")
INITIAL = ("I.", "Okafor", "44 Maple St", *ANA[3:7], "")
TAGGED = ("I", "Okafor", "1 Elm St", *ANA[3:5], "05401", "", "imani+fair@example.org")


def counted_row(person: Sequence[str]) -> CountableRow:
    names = ("first", "last", "street", "city", "state", "zip", "district", "email")
    found = row(**dict(zip(names, person, strict=True)))
    assert isinstance(found, CountableRow)
    return found


def online(db: Connection, person: Sequence[str]) -> None:
    """Sign on the site."""
    found = counted_row(person)
    request = SignatureRequest(
        key="k", person=found.person, campaign=campaign().slug, day=TODAY, at=NOW, state="VT",
        district=0, template="general", version="v", length="full", language="en",
        match="zip", source="", edited=False, own_share=0,
        letters=PaperLetters(campaign(), TODAY).to(found.delegation),
    )  # fmt: skip
    sign(db, request, b"s" * 32)


def pairs(plan: ImportPlan) -> dict[str, list[tuple[object, str]]]:
    return {
        one.key: [(key, by) for key, by, _values in one.rows]
        + [(earlier, by) for earlier, by in one.signatures]
        for one in plan.likely
    }


def test_an_undecided_repeat_is_shown_with_its_likely_matches(db: Connection) -> None:
    plan = planned(csv_file((*IMANI, ""), MOVED, INITIAL, TAGGED, ANA), db)
    assert pairs(plan) == {"3": [("2", "name")], "4": [("2", "house")]}
    assert plan.ready
    assert [good.key for good in plan.new] == ["2", "3", "4", "5", "6"]


def test_online_signers_are_recognized_or_shown_as_likely_repeats(
    db: Connection,
) -> None:
    """N01"""
    online(db, (*IMANI, "imani@example.org"))
    plan = planned(csv_file((*IMANI, ""), MOVED, TAGGED), db)
    assert plan.before == ("2",)
    signed = Earlier(TODAY, "", on_paper=False)
    assert pairs(plan) == {"3": [("2", "name"), (signed, "name")], "4": [(signed, "mailbox")]}
    carried_out(plan, db)
    assert lookalikes(db, campaign().slug) == [(1, 2, 3)]


@pytest.mark.parametrize(
    ("person", "by"), [(MOVED, "name"), (TAGGED, "mailbox"), (INITIAL, "house")]
)
def test_one_person_alone_is_compared_with_the_signatures_of_a_campaign(
    db: Connection, person: Sequence[str], by: str
) -> None:
    online(db, (*IMANI, "imani@example.org"))
    asked = [counted_row(person).person]
    assert likely(db, campaign().slug, asked) == [{1: by}]
    assert likely(db, "another", asked) == [{}]


def test_an_earlier_paper_signature_is_shown_with_day_and_source(db: Connection) -> None:
    carried_out(planned(csv_file((*IMANI, "")), db), db)
    plan = planned(csv_file(MOVED), db)
    assert pairs(plan) == {"2": [(Earlier(TODAY, "fair", on_paper=True), "name")]}


def test_a_row_marked_as_the_same_person_is_not_counted_nor_are_its_repeats(db: Connection) -> None:
    plan = planned(csv_file((*IMANI, ""), INITIAL, INITIAL), db, Choices(same=frozenset({"3"})))
    assert [good.key for good in plan.new] == ["2"]
    assert plan.same == ("3",)
    assert plan.twice == (("4", "3"),)
    assert plan.ready


def test_marking_a_row_without_likely_matches_changes_nothing(db: Connection) -> None:
    plan = planned(csv_file(ANA, MOVED), db, Choices(same=frozenset({"2", "3", "9"})))
    assert [good.key for good in plan.new] == ["2", "3"]
    assert plan.same == ()


def test_a_sheet_full_of_one_name_lists_few_matches_per_row(db: Connection) -> None:
    rows = [("Imani", "Okafor", f"{n} Oak Ave", *ANA[3:]) for n in range(60)]
    plan = planned(csv_file(*rows), db)
    assert len(plan.likely) == 59
    assert max(len(one.rows) for one in plan.likely) == 5


def test_the_fifth_person_at_one_mailbox_is_listed_and_not_counted(db: Connection) -> None:
    names = ["Ana", "Bo", "Cy", "Di", "Eve", "Flo"]
    rows = [(name, "Li", "12 Main St", *ANA[3:7], "home@example.org") for name in names]
    carried_out(planned(csv_file(*rows[:2]), db), db)
    plan = planned(csv_file(*rows), db)
    assert (plan.before, [good.key for good in plan.new], plan.full) == (
        ("2", "3"), ["4", "5"], ("6", "7"),
    )  # fmt: skip
    added = carried_out(plan, db)
    assert (added.signatures, added.before) == (2, 0)


@settings(max_examples=25, deadline=None)
@given(
    rows=st.lists(people, min_size=1, max_size=12),
    before=st.integers(0, 6),
    same=st.frozensets(st.integers(2, 13).map(str)),
)
def test_decisions_about_likely_repeats_are_carried_out_for_any_sheet(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, ...]], before: int,
    same: frozenset[str],
) -> None:  # fmt: skip
    folder = tmp_path_factory.mktemp("plan")
    with closing(open_database(folder / "site.db")) as db:
        first = planned(csv_file(*rows[:before], ANA), db)
        carried_out(first, db)
        plan = planned(csv_file(*rows), db, Choices(same=same))
        assert set(plan.same) == same & {one.key for one in plan.likely}
        added = carried_out(plan, db)
        assert (added.signatures, added.before) == (len(plan.new), 0)
        assert totals(db, campaign().slug).signatures == len(first.new) + len(plan.new)
        after = planned(csv_file(*rows), db, Choices(same=same))
        assert after.new == ()


# --- on the page -----------------------------------------------------------------------------


def test_likely_repeats_are_shown_and_counted_unless_checked(
    editor: Browser, staff: Office
) -> None:
    upload(editor, csv_file((*IMANI, ""), MOVED))
    assert editor.status == 200
    assert "One row may be someone who is already counted" in editor.words
    assert (
        "row 2 (Imani, Okafor, 44 Maple St, 05672): the same name in the same ZIP" in editor.words
    )
    send(editor, **{"same-3": "1"})
    assert "One signature can be added." in editor.words
    assert editor.page.by_id("same-3").get("checked") is not None
    send(editor, "add", **{"same-3": "1"})
    assert "One row was not counted, because you said" in editor.words
    assert signatures(staff) == 1


def test_checking_a_repeat_and_adding_at_once_shows_the_numbers_first(
    editor: Browser, staff: Office
) -> None:
    upload(editor, csv_file((*IMANI, ""), MOVED))
    send(editor, "add", **{"same-3": "1"})
    assert "Look at them again, then add." in editor.words
    assert signatures(staff) == 0


def test_a_repeat_can_be_unchecked(editor: Browser, staff: Office) -> None:
    upload(editor, csv_file((*IMANI, ""), MOVED))
    send(editor, **{"same-3": "1"})
    path, form = editor.form("/paper/check")
    form.pop("same-3")
    form.pop("add")
    editor.post(path, form)
    assert "2 signatures can be added." in editor.words
    send(editor, "add")
    assert signatures(staff) == 2


def test_entering_a_likely_repeat_asks_before_counting(editor: Browser, staff: Office) -> None:
    editor.get("/organize/paper/enter")
    editor.send("/enter", **PERSON)
    other = {**PERSON, "street": "80 Birch St"}
    editor.send("/enter", **other)
    assert editor.status == 422
    assert "a signature on paper of November 25, 2026 (paper): the same name" in editor.words
    assert signatures(staff) == 1
    editor.send("/enter", skip="1")
    assert "Nothing was added for the same person." in editor.words
    assert editor.form("/enter")[1]["city"] == "Stowe"
    editor.send("/enter", **other)
    path, form = editor.form("/enter")
    form.pop("skip")
    editor.post(path, {**form, "apart": "1"})
    assert "Added." in editor.words
    assert signatures(staff) == 2
