"""Scenarios: what is taken back, whole and in parts, and what expires."""

from __future__ import annotations

from dataclasses import replace

from ledger.book import expiry
from ledger.book.accounts import wallet_of
from ledger.book.reversals import Taking, take_back
from ledger.core import clock
from ledger.core.db import atomic
from ledger.core.tenancy import Grant, Role
from tests.conformance.scene import Scene, scenario
from tests.ledger.book.town import evidence

# What is taken back.


@scenario
def an_unspent_award_is_undone(scene: Scene) -> None:
    stamp = scene.town.award(scene.members[0], 10)
    scene.ask(scene.town.undo, stamp)
    scene.ask(scene.town.undo, stamp)


@scenario
def points_and_minutes_are_undone_together(scene: Scene) -> None:
    member, source = scene.members[0], evidence("stamp")
    scene.town.post(scene.town.award_of(member, 10, source=source), scene.town.hours_of(member, 90, source=source))
    scene.ask(scene.town.undo, source.id)


@scenario
def a_spent_award_becomes_a_debt_that_awards_repay(scene: Scene) -> None:
    stamp = scene.town.award(scene.members[0], 10)
    scene.town.spend(scene.members[0], 7)
    scene.ask(scene.town.undo, stamp)
    for points in (5, 1, 4):
        scene.ask(scene.town.award, scene.members[0], points)


@scenario
def an_opening_balance_repays_a_debt_too(scene: Scene) -> None:
    stamp = scene.town.award(scene.members[0], 10)
    scene.town.spend(scene.members[0], 10)
    scene.town.undo(stamp)
    scene.ask(scene.town.post, scene.town.opening_of(scene.members[0], 25))


@scenario
def many_awards_in_one_call_repay_once(scene: Scene) -> None:
    stamp = scene.town.award(scene.members[0], 10)
    scene.town.spend(scene.members[0], 10)
    scene.town.undo(stamp)
    scene.ask(scene.town.post, *(scene.town.award_of(scene.members[place % 2], 4) for place in range(8)))


@scenario
def a_live_hold_is_honoured_and_the_rest_is_owed(scene: Scene) -> None:
    member = scene.members[0]
    stamp = scene.town.award(member, 10)
    hold = scene.town.hold(wallet_of(member), 6)
    scene.ask(scene.town.undo, stamp)
    scene.ask(scene.town.post, scene.town.spending_of(member, 6, hold=hold))


@scenario
def an_overdue_hold_is_not_honoured(scene: Scene) -> None:
    stamp = scene.town.award(scene.members[0], 10)
    scene.town.hold(wallet_of(scene.members[0]), 6, seconds=60)
    clock.advance(seconds=60)
    scene.ask(scene.town.undo, stamp)


@scenario
def undone_and_stamped_again_five_times(scene: Scene) -> None:
    member = scene.members[0]
    stamp = scene.town.award(member, 10)
    scene.town.spend(member, 4)
    for _ in range(5):
        scene.ask(scene.town.undo, stamp)
        stamp = scene.ask(scene.town.award, member, 10)


@scenario
def stamps_of_three_members_are_undone_in_one_call(scene: Scene) -> None:
    stamps = [scene.town.award(member, 10) for member in scene.members]
    scene.town.spend(scene.members[1], 10)
    scene.ask(scene.town.undo, *stamps)


@scenario
def a_donation_goes_back_in_parts_and_never_beyond(scene: Scene) -> None:
    scene.town.award(scene.members[0], 10)
    draft = scene.town.donation_of(scene.members[0], 6)
    [donation] = scene.town.post(draft)
    for points in (2, 5, 4, 1):
        scene.ask(scene.town.post, scene.town.reversal_of(donation, draft, points))


@scenario
def parts_in_one_call_are_added_up_before_they_are_refused(scene: Scene) -> None:
    scene.town.award(scene.members[0], 10)
    draft = scene.town.donation_of(scene.members[0], 6)
    [donation] = scene.town.post(draft)
    for parts in ((4, 3), (4, 2), (1,)):
        scene.ask(scene.town.post, *(scene.town.reversal_of(donation, draft, points) for points in parts))


@scenario
def a_grant_goes_back_as_far_as_the_fund_has_it(scene: Scene) -> None:
    draft = scene.town.grant_of(100)
    [grant] = scene.town.post(draft)
    scene.town.charge(60)
    for fen in (41, 40, 1):
        scene.ask(scene.town.post, scene.town.reversal_of(grant, draft, fen))


# What was bought and not used.


