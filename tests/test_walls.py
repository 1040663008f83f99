"""Row-level security behind every query: a transaction sees and writes rows of the community that it has named."""

from __future__ import annotations

import contextvars
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text, true
from sqlalchemy.exc import DBAPIError

from ledger.book import roles
from ledger.core import clock, walls
from ledger.core.audit import AuditLine
from ledger.core.db import atomic, begins, db, reading_engine
from ledger.core.ids import new_id
from ledger.core.tenancy import within
from ledger.people import members
from ledger.people.models import Household
from ledger.service.activities import ActivityPlan, plan_activity
from ledger.service.models import Basis
from ledger.service.programmes import RuleTerms, create_programme
from tests import crash_worker
from tests.api.calling import Caller
from tests.api.shopping import Shopping
from tests.conftest import ClientOfItsOwn
from tests.grounds import Grounds
from tests.ledger.core.test_tenancy import TENANTS
from tests.ledger.rewards.street import NOON, Street, open_street
from tests.stories import Neighbourhood, next_phone, open_neighbourhood, street_officer

pytestmark = pytest.mark.xdist_group("walls")  # They share a town.


@dataclass
class Town:
    """Two communities; the house sees one at a time, its owner's house sees everything."""

    grounds: Grounds
    house: Flask
    here: Street
    there: Neighbourhood

    @property
    def owner(self) -> Flask:
        return self.grounds.owner

    def client(self, *, of: Flask | None = None) -> FlaskClient:
        house = of or self.house
        house.test_client_class = ClientOfItsOwn
        return house.test_client()

    def command(self, *words: str) -> str:
        answer = contextvars.Context().run(self.house.test_cli_runner().invoke, args=words)
        assert answer.exit_code == 0, answer.output
        return str(answer.output)


@pytest.fixture(scope="module")
def town() -> Iterator[Town]:
    grounds = Grounds()
    with grounds.owner.app_context():
        here = open_street(auto_confirm_days=3)
        there = open_neighbourhood("北塔社区")
        there.volunteer("北塔的人")
        db.session.remove()
    assert grounds.give(grounds.role, "--walls") == (0, SAID.format(role=grounds.role))
    house = grounds.house(DATABASE_WALLS=True)
    yield Town(grounds, house, here, there)
    with house.app_context():
        db.engine.dispose()
    grounds.clear()


@pytest.fixture(autouse=True)
def at_noon() -> Iterator[None]:
    clock.move_to(NOON)
    walls.leave()  # What a test of this file asks stands nowhere until it says where.
    yield
    clock.move_to(None)


SAID = (
    "{role} may run the house; history and schema are closed to it.\n"
    "Walls stand between communities: the house needs DATABASE_WALLS=yes.\n"
)


# --- what the database itself refuses ---------------------------------------------------------------------------


def test_every_table_of_a_community_has_its_wall_and_a_table_that_comes_gets_one(town: Town) -> None:
    grounds = town.grounds

    def open_tables() -> list[str]:
        with town.owner.app_context(), db.engine.connect() as connection:
            return roles.without_wall(connection)

    assert open_tables() == []
    grounds.as_owner("CREATE TABLE later (community_id uuid, id uuid, PRIMARY KEY (community_id, id))")
    assert open_tables() == ["later"]
    assert grounds.give(grounds.role)[0] == 0  # As after each upgrade: nothing said of walls leaves them standing.
    assert open_tables() == []
    assert grounds.give(grounds.role, "--no-walls")[1] == SAID.format(role=grounds.role).splitlines(keepends=True)[0]
    assert len(open_tables()) == len(TENANTS) + 1
    grounds.as_owner("DROP TABLE later")
    ready = town.client().get("/readyz")
    assert (ready.status_code, len(ready.json["tables"])) == (503, len(TENANTS))
    assert grounds.give(grounds.role, "--walls")[0] == 0
    assert open_tables() == []
    assert town.client().get("/readyz").json == {"status": "ready"}


def test_a_transaction_sees_the_community_that_it_named_and_no_row_of_another(town: Town) -> None:
    with town.house.app_context():
        for table in TENANTS:
            elsewhere = text(f"SELECT count(*) FROM {table.name} WHERE community_id <> :here")
            assert count(elsewhere, here=town.here.id) == 0, "nothing named, nothing seen"
            with walls.inside(town.here.id):
                assert count(elsewhere, here=town.here.id) == 0, table.name
        people = text("SELECT count(*) FROM members")
        assert count(people) == 0
        with walls.inside(town.here.id):
            here = count(people)
        with walls.inside(town.there.id):
            there = count(people)
        with walls.above():
            assert count(people) == here + there
        assert here > 0
        assert there > 0
        assert count(people) == 0


