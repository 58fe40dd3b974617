"""English at ``/`` and Spanish at ``/es/``: the language is in the address, not in a cookie."""

from __future__ import annotations

import tempfile
from datetime import date, datetime, timedelta
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from babel import dates
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations
from flask import Flask, has_request_context, request, url_for
from flask_babel import Babel, get_translations

from app.files import write_file
from app.site.settings import ROOT

LANGUAGES = {"en": "English", "es": "Español"}
ENGLISH = NullTranslations()
CATALOGUE = "dear_congress.catalogue"
CATALOGUES = ROOT / "app" / "web" / "translations"


def gettext(text: str, **values: Any) -> str:
    """``text`` in the reader's language, with ``%(name)s`` filled in; imported as ``_``.

    Outside a request, for example in a command, it is English.
    """
    words = str(_catalogue().ugettext(text))
    return words % values if values else words


def ngettext(one: str, many: str, number: int, **values: Any) -> str:
    """The plural form of ``gettext``; the number is ``%(num)d``."""
    words = str(_catalogue().ungettext(one, many, number))
    return words % {"num": number, **values}


def _catalogue() -> NullTranslations:
    """The current request's catalogue, looked up once: Flask-Babel looks it up for every string."""
    if not has_request_context():
        return ENGLISH
    kept = request.environ
    found: NullTranslations | None = kept.get(CATALOGUE)
    if found is None:
        found = kept[CATALOGUE] = get_translations()
    return found


def language() -> Literal["en", "es"]:
    """The language of the current request, even if no route matches it."""
    if has_request_context() and request.path.split("/", 2)[1:2] == ["es"]:
        return "es"
    return "en"


def locale() -> str:
    """The locale for numbers and dates: Spanish as in the United States, with 1,415 for 1.415."""
    return "es_US" if language() == "es" else "en"


def other_language() -> Literal["en", "es"]:
    return "en" if language() == "es" else "es"


def page_url(endpoint: str, lang: str = "", **values: Any) -> str:
    """The address of a page (``resident.find``) in the current language or ``lang``."""
    prefix = "es_" if (lang or language()) == "es" else ""
    if values or not has_request_context():
        return url_for(f"{prefix}{endpoint}", **values)
    return _plain_url(f"{prefix}{endpoint}", request.script_root)


@lru_cache(maxsize=1024)
def _plain_url(endpoint: str, _root: str) -> str:
    # Constant for one script root, and a page has dozens.
    return url_for(endpoint)


def long_date(day: date) -> str:
    """``January 3, 2027`` or ``3 de enero de 2027``."""
    return str(dates.format_date(day, "long", locale=locale()))


def moment_words(moment: datetime, zone: str) -> str:
    """``November 25, 2026, 12:04 PM CST``: a moment in a time zone."""
    there = moment.astimezone(ZoneInfo(zone))
    clock = dates.format_datetime(there, "h:mm a z", locale=locale())
    return f"{long_date(there.date())}, {clock}"


def how_long(seconds: int) -> str:
    """``45 seconds``, ``10 minutes``, ``12 hours``: a waiting time, rounded up."""
    step = 1 if seconds < 90 else 60 if seconds < 90 * 60 else 3600
    whole = timedelta(seconds=-(-seconds // step) * step)
    return str(dates.format_timedelta(whole, threshold=1.5, locale=locale()))


def compile_catalogues(source: Path, folder: Path) -> Path:
    """Compile every ``.po`` under ``source`` into ``folder`` if missing or out of date.

    Each file is replaced atomically, so concurrently starting workers never read a partial one.
    If ``folder`` is not writable, a temporary folder is used. Returns the folder of the compiled
    catalogues. Raises ``OSError`` if one cannot be read.
    """
    try:
        _compile_all(source, folder)
    except OSError:
        folder = Path(tempfile.mkdtemp(prefix="catalogues-"))
        _compile_all(source, folder)
    return folder


def _compile_all(source: Path, folder: Path) -> None:
    for po in sorted(source.glob("*/LC_MESSAGES/*.po")):
        _compile(po, folder / po.relative_to(source).with_suffix(".mo"))


def _compile(po: Path, mo: Path) -> None:
    if mo.exists() and mo.stat().st_mtime_ns >= po.stat().st_mtime_ns:
        return
    with po.open("rb") as file:
        catalogue = read_po(file, locale=po.parent.parent.name)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    mo.parent.mkdir(parents=True, exist_ok=True)
    write_file(mo, compiled.getvalue(), mode=0o644)


def set_up_languages(app: Flask) -> None:
    """Add Flask-Babel and the helpers that templates use."""
    folder = compile_catalogues(CATALOGUES, CATALOGUES)
    Babel(app, locale_selector=locale, default_translation_directories=str(folder))
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined] # from the extension
        lambda text: _catalogue().ugettext(text),
        lambda one, many, number: _catalogue().ungettext(one, many, number),
        newstyle=True,
    )
    app.jinja_env.globals.update(
        _=app.jinja_env.globals["gettext"],  # Jinja's own looks this up for every string
        language=language,
        other_language=other_language,
        languages=LANGUAGES,
        page_url=page_url,
    )
    app.jinja_env.filters["long_date"] = long_date
