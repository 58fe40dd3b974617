"""The check over all of Congress: it passes the real letters and pinpoints what is bad."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from app.campaign.check import Report, check_campaign
from app.campaign.entities import Ask, Campaign, LetterTemplate, StageName
from app.campaign.faults import (
    Situation,
    _round_up,
    check_sentence,
    reading_grade,
    sentences,
    unfinished,
)
from app.campaign.fields import FIELDS, FILTERS
from app.campaign.letter_file import read_template
from app.campaign.load import read_campaign, read_files
from app.campaign.words import Language
from app.congress.model import FormRules, Holder
from app.congress.tables import Tables
from tests.commands import flask
from tests.timing import done_within

from .conftest import LETTERS
from .seats import Few


@pytest.fixture
def few(tables: Tables) -> Few:
    return Few.of(tables)


GOOD = """+++
title = "T"
subject = "The bill"
+++

I am your constituent in {{ place }}.

{{ opening }} {{ ask }}

{{ story }}

Thank you.
"""


def template(text: str, name: str = "general.txt") -> LetterTemplate:
    result = read_template(name, text)
    assert isinstance(result, LetterTemplate), result
    return result


def found(campaign: Campaign, few: Few, text: str, name: str = "general.txt") -> Report:
    return check_campaign(campaign, few.holders, templates=[template(text, name)])


@pytest.mark.slow
def test_the_real_letters_pass_for_every_seat_at_every_stage_in_time(
    campaign: Campaign, tables: Tables
) -> None:
    seen: list[tuple[int, int]] = []
    begun = time.process_time()
    report = check_campaign(campaign, tables.holders, progress=lambda *pair: seen.append(pair))
    took = time.process_time() - begun
    assert report.summary == "541 seats, 8 templates, 3 stages: ok", report.problems
    assert report.ok
    assert report.problems == ()
    vacant = sum(1 for holder in tables.holders if holder.vacant)
    assert report.letters == (541 - vacant) * 8 * 4
    assert seen[-1] == (541, 541)
    assert took < 10


def test_a_plain_valid_letter_passes(campaign: Campaign, few: Few) -> None:
    report = found(campaign, few, GOOD)
    assert report.problems == ()
    assert report.summary == "8 seats, 1 templates, 3 stages: ok"


def test_a_seat_with_no_known_member_is_not_counted_as_checked(
    campaign: Campaign, few: Few
) -> None:
    first, *others = few.holders
    unknown = replace(first, member=None, awaited=True)
    report = found(campaign, Few((unknown, *others)), GOOD)
    assert report.summary == "7 seats, 1 templates, 3 stages: ok"


THANKS = "Thank you."


def thanks(times: int) -> str:
    """``times`` sentences of thanks, all different."""
    return "".join(f"I thank you for all {number}. " for number in range(1000, 1000 + times))


@pytest.mark.parametrize(
    ("words", "message", "level"),
    [
        ("S. 6890 is like it.", "`S. 6890` is printed, but no Senate number is known", "must"),
        ("S. ___ is like it.", "`S. ___` is printed, but no Senate number is known", "must"),
        ("H.R. 1 was like it.", "`H.R. 1` does not belong to this campaign", "must"),
        ("H.R. 6890 is a good bill.", "has expired. Name it in the past tense", "must"),
        ("It helps to cosponsor H.R. 6890.", "has expired. Name it in the past tense", "must"),
        ("{{ bill_number }} was good.", "`bill_number` is empty here", "must"),
        ("{{ earlier_latest }} was good.", "`earlier_latest` is empty here", "must"),
        ("It said None to me.", "without a value was printed", "must"),
        ("It was undefined to me.", "without a value was printed", "must"),
        ("I hope you vote soon.", "A delegate cannot vote on the floor", "must"),
        ("You could cosponsor the House bill.", "A senator cannot cosponsor a House bill", "must"),
        ("The U.S. 250 years ago was small.", None, None),
        ("A word seems to be missing , here.", "A word seems to be missing", "should"),
        ("A word seems to be missing in , here.", "A word seems to be missing", "should"),
        ('They call it "safe".', "straight quotation mark", "should"),
        ("See https://example.org/x for more.", "link or web address", "should"),
        ("See www.example for more.", "link or web address", "should"),
        ("See example.com for more.", "link or web address", "should"),
        ("See example.dev/page for more.", "link or web address", "should"),
        ("See bit.ly/287g for more.", "link or web address", "should"),
        ("See mygroup.info for more.", "link or web address", "should"),
        ("Write to ana@example.de instead.", "link or web address", "should"),
        ("It cost 1.5 million a year, and/or more.", None, None),
        ("HR 6890 is a good bill.", "has expired. Name it in the past tense", "must"),
        ("HR6890 is a good bill.", "has expired. Name it in the past tense", "must"),
        ("H. R. 6890 is a good bill.", "has expired. Name it in the past tense", "must"),
        ("H.R. No. 6890 is a good bill.", "has expired. Name it in the past tense", "must"),
        ("H.R. #6890 is a good bill.", "has expired. Name it in the past tense", "must"),
        ("H.R.-6890 is a good bill.", "has expired. Name it in the past tense", "must"),
        ("H.R. 6,890 is a good bill.", "has expired. Name it in the past tense", "must"),
        ("H.R. 6,891 was like it.", "`H.R. 6891` does not belong to this campaign", "must"),
        ("House Bill 6890 is a good bill.", "has expired. Name it in the past tense", "must"),
        ("S 4321 was like it.", "`S. 4321` is printed, but no Senate number is known", "must"),
        ("S4321 was like it.", "`S. 4321` is printed, but no Senate number is known", "must"),
        ("Senate Bill 8 of my state was signed.", None, None),
        ("The PROTECT Immigration Act ends these agreements.", "has expired", "must"),
        ("The {{ bill_title }} is before the House.", "has expired", "must"),
        ("It would help to support the PROTECT Immigration Act.", "has expired", "must"),
        ("The PROTECT Immigration Act died with the last Congress.", None, None),
        ("A bill like the PROTECT Immigration Act is needed.", None, None),
        ("I also urge you to write back.", "More than one thing is asked", "should"),
        ("We ask you to write back.", "More than one thing is asked", "should"),
        ("I respectfully request a hearing.", "More than one thing is asked", "should"),
        ("I would like you to write back.", "More than one thing is asked", "should"),
        ("I want you to write back.", "More than one thing is asked", "should"),
        ("I hope that you will write back.", "More than one thing is asked", "should"),
        ("Could you write back?", "More than one thing is asked", "should"),
        ("My second request is a hearing.", "More than one thing is asked", "should"),
        ("Neighbors ask me for help, and I ask myself why.", None, None),
        ("I ask you to write back.", "More than one thing is asked", "should"),
        ("Please write back.", "More than one thing is asked", "should"),
        ("I urge you to write back.", "More than one thing is asked", "should"),
        ("287(g) raises crime.", "No study shows", "should"),
        ("Police will be barred from working with ICE.", "does not bar all cooperation", "should"),
        ("It bans all cooperation.", "does not bar all cooperation", "should"),
        ("All participants profile people.", "named offices", "should"),
        ("The bill has bipartisan support.", "one party", "should"),
        (
            "It is part of what all of us have to do, and it is part of what all of us have.",
            "says this twice: “it is part of what all of us have”",
            "should",
        ),
        ("In May 2020 I wrote, and by May 2020 it was done.", "twice: “May 2020”", "nice"),
        ("In May 2020 I wrote, and by June 2020 it was done.", None, None),
        ("It has at least 32 agencies.", "from 2017", "should"),
        ("The DOJ admitted it.", "No one admitted this", "should"),
        ("It drains our local budget.", "Since October 2025", "should"),
        ("It cost $323 million.", "tens of millions", "should"),
        ("It cost $26 million.", "could not be verified", "should"),
        ("77 percent were afraid.", "misprint", "should"),
        ("A vote on the bill is due next week.", "No vote is scheduled", "should"),
        ("Every Democrat backs it.", "names no party", "should"),
        ("We want open borders.", "slogans", "should"),
    ],
)
def test_each_sentence_problem_is_found_with_its_line_and_sentence(
    campaign: Campaign, few: Few, words: str, message: str | None, level: str | None
) -> None:
    report = found(campaign, few, GOOD.replace(THANKS, f"I thank you.\n\n{words}"))
    problems = [p for p in report.problems if message is not None and message in p.message]
    if message is None:
        assert report.problems == ()
        return
    assert problems, report.problems
    assert problems[0].level == level
    assert (problems[0].file, problems[0].line) == ("general.txt", 14)
    assert problems[0].sentence
    assert problems[0].example
    assert report.ok == (level == "nice")
    assert ("problem" in report.summary) == (level != "nice")


@pytest.mark.parametrize(
    ("change", "message", "level"),
    [
        (("{{ opening }} {{ ask }}", "This matters."), "There is no ask", "must"),
        (("{{ story }}\n\n", ""), "no place for a personal story", "nice"),
        ((THANKS, "I thank you. " * 130), "The full form has", "should"),
        ((THANKS, "Extraordinarily complicated administrative considerations necessitate "
          "comprehensive reconsideration of intergovernmental responsibilities, notwithstanding "
          "organizational peculiarities of the participating municipalities and the individual "
          "predispositions of their representatives." * 2), "reading grade", "should"),
    ],
)  # fmt: skip
def test_each_problem_of_the_whole_letter_is_found(
    campaign: Campaign, few: Few, change: tuple[str, str], message: str, level: str
) -> None:
    report = found(campaign, few, GOOD.replace(*change))
    assert any(message in p.message and p.level == level for p in report.problems), report


def test_the_short_form_has_its_own_limit(campaign: Campaign, few: Few) -> None:
    long = GOOD.replace(THANKS, thanks(12))
    assert found(campaign, few, long).ok
    assert "The most is 450" in found(campaign, few, long, "general.short.txt").problems[0].message


UNFINISHED = (
    "[FIRST_NAME]", "[Your Name]", "[your city]", "[insert story here]", "«place»", "%%CITY%%",
    "{name}", "{ town }", "${name}", "*|FNAME|*", "<<town>>", "XXXX", "xxx", "TODO", "TBD", "____",
    "????", "<b>this</b>", "<br/>", "&nbsp;", "Lorem ipsum", "FIRST_NAME", "INSERT STORY",
    "(your city)", "(tu ciudad)", "(name)", "@@name@@", "[Member]", "[...]", "[x]", "[number]",
    "{First Name}", "#name#", "|NAME|", "~NAME~", "$NAME$", "YOURNAME", "[su nombre]", "TKTK",
    "<!-- x -->", "**bold**", "[link](there)", "[2-3 sentences]", "NAME HERE", "Your Name Here",
    "PLACEHOLDER", "{FNAME|friend}", "<%= name %>", "<?php ?>", "{!Contact.FirstName}",
    "<Your Name>", "WRITE HERE", "ESCRIBA AQUÍ", "POR HACER", "PENDIENTE", "｛｛ place ｝｝",
    "(First name)", "(apellidos)", "__NAME__", "mm/dd/yyyy", "March XX, 2026", "$X", "xx agencies",
    "XX% of", "Senator/Representative", "TBC",
)  # fmt: skip


@pytest.mark.parametrize("left", UNFINISHED)
def test_an_unfilled_placeholder_must_be_fixed(campaign: Campaign, few: Few, left: str) -> None:
    report = found(campaign, few, GOOD.replace(THANKS, f"I thank you.\n\nI met {left} there."))
    problems = [p for p in report.problems if "never filled in" in p.message]
    assert len(problems) == 1, report.problems
    assert problems[0].level == "must"
    assert (problems[0].file, problems[0].line) == ("general.txt", 14)


@pytest.mark.parametrize(
    "words",
    [
        "It cost 44% in 2012, $1,000 a quarter and 1,415 agreements (in 40 states).",
        "“We can [best] serve our communities,” they wrote, and 287(g) stayed.",
        "My father said … nothing.", "I work at AT&T, at A&P and in the XXI district.",
        "Title XX and Super Bowl XX helped us.", "He and/or she works 9/11 shifts at A/B Street.",
        "Is 3 < 4? I think that it is.", "They asked: “Where do you live?”",
    ],
)  # fmt: skip
def test_ordinary_words_are_not_placeholders(campaign: Campaign, few: Few, words: str) -> None:
    if "…" in words:
        words = words.replace(" …", "…")
    report = found(campaign, few, GOOD.replace(THANKS, f"I thank you.\n\n{words}"))
    assert not [p for p in report.problems if p.level == "must"], report.problems


@pytest.mark.parametrize(
    "garbled",
    ["itâ€™s", "familiesâ€”", "JosÃ©", "comunidadesÂ\xa0", "caf\ufffd", "here\\n", "it\\u2019s"],
)
def test_characters_lost_in_copying_must_be_typed_again(
    campaign: Campaign, few: Few, garbled: str
) -> None:
    report = found(campaign, few, GOOD.replace(THANKS, f"I thank you.\n\nI know {garbled} there."))
    assert [p.level for p in report.problems if "lost characters" in p.message] == ["must"]


@pytest.mark.parametrize("run", ["a", "Ã", "\\", "senator/", "mm/"])
def test_a_long_run_is_searched_in_linear_time(run: str) -> None:
    assert done_within(1, lambda: list(unfinished(run * 20_000)))


@pytest.mark.parametrize("right", ["JOSÉ Ångström", "À la Ñandú — Ãnimo", "C:\\new\\table"])
def test_foreign_letters_are_not_lost_characters(campaign: Campaign, few: Few, right: str) -> None:
    report = found(campaign, few, GOOD.replace(THANKS, f"I thank you.\n\nI know {right} there."))
    assert not [p for p in report.problems if "lost characters" in p.message]


def test_placeholders_are_found_in_titles_and_in_unused_branches(
    campaign: Campaign, few: Few
) -> None:
    hidden = '{% if stage == "enacted" %}Dear XXXX rows.{% endif %} Thank you.'
    report = found(campaign, few, GOOD.replace(THANKS, hidden))
    assert [p.level for p in report.problems] == ["must"]
    titled = found(campaign, few, GOOD.replace('title = "', 'title = "TODO ', 1))
    assert "TODO" in titled.problems[0].message


def test_the_starter_text_of_a_new_letter_must_be_replaced(campaign: Campaign, few: Few) -> None:
    report = found(campaign, few, GOOD.replace(THANKS, "I am writing about …\n\nThank you."))
    assert any(p.level == "must" and "never filled in" in p.message for p in report.problems)


def test_a_law_is_not_called_expired(campaign: Campaign, few: Few) -> None:
    words = "The {{ bill_name }} is law now. Please see that it is carried out."
    ask = replace(campaign.asks[-1], when="", stages=("enacted",), text=words)
    law = replace(campaign, enacted=date(2026, 12, 1), asks=(*campaign.asks, ask))
    report = found(law, few, GOOD.replace("Thank you.", "{{ time_note }}\n\nThank you."))
    assert not [p for p in report.problems if "expired" in p.message or "law now" in p.message]
    assert report.stages == 3


BEFORE_THE_LAW = {
    "en": (
        "{number} would end these agreements.", "I like the bill, which would end them.",
        "Please cosponsor it.", "Please keep adding cosponsors.", "Please vote for the bill.",
        "Please pass {number} this year.", "I am writing about {number}, a bill to end them.",
        "Please support this bill.", "The bill is before the Judiciary Committee.",
        "Please introduce or join a companion in the Senate.", "Do not put your name to it.",
    ),
    "es": (
        "El proyecto {number} pondría fin a estos acuerdos.", "Pondría fin a estos acuerdos.",
        "Le pido que lo copatrocine.", "Le pido que vote por el proyecto.",
        "Le pido que apoye el proyecto.", "Le pido que lo apruebe.",
        "Le escribo sobre {number}, un proyecto para terminarlos.",
        "El proyecto está en el Comité Judicial.",
    ),
}  # fmt: skip
AFTER_THE_LAW = {
    "en": (
        "{number}, the {title}, is law now.", "Please see that it is carried out.",
        "Thank you for cosponsoring it.", "Thank you for joining {number} as a cosponsor.",
        "I would be glad to know what you decide.", "It was a bill to end these agreements.",
        "It ended these agreements, which would have gone on.", "I support this law.",
        "Thank you for voting for it.", "Thank you for your vote for the bill.",
        "Thank you for your support of the bill.", "You voted for it, and it is law.",
        "It would help to know your plans.",
    ),
    "es": (
        "El proyecto de ley {number} ya es ley.", "Gracias por haberlo copatrocinado.",
        "Gracias por votar a favor.",
        "Me gustaría saber qué decide.", "La mayoría no lo sabe.", "Vivía con miedo.",
        "Era un proyecto para terminarlos, y ya es ley.", "Sin la ley habrían seguido.",
        "La policía no pide papeles.", "Le agradecería una respuesta.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("language", ["en", "es"])
def test_words_that_await_a_bill_are_found_once_it_is_law(
    campaign: Campaign, language: Language
) -> None:
    bill = campaign.main_bill

    def advised(words: str, stage: StageName = "enacted") -> bool:
        sentence = words.format(number=bill.number, title=bill.title)
        found = check_sentence(campaign, sentence, Situation("house", False, stage, language))
        return any("is law now" in finding.message for finding in found)

    assert [words for words in BEFORE_THE_LAW[language] if not advised(words)] == []
    assert [words for words in AFTER_THE_LAW[language] if advised(words)] == []
    assert [words for words in BEFORE_THE_LAW[language] if advised(words, "pending")] == []


def test_pages_and_calls_that_await_a_law_are_named_by_line_and_language(
    campaign: Campaign, few: Few
) -> None:
    ask = replace(
        campaign.asks[-1], id="law", when="", stages=("enacted",), text="Please carry it out.",
        short="", opening="", thanks="", summary="Asks to cosponsor it.", call="Please act.",
        text_es="", short_es="", opening_es="", thanks_es="", summary_es="", call_es="",
    )  # fmt: skip
    pages = {
        "lede": "{{ house_number }} would end them.",
        "lede_es": "Terminaría los acuerdos.",
        "summary": '{% if stage == "enacted" %}It ended them.{% else %}It would.{% endif %}',
    }
    law = replace(campaign, enacted=date(2026, 12, 1), asks=(*campaign.asks, ask), pages=pages,
                  telephone={}, about=(), lines={"pages.lede_es": 9, "pages.lede": 7})  # fmt: skip
    found = [p for p in check_campaign(law, few.holders).problems if "is law now" in p.message]
    said = {(p.sentence, p.language, p.level) for p in found if p.file == "campaign.toml"}
    assert said == {
        ("H.R. 6890 would end them.", "en", "should"),
        ("Terminaría los acuerdos.", "es", "should"),
        ("Asks to cosponsor it.", "en", "should"),
    }
    assert {p.line for p in found if p.language == "es"} == {9}


@pytest.mark.parametrize(
    "words",
    ["Dear Senator,", "To whom it may concern:", "Hello Representative Lee,", "Estimada senadora:",
     "Senator Lee,", "To my senator:", "Ms. Lee:", "Muy señora mía:"],
)  # fmt: skip
def test_a_second_greeting_must_be_removed(campaign: Campaign, few: Few, words: str) -> None:
    head, rest = GOOD.rsplit("+++\n\n", 1)
    report = found(campaign, few, f"{head}+++\n\n{words}\n\n{rest}")
    assert any(p.level == "must" and "The greeting is added" in p.message for p in report.problems)


@pytest.mark.parametrize(
    "words",
    ["Sincerely,", "Sincerely,\nAna Lee", "Best regards, Ana", "Respectfully yours,",
     "Atentamente,", "In solidarity,\nAna Lee", "Yours,\nAna", "Best,", "Thank you,\nAna Lee",
     "Con gratitud,"],
)  # fmt: skip
def test_a_second_closing_must_be_removed(campaign: Campaign, few: Few, words: str) -> None:
    report = found(campaign, few, GOOD.rstrip() + f"\n\n{words}\n")
    assert any(p.level == "must" and "The closing and the name" in p.message
               for p in report.problems), report.problems  # fmt: skip


def test_a_letter_that_only_says_please_has_no_ask(campaign: Campaign, few: Few) -> None:
    report = found(campaign, few, GOOD.replace("{{ opening }} {{ ask }}", "Please help."))
    assert any(p.level == "must" and "There is no ask" in p.message for p in report.problems)


@pytest.mark.parametrize(
    ("typed", "is_another"),
    [
        ("HR 4393", True), ("h.r.4393", True), ("H.R.4393", True), ("hr4393", True),
        ("H. R. 4393", True), ("House Bill No. 4393", False),  # how states number their bills
    ],
)  # fmt: skip
def test_another_campaigns_bill_is_found_in_any_spelling_that_congress_uses(
    campaign: Campaign, few: Few, typed: str, *, is_another: bool
) -> None:
    report = found(campaign, few, GOOD.replace(THANKS, f"I like {typed} as well. Thank you."))
    messages = [p.message for p in report.problems]
    assert any("`H.R. 4393` does not belong" in message for message in messages) == is_another


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("I saw it grow.La hora was late.", "no space between them"),
        ("I live near the.", "breaks off"),
        ("I thank you for your time", "without a period"),
        ("A long road home for all.", "no verb"),
        ("A traffic stop.", "no verb"),
        ("A traffic stop on a county road.", "no verb"),
        ("I thank you for  your time.", "A word seems to be missing"),
    ],
)
def test_signs_of_truncated_or_joined_text_are_found(
    campaign: Campaign, few: Few, words: str, message: str
) -> None:
    report = found(campaign, few, GOOD.replace(THANKS, f"I thank you.\n\n{words}"))
    assert any(message in p.message for p in report.problems), report.problems


def test_one_problem_is_one_finding_with_its_seats_and_worst_case(
    campaign: Campaign, few: Few
) -> None:
    long = found(campaign, few, GOOD.replace(THANKS, thanks(90)))
    assert len(long.problems) == 1
    problem = long.problems[0]
    assert problem.seats == len(few.holders)
    worst = int(re.findall(r"has ([\d,]+) characters", problem.message)[0].replace(",", ""))
    for holder in few.holders:
        alone = Few((holder,))
        one = found(campaign, alone, GOOD.replace(THANKS, thanks(90))).problems[0]
        count = int(re.findall(r"has ([\d,]+) characters", one.message)[0].replace(",", ""))
        assert count <= worst
        if count == worst:
            assert holder.seat.id in problem.example or count == worst


def test_the_editors_own_lines_come_before_the_campaigns(campaign: Campaign, few: Few) -> None:
    growth = replace(campaign.facts["growth"], text="See www.example for more.")
    facts = {**campaign.facts, "growth": growth}
    spoiled = replace(campaign, facts=facts)
    text = GOOD.replace(THANKS, "{{ fact_growth }}\nWrite to www.other there.")
    letter = read_template("general.txt", text, facts=facts)
    assert isinstance(letter, LetterTemplate)
    files = [p.file for p in check_campaign(spoiled, few.holders, templates=[letter]).problems]
    assert files.index("general.txt") < files.index("campaign.toml")


def test_the_second_request_reported_is_the_editors(campaign: Campaign, few: Few) -> None:
    report = found(campaign, few, GOOD.replace(THANKS, "I urge you to write back. Thank you."))
    problem = next(p for p in report.problems if "More than one" in p.message)
    assert problem.sentence == "I urge you to write back."
    assert problem.file == "general.txt"


def test_a_grade_above_the_limit_is_rounded_up(campaign: Campaign) -> None:
    assert _round_up(10.01) == 10.1
    assert _round_up(10.0) == 10.0


def test_a_letter_too_long_for_an_office_needs_a_short_form(campaign: Campaign, few: Few) -> None:
    def small(holder: Holder) -> Holder:
        assert holder.member is not None
        form = FormRules(known=True, max_characters=300)
        return replace(holder, member=replace(holder.member, form=form))

    tight = Few(tuple(small(holder) for holder in few.holders))
    bare = replace(campaign, templates={})
    alone = check_campaign(bare, tight.holders, templates=[template(GOOD)])
    assert [p.level for p in alone.problems] == ["must"]
    assert "takes 300" in alone.problems[0].message
    with_short = check_campaign(campaign, tight.holders, templates=[template(GOOD)])
    assert not [p for p in with_short.problems if p.level == "must"]


def test_a_hint_alone_does_not_fail(campaign: Campaign, few: Few) -> None:
    report = found(campaign, few, GOOD.replace("{{ story }}\n\n", ""))
    assert report.ok
    assert len(report.problems) == 1


def test_the_same_problem_is_reported_once_with_its_count(campaign: Campaign, few: Few) -> None:
    report = found(campaign, few, GOOD.replace(THANKS, "See www.example for more."))
    assert len(report.problems) == 1
    assert report.problems[0].seats == len(few.holders)


def test_problems_of_an_ask_name_their_line_in_the_campaign_file(
    campaign: Campaign, few: Few
) -> None:
    def spoil(asks: Iterable[Ask]) -> tuple[Ask, ...]:
        return tuple(
            replace(ask, text=ask.text + "\nI hope that you vote for it on the floor.")
            if ask.id == "delegate"
            else ask
            for ask in asks
        )

    spoiled = replace(campaign, asks=spoil(campaign.asks), stances={})
    report = check_campaign(spoiled, few.holders, templates=[template(GOOD)])
    problem = next(p for p in report.problems if "cannot vote" in p.message)
    text = (LETTERS / "campaign.toml").read_text(encoding="utf-8")
    delegate = text.split('id = "delegate"')[1]
    first = (
        text.count("\n") - delegate.count("\n") + delegate.split('text = """')[0].count("\n") + 2
    )
    assert problem.file == "campaign.toml"
    ask = next(ask for ask in campaign.asks if ask.id == "delegate")
    assert problem.line == first + len(ask.text.split("\n"))


