"""What remains of a commendation: honours on profiles, their certificates in one print, revoked ones, verification."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable
from typing import Any, NamedTuple
from uuid import UUID

from ledger.core import audit, clock, outbox, secrets
from ledger.core.commitments import PURPOSE, Commitment, is_word_of
from ledger.core.db import atomic, db
from ledger.core.errors import Forbidden, WrongState
from ledger.core.permissions import may, require
from ledger.core.tenancy import Actor, load, scoped, within
from ledger.people.members import is_masked_for, mask_name, public_names
from ledger.people.models import Member
from ledger.people.notices import declare, tell
from ledger.recognition.commendation_models import Commendation, CommendationState, Honour, Nomination
from ledger.recognition.errors import DocumentChanged
from ledger.recognition.freezing import NAME

REVOKED = declare(
    "recognition.honour_revoked",
    zh="您的一项表彰已被撤销，原因写在“我的一年”里。",
    en="One of your honours was revoked. “My year” says why.",
    by_phone=True,
)


class HonourView(NamedTuple):
    """An honour as it stands on a profile; `reason` says why it was revoked."""

    id: UUID
    title: str
    year: int
    number: str
    is_revoked: bool
    reason: str


class Paper(NamedTuple):
    """What is printed for one honour; the name is empty once it was erased."""

    honour: Honour
    name: str
    document: dict[str, Any]


def honours_of(community_id: UUID, member_ids: Collection[UUID], *, year: int | None = None) -> list[HonourView]:
    """The honours of a member (under all its ids), newest first; of one year if asked."""
    query = scoped(community_id, Honour, Commendation).where(
        within(community_id, Nomination),
        Nomination.id == Honour.nomination_id,
        Nomination.member_id.in_(member_ids),
        Commendation.id == Nomination.commendation_id,
    )
    if year is not None:
        query = query.where(Commendation.year == year)
    return [
        HonourView(one.id, row.title, row.year, one.number, one.revoked_at is not None, one.reason)
        for one, row in db.session.execute(query.order_by(Honour.id.desc())).tuples()
    ]


def see_papers(actor: Actor, commendation_id: UUID) -> list[Paper]:
    """The certificates of a published list that count, at most 500, in the order of their numbers; audited.

    Raises NotFound, Forbidden, WrongState (not published), DocumentChanged.
    """
    row = load(actor.tenant, Commendation, commendation_id)
    require(actor, "issue_certificate")
    if row.state != CommendationState.PUBLISHED:
        raise WrongState(state=row.state)
    query = scoped(actor.tenant, Honour).where(
        within(actor.tenant, Nomination),
        Nomination.id == Honour.nomination_id,
        Nomination.commendation_id == row.id,
        Honour.revoked_at.is_(None),
    )
    return _papers(actor.tenant, db.session.scalars(query.order_by(Honour.number)).all())


@atomic
def record_print(actor: Actor, commendation_id: UUID, *, count: int) -> None:
    """The audit knows that these certificates were printed with their names."""
    audit.record(actor, "recognition.print_honours", commendation_id, count=count)


def see_paper(actor: Actor, honour_id: UUID) -> Paper:
    """One certificate, for the member whom it honours, whoever helps, and staff (masked for the street).

    Raises NotFound, Forbidden, DocumentChanged.
    """
    row = load(actor.tenant, Honour, honour_id)
    member_id = load(actor.tenant, Nomination, row.nomination_id).member_id
    if not may(actor, "see_certificates", member_id=member_id):
        raise Forbidden
    [paper] = _papers(actor.tenant, [row])
    hidden = member_id is not None and is_masked_for(actor) and member_id not in actor.member_ids
    return paper._replace(name=mask_name(paper.name)) if hidden else paper


def _papers(community_id: UUID, rows: Iterable[Honour]) -> list[Paper]:
    rows = list(rows)
    query = scoped(community_id, Commitment).where(
        Commitment.thing_id.in_([one.id for one in rows]), Commitment.field == NAME
    )
    kept = {one.thing_id: one for one in db.session.scalars(query)}
    papers = []
    for row in rows:
        document = _read(row)
        word = kept.get(row.id)
        if document is None or word is None or word.digest.hex() != document["name_commitment"]:
            raise DocumentChanged
        name = secrets.unseal(word.value, PURPOSE).decode() if word.value is not None else ""
        papers.append(Paper(row, name, document))
    return papers


def _read(row: Honour) -> dict[str, Any] | None:
    if hashlib.sha256(row.document).digest() != row.digest:
        return None
    found: dict[str, Any] = json.loads(row.document)
    return found if found["number"] == row.number else None


def verified(row: Honour) -> dict[str, Any] | None:
    """What anybody reads who has the number; None when it was changed. A member without consent is masked.

    A name that was erased is None.
    """
    document = _read(row)
    if document is None:
        return None
    if not is_word_of(row.community_id, row.id, NAME, digest=document["name_commitment"]):
        return None
    [paper] = _papers(row.community_id, [row])
    member_id = load(row.community_id, Nomination, row.nomination_id).member_id
    name: str | None = paper.name or None
    if name is not None and member_id is not None:
        shown = public_names(row.community_id, [member_id])[member_id]
        name = name if shown == load(row.community_id, Member, member_id).name else mask_name(name)
    return document | {"name": name}


@atomic
def revoke_honour(actor: Actor, honour_id: UUID, *, reason: str) -> Honour:
    """It counts no more; its certificate verifies as revoked and the member reads why. The points stay.

    Raises NotFound, Forbidden, WrongState.
    """
    row = load(actor.tenant, Honour, honour_id, lock=True)
    require(actor, "revoke_certificate")
    if row.revoked_at is not None:
        raise WrongState(state="revoked")
    row.revoked_at, row.revoked_by, row.reason = clock.now(), actor.person_id, reason
    db.session.flush()
    audit.record(actor, "recognition.revoke_honour", row.id)
    outbox.announce(actor, "honour.revoked", honour_id=row.id.hex)
    member_id = load(actor.tenant, Nomination, row.nomination_id).member_id
    if member_id is not None:
        tell(actor.tenant, load(actor.tenant, Member, member_id).person_id, REVOKED)
    return row


def led_by(community_id: UUID, honour_id: UUID) -> tuple[str, UUID]:
    """The title and the id of the commendation that an honour came of. Raises NotFound."""
    nomination = load(community_id, Nomination, load(community_id, Honour, honour_id).nomination_id)
    row = load(community_id, Commendation, nomination.commendation_id)
    return row.title, row.id


def find_honour(community_id: UUID, number: str) -> Honour | None:
    """The honour of a number of this community."""
    found: Honour | None = db.session.scalars(scoped(community_id, Honour).where(Honour.number == number)).one_or_none()
    return found
