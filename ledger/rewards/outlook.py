"""What lies ahead of the funds: how long their money lasts, and what the points that people hold would cost.

Forecast: each of the next four weeks spends what an average week of the last four whole weeks did. Liability: a wallet
spends its oldest points first, so what it holds is of its newest months; a point is worth the best rate that any
agreement in force gives. docs/adr/0035 says why.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select, and_, case, func, select

from ledger.book.codes import Kind
from ledger.book.models import Account, Balance, Rollup, RollupLevel
from ledger.core import clock, money
from ledger.core.db import db
from ledger.core.tenancy import Actor, same_community, scoped, within
from ledger.rewards.funds import FundFigures, require_sight
from ledger.rewards.models import Agreement, AgreementState, AgreementVersion, Redemption, RedemptionState

WEEKS = 4
"""So many whole weeks are looked back on, and looked ahead."""

KEPT = (RedemptionState.CONFIRMED, RedemptionState.REFUNDED_PART)

FROM_MONTHS = (0, 1, 3, 6, 12)
"""Where each age of points begins, in months before the present one; the last has everything older."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a fund would have left (fen) at the end of each of the next four weeks, if they are like the last four.

    `spent` is what each of the last four whole weeks took (the oldest first, less refunds), `weekly_fen` their average
    rounded up. Below 0 the fund is empty: `lasts_weeks` is how many whole weeks it pays for (None: nothing is spent).
    """

    spent: tuple[int, ...]
    weekly_fen: int
    left: tuple[int, ...]
    lasts_weeks: int | None


class Age(NamedTuple):
    """Points awarded at least `from_months` and fewer than `until_months` (None: no bound) months ago; their fen."""

    from_months: int
    until_months: int | None
    points: int
    fen: int | None


@dataclass(frozen=True, slots=True)
class Liability:
    """All points that members hold, the newest age first; `fen` None: no agreement is in force to value them."""

    points: int
    fen: int | None
    rate_fen: int
    rate_points: int
    ages: tuple[Age, ...]


def forecasts_of(actor: Actor, rows: Iterable[tuple[UUID, FundFigures]]) -> dict[UUID, Forecast]:
    """The forecast of each of these funds, in one statement. Raises Forbidden."""
    require_sight(actor)
    asked = dict(rows)
    spent = _spent_by_week(actor.tenant)
    return {fund_id: _forecast(figures.left, spent.get(fund_id, [0] * WEEKS)) for fund_id, figures in asked.items()}


def _forecast(left: int, spent: list[int]) -> Forecast:
    weekly = max(0, -(-sum(spent) // WEEKS))
    ahead = tuple(left - weekly * (number + 1) for number in range(WEEKS))
    return Forecast(tuple(spent), weekly, ahead, max(left, 0) // weekly if weekly else None)


def _spent_by_week(community_id: UUID) -> dict[UUID, list[int]]:
    """What was confirmed in each of the last whole weeks and not refunded since, by fund."""
    starts = _last_weeks()
    week = case(*((Redemption.confirmed_at >= start, number) for number, start in reversed(list(enumerate(starts)))))
    query = (
        select(Redemption.fund_id, week, func.sum(Redemption.gross_fen - Redemption.refunded_fen))
        .where(within(community_id, Redemption), Redemption.state.in_(KEPT))
        .where(Redemption.confirmed_at >= starts[0], Redemption.confirmed_at < starts[-1] + timedelta(weeks=1))
        .group_by(Redemption.fund_id, week)
    )
    found: dict[UUID, list[int]] = {}
    for fund_id, number, fen in db.session.execute(query).tuples():
        found.setdefault(fund_id, [0] * WEEKS)[number] = int(fen)
    return found


def _last_weeks() -> list[datetime]:
    """When each of the last four whole weeks began, the oldest first."""
    today = clock.today()
    monday = clock.start_of_day(today - timedelta(days=today.weekday()))
    return [monday - timedelta(weeks=back) for back in range(WEEKS, 0, -1)]


def liability_of(actor: Actor) -> Liability:
    """What the points in all wallets would cost, by the age of their award. Raises Forbidden."""
    require_sight(actor)
    rate = _best_rate(actor.tenant)
    points = _points_by_age(actor.tenant)
    until = (*FROM_MONTHS[1:], None)
    ages = tuple(
        Age(begins, ends, held, _worth(held, rate))
        for begins, ends, held in zip(FROM_MONTHS, until, points, strict=True)
    )
    total = sum(points)
    return Liability(total, _worth(total, rate), *(rate or (0, 1)), ages)


def _worth(points: int, rate: tuple[int, int] | None) -> int | None:
    return None if rate is None else money.fen_for_points(points, *rate)


def _best_rate(community_id: UUID) -> tuple[int, int] | None:
    """The most that a point brings at any shop today, as fen for so many points."""
    today = clock.today()
    query = scoped(community_id, AgreementVersion.rate_fen, AgreementVersion.rate_points).where(
        within(community_id, Agreement),
        AgreementVersion.agreement_id == Agreement.id,
        AgreementVersion.version == Agreement.version,
        Agreement.state == AgreementState.ACTIVE,
        AgreementVersion.starts_on <= today,
        AgreementVersion.ends_on >= today,
    )
    rates = db.session.execute(query.distinct()).tuples()
    return max(rates, key=lambda rate: Fraction(*rate), default=None)


def _points_by_age(community_id: UUID) -> list[int]:
    """What wallets hold, by the months in which it was earned; what no month explains is of the oldest age."""
    found = [0] * len(FROM_MONTHS)
    this_month = clock.today().replace(day=1)
    for month, held in db.session.execute(_held_by_month(community_id)).tuples():
        found[_age_of(month, this_month)] += int(held)
    found[-1] += _held_in_all(community_id) - sum(found)
    return found


def _age_of(month: date, this_month: date) -> int:
    ago = (this_month.year - month.year) * 12 + this_month.month - month.month
    return max(number for number, begins in enumerate(FROM_MONTHS) if begins <= max(ago, 0))


def _held_by_month(community_id: UUID) -> Select[Any]:
    """Of each month what is still held of it: the balance less what later months earned, at most what it earned."""
    newer = func.coalesce(
        func.sum(Rollup.earned).over(partition_by=Rollup.account_id, order_by=Rollup.starts_on.desc(), rows=(None, -1)),
        0,
    )
    by_month = (
        select(Rollup.starts_on, Rollup.earned, (Balance.balance - newer).label("rest"))
        .join(Account, and_(same_community(Account, Rollup), Account.id == Rollup.account_id))
        .join(Balance, and_(same_community(Balance, Rollup), Balance.account_id == Rollup.account_id))
        .where(within(community_id, Rollup, Account, Balance), Rollup.level == RollupLevel.MONTH)
        .where(Account.kind == Kind.WALLET, Balance.balance > 0)
        .subquery()
    )
    earned, rest = by_month.c.earned, by_month.c.rest
    held = case((rest < earned, rest), else_=earned)
    return select(by_month.c.starts_on, func.sum(held)).where(rest > 0, earned > 0).group_by(by_month.c.starts_on)


def _held_in_all(community_id: UUID) -> int:
    query = select(func.coalesce(func.sum(Balance.balance), 0)).where(
        within(community_id, Balance, Account), Account.id == Balance.account_id, Account.kind == Kind.WALLET
    )
    return int(db.session.scalar(query) or 0)
