"""Where a shop is paid. No single person changes it, and nobody changes it unseen or at once (F10). See docs/adr/0027.

Another account is asked for by the owner or an admin, checked by a second person, and used only after a cooling
period. Until then payments go to the account before. The owners are told of each step and may stop it meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.exc import IntegrityError

from ledger.core import audit, clock, outbox, secrets, workdays
from ledger.core.db import atomic, db, savepoint
from ledger.core.errors import AlreadyExists, Forbidden, WrongState
from ledger.core.ids import new_id
from ledger.core.permissions import may, require
from ledger.core.second_person import require_another
from ledger.core.tenancy import Actor, load, scoped, within
from ledger.rewards.merchants import load_merchant
from ledger.rewards.models import Merchant
from ledger.settlement.owners import ACCOUNT_APPROVED, ACCOUNT_ASKED, ACCOUNT_STOPPED, tell_owners
from ledger.settlement.payout_models import AccountState, BankAccount

ASK, APPROVE, SEE = "ask_bank_account", "approve_bank_account", "see_bank_accounts"

COOLING_WORKDAYS = 3
PURPOSE = "bank accounts"


class AccountView(NamedTuple):
    """An account as it is shown: its holder, and of the number the last four digits. `is_used`: payments go there now.

    `may_approve` and `may_stop` are what this actor may do about it.
    """

    account: BankAccount
    holder: str
    is_used: bool
    may_approve: bool
    may_stop: bool


@atomic
def ask_account(actor: Actor, merchant_id: UUID, *, bank: str, holder: str, number: str) -> BankAccount:
    """Another account of the shop waits for a second person; payments go where they went. `number` is digits only.

    By the shop's owner, or an admin. Raises NotFound, Forbidden, AlreadyExists (one waits).
    """
    merchant = load_merchant(actor.tenant, merchant_id)
    require(actor, ASK, merchant_id=merchant.id)
    account = BankAccount(
        community_id=actor.tenant,
        id=new_id(),
        merchant_id=merchant.id,
        state=AccountState.ASKED,
        bank=bank,
        holder_sealed=secrets.seal(holder.encode(), PURPOSE),
        number_sealed=secrets.seal(number.encode(), PURPOSE),
        last_four=number[-4:],
        asked_at=clock.now(),
        asked_by=actor.person_id,
    )
    try:
        with savepoint():
            db.session.add(account)
            db.session.flush()
    except IntegrityError as error:
        raise AlreadyExists from error
    _note(actor, "ask_account", account)
    tell_owners(actor.tenant, account.merchant_id, ACCOUNT_ASKED, last_four=account.last_four)
    return account


@atomic
def approve_account(actor: Actor, account_id: UUID) -> BankAccount:
    """A second person of the community has checked it with the shop; it is used after three working days.

    Raises NotFound, Forbidden, WrongState, OwnStep.
    """
    account = load(actor.tenant, BankAccount, account_id, lock=True)
    require(actor, APPROVE)
    if account.state != AccountState.ASKED:
        raise WrongState(state=account.state)
    require_another(actor, account.asked_by)
    account.state = AccountState.APPROVED
    account.decided_at, account.decided_by = clock.now(), actor.person_id
    account.usable_from = workdays.end_after(clock.now(), COOLING_WORKDAYS)
    db.session.flush()
    _note(actor, "approve_account", account)
    day = clock.local_day(account.usable_from).isoformat()
    tell_owners(actor.tenant, account.merchant_id, ACCOUNT_APPROVED, last_four=account.last_four, day=day)
    return account


@atomic
def stop_account(actor: Actor, account_id: UUID) -> BankAccount:
    """The account is never used. One that waits or cools down can be stopped by anybody who may ask or approve.

    Raises NotFound, Forbidden, WrongState (in use, or stopped before).
    """
    account = load(actor.tenant, BankAccount, account_id, lock=True)
    if not _may_touch(actor, account.merchant_id):
        raise Forbidden
    if not _is_stoppable(account):
        raise WrongState(state=account.state)
    account.state = AccountState.STOPPED
    account.decided_at, account.decided_by = clock.now(), actor.person_id
    db.session.flush()
    _note(actor, "stop_account", account)
    tell_owners(actor.tenant, account.merchant_id, ACCOUNT_STOPPED, last_four=account.last_four)
    return account


def _may_touch(actor: Actor, merchant_id: UUID) -> bool:
    return may(actor, ASK, merchant_id=merchant_id) or may(actor, APPROVE)


def _is_stoppable(account: BankAccount) -> bool:
    cools = account.usable_from is not None and clock.now() < account.usable_from
    return account.state == AccountState.ASKED or (account.state == AccountState.APPROVED and cools)


def _note(actor: Actor, act: str, account: BankAccount) -> None:
    audit.record(actor, f"settlement.{act}", account.id, merchant_id=account.merchant_id.hex)
    outbox.announce(actor, f"bank_account.{account.state}", account_id=account.id.hex)


# --- reading ----------------------------------------------------------------------------------------------------


def used_accounts(community_id: UUID, merchant_ids: Iterable[UUID]) -> dict[UUID, BankAccount]:
    """Where each of these shops is paid now: its newest approved account whose cooling period is over."""
    usable = scoped(community_id, BankAccount).where(
        BankAccount.merchant_id.in_(set(merchant_ids)),
        BankAccount.state == AccountState.APPROVED,
        BankAccount.usable_from <= clock.now(),
    )
    rows = db.session.scalars(usable.order_by(BankAccount.usable_from, BankAccount.id))
    return {account.merchant_id: account for account in rows}


def list_accounts(actor: Actor, merchant_id: UUID) -> list[AccountView]:
    """The shop's accounts, newest first, masked: NotFound, Forbidden."""
    merchant = load_merchant(actor.tenant, merchant_id)
    require(actor, SEE, merchant_id=merchant.id)
    used = used_accounts(actor.tenant, [merchant.id]).get(merchant.id)
    query = scoped(actor.tenant, BankAccount).where(BankAccount.merchant_id == merchant.id)
    rows = db.session.scalars(query.order_by(BankAccount.id.desc()).limit(100))
    return [_view(actor, account, used) for account in rows]


