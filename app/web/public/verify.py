"""The page on which a person checks that their signature is in the count that was stated.

What they paste is posted, so it is in no address and no log, and it says nothing about them.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from flask import Blueprint, abort, request
from werkzeug.wrappers import Response

from app.records.statements import (
    Included,
    NothingStated,
    NotIncluded,
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
from app.site.services import Services, services
from app.web.access import access
from app.web.headers import shared
from app.web.pages import Page, show

verify_pages = Blueprint("verify_pages", __name__)
FRESH = 60


@verify_pages.route("/verify", methods=["GET", "POST"])
@access("anyone")
def verify() -> Response:
    typed = request.form.get("commitment", "") if request.method == "POST" else None
    return show(_page(typed, services()))


@verify_pages.post("/verify/proof.json")
@access("anyone")
def proof() -> Response:
    text = _proof(request.form.get("commitment", ""), services()) or abort(404)
    response = Response(text, mimetype="application/json")
    response.headers["Content-Disposition"] = 'attachment; filename="proof.json"'
    return response


@verify_pages.get("/statements/latest.json")
@access("anyone")
def statement() -> Response:
    text = _latest(services()) or abort(404)
    shared(FRESH)
    response = Response(text, mimetype="application/json")
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.add_etag()
    return response.make_conditional(request)


def folder(site: Services) -> Path:
    """Where the statements of the campaign lie."""
    return statements_of(site.settings.instance, site.slug)


def _proof(typed: str, site: Services) -> str:
    """The statement with the proof for what was typed, as a file; empty when there is none."""
    wanted = read_commitment(typed[:200])
    found = find_proof(folder(site), wanted) if wanted else NothingStated()
    return statement_text(found.statement) if isinstance(found, Included) else ""


def _latest(site: Services) -> str:
    found = latest(folder(site))
    return "" if isinstance(found, NothingStated) else statement_text(found)


def _page(typed: str | None, site: Services) -> Page:
    """The form; with ``typed`` also what was found."""
    context: dict[str, Any] = {
        "typed": (typed or "").strip()[:200], "answer": "", "steps": (), "index": 0,
        "stated": None, "problem": "",
    }  # fmt: skip
    found = latest(folder(site))
    status = 200
    if typed is not None:
        wanted = read_commitment(typed[:200])
        if wanted is None:
            context["problem"] = _(
                "A commitment has 64 characters, 0 to 9 and a to f. Copy all of it from your "
                "receipt."
            )
            context["errors"] = [("commitment", context["problem"])]
            status = 422
        else:
            answer = find_proof(folder(site), wanted)
            context |= _answer(answer)
            found = answer.statement if not isinstance(answer, NothingStated) else answer
            context["typed"] = wanted.hex()
    if not isinstance(found, NothingStated):
        context["stated"] = _shown(found, site)
    return Page("public/verify.html", context, status)


def _answer(answer: Included | NotIncluded | NothingStated) -> dict[str, Any]:
    if isinstance(answer, Included) and answer.statement.proof:
        proof = answer.statement.proof
        return {
            "answer": "yes", "index": proof.index + 1, "steps": [s.hex() for s in proof.path],
        }  # fmt: skip
    return {"answer": "nothing" if isinstance(answer, NothingStated) else "no"}


def _shown(found: Statement, site: Services) -> dict[str, Any]:
    """The latest statement as the page shows it."""
    at = datetime.fromisoformat(found.content["at"])
    return {
        **found.content, "moment": moment_words(at, site.campaign.timezone),
        "key": printed_key(found.public_key), "public_key": found.public_key.hex(),
    }  # fmt: skip
