"""Handing messages to the offices' systems, against a local server that answers like them."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.congress.model import Chamber, Seat
from app.cwc.client import (
    Accepted,
    CwcClient,
    CwcSettings,
    NotAttempted,
    RateLimiter,
    Refused,
    TryLater,
    Unknown,
    error_texts,
    maintenance_ends,
)
from app.cwc.message import CwcMessage, MessageParts, message_parts, to_message
from app.cwc.office_post import TEST_SYSTEM, result_of
from app.delivery.channel import Result

from .cwc_server import CwcServer, Scripted, running
from .letters import AGENT, HOUSE, NOON, SENATE, TODAY, FakeTime, campaign, letter, writer


@pytest.fixture
def server() -> Iterator[CwcServer]:
    with running() as found:
        yield found


def client(server: CwcServer, when: datetime = NOON, **changes: Any) -> CwcClient:
    values = {
        "mode": "production", "house_key": server.key, "senate_key": server.key,
        "house_url": server.url, "senate_url": server.url, "timeout": 30.0,
    }  # fmt: skip
    fake = FakeTime(when)
    return CwcClient(
        CwcSettings(**{**values, **changes}),
        clock=fake.clock,
        monotonic=fake.monotonic,
        sleep=fake.sleep,
    )


def message(seat: Seat = HOUSE, number: int = 1) -> CwcMessage:
    parts = message_parts(campaign(), letter(seat), today=TODAY)
    assert isinstance(parts, MessageParts)
    made = to_message(
        parts, writer(state=seat.state), AGENT, delivery_id=f"{number:032x}", today=TODAY
    )
    assert isinstance(made, CwcMessage)
    return made


def test_a_house_message_is_validated_before_it_is_sent(
    server: CwcServer,
) -> None:
    assert client(server).send(message()) == Accepted(production=True)
    assert server.requests == [
        ("POST", "/v2/validate", "application/xml"),
        ("POST", "/v2/message", "application/xml"),
    ]
    assert list(server.taken.values()) == [message().xml]


def test_a_senate_message_is_accepted_for_a_participating_office(server: CwcServer) -> None:
    sender = client(server)
    assert sender.send(message(SENATE)) == Accepted(production=True)
    assert sender.send(message(SENATE, 2)) == Accepted(production=True)
    assert [path for _, path, _ in server.requests] == [
        "/api/active_offices/", "/api/production-messages/", "/api/production-messages/",
    ]  # fmt: skip


def test_a_nonparticipating_senate_office_gets_nothing(server: CwcServer) -> None:
    result = client(server).send(message(Seat("NV", "senate", senate_class=3)))
    assert isinstance(result, NotAttempted)
    assert not server.taken


def test_the_list_of_senate_offices_is_refreshed_after_six_hours(server: CwcServer) -> None:
    fake = FakeTime()
    settings = CwcSettings(mode="production", senate_key=server.key, senate_url=server.url)
    sender = CwcClient(settings, clock=fake.clock, monotonic=fake.monotonic, sleep=fake.sleep)
    assert isinstance(sender.send(message(SENATE)), Accepted)
    server.offices = ["SNV01"]
    fake.sleep(7 * 3600)
    assert isinstance(sender.send(message(SENATE, 2)), NotAttempted)


@pytest.mark.parametrize("body", ["[]", "{}", "<html>", '[{"name": "x"}]', "null"])
def test_without_the_list_no_senate_office_is_guessed(server: CwcServer, body: str) -> None:
    server.script.append(Scripted("/api/active_offices/", 200, body))
    assert isinstance(client(server).send(message(SENATE)), TryLater)
    assert not server.taken


def test_acceptance_by_the_test_system_is_not_production(server: CwcServer) -> None:
    sender = client(server, mode="test")
    results = [sender.send(message(SENATE)), sender.send(message(HOUSE, 2))]
    assert results == [Accepted(production=False), Accepted(production=False)]
    assert server.requests[0][1] == "/api/testing-messages/"


def test_only_an_acceptance_in_production_says_accepted() -> None:
    assert result_of(Accepted(True)) == Result("accepted", "")
    assert result_of(Accepted(False)) == Result("not attempted", TEST_SYSTEM)
    assert result_of(Refused(())).outcome == "refused"


@pytest.mark.parametrize("seat", [HOUSE, SENATE])
@pytest.mark.parametrize("change", [{"mode": "off"}, {"house_key": "", "senate_key": ""}])
def test_nothing_leaves_unless_it_is_configured(
    server: CwcServer, seat: Seat, change: dict[str, Any]
) -> None:
    assert isinstance(client(server, **change).send(message(seat)), NotAttempted)
    assert not server.requests


def test_official_delivery_is_off_by_default() -> None:
    assert isinstance(CwcClient(CwcSettings()).send(message()), NotAttempted)


def test_a_message_that_fails_our_validation_is_never_sent(server: CwcServer) -> None:
    broken = CwcMessage("HCA12", "0" * 32, message().xml.replace(b"94601", b"9460"))
    result = client(server).send(broken)
    assert isinstance(result, NotAttempted)
    assert "Zip" in result.reason
    assert not server.requests


def test_a_used_delivery_id_means_it_was_accepted_earlier(
    server: CwcServer,
) -> None:
    sender = client(server)
    assert sender.send(message()) == Accepted(production=True)
    assert sender.send(message()) == Accepted(production=True, earlier=True)
    assert len(server.taken) == 1


@pytest.mark.parametrize("seat", [HOUSE, SENATE])
def test_refusals_carry_the_systems_own_reasons(server: CwcServer, seat: Seat) -> None:
    errors = ("Bad  <b>zip</b>", "Bad zip", "No topic")
    body = f"<Errors>{''.join(f'<Error>{e}</Error>' for e in errors)}</Errors>"
    path = "/v2/validate" if seat == HOUSE else "-messages/"
    if seat == SENATE:
        server.script.append(Scripted("/api/active_offices/", 200, '[{"office_code": "SCA03"}]'))
    server.script.append(Scripted(path, 400, body))
    result = client(server).send(message(seat))
    assert result == Refused(("Bad zip", "No topic"))
    assert not server.taken


@pytest.mark.parametrize(
    "body",
    [
        "",
        "no xml",
        "<a>",
        "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/hostname'>]><Error>&x;</Error>",
    ],
)
def test_a_refusal_without_readable_reasons_says_so(server: CwcServer, body: str) -> None:
    server.script.append(Scripted("/v2/validate", 400, body))
    result = client(server).send(message())
    assert isinstance(result, Refused)
    assert result.reasons == ("The system refused the message and gave no reason.",)


def test_errors_in_any_namespace_are_read_and_truncated() -> None:
    many = "".join(f"<e:Error>{i} {'x' * 900}</e:Error>" for i in range(50))
    texts = error_texts(f'<e:r xmlns:e="urn:e">{many}</e:r>'.encode())
    assert len(texts) == 20
    assert max(map(len, texts)) == 300


def test_errors_inside_a_success_are_a_refusal(server: CwcServer) -> None:
    server.script.append(Scripted("/v2/message", 200, "<r><Error>Not your office</Error></r>"))
    assert client(server).send(message()) == Refused(("Not your office",))


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        (429, {}, 60), (429, {"Retry_After": "7"}, 7), (503, {}, 900), (500, {}, 300),
        (503, {"Retry_After": "Wed, 25 Nov 2026 17:10:00 GMT"}, 600), (502, {}, 300),
        (429, {"Retry_After": "soon"}, 60), (429, {"Retry_After": "99999999"}, 86400),
        (401, {}, 3600), (403, {}, 3600), (404, {}, 3600),
        (503, {"Retry_After": "Wed, 25 Nov 2020 17:10:00 GMT"}, 1),
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/v2/validate", "/v2/message"])
def test_a_busy_system_is_tried_later_with_the_same_message(
    server: CwcServer, status: int, headers: dict[str, str], seconds: int, path: str
) -> None:
    server.script.append(Scripted(path, status, "<h1>oops</h1>", dict(headers)))
    sender = client(server)
    result = sender.send(message())
    assert isinstance(result, TryLater)
    assert result.after == NOON + timedelta(seconds=seconds)
    assert sender.send(message()) == Accepted(production=True)


def test_a_wrong_content_type_is_a_refusal_with_its_reason(server: CwcServer) -> None:
    server.script.append(Scripted("/v2/validate", 415))
    assert isinstance(client(server).send(message()), Refused)


@pytest.mark.parametrize("before", ["hang", "record-then-drop"])
def test_no_answer_to_a_sent_message_is_unknown_until_the_next_try(
    server: CwcServer, before: str
) -> None:
    server.script.append(Scripted("/v2/message", 200, before=before))
    sender = client(server, timeout=2.0 if before == "hang" else 30.0)
    assert isinstance(sender.send(message()), Unknown)
    assert sender.send(message()) == Accepted(production=True, earlier=True)
    assert len(server.taken) == 1


def test_no_answer_to_the_validation_is_tried_later(
    server: CwcServer,
) -> None:
    server.script.append(Scripted("/v2/validate", 200, before="drop"))
    assert isinstance(client(server).send(message()), TryLater)


def test_a_gateway_timeout_is_unknown(server: CwcServer) -> None:
    server.script.append(Scripted("/v2/message", 504))
    assert isinstance(client(server).send(message()), Unknown)


@pytest.mark.parametrize(
    ("seat", "status", "body"),
    [
        (HOUSE, 200, "<!DOCTYPE html><p>Please log in"), (HOUSE, 202, ""), (HOUSE, 302, ""),
        (HOUSE, 201, ""), (SENATE, 200, ""), (SENATE, 201, "<html>maintenance</html>"),
    ],
)  # fmt: skip
def test_an_undocumented_answer_is_unknown(
    server: CwcServer, seat: Seat, status: int, body: str
) -> None:
    path = "/v2/message" if seat == HOUSE else "-messages/"
    sender = client(server, mode="test")
    server.script.append(Scripted(path, status, body, {"Location": "/elsewhere"}))
    assert isinstance(sender.send(message(seat)), Unknown)
    assert not any(path == "/elsewhere" for _, path, _ in server.requests)


def test_a_login_page_instead_of_a_validation_is_tried_later(server: CwcServer) -> None:
    server.script.append(Scripted("/v2/validate", 200, "<html>log in</html>"))
    assert isinstance(client(server).send(message()), TryLater)


def test_an_unreachable_system_is_tried_later() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    settings = CwcSettings(mode="test", house_key="k", house_url=url)
    result = CwcClient(settings, clock=lambda: NOON).send(message())
    assert isinstance(result, TryLater)


def test_letters_are_never_sent_over_plain_http_to_another_machine() -> None:
    settings = CwcSettings(mode="test", house_key="k", house_url="http://cwc.example")
    result = CwcClient(settings, clock=lambda: NOON).send(message())
    assert isinstance(result, TryLater)
    assert "https" in result.reason


def test_keys_and_writers_appear_in_no_log_reason_or_repr(
    server: CwcServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.script.append(Scripted("/v2/message", 500))
    sender = client(server)
    shown = f"{sender.send(message())} {sender.settings!r} {caplog.text}"
    for secret in (server.key, "Heron", "94601", "Siobhán"):
        assert secret not in shown


# --- maintenance -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("chamber", "local", "ends"),
    [
        ("house", "2026-11-25T00:00-05:00", "2026-11-25T06:00-05:00"),
        ("house", "2026-11-25T05:59-05:00", "2026-11-25T06:00-05:00"),
        ("house", "2026-11-25T06:00-05:00", None), ("house", "2026-11-24T23:59-05:00", None),
        ("senate", "2026-11-25T05:00-05:00", "2026-11-25T07:00-05:00"),
        ("senate", "2026-11-25T04:59-05:00", None), ("senate", "2026-11-25T07:00-05:00", None),
        ("senate", "2026-11-29T00:00-05:00", "2026-11-29T06:00-05:00"),
        ("senate", "2026-11-28T23:59-05:00", None), ("senate", "2026-11-26T03:00-05:00", None),
        ("house", "2026-07-01T05:59-04:00", "2026-07-01T06:00-04:00"),
        ("senate", "2026-11-01T03:00-05:00", "2026-11-01T06:00-05:00"),
    ],
)  # fmt: skip
def test_maintenance_windows_follow_washington_time(
    server: CwcServer, chamber: Chamber, local: str, ends: str | None
) -> None:
    now = datetime.fromisoformat(local).astimezone(UTC)
    expected = datetime.fromisoformat(ends) if ends else None
    assert maintenance_ends(chamber, now) == expected
    result = client(server, now).send(message(HOUSE if chamber == "house" else SENATE))
    if expected is None:
        assert isinstance(result, Accepted)
    else:
        assert isinstance(result, TryLater)
        assert result.after == expected
        assert not server.requests


# --- pace --------------------------------------------------------------------------


def paced(offices: list[str], per_minute: int, per_office: int) -> list[float]:
    fake = FakeTime()
    pace = RateLimiter(per_minute, per_office, monotonic=fake.monotonic, sleep=fake.sleep)
    moments = []
    for office in offices:
        pace.wait(office)
        moments.append(fake.seconds)
    return moments


@pytest.mark.parametrize("count", [1, 3])
def test_no_minute_has_more_messages_than_allowed(count: int) -> None:
    moments = paced([f"H{i}" for i in range(10)], count, 99)
    windows: Callable[[float], int] = lambda t: sum(t <= m < t + 60 for m in moments)  # noqa: E731
    assert max(windows(moment) for moment in moments) == count


def test_one_offices_rate_limit_does_not_delay_another() -> None:
    assert paced(["HCA01", "HCA02", "HCA01", "HCA02"], 99, 1) == [0, 0, 60, 60]


def test_a_rate_limit_of_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        paced([], 0, 1)
