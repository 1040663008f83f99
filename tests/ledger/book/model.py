"""The books as a few numbers and lists: what test_invariants.py compares them with. It knows no SQL."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from ledger.book.models import Hold
from ledger.book.transfers import Draft
from ledger.core import clock


@dataclass
class Purse:
    """The model of a member: what is in the wallet, owed and served; `moved` came from merged members."""

    points: int = 0
    debt: int = 0
    minutes: int = 0
    earned: int = 0
    spent: int = 0
    moved: int = 0

    def earn(self, points: int) -> None:
        repaid = min(points, self.debt)
        self.points += points - repaid
        self.debt -= repaid
        self.earned += points

    def give_back(self, points: int, available: int) -> int:
        """What could not be taken is owed; returns what was taken."""
        taken = min(points, available)
        self.points -= taken
        self.debt += points - taken
        self.earned -= points
        return taken


@dataclass
class Stamp:
    """The model of an award: its drafts, and what of it has not been taken back."""

    member: int
    drafts: list[Draft]
    transfer_id: UUID
    left: int
    minutes: int


@dataclass
class Given:
    """The model of a donation (of a member) or of a grant to the fund (None), which can go back in parts."""

    member: int | None
    draft: Draft
    transfer_id: UUID
    left: int


@dataclass
class Reserved:
    """The model of a hold on a wallet (of a member) or on the fund (None)."""

    hold: Hold
    member: int | None
    amount: int
    until: datetime
    live: bool = True


@dataclass
class Model:
    """Three members, a shop, a fund and a pot."""

    purses: list[Purse] = field(default_factory=lambda: [Purse() for _ in range(3)])
    takings: int = 0
    pot: int = 0
    fund: int = 0
    due: int = 0
    stamps: list[Stamp] = field(default_factory=list)
    given: list[Given] = field(default_factory=list)
    reserved: list[Reserved] = field(default_factory=list)

    def held(self, member: int) -> int:
        return sum(r.amount for r in self.reserved if r.member == member and r.live and r.until > clock.now())

    def available(self, member: int) -> int:
        return self.purses[member].points - self.held(member)

    def left_in_fund(self) -> int:
        """Money that is held stays so until the sweeper came, even when its time is over."""
        return self.fund - sum(r.amount for r in self.reserved if r.member is None and r.live)

    def forget_overdue(self, member: int | None = None, *, everywhere: bool = False) -> None:
        for reserved in self.reserved:
            if (everywhere or reserved.member == member) and reserved.until <= clock.now():
                reserved.live = False

    def spend(self, member: int, points: int) -> None:
        self.purses[member].points -= points
        self.purses[member].spent += points
        self.takings += points

    def donate(self, member: int, points: int) -> None:
        self.purses[member].points -= points
        self.purses[member].spent += points
        self.pot += points

    def charge(self, fen: int) -> None:
        self.fund -= fen
        self.due += fen

    def pay(self, member: int | None, amount: int, *, donated: bool) -> None:
        if member is None:
            self.charge(amount)
        elif donated:
            self.donate(member, amount)
        else:
            self.spend(member, amount)

    def move(self, one: int, other: int, points: int) -> None:
        for member, sign in ((one, -1), (other, 1)):
            self.purses[member].points += sign * points
            self.purses[member].moved += sign * points

    def stamp(self, choice: int) -> Stamp:
        return self.stamps[choice % len(self.stamps)]

    def stamps_of(self, choices: Iterable[int]) -> list[Stamp]:
        """In the order in which they were given."""
        return [self.stamps[place] for place in sorted({choice % len(self.stamps) for choice in choices})]

    def undo(self, chosen: Sequence[Stamp]) -> None:
        """What is left of each is taken in order; live holds are honoured, overdue ones ended."""
        available = {member: self.available(member) for member in range(3)}
        for stamp in chosen:
            purse = self.purses[stamp.member]
            available[stamp.member] -= purse.give_back(stamp.left, available[stamp.member])
            purse.minutes -= stamp.minutes
            stamp.left = stamp.minutes = 0
            self.forget_overdue(stamp.member)

    def take_back_by_hand(self, stamp: Stamp, points: int) -> None:
        """A part of an award, out of what the wallet has; the rest is owed."""
        self.purses[stamp.member].give_back(points, self.available(stamp.member))
        stamp.left -= points
        self.forget_overdue(stamp.member)

    def take_back(self, stamp: Stamp, points: int) -> None:
        """A part of an award, out of what the wallet has."""
        self.purses[stamp.member].points -= points
        self.purses[stamp.member].earned -= points
        stamp.left -= points

    def give_back(self, given: Given, amount: int) -> None:
        given.left -= amount
        if given.member is None:
            self.fund -= amount
        else:
            self.pot -= amount
            self.purses[given.member].points += amount
            self.purses[given.member].spent -= amount
