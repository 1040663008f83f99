"""The word, the colour and the icon of every state: one closed list, so that a state looks the same on each page.

Colour is a class of hand.css (wait, ok, no, info); a word and an icon always stand beside it.
"""

from __future__ import annotations

from typing import NamedTuple

from flask_babel import lazy_gettext as _


class Word(NamedTuple):
    """How one state is said and shown."""

    kind: str
    icon: str
    text: str


CHECKIN = {
    "open": Word("info", "clock", _("服务中")),
    "pending": Word("wait", "clock", _("待盖章")),
    "awaiting_second": Word("wait", "people", _("等第二人盖章")),
    "stamped": Word("ok", "check", _("已盖章")),
    "returned": Word("no", "back", _("已退回")),
    "void": Word("no", "cross", _("已作废")),
}

EVIDENCE = {
    "coordinator_scan": Word("ok", "scan", _("网格员扫码")),
    "live_code": Word("ok", "scan", _("动态码")),
    "poster_located": Word("info", "place", _("海报码+位置")),
    "poster": Word("wait", "flag", _("海报码")),
    "later": Word("no", "edit", _("事后补录")),
}

REDEMPTION = {
    "reserved": Word("wait", "clock", _("等待确认")),
    "confirmed": Word("ok", "check", _("已兑换")),
    "cancelled": Word("no", "cross", _("已取消")),
    "expired": Word("no", "clock", _("已过期")),
    "refunded_part": Word("info", "back", _("部分退回")),
    "refunded": Word("info", "back", _("已退回红花")),
}

SETTLEMENT = {
    "draft": Word("wait", "edit", _("待出单")),
    "issued": Word("wait", "clock", _("待商户确认")),
    "confirmed": Word("info", "check", _("待审批")),
    "approved": Word("info", "people", _("待付款")),
    "paid": Word("ok", "yuan", _("已付款")),
    "reconciled": Word("ok", "check", _("已对账")),
    "void": Word("no", "cross", _("已作废")),
}

DISPUTE = {
    "raised": Word("wait", "flag", _("等说明")),
    "answered": Word("wait", "clock", _("等决定")),
    "decided": Word("ok", "check", _("已决定")),
    "appealed": Word("wait", "flag", _("申诉中")),
    "final": Word("ok", "check", _("终局决定")),
    "void": Word("no", "cross", _("已作废")),
}

COMPLAINT = {
    "open": Word("wait", "flag", _("等答复")),
    "answered": Word("info", "clock", _("已答复，等结案")),
    "closed": Word("ok", "check", _("已结案")),
    "erased": Word("no", "cross", _("本人已注销")),
}

BANK_ACCOUNT = {
    "asked": Word("wait", "people", _("等第二人核对")),
    "approved": Word("ok", "check", _("已核对")),
    "stopped": Word("no", "cross", _("已叫停")),
}

PAYOUT_LINE = {
    "waiting": Word("wait", "clock", _("等银行结果")),
    "paid": Word("ok", "yuan", _("已付款")),
    "failed": Word("no", "cross", _("付款失败")),
}

AGREEMENT = {
    "draft": Word("wait", "edit", _("待签署")),
    "active": Word("ok", "check", _("生效中")),
    "suspended": Word("no", "clock", _("已暂停")),
    "ended": Word("no", "cross", _("已结束")),
}

OFFER = {
    "draft": Word("wait", "edit", _("待上架")),
    "active": Word("ok", "check", _("可兑换")),
    "ended": Word("no", "cross", _("已下架")),
}

ACTIVITY = {
    "planned": Word("ok", "calendar", _("如期举行")),
    "cancelled": Word("no", "cross", _("已取消")),
}

REVERSAL = {
    "awaiting_second": Word("wait", "people", _("等第二人")),
    "posted": Word("ok", "check", _("已冲正")),
    "declined": Word("no", "cross", _("没有同意")),
    "withdrawn": Word("no", "back", _("已撤回")),
}

MERGE = {
    "awaiting_second": Word("wait", "people", _("等第二人")),
    "done": Word("ok", "check", _("已合并")),
    "declined": Word("no", "cross", _("没有同意")),
    "withdrawn": Word("no", "back", _("已撤回")),
    "awaiting_undo": Word("wait", "people", _("等第二人撤销")),
    "undone": Word("info", "back", _("已撤销")),
}

DEATH = {
    "awaiting_second": Word("wait", "people", _("等第二人")),
    "recorded": Word("info", "clock", _("等家属")),
    "declined": Word("no", "cross", _("没有同意")),
    "withdrawn": Word("no", "back", _("已撤回")),
    "closed": Word("ok", "check", _("已办完")),
    "undone": Word("info", "back", _("已撤销")),
}

CORRECTION = {
    "posted": Word("info", "back", _("已更正")),
}
"""A reversal as its member reads of it, who hears of it once it is done."""

HELP = {
    "asked": Word("wait", "clock", _("等待同意")),
    "live": Word("ok", "check", _("可以代办")),
    "declined": Word("no", "cross", _("没有同意")),
    "ended": Word("no", "cross", _("已结束")),
}

SIGN_UP = {
    "placed": Word("ok", "check", _("已报名")),
    "waiting": Word("wait", "clock", _("排队中")),
    "offered": Word("wait", "clock", _("有名额，等确认")),
    "cancelled": Word("no", "cross", _("不来了")),
    "lapsed": Word("no", "cross", _("名额过时")),
}

