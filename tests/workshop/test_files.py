"""``flask letters export`` and ``import``: live texts to files and back, byte for byte."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask

from app.records import workshop
from app.records.audit import Actor
from app.site.services import services
from app.site.settings import ROOT
from tests.commands import flask
from tests.organizers.browser import Browser
from tests.organizers.conftest import Clock
from tests.workshop.test_pages import NEW, OLD, changed, live_words, put, save

SLUG = "protect-immigration-act"
LETTERS = ROOT / "letters" / SLUG


def run(app: Flask, *args: str, answer: str = "") -> Result:
    return flask("letters", *args, answer=answer, site=app)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the campaign's folder."""
    return Path(shutil.copytree(LETTERS, tmp_path / "copy"))


def test_an_unchanged_campaign_is_exported_as_its_own_files(app: Flask, tmp_path: Path) -> None:
    result = run(app, "export", "--out", str(tmp_path / "out"))
    assert result.exit_code == 0, result.output
    assert contents(tmp_path / "out") == contents(LETTERS)


def test_import_and_export_round_trip_byte_for_byte(app: Flask, copy: Path, tmp_path: Path) -> None:
    odd = {
        "general.txt": (copy / "general.txt").read_bytes().replace(b"\n", b"\r\n"),
        "public-safety.txt": b"\xef\xbb\xbf" + (copy / "public-safety.txt").read_bytes(),
        "local-budget.txt": (copy / "local-budget.txt").read_bytes().rstrip(b"\n"),
        "general.short.txt": (copy / "general.short.txt").read_bytes() + b"\n\n\n",
        "campaign.toml": b"\xef\xbb\xbf"
        + (copy / "campaign.toml").read_bytes().replace(b"\n", b"\r\n"),
        "cosponsors.csv": b"\xef\xbb\xbf"
        + (copy / "cosponsors.csv").read_bytes().replace(b"\n", b"\r\n").rstrip(),
    }
    for name, content in odd.items():
        (copy / name).write_bytes(content)
    result = run(app, "import", str(copy), "--yes")
    assert result.exit_code == 0, result.output
    assert "6 texts are live now." in result.output
    run(app, "export", "--out", str(tmp_path / "out"))
    assert contents(tmp_path / "out") == contents(copy)
    again = run(app, "import", str(tmp_path / "out"))
    assert "the same as the live ones." in again.output
    with app.test_request_context():
        assert services().campaign.templates["general", "full"].body


def test_text_published_in_the_browser_is_exported(
    app: Flask, rosa: Browser, tmp_path: Path
) -> None:
    save(rosa, changed(rosa))
    rosa.get("/organize/letters/general/publish").send("/publish")
    run(app, "export", "--out", str(tmp_path / "out"))
    text = (tmp_path / "out" / "general.txt").read_text(encoding="utf-8")
    assert text.endswith(live_words(app))
    assert NEW in text


def test_an_import_shows_changes_and_needs_a_yes(app: Flask, copy: Path) -> None:
    path = copy / "general.txt"
    path.write_text(put(path.read_text(encoding="utf-8"), OLD, NEW), encoding="utf-8")
    (copy / "general.es.txt").unlink()
    before = live_words(app)
    result = run(app, "import", str(copy), answer="n\n")
    assert result.exit_code == 1
    assert "general.txt: changed in 1 place" in result.output
    assert "general.es.txt: not in" in result.output
    assert live_words(app) == before
    assert run(app, "import", str(copy), answer="y\n").exit_code == 0
    assert NEW in live_words(app)
    with app.app_context():
        events = services().db().execute(
            "SELECT who, what, subject FROM audit_events"
        ).fetchall()  # fmt: skip
    assert [tuple(e) for e in events] == [("command line", "text published", f"{SLUG}/general.txt")]


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("general.txt", "{{ legislater_name }}", "general.txt:1"),
        ("general.txt", "+++\ntitle='T'\nsubject='S'\n+++\n{{ nope }}", "`nope` is not a field"),
        ("general.txt", "+++\ntitle='T'\nsubject='S'\n+++\nS. 99. {{ ask }}", "no Senate number"),
        ("campaign.toml", "title = ", "campaign.toml:1"),
        ("cosponsors.csv", "a,b\n", "cosponsors.csv:1"),
        ("Notes.txt", "x", "has a name like"),
    ],
)
def test_an_import_with_a_serious_problem_is_refused(
    app: Flask, copy: Path, name: str, text: str, words: str
) -> None:
    before = live_words(app)
    (copy / name).write_text(text, encoding="utf-8")
    result = run(app, "import", str(copy), "--yes")
    assert result.exit_code == 1
    assert "Nothing was imported" in result.output
    assert words in result.output
    assert live_words(app) == before


def test_a_non_text_file_and_an_empty_folder_are_refused(
    app: Flask, copy: Path, tmp_path: Path
) -> None:
    (copy / "general.txt").write_bytes(b"\xff\xfe")
    assert "not saved as UTF-8" in run(app, "import", str(copy), "--yes").output
    (tmp_path / "empty").mkdir()
    assert "no letters." in run(app, "import", str(tmp_path / "empty"), "--yes").output


def test_a_draft_survives_an_import(app: Flask, rosa: Browser, copy: Path) -> None:
    save(rosa, changed(rosa))
    path = copy / "general.txt"
    path.write_text(
        put(path.read_text("utf-8"), "A traffic stop is", "Any traffic stop is"), "utf-8"
    )
    run(app, "import", str(copy), "--yes")
    rosa.get("/organize/letters/general/publish")
    assert "something else was published since this draft was started" in rosa.words
    assert "[added: taking end of added]" in rosa.words


def test_an_export_asks_before_replacing_files_and_leaves_retired_ones(
    app: Flask, rosa: Browser, copy: Path, clock: Clock
) -> None:
    (copy / "general.txt").write_text("mine", encoding="utf-8")
    refused = run(app, "export", "--out", str(copy), answer="n\n")
    assert refused.exit_code == 1
    assert (copy / "general.txt").read_text(encoding="utf-8") == "mine"
    with app.app_context():
        site = services()
        workshop.retire(
            Actor(site.db(), "Rosa", clock.at),
            SLUG,
            [
                "local-budget.txt",
                "local-budget.short.txt",
                "local-budget.es.txt",
                "local-budget.short.es.txt",
            ],
            folder=site.live.folder,
            seen=workshop.change_counter(site.db(), SLUG),
        )
    result = run(app, "export", "--out", str(copy), "--yes")
    assert result.exit_code == 0
    assert "local-budget.txt: retired on the site; file left unchanged" in result.output
    assert (copy / "general.txt").read_bytes() == (LETTERS / "general.txt").read_bytes()
