"""Refunds: points and money of a redemption go back, whole or in part, before and after its settlement."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from fractions import Fraction
from uuid import UUID

from ledger.book.accounts import fund_of, payable_to, takings_of, wallet_of
from ledger.book.codes import Code
from ledger.book.models import Transfer
from ledger.book.transfers import Draft, Source, post_transfers
from ledger.core import audit, clock, money, outbox
from ledger.core.commitments import keep_words
from ledger.core.db import atomic, db
from ledger.core.errors import Forbidden, WrongState
from ledger.core.evidence import digest_of
from ledger.core.ids import NOBODY, new_id
from ledger.core.permissions import require
from ledger.core.tenancy import Actor, load, scoped
from ledger.people.members import standing
from ledger.rewards import pooling, reservations
from ledger.rewards.errors import OwnRedemption, RefundTooLarge, UndoTooLate
from ledger.rewards.models import AgreementVersion, OfferVersion, Redemption, RedemptionState, Refund
from ledger.rewards.pooling import Returned
from ledger.rewards.receipts import Receipt, see_redemption
from ledger.rewards.redemptions import FEN_PART, POINTS_PART, state_at
from ledger.rewards.reservations import SOURCE, Taken
from ledger.rewards.voucher_ends import taken_by
from ledger.rewards.voucher_models import Voucher

UNDO_MINUTES = 10
REFUNDABLE = (RedemptionState.CONFIRMED, RedemptionState.REFUNDED_PART)


@atomic
def refund(actor: Actor, redemption_id: UUID, *, points: int | None = None, reason: str) -> Refund:
    """`points` of the redemption (None: all that are left) are the member's again, their money the fund's.

    fen = gross(points left before) - gross(points left after), so parts always add up to the whole. After the last
    point the pieces are back in stock and no longer counted against the member's caps. What a household paid together
    goes back to each, in proportion to what is left of their parts. By the treasurer, or at the counter of the
    redemption's branch, never for oneself; by the clock where an agreement says so. Raises NotFound, Forbidden,
    OwnRedemption, WrongState, RefundTooLarge.
    """
    redemption = load(actor.tenant, Redemption, redemption_id, lock=True)
    if actor.person_id != NOBODY:
        require(actor, "refund", merchant_id=redemption.merchant_id, branch_id=redemption.branch_id)
    if redemption.member_id in actor.member_ids or pooling.is_contributor(actor, redemption):
        raise OwnRedemption
    if redemption.state not in REFUNDABLE:
        raise WrongState(state=state_at(redemption, clock.now()))
    left = redemption.points - redemption.refunded_points
    asked = left if points is None else points
    if asked > left:
        raise RefundTooLarge(left=left)
    back = pooling.returning(redemption, asked)
    row = _write(actor, redemption, asked, reason)
    to_wallets, to_fund = _drafts(actor, redemption, row, back)
    # In the lock order of the house: wallets, stock, caps, fund.
    post_transfers(actor, to_wallets)
    if asked == left:
        _give_back(redemption)
    post_transfers(actor, to_fund)
    audit.record(actor, "rewards.refund", redemption.id, refund_id=row.id.hex, points=row.points, fen=row.fen)
    outbox.announce(actor, "redemption.refunded", redemption_id=redemption.id.hex, refund_id=row.id.hex)
    return row


@atomic
def undo(actor: Actor, redemption_id: UUID) -> Refund:
    """The whole redemption is refunded by the operator who reserved it, within ten minutes of its confirmation.

    Raises NotFound, Forbidden (another operator), WrongState, UndoTooLate, OwnRedemption.
    """
    redemption = load(actor.tenant, Redemption, redemption_id, lock=True)
    require(actor, "use_till", merchant_id=redemption.merchant_id, branch_id=redemption.branch_id)
    if not actor.is_person(redemption.reserved_by):
        raise Forbidden
    if redemption.state != RedemptionState.CONFIRMED or redemption.confirmed_at is None:
        raise WrongState(state=state_at(redemption, clock.now()))
    if clock.now() - redemption.confirmed_at > timedelta(minutes=UNDO_MINUTES):
        raise UndoTooLate
    return refund(actor, redemption.id, reason="undo")


def refunds_of(actor: Actor, redemption_id: UUID) -> list[Refund]:
    """What went back of a redemption, oldest first, for whoever sees it: NotFound, Forbidden."""
    seen = see_redemption(actor, redemption_id).redemption
    query = scoped(seen.community_id, Refund).where(Refund.redemption_id == seen.id)
    return list(db.session.scalars(query.order_by(Refund.id)))


def redemption_of(community_id: UUID, refund_id: UUID) -> UUID | None:
    """The redemption that a refund gave back of; None when there is no such refund."""
    found: UUID | None = db.session.scalar(scoped(community_id, Refund.redemption_id).where(Refund.id == refund_id))
    return found


def refundable(actor: Actor, redemption_id: UUID) -> Receipt:
    """The redemption as it is shown to somebody who may refund it: NotFound, Forbidden, WrongState."""
    redemption = load(actor.tenant, Redemption, redemption_id)
    require(actor, "refund", merchant_id=redemption.merchant_id, branch_id=redemption.branch_id)
    if redemption.state not in REFUNDABLE:
        raise WrongState(state=state_at(redemption, clock.now()))
    return see_redemption(actor, redemption_id)


def _write(actor: Actor, redemption: Redemption, asked: int, reason: str) -> Refund:
    """The refund's row and what it leaves of the redemption."""
    left = redemption.points - redemption.refunded_points
    row = Refund(
        community_id=actor.tenant,
        id=new_id(),
        redemption_id=redemption.id,
        merchant_id=redemption.merchant_id,
        points=asked,
        fen=_gross(redemption, left) - _gross(redemption, left - asked),
        discount_fen=_discount(redemption, left, asked),
        reason=reason,
        refunded_at=clock.now(),
        actor_id=actor.person_id,
    )
    redemption.refunded_points += row.points
    redemption.refunded_fen += row.fen
    whole = redemption.refunded_points == redemption.points
    redemption.state = RedemptionState.REFUNDED if whole else RedemptionState.REFUNDED_PART
    db.session.add(row)
    db.session.flush()
    return row


