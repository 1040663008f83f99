"""Funds: who pays the shops, and what is left."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, url_for

from api.auth import current_actor
from api.schemas.funds import FundGrantRequestSchema, FundLevelsSchema, FundRequestSchema, NamingSchema
from ledger.core.tenancy import Actor
from ledger.rewards import donors, fund_levels, funds, outlook
from ledger.rewards.models import Fund
from web.forms import read_button, send

page = Blueprint("funds", __name__)

MOST = 200


@page.get("/c/<id:community_id>/funds")
def list_all() -> Any:
    """Every fund with what was granted, is reserved, was spent and is left."""
    return _list(current_actor())


def _list(actor: Actor, **again: Any) -> str:
    return render_template(
        "funds/list.html",
        funds=[(*row, fund_levels.level_of(*row)) for row in funds.list_funds(actor, limit=MOST)],
        liability=outlook.liability_of(actor),
        can_manage=funds.may_manage(actor),
        **({"values": {}, "errors": {}, "refusal": None} | again),
    )


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
        level=fund_levels.level_of(fund, figures),
        forecast=outlook.forecasts_of(actor, [(fund_id, figures)])[fund_id],
        grants=funds.grants_of(actor, fund_id),
        taken_back={grant_id: amount for _, grant_id, amount in funds.taken_back_of(actor.tenant, [fund_id])},
        can_manage=funds.may_manage(actor),
        **({"values": {}, "errors": {}, "refusal": None, "levels": _typed_levels(fund)} | again),
    )


def _typed_levels(fund: Fund) -> dict[str, str]:
    return {name: f"{getattr(fund, name) / 100:.2f}".removesuffix(".00") for name in ("low_fen", "very_low_fen")}


@page.post("/c/<id:community_id>/funds/<id:fund_id>/levels")
def set_levels(fund_id: UUID) -> Any:
    """Staff are told when less than these amounts is left."""
    actor = current_actor()
    return send(
        FundLevelsSchema(),
        lambda values: fund_levels.set_levels(actor, fund_id, **values).id,
        to=lambda done: url_for(".show", fund_id=done),
        again=lambda values, **again: _one(fund_id, levels=values, **again),
    )


@page.post("/c/<id:community_id>/funds/<id:fund_id>/grants/<id:grant_id>/naming")
def name_donor(fund_id: UUID, grant_id: UUID) -> Any:
    """The donor is named in public, or no longer."""
    actor, asked = current_actor(), read_button(NamingSchema())
    return send(
        None,
        lambda _: donors.name_donor(actor, fund_id, grant_id, **asked).fund_id,
        to=lambda done: url_for(".show", fund_id=done),
        again=lambda **again: _one(fund_id, **again),
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
