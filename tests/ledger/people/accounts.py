"""Two phones of one person on the shopping street, and the two people who make one account of them."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from ledger.book.accounts import hours_of, issuance_of, wallet_of
from ledger.book.balances import MemberBalance, member_balance
from ledger.book.codes import Code, Unit
from ledger.book.cohorts import read_purses
from ledger.book.reversals import Taking, take_back
from ledger.book.transfers import Draft, Source, post_transfers
from ledger.core.db import atomic
from ledger.core.ids import new_id
from ledger.people import members, merges
from ledger.people.life_models import Merge
from tests.ledger.rewards.street import Street
from tests.stories import Neighbour


class Accounts:
    """`old` goes into `new`; the admin asks, the treasurer is the second person."""

    def __init__(self, street: Street) -> None:
        self.street, self.place = street, street.place
        self.old, self.new = street.place.volunteer("林秀芳"), street.place.volunteer("林秀芳")

    @property
    def id(self) -> UUID:
        return self.street.id

    def ask(self, *, old: Neighbour | None = None, new: Neighbour | None = None) -> Merge:
        goes, stays = (old or self.old).member_id, (new or self.new).member_id
        assert goes is not None
        assert stays is not None
        return merges.ask_merge(self.place.admin.actor, goes, stays, reason="同一个人，换过号码")

    def approve(self, merge: Merge) -> Merge:
        return merges.approve_merge(self.place.treasurer.actor, merge.id)

    def merge(self, **who: Neighbour) -> Merge:
        return self.approve(self.ask(**who))

    def part(self, merge: Merge) -> Merge:
        asked = merges.ask_undo(self.place.admin.actor, merge.id, reason="其实是两个人")
        return merges.approve_undo(self.place.treasurer.actor, asked.id)

    @atomic
    def award(self, person: Neighbour, points: int, *, until: date | None = None) -> UUID:
        return self._post(person, Code.AWARD, points, until=until)

    @atomic
    def serve(self, person: Neighbour, minutes: int) -> UUID:
        return self._post(person, Code.HOURS, minutes)

    def _post(self, person: Neighbour, code: Code, amount: int, until: date | None = None) -> UUID:
        assert person.member_id is not None
        is_hours = code is Code.HOURS
        draft = Draft(
            code=code,
            debit=issuance_of(self.id, Unit.MINUTES if is_hours else Unit.POINTS),
            credit=hours_of(person.member_id) if is_hours else wallet_of(person.member_id),
            amount=amount,
            source=Source("test", new_id(), b""),
            expires_on=until,
        )
        return post_transfers(self.place.system, [draft])[0]

    @atomic
    def take_back(self, transfer_id: UUID, amount: int | None = None) -> None:
        take_back(self.place.system, [Taking(transfer_id, amount, Source("undo", new_id(), b""))])

    @atomic
    def of(self, person: Neighbour) -> MemberBalance:
        """The figures of exactly this account, not of who stands for it."""
        assert person.member_id is not None
        return member_balance(self.id, person.member_id)

    def figures(self, person: Neighbour) -> tuple[int, int, int]:
        """Available points, debt, minutes."""
        found = self.of(person)
        return found.available, found.debt, found.minutes

    @atomic
    def lifetime(self, person: Neighbour) -> tuple[int, int]:
        """Earned and spent in all, as the member is shown it."""
        assert person.member_id is not None
        standing = members.load_member(self.id, person.member_id)
        found = member_balance(self.id, standing.id, aliases=members.aliases_of(self.id, standing.id))
        return found.lifetime_earned, found.lifetime_spent

    @atomic
    def dates(self, person: Neighbour) -> dict[date, int]:
        assert person.member_id is not None
        wallet_id = wallet_of(person.member_id).id_in(self.id)
        left = read_purses(self.id, [wallet_id])[wallet_id].left
        return {day: points for day, points in left.items() if points}
