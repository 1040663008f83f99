"""A community whose points expire at the end of the second month: what its tests of expiry do and read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from ledger.book import expiry
from ledger.book.accounts import AccountKey, takings_of, wallet_of
from ledger.book.codes import Code, Kind, Unit
from ledger.book.cohorts import Expiring
from ledger.book.transfers import Draft
from ledger.core import clock
from ledger.core.db import atomic, db
from ledger.core.outbox import OutboxEvent
from ledger.core.tenancy import Actor, Grant, Role
from tests.ledger.book.town import Town, evidence, open_town

JANUARY = datetime(2026, 1, 10, 4, tzinfo=UTC)
MARCH_31 = date(2026, 3, 31)


@pytest.fixture
def town(context: Flask) -> Iterator[Town]:
    """A community whose points expire at the end of the second month after they were earned; 10 January."""
    clock.move_to(JANUARY)
    found = open_town(members=2)
    decide(found, 2)
    yield found
    clock.move_to(None)


@pytest.fixture
def member(town: Town) -> UUID:
    return town.member_ids[0]


def admin_of(town: Town) -> Actor:
    return Actor(person_id=town.actor.person_id, community_id=town.id, grants=(Grant(Role.ADMIN),))


def decide(town: Town, months: int | None) -> None:
    expiry.set_policy(admin_of(town), months)


def on(month: int, day: int) -> None:
    clock.move_to(datetime(2026, month, day, 4, tzinfo=UTC))


def run_clock(town: Town) -> None:
    atomic(expiry.expire_points)(town.id, "")


def schedule(town: Town, member: UUID) -> list[Expiring]:
    return list(town.of(member).expiring)


def expired(town: Town) -> int:
    return town.balance(AccountKey(Kind.EXPIRED, Unit.POINTS, town.id))


def spend(town: Town, member: UUID, points: int) -> UUID:
    return town.post(town.spending_of(member, points))[0]


def refund(town: Town, member: UUID, spending_id: UUID, points: int) -> list[UUID]:
    return town.post(
        Draft(
            code=Code.REFUND,
            debit=takings_of(town.merchant_id),
            credit=wallet_of(member),
            amount=points,
            source=evidence("refund"),
            reverses_id=spending_id,
        )
    )


def told(kind: str) -> list[dict[str, object]]:
    return list(db.session.scalars(select(OutboxEvent.payload).where(OutboxEvent.kind == kind)))
