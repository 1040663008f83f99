"""Reading the books: accounts and transfers that an actor may see."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import or_
from sqlalchemy.sql import ColumnElement

from ledger.book.accounts import accounts_of_member, accounts_of_merchant
from ledger.book.models import Account, Transfer
from ledger.core.db import db
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


def list_transfers(
    actor: Actor, *, account_id: UUID | None = None, before: UUID | None = None, limit: int = 50
) -> list[Transfer]:
    """Transfers the actor may see, newest first; of one account if asked."""
    query = scoped(actor.tenant, Transfer)
    if account_id is not None:
        query = query.where(_touches([see_account(actor, account_id).id]))
    seen = visible_accounts(actor)
    if seen is not None:
        query = query.where(_touches(seen))
    if before is not None:
        query = query.where(Transfer.id < before)
    return list(db.session.scalars(query.order_by(Transfer.id.desc()).limit(limit)))


def see_transfer(actor: Actor, transfer_id: UUID) -> Transfer:
    """One transfer: NotFound, Forbidden."""
    transfer = load(actor.tenant, Transfer, transfer_id)
    seen = visible_accounts(actor)
    if seen is not None and not {transfer.debit_account_id, transfer.credit_account_id} & set(seen):
        raise Forbidden
    return transfer


def _touches(account_ids: list[UUID]) -> ColumnElement[bool]:
    return or_(Transfer.debit_account_id.in_(account_ids), Transfer.credit_account_id.in_(account_ids))
