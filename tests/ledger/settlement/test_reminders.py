"""Treasurers hear each working day how many statements wait for which step."""

from __future__ import annotations

from ledger.core import clock
from ledger.core.jobs import tick
from ledger.people import inbox
from ledger.people.models import Notice
from tests.ledger.settlement.office import Office


def told(office: Office) -> list[Notice]:
    found = inbox.list_notices(office.treasurer.actor, unread=True)
    return [seen.notice for seen in found if seen.notice.kind == "settlement.waiting"]


def test_treasurers_hear_what_waits_on_working_days_until_nothing_does(office: Office) -> None:
    office.buy()
    settlement = office.one()  # A Monday.
    tick([office.id])
    tick([office.id])
    assert [one.facts for one in told(office)] == [{"draft": 1, "confirmed": 0, "approved": 0, "paid": 0}]
    office.confirm(office.issue(settlement))
    clock.advance(days=1)
    tick([office.id])
    assert [one.facts for one in told(office)] == [{"draft": 0, "confirmed": 1, "approved": 0, "paid": 0}]
    clock.advance(days=4)  # A Saturday: what was told yesterday stays.
    tick([office.id])
    assert len(told(office)) == 1
    office.reconcile(office.pay(office.approve(settlement)))
    clock.advance(days=2)
    tick([office.id])
    assert told(office) == []
