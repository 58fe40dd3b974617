"""A letter as a file: heading, text, version, and messages with the file's line numbers."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest

from app.campaign.entities import LetterTemplate
from app.campaign.letter_file import read_name, read_template, version_of
from app.campaign.problems import Message, Problem
from app.campaign.toml_text import key_lines

GOOD = """+++
title = "A letter"
subject = "The bill"
+++

I live in {{ place }}.

{{ ask }}
"""


def problems(text: str, name: str = "general.txt") -> list[tuple[int, str]]:
    result = read_template(name, text)
    assert isinstance(result, tuple), "accepted"
    assert all(problem.file == name for problem in result)
    return [(problem.line, problem.message) for problem in result]


def test_a_file_is_read_into_a_template() -> None:
    template = read_template("public-safety.short.txt", GOOD)
    assert isinstance(template, LetterTemplate)
    assert (template.id, template.length) == ("public-safety", "short")
    assert template.title == template.title_es == "A letter"
    assert template.body == "I live in {{ place }}.\n\n{{ ask }}\n"
    assert template.first_body_line == 6
    assert template.closing == "Sincerely,"


def test_the_version_is_the_hash_of_the_whole_source() -> None:
    template = read_template("general.txt", GOOD)
    assert isinstance(template, LetterTemplate)
    assert template.version == version_of(GOOD) == hashlib.sha256(GOOD.encode()).hexdigest()[:12]
    assert version_of(GOOD) != version_of(GOOD + " ")


@pytest.mark.parametrize(
    ("change", "line", "words"),
    [
        (lambda s: s.replace("{{ place }}", "{{ palce }}"), 6, "Did you mean `place`?"),
        (lambda s: s.replace("{{ ask }}", "{% if ending %}"), 8, "never closed"),
        (lambda s: s.replace('"The bill"', '"{{ nope }}"'), 3, "Subject: `nope`"),
        (lambda s: s.replace('"The bill"', '"{{ story }}"'), 3, "Subject: `story`"),
        (lambda s: s.replace('"The bill"', '"The bill'), 3, "cannot be read"),
        (lambda s: s.replace('"A letter"', "A letter"), 2, "cannot be read"),
        (lambda s: s.replace('"The bill"', "3"), 3, "must be words"),
        (lambda s: s.replace('"The bill"', '"' + "x" * 301 + '"'), 3, "at most 300"),
        (lambda s: s.replace("title =", "titel ="), 2, "Did you mean `title`?"),
        (lambda s: s.replace('title = "A letter"\n', ""), 1, "`title` is missing"),
        (lambda s: s.removeprefix("+++\n"), 1, "begins with a line `+++`"),
        (lambda s: s.replace("+++\n\n", "\n"), 1, "second line `+++`"),
        (lambda _: "", 1, "begins with a line `+++`"),
        (lambda s: s.split("I live")[0], 6, "no words"),
        (lambda s: s + "x" * 30_000, 6, "characters"),
    ],
)
def test_a_problem_names_its_line_in_the_file(
    change: Callable[[str], str], line: int, words: str
) -> None:
    found = problems(change(GOOD))
    assert any(at == line and words in message for at, message in found), found


def test_every_problem_of_a_file_is_reported_at_once() -> None:
    text = GOOD.replace("{{ place }}", "{{ palce }}").replace("{{ ask }}", "{{ aks }}")
    assert [line for line, _ in problems(text.replace("The bill", "{{ bil_name }}"))] == [6, 8, 3]


@pytest.mark.parametrize(
    "name", ["General.txt", "general.md", "general.fr.txt", "../x.txt", ".txt"]
)
def test_other_file_names_are_refused(name: str) -> None:
    assert read_name(name) is None
    assert isinstance(read_template(name, GOOD), tuple)


def test_windows_line_endings_and_a_byte_order_mark_are_read() -> None:
    template = read_template("general.txt", "\ufeff" + GOOD.replace("\n", "\r\n"))
    assert isinstance(template, LetterTemplate)
    assert template.body == "I live in {{ place }}.\n\n{{ ask }}\n"
    found = read_template("general.txt", GOOD.replace("\n", "\r\n").replace("place", "palce"))
    assert isinstance(found, tuple)
    assert found[0].line == 6


def test_toml_lines_are_found_inside_tables_and_around_multiline_strings() -> None:
    text = (
        'title = "x"\n[bills.house]\nnumber = "n = 1"\n[[asks]]\ntext = """\nid = "no"\n[no]\n"""\n'
        'id = "a"\n[[asks]]\nid = \'\'\'b\'\'\'\nshort = """one\ntwo"""\n'
    )
    lines = key_lines(text)
    assert lines == {
        "title": 1,
        "bills.house": 2,
        "bills.house.number": 3,
        "asks.0": 4,
        "asks.0.text": 6,
        "asks.0.id": 9,
        "asks.1": 10,
        "asks.1.id": 11,
        "asks.1.short": 12,
    }


def test_a_problem_is_formatted_as_one_message() -> None:
    problem = Problem("general.txt", 6, Message.of("gap"), "I live in .", example="Delegate X")
    assert str(problem) == (
        "general.txt:6: A word seems to be missing here.\n    “I live in .”\n    for example to "
        "Delegate X"
    )
