"""The telephone of a community: what is one, how it is kept, and who gives it."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from ledger.core.audit import AuditLine
from ledger.core.db import db
from ledger.core.errors import Forbidden
from ledger.core.outbox import OutboxEvent
from ledger.people import communities, members
from ledger.people.errors import NotATelephone
from ledger.people.telephones import MOST, normalise_telephone
from tests.stories import Neighbourhood, open_neighbourhood


@pytest.fixture
def place(context: object) -> Neighbourhood:
    return open_neighbourhood()


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("0758-2812345", "0758-2812345"),
        ("07582812345", "0758-2812345"),
        ("(0758) 281 2345", "0758-2812345"),
        ("０７５８－２８１２３４５", "0758-2812345"),
        ("+86 758 2812345", "0758-2812345"),
        ("+86 0758 2812345", "0758-2812345"),
        ("010-62345678", "010-62345678"),
        ("021 6234 5678", "021-62345678"),
        ("+86 10 62345678", "010-62345678"),
        ("0755-82345678", "0755-82345678"),
        ("13800000000", "13800000000"),
        ("+86 138-0000-0000", "13800000000"),
        ("4008123456", "400-8123456"),
        ("800-812-3456", "800-8123456"),
    ],
)
def test_a_number_is_kept_as_one_dials_it(typed: str, kept: str) -> None:
    assert normalise_telephone(typed) == kept
    assert len(kept) <= MOST
    assert normalise_telephone(kept) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "", "-", "110", "2812345", "0758", "0758-281234", "0758-281234567", "12800000000", "138000000001",
        "004400000000", "+44 20 7946 0000", "+86", "0758-281234a", "javascript:alert(1)", "0758-2812345;ext=1",
        "٠٧٥٨٢٨١٢٣٤٥", "0758-2812345\n0758-2812345",
    ],
)  # fmt: skip
def test_what_cannot_be_called_is_none(typed: str) -> None:
    with pytest.raises(NotATelephone):
        normalise_telephone(typed)


def test_an_admin_gives_another_number_and_takes_it_away(place: Neighbourhood) -> None:
    assert members.load_community(place.id).telephone is None
    assert communities.set_telephone(place.admin.actor, "0758 2812345").telephone == "0758-2812345"
    assert members.load_community(place.id).telephone == "0758-2812345"
    assert communities.set_telephone(place.admin.actor, None).telephone is None


def test_a_number_that_is_none_changes_nothing(place: Neighbourhood) -> None:
    communities.set_telephone(place.admin.actor, "0758-2812345")
    with pytest.raises(NotATelephone):
        communities.set_telephone(place.admin.actor, "110")
    assert members.load_community(place.id).telephone == "0758-2812345"


def test_nobody_but_an_admin_gives_it(place: Neighbourhood) -> None:
    for other in (place.treasurer, place.supervisor, place.volunteer(), open_neighbourhood("北塔社区").treasurer):
        with pytest.raises(Forbidden):
            communities.set_telephone(other.actor, "0758-2812345")


def test_it_is_written_down_who_changed_it_but_not_the_whole_number(place: Neighbourhood) -> None:
    communities.set_telephone(place.admin.actor, "13812345678")
    query = select(AuditLine.actor_id, AuditLine.thing_id, AuditLine.detail)
    [line] = db.session.execute(query.where(AuditLine.action == "people.set_telephone"))
    assert line == (place.admin.person_id, place.id, {"ends_in": "5678"})
    events = select(OutboxEvent.payload).where(OutboxEvent.kind == "community.changed")
    assert db.session.scalars(events).all() == [{}]


def test_the_neighbours_keep_their_own(place: Neighbourhood) -> None:
    north = open_neighbourhood("北塔社区")
    communities.set_telephone(place.admin.actor, "0758-2812345")
    assert members.load_community(north.id).telephone is None
