"""Daily feedback: one a holder, part and day; answered by staff of the part, or the day excused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from uuid import UUID

import pytest
from flask import Flask

from ledger.core import audit, clock
from ledger.core.audit import LineFilter
from ledger.core.errors import AlreadyExists, Forbidden, NotFound, WrongState
from ledger.core.jobs import tick
from ledger.core.registry import erasers, exporters
from ledger.core.second_person import OwnStep
from ledger.core.tenancy import Role
from ledger.people import grants, inbox, members, notice_delivery
from ledger.people.models import Notice, PostKind
from ledger.service import feedback_reading as reading
from ledger.service.errors import ExcuseDay, FeedbackDay, HoldsNoPost
from ledger.service.feedback import NOTHING, Given, answer_feedback, excuse_day, give_feedback
from ledger.service.feedback_models import Category, FeedbackState
from ledger.service.feedback_reading import DayStatus, Wanted
from tests.ledger.book.town import at_once
from tests.ledger.service.feedback_giving import LAMP, give, leader
from tests.stories import Neighbour, Neighbourhood, open_neighbourhood, street_officer

NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
TODAY = date(2026, 11, 20)
DAY = timedelta(days=1)


@pytest.fixture
def place(context: Flask) -> Iterator[Neighbourhood]:
    with clock.set_to(NOON - 3 * DAY):
        found = open_neighbourhood()
        clock.move_to(NOON)
        yield found


@pytest.fixture
def ding(place: Neighbourhood) -> Neighbour:
    return leader(place)


def _id(one: Neighbour) -> UUID:
    assert one.member_id is not None
    return one.member_id


def told(who: Neighbour, *, unread: bool = False) -> list[Notice]:
    """What the holder was told of feedback, newest first."""
    found = inbox.list_notices(who.actor, unread=unread)
    return [seen.notice for seen in found if seen.notice.kind.startswith("service.feedback")]


# --- giving -----------------------------------------------------------------------------------------------------


def test_given_again_before_the_answer_it_says_the_new_words_and_keeps_its_deadline(
    place: Neighbourhood, ding: Neighbour
) -> None:
    first = give(place, ding)
    assert first.due_at == NOON + DAY
    clock.advance(hours=2)
    again = give(place, ding, Given(Category.ENVIRONMENT, "楼道堆物"))
    assert (again.id, again.words, again.category, again.due_at) == (first.id, "楼道堆物", "environment", NOON + DAY)
    lines = audit.list_lines(place.admin.actor, wanted=LineFilter(action="service.give_feedback"))
    assert [(line.detail["letters"], line.detail["again"]) for line in lines] == [(4, True), (len(LAMP.words), False)]
    assert "路灯" not in str([line.detail for line in lines])


def test_nothing_to_report_awaits_no_answer_and_takes_words_away(place: Neighbourhood, ding: Neighbour) -> None:
    give(place, ding)
    row = give(place, ding, NOTHING)
    assert (row.is_nothing, row.words, row.category, row.due_at) == (True, "", None, None)
    assert reading.count_waiting(place.admin.actor) == 0


@pytest.mark.parametrize("back", [-1, 2, 30])
def test_only_today_and_yesterday_can_be_given(place: Neighbourhood, ding: Neighbour, back: int) -> None:
    with pytest.raises(FeedbackDay):
        give_feedback(ding.actor, place.micro_grid.id, TODAY - back * DAY, LAMP)


def test_a_day_is_shanghais(place: Neighbourhood, ding: Neighbour) -> None:
    clock.move_to(datetime(2026, 11, 20, 16, 30, tzinfo=UTC))  # Half past midnight in Yinchuan.
    assert give_feedback(ding.actor, place.micro_grid.id, TODAY + DAY, NOTHING).day == TODAY + DAY
    assert give_feedback(ding.actor, place.micro_grid.id, TODAY, NOTHING).day == TODAY
    with pytest.raises(FeedbackDay):
        give_feedback(ding.actor, place.micro_grid.id, TODAY - DAY, NOTHING)


def test_each_part_has_its_own_and_none_of_another(place: Neighbourhood, ding: Neighbour) -> None:
    beside = place.grid_beside()
    with pytest.raises(Forbidden):
        give_feedback(ding.actor, beside.id, TODAY, LAMP)
    grants.give_post(place.admin.actor, _id(ding), kind=PostKind.GRID_WORKER, unit_id=beside.id)
    assert give(place, ding).id != give_feedback(ding.actor, beside.id, TODAY, LAMP).id
    assert [unit.name for unit in reading.holds_posts(ding.actor)] == ["第一微网格", "第二网格"]


def test_whose_post_has_ended_gives_nothing_and_still_reads_their_own(place: Neighbourhood, ding: Neighbour) -> None:
    row = give(place, ding)
    [post] = grants.posts_of(place.id, [_id(ding)])
    grants.end_post(place.admin.actor, post.id)
    for refused in (ding, place.volunteer(), place.coordinator):
        with pytest.raises(Forbidden):
            give(place, refused)
    assert reading.see_feedback(ding.actor, row.id).feedback.words == LAMP.words


def test_of_two_devices_at_once_one_row_is_left(app: Flask, place: Neighbourhood, ding: Neighbour) -> None:
    outcomes = at_once(app, [partial(give, place, ding, Given(Category.OTHER, words)) for words in "甲乙"])
    refused = [one for one in outcomes if isinstance(one, Exception)]
    assert all(isinstance(one, AlreadyExists) for one in refused)
    [row] = reading.list_feedback(ding.actor, is_mine=True)
    assert row.feedback.words in "甲乙"


# --- answers and excuses ----------------------------------------------------------------------------------------


def test_an_answer_tells_the_holder_and_closes_the_day(place: Neighbourhood, ding: Neighbour) -> None:
    row = give(place, ding)
    answer_feedback(place.coordinator.actor, row.id, answer="明天有人来修")
    [seen] = told(ding)
    assert (seen.kind, seen.facts["feedback_id"]) == ("service.feedback_answered", row.id.hex)
    shown = reading.see_feedback(ding.actor, row.id).feedback
    assert (shown.state, shown.answer) == (FeedbackState.ANSWERED, "明天有人来修")
    for late in (lambda: give(place, ding), lambda: answer_feedback(place.admin.actor, row.id, answer="好")):
        with pytest.raises(WrongState):
            late()


def test_who_answers_and_who_only_sees(place: Neighbourhood, ding: Neighbour) -> None:
    row = give(place, ding)
    beside = place.grid_beside()
    for other in (place.volunteer(), place.treasurer, place.supervisor, place.staff(Role.COORDINATOR, unit=beside)):
        for ask in (reading.see_feedback, lambda actor, _id: answer_feedback(actor, row.id, answer="好")):
            with pytest.raises(Forbidden):
                ask(other.actor, row.id)
        assert reading.list_feedback(other.actor) == []
    street = street_officer(place.community)
    masked = reading.see_feedback(street.actor, row.id)
    assert (masked.name, masked.words, masked.answer) == ("丁*姐", "", "")
    assert reading.see_feedback(place.stamper.actor, row.id).words == LAMP.words
    with pytest.raises(Forbidden):
        answer_feedback(street.actor, row.id, answer="好")
    answer_feedback(place.stamper.actor, row.id, answer="收到")


def test_nobody_answers_or_excuses_themselves(place: Neighbourhood) -> None:
    boss = place.coordinator
    grants.give_post(place.admin.actor, _id(boss), kind=PostKind.GRID_WORKER, unit_id=place.micro_grid.id)
    row = give(place, boss)
    assert reading.count_waiting(boss.actor) == 0
    with pytest.raises(OwnStep):
        answer_feedback(boss.actor, row.id, answer="好")
    with pytest.raises(OwnStep):
        excuse_day(boss.actor, member_id=_id(boss), unit_id=place.micro_grid.id, day=TODAY)


def test_an_excused_day_is_missed_by_nobody_and_can_be_given_all_the_same(
    place: Neighbourhood, ding: Neighbour
) -> None:
    assert reading.count_missing(place.coordinator.actor) == 1
    asked = {"member_id": _id(ding), "unit_id": place.micro_grid.id, "day": TODAY}
    row = excuse_day(place.coordinator.actor, **asked)
    assert reading.count_missing(place.coordinator.actor) == 0
    with pytest.raises(AlreadyExists):
        excuse_day(place.admin.actor, **asked)
    assert (give(place, ding).id, give(place, ding).state) == (row.id, FeedbackState.GIVEN)
    with pytest.raises(WrongState):
        excuse_day(place.admin.actor, **asked)


def test_what_cannot_be_excused(place: Neighbourhood, ding: Neighbour) -> None:
    unit = place.micro_grid.id
    with pytest.raises(HoldsNoPost):
        excuse_day(place.admin.actor, member_id=_id(place.volunteer()), unit_id=unit, day=TODAY)
    with pytest.raises(ExcuseDay):
        excuse_day(place.admin.actor, member_id=_id(ding), unit_id=unit, day=TODAY + 32 * DAY)
    with pytest.raises(Forbidden):
        excuse_day(place.stamper.actor, member_id=_id(ding), unit_id=unit, day=TODAY)
    with pytest.raises(NotFound):
        excuse_day(place.admin.actor, member_id=unit, unit_id=unit, day=TODAY)


# --- lists, calendar, reminder ----------------------------------------------------------------------------------


def test_what_waits_stands_by_its_deadline_and_pages_without_a_gap(place: Neighbourhood, ding: Neighbour) -> None:
    others = [leader(place, name) for name in ("李大姐", "王大姐")]
    wanted = []
    for who in (ding, *others):
        wanted.append(give(place, who).id)
        clock.advance(minutes=1)
    give(place, leader(place, "没事的"), NOTHING)
    admin = place.admin.actor
    first = reading.list_feedback(admin, status=Wanted.WAITING, limit=2)
    rest = reading.list_feedback(admin, status=Wanted.WAITING, after=first[-1].feedback.id, limit=2)
    assert [view.feedback.id for view in [*first, *rest]] == wanted
    assert reading.count_waiting(admin) == 3
    assert len(reading.list_feedback(admin, day=TODAY, unit_id=place.grid.id)) == 4
    assert reading.list_feedback(admin, unit_id=place.grid_beside().id) == []
    assert [view.name for view in reading.list_feedback(admin, limit=1)] == ["没事的"], "newest first"


def test_the_calendar_says_given_not_yet_and_excused_from_the_first_day_of_the_post(
    place: Neighbourhood, ding: Neighbour
) -> None:
    clock.advance(days=3)
    give(place, ding)
    excuse_day(place.admin.actor, member_id=_id(ding), unit_id=place.micro_grid.id, day=TODAY + DAY)
    excuse_day(place.admin.actor, member_id=_id(ding), unit_id=place.micro_grid.id, day=TODAY + 8 * DAY)
    days = reading.calendar_of(ding.actor, None, TODAY)
    assert [(one.day.day, one.status) for one in days] == [
        (20, DayStatus.NOT_YET), (21, DayStatus.EXCUSED), (22, DayStatus.NOT_YET), (23, DayStatus.GIVEN),
        (28, DayStatus.EXCUSED),
    ]  # fmt: skip
    seen = reading.calendar_of(place.coordinator.actor, _id(ding), TODAY)
    assert [one[1:] for one in seen] == [one[1:] for one in days]
    for other in (place.volunteer(), place.treasurer):
        with pytest.raises(Forbidden):
            reading.calendar_of(other.actor, _id(ding), TODAY)
    assert reading.calendar_of(ding.actor, None, date(2026, 10, 1)) == []


def test_the_missing_are_told_by_grid_to_staff_of_the_part(place: Neighbourhood, ding: Neighbour) -> None:
    beside = place.grid_beside()
    leader(place, "陈刚", unit=beside)
    assert [(part, [one.name for one in found]) for part, found in reading.missing_by_part(place.admin.actor)] == [
        ("第一网格", ["丁大姐"]), ("第二网格", ["陈刚"]),
    ]  # fmt: skip
    coordinator = place.staff(Role.COORDINATOR, unit=beside)
    assert [part for part, _ in reading.missing_by_part(coordinator.actor)] == ["第二网格"]
    assert reading.count_missing(coordinator.actor) == 1
    with pytest.raises(Forbidden):
        reading.missing_by_part(ding.actor)


def test_in_the_evening_who_is_missing_has_one_notice_and_no_page_on_paper(
    place: Neighbourhood, ding: Neighbour
) -> None:
    done = leader(place, "李大姐")
    give(place, done, NOTHING)
    elder = members.add_member(place.admin.actor, "没有手机的", unit_id=place.micro_grid.id)
    grants.give_post(place.admin.actor, elder.id, kind=PostKind.UNIT_STEWARD, unit_id=place.micro_grid.id)
    for hours in (0, 7, 1, 1):  # 12:00, 19:00, 20:00, 21:00
        clock.advance(hours=hours)
        tick([place.id])
    assert [notice.at for notice in told(ding)] == [NOON + timedelta(hours=8)]
    assert told(done) == []
    clock.advance(days=1)
    tick([place.id])
    assert [notice.at for notice in told(ding, unread=True)] == [clock.now()], "yesterday's counts as read"
    printed = {one.notice.kind for one in notice_delivery.list_paper_notices(place.admin.actor)}
    assert printed == {"people.post_given"}, "a word of the evening is not worth printing"


# --- a person's data --------------------------------------------------------------------------------------------


def test_the_file_has_the_words_and_erasing_takes_them(place: Neighbourhood, ding: Neighbour) -> None:
    answer_feedback(place.admin.actor, give(place, ding).id, answer="王师傅去修")
    [row] = exporters["feedback"](ding.person_id)["feedback"]
    assert (row["words"], row["answer"], row["day"], row["photos"]) == (LAMP.words, "王师傅去修", "2026-11-20", 0)
    erasers["feedback"](ding.person_id)
    [kept] = exporters["feedback"](ding.person_id)["feedback"]
    assert (kept["words"], kept["answer"], kept["state"]) == ("", "-", "answered")
