"""A household pays together: each agrees, each part is its own wallet's, and what goes back goes back to each."""

from __future__ import annotations

from collections import Counter
from functools import partial
from itertools import product
from uuid import UUID

import pytest
from flask import Flask

from ledger.book.balances import member_balance
from ledger.book.errors import HoldEnded, InsufficientPoints
from ledger.book.holds import expire_overdue
from ledger.core import clock
from ledger.core.db import atomic, db
from ledger.core.errors import Forbidden, NotFound, WrongState
from ledger.core.registry import Part
from ledger.people import households, inbox, leaving
from ledger.rewards import merchants, pools, receipts, redemptions, refunds
from ledger.rewards.errors import (
    ContributionShort,
    ContributionWaits,
    NoHousehold,
    OwnRedemption,
    PoolTooLarge,
)
from ledger.rewards.exporting import export_rewards
from ledger.rewards.models import Redemption, RedemptionState
from ledger.rewards.pool_checks import pools_match
from ledger.rewards.pooling import Share, split
from tests.ledger.rewards.street import Street, at_once
from tests.ledger.rewards.test_households import at_home
from tests.stories import Neighbour


def share(person: Neighbour, points: int) -> Share:
    assert person.member_id is not None
    return Share(person.member_id, points)


def available(street: Street, *people: Neighbour) -> list[int]:
    return [street.available(person) for person in people]


@pytest.fixture
def family(street: Street) -> tuple[Neighbour, Neighbour, Neighbour]:
    """Three of one home, with 30, 30 and 10 points; the oven they want costs 60."""
    lin, son, gran = (
        street.volunteer(points, name) for name, points in (("林秀芳", 30), ("林小宝", 30), ("王桂兰", 10))
    )
    at_home(street, lin, son, gran)
    return lin, son, gran


def test_each_agrees_and_each_pays_the_shop_from_their_own_wallet(street: Street, family):
    lin, son, gran = family
    oven = street.offer(name="烤箱", points=60)
    with pytest.raises(InsufficientPoints):
        street.reserve(lin, oven)
    pools.let_household_use(gran.actor, 10)
    reserved = street.reserve(lin, oven, contributions=[share(son, 25), share(gran, 10)])
    assert available(street, *family) == [5, 30, 0]  # The grandmother's word was given beforehand.
    with pytest.raises(ContributionWaits) as refused:
        redemptions.confirm(lin.actor, reserved.id)
    assert refused.value.facts == {"waiting": 1}
    assert [one.shop for one in pools.see_pool(son.actor).asked] == ["麦香面包"]
    with pytest.raises(Forbidden):
        pools.agree(street.volunteer(name="陈刚").actor, reserved.id)
    pools.agree(son.actor, reserved.id)
    assert (available(street, *family), pools.see_pool(son.actor).asked) == ([5, 5, 0], [])
    with pytest.raises(WrongState):
        pools.agree(son.actor, reserved.id)
    with pytest.raises(Forbidden):  # Whoever pays a part does not press the button.
        redemptions.confirm(son.actor, reserved.id)

    confirmed = redemptions.confirm(lin.actor, reserved.id)
    assert (confirmed.points, confirmed.pooled_points, confirmed.gross_fen) == (60, 35, 600)
    for who in family:
        receipt = receipts.see_redemption(who.actor, reserved.id)
        assert [(part.name, part.points) for part in receipt.parts] == [("林秀芳", 25), ("林小宝", 25), ("王桂兰", 10)]
    shown = receipts.see_redemption(street.clerk.actor, reserved.id).parts
    assert [part.name for part in shown] == ["林*芳", "林*宝", "王*兰"]
    kinds = [seen.notice.kind for seen in inbox.list_notices(son.actor)]
    assert sorted(kinds) == ["redemption.pool_asked", "redemption.pool_paid"]
    with pytest.raises(Forbidden):
        receipts.see_redemption(street.volunteer(name="陈刚").actor, reserved.id)


def test_a_refund_goes_back_to_each_in_proportion_and_adds_up(street: Street, family):
    lin, son, gran = family
    pools.let_household_use(son.actor, 30)
    pools.let_household_use(gran.actor, 10)
    bought = street.buy(lin, street.offer(points=60), contributions=[share(son, 25), share(gran, 10)])
    refunds.refund(street.clerk.actor, bought.id, points=7, reason="缺一个盘")
    assert available(street, *family) == [7, 8, 2]
    refunds.refund(street.place.treasurer.actor, bought.id, reason="整个退回")
    assert available(street, *family) == [30, 30, 10]
    for who in family:
        assert who.member_id is not None
        assert member_balance(street.id, who.member_id).lifetime_spent == 0


def test_a_split_is_whole_adds_up_and_gives_nobody_more_than_their_part():
    for left in product(range(6), repeat=4):
        for points in range(1, sum(left) + 1):
            shares = split(left, points)
            assert sum(shares) == points
            assert all(0 <= got <= part for got, part in zip(shares, left, strict=True))


