"""The SQL of the tallies, built from one list of dimensions.

Kept apart from the functions that read the tallies because a migration installs the
triggers: a new dimension is a line here and a migration that calls ``install_triggers``
with the longer list.
"""

# ruff: noqa: S608 - the statements are put together from the constants in this file only

from __future__ import annotations

import sqlite3

Dimensions = tuple[tuple[str, str], ...]
"""Pairs of a dimension's name and the SQL of its value; ``{row}`` is the signature."""

DIMENSIONS: Dimensions = (
    ("all", "''"),
    ("day", "{row}.day"),
    ("state", "{row}.state"),
    ("district", "{row}.state || '-' || {row}.district"),
    ("template", "{row}.template"),
    ("version", "{row}.template || ' ' || {row}.length || ' ' || {row}.version"),
    ("language", "{row}.language"),
    ("match", "{row}.match"),
    ("source", "{row}.source"),
    ("edited", "CASE {row}.edited WHEN 0 THEN 'no' ELSE 'yes' END"),
    ("own_share", "printf('%02d', min({row}.own_share / 10, 9) * 10)"),
)
"""Each signature is counted once in each of these. ``own_share`` is in steps of ten per cent.

Two more are counted from the letter rows, one per letter to a seat that somebody holds:
``recipient``, and ``way``, which is the letter's state and counts no people.
"""

DIMENSIONS_1 = DIMENSIONS[:11]
"""As the first migrations know them. New ones go to the end, with a migration of their own."""

WAYS_SQL = (
    "SELECT s.campaign, s.status, 'way', l.state, 0, count(*)"
    " FROM letters l JOIN signatures s ON s.id = l.signature"
    " WHERE l.bioguide IS NOT NULL GROUP BY 1, 2, 4"
)
"""What the tallies of ``way`` should say, from the rows alone."""

_ADD = (
    " ON CONFLICT DO UPDATE SET signatures = signatures + excluded.signatures,"
    " letters = letters + excluded.letters"
)
_COLUMNS = "INSERT INTO tallies (campaign, status, dimension, value, signatures, letters)"


def _count_signature(dimensions: Dimensions, row: str, sign: str) -> str:
    """Add one signature to (``+``) or take it from (``-``) each of its dimensions."""
    values = ", ".join(f"('{name}', {value.format(row=row)})" for name, value in dimensions)
    return (
        f"{_COLUMNS} SELECT {row}.campaign, {row}.status, column1, column2,"
        f" {sign}1, {sign}{row}.letters FROM (VALUES {values}) WHERE true{_ADD};"
    )


def _count_letters(row: str, sign: str) -> str:
    """The same for recipient and way of all letters that a signature has at this moment."""
    return (
        f"{_COLUMNS} SELECT {row}.campaign, {row}.status, 'way', state, 0, {sign}1"
        f" FROM letters WHERE signature = {row}.id AND bioguide IS NOT NULL{_ADD};"
        f"{_COLUMNS} SELECT {row}.campaign, {row}.status, 'recipient', bioguide,"
        f" {sign}1, {sign}1 FROM letters WHERE signature = {row}.id AND bioguide IS NOT NULL{_ADD};"
    )


def _count_letter(row: str, sign: str) -> str:
    """The same for one letter row. Counts nothing when its signature is already gone."""
    return (
        f"{_COLUMNS} SELECT campaign, status, 'way', {row}.state, 0, {sign}1"
        f" FROM signatures WHERE id = {row}.signature AND {row}.bioguide IS NOT NULL{_ADD};"
        f"{_COLUMNS} SELECT campaign, status, 'recipient', {row}.bioguide, {sign}1, {sign}1"
        f" FROM signatures WHERE id = {row}.signature AND {row}.bioguide IS NOT NULL{_ADD};"
    )


def _move_letter() -> str:
    """From one way to another, for a letter to the same recipient."""
    return "".join(
        f"{_COLUMNS} SELECT campaign, status, 'way', {row}.state, 0, {sign}1"
        f" FROM signatures WHERE id = NEW.signature{_ADD};"
        for row, sign in (("OLD", "-"), ("NEW", "+"))
    )


def trigger_sql(dimensions: Dimensions) -> dict[str, str]:
    """Name and statement of each trigger."""
    bodies = {
        "tally_signature_insert": (
            "AFTER INSERT ON signatures",
            _count_signature(dimensions, "NEW", "+"),
        ),
        "tally_signature_update": (
            "AFTER UPDATE OF campaign, status, day, state, district, template, version, length,"
            " language, match, source, edited, own_share, letters ON signatures",
            _count_signature(dimensions, "OLD", "-")
            + _count_letters("OLD", "-")
            + _count_signature(dimensions, "NEW", "+")
            + _count_letters("NEW", "+"),
        ),
        # Before, not after: the letters go with their signature, and are still needed here.
        "tally_signature_delete": (
            "BEFORE DELETE ON signatures",
            _count_signature(dimensions, "OLD", "-") + _count_letters("OLD", "-"),
        ),
        "tally_letter_insert": ("AFTER INSERT ON letters", _count_letter("NEW", "+")),
        "tally_letter_update": (
            "AFTER UPDATE OF signature, bioguide, state ON letters"
            " WHEN OLD.signature <> NEW.signature OR OLD.bioguide IS NOT NEW.bioguide",
            _count_letter("OLD", "-") + _count_letter("NEW", "+"),
        ),
        # By far the most frequent: the same letter, somewhere else on its way.
        "tally_letter_state": (
            "AFTER UPDATE OF state ON letters WHEN OLD.signature = NEW.signature"
            " AND OLD.bioguide = NEW.bioguide AND OLD.state <> NEW.state",
            _move_letter(),
        ),
        "tally_letter_delete": ("AFTER DELETE ON letters", _count_letter("OLD", "-")),
    }
    return {
        name: f"CREATE TRIGGER {name} {when} BEGIN {body} END"
        for name, (when, body) in bodies.items()
    }


def install_triggers(db: sqlite3.Connection, dimensions: Dimensions) -> None:
    """Put the triggers in place, replacing earlier ones of the same names."""
    for name, statement in trigger_sql(dimensions).items():
        db.execute(f"DROP TRIGGER IF EXISTS {name}")
        db.execute(statement)


def actual_sql(dimensions: Dimensions) -> str:
    """A query for what the tallies should say, from the rows alone: the same six columns."""
    parts = [
        f"SELECT s.campaign, s.status, '{name}', {value.format(row='s')},"
        " count(*), sum(s.letters) FROM signatures s GROUP BY 1, 2, 4"
        for name, value in dimensions
    ]
    parts.append(
        "SELECT s.campaign, s.status, 'recipient', l.bioguide, count(*), count(*)"
        " FROM letters l JOIN signatures s ON s.id = l.signature"
        " WHERE l.bioguide IS NOT NULL GROUP BY 1, 2, 4"
    )
    parts.append(WAYS_SQL)
    return " UNION ALL ".join(parts)
