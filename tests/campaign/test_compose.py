"""One letter: frame, ask and story, with everything typed treated as data."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.campaign.compose import Composer, body_text, compose, own_share
from app.campaign.entities import Campaign, Letter, Writer
from app.campaign.words import date_words, ordinal
from app.congress.tables import Tables
from app.documents.call import to_call_script
from app.text import says_nothing, split_paragraphs

from .conftest import DAYS, ENDING, EXPIRED, LAST_WEEKS, WRITER, LetterTo, place_of

STORY = "Last spring my neighbor was afraid to report a break-in.\n\nI stayed with her."


def test_a_letter_has_five_parts_in_order(letter_to: LetterTo) -> None:
    body = letter_to("CA-12", story=STORY).body
    assert len(body) == 7
    assert body[0].startswith("I am a constituent from Springfield, California.")
    assert body[1].startswith("H.R. 6890, the PROTECT Immigration Act, would end these agreements.")
    assert "please cosponsor it" in body[1]
    assert body[2:4] == tuple(STORY.split("\n\n"))
    assert "287(g) agreements rose from 135" in body[4]
    assert body[5].startswith("By February 2026, California was one of ten states")
    assert body[6].startswith("Thank you for reading this.")


def test_a_letter_carries_what_every_rendering_needs(
    letter_to: LetterTo, campaign: Campaign
) -> None:
    letter = letter_to("CA-S3", template="public-safety", length="short")
    template = campaign.template("public-safety", "short")
    assert template is not None
    assert letter.salutation == "Dear Senator Padilla:"
    assert letter.closing == "Sincerely,"
    assert letter.subject == "287(g) agreements, H.R. 6890 and trust in local police"
    assert (letter.template, letter.length) == ("public-safety", "short")
    assert letter.version == template.version
    assert letter.written_on == LAST_WEEKS
    assert letter.ask.id == "senator"
    assert letter.ask.text in letter.body[0]
    assert "{" not in letter.ask.text + letter.ask.short + letter.ask.opening


def test_an_empty_story_leaves_no_gap(letter_to: LetterTo) -> None:
    for story in ("", "   ", "\n\n \n"):
        letter = letter_to("CA-12", story=story)
        assert len(letter.body) == 5
        assert all(paragraph.strip() for paragraph in letter.body)
        assert letter.own_share == 0.0
        assert not letter.edited


INJECTIONS = [
    "Our motto is {{ 7*7 }} and {% raise %}",
    "{{ config }}",
    "{% if",
    "{#",
    "{{ story }} {{ ask }}",
    "%} }} #}",
    "{% raw %}{{ x }}{% endraw %}",
    "$name ${name} %(name)s {name}",
    "\\1 \\g<0> \\n",
    "<b>&amp;</b> O'Dell & sons < roads",
]


@pytest.mark.parametrize("text", INJECTIONS)
def test_what_a_person_types_is_printed_literally_tp02(letter_to: LetterTo, text: str) -> None:
    letter = letter_to("CA-12", story=text, writer=replace(WRITER, city=text, first=text))
    assert letter.body[2] == text
    assert letter.body[0].startswith(f"I am a constituent from {text}, California.")
    assert "49" not in letter.body[2]


def test_a_typed_placeholder_character_cannot_move_the_story(letter_to: LetterTo) -> None:
    letter = letter_to("CA-12", story="a\ufdd0b", writer=replace(WRITER, city="X\ufdd0Y"))
    assert letter.body[2] == "ab"
    assert "XY, California" in letter.body[0]
    assert len(letter.body) == 6


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(story=st.text(max_size=400), city=st.text(max_size=80), first=st.text(max_size=20))
def test_any_typed_text_composes(letter_to: LetterTo, story: str, city: str, first: str) -> None:
    letter = letter_to("CA-12", story=story, writer=Writer(first=first, city=city))
    own = () if says_nothing(story) else split_paragraphs(story)
    assert letter.body[2 : 2 + len(own)] == own
    assert len(letter.body) == 5 + len(own)
    assert 0.0 <= letter.own_share < 1.0
    assert letter_to("CA-12", story=story, writer=Writer(first=first, city=city),
                     body_override=body_text(letter)) == letter  # fmt: skip


def test_blank_lines_separate_paragraphs_and_line_breaks_are_kept() -> None:
    typed = "one\r\ntwo  \r\n\r\n\r\n \t\r\nthree\tfour\n\n   indented\n"
    assert split_paragraphs(typed) == ("one\ntwo", "three four", "indented")
    assert split_paragraphs("“It’s ours” — 40° 🐢.") == ("“It’s ours” — 40° 🐢.",)
    assert split_paragraphs("x\x00\x07\x1b[31m") == ("x[31m",)


@pytest.mark.parametrize(
    ("writer", "place"),
    [
        (Writer(first="Ana"), "California"),
        (Writer(first="Ana", city="Fremont"), "Fremont, California"),
        (Writer(first="Ana", city="Fremont", state="CA"), "Fremont, California"),
        (Writer(first="Ana", city="APO", state="AE", zip="09012"), "California"),
        (Writer(first="Ana", city="Reno", state="NV"), "California"),
        (Writer(first="Ana", city="   "), "California"),
        (Writer(first="Ana", city="  St.   Paul "), "St. Paul, California"),
        (Writer(first=""), "California"),
    ],
)
def test_a_writer_with_missing_parts_still_has_a_place(
    letter_to: LetterTo, writer: Writer, place: str
) -> None:
    first = letter_to("CA-12", writer=writer).body[0]
    assert first.startswith(f"I am a constituent from {place}. I am")


@pytest.mark.parametrize(
    ("seat", "city", "place"),
    [
        ("DC-0", "", "the District of Columbia"),
        ("DC-0", "Washington", "Washington, DC"),
        ("VI-0", "", "the U.S. Virgin Islands"),
        ("VI-0", "Christiansted", "Christiansted, U.S. Virgin Islands"),
        ("MP-0", "", "the Northern Mariana Islands"),
        ("PR-0", "San Juan", "San Juan, Puerto Rico"),
        ("GU-0", "", "Guam"),
    ],
)
def test_territories_are_named_as_people_say_them(
    letter_to: LetterTo, seat: str, city: str, place: str
) -> None:
    letter = letter_to(seat, writer=Writer(first="Ana", city=city))
    assert letter.body[0].startswith(f"I am a constituent from {place}. I am")


@pytest.mark.parametrize(
    ("seat", "greeting"),
    [
        ("DC-0", "Dear Delegate Norton:"),
        ("PR-0", "Dear Resident Commissioner Hernández:"),
        ("GU-0", "Dear Delegate Moylan:"),
    ],
)
def test_delegates_are_greeted_by_their_title_nm06(
    letter_to: LetterTo, seat: str, greeting: str
) -> None:
    assert letter_to(seat).salutation == greeting


def test_an_edited_body_is_used_as_it_is(letter_to: LetterTo) -> None:
    composed = letter_to("CA-12", story=STORY)
    same = letter_to("CA-12", story=STORY, body_override=body_text(composed).replace("\n", "\r\n"))
    assert same == composed
    words = "My own words, all of them.\n\nAnd {{ more }}."
    edited = letter_to("CA-12", story=STORY, body_override=words)
    assert edited.body == ("My own words, all of them.", "And {{ more }}.")
    assert edited.edited
    assert edited.own_share == 1.0
    one = body_text(composed).replace("I would be glad to know", "I would love to know")
    changed = letter_to("CA-12", story=STORY, body_override=one)
    assert changed.edited
    assert abs(changed.own_share - composed.own_share) < 0.05


def test_a_blank_edit_is_no_edit(letter_to: LetterTo) -> None:
    assert letter_to("CA-12", body_override=" \n ") == letter_to("CA-12")


# --- own share ------------------------------------------------------------------------

FRAME = ("I am your constituent in Fremont, and I write about a bill.", "Thank you for reading.")


def test_the_frame_alone_has_no_own_share() -> None:
    assert own_share(FRAME, FRAME) == 0.0
    assert own_share(FRAME[::-1], FRAME) == 0.0
    assert own_share([FRAME[0].upper().replace(",", " —")], FRAME) == pytest.approx(0.0, abs=0.03)
    assert own_share([], FRAME) == own_share([], []) == 0.0


def test_own_words_count_by_their_characters() -> None:
    own = "My grandmother cooks for half of the street."
    mixed = (FRAME[0], own, FRAME[1])
    letters = len(own.replace(" ", ""))
    whole = sum(len(part.replace(" ", "")) for part in mixed)
    assert own_share(mixed, FRAME) == pytest.approx(letters / whole)
    assert own_share([own], FRAME) == 1.0


def test_a_story_is_measured_as_an_edited_letter_is(
    letter_to: LetterTo,
) -> None:
    letter = letter_to("CA-12", story=STORY)
    frame = letter_to("CA-12", story="").body
    assert letter.own_share == pytest.approx(own_share(letter.body, frame))


def test_a_few_changed_words_in_the_frame_are_a_few_own_words() -> None:
    changed = (FRAME[0].replace("a bill", "this important bill"), FRAME[1])
    assert 0.0 < own_share(changed, FRAME) < 0.45


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(max_size=60), max_size=6), st.lists(st.text(max_size=60), max_size=6))
def test_an_own_share_is_between_zero_and_one(body: list[str], frame: list[str]) -> None:
    assert 0.0 <= own_share(body, frame) <= 1.0
    assert own_share(frame, frame) == 0.0


def test_a_long_edit_is_measured_in_milliseconds(letter_to: LetterTo) -> None:
    long = "the bill and the law and " * 2_000
    letter = letter_to("CA-12", story=long)
    edit = body_text(letter) + " the"
    best = min(_timed(lambda: letter_to("CA-12", story=long, body_override=edit)) for _ in range(3))
    assert best < 0.1


# --- templates without a marker, and the reading aid -------------------------------------


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("A.\n\n{{ ask }}\n\nThanks.", ["A.", "ASK", "MINE", "Thanks."]),
        ("A. {{ story }} B.\n\n{{ ask }}", ["A.", "MINE", "B.", "ASK"]),
        ("{{ ask }}\n\n{{ story }}", ["ASK", "MINE"]),
        ("{{ story }}\n\n{{ story }}\n\n{{ ask }}", ["MINE", "ASK"]),
        (
            "{% if type == 'sen' %}\n{{ story }}\n\n{% endif %}\n{{ ask }}\n\nT.",
            ["ASK", "MINE", "T."],
        ),
        ("{{ ask }}", ["MINE", "ASK"]),
    ],
)
def test_the_story_is_never_lost(
    campaign: Campaign, tables: Tables, body: str, expected: list[str]
) -> None:
    holder, general = tables.holder("CA-12"), campaign.template("general")
    assert holder is not None
    assert general is not None
    letter = compose(
        campaign,
        replace(general, body=body),
        holder,
        writer=WRITER,
        district_place=place_of(tables, "CA-12"),
        story="MINE",
        today=LAST_WEEKS,
    )
    assert [p if "cosponsor" not in p else "ASK" for p in letter.body] == expected


def test_the_spanish_reading_aid_parallels_the_letter_and_keeps_the_story(
    campaign: Campaign, tables: Tables
) -> None:
    for seat in ("WA-7", "PR-0", "CA-S3", "TX-27", "OH-4"):
        holder = tables.holder(seat)
        assert holder is not None
        for template in campaign.templates.values():
            for today in DAYS.values():
                options = {
                    "writer": WRITER,
                    "district_place": place_of(tables, seat),
                    "story": STORY,
                    "today": today,
                }
                person = Composer(campaign, **options)  # type: ignore[arg-type]
                aid = person.reading_aid(template, holder)
                letter = compose(campaign, template, holder, **options)  # type: ignore[arg-type]
                assert len(aid) == len(letter.body)
                mine = [i for i, p in enumerate(letter.body) if p in STORY.split("\n\n")]
                assert [aid[i] for i in mine] == STORY.split("\n\n")
                assert "le pido" in " ".join(aid).lower()
                assert "I ask" not in " ".join(aid)


def test_a_template_without_a_reading_aid_composes_none(campaign: Campaign, tables: Tables) -> None:
    holder, general = tables.holder("CA-12"), campaign.template("general")
    assert holder is not None
    assert general is not None
    bare = replace(general, reading_aid_es="")
    there = place_of(tables, "CA-12")
    person = Composer(campaign, writer=WRITER, story="", today=LAST_WEEKS, district_place=there)
    assert person.reading_aid(bare, holder) == ()


_composed: dict[tuple[str, str], list[tuple[str, Letter]]] = {}


def every_letter(
    campaign: Campaign, tables: Tables, *, length: str = "full", template: str = "general"
) -> list[tuple[str, Letter]]:
    """A letter to every member at every moment, with the moment's name, composed once."""
    if not _composed:
        for moment, day in DAYS.items():
            for holder in tables.holders:
                if holder.member is None:
                    continue
                writer = replace(WRITER, state=holder.seat.state, zip="12345")
                place = place_of(tables, holder.seat.id)
                for key, chosen in campaign.templates.items():
                    letter = compose(
                        campaign, chosen, holder, writer=writer, district_place=place, story="",
                        today=day,
                    )  # fmt: skip
                    _composed.setdefault(key, []).append((moment, letter))
    return _composed[template, length]


