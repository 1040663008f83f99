"""The detectors: each finds in SQL what is far from how the community redeems, and says in figures why.

They read and return; nothing is written here, so the same code serves the daily look and a dry run on history. Every
threshold is a constant with its reason. What one person does once is never enough: all of them ask for a pattern.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Subquery, and_, extract, func, select

from ledger.core import clock
from ledger.core.db import db, is_postgresql
from ledger.core.tenancy import scoped, within
from ledger.people.models import Member, Phone, SignInCode
from ledger.rewards.models import OfferVersion, Redemption, Refund, Via
from ledger.risk.models import FlagKind

WINDOW = timedelta(days=28)
"""Four weeks: long enough for a habit to show, short enough that its lines are not all paid."""

RING_COUNT = 6
"""Somebody who shops once a week redeems four times in the window."""
RING_OF_SHOP = 20
"""Percent. With the five or more customers that a real shop has, nobody brings a fifth of it by chance for weeks."""
RING_OF_MEMBER = 60
"""Percent. Neighbours spread what they have; whoever cashes points in goes where the partner is."""
RING_TIMES = 3
"""So many times the average of all other pairs of member and shop: the community is the measure, not a fixed sum."""
FEWEST_PAIRS = 10
"""With fewer pairs there is no community to compare with."""

SHOP_OF_ALL = 50
"""Percent. More than all other shops together."""
FEWEST_SHOPS = 4
"""Of two or three shops one is always far ahead."""
SHOP_COUNT = 30
"""About one a day: below that a share says nothing."""

ROUND_TRIPS = 2
"""A wrong size is exchanged once; a pattern begins with the second time."""

NIGHT_HOURS = (15, 16, 17, 18, 19, 20)
"""23:00 to 05:00 in Shanghai (no summer time), as UTC: shops of a neighbourhood are closed."""
NIGHT_COUNT = 5
"""In one week: a late customer or two are an evening, one for each working night is a habit."""

SHARED_MEMBERS = 3
"""A couple shares a phone; a third member on it is looked at."""
SHARED_COUNT = 6
"""Two redemptions each in four weeks."""
STATION_MEMBERS = 10
"""A phone on which more members have signed in stands at a red station: it helps many and says nothing."""
SHARED_OF_SHOP = 20
"""Percent, as for a ring: together they are to the shop what one partner would be."""

BURST_COUNT = 8
"""Within a minute: scan, choose, confirm on the member's own phone takes ten seconds at the very least."""


@dataclass(frozen=True, slots=True)
class Span:
    """From `since` up to and including `until`."""

    since: datetime
    until: datetime

    @property
    def days(self) -> int:
        """Whole days, at least one."""
        return max(1, round((self.until - self.since) / timedelta(days=1)))


@dataclass(frozen=True, slots=True)
class Found:
    """What a detector found: about whom, its figures, and the redemptions that it is about (none: it only informs)."""

    kind: FlagKind
    subject: str
    member_id: UUID | None
    merchant_id: UUID
    facts: dict[str, Any]
    redemption_ids: frozenset[UUID] = field(default_factory=frozenset)


def detect(community_id: UUID, span: Span) -> list[Found]:
    """Everything odd about what was confirmed in the span, by kind and subject; nothing is written."""
    bought = _bought(community_id, span)
    found = [one for look in DETECTORS for one in look(community_id, span, bought)]
    return sorted(found, key=lambda one: (one.kind, one.subject))


def _bought(community_id: UUID, span: Span) -> Subquery:
    """What was confirmed in the span; a merged member's counts as the other's. `points` are those not refunded."""
    return (
        scoped(community_id, Redemption.id, Redemption.merchant_id, Redemption.branch_id)
        .add_columns(
            func.coalesce(Member.merged_into, Redemption.member_id).label("member_id"),
            Member.person_id,
            (Redemption.points - Redemption.refunded_points).label("points"),
            Redemption.points.label("whole_points"),
            Redemption.confirmed_at,
            Redemption.confirmed_by,
            Redemption.reserved_at,
            Redemption.reserved_by,
            Redemption.via,
            OfferVersion.from_time,
        )
        .join(Member, and_(within(community_id, Member), Member.id == Redemption.member_id))
        .join(
            OfferVersion,
            and_(
                within(community_id, OfferVersion),
                OfferVersion.offer_id == Redemption.offer_id,
                OfferVersion.version == Redemption.offer_version,
            ),
        )
        .where(Redemption.confirmed_at >= span.since, Redemption.confirmed_at <= span.until)
        .subquery()
    )


