"""How a notice leaves the house: a message to the phone outside the quiet hours, or a printed page for who has none."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Select, exists, literal, or_, select, update
from sqlalchemy.sql import ColumnElement

from ledger.core import audit, clock, outbox, registry
from ledger.core.db import atomic, db
from ledger.core.errors import Forbidden, NotFound
from ledger.core.permissions import places_reached, reach, reaches_all_by_name, require
from ledger.core.tenancy import Actor, scoped, system_actor, within
from ledger.people import deliveries, phones
from ledger.people.inbox import with_names
from ledger.people.models import Member, MemberState, Notice, Phone, PlaceUnit
from ledger.people.notices import is_quiet, sentence_of, unprinted_kinds

MOST_AT_ONCE = 200
STALE_AFTER = timedelta(days=1)
"""A message that could not leave within a day is not sent any more: the inbox has it."""


# --- to the phone -----------------------------------------------------------------------------------------------


@registry.job("send_notices", period=lambda moment: f"{moment:%Y-%m-%dT%H:%M}")
def send_notices(community_id: UUID, _minute: str) -> None:
    """Every minute outside the quiet hours: what is due goes to the phone of whoever has one.

    The message is made only now, so that the five minutes in which it is kept begin when somebody may deliver it.
    """
    now = clock.now()
    if is_quiet(now):
        return
    query = scoped(community_id, Notice).where(Notice.due_at <= now).order_by(Notice.due_at, Notice.id)
    for notice in db.session.scalars(query.limit(MOST_AT_ONCE)).all():
        is_stale = notice.due_at is not None and notice.due_at < now - STALE_AFTER
        number = None if is_stale else phones.number_of(notice.person_id)
        if _take(notice, sent=number is not None) and number is not None:
            deliveries.queue_message(number, f"【小红花】{sentence_of(notice, 'zh')}")
            outbox.announce(system_actor(community_id), "notice.sent", notice_id=notice.id.hex)


def _take(notice: Notice, *, sent: bool) -> bool:
    """The notice waits no longer; False when another run had it."""
    waiting = update(Notice).where(
        within(notice.community_id, Notice), Notice.id == notice.id, Notice.due_at.is_not(None)
    )
    values = {"due_at": None, "sent_at": clock.now() if sent else None}
    return bool(db.session.execute(waiting.values(values)).rowcount)  # type: ignore[attr-defined]


# --- on paper ---------------------------------------------------------------------------------------------------


class PaperNotice(NamedTuple):
    """A notice for a member without a phone, with what staff need to hand it over."""

    notice: Notice
    member: Member
    unit: PlaceUnit
    by_name: str


def list_paper_notices(actor: Actor, *, after: UUID | None = None, limit: int = 50) -> list[PaperNotice]:
    """Notices that nobody has read or handed over, of members without a phone in the actor's part, oldest last.

    Raises Forbidden for whoever acts for no member as staff.
    """
    query = _waiting(actor).order_by(Notice.id.desc()).limit(limit)
    if after:
        query = query.where(Notice.id < after)
    rows = db.session.execute(query).tuples().all()
    names = [seen.by_name for seen in with_names([notice for notice, _, _ in rows])]
    return [PaperNotice(*row, name) for row, name in zip(rows, names, strict=True)]


@atomic
def hand_over(actor: Actor, notice_ids: Collection[UUID]) -> int:
    """These notices were handed to their members on paper; those handed over before stay as they were.

    Returns how many. Raises NotFound (one that is not of this community), Forbidden (outside the actor's part).
    """
    query = scoped(actor.tenant, Notice, PlaceUnit.path).where(
        within(actor.tenant, Member),
        Notice.id.in_(set(notice_ids)),
        Member.person_id == Notice.person_id,
        PlaceUnit.id == Member.unit_id,
    )
    rows = db.session.execute(query.order_by(Notice.id).with_for_update(of=Notice)).tuples().all()
    if len(rows) != len(set(notice_ids)):
        raise NotFound
    for _, path in rows:
        require(actor, "act_for_member", unit_path=path)
    waiting = [notice for notice, _ in rows if notice.handed_over_at is None]
    for notice in waiting:
        notice.handed_over_at, notice.handed_over_by = clock.now(), actor.person_id
        audit.record(actor, "people.hand_over_notice", notice.id, on_behalf_of=notice.person_id)
    db.session.flush()
    return len(waiting)


def _waiting(actor: Actor) -> Select[tuple[Notice, Member, PlaceUnit]]:
    has_phone = exists(select(literal(1)).where(Phone.person_id == Notice.person_id, Phone.ended_at.is_(None)))
    query: Select[tuple[Notice, Member, PlaceUnit]] = scoped(actor.tenant, Notice, Member, PlaceUnit).where(
        Member.person_id == Notice.person_id,
        Member.state == MemberState.ACTIVE,
        PlaceUnit.id == Member.unit_id,
        Notice.read_at.is_(None),
        Notice.handed_over_at.is_(None),
        Notice.kind.not_in(unprinted_kinds()),
        ~has_phone,
        _in_part(actor),
    )
    return query


def _in_part(actor: Actor) -> ColumnElement[bool]:
    """SQL: the members for whom the actor acts as staff."""
    scopes = reach(actor, "act_for_member")
    if reaches_all_by_name(scopes):
        return Member.id.is_not(None)
    parts = places_reached(actor, scopes, PlaceUnit.path)
    if not parts:
        raise Forbidden
    return or_(*parts)
