"""Expiry of points: a community's policy, what expires each day, and the notice before it.

Off unless a community decides otherwise. A decision holds for what is earned from then on: dates that points have
stay as they are, and points without a date never expire.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select, update

from ledger.book.accounts import AccountKey, wallet_of
from ledger.book.codes import Code, Kind, Unit
from ledger.book.cohorts import Expiring
from ledger.book.errors import SamePolicy
from ledger.book.models import Account, Balance, Cohort, ExpiryPolicy
from ledger.book.transfers import Draft, Source, post_transfers
from ledger.core import audit, clock, outbox, registry
from ledger.core.db import atomic, db
from ledger.core.ids import id_after, new_id
from ledger.core.permissions import require, require_any
from ledger.core.tenancy import Actor, scoped, system_actor, within

NOTICE_DAYS = 30
AT_ONCE = 500


@atomic
def set_policy(actor: Actor, months: int | None) -> ExpiryPolicy:
    """What is earned from now on expires at the end of the month `months` (1 … 120) later; None: never.

    Points that are there already keep the date they have, or have none. Raises Forbidden, SamePolicy.
    """
    require(actor, "manage_expiry")
    newest = policies(actor, limit=1)
    if months == (newest[0].months if newest else None):
        raise SamePolicy
    policy = ExpiryPolicy(
        community_id=actor.tenant,
        id=id_after(newest[0].id if newest else None),
        months=months,
        since=clock.now(),
        actor_id=actor.person_id,
    )
    db.session.add(policy)
    db.session.flush()
    audit.record(actor, "book.set_expiry", policy.id, months=months)
    outbox.announce(actor, "expiry.changed", months=months)
    return policy


def policies(actor: Actor, *, before: UUID | None = None, limit: int = 50) -> list[ExpiryPolicy]:
    """The community's decisions about expiry, newest first; whoever belongs to it may see them. Raises Forbidden."""
    require_any(actor, "see_expiry")
    query = scoped(actor.tenant, ExpiryPolicy).order_by(ExpiryPolicy.id.desc()).limit(limit)
    if before is not None:
        query = query.where(ExpiryPolicy.id < before)
    return list(db.session.scalars(query))


# --- what the clock does ------------------------------------------------------------------------------------------


@registry.job("expire_points", period=lambda moment: clock.local_day(moment).isoformat(), in_steps=True)
def expire_points(community_id: UUID, _period: str) -> None:
    """Every day: what is left of the points whose day has passed, and is not held, expires; members are told.

    What a hold keeps over its day expires on the day after it was given back.
    """
    while expire_some(community_id):
        pass
    while tell_some(community_id):
        pass


@atomic
def expire_some(community_id: UUID, *, limit: int = AT_ONCE) -> int:
    """Up to `limit` cohorts whose day has passed are empty; returns how many were. Nothing expires twice."""
    clockwork = system_actor(community_id)
    owners = _lock_overdue(community_id, limit)
    query = scoped(community_id, Cohort).where(
        Cohort.account_id.in_(owners), Cohort.expires_on < clock.today(), Cohort.points_left > 0
    )
    found = list(db.session.scalars(query.order_by(Cohort.account_id, Cohort.expires_on).limit(limit)))
    post_transfers(clockwork, [_expiry_of(cohort, owners[cohort.account_id]) for cohort in found])
    told = [_told(cohort, owners[cohort.account_id]) for cohort in found]
    outbox.announce_all(clockwork, "points.expired", told)
    if found:
        audit.record(clockwork, "book.expire_points", count=len(found), points=sum(one.points_left for one in found))
    return len(found)


def _lock_overdue(community_id: UUID, limit: int) -> dict[UUID, UUID]:
    """The wallets with overdue points, locked in order: account id to member id."""
    overdue = select(Cohort.account_id).where(
        within(community_id, Cohort), Cohort.expires_on < clock.today(), Cohort.points_left > 0
    )
    query = scoped(community_id, Balance.account_id).where(
        Balance.account_id.in_(overdue.distinct().order_by(Cohort.account_id).limit(limit))
    )
    wallet_ids = list(db.session.scalars(query.order_by(Balance.account_id).with_for_update()))
    return _owners(community_id, wallet_ids)


def _expiry_of(cohort: Cohort, member_id: UUID) -> Draft:
    source_id = new_id()
    evidence = f"{cohort.account_id.hex} {cohort.expires_on.isoformat()} {cohort.points_left}"
    return Draft(
        code=Code.EXPIRE,
        debit=wallet_of(member_id),
        credit=AccountKey(Kind.EXPIRED, Unit.POINTS, cohort.community_id),
        amount=cohort.points_left,
        source=Source("expiry", source_id, hashlib.sha256(evidence.encode()).digest()),
        draws_first=(cohort.expires_on,),
    )


@atomic
def tell_some(community_id: UUID, *, limit: int = AT_ONCE) -> int:
    """Up to `limit` members with points that expire within 30 days have been told; returns how many cohorts were.

    Told once for each date, and again when points come back to it.
    """
    day = clock.today()
    untold = scoped(community_id, Cohort.account_id).where(
        Cohort.expires_on.between(day, day + timedelta(days=NOTICE_DAYS)),
        Cohort.points_left > 0,
        Cohort.noticed_on.is_(None),
    )
    wallets = scoped(community_id, Balance.account_id).where(
        Balance.account_id.in_(untold.distinct().order_by(Cohort.account_id).limit(limit))
    )
    wallet_ids = list(db.session.scalars(wallets.order_by(Balance.account_id).with_for_update()))
    noticed = (
        update(Cohort)
        .where(
            within(community_id, Cohort),
            Cohort.account_id.in_(wallet_ids),
            Cohort.expires_on.between(day, day + timedelta(days=NOTICE_DAYS)),
            Cohort.points_left > 0,
            Cohort.noticed_on.is_(None),
        )
        .values(noticed_on=day)
        .returning(Cohort)
        .execution_options(synchronize_session=False)
    )
    cohorts = sorted(db.session.scalars(noticed), key=lambda one: (one.account_id.int, one.expires_on))
    owners = _owners(community_id, [one.account_id for one in cohorts])
    told = [_told(one, owners[one.account_id]) for one in cohorts]
    outbox.announce_all(system_actor(community_id), "points.expiring", told)
    return len(cohorts)


def _owners(community_id: UUID, wallet_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    query = scoped(community_id, Account.id, Account.owner_id).where(Account.id.in_(wallet_ids))
    return dict(db.session.execute(query).tuples().all())


def _told(cohort: Cohort, member_id: UUID) -> dict[str, object]:
    return {"member_id": member_id.hex, "points": cohort.points_left, "expires_on": cohort.expires_on.isoformat()}


# --- figures ------------------------------------------------------------------------------------------------------


def points_by_day(actor: Actor) -> Sequence[Expiring]:
    """How many of the community's points expire on which day, for whoever sees its books. Raises Forbidden."""
    require(actor, "see_books")
    query = (
        scoped(actor.tenant, Cohort.expires_on)
        .add_columns(func.sum(Cohort.points_left))
        .where(Cohort.points_left > 0, Cohort.expires_on >= clock.today())
        .group_by(Cohort.expires_on)
        .order_by(Cohort.expires_on)
    )
    return [Expiring(expires_on, int(points)) for expires_on, points in db.session.execute(query)]
