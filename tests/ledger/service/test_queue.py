"""Who sees which check-ins, and why one is not stamped yet."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ledger.core.errors import Forbidden, NotFound
from ledger.core.ids import new_id
from ledger.core.tenancy import Actor, Counter, Role
from ledger.service.models import CheckinState, Decision, Evidence
from ledger.service.queue import WAITING, list_checkins, see_checkin
from ledger.service.stamps import stamp_checkins
from tests.ledger.service.day import ELEVEN, NINE, Day
from tests.stories import Neighbour, open_neighbourhood, street_officer

NOON = ELEVEN + timedelta(hours=1)


def seen_by(person: Neighbour, **asked: object) -> list[str]:
    return [view.member_name for view in list_checkins(person.actor, **asked)]


@pytest.fixture
def two(day: Day) -> tuple[Neighbour, Neighbour]:
    """One served in the first grid, then another in the second."""
    here, there = day.place.volunteer("林秀芳"), day.place.volunteer("王大强")
    beside = day.place.grid_beside()
    day.served(here)
    noon = day.another_activity(unit=beside, starts_at=ELEVEN, ends_at=NOON)
    day.arrive(there, ELEVEN + timedelta(minutes=1), to=noon)
    day.leave(there, NOON, to=noon)
    return here, there


def test_a_volunteer_sees_the_own_visits(day: Day, two):
    assert [seen_by(person) for person in two] == [["林秀芳"], ["王大强"]]


def test_staff_see_their_part(day: Day, two):
    for role in (Role.COORDINATOR, Role.STAMPER):
        assert seen_by(day.place.staff(role, unit=day.place.grid)) == ["林秀芳"]


def test_admin_and_supervisor_see_the_community_newest_first(day: Day, two):
    for person in (day.place.admin, day.place.supervisor):
        assert seen_by(person) == ["王大强", "林秀芳"]


def test_the_street_sees_masked_names(day: Day, two):
    assert seen_by(street_officer(day.place.community)) == ["王*强", "林*芳"]


def test_a_treasurer_sees_only_what_is_the_own(day: Day, two):
    assert seen_by(day.place.treasurer) == []


def test_a_shop_sees_no_check_ins(day: Day, two):
    clerk = Actor(person_id=new_id(), community_id=day.place.id, counters=(Counter(Role.CLERK, new_id()),))
    with pytest.raises(Forbidden):
        list_checkins(clerk)


def test_another_community_sees_nothing(day: Day, two):
    assert seen_by(open_neighbourhood("北塔社区").admin) == []


def test_list_and_single_agree(day: Day, two):
    everything = [view.checkin.id for view in list_checkins(day.place.admin.actor)]
    people = [*two, day.place.staff(Role.STAMPER, unit=day.place.grid), day.place.treasurer, day.place.supervisor]
    for person in people:
        listed = {view.checkin.id for view in list_checkins(person.actor)}
        for checkin_id in everything:
            if checkin_id in listed:
                assert see_checkin(person.actor, checkin_id).checkin.id == checkin_id
            else:
                with pytest.raises(Forbidden):
                    see_checkin(person.actor, checkin_id)


def test_a_single_one_of_another_community_does_not_exist(day: Day, two):
    checkin_id = list_checkins(two[0].actor)[0].checkin.id
    with pytest.raises(NotFound):
        see_checkin(open_neighbourhood("北塔社区").admin.actor, checkin_id)


def test_the_queue_is_narrowed_by_what_is_asked(day: Day, two):
    admin = day.place.admin
    arrived = day.arrive(day.place.volunteer("马明"), NOON)
    assert seen_by(admin, status=CheckinState.OPEN) == ["马明"]
    assert seen_by(admin, status=CheckinState.PENDING) == ["王大强", "林秀芳"]
    assert seen_by(admin, activity_id=day.activity.id) == ["马明", "林秀芳"]
    assert seen_by(admin, evidence=Evidence.LIVE_CODE) == []
    assert seen_by(admin, unit_id=day.place.grid.id) == ["马明", "林秀芳"]
    assert seen_by(admin, member_id=two[1].member_id) == ["王大强"]
    assert seen_by(admin, after=arrived.id) == ["王大强", "林秀芳"]
    assert seen_by(admin, limit=1) == ["马明"]


def test_a_unit_of_another_community_does_not_exist(day: Day):
    with pytest.raises(NotFound):
        list_checkins(day.place.admin.actor, unit_id=open_neighbourhood("北塔社区").grid.id)


def test_a_volunteer_learns_what_a_visit_waits_for(day: Day):
    person = day.place.volunteer()
    visit = day.arrive(person, NINE)
    arrived = see_checkin(person.actor, visit.id)
    assert (arrived.waiting_for, arrived.expected_by) == ("check_out", ELEVEN + timedelta(minutes=30))
    day.leave(person, ELEVEN)
    # Friday: three working days later is Wednesday, until midnight in Yinchuan.
    pending = see_checkin(person.actor, visit.id)
    assert (pending.waiting_for, pending.expected_by) == ("stamp", datetime(2026, 11, 25, 16, tzinfo=UTC))
    day.stamp([visit.id])
    stamped = see_checkin(person.actor, visit.id)
    assert (stamped.waiting_for, stamped.expected_by) == (None, None)
    assert stamped.decided is not None
    assert stamped.decided.stamp.points == 10


def test_a_volunteer_reads_why_a_visit_was_returned(day: Day):
    person = day.place.volunteer()
    visit = day.served(person)
    stamp_checkins(day.place.stamper.actor, [visit.id], decision=Decision.RETURN, note="请补充地点")
    view = see_checkin(person.actor, visit.id)
    assert view.decided is not None
    assert (view.waiting_for, view.decided.batch.note) == ("correction", "请补充地点")


def test_a_late_entry_waits_for_the_second_stamper(day: Day):
    person = day.place.volunteer()
    visit = day.served_late(person)
    day.stamp([visit.id])
    assert see_checkin(person.actor, visit.id).waiting_for == "second_stamp"


def test_every_reason_to_wait_has_its_sentence_in_both_languages():
    assert all(zh and en for zh, en in WAITING.values())
