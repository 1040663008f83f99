"""Many at once: one wallet, one key, the last piece, the last fen, one cap, one reservation that ends."""

from __future__ import annotations

from collections import Counter
from functools import partial

from flask import Flask

from ledger.book.balances import member_balance
from ledger.book.holds import expire_overdue
from ledger.core import clock
from ledger.core.db import atomic
from ledger.core.idempotency import Answer, Request, perform
from ledger.rewards import funds, member_codes, receipts, redemptions, refunds, tills
from ledger.rewards.models import RedemptionState
from tests.ledger.rewards.street import Street, at_once


def test_of_32_redemptions_by_the_poster_a_wallet_for_one_pays_one(app: Flask, street: Street):
    actor, way = street.volunteer(39).actor, street.poster

    def redeem(number: int) -> Answer:
        request = Request(actor=actor, route="POST /redemptions", key=f"key {number}", fingerprint=b"")
        return perform(
            request,
            lambda: redemptions.reserve(actor, street.loaf.id, way=way),
            dump=lambda _: Answer(201, "reserved"),
            dump_refusal=lambda reason: Answer(409, reason.code),
        )

    answers = at_once(app, [partial(redeem, number) for number in range(32)])
    assert Counter(answer.body for answer in answers) == {"reserved": 1, "insufficient_points": 31}


def test_50_equal_posts_with_one_key_have_one_effect_and_equal_answers(app: Flask, street: Street):
    lin = street.volunteer(100)
    actor, way = lin.actor, street.poster
    request = Request(actor=actor, route="POST /redemptions", key="one key", fingerprint=b"same")

    def redeem() -> Answer:
        return perform(
            request,
            lambda: redemptions.reserve(actor, street.loaf.id, way=way),
            dump=lambda redemption: Answer(201, redemption.id.hex),
            dump_refusal=lambda reason: Answer(409, reason.code),
        )

    answers = at_once(app, [redeem] * 50)
    assert len({(answer.status, answer.body) for answer in answers}) == 1
    assert sorted(answer.replayed for answer in answers) == [False] + [True] * 49
    assert street.available(lin) == 80


def test_the_last_piece_goes_to_one_of_many(app: Flask, street: Street):
    offer = street.offer(stock=3)
    buyers = [street.volunteer(name=f"邻居{number}").actor for number in range(8)]
    way = street.poster
    answers = at_once(app, [partial(redemptions.reserve, buyer, offer.id, way=way) for buyer in buyers])
    assert Counter(answer if isinstance(answer, str) else "reserved" for answer in answers) == {
        "reserved": 3,
        "out_of_stock": 5,
    }


def test_the_last_fen_of_a_fund_in_slots_is_spent_once(app: Flask, street: Street):
    treasurer = street.place.treasurer.actor
    offer = street.offer(price_fen=12_501)
    buyers = [street.volunteer(name=f"邻居{number}").actor for number in range(9)]
    way = street.poster
    answers = at_once(app, [partial(redemptions.reserve, buyer, offer.id, way=way) for buyer in buyers])
    assert Counter(answer if isinstance(answer, str) else "reserved" for answer in answers) == {
        "reserved": 7,
        "insufficient_funds": 2,
    }
    assert street.figures().left == 100_000 - 7 * 12_501
    funds.grant_money(treasurer, street.fund.id, amount_fen=8 * 12_501 - 100_000, donor="补足")
    assert street.reserve(street.volunteer(), offer).gross_fen == 12_501
    assert street.figures().left == 0


def test_a_weekly_cap_holds_under_a_race(app: Flask, street: Street):
    offer = street.offer(points=1, per_member_per_week=3)
    actor, way = street.volunteer(100).actor, street.poster
    answers = at_once(app, [partial(redemptions.reserve, actor, offer.id, way=way)] * 12)
    assert Counter(answer if isinstance(answer, str) else "reserved" for answer in answers) == {
        "reserved": 3,
        "member_cap_reached": 9,
    }


