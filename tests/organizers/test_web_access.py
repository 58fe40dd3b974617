"""The gate in front of every page: roles, forms bound to a session, and recent passwords."""

from __future__ import annotations

import ast
import posixpath
import re
from importlib import import_module
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from app.records import audit, organizers
from app.records.organizers import Role, organizer_by_name
from app.site.tokens import Binding
from app.web.access import access_rules
from app.web.organizer import gate
from tests.organizers.browser import Browser
from tests.organizers.conftest import PASSWORD, SECRET, Clock, Office

ROOT = Path(__file__).resolve().parent.parent.parent
ROLES: tuple[Role, ...] = ("editor", "exporter", "admin")


@pytest.fixture
def browser(app: Flask, clock: Clock) -> Browser:
    return Browser(app, clock)


@pytest.fixture
def no_book(monkeypatch: pytest.MonkeyPatch) -> None:
    """Skip typesetting the book of all offices, which takes seconds; tests/offices tests it."""
    offices = import_module("app.web.organizer.day_sheets")
    monkeypatch.setattr(offices, "in_subprocess", lambda *_args, **_more: b"%PDF")


def routes(app: Flask) -> list[tuple[str, str, str, bool]]:
    """Path, method, who and fresh of every organizer route, with 1 for every number."""
    found = []
    for rule in app.url_map.iter_rules():
        if not re.match(r"/(es/)?organize(/|$)", rule.rule):
            continue
        view: Any = app.view_functions[rule.endpoint]
        path = re.sub(r"<any\((\w+)[^>]*>", r"\1", rule.rule)
        path = re.sub(r"<row:[^>]*>", "1", re.sub(r"<(?!row)[^>]*>", "x", path))
        for method in {"GET", "POST"} & (rule.methods or set()):
            found.append((path, method, view.access, view.fresh))
    return found


def test_every_organizer_route_but_the_entry_pages_requires_a_session(app: Flask) -> None:
    rules = access_rules(app)
    mine = {e: who for e, who in rules.items() if "organizer" in e.split(".")[0]}
    assert len(mine) >= 50
    assert "anyone" not in mine.values()
    visitors = {e.removeprefix("es_") for e, who in mine.items() if who == "visitor"}
    assert visitors == {
        "organizer.login", "organizer.login_post",
        "organizer.set_password", "organizer.set_password_post",
    }  # fmt: skip
    assert all(re.match(r"/(es/)?organize/", p) for p, *_ in routes(app))


def test_every_organizer_view_has_the_access_decorator() -> None:
    views = 0
    for path in sorted((ROOT / "app/web").rglob("*.py")):
        if "organizer" not in str(path.relative_to(ROOT)):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.FunctionDef):
                continue
            calls = [d.func for d in node.decorator_list if isinstance(d, ast.Call)]
            if any(
                isinstance(f, ast.Attribute) and f.attr in ("get", "post", "route") for f in calls
            ):
                views += 1
                assert [f for f in calls if isinstance(f, ast.Name) and f.id == "access"], node.name
    assert views >= 25


def test_without_a_session_every_page_redirects_to_the_login(app: Flask, browser: Browser) -> None:
    for path, method, who, _fresh in routes(app):
        if who == "visitor":
            continue
        call = browser.client.get if method == "GET" else browser.client.post
        response = call(path)
        if who == "half" and method == "POST":
            assert response.status_code == 401
            continue
        assert response.status_code == 302, path
        assert re.match(r"/(es/)?organize/login(\?|$)", response.headers["Location"]), path


@pytest.mark.usefixtures("no_book")
@pytest.mark.parametrize("role", ROLES)
def test_each_role_reaches_its_own_pages_and_no_others(
    app: Flask, browser: Browser, staff: Office, role: Role
) -> None:
    staff.add("First", "admin")
    browser.log_in(staff.add("Rosa", role))
    for path, method, who, _fresh in routes(app):
        if method != "GET" or who in ("visitor", "half"):
            continue
        allowed = who == "organizer" or role in ("admin", who)
        response = browser.client.get(path)
        assert (response.status_code != 403) == allowed, path
    if role != "admin":
        browser.get("/organize/people")
        assert browser.status == 403
        assert "admin" in browser.words


