"""People move to another part of the community: their old part loses sight of them at once."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import update

from ledger.core import audit, outbox
from ledger.core.db import atomic, db
from ledger.core.errors import NotFound
from ledger.core.permissions import require
from ledger.core.tenancy import Actor, scoped, within
from ledger.people.models import Member
from ledger.people.notices import declare, tell
from ledger.people.units import hold_unit, require_live

MOST_AT_ONCE = 500

MOVED = declare("people.moved", zh="您在社区的住址（网格、楼栋）改了。", en="Your place in the community was changed.")


@atomic
def move_members(actor: Actor, unit_id: UUID, *, member_ids: Collection[UUID]) -> int:
    """These members live in the unit from now on and are told; how many did not live there before. All or none.

    Posts and roles stay as they are: they hang on their own units and end by their own verbs. What was done stays
    where it was done: a visit belongs to its activity's part. Raises NotFound (unit, a member), Forbidden, UnitEnded.
    """
    unit = hold_unit(actor.tenant, unit_id)
    wanted = set(member_ids)
    query = scoped(actor.tenant, Member.id, Member.unit_id, Member.person_id).where(Member.id.in_(wanted))
    found = db.session.execute(query.order_by(Member.id).with_for_update(key_share=True)).all()
    if len(found) != len(wanted):
        raise NotFound
    require(actor, "manage_people", unit_path=unit.path)
    require_live(unit)
    moving = [row.id for row in found if row.unit_id != unit.id]
    moved = update(Member).where(within(actor.tenant, Member), Member.id.in_(moving))
    db.session.execute(moved.values(unit_id=unit.id))
    for row in found:
        if row.unit_id != unit.id:
            tell(actor.tenant, row.person_id, MOVED, by=actor.person_id.hex)
            audit.record(actor, "people.move_member", row.id, from_unit=row.unit_id.hex, to_unit=unit.id.hex)
    if moving:
        outbox.announce(actor, "members.moved", unit_id=unit.id.hex, member_ids=[one.hex for one in moving])
    return len(moving)