# --- the telephone -------------------------------------------------------------------------

SPELLED = (("287(g)", "two eighty-seven G"), ("H.R. 6890", "H R sixty-eight ninety"),
           ("12345", "one two three four five"))  # fmt: skip
"""Figures as spoken."""


def spoken_length(parts: Iterable[str]) -> int:
    text = " ".join(parts)
    for printed, said in SPELLED:
        text = text.replace(printed, said)
    return len(text.replace("-", " ").split())


@pytest.mark.parametrize("template", ["general", "public-safety", "local-budget"])
def test_a_call_takes_half_a_minute_and_is_about_the_member(
    campaign: Campaign, tables: Tables, template: str
) -> None:
    """At 160 words a minute with figures spelled out; a voice message may take a little longer."""
    lengths = []
    for _, letter in every_letter(campaign, tables, template=template):
        script = to_call_script(
            letter, replace(WRITER, state=letter.holder.seat.state, zip="12345")
        )
        words = " ".join(script.words.person)
        lengths.append(spoken_length(script.words.person))
        assert len(script.words.person) == 3
        assert re.search(r"\b(Please thank|I would like|I hope|I ask only)\b", words), words
        assert not re.search(r"\byou(r)?\b", words.replace("Thank you", "")), words
        assert letter.ask.summary not in words
        assert spoken_length(script.words.voicemail) <= 100
        assert all(script.aid.person), letter.holder.seat.id
    assert max(lengths) <= 88
    assert sum(lengths) / len(lengths) <= 80


