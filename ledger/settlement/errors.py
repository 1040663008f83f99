"""Refusals of the settlement room."""

from __future__ import annotations

from ledger.core.errors import Refused


class WeekNotOver(Refused):
    """A week is closed after its last moment (Monday 00:00), not before."""

    code = "week_not_over"
    zh = ("这一周还没有结束。", "请在下周一零点之后再结算。")
    en = ("This week is not over yet.", "Close it after Monday 00:00.")


class OwnStep(Refused):
    """The step before was this person's own: two people for every payment."""

    code = "own_step"
    zh = ("上一步是您自己做的，需要另一个人来做这一步。", "请另一位工作人员操作。")
    en = ("You did the step before; this one needs another person.", "Ask a colleague to do it.")


class SecondPersonPresent(Refused):
    """The street stands in only after the community's own second person has been absent over two working days."""

    code = "second_person_present"
    zh = ("社区自己的第二人还在两个工作日的时限内。", "两个工作日后仍无人处理时，街道可以代办。")
    en = ("The community's own second person still has time.", "The street may step in after two working days.")


class PaidInFuture(Refused):
    """Money was paid today or earlier."""

    code = "paid_in_future"
    zh = ("付款日期不能在将来。", "请填写实际付款的日期。")
    en = ("The day of payment cannot be in the future.", "Give the day on which the money was sent.")
