"""Who is refused at flags."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from ledger.core import clock
from ledger.core.db import atomic
from ledger.core.ids import new_id
from ledger.rewards.models import Redemption
from ledger.risk.detectors import Found
from ledger.risk.flags import _open
from ledger.risk.models import FlagKind

OF_RISK: dict[str, tuple[str, dict[str, Any] | None]] = {
    "flags.list_flags": ("owner", None),
    "flags.list_waiting": ("clerk", None),
    "flags.post_find": ("clerk", {}),
    "flags.get_flag": ("volunteer", None),
    "flags.post_decision": ("admin", {"decision": "dismiss", "note": "好"}),
    "flags.post_dry_run": ("owner", {"from": "2026-11-01", "to": "2026-11-30"}),
}
"""Endpoint: (a role that the table refuses, body), as in test_guards.py."""


@atomic
def flag_about(redemption: Redemption) -> UUID:
    """An open flag about one redemption, as a detector would have it."""
    facts = {"days": 28, "count": 2, "points": 40}
    found = Found(
        FlagKind.ROUND_TRIP,
        new_id().hex,
        redemption.member_id,
        redemption.merchant_id,
        facts,
        frozenset([redemption.id]),
    )
    flag = _open(redemption.community_id, found, clock.now())
    assert flag is not None
    return flag.id
