"""What service keeps of places: the paths of its visits follow a unit that moves; planned activities keep one alive."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import String, func, literal, select, update

from ledger.core import clock, registry
from ledger.core.db import begins, db
from ledger.core.tenancy import within
from ledger.service.models import Activity, ActivityState, Checkin, Plate, PlateState


@registry.when_units_move("checkins")
def follow_unit(community_id: UUID, old_path: str, new_path: str) -> None:
    """Every visit of the moved part lies where the part lies now: whoever looks after it there sees it."""
    moved = update(Checkin).where(within(community_id, Checkin), begins(Checkin.unit_path, old_path))
    rest = func.substr(Checkin.unit_path, len(old_path) + 1, type_=String())
    db.session.execute(
        moved.values(unit_path=literal(new_path, String()) + rest).execution_options(synchronize_session=False)
    )
    db.session.expire_all()


@registry.hangs_on_units("activities")
def count_planned(community_id: UUID, unit_id: UUID) -> int:
    """How many activities of the unit are still to come or under way."""
    query = select(func.count()).where(
        within(community_id, Activity),
        Activity.unit_id == unit_id,
        Activity.state == ActivityState.PLANNED,
        Activity.ends_at > clock.now(),
    )
    return db.session.scalar(query) or 0


@registry.hangs_on_units("plates")
def count_plates(community_id: UUID, unit_id: UUID) -> int:
    """How many plates in use hang at the unit."""
    query = select(func.count()).where(
        within(community_id, Plate), Plate.unit_id == unit_id, Plate.state == PlateState.ACTIVE
    )
    return db.session.scalar(query) or 0