# --- the letters themselves ----------------------------------------------------------------


def test_the_reason_fits_the_states_law(letter_to: LetterTo) -> None:
    assert letter_to("TX-27").body[3].startswith("Texas law tells sheriffs or other local agencies")
    assert "California was one of ten states" in letter_to("CA-12").body[3]
    assert letter_to("OH-4").body[3].startswith("Where state law does not settle the matter, a")
    for seat in ("AK-0", "HI-1", "RI-1", "DC-0", "PR-0", "GU-0"):
        assert "sheriff" not in " ".join(letter_to(seat).body)


def test_the_budget_letter_claims_no_local_hours_where_there_is_no_agreement(
    letter_to: LetterTo,
) -> None:
    for seat in ("CA-12", "IL-5", "OR-1"):
        body = " ".join(letter_to(seat, template="local-budget").body)
        assert "the hours here" not in body
        assert "our federal taxes still help pay for them elsewhere" in body


def test_a_letter_says_what_the_bill_does_before_it_asks(
    campaign: Campaign, tables: Tables
) -> None:
    for length in ("full", "short"):
        for _, letter in every_letter(campaign, tables, length=length):
            text = " ".join(letter.body)
            does = re.search(r"would (have ended|end) (them|these)|to end them", text)
            assert does is not None, text
            asks = [m.start() for m in re.finditer(r"\b[Pp]lease\b|\btell me\b", text)]
            assert asks, text
            assert does.start() < asks[0], text


