"""The offices' own delivery format: every rule of its table, for both chambers."""

from __future__ import annotations

import dataclasses
import re
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from app.campaign.entities import TOPICS, Letter, Writer
from app.congress.model import DELEGATE_AREAS, STATES, Chamber, Seat
from app.cwc.message import (
    SENATE_PREFIXES,
    BillRef,
    CwcMessage,
    FieldProblem,
    MessageParts,
    NotReady,
    bill_ref,
    check_agent,
    message_parts,
    missing,
    office_code,
    schema_errors,
    to_message,
)
from app.text import clean_line, clean_text

from .letters import (
    AGENT,
    DELIVERY_ID,
    FRAME,
    HOUSE,
    SENATE,
    STORY,
    TODAY,
    campaign,
    letter,
    writer,
)


def parts_for(seat: Seat = HOUSE, **changes: Any) -> MessageParts:
    found = message_parts(campaign(), letter(seat), today=TODAY)
    assert isinstance(found, MessageParts)
    return dataclasses.replace(found, **changes)


def write(parts: MessageParts, person: Writer | None = None, **options: bool) -> CwcMessage:
    made = to_message(
        parts,
        person or writer(),
        AGENT,
        delivery_id=DELIVERY_ID,
        today=TODAY,
        **options,
    )
    assert isinstance(made, CwcMessage), made
    assert schema_errors(made.xml) == ()
    return made


def refused(parts: MessageParts, person: Writer) -> tuple[str, ...]:
    made = to_message(parts, person, AGENT, delivery_id=DELIVERY_ID, today=TODAY)
    assert isinstance(made, NotReady)
    assert all(reason.message and reason.field for reason in made.reasons)
    return made.fields


def text(message: CwcMessage, path: str) -> str | None:
    return etree.fromstring(message.xml).findtext(path)


def test_a_house_message_has_every_required_field_in_order() -> None:
    message = write(parts_for())
    root = etree.fromstring(message.xml)
    assert [(e.tag, (e.text or "").strip()) for e in root.iter(etree.Element)] == [
        ("CWC", ""), ("CWCVersion", "2.0"), ("Delivery", ""), ("DeliveryId", DELIVERY_ID),
        ("DeliveryDate", "20261125"), ("DeliveryAgent", "Example Letters, Inc."),
        ("DeliveryAgentAckEmailAddress", "cwc@letters.example"), ("DeliveryAgentContact", ""),
        ("DeliveryAgentContactName", "Robin Example"),
        ("DeliveryAgentContactEmail", "robin@letters.example"),
        ("DeliveryAgentContactPhone", "202-555-0147"), ("Organization", "Neighbors Example"),
        ("CampaignId", parts_for().campaign_id), ("Recipient", ""), ("MemberOffice", "HCA12"),
        ("IsResponseRequested", "Y"), ("NewsletterOptIn", "N"), ("Constituent", ""),
        ("Prefix", "Ms."), ("FirstName", "Siobhán"), ("LastName", "O'Dell & Söhne <x>"),
        ("Address1", "88 Heron St"), ("City", "Oakland"), ("StateAbbreviation", "CA"),
        ("Zip", "94601"), ("Phone", "202-555-0147"),
        ("Email", "o'dell+parks.2026@example.museum"), ("Message", ""),
        ("Subject", "Please cosponsor H.R. 6890"), ("LibraryOfCongressTopics", ""),
        ("LibraryOfCongressTopic", "Immigration"), ("Bills", ""), ("Bill", ""),
        ("BillCongress", "119"), ("BillTypeAbbreviation", "hr"), ("BillNumber", "6890"),
        ("ProOrCon", "Pro"), ("OrganizationStatement", "\n\n".join(FRAME)),
        ("ConstituentMessage", STORY),
    ]  # fmt: skip
    assert message.xml.startswith(b"<?xml version='1.0' encoding='UTF-8'?>\n<CWC>\n")
    assert b"xmlns" not in message.xml
    assert message.office == "HCA12"


def test_a_senate_message_names_no_bill_if_the_senate_has_none() -> None:
    message = write(parts_for(SENATE))
    assert message.office == "SCA03"
    assert text(message, ".//Bills") is None
    assert text(message, ".//ProOrCon") is None


