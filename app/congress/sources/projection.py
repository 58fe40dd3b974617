"""Albers' equal-area conic projection: a district's size on the map is its size on the ground.

Snyder, Map Projections: A Working Manual (USGS Professional Paper 1395, 1987), chapter 14, on a
sphere: at the scale of these maps an ellipsoid would move nothing by a whole pixel.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import cos, radians, sin, sqrt

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class View:
    """One projected part of the map: which parallels, what is in its middle, and where it lies."""

    parallels: tuple[float, float]
    """Standard parallels, degrees north."""
    middle: Point
    """Longitude and latitude of the point that comes to ``place``, degrees."""
    place: Point
    """Where that point comes to lie, in the map's units, y downwards."""
    scale: float
    """Map units for one radian of the Earth's surface."""

    def projection(self) -> Callable[[Point], Point]:
        """From longitude and latitude in degrees to the map's units."""
        first, second = (sin(radians(parallel)) for parallel in self.parallels)
        cone = (first + second) / 2
        constant = 1 - first * first + 2 * cone * first

        def radius(latitude: float) -> float:
            return sqrt(constant - 2 * cone * sin(radians(latitude))) / cone

        west, north = self.middle
        origin = radius(north)

        def project(point: Point) -> Point:
            # The far end of the Aleutian Islands lies beyond the 180th meridian.
            longitude = point[0] - 360 if point[0] > 0 else point[0]
            angle = cone * radians(longitude - west)
            distance = radius(point[1])
            return (
                self.place[0] + self.scale * distance * sin(angle),
                self.place[1] - self.scale * (origin - distance * cos(angle)),
            )

        return project