def count(query: Any, **asked: Any) -> int:
    with db.engine.connect() as connection:
        return int(connection.scalar(query, asked) or 0)


def test_a_transaction_writes_no_row_of_another_community(town: Town) -> None:
    changed = text("UPDATE members SET left_at = NULL WHERE name = '北塔的人'")
    gone = text("DELETE FROM members WHERE name = '北塔的人'")
    taken = text("UPDATE households SET community_id = :there")
    put = text("INSERT INTO households (community_id, id, name, created_at) VALUES (:there, :id, '他家', now())")
    with town.house.app_context():
        asked = {"there": town.there.id, "id": new_id()}
        with walls.inside(town.here.id):
            with db.engine.begin() as connection:
                assert connection.execute(changed).rowcount == 0
                assert connection.execute(gone).rowcount == 0
            assert refused(put, **asked) == "42501"
            with db.engine.begin() as connection:
                connection.execute(put, {"there": town.here.id, "id": new_id()})
            assert refused(taken, **asked) == "42501"
        assert refused(put, **asked) == "42501"  # Nothing named, nothing written.
        with walls.inside(town.there.id), db.engine.begin() as connection:
            assert connection.execute(changed).rowcount == 1


def refused(statement: Any, **asked: Any) -> str:
    with pytest.raises(DBAPIError) as error, db.engine.begin() as connection:
        connection.execute(statement, asked)
    return str(getattr(error.value.orig, "sqlstate", None))


def test_what_was_named_ends_with_the_transaction_and_with_the_savepoint(town: Town) -> None:
    said = text(f"SELECT current_setting('{walls.SETTING}', true)")
    with town.house.app_context(), db.engine.connect() as connection:
        with walls.inside(town.here.id):
            assert connection.scalar(said) == str(town.here.id)
        connection.rollback()
        assert not connection.exec_driver_sql(str(said)).scalar()  # The same connection of the pool, the next user.
        with walls.inside(town.here.id):
            connection.execute(text("SELECT 1"))
            inner = connection.begin_nested()
            with walls.above():
                assert connection.scalar(said) == walls.ABOVE
            inner.rollback()
            assert connection.scalar(said) == str(town.here.id)


def test_whoever_has_a_connection_next_stands_where_they_say_and_not_where_it_was_left(town: Town) -> None:
    """Outside a transaction a connection stands where it was put: for reading, for nobody, in a transaction, again."""
    people = text("SELECT count(*) FROM members")
    said = text(f"SELECT current_setting('{walls.SETTING}', true)")
    with town.house.app_context():
        db.engine.dispose()
        reads = reading_engine(db.engine)

        def reading(query: Any) -> Any:
            with reads.connect() as connection:
                assert db.engine.pool.checkedin() == 0, "one connection, and it is this"  # type: ignore[attr-defined]
                return connection.scalar(query)

        with walls.inside(town.here.id):
            here = reading(people)
        assert (here > 0, reading(people), reading(said)) == (True, 0, "")
        with walls.inside(town.here.id):
            assert (reading(people), reading(said)) == (here, str(town.here.id))
        with db.engine.begin() as connection:
            assert connection.scalar(people) == 0, "left standing here, asked for nobody"
            with walls.inside(town.there.id):
                there = connection.scalar(people)
                assert connection.scalar(said) == str(town.there.id)
        assert 0 < there != here
        with walls.inside(town.here.id):
            assert reading(people) == here, "the transaction's own word ended with it"
            with db.engine.connect() as connection:
                inner = connection.begin_nested()
                with walls.inside(town.there.id):
                    assert connection.scalar(people) == there
                inner.rollback()
                assert connection.scalar(people) == here


def test_behind_a_pool_of_others_nobody_is_left_standing(town: Town) -> None:
    """PgBouncer in transaction mode gives a connection away after each statement: there reading is a transaction."""
    house = town.grounds.house(DATABASE_WALLS=True, DATABASE_PREPARES=False)
    admin = town.here.place.admin
    assert town.client(of=house).get(f"{town.here.place.url}/members", headers=admin.headers).status_code == 200
    with house.app_context():
        driver: Any = db.engine.raw_connection().driver_connection
        assert not driver.execute(f"SELECT current_setting('{walls.SETTING}', true)").fetchone()[0]
        driver.close()


