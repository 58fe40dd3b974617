"""Reading ``campaign.toml`` by the table of its fields, and reporting every problem's line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from difflib import get_close_matches
from typing import Any, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from app.campaign.campaign_fields import (
    AID_NOTES,
    EVERY_STAGE,
    KEYED,
    LISTS,
    NAMED,
    RETIRED_KEYS,
    SECTIONS,
    CampaignField,
)
from app.campaign.entities import (
    STAGES,
    AboutPart,
    Addition,
    Ask,
    Bill,
    Campaign,
    Committee,
    Fact,
    Figure,
    RelatedBill,
    StageName,
)
from app.campaign.fields import Scope
from app.campaign.language import Parsed, TemplateProblem, parse_condition, parse_template
from app.campaign.patterns import compile_claim, phrase
from app.campaign.problems import Message, Problem
from app.campaign.toml_text import key_lines, toml_line, toml_message, toml_values
from app.campaign.words import printed_number
from app.congress.model import CHAMBERS, STATES, WASHINGTON, Chamber

FILE = "campaign.toml"
_ID = re.compile(r"[a-z][a-z0-9_-]{0,39}")
FACT_ID = re.compile(r"[a-z][a-z0-9_]{0,30}")
"""What a fact may be called."""
_WORDS = frozenset(
    {"line", "words", "text", "condition", "pattern", "bill", "id", "choice", "zone"}
)
"""Kinds that are strings in the file."""
_OPTIONAL = ("committees.house", "committees.senate")
"""Tables whose fields are required only if the table exists."""

Values = dict[str, Any]


def read_toml(slug: str, text: str) -> tuple[Campaign | None, tuple[Problem, ...]]:
    """The campaign in a ``campaign.toml``, without its lists and letters, and all its problems.

    The campaign is None if the text cannot be read or a required day is missing. It must not be
    used if there are any problems.
    """
    plain = text.removeprefix("\ufeff").replace("\r\n", "\n")
    try:
        data = toml_values(plain)
    except tomllib.TOMLDecodeError as error:
        return None, (Problem(FILE, toml_line(error, plain), toml_message(error, plain)),)
    reader = _FieldReader(data, key_lines(plain))
    campaign = _campaign(slug, reader)
    return campaign, tuple(sorted(reader.problems, key=lambda p: p.line))


class _FieldReader:
    """Reads each field according to its kind. Always gives a usable value, and collects the
    problems."""

    def __init__(self, data: Mapping[str, Any], lines: Mapping[str, int]) -> None:
        self.data = data
        self.lines = lines
        self.problems: list[Problem] = []
        facts = data.get("facts")
        self.facts = tuple(facts) if isinstance(facts, dict) else ()
        self.text_lines: dict[str, int] = {}
        """The line of each text, by the name of its part: ``asks.sponsor.text``, ``pages.lede``."""
        self.singles: Values = {}
        self.lists: dict[str, list[Values]] = {}
        for name in LISTS:
            self.lists[name] = list(self._list(name))
        for fields in SECTIONS.values():
            for field in fields:
                self.singles[field.path] = self._single(field)
        self._unknown_keys()

    def add(self, path: str, code: str, /, **values: object) -> None:
        """Add a problem at a path, which is a field or a table."""
        self.problems.append(
            Problem(FILE, self._line(path), Message.of(code, **values), field=path)
        )

    def _line(self, path: str) -> int:
        return self.lines.get(path) or self.lines.get(path.rpartition(".")[0], 1)

    def below(self, table: str) -> Values:
        """The non-empty values in a table that occurs once, by key."""
        return {
            path.removeprefix(f"{table}."): value
            for path, value in self.singles.items()
            if path.startswith(f"{table}.") and value
        }

    # --- tables ------------------------------------------------------------------------

    def _table(self, path: str) -> Mapping[str, Any]:
        """The table at a path; empty if it is missing or not a table."""
        found: Any = self.data
        for key in path.split(".") if path else ():
            found = found.get(key) if isinstance(found, dict) else None
        return found if isinstance(found, dict) else {}

    def _single(self, field: CampaignField) -> Any:
        parent = field.path.rpartition(".")[0]
        table = self._table(parent)
        if parent in _OPTIONAL and not table:
            return _DEFAULTS.get(field.kind, "")
        return self.value(field, table.get(field.key), field.path)

    def _list(self, name: str) -> Iterable[Values]:
        """The tables of a list, each as its values by key and its own ``path``."""
        found = self.data.get(name)
        if found is None:
            return
        if name in NAMED:
            if not isinstance(found, dict):
                self.add(name, "table", key=name)
                return
            tables = list(found.items())
        elif isinstance(found, list) and all(isinstance(table, dict) for table in found):
            tables = [(str(index), table) for index, table in enumerate(found)]
        else:
            self.add(name, "tables", key=name)
            return
        seen: set[str] = set()
        for key, table in tables:
            path = f"{name}.{key}"
            if not isinstance(table, dict):
                self.add(path, "table", key=key)
                continue
            yield self._item(name, path, key, table, seen)

    def _item(
        self, name: str, path: str, key: str, table: Mapping[str, Any], seen: set[str]
    ) -> Values:
        values: Values = {"path": path}
        known = []
        for field in LISTS[name]:
            if name in NAMED and field.kind == "id":
                values["id"] = key
                if not FACT_ID.fullmatch(key):
                    self.add(path, "fact-id", value=key[:40])
                continue
            known.append(field.key)
            field_path = f"{path}.{field.key}"
            values[field.key] = self.value(field, table.get(field.key), field_path)
            if field.kind == "text" and values[field.key]:
                text_path = f"{name}.{values.get('id', key)}.{field.key}"
                self.text_lines[text_path] = self._line(field_path)
        if name in NAMED:
            self.text_lines[path] = self._line(f"{path}.text")
        elif name in KEYED:
            if values["id"] in seen:
                self.add(f"{path}.id", "id-twice", value=values["id"])
            seen.add(values["id"])
        self._unknown(path, table, known)
        return values

    def _unknown_keys(self) -> None:
        """Report every unknown key in the tables that occur once."""
        known: dict[str, dict[str, None]] = {"": dict.fromkeys([*LISTS, *RETIRED_KEYS, AID_NOTES])}
        for path in self.singles:
            table = ""
            for key in path.split("."):
                known.setdefault(table, {})[key] = None
                table = f"{table}.{key}" if table else key
        for path, keys in known.items():
            if path and path not in self.singles:
                key = path.rpartition(".")[2]
                value = self._table(path.rpartition(".")[0]).get(key)
                if value is not None and not isinstance(value, dict):
                    self.add(path, "table", key=key)
            self._unknown(path, self._table(path), list(keys))
        for key, note in self._table(AID_NOTES).items():
            if not isinstance(note, str):
                self.add(f"{AID_NOTES}.{key}", "words", key=key)

    def _unknown(self, path: str, table: Mapping[str, Any], known: list[str]) -> None:
        for key in table:
            if key not in known:
                close = get_close_matches(key, known, n=1)
                code = "key-did-you-mean" if close else "key-unknown"
                here = f"{path}.{key}" if path else key
                self.add(here, code, key=key[:60], **({"other": close[0]} if close else {}))

    # --- values ------------------------------------------------------------------------

    def value(self, field: CampaignField, raw: Any, path: str) -> Any:
        """The value of a field, or its kind's default if it is missing or invalid."""
        default = _DEFAULTS.get(field.kind, "")
        if field.kind == "whole" and not field.required:
            default = None
        if raw is None:
            if field.required:
                what = f"what-{field.kind if field.kind in _DEFAULTS else 'words'}"
                parent = path.rpartition(".")[0]
                missing = Message.of("missing", key=field.key, what=Message.of(what))
                line = self.lines.get(parent, 1)
                self.problems.append(Problem(FILE, line, missing, field=path))
            return default
        if field.kind in _WORDS:
            return self._words(field, raw, path)
        if field.kind in ("stages", "states"):
            return self._several(field, raw, path)
        value: object = None
        if field.kind in ("flag", "tick"):
            value = raw if isinstance(raw, bool) else None
        elif field.kind == "whole":
            value = raw if type(raw) is int and raw > 0 else None
        elif field.kind == "day":
            value = raw if isinstance(raw, date) and not isinstance(raw, datetime) else None
        elif isinstance(raw, datetime) and raw.tzinfo is None:
            value = raw
        if value is None:
            self.add(path, field.kind, key=field.key)
            return default
        return value

    def _words(self, field: CampaignField, raw: Any, path: str) -> str:
        if not isinstance(raw, str):
            self.add(path, "words", key=field.key)
            return ""
        if len(raw) > field.most:
            self.add(path, "long", key=field.key, number=len(raw), most=field.most)
            return ""
        if field.required and not raw.strip():
            self.add(path, "empty", key=field.key)
            return ""
        return self._checked(field, raw.strip("\n"), path) if raw.strip() else ""

    def _checked(self, field: CampaignField, text: str, path: str) -> str:
        """The text after checking it against its kind; what is wrong is added to the problems."""
        if field.kind == "text":
            self.text_lines[path] = self._line(path)
            scope: Scope = "page" if path.startswith(("pages.", "about.")) else "ask"
            self._parsed(parse_template(text, facts=self.facts, scope=scope,
                                        first_line=self._line(path)), path)  # fmt: skip
        elif field.kind == "condition":
            text = text.strip()
            self._parsed(parse_condition(text, facts=self.facts, first_line=self._line(path)), path)
        elif field.kind == "pattern":
            claim = compile_claim(text)
            if isinstance(claim, Message):
                self.add(path, claim.code, **dict(claim.values))
        elif field.kind == "bill":
            number = printed_number(text)
            if number is None:
                self.add(path, "bill-number", value=text[:40])
            return number or ""
        elif field.kind == "id" and not _ID.fullmatch(text):
            self.add(path, "id", value=text[:40])
        elif field.kind == "zone" and not _is_zone(text):
            self.add(path, "zone", value=text[:40])
        elif field.choices and text not in field.choices:
            choices = ", ".join(field.choices)
            self.add(path, "choice", key=field.key, value=text[:40], choices=choices)
            return field.choices[0]
        return text

    def _parsed(self, result: Parsed | tuple[TemplateProblem, ...], path: str) -> None:
        if not isinstance(result, Parsed):
            self.problems += [Problem(FILE, p.line, p.what, p.source, field=path) for p in result]

    def _several(self, field: CampaignField, raw: Any, path: str) -> tuple[str, ...]:
        choices = EVERY_STAGE if field.kind == "stages" else tuple(STATES)
        if not isinstance(raw, list) or not all(isinstance(item, str) for item in raw):
            self.add(path, "list", key=field.key)
            return ()
        for item in raw:
            if item not in choices:
                offered = ", ".join(choices)
                self.add(path, "list-item", key=field.key, value=item[:40], choices=offered)
        return tuple(item for item in choices if item in raw)