# --- gathering --------------------------------------------------------------------------------------------------


def _gathered(rows: Iterable[Any], *names: str) -> Iterator[tuple[Any, list[Any]]]:
    """Rows of redemptions by what they have in common, in the order of their first."""
    groups: dict[Any, list[Any]] = defaultdict(list)
    for row in rows:
        groups[tuple(getattr(row, name) for name in names)].append(row)
    yield from groups.items()


def _rows(query: Select[Any], bought: Subquery) -> list[Any]:
    return list(db.session.execute(query.order_by(bought.c.id)))


def _subject(*ids: UUID | None, rows: list[Any]) -> str:
    """The ids, and the week of the newest redemption: what goes on next week is flagged anew."""
    newest = max(row.confirmed_at for row in rows)
    return ":".join([*(one.hex for one in ids if one is not None), clock.week_of(newest)])


def _ids(rows: list[Any]) -> frozenset[UUID]:
    return frozenset(row.id for row in rows)


def _sums(rows: list[Any]) -> dict[str, int]:
    """Points, times and members of some redemptions."""
    return {
        "count": len(rows),
        "points": sum(int(row.points) for row in rows),
        "members": len({row.member_id for row in rows}),
    }


def _percent(part: Any, whole: Any) -> int:
    return round(100 * int(part) / int(whole)) if whole else 0


# --- the detectors ----------------------------------------------------------------------------------------------


def _rings(_community_id: UUID, span: Span, bought: Subquery) -> Iterator[Found]:
    """A member and a shop that are far more to each other than members and shops of this community are."""
    one = bought.c
    pairs = (
        select(one.member_id, one.merchant_id, func.count().label("times"), func.sum(one.points).label("points"))
        .where(one.points > 0)
        .group_by(one.member_id, one.merchant_id)
        .subquery()
    )
    of = pairs.c
    measured = select(
        of.member_id,
        of.merchant_id,
        of.times,
        of.points,
        func.sum(of.points).over(partition_by=of.merchant_id).label("shop_points"),
        func.sum(of.points).over(partition_by=of.member_id).label("member_points"),
        func.sum(of.points).over().label("all_points"),
        func.count().over().label("pairs"),
    ).subquery()
    ring = measured.c
    query = (
        select(one.id, one.confirmed_at, *(column.label(f"pair_{column.key}") for column in ring))
        .join(measured, and_(ring.member_id == one.member_id, ring.merchant_id == one.merchant_id))
        .where(
            one.points > 0,
            ring.pairs >= FEWEST_PAIRS,
            ring.times >= RING_COUNT,
            ring.points * 100 >= ring.shop_points * RING_OF_SHOP,
            ring.points * 100 >= ring.member_points * RING_OF_MEMBER,
            ring.points * (ring.pairs - 1) >= (ring.all_points - ring.points) * RING_TIMES,
        )
    )
    for (member_id, merchant_id), rows in _gathered(_rows(query, bought), "pair_member_id", "pair_merchant_id"):
        pair, others = rows[0], int(rows[0].pair_all_points - rows[0].pair_points)
        facts = {
            "days": span.days,
            "count": int(pair.pair_times),
            "points": int(pair.pair_points),
            "of_member": _percent(pair.pair_points, pair.pair_member_points),
            "of_shop": _percent(pair.pair_points, pair.pair_shop_points),
            "times": round(int(pair.pair_points) * (int(pair.pair_pairs) - 1) / others) if others else 0,
        }
        yield Found(
            FlagKind.RING, _subject(member_id, merchant_id, rows=rows), member_id, merchant_id, facts, _ids(rows)
        )


