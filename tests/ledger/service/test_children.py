"""Children under fourteen: a guardian answers for them, and nothing of theirs is recorded before."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ledger.core import clock
from ledger.core.errors import Forbidden
from ledger.core.registry import erasers, exporters
from ledger.people import children, consents, helping
from ledger.people.errors import GuardianDecides, GuardianRequired, NoChild
from ledger.people.helping_models import HelperLink, Relation
from ledger.people.models import Purpose
from tests.ledger.service.day import ELEVEN, NINE, Day
from tests.stories import Neighbour


@pytest.fixture
def child(day: Day) -> Neighbour:
    """A pupil whose fourteenth birthday is in a year; who said yes to everything before anybody knew."""
    pupil = day.place.volunteer("小明")
    children.set_child(day.place.admin.actor, pupil.member_id, clock.today() + timedelta(days=365))
    return pupil


@pytest.fixture
def mother(day: Day) -> Neighbour:
    return day.place.volunteer("王芳")


def asked(day: Day, child: Neighbour, guardian: Neighbour) -> HelperLink:
    return day.place.helper_link(child, guardian, Relation.PARENT, is_guardian=True)


def answers_for(day: Day, child: Neighbour, guardian: Neighbour) -> HelperLink:
    return helping.agree(guardian.actor, asked(day, child, guardian).id)


def test_what_a_child_agreed_to_alone_counts_no_longer(day: Day, child: Neighbour) -> None:
    assert consents.given_by(child.person_id) == set()
    with pytest.raises(GuardianDecides):
        consents.change(child.actor, Purpose.LOCATION, given=True)
    consents.change(child.actor, Purpose.LOCATION, given=False)


def test_nothing_is_recorded_before_a_guardian_agrees(day: Day, child: Neighbour, mother: Neighbour) -> None:
    link = asked(day, child, mother)
    with pytest.raises(GuardianRequired):
        day.arrive(child, NINE)
    helping.agree(mother.actor, link.id)
    assert consents.given_by(child.person_id) == {Purpose.SERVICE}
    assert [one.given_by for one in consents.history(child.person_id) if not one.withdrawn_at] == [mother.person_id]
    day.served(child)


def test_a_visit_ends_though_the_guardian_ended_it_meanwhile(day: Day, child: Neighbour, mother: Neighbour) -> None:
    link = answers_for(day, child, mother)
    day.arrive(child, NINE)
    helping.end_help(mother.actor, link.id)
    assert day.leave(child, ELEVEN).minutes == 120
    with pytest.raises(GuardianRequired):
        day.arrive(child, ELEVEN + timedelta(minutes=5))


def test_the_guardian_decides_for_the_child_and_nobody_else(day: Day, child: Neighbour, mother: Neighbour) -> None:
    answers_for(day, child, mother)
    children.decide_for(mother.actor, child.member_id, Purpose.PUBLICATION, given=True)
    assert Purpose.PUBLICATION in consents.given_by(child.person_id)
    children.decide_for(mother.actor, child.member_id, Purpose.PUBLICATION, given=False)
    assert Purpose.PUBLICATION not in consents.given_by(child.person_id)
    for other in (day.place.volunteer(), day.place.admin, day.place.stamper):
        with pytest.raises(Forbidden):
            children.decide_for(other.actor, child.member_id, Purpose.PUBLICATION, given=True)


def test_who_was_only_asked_and_who_only_helps_decides_nothing(day: Day, child: Neighbour, mother: Neighbour) -> None:
    asked(day, child, mother)
    helper = day.place.volunteer("王姐")
    link = day.place.helper_link(child, helper, Relation.SIBLING)
    helping.agree(helper.actor, link.id)
    for one in (mother, helper):
        with pytest.raises(Forbidden):
            children.decide_for(one.actor, child.member_id, Purpose.SERVICE, given=True)


def test_a_guardian_is_grown_and_answers_for_a_child(day: Day, child: Neighbour, mother: Neighbour) -> None:
    with pytest.raises(NoChild):
        asked(day, mother, day.place.volunteer())
    other = day.place.volunteer("小红")
    children.set_child(day.place.admin.actor, other.member_id, clock.today() + timedelta(days=1))
    with pytest.raises(NoChild):
        asked(day, child, other)


def test_on_the_fourteenth_birthday_the_person_decides(day: Day, mother: Neighbour) -> None:
    pupil = day.place.volunteer("小明")
    children.set_child(day.place.admin.actor, pupil.member_id, clock.today() + timedelta(days=1))
    answers_for(day, pupil, mother)
    clock.move_to(clock.now() + timedelta(days=1))
    consents.change(pupil.actor, Purpose.LOCATION, given=True)
    with pytest.raises(Forbidden):
        children.decide_for(mother.actor, pupil.member_id, Purpose.LOCATION, given=False)
    assert children.see_childhood(pupil.actor, pupil.member_id).until is None


def test_anybody_says_so_of_themself_once_and_staff_correct_it(day: Day, mother: Neighbour) -> None:
    birthday = clock.today() + timedelta(days=30)
    children.set_child(mother.actor, mother.member_id, birthday)
    for again in (None, birthday + timedelta(days=1)):
        with pytest.raises(Forbidden):
            children.set_child(mother.actor, mother.member_id, again)
    with pytest.raises(Forbidden):
        children.set_child(day.place.stamper.actor, mother.member_id, None)
    assert children.set_child(day.place.admin.actor, mother.member_id, None).child_until is None


def test_who_reads_of_a_childhood(day: Day, child: Neighbour, mother: Neighbour) -> None:
    answers_for(day, child, mother)
    for reader in (child, mother, day.place.admin):
        assert children.see_childhood(reader.actor, child.member_id).has_guardian
    for stranger in (day.place.volunteer(), day.place.treasurer):
        with pytest.raises(Forbidden):
            children.see_childhood(stranger.actor, child.member_id)


def test_the_file_tells_of_it_and_erasing_forgets_the_birthday(day: Day, child: Neighbour, mother: Neighbour) -> None:
    answers_for(day, child, mother)
    assert exporters["helpers"](child.person_id)["helpers"][0]["is_guardian"]
    assert exporters["memberships"](child.person_id)["memberships"][0]["child_until"]
    erasers["memberships"](child.person_id)
    assert exporters["memberships"](child.person_id)["memberships"][0]["child_until"] is None
