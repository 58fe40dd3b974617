"""The letter as text for an office's web form."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.documents.letter import form_length, postal, to_web_form, typographic, without_links
from tests.documents.factory import letter, writer

QUOTES = [
    ('"No," she said.', "“No,” she said."),
    ('She said "no".', "She said “no”."),
    ("She said, \"He said 'no' to me.\"", "She said, “He said ‘no’ to me.”"),
    ("'He said \"no\" to me.'", "‘He said “no” to me.’"),
    ("\"'No,' he said,\" she said.", "“‘No,’ he said,” she said."),
    ("He said \"she said 'no'\"", "He said “she said ‘no’”"),
    ("don't can't it's O'Dell", "don’t can’t it’s O’Dell"),
    ("my parents' house", "my parents’ house"),
    ("the class of '98", "the class of ’98"),
    ("in the '90s we came", "in the ’90s we came"),
    ("'90s music", "’90s music"),
    ("'98 was hard, and it's true", "’98 was hard, and it’s true"),
    ("'90 days is enough,' he said", "‘90 days is enough,’ he said"),
    ("'Tis the season, 'twas", "’Tis the season, ’twas"),
    ("rock 'n' roll, tell 'em", "rock ’n’ roll, tell ’em"),
    ("I am 5'10\" tall", "I am 5′10″ tall"),
    ("I am 5' 10\" tall", "I am 5′ 10″ tall"),
    ("a 24\" pipe and a 6' wall", "a 24″ pipe and a 6′ wall"),
    ('"a 24" pipe"', "“a 24″ pipe”"),
    ('He said "I am 65" and "I vote"', "He said “I am 65” and “I vote”"),
    ('"2020", "2021"', "“2020”, “2021”"),
    ('He said—"no"—and left', "He said—“no”—and left"),
    ('"No—" she began', "“No—” she began"),
    ('"Stop!" and ("go")', "“Stop!” and (“go”)"),
    ('well-"known"', "well-“known”"),
    ('["one"]', "[“one”]"),
    ('"One\n"Two"', "“One\n“Two”"),
    ('" spaced "', "“ spaced ”"),
    ('""', "“”"),
    ('"', "“"),
    ("``old'' style", "“old” style"),
    ("＂wide＂", "“wide”"),
    ("“It’s ours” — 40° 🐢.", "“It’s ours” — 40° 🐢."),
    ("“She said 'no'”", "“She said ‘no’”"),
    ("he said 'I can't'", "he said ‘I can’t’"),
    ('"$5," "#1"', "“$5,” “#1”"),
    ("no marks at all", "no marks at all"),
]


@pytest.mark.parametrize(("typed", "printed"), QUOTES)
def test_straight_quotes_become_typographic_ones(typed: str, printed: str) -> None:
    assert typographic(typed) == printed


@given(st.text(alphabet="ab1 \"'`.,—-(\n’”“‘", max_size=60))
def test_every_straight_quote_is_replaced_and_nothing_else_changes(text: str) -> None:
    marked = typographic(text)
    assert not set(marked) & set("\"'`")
    plain = "\"'`’”“‘′″"
    assert [c for c in marked if c not in plain] == [c for c in text if c not in plain]


LINKS = [
    ("See https://www.congress.gov/bill/119th/6890.", "See congress dot gov."),
    ("See http://congress.gov", "See congress dot gov"),
    ("See HTTPS://CONGRESS.GOV!", "See CONGRESS dot GOV!"),
    ("See www.example.org, please", "See example dot org, please"),
    ("See example.org/a?b=c#d (or example.com)", "See example dot org (or example dot com)"),
    ("(https://en.example.org/wiki/A_(b))", "(en dot example dot org)"),
    ("[here](https://example.org/x)", "[here](example dot org)"),
    ("<https://example.org>", "<example dot org>"),
    ('"https://example.org"', '"example dot org"'),
    ("ftp://files.example.org/x", "files dot example dot org"),
    ("http://127.0.0.1/admin", "(link)"),
    ("file:///etc/hostname", "(link)"),
    ("leg.state.tx.us and x.io", "leg dot state dot tx dot us and x dot io"),
    ("bit.ly/abc", "bit dot ly"),
    ("user@site: https://me:pw@example.org:8080/x", "user@site: example dot org"),
    ("hthttp://tp://example.org", "(link)"),
    ("bare https:// here", "bare (link) here"),
    ("http: //example.org", " //example dot org"),
    ("Write to me@my-town.example.org", None),
    ("o'dell+parks.2026@example.museum, x@sub.example.org.", None),
    ("mailto:me@example.org", " me@example.org"),
    ("..example.org.", "..example dot org."),
    ("H.R. 6890 and H.R.6890, the U.S. and U.S.A.", None),
    ("I came in 1998.We stayed. Ms.Lee at 3.30 p.m.", None),
    ("and/or, he/she, 1/2, $1.5 million, 9.30a.m./p.m.", None),
    ("my family.They came; please help.us", None),
    ("report.doc, e.g.this", None),
]


@pytest.mark.parametrize(("typed", "plain"), LINKS)
def test_links_are_spelled_out(typed: str, plain: str | None) -> None:
    assert without_links(typed) == (typed if plain is None else plain)


SITE = re.compile(r"https?:|://|www\.|\w\.(?:com|org|net|gov|edu)(?![\w@])", re.IGNORECASE)
pieces = st.sampled_from(
    ["http://", "https://", "www.", "example", ".org", ".com", "/x", " ", ".", "(", ")", "a", ":",
     "-", "\n", "ftp://", "www", "//", "?q=1", ",", "https:", "http"]
)  # fmt: skip


@settings(max_examples=400)
@given(st.lists(pieces, max_size=14).map("".join))
def test_no_link_of_any_form_is_left(story: str) -> None:
    form = to_web_form(letter(body=(story,)))
    assert not SITE.search(form.text), form.text


def test_a_web_form_gets_the_letter_without_name_address_and_signature() -> None:
    form = to_web_form(letter(body=('I said "no".', "It's ours.")))
    assert form.text == "Dear Senator Padilla:\n\nI said “no”.\n\nIt’s ours."
    assert form.subject == "Please introduce a Senate companion to the PROTECT Immigration Act"
    for personal in ("Siobhán", "O'Dell", "O’Dell", "Larkspur", "94538", "Sincerely", "2026"):
        assert personal not in form.text + form.subject


def test_links_in_the_subject_are_spelled_out_too() -> None:
    assert to_web_form(letter(subject="See a.org")).subject == "See a dot org"


def test_line_breaks_and_emoji_count_as_two_characters() -> None:
    assert form_length("ab\n\ncd") == 8
    assert form_length("🐢") == 2
    form = to_web_form(letter(body=("a\nb",)))
    assert form.count == len(form.text) + form.text.count("\n")


@pytest.mark.parametrize(("slack", "over"), [(0, 0), (1, 0), (-1, 1), (-200, 200)])
def test_a_text_over_the_limit_is_reported_and_never_cut(slack: int, over: int) -> None:
    count = to_web_form(letter()).count
    form = to_web_form(letter(limit=count + slack))
    assert (form.limit, form.over) == (count + slack, over)
    assert form.text == to_web_form(letter()).text


def test_an_office_without_a_known_limit_has_none() -> None:
    form = to_web_form(letter(body=("x" * 20_000,)))
    assert (form.limit, form.over) == (None, 0)
    assert len(form.text) > 20_000


@given(st.lists(st.text(max_size=120), min_size=1, max_size=5))
def test_any_story_gives_clean_text_with_the_letters_paragraphs(body: list[str]) -> None:
    chosen = letter(body=tuple(body))
    form = to_web_form(chosen)
    assert "\x00" not in form.text
    assert '"' not in form.text
    assert "\n\n\n" not in form.text
    paper = postal(chosen, writer()).paragraphs
    if all(without_links(text) == text for text in paper) and ":" not in "".join(body):
        assert tuple(form.text.split("\n\n")[1:]) == tuple(map(typographic, paper))


@pytest.mark.parametrize("mark", ['"', "'", ")"])
def test_half_a_megabyte_of_one_mark_is_read_like_any_other_text(mark: str) -> None:
    """An edited letter may have it; each mark was once handled by copying the whole text."""
    marks = mark * 500_000
    assert without_links(f"https://example.org/{marks}") == f"example dot org{marks}"
    assert len(typographic(marks)) == len(marks)
