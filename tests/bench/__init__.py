"""Benchmarks: ``make bench`` or ``python -m tests.bench``; what one measures: ``python -m
tests.bench.signing --help``."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

HELP = ("-h", "--help")


def _docstring_of(module: str) -> str:
    """The docstring of one of these modules, without importing it."""
    name = module.removeprefix("tests.bench").lstrip(".") or "__main__"
    text = Path(__file__).with_name(f"{name}.py").read_text(encoding="utf-8")
    return ast.get_docstring(ast.parse(text)) or ""


# Python imports this package before it runs the module after -m.
if sys.orig_argv[-1] in HELP and "-m" in sys.orig_argv:
    asked = sys.orig_argv[sys.orig_argv.index("-m") + 1]
    if asked.split(".")[:2] == ["tests", "bench"]:
        print(_docstring_of(asked))
        sys.exit()
