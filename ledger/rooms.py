"""The modules that register something in core (checks, jobs, what ended holds give back): importing this loads all."""

from __future__ import annotations

from types import ModuleType

from ledger.book import (
    checks,
    cohort_checks,
    expiry,
    holds,
    key_checks,
    reversal_checks,
    rollup_checks,
    seal_checks,
    seals,
)
from ledger.core import commitments, feed
from ledger.people import (
    cards,
    corrections,
    deaths,
    erasing,
    erasures,
    exporting,
    exports,
    helping,
    import_kinds,
    imports,
    inbox,
    leaving,
    life_exports,
    merge_checks,
    merges,
    notice_delivery,
    retention,
    webhook_delivery,
)
from ledger.recognition import certificates, commendation_data
from ledger.recognition import checks as recognition_checks
from ledger.rewards import (
    complaint_data,
    complaint_photos,
    complaints,
    fund_levels,
    merged_caps,
    offer_pictures,
    pool_checks,
    pools,
    pot_uses,
    renewals,
    reservations,
    voucher_checks,
    voucher_ends,
    voucher_notices,
)
from ledger.rewards import exporting as rewards_exporting
from ledger.rewards import import_kinds as rewards_import_kinds
from ledger.risk import flags, own_data
from ledger.service import exporting as service_exporting
from ledger.service import (
    feedback_data,
    feedback_photos,
    forgotten,
    issuance,
    objections,
    places,
    redemption_eve,
    service_level,
    sign_ups,
    visit_notes,
)
from ledger.settlement import checks as settlement_checks
from ledger.settlement import closing, dispute_data, disputes, reminders, settlements
from ledger.settlement import erasing as settlement_erasing
from ledger.settlement import evidence as dispute_evidence

REGISTERING: tuple[ModuleType, ...] = (
    checks, cohort_checks, rollup_checks, seal_checks, key_checks, reversal_checks, commitments, seals, holds,
    expiry, feed, webhook_delivery,
    forgotten, sign_ups, places, objections, reservations, merged_caps, settlement_checks, closing, settlements, inbox,
    notice_delivery, helping, merge_checks, cards, corrections, imports, import_kinds, merges, deaths, leaving,
    life_exports, exporting, exports, service_exporting, rewards_exporting, rewards_import_kinds, erasures, erasing,
    retention, settlement_erasing, feedback_data, feedback_photos, issuance, voucher_checks, voucher_ends, pools,
    pool_checks, pot_uses, disputes, dispute_data, dispute_evidence, recognition_checks, certificates, visit_notes,
    flags, own_data, redemption_eve, service_level, complaints, complaint_photos, complaint_data, commendation_data,
    fund_levels, renewals, offer_pictures, reminders,
    voucher_notices,
)  # fmt: skip
