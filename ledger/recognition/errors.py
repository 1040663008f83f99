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


class CriterionNotForKind(Refused):
    """A criterion that only people have was set for teams or shops."""

    code = "criterion_not_for_kind"
    zh = (
        "有的条件不适合这一类表彰（{criteria}）。",
        "团队只看时长、次数、签到证据、网格和项目；商户只看兑换次数和有没有未结的意见。",
    )
    en = (
        "Some criteria do not fit what is commended ({criteria}).",
        "Teams have hours, visits, evidence, part and programme; shops have redemptions and open complaints.",
    )


class CriteriaNotMet(Refused):
    """Who was named does not meet the criteria, as the year stands now."""

    code = "criteria_not_met"
    zh = ("还没有达到这次表彰的条件。", "请在候选名单里选，或等服务盖章以后再提名。")
    en = ("The criteria of this commendation are not met.", "Choose from the candidates, or wait for the stamps.")


class OwnHonour(Refused):
    """Nobody names, reviews, strikes or publishes what honours themself, their household, their team or their shop."""

    code = "own_honour"
    zh = ("这次表彰里有您自己、家人、您的服务队或您的商户。", "请另一位同事来做这一步。")
    en = ("This honours you, your household, your team or your shop.", "Ask a colleague to take this step.")


class ReviewIncomplete(Refused):
    """Some of those named have not been reviewed by two people."""

    code = "review_incomplete"
    zh = ("还有 {left} 个提名没有经过两个人评审。", "请监督员和街道先评审完，再公示。")
    en = ("{left} of those named have not been reviewed by two people.", "Have them reviewed before announcing.")


class NobodyChosen(Refused):
    """No name is left that more reviewers were for than against."""

    code = "nobody_chosen"
    zh = ("没有评审通过的提名。", "请先提名和评审；都不合适，就不办这一次。")
    en = ("Nobody who was named has passed the review.", "Name and review somebody, or drop this commendation.")


class AnnouncementRunning(Refused):
    """The list must be public for its working days before it is frozen."""

    code = "announcement_running"
    zh = ("公示还没有结束，到 {ends} 为止。", "请等公示期满再固定名单。")
    en = ("The announcement still runs, until {ends}.", "Freeze the list when it is over.")


class AnnouncementOver(Refused):
    """Objections are heard while the list is announced."""

    code = "announcement_over"
    zh = ("公示期已经结束，不再受理异议。", "有问题可以直接到社区反映。")
    en = ("The announcement is over; objections are no longer taken.", "Tell the community's staff what is wrong.")


class ObjectionsOpen(Refused):
    """An announced list is frozen only when every objection has its answer."""

    code = "objections_open"
    zh = ("还有 {left} 条异议没有答复。", "请逐条答复以后再固定名单。")
    en = ("{left} objections have no answer yet.", "Answer each of them, then freeze the list.")


class TooManyObjections(Refused):
    """More objections from one place, or to one announcement, than can be read with care."""

    code = "too_many_objections"
    zh = ("这里提的异议太多了。", "请明天再提，或直接到社区反映。")
    en = ("There are too many objections from here.", "Try again tomorrow, or tell the community's staff.")


class YearInFuture(Refused):
    """A year that has not begun has nothing to commend."""

    code = "year_in_future"
    zh = ("这一年还没有开始。", "请选今年或更早的年份。")
    en = ("That year has not begun.", "Choose this year or an earlier one.")


class FactsNeedConsent(Refused):
    """Birth year and political status are kept only with the member's own yes."""

    code = "facts_need_consent"
    zh = ("出生年份和政治面貌要本人同意才能登记。", "请先征得本人同意并勾选，或把这两项留空。")
    en = (
        "Birth year and political status are kept only with the member's consent.",
        "Ask the member and tick the box, or leave both empty.",
    )
