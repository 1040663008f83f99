"""A process whose children are killed between two statements of a write. Run by test_book_crash.py, not by pytest.

The process imports the house once; for each line on standard input it forks a child that takes the line's steps, each
`kind:number:point`, and says on standard output what was answered. At the step's point the child kills itself with
signal 9; the points are before each statement of the write, before its COMMIT and right after it. The code of the house
knows nothing of this: the engine's events count the statements.
"""

from __future__ import annotations

import gc
import hashlib
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid5

from flask import Flask
from sqlalchemy import Engine, event, select, text
from sqlalchemy.orm import Session

from ledger.book import seals
from ledger.book.accounts import (
    AccountKey,
    accounts_of_community,
    accounts_of_member,
    bank_of,
    fund_of,
    open_accounts,
    payable_to,
    wallet_of,
)
from ledger.book.bulk import post_each
from ledger.book.codes import Code
from ledger.book.codes import Kind as Account
from ledger.book.expiry import expire_some
from ledger.book.holds import holds_of, place_hold, void_holds
from ledger.book.models import Hold, Transfer, Unsealed
from ledger.book.reversals import Taking, reverse_all, take_back
from ledger.book.transfers import Draft, Source, post_transfers
from ledger.core.clock import local_day, now
from ledger.core.db import db, is_postgresql
from ledger.core.errors import Reason
from ledger.core.idempotency import Answer, Request, perform
from ledger.core.tenancy import Actor, scoped
from tests.ledger.book.town import Town

STEPS = ("prepared", "spent", "undone", "write")
"""What a number may have as sources of transfers."""

NEVER, AGAIN = 0, -1
"""Instead of a point: the write is not killed; and it was prepared already, so it is only asked again."""

BULK = 12
"""Transfers of a write of many."""


def house(url: str, **settings: Any) -> Flask:
    """The house on a database of its own."""
    from api.app import create_app

    return create_app(
        {
            "TESTING": True,
            "REDFLOWER_ENV": "testing",
            "SECRET_KEY": "only for tests " * 3,
            "SQLALCHEMY_DATABASE_URI": url,
        }
        | settings
    )


@dataclass(frozen=True)
class Errand:
    """The write of one number, for a member and a fund that no other number has."""

    town: Town
    number: int

    @staticmethod
    def of(town: Town, kind: str, number: int) -> Errand:
        """What is done to a community as a whole is done to one that no other number has."""
        if KINDS[kind].leaves:
            town = replace(town, actor=replace(town.actor, community_id=uuid5(town.id, f"community {number}")))
        return Errand(town, number)

    @property
    def member_id(self) -> UUID:
        return uuid5(self.town.id, f"member {self.number}")

    @property
    def fund(self) -> AccountKey:
        return fund_of(uuid5(self.town.id, f"fund {self.number}"))

    def source(self, step: str = "write") -> Source:
        name = f"{step} {self.number}"
        return Source("plan", uuid5(self.town.id, name), hashlib.sha256(name.encode()).digest())

    def post(self, *drafts: Draft) -> None:
        post_transfers(self.town.actor, drafts)

    def charge(self, fen: int, *, hold: Hold | None = None) -> Draft:
        to, source = payable_to(self.town.merchant_id), self.source()
        return Draft(code=Code.REDEEM, debit=self.fund, credit=to, amount=fen, source=source, part=1, hold=hold)

    def hold(self, step: str, points: int, *, minutes: int = 15) -> None:
        until = now() + timedelta(minutes=minutes)
        place_hold(
            self.town.actor,
            wallet_of(self.member_id),
            points,
            source_type="plan",
            source_id=self.source(step).id,
            expires_at=until,
        )


# What is written: `prepare` a step is done before it, `write` is the one that is killed.


def award(errand: Errand, step: str = "write") -> None:
    """10 points and 30 minutes, as a stamp gives them."""
    town, source = errand.town, errand.source(step)
    errand.post(
        town.award_of(errand.member_id, 10, source=source),
        town.hours_of(errand.member_id, 30, source=source),
    )


def award_before(errand: Errand) -> None:
    award(errand, "prepared")


def spend_before(errand: Errand) -> None:
    """10 points were earned and 7 spent."""
    award(errand, "prepared")
    errand.post(errand.town.spending_of(errand.member_id, 7, source=errand.source("spent")))


def owe_before(errand: Errand) -> None:
    """The award of points that were spent was undone: 7 are owed."""
    spend_before(errand)
    _undo(errand, "undone")


