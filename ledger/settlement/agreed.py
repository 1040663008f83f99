"""What is agreed with a shop about its statements."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from ledger.core.db import db
from ledger.core.tenancy import scoped, within
from ledger.rewards.agreements import latest_of
from ledger.rewards.models import AgreementState, AgreementVersion, Redemption
from ledger.settlement.dispute_models import Favour
from ledger.settlement.models import SettlementLine


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


def undecided_favours(community_id: UUID, line_ids: Iterable[UUID]) -> dict[UUID, Favour]:
    """Whose each of these lines is when nobody decides in time: as agreed when it was redeemed, not as agreed since."""
    query = scoped(community_id, SettlementLine.id, AgreementVersion.undecided_for_shop).where(
        within(community_id, Redemption),
        SettlementLine.id.in_(set(line_ids)),
        Redemption.id == SettlementLine.redemption_id,
        AgreementVersion.agreement_id == Redemption.agreement_id,
        AgreementVersion.version == Redemption.agreement_version,
    )
    rows = db.session.execute(query).tuples()
    return {line_id: Favour.SHOP if for_shop else Favour.COMMUNITY for line_id, for_shop in rows}
