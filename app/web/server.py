"""How gunicorn serves the site. Every value is for one small machine with one SQLite file."""

from __future__ import annotations

import gc
import os

bind = f"{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
workers = int(os.environ.get("WORKERS", "2"))
threads = 4
worker_class = "app.web.worker.PatientWorker"
preload_app = True
"""The tables are loaded once and shared by the workers."""

accesslog = None
"""No access log: an address list of visitors is a dangerous thing to own."""
loglevel = "warning"
logger_class = "app.web.quiet_log.QuietLogger"
timeout = 30
graceful_timeout = 10
forwarded_allow_ips = ""
"""What a proxy says is believed only as ``trusted_proxies`` has it, and not because it is local."""
limit_request_line = 2048
limit_request_fields = 60


def when_ready(_server: object) -> None:
    """Before the workers fork: what is loaded by now stays, so garbage is not looked for in it
    again, and its memory stays shared."""
    gc.collect()
    gc.freeze()


def post_worker_init(_worker: object) -> None:
    """Make the first key on a new site; purge daily, whichever worker comes first."""
    from datetime import UTC, datetime

    from app.records.keys import first_key
    from app.site.daily import start_purging
    from app.site.settings import load_settings

    settings = load_settings()
    first_key(settings.keys, today=datetime.now(UTC).date())
    start_purging(settings)
