"""The public numbers over HTTP: at most a minute old, framed by any site, naming no one."""

from __future__ import annotations

import json
import re
import sqlite3
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from xml.etree import ElementTree

import pytest
from flask import Flask
from nacl.signing import SigningKey
from werkzeug.test import TestResponse

from app.records.signing import receipt_token, withdraw
from app.records.statements import (
    Statement,
    commitment_of,
    includes,
    make_statement,
    publish,
    read_statement,
)
from app.site.services import Services, services
from tests.public_counts.conftest import Clock, People
from tests.records.build import CAMPAIGN, SECRET, person, set_status
from tests.web.lint import Client, words

ATOM = "{http://www.w3.org/2005/Atom}"
SHARED = ("/counter", "/es/counter", "/counts.json", "/milestones.atom")


def fetch(app: Flask, path: str, **headers: str) -> TestResponse:
    return app.test_client().get(path, headers=headers)


def counts(app: Flask) -> dict[str, object]:
    found: dict[str, object] = json.loads(fetch(app, "/counts.json").get_data(as_text=True))
    return found


def test_json_has_its_documented_fields_in_order_for_any_site(app: Flask, people: People) -> None:
    """N41"""
    people.sign("CA", 11)
    people.sign("DC", 2)
    response = fetch(app, "/counts.json")
    found = json.loads(response.get_data(as_text=True))
    assert list(found) == [
        "as_of", "campaign", "title", "time_zone", "signatures", "letters", "by_state", "step",
        "definitions", "statement", "schema",
    ]  # fmt: skip
    assert (found["signatures"], found["letters"]) == (13, 35)
    assert found["by_state"] == [{"state": "CA", "name": "California", "at_least": 10}]
    assert found["as_of"] == "2026-11-25T18:00Z"
    assert set(found["definitions"]) == {"signatures", "letters", "counted", "at_least"}
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert response.mimetype == "application/json"
    documented = Path("docs/public-counts.md").read_text("utf-8")
    for name in [*found, "at_least"]:
        assert f"`{name}`" in documented, name


def test_every_public_place_shows_the_same_number(app: Flask, people: People, client: Client,
                                                 db: sqlite3.Connection) -> None:  # fmt: skip
    """EX11: 40 sign, 3 withdraw, 2 are held: 35 on the start page, in JSON and in the counter."""
    tokens = people.sign("CA", 40)
    for token in tokens[:3]:
        withdraw(db, token)
    set_status(db, [10, 11], "held")
    assert counts(app)["signatures"] == 35
    page = client.get("/")
    assert "35 people signed" in page.words
    assert re.search(r'data-count="signatures">35<', fetch(app, "/counter").text)
    set_status(db, [10], "counted")
    assert counts(app)["signatures"] == 36
    assert "36 people signed" in client.get("/").words


def test_test_and_unconfirmed_signatures_are_in_no_public_number(
    app: Flask, people: People, client: Client
) -> None:
    """EX12"""
    people.sign("CA", status="test")
    people.sign("CA", status="unconfirmed")
    people.sign("CA")
    assert counts(app)["signatures"] == 1
    assert "signed and wrote" not in client.get("/").words


@pytest.mark.parametrize("path", SHARED)
def test_responses_are_cached_for_a_minute_and_revalidated_by_etag(
    app: Flask, people: People, path: str
) -> None:
    people.sign("CA", 99)
    first = fetch(app, path)
    found = re.fullmatch(r"public, max-age=(\d+)", first.headers["Cache-Control"])
    assert found
    assert int(found[1]) <= 60
    tag = first.headers["ETag"]
    again = fetch(app, path, **{"If-None-Match": tag})
    assert again.status_code == 304
    assert again.get_data() == b""
    people.sign("CA")
    changed = fetch(app, path, **{"If-None-Match": tag})
    assert changed.status_code == 200
    assert changed.headers["ETag"] != tag
    for response in (first, again, changed):
        assert "Set-Cookie" not in response.headers
        assert "Vary" not in response.headers or "Cookie" not in response.headers["Vary"]


def test_the_etag_depends_on_the_numbers_not_the_time(app: Flask, clock: Clock) -> None:
    tag = fetch(app, "/counts.json").headers["ETag"]
    clock.now = datetime(2026, 11, 25, 19, 0, tzinfo=UTC)
    assert fetch(app, "/counts.json", **{"If-None-Match": tag}).status_code == 304


