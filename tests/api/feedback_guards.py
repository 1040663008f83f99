"""Who is refused at the resources of daily feedback."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from ledger.core import clock
from ledger.people import grants
from ledger.people.models import PostKind
from ledger.service.feedback import Given, give_feedback
from ledger.service.feedback_models import Category
from tests.stories import Neighbour, Neighbourhood

OF_FEEDBACK: dict[str, tuple[str, dict[str, Any] | None]] = {
    "feedback.list_feedback": ("owner", None),
    "feedback.get_calendar": ("owner", None),
    "feedback.get_feedback": ("supervisor", None),
    "feedback.get_photo": ("treasurer", None),
    "feedback.post_feedback": ("volunteer", {"unit_id": "unit_id", "date": "2026-11-20", "nothing": True}),
    "feedback.post_answer": ("supervisor", {"answer": "好"}),
    "feedback.post_excuse": ("stamper", {"member_id": "member_id", "unit_id": "unit_id", "day": "2026-11-20"}),
}
"""Endpoint: (a role that the table refuses, body), as in test_guards.py."""


def feedback_of(place: Neighbourhood, who: Neighbour) -> UUID:
    """A feedback of the grid, given today by its new holder."""
    assert who.member_id is not None
    grants.give_post(place.admin.actor, who.member_id, kind=PostKind.BUILDING_LEADER, unit_id=place.grid.id)
    today = clock.today()
    return give_feedback(who.actor, place.grid.id, today, Given(Category.OTHER, "路灯")).id
