"""Mail as files: what a site does until somebody configures a mail server."""

from __future__ import annotations

import os
import re
import secrets
from datetime import UTC, datetime
from pathlib import Path

from app.delivery.mail import Ready
from app.delivery.results import Result


def write_eml(message: Ready, folder: Path, *, kind: str, message_id: str, now: datetime) -> Result:
    """Write a message as ``<time>-<kind>-<id>.eml`` (mode 0600), whole or not at all.

    The name comes from the message's id, so that a second try replaces the first.
    """
    name = re.sub(r"[^a-z]+", "-", kind)
    moment = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for earlier in folder.glob(f"*-{message_id}.eml"):
            earlier.unlink()
        draft = folder / f".{message_id}.{secrets.token_hex(4)}"
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(message.raw)
        draft.replace(folder / f"{moment}-{name}-{message_id}.eml")
    except OSError as error:
        return Result("deferred", f"the outbox cannot be written ({type(error).__name__})", False)
    return Result("accepted", "written to the outbox", False)
