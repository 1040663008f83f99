"""The redemption calendar, and each week's redemptions in numbers."""

from __future__ import annotations

from typing import Any

from api.auth import current_actor
from api.documents import resource
from api.schemas.redemption_days import (
    RedemptionCalendarSchema,
    RedemptionDayChangeRequestSchema,
    RedemptionDayChangeSchema,
    RedemptionDayRequestSchema,
    RedemptionDaySchema,
    WeeksQuery,
    WeeksSchema,
)
from api.writing import writes
from ledger.people import redemption_days
from ledger.people.redemption_day_models import RedemptionDay, RedemptionDayChange
from ledger.people.redemption_days import Decided, WeeklyDay
from ledger.rewards import week_figures

blp = resource("redemption-days", "The weekly redemption day of a community: when and where, and what it brought.")


@blp.get("/redemption-days")
@blp.response(200, RedemptionCalendarSchema)
def get_calendar() -> Decided:
    """What is decided, and the days of the next eight weeks; empty where a community has no redemption day."""
    return redemption_days.see_calendar(current_actor())


@blp.post("/redemption-days")
@blp.arguments(RedemptionDayRequestSchema)
@blp.response(201, RedemptionDaySchema)
@writes(RedemptionDaySchema, status=201)
def post_day(asked: dict[str, Any]) -> RedemptionDay:
    """Decide on the weekly day from a date on. Versions are never changed: a newer one takes over."""
    return redemption_days.set_weekly_day(current_actor(), WeeklyDay(**asked))


@blp.post("/redemption-days/changes")
@blp.arguments(RedemptionDayChangeRequestSchema)
@blp.response(201, RedemptionDayChangeSchema)
@writes(RedemptionDayChangeSchema, status=201)
def post_change(asked: dict[str, Any]) -> RedemptionDayChange:
    """Move one weekly day, or call it off, with the reason that everybody reads."""
    return redemption_days.change_day(current_actor(), **asked)


@blp.get("/redemption-days/weeks")
@blp.arguments(WeeksQuery, location="query")
@blp.response(200, WeeksSchema)
def get_weeks(asked: dict[str, Any]) -> dict[str, Any]:
    """What was redeemed in each of the last weeks, without names; what tells of fewer than three people is null."""
    weeks = week_figures.last_weeks(asked["weeks"])
    return {"items": week_figures.see_weeks(current_actor(), weeks)}
