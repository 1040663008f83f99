"""Offers are drafted by one and approved by another; each reader sees what is usable, and why not the rest."""

from __future__ import annotations

from datetime import time

import pytest

from ledger.core.errors import Forbidden, NotFound, VersionChanged, WrongState
from ledger.core.ids import new_id
from ledger.rewards import agreements, merchants, offers
from ledger.rewards.errors import OwnDraft
from ledger.rewards.models import OfferKind, OfferState
from ledger.rewards.offers import OfferTerms
from tests.ledger.rewards.street import Street, add_person, terms_of
from tests.stories import neighbour, open_neighbourhood

CAKE = OfferTerms(name="蛋糕", points=5)


def test_what_one_drafts_another_approves(street: Street):
    admin = street.place.admin.actor
    draft = offers.draft_offer(admin, street.agreement.id, kind=OfferKind.GOODS, terms=CAKE)
    assert draft.state == OfferState.DRAFT
    with pytest.raises(OwnDraft):
        offers.approve_offer(admin, draft.id)
    approved = offers.approve_offer(street.place.treasurer.actor, draft.id)
    assert (approved.state, approved.version, approved.draft_version) == ("active", 1, None)


def test_the_owner_proposes_and_the_community_approves(street: Street):
    draft = offers.draft_offer(street.owner.actor, street.agreement.id, kind=OfferKind.SERVICE, terms=CAKE)
    with pytest.raises(Forbidden):
        offers.approve_offer(street.owner.actor, draft.id)
    assert offers.approve_offer(street.place.admin.actor, draft.id).state == OfferState.ACTIVE


def test_who_stands_behind_the_counter_does_not_approve_for_the_community(street: Street):
    treasurer = street.place.treasurer
    draft = offers.draft_offer(street.owner.actor, street.agreement.id, kind=OfferKind.GOODS, terms=CAKE)
    merchants.appoint_clerk(street.place.admin.actor, street.bakery.id, person_id=treasurer.person_id, name="马会计")
    with pytest.raises(Forbidden):
        offers.approve_offer(treasurer.actor, draft.id)


def test_a_change_waits_for_its_approval(street: Street):
    admin = street.place.admin.actor
    changed = offers.change_offer(admin, street.loaf.id, read_version=1, terms=CAKE)
    assert (changed.version, changed.draft_version, changed.state) == (1, 2, "active")
    with pytest.raises(OwnDraft):
        offers.approve_offer(admin, street.loaf.id)
    assert offers.see_offer(admin, street.loaf.id).terms.points == 20
    offers.approve_offer(street.place.treasurer.actor, street.loaf.id, version=2)
    assert offers.see_offer(admin, street.loaf.id).terms.points == 5
    assert [one.version for one in offers.versions_of(admin, street.loaf.id)[1]] == [2, 1]


def test_a_lost_race_of_changes_is_told(street: Street):
    admin = street.place.admin.actor
    offers.change_offer(admin, street.loaf.id, read_version=1, terms=CAKE)
    with pytest.raises(VersionChanged):
        offers.change_offer(admin, street.loaf.id, read_version=1, terms=CAKE)
    offers.change_offer(admin, street.loaf.id, read_version=2, terms=CAKE)
    with pytest.raises(VersionChanged):
        offers.approve_offer(street.place.treasurer.actor, street.loaf.id, version=2)


def test_an_ended_offer_stays_ended(street: Street):
    admin = street.place.admin.actor
    offers.end_offer(admin, street.loaf.id)
    for verb in (
        lambda: offers.end_offer(admin, street.loaf.id),
        lambda: offers.change_offer(admin, street.loaf.id, read_version=1, terms=CAKE),
        lambda: offers.restock_offer(admin, street.loaf.id, pieces=1),
        lambda: offers.approve_offer(street.place.treasurer.actor, street.loaf.id),
    ):
        with pytest.raises(WrongState):
            verb()


def test_only_a_limited_stock_is_restocked(street: Street):
    admin = street.place.admin.actor
    assert offers.restock_offer(admin, street.offer(stock=2).id, pieces=3).stock == 5
    with pytest.raises(WrongState):
        offers.restock_offer(admin, street.loaf.id, pieces=3)


def test_a_volunteer_sees_what_is_usable_and_every_reason_against_the_rest(street: Street):
    street.offer(points=500, until_time=time(9), stock=0)
    lin = street.volunteer(20)
    dear, loaf = offers.list_offers(lin.actor)
    assert loaf.is_usable
    assert [reason.code for reason in dear.reasons] == ["wrong_hour", "out_of_stock", "insufficient_points"]
    assert loaf.branch_ids == [street.branch.id]


def test_drafts_are_seen_by_those_who_make_them(street: Street):
    admin = street.place.admin.actor
    draft = offers.draft_offer(admin, street.agreement.id, kind=OfferKind.GOODS, terms=CAKE)
    for person in (street.place.admin, street.place.treasurer, street.place.supervisor, street.owner, street.clerk):
        assert len(offers.list_offers(person.actor)) == 2
        assert offers.see_offer(person.actor, draft.id).terms.name == "蛋糕"
    lin = street.volunteer().actor
    assert [one.terms.offer_id for one in offers.list_offers(lin)] == [street.loaf.id]
    with pytest.raises(Forbidden):
        offers.see_offer(lin, draft.id)


def test_a_shop_does_not_see_another_shops_offers(street: Street):
    admin = street.place.admin.actor
    salon = merchants.create_merchant(admin, "理发店", trade="理发")
    agreements.draft_agreement(admin, salon.id, terms=terms_of(street.fund))
    person_id = add_person()
    merchants.appoint_owner(admin, salon.id, person_id=person_id, name="老周")
    barber = neighbour(street.id, "老周", person_id, None).actor
    assert offers.list_offers(barber) == []
    with pytest.raises(Forbidden):
        offers.see_offer(barber, street.loaf.id)
    with pytest.raises(Forbidden):
        offers.change_offer(barber, street.loaf.id, read_version=1, terms=CAKE)


def test_an_offer_names_only_branches_of_its_shop(street: Street):
    terms = OfferTerms(name="蛋糕", points=5, branch_ids=(street.branch.id, new_id()))
    with pytest.raises(NotFound):
        offers.draft_offer(street.place.admin.actor, street.agreement.id, kind=OfferKind.GOODS, terms=terms)


def test_who_may_not_draft_is_refused_and_strangers_find_nothing(street: Street):
    place = street.place
    for person in (street.volunteer(), place.treasurer, place.supervisor, place.stamper, street.clerk):
        with pytest.raises(Forbidden):
            offers.draft_offer(person.actor, street.agreement.id, kind=OfferKind.GOODS, terms=CAKE)
        with pytest.raises(Forbidden):
            offers.end_offer(person.actor, street.loaf.id)
    stranger = open_neighbourhood("北塔社区").admin.actor
    for verb in (offers.approve_offer, offers.end_offer, offers.see_offer, offers.versions_of):
        with pytest.raises(NotFound):
            verb(stranger, street.loaf.id)
