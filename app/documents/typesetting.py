"""Typesetting: Typst, its fonts, and what to do about a character that no font has.

Each kind of page is a template in ``typst/``. People's text is passed to the template as JSON and
only ever placed as text, and Typst can read nothing outside the templates' folder, so no text can
make it read a file or reach the network. Pages are US Letter; those for a screen are tagged for
screen readers (PDF/UA-1); every font is embedded.

The fonts come from pip packages, all under the SIL Open Font License 1.1, which allows embedding
in documents; none is copied into this project.
"""

from __future__ import annotations

import ast
import io
import json
import re
import threading
import unicodedata
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import segno

from app.errors import ExplainedError

if TYPE_CHECKING:
    import typst


TEMPLATES = Path(__file__).resolve().parent / "typst"
FONT_PACKAGES: tuple[str, ...] = ("fontpkg_source_serif_4", "manimgx_fonts", "manimgx_fonts_cjk")
"""Source Serif 4; Noto Sans for the world's scripts and Noto Emoji; Noto Sans CJK."""
FAMILIES: tuple[str, ...] = (
    "Source Serif 4",
    "Noto Sans",
    "Noto Sans Hebrew",
    "Noto Sans Arabic",
    "Noto Sans CJK SC",
    "Noto Sans Symbols",
    "Noto Emoji",
)
"""In order of preference; fonts for the other scripts are found by the characters they cover."""

_CACHED_RUNS = 10
"""Typst caches the work of its last ten compilations, and no call turns that off."""
_REPLACEMENT = "\ufffd"
_UNPRINTABLE = re.compile(r'the text `("(?:[^"\\]|\\.)*")` could not be displayed')
_RUST_ESCAPE = re.compile(r"\\u\{([0-9a-f]+)\}")

# A compiler is not safe for concurrent use, and one letter takes milliseconds.
_lock = threading.Lock()


class FontsMissingError(RuntimeError):
    """A font package is not installed; the message says how to install it."""


class PdfError(ExplainedError):
    """Typst could not set a page. The message contains nothing of the page's text."""


def typeset(template: str, data: Mapping[str, Any], *, tagged: bool = True) -> bytes:
    """The PDF of a template. A character that no font has is printed as ``\ufffd``.

    ``tagged`` is for documents read on a screen; those that only go to a printer are smaller
    without tags. Raises ``PdfError``.
    """
    return _typeset(template, data, tagged=tagged)[0]


def unprintable(template: str, data: Mapping[str, Any]) -> tuple[str, ...]:
    """The characters that ``typeset`` would print as ``\ufffd``, each once, in order."""
    return tuple(dict.fromkeys(_typeset(template, data, tagged=True)[1]))


def draw(template: str, data: Mapping[str, Any], *, ppi: float) -> list[bytes]:
    """The pages of a template as PNG pictures at ``ppi`` pixels per inch."""
    try:
        made = _compile(template, _payload(data), format="png", ppi=ppi)
    finally:
        _flush_cache()
    return made if isinstance(made, list) else [made]


def families_for(text: str) -> list[str]:
    """The font families in the order to try, with Japanese or Korean glyphs for such a text.

    Chinese, Japanese and Korean share characters whose usual glyphs differ slightly.
    """
    preferred = "Noto Sans CJK SC"
    for char in text:
        if char >= "\u1100":
            name = unicodedata.name(char, "")
            if name.startswith(("HIRAGANA", "KATAKANA")):
                preferred = "Noto Sans CJK JP"
                break
            if name.startswith("HANGUL"):
                preferred = "Noto Sans CJK KR"
                break
    return [preferred if family == "Noto Sans CJK SC" else family for family in FAMILIES]


def font_folders() -> list[Path]:
    """The folders of the font files. Raises ``FontsMissingError`` naming all missing packages."""
    folders: list[Path] = []
    missing: list[str] = []
    for package in FONT_PACKAGES:
        spec = find_spec(package)
        if spec is None or not spec.submodule_search_locations:
            missing.append(package.replace("_", "-"))
        else:
            folders.append(Path(spec.submodule_search_locations[0]))
    if missing:
        raise FontsMissingError(
            f"The fonts of the printed letter are not installed: {', '.join(missing)}. "
            "Run: pip install -r requirements.txt"
        )
    return folders


