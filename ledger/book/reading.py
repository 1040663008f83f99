"""Reading the books: accounts and transfers that an actor may see."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select, func, literal, or_, select, tuple_, union
from sqlalchemy.sql import ColumnElement

from ledger.book.accounts import AccountKey, accounts_of_member, accounts_of_merchant
from ledger.book.balances import account_balance
from ledger.book.codes import STORED, Code, Kind, Unit
from ledger.book.models import Account, Balance, Transfer
from ledger.core.db import UtcDateTime, db
from ledger.core.errors import Forbidden
from ledger.core.permissions import COMMUNITY, SHOP, members_reached, reach, reaches_all
from ledger.core.tenancy import Actor, load, scoped


def visible_accounts(actor: Actor) -> list[UUID] | None:
    """The accounts that the actor's roles reach; None is all of the community's. Forbidden when there is none."""
    scopes = reach(actor, "see_books")
    if not scopes:
        raise Forbidden
    if reaches_all(scopes):
        return None
    keys = [key for one in sorted(members_reached(actor, scopes)) for key in accounts_of_member(one)]
    for counter in actor.counters:
        if scopes.get(counter.role, COMMUNITY) & SHOP:
            keys += accounts_of_merchant(counter.merchant_id)
    return [key.id_in(actor.tenant) for key in keys]


def list_accounts(actor: Actor, *, before: UUID | None = None, limit: int = 50) -> list[Account]:
    """Accounts the actor may see, by id downwards."""
    query = _accounts(actor)
    if before is not None:
        query = query.where(Account.id < before)
    return list(db.session.scalars(query.order_by(Account.id.desc()).limit(limit)))


def list_accounts_of(
    actor: Actor,
    kinds: Collection[Kind],
    *,
    owner_ids: Collection[UUID] | None = None,
    before: UUID | None = None,
    limit: int = 50,
) -> list[Account]:
    """Accounts of these kinds that the actor may see, newest holder first, each holder's accounts together.

    `owner_ids` None is every holder; `before` is the last account of the page before.
    """
    query = _accounts(actor).where(Account.kind.in_(kinds))
    if owner_ids is not None:
        query = query.where(Account.owner_id.in_(owner_ids))
    if before is not None:
        last = load(actor.tenant, Account, before)
        query = query.where(tuple_(*HOLDER) < (last.owner_id, last.kind, last.unit))
    return list(db.session.scalars(query.order_by(*(column.desc() for column in HOLDER)).limit(limit)))


HOLDER = (Account.owner_id, Account.kind, Account.unit)
"""What names an account, and the order of a list for people."""


def _accounts(actor: Actor) -> Select[Any]:
    query = scoped(actor.tenant, Account)
    seen = visible_accounts(actor)
    return query if seen is None else query.where(Account.id.in_(seen))


class Standing(NamedTuple):
    """An account's balance (credits - debits), and what of it is held, in its unit."""

    balance: int
    held: int


def standings_of(community_id: UUID, accounts: Collection[Account]) -> dict[UUID, Standing]:
    """How these accounts stand now: those with a stored balance in one statement, the others one by one."""
    stored = [account.id for account in accounts if account.kind in STORED]
    query = scoped(community_id, Balance).where(Balance.account_id.in_(stored)).group_by(Balance.account_id)
    rows = db.session.execute(
        query.with_only_columns(Balance.account_id, func.sum(Balance.balance), func.sum(Balance.held))
    )
    found = {account_id: Standing(int(balance), int(held)) for account_id, balance, held in rows}
    for account in accounts:
        if account.id not in found:
            key = AccountKey(Kind(account.kind), Unit(account.unit), account.owner_id)
            found[account.id] = Standing(account_balance(community_id, key), 0)
    return found


def see_account(actor: Actor, account_id: UUID) -> Account:
    """One account: NotFound, Forbidden."""
    account = load(actor.tenant, Account, account_id)
    seen = visible_accounts(actor)
    if seen is not None and account.id not in seen:
        raise Forbidden
    return account


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferFilter:
    """Which transfers are wanted; None sets no condition. `since` ≤ effective_at < `until`.

    `kind` is of either side's account, `owner_ids` are whose accounts are touched (members').
    """

    code: Code | None = None
    kind: Kind | None = None
    owner_ids: Collection[UUID] | None = None
    since: datetime | None = None
    until: datetime | None = None


ALL = TransferFilter()


def account_of(community_id: UUID, key: AccountKey) -> Account:
    """The account that a key names; NotFound if it was never opened. Whoever calls has seen to the rights."""
    return load(community_id, Account, key.id_in(community_id))


