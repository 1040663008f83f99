"""Signing up for an activity: a place, or a place in the line; who is next is asked, and answers in time.

placed → cancelled · waiting → offered → placed | lapsed | cancelled. A place that is offered is kept until its time is
over. Nobody who has no place is turned away at the door: sign-ups plan a day, check-ins record it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.sql import ColumnElement

from ledger.core import audit, clock, outbox, registry
from ledger.core.db import atomic, db
from ledger.core.errors import WrongState
from ledger.core.ids import new_id
from ledger.core.permissions import may, require
from ledger.core.tenancy import Actor, load, scoped, system_actor, within
from ledger.people import children, members
from ledger.people.models import PlaceUnit
from ledger.people.notices import NoticeKind, declare, tell
from ledger.service.errors import ActivityOver, OfferOver, StandsEveryDay
from ledger.service.models import Activity, ActivityKind, ActivityState, SignUp, SignUpState

OFFERED_HOURS = 12
"""So long a place that became free is kept for whoever is next; never beyond the start."""

LIVE = (SignUpState.PLACED, SignUpState.WAITING, SignUpState.OFFERED)
TAKING_A_PLACE = (SignUpState.PLACED, SignUpState.OFFERED)

PLACE_OFFERED = declare(
    "sign_up.offered",
    zh="您排队的活动有名额了，给您留到 {until}。请打开活动页确认，过时会给下一位。",
    en="A place became free at an activity you wait for. It is kept for you until {until}: confirm it on its page.",
    by_phone=True,
)
PLACE_LAPSED = declare(
    "sign_up.lapsed",
    zh="给您留的活动名额过时了，已经给了下一位。还想来的话，可以再报名。",
    en="The place that was kept for you went to the next in line. You may sign up again.",
)
ACTIVITY_CANCELLED = declare(
    "sign_up.activity_cancelled",
    zh="您报名的活动（{day}）取消了。原因写在活动页上。",
    en="The activity you signed up for ({day}) was cancelled. Its page says why.",
    by_phone=True,
)
ACTIVITY_CHANGED = declare(
    "sign_up.activity_changed",
    zh="您报名的活动改了时间或地点，现在是 {begins} 到 {ends}。地点写在活动页上。",
    en="Your activity has another time or place: it is now from {begins} to {ends}. Its page says where.",
    by_phone=True,
)


class Standing(NamedTuple):
    """How an activity's sign-ups stand: places taken (kept ones included), people in the line, and the actor's own."""

    placed: int
    waiting: int
    own: SignUp | None
    own_place_in_line: int | None


@atomic
def sign_up(actor: Actor, activity_id: UUID, *, member_id: UUID | None = None) -> SignUp:
    """The member (None: the actor) has a place, or is last in the line; signing up again answers the same.

    Whoever may act for the member may sign them up. Raises NotFound (activity, member), Forbidden, StandsEveryDay,
    WrongState (cancelled), ActivityOver, GuardianRequired (a child for whom nobody answers).
    """
    activity = load(actor.tenant, Activity, activity_id, lock=True)
    member_id, on_behalf_of = _whose(actor, member_id)
    if activity.kind is not ActivityKind.SINGLE:
        raise StandsEveryDay
    if activity.state != ActivityState.PLANNED:
        raise WrongState(state=activity.state)
    if activity.ends_at <= clock.now():
        raise ActivityOver
    earlier: SignUp | None = db.session.scalars(_of(activity, LIVE).where(SignUp.member_id == member_id)).one_or_none()
    if earlier is not None:
        return earlier
    children.require_guardian(members.load_member(actor.tenant, member_id))
    has_room = activity.capacity is None or (
        _count(activity, TAKING_A_PLACE) < activity.capacity and not _count(activity, (SignUpState.WAITING,))
    )
    row = SignUp(
        community_id=actor.tenant,
        id=new_id(),
        activity_id=activity_id,
        member_id=member_id,
        state=SignUpState.PLACED if has_room else SignUpState.WAITING,
        asked_at=clock.now(),
        placed_at=clock.now() if has_room else None,
        actor_id=actor.person_id,
    )
    db.session.add(row)
    db.session.flush()
    audit.record(actor, "service.sign_up", row.id, on_behalf_of=on_behalf_of, state=row.state)
    outbox.announce(actor, "sign_up.made", sign_up_id=row.id.hex)
    return row


def _whose(actor: Actor, member_id: UUID | None) -> tuple[UUID, UUID | None]:
    """The member who comes, and their person where somebody else acts for them."""
    if member_id is None or member_id in actor.member_ids:
        require(actor, "sign_up", member_id=actor.member_id)
        assert actor.member_id is not None, "only a member carries the verb over themself"
        return actor.member_id, None
    member = members.load_member(actor.tenant, member_id)
    unit = load(actor.tenant, PlaceUnit, member.unit_id)
    require(actor, "act_for_member", member_id=member.id, unit_path=unit.path)
    return member.id, member.person_id


@atomic
def confirm(actor: Actor, sign_up_id: UUID) -> SignUp:
    """The place that was offered is taken. Raises NotFound, Forbidden, OfferOver, WrongState."""
    row, on_behalf_of = _lock(actor, sign_up_id)
    if row.state == SignUpState.LAPSED or (row.state == SignUpState.OFFERED and _is_over(row)):
        raise OfferOver
    if row.state != SignUpState.OFFERED:
        raise WrongState(state=row.state)
    row.state, row.placed_at, row.offered_until = SignUpState.PLACED, clock.now(), None
    db.session.flush()
    audit.record(actor, "service.confirm_sign_up", row.id, on_behalf_of=on_behalf_of)
    return row


@atomic
def cancel(actor: Actor, sign_up_id: UUID) -> SignUp:
    """The member does not come; a place that they had is offered to whoever is next.

    Raises NotFound, Forbidden, WrongState.
    """
    row, on_behalf_of = _lock(actor, sign_up_id)
    if row.state not in LIVE:
        raise WrongState(state=row.state)
    _end(row, SignUpState.CANCELLED)
    audit.record(actor, "service.cancel_sign_up", row.id, on_behalf_of=on_behalf_of)
    outbox.announce(actor, "sign_up.cancelled", sign_up_id=row.id.hex)
    offer_free_places(load(actor.tenant, Activity, row.activity_id))
    return row


def _lock(actor: Actor, sign_up_id: UUID) -> tuple[SignUp, UUID | None]:
    """The sign-up, under the lock of its activity, if the actor may decide on it; and for whom they would."""
    found = load(actor.tenant, SignUp, sign_up_id)
    load(actor.tenant, Activity, found.activity_id, lock=True)
    _, on_behalf_of = _whose(actor, found.member_id)
    return load(actor.tenant, SignUp, sign_up_id, lock=True), on_behalf_of


def _end(row: SignUp, state: SignUpState) -> None:
    row.state, row.ended_at, row.offered_until = state, clock.now(), None
    db.session.flush()


def _is_over(row: SignUp) -> bool:
    return row.offered_until is not None and row.offered_until <= clock.now()


# --- the line -----------------------------------------------------------------------------------------------------


def _of(activity: Activity, states: Sequence[SignUpState]) -> Select[Any]:
    return scoped(activity.community_id, SignUp).where(SignUp.activity_id == activity.id, SignUp.state.in_(states))


def _count(activity: Activity, states: Sequence[SignUpState]) -> int:
    query = select(func.count()).where(
        within(activity.community_id, SignUp), SignUp.activity_id == activity.id, SignUp.state.in_(states)
    )
    return db.session.scalar(query) or 0


def offer_free_places(activity: Activity) -> None:
    """Every free place is kept for the next in the line. The caller holds the activity's lock."""
    if activity.capacity is None or activity.state != ActivityState.PLANNED or activity.starts_at <= clock.now():
        return
    free = activity.capacity - _count(activity, TAKING_A_PLACE)
    if free <= 0:
        return
    until = min(clock.now() + timedelta(hours=OFFERED_HOURS), activity.starts_at)
    line = _of(activity, (SignUpState.WAITING,)).order_by(SignUp.id).limit(free)
    offered = list(db.session.scalars(line))
    for row in offered:
        row.state, row.offered_until = SignUpState.OFFERED, until
    db.session.flush()
    _tell(offered, PLACE_OFFERED, until=f"{until.astimezone(clock.SHANGHAI):%m-%d %H:%M}")