@pytest.mark.parametrize(
    ("chamber", "number", "kind"),
    [
        ("house", "H.R. 6890", "hr"), ("senate", "H.R. 6890", "H.R."), ("senate", "S. 12", "S."),
        ("house", "S. 12", "s"), ("senate", "H.Con.Res. 3", "H.Con.Res"),
        ("house", "H. Con. Res. 3", "hconres"), ("senate", "S.Con.Res. 3", "S.Con.Res."),
        ("senate", "H.J.Res. 1", "H.J.Res."), ("house", "S.J.Res. 1", "sjres"),
        ("senate", "H.Res. 7", "H.Res."),
        ("house", "hr6890", "hr"),
    ],
)  # fmt: skip
def test_a_bill_is_spelled_as_the_receiving_chamber_spells_it(
    chamber: Chamber, number: str, kind: str
) -> None:
    found = bill_ref(chamber, 119, number)
    assert isinstance(found, BillRef)
    assert found.kind == kind
    write(parts_for(HOUSE if chamber == "house" else SENATE, bill=found))


@pytest.mark.parametrize("number", ["6890", "H.R.", "X.R. 5", "H.R. 0", "", "H.R. six"])
def test_an_unknown_kind_of_bill_number_is_a_field_problem(number: str) -> None:
    assert isinstance(bill_ref("house", 119, number), FieldProblem)


def test_a_house_message_cannot_name_an_amendment() -> None:
    assert isinstance(bill_ref("house", 119, "S.Amdt. 9"), FieldProblem)
    made = message_parts(campaign(house="S.Amdt. 9"), letter(), today=TODAY)
    assert isinstance(made, NotReady)
    assert made.fields == ("bill",)


def test_a_bill_is_never_named_after_its_congress_has_ended() -> None:
    before, after = date(2027, 1, 2), date(2027, 1, 3)
    alive = message_parts(campaign(), letter(), today=before)
    assert isinstance(alive, MessageParts)
    assert alive.bill is not None
    stale = message_parts(campaign(), letter(), today=after)
    assert isinstance(stale, NotReady)
    fresh = message_parts(campaign(), letter(written_on=after), today=after)
    assert isinstance(fresh, MessageParts)
    assert fresh.bill is None


def test_the_campaign_id_groups_by_campaign_and_position_only() -> None:
    pro = message_parts(campaign(), letter(), today=TODAY)
    other = message_parts(campaign(), letter(SENATE, template="faith"), today=TODAY)
    con = message_parts(dataclasses.replace(campaign(), position="against"), letter(), today=TODAY)
    assert isinstance(pro, MessageParts)
    assert isinstance(other, MessageParts)
    assert isinstance(con, MessageParts)
    assert (pro.position, con.position) == ("Pro", "Con")
    assert pro.campaign_id == other.campaign_id != con.campaign_id
    assert re.fullmatch("[0-9a-f]{32}", pro.campaign_id)


def test_edited_words_are_never_passed_off_as_the_campaigns() -> None:
    found = message_parts(campaign(), letter(edited=True, own_paragraphs=()), today=TODAY)
    assert isinstance(found, MessageParts)
    message = write(found)
    assert text(message, ".//OrganizationStatement") is None
    assert STORY in (text(message, ".//ConstituentMessage") or "")


def test_a_letter_without_a_story_is_the_campaigns_statement_alone() -> None:
    found = message_parts(campaign(), letter(body=FRAME, own_paragraphs=()), today=TODAY)
    assert isinstance(found, MessageParts)
    assert text(write(found), ".//ConstituentMessage") is None


def test_a_statement_too_short_for_the_format_joins_the_writers_words() -> None:
    message = write(parts_for(statement="Hi.", own=STORY))
    assert text(message, ".//ConstituentMessage") == f"Hi.\n\n{STORY}"


# --- office codes ------------------------------------------------------------------


def all_seats() -> list[Seat]:
    from app.congress.tables import load_tables

    return [holder.seat for holder in load_tables().holders]


