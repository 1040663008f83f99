"""How a visit is proved: the grade of its evidence, who may record it, and by which code."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ledger.core import clock
from ledger.core.db import db
from ledger.core.errors import Forbidden, NotFound
from ledger.core.ids import new_id
from ledger.core.tenancy import Role
from ledger.people import cards
from ledger.people.card_errors import UnknownCard
from ledger.people.models import Member, MemberState
from ledger.service import codes
from ledger.service.checkins import Kind, Via, record_checkin
from ledger.service.codes import read_scan
from ledger.service.errors import (
    GrantExpired,
    GrantUsed,
    LiveCodeExpired,
    MemberGone,
    OtherCommunity,
    UnknownCode,
)
from ledger.service.evidence import Review
from ledger.service.models import CheckinState, Evidence
from tests.ledger.service.day import ELEVEN, NINE, SECOND, Day
from tests.stories import open_neighbourhood

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
    inside = day.place.staff(Role.COORDINATOR, unit=day.place.grid)
    assert day.arrive(inside, via=Via(member_id=person.member_id))


def test_a_stamper_records_nobody_else(day: Day):
    person = day.place.volunteer()
    with pytest.raises(Forbidden):
        day.arrive(day.place.stamper, NINE, via=Via(member_id=person.member_id))


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


def test_a_card_is_scanned_by_staff_and_an_unknown_one_proves_nothing(day: Day):
    with pytest.raises(UnknownCard):
        day.arrive(day.place.coordinator, NINE, via=Via(card_code="ABCD2345"))
    with pytest.raises(Forbidden):
        day.arrive(day.place.volunteer(), NINE, via=Via(card_code="ABCD2345"))


def test_a_card_counts_for_its_holder_as_scanned_by_the_coordinator(day: Day):
    elder = day.place.volunteer()
    code = cards.hand_out(day.place.coordinator.actor, elder.member_id).code
    visit = day.arrive(day.place.coordinator, NINE, via=Via(card_code=code.lower()))
    assert (visit.member_id, visit.evidence, visit.reasons) == (elder.member_id, Evidence.COORDINATOR_SCAN, [])
    assert (visit.recorded_by, visit.on_behalf_of) == (day.place.coordinator.person_id, elder.person_id)


def test_who_scans_their_own_card_has_recorded_themself(day: Day):
    mine = day.place.coordinator
    code = cards.hand_out(day.place.admin.actor, mine.member_id).code
    visit = day.arrive(mine, NINE, via=Via(card_code=code))
    assert (visit.evidence, visit.reasons) == (Evidence.LATER, ["recorded_own"])


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


def test_a_live_code_read_without_network_is_worth_a_poster_of_the_moment_it_was_read(day: Day):
    code = day.live_code(NINE)
    visit = day.arrive(day.place.volunteer(), NINE + timedelta(hours=5), happened_at=NINE, via=Via(live_code=code))
    assert (visit.evidence, visit.arrived_at, visit.reasons) == (Evidence.POSTER, NINE, [Review.SENT_LATER])


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
