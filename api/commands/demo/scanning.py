"""A coordinator's scanner today: an activity at the door, people with cards, and the grants of two phones."""

from __future__ import annotations

from datetime import timedelta

from api.commands.demo.carding import PIN
from api.commands.demo.town import Town
from ledger.core import clock
from ledger.people import cards, tokens
from ledger.service import activities
from ledger.service.activities import ActivityPlan

HOLDERS = slice(11, 17)
"""Residents who hold a live card besides those of the cards' own part of the story."""


def open_the_door(town: Town) -> None:
    """All day long today cards can be scanned in the demo coordinator's part, with network or without.

    The coordinator's phone may send for a week; the one that was lost may not any more.
    """
    coordinator, today = town.cast["coordinator"], clock.start_of_day(clock.today())
    plan = ActivityPlan(
        name="义务植树（门口扫卡签到）",
        place="东门岗亭",
        starts_at=today,
        ends_at=today + timedelta(hours=23),
        instructions="领铁锹和水桶，两人种一棵。",
    )
    unit = next(one for one in town.grids if one.path.startswith(coordinator.grants[0].unit_path))
    activities.plan_activity(coordinator, town.programmes[-1], unit_id=unit.id, plan=plan)
    for resident in town.residents[HOLDERS]:
        cards.hand_out(town.cast["admin"], resident.member_id, pin=PIN)
    _, lost = tokens.grant_device(coordinator, "扫码签到 · WeChat · Android")
    tokens.revoke_token(coordinator, lost.id)
    tokens.grant_device(coordinator, "扫码签到 · Chrome · Android")