def test_no_post_passes_without_a_token_of_this_session(
    app: Flask, browser: Browser, staff: Office
) -> None:
    staff.add("First", "admin")
    boss = staff.add("Boss", "admin")
    other = Browser(app, staff.clock).log_in(staff.add("Rosa"))
    theirs = other.form("/logout")[1]["token"]
    browser.log_in(boss)
    before = list(audit.every(staff.db, audit.TrailFilter()))
    visitors = Binding.of_visitor("n").token(SECRET)
    for bad in ("", "x", theirs, visitors, browser.form("/logout")[1]["token"][:-1]):
        for path, method, who, _fresh in routes(app):
            if method == "POST" and who not in ("visitor", "half"):
                response = browser.client.post(path, data={"token": bad, "role": "editor"})
                assert response.status_code == 400, path
    assert list(audit.every(staff.db, audit.TrailFilter())) == before
    assert browser.get("/organize/").title == "Overview"


def test_a_token_in_the_url_does_not_count(browser: Browser, staff: Office) -> None:
    browser.log_in(staff.add("Rosa"))
    token = browser.form("/logout")[1]["token"]
    assert browser.post(f"/organize/logout?token={token}").status == 400


def test_get_and_put_cannot_replace_post(app: Flask, browser: Browser, staff: Office) -> None:
    browser.log_in(staff.add("Boss", "admin"))
    for path in ("logout", "sessions/1/end", "people/1/role", "people/1/disable"):
        assert browser.client.get(f"/organize/{path}").status_code == 405
        assert browser.client.put(f"/organize/{path}").status_code == 405
        headers = {"X-HTTP-Method-Override": "POST"}
        assert browser.client.get(f"/organize/{path}", headers=headers).status_code == 405
    assert browser.get("/organize/").title == "Overview"


def test_a_post_from_another_site_is_refused(browser: Browser, staff: Office) -> None:
    browser.log_in(staff.add("Rosa"))
    path, data = browser.form("/logout")
    response = browser.client.post(path, data=data, headers={"Sec-Fetch-Site": "cross-site"})
    assert response.status_code == 403
    assert browser.get("/organize/").title == "Overview"


def test_a_login_form_belongs_to_one_browser(app: Flask, staff: Office) -> None:
    staff.add("Rosa")
    attacker = Browser(app, staff.clock).get("/organize/login")
    _path, data = attacker.form("/login")
    victim = Browser(app, staff.clock, address="192.0.2.9")
    victim.post("/organize/login", {**data, "name": "Rosa", "password": PASSWORD})
    assert victim.status == 409
    assert victim.cookie("organizer") == ""
    assert PASSWORD not in victim.last.get_data(as_text=True)


def test_a_form_sent_after_the_session_expired_is_kept_through_login(
    app: Flask, browser: Browser, staff: Office
) -> None:
    """CC06: 3,000 characters, sent after the session ended."""
    boss = staff.add("Boss", "admin")
    staff.add("Rosa", "editor")
    browser.log_in(boss)
    browser.get("/organize/people/2")
    path, data = browser.form("/role")
    browser.clock.forward(minutes=70)
    words = "ñ <b>& " * 430
    browser.post(path, {**data, "role": "exporter", "words": words})
    assert browser.status == 401
    assert "What you typed is on this page" in browser.words
    browser.send("/login", name="Boss", password="wrong horse battery")
    browser.send("/login", name="Boss", password=PASSWORD)
    browser.send("/code", code=boss.code(browser.clock.at))
    assert browser.title == "Send this again"
    _path, kept = browser.form("/role")
    assert kept["role"] == "exporter"
    assert kept["words"] == words
    browser.send("/role")
    rosa = organizer_by_name(staff.db, "Rosa")
    assert rosa is not None
    assert rosa.role == "exporter"


