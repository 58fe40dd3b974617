"""The Campaign page at a glance: each part with its lines and the way to its fields."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from app.campaign import edit, reading_aids
from app.campaign.asks import count_asks
from app.campaign.edit_fields import KEYED, ORDERED, SECTIONS
from app.site.i18n import gettext as _
from app.site.i18n import language, page_url
from app.site.services import services
from app.web.organizer import campaign_words as words
from app.web.organizer.campaign_state import Working

_BILL = (
    "bills.house.number", "bills.senate.number", "congress", "ends", "last_weeks_from",
    "last_day.house", "last_day.senate", "as_of", "enacted",
)  # fmt: skip
_TITLE = {
    "asks": "summary", "additions": "short", "facts": "text", "prompts": "text",
    "forbidden": "pattern", "related": "title",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """One ask, fact, question, claim or bill."""

    key: str
    """Its id, or its number from 1."""
    title: str
    about: str
    url: str
    move_url: str
    """Empty where the order says nothing."""
    first: bool
    last: bool
    stale: int = 0
    members: int = 0
    """How many members it reaches today, for an ask that is live."""


@dataclass(frozen=True, slots=True)
class Once:
    """A part that there is once, with its values in words."""

    name: str
    title: str
    url: str
    facts: tuple[tuple[str, str], ...]
    stale: int = 0


@dataclass(frozen=True, slots=True)
class Overview:
    """All parts: those that there are once by name, and the lines of each list."""

    once: dict[str, Once]
    lists: dict[str, list[Line]]


def overview(now: Working) -> Overview:
    """What the draft says, or the live text where there is none."""
    stale = reading_aids.parts_to_translate(now.text)
    return Overview(
        {name: _once(now, name, stale) for name in SECTIONS},
        {name: _lines(now, name, stale) for name in _TITLE},
    )


def _once(now: Working, name: str, stale: dict[tuple[str, str], int]) -> Once:
    paths = _BILL if name == "bill" else tuple(SECTIONS[name])
    if name == "committees":
        paths = tuple(path for path in paths if path.endswith((".name", ".subcommittee")))
    if name == "hint":
        paths = ("prompt_hint.text_es" if language() == "es" else "prompt_hint.text",)
    values = edit.read_fields(now.text, paths)
    part = {"bill": "time", "hint": "prompt_hint"}.get(name, "")
    url = page_url("organizer_campaign.once", name=name) if name != "bill" else ""
    return Once(
        name, str(words.TITLES[name]), url or page_url("organizer_campaign.bill"),
        tuple((words.label(path), words.shown(path, value)) for path, value in values.items()),
        stale.get((part, part), 0),
    )  # fmt: skip


def _lines(now: Working, name: str, stale: dict[tuple[str, str], int]) -> list[Line]:
    titles = edit.read_column(now.text, name, _TITLE[name])
    spanish = titles
    if language() == "es" and name not in ("forbidden", "related"):
        spanish = edit.read_column(now.text, name, f"{_TITLE[name]}_es")
    numbers = tuple(str(n) for n in range(1, len(titles) + 1))
    keys = edit.read_column(now.text, name, "id") if name in KEYED else numbers
    abouts = _abouts(now.text, name)
    reach: Counter[str] = Counter()
    if name == "asks":
        site = services()
        reach = count_asks(site.campaign, site.tables.holders, site.today())
    route = "keyed" if name in KEYED else "part"
    lines = []
    for place, key in enumerate(keys):
        values = {"key": key} if name in KEYED else {"number": place + 1}
        url = page_url(f"organizer_campaign.{route}", name=name, **values)
        move = page_url(f"organizer_campaign.move_{route}", name=name, **values)
        lines.append(
            Line(
                key=key, title=spanish[place] or titles[place] or key, about=abouts[place],
                url=url, move_url=move if name in ORDERED else "", first=place == 0,
                last=place == len(keys) - 1, stale=stale.get((name, key), 0),
                members=reach[key],
            )
        )  # fmt: skip
    return lines


def _abouts(text: str, name: str) -> list[str]:
    """The second line of each part of a list."""
    if name in ("asks", "additions"):
        whens = edit.read_column(text, name, "when")
        stages = edit.read_column(text, name, "stages")
        return [
            f"{when or _('everyone else')} · "
            + ", ".join(str(words.STAGE_NAMES[stage]) for stage in chosen.split())
            for when, chosen in zip(whens, stages, strict=True)
        ]
    if name == "related":
        keys = ("kind", "number", "congress")
        columns = [edit.read_column(text, name, key) for key in keys]
        return [
            " · ".join(
                (
                    str(words.CHOICE_WORDS.get(kind, kind)), number or _("number not known"),
                    _("Congress %(number)s", number=congress),
                )
            )
            for kind, number, congress in zip(*columns, strict=True)
        ]  # fmt: skip
    if name == "facts":
        columns = [edit.read_column(text, name, key) for key in ("id", "source", "as_of")]
        return [" · ".join(line) for line in zip(*columns, strict=True)]
    who = "who_es" if language() == "es" else "who"
    return list(edit.read_column(text, name, "advice" if name == "forbidden" else who))
