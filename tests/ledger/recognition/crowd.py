"""A month of many visits, written in bulk as the stamp writes them: check-ins, stamps, points and hours."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert

from ledger.book.accounts import hours_of, issuance_of, wallet_of
from ledger.book.codes import Code, Unit
from ledger.book.transfers import Draft, Source, post_transfers
from ledger.core import clock
from ledger.core.db import atomic, db
from ledger.core.evidence import digest_of
from ledger.core.ids import new_id
from ledger.core.tenancy import load
from ledger.service.models import Checkin, Stamp
from tests.ledger.recognition.month import Month
from tests.stories import Neighbour

VISITS_EACH = 200
AT_ONCE = 1_000

Row = dict[str, Any]


def fill_month(month: Month, count: int, *, each: int = VISITS_EACH) -> list[Neighbour]:
    """So many visits of two hours, each stamped for 10 points, spread evenly from now to the month's end.

    Returns whose they are: at most `each` for one person.
    """
    people = month.volunteers(*(f"志愿者{n}" for n in range(1 if count < each else count // each + 2)))
    [stamp_id] = month.serve(people[0])
    stamp = load(month.id, Stamp, stamp_id)
    kept = tuple(_columns(row) for row in (load(month.id, Checkin, stamp.checkin_id), stamp))
    began, ends_at = clock.now(), clock.month_bounds(clock.today())[1]
    for start in range(1, count, AT_ONCE):
        with clock.set_to(began + (ends_at - began) * start / count):
            _write(month, kept, people, range(start, min(count, start + AT_ONCE)))
    return people


def _columns(row: Any) -> Row:
    return {column.key: getattr(row, column.key) for column in row.__table__.columns}


@atomic
def _write(month: Month, kept: tuple[Row, ...], people: Sequence[Neighbour], numbers: range) -> None:
    visits = [_visit(kept[0], people[number % len(people)], number, clock.now()) for number in numbers]
    stamps = [
        kept[1] | {"id": new_id(), "checkin_id": visit["id"], "stamped_at": clock.now(), "credited_on": clock.today()}
        for visit in visits
    ]
    db.session.execute(insert(Checkin), visits)
    db.session.execute(insert(Stamp), stamps)
    owners = [visit["member_id"] for visit in visits]
    drafts = [draft for owner, stamp in zip(owners, stamps, strict=True) for draft in _drafts(month, owner, stamp)]
    post_transfers(month.street.place.system, drafts)


def _visit(kept: Row, person: Neighbour, number: int, left_at: datetime) -> Row:
    who = {"member_id": person.member_id, "recorded_by": person.person_id, "closed_by": person.person_id}
    when = {"arrived_at": left_at - timedelta(hours=2), "left_at": left_at, "received_at": left_at}
    return kept | who | when | {"id": new_id(), "visit": number + 1}


def _drafts(month: Month, member_id: Any, stamp: Row) -> Iterator[Draft]:
    source = Source("stamp", stamp["id"], digest_of(stamp=stamp["id"]))
    legs = (
        (Code.AWARD, Unit.POINTS, wallet_of(member_id), stamp["points"]),
        (Code.HOURS, Unit.MINUTES, hours_of(member_id), stamp["minutes"]),
    )
    for code, unit, credit, amount in legs:
        yield Draft(code=code, debit=issuance_of(month.id, unit), credit=credit, amount=amount, source=source)
