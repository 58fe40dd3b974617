"""Whether the campaign changed a letter between reading it and signing it.

The review page sends with each letter the fingerprint of the words that it showed. When the
campaign has published others since, nobody signs words that they have not read.
"""

from __future__ import annotations

from collections.abc import Sequence

from app.campaign import Letter, body_text
from app.site.i18n import gettext as _
from app.web.resident.draft import Draft, fingerprint


def changed_since_shown(draft: Draft, letters: Sequence[Letter]) -> str:
    """What to say when a letter now has other words than the page showed; empty if none has.

    A letter that the person edited by hand has their words whatever the campaign published.
    """
    for letter in letters:
        seat = letter.holder.seat.id
        shown = draft.shown.get(seat, "")
        if shown and seat not in draft.words and shown != fingerprint(body_text(letter)):
            return _(
                "The campaign changed the words of a letter while you were reading. Nothing was "
                "signed yet. Please read it again below, then sign."
            )
    return ""
