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


class InvoiceMissing(Refused):
    """The agreement asks for the shop's invoice, and its number has not been given."""

    code = "invoice_missing"
    zh = ("协议要求先有发票，这一单还没有填发票号码。", "请店主在结算单上填好发票号码，再审批。")
    en = ("The agreement asks for an invoice, and its number is missing.", "Give its number on the statement first.")


class DisputeDecided(Refused):
    """A line of this statement was disputed and decided: the decision stands in a later week, so this one stays."""

    code = "dispute_decided"
    zh = ("这一单里有已决定的争议，不能作废。", "差错请在下一期结算里更正。")
    en = ("A dispute of this statement has been decided; it cannot be void.", "Correct it in the next statement.")


class LineNotDisputable(Refused):
    """Only what was redeemed, refunded or taken back is disputed; a decision is appealed, a carry-over repeats."""

    code = "line_not_disputable"
    zh = ("这一行不能提出争议。", "对决定不服请申诉；上期结转请看上一期的结算单。")
    en = ("This line cannot be disputed.", "Appeal a decision; a carry-over is explained by the statement before.")


class AppealTooLate(Refused):
    """A decision can be appealed once, within its working days."""

    code = "appeal_too_late"
    zh = ("申诉的期限已过。", "需要时请联系社区。")
    en = ("The time to appeal is over.", "Ask the community if you need to.")


class NotAppealable(Refused):
    """What was decided for the shop leaves nothing to appeal, and an appeal is decided for good."""

    code = "not_appealable"
    zh = ("这个决定不能申诉。", "对商户有利的决定和申诉后的决定都是最终的。")
    en = ("This decision cannot be appealed.", "One in the shop's favour, or made on appeal, is final.")


class NotClawedBack(Refused):
    """Only what was paid for a redemption, and is not refunded in whole yet, can be taken back."""

    code = "not_clawed_back"
    zh = ("这一行没有可以追回的款。", "只能追回已付款的兑换里还没退的部分。")
    en = ("There is nothing to take back of this line.", "Only the rest of a redemption that was paid can be.")


class InPayout(Refused):
    """The statement waits in a payout batch; the bank's answer comes first."""

    code = "in_payout"
    zh = ("这一单在付款批次 {payout} 里。", "请先上传银行结果；失败的那一行可以重新付款。")
    en = ("This statement waits in payout {payout}.", "Upload the bank's result first; what failed can be paid again.")


class NothingToPay(Refused):
    """A statement without an amount cannot stand in a bank file."""

    code = "nothing_to_pay"
    zh = ("结算单 {statement} 没有要付的钱。", "请把它移出这一批，在结算单上直接记为已付。")
    en = ("Nothing is to be paid on statement {statement}.", "Leave it out, and record it as paid on its own page.")


class BankAccountMissing(Refused):
    """The shop has no bank account that two people approved and whose cooling period is over."""

    code = "bank_account_missing"
    zh = ("结算单 {statement} 的商户没有可用的收款账户。", "请先登记账户，经第二人核对并过了冷静期再付款。")
    en = (
        "The shop of statement {statement} has no bank account that can be used.",
        "Register one; after a second person's check and the cooling period it can be paid.",
    )


class PayoutLineUnknown(Refused):
    """No line of this batch has this id."""

    code = "payout_line_unknown"
    zh = ("这一批里没有这一行。", "请核对文件是不是这一批的银行结果。")
    en = ("This batch has no such line.", "See whether the file is the bank's answer to this batch.")


class AmountChanged(Refused):
    """The bank's result names another amount than the batch: the line is not taken."""

    code = "amount_changed"
    zh = ("这一行的金额与付款批次不符，没有采用。", "请与银行核对这一笔，改正文件后重新上传这一行。")
    en = ("The amount differs from the batch; the line was not taken.", "Ask the bank, and send this line again.")


class ResultUnreadable(Refused):
    """A line of the bank's file lacks its id, amount or result, or says something that is none."""

    code = "result_unreadable"
    zh = ("这一行读不懂。", "请保留编号、金额、结果三列，结果写“成功”或“失败”。")
    en = ("This line cannot be read.", "Keep the columns number, amount and result (paid or failed).")
