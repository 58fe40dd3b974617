"""Starting the site, and what the operator reads when its address cannot be served."""

from __future__ import annotations

import socket
from typing import Any, NoReturn

import pytest
from flask import Flask

from app.congress import tables
from app.main import main
from app.site.server import listen
from app.site.settings import SettingsError
from tests.bench.servers import free_port


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "::", "0.0.0.0", "localhost"])
def test_a_host_is_served_on_each_of_its_addresses(host: str) -> None:
    if ":" in host:
        try:
            socket.create_server((host, 0), family=socket.AF_INET6).close()
        except OSError:
            pytest.skip("this machine has no IPv6")
    port = free_port()
    sockets = listen(host, port)
    try:
        assert {s.getsockname()[1] for s in sockets} == {port}
        asked = {"::": "127.0.0.1", "0.0.0.0": "127.0.0.1"}.get(host, host)
        with socket.create_connection((asked, port), timeout=60):
            pass
    finally:
        for one in sockets:
            one.close()


def test_a_host_is_served_where_one_of_its_addresses_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As ``localhost`` where only the hosts file knows IPv6."""
    port, real = free_port(), socket.getaddrinfo

    def both(_host: str, *rest: Any, **named: Any) -> list[Any]:
        return [*real("2001:db8::1", *rest, **named), *real("127.0.0.1", *rest, **named)]

    monkeypatch.setattr(socket, "getaddrinfo", both)
    [only] = listen("localhost", port)
    with only:
        assert only.getsockname() == ("127.0.0.1", port)


def test_a_port_in_use_is_reported_with_the_fix(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: object
) -> None:
    monkeypatch.setenv("DEAR_CONGRESS_INSTANCE", str(tmp_path))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setenv("PORT", str(port))
        monkeypatch.delenv("HOST", raising=False)
        assert main([]) == 1
    words = capsys.readouterr().err
    assert f"Port {port} is already in use" in words
    assert "make run" in words


@pytest.mark.parametrize("host", ["203.0.113.1", "2001:db8::1", "no-such-host.invalid"])
def test_an_unavailable_host_is_named(host: str) -> None:
    with pytest.raises(SettingsError, match="Cannot serve on") as error:
        listen(host, free_port())
    assert host in str(error.value)


def test_tables_and_templates_are_loaded_before_forking(
    monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    """Otherwise each process loads it again while visitors wait."""
    monkeypatch.setenv("DEAR_CONGRESS_INSTANCE", str(tmp_path))
    monkeypatch.setenv("PORT", str(free_port()))
    tables._cached.cache_clear()
    answers: list[int] = []

    def too_late(*_args: object, **_named: object) -> NoReturn:
        raise AssertionError("this could have been read before")

    def part(site: Flask, sockets: list[socket.socket], *_args: Any, **_named: Any) -> None:
        for one in sockets:
            one.close()
        with monkeypatch.context() as later:
            later.setattr(tables, "read_tables", too_late)
            later.setattr(type(site.jinja_env), "compile", too_late)
            visitor = site.test_client()
            answers.append(visitor.get("/").status_code)
            answers.append(visitor.post("/find", data={"zip": "01930"}).status_code)

    monkeypatch.setattr("app.main.serve", part)
    assert main([]) == 0
    assert answers == [200, 200]
