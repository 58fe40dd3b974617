"""The street lookup against a local server that behaves and misbehaves."""

from __future__ import annotations

import gzip
import json
import logging
import socket
import threading
import time
from datetime import date
from functools import partial
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from app.congress.model import (
    Located,
    LookupFailed,
    NoMatch,
    OtherState,
    SeveralDistricts,
    StreetAnswer,
    WrongCongress,
    ordinal,
)
from app.congress.street import GeocoderSettings, locate_street, one_line, read_districts
from app.congress.tables import load_tables
from tests.congress.asking import JUST_BEFORE, NOON
from tests.congress.census_server import (
    CITY,
    STREET,
    Behavior,
    Census,
    answering_the_second,
    dripping,
    hang_up,
    match,
    matches,
    record,
    reply,
    reset,
    sleeping,
)

# --- good answers ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "state", "answer"),
    [
        ("census-district-ny12.json", "NY", Located("NY", 12)),
        ("census-district-at-large.json", "WY", Located("WY", 0)),
        ("census-district-delegate.json", "DC", Located("DC", 0)),
        ("census-no-match.json", "NY", NoMatch()),
    ],
)
def test_real_replies_are_parsed(
    name: str, state: str, answer: StreetAnswer, census: Census, official_files: Path
) -> None:
    census.says(reply((official_files / "census" / name).read_bytes()))
    assert census.locate(state) == answer


def test_a_reply_without_the_district_key_is_read_from_its_geoid(census: Census) -> None:
    assert "CD119" not in record()
    assert census.says(matches(match(record()))).locate() == Located("MA", 5)


def test_the_request_pins_vintage_layer_and_benchmark(census: Census) -> None:
    census.says(matches(match(record()))).locate()
    assert census.asked == [
        {
            "address": "88 Heron St, Cambridge, MA 02138",
            "vintage": "ACS2025_Current",
            "benchmark": "Public_AR_Current",
            "layers": "119th Congressional Districts",
            "format": "json",
        }
    ]


def test_vintages_are_configurable(census: Census) -> None:
    vintages = {119: "Old", 120: "New"}
    census.says(of(120, "4705")).locate("TN", now=NOON, vintages=vintages)
    assert census.asked[0]["vintage"] == "New"


def test_compressed_and_chunked_replies_are_parsed(census: Census) -> None:
    body = json.dumps({"result": {"addressMatches": [match(record())] * 300}}).encode()

    def compressed(handler: BaseHTTPRequestHandler) -> None:
        data = gzip.compress(body)
        handler.send_response(200)
        handler.send_header("Content-Encoding", "gzip")
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        for start in range(0, len(data), 100):
            handler.wfile.write(data[start : start + 100])
            handler.wfile.flush()

    def chunked(handler: BaseHTTPRequestHandler) -> None:
        handler.protocol_version = "HTTP/1.1"
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        for part in (body[:7], body[7:70_000], body[70_000:]):
            if part:
                handler.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
        handler.wfile.write(b"0\r\n\r\n")

    assert census.says(compressed).locate() == Located("MA", 5)
    assert census.says(chunked).locate() == Located("MA", 5)


@pytest.mark.parametrize(
    ("geoid", "state", "answer"),
    [
        ("1198", "DC", Located("DC", 0)),
        ("7298", "PR", Located("PR", 0)),
        ("5000", "VT", Located("VT", 0)),
        ("66ZZ", "GU", LookupFailed("no_district")),
        ("0652", "CA", Located("CA", 52)),
    ],
)
def test_lk12_delegate_and_water_codes_are_understood(
    geoid: str, state: str, answer: StreetAnswer, census: Census
) -> None:
    assert census.says(matches(match(record(geoid)))).locate(state) == answer


def in_zip(zip5: str, geoid: str) -> dict[str, Any]:
    return match(record(geoid)) | {"addressComponents": {"zip": zip5, "state": geoid[:2]}}


def test_lk19_a_like_named_street_in_another_town_is_no_match(census: Census) -> None:
    census.says(matches(in_zip("01103", "2501")))  # Springfield; 02138 is MA-5 and MA-7
    assert census.locate() == NoMatch()
    census.says(matches(in_zip("01103", "2501"), in_zip("02138", "2507")))
    assert census.locate() == Located("MA", 7)


