"""Funds: who pays the shops."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from api.auth import current_actor
from api.documents import resource
from api.pages import page
from api.schemas.fields import PageQuery
from api.schemas.funds import (
    FundGrantListSchema,
    FundGrantRequestSchema,
    FundLevelsSchema,
    FundPageSchema,
    FundRequestSchema,
    FundSchema,
    FundWithForecastSchema,
    LiabilitySchema,
    NamingSchema,
    NewFundGrantSchema,
)
from api.writing import writes
from ledger.rewards import donors, fund_levels, funds, outlook
from ledger.rewards.funds import FundFigures
from ledger.rewards.models import Fund, FundGrant
from ledger.rewards.outlook import Liability

blp = resource("funds", "Money set aside for rewards.")


@blp.get("/funds")
@blp.arguments(PageQuery, location="query")
@blp.response(200, FundPageSchema)
def list_funds(asked: dict[str, Any]) -> dict[str, Any]:
    """The community's funds with their figures, newest first."""
    rows = funds.list_funds(current_actor(), after=asked["cursor"], limit=asked["limit"] + 1)
    return page([_shown(*row) for row in rows], asked["limit"])


@blp.post("/funds")
@blp.arguments(FundRequestSchema)
@blp.response(201, FundSchema)
@writes(FundSchema, status=201)
def post_fund(asked: dict[str, Any]) -> Fund:
    """Set up a fund, still empty."""
    return funds.create_fund(current_actor(), asked["name"])


@blp.get("/funds/<id:fund_id>")
@blp.response(200, FundWithForecastSchema)
def get_fund(fund_id: UUID) -> dict[str, Any]:
    """One fund with its figures, and how long its money lasts."""
    actor = current_actor()
    fund, figures = funds.see_fund(actor, fund_id)
    return _shown(fund, figures) | {"forecast": outlook.forecasts_of(actor, [(fund.id, figures)])[fund.id]}


@blp.put("/funds/<id:fund_id>/levels")
@blp.arguments(FundLevelsSchema)
@blp.response(200, FundSchema)
@writes(FundSchema)
def put_levels(asked: dict[str, Any], fund_id: UUID) -> Fund:
    """Set the two amounts below which staff are told that the fund runs short; it refuses nothing by itself."""
    return fund_levels.set_levels(current_actor(), fund_id, **asked)


@blp.get("/liability")
@blp.response(200, LiabilitySchema)
def get_liability() -> Liability:
    """What the points that members hold would cost, by the age of their award."""
    return outlook.liability_of(current_actor())


@blp.get("/funds/<id:fund_id>/grants")
@blp.response(200, FundGrantListSchema)
def list_grants(fund_id: UUID) -> dict[str, Any]:
    """What came into the fund, newest first."""
    return {"items": funds.grants_of(current_actor(), fund_id)}


@blp.post("/funds/<id:fund_id>/grants")
@blp.arguments(FundGrantRequestSchema)
@blp.response(201, NewFundGrantSchema)
@writes(NewFundGrantSchema, status=201, keyed=True)
def post_grant(asked: dict[str, Any], fund_id: UUID) -> FundGrant:
    """Put money into the fund."""
    return funds.grant_money(current_actor(), fund_id, **asked)


@blp.put("/funds/<id:fund_id>/grants/<id:gift_id>/naming")
@blp.arguments(NamingSchema)
@blp.response(200, NewFundGrantSchema)
@writes(NewFundGrantSchema)
def put_naming(asked: dict[str, Any], fund_id: UUID, gift_id: UUID) -> FundGrant:
    """Name the donor in public, or no longer."""
    return donors.name_donor(current_actor(), fund_id, gift_id, **asked)


def _shown(fund: Fund, figures: FundFigures) -> dict[str, Any]:
    return {
        "id": fund.id,
        "name": fund.name,
        "low_fen": fund.low_fen,
        "very_low_fen": fund.very_low_fen,
        "created_at": fund.created_at,
        "granted_fen": figures.granted,
        "reserved_fen": figures.reserved,
        "spent_fen": figures.spent,
        "left_fen": figures.left,
        "level": fund_levels.level_of(fund, figures),
    }