def test_one_confirmation_of_many_counts(app: Flask, street: Street):
    lin = street.volunteer()
    reserved = street.reserve(lin)
    answers = at_once(app, [partial(redemptions.confirm, lin.actor, reserved.id)] * 8)
    assert sum(not isinstance(answer, str) for answer in answers) == 1
    assert {answer for answer in answers if isinstance(answer, str)} <= {"wrong_state", "hold_ended"}
    assert street.available(lin) == 80


def test_confirming_and_cancelling_at_once_does_one_of_them(app: Flask, street: Street):
    lin = street.volunteer(200)
    reserved = [street.reserve(lin) for _ in range(6)]
    actor = lin.actor
    calls = [partial(verb, actor, one.id) for one in reserved for verb in (redemptions.confirm, redemptions.cancel)]
    answers = at_once(app, calls)
    assert sum(not isinstance(answer, str) for answer in answers) == 6
    states = Counter(one.status for one in receipts.list_redemptions(actor))
    assert states[RedemptionState.CONFIRMED] + states[RedemptionState.CANCELLED] == 6
    assert street.available(lin) == 200 - 20 * states[RedemptionState.CONFIRMED]


def test_confirming_and_expiring_at_once_does_one_of_them(app: Flask, street: Street):
    """The sweeper runs at the very end of the 15 minutes, while members still press the button."""
    lin = street.volunteer(200)
    reserved = [street.reserve(lin) for _ in range(6)]
    actor = lin.actor
    clock.advance(minutes=15)

    def late_clock(redemption_id: object) -> object:
        return redemptions.confirm(actor, redemption_id)

    sweep = atomic(partial(expire_overdue, street.id))
    answers = at_once(app, [call for one in reserved for call in (partial(late_clock, one.id), sweep)])
    assert all(answer == "hold_ended" for answer in answers[::2])
    assert sum(answers[1::2]) == 6
    assert (street.available(lin), street.figures().reserved) == (200, 0)


def test_when_the_time_runs_out_under_the_members_finger_one_of_both_happens(app: Flask, street: Street):
    lin = street.volunteer(200)
    reserved = [street.reserve(lin) for _ in range(8)]
    actor = lin.actor
    clock.advance(minutes=14, seconds=59)
    sweep = atomic(partial(expire_overdue, street.id))

    def run_out() -> int:
        clock.advance(seconds=1)
        return sweep()

    confirmations = [partial(redemptions.confirm, actor, one.id) for one in reserved]
    answers = at_once(app, [*confirmations[:4], run_out, *confirmations[4:], sweep])
    confirmed = sum(not isinstance(answer, str | int) for answer in answers)
    states = Counter(one.redemption.state for one in receipts.list_redemptions(actor))
    assert states[RedemptionState.CONFIRMED] == confirmed
    assert states[RedemptionState.EXPIRED] == 8 - confirmed
    assert (street.available(lin), street.figures().reserved) == (200 - 20 * confirmed, 0)


def test_two_tills_with_one_code_open_one_visit(app: Flask, street: Street):
    code = member_codes.create_member_code(street.volunteer().actor).code
    clerk = street.clerk.actor
    answers = at_once(app, [partial(tills.open_till, clerk, member_code=code)] * 6)
    assert Counter(answer if isinstance(answer, str) else "open" for answer in answers) == {
        "open": 1,
        "member_code_used": 5,
    }


def test_refunds_at_once_never_give_back_more_than_was_paid(app: Flask, street: Street):
    lin = street.volunteer(20)
    bought = street.buy(lin)
    clerk = street.clerk.actor
    answers = at_once(app, [partial(refunds.refund, clerk, bought.id, points=6, reason="部分")] * 6)
    assert Counter(answer if isinstance(answer, str) else "refunded" for answer in answers) == {
        "refunded": 3,
        "refund_too_large": 3,
    }
    assert lin.member_id is not None
    assert member_balance(street.id, lin.member_id).posted == 18
