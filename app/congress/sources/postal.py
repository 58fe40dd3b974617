"""Postal facts: ZIPs that no district table has, and ZIPs that lie across a state line."""

from __future__ import annotations

from dataclasses import dataclass

_ACROSS_A_STATE_LINE = """
02861 MA RI; 10506 CT NY; 10509 CT NY; 10590 CT NY; 19973 DE MD; 20135 VA WV; 21874 DE MD;
21912 DE MD; 24604 VA WV; 24622 VA WV; 27048 NC VA; 28675 NC VA; 30165 AL GA; 30741 GA TN;
35958 AL GA; 37642 TN VA; 37752 TN VA; 38079 KY TN; 38326 MS TN; 38549 KY TN; 38769 AR MS;
38852 AL MS; 40965 KY TN; 42223 KY TN; 42234 KY TN; 42602 KY TN; 51001 IA SD; 51023 IA SD;
51360 IA MN; 51557 IA NE; 51640 IA MO; 52542 IA MO; 52573 IA MO; 52626 IA MO; 54540 MI WI;
56027 IA MN; 56136 MN SD; 56144 MN SD; 56164 MN SD; 56219 MN SD; 56220 MN SD; 56257 MN SD;
56744 MN ND; 57005 IA SD; 57026 MN SD; 57030 MN SD; 57034 IA SD; 57068 MN SD; 57717 MT WY SD;
57724 MT SD; 57735 NE SD; 58030 MN ND; 58225 MN ND; 58621 MT ND; 59221 MT ND; 59270 MT ND;
59275 MT ND; 59847 ID MT; 63673 IL MO; 65729 AR MO; 65733 AR MO; 65761 AR MO; 66541 KS NE;
66955 KS NE; 68325 KS NE; 68327 KS NE; 68420 KS NE; 68719 NE SD; 68755 NE SD; 68943 KS NE;
68978 KS NE; 69026 KS NE; 69168 CO NE; 69201 NE SD; 69212 NE SD; 69216 NE SD; 69337 NE SD;
71937 AR OK; 71953 AR OK; 72338 AR TN; 72644 AR MO; 73949 OK TX; 75556 AR TX; 79835 NM TX;
79837 NM TX; 79922 NM TX; 80737 CO NE; 81120 CO NM; 81137 CO NM; 81324 CO UT; 82063 CO WY;
82082 CO NE WY; 82801 MT WY; 82930 UT WY; 83120 ID WY; 83127 ID WY; 83342 ID UT; 83856 ID WA;
84034 NV UT; 84531 AZ UT; 84536 AZ UT; 86044 AZ UT; 86504 AZ NM; 86514 AZ UT; 86515 AZ NM;
87328 AZ NM; 88430 NM TX; 89010 CA NV; 89019 CA NV; 89060 CA NV; 89061 CA NV; 89439 CA NV;
89832 ID NV; 97635 CA OR; 97910 ID OR; 97913 ID OR; 99033 ID WA; 99128 ID WA; 99362 OR WA
"""
"""ZIPs that the Census Bureau's tracts or the housing department's file place in two states.

The land across the line is often under 1 % of the ZIP, and then the district table leaves it
out. These ZIPs never settle a state by themselves: the person is asked.
"""


def across_a_state_line() -> dict[str, set[str]]:
    """ZIP to every state in which some source places a part of it."""
    entries = (entry.split() for entry in _ACROSS_A_STATE_LINE.split(";"))
    return {code: set(states) for code, *states in entries}


@dataclass(frozen=True, slots=True)
class PostOffice:
    """What the Postal Service knows of a ZIP; ``kind`` is standard, po_box, unique or military."""

    state: str
    kind: str
    active: bool
    city: str


def read_postal() -> dict[str, PostOffice]:
    """Every ZIP that the installed ``zipcodes`` package knows (42,789 in release 3.0.0)."""
    import zipcodes  # only a build needs it, and its data takes most of a second to list

    return {
        row["zip_code"]: PostOffice(
            state=row["state"],
            kind=row["zip_code_type"].lower().replace(" ", "_"),
            active=bool(row["active"]),
            city=row["city"],
        )
        for row in zipcodes.list_all()
    }


def postal_version() -> str:
    """The release of the ``zipcodes`` package, for the tables' list of sources."""
    import zipcodes

    return str(zipcodes.__version__)
