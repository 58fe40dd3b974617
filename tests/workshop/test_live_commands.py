"""Commands use what residents see: texts published in the browser override the files."""

from __future__ import annotations

import ast
import shutil
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from click.testing import Result

from app.cli import doctor
from app.cli.diagnosis import Site
from app.cli.signatures import open_scope
from app.documents.printables import CardWords
from app.records.audit import Actor
from app.records.database import open_database
from app.records.workshop import change_counter, publish_texts
from app.site.daily import policy_of
from app.site.live import live_campaign
from app.site.services import campaign_and_tables
from app.site.settings import ROOT, Settings, load_settings
from tests.commands import flask

SLUG = "protect-immigration-act"
LETTERS = ROOT / "letters" / SLUG


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A site without a database."""
    monkeypatch.setenv("DEAR_CONGRESS_INSTANCE", str(tmp_path / "instance"))
    return load_settings()


def put_live(site: Settings, name: str, old: str, new: str) -> None:
    """Publish a text of the folder with new words, as the workshop does."""
    text = (LETTERS / name).read_text(encoding="utf-8")
    assert old in text
    with closing(open_database(site.database)) as db:
        done = publish_texts(
            Actor(db, "Rosa", datetime.now(UTC)), SLUG, {name: text.replace(old, new)}, folder={},
            seen=change_counter(db, SLUG),
        )  # fmt: skip
    assert done is not None


def check(*arguments: str) -> Result:
    return flask("letters check", *arguments)


def test_the_check_without_a_database_reads_files_and_creates_none(site: Settings) -> None:
    result = check()
    assert (result.exit_code, result.output) == (0, "8 seats, 8 templates, 3 stages: ok\n")
    assert not site.database.exists()


def test_the_check_reads_live_letters_or_a_given_folder(
    site: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEAR_CONGRESS_TODAY", "2026-11-25")
    put_live(site, "general.txt", "{{ story }}", "{{ story }}\n\nSee www.example for more.")
    live = check()
    assert live.exit_code == 1
    assert "There is a link or web address" in live.output
    fine = "8 seats, 8 templates, 3 stages: ok\n"
    assert check("--folder", str(LETTERS.parent)).output == fine
    assert check("--folder", str(LETTERS)).output == fine
    copy = Path(shutil.copytree(LETTERS, tmp_path / "before-an-import"))
    for name in ("NEW.TXT", "new.docx", ".DS_Store", "general.txt~"):
        shutil.copy(LETTERS / "general.txt", copy / name)
    result = check("--folder", str(copy))
    assert (result.exit_code, result.stdout) == (0, fine)
    assert "Not read: NEW.TXT, new.docx. A letter’s file has a name like" in result.stderr
    (copy / "local-budget.txt").write_text("+++\ntitle = 'x'\n+++\n", encoding="utf-8")
    wrong = check("--folder", str(copy))
    assert wrong.exit_code == 1
    assert "local-budget.txt:" in wrong.output


def test_commands_use_the_live_campaign(site: Settings) -> None:
    assert open_scope(all_campaigns=False).occasion.zone == "America/New_York"
    put_live(
        site, "campaign.toml", 'timezone = "America/New_York"',
        'timezone = "America/Chicago"\nconfirm_email = true',
    )  # fmt: skip
    assert open_scope(all_campaigns=False).occasion.zone == "America/Chicago"
    assert campaign_and_tables(site)[0].timezone == "America/Chicago"
    assert doctor.confirms(Site(site, datetime.now(UTC)))


def test_the_purge_uses_the_live_end_date(site: Settings) -> None:
    put_live(site, "campaign.toml", "ends = 2027-01-03T12", "ends = 2029-01-03T12")
    assert policy_of(site).ends[SLUG] == date(2029, 1, 3)
    assert policy_of(site).ends["thank-the-cosponsors"] == date(2027, 1, 3)


def test_the_link_preview_picture_has_the_live_title(
    site: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_live(site, "campaign.toml", 'title = "The PROTECT Immigration Act"', 'title = "Renamed"')
    titles: list[str] = []

    def drawn(words: CardWords) -> bytes:
        titles.append(words.line)
        return b""

    monkeypatch.setattr("app.documents.printables.to_card", drawn)
    flask("letters card", "--out", tmp_path)
    assert "Renamed" in titles


def test_a_retired_letter_is_not_loaded(site: Settings) -> None:
    for name in ("general.txt", "general.es.txt", "general.short.txt", "general.short.es.txt"):
        put_live(site, name, "{{ story }}", "{{ story }}\n")
    with closing(open_database(site.database)) as db, db:
        db.execute("UPDATE campaign_files SET status = 'retired' WHERE status = 'live'")
    assert ("general", "full") not in live_campaign(site).templates


def test_commands_do_not_read_campaign_files_directly() -> None:
    """One module decides where to read the campaign; a folder is read only if it is named."""
    reading = {
        path.name
        for path in (ROOT / "app" / "cli").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (isinstance(node, ast.ImportFrom) and node.module == "app.campaign.load")
        or (isinstance(node, ast.ImportFrom) and node.module == "app.campaign"
            and "load" in [alias.name for alias in node.names])
        or (isinstance(node, ast.Import)
            and "app.campaign.load" in [alias.name for alias in node.names])
    }  # fmt: skip
    assert reading == {"campaign_commands.py", "letter_commands.py"}
