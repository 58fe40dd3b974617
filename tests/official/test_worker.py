"""What the worker does with letters that wait for the offices' own systems."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from unittest.mock import Mock

import pytest

from app.cli.diagnosis import Site as DoctorSite
from app.cli.doctor import letters_are_accounted_for, official_delivery_is_whole
from app.congress.model import CHAMBERS, Standing
from app.cwc.client import CwcClient, CwcSettings
from app.cwc.message import CwcMessage, MessageParts, message_parts, to_message
from app.cwc.office_post import (
    KEEP_TRYING,
    LEFT_SEAT,
    OLD_LIST,
    PAUSES,
    OfficePost,
    Posted,
)
from app.delivery.mail import Address
from app.delivery.post import PostOffice, PostSettings
from app.delivery.queue import MailQueue, Worker, make_huey
from app.records import outbound
from app.records.accounting import ACCEPTED, note_office
from app.records.database import open_database
from app.records.outbound import (
    LEASE,
    LETTER,
    Addressee,
    NotQueued,
    Outbound,
    OutboundRow,
    letters_of,
)
from app.records.retention import Policy, delete_old_rows
from app.records.signing import remove, sign, withdraw
from tests.commands import flask
from tests.delivery.cwc_server import CwcServer, Scripted
from tests.delivery.letters import AGENT, HOUSE, SENATE, TODAY, campaign, letter, writer
from tests.delivery.test_post import mail
from tests.records.build import CAMPAIGN, SECRET, person, set_status, signature
from tests.records.build import letters_of as letters_to

from .conftest import NOON, Clock, Make

ENDS = datetime(2027, 1, 3, 17, tzinfo=UTC)
MEMBER = Addressee("HCA012", "CA-12")


class QueueSite:
    """A site with one signature, and its channel to the local systems."""

    def __init__(self, folder: Path, server: CwcServer, when: datetime = NOON) -> None:
        self.path, self.server, self.clock = folder / "site.db", server, Clock(when)
        self.timeout = 30.0
        self.standing: dict[Addressee, Standing] = {}
        """What the list says of members; the others sit."""
        with closing(open_database(self.path)) as db:
            self.token = sign(db, signature("one"), SECRET).receipt

    def office(self, secret: bytes = SECRET) -> OfficePost:
        settings = CwcSettings(
            mode="production", house_key=self.server.key, senate_key=self.server.key,
            house_url=self.server.url, senate_url=self.server.url, timeout=self.timeout,
        )  # fmt: skip
        client = CwcClient(settings, clock=self.clock)
        return OfficePost(
            self.path, client, secret, clock=self.clock,
            standing=lambda addressee: self.standing.get(addressee, "sits"),
        )  # fmt: skip

    def worker(self, secret: bytes = SECRET) -> Worker:
        office = self.office(secret)
        return Worker(office.outbound, (office,), self.clock)

    def put(self, seat: str = "CA-12", *, round_: int = 0) -> OutboundRow | NotQueued:
        posted = Posted(self.token, person("one"), seat, message(seat), ENDS, round_)
        return self.office().put(posted, self.clock())

    def work(self, **ahead: float) -> int:
        self.clock.forward(**ahead)
        worker = self.worker()
        worker.sweep()
        return worker.work()

    def letter(self, seat: str = "CA-12") -> tuple[str, str]:
        with closing(open_database(self.path)) as db:
            row: tuple[str, str] = db.execute(
                "SELECT state, cause FROM letters WHERE seat = ? AND signature = 1", (seat,)
            ).fetchone()
        return row

    def row(self, seat: str = "CA-12") -> OutboundRow:
        with self.db as db:
            return letters_of(db, self.token)[seat]

    @property
    def db(self) -> closing[sqlite3.Connection]:
        return closing(open_database(self.path))


def message(seat: str) -> CwcMessage:
    place = HOUSE if seat == "CA-12" else SENATE
    parts = message_parts(campaign(), letter(place), today=TODAY)
    assert isinstance(parts, MessageParts)
    number = {"CA-12": 1, "CA-S3": 2, "CA-S1": 3}[seat]
    made = to_message(parts, writer(), AGENT, delivery_id=f"{number:032x}", today=TODAY)
    assert isinstance(made, CwcMessage)
    return made


@pytest.fixture
def desk(tmp_path: Path, server: CwcServer) -> QueueSite:
    server.offices = ["SCA03"]
    return QueueSite(tmp_path, server)


@pytest.mark.parametrize(
    ("status", "body", "state", "cause"),
    [
        (200, "", "accepted", ""),
        (409, "<E><Error>DeliveryId already used</Error></E>", "accepted", "had it already"),
        (400, "<E><Error>Zip is wrong, and so is Phone</Error></E>", "refused", "Zip, Phone"),
        (400, "<E><Error>no such thing as Jane Doe</Error></E>", "refused", ""),
        (415, "", "refused", ""),
        (429, "", "deferred", "status 429"),
        (500, "", "deferred", "status 500"),
        (503, "", "deferred", "status 503"),
        (504, "", "deferred", "too late"),
        (401, "", "deferred", "Check the key"),
        (302, "", "deferred", "unknown response"),
    ],
)
def test_each_response_maps_to_one_state(
    desk: QueueSite, status: int, body: str, state: str, cause: str
) -> None:
    desk.put()
    desk.server.script.append(Scripted("/v2/message", status, body, {"kind": "application/xml"}))
    assert desk.work() == 1
    row = desk.row()
    assert row.state == state
    assert cause in row.cause
    assert "Jane" not in row.cause
    expected = {"accepted": ACCEPTED, "refused": "refused", "deferred": "queued"}[state]
    assert desk.letter() == (expected, "person" if expected == "queued" else "office system")


@pytest.mark.parametrize("before", ["drop", "record-then-drop", "hang"])
def test_a_letter_without_a_response_is_retried_under_the_same_id(
    desk: QueueSite, before: str
) -> None:
    desk.put()
    desk.server.script.append(Scripted("/v2/message", 0, before=before))
    desk.timeout = 2.0 if before == "hang" else 30.0
    desk.work()
    desk.timeout = 30.0
    assert desk.row().state == "deferred"
    assert desk.letter()[0] == "queued"
    assert desk.work(seconds=30) == 0
    assert desk.work(seconds=31) == 1
    assert desk.letter() == (ACCEPTED, "office system")
    assert list(desk.server.taken) == [f"{1:032x}"]


def test_retry_pauses_grow_until_time_runs_out(desk: QueueSite) -> None:
    desk.put()
    start = desk.clock()
    tries: list[timedelta] = []
    while desk.row().state in ("queued", "deferred") and len(tries) < 100:
        before = desk.row().attempts
        desk.server.script.clear()
        desk.server.script.append(Scripted("/v2/message", 0, before="drop"))
        desk.work(minutes=1 if desk.clock() - start < timedelta(hours=2) else 30)
        if desk.row().attempts > before:
            tries.append(desk.clock() - start)
    assert 8 < len(tries) < 30
    gaps = [later - earlier for earlier, later in pairwise(tries[1:])]
    assert gaps[0] < gaps[2] < gaps[3]
    assert tries[-1] < KEEP_TRYING
    assert desk.row().state == "unknown"  # it may have arrived: one try had no answer
    assert desk.letter() == ("unknown", "office system")
    assert tuple(sorted(PAUSES)) == PAUSES


def test_a_letter_never_accepted_ends_as_not_attempted(desk: QueueSite) -> None:
    desk.put()
    desk.server.script.append(Scripted("/v2/message", 503))
    desk.work()
    desk.work(days=5)
    row = desk.row()
    assert row.state == "not attempted"
    assert row.cause.startswith("its time ran out; the last: The system asks us to try again later")
    assert desk.letter() == ("not attempted", "office system")


def test_a_letter_is_not_sent_after_its_congress_ends(desk: QueueSite) -> None:
    desk.clock.now = ENDS - timedelta(hours=1)
    desk.put()
    desk.server.script.append(Scripted("/v2/validate", 503))
    desk.work()
    desk.work(hours=1)
    assert desk.row().state == "not attempted"
    assert desk.server.taken == {}


def test_a_letter_that_waits_when_its_member_leaves_is_never_sent(desk: QueueSite) -> None:
    desk.put()
    desk.put("CA-S3")
    desk.server.script.append(Scripted("/v2/validate", 503))
    desk.work()
    desk.standing[MEMBER] = "left"
    asked = len(desk.server.requests)
    desk.worker().sweep()
    assert desk.row().cause.startswith(f"{LEFT_SEAT}; the last: The system asks us to try again")
    assert desk.letter() == ("not attempted", "office system")
    desk.work(days=1)
    assert len(desk.server.requests) == asked
    assert desk.letter("CA-S3")[0] == ACCEPTED


def test_a_member_who_leaves_while_a_pass_runs_gets_no_letter(desk: QueueSite) -> None:
    """A list is installed between the sweep and the letter's turn."""
    desk.put()
    desk.standing[MEMBER] = "left"
    assert desk.worker().work() == 1
    assert desk.server.requests == []
    assert (desk.row().state, desk.row().cause) == ("not attempted", LEFT_SEAT)
    assert desk.letter() == ("not attempted", "office system")


