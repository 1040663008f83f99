"""What led to a transfer, in words, with the way there for whoever may go it."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from flask import url_for
from flask_babel import gettext as _

from ledger.book import reading, reversal_reading
from ledger.book.models import Transfer
from ledger.core.permissions import COMMUNITY, UNIT, reach, reaches_all
from ledger.core.tenancy import Actor
from ledger.recognition import honours
from ledger.rewards import donations, funds, receipts, refunds, voucher_reading
from ledger.service import waiting
from ledger.settlement import reading as statements
from web import formats

NOTHING = {"detail": "", "href": ""}


def described(actor: Actor, transfer: Transfer) -> dict[str, str]:
    """{detail, href}: what the source was called, and its page; both empty where there is none to show."""
    describe = SOURCES.get(transfer.source_type)
    return describe(actor, transfer) if describe else NOTHING


def _stamp(actor: Actor, transfer: Transfer) -> dict[str, str]:
    return _stamped(actor, transfer.source_id)


def _stamped(actor: Actor, stamp_id: UUID) -> dict[str, str]:
    stamped = waiting.stamped_visit(actor.tenant, stamp_id)
    if stamped is None:
        return NOTHING
    # Whoever stamps only as the second person has no batches of their own to look at.
    stamps = any(scope & (COMMUNITY | UNIT) for scope in reach(actor, "stamp").values())
    href = url_for("web.stamps.show_batch", batch_id=stamped.batch_id) if stamps else ""
    return {"detail": f"{stamped.activity_name} · {formats.when(stamped.arrived_at)}", "href": href}


def _stamp_undo(actor: Actor, transfer: Transfer) -> dict[str, str]:
    """The stamp that was undone is the source of what is taken back."""
    if transfer.reverses_id is None:
        return NOTHING
    return _stamped(actor, reading.see_transfer(actor, transfer.reverses_id).source_id)


def _redemption(actor: Actor, transfer: Transfer) -> dict[str, str]:
    return _redeemed(actor, transfer.source_id)


def _redeemed(actor: Actor, redemption_id: UUID) -> dict[str, str]:
    if not reach(actor, "see_redemptions"):
        return NOTHING
    receipt = receipts.see_redemption(actor, redemption_id)
    href = url_for("web.redemptions.show", redemption_id=redemption_id)
    return {"detail": f"{receipt.merchant_name} · {receipt.offer_name}", "href": href}


def _refund(actor: Actor, transfer: Transfer) -> dict[str, str]:
    redemption_id = refunds.redemption_of(actor.tenant, transfer.source_id)
    return _redeemed(actor, redemption_id) if redemption_id is not None else NOTHING


def _fund_grant(actor: Actor, transfer: Transfer) -> dict[str, str]:
    granted = funds.fund_of_grant(actor.tenant, transfer.source_id)
    if granted is None:
        return NOTHING
    fund_id, donor = granted
    # The page of a fund is for whoever sees the business of the whole community.
    is_seen = reaches_all(reach(actor, "see_redemptions"))
    return {"detail": donor, "href": url_for("web.funds.show", fund_id=fund_id) if is_seen else ""}


def _settlement(actor: Actor, transfer: Transfer) -> dict[str, str]:
    if not reach(actor, "see_settlements"):
        return NOTHING
    statement, merchant = statements.see_settlement(actor, transfer.source_id)
    href = url_for("web.settlements.show", settlement_id=transfer.source_id)
    return {"detail": f"{merchant.name} · {formats.week_name(statement.week)}", "href": href}


def _reversal(actor: Actor, transfer: Transfer) -> dict[str, str]:
    request, _reversed = reversal_reading.see_reversal(actor, transfer.source_id)
    return {"detail": request.reason, "href": url_for("web.reversals.show", reversal_id=request.id)}


def _voucher(actor: Actor, transfer: Transfer) -> dict[str, str]:
    if not reach(actor, "see_redemptions"):
        return NOTHING
    view = voucher_reading.see_voucher(actor, transfer.source_id)
    href = url_for("web.vouchers.show", voucher_id=transfer.source_id)
    return {"detail": f"{view.merchant_name} · {view.terms.name}", "href": href}


def _donation(actor: Actor, transfer: Transfer) -> dict[str, str]:
    if not reach(actor, "see_donations"):
        return NOTHING
    view = donations.see_donation(actor, transfer.source_id)
    return {"detail": view.purpose, "href": url_for("web.donations.show", donation_id=transfer.source_id)}


def _expiry(_actor: Actor, _transfer: Transfer) -> dict[str, str]:
    return {"detail": _("红花有效期"), "href": url_for("web.expiry.show")}


def _honour(actor: Actor, transfer: Transfer) -> dict[str, str]:
    title, commendation_id = honours.led_by(actor.tenant, transfer.source_id)
    return {"detail": title, "href": url_for("web.commendations.show", commendation_id=commendation_id)}


SOURCES: dict[str, Callable[[Actor, Transfer], dict[str, str]]] = {
    "stamp": _stamp,
    "stamp_undo": _stamp_undo,
    "redemption": _redemption,
    "refund": _refund,
    "fund_grant": _fund_grant,
    "settlement": _settlement,
    "reversal": _reversal,
    "expiry": _expiry,
    "voucher": _voucher,
    "donation": _donation,
    "donation_undo": _donation,
    "honour": _honour,
}
