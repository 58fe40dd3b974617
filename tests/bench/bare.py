"""The minimum that a Flask view must do to acknowledge a signature: one durable insert."""

from __future__ import annotations

import os
import sqlite3
import threading
from pathlib import Path

from flask import Flask, request
from werkzeug.wrappers import Response

COLUMNS = (
    "key", "person", "campaign", "day", "at", "state", "district", "template", "version",
    "length", "language", "match", "source", "edited", "own_share", "letters",
)  # fmt: skip
PATH = Path(os.environ["DEAR_CONGRESS_INSTANCE"]) / "bare.db"
INSERT = f"INSERT INTO signatures ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"

app = Flask(__name__)
local = threading.local()


def database() -> sqlite3.Connection:
    if not hasattr(local, "db"):
        local.db = sqlite3.connect(PATH, timeout=10, isolation_level=None)
        local.db.execute("PRAGMA journal_mode=WAL")
        local.db.execute("PRAGMA synchronous=FULL")
        local.db.execute(f"CREATE TABLE IF NOT EXISTS signatures ({', '.join(COLUMNS)})")
    connection: sqlite3.Connection = local.db
    return connection


@app.get("/")
def home() -> str:
    database()
    return "ready"


@app.post("/sign")
def sign() -> Response:
    database().execute(INSERT, [request.form.get(name, "") for name in COLUMNS])
    return Response("signed", 200)
