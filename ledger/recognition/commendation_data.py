"""A person's data in commendations and on the two lists: what is theirs in their file, and what an erasure forgets."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select, update

from ledger.core import clock, registry
from ledger.core.commitments import erase_words
from ledger.core.db import atomic, db
from ledger.core.exporting import all_facts
from ledger.core.tenancy import same_community
from ledger.people.models import Member
from ledger.recognition.commendation_models import (
    Commendation,
    Honour,
    Nomination,
    PriorityEntry,
    PublicObjection,
    Review,
)


def _is_theirs(model: type[Nomination] | type[PriorityEntry], person_id: UUID) -> ColumnElement[bool]:
    """SQL: the row is of one of the person's members, in any community."""
    mine = select(Member.id).where(same_community(Member, model), Member.person_id == person_id)
    return model.member_id.in_(mine)


def export_commendations(person_id: UUID) -> dict[str, Any]:
    """What the person was named for and honoured with, their objections, and their own entries of the two lists."""
    named = (
        select(Nomination, Commendation)
        .where(same_community(Commendation, Nomination), Commendation.id == Nomination.commendation_id)
        .where(_is_theirs(Nomination, person_id))
        .order_by(Nomination.id)
    )
    honours = (
        select(Honour)
        .where(same_community(Nomination, Honour), Nomination.id == Honour.nomination_id)
        .where(_is_theirs(Nomination, person_id))
        .order_by(Honour.id)
    )
    objections = select(PublicObjection).where(PublicObjection.person_id == person_id).order_by(PublicObjection.id)
    entries = select(PriorityEntry).where(_is_theirs(PriorityEntry, person_id)).order_by(PriorityEntry.id)
    facts = ("community_id", "reason", "state", "minutes", "visits", "nominated_at")
    return {
        "nominations": [
            all_facts([one], *facts)[0] | {"year": row.year, "title": row.title}
            for one, row in db.session.execute(named).tuples()
        ],
        "honours": all_facts(
            db.session.scalars(honours), "community_id", "number", "issued_at", "revoked_at", "reason"
        ),
        "public_objections": all_facts(
            db.session.scalars(objections), "community_id", "words", "asked_at", "is_upheld", "answer", "answered_at"
        ),
        "priority_lists": all_facts(
            db.session.scalars(entries),
            *("community_id", "list_kind", "note", "birth_year", "political_status", "agreed_at"),
            *("added_at", "ended_at"),
        ),
    }


@atomic
def erase_commendations(person_id: UUID) -> None:
    """No words about the person or of them are kept, and no list names them; the frozen proofs stay as they were."""
    theirs = select(Nomination.community_id, Nomination.id).where(_is_theirs(Nomination, person_id))
    named = db.session.execute(theirs).tuples().all()
    ids = [nomination_id for _, nomination_id in named]
    objected = PublicObjection.nomination_id.in_(ids) | (PublicObjection.person_id == person_id)
    for community_id, objection_id in db.session.execute(
        select(PublicObjection.community_id, PublicObjection.id).where(objected)
    ).tuples():
        erase_words(community_id, objection_id)
    for community_id, nomination_id in named:
        erase_words(community_id, nomination_id)
    quiet: Any = {"synchronize_session": False}
    db.session.execute(update(PublicObjection).where(objected).values(words=""), execution_options=quiet)
    db.session.execute(update(Nomination).where(Nomination.id.in_(ids)).values(reason=""), execution_options=quiet)
    db.session.execute(update(Review).where(Review.nomination_id.in_(ids)).values(note=""), execution_options=quiet)
    db.session.execute(
        update(PublicObjection).where(PublicObjection.person_id == person_id).values(person_id=None),
        execution_options=quiet,
    )
    entries = update(PriorityEntry).where(_is_theirs(PriorityEntry, person_id), PriorityEntry.ended_at.is_(None))
    forgotten = {"note": "", "birth_year": None, "political_status": None, "ended_at": clock.now()}
    db.session.execute(entries.values(forgotten), execution_options=quiet)


registry.exporters["commendations"] = export_commendations
registry.erasers["commendations"] = erase_commendations
