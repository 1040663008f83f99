"""Who is refused at the resources of service: programmes, activities, check-ins, stamps, objections."""

from __future__ import annotations

from typing import Any

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
    "objections.list_objections": ("owner", None),
    "objections.get_objection": ("volunteer", None),
    "objections.post_objection": ("volunteer", {"checkin_id": "checkin_id", "reason": "waiting"}),
    "objections.post_answer": ("treasurer", {"outcome": "kept", "answer": "核对过"}),
    "objections.post_withdrawal": ("admin", {}),
}  # fmt: skip
"""Endpoint: (a role that the table refuses, body), as in test_guards.py."""
