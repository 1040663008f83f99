"""Device grants: with one, a phone sends the check-ins that it recorded without the network."""

from __future__ import annotations

from typing import Any

from api.auth import current_actor
from api.documents import resource
from api.schemas.account import DeviceGrantRequestSchema, NewTokenSchema
from api.tokens import shown
from api.writing import writes
from ledger.people import tokens

blp = resource("device-grants", "A token of one device that records and reads nothing, for a week.")


@blp.post("/device-grants")
@blp.arguments(DeviceGrantRequestSchema)
@blp.response(201, NewTokenSchema)
@writes(NewTokenSchema, status=201)
def post_device_grant(asked: dict[str, Any]) -> dict[str, Any]:
    """A token for this device; shown once, listed and revoked under /me/tokens."""
    token, made = tokens.grant_device(current_actor(), asked["name"])
    return shown(made) | {"token": token}
