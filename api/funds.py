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
    FundPageSchema,
    FundRequestSchema,
    FundSchema,
    FundWithFiguresSchema,
    NewFundGrantSchema,
)
from api.writing import writes
from ledger.rewards import funds
from ledger.rewards.funds import FundFigures
from ledger.rewards.models import Fund, FundGrant

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
@blp.response(200, FundWithFiguresSchema)
def get_fund(fund_id: UUID) -> dict[str, Any]:
    """One fund with its figures."""
    return _shown(*funds.see_fund(current_actor(), fund_id))


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


def _shown(fund: Fund, figures: FundFigures) -> dict[str, Any]:
    return {
        "id": fund.id,
        "name": fund.name,
        "created_at": fund.created_at,
        "granted_fen": figures.granted,
        "reserved_fen": figures.reserved,
        "spent_fen": figures.spent,
        "left_fen": figures.left,
    }
