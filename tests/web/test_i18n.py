"""Everything a person sees exists in Spanish, and the catalogue is compiled automatically."""

from __future__ import annotations

import ast
import os
import re
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import fields
from io import BytesIO
from pathlib import Path
from typing import get_args
from xml.etree import ElementTree

import pytest
from babel.messages.catalog import Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from babel.support import Translations
from flask import Flask

from app.campaign.faults import TWO_GENDERS
from app.documents.printables import BLANK_LABELS, POSTER_WORDS, SIGNUP_WORDS
from app.records.acts import State
from app.site.alerts import WORDS
from app.site.i18n import CATALOGUES, compile_catalogues, how_long
from app.site.settings import ROOT, Settings
from tests.web.lint import Client, Html
from tests.web.resident import Resident

PO = CATALOGUES / "es" / "LC_MESSAGES" / "messages.po"
KEYWORDS = {
    "_": None, "gettext": None, "ngettext": (1, 2), "lazy_gettext": None, "_l": None, "_mark": None,
}  # fmt: skip
PLACEHOLDER = re.compile(r"%\(\w+\)[ds]")


def in_the_code() -> Iterator[tuple[str, str | tuple[str, ...]]]:
    for folder, method in (("app", [("**.py", "python")]), ("templates", [("**.html", "jinja2")])):
        options = {"**.html": {"trim_blocks": "true", "lstrip_blocks": "true"}}
        for name, _line, message, *_ in extract_from_dir(
            str(ROOT / folder), method, options, keywords=KEYWORDS
        ):
            yield name, message


@pytest.fixture(scope="module")
def spanish() -> dict[str, Message]:
    with PO.open("rb") as file:
        catalogue = read_po(file, locale="es")
    return {m.id if isinstance(m.id, str) else m.id[0]: m for m in catalogue if m.id}


def texts_of(entry: Message) -> tuple[str, ...]:
    return (entry.string,) if isinstance(entry.string, str) else tuple(entry.string or ())


@pytest.mark.parametrize(
    ("seconds", "english", "spanish"),
    [(1, "1 second", "1 segundo"), (59, "59 seconds", "59 segundos"), (60, "60 seconds",
      "60 segundos"),
     (91, "2 minutes", "2 minutos"), (601, "11 minutes", "11 minutos"),
     (5400, "2 hours", "2 horas"), (43_200, "12 hours", "12 horas"),
     (86_399, "24 hours", "24 horas")],
)  # fmt: skip
def test_waiting_times_are_rounded_up_to_whole_units(
    seconds: int, english: str, spanish: str
) -> None:
    app = Flask(__name__)
    with app.test_request_context("/"):
        assert how_long(seconds) == english
    with app.test_request_context("/es/"):
        assert how_long(seconds) == spanish


def test_every_message_has_a_spanish_translation(spanish: dict[str, Message]) -> None:
    missing = []
    for name, message in in_the_code():
        key = message if isinstance(message, str) else message[0]
        entry = spanish.get(key)
        texts = texts_of(entry) if entry else ()
        if entry is None or entry.fuzzy or not texts or not all(t.strip() for t in texts):
            missing.append(f"{name}: {key}")
    assert not missing, "\n".join(missing)


UNPLAIN = re.compile(
    r"(?<=\w)'(?=\w)|;|\be-mail|\btelephone|\b(some|no|every|any)body\b"
    r"|\b(please|whoever|such as|once more|anew)\b",
    re.I,
)


def test_english_uses_plain_words_and_one_american_spelling() -> None:
    """CONTRIBUTING.md lists the words. A letter's state is data and appears as stored."""
    for name, message in in_the_code():
        for text in (message,) if isinstance(message, str) else message:
            assert text in get_args(State) or not UNPLAIN.search(text), f"{name}: {text}"


def test_no_message_names_a_setting(spanish: dict[str, Message]) -> None:
    """Readers cannot look a setting up; the operator, who can, has the settings' own page."""
    named = {field.name for field in fields(Settings) if "_" in field.name}
    for english, entry in spanish.items():
        for text in (english, *texts_of(entry)):
            assert not named & set(re.findall(r"\w+", text)), text


def test_every_spanish_text_has_the_placeholders_of_the_english(
    spanish: dict[str, Message],
) -> None:
    for entry in spanish.values():
        ids = (entry.id,) if isinstance(entry.id, str) else entry.id
        texts = texts_of(entry)
        known = set(PLACEHOLDER.findall(" ".join(ids)))
        for text in texts:
            assert set(PLACEHOLDER.findall(text)) <= known, entry.id
        used = set(PLACEHOLDER.findall(" ".join(texts)))
        assert used == known, entry.id


def test_spanish_addresses_people_as_usted(spanish: dict[str, Message]) -> None:
    informal = re.compile(r"\b(tú|tu|tus|ti|contigo|puedes|quieres|tienes|vosotros)\b", re.I)
    for entry in spanish.values():
        for text in texts_of(entry):
            assert not informal.search(text), text


