"""Loading a campaign's folder: the real one has its facts, a broken one reports where."""

from __future__ import annotations

import csv
import re
import shutil
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.campaign import edit
from app.campaign.entities import Campaign
from app.campaign.load import load_campaign
from app.campaign.patterns import compile_claim
from app.campaign.problems import CampaignError, Message
from app.congress.tables import Tables
from tests.timing import done_within

from .conftest import LETTERS, SHARED


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(LETTERS, tmp_path / "protect-immigration-act"))


def problems(folder: Path) -> list[tuple[str, int, str]]:
    with pytest.raises(CampaignError) as caught:
        load_campaign(folder)
    return [(p.file, p.line, p.message) for p in caught.value.problems]


def test_the_bill_by_chamber_has_no_senate_number(campaign: Campaign) -> None:
    assert campaign.slug == "protect-immigration-act"
    assert campaign.bill_for("house").number == "H.R. 6890"
    assert campaign.bill_for("senate").number is None
    assert campaign.congress == 119
    assert campaign.ends.isoformat() == "2027-01-03T12:00:00-05:00"
    assert campaign.as_of == date(2026, 3, 27)


def test_four_letters_each_have_a_short_form_and_a_reading_aid(campaign: Campaign) -> None:
    ids = {"general", "public-safety", "local-budget", "faith-and-community"}
    assert set(campaign.templates) == {(i, length) for i in ids for length in ("full", "short")}
    for template in campaign.templates.values():
        assert template.reading_aid_es
        assert template.title
        assert template.title_es
        assert template.about
        assert template.about_es


def test_the_lists_match_the_reference_data(campaign: Campaign) -> None:
    for name, source in (
        ("cosponsors.csv", "cosponsors.csv"),
        ("opposing.csv", "opposing_cosponsors.csv"),
    ):
        with (SHARED / "data" / source).open(encoding="utf-8", newline="") as file:
            facts = {
                (row["bioguide"], row["bill"], row["role"], row["date"])
                for row in csv.DictReader(file)
                if "from memory" not in row["source"]
            }
        with (LETTERS / name).open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        bills = {"current": "hr6890-119", "s-115": "s-unknown-115"}
        kept = {
            (r["bioguide"], bills.get(r["bill"], r["bill"]), r["role"], r["date"]) for r in rows
        }
        assert kept == facts
    current = [s for s in campaign.stances.values() if s.name in ("sponsor", "cosponsor")]
    assert len(current) == 19


def test_the_prompts_are_the_ten_of_the_fact_sheet_in_both_languages(campaign: Campaign) -> None:
    sheet = (SHARED / "docs" / "BILL.md").read_text(encoding="utf-8").split("## 5. Ten story")[1]
    prompts = re.findall(r"^\d+\. \*\*(.+?)\*\*: (.+)$", sheet.split("## 6.")[0], re.MULTILINE)
    source = (LETTERS / "campaign.toml").read_text(encoding="utf-8")
    assert list(edit.read_column(source, "prompts", "who")) == [who for who, _ in prompts]
    assert all(edit.read_column(source, "prompts", "who_es"))
    assert len(campaign.prompts) == 10
    assert all(len(english.split()) <= 22 for english, _ in campaign.prompts)
    assert all(spanish and spanish != english for english, spanish in campaign.prompts)


def test_an_obsolete_table_in_a_campaign_file_is_ignored(copy: Path) -> None:
    file = copy / "campaign.toml"
    earlier = '\n[prompt_hint]\ntext = "Tell only what is yours."\n'
    file.write_text(file.read_text(encoding="utf-8") + earlier, encoding="utf-8")
    assert load_campaign(copy)


FIGURE = re.compile(r"\d[\d,.]*\d|\d")


def test_every_figure_in_a_letter_is_verified_in_the_fact_sheet(
    campaign: Campaign,
) -> None:
    sheet = (SHARED / "docs" / "BILL.md").read_text(encoding="utf-8")
    verified = "\n".join(re.sub(r"[^.;|]*\[U\][^.;|]*", "", line) for line in sheet.split("\n"))
    known = set(FIGURE.findall(verified))
    texts = [t.body for t in campaign.templates.values()] + [
        fact.text for fact in campaign.facts.values()
    ]
    texts += [a.text + a.opening + a.short for a in campaign.asks]
    for text in texts:
        for figure in FIGURE.findall(text):
            assert figure in known, f"{figure} in {text[:80]}"


