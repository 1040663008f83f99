"""公示: while a list is announced anybody may object, signed in or not; staff answer each before the freeze."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func

from ledger.core import audit, clock, outbox, secrets
from ledger.core.db import atomic, db
from ledger.core.errors import NotFound, WrongState
from ledger.core.ids import new_id
from ledger.core.second_person import require_another
from ledger.core.tenancy import Actor, load, scoped
from ledger.people.notices import declare, tell
from ledger.recognition.commendation_models import (
    Commendation,
    CommendationState,
    NominationState,
    PublicObjection,
)
from ledger.recognition.commendations import ANNOUNCE, nomination_of, refuse_own, require_state, step
from ledger.recognition.errors import AnnouncementOver, TooManyObjections

LONGEST_WORDS, LONGEST_ANSWER = 500, 300

MOST_OF_ALL, MOST_OF_ADDRESS = 500, 20
"""Objections to one announcement, and those of them that come from one network address in a day."""

ANSWERED = declare(
    "recognition.objection_answered",
    zh="您对表彰公示提的异议有了答复，请到那次公示里看。",
    en="Your objection to an announced commendation has been answered. Look at that announcement.",
)


@atomic
def object_publicly(
    community_id: UUID,
    actor: Actor | None,
    commendation_id: UUID,
    *,
    words: str,
    nomination_id: UUID | None = None,
    address: str,
) -> PublicObjection:
    """Somebody (None: not signed in) has something against the list, or one name of it; it waits for its answer.

    Raises NotFound (no such list in public, a name that is not on it), WrongState (not announced), AnnouncementOver,
    TooManyObjections.
    """
    row = load(community_id, Commendation, commendation_id, lock=True)
    if row.announced_at is None or row.ends_at is None:
        raise NotFound
    if row.state in (CommendationState.FROZEN, CommendationState.PUBLISHED) or clock.now() >= row.ends_at:
        raise AnnouncementOver
    require_state(row, CommendationState.ANNOUNCED)
    if nomination_id is not None and nomination_of(community_id, row.id, nomination_id).state not in (
        NominationState.ANNOUNCED,
        NominationState.STRUCK,
    ):
        raise NotFound
    index = secrets.blind_index(address, "addresses")
    _refuse_too_many(row, index)
    objection = PublicObjection(
        community_id=community_id,
        id=new_id(),
        commendation_id=row.id,
        nomination_id=nomination_id,
        person_id=actor.person_id if actor is not None else None,
        address_index=index,
        words=words,
        asked_at=clock.now(),
        answer="",
    )
    db.session.add(objection)
    db.session.flush()
    audit.record(actor, "recognition.object", objection.id, commendation_id=row.id.hex)
    return objection


def _refuse_too_many(row: Commendation, index: bytes) -> None:
    mine = scoped(row.community_id, PublicObjection).where(PublicObjection.commendation_id == row.id)
    count = mine.with_only_columns(func.count())
    lately = count.where(
        PublicObjection.address_index == index, PublicObjection.asked_at > clock.now() - timedelta(days=1)
    )
    if (db.session.scalar(count) or 0) >= MOST_OF_ALL or (db.session.scalar(lately) or 0) >= MOST_OF_ADDRESS:
        raise TooManyObjections


@atomic
def answer_objection(
    actor: Actor, commendation_id: UUID, objection_id: UUID, *, is_upheld: bool, answer: str
) -> PublicObjection:
    """It has its answer, which everybody may read; upheld, the name that it is about is struck from the list.

    Raises NotFound, Forbidden, WrongState (no more announced, or answered before), OwnStep (raised by the actor),
    OwnHonour.
    """
    row = step(actor, commendation_id, ANNOUNCE, CommendationState.ANNOUNCED)
    objection = load(actor.tenant, PublicObjection, objection_id, lock=True)
    if objection.commendation_id != row.id:
        raise NotFound
    if objection.answered_at is not None:
        raise WrongState(state="answered")
    require_another(actor, objection.person_id)
    if objection.nomination_id is not None:
        nomination = nomination_of(actor.tenant, row.id, objection.nomination_id)
        refuse_own(actor, [nomination])
        if is_upheld:
            nomination.state = NominationState.STRUCK
    objection.is_upheld, objection.answer = is_upheld, answer
    objection.answered_at, objection.answered_by = clock.now(), actor.person_id
    db.session.flush()
    audit.record(actor, "recognition.answer_public_objection", objection.id, is_upheld=is_upheld)
    outbox.announce(actor, "commendation.objection_answered", objection_id=objection.id.hex)
    if objection.person_id is not None:
        tell(actor.tenant, objection.person_id, ANSWERED)
    return objection


def objections_of(community_id: UUID, commendation_id: UUID) -> Sequence[PublicObjection]:
    """All objections to a list, in the order in which they came; at most 500."""
    query = scoped(community_id, PublicObjection).where(PublicObjection.commendation_id == commendation_id)
    return db.session.scalars(query.order_by(PublicObjection.id).limit(MOST_OF_ALL)).all()
