"""The post office: each message ends in one state, once, and leaves nothing behind."""

from __future__ import annotations

import email
import shutil
import sqlite3
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email import policy
from pathlib import Path
from typing import Any

import pytest

from app.delivery.channel import Result
from app.delivery.mail import Address, Attachment, Mail, MailKind, ReadyMail
from app.delivery.post import Held, PostOffice, PostSettings
from app.delivery.queue import Worker
from app.delivery.smtp import SmtpSettings
from app.records.acts import LetterRow, SignatureRequest
from app.records.database import local_database, open_database
from app.records.identity import NotItselfError
from app.records.keyed import unlock
from app.records.outbound import LEASE, Outbound, OutboundRow, mail_of
from app.records.retention import Policy, delete_old_rows
from app.records.signing import receipt, sign
from tests.records.build import person

from .letters import FakeTime
from .mail_server import MailServer, running, until

SECRET = b"0123456789abcdef0123456789abcdef"
SENDER = Address("letters@campaign.example", "Neighbors")
ANA = Address("ana.lopez@example.org", "Ana López")
PAUSES = (timedelta(minutes=1), timedelta(minutes=5))


@pytest.fixture
def server() -> Iterator[MailServer]:
    with running() as state:
        yield state


class Site:
    """A post office with its own database and a clock that only the test advances."""

    def __init__(self, folder: Path, server: MailServer | None = None, **smtp: Any) -> None:
        self.folder = folder
        self.database = folder / "site.db"
        self.time = FakeTime()
        self.told = 0
        values: dict[str, Any] = {
            "host": "127.0.0.1", "tls": "none", "timeout": 30.0, "data_timeout": 30.0,
            "local_name": "localhost", "port": server.port if server else 0,
        }  # fmt: skip
        self.settings = PostSettings(
            SENDER,
            folder / "outbox",
            SmtpSettings(**{**values, **smtp}) if server else None,
            per_address_a_day=3,
            pauses=PAUSES,
        )
        self.post = PostOffice(self.database, self.settings, SECRET, clock=self.time.clock)
        self.post.notify = self.tell
        self.outbound, self.worker = self.post.outbound, self.working()

    def tell(self) -> None:
        self.told += 1

    def working(self, secret: bytes = SECRET) -> Worker:
        """A worker of this site, in a process that knows this secret."""
        post = PostOffice(self.database, self.settings, secret, clock=self.time.clock)
        return Worker(post.outbound, (post,), self.time.clock)

    def put(self, key: str = "form-1", to: Address = ANA, **options: Any) -> OutboundRow:
        found = self.post.enqueue(mail(to), idempotency_key=key, **options)
        assert found is not None
        return found

    def row(self, message_id: str) -> OutboundRow:
        found = self.outbound.row(message_id)
        assert found is not None
        return found

    def raw(self) -> bytes:
        """The contents of all the database's files."""
        return b"".join(p.read_bytes() for p in sorted(self.folder.glob("site.db*")))


def mail(to: Address = ANA, kind: MailKind = "copy") -> Mail:
    return Mail(
        kind, to, "Your letters", "I am Ana.\n", attachments=(Attachment("a.pdf", b"%PDF"),)
    )


@pytest.mark.parametrize("act", ["copied over", "deleted"])
def test_neither_site_nor_worker_uses_a_replaced_or_missing_database(
    tmp_path: Path, server: MailServer, act: str
) -> None:
    site = Site(tmp_path, server)
    site.put()
    if act == "copied over":
        open_database(tmp_path / "other.db").close()
        shutil.copyfile(tmp_path / "other.db", site.database)
    else:
        site.database.rename(tmp_path / "aside.db")
    left = site.database.read_bytes() if site.database.exists() else None
    for use in (site.put, site.worker.sweep, site.worker.work):
        with pytest.raises(NotItselfError):
            use()
    assert not server.taken
    assert (site.database.read_bytes() if site.database.exists() else None) == left


# --- putting in --------------------------------------------------------------------


def test_enqueuing_contacts_no_server_and_notifies_the_queue_once(tmp_path: Path) -> None:
    absent = MailServer()
    absent.port = 9
    site = Site(tmp_path, absent)
    row = site.put()
    assert row.state == "queued"
    assert site.told == 1


def test_the_same_request_is_sent_once_however_often_it_is_repeated(
    tmp_path: Path, server: MailServer
) -> None:
    site = Site(tmp_path, server)
    first = site.put()
    assert site.put().id == first.id
    assert site.worker.deliver(first.id) == Result("accepted", "accepted: 250")
    again = site.put()
    assert (again.id, again.state) == (first.id, "accepted")
    site.told = 0
    site.put()
    assert site.told == 0
    assert site.worker.deliver(first.id) is None
    assert server.recipients == [ANA.email]


