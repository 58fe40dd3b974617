"""Mailing labels on sheets of thirty (Avery 5160 and the many that are cut like it)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.documents.clean import clean_line
from app.documents.layout import isolated, with_breaks
from app.documents.typesetting import typeset


@dataclass(frozen=True, slots=True)
class LabelSheet:
    """How a sheet is cut, in inches."""

    columns: int
    rows: int
    width: float
    height: float
    left: float
    """From the edge of the sheet to the first label."""
    top: float
    across: float
    """From one label's left edge to the next one's."""

    @property
    def places(self) -> int:
        return self.columns * self.rows


AVERY_5160 = LabelSheet(
    columns=3, rows=10, width=2.625, height=1.0, left=0.1875, top=0.5, across=2.75
)
"""Three by ten labels of 2 5/8 by 1 inch on US Letter paper (Avery's template for 5160)."""

MOST_LINES = 6
CHUNK = 60 * AVERY_5160.places
"""Labels that are set together."""


def labels_pdf(
    labels: Iterable[Sequence[str]],
    *,
    first_place: int = 1,
    frames: bool = False,
    sheet: LabelSheet = AVERY_5160,
) -> bytes:
    """Labels row by row, one per address; an address is up to six lines.

    ``first_place`` is where to begin on the first sheet, of which labels may have been used
    already (1 is at the top left). ``frames`` draws the labels' edges, to try on plain paper.
    Text gets smaller where it would not fit, and nothing leaves its label. Raises
    ``ValueError`` for no label or a place that the sheet does not have.
    """
    if not 1 <= first_place <= sheet.places:
        raise ValueError(f"a sheet has places 1 to {sheet.places}, not {first_place}")
    data = []
    for address in labels:
        lines = [line for line in map(clean_line, address) if line][:MOST_LINES]
        data.append([isolated(with_breaks(line)) for line in lines])
    if not data:
        raise ValueError("no labels to print")
    return typeset(
        "labels.typ",
        {
            "labels": [[]] * (first_place - 1) + data,
            "frames": frames,
            "columns": sheet.columns,
            "rows": sheet.rows,
            "width": sheet.width,
            "height": sheet.height,
            "left": sheet.left,
            "top": sheet.top,
            "gap": sheet.across - sheet.width,
        },
        tagged=False,
    )
