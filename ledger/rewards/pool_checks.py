"""The check of what households pay together."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, and_, case, func, or_, select, true

from ledger.core.db import db
from ledger.core.registry import Finding, Part, check
from ledger.core.tenancy import same_community
from ledger.rewards.models import Redemption, RedemptionState
from ledger.rewards.pool_models import Contribution

NAME = "pools_match"
PAID = (RedemptionState.CONFIRMED, RedemptionState.REFUNDED_PART, RedemptionState.REFUNDED)


@check(NAME)
def pools_match(part: Part) -> Iterator[Finding]:
    """The parts of a redemption add up, a part of it is the member's own, and who paid a part had agreed to."""
    for community_id, redemption_id, pooled, summed in db.session.execute(_unsound(part)):
        yield Finding(NAME, community_id, f"redemption {redemption_id.hex}: {pooled} pooled, parts {summed}")


@lru_cache(maxsize=4)
def _unsound(part: Part) -> Select[Any]:
    of = and_(same_community(Contribution, Redemption), Contribution.redemption_id == Redemption.id)
    parts = func.coalesce(func.sum(Contribution.points), 0)
    unasked = func.coalesce(func.sum(case((Contribution.agreed_at.is_(None), 1), else_=0)), 0)
    back = func.coalesce(func.sum(Contribution.refunded_points), 0)
    return (
        select(Redemption.community_id, Redemption.id, Redemption.pooled_points, parts)
        .outerjoin(Contribution, of)
        .where(or_(Redemption.pooled_points != 0, Contribution.part.is_not(None)))
        .where(true() if part.since is None else Redemption.reserved_at >= part.since)
        .group_by(
            Redemption.community_id,
            Redemption.id,
            Redemption.pooled_points,
            Redemption.points,
            Redemption.refunded_points,
            Redemption.state,
        )
        .having(
            or_(
                Redemption.pooled_points != parts,
                Redemption.pooled_points >= Redemption.points,
                Redemption.refunded_points < back,
                and_(Redemption.state.in_(PAID), unasked > 0),
            )
        )
    )
