"""Refusals of the recognition room."""

from __future__ import annotations

from ledger.core.errors import Refused


class DocumentChanged(Refused):
    """What was frozen is not what it was: its digest differs. Nothing is built on it until that is cleared up."""

    code = "document_changed"
    zh = ("冻结的内容和指纹对不上。", "请不要继续，先请管理员核对账本和审计。")
    en = ("The frozen content does not match its digest.", "Stop here and have the books and the audit checked.")


class NothingServed(Refused):
    """There is no stamped service of the member between these days."""

    code = "nothing_served"
    zh = ("这段时间没有盖过章的服务。", "请换一段时间，或等服务盖章以后再申请。")
    en = ("There is no stamped service in that time.", "Choose another time, or apply once it is stamped.")


class PeriodInFuture(Refused):
    """A certificate is of days that are over, or of today."""

    code = "period_in_future"
    zh = ("证明的日期不能在将来。", "请把结束日期改成今天或更早。")
    en = ("A certificate cannot be of days to come.", "Let it end today or earlier.")
