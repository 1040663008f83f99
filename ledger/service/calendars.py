"""The calendar of a community: its activities, which of them are the reader's own, and who reads it as a feed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import or_
from sqlalchemy.sql import ColumnElement

from ledger.core import clock
from ledger.core.db import atomic, begins, db
from ledger.core.errors import NotFound, NotSignedIn
from ledger.core.permissions import require_any
from ledger.core.tenancy import Actor, load, scoped
from ledger.people import sessions, tokens
from ledger.people.models import PlaceUnit, Session
from ledger.people.tokens import Scope
from ledger.service.models import Activity, ActivityKind, ActivityState, Programme, SignUp
from ledger.service.sign_ups import TAKING_A_PLACE

MOST = 1000
BACK, AHEAD = timedelta(days=31), timedelta(days=366)
"""What a feed holds around now."""


class Entry(NamedTuple):
    """An activity in the calendar; `is_own`: the reader, or whom they help, has a place at it."""

    activity: Activity
    unit_name: str
    programme_name: str
    is_own: bool


def entries_between(
    actor: Actor,
    since: datetime,
    until: datetime,
    *,
    unit_id: UUID | None = None,
    programme_id: UUID | None = None,
) -> list[Entry]:
    """What is on (or was cancelled) between the moments, in order of time; at most 1,000. Standing ones stand there
    once, beside the days that are called off or, ahead, changed. Raises NotFound (unit), Forbidden."""
    require_any(actor, "see_programmes")
    query = scoped(actor.tenant, Activity, PlaceUnit.name, Programme.name).where(
        PlaceUnit.id == Activity.unit_id,
        Programme.id == Activity.programme_id,
        # A day of a standing one has no row ahead unless it was changed.
        or_(Activity.standing_id.is_(None), _is_unusual()),
        Activity.starts_at < until,
        Activity.ends_at > since,
    )
    if unit_id is not None:
        query = query.where(begins(PlaceUnit.path, load(actor.tenant, PlaceUnit, unit_id).path))
    if programme_id is not None:
        query = query.where(Activity.programme_id == programme_id)
    rows = db.session.execute(query.order_by(Activity.starts_at, Activity.id).limit(MOST)).all()
    own = _own(actor, [activity.id for activity, _, _ in rows])
    return [Entry(activity, unit, programme, activity.id in own) for activity, unit, programme in rows]


def _is_unusual() -> ColumnElement[bool]:
    return (Activity.state == ActivityState.CANCELLED) | (Activity.starts_at > clock.now())


def _own(actor: Actor, activity_ids: list[UUID]) -> set[UUID]:
    query = scoped(actor.tenant, SignUp.activity_id).where(
        SignUp.activity_id.in_(activity_ids),
        SignUp.member_id.in_(actor.member_ids | actor.helps),
        SignUp.state.in_(TAKING_A_PLACE),
    )
    return set(db.session.scalars(query))


def is_standing(entry: Entry) -> bool:
    return entry.activity.kind is ActivityKind.STANDING


def entries_around_now(actor: Actor, *, is_mine: bool = False) -> list[Entry]:
    """A month back, a year ahead; `is_mine` only what the reader has a place at. Raises Forbidden."""
    now = clock.now()
    found = entries_between(actor, now - BACK, now + AHEAD)
    return [entry for entry in found if entry.is_own] if is_mine else found


# --- a person's own address ---------------------------------------------------------------------------------------


@atomic
def open_feed(actor: Actor, name: str) -> tuple[str, Session]:
    """A secret with which a phone's calendar reads this person's calendar and nothing else, for a year.

    It is shown once, stored as a hash, and revoked among the person's tokens. Raises Forbidden, TooManyTokens.
    """
    require_any(actor, "see_programmes")
    return tokens.create_token(actor, name, scopes=[Scope.CALENDAR], days=tokens.MOST_DAYS)


def feeds_of(actor: Actor) -> list[Session]:
    """The live addresses of the actor's calendar, newest first."""
    return [one for one in tokens.mine(actor) if one.scopes == Scope.CALENDAR]


def reader_of(community_id: UUID, secret: str) -> Actor:
    """Who reads with this secret, inside the community. Raises NotFound (dead, made for more, another community)."""
    try:
        reader = sessions.actor_of(secret)
    except NotSignedIn as error:
        raise NotFound from error
    # An address is copied into other programs: a token that may do more never becomes one.
    if reader.scopes != frozenset({Scope.CALENDAR}):
        raise NotFound
    return sessions.enter(reader, community_id)
