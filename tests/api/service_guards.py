"""Who is refused at the resources of service: programmes, activities, check-ins, stamps, objections."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from ledger.core import clock
from ledger.people.models import UnitKind
from ledger.people.units import add_unit
from ledger.service.activities import ActivityPlan
from ledger.service.plates import add_plate
from ledger.service.standing import Daily, open_standing
from tests.stories import Neighbourhood

OF_SERVICE: dict[str, tuple[str, dict[str, Any] | None]] = {
    "programmes.post_programme": (
        "coordinator", {"name": "新项目", "rule": {"basis": "per_visit", "points": 1}},
    ),
    "programmes.put_rule": ("stamper", {"basis": "per_visit", "points": 1}),
    "programmes.post_dry_run": ("treasurer", {"terms": {"basis": "per_visit", "points": 1}}),
    "issuance.get_issuance": ("owner", None),
    "issuance.put_budget": ("treasurer", {"points": 100}),
    "activities.post_activity": (
        "stamper",
        {"programme_id": "programme_id", "unit_id": "unit_id", "name": "新活动", "place": "东门",
         "starts_at": "2026-12-01T09:00:00+08:00", "ends_at": "2026-12-01T10:00:00+08:00"},
    ),
    "activities.post_cancel": ("volunteer", {"reason": "下雨"}),
    "activities.post_change": ("volunteer", {"place": "西门"}),
    "activities.post_end": ("volunteer", {"reason": "停办"}),
    "plates.list_plates": ("volunteer", None),
    "plates.get_plate": ("supervisor", None),
    "plates.post_plate": ("stamper", {"unit_id": "unit_id", "address": "1 号楼"}),
    "plates.post_all": ("stamper", {}),
    "plates.post_retire": ("stamper", {}),
    "visit-notes.list_notes": ("supervisor", None),
    "visit-notes.post_close": ("volunteer", {}),
    "calendar.get_calendar": ("owner", None),
    "calendar-feeds.post_feed": ("owner", {"name": "手机"}),
    "sign-ups.list_sign_ups": ("owner", None),
    "sign-ups.post_sign_up": ("owner", {}),
    "sign-ups.post_confirm": ("volunteer", {}),
    "sign-ups.post_cancel": ("volunteer", {}),
    "activities.get_poster_svg": ("volunteer", None),
    "activities.get_poster_png": ("volunteer", None),
    "activities.get_live_code": ("volunteer", None),
    "checkins.post_checkin": (
        "volunteer", {"activity_id": "activity_id", "kind": "in", "via": {"member_id": "member_id"}},
    ),
    "checkins.get_checkin": ("volunteer", None),
    "stamps.post_stamps": ("coordinator", {"checkin_ids": ["checkin_id"], "decision": "stamp"}),
    "stamps.post_undo": ("volunteer", {}),
    "stamps.post_batch_undo": ("coordinator", {}),
    "service-level.get_service_level": ("owner", None),
    "objections.list_objections": ("owner", None),
    "objections.get_objection": ("volunteer", None),
    "objections.post_objection": ("volunteer", {"checkin_id": "checkin_id", "reason": "waiting"}),
    "objections.post_answer": ("treasurer", {"outcome": "kept", "answer": "核对过"}),
    "objections.post_withdrawal": ("admin", {}),
}  # fmt: skip
"""Endpoint: (a role that the table refuses, body), as in test_guards.py."""


def a_plate(place: Neighbourhood, programme_id: UUID) -> UUID:
    """A plate at a building of the grid, for a service of every day."""
    admin, plan = place.admin.actor, ActivityPlan(name="走访", place="院里", starts_at=clock.now(), ends_at=clock.now())
    daily = Daily(opens_minute=480, closes_minute=600)
    standing = open_standing(admin, programme_id, unit_id=place.grid.id, plan=plan, daily=daily)
    building = add_unit(admin, "1 号楼", kind=UnitKind.BUILDING, parent_id=place.grid.id)
    return add_plate(admin, standing.id, building.id, address="1 号楼").id
