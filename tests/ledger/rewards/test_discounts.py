"""减免卡: what a card takes off a bill, who bears it, and how it stands on receipt and statement."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from ledger.book.checking import run_checks
from ledger.core import clock
from ledger.core.db import db
from ledger.core.tenancy import scoped
from ledger.rewards import offers, receipts, redemptions, refunds, vouchers
from ledger.rewards.discounts import relief
from ledger.rewards.errors import BillTooSmall, NotACard, OneCardABill
from ledger.rewards.models import OfferKind
from ledger.rewards.offers import OfferTerms
from ledger.settlement import closing
from ledger.settlement.models import SettlementLine
from tests.ledger.rewards.street import Street

OFF_TWENTY = {"kind": OfferKind.WAIVER_CARD, "name": "满百减二十", "points": 30, "minimum_bill_fen": 10_000}
OFF_TENTH = {"kind": OfferKind.DISCOUNT_CARD, "name": "九折卡", "points": 30, "minimum_bill_fen": 5_000}
WAIVER = {"discount_fen": 2_000, "shop_bears_percent": 30}
TENTH = {"discount_fen": 1_500, "discount_percent": 10}


def lines_of_week(street: Street) -> list[tuple[str, int, int, int, int]]:
    """The lines of this week's statement, closed: type, points, gross, deduction, net."""
    week = clock.week_of(clock.now())
    clock.advance(days=7)
    closing.close_week(street.place.treasurer.actor, week)
    rows = db.session.scalars(scoped(street.id, SettlementLine).order_by(SettlementLine.id))
    return [(one.type, one.points, one.gross_fen, one.deduction_fen, one.net_fen) for one in rows]


def test_a_waiver_is_twenty_yuan_of_which_the_shop_bears_six(street: Street):
    lin, card = street.volunteer(), street.offer(**OFF_TWENTY, **WAIVER)
    for bill in (None, 9_999):
        with pytest.raises(BillTooSmall):
            street.reserve(lin, card, bill_fen=bill)
    with pytest.raises(OneCardABill):
        street.reserve(lin, card, bill_fen=20_000, quantity=2)
    bought = street.buy(lin, card, bill_fen=12_345)
    assert (bought.bill_fen, bought.discount_fen, bought.gross_fen) == (12_345, 2_000, 1_400)
    assert receipts.see_redemption(lin.actor, bought.id).redemption.discount_fen == 2_000
    assert street.figures().spent == 1_400
    # A third of the points, and then the rest: the parts of discount and money add up to the whole.
    parts = [refunds.refund(street.clerk.actor, bought.id, points=points, reason="少了") for points in (10, 1)]
    assert [(part.discount_fen, part.fen) for part in parts] == [(667, 467), (66, 46)]
    parts.append(refunds.refund(street.clerk.actor, bought.id, reason="都退"))
    assert (sum(part.discount_fen or 0 for part in parts), sum(part.fen for part in parts)) == (2_000, 1_400)
    assert lines_of_week(street) == [
        ("redemption", 30, 2_000, 600, 1_400),
        ("refund", -10, -667, -200, -467),
        ("refund", -1, -66, -20, -46),
        ("refund", -19, -1_267, -380, -887),
    ]
    assert run_checks() == []


def test_a_tenth_off_the_bill_is_never_more_than_was_agreed(street: Street):
    lin, card = street.volunteer(), street.offer(**OFF_TENTH, **TENTH)
    assert [street.buy(lin, card, bill_fen=bill).gross_fen for bill in (5_005, 14_999, 90_000)] == [501, 1_500, 1_500]


def test_a_card_kept_as_a_voucher_pays_by_the_bill_of_the_day_and_frees_the_rest(street: Street):
    lin, card = street.volunteer(), street.offer(**OFF_TENTH, **TENTH, shop_bears_percent=50)
    kept = vouchers.buy(lin.actor, card.id)
    assert (kept.gross_fen, street.figures().reserved) == (750, 750)
    street.change(card, name="九折卡", points=30, minimum_bill_fen=5_000, discount_fen=1_500, discount_percent=50)
    used = vouchers.use(lin.actor, kept.id, way=street.poster, bill_fen=6_000)
    done = redemptions.confirm(lin.actor, used.id)
    assert (done.discount_fen, done.gross_fen) == (600, 300)
    assert (street.figures().reserved, street.figures().spent) == (0, 300)


def test_what_the_shop_bears_alone_costs_the_fund_nothing(street: Street):
    lin, card = street.volunteer(), street.offer(**OFF_TWENTY, discount_fen=2_000, shop_bears_percent=100)
    kept = vouchers.buy(lin.actor, card.id)
    bought = street.buy(lin, card, bill_fen=10_000)
    done = redemptions.confirm(lin.actor, vouchers.use(lin.actor, kept.id, way=street.poster, bill_fen=10_000).id)
    assert [(one.discount_fen, one.gross_fen) for one in (bought, done)] == [(2_000, 0)] * 2
    assert (street.figures().spent, street.figures().reserved) == (0, 0)
    assert {line[2:] for line in lines_of_week(street)} == {(2_000, 2_000, 0)}


def test_only_cards_take_something_off(street: Street):
    admin, terms = street.place.admin.actor, OfferTerms(name="面包", points=5, discount_fen=100, minimum_bill_fen=100)
    with pytest.raises(NotACard):
        offers.draft_offer(admin, street.agreement.id, kind=OfferKind.GOODS, terms=terms)
    with pytest.raises(NotACard):
        offers.change_offer(admin, street.loaf.id, read_version=1, terms=terms)


@dataclass
class Card:
    discount_fen: int | None
    discount_percent: int | None = None
    shop_bears_percent: int = 0


@pytest.mark.parametrize(
    ("card", "bill", "expected"),
    [
        (Card(None), 5_000, None),
        (Card(2_000), None, (2_000, 2_000)),
        (Card(1_001, shop_bears_percent=50), 5_000, (1_001, 500)),
        (Card(1_500, 10), None, (1_500, 1_500)),
        (Card(1_500, 10), 1_005, (101, 101)),
        (Card(1_500, 99, 33), 100, (99, 66)),
    ],
)
def test_fractions_of_a_fen_are_rounded_half_up_the_shops_part_first(card: Card, bill: int | None, expected: object):
    assert relief(card, bill) == expected
