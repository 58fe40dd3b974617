"""How large a text in the small language may be.

The limits stand before the parser, so that a hostile text costs milliseconds and a bounded
amount of memory. They are far above what any letter needs.
"""

from __future__ import annotations

SOURCE_CHARACTERS = 20_000
"""Characters in one text; a full letter has about 1,500."""
TAGS = 300
"""``{{ … }}`` and ``{% … %}`` in one text."""
TAG_TOKENS = 200
"""Words and signs inside one tag: a list of all states fits."""
TAG_JOINS = 16
"""``and``, ``or`` and ``not`` inside one tag."""
NESTING = 6
"""``{% if %}`` inside ``{% if %}``."""
PARENTHESES = 4
"""Parentheses inside parentheses."""
LITERAL_CHARACTERS = 300
"""Characters in one quoted text."""
NUMBER_DIGITS = 6
FILTERS = 3
"""Filters on one field."""
PROBLEMS = 20
"""Messages about one text; the rest would only repeat them."""
FACT_CHARACTERS = 800
"""Characters in one dated fact of a campaign."""
