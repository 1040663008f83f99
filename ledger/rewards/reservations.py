"""What a reservation takes from an offer (stock, the member's caps) and what gives it back when its holds end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, case, exists, literal, select, update
from sqlalchemy.dialects import postgresql, sqlite

from ledger.book.holds import expire_overdue, void_holds
from ledger.book.models import Hold, HoldState
from ledger.core import audit, clock, outbox, registry
from ledger.core.db import connection, db, is_postgresql
from ledger.core.tenancy import scoped, system_actor, within
from ledger.rewards import home_caps
from ledger.rewards.errors import OutOfStock
from ledger.rewards.models import CapCounter, Offer, OfferVersion, Redemption, RedemptionState
from ledger.rewards.path_caps import against_path, points_today
from ledger.rewards.terms import Terms, against_home, day_cap_reached, periods, week_cap_reached

SOURCE = "redemption"
"""The source type of a redemption's holds and transfers."""

_offers: Any = Offer.__table__
_counters: Any = CapCounter.__table__
_redemptions: Any = Redemption.__table__


def take(community_id: UUID, terms: Terms, member_id: UUID, *, quantity: int, at: datetime) -> None:
    """The pieces are taken from the stock and counted against the caps, or the refusal says what is short.

    The caller holds the member's wallet. The rules have looked at both before; only a rival can make this fail.
    """
    if terms.stock is not None:
        _take_stock(community_id, terms, quantity)
    today, this_week = periods(at)
    if terms.per_member_per_day is not None and not _count(
        community_id, terms, member_id, today, quantity, terms.per_member_per_day
    ):
        raise day_cap_reached(terms.per_member_per_day)
    if terms.per_member_per_week is not None and not _count(
        community_id, terms, member_id, this_week, quantity, terms.per_member_per_week
    ):
        raise week_cap_reached(terms.per_member_per_week)
    if terms.path is not None and terms.path_cap.per_day is not None:
        by_path = points_today(community_id, terms.agreement_id, member_id, terms.path, at)
        for refusal in against_path(terms.path_cap, terms.points * quantity, today=by_path):
            raise refusal
    if (terms.per_household_per_week, terms.per_person) != (None, None):
        by_household, by_person = home_caps.count_again(community_id, terms.offer_id, member_id, at)
        now = replace(terms, taken_by_household=by_household, taken_by_person=by_person)
        for refusal in against_home(now, quantity):
            raise refusal


def _take_stock(community_id: UUID, terms: Terms, quantity: int) -> None:
    taken = (
        update(_offers)
        .where(within(community_id, Offer), Offer.id == terms.offer_id, Offer.stock >= quantity)
        .values(stock=Offer.stock - quantity)
    )
    if not connection().execute(taken).rowcount:
        left = db.session.scalar(scoped(community_id, Offer.stock).where(Offer.id == terms.offer_id))
        raise OutOfStock(left=left)


def _count(community_id: UUID, terms: Terms, member_id: UUID, period: str, quantity: int, cap: int) -> bool:
    """Were the pieces counted within the cap? A first count needs no condition: the rules have compared it."""
    dialect = postgresql if is_postgresql() else sqlite
    row = {
        "community_id": community_id,
        "offer_id": terms.offer_id,
        "holder_id": member_id,
        "period": period,
        "taken": quantity,
    }
    counted = dialect.insert(_counters).values(row)
    counted = counted.on_conflict_do_update(
        index_elements=["community_id", "offer_id", "holder_id", "period"],
        set_={"taken": _counters.c.taken + quantity},
        where=_counters.c.taken + quantity <= cap,
    )
    return connection().execute(counted.returning(_counters.c.taken)).first() is not None


@dataclass(frozen=True, slots=True)
class Taken:
    """What a redemption has taken from its offer."""

    offer_id: UUID
    offer_version: int
    member_id: UUID
    quantity: int
    reserved_at: datetime


