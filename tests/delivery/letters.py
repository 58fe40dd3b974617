"""Small builders that the delivery tests share."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from app.campaign.entities import Ask, Bill, Campaign, Letter, Writer
from app.congress.model import Holder, Seat
from app.cwc.message import DeliveryAgent

TODAY = date(2026, 11, 25)
NOON = datetime(2026, 11, 25, 17, 0, tzinfo=UTC)
DELIVERY_ID = "0123456789abcdef0123456789ABCDEF"
HOUSE = Seat("CA", "house", district=12)
SENATE = Seat("CA", "senate", senate_class=3)
AGENT = DeliveryAgent(
    name="Example Letters, Inc.",
    ack_email="cwc@letters.example",
    contact_name="Robin Example",
    contact_email="robin@letters.example",
    contact_phone="202-555-0147",
    organization="Neighbors Example",
)
FRAME = (
    "I am your constituent in Oakland, and I write about H.R. 6890.",
    "Please cosponsor it.",
    "Thank you.",
)
STORY = "My neighbor stopped calling the police when her shop was robbed."


def writer(**changes: str) -> Writer:
    values = {
        "first": "Siobhán", "last": "O'Dell & Söhne <x>", "street": "88 Heron St", "street2": "",
        "city": "Oakland", "state": "CA", "zip": "94601", "prefix": "Ms.",
        "phone": "(202) 555-0147", "email": "o'dell+parks.2026@example.museum",
    }  # fmt: skip
    return Writer(**{**values, **changes})


def campaign(house: str | None = "H.R. 6890", senate: str | None = None) -> Campaign:
    return Campaign(
        slug="protect",
        title="Protect",
        title_es="Proteger",
        topic="Immigration",
        congress=119,
        ends=datetime(2027, 1, 3, 12, tzinfo=ZoneInfo("America/New_York")),
        last_weeks_from=date(2026, 12, 1),
        last_day={"house": date(2026, 12, 17), "senate": date(2026, 12, 18)},
        as_of=date(2026, 3, 27),
        timezone="America/Chicago",
        bills={
            "house": Bill("house", 119, house, "PROTECT Immigration Act of 2025"),
            "senate": Bill("senate", 119, senate, "PROTECT Immigration Act"),
        },
        asks=(),
        stances={},
        templates={},
        prompts=(),
    )


def letter(seat: Seat = HOUSE, **changes: object) -> Letter:
    values: dict[str, object] = {
        "holder": Holder(seat, None),
        "ask": Ask("everyone", "Cosponsor", "Please cosponsor it.", ""),
        "subject": "Please cosponsor H.R. 6890",
        "salutation": "Dear Representative Example:",
        "body": (FRAME[0], STORY, *FRAME[1:]),
        "closing": "Sincerely,",
        "written_on": TODAY,
        "template": "general",
        "version": "0123456789ab",
        "own_paragraphs": (STORY,),
    }
    return Letter(**{**values, **changes})  # type: ignore[arg-type]


class FakeTime:
    """A clock that only ``sleep`` advances."""

    def __init__(self, start: datetime = NOON) -> None:
        self.start, self.seconds = start, 0.0

    def clock(self) -> datetime:
        return self.start + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds
