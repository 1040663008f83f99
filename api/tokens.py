"""/me/tokens: tokens that a person makes for programs."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from api.auth import current_actor
from api.documents import global_resource
from api.schemas.account import NewTokenSchema, TokenListSchema, TokenRequestSchema
from api.writing import writes
from ledger.people import tokens
from ledger.people.models import Session

blp = global_resource("tokens", "Tokens for programs: named, scoped, expiring, shown once.")


@blp.get("/me/tokens")
@blp.response(200, TokenListSchema)
def list_tokens() -> dict[str, Any]:
    """My live tokens, newest first."""
    return {"items": [shown(one) for one in tokens.mine(current_actor())]}


@blp.post("/me/tokens")
@blp.arguments(TokenRequestSchema)
@blp.response(201, NewTokenSchema)
@writes(NewTokenSchema, status=201)
def post_token(asked: dict[str, Any]) -> dict[str, Any]:
    """Make a token; it is shown this once."""
    token, made = tokens.create_token(current_actor(), **asked)
    return shown(made) | {"token": token}


@blp.delete("/me/tokens/<id:token_id>")
@blp.response(204)
@writes(None, status=204)
def delete_token(token_id: UUID) -> None:
    """Revoke it, at once."""
    tokens.revoke_token(current_actor(), token_id)


def shown(session: Session) -> dict[str, Any]:
    """A token as its person reads of it."""
    names = ("id", "created_at", "expires_at", "last_seen_on")
    return {name: getattr(session, name) for name in names} | {
        "name": session.label,
        "scopes": (session.scopes or "").split(),
    }
