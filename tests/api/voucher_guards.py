"""Who is refused at vouchers, donations, the uses of the pot and the household's pool."""

from __future__ import annotations

from typing import Any

from ledger.core import clock
from ledger.rewards import donations, pot_uses, vouchers
from tests.ledger.rewards.street import Street
from tests.stories import Neighbour

OF_VOUCHERS: dict[str, tuple[str, dict[str, Any] | None]] = {
    "vouchers.post_voucher": ("clerk", {"offer_id": "offer_id"}),
    "vouchers.get_voucher": ("volunteer", None),
    "vouchers.post_use": ("supervisor", {"via": {"till_id": "till_id"}}),
    "vouchers.post_block": ("volunteer", {}),
    "vouchers.post_unblock": ("treasurer", {}),
    "vouchers.post_return": ("admin", {}),
    "redemptions.post_agreement": ("volunteer", {}),
    "pool.get_pool": ("clerk", None),
    "pool.put_consent": ("owner", {"points_at_most": 5}),
    "pool.delete_consent": ("clerk", {}),
    "donations.list_donations": ("owner", None),
    "donations.post_donation": ("owner", {"points": 1}),
    "donations.get_donation": ("volunteer", None),
    "donations.post_undo": ("admin", {}),
    "donations.get_pot": ("clerk", None),
    "donations.list_uses": ("clerk", None),
    "donations.post_use": ("treasurer", {"points": 1, "text": "买花"}),
    "donations.post_approval": ("admin", {}),
    "donations.post_decline": ("supervisor", {}),
    "donations.post_withdrawal": ("volunteer", {}),
}
"""Endpoint: (a role that the table refuses, body), as in test_guards.py."""


def things_of(street: Street, who: Neighbour) -> dict[str, Any]:
    """A voucher and a donation of the member, and a use of the pot that waits."""
    voucher = vouchers.buy(who.actor, street.loaf.id)
    donation = donations.give(who.actor, 5)
    clock.advance(minutes=11)
    use = pot_uses.ask_use(street.place.admin.actor, 2, words="买花")
    return {"voucher_id": voucher.id, "donation_id": donation.id, "use_id": use.id}
