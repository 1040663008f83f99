"""Who is refused at the routes of accounts: merged, left, renumbered. See test_guards."""

from __future__ import annotations

from typing import Any

OF_ACCOUNTS: dict[str, tuple[str, dict[str, Any] | None]] = {
    "leaving.get_leaving": ("volunteer", None),
    "leaving.post_leave": ("treasurer", {}),
    "leaving.post_move": ("owner", {"community_id": "member_id"}),
    "leaving.post_end_staff": ("treasurer", {}),
    "leaving.list_unowned_work": ("supervisor", None),
    "leaving.post_death": ("treasurer", {"member_id": "member_id", "died_on": "2026-11-01"}),
    "leaving.list_deaths": ("stamper", None),
    "leaving.get_death": ("volunteer", None),
    "leaving.post_confirmation": ("supervisor", {}),
    "leaving.post_refusal": ("stamper", {"note": "没有"}),
    "leaving.post_heir": ("treasurer", {"heir_id": "member_id"}),
    "leaving.post_hand_over": ("supervisor", {}),
    "leaving.list_still_wallets": ("treasurer", None),
    "leaving.post_reminder": ("stamper", {"member_ids": ["member_id"]}),
    "numbers.post_number": ("treasurer", {"phone": "13900000001"}),
    "numbers.post_report": ("coordinator", {}),
    "numbers.post_confirmation": ("supervisor", {}),
    "merges.post_preview": ("treasurer", {"from_id": "member_id", "into_id": "member_id"}),
    "merges.post_merge": ("treasurer", {"from_id": "member_id", "into_id": "member_id", "reason": "同一人"}),
    "merges.list_merges": ("stamper", None),
    "merges.get_merge": ("volunteer", None),
    "merges.post_approval": ("supervisor", {}),
    "merges.post_decline": ("stamper", {"note": "没有"}),
    "merges.post_withdrawal": ("treasurer", {}),
    "merges.post_undo": ("treasurer", {"reason": "两个人"}),
    "merges.post_undo_approval": ("supervisor", {}),
    "merges.post_undo_refusal": ("volunteer", {"note": "没有"}),
}