def test_no_spanish_text_has_a_double_gender_form(spanish: dict[str, Message]) -> None:
    for entry in spanish.values():
        for text in texts_of(entry):
            assert not TWO_GENDERS.search(PLACEHOLDER.sub("", text)), text


OTHER_WORDS = re.compile(
    r"\bpuls(e|a|ar|ó)\b|\bclics?\b|\bañad|recuent|\bcifras?\b|[«»]|retenid|liberad|sellad|"
    r"tratamiento|\brecibos?\b|caduc|oraci(ón|ones)\b|\bde nuevo\b|una vez más|por favor|"
    r"\bpuestos?\b|registro de auditoría|gestor|destinatari|patrocinador|\bsenador|\belector|"
    r"(?<!comisionado )\bresidentes?\b|(?<!equipo )\borganizador|"
    r"\bcorreos?\b(?! (postal|electrónico))(?<!oficina de correos)",
    re.I,
)


def said_in_spanish(spanish: dict[str, Message]) -> Iterator[str]:
    """The Spanish texts of the catalogue, of alerts and of paper."""
    for entry in spanish.values():
        yield from texts_of(entry)
    yield from WORDS["es"].values()
    for words in (POSTER_WORDS["es"], SIGNUP_WORDS["es"], BLANK_LABELS["es"]):
        yield from (str(value) for value in words.values())


def test_spanish_uses_one_term_for_each_thing(spanish: dict[str, Message]) -> None:
    """CONTRIBUTING.md lists the words."""
    said = [(found[0], text) for text in said_in_spanish(spanish)
            if (found := OTHER_WORDS.search(text))]  # fmt: skip
    assert not said


def test_a_spanish_sentence_is_not_much_longer_than_its_english(
    spanish: dict[str, Message],
) -> None:
    """Spanish takes about a fifth more words; half as many again means that it is another text."""
    for entry in spanish.values():
        for english, text in zip(_texts(entry), texts_of(entry), strict=True):
            size = len(english.split())
            assert size <= 8 or len(text.split()) <= 1.45 * size, text
            assert text.endswith(".") == english.endswith("."), text
            assert "  " not in text.strip(), text


def test_dates_and_numbers_are_formatted_for_the_language(client: Client) -> None:
    english, spanish = client.get("/about-the-bill"), client.get("/es/about-the-bill")
    assert "January 3, 2027" in english.words
    assert "3 de enero de 2027" in spanish.words
    story = "x" * 1234
    for lang in ("en", "es"):
        assert "1,234" in Resident(client, lang).find("01930", story=story).words


def test_only_a_newer_catalogue_is_recompiled_at_start(tmp_path: Path) -> None:
    source = tmp_path / "es" / "LC_MESSAGES" / "messages.po"
    source.parent.mkdir(parents=True)
    source.write_text('msgid "Print"\nmsgstr "Imprimir"\n')
    compiled = source.with_suffix(".mo")
    assert compile_catalogues(tmp_path, tmp_path) == tmp_path
    assert Translations(BytesIO(compiled.read_bytes())).gettext("Print") == "Imprimir"
    before = compiled.stat().st_mtime_ns
    compile_catalogues(tmp_path, tmp_path)
    assert compiled.stat().st_mtime_ns == before
    source.write_text('msgid "Print"\nmsgstr "Imprima"\n')
    os.utime(source, ns=(before + 10**9, before + 10**9))
    compile_catalogues(tmp_path, tmp_path)
    assert Translations(BytesIO(compiled.read_bytes())).gettext("Print") == "Imprima"
    assert set(source.parent.iterdir()) == {source, compiled}


