"""Joining PDFs. Typst needs about a megabyte for each page of one document, so a long document is
set in chunks and joined here. Import this only to join something: pypdf is large.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, cast

import pypdf
from pypdf.generic import ArrayObject, DictionaryObject, Fit, NameObject, NumberObject

Bookmarks = Mapping[str, Iterable[tuple[str, int]]]
"""By heading: the titles below it with their page numbers, from 0."""


def join(parts: Iterable[bytes], target: Path | BinaryIO) -> int:
    """Join several untagged PDFs into one file and return its number of pages.

    Memory grows with the pages of the file (about 16 KB each), so callers must limit it.
    """
    with pypdf.PdfWriter() as whole:
        for part in parts:
            whole.append(BytesIO(part), import_outline=False)
        whole.write(target)
        return len(whole.pages)


def join_tagged(parts: Iterable[bytes], *, bookmarks: Bookmarks, links: Mapping[str, int]) -> bytes:
    """Join tagged PDFs into one, with an intact structure tree for screen readers.

    Pages, the structure tree and links are carried over; title, language and metadata are the
    first part's. ``links`` maps a link's URI in any part to the number of the page, from 0, that
    it should open instead. Raises ``ValueError`` for no parts.
    """
    incoming = iter(parts)
    first = next(incoming, None)
    if first is None:
        raise ValueError("no parts to join")
    whole = pypdf.PdfWriter(clone_from=BytesIO(first))
    tree: Any = whole.root_object["/StructTreeRoot"]
    parents = dict(_numbers(tree["/ParentTree"]))
    document = _only_child(tree["/K"])
    for content in incoming:
        base = max(parents, default=-1) + 1
        part = pypdf.PdfReader(BytesIO(content))
        theirs = part.root_object["/StructTreeRoot"]
        for page in part.pages:
            mine = whole.add_page(page)  # this drops the page's reference to its tags
            if "/StructParents" in page:
                mine[NameObject("/StructParents")] = NumberObject(
                    base + int(cast(NumberObject, page["/StructParents"]))
                )
            for annotation in mine.get("/Annots", ()):
                thing, name = annotation.get_object(), NameObject("/StructParent")
                if name in thing:
                    thing[name] = NumberObject(int(thing[name]) + base)
        # After the pages, so that the tags' page references resolve to the copies.
        copied: Any = theirs.clone(whole)
        parents |= {base + key: value for key, value in _numbers(copied["/ParentTree"])}
        for child in _as_list(_only_child(copied["/K"])["/K"]):
            child.get_object()[NameObject("/P")] = document.indirect_reference
            document["/K"].append(child)
    flat = ArrayObject()
    for key in sorted(parents):
        flat += [NumberObject(key), parents[key]]
    tree[NameObject("/ParentTree")] = DictionaryObject({NameObject("/Nums"): flat})
    tree[NameObject("/ParentTreeNextKey")] = NumberObject(max(parents, default=-1) + 1)
    _redirect_links(whole, links)
    _set_bookmarks(whole, bookmarks)
    out = BytesIO()
    whole.write(out)
    return out.getvalue()


def page_count(part: bytes) -> int:
    """How many pages a PDF has."""
    return len(pypdf.PdfReader(BytesIO(part)).pages)


def _numbers(tree: Any) -> Iterator[tuple[int, Any]]:
    """The entries of a number tree, in order."""
    tree = tree.get_object()
    flat = tree.get("/Nums", ())
    for place in range(0, len(flat), 2):
        yield int(flat[place]), flat[place + 1]
    for branch in tree.get("/Kids", ()):
        yield from _numbers(branch)


def _as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, ArrayObject) else [value]


def _only_child(value: Any) -> Any:
    """The one root element of a structure tree: the document."""
    (element,) = _as_list(value)
    return element.get_object()


def _redirect_links(whole: pypdf.PdfWriter, links: Mapping[str, int]) -> None:
    """Make links whose URI is a key of ``links`` open the page it maps to."""
    for page in whole.pages:
        for reference in page.get("/Annots", ()):
            annotation = reference.get_object()
            address = str(annotation.get("/A", {}).get("/URI", ""))
            if address in links:
                del annotation["/A"]
                target = whole.pages[links[address]].indirect_reference
                annotation[NameObject("/Dest")] = ArrayObject([target, NameObject("/Fit")])


def _set_bookmarks(whole: pypdf.PdfWriter, bookmarks: Bookmarks) -> None:
    whole.root_object.pop("/Outlines", None)
    for title, below in bookmarks.items():
        pages = list(below)
        group = whole.add_outline_item(
            title=title, page_number=pages[0][1], fit=Fit.fit(), is_open=False
        )
        for name, number in pages:
            whole.add_outline_item(title=name, page_number=number, parent=group, fit=Fit.fit())
