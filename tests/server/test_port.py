"""What an operator reads when the site cannot be served where they asked."""

from __future__ import annotations

import socket

import pytest

from app.cli.serve import main, port_problem
from tests.bench.servers import free_port


def test_a_free_port_is_no_problem() -> None:
    assert port_problem("127.0.0.1", str(free_port())) == ""


def test_a_port_in_use_is_said_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setenv("PORT", str(port))
        monkeypatch.delenv("HOST", raising=False)
        assert main() == 1
    words = capsys.readouterr().err
    assert f"Port {port} is taken" in words
    assert "make run" in words


@pytest.mark.parametrize("port", ["", "http", "0", "-1", "65536", "８０００", "8000 "])
def test_what_is_no_port_is_refused_with_an_example(port: str) -> None:
    assert "Choose a number such as 8000." in port_problem("127.0.0.1", port)


def test_a_host_that_is_not_here_is_named() -> None:
    assert port_problem("203.0.113.1", str(free_port())).startswith("203.0.113.1:")
