"""Every problem that the campaign's packages can report has words in both languages."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import get_args

import pytest
from flask import Flask

from app.campaign.campaign_fields import Kind
from app.campaign.fields import FIELDS, FILTERS
from app.campaign.problems import SENTENCES, Message
from app.campaign.text_changes import changes
from app.site.i18n import gettext
from app.web.organizer.letters_words import shown_changes, ticks
from app.web.problem_words import PAGE, problem_words

APP = Path(__file__).resolve().parents[2] / "app"
PLACEHOLDER = re.compile(r"%\((\w+)\)s")
SAME = {"advice"}
"""Words of the campaign itself, which are in no catalogue."""
FILE_WORDS = re.compile(r"TOML|\[\[|`[a-z_]+` (is missing|must be)|\.txt|\.csv|\.toml|bioguide")


def filled(code: str) -> Message:
    """A message with a value for every placeholder."""
    return Message.of(code, **{name: f"«{name}»" for name in PLACEHOLDER.findall(SENTENCES[code])})


def used_codes() -> set[str]:
    """Every code in the source, including those composed of a kind or a need."""
    found = {f"kind-{field.kind}" for field in FIELDS}
    found |= {f"what-{need}" for need in ("words", "whole", "day", "moment")}
    found |= set(get_args(Kind))
    for path in [*(APP / "campaign").glob("*.py"), *APP.glob("*/*.py"), *APP.glob("*/*/*.py")]:
        if path.name not in ("problems.py", "problem_words.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    found.add(node.value)
    return found & set(SENTENCES)


def said(app: Flask, path: str) -> dict[str, str]:
    """What a page under ``path`` says for every problem, by code."""
    with app.test_request_context(path):
        return {code: problem_words(filled(code)) for code in SENTENCES}


def test_every_problem_has_a_sentence_in_both_languages(app: Flask) -> None:
    english, spanish = said(app, "/organize/letters/"), said(app, "/es/organize/letters/")
    assert {code for code in SENTENCES if english[code] == spanish[code]} == SAME
    for code, sentence in SENTENCES.items():
        shown = {f"«{name}»" for name in PLACEHOLDER.findall(PAGE.get(code, sentence))}
        for words in (english[code], spanish[code]):
            assert words, code
            assert "%(" not in words, code
            assert "%%" not in words, code
            assert all(value in words for value in shown), code


def test_no_sentence_mentions_files_or_their_syntax(app: Flask) -> None:
    for code, words in said(app, "/organize/letters/").items():
        assert not FILE_WORDS.search(words), code


def test_a_nested_message_is_in_the_same_language(app: Flask) -> None:
    inner = Message.of("did-you-mean", name="aks", other="ask")
    with app.test_request_context("/es/organize/letters/"):
        words = problem_words(Message.of("subject", more=inner))
    assert words == "Asunto: `aks` no es un campo. ¿Quiso decir `ask`?"


def test_every_code_is_used_and_every_page_sentence_has_a_code() -> None:
    assert set(SENTENCES) - used_codes() == set()
    assert set(PAGE) <= set(SENTENCES)
    with pytest.raises(KeyError):
        Message.of("no-such-code")


def test_every_field_and_filter_is_described_in_spanish(app: Flask) -> None:
    with app.test_request_context("/es/organize/letters/"):
        for words in (*(f.description for f in FIELDS), *FILTERS.values()):
            assert gettext(words) != words, words


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("`a` is <b>", "<code>a</code> is &lt;b&gt;"),
        ("`<svg onload=x>` x", "<code>&lt;svg onload=x&gt;</code> x"),
        ("one ` alone", "one ` alone"),
        ("", ""),
    ],
)
def test_code_is_marked_and_everything_else_escaped(text: str, html: str) -> None:
    assert str(ticks(text)) == html


def test_long_runs_of_equal_lines_are_left_out() -> None:
    old = "\n".join(str(n) for n in range(20))
    shown = shown_changes(changes(old, old.replace("10", "ten")))
    assert [s for s in shown if isinstance(s, int)] == [8, 7]
    assert len(shown) == 7
