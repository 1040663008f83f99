"""What is agreed with a shop about its statements."""

from __future__ import annotations

from uuid import UUID

from ledger.rewards.agreements import latest_of
from ledger.rewards.models import AgreementState, AgreementVersion


def terms_with(community_id: UUID, merchant_id: UUID) -> AgreementVersion | None:
    """The terms of the shop's newest agreement as they are now; None for a shop without any."""
    found = latest_of(community_id, [merchant_id]).get(merchant_id)
    return found[1] if found else None


def minimum_for(community_id: UUID, merchant_id: UUID) -> int:
    """Less than this is carried over (fen); once the agreement has ended, everything is paid out."""
    found = latest_of(community_id, [merchant_id]).get(merchant_id)
    if found is None or found[0].state == AgreementState.ENDED:
        return 0
    return found[1].minimum_fen
