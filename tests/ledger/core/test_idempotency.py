"""`perform`: once for each key. The first answer again, byte for byte; what may not be remembered is not."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from ledger.core import audit, clock, idempotency
from ledger.core.db import atomic, db
from ledger.core.errors import AnsweredLongAgo, Forbidden, Invalid, KeyReused, NotFound, Reason, Refused, WrongState
from ledger.core.idempotency import Answer, OnceKey, Request, perform
from ledger.core.ids import new_id
from ledger.core.numbers import NumberSeries, next_in_series
from ledger.core.tenancy import Actor, scoped
from tests.ledger.book.town import at_once

HERE = new_id()
SOMEBODY = Actor(person_id=new_id(), community_id=HERE)


class NotToday(Refused):
    """A refusal of this test that may be different a moment later."""

    code = "not_today_in_this_test"
    zh = ("今天不行。", "明天再来。")
    en = ("Not today.", "Come back tomorrow.")
    final = False


def request(
    key: str | None = "k1", *, body: str = "{}", actor: Actor | None = SOMEBODY, route: str = "POST /x"
) -> Request:
    return Request(actor, route, key, hashlib.sha256(body.encode()).digest())


def count(series: str = "effects") -> int:
    return next_in_series(HERE, series)


def ask(verb: Callable[[], Any] = count, **how: Any) -> Answer:
    return perform(
        request(**how),
        verb,
        dump=lambda result: Answer(201, f'{{"number": {result}}}'),
        dump_refusal=lambda reason: Answer(409 if reason.final else 403, f'{{"code": "{reason.code}"}}'),
    )


@atomic
def answers_forgotten() -> None:
    idempotency.forget_answers(HERE, clock.now())


@atomic
def effects(series: str = "effects") -> int:
    return db.session.scalar(scoped(HERE, NumberSeries.last).where(NumberSeries.series == series)) or 0


@atomic
def remembered() -> int:
    return db.session.scalar(select(func.count()).select_from(OnceKey)) or 0


@atomic
def outcomes() -> list[str]:
    return list(db.session.scalars(select(audit.AuditLine.outcome)))


def refuse(reason: type[Reason], **facts: Any) -> Callable[[], Any]:
    def verb() -> None:
        count()
        raise reason(**facts)

    return verb


def test_the_same_key_gives_the_first_answer_byte_for_byte(context: Flask) -> None:
    first, second = ask(), ask()
    assert (second.status, second.body, second.replayed) == (first.status, first.body, True)
    assert (first.replayed, effects()) == (False, 1)


def test_another_key_is_another_request(context: Flask) -> None:
    assert (ask(key="k1").body, ask(key="k2").body) == ('{"number": 1}', '{"number": 2}')


def test_without_a_key_each_request_is_done(context: Flask) -> None:
    ask(key=None)
    ask(key=None)
    assert (effects(), remembered()) == (2, 0)


def test_the_same_key_with_another_body_is_refused(context: Flask) -> None:
    ask(body="{}")
    with pytest.raises(KeyReused):
        ask(body='{"other": 1}')
    assert effects() == 1


def test_keys_of_different_people_routes_and_communities_do_not_meet(context: Flask) -> None:
    ask()
    ask(actor=Actor(person_id=new_id(), community_id=HERE))
    ask(actor=Actor(person_id=SOMEBODY.person_id, community_id=new_id()))
    ask(actor=None)
    ask(route="POST /y")
    assert effects() == 5


def test_a_refusal_is_replayed_after_its_reason_has_gone(context: Flask) -> None:
    refused = ask(refuse(WrongState, state="draft"))
    again = ask()
    assert (refused.status, again.status, again.body, again.replayed) == (409, 409, refused.body, True)
    assert effects() == 0


def test_a_refusal_undoes_what_the_verb_wrote_and_leaves_an_audit_line(context: Flask) -> None:
    ask(refuse(WrongState, state="draft"))
    assert (effects(), outcomes()) == (0, ["wrong_state"])


def test_a_refusal_keeps_what_must_outlive_it(context: Flask) -> None:
    ask(refuse(WrongState, state="draft", afterwards=lambda: count("used codes")))
    assert (effects(), effects("used codes")) == (0, 1)


def test_what_outlives_a_refusal_happens_once(context: Flask) -> None:
    for _ in range(3):
        ask(refuse(WrongState, state="draft", afterwards=lambda: count("used codes")))
    assert effects("used codes") == 1


@pytest.mark.parametrize("reason", [Forbidden, NotFound, NotToday])
def test_what_may_change_is_not_remembered_but_audited(context: Flask, reason: type[Reason]) -> None:
    assert ask(refuse(reason)).status == 403
    assert (remembered(), outcomes()) == (0, [reason.code])
    assert ask().status == 201


def test_a_malformed_request_leaves_nothing(context: Flask) -> None:
    with pytest.raises(Invalid):
        ask(refuse(Invalid))
    assert (effects(), remembered(), outcomes()) == (0, 0, [])


def test_a_fault_of_ours_leaves_nothing_and_is_not_remembered(context: Flask) -> None:
    def break_down() -> None:
        count()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        ask(break_down)
    assert (effects(), remembered(), outcomes()) == (0, 0, [])
    assert ask().status == 201


def test_an_answer_that_cannot_be_written_has_no_effect(context: Flask) -> None:
    def fail(result: int) -> Answer:
        raise TypeError

    with pytest.raises(TypeError):
        perform(request(), count, dump=fail, dump_refusal=lambda reason: Answer(409, ""))
    assert (effects(), remembered()) == (0, 0)


def test_a_lost_race_inside_is_run_again_and_answered_once(context: Flask) -> None:
    tries: list[int] = []

    class Locked(Exception):
        sqlstate = "40P01"

    def unlucky() -> int:
        tries.append(count())
        if len(tries) == 1:
            raise OperationalError("UPDATE", {}, Locked("database is locked"))
        return tries[-1]

    assert ask(unlucky).body == '{"number": 1}'
    assert effects() == 1


def test_fifty_equal_requests_at_once_have_one_effect_and_fifty_equal_answers(context: Flask) -> None:
    answers = at_once(context, [ask] * 50)
    assert {(answer.status, answer.body) for answer in answers} == {(201, '{"number": 1}')}
    assert sorted(answer.replayed for answer in answers) == [False] + [True] * 49
    assert effects() == 1


def test_fifty_equal_requests_that_are_refused_are_refused_equally(context: Flask) -> None:
    answers = at_once(context, [lambda: ask(refuse(WrongState, state="draft"))] * 50)
    assert len({answer.body for answer in answers}) == 1
    assert (effects(), outcomes()) == (0, ["wrong_state"])


def test_of_two_bodies_under_one_key_at_once_one_is_refused(context: Flask) -> None:
    results = at_once(context, [lambda: ask(body="1"), lambda: ask(body="2")])
    assert sorted(type(result).__name__ for result in results) == ["Answer", "KeyReused"]
    assert effects() == 1


def test_an_answer_that_was_forgotten_is_not_given_again_and_nothing_is_done_again(context: Flask) -> None:
    ask()
    clock.advance(days=1)
    try:
        answers_forgotten()
        with pytest.raises(AnsweredLongAgo):
            ask()
        with pytest.raises(KeyReused) as other:
            ask(body='{"other": 1}')
        assert other.type is KeyReused
        assert (effects(), remembered()) == (1, 1)
        assert ask(key="k2").replayed is False
        assert ask(key="k2").replayed is True, "answered after that moment"
    finally:
        clock.move_to(None)
