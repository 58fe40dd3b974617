"""Files as parts of a form and back, differences, merges, and the survey by ask."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.campaign.entities import Campaign, LetterTemplate
from app.campaign.letter_file import HEADING, join_source, split_source, version_of
from app.campaign.load import read_campaign, read_files
from app.campaign.stance import moments
from app.campaign.survey import survey
from app.campaign.text_changes import changes, merge, word_changes
from app.congress.tables import load_tables
from app.site.settings import ROOT

SLUG = "protect-immigration-act"
FILES = read_files(ROOT / "letters" / SLUG)
LETTERS = sorted(name for name in FILES if name.endswith(".txt"))
line = st.text(
    st.characters(exclude_characters="\r\n\ufeff", exclude_categories=("Cs", "Cc")), max_size=20
)
text = st.lists(line, max_size=8).map("\n".join)
WORDS = ["one", "two", "three", "four", " ", "\n", ". "]
prose = st.lists(st.sampled_from(WORDS), max_size=30).map("".join)
once = st.permutations([f"word{n}" for n in range(12)]).flatmap(
    lambda words: st.lists(st.sampled_from([" ", ". ", "\n", "\n\n"]), max_size=12).map(
        lambda gaps: "".join(word + gap for word, gap in zip(words, gaps, strict=False))
    )
)
"""Prose in which no word is repeated, so that every change has one place."""


# --- parts --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", LETTERS)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_an_unchanged_form_keeps_the_file_byte_for_byte(name: str, end: str) -> None:
    source = FILES[name].replace("\n", end)
    parts = split_source(source)
    assert parts is not None
    assert join_source(source, parts.heading, parts.words.replace("\n", "\r\n")) == source


@given(st.dictionaries(st.sampled_from(HEADING), line.filter(bool)), text)
def test_typed_parts_read_back_from_the_file(heading: dict[str, str], words: str) -> None:
    parts = split_source(join_source("", heading, words))
    assert parts is not None
    assert parts.heading == heading
    assert parts.words.strip("\n").split() == words.split()


def test_changing_the_words_leaves_the_heading_as_written() -> None:
    before = "+++\n# a remark\ntitle = 'T'\nsubject   = \"S\"\n+++\n\nOld words.\n"
    parts = split_source(before)
    assert parts is not None
    after = join_source(before, parts.heading, "New words.")
    assert after == before.replace("Old", "New")


@pytest.mark.parametrize("source", ["", "no heading", "+++\ntitle = \n+++\nx", "+++\nx = 3\n+++\n"])
def test_an_unreadable_heading_has_no_parts(source: str) -> None:
    assert split_source(source) is None


@pytest.mark.parametrize("name", LETTERS)
def test_the_words_line_number_is_that_of_the_file(name: str) -> None:
    parts = split_source(FILES[name])
    assert parts is not None
    first = FILES[name].split("\n")[parts.words_line - 1]
    assert first == parts.words.split("\n")[0]


# --- differences and merges ---------------------------------------------------------------


@given(prose, prose)
def test_both_texts_can_be_rebuilt_from_their_difference(old: str, new: str) -> None:
    pieces = word_changes(old, new)
    assert "".join(p.text for p in pieces if p.kind != "new") == old
    assert "".join(p.text for p in pieces if p.kind != "old") == new
    found = changes(old, new)
    before = [p.text for c in found if c.kind != "new" for p in c.pieces if p.kind != "new"]
    after = [p.text for c in found if c.kind != "old" for p in c.pieces if p.kind != "old"]
    # Whole lines stand without the line ends between them.
    assert "".join(before).replace("\n", "") == old.replace("\n", "")
    assert "".join(after).replace("\n", "") == new.replace("\n", "")


def test_a_changed_word_is_marked_in_its_line() -> None:
    (same, changed) = changes("First.\nI would be glad to know.", "First.\nI would like to know.")
    assert same.kind == "same"
    assert [(p.kind, p.text) for p in changed.pieces] == [
        ("same", "I would "), ("old", "be glad"), ("new", "like"), ("same", " to know."),
    ]  # fmt: skip


@given(prose, prose)
def test_merging_with_an_unchanged_text_gives_the_other(base: str, other: str) -> None:
    assert merge(base, other, base).text == other
    assert merge(base, base, other).text == other
    assert merge(base, other, other).text == other


@given(once, st.data())
def test_a_merge_without_clashes_is_the_base_with_the_words_that_each_added(
    base: str, data: st.DataObject
) -> None:
    their_place, my_place = (data.draw(st.integers(0, len(base))) for _ in "12")
    theirs = base[:their_place] + " theirs " + base[their_place:]
    mine = base[:my_place] + " mine " + base[my_place:]
    merged = merge(base, theirs, mine)
    assume(not merged.clashes)
    assert merged.text.count("theirs") == merged.text.count("mine") == 1
    rest = merged.text.replace("theirs", "").replace("mine", "")
    assert "".join(rest.split()) == "".join(base.split())  # not the blank lines, which are alike


def test_changes_in_different_places_are_both_kept() -> None:
    base = "Dear you.\n\nI ask.\n\nThank you."
    merged = merge(base, base.replace("Dear", "Hello"), base.replace("Thank you", "Thanks"))
    assert (merged.text, merged.clashes) == ("Hello you.\n\nI ask.\n\nThanks.", 0)


@given(st.lists(st.sampled_from(["same", "other", ""]), min_size=3, max_size=9), st.data())
def test_changes_to_lines_with_one_between_them_merge_even_among_identical_lines(
    base: list[str], data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(base) - 3))
    there = data.draw(st.integers(at + 2, len(base) - 1))
    theirs = [*base[:at], "theirs", *base[at + 1 :]]
    mine = [*base[:there], "mine", *base[there + 1 :]]
    both = [*base[:at], "theirs", *base[at + 1 : there], "mine", *base[there + 1 :]]
    whole = "\n".join(base)
    assert sum(c.kind != "same" for c in changes(whole, "\n".join(theirs))) == 1
    for one, other in ((theirs, mine), (mine, theirs)):
        merged = merge(whole, "\n".join(one), "\n".join(other))
        assert (merged.text.split("\n"), merged.clashes) == (both, 0)


def test_changes_in_one_line_are_merged_by_words() -> None:
    merged = merge("I like red apples.", "I like green apples.", "I really like red apples.")
    assert (merged.text, merged.clashes) == ("I really like green apples.", 0)


def test_clashing_changes_are_both_kept_and_counted() -> None:
    merged = merge("a\nred\nb", "a\ngreen\nb", "a\nblue\nb")
    assert (merged.text, merged.clashes) == ("a\ngreen\nblue\nb", 1)


# --- the survey ---------------------------------------------------------------------------


def letters(**changed: str) -> tuple[Campaign, LetterTemplate]:
    campaign = read_campaign(SLUG, {**FILES, **{f"{k}.txt": v for k, v in changed.items()}})
    return campaign, campaign.templates["general", "full"]


def test_every_member_is_in_one_group_at_every_moment() -> None:
    campaign, template = letters()
    groups = survey(campaign, template, load_tables().holders)
    members = sum(1 for holder in load_tables().holders if holder.member)
    for moment, _day in moments(campaign):
        these = [group for group in groups if group.moment == moment]
        assert sum(group.seats for group in these) == members
        assert len({group.ask.id for group in these}) == len(these)
    assert all(group.changed == 0 and group.before == () for group in groups)


def test_a_change_is_counted_only_for_the_recipients_it_reaches() -> None:
    now = letters()
    source = (
        FILES["general.txt"] + '{% if type == "sen" and stage == "expired" %}\nMore.\n{% endif %}'
    )
    campaign, template = letters(general=source)
    groups = survey(campaign, template, load_tables().holders, before=now)
    reached = [group for group in groups if group.changed]
    assert {group.moment for group in reached} == {"expired"}
    assert sum(group.changed for group in reached) == 100
    for group in reached:
        assert group.example.seat.chamber == "senate"
        assert "More." in " ".join(group.after)
        assert "More." not in " ".join(group.before)


def test_a_change_to_an_ask_counts_in_the_letters_with_that_ask() -> None:
    now = letters()
    toml = FILES["campaign.toml"].replace(
        "Please ask one colleague who", "Please bring one colleague who"
    )
    assert toml != FILES["campaign.toml"]
    campaign = read_campaign(SLUG, {**FILES, "campaign.toml": toml})
    groups = survey(
        campaign, campaign.templates["general", "full"], load_tables().holders, before=now
    )
    changed = {group.ask.id for group in groups if group.changed}
    assert changed
    assert all("cosponsor" in ask for ask in changed)


def test_a_templates_version_is_the_digest_of_its_file() -> None:
    _campaign, template = letters()
    assert template.version == version_of(FILES["general.txt"])