@pytest.mark.parametrize("words", ["Police who answer a 911 call", "I am calling about {{"])
def test_problems_of_a_pages_or_calls_words_name_their_line_in_the_campaign_file(
    few: Few, words: str
) -> None:
    files = read_files(LETTERS)
    files["campaign.toml"] = files["campaign.toml"].replace(words, f"XXXX {words}", 1)
    report = check_campaign(read_campaign("odd", files), few.holders)
    line = next(n for n, s in enumerate(files["campaign.toml"].split("\n"), 1) if "XXXX" in s)
    assert [(p.file, p.line) for p in report.problems] == [("campaign.toml", line)]


def test_an_ask_used_only_after_the_bill_expires_is_checked_too(
    campaign: Campaign, few: Few
) -> None:
    asks = (
        Ask("now", "", "I ask you to cosponsor it.", "", ("pending", "last_weeks")),
        Ask("later", "", "I ask you to look at www.example.", "", ("expired",)),
    )
    changed = replace(campaign, asks=asks, additions=())
    report = check_campaign(changed, few.holders, templates=[template(GOOD)])
    assert any(p.message.startswith("There is a link") for p in report.problems)


def test_a_reading_aid_is_checked_too(campaign: Campaign, few: Few) -> None:
    bad = replace(
        template(GOOD),
        reading_aid_es="Soy de {{ place }}. {{ bill_number }} es mala. Escribo al senador(a), y a "
        "los alguaciles (sheriffs).\n\n{{ ask }}\n\n{{ story }}",
        reading_aid_source="general.es.txt",
        first_reading_aid_line=7,
    )
    report = check_campaign(campaign, few.holders, templates=[bad])
    messages = {(p.file, p.line, p.message.split(". Write")[0]) for p in report.problems}
    assert ("general.es.txt", 7, "`bill_number` is empty here") in messages
    assert sum("two genders" in message for _, _, message in messages) == 1
    assert any("The reading aid has 2 and 0 paragraphs" in message for _, _, message in messages)