def _tell(rows: Sequence[SignUp], kind: NoticeKind, **facts: str) -> None:
    """Whoever signed up is told, each once."""
    if not rows:
        return
    people = members.standing(rows[0].community_id, [row.member_id for row in rows])
    for row in rows:
        tell(row.community_id, people[row.member_id].member.person_id, kind, **facts)


def _ten_minutes(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H}:{moment.minute // 10}"


@registry.job("lapse_offers", period=_ten_minutes, in_steps=True)
def lapse_offers(community_id: UUID, _period: str) -> None:
    """Every ten minutes: a place nobody confirmed in time goes to the next in the line."""
    overdue = scoped(community_id, SignUp.activity_id).where(
        SignUp.state == SignUpState.OFFERED, SignUp.offered_until <= clock.now()
    )
    for activity_id in db.session.scalars(overdue.distinct()).all():
        _lapse(community_id, activity_id)


@atomic
def _lapse(community_id: UUID, activity_id: UUID) -> None:
    activity = load(community_id, Activity, activity_id, lock=True)
    overdue = list(db.session.scalars(_of(activity, (SignUpState.OFFERED,)).where(SignUp.offered_until <= clock.now())))
    for row in overdue:
        _end(row, SignUpState.LAPSED)
        audit.record(system_actor(community_id), "service.lapse_sign_up", row.id)
    _tell(overdue, PLACE_LAPSED)
    offer_free_places(activity)


@registry.when_member_leaves
def end_with_member(community_id: UUID, member_id: UUID) -> None:
    """Who leaves comes to nothing any more; their places are offered to whoever is next."""
    query = scoped(community_id, SignUp).where(SignUp.member_id == member_id, SignUp.state.in_(LIVE))
    for row in db.session.scalars(query.order_by(SignUp.activity_id)).all():
        activity = load(community_id, Activity, row.activity_id, lock=True)
        _end(row, SignUpState.CANCELLED)
        offer_free_places(activity)


def end_with_activity(activity: Activity) -> int:
    """Whoever signed up for the cancelled activity is told, and has no place any more; returns how many."""
    rows = list(db.session.scalars(_of(activity, LIVE)))
    _tell(rows, ACTIVITY_CANCELLED, day=f"{clock.local_day(activity.starts_at):%m-%d}")
    for row in rows:
        _end(row, SignUpState.CANCELLED)
    return len(rows)


def tell_of_change(activity: Activity) -> int:
    """Whoever signed up is told when it is now; returns how many."""
    rows = list(db.session.scalars(_of(activity, LIVE)))
    begins, ends = (f"{one.astimezone(clock.SHANGHAI):%m-%d %H:%M}" for one in (activity.starts_at, activity.ends_at))
    _tell(rows, ACTIVITY_CHANGED, begins=begins, ends=ends)
    return len(rows)


# --- reading ------------------------------------------------------------------------------------------------------


def list_sign_ups(actor: Actor, activity_id: UUID, *, after: UUID | None = None, limit: int = 50) -> list[SignUp]:
    """Who signed up, in the order of asking: all for whoever manages the activity, else the actor's own.

    Raises NotFound, Forbidden.
    """
    activity = load(actor.tenant, Activity, activity_id)
    query = scoped(actor.tenant, SignUp).where(SignUp.activity_id == activity_id)
    if not may(actor, "manage_activities", unit_path=load(actor.tenant, PlaceUnit, activity.unit_id).path):
        require(actor, "sign_up", member_id=actor.member_id)
        query = query.where(_is_mine(actor))
    if after:
        query = query.where(SignUp.id > after)
    return list(db.session.scalars(query.order_by(SignUp.id).limit(limit)))


def _is_mine(actor: Actor) -> ColumnElement[bool]:
    return SignUp.member_id.in_(actor.member_ids | actor.helps)


def standing_of(actor: Actor, activity: Activity) -> Standing:
    """The figures of an activity's sign-ups, and where the actor stands."""
    own = None
    if actor.member_id is not None:
        mine = _of(activity, LIVE).where(SignUp.member_id.in_(actor.member_ids))
        own = db.session.scalars(mine.order_by(SignUp.id)).first()
    before = None
    if own is not None and own.state == SignUpState.WAITING:
        ahead = select(func.count()).where(
            within(actor.tenant, SignUp),
            SignUp.activity_id == activity.id,
            SignUp.state == SignUpState.WAITING,
            SignUp.id <= own.id,
        )
        before = int(db.session.scalar(ahead) or 0)
    return Standing(_count(activity, TAKING_A_PLACE), _count(activity, (SignUpState.WAITING,)), own, before)
