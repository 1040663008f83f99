"""A service of every day: a visit belongs to one day and is judged by the hours of that day."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import func, select

from ledger.core import clock
from ledger.core.db import db
from ledger.core.errors import Forbidden, WrongState
from ledger.core.tenancy import load
from ledger.service import days, evidence, mine
from ledger.service.activities import ActivityPlan, cancel_activity, count_visits, list_activities
from ledger.service.checkins import Kind, Via, record_checkin
from ledger.service.codes import live_code_at, read_scan, step_of
from ledger.service.errors import (
    ActivityOver,
    ActivityTimes,
    ActivityTooFar,
    DuplicateCheckin,
    GrantUsed,
    NotStanding,
    Overlap,
    StandsEveryDay,
)
from ledger.service.evidence import Review
from ledger.service.forgotten import close_forgotten
from ledger.service.models import NO_END, Activity, ActivityKind, Checkin, CheckinState, Evidence
from ledger.service.sign_ups import sign_up
from ledger.service.standing import Daily, end_standing, open_standing
from tests.ledger.service.day import NINE, SECOND, Day
from tests.ledger.service.doors import stand

EIGHT = NINE - timedelta(hours=1)
SIX = NINE + timedelta(hours=9)
MINUTE, HOUR, ONE_DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
FRIDAY = date(2026, 11, 20)


def day_of(visit: Checkin) -> Activity:
    return load(visit.community_id, Activity, visit.activity_id)


def local(year: int, month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=clock.SHANGHAI).astimezone(UTC)


def test_a_visit_belongs_to_its_day_and_each_day_begins_anew(day: Day):
    standing, person = stand(day), day.place.volunteer()
    day.arrive(person, NINE, to=standing)
    first = day.leave(person, NINE + HOUR, to=standing)
    day.arrive(person, NINE + ONE_DAY, to=standing)
    second = day.leave(person, NINE + ONE_DAY + 2 * HOUR, to=standing)
    assert [(day_of(one).day, day_of(one).kind, one.minutes) for one in (first, second)] == [
        (FRIDAY, ActivityKind.DAY, 60),
        (FRIDAY + ONE_DAY, ActivityKind.DAY, 120),
    ]
    assert (day_of(first).starts_at, day_of(first).ends_at) == (EIGHT, SIX)
    with pytest.raises(DuplicateCheckin):
        day.arrive(person, NINE + ONE_DAY + 3 * HOUR, to=standing)
    shown = [view.activity.id for view in list_activities(person.actor)]
    assert (shown.count(standing.id), day_of(first).id in shown) == (1, False)
    assert count_visits(day.place.id, [standing.id]) == {standing.id: 2}


def test_the_nine_boundaries_hold_for_the_hours_of_the_day(day: Day):
    standing = stand(day)
    opening, grace = EIGHT - 15 * MINUTE, SIX + 30 * MINUTE
    arrivals: tuple[tuple[datetime, list[Review], datetime], ...] = (
        (opening - SECOND, [Review.BEFORE_OPENING], EIGHT), (opening, [], EIGHT), (EIGHT - SECOND, [], EIGHT),
        (EIGHT, [], EIGHT), (EIGHT + SECOND, [], EIGHT + SECOND), (SIX - SECOND, [], SIX - SECOND),
        (SIX, [Review.AFTER_END], SIX),
    )  # fmt: skip
    for number, (moment, reasons, credited) in enumerate(arrivals):
        visit = day.arrive(day.place.volunteer(f"志愿者{number}"), moment, to=standing)
        assert (visit.reasons, evidence.credit_starts(day_of(visit), visit.arrived_at)) == (reasons, credited)
    late = day.place.volunteer("王强"), day.place.volunteer("李梅")
    for person in late:
        day.arrive(person, SIX - HOUR, to=standing)
    assert day.leave(late[0], grace, to=standing).reasons == []
    left = day.leave(late[1], grace + SECOND, to=standing)
    assert (left.reasons, left.minutes) == ([Review.LEFT_AFTER_GRACE], 60)


def test_more_than_twelve_hours_from_the_days_hours_is_refused(day: Day):
    standing, person = stand(day, opens=14 * 60, closes=15 * 60), day.place.volunteer()
    with pytest.raises(ActivityTooFar):
        day.arrive(person, local(2026, 11, 22, 2) - SECOND, to=standing)
    early = day.arrive(person, local(2026, 11, 22, 2), to=standing)
    assert (day_of(early).day, early.reasons) == (date(2026, 11, 22), [Review.BEFORE_OPENING])


@pytest.mark.parametrize(
    ("moment", "belongs_to"),
    [
        (local(2026, 11, 30, 21, 45), date(2026, 11, 30)),  # The door opens.
        (local(2026, 11, 30, 23, 59), date(2026, 11, 30)),
        (local(2026, 12, 1, 0, 0), date(2026, 11, 30)),  # Midnight, and a new month.
        (local(2026, 12, 1, 6, 30), date(2026, 11, 30)),  # The grace is over.
        (local(2026, 12, 1, 6, 31), date(2026, 12, 1)),  # From then on the day counts as any day.
        (local(2027, 1, 1, 2, 0), date(2026, 12, 31)),  # A new year.
        (local(2028, 3, 1, 2, 0), date(2028, 2, 29)),
    ],
)
def test_a_night_belongs_to_the_day_it_began_on(context, moment, belongs_to):
    night = Activity(opens_minute=22 * 60, closes_minute=6 * 60, opens_before_minutes=15, closes_after_minutes=30)
    assert days.day_of(night, moment) == belongs_to


def test_who_is_late_to_leave_a_night_still_leaves_it_until_the_next_door_opens(day: Day):
    standing, person = stand(day, opens=22 * 60, closes=6 * 60), day.place.volunteer()
    visit = day.arrive(person, local(2026, 11, 20, 22), to=standing)
    clock.move_to(local(2026, 11, 21, 8))
    prospect = mine.look_ahead(person.actor, standing)
    assert (prospect.kind, prospect.here.id) == (Kind.OUT, visit.id)
    left = day.leave(person, to=standing)
    assert (left.id, left.minutes, left.reasons) == (visit.id, 480, [Review.LEFT_AFTER_GRACE])


def test_a_service_without_a_night_changes_its_day_at_midnight(context):
    whole = Activity(opens_minute=0, closes_minute=0, opens_before_minutes=15, closes_after_minutes=30)
    midnight = local(2027, 1, 1, 0)
    assert days.hours_on(whole, date(2026, 12, 31)) == (midnight - ONE_DAY, midnight)
    assert [days.day_of(whole, midnight + step) for step in (-SECOND, 0 * SECOND, 5 * MINUTE)] == [
        date(2026, 12, 31), date(2027, 1, 1), date(2027, 1, 1),
    ]  # fmt: skip


def test_who_works_through_midnight_leaves_the_day_they_came_on(day: Day):
    standing, person = stand(day, opens=20 * 60, closes=0), day.place.volunteer()
    arrived = day.arrive(person, local(2026, 12, 31, 23), to=standing)
    left = day.leave(person, local(2027, 1, 1, 0, 20), to=standing)
    assert (left.id, left.minutes, left.reasons, day_of(left).day) == (arrived.id, 60, [], date(2026, 12, 31))


def test_a_forgotten_check_out_ends_with_that_days_hours(day: Day):
    standing, person = stand(day), day.place.volunteer()
    visit = day.arrive(person, NINE, to=standing)
    clock.move_to(SIX + 30 * MINUTE)
    assert close_forgotten(day.place.system) == 0
    clock.move_to(SIX + 30 * MINUTE + SECOND)
    assert close_forgotten(day.place.system) == 1
    db.session.expire_all()
    closed = load(day.place.id, Checkin, visit.id)
    assert (closed.left_at, closed.minutes, closed.reasons) == (SIX, 540, [Review.CLOSED_BY_RULE])


def test_who_forgot_yesterday_arrives_anew_today_and_yesterday_ends_with_its_hours(day: Day):
    standing, person = stand(day), day.place.volunteer()
    yesterday = day.arrive(person, NINE, to=standing)
    clock.move_to(NINE + ONE_DAY)
    assert mine.look_ahead(person.actor, standing).kind is Kind.IN
    day.arrive(person, to=standing)
    db.session.expire_all()
    closed = load(day.place.id, Checkin, yesterday.id)
    assert (closed.state, closed.minutes, closed.reasons) == (CheckinState.PENDING, 540, [Review.CLOSED_BY_NEXT])


def test_entering_the_standing_service_closes_the_visit_elsewhere_and_overlaps_are_refused(day: Day):
    standing, person = stand(day), day.place.volunteer()
    elsewhere = day.arrive(person, NINE)
    day.arrive(person, NINE + HOUR, to=standing)
    db.session.expire_all()
    assert load(day.place.id, Checkin, elsewhere.id).reasons == [Review.CLOSED_BY_NEXT]
    day.leave(person, NINE + 2 * HOUR, to=standing)
    other = day.another_activity(starts_at=NINE, ends_at=NINE + 3 * HOUR)
    with pytest.raises(Overlap):
        day.arrive(person, to=other, happened_at=NINE + 90 * MINUTE)


def test_a_late_entry_belongs_to_the_day_it_happened_on(day: Day):
    standing, person = stand(day), day.place.volunteer()
    clock.move_to(NINE + 4 * ONE_DAY)
    visit = day.arrive(person, to=standing, happened_at=NINE, minutes=120)
    assert (day_of(visit).day, visit.evidence, visit.minutes) == (FRIDAY, Evidence.LATER, 120)


def test_scan_live_code_and_staff_lead_to_the_day(day: Day):
    standing = stand(day)
    people = [day.place.volunteer(name) for name in ("林秀芳", "王强", "李梅")]
    clock.move_to(NINE)
    shown = live_code_at(standing, step_of(NINE))
    assert read_scan(shown, nonce="12345678").activity.id == standing.id
    grant = read_scan(standing.poster_code, nonce="12345678").grant
    ways = [(people[0], Via(grant=grant)), (people[1], Via(live_code=shown))]
    visits = [record_checkin(one.actor, standing.id, kind=Kind.IN, via=via) for one, via in ways]
    staff = Via(member_id=people[2].member_id)
    visits.append(record_checkin(day.place.coordinator.actor, standing.id, kind=Kind.IN, via=staff))
    assert {one.activity_id for one in visits} == {day_of(visits[0]).id}
    assert [one.evidence for one in visits] == [Evidence.POSTER, Evidence.LIVE_CODE, Evidence.COORDINATOR_SCAN]
    # The day's own id is as good: its visits are checked out of there.
    out = record_checkin(
        people[1].actor, day_of(visits[0]).id, kind=Kind.OUT, via=Via(poster_code=standing.poster_code)
    )
    assert out.id == visits[1].id


def test_looking_at_a_scan_writes_no_day(day: Day):
    standing, person = stand(day), day.place.volunteer()
    clock.move_to(NINE)
    assert mine.look_ahead(person.actor, read_scan(standing.poster_code, nonce="12345678").activity).kind is Kind.IN
    days_written = select(func.count()).select_from(Activity).where(Activity.standing_id == standing.id)
    assert db.session.scalar(days_written) == 0


def test_ending_stops_it_from_tomorrow(day: Day):
    standing, person, late = stand(day), day.place.volunteer(), day.place.volunteer("王强")
    visit = day.arrive(person, NINE, to=standing)
    end_standing(day.place.coordinator.actor, standing.id, reason="换了负责人")
    assert day.arrive(late, NINE + HOUR, to=standing).state == CheckinState.OPEN
    assert day.leave(person, SIX, to=standing).id == visit.id
    with pytest.raises(ActivityOver):
        day.arrive(person, NINE + ONE_DAY, to=standing)
    clock.move_to(NINE + 2 * ONE_DAY)
    with pytest.raises(ActivityOver):
        read_scan(standing.poster_code, nonce="12345678")
    with pytest.raises(WrongState):
        end_standing(day.place.admin.actor, standing.id, reason="再停")


def test_a_night_that_began_on_the_last_day_is_left_after_midnight(day: Day):
    standing, person = stand(day, opens=22 * 60, closes=6 * 60), day.place.volunteer()
    visit = day.arrive(person, local(2026, 11, 20, 22), to=standing)
    end_standing(day.place.admin.actor, standing.id, reason="停办")
    assert day.leave(person, local(2026, 11, 21, 5), to=standing).id == visit.id
    with pytest.raises(ActivityOver):
        day.arrive(day.place.volunteer("王强"), local(2026, 11, 21, 22), to=standing)


def test_what_a_standing_service_is_not(day: Day):
    standing, person, admin = stand(day), day.place.volunteer(), day.place.admin.actor
    with pytest.raises(StandsEveryDay):
        cancel_activity(admin, standing.id, reason="雨")
    with pytest.raises(StandsEveryDay):
        sign_up(person.actor, standing.id)
    with pytest.raises(NotStanding):
        end_standing(admin, day.activity.id, reason="雨")
    with pytest.raises(Forbidden):
        end_standing(person.actor, standing.id, reason="雨")
    plan = ActivityPlan(name="走访", place="院里", starts_at=NINE, ends_at=NO_END)
    with pytest.raises(ActivityTimes):
        open_standing(
            admin, day.programme.id, unit_id=day.place.grid.id, plan=plan,
            daily=Daily(opens_minute=0, closes_minute=60, since=FRIDAY - ONE_DAY),
        )  # fmt: skip


def test_one_that_is_ended_before_its_first_day_never_opens(day: Day):
    plan = ActivityPlan(name="走访", place="院里", starts_at=NINE, ends_at=NO_END)
    standing = open_standing(
        day.place.admin.actor, day.programme.id, unit_id=day.place.grid.id, plan=plan,
        daily=Daily(opens_minute=480, closes_minute=600, since=FRIDAY + 3 * ONE_DAY),
    )  # fmt: skip
    with pytest.raises(ActivityTooFar):
        day.arrive(day.place.volunteer(), NINE + 2 * ONE_DAY, to=standing)
    end_standing(day.place.admin.actor, standing.id, reason="不办了")
    with pytest.raises(ActivityOver):
        day.arrive(day.place.volunteer("王强"), NINE + 3 * ONE_DAY, to=standing)


def test_the_first_two_of_a_day_find_the_same_day(app, day: Day):
    standing = stand(day)
    people = [day.place.volunteer(name).actor for name in ("林秀芳", "王强", "李梅", "周红")]
    clock.move_to(NINE)
    db.session.remove()
    found, start = [], threading.Barrier(len(people))

    def arrive(actor):
        with app.app_context():
            start.wait()
            via = Via(poster_code=standing.poster_code)
            found.append(record_checkin(actor, standing.id, kind=Kind.IN, via=via).activity_id)
            db.session.remove()

    threads = [threading.Thread(target=arrive, args=(actor,)) for actor in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(found), len(set(found))) == (4, 1)


# --- F5: proxy check-in and time padding --------------------------------------------------------------------------


def test_f5_a_standing_service_pads_no_time_and_lets_nobody_in_for_another(day: Day):
    standing, person, friend = stand(day), day.place.volunteer(), day.place.volunteer("王强")
    clock.move_to(NINE)
    # A friend's scan is the friend's; a member's id is no way in for anybody but staff.
    grant = read_scan(standing.poster_code, nonce="12345678").grant
    record_checkin(friend.actor, standing.id, kind=Kind.IN, via=Via(grant=grant))
    with pytest.raises(GrantUsed):
        record_checkin(person.actor, standing.id, kind=Kind.IN, via=Via(grant=grant))
    with pytest.raises(Forbidden):
        record_checkin(friend.actor, standing.id, kind=Kind.IN, via=Via(member_id=person.member_id))
    # Coming before the hours and leaving after them credits no minute outside of the day's hours.
    early = day.arrive(person, EIGHT - 3 * HOUR + ONE_DAY, to=standing)
    left = day.leave(person, SIX + 2 * HOUR + ONE_DAY, to=standing)
    assert (left.id, left.minutes) == (early.id, 600)
    assert set(left.reasons) == {Review.BEFORE_OPENING, Review.LEFT_AFTER_GRACE}
    # Minutes typed by hand say so, and the next day is no longer service of this one.
    by_hand = day.arrive(friend, NINE + 2 * ONE_DAY, to=standing, minutes=700)
    assert (by_hand.evidence, set(by_hand.reasons)) == (Evidence.LATER, {Review.BY_HAND, Review.OVER_SCHEDULE})
