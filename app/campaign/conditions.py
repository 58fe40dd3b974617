"""Converting between a condition of the small language and the choices of a form.

``Who`` is what a form offers: chamber, stance, party, committee, leadership, delegates, states,
joined by all or any. ``code_of`` writes it in the small language in one canonical way; ``who_of``
reads any condition that says no more than that. Any other condition stays code.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Literal

from jinja2 import Environment, TemplateSyntaxError, nodes

from app.campaign.entities import Campaign
from app.campaign.language import first_match
from app.campaign.values import recipient_values
from app.congress.model import STATES, Holder

CHOICES: dict[str, dict[str, str]] = {
    "chamber": {"senate": 'type == "sen"', "house": 'type == "rep"'},
    "stance": {
        name: f'stance == "{name}"'
        for name in ("sponsor", "cosponsor", "earlier", "opposes", "none")
    },
    "party": {
        "democrat": 'caucus == "Democrat"',
        "republican": 'caucus == "Republican"',
        "not-democrat": 'caucus != "Democrat"',
        "not-republican": 'caucus != "Republican"',
    },
    "committee": {
        "member": "committee_role",
        "outside": "not committee_role",
        "chair": 'committee_role == "chair"',
        "ranking": 'committee_role == "ranking"',
        "subcommittee": "subcommittee_role",
        "subcommittee-chair": 'subcommittee_role == "chair"',
    },
    "leader": {"yes": "is_leader", "no": "not is_leader"},
    "delegate": {"yes": "is_delegate", "no": "not is_delegate"},
    "law": {"requires": 'state_policy == "requires"', "limits": 'state_policy == "limits"'},
}  # fmt: skip
"""The choices for each criterion, and how the small language writes them."""
STANCES = tuple(CHOICES["stance"])


@dataclass(frozen=True, slots=True)
class Who:
    """A set of recipients. An empty criterion matches everyone."""

    chamber: str = ""
    stance: tuple[str, ...] = ()
    party: str = ""
    committee: str = ""
    leader: str = ""
    delegate: str = ""
    law: str = ""
    """What the law of the recipient's state says about the bill's subject."""
    states: tuple[str, ...] = ()
    """Postal codes."""
    other_states: bool = False
    """Whether ``states`` lists the states left out."""
    join: Literal["all", "any"] = "all"
    """Whether every criterion must match, or any one is enough."""

    @property
    def everybody(self) -> bool:
        return not _terms(self)


def code_of(who: Who) -> str:
    """The condition as written in letters and asks; empty for everyone."""
    return f" {'and' if who.join == 'all' else 'or'} ".join(_terms(who))


def _terms(who: Who) -> list[str]:
    terms = []
    for criterion, choices in CHOICES.items():
        value = getattr(who, criterion)
        if criterion == "stance":
            chosen = [name for name in STANCES if name in value]
            if len(chosen) == 1:
                terms.append(choices[chosen[0]])
            elif chosen:
                terms.append(f"stance in [{_quoted(chosen)}]")
        elif value:
            terms.append(choices[value])
    if who.states:
        terms.append(f"state {'not in' if who.other_states else 'in'} [{_quoted(who.states)}]")
    return terms


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


_ENV = Environment(autoescape=False)  # noqa: S701 - only parses, never renders


@lru_cache(maxsize=512)
def who_of(condition: str) -> Who | None:
    """The choices equivalent to a condition; None if the form cannot express it."""
    if not condition.strip():
        return Who()
    try:
        node = _read(condition)
    except (TemplateSyntaxError, RecursionError):  # still being typed
        return None
    join: Literal["all", "any"] = "any" if isinstance(node, nodes.Or) else "all"
    found: dict[str, object] = {}
    for term in _operands(node, type(node)) if isinstance(node, (nodes.And, nodes.Or)) else [node]:
        one = _term(term)
        if one is None or one[0] in found:
            return None
        found[one[0]] = one[1]
    other = "other_states" in found
    if other and "states" in found:  # some chosen and some left out
        return None
    states = found.pop("other_states" if other else "states", ())
    if not isinstance(states, tuple) or not set(states) <= set(STATES):
        return None
    return Who(**found, states=states, other_states=other, join=join)  # type: ignore[arg-type]


def _read(condition: str) -> nodes.Node:
    body = _ENV.parse(f"{{{{ {condition} }}}}").body
    output = body[0]
    assert isinstance(output, nodes.Output)
    return output.nodes[0]


def _operands(node: nodes.Node, kind: type[nodes.Node]) -> list[nodes.Node]:
    if not isinstance(node, kind):
        return [node]
    assert isinstance(node, nodes.BinExpr)
    return [*_operands(node.left, kind), *_operands(node.right, kind)]


@lru_cache(maxsize=1)
def _known_terms() -> list[tuple[nodes.Node, str, object]]:
    return [
        (_read(code), criterion, (name,) if criterion == "stance" else name)
        for criterion, choices in CHOICES.items()
        for name, code in choices.items()
    ]


def _term(node: nodes.Node) -> tuple[str, object] | None:
    """The criterion that one comparison tests, and its chosen value."""
    for known, criterion, value in _known_terms():
        if known == node:
            return criterion, value
    if not isinstance(node, nodes.Compare) or not isinstance(node.expr, nodes.Name):
        return None
    name, operand = node.expr.name, node.ops[0]
    if isinstance(operand.expr, nodes.Const):
        values: tuple[object, ...] = (operand.expr.value,)
        op = {"eq": "in", "ne": "notin"}.get(operand.op, "")
    elif isinstance(operand.expr, nodes.List):
        values = tuple(one.value for one in operand.expr.items if isinstance(one, nodes.Const))
        op = operand.op
    else:
        return None
    if name == "state" and op in ("in", "notin"):
        return ("states" if op == "in" else "other_states"), values
    if name == "stance" and op == "in" and set(values) <= set(STANCES):
        return "stance", values
    if name == "stance" and op == "notin" and set(values) <= set(STANCES):
        others = tuple(one for one in STANCES if one not in values)
        return ("stance", others) if others else None  # an empty choice would match everyone
    return None


# --- who that is ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reach:
    """The recipients whom a condition matches on a day."""

    fit: tuple[Holder, ...]
    joined: tuple[Holder, ...]
    """Those whom it did not match before."""
    left: tuple[Holder, ...]
    """Those whom it matched before and no longer does."""


def reach(
    campaign: Campaign, condition: str, before: str | None, holders: Iterable[Holder], today: date
) -> Reach:
    """Whom an accepted condition matches, compared with the live one (None: there is none)."""
    facts = tuple(campaign.facts)
    fit, joined, left = [], [], []
    for holder in holders:
        if holder.member is None:
            continue
        values = recipient_values(campaign, holder, today=today, length="full")
        fits = first_match((condition,), facts, values) is not None
        fitted = before is not None and first_match((before,), facts, values) is not None
        if fits:
            fit.append(holder)
        if fits and before is not None and not fitted:
            joined.append(holder)
        if fitted and not fits:
            left.append(holder)
    return Reach(tuple(fit), tuple(joined), tuple(left))
