"""The scenarios: each calls verbs of the books, and what it is answered is part of its outcome.

The name is the document, and the seed of its ids, so that a new scenario changes no other one's outcome. A new verb
brings its scenarios with it; then golden.json is written anew.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from zlib import crc32

from ledger.book import expiry
from ledger.book.accounts import bank_of, issuance_of, takings_of, wallet_of
from ledger.book.bulk import post_each
from ledger.book.codes import Code, Unit
from ledger.book.reversals import Taking, take_back
from ledger.book.transfers import Draft
from ledger.core import clock
from ledger.core.db import atomic
from ledger.core.ids import new_id
from ledger.core.money import MAX_AMOUNT
from ledger.core.tenancy import Grant, Role
from tests.conformance.scene import Outcome, Scenario, Scene, play
from tests.ledger.book.town import evidence, open_town

SCENARIOS: dict[str, Scenario] = {}


def scenario(played: Scenario) -> Scenario:
    SCENARIOS[played.__name__] = played
    return played


def outcomes() -> dict[str, Outcome]:
    """All scenarios, each in a community of its own."""
    return {name: play(played, seed=crc32(name.encode())) for name, played in SCENARIOS.items()}


# What comes in.


@scenario
def an_award(scene: Scene) -> None:
    scene.ask(scene.town.award, scene.members[0], 10)


@scenario
def an_award_with_hours(scene: Scene) -> None:
    town, source = scene.town, evidence("stamp")
    member = scene.members[0]
    scene.ask(town.post, town.award_of(member, 10, source=source), town.hours_of(member, 90, source=source))


@scenario
def an_opening_balance(scene: Scene) -> None:
    scene.ask(scene.town.post, scene.town.opening_of(scene.members[0], 250))


@scenario
def an_award_for_somebody_that_expires(scene: Scene) -> None:
    draft = scene.town.award_of(scene.members[0], 10, on_behalf_of=new_id(), expires_on=date(2027, 11, 30))
    scene.ask(scene.town.post, draft)


@scenario
def a_backdated_award(scene: Scene) -> None:
    earlier = clock.now() - timedelta(days=40)
    scene.ask(scene.town.post, scene.town.award_of(scene.members[0], 10, effective_at=earlier))


@scenario
def awards_over_a_year(scene: Scene) -> None:
    for month in range(12):
        clock.advance(days=30)
        scene.ask(scene.town.award, scene.members[month % 3], month + 1)


# What is refused for its form.


@scenario
def an_award_of_nothing(scene: Scene) -> None:
    scene.ask(scene.town.award, scene.members[0], 0)


@scenario
def an_award_below_nothing(scene: Scene) -> None:
    scene.ask(scene.town.award, scene.members[0], -5)


@scenario
def an_award_above_the_largest_amount(scene: Scene) -> None:
    scene.ask(scene.town.award, scene.members[0], MAX_AMOUNT + 1)


@scenario
def an_award_of_the_largest_amount(scene: Scene) -> None:
    scene.ask(scene.town.award, scene.members[0], MAX_AMOUNT)


@scenario
def every_code_out_of_a_wallet_into_the_shop(scene: Scene) -> None:
    scene.town.award(scene.members[0], 100)
    for code in Code:
        scene.ask(scene.town.post, replace(scene.town.spending_of(scene.members[0], 1), code=code))


@scenario
def every_code_from_the_bank_to_the_bank(scene: Scene) -> None:
    bank = bank_of(scene.town.id)
    for code in Code:
        scene.ask(scene.town.post, Draft(code=code, debit=bank, credit=bank, amount=1, source=evidence("test")))


@scenario
def minutes_do_not_become_points(scene: Scene) -> None:
    draft = scene.town.award_of(scene.members[0], 10)
    scene.ask(scene.town.post, replace(draft, debit=issuance_of(scene.town.id, Unit.MINUTES)))


@scenario
def an_award_from_tomorrow(scene: Scene) -> None:
    tomorrow = clock.now() + timedelta(days=1)
    scene.ask(scene.town.post, scene.town.award_of(scene.members[0], 10, effective_at=tomorrow))


# What is spent.


@scenario
def spending_a_part(scene: Scene) -> None:
    scene.town.award(scene.members[0], 10)
    scene.ask(scene.town.spend, scene.members[0], 7)


@scenario
def spending_to_the_last_point_and_one_more(scene: Scene) -> None:
    scene.town.award(scene.members[0], 10)
    scene.ask(scene.town.spend, scene.members[0], 10)
    scene.ask(scene.town.spend, scene.members[0], 1)


@scenario
def spending_more_than_there_is(scene: Scene) -> None:
    scene.town.award(scene.members[0], 10)
    scene.ask(scene.town.spend, scene.members[0], 11)


@scenario
def two_who_spend_in_one_call_of_whom_one_is_short(scene: Scene) -> None:
    one, other, _ = scene.members
    scene.town.post(scene.town.award_of(one, 10), scene.town.award_of(other, 4))
    scene.ask(scene.town.post, scene.town.spending_of(one, 5), scene.town.spending_of(other, 5))
    scene.ask(scene.town.post, scene.town.spending_of(one, 5), scene.town.spending_of(other, 4))


@scenario
def what_is_earned_in_a_call_can_be_spent_in_it(scene: Scene) -> None:
    member = scene.members[0]
    scene.ask(scene.town.post, scene.town.award_of(member, 10), scene.town.spending_of(member, 8))


@scenario
def a_donation(scene: Scene) -> None:
    scene.town.award(scene.members[0], 10)
    scene.ask(scene.town.post, scene.town.donation_of(scene.members[0], 4))
    scene.ask(scene.town.post, scene.town.donation_of(scene.members[0], 7))


@scenario
def a_refund(scene: Scene) -> None:
    scene.town.award(scene.members[0], 10)
    scene.town.spend(scene.members[0], 10)
    scene.ask(scene.town.post, scene.town.refund_of(scene.members[0], 4))


@scenario
def a_shop_is_settled_and_paid(scene: Scene) -> None:
    scene.town.award(scene.members[0], 30)
    scene.town.grant(3_000)
    scene.town.post(scene.town.spending_of(scene.members[0], 20), scene.town.charge_of(2_000))
    scene.ask(scene.town.post, scene.town.settlement_of(20))
    scene.ask(scene.town.post, scene.town.payment_of(2_000))


@scenario
def points_move_when_members_are_merged(scene: Scene) -> None:
    one, other, _ = scene.members
    scene.town.award(one, 10)
    merge = Draft(code=Code.MERGE, debit=wallet_of(one), credit=wallet_of(other), amount=10, source=evidence("merge"))
    scene.ask(scene.town.post, merge)
    scene.ask(scene.town.post, replace(merge, source=evidence("merge")))


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


# Sources, and many at once.


@scenario
def the_same_source_in_two_calls(scene: Scene) -> None:
    source = evidence("stamp")
    for points in (10, 10, 12):
        scene.ask(scene.town.post, scene.town.award_of(scene.members[0], points, source=source))


@scenario
def the_same_source_twice_in_one_call(scene: Scene) -> None:
    source = evidence("stamp")
    scene.ask(scene.town.post, *(scene.town.award_of(member, 10, source=source) for member in scene.members))


@scenario
def parts_of_one_source(scene: Scene) -> None:
    source = evidence("stamp")
    drafts = [scene.town.award_of(member, 10, source=source, part=part) for part, member in enumerate(scene.members)]
    scene.ask(scene.town.post, *drafts)
    scene.ask(scene.town.post, drafts[2])


@scenario
def the_same_source_in_two_towns(scene: Scene) -> None:
    source, neighbour = evidence("stamp"), open_town(members=1)
    scene.ask(scene.town.post, scene.town.award_of(scene.members[0], 10, source=source))
    scene.ask(neighbour.post, neighbour.award_of(neighbour.member_ids[0], 10, source=source))


@scenario
def three_hundred_in_one_call(scene: Scene) -> None:
    drafts = [scene.town.award_of(scene.members[place % 3], place % 7 + 1) for place in range(300)]
    scene.ask(scene.town.post, *drafts)


@scenario
def of_three_hundred_one_is_wrong_and_none_is_written(scene: Scene) -> None:
    drafts = [scene.town.award_of(scene.members[place % 3], place % 7 + 1) for place in range(299)]
    for wrong in (
        scene.town.award_of(scene.members[0], 0),
        scene.town.spending_of(scene.members[0], 10_000),
        replace(drafts[0], amount=1),
        scene.town.charge_of(1),
    ):
        scene.ask(scene.town.post, *drafts, wrong)


@scenario
def the_first_refusal_in_the_order_of_the_house_is_told(scene: Scene) -> None:
    town, member = scene.town, scene.members[0]
    future = clock.now() + timedelta(days=1)
    wrong = [
        replace(town.spending_of(member, 5), credit=takings_of(town.merchant_id), amount=MAX_AMOUNT + 1),
        replace(town.spending_of(member, 5), code=Code.AWARD),
        town.spending_of(member, 5, effective_at=future),
        town.spending_of(member, 5),
        town.charge_of(5),
    ]
    for first in range(len(wrong)):
        scene.ask(town.post, *wrong[first:])


@scenario
def an_empty_call(scene: Scene) -> None:
    scene.ask(scene.town.post)


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


# What is taken back by hand, in parts.


@scenario
def an_award_is_taken_back_in_parts_and_never_beyond(scene: Scene) -> None:
    [award] = scene.town.post(scene.town.award_of(scene.members[0], 10))
    scene.town.spend(scene.members[0], 7)
    for points in (2, 5, 4, 3, None):
        taking = Taking(award, points, evidence("reversal"))
        scene.ask(atomic(take_back), scene.town.actor, [taking])


@scenario
def a_spending_has_no_way_back_but_a_refund(scene: Scene) -> None:
    scene.town.award(scene.members[0], 10)
    [spending] = scene.town.post(scene.town.spending_of(scene.members[0], 4))
    scene.ask(atomic(take_back), scene.town.actor, [Taking(spending, 4, evidence("reversal"))])


@scenario
def a_grant_and_a_donation_are_taken_back_in_one_call(scene: Scene) -> None:
    scene.town.award(scene.members[0], 10)
    grant, donation = scene.town.post(scene.town.grant_of(50), scene.town.donation_of(scene.members[0], 8))
    for fen in (30, 30, 20):
        takings = [Taking(grant, fen, evidence("reversal")), Taking(donation, 3, evidence("reversal"))]
        scene.ask(atomic(take_back), scene.town.actor, takings)


# Many in one call, each for itself.


@scenario
def each_of_many_is_written_or_told_why_not(scene: Scene) -> None:
    one, other, _ = scene.members
    items = [[scene.town.award_of(one, points)] for points in range(1, 20)]
    items[3] = [scene.town.award_of(one, 0)]
    items[7] = items[6]
    items[9] = [scene.town.award_of(other, 5), scene.town.spending_of(other, 6)]
    items[12] = [scene.town.spending_of(one, 1_000)]
    for found in atomic(post_each)(scene.town.actor, items):
        scene.answers.append(found.refusal.code if found.refusal else f"{len(found.transfer_ids)} written")


@scenario
def of_two_who_want_the_same_points_the_earlier_one_gets_them(scene: Scene) -> None:
    scene.town.award(scene.members[0], 10)
    items = [[scene.town.spending_of(scene.members[0], points)] for points in (8, 8, 2, 1)]
    for found in atomic(post_each)(scene.town.actor, items):
        scene.answers.append(found.refusal.code if found.refusal else f"{len(found.transfer_ids)} written")
