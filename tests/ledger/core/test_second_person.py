"""Two people: never the same one twice, and the street only after the community's own working days."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ledger.core import clock
from ledger.core.ids import new_id
from ledger.core.second_person import (
    OwnStep,
    SecondPersonPresent,
    let_second_person_first,
    require_another,
    stands_in,
    street_may_since,
)
from ledger.core.tenancy import Actor, Grant, Role

FRIDAY = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
VERB = "second_reversal"


def holder(*roles: Role) -> Actor:
    return Actor(person_id=new_id(), community_id=new_id(), grants=tuple(Grant(role) for role in roles))


def test_who_took_the_step_before_does_not_take_this_one() -> None:
    actor = holder(Role.ADMIN)
    with pytest.raises(OwnStep):
        require_another(actor, actor.person_id)
    require_another(actor, new_id())
    require_another(actor, None)


def test_a_weekend_gives_the_street_no_right() -> None:
    """From Friday: Monday and Tuesday are the community's, Wednesday is the street's."""
    assert street_may_since(FRIDAY) == clock.start_of_day(datetime(2026, 11, 25, tzinfo=UTC).date())


def test_the_street_comes_after_two_working_days_and_the_community_at_once() -> None:
    street, own, both = holder(Role.STREET), holder(Role.TREASURER), holder(Role.STREET, Role.ADMIN)
    with clock.set_to(FRIDAY):
        with pytest.raises(SecondPersonPresent):
            let_second_person_first(street, VERB, waiting_since=FRIDAY)
        let_second_person_first(own, VERB, waiting_since=FRIDAY)
        let_second_person_first(both, VERB, waiting_since=FRIDAY)
    first = street_may_since(FRIDAY)
    with clock.set_to(first - timedelta(seconds=1)), pytest.raises(SecondPersonPresent):
        let_second_person_first(street, VERB, waiting_since=FRIDAY)
    with clock.set_to(first):
        let_second_person_first(street, VERB, waiting_since=FRIDAY)


def test_only_the_street_stands_in() -> None:
    assert stands_in(holder(Role.STREET), VERB)
    assert not stands_in(holder(Role.STREET, Role.TREASURER), VERB)
    assert not stands_in(holder(Role.ADMIN), VERB)
    assert not stands_in(holder(), VERB), "who may not take the step at all takes nobody's place"
