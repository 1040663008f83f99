"""What the house keeps of a person's leaving, merging and numbers, for the file of one's own data."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import aliased

from ledger.core import registry
from ledger.core.db import db
from ledger.core.exporting import all_facts
from ledger.core.tenancy import same_community
from ledger.people import numbers
from ledger.people.life_models import Merge
from ledger.people.models import Member


def export_life(person_id: UUID) -> dict[str, Any]:
    """Merges of the person's accounts (no names of staff), and changes of the number."""
    member = aliased(Member)
    merged = (
        select(Merge)
        .join(member, same_community(member, Merge) & or_(member.id == Merge.from_id, member.id == Merge.into_id))
        .where(member.person_id == person_id)
        .order_by(Merge.id)
    )
    return {
        "merges": all_facts(db.session.scalars(merged), "from_id", "into_id", "state", "reason"),
        "number_changes": all_facts(numbers.changes_of(person_id), "way", "at"),
    }


registry.exporters["life"] = export_life
