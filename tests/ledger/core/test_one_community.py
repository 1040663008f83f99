"""Fit for a shard by community: the database's own keys begin with the tenant, and a hot write keeps to one of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import event, inspect

from ledger.book import plain_posting
from ledger.core import clock
from ledger.core.db import db
from ledger.core.tenancy import Actor
from ledger.rewards import redemptions
from ledger.service.checkins import Kind, Via, record_checkin
from ledger.service.models import Decision
from ledger.service.stamps import stamp_checkins
from ledger.settlement import closing
from tests.ledger.core.test_tenancy import IDENTITY, TENANTS
from tests.ledger.rewards.street import open_street
from tests.ledger.service.day import ELEVEN, NINE, open_day
from tests.ledger.settlement.office import THIS_WEEK

NAMES = "|".join(table.name for table in TENANTS)
READ = re.compile(rf"\b(?:FROM|JOIN|UPDATE|,)\s+({NAMES})\b(?:\s+AS\s+(\w+))?")
WRITTEN = re.compile(rf"\bINSERT INTO ({NAMES})\b")
IN_ONE_CALL = re.sub(r"UPDATE (\w+)(.*?WHERE )", r"UPDATE \1\2\1.", plain_posting._BODY, flags=re.DOTALL)
"""What the writer's function does, its tables named in its conditions, too."""


def test_every_key_of_the_database_itself_begins_with_the_tenant(context: Flask) -> None:
    with db.engine.connect() as connection:
        found = inspect(connection)
        there = set(found.get_table_names()) - IDENTITY - {"alembic_version"}
        assert there == {table.name for table in TENANTS}
        for table in sorted(there):
            keys = [found.get_pk_constraint(table)["constrained_columns"]]
            keys += [key["column_names"] for key in found.get_unique_constraints(table)]
            keys += [key["column_names"] for key in found.get_indexes(table) if key["unique"]]
            keys += [key["constrained_columns"] for key in found.get_foreign_keys(table)]
            assert {columns[0] for columns in keys} == {"community_id"}, table
            for key in found.get_foreign_keys(table):
                target = "id" if key["referred_table"] == "communities" else "community_id"
                assert key["referred_columns"][0] == target, (table, key["name"])


class Seen:
    """What a write asked of communities' tables: which communities it named, and what it left unbound."""

    def __init__(self) -> None:
        self.tables: set[str] = set()
        self.communities: set[Any] = set()
        self.unbound: list[str] = []

    def note(self, _connection: Any, _cursor: Any, statement: str, _parameters: Any, context: Any, _many: bool) -> None:
        if plain_posting.NAME in statement:
            statement = IN_ONE_CALL
        read = {(table, alias or table) for table, alias in READ.findall(statement)}
        written = set(WRITTEN.findall(statement))
        if not read and not written:
            return
        self.tables |= written | {table for table, _ in read}
        given = getattr(context, "compiled_parameters", None) or []
        named = {value for row in given for name, value in row.items() if "community" in name or "tenant" in name}
        self.communities |= {value if isinstance(value, UUID) else UUID(str(value)) for value in named if value}
        bound = all(
            re.search(rf"\b{name}\.community_id\s*(?:=|IN)", statement)
            or re.search(rf"=\s*{name}\.community_id\b", statement)
            for _, name in read
        )
        if not named or not bound:
            self.unbound.append(statement)


@contextmanager
def watched() -> Iterator[Seen]:
    seen = Seen()
    event.listen(db.engine, "before_cursor_execute", seen.note)
    try:
        yield seen
    finally:
        event.remove(db.engine, "before_cursor_execute", seen.note)


def keeps_to(community_id: UUID, writes: set[str], call: Callable[[], Any]) -> Any:
    """What the call answers, once it has written to these tables and named no community but this one."""
    with watched() as seen:
        answer = call()
    assert writes <= seen.tables
    assert seen.unbound == []
    assert seen.communities == {community_id}
    return answer


@pytest.fixture(autouse=True)
def clock_is_given_back() -> Iterator[None]:
    yield
    clock.move_to(None)


def test_a_check_in_and_its_stamp_touch_one_community(context: Flask) -> None:
    day = open_day()
    person, stamper = day.place.volunteer().actor, day.place.stamper.actor
    via = Via(poster_code=day.activity.poster_code)

    def check(kind: Kind) -> Any:
        return keeps_to(day.place.id, {"checkins"}, lambda: record_checkin(person, day.activity.id, kind=kind, via=via))

    clock.move_to(NINE)
    check(Kind.IN)
    clock.move_to(ELEVEN)
    visit = check(Kind.OUT)
    stamped = keeps_to(
        day.place.id,
        {"stamps", "transfers"},
        lambda: stamp_checkins(stamper, [visit.id], decision=Decision.STAMP),
    )
    assert stamped.results[0].stamp_id is not None


def test_a_redemption_and_its_week_touch_one_community(context: Flask) -> None:
    street = open_street(auto_confirm_days=3)
    person: Actor = street.volunteer().actor
    poster, treasurer = street.poster, street.place.treasurer.actor
    reserved = keeps_to(
        street.id, {"redemptions", "holds"}, lambda: redemptions.reserve(person, street.loaf.id, way=poster)
    )
    keeps_to(street.id, {"redemptions", "transfers"}, lambda: redemptions.confirm(person, reserved.id))
    clock.move_to(clock.week_bounds(THIS_WEEK)[1])
    clock.advance(seconds=1)
    closed = keeps_to(street.id, {"settlements", "settlement_lines"}, lambda: closing.close_week(treasurer, THIS_WEEK))
    assert [statement.net_fen for statement in closed] == [200]
