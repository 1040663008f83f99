"""`python -m bench.plans`: docs/plans.md — how PostgreSQL runs the ten hottest statements, and what each index is for.

The hot requests are made over the API in this process, on a database with years behind it; the statements are those
that the house sends, by the time they took together. `--indexes` writes anew only what the models say of their indexes.
"""

from __future__ import annotations

import argparse
import inspect
import json
import re
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

from flask import Flask
from sqlalchemy import event, text

from bench import checking_in, confirming, houses, stamping
from bench.history import settle_history
from bench.houses import ROOT, Call
from bench.neighbourhood import Place, Shop, Visit, Volunteer, settle_place
from bench.profile import send
from ledger import rooms  # noqa: F401  All models are known.
from ledger.core.db import Base, db
from ledger.service.models import Activity, Decision
from ledger.service.stamps import stamp_checkins
from tests.ledger.service.crowd import copy_visits

PAGE = ROOT / "docs" / "plans.md"
INDEXES = "## Which index serves what\n"
CLAUSES = "FROM|JOIN|LEFT OUTER JOIN|WHERE|SET|VALUES|ORDER BY|GROUP BY|ON CONFLICT|RETURNING|FOR|UNION"
BY_CHANCE = r"'[^']*'::(uuid|bytea|timestamp with time zone)"
HOTTEST = 10
LONGEST = 700
"""Letters of a statement that are shown; what comes after tells less than its plan."""

VOLUNTEERS, TRANSFERS, VISITS, TIMES = 1_500, 100_000, 100_000, 40


@dataclass
class Sent:
    """One statement of the house, how often and how long it ran, and what it was last told."""

    statement: str
    parameters: Any = None
    times: int = 0
    seconds: float = 0.0


@contextmanager
def timed() -> Iterator[dict[str, Sent]]:
    """Every statement inside the block, by its text."""
    found: dict[str, Sent] = {}
    started: list[float] = []

    def before(*_: Any) -> None:
        started.append(time.perf_counter())

    def after(_connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        one = found.setdefault(statement, Sent(statement))
        one.parameters = parameters[0] if many else parameters
        one.times += 1
        one.seconds += time.perf_counter() - started.pop()

    event.listen(db.engine, "before_cursor_execute", before)
    event.listen(db.engine, "after_cursor_execute", after)
    try:
        yield found
    finally:
        event.remove(db.engine, "before_cursor_execute", before)
        event.remove(db.engine, "after_cursor_execute", after)


class Asked(NamedTuple):
    """A hot request, and the status that it is answered with."""

    call: Call
    status: int


def settle_years(*, volunteers: int, transfers: int, visits: int) -> Place:
    """A place with so many visits behind it, in a database with another community's years of transfers."""
    place = settle_place(volunteers=volunteers, shops=4)
    [first] = place.serve(1)
    stamp_checkins(place.stamper.actor, [first.id], decision=Decision.STAMP)
    activity = db.session.get(Activity, (place.id, first.activity_id))
    assert activity is not None
    copy_visits(activity, count=visits - 1)
    settle_history(transfers=transfers, members=100)
    db.session.remove()
    with db.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("VACUUM ANALYZE"))
    return place


def hot_requests(place: Place, times: int) -> list[Asked]:
    """Check-in, stamp, reservation, confirmation, balance and the page behind a poster, each so often."""
    visits = place.plan_visits(times)
    found = [Asked(checking_in.call_of(place, visit), 201) for visit in visits]
    found += [Asked(_page(visit), 200) for visit in visits]
    found += [Asked(confirming.call_of(place, one), 200) for one in place.reserve(times)]
    found += [Asked(_reservation(place, one, place.shops[0]), 201) for one in place.volunteers[:times]]
    found += [Asked(_balance(place, one), 200) for one in place.volunteers[:times]]
    found.append(Asked(stamping.call_of(place, place.serve(times)), 200))
    return found


def _page(visit: Visit) -> Call:
    return Call("GET", f"/q/{visit.activity.poster_code}", {"Cookie": f"session_token={visit.volunteer.token}"})


def _reservation(place: Place, one: Volunteer, shop: Shop) -> Call:
    asked = {"offer_id": shop.offer_id.hex, "quantity": 1, "via": {"merchant_code": shop.poster.code}}
    headers = {"Content-Type": "application/json", "Idempotency-Key": uuid.uuid4().hex}
    return Call("POST", f"{place.url}/redemptions", headers | _bearer(one), json.dumps(asked))


def _balance(place: Place, one: Volunteer) -> Call:
    assert one.actor.member_id is not None
    return Call("GET", f"{place.url}/members/{one.actor.member_id.hex}/balance", _bearer(one))


def _bearer(one: Volunteer) -> dict[str, str]:
    return {"Authorization": f"Bearer {one.token}"}


