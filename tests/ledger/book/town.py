"""A community of the books alone: accounts without people, so that the one writer can be tried by itself."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from flask import Flask

from ledger.book import holds, reversals, transfers
from ledger.book.accounts import (
    AccountKey,
    accounts_of_community,
    accounts_of_member,
    accounts_of_merchant,
    bank_of,
    fund_of,
    hours_of,
    issuance_of,
    open_accounts,
    payable_to,
    takings_of,
    vouchers_of,
    wallet_of,
)
from ledger.book.balances import MemberBalance, account_balance, member_balance
from ledger.book.codes import Code, Kind, Unit
from ledger.book.models import Hold
from ledger.book.transfers import Draft, Source
from ledger.core import clock
from ledger.core.db import atomic
from ledger.core.ids import new_id
from ledger.core.tenancy import Actor


def evidence(kind: str, source_id: UUID | None = None) -> Source:
    """A source that no other transfer has, or the one that is named."""
    source_id = source_id or new_id()
    return Source(kind, source_id, hashlib.sha256(source_id.bytes).digest())


@dataclass
class Town:
    """Members and one shop with their accounts, and a fund; each method is one committed call of a verb."""

    actor: Actor
    merchant_id: UUID
    fund_id: UUID
    member_ids: list[UUID] = field(default_factory=list)

    @property
    def id(self) -> UUID:
        return self.actor.tenant

    # What is written in the books, as drafts.

    def award_of(self, member_id: UUID, points: int, *, source: Source | None = None, **more: Any) -> Draft:
        return Draft(
            code=Code.AWARD,
            debit=issuance_of(self.id),
            credit=wallet_of(member_id),
            amount=points,
            source=source or evidence("stamp"),
            **more,
        )

    def hours_of(self, member_id: UUID, minutes: int, *, source: Source | None = None) -> Draft:
        return Draft(
            code=Code.HOURS,
            debit=issuance_of(self.id, Unit.MINUTES),
            credit=hours_of(member_id),
            amount=minutes,
            source=source or evidence("stamp"),
        )

    def spending_of(self, member_id: UUID, points: int, *, hold: Hold | None = None, **more: Any) -> Draft:
        more.setdefault("source", evidence("redemption"))
        return Draft(
            code=Code.REDEEM,
            debit=wallet_of(member_id),
            credit=takings_of(self.merchant_id),
            amount=points,
            hold=hold,
            **more,
        )

    def charge_of(self, fen: int, *, hold: Hold | None = None, source: Source | None = None) -> Draft:
        return Draft(
            code=Code.REDEEM,
            debit=fund_of(self.fund_id),
            credit=payable_to(self.merchant_id),
            amount=fen,
            hold=hold,
            part=1,
            source=source or evidence("redemption"),
        )

    def opening_of(self, member_id: UUID, points: int) -> Draft:
        return self._draft(Code.OPENING, issuance_of(self.id), wallet_of(member_id), points)

    def grant_of(self, fen: int) -> Draft:
        return self._draft(Code.FUND, bank_of(self.id), self.fund, fen)

    def donation_of(self, member_id: UUID, points: int, *, hold: Hold | None = None) -> Draft:
        return self._draft(Code.DONATE, wallet_of(member_id), self.pot, points, hold=hold)

    def spending_of_pot(self, points: int) -> Draft:
        """The community uses points of the pot."""
        return self._draft(Code.SPEND, self.pot, issuance_of(self.id), points)

    def buying_of(self, member_id: UUID, points: int) -> Draft:
        """A voucher of the shop is paid for."""
        return self._draft(Code.BUY, wallet_of(member_id), self.vouchers, points)

    def use_of(self, points: int) -> Draft:
        """A voucher pays the shop."""
        return self._draft(Code.REDEEM, self.vouchers, self.shop, points)

    def return_of(self, bought_id: UUID, member_id: UUID, points: int) -> Draft:
        """What was paid for a voucher is the member's again."""
        return self._draft(Code.REFUND, self.vouchers, wallet_of(member_id), points, reverses_id=bought_id)

    def settlement_of(self, points: int) -> Draft:
        """The shop's takings are paid for, so the community owes nobody for them any more."""
        return self._draft(Code.SETTLE, self.shop, issuance_of(self.id), points)

    def payment_of(self, fen: int) -> Draft:
        return self._draft(Code.PAY, self.due, bank_of(self.id), fen)

    def refund_of(self, member_id: UUID, points: int) -> Draft:
        return self._draft(Code.REFUND, self.shop, wallet_of(member_id), points)

    def merge_of(self, member_id: UUID, into: UUID, points: int) -> Draft:
        return self._draft(Code.MERGE, wallet_of(member_id), wallet_of(into), points)

    def reversal_of(self, transfer_id: UUID, original: Draft, amount: int) -> Draft:
        """`amount` of the transfer goes back where it came from."""
        return self._draft(Code.REVERSE, original.credit, original.debit, amount, reverses_id=transfer_id)

    def _draft(self, code: Code, debit: AccountKey, credit: AccountKey, amount: int, **more: Any) -> Draft:
        return Draft(code=code, debit=debit, credit=credit, amount=amount, source=evidence(code), **more)

    # What is done in one transaction.

    def member(self) -> UUID:
        member_id = new_id()
        atomic(open_accounts)(self.id, accounts_of_member(member_id))
        self.member_ids.append(member_id)
        return member_id

    def post(self, *drafts: Draft) -> list[UUID]:
        return atomic(transfers.post_transfers)(self.actor, drafts)

    def award(self, member_id: UUID, points: int) -> UUID:
        """Returns the id of the stamp, the source that `undo` takes back."""
        source = evidence("stamp")
        self.post(self.award_of(member_id, points, source=source))
        return source.id

    def spend(self, member_id: UUID, points: int) -> None:
        self.post(self.spending_of(member_id, points))

    def grant(self, fen: int) -> UUID:
        return self.post(self.grant_of(fen))[0]

    def charge(self, fen: int) -> None:
        self.post(self.charge_of(fen))

    def hold(
        self, key: AccountKey, amount: int, *, seconds: float = 900, source_id: UUID | None = None, kind: str = "test"
    ) -> Hold:
        until: datetime = clock.now() + timedelta(seconds=seconds)
        return atomic(holds.place_hold)(
            self.actor, key, amount, source_type=kind, source_id=source_id or new_id(), expires_at=until
        )

    def void(self, *placed: Hold) -> list[UUID]:
        return atomic(holds.void_holds)(self.id, placed[0].source_type, [hold.source_id for hold in placed])

    def sweep(self) -> int:
        return atomic(holds.expire_overdue)(self.id)

    def undo(self, *stamp_ids: UUID) -> list[UUID]:
        to = {stamp_id: evidence("undo") for stamp_id in stamp_ids}
        return atomic(reversals.reverse_all)(self.actor, "stamp", list(stamp_ids), to=to)

    # What is read.

    def of(self, member_id: UUID) -> MemberBalance:
        return atomic(member_balance)(self.id, member_id)

    def balance(self, key: AccountKey) -> int:
        return atomic(account_balance)(self.id, key)

    @property
    def fund(self) -> AccountKey:
        return fund_of(self.fund_id)

    @property
    def shop(self) -> AccountKey:
        return takings_of(self.merchant_id)

    @property
    def due(self) -> AccountKey:
        return payable_to(self.merchant_id)

    @property
    def vouchers(self) -> AccountKey:
        return vouchers_of(self.merchant_id)

    @property
    def pot(self) -> AccountKey:
        return AccountKey(Kind.POT, Unit.POINTS, self.id)


@atomic
def open_town(members: int = 0) -> Town:
    """A new community in the books."""
    actor = Actor(person_id=new_id(), community_id=new_id())
    town = Town(actor, merchant_id=new_id(), fund_id=new_id())
    open_accounts(town.id, accounts_of_community(town.id))
    open_accounts(town.id, accounts_of_merchant(town.merchant_id))
    open_accounts(town.id, [town.fund])
    for _ in range(members):
        town.member()
    return town


def at_once(app: Flask, calls: Sequence[Callable[[], Any]]) -> list[Any]:
    """Run each call in its own thread and context, all let go at the same moment; results or exceptions, in order."""
    barrier = threading.Barrier(len(calls))
    results: list[Any] = [None] * len(calls)

    def run(place: int, call: Callable[[], Any]) -> None:
        with app.app_context():
            barrier.wait()
            try:
                results[place] = call()
            except Exception as error:  # the test looks at it
                results[place] = error

    threads = [threading.Thread(target=run, args=(place, call)) for place, call in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results
