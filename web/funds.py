"""Funds: who pays the shops, and what is left."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, url_for

from api.auth import current_actor
from api.schemas.funds import FundGrantRequestSchema, FundRequestSchema
from ledger.core.permissions import COMMUNITY, reach
from ledger.core.tenancy import Actor
from ledger.rewards import funds
from web.forms import send

page = Blueprint("funds", __name__)

MOST = 200


@page.get("/c/<id:community_id>/funds")
def list_all() -> Any:
    """Every fund with what was granted, is reserved, was spent and is left."""
    return _list(current_actor())


def _list(actor: Actor, **again: Any) -> str:
    return render_template(
        "funds/list.html",
        funds=funds.list_funds(actor, limit=MOST),
        can_manage=_manages(actor),
        **({"values": {}, "errors": {}, "refusal": None} | again),
    )


def _manages(actor: Actor) -> bool:
    return any(scope & COMMUNITY for scope in reach(actor, "manage_funds").values())


@page.post("/c/<id:community_id>/funds")
def create() -> Any:
    """A new fund, still empty."""
    actor = current_actor()
    return send(
        FundRequestSchema(),
        lambda values: funds.create_fund(actor, **values).id,
        to=lambda fund_id: url_for(".show", fund_id=fund_id),
        again=lambda **again: _list(actor, **again),
    )


@page.get("/c/<id:community_id>/funds/<id:fund_id>")
def show(fund_id: UUID) -> Any:
    """One fund: its figures, what came in, and the form for more."""
    return _one(fund_id)


def _one(fund_id: UUID, **again: Any) -> str:
    actor = current_actor()
    fund, figures = funds.see_fund(actor, fund_id)
    return render_template(
        "funds/show.html",
        fund=fund,
        figures=figures,
        grants=funds.grants_of(actor, fund_id),
        taken_back={grant_id: amount for _, grant_id, amount in funds.taken_back_of(actor.tenant, [fund_id])},
        can_manage=_manages(actor),
        **({"values": {}, "errors": {}, "refusal": None} | again),
    )


@page.post("/c/<id:community_id>/funds/<id:fund_id>/grants")
def grant(fund_id: UUID) -> Any:
    """Money from the community's account stands in the fund."""
    actor = current_actor()
    return send(
        FundGrantRequestSchema(),
        lambda values: funds.grant_money(actor, fund_id, **values).fund_id,
        to=lambda done: url_for(".show", fund_id=done),
        again=lambda **again: _one(fund_id, **again),
    )
