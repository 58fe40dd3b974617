"""The optional proof of work: bound to one form, and never in a person's way."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.records.holding import held_page
from app.web.proof import proves

from .web import Site, site

BITS = 16  # few enough to compute, too many for "1" to be a proof by chance


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path, proof_of_work=BITS, limits=False) as made:
        yield made


def solved(form: dict[str, list[str]], bits: int = BITS) -> dict[str, list[str]]:
    nonce = form["token"][0].split(".")[0]
    number = next(n for n in count() if proves(nonce, str(n), bits))
    return {**form, "proof": [str(number)]}


@pytest.mark.parametrize("lang", ["en", "es"])
def test_a_signature_with_its_proof_counts_on_the_first_submission(here: Site, lang: str) -> None:
    page = here.review(lang)
    assert page.one("p", id="proof-words").get("data-bits") == str(BITS)
    here.sign(solved(page.form()), lang=lang)
    assert here.statuses() == ["counted"]


@pytest.mark.parametrize("lang", ["en", "es"])
@pytest.mark.parametrize("proof", [None, [""], ["nonsense"], ["-1"], ["0" * 40], ["1", "2"]])
def test_a_second_submission_without_a_proof_holds_the_signature(
    here: Site, lang: str, proof: list[str] | None
) -> None:
    form = {**here.form(lang), "proof": proof or []}
    step = here.sign(form, 422, lang)
    assert ("Press the button again" if lang == "en" else "Oprima el botón otra vez") in step.words
    assert ("continue without" if lang == "en" else "continuar sin ella") in step.words
    assert here.statuses() == []
    taken = here.sign({**step.form(), "proof": proof or []}, lang=lang)
    assert here.statuses() == ["held"]
    assert ("Not counted yet" if lang == "en" else "Todavía no se cuenta") in taken.words
    assert [row.reason for row in held_page(here.db, here.settings.campaign).rows] == ["no proof"]


def test_a_proof_sent_with_the_second_submission_is_accepted(here: Site) -> None:
    step = here.sign(here.form(), 422)
    here.sign(solved(step.form()))
    assert here.statuses() == ["counted"]


def test_a_proof_does_not_clear_another_suspicion(here: Site) -> None:
    step = here.sign(solved({**here.form(), "website": ["x"]}), 422)
    here.sign({**step.form(), "website": [""]})
    assert here.statuses() == ["held"]


def test_a_proof_is_valid_only_for_its_own_form(here: Site) -> None:
    first = solved(here.form(first="Ana"))
    here.sign(first)
    other = here.form(first="Luis")
    number = int(first["proof"][0])
    nonce = other["token"][0].split(".")[0]
    if not proves(nonce, str(number), BITS):  # one in 65,536 does
        here.sign({**other, "proof": first["proof"]}, 422)
    # The same form again counts once, with or without a proof.
    here.sign(first)
    assert here.statuses() == ["counted"]


def test_with_proof_of_work_off_nothing_of_it_is_on_the_page(tmp_path: Path) -> None:
    with site(tmp_path, limits=False) as here:
        page = here.review()
        assert "proof" not in page.form()
        assert not [e for e in page.all("p") if (e.get("id") or "").startswith("proof")]
        assert not [e for e in page.all("script") if "proof" in (e.get("src") or "")]
        here.sign(page.form())
        assert here.statuses() == ["counted"]


@given(nonce=st.text(max_size=50), number=st.text(max_size=20), bits=st.integers(1, 22))
def test_any_proof_text_is_judged_without_an_exception(nonce: str, number: str, bits: int) -> None:
    if proves(nonce, number, bits):
        digest = hashlib.sha256(f"{nonce}:{number}".encode("ascii", "replace")).hexdigest()
        assert int(digest, 16) < 2 ** (256 - bits)
        assert number.isdecimal()
