"""The Campaign page's versions: compare, check, publish, take back."""

from __future__ import annotations

from flask import redirect, request
from werkzeug.wrappers import Response

from app.campaign.campaign_file import FILE
from app.records.workshop import (
    Moved,
    NoSuchVersion,
    Published,
    discard_draft,
    find_version,
    history,
    publish,
)
from app.site.i18n import gettext as _
from app.site.i18n import page_url
from app.site.services import services
from app.web.organizer.campaign_check import check_files
from app.web.organizer.campaign_diff import changes
from app.web.organizer.campaign_fields import moved_words
from app.web.organizer.campaign_page import base_of, show_campaign
from app.web.organizer.campaign_state import save, working
from app.web.organizer.gate import clock, current
from app.web.organizer.show import page, visible


def show_publish(problem: str = "", status: int = 200) -> Response:
    """What the draft changes, what the check says of it, and the button."""
    site, now = services(), working(services())
    if now.state.draft is None:
        return redirect(page_url("organizer_campaign.index"), 303)
    checked = check_files(site, {**now.files, FILE: now.text})
    return page(
        "campaign/publish", status, problem=problem, now=now, draft=now.state.draft,
        parts=changes(now.live, now.text), checked=checked, seen=now.counter,
        note=visible(request.form.get("note", "")),
    )  # fmt: skip


def take_publish() -> Response:
    """Make the draft live, if it is still the one that was looked at and passes the check."""
    site, now, me = services(), working(services()), current().organizer
    if now.state.draft is None or base_of() != now.base or _seen() != now.counter:
        words = _("Something changed since you looked, so nothing is published. Look once more.")
        return show_publish(words, 409)
    if check_files(site, {**now.files, FILE: now.text}).must:
        words = _("The check found something that must be put right first.")
        return show_publish(words, 422)
    answer = publish(
        site.db(), site.campaign.slug, {FILE: now.base}, folder=site.live.folder,
        seen=now.counter, by=me.name, at=clock(), note=request.form.get("note", "").strip(),
    )  # fmt: skip
    if not isinstance(answer, Published):
        words = _("Something changed since you looked, so nothing is published. Look once more.")
        return show_publish(words, 409)
    return redirect(page_url("organizer_campaign.index", done="published"), 303)


def _seen() -> int:
    text = request.form.get("seen", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else -1


def take_discard() -> Response:
    """Take the draft away. It stays among the versions."""
    site = services()
    answer = discard_draft(
        site.db(), site.campaign.slug, FILE, base=base_of(), by=current().organizer.name, at=clock()
    )
    if isinstance(answer, Moved):
        return show_campaign(moved_words(""), 409)
    return redirect(page_url("organizer_campaign.index", done="discarded"), 303)


def show_versions() -> Response:
    """Every text of the file, newest first."""
    site = services()
    rows = history(site.db(), site.campaign.slug, FILE)
    found = sorted(rows, key=lambda v: (v.published_at or v.at, v.number or 0, v.id), reverse=True)
    return page("campaign/versions", versions=found, done=request.args.get("done", ""))


def show_version(number: int) -> Response:
    """One version beside what residents see now."""
    site, now = services(), working(services())
    found = find_version(site.db(), site.campaign.slug, FILE, number)
    if isinstance(found, NoSuchVersion):
        return page("no_such", 404)
    return page("campaign/version", version=found, parts=changes(found.source, now.live), now=now)


def take_restore(number: int) -> Response:
    """Make an earlier version the draft."""
    site = services()
    found = find_version(site.db(), site.campaign.slug, FILE, number)
    if isinstance(found, NoSuchVersion):
        return page("no_such", 404)
    answer = save(site, found.source, base_of(), f"from version {found.short}", restored=True)
    if isinstance(answer, Moved):
        return show_campaign(moved_words(""), 409)
    return redirect(page_url("organizer_campaign.publish"), 303)
