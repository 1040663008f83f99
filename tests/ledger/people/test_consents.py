"""What a person withdraws counts at once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from ledger.core import clock
from ledger.people import consents, members
from ledger.people.errors import ServiceWithdrawn
from ledger.people.models import Purpose
from ledger.rewards import receipts, tills
from tests.ledger.rewards.street import open_street
from tests.ledger.service.day import Day, open_day


@pytest.fixture
def day(context: Flask) -> Iterator[Day]:
    try:
        yield open_day()
    finally:
        clock.move_to(None)


def test_history_says_what_was_given_and_withdrawn(context):
    actor = open_street().volunteer().actor
    consents.change(actor, Purpose.PUBLICATION, given=True)
    consents.change(actor, Purpose.PUBLICATION, given=False)
    rows = [row for row in consents.history(actor.person_id) if row.purpose == Purpose.PUBLICATION]
    assert [row.withdrawn_at is not None for row in rows] == [True]
    standing = {one.purpose: one.given_at for one in consents.standing(actor.person_id)}
    assert (standing[Purpose.PUBLICATION], standing[Purpose.SERVICE] is not None) == (None, True)


def test_the_public_reads_a_name_only_with_consent(context):
    street = open_street()
    lin = street.volunteer()
    assert members.public_names(street.id, [lin.member_id]) == {lin.member_id: "林*芳"}
    consents.change(lin.actor, Purpose.PUBLICATION, given=True)
    assert members.public_names(street.id, [lin.member_id]) == {lin.member_id: "林秀芳"}
    consents.change(lin.actor, Purpose.PUBLICATION, given=False)
    assert members.public_names(street.id, [lin.member_id]) == {lin.member_id: "林*芳"}


def test_a_shop_reads_no_name_once_sharing_is_withdrawn(context):
    street = open_street()
    lin = street.volunteer()
    bought = street.buy(lin)
    assert receipts.see_redemption(street.clerk.actor, bought.id).member_name == "林*芳"
    consents.change(lin.actor, Purpose.SHARING_WITH_SHOPS, given=False)
    assert receipts.see_redemption(street.clerk.actor, bought.id).member_name == members.HIDDEN
    assert receipts.see_redemption(lin.actor, bought.id).member_name == "林秀芳"
    till = tills.open_till(street.clerk.actor, street.branch.id, member_code=street.code_of(lin).code)
    assert till.member_name == members.HIDDEN


def test_no_service_is_recorded_once_it_is_withdrawn(day):
    person = day.place.volunteer()
    consents.change(person.actor, Purpose.SERVICE, given=False)
    with pytest.raises(ServiceWithdrawn):
        day.arrive(person)
    consents.change(person.actor, Purpose.SERVICE, given=True)
    day.arrive(person)


def test_who_never_was_asked_has_withdrawn_nothing(context):
    street = open_street()
    elder = members.add_member(street.place.admin.actor, "王奶奶")
    assert consents.refuse_withdrawn(elder.person_id) == set()
