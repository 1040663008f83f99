"""Signing up: places are never given twice, the line keeps its order, a free place is kept for whoever is next."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from flask import Flask
from sqlalchemy import select

from ledger.core import clock
from ledger.core.db import db
from ledger.core.errors import Forbidden, NotFound, WrongState
from ledger.core.tenancy import Role
from ledger.people import children, helping
from ledger.people.errors import GuardianRequired
from ledger.people.helping import Found
from ledger.people.helping_models import Relation
from ledger.people.models import Notice
from ledger.service import activities, sign_ups
from ledger.service.errors import ActivityOver, OfferOver
from ledger.service.models import SignUp, SignUpState
from tests.ledger.book.town import at_once
from tests.ledger.service.day import ELEVEN, NINE, Day
from tests.stories import Neighbour, open_neighbourhood

TWO_DAYS_BEFORE = NINE - timedelta(days=2)


def people(day: Day, count: int) -> list[Neighbour]:
    return [day.place.volunteer(f"志愿者{number}") for number in range(count)]


def states(day: Day, activity_id: object) -> list[str]:
    query = select(SignUp.state).where(SignUp.activity_id == activity_id).order_by(SignUp.id)
    return list(db.session.scalars(query))


def told(person: Neighbour) -> list[str]:
    query = select(Notice.kind).where(Notice.person_id == person.person_id).order_by(Notice.id)
    return list(db.session.scalars(query))


def test_whoever_signs_up_has_a_place_and_asking_again_is_the_same(day: Day) -> None:
    lin = day.place.volunteer()
    first = sign_ups.sign_up(lin.actor, day.activity.id)
    assert first.state == SignUpState.PLACED
    assert sign_ups.sign_up(lin.actor, day.activity.id).id == first.id
    assert states(day, day.activity.id) == ["placed"]


def test_a_child_signs_up_only_once_a_guardian_answers_for_them(day: Day) -> None:
    child, mother = day.place.volunteer("林小燕"), day.place.volunteer("林秀芳")
    assert child.member_id is not None
    children.set_child(day.place.admin.actor, child.member_id, clock.today() + timedelta(days=400))
    with pytest.raises(GuardianRequired):
        sign_ups.sign_up(child.actor, day.activity.id)
    how = {"relation": Relation.PARENT, "note": "看过户口本", "is_in_presence": True, "is_guardian": True}
    admin, found = day.place.admin.actor, Found(mother.member_id)
    link = helping.name_helper(admin, child.member_id, found=found, **how)
    helping.agree(mother.actor, link.id)
    assert sign_ups.sign_up(child.actor, day.activity.id).state == SignUpState.PLACED


def test_after_the_last_place_begins_the_line(day: Day) -> None:
    activity = day.another_activity(capacity=1)
    lin, gang, wei = people(day, 3)
    for person in (lin, gang, wei):
        sign_ups.sign_up(person.actor, activity.id)
    assert states(day, activity.id) == ["placed", "waiting", "waiting"]
    assert sign_ups.standing_of(wei.actor, activity).own_place_in_line == 2
    found = sign_ups.standing_of(lin.actor, activity)
    assert (found.placed, found.waiting) == (1, 2)
    assert found.own is not None


def test_a_place_that_becomes_free_is_kept_for_whoever_is_next(day: Day) -> None:
    clock.move_to(TWO_DAYS_BEFORE)
    activity = day.another_activity(capacity=1)
    lin, gang, wei = people(day, 3)
    placed, waiting, _ = (sign_ups.sign_up(person.actor, activity.id) for person in (lin, gang, wei))
    sign_ups.cancel(lin.actor, placed.id)
    assert states(day, activity.id) == ["cancelled", "offered", "waiting"]
    assert told(gang) == ["sign_up.offered"]
    assert sign_ups.confirm(gang.actor, waiting.id).state == SignUpState.PLACED
    assert states(day, activity.id) == ["cancelled", "placed", "waiting"]


def test_nobody_jumps_the_line_while_a_place_is_kept(day: Day) -> None:
    clock.move_to(TWO_DAYS_BEFORE)
    activity = day.another_activity(capacity=1)
    lin, gang, wei = people(day, 3)
    placed = sign_ups.sign_up(lin.actor, activity.id)
    sign_ups.sign_up(gang.actor, activity.id)
    sign_ups.cancel(lin.actor, placed.id)
    assert sign_ups.sign_up(wei.actor, activity.id).state == SignUpState.WAITING


def test_a_place_that_nobody_takes_goes_to_the_next(day: Day) -> None:
    clock.move_to(TWO_DAYS_BEFORE)
    activity = day.another_activity(capacity=1)
    lin, gang, wei = people(day, 3)
    placed, offered, _ = (sign_ups.sign_up(person.actor, activity.id) for person in (lin, gang, wei))
    sign_ups.cancel(lin.actor, placed.id)
    clock.advance(hours=sign_ups.OFFERED_HOURS)
    with pytest.raises(OfferOver):
        sign_ups.confirm(gang.actor, offered.id)
    sign_ups.lapse_offers(day.place.id, "")
    assert states(day, activity.id) == ["cancelled", "lapsed", "offered"]
    assert told(gang) == ["sign_up.offered", "sign_up.lapsed"]
    assert told(wei) == ["sign_up.offered"]
    with pytest.raises(OfferOver):
        sign_ups.confirm(gang.actor, offered.id)


def test_an_offer_never_reaches_beyond_the_start(day: Day) -> None:
    activity = day.another_activity(capacity=1)
    clock.move_to(NINE - timedelta(hours=1))
    lin, gang = people(day, 2)
    placed = sign_ups.sign_up(lin.actor, activity.id)
    waiting = sign_ups.sign_up(gang.actor, activity.id)
    sign_ups.cancel(lin.actor, placed.id)
    db.session.expire_all()
    offered = db.session.scalars(select(SignUp).where(SignUp.id == waiting.id)).one()
    assert offered.offered_until == NINE


def test_who_waits_may_leave_the_line(day: Day) -> None:
    activity = day.another_activity(capacity=1)
    lin, gang = people(day, 2)
    sign_ups.sign_up(lin.actor, activity.id)
    waiting = sign_ups.sign_up(gang.actor, activity.id)
    assert sign_ups.cancel(gang.actor, waiting.id).state == SignUpState.CANCELLED
    with pytest.raises(WrongState):
        sign_ups.cancel(gang.actor, waiting.id)
    with pytest.raises(WrongState):
        sign_ups.confirm(gang.actor, waiting.id)


def test_who_cancelled_may_come_again_at_the_end(day: Day) -> None:
    activity = day.another_activity(capacity=1)
    lin, gang = people(day, 2)
    first = sign_ups.sign_up(lin.actor, activity.id)
    sign_ups.sign_up(gang.actor, activity.id)
    sign_ups.cancel(lin.actor, first.id)
    assert sign_ups.sign_up(lin.actor, activity.id).state == SignUpState.WAITING


def test_nobody_signs_up_for_what_is_over_or_cancelled(day: Day) -> None:
    lin = day.place.volunteer()
    clock.move_to(ELEVEN)
    with pytest.raises(ActivityOver):
        sign_ups.sign_up(lin.actor, day.activity.id)
    clock.move_to(NINE)
    activities.cancel_activity(day.place.admin.actor, day.activity.id, reason="下雨")
    with pytest.raises(WrongState):
        sign_ups.sign_up(lin.actor, day.activity.id)


def test_a_cancelled_activity_tells_everybody_who_signed_up(day: Day) -> None:
    activity = day.another_activity(capacity=1)
    lin, gang = people(day, 2)
    for person in (lin, gang):
        sign_ups.sign_up(person.actor, activity.id)
    activities.cancel_activity(day.place.admin.actor, activity.id, reason="下雨")
    assert states(day, activity.id) == ["cancelled", "cancelled"]
    assert told(lin) == told(gang) == ["sign_up.activity_cancelled"]


def test_staff_sign_up_whoever_lives_in_their_part_and_nobody_else(day: Day) -> None:
    worker = day.place.staff(Role.COORDINATOR, unit=day.place.grid)
    beside = day.place.volunteer("隔壁", unit=day.place.grid_beside())
    lin = day.place.volunteer()
    assert sign_ups.sign_up(worker.actor, day.activity.id, member_id=lin.member_id).member_id == lin.member_id
    with pytest.raises(Forbidden):
        sign_ups.sign_up(worker.actor, day.activity.id, member_id=beside.member_id)
    with pytest.raises(Forbidden):
        sign_ups.sign_up(lin.actor, day.activity.id, member_id=beside.member_id)
    with pytest.raises(NotFound):
        sign_ups.sign_up(open_neighbourhood("北华社区").admin.actor, day.activity.id)


def test_only_who_manages_the_activity_sees_everybody(day: Day) -> None:
    lin, gang = people(day, 2)
    for person in (lin, gang):
        sign_ups.sign_up(person.actor, day.activity.id)
    seen = sign_ups.list_sign_ups(day.place.admin.actor, day.activity.id)
    assert [one.member_id for one in seen] == [lin.member_id, gang.member_id]
    assert [one.member_id for one in sign_ups.list_sign_ups(gang.actor, day.activity.id)] == [gang.member_id]


def test_two_hundred_at_once_for_twenty_places(app: Flask, day: Day) -> None:
    activity = day.another_activity(capacity=20)
    actors = [person.actor for person in people(day, 200)]
    db.session.remove()
    for start in range(0, 200, 40):  # as many at once as the pool of connections bears
        calls = [partial(sign_ups.sign_up, actor, activity.id) for actor in actors[start : start + 40]]
        assert not [one for one in at_once(app, calls) if isinstance(one, Exception)]
    assert states(day, activity.id) == ["placed"] * 20 + ["waiting"] * 180


def test_two_who_cancel_at_once_free_two_places_for_two_people(app: Flask, day: Day) -> None:
    clock.move_to(TWO_DAYS_BEFORE)
    activity = day.another_activity(capacity=2)
    crowd = people(day, 5)
    rows = [sign_ups.sign_up(person.actor, activity.id) for person in crowd]
    actors = [person.actor for person in crowd]
    db.session.remove()
    done = at_once(app, [partial(sign_ups.cancel, actors[n], rows[n].id) for n in (0, 1)])
    assert not [one for one in done if isinstance(one, Exception)]
    assert states(day, activity.id) == ["cancelled", "cancelled", "offered", "offered", "waiting"]
