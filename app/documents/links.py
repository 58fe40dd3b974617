"""Links in plain words, for forms that refuse them.

An office's form may reject a whole message for one link. Leaving the link out would leave a
hole in the sentence, so its place is taken by the site's name as it is spoken:
``https://www.congress.gov/bill/119th/6890`` becomes ``congress dot gov``. The page tells the
person which links were rewritten. E-mail addresses are not links and stay.
"""

from __future__ import annotations

import re

# Endings that make "name.ending" a link without any other sign. A short list, because people
# forget the blank after a full stop: "my family.We came".
_ENDINGS = r"com|org|net|gov|edu|mil|info|biz|int|io|app|dev|ly|gl|[a-z]{2}\.us"
_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_PATH = r"[/?#][^\s<>\"“”]*"
_REST = r"[^\s<>\"“”]*"

_LINK = re.compile(
    rf"""
    (?P<email>(?<![\w.+'-])[\w.+'-]{{1,64}}@(?:[\w-]+\.){{1,8}}[\w-]+)
    | (?<![\w@])(?<!\w-)(?:
      [a-z][a-z0-9+.-]{{1,15}}://{_REST}                       # https://…, ftp://…
    | (?:https?|ftp):(?=\S){_REST}
    | www\d?\.{_REST}
    | (?:{_LABEL}\.){{1,5}}(?:{_ENDINGS})(?![\w@])(?::\d{{1,5}})?(?:{_PATH})?
    | (?:{_LABEL}\.){{1,5}}[a-z]{{2,24}}(?::\d{{1,5}})?/[^\s<>\"“”]+   # any ending, with a path
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_HOST = re.compile(
    r"^(?:[a-z][a-z0-9+.-]*:)?/{0,2}(?:[^/@\s]*@)?(?:www\d?\.)*((?:[^\W_][\w-]*\.)+[^\W\d_]{2,24})",
    re.IGNORECASE,
)
_LEFTOVERS = re.compile(r"(?:https?|ftp|mailto):|://|www\.", re.IGNORECASE)
_CLOSERS = {")": "(", "]": "[", "}": "{"}


def _trim(link: str) -> str:
    """The link without the sentence's own punctuation after it."""
    while link:
        last = link[-1]
        unbalanced = last in _CLOSERS and link.count(last) > link.count(_CLOSERS[last])
        if not unbalanced and last not in ".,;:!?'’”\"…*>":
            break
        link = link[:-1]
    return link


def _spoken(link: str) -> str:
    host = _HOST.match(link)
    return host.group(1).replace(".", " dot ") if host else "(link)"


def without_links(text: str) -> tuple[str, tuple[str, ...]]:
    """The text with each link in plain words, and the links as they were typed, in order."""
    removed: list[str] = []

    def replace(found: re.Match[str]) -> str:
        link = _trim(found.group())
        if found["email"] or not link:
            return found.group()
        removed.append(link)
        return _spoken(link) + found.group()[len(link) :]

    # What no address follows, such as a bare "https://", is no word of a letter either. Taking
    # something out may bring two halves of a link together, so it is done until nothing is left.
    before = None
    while before != text:
        before = text
        text = _LEFTOVERS.sub(" ", _LINK.sub(replace, text))
    return re.sub(r" {2,}", " ", text), tuple(removed)