def test_every_one_of_541_seats_has_its_own_code_and_a_valid_message() -> None:
    seats = all_seats()
    codes = {office_code(seat): seat for seat in seats}
    assert len(codes) == len(seats) == 541
    for code, seat in codes.items():
        pattern = r"H[A-Z]{2}\d{2}" if seat.chamber == "house" else r"S[A-Z]{2}0[1-3]"
        assert re.fullmatch(pattern, code), code
        message = write(parts_for(seat), writer(state=seat.state))
        assert message.office == code
    assert sum(code.startswith("H") for code in codes) == 441
    assert {"HAQ00", "HAK00", "HDC00", "HPR00", "HGU00", "HVI00", "HMP00", "SNV01", "SNV03"} <= (
        set(codes)
    )
    dead = {"HAS00", "HCA53", "HIL18", "HMI14", "HMT00", "HNY27", "HOH16", "HPA18", "HWV03"}
    assert not dead & set(codes)


def test_american_samoa_has_office_code_aq_and_home_state_as() -> None:
    message = write(parts_for(Seat("AS", "house", district=0)), writer(state="AS", zip="96799"))
    assert message.office == "HAQ00"
    assert text(message, ".//StateAbbreviation") == "AS"


def test_the_schema_has_no_senators_for_areas_without_them() -> None:
    good = write(parts_for(SENATE)).xml
    for state in DELEGATE_AREAS:
        assert schema_errors(good.replace(b"SCA03", f"S{state}03".encode()))
    for state in set(STATES) - DELEGATE_AREAS:
        assert not schema_errors(good.replace(b"SCA03", f"S{state}03".encode()))


# --- the writer --------------------------------------------------------------------


def test_each_missing_field_is_named() -> None:
    reasons = missing(Writer(first="Ana"), HOUSE)
    assert [r.field for r in reasons if r.empty] == [
        "prefix", "last", "street", "city", "state", "zip", "email",
    ]  # fmt: skip
    assert missing(writer(), HOUSE) == ()


def test_a_phone_is_required_only_if_needed() -> None:
    assert missing(writer(phone=""), HOUSE) == ()
    assert [r.field for r in missing(writer(phone=""), HOUSE, phone_needed=True)] == ["phone"]
    assert text(write(parts_for(), writer(phone="")), ".//Phone") is None


@pytest.mark.parametrize("prefix", ["Mr", "mrs.", "MISS", "Ms", "dr"])
def test_a_prefix_is_converted_to_the_senates_spelling(prefix: str) -> None:
    message = write(parts_for(SENATE), writer(prefix=prefix))
    assert text(message, ".//Prefix") in SENATE_PREFIXES


@pytest.mark.parametrize("prefix", ["Mx.", "Reverend", "Mr. and Mrs."])
def test_some_house_prefixes_are_refused_for_the_senate(prefix: str) -> None:
    assert text(write(parts_for(HOUSE), writer(prefix=prefix)), ".//Prefix") == prefix
    assert refused(parts_for(SENATE), writer(prefix=prefix)) == ("prefix",)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"city": "Ai"}, "city"), ({"street": "1A"}, "street"), ({"zip": "946"}, "zip"),
        ({"zip": "94601-12"}, "zip"), ({"zip": "K1A 0B1"}, "zip"), ({"state": "AE"}, "state"),
        ({"state": "FM"}, "state"), ({"state": "NV"}, "state"), ({"email": "ana"}, "email"),
        ({"email": "ana@example"}, "email"), ({"email": "a na@example.org"}, "email"),
        ({"phone": "555-0147"}, "phone"), ({"phone": "+44 20 7946 0000"}, "phone"),
        ({"last": ""}, "last"), ({"first": "\x00\x01"}, "first"), ({"last": "--"}, "last"),
        ({"city": " \t "}, "city"), ({"prefix": ""}, "prefix"),
    ],
)  # fmt: skip
def test_a_value_that_the_format_refuses_is_named_by_its_field(
    changes: dict[str, str], field: str
) -> None:
    assert refused(parts_for(), writer(**changes)) == (field,)


