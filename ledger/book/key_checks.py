"""The check of the keys: a sealed transfer names the request that wrote it, so its key cannot be forgotten or changed.

A key that was forgotten would let the same request move points again.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import and_, select

from ledger.book.models import Transfer
from ledger.core.db import db
from ledger.core.idempotency import OnceKey, Request, digest_of_request
from ledger.core.registry import Finding, check
from ledger.core.tenancy import Actor, same_community

NAME = "keys_remembered"
BATCH = 1000


@check(NAME)
def keys_remembered() -> Iterator[Finding]:
    """The key of every transfer that was written under one is there, and every key is the one that was used.

    What was answered is not sealed: a changed answer is not found here.
    """
    named = and_(same_community(OnceKey, Transfer), OnceKey.digest == Transfer.request_digest)
    forgotten = (
        select(Transfer.community_id, Transfer.id)
        .outerjoin(OnceKey, named)
        .where(Transfer.request_digest.is_not(None), OnceKey.key.is_(None))
    )
    for community_id, transfer_id in db.session.execute(forgotten):
        yield Finding(NAME, community_id, f"the key of the request that wrote transfer {transfer_id} is gone")
    for row in db.session.execute(_used_keys().execution_options(yield_per=BATCH)):
        if _digest_of(row) != row.digest:
            yield Finding(NAME, row.community_id, f"a key of {row.route} is not the one that was used")


def _used_keys() -> Any:
    columns = (OnceKey.community_id, OnceKey.actor_id, OnceKey.route, OnceKey.key, OnceKey.fingerprint, OnceKey.digest)
    return select(*columns).where(OnceKey.digest.is_not(None))


def _digest_of(row: Any) -> bytes:
    actor = Actor(person_id=row.actor_id, community_id=row.community_id)
    return digest_of_request(Request(actor, row.route, row.key, row.fingerprint))
