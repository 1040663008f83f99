"""POST /sign-in/codes and POST /sign-in: phone and one-time code."""

from __future__ import annotations

from typing import Any

from flask import request

from api.auth import public
from api.documents import global_resource
from api.schemas.sign_in import CodeRequestSchema, SignedInSchema, SignInRequestSchema
from api.writing import writes
from ledger.people import sessions, sign_in

blp = global_resource("sign_in", "Sign in by phone and one-time code.")


@blp.post("/sign-in/codes")
@public
@blp.arguments(CodeRequestSchema)
@blp.response(202, description="A code is on its way if the number can receive one.")
@writes(None, status=202)
def send_code(asked: dict[str, Any]) -> None:
    """Send a one-time code to a phone."""
    sign_in.send_code(asked["phone"], request.remote_addr or "")


@blp.post("/sign-in")
@public
@blp.arguments(SignInRequestSchema)
@blp.response(200, SignedInSchema)
@writes(SignedInSchema)
def post_sign_in(given: dict[str, Any]) -> dict[str, Any]:
    """Use the code up and open a session."""
    label = request.user_agent.string
    token, actor = sign_in.sign_in(given["phone"], given["code"], given=given["consents"], label=label)
    session = next(one for one in sessions.mine(actor) if one.id == actor.session_id)
    return {"token": token, "expires_at": session.expires_at, "person": {"id": actor.person_id}}
