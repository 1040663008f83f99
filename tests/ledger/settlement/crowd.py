"""A week of many redemptions, written in bulk as the verbs write them: rows, points and fen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert

from ledger.book.accounts import fund_of, payable_to, takings_of, wallet_of
from ledger.book.codes import Code
from ledger.book.transfers import Draft, Source, post_transfers
from ledger.core import clock
from ledger.core.db import atomic, db
from ledger.core.evidence import digest_of
from ledger.core.ids import new_id
from ledger.core.numbers import public_number
from ledger.rewards.models import Redemption
from ledger.rewards.redemptions import FEN_PART, POINTS_PART
from tests.ledger.rewards.street import Street
from tests.stories import Neighbour

BUYERS = 10
AT_ONCE = 1_000


def fill_week(street: Street, week: str, count: int) -> None:
    """So many loaves of two yuan in the week, by ten people in turn, by day and never many in a minute."""
    points = 20 * (count // BUYERS + 2)
    buyers = [street.volunteer(points, f"居民{n}") for n in range(BUYERS)]
    first = street.buy(buyers[0])
    moments = list(_moments(week, count - 1))
    for start in range(0, len(moments), AT_ONCE):
        _write(street, first, buyers, moments[start : start + AT_ONCE])


def _moments(week: str, count: int) -> Iterator[datetime]:
    """Monday to Thursday, from nine to twenty o'clock."""
    monday, _ = clock.week_bounds(week)
    minutes = 4 * 11 * 60
    for n in range(count):
        day, minute = divmod(n * minutes // count, 11 * 60)
        yield monday + timedelta(days=day, hours=9, minutes=minute, seconds=n % 60)


@atomic
def _write(street: Street, first: Redemption, buyers: Sequence[Neighbour], moments: Sequence[datetime]) -> None:
    kept = {column.key: getattr(first, column.key) for column in Redemption.__table__.columns}
    rows = [_row(street, kept, buyers[n % BUYERS], moment) for n, moment in enumerate(moments)]
    db.session.execute(insert(Redemption), rows)
    post_transfers(street.place.system, [draft for row in rows for draft in _drafts(row)])


def _row(street: Street, kept: dict[str, Any], buyer: Neighbour, moment: datetime) -> dict[str, Any]:
    redemption_id = new_id()
    number = public_number(street.place.community.short_code, redemption_id)
    who = {"member_id": buyer.member_id, "reserved_by": buyer.person_id, "confirmed_by": buyer.person_id}
    when = {"reserved_at": moment, "expires_at": moment + timedelta(minutes=15), "confirmed_at": moment}
    return kept | who | when | {"id": redemption_id, "receipt_number": number, "ended_at": None}


def _drafts(row: dict[str, Any]) -> Iterator[Draft]:
    shop = row["merchant_id"]
    legs = (
        (POINTS_PART, wallet_of(row["member_id"]), takings_of(shop), row["points"]),
        (FEN_PART, fund_of(row["fund_id"]), payable_to(shop), row["gross_fen"]),
    )
    source = Source("redemption", row["id"], digest_of(redemption=row["id"]))
    for part, debit, credit, amount in legs:
        yield Draft(code=Code.REDEEM, debit=debit, credit=credit, amount=amount, source=source, part=part)
