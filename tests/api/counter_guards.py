"""Which of the guarded routes let whoever stands behind a counter in."""

from __future__ import annotations

CLERKS = {
    "redemptions.get_redemption", "redemptions.post_redemption", "redemptions.post_cancellation",
    "redemptions.post_refund", "slips.list_pads", "slips.post_pad", "slips.post_slip", "till.post_till",
    "till.get_till", "vouchers.get_voucher", "vouchers.post_use",
}  # fmt: skip
OWNERS = CLERKS | {
    "agreements.list_agreements", "agreements.get_agreement", "agreements.post_agreement", "agreements.put_agreement",
    "agreements.post_signature", "bank-accounts.list_accounts", "bank-accounts.post_account", "bank-accounts.post_stop",
    "branches.post_branch", "complaints.list_complaints", "complaints.get_complaint", "complaints.get_photo",
    "complaints.post_answer", "disputes.list_disputes", "disputes.get_dispute", "disputes.get_photo",
    "disputes.post_dispute", "disputes.post_appeal", "flags.list_waiting", "merchants.list_counter_staff",
    "merchants.post_clerk", "merchants.delete_counter_staff", "offers.post_offer", "offers.put_offer",
    "offers.post_stock", "offers.post_end", "offers.post_batch", "payouts.list_payouts", "payouts.get_payout",
    "settlements.list_settlements", "settlements.get_settlement", "settlements.list_lines", "settlements.get_json",
    "settlements.get_csv", "settlements.get_xlsx", "settlements.get_zip", "settlements.post_confirm",
    "settlements.post_invoice", "settlements.get_open_week",
}  # fmt: skip
"""What the matrix gives whoever stands behind a counter, of the routes that refuse somebody."""
