"""Points of paid statements leave circulation as money leaves the bank: a week of refunds is made up by later ones."""

from __future__ import annotations

from itertools import permutations

import pytest
from sqlalchemy import text

from ledger.book.accounts import payable_to, takings_of
from ledger.book.balances import account_balance
from ledger.book.checking import run_checks
from ledger.book.codes import Code
from ledger.book.models import Transfer
from ledger.core.db import atomic, db
from ledger.core.tenancy import scoped
from ledger.settlement.models import Settlement, SettlementState
from tests.ledger.settlement.office import NEXT_WEEK, Office

S = SettlementState


@atomic
def moved(office: Office, settlement: Settlement, code: Code) -> int:
    by_it = scoped(office.id, Transfer.amount).where(Transfer.source_id == settlement.id, Transfer.code == code)
    return sum(db.session.scalars(by_it))


def paid_and_settled(office: Office, settlement: Settlement) -> tuple[int, int]:
    """Fen that went to the shop, and points that went out of circulation, with this statement."""
    return moved(office, settlement, Code.PAY), moved(office, settlement, Code.SETTLE)


def left_over(office: Office) -> tuple[int, int]:
    """What the books owe the shop, in fen, and the points that it took in and that still circulate."""
    keys = payable_to(office.street.bakery.id), takings_of(office.street.bakery.id)
    payable, takings = (atomic(account_balance)(office.id, key) for key in keys)
    return payable, takings


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["the week of flowers first", "the week of refunds first"])
def test_a_week_of_refunds_beside_another_ends_alike_whichever_is_paid_first(
    office: Office, order: tuple[int, int]
) -> None:
    bought = office.buy(50)
    first = office.bring_to(S.APPROVED, office.one())
    office.refund(bought, points=30)
    second = office.bring_to(S.APPROVED, office.one(NEXT_WEEK))
    for number in order:
        office.pay((first, second)[number])
    assert [paid_and_settled(office, one) for one in (first, second)] == [(500, 50), (0, 0)]
    assert left_over(office) == (-300, -30)
    office.buy(40)
    third = office.bring_to(S.PAID, office.one("2026-W49"))
    assert paid_and_settled(office, third) == (100, 10)
    assert left_over(office) == (0, 0)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_week_after_the_refunds_makes_up_for_them_though_it_is_paid_before(
    office: Office, order: tuple[int, ...]
) -> None:
    bought = office.buy(50)
    office.bring_to(S.PAID, office.one())
    office.refund(bought)
    statements = [office.bring_to(S.APPROVED, office.one(NEXT_WEEK))]
    for week, points in (("2026-W49", 80), ("2026-W50", 60)):
        office.buy(points)
        statements.append(office.bring_to(S.APPROVED, office.one(week)))
    for number in order:
        office.pay(statements[number])
        assert run_checks(["points_settled", "payments_match"]) == []
    assert [paid_and_settled(office, one) for one in statements] == [(0, 0), (300, 30), (600, 60)]
    assert left_over(office) == (0, 0)


@pytest.mark.breaks_books
def test_points_that_another_order_settled_too_few_are_found_and_made_up_by_the_next_payment(office: Office) -> None:
    """So it was with a week of refunds that was paid before the week that it took from."""
    first = office.bring_to(S.PAID)
    atomic(lambda: db.session.execute(text("UPDATE settlements SET points = points + 30, state = 'paid'")))()
    [finding] = run_checks(["points_settled"])
    assert finding.detail.endswith("paid for 50, settled 20")
    office.buy(40)
    second = office.bring_to(S.PAID, office.one(NEXT_WEEK))
    assert [moved(office, one, Code.SETTLE) for one in (first, second)] == [20, 70]
    assert run_checks(["points_settled"]) == []
