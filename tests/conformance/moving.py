"""Scenarios: points, hours and money come in, are spent, given and paid; and what is refused for its form."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from ledger.book.accounts import bank_of, issuance_of, takings_of, wallet_of
from ledger.book.bulk import post_each
from ledger.book.codes import Code, Unit
from ledger.book.transfers import Draft
from ledger.core import clock
from ledger.core.db import atomic
from ledger.core.ids import new_id
from ledger.core.money import MAX_AMOUNT
from tests.conformance.scene import Scene, scenario
from tests.ledger.book.town import evidence, open_town

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
