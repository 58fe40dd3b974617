"""Addresses of static files that change with their contents, so they can be kept for ever."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from flask import url_for

STATIC = Path(__file__).with_name("static")


@cache
def _fingerprint(name: str) -> str:
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]


def asset(name: str) -> str:
    """The address of a static file, with a fingerprint of its contents."""
    return url_for("static", filename=name, v=_fingerprint(name))
