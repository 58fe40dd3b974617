"""A letter as a telephone call: who I am, one ask, thanks."""

from __future__ import annotations

import re

from app.campaign.model import Letter, Writer
from app.congress.model import STATES, Member
from app.documents.letter import CallScript, NoPhone
from app.text import clean_line, says_something, split_paragraphs

_SENTENCE = re.compile(r".{10,220}?[.!?…](?= |$)")


def _number(phone: str | None) -> str | None:
    """The ten digits of a US number, or None. An extension after them is left out."""
    digits = re.sub(r"\D", "", (phone or "").strip())
    if digits.startswith("1"):
        digits = digits[1:]
    return digits[:10] if len(digits) >= 10 and digits[0] in "23456789" else None


def _home(letter: Letter, writer: Writer) -> str:
    """``I live in Fremont, California, ZIP code 94538``, as far as it is known.

    A return address outside the seat's state (a military one) does not say where a person
    votes, so only the state is named then.
    """
    state = letter.holder.seat.state
    name = {"DC": "Washington, DC", "MP": "the Northern Mariana Islands"}.get(state)
    name = name or ("the U.S. Virgin Islands" if state == "VI" else STATES[state])
    if writer.state not in ("", state):
        return f"My voting address is in {name}"
    city = clean_line(writer.city).rstrip(" ,")
    place = f"{city}, {name}" if says_something(city) and state != "DC" else name
    zip5 = clean_line(writer.zip)[:5]
    return f"I live in {place}, ZIP code {zip5}" if zip5 else f"I live in {place}"


def _reason(letter: Letter) -> str:
    """The first sentence of the person's own words, where it is short enough to read out."""
    for paragraph in split_paragraphs(*letter.own_paragraphs[:1]):
        sentence = _SENTENCE.match(paragraph.replace("\n", " "))
        if sentence:
            return f"Here is why it matters to me: {sentence.group()}"
    return "It matters to me because … (one or two sentences of your own)"


def _words(letter: Letter, writer: Writer, member: Member) -> str:
    who = f"{letter.holder.seat.title} {member.last}"
    name = clean_line(writer.name)
    hello = f"Hello, my name is {name}" if name else "Hello"
    subject = clean_line(letter.subject).rstrip(".")
    spoken = clean_line(letter.spoken_ask)
    lines = (
        f"{hello}. {_home(letter, writer)}, and I am a constituent of {who}.",
        f"I am calling about {subject}." if subject else "",
        f"My message for {who}: {spoken}"
        if spoken
        else f"My message for {who}, in one line: {clean_line(letter.ask.summary)}",
        _reason(letter),
        f"Please pass this on to {who}. Thank you for your time.",
        "If you reach voicemail, leave your name, your town and your ZIP code first, so that "
        "the call is counted.",
    )
    return "\n\n".join(line for line in lines if line)


def to_call_script(letter: Letter, writer: Writer) -> CallScript | NoPhone:
    """Words to read out to the office in Washington, with the number as text and as a link.

    ``NoPhone`` when the official list has no usable number; a script for a vacant seat is a
    programming error.
    """
    member = letter.holder.member
    if member is None:
        raise ValueError(f"nobody sits in {letter.holder.seat.id}: there is no one to call")
    text = _words(letter, writer, member)
    number = _number(member.phone)
    if number is None:
        return NoPhone(text, member.url)
    return CallScript(
        phone=f"({number[:3]}) {number[3:6]}-{number[6:]}", tel_uri=f"tel:+1{number}", text=text
    )
