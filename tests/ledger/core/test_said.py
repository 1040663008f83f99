"""Days and months in sentences are said as people say them; all other facts stay as they are."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from ledger.core import clock
from ledger.core.said import said

SPRING = datetime(2026, 4, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("fact", "chinese", "english"),
    [
        ("2026-11-05", "11月5日", "5 November"),
        (date(2026, 11, 5), "11月5日", "5 November"),
        ("2027-02-24", "2027年2月24日", "24 February 2027"),
        ("2026-11-05 18:30", "11月5日 18:30", "5 November 18:30"),
        ("2026-11", "2026年11月", "November 2026"),
        ("2026-13", "2026-13", "2026-13"),
        ("2026-110", "2026-110", "2026-110"),
        ("2026-11-05T18:30", "2026-11-05T18:30", "2026-11-05T18:30"),
        ("NH-2026-11-05", "NH-2026-11-05", "NH-2026-11-05"),
        (20261105, 20261105, 20261105),
        (None, None, None),
    ],
)
def test_a_day_or_month_is_said_in_the_language_and_a_day_with_its_year_only_when_it_is_another(fact, chinese, english):
    with clock.set_to(SPRING):
        assert said({"day": fact}, "zh") == {"day": chinese}
        assert said({"day": fact}, "en") == {"day": english}
