"""Charts for a page: a line by day and horizontal bars, drawn here as plain SVG.

Only shapes and text, coloured by the style sheet through classes (``axis``, ``tick``,
``series``), so the pictures obey the site's policy and follow light and dark. Each chart is
drawn twice, for wide and for narrow screens, and the style sheet shows one: letters keep their
size. A chart is a picture with one name; the numbers are in the table that always stands beside
it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date

from flask_babel import format_date, format_decimal
from markupsafe import Markup

from app.records.tabular import clean
from app.site.i18n import language

SIZES = {"wide-screen": (720, 260), "narrow-screen": (320, 220)}
"""Width and height in pixels, by the class that the style sheet shows or hides."""
BAR = 28
"""Height of one bar with its gap, in pixels."""
LETTER = 8
"""Width that one letter of an axis may take, in pixels."""
LONGEST_LABEL = 22
"""Characters of a bar's label; the table has it in full."""
TOP, BOTTOM, RIGHT = 10, 30, 24
"""Room around the drawing, in pixels; on the left it depends on the labels."""


Tick = tuple[float, str]
"""One mark on an axis: where it is along it, and its words."""


def day_curve(days: Sequence[tuple[date, int]], name: str) -> Markup:
    """Signatures by day as a line; ``days`` are all days without a gap, at least two.

    A day is a point of the calendar, not 24 hours: the days on which clocks change are as wide
    as the others.
    """
    first, last = days[0][0].toordinal(), days[-1][0].toordinal()
    top = ceiling(max(number for _, number in days))

    def draw(width: int, height: int) -> Markup:
        numbers = [(value, str(format_decimal(value))) for value in range(0, top + 1, _step(top))]
        left = _room(words for _, words in numbers)
        across = (width - left - RIGHT) / (last - first)
        down = (height - TOP - BOTTOM) / top

        def y(value: float) -> float:
            return height - BOTTOM - value * down

        ticks = [
            (left + (day - first) * across, _day_words(day))
            for day in _day_ticks(first, last, 3 if width < 500 else 6)
        ]
        points = " ".join(
            f"{left + (day.toordinal() - first) * across:.0f} {y(number):.0f}"
            for day, number in days
        )
        return (
            _bottom(ticks, height)
            + _left([(y(value), words) for value, words in numbers], left, width)
            + Markup('<g class="series lines"><path d="M {}" fill="none"/></g>').format(points)
        )

    return _both(draw, name, lambda height: height)


def bars(rows: Sequence[tuple[str, int]], name: str) -> Markup:
    """Horizontal bars with their labels, the first one on top; at least one."""
    top = ceiling(max(number for _label, number in rows))
    labels = [_cut(label) for label, _number in rows]

    def draw(width: int, height: int) -> Markup:
        left = _room(labels)
        across = (width - left - RIGHT) / top
        step = _step(top) * (2 if width < 500 else 1)
        middles = [TOP + BAR * (place + 0.5) for place in range(len(rows))]
        drawn = Markup("").join(
            Markup('<rect x="{}" y="{:.0f}" width="{:.0f}" height="{}"/>').format(
                left, middle - BAR * 0.4, number * across, round(BAR * 0.8)
            )
            for (_label, number), middle in zip(rows, middles, strict=True)
        )
        ticks = [(left + value * across, str(format_decimal(value)))
                 for value in range(0, top + 1, step)]  # fmt: skip
        return (
            _bottom(ticks, height)
            + _left(list(zip(middles, labels, strict=True)), left)
            + Markup('<g class="series bars">{}</g>').format(drawn)
        )

    return _both(draw, name, lambda _height: len(rows) * BAR + TOP + BOTTOM)


def ceiling(number: int) -> int:
    """The next number that is not smaller and that round steps lead to: 7 becomes 8, 47 50."""
    step = _step(max(number, 1))
    return -(-max(number, 1) // step) * step


def _step(number: int) -> int:
    """A round step that goes into ``number`` three to eight times."""
    power = 1
    while True:
        for factor in (1, 2, 5):
            if number <= power * factor * 5:
                return power * factor
        power *= 10


def _day_ticks(first: int, last: int, most: int) -> list[int]:
    """Evenly spaced days, the last one among them."""
    step = max(1, -(-(last - first) // most))
    return sorted(range(last, first - 1, -step))


def _day_words(day: int) -> str:
    pattern = "d MMM" if language() == "es" else "MMM d"
    return str(format_date(date.fromordinal(day), pattern))


def _cut(label: str) -> str:
    short = label if len(label) <= LONGEST_LABEL else f"{label[: LONGEST_LABEL - 1]}…"
    return clean(short) or "–"


def _room(labels: Iterable[str]) -> int:
    """Pixels on the left that the longest label needs."""
    return 12 + LETTER * max(len(label) for label in labels)


def _bottom(ticks: Iterable[Tick], height: int) -> Markup:
    """The axis below, with a line up through the drawing at each tick."""
    base = height - BOTTOM
    return Markup('<g class="axis bottom">{}</g>').format(
        Markup("").join(
            Markup(
                '<g class="tick"><line x1="{0:.0f}" y1="{1}" x2="{0:.0f}" y2="{2}"/>'
                '<text x="{0:.0f}" y="{3}">{4}</text></g>'
            ).format(at, TOP, base + 4, base + 20, words)
            for at, words in ticks
        )
    )


def _left(ticks: Iterable[Tick], left: int, width: int | None = None) -> Markup:
    """The axis on the left, with a line across the drawing at each tick where it has a width."""
    line = Markup('<line x1="{}" y1="{:.0f}" x2="{}" y2="{:.0f}"/>')
    return Markup('<g class="axis left">{}</g>').format(
        Markup("").join(
            Markup('<g class="tick">{}<text x="{}" y="{:.0f}" dy=".32em">{}</text></g>').format(
                line.format(left - 4, at, width - RIGHT, at) if width else "", left - 8, at, words
            )
            for at, words in ticks
        )
    )


def _both(draw: Callable[[int, int], Markup], name: str, tall: Callable[[int], int]) -> Markup:
    """The chart for wide and for narrow screens; one of them is shown and read out."""
    return Markup("").join(
        Markup(
            '<svg class="chart {}" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>'
        ).format(kind, width, tall(height), name, draw(width, tall(height)))
        for kind, (width, height) in SIZES.items()
    )
