"""How long a refusal takes does not tell whether a guess was wrong or its number or card unknown."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from statistics import median
from time import perf_counter_ns
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from ledger.core import clock
from ledger.core.db import atomic, db
from ledger.core.idempotency import Answer, Request, perform
from ledger.core.tenancy import Actor
from ledger.people import card_pins, cards, guesses, passwords, phones, sign_in
from ledger.people.sign_in_models import Password
from tests.stories import next_phone, open_neighbourhood

pytestmark = pytest.mark.long

HERE = "203.0.113.7"
NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)

ROUNDS = 25
"""In each: wrong, unknown, unknown, wrong. So what else the machine does, and who comes first, meets both alike."""

MOST = 1.5
"""The median over the rounds of wrong by unknown, or the other way round: generous, for a busy machine. One statement
more or less is found by test_cards.py and test_tries.py, which count them."""

Guess = Callable[[], Any]


@pytest.fixture(autouse=True)
def noon(context: Flask) -> Iterator[None]:
    with clock.set_to(NOON):
        yield


def nanoseconds(actor: Actor | None, guess: Guess, expected: str) -> int:
    """How long it takes until the guess is refused with the expected code, all that it leaves behind committed."""
    asked = Request(actor=actor, route="POST /guesses", key=None, fingerprint=b"")
    db.session.remove()  # As served: a request finds nothing that an earlier one has read.
    began = perf_counter_ns()
    said = perform(asked, guess, dump=lambda _: Answer(200, "right"), dump_refusal=lambda it: Answer(409, it.code))
    took = perf_counter_ns() - began
    assert said.body == expected
    return took


def compare(what: str, wrong: Callable[[], int], unknown: Callable[[], int], *, prepare: Guess) -> None:
    """Both take the same time; `prepare` is done before each round."""
    taken = []
    for _ in range(ROUNDS + 1):
        prepare()
        first, *others, last = wrong(), unknown(), unknown(), wrong()
        taken.append((first + last, sum(others)))
    del taken[0]  # The first round finds nothing compiled.
    ratio = median(one / other for one, other in taken)
    one, other = (median(column) / 2e6 for column in zip(*taken, strict=True))
    sys.stdout.write(f"\n{what}: wrong {one:.2f} ms, unknown {other:.2f} ms, ratio {ratio:.3f}\n")
    assert 1 / MOST < ratio < MOST


def test_a_wrong_pin_and_an_unknown_card(engine_name: str) -> None:
    place = open_neighbourhood()
    till = place.volunteer("店员").actor
    handed = cards.hand_out(place.admin.actor, place.volunteer().member_id, pin="4827")

    def prepare() -> None:
        """The card has five tries again, and the person at the till ten."""
        cards.reset_pin(place.admin.actor, handed.card.member_id, pin="4827")
        clock.advance(minutes=guesses.WINDOW_MINUTES + 1)

    def guess(code: str) -> None:
        guesses.refuse_guessing(till)
        card_pins.check_pin(till, cards.look_up(till, code), "0005")

    compare(
        f"PIN, {engine_name}",
        lambda: nanoseconds(till, partial(guess, handed.code), "pin_wrong"),
        lambda: nanoseconds(till, partial(guess, "ABCD-2345"), "unknown_card"),
        prepare=prepare,
    )


def an_hour_later() -> None:
    clock.advance(minutes=61)


def test_a_wrong_code_of_a_known_number_and_any_code_of_an_unknown_one(engine_name: str) -> None:
    known, unknown = next_phone(), next_phone()
    phones.add_person(known)

    def prepare() -> None:
        an_hour_later()
        sign_in.send_code(known, HERE)

    compare(
        f"one-time code, {engine_name}",
        lambda: nanoseconds(None, partial(sign_in.sign_in, known, "12345x", address=HERE), "code_wrong"),
        lambda: nanoseconds(None, partial(sign_in.sign_in, unknown, "12345x", address=HERE), "code_expired"),
        prepare=prepare,
    )


def test_a_wrong_password_and_an_unknown_number(engine_name: str) -> None:
    known, unknown = next_phone(), next_phone()
    give_password(phones.add_person(known))

    def tried(phone: str) -> int:
        guess = partial(sign_in.sign_in_with_password, phone, "not the password", address=HERE)
        return nanoseconds(None, guess, "password_wrong")

    compare(f"password, {engine_name}", lambda: tried(known), lambda: tried(unknown), prepare=an_hour_later)


@atomic
def give_password(person_id: UUID) -> None:
    digest = passwords._hasher.hash(passwords._keyed("a good long one"))
    db.session.add(Password(person_id=person_id, hash=digest, set_at=clock.now()))
