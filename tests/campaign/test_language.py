"""The small language: what it accepts, and what it says about everything else."""

from __future__ import annotations

import itertools
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.campaign.fields import FIELDS, known_fields
from app.campaign.language import (
    Parsed,
    TemplateError,
    TemplateProblem,
    compiled,
    parse_condition,
    parse_template,
)
from app.campaign.problems import Message
from app.campaign.words import frame_paragraphs
from tests.timing import done_within


def problems(text: str, **options: object) -> list[tuple[int, str]]:
    result = parse_template(text, **options)  # type: ignore[arg-type]
    assert not isinstance(result, Parsed), f"accepted: {text!r}"
    return [(p.line, p.message) for p in result]


def render(text: str, **values: object) -> str:
    result = parse_template(text)
    assert isinstance(result, Parsed), result
    return result.render(dict.fromkeys(known_fields(), "") | values)


def test_text_fields_fallbacks_filters_and_conditions_are_accepted() -> None:
    text = """Dear {{ legislator_title }} {{ legislator_last | upper }},
{% if type == 'rep' and state in ["TX", "GA"] %}
a {{ city or "home" }}
{% elif not (days_left < 3 or is_delegate) %}
b
{% else %}
c
{% endif %}
{# a remark #}
"""
    values = {"legislator_title": "Senator", "legislator_last": "Padilla", "days_left": 9}
    assert render(text, **values) == "Dear Senator PADILLA,\nb\n"
    assert "a home" in render(text, **values, type="rep", state="TX")
    assert render(text, **{**values, "days_left": 1}).endswith("c\n")


def test_templates_that_test_the_old_type_values_still_work_nm06() -> None:
    text = "{% if type == 'rep' %}House{% elif type == \"sen\" %}Senate{% endif %}"
    assert render(text, type="rep") == "House"
    assert render(text, type="sen") == "Senate"


def test_a_field_that_starts_a_sentence_can_be_capitalized() -> None:
    assert render("{{ state_name | sentence }} waits.", state_name="the U.S. Virgin Islands") == (
        "The U.S. Virgin Islands waits."
    )


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("legislater_name", "legislator_name"),
        ("legislator_nam", "legislator_name"),
        ("bill_nummber", "bill_number"),
        ("Legislator_name", "legislator_name"),
        ("stroy", "story"),
        ("name", "legislator_name"),
        ("LEGISLATOR_NAME", "legislator_name"),
        ("Name", "legislator_name"),
    ],
)
def test_an_unknown_field_is_named_and_the_closest_suggested_tp03(name: str, meant: str) -> None:
    assert problems(f"One\nDear {{{{ {name} }}}},") == [
        (2, f"`{name}` is not a field. Did you mean `{meant}`?")
    ]


