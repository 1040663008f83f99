"""Taking back: more transfers, never an edit. What a wallet no longer has becomes the member's visible debt."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from ledger.book.accounts import AccountKey, debt_of, wallet_of
from ledger.book.codes import Code, Kind, Unit
from ledger.book.holds import expire_overdue
from ledger.book.models import Account, Balance, Transfer
from ledger.book.transfers import Draft, Source, left_to_reverse, post_transfers
from ledger.core.db import db
from ledger.core.tenancy import Actor, scoped


def reverse_all(actor: Actor, source_type: str, source_ids: Sequence[UUID], *, to: dict[UUID, Source]) -> list[UUID]:
    """Everything that the sources' awards and hours moved is taken back; `to[source_id]` is the reversal's source.

    From each wallet `least(amount, posted - held)` is taken, live holds are honoured, and the rest is debited to
    the member's own debt account, to be repaid by the next awards. Returns the ids of the new transfers.
    """
    query = scoped(actor.tenant, Transfer).where(
        Transfer.source_type == source_type,
        Transfer.source_id.in_(source_ids),
        Transfer.code.in_((Code.AWARD, Code.HOURS)),
    )
    originals = list(db.session.scalars(query.order_by(Transfer.id)))
    owners = _owners(actor.tenant, originals)
    members = {owners[row.credit_account_id].owner_id for row in originals}
    available = _lock_wallets(actor.tenant, members)
    if members and expire_overdue(actor.tenant, *map(wallet_of, members)):
        available = _lock_wallets(actor.tenant, members)
    left = left_to_reverse(actor.tenant, [row.id for row in originals])
    drafts: list[Draft] = []
    for original in originals:
        if left[original.id]:
            holder = owners[original.credit_account_id]
            drafts += _take_back(original, holder, left[original.id], available, to[original.source_id])
    return post_transfers(actor, drafts)


def _owners(community_id: UUID, transfers: Sequence[Transfer]) -> dict[UUID, AccountKey]:
    ids = {row.credit_account_id for row in transfers} | {row.debit_account_id for row in transfers}
    rows = db.session.scalars(scoped(community_id, Account).where(Account.id.in_(ids)))
    return {row.id: AccountKey(Kind(row.kind), Unit(row.unit), row.owner_id) for row in rows}


def _lock_wallets(community_id: UUID, member_ids: set[UUID]) -> dict[UUID, int]:
    """What each member's wallet can give, read under its lock."""
    wallets = {wallet_of(member_id).id_in(community_id): member_id for member_id in member_ids}
    query = scoped(community_id, Balance.account_id, Balance.balance, Balance.held)
    rows = db.session.execute(
        query.where(Balance.account_id.in_(wallets)).order_by(Balance.account_id).with_for_update()
    )
    return {wallets[row.account_id]: row.balance - row.held for row in rows}


def _take_back(
    original: Transfer, holder: AccountKey, amount: int, available: dict[UUID, int], source: Source
) -> list[Draft]:
    issuance = AccountKey(Kind.ISSUANCE, holder.unit, original.community_id)
    if holder.kind is Kind.HOURS:
        parts = [(holder, amount)]
    else:
        taken = min(amount, available[holder.owner_id])
        available[holder.owner_id] -= taken
        parts = [(holder, taken), (debt_of(holder.owner_id), amount - taken)]
    first_part = {Kind.WALLET: 0, Kind.DEBT: 1, Kind.HOURS: 2}
    return [
        Draft(
            code=Code.REVERSE,
            debit=key,
            credit=issuance,
            amount=part,
            source=source,
            part=first_part[key.kind],
            reverses_id=original.id,
            on_behalf_of=original.on_behalf_of,
        )
        for key, part in parts
        if part
    ]
