"""The small language of letters: parse, check, render.

A text is plain words with ``{{ field }}``, ``{{ field or "words" }}``, ``{{ field | upper }}``
and ``{% if %}``, ``{% elif %}``, ``{% else %}``, ``{% endif %}`` with comparisons. Three walls
stand between a text and the site: the scan of its signs (``scan``), the walk over Jinja's own
syntax tree with an allow-list (``tree``), and Jinja's immutable sandbox, without globals and
with strict undefined, in which the accepted text runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from jinja2 import StrictUndefined, Template, TemplateSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from app.campaign import limits
from app.campaign.fields import Scope, known_fields
from app.campaign.scan import TemplateProblem, scan
from app.campaign.tree import check_tree

__all__ = ["Parsed", "TemplateError", "TemplateProblem", "parse_condition", "parse_template"]


class TemplateError(ValueError):
    """A text that should have been checked before is not in the small language."""

    def __init__(self, problems: tuple[TemplateProblem, ...]) -> None:
        self.problems = problems
        super().__init__("; ".join(f"line {p.line}: {p.message}" for p in problems))


def _sentence(value: object) -> str:
    text = str(value)
    return text[:1].upper() + text[1:]


def _environment() -> ImmutableSandboxedEnvironment:
    # Letters are plain text: escaping is the business of whatever shows one.
    env = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, autoescape=False, trim_blocks=True, lstrip_blocks=True
    )
    filters: dict[str, Callable[[object], str]] = {
        "upper": lambda value: str(value).upper(),
        "lower": lambda value: str(value).lower(),
        "sentence": _sentence,
    }
    env.globals.clear()
    env.tests.clear()
    env.filters.clear()
    env.filters.update(filters)
    return env


_ENV = _environment()


@dataclass(frozen=True, slots=True)
class Parsed:
    """A text that was checked and compiled. ``fields`` are the names that it uses."""

    text: str
    fields: frozenset[str]
    render: Callable[[Mapping[str, object]], str] = field(repr=False, compare=False)
    """Renders with a value for every field; raises nothing for an accepted text."""


def parse_template(
    text: str,
    *,
    facts: Iterable[str] = (),
    scope: Scope = "letter",
    first_line: int = 1,
) -> Parsed | tuple[TemplateProblem, ...]:
    """Check a text of the small language.

    Returns the compiled text, or up to ``limits.PROBLEMS`` problems in order of line, each
    with words for a person who does not program. ``facts`` are the ids of the campaign's dated
    facts; ``scope`` is ``ask`` for a text of the campaign's page, which knows no writer;
    ``first_line`` is the line of the file on which the text begins. Takes a few milliseconds
    and bounded memory whatever the text.
    """
    result = _parse(text, tuple(facts), scope)
    if isinstance(result, Parsed) or first_line == 1:
        return result
    return tuple(TemplateProblem(p.line + first_line - 1, p.message, p.source) for p in result)


def parse_condition(
    text: str, *, facts: Iterable[str] = (), first_line: int = 1
) -> Parsed | tuple[TemplateProblem, ...]:
    """Check a condition such as ``type == "sen" and stance == "none"``; empty is always true.

    The compiled condition renders as ``1`` when it holds and as nothing when it does not.
    """
    if not text.strip():
        return parse_template("1")
    if "%}" in text or "\n" in text.strip():
        message = 'A condition is one line without tags, such as `type == "sen"`.'
        return (TemplateProblem(first_line, message, text[:80]),)
    source = f"{{% if {text.strip()} %}}1{{% endif %}}"
    return parse_template(source, facts=facts, scope="ask", first_line=first_line)


def compiled(text: str, facts: tuple[str, ...], scope: Scope) -> Parsed:
    """The compiled form of a text that was accepted before; ``TemplateError`` if it was not."""
    result = _parse(text, facts, scope)
    if isinstance(result, Parsed):
        return result
    raise TemplateError(result)


def first_that_holds(
    conditions: tuple[str, ...], facts: tuple[str, ...], values: Mapping[str, object]
) -> int | None:
    """The place of the first condition that holds, all accepted before; None if none does."""
    if not conditions:
        return None
    index = compiled(_chain(conditions), facts, "ask").render(values)
    return int(index) if index else None


@lru_cache(maxsize=64)
def _chain(conditions: tuple[str, ...]) -> str:
    """One text that prints the place of the first condition that holds: one rendering, not
    one for each condition."""
    parts: list[str] = []
    for place, condition in enumerate(conditions):
        if not condition:
            parts.append(f"{{% else %}}{place}" if parts else str(place))
            break
        parts.append(f"{{% {'elif' if parts else 'if'} {condition} %}}{place}")
    return "".join(parts) + ("{% endif %}" if conditions[0] else "")


def _parse(text: str, facts: tuple[str, ...], scope: Scope) -> Parsed | tuple[TemplateProblem, ...]:
    # Before the cache, so that no hostile length is ever kept.
    if len(text) > limits.SOURCE_CHARACTERS:
        most = limits.SOURCE_CHARACTERS
        message = f"The text has {len(text):,} characters; {most:,} is the most."
        return (TemplateProblem(1, message),)
    return _parse_bounded(text, facts, scope)


@lru_cache(maxsize=512)
def _parse_bounded(
    text: str, facts: tuple[str, ...], scope: Scope
) -> Parsed | tuple[TemplateProblem, ...]:
    fields = known_fields(facts, scope)
    problems = scan(_ENV, text, fields)
    if problems:
        return tuple(problems[: limits.PROBLEMS])
    try:
        tree = _ENV.parse(text)
    except TemplateSyntaxError as error:
        # The scan refuses what it knows; whatever is left is a tag that does not add up.
        return (TemplateProblem(error.lineno, "This tag cannot be read; look at its words.", ""),)
    problems, used = check_tree(tree, fields)
    if problems:
        return tuple(sorted(problems, key=lambda p: p.line)[: limits.PROBLEMS])
    return Parsed(text, frozenset(used), _renderer(_ENV.from_string(tree)))


def _renderer(template: Template) -> Callable[[Mapping[str, object]], str]:
    # Like Template.render without copying the values: the small language cannot assign. There
    # are no globals; an empty dict is looked through faster than Jinja's chain of none.
    template.globals = {}

    def render(values: Mapping[str, object]) -> str:
        context = template.new_context(dict(values) if type(values) is not dict else values, True)
        return "".join(template.root_render_func(context))

    return render