def test_kept_work_is_not_handed_to_another_organizer(
    app: Flask, browser: Browser, staff: Office
) -> None:
    browser.log_in(staff.add("Boss", "admin"))
    rosa = staff.add("Rosa")
    browser.get("/organize/people/2")
    path, data = browser.form("/role")
    browser.clock.forward(minutes=70)
    browser.post(path, {**data, "role": "exporter"})
    browser.send("/login", name="Rosa", password=PASSWORD)
    browser.send("/code", code=rosa.code(browser.clock.at))
    assert browser.title == "Overview"


def test_a_form_from_before_a_new_login_needs_one_more_press(
    browser: Browser, staff: Office
) -> None:
    boss = staff.add("Boss", "admin")
    staff.add("Rosa")
    browser.log_in(boss)
    browser.get("/organize/people/2")
    path, data = browser.form("/role")
    browser.send("/logout")
    browser.log_in(boss)
    browser.post(path, {**data, "role": "exporter"})
    assert browser.status == 409
    assert browser.title == "Send this again"
    browser.send("/role")
    rosa = organizer_by_name(staff.db, "Rosa")
    assert rosa is not None
    assert rosa.role == "exporter"


def test_sensitive_changes_need_a_recent_password_and_lose_nothing(
    app: Flask, browser: Browser, staff: Office
) -> None:
    browser.log_in(staff.add("Boss", "admin"))
    staff.add("Rosa")
    browser.clock.forward(minutes=5, seconds=1)
    browser.get("/organize/people/2").send("/role", role="exporter")
    assert browser.status == 401
    assert browser.title == "Enter your password again"
    browser.send("/confirm", password="wrong horse battery")
    assert browser.status == 422
    browser.send("/confirm", password=PASSWORD)
    browser.send("/role")
    assert browser.path == "/organize/people/2"
    rosa = organizer_by_name(staff.db, "Rosa")
    assert rosa is not None
    assert rosa.role == "exporter"


def test_sensitive_routes_require_a_recent_password(app: Flask) -> None:
    fresh = {path for path, _method, _who, fresh in routes(app) if fresh}
    for path in ("people/1/role", "people/1/disable", "audit.csv",
                 "account/password", "account/second-factor",
                 "account/recovery-codes"):  # fmt: skip
        assert f"/organize/{path}" in fresh
        assert f"/es/organize/{path}" in fresh


def test_an_export_after_five_minutes_asks_for_the_password_then_downloads(
    browser: Browser, staff: Office
) -> None:
    browser.log_in(staff.add("Boss", "admin"))
    browser.clock.forward(minutes=6)
    browser.get("/organize/audit.csv?who=Boss")
    assert browser.title == "Enter your password again"
    browser.send("/confirm", password=PASSWORD)
    assert browser.path == "/organize/audit.csv?who=Boss"
    assert browser.last.mimetype == "text/csv"


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/find"])
def test_confirming_redirects_only_to_organizer_pages(
    browser: Browser, staff: Office, target: str
) -> None:
    browser.log_in(staff.add("Rosa"))
    browser.get("/organize/confirm")
    path, data = browser.form("/confirm")
    browser.post(path, {**data, "password": PASSWORD, "next": target}, follow=False)
    assert browser.last.headers["Location"] == "/organize/"


def test_wrong_confirmations_end_the_session(browser: Browser, staff: Office) -> None:
    browser.log_in(staff.add("Boss", "admin"))
    browser.clock.forward(minutes=6)
    browser.get("/organize/account/password")
    for _ in range(5):
        browser.send("/confirm", password="wrong horse battery")
        browser.clock.forward(minutes=1)
    assert browser.title == "Organizer login"
    assert browser.get("/organize/").title == "Organizer login"


