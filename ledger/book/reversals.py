"""Taking back: more transfers, never an edit. What a wallet no longer has becomes the member's visible debt."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple
from uuid import UUID

from ledger.book.accounts import AccountKey, debt_of, wallet_of
from ledger.book.codes import Code, Kind, Unit
from ledger.book.cohorts import Purse, read_purses
from ledger.book.holds import expire_overdue
from ledger.book.models import Account, Balance, Draw, Transfer
from ledger.book.transfers import Draft, Source, left_to_reverse, post_transfers
from ledger.core import clock, registry
from ledger.core.db import db
from ledger.core.tenancy import Actor, scoped, within


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

    An award is first taken from the points that expire with it; what of them has expired already counts as taken (it
    comes back from there to be taken); then from the wallet's other points, live holds honoured. The rest is debited to
    the member's own debt account, to be repaid by the next awards. Everything else goes back the way it came.

    Raises TransferNotDeclared (its code has no way back), InsufficientFunds, OverReversed, AlreadyPosted.
    """
    originals = _originals(actor.tenant, takings)
    keys = standing_keys(actor.tenant, list(originals.values()), lock=True)
    members = {keys[row.credit_account_id].owner_id for row in originals.values() if _is_member(keys, row)}
    purses = _lock_purses(actor.tenant, members)
    if members and expire_overdue(actor.tenant, *map(wallet_of, members)):
        purses = _lock_purses(actor.tenant, members)
    left = left_to_reverse(actor.tenant, list(originals))
    expired = _expired_with(actor.tenant, list(originals.values()), keys)
    drafts: list[Draft] = []
    for transfer_id, asked, source in takings:
        original = originals[transfer_id]
        debit, credit = keys[original.debit_account_id], keys[original.credit_account_id]
        amount, given = left[transfer_id] if asked is None else asked, 0
        if credit.kind is Kind.WALLET:
            wallet_id = credit.id_in(actor.tenant)
            given, restored = _give(purses[wallet_id], original, amount, _of_wallets(expired, original, wallet_id))
            drafts += _restoring(original, credit, restored, source)
        drafts += [_draft(original, leg, source) for leg in legs_back(debit, credit, amount, given)]
    return post_transfers(actor, drafts)


Expired = dict[tuple[UUID, date], dict[UUID, int]]
"""By wallet and day: the transfers by which points expired, and how much of each has not come back."""


def _expired_with(community_id: UUID, originals: Sequence[Transfer], keys: dict[UUID, AccountKey]) -> Expired:
    """What has expired of the cohorts that these transfers credited, in the wallet of then and in that of now."""
    cohorts_of = {
        (wallet_id, row.expires_on)
        for row in originals
        if row.expires_on is not None
        for wallet_id in (row.credit_account_id, keys[row.credit_account_id].id_in(community_id))
    }
    if not cohorts_of:
        return {}
    query = scoped(community_id, Draw.account_id, Draw.expires_on, Draw.transfer_id).where(
        Draw.account_id.in_({account_id for account_id, _ in cohorts_of}),
        Draw.expires_on.in_({expires_on for _, expires_on in cohorts_of}),
        Draw.transfer_id == Transfer.id,
        within(community_id, Transfer),
        Transfer.code == Code.EXPIRE,
    )
    rows = db.session.execute(query.order_by(Transfer.id)).all()
    left = left_to_reverse(community_id, [transfer_id for _, _, transfer_id in rows])
    found: Expired = defaultdict(dict)
    for account_id, expires_on, transfer_id in rows:
        found[account_id, expires_on][transfer_id] = left[transfer_id]
    return found


def _of_wallets(expired: Expired, original: Transfer, wallet_id: UUID) -> list[dict[UUID, int]]:
    """What has expired of the cohort that the transfer credited, by wallet: first in its own, then in that of now."""
    if original.expires_on is None:
        return []
    wallets = dict.fromkeys((original.credit_account_id, wallet_id))
    return [expired[one, original.expires_on] for one in wallets if (one, original.expires_on) in expired]


def _give(
    purse: Purse, original: Transfer, amount: int, expired: Sequence[dict[UUID, int]]
) -> tuple[int, dict[UUID, int]]:
    """How much the wallet gives of an award, and what comes back to it for that from which expiry."""
    own = purse.take(amount, original.expires_on)
    restored: dict[UUID, int] = {}
    for with_it in expired:
        for transfer_id, left in with_it.items():
            restored[transfer_id] = min(left, amount - own - sum(restored.values()))
            with_it[transfer_id] -= restored[transfer_id]
    given = own + sum(restored.values())
    others = min(amount - given, purse.spendable(clock.today()))
    purse.draw(others, day=clock.today())
    return given + others, restored


def would_give(award: Transfer, amount: int) -> int:
    """How much of an award its wallet would give now, were `amount` taken back; what has expired of it included."""
    community_id = award.community_id
    keys = standing_keys(community_id, [award])
    wallet_id = keys[award.credit_account_id].id_in(community_id)
    purse = read_purses(community_id, [wallet_id])[wallet_id]
    expired = _of_wallets(_expired_with(community_id, [award], keys), award, wallet_id)
    return _give(purse, award, amount, expired)[0]


def _restoring(original: Transfer, wallet: AccountKey, restored: dict[UUID, int], source: Source) -> list[Draft]:
    return [
        Draft(
            code=Code.RESTORE,
            debit=AccountKey(Kind.EXPIRED, wallet.unit, original.community_id),
            credit=wallet,
            amount=points,
            source=source,
            part=number,
            expires_on=original.expires_on,
            reverses_id=transfer_id,
            on_behalf_of=original.on_behalf_of,
        )
        for number, (transfer_id, points) in enumerate(restored.items())
        if points
    ]


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


def standing_keys(community_id: UUID, transfers: Sequence[Transfer], *, lock: bool = False) -> dict[UUID, AccountKey]:
    """The same, a merged member's accounts being those of the member that stands for it."""
    keys = account_keys(community_id, transfers)
    of_members = (Kind.WALLET, Kind.DEBT, Kind.HOURS)
    ids = {key.owner_id for key in keys.values() if key.kind in of_members}
    owners = registry.owners_now(community_id, ids, lock=lock)
    return {one: key._replace(owner_id=owners.get(key.owner_id, key.owner_id)) for one, key in keys.items()}


def _originals(community_id: UUID, takings: Sequence[Taking]) -> dict[UUID, Transfer]:
    query = scoped(community_id, Transfer).where(Transfer.id.in_([one.transfer_id for one in takings]))
    found = {row.id: row for row in db.session.scalars(query)}
    assert len(found) == len(takings), "a transfer is named that is not there, or named twice"
    return found


def _is_member(keys: dict[UUID, AccountKey], transfer: Transfer) -> bool:
    return keys[transfer.credit_account_id].kind in (Kind.WALLET, Kind.HOURS)


def _lock_purses(community_id: UUID, member_ids: set[UUID]) -> dict[UUID, Purse]:
    """What each member's wallet can give, read under its lock."""
    wallet_ids = {wallet_of(member_id).id_in(community_id) for member_id in member_ids}
    query = scoped(community_id, Balance.account_id).where(Balance.account_id.in_(wallet_ids))
    db.session.execute(query.order_by(Balance.account_id).with_for_update())
    return read_purses(community_id, wallet_ids)


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
        draws_first=(original.expires_on,),
        reverses_id=original.id,
        on_behalf_of=original.on_behalf_of,
    )
