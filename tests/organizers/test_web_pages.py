"""The organizers' pages: overview, account, sessions, people, and the audit trail."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace

import pyotp
import pytest
from flask import Flask

from app.records import audit, organizers
from app.records.audit import Actor, TrailFilter, What
from app.records.backup import note
from app.records.database import writing
from app.records.organizers import organizer_by_name
from app.records.tabular import safe_csv
from app.site.services import services
from app.web.organizer.gate import device_label
from tests.organizers.browser import Browser
from tests.organizers.conftest import PASSWORD, Clock, Office, wrong_code


@pytest.fixture
def browser(app: Flask, clock: Clock) -> Browser:
    return Browser(app, clock)


def menu(browser: Browser) -> list[str]:
    found = re.search(
        r'<nav class="menu only-wide".*?</nav>', browser.last.get_data(as_text=True), re.DOTALL
    )
    assert found
    return re.findall(r">([^<>\n]+)</a>", found.group())


def test_the_menu_shows_what_a_role_may_open(app: Flask, staff: Office, clock: Clock) -> None:
    editor = Browser(app, clock).log_in(staff.add("Rosa"))
    assert not {"Organizers", "Audit trail"} & set(menu(editor))
    assert menu(editor)[:4] == ["Overview", "Letters", "Campaign", "Cosponsors"]
    admin = Browser(app, clock).log_in(staff.add("Boss", "admin"))
    assert {"Organizers", "Audit trail", "Your account"} <= set(menu(admin))


def test_admins_see_the_remaining_setup_steps(app: Flask, staff: Office, clock: Clock) -> None:
    boss = Browser(app, clock).log_in(staff.add("Boss", "admin"))
    assert "0 of 7 done" in boss.words
    with app.app_context():
        site = services()
        site.settings = replace(
            site.settings, group_name="Neighbors", contact="us@example.org",
            site_url="http://localhost", mail_server="mail.example.org", backup_folder="elsewhere",
        )  # fmt: skip
        note(site.settings.instance, "copy", {"at": clock.at.isoformat()})
    boss.get("/organize/")
    assert "5 of 7 done" in boss.words
    assert "Move the private key" in boss.words
    clock.forward(days=3)
    boss.log_in(staff.add("Second", "admin"))
    assert "5 of 7 done" in boss.words, "a second admin came, and the copy is old"
    assert "Have a copy made every day" in boss.words
    rosa = Browser(app, clock).log_in(staff.add("Rosa"))
    assert "To set up" not in rosa.words


def test_the_overview_warns_of_few_recovery_codes_and_a_single_admin(
    browser: Browser, staff: Office
) -> None:
    boss = staff.add("Boss", "admin")
    organizers.add_organizer(staff.by("Boss"), "Invited", "admin")
    browser.log_in(boss)
    assert "Have a second admin who can log in" in browser.words
    assert "recovery codes left" not in browser.words
    staff.add("Second", "admin")
    for code in boss.codes[:7]:
        browser.send("/logout")
        browser.get("/organize/login").send("/login", name="Boss", password=PASSWORD)
        browser.send("/code", code=code)
    assert "3 recovery codes left" in browser.words
    assert "Have a second admin who can log in" not in browser.words


@pytest.mark.parametrize("prefix", ["", "/es"])
def test_every_page_opens_and_links_to_the_other_language(
    browser: Browser, staff: Office, prefix: str
) -> None:
    staff.add("Second", "admin")
    browser.log_in(staff.add("Boss", "admin"), prefix=prefix)
    titles = set()
    for path in ("", "account", "account/password", "account/second-factor", "sessions", "people",
                 "people/1", "people/2", "people/99", "audit", "confirm"):  # fmt: skip
        browser.get(f"{prefix}/organize/{path}")
        assert browser.status == (404 if path == "people/99" else 200)
        titles.add(browser.title)
        other = browser.page.one("a", **{"class": "language"}).get("href") or ""
        assert browser.client.get(other).status_code in (200, 302, 404), path
    assert len(titles) >= 10


def test_a_changed_password_logs_out_other_browsers(
    app: Flask, browser: Browser, staff: Office
) -> None:
    rosa = staff.add("Rosa")
    there = Browser(app, staff.clock).log_in(rosa)
    browser.log_in(rosa)
    browser.get("/organize/account/password")
    browser.send("/password", password="tiny", again="tiny")
    assert browser.status == 422
    browser.send("/password", password="another horse battery", again="another horse battery")
    assert "password is changed" in browser.words
    assert there.get("/organize/").title == "Organizer login"
    browser.send("/logout")
    browser.log_in(rosa, "another horse battery")
    assert browser.title == "Overview"


def test_a_new_authenticator_replaces_the_old_one(browser: Browser, staff: Office) -> None:
    rosa = staff.add("Rosa")
    browser.log_in(rosa)
    browser.get("/organize/account/second-factor")
    secret = re.sub(r"\s", "", "".join(browser.page.one("code").itertext()))
    assert secret != rosa.totp
    browser.send("/second-factor", code=wrong_code(secret, browser.clock.at))
    assert browser.status == 422
    browser.send("/second-factor", code=pyotp.TOTP(secret).at(browser.clock.at))
    assert browser.title == "Your recovery codes"
    assert not {"".join(e.itertext()) for e in browser.page.all("code")} & set(rosa.codes)
    browser.get("/organize/").send("/logout")
    browser.clock.forward(minutes=1)
    browser.get("/organize/login").send("/login", name="Rosa", password=PASSWORD)
    browser.send("/code", code=wrong_code(secret, browser.clock.at))
    assert browser.status == 422
    browser.send("/code", code=pyotp.TOTP(secret).at(browser.clock.at))
    assert browser.title == "Overview"


def test_new_recovery_codes_are_shown_once(browser: Browser, staff: Office) -> None:
    rosa = staff.add("Rosa")
    browser.log_in(rosa).get("/organize/account").send("/recovery-codes")
    codes = ["".join(e.itertext()) for e in browser.page.all("code")]
    assert len(set(codes) - set(rosa.codes)) == 10
    for path in ("", "account", "account/second-factor"):
        text = browser.get(f"/organize/{path}").last.get_data(as_text=True)
        assert not [code for code in codes if code in text]


def test_an_organizer_lists_and_ends_their_sessions(
    app: Flask, browser: Browser, staff: Office
) -> None:
    rosa = staff.add("Rosa")
    there = Browser(app, staff.clock).log_in(rosa)
    browser.log_in(rosa)
    browser.get("/organize/sessions")
    assert browser.words.count("Firefox on Linux") == 3
    assert browser.words.count("the one you are using") == 1
    browser.send("/end")
    assert browser.words.count("Firefox on Linux") == 2
    browser.send("/end-others")
    assert browser.words.count("Firefox on Linux") == 1
    assert there.get("/organize/").title == "Organizer login"
    assert browser.get("/organize/").title == "Overview"


@pytest.mark.parametrize(
    ("agent", "label"),
    [
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/141.0 Safari/537.36 Edg/141.0",
         "Edge on Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Safari/604.1",
         "Safari on iPhone"),
        ("Mozilla/5.0 (Linux; Android 16) Chrome/141.0 Mobile Safari/537.36", "Chrome on Android"),
        ("curl/8", ""),
        ("<script>alert(1)</script>", ""),
        ("", ""),
    ],
)  # fmt: skip
def test_a_browser_gets_a_recognizable_label(agent: str, label: str) -> None:
    assert device_label(agent) == label


def test_the_only_admin_cannot_give_up_the_role(browser: Browser, staff: Office) -> None:
    browser.log_in(staff.add("Boss", "admin"))
    organizers.add_organizer(staff.by("Boss"), "Invited", "admin")
    browser.get("/organize/people/1")
    assert "Boss is the only admin who can log in." in browser.words
    assert "Change the role" not in browser.words
    assert "Remove access" not in browser.words
    token = browser.form("/logout")[1]["token"]
    for path in ("role", "disable"):
        browser.post(f"/organize/people/1/{path}", {"token": token, "role": "editor"})
        assert browser.status == 409
        assert "only admin" in browser.words
    staff.add("Ana", "admin")
    browser.get("/organize/people/1").send("/role", role="editor")
    assert "This page needs the role admin" in browser.words


def test_an_unknown_role_is_refused(browser: Browser, staff: Office) -> None:
    browser.log_in(staff.add("Boss", "admin"))
    staff.add("Ana", "editor")
    browser.get("/organize/people/2").send("/role", role="owner")
    assert browser.status == 422
    assert "Choose one of the roles" in browser.words


def test_an_admin_disables_and_enables_an_account(browser: Browser, staff: Office) -> None:
    staff.add("Rosa")
    browser.log_in(staff.add("Boss", "admin"))
    browser.get("/organize/people/1").send("/disable")
    rosa = organizer_by_name(staff.db, "Rosa")
    assert rosa is not None
    assert rosa.disabled
    browser.send("/enable")
    rosa = organizer_by_name(staff.db, "Rosa")
    assert rosa is not None
    assert not rosa.disabled


def test_an_admin_ends_another_organizers_sessions(
    app: Flask, browser: Browser, staff: Office
) -> None:
    there = Browser(app, staff.clock, address="192.0.2.3").log_in(staff.add("Rosa"))
    browser.log_in(staff.add("Boss", "admin"))
    browser.get("/organize/people/1").send("/end-sessions")
    assert there.get("/organize/").title == "Organizer login"
    assert "Log out everywhere" not in browser.words


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", '"><img src=x>', "{{ 7*7 }}", "O'B"])
def test_hostile_names_are_shown_as_text(browser: Browser, staff: Office, name: str) -> None:
    browser.log_in(staff.add("Boss", "admin"))
    with writing(staff.db):
        staff.db.execute(
            "INSERT INTO organizers (name, name_key, role, created) VALUES (?, ?, 'editor', 0)",
            (name, name),
        )
        staff.by(name).record(What.PASSWORD_SET, name)
    for path in ("people", "people/2", "audit"):
        browser.get(f"/organize/{path}")
        assert name in browser.words


def test_the_trail_is_filtered_and_paged(browser: Browser, staff: Office) -> None:
    browser.log_in(staff.add("Boss", "admin"))
    with writing(staff.db):
        for n in range(120):
            staff.by("Ana").record(What.PASSWORD_SET, f"S{n:03}")
    browser.get("/organize/audit?who=Ana")
    assert "120 events" in browser.words
    assert "S119" in browser.words
    assert "S069" not in browser.words
    older = browser.page.one("a", rel="next").get("href") or ""
    browser.get(older)
    assert "S069" in browser.words
    newer = browser.page.one("a", rel="prev").get("href") or ""
    assert "S119" in browser.get(newer).words
    browser.get("/organize/audit?what=logged+in")
    assert "S119" not in browser.words
    browser.get("/es/organize/audit?who=command+line")
    assert "línea de comandos" in browser.words
    assert "command line" not in browser.words


@pytest.mark.parametrize(
    "query",
    ["since=yesterday", "until=2026-13-01", "since=2026-02-30", "since=%00", "since=25/25/2026"],
)
def test_an_unreadable_date_is_explained(browser: Browser, staff: Office, query: str) -> None:
    browser.log_in(staff.add("Boss", "admin"))
    browser.get(f"/organize/audit?{query}")
    assert browser.status == 422
    assert "year, month and day" in browser.words


@pytest.mark.parametrize(
    "query",
    ["below=x", "below=-1", "below=99999999999999999999", "above=1&below=1", "who='--", "what=%FF"],
)
def test_odd_query_strings_still_show_the_page(browser: Browser, staff: Office, query: str) -> None:
    browser.log_in(staff.add("Boss", "admin"))
    assert browser.get(f"/organize/audit?{query}").status == 200


def exported(browser: Browser, query: str = "") -> list[list[str]]:
    browser.get(f"/organize/audit.csv{query}")
    raw = browser.last.get_data()
    assert raw.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline="")))


def test_the_export_describes_itself_and_holds_every_event(browser: Browser, staff: Office) -> None:
    browser.log_in(staff.add("Boss", "admin"))
    before = list(audit.every(staff.db, TrailFilter()))
    rows = exported(browser, "?since=2026-11-25")
    assert rows[0][0] == "Audit trail"
    assert rows[1] == ["Filter", "from: 2026-11-25"]
    assert rows[2] == ["Written at (UTC)", audit.stamp(browser.clock.at)]
    assert rows[3] == ["number", "at (UTC)", "who", "what", "subject", "before", "after"]
    assert [row[0] for row in rows[4:]] == [str(event.number) for event in before]
    disposition = browser.last.headers["Content-Disposition"]
    assert disposition == 'attachment; filename="audit-trail-2026-11-25.csv"'


def test_an_export_is_itself_recorded_with_its_filter(browser: Browser, staff: Office) -> None:
    browser.log_in(staff.add("Boss", "admin"))
    rows = exported(browser, "?who=Boss")
    (event,) = audit.every(staff.db, TrailFilter(what="audit exported"))
    assert event.who == "Boss"
    assert event.after["who"] == "Boss"
    assert event.after["rows"] == len(rows) - 4 > 0


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"), ("@SUM(1)", "'@SUM(1)"), ("\t=1+1", "'\t=1+1"), ("＝1+1", "'＝1+1"),
        (" =1+1", "' =1+1"), ("+SUM(A1)", "'+SUM(A1)"), ("-1+1", "'-1+1"), ("-cmd|x", "'-cmd|x"),
        ("\r=1", "'\n'=1"), ("\n=1", "'\n'=1"), ("\u00a0=1", "'\u00a0=1"), ("+", "'+"), ("-", "'-"),
        ("+1 202 555 0147", "+1 202 555 0147"), ("-Ann", "-Ann"), ("Ana Lee", "Ana Lee"), ("", ""),
        ("a=b", "a=b"),
    ],
)  # fmt: skip
def test_no_cell_in_the_export_is_a_formula(text: str, cell: str) -> None:
    """EX01"""
    assert safe_csv(text) == cell


def test_hostile_names_are_exported_as_text(browser: Browser, staff: Office) -> None:
    browser.log_in(staff.add("Boss", "admin"))
    with writing(staff.db):
        Actor(staff.db, '=HYPERLINK("x")', staff.clock.at).record(What.PASSWORD_SET, 'a,"b"\r\nc')
    rows = exported(browser)
    assert ['\'=HYPERLINK("x")', "password set", 'a,"b"\nc'] in [r[2:5] for r in rows]


def test_an_unreadable_second_factor_is_a_wrong_code_not_a_failure(
    browser: Browser, staff: Office
) -> None:
    staff.add("Rosa")
    staff.db.execute("UPDATE organizers SET totp = x'00'")
    browser.get("/organize/login").send("/login", name="Rosa", password=PASSWORD)
    browser.send("/code", code="123456")
    assert browser.status == 422


def test_the_start_page_does_not_link_to_the_organizer_pages(browser: Browser) -> None:
    assert "/organize" not in browser.get("/").last.get_data(as_text=True)
