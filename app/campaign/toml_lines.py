"""Where each value of a TOML text stands, so that messages can name real lines.

The standard reader gives values without positions. This one gives positions without values:
it follows headers and keys line by line and knows just enough of TOML to skip the inside of
long strings.
"""

from __future__ import annotations

import re

_HEADER = re.compile(r"\s*\[(\[)?\s*([A-Za-z0-9_.\"-]+)\s*\]")
_KEY = re.compile(r"\s*([A-Za-z0-9_-]+|\"[^\"]*\")\s*=\s*(.*)")


def key_lines(text: str) -> dict[str, int]:
    """The line (from 1) of each table and value by dotted path.

    The n-th ``[[asks]]`` is ``asks.n`` (from 0) and its key ``text`` is ``asks.n.text``. For
    a long string the line is that on which its words begin.
    """
    lines: dict[str, int] = {}
    counts: dict[str, int] = {}
    table = ""
    until = ""
    for number, line in enumerate(text.split("\n"), start=1):
        if until:
            if until in line:
                until = ""
            continue
        header = _HEADER.match(line)
        if header:
            table = header[2].replace('"', "")
            if header[1]:
                counts[table] = counts.get(table, -1) + 1
                table = f"{table}.{counts[table]}"
            lines[table] = number
            continue
        key = _KEY.match(line)
        if key is None:
            continue
        name, value = key[1].strip('"'), key[2]
        path = f"{table}.{name}" if table else name
        lines[path] = number
        for quotes in ('"""', "'''"):
            if value.startswith(quotes):
                if quotes not in value[3:]:
                    until = quotes
                if not value[3:].strip():
                    lines[path] = number + 1
    return lines
