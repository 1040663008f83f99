"""Planning and calling off as a form asks for it: once, on many dates, or every day."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from ledger.core.db import atomic
from ledger.core.tenancy import Actor
from ledger.service import activities, changing, series, standing
from ledger.service.activities import ActivityPlan
from ledger.service.models import Activity
from ledger.service.series import Repeats
from ledger.service.standing import Daily


@atomic
def plan_as_asked(
    actor: Actor,
    programme_id: UUID,
    *,
    unit_id: UUID,
    plan: ActivityPlan,
    repeats: Repeats | None = None,
    daily: Daily | None = None,
) -> Activity:
    """The activity, the first date of its series, or the standing one; raises what planning each of them raises."""
    if daily is not None:
        return standing.open_standing(actor, programme_id, unit_id=unit_id, plan=plan, daily=daily)
    if repeats is not None:
        return series.plan_series(actor, programme_id, unit_id=unit_id, plan=plan, repeats=repeats)[0]
    return activities.plan_activity(actor, programme_id, unit_id=unit_id, plan=plan)


@atomic
def cancel_as_asked(
    actor: Actor, activity_id: UUID, *, reason: str, later: bool = False, day: date | None = None
) -> Activity:
    """This one, it and the later dates of its series, or a day of a standing one; raises what each of them raises."""
    if day is not None:
        return changing.cancel_day(actor, activity_id, day=day, reason=reason)
    cancel = series.cancel_from if later else activities.cancel_activity
    return cancel(actor, activity_id, reason=reason)
