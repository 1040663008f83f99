"""A hundred at once for the last one: one gets it, ninety-nine are told why not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from threading import Barrier
from typing import Any

import pytest
from flask import Flask

from ledger.core.tenancy import Actor
from ledger.rewards import member_codes, redemptions
from ledger.rewards.ways import ByMemberCode
from tests.ledger.rewards.street import Street, at_once

HUNDRED = 100
WAVE = 4
"""So many stand behind the barrier together: as many as wait for one another with room in the pool for the rest."""

pytestmark = pytest.mark.long


def in_waves(call: Callable[..., Any], asked: list[Any]) -> list[Callable[[], Any]]:
    """The calls, of which four begin in the same moment each time."""
    barrier = Barrier(WAVE)

    def run(one: Any) -> Any:
        barrier.wait(60)
        return call(one)

    return [partial(run, one) for one in asked]


def counted(answers: list[Any]) -> dict[str, int]:
    return dict(Counter(answer if isinstance(answer, str) else "reserved" for answer in answers))


def test_one_code_with_points_for_one_buys_one(app: Flask, street: Street):
    code, clerk = member_codes.create_member_code(street.volunteer(39).actor).code, street.clerk.actor

    def redeem(_: int) -> Any:
        return redemptions.reserve(clerk, street.loaf.id, way=ByMemberCode(code))

    answers = at_once(app, in_waves(redeem, list(range(HUNDRED))))
    assert counted(answers) == {"reserved": 1, "member_code_used": 99}


def buyers(street: Street, count: int) -> list[Actor]:
    return [street.volunteer(name=f"邻居{number}").actor for number in range(count)]


def of_many(app: Flask, street: Street, offer_id: Any, actors: list[Actor]) -> dict[str, int]:
    """What becomes of a hundred reservations by the poster, the actors taking turns."""
    way = street.poster
    asked = [actors[number % len(actors)] for number in range(HUNDRED)]
    return counted(at_once(app, in_waves(lambda actor: redemptions.reserve(actor, offer_id, way=way), asked)))


def test_the_last_item_in_stock_goes_to_one(app: Flask, street: Street):
    offer = street.offer(points=1, stock=1)
    assert of_many(app, street, offer.id, buyers(street, 10)) == {"reserved": 1, "out_of_stock": 99}


def test_the_last_place_under_a_cap_is_taken_once(app: Flask, street: Street):
    offer = street.offer(points=1, per_member_per_week=3)
    lin = street.volunteer()
    street.buy(lin, offer, quantity=2)
    assert of_many(app, street, offer.id, [lin.actor]) == {"reserved": 1, "member_cap_reached": 99}


def test_the_last_fen_of_a_fund_is_spent_once(app: Flask, street: Street):
    """The fund of 1,000 yuan lies in slots; one fen less than two could cost is left."""
    offer = street.offer(points=1, price_fen=50_001)
    assert of_many(app, street, offer.id, buyers(street, 10)) == {"reserved": 1, "insufficient_funds": 99}
    assert street.figures().left == 49_999
