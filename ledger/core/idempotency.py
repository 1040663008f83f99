"""`perform`: every write from outside goes through here, once for each key, in the one order of the house."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Index, Text, bindparam, delete, select, update
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from ledger.core import audit, clock, walls
from ledger.core.db import Base, atomic, connection, db, expect_refusals, savepoint, text
from ledger.core.errors import AnsweredLongAgo, Forbidden, KeyReused, NotFound, Reason, Refused, TooManyRequests
from ledger.core.ids import NOBODY
from ledger.core.last_writes import write_last
from ledger.core.tenancy import Actor, asked, within
from ledger.core.upserts import Upsert

T = TypeVar("T")


class OnceKey(Base):
    """A key that was used, the digest of its request, and the answer it got. Keys never become new again.

    `answer` is forgotten when it is old (`forget_answers`); key, fingerprint, status and digest stay for ever.
    `digest` is what the transfers of this request name as their own (None: used before transfers named it).
    """

    __tablename__ = "once_keys"
    __table_args__ = (
        # Serves: the check that the key of every sealed transfer is still remembered.
        Index("ix_once_keys_digest", "community_id", "digest"),
        # Serves: forgetting answers that are old.
        Index(
            "ix_once_keys_answered",
            "community_id",
            "created_at",
            sqlite_where=sql("answer IS NOT NULL"),
            postgresql_where=sql("answer IS NOT NULL"),
        ),
    )
    community_id: Mapped[UUID] = mapped_column(primary_key=True)
    actor_id: Mapped[UUID] = mapped_column(primary_key=True)
    route: Mapped[str] = mapped_column(text(160), primary_key=True)
    key: Mapped[str] = mapped_column(text(128), primary_key=True)
    fingerprint: Mapped[bytes]
    status: Mapped[int | None]
    answer: Mapped[str | None] = mapped_column(Text())
    created_at: Mapped[datetime]
    digest: Mapped[bytes | None]


_keys: Any = OnceKey.__table__

request_digest: ContextVar[bytes | None] = ContextVar("request_digest", default=None)
"""The digest of the keyed request that is being carried out: what it writes into the books names it, sealed."""


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
    Remembered are successes and final refusals. 403 and 404 write only the audit line; a limit that is used up writes
    what it brings along. Everything else raises and leaves nothing.
    """
    if request.actor is None:
        expect_refusals()  # A wrong password is nothing unusual, and its hash must not cost twice.
    if request.key is not None:
        earlier = _claim(request, request.key)
        if earlier is not None:
            return earlier
    try:
        with savepoint(), _written_by(request):
            answer = dump(verb())
    except (Refused, Forbidden, NotFound) as reason:
        answer = _settle_refusal(request, reason, dump_refusal)
        if not reason.final:
            _forget(request)
            return answer
    except TooManyRequests as reason:
        if reason.afterwards is not None:
            reason.afterwards()
        _forget(request)
        return dump_refusal(reason)
    if request.key is not None:
        _remember(request, answer)
    return answer


def _settle_refusal(request: Request, reason: Reason, dump_refusal: Callable[[Reason], Answer]) -> Answer:
    if reason.afterwards is not None:
        reason.afterwards()
    action = (request.action or request.route)[:60]
    audit.record(request.actor, action, request.thing_id, outcome=reason.code)
    return dump_refusal(reason)


@contextmanager
def _written_by(request: Request) -> Iterator[None]:
    """Transfers written inside the block name the request, if it has a key."""
    token = request_digest.set(digest_of_request(request) if request.key is not None else None)
    try:
        yield
    finally:
        request_digest.reset(token)


def digest_of_request(request: Request) -> bytes:
    """SHA-256 over who asked for what under which key, each part length-prefixed: it cannot be split another way."""
    community_id, actor_id = _identity(request)
    parts = (
        community_id.bytes,
        actor_id.bytes,
        request.route.encode(),
        (request.key or "").encode(),
        request.fingerprint,
    )
    return hashlib.sha256(b"".join(len(part).to_bytes(4, "big") + part for part in parts)).digest()


def _identity(request: Request) -> tuple[UUID, UUID]:
    actor = request.actor
    return (actor.community_id or NOBODY, actor.person_id) if actor else (NOBODY, NOBODY)


def _claim(request: Request, key: str) -> Answer | None:
    """Insert the key's row, waiting for a rival that inserted it first; the rival's answer if there is one."""
    community_id, actor_id = _identity(request)
    row = {
        "community_id": community_id,
        "actor_id": actor_id,
        "route": request.route,
        "key": key,
        "fingerprint": request.fingerprint,
        "created_at": clock.now(),
        "digest": digest_of_request(request),
    }
    with walls.inside(community_id):
        if _CLAIM.run([row]).first() is not None:
            return None
        fingerprint, status, body = connection().execute(_ANSWER, _name(request)).one()
    if fingerprint != request.fingerprint:
        raise KeyReused
    if body is None:
        raise AnsweredLongAgo
    return Answer(status, body, replayed=True)


def _name(request: Request) -> dict[str, Any]:
    community_id, actor_id = _identity(request)
    return {"of_community": community_id, "of_actor": actor_id, "of_route": request.route, "of_key": request.key}


# Each is built once: building it takes longer than the database needs for it.

_NAMED = (
    within(asked("of_community"), OnceKey),
    OnceKey.actor_id == asked("of_actor"),
    OnceKey.route == bindparam("of_route"),
    OnceKey.key == bindparam("of_key"),
)
_ANSWER = select(OnceKey.fingerprint, OnceKey.status, OnceKey.answer).where(*_NAMED)
_REMEMBER = update(_keys).where(*_NAMED).values(status=bindparam("its_status"), answer=bindparam("its_answer"))
_FORGET = delete(_keys).where(*_NAMED)


# RETURNING, because PostgreSQL's driver does not count the rows of an INSERT.
_CLAIM = Upsert(_keys, lambda insert: insert.on_conflict_do_nothing().returning(_keys.c.key))


def _remember(request: Request, answer: Answer) -> None:
    values = _name(request) | {"its_status": answer.status, "its_answer": answer.body}
    write_last(_REMEMBER, _identity(request)[0], values)


def forget_answers(community_id: UUID, before: datetime) -> None:
    """What was answered before the moment is gone, here and outside communities; the keys stay used."""
    for one in (community_id, NOBODY):
        old = within(one, OnceKey), OnceKey.created_at < before, OnceKey.answer.is_not(None)
        with walls.inside(one):
            db.session.execute(update(_keys).where(*old).values(answer=None))


def _forget(request: Request) -> None:
    if request.key is not None:
        with walls.inside(_identity(request)[0]):
            connection().execute(_FORGET, _name(request))
