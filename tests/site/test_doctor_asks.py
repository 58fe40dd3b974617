"""The doctor's network checks: the mail server, and the site through its public address."""

from __future__ import annotations

import shutil
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any
from unittest.mock import Mock

import pytest
import requests
import trustme
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from app.cli.diagnosis import Diagnosis, Site
from app.cli.doctor_asks import TRIES
from app.site.settings import load_settings
from app.site.watching import question
from tests.delivery.mail_server import running
from tests.site.test_doctor import NOW, Patient, patient, sound
from tests.sites import Sites

__all__ = ["patient", "sound"]


def test_the_mail_server_is_greeted_and_nothing_is_sent(patient: Patient) -> None:
    with running() as server:
        patient.set(mail_server="127.0.0.1", mail_port=server.port, mail_tls="none",
                    mail_from="us@example.org", site_url="http://localhost:8000")  # fmt: skip
        found = TRIES["mail server"](Site(load_settings(), NOW))
        assert (found.level, server.recipients) == ("ok", [])


Proxy = Callable[[dict[str, Any]], None]
"""Changes a request as a proxy does before the site gets it."""


def appends_visitor(environ: dict[str, Any]) -> None:
    said = environ.get("HTTP_X_FORWARDED_FOR")
    environ["HTTP_X_FORWARDED_FOR"] = ", ".join(filter(None, (said, "203.0.113.7")))


def sets_visitor(environ: dict[str, Any]) -> None:
    environ["HTTP_X_FORWARDED_FOR"] = "203.0.113.7"


def drops_visitor(environ: dict[str, Any]) -> None:
    environ.pop("HTTP_X_FORWARDED_FOR", None)


def adds_second_proxy(environ: dict[str, Any]) -> None:
    sets_visitor(environ)
    environ["HTTP_X_FORWARDED_FOR"] += ", 198.51.100.1"


def passes_through(_environ: dict[str, Any]) -> None:
    pass


@contextmanager
def served(app: Any, context: ssl.SSLContext | None = None) -> Iterator[BaseWSGIServer]:
    class Quiet(WSGIRequestHandler):
        def log(self, *_: object) -> None:
            pass

    server = make_server(
        "127.0.0.1", 0, app, threaded=True, request_handler=Quiet, ssl_context=context
    )
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def seen_from_outside(
    patient: Patient, sites: Sites, proxy: Proxy, *, url: str = "http://127.0.0.1",
    context: ssl.SSLContext | None = None, **values: object,
) -> Diagnosis:  # fmt: skip
    """The doctor's finding about the patient’s own site behind a proxy."""

    def answer(environ: dict[str, Any], start: Any) -> Any:
        proxy(environ)
        return site(environ, start)

    with served(answer, context) as server:
        patient.set(site_url=f"{url}:{server.port}", **values)
        site = sites.open(load_settings())
        return TRIES["from outside"](Site(load_settings(), datetime.now(UTC)))


@pytest.mark.parametrize(
    ("status", "page", "level", "words"),
    [("502 Bad Gateway", b"", "fail", "answers with status 502"),
     ("200 OK", b"Welcome to nginx!", "fail", "Something else")],
)  # fmt: skip
def test_another_server_at_the_public_address_is_detected(
    patient: Patient, status: str, page: bytes, level: str, words: str
) -> None:
    def answer(_environ: object, start: Any) -> list[bytes]:
        start(status, [("Content-Type", "text/html")])
        return [page]

    with served(answer) as server:
        patient.set(site_url=f"http://127.0.0.1:{server.port}")
        found = TRIES["from outside"](Site(load_settings(), datetime.now(UTC)))
    assert (found.level, words in found.sentence) == (level, True), found.sentence


@pytest.mark.parametrize(
    ("proxy", "trusted", "level", "words"),
    [
        (passes_through, 0, "ok", "as it should"),
        (appends_visitor, 1, "ok", "as it should"),
        (sets_visitor, 1, "ok", "as it should"),
        (adds_second_proxy, 2, "ok", "as it should"),
        (passes_through, 1, "fail", "limits stop no one. Set trusted_proxies = 0."),
        (appends_visitor, 2, "fail", "limits stop no one. Set trusted_proxies = 1."),
        (appends_visitor, 0, "fail", "limited together. Set trusted_proxies = 1."),
        (sets_visitor, 2, "fail", "limited together. Set trusted_proxies = 1."),
        (adds_second_proxy, 1, "fail", "2 proxies report visitors"),
    ],
)
def test_a_forged_visitor_address_reveals_the_number_of_proxies(
    patient: Patient, sites: Sites, *, proxy: Proxy, trusted: int, level: str, words: str
) -> None:
    found = seen_from_outside(patient, sites, proxy, trusted_proxies=trusted)
    assert (found.level, words in found.sentence) == (level, True), found.sentence
    assert not list(patient.instance.glob("asked*"))


