"""The page on which a person checks that the stated count includes their signature.

What they paste is posted, so it appears in no URL and no log, and it says nothing about them.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from flask import Blueprint, abort, request
from werkzeug.wrappers import Response

from app.records.statements import (
    Statement,
    find_proof,
    latest,
    printed_key,
    read_commitment,
    statement_text,
    statements_of,
)
from app.site.i18n import gettext as _
from app.site.i18n import moment_words
from app.site.services import services
from app.web.access import access
from app.web.forms import SiteForm, entry, sent
from app.web.headers import shared
from app.web.pages import Page, show

verify_pages = Blueprint("verify_pages", __name__)
FRESH = 60


class VerifyForm(SiteForm):
    """The commitment from a receipt."""

    commitment = entry(lambda typed: typed[:200].strip())


@verify_pages.route("/verify", methods=["GET", "POST"])
@access("anyone")
def verify() -> Response:
    """The form, and after a post also the result."""
    site, typed = services(), sent(VerifyForm).commitment.data
    found = latest(_folder())
    shown: dict[str, Any] = {
        "typed": typed, "answer": "", "steps": (), "index": 0, "stated": None, "problem": "",
    }  # fmt: skip
    if request.method == "POST" and (wanted := read_commitment(typed)):
        found = find_proof(_folder(), wanted)
        shown |= {"typed": wanted.hex(), **_answer(found)}
    elif request.method == "POST":
        shown["problem"] = _(
            "The code has 64 characters, 0 to 9 and a to f. Copy all of it from your receipt."
        )
        shown["errors"] = [("commitment", shown["problem"])]
    if found is not None:
        at = datetime.fromisoformat(found.content["at"])
        shown["stated"] = {
            **found.content, "moment": moment_words(at, site.campaign.timezone),
            "key": printed_key(found.public_key), "public_key": found.public_key.hex(),
        }  # fmt: skip
    return show(Page("public/verify.html", shown, 422 if shown["problem"] else 200))


@verify_pages.post("/verify/proof.json")
@access("anyone")
def proof() -> Response:
    """The statement with the proof for the typed commitment, as a file."""
    wanted = read_commitment(sent(VerifyForm).commitment.data) or abort(404)
    found = find_proof(_folder(), wanted)
    if found is None or found.proof is None:
        abort(404)
    response = Response(statement_text(found), mimetype="application/json")
    response.headers["Content-Disposition"] = 'attachment; filename="proof.json"'
    return response


@verify_pages.get("/statements/latest.json")
@access("anyone")
def statement() -> Response:
    found = latest(_folder()) or abort(404)
    shared(FRESH)
    response = Response(statement_text(found), mimetype="application/json")
    response.add_etag()
    return response.make_conditional(request)


def _folder() -> Path:
    """The folder of the campaign's statements."""
    site = services()
    return statements_of(site.settings.instance, site.slug)


def _answer(found: Statement | None) -> dict[str, Any]:
    if found is None or found.proof is None:
        return {"answer": "no" if found else "nothing"}
    proof = found.proof
    return {"answer": "yes", "index": proof.index + 1, "steps": [s.hex() for s in proof.path]}