def test_another_request_kind_or_address_is_another_message(tmp_path: Path) -> None:
    site = Site(tmp_path)
    ids = {
        site.put("a").id, site.put("b").id, site.put("a", Address("x@example.org")).id,
    }  # fmt: skip
    other = site.post.enqueue(mail(kind="receipt"), idempotency_key="a")
    assert other is not None
    assert len(ids | {other.id}) == 4


def test_an_address_has_a_daily_mail_limit(tmp_path: Path) -> None:
    site = Site(tmp_path)
    for number in range(3):
        site.put(f"form-{number}")
    assert site.post.enqueue(mail(), idempotency_key="form-9") is None
    shouted = Address(ANA.email.upper(), "Somebody")
    assert site.post.enqueue(mail(shouted), idempotency_key="form-9") is None
    site.put("form-1")
    site.put("x", Address("b@example.org"))
    site.time.sleep(86_401)
    site.put("form-9")


def test_waiting_mail_is_encrypted_and_erased_once_done(tmp_path: Path, server: MailServer) -> None:
    site = Site(tmp_path, server)
    row = site.put()
    personal = (b"ana.lopez", b"Lopez", b"L\xc3\xb3pez", b"I am Ana", b"example.org", b"%PDF")
    assert not [word for word in personal if word in site.raw()]
    with closing(sqlite3.connect(site.database)) as db:
        payload = db.execute("SELECT payload FROM outbound").fetchone()[0]
    assert unlock(payload, b"another secret" * 3, "waiting to leave") is None
    opened = unlock(payload, SECRET, "waiting to leave")
    assert opened is not None
    assert ReadyMail.unpacked(opened).recipient == ANA.email
    site.worker.deliver(row.id)
    with closing(sqlite3.connect(site.database)) as db:
        assert db.execute("SELECT payload FROM outbound").fetchone() == (None,)
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert payload not in site.raw()
    assert payload[24:200] not in site.raw()
    site.time.sleep(86_401)
    site.worker.sweep()
    with closing(sqlite3.connect(site.database)) as db:
        assert db.execute("SELECT recipient, payload FROM outbound").fetchone() == (None, None)
    site.time.sleep(40 * 86_400)
    site.worker.sweep()
    with closing(open_database(site.database)) as db:
        for days, left in ((60, {"accepted": 1}), (30, {})):
            delete_old_rows(db, site.time.clock(), Policy(mail=days))
            assert site.outbound.numbers() == left


def test_a_message_encrypted_with_another_secret_fails_and_says_why(tmp_path: Path) -> None:
    site = Site(tmp_path)
    row = site.put()
    result = site.working(b"x" * 32).deliver(row.id)
    assert result == Result("failed", "it was encrypted with another secret", by_server=False)
    assert site.row(row.id).state == "failed"


# --- the ends ----------------------------------------------------------------------


def test_each_recipient_has_its_own_state_and_only_the_deferred_is_retried(
    tmp_path: Path, server: MailServer
) -> None:
    site = Site(tmp_path, server)
    addresses = [Address(f"{name}@example.org") for name in ("one", "two", "three")]
    server.refused["two@example.org"] = "450 4.2.1 full"
    rows = [site.put("send", to) for to in addresses]
    outcomes = [site.worker.deliver(row.id) for row in rows]
    assert [o.outcome for o in outcomes if o] == ["accepted", "deferred", "accepted"]
    assert [site.row(r.id).state for r in rows] == ["accepted", "deferred", "accepted"]
    server.refused.clear()
    assert [site.worker.deliver(row.id) for row in rows] == [None, None, None]
    site.time.sleep(60)
    again = [site.worker.deliver(row.id) for row in rows]
    assert [o.outcome if o else None for o in again] == [None, "accepted", None]
    assert sorted(server.recipients) == ["one@example.org", "three@example.org", "two@example.org"]


def test_a_refused_recipient_fails_alone(tmp_path: Path, server: MailServer) -> None:
    site = Site(tmp_path, server)
    server.refused["two@example.org"] = "550 5.1.1 no"
    rows = [site.put("send", Address(f"{name}@example.org")) for name in ("one", "two")]
    for row in rows:
        site.worker.deliver(row.id)
    assert [(site.row(r.id).state, site.row(r.id).cause) for r in rows] == [
        ("accepted", "accepted: 250"), ("failed", "recipient: 550 5.1.1"),
    ]  # fmt: skip


def test_deferred_messages_are_retried_with_growing_pauses_then_fail(
    tmp_path: Path, server: MailServer
) -> None:
    site = Site(tmp_path, server)
    server.data = ["451 4.7.1 later"] * 9
    row = site.put()
    tried: list[float] = []
    for second in range(0, 1000, 30):
        site.time.seconds = float(second)
        site.worker.sweep()
        if site.worker.work():
            tried.append(second)
    assert tried == [0, 60, 360]
    last = site.row(row.id)
    assert last.state == "failed"
    assert last.cause == "given up after 3 tries; the last: message: 451 4.7.1"
    assert server.tried == 3


