"""Disputes: a shop contests single lines of an issued statement; the rest is paid on time. See docs/adr/0027.

A line that is disputed is held back. Whatever is decided, a decision line in the open week gives back what was held;
decided for the community, the redemption is refunded beside it by the verb for that. So no closed week is edited, and
the books say of a lost dispute what they say of any refund.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple
from uuid import UUID

from ledger.book.accounts import fund_of, payable_to
from ledger.book.codes import Code
from ledger.book.transfers import Draft, Source, post_transfers
from ledger.core import audit, clock, outbox, registry, workdays
from ledger.core.db import atomic, db, expect_refusals, savepoint
from ledger.core.errors import AlreadyExists, NotFound, Refused, WrongState
from ledger.core.evidence import digest_of
from ledger.core.ids import NOBODY, new_id
from ledger.core.permissions import require
from ledger.core.second_person import count_if_stood_in, require_second
from ledger.core.tenancy import Actor, load, scoped, system_actor
from ledger.rewards import refunds
from ledger.rewards.models import Redemption, Refund
from ledger.rewards.redemptions import FEN_PART
from ledger.settlement.agreed import undecided_favours
from ledger.settlement.dispute_models import Dispute, DisputeState, Favour, Ruling, RulingKind
from ledger.settlement.errors import AppealTooLate, LineNotDisputable, NotAppealable, NotClawedBack
from ledger.settlement.evidence import photos
from ledger.settlement.models import LineType, Settlement, SettlementLine, SettlementState
from ledger.settlement.owners import (
    ANSWERED,
    APPEALED,
    CLAWED_BACK,
    DECIDED_FOR_COMMUNITY,
    DECIDED_FOR_SHOP,
    DISPUTED,
    tell_owners,
    tell_treasurers,
)

DISPUTE, ANSWER, DECIDE, DECIDE_AGAIN = "dispute_settlement", "answer_disputes", "decide_disputes", "decide_appeals"

DECIDE_WITHIN_WORKDAYS = 10
APPEAL_WITHIN_WORKDAYS = 5
LONGEST = 300
MOST_LINES = 200

DISPUTABLE = (LineType.REDEMPTION, LineType.REFUND, LineType.CLAWBACK)
OPEN = (DisputeState.RAISED, DisputeState.ANSWERED, DisputeState.APPEALED)


class Claim(NamedTuple):
    """One line that the shop disputes, why, and the photos that prove it."""

    line_id: UUID
    reason: str
    file_ids: Sequence[UUID] = ()


# --- the shop ---------------------------------------------------------------------------------------------------


@atomic
def raise_disputes(actor: Actor, settlement_id: UUID, claims: Sequence[Claim]) -> list[Dispute]:
    """These lines are held back until they are decided; the statement goes on without them, to confirm or by the clock.

    By the shop's owner, while the statement is issued. All lines, or none. Raises NotFound (statement, line, photo),
    Forbidden, WrongState, LineNotDisputable, AlreadyExists (a line is disputed), PhotoLimit.
    """
    settlement = load(actor.tenant, Settlement, settlement_id, lock=True)
    require(actor, DISPUTE, merchant_id=settlement.merchant_id)
    if settlement.state != SettlementState.ISSUED:
        raise WrongState(state=settlement.state)
    assert claims, "bounded by whoever read the form"
    raised = [_raise(actor, settlement, claim) for claim in claims]
    audit.record(actor, "settlement.dispute", settlement.id, lines=len(raised), held_fen=settlement.held_fen)
    outbox.announce(actor, "settlement.disputed", settlement_id=settlement.id.hex, lines=len(raised))
    tell_treasurers(actor.tenant, DISPUTED, number=settlement.number or "", due_at=raised[0].due_at)
    return raised


def _raise(actor: Actor, settlement: Settlement, claim: Claim) -> Dispute:
    line = load(actor.tenant, SettlementLine, claim.line_id)
    if line.settlement_id != settlement.id:
        raise NotFound
    if line.type not in DISPUTABLE:
        raise LineNotDisputable
    before = _disputed(settlement)
    if line.id in before:
        raise AlreadyExists
    held = _held(settlement, sum(before.values()) + line.net_fen)
    now = clock.now()
    dispute = Dispute(
        community_id=actor.tenant,
        id=new_id(),
        settlement_id=settlement.id,
        line_id=line.id,
        merchant_id=settlement.merchant_id,
        state=DisputeState.RAISED,
        reason=claim.reason,
        line_fen=line.net_fen,
        held_fen=held - settlement.held_fen,
        raised_at=now,
        raised_by=actor.person_id,
        due_at=workdays.end_after(now, DECIDE_WITHIN_WORKDAYS),
        answer="",
        decision="",
        appeal="",
    )
    settlement.held_fen = held
    db.session.add(dispute)
    db.session.flush()
    photos.put(actor, dispute.id, claim.file_ids)
    return dispute


def _disputed(settlement: Settlement) -> dict[UUID, int]:
    """What the disputed lines of the statement say, by line."""
    query = scoped(settlement.community_id, Dispute.line_id, Dispute.line_fen)
    return dict(db.session.execute(query.where(Dispute.settlement_id == settlement.id)).tuples().all())


def _held(settlement: Settlement, disputed_fen: int) -> int:
    """By how much less is paid when lines of this sum are disputed: never more than is payable, nothing of nothing."""
    return min(disputed_fen, settlement.payable_fen) if settlement.payable_fen else 0


@atomic
def appeal(actor: Actor, dispute_id: UUID, *, reason: str) -> Dispute:
    """A second person decides again, for good. Once, by the owner, within five working days of the decision.

    Raises NotFound, Forbidden, WrongState, NotAppealable (decided for the shop), AppealTooLate.
    """
    dispute = load(actor.tenant, Dispute, dispute_id, lock=True)
    require(actor, DISPUTE, merchant_id=dispute.merchant_id)
    if dispute.state == DisputeState.FINAL or dispute.favour == Favour.SHOP:
        raise NotAppealable
    if dispute.state != DisputeState.DECIDED:
        raise WrongState(state=dispute.state)
    now = clock.now()
    if dispute.appeal_until is None or now >= dispute.appeal_until:
        raise AppealTooLate
    dispute.state, dispute.appeal = DisputeState.APPEALED, reason
    dispute.appealed_at, dispute.appealed_by = now, actor.person_id
    dispute.due_at = workdays.end_after(now, DECIDE_WITHIN_WORKDAYS)
    db.session.flush()
    _note(actor, "appeal_dispute", dispute)
    tell_treasurers(actor.tenant, APPEALED, number=_number_of(dispute), due_at=dispute.due_at)
    return dispute


# --- the community ----------------------------------------------------------------------------------------------


@contextmanager
def _open_dispute(actor: Actor, dispute_id: UUID, verb: str, *states: DisputeState) -> Iterator[Dispute]:
    """A dispute in one of these states, locked: NotFound, Forbidden, WrongState. An appeal has a right of its own."""
    dispute = load(actor.tenant, Dispute, dispute_id, lock=True)
    require(actor, DECIDE_AGAIN if verb == DECIDE and dispute.state == DisputeState.APPEALED else verb)
    if dispute.state not in states:
        raise WrongState(state=dispute.state)
    yield dispute
    db.session.flush()


def _note(actor: Actor, act: str, dispute: Dispute, **facts: Any) -> None:
    audit.record(actor, f"settlement.{act}", dispute.id, state=dispute.state, favour=dispute.favour, **facts)
    outbox.announce(actor, f"dispute.{dispute.state}", dispute_id=dispute.id.hex, favour=dispute.favour)


@atomic
def answer_dispute(actor: Actor, dispute_id: UUID, *, answer: str) -> Dispute:
    """The community has said what it knows of the line; it is still to be decided. Raises NotFound, Forbidden,
    WrongState."""
    with _open_dispute(actor, dispute_id, ANSWER, DisputeState.RAISED) as dispute:
        dispute.state, dispute.answer = DisputeState.ANSWERED, answer
        dispute.answered_at, dispute.answered_by = clock.now(), actor.person_id
    _note(actor, "answer_dispute", dispute)
    tell_owners(actor.tenant, dispute.merchant_id, ANSWERED, number=_number_of(dispute))
    return dispute


@atomic
def decide_dispute(actor: Actor, dispute_id: UUID, *, favour: Favour, reason: str) -> Dispute:
    """The line is decided; what follows from it stands in the open week. An appeal is decided by a second person, the
    street only in that person's long absence.

    For the shop it is paid what the line says, and no refund is charged to it; for the community the redemption is
    refunded as far as it is not yet, and a refund stands. Raises NotFound, Forbidden, WrongState, OwnStep,
    SecondPersonPresent, OwnRedemption, InsufficientFunds (a fund that shall bear a refund is empty).
    """
    with _open_dispute(actor, dispute_id, DECIDE, *OPEN) as dispute:
        if dispute.appealed_at is not None:
            require_second(actor, DECIDE_AGAIN, asked_by=dispute.decided_by, waiting_since=dispute.appealed_at)
        _rule(actor, dispute, favour, reason)
    return dispute


def _rule(actor: Actor, dispute: Dispute, favour: Favour, reason: str) -> None:
    """The ruling and its money. What an appeal leaves as it was moves nothing."""
    line = load(actor.tenant, SettlementLine, dispute.line_id)
    is_appeal = dispute.state == DisputeState.APPEALED
    ruling = _new_ruling(actor, line, RulingKind.DECISION, favour=favour, reason=reason)
    ruling.dispute_id = dispute.id
    borne = 0
    if favour is Favour.SHOP:
        borne = _taken_from_shop(dispute) if is_appeal else max(0, -dispute.line_fen)
    elif not is_appeal and dispute.line_fen > 0:
        ruling.refund_id = _refund_rest(actor, line, reason)
    ruling.net_fen = borne + (0 if is_appeal else dispute.held_fen)
    db.session.add(ruling)
    db.session.flush()
    _let_fund_bear(actor, line, ruling, borne)
    _decided(actor, dispute, ruling, is_appeal=is_appeal)


def _new_ruling(actor: Actor, line: SettlementLine, kind: RulingKind, *, favour: Favour, reason: str) -> Ruling:
    return Ruling(
        community_id=actor.tenant,
        id=new_id(),
        kind=kind,
        line_id=line.id,
        favour=favour,
        reason=reason,
        net_fen=0,
        made_at=clock.now(),
        actor_id=actor.person_id,
    )


def _taken_from_shop(dispute: Dispute) -> int:
    """What the first decision, for the community, took from the shop: its refund, or the one that it let stand."""
    if dispute.line_fen < 0:
        return -dispute.line_fen
    query = scoped(dispute.community_id, Refund.fen, Ruling.id).where(
        Ruling.dispute_id == dispute.id, Refund.id == Ruling.refund_id
    )
    return db.session.scalar(query) or 0


def _refund_rest(actor: Actor, line: SettlementLine, reason: str) -> UUID | None:
    """What is left of the redemption goes back to the member and the fund; None when nothing is left."""
    redemption = load(actor.tenant, Redemption, line.redemption_id, lock=True)
    if redemption.state not in refunds.REFUNDABLE:
        return None
    return refunds.refund(actor, redemption.id, reason=reason).id


def _let_fund_bear(actor: Actor, line: SettlementLine, ruling: Ruling, fen: int) -> None:
    """The fund pays the shop for the redemption what a refund had given back to it."""
    if not fen:
        return
    redemption = load(actor.tenant, Redemption, line.redemption_id)
    evidence = digest_of(ruling=ruling.id, line=line.id, dispute=ruling.dispute_id, fen=fen, favour=ruling.favour)
    draft = Draft(
        code=Code.REDEEM,
        debit=fund_of(redemption.fund_id),
        credit=payable_to(redemption.merchant_id),
        amount=fen,
        source=Source("ruling", ruling.id, evidence),
        part=FEN_PART,
    )
    post_transfers(actor, [draft])


def _decided(actor: Actor, dispute: Dispute, ruling: Ruling, *, is_appeal: bool) -> None:
    dispute.state = DisputeState.FINAL if is_appeal else DisputeState.DECIDED
    dispute.favour, dispute.decision = ruling.favour, ruling.reason
    dispute.decided_at = ruling.made_at
    dispute.decided_by = None if actor.person_id == NOBODY else actor.person_id
    dispute.appeal_until = None if is_appeal else workdays.end_after(ruling.made_at, APPEAL_WITHIN_WORKDAYS)
    db.session.flush()
    stood_in = is_appeal and actor.person_id != NOBODY and count_if_stood_in(actor, DECIDE_AGAIN, dispute.id)
    _note(actor, "decide_dispute", dispute, stood_in=stood_in)
    kind = DECIDED_FOR_SHOP if ruling.favour == Favour.SHOP else DECIDED_FOR_COMMUNITY
    tell_owners(actor.tenant, dispute.merchant_id, kind, number=_number_of(dispute))


def _number_of(dispute: Dispute) -> str:
    return load(dispute.community_id, Settlement, dispute.settlement_id).number or ""


@registry.job("decide_overdue_disputes", period=lambda moment: clock.local_day(moment).isoformat())
def decide_overdue(community_id: UUID, _day: str) -> None:
    """What nobody decided by its day is the shop's, or the community's where the agreement says so.

    Where no fund can bear it now, it waits for the next day.
    """
    query = scoped(community_id, Dispute).where(Dispute.state.in_(OPEN), Dispute.due_at <= clock.now())
    due = db.session.scalars(query.order_by(Dispute.id).with_for_update()).all()
    favours = undecided_favours(community_id, [dispute.line_id for dispute in due])
    expect_refusals()
    for dispute in due:
        try:
            with savepoint():
                _rule(system_actor(community_id), dispute, favours[dispute.line_id], "")
        except Refused as refused:
            audit.record(system_actor(community_id), "settlement.decide_dispute", dispute.id, outcome=refused.code)


# --- money taken back -------------------------------------------------------------------------------------------


@atomic
def claw_back(actor: Actor, line_id: UUID, *, reason: str) -> Ruling:
    """What was paid for a redemption goes back from the shop's next statement, as far as it is not refunded yet.

    In the books it is a refund: the flowers are the member's again (an award that was wrong is reversed by its own
    verb), the money the fund's. Raises NotFound, Forbidden, NotClawedBack, OwnRedemption.
    """
    line = load(actor.tenant, SettlementLine, line_id)
    require(actor, DECIDE)
    settlement = load(actor.tenant, Settlement, line.settlement_id)
    is_paid = settlement.state in (SettlementState.PAID, SettlementState.RECONCILED)
    if line.type != LineType.REDEMPTION or not is_paid:
        raise NotClawedBack
    ruling = _new_ruling(actor, line, RulingKind.CLAWBACK, favour=Favour.COMMUNITY, reason=reason)
    ruling.refund_id = _refund_rest(actor, line, reason)
    if ruling.refund_id is None:
        raise NotClawedBack
    db.session.add(ruling)
    db.session.flush()
    audit.record(actor, "settlement.claw_back", line.id, ruling_id=ruling.id.hex)
    outbox.announce(actor, "settlement.clawed_back", line_id=line.id.hex)
    tell_owners(actor.tenant, settlement.merchant_id, CLAWED_BACK, number=settlement.number or "")
    return ruling
