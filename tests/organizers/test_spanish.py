"""Every message of the organizers' pages exists in Spanish, with the same placeholders."""

from __future__ import annotations

import re
from pathlib import Path

from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parent.parent.parent
CATALOGUE = ROOT / "app/web/translations/es/LC_MESSAGES/messages.po"
KEYWORDS = {
    "_": None, "gettext": None, "_l": None, "lazy_gettext": None, "ngettext": (1, 2),
}  # fmt: skip
PLACEHOLDERS = re.compile(r"%\(\w+\)[sd]")


def messages_in_code() -> set[str | tuple[str, ...]]:
    """Every message of the organizers' code and templates."""
    found: set[str | tuple[str, ...]] = set()
    for method, folder, pattern in (
        ("python", "app/web/organizer", "*.py"),
        ("jinja2", "templates/organizer", "*.html"),
    ):
        for path in sorted((ROOT / folder).glob(pattern)):
            options = {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}
            for _line, message, _notes, _context in extract_from_file(
                method, path, keywords=KEYWORDS, options=options
            ):
                found.add(message)
    return found


def test_the_messages_are_found_in_the_code() -> None:
    assert len(messages_in_code()) > 150


def test_every_organizer_message_is_translated_to_spanish() -> None:
    with CATALOGUE.open("rb") as file:
        spanish = {message.id: message.string for message in read_po(file) if message.id}
    missing = sorted(str(m) for m in messages_in_code() if not spanish.get(m))
    assert not missing, missing
    for message in messages_in_code():
        forms = message if isinstance(message, tuple) else (message,)
        answer = spanish[message]
        answers = answer if isinstance(answer, tuple) else (answer,)
        assert all(answers), message
        wanted = set(PLACEHOLDERS.findall(forms[-1]))
        assert set(PLACEHOLDERS.findall(str(answers[-1]))) == wanted, message
