"""What the outcomes' codes mean, in words. Pages translate these texts; commands print them."""

from __future__ import annotations


def _mark(text: str) -> str:
    """Marks a text for translation (``pybabel extract -k _mark``) and returns it."""
    return text


NOTICES: dict[str, str] = {
    "invalid_district": _mark(
        "That district is not one of your state’s. Please choose again; nothing else was changed."
    ),
    "inactive_zip": _mark(
        "The Postal Service lists this ZIP code as no longer in use. You can go on; please check "
        "that it is the one you use today."
    ),
    "state_confirmed": _mark(
        "We used the state that you gave, although this ZIP code is listed in another one."
    ),
    "home_state": _mark(
        "This ZIP code belongs to a place outside the states. We used the home state that you gave."
    ),
    "unlisted_zip": _mark(
        "We do not know this ZIP code. We used the state that you gave; please check the ZIP code."
    ),
    "term_ended": _mark(
        "The listed term of one of these members has ended. They may have been replaced since "
        "our data was made; please check before you write."
    ),
}
"""Codes of ``Found.notice`` and ``Choose.notice``, most pressing first; only one is given."""

STREET_REASONS: dict[str, str] = {
    "timeout": _mark("The address lookup took too long to answer."),
    "unreachable": _mark("The address lookup could not be reached."),
    "bad_reply": _mark("The address lookup gave an answer that we could not use."),
    "provider": _mark("The address lookup is not set up correctly on this site."),
    "no_match": _mark(
        "The address lookup does not know this street address. PO boxes and new streets are "
        "often missing."
    ),
    "no_district": _mark("The address lookup found the place, but no district for it."),
    "wrong_congress": _mark(
        "The address lookup answered with the districts of another Congress, which do not yet "
        "or no longer apply."
    ),
    "other_state": _mark(
        "The address lookup found this address in another state than the one you gave."
    ),
}
"""Codes of ``Unavailable.reason``: why the street did not settle the district."""
