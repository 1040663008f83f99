"""What of complaints is a person's own data, for the file of it and for erasure."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, select, update

from ledger.core import registry
from ledger.core.db import atomic, db
from ledger.core.exporting import all_facts
from ledger.core.tenancy import same_community
from ledger.people.models import Member
from ledger.rewards.complaint_models import Complaint, ComplaintPhoto, ComplaintState
from ledger.rewards.complaints import WAITING


def _of_person(person_id: UUID) -> ColumnElement[bool]:
    """SQL: what a person complained of, in every community."""
    mine = select(Member.id).where(same_community(Member, Complaint), Member.person_id == person_id)
    return Complaint.member_id.in_(mine)


def export_complaints(person_id: UUID) -> dict[str, Any]:
    """What the person complained of, and what came of it."""
    rows = db.session.scalars(select(Complaint).where(_of_person(person_id)).order_by(Complaint.id))
    names = ("community_id", "redemption_id", "words", "state", "answer", "outcome", "note")
    return {"complaints": all_facts(rows, *names, "raised_at", "due_at", "answered_at", "closed_at")}


@atomic
def erase_complaints(person_id: UUID) -> None:
    """Nothing waits any more, and no words of the person or to them are kept; that there was a complaint stays.

    The content of the photos is erased with all files of the person.
    """
    own = update(Complaint).where(_of_person(person_id)).execution_options(synchronize_session=False)
    db.session.execute(own.where(Complaint.state.in_(WAITING)).values(state=ComplaintState.ERASED))
    db.session.execute(own.values(words="", answer="", note=""))
    db.session.execute(delete(ComplaintPhoto).where(ComplaintPhoto.owner_id == person_id))


registry.exporters["complaints"] = export_complaints
registry.erasers["complaints"] = erase_complaints
