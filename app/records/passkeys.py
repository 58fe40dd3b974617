"""Passkeys: a key on an organizer's phone, computer or security key, as a second factor.

What a passkey signs is bound to the site's domain, so unlike a code it cannot be phished by a
page that only looks like this one. The library ``webauthn`` makes and verifies the messages; the
public key and the device's counter are stored. An authenticator app and recovery codes always
remain available, so a lost device locks no one out.
"""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from app.records.acts import token_digest
from app.records.audit import Actor, What
from app.records.database import writing
from app.records.keyed import keyed_code
from app.records.organizers import Organizer, Session

MOST_PASSKEYS = 10
LONGEST_ANSWER = 20_000
"""Limit on an answer's length in characters; a real one has about 2,000."""


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """The site as a WebAuthn relying party: ``example.org``, ``https://example.org``, its name."""

    id: str
    origin: str
    name: str


@dataclass(frozen=True, slots=True)
class Passkey:
    """One passkey of an organizer."""

    id: int
    device: str
    """The browser and operating system that it was made with."""
    created: datetime
    used: datetime | None
    credential: bytes


def passkeys_of(db: sqlite3.Connection, organizer: Organizer) -> list[Passkey]:
    """An organizer's passkeys, oldest first."""
    rows = db.execute(
        "SELECT id, device, created, used, credential FROM organizer_passkeys"
        " WHERE organizer = ? ORDER BY id",
        (organizer.id,),
    )
    return [
        Passkey(
            number,
            device,
            datetime.fromtimestamp(created, UTC),
            None if used is None else datetime.fromtimestamp(used, UTC),
            credential,
        )
        for number, device, created, used, credential in rows
    ]


def _challenge(secret: bytes, token: str) -> bytes:
    """What must be signed in one session. A half session has its own challenge and ends with the
    first accepted passkey, so an answer cannot be replayed."""
    return keyed_code(secret, "passkey challenge", token_digest(token).hex())


def creation_options(
    db: sqlite3.Connection, secret: bytes, organizer: Organizer, token: str, party: RelyingParty
) -> str:
    """What a browser needs to make a passkey, as JSON for ``navigator.credentials.create``."""
    import webauthn  # here, because it takes half a second to load and few pages need it
    from webauthn.helpers.structs import (
        AuthenticatorSelectionCriteria,
        PublicKeyCredentialDescriptor,
        ResidentKeyRequirement,
    )

    return webauthn.options_to_json(
        webauthn.generate_registration_options(
            rp_id=party.id,
            rp_name=party.name,
            user_name=organizer.name,
            user_id=keyed_code(secret, "passkey user", str(organizer.id)),
            challenge=_challenge(secret, token),
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.DISCOURAGED
            ),
            exclude_credentials=[
                PublicKeyCredentialDescriptor(id=key.credential)
                for key in passkeys_of(db, organizer)
            ],
        )
    )


def add_passkey(
    db: sqlite3.Connection,
    secret: bytes,
    session: Session,
    token: str,
    answer: str,
    *,
    party: RelyingParty,
    device: str,
    at: datetime,
) -> bool:
    """Store a passkey that a browser made; False if its answer is not valid or the organizer
    already has ``MOST_PASSKEYS``."""
    import webauthn
    from webauthn.helpers.exceptions import WebAuthnException

    owner = session.organizer
    made = None
    with suppress(WebAuthnException, ValueError, RecursionError):
        made = webauthn.verify_registration_response(
            credential=answer[:LONGEST_ANSWER],
            expected_challenge=_challenge(secret, token),
            expected_rp_id=party.id,
            expected_origin=party.origin,
        )
    if made is None or len(passkeys_of(db, owner)) >= MOST_PASSKEYS:
        return False
    with writing(db):
        added = db.execute(
            "INSERT INTO organizer_passkeys"
            " (organizer, credential, public_key, uses, device, created)"
            " VALUES (?,?,?,?,?,?) ON CONFLICT DO NOTHING",
            (
                owner.id,
                made.credential_id,
                made.credential_public_key,
                made.sign_count,
                device[:80],
                int(at.timestamp()),
            ),
        ).rowcount
        if added:
            by = Actor(db, owner.name, at)
            by.record(What.PASSKEY_ADDED, owner.name, after={"device": device[:80]})
    return bool(added)


def remove_passkey(db: sqlite3.Connection, owner: Organizer, number: int, at: datetime) -> bool:
    """Remove one of ``owner``'s passkeys; False if they have no such passkey."""
    with writing(db):
        row = db.execute(
            "DELETE FROM organizer_passkeys WHERE id = ? AND organizer = ? RETURNING device",
            (number, owner.id),
        ).fetchone()
        if row is not None:
            by = Actor(db, owner.name, at)
            by.record(What.PASSKEY_REMOVED, owner.name, before={"device": row[0]})
    return row is not None


def request_options(
    db: sqlite3.Connection, secret: bytes, organizer: Organizer, token: str, party: RelyingParty
) -> str:
    """What a browser needs to use a passkey, as JSON for ``navigator.credentials.get``; empty if
    the organizer has none."""
    keys = passkeys_of(db, organizer)
    if not keys:
        return ""
    import webauthn
    from webauthn.helpers.structs import PublicKeyCredentialDescriptor

    return webauthn.options_to_json(
        webauthn.generate_authentication_options(
            rp_id=party.id,
            challenge=_challenge(secret, token),
            allow_credentials=[PublicKeyCredentialDescriptor(id=key.credential) for key in keys],
        )
    )


def use_passkey(
    db: sqlite3.Connection,
    secret: bytes,
    session: Session,
    token: str,
    answer: str,
    *,
    party: RelyingParty,
    at: datetime,
) -> bool:
    """Inside the caller's transaction: whether an answer was signed by a passkey of this
    session's organizer, for this session and this site. Updates the passkey's counter."""
    import webauthn
    from webauthn.helpers import parse_authentication_credential_json
    from webauthn.helpers.exceptions import WebAuthnException

    with suppress(WebAuthnException, ValueError, RecursionError):
        credential = parse_authentication_credential_json(answer[:LONGEST_ANSWER])
        row = db.execute(
            "SELECT id, public_key, uses FROM organizer_passkeys"
            " WHERE organizer = ? AND credential = ?",
            (session.organizer.id, credential.raw_id),
        ).fetchone()
        if row is None:
            return False
        # A second press of the button carries the same counter and counts as the first.
        uses = 0 if session.passed else row[2]
        done = webauthn.verify_authentication_response(
            credential=credential,
            expected_challenge=_challenge(secret, token),
            expected_rp_id=party.id,
            expected_origin=party.origin,
            credential_public_key=row[1],
            credential_current_sign_count=uses,
        )
        db.execute(
            "UPDATE organizer_passkeys SET uses = ?, used = ? WHERE id = ?",
            (done.new_sign_count, int(at.timestamp()), row[0]),
        )
        return True
    return False
