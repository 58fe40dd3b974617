"""Reading ``campaign.toml`` by the table of its fields, with every problem at its line."""

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
    GONE,
    KEYED,
    LISTS,
    NAMED,
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
"""What a fact can be called."""
_WORDS = frozenset(
    {"line", "words", "text", "condition", "pattern", "bill", "id", "choice", "zone"}
)
"""Kinds that a file holds as words in quotes."""
_OPTIONAL = ("committees.house", "committees.senate")
"""Tables whose fields are needed only where there is such a table."""

Values = dict[str, Any]


def read_toml(slug: str, text: str) -> tuple[Campaign | None, tuple[Problem, ...]]:
    """The campaign of a ``campaign.toml`` without its lists and letters, and all its problems.

    The campaign is None where the text cannot be read or a needed day is missing. With any
    problem it must not be used.
    """
    plain = text.removeprefix("\ufeff").replace("\r\n", "\n")
    try:
        data = toml_values(plain)
    except tomllib.TOMLDecodeError as error:
        return None, (Problem(FILE, toml_line(error, plain), toml_message(error)),)
    reader = _FieldReader(data, key_lines(plain))
    campaign = _campaign(slug, reader)
    return campaign, tuple(sorted(reader.problems, key=lambda p: p.line))


class _FieldReader:
    """Reads each field as its kind says. Gives a usable value always and notes what is wrong."""

    def __init__(self, data: Mapping[str, Any], lines: Mapping[str, int]) -> None:
        self.data = data
        self.lines = lines
        self.problems: list[Problem] = []
        facts = data.get("facts")
        self.facts = tuple(facts) if isinstance(facts, dict) else ()
        self.text_lines: dict[str, int] = {}
        """Where each text stands, by the name of its part: ``asks.sponsor.text``."""
        self.once: Values = {}
        self.lists: dict[str, list[Values]] = {}
        for name in LISTS:
            self.lists[name] = list(self._list(name))
        for fields in SECTIONS.values():
            for one in fields:
                self.once[one.path] = self._single(one)
        self._unknown_keys()

    def say(self, path: str, code: str, /, **values: object) -> None:
        """Note what is wrong at a path: a field, or a table."""
        self.problems.append(
            Problem(FILE, self._line(path), Message.of(code, **values), field=path)
        )

    def _line(self, path: str) -> int:
        return self.lines.get(path) or self.lines.get(path.rpartition(".")[0], 1)

    def below(self, table: str) -> Values:
        """What the fields of a table that there is once say, by key; those that say nothing are
        left out."""
        return {
            path.removeprefix(f"{table}."): value
            for path, value in self.once.items()
            if path.startswith(f"{table}.") and value
        }

    # --- tables ------------------------------------------------------------------------

    def _table(self, path: str) -> Mapping[str, Any]:
        """The table of a path; an empty one where it is missing or none."""
        found: Any = self.data
        for key in path.split(".") if path else ():
            found = found.get(key) if isinstance(found, dict) else None
        return found if isinstance(found, dict) else {}

    def _single(self, one: CampaignField) -> Any:
        parent = one.path.rpartition(".")[0]
        table = self._table(parent)
        if parent in _OPTIONAL and not table:
            return _NOTHING.get(one.kind, "")
        return self.value(one, table.get(one.key), one.path)

    def _list(self, name: str) -> Iterable[Values]:
        """The tables of a list, each with its values by key and where it stands as ``path``."""
        found = self.data.get(name)
        if found is None:
            return
        if name in NAMED:
            if not isinstance(found, dict):
                self.say(name, "table", key=name)
                return
            tables = list(found.items())
        elif isinstance(found, list) and all(isinstance(table, dict) for table in found):
            tables = [(str(place), table) for place, table in enumerate(found)]
        else:
            self.say(name, "tables", key=name)
            return
        seen: set[str] = set()
        for key, table in tables:
            path = f"{name}.{key}"
            if not isinstance(table, dict):
                self.say(path, "table", key=key)
                continue
            yield self._part(name, path, key, table, seen)

    def _part(
        self, name: str, path: str, key: str, table: Mapping[str, Any], seen: set[str]
    ) -> Values:
        values: Values = {"path": path}
        known = []
        for one in LISTS[name]:
            if name in NAMED and one.kind == "id":
                values["id"] = key
                if not FACT_ID.fullmatch(key):
                    self.say(path, "fact-id", value=key[:40])
                continue
            known.append(one.key)
            values[one.key] = self.value(one, table.get(one.key), f"{path}.{one.key}")
            if one.kind == "text" and values[one.key]:
                self.text_lines[f"{name}.{values.get('id', key)}.{one.key}"] = self._line(
                    f"{path}.{one.key}"
                )
        if name in NAMED:
            self.text_lines[path] = self._line(f"{path}.text")
        elif name in KEYED:
            if values["id"] in seen:
                self.say(f"{path}.id", "id-twice", value=values["id"])
            seen.add(values["id"])
        self._unknown(path, table, known)
        return values

    def _unknown_keys(self) -> None:
        """Note every key that is no field, in each table that there is once."""
        known: dict[str, dict[str, None]] = {"": dict.fromkeys([*LISTS, *GONE, AID_NOTES])}
        for path in self.once:
            table = ""
            for key in path.split("."):
                known.setdefault(table, {})[key] = None
                table = f"{table}.{key}" if table else key
        for path, keys in known.items():
            if path and path not in self.once:
                key = path.rpartition(".")[2]
                value = self._table(path.rpartition(".")[0]).get(key)
                if value is not None and not isinstance(value, dict):
                    self.say(path, "table", key=key)
            self._unknown(path, self._table(path), list(keys))
        for key, note in self._table(AID_NOTES).items():
            if not isinstance(note, str):
                self.say(f"{AID_NOTES}.{key}", "words", key=key)

    def _unknown(self, path: str, table: Mapping[str, Any], known: list[str]) -> None:
        for key in table:
            if key not in known:
                close = get_close_matches(key, known, n=1)
                code = "key-did-you-mean" if close else "key-unknown"
                here = f"{path}.{key}" if path else key
                self.say(here, code, key=key[:60], **({"other": close[0]} if close else {}))

    # --- values ------------------------------------------------------------------------

    def value(self, one: CampaignField, raw: Any, path: str) -> Any:
        """The value of a field, or the empty one of its kind."""
        nothing = _NOTHING.get(one.kind, "")
        if one.kind == "whole" and not one.required:
            nothing = None
        if raw is None:
            if one.required:
                what = f"what-{one.kind if one.kind in _NOTHING else 'words'}"
                parent = path.rpartition(".")[0]
                missing = Message.of("missing", key=one.key, what=Message.of(what))
                line = self.lines.get(parent, 1)
                self.problems.append(Problem(FILE, line, missing, field=path))
            return nothing
        if one.kind in _WORDS:
            return self._words(one, raw, path)
        if one.kind in ("stages", "states"):
            return self._several(one, raw, path)
        fine: object = None
        if one.kind in ("flag", "tick"):
            fine = raw if isinstance(raw, bool) else None
        elif one.kind == "whole":
            fine = raw if type(raw) is int and raw > 0 else None
        elif one.kind == "day":
            fine = raw if isinstance(raw, date) and not isinstance(raw, datetime) else None
        elif isinstance(raw, datetime) and raw.tzinfo is None:
            fine = raw
        if fine is None:
            self.say(path, one.kind, key=one.key)
            return nothing
        return fine

    def _words(self, one: CampaignField, raw: Any, path: str) -> str:
        if not isinstance(raw, str):
            self.say(path, "words", key=one.key)
            return ""
        if len(raw) > one.most:
            self.say(path, "long", key=one.key, number=len(raw), most=one.most)
            return ""
        if one.required and not raw.strip():
            self.say(path, "empty", key=one.key)
            return ""
        return self._checked(one, raw.strip("\n"), path) if raw.strip() else ""

    def _checked(self, one: CampaignField, text: str, path: str) -> str:
        """Words that are in the language of their kind; what is wrong with them is noted."""
        if one.kind == "text":
            if path.startswith("time."):
                self.text_lines[path] = self._line(path)
            scope: Scope = "page" if path.startswith(("pages.", "about.")) else "ask"
            self._parsed(parse_template(text, facts=self.facts, scope=scope,
                                        first_line=self._line(path)), path)  # fmt: skip
        elif one.kind == "condition":
            text = text.strip()
            self._parsed(parse_condition(text, facts=self.facts, first_line=self._line(path)), path)
        elif one.kind == "pattern":
            claim = compile_claim(text)
            if isinstance(claim, Message):
                self.say(path, claim.code, **dict(claim.values))
        elif one.kind == "bill":
            number = printed_number(text)
            if number is None:
                self.say(path, "bill-number", value=text[:40])
            return number or ""
        elif one.kind == "id" and not _ID.fullmatch(text):
            self.say(path, "id", value=text[:40])
        elif one.kind == "zone" and not _is_zone(text):
            self.say(path, "zone", value=text[:40])
        elif one.choices and text not in one.choices:
            choices = ", ".join(one.choices)
            self.say(path, "choice", key=one.key, value=text[:40], choices=choices)
            return one.choices[0]
        return text

    def _parsed(self, result: Parsed | tuple[TemplateProblem, ...], path: str) -> None:
        if not isinstance(result, Parsed):
            self.problems += [Problem(FILE, p.line, p.what, p.source, field=path) for p in result]

    def _several(self, one: CampaignField, raw: Any, path: str) -> tuple[str, ...]:
        choices = EVERY_STAGE if one.kind == "stages" else tuple(STATES)
        if not isinstance(raw, list) or not all(isinstance(item, str) for item in raw):
            self.say(path, "list", key=one.key)
            return ()
        for item in raw:
            if item not in choices:
                offered = ", ".join(choices)
                self.say(path, "list-item", key=one.key, value=item[:40], choices=offered)
        return tuple(item for item in choices if item in raw)


