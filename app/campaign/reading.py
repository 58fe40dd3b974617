"""How hard an English text is to read: the Flesch-Kincaid school grade.

Kincaid, Fishburne, Rogers and Chissom, 1975: 0.39 · words/sentence + 11.8 · syllables/word
- 15.59. Syllables are counted by rule, which is right for most words and near for a text.
"""

from __future__ import annotations

import re

_ABBREVIATION = re.compile(
    r"\b((H\.R|[A-HJ-Z]|U\.S|D\.C|Dr|Mr|Ms|Mrs|Sen|Rep|Gov|St)\.(?=\s)|No\.(?=\s\d))"
)
_END = re.compile(r"(?<=[.!?])[”’\"')]*\s+")
_WORD = re.compile(r"[A-Za-z][A-Za-z’'-]*|\d[\d,.()\w]*")
_VOWELS = re.compile(r"[aeiouy]+")


def sentences(text: str) -> list[str]:
    """The sentences of a paragraph; ``H.R. 6890`` ends none."""
    shielded = _ABBREVIATION.sub(lambda match: match[0].replace(".", "\ufdd1"), text)
    return [part.replace("\ufdd1", ".") for part in _END.split(shielded) if part.strip()]


def reading_grade(text: str) -> float:
    """The school grade of an English text; 0 for one without words."""
    count = len(sentences(text))
    words = _WORD.findall(text)
    if not words or not count:
        return 0.0
    syllables = sum(_syllables(word) for word in words)
    return 0.39 * len(words) / count + 11.8 * syllables / len(words) - 15.59


def _syllables(word: str) -> int:
    word = word.lower().replace("’", "").replace("'", "")
    if word[0].isdigit():
        return 1  # the formula knows no numbers; as short words they count neither way
    count = len(_VOWELS.findall(word))
    silent_e = word.endswith("e") and not word.endswith(("le", "ee", "oe", "ye"))
    silent_ending = word.endswith(("es", "ed")) and len(word) > 3 and word[-3] not in "aeiouctdsxz"
    if count > 1 and (silent_e or silent_ending):
        count -= 1
    return max(count, 1)