def _discount(redemption: Redemption, left: int, asked: int) -> int | None:
    """What of the card's discount goes with so many of the points that are left; None where none was given."""
    off = redemption.discount_fen
    if off is None:
        return None
    before, after = (money.round_half_up(Fraction(off * points, redemption.points)) for points in (left, left - asked))
    return before - after


def _gross(redemption: Redemption, points: int) -> int:
    """What the shop is owed for so many points of the redemption, under the terms it was made under."""
    key = redemption.community_id, redemption.offer_id, redemption.offer_version
    if redemption.discount_fen is not None or db.session.get_one(OfferVersion, key).price_fen is not None:
        return money.round_half_up(Fraction(redemption.gross_fen * points, redemption.points))
    agreed = redemption.community_id, redemption.agreement_id, redemption.agreement_version
    rate = db.session.get_one(AgreementVersion, agreed)
    return money.fen_for_points(points, rate.rate_fen, rate.rate_points)


def _give_back(redemption: Redemption) -> None:
    if redemption.voucher_id is not None:
        voucher = load(redemption.community_id, Voucher, redemption.voucher_id)
        reservations.give_back(redemption.community_id, [taken_by(voucher)])
        return
    taken = Taken(
        redemption.offer_id,
        redemption.offer_version,
        redemption.member_id,
        redemption.quantity,
        redemption.reserved_at,
    )
    reservations.give_back(redemption.community_id, [taken])


def _drafts(
    actor: Actor, redemption: Redemption, row: Refund, back: Sequence[Returned]
) -> tuple[list[Draft], list[Draft]]:
    """The transfers to the wallets of those who paid, and to the fund."""
    originals = _originals(redemption)
    paid_by = {redemption.member_id, *(one.member_id for one in back)}
    owners = {was: now.member for was, now in standing(redemption.community_id, paid_by, lock=True).items()}
    owner = owners[redemption.member_id]
    kept = keep_words(redemption.community_id, row.reason, thing_id=row.id, field="reason", owner_id=owner.person_id)
    evidence = digest_of(refund=row.id, redemption=redemption.id, points=row.points, fen=row.fen, reason=kept)
    takings, payable = takings_of(redemption.merchant_id), payable_to(redemption.merchant_id)
    legs = [(one.part, takings, wallet_of(owners[one.member_id].id), one.points) for one in back]
    if row.fen:
        legs.append((FEN_PART, payable, fund_of(redemption.fund_id), row.fen))
    drafts = [
        Draft(
            code=Code.REFUND,
            debit=debit,
            credit=credit,
            amount=amount,
            source=Source("refund", row.id, evidence),
            part=part,
            reverses_id=originals[part],
        )
        for part, debit, credit, amount in legs
    ]
    return drafts[: len(back)], drafts[len(back) :]


def _originals(redemption: Redemption) -> dict[int, UUID]:
    """The redemption's own transfers by part; where a voucher paid, the points' is its purchase, with their dates."""
    query = scoped(redemption.community_id, Transfer.part, Transfer.id).where(
        Transfer.code == Code.REDEEM, Transfer.source_type == SOURCE, Transfer.source_id == redemption.id
    )
    found = {row.part: row.id for row in db.session.execute(query)}
    if redemption.voucher_id is not None:
        found[POINTS_PART] = load(redemption.community_id, Voucher, redemption.voucher_id).transfer_id
    return found