_DEFAULTS: dict[str, Any] = {
    "day": None, "moment": None, "flag": None, "tick": False, "whole": 1,
    "stages": STAGES, "states": (),
}  # fmt: skip
"""The value of a field that is missing or invalid, by kind; an empty string for other kinds."""


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return False
    return True


# --- the campaign --------------------------------------------------------------------------


def _campaign(slug: str, reader: _FieldReader) -> Campaign | None:
    once, lists = reader.singles, reader.lists
    asks = tuple(Ask(**_own(values)) for values in lists["asks"])
    _check_asks(reader, asks, enacted=once["enacted"] is not None)
    for state in once["states.limits"]:
        if state in once["states.requires"]:
            reader.add("states.limits", "both-laws", state=state)
    for values in lists["forbidden"]:
        if not values["words"] and not values["pattern"]:
            reader.add(f"{values['path']}.words", "empty", key="words")
    _check_numbers(reader)
    last_day = {chamber: once[f"last_day.{chamber}"] for chamber in CHAMBERS}
    needed = (once["ends"], once["last_weeks_from"], once["as_of"], *last_day.values())
    if any(day is None for day in needed):
        return None
    # Each top-level field of the file has the same name in ``Campaign``.
    top_level = {path: value for path, value in once.items() if "." not in path}
    top_level |= {
        "title_es": once["title_es"] or once["title"],
        "ends": once["ends"].replace(tzinfo=WASHINGTON),
    }
    return Campaign(
        **top_level,
        slug=slug,
        last_day=cast(dict[Chamber, date], last_day),
        bills={chamber: _bill(reader, chamber) for chamber in CHAMBERS},
        asks=asks,
        stances={},
        templates={},
        # A group may write its prompts in English only.
        prompts=tuple((v["text"], v["text_es"] or v["text"]) for v in lists["prompts"]),
        forbidden=tuple(
            (v["pattern"] or phrase(v["words"], whole=v["whole"]), v["advice"])
            for v in lists["forbidden"]
        ),
        facts={
            v["id"]: Fact(**{**_own(v), "text_es": v["text_es"] or v["text"]})
            for v in lists["facts"]
        },
        related={v["id"]: _related(v) for v in lists["related"]},
        committees={c: _committee(reader, c) for c in CHAMBERS if once[f"committees.{c}.code"]},
        additions=tuple(Addition(**_own(values)) for values in lists["additions"]),
        time_notes=reader.below("time"),
        state_policies={
            **dict.fromkeys(once["states.limits"], "limits"),
            **dict.fromkeys(once["states.requires"], "requires"),
        },
        telephone=reader.below("telephone"),
        pages=reader.below("pages"),
        figures=tuple(
            Figure(v["number"], v["label"], v["label_es"] or v["label"]) for v in lists["figures"]
        ),
        about=tuple(AboutPart(**_own(values)) for values in lists["about"]),
        lines=reader.text_lines,
    )  # fmt: skip