@pytest.mark.parametrize(
    ("given_", "written"),
    [
        ("(202) 555-0147", "202-555-0147"), ("+1 202.555.0147", "202-555-0147"),
        ("1-202-555-0147 ext. 12", "202-555-0147"), ("２０２5550147", "202-555-0147"),
    ],
)  # fmt: skip
def test_a_phone_number_is_converted_to_the_format(given_: str, written: str) -> None:
    assert text(write(parts_for(), writer(phone=given_)), ".//Phone") == written


def test_a_second_address_line_too_short_for_the_format_is_dropped() -> None:
    assert text(write(parts_for(), writer(street2="4")), ".//Address2") is None
    assert text(write(parts_for(), writer(street2="   ")), ".//Address2") is None
    assert text(write(parts_for(), writer(street2="Apt 4")), ".//Address2") == "Apt 4"


@pytest.mark.parametrize("name", ["DeShawn", "van der Berg III", "{{ config }}", "O\\'Neill-Mc"])
def test_names_are_written_as_they_were_typed(name: str) -> None:
    assert text(write(parts_for(), writer(first=name)), ".//FirstName") == name


# --- the words ---------------------------------------------------------------------


def test_characters_that_xml_cannot_hold_are_removed_and_nothing_else() -> None:
    own = "It’s\x00 ours\x0b —\ud800 40° 🐢\ufffe {{ 7*7 }} ]]> &amp;\r\nnext"
    message = write(parts_for(own=own))
    assert text(message, ".//ConstituentMessage") == "It’s ours\n— 40° 🐢 {{ 7*7 }} ]]> &amp;\nnext"


@pytest.mark.parametrize(
    ("length", "good"), [(5, False), (6, True), (10_000, True), (10_001, False)]
)
def test_texts_have_6_to_10000_characters_however_many_bytes(length: int, good: bool) -> None:
    changes: tuple[dict[str, Any], ...] = (
        {"own": "🐢" * length},
        {"statement": "é" * length, "own": ""},
    )
    for change in changes:
        if good:
            write(parts_for(**change))
        else:
            assert set(refused(parts_for(**change), writer())) <= {"own words", "statement"}


@pytest.mark.parametrize(("length", "good"), [(5, False), (6, True), (500, True), (501, False)])
def test_subjects_have_6_to_500_characters(length: int, good: bool) -> None:
    if good:
        write(parts_for(subject="é" * length))
    else:
        assert refused(parts_for(subject="é" * length), writer()) == ("subject",)


def test_only_the_32_topics_are_accepted() -> None:
    assert len(set(TOPICS)) == 32
    for topic in TOPICS:
        write(parts_for(topic=topic))
    assert refused(parts_for(topic="Immigrants"), writer()) == ("topic",)


def test_a_message_has_its_campaigns_topic_or_the_broadest() -> None:
    assert parts_for().topic == "Immigration"
    without = dataclasses.replace(campaign(), topic="")
    found = message_parts(without, letter(), today=TODAY)
    assert isinstance(found, MessageParts)
    assert b"<LibraryOfCongressTopic>Government Operations and Politics<" in write(found).xml


@pytest.mark.parametrize(
    "tail",
    [
        "Sincerely,\nSiobhán O'Dell & Söhne <x>", "Siobhán", "— Siobhán O'Dell & Söhne <x>\n",
        "Thank you,\n\nMs. Siobhán O'Dell & Söhne <x>\n88 Heron St\nOakland, CA 94601\n",
        "Best regards\nSiobhán\n(202) 555-0147\no'dell+parks.2026@example.museum",
    ],
)  # fmt: skip
def test_a_sign_off_under_the_writers_words_is_removed(tail: str) -> None:
    message = write(parts_for(own=f"{STORY}\n\n{tail}"))
    assert text(message, ".//ConstituentMessage") == STORY


@pytest.mark.parametrize(
    "words",
    [
        "I am siobhán  o'dell & söhne <x> and I vote.", "I live at 88 Heron St, third floor.",
        "Call me at 202.555.0147 please.", "Write to o'dell+parks.2026@example.museum soon.",
    ],
)  # fmt: skip
def test_a_name_or_address_inside_the_text_is_a_problem(words: str) -> None:
    assert refused(parts_for(own=words), writer()) == ("own words",)
    assert refused(parts_for(statement=words, own=STORY), writer()) == ("statement",)
    write(parts_for(own=words), names_in_own_words=True)


