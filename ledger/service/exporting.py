"""What this room knows of a person, for the file of their data; and the words of theirs that erasure takes away."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import null, update

from ledger.core import registry
from ledger.core.db import atomic, db
from ledger.core.exporting import all_facts, facts_of
from ledger.core.tenancy import scoped, within
from ledger.people.exporting import memberships_ever
from ledger.service.models import Activity, Checkin, Stamp, StampBatch


def export_service(person_id: UUID) -> dict[str, Any]:
    """Visits with their evidence, and the stamps on them with their explanations."""
    visits: list[dict[str, Any]] = []
    stamps: list[dict[str, Any]] = []
    for member in memberships_ever(person_id):
        query = scoped(member.community_id, Checkin, Activity.name).where(
            Checkin.member_id == member.id, Activity.id == Checkin.activity_id
        )
        names = (
            "community_id",
            "id",
            "state",
            "evidence",
            "arrived_at",
            "left_at",
            "minutes",
            "distance_bucket",
        )
        for visit, activity in db.session.execute(query.order_by(Checkin.id)):
            visits.append(facts_of(visit, *names) | {"activity": activity})
        stamped = scoped(member.community_id, Stamp, Checkin.member_id).where(
            Stamp.checkin_id == Checkin.id, Checkin.member_id == member.id
        )
        rows = db.session.scalars(stamped.order_by(Stamp.id))
        stamps += all_facts(
            rows,
            "community_id",
            "id",
            "checkin_id",
            "decision",
            "points",
            "minutes",
            "explanation",
            "stamped_at",
            "undone_at",
        )
    return {"checkins": visits, "stamps": stamps}


@atomic
def erase_notes(person_id: UUID) -> None:
    """No note of a visit speaks of the person, nor what was said to them with a stamp of theirs alone."""
    for member in memberships_ever(person_id):
        visits = scoped(member.community_id, Checkin.id).where(Checkin.member_id == member.id)
        blank = update(Checkin).where(within(member.community_id, Checkin), Checkin.member_id == member.id)
        db.session.execute(blank.values(note=null(), noted_by=None, follow_up=None, distance_bucket=None))
        others = scoped(member.community_id, Stamp.batch_id).where(Stamp.checkin_id.not_in(visits))
        own = scoped(member.community_id, Stamp.batch_id).where(Stamp.checkin_id.in_(visits))
        alone = within(member.community_id, StampBatch), StampBatch.id.in_(own), StampBatch.id.not_in(others)
        db.session.execute(update(StampBatch).where(*alone).values(note=""), execution_options=UNSYNCED)


UNSYNCED = {"synchronize_session": False}

registry.exporters["service"] = export_service
registry.erasers["service"] = erase_notes
