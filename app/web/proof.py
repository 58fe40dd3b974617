"""A proof of work that makes mass signing costly, without a third party.

Off unless an operator sets ``proof_of_work`` to a number of bits. A script on the review page then
searches for a number that, appended to the form's nonce, gives a SHA-256 digest with that many
leading zero bits. The proof is bound to the nonce, so one proof serves one signature and remains
valid when the page is shown again. Without JavaScript or a proof, a signature is still accepted
after a second press, and held for an organizer.
"""

from __future__ import annotations

import hashlib
import re

NUMBER = re.compile(r"[0-9]{1,15}")


def proves(nonce: str, number: str, bits: int) -> bool:
    """Whether ``number`` is a proof for a form's nonce. At most one hash, whatever was sent."""
    if not nonce or not NUMBER.fullmatch(number):
        return False
    digest = hashlib.sha256(f"{nonce}:{number}".encode("ascii", "replace")).digest()
    return int.from_bytes(digest, "big") >> (256 - bits) == 0
