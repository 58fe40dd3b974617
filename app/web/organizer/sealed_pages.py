"""What was sealed: packets for delivery by hand, the people who may be contacted, and the keys.

The passphrase and the letters are in memory while the file is made and sent, and nowhere else:
what comes is a ZIP that is written straight into the download.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from werkzeug.wrappers import Response

from app.delivery.packets import (
    PacketLetters,
    Sender,
    parse_split,
    zip_packets,
)
from app.delivery.writer_rows import BadRow, WriterRow
from app.errors import NotStoredError
from app.records.acts import Purpose
from app.records.audit import Actor, What
from app.records.database import writing
from app.records.keys import (
    KeyFolderError,
    KeyStatus,
    OpenKey,
    WrongPassphraseError,
    key_status,
    passphrase_beside,
    unlock,
)
from app.records.sealing import (
    OpenedRow,
    SealedExport,
    export_sealed,
    open_kept,
    sealed_counts,
    sealed_people,
)
from app.site.i18n import gettext as _
from app.site.services import Services, services
from app.web.access import access
from app.web.error_pages import not_stored_words
from app.web.forms import SiteForm, entries, sent
from app.web.limits import in_room
from app.web.organizer.gate import clock, current
from app.web.organizer.show import area, download, page, pieces_of

packets = area("organizer_packets", "/packets")
keys = area("organizer_keys", "/keys")

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
    sealed = sealed_people(site.db(), site.slug, "packet")
    try:
        known = key_status(site.settings.keys, sealed)
    except KeyFolderError:
        known = ()
    here = tuple(line for line in known if line.private is not None and line.key.id in sealed)
    total = sum(sealed.values())
    return Stock(total, here, total - sum(sealed[line.key.id] for line in here))


class PacketForm(SiteForm):
    """What the packets are to be. The passphrase is shown to nobody again."""

    split, passphrase = entries(2)


@packets.get("/")
@access("admin")
def index(problem: str = "", field: str = "", status: int = 200) -> Response:
    chosen = sent(PacketForm).split.data
    return page(
        "packets/index", status, problem=problem, field=field, stock=stock(services()),
        split=chosen if chosen in SPLITS else SPLITS[0],
    )  # fmt: skip


@packets.post("/packets.zip")
@access("admin", fresh=True)
@in_room("books")
def make() -> Response:
    """The packets as a download, or the page that says what is missing."""
    site = services()
    found = stock(site)
    if not found.keys:
        return index(status=409)
    form = sent(PacketForm)
    split = parse_split(form.split.data) if form.split.data else None
    opened = _unlocked(found.keys, form.passphrase.data)
    if isinstance(opened, str):
        return index(opened, "passphrase", 422)
    letters = PacketLetters(
        site.campaign, site.tables, now=site.now(), template=TEMPLATE,
        folder=site.settings.instance,  # for temporary files there is only memory
    )  # fmt: skip
    try:
        _note("packets", "packet", found.people, [key.id for key in opened], clock())
        troubles = _read(site, letters, opened)
    except NotStoredError as error:
        letters.close()
        return index(not_stored_words(error), status=503)
    sender = Sender(site.settings.group_name, site.settings.contact, site.today())
    response = download(
        zip_packets(letters, troubles, sender, split), "application/zip",
        f"packets-{site.slug}-{site.today().isoformat()}.zip",
    )  # fmt: skip
    response.call_on_close(letters.close)
    response.headers["X-Accel-Buffering"] = "no"  # a proxy must not gather it in a file
    return response


def _unlocked(lines: tuple[KeyStatus, ...], passphrase: str) -> list[OpenKey] | str:
    """The keys that the passphrase opens, or what to do."""
    opened = []
    for line in lines:
        assert line.private is not None
        given = passphrase or passphrase_beside(line.private)
        try:
            if given:
                opened.append(unlock(line.private, given))
        except WrongPassphraseError:
            continue
        except KeyFolderError:
            return _("A key on this server is damaged or cannot be read. Use a copy of it on your "
                     "own computer.")  # fmt: skip
    if opened:
        return opened
    if not passphrase:
        return _("Enter the passphrase of the campaign’s key.")
    return _("That passphrase does not open the key. Check it and try again.")


def _note(subject: str, purpose: Purpose, rows: int, keys: Iterable[str], at: datetime) -> None:
    """Put on record that sealed details are taken away."""
    site = services()
    with writing(site.db()):
        Actor(site.db(), current().organizer.name, at).record(
            What.SEALED_EXPORTED,
            subject,
            after={
                "campaign": site.slug,
                "purpose": purpose,
                "rows": rows,
                "keys": ", ".join(sorted(keys)),
            },
        )


def _read(site: Services, letters: PacketLetters, keys: list[OpenKey]) -> list[BadRow]:
    """Take the details into the letters; gives what could not be read."""
    troubles: list[BadRow] = []

    def rows() -> Iterator[WriterRow]:
        kept = open_kept(site.db(), keys, campaign=site.slug, purpose="packet")
        for line, row in enumerate(kept, start=1):
            if isinstance(row, OpenedRow):
                yield WriterRow.opened(line, row.details, row.day)
            else:
                troubles.append(BadRow(line, row.reason))

    troubles += [found for found in letters.read(rows()) if isinstance(found, BadRow)]
    return troubles


@packets.get("/contacts")
@access("admin")
def contacts(problem: str = "", status: int = 200) -> Response:
    """How many may be contacted, and how their list is opened."""
    site = services()
    sealed = sealed_people(site.db(), site.slug, "contact")
    return page("packets/contacts", status, problem=problem, people=sum(sealed.values()))


@packets.post("/sealed", defaults={"purpose": "packet"})
@packets.post("/contacts/sealed", defaults={"purpose": "contact"})
@access("admin", fresh=True)
@in_room("exports")
def sealed(purpose: Purpose) -> Response:
    """The details for a purpose, still sealed, to open on the computer that has the key."""
    site = services()
    what = "sealed" if purpose == "packet" else "contacts"
    name = f"{what}-{site.slug}-{site.today().isoformat()}.jsonl"

    def note(done: SealedExport) -> None:
        _note(name, purpose, done.rows, done.keys, done.at)

    folder = Path(tempfile.mkdtemp(prefix=".export-", dir=site.settings.instance))
    try:
        export_sealed(site.db(), folder / name, campaign=site.slug, purpose=purpose,
                      at=clock(), audit=note)  # fmt: skip
        return download(pieces_of(folder / name), "application/x-ndjson", name)
    except NotStoredError as error:
        shown = index if purpose == "packet" else contacts
        return shown(not_stored_words(error), status=503)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@keys.get("/", endpoint="index")
@access("admin")
def show_keys() -> Response:
    """Fingerprint, date, where the private half is, and how much needs it; never a secret."""
    site, broken = services(), ""
    counts = sealed_counts(site.db())
    try:
        lines = key_status(site.settings.keys, counts)
    except KeyFolderError as error:
        lines, broken = (), str(error)
    unknown = counts.keys() - {line.key.id for line in lines}
    return page("keys/index", lines=lines, broken=broken, stray=sum(counts[key] for key in unknown))
