"""Logging in: password and code, refusals that reveal nothing, and codes that work once."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

import pyotp
import pytest
from argon2 import PasswordHasher

from app.records import audit, credentials, logins, organizers
from app.records.organizers import organizer_by_name
from app.records.passkeys import RelyingParty, add_passkey
from app.records.throttle import Client
from tests.organizers.conftest import CHEAP, HOME, LOGIN, PASSWORD, Office, wrong_code

_VERIFY = PasswordHasher.verify


def what(office: Office) -> list[str]:
    return [event.what.value for event in audit.every(office.db, audit.TrailFilter())]


def test_password_and_code_together_open_a_session(office: Office) -> None:
    rosa = office.add("Rosa")
    opened = office.log_in(rosa)
    found = office.session(opened.token)
    assert isinstance(found, organizers.Session)
    assert (found.organizer.name, found.stage) == ("Rosa", "full")
    assert "logged in" in what(office)


def test_a_name_matches_regardless_of_case_and_spacing(office: Office) -> None:
    office.add("Rosa Delgado")
    office.clock.forward(minutes=1)
    assert isinstance(office.password("  rosa   DELGADO "), organizers.OpenedSession)


def test_the_password_alone_opens_only_a_half_session(office: Office) -> None:
    rosa = office.add("Rosa")
    half = office.half(rosa.name)
    found = office.session(half.token)
    assert isinstance(found, organizers.Session)
    assert found.stage == "password"


def test_each_stage_has_its_own_token(office: Office) -> None:
    rosa = office.add("Rosa")
    office.clock.forward(minutes=1)
    half = office.half(rosa.name)
    full = office.code(half.session, rosa.code(office.clock.at))
    assert isinstance(full, organizers.OpenedSession)
    assert full.token != half.token
    office.clock.forward(seconds=16)
    assert office.session(half.token) == "ended"


@pytest.mark.parametrize("kind", ["unknown", "wrong", "disabled", "no password", "reset"])
def test_every_refusal_looks_and_costs_the_same(office: Office, kind: str) -> None:
    office.add("Rosa")
    disabled = organizer_by_name(office.db, office.add("Dora").name)
    assert disabled is not None
    organizers.set_disabled(office.by("Rosa"), LOGIN.secret, disabled.id, True)
    organizers.add_organizer(office.by("Rosa"), "Nuria", "editor")
    office.add("Reset")
    organizers.reset_organizer(office.by("Rosa"), LOGIN.secret, "Reset")
    name = {
        "unknown": "Nobody", "wrong": "Rosa", "disabled": "Dora", "no password": "Nuria",
        "reset": "Reset",
    }[kind]  # fmt: skip
    password = "wrong horse battery" if kind == "wrong" else PASSWORD
    office.clock.forward(hours=2)
    statements: list[str] = []
    checked: list[str] = []

    def counted(hasher: PasswordHasher, kept: str, raw: bytes) -> bool:
        checked.append(kept)
        return _VERIFY(hasher, kept, raw)

    with patch.object(PasswordHasher, "verify", counted):
        office.db.set_trace_callback(lambda sql: statements.append(sql.split(" ", 1)[0]))
        assert office.password(name, password) == logins.LoginRefused()
        office.db.set_trace_callback(None)
    assert len(checked) == 1
    assert statements.count("COMMIT") == 2
    assert statements.count("INSERT") == 2


def test_an_unknown_name_is_stored_nowhere(office: Office, tmp_path: Path) -> None:
    office.password("my-password-in-the-wrong-box")
    office.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"wrong-box" not in stored
    events = list(audit.every(office.db, audit.TrailFilter()))
    assert [event.subject for event in events] == [logins.UNKNOWN_NAME]


def test_a_code_works_once(office: Office) -> None:
    rosa = office.add("Rosa")
    office.clock.forward(minutes=1)
    code = rosa.code(office.clock.at)
    assert isinstance(office.code(office.half("Rosa").session, code), organizers.OpenedSession)
    again = office.half("Rosa")
    assert office.code(again.session, code) == logins.LoginRefused()


def test_a_code_older_than_the_last_one_used_is_refused(
    office: Office,
) -> None:
    rosa = office.add("Rosa")
    office.clock.forward(minutes=1)
    ahead = rosa.code(office.clock.at + timedelta(seconds=30))
    assert isinstance(office.code(office.half("Rosa").session, ahead), organizers.OpenedSession)
    now = rosa.code(office.clock.at)
    assert office.code(office.half("Rosa").session, now) == logins.LoginRefused()


def test_the_code_that_set_up_the_second_factor_does_not_log_in(office: Office) -> None:
    rosa = office.add("Rosa")
    half = office.half("Rosa")
    assert office.code(half.session, rosa.code(office.clock.at)) == logins.LoginRefused()


def test_a_second_press_is_answered_like_the_first(office: Office) -> None:
    rosa = office.add("Rosa")
    office.clock.forward(minutes=1)
    half = office.half("Rosa")
    code = rosa.code(office.clock.at)
    first = office.code(half.session, code)
    again = office.session(half.token)
    assert isinstance(again, organizers.Session)
    assert again.passed
    second = office.code(again, code)
    assert isinstance(first, organizers.OpenedSession)
    assert isinstance(second, organizers.OpenedSession)
    office.clock.forward(seconds=16)
    assert office.session(half.token) == "ended"


def test_a_second_press_accepts_no_other_code_and_never_undoes_a_logout(
    office: Office,
) -> None:
    rosa = office.add("Rosa")
    office.clock.forward(minutes=1)
    half = office.half("Rosa")
    first = office.code(half.session, rosa.code(office.clock.at))
    assert isinstance(first, organizers.OpenedSession)
    again = office.session(half.token)
    assert isinstance(again, organizers.Session)
    other = rosa.code(office.clock.at + timedelta(seconds=30))
    assert office.code(again, other) == logins.LoginRefused()
    organizers.revoke_all(office.by("Rosa"), first.session.organizer)
    assert not isinstance(office.session(half.token), organizers.Session)


def test_a_recovery_code_works_once_in_any_spelling(office: Office) -> None:
    rosa = office.add("Rosa")
    typed = rosa.codes[3].lower().replace("-", " ")
    assert isinstance(office.code(office.half("Rosa").session, typed), organizers.OpenedSession)
    assert office.code(office.half("Rosa").session, rosa.codes[3]) == logins.LoginRefused()
    owner = organizer_by_name(office.db, "Rosa")
    assert owner is not None
    assert logins.recovery_codes_left(office.db, owner) == 9
    used = list(audit.every(office.db, audit.TrailFilter(what="recovery code used")))
    assert [(e.before, e.after) for e in used] == [({"codes left": 10}, {"codes left": 9})]


def test_no_one_elses_recovery_code_works(office: Office) -> None:
    office.add("Rosa")
    ana = office.add("Ana")
    assert office.code(office.half("Rosa").session, ana.codes[0]) == logins.LoginRefused()


def test_new_recovery_codes_replace_the_old_ones(office: Office) -> None:
    rosa = office.add("Rosa")
    session = office.session(rosa.token)
    assert isinstance(session, organizers.Session)
    fresh = logins.make_recovery_codes(office.db, LOGIN, session, office.clock.at)
    assert not set(fresh) & set(rosa.codes)
    assert office.code(office.half("Rosa").session, rosa.codes[0]) == logins.LoginRefused()
    assert isinstance(office.code(office.half("Rosa").session, fresh[0]), organizers.OpenedSession)


def test_five_wrong_codes_end_the_half_session(office: Office) -> None:
    rosa = office.add("Rosa")
    half = office.half("Rosa")
    answers = []
    for _ in range(5):
        answers.append(office.code(half.session, wrong_code(rosa.totp, office.clock.at)))
        office.clock.forward(minutes=1)
    assert answers == [*[logins.LoginRefused()] * 4, logins.LoginRefused(ended=True)]
    assert office.session(half.token) == "ended"


def test_the_password_alone_cannot_replace_the_second_factor(office: Office) -> None:
    office.add("Rosa")
    half = office.half("Rosa")
    offered = logins.offered_totp_secret(LOGIN, half.token)
    answer = logins.LoginFlow(office.db, LOGIN, HOME, office.clock.at).set_second_factor(
        half.session, half.token, pyotp.TOTP(offered).at(office.clock.at)
    )
    assert answer == logins.LoginRefused()


def test_the_offered_second_factor_is_per_session_and_stored_nowhere(
    office: Office, tmp_path: Path
) -> None:
    rosa = office.add("Rosa")
    one, two = office.half("Rosa"), office.half("Rosa")
    offered = logins.offered_totp_secret(LOGIN, one.token)
    assert offered == logins.offered_totp_secret(LOGIN, one.token)
    assert offered != logins.offered_totp_secret(LOGIN, two.token)
    office.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    for secret in (offered, rosa.totp, rosa.token, one.token, *rosa.codes, PASSWORD):
        assert secret.encode() not in stored


def test_with_a_lost_site_secret_a_code_is_wrong_not_an_error(
    office: Office,
) -> None:
    rosa = office.add("Rosa")
    office.clock.forward(minutes=1)
    half = office.half("Rosa")
    other = logins.LoginConfig(b"the secret of a restored site, another one", CHEAP)
    code = rosa.code(office.clock.at)
    answer = logins.LoginFlow(office.db, other, HOME, office.clock.at).enter_code(
        half.session, code
    )
    assert answer == logins.LoginRefused()


def test_logging_in_rehashes_a_password_with_older_parameters(office: Office) -> None:
    rosa = office.add("Rosa")
    stronger = logins.LoginConfig(LOGIN.secret, credentials.HashCost(time=2, memory=16))
    half = logins.LoginFlow(office.db, stronger, HOME, office.clock.at).enter_password(
        rosa.name, PASSWORD
    )
    assert isinstance(half, organizers.OpenedSession)
    (kept,) = office.db.execute("SELECT password FROM organizers").fetchone()
    assert re.search(r"m=16,t=2", kept)
    assert credentials.check_password(kept, PASSWORD, stronger.cost)


def log_in_during(office: Office, name: str, act: Callable[[], object]) -> object:
    """Enter the password while ``act`` happens, with parameters that ask for a new hash."""

    def verify(hasher: PasswordHasher, kept: str, raw: bytes) -> bool:
        act()
        return _VERIFY(hasher, kept, raw)

    stronger = logins.LoginConfig(LOGIN.secret, credentials.HashCost(time=2, memory=16))
    with patch.object(PasswordHasher, "verify", verify):
        return logins.LoginFlow(office.db, stronger, HOME, office.clock.at).enter_password(
            name, PASSWORD
        )


def test_a_password_changed_while_it_is_being_checked_admits_no_one(office: Office) -> None:
    rosa = office.add("Rosa")
    session = office.session(rosa.token)
    assert isinstance(session, organizers.Session)
    office.clock.forward(minutes=1)
    new = "another horse battery"
    answer = log_in_during(
        office,
        rosa.name,
        lambda: logins.change_password(office.db, LOGIN, session, new, office.clock.at),
    )
    assert answer == logins.LoginRefused()
    (kept,) = office.db.execute("SELECT password FROM organizers").fetchone()
    assert credentials.check_password(kept, new, LOGIN.cost)


def test_a_password_removed_while_it_is_being_checked_does_not_come_back(office: Office) -> None:
    rosa = office.add("Rosa")
    office.clock.forward(minutes=1)
    answer = log_in_during(
        office,
        rosa.name,
        lambda: organizers.reset_organizer(
            office.by("Ada"), LOGIN.secret, rosa.name, second_factor=True
        ),
    )
    assert answer == logins.LoginRefused()
    now = organizer_by_name(office.db, rosa.name)
    assert now is not None
    assert not now.has_password


@pytest.mark.parametrize("answer", ["", "[]", "{}", "\ud800", "[" * 19_000, '{"a":' * 3_000])
def test_what_is_no_answer_of_a_passkey_is_refused(office: Office, answer: str) -> None:
    rosa = office.add("Rosa")
    office.clock.forward(minutes=1)
    half, party = office.half(rosa.name), RelyingParty("x.example", "https://x.example", "X")
    flow = logins.LoginFlow(office.db, LOGIN, HOME, office.clock.at)
    assert flow.enter_passkey(half.session, half.token, answer, party) == logins.LoginRefused()
    assert not add_passkey(
        office.db, LOGIN.secret, half.session, half.token, answer, party=party, device="",
        at=office.clock.at,
    )  # fmt: skip


def test_a_confirmed_password_stays_fresh_for_five_minutes(office: Office) -> None:
    rosa = office.add("Rosa")
    office.clock.forward(minutes=6)
    session = office.session(rosa.token)
    assert isinstance(session, organizers.Session)
    assert not session.is_fresh(office.clock.at)
    stale = session

    def confirm(password: str) -> object:
        return logins.LoginFlow(office.db, LOGIN, HOME, office.clock.at).confirm_password(
            stale, password
        )

    assert confirm("wrong horse battery") == logins.LoginRefused()
    assert confirm(PASSWORD) == logins.Confirmed()
    office.clock.forward(minutes=5)
    session = office.session(rosa.token)
    assert isinstance(session, organizers.Session)
    assert session.is_fresh(office.clock.at)
    office.clock.forward(seconds=1)
    assert not session.is_fresh(office.clock.at)


def test_five_wrong_confirmations_end_a_stolen_session(office: Office) -> None:
    rosa = office.add("Rosa")
    session = office.session(rosa.token)
    assert isinstance(session, organizers.Session)
    answers = [
        logins.LoginFlow(office.db, LOGIN, HOME, office.clock.forward(minutes=1)).confirm_password(
            session, f"guess number {n}"
        )
        for n in range(5)
    ]
    assert answers[-1] == logins.LoginRefused(ended=True)
    assert office.session(rosa.token) == "ended"


def test_a_changed_password_ends_the_other_sessions(office: Office) -> None:
    rosa = office.add("Rosa")
    here = office.log_in(rosa, Client("203.0.113.9"))
    logins.change_password(office.db, LOGIN, here.session, "another horse battery", office.clock.at)
    assert isinstance(office.session(here.token), organizers.Session)
    assert office.session(rosa.token) == "ended"
    assert office.password("Rosa") == logins.LoginRefused()
    assert isinstance(office.password("Rosa", "another horse battery"), organizers.OpenedSession)


@pytest.mark.parametrize("password", ["short", "rosa rosa rosa"])
def test_a_bad_new_password_changes_nothing(office: Office, password: str) -> None:
    rosa = office.add("Rosa")
    session = office.session(rosa.token)
    assert isinstance(session, organizers.Session)
    answer = logins.change_password(office.db, LOGIN, session, password, office.clock.at)
    assert isinstance(answer, organizers.BadPassword)
    assert isinstance(office.password("Rosa"), organizers.OpenedSession)


@pytest.mark.parametrize("text", ["\x00", "a\ud800b", "x" * 100_000, "' OR 1=1 --", "🙂" * 50, ""])
def test_hostile_text_is_only_a_wrong_password_or_code(office: Office, text: str) -> None:
    office.add("Rosa")
    assert office.password("Rosa", text) == logins.LoginRefused()
    assert office.password(text, text) == logins.LoginRefused()
    half = office.half("Rosa")
    assert office.code(half.session, text) == logins.LoginRefused()
