"""Who is refused at the resources of people: cards, helpers, children, corrections, imports, their data."""

from __future__ import annotations

from typing import Any

OF_PEOPLE: dict[str, tuple[str, dict[str, Any] | None]] = {
    "cards.get_card": ("volunteer", None),
    "cards.post_card": ("stamper", {}),
    "cards.post_loss": ("volunteer", None),
    "cards.post_pin": ("treasurer", {}),
    "cards.post_void": ("stamper", None),
    "cards.list_sheets": ("supervisor", None),
    "cards.post_sheet": ("stamper", {"count": 1}),
    "cards.get_sheet": ("treasurer", None),
    "paper-notices.list_paper_notices": ("volunteer", None),
    "paper-notices.post_hand_over": ("volunteer", {"notice_ids": ["notice_id"]}),
    "helpers.list_helpers": ("volunteer", None),
    "helpers.list_helped": ("volunteer", None),
    "helpers.post_helper": ("volunteer", {"helper_id": "member_id", "relation": "child"}),
    "helpers.get_helper": ("volunteer", None),
    "helpers.post_agreement": ("admin", {}),
    "helpers.post_end": ("volunteer", {}),
    "erasures.list_requests": ("coordinator", None),
    "erasures.post_refusal": ("stamper", {"ground": "open_dispute"}),
    "erasures.post_carry_out": ("supervisor", {}),
    "children.get_childhood": ("coordinator", None),
    "children.post_childhood": ("coordinator", {"until": None}),
    "children.post_consent": ("admin", {"purpose": "service", "given": True}),
    "corrections.list_corrections": ("coordinator", None),
    "corrections.get_correction": ("stamper", None),
    "corrections.post_correction": ("owner", {"about": "name", "wanted": "新名"}),
    "corrections.post_withdrawal": ("admin", {}),
    "corrections.post_making": ("stamper", {}),
    "corrections.post_refusal": ("supervisor", {"answer": "以登记表为准"}),
    "households.list_households": ("coordinator", None),
    "households.get_household": ("coordinator", None),
    "households.patch_household": ("stamper", {"name": "新名"}),
    "households.post_member": ("supervisor", {"member_id": "member_id"}),
    "households.delete_member": ("volunteer", {}),
    "households.post_household": ("coordinator", {"name": "一家", "member_ids": ["member_id"]}),
    "imports.list_imports": ("coordinator", None),
    "imports.get_import": ("volunteer", None),
    "imports.post_ask": ("treasurer", {}),
    "imports.post_approval": ("supervisor", {}),
    "imports.post_decline": ("stamper", {"note": "旧名单"}),
    "imports.post_withdrawal": ("treasurer", {}),
}
"""Endpoint: (a role that the table refuses, body), as in test_guards.py."""
