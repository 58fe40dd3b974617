"""People sign, go back, change their minds, share a form, confirm and withdraw over HTTP on a real
site; after each step, every sentence on its pages is compared with a model."""

from __future__ import annotations

import csv
import itertools
import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from app.records.audit import Actor
from app.records.counts import Filter, Totals, recount, totals
from app.records.exports import Occasion, letters_table, signatures_table
from app.records.holding import HOLD_AGAIN, RELEASE, SET_ASIDE, Decision, decide
from app.records.keys import first_key, unlock
from app.records.retention import Policy
from app.records.sealing import kept_letters, unpack, unseal
from app.records.signing import question_token, remove
from app.records.tabular import Table, csv_lines
from app.records.workshop import change_counter, publish_texts, text_version
from app.site.outgoing import mail_queue
from tests.records.build import purged
from tests.web.lint import Client, Html
from tests.web.resident import Form, Resident

from .people import TODAY
from .web import Site, site

AMY = {"first": "Amy", "last": "Reyes", "street": "12 Larkspur St", "email": "amy@mail.example.net"}
PEOPLE: dict[str, tuple[str, dict[str, str]]] = {
    "amy": ("amy", AMY),
    "amy without email": ("amy", {**AMY, "email": "", "street": "12 Larkspur Street"}),
    "amy at another mailbox": ("amy", {**AMY, "email": "reyes@mail.example.net"}),
    "amy with a slip": ("amy", {**AMY, "last": "Reyes-Lee", "first": "Amy Jo"}),
    "ben": ("ben", {**AMY, "first": "Ben", "email": "ben@mail.example.net"}),
    "ben at amy's mailbox": ("ben", {**AMY, "first": "Ben"}),
    "cleo without email": (
        "cleo", {"first": "Cleo", "last": "Okafor", "street": "3 Elm St Apt 4", "email": ""},
    ),
}  # fmt: skip
"""Who it is, and how they fill in the form."""
PLACES = {
    "MA-6": {"zip": "01930", "state": "MA", "city": "Gloucester"},
    "MT-1": {"zip": "59801", "state": "MT", "city": "Missoula"},
}
CLAIM = re.compile(r'data-claim="([^"]+)"')
DUTY = "A traffic stop is a routine duty."
"""A sentence of the general letter, which a new version words differently."""


@dataclass(frozen=True)
class FormContent:
    """The content of a form."""

    writer: str = "amy"
    place: str = "MA-6"
    template: str = "general"
    story: str = "one"
    one_letter: bool = False
    packet: bool = False
    contact: bool = False

    @property
    def who(self) -> str:
        return PEOPLE[self.writer][0]

    def is_known_as(self, other: FormContent) -> bool:
        """Whether both are the same person with one mailbox, or with one name in one house."""
        names = [[PEOPLE[x.writer][1][name] for name in ("first", "last")] for x in (self, other)]
        at_home = self.place == other.place and names[0] == names[1]
        return self.who == other.who and bool(at_home or (self.email and self.email == other.email))

    @property
    def email(self) -> str:
        return PEOPLE[self.writer][1]["email"]

    @property
    def letters(self) -> set[str]:
        everyone = {"MA-6": ["MA-6", "MA-S1", "MA-S2"], "MT-1": ["MT-1", "MT-S1", "MT-S2"]}
        return set(everyone[self.place][: 1 if self.one_letter else 3])

    def fields(self) -> dict[str, list[str]]:
        place, person = PLACES[self.place], PEOPLE[self.writer][1]
        return {
            **{name: [value] for name, value in person.items()},
            "zip": [place["zip"]], "state": [place["state"]], "mail_zip": [place["zip"]],
            "mail_state": [place["state"]], "city": [place["city"]], "to": sorted(self.letters),
            "template": [self.template],
            "story": [f"My story number {self.story} is about a neighbor."],
            **({"packet": ["1"]} if self.packet else {}),
            **({"contact": ["1"]} if self.contact else {}),
        }  # fmt: skip