def test_rows_are_written_where_they_were_made(town: Town) -> None:
    """What waits in the session is flushed before another community is named."""

    @atomic
    def make() -> None:
        for place in (town.here.id, town.there.id):
            with walls.inside(place):
                db.session.add(Household(community_id=place, id=new_id(), name="一家", created_at=clock.now()))

    with town.house.app_context():
        make()
        with walls.above():
            assert count(text("SELECT count(*) FROM households WHERE name = '一家'")) == 2


def test_a_view_shows_no_more_than_its_reader_may_see(town: Town) -> None:
    """It would show what its owner sees, and the owner stands behind no wall."""
    with town.owner.app_context():
        town.here.volunteer(points=7)
        db.session.remove()
    town.grounds.as_owner(f"GRANT SELECT ON entries TO {town.grounds.role}")
    entries = text("SELECT count(*) FROM entries")
    with town.house.app_context():
        assert count(entries) == 0
        with walls.inside(town.there.id):
            assert count(entries) == 0
        with walls.inside(town.here.id):
            assert count(entries) > 0


# --- what the planner makes of a wall ---------------------------------------------------------------------------


@pytest.fixture
def lines(town: Town) -> None:
    """An audit of five thousand lines, of which one in a hundred is of its kind."""
    made = text(
        "INSERT INTO audit_lines (community_id, id, at, actor_id, action, outcome, request_id, detail) SELECT :here,"
        " gen_random_uuid(), now(), :here, CASE WHEN n % 100 = 0 THEN 'wall_painted' ELSE 'visit_made' END, 'done',"
        " '-', '{}' FROM generate_series(1, 5000) n"
    )
    with town.owner.app_context(), db.engine.begin() as connection:
        connection.execute(made, {"here": town.here.id})
        connection.execute(text("ANALYZE audit_lines"))


def plan(query: Any) -> str:
    with db.engine.connect() as connection:
        shown = query.compile(db.engine, compile_kwargs={"literal_binds": True})
        return "\n".join(row[0] for row in connection.exec_driver_sql(f"EXPLAIN {shown}".replace("%", "%%")))


@pytest.mark.usefixtures("lines")
def test_what_begins_so_is_found_by_its_index_behind_a_wall_too(town: Town) -> None:
    of_here = select(AuditLine.id).where(within(town.here.id, AuditLine))
    with town.house.app_context(), walls.inside(town.here.id):
        found = plan(of_here.where(begins(AuditLine.action, "wall")))
        by_like = plan(of_here.where(AuditLine.action.startswith("wall")))
    condition = r"Index Cond: .*action.* ~>=~ 'wall'"
    assert re.search(condition, found), found
    assert not re.search(condition, by_like), "if this fails, PostgreSQL's LIKE has become leakproof: rejoice"


@pytest.mark.usefixtures("lines")
def test_a_wall_is_not_taken_for_one_that_lets_nothing_through(town: Town) -> None:
    """A community's rows are expected in their order of magnitude, else its tables are joined row by row."""
    with town.house.app_context(), walls.inside(town.here.id):
        found = plan(select(AuditLine.id).where(within(town.here.id, AuditLine)))
    expected = re.search(r"rows=(\d+)", found)
    assert expected is not None
    assert int(expected[1]) > 1000, found


# --- a planted fault --------------------------------------------------------------------------------------------


