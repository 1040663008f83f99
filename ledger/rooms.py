"""The modules that register something in core (checks, jobs, what ended holds give back): importing this loads all."""

from __future__ import annotations

from types import ModuleType

from ledger.book import checks, reversal_checks
from ledger.rewards import reservations
from ledger.service import forgotten
from ledger.settlement import checks as settlement_checks
from ledger.settlement import closing, settlements

REGISTERING: tuple[ModuleType, ...] = (
    checks, reversal_checks, forgotten, reservations, settlement_checks, closing, settlements,
)  # fmt: skip