@dataclass
class Act:
    """One act in the model."""

    form: int
    sent: FormContent
    receipt: str
    stands: bool
    number: int
    earlier: int = 0
    replaces: bool = False
    asked: str = ""
    """The mailbox that was asked to confirm."""
    answered: bool = False
    link_purged: bool = False
    """It was answered long ago, and the purge has deleted its link."""
    hold: str = ""
    """Why it is held, if it ever was."""
    decision: str = ""
    withdrawn: bool = False
    changed: bool = False
    sealed: set[str] = field(default_factory=set)
    texts: bool = False
    """The letters are kept behind the receipt."""
    fresh: bool = True
    """The site still knows what was sent, so the same form again is no change."""
    version: str = ""
    """Of the letter that was signed."""
    duty: str = ""
    """The sentence that is in this version only; empty for other letters."""
    taken: Form = field(default_factory=dict, repr=False)
    """The form of the page after signing."""

    @property
    def waits(self) -> str:
        if self.asked and not self.answered:
            return "unconfirmed"
        return "held" if self.hold and self.decision != "released" else ""

    @property
    def counted(self) -> bool:
        return self.stands and not self.withdrawn and not self.waits


def rows_of(table: Table, *columns: int) -> list[tuple[Any, ...]]:
    """Some columns of an export's CSV, sorted by row."""
    lines = csv.reader("".join(csv_lines(table, bom=False)).splitlines())
    next(lines)
    return sorted((int(line[0]), *(line[at] for at in columns[1:])) for line in lines)


