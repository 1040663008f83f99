"""The community's stamp (社区签章): what it decides about check-ins, awards for them, and how it is taken back.

Whoever recorded a visit is the first person, the stamper the second. Nobody decides on their own service, their
household's, or what they recorded in any way. Everything is set-based: a hundred visits take as many statements as one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import insert, update

from ledger.book.accounts import hours_of, issuance_of, wallet_of
from ledger.book.codes import Code, Unit
from ledger.book.transfers import Draft, Source, post_transfers
from ledger.core import audit, clock, outbox
from ledger.core.db import atomic, connection, db
from ledger.core.errors import NotFound, Refused, WrongState
from ledger.core.ids import new_id
from ledger.core.many import insert_many
from ledger.core.tenancy import Actor, scoped, within
from ledger.service import caps, evidence
from ledger.service.desk import (
    MOST_AT_ONCE,
    REFUSED,
    Case,
    StampedBatch,
    StampResult,
    refusal_of_role,
    require_stamper,
    take_cases,
)
from ledger.service.earning import Service, terms_of
from ledger.service.errors import BudgetExhausted, PreviewChanged, SameStamper
from ledger.service.models import Checkin, CheckinState, Decision, Evidence, EvidencePolicy, Stamp, StampBatch
from ledger.service.programmes import rule_at, rules_of

_stamps: Any = Stamp.__table__
_checkins: Any = Checkin.__table__

_DECIDABLE = (CheckinState.PENDING, CheckinState.AWAITING_SECOND)


def preview_stamps(actor: Actor, checkin_ids: Sequence[UUID], *, decision: Decision) -> StampedBatch:
    """What stamping these check-ins would do, and a digest that holds the stamp to it. Nothing is stored.

    Raises Forbidden when the actor stamps nowhere.
    """
    require_stamper(actor)
    ids = list(dict.fromkeys(checkin_ids))
    results = _results(ids, _judge(actor, ids, decision=decision, lock=False))
    return StampedBatch(None, results, _digest_of(decision, results))


@atomic
def stamp_checkins(
    actor: Actor, checkin_ids: Sequence[UUID], *, decision: Decision, note: str = "", preview_digest: str | None = None
) -> StampedBatch:
    """Each check-in is decided, or refused for itself; those that are stamped award points and minutes at once.

    At most 200. A member's own late entry, and evidence for which the rule asks it, takes two stampers: the first
    answers `awaiting_second`. What is above a cap is cut, and the explanation says so; what its programme's budget
    cannot pay in full is refused with `budget_exhausted`. Results come in the order of `checkin_ids`. Raises Forbidden,
    PreviewChanged (when a digest is given and something changed).
    """
    assert len(checkin_ids) <= MOST_AT_ONCE, "the outer layer bounds a batch"
    require_stamper(actor)
    ids = list(dict.fromkeys(checkin_ids))
    cases = _judge(actor, ids, decision=decision, lock=True)
    if preview_digest is not None and preview_digest != _digest_of(decision, _results(ids, cases)):
        raise PreviewChanged
    batch_id = _write_batch(actor, decision, note)
    accepted = [case for case in cases.values() if case.refusal is None]
    _write_stamps(actor, batch_id, decision, accepted)
    _move_states(actor, accepted)
    _award(actor, accepted)
    audit.record(actor, f"service.{decision}_checkins", batch_id, count=len(accepted), of=len(ids))
    _tell_members(actor, accepted)
    results = _results(ids, cases)
    return StampedBatch(batch_id, results, _digest_of(decision, results))


def _judge(actor: Actor, ids: Sequence[UUID], *, decision: Decision, lock: bool) -> dict[UUID, Case]:
    """Every check-in that exists, refused or with its award, in the order of ids (which is the lock order)."""
    cases = {case.checkin.id: case for case in take_cases(actor, ids, lock=lock)}
    awaiting = [case.checkin.id for case in cases.values() if case.checkin.state == CheckinState.AWAITING_SECOND]
    first_stampers = _first_stampers(actor, awaiting)
    rules = rules_of(actor.tenant, {case.activity.programme_id for case in cases.values()})
    for case in cases.values():
        case.rule = rule_at(rules[case.activity.programme_id], case.begins_at)
        case.terms = terms_of(case.rule)
        case.status = _outcome(case, decision)
        refusal = refusal_of_role(actor, case) or _refusal_of_state(actor, case, first_stampers, decision)
        case.refusal = refusal.code if refusal else None
    _earn(actor, list(cases.values()), lock=lock)
    return cases


def _first_stampers(actor: Actor, checkin_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """Who gave the first of two stamps."""
    if not checkin_ids:
        return {}
    query = scoped(actor.tenant, Stamp.checkin_id, Stamp.actor_id).where(
        Stamp.checkin_id.in_(checkin_ids), Stamp.undone_at.is_(None), ~Stamp.counts
    )
    return {row.checkin_id: row.actor_id for row in db.session.execute(query)}


def _earn(actor: Actor, cases: Sequence[Case], *, lock: bool) -> None:
    """Each case has its award; one that its programme's budget cannot pay in full is refused, and waits."""
    services = [_service_of(case) for case in cases]
    for case, earning in zip(cases, caps.earn_services(actor.tenant, services, lock=lock), strict=True):
        case.award = earning.award
        if earning.is_over_budget:
            case.refusal = BudgetExhausted.code


