"""Every field of every organizers' form × the payloads, sent as a tricked admin."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.records.counts import recount
from app.records.organizers import all_organizers
from app.records.signing import sign
from app.web.headers import HEADERS
from app.web.organizer.gate import CSRF_FIELD, EXTENSION
from tests.attack.surface import MARK, PAYLOADS, Target, encoded, paths, targets, unescaped
from tests.organizers.browser import Browser
from tests.organizers.conftest import LOGIN, Office
from tests.safety.people import SECRET, request
from tests.safety.web import Site, site

FORM = "application/x-www-form-urlencoded"
LEAVING = re.compile(r"/(logout|sessions|people/\d+/(disable|end-sessions|role)|second-factor)")
"""Forms that would log the attacker out; they accept no text."""


class Inside:
    """A site with a logged-in organizer, and everything that they can press."""

    def __init__(self, here: Site) -> None:
        self.here = here
        made = Office(here.db)
        made.clock.at = here.clock.now
        self.who = made.add("Ada", "admin")

        class Moving:
            @property
            def at(self) -> object:
                return here.clock.now

            def forward(self, **how: float) -> object:
                here.clock.forward(**how)
                return here.clock.now

        self.browser = Browser(here.app, Moving())  # type: ignore[arg-type]
        self.browser.log_in(self.who)
        for number in (1, 2):
            one = replace(request(number, status="held"), held_for="crowd")
            sign(here.db, one, SECRET)

    def forms(self) -> list[Target]:
        found: dict[tuple[str, ...], Target] = {}
        gets = {p for _e, p, m in paths(self.here.app) if "GET" in m and p.startswith("/organize")}
        for path in sorted(gets):
            if re.search(r"logout|\.csv|\.xlsx|\.json|\.zip|\.db|\.txt|\.pdf", path):
                continue
            answer = self.browser.client.get(path, **self.browser._environ())
            if answer.status_code != 200 or answer.mimetype != "text/html":
                continue
            self.browser._take(answer, path)
            for target in targets(self.browser.page, path, path):
                if not LEAVING.search(target.action):
                    found.setdefault((target.action, *target.fields()), target)
        return list(found.values())

    def post(self, target: Target, pairs: list[tuple[str, str]]) -> None:
        answer = self.browser.client.post(
            target.action, data=encoded(pairs), content_type=FORM, **self.browser._environ()
        )
        assert answer.status_code < 500, f"{target.name}: {answer.status}"
        for name, value in HEADERS.items():
            assert answer.headers.get(name) == value, target.name
        for name, value in answer.headers:
            assert MARK not in name, target.name
            if name == "Location":
                assert re.match(r"/(?![/\\])", value), f"{target.name}: {value}"
                assert "\n" not in value
        if answer.mimetype == "text/html":
            assert not unescaped(answer.text), f"{target.name}: {unescaped(answer.text)}"


@pytest.fixture
def inside(tmp_path: Path) -> Iterator[Inside]:
    with site(tmp_path, limits=False) as here:
        here.app.extensions[EXTENSION] = LOGIN
        yield Inside(here)


@pytest.mark.slow
def test_no_payload_in_an_organizer_form_causes_an_error_or_becomes_markup(inside: Inside) -> None:
    kinds = ("script", "surrogate", "attribute", "template", "sql", "header", "formula", "nul",
             "path", "format", "number", "long", "typst", "xml")  # fmt: skip
    forms = inside.forms()
    assert len(forms) >= 10
    for number, target in enumerate(forms):
        fields = [f for f in target.fields() if f not in (CSRF_FIELD, "file")]
        token = [(n, v) for n, v in target.pairs if n == CSRF_FIELD]
        for place, field in enumerate(fields):  # each field by itself, the kinds in turn
            kind = kinds[(number + place) % len(kinds)]
            inside.post(target, target.changed(field, PAYLOADS[kind]))
        for kind in kinds:
            inside.post(target, [*token, *((f, PAYLOADS[kind]) for f in fields)])
        inside.post(target, token)
        inside.post(target, [])
    for path in ("/organize/", "/organize/audit", "/organize/held/", "/organize/people"):
        answer = inside.browser.client.get(path, **inside.browser._environ())
        assert answer.status_code in (200, 302), path
        assert not unescaped(answer.text), path
    assert not recount(inside.here.db)
    assert [o.name for o in all_organizers(inside.here.db)] == ["Ada"]
    assert inside.here.db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_no_organizer_form_works_without_a_valid_token(inside: Inside) -> None:
    forms = inside.forms()
    before = inside.here.statuses()
    trail = inside.here.db.execute("SELECT count(*) FROM audit_events").fetchone()
    for target in forms:
        for pairs in (
            target.without(CSRF_FIELD),
            target.changed(CSRF_FIELD, PAYLOADS["script"]),
            target.changed(CSRF_FIELD, "WzEsIjEiXQ.AAAA"),
        ):
            answer = inside.browser.client.post(
                target.action, data=encoded(pairs), content_type=FORM, **inside.browser._environ()
            )
            assert answer.status_code in (400, 409), f"{target.name}: {answer.status}"
    assert inside.here.statuses() == before
    assert inside.here.db.execute("SELECT count(*) FROM audit_events").fetchone() == trail
