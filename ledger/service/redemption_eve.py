"""The evening before a redemption day: stampers hear what still waits, holders what has become theirs to spend.

The evening closes nothing: what is stamped later is awarded as ever, and can be spent at once where a shop is open. It
only is told of a week later.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from ledger.core import clock, registry
from ledger.core.db import db
from ledger.core.tenancy import Actor, Role, scoped, within
from ledger.people.models import Member, MemberState
from ledger.people.notices import declare, remind_each
from ledger.people.redemption_days import Calendar, Held, calendar_of, last_day
from ledger.service import waiting
from ledger.service.models import Checkin, Stamp

EVENING = timedelta(hours=18)
WITHOUT_DAY_BEFORE = timedelta(days=7)
TOLD_ROLES = (Role.STAMPER, Role.COORDINATOR)

TO_STAMP = declare(
    "service.redemption_eve_stamping",
    zh="{day} 是兑换日，还有 {waiting} 次服务等盖章。今晚盖的，明天都来得及用。",
    en="{day} is redemption day and {waiting} visits wait for their stamp. What is stamped tonight can be spent then.",
    on_paper=False,
)
SPENDABLE = declare(
    "service.redemption_eve_spendable",
    zh="{day} {opens}–{closes} 是兑换日。上个兑换日以来您新得 {points} 朵，可以来兑换。",
    en="{day}, {opens}–{closes}, is redemption day. Since the last one you were given {points} points to spend.",
    by_phone=True,
    on_paper=False,
)


def _evening(moment: datetime) -> str:
    """The day whose six o'clock in the evening was the last."""
    return clock.local_day(moment - EVENING).isoformat()


@registry.job("tell_of_redemption_day", period=_evening)
def tell_on_the_eve(community_id: UUID, evening: str) -> None:
    """Once, from six in the evening before the day until it opens; a community without such a day hears nothing."""
    calendar = calendar_of(community_id)
    held = calendar.on(date.fromisoformat(evening) + timedelta(days=1))
    if held is None or held.opens_at <= clock.now():
        return
    day = held.day.isoformat()
    to_stamp = {
        one: {"day": day, "waiting": count} for one, count in waiting.count_by_holder(community_id, TOLD_ROLES).items()
    }
    remind_each(community_id, to_stamp, TO_STAMP)
    hours = {"day": day, "opens": f"{held.opens:%H:%M}", "closes": f"{held.closes:%H:%M}"}
    fresh = fresh_points(community_id, since=since_last(calendar, held), until=_eve_of(held.day))
    remind_each(community_id, _by_person(community_id, fresh, hours), SPENDABLE)


def since_last(calendar: Calendar, held: Held) -> datetime:
    """The evening before the last redemption day, when the week before this one was told of; else a week earlier."""
    before = last_day(calendar, before=held.day)
    return _eve_of(before.day if before else held.day - WITHOUT_DAY_BEFORE)


def _eve_of(day: date) -> datetime:
    return clock.start_of_day(day - timedelta(days=1)) + EVENING


def fresh_points(
    community_id: UUID, *, since: datetime, until: datetime | None = None, member_ids: Iterable[UUID] | None = None
) -> dict[UUID, int]:
    """By member, the points of live stamps with `since` ≤ stamped < `until`; None is no end, and every member."""
    points = func.sum(Stamp.points)
    query = select(Checkin.member_id, points).where(
        within(community_id, Stamp, Checkin),
        Checkin.id == Stamp.checkin_id,
        Stamp.stamped_at >= since,
        Stamp.undone_at.is_(None),
        Stamp.counts,
    )
    if until is not None:
        query = query.where(Stamp.stamped_at < until)
    if member_ids is not None:
        query = query.where(Checkin.member_id.in_(member_ids))
    rows = db.session.execute(query.group_by(Checkin.member_id).having(points > 0)).tuples()
    return {member_id: int(given) for member_id, given in rows}


def _by_person(community_id: UUID, fresh: dict[UUID, int], hours: dict[str, str]) -> dict[UUID, dict[str, Any]]:
    """What each person who is still here is told; the points of members merged into another are that one's."""
    now = registry.owners_now(community_id, fresh)
    owners = scoped(community_id, Member.id, Member.person_id).where(
        Member.id.in_({now.get(one, one) for one in fresh}), Member.state == MemberState.ACTIVE
    )
    people = dict(db.session.execute(owners).tuples().all())
    told: dict[UUID, dict[str, Any]] = {}
    for member_id, points in fresh.items():
        person_id = people.get(now.get(member_id, member_id))
        if person_id is not None:
            points += told.get(person_id, {"points": 0})["points"]
            told[person_id] = {**hours, "points": points}
    return dict(sorted(told.items()))


def fresh_of(actor: Actor, held: Held) -> int:
    """What the actor was given since the evening before the last redemption day, `held` being the next."""
    since = since_last(calendar_of(actor.tenant), held)
    return sum(fresh_points(actor.tenant, since=since, member_ids=actor.member_ids).values())
