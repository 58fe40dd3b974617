"""The small language of letters: parse, check, render.

A text is plain words with ``{{ field }}``, ``{{ field or "words" }}``, ``{{ field | upper }}``
and ``{% if %}``, ``{% elif %}``, ``{% else %}``, ``{% endif %}`` with comparisons. Three layers
protect the site from a text. The *scan* reads its tokens with Jinja's own lexer before anything
is parsed, refuses every token that the language does not have, and bounds length and depth. The
*walk* over Jinja's syntax tree refuses every node that is not on its allowlist; it also checks
kinds, so an accepted text cannot fail when rendered. The last layer is Jinja's immutable sandbox,
without globals and with strict undefined.

The limits apply before the parser runs, so a hostile text costs milliseconds and bounded memory.
They are far above what any letter needs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache, lru_cache

from jinja2 import Environment, StrictUndefined, Template, TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from app.campaign.fields import FILTERS, Field, Scope, known_fields
from app.campaign.problems import Message
from app.text import NO_TEXT

MOST_SOURCE_CHARACTERS = 20_000
"""Characters in one text; a full letter has about 1,500."""
MOST_TAGS = 300
"""``{{ … }}`` and ``{% … %}`` in one text."""
MOST_TAG_TOKENS = 200
"""Tokens inside one tag; a list of all states fits."""
MOST_TAG_JOINS = 16
"""``and``, ``or`` and ``not`` inside one tag."""
MOST_NESTING = 6
"""Levels of nested ``{% if %}``."""
MOST_PARENTHESES = 4
"""Levels of nested parentheses."""
MOST_LITERAL_CHARACTERS = 300
"""Characters in one quoted text."""
MOST_NUMBER_DIGITS = 6
MOST_FILTERS = 3
"""Filters on one field."""
MOST_PROBLEMS = 20
"""Messages about one text; more would only repeat them."""

Token = tuple[int, str, str]

_STRAY = re.compile(r"\}\}|%\}|#\}")
_SINGLE_BRACE = re.compile(r"(?<!\{)\{ ?([a-z_]+) ?\}(?!\})")
_JOINS = frozenset({"and", "or", "not"})
_CONSTANTS = frozenset({"true", "false", "True", "False"})
_NOTHING = frozenset({"none", "None"})
_CALCULATE = frozenset({"+", "-", "*", "/", "//", "%", "**", "~"})
_TAGS = frozenset({"if", "elif", "else", "endif"})
_COMPARE = frozenset({"==", "!=", "<", ">", "<=", ">="})
_WHY_NOT = {
    "for": Message.of("tag-repeats", tag="{% for %}"),
    "set": Message.of("tag-stores", tag="{% set %}"),
    "macro": Message.of("tag-macro"),
    "call": Message.of("tag-calls"),
    "include": Message.of("tag-includes"),
    "import": Message.of("tag-imports"),
    "from": Message.of("tag-imports"),
    "extends": Message.of("tag-extends"),
    "elseif": Message.of("elseif"),
    "elsif": Message.of("elsif"),
    "end": Message.of("end"),
    "endfor": Message.of("tag-repeats", tag="{% endfor %}"),
}
_OTHER_NAMES = {
    "name": "legislator_name",
    "last_name": "legislator_last",
    "title": "legislator_title",
    "bill": "bill_name",
    "number": "bill_number",
    "district": "constituency",
    "date": "today",
    "party": "caucus",
}
"""Names that people guess, and the fields that they mean."""


@dataclass(frozen=True, slots=True)
class TemplateProblem:
    """One thing wrong with a text: its line (from 1), what to do, and the source at fault."""

    line: int
    what: Message
    source: str = ""

    @property
    def message(self) -> str:
        """What is wrong and what to do, in English."""
        return str(self.what)


@dataclass(slots=True)
class _Tag:
    line: int
    block: bool
    tokens: list[Token] = field(default_factory=list)

    @property
    def open(self) -> str:
        return "{%" if self.block else "{{"

    @property
    def close(self) -> str:
        return "%}" if self.block else "}}"

    @property
    def source(self) -> str:
        words = " ".join(value for _, _, value in self.tokens[:12])
        return f"{self.open} {words} {self.close}"


class _StopScan(Exception):  # noqa: N818 (ends the scan, is not an error)
    """Raised when scanning further would only produce noise."""


def scan(env: Environment, text: str, fields: Mapping[str, Field]) -> list[TemplateProblem]:
    """The problems visible in the tokens alone; if empty, the text is safe to parse.

    Call it with at most ``MOST_SOURCE_CHARACTERS`` characters.
    """
    scanner = _Scanner(fields)
    try:
        scanner.read(env.lexer.tokeniter(text, None))
    except _StopScan:
        pass
    except TemplateSyntaxError as error:
        scanner.lexer_failed(error)
    return sorted(scanner.problems, key=lambda p: p.line)


class _Scanner:
    def __init__(self, fields: Mapping[str, Field]) -> None:
        self.fields = fields
        self.problems: list[TemplateProblem] = []
        self.open_ifs: list[tuple[int, bool]] = []
        """The line of each open ``{% if %}``, and whether its ``{% else %}`` was seen."""
        self.tags = 0
        self.tag: _Tag | None = None
        self.open_comment: int | None = None
        """The line of an open ``{#``."""

    def add(self, line: int, what: Message, source: str = "") -> None:
        self.problems.append(TemplateProblem(line, what, source))
        if len(self.problems) >= MOST_PROBLEMS:
            raise _StopScan

    # --- the text as a whole ---------------------------------------------------------

    def read(self, tokens: Iterator[Token]) -> None:
        for line, kind, value in tokens:
            if kind == "data":
                self.words(line, value)
            elif kind in ("variable_begin", "block_begin"):
                self.begin(line, kind == "block_begin")
                self.whitespace_control(line, value)
            elif kind in ("variable_end", "block_end"):
                assert self.tag is not None
                self.finish(self.tag)
                self.whitespace_control(line, value)
                self.tag = None
            elif kind.startswith("raw_"):
                self.add(line, Message.of("raw"), value.strip())
                raise _StopScan
            elif kind in ("comment_begin", "comment_end"):
                self.open_comment = line if kind == "comment_begin" else None
                self.whitespace_control(line, value)
            elif kind == "comment":
                self.characters(line, value)
            elif self.tag is not None:
                self.inside(self.tag, (line, kind, value))
        if self.tag is not None:
            self.unclosed(self.tag)
        if self.open_comment is not None:
            self.add(self.open_comment, Message.of("remark-open"))
        for line, _ in self.open_ifs:
            self.add(line, Message.of("if-open", tag="{% if %}", close="{% endif %}"))

    def words(self, line: int, value: str) -> None:
        self.characters(line, value)
        for match in _STRAY.finditer(value):
            here = line + value.count("\n", 0, match.start())
            start = {"}}": "{{", "%}": "{%", "#}": "{#"}[match[0]]
            self.add(here, Message.of("end-alone", token=match[0], start=start))
        for match in _SINGLE_BRACE.finditer(value):
            if match[1] in self.fields:
                here = line + value.count("\n", 0, match.start())
                field = f"{{{{ {match[1]} }}}}"
                what = Message.of("single-braces", token=match[0], field=field)
                self.add(here, what, match[0])

    def characters(self, line: int, value: str) -> None:
        match = NO_TEXT.search(value)
        if match:
            here = line + value.count("\n", 0, match.start())
            self.add(here, Message.of("control"))

    def begin(self, line: int, block: bool) -> None:
        self.tags += 1
        if self.tags > MOST_TAGS:
            self.add(line, Message.of("tags", number=MOST_TAGS))
            raise _StopScan
        self.tag = _Tag(line, block)

    def whitespace_control(self, line: int, value: str) -> None:
        """Refuse ``{%-`` and similar tags, which strip white space and so glue words together."""
        if value.strip(" \t\n{}%#") in ("-", "+"):
            sign = value.strip(" \t\n{}%#")
            self.add(line, Message.of("glue", sign=sign))

    def unclosed(self, tag: _Tag) -> None:
        self.add(
            tag.line,
            Message.of("tag-open", open=tag.open, close=tag.close),
            tag.source.rsplit(" ", 1)[0],
        )
        raise _StopScan

    def lexer_failed(self, error: TemplateSyntaxError) -> None:
        if len(self.problems) >= MOST_PROBLEMS:
            return
        message = error.message or ""
        if "comment" in message:
            what = Message.of("remark-open")
        elif "raw" in message:
            what = Message.of("raw")
        elif self.tag is not None and message == "unexpected '}'":
            what = Message.of("tag-open", open=self.tag.open, close=self.tag.close)
        elif self.tag is not None and "unexpected char" in message:
            char = message.removeprefix("unexpected char ").split(" at ")[0].strip("'\"")
            if char.startswith(("\\u", "\\x", "\\U")):  # how Python quotes what cannot be seen
                what = Message.of("control")
            elif char and char in "“”„‘’«»":
                what = Message.of("curly-quotes")
            elif not char or "'" in char or '"' in char:
                what = Message.of("quote-alone")
            else:
                what = Message.of("sign", sign=char[:8])
        else:
            what = Message.of("bracket-alone")
        line = self.tag.line if self.tag is not None else error.lineno
        self.problems.append(TemplateProblem(line, what, self.tag.source if self.tag else ""))

    # --- one tag ---------------------------------------------------------------------

    def inside(self, tag: _Tag, token: Token) -> None:
        _, kind, value = token
        if "\n" in value or (kind == "operator" and value in "{}"):
            self.unclosed(tag)
        if kind == "whitespace":
            return
        tag.tokens.append(token)
        if len(tag.tokens) > MOST_TAG_TOKENS:
            self.add(tag.line, Message.of("tag-long", number=MOST_TAG_TOKENS), tag.source)
            raise _StopScan

    def finish(self, tag: _Tag) -> None:
        if not tag.tokens:
            self.add(tag.line, Message.of("tag-empty", open=f"{tag.open} {tag.close}"))
            return
        rest = tag.tokens
        if tag.block:
            word = tag.tokens[0][2]
            if not self.structure(tag, word):
                return
            rest = tag.tokens[1:]
        self.bounds(tag, rest)
        for index, token in enumerate(rest):
            self.check_token(tag, token, rest[index - 1] if index else None)

    def structure(self, tag: _Tag, word: str) -> bool:
        """Track if, elif, else and endif; False if the rest of the tag should be skipped."""
        line = tag.line
        if word not in _TAGS:
            why = _WHY_NOT.get(word) or Message.of("tag-unknown", tag=f"{{% {word[:30]} %}}")
            self.add(line, Message.of("not-a-tag", more=why), tag.source)
            return False
        alone, shown = len(tag.tokens) == 1, f"{{% {word} %}}"
        if word == "if":
            self.open_ifs.append((line, False))
            if len(self.open_ifs) > MOST_NESTING:
                self.add(line, Message.of("nesting", number=MOST_NESTING))
                raise _StopScan
        elif not self.open_ifs:
            self.add(line, Message.of("no-if", tag=shown, start="{% if %}"), tag.source)
            return False
        elif word == "endif":
            self.open_ifs.pop()
        else:
            first, has_else = self.open_ifs[-1]
            if has_else:
                self.add(line, Message.of("after-else", tag=shown, other="{% else %}"), tag.source)
            self.open_ifs[-1] = (first, has_else or word == "else")
        if word in ("if", "elif") and alone:
            self.add(line, Message.of("needs-condition", tag=shown, example='type == "sen"'))
            return False
        if word in ("else", "endif") and not alone:
            what = Message.of("takes-nothing", tag=shown)
            if word == "else":
                what = Message.of("else-condition", tag=shown, example="{% elif … %}")
            self.add(line, what, tag.source)
            return False
        return True

    def bounds(self, tag: _Tag, tokens: list[Token]) -> None:
        joins = sum(1 for _, kind, value in tokens if kind == "name" and value in _JOINS)
        deepest = depth = 0
        for _, kind, value in tokens:
            if kind == "operator" and value in "([":
                depth += 1
                deepest = max(deepest, depth)
            elif kind == "operator" and value in ")]":
                depth -= 1
        if joins > MOST_TAG_JOINS or deepest > MOST_PARENTHESES:
            self.add(tag.line, Message.of("condition-long"), tag.source)
            raise _StopScan

    def check_token(self, tag: _Tag, token: Token, before: Token | None) -> None:
        line, kind, value = token
        if kind == "string":
            if "\\" in value or NO_TEXT.search(value):
                self.add(line, Message.of("backslash"), tag.source)
            elif len(value) > MOST_LITERAL_CHARACTERS:
                self.add(line, Message.of("quoted-long", number=MOST_LITERAL_CHARACTERS))
        elif kind in ("integer", "float"):
            if kind == "float" or not value.isdecimal() or len(value) > MOST_NUMBER_DIGITS:
                self.add(line, Message.of("number", value=value[:20]), tag.source)
        elif kind == "operator":
            self.operator(tag, token, before)
        elif kind == "name":
            self.name(tag, token, before)

    def operator(self, tag: _Tag, token: Token, before: Token | None) -> None:
        line, _, value = token
        what = None
        if value == ".":
            what = Message.of("dot")
        elif value == "(" and before is not None and not self.expects_operand(before):
            what = Message.of("parentheses")
        elif value == "[" and not (before is not None and before[2] == "in"):
            what = Message.of("square-brackets")
        elif value == "," and not any(v == "[" for _, _, v in tag.tokens):
            what = Message.of("comma")
        elif value in _CALCULATE:
            what = Message.of("calculates", sign=value)
        elif value == "=":
            what = Message.of("one-equals")
        elif value in (":", ";"):
            what = Message.of("sign", sign=value)
        if what is not None:
            self.add(line, what, tag.source)

    @staticmethod
    def expects_operand(token: Token) -> bool:
        return token[2] in _JOINS or token[2] in _COMPARE or token[2] in ("(", "in")

    def name(self, tag: _Tag, token: Token, before: Token | None) -> None:
        line, _, value = token
        if before is not None and before[2] in (".", "is"):
            return  # already refused
        if before is not None and before[2] == "|":
            if value not in FILTERS:
                known = ", ".join(f"`{name}`" for name in FILTERS)
                self.add(line, Message.of("not-a-filter", name=value[:40], known=known), tag.source)
        elif value in _JOINS or value == "in" or value in _CONSTANTS or value in self.fields:
            return
        elif value in ("if", "else", "elif"):
            self.add(
                line,
                Message.of(
                    "inside-tag", word=value, example="`{% if … %}` … `{% else %}` … `{% endif %}`"
                ),
                tag.source,
            )
        elif value == "is":
            self.add(line, Message.of("is"), tag.source)
        elif value in _NOTHING:
            self.add(line, Message.of("never-none", value="none", example="not field"))
        else:
            self.add(line, unknown_field(value, self.fields), tag.source)


def unknown_field(name: str, fields: Mapping[str, Field]) -> Message:
    """``legislater_name`` is not a field; did you mean ``legislator_name``?"""
    shown = name[:60]
    shown_lower = shown.lower()
    if shown_lower in _OTHER_NAMES:
        return Message.of("did-you-mean", name=shown, other=_OTHER_NAMES[shown_lower])
    cutoff = 0.65 if len(shown) < 6 else 0.75
    close = get_close_matches(shown_lower, fields, n=3, cutoff=cutoff)
    close.sort(key=lambda name: abs(len(name) - len(shown)))
    if close:
        return Message.of("did-you-mean", name=shown, other=close[0])
    return Message.of("not-a-field", name=shown)


_ISO = re.compile(r"\d{4}-\d{2}-\d{2}")
_ORDER = frozenset({"lt", "gt", "lteq", "gteq"})


def check_tree(
    tree: nodes.Template, fields: Mapping[str, Field]
) -> tuple[list[TemplateProblem], set[str]]:
    """The problems of a parsed text, and the names of the fields that it uses."""
    walker = _TreeWalker(fields)
    walker.body(tree.body)
    return walker.problems, walker.used


class _TreeWalker:
    def __init__(self, fields: Mapping[str, Field]) -> None:
        self.fields = fields
        self.problems: list[TemplateProblem] = []
        self.used: set[str] = set()

    def add(self, node: nodes.Node, what: Message) -> None:
        self.problems.append(TemplateProblem(node.lineno, what))

    def refuse(self, node: nodes.Node) -> None:
        self.add(node, Message.of("too-much"))

    def body(self, items: list[nodes.Node]) -> None:
        for node in items:
            if type(node) is nodes.Output:
                for part in node.nodes:
                    if type(part) is not nodes.TemplateData:
                        self.output(part)
            elif type(node) is nodes.If:
                self.test(node.test)
                self.body(node.body)
                for branch in node.elif_:
                    self.test(branch.test)
                    self.body(branch.body)
                self.body(node.else_)
            else:
                self.refuse(node)

    # --- printing --------------------------------------------------------------------

    def output(self, node: nodes.Node) -> None:
        """A field, with filters or a fallback: ``field or other or "words"``."""
        operands: list[nodes.Node] = []
        while type(node) is nodes.Or:
            operands.insert(0, node.right)
            node = node.left
        operands.insert(0, node)
        for position, operand in enumerate(operands):
            if type(operand) is nodes.Const and isinstance(operand.value, str):
                if position == 0 or position < len(operands) - 1:
                    self.add(operand, Message.of("words-last"))
            else:
                self.printed(operand)

    def printed(self, node: nodes.Node) -> None:
        depth = 0
        filtered = False
        while type(node) is nodes.Filter:
            if node.name not in FILTERS or node.args or node.kwargs or node.dyn_args:
                self.refuse(node)
                return
            depth += 1
            filtered = True
            if depth > MOST_FILTERS or node.node is None:
                self.add(node, Message.of("filters", number=MOST_FILTERS))
                return
            node = node.node
        if type(node) is not nodes.Name:
            self.add(node, Message.of("prints-field"))
            return
        field = self.field(node)
        if field is None:
            return
        if not field.printable or field.kind == "yes or no":
            example = f"{{% if {field.name} … %}}"
            self.add(node, Message.of("not-printed", name=field.name, example=example))
        elif filtered and field.kind == "block":
            self.add(node, Message.of("whole-block", name=field.name))

    def field(self, node: nodes.Name) -> Field | None:
        found = self.fields.get(node.name)
        if found is None or node.ctx != "load":
            self.add(node, unknown_field(node.name, self.fields))
            return None
        self.used.add(node.name)
        return found

    # --- testing ---------------------------------------------------------------------

    def test(self, node: nodes.Node) -> None:
        if type(node) is nodes.Name:
            self.field(node)
        elif type(node) is nodes.Not:
            self.test(node.node)
        elif type(node) is nodes.And or type(node) is nodes.Or:
            self.test(node.left)
            self.test(node.right)
        elif type(node) is nodes.Compare:
            self.compare(node)
        elif type(node) is nodes.Const:
            self.add(node, Message.of("always-same"))
        else:
            self.refuse(node)

    def compare(self, node: nodes.Compare) -> None:
        if len(node.ops) != 1:
            self.add(node, Message.of("two-at-a-time"))
            return
        op, right = node.ops[0].op, node.ops[0].expr
        left = node.expr
        if op in ("in", "notin"):
            self.member_of(node, left, right)
            return
        if type(left) is nodes.Const:
            left, right = right, left
        if type(left) is not nodes.Name:
            self.add(node, Message.of("begins-with-field", example='type == "sen"'))
            return
        field = self.field(left)
        if field is None:
            return
        if type(right) is nodes.Name:
            other = self.field(right)
            if other is not None and (other.kind != field.kind or field.kind == "block"):
                what = Message.of(
                    "kinds-differ", name=field.name, kind=_kind(field), other=other.name,
                    kind2=_kind(other),
                )  # fmt: skip
                self.add(node, what)
        elif type(right) is nodes.Const:
            self.literal(node, field, right.value)
        else:
            self.refuse(right)
            return
        if op in _ORDER and field.kind not in ("number", "date"):
            self.add(node, Message.of("no-order", name=field.name))

    def member_of(self, node: nodes.Compare, left: nodes.Node, right: nodes.Node) -> None:
        if type(left) is not nodes.Name or not isinstance(right, nodes.List):
            self.add(node, Message.of("in-list", example='state in ["TX", "GA"]'))
            return
        field = self.field(left)
        if field is None:
            return
        if not right.items:
            self.add(node, Message.of("list-empty"))
        for item in right.items:
            if type(item) is not nodes.Const:
                self.add(node, Message.of("list-items"))
                return
            self.literal(node, field, item.value)

    def literal(self, node: nodes.Node, field: Field, value: object) -> None:
        name = field.name
        if field.kind == "block":
            self.add(node, Message.of("block-tested", name=name, example=f"{{% if {name} %}}"))
        elif field.kind == "yes or no":
            if not isinstance(value, bool):
                self.add(node, Message.of("yes-or-no", name=name, a=name, b=f"not {name}"))
        elif field.kind == "number":
            if isinstance(value, bool) or not isinstance(value, int):
                self.add(node, Message.of("is-number", name=name))
        elif not isinstance(value, str):
            self.add(node, Message.of("in-quotes", name=name, kind=_kind(field)))
        elif field.kind == "date":
            if not _ISO.fullmatch(value):
                self.add(node, Message.of("is-date", name=name))
        elif field.choices and value and value not in field.choices:
            choices = ", ".join(field.choices[:8]) + (" …" if len(field.choices) > 8 else "")
            self.add(node, Message.of("never-value", name=name, value=value[:40], choices=choices))


def _kind(field: Field) -> Message:
    return Message.of(f"kind-{field.kind}")


class TemplateError(ValueError):
    """A text that should already have been checked is not in the small language."""

    def __init__(self, problems: tuple[TemplateProblem, ...]) -> None:
        self.problems = problems
        super().__init__("; ".join(f"line {p.line}: {p.message}" for p in problems))


def _sentence(value: object) -> str:
    text = str(value)
    return text[:1].upper() + text[1:]


def _environment() -> ImmutableSandboxedEnvironment:
    # Letters are plain text; whatever shows one escapes it.
    env = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
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
    """A checked and compiled text. ``fields`` are the names that it uses."""

    text: str
    fields: frozenset[str]
    render: Callable[[Mapping[str, object]], str] = field(repr=False, compare=False)
    """Renders with a value for every field; never raises for an accepted text."""


def parse_template(
    text: str, *, facts: Iterable[str] = (), scope: Scope = "letter", first_line: int = 1
) -> Parsed | tuple[TemplateProblem, ...]:
    """Check a text of the small language.

    Returns the compiled text, or up to ``MOST_PROBLEMS`` problems ordered by line, each worded for
    someone who does not program. ``facts`` are the ids of the campaign's dated facts; ``scope`` is
    ``ask`` for a text of ``campaign.toml``, which knows no writer; ``first_line`` is the line of
    the file on which the text begins. Takes a few milliseconds and bounded memory for any text.
    """
    result = _parse(text, tuple(facts), scope)
    if isinstance(result, Parsed) or first_line == 1:
        return result
    return tuple(TemplateProblem(p.line + first_line - 1, p.what, p.source) for p in result)


def parse_condition(
    text: str, *, facts: Iterable[str] = (), first_line: int = 1
) -> Parsed | tuple[TemplateProblem, ...]:
    """Check a condition such as ``type == "sen" and stance == "none"``; empty is always true.

    The compiled condition renders as ``1`` when true and as nothing when false.
    """
    if not text.strip():
        return parse_template("1")
    if "%}" in text or "\n" in text.strip():
        what = Message.of("condition-line", example='type == "sen"')
        return (TemplateProblem(first_line, what, text[:80]),)
    source = f"{{% if {text.strip()} %}}1{{% endif %}}"
    return parse_template(source, facts=facts, scope="ask", first_line=first_line)


def compiled(text: str, facts: tuple[str, ...], scope: Scope) -> Parsed:
    """The compiled form of a text accepted before. Raises ``TemplateError`` if it was not."""
    result = _parse(text, facts, scope)
    if isinstance(result, Parsed):
        return result
    raise TemplateError(result)


def first_match(
    conditions: tuple[str, ...], facts: tuple[str, ...], values: Mapping[str, object]
) -> int | None:
    """The index of the first true condition, or None. All must have been accepted before."""
    if not conditions:
        return None
    index = compiled(_chain(conditions), facts, "ask").render(values)
    return int(index) if index else None


@lru_cache(maxsize=64)
def _chain(conditions: tuple[str, ...]) -> str:
    """A template that prints the index of the first true condition, so that all of them take one
    rendering."""
    parts: list[str] = []
    for index, condition in enumerate(conditions):
        if not condition:
            parts.append(f"{{% else %}}{index}" if parts else str(index))
            break
        parts.append(f"{{% {'elif' if parts else 'if'} {condition} %}}{index}")
    return "".join(parts) + ("{% endif %}" if conditions[0] else "")


def _parse(text: str, facts: tuple[str, ...], scope: Scope) -> Parsed | tuple[TemplateProblem, ...]:
    # Checked outside the cache, so that it never keeps a huge text.
    if len(text) > MOST_SOURCE_CHARACTERS:
        most = MOST_SOURCE_CHARACTERS
        what = Message.of("text-long", number=f"{len(text):,}", most=f"{most:,}")
        return (TemplateProblem(1, what),)
    return _parse_bounded(text, facts, scope)


@lru_cache(maxsize=512)
def _parse_bounded(
    text: str, facts: tuple[str, ...], scope: Scope
) -> Parsed | tuple[TemplateProblem, ...]:
    fields = known_fields(facts, scope)
    problems = scan(_ENV, text, fields)
    if problems:
        return tuple(problems[:MOST_PROBLEMS])
    try:
        tree = _ENV.parse(_keep_line_ends(text))
    except TemplateSyntaxError as error:
        # The scan reports what it recognizes; anything else is a malformed tag.
        return (TemplateProblem(error.lineno, Message.of("unreadable-tag")),)
    problems, used = check_tree(tree, fields)
    if problems:
        return tuple(sorted(problems, key=lambda p: p.line)[:MOST_PROBLEMS])
    return Parsed(text, frozenset(used), _renderer(text))


_ANY_TAG = re.compile(r"""\{#.*?#\}|\{%(?:"[^"]*"|'[^']*'|[^"'%]|%(?!\}))*%\}""", re.DOTALL)


_LINE_ENDS = re.compile(r"[ \t]*\n")
_BLANK = re.compile(r"[ \t]*(\n|\Z)")


def _keep_line_ends(text: str) -> str:
    """``text``, already scanned, with the line breaks after its tags adjusted.

    A line of tags alone leaves nothing, not even an empty line, which would split a paragraph.
    After a line of words that ends in a tag, at least a space is left, so that sentences are not
    glued together. A break is removed by moving it into its tag, where Jinja ignores it, so every
    line keeps its number.
    """
    out: list[str] = []
    here = 0
    words = False
    for tag in _ANY_TAG.finditer(text):
        between = text[here : tag.start()]
        out.append(between)
        words = bool(between.rpartition("\n")[2].strip()) or (words and "\n" not in between)
        here = tag.end()
        line_end = _LINE_ENDS.match(text, here)
        if line_end is None or _BLANK.match(text, line_end.end()):
            out.append(tag[0])
            continue
        out.append(f"{tag[0][:-2]}\n{tag[0][-2:]}{' ' if words else ''}")
        here = line_end.end()
        words = False
    out.append(text[here:])
    return "".join(out)


def _renderer(text: str) -> Callable[[Mapping[str, object]], str]:
    @cache
    def template() -> Template:
        # Built on first use, because most processes render few texts. There are no globals, and
        # an empty dict is faster to search than Jinja's empty chain.
        built = _ENV.from_string(_keep_line_ends(text))
        built.globals = {}
        return built

    def render(values: Mapping[str, object]) -> str:
        # Like Template.render, but without copying the values: the small language cannot assign.
        here = template()
        context = here.new_context(dict(values) if type(values) is not dict else values, True)
        return "".join(here.root_render_func(context))

    return render