class Acts(RuleBasedStateMachine):
    """One site, a few people, and some forms open in their browsers."""

    @initialize(confirm=st.booleans())
    def begin(self, confirm: bool) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="acts-"))
        self.site = Site(self.folder, confirm_email=confirm, limits=False, form_seconds=0)
        self.confirm_email = confirm
        self.forms: list[tuple[str, FormContent]] = []
        """Each form's token and content."""
        self.acts: list[Act] = []
        self.gone: list[str] = []
        self.former_links: list[tuple[str, Act]] = []
        """Links to mailboxes that were later corrected."""
        self.numbers = itertools.count(1)
        folder = self.site.settings.letters / self.campaign
        self.texts = {path.name: path.read_text("utf-8") for path in folder.glob("*.txt")}
        """The letters that are live now."""
        self.duty = DUTY
        key = first_key(self.site.settings.keys, today=TODAY)
        words = (self.site.settings.keys / f"{key.id}.passphrase").read_text().strip()
        opened = unlock(self.site.settings.keys / f"{key.id}.private.json", words)
        self.key = opened
        self.open_form("amy", "MA-6")

    def teardown(self) -> None:
        if hasattr(self, "site"):
            self.site.release_app()
            self.site.db.close()
            shutil.rmtree(self.folder, ignore_errors=True)

    # --- what people do

    @rule(writer=st.sampled_from(sorted(PEOPLE)), place=st.sampled_from(sorted(PLACES)))
    def open_form(self, writer: str, place: str) -> None:
        sent = FormContent(writer, place)
        page = Resident(self.site.client).writing(PLACES[place]["zip"], PLACES[place]["state"])
        self.forms.append((page.form()["token"][0], sent))
        self.sign_form(len(self.forms) - 1)

    @rule(data=st.data())
    def change_form(self, data: st.DataObject) -> None:
        which = data.draw(st.integers(0, len(self.forms) - 1))
        change: dict[str, Any] = data.draw(st.sampled_from([
            {"writer": w} for w in sorted(PEOPLE)] + [
            {"place": "MT-1"}, {"place": "MA-6"}, {"template": "general"},
            {"template": "faith-and-community"}, {"story": "two"}, {"one_letter": True},
            {"one_letter": False},
            {"packet": True}, {"packet": False}, {"contact": True}, {"contact": False},
        ]))  # fmt: skip
        self.change_content(which, **change)

    def change_content(self, which: int, **change: Any) -> None:
        token, sent = self.forms[which]
        self.forms[which] = (token, replace(sent, **change))

    @rule(data=st.data(), odd=st.booleans())
    def press_sign(self, data: st.DataObject, odd: bool) -> None:
        self.sign_form(data.draw(st.integers(0, len(self.forms) - 1)), odd=odd)

    @precondition(lambda self: self.acts)
    @rule(data=st.data())
    def withdraw_signature(self, data: st.DataObject) -> None:
        act = data.draw(st.sampled_from(self.acts))
        self.post(f"{act.receipt}/withdraw")
        if not act.withdrawn:
            self.withdrawn(act)
        self.check()

    @precondition(lambda self: self.acts)
    @rule(data=st.data())
    def forget_sealed_details(self, data: st.DataObject) -> None:
        act = data.draw(st.sampled_from(self.acts))
        self.post(f"{act.receipt}/forget")
        act.sealed, act.fresh = set(), False
        self.check()

    @precondition(lambda self: any(not a.withdrawn for a in self.acts))
    @rule(data=st.data())
    def keep_letters(self, data: st.DataObject) -> None:
        self.keep_letters_of(data.draw(st.sampled_from([a for a in self.acts if not a.withdrawn])))

    def keep_letters_of(self, act: Act) -> None:
        response = self.site.client.flask.post("/keep", data=act.taken)
        assert response.status_code in (200, 303, 307)
        act.texts = True
        self.check()

    @precondition(lambda self: self.acts)
    @rule(data=st.data())
    def drop_letters(self, data: st.DataObject) -> None:
        act = data.draw(st.sampled_from(self.acts))
        self.post(f"{act.receipt}/drop")
        act.texts = False
        self.check()

    @precondition(lambda self: self.former_links or any(a.asked for a in self.acts))
    @rule(data=st.data())
    def follow_link(self, data: st.DataObject) -> None:
        self.deliver_mail()
        links = [(self.link_of(a), a) for a in self.acts if a.asked] + self.former_links
        self.confirm_with(*data.draw(st.sampled_from(links)))

    def confirm_with(self, token: str, act: Act) -> None:
        response = self.site.client.flask.post(f"/confirm/{token}")
        known = (
            not act.withdrawn and not act.link_purged and act in self.acts
            and token == self.link_of(act)
        )  # fmt: skip
        assert response.status_code == (303 if known else 404)
        if known and not act.answered:
            act.answered = True
            self.supersede(act)
        self.check()

    # --- what organizers and the site do

    @precondition(lambda self: self.acts)
    @rule(data=st.data(), what=st.sampled_from([RELEASE, SET_ASIDE, HOLD_AGAIN]))
    def organizer_decides(self, data: st.DataObject, what: Decision) -> None:
        act = data.draw(st.sampled_from(self.acts))
        seen = bool(act.hold) and not act.withdrawn and not (act.asked and not act.answered)
        may = {
            "released": act.decision != "released", "set aside": act.decision == "",
            "": act.decision != "",
        }[what.name]  # fmt: skip
        by = Actor(self.site.db, "Rosa", self.site.clock())
        done = decide(by, self.campaign, [act.number], what)
        assert done == (seen and may)
        if done:
            act.decision = what.name
        self.check()

    @precondition(lambda self: self.acts)
    @rule(data=st.data())
    def operator_removes(self, data: st.DataObject) -> None:
        act = data.draw(st.sampled_from(self.acts))
        remove(self.site.db, [act.number])
        self.forgotten(act)
        self.check()

    @rule()
    def purge_after_two_days(self) -> None:
        self.site.clock.forward(days=2)
        policy = Policy(ends={self.campaign: TODAY + timedelta(days=400)})
        purged(self.site.db, self.site.clock(), policy)
        for act in [a for a in self.acts if a.asked and not a.answered and not a.withdrawn]:
            self.forgotten(act)
        for act in self.acts:
            act.link_purged = act.answered
        self.check()

    @rule()
    def publish_new_version(self) -> None:
        name, duty = "general.txt", f"Routine duty number {next(self.numbers)} is a traffic stop."
        text = self.texts[name].replace(self.duty, duty)
        done = publish_texts(
            Actor(self.site.db, "Rosa", self.site.clock()), self.campaign, {name: text},
            folder=self.texts, seen=change_counter(self.site.db, self.campaign),
        )  # fmt: skip
        assert done is not None
        assert len(done) == 1
        self.texts[name], self.duty = text, duty
        self.check()

    @rule(data=st.data())
    def publish_while_someone_reads(self, data: st.DataObject) -> None:
        self.read_while_publishing(data.draw(st.integers(0, len(self.forms) - 1)))

    def read_while_publishing(self, which: int) -> None:
        token, sent = self.forms[which]
        form = self.reviewed(token, sent)
        self.publish_new_version()
        if self.duty_in(sent) and (sent.email or not sent.contact):
            response = self.site.client.flask.post("/sign", data=form)
            assert response.status_code == 409
            assert "The campaign changed a letter" in Html(response.text).words
            self.check()
        self.sign_form(which)

    @rule()
    def switch_browser(self) -> None:
        self.site.client = Client(self.site.app.test_client())

    @rule()
    def restart_worker(self) -> None:
        self.site.restart()
        self.check()

    # --- the model

    @property
    def campaign(self) -> str:
        return self.site.settings.campaign

    def version(self, sent: FormContent) -> str:
        return text_version(self.texts[f"{sent.template}.txt"])[:12]

    def duty_in(self, sent: FormContent) -> str:
        return self.duty if sent.template == "general" else ""

    def standing(self, sent: FormContent, but: Act | None = None) -> list[Act]:
        """The same person's standing acts, as far as a mailbox or a house reveals them."""
        return [
            a for a in self.acts
            if a.stands and not a.withdrawn and a is not but and a.sent.is_known_as(sent)
        ]  # fmt: skip

    def sign_form(self, which: int, *, odd: bool = False) -> None:
        token, sent = self.forms[which]
        if sent.contact and not sent.email:
            return
        form = self.reviewed(token, sent)
        if odd:
            form["website"] = ["filled in by a program"]
        page = self.sign(form)
        receipt = Resident(self.site.client).receipt_path(page)
        mine = [
            a for a in self.acts
            if a.form == which and a.sent.who == sent.who and not a.withdrawn
        ]  # fmt: skip
        if mine:
            [act] = mine
            assert receipt == act.receipt
            if act.sent != sent or not act.fresh or act.version != self.version(sent):
                self.corrected(act, sent, odd=odd)
        else:
            assert receipt not in [a.receipt for a in self.acts] + self.gone
            before = self.standing(sent)
            (number,) = self.site.db.execute("SELECT max(id) FROM signatures").fetchone()
            act = Act(which, sent, receipt, not before, number)
            act.earlier, act.replaces = (
                (before[0].number, before[0].sent.place == sent.place) if before else (0, False)
            )
            self.acts.append(act)
            self.waits(act, sent, odd=odd)
            act.sealed = self.ticked(sent)
        act.version, act.duty = self.version(sent), self.duty_in(sent)
        act.taken = page.form()
        assert set(self.claims(page)) == {
            *self.expected_claims(act), f"letters:{len(sent.letters)}",
            *([f"kept:{' '.join(sorted(act.sealed))}"] if act.sealed else []),
        }  # fmt: skip
        self.check()

    def corrected(self, act: Act, sent: FormContent, *, odd: bool) -> None:
        act.changed = act.fresh = True
        act.sent, act.sealed = sent, self.ticked(sent)
        self.waits(act, sent, odd=odd)
        others = self.standing(sent, act)
        act.stands = not others
        act.earlier, act.replaces = (
            (others[0].number, others[0].sent.place == sent.place) if others else (0, False)
        )

    def waits(self, act: Act, sent: FormContent, *, odd: bool) -> None:
        asks = self.confirm_email and sent.email
        nowhere = "no address" if self.confirm_email and not asks else ""
        reason = "field filled in" if odd else nowhere
        if act.hold == "no address" and asks and not odd:
            act.hold = act.decision = ""
        if reason and not act.hold:
            act.hold = reason
        if asks != act.asked:
            if act.asked:
                self.former_links.append((self.link_of(act), act))
            act.asked, act.answered, act.link_purged = asks or "", False, False

    def ticked(self, sent: FormContent) -> set[str]:
        return {name for name in ("packet", "contact") if getattr(sent, name)}

    def withdrawn(self, act: Act) -> None:
        act.withdrawn, act.sealed, act.texts = True, set(), False
        if act.stands:
            act.stands = False
        for other in self.acts:
            if other.earlier == act.number and other.replaces and not other.withdrawn:
                self.withdrawn(other)

    def supersede(self, act: Act) -> None:
        others = self.standing(act.sent, act)
        if act.stands or not all(
            a.waits == "unconfirmed" or (a.waits == "held" and a.hold == "no address")
            for a in others
        ):
            return
        for other in others:
            other.stands = False
            for x in self.acts:
                if x.earlier == other.number:
                    x.earlier, x.replaces = act.number, False
            other.earlier, other.replaces = act.number, False
        act.stands, act.earlier, act.replaces = True, 0, False

    def forgotten(self, act: Act) -> None:
        self.acts.remove(act)
        self.gone.append(act.receipt)
        for other in self.acts:
            if other.earlier == act.number:
                other.earlier = 0

    # --- the site

    def reviewed(self, token: str, sent: FormContent) -> Form:
        # Through both pages of the form; the first one renews a form that was open for a long time.
        client = self.site.client.flask
        asked = Html(client.post("/address", data={"token": [token], **sent.fields()}).text)
        response = client.post("/review", data={**asked.form(), **sent.fields()})
        assert response.status_code == 200
        return {**Html(response.text).form(), **sent.fields()}

    def sign(self, form: Form) -> Html:
        client = self.site.client.flask
        response = client.post("/sign", data=form)
        if response.status_code in (400, 422):  # an old form, or a second step: send it again
            again = {**Html(response.text).form(), "website": form.get("website", [""])}
            form = {**form, **again}
            response = client.post("/sign", data=form)
            if response.status_code in (400, 422):
                again = {**Html(response.text).form(), "website": form.get("website", [""])}
                form = {**form, **again}
                response = client.post("/sign", data=form)
        assert response.status_code == 307, (response.status, Html(response.text).words[:600])
        return self.site.client.post(response.headers["Location"], form)

    def post(self, path: str) -> None:
        assert self.site.client.flask.post(path).status_code == 303

    def claims(self, page: Html) -> Iterator[str]:
        for claim in CLAIM.findall(page.text):
            yield "unconfirmed" if claim.startswith("unconfirmed") else claim

    def expected_claims(self, act: Act) -> set[str]:
        if act.withdrawn:
            return {"withdrawn", "deleted"}
        return {act.waits or "counted", *(["changed"] if act.changed else [])}

    def deliver_mail(self) -> None:
        mail_queue(self.site.settings).worker.work()

    def link_of(self, act: Act) -> str:
        return question_token(act.receipt.rpartition("/")[2], act.asked)

    def check(self) -> None:
        db = self.site.db
        assert not recount(db)
        counted = [a for a in self.acts if a.counted]
        kept = totals(db, self.campaign)
        assert (kept.signatures, kept.letters) == (
            len(counted), sum(len(a.sent.letters) for a in counted)
        )  # fmt: skip
        rows = db.execute("SELECT id, state, length, template FROM signatures ORDER BY id")
        assert [row for row in rows if row[0] not in {a.number for a in self.acts}] == []
        self.check_exports(counted)
        for act in self.acts:
            self.check_row(act)
            self.check_receipt(act)
        for receipt in self.gone:
            assert self.site.client.flask.get(receipt).status_code == 404
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []

    def check_exports(self, counted: list[Act]) -> None:
        """The rows of both exports match the model."""
        chosen, occasion = Filter(self.campaign), Occasion(self.site.clock(), "UTC")
        signatures = rows_of(signatures_table(self.site.db, chosen, occasion), 0, 6, 7, 8, 9)
        assert signatures == sorted(
            (a.number, a.sent.place, a.sent.template, a.version, "full") for a in counted
        )
        letters = rows_of(letters_table(self.site.db, chosen, occasion), 0, 6)
        assert letters == sorted((a.number, seat) for a in counted for seat in a.sent.letters)

    def check_row(self, act: Act) -> None:
        db = self.site.db
        row = db.execute(
            "SELECT state, district, length, template, letters, version FROM signatures"
            " WHERE id = ?",
            (act.number,),
        ).fetchone()
        state, _, district = act.sent.place.partition("-")
        assert row == (
            state, int(district), "full", act.sent.template, len(act.sent.letters), act.version
        )  # fmt: skip
        seats = db.execute("SELECT seat FROM letters WHERE signature = ?", (act.number,))
        assert {seat for (seat,) in seats} == act.sent.letters
        boxes = db.execute(
            "SELECT purpose, box FROM sealed WHERE signature = ?", (act.number,)
        ).fetchall()
        details = {p: unpack(unseal(self.key, box), act.number, p) for p, box in boxes}
        assert set(details) == act.sealed
        person = PEOPLE[act.sent.writer][1]
        texts = kept_letters(db, act.receipt.rpartition("/")[2])
        assert set(texts) == (act.sent.letters if act.texts else set())
        assert all(f"number {act.sent.story} is" in text for text in texts.values())
        assert all(act.duty in " ".join(text.split()) for text in texts.values())
        for found in details.values():
            assert (found["first"], found["email"]) == (person["first"], person["email"])
        if "packet" in details:
            assert f"number {act.sent.story} is" in details["packet"]["story"]
            assert set(details["packet"]["letters"]) == act.sent.letters
            for text in details["packet"]["letters"].values():
                assert act.duty in " ".join(text.split())

    def check_receipt(self, act: Act) -> None:
        response = self.site.client.flask.get(act.receipt)
        assert response.status_code == 200
        said = set(self.claims(Html(response.text)))
        kept = set() if act.withdrawn else {f"sealed:{purpose}" for purpose in act.sealed}
        letters = {f"letter:{seat}:written" for seat in act.sent.letters}
        mails = {claim for claim in said if claim.startswith("mail:")}
        assert said - mails == {
            *self.expected_claims(act), *kept, *letters,
            *(() if act.withdrawn else (f"letters:{len(act.sent.letters)}",)),
            *(() if act.withdrawn else ("texts" if act.texts else "no texts",)),
        }  # fmt: skip


