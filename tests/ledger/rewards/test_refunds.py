"""Refunds: the parts add up, the originals are named, nobody refunds for themself."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from ledger.book.accounts import payable_to, takings_of
from ledger.book.balances import account_balance
from ledger.book.models import Transfer
from ledger.core import clock
from ledger.core.db import db
from ledger.core.errors import Forbidden, NotFound, WrongState
from ledger.core.tenancy import scoped
from ledger.rewards import merchants, receipts, redemptions, refunds
from ledger.rewards.errors import OwnRedemption, RefundTooLarge, UndoTooLate
from ledger.rewards.models import Offer, RedemptionState
from tests.ledger.rewards.street import Street
from tests.stories import open_neighbourhood


def test_a_whole_refund_leaves_everything_as_it_was(street: Street):
    offer = street.offer(stock=1, per_member_per_day=1)
    lin = street.volunteer()
    bought = street.buy(lin, offer)
    refunds.refund(street.clerk.actor, bought.id, reason="已售完")
    assert (street.available(lin), street.figures().spent) == (100, 0)
    assert account_balance(street.id, takings_of(street.bakery.id)) == 0
    assert account_balance(street.id, payable_to(street.bakery.id)) == 0
    assert db.session.get_one(Offer, (street.id, offer.id)).stock == 1
    assert street.buy(lin, offer).state == RedemptionState.CONFIRMED


def test_a_part_refund_keeps_the_piece_and_the_cap(street: Street):
    offer = street.offer(stock=5, per_member_per_day=1)
    lin = street.volunteer()
    bought = street.buy(lin, offer)
    part = refunds.refund(street.place.treasurer.actor, bought.id, points=5, reason="少一片")
    assert (part.points, part.fen) == (5, 50)
    shown = receipts.see_redemption(lin.actor, bought.id)
    assert (shown.status, shown.redemption.refunded_points) == ("refunded_part", 5)
    assert db.session.get_one(Offer, (street.id, offer.id)).stock == 4
    with pytest.raises(RefundTooLarge) as refused:
        refunds.refund(street.clerk.actor, bought.id, points=16, reason="太多")
    assert refused.value.facts["left"] == 15


def test_a_refund_names_the_transfers_it_takes_back(street: Street):
    bought = street.buy(street.volunteer())
    refund = refunds.refund(street.clerk.actor, bought.id, reason="退货")
    query = scoped(street.id, Transfer).where(Transfer.source_id == refund.id).order_by(Transfer.part)
    points, money = db.session.scalars(query)
    for row, unit in ((points, "points"), (money, "fen")):
        original = db.session.get_one(Transfer, (street.id, row.reverses_id))
        assert (original.source_id, original.unit, original.debit_account_id) == (
            bought.id,
            unit,
            row.credit_account_id,
        )


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rate_fen=st.integers(0, 999),
    rate_points=st.integers(1, 99),
    price_fen=st.none() | st.integers(0, 999),
    parts=st.lists(st.integers(1, 40), min_size=1, max_size=4),
)
def test_the_parts_of_a_refund_add_up_to_the_whole(
    street: Street, rate_fen: int, rate_points: int, price_fen: int | None, parts: list[int]
):
    street.agree(rate_fen=rate_fen, rate_points=rate_points)
    points = sum(parts)
    lin = street.volunteer(points)
    bought = street.buy(lin, street.offer(points=points, price_fen=price_fen))
    written = [refunds.refund(street.clerk.actor, bought.id, points=part, reason="部分") for part in parts]
    assert all(refund.fen >= 0 for refund in written)
    assert sum(refund.fen for refund in written) == bought.gross_fen
    assert (street.available(lin), street.figures().spent) == (points, 0)
    assert receipts.see_redemption(lin.actor, bought.id).status == RedemptionState.REFUNDED


def test_only_what_is_confirmed_and_not_yet_refunded_can_be_refunded(street: Street):
    lin = street.volunteer()
    reserved = street.reserve(lin)
    with pytest.raises(WrongState):
        refunds.refund(street.clerk.actor, reserved.id, reason="退货")
    redemptions.confirm(lin.actor, reserved.id)
    refunds.refund(street.clerk.actor, reserved.id, reason="退货")
    with pytest.raises(WrongState):
        refunds.refund(street.clerk.actor, reserved.id, reason="再退")


def test_who_may_refund(street: Street):
    lin = street.volunteer()
    bought = street.buy(lin)
    west = merchants.add_branch(street.place.admin.actor, street.bakery.id, name="西门店", address="9 号")
    elsewhere = street.at_counter("小李", branch=west)
    for person in (lin, street.place.admin, street.place.supervisor, elsewhere):
        with pytest.raises(Forbidden):
            refunds.refund(person.actor, bought.id, reason="退货")
    with pytest.raises(NotFound):
        refunds.refund(open_neighbourhood("北塔社区").treasurer.actor, bought.id, reason="退货")
    assert refunds.refund(street.owner.actor, bought.id, reason="退货").points == 20


def test_nobody_refunds_their_own_redemption(street: Street):
    treasurer = street.place.treasurer
    street.award(treasurer, 20)
    bought = street.buy(treasurer)
    with pytest.raises(OwnRedemption):
        refunds.refund(treasurer.actor, bought.id, reason="我要")


def test_the_operator_undoes_within_ten_minutes(street: Street):
    lin = street.volunteer()
    reserved = street.serve(lin)
    redemptions.confirm(lin.actor, reserved.id)
    with pytest.raises(Forbidden):
        refunds.undo(street.owner.actor, reserved.id)
    clock.advance(minutes=10)
    assert refunds.undo(street.clerk.actor, reserved.id).points == 20
    assert street.available(lin) == 100


def test_after_ten_minutes_an_undo_is_a_refund(street: Street):
    lin = street.volunteer()
    reserved = street.serve(lin)
    with pytest.raises(WrongState):
        refunds.undo(street.clerk.actor, reserved.id)
    redemptions.confirm(lin.actor, reserved.id)
    clock.advance(minutes=10, seconds=1)
    with pytest.raises(UndoTooLate):
        refunds.undo(street.clerk.actor, reserved.id)


def test_a_refund_locks_in_the_order_of_the_house(street: Street):
    offer = street.offer(stock=1, per_member_per_day=1)
    bought = street.buy(street.volunteer(), offer)
    updated: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("UPDATE"):
            updated.append(statement.split()[1])

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        refunds.refund(street.clerk.actor, bought.id, reason="退货")
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    assert updated == ["redemptions", "balances", "offers", "cap_counters", "balances"]
