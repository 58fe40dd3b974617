"""Which parts of ``campaign.toml`` are edited as fields, and what each field holds.

A field has a dotted path. ``bills.house.number`` stands alone; ``asks.3.text`` belongs to the
fourth ask (from 0) and ``facts.0.text`` to the first of the tables ``[facts.growth]``, whose
name is its ``facts.0.id``.
"""

from __future__ import annotations

from typing import Literal

from app.campaign.model import STAGES

Kind = Literal[
    "line", "text", "pattern", "day", "moment", "whole", "stages", "states", "flag", "choice"
]
"""``states`` is a list of postal codes, ``flag`` yes, no or nothing, ``choice`` one of a few."""

LISTS = ("asks", "additions", "facts", "prompts", "forbidden", "related")
KEYED = ("asks", "additions", "facts", "related")
"""Those whose parts have a short name that stays; the others are counted."""
NAMED = ("facts",)
"""Written as ``[facts.growth]`` and not as ``[[facts]]`` with an ``id``."""
ORDERED = ("asks", "additions", "prompts", "forbidden")
"""Those whose order residents or members notice."""

ASK_TEXTS = ("summary", "opening", "text", "short")
"""The texts of an ask; each has a Spanish one beside it."""
MOMENTS = ("pending", "last_weeks", "ending", "expired")
EVERY_STAGE = (*STAGES, "enacted")

BILL_FIELDS: dict[str, Kind] = {
    "title": "line",
    "title_es": "line",
    "congress": "whole",
    "ends": "moment",
    "last_weeks_from": "day",
    "last_day.house": "day",
    "last_day.senate": "day",
    "as_of": "day",
    "enacted": "day",
    "timezone": "choice",
    "confirm_email": "flag",
    "bills.house.number": "line",
    "bills.house.title": "line",
    "bills.house.introduced": "day",
    "bills.senate.number": "line",
    "bills.senate.title": "line",
    "bills.senate.introduced": "day",
    **{f"time.{moment}{end}": "text" for moment in MOMENTS for end in ("", "_es")},
}
_COMMITTEE: dict[str, Kind] = {
    "code": "choice",
    "subcommittee": "choice",
    "name": "line",
    "name_es": "line",
}
SECTIONS: dict[str, dict[str, Kind]] = {
    "bill": BILL_FIELDS,
    "committees": {
        f"committees.{chamber}.{key}": kind
        for chamber in ("house", "senate")
        for key, kind in _COMMITTEE.items()
    },
    "states": {"states.requires": "states", "states.limits": "states", "states.as_of": "day"},
    "hint": {"prompt_hint.text": "text", "prompt_hint.text_es": "text"},
}
"""Parts that there are once, each with a page of its own."""
_SINGLE: dict[str, Kind] = {path: kind for part in SECTIONS.values() for path, kind in part.items()}

LIST_FIELDS: dict[str, dict[str, Kind]] = {
    "asks": {
        "id": "line",
        "when": "line",
        "stages": "stages",
        **{name + end: "text" for name in ASK_TEXTS for end in ("", "_es")},
        "summary": "line",
        "summary_es": "line",
    },
    "additions": {
        "id": "line",
        "when": "line",
        "stages": "stages",
        "text": "text",
        "text_es": "text",
        "short": "text",
        "short_es": "text",
    },
    "facts": {"id": "line", "text": "text", "text_es": "text", "source": "line", "as_of": "day"},
    "prompts": {"who": "line", "who_es": "line", "text": "text", "text_es": "text"},
    "forbidden": {"pattern": "pattern", "advice": "line"},
    "related": {
        "id": "line",
        "kind": "choice",
        "chamber": "choice",
        "congress": "whole",
        "number": "line",
        "title": "line",
    },
}
CHOICES: dict[str, tuple[str, ...]] = {
    "related.kind": ("earlier", "opposes"),
    "related.chamber": ("house", "senate"),
    "timezone": (
        "America/New_York", "America/Chicago", "America/Denver", "America/Phoenix",
        "America/Los_Angeles", "America/Anchorage", "Pacific/Honolulu", "America/Puerto_Rico",
        "America/St_Thomas", "Pacific/Guam", "Pacific/Saipan", "Pacific/Pago_Pago",
    ),
}  # fmt: skip
"""What a ``choice`` offers, by the path without its place; committees are known elsewhere."""


def kind_of(path: str) -> Kind:
    """What a field holds; ``KeyError`` for a path that is not edited by fields."""
    if path in _SINGLE:
        return _SINGLE[path]
    name, _, rest = path.partition(".")
    number, _, key = rest.partition(".")
    if not number.isdigit():
        raise KeyError(path)
    return LIST_FIELDS[name][key]


def is_field(path: str) -> bool:
    """Whether a path names a field that is edited."""
    try:
        kind_of(path)
    except KeyError:
        return False
    return True


def field_paths(name: str, place: int) -> tuple[str, ...]:
    """The paths of the fields of one part of a list."""
    return tuple(f"{name}.{place}.{key}" for key in LIST_FIELDS[name])


def general(path: str) -> str:
    """``asks.3.text`` → ``asks.text``: the same for every part of a list."""
    parts = path.split(".")
    return ".".join([parts[0], *parts[2:]]) if parts[0] in LISTS else path