# The same walks every time, so that no run fails by chance; to search for more, raise both numbers
# and leave out ``derandomize``.
Acts.TestCase.settings = settings(
    max_examples=6, stateful_step_count=12, deadline=None, derandomize=True,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
TestActs = Acts.TestCase


def test_old_links_confirm_nothing_and_a_letter_changed_while_read_is_not_signed() -> None:
    """Few of the walks above get here, because so much must happen first."""
    walk = Acts()
    walk.begin(confirm=True)
    try:
        [amy] = walk.acts
        first = walk.link_of(amy)
        walk.change_content(0, writer="amy at another mailbox", packet=True)
        walk.sign_form(0)
        walk.switch_browser()
        walk.confirm_with(first, amy)
        assert not amy.answered
        second = walk.link_of(amy)
        walk.confirm_with(second, amy)
        assert amy.answered
        walk.publish_new_version()
        walk.keep_letters_of(amy)
        walk.read_while_publishing(0)
        walk.purge_after_two_days()
        walk.confirm_with(second, amy)
        assert amy.counted
    finally:
        walk.teardown()


# --- Single cases


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path, limits=False, form_seconds=0) as made:
        yield made


def reviewed(here: Site, sent: FormContent, token: str = "") -> Form:
    place = PLACES[sent.place]
    token = token or here.resident().writing(place["zip"], place["state"]).form()["token"][0]
    page = here.client.post("/review", {"token": [token], **sent.fields()})
    return {**page.form(), **sent.fields()}


