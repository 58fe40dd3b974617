"""Reading the official status file of a bill, and refusing anything else."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.campaign.stance import Backing
from app.campaign.supporter_files import (
    MOST_BYTES,
    BillStatus,
    Unusable,
    read_bill_json,
    read_bill_status,
)
from app.campaign.words import bill_key, printed_number
from tests.campaign.conftest import SHARED
from tests.campaign_page.conftest import person_xml, status_xml
from tests.timing import done_within

FROST = Backing("F000476", "Maxwell Frost", "current", "cosponsor", date(2026, 3, 26))
QUIGLEY = Backing("Q000023", "Mike Quigley", "current", "sponsor", date(2025, 12, 18))


def read(data: bytes) -> BillStatus:
    result = read_bill_status(data)
    assert isinstance(result, BillStatus), result
    return result


def why(data: bytes) -> str:
    result = read_bill_status(data)
    assert isinstance(result, Unusable), result
    return result.what.code.removeprefix("status-")


def test_the_official_file_gives_the_shipped_list(shipped: tuple[Backing, ...]) -> None:
    found = read(status_xml(shipped))
    current = [b for b in shipped if b.bill == "current"]
    assert len(found.backings) == len(current) == 19
    for mine, theirs in zip(found.backings, current, strict=True):
        assert (mine.bioguide, mine.role, mine.day) == (theirs.bioguide, theirs.role, theirs.day)
    assert (found.kind, found.number, found.congress) == ("hr", 6890, 119)
    assert found.printed == "H.R. 6890"
    assert found.updated == date(2026, 11, 20)
    assert found.introduced == date(2025, 12, 18)


@pytest.mark.parametrize(
    ("area", "topic"), [("Education", "Education"), ("Private Legislation", ""), ("", "")]
)
def test_a_policy_area_known_to_offices_becomes_the_topic(area: str, topic: str) -> None:
    assert read(status_xml((), more=f"<policyArea><name>{area}</name></policyArea>")).topic == topic


def test_the_older_format_reads_the_same(shipped: tuple[Backing, ...]) -> None:
    assert read(status_xml(shipped, old_format=True)).backings == read(status_xml(shipped)).backings


def test_a_member_who_withdrew_is_not_a_cosponsor() -> None:
    found = read(status_xml([QUIGLEY], extra=person_xml(FROST, "2026-05-01")))
    assert [b.bioguide for b in found.backings] == ["Q000023"]
    (gone,) = found.withdrawn
    assert (gone.bioguide, gone.joined, gone.left) == ("F000476", FROST.day, date(2026, 5, 1))


def test_a_name_in_capitals_keeps_the_capitals_inside_it() -> None:
    """NM04"""
    old = """<item><bioguideId>L000585</bioguideId><fullName>Rep. LaHood, Darin [R-IL-18]</fullName>
    <firstName>DARIN</firstName><lastName>LAHOOD</lastName>
    <sponsorshipDate>2026-02-09</sponsorshipDate></item>"""
    assert [b.name for b in read(status_xml([QUIGLEY], extra=old)).backings[1:]] == ["Darin LaHood"]
    alone = old.replace("Rep. LaHood, Darin [R-IL-18]", "")
    assert read(status_xml([QUIGLEY], extra=alone)).backings[1].name == "Darin Lahood"


@pytest.mark.parametrize("again_first", [False, True])
def test_a_member_who_withdrew_and_rejoined_is_a_cosponsor(again_first: bool) -> None:
    parts = [person_xml(FROST, "2026-05-01"), person_xml(FROST)]
    found = read(status_xml([QUIGLEY], extra="".join(reversed(parts) if again_first else parts)))
    assert [b.bioguide for b in found.backings] == ["Q000023", "F000476"]
    assert found.withdrawn == ()


BOMB = b"""<?xml version="1.0"?>
<!DOCTYPE billStatus [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;">
<!ENTITY e "&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;"><!ENTITY f "&e;&e;&e;&e;&e;&e;&e;&e;&e;&e;">]>
<billStatus><bill><number>&f;</number></bill></billStatus>"""
OUTSIDE = b"""<?xml version="1.0"?><!DOCTYPE billStatus SYSTEM "file:///etc/passwd">
<billStatus><bill/></billStatus>"""
READS = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>
<billStatus><bill><number>&e;</number></bill></billStatus>"""


