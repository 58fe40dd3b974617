"""What no accepted text can do, tested with generated texts.

One source is a grammar of the language, another mutates the real letters, a third is noise.
Every accepted text must render for every kind of recipient, stay small, and have a syntax tree
that cannot call, loop, assign or reach into an object.
"""

from __future__ import annotations

import re
from functools import cache

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from jinja2 import nodes

from app.campaign.asks import values_for
from app.campaign.entities import Campaign
from app.campaign.fields import FILTERS, Field, known_fields
from app.campaign.language import _ENV, Parsed, parse_template
from app.campaign.load import load_campaign
from app.campaign.values import Values, writer_values
from app.congress.tables import load_tables

from .conftest import DAYS, LETTERS, WRITER

KINDS = (
    "IL-5", "WA-7", "TX-27", "CA-18", "OH-4", "CA-12", "CA-3", "AK-0", "DC-0", "PR-0", "GU-0",
    "CA-S3", "NJ-S2", "ID-S2", "TX-S2", "VT-S1",
)  # fmt: skip
"""Sponsor, cosponsor, opponent, earlier, chair, everyone else, independent, at large, the
delegates, and senators of every kind."""
ALLOWED = {
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.Name, nodes.Const,
    nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Filter, nodes.List,
}  # fmt: skip


@cache
def real() -> Campaign:
    return load_campaign(LETTERS)


FACTS = tuple(real().facts)
FIELDS = known_fields(FACTS)


@cache
def recipients() -> tuple[Values, ...]:
    tables, campaign = load_tables(), real()
    every: list[Values] = []
    for seat_id in KINDS:
        holder = tables.holder(seat_id)
        assert holder is not None
        for day in DAYS.values():
            for language in ("en", "es"):
                values = values_for(campaign, holder, today=day, length="full")
                values.update(
                    writer_values(WRITER, holder.seat.state, "es" if language == "es" else "en")
                )
                every.append(
                    {**values, "ask": "I ask.", "opening": "", "thanks": "", "story": "\ufdd0"}
                )
    return tuple(every)


def check(text: str) -> bool:
    """Whether the text was accepted; fails if an accepted one misbehaves."""
    result = parse_template(text, facts=FACTS)
    if not isinstance(result, Parsed):
        assert result
        lines = text.replace("\r\n", "\n").replace("\r", "\n").count("\n") + 1
        assert all(1 <= problem.line <= lines for problem in result), result
        assert all(problem.message for problem in result)
        return False
    tree = _ENV.parse(text)
    assert {type(node) for node in tree.find_all(nodes.Node)} <= ALLOWED - {nodes.Template}
    assert all(node.name in FIELDS for node in tree.find_all(nodes.Name))
    assert all(not n.args and n.name in FILTERS for n in tree.find_all(nodes.Filter))
    outputs = len(re.findall(r"\{\{", text))
    for values in recipients():
        rendered = result.render(values)
        longest = max(len(str(value)) for value in values.values())
        assert len(rendered) <= len(text) + 2 * outputs * longest
        assert "None" not in rendered or "None" in text
    return True


# --- the grammar ----------------------------------------------------------------------

quoted = st.text(
    st.characters(exclude_characters='"\\\r\n', exclude_categories=("Cs", "Cc", "Cn")), max_size=12
).map(lambda words: f'"{words}"')
words = st.text(
    st.characters(exclude_characters="{}#%\\", exclude_categories=("Cs", "Cc", "Cn")), max_size=30
)


def by_kind(*kinds: str) -> list[Field]:
    return [field for field in FIELDS.values() if field.kind in kinds]


def literal(field: Field) -> st.SearchStrategy[str]:
    if field.choices:
        return st.sampled_from(field.choices).map(lambda choice: f"'{choice}'")
    return quoted


