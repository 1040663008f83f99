"""Who is refused at vouchers, donations, the uses of the pot and the household's pool."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from ledger.core import clock
from ledger.rewards import donations, pot_uses, slips, vouchers
from ledger.rewards.offer_pictures import send_picture
from ledger.rewards.slip_models import Slip
from tests.ledger.rewards.street import Street
from tests.ledger.service.feedback_giving import photo
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
    "slips.list_pads": ("admin", None),
    "slips.post_pad": ("volunteer", {}),
    "slips.post_slip": (
        "treasurer",
        {"number": "000001K", "card_code": "2222-2222", "offer_id": "offer_id", "filled_on": "2026-11-20"},
    ),
    "slips.list_slips": ("supervisor", None),
    "slips.post_acceptance": ("owner", {}),
}
"""Endpoint: (a role that the table refuses, body), as in test_guards.py."""


def things_of(street: Street, who: Neighbour) -> dict[str, Any]:
    """A voucher and a donation of the member, and a use of the pot that waits."""
    voucher = vouchers.buy(who.actor, street.loaf.id)
    donation = donations.give(who.actor, 5)
    clock.advance(minutes=11)
    use = pot_uses.ask_use(street.place.admin.actor, 2, words="买花")
    slip = _slip(street)
    return {
        "voucher_id": voucher.id,
        "donation_id": donation.id,
        "use_id": use.id,
        "slip_id": slip.id,
        "picture_id": _picture(street),
    }


def _picture(street: Street) -> UUID:
    """Sent ahead by the owner."""
    return send_picture(street.owner.actor, photo()).id


def _slip(street: Street) -> Slip:
    street.agree(slip_points=40)
    slips.print_pad(street.clerk.actor)
    return slips.list_pads(street.clerk.actor)[0][1][0][0]