def _own(values: Values) -> Values:
    """The values of one item, without its path."""
    return {key: value for key, value in values.items() if key != "path"}


def _related(values: Values) -> RelatedBill:
    return RelatedBill(**{**_own(values), "number": values["number"] or None})


def _bill(reader: _FieldReader, chamber: Chamber) -> Bill:
    here = {"number": None, "introduced": None, **reader.below(f"bills.{chamber}")}
    return Bill(chamber, reader.singles["congress"], **{"title": "", **here})


def _committee(reader: _FieldReader, chamber: Chamber) -> Committee:
    here = reader.below(f"committees.{chamber}")
    return Committee(**{"name": "", "name_es": here.get("name", ""), **here})


def _check_asks(reader: _FieldReader, asks: Iterable[Ask], *, enacted: bool) -> None:
    """The last ask of each stage must match everyone."""
    stages: tuple[StageName, ...] = (*STAGES, "enacted") if enacted else STAGES
    for stage in stages:
        fitting = [ask for ask in asks if stage in ask.stages]
        if not fitting or fitting[-1].when:
            reader.add("", "nobody-left", stage=stage)


def _check_numbers(reader: _FieldReader) -> None:
    """A House bill must have a House number, and a Senate bill a Senate number."""
    bills = [(f"bills.{c}.number", reader.singles[f"bills.{c}.number"], c) for c in CHAMBERS]
    bills += [(f"{v['path']}.number", v["number"], v["chamber"]) for v in reader.lists["related"]]
    for path, number, chamber in bills:
        if number and number.startswith("S") != (chamber == "senate"):
            reader.add(path, "bill-chamber", number=number)
