"""Closed months: what has been signed off for a month stays true, for nothing can take effect in it any more."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.dialects import postgresql, sqlite

from ledger.book.accounts import issuance_of
from ledger.book.drafts import Draft
from ledger.book.errors import MonthClosed, MonthNotOver
from ledger.book.knowing import known_so_far
from ledger.book.models import ClosedMonth
from ledger.book.reading import account_of
from ledger.core import clock
from ledger.core.db import db, is_postgresql
from ledger.core.errors import WrongState
from ledger.core.tenancy import Actor, scoped, within


def close_month(actor: Actor, month: date) -> datetime:
    """Nothing can take effect in the month any more; returns the moment up to which its transfers are known.

    Runs inside the caller's transaction, which has seen to the rights. Raises MonthNotOver (or somebody is still
    writing what began in it), WrongState (closed already).
    """
    month = month.replace(day=1)
    _, ends_at = clock.month_bounds(month)
    if clock.now() < ends_at:
        raise MonthNotOver
    if _lock(actor.tenant, [month], shared=False):
        raise WrongState(state="closed")
    known_at = known_so_far(actor.tenant, account_of(actor.tenant, issuance_of(actor.tenant)))
    if known_at < ends_at:
        raise MonthNotOver
    closing = update(ClosedMonth).where(within(actor.tenant, ClosedMonth), ClosedMonth.month == month)
    db.session.execute(closing.values(closed_at=clock.now(), closed_by=actor.person_id))
    return known_at


def refuse_closed(community_id: UUID, drafts: Sequence[Draft]) -> None:
    """MonthClosed when one of the transfers would take effect in a closed month; the months stay open until commit.

    What takes effect now needs no look: a month is closed only when it is over.
    """
    moments = [draft.effective_at for draft in drafts if draft.effective_at is not None]
    this_month = clock.today().replace(day=1)
    months = {clock.local_day(moment).replace(day=1) for moment in moments} - {this_month}
    closed = _lock(community_id, sorted(months), shared=True)
    if closed:
        raise MonthClosed(month=f"{closed[0]:%Y-%m}")


def _lock(community_id: UUID, months: Collection[date], *, shared: bool) -> list[date]:
    """These months' rows are locked until commit, made if need be; returns those that are closed."""
    if not months:
        return []
    insert = postgresql.insert if is_postgresql() else sqlite.insert
    rows = [{"community_id": community_id, "month": month} for month in months]
    db.session.execute(insert(ClosedMonth).on_conflict_do_nothing(), rows)
    query = scoped(community_id, ClosedMonth.month, ClosedMonth.closed_at).where(ClosedMonth.month.in_(months))
    found = db.session.execute(query.order_by(ClosedMonth.month).with_for_update(read=shared)).tuples()
    return [month for month, closed_at in found if closed_at is not None]