def test_only_someone_who_can_write_to_the_sites_folder_sees_its_proxy_view(
    patient: Patient, sites: Sites
) -> None:
    client = sites.open(load_settings()).test_client()
    assert client.get("/healthz?asked=").text == client.get("/healthz?asked=x").text == "alive\n"
    with question(patient.instance) as word:
        assert client.get(f"/healthz?asked={word[:-1]}é").text == "alive\n"
        assert client.get("/healthz", query_string={"asked": word}).json == {
            "forwarded": "", "trusted": 0,
        }  # fmt: skip
        with question(patient.instance) as other:
            assert client.get(f"/healthz?asked={other}").json
        assert client.get(f"/healthz?asked={word}").json, "each has its own word"
    assert client.get("/healthz", query_string={"asked": word}).text == "alive\n"
    (patient.instance / "asked-x").touch()
    assert client.get("/healthz?asked=x").text == "alive\n", "only a generated word counts"


def test_a_copy_of_the_site_running_elsewhere_is_detected(patient: Patient, sites: Sites) -> None:
    there = patient.instance.with_name("there")
    shutil.copytree(patient.instance, there)
    elsewhere = sites.open(load_settings({}, instance=there))
    with served(elsewhere) as server:
        patient.set(site_url=f"http://127.0.0.1:{server.port}")
        found = TRIES["from outside"](Site(load_settings(), datetime.now(UTC)))
    assert found.level == "fail"
    assert f"not the site in {patient.instance}" in found.sentence


def test_a_proxy_that_blocks_healthz_is_not_mistaken_for_another_site(
    patient: Patient, sites: Sites
) -> None:
    def keeps(environ: dict[str, Any]) -> None:
        environ["PATH_INFO"] = environ["PATH_INFO"].replace("healthz", "nothing")

    found = seen_from_outside(patient, sites, keeps)
    assert (found.level, "/healthz (status 404)" in found.sentence) == ("warn", True)


def test_an_ip_address_that_does_not_answer_is_named(patient: Patient, sites: Sites) -> None:
    real = socket.getaddrinfo

    def two(host: Any, port: Any, *more: Any, **named: Any) -> list[Any]:
        found = list(real(host, port, *more, **named))
        return [*found, (*found[0][:4], ("127.0.0.2", port))] if host == "127.0.0.1" else found

    patient.patch.setattr(socket, "getaddrinfo", two)
    found = seen_from_outside(patient, sites, passes_through)
    assert (found.level, "points to 127.0.0.2" in found.sentence) == ("warn", True), found.sentence


def test_a_proxy_that_refuses_large_uploads_is_reported(patient: Patient, sites: Sites) -> None:
    def refuses(environ: dict[str, Any]) -> None:
        assert int(environ.get("CONTENT_LENGTH") or 0) < 1 << 20

    found = seen_from_outside(patient, sites, refuses)
    assert (found.level, "12 MB" in found.sentence) == ("warn", True), found.sentence


def test_http_must_redirect_to_https(patient: Patient) -> None:
    def answer(url: str, **_: object) -> requests.Response:
        made = requests.Response()
        made.status_code = 200
        made.headers.update({"Content-Security-Policy": "x", "Strict-Transport-Security": "x"})
        said = '{"forwarded": "203.0.113.7", "trusted": 1}' if "healthz" in url else "/privacy"
        made.raw = BytesIO(said.encode())
        return made

    patient.set(site_url="https://127.0.0.1")
    patient.patch.setattr("requests.get", answer)
    patient.patch.setattr("requests.post", answer)
    patient.patch.setattr("app.cli.doctor_asks.socket.create_connection", lambda *_, **__: Mock())
    found = TRIES["from outside"](Site(load_settings(), datetime.now(UTC)))
    assert (found.level, "does not redirect to https" in found.sentence) == ("warn", True)


@pytest.mark.parametrize(
    ("days", "trusted", "proxy", "level", "words"),
    [
        (60, True, sets_visitor, "ok", "Its certificate expires on"),
        (10, True, sets_visitor, "warn", "was not renewed"),
        (5, True, sets_visitor, "fail", "was not renewed"),
        (60, False, sets_visitor, "fail", "is not valid"),
        (60, True, drops_visitor, "fail", "The proxy does not report visitors"),
    ],
)
def test_an_expiring_or_untrusted_certificate_is_reported(
    patient: Patient, sites: Sites, *, days: int, trusted: bool, proxy: Proxy, level: str,
    words: str,
) -> None:  # fmt: skip
    now = datetime.now(UTC)
    authority, file = trustme.CA(), patient.instance.parent / "authority.pem"
    authority.cert_pem.write_to_path(file)
    if trusted:
        patient.patch.setenv("REQUESTS_CA_BUNDLE", str(file))
        patient.patch.setenv("SSL_CERT_FILE", str(file))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    ends = now + timedelta(days=days)
    authority.issue_cert("127.0.0.1", not_after=ends).configure_cert(context)
    found = seen_from_outside(
        patient, sites, proxy, url="https://127.0.0.1", context=context, trusted_proxies=1
    )
    assert (found.level, words in found.sentence) == (level, True), found.sentence
    if "certificate" in words or "renewed" in words:
        assert f"{ends:%Y-%m-%d}" in found.sentence
