"""A letter edited by hand remembers what it was made from, and is not signed silently when
something of that has changed since."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from app.site.settings import Settings
from tests.web.lint import Client, Html
from tests.web.resident import GLOUCESTER, Form, Resident, form_with, sheets
from tests.web.stored import counts

SEAT = "MA-S1"
MINE = "My neighbor Rosa Luna has no papers.\n\nPlease act."
CHANGES: dict[str, dict[str, list[str]]] = {
    "story": {"story": ["Something harmless."]},
    "first name": {"first": ["Saoirse"]},
    "last name": {"last": ["Byrne"]},
    "street": {"street": ["9 Oak St"]},
    "town": {"city": ["Rockport"]},
    "kind of letter": {"template": ["public-safety"]},
}


@pytest.fixture
def resident(client: Client) -> Resident:
    return Resident(client)


def edited(resident: Resident, seat: str = SEAT, words: str = MINE) -> Html:
    form = resident.reviewing(*GLOUCESTER).form()
    return resident.review({**form, f"words-{seat}": [words]})


def back_with(resident: Resident, page: Html, **changes: list[str]) -> Form:
    """The writing page again, with something on it changed."""
    return {**resident.client.post("/write", page.form()).form(), **changes}


def asks(page: Html, seat: str = SEAT) -> bool:
    return any(e.get("id") == f"choose-{seat}" for e in page.all("div"))


def letter_to(page: Html, seat: str) -> str:
    return page.form()[f"words-{seat}"][0].replace("\r\n", "\n").strip()


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_changing_an_edited_letters_inputs_forces_a_choice_before_signing(
    resident: Resident, settings: Settings, change: dict[str, list[str]]
) -> None:
    page = edited(resident)
    assert not asks(page)
    review = resident.review(back_with(resident, page, **change))
    assert asks(review)
    assert letter_to(review, SEAT) == MINE
    assert not asks(review, "MA-S2")
    stopped = resident.sign(review.form(), 409)
    assert asks(stopped)
    assert counts(settings) == (0, 0)
    # It keeps asking until there is an answer, whatever else is pressed.
    again = resident.sign(resident.review(stopped.form()).form(), 409)
    address, form = form_with(again, keep=SEAT)
    kept = resident.client.post(address, form)
    assert not asks(kept)
    assert letter_to(kept, SEAT) == MINE
    resident.sign(kept.form())
    assert counts(settings) == (1, 3)


def test_a_recomposed_letter_has_the_change_and_none_of_the_edited_words(
    resident: Resident, settings: Settings
) -> None:
    story = ["Something harmless."]
    review = resident.review(back_with(resident, edited(resident), story=story))
    address, form = form_with(review, undo=SEAT)
    anew = resident.client.post(address, form)
    assert not asks(anew)
    assert all("Something harmless." in words for words in sheets(anew))
    assert not any("Rosa" in words for words in sheets(anew))
    taken = resident.sign(anew.form())
    assert "Rosa" not in taken.words
    assert counts(settings) == (1, 3)


def test_a_move_to_another_town_forces_the_choice_too(resident: Resident) -> None:
    page = edited(resident, "MA-6")
    form = resident.client.post("/write", page.form()).form()
    moved = {"mail_zip": ["01923"], "city": ["Danvers"]}
    review = resident.review({**form, **moved})
    assert asks(review, "MA-6")


def test_a_move_to_another_state_has_letters_to_its_members_and_none_of_the_edited_words(
    resident: Resident, settings: Settings
) -> None:
    form = resident.client.post("/write", edited(resident).form()).form()
    kept = {n: v for n, v in form.items() if n.startswith(("words-", "from-"))}
    assert kept[f"words-{SEAT}"] == [MINE]
    there = {**resident.filled(resident.writing("82001", "WY"), city="Cheyenne"), **kept}
    review = resident.review(there)
    assert len(sheets(review)) == 3
    assert not asks(review)
    assert not any("Rosa" in words for words in sheets(review))
    taken = resident.sign(review.form())
    assert "Rosa" not in taken.words


@pytest.mark.parametrize("value", ["", "0" * 16, "x"])
def test_a_missing_or_wrong_digest_forces_the_choice(resident: Resident, value: str) -> None:
    form = edited(resident).form()
    assert asks(resident.sign({**form, f"from-{SEAT}": [value]}, 409))


def test_no_change_asks_for_no_choice(resident: Resident, settings: Settings) -> None:
    page = edited(resident)
    review = resident.review(back_with(resident, page))
    assert not asks(review)
    resident.sign(review.form())
    assert counts(settings) == (1, 3)


@examples(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    field=st.sampled_from(["story", "first", "last", "street", "street2", "city"]),
    value=st.text(st.sampled_from("abc ÀŠç一.,'-"), min_size=1, max_size=20),
)
def test_any_field_whose_clean_value_changes_forces_the_choice(
    client: Client, field: str, value: str
) -> None:
    resident = Resident(client)
    page = edited(resident)
    before = page.form().get(field, [""])[0]
    response = client.flask.post("/review", data=back_with(resident, page, **{field: [value]}))
    if response.status_code == 422:
        return  # refused beside its field, so there is nothing to choose yet
    review = Html(response.text)
    assert asks(review) == (review.form().get(field, [""])[0] != before)


def test_a_letter_of_nothing_but_a_link_has_a_limit_too(resident: Resident) -> None:
    # An office's form gets no links, so they are not counted there; but the PDF prints them.
    form = resident.reviewing(*GLOUCESTER).form()
    short = resident.review({**form, f"words-{SEAT}": [f"{MINE} " + "www." * 100]})
    assert "Shorten it to" not in short.words
    page = resident.review({**form, f"words-{SEAT}": ["www." * 10_000]}, status=422)
    assert "Shorten it to" in page.words


def test_the_box_counts_characters_like_the_office_and_has_its_limit(
    resident: Resident,
) -> None:
    page = edited(resident)
    box = page.one("textarea", id=f"words-{SEAT}")
    limit = int(box.get("data-limit") or 0)
    room = limit - int(box.get("data-extra") or 0)
    fits = resident.review({**page.form(), f"words-{SEAT}": ["x" * room]})
    assert f"{limit:,} of {limit:,} characters" in fits.words
    over = resident.review({**page.form(), f"words-{SEAT}": ["x" * (room + 1)]}, 422)
    assert over.one("textarea", id=f"words-{SEAT}").get("aria-invalid") == "true"
    assert limit <= 10_000


def test_only_an_office_with_a_small_form_gets_the_short_letter(
    resident: Resident,
) -> None:
    page = resident.reviewing("20190", "VA", story="")  # Senator Warner's form takes 500
    lengths = {s: len(w) for s, w in ((n, page.form()[n][0]) for n in page.form()
               if n.startswith("words-"))}  # fmt: skip
    small = [s for s in lengths if int(page.one("textarea", id=s).get("data-limit") or 0) <= 1000]
    assert len(small) == 1
    assert all(lengths[small[0]] < length for s, length in lengths.items() if s not in small)
    assert "Short, for this office’s small form" in page.words
    assert "too long for this office" not in page.words
