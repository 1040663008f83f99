"""`python -m bench.weighing`: what one visit and one redemption leave on PostgreSQL: rows and bytes, with indexes.

Both are made over the API with their keys, then stamped, told and sealed. Sizes are those after VACUUM FULL, without
the room that a table in use keeps free.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from typing import NamedTuple

from flask.testing import FlaskClient
from sqlalchemy import create_engine, text

from bench import houses
from bench.neighbourhood import Place, Volunteer, settle_place
from ledger.book import seals
from ledger.core import feed
from ledger.core.db import db
from ledger.service.models import Decision
from ledger.service.stamps import stamp_checkins

VOLUNTEERS, ACTIVITIES, ROUNDS = 200, 3, 3
AT_ONCE = 100

TABLES = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"


class Weight(NamedTuple):
    rows: int
    size: int


def main() -> None:
    with ExitStack() as stack:
        url = stack.enter_context(houses.postgresql())
        app = houses.house_on(url)
        stack.enter_context(app.app_context())
        place = settle_place(volunteers=VOLUNTEERS, shops=12)
        client = app.test_client()
        _redeem(client, place, 1)  # The first one of a day opens rows that others share.
        _settle(place)
        for name, act, rounds in (("redemption", _redeem, ROUNDS), ("stamped visit", _visit, ACTIVITIES)):
            before = weigh(url)
            act(client, place, rounds)
            _settle(place)
            _tell(name, before, weigh(url), rounds * VOLUNTEERS)


def _redeem(client: FlaskClient, place: Place, rounds: int) -> None:
    for number in range(rounds):
        for one in place.volunteers:
            shop = place.shops[number % len(place.shops)]
            asked = {"offer_id": shop.offer_id.hex, "quantity": 1, "via": {"merchant_code": shop.poster.code}}
            reserved = _post(client, one, f"{place.url}/redemptions", asked)
            _post(client, one, f"{place.url}/redemptions/{reserved}/confirm", {})


def _visit(client: FlaskClient, place: Place, rounds: int) -> None:
    made: list[uuid.UUID] = []
    for activity in place.plan_activities(rounds):
        for one in place.volunteers:
            for kind in ("in", "out"):
                via = {"poster_code": activity.poster_code}
                asked = {"activity_id": activity.id.hex, "kind": kind, "via": via}
                made.append(uuid.UUID(_post(client, one, f"{place.url}/checkins", asked)))
    visits = list(dict.fromkeys(made))
    for some in (visits[start : start + AT_ONCE] for start in range(0, len(visits), AT_ONCE)):
        done = stamp_checkins(place.neighbourhood.stamper.actor, some, decision=Decision.STAMP)
        assert all(result.code is None for result in done.results), "every visit is stamped"


def _post(client: FlaskClient, one: Volunteer, path: str, asked: Mapping[str, object]) -> str:
    headers = {
        "Authorization": f"Bearer {one.token}",
        "Content-Type": "application/json",
        "Idempotency-Key": uuid.uuid4().hex,
    }
    answer = client.post(path, data=json.dumps(asked), headers=headers)
    assert answer.status_code in (200, 201), answer.text
    return str(answer.json["id"])  # type: ignore[index]


def _settle(place: Place) -> None:
    """Nothing waits for its seal or its place in the feed."""
    for work in SETTLING:
        work(place.id)
    db.session.remove()


SETTLING: Sequence[Callable[[uuid.UUID], object]] = (seals.seal, feed.number_events)


def weigh(url: str) -> dict[str, Weight]:
    """Rows and bytes of every table with its indexes, packed."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("VACUUM FULL"))
        names = list(connection.scalars(text(TABLES)))
        found = {
            name: Weight(
                connection.scalar(text(f'SELECT count(*) FROM "{name}"')) or 0,
                connection.scalar(text("SELECT pg_total_relation_size(:name)"), {"name": f'"{name}"'}) or 0,
            )
            for name in names
        }
    engine.dispose()
    return found


def _tell(what: str, before: dict[str, Weight], after: dict[str, Weight], count: int) -> None:
    grown = {name: Weight(*(now - was for now, was in zip(after[name], before[name], strict=True))) for name in after}
    print(f"| one {what} | rows | bytes |\n|---|---|---|")
    for name, weight in sorted(grown.items(), key=lambda item: -item[1].size):
        if weight.rows or weight.size:
            print(f"| {name} | {weight.rows / count:.2f} | {weight.size / count:.0f} |")
    rows, size = (sum(of) / count for of in zip(*grown.values(), strict=True))
    print(f"| together, of {count} | {rows:.1f} | {size:.0f} |")


if __name__ == "__main__":
    main()
