"""Notices: told to one person, read by nobody else, sent outside the quiet hours, handed over on paper."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from ledger.core import clock, jobs, secrets
from ledger.core.db import atomic, db
from ledger.core.errors import Forbidden, NotFound
from ledger.core.registry import exporters
from ledger.core.tenancy import Role
from ledger.people import deliveries, inbox, members, notice_delivery
from ledger.people.models import Delivery, Notice
from ledger.people.notices import after_quiet_hours, declare, sentence_of, tell
from tests.stories import Neighbour, Neighbourhood, neighbour, open_neighbourhood

QUIET = declare("test.written", zh="记了 {points} 朵。", en="{points} points were written.")
LOUD = declare("test.rang", zh="有人替您签到了。", en="Somebody checked in for you.", by_phone=True)
AFTERNOON = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)
"""Three in the afternoon in Yinchuan."""

said = atomic(tell)


@pytest.fixture
def place(context: Flask) -> Iterator[Neighbourhood]:
    with clock.set_to(AFTERNOON):
        yield open_neighbourhood()


@pytest.fixture
def lin(place: Neighbourhood) -> Neighbour:
    return place.volunteer()


def elder_of(place: Neighbourhood, **more: object) -> Neighbour:
    """A member without a phone."""
    member = members.add_member(place.admin.actor, "王奶奶", unit_id=place.micro_grid.id, **more)
    return neighbour(place.id, "王奶奶", member.person_id, member.id)


def messages() -> list[str]:
    db.session.remove()
    rows = db.session.scalars(select(Delivery).where(Delivery.sealed.is_not(None)).order_by(Delivery.created_at))
    return [json.loads(secrets.unseal(row.sealed, "deliveries"))[1] for row in rows]


def test_a_notice_is_unread_until_its_person_says_so(place, lin):
    notice = said(place.id, lin.person_id, QUIET, points=3)
    assert inbox.count_unread(lin.actor) == 1
    inbox.read_notice(lin.actor, notice.id)
    assert (inbox.count_unread(lin.actor), inbox.list_notices(lin.actor, unread=True)) == (0, [])


def test_the_first_reading_counts(place, lin):
    notice = said(place.id, lin.person_id, QUIET, points=3)
    first = inbox.read_notice(lin.actor, notice.id).read_at
    clock.advance(hours=1)
    assert inbox.read_notice(lin.actor, notice.id).read_at == first


def test_a_notice_speaks_the_readers_language(place, lin):
    notice = said(place.id, lin.person_id, QUIET, points=3)
    assert (sentence_of(notice, "zh"), sentence_of(notice, "en")) == ("记了 3 朵。", "3 points were written.")


def test_newest_comes_first_and_all_can_be_read_at_once(place, lin):
    for points in (1, 2, 3):
        said(place.id, lin.person_id, QUIET, points=points)
    assert [seen.notice.facts["points"] for seen in inbox.list_notices(lin.actor)] == [3, 2, 1]
    assert (inbox.read_all(lin.actor), inbox.read_all(lin.actor)) == (3, 0)


def test_nobody_reads_anothers_notices(place, lin):
    notice = said(place.id, lin.person_id, QUIET, points=3)
    for other in (place.volunteer("邻居"), place.admin):
        assert inbox.list_notices(other.actor) == []
        with pytest.raises(NotFound):
            inbox.read_notice(other.actor, notice.id)


def test_reading_all_of_one_community_leaves_the_others(place, lin):
    other = open_neighbourhood("北塔社区")
    for community_id in (place.id, other.id):
        said(community_id, lin.person_id, QUIET, points=1)
    assert inbox.read_all(lin.actor, community_id=place.id) == 1
    assert (inbox.count_unread(lin.actor), inbox.count_unread(lin.actor, community_id=other.id)) == (1, 1)


def test_who_acted_is_called_by_name_when_the_notice_is_read(place, lin):
    said(place.id, lin.person_id, QUIET, points=1, by=place.admin.person_id.hex)
    assert [seen.by_name for seen in inbox.list_notices(lin.actor)] == ["李社工"]


def test_what_a_person_was_told_is_part_of_their_data(place, lin):
    said(place.id, lin.person_id, QUIET, points=3)
    assert [row["sentence"] for row in exporters["notices"](lin.person_id)["notices"]] == ["记了 3 朵。"]


# --- to the phone -----------------------------------------------------------------------------------------------


def test_a_notice_that_asks_for_it_is_sent_to_the_phone_once(place, lin):
    said(place.id, lin.person_id, QUIET, points=3)
    said(place.id, lin.person_id, LOUD)
    for minute in ("a", "b"):
        atomic(notice_delivery.send_notices)(place.id, minute)
    assert messages() == ["【小红花】有人替您签到了。"]
    assert db.session.scalar(select(func.count()).where(Notice.sent_at.is_not(None))) == 1


def test_the_minutes_in_which_a_message_is_kept_begin_when_it_is_sent(place, lin, monkeypatch):
    clock.move_to(AFTERNOON + timedelta(hours=8))
    said(place.id, lin.person_id, LOUD)
    clock.move_to(AFTERNOON + timedelta(hours=17, minutes=1))
    jobs.tick([place.id])
    taken = []
    monkeypatch.setattr(deliveries, "_gateway", lambda _id, _number, words: taken.append(words))
    assert deliveries.deliver_waiting() == 1
    assert taken == ["【小红花】有人替您签到了。"]


@pytest.mark.parametrize(
    ("hour", "minute", "waits_until"),
    [(20, 59, (20, 20, 59)), (21, 0, (21, 8, 0)), (23, 59, (21, 8, 0)), (7, 59, (20, 8, 0)), (8, 0, (20, 8, 0))],
)
def test_between_nine_and_eight_a_message_waits_for_the_morning(hour, minute, waits_until):
    day, until_hour, until_minute = waits_until
    at = datetime(2026, 11, 20, hour, minute, tzinfo=clock.SHANGHAI)
    assert after_quiet_hours(at) == datetime(2026, 11, day, until_hour, until_minute, tzinfo=clock.SHANGHAI)


def test_a_late_run_does_not_ring_at_night(place, lin):
    clock.move_to(datetime(2026, 11, 20, 20, 59, tzinfo=clock.SHANGHAI))
    said(place.id, lin.person_id, LOUD)
    clock.advance(minutes=2)
    jobs.tick([place.id])
    assert messages() == []
    clock.move_to(datetime(2026, 11, 21, 8, 0, tzinfo=clock.SHANGHAI))
    jobs.tick([place.id])
    assert len(messages()) == 1


def test_a_message_of_yesterday_is_left_to_the_inbox(place, lin):
    said(place.id, lin.person_id, LOUD)
    clock.advance(hours=25)
    jobs.tick([place.id])
    assert (messages(), inbox.count_unread(lin.actor)) == ([], 1)


# --- on paper ---------------------------------------------------------------------------------------------------


def test_a_member_without_a_phone_is_told_on_paper(place, lin):
    elder = elder_of(place)
    for person in (elder, lin):
        said(place.id, person.person_id, LOUD)
    jobs.tick([place.id])
    assert messages() == ["【小红花】有人替您签到了。"], "the elder has no phone"
    waiting = notice_delivery.list_paper_notices(place.coordinator.actor)
    assert [(row.member.name, row.unit.name) for row in waiting] == [("王奶奶", "第一微网格")]
    assert notice_delivery.hand_over(place.coordinator.actor, [waiting[0].notice.id]) == 1
    assert notice_delivery.list_paper_notices(place.coordinator.actor) == []
    assert notice_delivery.hand_over(place.coordinator.actor, [waiting[0].notice.id]) == 0


def test_staff_hand_over_within_their_part_only(place):
    elder, beside = elder_of(place), place.staff(Role.COORDINATOR, unit=place.grid_beside())
    notice = said(place.id, elder.person_id, QUIET, points=1)
    assert notice_delivery.list_paper_notices(beside.actor) == []
    with pytest.raises(Forbidden):
        notice_delivery.hand_over(beside.actor, [notice.id])


def test_volunteers_and_other_communities_hand_over_nothing(place, lin):
    notice = said(place.id, elder_of(place).person_id, QUIET, points=1)
    with pytest.raises(Forbidden):
        notice_delivery.list_paper_notices(lin.actor)
    with pytest.raises(Forbidden):
        notice_delivery.hand_over(lin.actor, [notice.id])
    with pytest.raises(NotFound):
        notice_delivery.hand_over(open_neighbourhood("北塔社区").admin.actor, [notice.id])
