"""What the detectors find in the demo: loaves given back and taken again, in each state that a flag can have."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from api.commands.demo.story import Story
from api.commands.demo.town import Counter, Resident, Town
from ledger.core import clock
from ledger.core.db import savepoint
from ledger.core.errors import Refused
from ledger.rewards import redemptions, refunds
from ledger.rewards.ways import ByPoster
from ledger.risk import flags, reading
from ledger.risk.flags import Decision
from ledger.risk.models import FlagKind, FlagState

DAYS = ((18, None), (10, Decision.DISMISS), (8, Decision.CONFIRM), (2, None))
"""How many days before the end, and what the treasurer finds: the first is released by the clock, the last is open."""

NOTES = {Decision.DISMISS: "当面问过，是给全楼代买，拿错了口味", Decision.CONFIRM: "店主承认没有给东西"}


def tell_flags(town: Town, story: Story) -> None:
    """On four days somebody redeems, gives back and redeems again, twice; two of them are decided two days later."""
    for n, (days, decision) in enumerate(DAYS):
        moment = town.until - timedelta(days=days) + timedelta(hours=10)
        story.tell(moment, partial(_go_round, town, n))
        if decision is not None:
            story.tell(moment + timedelta(days=2), partial(_decide, town, decision))


def _go_round(town: Town, n: int) -> None:
    """The first who can pay for it and plays no role, each time somebody else and another shop."""
    counter = town.counters[n % len(town.counters)]
    cast = {actor.person_id for actor in town.cast.values()}
    others = [one for one in town.residents if one.actor.person_id not in cast]
    for resident in others[n :: len(DAYS)]:
        try:
            with savepoint():
                _redeem_and_give_back(town, resident, counter)
            return
        except Refused:
            continue  # Not enough flowers, or the day's limit.


def _redeem_and_give_back(town: Town, resident: Resident, counter: Counter) -> None:
    offer_id, _ = min(counter.offers, key=lambda offer: offer[1])
    for _again in range(2):
        for is_kept in (False, True):
            clock.advance(minutes=2)
            reserved = redemptions.reserve(resident.actor, offer_id, way=ByPoster(counter.poster_code))
            redemptions.confirm(resident.actor, reserved.id)
            if not is_kept:
                clock.advance(minutes=2)
                refunds.refund(town.cast["treasurer"], reserved.id, reason="拿错了")


def _decide(town: Town, decision: Decision) -> None:
    """What is confirmed is refunded, as far as it is not yet."""
    treasurer = town.cast["treasurer"]
    waiting = reading.list_flags(treasurer, status=FlagState.OPEN, kind=FlagKind.ROUND_TRIP)
    new = [view.flag for view in waiting if clock.now() - view.flag.opened_at < timedelta(days=2)]
    for flag in new:
        flags.decide_flag(treasurer, flag.id, decision, note=NOTES[decision])
        if decision is Decision.CONFIRM:
            _take_back(town, reading.redemptions_of(treasurer, flag.id))


def _take_back(town: Town, found: list[reading.FlaggedView]) -> None:
    for one in found:
        if one.redemption.refunded_points < one.redemption.points:
            refunds.refund(town.cast["treasurer"], one.redemption.id, reason="没有真的兑换")
