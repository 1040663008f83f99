"""POST /sign-in/codes and POST /sign-in: phone and one-time code, or phone and password."""

from __future__ import annotations

from typing import Any

from flask import request

from api.auth import public
from api.documents import global_resource
from api.schemas.sign_in import CodeRequestSchema, SignedInSchema, SignInRequestSchema
from api.writing import writes
from ledger.core.tenancy import Actor
from ledger.people import devices, sessions, sign_in

blp = global_resource("sign_in", "Sign in by phone and one-time code, or by password.")


@blp.post("/sign-in/codes")
@public
@blp.arguments(CodeRequestSchema)
@blp.response(202, description="A code is on its way if the number can receive one.")
@writes(None, status=202, then=lambda asked: sign_in.deliver_code(asked["phone"]))
def send_code(asked: dict[str, Any]) -> None:
    """Send a one-time code to a phone."""
    sign_in.send_code(asked["phone"], request.remote_addr or "", device=asked["device"])


@blp.post("/sign-in")
@public
@blp.arguments(SignInRequestSchema)
@blp.response(200, SignedInSchema)
@writes(SignedInSchema)
def post_sign_in(given: dict[str, Any]) -> dict[str, Any]:
    """Use the code up (or give the password) and open a session."""
    token, actor = _open(given, label=devices.called(request.user_agent.string), address=request.remote_addr or "")
    session = next(one for one in sessions.mine(actor) if one.id == actor.session_id)
    return {"token": token, "expires_at": session.expires_at, "person": {"id": actor.person_id}}


def _open(given: dict[str, Any], **seen: str) -> tuple[str, Actor]:
    phone, password, code = given["phone"], given["password"], given["code"]
    more = {"totp": given["totp"], "device": given["device"], **seen}
    if password is not None:
        return sign_in.sign_in_with_password(phone, password, **more)
    return sign_in.sign_in(phone, code, given=given["consents"], proof=given["proof"], **more)
