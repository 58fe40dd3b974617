"""What the site's own messages say, in English and Spanish.

The receipt and the confirmation contain nothing that a visitor typed, not even a name: they go to
an unconfirmed address and must be useless to anyone who wants to send their own words to
strangers. Only the copy contains the person's letters.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from app.campaign.words import Language
from app.delivery.mail import Address, Attachment, Mail
from app.documents.letter import Addressed, to_text

_WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "receipt subject": "Your receipt for your letters to Congress",
        "receipt": (
            "Thank you for writing to the people who represent you.\n\n"
            "Your letters are to:\n{recipients}\n\n"
            "See what we know about each letter, or withdraw your signature:\n"
            "{link}\n\n"
            "Anyone with this link can see the receipt, so do not share it. {handing over}"
        ),
        "confirmation subject": "Confirm your email address",
        "confirmation": (
            "Someone, probably you, wrote letters to Congress on our site and gave this email "
            "address.\n\n"
            "If it was you, open this page and press the button:\n{link}\n\n"
            "If it was not you, do nothing. We send nothing more and delete the request "
            "within two days."
        ),
        "by hand": (
            "We have not sent your letters. You hand them over yourself, as the page explains."
        ),
        "official": (
            "We give to an office’s own system only the letters for which you pressed the button "
            "that says so. Hand over the others yourself, as the page explains."
        ),
        "state": "To {name}. When you asked for this copy: {state}",
        "copy subject": "A copy of your letters to Congress",
        "copy": (
            "Here is the copy you asked for. The letters are below as text, and attached as PDF, "
            "ready to print and sign.\n\n"
            "{handing over} See what we know about each letter:\n{link}"
        ),
        "footer": "Sent by {group}. No one reads replies.",
    },
    "es": {
        "receipt subject": "El comprobante de sus cartas al Congreso",
        "receipt": (
            "Gracias por escribir a quienes le representan.\n\n"
            "Sus cartas son para:\n{recipients}\n\n"
            "Vea lo que sabemos de cada carta, o retire su firma:\n"
            "{link}\n\n"
            "Quien tenga este enlace puede ver el comprobante, así que no lo comparta. "
            "{handing over}"
        ),
        "confirmation subject": "Confirme su correo electrónico",
        "confirmation": (
            "Alguien, probablemente usted, escribió cartas al Congreso en nuestro sitio y dio "
            "este correo electrónico.\n\n"
            "Si fue usted, abra esta página y oprima el botón:\n{link}\n\n"
            "Si no fue usted, no haga nada. No enviamos nada más y borramos la solicitud en dos "
            "días."
        ),
        "by hand": "No hemos enviado sus cartas. Usted las entrega, como explica la página.",
        "official": (
            "Al sistema de una oficina entregamos solo las cartas para las que usted oprimió el "
            "botón que lo dice. Usted entrega las demás, como explica la página."
        ),
        "state": "Para {name}. Cuando pidió esta copia: {state}",
        "copy subject": "Una copia de sus cartas al Congreso",
        "copy": (
            "Esta es la copia que pidió. Las cartas están abajo como texto, y adjuntas en PDF, "
            "listas para imprimir y firmar.\n\n"
            "{handing over} Vea lo que sabemos de cada carta:\n{link}"
        ),
        "footer": "Enviado por {group}. Nadie lee las respuestas.",
    },
}

_RULE = "\n\n" + "-" * 60 + "\n\n"


def absolute_link(address: str, path: str) -> str:
    """A link to the site's configured address, never to a request's Host header.

    ``path`` begins with one slash; raises ``ValueError`` for a path that could lead to another
    site.
    """
    if not path.startswith("/") or path.startswith("//") or re.search(r"[\s\\]", path):
        raise ValueError("A link's path begins with one slash and has no spaces.")
    return address.rstrip("/") + path


def receipt_mail(
    to: Address,
    *,
    language: Language,
    group: str,
    link: str,
    recipients: Sequence[str],
    official: bool = False,
) -> Mail:
    """The receipt with its link. ``recipients`` are names such as ``Senator Alex Padilla``.

    ``official``: this site can deliver letters to the offices' own systems.
    """
    names = "\n".join(f"- {name}" for name in recipients)
    text = _words("receipt", language, official=official)
    text = text.replace("{recipients}", names).replace("{link}", link)
    return _mail("receipt", _without_name(to), language, group, text)


def confirmation_mail(to: Address, *, language: Language, group: str, link: str) -> Mail:
    """Asks whether the address is the person's own. ``link`` opens a page with a button, because
    mail clients and scanners open links on their own."""
    text = _WORDS[language]["confirmation"].replace("{link}", link)
    return _mail("confirmation", _without_name(to), language, group, text)


def copy_mail(
    to: Address,
    *,
    language: Language,
    group: str,
    link: str,
    letters: Sequence[Addressed],
    states: Sequence[tuple[str, str]],
    pdfs: Sequence[tuple[str, bytes]],
    official: bool = False,
) -> Mail:
    """The letters as text, each under its recipient and its state, with PDFs attached.

    ``states`` is each letter's recipient and its state in words; ``pdfs`` is file names and
    contents. The message contains free text, so pass it to ``PostOffice.hold`` unless the address
    is confirmed.
    """
    intro = _words("copy", language, official=official).replace("{link}", link)
    texts = []
    for item, (name, state) in zip(letters, states, strict=True):
        head = _WORDS[language]["state"].replace("{name}", name).replace("{state}", state)
        texts.append(
            f"{head}\n\n{to_text(item.letter, item.writer, item.office, item.translation).strip()}"
        )
    text = _RULE.join([intro, *texts])
    attachments = tuple(Attachment(name, content) for name, content in pdfs)
    return _mail("copy", to, language, group, text, attachments=attachments)


def _words(kind: str, language: Language, *, official: bool) -> str:
    words = _WORDS[language]
    how = words["official" if official else "by hand"]
    return words[kind].replace("{handing over}", how)


def _mail(
    kind: Literal["receipt", "confirmation", "copy"],
    to: Address,
    language: Language,
    group: str,
    text: str,
    *,
    attachments: tuple[Attachment, ...] = (),
) -> Mail:
    words = _WORDS[language]
    footer = words["footer"].replace("{group}", group)
    return Mail(
        kind=kind,
        to=to,
        subject=words[f"{kind} subject"],
        text=f"{text}{_RULE}{footer}\n",
        attachments=attachments,
    )


def _without_name(to: Address) -> Address:
    """The address alone, since a name is free text too."""
    return Address(to.email)