def test_only_undecided_members_are_asked_what_they_decide(
    campaign: Campaign, tables: Tables
) -> None:
    closes: dict[str, set[str]] = {}
    for _, letter in every_letter(campaign, tables):
        closes.setdefault(letter.ask.id.removesuffix("-after"), set()).add(letter.body[-1])
    for ask, found in closes.items():
        decides = any("what you decide" in close for close in found)
        assert decides == (ask in ("senator", "delegate", "everyone-else")), ask
        assert all(close.startswith("Thank you for") for close in found)


def test_republicans_are_asked_for_steps_they_could_agree_to(
    campaign: Campaign, tables: Tables
) -> None:
    for moment, letter in every_letter(campaign, tables):
        member = letter.holder.member
        assert member is not None
        ask = " ".join(letter.body[:2])
        if member.party == "Republican":
            assert "cosponsor it" not in ask
            assert re.search(r"publish the arrests|a new audit|press for them", ask), ask
        if moment == "expired":
            assert re.search(r"would have ended", ask), ask


def test_a_cosponsor_now_in_the_senate_is_asked_for_what_a_senator_can_do(
    campaign: Campaign, tables: Tables
) -> None:
    house, senate = tables.holder("IL-2"), tables.holder("IL-S2")
    template = campaign.template("general", "full")
    assert house
    assert senate
    assert template
    letter = compose(
        campaign, template, replace(senate, member=house.member), writer=WRITER,
        district_place=place_of(tables, "IL-2"), story="", today=EXPIRED,
    )  # fmt: skip
    asked = " ".join(letter.body)
    assert "Thank you for cosponsoring H.R. 6890" in asked
    assert "help bring it to the Senate" in asked


