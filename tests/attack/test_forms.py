"""Every field of every visitor's form × every kind of payload."""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from app.records.acts import token_digest
from app.records.counts import recount
from app.web.headers import HEADERS
from tests.attack.surface import MARK, PAYLOADS, Pairs, Target, encoded, targets, unescaped
from tests.safety.people import traces
from tests.safety.web import Site
from tests.web.resident import Resident

FORM = "application/x-www-form-urlencoded"
KEPT = {
    "status": r"counted|held|unconfirmed|withdrawn|repeated",
    "day": r"\d{4}-\d\d-\d\d",
    "state": r"[A-Z]{2}",
    "template": r"[a-z0-9-]{1,40}",
    "version": r"[0-9a-f]{12}",
    "length": r"full|short",
    "language": r"en|es",
    "match": r"zip|street|chosen",
    "source": r"[a-z0-9._-]{0,32}",
}  # fmt: skip


@cache
def site() -> Site:
    """One site for all attacks, so that each meets what earlier ones left behind."""
    return Site(Path(tempfile.mkdtemp()), limits=False, confirm_email=True)


@cache
def surface() -> tuple[Target, ...]:
    """The forms of the whole journey, from the ZIP to the receipt, with every target address."""
    here = site()
    someone = Resident(here.client)
    write = someone.writing("01930", "MA")
    review = someone.review(someone.filled(write, email="someone@mail.example.net"))
    here.clock.forward(minutes=1)
    take = here.sign({**review.form(), "packet": ["1"]})
    pages = {
        "home": here.client.get("/"), "find": here.client.get("/find"), "address": write,
        "write": someone.telling("01930", "MA"),
        "choose": someone.find("60647", "IL"), "disagree": someone.find("94110", "NY"),
        "outside": someone.find("09012"), "unknown": someone.find("00001"),
        "which state": someone.find("30165"),
        "review": review, "take": take,
        "receipt": here.client.get(someone.receipt_path(take)),
        "confirm": here.client.get(_confirmation()),
    }  # fmt: skip
    every = [t for name, page in pages.items() for t in targets(page, name)]
    # Forms with the same fields and address only once; in Spanish only those that sign.
    once = {(t.action, *t.fields()): t for t in every}
    found = [t for t in once.values() if not t.action.startswith("/es/") or "sign" in t.action]
    withdraws = [t for t in found if t.action.endswith("/withdraw")]
    return (*(t for t in found if t not in withdraws), *withdraws)


def _confirmation() -> str:
    """A confirmation link, rebuilt from a receipt, because the site stores only its digest."""
    with site().app.test_request_context("/"):
        from app.site.services import services

        db = services().db()
        (number,) = db.execute("SELECT max(signature) FROM confirmations").fetchone()
        db.execute(
            "UPDATE confirmations SET token = ? WHERE signature = ?",
            (token_digest("A" * 43), number),
        )
    return f"/confirm/{'A' * 43}"


def send(path: str, pairs: Pairs) -> TestResponse:
    return site().client.flask.post(path, data=encoded(pairs), content_type=FORM)


def judge(response: TestResponse, what: str) -> None:
    assert response.status_code < 500, what
    for name, value in HEADERS.items():
        assert response.headers.get(name) == value, f"{what}: {name}"
    for name, value in response.headers:
        assert MARK not in name, what
        assert name != "Set-Cookie", what
        if name == "Location":
            assert re.match(r"/(?!/)[A-Za-z0-9/_-]*$", value), f"{what}: {value}"
    assert response.headers["Cache-Control"] in ("no-store", "no-cache", "private, no-cache"), what
    if response.mimetype == "text/html":
        text = response.get_data(as_text=True)
        assert not unescaped(text), f"{what}: {unescaped(text)}"
        assert "Traceback" not in text
        assert "root:" not in text


def stored() -> int:
    """The number of signatures, after checking that every row is well formed."""
    db = site().db
    names = ", ".join(KEPT)
    rows = db.execute(f"SELECT {names} FROM signatures").fetchall()
    for row in rows:
        for (name, pattern), value in zip(KEPT.items(), row, strict=True):
            assert re.fullmatch(pattern, value), f"{name}: {value!r}"
    seats = db.execute("SELECT DISTINCT seat, coalesce(bioguide, '') FROM letters").fetchall()
    assert all(re.fullmatch(r"[A-Z]{2}-(S[123]|\d+)", s) for s, _ in seats)
    assert all(re.fullmatch(r"([A-Z]\d{6})?", b) for _, b in seats)
    assert not recount(db)
    return len(rows)


