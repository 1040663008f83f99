"""Vouchers: bought with points, shown at the counter later, blocked, returned."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from api.auth import current_actor
from api.documents import resource
from api.pages import page
from api.redemptions import way_of
from api.schemas.redemptions import RedemptionSchema
from api.schemas.vouchers import (
    VoucherPageSchema,
    VoucherQuery,
    VoucherRequestSchema,
    VoucherSchema,
    VoucherStepSchema,
    VoucherUseSchema,
)
from api.till import take_turn
from api.writing import writes
from ledger.rewards import voucher_reading, vouchers
from ledger.rewards.models import Redemption
from ledger.rewards.voucher_models import Voucher
from ledger.rewards.voucher_reading import VoucherView

blp = resource("vouchers", "Cards bought with points and used later.")


@blp.get("/vouchers")
@blp.arguments(VoucherQuery, location="query")
@blp.response(200, VoucherPageSchema)
def list_vouchers(asked: dict[str, Any]) -> dict[str, Any]:
    """The vouchers I may see, newest first unless asked otherwise."""
    limit, cursor, order = asked.pop("limit"), asked.pop("cursor"), asked.pop("sort")
    rows = voucher_reading.list_vouchers(current_actor(), order=order, after=cursor, limit=limit + 1, **asked)
    return page([_shown(row) for row in rows], limit)


@blp.post("/vouchers")
@blp.arguments(VoucherRequestSchema)
@blp.response(201, VoucherStepSchema)
@writes(VoucherStepSchema, status=201, keyed=True)
def post_voucher(asked: dict[str, Any]) -> Voucher:
    """Pay my points for a voucher of an offer; its terms stay those of today."""
    return vouchers.buy(current_actor(), asked["offer_id"], quantity=asked["quantity"])


@blp.get("/vouchers/<id:voucher_id>")
@blp.response(200, VoucherSchema)
def get_voucher(voucher_id: UUID) -> dict[str, Any]:
    """One voucher with the names that belong to it."""
    return _shown(voucher_reading.see_voucher(current_actor(), voucher_id))


@blp.post("/vouchers/<id:voucher_id>/use")
@blp.arguments(VoucherUseSchema)
@blp.response(201, RedemptionSchema)
@writes(RedemptionSchema, status=201, keyed=True, first=lambda asked: take_turn(asked["via"]))
def post_use(asked: dict[str, Any], voucher_id: UUID) -> Redemption:
    """As a clerk, take a member's voucher: a redemption that the member confirms within 15 minutes, or a card's PIN."""
    way = way_of(asked.pop("via"))
    return vouchers.use(current_actor(), voucher_id, way=way, **asked)


@blp.post("/vouchers/<id:voucher_id>/block")
@blp.response(200, VoucherStepSchema)
@writes(VoucherStepSchema)
def post_block(voucher_id: UUID) -> Voucher:
    """Nobody can use it until the block is lifted."""
    return vouchers.block(current_actor(), voucher_id)


@blp.post("/vouchers/<id:voucher_id>/unblock")
@blp.response(200, VoucherStepSchema)
@writes(VoucherStepSchema)
def post_unblock(voucher_id: UUID) -> Voucher:
    """It can be used again. What staff blocked, staff unblock."""
    return vouchers.unblock(current_actor(), voucher_id)


@blp.post("/vouchers/<id:voucher_id>/return")
@blp.response(200, VoucherStepSchema)
@writes(VoucherStepSchema, keyed=True)
def post_return(voucher_id: UUID) -> Voucher:
    """Give my unused voucher back: its points are mine again, each with the date it had."""
    return vouchers.return_voucher(current_actor(), voucher_id)


def _shown(view: VoucherView) -> dict[str, Any]:
    plain = {name: getattr(view.voucher, name) for name in VoucherStepSchema().fields if name != "status"}
    names = {name: getattr(view, name) for name in ("offer_kind", "merchant_name", "member_name")}
    return plain | names | {"state": view.status, "offer_name": view.terms.name}