def hottest(app: Flask, asked: list[Asked]) -> list[Sent]:
    """The statements that took longest in all the requests together."""
    with timed() as found:
        for one in asked:
            send(app, one.call, status=one.status)
    # What opens and ends savepoints has no plan.
    planned = [one for one in found.values() if one.statement.split()[0] in ("SELECT", "INSERT", "UPDATE", "WITH")]
    return sorted(planned, key=lambda one: -one.seconds)[:HOTTEST]


def plan_of(sent: Sent) -> str:
    """How PostgreSQL would run it now, with what it was last told; it is not run. Ids and moments are by chance."""
    with db.engine.connect() as connection:
        rows = connection.exec_driver_sql(f"EXPLAIN (COSTS OFF) {sent.statement}", sent.parameters)
        return re.sub(BY_CHANCE, r":\1", "\n".join(line for (line,) in rows))


def plans_page(app: Flask, place: Place, *, times: int) -> str:
    """The page but its list of indexes."""
    asked = hot_requests(place, times)
    shown = hottest(app, asked)
    parts = [_shown(number, one) for number, one in enumerate(shown, start=1)]
    return HEAD.format(visits=VISITS, transfers=TRANSFERS, requests=len(asked)) + "\n".join(parts)


HEAD = """# The ten hottest statements, and every index

`python -m bench.plans` wrote this page (`--indexes` its last part alone); nothing in it is typed by hand. The
statements are those that the house sent in {requests} requests (check-in, page behind a poster, confirmation,
reservation, balance, a batch stamp) on PostgreSQL with {visits:,} visits and {transfers:,} transfers behind it, by the
time that each took in all. The plans are PostgreSQL's own, for the last values, without figures: these do not travel.
A table of a few rows is read whole, whatever indexes it has.

"""


def _shown(number: int, sent: Sent) -> str:
    words = re.sub(r"%\((\w+)\)s(::(TIMESTAMP WITH TIME ZONE|\w+))?", r":\1", " ".join(sent.statement.split()))
    words = words if len(words) <= LONGEST else f"{words[:LONGEST]} …"
    title = f"## {number}. {words.split()[0]}, {sent.times} times"
    return f"{title}\n\n```sql\n{_folded(words)}\n```\n\n```text\n{plan_of(sent)}\n```\n"


def _folded(words: str) -> str:
    """One clause a line."""
    return re.sub(
        r" (FROM|JOIN|LEFT OUTER JOIN|WHERE|SET|VALUES|ORDER BY|GROUP BY|ON CONFLICT|RETURNING|FOR|UNION) ",
        r"\n\1 ",
        words,
    )


def indexes() -> dict[str, str]:
    """Columns of each index by its name, and what the models' comments say that it serves."""
    found: dict[str, str] = {}
    for mapper in Base.registry.mappers:
        comments = _comments_of(inspect.getsource(mapper.class_))
        for index in getattr(mapper.local_table, "indexes", ()):
            said = comments.get(str(index.name)) or (
                "keeps a rule" if index.unique else "finding rows by these columns"
            )
            found[str(index.name)] = f"{', '.join(column.name for column in index.columns)} | {said}"
    return dict(sorted(found.items()))


def _comments_of(source: str) -> dict[str, str]:
    """The comment above each index of a model; several below one comment share it."""
    said, found, goes_on = "", dict[str, str](), False
    for line in map(str.strip, source.splitlines()):
        if line.startswith("#"):
            words = re.sub("^Serves?:? ", "", line.removeprefix("#").strip())
            said = f"{said} {words}" if goes_on else words
        goes_on = line.startswith("#")
        if name := re.search(r'"((?:ix|uq)_\w+)"', line):
            found.setdefault(name[1], said)
    return found


def index_part() -> str:
    """The last part of the page."""
    lines = [f"| {name} | {of} |" for name, of in indexes().items()]
    told = "Primary keys and unique constraints have indexes of their own. Those below one comment share its words."
    return "\n".join([INDEXES, told, "", "| index | columns | serves |", "|---|---|---|", *lines, ""])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.plans", description="Writes docs/plans.md.")
    parser.add_argument("--indexes", action="store_true", help="only the list of indexes")
    if parser.parse_args().indexes:
        plans = PAGE.read_text().partition(INDEXES)[0]
    else:
        with houses.postgresql() as url:
            app = houses.house_on(url)
            with app.app_context():
                place = settle_years(volunteers=VOLUNTEERS, transfers=TRANSFERS, visits=VISITS)
                plans = plans_page(app, place, times=TIMES) + "\n"
                db.session.remove()
                db.engine.dispose()
    PAGE.write_text(plans + index_part())


if __name__ == "__main__":
    main()
