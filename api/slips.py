"""Numbered slips: what a shop gave while it was offline."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from api.auth import current_actor
from api.documents import resource
from api.schemas.redemptions import RedemptionSchema
from api.schemas.slips import (
    NewPadSchema,
    PadListSchema,
    PadRequestSchema,
    SlipEntrySchema,
    SlipListSchema,
    SlipQuery,
)
from api.till import take_turn
from api.writing import writes
from ledger.core import clock
from ledger.rewards import slips
from ledger.rewards.models import Redemption
from ledger.rewards.redemptions import state_at
from ledger.rewards.slip_models import SlipPad
from ledger.rewards.slips import SlipRow

blp = resource("slips", "Numbered slips, with which a shop redeems while it is offline.")


@blp.get("/slip-pads")
@blp.arguments(SlipQuery, location="query")
@blp.response(200, PadListSchema)
def list_pads(asked: dict[str, Any]) -> dict[str, Any]:
    """The counter's newest ten pads with their slips."""
    found = slips.list_pads(current_actor(), **asked)
    return {"items": [_pad(pad) | {"slips": [_shown(row) for row in rows]} for pad, rows in found]}


@blp.post("/slip-pads")
@blp.arguments(PadRequestSchema)
@blp.response(201, NewPadSchema)
@writes(NewPadSchema, status=201, keyed=True)
def post_pad(asked: dict[str, Any]) -> SlipPad:
    """Twenty blank slips with numbers of their own, to be printed."""
    return slips.print_pad(current_actor(), **asked)


@blp.post("/slips")
@blp.arguments(SlipEntrySchema)
@blp.response(201, RedemptionSchema)
@writes(RedemptionSchema, status=201, keyed=True, first=take_turn)
def post_slip(asked: dict[str, Any]) -> Redemption:
    """Enter a slip: it is reserved for seven days; the member confirms it, or the community after its check."""
    return slips.enter_slip(current_actor(), asked.pop("number"), **asked)


@blp.get("/slips")
@blp.response(200, SlipListSchema)
def list_slips() -> dict[str, Any]:
    """The slips that wait for their member or for the community's check, oldest first."""
    return {"items": [_shown(row) for row in slips.list_waiting(current_actor())]}


@blp.post("/slips/<id:slip_id>/acceptance")
@blp.response(200, RedemptionSchema)
@writes(RedemptionSchema, keyed=True)
def post_acceptance(slip_id: UUID) -> Redemption:
    """Confirm a slip for its member, after the community's check of paper and word."""
    return slips.accept_slip(current_actor(), slip_id)


def _pad(pad: SlipPad) -> dict[str, Any]:
    return {name: getattr(pad, name) for name in NewPadSchema().fields}


def _shown(row: SlipRow) -> dict[str, Any]:
    slip, redemption = row
    plain = {name: getattr(slip, name) for name in ("id", "number", "filled_on", "entered_at", "redemption_id")}
    if redemption is None:
        return plain | {"status": None, "points": None}
    return plain | {"status": state_at(redemption, clock.now()), "points": redemption.points}