def test_a_second_person_on_the_same_form_is_a_separate_act(here: Site) -> None:
    first = reviewed(here, FormContent("amy", packet=True))
    amy = here.sign(first)
    ben = here.sign(reviewed(here, FormContent("ben", packet=True), first["token"][0]))
    receipts = [here.resident().receipt_path(page) for page in (amy, ben)]
    assert len(set(receipts)) == 2
    assert here.statuses() == ["counted", "counted"]
    kept = here.db.execute("SELECT count(*) FROM sealed").fetchone()
    assert kept == (2,)
    here.client.flask.post(f"{receipts[1]}/withdraw")
    assert here.statuses() == ["counted", "withdrawn"]
    # Amy's form leads to her receipt; Ben's leads nowhere, because he withdrew.
    again = here.client.post("/take", first)
    assert here.resident().receipt_path(again) == receipts[0]


@pytest.mark.parametrize(
    "change",
    [{"story": "two"}, {"one_letter": True}, {"place": "MT-1"}, {"template": "faith-and-community"},
     {"packet": True}, {"writer": "amy without email"},
     {"writer": "amy with a slip"}, {"writer": "amy at another mailbox"}],
)  # fmt: skip
def test_resubmitting_a_changed_form_corrects_the_signature_and_says_so(
    here: Site, change: dict[str, Any]
) -> None:
    first = reviewed(here, FormContent())
    before = here.sign(first)
    assert "You changed this signature" not in before.words
    sent = replace(FormContent(), **change)
    after = here.sign(reviewed(here, sent, first["token"][0]))
    assert here.resident().receipt_path(after) == here.resident().receipt_path(before)
    assert "You changed this signature" in after.words
    assert totals(here.db, here.settings.campaign) == Totals(1, len(sent.letters))
    assert here.statuses() == ["counted"]


