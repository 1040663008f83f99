"""Shops, branches, posters, and who is put behind a counter by whom."""

from __future__ import annotations

import pytest

from ledger.core.errors import AlreadyExists, Forbidden, NotFound, WrongState
from ledger.core.ids import new_id
from ledger.core.tenancy import Role
from ledger.rewards import merchants
from ledger.rewards.errors import OwnCounter, ShopCodeUnknown
from tests.ledger.rewards.street import Street, add_person
from tests.stories import open_neighbourhood


def test_the_admin_creates_shops_and_nobody_else(street: Street):
    place = street.place
    for person in (street.volunteer(), place.treasurer, place.supervisor, street.owner, street.clerk):
        with pytest.raises(Forbidden):
            merchants.create_merchant(person.actor, "新店", trade="百货")
    assert merchants.create_merchant(place.admin.actor, "新店", trade="百货").name == "新店"


def test_a_community_sees_its_own_shops_only(street: Street):
    other = open_neighbourhood("北塔社区")
    assert [one.id for one in merchants.list_merchants(street.volunteer().actor)] == [street.bakery.id]
    assert merchants.list_merchants(other.admin.actor) == []
    assert merchants.list_branches(other.admin.actor) == []
    for verb, thing in (
        (merchants.see_merchant, street.bakery.id),
        (merchants.see_branch, street.branch.id),
        (merchants.see_branch, new_id()),
    ):
        with pytest.raises(NotFound):
            verb(other.admin.actor, thing)


def test_a_counter_sees_its_own_shop_only(street: Street):
    salon = merchants.create_merchant(street.place.admin.actor, "理发店", trade="理发")
    assert [one.id for one in merchants.list_merchants(street.clerk.actor)] == [street.bakery.id]
    assert [one.id for one in merchants.list_branches(street.clerk.actor)] == [street.branch.id]
    with pytest.raises(Forbidden):
        merchants.see_merchant(street.clerk.actor, salon.id)


def test_the_owner_adds_branches_to_the_own_shop(street: Street):
    branch = merchants.add_branch(street.owner.actor, street.bakery.id, name="西门店", address="9 号")
    assert branch.id in {one.id for one in merchants.list_branches(street.owner.actor, merchant_id=street.bakery.id)}
    with pytest.raises(Forbidden):
        merchants.add_branch(street.clerk.actor, street.bakery.id, name="黑店", address="?")


def test_a_poster_names_community_and_branch(street: Street):
    code = street.poster.code
    assert code == f"{street.place.community.short_code}-{street.branch.code}"
    community_id, branch = merchants.read_poster(code.lower())
    assert (community_id, branch.id) == (street.id, street.branch.id)


def test_a_poster_of_nothing_is_refused(street: Street):
    other = open_neighbourhood("北塔社区").community.short_code
    for code in ("", "-", street.branch.code, f"{other}-{street.branch.code}", f"ZZ-{street.branch.code}"):
        with pytest.raises(ShopCodeUnknown):
            merchants.read_poster(code)


def test_the_admin_appoints_owners_and_the_owner_clerks(street: Street):
    with pytest.raises(Forbidden):
        merchants.appoint_owner(street.owner.actor, street.bakery.id, person_id=add_person(), name="我兄弟")
    staff = merchants.appoint_clerk(street.owner.actor, street.bakery.id, person_id=add_person(), name="小李")
    assert (staff.role, staff.branch_id) == (Role.CLERK, None)
    names = [one.name for one in merchants.list_counter_staff(street.owner.actor, street.bakery.id)]
    assert names == ["小李", "小张", "王老板"]


def test_nobody_appoints_themself_and_nobody_twice(street: Street):
    admin, owner = street.place.admin, street.owner
    with pytest.raises(OwnCounter):
        merchants.appoint_owner(admin.actor, street.bakery.id, person_id=admin.person_id, name="我")
    with pytest.raises(OwnCounter):
        merchants.appoint_clerk(owner.actor, street.bakery.id, person_id=owner.person_id, name="我")
    with pytest.raises(AlreadyExists):
        merchants.appoint_owner(admin.actor, street.bakery.id, person_id=owner.person_id, name="王老板")


def test_an_ended_counter_is_dead_at_once(street: Street):
    [clerk] = [one for one in merchants.list_counter_staff(street.owner.actor, street.bakery.id) if one.role == "clerk"]
    merchants.end_counter(street.owner.actor, clerk.id)
    with pytest.raises(NotFound):
        _ = street.clerk.actor
    with pytest.raises(WrongState):
        merchants.end_counter(street.owner.actor, clerk.id)


def test_an_owner_ends_no_owner_and_a_clerk_nobody(street: Street):
    owner, clerk = sorted(
        merchants.list_counter_staff(street.owner.actor, street.bakery.id), key=lambda one: one.role, reverse=True
    )
    with pytest.raises(Forbidden):
        merchants.end_counter(street.owner.actor, owner.id)
    with pytest.raises(Forbidden):
        merchants.end_counter(street.clerk.actor, clerk.id)
    with pytest.raises(Forbidden):
        merchants.list_counter_staff(street.clerk.actor, street.bakery.id)


def test_a_branch_of_another_shop_is_not_found(street: Street):
    salon = merchants.create_merchant(street.place.admin.actor, "理发店", trade="理发")
    for branch_id in (new_id(), street.branch.id):
        with pytest.raises(NotFound):
            merchants.appoint_clerk(
                street.place.admin.actor, salon.id, person_id=add_person(), name="小周", branch_id=branch_id
            )
