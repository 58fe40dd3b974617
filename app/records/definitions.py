"""What every number means: once, in both languages, for pages, files and the command line.

``short`` fits under the head of a column; ``meaning`` is a sentence or two. Whatever shows a
number takes its words from here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Definition:
    """What a number means, to be shown wherever the number is."""

    term: str
    meaning: str
    term_es: str
    meaning_es: str
    short: str = ""
    """The same in a few words; empty where no column of numbers has this name."""
    short_es: str = ""

    def words(self, language: str) -> Words:
        """In the reader's language: ``es``, or English for any other."""
        if language == "es":
            return Words(self.term_es, self.meaning_es, self.short_es)
        return Words(self.term, self.meaning, self.short)


@dataclass(frozen=True, slots=True)
class Words:
    """A definition in one language."""

    term: str
    meaning: str
    short: str


DEFINITIONS: tuple[Definition, ...] = (
    Definition(
        "signatures",
        "People who signed this campaign. One person counts once, however often they sign.",
        "firmas",
        "Personas que firmaron esta campaña. Cada persona cuenta una vez, aunque firme varias.",
        "people, each once",
        "personas, una vez cada una",
    ),
    Definition(
        "letters",
        "Letters that these people wrote, one per recipient: up to three each, one in places "
        "with a single delegate. A vacant seat gets no letter. Says nothing about delivery.",
        "cartas",
        "Cartas que escribieron esas personas, una por destinatario: hasta tres por persona, una "
        "donde solo hay un delegado. Un escaño vacante no recibe carta. Nada dice de la entrega.",
        "one per recipient",
        "una por destinatario",
    ),
    Definition(
        "counted",
        "Signatures that stand: not held, not waiting for confirmation, not withdrawn, no test.",
        "contadas",
        "Firmas vigentes: ni retenidas, ni sin confirmar, ni retiradas, ni de prueba.",
    ),
    Definition(
        "held",
        "Signatures that an organizer has yet to look at. Not counted until released.",
        "retenidas",
        "Firmas que un organizador debe revisar. No se cuentan mientras no se liberen.",
    ),
    Definition(
        "unconfirmed",
        "Signatures whose owner has not yet confirmed by e-mail. Not counted until then.",
        "sin confirmar",
        "Firmas que su autor aún no ha confirmado por correo. No se cuentan hasta entonces.",
    ),
    Definition(
        "withdrawn",
        "Signatures that their owner took back. Not counted anywhere else.",
        "retiradas",
        "Firmas que su autor retiró. No se cuentan en ningún otro lugar.",
    ),
    Definition(
        "repeated",
        "Further tries by people who had signed already. Never counted.",
        "repetidas",
        "Intentos de personas que ya habían firmado. No se cuentan nunca.",
    ),
    Definition(
        "test",
        "Signatures that an organizer made to try the site. Never counted.",
        "de prueba",
        "Firmas que hizo un organizador para probar el sitio. No se cuentan nunca.",
    ),
    Definition(
        "day",
        "The day in the campaign's own time zone on which a person signed.",
        "día",
        "El día en que la persona firmó, en la zona horaria de la campaña.",
    ),
    Definition(
        "recipient",
        "A member of Congress, by bioguide id. Somebody who wrote to three members is in three "
        "rows, so the signatures of the rows add up to more than the people.",
        "destinatario",
        "Un miembro del Congreso, por su identificador bioguide. Quien escribió a tres aparece en "
        "tres filas, así que las firmas de las filas suman más que las personas.",
    ),
)
"""The numbers themselves: in every file, and on every page about counts."""

GROUPS: tuple[Definition, ...] = (
    Definition(
        "state",
        "The state or territory that the person said they live in.",
        "estado",
        "El estado o territorio en que la persona dijo vivir.",
    ),
    Definition(
        "district",
        "The congressional district; 0 is at large or a delegate's.",
        "distrito",
        "El distrito del Congreso; 0 es el único del estado o el de un delegado.",
    ),
    Definition(
        "template",
        "The letter that the person started from.",
        "modelo",
        "La carta de la que partió la persona.",
    ),
    Definition(
        "version",
        "Letter, length, and the version of its text.",
        "versión",
        "Carta, extensión y versión de su texto.",
    ),
    Definition(
        "language",
        "The language of the pages that the person used.",
        "idioma",
        "El idioma de las páginas que usó la persona.",
    ),
    Definition(
        "match",
        "How the district was found: by ZIP, by street, or chosen by hand.",
        "modo",
        "Cómo se halló el distrito: por código postal, por calle o a mano.",
    ),
    Definition(
        "source",
        "The tag of the link that the person followed; empty where there was none.",
        "etiqueta",
        "La etiqueta del enlace por el que llegó la persona; vacía si no la había.",
    ),
    Definition(
        "edited",
        "Whether the person changed the letter's own words.",
        "cambiada",
        "Si la persona cambió las palabras de la carta.",
    ),
    Definition(
        "own_share",
        "Per cent of the letters in the person's own words: 40 stands for 40 to 49.",
        "palabras propias",
        "Tanto por ciento de las cartas en palabras propias: 40 quiere decir de 40 a 49.",
    ),
    Definition(
        "way",
        "What is known of a letter's way to its office. Each letter is in exactly one row.",
        "camino",
        "Lo que se sabe del camino de una carta a su oficina. Cada carta está en una sola fila.",
    ),
    Definition(
        "constituents",
        "People who signed and live in the member's state, for a senator, or district. They need "
        "not have written to this member: the seat may have had another holder, or none.",
        "electores",
        "Personas que firmaron y viven en el estado del senador o en el distrito del "
        "representante. Puede que no le escribieran a esa persona: el escaño pudo ser de otra o "
        "estar vacante.",
        "people of the state or district",
        "personas del estado o distrito",
    ),
    Definition(
        "share",
        "Per cent of all signatures that the page shows.",
        "parte",
        "Tanto por ciento de todas las firmas que muestra la página.",
        "of the signatures shown",
        "de las firmas que se muestran",
    ),
)
"""What numbers are broken down by, and numbers that are made from others."""

