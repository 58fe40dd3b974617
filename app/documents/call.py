"""A letter as a script for a telephone call, and as a voicemail message.

The aide who answers logs four things: who is calling from where, which bill, what is asked, and
why. So the script says them in this order, about the member rather than to the member, in under
half a minute. On voicemail the name and ZIP code come twice, because they get written down.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from app.campaign.entities import Letter, Spoken, Writer
from app.campaign.words import Language, state_words
from app.congress.model import Member
from app.congress.names import titled_name
from app.text import clean_line, says_something, split_paragraphs

REASON_WORDS = 16
"""A writer's own sentence with more words than this is left for the letter."""
_SENTENCE = re.compile(r"(?:I|I[’'](?:m|ve|d)|My|We|We[’'](?:re|ve)|Our)\b[^.!?…]*[.!?…](?= |$)")


@dataclass(frozen=True, slots=True)
class CallWords:
    """What to say on the telephone in one language, in parts of a sentence or two."""

    person: tuple[str, ...]
    """To whoever answers, in under half a minute."""
    voicemail: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CallScript:
    """Words for a telephone call, and the number to call."""

    phone: str
    """As printed: ``(202) 224-3553``; empty if the official list has no usable number."""
    tel_uri: str
    """For a link: ``tel:+12022243553``; empty likewise."""
    words: CallWords
    """In English, as the office hears it."""
    aid: CallWords
    """In Spanish, so that the caller understands the English."""


def to_call_script(letter: Letter, writer: Writer) -> CallScript:
    """What to say to the office in Washington, with the number as text and as a link.

    Raises ``ValueError`` for a vacant seat, which is a programming error.
    """
    member = letter.holder.member
    if member is None:
        raise ValueError(f"nobody sits in {letter.holder.seat.id}: there is no one to call")
    number = _number(member.phone)
    return CallScript(
        phone=f"({number[:3]}) {number[3:6]}-{number[6:]}" if number else "",
        tel_uri=f"tel:+1{number}" if number else "",
        words=_english(letter, _caller(letter, writer, "en")),
        aid=_spanish(letter, _caller(letter, writer, "es"), member),
    )


def _number(phone: str | None) -> str | None:
    """The ten digits of a US number, or None. An extension is dropped."""
    digits = re.sub(r"\D", "", (phone or "").strip())
    if digits.startswith("1"):
        digits = digits[1:]
    return digits[:10] if len(digits) >= 10 and digits[0] in "23456789" else None


@dataclass(frozen=True, slots=True)
class _Caller:
    name: str
    place: str
    zip5: str
    away: bool
    """Whether the return address is outside the seat's state, as in the military. It does not say
    where the person votes, so only the state is named."""

    @property
    def where(self) -> str:
        return f"{self.place}, {self.zip5}" if self.zip5 else self.place

    @property
    def signed(self) -> str:
        """What the office writes down: name and ZIP code, if known."""
        return ", ".join(part for part in (self.name, self.zip5) if part)


def _caller(letter: Letter, writer: Writer, language: Language) -> _Caller:
    name, state = clean_line(writer.name), letter.holder.seat.state
    if writer.state not in ("", state):
        return _Caller(name, state_words(state, language), "", away=True)
    city = clean_line(writer.city).rstrip(" ,")
    if state == "DC":
        place = "Washington, DC"
    elif says_something(city):
        place = f"{city}, {state_words(state, language, article=False)}"
    else:
        place = state_words(state, language)
    return _Caller(name, place, clean_line(writer.zip)[:5], away=False)


def _reason(letter: Letter, spoken: Spoken) -> str:
    """The writer's own first sentence if it is short enough to say in one breath, else the
    letter's reason.

    A short sentence often says who someone is and not why they call, so both are used if they fit
    in one breath.
    """
    given = clean_line(spoken.reason)
    for paragraph in split_paragraphs(*letter.own_paragraphs[:1]):
        sentence = _SENTENCE.match(paragraph.replace("\n", " "))
        if sentence and len(sentence.group().split()) <= REASON_WORDS:
            both = f"{sentence.group()} {given}".strip()
            return both if len(both.split()) <= REASON_WORDS else sentence.group()
    return given


def _english(letter: Letter, caller: _Caller) -> CallWords:
    spoken = letter.spoken
    whom = titled_name(letter.holder)
    who = f"this is {caller.name}" if caller.name else "this is a constituent"
    if caller.away:
        home = f"My voting address is in {caller.place}."
        hello, message = f"Hello, {who}. {home}", f"{who}, with a message for {whom}. {home}"
    else:
        joint = ", a constituent from" if caller.name else " from"
        hello = f"Hello, {who}{joint} {caller.where}."
        message = f"{who}{joint} {caller.where}, with a message for {whom}."
    middle = _middle(letter, spoken)
    again = f"Again, {caller.signed}. Thank you." if caller.signed else "Thank you."
    return CallWords(
        person=_parts(hello, *middle, "Thank you for passing this on."),
        voicemail=_parts(message[0].upper() + message[1:], *middle, again),
    )


def _spanish(letter: Letter, caller: _Caller, member: Member) -> CallWords:
    spoken = letter.spoken_es
    hello = f"Hola, le habla {caller.name}." if caller.name else "Hola."
    lives = "Mi dirección para votar está en" if caller.away else "Vivo en"
    home = f"{lives} {caller.where}."
    whom = clean_line(member.full_name)
    middle = _middle(letter, spoken)
    again = f"De nuevo, {caller.signed}. Gracias." if caller.signed else "Gracias."
    return CallWords(
        person=_parts(f"{hello} {home}", *middle, "Gracias por pasar este mensaje."),
        voicemail=_parts(f"{hello} {home} Este es un mensaje para {whom}.", *middle, again),
    )


def _middle(letter: Letter, spoken: Spoken) -> tuple[str, ...]:
    ask = clean_line(spoken.ask) or clean_line(letter.ask.summary)
    return clean_line(spoken.about), ask, _reason(letter, spoken)


def _parts(*sentences: str) -> tuple[str, ...]:
    """The sentences in three parts that a caller takes in at a glance: who, what, why."""
    hello, about, ask, reason, end = sentences
    parts = (hello, f"{about} {ask}".strip(), f"{reason} {end}".strip())
    return tuple(part for part in parts if part)
