"""Accounts: whose place in the books, of which kind and unit. Ids are derived, so nothing has to be looked up."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID, uuid5

from sqlalchemy.dialects import postgresql, sqlite

from ledger.book.codes import LIMITED, LOCK_ORDER, SLOTS, STORED, Kind, Unit
from ledger.book.models import Account, Balance
from ledger.core import clock
from ledger.core.db import db, is_postgresql


class AccountKey(NamedTuple):
    """What names an account inside a community; the owner is a member, merchant, fund, or the community itself."""

    kind: Kind
    unit: Unit
    owner_id: UUID

    def id_in(self, community_id: UUID) -> UUID:
        return _derive(community_id, self)

    @property
    def lock_rank(self) -> int:
        return LOCK_ORDER.index(self.kind)


@functools.lru_cache(maxsize=65536)
def _derive(community_id: UUID, key: AccountKey) -> UUID:
    return uuid5(community_id, f"{key.kind}:{key.unit}:{key.owner_id.hex}")


def wallet_of(member_id: UUID) -> AccountKey:
    return AccountKey(Kind.WALLET, Unit.POINTS, member_id)


def debt_of(member_id: UUID) -> AccountKey:
    return AccountKey(Kind.DEBT, Unit.POINTS, member_id)


def hours_of(member_id: UUID) -> AccountKey:
    return AccountKey(Kind.HOURS, Unit.MINUTES, member_id)


def issuance_of(community_id: UUID, unit: Unit = Unit.POINTS) -> AccountKey:
    return AccountKey(Kind.ISSUANCE, unit, community_id)


def bank_of(community_id: UUID) -> AccountKey:
    return AccountKey(Kind.BANK, Unit.FEN, community_id)


def fund_of(fund_id: UUID) -> AccountKey:
    return AccountKey(Kind.FUND, Unit.FEN, fund_id)


def takings_of(merchant_id: UUID) -> AccountKey:
    return AccountKey(Kind.MERCHANT, Unit.POINTS, merchant_id)


def payable_to(merchant_id: UUID) -> AccountKey:
    return AccountKey(Kind.PAYABLE, Unit.FEN, merchant_id)


def vouchers_of(merchant_id: UUID) -> AccountKey:
    return AccountKey(Kind.VOUCHER, Unit.POINTS, merchant_id)


def pot_of(community_id: UUID) -> AccountKey:
    return AccountKey(Kind.POT, Unit.POINTS, community_id)


def accounts_of_member(member_id: UUID) -> tuple[AccountKey, ...]:
    return wallet_of(member_id), debt_of(member_id), hours_of(member_id)


def accounts_of_merchant(merchant_id: UUID) -> tuple[AccountKey, ...]:
    return takings_of(merchant_id), payable_to(merchant_id), vouchers_of(merchant_id)


def accounts_of_community(community_id: UUID) -> tuple[AccountKey, ...]:
    return (
        issuance_of(community_id),
        issuance_of(community_id, Unit.MINUTES),
        bank_of(community_id),
        pot_of(community_id),
        AccountKey(Kind.EXPIRED, Unit.POINTS, community_id),
    )


def open_accounts(community_id: UUID, keys: Iterable[AccountKey]) -> None:
    """The accounts exist, empty; those that were there stay as they are."""
    keys = list(keys)
    if not keys:
        return
    accounts = [
        {
            "community_id": community_id,
            "id": key.id_in(community_id),
            "opened_at": clock.now(),
            **key._asdict(),
        }
        for key in keys
    ]
    rows = [
        {
            "community_id": community_id,
            "account_id": key.id_in(community_id),
            "slot": slot,
            "limited": key.kind in LIMITED,
        }
        for key in keys
        if key.kind in STORED
        for slot in range(SLOTS.get(key.kind, 1))
    ]
    insert = postgresql.insert if is_postgresql() else sqlite.insert
    db.session.execute(insert(Account).on_conflict_do_nothing(), accounts)
    if rows:
        db.session.execute(insert(Balance).on_conflict_do_nothing(), rows)
