"""Times and amounts as people say them, in both languages, on the community's clock."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from flask_babel import force_locale

from ledger.core import clock
from web import formats

FRIDAY_EVENING = datetime(2026, 11, 20, 12, 5, tzinfo=UTC)
"""Friday 20 November 2026, 20:05 in Shanghai."""


@pytest.fixture(params=["zh", "en"])
def speaking(request, pages):
    """A request in one of the two languages on that Friday evening."""
    with clock.set_to(FRIDAY_EVENING), pages.test_request_context(), force_locale(request.param):
        yield request.param


@pytest.mark.parametrize(
    ("moment", "zh", "en"),
    [
        ("2026-11-20T20:05:00+08:00", "今天 20:05", "today 20:05"),
        ("2026-11-19T23:59:59+08:00", "昨天 23:59", "yesterday 23:59"),
        ("2026-11-20T16:00:00+00:00", "明天 00:00", "tomorrow 00:00"),
        ("2026-11-26T18:00:00+08:00", "周四 18:00", "Thu 18:00"),
        ("2026-11-27T18:00:00+08:00", "11月27日 18:00", "27 Nov 18:00"),
        ("2026-10-12T09:00:00+08:00", "10月12日 09:00", "12 Oct 09:00"),
        ("2025-10-12T09:00:00+08:00", "2025年10月12日 09:00", "12 Oct 2025 09:00"),
    ],
)
def test_a_moment_reads_as_people_say_it(speaking, moment, zh, en):
    assert formats.when(moment) == {"zh": zh, "en": en}[speaking]


def test_a_span_names_the_day_once(speaking):
    same_day = formats.span("2026-11-20T10:00:00+08:00", "2026-11-20T12:00:00+08:00")
    assert same_day == {"zh": "今天 10:00–12:00", "en": "today 10:00–12:00"}[speaking]


def test_a_span_over_midnight_names_both_days(speaking):
    over_midnight = formats.span("2026-11-20T22:00:00+08:00", "2026-11-21T01:00:00+08:00")
    assert over_midnight == {"zh": "今天 22:00–明天 01:00", "en": "today 22:00–tomorrow 01:00"}[speaking]


@pytest.mark.parametrize(
    ("minutes", "zh", "en"),
    [
        (0, "0 小时", "0 hours"),
        (45, "45 分钟", "45 min"),
        (60, "1 小时", "1 hour"),
        (23190, "386.5 小时", "386.5 hours"),
    ],
)
def test_minutes_read_as_hours(speaking, minutes, zh, en):
    assert formats.hours(minutes) == {"zh": zh, "en": en}[speaking]


def test_one_flower_is_singular_in_english(speaking):
    assert [formats.flowers(1), formats.flowers(1284)] == {
        "zh": ["1 朵", "1,284 朵"],
        "en": ["1 flower", "1,284 flowers"],
    }[speaking]


def test_a_week_runs_from_monday_to_sunday(speaking):
    assert formats.week_days("2026-W46") == {"zh": "11月9日–11月15日", "en": "9 Nov–15 Nov"}[speaking]
    assert formats.week_name("2026-W46") == {"zh": "第 46 周", "en": "Week 46"}[speaking]


def test_money_shows_fen_as_yuan():
    assert [formats.yuan(fen) for fen in (0, 5, -800, 1234567)] == ["¥0.00", "¥0.05", "−¥8.00", "¥12,345.67"]


def test_a_loss_carries_the_true_minus_sign():
    assert [formats.signed(points) for points in (10, 0, -20)] == ["+10", "0", "−20"]


def test_a_receipt_is_compared_by_its_last_four():
    assert formats.last_four("NH-20261120-4K7P") == "4K7P"


def test_a_day_may_be_a_date(speaking):
    assert formats.day(date(2026, 11, 20)) == formats.day("2026-11-20") == {"zh": "今天", "en": "today"}[speaking]
