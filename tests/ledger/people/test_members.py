"""Members: entered by staff or joined by themselves, found by name or pinyin, seen by those who may."""

from __future__ import annotations

from uuid import UUID

import pytest
from flask import Flask

from ledger.book.balances import member_balance
from ledger.core.errors import AlreadyExists, Forbidden, NotFound
from ledger.core.ids import new_id
from ledger.core.tenancy import Actor, Role
from ledger.people import consents, households, members, phones
from ledger.people.errors import ConsentRequired
from ledger.people.members import MemberOrder
from ledger.people.models import Purpose
from tests.ledger.book.town import at_once
from tests.stories import Neighbourhood, next_phone, open_neighbourhood


@pytest.fixture
def place(context: object) -> Neighbourhood:
    return open_neighbourhood()


def test_an_elder_without_a_phone_has_a_wallet(place: Neighbourhood) -> None:
    elder = members.add_member(place.admin.actor, "赵桂英", unit_id=place.micro_grid.id)
    assert member_balance(place.id, elder.id).available == 0
    assert phones.tail_of(elder.person_id) is None


def test_a_known_number_joins_the_person_who_has_it(place: Neighbourhood) -> None:
    other, phone = open_neighbourhood("北华社区"), next_phone()
    here = members.add_member(place.admin.actor, "林秀芳", phone=phone)
    there = members.add_member(other.admin.actor, "林秀芳", phone=phone)
    assert here.person_id == there.person_id
    assert here.id != there.id


def test_a_person_is_a_member_once(place: Neighbourhood) -> None:
    phone = next_phone()
    members.add_member(place.admin.actor, "林秀芳", phone=phone)
    with pytest.raises(AlreadyExists):
        members.add_member(place.admin.actor, "林秀芳", phone=phone)


def test_joining_without_consent_is_refused(place: Neighbourhood) -> None:
    person_id = phones.add_person(next_phone())
    with pytest.raises(ConsentRequired):
        members.join_community(Actor(person_id=person_id), place.id)
    consents.give(person_id, [Purpose.SERVICE])
    assert members.join_community(Actor(person_id=person_id), place.id).person_id == person_id


def test_joining_twice_at_once_makes_one_member(app: Flask, place: Neighbourhood) -> None:
    newcomer = Actor(person_id=phones.add_person(next_phone()))
    consents.give(newcomer.person_id, [Purpose.SERVICE])
    joined = at_once(app, [lambda: members.join_community(newcomer, place.id).id] * 6)
    assert len(set(joined)) == 1


@pytest.mark.parametrize("typed", ["林", "林秀", "lin", "Lin xiu"])
def test_members_are_found_by_the_start_of_name_or_pinyin(place: Neighbourhood, typed: str) -> None:
    place.volunteer("林秀芳")
    place.volunteer("王林")
    assert [member.name for member, _ in members.list_members(place.admin.actor, search=typed)] == ["林秀芳"]


@pytest.mark.parametrize("typed", ["%", "_", "'; --", "\\"])
def test_signs_of_a_pattern_are_only_letters(place: Neighbourhood, typed: str) -> None:
    place.volunteer("林秀芳")
    assert members.list_members(place.admin.actor, search=typed) == []


def test_a_coordinator_sees_the_members_of_the_own_grid_only(place: Neighbourhood) -> None:
    other = place.grid_beside()
    coordinator = place.staff(Role.COORDINATOR, unit=place.grid)
    inside, outside = place.volunteer("内"), place.volunteer("外", unit=other)
    seen = {member.id for member, _ in members.list_members(coordinator.actor)}
    assert inside.member_id in seen
    assert outside.member_id not in seen
    assert outside.member_id is not None
    with pytest.raises(Forbidden):
        members.see_member(coordinator.actor, outside.member_id)


def test_a_volunteer_sees_only_themself(place: Neighbourhood) -> None:
    person, other = place.volunteer("甲"), place.volunteer("乙")
    assert [member.id for member, _ in members.list_members(person.actor)] == [person.member_id]
    assert other.member_id is not None
    with pytest.raises(Forbidden):
        members.see_member(person.actor, other.member_id)


def test_lists_go_on_where_the_page_before_ended(place: Neighbourhood) -> None:
    for n in range(5):
        place.volunteer(f"居民{n}")
    first = members.list_members(place.admin.actor, limit=3)
    following = members.list_members(place.admin.actor, after=first[-1][0].id, limit=3)
    ids = [member.id for member, _ in (*first, *following)]
    assert ids == sorted(set(ids), reverse=True)


@pytest.mark.parametrize(
    ("name", "masked"), [("林秀芳", "林*芳"), ("陈刚", "陈*"), ("Li", "L*"), ("欧阳建国", "欧*国"), ("", "*")]
)
def test_names_are_masked_but_for_the_ends(name: str, masked: str) -> None:
    assert members.mask_name(name) == masked


def test_by_name_a_list_goes_on_where_the_page_before_ended_and_namesakes_are_not_lost(place: Neighbourhood) -> None:
    for name in ("赵一", "阿明", "赵一", "Bo", "林秀芳"):
        place.volunteer(name)
    seen: list[UUID] = []
    while found := members.list_members(
        place.admin.actor, order=MemberOrder.NAME, after=seen[-1] if seen else None, limit=2
    ):
        seen += [member.id for member, _unit in found]
    every = members.list_members(place.admin.actor)
    assert seen == [one.id for one, _ in sorted(every, key=lambda row: (row[0].sort_key, row[0].id))]
    assert members.list_members(place.admin.actor, order=MemberOrder.NAME, after=new_id()) == [], "of nobody's place"


def test_a_household_takes_only_members_of_this_community(place: Neighbourhood) -> None:
    one, stranger = place.volunteer(), open_neighbourhood("北华社区").volunteer()
    assert one.member_id is not None
    assert stranger.member_id is not None
    with pytest.raises(NotFound):
        households.form_household(place.admin.actor, "一家", member_ids=[one.member_id, stranger.member_id])
    home = households.form_household(place.admin.actor, "一家", member_ids=[one.member_id])
    assert one.actor.household_id == home.id
    households.leave_household(place.admin.actor, one.member_id)
    assert one.actor.household_id is None
