"""Taking back: more transfers, never an edit. What a wallet no longer has becomes the member's visible debt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from ledger.book.accounts import AccountKey, debt_of, wallet_of
from ledger.book.codes import Code, Kind, Unit
from ledger.book.holds import expire_overdue
from ledger.book.models import Account, Balance, Transfer
from ledger.book.transfers import Draft, Source, left_to_reverse, post_transfers
from ledger.core.db import db
from ledger.core.tenancy import Actor, scoped


class Taking(NamedTuple):
    """How much of a transfer is taken back (None: all that is left of it), and the reversal that says why."""

    transfer_id: UUID
    amount: int | None
    source: Source


class Leg(NamedTuple):
    """One movement that a taking back consists of."""

    debit: AccountKey
    credit: AccountKey
    amount: int


def reverse_all(actor: Actor, source_type: str, source_ids: Sequence[UUID], *, to: dict[UUID, Source]) -> list[UUID]:
    """Everything that the sources' awards and hours moved is taken back; `to[source_id]` is the reversal's source.

    Returns the ids of the new transfers; see `take_back`.
    """
    query = scoped(actor.tenant, Transfer.id, Transfer.source_id).where(
        Transfer.source_type == source_type,
        Transfer.source_id.in_(source_ids),
        Transfer.code.in_((Code.AWARD, Code.HOURS)),
    )
    originals = db.session.execute(query.order_by(Transfer.id)).tuples()
    return take_back(actor, [Taking(transfer_id, None, to[source_id]) for transfer_id, source_id in originals])


def take_back(actor: Actor, takings: Sequence[Taking]) -> list[UUID]:
    """The transfers are taken back as far as asked, each at most once in a call; returns the new ids.

    From each wallet `least(amount, posted - held)` is taken, live holds are honoured, and the rest is debited to
    the member's own debt account, to be repaid by the next awards. Everything else goes back the way it came.

    Raises TransferNotDeclared (its code has no way back), InsufficientFunds, OverReversed, AlreadyPosted.
    """
    originals = _originals(actor.tenant, takings)
    keys = account_keys(actor.tenant, list(originals.values()))
    members = {keys[row.credit_account_id].owner_id for row in originals.values() if _is_member(keys, row)}
    available = _lock_wallets(actor.tenant, members)
    if members and expire_overdue(actor.tenant, *map(wallet_of, members)):
        available = _lock_wallets(actor.tenant, members)
    left = left_to_reverse(actor.tenant, list(originals))
    drafts: list[Draft] = []
    for transfer_id, asked, source in takings:
        original = originals[transfer_id]
        debit, credit = keys[original.debit_account_id], keys[original.credit_account_id]
        amount = left[transfer_id] if asked is None else asked
        legs = legs_back(debit, credit, amount, available.get(credit.owner_id, 0))
        if credit.kind is Kind.WALLET:
            available[credit.owner_id] -= sum(leg.amount for leg in legs if leg.debit == credit)
        drafts += [_draft(original, leg, source) for leg in legs]
    return post_transfers(actor, drafts)


def legs_back(debit: AccountKey, credit: AccountKey, amount: int, available: int) -> list[Leg]:
    """How `amount` of a transfer from `debit` to `credit` goes back, when a credited wallet has `available`."""
    if credit.kind is not Kind.WALLET:
        legs = [Leg(credit, debit, amount)]
    else:
        taken = min(amount, available)
        legs = [Leg(credit, debit, taken), Leg(debt_of(credit.owner_id), debit, amount - taken)]
    return [leg for leg in legs if leg.amount]


def account_keys(community_id: UUID, transfers: Sequence[Transfer]) -> dict[UUID, AccountKey]:
    """What names the accounts on both sides of the transfers, by their ids."""
    ids = {row.credit_account_id for row in transfers} | {row.debit_account_id for row in transfers}
    rows = db.session.scalars(scoped(community_id, Account).where(Account.id.in_(ids)))
    return {row.id: AccountKey(Kind(row.kind), Unit(row.unit), row.owner_id) for row in rows}


def _originals(community_id: UUID, takings: Sequence[Taking]) -> dict[UUID, Transfer]:
    query = scoped(community_id, Transfer).where(Transfer.id.in_([one.transfer_id for one in takings]))
    found = {row.id: row for row in db.session.scalars(query)}
    assert len(found) == len(takings), "a transfer is named that is not there, or named twice"
    return found


def _is_member(keys: dict[UUID, AccountKey], transfer: Transfer) -> bool:
    return keys[transfer.credit_account_id].kind in (Kind.WALLET, Kind.HOURS)


def _lock_wallets(community_id: UUID, member_ids: set[UUID]) -> dict[UUID, int]:
    """What each member's wallet can give, read under its lock."""
    wallets = {wallet_of(member_id).id_in(community_id): member_id for member_id in member_ids}
    query = scoped(community_id, Balance.account_id, Balance.balance, Balance.held)
    rows = db.session.execute(
        query.where(Balance.account_id.in_(wallets)).order_by(Balance.account_id).with_for_update()
    )
    return {wallets[row.account_id]: row.balance - row.held for row in rows}


_PART = {Kind.WALLET: 0, Kind.DEBT: 1, Kind.HOURS: 2}
"""One source may take back points and hours, and points from two accounts: each has its own part of the source."""


def _draft(original: Transfer, leg: Leg, source: Source) -> Draft:
    return Draft(
        code=Code.REVERSE,
        debit=leg.debit,
        credit=leg.credit,
        amount=leg.amount,
        source=source,
        part=_PART.get(leg.debit.kind, 0),
        reverses_id=original.id,
        on_behalf_of=original.on_behalf_of,
    )