@pytest.mark.parametrize("again", [False, True])
def test_silence_after_sending_is_unknown_and_never_retried_automatically(
    tmp_path: Path, server: MailServer, again: bool
) -> None:
    site = Site(tmp_path, server, data_timeout=1.0)
    server.data = ["take and hang"]
    row = site.put()
    result = site.worker.deliver(row.id)
    assert result is not None
    assert result.outcome == "unknown"
    until(lambda: len(server.taken) == 1)  # the server has it, but never said so
    for _ in range(5):
        site.time.sleep(86_400)
        site.worker.sweep()
        assert site.worker.work() == 0
    pressed = site.put(again=again)
    assert pressed.state == ("queued" if again else "unknown")
    # The only documented way to a duplicate: the person asks again after "unknown".
    assert (site.worker.deliver(pressed.id) is not None) == again
    assert len(server.taken) == (2 if again else 1)
    ids = {email.message_from_bytes(e.content or b"")["Message-ID"] for e in server.taken}  # type: ignore[arg-type]
    assert len(ids) == 1


def test_enqueuing_does_not_wait_for_a_hanging_server(tmp_path: Path, server: MailServer) -> None:
    site, answering = Site(tmp_path, server), threading.Event()
    server.data = [answering]
    row = site.put()
    worker = threading.Thread(target=site.worker.deliver, args=(row.id,))
    worker.start()
    until(lambda: site.row(row.id).state == "handing over")
    pressed = site.put()
    assert (pressed.id, pressed.state) == (row.id, "handing over")
    answering.set()
    worker.join()
    assert site.row(row.id).state == "accepted"
    assert len(server.taken) == 1


# --- workers that die, and workers that race ---------------------------------------


class Killed(BaseException):
    """Simulates a worker that dies between two instructions."""


def die(*_args: object, **_named: object) -> bool:
    raise Killed


