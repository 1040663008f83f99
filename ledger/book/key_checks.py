"""The check of the keys: a sealed transfer names the request that wrote it, so its key cannot be forgotten or changed.

A key that was forgotten would let the same request move points again.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import and_, select

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
    transfers = transfers_in(part)
    of = transfers.c
    named = and_(same_community(OnceKey, of), OnceKey.digest == of.request_digest)
    forgotten = (
        select(of.community_id, of.id)
        .outerjoin_from(transfers, OnceKey, named)
        .where(of.request_digest.is_not(None), OnceKey.key.is_(None))
    )
    for community_id, transfer_id in db.session.execute(forgotten):
        yield Finding(NAME, community_id, f"the key of the request that wrote transfer {transfer_id} is gone")
    used = select(*COLUMNS).where(OnceKey.digest.is_not(None))
    used = used.join_from(transfers, OnceKey, named).distinct() if part.is_new else used
    for row in db.session.execute(used.execution_options(yield_per=BATCH)):
        if _digest_of(row) != row.digest:
            yield Finding(NAME, row.community_id, f"a key of {row.route} is not the one that was used")


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
