"""Packets for delivery by hand, made on the server with the key's passphrase, or elsewhere.

The passphrase and the letters are in memory while the file is made and sent, and nowhere else:
what comes is a ZIP that is written straight into the download.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from flask import Blueprint, request
from werkzeug.wrappers import Response
from wtforms import Form, StringField

from app.delivery.packets import (
    PacketLetters,
    Sender,
    parse_split,
    zip_packets,
)
from app.delivery.writer_rows import BadRow, WriterRow
from app.records import NotStoredError, audit
from app.records.acts import Purpose
from app.records.audit import What
from app.records.database import writing
from app.records.keys import (
    KeyFolderError,
    KeyStatus,
    OpenKey,
    WrongPassphrase,
    key_status,
    passphrase_beside,
    unlock,
)
from app.records.sealing import (
    OpenedRow,
    SealedExport,
    export_sealed,
    open_kept,
    sealed_people,
)
from app.site.i18n import gettext as _
from app.site.services import Services, services
from app.web.access import access
from app.web.errors import not_stored_words
from app.web.limits import in_room
from app.web.organizer.gate import clock, current
from app.web.organizer.show import page

packets = Blueprint("organizer_packets", __name__)

SPLITS = ("office", "state", "250", "20MB")
TEMPLATE = "general"
"""The letter where a row names none, as one from an early version may."""


@dataclass(frozen=True, slots=True)
class Stock:
    """What there is to make packets from."""

    people: int
    keys: tuple[KeyStatus, ...]
    """Keys whose private half lies here and opens some of it."""
    elsewhere: int
    """People whose details need a key that is not on this server."""

    @property
    def passphrase_here(self) -> bool:
        return all(line.readable_here for line in self.keys)


def stock(site: Services) -> Stock:
    """How many people asked for delivery by hand, and with which keys."""
    sealed = sealed_people(site.db(), site.campaign.slug, "packet")
    try:
        known = key_status(site.settings.keys, sealed)
    except KeyFolderError:
        known = ()
    here = tuple(line for line in known if line.private is not None and line.key.id in sealed)
    total = sum(sealed.values())
    return Stock(total, here, total - sum(sealed[line.key.id] for line in here))


class PacketForm(Form):  # type: ignore[misc]
    """What the packets are to be. The passphrase is shown to nobody again."""

    split = StringField(default="")
    passphrase = StringField(default="")


@packets.get("/", endpoint="index")
@access("admin")
def show_packets(problem: str = "", field: str = "", status: int = 200) -> Response:
    chosen = PacketForm(request.form).split.data
    return page(
        "packets/index", status, problem=problem, field=field, stock=stock(services()),
        split=chosen if chosen in SPLITS else SPLITS[0],
    )  # fmt: skip


@packets.post("/packets.zip", endpoint="make")
@access("admin", fresh=True)
@in_room("books")
def send_packets() -> Response:
    """The packets as a download, or the page that says what is missing."""
    site = services()
    found = stock(site)
    if not found.keys:
        return show_packets(status=409)
    form = PacketForm(request.form)
    split = parse_split(form.split.data) if form.split.data else None
    keys = _unlocked(found.keys, form.passphrase.data)
    if isinstance(keys, str):
        return show_packets(keys, "passphrase", 422)
    letters = PacketLetters(site.campaign, site.tables, now=site.now(), template=TEMPLATE)
    troubles = _gathered(site, found.people, letters, keys)
    if isinstance(troubles, str):
        return show_packets(troubles, status=503)
    sender = Sender(site.settings.group_name, site.settings.contact, site.today())
    response = Response(zip_packets(letters, troubles, sender, split), mimetype="application/zip")
    response.call_on_close(letters.close)
    name = f"packets-{site.campaign.slug}-{site.today().isoformat()}.zip"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["X-Accel-Buffering"] = "no"  # a proxy must not gather it in a file
    return response


def _unlocked(lines: tuple[KeyStatus, ...], passphrase: str) -> list[OpenKey] | str:
    """The keys that the passphrase opens, or what to do."""
    keys = []
    for line in lines:
        assert line.private is not None
        given = passphrase or passphrase_beside(line.private) or ""
        answer = unlock(line.private, given) if given else WrongPassphrase()
        if isinstance(answer, OpenKey):
            keys.append(answer)
        elif not isinstance(answer, WrongPassphrase):
            return _("A key on this server is damaged or cannot be read. Use a copy of it on your "
                     "own computer.")  # fmt: skip
    if keys:
        return keys
    if not passphrase:
        return _("Enter the passphrase of the campaign’s key.")
    return _("That passphrase does not open the key. Check it and try again.")


def _gathered(
    site: Services, people: int, letters: PacketLetters, keys: list[OpenKey]
) -> list[BadRow] | str:
    """What could not be read, once the rest is in ``letters`` and the reading is on record."""
    try:
        _note(site, people, keys)
        return _read(site, letters, keys)
    except NotStoredError as error:
        letters.close()
        return _busy(error)


def _note(site: Services, people: int, keys: list[OpenKey]) -> None:
    facts: audit.Facts = {
        "campaign": site.campaign.slug, "purpose": "packet", "rows": people,
        "keys": ", ".join(sorted(key.id for key in keys)),
    }  # fmt: skip
    with writing(site.db()):
        audit.record(site.db(), at=clock(), who=current().organizer.name,
                     what=What.SEALED_EXPORTED, subject="packets", after=facts)  # fmt: skip


def _read(site: Services, letters: PacketLetters, keys: list[OpenKey]) -> list[BadRow]:
    troubles: list[BadRow] = []

    def rows() -> Iterator[WriterRow]:
        kept = open_kept(site.db(), keys, campaign=site.campaign.slug, purpose="packet")
        for line, row in enumerate(kept, start=1):
            if isinstance(row, OpenedRow):
                yield WriterRow.opened(line, row.details, row.day)
            else:
                troubles.append(BadRow(line, row.reason))

    troubles += [found for found in letters.read(rows()) if isinstance(found, BadRow)]
    return troubles


@packets.get("/contacts", endpoint="contacts")
@access("admin")
def show_contacts(problem: str = "", status: int = 200) -> Response:
    """How many may be contacted, and how their list is opened."""
    site = services()
    sealed = sealed_people(site.db(), site.campaign.slug, "contact")
    return page("packets/contacts", status, problem=problem, people=sum(sealed.values()))


@packets.post("/contacts/sealed", endpoint="sealed_contacts")
@access("admin", fresh=True)
@in_room("exports")
def send_contacts() -> Response:
    """The sealed list of people who may be contacted."""
    return _send_sealed("contact")


@packets.post("/sealed", endpoint="sealed")
@access("admin", fresh=True)
@in_room("exports")
def send_sealed() -> Response:
    """The sealed details of the packets."""
    return _send_sealed("packet")


def _send_sealed(purpose: Purpose) -> Response:
    """The sealed details, still sealed, to open on the computer that has the key."""
    site = services()
    what = "sealed" if purpose == "packet" else "contacts"
    name = f"{what}-{site.campaign.slug}-{site.today().isoformat()}.jsonl"

    def note(done: SealedExport) -> None:
        facts: audit.Facts = {"campaign": done.campaign, "purpose": purpose, "rows": done.rows,
                              "keys": ", ".join(done.keys)}  # fmt: skip
        with writing(site.db()):
            audit.record(site.db(), at=done.at, who=current().organizer.name,
                         what=What.SEALED_EXPORTED, subject=name, after=facts)  # fmt: skip

    folder = Path(tempfile.mkdtemp(prefix=".export-", dir=site.settings.instance))
    try:
        export_sealed(site.db(), folder / name, campaign=site.campaign.slug, purpose=purpose,
                      at=clock(), audit=note)  # fmt: skip
        pieces = _pieces(folder / name)
        next(pieces)  # opens it, so that its name can go
    except NotStoredError as error:
        shown = show_packets if purpose == "packet" else show_contacts
        return shown(_busy(error), status=503)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    response = Response(pieces, mimetype="application/x-ndjson")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _pieces(path: Path) -> Iterator[bytes]:
    """First nothing, then the file, even when its name is gone."""
    with path.open("rb") as file:
        yield b""
        while piece := file.read(1 << 16):
            yield piece


def _busy(error: NotStoredError) -> str:
    busy = _("Nothing was made just now, and nothing was lost. Press the button again.")
    return not_stored_words(error, busy)
