"""A process that works through a plan of keyed writes until it is killed. Run by test_book_crash.py, not by pytest.

The process imports the house once; for each line on standard input (the number of the first write) it forks a child
that works, and says the child's id. What a child has been answered is a line in the file of acknowledgements.
"""

from __future__ import annotations

import hashlib
import os
import sys
from datetime import timedelta
from itertools import count
from pathlib import Path
from uuid import UUID, uuid5

from flask import Flask

from ledger.book.accounts import wallet_of
from ledger.book.codes import Kind
from ledger.book.holds import holds_of, place_hold
from ledger.book.transfers import Source, post_transfers
from ledger.core.clock import now
from ledger.core.db import db
from ledger.core.errors import Reason
from ledger.core.idempotency import Answer, Request, perform
from ledger.core.tenancy import Actor
from tests.ledger.book.town import Town


def house(url: str) -> Flask:
    """The house on a database of its own."""
    from api.app import create_app

    return create_app(
        {
            "TESTING": True,
            "REDFLOWER_ENV": "testing",
            "SECRET_KEY": "only for tests " * 3,
            "SQLALCHEMY_DATABASE_URI": url,
        }
    )


def write(town: Town, number: int) -> Answer:
    """The plan's write of this number: every second one a redemption, the others an award; each under its own key."""
    source = Source("plan", uuid5(town.id, str(number)), hashlib.sha256(str(number).encode()).digest())
    member_id = town.member_ids[number // 2 % len(town.member_ids)]

    def award() -> int:
        return len(
            post_transfers(
                town.actor, [town.award_of(member_id, 10, source=source), town.hours_of(member_id, 30, source=source)]
            )
        )

    def redeem() -> int:
        until = now() + timedelta(minutes=15)
        for key, amount in ((wallet_of(member_id), 7), (town.fund, 350)):
            place_hold(town.actor, key, amount, source_type="plan", source_id=source.id, expires_at=until)
        held = holds_of(town.id, "plan", source.id)
        points = town.spending_of(member_id, 7, hold=held[Kind.WALLET], source=source)
        money = town.charge_of(350, hold=held[Kind.FUND], source=source)
        return len(post_transfers(town.actor, [points, money]))

    return perform(
        Request(town.actor, "plan", str(number), source.digest),
        redeem if number % 2 else award,
        dump=lambda written: Answer(201, str(written)),
        dump_refusal=_never,
    )


def _never(reason: Reason) -> Answer:
    raise AssertionError(f"the plan is never refused: {reason.code}")


def main() -> None:
    url, acknowledged = sys.argv[1], Path(sys.argv[2])
    community_id, person_id, merchant_id, fund_id, *member_ids = map(UUID, sys.argv[3:])
    town = Town(Actor(person_id=person_id, community_id=community_id), merchant_id, fund_id, member_ids)
    app = house(url)
    _warm_up(app, town)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _work(app, town, acknowledged, int(line))
        print(child, flush=True)  # noqa: T201
        os.waitpid(child, 0)
        print("ended", flush=True)  # noqa: T201


def _warm_up(app: Flask, town: Town) -> None:
    """The first two writes are done, so the children find every statement compiled; no connection is left open."""
    with app.app_context():
        write(town, 0)
        write(town, 1)
        db.session.remove()
        db.engine.dispose()


def _work(app: Flask, town: Town, acknowledged: Path, first: int) -> None:
    told = os.open(acknowledged, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    with app.app_context():
        for number in count(first):
            write(town, number)
            os.write(told, f"{number}\n".encode())


if __name__ == "__main__":
    main()
