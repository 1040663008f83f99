"""The stamp: who may, what it awards, and how it is taken back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import event, func, select

from ledger.book.accounts import accounts_of_merchant, open_accounts, takings_of, wallet_of
from ledger.book.balances import member_balance
from ledger.book.codes import Code
from ledger.book.models import Transfer
from ledger.book.transfers import Draft, Source, post_transfers
from ledger.core import clock
from ledger.core.db import atomic, db
from ledger.core.errors import Forbidden, NotFound, WrongState
from ledger.core.ids import new_id
from ledger.core.tenancy import Role, load
from ledger.people.households import form_household
from ledger.service.checkins import Via
from ledger.service.errors import DuplicateCheckin, OwnCheckin, OwnHousehold, PreviewChanged, RecordedByYou
from ledger.service.models import Basis, Checkin, CheckinState, Decision, Evidence, Stamp
from ledger.service.programmes import RuleTerms, change_rule
from ledger.service.stamps import preview_stamps, stamp_checkins
from ledger.service.undoing import undo_batch, undo_stamp
from tests.ledger.service.day import ELEVEN, NINE, Day
from tests.stories import Neighbour, open_neighbourhood, street_officer


def state_of(visit: Checkin) -> str:
    db.session.expire_all()
    return load(visit.community_id, Checkin, visit.id).state


def wallet(person: Neighbour) -> tuple[int, int, int]:
    """Points, debt and minutes."""
    assert person.member_id is not None
    figures = member_balance(person.community_id, person.member_id)
    return figures.posted, figures.debt, figures.minutes


def code_for(day: Day, visit: Checkin, by: Neighbour, decision: Decision = Decision.STAMP) -> str | None:
    return stamp_checkins(by.actor, [visit.id], decision=decision).results[0].code


@atomic
def spend(person: Neighbour, points: int) -> None:
    """The person leaves points at a shop."""
    assert person.member_id is not None
    merchant_id = new_id()
    open_accounts(person.community_id, accounts_of_merchant(merchant_id))
    draft = Draft(
        code=Code.REDEEM,
        debit=wallet_of(person.member_id),
        credit=takings_of(merchant_id),
        amount=points,
        source=Source("redemption", new_id(), b"0" * 32),
    )
    post_transfers(person.actor, [draft])


# --- what a stamp awards ------------------------------------------------------------------------------------------


def test_a_stamp_awards_points_and_minutes(day: Day):
    person = day.place.volunteer()
    day.stamped(person)
    assert wallet(person) == (10, 0, 120)


def test_a_stamp_says_why(day: Day):
    visit = day.served(day.place.volunteer())
    result = stamp_checkins(day.place.stamper.actor, [visit.id], decision=Decision.STAMP).results[0]
    assert (result.status, result.points, result.minutes, result.explanation) == (
        CheckinState.STAMPED,
        10,
        120,
        "2 小时 × 5 = 10 朵",
    )
    stamp = load(day.place.id, Stamp, result.stamp_id)
    assert (stamp.rule_version, stamp.explanation, stamp.explanation_en) == (
        1,
        "2 小时 × 5 = 10 朵",
        "2 h × 5 = 10 flowers",
    )


def test_points_and_hours_of_a_stamp_have_it_as_their_source(day: Day):
    stamp_id = day.stamped(day.place.volunteer())
    rows = db.session.scalars(select(Transfer).where(Transfer.source_id == stamp_id))
    assert {(row.code, row.source_type, row.amount) for row in rows} == {
        ("award", "stamp", 10),
        ("hours", "stamp", 120),
    }


def test_service_worth_no_points_still_counts_its_hours(day: Day):
    terms = RuleTerms(Basis.PER_HOUR, points=5, rounding_minutes=15)
    change_rule(day.place.admin.actor, day.programme.id, version=1, terms=terms)
    person = day.place.volunteer()
    day.arrive(person, NINE)
    visit = day.leave(person, NINE + timedelta(minutes=14))
    day.stamp([visit.id])
    assert wallet(person) == (0, 0, 14)


def test_a_visit_without_a_minute_awards_nothing_and_is_stamped(day: Day):
    person = day.place.volunteer()
    day.arrive(person, ELEVEN)
    visit = day.leave(person, ELEVEN)
    day.stamp([visit.id])
    assert (state_of(visit), wallet(person)) == (CheckinState.STAMPED, (0, 0, 0))


def test_one_press_stamps_many(day: Day):
    people = [day.place.volunteer(f"志愿者{number}") for number in range(5)]
    visits = [day.served(person) for person in people]
    batch = stamp_checkins(day.place.stamper.actor, [visit.id for visit in visits], decision=Decision.STAMP)
    assert [result.checkin_id for result in batch.results] == [visit.id for visit in visits]
    assert [wallet(person)[0] for person in people] == [10] * 5


def test_several_visits_of_one_member_are_stamped_together(day: Day):
    person = day.place.volunteer()
    first = day.served(person)
    other = day.another_activity(starts_at=ELEVEN, ends_at=ELEVEN + timedelta(hours=1))
    day.arrive(person, ELEVEN, to=other)
    second = day.leave(person, ELEVEN + timedelta(hours=1), to=other)
    day.stamp([first.id, second.id])
    assert wallet(person) == (15, 0, 180)


def count_statements(work: Callable[[], object]) -> int:
    counted = []

    def count(*_: object) -> None:
        counted.append(1)

    event.listen(db.engine, "before_cursor_execute", count)
    try:
        work()
    finally:
        event.remove(db.engine, "before_cursor_execute", count)
    return len(counted)


def test_stamping_twenty_takes_as_many_statements_as_stamping_two(day: Day):
    stamper = day.place.stamper.actor
    visits = [day.served(day.place.volunteer(f"志愿者{number}")) for number in range(22)]
    ids = [visit.id for visit in visits]
    few = count_statements(lambda: stamp_checkins(stamper, ids[:2], decision=Decision.STAMP))
    many = count_statements(lambda: stamp_checkins(stamper, ids[2:], decision=Decision.STAMP))
    assert many == few


def test_a_return_and_a_void_award_nothing(day: Day):
    for decision, state in ((Decision.RETURN, CheckinState.RETURNED), (Decision.VOID, CheckinState.VOID)):
        person = day.place.volunteer(decision)
        visit = day.served(person)
        stamp_checkins(day.place.stamper.actor, [visit.id], decision=decision, note="请补充")
        assert (state_of(visit), wallet(person)) == (state, (0, 0, 0))


# --- who may ------------------------------------------------------------------------------------------------------


def test_nobody_stamps_themself(day: Day):
    visit = day.served(day.place.stamper)
    assert code_for(day, visit, day.place.stamper) == OwnCheckin.code
    assert state_of(visit) == CheckinState.PENDING


def test_nobody_stamps_their_household(day: Day):
    stamper, wife = day.place.stamper, day.place.volunteer("妻子")
    assert stamper.member_id
    assert wife.member_id
    form_household(day.place.admin.actor, "一家", member_ids=[stamper.member_id, wife.member_id])
    assert code_for(day, day.served(wife), stamper) == OwnHousehold.code


def test_nobody_stamps_what_they_recorded(day: Day):
    admin, person = day.place.admin, day.place.volunteer()
    day.arrive(admin, NINE, via=Via(member_id=person.member_id))
    visit = day.leave(person, ELEVEN)
    assert code_for(day, visit, admin) == RecordedByYou.code


def test_nobody_stamps_what_they_checked_out(day: Day):
    admin, person = day.place.admin, day.place.volunteer()
    day.arrive(person, NINE)
    visit = day.leave(admin, ELEVEN, via=Via(member_id=person.member_id))
    assert code_for(day, visit, admin) == RecordedByYou.code


def test_nobody_stamps_what_they_recorded_as_a_helper(day: Day):
    stamper, elder = day.place.stamper, day.place.volunteer("马奶奶")
    day.arrive(stamper, NINE, on_behalf_of=elder.member_id)
    visit = day.leave(elder, ELEVEN)
    assert code_for(day, visit, stamper) == RecordedByYou.code


@pytest.mark.parametrize("decision", [Decision.RETURN, Decision.VOID])
def test_the_same_people_neither_return_nor_void(day: Day, decision):
    visit = day.served(day.place.stamper)
    assert code_for(day, visit, day.place.stamper, decision) == OwnCheckin.code


def test_a_stamper_stamps_in_the_own_part_only(day: Day):
    visit = day.served(day.place.volunteer())
    beside = day.place.staff(Role.STAMPER, unit=day.place.grid_beside())
    assert code_for(day, visit, beside) == Forbidden.code
    assert code_for(day, visit, day.place.staff(Role.STAMPER, unit=day.place.grid)) is None


def test_others_do_not_stamp_at_all(day: Day):
    visit = day.served(day.place.volunteer())
    others = [day.place.coordinator, day.place.treasurer, day.place.supervisor, day.place.volunteer("王强")]
    for person in [*others, street_officer(day.place.community)]:
        with pytest.raises(Forbidden):
            stamp_checkins(person.actor, [visit.id], decision=Decision.STAMP)


def test_check_ins_of_another_community_do_not_exist(day: Day):
    visit = day.served(day.place.volunteer())
    assert code_for(day, visit, open_neighbourhood("北塔社区").admin) == NotFound.code


def test_refused_ones_do_not_hold_up_the_others(day: Day):
    good, own = day.served(day.place.volunteer()), day.served(day.place.stamper)
    batch = stamp_checkins(day.place.stamper.actor, [own.id, good.id, new_id()], decision=Decision.STAMP)
    assert [result.code for result in batch.results] == [OwnCheckin.code, None, NotFound.code]


def test_what_is_open_or_decided_is_not_stamped(day: Day):
    done = day.served(day.place.volunteer())
    day.stamp([done.id])
    still_here = day.arrive(day.place.volunteer("王强"), NINE)
    for visit in (done, still_here):
        assert code_for(day, visit, day.place.stamper) == WrongState.code


# --- late entries -------------------------------------------------------------------------------------------------


def test_a_members_own_late_entry_takes_two_stampers(day: Day):
    person = day.place.volunteer()
    visit = day.served_late(person)
    assert visit.evidence == Evidence.LATER
    day.stamp([visit.id])
    assert (state_of(visit), wallet(person)) == (CheckinState.AWAITING_SECOND, (0, 0, 0))
    day.stamp([visit.id], by=day.place.admin)
    assert (state_of(visit), wallet(person)) == (CheckinState.STAMPED, (10, 0, 120))


def test_the_second_stamper_is_another_person(day: Day):
    visit = day.served_late(day.place.volunteer())
    day.stamp([visit.id])
    assert code_for(day, visit, day.place.stamper) == "same_stamper"


def test_a_late_entry_by_staff_takes_one_stamper_more(day: Day):
    person = day.place.volunteer()
    visit = day.arrive(
        day.place.coordinator, ELEVEN, via=Via(member_id=person.member_id), happened_at=NINE, minutes=120
    )
    day.stamp([visit.id])
    assert state_of(visit) == CheckinState.STAMPED


def test_a_late_check_out_by_the_member_makes_it_an_own_late_entry(day: Day):
    person = day.place.volunteer()
    day.arrive(day.place.coordinator, NINE, via=Via(member_id=person.member_id))
    visit = day.leave(person, ELEVEN + timedelta(days=4), happened_at=ELEVEN)
    day.stamp([visit.id])
    assert state_of(visit) == CheckinState.AWAITING_SECOND


def test_the_first_of_two_stamps_can_be_undone(day: Day):
    visit = day.served_late(day.place.volunteer())
    undo_stamp(day.place.stamper.actor, day.stamp([visit.id]))
    assert state_of(visit) == CheckinState.PENDING
    day.stamp([visit.id])
    assert state_of(visit) == CheckinState.AWAITING_SECOND


def test_undoing_the_second_stamp_takes_the_first_with_it(day: Day):
    person = day.place.volunteer()
    visit = day.served_late(person)
    day.stamp([visit.id])
    second = day.stamp([visit.id], by=day.place.admin)
    undo_stamp(day.place.admin.actor, second)
    assert (state_of(visit), wallet(person)) == (CheckinState.PENDING, (0, 0, 0))
    day.stamp([visit.id], by=day.place.admin)
    assert state_of(visit) == CheckinState.AWAITING_SECOND


# --- preview ------------------------------------------------------------------------------------------------------


def test_a_preview_shows_what_would_happen_and_stores_nothing(day: Day):
    person = day.place.volunteer()
    visit, own = day.served(person), day.served(day.place.stamper)
    preview = preview_stamps(day.place.stamper.actor, [visit.id, own.id], decision=Decision.STAMP)
    shown = [(result.status, result.points, result.code) for result in preview.results]
    assert shown == [(CheckinState.STAMPED, 10, None), ("refused", 0, OwnCheckin.code)]
    assert (state_of(visit), wallet(person)) == (CheckinState.PENDING, (0, 0, 0))
    assert db.session.scalar(select(func.count()).select_from(Stamp)) == 0


def test_what_was_previewed_is_what_is_stamped(day: Day):
    visit = day.served(day.place.volunteer())
    stamper = day.place.stamper.actor
    preview = preview_stamps(stamper, [visit.id], decision=Decision.STAMP)
    clock.advance(hours=1)
    batch = stamp_checkins(stamper, [visit.id], decision=Decision.STAMP, preview_digest=preview.preview_digest)
    assert [result.points for result in batch.results] == [result.points for result in preview.results]


def test_nothing_is_stamped_when_something_changed_since_the_preview(day: Day):
    visits = [day.served(day.place.volunteer()), day.served(day.place.volunteer("王强"))]
    ids = [visit.id for visit in visits]
    preview = preview_stamps(day.place.stamper.actor, ids, decision=Decision.STAMP)
    day.stamp(ids[:1], by=day.place.admin)
    with pytest.raises(PreviewChanged):
        stamp_checkins(day.place.stamper.actor, ids, decision=Decision.STAMP, preview_digest=preview.preview_digest)
    assert state_of(visits[1]) == CheckinState.PENDING


def test_only_stampers_preview(day: Day):
    with pytest.raises(Forbidden):
        preview_stamps(day.place.volunteer().actor, [new_id()], decision=Decision.STAMP)


# --- undoing ------------------------------------------------------------------------------------------------------


def test_an_undone_stamp_takes_points_and_hours_back(day: Day):
    person = day.place.volunteer()
    stamp_id = day.stamped(person)
    result = undo_stamp(day.place.stamper.actor, stamp_id)
    assert (result.status, result.points, result.minutes) == (CheckinState.PENDING, 10, 120)
    assert wallet(person) == (0, 0, 0)


def test_what_was_spent_becomes_a_debt_that_the_next_award_repays(day: Day):
    person = day.place.volunteer()
    visit = day.served(person)
    stamp_id = day.stamp([visit.id])
    spend(person, 7)
    undo_stamp(day.place.stamper.actor, stamp_id)
    assert wallet(person) == (0, 7, 0)
    day.stamp([visit.id])
    assert wallet(person) == (3, 0, 120)


def test_a_visit_is_stamped_and_undone_as_often_as_needed(day: Day):
    person = day.place.volunteer()
    visit = day.served(person)
    for _ in range(3):
        undo_stamp(day.place.stamper.actor, day.stamp([visit.id]))
    day.stamp([visit.id])
    assert (state_of(visit), wallet(person)) == (CheckinState.STAMPED, (10, 0, 120))


def test_a_stamp_is_undone_once(day: Day):
    stamp_id = day.stamped(day.place.volunteer())
    undo_stamp(day.place.stamper.actor, stamp_id)
    with pytest.raises(WrongState):
        undo_stamp(day.place.stamper.actor, stamp_id)


def test_a_batch_is_undone_at_once(day: Day):
    people = [day.place.volunteer(f"志愿者{number}") for number in range(3)]
    ids = [day.served(person).id for person in people]
    batch = stamp_checkins(day.place.stamper.actor, ids, decision=Decision.STAMP)
    assert batch.batch_id is not None
    undone = undo_batch(day.place.stamper.actor, batch.batch_id)
    assert {result.checkin_id for result in undone.results} == set(ids)
    assert [wallet(person) for person in people] == [(0, 0, 0)] * 3


def test_what_is_undone_already_stays_out_of_the_batch(day: Day):
    ids = [day.served(day.place.volunteer(f"志愿者{number}")).id for number in range(2)]
    batch = stamp_checkins(day.place.stamper.actor, ids, decision=Decision.STAMP)
    assert batch.batch_id is not None
    first = batch.results[0].stamp_id
    assert first is not None
    undo_stamp(day.place.stamper.actor, first)
    undone = undo_batch(day.place.stamper.actor, batch.batch_id)
    assert {result.checkin_id: result.code for result in undone.results} == {ids[0]: WrongState.code, ids[1]: None}


def test_nobody_undoes_for_themself_their_household_or_what_they_recorded(day: Day):
    stamper, admin, wife = day.place.stamper, day.place.admin, day.place.volunteer("妻子")
    assert stamper.member_id
    assert wife.member_id
    form_household(admin.actor, "一家", member_ids=[stamper.member_id, wife.member_id])
    recorded = day.place.volunteer("王强")
    day.arrive(stamper, NINE, on_behalf_of=recorded.member_id)
    visits = {
        OwnCheckin: day.served(stamper),
        OwnHousehold: day.served(wife),
        RecordedByYou: day.leave(recorded, ELEVEN),
    }
    for refusal, visit in visits.items():
        stamp_id = day.stamp([visit.id], by=admin)
        with pytest.raises(refusal):
            undo_stamp(stamper.actor, stamp_id)


def test_undoing_is_for_stampers_of_the_part(day: Day):
    stamp_id = day.stamped(day.place.volunteer())
    beside = day.place.staff(Role.STAMPER, unit=day.place.grid_beside())
    for person in (beside, day.place.coordinator, day.place.treasurer):
        with pytest.raises(Forbidden):
            undo_stamp(person.actor, stamp_id)


def test_stamps_of_another_community_do_not_exist(day: Day):
    stamp_id = day.stamped(day.place.volunteer())
    elsewhere = open_neighbourhood("北塔社区").admin.actor
    batch_id: UUID = load(day.place.id, Stamp, stamp_id).batch_id
    with pytest.raises(NotFound):
        undo_stamp(elsewhere, stamp_id)
    with pytest.raises(NotFound):
        undo_batch(elsewhere, batch_id)


def test_a_returned_visit_waits_again_when_the_return_is_undone(day: Day):
    visit = day.served(day.place.volunteer())
    batch = stamp_checkins(day.place.stamper.actor, [visit.id], decision=Decision.RETURN)
    assert batch.results[0].stamp_id is not None
    undo_stamp(day.place.stamper.actor, batch.results[0].stamp_id)
    assert state_of(visit) == CheckinState.PENDING


def test_a_voided_visit_does_not_come_back_beside_a_new_one(day: Day):
    person = day.place.volunteer()
    visit = day.served(person)
    batch = stamp_checkins(day.place.stamper.actor, [visit.id], decision=Decision.VOID)
    day.arrive(person)
    assert batch.results[0].stamp_id is not None
    with pytest.raises(DuplicateCheckin):
        undo_stamp(day.place.stamper.actor, batch.results[0].stamp_id)
