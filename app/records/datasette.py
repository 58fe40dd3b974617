"""The same tables as a SQLite file that opens in Datasette, with a metadata file beside it."""

# ruff: noqa: S608 - names of tables and columns are quoted here

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from app.records.tabular import Table, clean, clean_chunks, described, write_text


def metadata_path(path: Path) -> Path:
    """Where the metadata goes: ``counts.metadata.json`` beside ``counts.db``."""
    return path.with_suffix(".metadata.json")


def write_sqlite(tables: Sequence[Table], path: Path) -> None:
    """Write one SQL table per table, and ``metadata_path`` for ``datasette --metadata``.

    The table ``about`` has the same words as the metadata, so that the file alone says them too.
    A file of that name is replaced when the new one is complete. Raises ``OSError``.
    """
    draft = path.with_name(f".{path.name}.part")
    draft.unlink(missing_ok=True)
    try:
        draft.touch()  # says at once, and plainly, that the place cannot be written to
        with closing(sqlite3.connect(draft, isolation_level=None)) as db:
            # The draft is thrown away if anything fails, so it needs no journal of its own.
            db.execute("PRAGMA journal_mode=OFF")
            db.execute("PRAGMA synchronous=OFF")
            db.execute("BEGIN")
            for table in tables:
                _write_table(db, table)
            _write_about(db, tables)
            db.execute("COMMIT")
        draft.replace(path)
    except sqlite3.OperationalError as error:
        raise OSError(str(error)) from error
    finally:
        draft.unlink(missing_ok=True)
    write_text([json.dumps(_metadata(tables, path), ensure_ascii=False, indent=1), "\n"],
               metadata_path(path))  # fmt: skip


def _write_table(db: sqlite3.Connection, table: Table) -> None:
    name = table_name(table.title)
    columns = ", ".join(
        f'"{column.name}" {"INTEGER" if column.kind in ("number", "yes/no") else "TEXT"}'
        for column in table.columns
    )
    db.execute(f'CREATE TABLE "{name}" ({columns}) STRICT')
    insert = f'INSERT INTO "{name}" VALUES ({", ".join("?" * len(table.columns))})'
    for cells in clean_chunks(table):
        db.executemany(insert, zip(*cells, strict=True))


def _write_about(db: sqlite3.Connection, tables: Sequence[Table]) -> None:
    db.execute("CREATE TABLE about (table_name TEXT, name TEXT, value TEXT) STRICT")
    db.executemany(
        "INSERT INTO about VALUES (?, ?, ?)",
        [
            (table_name(table.title), clean(name), clean(value))
            for table in tables
            for name, value in described(table)
        ],
    )


def table_name(title: str) -> str:
    """``Counts by state`` becomes ``counts_by_state``; never empty."""
    return re.sub(r"\W+", "_", clean(title).lower()).strip("_") or "rows"


def _metadata(tables: Sequence[Table], path: Path) -> dict[str, object]:
    known = {
        table_name(table.title): {
            "title": table.title,
            "description": "\n".join(f"{name}: {value}" for name, value in table.about.items()),
            "columns": {
                column.name: column.meaning + (f" Time zone: {column.zone}." if column.zone else "")
                for column in table.columns
            },
        }
        for table in tables
    }
    return {
        "title": tables[0].title if tables else path.stem,
        "databases": {path.stem: {"tables": known}},
    }
