"""Each named check is silent on sound books and catches the fault that was planted for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import insert, text
from sqlalchemy.engine import Connection

from ledger.book import checks, cohort_checks, expiry, triggers
from ledger.book.accounts import AccountKey, debt_of, hours_of, issuance_of, open_accounts, wallet_of
from ledger.book.checking import run_checks
from ledger.book.codes import Kind, Unit
from ledger.book.models import Draw, Transfer
from ledger.core import clock, registry
from ledger.core.db import db
from ledger.core.ids import NOBODY, new_id
from ledger.core.tenancy import Actor, Grant, Role
from tests.ledger.book.town import Town, open_town
from tests.owning import owner

BOOK_CHECKS = {
    name for name, check in registry.checks.items() if check.__module__ in (checks.__name__, cohort_checks.__name__)
}


@pytest.fixture
def lively(town: Town) -> Town:
    """Books in which everything has happened once: two towns, awards, hours, spending, holds, debt, a fund."""
    one, other = town.member_ids
    stamp = town.award(one, 30)
    town.award(other, 12)
    town.post(town.hours_of(one, 90))
    town.spend(one, 12)
    town.grant(500)
    town.charge(120)
    town.hold(town.fund, 100)
    town.hold(wallet_of(one), 5)
    town.undo(stamp)
    _let_points_expire(town)
    neighbours = open_town(members=1)
    neighbours.award(neighbours.member_ids[0], 3)
    return town


def _let_points_expire(town: Town) -> None:
    """A member who earned points with a date, spent some, holds some, and saw the rest of an older date expire."""
    member = town.member()
    admin = Actor(person_id=town.actor.person_id, community_id=town.id, grants=(Grant(Role.ADMIN),))
    with clock.set_to(clock.now() - timedelta(days=70)):
        expiry.set_policy(admin, 1)
        town.award(member, 9)
    expiry.expire_some(town.id)
    town.award(member, 20)
    town.spend(member, 6)
    town.hold(wallet_of(member), 4)


@contextmanager
def unguarded() -> Iterator[Connection]:
    """A connection on which neither triggers nor foreign keys nor CHECKs stop anybody."""
    db.session.remove()
    with owner().connect().execution_options(writes=True) as connection:
        if connection.dialect.name == "sqlite":
            raw = connection.connection.dbapi_connection
            raw.execute("PRAGMA foreign_keys = OFF")
            raw.execute("PRAGMA ignore_check_constraints = ON")
        with connection.begin():
            _lift_guards(connection)
            yield connection
            if connection.dialect.name == "postgresql":
                connection.execute(text("SET session_replication_role = origin"))
        connection.invalidate()


def _lift_guards(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        # Without triggers, and a copy of the table has no unique constraints.
        connection.execute(text("CREATE TABLE copy AS SELECT * FROM transfers"))
        connection.execute(text("DROP TABLE transfers"))
        connection.execute(text("PRAGMA legacy_alter_table=ON"))  # The view over transfers stays as it is.
        connection.execute(text("ALTER TABLE copy RENAME TO transfers"))
        return
    connection.execute(text("SET session_replication_role = replica"))
    connection.execute(text("ALTER TABLE balances DROP CONSTRAINT IF EXISTS ck_balances_limit_kept"))
    connection.execute(text("ALTER TABLE transfers DROP CONSTRAINT IF EXISTS uq_transfers_source"))


def findings() -> dict[str, str]:
    db.session.remove()
    return {finding.check: finding.detail for finding in run_checks(BOOK_CHECKS)}


def planted(connection: Connection, **changes: Any) -> None:
    """Another award is written past the one writer, with these columns changed."""
    table: Any = Transfer.__table__
    first = connection.execute(table.select().where(table.c.code == "award").order_by(table.c.id)).first()
    assert first is not None
    row = dict(first._mapping) | {"id": new_id(), "source_id": new_id()} | changes
    connection.execute(insert(table), [row])


def test_sound_books_have_no_findings(lively: Town) -> None:
    assert findings() == {}


def test_checks_can_be_run_by_name(lively: Town) -> None:
    assert run_checks(["zero_sum", "holds_match"]) == []


def _balance_set_by_hand(connection: Connection, town: Town) -> None:
    # Two wallets change against each other, so the sum stays 0.
    for member, sign in zip(town.member_ids[:2], ("+", "-"), strict=True):
        account = wallet_of(member).id_in(town.id)
        _update_balance(connection, account, f"balance = balance {sign} 1")


def _update_balance(connection: Connection, account: Any, change: str) -> None:
    shown = account.hex if connection.dialect.name == "sqlite" else str(account)
    connection.execute(text(f"UPDATE balances SET {change} WHERE account_id = '{shown}' AND slot = 0"))


def _money_from_nowhere(connection: Connection, town: Town) -> None:
    _update_balance(connection, wallet_of(town.member_ids[1]).id_in(town.id), "balance = balance + 1")


def _lifetime_by_hand(connection: Connection, town: Town) -> None:
    _update_balance(connection, wallet_of(town.member_ids[1]).id_in(town.id), "earned = earned + 1")


def _spent_by_hand(connection: Connection, town: Town) -> None:
    _update_balance(connection, wallet_of(town.member_ids[1]).id_in(town.id), "spent = spent + 1")


def _hold_forgotten(connection: Connection, town: Town) -> None:
    connection.execute(text("UPDATE holds SET state = 'voided'"))


def _held_without_hold(connection: Connection, town: Town) -> None:
    _update_balance(connection, wallet_of(town.member_ids[1]).id_in(town.id), "held = held + 1")


def _drawn_too_much(connection: Connection, town: Town) -> None:
    _draw(connection, "transfer_id", more=100)


def _held_too_much(connection: Connection, town: Town) -> None:
    _draw(connection, "hold_id", more=100)


def _drawn_from_anothers_wallet(connection: Connection, town: Town) -> None:
    _draw(connection, "transfer_id", more=0, account_id=wallet_of(town.member_ids[0]).id_in(town.id))


def _draw(connection: Connection, taker: str, *, more: int, **changes: Any) -> None:
    """A draw is doubled, with `more` points, so that no cohort agrees; or changed."""
    table: Any = Draw.__table__
    row = connection.execute(table.select().where(table.c[taker].is_not(None)).order_by(table.c.id.desc())).first()
    assert row is not None
    connection.execute(insert(table), [dict(row._mapping) | {"id": new_id(), "amount": more or 1} | changes])


def _expired_from_no_cohort(connection: Connection, town: Town) -> None:
    expire = {
        "code": "expire",
        "debit_account_id": wallet_of(town.member_ids[0]).id_in(town.id),
        "credit_account_id": AccountKey(Kind.EXPIRED, Unit.POINTS, town.id).id_in(town.id),
        "amount": 1,
    }
    planted(connection, **expire)


def _cohort_by_hand(connection: Connection, town: Town) -> None:
    connection.execute(text("UPDATE cohorts SET points_left = points_left + 1 WHERE points_left > 0"))


def _cohort_lost(connection: Connection, town: Town) -> None:
    connection.execute(text("DELETE FROM cohorts WHERE points_left > 0"))


def _draw_lost(connection: Connection, town: Town) -> None:
    if connection.dialect.name == "sqlite":
        connection.execute(text("DROP TRIGGER draws_no_delete"))
    connection.execute(text("DELETE FROM draws WHERE hold_id IS NOT NULL"))


def _date_lengthened(connection: Connection, town: Town) -> None:
    connection.execute(text("UPDATE transfers SET expires_on = '2099-12-31' WHERE expires_on IS NOT NULL"))


def _more_expires_than_is_there(connection: Connection, town: Town) -> None:
    _update_balance(connection, wallet_of(town.member_ids[-1]).id_in(town.id), "balance = held")


def _overdrawn(connection: Connection, town: Town) -> None:
    redeem = {
        "code": "redeem",
        "debit_account_id": wallet_of(town.member_ids[1]).id_in(town.id),
        "credit_account_id": town.shop.id_in(town.id),
        "amount": 999,
    }
    planted(connection, **redeem)


def _debt_above_zero(connection: Connection, town: Town) -> None:
    repay = {
        "code": "repay",
        "debit_account_id": wallet_of(town.member_ids[1]).id_in(town.id),
        "credit_account_id": debt_of(town.member_ids[1]).id_in(town.id),
        "amount": 1,
    }
    planted(connection, **repay)


def _from_another_community(connection: Connection, town: Town) -> None:
    planted(connection, community_id=new_id())


def _in_another_unit(connection: Connection, town: Town) -> None:
    planted(connection, unit="minutes")


def _undeclared(connection: Connection, town: Town) -> None:
    planted(connection, code="donate")


def _hours_as_points(connection: Connection, town: Town) -> None:
    planted(connection, credit_account_id=hours_of(town.member_ids[0]).id_in(town.id))


def _same_source_twice(connection: Connection, town: Town) -> None:
    table: Any = Transfer.__table__
    first = connection.execute(table.select().where(table.c.code == "award")).first()
    assert first is not None
    connection.execute(insert(table), [dict(first._mapping) | {"id": new_id()}])


def _reversed_too_much(connection: Connection, town: Town) -> None:
    table: Any = Transfer.__table__
    first = connection.execute(table.select().where(table.c.code == "reverse")).first()
    assert first is not None
    connection.execute(insert(table), [dict(first._mapping) | {"id": new_id(), "source_id": new_id()}])


def _recorded_before_it_took_effect(connection: Connection, town: Town) -> None:
    planted(connection, effective_at=clock.now() + timedelta(days=1))


def _trigger_dropped(connection: Connection, town: Town) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("ALTER TABLE transfers DISABLE TRIGGER transfers_no_update"))


def _trigger_of_that_name(connection: Connection, town: Town) -> None:
    if connection.dialect.name == "postgresql":
        body = "RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$"
        connection.execute(text(f"CREATE OR REPLACE FUNCTION refuse_change() {body}"))
        return
    triggers.install(connection)
    connection.execute(text("DROP TRIGGER transfers_no_update"))
    connection.execute(text("CREATE TRIGGER transfers_no_update BEFORE UPDATE ON transfers BEGIN SELECT 1; END"))


CANARIES: list[tuple[str, Callable[[Connection, Town], None]]] = [
    ("zero_sum", _money_from_nowhere),
    ("balances_match", _balance_set_by_hand),
    ("balances_match", _overdrawn),
    ("lifetime_match", _lifetime_by_hand),
    ("lifetime_match", _spent_by_hand),
    ("holds_match", _hold_forgotten),
    ("holds_match", _held_without_hold),
    ("draws_match", _drawn_too_much),
    ("draws_match", _held_too_much),
    ("draws_match", _drawn_from_anothers_wallet),
    ("draws_match", _expired_from_no_cohort),
    ("cohorts_match", _cohort_by_hand),
    ("cohorts_match", _cohort_lost),
    ("cohorts_match", _draw_lost),
    ("cohorts_match", _date_lengthened),
    ("cohorts_match", _more_expires_than_is_there),
    ("no_negative_wallet", _overdrawn),
    ("no_negative_wallet", _debt_above_zero),
    ("no_cross_community", _from_another_community),
    ("no_cross_community", _in_another_unit),
    ("codes_declared", _undeclared),
    ("codes_declared", _hours_as_points),
    ("source_unique", _same_source_twice),
    ("reversals_within", _reversed_too_much),
    ("times_in_order", _recorded_before_it_took_effect),
    ("triggers_installed", _trigger_dropped),
    ("triggers_installed", _trigger_of_that_name),
]


@pytest.mark.breaks_books
@pytest.mark.parametrize(("name", "plant"), CANARIES, ids=[plant.__name__.strip("_") for _, plant in CANARIES])
def test_a_planted_fault_is_found(lively: Town, name: str, plant: Callable[[Connection, Town], None]) -> None:
    with unguarded() as connection:
        plant(connection, lively)
    db.session.remove()
    found = [finding for finding in run_checks(BOOK_CHECKS) if finding.check == name]
    assert found
    named = {finding.community_id for finding in found}
    assert None not in named
    assert named <= {lively.id, NOBODY} or plant is _from_another_community
    assert all(finding.detail and "None" not in finding.detail for finding in found), "it says what it found"


def test_every_check_of_the_books_has_a_planted_fault() -> None:
    assert {name for name, _ in CANARIES} == BOOK_CHECKS


@pytest.mark.breaks_books
def test_lifting_the_guards_alone_is_no_other_fault(lively: Town) -> None:
    with unguarded():
        pass
    assert set(findings()) <= {"triggers_installed"}


@pytest.mark.breaks_books
def test_a_missing_balance_is_found(lively: Town) -> None:
    with unguarded() as connection:
        connection.execute(text("DELETE FROM balances"))
    assert "balances_match" in findings()


@pytest.mark.breaks_books
def test_checks_repair_nothing(lively: Town) -> None:
    with unguarded() as connection:
        _money_from_nowhere(connection, lively)
    assert findings() == findings()


@pytest.mark.breaks_books
def test_a_finding_names_its_community(lively: Town) -> None:
    with unguarded() as connection:
        _lifetime_by_hand(connection, lively)
    db.session.remove()
    [finding] = run_checks(["lifetime_match"])
    assert finding.community_id == lively.id


def test_accounts_are_opened_once(context: Flask, town: Town) -> None:
    from ledger.core.db import atomic

    member = town.member_ids[0]
    town.award(member, 3)
    atomic(open_accounts)(town.id, [wallet_of(member), issuance_of(town.id, Unit.POINTS)])
    assert town.of(member).posted == 3