@pytest.mark.parametrize("swept", [True, False])
def test_a_letter_that_may_have_arrived_before_its_member_left_is_unknown(
    desk: QueueSite, *, swept: bool
) -> None:
    desk.put()
    desk.server.script.append(Scripted("/v2/message", 0, before="drop"))
    desk.work()
    desk.standing[MEMBER] = "left"
    desk.clock.forward(hours=1)
    worker = desk.worker()
    worker.sweep() if swept else worker.work()
    assert desk.row().state == "unknown"
    assert desk.letter() == ("unknown", "office system")
    assert LEFT_SEAT in desk.row().cause


def test_a_letter_waits_while_the_list_is_too_old_to_show_its_member(desk: QueueSite) -> None:
    desk.put()
    desk.standing[MEMBER] = "unsure"
    desk.work()
    assert desk.server.requests == []
    assert (desk.row().state, desk.row().cause) == ("deferred", OLD_LIST)
    assert desk.letter()[0] == "queued"
    desk.standing.clear()
    desk.work(minutes=1)
    assert desk.letter()[0] == ACCEPTED


@pytest.mark.parametrize(
    ("when", "house", "senate"),
    [
        (datetime(2026, 11, 25, 6, tzinfo=UTC), False, True),  # Wednesday, 1:00 in Washington
        (datetime(2026, 11, 25, 10, 30, tzinfo=UTC), False, False),
        (datetime(2026, 11, 25, 11, 30, tzinfo=UTC), True, False),
        (datetime(2026, 11, 29, 9, tzinfo=UTC), False, False),  # Sunday, 4:00
        (datetime(2026, 11, 25, 17, tzinfo=UTC), True, True),
    ],
)
def test_no_system_is_called_during_its_maintenance(
    tmp_path: Path, server: CwcServer, when: datetime, house: bool, senate: bool
) -> None:
    server.offices = ["SCA03"]
    desk = QueueSite(tmp_path, server, when)
    desk.put()
    desk.put("CA-S3")
    desk.work()
    assert (desk.letter()[0] == ACCEPTED) is house
    assert (desk.letter("CA-S3")[0] == ACCEPTED) is senate
    assert desk.row().attempts == int(house)  # waiting for the window costs no try
    desk.work(hours=8)
    assert desk.letter()[0] == desk.letter("CA-S3")[0] == ACCEPTED


