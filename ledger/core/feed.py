"""The feed: every event of a community in one order that only grows at its end, so a reader misses nothing.

An event gets its position once nothing that was written before it can still appear: on PostgreSQL when every
transaction that is older than its own has ended, on SQLite at once. See docs/adr/0040.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import and_, bindparam, func, or_, select, update
from sqlalchemy import text as sql_text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from ledger.core import clock, registry
from ledger.core.db import Base, atomic, begins, db, is_postgresql, oldest_running, savepoint
from ledger.core.errors import Refused
from ledger.core.outbox import NEW, THINGS, OutboxEvent
from ledger.core.permissions import require
from ledger.core.tenancy import Actor, scoped, within

SEE = "see_events"

AT_ONCE = 500


class FeedForgotten(Refused):
    """The reader stayed away longer than events are kept."""

    code = "feed_forgotten"
    zh = ("{after} 以后的事件有一些已经删除了。", "请从 {oldest} 起接着读，缺的从列表里补。")
    en = (
        "Some events after {after} are no longer kept.",
        "Go on from {oldest}; the lists have what is missing.",
    )


class Feed(Base):
    """How far a community's events have a position. Its row is the lock of whoever numbers them."""

    __tablename__ = "feeds"
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    newest: Mapped[int]


class FeedPage(NamedTuple):
    """Events in the order of their positions; `next_after` asks for the next page, `more` says whether one is there."""

    events: list[OutboxEvent]
    next_after: int
    more: bool


@atomic
def number_events(community_id: UUID) -> int:
    """Every event behind the commit watermark has its position; returns the newest one."""
    feed = _locked(community_id)
    while ids := _next_ids(community_id):
        rows = [{"its_id": one, "its_position": feed.newest + n} for n, one in enumerate(ids, start=1)]
        this = and_(within(community_id, OutboxEvent), OutboxEvent.id == bindparam("its_id"))
        numbered = update(OutboxEvent.__table__).where(this).values(position=bindparam("its_position"))  # type: ignore[arg-type]
        db.session.execute(numbered, rows)
        feed.newest += len(ids)
        db.session.flush()
    return feed.newest


def _locked(community_id: UUID) -> Feed:
    query = scoped(community_id, Feed).with_for_update()
    if db.session.scalar(query) is None:
        with suppress(IntegrityError), savepoint():  # Another one may have made it a moment ago.
            db.session.add(Feed(community_id=community_id, newest=0))
    feed: Feed = db.session.scalars(query).one()
    return feed


def _next_ids(community_id: UUID) -> Sequence[UUID]:
    query = scoped(community_id, OutboxEvent.id).where(sql_text(NEW))
    if is_postgresql():
        query = query.where(or_(OutboxEvent.xid.is_(None), OutboxEvent.xid < oldest_running()))
    return db.session.scalars(query.order_by(OutboxEvent.at, OutboxEvent.id).limit(AT_ONCE)).all()


def waiting(community_id: UUID) -> int:
    """How many events have no position yet."""
    query = select(func.count()).select_from(OutboxEvent).where(within(community_id, OutboxEvent), sql_text(NEW))
    return int(db.session.scalar(query) or 0)


def read_events(community_id: UUID, *, after: int, limit: int, things: Collection[str] = ()) -> FeedPage:
    """The events after the position `after` (0: from the first that is kept), oldest first, of some things or of all.

    `next_after` passes those of other things too. Raises FeedForgotten.
    """
    newest = db.session.scalar(scoped(community_id, Feed.newest)) or 0
    first = db.session.scalar(select(func.min(OutboxEvent.position)).where(within(community_id, OutboxEvent)))
    before_all = newest if first is None else first - 1
    if 0 < after < before_all:
        raise FeedForgotten(after=after, oldest=before_all)
    query = scoped(community_id, OutboxEvent).where(OutboxEvent.position > after, OutboxEvent.position <= newest)
    if things:
        query = query.where(or_(*(begins(OutboxEvent.kind, f"{one}.") for one in sorted(things))))
    found = list(db.session.scalars(query.order_by(OutboxEvent.position).limit(limit + 1)))
    events, more = found[:limit], len(found) > limit
    return FeedPage(events, events[-1].position or 0 if more else max(after, newest), more)


def list_events(actor: Actor, *, after: int = 0, limit: int = 100, things: Collection[str] = ()) -> FeedPage:
    """`read_events` for whoever may see all that happens in the community. Raises Forbidden, FeedForgotten."""
    require(actor, SEE)
    number_events(actor.tenant)
    assert THINGS.issuperset(things), "the schema knows the list"
    return read_events(actor.tenant, after=after, limit=limit, things=things)


@registry.job("number_events", period=lambda moment: f"{moment:%Y-%m-%dT%H:%M}")
def number_every_minute(community_id: UUID, _minute: str) -> None:
    """What was committed before this minute has its place in the feed."""
    number_events(community_id)


@registry.gauge("oldest_unnumbered_event_seconds", "Age of the oldest event that has no place in its feed yet")
def oldest_unnumbered_event_seconds() -> float:
    return clock.age_of(db.session.scalar(select(func.min(OutboxEvent.at)).where(sql_text(NEW))))