@pytest.mark.parametrize(
    ("there", "geoid", "typed"),
    [("02139", "2507", "02138"), ("02138", "2501", "02138"), ("01103", "2501", "99999"),
     ("", "2501", "02138")],
)  # fmt: skip
def test_a_match_is_believed_where_only_its_zip_or_only_its_district_differs(
    there: str, geoid: str, typed: str, census: Census
) -> None:
    answer = census.says(matches(in_zip(there, geoid))).locate(zip5=typed)
    assert answer == Located("MA", int(geoid[2:]))


def test_ad05_two_matches_in_one_district_are_one_answer(census: Census) -> None:
    census.says(matches(match(record()), match(record())))
    assert census.locate() == Located("MA", 5)


def test_ad05_two_matches_in_different_districts_are_never_guessed(census: Census) -> None:
    census.says(matches(match(record("2505")), match(record("2507"))))
    assert census.locate() == SeveralDistricts((Located("MA", 5), Located("MA", 7)))


def test_matches_in_other_states_do_not_count(census: Census) -> None:
    census.says(matches(match(record("3301")), match(record("2507"))))
    assert census.locate("MA") == Located("MA", 7)
    assert census.locate(None) == SeveralDistricts((Located("NH", 1), Located("MA", 7)))
    assert census.locate("VT") == OtherState("NH")


def test_a_match_in_water_does_not_hide_one_on_land(census: Census) -> None:
    census.says(matches(match(record("25ZZ")), match(record("2507"))))
    assert census.locate() == Located("MA", 7)


# --- failures ----------------------------------------------------------------------------


BAD_REPLIES: list[tuple[Behavior, StreetAnswer]] = [
    (reply(b"<html><body>Maintenance</body></html>", kind="text/html"), LookupFailed("bad_reply")),
    (reply(b""), LookupFailed("bad_reply")),
    (reply(b"{"), LookupFailed("bad_reply")),
    (reply(b"null"), LookupFailed("bad_reply")),
    (reply([]), LookupFailed("bad_reply")),
    (reply("text"), LookupFailed("bad_reply")),
    (reply({}), LookupFailed("bad_reply")),
    (reply({"result": {}}), LookupFailed("bad_reply")),
    (reply({"result": None}), LookupFailed("bad_reply")),
    (reply({"result": {"addressMatches": None}}), LookupFailed("bad_reply")),
    (reply({"result": {"addressMatches": ["x"]}}), LookupFailed("bad_reply")),
    (reply({"result": {"addressMatches": [{}]}}), LookupFailed("bad_reply")),
    (reply({"errors": ["Invalid vintage"], "status": "400"}, 400), LookupFailed("bad_reply")),
    (reply({"errors": ["no"]}, 403), LookupFailed("bad_reply")),
    (reply(b"oops", 500), LookupFailed("unreachable")),
    (reply(b"busy", 503), LookupFailed("unreachable")),
    (reply(b"\xff\xfe" + b"x" * 2_000_000), LookupFailed("unreachable")),
    (reset, LookupFailed("unreachable")),
    (hang_up, LookupFailed("unreachable")),
    (matches(match(record(session="120"))), WrongCongress(120)),
    (
        matches(match(record(session="118"), layer="118th Congressional Districts")),
        WrongCongress(118),
    ),
    (matches(match(record(), layer="Counties")), LookupFailed("bad_reply")),
    (matches(match()), LookupFailed("no_district")),
    (matches(match(record(CDSESSN=None))), LookupFailed("bad_reply")),
    (matches(match(record(GEOID=None))), LookupFailed("bad_reply")),
    (matches(match(record(STATE=None))), LookupFailed("bad_reply")),
    (matches(match(record(STATE="33"))), LookupFailed("bad_reply")),
    (matches(match(record("9905"))), LookupFailed("bad_reply")),
    (matches(match(record("25055"))), LookupFailed("bad_reply")),
    (matches(match("text")), LookupFailed("bad_reply")),
    (matches(match(record("2505"), record("2507"))), LookupFailed("bad_reply")),
]


