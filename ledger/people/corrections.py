"""Corrections: a member says what is wrong in the record of them; staff correct it or say why not, in fifteen days."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.exc import IntegrityError

from ledger.core import audit, clock, outbox, registry
from ledger.core.db import atomic, db, savepoint
from ledger.core.errors import AlreadyExists, Forbidden, WrongState
from ledger.core.exporting import all_facts
from ledger.core.ids import NOBODY, new_id
from ledger.core.orders import BY_AGE, Age, arrange
from ledger.core.permissions import may, require
from ledger.core.second_person import require_another, waiting_step
from ledger.core.tenancy import Actor, load, same_community, scoped, within
from ledger.people.correction_models import About, Correction, CorrectionState
from ledger.people.members import sort_key
from ledger.people.models import Member
from ledger.people.moving import move_members
from ledger.people.notices import NoticeKind, declare, tell

DECIDE = "manage_people"
DUE_DAYS = 15
LONGEST, LONGEST_NAME = 200, 80

DONE = declare(
    "people.corrected",
    zh="您要求的更正已经办好。请到“我的数据”里看。",
    en='Your correction has been made. Look under "My data".',
)
REFUSED = declare(
    "people.correction_refused",
    zh="您要求的更正没有办。请到“我的数据”里看原因。",
    en='Your correction was not made. Look under "My data" for the reason.',
    by_phone=True,
)


class CorrectionView(NamedTuple):
    """A request with the member whom it is about."""

    correction: Correction
    member: Member


# --- the member's own steps -------------------------------------------------------------------------------------


@atomic
def ask_correction(actor: Actor, about: About, wanted: str, *, note: str = "") -> Correction:
    """Staff are asked to correct this; `wanted` is what should stand there: 1 … 200 characters, a name at most 80.

    Raises Forbidden (no member), AlreadyExists (the same is asked and not decided).
    """
    require(actor, "see_own", member_id=actor.member_id)
    assert actor.member_id is not None, "only a member's own right reaches here"
    assert len(wanted) <= (LONGEST_NAME if about is About.NAME else LONGEST), "bounded by whoever read the form"
    now = clock.now()
    row = Correction(
        community_id=actor.tenant,
        id=new_id(),
        member_id=actor.member_id,
        about=about,
        wanted=wanted,
        note=note,
        state=CorrectionState.ASKED,
        answer="",
        asked_at=now,
        due_at=now + timedelta(days=DUE_DAYS),
    )
    try:
        with savepoint():
            db.session.add(row)
            db.session.flush()
    except IntegrityError as error:
        raise AlreadyExists from error
    audit.record(actor, "people.ask_correction", row.id, about=about)
    outbox.announce(actor, "correction.asked", correction_id=row.id.hex)
    return row


@atomic
def withdraw_correction(actor: Actor, correction_id: UUID) -> Correction:
    """It stays as it was. Raises NotFound, Forbidden (anybody else's), WrongState."""
    row = load(actor.tenant, Correction, correction_id, lock=True)
    if row.member_id != actor.member_id:
        raise Forbidden
    if row.state != CorrectionState.ASKED:
        raise WrongState(state=row.state)
    _decide(actor, row, CorrectionState.WITHDRAWN)
    audit.record(actor, "people.withdraw_correction", row.id)
    return row


# --- staff ------------------------------------------------------------------------------------------------------


@atomic
def make_correction(actor: Actor, correction_id: UUID, *, answer: str = "", unit_id: UUID | None = None) -> Correction:
    """It is corrected: a name at once, a place by `unit_id`; anything else staff have put right and say how.

    Raises NotFound (request, unit), Forbidden, WrongState, OwnStep (one's own), UnitEnded.
    """
    with _waiting(actor, correction_id) as (row, member):
        if row.about == About.NAME:
            member.name, member.sort_key = row.wanted, sort_key(row.wanted)
        if unit_id is not None:
            move_members(actor, unit_id, member_ids=[member.id])
        _decide(actor, row, CorrectionState.DONE, answer)
    _tell(actor, row, member, "people.make_correction", DONE)
    return row


@atomic
def refuse_correction(actor: Actor, correction_id: UUID, *, answer: str) -> Correction:
    """It stays as it was, and the member is told why. Raises NotFound, Forbidden, WrongState, OwnStep."""
    with _waiting(actor, correction_id) as (row, member):
        _decide(actor, row, CorrectionState.REFUSED, answer)
    _tell(actor, row, member, "people.refuse_correction", REFUSED)
    return row


@contextmanager
def _waiting(actor: Actor, correction_id: UUID) -> Iterator[CorrectionView]:
    """A request that somebody on the staff decides, but for the member themself."""
    with waiting_step(actor, Correction, correction_id, verb=DECIDE, state=CorrectionState.ASKED) as row:
        member = load(actor.tenant, Member, row.member_id, lock=True)
        require_another(actor, member.person_id)
        yield CorrectionView(row, member)


def _decide(actor: Actor, row: Correction, state: CorrectionState, answer: str = "") -> None:
    row.state, row.answer = state, answer
    row.decided_at, row.decided_by = clock.now(), actor.person_id
    db.session.flush()


def _tell(actor: Actor, row: Correction, member: Member, action: str, kind: NoticeKind) -> None:
    audit.record(actor, action, row.id, on_behalf_of=actor.acts_for(member.person_id), about=row.about)
    outbox.announce(actor, f"correction.{row.state}", correction_id=row.id.hex)
    tell(actor.tenant, member.person_id, kind)


# --- reading ----------------------------------------------------------------------------------------------------


def list_corrections(
    actor: Actor,
    *,
    is_mine: bool = False,
    status: CorrectionState | None = None,
    order: Age = Age.NEWEST,
    after: UUID | None = None,
    limit: int = 50,
) -> list[CorrectionView]:
    """What the actor asked (`is_mine`), or what is asked of the community. Raises Forbidden."""
    query = scoped(actor.tenant, Correction, Member).where(Member.id == Correction.member_id)
    if is_mine:
        require(actor, "see_own", member_id=actor.member_id)
        query = query.where(Correction.member_id == actor.member_id)
    else:
        require(actor, DECIDE)
    if status is not None:
        query = query.where(Correction.state == status)
    query = arrange(query, BY_AGE[order], Correction.id, rows=query, after=after)
    return [CorrectionView(*row) for row in db.session.execute(query.limit(limit))]


def see_correction(actor: Actor, correction_id: UUID) -> CorrectionView:
    """One, for whoever asked and for whom it is asked of. Raises NotFound, Forbidden."""
    row = load(actor.tenant, Correction, correction_id)
    if row.member_id != actor.member_id:
        require(actor, DECIDE)
    return CorrectionView(row, load(actor.tenant, Member, row.member_id))


def count_waiting(actor: Actor) -> int:
    """How many requests wait for the actor's decision; 0 for whoever decides none."""
    if not may(actor, DECIDE):
        return 0
    query = select(func.count(Correction.id)).where(
        within(actor.tenant, Correction),
        Correction.state == CorrectionState.ASKED,
        Correction.member_id != actor.member_id,
    )
    return int(db.session.scalar(query) or 0)


# --- a person's data --------------------------------------------------------------------------------------------


def _of_person(person_id: UUID) -> ColumnElement[bool]:
    """SQL: what a person asked, in every community."""
    mine = select(Member.id).where(same_community(Member, Correction), Member.person_id == person_id)
    return Correction.member_id.in_(mine)


def export_corrections(person_id: UUID) -> dict[str, Any]:
    """What the person asked to have corrected, and what came of it."""
    rows = db.session.scalars(select(Correction).where(_of_person(person_id)).order_by(Correction.id))
    names = ("community_id", "about", "wanted", "note", "state", "answer", "asked_at", "due_at", "decided_at")
    return {"corrections": all_facts(rows, *names)}


@atomic
def erase_corrections(person_id: UUID) -> None:
    """Nothing is asked any more, and no words of the person or about them are kept; that something was asked stays."""
    own = update(Correction).where(_of_person(person_id)).execution_options(synchronize_session=False)
    open_ones = own.where(Correction.state == CorrectionState.ASKED)
    db.session.execute(open_ones.values(state=CorrectionState.WITHDRAWN, decided_at=clock.now(), decided_by=NOBODY))
    db.session.execute(own.values(wanted="", note=""))
    db.session.execute(own.where(Correction.answer != "").values(answer=registry.ERASED))


registry.exporters["corrections"] = export_corrections
registry.erasers["corrections"] = erase_corrections
