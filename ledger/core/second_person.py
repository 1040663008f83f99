"""Two people for each step that matters: never the same person twice, and the street only in a long absence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.orm import Mapped, mapped_column

from ledger.core import clock, workdays
from ledger.core.db import Base, db, text
from ledger.core.errors import Refused, WrongState
from ledger.core.ids import new_id
from ledger.core.permissions import reach, reaches_all_by_name, require
from ledger.core.tenancy import Actor, Row, load, scoped

STREET_WAITS_WORKDAYS = 2


class StandIn(Base):
    """One step that the street took for a community's absent second person: kept to be counted in public."""

    __tablename__ = "stand_ins"
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    verb: Mapped[str] = mapped_column(text(60))
    thing_id: Mapped[UUID]
    actor_id: Mapped[UUID]
    at: Mapped[datetime]


class OwnStep(Refused):
    """The step before was this person's own: two people for every payment and every reversal."""

    code = "own_step"
    zh = ("上一步是您自己做的，需要另一个人来做这一步。", "请另一位工作人员操作。")
    en = ("You did the step before; this one needs another person.", "Ask a colleague to do it.")


class SecondPersonPresent(Refused):
    """The street stands in only after the community's own second person has been absent over two working days."""

    code = "second_person_present"
    zh = ("社区自己的第二人还在两个工作日的时限内。", "两个工作日后仍无人处理时，街道可以代办。")
    en = ("The community's own second person still has time.", "The street may step in after two working days.")


def require_another(actor: Actor, step_before: UUID | None) -> None:
    """OwnStep when the actor took the step before."""
    if step_before is not None and actor.is_person(step_before):
        raise OwnStep


def stands_in(actor: Actor, verb: str) -> bool:
    """Does the actor carry the verb only as the second person from outside (the street)?"""
    scopes = reach(actor, verb)
    return bool(scopes) and not reaches_all_by_name(scopes)


def street_may_since(waiting_since: datetime) -> datetime:
    """The moment from which the street may take a step that has waited since then."""
    return workdays.end_after(waiting_since, STREET_WAITS_WORKDAYS)


def let_second_person_first(actor: Actor, verb: str, *, waiting_since: datetime) -> None:
    """SecondPersonPresent when the street comes before the community's own people have had their working days."""
    if stands_in(actor, verb) and clock.now() < street_may_since(waiting_since):
        raise SecondPersonPresent


@contextmanager
def waiting_step(actor: Actor, model: type[Row], row_id: UUID, *, verb: str, state: StrEnum) -> Iterator[Row]:
    """A row that waits in this state, locked, for somebody with the verb; what the block decides is flushed.

    Raises NotFound, Forbidden, WrongState.
    """
    row: Any = load(actor.tenant, model, row_id, lock=True)
    require(actor, verb)
    if row.state != state:
        raise WrongState(state=row.state)
    yield row
    db.session.flush()


def require_second(actor: Actor, verb: str, *, asked_by: UUID | None, waiting_since: datetime) -> None:
    """OwnStep for whoever asked, then SecondPersonPresent for a street that comes too early."""
    require_another(actor, asked_by)
    let_second_person_first(actor, verb, waiting_since=waiting_since)


def count_if_stood_in(actor: Actor, verb: str, thing_id: UUID) -> bool:
    """Did the actor take this step for an absent second person? Then it is kept, in the present transaction."""
    if not stands_in(actor, verb):
        return False
    row = StandIn(
        community_id=actor.tenant,
        id=new_id(),
        verb=verb,
        thing_id=thing_id,
        actor_id=actor.person_id,
        at=clock.now(),
    )
    db.session.add(row)
    db.session.flush()
    return True


def count_stand_ins(community_id: UUID) -> dict[str, int]:
    """How often the street has stood in, by verb: a public figure."""
    query = scoped(community_id, StandIn.verb).add_columns(func.count()).group_by(StandIn.verb).order_by(StandIn.verb)
    return dict(db.session.execute(query).tuples().all())