def test_a_closing_with_no_name_after_it_is_kept() -> None:
    message = write(parts_for(own=f"{STORY}\nThank you"))
    assert text(message, ".//ConstituentMessage") == f"{STORY}\nThank you"


# --- the delivery agent ------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        {"name": " "}, {"ack_email": "x"}, {"contact_name": "Robin"}, {"contact_email": "x@y"},
        {"contact_phone": "555-0147"}, {"organization": "ab"}, {"organization_about": "short"},
        {"organization_about": "x" * 501},
    ],
)  # fmt: skip
def test_faulty_agent_details_are_named_for_the_operator(change: dict[str, str]) -> None:
    faulty = dataclasses.replace(AGENT, **change)
    assert [p.field for p in check_agent(faulty)] == [f"agent {next(iter(change))}"]
    made = to_message(parts_for(), writer(), faulty, delivery_id=DELIVERY_ID, today=TODAY)
    assert isinstance(made, NotReady)


@pytest.mark.parametrize("bad", ["", "x" * 31, "x" * 33, "0123456789abcdef-0123456789abcdef"])
def test_a_delivery_id_is_32_letters_and_digits(bad: str) -> None:
    made = to_message(parts_for(), writer(), AGENT, delivery_id=bad, today=TODAY)
    assert isinstance(made, NotReady)
    assert made.fields == ("delivery id",)


# --- the schema itself -------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<CWCVersion>2.0", "<CWCVersion>1.0"), ("20261125", "20261325"),
        ("20261125", "2026-11-25"),
        ("HCA12", "HAS00"), ("HCA12", "HCA1"), ("HCA12", "SCA04"), ("HCA12", "HXX01"),
        ("Ms.", ""), ("<City>Oakland", "<City>Oa"), (">CA<", ">AE<"), (">CA<", ">Ca<"),
        ("94601", "9460"), ("202-555-0147", "2025550147"), ("@letters.example", "@letters"),
        (">Immigration<", ">immigration<"), (">hr<", ">H.R.<"), (">119<", ">119th<"),
        (">6890<", ">H.R. 6890<"), (">Pro<", ">Undecided<"), ("<ProOrCon>Pro</ProOrCon>", ""),
        ("Robin Example", "Robin"), ("<NewsletterOptIn>N", "<NewsletterOptIn>no"),
        ("<FirstName>Siobhán", "<FirstName>"),
        ("<CampaignId>", "<MoreInfo>x</MoreInfo><CampaignId>"),
        ("<Address1>88 Heron St", "<Address1>88"), ("<Subject>Please", "<Subject>\nPlease"),
        ("<CWC>", '<CWC xmlns="urn:x">'), (DELIVERY_ID, DELIVERY_ID[:-1] + "-"),
    ],
)  # fmt: skip
def test_the_schema_refuses_what_the_table_refuses(old: str, new: str) -> None:
    good = write(parts_for()).xml.decode()
    assert old in good
    assert schema_errors(good.replace(old, new).encode())


def test_the_senates_schema_is_stricter() -> None:
    bill = bill_ref("senate", 119, "S. 12")
    assert isinstance(bill, BillRef)
    good = write(parts_for(SENATE, bill=bill)).xml.decode()
    for old, new in ((">S.<", ">s<"), ("Ms.", "Mx."), ("Ms.", "Reverend")):
        assert schema_errors(good.replace(old, new).encode())


def test_the_schema_requires_at_least_one_text_and_their_order() -> None:
    good = write(parts_for()).xml.decode()
    statement, own = (
        re.search(rf"\s*<{t}>.*?</{t}>", good, re.DOTALL)
        for t in ("OrganizationStatement", "ConstituentMessage")
    )
    assert statement is not None
    assert own is not None
    assert schema_errors(good.replace(own[0], "").replace(statement[0], "").encode())
    assert schema_errors(
        good.replace(own[0], "").replace(statement[0], own[0] + statement[0]).encode()
    )
    assert not schema_errors(good.replace(own[0], "").encode())
    assert not schema_errors(good.replace(statement[0], "").encode())


