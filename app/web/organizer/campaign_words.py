"""What the Campaign page calls its fields, and what it says about them."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from app.campaign import edit
from app.web.i18n import gettext as _

TITLES = {
    "bill": _l("Bill and dates"),
    "asks": _l("Ask"),
    "prompts": _l("Question for a story"),
    "forbidden": _l("Claim to avoid"),
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


def general(path: str) -> str:
    """``asks.3.text`` → ``asks.text``: the same for every ask."""
    parts = path.split(".")
    return ".".join([parts[0], *parts[2:]]) if parts[0] in edit.LISTS else path


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
    return _("This cannot be empty.")
