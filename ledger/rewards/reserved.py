"""A redemption with all that its confirmation needs, read in one statement."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, case, func, select

from ledger.book.models import Hold, HoldState
from ledger.core.db import connection
from ledger.core.errors import NotFound
from ledger.core.evidence import digest_of
from ledger.core.tenancy import Actor, asked, within
from ledger.rewards import pooling, voucher_ends
from ledger.rewards.models import Agreement, AgreementVersion, Redemption
from ledger.rewards.pooling import Part
from ledger.rewards.reservations import SOURCE

_redemptions: Any = Redemption.__table__

COLUMNS = tuple(column.name for column in _redemptions.c)

OF_HOLD = ("id", "account_id", "slot", "amount", "drawn")


@dataclass(frozen=True, slots=True)
class Reserved:
    """A redemption with all that its confirmation needs, read in one statement."""

    redemption: Redemption
    agreement_state: str
    rate_fen: int
    rate_points: int
    holds: dict[UUID, Hold]
    parts: list[Part]

    def digest(self) -> bytes:
        """SHA-256 of what led to the amounts."""
        of = self.redemption
        paid_with: dict[str, object] = {} if of.voucher_id is None else {"voucher": of.voucher_id}
        if self.parts:
            paid_with["pooled"] = {part.member_id.hex: part.points for part in self.parts}
        if of.discount_fen is not None:
            paid_with |= {"bill_fen": of.bill_fen, "discount_fen": of.discount_fen}
        return digest_of(
            **paid_with,
            redemption=of.id,
            offer=of.offer_id,
            offer_version=of.offer_version,
            agreement=of.agreement_id,
            agreement_version=of.agreement_version,
            rate_fen=self.rate_fen,
            rate_points=self.rate_points,
            quantity=of.quantity,
            points=of.points,
            gross_fen=of.gross_fen,
        )


def read_reserved(actor: Actor, redemption_id: UUID) -> Reserved:
    """As it is now; NotFound where the community has no such redemption."""
    rows = connection().execute(_reserved(), {"of_community": actor.tenant, "of_id": redemption_id}).mappings().all()
    if not rows:
        raise NotFound
    first = rows[0]
    redemption = Redemption(**{name: first[name] for name in COLUMNS})
    holds = {row["hold_account_id"]: _hold_of(actor, row) for row in rows if row["hold_id"] is not None}
    agreed = (first["agreement_state"], first["rate_fen"], first["rate_points"])
    return Reserved(redemption, *agreed, holds, pooling.parts_of(redemption))


@cache
def _reserved() -> Select[Any]:
    """Built once: building it takes longer than the database needs for it."""
    of_source = and_(
        within(asked("of_community"), Hold),
        Hold.source_type == case((Redemption.voucher_id.is_(None), SOURCE), else_=voucher_ends.SOURCE),
        Hold.source_id == func.coalesce(Redemption.voucher_id, Redemption.id),
        Hold.state == HoldState.PLACED,
    )
    of_agreement = and_(
        AgreementVersion.agreement_id == Agreement.id, AgreementVersion.version == Redemption.agreement_version
    )
    return (
        select(
            *_redemptions.c,
            Agreement.state.label("agreement_state"),
            AgreementVersion.rate_fen,
            AgreementVersion.rate_points,
            *(getattr(Hold, name).label(f"hold_{name}") for name in OF_HOLD),
        )
        .select_from(_redemptions)
        .join(Agreement, Agreement.id == Redemption.agreement_id)
        .join(AgreementVersion, of_agreement)
        .outerjoin(Hold, of_source)
        .where(within(asked("of_community"), Redemption, Agreement, AgreementVersion), Redemption.id == asked("of_id"))
    )


def _hold_of(actor: Actor, row: Any) -> Hold:
    return Hold(community_id=actor.tenant, **{name: row[f"hold_{name}"] for name in OF_HOLD})
