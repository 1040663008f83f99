"""An agreement needs two people, keeps its versions, and stops when one person says so."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from ledger.core import clock
from ledger.core.db import atomic, db
from ledger.core.errors import AlreadyExists, Forbidden, NotFound, VersionChanged, WrongState
from ledger.core.ids import new_id
from ledger.core.second_person import count_stand_ins
from ledger.core.tenancy import Role
from ledger.people.models import Notice
from ledger.rewards import agreements, merchants, redemptions, renewals
from ledger.rewards.errors import AlreadySigned
from ledger.rewards.models import Agreement, AgreementState
from tests.ledger.rewards.street import NOON, Street, terms_of
from tests.stories import open_neighbourhood, street_officer


@pytest.fixture
def draft(street: Street) -> Agreement:
    """A salon's agreement that nobody has signed."""
    admin = street.place.admin.actor
    salon = merchants.create_merchant(admin, "理发店", trade="理发")
    return agreements.draft_agreement(admin, salon.id, terms=terms_of(street.fund))


def test_two_different_people_of_the_community_bring_it_into_force(street: Street, draft: Agreement):
    admin, treasurer = street.place.admin.actor, street.place.treasurer.actor
    assert agreements.sign_agreement(admin, draft.id).state == AgreementState.DRAFT
    with pytest.raises(AlreadySigned):
        agreements.sign_agreement(admin, draft.id)
    signed = agreements.sign_agreement(treasurer, draft.id)
    assert (signed.state, signed.version, signed.draft_version) == ("active", 1, None)
    with pytest.raises(WrongState):
        agreements.sign_agreement(treasurer, draft.id)


def test_each_signature_keeps_its_moment(street: Street, draft: Agreement):
    place, noon = street.place, clock.now()
    agreements.sign_agreement(place.admin.actor, draft.id)
    clock.advance(hours=1)
    agreements.sign_agreement(place.treasurer.actor, draft.id)
    terms = agreements.see_agreement(place.admin.actor, draft.id)[1][0]
    assert (terms.first_signed_at, terms.signed_at) == (noon, noon + timedelta(hours=1))
    assert terms.owner_signed_at is None
    newest = agreements.amend_agreement(
        street.owner.actor, street.agreement.id, read_version=1, terms=terms_of(street.fund)
    )
    agreements.sign_agreement(street.owner.actor, newest.id)
    assert agreements.see_agreement(street.owner.actor, newest.id)[1][0].owner_signed_at == clock.now()


def test_its_end_is_told_of_thirty_seven_and_one_days_before_to_both_sides_once_each(street: Street, draft: Agreement):
    today = clock.today()

    def told_after(*, days: int) -> list[int]:
        """How many days were said to be left, when so many days of the agreement have gone by."""
        clock.move_to(NOON + timedelta(days=days))
        for _ in range(2):
            atomic(renewals.tell_of_renewals)(street.id, "")
        kind = renewals.ENDS_SOON.name
        rows = list(db.session.scalars(select(Notice).where(Notice.kind == kind).order_by(Notice.id)))
        told = {
            who.person_id: [one.facts["days"] for one in rows if one.person_id == who.person_id]
            for who in (street.place.admin, street.place.treasurer, street.owner)
        }
        assert len(rows) == sum(map(len, told.values()))
        [said] = {tuple(days) for days in told.values()}
        return list(said)

    street.agree(ends_on=today + timedelta(days=31))
    assert told_after(days=0) == []
    assert told_after(days=1) == [30]
    assert told_after(days=2) == [30]
    assert told_after(days=25) == [30, 6]  # The day before no tick came.
    agreements.suspend_agreement(street.place.admin.actor, street.agreement.id)
    assert told_after(days=30) == [30, 6, 1]
    assert told_after(days=40) == [30, 6, 1]
    clock.move_to(NOON + timedelta(days=30))
    street.agree(ends_on=clock.today() + timedelta(days=5))
    assert told_after(days=30) == [30, 6, 1, 5]
    agreements.end_agreement(street.place.admin.actor, street.agreement.id)
    assert told_after(days=34) == [30, 6, 1, 5]


def test_the_owner_signs_the_shops_own_side_only(street: Street):
    admin = street.place.admin.actor
    newest = agreements.amend_agreement(
        street.owner.actor, street.agreement.id, read_version=1, terms=terms_of(street.fund, rate_fen=120)
    )
    agreements.sign_agreement(street.owner.actor, newest.id)
    with pytest.raises(AlreadySigned):
        agreements.sign_agreement(street.owner.actor, newest.id)
    agreements.sign_agreement(admin, newest.id)
    assert agreements.see_agreement(admin, newest.id)[0].version == 1
    agreements.sign_agreement(street.place.treasurer.actor, newest.id)
    _, versions = agreements.see_agreement(admin, newest.id)
    assert (versions[0].version, versions[0].owner_signed_by) == (2, street.owner.person_id)


def test_an_admin_behind_the_counter_does_not_sign_for_the_community(street: Street):
    second = street.place.staff(Role.ADMIN)
    merchants.appoint_clerk(street.place.admin.actor, street.bakery.id, person_id=second.person_id, name=second.name)
    agreements.amend_agreement(
        street.place.admin.actor, street.agreement.id, read_version=1, terms=terms_of(street.fund)
    )
    with pytest.raises(Forbidden):
        agreements.sign_agreement(second.actor, street.agreement.id)


def test_the_street_signs_second_after_two_working_days(street: Street, draft: Agreement):
    officer = street_officer(street.place.community).actor
    with pytest.raises(Forbidden):
        agreements.sign_agreement(officer, draft.id)
    agreements.sign_agreement(street.place.admin.actor, draft.id)
    clock.advance(days=4)  # Friday noon to Tuesday: the second working day is not over.
    with pytest.raises(Forbidden):
        agreements.sign_agreement(officer, draft.id)
    clock.advance(days=1)
    before = count_stand_ins(street.id)
    assert agreements.sign_agreement(officer, draft.id).state == AgreementState.ACTIVE
    assert (before, count_stand_ins(street.id)) == ({}, {"sign_agreement": 1})


