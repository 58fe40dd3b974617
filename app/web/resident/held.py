"""What looks made by a machine, or comes from a crowd: a second step that everybody can see.

Nothing is refused and nothing is dropped. The person is asked to press again; then the
signature is taken, but *held* until an organizer has looked at it, and every page says so.
"""

from __future__ import annotations

from typing import get_args

from app.records.model import HeldReason
from app.site.i18n import gettext as _
from app.site.services import Services
from app.web.limits import SecondStep
from app.web.proof import proves
from app.web.resident.draft import Draft


def doubt(draft: Draft, site: Services, answer: object) -> HeldReason | None:
    """Why this signature should be looked at; None for nearly everybody.

    ``answer`` is what the limit said. A doubt from the first press stays in the form, so
    waiting a moment before the second does not undo it.
    """
    if draft.website:
        return "field filled in"
    if not draft.trap_present:
        return "field missing"
    token = site.tokens.read(draft.token)
    if token.age < site.settings.form_seconds:
        return "too fast"
    bits = site.settings.proof_of_work
    if bits and not proves(token.nonce, draft.proof, bits):
        return "no proof"
    if isinstance(answer, SecondStep):
        return "crowd"
    # A proof that came with the second press is a proof; the other doubts stay.
    doubts = (reason for reason in get_args(HeldReason) if reason != "no proof")
    return next((reason for reason in doubts if reason == draft.again), None)


def second_step_words(reason: HeldReason) -> str:
    """What to do now, and what it means."""
    if reason == "crowd":
        why = _("Unusually many people have signed from your network within the hour.")
    elif reason == "too fast":
        why = _("That was faster than people usually are.")
    elif reason == "no proof":
        why = _("Your browser did not do the small calculation that this site asks for. It needs "
                "JavaScript for that; it works without, too.")  # fmt: skip
    else:
        why = _("Your browser sent this form in an unusual way.")
    what = _(
        "Please press the button once more. Your letters will be ready all the same; an organizer "
        "looks at your signature before it is counted."
    )
    return f"{why} {what}"