def test_a_draft_that_does_not_parse_is_a_problem_not_an_error(
    campaign: Campaign, few: Few
) -> None:
    broken = replace(template(GOOD), body="{{ nope }}", source_name="draft")
    report = check_campaign(campaign, few.holders, templates=[broken])
    assert not report.ok
    assert "`nope` is not a field" in report.problems[0].message


def test_presuming_that_a_member_returns_is_found(campaign: Campaign) -> None:
    situation = Situation("house", delegate=False, stage="last_weeks")
    for text, bad in (
        ("I ask you to cosponsor it in the next Congress.", True),
        ("I ask you to cosponsor it in the new Congress if you serve there.", False),
        ("I ask that you, or a colleague, bring it to the new Congress.", False),
    ):
        findings = check_sentence(campaign, text, situation)
        assert any("who will return" in f.message for f in findings) is bad, text
    after = replace(situation, stage="expired")
    assert not check_sentence(campaign, "I ask you to join a bill in the new Congress.", after)


def test_a_senate_letter_may_test_fields_that_only_the_house_has(
    campaign: Campaign, few: Few
) -> None:
    words = "{% if bill_number %}It has a number.{% endif %} {{ earlier_latest or 'It' }} was good."
    assert found(campaign, few, GOOD.replace(THANKS, words)).problems == ()


