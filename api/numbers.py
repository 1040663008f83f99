"""Numbers: my own new one, and what staff does about a lost or recycled one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import request

from api.auth import current_actor
from api.documents import global_resource, resource
from api.schemas.numbers import NewNumberSchema, OwnNumberSchema
from api.writing import writes
from ledger.people import numbers, own_number, sign_in

mine = global_resource("my-number", "My number for signing in.")
blp = resource("numbers", "Numbers of members, lost or recycled, in the hands of staff.")


@mine.post("/me/number/codes")
@mine.arguments(NewNumberSchema)
@mine.response(202, description="A code is on its way to the new number.")
@writes(None, status=202, then=lambda asked: sign_in.deliver_code(asked["phone"]))
def send_code(asked: dict[str, Any]) -> None:
    """Send a code to my new number."""
    own_number.ask_new_number(current_actor(), asked["phone"], request.remote_addr or "")


@mine.post("/me/number")
@mine.arguments(OwnNumberSchema)
@mine.response(204)
@writes(None, status=204)
def change_number(asked: dict[str, Any]) -> None:
    """My number is the new one, and my other sign-ins are over."""
    own_number.change_number(current_actor(), asked["phone"], asked["code"])


@blp.post("/members/<id:member_id>/number")
@blp.arguments(NewNumberSchema)
@blp.response(204)
@writes(None, status=204)
def post_number(asked: dict[str, Any], member_id: UUID) -> None:
    """Enter the new number of a member seen in person; nothing is redeemed with it for 72 hours."""
    numbers.replace_number(current_actor(), member_id, asked["phone"])


@blp.post("/members/<id:member_id>/number/report")
@blp.response(204)
@writes(None, status=204)
def post_report(member_id: UUID) -> None:
    """The number is said to be somebody else's: the next sign-in asks for a second proof."""
    numbers.report_number(current_actor(), member_id)


@blp.post("/members/<id:member_id>/number/confirm")
@blp.response(204)
@writes(None, status=204)
def post_confirmation(member_id: UUID) -> None:
    """The member was seen with this number: no proof is asked."""
    numbers.confirm_number(current_actor(), member_id)
