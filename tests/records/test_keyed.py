"""Codes and encryption require the secret, and work for one purpose only."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.records.keyed import keyed_code, keyed_token, lock, unlock

SECRET = b"a secret of this site"
TEXTS = st.text(max_size=6)
PARTS = st.lists(st.one_of(TEXTS, st.sampled_from(["\0", "\ud800", '"', "a, b"])), max_size=3)


@given(PARTS, PARTS)
def test_two_lists_of_parts_share_a_code_only_if_they_are_equal(
    one: list[str], other: list[str]
) -> None:
    codes = keyed_code(SECRET, "test", *one), keyed_code(SECRET, "test", *other)
    assert (codes[0] == codes[1]) == (one == other)
    assert len(codes[0]) == 32


@given(TEXTS, TEXTS)
def test_another_purpose_or_secret_gives_another_code(purpose: str, text: str) -> None:
    code = keyed_code(SECRET, purpose, text)
    assert code != keyed_code(SECRET, purpose + "2", text)
    assert code != keyed_code(b"another" + SECRET, purpose, text)
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", keyed_token(SECRET, purpose, text))


def test_an_empty_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="receipt"):
        keyed_code(b"", "receipt", "x")
    with pytest.raises(ValueError, match="mail"):
        lock(b"x", b"", "mail")


@given(st.binary(max_size=40))
def test_locked_data_unlocks_only_with_its_secret_and_purpose(plain: bytes) -> None:
    locked = lock(plain, SECRET, "mail")
    assert unlock(locked, SECRET, "mail") == plain
    assert unlock(locked, SECRET, "letters") is None
    assert unlock(locked, b"another" + SECRET, "mail") is None
    assert unlock(locked[:-1], SECRET, "mail") is None
    assert unlock(bytes([locked[0] ^ 1]) + locked[1:], SECRET, "mail") is None


@given(st.binary(max_size=60))
def test_forged_bytes_do_not_unlock(made_up: bytes) -> None:
    assert unlock(made_up, SECRET, "mail") is None