def test_a_query_that_forgot_its_community_shows_nothing_of_the_neighbour(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = town.here.place.admin
    monkeypatch.setattr(members, "within", lambda *_asked: true())

    def names(house: Flask) -> set[str]:
        answer = town.client(of=house).get(f"{town.here.place.url}/members?limit=200", headers=admin.headers)
        assert answer.status_code == 200, answer.json
        return {one["name"] for one in answer.json["items"]}

    assert "北塔的人" in names(town.owner)  # The fault is real: nothing but the wall stands against it.
    seen = names(town.house)
    assert "北塔的人" not in seen
    assert admin.name in seen


# --- the ordinary stories ---------------------------------------------------------------------------------------


def test_a_newcomer_signs_in_joins_and_reads_what_is_theirs(town: Town) -> None:
    caller = Caller(town.client())
    with town.house.app_context():
        assert caller.sign_in(next_phone(), consents=["service"]).status_code == 200
    assert caller.get("/me").json["memberships"] == []
    place = f"/communities/{town.there.id.hex}"
    assert caller.get(f"{place}/members").status_code == 404
    assert caller.post(f"{place}/join", {"name": "林秀芳"}).status_code == 200
    assert [one["community_name"] for one in caller.get("/me").json["memberships"]] == ["北塔社区"]
    assert caller.get("/me/notices").status_code == 200
    made = caller.post("/me/exports")
    assert made.status_code in (200, 201), made.json
    assert caller.get(f"/communities/{town.here.id.hex}/members").status_code == 404


def test_a_week_from_check_in_to_payment(town: Town, tmp_path: Path) -> None:
    here, client = town.here, town.client()
    place, shopping = here.place, Shopping(client, here)
    with town.owner.app_context():
        lin, stamper = place.volunteer("林秀芳"), place.stamper
        terms = RuleTerms(Basis.PER_HOUR, points=10)
        programme = create_programme(place.admin.actor, "巡逻", terms=terms).programme
        plan = ActivityPlan(name="巡逻", place="东门", starts_at=NOON, ends_at=NOON + timedelta(hours=2))
        activity = plan_activity(place.admin.actor, programme.id, unit_id=place.grid.id, plan=plan)
        poster = {"merchant_code": here.poster.code}
        db.session.remove()

    def visit(kind: str) -> Any:
        sent = {"activity_id": activity.id.hex, "kind": kind, "via": {"poster_code": activity.poster_code}}
        return done(shopping.post(lin, "/checkins", sent))

    visit("in")
    clock.advance(hours=2)
    served = visit("out")
    stamped = done(shopping.post(stamper, "/stamps", {"checkin_ids": [served["id"]], "decision": "stamp"}))
    assert stamped["results"][0]["points"] == 20
    reserved = done(shopping.redeem(lin, poster))
    assert done(shopping.post(lin, f"/redemptions/{reserved['id']}/confirm"))["status"] == "confirmed"
    clock.advance(days=3, hours=12)
    assert "jobs done" in town.command("tick")
    [drafted] = done(shopping.get(place.treasurer, "/settlements"))["items"]
    statement = f"/settlements/{drafted['id']}"
    payment = {"reference": "ICBC-20261124-0001", "paid_on": clock.today().isoformat()}
    for who, step, body in (
        (place.admin, "issue", None),
        (here.owner, "confirm", None),
        (place.treasurer, "approve", None),
        (place.admin, "pay", payment),
        (place.treasurer, "reconcile", None),
    ):
        answer = done(shopping.post(who, f"{statement}/{step}", body))
    assert answer["status"] == "reconciled"
    town.command("tick")
    town.command("books", "seal")
    town.command("books", "check")
    assert "rows of" in town.command("backup", str(tmp_path / "week.zip"))
    figures = client.get("/metrics").text
    assert 'redflower_check_findings{check="zero_sum",scope="full"} 0.0' in figures
    assert client.get(f"/c/{place.id.hex}/board").status_code == 200


def done(answer: Any) -> Any:
    assert answer.status_code in (200, 201), answer.json
    return answer.json


def test_the_street_sees_its_communities_side_by_side(town: Town) -> None:
    with town.owner.app_context():
        officer = street_officer(town.here.place.community)
        db.session.remove()
    beside = done(Shopping(town.client(), town.here).get(officer, "/street"))
    assert [one["name"] for one in beside["communities"]] == ["南华社区"]


def test_without_a_word_of_the_house_the_role_sees_nothing(town: Town) -> None:
    """Walls that stand in a database whose house was not told (DATABASE_WALLS) hide everything, and leak nothing."""
    untold = town.grounds.house()
    admin = town.here.place.admin
    assert town.client(of=untold).get(f"{town.here.place.url}/members", headers=admin.headers).status_code == 404
    with untold.app_context():
        db.engine.dispose()


def test_a_house_on_sqlite_is_promised_no_walls() -> None:
    with pytest.raises(RuntimeError, match="DATABASE_WALLS needs PostgreSQL"):
        crash_worker.house("sqlite://", DATABASE_WALLS=True)