def test_a_disabled_organizer_is_out_at_the_next_request(
    app: Flask, browser: Browser, staff: Office
) -> None:
    rosa = Browser(app, staff.clock, address="192.0.2.7").log_in(staff.add("Rosa"))
    boss = staff.add("Boss", "admin")
    browser.log_in(boss)
    browser.get("/organize/people/1").send("/disable")
    assert "cannot log in" in browser.words
    assert rosa.get("/organize/").title == "Organizer login"


@pytest.mark.usefixtures("no_book")
def test_no_page_is_cached_or_indexed(app: Flask, browser: Browser, staff: Office) -> None:
    browser.log_in(staff.add("Boss", "admin"))
    for path, method, _who, _fresh in routes(app):
        if method == "GET":
            response = browser.client.get(path)
            assert response.headers["Cache-Control"] == "no-store", path
            assert response.headers["X-Robots-Tag"] == "noindex", path


NAMES = st.text(max_size=40)


@given(NAMES)
def test_no_forged_token_is_valid(text: str) -> None:
    assert Binding(1, "1").judge(SECRET, text) == "foreign"
    assert gate.kept_work(SECRET, text) is None


@given(st.integers(0, 10**9), st.integers(0, 10**9), st.integers(0, 10**9))
def test_a_token_is_valid_only_for_its_own_session(owner: int, one: int, two: int) -> None:
    token = Binding(owner, str(one)).token(SECRET)
    assert Binding(owner, str(one)).judge(SECRET, token) == "good"
    expected = "good" if one == two else "ours"
    assert Binding(owner, str(two)).judge(SECRET, token) == expected
    assert Binding(owner + 1, str(one)).judge(SECRET, token) == "foreign"
    elsewhere = b"another secret of another site"
    assert Binding(owner, str(one)).judge(elsewhere, token) == "foreign"


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "password", "code", "token"]), st.text())))
def test_kept_work_is_returned_without_its_secrets(fields: list[tuple[str, str]]) -> None:
    kept = gate.kept_work(SECRET, gate.keep_work(SECRET, 7, "/organize/x", fields))
    assert kept == (7, "/organize/x", [f for f in fields if f[0] in ("a", "b")])


@given(st.text(alphabet=st.sampled_from("/\\:@.?%#organizeslp \r\n\t"), max_size=30))
def test_a_next_page_is_an_organizer_path_or_nothing(text: str) -> None:
    for wanted, prefix in product((text,), ("", "/organize", "/es/organize/", "//")):
        path = gate.safe_next(prefix + wanted)
        assert path in ("", prefix + wanted)
        if path:
            assert re.match(r"/(es/)?organize(/|\?|$)", path)
            assert not re.search(r"[\s\\:@#]|//", path.split("?")[0])
            plain = path.split("?")[0]
            assert posixpath.normpath(plain) == plain.rstrip("/")


@pytest.mark.parametrize(
    "wanted",
    ["/organize/../find", "/organize/..", "/organize/.", "/organize/./../x", "/es/organize/../",
     "/organize/letters/../../receipt/x", "/organize/..?x=1"],
)  # fmt: skip
def test_a_next_page_outside_the_organizer_pages_is_dropped(wanted: str) -> None:
    assert gate.safe_next(wanted) == ""


def test_ending_another_organizers_session_by_number_is_not_found(
    app: Flask, browser: Browser, staff: Office
) -> None:
    browser.log_in(staff.add("Rosa"))
    ana = staff.add("Ana")
    theirs = staff.session(ana.token)
    assert isinstance(theirs, organizers.Session)
    token = browser.form("/logout")[1]["token"]
    for number in (theirs.id, theirs.id + 1, 0, 10**9, 10**30):
        browser.post(f"/organize/sessions/{number}/end", {"token": token})
        assert browser.status == 404
    assert isinstance(staff.session(ana.token), organizers.Session)
