"""A year of weeks: what opened, closed, was held, ruled and paid, checked against the raw rows week by week."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from ledger.book.accounts import bank_of, fund_of, payable_to
from ledger.book.balances import account_balance
from ledger.book.checking import run_checks
from ledger.core import clock
from ledger.core.db import atomic, db
from ledger.core.jobs import tick
from ledger.rewards import agreements, refunds
from ledger.rewards.models import Redemption, RedemptionState
from ledger.settlement import closing, disputes, lines, payout_reading, payouts, settlements
from ledger.settlement.dispute_models import Dispute, Favour
from ledger.settlement.disputes import Claim
from ledger.settlement.models import LineType, Settlement, SettlementLine, SettlementState
from ledger.settlement.payouts import BankResult
from tests.ledger.rewards.street import open_street
from tests.ledger.settlement.office import Office
from tests.ledger.settlement.test_payouts import usable
from tests.stories import Neighbour, neighbour

WEEKS = 52
START = datetime(2026, 4, 6, 2, tzinfo=UTC)
"""A Monday: the year's end and the long holidays of 2026 lie ahead."""


class Year:
    """One shop's year, by chance but the same each time."""

    def __init__(self, office: Office) -> None:
        self.office, self.chance = office, random.Random(52)
        self.buyers = [office.street.volunteer(100_000, f"居民{n}") for n in range(4)]
        self.offers = [office.street.loaf, office.street.offer(points=7), office.street.offer(points=33)]
        self.bought: list[Redemption] = []
        self.is_suspended = False

    def sign_in_again(self) -> None:
        """Nobody's session lasts a year."""
        street = self.office.street
        street.place.admin, street.place.treasurer = _fresh(street.place.admin), _fresh(street.place.treasurer)
        street.owner = _fresh(street.owner)
        self.buyers = [_fresh(one) for one in self.buyers]

    def live_week(self, week: str) -> None:
        begin, _ = clock.week_bounds(week)
        clock.move_to(max(begin, clock.now()))
        self._change_agreement()
        for _ in range(0 if self.is_suspended else self.chance.randrange(0, 5)):
            clock.advance(hours=self.chance.randrange(1, 20))
            buyer, offer = self.chance.choice(self.buyers), self.chance.choice(self.offers)
            self.bought.append(self.office.street.buy(buyer, offer))
        for _ in range(self.chance.randrange(0, 3)):
            self._refund_something()

    def _change_agreement(self) -> None:
        turn = self.chance.random()
        agreement_id, admin = self.office.street.agreement.id, self.office.admin.actor
        if self.is_suspended and turn < 0.5:
            agreements.resume_agreement(admin, agreement_id)
            self.is_suspended = False
        elif not self.is_suspended and turn < 0.08:
            agreements.suspend_agreement(admin, agreement_id)
            self.is_suspended = True

    def _refund_something(self) -> None:
        """Of any week before, in part or whole."""
        if not self.bought:
            return
        found = self.chance.choice(self.bought)
        row = atomic(lambda: db.session.get_one(Redemption, (found.community_id, found.id)))()
        left = row.points - row.refunded_points
        if row.state in (RedemptionState.CONFIRMED, RedemptionState.REFUNDED_PART) and left:
            points = self.chance.choice([left, max(1, left // 2)])
            refunds.refund(self.office.treasurer.actor, row.id, points=points, reason="变质")

    def settle_week(self, week: str) -> None:
        """The Monday after: closed, issued, disputed, confirmed or silent, approved, paid in a batch or by hand."""
        office = self.office
        clock.move_to(clock.week_bounds(week)[1])
        clock.advance(hours=1)
        for draft in closing.close_week(office.treasurer.actor, week):
            issued = office.issue(draft)
            self._dispute(issued)
            clock.advance(hours=self.chance.randrange(1, 30))
            if self.chance.random() < 0.5:
                office.confirm(issued)
        self._decide()
        clock.advance(days=3)
        tick([office.id])
        self._pay()

    def _dispute(self, settlement: Settlement) -> None:
        kinds = (LineType.REDEMPTION, LineType.REFUND)
        found = [line for line in self.office.lines(settlement) if line.type in kinds]
        if found and self.chance.random() < 0.5:
            line = self.chance.choice(found)
            disputes.raise_disputes(self.office.street.owner.actor, settlement.id, [Claim(line.id, "不对")])

    def _decide(self) -> None:
        """Half of what is open now; the rest waits for a later week or its day."""
        query = select(Dispute.id).where(Dispute.decided_at.is_(None), Dispute.state != "void").order_by(Dispute.id)
        for dispute_id in atomic(lambda: db.session.scalars(query).all())():
            if self.chance.random() < 0.5:
                favour = self.chance.choice([Favour.SHOP, Favour.COMMUNITY])
                disputes.decide_dispute(self.office.treasurer.actor, dispute_id, favour=favour, reason="核对过")

    def _pay(self) -> None:
        admin = self.office.admin.actor
        query = select(Settlement.id).where(Settlement.state == SettlementState.CONFIRMED)
        for settlement_id in atomic(lambda: db.session.scalars(query).all())():
            settlements.approve(self.office.treasurer.actor, settlement_id)
        ready = payout_reading.list_payable(admin)
        for one in ready:
            if one.hindrance == "nothing_to_pay":
                settlements.pay(admin, one.settlement.id, reference="-", paid_on=clock.today())
        sent = [one.settlement.id for one in ready if not one.hindrance]
        if sent:
            payout = payouts.create_payout(admin, sent)
            for view in payout_reading.see_payout(admin, payout.id).lines:
                is_paid = self.chance.random() < 0.8
                payouts.take_results(admin, payout.id, [BankResult(1, view.line.number, view.line.amount_fen, is_paid)])


def _fresh(one: Neighbour) -> Neighbour:
    return neighbour(one.community_id, one.name, one.person_id, one.member_id)


@pytest.mark.long
def test_a_year_of_weeks_adds_up(context: object) -> None:
    """Opening is the closing before; each redemption stands once; past weeks recompute; fund, shop and bank agree."""
    try:
        office = Office(open_street(at=START, fund_fen=10_000_000, minimum_fen=300))
        usable(office)
        year = Year(office)
        for _ in range(WEEKS):
            week = clock.week_of(clock.now())
            year.sign_in_again()
            year.live_week(week)
            year.settle_week(week)
        assert run_checks() == []
        _chain_is_whole(office)
        _each_stands_once(office, year)
        _money_agrees(office)
    finally:
        clock.move_to(None)


def _live(office: Office) -> list[Settlement]:
    found = [one for one in office.all_statements() if one.state != SettlementState.VOID]
    return sorted(found, key=lambda one: one.week)


def _chain_is_whole(office: Office) -> None:
    closed = 0
    for one in _live(office):
        rows = office.lines(one)
        assert one.opening_fen == closed
        assert one.net_fen == sum(line.net_fen for line in rows if line.type != LineType.CARRY_OVER)
        assert one.opening_fen + one.net_fen == one.payable_fen + one.closing_fen
        if one.digest is not None:
            assert atomic(lines.digest_of)(one, rows) == one.digest
        closed = one.closing_fen


def _each_stands_once(office: Office, year: Year) -> None:
    query = select(SettlementLine.redemption_id).where(
        SettlementLine.live, SettlementLine.type == LineType.REDEMPTION, SettlementLine.community_id == office.id
    )
    times = Counter(atomic(lambda: db.session.scalars(query).all())())
    assert times == Counter(one.id for one in year.bought)


def _money_agrees(office: Office) -> None:
    shop = office.street.bakery.id
    keys = (payable_to(shop), bank_of(office.id), fund_of(office.street.fund.id))
    payable, bank, fund = (atomic(account_balance)(office.id, key) for key in keys)
    paid = sum(one.to_pay_fen for one in _live(office) if one.state == SettlementState.PAID)
    assert payable + bank + fund == 0
    assert bank == -10_000_000 + paid
