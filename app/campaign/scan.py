"""The first wall: the signs of a text, read with Jinja's own lexer before anything is parsed.

It refuses every sign and word that the small language does not have, says so in words, and
bounds the length and depth of what reaches the parser. It reads the same tokens as the parser
will, so there is no second opinion on where a tag begins or ends.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from jinja2 import Environment, TemplateSyntaxError

from app.campaign import limits
from app.campaign.fields import FILTERS, Field

Token = tuple[int, str, str]

FORBIDDEN_CHARACTERS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufdd0-\ufdef]")
"""Control characters, half characters, and the noncharacters that mark blocks in rendering."""

_STRAY = re.compile(r"\}\}|%\}|#\}")
_SINGLE_BRACE = re.compile(r"(?<!\{)\{ ?([a-z_]+) ?\}(?!\})")
_JOINS = frozenset({"and", "or", "not"})
_CONSTANTS = frozenset({"true", "false", "True", "False"})
_NOTHING = frozenset({"none", "None"})
_CALCULATE = frozenset({"+", "-", "*", "/", "//", "%", "**", "~"})
_TAGS = frozenset({"if", "elif", "else", "endif"})
_COMPARE = frozenset({"==", "!=", "<", ">", "<=", ">="})
_WHY_NOT = {
    "for": "A letter cannot repeat text, so `{% for %}` is not available.",
    "set": "A letter cannot store values, so `{% set %}` is not available.",
    "macro": "A letter cannot define macros.",
    "call": "A letter cannot call anything.",
    "include": "A letter cannot include another text.",
    "import": "A letter cannot import another text.",
    "from": "A letter cannot import another text.",
    "extends": "A letter cannot extend another text.",
    "elseif": "Write `elif` instead of `elseif`.",
    "elsif": "Write `elif` instead of `elsif`.",
    "end": "Write `endif` to end an `if`.",
    "endfor": "A letter cannot repeat text, so `{% endfor %}` is not available.",
}
_REMARK = "A `{#` is never closed: add `#}` where the remark ends."
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
"""What people write first, and the field that they mean."""


@dataclass(frozen=True, slots=True)
class TemplateProblem:
    """One thing wrong with a text: the line (from 1), what and what to do, and the words."""

    line: int
    message: str
    source: str = ""


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


class _Stop(Exception):  # noqa: N818 (ends the scan, is not an error)
    """Reading on would only produce noise."""


def scan(env: Environment, text: str, fields: Mapping[str, Field]) -> list[TemplateProblem]:
    """The problems that can be seen from the signs alone; empty if the parser may go on.

    Call it with at most ``limits.SOURCE_CHARACTERS`` characters.
    """
    scanner = _Scanner(fields)
    try:
        scanner.read(env.lexer.tokeniter(text, None))
    except _Stop:
        pass
    except TemplateSyntaxError as error:
        scanner.lexer_failed(error)
    return sorted(scanner.problems, key=lambda p: p.line)


class _Scanner:
    def __init__(self, fields: Mapping[str, Field]) -> None:
        self.fields = fields
        self.problems: list[TemplateProblem] = []
        self.open_ifs: list[tuple[int, bool]] = []
        """The line of each open ``{% if %}`` and whether its ``{% else %}`` has come."""
        self.tags = 0
        self.tag: _Tag | None = None
        self.remark: int | None = None
        """The line of an open ``{#``."""

    def say(self, line: int, message: str, source: str = "") -> None:
        self.problems.append(TemplateProblem(line, message, source))
        if len(self.problems) >= limits.PROBLEMS:
            raise _Stop

    # --- the text as a whole ---------------------------------------------------------

    def read(self, tokens: Iterator[Token]) -> None:
        for line, kind, value in tokens:
            if kind == "data":
                self.words(line, value)
            elif kind in ("variable_begin", "block_begin"):
                self.begin(line, kind == "block_begin")
            elif kind in ("variable_end", "block_end"):
                assert self.tag is not None
                self.finish(self.tag)
                self.tag = None
            elif kind.startswith("raw_"):
                self.say(line, "`{% raw %}` is not available in a letter.", value.strip())
                raise _Stop
            elif kind in ("comment_begin", "comment_end"):
                self.remark = line if kind == "comment_begin" else None
            elif kind == "comment":
                self.characters(line, value)
            elif self.tag is not None:
                self.inside(self.tag, (line, kind, value))
        if self.tag is not None:
            self.unclosed(self.tag)
        if self.remark is not None:
            self.say(self.remark, _REMARK)
        for line, _ in self.open_ifs:
            self.say(
                line, "This `{% if %}` is never closed: add `{% endif %}` where its words end."
            )

    def words(self, line: int, value: str) -> None:
        self.characters(line, value)
        for match in _STRAY.finditer(value):
            here = line + value.count("\n", 0, match.start())
            start = {"}}": "{{", "%}": "{%", "#}": "{#"}[match[0]]
            self.say(here, f"`{match[0]}` stands alone here: its `{start}` is missing.")
        for match in _SINGLE_BRACE.finditer(value):
            if match[1] in self.fields:
                here = line + value.count("\n", 0, match.start())
                self.say(
                    here,
                    f"`{match[0]}` needs double braces to become the field: "
                    f"`{{{{ {match[1]} }}}}`.",
                    match[0],
                )

    def characters(self, line: int, value: str) -> None:
        match = FORBIDDEN_CHARACTERS.search(value)
        if match:
            here = line + value.count("\n", 0, match.start())
            self.say(here, "There is an invisible control character here; delete and retype it.")

    def begin(self, line: int, block: bool) -> None:
        self.tags += 1
        if self.tags > limits.TAGS:
            self.say(line, f"There are more than {limits.TAGS} tags; a letter needs a few dozen.")
            raise _Stop
        self.tag = _Tag(line, block)

    def unclosed(self, tag: _Tag) -> None:
        self.say(
            tag.line,
            f"This `{tag.open}` is never closed: add `{tag.close}` on the same line.",
            tag.source.rsplit(" ", 1)[0],
        )
        raise _Stop

    def lexer_failed(self, error: TemplateSyntaxError) -> None:
        if len(self.problems) >= limits.PROBLEMS:
            return
        message = error.message or ""
        if "comment" in message:
            text = _REMARK
        elif "raw" in message:
            text = "`{% raw %}` is not available in a letter."
        elif self.tag is not None and message == "unexpected '}'":
            text = (
                f"This `{self.tag.open}` is never closed: add `{self.tag.close}` on the same line."
            )
        elif self.tag is not None and "unexpected char" in message:
            char = message.removeprefix("unexpected char ").split(" at ")[0].strip("'\"")
            if char and char in "“”„‘’«»":
                text = "Inside a tag use straight quotation marks: \" or '."
            elif not char or "'" in char or '"' in char:
                text = "A quotation mark in this tag has no partner."
            else:
                text = f"The sign `{char[:8]}` cannot stand in a tag."
        else:
            text = "A bracket in this tag has no partner."
        line = self.tag.line if self.tag is not None else error.lineno
        self.problems.append(TemplateProblem(line, text, self.tag.source if self.tag else ""))

    # --- one tag ---------------------------------------------------------------------

    def inside(self, tag: _Tag, token: Token) -> None:
        _, kind, value = token
        if "\n" in value or (kind == "operator" and value in "{}"):
            self.unclosed(tag)
        if kind == "whitespace":
            return
        tag.tokens.append(token)
        if len(tag.tokens) > limits.TAG_TOKENS:
            self.say(tag.line, f"This tag has more than {limits.TAG_TOKENS} words.", tag.source)
            raise _Stop

    def finish(self, tag: _Tag) -> None:
        if not tag.tokens:
            self.say(tag.line, f"This `{tag.open} {tag.close}` is empty.")
            return
        rest = tag.tokens
        if tag.block:
            word = tag.tokens[0][2]
            if not self.structure(tag, word):
                return
            rest = tag.tokens[1:]
        self.bounds(tag, rest)
        for index, token in enumerate(rest):
            self.sign(tag, token, rest[index - 1] if index else None)

    def structure(self, tag: _Tag, word: str) -> bool:
        """Account for if, elif, else and endif; False if the tag is nothing to read on in."""
        line = tag.line
        if word not in _TAGS:
            why = _WHY_NOT.get(word, f"`{{% {word[:30]} %}}` is not available in a letter.")
            self.say(line, f"{why} Only if, elif, else and endif are.", tag.source)
            return False
        alone = len(tag.tokens) == 1
        if word == "if":
            self.open_ifs.append((line, False))
            if len(self.open_ifs) > limits.NESTING:
                self.say(line, f"More than {limits.NESTING} `if` stand inside one another.")
                raise _Stop
        elif not self.open_ifs:
            self.say(line, f"This `{{% {word} %}}` has no `{{% if %}}` before it.", tag.source)
            return False
        elif word == "endif":
            self.open_ifs.pop()
        else:
            first, has_else = self.open_ifs[-1]
            if has_else:
                self.say(line, f"`{{% {word} %}}` cannot come after `{{% else %}}`.", tag.source)
            self.open_ifs[-1] = (first, has_else or word == "else")
        if word in ("if", "elif") and alone:
            self.say(line, f'`{{% {word} %}}` needs a condition, such as `type == "sen"`.')
            return False
        if word in ("else", "endif") and not alone:
            hint = " For another condition write `{% elif … %}`." if word == "else" else ""
            self.say(line, f"`{{% {word} %}}` stands alone.{hint}", tag.source)
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
        if joins > limits.TAG_JOINS or deepest > limits.PARENTHESES:
            self.say(tag.line, "This condition is too long; split it.", tag.source)
            raise _Stop

    def sign(self, tag: _Tag, token: Token, before: Token | None) -> None:
        line, kind, value = token
        if kind == "string":
            if "\\" in value or FORBIDDEN_CHARACTERS.search(value):
                self.say(line, "A quoted text cannot hold a backslash.", tag.source)
            elif len(value) > limits.LITERAL_CHARACTERS:
                self.say(line, f"A quoted text has more than {limits.LITERAL_CHARACTERS} letters.")
        elif kind in ("integer", "float"):
            if kind == "float" or not value.isdecimal() or len(value) > limits.NUMBER_DIGITS:
                text = f"`{value[:20]}` is not a number that a letter can use: whole, up to 999999."
                self.say(line, text, tag.source)
        elif kind == "operator":
            self.operator(tag, token, before)
        elif kind == "name":
            self.name(tag, token, before)

    def operator(self, tag: _Tag, token: Token, before: Token | None) -> None:
        line, _, value = token
        message = ""
        if value == ".":
            message = "A field has no parts: take away the dot and what follows it."
        elif value == "(" and before is not None and not self.joins(before):
            message = "A letter cannot call anything: take away the parentheses."
        elif value == "[" and not (before is not None and before[2] == "in"):
            message = "Square brackets only hold a list after `in`."
        elif value == "," and not any(v == "[" for _, _, v in tag.tokens):
            message = "A comma only separates the items of a list after `in`."
        elif value in _CALCULATE:
            message = f"A letter cannot calculate, so `{value}` cannot stand in a tag."
        elif value == "=":
            message = "To compare, write `==`."
        elif value in (":", ";"):
            message = f"The sign `{value}` cannot stand in a tag."
        if message:
            self.say(line, message, tag.source)

    @staticmethod
    def joins(token: Token) -> bool:
        return token[2] in _JOINS or token[2] in _COMPARE or token[2] in ("(", "in")

    def name(self, tag: _Tag, token: Token, before: Token | None) -> None:
        line, _, value = token
        if before is not None and before[2] in (".", "is"):
            return  # refused already
        if before is not None and before[2] == "|":
            if value not in FILTERS:
                known = ", ".join(f"`{name}`" for name in FILTERS)
                self.say(line, f"`{value[:40]}` is not a filter. There are {known}.", tag.source)
        elif value in _JOINS or value == "in" or value in _CONSTANTS or value in self.fields:
            return
        elif value in ("if", "else", "elif"):
            self.say(
                line,
                f"`{value}` cannot stand inside this tag: write "
                "`{% if … %}` … `{% else %}` … `{% endif %}`.",
                tag.source,
            )
        elif value == "is":
            message = "Instead of `is`, compare with `==` or test the field alone."
            self.say(line, message, tag.source)
        elif value in _NOTHING:
            self.say(line, "A field is never `none`: write `not field` to test for empty.")
        else:
            self.say(line, unknown_field(value, self.fields), tag.source)


def unknown_field(name: str, fields: Mapping[str, Field]) -> str:
    """``legislater_name`` is not a field; did you mean ``legislator_name``?"""
    shown = name[:60]
    if shown in _OTHER_NAMES:
        return f"`{shown}` is not a field; did you mean `{_OTHER_NAMES[shown]}`?"
    close = get_close_matches(shown, fields, n=1, cutoff=0.65 if len(shown) < 6 else 0.75)
    if close:
        return f"`{shown}` is not a field; did you mean `{close[0]}`?"
    return f"`{shown}` is not a field. The list of fields says what can be used."