@pytest.mark.parametrize(("shown", "meters"), [(True, 1), (None, 0)])
def test_the_counter_shows_the_goal_only_where_it_is_public(
    app: Flask, people: People, monkeypatch: pytest.MonkeyPatch, shown: bool | None, meters: int
) -> None:
    people.sign("CA", 3)
    with app.app_context():
        campaign = replace(services().campaign, goal=50, goal_public=shown)
    monkeypatch.setattr(Services, "campaign", campaign)
    text = fetch(app, "/counter").get_data(as_text=True)
    assert text.count("<meter") == meters
    assert text.count("Toward the goal of 50 people") == 2 * meters


def test_the_counter_is_small_and_can_be_framed_anywhere(app: Flask, people: People) -> None:
    """N41"""
    people.sign("CA", 1234)
    response = fetch(app, "/counter")
    text = response.get_data(as_text=True)
    scripts = re.findall(r'<script src="([^"]+)"', text)
    assert len(scripts) == 1
    with fetch(app, scripts[0]) as script:
        assert len(response.get_data()) + len(script.get_data()) < 5 * 1024
    assert not re.findall(r"https?://(?!localhost/)", text)
    policy = response.headers["Content-Security-Policy"]
    assert "frame-ancestors *" in policy
    assert "unsafe" not in policy
    assert "X-Frame-Options" not in response.headers
    assert "1,234" in text
    # No other page can be framed, and no other site can read a page with a form.
    assert "Access-Control-Allow-Origin" not in fetch(app, "/find").headers
    assert fetch(app, "/").headers["X-Frame-Options"] == "DENY"
    assert fetch(app, "/counts.json").headers["X-Frame-Options"] == "DENY"


def test_the_atom_feed_has_an_entry_for_each_milestone(app: Flask, people: People) -> None:
    def entries() -> list[ElementTree.Element]:
        response = fetch(app, "/milestones.atom")
        assert response.mimetype == "application/atom+xml"
        root = ElementTree.fromstring(response.get_data())  # noqa: S314 - our own
        assert root.tag == f"{ATOM}feed"
        for needed in ("id", "title", "updated", "author"):
            assert root.find(f"{ATOM}{needed}") is not None
        found = root.findall(f"{ATOM}entry")
        for entry in found:
            assert {child.tag.removeprefix(ATOM) for child in entry} == {
                "title", "id", "updated", "link", "summary",
            }  # fmt: skip
        return found

    assert entries() == []
    people.sign("CA", 250, day=date(2026, 11, 2))
    found = entries()
    titles = [entry.findtext(f"{ATOM}title") for entry in found]
    assert titles == ["250 people have signed", "100 people have signed"]
    ids = {entry.findtext(f"{ATOM}id") for entry in found}
    assert len(ids) == 2
    assert found[0].findtext(f"{ATOM}updated") == "2026-11-02T05:00:00Z"
    spanish = fetch(app, "/es/milestones.atom").get_data(as_text=True)
    assert "250 personas han firmado" in spanish


def test_no_public_response_contains_anything_of_a_signer(
    app: Flask, people: People, client: Client
) -> None:
    """PR04: nothing personal on the public page, in its source or in its JSON."""
    (token,) = people.sign("WY", person=person("Ana"), source="st-marys", template="general")
    people.sign("WY", 3)
    secrets = (
        token, person("Ana").code.hex(), "st-marys", "Wyoming", '"WY"', "WY-0",
        receipt_token(SECRET, "k1"), commitment_of(CAMPAIGN, "WY", 0, token).hex(),
    )  # fmt: skip
    for path in ("/", "/es/", "/verify", *SHARED):
        text = fetch(app, path).get_data(as_text=True)
        for secret in secrets:
            assert secret not in text, (path, secret)


def test_the_start_page_shows_the_state_table_and_its_rule(people: People, client: Client) -> None:
    assert "States appear once five people have signed there." in client.get("/").words
    people.sign("CA", 13)
    people.sign("WY", 4)
    people.sign("NY", 5)
    page = client.get("/")
    cells = [words(cell) for cell in page.all("th", "td")]
    assert cells == ["State or territory", "People", "California", "10", "New York", "5"]
    assert "down to a multiple of five" in page.words
    spanish = client.get("/es/").words
    assert "redondeamos cada estado hacia abajo a un múltiplo de cinco" in spanish
    assert "Nueva York" in spanish


# --- checking one's own signature ----------------------------------------------------------


