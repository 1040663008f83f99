"""Redemptions of a week: at the till with the member's code, or by the shop's poster; some cancelled or refunded."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from api.commands.demo.story import Story
from api.commands.demo.town import Counter, Resident, Town
from ledger.core.errors import Refused
from ledger.rewards import member_codes, redemptions, refunds, tills
from ledger.rewards.ways import ByPoster, ByTill

A_WEEK = 60


def tell_week(town: Town, story: Story, monday: datetime) -> None:
    """People go to the shops from Tuesday to Sunday; the demo volunteer goes too."""
    chance = town.chance
    people = [chance.choice(town.residents) for _ in range(A_WEEK)]
    main = next(one for one in town.residents if one.actor.person_id == town.cast["volunteer"].person_id)
    for n, resident in enumerate([*people, *([main] if monday.isocalendar().week % 3 == 0 else [])]):
        moment = monday + timedelta(
            days=chance.randint(1, 6), hours=chance.randint(8, 19), minutes=chance.randint(0, 59)
        )
        counter = town.counters[0] if resident is main else chance.choice(town.counters)
        story.tell(moment, partial(_redeem, town, story, resident, counter, n, moment))


def _redeem(town: Town, story: Story, resident: Resident, counter: Counter, n: int, moment: datetime) -> None:
    offer_id, _ = min(counter.offers, key=lambda offer: offer[1]) if n % 3 else counter.offers[0]
    try:
        if n % 4:
            code = member_codes.create_member_code(resident.actor).code
            till = tills.open_till(counter.clerk, counter.branch_id, member_code=code)
            redemption = redemptions.reserve(counter.clerk, offer_id, way=ByTill(till.visit.id))
        else:
            redemption = redemptions.reserve(resident.actor, offer_id, way=ByPoster(counter.poster_code))
    except Refused:
        return  # Not enough flowers this week, or the week's limit: they go home without.
    fate = town.chance.random()
    if fate < 0.05:
        story.tell(moment + timedelta(minutes=2), partial(redemptions.cancel, resident.actor, redemption.id))
    elif fate > 0.04 + 0.03:
        story.tell(moment + timedelta(minutes=1), partial(redemptions.confirm, resident.actor, redemption.id))
        if fate > 0.96:
            story.tell(
                moment + timedelta(days=town.chance.randint(0, 9), minutes=5),
                partial(
                    refunds.refund,
                    town.cast["treasurer"],
                    redemption.id,
                    points=_some(redemption.points, n),
                    reason="商品有问题",
                ),
            )


def _some(points: int, n: int) -> int | None:
    """Every other refund is of a part."""
    return points // 2 if n % 2 and points > 1 else None
