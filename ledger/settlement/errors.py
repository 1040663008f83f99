"""Refusals of the settlement room."""

from __future__ import annotations

from ledger.core.errors import Refused


class WeekNotOver(Refused):
    """A week is closed after its last moment (Monday 00:00), not before."""

    code = "week_not_over"
    zh = ("这一周还没有结束。", "请在下周一零点之后再结算。")
    en = ("This week is not over yet.", "Close it after Monday 00:00.")


class PaidInFuture(Refused):
    """Money was paid today or earlier."""

    code = "paid_in_future"
    zh = ("付款日期不能在将来。", "请填写实际付款的日期。")
    en = ("The day of payment cannot be in the future.", "Give the day on which the money was sent.")