@pytest.mark.parametrize(("behavior", "answer"), BAD_REPLIES)
def test_ad05_every_bad_answer_has_a_type_and_is_retried_once(
    behavior: Behavior, answer: StreetAnswer, census: Census
) -> None:
    began = time.monotonic()
    assert census.says(behavior).locate(timeout=20.0) == answer
    assert len(census.asked) == 2
    assert time.monotonic() - began < 9  # neither try waited for anything


@pytest.mark.parametrize("behavior", [case[0] for case in BAD_REPLIES[:1]] + [reset, hang_up])
def test_a_retry_can_succeed(behavior: Behavior, census: Census) -> None:
    assert census.says(behavior, matches(match(record()))).locate() == Located("MA", 5)
    assert census.says(behavior).locate(tries=1) != Located("MA", 5)


def test_a_retry_can_replace_another_congresss_map(census: Census) -> None:
    wrong = matches(match(record(session="118"), layer="118th Congressional Districts"))
    assert census.says(wrong, matches(match(record()))).locate() == Located("MA", 5)


def test_no_match_is_an_answer_and_is_not_retried(census: Census) -> None:
    assert census.says(matches()).locate() == NoMatch()
    assert len(census.asked) == 1
    assert census.says(matches(match(record()))).locate() == Located("MA", 5)  # nothing is cached


def test_ad05_a_silent_server_costs_only_the_timeout(census: Census) -> None:
    began = time.monotonic()
    assert census.says(sleeping(census)).locate(timeout=0.6) == LookupFailed("timeout")
    assert 0.55 < time.monotonic() - began < 30  # the server is silent for twice as long


@pytest.mark.parametrize("headers", [True, False])
def test_a_slowly_dripping_server_costs_only_the_timeout(headers: bool, census: Census) -> None:
    began = time.monotonic()
    answer = census.says(dripping(census, headers=headers)).locate(timeout=0.6)
    assert answer == LookupFailed("timeout")
    assert time.monotonic() - began < 30


def test_a_dripping_body_is_abandoned_and_its_thread_ends(census: Census) -> None:
    def under_way() -> int:
        return sum(thread.name == "street-lookup" for thread in threading.enumerate())

    before = under_way()
    census.says(dripping(census, headers=False)).locate(timeout=0.5)
    until = time.monotonic() + 60
    while under_way() > before and time.monotonic() < until:
        time.sleep(0.02)
    assert under_way() <= before


def test_a_slow_answer_within_the_timeout_is_used(census: Census) -> None:
    assert census.says(sleeping(census, 0.5)).locate(timeout=20.0) == Located("MA", 5)
    assert len(census.asked) == 1


def test_the_first_request_can_still_answer_after_a_retry_starts(census: Census) -> None:
    waiting = census.says(answering_the_second(census))
    assert waiting.locate(timeout=20.0, tries=20) == Located("MA", 5)
    assert len(census.asked) >= 2


def test_a_retry_can_overtake_a_hanging_request(census: Census) -> None:
    began = time.monotonic()
    census.says(sleeping(census), matches(match(record())))
    assert census.locate(timeout=20.0, tries=10) == Located("MA", 5)
    assert time.monotonic() - began > 1.9  # the tries share the time


def test_a_refused_connection_is_unreachable() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
        settings = GeocoderSettings(url=f"http://127.0.0.1:{port}/onelineaddress", timeout=20.0)
        answer = locate_street(STREET, CITY, "MA", "02138", geocoder=settings, tables=load_tables())
    assert answer == LookupFailed("unreachable")


