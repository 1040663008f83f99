"""Reading the books: accounts and transfers that an actor may see."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import literal, select, tuple_, union

from ledger.book.accounts import AccountKey, accounts_of_member, accounts_of_merchant
from ledger.book.models import Account, Transfer
from ledger.core.db import UtcDateTime, db
from ledger.core.errors import Forbidden
from ledger.core.permissions import COMMUNITY, MASKED, SHOP, reach
from ledger.core.tenancy import Actor, load, scoped


def visible_accounts(actor: Actor) -> list[UUID] | None:
    """The accounts that the actor's roles reach; None is all of the community's. Forbidden when there is none."""
    scopes = reach(actor, "see_books")
    if not scopes:
        raise Forbidden
    if any(scope & (COMMUNITY | MASKED) for scope in scopes.values()):
        return None
    keys = list(accounts_of_member(actor.member_id)) if actor.member_id else []
    for counter in actor.counters:
        if scopes.get(counter.role, COMMUNITY) & SHOP:
            keys += accounts_of_merchant(counter.merchant_id)
    return [key.id_in(actor.tenant) for key in keys]


def list_accounts(actor: Actor, *, before: UUID | None = None, limit: int = 50) -> list[Account]:
    """Accounts the actor may see, by id downwards."""
    query = scoped(actor.tenant, Account)
    seen = visible_accounts(actor)
    if seen is not None:
        query = query.where(Account.id.in_(seen))
    if before is not None:
        query = query.where(Account.id < before)
    return list(db.session.scalars(query.order_by(Account.id.desc()).limit(limit)))


def see_account(actor: Actor, account_id: UUID) -> Account:
    """One account: NotFound, Forbidden."""
    account = load(actor.tenant, Account, account_id)
    seen = visible_accounts(actor)
    if seen is not None and account.id not in seen:
        raise Forbidden
    return account


def account_of(community_id: UUID, key: AccountKey) -> Account:
    """The account that a key names; NotFound if it was never opened. Whoever calls has seen to the rights."""
    return load(community_id, Account, key.id_in(community_id))


def list_transfers(
    actor: Actor, *, account_id: UUID | None = None, before: UUID | None = None, limit: int = 50
) -> list[Transfer]:
    """Transfers the actor may see, newest first; of one account if asked. `before` is the last of the page before.

    Those of single accounts are in their business order, the community's in the order in which they were written: so
    each page is a seek in an index, however long the history is.
    """
    seen = visible_accounts(actor) if account_id is None else [see_account(actor, account_id).id]
    if seen is not None:
        return _transfers_of(actor.tenant, seen, before, limit)
    query = scoped(actor.tenant, Transfer)
    if before is not None:
        query = query.where(Transfer.id < before)
    return list(db.session.scalars(query.order_by(Transfer.id.desc()).limit(limit)))


def _transfers_of(community_id: UUID, account_ids: list[UUID], before: UUID | None, limit: int) -> list[Transfer]:
    """The newest of each account and side, of which the newest of all are taken."""
    sides = [
        scoped(community_id, Transfer.effective_at, Transfer.id).where(own == account_id)
        for account_id in account_ids
        for own in (Transfer.debit_account_id, Transfer.credit_account_id)
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


def see_transfer(actor: Actor, transfer_id: UUID) -> Transfer:
    """One transfer: NotFound, Forbidden."""
    transfer = load(actor.tenant, Transfer, transfer_id)
    seen = visible_accounts(actor)
    if seen is not None and not {transfer.debit_account_id, transfer.credit_account_id} & set(seen):
        raise Forbidden
    return transfer