def test_an_amendment_is_in_force_when_two_have_signed_it_and_old_redemptions_keep_their_version(street: Street):
    admin, treasurer = street.place.admin.actor, street.place.treasurer.actor
    lin = street.volunteer()
    reserved = street.reserve(lin)
    agreements.amend_agreement(admin, street.agreement.id, read_version=1, terms=terms_of(street.fund, rate_fen=200))
    agreements.sign_agreement(admin, street.agreement.id, version=2)
    assert street.reserve(lin).gross_fen == 200
    agreements.sign_agreement(treasurer, street.agreement.id, version=2)
    dearer = street.reserve(lin)
    assert (dearer.agreement_version, dearer.gross_fen) == (2, 400)
    assert redemptions.confirm(lin.actor, reserved.id).gross_fen == 200


def test_a_lost_race_of_amendments_is_told(street: Street):
    admin = street.place.admin.actor
    agreements.amend_agreement(admin, street.agreement.id, read_version=1, terms=terms_of(street.fund))
    with pytest.raises(VersionChanged):
        agreements.amend_agreement(admin, street.agreement.id, read_version=1, terms=terms_of(street.fund))


def test_whoever_signs_an_older_draft_than_the_newest_is_told(street: Street):
    admin = street.place.admin.actor
    for read in (1, 2):
        agreements.amend_agreement(admin, street.agreement.id, read_version=read, terms=terms_of(street.fund))
    with pytest.raises(VersionChanged):
        agreements.sign_agreement(admin, street.agreement.id, version=2)


def test_a_replaced_draft_loses_its_signatures(street: Street, draft: Agreement):
    admin, treasurer = street.place.admin.actor, street.place.treasurer.actor
    agreements.sign_agreement(admin, draft.id)
    agreements.amend_agreement(admin, draft.id, read_version=1, terms=terms_of(street.fund))
    assert agreements.sign_agreement(treasurer, draft.id).state == AgreementState.DRAFT
    assert agreements.sign_agreement(admin, draft.id).version == 2


def test_a_shop_has_one_agreement_at_a_time_and_a_new_one_after_its_end(street: Street):
    admin = street.place.admin.actor
    with pytest.raises(AlreadyExists):
        agreements.draft_agreement(admin, street.bakery.id, terms=terms_of(street.fund))
    agreements.end_agreement(admin, street.agreement.id)
    fresh = agreements.draft_agreement(admin, street.bakery.id, terms=terms_of(street.fund))
    assert (street.agreement.number, fresh.number) == ("2026-001", "2026-002")


@pytest.mark.parametrize(
    ("turn", "states"),
    [
        ("suspend_agreement", {"active"}),
        ("resume_agreement", {"suspended"}),
        ("end_agreement", {"draft", "active", "suspended"}),
    ],
)
def test_states_lead_on_only_as_they_should(street: Street, draft: Agreement, turn: str, states: set[str]):
    admin, treasurer = street.place.admin.actor, street.place.treasurer.actor
    verb = getattr(agreements, turn)
    worked = set()
    steps = [
        lambda: None,
        lambda: [agreements.sign_agreement(person, draft.id) for person in (admin, treasurer)],
        lambda: agreements.suspend_agreement(admin, draft.id),
    ]

    class Undo(Exception):
        """Ends the trial so that the next state can be tried on the same agreement."""

    @atomic
    def attempt() -> None:
        verb(admin, draft.id)
        raise Undo

    for step in steps:
        step()
        state = agreements.see_agreement(admin, draft.id)[0].state
        try:
            attempt()
        except Undo:
            worked.add(state)
        except WrongState:
            pass
    assert worked == states


def test_rights_end_at_the_community_and_at_the_own_shop(street: Street, draft: Agreement):
    place = street.place
    terms = terms_of(street.fund)
    for person in (street.volunteer(), place.stamper, place.supervisor, street.clerk):
        with pytest.raises(Forbidden):
            agreements.draft_agreement(person.actor, street.bakery.id, terms=terms)
        with pytest.raises(Forbidden):
            agreements.sign_agreement(person.actor, draft.id)
        with pytest.raises(Forbidden):
            agreements.end_agreement(person.actor, draft.id)
    with pytest.raises(Forbidden):
        agreements.see_agreement(street.owner.actor, draft.id)
    with pytest.raises(Forbidden):
        agreements.list_agreements(street.volunteer().actor)
    assert [one.id for one, _ in agreements.list_agreements(street.owner.actor)] == [street.agreement.id]
    assert len(agreements.list_agreements(place.supervisor.actor)) == 2


def test_nothing_of_another_community_is_found(street: Street):
    other = open_neighbourhood("北塔社区").admin.actor
    for verb in (agreements.sign_agreement, agreements.end_agreement, agreements.see_agreement):
        with pytest.raises(NotFound):
            verb(other, street.agreement.id)
    for merchant_id in (street.bakery.id, new_id()):
        with pytest.raises(NotFound):
            agreements.draft_agreement(other, merchant_id, terms=terms_of(street.fund))


def test_the_first_of_a_year_starts_its_numbers(street: Street):
    admin = street.place.admin.actor
    clock.advance(days=60)
    salon = merchants.create_merchant(admin, "理发店", trade="理发")
    terms = terms_of(street.fund, ends_on=clock.today() + timedelta(days=365))
    assert agreements.draft_agreement(admin, salon.id, terms=terms).number == "2027-001"