def _view(actor: Actor, account: BankAccount, used: BankAccount | None) -> AccountView:
    waits = account.state == AccountState.ASKED
    return AccountView(
        account,
        holder_of(account),
        used is not None and used.id == account.id,
        waits and may(actor, APPROVE) and not actor.is_person(account.asked_by),
        _is_stoppable(account) and _may_touch(actor, account.merchant_id),
    )


def holder_of(account: BankAccount) -> str:
    """Whose account it is."""
    return secrets.unseal(account.holder_sealed, PURPOSE).decode()


def number_of(account: BankAccount) -> str:
    """The whole number, for the bank's file alone."""
    return secrets.unseal(account.number_sealed, PURPOSE).decode()


def _waiting(actor: Actor) -> ColumnElement[bool]:
    return (
        within(actor.tenant, BankAccount)
        & (BankAccount.state == AccountState.ASKED)
        & (BankAccount.asked_by != actor.person_id)
    )


def count_waiting_for(actor: Actor) -> int:
    """How many accounts wait for this actor's check."""
    if not may(actor, APPROVE):
        return 0
    return db.session.scalar(select(func.count(BankAccount.id)).where(_waiting(actor))) or 0


def shops_waiting_for(actor: Actor) -> list[Any]:
    """(id, name) of the shops whose new account waits for this actor's check."""
    if not may(actor, APPROVE):
        return []
    query = select(Merchant.id, Merchant.name).where(_waiting(actor), Merchant.id == BankAccount.merchant_id)
    return list(db.session.execute(query.order_by(Merchant.name)).tuples())