def hold_before(errand: Errand) -> None:
    award(errand, "prepared")
    errand.hold("held", 10)


def hold_too_long_before(errand: Errand) -> None:
    """All 10 points are held by somebody whose time is over."""
    award(errand, "prepared")
    errand.hold("held", 10, minutes=-1)


def fund_before(errand: Errand) -> None:
    """A fund has its money in one slot."""
    bank, source = bank_of(errand.town.id), errand.source("prepared")
    open_accounts(errand.town.id, [errand.fund])
    errand.post(Draft(code=Code.FUND, debit=bank, credit=errand.fund, amount=800, source=source))


def fund_open_before(errand: Errand) -> None:
    open_accounts(errand.town.id, [errand.fund])


def award_and_fund_before(errand: Errand) -> None:
    award(errand, "prepared")
    fund_before(errand)


def overdue_before(errand: Errand) -> None:
    """10 points whose day has passed, in a wallet and a cohort still."""
    passed, source = local_day(now()) - timedelta(days=3), errand.source("prepared")
    errand.post(errand.town.award_of(errand.member_id, 10, source=source, expires_on=passed))


def expired_before(errand: Errand) -> None:
    overdue_before(errand)
    expire(errand)


def redeem(errand: Errand) -> None:
    """Points and money are held, then posted."""
    town, source = errand.town, errand.source()
    errand.hold("write", 7)
    until = now() + timedelta(minutes=15)
    place_hold(town.actor, errand.fund, 350, source_type="plan", source_id=source.id, expires_at=until)
    held = holds_of(town.id, "plan", source.id)
    errand.post(
        town.spending_of(errand.member_id, 7, hold=held[Account.WALLET], source=source),
        errand.charge(350, hold=held[Account.FUND]),
    )


def undo(errand: Errand) -> None:
    _undo(errand, "write")


def _undo(errand: Errand, step: str) -> None:
    stamp = errand.source("prepared").id
    reverse_all(errand.town.actor, "plan", [stamp], to={stamp: errand.source(step)})


def void(errand: Errand) -> None:
    void_holds(errand.town.id, "plan", [errand.source("held").id])


def spend_all(errand: Errand) -> None:
    errand.post(errand.town.spending_of(errand.member_id, 10, source=errand.source()))


def charge_short_slot(errand: Errand) -> None:
    """The slot that is charged has nothing, so all slots are locked and share anew."""
    errand.post(errand.charge(700))


def award_many(errand: Errand) -> None:
    source = errand.source()
    errand.post(*(errand.town.award_of(errand.member_id, 1, source=source, part=part) for part in range(BULK)))


def award_elsewhere_before(errand: Errand) -> None:
    open_accounts(errand.town.id, accounts_of_community(errand.town.id))
    award(errand, "prepared")


def seal(errand: Errand) -> None:
    seals.seal(errand.town.id)


def expire(errand: Errand) -> None:
    expire_some(errand.town.id)


def take_back_a_part(errand: Errand) -> None:
    query = scoped(errand.town.id, Transfer.id).where(Transfer.source_id == errand.source("prepared").id)
    award_id = db.session.scalars(query.where(Transfer.code == Code.AWARD)).one()
    take_back(errand.town.actor, [Taking(award_id, 8, errand.source())])


def write_each(errand: Errand) -> None:
    """Of many items one is refused, so the others are written in several calls of the writer."""
    source = errand.source()
    items = [[errand.town.award_of(errand.member_id, 1, source=source, part=part)] for part in range(3)]
    post_each(errand.town.actor, [*items[:2], [errand.charge(1)], *items[2:]])


@dataclass(frozen=True)
class Kind:
    """A kind of write: what must be there before, what is written, and what is there when both happened once.

    `transfers` are those with a source of the errand's; the clock's own expiry has one that nobody can know.
    """

    write: Callable[[Errand], None]
    prepare: Callable[[Errand], None] | None = None
    points: int = 0
    debt: int = 0
    minutes: int = 0
    fund: int = 0
    transfers: int = 0
    leaves: int = 0
    """Of a kind that seals its whole community; the others seal nothing."""


