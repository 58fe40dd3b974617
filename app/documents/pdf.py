"""Letters as PDF: US Letter, tagged for screen readers (PDF/UA-1), every font embedded.

Typst sets them from one template, ``typst/letter.typ``. What people wrote travels as JSON
beside the template and is only ever placed as text, and the template's folder is all that
Typst can read, so no text can make it read a file or reach the network.
"""

from __future__ import annotations

import ast
import json
import re
import threading
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import typst

from app.documents.clean import clean_text
from app.documents.fonts import families_for, font_folders
from app.documents.layout import template_data
from app.documents.model import Addressed, PostalLetter
from app.documents.postal import postal

TEMPLATES = Path(__file__).resolve().parent / "typst"
CHUNK = 50
"""Letters in one PDF of a batch: more would save little time and take much memory."""
CHUNK_CHARACTERS = 200_000
_STANDARD = "ua-1"
_FORGET_AFTER = 11
"""Typst remembers the work of its last ten compilations, text included."""
_REPLACEMENT = "\ufffd"
_UNPRINTABLE = re.compile(r'the text `("(?:[^"\\]|\\.)*")` could not be displayed')
_RUST_ESCAPE = re.compile(r"\\u\{([0-9a-f]+)\}")

# A compiler is not made for two threads at once, and one letter takes milliseconds.
_lock = threading.Lock()


@cache
def _compiler() -> typst.Compiler:
    """The process's compiler, made at the first letter so that a fork starts without one."""
    fonts = typst.Fonts(
        include_system_fonts=False,
        include_embedded_fonts=False,
        font_paths=[str(folder) for folder in font_folders()],
    )
    return typst.Compiler(
        str(TEMPLATES / "letter.typ"),
        root=str(TEMPLATES),
        font_paths=fonts,
        ignore_system_fonts=True,
    )


@cache
def _nothing() -> typst.Compiler:
    return typst.Compiler(
        str(TEMPLATES / "empty.typ"), root=str(TEMPLATES), ignore_system_fonts=True
    )


class PdfError(RuntimeError):
    """Typst could not set a letter. The message has no word of the letter."""


def _unprintable(report: str) -> list[str]:
    """The characters that no font has, from Typst's own report; letters of ASCII never count."""
    found: dict[str, None] = {}
    for quoted in _UNPRINTABLE.findall(report):
        # Typst quotes as Rust does, which is Python's way but for \\u{…}.
        text = ast.literal_eval(_RUST_ESCAPE.sub(lambda m: f"\\U{int(m[1], 16):08x}", quoted))
        # An invisible character is reported only because of the one beside it.
        found.update(dict.fromkeys(char for char in text if _is_seen(char)))
    return list(found)


def _is_seen(char: str) -> bool:
    is_variation = "\ufe00" <= char <= "\ufe0f" or "\U000e0100" <= char <= "\U000e01ef"
    return not (char.isascii() or is_variation or unicodedata.category(char) == "Cf")


def _run(payload: str, standards: list[Any]) -> bytes:
    with _lock:
        pdf = _compiler().compile(
            format="pdf", sys_inputs={"letters": payload}, pdf_standards=standards
        )
    assert isinstance(pdf, bytes)
    return pdf


def _payload(letters: Iterable[dict[str, Any]], language: str) -> str:
    data = {"language": language, "fonts": families_for(""), "letters": list(letters)}
    return json.dumps(data, ensure_ascii=False)


def _compile(payload: str) -> tuple[bytes, list[str]]:
    """The PDF, and the characters that had to be replaced because no font has them."""
    try:
        return _compile_with_stand_ins(payload)
    finally:
        _forget()


def _compile_with_stand_ins(payload: str) -> tuple[bytes, list[str]]:
    replaced: list[str] = []
    for _ in range(3):
        try:
            return _run(payload, [_STANDARD]), replaced
        except typst.TypstError as error:
            report = getattr(error, "diagnostic", "")
        if not _UNPRINTABLE.search(report):
            raise PdfError("The letter could not be set as a PDF. The other forms still work.")
        missing = _unprintable(report)
        if not missing:
            break
        replaced += missing
        # In JSON only strings hold anything outside ASCII, so this touches people's text alone.
        payload = payload.translate({ord(char): _stand_in(char) for char in missing})
    # A rare sequence for which each character has a font but no font has both.
    return _run(payload, []), replaced


def _forget() -> None:
    """Push a letter out of Typst's memory of its latest work, by compiling nothing a few times.

    So no worker holds on to what people wrote, and memory stays the same for any number.
    """
    with _lock:
        for _ in range(_FORGET_AFTER):
            _nothing().compile(format="svg")


def _stand_in(char: str) -> str:
    return "" if unicodedata.category(char) in ("Mn", "Me") else _REPLACEMENT


def to_pdf(letters: Sequence[Addressed], *, language: str = "en") -> bytes:
    """One PDF with each letter on a page of its own. For more than about 100, ``to_pdf_batch``.

    A character that no font has is printed as ``\ufffd``; ask ``missing_glyphs`` beforehand so
    that the person can change it. ``language`` is the letters' language for screen readers.
    Raises ``ValueError`` for no letters.
    """
    if not letters:
        raise ValueError("no letters to print")
    pages = (template_data(postal(item.letter, item.writer, item.office)) for item in letters)
    return _compile(_payload(pages, language))[0]


def to_pdf_batch(letters: Iterable[Addressed], *, language: str = "en") -> Iterator[bytes]:
    """PDFs of up to ``CHUNK`` letters each, in order, in steady memory however many there are.

    Long letters make for fewer in one PDF.
    """
    for chunk in _chunks(letters):
        yield to_pdf(chunk, language=language)


def _chunks(letters: Iterable[Addressed]) -> Iterator[list[Addressed]]:
    chunk: list[Addressed] = []
    characters = 0
    for item in letters:
        chunk.append(item)
        characters += sum(map(len, item.letter.body))
        if len(chunk) == CHUNK or characters >= CHUNK_CHARACTERS:
            yield chunk
            chunk, characters = [], 0
    if chunk:
        yield chunk


def missing_glyphs(*texts: str) -> tuple[str, ...]:
    """The characters of these texts that the printed letter cannot show, each once, in order.

    Empty for all that the fonts cover: Latin, Vietnamese, Greek, Cyrillic, Hebrew, Arabic,
    Chinese, Japanese, Korean, the scripts of South and South-East Asia, Ethiopic, Armenian,
    Georgian, emoji. Warn before printing; ``to_pdf`` prints ``\ufffd`` in their place.
    """
    text = "\n".join(map(clean_text, texts))
    if all(char < "\u0250" for char in text):
        return ()
    page = PostalLetter((), "", (), "", "", tuple(text.split("\n")), "", "")
    return tuple(_compile(_payload([template_data(page)], "en"))[1])
