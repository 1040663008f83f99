"""Refusals of the books."""

from __future__ import annotations

from ledger.core.errors import Invalid, Refused


class InsufficientPoints(Refused):
    """The wallet's available balance (posted - held) is below the amount."""

    code = "insufficient_points"
    zh = (
        "可用红花不够：需要 {needed} 朵，现有 {available} 朵可用。",
        "先选红花少一些的，或等下一次盖章后再来。",
    )
    en = (
        "Not enough flowers: {needed} needed, {available} available.",
        "Choose something smaller, or come back after the next stamp.",
    )


class InsufficientFunds(Refused):
    """The fund has less left than the amount: a fund is never overspent."""

    code = "insufficient_funds"
    zh = ("社区的兑换资金暂时不足。", "请联系社区；红花没有扣除。")
    en = ("The community's fund is short at the moment.", "Contact the community; no flowers were taken.")


class HoldEnded(Refused):
    """The hold is no longer placed: it was posted, voided, or its time is over."""

    code = "hold_ended"
    zh = ("预留已经结束，红花已退回可用。", "请重新选择并在时限内确认。")
    en = ("The reservation is over; the flowers are available again.", "Choose again and confirm in time.")


class TransferNotDeclared(Refused):
    """No declared code moves this unit between these kinds of accounts."""

    code = "transfer_not_declared"
    zh = ("账本里没有这样的转账。", "请联系管理员。")
    en = ("The books know no such transfer.", "Contact an administrator.")


class AmountOutOfRange(Refused):
    """An amount is an integer from 1 to 2^53 - 1."""

    code = "amount_out_of_range"
    zh = ("数量超出范围。", "请输入一个正整数。")
    en = ("The amount is out of range.", "Use a positive whole number.")


class EffectiveInFuture(Refused):
    """A transfer takes effect now or earlier, never later."""

    code = "effective_in_future"
    zh = ("生效时间不能在将来。", "请检查日期和时间。")
    en = ("A transfer cannot take effect in the future.", "Check the date and time.")


class MonthClosed(Refused):
    """The month's summary is signed off: nothing takes effect in it any more."""

    code = "month_closed"
    zh = ("{month}的总结已经签发，账不能再记到那个月。", "请记到现在；需要说明的写在原因里。")
    en = ("The summary of {month} is signed off; nothing can be booked into it.", "Book it as of now, and say why.")


class MonthNotOver(Refused):
    """A month is closed after its last moment, when nobody is writing what began in it."""

    code = "month_not_over"
    zh = ("这个月还没有结束。", "请在下个月 1 日零点之后再签发。")
    en = ("This month is not over yet.", "Sign it off after midnight of its last day.")


class AlreadyPosted(Refused):
    """The same source has had this transfer already."""

    code = "already_posted"
    zh = ("这一笔已经入账。", "不用再做；请查看明细。")
    en = ("This has been posted already.", "Nothing more to do; see the statement.")


class OverReversed(Refused):
    """Together, the reversals of a transfer never exceed its amount."""

    code = "over_reversed"
    zh = ("冲正总额超过了原来的数量。", "最多还能冲正 {left}。")
    en = ("That is more than was transferred.", "At most {left} can still be reversed.")


class SamePolicy(Refused):
    """The community decides this about expiry already."""

    code = "same_policy"
    zh = ("现在就是这样规定的。", "不用再改；要换一种规定，请选别的月数。")
    en = ("This is the rule already.", "Nothing to change; choose another number of months for another rule.")


class MomentInFuture(Invalid):
    """The books can tell what was, not what will be."""

    code = "moment_in_future"
    zh = ("账本不能查询将来的时刻。", "请选现在或更早的时间。")
    en = ("The books cannot tell about a time to come.", "Choose now or an earlier time.")


class OwnReversal(Refused):
    """Nobody is the second person for what comes back to their own wallet."""

    code = "own_reversal"
    zh = ("这一笔会退回您自己的红花。", "请另一位有权限的人来批准。")
    en = ("This would bring flowers back to yourself.", "Ask another person with this right to approve it.")


class NotReversible(Refused):
    """The transfer has a way back of its own, or none; `way_zh` and `way_en` name it."""

    code = "not_reversible"
    zh = ("这一笔不能冲正。", "{way_zh}")
    en = ("This transfer cannot be reversed.", "{way_en}")


class OpenHolds(Refused):
    """Points of the wallet are set aside for something that is not decided yet."""

    code = "open_holds"
    zh = ("还有 {held} 朵红花正在兑换中。", "请先确认或取消那次兑换（15 分钟后也会自动取消）。")
    en = (
        "{held} flowers are set aside for a redemption.",
        "Confirm or cancel it first; after 15 minutes it ends by itself.",
    )
