"""Sealed details: packets for delivery by hand, the people who may be contacted, and the keys.

The passphrase and the letters are only in memory, and only while the file is made and sent: the
ZIP is written straight into the download.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from werkzeug.wrappers import Response

from app.delivery.packets import PacketLetters, Sender, parse_split, zip_packets
from app.delivery.writer_rows import BadRow, WriterRow
from app.errors import NotStoredError
from app.records.acts import Purpose
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
    export_sealed,
    open_kept,
    record_export,
    sealed_counts,
    sealed_people,
)
from app.site.i18n import gettext as _
from app.site.services import Services, services
from app.web.access import access
from app.web.error_pages import not_stored_words
from app.web.forms import SiteForm, entries, sent
from app.web.limits import in_room
from app.web.organizer.gate import acting
from app.web.organizer.show import area, download, export_folder, page, pieces_of

packets = area("organizer_packets", "/packets")
keys = area("organizer_keys", "/keys")

SPLITS = ("office", "state", "250", "20MB")
FALLBACK_LETTER = "general"
"""The letter for a row that names none, as rows from early versions may."""


@dataclass(frozen=True, slots=True)
class PacketStock:
    """The sealed details that packets can be made from."""

    people: int
    keys: tuple[KeyStatus, ...]
    """Keys that open some of it and whose private half is on this server."""
    elsewhere: int
    """People whose details need a key that is not on this server."""

    @property
    def passphrase_here(self) -> bool:
        return all(line.readable_here for line in self.keys)


def packet_stock(site: Services) -> PacketStock:
    """How many people asked for delivery by hand, and with which keys."""
    sealed = sealed_people(site.db(), site.slug, "packet")
    try:
        known = key_status(site.settings.keys, sealed)
    except KeyFolderError:
        known = ()
    here = tuple(line for line in known if line.private is not None and line.key.id in sealed)
    total = sum(sealed.values())
    return PacketStock(total, here, total - sum(sealed[line.key.id] for line in here))


class PacketForm(SiteForm):
    """How to split the packets. The passphrase is never shown again."""

    split, passphrase = entries(2)


@packets.get("/")
@access("admin")
def index(problem: str = "", field: str = "", status: int = 200) -> Response:
    chosen = sent(PacketForm).split.data
    return page(
        "packets/index", status, problem=problem, field=field, stock=packet_stock(services()),
        split=chosen if chosen in SPLITS else SPLITS[0],
    )  # fmt: skip


@packets.post("/packets.zip")
@access("admin", fresh=True)
@in_room("books")
def make() -> Response:
    """The packets as a download, or the page that says what is missing."""
    site = services()
    found = packet_stock(site)
    if not found.keys:
        return index(status=409)
    form = sent(PacketForm)
    split = parse_split(form.split.data) if form.split.data else None
    opened = _unlocked(found.keys, form.passphrase.data)
    if isinstance(opened, str):
        return index(opened, "passphrase", 422)
    letters = PacketLetters(
        site.campaign, site.tables, now=site.now(), template=FALLBACK_LETTER,
        folder=site.settings.instance,  # /tmp may be in memory, and small
    )  # fmt: skip
    try:
        ids = [key.id for key in opened]
        rows = sum(line.sealed for line in found.keys if line.key.id in ids)
        record_export(acting(), "packets", site.slug, "packet", rows=rows, keys=ids)
        bad_rows = _load_rows(site, letters, opened)
    except NotStoredError as error:
        letters.close()
        return index(not_stored_words(error), status=503)
    sender = Sender(site.settings.group_name, site.settings.contact, site.today())
    response = download(
        zip_packets(letters, bad_rows, sender, split), "application/zip",
        f"packets-{site.slug}-{site.today().isoformat()}.zip",
    )  # fmt: skip
    response.call_on_close(letters.close)
    response.headers["X-Accel-Buffering"] = "no"  # a proxy must not buffer it in a file
    return response


def _unlocked(lines: tuple[KeyStatus, ...], passphrase: str) -> list[OpenKey] | str:
    """The keys that the passphrase opens and those whose passphrase is next to them, or a sentence
    that says what to do."""
    opened, fits = list[OpenKey](), not passphrase
    for line in lines:
        assert line.private is not None
        for given in filter(None, (passphrase, passphrase_beside(line.private))):
            try:
                opened.append(unlock(line.private, given))
            except WrongPassphraseError:
                continue
            except KeyFolderError:
                return _("A key on this server is damaged or cannot be read. Use a copy of it on "
                         "your own computer.")  # fmt: skip
            fits = fits or given == passphrase
            break
    if opened and fits:
        return opened
    if not passphrase:
        return _("Enter the passphrase of the campaign’s key.")
    return _("That passphrase does not open the key. Check it and try again.")


def _load_rows(site: Services, letters: PacketLetters, keys: list[OpenKey]) -> list[BadRow]:
    """Open the details and load them into ``letters``; returns the rows that could not be read."""
    bad_rows: list[BadRow] = []

    def rows() -> Iterator[WriterRow]:
        kept = open_kept(site.db(), keys, campaign=site.slug, purpose="packet")
        for line, row in enumerate(kept, start=1):
            if isinstance(row, OpenedRow):
                yield WriterRow.opened(line, row.details, row.day)
            else:
                bad_rows.append(BadRow(line, row.reason))

    bad_rows += [found for found in letters.read(rows()) if isinstance(found, BadRow)]
    return bad_rows


@packets.get("/contacts")
@access("admin")
def contacts(problem: str = "", status: int = 200) -> Response:
    """How many people may be contacted, and how to open their list."""
    site = services()
    sealed = sealed_people(site.db(), site.slug, "contact")
    return page("packets/contacts", status, problem=problem, people=sum(sealed.values()))


@packets.post("/sealed", defaults={"purpose": "packet"})
@packets.post("/contacts/sealed", defaults={"purpose": "contact"})
@access("admin", fresh=True)
@in_room("exports")
def sealed(purpose: Purpose) -> Response:
    """The sealed details for a purpose, to be opened on the computer that has the key."""
    site = services()
    what = "sealed" if purpose == "packet" else "contacts"
    name = f"{what}-{site.slug}-{site.today().isoformat()}.jsonl"
    try:
        with export_folder() as folder:
            export_sealed(acting(), folder / name, campaign=site.slug, purpose=purpose)
            return download(pieces_of(folder / name), "application/x-ndjson", name)
    except NotStoredError as error:
        shown = index if purpose == "packet" else contacts
        return shown(not_stored_words(error), status=503)


@keys.get("/", endpoint="index")
@access("admin")
def show_keys() -> Response:
    """Each key's fingerprint, date, location of its private half, and use; never a secret."""
    site, broken = services(), ""
    counts = sealed_counts(site.db())
    try:
        lines = key_status(site.settings.keys, counts)
    except KeyFolderError as error:
        lines, broken = (), str(error)
    unknown = counts.keys() - {line.key.id for line in lines}
    return page("keys/index", lines=lines, broken=broken, stray=sum(counts[key] for key in unknown))