def qr_svg(address: str) -> str:
    """A QR code as an SVG picture with its quiet zone, robust enough for a creased sheet."""
    picture = io.BytesIO()
    segno.make(address, error="q", micro=False).save(
        picture, kind="svg", border=4, dark="#000000", light="#ffffff", xmldecl=False
    )
    return picture.getvalue().decode("utf-8")


@cache
def _compiler() -> typst.Compiler:
    """The process's compiler, created at the first page so that a fork starts without one."""
    import typst  # only needed to set a page

    return typst.Compiler(
        root=str(TEMPLATES),
        font_paths=typst.Fonts(
            include_system_fonts=False,
            include_embedded_fonts=False,
            font_paths=[str(folder) for folder in font_folders()],
        ),
        ignore_system_fonts=True,
    )


def _compile(
    template: str, payload: str | None, *, format: Literal["pdf", "png"] = "pdf", **how: Any
) -> Any:
    """Compile a template with its data; None reuses the previous data."""
    if payload is not None:
        how["sys_inputs"] = {"data": payload}
    with _lock:
        return _compiler().compile(str(TEMPLATES / template), format=format, **how)


def _payload(data: Mapping[str, Any]) -> str:
    return json.dumps({"fonts": families_for(""), **data}, ensure_ascii=False)


def _typeset(template: str, data: Mapping[str, Any], *, tagged: bool) -> tuple[bytes, list[str]]:
    """The PDF, and the characters that were replaced because no font has them."""
    try:
        return _with_replacements(template, _payload(data), tagged=tagged)
    finally:
        _flush_cache()


def _with_replacements(template: str, payload: str, *, tagged: bool) -> tuple[bytes, list[str]]:
    import typst

    standards = ["ua-1"] if tagged else []
    replaced: list[str] = []
    for _ in range(3):
        try:
            made = _compile(template, payload, pdf_standards=standards, pdf_tags=tagged)
            return made, replaced
        except typst.TypstError as error:
            report = getattr(error, "diagnostic", "")
        if not _UNPRINTABLE.search(report):
            raise PdfError("The page could not be made into a PDF.")
        missing = _missing_characters(report)
        if not missing:
            break
        replaced += missing
        # In this JSON only strings contain non-ASCII characters, so only text is changed.
        payload = payload.translate(
            {
                ord(char): "" if unicodedata.category(char) in ("Mn", "Me") else _REPLACEMENT
                for char in missing
            }
        )
    # A rare sequence of characters that each have a font, but no font has all of them.
    return _compile(template, payload, pdf_tags=tagged), replaced


def _missing_characters(report: str) -> list[str]:
    """The characters that no font has, from Typst's error report; ASCII never counts."""
    found: dict[str, None] = {}
    for quoted in _UNPRINTABLE.findall(report):
        # Typst quotes like Rust, which differs from Python only in \\u{…}.
        text = ast.literal_eval(_RUST_ESCAPE.sub(lambda m: f"\\U{int(m[1], 16):08x}", quoted))
        # An invisible character is reported only because of its neighbor.
        found.update(dict.fromkeys(char for char in text if _is_visible(char)))
    return list(found)


def _is_visible(char: str) -> bool:
    is_variation = "\ufe00" <= char <= "\ufe0f" or "\U000e0100" <= char <= "\U000e01ef"
    return not (char.isascii() or is_variation or unicodedata.category(char) == "Cf")


def _flush_cache() -> None:
    """Fill Typst's cache with empty pages.

    This way no worker retains people's text, and a thousand letters in chunks of a hundred take
    195 MB instead of 1,111 MB.
    """
    _compile("empty.typ", "", format="png", ppi=1)
    for _ in range(_CACHED_RUNS):  # with new data, Typst would rebuild its library each time
        _compile("empty.typ", None, format="png", ppi=1)
