"""Known so far: a moment of an account's past to which nothing will be added, so that a statement can be made again."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text

from ledger.book.codes import STORED
from ledger.book.models import Account, Balance
from ledger.core import clock
from ledger.core.db import atomic, db, is_postgresql, moment_now
from ledger.core.tenancy import scoped

_OLDEST_WRITER = text(
    "SELECT min(xact_start) FROM pg_stat_activity"
    " WHERE datname = current_database() AND backend_xid IS NOT NULL AND pid <> pg_backend_pid()"
)


@atomic
def known_so_far(community_id: UUID, account: Account) -> datetime:
    """Now, or a little earlier: whatever of this account was recorded by then is committed and can be read.

    The one writer reads the time of a transfer after it has locked the stored balances. So whoever has waited for the
    lock of such a balance, or on SQLite for the one write transaction, has waited for all that was recorded before.
    Accounts without one know only that no transaction is older than the oldest that has written something.
    """
    if not is_postgresql():
        return clock.now()
    if account.kind in STORED:
        rows = scoped(community_id, Balance.slot).where(Balance.account_id == account.id).order_by(Balance.slot)
        db.session.execute(rows.with_for_update(read=True)).all()
        return moment_now()
    now = moment_now()  # Before the question: who begins to write after it records later than this.
    oldest: datetime | None = None if clock.is_set() else db.session.scalar(_OLDEST_WRITER)
    return min(now, oldest - timedelta(microseconds=1)) if oldest else now
