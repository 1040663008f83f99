"""Caps, budgets, multipliers and evidence at the stamp: what is counted, when, and by whom it cannot be got round."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from flask import Flask

from ledger.book.balances import member_balance
from ledger.core import clock
from ledger.core.db import db
from ledger.core.tenancy import Role, load
from ledger.people import grants
from ledger.people.merges import approve_merge, ask_merge
from ledger.people.models import PostKind
from ledger.service import mine, queue
from ledger.service.earning import Multiplier, RuleTerms
from ledger.service.models import Basis, Checkin, CheckinState, Decision, Evidence, EvidencePolicy, Stamp
from ledger.service.programmes import change_rule
from ledger.service.stamps import preview_stamps, stamp_checkins
from ledger.service.undoing import undo_stamp
from tests.ledger.service.day import NINE, Day
from tests.ledger.service.test_stamps import code_for, count_statements, state_of, wallet
from tests.stories import Neighbour


def rule(day: Day, **more: Any) -> None:
    """Five flowers an hour, and this."""
    found = day.place.admin.actor
    terms = RuleTerms(Basis.PER_HOUR, 5, **more)
    version = load(day.place.id, type(day.programme), day.programme.id).rule_version
    change_rule(found, day.programme.id, version=version, terms=terms)


def served(day: Day, person: Neighbour, at: datetime = NINE, hours: float = 1) -> Checkin:
    """One visit of its own activity, from `at` on."""
    length = timedelta(hours=hours)
    clock.move_to(max(clock.now(), at - timedelta(hours=1)))
    activity = day.another_activity(starts_at=at, ends_at=at + length)
    day.arrive(person, at, to=activity)
    return day.leave(person, at + length, to=activity)


def points_of(day: Day, *visits: Checkin, by: Neighbour | None = None) -> list[int | str]:
    """What each got when all were stamped at once, or why not."""
    stamper = (by or day.place.stamper).actor
    batch = stamp_checkins(stamper, [visit.id for visit in visits], decision=Decision.STAMP)
    return [one.code or one.points for one in batch.results]


def after(hours: float) -> datetime:
    return NINE + timedelta(hours=hours)


def test_f6_points_farming_many_short_visits_of_a_day_earn_the_days_cap_and_all_their_hours(day: Day):
    rule(day, max_points_day=8)
    person = day.place.volunteer()
    visits = [served(day, person, after(n * 0.5), hours=0.5) for n in range(8)]
    assert points_of(day, *reversed(visits[:4])) == [2, 2, 2, 2]
    assert points_of(day, *visits[4:]) == [0, 0, 0, 0]
    assert wallet(person) == (8, 0, 240)
    told = queue.see_checkin(day.place.stamper.actor, visits[4].id).decided
    assert told is not None
    assert told.stamp.explanation == "30 分钟 × 5 = 2 朵，当日已得 8 朵，每天最多 8 朵，计 0 朵"


def test_a_late_stamp_counts_on_the_day_of_the_visit(day: Day):
    rule(day, max_points_day=5, max_points_month=12)
    person = day.place.volunteer()
    first, same_day = served(day, person), served(day, person, after(2))
    next_day, third_day = served(day, person, after(24)), served(day, person, after(48))
    december = served(day, person, after(24 * 11))
    assert points_of(day, third_day, december) == [5, 5]
    assert points_of(day, same_day) == [5]
    assert points_of(day, first, next_day) == [0, 2]


def test_undo_return_and_stamp_again_stay_within_the_cap_and_give_back_what_was(day: Day):
    rule(day, max_points_week=8)
    person = day.place.volunteer()
    one, two = served(day, person), served(day, person, after(2))
    stamps = [result.stamp_id for result in _stamp(day, one, two).results]
    assert wallet(person)[0] == 8
    undo_stamp(day.place.stamper.actor, stamps[0])
    assert wallet(person) == (3, 0, 60)
    assert points_of(day, one) == [5]
    undo_stamp(day.place.stamper.actor, stamps[1])
    stamp_checkins(day.place.stamper.actor, [two.id], decision=Decision.RETURN)
    assert wallet(person) == (5, 0, 60)


def _stamp(day: Day, *visits: Checkin) -> Any:
    return stamp_checkins(day.place.stamper.actor, [visit.id for visit in visits], decision=Decision.STAMP)


def test_what_the_budget_cannot_pay_waits_and_is_stamped_when_there_is_room(day: Day):
    rule(day, budget_points=12)
    people = [day.place.volunteer(f"志愿者{n}") for n in range(3)]
    visits = [served(day, person, after(n)) for n, person in enumerate(people)]
    assert points_of(day, *visits) == [5, 5, "budget_exhausted"]
    assert (state_of(visits[2]), wallet(people[2])) == (CheckinState.PENDING, (0, 0, 0))
    stamp = queue.see_checkin(day.place.stamper.actor, visits[0].id).decided
    assert stamp is not None
    undo_stamp(day.place.stamper.actor, stamp.stamp.id)
    assert points_of(day, visits[2]) == [5]
    next_month = served(day, people[0], after(24 * 11))
    assert points_of(day, next_month) == [5]


def test_a_preview_shows_exactly_the_rows_that_the_stamp_writes(day: Day):
    rule(day, max_points_day=8, budget_points=12, multipliers=(Multiplier(PostKind.UNIT_STEWARD, 120),))
    leader, other = day.place.volunteer(), day.place.volunteer("王强")
    clock.move_to(NINE - timedelta(minutes=30))
    grants.give_post(
        day.place.admin.actor, leader.member_id, kind=PostKind.UNIT_STEWARD, unit_id=day.place.micro_grid.id
    )
    visits = [served(day, leader), served(day, leader, after(2)), served(day, other, after(3))]
    stamper, ids = day.place.stamper.actor, [visit.id for visit in visits][::-1]
    expected = mine.expected_points(queue.list_checkins(leader.actor))
    shown = preview_stamps(stamper, ids, decision=Decision.STAMP)
    done = stamp_checkins(stamper, ids, decision=Decision.STAMP, preview_digest=shown.preview_digest)
    assert [row._replace(stamp_id=None) for row in done.results] == shown.results
    assert [row.code or row.points for row in done.results] == ["budget_exhausted", 2, 6]
    assert expected == {visits[0].id: 6, visits[1].id: 2}


def test_a_post_multiplies_what_began_while_it_was_held(day: Day):
    rule(day, multipliers=(Multiplier(PostKind.MICRO_GRID_LEADER, 200),))
    person, admin = day.place.volunteer(), day.place.admin.actor
    before = served(day, person, after(0))
    clock.move_to(after(1.5))
    post = grants.give_post(admin, person.member_id, kind=PostKind.MICRO_GRID_LEADER, unit_id=day.place.micro_grid.id)
    during = served(day, person, after(2))
    clock.move_to(after(3.5))
    grants.end_post(admin, post.id)
    afterwards = served(day, person, after(4))
    assert points_of(day, before, during, afterwards) == [5, 10, 5]


def test_a_rule_decides_by_evidence_between_one_stamper_two_and_hours_only(day: Day):
    rule(day, evidence={Evidence.POSTER: EvidencePolicy.SECOND, Evidence.COORDINATOR_SCAN: EvidencePolicy.NONE})
    person, other = day.place.volunteer(), day.place.volunteer("王强")
    by_poster = served(day, person)
    assert points_of(day, by_poster) == [0]
    assert state_of(by_poster) == CheckinState.AWAITING_SECOND
    assert code_for(day, by_poster, day.place.stamper) == "same_stamper"
    assert points_of(day, by_poster, by=day.place.admin) == [5]
    scanned = _scanned(day, other)
    assert points_of(day, scanned) == [0]
    assert (state_of(scanned), wallet(other)) == (CheckinState.STAMPED, (0, 0, 60))


def _scanned(day: Day, person: Neighbour) -> Checkin:
    from ledger.service.checkins import Via

    activity = day.another_activity(starts_at=after(2), ends_at=after(3))
    via = Via(member_id=person.member_id)
    day.arrive(day.place.coordinator, after(2), to=activity, via=via)
    return day.leave(day.place.coordinator, after(3), to=activity, via=via)


def test_two_accounts_that_became_one_share_their_caps(day: Day):
    rule(day, max_points_member=8)
    old, new = day.place.volunteer(), day.place.volunteer("林秀芳二")
    first = served(day, old)
    assert points_of(day, first) == [5]
    merge = ask_merge(day.place.admin.actor, old.member_id, new.member_id, reason="同一人")
    approve_merge(day.place.treasurer.actor, merge.id)
    assert points_of(day, served(day, new, after(24))) == [3]


def test_a_complete_rule_takes_five_statements_more_however_many_visits(day: Day):
    """The posts held, the wallets locked, the budget locked, what members earned, what the programme gave."""
    before = [day.served(day.place.volunteer(f"早到{number}")) for number in range(2)]
    stamper = day.place.stamper.actor

    def press(visits: list[Checkin]) -> None:
        stamp_checkins(stamper, [visit.id for visit in visits], decision=Decision.STAMP)

    plain = count_statements(lambda: press(before))
    rule(
        day, max_points_day=8, max_points_member=500, budget_points=900,
        multipliers=(Multiplier(PostKind.UNIT_STEWARD, 120),),
    )  # fmt: skip
    visits = [served(day, day.place.volunteer(f"志愿者{number}"), after(24)) for number in range(14)]
    assert count_statements(lambda: press(visits[:2])) == plain + 5
    assert count_statements(lambda: press(visits[2:])) == plain + 5


def stamp_at_once(app: Flask, stampers: list[Neighbour], piles: list[list[UUID]]) -> list[str | None]:
    """Each stamper presses at the same moment, on an own pile; the codes of all rows."""
    actors = [stamper.actor for stamper in stampers]
    db.session.remove()
    barrier = threading.Barrier(len(actors))

    def press(place: int) -> list[str | None]:
        with app.app_context():
            barrier.wait()
            batch = stamp_checkins(actors[place], piles[place], decision=Decision.STAMP)
            return [one.code for one in batch.results]

    with ThreadPoolExecutor(len(actors)) as threads:
        return [code for codes in threads.map(press, range(len(actors))) for code in codes]


def test_two_stampers_at_once_overspend_neither_the_budget_nor_a_members_cap(app: Flask, day: Day):
    rule(day, max_points_day=8, budget_points=28)
    people = [day.place.volunteer(f"志愿者{n}") for n in range(4)]
    visits = [served(day, person, after(n)) for n, person in enumerate(people)]
    visits += [served(day, person, after(n)) for n, person in enumerate(people, start=4)]
    stampers = [day.place.stamper, day.place.staff(Role.STAMPER), day.place.staff(Role.STAMPER), day.place.admin]
    piles = [[visit.id for visit in visits[n::4]] for n in range(4)]
    piles[1], piles[2] = [piles[1][0], piles[2][1]], [piles[2][0], piles[1][1]]
    codes = stamp_at_once(app, stampers, piles)
    given = [member_balance(day.place.id, person.member_id).posted for person in people if person.member_id]
    assert max(given) <= 8
    assert sum(given) <= 28
    assert codes.count("budget_exhausted") == 8 - sum(_is_stamped(visit) for visit in visits)
    assert sum(given) >= 28 - 4  # What fits is given: nothing is refused that the budget could pay.


def _is_stamped(visit: Checkin) -> bool:
    return state_of(visit) == CheckinState.STAMPED


def test_a_stamp_keeps_the_programme_and_the_day_that_it_counts_on(day: Day):
    clock.move_to(NINE)
    midnight = datetime(2026, 11, 20, 16, 0, tzinfo=NINE.tzinfo)
    visit = served(day, day.place.volunteer(), midnight)
    stamp = load(day.place.id, Stamp, day.stamp([visit.id]))
    assert (stamp.programme_id, stamp.credited_on) == (day.programme.id, date(2026, 11, 21))