def test_a_redirect_is_not_followed(census: Census) -> None:
    def redirect(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(302)
        handler.send_header("Location", census.url + "?elsewhere=1")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    assert census.says(redirect).locate() == LookupFailed("bad_reply")
    assert not any("elsewhere" in question for question in census.asked)


def test_a_hanging_provider_cannot_pile_up_requests(
    census: Census, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.congress.street._MOST_LOOKUPS", threading.BoundedSemaphore(2))
    census.says(sleeping(census))
    hang = partial(census.locate, timeout=60.0, tries=1)
    waiting = [threading.Thread(target=hang) for _ in range(2)]
    for lookup, came in zip(waiting, (census.came, census.came_again), strict=True):
        lookup.start()
        assert came.wait(60)
    began = time.monotonic()
    assert census.locate(timeout=20.0) == LookupFailed("busy")
    assert time.monotonic() - began < 10
    assert len(census.asked) == 2
    census.stop.set()
    for lookup in waiting:
        lookup.join()


# --- whose lines count -------------------------------------------------------------------


def of(congress: int, geoid: str) -> Behavior:
    """The answer from one Congress's layer."""
    layer = f"{ordinal(congress)} Congressional Districts"
    return matches(match(record(geoid, session=str(congress)), layer=layer))


@pytest.mark.parametrize(
    ("state", "geoid", "now", "congress", "answer"),
    [
        ("TN", "4709", JUST_BEFORE, 119, Located("TN", 9)),
        ("TN", "4705", JUST_BEFORE, 120, WrongCongress(120)),
        ("TN", "4705", NOON, 120, Located("TN", 5)),
        ("TN", "4709", NOON, 119, WrongCongress(119)),
        ("MO", "2905", JUST_BEFORE, 119, Located("MO", 5)),
        ("MO", "2905", JUST_BEFORE, 120, WrongCongress(120)),
        ("MO", "2905", NOON, 119, Located("MO", 5)),
        ("MO", "2904", NOON, 120, WrongCongress(120)),
        ("MA", "2505", JUST_BEFORE, 120, Located("MA", 5)),
        ("MA", "2505", NOON, 119, Located("MA", 5)),
        ("MA", "2505", NOON, 120, Located("MA", 5)),
        ("MA", "2505", NOON, 121, WrongCongress(121)),
        ("DC", "1198", NOON, 120, Located("DC", 0)),
    ],
)
@pytest.mark.parametrize("say_state", [True, False])
def test_an_answer_counts_only_if_its_lines_are_in_force_in_that_state(
    *, state: str, geoid: str, now: date, congress: int, answer: StreetAnswer, say_state: bool,
    census: Census,
) -> None:  # fmt: skip
    census.says(of(congress, geoid))
    assert census.locate(state if say_state else None, now=now) == answer


@pytest.mark.parametrize(
    ("state", "now", "vintage", "layer"),
    [
        ("TN", JUST_BEFORE, "ACS2025_Current", "119th Congressional Districts"),
        ("TN", NOON, "ACS2026_Current", "120th Congressional Districts"),
        ("MO", NOON, "ACS2025_Current", "119th Congressional Districts"),
        ("MA", NOON, "ACS2025_Current", "119th Congressional Districts"),
    ],
)
def test_the_vintage_follows_the_states_plan(
    state: str, now: date, vintage: str, layer: str, census: Census
) -> None:
    census.says(matches()).locate(state, now=now)
    assert (census.asked[0]["vintage"], census.asked[0]["layers"]) == (vintage, layer)


def test_a_reply_with_both_layers_uses_the_one_in_force(census: Census) -> None:
    both = match(record("4709"))
    new = match(record("4705", session="120"), layer="120th Congressional Districts")
    both["geographies"] |= new["geographies"]
    assert census.says(matches(both)).locate("TN", now=JUST_BEFORE) == Located("TN", 9)
    assert census.says(matches(both)).locate("TN", now=NOON) == Located("TN", 5)


def test_an_unknown_layout_is_logged_without_any_of_the_reply(
    census: Census, caplog: pytest.LogCaptureFixture
) -> None:
    census.says(matches(match(record(), layer="88 Heron St"))).locate()
    assert "unknown layout: no layer of districts" in caplog.text
    assert "Heron" not in caplog.text


# --- privacy -----------------------------------------------------------------------------


@pytest.mark.parametrize("level", [logging.DEBUG, logging.INFO])
def test_pr01_no_log_record_contains_the_address(
    level: int, census: Census, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(level)
    for name in ("geocoder", "geocoder.base", "urllib3", "urllib3.connectionpool", "requests"):
        caplog.set_level(level, logger=name)
    for behavior in (
        matches(match(record())),
        matches(),
        reply(b"<html>"),
        reply(b"oops", 500),
        reply({}),
        reset,
    ):
        census.asked.clear()
        census.says(behavior).locate(timeout=20.0)
        assert census.asked
        assert "Heron" in census.asked[0]["address"]
    census.came.clear()
    census.asked.clear()
    census.says(sleeping(census)).locate(timeout=2.0)
    assert census.came.wait(60)
    assert "Heron" in census.asked[0]["address"]
    shown = caplog.text + "".join(capfd.readouterr())
    assert "Heron" not in shown
    assert "Cambridge" not in shown


@pytest.mark.parametrize(
    "street",
    [
        "",
        "  ",
        "PO Box 12",
        "P.O. Box 12",
        "p. o. box 7",
        "Post Office Box 1",
        "P.O.Box12",
        "POB 12",
        "Box 12",
        "Apartado 12",
        "General Delivery",
    ],
)
def test_a_street_that_cannot_be_mapped_is_not_sent(street: str) -> None:
    settings = GeocoderSettings(url="http://127.0.0.1:1/onelineaddress")
    assert (
        locate_street(street, CITY, "MA", "02138", geocoder=settings, tables=load_tables())
        == NoMatch()
    )


def test_the_address_is_one_clean_line() -> None:
    assert one_line(" 1  Main\nSt ", "", "OR", "97301") == "1 Main St, OR 97301"
    assert one_line("1 Main St", "Salem", None, "97301") == "1 Main St, Salem, 97301"
    whole = "１２½ Main St, Salem, OR 97301"
    assert one_line(whole, "Salem", "OR", "97301") == "12 1/2 Main St, Salem, OR 97301"
    assert one_line("1 Main St, Salem", "Salem, OR", "OR", "97301") == "1 Main St, Salem, OR 97301"
    assert len(one_line("x" * 999, "y", "OR", "97301")) == 300


# --- other providers ---------------------------------------------------------------------


def test_another_provider_gives_the_point_and_the_census_its_district(
    census: Census, monkeypatch: pytest.MonkeyPatch
) -> None:
    import geocoder.api
    from geocoder.base import MultipleResultsQuery, OneResult

    class PlaceResult(OneResult):  # type: ignore[misc]
        @property
        def lat(self) -> Any:
            return self.raw["lat"]

        @property
        def lng(self) -> Any:
            return self.raw["lon"]

    class PlaceQuery(MultipleResultsQuery):  # type: ignore[misc]
        provider = "places"
        method = "geocode"
        _URL = census.url.replace("/geocoder/geographies/onelineaddress", "/places")
        _RESULT_CLASS = PlaceResult
        _KEY_MANDATORY = False

        def _build_params(self, location: str, provider_key: str, **kwargs: Any) -> dict[str, str]:
            return {"q": location}

    monkeypatch.setitem(geocoder.api.options, "places", {"geocode": PlaceQuery})
    point = reply({"result": {"geographies": {"119th Congressional Districts": [record()]}}})
    census.says(reply([{"lat": 42.4, "lon": -71.1}]), point)
    assert census.locate(provider="places") == Located("MA", 5)
    assert [path.rpartition("/")[2] for path in census.paths] == ["places", "coordinates"]
    assert (census.asked[1]["x"], census.asked[1]["y"]) == ("-71.1", "42.4")
    assert "address" not in census.asked[1]


def test_an_unknown_provider_is_a_configuration_failure(census: Census) -> None:
    assert census.locate(provider="nonesuch") == LookupFailed("provider")
    assert census.asked == []


def test_any_exception_of_a_provider_class_becomes_an_answer(
    census: Census, monkeypatch: pytest.MonkeyPatch
) -> None:
    import geocoder.api

    def explode(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("88 Heron St")

    monkeypatch.setitem(geocoder.api.options, "exploding", {"geocode": explode})
    assert census.locate(provider="exploding") == LookupFailed("bad_reply")


@pytest.mark.parametrize("geographies", [None, [], "x", {"119th Congressional Districts": {}}])
def test_malformed_geographies_are_a_bad_reply(geographies: object) -> None:
    assert read_districts(geographies, lambda _: {119}) == LookupFailed("bad_reply")