@pytest.mark.parametrize("step", ["leaving", "finish"])
def test_a_crash_loses_no_unsent_message_and_duplicates_no_sent_one(
    tmp_path: Path, server: MailServer, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = Site(tmp_path, server)
    row = site.put()
    with monkeypatch.context() as patch:
        patch.setattr(Outbound, step, die)
        with pytest.raises(Killed):
            site.worker.deliver(row.id)
    site.worker.sweep()
    assert site.worker.work() == 0  # its worker may still be sending
    site.time.sleep(16 * 60)
    site.worker.sweep()
    if step == "finish":
        assert site.worker.work() == 0
        assert site.row(row.id).state == "unknown"
        assert len(server.taken) == 1
    else:
        assert site.row(row.id).state == "queued"
        assert site.worker.deliver(row.id) == Result("accepted", "accepted: 250")
        assert len(server.taken) == 1


def test_a_message_that_kills_every_worker_fails(
    tmp_path: Path, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = Site(tmp_path, server)
    row = site.put()
    with monkeypatch.context() as patch:
        patch.setattr(Outbound, "leaving", die)
        for _ in range(3):
            with pytest.raises(Killed):
                site.worker.deliver(row.id)
            site.time.sleep(16 * 60)
            site.worker.sweep()
    site.worker.deliver(row.id)
    assert site.row(row.id).state == "failed"
    assert not server.taken


def test_a_worker_that_lost_its_claim_sends_nothing(
    tmp_path: Path, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = Site(tmp_path, server)
    row = site.put()
    real = Outbound.leaving

    def slow(self: Outbound, claimed: Any, now: datetime) -> bool:
        monkeypatch.setattr(Outbound, "leaving", real)
        site.time.sleep(16 * 60)
        site.worker.sweep()
        assert site.worker.deliver(row.id) == Result("accepted", "accepted: 250")
        return real(self, claimed, now)

    monkeypatch.setattr(Outbound, "leaving", slow)
    assert site.worker.deliver(row.id) is None
    assert site.row(row.id).state == "accepted"
    assert len(server.taken) == 1


def test_concurrent_workers_send_each_message_once(tmp_path: Path, server: MailServer) -> None:
    site = Site(tmp_path, server)
    rows = [site.put("send", Address(f"a{n}@example.org")) for n in range(6)]
    barrier = threading.Barrier(4)

    def work() -> None:
        barrier.wait()
        for row in rows:
            site.worker.deliver(row.id)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(server.recipients) == [f"a{n}@example.org" for n in range(6)]
    assert site.outbound.numbers() == {"accepted": 6}


# --- held until the person's own click ---------------------------------------------


def test_a_held_message_is_sent_only_once_released_and_only_once(
    tmp_path: Path, server: MailServer
) -> None:
    site = Site(tmp_path, server)
    held = site.post.hold(mail(), idempotency_key="form-1")
    assert isinstance(held, Held)
    assert held.token.encode() not in site.raw()
    assert held.token not in repr(held)
    assert site.told == 0
    assert site.worker.work() == 0
    assert site.worker.deliver(held.row.id) is None
    assert not site.post.release("another")
    assert site.post.is_held(held.token)
    assert site.post.is_held(held.token)  # a link scanner looks twice and changes nothing
    assert site.post.release(held.token)
    assert site.told == 1
    assert not site.post.release(held.token)
    assert not site.post.is_held(held.token)
    assert site.worker.deliver(held.row.id) == Result("accepted", "accepted: 250")
    assert len(server.taken) == 1


def test_an_unreleased_message_is_dropped(tmp_path: Path) -> None:
    site = Site(tmp_path)
    held = site.post.hold(mail(), idempotency_key="form-1")
    assert isinstance(held, Held)
    site.time.sleep(49 * 3600)
    site.worker.sweep()
    assert not site.post.release(held.token)
    assert site.outbound.numbers() == {}


# --- files -------------------------------------------------------------------------


def test_without_a_server_mail_is_written_to_private_files(tmp_path: Path) -> None:
    site = Site(tmp_path)
    assert site.post.writes_files
    row = site.put()
    assert site.worker.deliver(row.id) == Result("accepted", "written to the outbox", False)
    (file,) = (tmp_path / "outbox").iterdir()
    assert file.name == f"20261125T170000Z-copy-{row.id}.eml"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    read = email.message_from_bytes(file.read_bytes(), policy=policy.default)
    assert read["To"].addresses[0].display_name == "Ana López"


def test_a_file_is_written_once_even_after_a_crash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = Site(tmp_path)
    row = site.put()
    with monkeypatch.context() as patch:
        patch.setattr(Outbound, "finish", die)
        with pytest.raises(Killed):
            site.worker.deliver(row.id)
    site.time.sleep(16 * 60)
    site.worker.sweep()
    site.worker.deliver(row.id)
    assert site.row(row.id).state == "accepted"
    assert len(list((tmp_path / "outbox").iterdir())) == 1


def test_an_unwritable_outbox_defers_the_message(tmp_path: Path) -> None:
    site = Site(tmp_path)
    (tmp_path / "outbox").write_text("in the way", encoding="utf-8")
    row = site.put()
    site.worker.deliver(row.id)
    assert site.row(row.id).state == "deferred"


# --- the letters and the receipt ---------------------------------------------------


def signed(database: Path) -> str:
    now = datetime(2026, 11, 25, 17, tzinfo=UTC)
    request = SignatureRequest(
        key="form-1", person=person("Ana"), campaign="c", day=now.date(), at=now, state="CA",
        district=12, template="general", version="0" * 12, length="full", language="en",
        match="zip", source="", edited=False, own_share=20,
        letters=(LetterRow("CA-12", "S000001", "ask"), LetterRow("CA-S3", "P000145", "ask")),
    )  # fmt: skip
    return sign(local_database(database), request, SECRET).receipt


@pytest.mark.parametrize("to_server", [True, False])
def test_letters_are_mailed_to_self_only_once_a_server_accepted_them(
    tmp_path: Path, server: MailServer, to_server: bool
) -> None:
    site = Site(tmp_path, server if to_server else None)
    token = signed(site.database)
    row = site.put(receipt=token, seats=("CA-12",))
    db = local_database(site.database)

    def states() -> list[str]:
        found = receipt(db, token)
        assert found is not None
        return [letter.state for letter in found.letters]

    assert states() == ["written", "written"]
    site.worker.deliver(row.id)
    assert states() == ["mailed to self" if to_server else "written", "written"]
    (shown,) = mail_of(db, token)
    assert (shown.id, shown.state) == (row.id, "accepted")
    assert mail_of(db, "another") == ()


def test_a_stuck_message_is_reported(tmp_path: Path) -> None:
    site = Site(tmp_path)
    row = site.put()
    site.post.hold(mail(kind="receipt"), idempotency_key="x")
    hour = timedelta(hours=1)
    now: Callable[[], datetime] = site.time.clock
    assert site.outbound.stuck(now(), longer_than=hour) == ()
    site.time.sleep(3601)
    assert [r.id for r in site.outbound.stuck(now(), longer_than=hour)] == [row.id]
    site.worker.deliver(row.id)
    assert site.outbound.stuck(now(), longer_than=hour) == ()
    assert site.outbound.numbers() == {"accepted": 1, "held": 1}
    assert timedelta(minutes=10) < LEASE