def test_concurrent_compiles_never_leave_half_a_catalogue(tmp_path: Path) -> None:
    source = tmp_path / "po" / "es" / "LC_MESSAGES" / "messages.po"
    source.parent.mkdir(parents=True)
    source.write_bytes(PO.read_bytes())
    folder = tmp_path / "mo"
    threads = [
        threading.Thread(target=compile_catalogues, args=(tmp_path / "po", folder))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    compiled = folder / "es" / "LC_MESSAGES" / "messages.mo"
    assert Translations(BytesIO(compiled.read_bytes())).gettext("Print") == "Imprimir"


def test_catalogues_compile_elsewhere_when_their_folder_is_unwritable(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    folder = compile_catalogues(CATALOGUES, blocked)
    assert folder != blocked
    assert (folder / "es" / "LC_MESSAGES" / "messages.mo").exists()


def test_a_catalogue_that_cannot_be_read_is_an_error_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "po" / "es" / "LC_MESSAGES" / "messages.po").mkdir(parents=True)
    with pytest.raises(IsADirectoryError):
        compile_catalogues(tmp_path / "po", tmp_path / "mo")
    assert len(list(tmp_path.glob("catalogues-*"))) == 1


SPANISH_FIRST = "es-MX,es;q=0.9,en;q=0.5"


@pytest.mark.parametrize("path", ["/", "/find?source=poster", "/about-the-bill", "/privacy"])
def test_entry_pages_offer_spanish_to_browsers_that_prefer_it(client: Client, path: str) -> None:
    """N27"""
    asked = client.flask.get(path, headers={"Accept-Language": SPANISH_FIRST})
    assert "¿Prefiere español?" in asked.text
    assert f'href="/es{path}"' in asked.text
    for other in ("en-US,en;q=0.9,es;q=0.5", "fr", "*", "x;q=ñ"):
        assert "¿Prefiere" not in client.flask.get(path, headers={"Accept-Language": other}).text
    assert "Accept-Language" in asked.headers["Vary"]
    assert "Accept-Language" in client.flask.get(path).headers["Vary"]


def test_a_spanish_page_offers_no_spanish_and_its_links_stay_spanish(client: Client) -> None:
    """N27"""
    page = client.flask.get("/es/", headers={"Accept-Language": SPANISH_FIRST})
    assert "¿Prefiere español?" not in page.text
    links = re.findall(r'<a [^>]*href="(/[^"]*)"[^>]*>', page.text)
    kept = [link for link in links if not link.startswith(("/es/", "/static/"))]
    assert kept == ["/"]  # the link to this page in English


MARKS = {"_": 1, "_l": 1, "gettext": 1, "lazy_gettext": 1, "_mark": 1, "ngettext": 2}
"""The functions that mark a text for translation, and how many of their arguments are texts."""


def marked() -> Iterator[tuple[str, bool, str]]:
    """Every marked literal in the source: its place, whether it is inside an f-string, its text."""
    for path in sorted((ROOT / "app").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        inside = {
            id(node)
            for string in ast.walk(tree)
            if isinstance(string, ast.JoinedStr)
            for node in ast.walk(string)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                for argument in node.args[: MARKS.get(node.func.id, 0)]:
                    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                        place = f"{path.relative_to(ROOT)}:{node.lineno}"
                        yield place, id(node) in inside, argument.value


def test_every_marked_text_in_the_source_is_in_the_catalogue(spanish: dict[str, Message]) -> None:
    known = {text for message in spanish.values() for text in _texts(message)}
    found = list(marked())
    assert len(found) > 500
    assert [(place, text) for place, _inside, text in found if text not in known] == []


def test_no_marked_text_hides_inside_an_f_string() -> None:
    """The tool that fills the catalogue ignores f-strings, so the text would stay English."""
    assert [(place, text) for place, inside, text in marked() if inside] == []


def _texts(message: Message) -> tuple[str, ...]:
    return (message.id,) if isinstance(message.id, str) else tuple(message.id)


ENGLISH = re.compile(
    r"\b(the|of|and|your?|this|that|these|those|with|from|will|are|was|were|have|has|been|they|"
    r"their|we|our|it|its|which|what|who|not|please|letters?|every|each|any|into)\b",
    re.I,
)
READ_ALOUD = ("aria-label", "alt", "title", "placeholder", "data-done", "data-grows", "data-busy")


def in_english(text: str) -> bool:
    """Whether the text has an English word that occurs in no name or address."""
    return bool(ENGLISH.search(text.replace("House of Representatives", "")))


def english_on(page: Html) -> list[str]:
    """The English texts on a Spanish page that are not marked as English."""
    found: list[str] = []

    def read(element: ElementTree.Element, lang: str) -> None:
        lang = element.get("lang") or lang
        tag = element.tag
        if tag in ("script", "style", "code", "textarea"):
            return
        texts = [element.text or "", *(element.get(name) or "" for name in READ_ALOUD)]
        found.extend(t.strip() for t in texts if lang == "es" and in_english(t))
        for child in element:
            read(child, lang)
            if lang == "es" and in_english(child.tail or ""):
                found.append((child.tail or "").strip())

    read(page.root, "")
    return found


def test_spanish_resident_pages_contain_no_english(client: Client) -> None:
    someone = Resident(client, "es")
    someone.person["story"] = "El otoño pasado una vecina tuvo miedo de llamar."
    review = someone.reviewing("78701", "TX")
    over = someone.reviewing("20190", "VA", story="Una historia larga. " * 60)
    wrong = someone.review(someone.filled(someone.writing("01930"), first="", mail_zip="x"), 422)
    edited = review.form()
    edited[next(name for name in edited if name.startswith("words-"))] = ["Mis palabras."]
    taken = someone.sign(someone.reviewing("01930", email="ana@gmail.con").form())
    pages = {
        **{path: client.get(f"/es{path}") for path in
           ("/", "/find", "/about-the-bill", "/districts", "/privacy", "/terms", "/accessibility")},
        **{place: someone.find(place[:5], place[6:]) for place in
           ("60618 IL", "60618 CA", "12463 NY", "09012", "42223", "00001 NY", "96941")},
        "no zip": someone.find("abc", status=422), "story": someone.telling("20009"),
        "address": someone.writing("01930"), "wrong": wrong, "review": review, "over": over,
        "edited": someone.review(edited), "vacant": someone.reviewing("94541", "CA", 14),
        "taken": taken, "print": client.post("/es/print", taken.form()),
        "receipt": client.get(someone.receipt_path(taken)),
    }  # fmt: skip
    said = {name: english for name, page in pages.items() if (english := english_on(page))}
    assert not said, said
