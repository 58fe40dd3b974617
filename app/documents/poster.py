"""A poster with a QR code, in English and Spanish, on US Letter paper."""

from __future__ import annotations

from dataclasses import dataclass

from app.campaign.words import Language
from app.documents.typesetting import qr_svg, typeset


@dataclass(frozen=True, slots=True)
class PosterWords:
    """The words of the poster in one language."""

    above: str
    headline: tuple[str, ...]
    promise: str
    steps: tuple[tuple[str, str], ...]
    scan: str
    privacy: str
    by: str
    code: str
    """What a screen reader says for the code; ``{address}`` is its address."""


WORDS: dict[Language, PosterWords] = {
    "en": PosterWords(
        above="Your letter to Congress",
        headline=("Write to the people", "who represent you."),
        promise="Five minutes. Your own words. Free.",
        steps=(
            ("Find", "Your ZIP code shows who represents you."),
            ("Write", "Say in a few sentences why it matters to you."),
            ("Hand over", "Print it, copy it to their website, or call."),
        ),
        scan="Scan to begin",
        privacy="No account. We count letters, not people’s names.",
        by="A campaign of {group}",
        code="QR code that opens {address}",
    ),
    "es": PosterWords(
        above="Su carta al Congreso",
        headline=("Escriba a quienes", "le representan."),
        promise="Cinco minutos. Sus propias palabras. Gratis.",
        steps=(
            ("Busque", "Su código postal muestra quién le representa."),
            ("Escriba", "Diga en pocas frases por qué le importa."),
            ("Entregue", "Imprima, copie en su página web o llame."),
        ),
        scan="Escanee para empezar",
        privacy="Sin cuenta. Contamos cartas, no los nombres de las personas.",
        by="Una campaña de {group}",
        code="Código QR que abre {address}",
    ),
}


def poster_pdf(
    *, title: str, group: str, address: str, shown: str, language: Language = "en"
) -> bytes:
    """The poster, one page. ``title`` is the campaign's in that language.

    ``address`` is what the code opens; ``shown`` is printed for those who type it.
    """
    words = WORDS[language]
    return typeset(
        "poster.typ",
        {
            "language": language,
            "title": title,
            "above": words.above,
            "headline": list(words.headline),
            "promise": words.promise,
            "steps": [list(step) for step in words.steps],
            "scan": words.scan,
            "privacy": words.privacy,
            "by": words.by.format(group=group),
            "shown": shown,
            "qr": qr_svg(address),
            "qr_words": words.code.format(address=shown),
        },
    )
