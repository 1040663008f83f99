"""Points that statements take out of circulation: as with money, a week of refunds is made up by the weeks after it."""

from __future__ import annotations

from sqlalchemy import Subquery, case, func, select
from sqlalchemy.sql import ColumnElement

from ledger.settlement.models import Settlement, SettlementState

PAID_STATES = (SettlementState.PAID, SettlementState.RECONCILED)


def points_due(*shops: ColumnElement[bool]) -> Subquery:
    """Each statement of these shops with the points (`points`, 0 or more) that leave circulation once it is paid.

    In the order of the weeks, whoever is paid first: what its points add to the highest sum that the shop's statements
    had reached before. A shop's earlier statements are closed, so the figure of a statement stays what it is.
    """
    shop = Settlement.community_id, Settlement.merchant_id
    so_far = func.sum(Settlement.points).over(partition_by=shop, order_by=Settlement.week)
    one = (
        select(*shop, Settlement.id, Settlement.state, Settlement.week, so_far.label("so_far"))
        .where(Settlement.state != SettlementState.VOID, *shops)
        .subquery()
    )
    same_shop = one.c.community_id, one.c.merchant_id
    before = func.coalesce(func.max(one.c.so_far).over(partition_by=same_shop, order_by=one.c.week, rows=(None, -1)), 0)
    reached = select(*one.c, case((before > 0, before), else_=0).label("reached")).subquery()
    added = reached.c.so_far - reached.c.reached
    return select(
        reached.c.community_id,
        reached.c.merchant_id,
        reached.c.id,
        reached.c.state,
        case((added > 0, added), else_=0).label("points"),
    ).subquery()
