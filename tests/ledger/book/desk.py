"""The desk at which mistakes are put right: who asks, who is the second person, and what stands in the books."""

from __future__ import annotations

from uuid import UUID

from ledger.book.accounts import AccountKey, issuance_of, wallet_of
from ledger.book.balances import account_balance, member_balance
from ledger.book.codes import Code, Kind, Unit
from ledger.book.models import ReversalRequest, Transfer
from ledger.book.reversal_requests import (
    approve_reversal,
    ask_reversal,
)
from ledger.book.transfers import Draft, Source, post_transfers
from ledger.core.db import atomic, db
from ledger.core.ids import new_id
from ledger.core.tenancy import scoped
from tests.ledger.rewards.street import Street
from tests.stories import Neighbour

WHY = "巡逻记了两次"


class Desk:
    """A street, whose admin asks and whose treasurer is the second person."""

    def __init__(self, street: Street) -> None:
        self.street = street
        self.admin, self.treasurer = street.place.admin, street.place.treasurer

    @property
    def id(self) -> UUID:
        return self.street.id

    @atomic
    def write(self, code: Code, debit: AccountKey, credit: AccountKey, amount: int) -> UUID:
        source = Source("test", new_id(), b"")
        draft = Draft(code=code, debit=debit, credit=credit, amount=amount, source=source)
        return post_transfers(self.street.place.system, [draft])[0]

    def award(self, person: Neighbour, points: int) -> UUID:
        return self.write(Code.AWARD, issuance_of(self.id), wallet_of(person.member_id), points)

    def donation(self, person: Neighbour, points: int) -> UUID:
        return self.write(Code.DONATE, wallet_of(person.member_id), AccountKey(Kind.POT, Unit.POINTS, self.id), points)

    def newest(self, code: Code) -> UUID:
        query = scoped(self.id, Transfer.id).where(Transfer.code == code).order_by(Transfer.id.desc())
        found: UUID | None = db.session.scalars(query).first()
        assert found is not None
        return found

    def ask(self, transfer_id: UUID, amount: int | None = None, by: Neighbour | None = None) -> ReversalRequest:
        return ask_reversal((by or self.admin).actor, transfer_id, amount=amount, reason=WHY)

    def approve(self, request: ReversalRequest, by: Neighbour | None = None) -> ReversalRequest:
        return approve_reversal((by or self.treasurer).actor, request.id)

    def take(self, transfer_id: UUID, amount: int | None = None) -> ReversalRequest:
        return self.approve(self.ask(transfer_id, amount))

    @atomic
    def figures(self, person: Neighbour) -> tuple[int, int, int]:
        found = member_balance(self.id, person.member_id)
        return found.available, found.debt, found.lifetime_earned

    @atomic
    def balance(self, key: AccountKey) -> int:
        return account_balance(self.id, key)