def list_transfers(
    actor: Actor,
    *,
    account_id: UUID | None = None,
    wanted: TransferFilter = ALL,
    before: UUID | None = None,
    limit: int = 50,
) -> list[Transfer]:
    """Transfers the actor may see, newest first; of one account if asked. `before` is the last of the page before.

    Those of single accounts or people are in their business order, the community's in the order in which they were
    written: so each page is a seek in an index, however long the history is. Among the community's, what `wanted` asks
    beyond people is looked for row by row.
    """
    seen = visible_accounts(actor) if account_id is None else [see_account(actor, account_id).id]
    if seen is None and wanted.owner_ids is not None:
        seen = [key.id_in(actor.tenant) for one in wanted.owner_ids for key in accounts_of_member(one)]
    if seen is not None:
        return _transfers_of(actor.tenant, seen, wanted, before, limit)
    query = scoped(actor.tenant, Transfer).where(*_conditions(actor.tenant, wanted))
    if before is not None:
        query = query.where(Transfer.id < before)
    return list(db.session.scalars(query.order_by(Transfer.id.desc()).limit(limit)))


def _conditions(community_id: UUID, wanted: TransferFilter) -> Iterator[ColumnElement[bool]]:
    if wanted.code is not None:
        yield Transfer.code == wanted.code
    if wanted.kind is not None:
        yield or_(*(_of_kind(community_id, side, wanted.kind) for side in SIDES))
    if wanted.owner_ids is not None:
        accounts = [key.id_in(community_id) for one in wanted.owner_ids for key in accounts_of_member(one)]
        yield or_(*(side.in_(accounts) for side in SIDES))
    if wanted.since is not None:
        yield Transfer.effective_at >= wanted.since
    if wanted.until is not None:
        yield Transfer.effective_at < wanted.until


SIDES = (Transfer.debit_account_id, Transfer.credit_account_id)


def _of_kind(community_id: UUID, side: Any, kind: Kind) -> ColumnElement[bool]:
    account = scoped(community_id, Account.id).where(Account.id == side, Account.kind == kind)
    return account.correlate(Transfer).exists()


def _transfers_of(
    community_id: UUID, account_ids: list[UUID], wanted: TransferFilter, before: UUID | None, limit: int
) -> list[Transfer]:
    """The newest of each account and side, of which the newest of all are taken."""
    sides = [
        scoped(community_id, Transfer.effective_at, Transfer.id).where(
            own == account_id, *_conditions(community_id, wanted)
        )
        for account_id in account_ids
        for own in SIDES
    ]
    if not sides:
        return []
    if before is not None:
        last = db.session.execute(scoped(community_id, Transfer.effective_at).where(Transfer.id == before)).first()
        if last is None:
            return []
        reached = tuple_(literal(last.effective_at, UtcDateTime()), literal(before, Transfer.id.type))
        sides = [side.where(tuple_(Transfer.effective_at, Transfer.id) < reached) for side in sides]
    newest = (side.order_by(Transfer.effective_at.desc(), Transfer.id.desc()).limit(limit).subquery() for side in sides)
    # Not UNION ALL: a transfer between two of these accounts is found from both sides.
    found = union(*(select(side) for side in newest)).subquery().c
    ids = select(found.id).order_by(found.effective_at.desc(), found.id.desc()).limit(limit)
    query = scoped(community_id, Transfer).where(Transfer.id.in_(ids))
    return list(db.session.scalars(query.order_by(Transfer.effective_at.desc(), Transfer.id.desc())))


def list_transfers_of(
    actor: Actor, source_type: str, source_ids: Collection[UUID], *, codes: Collection[Code]
) -> list[Transfer]:
    """What these sources moved under these codes, as far as the actor may see it, oldest first.

    Empty for whoever sees no books: who asks is shown something else and would only have the way on from there.
    """
    if not source_ids or not reach(actor, "see_books"):
        return []
    # The codes are named so that each source is a seek in the index that keeps sources unique.
    query = scoped(actor.tenant, Transfer).where(
        Transfer.code.in_(codes), Transfer.source_type == source_type, Transfer.source_id.in_(source_ids)
    )
    seen = visible_accounts(actor)
    if seen is not None:
        query = query.where(or_(*(side.in_(seen) for side in SIDES)))
    return list(db.session.scalars(query.order_by(Transfer.id)))


def transfers_by_id(community_id: UUID, ids: Collection[UUID]) -> list[Transfer]:
    """These transfers, newest first. Whoever calls has seen to the rights."""
    query = scoped(community_id, Transfer).where(Transfer.id.in_(ids))
    return list(db.session.scalars(query.order_by(Transfer.id.desc())))


def see_transfer(actor: Actor, transfer_id: UUID) -> Transfer:
    """One transfer: NotFound, Forbidden."""
    transfer = load(actor.tenant, Transfer, transfer_id)
    seen = visible_accounts(actor)
    if seen is not None and not {transfer.debit_account_id, transfer.credit_account_id} & set(seen):
        raise Forbidden
    return transfer