def _shops(_community_id: UUID, span: Span, bought: Subquery) -> Iterator[Found]:
    """One shop with more than all others together. A shop is not held for being liked: this only informs."""
    one = bought.c
    shops = (
        select(
            one.merchant_id,
            func.count().label("times"),
            func.count(one.member_id.distinct()).label("members"),
            func.sum(one.points).label("points"),
        )
        .where(one.points > 0)
        .group_by(one.merchant_id)
        .subquery()
    )
    of = shops.c
    measured = select(
        *of, func.sum(of.points).over().label("all_points"), func.count().over().label("shops")
    ).subquery()
    shop = measured.c
    query = select(measured).where(
        shop.shops >= FEWEST_SHOPS, shop.times >= SHOP_COUNT, shop.points * 100 >= shop.all_points * SHOP_OF_ALL
    )
    for row in db.session.execute(query.order_by(shop.merchant_id)):
        facts = {
            "days": span.days,
            "count": int(row.times),
            "points": int(row.points),
            "members": int(row.members),
            "of_all": _percent(row.points, row.all_points),
            "shops": int(row.shops),
        }
        month = f"{clock.local_day(span.until):%Y-%m}"
        yield Found(FlagKind.SHOP_SHARE, f"{row.merchant_id.hex}:{month}", None, row.merchant_id, facts)


def _round_trips(community_id: UUID, span: Span, bought: Subquery) -> Iterator[Found]:
    """Redeemed, refunded and redeemed again by the same member at the same shop on the day of the refund."""
    one = bought.c
    went_back = (
        scoped(community_id, Refund.redemption_id, Refund.refunded_at)
        .add_columns(one.member_id, one.merchant_id)
        .join(bought, one.id == Refund.redemption_id)
    )
    refunds = list(db.session.execute(went_back.order_by(Refund.id)))
    if len(refunds) < ROUND_TRIPS:
        return
    by_them = one.member_id.in_({row.member_id for row in refunds})
    query = select(one.id, one.member_id, one.merchant_id, one.confirmed_at, one.whole_points).where(by_them)
    days: dict[Any, list[Any]] = defaultdict(list)
    for row in _rows(query, bought):
        days[row.member_id, row.merchant_id, clock.local_day(row.confirmed_at)].append(row)
    for (member_id, merchant_id), gone in _gathered(refunds, "member_id", "merchant_id"):
        trips = [(one, again) for one in gone for again in _bought_again(one, days)]
        refunded = {refund.redemption_id for refund, _ in trips}
        if len(refunded) < ROUND_TRIPS:
            continue
        redeemed_again = {again.id: again.whole_points for _, again in trips}
        facts = {"days": span.days, "count": len(refunded), "points": int(sum(redeemed_again.values()))}
        ids = refunded | redeemed_again.keys()
        subject = _subject(member_id, merchant_id, rows=[again for _, again in trips])
        yield Found(FlagKind.ROUND_TRIP, subject, member_id, merchant_id, facts, frozenset(ids))


def _bought_again(refund: Any, days: dict[Any, list[Any]]) -> list[Any]:
    """What the member redeemed at the shop later on the day of the refund."""
    same_day = days[refund.member_id, refund.merchant_id, clock.local_day(refund.refunded_at)]
    return [row for row in same_day if row.confirmed_at > refund.refunded_at]


def _nights(_community_id: UUID, _span: Span, bought: Subquery) -> Iterator[Found]:
    """A shop that redeems at night, unless the offer names its hours: those were approved."""
    one = bought.c
    query = select(one.id, one.merchant_id, one.member_id, one.points, one.confirmed_at).where(
        one.from_time.is_(None), _utc_hour(one.confirmed_at).in_(NIGHT_HOURS)
    )
    weeks: dict[tuple[UUID, str], list[Any]] = defaultdict(list)
    for row in _rows(query, bought):
        weeks[row.merchant_id, clock.week_of(row.confirmed_at)].append(row)
    for (merchant_id, week), rows in weeks.items():
        if len(rows) >= NIGHT_COUNT:
            facts = _sums(rows) | {"week": week}
            yield Found(FlagKind.AFTER_HOURS, f"{merchant_id.hex}:{week}", None, merchant_id, facts, _ids(rows))


