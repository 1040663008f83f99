"""Sealing in tests: on a shared PostgreSQL the transaction of another worker may hold the commit watermark.

The demo is told in one transaction, which takes minutes there.
"""

from __future__ import annotations

import time
from uuid import UUID

from ledger.book import seals
from ledger.core.db import db


def seal_all(community_id: UUID, *, patience_seconds: float = 240) -> int:
    """Nothing of the community waits any more; returns how many transfers were sealed."""
    sealed, deadline = seals.seal(community_id), time.monotonic() + patience_seconds
    while seals.waiting(community_id):
        assert time.monotonic() < deadline, "some transaction of the server does not end"
        db.session.remove()
        time.sleep(0.02)
        sealed += seals.seal(community_id)
    # A day whose last transfer was still unsettled when that run began is closed by the next run.
    return sealed + seals.seal(community_id)
