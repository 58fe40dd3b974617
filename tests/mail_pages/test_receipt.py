"""The receipt: recipients, their letters' states and times, and nothing that identifies anyone."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime

import pytest

from app.records.accounting import ACCEPTED, mark, note_office
from app.records.acts import State
from app.records.database import local_database, open_database

from .conftest import GLOUCESTER, Make, Site


def test_each_letter_is_shown_with_its_current_state_and_time(make: Make) -> None:
    site = make()
    taken = site.signed()
    path = site.resident.receipt_path(taken)
    assert site.client.get(path).words.count("Written, not yet handed over (") == 3
    db = local_database(site.settings.database)
    at = datetime(2026, 11, 25, 18, 4, tzinfo=UTC)
    assert mark(db, path.rpartition("/")[2], "MA-6", "printed", at=at)
    words = site.client.get(path).words
    assert "You opened it to print (November 25, 2026, 1:04 PM EST)" in words
    assert words.count("Written, not yet handed over (") == 2
    spanish = site.client.get(f"/es{path}").words
    assert "(25 de noviembre de 2026, 1:04" in spanish


@pytest.mark.parametrize(
    ("state", "said"),
    [(ACCEPTED, "Accepted by the office’s own system"),
     ("refused", "Refused by the office’s own system"),
     ("not attempted", "Not given to the office’s own system")],
)  # fmt: skip
def test_an_office_systems_answer_is_not_called_a_self_report(
    make: Make, state: State, said: str
) -> None:
    site = make()
    path = site.resident.receipt_path(site.signed())
    assert "This is what you told us" in site.client.get(path).words
    db = local_database(site.settings.database)
    assert note_office(db, 1, "MA-6", state, campaign=site.settings.campaign)
    words = site.client.get(path).words
    assert said in words
    assert "This is what you told us" not in words


def test_the_receipt_has_no_letter_text_and_says_so(site: Site) -> None:
    taken = site.signed(story="A secret of mine.")
    page = site.client.get(site.resident.receipt_path(taken))
    assert "A secret of mine" not in page.text
    assert "O'Dell" not in page.text
    assert ("we do not keep their words" in page.words) or ("guardamos sus palabras" in page.words)


@pytest.mark.parametrize(
    "mangled",
    ["{}.", "{},", "{})", "<{}>", "{}%3E", "{}%20", "%20{}", "{}%C2%A0", "{}%E2%80%9D", "{}=%0A",
     "{}&amp;x=1", "{}%E2%80%8B"],
)  # fmt: skip
def test_a_link_with_what_a_mail_program_added_leads_to_its_receipt(
    make: Make, mangled: str
) -> None:
    site = make()
    folder, _, token = site.resident.receipt_path(site.signed()).rpartition("/")
    answer = site.client.flask.get(f"/es{folder}/{mangled.format(token)}")
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/es{folder}/{token}")
    broken = f"{folder}/{token[:20]}=%0D%0A{token[20:]}"
    assert site.client.flask.get(broken).headers["Location"] == f"{folder}/{token}"


@pytest.mark.parametrize("change", [str.swapcase, lambda t: t[:-1], lambda t: t + "A"])
def test_only_the_whole_token_opens_a_receipt(make: Make, change: object) -> None:
    site = make()
    folder, _, token = site.resident.receipt_path(site.signed()).rpartition("/")
    assert callable(change)
    site.client.get(f"{folder}/{change(token)}", 404)


@pytest.mark.parametrize("act", ["nothing", "copied over", "deleted"])
def test_no_button_of_a_resident_writes_to_a_replaced_or_missing_database(
    site: Site, act: str
) -> None:
    url, taken = site.resident.url, site.signed()
    path = site.resident.receipt_path(taken)
    presses = {
        url("/sign"): site.resident.reviewing(*GLOUCESTER, first="Ben").form(),
        url("/keep"): taken.form("/keep"),
        url("/copy"): {**taken.form("/copy"), "copy_to": ["siobhan@example.org"]},
        f"{path}/withdraw": site.client.get(path).form(f"{path}/withdraw"),
    }
    database = site.settings.database
    before = database.read_bytes()
    if act == "copied over":
        other = database.with_name("other.db")
        open_database(other).close()
        shutil.copyfile(other, database)
    elif act == "deleted":
        database.rename(database.with_name("aside"))
    left = database.read_bytes() if database.exists() else None
    for address, form in presses.items():
        answer = site.client.flask.post(address, data=form)
        if act == "nothing":
            assert answer.status_code in (200, 303, 307), address
            continue
        assert answer.status_code == 503, address
        cannot = ("cannot take signatures", "cannot save anything",
                  "no puede recibir firmas", "no puede guardar nada")  # fmt: skip
        spanish, saves = site.resident.lang == "es", not address.endswith("/sign")
        assert cannot[2 * spanish + saves] in answer.text, address
    if act != "nothing":
        assert (database.read_bytes() if database.exists() else None) == left
    if act == "copied over":
        database.write_bytes(before)  # for the fixture, which closes it
