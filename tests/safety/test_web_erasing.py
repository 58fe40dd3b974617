"""What people withdraw, remove or change is gone from every file of the running site."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from app.records import erasing
from app.records.database import open_database
from tests.web.resident import Form

from .web import Site, site

KEPT = {"packet": ["1"], "contact": ["1"]}


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path, limits=False) as made:
        yield made


def form_of(here: Site, number: int) -> Form:
    """The form of one of several people who all ask that their details be kept."""
    person: dict[str, Any] = {"first": f"Ana{number}", "email": f"ana{number}@mail.example.net"}
    return {**here.form(**person), **KEPT}


def raw(here: Site) -> bytes:
    return b"".join(p.read_bytes() for p in here.settings.instance.rglob("*") if p.is_file())


def boxes(here: Site) -> list[bytes]:
    """A part of every box: first those of sealed details, then those of kept letters."""
    query = "SELECT substr(box, 9, 40) FROM sealed UNION ALL SELECT substr(box, 9, 40) FROM"
    return [box for (box,) in here.db.execute(f"{query} kept_letters")]


@pytest.mark.parametrize("way", ["withdraw", "forget", "drop", "untick", "change"])
def test_withdrawn_forgotten_or_unticked_details_are_in_no_file_of_the_running_site(
    here: Site, way: str
) -> None:
    """The test only looks: it closes no connection and truncates no WAL."""
    for number in range(6):
        here.sign(form_of(here, number))
    others = boxes(here)
    form = form_of(here, 6)
    receipt = here.resident().receipt_path(here.sign(form))
    here.client.flask.post("/keep", data=form)
    mine = [box for box in boxes(here) if box not in others]
    assert len(mine) == 3
    assert all(box in raw(here) for box in mine), "otherwise this test could not fail"
    if way in ("withdraw", "forget", "drop"):
        assert here.client.flask.post(f"{receipt}/{way}").status_code == 303
        gone = {"withdraw": mine, "forget": mine[:2], "drop": mine[2:]}[way]
        page = here.client.get(receipt)
        assert ('data-claim="deleted"' in page.text) is (way == "withdraw")
    else:
        story = "Another story." if way == "change" else form["story"][0]
        again = here.resident().review({**form, "story": [story]}).form()
        ticked = KEPT if way == "change" else {}
        here.sign({**{n: v for n, v in again.items() if n not in KEPT}, **ticked})
        gone = mine[:2]
    left = raw(here)
    assert not [box for box in gone if box in left]
    assert all(box in left for box in others)


def test_a_long_read_delays_deletion_and_the_receipt_says_so(
    here: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasing, "READER_SECONDS", 0.01)
    receipt = here.resident().receipt_path(here.sign(form_of(here, 1)))
    with closing(open_database(here.settings.database)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM signatures").fetchone()
        here.client.flask.post(f"{receipt}/withdraw")
        assert 'data-claim="deleting"' in here.client.get(receipt).text
    assert erasing.erase(here.db)
    assert 'data-claim="deleted"' in here.client.get(receipt).text
