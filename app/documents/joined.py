"""Several tagged PDFs as one, with its structure for screen readers whole.

Typst needs about a megabyte for each page of one document; so a long document is set in parts
and joined here. Pages, the tree of tags, links and bookmarks are carried over.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from io import BytesIO
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name, NumberTree, OutlineItem, Pdf

Bookmarks = Mapping[str, Iterable[tuple[str, int]]]
"""By heading, the titles below it with the number of their page, from 0."""


def joined(parts: Iterable[bytes], *, bookmarks: Bookmarks, links: Mapping[str, int]) -> bytes:
    """One PDF of all parts in order; title, language and metadata are the first part's.

    ``links`` maps an address that a link in any part leads to, to the number of the page, from
    0, that it shall lead to instead. Raises ``ValueError`` for no parts.
    """
    whole: Pdf | None = None
    opened: list[Pdf] = []  # pikepdf reads from them until the end
    for part in parts:
        pdf = Pdf.open(BytesIO(part))
        if whole is None:
            whole = pdf
            continue
        opened.append(pdf)
        _append(whole, pdf)
    if whole is None:
        raise ValueError("no parts to join")
    _lead(whole, links)
    _set_bookmarks(whole, bookmarks)
    out = BytesIO()
    whole.save(out, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    for pdf in (*opened, whole):
        pdf.close()
    return out.getvalue()


def page_count(part: bytes) -> int:
    """How many pages a PDF has."""
    with Pdf.open(BytesIO(part)) as pdf:
        return len(pdf.pages)


def _append(whole: Pdf, part: Pdf) -> None:
    """Add the pages of ``part`` and hang its tags below those that are there."""
    tree: Any = whole.Root.StructTreeRoot
    first = len(whole.pages)
    base = _next_key(tree)
    whole.pages.extend(part.pages)
    for page in list(whole.pages)[first:]:
        _move(page.obj, Name.StructParents, base)
        for annotation in page.obj.get(Name.Annots, Array()):
            _move(annotation, Name.StructParent, base)
    # After the pages: what the tags say about a page then leads to the page's copy.
    theirs: Any = whole.copy_foreign(part.Root.StructTreeRoot)
    parents = NumberTree(tree.ParentTree)
    for key, value in NumberTree(theirs.ParentTree).items():
        parents[base + int(key)] = value
    tree.ParentTreeNextKey = base + _next_key(theirs)
    document = _only(tree.K)
    for child in _listed(_only(theirs.K).K):
        child.P = document
        document.K.append(child)


def _next_key(tree: Any) -> int:
    keys = [int(key) for key in NumberTree(tree.ParentTree)]
    return max(keys, default=-1) + 1


def _move(thing: Any, name: Name, base: int) -> None:
    if name in thing:
        thing[name] = int(thing[name]) + base


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, Array) else [value]


def _only(value: Any) -> Any:
    """The one element at the top of a tree of tags: the document."""
    (element,) = _listed(value)
    return element


def _lead(whole: Pdf, links: Mapping[str, int]) -> None:
    """Let links that stood for a page lead to it."""
    for page in whole.pages:
        for annotation in page.obj.get(Name.Annots, Array()):
            address = str(annotation.get(Name.A, Dictionary()).get(Name.URI, ""))
            if address in links:
                del annotation[Name.A]
                target = whole.pages[links[address]].obj
                annotation[Name.Dest] = Array([target, Name.Fit])


def _set_bookmarks(whole: Pdf, bookmarks: Bookmarks) -> None:
    if Name.Outlines in whole.Root:
        del whole.Root.Outlines
    with whole.open_outline() as outline:
        for title, below in bookmarks.items():
            pages = list(below)
            group = OutlineItem(title, pages[0][1], "Fit")
            group.is_closed = True
            group.children.extend(OutlineItem(name, number, "Fit") for name, number in pages)
            outline.root.append(group)


__all__ = ["joined", "page_count"]
