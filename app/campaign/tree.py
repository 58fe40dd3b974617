"""The second wall: a walk over Jinja's syntax tree with an allow-list of its nodes.

Whatever is not on the list is refused, so that a construct nobody thought of is refused too.
The walk also checks kinds, so that an accepted text cannot fail when it is rendered: only
numbers and dates have an order, a list holds plain words, a block is printed whole.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from jinja2 import nodes

from app.campaign import limits
from app.campaign.fields import FILTERS, Field
from app.campaign.scan import TemplateProblem, unknown_field

_ISO = re.compile(r"\d{4}-\d{2}-\d{2}")
_ORDER = frozenset({"lt", "gt", "lteq", "gteq"})


def check_tree(
    tree: nodes.Template, fields: Mapping[str, Field]
) -> tuple[list[TemplateProblem], set[str]]:
    """The problems of a parsed text, and the names of the fields that it uses."""
    walk = _Walk(fields)
    walk.body(tree.body)
    return walk.problems, walk.used


class _Walk:
    def __init__(self, fields: Mapping[str, Field]) -> None:
        self.fields = fields
        self.problems: list[TemplateProblem] = []
        self.used: set[str] = set()

    def say(self, node: nodes.Node, message: str) -> None:
        self.problems.append(TemplateProblem(node.lineno, message))

    def refuse(self, node: nodes.Node) -> None:
        self.say(node, "This tag does more than a letter can: print a field or test one.")

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
                    self.say(operand, "Quoted words in `{{ }}` come last, after a field and `or`.")
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
            if depth > limits.FILTERS or node.node is None:
                self.say(node, f"More than {limits.FILTERS} filters on one field.")
                return
            node = node.node
        if type(node) is not nodes.Name:
            self.say(node, "Between `{{` and `}}` stands a field, such as `{{ place }}`.")
            return
        field = self.field(node)
        if field is None:
            return
        if not field.printable or field.kind == "yes or no":
            self.say(
                node,
                f"`{field.name}` cannot be printed; it can be tested: `{{% if {field.name} … %}}`.",
            )
        elif filtered and field.kind == "block":
            self.say(node, f"`{field.name}` is put in whole; take away the filter.")

    def field(self, node: nodes.Name) -> Field | None:
        found = self.fields.get(node.name)
        if found is None or node.ctx != "load":
            self.say(node, unknown_field(node.name, self.fields))
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
            self.say(node, "This condition is always the same: test a field.")
        else:
            self.refuse(node)

    def compare(self, node: nodes.Compare) -> None:
        if len(node.ops) != 1:
            self.say(node, "Compare two things at a time, joined with `and`.")
            return
        op, right = node.ops[0].op, node.ops[0].expr
        left = node.expr
        if op in ("in", "notin"):
            self.member_of(node, left, right)
            return
        if type(left) is nodes.Const:
            left, right = right, left
        if type(left) is not nodes.Name:
            self.say(node, 'A comparison begins with a field, such as `type == "sen"`.')
            return
        field = self.field(left)
        if field is None:
            return
        if type(right) is nodes.Name:
            other = self.field(right)
            if other is not None and (other.kind != field.kind or field.kind == "block"):
                self.say(
                    node,
                    f"`{field.name}` is a {field.kind} and `{other.name}` a {other.kind}; they "
                    "cannot be compared.",
                )
        elif type(right) is nodes.Const:
            self.literal(node, field, right.value)
        else:
            self.refuse(right)
            return
        if op in _ORDER and field.kind not in ("number", "date"):
            self.say(node, f"`{field.name}` has no order: only numbers and dates can be < or >.")

    def member_of(self, node: nodes.Compare, left: nodes.Node, right: nodes.Node) -> None:
        if type(left) is not nodes.Name or not isinstance(right, nodes.List):
            self.say(node, 'Write `in` between a field and a list: `state in ["TX", "GA"]`.')
            return
        field = self.field(left)
        if field is None:
            return
        if not right.items:
            self.say(node, "The list after `in` is empty.")
        for item in right.items:
            if type(item) is not nodes.Const:
                self.say(node, "A list after `in` holds quoted words or numbers only.")
                return
            self.literal(node, field, item.value)

    def literal(self, node: nodes.Node, field: Field, value: object) -> None:
        name = field.name
        if field.kind == "block":
            self.say(node, f"`{name}` can only be printed, or tested alone: `{{% if {name} %}}`.")
        elif field.kind == "yes or no":
            if not isinstance(value, bool):
                self.say(node, f"`{name}` is yes or no: write `{name}` or `not {name}`.")
        elif field.kind == "number":
            if isinstance(value, bool) or not isinstance(value, int):
                self.say(node, f"`{name}` is a number: compare it with one, without quotes.")
        elif not isinstance(value, str):
            self.say(node, f"`{name}` is a {field.kind}: put what you compare it with in quotes.")
        elif field.kind == "date":
            if not _ISO.fullmatch(value):
                self.say(node, f'`{name}` is a date: compare it with one like "2026-12-17".')
        elif field.choices and value and value not in field.choices:
            choices = ", ".join(field.choices[:8]) + (" …" if len(field.choices) > 8 else "")
            self.say(node, f"`{name}` is never “{value[:40]}”; it can be: {choices}.")
