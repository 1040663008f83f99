"""My redemptions: confirmation, receipt, list."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from api.auth import current_actor
from api.pages import page as page_of
from api.schemas.fields import Month
from api.schemas.redemptions import RedemptionQuery, RefundRequestSchema
from ledger.book.balances import member_balance
from ledger.book.codes import Code
from ledger.core import clock
from ledger.core.permissions import may
from ledger.core.spreadsheets import Cell
from ledger.core.tenancy import Actor
from ledger.people.list_exports import read_whole
from ledger.rewards import pooling, pools, receipts, redemptions, refunds
from ledger.rewards.models import Redemption, RedemptionState
from ledger.rewards.receipts import Receipt
from web import complaints, formats
from web.acting import act_for, cursor, own_balance, own_member
from web.forms import ask, read, submit
from web.proofs import proofs_of
from web.sheets import Sheet, as_files, within_month
from web.state_words import REDEMPTION

page = Blueprint("redemptions", __name__)

PAGE_SIZE = 50
FRESH = timedelta(minutes=5)
"""So long a receipt is being shown to the clerk."""

NOT_PAID = (RedemptionState.CANCELLED, RedemptionState.EXPIRED)


# --- how they are shown -----------------------------------------------------------------------------------------


def shown(receipt: Receipt) -> dict[str, Any]:
    """A redemption as confirmation, kit.receipt and list know it."""
    redemption = receipt.redemption
    names = ("id", "quantity", "points", "receipt_number", "expires_at", "confirmed_at")
    return {name: getattr(redemption, name) for name in names} | {
        "shop": receipt.merchant_name,
        "branch": receipt.branch_name if receipt.branch_name != receipt.merchant_name else "",
        "offer": receipt.offer_name,
        "member": receipt.member_name,
        "status": receipt.status.value,
        "at": redemption.confirmed_at or redemption.reserved_at,
        "acted_by": receipt.acted_by,
        "by_voucher": redemption.voucher_id is not None,
        "own_points": redemption.points - redemption.pooled_points,
        "parts": receipt.parts,
        "bill": redemption.bill_fen,
        "off": redemption.discount_fen,
    }


def entries(found: list[Receipt]) -> list[dict[str, Any]]:
    """Redemptions as kit.log_list shows them."""
    return [
        {
            "kind": "redemption",
            "href": url_for("web.redemptions.show", redemption_id=one.redemption.id),
            "title": f"{one.merchant_name} · {one.offer_name}",
            "at": one.redemption.confirmed_at or one.redemption.reserved_at,
            "points": 0
            if one.status in NOT_PAID or one.redemption.voucher_id
            else -(one.redemption.points - one.redemption.pooled_points),
            "status": one.status.value,
            "acted_by": one.acted_by,
        }
        for one in found
    ]


# --- mine -------------------------------------------------------------------------------------------------------


@page.get("/c/<id:community_id>/redemptions")
def list_mine() -> Any:
    """My redemptions, newest first."""
    rows = receipts.list_redemptions(own_member(), mine=True, after=cursor(), limit=PAGE_SIZE + 1)
    found = page_of(rows, PAGE_SIZE, key="redemption.id")
    return render_template(
        "redemptions/list.html",
        redemptions=[shown(one) for one in found["items"]],
        next_cursor=found["next_cursor"],
    )


class RedemptionFileQuery(RedemptionQuery):
    """The filters of the file."""

    month = Month(load_default=None)


@as_files(page, "/c/<id:community_id>/redemptions")
def make_sheet() -> Sheet:
    """The redemptions that I may see, in the order that was asked for."""
    asked = within_month(ask(RedemptionFileQuery(exclude=("cursor", "limit"))))
    read_page = partial(receipts.list_redemptions, current_actor(), order=asked.pop("sort"), **asked)
    parts = read_whole(read_page, key=lambda receipt: receipt.redemption.id)
    columns = (
        *(_("商户"), _("门店"), _("商品"), _("志愿者"), _("件数"), _("红花"), _("退回红花"), _("状态")),
        *(_("预留时间"), _("确认时间"), _("经办"), _("凭证号")),
    )
    return Sheet(columns, [_row(receipt) for part in parts for receipt in part])


def _row(receipt: Receipt) -> list[Cell]:
    redemption = receipt.redemption
    return [
        receipt.merchant_name,
        receipt.branch_name,
        receipt.offer_name,
        receipt.member_name,
        redemption.quantity,
        redemption.points,
        redemption.refunded_points,
        str(REDEMPTION[receipt.status].text),
        redemption.reserved_at,
        redemption.confirmed_at,
        formats.names(receipt.acted_by),
        redemption.receipt_number,
    ]


@page.get("/c/<id:community_id>/redemptions/<id:redemption_id>")
def show(redemption_id: UUID) -> Any:
    """Reserved: the confirmation. Else: the receipt."""
    return _show(redemption_id)


def _show(redemption_id: UUID, refused: dict[str, str] | None = None) -> str:
    actor = current_actor()
    receipt = receipts.see_redemption(actor, redemption_id)
    is_mine = receipt.redemption.member_id in actor.member_ids
    member_id = receipt.redemption.member_id
    helped_id = act_for(member_id) if member_id in actor.helps else None
    if (is_mine or helped_id) and receipt.status is RedemptionState.RESERVED:
        begun_by = "member" if actor.is_person(receipt.redemption.reserved_by) else "clerk"
        waiting = shown(receipt) | {"begun_by": begun_by}
        balance = own_balance() if is_mine else member_balance(actor.tenant, member_id)
        return render_template("redemptions/confirm.html", redemption=waiting, balance=balance, refusal=refused)
    mine = next((part for part in receipt.parts[1:] if part.member_id in actor.member_ids), None)
    if mine is not None and receipt.status is RedemptionState.RESERVED:
        return render_template("pools/asked.html", redemption=shown(receipt), mine=mine, refusal=refused)
    confirmed_at = receipt.redemption.confirmed_at
    return render_template(
        "redemptions/receipt.html",
        redemption=shown(receipt),
        refunds=_refunds(actor, receipt.redemption),
        proofs=_proofs(actor, receipt.redemption),
        fresh=is_mine and confirmed_at is not None and clock.now() - confirmed_at < FRESH,
        is_mine=is_mine,
        refusal=refused,
        **complaints.of_redemption(actor, receipt.redemption),
    )


def _proofs(actor: Actor, redemption: Redemption) -> list[dict[str, Any]]:
    """Of the redemption; where a voucher paid, its member sees the purchase."""
    found = proofs_of(actor, "redemption", [redemption.id], codes=[Code.REDEEM])[redemption.id]
    if redemption.voucher_id is None:
        return found
    return proofs_of(actor, "voucher", [redemption.voucher_id], codes=[Code.BUY])[redemption.voucher_id] + found


def _refunds(actor: Actor, redemption: Redemption) -> list[dict[str, Any]]:
    if not redemption.refunded_points:
        return []
    rows = refunds.refunds_of(actor, redemption.id)
    proofs = proofs_of(actor, "refund", [row.id for row in rows], codes=[Code.REFUND])
    return [
        {"points": row.points, "at": row.refunded_at, "reason": row.reason, "proofs": proofs[row.id]} for row in rows
    ]


@page.post("/c/<id:community_id>/redemptions/<id:redemption_id>/confirm")
def confirm(redemption_id: UUID) -> Any:
    """Confirmed: the points have moved."""
    outcome = submit(
        lambda: redemptions.confirm(current_actor(), redemption_id),
        lambda done: url_for("web.redemptions.show", redemption_id=done.id),
    )
    return outcome.go() if outcome.refused is None else (_show(redemption_id, outcome.refused), outcome.status)


@page.post("/c/<id:community_id>/redemptions/<id:redemption_id>/agree")
def agree(redemption_id: UUID) -> Any:
    """My part is set aside; whoever asked can confirm."""
    outcome = submit(
        lambda: pools.agree(current_actor(), redemption_id),
        lambda done: url_for("web.redemptions.show", redemption_id=done.id),
    )
    return outcome.go() if outcome.refused is None else (_show(redemption_id, outcome.refused), outcome.status)


@page.post("/c/<id:community_id>/redemptions/<id:redemption_id>/cancel")
def cancel(redemption_id: UUID) -> Any:
    """Cancelled: the points are free again."""
    outcome = submit(lambda: redemptions.cancel(current_actor(), redemption_id), _after_cancelling)
    return outcome.go() if outcome.refused is None else (_show(redemption_id, outcome.refused), outcome.status)


def _after_cancelling(redemption: Redemption) -> str:
    """Back to where one came from: the member's list, or the counter."""
    if pooling.is_contributor(current_actor(), redemption):
        return url_for("web.pools.show_mine")
    is_mine = redemption.member_id == current_actor().member_id
    if redemption.member_id in current_actor().helps:
        return url_for("web.helping.act", member_id=redemption.member_id)
    return url_for("web.redemptions.list_mine" if is_mine else "web.tills.show_counter")


