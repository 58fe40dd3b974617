"""What the packages below say in English is said in Spanish too."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from app.campaign import FIELDS, FILTERS, Parsed, Problem, parse_template, read_template
from app.campaign.check import check_campaign
from app.campaign.load import read_campaign
from app.campaign.model import Campaign
from app.campaign.text_changes import changes
from app.congress import Holder, load_tables
from app.site.i18n import gettext
from app.web.organizer.letters_words import problem_words, shown_changes, ticks
from tests.campaign import test_language
from tests.workshop.test_texts import FILES, SLUG

BODIES = (
    "I live here.", 'She said "no". {{ ask }}', "See www.example.org. {{ ask }} {{ story }}",
    "I ask you. {{ ask }} {{ ask }}", "S. 1234 is bad. {{ ask }}", "H.R. 6890 is now. {{ ask }}",
    "H.R. 1 is now. {{ ask }}", "{{ bill_number }} {{ ask }}", "In , x {{ ask }} {{ story }}",
    "I ask you to vote in the new Congress. {{ ask }}", "Cosponsor H.R. 6890. {{ ask }}",
    "Notwithstanding institutional considerations, " * 40 + "{{ ask }}",
)  # fmt: skip
SOURCES = (
    "", "x", "+++", "+++\n+++\n", "+++\ntitel = 'x'\n+++\nx", "+++\ntitle = 3\n+++\nx",
    "+++\nzzz = 'x'\n+++\nx", "+++\ntitle = 'x\n+++\nx", "+++\ntitle = '" + "x" * 400 + "'\n+++\nx",
    "+++\ntitle = 'x'\nsubject = '{{ nope }}'\n+++\nx",
)  # fmt: skip


def template_messages() -> set[str]:
    """Every message that the tests of the small language provoke."""
    found: set[str] = set()
    for name in dir(test_language):
        test = getattr(test_language, name)
        for mark in getattr(test, "pytestmark", []):
            for case in mark.args[1] if mark.name == "parametrize" else ():
                text = case[0] if isinstance(case, tuple) else case
                if isinstance(text, str):
                    result = parse_template(text)
                    found |= set() if isinstance(result, Parsed) else {p.message for p in result}
    return found


def check_messages() -> set[str]:
    """What the whole-Congress check says of bad letters, and reading of bad headings."""
    found: set[str] = set()
    for source in SOURCES:
        result = read_template("general.txt", source)
        if isinstance(result, tuple):
            found |= {p.message for p in result}
    tables = load_tables()
    for number, body in enumerate(BODIES):
        files = dict(FILES)
        heading = '+++\ntitle = "T"\nsubject = "S"\n+++\n\n'
        files[f"letter{number}.txt"] = heading + body
        files[f"letter{number}.short.txt"] = heading + body * 3
        files[f"letter{number}.es.txt"] = "+++\n+++\n\nUno.\n\nDos.\n\nTres. {{ ask }}"
        campaign: Campaign = read_campaign(SLUG, files)
        chosen = [t for t in campaign.templates.values() if t.id == f"letter{number}"]
        some = _Some(tuple(h for h in tables.holders if h.seat.id in SEATS))
        problems: tuple[Problem, ...] = check_campaign(campaign, some, templates=chosen).problems
        advice = {advice for _pattern, advice in campaign.forbidden}
        found |= {p.message for p in problems} - advice
    return found


SEATS = {"CA-12", "CA-S3", "DC-0", "IL-5", "TX-27"}


class _Some:
    def __init__(self, holders: tuple[Holder, ...]) -> None:
        self.holders = holders


def test_there_is_much_to_say() -> None:
    assert len(template_messages()) > 60
    assert len(check_messages()) > 15


def test_every_message_of_parser_and_check_has_spanish_words(app: Flask) -> None:
    messages = template_messages() | check_messages()
    with app.test_request_context("/es/organize/letters/"):
        left = sorted(m for m in messages if problem_words(m) == m)
    assert not left, "\n".join(left)


def test_names_and_numbers_stand_in_the_spanish_message_too(app: Flask) -> None:
    with app.test_request_context("/es/organize/letters/"):
        for message in template_messages() | check_messages():
            words = problem_words(message)
            assert "%(" not in words, message
            for code in re.findall(r"`([^`]+)`", message):
                assert f"`{code}`" in words, (message, words)


def test_english_pages_show_the_message_as_it_is(app: Flask) -> None:
    with app.test_request_context("/organize/letters/"):
        assert all(problem_words(m) == m for m in template_messages())


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
