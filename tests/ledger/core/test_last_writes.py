"""What a transaction writes last: all of what stands and nothing of what was taken back, together where it can be."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from ledger.core import audit, outbox
from ledger.core.db import atomic, db, expect_refusals, is_postgresql, savepoint
from ledger.core.idempotency import Answer, OnceKey, Request, perform
from ledger.core.ids import new_id
from ledger.core.outbox import OutboxEvent
from ledger.core.tenancy import Actor, scoped
from tests.counting import counted_statements


class Trouble(Exception):
    """Something that a call did not expect."""


@pytest.fixture
def actor(context: Flask) -> Actor:
    return Actor(person_id=new_id(), community_id=new_id())


def written(actor: Actor) -> tuple[list[str], list[str]]:
    """The actions and the kinds of events of the actor's community, in the order of their ids."""
    lines = db.session.scalars(scoped(actor.tenant, audit.AuditLine).order_by(audit.AuditLine.id))
    events = db.session.scalars(scoped(actor.tenant, OutboxEvent).order_by(OutboxEvent.id))
    return [line.action for line in lines], [event.kind for event in events]


def tell(actor: Actor, word: str) -> None:
    audit.record(actor, f"test.{word}", new_id())
    outbox.announce(actor, f"points.{word}", number=1)


def tell_and_fail(actor: Actor, word: str) -> None:
    tell(actor, word)
    raise Trouble


def test_a_line_an_event_and_an_answer_are_one_statement_on_postgresql(actor: Actor) -> None:
    request = Request(actor, "POST /things", "one-key", b"same")

    def verb() -> str:
        tell(actor, "once")
        return "done"

    def dump(word: Any) -> Answer:
        return Answer(200, word)

    with counted_statements() as seen:
        first = perform(request, verb, dump=dump, dump_refusal=dump)
    again = perform(request, verb, dump=dump, dump_refusal=dump)
    assert (first.body, again.body, again.replayed) == ("done", "done", True)
    assert written(actor) == (["test.once"], ["points.once"])
    assert db.session.scalars(select(OnceKey.answer).where(OnceKey.community_id == actor.tenant)).all() == ["done"]
    writing = [one for one in seen if one.startswith(("INSERT", "UPDATE", "WITH"))]
    assert len(writing) == (2 if is_postgresql() else 4), writing


@pytest.mark.parametrize("expected", [True, False])
def test_what_was_taken_back_is_not_written(actor: Actor, expected: bool) -> None:
    @atomic
    def partly() -> None:
        if expected:
            expect_refusals()
        tell(actor, "before")
        with suppress(Trouble), savepoint():
            tell(actor, "inside")
            with suppress(Trouble), savepoint():
                tell_and_fail(actor, "deeper")
            tell_and_fail(actor, "again")
        with savepoint():
            tell(actor, "kept")
        tell(actor, "after")

    partly()
    words = ["before", "kept", "after"]
    assert written(actor) == ([f"test.{word}" for word in words], [f"points.{word}" for word in words])


def test_nothing_waits_of_a_transaction_that_failed(actor: Actor) -> None:
    @atomic
    def fail() -> None:
        tell(actor, "lost")
        raise Trouble

    with suppress(Trouble):
        fail()
    atomic(lambda: tell(actor, "kept"))()
    assert written(actor) == (["test.kept"], ["points.kept"])


def test_lines_of_two_communities_are_each_where_they_belong(actor: Actor) -> None:
    other = Actor(person_id=new_id(), community_id=new_id())

    @atomic
    def both() -> None:
        tell(actor, "here")
        audit.record(other, "test.there")

    both()
    assert written(actor) == (["test.here"], ["points.here"])
    assert written(other) == (["test.there"], [])
