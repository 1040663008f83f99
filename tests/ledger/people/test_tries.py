"""Guessing is stopped: ten tries of a number, twenty of a device, two hundred of an address, whatever is guessed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, func, select

from ledger.core import clock
from ledger.core.audit import AuditLine
from ledger.core.db import db
from ledger.core.errors import Reason, TooManyRequests
from ledger.core.idempotency import Answer, Request, perform
from ledger.people import passwords, phones, sign_in, tries
from ledger.people.models import SessionKind
from ledger.people.sessions import open_session
from ledger.people.sign_in_models import SignInTry, Way
from tests.stories import next_phone, open_neighbourhood
from tests.web.messages import code_for

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
HERE = "203.0.113.7"


@pytest.fixture(autouse=True)
def noon(context: Flask) -> Iterator[None]:
    with clock.set_to(NOW):
        yield


def answer_to(verb: Callable[[], Any]) -> str:
    """The reason code of what the verb says through the one way of writing, or "done"."""
    asked = Request(actor=None, route="POST /sign-in", key=None, fingerprint=b"", action="sign_in")
    return perform(
        asked, verb, dump=lambda _: Answer(200, "done"), dump_refusal=lambda reason: Answer(409, reason.code)
    ).body


def guess(phone: str, code: str, **seen: str) -> str:
    return answer_to(lambda: sign_in.sign_in(phone, code, **({"address": HERE} | seen)))


def guess_password(phone: str, password: str, **seen: str) -> str:
    return answer_to(lambda: sign_in.sign_in_with_password(phone, password, **({"address": HERE} | seen)))


def send(phone: str, **seen: str) -> str:
    return answer_to(lambda: sign_in.send_code(phone, seen.pop("address", HERE), **seen))


def wrong(code: str, number: int) -> str:
    return f"{(int(code) + 1 + number % 999_998) % 10**6:06d}"


def blocks() -> list[AuditLine]:
    db.session.close()
    return list(db.session.scalars(select(AuditLine).where(AuditLine.action == "people.sign_in_blocked")))


def counted() -> int:
    return db.session.scalar(select(func.count()).where(SignInTry.way != Way.BLOCKED)) or 0


@pytest.mark.parametrize("guesses", [100, pytest.param(10_000, marks=pytest.mark.long)])
def test_guesses_at_a_code_are_blocked_after_ten_with_one_audit_line(guesses: int) -> None:
    phone, said = next_phone(), Counter[str]()
    for number in range(guesses):
        if number % 5 == 0:
            send(phone)  # A fresh code for every five guesses, while one gets it.
        said[guess(phone, wrong(code_for(phone), number))] += 1
    assert said == {"code_wrong": 10, "too_many_requests": guesses - 10}
    assert counted() == 10
    assert [line.detail["limit"] for line in blocks()] == ["code_of_phone"]


def test_a_block_says_when_it_ends_and_ends_then() -> None:
    phone = next_phone()
    for _ in range(tries.TRIES_OF_PHONE):
        guess(phone, "000000")
    with pytest.raises(TooManyRequests) as blocked:
        sign_in.sign_in(phone, "000000", address=HERE)
    clock.advance(seconds=blocked.value.facts["retry_after"])
    send(phone)
    assert guess(phone, code_for(phone)) == "done"


def test_the_right_code_is_blocked_too_so_a_block_tells_nothing() -> None:
    phone = next_phone()
    send(phone)
    for _ in range(tries.TRIES_OF_PHONE):
        guess(phone, wrong(code_for(phone), 0))
    send(phone)
    assert guess(phone, code_for(phone)) == "too_many_requests"


def test_one_device_that_tries_many_numbers_is_blocked() -> None:
    said = [guess(next_phone(), "000000", device="tablet", address=f"203.0.113.{n}") for n in range(21)]
    assert said == ["code_expired"] * 20 + ["too_many_requests"]
    assert guess(next_phone(), "000000", device="another") == "code_expired"


def test_programs_that_name_no_device_are_counted_by_address() -> None:
    said = Counter(guess(next_phone(), "000000") for _ in range(201))
    assert said == {"code_expired": 200, "too_many_requests": 1}
    assert guess(next_phone(), "000000", address="198.51.100.1") == "code_expired"


def test_codes_are_sent_six_to_a_number_twenty_to_a_device_three_hundred_to_an_address() -> None:
    phone = next_phone()
    assert [send(phone) for _ in range(7)] == ["done"] * 6 + ["too_many_requests"]
    assert [send(next_phone(), device="tablet") for _ in range(21)] == ["done"] * 20 + ["too_many_requests"]
    assert Counter(send(next_phone()) for _ in range(300 - 26 + 1)) == {"done": 274, "too_many_requests": 1}


def test_a_right_code_forgives_the_wrong_ones_before_it() -> None:
    phone = next_phone()
    for _ in range(3):
        send(phone)
        for _ in range(4):
            assert guess(phone, wrong(code_for(phone), 0)) == "code_wrong"
        assert guess(phone, code_for(phone)) == "done"


def test_a_block_of_the_password_leaves_the_way_by_code_open_and_the_code_ends_it() -> None:
    phone = next_phone()
    for _ in range(tries.TRIES_OF_PHONE):
        assert guess_password(phone, "not the password") == "password_wrong"
    assert guess_password(phone, "not the password") == "too_many_requests"
    send(phone)
    assert guess(phone, code_for(phone)) == "done"
    assert guess_password(phone, "not the password") == "password_wrong"


def test_the_rows_of_tries_and_blocks_hold_no_number_and_no_address() -> None:
    phone = next_phone()
    for _ in range(11):
        guess(phone, "000000", device="tablet")
    db.session.close()
    rows = [repr(vars(row)) for row in db.session.scalars(select(SignInTry)).all()] + [repr(vars(blocks()[0]))]
    assert not [row for row in rows if phone in row or HERE in row or "tablet" in row]


# --- "unknown" and "wrong" cost the same ------------------------------------------------------------------------


@contextmanager
def counting() -> Iterator[Counter[str]]:
    """The statements inside the block, by their first words."""
    said: Counter[str] = Counter()

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        said[" ".join(statement.split()[:3])] += 1

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield said
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def work_of(verb: Callable[[], Any]) -> tuple[Counter[str], str]:
    with counting() as said:
        answer = answer_to(verb)
    return said, answer


def test_a_wrong_code_costs_the_same_whether_the_number_is_known_or_not_and_whether_it_has_a_code() -> None:
    known, unknown, codeless = next_phone(), next_phone(), next_phone()
    phones.add_person(known)
    send(known)
    send(unknown)
    work = {}
    for phone in (known, unknown, codeless):
        work[phone] = work_of(partial(sign_in.sign_in, phone, "12345x", address=HERE))
    assert work[known] == work[unknown]
    assert work[codeless][0] == work[known][0]


def test_asking_for_a_code_costs_the_same_for_a_known_and_an_unknown_number() -> None:
    known, unknown = next_phone(), next_phone()
    phones.add_person(known)
    assert work_of(lambda: sign_in.send_code(known, HERE)) == work_of(lambda: sign_in.send_code(unknown, HERE))


def test_a_wrong_password_costs_one_hash_whoever_has_the_number(monkeypatch: pytest.MonkeyPatch) -> None:
    place = open_neighbourhood()
    staff, without, unknown = next_phone(), next_phone(), next_phone()
    person_id = phones.add_person(staff)
    phones.add_person(without)
    _give_password(person_id, place)
    hashed: list[str] = []
    real = passwords._hasher.verify

    class Counting:
        def verify(self, kept: str, typed: str) -> bool:
            hashed.append(kept)
            return real(kept, typed)

    monkeypatch.setattr(passwords, "_hasher", Counting())
    work = [
        work_of(partial(sign_in.sign_in_with_password, phone, "a wrong password", address=HERE))
        for phone in (staff, without, unknown)
    ]
    assert work[0] == work[1] == work[2]
    assert work[0][1] == "password_wrong"
    assert len(hashed) == 3
    assert len({kept.rpartition("$")[0].rpartition("$")[0] for kept in hashed}) == 1, "the same cost of each hash"


def _give_password(person_id: Any, place: Any) -> None:
    from ledger.core.db import atomic
    from ledger.people.sign_in_models import Password

    def give() -> None:
        digest = passwords._hasher.hash(passwords._keyed("a good long one"))
        db.session.add(Password(person_id=person_id, hash=digest, set_at=clock.now()))

    atomic(give)()


def test_a_refusal_by_a_limit_leaves_no_session_and_no_person() -> None:
    phone = next_phone()
    for _ in range(11):
        guess(phone, "000000")
    assert phones.person_with(phone) is None


def test_a_session_knows_the_last_day_it_was_used() -> None:
    from ledger.people import sessions
    from ledger.people.models import Session

    token, opened = open_session(phones.add_person(next_phone()), kind=SessionKind.BROWSER)
    assert opened.last_seen_on == clock.local_day(NOW)
    clock.advance(days=3)
    sessions.actor_of(token)
    assert db.session.get(Session, opened.id).last_seen_on == clock.local_day(NOW + timedelta(days=3))


def test_a_reason_is_told_from_done() -> None:
    class Odd(Reason):
        pass

    with pytest.raises(Odd):
        answer_to(lambda: (_ for _ in ()).throw(Odd()))
