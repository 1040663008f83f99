"""The named checks of the books, in words."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

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
    "disputes_match": _("结算单暂扣的数，就是有争议的各行加起来的数。"),
    "payouts_match": _("付款批次的每一行，就是那张结算单要付的数。"),
    "aliases_empty": _("合并掉的账户里什么都没有剩下。"),
    "vouchers_match": _("没用的券都还在账上，该付给商户的钱也都留着。"),
    "pools_match": _("一起付的每一份加起来就是那次兑换，出份子的人都同意过。"),
    "summaries_match": _("签发了的月度总结没有改过。"),
    "certificates_match": _("开具了的服务证明没有改过。"),
    "points_settled": _("结清了的红花都收回了，不再流通。"),
}
"""What each named check of the books holds."""
