"""`python -m bench.profile confirm|check-in|page|stamp`: what a request costs, its statements and where its time goes.

Runs in this process with Flask's test client on a durable PostgreSQL, so that one profile sees the whole request.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from flask import Flask
from sqlalchemy import event

from bench import checking_in, confirming, houses, pages, stamping
from bench.houses import Call
from bench.neighbourhood import AT_ONCE, Place, settle_place
from ledger.core.db import db

REQUESTS = 300


@contextmanager
def counted() -> Iterator[list[str]]:
    """What goes to the database inside the block, in order: statements, and what opens and ends transactions."""
    seen: list[str] = []

    def on_statement(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        seen.append(" ".join(statement.split()))

    def on(name: str) -> Callable[..., None]:
        return lambda *_more: seen.append(name.upper())

    # Savepoints are statements as well, so only what the driver sends by itself is listened to here.
    listeners = [
        ("before_cursor_execute", on_statement),
        *((name, on(name)) for name in ("begin", "commit", "rollback")),
    ]
    for name, listener in listeners:
        event.listen(db.engine, name, listener)
    try:
        yield seen
    finally:
        for name, listener in listeners:
            event.remove(db.engine, name, listener)


def send(app: Flask, call: Call, *, status: int) -> None:
    # With cookies of its own the client would send none of the call's.
    answer = app.test_client(use_cookies=False).open(
        call.path, method=call.method, headers=dict(call.headers), data=call.body
    )
    assert answer.status_code == status, answer.text


def calls_of(name: str, place: Place, count: int) -> tuple[list[Call], int]:
    """So many requests of a hot route, and the status that each must have."""
    if name == "confirm":
        return [confirming.call_of(place, one) for one in place.reserve(count)], 200
    if name == "page":
        return pages.calls_of(place, count), 200
    if name == "stamp":
        visits = place.serve(count * AT_ONCE)
        batches = [visits[start : start + AT_ONCE] for start in range(0, len(visits), AT_ONCE)]
        return [stamping.call_of(place, batch) for batch in batches], 200
    return [checking_in.call_of(place, one) for one in place.plan_visits(count)], 201


def show_statements(app: Flask, call: Call, *, status: int) -> None:
    with app.app_context(), counted() as seen:
        send(app, call, status=status)
    kinds = Counter(statement.split()[0] for statement in seen)
    print(f"{len(seen)} in all: {dict(kinds)}")
    for number, statement in enumerate(seen, 1):
        print(f"{number:3} {statement[:150]}")


def show_costs(app: Flask, calls: Sequence[Call], *, status: int, lines: int) -> None:
    profiler = cProfile.Profile()
    for call in calls:
        profiler.runcall(send, app, call, status=status)
    for order in ("tottime", "cumulative"):
        pstats.Stats(profiler, stream=sys.stdout).sort_stats(order).print_stats(lines)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.profile", description=__doc__)
    parser.add_argument("route", choices=("confirm", "check-in", "page", "stamp"))
    parser.add_argument("--lines", type=int, default=45)
    asked = parser.parse_args()
    with houses.postgresql() as url:
        app = houses.house_on(url)
        with app.app_context():
            place = settle_place(volunteers=REQUESTS + 20, shops=4)
            requests = REQUESTS // 10 if asked.route == "stamp" else REQUESTS
            calls, status = calls_of(asked.route, place, requests + 20)
        for call in calls[:20]:
            send(app, call, status=status)
        show_statements(app, calls[20], status=status)
        show_costs(app, calls[21:], status=status, lines=asked.lines)
        with app.app_context():
            db.engine.dispose()


if __name__ == "__main__":
    main()
