"""A real Redis for a test: on a free port, in memory only, stopped after the test."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from tests.bench.servers import free_port


@contextmanager
def running_redis(folder: Path, port: int = 0) -> Iterator[str]:
    """Its URL. Fails, rather than skips, if Redis is missing: ``make browser`` installs it."""
    path = shutil.which("redis-server") or shutil.which("valkey-server")
    assert path, "Redis is missing: run `make browser`"
    port = port or free_port()
    words = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    process = subprocess.Popen(
        [path, *words, "--dir", str(folder), "--loglevel", "warning"], stdout=subprocess.DEVNULL
    )
    try:
        url = f"redis://127.0.0.1:{port}"
        with redis.Redis.from_url(url) as client:
            deadline = time.monotonic() + 60
            while True:
                try:
                    client.ping()
                    break
                except redis.ConnectionError:
                    assert time.monotonic() < deadline, "Redis did not start"
                    time.sleep(0.02)
        yield url
    finally:
        process.terminate()
        process.wait(60)
