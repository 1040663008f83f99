"""Leaving, moving on, coming back; staff who leave; deaths; wallets that stand still."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from functools import partial
from uuid import UUID

import pytest
from flask import Flask

from ledger.book.accounts import AccountKey
from ledger.book.balances import account_balance
from ledger.book.codes import Kind, Unit
from ledger.core import clock, jobs
from ledger.core.db import atomic
from ledger.core.errors import Forbidden, NotFound, NotSignedIn, WrongState
from ledger.core.second_person import OwnStep
from ledger.core.tenancy import Actor, Role
from ledger.people import consents, deaths, inactive, leaving, members, merges, sessions
from ledger.people.errors import ConsentRequired, OwnRole
from ledger.people.life_errors import LastAdmin
from ledger.people.life_models import DeathState
from ledger.people.models import LeftReason, MemberState, Purpose
from tests.ledger.book.town import at_once
from tests.ledger.rewards.street import Street, open_street
from tests.stories import Neighbour, neighbour, open_neighbourhood


@pytest.fixture
def street(context: object) -> Iterator[Street]:
    try:
        yield open_street()
    finally:
        clock.move_to(None)


def _id(one: Neighbour) -> UUID:
    assert one.member_id is not None
    return one.member_id


# --- leaving and coming back --------------------------------------------------------------------------------------


def test_rights_end_at_once_and_the_wallet_waits(street: Street) -> None:
    lin = street.volunteer(50)
    street.reserve(lin)
    member = leaving.leave(lin.actor, _id(lin))
    assert (member.state, member.left_reason) == (MemberState.LEFT, LeftReason.LEFT)
    with pytest.raises(NotFound):
        _ = lin.actor
    assert sessions.actor_of(lin.token).person_id == lin.person_id, "signed in still, for other communities"
    assert street.available(lin) == 50, "what was reserved is free again"


def test_who_comes_back_is_the_same_member(street: Street) -> None:
    lin = street.volunteer(50)
    leaving.leave(lin.actor, _id(lin))
    again = members.join_community(sessions.actor_of(lin.token), street.id)
    assert (again.id, again.state, again.left_at) == (lin.member_id, MemberState.ACTIVE, None)
    assert street.available(lin) == 50
    street.buy(lin)


def test_the_staff_ends_and_reopens_a_membership(street: Street) -> None:
    admin, lin = street.place.admin.actor, street.volunteer()
    leaving.leave(admin, _id(lin), reason=LeftReason.MOVED)
    with pytest.raises(WrongState):
        leaving.leave(admin, _id(lin))
    with pytest.raises(Forbidden):
        leaving.leave(street.place.treasurer.actor, _id(street.volunteer()))


def test_roles_do_not_come_back_by_themselves(street: Street) -> None:
    stamper = street.place.stamper
    leaving.leave(stamper.actor, _id(stamper))
    members.join_community(sessions.actor_of(stamper.token), street.id)
    assert not stamper.actor.has(Role.STAMPER)


def test_a_community_keeps_an_admin(street: Street) -> None:
    admin = street.place.admin
    with pytest.raises(LastAdmin):
        leaving.leave(admin.actor, _id(admin))
    street.place.staff(Role.ADMIN)
    leaving.leave(admin.actor, _id(admin))


def test_of_two_admins_who_leave_at_once_one_stays(app: Flask, street: Street) -> None:
    both = [street.place.admin, street.place.staff(Role.ADMIN)]
    actors = [one.actor for one in both]
    done = at_once(app, [partial(leaving.leave, a, _id(m)) for a, m in zip(actors, both, strict=True)])
    assert sum(isinstance(one, LastAdmin) for one in done) == 1


def test_moving_leaves_here_and_joins_there_in_one_step(street: Street) -> None:
    other, lin = open_neighbourhood("北华社区"), street.volunteer(50)
    there = leaving.move_to(lin.actor, other.id)
    assert there.community_id == other.id
    assert there.name == "林秀芳"
    assert street.available(lin) == 50, "flowers do not travel"
    with pytest.raises(NotFound):
        _ = lin.actor
    [gone] = members.describe_members(street.id, [_id(lin)]).values()
    assert gone.left_reason == LeftReason.MOVED


def test_moving_without_consent_changes_nothing(street: Street) -> None:
    other, lin = open_neighbourhood("北华社区"), street.volunteer()
    consents.withdraw(lin.person_id, Purpose.SERVICE)
    with pytest.raises(ConsentRequired):
        leaving.move_to(lin.actor, other.id)
    assert lin.actor.member_id == lin.member_id


# --- staff ------------------------------------------------------------------------------------------------------


def test_a_colleague_who_leaves_has_no_right_and_no_session(street: Street) -> None:
    place, gone = street.place, street.place.staff(Role.ADMIN)
    ended = leaving.end_staff(place.admin.actor, _id(gone))
    assert [row.role for row in ended.roles] == [Role.ADMIN]
    with pytest.raises(NotSignedIn):
        _ = gone.actor
    again = neighbour(street.id, "同志", gone.person_id, gone.member_id)
    assert again.actor.grants == ()


def test_what_they_had_begun_is_shown_with_who_sees_it_through(street: Street) -> None:
    place = street.place
    gone, heir, unnamed = place.staff(Role.ADMIN), place.staff(Role.ADMIN), place.staff(Role.ADMIN)
    for asker in (gone, unnamed):
        old, new = street.volunteer(), street.volunteer()
        merges.ask_merge(asker.actor, _id(old), _id(new), reason="同一个人")
    assert leaving.unowned_work(place.admin.actor) == []
    leaving.end_staff(place.admin.actor, _id(gone), to_id=heir.member_id)
    leaving.end_staff(place.admin.actor, _id(unnamed))
    found = leaving.unowned_work(place.admin.actor)
    assert [(one.work.kind, one.to.id if one.to else None) for one in found] == [
        ("merge", heir.member_id),
        ("merge", None),
    ]
    merges.approve_merge(place.treasurer.actor, found[0].work.thing_id)
    assert len(leaving.unowned_work(place.admin.actor)) == 1


def test_nobody_ends_themself_and_only_the_admin_ends_others(street: Street) -> None:
    admin = street.place.admin
    with pytest.raises(OwnRole):
        leaving.end_staff(admin.actor, _id(admin))
    with pytest.raises(Forbidden):
        leaving.end_staff(street.place.treasurer.actor, _id(street.place.stamper))


# --- deaths -----------------------------------------------------------------------------------------------------


def test_a_death_is_confirmed_by_a_second_person(street: Street) -> None:
    lin, admin, treasurer = street.volunteer(50), street.place.admin, street.place.treasurer
    death = deaths.record_death(admin.actor, _id(lin), died_on=date(2026, 11, 1))
    assert lin.actor.member_id == lin.member_id, "nothing has changed yet"
    with pytest.raises(OwnStep):
        deaths.confirm_death(admin.actor, death.id)
    assert deaths.confirm_death(treasurer.actor, death.id).state == DeathState.RECORDED
    with pytest.raises(NotSignedIn):
        _ = lin.actor
    with pytest.raises(WrongState):
        members.join_community(Actor(person_id=lin.person_id), street.id)


def test_the_heir_has_the_flowers_with_their_dates(street: Street) -> None:
    lin, heir = street.volunteer(50), street.volunteer(5)
    death = deaths.record_death(street.place.admin.actor, _id(lin), died_on=date(2026, 11, 1), heir_id=heir.member_id)
    deaths.confirm_death(street.place.treasurer.actor, death.id)
    closed = deaths.hand_to_heir(street.place.treasurer.actor, death.id)
    assert (closed.state, closed.points, street.available(heir)) == (DeathState.CLOSED, 50, 55)
    with pytest.raises(WrongState):
        deaths.hand_to_heir(street.place.treasurer.actor, death.id)


def test_what_nobody_received_in_time_is_the_community_s(street: Street) -> None:
    lin = street.volunteer(50)
    death = deaths.record_death(street.place.admin.actor, _id(lin), died_on=date(2026, 11, 1))
    deaths.confirm_death(street.place.treasurer.actor, death.id)
    for days in (deaths.HEIRS_DAYS, 1):
        clock.move_to(clock.now() + timedelta(days=days))
        atomic(deaths.close_deaths)(street.id, "")
    pot = AccountKey(Kind.POT, Unit.POINTS, street.id)
    assert atomic(account_balance)(street.id, pot) == 50
    assert deaths.see_death(street.place.admin.actor, death.id).state == DeathState.CLOSED


def test_a_mistaken_record_is_refused_or_taken_back(street: Street) -> None:
    lin, admin = street.volunteer(), street.place.admin.actor
    for second, state in ((street.place.treasurer.actor, DeathState.DECLINED), (admin, DeathState.WITHDRAWN)):
        death = deaths.record_death(admin, _id(lin), died_on=date(2026, 11, 1))
        assert deaths.refuse_death(second, death.id, note="弄错了").state == state
    assert lin.actor.member_id == lin.member_id


def test_whoever_belongs_elsewhere_still_signs_in_there(street: Street) -> None:
    other, lin = open_neighbourhood("北华社区"), street.volunteer()
    members.join_community(sessions.actor_of(lin.token), other.id)
    death = deaths.record_death(street.place.admin.actor, _id(lin), died_on=date(2026, 11, 1))
    deaths.confirm_death(street.place.treasurer.actor, death.id)
    assert sessions.enter(sessions.actor_of(lin.token), other.id).member_id is not None


# --- wallets that stand still -------------------------------------------------------------------------------------


def test_a_wallet_without_movement_for_a_year_is_listed_and_reminded(street: Street) -> None:
    still, moving, admin = street.volunteer(30), street.volunteer(30), street.place.admin.actor
    supervisor = street.place.supervisor.actor
    clock.move_to(clock.now() + timedelta(days=364))
    street.award(moving, 1)
    assert inactive.list_still(admin) == []
    clock.move_to(clock.now() + timedelta(days=2))
    assert [(one.member.id, one.points) for one in inactive.list_still(admin)] == [(still.member_id, 30)]
    assert inactive.remind_still(admin, [_id(still), _id(moving)]) == 1
    assert street.available(still) == 30, "nothing is taken"
    with pytest.raises(Forbidden):
        inactive.list_still(supervisor)


def test_the_clock_closes_deaths(street: Street) -> None:
    jobs.tick([street.id])
