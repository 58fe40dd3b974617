"""The architecture of the code, checked on the code itself.

Packages form one line and import only downwards; SQL is in one of them; the pure ones have no
clock, database or request; views only read a form, call and show.
"""

from __future__ import annotations

import ast
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LINE = ("congress", "campaign", "documents", "records", "delivery", "cwc", "site")
TOP = ("web", "cli")
BELOW = ("errors", "files", "text")
"""Single modules below all packages."""
PURE = ("congress", "campaign", "documents")

SQL = re.compile(
    r"^\s*(SELECT\b.+\bFROM\b|INSERT\s+(OR\s+\w+\s+)?INTO\b|UPDATE\s+\w+\s+SET\b|DELETE\s+FROM\b"
    r"|CREATE\s+(TABLE|INDEX|UNIQUE|TRIGGER|VIEW)\b|PRAGMA\s+\w+|BEGIN\s+(IMMEDIATE|EXCLUSIVE)\b)",
    re.IGNORECASE | re.DOTALL,
)


@cache
def modules() -> tuple[Path, ...]:
    return tuple(sorted((ROOT / "app").rglob("*.py")))


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def package_of(path: Path) -> str:
    """``congress`` for app/congress/lookup.py, ``main`` for app/main.py."""
    parts = path.relative_to(ROOT / "app").with_suffix("").parts
    return parts[0] if parts[0] != "__init__" else ""


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, as a dotted name, at any level of nesting."""
    folder = path.relative_to(ROOT).parent.parts
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = list(folder[: len(folder) - node.level + 1]) if node.level else []
            name = ".".join([*base, *([node.module] if node.module else [])])
            yield name
            yield from (f"{name}.{alias.name}" for alias in node.names)


def label(path: Path) -> str:
    return str(path.relative_to(ROOT))


def allowed(package: str) -> set[str]:
    if package == "main":
        return {*LINE, *TOP, *BELOW}
    if package in TOP:
        return {*LINE, *BELOW, package}
    if package in LINE:
        return {*LINE[: LINE.index(package) + 1], *BELOW}
    return {package}


def test_packages_import_only_downwards() -> None:
    for path in modules():
        known = {*allowed(package_of(path)), "__version__"}
        for name in imports(path):
            parts = name.split(".")
            if parts[0] == "app" and len(parts) > 1:
                assert parts[1] in known, f"{label(path)} imports {name}"


def test_no_two_classes_have_one_name() -> None:
    """A search for a name finds one thing."""
    places: dict[str, str] = {}
    for path in modules():
        for node in tree(path).body:
            if isinstance(node, ast.ClassDef):
                other = places.setdefault(node.name, label(path))
                assert other == label(path), f"{node.name} in {other} and {label(path)}"


def test_no_two_modules_have_one_name() -> None:
    names = Counter(path.name for path in modules() if path.name != "__init__.py")
    assert not {name: often for name, often in names.items() if often > 1}


def test_sql_is_only_in_records() -> None:
    for path in modules():
        if package_of(path) == "records":
            continue
        roots = {name.split(".")[0] for name in imports(path)}
        assert not roots & {"sqlite3", "sqlite_utils"}, f"{label(path)} opens a database itself"
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert not SQL.match(node.value), f"{label(path)}:{node.lineno} holds SQL"


def test_pure_packages_have_no_clock_database_or_request() -> None:
    for path in (path for path in modules() if package_of(path) in PURE):
        roots = {name.split(".")[0] for name in imports(path)}
        assert not roots & {"flask", "sqlite3", "sqlite_utils"}, label(path)
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Attribute) and node.attr in ("today", "now", "utcnow"):
                inner = node.value
                name = inner.attr if isinstance(inner, ast.Attribute) else getattr(inner, "id", "")
                assert name not in ("date", "datetime"), f"{label(path)}:{node.lineno} has a clock"


def views() -> Iterator[tuple[Path, ast.FunctionDef]]:
    """Every function with a ``.get``, ``.post`` or ``.route`` decorator."""
    for path in modules():
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.FunctionDef) and any(
                isinstance(d, ast.Call)
                and isinstance(d.func, ast.Attribute)
                and d.func.attr in ("get", "post", "route")
                for d in node.decorator_list
            ):
                yield path, node


def test_views_read_call_and_show_and_never_loop() -> None:
    found = list(views())
    assert len(found) >= 10
    for path, view in found:
        body = [n for statement in view.body for n in ast.walk(statement)]
        loops = [n for n in body if isinstance(n, ast.For | ast.While)]
        assert not loops, (
            f"{label(path)}: {view.name} decides or repeats; move that out of the view"
        )


SENT = ("args", "form", "files", "values", "get_data", "stream", "input_stream", "data", "json",
        "get_json")  # fmt: skip


def test_only_forms_read_what_a_browser_sends() -> None:
    """Everything else gets a WTForms form or a draft."""
    for path in (path for path in modules() if path.name != "forms.py"):
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == "request":
                taken = node.attr in SENT
                assert not taken, f"{label(path)}:{node.lineno} reads request.{node.attr} itself"


def tracked() -> list[Path]:
    listing = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout
    return [ROOT / name for name in listing.splitlines() if (ROOT / name).is_file()]


def test_only_known_names_are_at_the_top_level() -> None:
    expected = {
        "app", "templates", "letters", "tests", "docs", "requirements.txt", "requirements.lock",
        "wsgi.py", "README.md", "SECURITY.md", "CONTRIBUTING.md", "CHANGELOG.md", "Makefile",
        "pyproject.toml", "LICENSE", "deploy",
    }  # fmt: skip
    names = {p.relative_to(ROOT).parts[0] for p in tracked()}
    assert {n for n in names if not n.startswith(".")} <= expected


def test_instance_secrets_and_machine_paths_are_not_in_the_repository() -> None:
    path = re.compile(r"(^|[^A-Za-z0-9])/(work|farm|root)/")
    for file in tracked():
        assert file.relative_to(ROOT).parts[0] != "instance"
        assert file.suffix not in (".db", ".key", ".mo")
        if file.suffix in (".py", ".md", ".toml", ".txt", ".html", ".sh", "") and file != Path(
            __file__
        ):
            assert not path.search(file.read_text(encoding="utf-8")), f"{label(file)} names a path"
