"""The house runs as a role that owns nothing: a whole day works, and history and its guards cannot be changed."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from ledger.book import checking, triggers
from ledger.book.checking import run_checks
from ledger.core import clock, jobs
from ledger.core.db import db
from ledger.people import erasures
from ledger.people.data_models import Erasure, ErasureState
from ledger.rewards import refunds
from ledger.service.activities import ActivityPlan, plan_activity
from ledger.service.models import Basis
from ledger.service.programmes import RuleTerms, create_programme
from ledger.settlement.models import SettlementState
from tests.api.calling import Caller
from tests.grounds import Grounds, grounds
from tests.ledger.book.sealing import seal_all
from tests.ledger.rewards.street import open_street
from tests.ledger.service.day import Day
from tests.ledger.settlement.office import Office
from tests.logs import LOGGED
from tests.stories import next_phone

__all__ = ["grounds"]


def refused(statement: str) -> str:
    with db.engine.connect() as connection, pytest.raises(DBAPIError) as error:
        connection.execute(text(statement))
    return str(getattr(error.value.orig, "sqlstate", None))


def test_the_house_runs_as_a_role_to_which_history_is_closed(grounds: Grounds, tmp_path: Path) -> None:
    assert grounds.give("nobody_at_all")[0] == 1
    assert "There is no role 'nobody_at_all'" in grounds.give("nobody_at_all")[1]
    assert "no right would stop it" in grounds.give("postgres")[1]
    assert grounds.give(grounds.role)[0] == 0
    assert grounds.give(grounds.role)[0] == 0  # Given again, as after each upgrade.
    house = grounds.house()
    with house.app_context():
        live_a_week(house)
        backed_up = house.test_cli_runner().invoke(args=["backup", str(tmp_path / "week.zip")])
        assert backed_up.exit_code == 0, backed_up.output
        for table in triggers.APPEND_ONLY:
            for statement in (
                f"UPDATE {table} SET community_id = community_id",
                f"DELETE FROM {table}",
                f"TRUNCATE {table} CASCADE",
                f"DROP TRIGGER {table}_no_update ON {table}",
                f"ALTER TABLE {table} DISABLE TRIGGER ALL",
            ):
                assert refused(statement) == "42501", statement
        for statement in (
            "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
            "SET session_replication_role = replica",
            "UPDATE alembic_version SET version_num = '0001'",
            "CREATE TABLE elsewhere (id int)",
            "DROP TABLE persons CASCADE",
        ):
            assert refused(statement) == "42501", statement
        assert refused("UPDATE transfers SET id = id") == "P0001"  # The one column that a lock needs: the trigger.
        assert run_checks() == []
        db.session.remove()
        db.engine.dispose()


def test_who_may_not_have_rows_counted_checks_all_the_same_and_says_in_a_line_why_it_may_be_slow(
    grounds: Grounds,
) -> None:
    assert grounds.give(grounds.role)[0] == 0
    house = grounds.house()

    def check(of: Flask) -> tuple[int, str, str]:
        ended = of.test_cli_runner().invoke(args=["books", "check"])
        return ended.exit_code, ended.stdout, ended.stderr

    with house.app_context():
        assert checking.uncounted(ours=False) == sorted(checking.READ)
        assert checking.uncounted(ours=True) == []
    line = f"May be slow until the owner of {', '.join(sorted(checking.READ))} runs ANALYZE, or autovacuum does.\n"
    assert check(house) == (0, "", line)
    with house.app_context():
        assert checking.check_when_due() == []
    assert [line for line in LOGGED if "rows_not_counted" in line]
    assert check(grounds.owner) == (0, "", "")
    assert check(house) == (0, "", "")
    with house.app_context():
        db.engine.dispose()


def live_a_week(house: Flask) -> None:
    """Signing in, service, its stamp, a redemption, a refund, the week's statement, the clock, an erasure."""
    street = open_street(auto_confirm_days=3)
    admin = street.place.admin.actor
    phone = next_phone()
    caller = Caller(house.test_client())
    assert caller.sign_in(phone, consents=["service"]).status_code == 200
    assert caller.get("/me").status_code == 200
    programme = create_programme(admin, "巡逻", terms=RuleTerms(Basis.PER_HOUR, points=5)).programme
    starts = clock.now()
    plan = ActivityPlan(name="巡逻", place="东门", starts_at=starts, ends_at=starts + timedelta(hours=2))
    day = Day(street.place, programme, plan_activity(admin, programme.id, unit_id=street.place.grid.id, plan=plan))
    lin = street.volunteer(20)
    day.arrive(lin, starts)
    day.stamp([day.leave(lin, starts + timedelta(hours=2)).id])
    refunds.refund(street.place.treasurer.actor, street.buy(lin).id, reason="面包变质")
    street.buy(lin)
    office = Office(street)
    office.bring_to(SettlementState.RECONCILED)
    jobs.tick([street.id])
    seal_all(street.id)
    asked = erasures.ask_erasure(lin.actor)
    clock.advance(days=15)
    jobs.tick([street.id])
    db.session.remove()
    assert db.session.get_one(Erasure, asked.id).state == ErasureState.DONE
