"""The modules that register something in core (checks, jobs, what ended holds give back): importing this loads all."""

from __future__ import annotations

from types import ModuleType

from ledger.book import checks, cohort_checks, expiry, key_checks, reversal_checks, rollup_checks, seal_checks, seals
from ledger.core import commitments
from ledger.people import (
    cards,
    deaths,
    helping,
    import_kinds,
    imports,
    inbox,
    leaving,
    life_exports,
    merge_checks,
    merges,
    notice_delivery,
)
from ledger.rewards import merged_caps, reservations
from ledger.service import forgotten, places, sign_ups
from ledger.settlement import checks as settlement_checks
from ledger.settlement import closing, settlements

REGISTERING: tuple[ModuleType, ...] = (
    checks, cohort_checks, rollup_checks, seal_checks, key_checks, reversal_checks, commitments, seals, expiry,
    forgotten, sign_ups, places, reservations, merged_caps, settlement_checks, closing, settlements, inbox,
    notice_delivery, helping, merge_checks, cards, imports, import_kinds, merges, deaths, leaving,
    life_exports,
)  # fmt: skip