# --- given back -------------------------------------------------------------------------------------------------


@page.get("/c/<id:community_id>/redemptions/<id:redemption_id>/refund")
def show_refund(redemption_id: UUID) -> Any:
    """How many points to give back, and why."""
    return _show_refund(redemption_id)


def _show_refund(
    redemption_id: UUID,
    values: MultiDict[str, str] | None = None,
    errors: dict[str, list[str]] | None = None,
    refused: dict[str, str] | None = None,
) -> str:
    actor = current_actor()
    receipt = refunds.refundable(actor, redemption_id)
    left = receipt.redemption.points - receipt.redemption.refunded_points
    return render_template(
        "redemptions/refund.html",
        redemption=shown(receipt) | {"points_left": left},
        back="web.tills.show_counter" if may_use_till(actor, receipt.redemption) else "web.home.show",
        values=values,
        errors=errors or {},
        refusal=refused,
    )


def may_use_till(actor: Actor, redemption: Redemption) -> bool:
    return may(actor, "use_till", merchant_id=redemption.merchant_id, branch_id=redemption.branch_id)


@page.post("/c/<id:community_id>/redemptions/<id:redemption_id>/refund")
def refund(redemption_id: UUID) -> Any:
    """Refunded, in whole or in part."""
    given, errors = read(RefundRequestSchema())
    if errors:
        return _show_refund(redemption_id, request.form, errors), 422
    outcome = submit(
        lambda: refunds.refund(current_actor(), redemption_id, **given),
        lambda _row: url_for("web.redemptions.show", redemption_id=redemption_id),
    )
    if outcome.refused is None:
        return outcome.go()
    return _show_refund(redemption_id, request.form, refused=outcome.refused), outcome.status
