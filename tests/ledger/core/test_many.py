"""Many rows in one statement: whatever the driver makes of arrays, the rows are those that one by one would be."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.exc import DBAPIError

from ledger.core.audit import AuditLine
from ledger.core.db import atomic, db, is_postgresql
from ledger.core.ids import new_id
from ledger.core.many import insert_many
from ledger.core.outbox import OutboxEvent, announce_all
from ledger.core.tenancy import Role, system_actor
from tests.counting import counted_statements

HERE = new_id()
AT = datetime(2026, 11, 27, 4, 5, 6, 789, tzinfo=UTC)
WORDS = ("", " ", "NULL", "null", '"', "\\", "{a,b}", "a,b", "林秀芳\n第二行", "'; --", "𝄞", Role.ADMIN)

_events: Any = OutboxEvent.__table__


def event(words: str, **more: Any) -> dict[str, Any]:
    return {
        "community_id": HERE,
        "id": new_id(),
        "at": AT,
        "kind": words,
        "payload": {"words": words, "deep": [1, None, {"x": words}]},
        "position": None,
    } | more


def test_whatever_is_in_them_the_rows_are_there_by_one_statement(context: Flask) -> None:
    rows = [event(words, position=number if number % 2 else None) for number, words in enumerate(WORDS)]
    with counted_statements() as seen:
        atomic(insert_many)(_events, rows)
    assert len(seen) == 1
    found = {row.id: row for row in db.session.query(OutboxEvent)}
    for row in rows:
        there = found.pop(row["id"])
        assert (there.kind, there.payload, there.at) == (str(row["kind"]), row["payload"], AT)
        assert there.position == row["position"]
    assert found == {}


def test_one_row_and_none(context: Flask) -> None:
    with counted_statements() as seen:
        atomic(insert_many)(_events, [event("one.row")])
        atomic(insert_many)(_events, [])
    assert (len(seen), db.session.query(OutboxEvent).count()) == (1, 1)


def test_what_is_too_long_is_refused_and_not_cut_off(context: Flask) -> None:
    if not is_postgresql():
        pytest.skip("SQLite's texts have no length")
    with pytest.raises(DBAPIError, match="too long"):
        atomic(insert_many)(_events, [event("short"), event("x" * 61)])
    assert db.session.query(OutboxEvent).count() == 0


def test_a_row_that_is_there_already_lets_none_be_written(context: Flask) -> None:
    one = event("one.row")
    atomic(insert_many)(_events, [one])
    with pytest.raises(DBAPIError):
        atomic(insert_many)(_events, [event("another"), one])
    assert db.session.query(OutboxEvent).count() == 1


def test_events_of_many_carry_the_number_of_their_transaction(context: Flask) -> None:
    """What the statement computes it computes for each row."""
    with counted_statements() as seen:
        atomic(announce_all)(system_actor(HERE), "member.joined", [{"n": number} for number in range(5)])
    assert len([one for one in seen if "outbox_events" in one]) == 1
    found = db.session.query(OutboxEvent).order_by(OutboxEvent.id).all()
    assert [row.payload["n"] for row in found] == list(range(5))
    numbers = {row.xid for row in found}
    assert (len(numbers), None in numbers) == (1, not is_postgresql())
    assert db.session.query(AuditLine).count() == 0
