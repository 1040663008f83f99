"""The stamper's desk: the cases that lie on it, and the rules about them that no role lifts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from ledger.core.db import db
from ledger.core.errors import Forbidden, Reason
from ledger.core.permissions import may
from ledger.core.tenancy import Actor, Role, scoped
from ledger.people.members import Standing, standing
from ledger.service import evidence
from ledger.service.earning import Award, RuleTerms
from ledger.service.errors import OwnCheckin, OwnHousehold, RecordedByYou
from ledger.service.models import Activity, Checkin, CheckinState, ProgrammeRule

MOST_AT_ONCE = 200
REFUSED = "refused"
NOTHING = Award(0, 0, "", "")


class StampResult(NamedTuple):
    """What was decided (or would be) about one check-in; `status` is its state, or "refused" with the reason `code`."""

    checkin_id: UUID
    stamp_id: UUID | None
    status: str
    points: int
    minutes: int
    explanation: str
    explanation_en: str
    code: str | None


class StampedBatch(NamedTuple):
    """One press of the stamp: its id (None for a preview), the results in the order asked for, and their digest."""

    batch_id: UUID | None
    results: list[StampResult]
    preview_digest: str


@dataclass(slots=True)
class Case:
    """One check-in on the desk, with what the rules need to know about its member."""

    checkin: Checkin
    activity: Activity
    whose: Standing
    refusal: str | None = None
    rule: ProgrammeRule | None = None
    terms: RuleTerms | None = None
    award: Award = NOTHING
    status: CheckinState = CheckinState.PENDING
    stamp_id: UUID | None = None

    @property
    def begins_at(self) -> datetime:
        """When its credit begins: by the rule of that moment, and on that day, it earns."""
        return evidence.credit_starts(self.activity, self.checkin.arrived_at)

    @property
    def counts(self) -> bool:
        return self.status is not CheckinState.AWAITING_SECOND

    @property
    def granted(self) -> Award:
        """What this stamp awards: nothing if it returns, voids, or waits for the second."""
        return self.award if self.status is CheckinState.STAMPED else self.award._replace(points=0, minutes=0)


def require_stamper(actor: Actor) -> None:
    """Forbidden unless the actor stamps somewhere."""
    # The street as second person of an absent one comes with its own rules; until then it does not stamp.
    if not actor.has(Role.STAMPER, Role.ADMIN):
        raise Forbidden


def take_cases(actor: Actor, ids: Sequence[UUID], *, lock: bool) -> list[Case]:
    """Those of the check-ins that exist, by id; locked in that order until commit if asked."""
    query = scoped(actor.tenant, Checkin, Activity).where(Checkin.id.in_(ids), Activity.id == Checkin.activity_id)
    query = query.order_by(Checkin.id).execution_options(populate_existing=True)
    if lock:
        query = query.with_for_update(of=Checkin)
    rows = db.session.execute(query).all()
    whose = standing(actor.tenant, {checkin.member_id for checkin, _ in rows}, lock=lock)
    return [Case(checkin, activity, whose[checkin.member_id]) for checkin, activity in rows]


def refusal_of_nearness(actor: Actor, whose: Standing) -> type[Reason] | None:
    """Nobody decides on what is their own or their family's."""
    if any(map(actor.is_person, whose.person_ids)):
        return OwnCheckin
    household_id = whose.member.household_id
    if household_id is not None and household_id == actor.household_id:
        return OwnHousehold
    if whose.member.id in actor.helps:  # Only a relative is named as helper.
        return OwnHousehold
    return None


def may_decide(actor: Actor, checkin: Checkin) -> bool:
    """May the actor stamp, return, void or undo this one, as far as the rules of roles go?"""
    if not actor.has(Role.STAMPER, Role.ADMIN):
        return False
    return all(refusal_of_role(actor, case) is None for case in take_cases(actor, [checkin.id], lock=False))


def refusal_of_role(actor: Actor, case: Case) -> type[Reason] | None:
    """The rules that no role lifts, the same for stamping and for undoing."""
    if not may(actor, "stamp", unit_path=case.checkin.unit_path):
        return Forbidden
    near = refusal_of_nearness(actor, case.whose)
    if near is not None:
        return near
    if any(map(actor.is_person, (case.checkin.recorded_by, case.checkin.closed_by))):
        return RecordedByYou
    return None
