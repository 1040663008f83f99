"""Notices: what a person is told of (a helper acted, a card was lost). Rooms that tell declare their kinds."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, time, timedelta
from typing import Any, ClassVar, NamedTuple
from uuid import UUID

from sqlalchemy import update

from ledger.core import clock, outbox
from ledger.core.db import db
from ledger.core.ids import new_id
from ledger.core.many import insert_many
from ledger.core.said import said
from ledger.core.tenancy import system_actor, within
from ledger.people.models import Notice

_notices: Any = Notice.__table__

QUIET_FROM, QUIET_UNTIL = time(21), time(8)
"""Between these hours of Asia/Shanghai no phone rings."""

BY = "by"
"""The fact that names the person who acted, by id: what they are called is read when the notice is."""


class NoticeKind(NamedTuple):
    """One kind of notice: its name (past tense with its room, as in the outbox) and its sentence in zh and en.

    `by_phone`: it is also sent to the person's phone, outside the quiet hours. `on_paper`: who has no phone is handed
    it in print; a word of the hour is not worth printing.
    """

    name: str
    zh: str
    en: str
    by_phone: bool = False
    on_paper: bool = True

    def sentence(self, language: str, facts: dict[str, Any]) -> str:
        """What the person reads; `facts` fill the sentence."""
        return (self.zh if language.startswith("zh") else self.en).format_map(said(facts, language))


class Kinds:
    """The closed list of kinds, filled by declaring them."""

    known: ClassVar[dict[str, NoticeKind]] = {}


def declare(name: str, *, zh: str, en: str, by_phone: bool = False, on_paper: bool = True) -> NoticeKind:
    """A kind of notice exists. Facts in its sentences are short ids, figures and dates, never names or phones."""
    if name in Kinds.known:
        raise TypeError(f"notice {name} is declared twice")
    Kinds.known[name] = NoticeKind(name, zh, en, by_phone, on_paper)
    return Kinds.known[name]


def tell(community_id: UUID, person_id: UUID, kind: NoticeKind, **facts: Any) -> Notice:
    """The person has an unread notice of the community, in the present transaction; a message follows if it should.

    The fact `by` (a person's id in hex) is who acted; the notice says their name to its reader.
    """
    now = clock.now()
    notice = Notice(
        community_id=community_id,
        id=new_id(),
        person_id=person_id,
        kind=kind.name,
        facts=facts,
        at=now,
        due_at=after_quiet_hours(now) if kind.by_phone else None,
    )
    db.session.add(notice)
    db.session.flush()
    outbox.announce(system_actor(community_id), "notice.told", notice_id=notice.id.hex, notice_kind=kind.name)
    return notice


def remind(community_id: UUID, person_ids: Collection[UUID], kind: NoticeKind) -> None:
    """Each of them has one unread notice of this kind, today's: those of other days count as read."""
    remind_each(community_id, {person_id: {} for person_id in person_ids}, kind)


def remind_each(community_id: UUID, told_of: Mapping[UUID, dict[str, Any]], kind: NoticeKind) -> None:
    """As `remind`, each person with facts of their own; a message follows outside the quiet hours if it should."""
    now = clock.now()
    due_at = after_quiet_hours(now) if kind.by_phone else None
    before = update(Notice).where(within(community_id, Notice), Notice.kind == kind.name, Notice.read_at.is_(None))
    db.session.execute(before.values(read_at=now).execution_options(synchronize_session=False))
    rows: list[dict[str, Any]] = [
        {
            "community_id": community_id,
            "id": new_id(),
            "person_id": one,
            "kind": kind.name,
            "facts": facts,
            "at": now,
            "due_at": due_at,
        }
        for one, facts in told_of.items()
    ]
    insert_many(_notices, rows)
    told = [{"notice_id": row["id"].hex, "notice_kind": kind.name} for row in rows]
    outbox.announce_all(system_actor(community_id), "notice.told", told)


def is_quiet(moment: datetime) -> bool:
    """Is it between 21:00 and 8:00 in Asia/Shanghai?"""
    hour = moment.astimezone(clock.SHANGHAI).time()
    return hour >= QUIET_FROM or hour < QUIET_UNTIL


def after_quiet_hours(moment: datetime) -> datetime:
    """The moment itself, or the next eight in the morning when it lies in the quiet hours."""
    if not is_quiet(moment):
        return moment
    local = moment.astimezone(clock.SHANGHAI)
    day = local.date() + timedelta(days=local.time() >= QUIET_FROM)
    return clock.start_of_day(day) + timedelta(hours=QUIET_UNTIL.hour)


def unprinted_kinds() -> list[str]:
    """The kinds that are not worth a printed page."""
    return [kind.name for kind in Kinds.known.values() if not kind.on_paper]


def sentence_of(notice: Notice, language: str) -> str:
    """What the notice says; a kind that is no longer told is called by its name."""
    kind = Kinds.known.get(notice.kind)
    return kind.sentence(language, notice.facts) if kind else notice.kind
