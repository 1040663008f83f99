"""The money of each week: closed on Monday, then one step a day, so that every state stands in the demo."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from api.commands.demo.story import Story
from api.commands.demo.town import Town
from ledger.core import clock


def tell_week(town: Town, story: Story, monday: datetime) -> None:
    """The week before is closed in the night to Monday and settled in the days after."""
    week = clock.week_of(monday - timedelta(days=1))
    story.tell(monday + timedelta(minutes=30), partial(_close, town, week))


def _close(town: Town, week: str) -> None:
    """Filled in with the settlement room."""