_NOTHING: dict[str, Any] = {
    "day": None, "moment": None, "flag": None, "tick": False, "whole": 1,
    "stages": STAGES, "states": (),
}  # fmt: skip
"""What stands for a value that is missing or cannot be read; empty words for other kinds."""


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return False
    return True


# --- the campaign --------------------------------------------------------------------------


def _campaign(slug: str, reader: _FieldReader) -> Campaign | None:
    once, lists = reader.once, reader.lists
    asks = tuple(Ask(**_own(values)) for values in lists["asks"])
    _check_asks(reader, asks, enacted=once["enacted"] is not None)
    _check_laws(reader)
    for values in lists["forbidden"]:
        if not values["words"] and not values["pattern"]:
            reader.say(f"{values['path']}.words", "empty", key="words")
    _check_numbers(reader)
    last_day = {chamber: once[f"last_day.{chamber}"] for chamber in CHAMBERS}
    needed = (once["ends"], once["last_weeks_from"], once["as_of"], *last_day.values())
    if any(day is None for day in needed):
        return None
    # Each field at the top of the file is one of the campaign, by the same name.
    plain = {path: value for path, value in once.items() if "." not in path}
    plain |= {
        "title_es": once["title_es"] or once["title"],
        "ends": once["ends"].replace(tzinfo=WASHINGTON),
    }
    return Campaign(
        **plain,
        slug=slug,
        last_day=cast(dict[Chamber, date], last_day),
        bills={chamber: _bill(reader, chamber) for chamber in CHAMBERS},
        asks=asks,
        stances={},
        templates={},
        # Left empty in one language, the other stands in: a group may write one only.
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
    """The fields of one part, without where it stands."""
    return {key: value for key, value in values.items() if key != "path"}


def _related(values: Values) -> RelatedBill:
    return RelatedBill(**{**_own(values), "number": values["number"] or None})


def _bill(reader: _FieldReader, chamber: Chamber) -> Bill:
    here = {"number": None, "introduced": None, **reader.below(f"bills.{chamber}")}
    return Bill(chamber, reader.once["congress"], **{"title": "", **here})


def _committee(reader: _FieldReader, chamber: Chamber) -> Committee:
    here = reader.below(f"committees.{chamber}")
    return Committee(**{"name": "", "name_es": here.get("name", ""), **here})


def _check_asks(reader: _FieldReader, asks: Iterable[Ask], *, enacted: bool) -> None:
    """The last ask of each stage must fit everyone who is left."""
    stages: tuple[StageName, ...] = (*STAGES, "enacted") if enacted else STAGES
    for stage in stages:
        fitting = [ask for ask in asks if stage in ask.stages]
        if not fitting or fitting[-1].when:
            reader.say("", "nobody-left", stage=stage)


def _check_laws(reader: _FieldReader) -> None:
    for state in reader.once["states.limits"]:
        if state in reader.once["states.requires"]:
            reader.say("states.limits", "both-laws", state=state)


def _check_numbers(reader: _FieldReader) -> None:
    """A House bill has a number of the House, a Senate bill one of the Senate."""
    bills = [(f"bills.{c}.number", reader.once[f"bills.{c}.number"], c) for c in CHAMBERS]
    bills += [(f"{v['path']}.number", v["number"], v["chamber"]) for v in reader.lists["related"]]
    for path, number, chamber in bills:
        if number and number.startswith("S") != (chamber == "senate"):
            reader.say(path, "bill-chamber", number=number)
