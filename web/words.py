"""Words of closed lists that are no states: kinds, roles, reasons, places. What templates may name stands below."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

from web.check_words import CHECKS, JOBS
from web.state_words import STATES
from web.thing_words import THINGS

FAVOURS = {
    "shop": _("支持商户"),
    "community": _("支持社区"),
}
"""Whose side a decision takes."""

IMPORTS = {"members": _("居民名单"), "openings": _("期初红花"), "merchants": _("商户名单")}

IMPORT_COLUMNS = {
    "name": _("姓名"),
    "phone": _("手机号"),
    "unit": _("住在"),
    "household": _("住户"),
    "post": _("职务"),
    "card": _("红花卡号"),
    "points": _("红花"),
    "minutes": _("服务分钟"),
    "shop": _("店名"),
    "trade": _("做什么的"),
    "branch": _("门店"),
    "address": _("地址"),
    "owner": _("店主姓名"),
    "owner_phone": _("店主手机号"),
}

PATHS = {
    "slip": _("纸质单子"),
    "card": _("纸卡加密码"),
    "helper": _("代办人替选"),
    "merchant_code": _("扫商家海报"),
    "member_code": _("出示红花码"),
}
"""The paths to a redemption whose points an agreement may limit, the weakest first."""

ABOUT = {
    "name": _("姓名"),
    "place": _("住址（网格、楼栋）"),
    "other": _("别的"),
}
"""What may be wrong in the record of a person."""

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

REMEDIES = {
    "refunded": _("退了红花"),
    "replaced": _("换了一份"),
    "explained": _("说明了情况"),
}
"""What a complaint about goods came to."""

VENUES = {
    "station": _("红色驿站的摊位"),
    "shops": _("各家店里"),
}
"""Where people redeem on the redemption day."""

CATEGORIES = {
    "safety": _("安全"),
    "environment": _("环境"),
    "neighbours": _("邻里"),
    "elders": _("老人"),
    "facilities": _("设施"),
    "other": _("别的事"),
}
"""What a day's feedback is about."""

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
    "voucher": _("没用的券"),
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
    "voucher": _("居民买了券、还没有用掉的红花。"),
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
    "buy": _("买券"),
    "spend": _("爱心池支出"),
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
    "ruling": _("争议裁定"),
    "fund_grant": _("拨入"),
    "reversal": _("冲正"),
    "expiry": _("到期"),
    "merge": _("合并账户"),
    "merge_undo": _("撤销合并"),
    "inheritance": _("遗赠"),
    "voucher": _("券"),
    "donation": _("捐赠"),
    "donation_undo": _("撤回捐赠"),
    "pot_use": _("爱心池支出"),
}
"""What led to a transfer."""

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

COMMENDED = {
    "volunteer": _("志愿者个人"),
    "team": _("志愿服务队"),
    "shop": _("商户"),
}
"""Whom a commendation honours."""

PRIORITY_LISTS = {
    "community_reserve": _("社区工作者储备力量"),
    "party_applicants": _("入党培养对象"),
}

POLITICAL = {
    "masses": _("群众"),
    "league_member": _("共青团员"),
    "applicant": _("入党申请人"),
    "party_member": _("中共党员"),
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

CAPS = {
    "max_points_day": _("每人每天最多"),
    "max_points_week": _("每人每周最多"),
    "max_points_month": _("每人每月最多"),
    "max_points_member": _("每人一共最多"),
}

POLICIES = {
    "full": _("照规则算"),
    "second": _("要两人盖章"),
    "none": _("只记时长"),
}
"""What a grade of evidence is worth under a rule."""

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
    "calendar": _("只看我的日历"),
    "everything": _("我能做的一切（账号钥匙除外）"),
}

FLAG_KINDS = {
    "ring": _("一人一店特别集中"),
    "shop_share": _("一家店占大半"),
    "round_trip": _("退了又兑"),
    "after_hours": _("深夜兑换"),
    "shared_device": _("几人用一台手机"),
    "shared_helper": _("一人代多人确认"),
    "burst": _("一分钟连着兑"),
}
"""What the detectors look for."""

FLAG_DECISIONS = {"dismiss": _("没有问题"), "confirm": _("确认有问题")}

WORDS = {
    "FLAG_KINDS": FLAG_KINDS,
    "OFFER_KINDS": OFFER_KINDS, "LINE_TYPES": LINE_TYPES, "UNIT_KINDS": UNIT_KINDS, "POSTS": POSTS, "ROLES": ROLES,
    "BASES": BASES, "CAPS": CAPS, "POLICIES": POLICIES, "PURPOSES": PURPOSES, "PURPOSE_EFFECTS": PURPOSE_EFFECTS,
    "GROUNDS": GROUNDS, "ABOUT": ABOUT, "GRIEVANCES": GRIEVANCES,
    "NOTE_CATEGORIES": NOTE_CATEGORIES, "OUTCOMES": OUTCOMES, "CATEGORIES": CATEGORIES,
    "COMMENDED": COMMENDED,
    "WEEKDAYS": WEEKDAYS, "STATES": STATES, "FAVOURS": FAVOURS, "REMEDIES": REMEDIES, "VENUES": VENUES,
    "ACCOUNT_KINDS": ACCOUNT_KINDS, "ACCOUNT_NOTES": ACCOUNT_NOTES, "TRANSFERS": TRANSFERS,
    "OWN_TRANSFERS": OWN_TRANSFERS, "SOURCES": SOURCES, "CHECKS": CHECKS, "JOBS": JOBS, "THINGS": THINGS,
    "RELATIONS": RELATIONS, "SCOPES": SCOPES,
}  # fmt: skip
"""What templates may name."""
