"""What the sealer does to the rollups, without a tree: what waited is rolled up and waits no more."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import delete, select

from ledger.book import rollups
from ledger.book.models import Transfer, Unsealed
from ledger.core.db import atomic, db


@atomic
def seal_without_a_tree(community_id: UUID) -> int:
    """Returns how many transfers were taken out of `unsealed`."""
    waiting = select(Unsealed.transfer_id).where(Unsealed.community_id == community_id)
    ids = list(db.session.scalars(waiting))
    transfers = select(Transfer).where(Transfer.community_id == community_id, Transfer.id.in_(ids))
    rollups.add_sealed(community_id, list(db.session.scalars(transfers)))
    db.session.execute(delete(Unsealed).where(Unsealed.community_id == community_id))
    return len(ids)
