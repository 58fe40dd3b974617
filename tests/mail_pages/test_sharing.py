"""Sharing the site: plain links, a picture, and links that prefill a ZIP or a letter."""

from __future__ import annotations

import struct
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops

from app.records.database import local_database
from app.site.assets import LARGEST_CARD, STATIC, card_name
from tests.commands import flask
from tests.web.lint import Html

from .conftest import Make, Site

KNOWN = {"mailto", "sms", "wa.me", "bsky.app"}


def shared(page: Html) -> dict[str, str]:
    """The sharing links, by their target."""
    links = [a.get("href") or "" for a in page.all("a")]
    found = {urlsplit(link).netloc or urlsplit(link).scheme: link for link in links}
    return {name: link for name, link in found.items() if name in KNOWN}


def message_in(link: str) -> str:
    query = parse_qs(urlsplit(link).query.lstrip("&"))
    return (query.get("body") or query["text"])[0]


def test_share_links_each_have_a_distinct_source_tag(site: Site) -> None:
    page = site.client.get(site.resident.receipt_path(site.signed()))
    links = shared(page)
    assert set(links) == KNOWN
    sources = set()
    for link in links.values():
        address = message_in(link).split()[-1]
        assert address.startswith("http://localhost:8000/")
        assert site.client.get(address.removeprefix("http://localhost:8000")).h1
        sources.add(parse_qs(urlsplit(address).query)["source"][0])
    assert len(sources) == 4
    for link in links.values():
        assert "receipt" not in unquote(link)
        assert "O'Dell" not in unquote(link)
    assert not [s for s in page.all("script") if not (s.get("src") or "").startswith("/static/")]


def test_a_share_links_tag_is_recorded_with_the_signature(make: Make) -> None:
    site = make()
    receipt = site.client.get(site.resident.receipt_path(site.signed()))
    address = message_in(shared(receipt)["sms"]).split()[-1]
    home = site.client.get(address.removeprefix("http://localhost:8000"))
    form = {**home.form("/find"), "zip": ["59601"]}
    write = site.client.post("/find", form)
    filled = site.resident.filled(write, first="Second", last="Person")
    site.resident.sign(site.resident.review(filled).form())
    db = local_database(site.settings.database)
    assert [row[0] for row in db.execute("SELECT source FROM signatures ORDER BY id")] == [
        "", "share-sms",
    ]  # fmt: skip


def test_share_links_use_the_configured_address(make: Make) -> None:
    site = make(site_url="https://letters.example.org")
    links = shared(site.client.get(site.resident.receipt_path(site.signed())))
    for link in links.values():
        assert "https://letters.example.org/?source=share-" in message_in(link)


def metas(page: Html) -> dict[str, str]:
    return {
        str(m.get("property") or m.get("name")): m.get("content") or "" for m in page.all("meta")
    }


@pytest.mark.parametrize("path", ["/", "/about-the-bill", "/privacy", "/es/", "/es/privacy"])
def test_public_pages_have_a_preview_with_urls_only_if_a_site_url_is_set(
    make: Make, path: str
) -> None:
    lang = "es" if path.startswith("/es") else "en"
    tags = metas(make().client.get(path))
    assert tags["og:title"]
    assert tags["og:description"]
    assert tags["og:locale"].startswith(lang)
    assert not {"og:image", "og:url"} & set(tags)
    site = make(site_url="https://letters.example.org")
    tags = metas(site.client.get(f"{path}?source=news"))
    assert tags["og:url"] == f"https://letters.example.org{path}"
    picture = urlsplit(tags["og:image"])
    assert f"{picture.scheme}://{picture.netloc}" == "https://letters.example.org"
    assert card_name(lang) in picture.path
    with site.client.flask.get(f"{picture.path}?{picture.query}") as got:
        assert got.mimetype == "image/png"


def test_personal_pages_have_no_preview(make: Make) -> None:
    site = make(site_url="https://letters.example.org")
    taken = site.signed()
    for page in (taken, site.client.get(site.resident.receipt_path(taken))):
        assert not [name for name in metas(page) if name.startswith("og:")]


@pytest.mark.parametrize("lang", ["en", "es"])
def test_the_preview_picture_is_small_and_1200_by_630(lang: str) -> None:
    content = Path(STATIC / card_name(lang)).read_bytes()
    assert content.startswith(b"\x89PNG")
    assert struct.unpack(">II", content[16:24]) == (1200, 630)
    assert len(content) < LARGEST_CARD


@pytest.mark.parametrize("path", ["/", "/find"])
def test_a_link_fills_in_zip_and_letter(site: Site, path: str) -> None:
    page = site.client.get(f"{site.resident.url(path)}?zip=01930-1234&letter=public-safety")
    assert page.by_id("zip").get("value") == "01930"
    write = site.client.post(site.resident.url("/find"), page.form("/find"))
    chosen = [
        e for e in write.all("input") if e.get("name") == "template" and "checked" in e.attrib
    ]
    assert [e.get("value") for e in chosen] == ["public-safety"]


HOSTILE = st.one_of(
    st.text(max_size=80),
    st.sampled_from(
        ["<script>alert(1)</script>", '"><img src=x>', "{{ 7*7 }}", "../../etc/passwd", "0" * 9000,
         "public-safety\n", "General", "me@example.org", "12 Main St", "٠٢١٣٨", "\ud83d"]
    ),
)  # fmt: skip


def test_other_link_parameters_are_ignored(make: Make) -> None:
    site = make()
    plain = {path: site.client.flask.get(f"{path}?q=1").text for path in ("/", "/find")}

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(letter=HOSTILE, name=HOSTILE, path=st.sampled_from(["/", "/find"]))
    def ignored(letter: str, name: str, path: str) -> None:
        query = {
            "zip": f"x{name}", "letter": f"{letter}!", "first": name, "email": name,
            "street": name, "story": name, "template": letter,
        }  # fmt: skip
        text = site.client.flask.get(path, query_string=_sent(query)).text
        assert _without_token(text) == _without_token(plain[path])

    ignored()


def _sent(query: dict[str, str]) -> dict[str, str]:
    return {name: value.encode("utf-8", "replace").decode() for name, value in query.items()}


def _without_token(text: str) -> str:
    """The page without its token and the link to the other language."""
    carried = ('name="token"', "hreflang=")
    return "\n".join(x for x in text.splitlines() if not any(each in x for each in carried))


@pytest.mark.parametrize("lang", ["en", "es"])
def test_the_preview_picture_is_up_to_date(lang: str, tmp_path: Path) -> None:
    new = tmp_path / "new"
    assert flask("letters card", "--out", new).exit_code == 0
    drawn, kept = (Image.open(f / card_name(lang)).convert("L") for f in (new, STATIC))
    # Anti-aliasing may vary by a shade between machines; other words differ far more.
    differing = ImageChops.difference(drawn, kept).point(lambda shade: 255 * (shade > 64))
    assert differing.getbbox() is None, "Run: flask letters card"
