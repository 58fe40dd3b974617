"""Machine-readable output conforms to its schema, and the schema matches the program."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest
from jsonschema import Draft202012Validator, ValidationError  # type: ignore[import-untyped]

from app.records.accounting import mark
from app.records.acts import STATUSES, Cause, LetterRow, State
from app.records.exports import GROUPINGS
from app.records.schemas import NAMES, schema_text
from app.records.signing import sign
from tests.counts.conftest import Add
from tests.organizers.browser import Browser
from tests.organizers.conftest import Office
from tests.records.build import SECRET, letters_of, signature

FILE = "/organize/counts/export/file?format=json&"


def checker(name: str) -> Draft202012Validator:
    schema = json.loads(schema_text(name))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def columns(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(schema_text("export"))["$defs"][name]
    return found


@pytest.fixture
def busy(add: Add, some: None, staff: Office) -> None:
    """Letters in several states, a vacant seat, two campaigns, every status."""
    add(letters=(LetterRow("CA-12", None, "vacant"), *letters_of("CA", 12)[1:]))
    add(campaign="another")
    signed = sign(staff.db, signature("marked"), SECRET)
    mark(staff.db, signed.receipt, "CA-S1", "printed")


@pytest.mark.usefixtures("busy")
@pytest.mark.parametrize("query", ["", "status=every&campaign=(all)", "state=CA&source=(none)"])
def test_every_json_file_matches_its_schema(browser: Browser, query: str) -> None:
    known = checker("export")
    wanted = [f"by={by}" for by in GROUPINGS] + ["shape=signatures", "shape=letters"]
    for what in wanted:
        response = browser.client.get(f"{FILE}{what}&{query}")
        document = json.loads(response.data)
        known.validate(document)
        assert document["rows"], what
        assert response.headers["Link"] == '</schemas/export.json>; rel="describedby"'
        names = [column["name"] for column in document["columns"]]
        assert all(list(row) == names for row in document["rows"])


def test_an_empty_json_file_matches_its_schema(browser: Browser) -> None:
    for what in ("by=state", "shape=letters"):
        checker("export").validate(json.loads(browser.client.get(FILE + what).data))


@pytest.mark.usefixtures("busy")
def test_an_unknown_field_or_value_fails_the_schema(browser: Browser) -> None:
    document = json.loads(browser.client.get(f"{FILE}shape=letters").data)
    known = checker("export")
    for change in (
        {"handed_over": "delivered"}, {"name": None}, {"phone": "x"}, {"district": "CA-AL"},
    ):  # fmt: skip
        broken = {**document, "rows": [{**document["rows"][0], **change}]}
        with pytest.raises(ValidationError):
            known.validate(broken)
    about = {k: v for k, v in document["about"].items() if k != "definition: held"}
    with pytest.raises(ValidationError):
        known.validate({**document, "about": about})


def test_the_schema_lists_the_codes_values() -> None:
    schema = json.loads(schema_text("export"))
    assert schema["$defs"]["status"]["enum"] == list(STATUSES)
    assert schema["$defs"]["known"]["enum"] == list(get_args(State))
    assert columns("letter")["properties"]["handed_over_cause"]["enum"] == list(get_args(Cause))
    assert set(GROUPINGS) - {"way"} <= set(columns("count")["properties"])


def test_the_public_counts_match_their_schema(browser: Browser, add: Add) -> None:
    for _ in range(7):
        add()
    document = json.loads(browser.client.get("/counts.json").data)
    checker("counts").validate(document)
    assert document["by_state"][0]["at_least"] == 5
    schema = json.loads(schema_text("counts"))
    assert list(document) == list(schema["properties"]) == schema["required"]
    with pytest.raises(ValidationError):
        checker("counts").validate({**document, "names": []})
    with pytest.raises(ValidationError):
        checker("counts").validate(
            {**document, "by_state": [{**document["by_state"][0], "at_least": 6}]}
        )


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_can_be_fetched_cross_origin(browser: Browser, name: str) -> None:
    response = browser.client.get(f"/schemas/{name}.json")
    assert response.mimetype == "application/schema+json"
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert response.text == schema_text(name)
    assert "Set-Cookie" not in response.headers


@pytest.mark.parametrize("name", ["x", "export.json", "..%2fschemas%2fexport", "%00", "__init__"])
def test_unknown_schemas_are_not_found(browser: Browser, name: str) -> None:
    assert browser.client.get(f"/schemas/{name}.json").status_code == 404
