"""Reads the map's paths back into points, as a browser would."""

from __future__ import annotations

import re
from itertools import pairwise

Spot = tuple[int, int]

TOKEN = re.compile(r"[MlhvzZ]|-?\d+")


def rings(path: str) -> list[list[Spot]]:
    """The points of every closed or open line of a path in ``M l h v z``."""
    found: list[list[Spot]] = []
    tokens = TOKEN.findall(path)
    command, numbers = "", list[int]()
    for token in tokens:
        if token.isalpha():
            command, numbers = token, []
            if command == "z" and found[-1][0] != found[-1][-1]:
                found[-1].append(found[-1][0])
            continue
        numbers.append(int(token))
        if command == "M" and len(numbers) == 2:
            found.append([(numbers[0], numbers[1])])
        elif command == "l" and len(numbers) == 2:
            x, y = found[-1][-1]
            found[-1].append((x + numbers[0], y + numbers[1]))
        elif command in "hv" and numbers:
            x, y = found[-1][-1]
            found[-1].append((x + numbers[0], y) if command == "h" else (x, y + numbers[0]))
        else:
            continue
        numbers = []
    return found


def area(ring: list[Spot]) -> float:
    """The absolute area in square units."""
    return abs(sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in pairwise(ring))) / 2