def _devices(community_id: UUID, span: Span, bought: Subquery) -> Iterator[Found]:
    """Several members who signed in on one phone and redeem at one shop, as long as sign-ins are remembered."""
    signed_in = (
        scoped(community_id, Member.id)
        .with_only_columns(Member.id.label("member_id"), SignInCode.device_index)
        .join(Phone, and_(Phone.person_id == Member.person_id, Phone.ended_at.is_(None)))
        .join(SignInCode, SignInCode.phone_index == Phone.blind_index)
        .where(SignInCode.device_index.is_not(None), SignInCode.used_at.is_not(None))
        .distinct()
        .subquery()
    )
    crowds = (
        select(signed_in.c.device_index)
        .group_by(signed_in.c.device_index)
        .having(func.count().between(SHARED_MEMBERS, STATION_MEMBERS))
    )
    shared: dict[UUID, list[bytes]] = defaultdict(list)
    for member_id, device in db.session.execute(select(signed_in).where(signed_in.c.device_index.in_(crowds))):
        shared[member_id].append(device)
    if not shared:
        return
    one = bought.c
    query = select(one.id, one.member_id, one.merchant_id, one.points, one.confirmed_at)
    groups: dict[Any, list[Any]] = defaultdict(list)
    for row in _rows(query.where(one.member_id.in_(shared.keys())), bought):
        for device in shared[row.member_id]:
            groups[device, row.merchant_id].append(row)
    sums = select(one.merchant_id, func.sum(one.points)).group_by(one.merchant_id)
    points_of = dict(db.session.execute(sums).tuples().all())
    for (device, merchant_id), rows in groups.items():
        facts = _sums(rows) | {"days": span.days}
        facts["of_shop"] = _percent(facts["points"], points_of[merchant_id])
        if _is_crowd(facts) and facts["of_shop"] >= SHARED_OF_SHOP:
            subject = f"{bytes(device).hex()[:16]}:{_subject(merchant_id, rows=rows)}"
            yield Found(FlagKind.SHARED_DEVICE, subject, None, merchant_id, facts, _ids(rows))


def _one_helper(_community_id: UUID, span: Span, bought: Subquery) -> Iterator[Found]:
    """One person who confirms for several members at one shop."""
    one = bought.c
    query = select(one.id, one.member_id, one.merchant_id, one.points, one.confirmed_at, one.confirmed_by)
    for (person_id, merchant_id), rows in _gathered(
        _rows(query.where(one.confirmed_by != one.person_id), bought), "confirmed_by", "merchant_id"
    ):
        facts = _sums(rows) | {"days": span.days}
        if _is_crowd(facts):
            subject = _subject(person_id, merchant_id, rows=rows)
            yield Found(FlagKind.SHARED_HELPER, subject, None, merchant_id, facts, _ids(rows))


def _is_crowd(facts: dict[str, int]) -> bool:
    return facts["members"] >= SHARED_MEMBERS and facts["count"] >= SHARED_COUNT


def _bursts(_community_id: UUID, _span: Span, bought: Subquery) -> Iterator[Found]:
    """More redemptions by one clerk within a minute than hands can make. At a poster members stand side by side."""
    one = bought.c
    at = (one.branch_id, one.reserved_by, _minute(one.reserved_at))
    counted = (
        select(one.id, func.count().over(partition_by=at).label("times")).where(one.via != Via.MERCHANT_CODE).subquery()
    )
    query = (
        select(one.id, one.member_id, one.merchant_id, one.branch_id, one.points, one.reserved_by, one.reserved_at)
        .join(counted, counted.c.id == one.id)
        .where(counted.c.times >= BURST_COUNT)
    )
    minutes: dict[Any, list[Any]] = defaultdict(list)
    for row in _rows(query, bought):
        minute = row.reserved_at.astimezone(clock.SHANGHAI).strftime("%Y-%m-%d %H:%M")
        minutes[row.merchant_id, row.branch_id, row.reserved_by, minute].append(row)
    for (merchant_id, branch_id, clerk_id, minute), rows in minutes.items():
        subject = f"{branch_id.hex}:{clerk_id.hex}:{minute}"
        yield Found(FlagKind.BURST, subject, None, merchant_id, _sums(rows) | {"at": minute}, _ids(rows))


# --- times in SQL -----------------------------------------------------------------------------------------------


def _utc_hour(moment: Any) -> Any:
    return extract("hour", func.timezone("UTC", moment) if is_postgresql() else moment)


def _minute(moment: Any) -> Any:
    """SQL: equal for moments of the same minute."""
    return func.date_trunc("minute", moment) if is_postgresql() else func.strftime("%Y-%m-%d %H:%M", moment)


Detector = Callable[[UUID, Span, Subquery], Iterator[Found]]

DETECTORS: tuple[Detector, ...] = (_rings, _shops, _round_trips, _nights, _devices, _one_helper, _bursts)