def state_the_count(db: sqlite3.Connection, tmp_path: Path, hour: int = 18) -> Statement:
    made = make_statement(
        db, CAMPAIGN, "The Act", SigningKey(b"k" * 32),
        at=datetime(2026, 11, 25, hour, tzinfo=UTC), zone="America/New_York", districts=["CA-1"],
        tree=tmp_path / "draft",
    )  # fmt: skip
    publish(tmp_path / "statements" / CAMPAIGN, made)
    return made.statement


def test_a_receipt_leads_to_its_proof(
    app: Flask, people: People, client: Client, db: sqlite3.Connection, tmp_path: Path
) -> None:
    tokens = people.sign("CA", 6)
    state_the_count(db, tmp_path)
    receipt = client.get(f"/receipt/{tokens[2]}")
    mine = commitment_of(CAMPAIGN, "CA", 1, tokens[2])
    assert mine.hex() in receipt.words
    form = receipt.form("/verify")
    page = client.post("/verify", form)
    assert "Yes. Your receipt is in the count signed on November 25, 2026" in page.words
    assert "People who signed 6" in page.words
    response = app.test_client().post("/verify/proof.json", data=page.form("/proof.json"))
    assert "proof.json" in response.headers["Content-Disposition"]
    assert response.headers["Cache-Control"] == "no-store"
    kept = read_statement(response.get_data(as_text=True))
    assert isinstance(kept, Statement)
    assert includes(kept, mine)
    assert "Sí. Su comprobante está" in client.post("/es/verify", form).words


def test_a_pasted_commitment_is_never_in_a_url(client: Client, people: People) -> None:
    (token,) = people.sign("CA")
    for page in (client.get(f"/receipt/{token}"), client.get("/verify")):
        forms = [f for f in page.all("form") if (f.get("action") or "").endswith("/verify")]
        assert [f.get("method") for f in forms] == ["post"]
    assert client.flask.get("/verify?commitment=" + "0" * 64).text.count("0" * 64) == 0


def test_the_verify_page_explains_each_outcome(
    people: People, client: Client, db: sqlite3.Connection, tmp_path: Path
) -> None:
    (token,) = people.sign("CA")
    mine = commitment_of(CAMPAIGN, "CA", 1, token).hex()
    assert (
        "No signed count has been published yet"
        in client.post("/verify", {"commitment": mine}).words
    )
    state_the_count(db, tmp_path)
    withdraw(db, token)
    state_the_count(db, tmp_path, 19)
    page = client.post("/verify", {"commitment": mine.upper()})
    assert "Your receipt is not in the count signed" in page.words
    wrong = client.post("/verify", {"commitment": "<b>" + "x" * 5000}, status=422)
    assert "Copy all of it from your receipt." in wrong.words
    client.post("/verify", {}, status=422)


def test_a_published_statement_can_be_fetched_cross_origin(
    app: Flask, people: People, db: sqlite3.Connection, tmp_path: Path
) -> None:
    assert fetch(app, "/statements/latest.json").status_code == 404
    assert app.test_client().post("/verify/proof.json", data={"commitment": "0"}).status_code == 404
    people.sign("CA", 3)
    statement = state_the_count(db, tmp_path)
    response = fetch(app, "/statements/latest.json")
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert response.headers["Cache-Control"] == "public, max-age=60"
    found = read_statement(response.get_data(as_text=True))
    assert isinstance(found, Statement)
    assert found.content == statement.content


@pytest.mark.parametrize("lang", ["", "/es"])
def test_counts_are_readable_cross_origin_by_way_of_a_campaigns_own_address(
    app: Flask, lang: str
) -> None:
    """N41"""
    moved = app.test_client().get(f"/c/{CAMPAIGN}{lang}/counts.json")
    assert moved.status_code == 307
    assert moved.headers["Access-Control-Allow-Origin"] == "*"
    asked = app.test_client().options(f"/c/{CAMPAIGN}{lang}/counts.json")
    assert asked.status_code == 200
    assert asked.headers["Access-Control-Allow-Origin"] == "*"
    assert asked.headers["Access-Control-Allow-Headers"] == "*"
    for path in ("/find", "/verify", "/counter"):
        assert "Access-Control-Allow-Origin" not in app.test_client().options(path).headers
    missing = app.test_client().get("/statements/latest.json")
    assert (missing.status_code, missing.headers["Access-Control-Allow-Origin"]) == (404, "*")


def test_a_withdrawn_receipt_shows_no_commitment(
    people: People, client: Client, db: sqlite3.Connection
) -> None:
    (token,) = people.sign("CA")
    withdraw(db, token)
    assert commitment_of(CAMPAIGN, "CA", 1, token).hex() not in client.get(f"/receipt/{token}").text
