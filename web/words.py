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

PLATE = {
    "active": Word("ok", "check", _("在用")),
    "retired": Word("no", "cross", _("已停用")),
}

FOLLOW_UP = {
    "open": Word("wait", "clock", _("待办")),
    "done": Word("ok", "check", _("办完了")),
}

NOTE_CATEGORIES = {
    "all_well": _("一切都好"),
    "elders": _("老人照护"),
    "health": _("生病就医"),
    "safety": _("安全隐患"),
    "repairs": _("房屋维修"),
    "environment": _("环境卫生"),
    "neighbours": _("邻里矛盾"),
    "other": _("其他事"),
}
"""What a visit note is about, in the order of its buttons."""

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

IMPORTS = {"members": _("居民名单"), "openings": _("期初红花"), "merchants": _("商户名单")}

IMPORT_COLUMNS = {
    "name": _("姓名"),
    "phone": _("手机号"),
    "unit": _("住在"),
    "household": _("住户"),
    "post": _("职务"),
    "points": _("红花"),
    "minutes": _("服务分钟"),
    "shop": _("店名"),
    "trade": _("做什么的"),
    "branch": _("门店"),
    "address": _("地址"),
    "owner": _("店主姓名"),
    "owner_phone": _("店主手机号"),
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

ABOUT = {
    "name": _("姓名"),
    "place": _("住址（网格、楼栋）"),
    "other": _("别的"),
}
"""What may be wrong in the record of a person."""

OBJECTION = {
    "asked": Word("wait", "clock", _("等待答复")),
    "answered": Word("ok", "check", _("已答复")),
    "withdrawn": Word("info", "back", _("已撤回")),
}

GRIEVANCES = {
    "minutes": _("时长不对"),
    "points": _("红花不对"),
    "returned": _("不该退回"),
    "void": _("不该作废"),
    "waiting": _("一直没盖章"),
    "other": _("别的不对"),
}
"""What a member holds to be wrong about a visit."""

OUTCOMES = {
    "kept": _("没有改"),
    "changed": _("已改正"),
}
"""What an answer to an objection says of the record."""

FEEDBACK = {
    "given": Word("info", "check", _("已反馈")),
    "answered": Word("ok", "check", _("已答复")),
    "excused": Word("info", "calendar", _("请假")),
    "not_yet": Word("wait", "clock", _("还没反馈")),
}

CATEGORIES = {
    "safety": _("安全"),
    "environment": _("环境"),
    "neighbours": _("邻里"),
    "elders": _("老人"),
    "facilities": _("设施"),
    "other": _("别的事"),
}
"""What a day's feedback is about."""

STATES = {
    "feedback": FEEDBACK,
    "erasure": ERASURE, "put_right": PUT_RIGHT,
    "card": CARD,
    "checkin": CHECKIN, "evidence": EVIDENCE, "redemption": REDEMPTION, "settlement": SETTLEMENT,
    "agreement": AGREEMENT, "offer": OFFER, "activity": ACTIVITY, "reversal": REVERSAL, "merge": MERGE, "death": DEATH,
    "correction": CORRECTION, "objection": OBJECTION, "help": HELP, "sign_up": SIGN_UP, "import": IMPORT,
    "plate": PLATE, "follow_up": FOLLOW_UP,
}  # fmt: skip

OFFER_KINDS = {
    "goods": _("商品"),
    "service": _("服务"),
    "discount_card": _("折扣卡"),
    "waiver_card": _("减免卡"),
    "shop_points": _("店内积分"),
}

LINE_TYPES = {
    "redemption": _("兑换"),
    "refund": _("退回"),
    "decision": _("争议裁定"),
    "clawback": _("追回"),
    "carry_over": _("上期结转"),
}

ACCOUNT_KINDS = {
    "issuance": _("发放总账"),
    "wallet": _("红花钱包"),
    "debt": _("还欠"),
    "hours": _("服务时长"),
    "merchant": _("商户收的红花"),
    "payable": _("应付商户"),
    "fund": _("资金"),
    "bank": _("社区银行户"),
    "pot": _("爱心池"),
    "expired": _("到期的红花"),
}

ACCOUNT_NOTES = {
    "issuance": _("负数：社区发出、还没有收回的。"),
    "wallet": _("居民可以用的红花，加上兑换中的。"),
    "debt": _("负数：居民要还的红花，以后得到的先还。"),
    "hours": _("服务的时长；兑换不会让它减少。"),
    "merchant": _("商户收下、还没有结算的红花。"),
    "payable": _("社区欠商户、还没有付的钱。"),
    "fund": _("拨给兑换用、还没有用掉的钱。"),
    "bank": _("负数：从社区银行户拨进来的钱，减去付出的。"),
    "pot": _("居民捐给社区的红花。"),
    "expired": _("到期没有用的红花。"),
}
"""What the balance of such an account says."""

TRANSFERS = {
    "award": _("盖章得花"),
    "hours": _("记时长"),
    "repay": _("抵还"),
    "opening": _("期初"),
    "redeem": _("兑换"),
    "refund": _("退回红花"),
    "donate": _("捐赠"),
    "expire": _("到期"),
    "restore": _("到期退回"),
    "settle": _("结算核销"),
    "pay": _("付款"),
    "fund": _("拨入"),
    "merge": _("合并"),
    "reverse": _("冲正"),
}

OWN_TRANSFERS = TRANSFERS | {"reverse": _("更正")}
"""The same for the member whose account it is: the desk reverses, the member reads of a correction."""

SOURCES = {
    "erasure": _("注销"),
    "stamp": _("盖章"),
    "stamp_undo": _("撤销盖章"),
    "redemption": _("兑换"),
    "refund": _("退回红花"),
    "settlement": _("结算单"),
    "fund_grant": _("拨入"),
    "reversal": _("冲正"),
    "expiry": _("到期"),
    "merge": _("合并账户"),
    "merge_undo": _("撤销合并"),
    "inheritance": _("遗赠"),
}
"""What led to a transfer."""

CHECKS = {
    "zero_sum": _("每种单位的所有余额加起来等于零：没有凭空多出或少掉的。"),
    "balances_match": _("存着的余额，就是这个账户所有流水加起来的数。"),
    "lifetime_match": _("居民一共得到和用掉的红花，和流水一致。"),
    "no_negative_wallet": _("没有钱包或资金低于零。"),
    "holds_match": _("预留的数，就是还没有了结的预留加起来的数。"),
    "no_cross_community": _("没有一笔跨了社区或单位。"),
    "codes_declared": _("每一笔都是规定好的种类，从规定的账户到规定的账户。"),
    "times_in_order": _("没有一笔的发生时间晚于入账时间。"),
    "source_unique": _("同一件事没有入账两次。"),
    "reversals_within": _("冲正加起来没有超过原来那一笔。"),
    "reversals_as_asked": _("同意了的冲正照申请动了账，没有同意的没有动。"),
    "triggers_installed": _("数据库自己会拒绝修改和删除流水。"),
    "keys_remembered": _("每次提交的钥匙都在，同一次提交不会入账两遍。"),
    "commitments_match": _("姓名等个人信息和流水里封存的印记一致，或已按要求删除。"),
    "draws_match": _("用掉的红花都从有效的批次里扣，没有多扣。"),
    "cohorts_match": _("每个批次还剩多少，和得到、用掉、预留的一致。"),
    "rollups_match": _("每天、每月、每年的汇总，就是流水加起来的数。"),
    "seal_matches": _("每一笔都在封账里，或在等封账；封账以后没有改过。"),
    "settlement_totals": _("结算单的合计，就是各行加起来的数。"),
    "settlement_lines_match": _("结算单的每一行，和那次兑换或退回一致。"),
    "settlement_digests_match": _("出了单的结算单没有改过。"),
    "settlement_openings_match": _("每期结算的期初，就是上一期的期末。"),
    "payments_match": _("付了款的结算单正好付了应付的数，没付款的没有动钱。"),
    "aliases_empty": _("合并掉的账户里什么都没有剩下。"),
    "points_settled": _("结清了的红花都收回了，不再流通。"),
}
"""What each named check of the books holds."""

UNIT_KINDS = {
    "community": _("社区"),
    "compound": _("小区"),
    "grid": _("网格"),
    "micro_grid": _("微网格"),
    "building": _("楼栋"),
    "entrance": _("单元"),
    "general_branch": _("党总支"),
    "branch": _("党支部"),
    "party_group": _("楼栋党小组"),
}

POSTS = {
    "grid_worker": _("专职网格员"),
    "micro_grid_leader": _("微网格长"),
    "unit_steward": _("单元管家"),
    "building_leader": _("楼栋长"),
    "branch_secretary": _("支部书记"),
}

ROLES = {
    "volunteer": _("志愿者"),
    "coordinator": _("网格员"),
    "stamper": _("盖章人"),
    "admin": _("社区管理员"),
    "treasurer": _("财务"),
    "supervisor": _("监督员"),
    "secretary": _("支部书记"),
    "owner": _("店主"),
    "clerk": _("店员"),
    "street": _("街道"),
    "operator": _("平台运维"),
}

RELATIONS = {
    "child": _("子女"),
    "spouse": _("配偶"),
    "parent": _("父母"),
    "grandchild": _("孙辈"),
    "sibling": _("兄弟姐妹"),
    "relative": _("其他亲属"),
}
"""What a helper is to the member."""

BASES = {
    "per_visit": _("每次"),
    "per_hour": _("每小时"),
}

PURPOSES = {
    "service": _("记录我的服务和红花（使用小红花必需）"),
    "publication": _("公开我的姓名，用于表扬和公示"),
    "location": _("签到时使用大概位置，只记远近"),
    "sharing_with_shops": _("兑换时让商户看到我的姓氏"),
}

PURPOSE_EFFECTS = {
    "service": _("撤回后不再记录新的服务；已有的红花还在，照样能用。"),
    "publication": _("撤回后公开的页面上只写姓和星号。"),
    "location": _("撤回后签到不再看距离。"),
    "sharing_with_shops": _("撤回后商户连姓氏也看不到。"),
}
"""What withdrawing a purpose changes, at once."""

GROUNDS = {
    "unsettled_debt": _("还有没还上的红花"),
    "open_dispute": _("还有没处理完的争议"),
    "statutory_retention": _("法律要求保留"),
}
"""Why an erasure is refused."""

WEEKDAYS = (_("周一"), _("周二"), _("周三"), _("周四"), _("周五"), _("周六"), _("周日"))
"""In the order of the bits of an offer's `weekdays` mask (Monday = 1)."""

SCOPES = {
    "read": _("查看我能看的一切"),
    "record": _("只上传签到"),
    "checkins": _("记录签到"),
    "till": _("收银台"),
    "everything": _("我能做的一切（账号钥匙除外）"),
}

WORDS = {
    "OFFER_KINDS": OFFER_KINDS, "LINE_TYPES": LINE_TYPES, "UNIT_KINDS": UNIT_KINDS, "POSTS": POSTS, "ROLES": ROLES,
    "BASES": BASES, "PURPOSES": PURPOSES, "PURPOSE_EFFECTS": PURPOSE_EFFECTS,
    "GROUNDS": GROUNDS, "ABOUT": ABOUT, "GRIEVANCES": GRIEVANCES,
    "NOTE_CATEGORIES": NOTE_CATEGORIES, "OUTCOMES": OUTCOMES, "CATEGORIES": CATEGORIES,
    "WEEKDAYS": WEEKDAYS, "STATES": STATES,
    "ACCOUNT_KINDS": ACCOUNT_KINDS, "ACCOUNT_NOTES": ACCOUNT_NOTES, "TRANSFERS": TRANSFERS,
    "OWN_TRANSFERS": OWN_TRANSFERS, "SOURCES": SOURCES, "CHECKS": CHECKS, "RELATIONS": RELATIONS, "SCOPES": SCOPES,
}  # fmt: skip
"""What templates may name."""
