"""Checks of everything and of what is new: a clean run moves the mark, and above it nothing planted is missed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select, text
from sqlalchemy.engine import Connection

from ledger.book import checking, newest, triggers
from ledger.book.accounts import wallet_of
from ledger.book.checking import check_books, check_when_due, run_checks
from ledger.book.models import CheckMark, CheckRun, CheckScope
from ledger.core import clock, registry
from ledger.core.db import db
from ledger.core.errors import Forbidden
from ledger.core.ids import NOBODY
from ledger.core.jobs import JobRun
from ledger.core.registry import Part
from ledger.core.tenancy import Actor, Grant, Role, scoped
from tests.ledger.book.sealing import seal_all
from tests.ledger.book.test_checks import CANARIES, lively, unguarded
from tests.ledger.book.town import Town, at_once, open_town
from tests.logs import LOGGED
from tests.owning import owner
from tests.schema import every_table
from tests.touched import UNREAD

__all__ = ["lively"]

PLANTS_NEW_ROWS = {
    "overdrawn", "debt_above_zero", "in_another_unit", "undeclared", "hours_as_points", "same_source_twice",
    "reversed_too_much", "recorded_before_it_took_effect", "expired_from_no_cohort", "held_without_hold",
    "drawn_too_much", "held_too_much", "trigger_dropped",
}  # fmt: skip
"""What is wrong in new rows, or in what they touch; a fault in old rows is for a run over everything."""


FOUND_BY = {"overdrawn": "rollups_match", "debt_above_zero": "rollups_match"}
"""A run over what is new takes balances from rollups: a row past the writer is one that its day does not know."""


@pytest.fixture
def checked(lively: Town) -> Town:
    """Lively books that were sealed and checked without a finding; then everybody earned and spent a little more."""
    seal_all(lively.id)
    assert not any(result.findings for result in check_books())
    for member in lively.member_ids[1:]:
        lively.award(member, 9)
        lively.spend(member, 2)
    return lively


def names_found(*, new: bool) -> set[str]:
    db.session.remove()
    return {finding.check for finding in run_checks(new=new)}


def count_new() -> int:
    return len(db.session.execute(newest.transfers_in(Part(is_new=True)).select()).all())


def test_the_bound_that_the_planner_is_told_leaves_nothing_out(checked: Town) -> None:
    other = open_town(members=3)
    for town, points in ((checked, 1), (other, 2), (other, 3)):
        town.award(town.member_ids[1], points)
    for town in (checked, other):
        seal_all(town.id)
    checked.spend(checked.member_ids[1], 1)
    beyond = (
        "SELECT 1 FROM leaves l WHERE l.position >= coalesce((SELECT m.size FROM check_marks m WHERE m.community_id"
    )
    sealed = len(db.session.execute(text(f"{beyond} = l.community_id), 0)")).all())
    waiting = len(db.session.execute(text("SELECT 1 FROM unsealed")).all())
    assert (newest.count_new_leaves(), waiting > 0) == (sealed, True)
    bounded = newest.transfers_in(newest.new_since(None)).select()
    assert len(db.session.execute(bounded).all()) == sealed + waiting


def let_new_rows_wait(connection: Connection) -> None:
    """What the trigger would have done, had it not been lifted with the other guards."""
    nowhere = " AND ".join(
        f"NOT EXISTS (SELECT 1 FROM {table} s WHERE s.community_id = t.community_id AND s.transfer_id = t.id)"
        for table in ("unsealed", "leaves")
    )
    found = f"SELECT t.community_id, t.id FROM transfers t WHERE {nowhere}"
    connection.execute(text(f"INSERT INTO unsealed (community_id, transfer_id) {found}"))


def test_before_the_first_clean_run_everything_is_new(lively: Town) -> None:
    everything = len(db.session.execute(text("SELECT 1 FROM transfers")).all())
    assert count_new() == everything > 10
    assert run_checks(new=True) == []


def test_a_clean_run_leaves_only_what_came_after_it(checked: Town) -> None:
    assert count_new() == 2 * len(checked.member_ids[1:]) + neighbours_waiting()
    assert run_checks(new=True) == []


def neighbours_waiting() -> int:
    """The other town of lively books was never sealed: what waits for its seal is new until it is sealed."""
    return 1


def test_what_is_new_is_sealed_and_still_new_until_it_is_checked(checked: Town) -> None:
    before = count_new()
    seal_all(checked.id)
    assert count_new() == before
    check_books(new=True)
    assert count_new() == neighbours_waiting()


def change_an_old_row() -> None:
    with unguarded() as connection:
        first = connection.execute(text("SELECT transfer_id FROM leaves ORDER BY position LIMIT 1")).scalar_one()
        connection.execute(text("UPDATE transfers SET part = part + 77 WHERE id = :id"), {"id": first})
        let_new_rows_wait(connection)
        if connection.dialect.name == "sqlite":
            triggers.install(connection)


@pytest.mark.breaks_books
def test_a_run_of_what_is_new_reads_no_old_row(checked: Town) -> None:
    """A fault below the mark is not seen by a run over what is new: it did not look there."""
    change_an_old_row()
    assert "seal_matches" in names_found(new=False)
    assert "seal_matches" not in names_found(new=True)


@pytest.mark.breaks_books
@pytest.mark.parametrize(
    ("name", "plant"),
    [(name, plant) for name, plant in CANARIES if plant.__name__.strip("_") in PLANTS_NEW_ROWS],
    ids=[plant.__name__.strip("_") for _, plant in CANARIES if plant.__name__.strip("_") in PLANTS_NEW_ROWS],
)
def test_a_fault_planted_in_what_is_new_is_found_by_a_run_over_it(
    checked: Town, name: str, plant: Callable[[Connection, Town], None]
) -> None:
    with unguarded() as connection:
        plant(connection, checked)
        let_new_rows_wait(connection)
    assert FOUND_BY.get(plant.__name__.strip("_"), name) in names_found(new=True)


@pytest.mark.breaks_books
@pytest.mark.parametrize("change", ["balance = balance + 1", "earned = earned + 1", "spent = spent - 1"])
def test_a_stored_figure_of_a_touched_account_is_found(checked: Town, change: str) -> None:
    account = wallet_of(checked.member_ids[1]).id_in(checked.id)
    with unguarded() as connection:
        shown = account.hex if connection.dialect.name == "sqlite" else str(account)
        connection.execute(text(f"UPDATE balances SET {change} WHERE account_id = '{shown}'"))
    assert names_found(new=True) & {"balances_match", "lifetime_match"}


@pytest.mark.breaks_books
def test_a_run_with_a_finding_moves_no_mark(checked: Town) -> None:
    [before] = db.session.scalars(select(CheckMark.size).where(CheckMark.size > 0))
    seal_all(checked.id)
    with unguarded() as connection:
        connection.execute(text("UPDATE balances SET held = held + 1"))
    assert any(result.findings for result in check_books(new=True))
    assert before in db.session.scalars(select(CheckMark.size)).all()


def test_each_run_is_remembered_by_name(checked: Town) -> None:
    check_books(new=True)
    rows = db.session.scalars(select(CheckRun).where(CheckRun.community_id == NOBODY)).all()
    assert {(row.name, row.scope) for row in rows} == {
        (name, scope) for name in registry.checks for scope in CheckScope
    }
    assert {row.findings for row in rows} == {0}


@pytest.mark.breaks_books
def test_a_community_sees_how_many_findings_are_its_own(checked: Town) -> None:
    elsewhere = open_town()
    with unguarded() as connection:
        connection.execute(text("UPDATE balances SET held = held + 1"))
    check_books()
    assert [run.findings > 0 for run in checking.runs(admin_of(checked)) if run.name == "holds_match"] == [True]
    assert {run.findings for run in checking.runs(admin_of(elsewhere)) if run.name == "zero_sum"} == {0}


def admin_of(town: Town) -> Actor:
    return Actor(person_id=town.actor.person_id, community_id=town.id, grants=(Grant(Role.ADMIN),))


def test_a_volunteer_does_not_see_the_checks(checked: Town) -> None:
    with pytest.raises(Forbidden):
        checking.runs(checked.actor)


def test_the_clock_checks_what_is_new_every_hour_and_everything_once_a_day(context: Flask) -> None:
    town = open_town(members=1)
    nine_tomorrow = clock.start_of_day(clock.today()) + timedelta(hours=33)  # Far from midnight, whenever this runs.
    with clock.set_to(nine_tomorrow):
        assert check_when_due() == []
        assert check_when_due() is None
        town.award(town.member_ids[0], 3)
        clock.advance(minutes=61)
        assert check_when_due() == []
        assert scopes() == {CheckScope.FULL: timedelta(minutes=61), CheckScope.NEW: timedelta(0)}
        clock.advance(hours=24)
        assert check_when_due() == []
        assert scopes()[CheckScope.FULL] == timedelta(0)
        runs = db.session.scalars(scoped(NOBODY, JobRun.job).order_by(JobRun.job)).all()
        assert runs == ["check_books"] * 2 + ["check_new_books"] * 2, "the hour before yesterday's last is forgotten"


def scopes() -> dict[str, timedelta]:
    db.session.remove()
    return {row.scope: clock.now() - row.ended_at for row in checking.totals()}


def test_there_is_a_gauge_for_each_check(checked: Town, client: FlaskClient) -> None:
    lines = client.get("/metrics").get_data(as_text=True).splitlines()
    for name in registry.checks:
        assert f'redflower_check_findings{{check="{name}",scope="full"}} 0.0' in lines


def test_checks_see_one_moment_while_others_write(context: Flask) -> None:
    """On PostgreSQL each statement would see a later moment; the run sees that of its beginning."""
    town = open_town(members=1)
    seen: list[int] = []

    def look(part: Part) -> list[registry.Finding]:
        seen.append(len(db.session.execute(text("SELECT 1 FROM transfers")).all()))
        return []

    def write(part: Part) -> list[registry.Finding]:
        import threading

        def award() -> None:
            with context.app_context():
                town.award(town.member_ids[0], 1)

        thread = threading.Thread(target=award)
        thread.start()
        thread.join()
        return []

    registry.checks |= {"look": look, "write": write, "look_again": lambda part: look(part)}
    try:
        run_checks(["look", "write", "look_again"])
    finally:
        for name in ("look", "write", "look_again"):
            del registry.checks[name]
    assert seen == [0, 0]


@pytest.mark.breaks_checks
def test_a_check_that_breaks_off_is_a_finding_and_stops_no_other(context: Flask) -> None:
    open_town(members=1)

    def break_off(part: Part) -> list[registry.Finding]:
        db.session.execute(text("SELECT nothing FROM nowhere"))
        return []

    registry.checks["break_off"] = break_off
    try:
        [finding] = run_checks(["break_off", "zero_sum"])
    finally:
        del registry.checks["break_off"]
    assert (finding.check, finding.community_id) == ("break_off", NOBODY)
    assert re.match(r"the check broke off: \w*Error: .*nowhere", finding.detail, re.DOTALL), finding.detail
    assert len(finding.detail) <= 500
    assert [line["check"] for line in logged("check_broke_off")] == ["break_off"]


def logged(event_name: str) -> list[dict[str, Any]]:
    return [line for line in map(json.loads, LOGGED) if line["event"] == event_name]


@pytest.mark.breaks_books
def test_what_the_clock_finds_is_logged_with_its_check_and_its_community(lively: Town) -> None:
    with unguarded() as connection:
        connection.execute(text("UPDATE balances SET earned = earned + 1 WHERE earned > 0 AND balance = 12"))
        if connection.dialect.name == "sqlite":
            triggers.install(connection)
    db.session.remove()
    found = check_when_due()
    assert found is not None
    assert {(one.check, one.community_id) for one in found} == {("lifetime_match", lively.id)}
    lines = [(line["level"], line["check"], line["community_id"]) for line in logged("books_do_not_check")]
    assert lines == [("error", "lifetime_match", lively.id.hex)] * len(found)
    assert [line["found"] for line in logged("books_do_not_check")] == [one.detail for one in found]


@pytest.mark.breaks_books
def test_the_fault_of_one_community_keeps_back_its_own_mark_only(checked: Town) -> None:
    sound = open_town(members=1)
    sound.award(sound.member_ids[0], 5)
    seal_all(sound.id)
    seal_all(checked.id)
    with unguarded() as connection:
        shown = checked.id.hex if connection.dialect.name == "sqlite" else str(checked.id)
        connection.execute(text(f"UPDATE balances SET held = held + 1 WHERE community_id = '{shown}'"))
        if connection.dialect.name == "sqlite":
            triggers.install(connection)
    before = sizes()
    check_books(new=True)
    assert sizes() == before | {sound.id: 1}


def sizes() -> dict[UUID, int]:
    db.session.remove()
    return dict(db.session.execute(select(CheckMark.community_id, CheckMark.size)).tuples().all())


def test_a_mark_is_older_than_what_was_read(context: Flask) -> None:
    """What was stamped before the reading but committed after it is looked at again by the next run."""
    open_town()
    began = clock.now()
    check_books()
    assert db.session.scalars(select(CheckMark.checked_at)).one() < began - timedelta(minutes=9)


def test_of_two_clocks_at_once_one_checks(context: Flask) -> None:
    open_town()
    found = at_once(context, [check_when_due] * 4)
    assert sorted(found, key=str) == [None, None, None, []]


@pytest.mark.breaks_books
def test_a_lost_trigger_concerns_every_community(checked: Town) -> None:
    with unguarded() as connection:
        on = "" if connection.dialect.name == "sqlite" else " ON audit_lines"
        connection.execute(text(f"DROP TRIGGER audit_lines_no_update{on}"))
        if connection.dialect.name == "sqlite":
            triggers.install(connection)
            connection.execute(text("DROP TRIGGER audit_lines_no_update"))
    check_books()
    for town in (checked, open_town()):
        assert [run.findings for run in checking.runs(admin_of(town)) if run.name == "triggers_installed"] == [1]


def test_what_the_tests_take_as_unread_is_read_by_no_check(checked: Town) -> None:
    named: set[str] = set()

    def look(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        named.update(re.findall(r"\w+", statement))

    event.listen(db.engine, "before_cursor_execute", look)
    try:
        run_checks()
    finally:
        event.remove(db.engine, "before_cursor_execute", look)
    assert "transfers" in named
    assert not named & UNREAD
    assert set(every_table().tables) >= UNREAD


# Expiring points, of what is new (ledger/book/cohort_checks.py).

MOVES: dict[str, Callable[[Town, UUID], object]] = {
    "credited": lambda town, member: town.award(member, 4),
    "spent": lambda town, member: town.spend(member, 2),
    "held": lambda town, member: town.hold(wallet_of(member), 2),
}


@pytest.fixture
def quiet(lively: Town) -> Town:
    """Lively books that were checked, with two members more; nothing is new, but the holds of others still stand."""
    for _ in range(2):
        lively.award(lively.member(), 7)
    seal_all(lively.id)
    assert not any(result.findings for result in check_books())
    return lively


def one_point_more_is_left(town: Town, member: UUID) -> None:
    """In its cohort and in its wallet, so that only the transfers say otherwise."""
    shown = wallet_of(member).id_in(town.id)
    wallet = {"wallet": shown.hex if db.engine.dialect.name == "sqlite" else shown}
    db.session.remove()
    with owner().begin() as connection:
        for change in (
            "UPDATE cohorts SET points_left = points_left + 1 WHERE account_id = :wallet AND points_left > 0",
            "UPDATE balances SET dated = dated + 1 WHERE account_id = :wallet",
        ):
            assert connection.execute(text(change), wallet).rowcount == 1


def expiring_names(*, new: bool) -> set[str]:
    db.session.remove()
    return {finding.check for finding in run_checks(["cohorts_match", "draws_match"], new=new)}


@pytest.mark.breaks_books
@pytest.mark.parametrize("moved", MOVES)
def test_a_wrong_cohort_that_something_new_touched_is_found(quiet: Town, moved: str) -> None:
    member = quiet.member_ids[-1]
    MOVES[moved](quiet, member)
    assert expiring_names(new=True) == set()
    one_point_more_is_left(quiet, member)
    assert expiring_names(new=True) == {"cohorts_match"}


@pytest.mark.breaks_books
def test_a_wrong_cohort_that_nothing_new_touched_is_for_a_run_over_everything(quiet: Town) -> None:
    one, other = quiet.member_ids[-2:]
    one_point_more_is_left(quiet, other)
    quiet.award(one, 4)
    assert expiring_names(new=True) == set()
    assert expiring_names(new=False) == {"cohorts_match"}


def test_of_several_dates_of_a_wallet_each_is_compared_with_its_own(quiet: Town) -> None:
    """The old date is spent from, a new one is credited, and in other wallets both stand still."""
    one = quiet.member_ids[-1]
    with clock.set_to(clock.now() + timedelta(days=35)):
        quiet.award(one, 8)
        quiet.spend(one, 3)
        quiet.hold(wallet_of(one), 1)
        assert expiring_names(new=True) == set()
