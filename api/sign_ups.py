"""Signing up for activities, the line for places that become free, and taking one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from api.auth import current_actor
from api.documents import resource
from api.pages import page
from api.schemas.fields import PageQuery
from api.schemas.sign_ups import SignUpPageSchema, SignUpRequestSchema, SignUpSchema
from api.writing import writes
from ledger.service import sign_ups
from ledger.service.models import SignUp

blp = resource("sign-ups", "Places at activities, and the line for them.")


@blp.get("/activities/<id:activity_id>/sign-ups")
@blp.arguments(PageQuery, location="query")
@blp.response(200, SignUpPageSchema)
def list_sign_ups(asked: dict[str, Any], activity_id: UUID) -> dict[str, Any]:
    """Who signed up, in the order of asking: all for whoever manages the activity, else my own."""
    rows = sign_ups.list_sign_ups(current_actor(), activity_id, after=asked["cursor"], limit=asked["limit"] + 1)
    return page(rows, asked["limit"])


@blp.post("/activities/<id:activity_id>/sign-ups")
@blp.arguments(SignUpRequestSchema)
@blp.response(200, SignUpSchema)
@writes(SignUpSchema)
def post_sign_up(asked: dict[str, Any], activity_id: UUID) -> SignUp:
    """Sign up: a place, or the end of the line; signing up again answers the same."""
    return sign_ups.sign_up(current_actor(), activity_id, member_id=asked["on_behalf_of"])


@blp.post("/sign-ups/<id:sign_up_id>/confirm")
@blp.response(200, SignUpSchema)
@writes(SignUpSchema)
def post_confirm(sign_up_id: UUID) -> SignUp:
    """Take the place that is kept for me."""
    return sign_ups.confirm(current_actor(), sign_up_id)


@blp.post("/sign-ups/<id:sign_up_id>/cancel")
@blp.response(200, SignUpSchema)
@writes(SignUpSchema)
def post_cancel(sign_up_id: UUID) -> SignUp:
    """I do not come; the place goes to the next in the line."""
    return sign_ups.cancel(current_actor(), sign_up_id)
