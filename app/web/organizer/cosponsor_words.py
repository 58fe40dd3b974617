"""What the pages about cosponsors say: why a file or a cell cannot be used, lists by name."""

from __future__ import annotations

from app.campaign import Campaign
from app.campaign.billstatus import NotBillStatus
from app.campaign.cosponsor_csv import Cell, CsvTrouble
from app.campaign.stance import CURRENT
from app.congress import Holder
from app.congress.model import ordinal
from app.site.i18n import gettext as _


def bill_words(campaign: Campaign, bill: str) -> str:
    """``H.R. 6890 (this campaign)``, ``H.R. 2729 (116th Congress)``."""
    if bill == CURRENT:
        numbers = [b.number for b in campaign.bills.values() if b.number]
        return _("%(bill)s (this campaign)", bill=", ".join(numbers) or campaign.title)
    found = campaign.related[bill]
    name = found.number or found.title
    return _("%(bill)s (%(congress)s Congress)", bill=name, congress=ordinal(found.congress))


def role_words(role: str) -> str:
    return _("sponsor") if role == "sponsor" else _("cosponsor")


def stance_words(name: str) -> str:
    """How letters see a person."""
    if name == "sponsor":
        return _("thanked as sponsor")
    if name == "cosponsor":
        return _("thanked as cosponsor")
    if name == "earlier":
        return _("thanked for an earlier version")
    if name == "opposes":
        return _("known for the opposite bill")
    return _("on no list")


def seat_words(holder: Holder | None) -> str:
    """``CA-12``, or that a person is not in Congress."""
    if holder is None:
        return _("not in Congress any more")
    seat = holder.seat
    if seat.chamber == "senate":
        return seat.state
    at_large = _("%(state)s at large", state=seat.state)
    return f"{seat.state}-{seat.district}" if seat.district else at_large


def xml_words(trouble: NotBillStatus) -> str:
    """Why an uploaded status file cannot be used, and what to do."""
    where = trouble.where
    if trouble.why == "large":
        return _("The file has %(size)s bytes; 500,000 are the most.", size=where)
    if trouble.why == "encoding":
        return _("The file is not written in UTF-8 (line %(line)s), so it is not the official one.",
                 line=where)  # fmt: skip
    if trouble.why == "doctype":
        return _("The file declares a document type (line %(line)s). The official ones never do, "
                 "so this one was not read.", line=where)  # fmt: skip
    if trouble.why == "xml":
        return _(
            "The file is damaged or cut off (line %(line)s). Download it once more.", line=where
        )
    if trouble.why == "other":
        return _("This is another kind of file (its first element is “%(name)s”). Choose the one "
                 "whose name begins with BILLSTATUS.", name=where)  # fmt: skip
    if trouble.why == "bill":
        return _("The file does not say which bill it is about.")
    if trouble.why == "people":
        return _("The file names %(count)s people, more than Congress has.", count=where)
    if trouble.why == "person":
        return _("The file names somebody without a proper id: “%(name)s”.", name=where)
    return _("The file does not say on which day %(name)s joined or left.", name=where)


def csv_words(trouble: CsvTrouble) -> str:
    """Why an uploaded list cannot be used, and what to do."""
    more = trouble.more
    if trouble.why == "large":
        return _("The file has %(size)s bytes; 500,000 are the most.", size=more)
    if trouble.why == "encoding":
        return _("This is no CSV file in UTF-8 (line %(line)s). In your spreadsheet choose “Save "
                 "as”, then “CSV UTF-8”.", line=more)  # fmt: skip
    if trouble.why == "empty":
        return _("The file has no rows under its heading.")
    if trouble.why == "columns":
        return _("The first row must name these columns, each once: %(names)s.", names=more)
    if trouble.why == "quotes":
        return _("A quotation mark near line %(line)s never closes.", line=more)
    if trouble.why == "rows":
        return _("The file has more than %(count)s rows.", count=more)
    return _("Nothing was changed. Put these cells right in your file, then choose it once more.")


def cell_words(cell: Cell) -> str:  # noqa: PLR0912 - one sentence for each reason
    """What is wrong with one cell, in few words."""
    why, more = cell.why, cell.more
    if why == "missing" and more == "name":
        words = _("The name is missing.")
    elif why == "missing":
        words = _("This is missing.")
    elif why == "bioguide":
        words = _("An id looks like Q000023.")
    elif why == "other_person":
        words = _("This is the id of %(name)s.", name=more)
    elif why == "twice":
        words = _("This person is there twice.")
    elif why == "formula":
        words = _("A name does not begin with this sign.")
    elif why == "long":
        words = _("This is too long.")
    elif why == "bill":
        words = _("This is no bill of the campaign.")
    elif why == "role":
        words = _("Write sponsor or cosponsor.")
    elif why == "two_sponsors":
        words = _("A bill has one sponsor.")
    elif why == "day":
        words = _("Write a day such as 2025-12-18 or 12/18/2025.")
    elif why == "future":
        words = _("This day has not come yet.")
    elif why == "early":
        words = _("The bill was introduced on %(day)s.", day=more)
    elif why == "before_joining":
        words = _("Nobody withdraws before they join.")
    else:
        words = _("There are more cells than columns.")
    return words
