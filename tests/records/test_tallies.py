"""People sign, sign again, withdraw; organizers hold and remove; all counts stay true.

A plain Python model keeps what should be there; after every step the tallies, a recount from
the rows, every breakdown and every receipt must agree with it.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from app.records.accounting import mark
from app.records.acts import STATUSES, LetterRow, SignatureRequest, Status
from app.records.counts import (
    BREAKDOWNS,
    CountRow,
    Filter,
    Totals,
    by_status,
    count,
    rebuild,
    recount,
    totals,
)
from app.records.database import open_database
from app.records.persons import standing
from app.records.signing import receipt, remove, sign, withdraw
from tests.records.build import SECRET, letters_of, person, set_status, signature

CAMPAIGNS = ("a", "b")
NAMES = "ABCDE"
PEOPLE = st.sampled_from(NAMES)
LIVE = ("counted", "held", "unconfirmed")


@dataclass(frozen=True)
class ModelRow:
    """The model's view of one row."""

    request: SignatureRequest
    who: str
    status: Status
    token: str
    number: int
    earlier: int = 0
    """The row that already stood for the person when this one came."""
    replaces: bool = True
    """Whether it goes when that one is withdrawn."""
    withdrawn: bool = False


def values(kept: ModelRow, by: str) -> list[str]:
    """Where a signature belongs in a breakdown; written independently of the code under test."""
    asked = kept.request
    if by == "recipient":
        return [row.bioguide for row in asked.letters if row.bioguide]
    plain = {
        "day": asked.day.isoformat(), "district": f"{asked.state}-{asked.district}",
        "version": f"{asked.template} {asked.length} {asked.version}",
        "edited": "yes" if asked.edited else "no",
        "own_share": f"{min(asked.own_share // 10, 9) * 10:02}",
    }  # fmt: skip
    return [plain[by] if by in plain else str(getattr(asked, by))]


@st.composite
def requests(draw: st.DrawFn, key: str, who: str) -> SignatureRequest:
    state, district = draw(st.sampled_from([("CA", 12), ("CA", 2), ("DC", 0), ("AK", 0)]))
    letters = letters_of(state, district)
    if draw(st.booleans()):
        letters = (LetterRow(letters[0].seat, None, "vacant"), *letters[1:])
    return signature(
        key, person=person(who), campaign=draw(st.sampled_from(CAMPAIGNS)), state=state,
        district=district, letters=letters, day=date(2026, 11, draw(st.integers(1, 3))),
        template=draw(st.sampled_from(["general", "faith"])),
        length=draw(st.sampled_from(["full", "short"])),
        version=draw(st.sampled_from(["v1", "v2"])), language=draw(st.sampled_from(["en", "es"])),
        match=draw(st.sampled_from(["zip", "street", "chosen"])),
        source=draw(st.sampled_from(["", "flyer"])), edited=draw(st.booleans()),
        own_share=draw(st.integers(0, 100)),
        status=draw(st.sampled_from(["counted", "counted", "held", "unconfirmed", "test"])),
    )  # fmt: skip


