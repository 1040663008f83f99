"""What each act of the audit is called. A new act needs its words here: a test reads the code for acts without any."""

from __future__ import annotations

from flask_babel import gettext
from flask_babel import lazy_gettext as _

from ledger.core.errors import REASONS
from web.languages import language

ACTS = {
    "book.expire_points": _("红花到期"),
    "book.set_expiry": _("改了红花有效期"),
    "books.ask_reversal": _("提出冲正"),
    "books.approve_reversal": _("同意冲正"),
    "books.decline_reversal": _("不同意冲正"),
    "books.withdraw_reversal": _("撤回冲正"),
    "people.add_unit": _("加了一个网格或楼栋"),
    "people.rename_unit": _("改了网格或楼栋的名字"),
    "people.move_unit": _("移动了网格或楼栋"),
    "people.end_unit": _("停用了网格或楼栋"),
    "people.set_party_parent": _("改了党组织归属"),
    "people.open_community": _("开通社区"),
    "people.join": _("加入社区"),
    "people.move_member": _("改了住址"),
    "people.give_role": _("授权"),
    "people.end_role": _("撤销权限"),
    "people.give_office": _("授权"),
    "people.end_offices": _("撤销全部权限"),
    "people.give_oversight": _("授予监督身份"),
    "people.give_post": _("任命岗位"),
    "people.end_post": _("卸任岗位"),
    "people.form_household": _("登记住户"),
    "people.leave_household": _("移出住户"),
    "people.form_team": _("成立服务队"),
    "people.change_team": _("改了服务队"),
    "people.end_team": _("解散服务队"),
    "people.add_to_team": _("加入服务队"),
    "people.leave_team": _("退出服务队"),
    "people.name_helper": _("登记代办人"),
    "people.agree_to_help": _("同意代办"),
    "people.end_help": _("结束代办"),
    "people.read_notice": _("看了消息"),
    "people.read_notices": _("看了全部消息"),
    "people.hand_over_notice": _("把通知单交给本人"),
    "people.sign_in": _("登录"),
    "people.revoke_session": _("退出一台设备"),
    "people.revoke_other_sessions": _("退出其他设备"),
    "people.create_token": _("新建访问令牌"),
    "people.set_password": _("设置密码"),
    "people.remove_password": _("取消密码"),
    "people.enrol_second_factor": _("开始设置动态码"),
    "people.confirm_second_factor": _("启用动态码"),
    "people.remove_second_factor": _("停用动态码"),
    "people.reset_second_factor": _("重置动态码"),
    "people.renew_recovery_codes": _("更换恢复码"),
    "people.ask_merge": _("提出合并账户"),
    "people.approve_merge": _("同意合并账户"),
    "people.decline_merge": _("不同意合并账户"),
    "people.withdraw_merge": _("撤回合并账户"),
    "people.ask_undo_merge": _("提出撤销合并"),
    "people.approve_undo_merge": _("同意撤销合并"),
    "people.refuse_undo_merge": _("不同意撤销合并"),
    "service.create_programme": _("新建项目"),
    "service.change_rule": _("改了项目规则"),
    "service.plan_activity": _("安排活动"),
    "service.cancel_activity": _("取消活动"),
    "service.sign_up": _("报名"),
    "service.confirm_sign_up": _("确认名额"),
    "service.cancel_sign_up": _("取消报名"),
    "service.lapse_sign_up": _("名额过时"),
    "service.check_in": _("签到"),
    "service.check_out": _("签退"),
    "service.close_forgotten": _("补签退"),
    "service.stamp_checkins": _("盖章"),
    "service.return_checkins": _("退回服务"),
    "service.void_checkins": _("作废服务"),
    "service.undo_stamp": _("撤销盖章"),
    "service.undo_batch": _("撤销一批盖章"),
    "rewards.create_merchant": _("登记商户"),
    "rewards.add_branch": _("加门店"),
    "rewards.appoint_owner": _("登记店主"),
    "rewards.appoint_clerk": _("登记店员"),
    "rewards.end_counter": _("撤下店员"),
    "rewards.create_fund": _("新建资金"),
    "rewards.grant_money": _("拨入资金"),
    "rewards.draft_agreement": _("起草协议"),
    "rewards.amend_agreement": _("修改协议"),
    "rewards.sign_agreement": _("签署协议"),
    "rewards.turn_agreement": _("暂停或恢复协议"),
    "rewards.draft_offer": _("起草商品"),
    "rewards.change_offer": _("修改商品"),
    "rewards.approve_offer": _("批准商品"),
    "rewards.restock_offer": _("补货"),
    "rewards.end_offer": _("下架商品"),
    "rewards.create_member_code": _("出示付款码"),
    "rewards.open_till": _("店员扫码"),
    "rewards.confirm": _("确认兑换"),
    "rewards.cancel": _("取消兑换"),
    "rewards.refund": _("退回红花"),
    "rewards.expire_reservations": _("预留过时"),
    "settlement.close_week": _("出本周结算"),
    "settlement.confirm": _("商户确认结算"),
    "settlement.issue": _("发出结算单"),
    "settlement.approve": _("审批结算"),
    "settlement.pay": _("结算付款"),
    "settlement.reconcile": _("结算对账"),
    "settlement.void": _("作废结算单"),
}


def said(action: str) -> str:
    """The act in words; an attempt at something that is no act of the books is called by its address's name."""
    return str(ACTS.get(action, action))


def came_to(outcome: str) -> str:
    """How it ended, in words: done, or the sentence of the reason."""
    if outcome == "done":
        return gettext("做成了")
    reason = REASONS.get(outcome)
    if reason is None:
        return outcome
    sentence: str = (reason.zh if language().startswith("zh") else reason.en)[0]
    return sentence.partition("{")[0]
