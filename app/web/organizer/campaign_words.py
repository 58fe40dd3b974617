"""What the Campaign page calls its fields, and what it says about them."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from app.campaign.edit_fields import CHOICES, general
from app.site.i18n import gettext as _
from app.site.services import services

TITLES = {
    "bill": _l("Bill and dates"),
    "committees": _l("Committees"),
    "states": _l("States with a law of their own"),
    "hint": _l("Caution under every question"),
    "asks": _l("Ask"),
    "additions": _l("Sentence added to an ask"),
    "facts": _l("Dated fact"),
    "prompts": _l("Question for a story"),
    "forbidden": _l("Claim to avoid"),
    "related": _l("Earlier or opposing bill"),
}
LABELS: dict[str, LazyString] = {
    "title": _l("Name of the campaign"),
    "title_es": _l("Name of the campaign in Spanish"),
    "congress": _l("Number of the Congress"),
    "ends": _l("When this Congress ends, Washington time"),
    "last_weeks_from": _l("First day of the last weeks"),
    "last_day.house": _l("Planned last day of the House"),
    "last_day.senate": _l("Planned last day of the Senate"),
    "as_of": _l("Day of the cosponsor list"),
    "enacted": _l("Day on which the bill became law"),
    "timezone": _l("Time zone"),
    "confirm_email": _l("Confirmed e-mail addresses"),
    "bills.house.number": _l("Number of the House bill"),
    "bills.house.title": _l("Title of the House bill"),
    "bills.house.introduced": _l("Day on which the House bill was introduced"),
    "bills.senate.number": _l("Number of the Senate bill"),
    "bills.senate.title": _l("Title of the Senate bill"),
    "bills.senate.introduced": _l("Day on which the Senate bill was introduced"),
    "time.pending": _l("How much time is left: before the last weeks"),
    "time.pending_es": _l("The same in Spanish: before the last weeks"),
    "time.last_weeks": _l("How much time is left: in the last weeks"),
    "time.last_weeks_es": _l("The same in Spanish: in the last weeks"),
    "time.ending": _l("How much time is left: after the chamber’s last day"),
    "time.ending_es": _l("The same in Spanish: after the chamber’s last day"),
    "time.expired": _l("How much time is left: after the Congress has ended"),
    "time.expired_es": _l("The same in Spanish: after the Congress has ended"),
    "asks.id": _l("Short name"),
    "asks.when": _l("Who is asked this"),
    "asks.stages": _l("When it is asked"),
    "asks.summary": _l("In one line"),
    "asks.summary_es": _l("In one line, in Spanish"),
    "asks.opening": _l("Opening sentence"),
    "asks.opening_es": _l("Opening sentence in Spanish"),
    "asks.text": _l("The ask in the full letter"),
    "asks.text_es": _l("The ask in the full letter, in Spanish"),
    "asks.short": _l("The ask in the short letter"),
    "asks.short_es": _l("The ask in the short letter, in Spanish"),
    "committees.house.code": _l("House committee that has the bill"),
    "committees.house.subcommittee": _l("Subcommittee in the House"),
    "committees.house.name": _l("Name of the House committee in letters"),
    "committees.house.name_es": _l("The same in Spanish: the House committee"),
    "committees.senate.code": _l("Senate committee for the subject"),
    "committees.senate.subcommittee": _l("Subcommittee in the Senate"),
    "committees.senate.name": _l("Name of the Senate committee in letters"),
    "committees.senate.name_es": _l("The same in Spanish: the Senate committee"),
    "states.requires": _l("States that require these agreements"),
    "states.limits": _l("States that limit or ban them"),
    "states.as_of": _l("Day on which this was looked up"),
    "prompt_hint.text": _l("Caution"),
    "prompt_hint.text_es": _l("Caution in Spanish"),
    "additions.id": _l("Short name"),
    "additions.when": _l("Who gets this sentence"),
    "additions.stages": _l("When it is added"),
    "additions.text": _l("Sentence in the full letter"),
    "additions.text_es": _l("Sentence in the full letter, in Spanish"),
    "additions.short": _l("Sentence in the short letter"),
    "additions.short_es": _l("Sentence in the short letter, in Spanish"),
    "facts.id": _l("Short name"),
    "facts.text": _l("The fact in one sentence"),
    "facts.text_es": _l("The fact in Spanish"),
    "facts.source": _l("Source"),
    "facts.as_of": _l("Day of the source"),
    "related.id": _l("Short name"),
    "related.kind": _l("What it is"),
    "related.chamber": _l("Chamber"),
    "related.congress": _l("Number of the Congress"),
    "related.number": _l("Number of the bill"),
    "related.title": _l("Title of the bill"),
    "prompts.who": _l("For whom"),
    "prompts.who_es": _l("For whom, in Spanish"),
    "prompts.text": _l("Question"),
    "prompts.text_es": _l("Question in Spanish"),
    "forbidden.pattern": _l("Words to look for"),
    "forbidden.advice": _l("Why not, and what to say instead"),
}
HINTS: dict[str, LazyString] = {
    "ends": _l("Such as 2027-01-03 12:00."),
    "last_weeks_from": _l("From this day on letters speak of few days left."),
    "as_of": _l("An import sets it for you."),
    "enacted": _l("Leave it empty until it has happened."),
    "bills.house.number": _l("As printed, such as H.R. 6890. Empty: no number is printed."),
    "bills.senate.number": _l("As printed, such as S. 1336. Empty: no number is printed."),
    "timezone": _l("Whose midnight parts the days of the counts. Days counted already stay."),
    "confirm_email": _l("Whether a signature counts only once its e-mail address is confirmed."),
    "committees.house.code": _l("Members of it get the sentences for committee members."),
    "committees.senate.code": _l("Members of it get the sentences for committee members."),
    "states.requires": _l("By name or two letters, with commas between them: Florida, GA, TX."),
    "states.limits": _l("By name or two letters, with commas between them: Illinois, NJ, OR."),
    "additions.id": _l("Small letters, digits and hyphens. It cannot be changed later."),
    "additions.when": _l("A condition, such as: committee_role == 'chair' and type == 'rep'."),
    "additions.short": _l("Empty: nothing is added to the short letter."),
    "facts.id": _l("Small letters, digits and _. Letters print it as {{ fact_name }}."),
    "facts.text": _l("With its date, so that it stays true. At most 800 characters."),
    "facts.source": _l("Who says it, where and when, so that anybody can look it up."),
    "related.id": _l("Such as hr2805-117. The lists of cosponsors name the bill by it."),
    "related.number": _l("As printed, such as H.R. 2805. Empty where it is not known."),
    "asks.id": _l("Small letters, digits and hyphens. It cannot be changed later."),
    "asks.when": _l("A condition, such as: type == 'sen' and stance == 'none'. Empty: all others."),
    "asks.summary": _l("Plain words without fields. Residents see it above the letter."),
    "asks.opening": _l("Before the reasons, such as thanks to a cosponsor. May be empty."),
    "asks.short": _l("It holds its own opening. Empty: the full text is used."),
    "forbidden.pattern": _l("A pattern (regular expression). Capital letters make no difference."),
}  # fmt: skip
STAGE_NAMES = {
    "pending": _l("before the last weeks"),
    "last_weeks": _l("in the last weeks"),
    "expired": _l("after the Congress has ended"),
    "enacted": _l("after the bill has become law"),
}


def label(path: str) -> str:
    """What a field is called; its path where it has no name."""
    return str(LABELS.get(general(path), path))


def hint(path: str) -> str:
    return str(HINTS.get(general(path), ""))


def why_words(why: str) -> str:
    """What is wrong with a value as typed, and what to do."""
    if why == "day":
        return _("Enter a day as year, month and day, such as 2026-11-25.")
    if why == "moment":
        return _("Enter a day and a time, such as 2027-01-03 12:00.")
    if why == "whole":
        return _("Enter a whole number, such as 119.")
    if why == "states":
        return _("Enter states by name or by two letters, with commas between them: Florida, GA.")
    return _("This cannot be empty.")


CHOICE_WORDS = {
    "earlier": _l("an earlier version of the bill"),
    "opposes": _l("a bill for the opposite"),
    "house": _l("House of Representatives"),
    "senate": _l("Senate"),
}


def options(path: str) -> tuple[tuple[str, str], ...]:
    """What a choice offers: each value with its words."""
    if path == "confirm_email":
        return (
            ("", _("as the site’s settings say")),
            ("true", _("count only confirmed addresses")),
            ("false", _("count without a confirmation")),
        )
    if path.startswith("committees."):
        return _committees(path)
    return tuple(
        (value, str(CHOICE_WORDS.get(value, value.rpartition("/")[2].replace("_", " "))))
        for value in CHOICES[general(path)]
    )


def _committees(path: str) -> tuple[tuple[str, str], ...]:
    """The chamber's committees by name, or its subcommittees below their committee."""
    names = services().tables.committee_names
    letter = "H" if path.startswith("committees.house.") else "S"
    ours = [code for code in sorted(names) if code.startswith(letter)]
    if path.endswith(".code"):
        found = [(code, names[code]) for code in ours if len(code) == 4]
    else:
        found = [
            (code, f"{_short(names[code[:4]])}: {names[code]}")
            for code in ours
            if len(code) > 4 and code[:4] in names
        ]
    return (("", _("none")), *sorted(found, key=lambda pair: pair[1]))


def _short(name: str) -> str:
    short = name.removeprefix("House ").removeprefix("Senate ").removeprefix("Committee on ")
    return short.removeprefix("the ")


def shown(path: str, value: str) -> str:
    """A value in words: a choice by its words, anything else as it is."""
    if path in CHOICES or path == "confirm_email" or path.endswith((".code", ".subcommittee")):
        return dict(options(path)).get(value, value) if value else ""
    return value
