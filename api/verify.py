"""Is a printed certificate one of ours? For anybody, by its number."""

from __future__ import annotations

from flask import request

from api.auth import public
from api.documents import global_resource
from api.schemas.certificates import VerifiedSchema
from ledger.recognition import verifying
from ledger.recognition.verifying import Verified

blp = global_resource("verify", "Verification of printed certificates. Public; guesses are counted by address.")


@blp.get("/verify/<number>")
@public
@blp.response(200, VerifiedSchema)
def get_verdict(number: str) -> Verified:
    """`valid` with what was printed, `revoked`, `changed` (it does not match its digest), or `unknown`."""
    return verifying.verify(number, address=request.remote_addr or "")