def test_a_busy_chamber_is_paused_and_the_other_continues(desk: QueueSite) -> None:
    with desk.db as db:
        others = [sign(db, signature(name), SECRET).receipt for name in ("two", "three")]
    desk.put()
    for name, token in zip(("two", "three"), others, strict=True):
        desk.office().put(Posted(token, person(name), "CA-12", message("CA-12"), ENDS), NOON)
    desk.put("CA-S3")
    desk.server.script.append(Scripted("/v2/validate", 429, headers={"Retry_After": "600"}))
    assert desk.work() == 2
    assert [p for _m, p, _k in desk.server.requests].count("/v2/validate") == 1
    assert desk.letter("CA-S3")[0] == ACCEPTED
    assert desk.row().next_at == NOON + timedelta(seconds=600)


def killed_at(place: object, step: str, desk: QueueSite) -> None:
    """Run a worker until it is killed at that step."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(place, step, Mock(side_effect=KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            desk.worker().work()


def test_a_killed_worker_loses_and_duplicates_no_letter(desk: QueueSite) -> None:
    desk.put()

    killed_at(Outbound, "finish", desk)
    assert len(desk.server.taken) == 1
    assert desk.work(minutes=5) == 0  # it could still be sending
    assert desk.row().state == "handing over"
    assert desk.work(seconds=LEASE.total_seconds()) == 1
    assert desk.row().cause == "the system had it already"
    assert desk.letter()[0] == ACCEPTED
    assert len(desk.server.taken) == 1


def test_a_worker_killed_before_sending_leaves_the_letter_not_attempted(desk: QueueSite) -> None:
    desk.put()

    killed_at(Outbound, "leaving", desk)
    assert desk.work(days=KEEP_TRYING.days) == 0
    assert desk.row().state == "not attempted"
    assert desk.letter() == ("not attempted", "office system")
    assert desk.server.taken == {}


def test_a_letter_and_its_message_end_together_or_not_at_all(desk: QueueSite) -> None:
    desk.put()

    killed_at(outbound, "move", desk)
    assert (desk.row().state, desk.letter()[0]) == ("handing over", "queued")
    desk.work(seconds=LEASE.total_seconds() + 1)
    assert (desk.row().state, desk.letter()[0]) == ("accepted", ACCEPTED)


def test_two_workers_do_not_both_send_a_letter(desk: QueueSite) -> None:
    desk.put()
    outbound = desk.office().outbound
    ((due, _kind),) = outbound.due(desk.clock(), CHAMBERS)
    assert outbound.claim(due, desk.clock()) is not None
    assert desk.worker().deliver(due) is None
    assert desk.worker().work() == 0
    assert desk.server.requests == []


@pytest.mark.parametrize("status", ["held", "unconfirmed", "test", "withdrawn", "repeated"])
def test_letters_that_must_not_leave_cannot_be_claimed(desk: QueueSite, status: str) -> None:
    desk.put()
    ((found, _kind),) = desk.office().outbound.due(desk.clock(), CHAMBERS)
    with desk.db as db:
        if status in ("withdrawn", "repeated"):
            if status == "repeated":  # keeps its status when it is withdrawn
                db.execute("UPDATE signatures SET status = 'repeated'")
            db.execute("DROP TRIGGER nothing_leaves_after_withdrawal")
            withdraw(db, desk.token)
        elif status == "test":
            db.execute(
                "UPDATE signatures SET status = 'test', by_email = NULL, by_address = NULL,"
                " near = NULL, alike = NULL"
            )
        else:
            set_status(db, [1], status)  # type: ignore[arg-type]
    assert desk.worker().deliver(found) is None
    assert desk.work(hours=1) == 0
    assert desk.server.requests == []


def test_a_letter_of_a_withdrawn_signature_is_not_queued(desk: QueueSite) -> None:
    """The page that offered it may have been open for a long time."""
    with closing(open_database(desk.path)) as db:
        withdraw(db, desk.token)
    assert desk.put() == "withdrawn"


def test_a_letter_withdrawn_while_being_sent_gets_its_true_outcome(desk: QueueSite) -> None:
    desk.put()
    outbound = desk.office().outbound
    ((due, _kind),) = outbound.due(desk.clock(), CHAMBERS)
    claimed = outbound.claim(due, desk.clock())
    assert claimed is not None
    with desk.db as db:
        withdraw(db, desk.token)
    assert desk.letter()[0] == "queued"
    outbound.finish(claimed, "accepted", "", desk.clock(), letters=LETTER["accepted"])
    assert desk.letter() == (ACCEPTED, "office system")


def test_a_withdrawn_letter_without_a_response_is_unknown(desk: QueueSite) -> None:
    desk.put()
    desk.server.script.append(Scripted("/v2/message", 0, before="hang"))
    desk.timeout = 2.0
    desk.work()
    with desk.db as db:
        withdraw(db, desk.token)
    asked = len(desk.server.requests)
    desk.work(minutes=5)
    assert len(desk.server.requests) == asked
    assert desk.letter() == ("unknown", "office system")


def test_a_queued_letter_whose_message_is_purged_is_not_attempted(desk: QueueSite) -> None:
    desk.put()
    with desk.db as db:
        late = NOON + timedelta(days=8)
        (done,) = [x for x in delete_old_rows(db, late, Policy()) if "offices" in x.kind]
        assert done.number == 1
    assert desk.letter() == ("not attempted", "office system")


def test_only_why_a_letter_was_not_accepted_is_kept_as_long_as_its_receipt(
    desk: QueueSite,
) -> None:
    desk.clock.forward(seconds=17)
    desk.put()
    desk.put("CA-S3")
    desk.server.script.append(Scripted("/v2/message", 400, "<E><Error>Zip</Error></E>"))
    desk.work()
    late = NOON + timedelta(days=400)
    with desk.db as db:
        delete_old_rows(db, late, Policy())
        (kept,) = letters_of(db, desk.token).values()
        assert (kept.seats, kept.cause) == (("CA-12",), "it did not take: Zip")
        assert kept.queued_at == kept.state_at == kept.next_at == NOON
        assert desk.office().outbound.numbers(letters_since=late) == {}
        withdraw(db, desk.token)
        assert letters_of(db, desk.token) == {}


def test_a_correction_to_another_member_forgets_what_the_first_ones_system_said(
    desk: QueueSite,
) -> None:
    desk.put()
    desk.put("CA-S3")
    desk.server.script += [
        Scripted("/v2/message", 400, "<E><Error>Zip</Error></E>"),
        Scripted("/api/production-messages/", 400, "<E><Error>Zip</Error></E>"),
    ]
    desk.work()
    house, *senators = letters_to("CA", 12)
    letters = (replace(house, bioguide="another"), *senators)
    with desk.db as db:
        sign(db, signature("one", letters=letters), SECRET)
        assert set(letters_of(db, desk.token)) == {"CA-S3"}
    assert (desk.letter()[0], desk.letter("CA-S3")[0]) == ("written", "refused")


def test_a_letter_that_a_folder_delivered_leaves_the_queue_only_once_accepted(
    desk: QueueSite,
) -> None:
    for seat in ("CA-12", "CA-S3"):
        desk.put(seat)
    later = desk.clock() + timedelta(minutes=1)
    with desk.db as db:
        assert note_office(db, 1, "CA-12", ACCEPTED, campaign=CAMPAIGN, at=later)
        assert not note_office(db, 1, "CA-S3", "refused", campaign=CAMPAIGN, at=later)
    assert desk.letter("CA-S3")[0] == "queued"
    assert desk.work(minutes=5) == 1
    assert len(desk.server.taken) == 1
    assert desk.letter()[0] == desk.letter("CA-S3")[0] == ACCEPTED


def test_removing_a_signature_removes_its_queued_letters(desk: QueueSite) -> None:
    desk.put()
    with desk.db as db:
        remove(db, [1])
        assert db.execute("SELECT count(*) FROM outbound").fetchone() == (0,)


def test_another_secret_cannot_open_queued_letters(desk: QueueSite) -> None:
    desk.put()
    desk.worker(b"another secret").work()
    assert desk.letter() == ("not attempted", "office system")
    assert desk.server.requests == []


def test_a_letter_is_queued_once_and_never_after_acceptance(desk: QueueSite) -> None:
    first = desk.put()
    assert desk.put() == first
    desk.work()
    again = desk.put(round_=1)
    assert isinstance(again, OutboundRow)
    assert again.state == "accepted"
    assert desk.work(hours=1) == 0
    with desk.db as db:
        db.execute("DELETE FROM outbound")  # as the purge does
    assert desk.letter()[0] == ACCEPTED
    assert desk.put() == "settled"


def test_a_refused_letter_is_queued_only_for_the_allowed_rounds(desk: QueueSite) -> None:
    for round_ in range(outbound.ROUNDS):
        refusal = "<E><Error>no</Error></E>"
        kind = {"kind": "application/xml"}
        desk.server.script.append(Scripted("/v2/message", 400, refusal, kind))
        queued = desk.put(round_=round_)
        assert isinstance(queued, OutboundRow)
        assert (queued.state, queued.round) == ("queued", round_)
        desk.work(hours=1)
    assert desk.put(round_=outbound.ROUNDS) == "settled"


@pytest.mark.parametrize(
    ("token", "who", "seat"),
    [("x" * 43, "one", "CA-12"), ("no token", "one", "CA-12"), ("", "two", "CA-12"),
     ("", "one", "CA-S2")],
)  # fmt: skip
def test_only_a_receipts_own_letter_can_be_queued(
    desk: QueueSite, token: str, who: str, seat: str
) -> None:
    posted = Posted(token or desk.token, person(who), seat, message("CA-12"), ENDS)
    assert not isinstance(desk.office().put(posted, desk.clock()), OutboundRow)


def test_one_queue_delivers_letters_and_mail(desk: QueueSite, tmp_path: Path) -> None:
    to_files = PostSettings(Address("letters@campaign.example"), tmp_path / "outbox")
    post = PostOffice(desk.path, to_files, SECRET, clock=desk.clock)
    queue = MailQueue(make_huey(tmp_path / "queue.db"), post, desk.office())
    offices = desk.office()
    offices.notify = queue.notify
    posted = Posted(desk.token, person("one"), "CA-12", message("CA-12"), ENDS)
    offices.put(posted, desk.clock())
    post.enqueue(mail(), idempotency_key="w")
    while (task := queue.huey.dequeue()) is not None:
        queue.huey.execute(task)
    assert desk.letter()[0] == ACCEPTED
    assert post.outbound.numbers() == {"accepted": 1}
    queue._sweep()
    assert len(queue.huey) == 1


def test_a_busy_chamber_does_not_delay_mail(desk: QueueSite, tmp_path: Path) -> None:
    to_files = PostSettings(Address("letters@campaign.example"), tmp_path / "outbox")
    post = PostOffice(desk.path, to_files, SECRET, clock=desk.clock)
    queue = MailQueue(make_huey(tmp_path / "queue.db"), post, desk.office())
    desk.put()
    desk.server.script.append(Scripted("/v2/validate", 503))
    for key in ("before", "after"):
        post.enqueue(mail(), idempotency_key=key)
    assert queue.worker.work() == 3
    assert post.outbound.numbers() == {"accepted": 2}
    assert desk.row().state == "deferred"


def test_the_status_command_counts_letters_to_offices(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = make()
    site.queued("MA-6")
    for module in ("delivery", "worker"):
        monkeypatch.setattr(f"app.cli.{module}.load_settings", lambda: site.settings)
    output = flask("mail status").output
    assert "1  letters to offices' own systems: queued" in output
    assert "Larkspur" not in output


def test_the_doctor_says_when_letters_wait_too_long(make: Make) -> None:
    site = make(confirm_email=False)
    site.queued("MA-6")
    seen = DoctorSite(site.settings, NOON + timedelta(minutes=59))
    assert "hour ago" not in official_delivery_is_whole(seen).sentence
    late = DoctorSite(site.settings, NOON + timedelta(minutes=62))
    assert official_delivery_is_whole(late).level == "fail"
    assert "1 letter to offices should have been sent over an hour ago" in (
        official_delivery_is_whole(late).sentence
    )
    night = DoctorSite(site.settings, NOON + timedelta(hours=13))
    assert "hour ago" not in official_delivery_is_whole(night).sentence
    stuck = DoctorSite(site.settings, NOON + timedelta(days=2, minutes=1))
    assert "left waiting" in letters_are_accounted_for(stuck).sentence
