"""Redemptions: reserved, confirmed by the member, cancelled, refunded."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from api.auth import current_actor
from api.documents import resource
from api.list_files import as_files
from api.pages import page
from api.schemas.redemptions import (
    ReceiptPageSchema,
    ReceiptSchema,
    RedemptionQuery,
    RedemptionRequestSchema,
    RedemptionSchema,
    RefundRequestSchema,
    RefundSchema,
)
from api.till import take_turn
from api.writing import writes
from ledger.rewards import pools, receipts, redemptions, refunds
from ledger.rewards.models import Redemption, Refund
from ledger.rewards.pooling import Share
from ledger.rewards.receipts import Receipt
from ledger.rewards.ways import ByCard, ByMemberCode, ByPoster, ByTill, Way

blp = resource("redemptions", "Points for something at a shop.")


@blp.get("/redemptions")
@blp.arguments(RedemptionQuery, location="query")
@blp.response(200, ReceiptPageSchema)
@as_files(blp, "redemptions", RedemptionQuery, ReceiptPageSchema)
def list_redemptions(asked: dict[str, Any]) -> dict[str, Any]:
    """The redemptions I may see, newest first unless asked otherwise."""
    limit, cursor, order = asked.pop("limit"), asked.pop("cursor"), asked.pop("sort")
    rows = receipts.list_redemptions(current_actor(), order=order, after=cursor, limit=limit + 1, **asked)
    return page([_shown(row) for row in rows], limit)


@blp.post("/redemptions")
@blp.arguments(RedemptionRequestSchema)
@blp.response(201, RedemptionSchema)
@writes(RedemptionSchema, status=201, keyed=True, first=lambda asked: take_turn(asked["via"]))
def post_redemption(asked: dict[str, Any]) -> Redemption:
    """Reserve for 15 minutes: by the poster for myself or whom I help, as a clerk by a code; a card's PIN confirms."""
    way, shares = way_of(asked.pop("via")), [Share(**one) for one in asked.pop("contributions")]
    return redemptions.reserve(current_actor(), asked.pop("offer_id"), way=way, contributions=shares, **asked)


@blp.get("/redemptions/<id:redemption_id>")
@blp.response(200, ReceiptSchema)
def get_redemption(redemption_id: UUID) -> dict[str, Any]:
    """One redemption with the names that belong to it."""
    return _shown(receipts.see_redemption(current_actor(), redemption_id))


@blp.post("/redemptions/<id:redemption_id>/confirm")
@blp.response(200, RedemptionSchema)
@writes(RedemptionSchema, keyed=True)
def post_confirmation(redemption_id: UUID) -> Redemption:
    """Confirm my redemption, or that of a member who named me: now the points are the shop's. Nobody else can."""
    return redemptions.confirm(current_actor(), redemption_id)


@blp.post("/redemptions/<id:redemption_id>/agree")
@blp.response(200, RedemptionSchema)
@writes(RedemptionSchema, keyed=True)
def post_agreement(redemption_id: UUID) -> Redemption:
    """Agree to pay my part of what my household redeems; who does not want to cancels it."""
    return pools.agree(current_actor(), redemption_id)


@blp.post("/redemptions/<id:redemption_id>/cancel")
@blp.response(200, RedemptionSchema)
@writes(RedemptionSchema, keyed=True)
def post_cancellation(redemption_id: UUID) -> Redemption:
    """Give a reservation back: my own, one that I was to pay a part of, or at the counter of its branch."""
    return redemptions.cancel(current_actor(), redemption_id)


@blp.post("/redemptions/<id:redemption_id>/refund")
@blp.arguments(RefundRequestSchema)
@blp.response(201, RefundSchema)
@writes(RefundSchema, status=201, keyed=True)
def post_refund(asked: dict[str, Any], redemption_id: UUID) -> Refund:
    """Refund all or part of a confirmed redemption, before or after its settlement."""
    return refunds.refund(current_actor(), redemption_id, **asked)


@blp.post("/redemptions/<id:redemption_id>/undo")
@blp.response(201, RefundSchema)
@writes(RefundSchema, status=201, keyed=True)
def post_undo(redemption_id: UUID) -> Refund:
    """Undo my own operation within ten minutes: the whole redemption is refunded."""
    return refunds.undo(current_actor(), redemption_id)


def way_of(via: dict[str, Any]) -> Way:
    """The way that `ViaSchema` names."""
    if "merchant_code" in via:
        return ByPoster(via["merchant_code"])
    if "member_code" in via:
        return ByMemberCode(via["member_code"])
    if "till_id" in via:
        return ByTill(via["till_id"], via.get("pin"))
    return ByCard(via["card_code"], via["pin"])


def _shown(receipt: Receipt) -> dict[str, Any]:
    redemption = receipt.redemption
    plain = {name: getattr(redemption, name) for name in RedemptionSchema().fields if name != "status"}
    names = {name: getattr(receipt, name) for name in set(ReceiptSchema().fields) - set(RedemptionSchema().fields)}
    return plain | names | {"state": receipt.status}
