"""What the community pot is used for: asked by one person, published and booked by a second, read by every member."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func

from ledger.book.accounts import issuance_of, pot_of
from ledger.book.balances import account_balance
from ledger.book.codes import Code
from ledger.book.models import Transfer
from ledger.book.transfers import Draft, Source, post_transfers
from ledger.core import audit, clock, outbox, registry
from ledger.core.commitments import keep_words
from ledger.core.db import atomic, db
from ledger.core.errors import Forbidden
from ledger.core.evidence import digest_of
from ledger.core.ids import new_id
from ledger.core.permissions import may, require, require_any
from ledger.core.second_person import count_if_stood_in, require_second, waiting_step
from ledger.core.tenancy import Actor, scoped
from ledger.people.models import PlaceUnit, UnitKind
from ledger.rewards.donation_models import PotUse, PotUseState
from ledger.rewards.donations import still_undoable
from ledger.rewards.errors import PotTooSmall

SOURCE = "pot_use"
"""The source type of the transfer by which points leave the pot."""

ASK, SECOND, SEE = "use_pot", "second_pot_use", "see_pot"


@atomic
def ask_use(actor: Actor, points: int, *, words: str) -> PotUse:
    """The use waits for a second person; nothing has moved. Raises Forbidden, PotTooSmall."""
    require(actor, ASK)
    _require_points(actor, points)
    use = PotUse(
        community_id=actor.tenant,
        id=new_id(),
        points=points,
        words=words,
        state=PotUseState.AWAITING_SECOND,
        asked_by=actor.person_id,
        asked_at=clock.now(),
    )
    db.session.add(use)
    db.session.flush()
    _tell(actor, use, "ask_pot_use")
    return use


def _require_points(actor: Actor, points: int) -> None:
    """What its giver can still take back is not there to be used."""
    left = pot_now(actor.tenant).usable
    if points > left:
        raise PotTooSmall(left=left)


@atomic
def approve_use(actor: Actor, use_id: UUID) -> PotUse:
    """The points have left the pot and every member reads for what; by another person than who asked.

    Raises NotFound, Forbidden, WrongState, OwnStep, SecondPersonPresent, PotTooSmall.
    """
    with waiting_step(actor, PotUse, use_id, verb=SECOND, state=PotUseState.AWAITING_SECOND) as use:
        require_second(actor, SECOND, asked_by=use.asked_by, waiting_since=use.asked_at)
        _one_at_a_time(actor.tenant)
        _require_points(actor, use.points)
        _decide(actor, use, PotUseState.DONE)
        post_transfers(actor, [_draft(actor, use)])
    _tell(actor, use, "approve_pot_use")
    return use


def _one_at_a_time(community_id: UUID) -> None:
    """The pot has no balance row to be short: two uses follow one another, the root unit's row is the lock."""
    root = scoped(community_id, PlaceUnit.id).where(PlaceUnit.kind == UnitKind.COMMUNITY)
    db.session.execute(root.with_for_update(key_share=True))


def _draft(actor: Actor, use: PotUse) -> Draft:
    kept = keep_words(actor.tenant, use.words, thing_id=use.id, field="words")
    evidence = digest_of(
        pot_use=use.id, points=use.points, words=kept, asked_by=use.asked_by, approved_by=actor.person_id
    )
    return Draft(
        code=Code.SPEND,
        debit=pot_of(actor.tenant),
        credit=issuance_of(actor.tenant),
        amount=use.points,
        source=Source(SOURCE, use.id, evidence),
    )


@atomic
def decline_use(actor: Actor, use_id: UUID) -> PotUse:
    """The second person said no; nothing moves.

    Raises NotFound, Forbidden, WrongState, OwnStep, SecondPersonPresent.
    """
    with waiting_step(actor, PotUse, use_id, verb=SECOND, state=PotUseState.AWAITING_SECOND) as use:
        require_second(actor, SECOND, asked_by=use.asked_by, waiting_since=use.asked_at)
        _decide(actor, use, PotUseState.DECLINED)
    _tell(actor, use, "decline_pot_use")
    return use


@atomic
def withdraw_use(actor: Actor, use_id: UUID) -> PotUse:
    """Who asked took it back; nothing moves. Raises NotFound, Forbidden (asked by somebody else), WrongState."""
    with waiting_step(actor, PotUse, use_id, verb=ASK, state=PotUseState.AWAITING_SECOND) as use:
        if not actor.is_person(use.asked_by):
            raise Forbidden
        _decide(actor, use, PotUseState.WITHDRAWN)
    _tell(actor, use, "withdraw_pot_use")
    return use


def _decide(actor: Actor, use: PotUse, state: PotUseState) -> None:
    use.state, use.decided_by, use.decided_at = state, actor.person_id, clock.now()


def _tell(actor: Actor, use: PotUse, action: str) -> None:
    is_second = use.state in (PotUseState.DONE, PotUseState.DECLINED)
    stood_in = is_second and count_if_stood_in(actor, SECOND, use.id)
    audit.record(actor, f"rewards.{action}", use.id, points=use.points, stood_in=stood_in)
    outbox.announce(actor, f"pot_use.{use.state}", pot_use_id=use.id.hex, points=use.points)


@registry.begun_by
def _begun(community_id: UUID, person_id: UUID) -> list[registry.Work]:
    query = scoped(community_id, PotUse.id, PotUse.asked_at).where(
        PotUse.state == PotUseState.AWAITING_SECOND, PotUse.asked_by == person_id
    )
    return [registry.Work("pot_use", *row) for row in db.session.execute(query)]


# --- looking ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pot:
    """Points in the pot: given in all (less what was taken back), used, left; `usable` without what is quite new."""

    given: int
    used: int
    left: int
    usable: int


def pot_now(community_id: UUID) -> Pot:
    """The pot as the books have it."""
    left = account_balance(community_id, pot_of(community_id))
    spent = scoped(community_id, Transfer).where(
        Transfer.debit_account_id == pot_of(community_id).id_in(community_id), Transfer.code == Code.SPEND
    )
    used = int(db.session.scalar(spent.with_only_columns(func.coalesce(func.sum(Transfer.amount), 0))) or 0)
    return Pot(left + used, used, left, max(0, left - still_undoable(community_id)))


def see_pot(actor: Actor) -> Pot:
    """What was given to the pot and used of it, for whoever belongs to the community. Raises Forbidden."""
    require_any(actor, SEE)
    return pot_now(actor.tenant)


def count_waiting_for(actor: Actor) -> int:
    """How many uses wait for somebody else than who asked: for this actor."""
    waiting = scoped(actor.tenant, PotUse).where(PotUse.state == PotUseState.AWAITING_SECOND)
    others = waiting.where(PotUse.asked_by.not_in(actor.formerly | {actor.person_id}))
    return int(db.session.scalar(others.with_only_columns(func.count())) or 0)


def list_uses(
    actor: Actor, *, status: PotUseState | None = None, after: UUID | None = None, limit: int = 50
) -> list[PotUse]:
    """What the pot was used for, newest first; what waits or was refused only for those who ask and approve.

    Raises Forbidden.
    """
    require_any(actor, SEE)
    query = scoped(actor.tenant, PotUse).order_by(PotUse.id.desc()).limit(limit)
    if not (may(actor, ASK) or may(actor, SECOND)):
        query = query.where(PotUse.state == PotUseState.DONE)
    if status is not None:
        query = query.where(PotUse.state == status)
    if after is not None:
        query = query.where(PotUse.id < after)
    return list(db.session.scalars(query))
