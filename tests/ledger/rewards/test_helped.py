"""Redeeming for somebody else: a relative's word is the member's, staff only reserve, and no clerk is both."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from ledger.book import statements
from ledger.book.accounts import wallet_of
from ledger.book.models import Transfer
from ledger.book.reading import account_of
from ledger.core.audit import AuditLine
from ledger.core.db import db
from ledger.core.errors import Forbidden, WrongState
from ledger.people import helping, inbox
from ledger.people.helping_models import HelperLink, Relation
from ledger.rewards import merchants, receipts, redemptions
from ledger.rewards.errors import OwnRedemption
from ledger.rewards.models import Redemption, RedemptionState
from tests.ledger.rewards.street import Street
from tests.stories import Neighbour


def helper_of(street: Street, member: Neighbour, helper: Neighbour) -> HelperLink:
    """The helper acts for the member from now on."""
    link = street.place.helper_link(member, helper, Relation.CHILD)
    return helping.agree(helper.actor, link.id)


@pytest.fixture
def lin(street: Street) -> Neighbour:
    return street.volunteer()


@pytest.fixture
def daughter(street: Street, lin: Neighbour) -> Neighbour:
    helper = street.volunteer(0, "林小燕")
    helper_of(street, lin, helper)
    return helper


def reserve_for(street: Street, helper: Neighbour, member: Neighbour) -> Redemption:
    return redemptions.reserve(helper.actor, street.loaf.id, way=street.poster, on_behalf_of=member.member_id)


def told(person: Neighbour) -> list[str]:
    kinds = [seen.notice.kind for seen in inbox.list_notices(person.actor)]
    return [kind for kind in kinds if kind.startswith("redemption.")]


def test_a_relatives_confirmation_counts_as_the_members(street, lin, daughter):
    reserved = reserve_for(street, daughter, lin)
    done = redemptions.confirm(daughter.actor, reserved.id)
    assert (done.state, street.available(lin), street.available(daughter)) == (RedemptionState.CONFIRMED, 80, 0)
    assert (done.reserved_by, done.confirmed_by, done.on_behalf_of) == (
        daughter.person_id,
        daughter.person_id,
        lin.person_id,
    )
    assert told(lin) == ["redemption.helped_confirmed", "redemption.helped_reserved"]
    assert told(daughter) == []


def test_transfers_and_audit_name_owner_and_actor(street, lin, daughter):
    done = redemptions.confirm(daughter.actor, reserve_for(street, daughter, lin).id)
    moved = select(Transfer.actor_id, Transfer.on_behalf_of).where(Transfer.source_id == done.id)
    assert set(db.session.execute(moved).tuples()) == {(daughter.person_id, lin.person_id)}
    lines = select(AuditLine.on_behalf_of).where(AuditLine.thing_id == done.id)
    assert set(db.session.scalars(lines)) == {lin.person_id}


def test_the_statement_and_the_receipt_show_who_acted(street, lin, daughter):
    done = redemptions.confirm(daughter.actor, reserve_for(street, daughter, lin).id)
    entry = statements.make_statement(street.id, account_of(street.id, wallet_of(lin.member_id))).entries[0]
    assert (entry.actor_id, entry.on_behalf_of) == (daughter.person_id, lin.person_id)
    for reader, name in ((street.clerk, "林*燕"), (street.place.admin, "林小燕")):
        assert receipts.see_redemption(reader.actor, done.id).acted_by == [name]
    for reader in (lin, daughter):
        seen = receipts.see_redemption(reader.actor, done.id)
        assert (seen.member_name, seen.acted_by) == ("林秀芳", ["林小燕"])


def test_a_members_own_redemption_names_nobody_else(street, lin):
    bought = street.buy(lin)
    assert (receipts.see_redemption(lin.actor, bought.id).acted_by, told(lin)) == ([], [])


def test_a_relative_confirms_what_a_clerk_reserved_with_the_members_code(street, lin, daughter):
    done = redemptions.confirm(daughter.actor, street.serve(lin).id)
    assert (done.on_behalf_of, receipts.see_redemption(lin.actor, done.id).acted_by) == (lin.person_id, ["林小燕"])
    assert told(lin) == ["redemption.helped_confirmed"]


def test_the_member_confirms_what_the_relative_chose(street, lin, daughter):
    done = redemptions.confirm(lin.actor, reserve_for(street, daughter, lin).id)
    assert (done.confirmed_by, receipts.see_redemption(lin.actor, done.id).acted_by) == (lin.person_id, ["林小燕"])
    moved = select(Transfer.on_behalf_of).where(Transfer.source_id == done.id)
    assert set(db.session.scalars(moved)) == {None}
    assert told(lin) == ["redemption.helped_reserved"]


def test_staff_only_reserve_and_may_give_back_what_they_reserved(street, lin):
    staff = street.place.coordinator
    reserved = reserve_for(street, staff, lin)
    with pytest.raises(Forbidden):
        redemptions.confirm(staff.actor, reserved.id)
    with pytest.raises(Forbidden):
        redemptions.cancel(street.place.admin.actor, reserved.id)
    assert redemptions.cancel(staff.actor, reserved.id).state == RedemptionState.CANCELLED
    assert told(lin) == ["redemption.helped_cancelled", "redemption.helped_reserved"]
    assert street.available(lin) == 100


def test_a_relative_gives_back_what_the_member_reserved_and_the_member_is_told(street, lin, daughter):
    redemptions.cancel(daughter.actor, street.reserve(lin).id)
    assert told(lin) == ["redemption.helped_cancelled"]


def test_the_counter_cancels_on_nobodys_behalf(street, lin, daughter):
    reserved = reserve_for(street, daughter, lin)
    redemptions.cancel(street.clerk.actor, reserved.id)
    assert told(lin) == ["redemption.helped_reserved"]
    line = select(AuditLine.on_behalf_of).where(AuditLine.action == "rewards.cancel")
    assert db.session.scalars(line).all() == [None]


def test_a_relative_behind_the_counter_neither_reserves_nor_confirms(street, lin, daughter):
    reserved = reserve_for(street, daughter, lin)
    merchants.appoint_clerk(street.place.admin.actor, street.bakery.id, person_id=daughter.person_id, name="小林")
    with pytest.raises(OwnRedemption):
        redemptions.confirm(daughter.actor, reserved.id)
    with pytest.raises(OwnRedemption):
        reserve_for(street, daughter, lin)
    with pytest.raises(OwnRedemption):
        redemptions.confirm(daughter.actor, street.serve(lin).id)
    assert street.available(lin) == 60, "both reservations stand, nothing has moved"


def test_an_ended_link_confirms_nothing(street, lin, daughter):
    reserved = reserve_for(street, daughter, lin)
    [view] = helping.helpers_of(lin.actor, lin.member_id)
    helping.end_help(lin.actor, view.link.id)
    for step in (redemptions.confirm, redemptions.cancel, receipts.see_redemption):
        with pytest.raises(Forbidden):
            step(daughter.actor, reserved.id)
    with pytest.raises(Forbidden):
        reserve_for(street, daughter, lin)


def test_a_helper_sees_the_redemptions_of_whom_they_help(street, lin, daughter):
    bought = street.buy(lin)
    assert [one.redemption.id for one in receipts.list_redemptions(daughter.actor)] == [bought.id]
    assert receipts.list_redemptions(daughter.actor, mine=True) == []
    assert len(receipts.list_redemptions(daughter.actor, member_id=lin.member_id)) == 1


def test_nobody_confirms_twice(street, lin, daughter):
    reserved = reserve_for(street, daughter, lin)
    redemptions.confirm(daughter.actor, reserved.id)
    with pytest.raises(WrongState):
        redemptions.confirm(lin.actor, reserved.id)
    assert street.available(lin) == 80
