"""What can be wrong with a folder of official files."""

from __future__ import annotations


class BuildError(Exception):
    """The tables cannot be built; the message names the file and says what to do."""