IMPORT = {
    "faulty": Word("no", "flag", _("有问题")),
    "checked": Word("wait", "edit", _("核对好了")),
    "awaiting_second": Word("wait", "people", _("等第二人")),
    "done": Word("ok", "check", _("已导入")),
    "declined": Word("no", "cross", _("没有同意")),
    "withdrawn": Word("no", "cross", _("不导入了")),
}

CARD = {
    "blank": Word("info", "note", _("空白")),
    "issued": Word("ok", "check", _("在用")),
    "lost": Word("no", "flag", _("已挂失")),
    "replaced": Word("no", "cross", _("已换新卡")),
    "void": Word("no", "cross", _("已作废")),
}

ERASURE = {
    "asked": Word("wait", "clock", _("等待办理")),
    "withdrawn": Word("info", "back", _("已撤回")),
    "refused": Word("no", "cross", _("没有办成")),
    "done": Word("ok", "check", _("已注销")),
}

PUT_RIGHT = {
    "asked": Word("wait", "clock", _("等待答复")),
    "withdrawn": Word("info", "back", _("已撤回")),
    "refused": Word("no", "cross", _("没有更正")),
    "done": Word("ok", "check", _("已更正")),
}

OBJECTION = {
    "asked": Word("wait", "clock", _("等待答复")),
    "answered": Word("ok", "check", _("已答复")),
    "withdrawn": Word("info", "back", _("已撤回")),
}

VOUCHER = {
    "issued": Word("ok", "check", _("可以用")),
    "blocked": Word("no", "flag", _("已锁住")),
    "used": Word("info", "check", _("已用掉")),
    "expired": Word("no", "clock", _("已过期")),
    "returned": Word("info", "back", _("已退券")),
}

DONATION = {
    "given": Word("ok", "check", _("已捐")),
    "undone": Word("info", "back", _("已撤回")),
}

POT_USE = {
    "awaiting_second": Word("wait", "people", _("等第二人")),
    "done": Word("ok", "check", _("已公布")),
    "declined": Word("no", "cross", _("没有同意")),
    "withdrawn": Word("no", "back", _("已撤回")),
}

FEEDBACK = {
    "given": Word("info", "check", _("已反馈")),
    "answered": Word("ok", "check", _("已答复")),
    "excused": Word("info", "calendar", _("请假")),
    "not_yet": Word("wait", "clock", _("还没反馈")),
}

SUMMARY = {
    "draft": Word("wait", "edit", _("草稿")),
    "signed": Word("info", "seal", _("已签发")),
    "published": Word("ok", "check", _("已公布")),
}

CERTIFICATE = {
    "asked": Word("wait", "clock", _("等社区开具")),
    "issued": Word("ok", "seal", _("已开具")),
    "revoked": Word("no", "cross", _("已撤销")),
    "declined": Word("no", "cross", _("没有开具")),
}

COMMENDATION = {
    "draft": Word("wait", "edit", _("定条件")),
    "nominating": Word("info", "people", _("提名和评审")),
    "announced": Word("wait", "clock", _("公示中")),
    "frozen": Word("info", "seal", _("名单已固定")),
    "published": Word("ok", "check", _("已公布")),
    "dropped": Word("no", "cross", _("不办了")),
}

NOMINATION = {
    "nominated": Word("wait", "clock", _("已提名")),
    "announced": Word("ok", "check", _("入选")),
    "passed_over": Word("no", "cross", _("没有入选")),
    "struck": Word("no", "flag", _("异议属实，撤下")),
}

PLATE = {
    "active": Word("ok", "check", _("在用")),
    "retired": Word("no", "cross", _("已停用")),
}

FOLLOW_UP = {
    "open": Word("wait", "clock", _("待办")),
    "done": Word("ok", "check", _("办完了")),
}

FLAG = {
    "open": Word("wait", "flag", _("等决定")),
    "confirmed": Word("no", "flag", _("确认有问题")),
    "dismissed": Word("ok", "check", _("没有问题")),
    "released": Word("info", "clock", _("到期放行")),
}

WEBHOOK = {
    "active": Word("ok", "check", _("在送")),
    "paused": Word("wait", "clock", _("暂停")),
    "ended": Word("no", "cross", _("停用了")),
}

LETTER = {
    "dead": Word("no", "cross", _("没有收下")),
    "again": Word("wait", "clock", _("等再送")),
    "delivered": Word("ok", "check", _("后来收下了")),
}

STATES = {
    "webhook": WEBHOOK, "letter": LETTER,
    "plate": PLATE, "follow_up": FOLLOW_UP, "flag": FLAG,
    "summary": SUMMARY, "certificate": CERTIFICATE, "commendation": COMMENDATION, "nomination": NOMINATION,
    "feedback": FEEDBACK, "voucher": VOUCHER, "donation": DONATION, "pot_use": POT_USE,
    "erasure": ERASURE, "put_right": PUT_RIGHT,
    "card": CARD,
    "checkin": CHECKIN, "evidence": EVIDENCE, "redemption": REDEMPTION, "settlement": SETTLEMENT,
    "dispute": DISPUTE, "complaint": COMPLAINT, "bank_account": BANK_ACCOUNT, "payout_line": PAYOUT_LINE,
    "agreement": AGREEMENT, "offer": OFFER, "activity": ACTIVITY, "reversal": REVERSAL, "merge": MERGE, "death": DEATH,
    "correction": CORRECTION, "objection": OBJECTION, "help": HELP, "sign_up": SIGN_UP, "import": IMPORT,
}  # fmt: skip
