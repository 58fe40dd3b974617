"""The format of the Census Bureau's relationship files, for the tests."""

from __future__ import annotations

from pathlib import Path

ZIP_HEADER = (
    "OID_CD119_20|GEOID_CD119_20|NAMELSAD_CD119_20|AREALAND_CD119_20|AREAWATER_CD119_20|"
    "MTFCC_CD119_20|FUNCSTAT_CD119_20|OID_ZCTA5_20|GEOID_ZCTA5_20|NAMELSAD_ZCTA5_20|"
    "AREALAND_ZCTA5_20|AREAWATER_ZCTA5_20|MTFCC_ZCTA5_20|CLASSFP_ZCTA5_20|FUNCSTAT_ZCTA5_20|"
    "AREALAND_PART|AREAWATER_PART"
)
PLACE_HEADER = ZIP_HEADER.replace("ZCTA5", "PLACE")


def relationship(path: Path, header: str, pieces: list[tuple[str, str, str, int]]) -> None:
    """Write a file in the Bureau's format; a piece is (district GEOID, GEOID, name, land in m²)."""
    rows = [
        f"1|{cd}|District|9|0|G5200|N|2|{geoid}|{name}|9|0|G6350|B5|S|{land}|5"
        for cd, geoid, name, land in pieces
    ]
    path.write_text("\ufeff" + "\n".join([header, *rows]) + "\n", encoding="utf-8")
