"""Rooms for slow work: a fixed number of places across processes, and an immediate refusal."""

from __future__ import annotations

import itertools
import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.wrappers import Response

from app.site import rooms
from app.site.rooms import (
    NICENESS,
    SIZES,
    SLOW_THREADS,
    Place,
    RoomFullError,
    Subprocess,
    SubprocessEndedError,
    in_subprocess,
    pieces_from_subprocess,
)
from app.site.server import THREADS
from app.site.settings import Settings
from app.web.limits import in_room
from tests.sites import Sites

HOLD_A_PLACE = """
import sys
from pathlib import Path
from app.site.rooms import Place
with Place(Path(sys.argv[1]), "exports"):
    print("in", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def free_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a process without other slow work."""
    for name in ("_for_streets", "_for_the_rest"):
        monkeypatch.setattr(rooms, name, threading.BoundedSemaphore(SLOW_THREADS))


def test_a_room_has_limited_places_and_leaving_frees_one(tmp_path: Path) -> None:
    first = Place(tmp_path, "books")
    with pytest.raises(RoomFullError):
        Place(tmp_path, "books")
    with Place(tmp_path, "exports"):  # another room
        pass
    first.leave()
    first.leave()
    with Place(tmp_path, "books"):
        pass


def test_an_abandoned_place_is_free(tmp_path: Path) -> None:
    Place(tmp_path, "books")
    with Place(tmp_path, "books"):
        pass


def test_all_processes_share_a_room_and_a_killed_one_leaves_it(tmp_path: Path) -> None:
    assert SIZES["exports"] == 2
    command = [sys.executable, "-c", HOLD_A_PLACE, str(tmp_path)]
    with ExitStack() as stack:
        others = [
            stack.enter_context(
                subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            )
            for _ in range(2)
        ]
        for other in others:
            assert other.stdout
            assert other.stdout.readline() == "in\n"
        with pytest.raises(RoomFullError):
            Place(tmp_path, "exports")
        others[0].kill()
        others[0].wait()
        with Place(tmp_path, "exports"):
            pass
        assert others[1].stdin
        others[1].stdin.close()


def test_slow_work_in_one_process_leaves_threads_for_reading_and_signing(tmp_path: Path) -> None:
    everything = [name for name, size in SIZES.items() for _ in range(size)]
    taken: list[Place] = []
    full = 0
    for name in everything:
        try:
            taken.append(Place(tmp_path, name))
        except RoomFullError:
            full += 1
    assert len(taken) == 2 * SLOW_THREADS <= THREADS - 2
    assert full == len(everything) - len(taken)
    for place in taken:
        place.leave()


def test_rooms_work_if_no_file_can_be_created(tmp_path: Path) -> None:
    nowhere = tmp_path / "file"
    nowhere.write_text("no folder")
    with Place(nowhere, "exports"), Place(nowhere, "exports"), pytest.raises(RoomFullError):
        Place(nowhere, "exports")


@pytest.fixture
def app(tmp_path: Path, sites: Sites) -> Flask:
    return sites.open(Settings(instance=tmp_path, secret_key=b"s" * 32, person_key=b"p" * 32))


def test_a_view_holds_its_place_until_its_response_is_closed(app: Flask) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"one"
        yield b"two"

    streaming = in_room("books")(lambda: Response(pieces()))
    whole = in_room("books")(lambda: Response("all"))

    @in_room("books")
    def failing() -> Response:
        raise ValueError("broken")

    with app.test_request_context("/"):
        response = streaming()
        with pytest.raises(RoomFullError):
            whole()
        assert b"".join(response.iter_encoded()) == b"onetwo"
        response.close()
        with pytest.raises(ValueError, match="broken"):
            failing()
        assert whole().get_data() == b"all"


@pytest.mark.parametrize(
    ("path", "words"),
    [("/privacy", "in two minutes"), ("/es/privacy", "en dos minutos")],
)
def test_a_full_room_is_explained_in_the_visitors_language(
    app: Flask, path: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "es_public.privacy" if "/es/" in path else "public.privacy"
    monkeypatch.setitem(app.view_functions, name, in_room("books")(lambda: Response("made")))
    with Place(app.extensions["dear_congress"].settings.instance, "books"):
        answer = app.test_client().get(path)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "120"
    assert words in answer.text
    assert app.test_client().get(path).text == "made"


def test_subprocess_work_returns_or_raises_at_low_priority() -> None:
    assert in_subprocess(divmod, 7, 2) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        in_subprocess(divmod, 7, 0)
    assert in_subprocess(os.nice, 0) == min(19, os.nice(0) + NICENESS)
    assert in_subprocess(print, "a print is no answer") is None
    with pytest.raises(SubprocessEndedError):
        in_subprocess(os._exit, 1)


def test_subprocess_work_has_memory_and_time_limits() -> None:
    assert len(Subprocess(memory=1 << 30)(bytes, 1 << 20)) == 1 << 20
    with pytest.raises(MemoryError):
        Subprocess(memory=1 << 30)(bytes, 1 << 30)
    with pytest.raises(SubprocessEndedError):
        Subprocess(seconds=1)(signal.pause)
    assert in_subprocess(resource.getrlimit, resource.RLIMIT_CORE) == (0, 0)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows which process it would kill")
def test_the_oom_killer_prefers_a_subprocess_to_the_site() -> None:
    score = Path("/proc/self/oom_score_adj")
    # Where the whole machine is the first to go, as in some containers, both have the most.
    assert int(in_subprocess(score.read_text)) == 1000 >= int(score.read_text())


def letters_of(word: str) -> Iterator[bytes]:
    for letter in word:
        yield letter.encode()
    if word == "ab":
        raise LookupError("no c")


def test_pieces_stream_from_a_subprocess_and_closing_ends_it() -> None:
    assert b"".join(pieces_from_subprocess(letters_of, "abc")) == b"abc"
    broken = pieces_from_subprocess(letters_of, "ab")
    assert next(broken) == b"a"
    with pytest.raises(LookupError, match="no c"):
        list(broken)
    endless = pieces_from_subprocess(itertools.repeat, b"x")
    assert next(endless) == b"x"
    endless.close()
