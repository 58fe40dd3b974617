"""A small calculation that makes signing by the thousand cost something, without a third party.

Off unless an operator sets ``proof_of_work`` to a number of bits. Then a script on the review
page looks for a number that, put behind the form's nonce, gives a SHA-256 that begins with so
many zero bits. It is bound to the nonce, so one proof is for one signature, and what a page
computed once stays good when the page comes back. Without JavaScript, or without a proof, a
signature is taken all the same, with a second step, and held for an organizer.
"""

from __future__ import annotations

import hashlib
import re

NUMBER = re.compile(r"[0-9]{1,15}")


def proves(nonce: str, number: str, bits: int) -> bool:
    """Whether ``number`` is the proof for a form's nonce. One hash, whatever was sent."""
    if not nonce or not NUMBER.fullmatch(number):
        return False
    digest = hashlib.sha256(f"{nonce}:{number}".encode("ascii", "replace")).digest()
    return int.from_bytes(digest, "big") >> (256 - bits) == 0
