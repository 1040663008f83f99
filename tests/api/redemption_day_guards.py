"""Who is refused at the redemption calendar and at complaints about goods."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from ledger.rewards import complaints
from tests.stories import Neighbour

OF_REDEMPTION_DAYS: dict[str, tuple[str, dict[str, Any] | None]] = {
    "redemption-days.post_day": (
        "treasurer",
        {"from": "2026-12-01", "weekday": 1, "opens": "09:00", "closes": "11:00", "venue": "station", "place": "驿站"},
    ),
    "redemption-days.post_change": ("coordinator", {"day": "2026-12-07", "reason": "放假"}),
    "complaints.list_complaints": ("clerk", None),
    "complaints.get_complaint": ("coordinator", None),
    "complaints.get_photo": ("stamper", None),
    "complaints.post_complaint": ("owner", {"redemption_id": "redemption_id", "text": "坏了"}),
    "complaints.post_answer": ("treasurer", {"answer": "换一个"}),
    "complaints.post_closing": ("owner", {"outcome": "explained"}),
}
"""Endpoint: (a role that the table refuses, body), as in test_guards.py."""

OPEN_CALENDAR = {"redemption-days.get_calendar", "redemption-days.get_weeks"}
"""Everybody of the community reads these."""


def complained(who: Neighbour, redemption_id: UUID) -> dict[str, Any]:
    """A complaint of the member about what they received."""
    return {"complaint_id": complaints.complain(who.actor, redemption_id, words="坏了").id}
