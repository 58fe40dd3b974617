"""Spanish forms of what a field prints, for the reading aid that only the resident sees."""

from __future__ import annotations

MONTHS = (
    "enero", "febrero", "marzo", "abril", "mayo", "junio",
    "julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre",
)  # fmt: skip

STATES_ES: dict[str, str] = {
    "HI": "Hawái",
    "LA": "Luisiana",
    "MI": "Míchigan",
    "MS": "Misisipi",
    "MO": "Misuri",
    "NH": "Nuevo Hampshire",
    "NJ": "Nueva Jersey",
    "NM": "Nuevo México",
    "NY": "Nueva York",
    "NC": "Carolina del Norte",
    "ND": "Dakota del Norte",
    "OR": "Oregón",
    "PA": "Pensilvania",
    "SC": "Carolina del Sur",
    "SD": "Dakota del Sur",
    "TX": "Texas",
    "WV": "Virginia Occidental",
    "DC": "el Distrito de Columbia",
    "AS": "Samoa Americana",
    "MP": "las Islas Marianas del Norte",
    "VI": "las Islas Vírgenes de los Estados Unidos",
}
"""Names that differ from the English ones, as they read after "en"."""

TITLES_ES: dict[str, str] = {
    "Senator": "senador o senadora",
    "Representative": "representante",
    "Delegate": "delegado o delegada",
    "Resident Commissioner": "comisionado residente",
}

CHAMBERS_ES = {"house": "Cámara de Representantes", "senate": "Senado"}