@pytest.mark.parametrize("data", [BOMB, OUTSIDE, READS, BOMB.replace(b"DOCTYPE", b"dOcTyPe")])
def test_a_doctype_is_refused(data: bytes) -> None:
    assert why(data) == "doctype"


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-32", "cp037", "utf-7"])
def test_no_encoding_hides_a_doctype(codec: str) -> None:
    text = BOMB.decode().replace('version="1.0"', f'version="1.0" encoding="{codec}"')
    assert why(text.encode(codec)) in ("encoding", "doctype", "xml")


def test_a_declared_encoding_is_not_trusted() -> None:
    hidden = BOMB.replace(b"<!", b"+ADwAIQ-").replace(b'"1.0"', b'"1.0" encoding="utf-7"')
    assert b"<!" not in hidden
    assert why(hidden) == "xml"


def test_a_reference_to_an_unknown_entity_is_refused() -> None:
    assert why(status_xml([QUIGLEY], extra="&boom;")) == "xml"


HOSTILE = {
    "empty": (b"", "xml"),
    "words": (b"hello", "xml"),
    "a picture": (b"\x89PNG\r\n\x1a\n\xff\xff", "encoding"),
    "cut off": (status_xml([QUIGLEY])[:600], "xml"),
    "other xml": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "other"),
    "not a bill": (b"<billStatus/>", "other"),
    "empty bill": (b"<billStatus><bill/></billStatus>", "bill"),
    "a number that is none": (status_xml([QUIGLEY], number="68x0"), "bill"),
    "a negative number": (status_xml([QUIGLEY], number="-1"), "bill"),
    "digits of another script": (status_xml([QUIGLEY], congress="١١٩"), "bill"),
    "a huge number": (status_xml([QUIGLEY], number="9" * 400), "bill"),
    "an unknown kind": (status_xml([QUIGLEY], kind="QUX"), "bill"),
    "too large": (status_xml([QUIGLEY], extra=" " * MOST_BYTES), "large"),
    "a megabyte": (b"<a>" * 350_000, "xml"),
    "deep": (b"<a>" * 100_000, "xml"),
    "an id that is none": (
        status_xml([QUIGLEY], extra=person_xml(FROST).replace("F000476", "../etc")), "person",
    ),
    "no id": (
        status_xml([QUIGLEY], extra=person_xml(FROST).replace("F000476", "")), "person",
    ),
    "a formula for a name": (
        status_xml([QUIGLEY], extra=person_xml(FROST).replace(">Maxwell", ">=cmd|'/c calc'!A1")),
        "person",
    ),
    "no day": (status_xml([QUIGLEY], extra=person_xml(FROST).replace("2026-03-26", "")), "day"),
    "a day that is none": (
        status_xml([QUIGLEY], extra=person_xml(FROST).replace("2026-03-26", "2026-02-30")), "day",
    ),
    "withdrawn on no day": (status_xml([QUIGLEY], extra=person_xml(FROST, "soon")), "day"),
    "too many people": (status_xml([QUIGLEY], extra=person_xml(FROST) * 701), "people"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused_quickly_in_little_memory(name: str) -> None:
    data, expected = HOSTILE[name]
    tracemalloc.start()
    assert done_within(0.5, lambda: why(data))
    assert why(data) == expected
    assert tracemalloc.get_traced_memory()[1] < 8 * MOST_BYTES
    tracemalloc.stop()


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reader(data: bytes) -> None:
    assert isinstance(read_bill_status(data), Unusable)


@settings(max_examples=60)
@given(st.data())
def test_no_corruption_of_a_real_file_breaks_the_reader(data: st.DataObject) -> None:
    whole = status_xml([QUIGLEY, FROST])
    at = data.draw(st.integers(0, len(whole)))
    to = data.draw(st.integers(at, len(whole)))
    found = read_bill_status(whole[:at] + data.draw(st.binary(max_size=20)) + whole[to:])
    assert isinstance(found, BillStatus | Unusable)


@pytest.mark.parametrize(("before", "after"), [(b"\n\n", b""), (b" ", b"\r\n\0\0")])
def test_blank_space_around_a_pasted_file_does_not_matter(before: bytes, after: bytes) -> None:
    """N30"""
    whole = status_xml([QUIGLEY, FROST])
    assert read(before + whole + after) == read(whole)


def test_a_printed_bill_number_becomes_a_key() -> None:
    assert bill_key("H.R. 6890") == ("hr", 6890)
    assert bill_key("S. 1336") == ("s", 1336)
    assert bill_key(None) is None
    assert bill_key("H.R. many") is None


@pytest.mark.parametrize(
    "typed",
    ["H.R. 6890", "HR 6890", "hr6890", "h.r.6890", "H. R. No. 6890", "House Bill 6890", "Hr  6890"],
)
def test_a_bill_number_is_read_in_any_spelling(typed: str) -> None:
    assert bill_key(typed) == ("hr", 6890)
    assert printed_number(typed) == "H.R. 6890"
    assert printed_number("the bill") is None
    assert printed_number("s1336") == "S. 1336"


REAL = {
    "BILLSTATUS-114sres105": ("S.Res. 105", 29, 0),
    "BILLSTATUS-117hr4350": ("H.R. 4350", 2, 0),
    "BILLSTATUS-117hr6658": ("H.R. 6658", 111, 0),
    "DEV-BILLSTATUS-115hr367": ("H.R. 367", 167, 1),
}


WRITTEN = {
    "BILLSTATUS-114sres105": (
        "A resolution recognizing the 194th anniversary of the independence of Greece and "
        "celebrating democracy in Greece and the United States.",
        "Robert Menendez",
    ),
    "BILLSTATUS-117hr4350": (
        "National Defense Authorization Act for Fiscal Year 2022", "Adam Smith",
    ),
    "BILLSTATUS-117hr6658": (
        "Protecting Family and Small Business Tax Cuts Act of 2022", "Rodney Davis",
    ),
    "DEV-BILLSTATUS-115hr367": ("Hearing Protection Act of 2017", "Jeff Duncan"),
}  # fmt: skip
"""The title that letters would print, and who introduced the bill."""


@pytest.mark.parametrize("name", REAL)
def test_real_files_in_three_formats_are_read(name: str) -> None:
    """N30"""
    path = SHARED / "data" / "billstatus" / f"{name}.xml.gz"
    found = read(gzip.decompress(path.read_bytes()))
    assert (found.printed, len(found.backings), len(found.withdrawn)) == REAL[name]
    assert found.has_sponsor
    title, sponsor = WRITTEN[name]
    assert (found.title, found.backings[0].name) == (title, sponsor)


def test_a_last_name_first_name_is_put_in_order() -> None:
    for listed, name in (
        ("Sen. King, Angus S., Jr. [I-ME]", "Angus S. King, Jr."),
        ("Rep. Norton, Eleanor Holmes [D-DC-At Large]", "Eleanor Holmes Norton"),
        ("Somebody", "Somebody"),
    ):
        one = {"bioguideId": "K000383", "fullName": listed, "sponsorshipDate": "2026-03-26"}
        found = read_bill_json(json.dumps({**API, "cosponsors": [one]}).encode())
        assert isinstance(found, BillStatus)
        assert [b.name for b in found.backings] == [name]


API = {
    "cosponsors": [
        {"bioguideId": "F000476", "firstName": "Maxwell", "lastName": "Frost",
         "fullName": "Rep. Frost, Maxwell [D-FL-10]", "isOriginalCosponsor": False,
         "sponsorshipDate": "2026-03-26"},
        {"bioguideId": "L000582", "fullName": "Rep. Lieu, Ted [D-CA-36]",
         "sponsorshipDate": "2026-05-01", "sponsorshipWithdrawnDate": "2026-06-01"},
    ],
    "pagination": {"count": 18, "countIncludingWithdrawnCosponsors": 19},
    "request": {"billNumber": "6890", "billType": "hr", "congress": "119"},
}  # fmt: skip


def test_a_congress_gov_response_is_read() -> None:
    found = read_bill_json(json.dumps(API).encode())
    assert isinstance(found, BillStatus)
    assert (found.printed, found.congress, found.announced) == ("H.R. 6890", 119, 18)
    assert found.backings == (FROST,)
    assert [w.left for w in found.withdrawn] == [date(2026, 6, 1)]
    assert not found.has_sponsor


@given(st.binary(max_size=200))
def test_no_json_breaks_the_reader(data: bytes) -> None:
    for text in (b"{" + data, b'{"cosponsors": [' + data, b"[" * 5000 + data):
        assert isinstance(read_bill_json(text), Unusable)
