"""Notices: what a person is told of (a helper acted, a card was lost). Rooms that tell declare their kinds."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple
from uuid import UUID

from ledger.core import clock
from ledger.core.db import db
from ledger.core.ids import new_id
from ledger.people.models import Notice


class NoticeKind(NamedTuple):
    """One kind of notice: its name (past tense with its room, as in the outbox) and its sentence in zh and en."""

    name: str
    zh: str
    en: str

    def sentence(self, language: str, facts: dict[str, Any]) -> str:
        """What the person reads; `facts` fill the sentence."""
        return (self.zh if language.startswith("zh") else self.en).format_map(facts)


class Kinds:
    """The closed list of kinds, filled by declaring them."""

    known: ClassVar[dict[str, NoticeKind]] = {}


def declare(name: str, *, zh: str, en: str) -> NoticeKind:
    """A kind of notice exists. Facts in its sentences are short ids, figures and dates, never names or phones."""
    if name in Kinds.known:
        raise TypeError(f"notice {name} is declared twice")
    Kinds.known[name] = NoticeKind(name, zh, en)
    return Kinds.known[name]


def tell(community_id: UUID, person_id: UUID, kind: NoticeKind, **facts: Any) -> Notice:
    """The person has an unread notice of the community, in the present transaction."""
    notice = Notice(
        community_id=community_id,
        id=new_id(),
        person_id=person_id,
        kind=kind.name,
        facts=facts,
        at=clock.now(),
    )
    db.session.add(notice)
    db.session.flush()
    return notice
