"""Any input: a message next to the field, everything typed kept, and never a server error."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from app.congress.places import other_state_in, other_zip_in, parse_district
from app.main import create_app
from app.records.organizers import level
from app.site.settings import Settings
from app.text import clean_line, clean_text, plain
from app.web.resident.draft import (
    TEXT_FIELDS,
    Draft,
    WriteForm,
    as_form_data,
    choices,
    fingerprint,
    is_valid,
    read_draft,
)
from tests.web.conftest import Clock
from tests.web.lint import Client, Html, words
from tests.web.resident import PERSON, Resident, form_with

PATHS = (
    "/find",
    "/write",
    "/address",
    "/review",
    "/sign",
    "/take",
    "/print",
    "/letters.pdf",
    "/mark",
)
NAMES = (
    *TEXT_FIELDS, "token", "website", "to", "words-MA-6", "shown-MA-6", "office-MA-6", "only",
    "undo", "use", "relocate", "lookup", "did", "tongue", "in_language", "words-", "office-XX-99",
)  # fmt: skip
TEXTS = st.one_of(
    st.text(max_size=60),
    st.sampled_from([
        "", " ", "\x00", "\ufeff", "\u202e", "0", "-1", "1e9", "None", "{{ 7*7 }}", "{% if %}",
        "' OR 1=1 --", "<script>", "../../etc/passwd", "%s%n", "٣", "９", "\r\nSet-Cookie: a=b",
        "MA", "01930", "MA-6", "washington", "1", "street", "\ud7ff", "\U0010ffff", "é" * 300,
    ]),
)  # fmt: skip
FORMS = st.lists(st.tuples(st.sampled_from(NAMES), TEXTS), max_size=14)


@cache
def client() -> Client:
    """One site for all examples; Hypothesis does not need a fresh one each time."""
    folder = Path(tempfile.mkdtemp())
    given = Settings(
        instance=folder, street_lookup=False, secret_key=b"s" * 32, person_key=b"p" * 32,
        limits=False, form_seconds=0,
    )  # fmt: skip
    app = create_app(given, clock=Clock())
    app.testing = True
    return Client(app.test_client())


@cache
def filled() -> tuple[tuple[str, tuple[str, ...]], ...]:
    review = Resident(client()).reviewing("01930", "MA")
    return tuple((name, tuple(values)) for name, values in review.form().items())


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(path=st.sampled_from(PATHS), pairs=FORMS, spanish=st.booleans())
def test_no_form_causes_a_server_error(
    path: str, pairs: list[tuple[str, str]], spanish: bool
) -> None:
    url = f"/es{path}" if spanish else path
    response = client().flask.post(url, data=MultiDict(pairs))
    assert response.status_code < 500
    assert "Traceback" not in response.get_data(as_text=True)


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(path=st.sampled_from(PATHS[1:]), changes=FORMS)
def test_no_change_to_a_valid_form_causes_a_server_error(
    path: str, changes: list[tuple[str, str]]
) -> None:
    form: dict[str, list[str]] = {name: list(values) for name, values in filled()}
    for name, value in changes:
        form[name] = [value]
    response = client().flask.post(path, data=form)
    assert response.status_code < 500


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(story=st.text(max_size=400), first=st.text(max_size=40), street=st.text(max_size=60))
def test_a_rejected_form_returns_its_input(story: str, first: str, street: str) -> None:
    person = {**PERSON, "story": story, "first": first, "street": street, "city": ""}
    form = {"zip": "01930", "state": "MA", "mail_zip": "01930", "mail_state": "MA", **person,
            "template": "general"}  # fmt: skip
    response = client().flask.post("/review", data=form)
    assert response.status_code == 422
    page = Html(response.text)
    assert page.form().get("story", [""]) == [clean_text(story)]
    assert page.one("input", id="first").get("value") == clean_line(first)
    assert page.one("input", id="street").get("value") == clean_line(street)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"\xff\xfe=%ff&zip=%00%ed%a0%80", "application/x-www-form-urlencoded"),
        (b'{"zip": ["01930"]}', "application/json"),
        (b'--x\r\nContent-Disposition: form-data; name="zip"; filename="a"\r\n\r\n01930\r\n--x--',
         "multipart/form-data; boundary=x"),
        (b"--x\r\nbroken", "multipart/form-data; boundary=x"),
        (b"", "multipart/form-data"),
        (b"zip=01930&zip=94110&story=" + b"%00" * 900, "application/x-www-form-urlencoded"),
    ],
)  # fmt: skip
def test_bodies_that_are_not_forms_cause_no_server_error(path: str, data: bytes, kind: str) -> None:
    response = client().flask.post(path, data=data, content_type=kind)
    assert response.status_code < 500


@pytest.mark.parametrize("name", ["city", "street", "street2"])
def test_half_a_megabyte_of_commas_is_read_like_any_other_text(name: str) -> None:
    """It once took hours, during which its process answered no one."""
    typed = "Stowe" + "," * 500_000 + "Hill"
    draft = read_draft(MultiDict({**PERSON, name: typed}))
    assert getattr(draft, name) == typed
    assert other_zip_in(typed, "05672") == other_state_in(typed, "VT") == ""


@pytest.mark.parametrize("name", ["city", "street", "story", "email"])
def test_half_a_megabyte_of_accents_is_read_like_any_other_text(name: str) -> None:
    """Sorting them into canonical order once took minutes."""
    draft = read_draft(MultiDict({**PERSON, name: "a" + "\u0323\u0301" * 250_000}))
    assert getattr(draft, name) == "\u1ea1\u0323\u0323\u0323\u0323"


@pytest.mark.parametrize("pair", ["\u0323\u0301", "\uff9e\u0323", "\u0f73\u0301"])
def test_a_name_with_half_a_megabyte_of_accents_is_compared(pair: str) -> None:
    typed = "Ana " + pair * 250_000
    assert plain(typed).startswith("ana ")
    assert level(typed).startswith("ana ")


@pytest.mark.parametrize("between", ["-", " ", "0", " -"])
def test_half_a_megabyte_before_a_district_is_read_like_any_other_text(between: str) -> None:
    assert parse_district(f"IL{between * 250_000}5") == ("IL", 5)
    assert parse_district(f"IL{between * 250_000}x") is None


@pytest.mark.parametrize("name", ["district", "congress"])
def test_a_number_of_thousands_of_digits_causes_no_server_error(name: str) -> None:
    form = {"zip": "98101", "state": "WA", "district": "7", "congress": "119", name: "9" * 5000}
    assert client().flask.post("/write", data=form).status_code == 200


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("Boston, MA", "Boston"), ("Boston MA 02108-1234", "Boston"), ("Boston, Mass.", "Boston"),
     ("Boston, VT", "Boston, VT"), ("MA", "MA"), ("New York", "New York")],
)  # fmt: skip
def test_a_state_typed_after_the_town_is_dropped(typed: str, kept: str) -> None:
    data = MultiDict({"city": typed, "mail_state": "MA"})
    assert read_draft(data).city == kept


@pytest.mark.parametrize(
    "typed", ["12 Main St, Boston, MA 02108", "12 Main St, boston, Mass.", "12 Main St, Boston"]
)
def test_a_town_typed_after_the_street_is_dropped(typed: str) -> None:
    data = MultiDict({"street": typed, "city": "Boston, MA", "mail_state": "MA"})
    assert read_draft(data).street == "12 Main St"
    assert read_draft(MultiDict({"street": typed, "city": "Acton", "mail_state": "MA"})).street == (
        typed
    )


@pytest.mark.parametrize("town", [".", "-", "01930"])
def test_a_town_without_a_letter_is_refused(town: str) -> None:
    form = {**{name: list(values) for name, values in filled()}, "city": [town]}
    response = client().flask.post("/review", data=form)
    assert response.status_code == 422
    assert Html(response.text).one("input", id="city").get("aria-invalid") == "true"


def test_the_first_value_of_a_repeated_field_counts() -> None:
    draft = read_draft(MultiDict([("zip", "01930"), ("zip", "94110")]))
    assert draft.zip == "01930"


@settings(max_examples=150)
@given(
    name=st.sampled_from(sorted(WriteForm().data.keys() - {"template", "token"})),
    typed=st.sampled_from(["", " ", ".", "x", "MA", "AE", "ZZ", "01930", "1", "a@b.example", "é@b"])
    | st.integers(55, 130).map("a".__mul__)
    | st.just("a" * 10_001),
)
def test_draft_checks_agree_with_the_form(name: str, typed: str) -> None:
    good = {**PERSON, "city": "Gloucester", "mail_state": "MA", "mail_zip": "01930"}
    sound = Draft(**good, template="general", to=("MA-6",))  # type: ignore[arg-type]
    changed = {name: typed} if name != "to" else {"to": (typed,) if typed.strip() else ()}
    draft = replace(sound, **changed)
    with client().flask.application.test_request_context("/"):
        form = WriteForm(as_form_data(draft), meta={"csrf": False})
        form.template.choices = choices([(draft.template, "")])
        assert is_valid(sound)
        assert is_valid(draft) == form.validate()


def test_whitespace_alone_does_not_count_as_an_edit() -> None:
    body = "One.\n\nTwo."
    for typed in (body, "One.\r\n\r\nTwo.\r\n", "One. \n\n\n\nTwo."):
        data = MultiDict([("words-MA-6", typed), ("shown-MA-6", fingerprint(body))])
        assert not read_draft(data).words
    data = MultiDict([("words-MA-6", "One.\n\nThree."), ("shown-MA-6", fingerprint(body))])
    assert read_draft(data).words == {"MA-6": "One.\n\nThree."}


@pytest.mark.parametrize("raw", [b"Zo%E8", b"Zo\xe8", b"Zo%C3%A8", "Zoè".encode()])
def test_a_form_in_an_older_encoding_is_decoded(raw: bytes) -> None:
    body = b"zip=01930&state=MA&first=" + raw + b"&story=%93ours%94"
    kind = "application/x-www-form-urlencoded"
    response = client().flask.post("/write", data=body, content_type=kind)
    page = Html(response.text)
    assert page.form()["first"] == ["Zoè"]
    assert "".join(page.by_id("story").itertext()) == "“ours”"


@pytest.mark.parametrize("name", ["\u200b", "\u2060\u3164", "\ufffe", "...", "12", "🐢"])
@pytest.mark.parametrize("field", ["first", "last"])
def test_a_name_without_a_letter_is_an_error_at_its_field(field: str, name: str) -> None:
    resident = Resident(client())
    form = resident.filled(resident.writing("01930", "MA"), **{field: name})
    if field == "last" and not clean_line(name):
        resident.review(form)  # nothing was typed there, which is allowed
        return
    page = resident.review(form, 422)
    in_letters = " in letters" if clean_line(name) else ""
    assert f"Enter your {field} name{in_letters}" in words(page.by_id(f"{field}-error"))
    assert page.one("input", id=field).get("aria-invalid") == "true"


@pytest.mark.parametrize(
    "typed",
    ["mailto:ana@example.org", "<ana@example.org>,", "ana@example.org;", "ana\u200b@example.org"],
)
def test_text_pasted_around_an_email_address_is_removed(typed: str) -> None:
    """N24"""
    resident = Resident(client())
    page = resident.reviewing("01930", "MA", email=typed)
    assert page.form()["email"] == ["ana@example.org"]


@pytest.mark.parametrize("typed", [".imani@example.org", "imani@-example.org", "jörg@example.org",
                                   "a..b@example.org", "none@none.com", "No-Email@gmail.com",
                                   "sincorreo@example.org"])  # fmt: skip
def test_an_undeliverable_email_address_is_refused_at_its_field(typed: str) -> None:
    """N24"""
    resident = Resident(client())
    page = resident.review(resident.filled(resident.writing("01930", "MA"), email=typed), 422)
    assert page.one("input", id="email").get("aria-invalid") == "true"


@pytest.mark.parametrize(
    ("domain", "meant"), [("gmail.con", "gmail.com"), ("yaho.com", "yahoo.com")]
)
def test_a_likely_domain_typo_is_questioned_and_blocks_nothing(domain: str, meant: str) -> None:
    """N25"""
    resident = Resident(client())
    page = resident.reviewing("01930", "MA", email=f"ana@{domain}")
    assert page.form()["email"] == [f"ana@{domain}"]
    address, form = form_with(page, meant=f"ana@{meant}")
    taken = resident.client.post(address, form)
    assert taken.form()["email"] == [f"ana@{meant}"]
    assert "Did you mean" not in taken.words
    beside = resident.client.post("/address", page.form())
    assert f"Did you mean ana@{meant}?" in beside.words
    address, form = form_with(beside, meant=f"ana@{meant}")
    field = resident.client.post(address, form).one("input", id="email")
    assert field.get("value") == f"ana@{meant}"


@pytest.mark.parametrize("domain", ["gmail.co", "mailo.com", "example.org"])
def test_other_domains_are_not_questioned(domain: str) -> None:
    """N25"""
    page = Resident(client()).reviewing("01930", "MA", email=f"ana@{domain}")
    assert "Did you mean" not in page.words


def test_the_story_counter_uses_the_smallest_form() -> None:
    page = Resident(client()).telling("20190", "VA")
    assert "the form of Senator Mark R. Warner, the smallest" in page.words
    assert 0 < int(page.by_id("story-room").get("data-limit") or 0) < 500
    assert not [e for e in Resident(client()).telling("01930", "MA").all("p")
                if e.get("id") == "story-room" and e.get("data-limit") == "0"]  # fmt: skip
