"""Made-up residents: form bodies for the signing page, each for a different person."""

from __future__ import annotations

import time
from pathlib import Path
from urllib.parse import urlencode

from app.site.settings import load_settings
from app.site.tokens import FormTokens

PLACES = (
    ("01930", "MA", "Gloucester"), ("59601", "MT", "Helena"), ("20009", "DC", "Washington"),
    ("10013", "NY", "New York"), ("05672", "VT", "Stowe"), ("96001", "CA", "Redding"),
)  # fmt: skip
STORY = (
    "My neighbor stopped driving her son to practice after the sheriff signed the agreement. "
    "She is a citizen, and she is still afraid of a traffic stop. We carpool now, and we talk "
    "about who will answer if police come to the door.\n\n"
    "I want our deputies to know our street, and our street to trust our deputies."
)


def sign_bodies(instance: Path, count: int, *, first: int = 0) -> list[bytes]:
    """``count`` form bodies for POST /sign, with tokens that the site at ``instance`` trusts."""
    settings = load_settings(environ={}, instance=instance)
    tokens = FormTokens(settings.secret_key, settings.form_minutes, time.monotonic)
    return [
        urlencode(sign_form(number, tokens.issue())).encode()
        for number in range(first, first + count)
    ]


def sign_form(number: int, token: str) -> dict[str, str]:
    """What the signing page sends for the ``number``-th resident."""
    zip5, state, city = PLACES[number % len(PLACES)]
    return {
        "zip": zip5, "state": state, "mail_zip": zip5, "mail_state": state, "city": city,
        "first": "Imani", "last": f"Reyes{number}", "street": f"{number} Heron St",
        "template": "general", "length": "full", "story": STORY, "token": token, "website": "",
    }  # fmt: skip
