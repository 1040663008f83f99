"""What led to a transfer, in words, with the way there for whoever may go it."""

from __future__ import annotations

from uuid import UUID

from flask import url_for

from ledger.book import reversal_reading
from ledger.book.models import Transfer
from ledger.core.permissions import may, reach
from ledger.core.tenancy import Actor
from ledger.rewards import receipts
from ledger.service import waiting
from ledger.settlement import reading as statements
from web import formats


def described(actor: Actor, transfer: Transfer) -> dict[str, str]:
    """{detail, href}: what the source was called, and its page; both empty where there is none to show."""
    describe = SOURCES.get(transfer.source_type)
    return describe(actor, transfer.source_id) if describe else {"detail": "", "href": ""}


def _stamp(actor: Actor, stamp_id: UUID) -> dict[str, str]:
    stamped = waiting.stamped_visit(actor.tenant, stamp_id)
    if stamped is None:
        return {"detail": "", "href": ""}
    href = url_for("web.stamps.show_batch", batch_id=stamped.batch_id) if may(actor, "stamp") else ""
    return {"detail": f"{stamped.activity_name} · {formats.when(stamped.arrived_at)}", "href": href}


def _redemption(actor: Actor, redemption_id: UUID) -> dict[str, str]:
    if not reach(actor, "see_redemptions"):
        return {"detail": "", "href": ""}
    receipt = receipts.see_redemption(actor, redemption_id)
    href = url_for("web.redemptions.show", redemption_id=redemption_id)
    return {"detail": f"{receipt.merchant_name} · {receipt.offer_name}", "href": href}


def _settlement(actor: Actor, settlement_id: UUID) -> dict[str, str]:
    if not reach(actor, "see_settlements"):
        return {"detail": "", "href": ""}
    statement, merchant = statements.see_settlement(actor, settlement_id)
    href = url_for("web.settlements.show", settlement_id=settlement_id)
    return {"detail": f"{merchant.name} · {formats.week_name(statement.week)}", "href": href}


def _reversal(actor: Actor, request_id: UUID) -> dict[str, str]:
    request, _transfer = reversal_reading.see_reversal(actor, request_id)
    return {"detail": request.reason, "href": url_for("web.reversals.show", reversal_id=request_id)}


SOURCES = {
    "stamp": _stamp,
    "redemption": _redemption,
    "settlement": _settlement,
    "reversal": _reversal,
}
