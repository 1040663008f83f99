"""From when on a transfer can be proven, as its receipt says."""

from __future__ import annotations

from datetime import UTC, datetime

from ledger.book import checkpoints
from ledger.core import clock
from tests.ledger.book.town import Town
from tests.test_verify_receipt import WEDNESDAY, receipt_of, week

__all__ = ["week"]


def test_yesterdays_transfer_is_provable_from_midnight_although_no_clock_has_ticked_since(week: Town) -> None:
    week.award(week.member_ids[0], 9)
    clock.advance(days=1)
    assert receipt_of(week, -1)["provable_from"] == "2026-10-15T16:00:00.000000+00:00"


def test_what_was_committed_after_its_day_was_closed_is_provable_with_the_next(week: Town) -> None:
    with clock.set_to(datetime(2026, 10, 14, 10, tzinfo=UTC)):
        week.award(week.member_ids[0], 9)
    assert checkpoints.load_checkpoint(week.id, WEDNESDAY).size == 18
    assert receipt_of(week, -1)["provable_from"] == "2026-10-15T16:00:00.000000+00:00"
