"""What is kept and what is counted: signatures, their letters, tallies. All SQL lives here.

The usual way through::

    db = local_database(settings.database)
    person = person_of(settings.person_key, first=…, last=…, street=…, zip5=…, email=…)
    signed = sign(db, SignatureRequest(key=…, person=person, …), settings.secret_key)
    receipt(db, signed.receipt)
    count(db, "some-campaign", "district")
"""

from app.records.accounting import mark, note_office, sweep_letters, undo
from app.records.acts import (
    STATUSES,
    LetterRow,
    Receipt,
    SignatureRequest,
    Signed,
    State,
    Status,
)
from app.records.counts import (
    BREAKDOWNS,
    CountRow,
    Difference,
    Totals,
    by_status,
    count,
    rebuild,
    recount,
    signed_campaigns,
    totals,
)
from app.records.database import Connection, NotStoredError, local_database, open_database
from app.records.definitions import DEFINITIONS, Definition, definitions_for
from app.records.persons import Person, lookalikes, people, person_of
from app.records.signing import (
    numbers_of_source,
    receipt,
    receipt_token,
    remove,
    set_status,
    sign,
    source_tag,
    withdraw,
)
from app.records.workshop import LetterVersion, UnknownVersion, remember_versions, version_text

__all__ = [
    "BREAKDOWNS", "DEFINITIONS", "STATUSES", "Connection", "CountRow",
    "Definition", "Difference", "LetterRow", "LetterVersion", "NotStoredError", "Person",
    "Receipt", "SignatureRequest", "Signed", "State", "Status", "Totals", "UnknownVersion",
    "by_status", "count", "definitions_for", "local_database",
    "lookalikes", "mark", "note_office", "numbers_of_source", "open_database", "people",
    "person_of", "rebuild",
    "receipt", "receipt_token", "recount", "remember_versions", "remove", "set_status", "sign",
    "signed_campaigns",
    "source_tag", "sweep_letters", "totals", "undo", "version_text", "withdraw",
]  # fmt: skip
