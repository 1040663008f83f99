"""What visits earn under caps and budgets: what was earned before, read from live stamps under the right locks.

Nothing is counted beside the stamps. Whoever stamps holds the wallets of those who earn, then the programmes that have
a budget, each in one order, and reads after that: two stampers see one another's awards, and an undone stamp, a merge
or a new rule needs no correction of a counter (docs/adr/0023).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, or_, select
from sqlalchemy.sql import ColumnElement

from ledger.book.accounts import wallet_of
from ledger.book.balances import lock_in_order
from ledger.core import clock
from ledger.core.db import db
from ledger.core.tenancy import scoped, within
from ledger.people.models import Member, Post, PostKind
from ledger.service.earning import Earning, Service, Span, Tally, earn_all
from ledger.service.evidence import FAR_IN_TIME
from ledger.service.models import Checkin, Decision, Programme, Stamp

OWNER: ColumnElement[UUID] = func.coalesce(Member.merged_into, Member.id)
"""SQL: the member that stands for a member now."""

LIVE = (Stamp.decision == Decision.STAMP, Stamp.undone_at.is_(None), Stamp.counts)
"""SQL: the stamps whose awards count."""


def earn_services(community_id: UUID, services: Sequence[Service], *, lock: bool) -> list[Earning]:
    """What each of these visits earns, in the order asked; they count in the order in which their credit began.

    With `lock` nobody else changes what it depends on before the commit. As many statements for many as for one, and
    none where no rule has multipliers, caps or a budget.
    """
    services = with_posts(community_id, services)
    limited = [one for one in services if one.terms.is_limited]
    if lock and any(one.earns for one in limited):
        _lock(community_id, [one for one in services if one.earns])
    return earn_all(services, _tally(community_id, limited))


def _lock(community_id: UUID, services: Sequence[Service]) -> None:
    """Wallets before budgets, the lock order of the house: the award locks the same wallets again."""
    lock_in_order(community_id, {wallet_of(one.owner_id) for one in services})
    budgeted = {one.programme_id for one in services if one.terms.budget_points is not None}
    if budgeted:
        query = scoped(community_id, Programme.id).where(Programme.id.in_(budgeted)).order_by(Programme.id)
        db.session.execute(query.with_for_update(key_share=True))


def _tally(community_id: UUID, services: Sequence[Service]) -> Tally:
    """What the owners and programmes of these have earned and given that matters to them."""
    tally = Tally()
    capped = [one for one in services if one.terms.caps]
    if capped:
        for owner_id, programme_id, day, points in db.session.execute(_earned_by_members(community_id, capped)):
            tally.add_member(owner_id, programme_id, day, int(points))
    budgeted = [one for one in services if one.terms.budget_points is not None]
    if budgeted:
        for programme_id, day, points in db.session.execute(_given_by_programmes(community_id, budgeted)):
            tally.add_programme(programme_id, day, int(points))
    return tally


def _earned_by_members(community_id: UUID, services: Sequence[Service]) -> Select[Any]:
    owners = {one.owner_id for one in services}
    query = (
        select(OWNER, Stamp.programme_id, Stamp.credited_on, func.sum(Stamp.points))
        .where(within(community_id, Stamp, Checkin, Member))
        .where(
            *LIVE,
            Checkin.id == Stamp.checkin_id,
            Member.id == Checkin.member_id,
            or_(Member.id.in_(owners), Member.merged_into.in_(owners)),
            Stamp.programme_id.in_({one.programme_id for one in services}),
        )
    )
    if not any(Span.MEMBER in one.terms.caps for one in services):
        first = min(span.begins(one.day) for one in services for span in one.terms.caps)
        # Said of the arrival too, which has the index; nobody arrives longer than that before the credit begins.
        arrived = clock.start_of_day(first) - FAR_IN_TIME
        query = query.where(Stamp.credited_on >= first, Checkin.arrived_at >= arrived)
    return query.group_by(OWNER, Stamp.programme_id, Stamp.credited_on)


def _given_by_programmes(community_id: UUID, services: Sequence[Service]) -> Select[Any]:
    days = [one.day for one in services]
    first, last = Span.MONTH.begins(min(days)), Span.MONTH.begins(max(days)) + timedelta(days=31)
    query = given_by_day(community_id, since=first, until=last)
    return query.where(Stamp.programme_id.in_({one.programme_id for one in services}))


def given_by_day(community_id: UUID, *, since: date, until: date) -> Select[Any]:
    """SQL: programme, day and points of live stamps whose credit began from `since` on and before `until`."""
    query = scoped(community_id, Stamp.programme_id, Stamp.credited_on).add_columns(func.sum(Stamp.points))
    query = query.where(*LIVE, Stamp.credited_on >= since, Stamp.credited_on < until)
    return query.group_by(Stamp.programme_id, Stamp.credited_on)


def with_posts(community_id: UUID, services: Sequence[Service], *, of_all: bool = False) -> list[Service]:
    """The same, each with the posts that its owner held when the credit began, as far as its rule asks for posts.

    `of_all` reads the posts of the whole community, for more owners than one statement should name.
    """
    asking = [one for one in services if one.terms.multipliers]
    if not asking:
        return list(services)
    kinds = {multiplier.post for one in asking for multiplier in one.terms.multipliers}
    query = select(OWNER, Post.kind, Post.since, Post.until).where(
        within(community_id, Post, Member), Member.id == Post.member_id, Post.kind.in_(kinds)
    )
    if not of_all:
        owners = {one.owner_id for one in asking}
        query = query.where(or_(Member.id.in_(owners), Member.merged_into.in_(owners)))
    held: dict[UUID, list[tuple[str, datetime, datetime | None]]] = defaultdict(list)
    for owner_id, kind, since, until in db.session.execute(query):
        held[owner_id].append((kind, since, until))
    return [replace(one, posts=_held_at(held.get(one.owner_id, ()), one.begins_at)) for one in services]


def _held_at(held: Collection[tuple[str, datetime, datetime | None]], moment: datetime) -> frozenset[PostKind]:
    return frozenset(
        PostKind(kind) for kind, since, until in held if since <= moment and (until is None or moment < until)
    )
