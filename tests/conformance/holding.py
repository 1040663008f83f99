"""Scenarios: points and money are set aside, posted, voided, and run out."""

from __future__ import annotations

from ledger.book.accounts import wallet_of
from ledger.core import clock
from ledger.core.ids import new_id
from ledger.core.money import MAX_AMOUNT
from tests.conformance.scene import Scene, scenario
from tests.ledger.book.town import evidence

# What is set aside.


@scenario
def a_hold_and_what_it_leaves(scene: Scene) -> None:
    scene.town.award(scene.members[0], 10)
    scene.ask(scene.town.hold, wallet_of(scene.members[0]), 6)
    scene.ask(scene.town.spend, scene.members[0], 5)
    scene.ask(scene.town.spend, scene.members[0], 4)


@scenario
def a_hold_of_more_than_there_is(scene: Scene) -> None:
    scene.town.award(scene.members[0], 10)
    scene.ask(scene.town.hold, wallet_of(scene.members[0]), 11)
    scene.ask(scene.town.hold, wallet_of(scene.members[0]), 0)
    scene.ask(scene.town.hold, wallet_of(scene.members[0]), MAX_AMOUNT + 1)


@scenario
def a_hold_is_posted_once(scene: Scene) -> None:
    member = scene.members[0]
    scene.town.award(member, 20)
    hold = scene.town.hold(wallet_of(member), 6)
    scene.ask(scene.town.post, scene.town.spending_of(member, 6, hold=hold))
    scene.ask(scene.town.post, scene.town.spending_of(member, 6, hold=hold))


@scenario
def a_hold_is_posted_for_less(scene: Scene) -> None:
    member = scene.members[0]
    scene.town.award(member, 10)
    hold = scene.town.hold(wallet_of(member), 6)
    scene.ask(scene.town.post, scene.town.spending_of(member, 2, hold=hold))


@scenario
def a_hold_is_posted_for_more(scene: Scene) -> None:
    member = scene.members[0]
    scene.town.award(member, 10)
    hold = scene.town.hold(wallet_of(member), 6)
    scene.ask(scene.town.post, scene.town.spending_of(member, 11, hold=hold))
    scene.ask(scene.town.post, scene.town.spending_of(member, 9, hold=hold))


@scenario
def a_held_donation(scene: Scene) -> None:
    member = scene.members[0]
    scene.town.award(member, 10)
    hold = scene.town.hold(wallet_of(member), 6)
    scene.ask(scene.town.post, scene.town.donation_of(member, 6, hold=hold))


@scenario
def a_hold_is_voided_once(scene: Scene) -> None:
    scene.town.award(scene.members[0], 10)
    hold = scene.town.hold(wallet_of(scene.members[0]), 10)
    scene.ask(scene.town.void, hold)
    scene.ask(scene.town.void, hold)
    scene.ask(scene.town.post, scene.town.spending_of(scene.members[0], 10, hold=hold))


@scenario
def a_posted_hold_is_not_voided(scene: Scene) -> None:
    member = scene.members[0]
    scene.town.award(member, 10)
    hold = scene.town.hold(wallet_of(member), 6)
    scene.town.post(scene.town.spending_of(member, 6, hold=hold))
    scene.ask(scene.town.void, hold)


@scenario
def a_hold_in_its_last_moment_and_after_it(scene: Scene) -> None:
    member = scene.members[0]
    scene.town.award(member, 20)
    one, other = (scene.town.hold(wallet_of(member), 5, seconds=60) for _ in range(2))
    clock.advance(seconds=59.999999)
    scene.ask(scene.town.post, scene.town.spending_of(member, 5, hold=one))
    clock.advance(seconds=0.000001)
    scene.ask(scene.town.post, scene.town.spending_of(member, 5, hold=other))


@scenario
def the_sweeper_ends_what_is_overdue(scene: Scene) -> None:
    scene.town.award(scene.members[0], 20)
    for seconds in (30, 60, 90):
        scene.town.hold(wallet_of(scene.members[0]), 5, seconds=seconds)
    clock.advance(seconds=60)
    scene.ask(scene.town.sweep)
    scene.ask(scene.town.sweep)


@scenario
def an_overdue_hold_makes_room_for_spending(scene: Scene) -> None:
    scene.town.award(scene.members[0], 10)
    scene.town.hold(wallet_of(scene.members[0]), 8, seconds=60)
    clock.advance(seconds=61)
    scene.ask(scene.town.spend, scene.members[0], 9)


@scenario
def an_overdue_hold_makes_room_for_a_hold(scene: Scene) -> None:
    scene.town.award(scene.members[0], 10)
    scene.town.hold(wallet_of(scene.members[0]), 8, seconds=60)
    clock.advance(seconds=61)
    scene.ask(scene.town.hold, wallet_of(scene.members[0]), 9)
    scene.ask(scene.town.hold, wallet_of(scene.members[0]), 2)


@scenario
def an_overdue_hold_that_is_too_small_helps_nobody(scene: Scene) -> None:
    scene.town.award(scene.members[0], 10)
    scene.town.hold(wallet_of(scene.members[0]), 8, seconds=60)
    clock.advance(seconds=61)
    scene.ask(scene.town.spend, scene.members[0], 11)


# Money.


@scenario
def a_fund_is_charged_to_its_last_fen(scene: Scene) -> None:
    scene.town.grant(1_000)
    scene.town.grant(7)
    for fen in (400, 1, 606, 1):
        scene.ask(scene.town.charge, fen)


@scenario
def a_fund_is_charged_fen_by_fen(scene: Scene) -> None:
    scene.town.grant(20)
    for _ in range(21):
        scene.ask(scene.town.charge, 1)


@scenario
def a_fund_that_is_short(scene: Scene) -> None:
    scene.ask(scene.town.charge, 1)
    scene.town.grant(50)
    scene.ask(scene.town.charge, 51)


@scenario
def money_is_held_to_the_last_fen(scene: Scene) -> None:
    scene.town.grant(90)
    holds = [scene.ask(scene.town.hold, scene.town.fund, fen) for fen in (30, 30, 30, 1)]
    scene.ask(scene.town.post, scene.town.charge_of(30, hold=holds[0]))
    scene.ask(scene.town.post, scene.town.charge_of(10, hold=holds[1]))
    scene.ask(scene.town.void, holds[2])
    scene.ask(scene.town.charge, 51)
    scene.ask(scene.town.charge, 50)


@scenario
def points_and_money_of_a_redemption_are_held_and_posted_together(scene: Scene) -> None:
    member, source = scene.members[0], evidence("redemption")
    scene.town.award(member, 20)
    scene.town.grant(2_000)
    wallet = scene.ask(scene.town.hold, wallet_of(member), 20, source_id=source.id)
    fund = scene.ask(scene.town.hold, scene.town.fund, 2_000, source_id=source.id)
    points = scene.town.spending_of(member, 20, hold=wallet, source=source)
    money = scene.town.charge_of(2_000, hold=fund, source=source)
    scene.ask(scene.town.post, points, money)
    scene.ask(scene.town.post, points, money)


@scenario
def points_and_money_of_a_redemption_run_out_together(scene: Scene) -> None:
    member, source_id = scene.members[0], new_id()
    scene.town.award(member, 20)
    scene.town.grant(2_000)
    for key, amount in ((wallet_of(member), 20), (scene.town.fund, 2_000)):
        scene.ask(scene.town.hold, key, amount, seconds=60, source_id=source_id)
    clock.advance(seconds=61)
    scene.ask(scene.town.sweep)
