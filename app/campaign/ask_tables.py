"""Reading the asks, the additions and the notes on time of ``campaign.toml``."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable

from app.campaign.language import Parsed, parse_condition, parse_template
from app.campaign.model import STAGES, Addition, Ask, StageName
from app.campaign.problems import Problem
from app.campaign.toml_table import TomlTable

_ID = re.compile(r"[a-z][a-z0-9_-]{0,39}")
_EVERY: tuple[StageName, ...] = (*STAGES, "enacted")
MOMENTS = ("pending", "last_weeks", "ending", "expired")


class AskTables:
    """Reads texts in the small language, and keeps the line on which each begins."""

    def __init__(self, root: TomlTable, facts: Iterable[str]) -> None:
        self.root = root
        self.facts = tuple(facts)
        self.lines: dict[str, int] = {}

    def read_asks(self, stage_names: tuple[StageName, ...]) -> tuple[Ask, ...]:
        asks: dict[str, Ask] = {}
        for table in self.root.tables("asks"):
            ask_id = identifier(table, asks)
            asks[ask_id] = Ask(
                id=ask_id,
                summary=table.text("summary", required=True, most=200),
                text=self.small(table, "text", f"asks.{ask_id}", required=True),
                when=self.condition(table),
                stages=self.stages(table),
                opening=self.small(table, "opening", f"asks.{ask_id}"),
                summary_es=table.text("summary_es", most=200),
                text_es=self.small(table, "text_es", f"asks.{ask_id}"),
                short=self.small(table, "short", f"asks.{ask_id}"),
                opening_es=self.small(table, "opening_es", f"asks.{ask_id}"),
                short_es=self.small(table, "short_es", f"asks.{ask_id}"),
            )
            table.done()
        for stage in stage_names:
            fitting = [ask for ask in asks.values() if stage in ask.stages]
            if not fitting or fitting[-1].when:
                self.root.say("", "nobody-left", stage=stage)
        return tuple(asks.values())

    def read_additions(self) -> tuple[Addition, ...]:
        additions: dict[str, Addition] = {}
        for table in self.root.tables("additions"):
            addition_id = identifier(table, additions)
            place = f"additions.{addition_id}"
            additions[addition_id] = Addition(
                id=addition_id,
                when=self.condition(table),
                text=self.small(table, "text", place, required=True),
                text_es=self.small(table, "text_es", place),
                short=self.small(table, "short", place),
                short_es=self.small(table, "short_es", place),
                stages=self.stages(table),
            )
            table.done()
        return tuple(additions.values())

    def read_time_notes(self) -> dict[str, str]:
        table = self.root.table("time")
        notes: dict[str, str] = {}
        for moment in MOMENTS:
            for key in (moment, f"{moment}_es"):
                notes[key] = self.small(table, key, "time")
        table.done()
        return {key: text for key, text in notes.items() if text}

    def stages(self, table: TomlTable) -> tuple[StageName, ...]:
        if "stages" not in table.values:
            table.words("stages", _EVERY)
            return STAGES
        chosen = table.words("stages", _EVERY)
        return tuple(stage for stage in _EVERY if stage in chosen)

    def small(self, table: TomlTable, key: str, place: str, *, required: bool = False) -> str:
        """A text in the small language; its problems are noted with their lines."""
        text = table.text(key, required=required)
        if text:
            self.lines[f"{place}.{key}"] = table.line(key)
            line = table.line(key)
            result = parse_template(text, facts=self.facts, scope="ask", first_line=line)
            if not isinstance(result, Parsed):
                field = f"{table.path}.{key}"
                self.root.problems += [
                    Problem(table.file, p.line, p.what, p.source, field=field) for p in result
                ]
        return text

    def condition(self, table: TomlTable) -> str:
        text = table.text("when", most=1_000)
        result = parse_condition(text, facts=self.facts, first_line=table.line("when"))
        if not isinstance(result, Parsed):
            field = f"{table.path}.when"
            self.root.problems += [
                Problem(table.file, p.line, p.what, p.source, field=field) for p in result
            ]
        return text.strip()


def identifier(table: TomlTable, known: Container[str]) -> str:
    """The table's ``id``, which no other table has."""
    value = table.text("id", required=True)
    if value and not _ID.fullmatch(value):
        table.say("id", "id", value=value[:40])
    if value in known:
        table.say("id", "id-twice", value=value)
    return value