def test_little_time_left_is_mentioned_only_in_the_last_weeks(
    campaign: Campaign, tables: Tables
) -> None:
    for moment, letter in every_letter(campaign, tables):
        text = " ".join(letter.body)
        assert "days left" not in text
        assert "days remain" not in text
        if moment != "last_weeks":
            assert "weeks" not in text


STIFF = (
    "Even so", "so that it shows where support stands", "My subject is", "clear decision by",
    "has not had a hearing", "I ask you to", "In closing", "urge", "Few days",
)  # fmt: skip


def test_no_letter_uses_a_stiff_phrase(campaign: Campaign, tables: Tables) -> None:
    for template, length in campaign.templates:
        for _, letter in every_letter(campaign, tables, length=length, template=template):
            text = " ".join((letter.subject, *letter.body))
            for words in STIFF:
                assert words not in text, text


def test_the_strongest_fact_is_in_every_general_letter(campaign: Campaign, tables: Tables) -> None:
    for _, letter in every_letter(campaign, tables):
        assert "while performing routine police duties" in " ".join(letter.body)


@pytest.mark.parametrize("seat", ["DC-0", "PR-0", "GU-0", "MP-0", "CA-12"])
def test_local_law_is_not_called_state_law_outside_states(letter_to: LetterTo, seat: str) -> None:
    body = " ".join(letter_to(seat).body)
    law = re.findall(r"for crimes under ([a-z ]+) law", body)
    assert law or seat == "DC-0"  # supporters are not told what the bill leaves alone
    assert set(law) <= {"state or local" if seat == "CA-12" else "local"}


def test_a_letter_cites_a_report_at_most_once(campaign: Campaign, tables: Tables) -> None:
    for _, letter in every_letter(campaign, tables, template="local-budget"):
        assert " ".join(letter.body).count("Government Accountability Office") <= 1


def test_after_the_end_the_act_is_past_and_the_letter_says_what_it_would_have_done(
    letter_to: LetterTo,
) -> None:
    body = " ".join(letter_to("CA-12", EXPIRED).body)
    assert "H.R. 6890, the PROTECT Immigration Act, expired with the last Congress on" in body
    assert "It would have ended these agreements." in body
    assert "cosponsor H.R. 6890" not in body
    assert "the next PROTECT Immigration Act" in letter_to("ID-S2", EXPIRED).subject


def test_after_the_planned_last_day_the_letter_asks_to_say_it_publicly(
    letter_to: LetterTo,
) -> None:
    body = " ".join(letter_to("CA-12", ENDING).body)
    assert "As far as I know, this Congress is ending without action on the bill." in body
    assert "Please say publicly that you support it" in body


def test_no_spanish_text_has_a_wrong_contraction_or_paired_genders(
    campaign: Campaign, tables: Tables
) -> None:
    for template, length in campaign.templates:
        chosen = campaign.templates[template, length]
        for day in DAYS.values():
            for holder in tables.holders:
                if holder.member is None:
                    continue
                there = place_of(tables, holder.seat.id)
                person = Composer(
                    campaign, writer=WRITER, story="", today=day, district_place=there
                )
                aid = " ".join(person.reading_aid(chosen, holder))
                assert not re.search(r"\b(de|a) el\b|[a-z]\(a\)|\w\.\w{2}|  ", aid), aid


def test_dates_and_ordinals_are_written_in_english_and_spanish() -> None:
    assert date_words(date(2026, 3, 1)) == "March 1, 2026"
    assert date_words(date(2026, 3, 1), "es") == "1 de marzo de 2026"
    assert [ordinal(n) for n in (111, 119, 120, 121, 122, 123)] == [
        "111th", "119th", "120th", "121st", "122nd", "123rd",
    ]  # fmt: skip
    assert ordinal(119, "es") == "119.º"


def test_a_letter_composes_in_well_under_a_millisecond(letter_to: LetterTo) -> None:
    letter_to("WA-7", story=STORY)
    best = min(_timed(lambda: letter_to("WA-7", story=STORY)) for _ in range(50))
    assert best < 0.001


def _timed(call: object) -> float:
    assert callable(call)
    begun = time.process_time()
    call()
    return time.process_time() - begun
