"""Taking stamps back: by counter-entry, as often as needed. What was spent becomes the member's visible debt."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import and_, or_, update
from sqlalchemy.orm import aliased

from ledger.book.reversals import reverse_all
from ledger.book.transfers import Source
from ledger.core import audit, clock, outbox
from ledger.core.db import atomic, db
from ledger.core.errors import Reason, WrongState
from ledger.core.ids import new_id
from ledger.core.tenancy import Actor, load, same_community, scoped, within
from ledger.service.checkins import DEAD, lock_members
from ledger.service.desk import REFUSED, Case, StampedBatch, StampResult, refusal_of_role, require_stamper, take_cases
from ledger.service.errors import DuplicateCheckin, Overlap
from ledger.service.models import Checkin, CheckinState, Decision, Stamp, StampBatch


@atomic
def undo_stamp(actor: Actor, stamp_id: UUID | None) -> StampResult:
    """The stamp counts no more: its points and hours are reversed and the visit waits again.

    Raises NotFound, Forbidden, OwnCheckin, OwnHousehold, RecordedByYou, WrongState (undone before), and for a stamp
    that returned or voided DuplicateCheckin, Overlap (the member has another visit at that time by now).
    """
    stamp = load(actor.tenant, Stamp, stamp_id)
    require_stamper(actor)
    undone, refused = _undo(actor, [stamp])
    for reason in refused.values():
        raise reason
    audit.record(actor, "service.undo_stamp", stamp_id)
    return undone[stamp.checkin_id]


@atomic
def undo_batch(actor: Actor, batch_id: UUID) -> StampedBatch:
    """Every stamp of the batch that can be undone is undone; the others are refused for themselves.

    Raises NotFound, Forbidden.
    """
    load(actor.tenant, StampBatch, batch_id)
    require_stamper(actor)
    stamps = list(db.session.scalars(scoped(actor.tenant, Stamp).where(Stamp.batch_id == batch_id).order_by(Stamp.id)))
    undone, refused = _undo(actor, stamps)
    audit.record(actor, "service.undo_batch", batch_id, count=len(undone), of=len(stamps))
    results = undone | {checkin_id: _refused(checkin_id, reason) for checkin_id, reason in refused.items()}
    return StampedBatch(batch_id, [results[stamp.checkin_id] for stamp in stamps], "")


def _refused(checkin_id: UUID, reason: Reason) -> StampResult:
    return StampResult(checkin_id, None, REFUSED, 0, 0, "", "", reason.code)


def _undo(actor: Actor, stamps: Sequence[Stamp]) -> tuple[dict[UUID, StampResult], dict[UUID, Reason]]:
    """What was undone and what was refused, by check-in. A check-in's first and second stamp fall together."""
    cases = _lock_cases(actor, stamps)
    live = _live_stamps(actor, list(cases))
    met = _visits_met(actor, [stamp.checkin_id for stamp in stamps if stamp.decision != Decision.STAMP])
    refused: dict[UUID, Reason] = {}
    for stamp in stamps:
        role_rule = refusal_of_role(actor, cases[stamp.checkin_id])
        if role_rule is not None:
            refused[stamp.checkin_id] = role_rule()
        elif stamp.id not in live:
            refused[stamp.checkin_id] = WrongState(state="undone")
        elif stamp.checkin_id in met:
            refused[stamp.checkin_id] = met[stamp.checkin_id]
    falling = [stamp for stamp in live.values() if stamp.checkin_id not in refused]
    _take_back(actor, falling)
    undone = {
        stamp.checkin_id: StampResult(
            stamp.checkin_id, stamp.id, CheckinState.PENDING, stamp.points, stamp.minutes, "", "", None
        )
        for stamp in falling
        if stamp.counts or stamp in stamps
    }
    return undone, refused


def _lock_cases(actor: Actor, stamps: Sequence[Stamp]) -> dict[UUID, Case]:
    """Members first, then check-ins: the order in which check-ins are recorded."""
    ids = [stamp.checkin_id for stamp in stamps]
    members = set(db.session.scalars(scoped(actor.tenant, Checkin.member_id).where(Checkin.id.in_(ids))))
    lock_members(actor.tenant, members)
    return {case.checkin.id: case for case in take_cases(actor, ids, lock=True)}


def _live_stamps(actor: Actor, checkin_ids: Sequence[UUID]) -> dict[UUID, Stamp]:
    query = scoped(actor.tenant, Stamp).where(Stamp.checkin_id.in_(checkin_ids), Stamp.undone_at.is_(None))
    found = db.session.scalars(query.order_by(Stamp.id).execution_options(populate_existing=True))
    return {stamp.id: stamp for stamp in found}


def _visits_met(actor: Actor, checkin_ids: Sequence[UUID]) -> dict[UUID, Reason]:
    """Which of these dead visits cannot come back, because the member has been recorded elsewhere or again since."""
    if not checkin_ids:
        return {}
    other = aliased(Checkin)
    here = other.activity_id == Checkin.activity_id
    at_once = and_(other.arrived_at < Checkin.left_at, or_(other.left_at.is_(None), other.left_at > Checkin.arrived_at))
    query = (
        scoped(actor.tenant, Checkin.id)
        .add_columns(here)
        .join(
            other,
            and_(
                same_community(other, Checkin),
                other.member_id == Checkin.member_id,
                other.id != Checkin.id,
                other.state.not_in(DEAD),
                or_(here, at_once),
            ),
        )
    )
    rows = db.session.execute(query.where(Checkin.id.in_(checkin_ids)))
    return {checkin_id: DuplicateCheckin() if again else Overlap() for checkin_id, again in rows}


def _take_back(actor: Actor, falling: Sequence[Stamp]) -> None:
    """Points and hours of all of them, in one call of the one writer; then the stamps are undone and visits pending."""
    if not falling:
        return
    awarding = [stamp for stamp in falling if stamp.counts and stamp.decision == Decision.STAMP]
    reverse_all(
        actor, "stamp", [stamp.id for stamp in awarding], to={stamp.id: _source(actor, stamp) for stamp in awarding}
    )
    stamp_ids, checkin_ids = [stamp.id for stamp in falling], {stamp.checkin_id for stamp in falling}
    ended = update(Stamp).where(within(actor.tenant, Stamp), Stamp.id.in_(stamp_ids))
    waiting = update(Checkin).where(within(actor.tenant, Checkin), Checkin.id.in_(checkin_ids))
    quietly = {"synchronize_session": False}
    db.session.execute(ended.values(undone_at=clock.now(), undone_by=actor.person_id), execution_options=quietly)
    db.session.execute(waiting.values(state=CheckinState.PENDING), execution_options=quietly)
    outbox.announce_all(actor, "stamp.undone", [{"stamp_id": stamp.id.hex} for stamp in falling])


def _source(actor: Actor, stamp: Stamp) -> Source:
    facts = f"undo {stamp.id.hex} by {actor.person_id.hex} at {clock.now().isoformat()}"
    return Source("stamp_undo", new_id(), hashlib.sha256(facts.encode()).digest())