# --- sentences and grade ------------------------------------------------------------------


def test_a_bill_number_does_not_end_a_sentence() -> None:
    text = "H.R. 6890 and S. 1336 are bills. The U.S. Virgin Islands wait. Why? “Yes.” I do."
    assert len(sentences(text)) == 5


def test_the_reading_grade_follows_the_formula() -> None:
    assert reading_grade("The cat sat on the mat.") == pytest.approx(0.39 * 6 + 11.8 - 15.59)
    assert reading_grade("") == 0.0
    assert reading_grade("Administrative considerations necessitate reconsideration.") > 15


# --- the command ----------------------------------------------------------------------------


def run(*arguments: str) -> tuple[int, str]:
    result = flask("letters", *arguments)
    return result.exit_code, result.output


@pytest.fixture
def few_seats(monkeypatch: pytest.MonkeyPatch, few: Few) -> None:
    monkeypatch.setattr("app.cli.letter_commands.load_tables", lambda *_where: few)


@pytest.mark.usefixtures("few_seats")
def test_the_command_prints_one_line_when_everything_passes() -> None:
    assert run("check", "--folder", str(LETTERS.parent), "--campaign", LETTERS.name) == (
        0,
        "8 seats, 8 templates, 3 stages: ok\n",
    )


def test_the_command_prints_the_file_and_line_of_a_parse_error(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(LETTERS, tmp_path / "mine"))
    file = folder / "general.txt"
    file.write_text(file.read_text("utf-8").replace("{{ story }}", "{{ stroy }}"), "utf-8")
    code, output = run("check", "--folder", str(tmp_path), "--campaign", "mine")
    assert code == 1
    assert "letters/mine/general.txt:16: `stroy` is not a field. Did you mean `story`?" in output
    assert "1 problem" in output


@pytest.mark.usefixtures("few_seats")
def test_the_command_fails_with_file_and_line_if_a_letter_has_a_problem(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(LETTERS, tmp_path / "mine"))
    for file in folder.glob("*.txt"):
        if not file.name.startswith("general."):
            file.unlink()
    file = folder / "general.txt"
    file.write_text(file.read_text("utf-8").rstrip() + "\nSee www.example for more.\n", "utf-8")
    code, output = run("check", "--folder", str(tmp_path), "--campaign", "mine")
    assert code == 1
    last = file.read_text("utf-8").rstrip().count("\n") + 1
    assert f"letters/mine/general.txt:{last}: There is a link or web address" in output
    assert output.endswith("8 seats, 2 templates, 3 stages: 1 problem\n")


def test_the_fields_can_be_listed() -> None:
    code, output = run("fields")
    assert code == 0
    for name in (*(field.name for field in FIELDS), *FILTERS):
        assert name in output


def test_the_command_has_help_and_refuses_an_unknown_campaign() -> None:
    code, output = run("check", "--help")
    assert code == 0
    assert "flask letters check --campaign" in output
    assert run("check", "--campaign", "none", "--folder", str(LETTERS.parent))[0] == 1