def give_back(community_id: UUID, taken: Sequence[Taken]) -> None:
    """Stock and caps are as if these had not been taken; offers in sorted order, stock before caps."""
    ordered = sorted(taken, key=lambda piece: (piece.offer_id.int, piece.member_id.int))
    if not ordered:
        return
    stock = (
        update(_offers)
        .where(within(bindparam("of_community"), Offer), Offer.id == bindparam("of_offer"))  # type: ignore[arg-type]
        .values(stock=Offer.stock + bindparam("pieces"))
    )
    connection().execute(
        stock,
        [{"of_community": community_id, "of_offer": one.offer_id, "pieces": one.quantity} for one in ordered],
    )
    counted = _counted(community_id, ordered)
    if counted:
        connection().execute(_UNCOUNT, counted)


_UNCOUNT = (
    update(_counters)
    .where(
        within(bindparam("of_community"), CapCounter),  # type: ignore[arg-type]
        _counters.c.offer_id == bindparam("of_offer"),
        _counters.c.holder_id == bindparam("of_holder"),
        _counters.c.period == bindparam("of_period"),
        _counters.c.taken >= bindparam("pieces"),
    )
    .values(taken=_counters.c.taken - bindparam("pieces"))
)


def _counted(community_id: UUID, taken: Sequence[Taken]) -> list[dict[str, object]]:
    """The counters that were moved: those for which the version of the redemption had a cap."""
    query = scoped(
        community_id,
        OfferVersion.offer_id,
        OfferVersion.version,
        OfferVersion.per_member_per_day,
        OfferVersion.per_member_per_week,
    ).where(OfferVersion.offer_id.in_({piece.offer_id for piece in taken}))
    caps = {(row.offer_id, row.version): (row[2], row[3]) for row in db.session.execute(query)}
    owners = registry.owners_now(community_id, {piece.member_id for piece in taken})
    return [
        {
            "of_community": community_id,
            "of_offer": piece.offer_id,
            "of_holder": owners.get(piece.member_id, piece.member_id),
            "of_period": period,
            "pieces": piece.quantity,
        }
        for piece in taken
        for period, cap in zip(periods(piece.reserved_at), caps[piece.offer_id, piece.offer_version], strict=True)
        if cap is not None
    ]


@registry.when_holds_expire(SOURCE)
def end_reservations(community_id: UUID, redemption_ids: list[UUID]) -> None:
    """The reservations are cancelled (their holds were voided) or expired (their time was over), all given back."""
    voided = exists(
        select(literal(1)).where(
            within(community_id, Hold),
            Hold.source_type == SOURCE,
            Hold.source_id == Redemption.id,
            Hold.state == HoldState.VOIDED,
        )
    )
    columns = _redemptions.c
    ended = (
        update(_redemptions)
        .where(
            within(community_id, Redemption),
            columns.id.in_(redemption_ids),
            columns.state == RedemptionState.RESERVED,
        )
        .values(
            state=case((voided, RedemptionState.CANCELLED.value), else_=RedemptionState.EXPIRED.value),
            ended_at=clock.now(),
        )
        .returning(
            columns.id,
            columns.state,
            columns.offer_id,
            columns.offer_version,
            columns.member_id,
            columns.quantity,
            columns.reserved_at,
            columns.pooled_points,
        )
    )
    rows = list(connection().execute(ended))
    give_back(community_id, [Taken(*row[2:-1]) for row in rows])
    # Whoever agreed to a part while this waited for the redemption's row has placed a hold meanwhile.
    if pooled := [row.id for row in rows if row.pooled_points]:
        void_holds(community_id, SOURCE, pooled)
    expired = [row.id.hex for row in rows if row.state == RedemptionState.EXPIRED]
    if expired:
        clockwork = system_actor(community_id)
        audit.record(clockwork, "rewards.expire_reservations", redemption_ids=expired)
        outbox.announce_all(clockwork, "redemption.expired", [{"redemption_id": hex_id} for hex_id in expired])


@registry.when_member_leaves
def void_reservations(community_id: UUID, member_id: UUID) -> None:
    """What whoever leaves had reserved and not confirmed is cancelled."""
    query = scoped(community_id, Redemption.id).where(
        Redemption.member_id == member_id, Redemption.state == RedemptionState.RESERVED
    )
    void_holds(community_id, SOURCE, list(db.session.scalars(query)))


@registry.job("expire_reservations", period=lambda moment: f"{moment:%Y-%m-%dT%H:%M}")
def expire_reservations(community_id: UUID, _period: str) -> None:
    """Every minute: what nobody confirmed in time is given back."""
    while expire_overdue(community_id):
        pass
