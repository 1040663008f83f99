"""What the house keeps of a person's leaving, merging and numbers, for the file of one's own data."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import aliased

from ledger.core import registry
from ledger.core.db import db
from ledger.core.tenancy import same_community
from ledger.people import numbers
from ledger.people.life_models import Merge
from ledger.people.models import Member


def export_life(person_id: UUID) -> dict[str, Any]:
    """Memberships with how they ended, merges of the person's accounts (no names of staff), changes of the number."""
    own = select(Member).where(Member.person_id == person_id).order_by(Member.id)
    member = aliased(Member)
    merged = (
        select(Merge)
        .join(member, same_community(member, Merge) & or_(member.id == Merge.from_id, member.id == Merge.into_id))
        .where(member.person_id == person_id)
        .order_by(Merge.id)
    )
    return {
        "memberships": [
            {
                "community_id": one.community_id.hex,
                "member_id": one.id.hex,
                "state": one.state,
                "joined_at": one.joined_at.isoformat(),
                "left_at": one.left_at.isoformat() if one.left_at else None,
                "left_reason": one.left_reason,
            }
            for one in db.session.scalars(own)
        ],
        "merges": [
            {"from_id": one.from_id.hex, "into_id": one.into_id.hex, "state": one.state, "reason": one.reason}
            for one in db.session.scalars(merged)
        ],
        "number_changes": [{"way": one.way, "at": one.at.isoformat()} for one in numbers.changes_of(person_id)],
    }


registry.exporters["life"] = export_life
