"""A commendation frozen and published: bytes that can be made again from the rows, certificates, points in the books.

The bytes hold no name and no word of anybody. Words (the name as it was, the reason, notes; objection and answer) are
one commitment for each nomination and objection, which an erasure empties without touching the proof.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import update

from ledger.book.accounts import issuance_of, wallet_of
from ledger.book.codes import Code
from ledger.book.drafts import Draft, Source
from ledger.book.transfers import post_transfers
from ledger.core import clock, numbers
from ledger.core.commitments import Commitment, keep_words
from ledger.core.db import atomic, db
from ledger.core.evidence import canonical, digest_of
from ledger.core.ids import new_id
from ledger.core.second_person import require_another
from ledger.core.tenancy import Actor, scoped, within
from ledger.people.members import describe_members, load_community
from ledger.people.models import Community
from ledger.people.notices import declare, tell
from ledger.recognition.announcing import objections_of
from ledger.recognition.candidates import name_of
from ledger.recognition.commendation_models import (
    Commendation,
    CommendationState,
    Honour,
    Nomination,
    NominationState,
    PublicObjection,
    Review,
    SubjectKind,
)
from ledger.recognition.commendations import ANNOUNCE, PUBLISH, nominations_of, refuse_own, step, told
from ledger.recognition.errors import AnnouncementRunning, DocumentChanged, NobodyChosen, ObjectionsOpen

WORDS, NAME = "words", "name"
"""The fields of the commitments: what is frozen of a nomination or an objection; the name on a certificate."""

SOURCE = "honour"
"""The source type of a bonus."""

ON_THE_LIST = (NominationState.ANNOUNCED, NominationState.STRUCK)

HONOURED = declare(
    "recognition.honoured",
    zh="祝贺您！您获得了社区的年度表彰，请到“我的一年”里看。",
    en="Congratulations! Your community has honoured you. See it under “My year”.",
    by_phone=True,
)


@atomic
def freeze(actor: Actor, commendation_id: UUID) -> Commendation:
    """The list is final: its canonical bytes and their SHA-256 stay. Network addresses of objectors are forgotten.

    Raises NotFound, Forbidden, WrongState, AnnouncementRunning, ObjectionsOpen, NobodyChosen (all were struck).
    """
    row = step(actor, commendation_id, ANNOUNCE, CommendationState.ANNOUNCED)
    assert row.ends_at is not None, "announced until a moment"
    if clock.now() < row.ends_at:
        raise AnnouncementRunning(ends=f"{clock.local_day(row.ends_at):%Y-%m-%d}")
    objections = objections_of(actor.tenant, row.id)
    left = sum(one.answered_at is None for one in objections)
    if left:
        raise ObjectionsOpen(left=left)
    nominations = nominations_of(actor.tenant, row.id, *ON_THE_LIST)
    if all(one.state == NominationState.STRUCK for one in nominations):
        raise NobodyChosen
    forget = update(PublicObjection).where(
        within(actor.tenant, PublicObjection), PublicObjection.commendation_id == row.id
    )
    db.session.execute(forget.values(address_index=None))
    _keep_words(row, nominations, objections)
    document = bytes_of(row)
    row.state, row.document, row.digest = CommendationState.FROZEN, document, hashlib.sha256(document).digest()
    row.frozen_at, row.frozen_by = clock.now(), actor.person_id
    told(actor, row, "freeze", digest=row.digest.hex())
    return row


def _keep_words(row: Commendation, nominations: Sequence[Nomination], objections: Sequence[PublicObjection]) -> None:
    names = name_of(SubjectKind(row.kind), row.community_id, [one.subject_id for one in nominations])
    owners = describe_members(row.community_id, [one.member_id for one in nominations if one.member_id is not None])
    notes = reviews_of(row.community_id, nominations)
    for one in nominations:
        words = words_of_nomination(one, notes.get(one.id, ())) | {NAME: names[one.subject_id]}
        owner = owners[one.member_id].person_id if one.member_id is not None else None
        keep_words(row.community_id, _plain(words), thing_id=one.id, field=WORDS, owner_id=owner)
    for objection in objections:
        words = words_of_objection(objection)
        keep_words(row.community_id, _plain(words), thing_id=objection.id, field=WORDS, owner_id=objection.person_id)


def words_of_nomination(nomination: Nomination, reviews: Iterable[Review]) -> dict[str, Any]:
    """What was said about a name: the reason and the notes of the reviews."""
    return {"reason": nomination.reason, "notes": {one.id.hex: one.note for one in reviews}}


def words_of_objection(objection: PublicObjection) -> dict[str, Any]:
    return {"words": objection.words, "answer": objection.answer}


def _plain(words: dict[str, Any]) -> str:
    return json.dumps(words, sort_keys=True, ensure_ascii=False)


def reviews_of(community_id: UUID, nominations: Iterable[Nomination]) -> dict[UUID, list[Review]]:
    """The reviews of these names, by name, in the order in which they came."""
    found: dict[UUID, list[Review]] = {}
    query = scoped(community_id, Review).where(Review.nomination_id.in_([one.id for one in nominations]))
    for one in db.session.scalars(query.order_by(Review.id)):
        found.setdefault(one.nomination_id, []).append(one)
    return found


def bytes_of(row: Commendation) -> bytes:
    """The canonical document, made from the rows as they are: the same bytes for the same rows.

    Subjects and reviewers stand in it as digests of ids, words as the commitments that were kept.
    """
    nominations = nominations_of(row.community_id, row.id, *ON_THE_LIST)
    objections = objections_of(row.community_id, row.id)
    reviews = reviews_of(row.community_id, nominations)
    kept = _commitments(row.community_id, [*(one.id for one in nominations), *(one.id for one in objections)])
    community = load_community(row.community_id)
    return canonical(
        form=1,
        id=row.id,
        community_id=row.community_id,
        community=community.name,
        is_demo=community.is_demo,
        year=row.year,
        kind=row.kind,
        title=row.title,
        terms=row.terms,
        most=row.most,
        bonus_points=row.bonus_points,
        announced_at=row.announced_at,
        ends_at=row.ends_at,
        names=[
            {
                "id": one.id,
                "subject": digest_of(name=one.id, subject=one.subject_id).hex(),
                "state": one.state,
                "minutes": one.minutes,
                "visits": one.visits,
                "words": kept.get(one.id),
                "reviews": [
                    {"is_for": word.is_for, "by": digest_of(review=word.id, by=word.reviewer_id).hex()}
                    for word in reviews.get(one.id, ())
                ],
            }
            for one in nominations
        ],
        objections=[
            {
                "id": one.id,
                "about": one.nomination_id,
                "asked_at": one.asked_at,
                "answered_at": one.answered_at,
                "is_upheld": one.is_upheld,
                "words": kept.get(one.id),
            }
            for one in objections
        ],
    )


def _commitments(community_id: UUID, things: Sequence[UUID]) -> dict[UUID, str]:
    query = scoped(community_id, Commitment.thing_id, Commitment.digest).where(
        Commitment.thing_id.in_(things), Commitment.field == WORDS
    )
    return {thing_id: digest.hex() for thing_id, digest in db.session.execute(query).tuples()}


def is_as_frozen(row: Commendation) -> bool:
    """Do the bytes give their digest, and do the rows still give the bytes?"""
    return hashlib.sha256(row.document or b"").digest() == row.digest and bytes_of(row) == row.document


# --- published --------------------------------------------------------------------------------------------------


@atomic
def publish(actor: Actor, commendation_id: UUID) -> Commendation:
    """Everybody reads who is honoured; each has a certificate under its number, and a person the bonus in the books.

    Raises NotFound, Forbidden, WrongState, OwnStep (drafted or frozen by the actor), OwnHonour, DocumentChanged.
    """
    row = step(actor, commendation_id, PUBLISH, CommendationState.FROZEN)
    require_another(actor, row.drafted_by)
    require_another(actor, row.frozen_by)
    nominations = nominations_of(actor.tenant, row.id, NominationState.ANNOUNCED)
    refuse_own(actor, nominations)
    if not is_as_frozen(row):
        raise DocumentChanged
    row.state, row.published_at, row.published_by = CommendationState.PUBLISHED, clock.now(), actor.person_id
    community = load_community(actor.tenant)
    names = name_of(SubjectKind(row.kind), actor.tenant, [one.subject_id for one in nominations])
    owners = describe_members(actor.tenant, [one.member_id for one in nominations if one.member_id is not None])
    honours = {}
    for one in nominations:
        owner = owners[one.member_id].person_id if one.member_id is not None else None
        honours[one.id] = _honour(actor, community, row, one, name=names[one.subject_id], owner_id=owner)
    db.session.add_all(honours.values())
    told(actor, row, "publish", digest=(row.digest or b"").hex(), honoured=len(honours))
    _reward(actor, row, nominations, honours)
    for member in owners.values():
        tell(actor.tenant, member.person_id, HONOURED)
    return row


def _honour(
    actor: Actor, community: Community, row: Commendation, one: Nomination, *, name: str, owner_id: UUID | None
) -> Honour:
    honour_id = new_id()
    number = numbers.public_number(community.short_code, honour_id)
    kept = keep_words(row.community_id, name, thing_id=honour_id, field=NAME, owner_id=owner_id)
    document = canonical(
        form=1,
        number=number,
        community_id=row.community_id,
        community=community.name,
        is_demo=community.is_demo,
        kind=row.kind,
        title=row.title,
        year=row.year,
        minutes=one.minutes,
        visits=one.visits,
        issued_on=clock.today(),
        commendation=(row.digest or b"").hex(),
        name_commitment=kept,
    )
    return Honour(
        community_id=row.community_id,
        id=honour_id,
        nomination_id=one.id,
        number=number,
        document=document,
        digest=hashlib.sha256(document).digest(),
        issued_at=clock.now(),
        issued_by=actor.person_id,
        reason="",
    )


def _reward(actor: Actor, row: Commendation, nominations: Sequence[Nomination], honours: dict[UUID, Honour]) -> None:
    """The bonus of each person, through the one writer; the certificate is what led to it."""
    if not row.bonus_points:
        return
    owners = describe_members(actor.tenant, [one.subject_id for one in nominations])
    drafts = [
        Draft(
            code=Code.AWARD,
            debit=issuance_of(actor.tenant),
            credit=wallet_of(owners[one.subject_id].merged_into or one.subject_id),
            amount=row.bonus_points,
            source=Source(SOURCE, honours[one.id].id, honours[one.id].digest),
            on_behalf_of=owners[one.subject_id].person_id,
        )
        for one in nominations
    ]
    post_transfers(actor, drafts)
