"""The check of reversals by hand is silent on sound books and finds each way of changing one afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, insert, select, update
from sqlalchemy.engine import Connection

from ledger.book import reading
from ledger.book.checking import run_checks
from ledger.book.models import ReversalRequest, Transfer
from ledger.book.reversal_checks import NAME
from ledger.book.reversal_requests import approve_reversal, ask_reversal, decline_reversal
from ledger.core import clock
from ledger.core.db import db
from ledger.core.ids import new_id
from tests.ledger.book.test_checks import unguarded
from tests.ledger.rewards.street import Street, open_street

requests: Any = ReversalRequest.__table__
transfers: Any = Transfer.__table__
POSTED = requests.c.state == "posted"


@pytest.fixture
def corrected(context: Flask) -> Iterator[Street]:
    """A street with one posted reversal (of a spent award: two transfers), one that waits and one declined."""
    try:
        street = open_street()
        lin = street.volunteer(30)
        street.buy(lin)
        admin, treasurer = street.place.admin.actor, street.place.treasurer.actor
        award = next(row.id for row in reading.list_transfers(admin) if row.code == "award")
        approve_reversal(treasurer, ask_reversal(admin, award, amount=15, reason="记错了").id)
        decline_reversal(treasurer, ask_reversal(admin, award, amount=5, reason="像是重复").id, note="没有")
        ask_reversal(admin, award, amount=5, reason="再看看")
        yield street
    finally:
        clock.move_to(None)


def change(**values: Any) -> Any:
    return lambda connection: connection.execute(update(requests).where(POSTED).values(**values))


def delete_a_transfer(connection: Connection) -> None:
    one = select(transfers.c.id).where(transfers.c.source_type == "reversal").limit(1)
    connection.execute(delete(transfers).where(transfers.c.id == connection.execute(one).scalar_one()))


def delete_the_request(connection: Connection) -> None:
    connection.execute(delete(requests).where(POSTED))


def call_a_declined_one_posted(connection: Connection) -> None:
    connection.execute(update(requests).where(requests.c.state == "declined").values(state="posted"))


def reverse_without_asking(connection: Connection) -> None:
    row = connection.execute(select(transfers).where(transfers.c.source_type == "reversal")).mappings().first()
    assert row is not None
    connection.execute(insert(transfers).values(dict(row) | {"id": new_id(), "source_id": new_id()}))


FAULTS = {
    "another amount": change(amount=14),
    "another reason": change(reason="另一个原因"),
    "another asker": change(asked_by=new_id()),
    "another second person": change(decided_by=new_id()),
    "taken for waiting": change(state="awaiting_second", decided_by=None, decided_at=None),
    "another transfer": change(transfer_id=new_id()),
    "a transfer gone": delete_a_transfer,
    "the request gone": delete_the_request,
    "declined but called posted": call_a_declined_one_posted,
    "never asked for": reverse_without_asking,
}


def test_sound_reversals_have_no_findings(corrected: Street) -> None:
    assert run_checks([NAME]) == []


@pytest.mark.breaks_books
@pytest.mark.parametrize("fault", FAULTS)
def test_a_changed_reversal_is_found(corrected: Street, fault: str) -> None:
    with unguarded() as connection:
        FAULTS[fault](connection)
    found = run_checks([NAME])
    assert {finding.community_id for finding in found} == {corrected.id}
    db.session.remove()
