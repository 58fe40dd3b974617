"""Passwords, codes and tokens."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.records import credentials
from app.records.credentials import HashCost
from app.text import fold_digits
from tests.organizers.conftest import CHEAP, SECRET

NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


def test_a_password_is_hashed_with_argon2id_and_the_given_parameters() -> None:
    kept = credentials.hash_password("correct horse battery", CHEAP)
    assert kept.startswith("$argon2id$v=19$m=8,t=1,p=1$")
    assert credentials.check_password(kept, "correct horse battery", CHEAP)
    assert not credentials.check_password(kept, "correct horse batterz", CHEAP)


def test_the_default_parameters_meet_the_owasp_minimum() -> None:
    ours = HashCost()
    assert ours.memory >= 19 * 1024
    assert ours.time >= 2


def test_passwords_match_across_unicode_normalization_forms() -> None:
    kept = credentials.hash_password("contrase\u00f1a larga", CHEAP)
    assert credentials.check_password(kept, "contrasen\u0303a larga", CHEAP)


@settings(max_examples=30, deadline=None)
@given(st.text(min_size=0, max_size=60))
def test_any_text_can_be_tried_as_a_password(text: str) -> None:
    kept = credentials.hash_password("correct horse battery", CHEAP)
    assert not credentials.check_password(kept, text + "?", CHEAP)
    assert not credentials.check_password(None, text, CHEAP)


def test_a_damaged_hash_lets_no_one_in() -> None:
    assert not credentials.check_password("$argon2id$damaged", "anything at all", CHEAP)
    assert not credentials.check_password("", "", CHEAP)


def test_an_account_without_a_password_takes_as_long_as_a_wrong_one() -> None:
    cost = HashCost(time=2, memory=2048)
    kept = credentials.hash_password("correct horse battery", cost)

    def took(hashed: str | None) -> float:
        start = time.process_time()
        credentials.check_password(hashed, "wrong horse battery", cost)
        return time.process_time() - start

    known, unknown = map(min, zip(*((took(kept), took(None)) for _ in range(15)), strict=True))
    assert 0.5 < unknown / known < 2


@pytest.mark.parametrize(
    ("password", "problem"),
    [
        ("elevenchars", "short"),
        ("", "short"),
        ("x" * 600, "long"),
        ("aaaaaaaaaaaaaaaa", "simple"),
        ("abababababababab", "simple"),
        ("Rosa Delgado 12", "name"),
        ("correct horse battery", None),
        ("pásale a la cocina", None),
    ],
)
def test_a_new_password_must_be_long_and_not_a_pattern(password: str, problem: str | None) -> None:
    assert credentials.password_problem(password, "Rosa Delgado") == problem


def test_the_second_factors_secret_is_unreadable_without_the_sites_secret() -> None:
    secret = pyotp.random_base32()
    sealed = credentials.seal_totp(SECRET, secret)
    assert secret.encode() not in sealed
    assert credentials.open_totp(SECRET, sealed) == secret
    assert credentials.open_totp(b"another site's secret, as long as it", sealed) is None
    assert credentials.open_totp(SECRET, sealed[:-1] + bytes([sealed[-1] ^ 1])) is None


@pytest.mark.parametrize("seconds", [-30, 0, 30])
def test_a_code_one_step_early_or_late_is_accepted(seconds: int) -> None:
    """N38"""
    secret = pyotp.random_base32()
    code = pyotp.TOTP(secret).at(NOON + timedelta(seconds=seconds))
    step = credentials.totp_step(secret, code, NOON)
    assert step == (int(NOON.timestamp()) + seconds) // 30


@pytest.mark.parametrize("seconds", [-90, 90, 3600])
def test_a_code_further_off_is_refused(seconds: int) -> None:
    """N38"""
    secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
    code = pyotp.TOTP(secret).at(NOON + timedelta(seconds=seconds))
    assert credentials.totp_step(secret, code, NOON) is None


@given(st.text(max_size=12))
def test_any_text_can_be_tried_as_a_code(text: str) -> None:
    secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
    right = {pyotp.TOTP(secret).at(NOON + timedelta(seconds=s)) for s in (-30, 0, 30)}
    typed = re.sub(r"[\s.-]", "", fold_digits(text))
    assert (credentials.totp_step(secret, text, NOON) is not None) == (typed in right)


@pytest.mark.parametrize("write", [
    lambda code: f"{code[:3]} {code[3:]}", lambda code: f"{code[:3]}-{code[3:]}",
    lambda code: code.translate({ord("0") + n: 0xFF10 + n for n in range(10)}),
    lambda code: code.translate({ord("0") + n: 0x0660 + n for n in range(10)}),
])  # fmt: skip
def test_a_code_is_read_as_apps_and_keyboards_write_it(write: Callable[[str], str]) -> None:
    """N38"""
    secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
    code = pyotp.TOTP(secret).at(NOON)
    assert credentials.totp_step(secret, write(code), NOON) is not None


def test_a_colon_in_a_name_does_not_divide_the_authenticators_entry() -> None:
    uri = credentials.totp_uri("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", "a:b", "Faith: Community")
    found = pyotp.parse_uri(uri)
    assert (found.name, found.issuer) == ("ab", "Faith Community")


def test_there_are_ten_distinct_readable_recovery_codes() -> None:
    codes = credentials.new_recovery_codes()
    assert len(set(codes)) == 10
    for code in codes:
        assert len(code) == 11
        assert not set(code) & set("0O1IL")
        typed = code.lower().replace("-", " ")
        assert credentials.recovery_hash(SECRET, typed) == credentials.recovery_hash(SECRET, code)
        assert credentials.looks_like_recovery_code(typed)
    assert not credentials.looks_like_recovery_code("123 456")
