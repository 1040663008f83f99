"""Flags hold lines: they wait until the treasurer decides or fourteen days are over, and are paid once."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial

import pytest
from flask import Flask
from sqlalchemy import select

from ledger.book.checking import run_checks
from ledger.core import clock, registry
from ledger.core.db import atomic, db
from ledger.core.errors import Forbidden, NotFound, WrongState
from ledger.core.jobs import tick
from ledger.core.registry import erasers, exporters
from ledger.core.tenancy import Role
from ledger.people import grants
from ledger.rewards.models import Redemption
from ledger.risk import flags, reading
from ledger.risk.detectors import Found
from ledger.risk.errors import OwnFlag
from ledger.risk.flags import Decision
from ledger.risk.models import Flag, FlagKind, FlagState
from ledger.settlement.models import Settlement
from tests.ledger.rewards.street import at_once
from tests.ledger.settlement.office import NEXT_WEEK, THIS_WEEK, Office
from tests.stories import Neighbour, open_neighbourhood

WEEK_AFTER, THIRD_WEEK = "2026-W49", "2026-W50"


@pytest.fixture
def shopper(office: Office) -> Neighbour:
    return office.street.volunteer(400)


@pytest.fixture
def odd(office: Office, shopper: Neighbour) -> list[Redemption]:
    """Two round trips at the bakery on Friday and Saturday: the second and fourth loaf were kept."""
    bought = []
    for _ in range(2):
        for is_kept in (False, True):
            bought.append(office.street.buy(shopper))
            clock.advance(minutes=5)
            if not is_kept:
                office.refund(bought[-1])
                clock.advance(minutes=5)
        clock.advance(days=1)
    return bought


def the_flag(office: Office) -> Flag:
    [view] = reading.list_flags(office.treasurer.actor)
    return view.flag


def settled(office: Office, statements: list[Settlement]) -> list[str]:
    """What kinds of lines a close has taken, in order."""
    return [line.type for statement in statements for line in office.lines(statement)]


def decide(office: Office, who: Neighbour, decision: Decision = Decision.DISMISS) -> Flag:
    return flags.decide_flag(who.actor, the_flag(office).id, decision, note="当面问过")


def test_a_flagged_line_waits_with_its_refund_and_the_rest_is_settled_on_time(office: Office, odd: object) -> None:
    office.buy(30)
    [statement] = office.close()
    assert [line.points for line in office.lines(statement)] == [30]
    [view] = reading.list_flags(office.treasurer.actor)
    assert (view.flag.kind, view.state, view.member_name) == ("round_trip", FlagState.OPEN, "林秀芳")
    assert (view.extent.redemptions, view.extent.waiting, view.extent.waiting_fen) == (4, 4, 400)
    assert view.flag.due_at - view.flag.opened_at == timedelta(days=14)
    waiting = reading.list_waiting(office.street.owner.actor)
    assert len(waiting) == 4
    assert {line.until for line in waiting} == {view.flag.due_at}


@pytest.mark.parametrize("decision", list(Decision))
def test_a_decided_flags_lines_stand_in_the_next_statement_exactly_once(
    office: Office, odd: object, decision: Decision
) -> None:
    assert settled(office, office.close()) == []
    flag = decide(office, office.treasurer, decision)
    assert (flag.state, flag.decided_by) == (flags._STATES[decision], office.treasurer.person_id)
    assert sorted(settled(office, office.close(NEXT_WEEK))) == ["redemption"] * 4 + ["refund"] * 2
    assert settled(office, office.close(WEEK_AFTER)) == []
    assert reading.list_waiting(office.street.owner.actor) == []
    assert run_checks() == []


def test_what_nobody_decides_is_released_by_itself_after_fourteen_days(office: Office, odd: object) -> None:
    assert settled(office, office.close()) == []
    opened = the_flag(office).opened_at
    assert settled(office, office.close(NEXT_WEEK)) == []
    clock.move_to(opened + timedelta(days=14, minutes=-1))
    tick([office.id])
    assert the_flag(office).state == FlagState.OPEN
    clock.advance(minutes=1)
    with pytest.raises(WrongState):
        decide(office, office.treasurer)
    clock.advance(days=1)
    tick([office.id])
    flag = the_flag(office)
    assert (flag.state, flag.decided_by) == (FlagState.RELEASED, None)
    [statement] = office.all_statements()
    assert (statement.week, len(office.lines(statement))) == (WEEK_AFTER, 6), "the clock has closed the week since"
    assert settled(office, office.close(THIRD_WEEK)) == []
    assert run_checks() == []


def test_another_flag_about_the_same_redemption_does_not_make_it_wait_longer(office: Office, odd: object) -> None:
    office.close()
    first = the_flag(office)
    decide(office, office.treasurer)
    clock.advance(days=7)
    second = atomic(flags._open)(office.id, _other_kind(odd), clock.now())
    assert second is not None
    assert {line.until for line in reading.list_waiting(office.street.owner.actor)} == {first.due_at}


def _other_kind(odd: object) -> Found:
    assert isinstance(odd, list)
    of = odd[0]
    facts = {"count": 8, "points": 160, "members": 1, "at": "2026-11-20 12:00"}
    kind = FlagKind.BURST
    return Found(kind, "a minute", None, of.merchant_id, facts, frozenset(one.id for one in odd))


def test_of_a_line_that_was_settled_before_its_flag_nothing_waits(
    office: Office, odd: list[Redemption], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "before_close", [])
    office.close()
    office.refund(odd[1])
    flags.find_flags(office.id)
    [view] = reading.list_flags(office.treasurer.actor)
    assert (view.extent.redemptions, view.extent.waiting) == (4, 0)
    assert settled(office, office.close(NEXT_WEEK)) == ["refund"]


def test_only_the_treasurer_decides_once_and_never_about_themself(office: Office, odd: object) -> None:
    flags.find_flags(office.id)
    for who in (office.admin, office.street.owner, office.street.volunteer(0), office.street.place.supervisor):
        with pytest.raises(Forbidden):
            decide(office, who)
    stranger = open_neighbourhood("别的社区")
    with pytest.raises(NotFound):
        flags.decide_flag(stranger.treasurer.actor, the_flag(office).id, Decision.DISMISS, note="好")
    decide(office, office.treasurer)
    with pytest.raises(WrongState):
        decide(office, office.treasurer)
    assert flags.find_flags(office.id) == [], "what was decided stays decided"


def test_whoever_sees_flags_has_the_detectors_look_now_and_of_two_at_once_one_finds(
    app: Flask, office: Office, odd: object
) -> None:
    for who in (office.street.owner, office.street.volunteer(0), office.street.clerk):
        with pytest.raises(Forbidden):
            flags.find_now(who.actor)
    looking = [office.admin.actor, office.treasurer.actor, office.street.place.supervisor.actor] * 2
    found = at_once(app, [partial(flags.find_now, actor) for actor in looking])
    assert sorted(map(len, found)) == [0, 0, 0, 0, 0, 1]
    assert the_flag(office).state == FlagState.OPEN
    assert flags.find_now(office.admin.actor) == []


def test_of_two_decisions_at_once_one_counts(app: Flask, office: Office, odd: object) -> None:
    flags.find_flags(office.id)
    other = office.street.place.staff(Role.TREASURER)
    flag_id = the_flag(office).id
    calls = [
        partial(flags.decide_flag, who.actor, flag_id, decision, note="当面问过")
        for who in (office.treasurer, other)
        for decision in Decision
    ]
    answers = at_once(app, calls)
    [winner] = [answer for answer in answers if isinstance(answer, Flag)]
    assert [answer for answer in answers if answer is not winner] == ["wrong_state"] * 3
    assert (the_flag(office).state, the_flag(office).decided_by) == (winner.state, winner.decided_by)


def test_a_treasurer_does_not_decide_about_their_own_redemptions(
    office: Office, shopper: Neighbour, odd: object
) -> None:
    root = office.street.place.root.id
    assert shopper.member_id is not None
    grants.give_role(office.admin.actor, shopper.member_id, role=Role.TREASURER, unit_id=root)
    flags.find_flags(office.id)
    with pytest.raises(OwnFlag):
        decide(office, shopper)
    [view] = reading.list_flags(shopper.actor)
    assert view.refusal == "own_flag"


def test_an_open_flag_grows_with_the_week(office: Office, shopper: Neighbour, odd: object) -> None:
    flags.find_flags(office.id)
    office.refund(office.street.buy(shopper))
    clock.advance(minutes=5)
    office.street.buy(shopper)
    assert flags.find_flags(office.id) == []
    [view] = reading.list_flags(office.treasurer.actor)
    assert (view.flag.facts["count"], view.extent.redemptions) == (3, 6)


def test_who_sees_flags_and_what_a_shop_reads(office: Office, odd: object) -> None:
    flags.find_flags(office.id)
    for who in (office.admin, office.treasurer, office.street.place.supervisor):
        assert len(reading.list_flags(who.actor, status=FlagState.OPEN)) == 1
    for who in (office.street.owner, office.street.clerk, office.street.volunteer(0)):
        with pytest.raises(Forbidden):
            reading.list_flags(who.actor)
    with pytest.raises(Forbidden):
        reading.list_waiting(office.street.clerk.actor)
    assert reading.list_waiting(office.street.owner.actor, before=clock.week_bounds(THIS_WEEK)[0]) == []


def test_a_dry_run_on_history_finds_the_same_and_stores_nothing(office: Office, odd: object) -> None:
    tried = reading.dry_run(office.admin.actor, date(2026, 11, 1), date(2026, 11, 22))
    assert (tried.redemptions, tried.total, [one.found.kind for one in tried.flags]) == (4, 1, ["round_trip"])
    assert atomic(lambda: db.session.scalars(select(Flag)).all())() == []
    assert reading.dry_run(office.admin.actor, date(2026, 11, 1), date(2026, 11, 19)).total == 0
    with pytest.raises(Forbidden):
        reading.dry_run(office.street.owner.actor, date(2026, 11, 1), date(2026, 11, 22))


def test_a_persons_data_say_what_was_flagged_and_no_words_outlive_the_person(
    office: Office, shopper: Neighbour, odd: object
) -> None:
    flags.find_flags(office.id)
    decide(office, office.treasurer)
    [own] = exporters["flags"](shopper.person_id)["flags"]
    assert (own["kind"], own["state"], own["facts"]["count"]) == ("round_trip", "dismissed", 2)
    erasers["flags"](shopper.person_id)
    assert the_flag(office).note == "-"
