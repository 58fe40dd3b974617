"""Paper to write on: a sign-up sheet for a table, and a blank letter for one office.

Both carry a QR code with a source tag, so that who goes on to the site is counted apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from app.campaign.compose import compose
from app.campaign.model import Campaign, LetterTemplate, Writer
from app.campaign.words import Language
from app.congress import inside_address
from app.congress.model import Delegation
from app.documents.layout import isolated, paragraph_data, with_breaks
from app.documents.typesetting import qr_svg, typeset

_PLACE = "\u2e3b"
"""A three-em dash alone in its paragraph: where the story will be written by hand."""
ROWS = 14
"""People on one side of a sign-up sheet."""


@dataclass(frozen=True, slots=True)
class Link:
    """What the code on a sheet opens, and what is printed for those who type it."""

    address: str
    shown: str


@dataclass(frozen=True, slots=True)
class SheetWords:
    """The words of the sign-up sheet in one language."""

    title: str
    statement: str
    columns: tuple[str, ...]
    optional: str
    promise: str
    scan: str
    collected: str
    code: str


WORDS: dict[Language, SheetWords] = {
    "en": SheetWords(
        title="Sign a letter to Congress",
        statement=(
            "By writing my name here I ask the people who represent me in Congress to support "
            "this bill. I have not signed this campaign before."
        ),
        columns=("First name", "Last name", "Street", "City", "State", "ZIP", "E-mail"),
        optional="optional",
        promise=(
            "Your name and address are typed in once, to find who represents you and to count "
            "you only once. They are not kept there. {group} keeps this sheet safe until it is "
            "typed in, then destroys it. Do not write about anyone else here."
        ),
        scan="Rather write your own letter? Scan this.",
        collected="Collected by, on (date), at",
        code="QR code that opens {address}",
    ),
    "es": SheetWords(
        title="Firme una carta al Congreso",
        statement=(
            "Al escribir aquí mi nombre pido a quienes me representan en el Congreso que apoyen "
            "este proyecto de ley. No he firmado antes en esta campaña."
        ),
        columns=("Nombre", "Apellidos", "Calle", "Ciudad", "Estado", "ZIP", "Correo electrónico"),
        optional="opcional",
        promise=(
            "Su nombre y dirección se teclean una sola vez, para saber quién le representa y "
            "contarle una sola vez. No se guardan ahí. {group} cuida esta hoja hasta teclearla y "
            "después la destruye. No escriba aquí sobre otra persona."
        ),
        scan="¿Prefiere escribir su propia carta? Escanee esto.",
        collected="Recogida por, el (fecha), en",
        code="Código QR que abre {address}",
    ),
}


def signup_pdf(*, title: str, group: str, link: Link, language: Language = "en") -> bytes:
    """A sheet for ``ROWS`` people, one page, landscape.

    ``title`` is the campaign's in the sheet's language.
    """
    words = WORDS[language]
    columns = [[name, words.optional if name == words.columns[-1] else ""]
               for name in words.columns]  # fmt: skip
    return typeset(
        "signup.typ",
        {
            "language": language,
            "title": words.title,
            "campaign": title,
            "statement": words.statement,
            "columns": columns,
            "rows": ROWS,
            "promise": words.promise.format(group=group),
            "scan": words.scan,
            "shown": link.shown,
            "collected": words.collected,
            "qr": qr_svg(link.address),
            "qr_words": words.code.format(address=link.shown),
        },
    )


def blank_letters_pdf(
    campaign: Campaign,
    template: LetterTemplate,
    delegation: Delegation,
    *,
    today: date,
    link: Link,
    language: Language = "en",
) -> bytes:
    """A letter to each member of a delegation with lines for date, address, story and name.

    The letter is in English, as offices work; ``language`` is that of the instructions. Raises
    ``ValueError`` where every seat is vacant.
    """
    writer = Writer(first="", state=delegation.state)
    pages = []
    for holder in delegation.recipients:
        letter = compose(
            campaign, template, holder, writer=writer, district_place=delegation,
            story=_PLACE, today=today,
        )  # fmt: skip
        place = letter.body.index(_PLACE)
        pages.append(
            {
                "to": [isolated(with_breaks(line)) for line in inside_address(holder)],
                "subject": letter.subject,
                "salutation": letter.salutation,
                "before": _texts(letter.body[:place]),
                "after": _texts(letter.body[place + 1 :]),
                "closing": letter.closing,
            }
        )
    if not pages:
        raise ValueError("every seat is vacant")
    return typeset(
        "blank.typ",
        {
            "letters": pages,
            "language": language,
            "labels": BLANK_LABELS[language],
            "shown": link.shown,
            "qr": qr_svg(link.address),
            "qr_words": WORDS[language].code.format(address=link.shown),
        },
    )


BLANK_LABELS: dict[Language, dict[str, str]] = {
    "en": {
        "street": "Your street", "city": "Your city, state and ZIP", "date": "Date",
        "story": "Why this matters to you, in a few sentences. Do not name other people or say "
                 "anything about anyone’s immigration status: an office may keep this.",
        "name": "Your name, and your signature above it",
        "scan": "Or write it on your phone:",
    },
    "es": {
        "street": "Su calle", "city": "Su ciudad, estado y código postal (ZIP)", "date": "Fecha",
        "story": "Por qué le importa, en pocas frases, en inglés o español. No nombre a otras "
                 "personas ni diga nada de la situación migratoria de nadie: una oficina puede "
                 "guardar esto.",
        "name": "Su nombre, y su firma encima",
        "scan": "O escríbala en su teléfono:",
    },
}  # fmt: skip


def _texts(paragraphs: Sequence[str]) -> list[dict[str, object]]:
    return [paragraph_data(text) for text in paragraphs]
