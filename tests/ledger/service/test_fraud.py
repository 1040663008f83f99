"""Fraud at the place of service that must fail, by the numbers of the product."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from ledger.book.models import Transfer
from ledger.core.db import db
from ledger.people import cards, households
from ledger.service import checkins, codes, desk
from ledger.service.checkins import Kind, Via
from ledger.service.errors import DuplicateCheckin, GrantUsed, LiveCodeExpired
from ledger.service.evidence import Review
from ledger.service.models import Checkin, Decision, Evidence
from ledger.service.stamps import stamp_checkins
from tests.ledger.service.day import ELEVEN, NINE, Day

TWO_STEPS = timedelta(seconds=2 * codes.STEP_SECONDS)


def test_f1_nobody_alone_issues_points_for_themself_their_family_or_a_made_up_visit(day: Day):
    admin, child, ghost = day.place.admin, day.place.volunteer("孩子"), day.place.volunteer("王强")
    households.form_household(admin.actor, "李家", member_ids=[admin.member_id, child.member_id])
    own = day.arrive(
        admin, NINE + timedelta(hours=3), via=Via(member_id=admin.member_id), happened_at=NINE, minutes=600
    )
    family = day.served(child)
    made_up = day.arrive(
        admin, to=day.another_activity(), via=Via(member_id=ghost.member_id), happened_at=NINE, minutes=60
    )
    refused = stamp_checkins(admin.actor, [own.id, family.id, made_up.id], decision=Decision.STAMP)
    assert [one.code for one in refused.results] == ["own_checkin", "own_household", "recorded_by_you"]
    [first] = stamp_checkins(day.place.stamper.actor, [own.id], decision=Decision.STAMP).results
    assert (first.status, first.points) == ("awaiting_second", 0), "entered by their own hand, it takes two others"
    assert "over_schedule" in own.reasons
    assert db.session.scalar(select(func.count()).select_from(Transfer)) == 0


def test_f3_a_forwarded_picture_of_the_live_code_is_refused_after_its_time(day: Day):
    code, friend = day.live_code(NINE), day.place.volunteer("王强")
    scan_at = NINE + TWO_STEPS
    with pytest.raises(LiveCodeExpired):
        day.arrive(friend, scan_at, via=Via(live_code=code))
    with pytest.raises(LiveCodeExpired):
        codes.read_scan(code, nonce="browser")


def test_f3_a_forwarded_picture_that_claims_to_be_sent_later_is_worth_a_poster_and_is_pointed_out(day: Day):
    code, friend = day.live_code(NINE), day.place.volunteer("王强")
    visit = day.arrive(friend, NINE + timedelta(minutes=20), happened_at=NINE, via=Via(live_code=code))
    assert (visit.evidence, visit.reasons) == (Evidence.POSTER, [Review.SENT_LATER])


def test_f3_a_grant_that_somebody_forwards_is_good_for_one_person(day: Day):
    grant = codes.read_scan(day.activity.poster_code, nonce="browser").grant
    day.arrive(day.place.volunteer(), via=Via(grant=grant))
    with pytest.raises(GrantUsed):
        day.arrive(day.place.volunteer("王强"), via=Via(grant=grant))


def test_f5_who_recorded_a_visit_in_any_way_cannot_stamp_it(day: Day):
    admin, person = day.place.admin, day.place.volunteer()
    card = cards.hand_out(admin.actor, person.member_id)
    for via in (Via(member_id=person.member_id), Via(card_code=card.code)):
        activity = day.another_activity()
        day.arrive(admin, NINE, to=activity, via=via)
        visit = day.leave(admin, ELEVEN, to=activity, via=via)
        [refused] = stamp_checkins(admin.actor, [visit.id], decision=Decision.STAMP).results
        assert (refused.status, refused.code, refused.points) == (desk.REFUSED, "recorded_by_you", 0)
        stamp_checkins(day.place.stamper.actor, [visit.id], decision=Decision.VOID)


def test_f11_two_phones_without_network_record_a_person_once(day: Day):
    person = day.place.volunteer()
    card = cards.hand_out(day.place.admin.actor, person.member_id)
    first, second = day.place.coordinator, day.place.admin
    day.arrive(first, ELEVEN, happened_at=NINE, via=Via(card_code=card.code))
    with pytest.raises(DuplicateCheckin) as refused:
        checkins.record_checkin(
            second.actor,
            day.activity.id,
            kind=Kind.IN,
            via=Via(card_code=card.code),
            happened_at=NINE + timedelta(minutes=1),
        )
    assert refused.value.sentence("zh")
    assert refused.value.next_step("en")
    assert db.session.scalar(select(func.count()).select_from(Checkin)) == 1