KINDS: dict[str, Kind] = {
    "award": Kind(award, points=10, minutes=30, transfers=2),
    "redeem": Kind(redeem, award_and_fund_before, points=3, minutes=30, fund=450, transfers=5),
    "undo": Kind(undo, award_before, transfers=4),
    "undo_what_was_spent": Kind(undo, spend_before, debt=7, transfers=6),
    "award_who_owes": Kind(award, owe_before, points=3, minutes=30, transfers=9),
    "void": Kind(void, hold_before, points=10, minutes=30, transfers=2),
    "spend_what_was_held": Kind(spend_all, hold_too_long_before, minutes=30, transfers=3),
    "charge_a_short_slot": Kind(charge_short_slot, fund_before, fund=100, transfers=2),
    "expire": Kind(expire, overdue_before, transfers=1),
    "undo_what_expired": Kind(undo, expired_before, transfers=3),
    "take_back_a_part": Kind(take_back_a_part, spend_before, debt=5, minutes=30, transfers=5),
    "seal": Kind(seal, award_elsewhere_before, points=10, minutes=30, transfers=2, leaves=2),
    "write_each": Kind(write_each, fund_open_before, points=3, transfers=3),
    "award_many": Kind(award_many, points=BULK, transfers=BULK),
}
"""Every kind of write that is killed at every point. A new verb of the books joins with one line."""


class Fault:
    """Counts the points of a write, and kills this process at the chosen one."""

    def __init__(self) -> None:
        self.passed = self.chosen = 0
        event.listen(Engine, "before_cursor_execute", self._pass)
        event.listen(Engine, "commit", self._pass)
        event.listen(Session, "after_commit", self._pass)

    def arm(self, point: int) -> None:
        self.passed, self.chosen = 0, point

    def _pass(self, *_details: Any) -> None:
        self.passed += 1
        if self.passed == self.chosen:
            os.kill(os.getpid(), signal.SIGKILL)


def take(town: Town, kind: str, number: int, *, fault: Fault, point: int) -> Answer:
    """The step is done, after what it needs; or the process has ended at the point."""
    errand, of = Errand.of(town, kind, number), KINDS[kind]
    fault.arm(0)
    if point != AGAIN:
        _keyed(errand, "prepare", lambda: _prepare(errand, of))
        if of.leaves:
            _wait_until_settled(errand.town)
    fault.arm(point)
    return _keyed(errand, "write", lambda: of.write(errand))


def _wait_until_settled(town: Town) -> None:
    """What was prepared lies behind the commit watermark: else the sealer would take less, in fewer statements."""
    unsettled = select(Unsealed.transfer_id).where(Unsealed.community_id == town.id)
    unsettled = unsettled.where(Unsealed.xid >= text("pg_snapshot_xmin(pg_current_snapshot())::text::bigint"))
    while is_postgresql() and db.session.scalar(unsettled.limit(1)) is not None:
        db.session.remove()
        time.sleep(0.005)
    db.session.remove()


def _prepare(errand: Errand, of: Kind) -> None:
    open_accounts(errand.town.id, accounts_of_member(errand.member_id))
    if of.prepare:
        of.prepare(errand)


def _keyed(errand: Errand, step: str, verb: Callable[[], None]) -> Answer:
    random.seed(step)  # A fund's slot is chosen by chance; so that the points are the same each time, it is the same.
    return perform(
        Request(errand.town.actor, f"plan/{step}", str(errand.number), errand.source(step).digest),
        verb,
        dump=lambda _nothing: Answer(201, step),
        dump_refusal=_never,
    )


def _never(reason: Reason) -> Answer:
    raise AssertionError(f"the plan is never refused: {reason.code}")


def main() -> None:
    community_id, person_id, merchant_id, fund_id = map(UUID, sys.argv[2:])
    town = Town(Actor(person_id=person_id, community_id=community_id), merchant_id, fund_id)
    app, fault = house(sys.argv[1]), Fault()
    _warm_up(app, town, fault)
    gc.disable()  # A child that lives for one write would spend most of its life on what it inherited.
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _work(app, town, fault, line.split())
        _, status = os.waitpid(child, 0)
        os.write(1, f"ended {os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)}\n".encode())


def _warm_up(app: Flask, town: Town, fault: Fault) -> None:
    """One write of each kind is done, so the children find every statement compiled; no connection is left open."""
    with app.app_context():
        for place, kind in enumerate(KINDS):
            take(town, kind, -1 - place, fault=fault, point=NEVER)
        db.session.remove()
        db.engine.dispose()


def _work(app: Flask, town: Town, fault: Fault, steps: list[str]) -> None:
    with app.app_context():
        for step in steps:
            kind, number, point = step.split(":")
            answer = take(town, kind, int(number), fault=fault, point=int(point))
            os.write(1, f"answered {number} {int(answer.replayed)} {fault.passed}\n".encode())
    os._exit(0)


if __name__ == "__main__":
    main()