def _service_of(case: Case) -> Service:
    assert case.terms is not None, "every programme has a rule"
    return Service(
        owner_id=case.whose.member.id,
        programme_id=case.activity.programme_id,
        terms=case.terms,
        begins_at=case.begins_at,
        minutes=case.checkin.minutes or 0,
        grade=Evidence(case.checkin.evidence),
        earns=case.refusal is None and case.status is CheckinState.STAMPED,
    )


def _outcome(case: Case, decision: Decision) -> CheckinState:
    if decision is Decision.RETURN:
        return CheckinState.RETURNED
    if decision is Decision.VOID:
        return CheckinState.VOID
    first_of_two = case.checkin.state == CheckinState.PENDING and _takes_two(case)
    return CheckinState.AWAITING_SECOND if first_of_two else CheckinState.STAMPED


def _takes_two(case: Case) -> bool:
    """A member's own late entry always does; another visit if the rule asks it of its evidence."""
    assert case.terms is not None, "every programme has a rule"
    asked = case.terms.policy_for(Evidence(case.checkin.evidence)) is EvidencePolicy.SECOND
    return asked or _is_own_late_entry(case)


def _is_own_late_entry(case: Case) -> bool:
    """Entered later by the member's own hand, or by a helper's, which stands for it."""
    recorders = {case.checkin.recorded_by, case.checkin.closed_by}
    own = not recorders.isdisjoint(case.whose.person_ids)
    return case.checkin.evidence == Evidence.LATER and (own or evidence.Review.BY_HELPER in case.checkin.reasons)


def _refusal_of_state(
    actor: Actor, case: Case, first_stampers: dict[UUID, UUID], decision: Decision
) -> type[Refused] | None:
    if case.checkin.state not in _DECIDABLE:
        return WrongState
    if decision is Decision.STAMP and actor.is_person(first_stampers.get(case.checkin.id)):
        return SameStamper
    return None


def _results(ids: Sequence[UUID], cases: dict[UUID, Case]) -> list[StampResult]:
    return [_result(checkin_id, cases.get(checkin_id)) for checkin_id in ids]


def _result(checkin_id: UUID, case: Case | None) -> StampResult:
    code = NotFound.code if case is None else case.refusal
    if case is None or code is not None:
        return StampResult(checkin_id, None, REFUSED, 0, 0, "", "", code)
    award = case.granted
    return StampResult(
        checkin_id=checkin_id,
        stamp_id=case.stamp_id,
        status=case.status,
        points=award.points,
        minutes=award.minutes,
        explanation=award.explanation,
        explanation_en=award.explanation_en,
        code=None,
    )


def _digest_of(decision: Decision, results: Sequence[StampResult]) -> str:
    facts = [(one.checkin_id.hex, one.status, one.points, one.minutes, one.explanation, one.code) for one in results]
    return hashlib.sha256(json.dumps([decision, facts], ensure_ascii=False).encode()).hexdigest()


