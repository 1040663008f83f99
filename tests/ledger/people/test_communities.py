"""Opening a community, and what reaches a phone."""

from __future__ import annotations

import pytest
from flask import Flask

from ledger.core.errors import Forbidden
from ledger.core.tenancy import Actor, Role, system_actor
from ledger.people import communities, deliveries, sign_in
from tests.stories import Neighbourhood, next_phone, open_neighbourhood


@pytest.fixture
def place(context: object) -> Neighbourhood:
    return open_neighbourhood()


def test_a_community_opens_with_two_staff_accounts(place: Neighbourhood) -> None:
    assert place.admin.actor.has(Role.ADMIN)
    assert place.treasurer.actor.has(Role.TREASURER)
    assert place.community.short_code == "NH"


def test_short_codes_are_never_shared(place: Neighbourhood) -> None:
    assert open_neighbourhood("南湖社区").community.short_code == "NH2"


def test_only_an_operator_opens_communities(place: Neighbourhood) -> None:
    with pytest.raises(Forbidden):
        communities.open_community(place.admin.actor, "新社区", staff=[])
    with pytest.raises(Forbidden):
        communities.open_street(Actor(person_id=place.admin.person_id), "街道")
    assert communities.open_street(system_actor(None), "街道").name == "街道"


def test_without_a_gateway_messages_wait(context: Flask) -> None:
    phone = next_phone()
    sign_in.send_code(phone, "127.0.0.1")
    assert deliveries.deliver_now(phone)
    assert deliveries.deliver_waiting() == 0
    assert deliveries.last_message_to(phone) is not None
