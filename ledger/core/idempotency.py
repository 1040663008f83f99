"""`perform`: every write from outside goes through here, once for each key, in the one order of the house."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Text, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql import ColumnElement

from ledger.core import audit, clock
from ledger.core.db import Base, atomic, db, is_postgresql, savepoint, text
from ledger.core.errors import Forbidden, KeyReused, NotFound, Reason, Refused
from ledger.core.ids import NOBODY
from ledger.core.tenancy import Actor, within

T = TypeVar("T")


class OnceKey(Base):
    """A key that was used, the digest of its request, and the answer it got. Keys never become new again."""

    __tablename__ = "once_keys"
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    actor_id: Mapped[UUID] = mapped_column(primary_key=True)
    route: Mapped[str] = mapped_column(text(160), primary_key=True)
    key: Mapped[str] = mapped_column(text(128), primary_key=True)
    fingerprint: Mapped[bytes]
    status: Mapped[int | None]
    answer: Mapped[str | None] = mapped_column(Text())
    created_at: Mapped[datetime]


_keys: Any = OnceKey.__table__


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back to the caller: an outer-layer status and text, and whether it was remembered."""

    status: int
    body: str
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """What makes a request the same request: who, where, which key, which body.

    `action` and `thing_id` are what the audit calls it, should it be refused; the route unless said.
    """

    actor: Actor | None
    route: str
    key: str | None
    fingerprint: bytes
    action: str = ""
    thing_id: UUID | None = None


@atomic
def perform(
    request: Request,
    verb: Callable[[], T],
    *,
    dump: Callable[[T], Answer],
    dump_refusal: Callable[[Reason], Answer],
) -> Answer:
    """Afterwards the verb's effect and its answer are committed together, or neither is.

    A second caller with the same key waits for the first and gets its answer. A domain refusal rolls back to the
    savepoint; then what must outlive it (used codes, failed tries, the audit line) is written and committed.
    Remembered are successes and final refusals. 403 and 404 write only the audit line. Everything else raises
    and leaves nothing.
    """
    if request.key is not None:
        earlier = _claim(request, request.key)
        if earlier is not None:
            return earlier
    try:
        with savepoint():
            answer = dump(verb())
    except (Refused, Forbidden, NotFound) as reason:
        answer = _settle_refusal(request, reason, dump_refusal)
        if not reason.final:
            _forget(request)
            return answer
    if request.key is not None:
        _remember(request, answer)
    return answer


def _settle_refusal(request: Request, reason: Reason, dump_refusal: Callable[[Reason], Answer]) -> Answer:
    if reason.afterwards is not None:
        reason.afterwards()
    action = (request.action or request.route)[:60]
    audit.record(request.actor, action, request.thing_id, outcome=reason.code)
    return dump_refusal(reason)


def _identity(request: Request) -> tuple[UUID, UUID]:
    actor = request.actor
    return (actor.community_id or NOBODY, actor.person_id) if actor else (NOBODY, NOBODY)


def _claim(request: Request, key: str) -> Answer | None:
    """Insert the key's row, waiting for a rival that inserted it first; the rival's answer if there is one."""
    community_id, actor_id = _identity(request)
    dialect = postgresql if is_postgresql() else sqlite
    row = {
        "community_id": community_id,
        "actor_id": actor_id,
        "route": request.route,
        "key": key,
        "fingerprint": request.fingerprint,
        "created_at": clock.now(),
    }
    # RETURNING, because PostgreSQL's driver does not count the rows of an INSERT.
    claimed = dialect.insert(_keys).values(row).on_conflict_do_nothing().returning(_keys.c.key)
    if db.session.execute(claimed).first() is not None:
        return None
    query = select(OnceKey.fingerprint, OnceKey.status, OnceKey.answer).where(*_is(request))
    fingerprint, status, body = db.session.execute(query).one()
    if fingerprint != request.fingerprint:
        raise KeyReused
    return Answer(status, body, replayed=True)


def _is(request: Request) -> tuple[ColumnElement[bool], ...]:
    community_id, actor_id = _identity(request)
    return (
        within(community_id, OnceKey),
        OnceKey.actor_id == actor_id,
        OnceKey.route == request.route,
        OnceKey.key == request.key,
    )


def _remember(request: Request, answer: Answer) -> None:
    values = {"status": answer.status, "answer": answer.body}
    db.session.execute(update(_keys).where(*_is(request)).values(values))


def _forget(request: Request) -> None:
    if request.key is not None:
        db.session.execute(delete(_keys).where(*_is(request)))