WAYS: tuple[Definition, ...] = (
    Definition(
        "written",
        "Finished on this site; the writer has not said what they did with it.",
        "escrita",
        "Terminada en este sitio; quien la escribió no ha dicho qué hizo con ella.",
    ),
    Definition(
        "downloaded",
        "The writer took it as a PDF.",
        "descargada",
        "Quien la escribió la descargó en PDF.",
    ),
    Definition(
        "copied",
        "The writer copied it for the office's web form.",
        "copiada",
        "Quien la escribió la copió para el formulario de la oficina.",
    ),
    Definition(
        "printed",
        "The writer opened it for printing.",
        "impresa",
        "Quien la escribió la abrió para imprimirla.",
    ),
    Definition(
        "mailed to self",
        "A mail server took a copy to the writer's own address.",
        "enviada a sí mismo",
        "Un servidor de correo aceptó una copia a la dirección de quien la escribió.",
    ),
    Definition(
        "line busy",
        "The writer called the office and says that nobody answered.",
        "línea ocupada",
        "Quien la escribió llamó a la oficina y dice que nadie contestó.",
    ),
    Definition(
        "call later",
        "The writer says they will call the office later.",
        "llamará después",
        "Quien la escribió dice que llamará a la oficina más tarde.",
    ),
    Definition(
        "pasted",
        "The writer says they pasted it into the office's web form.",
        "pegada",
        "Quien la escribió dice que la pegó en el formulario de la oficina.",
    ),
    Definition(
        "mailed",
        "The writer says they mailed it on paper.",
        "enviada por correo",
        "Quien la escribió dice que la envió en papel.",
    ),
    Definition(
        "spoke by phone",
        "The writer says they called and spoke with somebody at the office.",
        "dicha por teléfono",
        "Quien la escribió dice que llamó y habló con alguien de la oficina.",
    ),
    Definition(
        "left a voicemail",
        "The writer says they called and left a message.",
        "dejada en el buzón de voz",
        "Quien la escribió dice que llamó y dejó un mensaje de voz.",
    ),
    Definition(
        "queued",
        "The writer wants it given to the office's own system; it waits for that.",
        "en cola",
        "Quien la escribió quiere que llegue al sistema de la oficina; espera su turno.",
    ),
    Definition(
        "accepted by the office's system",
        "The office's own system said that it took the letter. Nobody here knows who reads it.",
        "aceptada por el sistema de la oficina",
        "El sistema de la oficina dijo que la recibió. Aquí nadie sabe quién la lee.",
    ),
    Definition(
        "refused",
        "The office's own system refused the letter.",
        "rechazada",
        "El sistema de la oficina la rechazó.",
    ),
    Definition(
        "unknown",
        "It was given to the office's own system, which gave no clear answer.",
        "sin respuesta clara",
        "Se entregó al sistema de la oficina, que no dio una respuesta clara.",
    ),
    Definition(
        "not attempted",
        "Not given to the office's own system, and the writer has reported no other way.",
        "no intentada",
        "No se entregó al sistema de la oficina, y quien la escribió no indicó otro modo.",
    ),
)
"""What is known of a letter's way: one for each ``State``."""

BY_TERM: Mapping[str, Definition] = {found.term: found for found in (*DEFINITIONS, *GROUPS)}


def definitions_for(by: str, status: str = "counted") -> tuple[Definition, ...]:
    """The definitions that belong beside a count with this breakdown and status."""
    terms = dict.fromkeys(["signatures", "letters", status, by])
    return tuple(BY_TERM[term] for term in terms if term in BY_TERM)


def in_a_file(columns: Iterable[str]) -> dict[str, str]:
    """What a file says of its numbers, by term: every standing, and what its columns need."""
    named = dict.fromkeys([*(found.term for found in DEFINITIONS), *columns])
    terms = {term: BY_TERM[term].meaning for term in named if term in BY_TERM}
    if {"way", "handed_over"} & set(named):
        terms |= {f"way {found.term}": found.meaning for found in WAYS}
    return terms