class Records(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.db = open_database(Path(self.folder.name) / "test.db")
        self.db.execute("PRAGMA synchronous=OFF")  # faster, and no power cut is tested here
        self.rows: dict[int, ModelRow] = {}
        """By row number."""
        self.asked = 0

    def teardown(self) -> None:
        self.db.close()
        self.folder.cleanup()

    @initialize(data=st.data())
    def sign_two_people(self, data: st.DataObject) -> None:
        for who in "AB":
            self.sign_form(data, who)

    @rule(data=st.data(), who=PEOPLE)
    def sign_form(self, data: st.DataObject, who: str) -> None:
        self.asked += 1
        self.submit(data.draw(requests(f"key {self.asked}", who)), who)

    def submit(self, asked: SignatureRequest, who: str) -> None:
        signed = sign(self.db, asked, SECRET)
        assert signed.new
        assert signed.receipt not in [kept.token for kept in self.rows.values()]
        (number,) = self.db.execute("SELECT max(id) FROM signatures").fetchone()
        new = ModelRow(asked, who, asked.status, signed.receipt, number)
        if stands := 0 if asked.status == "test" else self.standing(new):
            new = replace(new, status="repeated", earlier=stands)
        self.rows[number] = new

    def pick(self, data: st.DataObject) -> ModelRow:
        return self.rows[data.draw(st.sampled_from(sorted(self.rows)))]

    def standing(self, kept: ModelRow) -> int:
        """The row that stands for the same person; 0 if none does."""
        return sum(
            row.number for row in self.rows.values() if row.status in LIVE
            and (row.who, row.request.campaign) == (kept.who, kept.request.campaign)
        )  # fmt: skip

    @rule(data=st.data())
    def resubmit_form(self, data: st.DataObject) -> None:
        if self.rows:
            pressed = self.pick(data)
            same = [
                kept.token for kept in self.rows.values()
                if kept.request.key == pressed.request.key and not kept.withdrawn
            ]  # fmt: skip
            if same:
                assert [sign(self.db, pressed.request, SECRET).receipt] == same
            else:  # withdrawn before, so this is a new act
                self.submit(pressed.request, pressed.who)

    @rule(data=st.data())
    def withdraw_signature(self, data: st.DataObject) -> None:
        if self.rows:
            kept = self.pick(data)
            shown = withdraw(self.db, kept.token)
            assert shown is not None
            assert shown.withdrawn
            status: Status = "withdrawn" if kept.status in LIVE else kept.status
            self.rows[kept.number] = replace(kept, status=status, withdrawn=True)
            for later in [row for row in self.rows.values() if row.earlier == kept.number]:
                if later.replaces:  # from the same house
                    self.rows[later.number] = replace(later, withdrawn=True)

    @rule(data=st.data(), status=st.sampled_from(LIVE))
    def review_signature(self, data: st.DataObject, status: Status) -> None:
        if self.rows:
            kept = self.pick(data)
            changes = kept.status in LIVE and kept.status != status
            assert set_status(self.db, [kept.number], status) == int(changes)
            if changes:
                self.rows[kept.number] = replace(kept, status=status)

    @rule(data=st.data())
    def remove_signature(self, data: st.DataObject) -> None:
        if self.rows:
            kept = self.pick(data)
            assert remove(self.db, [kept.number]) == 1
            assert receipt(self.db, kept.token) is None
            del self.rows[kept.number]
            since = [row for row in self.rows.values() if row.earlier == kept.number]
            stands = 0 if kept.status in LIVE else self.standing(kept)
            for later in sorted(since, key=lambda row: row.number):
                if later.withdrawn:
                    self.rows[later.number] = replace(later, earlier=0)
                elif stands:
                    self.rows[later.number] = replace(later, earlier=stands, replaces=False)
                else:  # the first one takes its place
                    self.rows[later.number] = replace(later, earlier=0, status="counted")
                    stands = later.number

    @rule(data=st.data())
    def report_printed(self, data: st.DataObject) -> None:
        if self.rows:
            kept = self.pick(data)
            letter = kept.request.letters[0]
            possible = letter.bioguide is not None and not kept.withdrawn
            assert mark(self.db, kept.token, letter.seat, "printed") == possible

    @rule()
    def rebuild_tallies(self) -> None:
        rebuild(self.db)

    @invariant()
    def tallies_agree_with_the_rows(self) -> None:
        assert recount(self.db) == []

    @invariant()
    def counts_agree_with_the_model(self) -> None:
        for campaign in (*CAMPAIGNS, None):
            here = [
                kept for kept in self.rows.values() if campaign in (None, kept.request.campaign)
            ]
            letters = {
                kept.token: sum(row.bioguide is not None for row in kept.request.letters)
                for kept in here
            }
            for status in STATUSES:
                chosen = [kept for kept in here if kept.status == status]
                whole = Totals(len(chosen), sum(letters[kept.token] for kept in chosen))
                assert totals(self.db, Filter(campaign, status)) == whole
                assert by_status(self.db, campaign)[status] == whole
            counted = [kept for kept in here if kept.status == "counted"]
            for by in BREAKDOWNS:
                signatures: Counter[str] = Counter()
                written: Counter[str] = Counter()
                for kept in counted:
                    for value in values(kept, by):
                        signatures[value] += 1
                        written[value] += 1 if by == "recipient" else letters[kept.token]
                rows = count(self.db, campaign, by)
                assert sorted(rows, key=lambda row: row.group) == [
                    CountRow(value, signatures[value], written[value])
                    for value in sorted(signatures)
                ]

    @invariant()
    def receipts_agree_with_the_model(self) -> None:
        for kept in self.rows.values():
            shown = receipt(self.db, kept.token)
            assert shown is not None
            assert shown.withdrawn == kept.withdrawn
            assert (shown.state, shown.district) == (kept.request.state, kept.request.district)

    @invariant()
    def only_people_with_a_live_signature_are_recognized(self) -> None:
        stand = {
            (kept.request.campaign, kept.who): kept.number
            for kept in self.rows.values()
            if kept.status in LIVE
        }
        for campaign in CAMPAIGNS:
            for who in NAMES:
                found = standing(self.db, campaign, person(who))
                assert (found and found.number) == stand.get((campaign, who))


Records.TestCase.settings = settings(max_examples=20, stateful_step_count=25, deadline=None)


TestRecords = pytest.mark.slow(Records.TestCase)