def _write_batch(actor: Actor, decision: Decision, note: str) -> UUID:
    batch_id = new_id()
    row = {
        "community_id": actor.tenant,
        "id": batch_id,
        "decision": decision,
        "note": note,
        "stamped_at": clock.now(),
        "actor_id": actor.person_id,
    }
    db.session.execute(insert(StampBatch), [row])
    return batch_id


def _write_stamps(actor: Actor, batch_id: UUID, decision: Decision, cases: Sequence[Case]) -> None:
    rows = []
    for case in cases:
        assert case.rule is not None, "every programme has a rule"
        case.stamp_id = new_id()
        rows.append(
            {
                "community_id": actor.tenant,
                "id": case.stamp_id,
                "batch_id": batch_id,
                "checkin_id": case.checkin.id,
                "decision": decision,
                "counts": case.counts,
                "points": case.granted.points,
                "minutes": case.granted.minutes,
                "programme_id": case.rule.programme_id,
                "rule_version": case.rule.version,
                "credited_on": clock.local_day(case.begins_at),
                "explanation": case.award.explanation if decision is Decision.STAMP else "",
                "explanation_en": case.award.explanation_en if decision is Decision.STAMP else "",
                "stamped_at": clock.now(),
                "actor_id": actor.person_id,
            }
        )
    insert_many(_stamps, rows)


def _move_states(actor: Actor, cases: Sequence[Case]) -> None:
    for state in {case.status for case in cases}:
        ids = [case.checkin.id for case in cases if case.status is state]
        moved = update(_checkins).where(within(actor.tenant, Checkin), _checkins.c.id.in_(ids)).values(state=state)
        connection().execute(moved)


def _award(actor: Actor, cases: Sequence[Case]) -> None:
    """Points and hours of all stamped cases, in one call of the one writer."""
    drafts = []
    for case in cases:
        if case.status is CheckinState.STAMPED:
            drafts += _drafts(actor, case)
    post_transfers(actor, drafts)


def _drafts(actor: Actor, case: Case) -> list[Draft]:
    assert case.stamp_id is not None, "the stamp is written before its award"
    source, member_id = Source("stamp", case.stamp_id, _evidence_digest(case)), case.whose.member.id
    points = Draft(
        code=Code.AWARD,
        debit=issuance_of(actor.tenant),
        credit=wallet_of(member_id),
        amount=case.award.points,
        source=source,
    )
    minutes = Draft(
        code=Code.HOURS,
        debit=issuance_of(actor.tenant, Unit.MINUTES),
        credit=hours_of(member_id),
        amount=case.award.minutes,
        source=source,
    )
    return [draft for draft in (points, minutes) if draft.amount]


def _evidence_digest(case: Case) -> bytes:
    """SHA-256 of everything that led to the amounts: the visit, the rule's version and terms, the explanation.

    What the rule took from the member's posts, or from what was earned before, is said in the explanation.
    """
    visit, rule = case.checkin, case.rule
    assert rule is not None, "every programme has a rule"
    assert case.terms is not None, "every rule has terms"
    facts = {
        "checkin": visit.id.hex,
        "activity": visit.activity_id.hex,
        "member": visit.member_id.hex,
        "arrived_at": visit.arrived_at.isoformat(),
        "left_at": visit.left_at.isoformat() if visit.left_at else None,
        "received_at": visit.received_at.isoformat(),
        "minutes": visit.minutes,
        "evidence": visit.evidence,
        "reasons": visit.reasons,
        "recorded_by": visit.recorded_by.hex,
        "programme": rule.programme_id.hex,
        "rule": case.terms.as_columns() | {"version": rule.version},
        "award": list(case.award),
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True, ensure_ascii=False).encode()).digest()


def _tell_members(actor: Actor, cases: Sequence[Case]) -> None:
    kinds = {case.status for case in cases}
    for status in sorted(kinds):
        told = [case for case in cases if case.status is status]
        payloads = [
            {
                "checkin_id": case.checkin.id.hex,
                "member_id": case.checkin.member_id.hex,
                "points": case.granted.points,
                "minutes": case.granted.minutes,
            }
            for case in told
        ]
        outbox.announce_all(actor, f"checkin.{status}", payloads)
