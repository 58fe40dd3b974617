"""Other printed material: labels, a poster, forms to write on, a link's preview picture.

The poster, the sign-up sheet and the blank letters carry a QR code with a source tag, so that
people who follow it are counted separately. None of them contains anything about a person.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from app.campaign.compose import compose
from app.campaign.entities import Campaign, LetterTemplate, Writer
from app.campaign.stance import has_ended, stage_of
from app.campaign.words import Language, bill_noun, said
from app.congress.model import Delegation
from app.congress.names import inside_address
from app.documents.layout import isolated, paragraph_data, with_breaks
from app.documents.typesetting import draw, qr_svg, typeset
from app.text import clean_line

# --- mailing labels on sheets of thirty (Avery 5160 and the many compatible ones) --------------


AVERY_5160 = {
    "columns": 3, "rows": 10, "width": 2.625, "height": 1.0, "left": 0.1875, "top": 0.5,
    "gap": 0.125,
}  # fmt: skip
"""Three by ten labels of 2 5/8 by 1 inch on US Letter paper, with the left and top margins and
the horizontal gap, all in inches (Avery's template for 5160)."""
PLACES = 30
MOST_LINES = 6


def labels_pdf(
    labels: Iterable[Sequence[str]], *, first_place: int = 1, frames: bool = False
) -> bytes:
    """Labels row by row, one per address; an address has up to six lines.

    ``first_place`` is the first label to print on, if the first sheet is partly used (1 is at the
    top left). ``frames`` draws the labels' edges, for a test on plain paper. Text shrinks to fit
    and never leaves its label. Raises ``ValueError`` for no labels or a place that the sheet does
    not have.
    """
    if not 1 <= first_place <= PLACES:
        raise ValueError(f"a sheet has places 1 to {PLACES}, not {first_place}")
    data = []
    for address in labels:
        lines = [line for line in map(clean_line, address) if line][:MOST_LINES]
        data.append([isolated(with_breaks(line)) for line in lines])
    if not data:
        raise ValueError("no labels to print")
    sheet = {"labels": [[]] * (first_place - 1) + data, "frames": frames, **AVERY_5160}
    return typeset("labels.typ", sheet, tagged=False)


# --- a poster, in English and Spanish, on US Letter paper -------------------------------------


Words = dict[str, Any]
"""The words of a sheet, by their names in its Typst source."""

POSTER_WORDS: dict[Language, Words] = {
    "en": {
        "above": "Your letter to Congress",
        "headline": ["Write to the people", "who represent you."],
        "promise": "Five minutes. Your own words. Free.",
        "steps": [
            ["Find", "Your ZIP code shows who represents you."],
            ["Write", "Say in a few sentences why it matters to you."],
            ["Hand over", "Print it, copy it to their website, or call."],
        ],
        "scan": "Scan to begin",
        "privacy": "No account. We count letters, not people’s names.",
        "by": "A campaign of {group}",
    },
    "es": {
        "above": "Su carta al Congreso",
        "headline": ["Escriba a quienes", "le representan."],
        "promise": "Cinco minutos. Sus propias palabras. Gratis.",
        "steps": [
            ["Busque", "Su código postal muestra quién le representa."],
            ["Escriba", "Diga en pocas frases por qué le importa."],
            ["Entregue", "Imprima, copie en su sitio web o llame."],
        ],
        "scan": "Escanee para empezar",
        "privacy": "Sin cuenta. Contamos cartas, no los nombres de las personas.",
        "by": "Una campaña de {group}",
    },
}
QR_WORDS: dict[Language, str] = {
    "en": "QR code that opens {address}", "es": "Código QR que abre {address}",
}  # fmt: skip
"""What a screen reader says for the QR code."""


@dataclass(frozen=True, slots=True)
class Link:
    """The URL that a sheet's QR code opens, and the text printed for people who type it."""

    address: str
    shown: str


def _typeset_sheet(
    source: str, link: Link, language: Language, words: Words, group: str = "", **more: object
) -> bytes:
    """Set a sheet with a QR code. Its words may contain ``{group}``."""
    said = {k: v.format(group=group) if isinstance(v, str) else v for k, v in words.items()}
    code = QR_WORDS[language].format(address=link.shown)
    return typeset(source, {
        "language": language, **said, "shown": link.shown, "qr": qr_svg(link.address),
        "qr_words": code, **more,
    })  # fmt: skip


def poster_pdf(*, title: str, group: str, link: Link, language: Language = "en") -> bytes:
    """The poster, one page. ``title`` is the campaign's title in ``language``."""
    return _typeset_sheet("poster.typ", link, language, POSTER_WORDS[language], group, title=title)


# --- forms to write on: a sign-up sheet for a table, a blank letter for each office -------------

_STORY_MARK = "\u2e3b"
"""A three-em dash alone in its paragraph marks where the story will be written by hand."""
ROWS = 14
"""How many people fit on a sign-up sheet."""


SIGNUP_WORDS: dict[Language, Words] = {
    "en": {
        "title": "Sign a letter to Congress",
        "statement": (
            "By writing my name here I ask the people who represent me in Congress {asked}. "
            "I have not signed this campaign before."
        ),
        "columns": ("First name", "Last name", "Street", "City", "State", "ZIP", "Email"),
        "optional": "optional",
        "promise": (
            "Your name and address are typed in once, to find who represents you and to count "
            "you only once. They are not kept there. {group} keeps this sheet safe until it is "
            "typed in, then destroys it. Do not write about anyone else here."
        ),
        "scan": "Rather write your own letter? Scan this.",
        "collected": "Collected by, on (date), at",
    },
    "es": {
        "title": "Firme una carta al Congreso",
        "statement": (
            "Al escribir aquí mi nombre pido a quienes me representan en el Congreso {asked}. "
            "No he firmado antes en esta campaña."
        ),
        "columns": (
            "Nombre",
            "Apellidos",
            "Calle",
            "Ciudad",
            "Estado",
            "ZIP",
            "Correo electrónico",
        ),
        "optional": "opcional",
        "promise": (
            "Su nombre y dirección se copian una vez en el sitio, para saber quién le representa "
            "y contarle una sola vez. No se guardan ahí. {group} cuida esta hoja hasta copiarla y "
            "después la destruye. No escriba aquí sobre nadie más."
        ),
        "scan": "¿Prefiere escribir su propia carta? Escanee esto.",
        "collected": "Recogida por, el (fecha), en",
    },
}


SIGNED_FOR: dict[Language, dict[tuple[bool, bool], str]] = {
    "en": {
        (False, False): "to support this {bill}",
        (True, False): "to oppose this {bill}",
        (False, True): "to help bring this {bill} back",
        (True, True): "not to help bring this {bill} back",
    },
    "es": {
        (False, False): "que apoyen este {bill}",
        (True, False): "que se opongan a este {bill}",
        (False, True): "que ayuden a que vuelva este {bill}",
        (True, True): "que no ayuden a que vuelva este {bill}",
    },
}
"""What people sign, by whether the campaign opposes its bill and whether the bill's Congress is
over."""


def signup_pdf(
    campaign: Campaign, *, group: str, link: Link, when: date, language: Language = "en"
) -> bytes:
    """A sheet for ``ROWS`` people, one landscape page, with the statement they sign at ``when``.

    Raises ``ValueError`` once the bill is law (see ``may_be_signed``).
    """
    if not may_be_signed(campaign, when):
        raise ValueError("the bill has become law")
    words = SIGNUP_WORDS[language]
    wanted = SIGNED_FOR[language][campaign.position == "against", has_ended(campaign, when)]
    wanted = wanted.format(bill=bill_noun(campaign.main_bill.number, language))
    *asked, mail = words["columns"]
    columns = [*([name, ""] for name in asked), [mail, words["optional"]]]
    return _typeset_sheet(
        "signup.typ", link, language,
        {**words, "statement": words["statement"].format(asked=wanted), "columns": columns}, group,
        campaign=said(campaign, "title", language), rows=ROWS,
    )  # fmt: skip


def may_be_signed(campaign: Campaign, when: date) -> bool:
    """Whether a sign-up sheet can be made at ``when``: its statement is for or against the bill."""
    return stage_of(campaign, when) != "enacted"


def blank_letters_pdf(
    campaign: Campaign,
    template: LetterTemplate,
    delegation: Delegation,
    *,
    today: date,
    link: Link,
    language: Language = "en",
) -> bytes:
    """A letter to each member of a delegation, with blanks for date, address, story and name.

    The letter is in English, the offices' working language; ``language`` is that of the
    instructions. Raises ``ValueError`` if every seat is vacant.
    """
    writer = Writer(first="", state=delegation.state)
    pages = []
    for holder in delegation.recipients:
        letter = compose(
            campaign, template, holder, writer=writer, district_place=delegation,
            story=_STORY_MARK, today=today,
        )  # fmt: skip
        place = letter.body.index(_STORY_MARK)
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
    labels = BLANK_LABELS[language]
    return _typeset_sheet("blank.typ", link, language, {}, letters=pages, labels=labels)


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
                 "personas ni diga nada del estatus migratorio de nadie: una oficina puede "
                 "guardar esto.",
        "name": "Su nombre, y su firma encima",
        "scan": "O escríbala en su teléfono:",
    },
}  # fmt: skip


def _texts(paragraphs: Sequence[str]) -> list[dict[str, object]]:
    return [paragraph_data(text) for text in paragraphs]


# --- the picture that other sites show with a link: drawn once, kept as a static file ------------

SIZE = (1200, 630)
"""In pixels: a shape that every network shows uncropped."""


@dataclass(frozen=True, slots=True)
class CardWords:
    """The picture's words. None of them is about a person."""

    lang: str
    heading: str
    line: str
    small: str


def to_card(words: CardWords) -> bytes:
    """The picture as PNG. Takes about a second: run it when building the site, not in a request."""
    (picture,) = draw("card.typ", asdict(words), ppi=72)
    return picture
