"""The card's flowers: one for each stamped service, ten on a card, gone when the stamp is undone."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ledger.core import clock
from ledger.core.errors import Forbidden
from ledger.people import helping
from ledger.people.helping_models import Relation
from ledger.service import mine
from ledger.service.undoing import undo_stamp
from tests.ledger.service.day import ELEVEN, NINE, Day
from tests.stories import Neighbour


@pytest.fixture
def lin(day: Day) -> Neighbour:
    return day.place.volunteer()


def serve_often(day: Day, person: Neighbour, times: int) -> None:
    """So many stamped services, one a day."""
    for number in range(times):
        starts = NINE + timedelta(days=number)
        clock.move_to(starts - timedelta(hours=2))
        activity = day.another_activity(starts_at=starts, ends_at=starts + timedelta(hours=2))
        day.arrive(person, starts, to=activity)
        day.stamp([day.leave(person, starts + timedelta(hours=2), to=activity).id])


def test_nobody_has_flowers_before_a_stamp(day: Day, lin: Neighbour) -> None:
    day.served(lin)
    assert mine.flower_book(lin.actor, lin.member_id) == (0, [], None)


def test_ten_on_a_card_and_the_newest_card_first(day: Day, lin: Neighbour) -> None:
    serve_often(day, lin, 12)
    book = mine.flower_book(lin.actor, lin.member_id)
    assert (book.flowers, book.before) == (12, None)
    assert [(card.number, len(card.flowers)) for card in book.cards] == [(2, 2), (1, 10)]
    oldest = book.cards[1].flowers[0]
    assert (oldest.at, oldest.points, oldest.activity) == (NINE, 10, "送餐")
    assert [one.at for one in book.cards[0].flowers] == [one.at for one in mine.newest_card(lin.actor)]


def test_older_cards_are_asked_for_by_number(day: Day, lin: Neighbour) -> None:
    serve_often(day, lin, 21)
    newest = mine.flower_book(lin.actor, lin.member_id, limit=1)
    assert ([card.number for card in newest.cards], newest.before) == ([3], 3)
    older = mine.flower_book(lin.actor, lin.member_id, before=newest.before, limit=2)
    assert ([card.number for card in older.cards], older.before) == ([2, 1], None)
    assert mine.flower_book(lin.actor, lin.member_id, before=1).cards == []


def test_what_is_undone_leaves_the_card(day: Day, lin: Neighbour) -> None:
    stamp_id = day.stamped(lin)
    [card] = mine.flower_book(lin.actor, lin.member_id).cards
    assert [flower.stamp_id for flower in card.flowers] == [stamp_id]
    clock.move_to(ELEVEN + timedelta(minutes=5))
    undo_stamp(day.place.stamper.actor, stamp_id)
    assert mine.flower_book(lin.actor, lin.member_id).cards == []


def test_staff_of_the_part_and_a_helper_see_it_and_others_do_not(day: Day, lin: Neighbour) -> None:
    day.stamped(lin)
    daughter = day.place.volunteer("林小燕")
    with pytest.raises(Forbidden):
        mine.flower_book(daughter.actor, lin.member_id)
    link = day.place.helper_link(lin, daughter, Relation.CHILD)
    helping.agree(daughter.actor, link.id)
    for reader in (daughter, day.place.coordinator, day.place.admin):
        assert mine.flower_book(reader.actor, lin.member_id).flowers == 1
    with pytest.raises(Forbidden):
        mine.flower_book(day.place.treasurer.actor, lin.member_id)
