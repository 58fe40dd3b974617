"""How much of a letter is the writer's own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

_RUN = 3
"""A word is the frame's if it stands in a run of this many words that the frame has too."""
_MARKS = ".,;:!?…\"'“”‘’()[]«»¿¡—–-"


def own_share(body: Sequence[str], frame: Sequence[str]) -> float:
    """The share of ``body``'s characters, spaces aside, that are not the frame's: 0 to 1.

    ``body`` and ``frame`` are paragraphs. Moving or shortening the frame's paragraphs makes
    nothing one's own, and neither does changing case or punctuation. The time grows with the
    length of both, not with their product.
    """
    # Most words come again and again, so each different one is levelled once.
    words = {word for text in (*frame, *body) for word in text.split()}
    plain = {word: _plain(word) for word in words}
    runs: set[tuple[str, ...]] = set()
    for paragraph in frame:
        runs.update(_runs([plain[word] for word in paragraph.split()]))
    own = whole = 0
    for paragraph in body:
        found = paragraph.split()
        framed = [False] * len(found)
        for start, run in enumerate(_runs([plain[word] for word in found])):
            if run in runs:
                framed[start : start + len(run)] = [True] * len(run)
        whole += sum(map(len, found))
        own += sum(len(word) for word, known in zip(found, framed, strict=True) if not known)
    return own / whole if whole else 0.0


def added_share(own: Iterable[str], frame: Iterable[str]) -> float:
    """The same measure where it is known which paragraphs are the writer's."""
    mine = sum(len("".join(paragraph.split())) for paragraph in own)
    theirs = sum(len("".join(paragraph.split())) for paragraph in frame)
    return mine / (mine + theirs) if mine else 0.0


def _plain(word: str) -> str:
    return word.casefold().replace("’", "'").strip(_MARKS)


def _runs(words: list[str]) -> list[tuple[str, ...]]:
    """Every run of three words; a shorter paragraph is one run."""
    if len(words) <= _RUN:
        return [tuple(words)] if words else []
    return [tuple(words[start : start + _RUN]) for start in range(len(words) - _RUN + 1)]
