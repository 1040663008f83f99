"""Two levels of a fund at which staff are told that it runs short; crossing one refuses nothing."""

from __future__ import annotations

from uuid import UUID

from ledger.core import audit, money, outbox, registry
from ledger.core.db import atomic, db
from ledger.core.tenancy import Actor, Role, load, scoped, system_actor
from ledger.people.grants import people_with
from ledger.people.notices import declare, tell
from ledger.rewards.funds import FundFigures, figures_of, list_funds, may_manage, require_to_manage
from ledger.rewards.models import Fund

LOW, VERY_LOW = 1, 2

TOLD = (Role.ADMIN, Role.TREASURER)

MOST = 200

RUNS_LOW = declare(
    "fund.low",
    zh="一个资金只剩 {left} 元了，不到 {level} 元。请点开看看，该拨款了。",
    en="A fund has {left} yuan left, less than {level}. Open it and see what should be granted.",
)
RUNS_VERY_LOW = declare(
    "fund.very_low",
    zh="一个资金只剩 {left} 元，不到 {level} 元，快付不出兑换了。请今天处理。",
    en="A fund has only {left} yuan left, less than {level}: soon it cannot pay for rewards. See to it today.",
    by_phone=True,
)


def level_of(fund: Fund, figures: FundFigures) -> int:
    """Is the fund low (1), very low (2), or neither (0)? One that was never given anything is only empty."""
    if not figures.granted:
        return 0
    if figures.left < fund.very_low_fen:
        return VERY_LOW
    return LOW if figures.left < fund.low_fen else 0


@atomic
def set_levels(actor: Actor, fund_id: UUID, *, low_fen: int, very_low_fen: int) -> Fund:
    """With less than these amounts left (`low_fen` ≥ `very_low_fen` ≥ 0) the fund is low, and very low.

    Staff are told at once when it is so now and they were not told before. Raises NotFound, Forbidden.
    """
    assert 0 <= very_low_fen <= low_fen, "bounded by whoever read the form"
    fund = load(actor.tenant, Fund, fund_id, lock=True)
    require_to_manage(actor)
    fund.low_fen, fund.very_low_fen = low_fen, very_low_fen
    db.session.flush()
    audit.record(actor, "rewards.set_fund_levels", fund.id, low_fen=low_fen, very_low_fen=very_low_fen)
    outbox.announce(actor, "fund.levels_set", fund_id=fund.id.hex, low_fen=low_fen, very_low_fen=very_low_fen)
    _watch(fund, figures_of(actor.tenant, [fund.id])[fund.id])
    return fund


def count_low(actor: Actor) -> tuple[int, int]:
    """How many funds are low, and how many very low, for whoever manages them; (0, 0) for others."""
    if not may_manage(actor):
        return 0, 0
    levels = [level_of(*row) for row in list_funds(actor, limit=MOST)]
    return levels.count(LOW), levels.count(VERY_LOW)


@registry.job("watch_funds", period=lambda moment: f"{moment:%Y-%m-%dT%H}:{moment.minute // 10}0")
def watch_funds(community_id: UUID, _period: str) -> None:
    """Every ten minutes: staff are told of each fund that has come below a level, once until it is above again.

    By the clock and not with the redemption: two who redeem at once do not see each other's part of the level.
    """
    funds = list(db.session.scalars(scoped(community_id, Fund).order_by(Fund.id).with_for_update()))
    figures = figures_of(community_id, [fund.id for fund in funds]) if funds else {}
    for fund in funds:
        _watch(fund, figures[fund.id])


def _watch(fund: Fund, figures: FundFigures) -> None:
    level = level_of(fund, figures)
    if level > fund.told_level:
        kind, below = (RUNS_VERY_LOW, fund.very_low_fen) if level == VERY_LOW else (RUNS_LOW, fund.low_fen)
        facts = {"fund_id": fund.id.hex, "left": money.yuan(figures.left), "level": money.yuan(below)}
        outbox.announce(system_actor(fund.community_id), kind.name, fund_id=fund.id.hex, left_fen=figures.left)
        for person_id in people_with(fund.community_id, TOLD):
            tell(fund.community_id, person_id, kind, **facts)
    if level != fund.told_level:
        fund.told_level = level
        db.session.flush()
