"""From the checkbox on the signing page to the letter after the cover sheet."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.delivery.packets import PacketLetters, Sender, write_packets
from app.delivery.writer_rows import WriterRow
from app.records.keys import first_key, passphrase_beside, unlock
from app.records.sealing import OpenedRow, open_kept
from tests.safety.people import TODAY
from tests.safety.web import Site, site

from .conftest import campaign, pages, person, tables

WORDS = "My cousin Marisol is afraid to call."


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path, limits=False) as made:
        yield made


def packets_of(here: Site, out: Path) -> dict[str, list[str]]:
    """The pages of each office's packet, made from the site's sealed details."""
    key = first_key(here.settings.keys, today=TODAY)
    private = here.settings.keys / f"{key.id}.private.json"
    opened = unlock(private, passphrase_beside(private) or "")
    kept = open_kept(here.db, [opened], campaign=campaign().slug, purpose="packet")
    rows = [
        WriterRow.opened(n, r.details, r.day)
        for n, r in enumerate(kept)
        if isinstance(r, OpenedRow)
    ]
    with PacketLetters(campaign(), tables(), now=TODAY, template="general") as letters:
        assert list(letters.read(rows)) == rows
        list(write_packets(letters, out, Sender("N", "", TODAY)))
    return {path.name: pages(path) for path in out.glob("*.pdf")}


def test_the_packet_has_the_letters_that_were_approved(here: Site, tmp_path: Path) -> None:
    ticked = {"packet": ["1"]}
    here.sign({**here.form(first="Imani", last="Reyes", story=WORDS), **ticked})
    here.sign(here.form(first="Bo", last="Ng", story="Without a tick."))
    made = packets_of(here, tmp_path / "out")
    assert len(made) == 3
    for texts in made.values():
        assert len(texts) == 2
        cover = " ".join(texts[0].split())
        assert "1 constituent wrote to" in cover
        assert "Springfield, MA" in cover
        assert WORDS in " ".join(texts[1].split())
        assert "Imani Reyes" in texts[1]
        assert "No. 1 of 1" in texts[1]


def test_details_of_the_wrong_type_do_not_stop_packets(tmp_path: Path) -> None:
    odd = [person(letters={"IL-5": 5, "IL-S2": None}), person(letters="none"), person(first=7)]
    with PacketLetters(campaign(), tables(), now=TODAY, template="general") as letters:
        list(letters.read([WriterRow.opened(n, details, TODAY) for n, details in enumerate(odd)]))
        steps = list(write_packets(letters, tmp_path / "out", Sender("N", "", TODAY)))
    assert steps[-1].letters == 8
