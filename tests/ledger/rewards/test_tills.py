"""At the counter: whose visit it is, what is usable, who may look."""

from __future__ import annotations

import pytest

from ledger.core import clock
from ledger.core.errors import Forbidden, NotFound
from ledger.core.ids import new_id
from ledger.rewards import member_codes, merchants, redemptions, tills
from ledger.rewards.errors import BranchRequired, OwnRedemption, TillClosed
from ledger.rewards.models import OfferKind
from ledger.rewards.offers import OfferTerms, draft_offer
from ledger.rewards.tills import Till
from ledger.rewards.ways import ByTill
from tests.ledger.rewards.street import Street, add_person
from tests.stories import Neighbour, neighbour, open_neighbourhood


def visit(street: Street, person: Neighbour, *, by: Neighbour | None = None) -> Till:
    code = member_codes.create_member_code(person.actor).code
    return tills.open_till((by or street.clerk).actor, member_code=code)


def test_the_clerk_sees_a_masked_name_and_what_is_usable_with_reasons_for_the_rest(street: Street):
    street.offer(points=500)
    draft_offer(
        street.place.admin.actor, street.agreement.id, kind=OfferKind.GOODS, terms=OfferTerms(name="草稿", points=1)
    )
    till = visit(street, street.volunteer())
    assert till.member_name == "林*芳"
    assert [(one.is_usable, [reason.code for reason in one.reasons]) for one in till.offers] == [
        (False, ["insufficient_points"]),
        (True, []),
    ]


def test_a_visit_serves_for_ten_minutes(street: Street):
    till = visit(street, street.volunteer())
    clock.advance(minutes=9, seconds=59)
    way = ByTill(till.visit.id)
    assert redemptions.reserve(street.clerk.actor, street.loaf.id, way=way).branch_id == street.branch.id
    clock.advance(seconds=1)
    with pytest.raises(TillClosed):
        redemptions.reserve(street.clerk.actor, street.loaf.id, way=way)


def test_a_visit_belongs_to_its_branch(street: Street):
    west = merchants.add_branch(street.place.admin.actor, street.bakery.id, name="西门店", address="9 号")
    elsewhere = street.at_counter("小李", branch=west)
    till = visit(street, street.volunteer())
    with pytest.raises(Forbidden):
        tills.see_till(elsewhere.actor, till.visit.id)
    with pytest.raises(Forbidden):
        redemptions.reserve(elsewhere.actor, street.loaf.id, way=ByTill(till.visit.id))
    assert tills.see_till(street.owner.actor, till.visit.id).visit.id == till.visit.id


def test_a_clerk_of_several_branches_says_which(street: Street):
    west = merchants.add_branch(street.place.admin.actor, street.bakery.id, name="西门店", address="9 号")
    code = member_codes.create_member_code(street.volunteer().actor).code
    with pytest.raises(BranchRequired):
        tills.open_till(street.owner.actor, member_code=code)
    assert tills.open_till(street.owner.actor, west.id, member_code=code).visit.branch_id == west.id


def test_a_clerk_cannot_open_a_visit_for_themself(street: Street):
    lin = street.volunteer()
    merchants.appoint_clerk(street.place.admin.actor, street.bakery.id, person_id=lin.person_id, name="小林")
    with pytest.raises(OwnRedemption):
        visit(street, lin, by=lin)


def test_only_those_behind_a_counter_open_a_till(street: Street):
    code = member_codes.create_member_code(street.volunteer().actor).code
    for person in (street.volunteer(name="陈刚"), street.place.admin, street.place.treasurer):
        with pytest.raises(Forbidden):
            tills.open_till(person.actor, street.branch.id, member_code=code)
    with pytest.raises(NotFound):
        tills.open_till(street.clerk.actor, new_id(), member_code=code)


def test_a_visit_of_another_community_is_not_found(street: Street):
    till = visit(street, street.volunteer())
    with pytest.raises(NotFound):
        tills.see_till(open_neighbourhood("北塔社区").admin.actor, till.visit.id)


def test_a_clerk_of_another_shop_cannot_reserve_here(street: Street):
    admin = street.place.admin.actor
    salon = merchants.create_merchant(admin, "理发店", trade="理发")
    merchants.add_branch(admin, salon.id, name="总店", address="3 号")
    person_id = add_person()
    merchants.appoint_owner(admin, salon.id, person_id=person_id, name="老周")
    barber = neighbour(street.id, "老周", person_id, None)
    lin = street.volunteer()
    with pytest.raises(Forbidden):
        redemptions.reserve(barber.actor, street.loaf.id, way=street.code_of(lin))
    with pytest.raises(Forbidden):
        redemptions.reserve(barber.actor, street.loaf.id, way=ByTill(visit(street, lin).visit.id))