@pytest.mark.parametrize(
    ("element", "least", "most"),
    [("OrganizationStatement", 6, 10_000), ("ConstituentMessage", 6, 10_000), ("Subject", 6, 500)],
)
def test_the_schema_counts_characters_not_bytes(element: str, least: int, most: int) -> None:
    good = write(parts_for()).xml.decode()

    def errors(length: int) -> tuple[str, ...]:
        text = f"<{element}>{'🐢' * length}<"
        return schema_errors(re.sub(rf"<{element}>[^<]*<", text, good).encode())

    assert not errors(least)
    assert not errors(most)
    assert errors(least - 1)
    assert errors(most + 1)


def test_schema_errors_name_elements_and_never_their_content() -> None:
    bad = write(parts_for()).xml.replace(b"94601", b"9460X")
    errors = schema_errors(bad)
    assert errors
    assert "9460X" not in " ".join(errors)
    assert schema_errors(b"<CWC><unclosed>") == ("The message is not well-formed XML.",)


# --- anything at all ---------------------------------------------------------------

ANYTHING = st.text(st.characters(exclude_categories=()), max_size=40)


def mostly(good: str) -> st.SearchStrategy[str]:
    return st.one_of(st.just(good), ANYTHING, ANYTHING.map(lambda t: good + t))


WRITERS = st.builds(
    Writer,
    first=mostly("Ana"), last=mostly("Li"), street=mostly("88 Heron St"), street2=ANYTHING,
    city=mostly("Oakland"), state=st.sampled_from(["CA", "ca", "AE", "NV", "", "\x00CA"]),
    zip=mostly("94601"), prefix=mostly("Dr."), phone=mostly("202-555-0147"),
    email=mostly("ana@example.org"),
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(
    person=WRITERS,
    story=st.text(st.characters(exclude_categories=()), max_size=300),
    subject=mostly("About a bill"),
    seat=st.sampled_from([HOUSE, SENATE]),
)
def test_any_writer_and_story_give_a_valid_message_or_reasons(
    person: Writer, story: str, subject: str, seat: Seat
) -> None:
    fields = {f.name for f in dataclasses.fields(Writer)} | {"own words", "subject", "statement"}
    made_from: Letter = letter(seat, body=(*FRAME, story), own_paragraphs=(story,), subject=subject)
    parts = message_parts(campaign(), made_from, today=TODAY)
    assert isinstance(parts, MessageParts)
    made = to_message(parts, person, AGENT, delivery_id=DELIVERY_ID, today=TODAY)
    if isinstance(made, NotReady):
        assert made.reasons
        assert set(made.fields) <= fields
        assert len(set(made.reasons)) == len(made.reasons)
    else:
        assert schema_errors(made.xml) == ()
        root = etree.fromstring(made.xml)
        assert root.findtext(".//FirstName") == clean_line(person.first)


@settings(max_examples=300, deadline=None)
@given(
    field=st.sampled_from([f.name for f in dataclasses.fields(Writer)]),
    value=st.one_of(ANYTHING, st.text("0123456789 -()+AaÉ李🐢.@", max_size=20)),
    story=st.text(st.characters(exclude_categories=()), min_size=20, max_size=300),
    seat=st.sampled_from([HOUSE, SENATE]),
)
def test_only_the_one_odd_field_of_a_good_letter_can_be_a_problem(
    field: str, value: str, story: str, seat: Seat
) -> None:
    own = f"A story: {story} and so on."
    made = to_message(
        parts_for(seat, own=own),
        dataclasses.replace(writer(), **{field: value}),
        AGENT,
        delivery_id=DELIVERY_ID,
        today=TODAY,
        names_in_own_words=True,
    )
    if isinstance(made, NotReady):
        assert set(made.fields) == {field}
    else:
        assert schema_errors(made.xml) == ()
        assert text(made, ".//ConstituentMessage") == clean_text(own)