def test_each_fact_and_ask_has_spanish_text(campaign: Campaign) -> None:
    for fact in campaign.facts.values():
        assert fact.text_es != fact.text
    for ask in campaign.asks:
        assert ask.summary_es
        assert ask.text_es
        assert ask.short_es
        for field in ("opening", "thanks", "call"):
            assert getattr(ask, field)
            assert getattr(ask, f"{field}_es")
    for addition in campaign.additions:
        assert addition.text_es
        assert bool(addition.short) == bool(addition.short_es)


def test_every_serving_member_on_a_list_has_a_matching_name(
    campaign: Campaign, tables: Tables
) -> None:
    serving = [tables.member(bioguide) for bioguide in campaign.stances]
    assert sum(1 for member in serving if member is not None) >= 19 + 16 + 23 - 2
    with (LETTERS / "cosponsors.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            member = tables.member(row["bioguide"])
            if member is not None:
                assert member.last.split()[-1] in row["name"]


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


TOML = "campaign.toml"


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        (TOML, "congress = 119", 'congress = "x"', "must be a whole number"),
        (TOML, "ends = 2027-01-03T12:00:00", 'ends = "soon"', "must be a time in Washington"),
        (TOML, "as_of = 2026-03-27", "", "`as_of` is missing"),
        (TOML, 'timezone = "America/New_York"', 'timezone = "Mars"', "is not a time zone"),
        (TOML, "house = 2026-12-17", 'house = "x"', "must be a date"),
        (TOML, "[last_day]", 'confirm_email = "yes"\n[last_day]', "must be true or false"),
        (TOML, "[last_day]", "goal = 0\n[last_day]", "a whole number above 0"),
        (TOML, 'title = "The PROTECT', 'titel = "The PROTECT', "Did you mean `title`?"),
        (TOML, 'requires = ["FL"', 'requires = ["XX"', "“XX”"),
        (TOML, 'kind = "earlier"', 'kind = "erlier"', "It can be earlier, opposes"),
        (
            TOML,
            "{{ time_note }} Please say publicly that it should",
            "{{ time_not }} Please say publicly that it should",
            "`time_note`",
        ),
        (TOML, "when = 'stance == \"sponsor\"'", "when = 'stance == \"spnsor\"'", "never “spnsor”"),
        (TOML, 'id = "cosponsor"', 'id = "sponsor"', "used twice"),
        (TOML, 'id = "cosponsor"', 'id = "A B"', "cannot be an id"),
        (TOML, 'stages = ["pending"', 'stages = ["pendin"', "“pendin”"),
        (TOML, "pattern = '\\bbipartisan\\b'", "pattern = '(a+)+b'", "repeats a repetition"),
        (TOML, "pattern = '\\bbipartisan\\b'", "pattern = '(a'", "cannot be read"),
        (TOML, "pattern = '\\bbipartisan\\b'", "pattern = 'x*'", "matches every sentence"),
        (TOML, "[bills.house]", "[bills.house", "cannot be read"),
        ("cosponsors.csv", "Q000023", "Q23", "not a bioguide id"),
        ("cosponsors.csv", "sponsor,2025-12-18", "sponser,2025-12-18", "must be sponsor or"),
        ("cosponsors.csv", "2025-12-18", "18.12.2025", "not a date"),
        ("cosponsors.csv", "Pramila Jayapal,current", "Pramila Jayapal,hr1", "not a bill of"),
        ("cosponsors.csv", "J000298,Pramila Jayapal,current", "Q000023,X,current", "listed twice"),
        ("cosponsors.csv", "bioguide,name", "id,name", "The first line must be"),
        ("opposing.csv", "C001115,Michael Cloud,", "C001115,", "columns"),
        (TOML, 'title = "The PROTECT', "title = “The PROTECT", "straight quotation marks"),
        ("general.txt", 'title = "General"', "title = “General”", "straight quotation marks"),
        ("general.txt", "{{ ask }}", "{{ aks }}", "Did you mean `ask`?"),
        ("general.es.txt", "{{ ask }}", "{{ aks }}", "Did you mean `ask`?"),
    ],
)
def test_a_mistake_is_reported_with_file_and_line(
    copy: Path, file: str, old: str, new: str, words: str
) -> None:
    line = (copy / file).read_text(encoding="utf-8").split(old)[0].count("\n") + 1
    change(copy / file, old, new)
    found = problems(copy)
    assert any(f == file and words in message for f, _, message in found), found
    assert any(
        f == file and words in message and (at == line or "missing" in words or at == line + 1)
        for f, at, message in found
    ), (line, found)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda f: (f / TOML).unlink(), "no such file"),
        (lambda f: (f / "opposing.csv").unlink(), "no such file"),
        (lambda f: (f / TOML).write_bytes(b"title = \"\xff\""), "UTF-8"),
        (lambda f: (f / "general.txt").write_bytes(b"+++\n\xff"), "UTF-8"),
        (lambda f: (f / "Letter.txt").write_text("x"), "has a name like general.txt"),
        (lambda f: (f / "general.short.txt").unlink(), "no English letter"),
        (lambda f: [p.unlink() for p in f.glob("*.txt")], "There is no letter"),
        (lambda f: change(f / TOML, 'id = "everyone-else"', 'id = "x"\nwhen = "ending"'),
         "nothing is asked of everyone else"),
    ],
)  # fmt: skip
def test_a_damaged_folder_is_reported(
    copy: Path, damage: Callable[[Path], object], words: str
) -> None:
    damage(copy)
    assert any(words in message for _, _, message in problems(copy)), problems(copy)


