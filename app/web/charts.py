"""Charts as plain SVG: a line by day, and horizontal bars.

They consist of shapes and text that the style sheet colors through classes (``axis``, ``tick``,
``series``), so they comply with the Content-Security-Policy and follow light and dark mode. Each
chart is drawn twice, for wide and for narrow screens, and the style sheet shows one, so that text
keeps its size. To a screen reader a chart is one image with a name; the numbers are in the table
that always accompanies it.
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
BAR_HEIGHT = 28
"""Height of one bar including its gap, in pixels."""
CHARACTER_WIDTH = 8
"""Width allowed for one character of an axis label, in pixels."""
LONGEST_LABEL = 22
"""The most characters of a bar's label; the table has the full text."""
TOP, BOTTOM, RIGHT = 10, 30, 24
"""Margins in pixels; the left one depends on the labels."""


Tick = tuple[float, str]
"""One tick of an axis: its position along the axis, and its label."""


def day_curve(days: Sequence[tuple[date, int]], name: str) -> Markup:
    """Signatures by day as a line. ``days`` are without gaps; a single one is a level line.

    A day is a calendar date, not 24 hours: days on which clocks change are as wide as the others.
    """
    first, last = days[0][0].toordinal(), days[-1][0].toordinal()
    top = ceiling(max(number for _, number in days))

    def draw(width: int, height: int) -> Markup:
        numbers = [(value, str(format_decimal(value))) for value in range(0, top + 1, _step(top))]
        left = _label_width(words for _, words in numbers)
        across = (width - left - RIGHT) / max(last - first, 1)
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
            _x_axis(ticks, height)
            + _y_axis([(y(value), words) for value, words in numbers], left, width)
            + Markup('<g class="series lines"><path d="M {}{}" fill="none"/></g>').format(
                points, "" if last > first else f" H {width - RIGHT}"
            )
        )

    return _in_both_sizes(draw, name, lambda height: height)


def bars(rows: Sequence[tuple[str, int]], name: str) -> Markup:
    """Horizontal bars with their labels, the first on top. ``rows`` must not be empty."""
    top = ceiling(max(number for _label, number in rows))
    labels = [_shortened(label) for label, _number in rows]

    def draw(width: int, height: int) -> Markup:
        left = _label_width(labels)
        across = (width - left - RIGHT) / top
        step = _step(top) * (2 if width < 500 else 1)
        middles = [TOP + BAR_HEIGHT * (place + 0.5) for place in range(len(rows))]
        drawn = Markup("").join(
            Markup('<rect x="{}" y="{:.0f}" width="{:.0f}" height="{}"/>').format(
                left, middle - BAR_HEIGHT * 0.4, number * across, round(BAR_HEIGHT * 0.8)
            )
            for (_label, number), middle in zip(rows, middles, strict=True)
        )
        ticks = [(left + value * across, str(format_decimal(value)))
                 for value in range(0, top + 1, step)]  # fmt: skip
        return (
            _x_axis(ticks, height)
            + _y_axis(list(zip(middles, labels, strict=True)), left)
            + Markup('<g class="series bars">{}</g>').format(drawn)
        )

    return _in_both_sizes(draw, name, lambda _height: len(rows) * BAR_HEIGHT + TOP + BOTTOM)


def ceiling(number: int) -> int:
    """``number`` rounded up to a multiple of its round step: 7 becomes 8, 47 becomes 50."""
    step = _step(max(number, 1))
    return -(-max(number, 1) // step) * step


def _step(number: int) -> int:
    """A round step (1, 2 or 5 times a power of ten) that fits into ``number`` at most 5 times."""
    power = 1
    while True:
        for factor in (1, 2, 5):
            if number <= power * factor * 5:
                return power * factor
        power *= 10


def _day_ticks(first: int, last: int, most: int) -> list[int]:
    """Evenly spaced days that include the last one."""
    step = max(1, -(-(last - first) // most))
    return sorted(range(last, first - 1, -step))


def _day_words(day: int) -> str:
    pattern = "d MMM" if language() == "es" else "MMM d"
    return str(format_date(date.fromordinal(day), pattern))


def _shortened(label: str) -> str:
    short = label if len(label) <= LONGEST_LABEL else f"{label[: LONGEST_LABEL - 1]}…"
    return clean(short) or "–"


def _label_width(labels: Iterable[str]) -> int:
    """Pixels that the longest label needs."""
    return 12 + CHARACTER_WIDTH * max(len(label) for label in labels)


def _x_axis(ticks: Iterable[Tick], height: int) -> Markup:
    """The horizontal axis, with a grid line up through the chart at each tick."""
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


def _y_axis(ticks: Iterable[Tick], left: int, width: int | None = None) -> Markup:
    """The vertical axis; given the chart's ``width``, it has a grid line at each tick."""
    line = Markup('<line x1="{}" y1="{:.0f}" x2="{}" y2="{:.0f}"/>')
    return Markup('<g class="axis left">{}</g>').format(
        Markup("").join(
            Markup('<g class="tick">{}<text x="{}" y="{:.0f}" dy=".32em">{}</text></g>').format(
                line.format(left - 4, at, width - RIGHT, at) if width else "", left - 8, at, words
            )
            for at, words in ticks
        )
    )


def _in_both_sizes(
    draw: Callable[[int, int], Markup], name: str, tall: Callable[[int], int]
) -> Markup:
    """The chart for wide and for narrow screens; only one of them is shown and read aloud."""
    return Markup("").join(
        Markup(
            '<svg class="chart {}" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>'
        ).format(kind, width, tall(height), name, draw(width, tall(height)))
        for kind, (width, height) in SIZES.items()
    )