def test_whose_points_are_asked_for_is_of_the_household_and_says_so_themself(street: Street, family):
    lin, son, gran = family
    chen = street.volunteer(name="陈刚")
    for wrong in ([share(chen, 5)], [share(lin, 5)], [share(son, 5), share(son, 6)], [Share(UUID(int=7), 5)]):
        with pytest.raises(NotFound):
            street.reserve(lin, contributions=wrong)
    with pytest.raises(Forbidden):  # At the counter nobody names another's family.
        street.serve(lin, contributions=[share(son, 5)])
    with pytest.raises(PoolTooLarge) as refused:
        street.reserve(lin, contributions=[share(son, 20)])
    assert refused.value.facts == {"most": 19}
    pools.let_household_use(gran.actor, 15)
    with pytest.raises(ContributionShort) as short:
        street.reserve(lin, contributions=[share(gran, 12)])
    assert short.value.facts == {}  # How much she has is hers to know.
    waiting = street.reserve(lin, contributions=[share(gran, 16)])
    with pytest.raises(InsufficientPoints):
        pools.agree(gran.actor, waiting.id)

    pools.revoke(gran.actor)
    with pytest.raises(NotFound):
        pools.revoke(gran.actor)
    asked = street.reserve(lin, contributions=[share(gran, 5)])
    assert available(street, gran) == [10]
    redemptions.cancel(gran.actor, asked.id)  # She does not want to.
    assert receipts.see_redemption(lin.actor, asked.id).status == RedemptionState.CANCELLED
    with pytest.raises(NoHousehold):
        pools.let_household_use(chen.actor, 5)


def test_a_word_given_in_one_household_does_not_hold_in_another(street: Street, family):
    lin, son, _ = family
    pools.let_household_use(son.actor, 30)
    assert son.member_id is not None
    households.leave_household(street.place.admin.actor, son.member_id)
    with pytest.raises(NotFound):
        street.reserve(lin, contributions=[share(son, 5)])
    chen = street.volunteer(name="陈刚")
    at_home(street, chen, son)
    street.reserve(chen, contributions=[share(son, 5)])
    assert available(street, son) == [30]


def test_nobody_behind_the_counter_agrees_or_refunds_what_they_paid_a_part_of(street: Street, family):
    lin, son, _ = family
    pools.let_household_use(son.actor, 5)
    bought = street.buy(lin, contributions=[share(son, 5)])
    asked = street.reserve(lin, contributions=[share(son, 6)])
    merchants.appoint_clerk(street.place.admin.actor, street.bakery.id, person_id=son.person_id, name="小宝")
    with pytest.raises(OwnRedemption):
        pools.agree(son.actor, asked.id)
    with pytest.raises(OwnRedemption):
        refunds.refund(son.actor, bought.id, reason="我要")
    assert available(street, lin, son) == [1, 25]


def test_what_ends_gives_every_part_back(street: Street, family):
    lin, son, gran = family
    reserved = [street.reserve(lin, street.offer(points=p), contributions=[share(son, p - 5)]) for p in (15, 16, 17)]
    for one in reserved[:2]:
        pools.agree(son.actor, one.id)
    assert available(street, lin, son) == [15, 9]
    redemptions.cancel(lin.actor, reserved[0].id)
    assert available(street, lin, son) == [20, 19]
    assert son.member_id is not None
    leaving.leave(son.actor, son.member_id)
    assert {one.status for one in receipts.list_redemptions(lin.actor)} == {RedemptionState.CANCELLED}
    late = street.reserve(lin, contributions=[share(gran, 5)])
    clock.advance(minutes=15)
    with pytest.raises(WrongState):
        pools.agree(gran.actor, late.id)
    with pytest.raises(HoldEnded):
        redemptions.confirm(lin.actor, late.id)


def test_the_check_finds_parts_that_do_not_add_up(street: Street, family):
    lin, son, _ = family
    pools.let_household_use(son.actor, 5)
    bought = street.buy(lin, contributions=[share(son, 5)])
    assert list(pools_match(Part())) == []
    whole = (street.id, bought.id)
    atomic(lambda: setattr(db.session.get_one(Redemption, whole), "pooled_points", 6))()
    assert [finding.check for finding in pools_match(Part())] == ["pools_match"]
    atomic(lambda: setattr(db.session.get_one(Redemption, whole), "pooled_points", 5))()


def test_the_file_of_a_person_names_what_they_paid_together(street: Street, family):
    lin, son, _ = family
    pools.let_household_use(son.actor, 5)
    street.buy(lin, contributions=[share(son, 5)])
    kept = export_rewards(son.person_id)
    assert [(one["points"], one["refunded_points"]) for one in kept["paid_together"]] == [(5, 0)]
    assert [one["points_at_most"] for one in kept["pools"]] == [5]


def test_agreeing_and_cancelling_at_once_leaves_nothing_held(app: Flask, street: Street, family):
    lin, son, _ = family
    reserved = street.reserve(lin, contributions=[share(son, 4)])
    calls = [partial(pools.agree, son.actor, reserved.id), partial(redemptions.cancel, lin.actor, reserved.id)]
    answers = at_once(app, calls * 3)
    assert sum(isinstance(answer, Redemption) for answer in answers[1::2]) == 1, "it is cancelled once"
    assert {answer for answer in answers if isinstance(answer, str)} <= {"wrong_state"}
    clock.advance(minutes=16)
    atomic(expire_overdue)(street.id)
    assert (available(street, lin, son), street.figures().reserved) == ([30, 30], 0)


def test_two_of_a_household_who_pool_with_each_other_at_once_do_not_wait_for_one_another(app: Flask, street: Street):
    lin, son = (street.volunteer(100, name) for name in ("林秀芳", "林小宝"))
    at_home(street, lin, son)
    for who in (lin, son):
        pools.let_household_use(who.actor, 10)
    way, loaf = street.poster, street.loaf.id
    calls = [
        partial(redemptions.reserve, who.actor, loaf, way=way, contributions=[share(other, 10)])
        for who, other in ((lin, son), (son, lin))
    ]
    answers = at_once(app, calls * 6)
    found = Counter(answer if isinstance(answer, str) else "reserved" for answer in answers)
    assert found["reserved"] == 10, found
    assert available(street, lin, son) == [0, 0]
