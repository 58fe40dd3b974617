"""Who represents an address: seats, members, districts, and how to address a letter.

``find_delegation`` says who represents a ZIP code, ``locate_street`` settles a split one,
``inside_address`` and ``salutation`` address the letter. Knows no letters, no web, no SQL.
"""

from __future__ import annotations

from app.congress.lookup import find_delegation
from app.congress.model import (
    DELEGATE_AREAS,
    STATES,
    Candidate,
    Choose,
    ChooseState,
    Delegation,
    Disagree,
    Found,
    Holder,
    Located,
    LookupFailed,
    Member,
    NoMatch,
    Office,
    OtherState,
    Outcome,
    OutOfDate,
    Outside,
    Seat,
    SeveralDistricts,
    StreetAnswer,
    TablesError,
    Unavailable,
    WrongCongress,
    ZipUnknown,
)
from app.congress.names import (
    NOTICES,
    STREET_REASONS,
    inside_address,
    salutation,
    seat_code,
    seat_name,
    titled_name,
)
from app.congress.places import Zip, ZipProblem, parse_zip
from app.congress.street import GeocoderSettings, locate_street
from app.congress.tables import Tables, load_tables

__all__ = [
    "DELEGATE_AREAS",
    "NOTICES",
    "STATES",
    "STREET_REASONS",
    "Candidate",
    "Choose",
    "ChooseState",
    "Delegation",
    "Disagree",
    "Found",
    "GeocoderSettings",
    "Holder",
    "Located",
    "LookupFailed",
    "Member",
    "NoMatch",
    "Office",
    "OtherState",
    "OutOfDate",
    "Outcome",
    "Outside",
    "Seat",
    "SeveralDistricts",
    "StreetAnswer",
    "Tables",
    "TablesError",
    "Unavailable",
    "WrongCongress",
    "Zip",
    "ZipProblem",
    "ZipUnknown",
    "find_delegation",
    "inside_address",
    "load_tables",
    "locate_street",
    "parse_zip",
    "salutation",
    "seat_code",
    "seat_name",
    "titled_name",
]
