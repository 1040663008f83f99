"""The check of the keys: a sealed transfer names the request that wrote it, so its key cannot be forgotten or changed.

A key that was forgotten would let the same request move points again.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, and_, select
from sqlalchemy.sql import ColumnElement

from ledger.book.newest import transfers_in
from ledger.core.db import db
from ledger.core.idempotency import OnceKey, Request, digest_of_request
from ledger.core.registry import Finding, Part, check
from ledger.core.tenancy import Actor, same_community

NAME = "keys_remembered"
BATCH = 1000


@check(NAME)
def keys_remembered(part: Part) -> Iterator[Finding]:
    """The key of every transfer that was written under one is there, and every key is the one that was used.

    Of what is new: the keys of new transfers. What was answered is not sealed: a changed answer is not found here.
    """
    for community_id, transfer_id in db.session.execute(_forgotten(part)):
        yield Finding(NAME, community_id, f"the key of the request that wrote transfer {transfer_id} is gone")
    for row in db.session.execute(_used(part)):
        if _digest_of(row) != row.digest:
            yield Finding(NAME, row.community_id, f"a key of {row.route} is not the one that was used")


@lru_cache(maxsize=4)
def _forgotten(part: Part) -> Select[Any]:
    of = transfers_in(part).c
    return (
        select(of.community_id, of.id)
        .outerjoin_from(transfers_in(part), OnceKey, _named(part))
        .where(of.request_digest.is_not(None), OnceKey.key.is_(None))
    )


@lru_cache(maxsize=4)
def _used(part: Part) -> Select[Any]:
    used = select(*COLUMNS).where(OnceKey.digest.is_not(None)).execution_options(yield_per=BATCH)
    return used.join_from(transfers_in(part), OnceKey, _named(part)).distinct() if part.is_new else used


def _named(part: Part) -> ColumnElement[bool]:
    of = transfers_in(part).c
    return and_(same_community(OnceKey, of), OnceKey.digest == of.request_digest)


COLUMNS = (
    OnceKey.community_id,
    OnceKey.actor_id,
    OnceKey.route,
    OnceKey.key,
    OnceKey.fingerprint,
    OnceKey.digest,
)


def _digest_of(row: Any) -> bytes:
    actor = Actor(person_id=row.actor_id, community_id=row.community_id)
    return digest_of_request(Request(actor, row.route, row.key, row.fingerprint))