def test_the_surface_covers_every_resident_form() -> None:
    actions = {re.sub(r"[A-Za-z0-9_-]{43}", "TOKEN", t.action) for t in surface()}
    assert {
        "/find", "/write", "/address", "/review", "/sign", "/take", "/letters.pdf", "/print",
        "/copy", "/receipt/TOKEN/withdraw", "/receipt/TOKEN/forget", "/confirm/TOKEN",
    } <= actions  # fmt: skip
    fields = {field for t in surface() for field in t.fields()}
    assert {"story", "first", "words-MA-6", "website", "token", "packet", "again"} - fields <= {
        "again"
    }


STRIDE = 4
"""A field is attacked in every fourth form that contains it: the same code reads it in all."""


def met(kind: str) -> Iterator[tuple[Target, str]]:
    """The forms in which a field gets a kind of payload: every fourth of its forms, in turn, so
    that each field gets every kind, and each form a mix of kinds."""
    forms = Counter(field for target in surface() for field in target.fields())
    turn = Counter({field: list(PAYLOADS).index(kind) for field in forms})
    for target in surface():
        for field in target.fields():
            turn[field] += 1
            if turn[field] % min(STRIDE, forms[field]) == 0:
                yield target, field


@pytest.mark.parametrize("kind", PAYLOADS)
def test_no_payload_in_a_field_causes_an_error_leak_or_extra_signature(kind: str) -> None:
    payload = PAYLOADS[kind]
    before = stored()
    signed = 0
    for target, field in met(kind):
        if "letters.pdf" in target.action and kind not in ("typst", "script", "surrogate"):
            continue  # setting type is slow, and is attacked with what concerns it
        response = send(target.action, target.changed(field, payload))
        judge(response, f"{target.name}: {field} = {kind}")
        signed += response.status_code == 307
    assert stored() - before <= signed


def test_missing_and_repeated_fields_cause_no_server_error() -> None:
    for target in surface():
        for field in target.fields():
            judge(send(target.action, target.without(field)), f"{target.name} without {field}")
        everything = [(f, PAYLOADS["script"]) for f in target.fields()]
        judge(send(target.action, everything), f"{target.name}: all at once")
        judge(send(target.action, []), f"{target.name}: nothing")
    for kind in ("script", "nul"):
        for target, field in met(kind):
            pairs = target.repeated(field, PAYLOADS[kind])
            judge(send(target.action, pairs), f"{target.name}: {field} repeated")


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_mix_of_payloads_causes_a_server_error(data: st.DataObject) -> None:
    target = data.draw(st.sampled_from(surface()))
    if "letters.pdf" in target.action:
        return
    pairs = list(target.pairs)
    for _ in range(data.draw(st.integers(1, 6))):
        field = data.draw(st.sampled_from([*target.fields(), "x"]) | st.text(max_size=20))
        value = data.draw(st.sampled_from(sorted(PAYLOADS.values())) | st.text(max_size=50))
        pairs.insert(data.draw(st.integers(0, len(pairs))), (field, value))
        pairs = [p for p in pairs if data.draw(st.booleans()) or p[0] == "token"] or pairs
    response = send(target.action, [(str(n), str(v)) for n, v in pairs])
    judge(response, target.name)


def test_a_megabyte_in_any_field_is_refused_and_stores_nothing() -> None:
    before = stored()
    for target in surface():
        for field in ("story", "token", "zip", "anything"):
            response = send(target.action, target.changed(field, "A" * 1_000_000))
            assert response.status_code in (413, 404, 303, 200), target.name
            judge(response, target.name)
            if target.action in ("/find", "/write", "/review", "/sign", "/take", "/print"):
                assert response.status_code == 413, target.name
    assert stored() == before


def test_zz_after_all_attacks_no_file_contains_a_marked_word() -> None:
    """Named so that it runs last. Searches database, WAL, queue, counters, keys and outbox."""
    here = site()
    surface()
    marked = [("zip", "01930"), ("state", "MA"), ("story", MARK), ("first", MARK)]
    send("/find", marked)
    here.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert traces(here.settings.instance, (MARK,)) == []
    tables = {r[0] for r in here.db.execute("SELECT name FROM sqlite_master WHERE type='table'")}
    assert {"signatures", "letters", "sealed"} <= tables
    assert here.db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
