"""Conditions in words: the form that builds one, for asks, additions and letters."""

from __future__ import annotations

import re
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString
from wtforms import BooleanField

from app.campaign import edit
from app.campaign.conditions import CHOICES, STANCES, Who, code_of, reach, who_of
from app.campaign.language import Parsed, parse_condition
from app.congress.model import Holder
from app.site.i18n import gettext as _
from app.site.services import Services
from app.web.forms import Several, SiteForm, entries, entry
from app.web.resident.people import title_name

LABELS: dict[str, dict[str, LazyString]] = {
    "chamber": {"": _l("both chambers"), "senate": _l("senators"),
                "house": _l("the House, delegates included")},
    "party": {"": _l("any party"), "democrat": _l("Democrats and those who sit with them"),
              "republican": _l("Republicans and those who sit with them"),
              "not-democrat": _l("all but Democrats and those who sit with them"),
              "not-republican": _l("all but Republicans and those who sit with them")},
    "committee": {
        "": _l("on the committee or not"), "member": _l("on the committee"),
        "outside": _l("not on the committee"), "chair": _l("chair of the committee"),
        "ranking": _l("ranking member of the committee"),
        "subcommittee": _l("on the subcommittee"),
        "subcommittee-chair": _l("chair of the subcommittee"),
    },
    "leader": {"": _l("leaders or not"), "yes": _l("leaders of their chamber or party"),
               "no": _l("no leaders")},
    "delegate": {"": _l("delegates or not"), "yes": _l("delegates, who have no vote on the floor"),
                 "no": _l("no delegates")},
    "law": {"": _l("no matter its law"), "requires": _l("in a state whose law requires it"),
            "limits": _l("in a state whose law limits it")},
}  # fmt: skip
STANCE_LABELS: dict[str, LazyString] = {
    "sponsor": _l("sponsors"), "cosponsor": _l("cosponsors"),
    "earlier": _l("those who backed an earlier version"),
    "opposes": _l("those who back the opposite"), "none": _l("those on no list"),
}  # fmt: skip
TITLES: dict[str, LazyString] = {
    "chamber": _l("Chamber"), "party": _l("Party"), "committee": _l("Committee"),
    "leader": _l("Leadership"), "delegate": _l("Delegates"), "law": _l("The state’s own law"),
}  # fmt: skip


def condition_view(site: Services, code: str, live: str | None = None) -> dict[str, Any]:
    """What the form shows of a condition: its choices (None if they cannot express it), whom it
    matches today (None if it cannot be parsed), and whether there is a live one to compare with."""
    fine = isinstance(parse_condition(code, facts=site.campaign.facts), Parsed)
    found = reach(site.campaign, code, live, site.tables.holders, site.today()) if fine else None
    who = who_of(code) if fine else None
    return {"code": code, "who": who, "reach": found, "live": live is not None}


class WhoForm(SiteForm):
    """The choices of a condition. The prefix of their names is the field with its code."""

    was, join = entries(2)
    chamber, party, committee, leader, delegate, law = entries(6)
    states = entry(edit.states_in)
    stance, other = Several(), BooleanField()

    def code(self, typed: str) -> str:
        """The condition as code: ``typed`` if the code was edited, else what was chosen. If the
        choices mean the same as before, the code stays as it was written."""
        was = self.was.data
        if not self.join.raw_data or typed.strip() != was.strip():
            return typed
        chosen = code_of(self._chosen())
        before = who_of(was) if was.strip() else Who()
        return was if before is not None and code_of(before) == chosen else chosen

    def _chosen(self) -> Who:
        choices = {m: self[m].data if self[m].data in CHOICES[m] else "" for m in LABELS}
        return Who(
            **choices,
            stance=tuple(s for s in STANCES if self.stance.data.get(s)),
            states=self.states.data,
            other_states=bool(self.states.data and self.other.data),
            join="any" if self.join.data == "any" else "all",
        )


def who_words(code: str) -> str:
    """A condition in words, like ``senators, and Republicans …``; the code itself if the choices
    cannot express it."""
    who = who_of(code)
    if who is None:
        return code
    words = [
        str(labels[value]) for choice, labels in LABELS.items() if (value := getattr(who, choice))
    ]
    if who.stance:
        most = len(who.stance) > len(STANCES) // 2
        named = [s for s in STANCES if (s in who.stance) != most]  # the shorter list
        people = _(" or ").join(str(STANCE_LABELS[s]) for s in named)
        if named:  # with every stance chosen, the condition says nothing about it
            words.append(_("all but %(people)s", people=people) if most else people)
    if who.states:
        states = ", ".join(who.states)
        words.append(_("all states but %(states)s", states=states) if who.other_states else states)
    joined = _(", and ") if who.join == "all" else _(", or ")
    return joined.join(words) or _("everyone else")


_IF = re.compile(r"\{% *(if|elif|else) *(.*?) *%\}([^{]*)")


def passages(words: str) -> list[tuple[int, str, str]]:
    """The conditional passages of a text: line, recipients in words, and the first words."""
    found = []
    for match in _IF.finditer(words):
        line = words.count("\n", 0, match.start()) + 1
        whom = who_words(match[2]) if match[1] != "else" else _("everyone else")
        found.append((line, whom, " ".join(match[3].split())[:60]))
    return found


def insert_passage(words: str, code: str, passage: str, at: int) -> str:
    """``words`` with a passage inserted after the paragraph at the offset ``at``, conditional on
    ``code`` unless that is empty."""
    paragraph = words.find("\n\n", max(at, 0))
    at = len(words) if paragraph < 0 else paragraph
    block = f"{{% if {code} %}}\n{passage.strip()}\n{{% endif %}}" if code else passage.strip()
    return f"{words[:at].rstrip()}\n\n{block}\n\n{words[at:].lstrip()}".strip() + "\n"


def names(holders: tuple[Holder, ...]) -> list[str]:
    """The recipients' titles and names, each with the seat."""
    return [f"{title_name(holder)} ({holder.seat.id})" for holder in holders]
