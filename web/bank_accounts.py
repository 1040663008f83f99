"""A shop's bank account, and the money it received."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, url_for

from api.auth import current_actor
from api.schemas.bank_accounts import BankAccountRequestSchema
from ledger.core.permissions import may
from ledger.rewards import merchants
from ledger.settlement import bank_accounts, reading
from ledger.settlement.payout_models import BankAccount
from web.forms import send

page = Blueprint("bank_accounts", __name__)

RECEIVED = 26
"""Half a year of weeks."""


@page.get("/c/<id:community_id>/merchants/<id:merchant_id>/bank-account")
def show(merchant_id: UUID) -> Any:
    """Where the shop is paid, what changes, and what came."""
    return _show(merchant_id)


def _show(merchant_id: UUID, **again: Any) -> str:
    actor = current_actor()
    accounts = bank_accounts.list_accounts(actor, merchant_id)
    received = reading.list_received(actor, merchant_id, limit=RECEIVED)
    return render_template(
        "bank_accounts/show.html",
        merchant=merchants.load_merchant(actor.tenant, merchant_id),
        accounts=accounts,
        received=received,
        may_ask=may(actor, bank_accounts.ASK, merchant_id=merchant_id),
        **({"values": {}, "errors": {}, "refusal": None} | again),
    )


def _step(merchant_id: UUID, verb: Callable[[Any], BankAccount], schema: Any = None) -> Any:
    return send(
        schema,
        verb,
        to=lambda _: url_for(".show", merchant_id=merchant_id),
        again=lambda **again: _show(merchant_id, **again),
    )


@page.post("/c/<id:community_id>/merchants/<id:merchant_id>/bank-account")
def ask(merchant_id: UUID) -> Any:
    """Another account waits for a second person."""
    actor = current_actor()
    schema = BankAccountRequestSchema()
    return _step(merchant_id, lambda said: bank_accounts.ask_account(actor, merchant_id, **said), schema)


@page.post("/c/<id:community_id>/merchants/<id:merchant_id>/bank-account/<id:account_id>/approve")
def approve(merchant_id: UUID, account_id: UUID) -> Any:
    """Checked by the second person."""
    actor = current_actor()
    return _step(merchant_id, lambda _: bank_accounts.approve_account(actor, account_id))


@page.post("/c/<id:community_id>/merchants/<id:merchant_id>/bank-account/<id:account_id>/stop")
def stop(merchant_id: UUID, account_id: UUID) -> Any:
    """Stopped before it was used."""
    actor = current_actor()
    return _step(merchant_id, lambda _: bank_accounts.stop_account(actor, account_id))
