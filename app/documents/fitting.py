"""Whether a letter surely fits one page, worked out without setting it.

A letter of which that is known is set in half the time: no page counter, which makes Typst lay
everything out twice, and nothing that keeps the sign-off together. To know it, the lines are
broken here with the widths of the letter's own font. Pairs that stand closer (``AV``) and breaks
within words are left aside, so this never counts too few lines.
"""

from __future__ import annotations

from app.documents.model import PostalLetter

_WIDTHS = (
    24, 29, 40, 53, 53, 96, 74, 19, 38, 38, 47, 54, 31, 33, 31, 35, 55, 55, 55, 55, 55, 55, 55,
    55, 55, 55, 31, 31, 54, 54, 54, 42, 84, 74, 67, 68, 76, 66, 63, 75, 83, 38, 39, 74, 63, 96,
    79, 76, 64, 76, 71, 56, 65, 78, 73, 103, 69, 69, 61, 35, 35, 35, 54, 52, 40, 56, 64, 54, 64,
    55, 38, 58, 66, 35, 32, 62, 35, 99, 67, 60, 65, 63, 48, 49, 38, 65, 62, 88, 60, 63, 51, 37,
    29, 37, 54,
)  # fmt: skip
"""Source Serif 4 at 11 points: hundredths of an em, rounded up, from the space to the tilde."""
_OTHERS = {"\u200b": 0, "–": 54, "—": 82, "‘": 25, "’": 25, "“": 48, "”": 48, "…": 88, "•": 35}
_WIDEST = 103
"""Of all Latin letters with accents."""
_SPACE = _WIDTHS[0]
_LINE = 4_190
"""The line of 6.42 inches, with a little to spare."""
_ROOM = 23.41
"""Lines of a body that fit under a subject of one line and an address of four."""
_ADDRESS = 4
_BETWEEN = 0.481
"""What stands between two paragraphs, in lines."""

_OF = {chr(32 + place): width for place, width in enumerate(_WIDTHS)} | _OTHERS


def lines_of(text: str, words: dict[str, int]) -> int:
    """How many lines one paragraph takes at most. ``words`` remembers widths between calls."""
    lines = 0
    for line in text.split("\n"):
        lines += 1
        used = 0
        for word in line.split(" "):
            width = words.get(word)
            if width is None:
                width = words[word] = sum(_OF.get(char, _WIDEST) for char in word)
            if used and used + _SPACE + width > _LINE:
                lines += 1
                used = 0
            if width > _LINE:
                lines += width // (_LINE - _WIDEST)
                used = _LINE
            else:
                used += width + (_SPACE if used else 0)
    return lines


def fits_one_page(page: PostalLetter, words: dict[str, int]) -> bool:
    """Whether a letter, in the Latin alphabet, surely fits one page. ``words`` as above."""
    own, office = page.return_address, page.inside_address
    if len(own) > 3 or any(len(line) >= 60 for line in own):
        return False  # it pushes everything down
    lines = sum(lines_of(text, words) for text in page.paragraphs)
    single = (*office, page.salutation, page.closing, page.name)
    more = sum(lines_of(text, words) - 1 for text in single)
    more += len(page.subject) // 64  # in bold, which is wider
    height = lines + _BETWEEN * (len(page.paragraphs) - 1) + more + max(len(office) - _ADDRESS, 0)
    return height <= _ROOM