def test_a_confirmed_mailbox_is_not_asked_again_after_its_question_is_purged(
    tmp_path: Path,
) -> None:
    with site(tmp_path, confirm_email=True, limits=False, form_seconds=0) as here:
        form = reviewed(here, FormContent())
        receipt = here.resident().receipt_path(here.sign(form)).rpartition("/")[2]
        link = question_token(receipt, AMY["email"])
        assert here.client.flask.post(f"/confirm/{link}").status_code == 303
        here.clock.forward(days=2)
        purged(here.db, here.clock(), Policy(ends={here.settings.campaign: TODAY + timedelta(400)}))
        assert here.db.execute("SELECT count(*) FROM confirmations").fetchone() == (0,)
        again = here.client.post("/review", {**form, **FormContent(story="two").fields()}, 400)
        sent = {**again.form(), **FormContent(story="two").fields()}
        here.sign(here.client.post("/review", sent).form())
        assert here.statuses() == ["counted"]
        other = FormContent("amy at another mailbox").fields()
        here.sign({**here.client.post("/review", {**sent, **other}).form(), **other})
        assert here.statuses() == ["unconfirmed"]


@pytest.mark.parametrize("first", ["amy", "amy without email"])
@pytest.mark.parametrize("then", ["amy", "amy without email"])
def test_n01_a_person_counts_once_with_and_without_an_email_address(
    here: Site, first: str, then: str
) -> None:
    pages = [here.sign(reviewed(here, FormContent(writer))) for writer in (first, then)]
    assert here.statuses() == ["counted", "repeated"]
    words = [here.client.get(here.resident().receipt_path(page)).words for page in pages]
    assert re.sub(r"[0-9a-f]{64}", "", words[0]) == re.sub(r"[0-9a-f]{64}", "", words[1])