@pytest.mark.parametrize(
    "text",
    [
        "{% if type == 'rep' %}\nok\n{% else %}\n{{ legislater_name }}\n{% endif %}",
        "{% if ending %}\nok\n{% elif stage == 'expired' %}\n{{ legislater_name }}{% endif %}",
        "\n\n\n{% if legislater_name %}x{% endif %}",
        "\n\n\n{% if type == 'rep' and not legislater_name %}x{% endif %}",
        "\n\n\n{{ place or legislater_name or 'x' }}",
        "\n\n\n{{ legislater_name | upper }}",
    ],
)
def test_unknown_fields_are_found_in_branches_that_never_run_tp03(text: str) -> None:
    assert problems(text) == [
        (4, "`legislater_name` is not a field. Did you mean `legislator_name`?")
    ]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("Dear {{ name", 1, "never closed: add `}}`"),
        ("a\nDear {{ place\nand more {{ city }}", 2, "never closed: add `}}`"),
        ("a\n\nDear {{ place }\nthen", 3, "never closed"),
        ("{% if senator %}Hi", 1, "never closed: add `{% endif %}`"),
        ("a\n{% if type == 'sen' %}Hi\n{% if ending %}x{% endif %}", 2, "add `{% endif %}`"),
        ("a\n{% if type == 'sen'\nHi", 2, "never closed: add `%}`"),
        ("a\n{# a remark\nand on", 2, "never closed: add `#}`"),
        ("{#", 1, "never closed: add `#}`"),
        ("a\nb {% endif %}", 2, "no `{% if %}` before"),
        ("{% else %}", 1, "no `{% if %}` before"),
        ("{% if ending %}a{% else %}b{% else %}c{% endif %}", 1, "after `{% else %}`"),
        ("{% if ending %}a{% else if stage %}b{% endif %}", 1, "write `{% elif … %}`"),
        ("{% if %}a{% endif %}", 1, "needs a condition"),
        ("a }} b", 1, "its `{{` is missing"),
        ("x\n%} b", 2, "its `{%` is missing"),
        ("{{ }}", 1, "is empty"),
        ('{{ place or "x }}', 1, "quotation mark in this tag has no partner"),
        ("{% if type == “sen” %}a{% endif %}", 1, "straight quotation marks"),
        ("{% if (type == 'sen' %}a{% endif %}", 1, "bracket in this tag has no partner"),
        ("{% if type = 'sen' %}a{% endif %}", 1, "write `==`"),
        ("{% if type == %}a{% endif %}", 1, "cannot read"),
        ("{% elseif ending %}", 1, "Write `elif`"),
        ("{legislator_name}", 1, "double braces"),
    ],
)
def test_syntax_errors_name_their_line_and_the_fix_tp05(text: str, line: int, words: str) -> None:
    found = problems(text)
    assert any(at == line and words in message for at, message in found), found


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{{ config }}", "`config` is not a field"),
        ("{{ ''.__class__ }}", "no parts"),
        ("{{ request.environ }}", "no parts"),
        ("{{ self.__init__ }}", "no parts"),
        ("{{ legislator_name.__class__.__mro__ }}", "no parts"),
        ("{{ legislator_name['__class__'] }}", "Square brackets"),
        ("{{ legislator_name[0] }}", "Square brackets"),
        ("{{ legislator_name|attr('__class__') }}", "`attr` is not a filter"),
        ("{{ legislator_name|replace('a', 'b') }}", "`replace` is not a filter"),
        ("{{ legislator_name|map('upper') }}", "`map` is not a filter"),
        ("{{ legislator_name|center(999999) }}", "`center` is not a filter"),
        ("{{ legislator_name|upper() }}", "cannot call"),
        ("{{ place() }}", "cannot call"),
        ("{{ (place)() }}", "cannot call"),
        ("{{ lipsum(3) }}", "`lipsum` is not a field"),
        ("{{ cycler('a') }}", "`cycler` is not a field"),
        ("{{ range(9) }}", "`range` is not a field"),
        ("{{ namespace() }}", "`namespace` is not a field"),
        ("{{ loop }}", "`loop` is not a field"),
        ("{{ 7*7 }}", "cannot calculate"),
        ("{{ 'a' * 99999 }}", "cannot calculate"),
        ("{{ 9**9**9 }}", "cannot calculate"),
        ("{{ 'a' ~ 'b' }}", "cannot calculate"),
        ("{{ '%s' % place }}", "cannot calculate"),
        ("{{ -1 }}", "cannot calculate"),
        ("{{ place if city else 'x' }}", "is not allowed inside this tag"),
        ("{{ place is defined }}", "Instead of `is`"),
        ("{{ place and city }}", "goes a field"),
        ("{{ not place }}", "goes a field"),
        ("{{ place == city }}", "goes a field"),
        ("{{ 'words' }}", "after a field"),
        ("{{ 5 }}", "goes a field"),
        ("{{ true }}", "goes a field"),
        ("{{ none }}", "never `none`"),
        ("{{ [place] }}", "Square brackets"),
        ("{{ {'a': 1} }}", "never closed"),
        ("{{ (place, city) }}", "comma"),
        ("{{ place or '\\x41' }}", "backslash"),
        ("{{ place or 123456789012345 }}", "not a number"),
        ("{{ place or 1e99 }}", "not a number"),
        ("{{ place or 0x41 }}", "not a number"),
        ("{% for x in place %}{{ x }}{% endfor %}", "cannot repeat"),
        ("{% set x = 1 %}", "cannot store"),
        ("{% macro m() %}{% endmacro %}", "cannot define macros"),
        ("{% call m() %}{% endcall %}", "cannot call"),
        ("{% include 'a' %}", "cannot include"),
        ("{% import 'a' as b %}", "cannot import"),
        ("{% from 'a' import b %}", "cannot import"),
        ("{% extends 'a' %}", "cannot extend"),
        ("{% block b %}{% endblock %}", "`{% block %}` is not available"),
        ("{% filter upper %}{% endfilter %}", "`{% filter %}` is not available"),
        ("{% with %}{% endwith %}", "`{% with %}` is not available"),
        ("{% autoescape true %}{% endautoescape %}", "`{% autoescape %}` is not available"),
        ("{% print place %}", "`{% print %}` is not available"),
        ("{% do place %}", "`{% do %}` is not available"),
        ("{% raw %}{{ x }}{% endraw %}", "`{% raw %}` is not available"),
        ("{% if true %}x{% endif %}", "always the same"),
        ("{% if 'a' in place %}x{% endif %}", "between a field and a list"),
        ("{% if place in city %}x{% endif %}", "between a field and a list"),
        ("{% if place in [city] %}x{% endif %}", "quoted words or numbers only"),
        ("{% if 1 < days_left < 3 %}x{% endif %}", "two things at a time"),
        ("{% if place < 'x' %}x{% endif %}", "has no order"),
        ("{% if days_left < '3' %}x{% endif %}", "without quotes"),
        ("{% if type == 3 %}x{% endif %}", "in quotes"),
        ("{% if today > 'tomorrow' %}x{% endif %}", 'like "2026-12-17"'),
        ("{% if today < days_left %}x{% endif %}", "cannot be compared"),
        ("{% if story == 'x' %}x{% endif %}", "only be printed"),
        ("{% if is_delegate == 'yes' %}x{% endif %}", "is yes or no"),
        ("{% if stage == 'expird' %}x{% endif %}", "never “expird”"),
        ("{% if state in ['TX', 'XX'] %}x{% endif %}", "never “XX”"),
        ("{{ caucus }}", "cannot be printed"),
        ("{{ is_delegate }}", "cannot be printed"),
        ("{{ story | upper }}", "put in whole"),
        ("a\x00b", "invisible control character"),
        ("a\ufdd0b", "invisible control character"),
        ("{{ place\u200b }}", "invisible control character"),
        ("{{\ufeffplace }}", "invisible control character"),
    ],
)
def test_everything_else_is_refused_with_an_explanation_tp01(text: str, words: str) -> None:
    assert any(words in message for _, message in problems(text)), problems(text)


