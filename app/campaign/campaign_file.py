"""Reading ``campaign.toml``: the bill, who stands where, what is asked, which claims are out."""

from __future__ import annotations

import re
from datetime import date
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from app.campaign.ask_tables import AskTables, identifier
from app.campaign.language import MOST_FACT_CHARACTERS
from app.campaign.model import STAGES, Bill, Campaign, Committee, RelatedBill
from app.campaign.patterns import compile_claim
from app.campaign.problems import Message
from app.campaign.toml_table import TomlTable
from app.congress.model import STATES, Chamber

FILE = "campaign.toml"
WASHINGTON = ZoneInfo("America/New_York")
_FACT_ID = re.compile(r"[a-z][a-z0-9_]{0,30}")
_CHAMBERS: tuple[Chamber, ...] = ("house", "senate")

Pairs = tuple[tuple[str, str], ...]


class CampaignFile:
    """``campaign.toml`` as read. Problems are noted in the table that it was given."""

    def __init__(self, slug: str, root: TomlTable) -> None:
        self.slug = slug
        self.root = root
        self.facts: dict[str, str] = {}
        self.facts_es: dict[str, str] = {}
        self.related: dict[str, RelatedBill] = {}
        self.lines: dict[str, int] = {}

    def read(self) -> Campaign | None:
        """The campaign without its lists and letters; None if a needed date is missing."""
        root = self.root
        title = root.text("title", required=True, most=120)
        title_es = root.text("title_es", most=120) or title
        congress = root.whole("congress")
        ends = root.moment("ends")
        last_weeks_from = root.day("last_weeks_from", required=True)
        as_of = root.day("as_of", required=True)
        enacted = root.day("enacted")
        timezone = root.text("timezone", required=True)
        self.check_zone(timezone)
        confirm_email = root.flag("confirm_email")
        last_day = self.read_last_days()
        bills = self.read_bills(congress)
        self.read_related()
        self.read_facts()
        asked = AskTables(root, self.facts)
        asks = asked.read_asks((*STAGES, "enacted") if enacted else STAGES)
        additions = asked.read_additions()
        time_notes = asked.read_time_notes()
        committees = self.read_committees()
        policies = self.read_states()
        prompts, labels, hint = self.read_prompts()
        forbidden = self.read_forbidden()
        self.read_aid_notes()
        root.done()
        self.lines.update(asked.lines)
        if ends is None or last_weeks_from is None or as_of is None or len(last_day) < 2:
            return None
        return Campaign(
            slug=self.slug,
            title=title,
            title_es=title_es,
            congress=congress,
            ends=ends.replace(tzinfo=WASHINGTON),
            last_weeks_from=last_weeks_from,
            last_day=last_day,
            as_of=as_of,
            timezone=timezone,
            confirm_email=confirm_email,
            bills=bills,
            asks=asks,
            stances={},
            templates={},
            prompts=prompts,
            forbidden=forbidden,
            facts=self.facts,
            facts_es=self.facts_es,
            enacted=enacted,
            related=self.related,
            committees=committees,
            additions=additions,
            time_notes=time_notes,
            state_policies=policies,
            prompt_labels=labels,
            prompt_hint=hint,
            lines=self.lines,
        )

    # --- facts about the bill --------------------------------------------------------

    def check_zone(self, name: str) -> None:
        try:
            if name:
                ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            self.root.say("timezone", "zone", value=name)

    def read_last_days(self) -> dict[Chamber, date]:
        table = self.root.table("last_day")
        days = {chamber: table.day(chamber, required=True) for chamber in _CHAMBERS}
        table.done()
        return {chamber: day for chamber, day in days.items() if day is not None}

    def read_bills(self, congress: int) -> dict[Chamber, Bill]:
        bills: dict[Chamber, Bill] = {}
        parent = self.root.table("bills")
        for chamber in _CHAMBERS:
            table = parent.table(chamber)
            bills[chamber] = Bill(
                chamber=chamber,
                congress=congress,
                number=table.text("number", most=20) or None,
                title=table.text("title", required=True, most=120),
                introduced=table.day("introduced"),
            )
            table.done()
        parent.done()
        return bills

    def read_related(self) -> None:
        for table in self.root.tables("related"):
            bill_id = identifier(table, self.related)
            kind = table.choice("kind", ("earlier", "opposes"))
            chamber = table.choice("chamber", _CHAMBERS)
            self.related[bill_id] = RelatedBill(
                id=bill_id,
                kind="opposes" if kind == "opposes" else "earlier",
                chamber="senate" if chamber == "senate" else "house",
                congress=table.whole("congress"),
                number=table.text("number", most=20) or None,
                title=table.text("title", required=True, most=120),
            )
            table.done()

    def read_committees(self) -> dict[Chamber, Committee]:
        committees: dict[Chamber, Committee] = {}
        parent = self.root.table("committees")
        for chamber in _CHAMBERS:
            table = parent.table(chamber)
            if table.values:
                name = table.text("name", required=True, most=120)
                committees[chamber] = Committee(
                    code=table.text("code", required=True, most=8),
                    name=name,
                    name_es=table.text("name_es", most=120) or name,
                    subcommittee=table.text("subcommittee", most=8),
                )
                table.done()
        parent.done()
        return committees

    def read_states(self) -> dict[str, str]:
        table = self.root.table("states")
        states = tuple(STATES)
        policies = dict.fromkeys(table.words("requires", states), "requires")
        limits_there = table.words("limits", states)
        for state in limits_there:
            if state in policies:
                table.say("limits", "both-laws", state=state)
        policies.update(dict.fromkeys(limits_there, "limits"))
        table.day("as_of")
        table.done()
        return policies

    def read_facts(self) -> None:
        for name, table in self.root.table("facts").children():
            if not _FACT_ID.fullmatch(name):
                table.say("", "fact-id", value=name[:40])
            self.facts[name] = table.text("text", required=True, most=MOST_FACT_CHARACTERS)
            spanish = table.text("text_es", most=MOST_FACT_CHARACTERS)
            self.facts_es[name] = spanish or self.facts[name]
            table.text("source", required=True)
            table.day("as_of", required=True)
            self.lines[f"facts.{name}"] = table.line("text")
            table.done()

    # --- stories and claims ----------------------------------------------------------

    def read_prompts(self) -> tuple[Pairs, Pairs, tuple[str, str]]:
        prompts: list[tuple[str, str]] = []
        labels: list[tuple[str, str]] = []
        for table in self.root.tables("prompts"):
            prompts.append(
                (table.text("text", required=True), table.text("text_es", required=True))
            )
            labels.append((table.text("who", required=True), table.text("who_es", required=True)))
            table.done()
        hint = self.root.table("prompt_hint")
        words = (hint.text("text"), hint.text("text_es"))
        hint.done()
        return tuple(prompts), tuple(labels), words

    def read_aid_notes(self) -> None:
        """Which English each Spanish text was made for ; only ``reading_aids`` needs it."""
        table = self.root.table("reading_aid_of")
        for key in table.values:
            table.text(key, most=300)
        table.done()

    def read_forbidden(self) -> Pairs:
        claims: list[tuple[str, str]] = []
        for table in self.root.tables("forbidden"):
            pattern = table.text("pattern", required=True)
            claims.append((pattern, table.text("advice", required=True)))
            result = compile_claim(pattern)
            if isinstance(result, Message):
                table.say("pattern", result.code, **dict(result.values))
            table.done()
        return tuple(claims)
