"""Two accounts of one person become one: who may, what moves, and how it is taken apart."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from uuid import UUID

import pytest

from ledger.book.errors import InsufficientPoints, OpenHolds
from ledger.core import clock
from ledger.core.errors import AlreadyExists, Forbidden, NotFound, WrongState
from ledger.core.second_person import OwnStep, SecondPersonPresent
from ledger.core.tenancy import Role
from ledger.people import children, consents, helping, members, merges, sessions
from ledger.people.errors import MergedOnward, MergeFinal, OwnMerge, SameMember
from ledger.people.life_models import MergeState
from ledger.people.models import LeftReason, MemberState
from ledger.people.offices import offices_of
from ledger.rewards import redemptions, refunds
from ledger.rewards.errors import MemberCapReached
from tests.ledger.people.accounts import Accounts
from tests.ledger.rewards.street import open_street
from tests.stories import Neighbour, open_neighbourhood, street_officer

SUMMER, WINTER = date(2027, 6, 30), date(2027, 12, 31)


@pytest.fixture
def accounts(context: object) -> Iterator[Accounts]:
    try:
        yield Accounts(open_street())
    finally:
        clock.move_to(None)


# --- what moves -------------------------------------------------------------------------------------------------


def test_points_debt_and_minutes_are_the_one_account_s(accounts: Accounts) -> None:
    accounts.award(accounts.old, 30)
    accounts.serve(accounts.old, 90)
    accounts.award(accounts.new, 5)
    merge = accounts.merge()
    assert accounts.figures(accounts.old) == (0, 0, 0)
    assert accounts.figures(accounts.new) == (35, 0, 90)
    assert (merge.state, merge.points, merge.debt, merge.minutes) == (MergeState.DONE, 30, 0, 90)


def test_every_point_keeps_its_date(accounts: Accounts) -> None:
    accounts.award(accounts.old, 10, until=SUMMER)
    accounts.award(accounts.old, 7)
    accounts.award(accounts.old, 3, until=WINTER)
    accounts.award(accounts.new, 4, until=SUMMER)
    accounts.merge()
    assert accounts.dates(accounts.new) == {SUMMER: 14, WINTER: 3}
    assert accounts.dates(accounts.old) == {}
    assert accounts.figures(accounts.new)[0] == 24


def test_debt_goes_along_and_is_repaid_by_the_next_award(accounts: Accounts) -> None:
    award = accounts.award(accounts.old, 20)
    accounts.street.buy(accounts.old)
    accounts.take_back(award)
    assert accounts.figures(accounts.old) == (0, 20, 0)
    accounts.award(accounts.new, 8)
    assert accounts.merge().debt == 20
    assert accounts.figures(accounts.old) == (0, 0, 0)
    assert accounts.figures(accounts.new) == (8, 20, 0)
    accounts.award(accounts.new, 25)
    assert accounts.figures(accounts.new) == (13, 0, 0)


def test_lifetime_figures_are_those_of_both(accounts: Accounts) -> None:
    accounts.award(accounts.old, 50)
    accounts.street.buy(accounts.old)
    accounts.award(accounts.new, 10)
    accounts.merge()
    assert accounts.lifetime(accounts.new) == (60, 20)
    assert accounts.lifetime(accounts.old) == (60, 20), "the old id leads to the same person"


def test_points_that_are_being_redeemed_hold_the_merge_up(accounts: Accounts) -> None:
    accounts.award(accounts.old, 30)
    reserved = accounts.street.reserve(accounts.old)
    asked = accounts.ask()
    with pytest.raises(OpenHolds):
        accounts.approve(asked)
    redemptions.cancel(accounts.old.actor, reserved.id)
    assert accounts.approve(asked).points == 30


def test_roles_and_posts_go_along_once(accounts: Accounts) -> None:
    place, unit = accounts.place, accounts.place.grid
    coordinator = place.staff(Role.COORDINATOR, unit=unit)
    accounts.merge(old=coordinator)
    assert accounts.new.actor.has(Role.COORDINATOR)
    assert coordinator.member_id is not None
    assert offices_of(members.load_member(accounts.id, coordinator.member_id)).roles[0].unit_id == unit.id


# --- the alias --------------------------------------------------------------------------------------------------


def test_the_old_phone_signs_in_as_the_one_member(accounts: Accounts) -> None:
    accounts.award(accounts.old, 30)
    accounts.merge()
    actor = accounts.old.actor
    assert actor.member_id == accounts.new.member_id
    assert actor.person_id == accounts.new.person_id
    assert actor.is_person(accounts.old.person_id)
    assert accounts.street.buy(accounts.old).member_id == accounts.new.member_id


def test_the_old_id_leads_to_the_one_member(accounts: Accounts) -> None:
    accounts.merge()
    assert accounts.old.member_id is not None
    assert members.load_member(accounts.id, accounts.old.member_id).id == accounts.new.member_id
    gone, _ = members.see_member(accounts.place.admin.actor, accounts.old.member_id)
    assert gone.id == accounts.new.member_id
    assert accounts.old.member_id not in [one.id for one, _ in members.list_members(accounts.place.admin.actor)]


def test_a_chain_of_aliases_leads_to_its_end(accounts: Accounts) -> None:
    third = accounts.place.volunteer("林秀芳")
    accounts.award(accounts.old, 30)
    accounts.merge()
    accounts.merge(old=accounts.new, new=third)
    assert accounts.old.actor.member_id == third.member_id
    assert accounts.figures(third)[0] == 30
    assert third.actor.aliases == {accounts.old.member_id, accounts.new.member_id}


def test_in_another_community_the_two_stay_two(accounts: Accounts) -> None:
    other = open_neighbourhood("北华社区")
    there = members.join_community(sessions.actor_of(accounts.new.token), other.id, name="林秀芳")
    accounts.merge()
    assert sessions.enter(sessions.actor_of(accounts.new.token), other.id).member_id == there.id
    with pytest.raises(NotFound):
        sessions.enter(sessions.actor_of(accounts.old.token), other.id)


def test_an_award_taken_back_from_the_old_account_is_taken_from_the_one(accounts: Accounts) -> None:
    award = accounts.award(accounts.old, 30, until=SUMMER)
    accounts.merge()
    accounts.award(accounts.new, 10, until=WINTER)
    accounts.take_back(award, 12)
    assert accounts.figures(accounts.old) == (0, 0, 0)
    assert accounts.dates(accounts.new) == {SUMMER: 18, WINTER: 10}


def test_a_refund_of_the_old_account_comes_to_the_one(accounts: Accounts) -> None:
    accounts.award(accounts.old, 30)
    bought = accounts.street.buy(accounts.old)
    accounts.merge()
    refunds.refund(accounts.place.treasurer.actor, bought.id, reason="面包坏了")
    assert accounts.figures(accounts.new)[0] == 30
    assert accounts.figures(accounts.old)[0] == 0


# --- caps (F8: one person, many accounts) -------------------------------------------------------------------------


def test_f8_two_phones_of_one_person_hit_one_cap_once_merged(accounts: Accounts) -> None:
    cake = accounts.street.offer(name="蛋糕", points=5, per_member_per_day=1, per_member_per_week=2)
    for person in (accounts.old, accounts.new):
        accounts.award(person, 30)
    accounts.street.buy(accounts.old, cake)
    accounts.merge()
    for phone in (accounts.old, accounts.new):
        with pytest.raises(MemberCapReached):
            accounts.street.buy(phone, cake)
    clock.move_to(clock.now() + timedelta(days=1))
    accounts.street.buy(accounts.new, cake)
    clock.move_to(clock.now() + timedelta(days=1))
    with pytest.raises(MemberCapReached):
        accounts.street.buy(accounts.old, cake)


def test_a_refund_gives_the_cap_back_to_the_one(accounts: Accounts) -> None:
    cake = accounts.street.offer(name="蛋糕", points=5, per_member_per_day=1)
    for person in (accounts.old, accounts.new):
        accounts.award(person, 30)
    bought = accounts.street.buy(accounts.old, cake)
    accounts.merge()
    refunds.refund(accounts.place.treasurer.actor, bought.id, reason="蛋糕坏了")
    accounts.street.buy(accounts.new, cake)


def test_taken_apart_each_has_its_own_cap_again(accounts: Accounts) -> None:
    cake = accounts.street.offer(name="蛋糕", points=5, per_member_per_day=1)
    for person in (accounts.old, accounts.new):
        accounts.award(person, 30)
    accounts.street.buy(accounts.old, cake)
    accounts.part(accounts.merge())
    accounts.street.buy(accounts.new, cake)
    with pytest.raises(MemberCapReached):
        accounts.street.buy(accounts.old, cake)


# --- two people -------------------------------------------------------------------------------------------------


def test_nothing_moves_before_a_second_person_approves(accounts: Accounts) -> None:
    accounts.award(accounts.old, 30)
    accounts.ask()
    assert accounts.figures(accounts.old)[0] == 30


def test_nobody_approves_their_own_step_also_from_another_account(accounts: Accounts) -> None:
    admin, other = accounts.place.admin, accounts.place.staff(Role.ADMIN)
    merge = merges.ask_merge(other.actor, _id(accounts.old), _id(accounts.new), reason="同一个人")
    with pytest.raises(OwnStep):
        merges.approve_merge(other.actor, merge.id)
    merges.approve_merge(accounts.place.treasurer.actor, merges.ask_merge(
        admin.actor, _id(other), _id(accounts.place.second_treasurer), reason="同一个人").id)  # fmt: skip
    with pytest.raises(OwnStep):
        merges.approve_merge(other.actor, merge.id)
    with pytest.raises(OwnStep):
        merges.approve_merge(accounts.place.second_treasurer.actor, merge.id)


def test_nobody_decides_about_their_own_account(accounts: Accounts) -> None:
    admin, treasurer = accounts.place.admin, accounts.place.treasurer
    with pytest.raises(OwnMerge):
        merges.ask_merge(admin.actor, _id(accounts.old), _id(admin), reason="我的")
    merge = merges.ask_merge(admin.actor, _id(accounts.old), _id(treasurer), reason="同一个人")
    with pytest.raises(OwnMerge):
        merges.approve_merge(treasurer.actor, merge.id)


def test_the_street_comes_in_after_two_working_days(accounts: Accounts) -> None:
    merge = accounts.ask()
    street = street_officer(accounts.place.community)
    with pytest.raises(SecondPersonPresent):
        merges.approve_merge(street.actor, merge.id)
    clock.move_to(clock.now() + timedelta(days=6))
    assert merges.approve_merge(street.actor, merge.id).state == MergeState.DONE


def test_a_volunteer_neither_asks_nor_sees(accounts: Accounts) -> None:
    with pytest.raises(Forbidden):
        merges.ask_merge(accounts.old.actor, _id(accounts.old), _id(accounts.new), reason="我的")
    with pytest.raises(Forbidden):
        merges.list_merges(accounts.old.actor)
    with pytest.raises(Forbidden):
        merges.preview_merge(accounts.place.treasurer.actor, _id(accounts.old), _id(accounts.new))


def test_declined_and_withdrawn_are_over(accounts: Accounts) -> None:
    declined = merges.decline_merge(accounts.place.treasurer.actor, accounts.ask().id, note="是两个人")
    withdrawn = merges.withdraw_merge(accounts.place.admin.actor, accounts.ask().id)
    for merge in (declined, withdrawn):
        with pytest.raises(WrongState):
            accounts.approve(merge)
    with pytest.raises(Forbidden):
        merges.withdraw_merge(accounts.place.staff(Role.ADMIN).actor, accounts.ask().id)


def test_a_member_goes_away_once(accounts: Accounts) -> None:
    accounts.ask()
    with pytest.raises(AlreadyExists):
        accounts.ask()
    with pytest.raises(SameMember):
        accounts.ask(new=accounts.old)


def test_a_merged_member_is_not_merged_again(accounts: Accounts) -> None:
    accounts.merge()
    with pytest.raises(WrongState):
        accounts.ask()
    with pytest.raises(SameMember):
        accounts.ask(old=accounts.new, new=accounts.old)


# --- taking apart -------------------------------------------------------------------------------------------------


def test_taken_apart_each_has_what_it_brought(accounts: Accounts) -> None:
    accounts.award(accounts.old, 10, until=SUMMER)
    accounts.award(accounts.old, 7)
    accounts.serve(accounts.old, 90)
    accounts.award(accounts.new, 4, until=SUMMER)
    accounts.part(accounts.merge())
    assert accounts.figures(accounts.old) == (17, 0, 90)
    assert accounts.dates(accounts.old) == {SUMMER: 10}
    assert accounts.figures(accounts.new) == (4, 0, 0)
    assert accounts.old.actor.member_id == accounts.old.member_id
    member = members.load_member(accounts.id, _id(accounts.old))
    assert (member.state, member.left_at, member.left_reason) == (MemberState.ACTIVE, None, None)


def test_what_was_spent_meanwhile_is_the_spender_s_debt(accounts: Accounts) -> None:
    accounts.award(accounts.old, 30)
    accounts.award(accounts.new, 5)
    merge = accounts.merge()
    accounts.street.buy(accounts.new)
    accounts.part(merge)
    assert accounts.figures(accounts.old) == (30, 0, 0), "who was merged by mistake loses nothing"
    assert accounts.figures(accounts.new) == (0, 15, 0)


def test_debt_comes_back_unless_it_was_repaid(accounts: Accounts) -> None:
    award = accounts.award(accounts.old, 20)
    accounts.street.buy(accounts.old)
    accounts.take_back(award)
    merge = accounts.merge()
    accounts.award(accounts.new, 12)
    assert accounts.figures(accounts.new) == (0, 8, 0)
    accounts.part(merge)
    assert accounts.figures(accounts.old) == (0, 20, 0)
    assert accounts.figures(accounts.new) == (12, 0, 0)


def test_points_that_expired_meanwhile_are_not_given_back(accounts: Accounts) -> None:
    soon = clock.today() + timedelta(days=3)
    accounts.award(accounts.old, 10, until=soon)
    accounts.award(accounts.new, 50)
    merge = accounts.merge()
    clock.move_to(clock.now() + timedelta(days=5))
    accounts.part(merge)
    assert accounts.figures(accounts.old)[0] == 0
    assert accounts.figures(accounts.new)[0] == 50


def test_what_was_taken_back_or_refunded_meanwhile_is_the_old_account_s(accounts: Accounts) -> None:
    award = accounts.award(accounts.old, 30)
    bought = accounts.street.buy(accounts.old)
    accounts.award(accounts.new, 50)
    merge = accounts.merge()
    refunds.refund(accounts.place.treasurer.actor, bought.id, reason="面包坏了")
    accounts.take_back(award, 5)
    accounts.part(merge)
    assert accounts.figures(accounts.old) == (25, 0, 0)
    assert accounts.figures(accounts.new) == (50, 0, 0)


def test_an_award_taken_back_beyond_what_came_along_is_the_old_account_s_debt(accounts: Accounts) -> None:
    award = accounts.award(accounts.old, 20)
    accounts.street.buy(accounts.old)
    accounts.award(accounts.new, 50)
    merge = accounts.merge()
    accounts.take_back(award)
    assert accounts.figures(accounts.new) == (30, 0, 0)
    accounts.part(merge)
    assert accounts.figures(accounts.old) == (0, 20, 0)
    assert accounts.figures(accounts.new) == (50, 0, 0)


def test_roles_go_back_unless_they_ended_meanwhile(accounts: Accounts) -> None:
    coordinator = accounts.place.staff(Role.COORDINATOR)
    accounts.part(accounts.merge(old=coordinator))
    assert coordinator.actor.has(Role.COORDINATOR)
    assert not accounts.new.actor.has(Role.COORDINATOR)


def test_whoever_acts_for_the_old_account_acts_for_the_one_and_again_for_the_two(accounts: Accounts) -> None:
    son, both = accounts.place.volunteer("儿子"), accounts.place.volunteer("邻居")
    for member, helper in ((accounts.old, son), (accounts.old, both), (accounts.new, both), (son, accounts.old)):
        helping.agree(helper.actor, accounts.place.helper_link(member, helper).id)
    helping.agree(accounts.new.actor, accounts.place.helper_link(accounts.old, accounts.new).id)
    merge = accounts.merge()
    assert son.actor.helps == both.actor.helps == {accounts.new.member_id}
    assert accounts.new.actor.helps == {son.member_id}
    ended = next(
        one for one in helping.helpers_of(accounts.new.actor, accounts.new.member_id) if one.helper.name == "儿子"
    )
    helping.end_help(son.actor, ended.link.id)
    accounts.part(merge)
    assert son.actor.helps == frozenset()
    assert both.actor.helps == {accounts.old.member_id, accounts.new.member_id}
    assert accounts.new.actor.helps == {accounts.old.member_id}
    assert accounts.old.actor.helps == {son.member_id}


def test_an_account_that_stands_for_a_child_is_a_child_s(accounts: Accounts) -> None:
    until = clock.today() + timedelta(days=400)
    children.set_child(accounts.place.admin.actor, accounts.old.member_id, until)
    merge = accounts.merge()
    assert children.is_child(members.load_member(accounts.id, accounts.new.member_id))
    assert not consents.given_alone(accounts.new.person_id)
    accounts.part(merge)
    assert not children.is_child(members.load_member(accounts.id, accounts.new.member_id))
    assert children.is_child(members.load_member(accounts.id, accounts.old.member_id))


def test_after_thirty_days_a_merge_stays(accounts: Accounts) -> None:
    merge = accounts.merge()
    clock.move_to(merge.decided_at + timedelta(days=30))
    with pytest.raises(MergeFinal):
        merges.ask_undo(accounts.place.admin.actor, merge.id, reason="晚了")


def test_the_later_merge_is_taken_apart_first(accounts: Accounts) -> None:
    third = accounts.place.volunteer("林秀芳")
    accounts.award(accounts.old, 30)
    first = accounts.merge()
    second = accounts.merge(old=accounts.new, new=third)
    asked = merges.ask_undo(accounts.place.admin.actor, first.id, reason="其实是两个人")
    with pytest.raises(MergedOnward):
        merges.approve_undo(accounts.place.treasurer.actor, asked.id)
    accounts.part(second)
    assert accounts.old.actor.member_id == accounts.new.member_id
    merges.approve_undo(accounts.place.treasurer.actor, asked.id)
    assert accounts.figures(accounts.old)[0] == 30


def test_an_undo_needs_two_people_and_can_be_refused(accounts: Accounts) -> None:
    merge = accounts.merge()
    asked = merges.ask_undo(accounts.place.admin.actor, merge.id, reason="其实是两个人")
    with pytest.raises(OwnStep):
        merges.approve_undo(accounts.place.admin.actor, asked.id)
    assert merges.refuse_undo(accounts.place.treasurer.actor, asked.id, note="是同一个人").state == MergeState.DONE
    accounts.part(merge)


def test_merged_again_after_it_was_taken_apart(accounts: Accounts) -> None:
    accounts.award(accounts.old, 30)
    accounts.part(accounts.merge())
    accounts.part(accounts.merge())
    assert accounts.figures(accounts.old)[0] == 30
    accounts.merge()
    assert accounts.figures(accounts.new)[0] == 30
    assert (
        members.describe_members(accounts.id, [_id(accounts.old)])[_id(accounts.old)].left_reason == LeftReason.MERGED
    )


def test_spending_more_than_is_there_is_refused_for_either_phone(accounts: Accounts) -> None:
    accounts.award(accounts.old, 30)
    accounts.merge()
    accounts.street.buy(accounts.old)
    with pytest.raises(InsufficientPoints):
        accounts.street.buy(accounts.new)


def _id(person: Neighbour) -> UUID:
    assert person.member_id is not None
    return person.member_id