def test_messages_use_the_line_numbers_of_the_file() -> None:
    assert problems("a\n{{ nope }}", first_line=9)[0][0] == 10


def test_an_ask_cannot_use_fields_that_only_letters_have() -> None:
    assert problems("{{ story }}", scope="ask")
    assert isinstance(parse_template("{{ bill_name }}", scope="ask"), Parsed)


def test_a_campaigns_facts_are_fields() -> None:
    assert isinstance(parse_template("{{ fact_growth }}", facts=["growth"]), Parsed)
    assert problems("{{ fact_growth }}", facts=["groth"]) == [
        (1, "`fact_growth` is not a field. Did you mean `fact_groth`?")
    ]


def test_a_condition_is_one_line_of_the_same_language() -> None:
    assert isinstance(parse_condition("type == 'sen' and stance in ['none']"), Parsed)
    assert isinstance(parse_condition(""), Parsed)
    for text in ("type == 'sen' %}x{% if ending", "nope", "place", "type ==\n'sen'", "7*7"):
        assert not isinstance(parse_condition(text), Parsed), text


HOSTILE = [
    "{{" * 10_000,
    "{% if ending %}" * 6_000,
    "{% if " + "not " * 5_000 + "ending %}x{% endif %}",
    "{% if " + "(" * 5_000 + "ending" + ")" * 5_000 + " %}x{% endif %}",
    "{{ place" + " | upper" * 2_500 + " }}",
    "{{ place" + " or place" * 2_400 + " }}",
    "{% if ending %}{% elif ending %}" * 600,
    "{{ place or '" + "x" * 19_000 + "' }}",
    "{{ " + "9" * 19_000 + " }}",
    "{% if state in [" + "'TX'," * 3_000 + "] %}x{% endif %}",
    "{{ a" + ".b" * 9_000 + " }}",
    "{#" * 10_000,
    "{{ place }}" * 1_800,
    "}}" * 10_000,
    "{{ " + "a" * 19_000 + " }}",
    "x" * 5_000_000,
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_texts_are_refused_quickly_with_bounded_memory(text: str) -> None:
    parse_template("{{ nope }}")  # the first call imports and compiles what all calls share
    found = problems(text)
    longer = itertools.count(2)  # parsed texts are cached
    assert done_within(0.25, lambda: problems(text + " " * next(longer)))
    assert len(found) <= 20
    assert sum(len(message) for _, message in found) < 10_000
    tracemalloc.start()
    problems(text + " ")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8_000_000 + 2 * min(len(text), 5_000_000)


def test_an_unchecked_text_cannot_be_rendered() -> None:
    with pytest.raises(TemplateError, match="not a field"):
        compiled("{{ config }}", (), "letter")


def test_every_field_is_described_with_an_example() -> None:
    names = [field.name for field in FIELDS]
    assert len(names) == len(set(names))
    for field in FIELDS:
        assert field.description.endswith((".", "?"))
        assert field.example


def test_a_problem_carries_the_tag_that_causes_it() -> None:
    assert parse_template("a {{ nope | upper }} b") == (
        TemplateProblem(
            1,
            Message.of("not-a-field", name="nope"),
            "{{ nope | upper }}",
        ),
    )


# --- line breaks: writers need not know which ones Jinja drops after a tag ------------------------


@st.composite
def _letters(draw: st.DrawFn) -> tuple[str, list[list[str]]]:
    """A text with every kind of tag at every position in a line, and its words by paragraph."""
    numbers = itertools.count(1)
    conditions = {"city": True, "is_delegate": False}
    lines: list[str] = []
    parts: list[list[str]] = [[]]

    def words(shown: bool) -> str:
        found = [f"w{next(numbers)}." for _ in range(draw(st.integers(1, 2)))]
        if shown:
            parts[-1].extend(found)
        return " ".join(found)

    def line(shown: bool) -> str:
        pieces = []
        for kind in draw(st.lists(st.sampled_from("wwir"), min_size=1, max_size=4)):
            if kind == "w":
                pieces.append(words(shown))
            elif kind == "r":
                pieces.append("{# a remark #}")
            else:
                name = draw(st.sampled_from(sorted(conditions)))
                pieces.append(f"{{% if {name} %}}{words(shown and conditions[name])}{{% endif %}}")
        return draw(_SPACES) + " ".join(pieces) + draw(_SPACES)

    for _ in range(draw(st.integers(1, 6))):
        kind = draw(st.sampled_from(["line", "line", "block", "blank"]))
        if kind == "blank":
            lines.append(draw(_SPACES))
            parts.append([])
        elif kind == "line":
            lines.append(line(True))
        else:
            name = draw(st.sampled_from(sorted(conditions)))
            lines.append(f"{draw(_SPACES)}{{% if {name} %}}{draw(_SPACES)}")
            lines += [line(conditions[name]) for _ in range(draw(st.integers(1, 2)))]
            lines.append(f"{draw(_SPACES)}{{% endif %}}{draw(_SPACES)}")
    return "\n".join(lines), [part for part in parts if part]


_SPACES = st.sampled_from(["", "", " ", "  "])


@given(_letters())
def test_no_tag_joins_sentences_or_splits_a_paragraph(
    made: tuple[str, list[list[str]]],
) -> None:
    text, expected = made
    values = {"city": "Fresno", "is_delegate": False}
    result = parse_template(text)
    assert isinstance(result, Parsed), (text, result)
    assert [part.split() for part in frame_paragraphs(result.render(values))] == expected


@pytest.mark.parametrize("text", ["a {%- if city %}b{% endif %}", "{{- city }}", "a {{ city -}}\nb",
                                  "a {#- x #} b", "{%+ if city %}b{% endif %}"])  # fmt: skip
def test_whitespace_control_that_joins_words_is_refused(text: str) -> None:
    result = parse_template(text)
    assert not isinstance(result, Parsed)
    assert "glues words together" in result[0].message


def test_an_error_after_lines_of_tags_still_names_its_own_line() -> None:
    text = "a\n{% if city %}\nb {% if city %}c{% endif %}\n{% endif %}\n{{ citi }}"
    result = parse_template(text)
    assert not isinstance(result, Parsed)
    assert [problem.line for problem in result] == [5]
    late = parse_template("{% if city %}\na {% if city %}b{% endif %}\n{% endif %}\n{{ 'x' }}")
    assert not isinstance(late, Parsed)
    assert [problem.line for problem in late] == [4]
