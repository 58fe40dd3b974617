"""The fonts of the printed letter, from pip packages; none is copied into this project.

All are under the SIL Open Font License 1.1, which allows embedding in a document.
"""

from __future__ import annotations

import unicodedata
from importlib.util import find_spec
from pathlib import Path

PACKAGES: tuple[str, ...] = ("fontpkg_source_serif_4", "manimgx_fonts", "manimgx_fonts_cjk")
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
"""In order of preference; the other scripts' fonts are found by the characters they have."""


class FontsMissingError(RuntimeError):
    """A font package is not installed; the message says how to install it."""


def font_folders() -> list[Path]:
    """The folders that hold the font files. Raises ``FontsMissingError`` naming every package."""
    folders: list[Path] = []
    missing: list[str] = []
    for package in PACKAGES:
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


def families_for(text: str) -> list[str]:
    """The families in the order to try, with Japanese or Korean shapes where the text is so.

    Chinese, Japanese and Korean share characters whose usual shapes differ a little.
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