@scenario
def a_voucher_is_used_or_returned_and_never_both(scene: Scene) -> None:
    member = scene.members[0]
    scene.town.award(member, 30)
    used, returned = (scene.town.post(scene.town.buying_of(member, 10))[0] for _ in range(2))
    scene.ask(scene.town.post, scene.town.use_of(10))
    for _ in range(2):
        scene.ask(scene.town.post, scene.town.return_of(returned, member, 10))
    scene.ask(scene.town.post, replace(scene.town.refund_of(member, 4), reverses_id=used))
    scene.ask(scene.town.post, scene.town.buying_of(member, 25))


@scenario
def a_returned_voucher_gives_its_points_their_dates_again(scene: Scene) -> None:
    member = scene.members[0]
    scene.town.award(member, 5)
    months_of_life(scene, 2)
    scene.town.award(member, 10)
    [bought] = scene.town.post(scene.town.buying_of(member, 12))
    clock.advance(days=62)  # Ten days before the points' last one: they can be used for thirty.
    scene.ask(scene.town.post, scene.town.return_of(bought, member, 12))
    days_later(scene, 20)
    days_later(scene, 20)


@scenario
def the_pot_is_used_and_its_use_has_no_way_back(scene: Scene) -> None:
    scene.town.award(scene.members[0], 10)
    scene.town.post(scene.town.donation_of(scene.members[0], 8))
    [spent] = scene.ask(scene.town.post, scene.town.spending_of_pot(5))
    scene.ask(atomic(take_back), scene.town.actor, [Taking(spent, 5, evidence("correction"))])


# What is taken back by hand, in parts.


@scenario
def an_award_is_taken_back_in_parts_and_never_beyond(scene: Scene) -> None:
    [award] = scene.town.post(scene.town.award_of(scene.members[0], 10))
    scene.town.spend(scene.members[0], 7)
    for points in (2, 5, 4, 3, None):
        taking = Taking(award, points, evidence("correction"))
        scene.ask(atomic(take_back), scene.town.actor, [taking])


@scenario
def a_spending_has_no_way_back_but_a_refund(scene: Scene) -> None:
    scene.town.award(scene.members[0], 10)
    [spending] = scene.town.post(scene.town.spending_of(scene.members[0], 4))
    scene.ask(atomic(take_back), scene.town.actor, [Taking(spending, 4, evidence("correction"))])


@scenario
def a_grant_and_a_donation_are_taken_back_in_one_call(scene: Scene) -> None:
    scene.town.award(scene.members[0], 10)
    grant, donation = scene.town.post(scene.town.grant_of(50), scene.town.donation_of(scene.members[0], 8))
    for fen in (30, 30, 20):
        takings = [Taking(grant, fen, evidence("correction")), Taking(donation, 3, evidence("correction"))]
        scene.ask(atomic(take_back), scene.town.actor, takings)


# What expires.


def months_of_life(scene: Scene, months: int | None) -> None:
    """From now on points expire at the end of the month so many months later."""
    admin = replace(scene.town.actor, grants=(Grant(Role.ADMIN),))
    scene.ask(expiry.set_policy, admin, months)


def days_later(scene: Scene, days: int) -> None:
    """The clock moves on and does its work of the night."""
    clock.advance(days=days)
    scene.ask(atomic(expiry.expire_points), scene.town.id, "")


@scenario
def points_expire_at_the_end_of_their_month(scene: Scene) -> None:
    scene.town.award(scene.members[0], 5)
    months_of_life(scene, 2)
    scene.town.award(scene.members[0], 10)
    for days in (60, 20):
        days_later(scene, days)
        scene.ask(scene.town.spend, scene.members[0], 6)


@scenario
def what_expires_first_is_spent_first(scene: Scene) -> None:
    months_of_life(scene, 2)
    for _ in range(3):
        scene.town.award(scene.members[0], 10)
        clock.advance(days=31)
    scene.ask(scene.town.spend, scene.members[0], 15)
    days_later(scene, 31)
    days_later(scene, 31)


@scenario
def a_hold_keeps_points_over_their_day(scene: Scene) -> None:
    months_of_life(scene, 1)
    scene.town.award(scene.members[0], 10)
    posted, voided = (scene.town.hold(wallet_of(scene.members[0]), 4, seconds=90 * 86_400) for _ in range(2))
    days_later(scene, 60)
    scene.ask(scene.town.post, scene.town.spending_of(scene.members[0], 4, hold=posted))
    scene.ask(scene.town.void, voided)
    days_later(scene, 40)


@scenario
def an_expired_award_is_undone(scene: Scene) -> None:
    months_of_life(scene, 1)
    stamp = scene.town.award(scene.members[0], 10)
    scene.town.spend(scene.members[0], 3)
    days_later(scene, 60)
    scene.ask(scene.town.undo, stamp)


@scenario
def a_policy_that_ends_and_begins_again(scene: Scene) -> None:
    for months in (1, 1, None, None, 120, 3):
        months_of_life(scene, months)
        scene.town.award(scene.members[0], 10)
    days_later(scene, 365)
