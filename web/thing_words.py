"""What an event can be about, in words. A new thing needs its words here: a test compares the two lists."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

THINGS = {
    "activity": _("活动"), "agreement": _("商户协议"), "bank_account": _("收款账户"), "branch": _("门店"),
    "card": _("红花卡"), "cards": _("卡片批次"), "certificate": _("服务证明"), "checkin": _("签到"),
    "commendation": _("表彰"), "community": _("社区资料"), "complaint": _("兑换意见"), "correction": _("资料更正"),
    "counter": _("柜台人员"),
    "dispute": _("结算争议"), "donation": _("捐赠"), "expiry": _("红花有效期"), "feedback": _("每天一反馈"),
    "flag": _("异常提示"), "fund": _("资金"), "helper": _("代办人"), "honour": _("荣誉"), "import": _("导入"),
    "issuance": _("发放额度"), "member": _("居民"), "member_code": _("红花码"), "members": _("居民"),
    "merchant": _("商户"), "notice": _("通知"), "objection": _("服务异议"), "offer": _("兑换项目"), "payout": _("付款"),
    "plate": _("门牌码"), "plates": _("门牌码批次"), "points": _("红花"), "pool": _("一起兑换"), "post": _("岗位"),
    "pot_use": _("公益池"), "programme": _("项目规则"), "redemption": _("兑换"), "redemption_day": _("兑换日"),
    "role": _("权限"), "settlement": _("结算"), "sign_up": _("报名"), "slips": _("手写单"), "staff": _("工作人员"),
    "stamp": _("盖章"), "summary": _("每月一总结"), "till": _("收银台"), "unit": _("楼栋网格"),
    "visit_note": _("走访手记"), "voucher": _("券"),
    "reversal": _("冲正"), "transfer": _("流水"), "merge": _("账户合并"),
    "death": _("身故登记"), "webhook": _("事件接收"),
}  # fmt: skip
