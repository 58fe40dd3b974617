"""Charts as SVG for a page: drawn by leather, coloured by the style sheet.

Leather writes plain shapes with presentation attributes, no style elements and no scripts, so
its pictures obey the site's policy as they are; classes (``axis``, ``tick``, ``series``) let the
style sheet set colours for light and dark. Each chart is drawn twice, for wide and for narrow
screens, and the style sheet shows one: letters keep their size. A chart is a picture with one
name; the numbers are in the table that always stands beside it.
"""

# mypy: disable-error-code="import-untyped"

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from flask_babel import format_date, format_decimal
from leather import Chart, Linear, theme
from markupsafe import Markup

from app.records.tabular import clean
from app.site.i18n import language

SIZES = {"wide-screen": (720, 260), "narrow-screen": (320, 220)}
"""Width and height in pixels, by the class that the style sheet shows or hides."""
BAR = 28
"""Height of one bar with its gap, in pixels."""
LONGEST_LABEL = 22
"""Characters of a bar's label; the table has it in full."""

theme.background_color = "none"
theme.margin = 0.03
theme.tick_font_char_width = 8
theme.tick_font_size = 13
theme.tick_font_family = theme.title_font_family = "sans-serif"

_SIZE = re.compile(r'<svg width="(\d+)" height="(\d+)"[^>]*>')
_LONG = re.compile(r"(?<=\d\.\d)\d+(?=[^<>]*>)")
_PAINT = re.compile(
    r" (?:fill|stroke|stroke-width|font-family|font-size|stroke-dasharray|text-anchor)="
    r'"(?!none)[^"]*"(?=[^<>]*>)'
)
_PATH = re.compile(r' d="[^"]*"')


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar with its label."""

    label: str
    number: int


class _Exact(Linear):  # type: ignore[misc]
    """From the first value to the last, without rounding the ends away from the data."""

    def project(self, value: float, range_min: float, range_max: float) -> float:
        first, last = float(self._data_min), float(self._data_max)
        return range_min + (range_max - range_min) * (float(value) - first) / (last - first)


def day_curve(days: Sequence[tuple[date, int]], name: str) -> Markup:
    """Signatures by day as a line; ``days`` are all days without a gap, at least two.

    A day is a point of the calendar, not 24 hours: the days on which clocks change are as wide
    as the others.
    """
    first, last = days[0][0].toordinal(), days[-1][0].toordinal()
    top = ceiling(max(number for _, number in days))

    def draw(width: int, height: int) -> str:
        chart = Chart()
        chart.set_x_scale(_Exact(first, last))
        chart.set_y_scale(_Exact(0, top))
        most = 3 if width < 500 else 6
        chart.add_x_axis(ticks=_day_ticks(first, last, most), tick_formatter=_day_label)
        chart.add_y_axis(ticks=list(range(0, top + 1, _step(top))), tick_formatter=_number_label)
        chart.add_line([(day.toordinal(), number) for day, number in days])
        return str(chart.to_svg(width=width, height=height))

    return _both(draw, name)


def bars(rows: Sequence[Bar], name: str) -> Markup:
    """Horizontal bars, the first one on top; at least one."""
    top = ceiling(max(bar.number for bar in rows))
    labels = _different([_cut(bar.label) for bar in rows])

    def draw(width: int, _height: int) -> str:
        chart = Chart()
        chart.set_x_scale(_Exact(0, top))
        step = _step(top) * (2 if width < 500 else 1)
        chart.add_x_axis(ticks=list(range(0, top + 1, step)), tick_formatter=_number_label)
        chart.add_bars([(bar.number, label) for bar, label in zip(rows, labels, strict=True)])
        return str(chart.to_svg(width=width, height=len(rows) * BAR + 50))

    return _both(draw, name)


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


def _day_label(day: int, _place: int, _count: int) -> str:
    return str(format_date(date.fromordinal(int(day)), _pattern()))


def _pattern() -> str:
    return "d MMM" if language() == "es" else "MMM d"


def _number_label(number: int, _place: int, _count: int) -> str:
    return str(format_decimal(int(number)))


def _cut(label: str) -> str:
    short = label if len(label) <= LONGEST_LABEL else f"{label[: LONGEST_LABEL - 1]}…"
    return clean(short) or "–"


def _different(labels: list[str]) -> list[str]:
    """Bars are told apart by their labels: a second equal one gets a number."""
    seen: dict[str, int] = {}
    found = []
    for label in labels:
        seen[label] = seen.get(label, 0) + 1
        found.append(label if seen[label] == 1 else f"{label} ({seen[label]})")
    return found


def _both(draw: Callable[[int, int], str], name: str) -> Markup:
    """The chart for wide and for narrow screens; one of them is shown and read out."""
    return Markup("").join(
        _for_page(draw(width, height), name, kind) for kind, (width, height) in SIZES.items()
    )


def _for_page(svg: str, name: str, kind: str) -> Markup:
    """Leather's document as an element that scales, has a name, and takes colours from CSS.

    Leather escapes all text in it; what is added here is escaped by ``Markup.format``.
    """
    size = _SIZE.match(svg)
    assert size, "leather's pictures begin with their size"
    head = Markup('<svg class="chart {}" viewBox="0 0 {} {}" role="img" aria-label="{}">').format(
        kind, size[1], size[2], name
    )
    drawn = _PATH.sub(_shorter, _PAINT.sub("", _LONG.sub("", svg[size.end() :])))
    return head + Markup(drawn)  # noqa: S704


def _shorter(path: re.Match[str]) -> str:
    """A path in whole pixels; a further pair of numbers is a line in it anyway."""
    return re.sub(r"(?<=\d)\.\d+", "", path[0]).replace(" L ", " ")
