"""A shop owner's day: the statement to confirm, the week so far, when money comes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, url_for
from flask_babel import gettext

from api.auth import current_actor
from ledger.core.permissions import require_any
from ledger.core.tenancy import Actor, Role
from ledger.rewards import complaint_reading
from ledger.settlement import open_week, reading
from ledger.settlement.models import SettlementState
from web.office import Pile

page = Blueprint("storefront", __name__)

MOST = 6
COMING = (SettlementState.CONFIRMED, SettlementState.APPROVED)
COME = (SettlementState.PAID, SettlementState.RECONCILED)


@page.get("/c/<id:community_id>/shop")
def show() -> Any:
    """What waits for the owner, what the shops of theirs earned, and the money on its way."""
    actor = current_actor()
    require_any(actor, "confirm_settlement")
    return render_template(
        "storefront.html",
        waiting_list=[pile for pile in _piles(actor) if pile.count],
        statements=_statements(actor, SettlementState.ISSUED),
        coming=[one for state in COMING for one in _statements(actor, state)],
        come=max((one for state in COME for one in _statements(actor, state)), key=_paid_at, default=None),
        weeks=[open_week.see_open_week(actor, merchant_id) for merchant_id in _shops_of(actor)],
    )


def _shops_of(actor: Actor) -> list[UUID]:
    return list(dict.fromkeys(one.merchant_id for one in actor.counters if one.role is Role.OWNER))


def _statements(actor: Actor, state: SettlementState) -> list[dict[str, Any]]:
    rows = [reading.list_settlements(actor, status=state, merchant_id=one, limit=MOST) for one in _shops_of(actor)]
    return [{"settlement": settlement, "merchant": merchant} for found in rows for settlement, merchant in found]


def _paid_at(one: dict[str, Any]) -> Any:
    return one["settlement"].paid_at


def _piles(actor: Actor) -> Iterator[Pile]:
    found = complaint_reading.count_waiting_for(actor)
    href, words = url_for("web.complaints.list_all"), gettext("7 个工作日内答复，由社区结案")
    yield Pile(gettext("兑换意见等处理"), words, href, "flag", found.open)
