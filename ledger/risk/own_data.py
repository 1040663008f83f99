"""What of the flags is a person's own data: that something of theirs was looked at, and the words about it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import or_, update

from ledger.core import registry
from ledger.core.db import atomic, db
from ledger.core.exporting import all_facts
from ledger.core.tenancy import scoped, within
from ledger.people.exporting import memberships_ever
from ledger.rewards.models import Redemption
from ledger.risk.models import Flag, FlaggedRedemption


def _about(community_id: UUID, member_id: UUID) -> Any:
    """SQL: the flag is about the member, or about a redemption of theirs."""
    redeemed = scoped(community_id, FlaggedRedemption.flag_id).where(
        within(community_id, Redemption),
        Redemption.id == FlaggedRedemption.redemption_id,
        Redemption.member_id == member_id,
    )
    return or_(Flag.member_id == member_id, Flag.id.in_(redeemed))


def export_flags(person_id: UUID) -> dict[str, Any]:
    """What about the person was flagged and what came of it; figures only where they are of this person alone."""
    found = []
    for member in memberships_ever(person_id):
        rows = scoped(member.community_id, Flag).where(_about(member.community_id, member.id)).order_by(Flag.id)
        for flag in db.session.scalars(rows):
            own = {"facts": flag.facts} if flag.member_id == member.id else {}
            found += [
                one | own for one in all_facts([flag], "community_id", "kind", "state", "opened_at", "decided_at")
            ]
    return {"flags": found}


@atomic
def erase_flags(person_id: UUID) -> None:
    """No words about the person, and none that the person wrote, are kept; figures and days stay."""
    noted = update(Flag).where(Flag.note != "").values(note=registry.ERASED)
    quietly = {"synchronize_session": False}
    db.session.execute(noted.where(Flag.decided_by == person_id), execution_options=quietly)
    for member in memberships_ever(person_id):
        about = within(member.community_id, Flag), _about(member.community_id, member.id)
        db.session.execute(noted.where(*about), execution_options=quietly)


registry.exporters["flags"] = export_flags
registry.erasers["flags"] = erase_flags