printable = [f.name for f in FIELDS.values() if f.printable and f.kind != "yes or no"]
plain = [name for name in printable if FIELDS[name].kind != "block"]
output = st.one_of(
    st.sampled_from(printable),
    st.tuples(st.sampled_from(plain), st.lists(st.sampled_from(list(FILTERS)), max_size=3)).map(
        lambda pair: " | ".join([pair[0], *pair[1]])
    ),
    st.tuples(st.sampled_from(plain), st.sampled_from(plain), quoted).map(" or ".join),
).map(lambda inside: f"{{{{ {inside} }}}}")
order = st.sampled_from(["<", ">", "<=", ">=", "==", "!="])
comparison = st.one_of(
    st.sampled_from(list(FIELDS)),
    st.sampled_from(by_kind("text")).flatmap(
        lambda f: st.tuples(st.just(f.name), st.sampled_from(["==", "!="]), literal(f))
    ).map(" ".join),
    st.sampled_from(by_kind("text")).flatmap(
        lambda f: st.lists(literal(f), min_size=1, max_size=5).map(
            lambda items: f"{f.name} in [{', '.join(items)}]"
        )
    ),
    st.tuples(
        st.sampled_from([f.name for f in by_kind("number")]), order, st.integers(0, 999_999)
    ).map(lambda three: f"{three[0]} {three[1]} {three[2]}"),
    st.tuples(st.sampled_from([f.name for f in by_kind("date")]), order, st.dates()).map(
        lambda three: f'{three[0]} {three[1]} "{three[2]:%Y-%m-%d}"'
        if three[2].year > 999
        else "ending"
    ),
    st.tuples(
        st.sampled_from([f.name for f in by_kind("date")]),
        order,
        st.sampled_from([f.name for f in by_kind("date")]),
    ).map(" ".join),
)  # fmt: skip
condition = st.recursive(
    comparison,
    lambda inner: st.one_of(
        inner.map(lambda c: f"not ({c})"),
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(" ".join),
    ),
    max_leaves=4,
)
part = st.recursive(
    st.one_of(words, output, words.map(lambda w: f"{{# {w} #}}")),
    lambda inner: st.tuples(condition, inner, condition, inner, inner).map(
        lambda p: (
            f"{{% if {p[0]} %}}\n{p[1]}{{% elif {p[2]} %}}{p[3]}{{% else %}}{p[4]}\n{{% endif %}}"
        )
    ),
    max_leaves=6,
)
grammar = st.lists(part, max_size=6).map("\n".join)

SETTINGS = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@SETTINGS
@given(grammar)
def test_every_text_of_the_grammar_is_accepted_and_renders_for_everyone(text: str) -> None:
    assert check(text), parse_template(text, facts=FACTS)


# --- mutations of the real letters -----------------------------------------------------

SNIPPETS = [
    "{{", "}}", "{%", "%}", "{#", "#}", "{{ story }}", "{% if ending %}", "{% else %}",
    "{% elif type == 'rep' %}", "{% endif %}", "{% for x in y %}", ".__class__", "()", "[0]",
    "|", "or", "in", "is defined", " * 9", "'", '"', "\\", "\n", "{% raw %}", "{{ ''.x }}", "-",
    "\x00", "\ufdd0", "“", "{% set x = 1 %}", "{{ self }}", "{% if ", " %}", "{{ config }}", "~",
    "\u2028", "\r", "{{-", "-%}", "{%+", "lipsum", "{{ 1/0 }}", "{{ caucus }}", "0x41", "1e999",
]  # fmt: skip


@cache
def sources() -> list[str]:
    texts = [path.read_text(encoding="utf-8") for path in sorted(LETTERS.glob("*.txt"))]
    campaign = real()
    return [
        *(text.split("+++\n", 2)[2] for text in texts),
        *(ask.text for ask in campaign.asks),
        *(addition.text for addition in campaign.additions),
    ]


@st.composite
def mutated(draw: st.DrawFn) -> str:
    text = draw(st.sampled_from(sources()))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(text)))
        to = min(len(text), at + draw(st.integers(0, 20)))
        text = text[:at] + draw(st.sampled_from(["", *SNIPPETS])) + text[to:]
    return text


@SETTINGS
@given(mutated())
@example("{{ place or '{{ story }}' }}")
@example("{% if type == 'rep' -%} a {%- endif %}")
def test_a_mutated_letter_is_refused_or_renders_for_everyone(text: str) -> None:
    check(text)


tokens = st.lists(
    st.one_of(st.sampled_from(SNIPPETS), st.sampled_from(list(FIELDS)), st.text(max_size=5)),
    max_size=25,
)


@SETTINGS
@given(tokens.map(" ".join))
def test_noise_is_refused_or_renders_for_everyone(text: str) -> None:
    check(text)


@pytest.mark.parametrize("text", sources())
def test_every_real_text_is_accepted(text: str) -> None:
    assert check(text)
