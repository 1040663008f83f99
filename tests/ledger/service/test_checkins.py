"""Arriving and leaving: nobody plausible is refused, what cannot be is, and the minutes are exact."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from ledger.core import clock
from ledger.core.db import db
from ledger.core.errors import Forbidden, NotFound
from ledger.core.ids import new_id
from ledger.core.tenancy import Role, load
from ledger.people.models import Member, MemberState
from ledger.service import codes
from ledger.service.checkins import Kind, Via, record_checkin
from ledger.service.codes import read_scan
from ledger.service.errors import (
    ActivityTooFar,
    DuplicateCheckin,
    GrantExpired,
    GrantUsed,
    LiveCodeExpired,
    MemberGone,
    NoOpenVisit,
    OtherCommunity,
    Overlap,
    UnknownCard,
    UnknownCode,
)
from ledger.service.evidence import Review
from ledger.service.models import Checkin, CheckinState, Decision, Evidence
from ledger.service.stamps import stamp_checkins
from tests.ledger.service.day import ELEVEN, NINE, SECOND, Day
from tests.stories import open_neighbourhood

OPENING = NINE - timedelta(minutes=15)
GRACE = ELEVEN + timedelta(minutes=30)


def fresh(visit: Checkin) -> Checkin:
    db.session.expire_all()
    return load(visit.community_id, Checkin, visit.id)


# --- the nine boundaries ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arrived_at", "reasons", "minutes"),
    [
        pytest.param(OPENING - SECOND, [Review.BEFORE_OPENING], 120, id="a second before the door opens"),
        pytest.param(OPENING, [], 120, id="when the door opens"),
        pytest.param(NINE - SECOND, [], 120, id="a second before the start"),
        pytest.param(NINE, [], 120, id="at the start"),
        pytest.param(NINE + SECOND, [], 119, id="a second after the start"),
        pytest.param(ELEVEN - SECOND, [], 0, id="a second before the end"),
        pytest.param(ELEVEN, [Review.AFTER_END], 0, id="at the end"),
    ],
)
def test_the_door_opens_before_the_start_and_closes_at_the_end(day: Day, arrived_at, reasons, minutes):
    person = day.place.volunteer()
    assert day.arrive(person, arrived_at).reasons == reasons
    assert day.leave(person, max(arrived_at, ELEVEN)).minutes == minutes


@pytest.mark.parametrize(
    ("left_at", "reasons"),
    [
        pytest.param(GRACE, [], id="when the grace ends"),
        pytest.param(GRACE + SECOND, [Review.LEFT_AFTER_GRACE], id="a second after the grace"),
    ],
)
def test_check_out_is_possible_until_the_grace_is_over(day: Day, left_at, reasons):
    person = day.place.volunteer()
    day.arrive(person, NINE)
    visit = day.leave(person, left_at)
    assert (visit.reasons, visit.minutes) == (reasons, 120)


def test_leaving_early_counts_until_then(day: Day):
    person = day.place.volunteer()
    day.arrive(person, NINE)
    assert day.leave(person, NINE + timedelta(minutes=47, seconds=59)).minutes == 47


# --- what a visit is ----------------------------------------------------------------------------------------------


def test_a_visit_is_open_then_pending(day: Day):
    person = day.place.volunteer()
    arrived = day.arrive(person, NINE)
    assert (arrived.state, arrived.minutes) == (CheckinState.OPEN, None)
    left = day.leave(person, ELEVEN)
    assert (left.id, fresh(left).state, fresh(left).minutes) == (arrived.id, CheckinState.PENDING, 120)


def test_a_note_of_the_visit_is_kept(day: Day):
    note = {"category": "老人", "need": "修灯", "follow_up": "周三"}
    assert fresh(day.arrive(day.place.volunteer(), NINE, note=note)).note == note


def test_checking_in_twice_is_refused(day: Day):
    person = day.place.volunteer()
    day.arrive(person, NINE)
    with pytest.raises(DuplicateCheckin):
        day.arrive(person, NINE + timedelta(minutes=1))


def test_a_finished_visit_is_not_begun_again(day: Day):
    person = day.place.volunteer()
    day.served(person)
    with pytest.raises(DuplicateCheckin):
        day.arrive(person)


@pytest.mark.parametrize("decision", [Decision.RETURN, Decision.VOID])
def test_after_a_return_or_a_void_the_member_may_check_in_again(day: Day, decision):
    person = day.place.volunteer()
    visit = day.served(person)
    stamp_checkins(day.place.stamper.actor, [visit.id], decision=decision)
    assert day.arrive(person).visit == 2


def test_leaving_without_having_come_is_refused(day: Day):
    with pytest.raises(NoOpenVisit):
        day.leave(day.place.volunteer(), ELEVEN)


def test_leaving_twice_is_refused(day: Day):
    person = day.place.volunteer()
    day.served(person)
    with pytest.raises(NoOpenVisit):
        day.leave(person)


def test_leaving_before_arriving_is_a_clock_that_is_off(day: Day):
    person = day.place.volunteer()
    day.arrive(person, NINE)
    visit = day.leave(person, NINE + timedelta(minutes=5), happened_at=NINE - timedelta(minutes=5))
    assert (visit.minutes, visit.evidence, visit.reasons) == (0, Evidence.LATER, [Review.CLOCK_OFF])


@pytest.mark.parametrize("away", [timedelta(hours=-12), timedelta(hours=14)])
def test_twelve_hours_away_is_near_enough(day: Day, away):
    assert day.arrive(day.place.volunteer(), NINE + away)


@pytest.mark.parametrize("away", [timedelta(hours=-12) - SECOND, timedelta(hours=14) + SECOND])
def test_more_than_twelve_hours_away_is_refused(day: Day, away):
    with pytest.raises(ActivityTooFar):
        day.arrive(day.place.volunteer(), NINE + away)


def test_a_visit_that_has_not_happened_yet_is_refused(day: Day):
    with pytest.raises(ActivityTooFar):
        day.arrive(day.place.volunteer(), NINE - timedelta(hours=13), happened_at=NINE)


# --- two places ---------------------------------------------------------------------------------------------------


def test_entering_the_next_place_closes_the_visit_before(day: Day):
    person, next_place = day.place.volunteer(), day.another_activity()
    first = day.arrive(person, NINE)
    second = day.arrive(person, NINE + timedelta(minutes=30), to=next_place)
    assert (fresh(first).state, fresh(first).minutes) == (CheckinState.PENDING, 30)
    assert fresh(first).reasons == [Review.CLOSED_BY_NEXT]
    assert fresh(second).state == CheckinState.OPEN


def test_a_visit_inside_another_is_refused(day: Day):
    person, other = day.place.volunteer(), day.another_activity()
    day.served(person)
    with pytest.raises(Overlap):
        day.arrive(person, happened_at=NINE + timedelta(minutes=30), to=other)


@pytest.mark.parametrize("moment", [NINE - timedelta(minutes=1), ELEVEN])
def test_a_visit_beside_another_is_none_of_its_business(day: Day, moment):
    person, other = day.place.volunteer(), day.another_activity()
    day.served(person)
    assert day.arrive(person, happened_at=moment, to=other)


def test_minutes_by_hand_that_meet_another_visit_are_refused(day: Day):
    person, other = day.place.volunteer(), day.another_activity(starts_at=NINE - timedelta(hours=2))
    day.served(person)
    with pytest.raises(Overlap):
        day.arrive(person, happened_at=NINE - timedelta(hours=1), minutes=61, to=other)
    assert day.arrive(person, happened_at=NINE - timedelta(hours=1), minutes=60, to=other)


def test_a_visit_sent_later_ends_where_the_next_one_began(day: Day):
    person, other = day.place.volunteer(), day.another_activity()
    day.arrive(person, NINE + timedelta(minutes=40))
    earlier = day.arrive(person, happened_at=NINE, to=other)
    assert (earlier.state, earlier.minutes) == (CheckinState.PENDING, 40)
    assert Review.CLOSED_BY_NEXT in earlier.reasons


def test_the_real_check_out_sent_later_makes_such_a_visit_shorter(day: Day):
    person, other = day.place.volunteer(), day.another_activity()
    day.arrive(person, NINE + timedelta(minutes=40))
    day.arrive(person, happened_at=NINE, to=other)
    visit = day.leave(person, happened_at=NINE + timedelta(minutes=20), to=other)
    assert (visit.minutes, Review.CLOSED_BY_NEXT in visit.reasons) == (20, False)


def test_the_real_check_out_never_makes_such_a_visit_longer(day: Day):
    person, other = day.place.volunteer(), day.another_activity()
    day.arrive(person, NINE + timedelta(minutes=40))
    day.arrive(person, happened_at=NINE, to=other)
    assert day.leave(person, happened_at=NINE + timedelta(minutes=50), to=other).minutes == 40


def test_an_old_visit_sent_after_a_new_one_does_not_stay_open(day: Day):
    person = day.place.volunteer()
    tomorrow = day.another_activity(starts_at=NINE + timedelta(days=1), ends_at=ELEVEN + timedelta(days=1))
    day.arrive(person, NINE + timedelta(days=1), to=tomorrow)
    visit = day.arrive(person, happened_at=NINE)
    assert (visit.state, visit.minutes, Review.CLOSED_BY_RULE in visit.reasons) == (CheckinState.PENDING, 120, True)


# --- evidence -----------------------------------------------------------------------------------------------------


def test_the_poster_alone_is_weak_evidence(day: Day):
    assert day.arrive(day.place.volunteer(), NINE).evidence == Evidence.POSTER


def test_the_code_on_the_screen_is_better(day: Day):
    visit = day.arrive(day.place.volunteer(), NINE, via=Via(live_code=day.live_code(NINE)))
    assert visit.evidence == Evidence.LIVE_CODE


def test_a_coordinators_scan_is_best(day: Day):
    person, coordinator = day.place.volunteer(), day.place.coordinator
    visit = day.arrive(coordinator, NINE, via=Via(member_id=person.member_id))
    assert (visit.evidence, visit.member_id, visit.recorded_by, visit.on_behalf_of) == (
        Evidence.COORDINATOR_SCAN,
        person.member_id,
        coordinator.person_id,
        person.person_id,
    )


@pytest.mark.parametrize(("evidence", "basis"), [(Evidence.POSTER, "poster_code"), (Evidence.LIVE_CODE, "live_code")])
def test_a_grant_is_worth_what_was_scanned(day: Day, evidence, basis):
    clock.move_to(NINE)
    code = day.activity.poster_code if basis == "poster_code" else day.live_code(NINE)
    grant = read_scan(code, nonce="browser").grant
    assert day.arrive(day.place.volunteer(), via=Via(grant=grant)).evidence == evidence


def test_a_slow_sign_in_loses_nothing(day: Day):
    clock.move_to(NINE)
    grant = read_scan(day.live_code(NINE), nonce="browser").grant
    visit = day.arrive(day.place.volunteer(), NINE + timedelta(minutes=9), via=Via(grant=grant))
    assert (visit.arrived_at, visit.evidence, visit.reasons) == (NINE, Evidence.LIVE_CODE, [])


def test_a_late_entry_by_the_member_is_graded_later(day: Day):
    person = day.place.volunteer()
    at_limit = day.arrive(person, NINE + timedelta(hours=72), happened_at=NINE)
    assert (at_limit.evidence, at_limit.reasons) == (Evidence.POSTER, [Review.SENT_LATER])
    other = day.place.volunteer("王强")
    over = day.arrive(other, NINE + timedelta(hours=72) + SECOND, happened_at=NINE)
    assert (over.evidence, over.reasons) == (Evidence.LATER, [Review.ENTERED_LATE])


def test_a_clock_that_is_ahead_is_graded_later(day: Day):
    at_limit = day.arrive(day.place.volunteer(), NINE, happened_at=NINE + timedelta(minutes=15))
    assert at_limit.evidence == Evidence.POSTER
    over = day.arrive(day.place.volunteer("王强"), NINE, happened_at=NINE + timedelta(minutes=15) + SECOND)
    assert (over.evidence, over.reasons) == (Evidence.LATER, [Review.CLOCK_OFF])


def test_a_time_apart_from_the_scan_is_graded_later(day: Day):
    clock.move_to(NINE + timedelta(hours=1))
    grant = read_scan(day.live_code(clock.now()), nonce="browser").grant
    visit = day.arrive(day.place.volunteer(), via=Via(grant=grant), happened_at=NINE)
    assert (visit.evidence, visit.reasons) == (Evidence.LATER, [Review.CLOCK_OFF])


def test_minutes_by_hand_are_graded_later_whoever_gives_them(day: Day):
    person = day.place.volunteer()
    own = day.arrive(person, ELEVEN, happened_at=NINE, minutes=90)
    assert (own.state, own.minutes, own.evidence) == (CheckinState.PENDING, 90, Evidence.LATER)
    other = day.place.volunteer("王强")
    staffs = day.arrive(day.place.coordinator, happened_at=NINE, minutes=90, via=Via(member_id=other.member_id))
    assert (staffs.evidence, staffs.reasons) == (Evidence.LATER, [Review.BY_HAND])


def test_more_minutes_than_planned_are_pointed_out(day: Day):
    visit = day.arrive(day.place.volunteer(), ELEVEN, happened_at=NINE, minutes=121)
    assert (visit.minutes, visit.reasons) == (121, [Review.BY_HAND, Review.OVER_SCHEDULE])


def test_a_late_check_out_makes_the_visit_a_late_entry(day: Day):
    person = day.place.volunteer()
    day.arrive(person, NINE, via=Via(live_code=day.live_code(NINE)))
    visit = day.leave(person, ELEVEN + timedelta(hours=73), happened_at=ELEVEN)
    assert (visit.evidence, visit.reasons) == (Evidence.LATER, [Review.ENTERED_LATE])


def test_staff_who_record_themselves_make_a_late_entry(day: Day):
    coordinator = day.place.coordinator
    visit = day.arrive(coordinator, NINE, via=Via(member_id=coordinator.member_id))
    assert (visit.evidence, visit.reasons) == (Evidence.LATER, [Review.RECORDED_OWN])


# --- who, and by which code ---------------------------------------------------------------------------------------


def test_a_coordinator_records_in_the_own_part_only(day: Day):
    person = day.place.volunteer()
    beside = day.place.staff(Role.COORDINATOR, unit=day.place.grid_beside())
    with pytest.raises(Forbidden):
        day.arrive(beside, NINE, via=Via(member_id=person.member_id))
    inside = day.place.staff(Role.STAMPER, unit=day.place.grid)
    assert day.arrive(inside, via=Via(member_id=person.member_id))


def test_a_volunteer_records_nobody_else(day: Day):
    other = day.place.volunteer("王强")
    with pytest.raises(Forbidden):
        day.arrive(day.place.volunteer(), NINE, via=Via(member_id=other.member_id))


def test_a_volunteer_acts_for_nobody_unasked(day: Day):
    other = day.place.volunteer("王强")
    with pytest.raises(Forbidden):
        day.arrive(day.place.volunteer(), NINE, on_behalf_of=other.member_id)


def test_staff_act_for_a_member_of_their_part_with_the_code_of_the_place(day: Day):
    elder, coordinator = day.place.volunteer("马奶奶"), day.place.coordinator
    visit = day.arrive(coordinator, NINE, on_behalf_of=elder.member_id)
    assert (visit.member_id, visit.on_behalf_of, visit.evidence, visit.reasons) == (
        elder.member_id,
        elder.person_id,
        Evidence.POSTER,
        [Review.BY_HELPER],
    )


def test_whoever_is_no_member_checks_in_nowhere(day: Day):
    from ledger.core.tenancy import Actor, Counter

    clerk = Actor(person_id=new_id(), community_id=day.place.id, counters=(Counter(Role.CLERK, new_id()),))
    with pytest.raises(Forbidden):
        record_checkin(clerk, day.activity.id, kind=Kind.IN, via=Via(poster_code=day.activity.poster_code))


def test_members_and_activities_of_other_communities_do_not_exist(day: Day):
    elsewhere = open_neighbourhood("北塔社区")
    stranger = elsewhere.volunteer("外人")
    with pytest.raises(NotFound):
        day.arrive(day.place.coordinator, NINE, via=Via(member_id=stranger.member_id))
    with pytest.raises(NotFound):
        day.arrive(stranger, NINE)


def test_who_has_left_is_not_checked_in(day: Day):
    person = day.place.volunteer()
    db.session.execute(
        Member.__table__.update().where(Member.id == person.member_id).values(state=MemberState.LEFT)  # type: ignore[attr-defined]
    )
    db.session.commit()
    with pytest.raises(MemberGone):
        day.arrive(day.place.coordinator, NINE, via=Via(member_id=person.member_id))


def test_no_card_is_known_yet(day: Day):
    with pytest.raises(UnknownCard):
        day.arrive(day.place.volunteer(), NINE, via=Via(card_code="ABCD2345"))


def test_the_poster_of_another_activity_proves_nothing_here(day: Day):
    other = day.another_activity()
    for via in (Via(poster_code=other.poster_code), Via(live_code=day.live_code(NINE, of=other))):
        with pytest.raises(UnknownCode):
            day.arrive(day.place.volunteer(), NINE, via=via)


def test_the_code_of_another_community_is_named_as_such(day: Day):
    from tests.ledger.service.day import open_day

    elsewhere = open_day()
    clock.move_to(NINE)
    person = day.place.volunteer()
    foreign = [
        Via(poster_code=elsewhere.activity.poster_code),
        Via(live_code=elsewhere.live_code(NINE)),
        Via(grant=read_scan(elsewhere.activity.poster_code, nonce="browser").grant),
    ]
    for via in foreign:
        with pytest.raises(OtherCommunity):
            day.arrive(person, via=via)


def test_a_made_up_code_is_unknown(day: Day):
    for code in ("QQQQ-2345678923", f"{day.place.community.short_code}-2345678923", "x"):
        with pytest.raises(UnknownCode):
            day.arrive(day.place.volunteer(), NINE, via=Via(poster_code=code))


def test_a_live_code_is_good_for_one_step_either_way(day: Day):
    code = day.live_code(NINE)
    late = NINE + timedelta(seconds=2 * codes.STEP_SECONDS)
    assert day.arrive(day.place.volunteer(), late - SECOND, via=Via(live_code=code))
    with pytest.raises(LiveCodeExpired):
        day.arrive(day.place.volunteer("王强"), late, via=Via(live_code=code))


def test_a_live_code_read_without_network_is_good_for_the_moment_it_was_read(day: Day):
    code = day.live_code(NINE)
    visit = day.arrive(day.place.volunteer(), NINE + timedelta(hours=5), happened_at=NINE, via=Via(live_code=code))
    assert (visit.evidence, visit.arrived_at) == (Evidence.LIVE_CODE, NINE)


def test_a_grant_of_another_activity_proves_nothing_here(day: Day):
    clock.move_to(NINE)
    grant = read_scan(day.another_activity().poster_code, nonce="browser").grant
    with pytest.raises(UnknownCode):
        day.arrive(day.place.volunteer(), via=Via(grant=grant))


def test_an_old_grant_is_refused(day: Day):
    clock.move_to(NINE)
    grant = read_scan(day.activity.poster_code, nonce="browser").grant
    with pytest.raises(GrantExpired):
        day.arrive(day.place.volunteer(), NINE + timedelta(minutes=10), via=Via(grant=grant))


def test_a_grant_passed_on_is_refused(day: Day):
    clock.move_to(NINE)
    grant = read_scan(day.activity.poster_code, nonce="browser").grant
    day.arrive(day.place.volunteer(), via=Via(grant=grant))
    with pytest.raises(GrantUsed):
        day.arrive(day.place.volunteer("王强"), via=Via(grant=grant))


def test_one_grant_takes_one_person_in_and_out(day: Day):
    clock.move_to(NINE)
    person, grant = day.place.volunteer(), read_scan(day.activity.poster_code, nonce="browser").grant
    day.arrive(person, via=Via(grant=grant))
    assert day.leave(person, NINE + timedelta(minutes=5), via=Via(grant=grant)).state == CheckinState.PENDING


def test_a_refused_check_in_leaves_nothing_behind(day: Day):
    person = day.place.volunteer()
    day.served(person)
    with pytest.raises(Overlap):
        day.arrive(person, happened_at=NINE, to=day.another_activity())
    assert db.session.scalar(select(func.count()).select_from(Checkin)) == 1
