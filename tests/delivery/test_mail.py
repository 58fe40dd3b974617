"""Building messages: every subject, name, address and text survives, and none can inject."""

from __future__ import annotations

import email
import re
import socket
from datetime import UTC, datetime
from email import policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import getaddresses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.delivery.mail import Address, Attachment, Mail, ReadyMail, build, parse_address
from app.text import clean_line

NOW = datetime(2026, 11, 25, 17, 0, tzinfo=UTC)
SENDER = Address("letters@campaign.example", "Neighbors — Vecinos")


def address(text: str = "ana@example.org", name: str = "") -> Address:
    found = parse_address(text, name)
    assert isinstance(found, Address), text
    return found


def ready(**changes: object) -> ReadyMail:
    values: dict[str, object] = {
        "kind": "copy", "to": address(), "subject": "Your letters", "text": "Hello.\n",
    }  # fmt: skip
    mail = Mail(**{**values, **changes})  # type: ignore[arg-type]
    return build(mail, SENDER, now=NOW, message_id="0123")


def read(made: ReadyMail) -> EmailMessage:
    message = email.message_from_bytes(made.raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def old_style_raw(made: ReadyMail, header: str) -> str:
    """A header unfolded and not yet decoded."""
    message = email.message_from_bytes(made.raw, policy=policy.compat32)
    return re.sub(r"\r?\n(?=[ \t])", "", str(message[header]))


def old_style(made: ReadyMail, header: str) -> str:
    """A header as decoded by a client that knows only the older rules."""
    return str(make_header(decode_header(old_style_raw(made, header))))


def text_of(made: ReadyMail, kind: str = "plain") -> str:
    part = read(made).get_body((kind,))
    assert part is not None
    # Mail has CRLF line ends, which a client converts to its own.
    return str(part.get_content()).replace("\r\n", "\n")


SUBJECTS = {
    "EM02": ("Protégez la forêt — " * 8)[:159] + "🐢",
    "ascii": "A " + "long subject of plain words " * 10 + "end",
    "one word": "x" * 400,
    "spaces that fold": "é é é é é é é é é é é é é é é é é é é é é é é é é é é é é é é é é é é é é",
    "looks encoded": "=?utf-8?q?Hello?= and =?x?y?z?=",
    "cjk": "移民法案に賛成してください。" * 12,
    "right to left": "אנא תמכו בהצעת החוק " * 6,
    "joined emoji": "👩‍👩‍👧 " * 30,
    "commas": 'Re: "Smith, Jones & Söhne" <x@y.example>; a, b',
}


@pytest.mark.parametrize("subject", SUBJECTS.values(), ids=SUBJECTS.keys())
def test_a_subject_of_any_length_and_script_is_decoded_unchanged(subject: str) -> None:
    made = ready(subject=subject)
    assert read(made)["Subject"] == subject.strip()
    assert old_style(made, "Subject") == subject.strip()
    assert max(len(line) for line in made.raw.split(b"\r\n")) <= 78


@settings(max_examples=300, deadline=None)
@given(subject=st.text(st.characters(exclude_categories=()), max_size=300))
def test_any_subject_survives_encoding_as_one_header(subject: str) -> None:
    made = ready(subject=subject)
    assert old_style(made, "Subject") == clean_line(subject)
    assert "".join(read(made)["Subject"]).split() == clean_line(subject).split()


NAMES = [
    "Siobhán O'Dell", "María de los Ángeles Fernández-Villaverde Martínez",
    'Jesús G. "Chuy" García', "Doe, Jöhn", "van der Berg III",
    "Нгуен Тхи Минь Кхай", "李小龍 " * 20, "a" * 200, "Very Long Name " * 12, "x@y.example",
    "{{ config }}", "=?utf-8?q?x?=", "(comment) name", "back\\slash", "<img src=x>",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_any_kind_of_display_name_survives_encoding(name: str) -> None:
    made = ready(to=address(name=name))
    (found,) = read(made)["To"].addresses
    assert found.addr_spec == "ana@example.org"
    assert re.sub(r"\s", "", found.display_name) == re.sub(r"\s", "", name)
    shown = getaddresses([old_style_raw(made, "To")])[0][0]
    assert str(make_header(decode_header(shown))) == name.strip()
    if len(name) < 60:  # longer ones have seams, where this parser inserts a space
        assert found.display_name == name


@settings(max_examples=300, deadline=None)
@given(name=st.text(st.characters(exclude_categories=()), max_size=120))
def test_no_name_can_add_an_address_or_a_header(name: str) -> None:
    made = ready(to=address(name=name), subject=name)
    message = email.message_from_bytes(made.raw, policy=policy.compat32)
    assert [key for key in message if key not in ("Content-Type", "Content-Transfer-Encoding")] == [
        "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version",
    ]  # fmt: skip
    ((shown, spec),) = getaddresses([old_style_raw(made, "To")])
    assert spec == "ana@example.org"
    assert str(make_header(decode_header(shown))) == clean_line(name)


@pytest.mark.parametrize(
    "poison",
    [
        "x\r\nBcc: everyone@example.net", "x\nBcc: everyone@example.net",
        "x\rBcc: everyone@example.net", "x\u2028Bcc: everyone@example.net",
        "x\x00\x0b\x0c\x85Bcc: everyone@example.net", "x\r\n\r\n<p>body</p>",
        "x\r\n Bcc: everyone@example.net",
    ],
)  # fmt: skip
def test_no_field_can_add_a_header_or_a_body(poison: str) -> None:
    made = ready(
        subject=poison,
        to=address(name=poison),
        attachments=(Attachment(f"{poison}.pdf", b"%PDF"),),
    )
    message = read(made)
    assert message["Bcc"] is None
    assert message["Subject"] == clean_line(poison)
    assert text_of(made) == "Hello.\n"
    assert len(list(message.iter_attachments())) == 1
    assert made.recipient == "ana@example.org"


@pytest.mark.parametrize(
    "text",
    [
        "o'dell+parks.2026@example.museum", "x@sub.example.photography", "a@b.co",
        "first.last@xn--bcher-kva.example", "!#$%&'*+/=?^_`{|}~-@example.org",
        "1@example.travelersinsurance", "UPPER@Example.ORG",
    ],
)  # fmt: skip
def test_unusual_but_valid_addresses_pass_unchanged(text: str) -> None:
    found = address(f"  {text}\n")
    assert found.email == text
    made = ready(to=found)
    local, _, domain = text.rpartition("@")
    assert made.recipient == found.wire == f"{local}@{domain.lower()}"
    assert read(made)["To"].addresses[0].addr_spec == found.wire


@pytest.mark.parametrize(
    "text",
    [
        "", "ana", "ana@", "@example.org", "ana@example", "a b@example.org", "a@b@example.org",
        "a..b@example.org", ".a@example.org", "a.@example.org", "a@-example.org",
        "a@example..org", "a@exam ple.org", "a@example.org\nBcc: x@y.example",
        "a@example.org, b@example.org", "jürgen@example.org",
        '"a b"@example.org', "a@[127.0.0.1]", "a@127.0.0.1", "x" * 65 + "@example.org",
        "a@" + "x" * 64 + ".org", "a@" + "x." * 130 + "org",
        "a@exa_mple.org", "a;b@example.org", "\ud800@example.org",
    ],
)  # fmt: skip
def test_an_invalid_address_is_refused(text: str) -> None:
    assert parse_address(text) is None


@pytest.mark.parametrize(
    ("text", "wire"),
    [
        ("a@straße.example", "a@xn--strae-oqa.example"),
        ("a@strasse.example", "a@strasse.example"),
        ("a@βόλος.example", "a@xn--nxasmm1c.example"),
        ("a@bücher.example", "a@xn--bcher-kva.example"),
        ("a@BÜCHER.example", "a@xn--bcher-kva.example"),
        ("a@例え.テスト", "a@xn--r8jz45g.xn--zckzah"),
    ],
)  # fmt: skip
def test_an_internationalized_domain_is_encoded_as_itself(text: str, wire: str) -> None:
    assert address(text).wire == wire
    assert address(text).email == text


@settings(max_examples=300)
@given(text=st.text(max_size=80))
def test_an_accepted_address_is_one_word_with_one_at_sign(text: str) -> None:
    found = parse_address(text)
    if isinstance(found, Address):
        assert re.fullmatch(r"[^\s@<>,;:\"()\[\]]+@[A-Za-z0-9.-]+", found.wire)


def test_the_only_sender_is_the_campaign() -> None:
    made = ready(to=address("imani@strict-dmarc.example", "Imani"))
    message = read(made)
    assert message["From"].addresses[0].addr_spec == "letters@campaign.example"
    assert made.sender == "letters@campaign.example"
    assert message["Message-ID"].endswith("@campaign.example>")
    assert message["Sender"] is None
    assert message["Reply-To"] is None


BODIES = {
    "EM12": "“It’s ours” — 40° 🐢.",
    "entities": "Parks & trails < roads. Siobhán O'Dell &amp; {{ 7*7 }} {% raise %}",
    "dots": ".\n..\n.hidden\nFrom me\n.\n",
    "long line": "word " * 4000,
    "one long word": "x" * 5000,
    "spaces at ends": "a  \n\t\n  b\t\n",
    "soft hyphen": "co\u00adoperate \ufeff \u2028 next",
    "equals": "=3D = == =\n=?utf-8?q?x?=",
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_a_text_is_identical_after_decoding(body: str) -> None:
    made = ready(text=body)
    assert text_of(made).rstrip("\n") == body.rstrip("\n")
    assert made.raw.isascii()
    assert max(len(line) for line in made.raw.split(b"\r\n")) <= 78
    assert re.sub(b"\r\n", b"", made.raw).count(b"\n") == 0


@settings(max_examples=200, deadline=None)
@given(body=st.text(max_size=500))
def test_any_generated_text_is_identical_after_decoding(body: str) -> None:
    plain = body.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")
    assert text_of(ready(text=body)) == plain.rstrip("\n") + "\n"


@pytest.mark.parametrize(
    "filename", ["letters.pdf", "Carta para la senadora Peña.pdf", "李.pdf", "a" * 120 + "é.pdf",
                 'quote".pdf', "semi;colon, comma.pdf"],
)  # fmt: skip
def test_attachments_arrive_byte_for_byte_under_their_names(filename: str) -> None:
    content = bytes(range(256)) * 50
    made = ready(attachments=(Attachment(filename, content), Attachment("two.pdf", b"%PDF-2")))
    first, second = read(made).iter_attachments()
    assert first.get_content() == content
    assert first.get_filename() == filename
    assert first.get_content_type() == "application/pdf"
    assert second.get_content() == b"%PDF-2"
    assert made.raw.isascii()


def test_a_message_is_byte_identical_on_every_try() -> None:
    assert ready().raw == ready().raw
    assert read(ready())["Auto-Submitted"] == "auto-generated"
    assert read(ready())["Date"].datetime == NOW
    assert read(ready())["MIME-Version"] == "1.0"


def test_a_long_link_stays_whole_and_the_headers_filters_need_are_present() -> None:
    """N39"""
    link = f"https://letters.example.org/receipt/{'Ab3-_' * 40}?x=%C3%A9&y==3D."
    made = ready(text=f"Your receipt:\n\n{link}\n")
    assert link in text_of(made).split()
    message = read(made)
    for header in ("From", "To", "Subject", "Date", "Message-ID", "MIME-Version"):
        assert len(message.get_all(header, [])) == 1


def test_the_repr_of_mail_shows_nothing_personal() -> None:
    mail = Mail("copy", address("ana@example.org", "Ana"), "About Ana", "I am Ana.")
    assert "ana" not in repr(mail).lower()
    assert "Hello" not in repr(ready())


def test_building_a_message_asks_no_name_server(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> str:
        raise AssertionError("where none answers, that takes ten seconds")

    for name in ("getfqdn", "gethostbyaddr", "getaddrinfo"):
        monkeypatch.setattr(socket, name, refused)
    assert read(ready())["Message-ID"] == "<0123@campaign.example>"