@pytest.mark.parametrize("ends", ["\r\n", "\r"])
def test_a_letter_is_read_with_the_line_ends_of_any_system(copy: Path, ends: str) -> None:
    path = copy / "general.txt"
    path.write_bytes(path.read_text(encoding="utf-8").replace("\n", ends).encode())
    assert load_campaign(copy).template("general") is not None


def test_a_missing_folder_is_reported(tmp_path: Path) -> None:
    assert "no such file" in problems(tmp_path / "nowhere")[0][2]


def test_all_problems_of_all_files_are_reported_at_once(copy: Path) -> None:
    change(copy / TOML, "congress = 119", "congress = 0")
    change(copy / "general.txt", "{{ ask }}", "{{ aks }}")
    change(copy / "opposing.csv", "2025-01-28", "x")
    assert {file for file, _, _ in problems(copy)} == {TOML, "general.txt", "opposing.csv"}


def test_an_enacted_bill_needs_an_ask_for_that_stage(copy: Path) -> None:
    change(copy / TOML, "# enacted = 2026-12-01", "enacted = 2026-12-01")
    assert "In stage enacted nothing is asked" in problems(copy)[0][2]


def test_slow_claim_patterns_are_refused() -> None:
    for pattern in (
        "(a*)*b",
        "(a|b+)+c",
        r"(a)\1",
        "a.*b.*c",
        "a{0,500}b{0,500}c",
        "((a{0,9}){0,9})",
        "(a|aa)+b",
        "(a|a)*b",
        "(a?a)+b",
        "(aa?)*b",
        "(a|a)" * 20 + "b",
        "a?" * 20 + "b",
        r"\b[^.]{0,60}\b[^.]{0,60}\b[^.]{0,60}x",
        "((a|aa){1})*b",
        "(?P<either>a|aa)+b",
        "(?i:a|aa)+b",
        "[]a](a|b)*c",
        "(a|b)(?#comment)*c",
        "(?x)(a|b) *c",
        "(a)?(?(1)a|b)",
    ):
        assert isinstance(compile_claim(pattern), Message), pattern
    for pattern in (
        r"\bvot(e|es)\b[^.]{0,40}\bfloor\b",
        "drains? .*budget",
        "a|b",
        "[^])(|*]*c",
        r"\((a|b)\)*c",
        "(a|b)?(a|b){1}c",
        "(?i)the (?-i:ICE)",
        "{{,a}*b{1,2,3}",
    ):
        assert not isinstance(compile_claim(pattern), Message), pattern


HARD = ("a" * 1_000, "a b " * 250, "ab" * 500, "A, " * 330)
PIECES = (
    "a", "b", ".", "[^.]", r"\w", "(a|b)", "(a|ab)", "a?", "(b)", r"\b", " ", "((a|aa){1})",
    "(?i:a|ab)", "[])(|a]", r"\(?",
)  # fmt: skip
ENDS = ("", "", "*", "+", "?", "{0,60}", "{2}", "{0,9}", "{,}", "{1}")


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(PIECES), st.sampled_from(ENDS)), max_size=12))
def test_no_accepted_pattern_runs_long(parts: list[tuple[str, str]]) -> None:
    taken = compile_claim("".join(piece + end for piece, end in parts) + "x")
    if isinstance(taken, Message):
        return
    for text in HARD:
        assert done_within(1, partial(taken.search, text))
