"""The rail of the desk: which rooms a person may enter, read from the rights table."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from flask_babel import lazy_gettext as _


class Entry(NamedTuple):
    """One room of the desk: `permission` is a verb of ledger.core.permissions, `group` stands above its rooms."""

    endpoint: str
    icon: str
    text: str
    permission: str
    group: str = ""


COMMUNITY, SHOPS, OPEN = _("社区"), _("商户和钱"), _("公开和账本")

DESK = (
    Entry("web.storefront.show", "home", _("我的店"), "confirm_settlement"),
    Entry("web.tills.show_counter", "scan", _("收银台"), "use_till"),
    Entry("web.office.show", "home", _("今日"), "see_programmes"),
    Entry("web.stamps.list_queue", "seal", _("盖章"), "stamp"),
    Entry("web.objections.list_all", "flag", _("异议"), "see_objections"),
    Entry("web.activities.list_all", "calendar", _("活动"), "manage_activities"),
    Entry("web.calendar.show", "calendar", _("日历"), "manage_activities"),
    Entry("web.visit_notes.list_all", "edit", _("走访手记"), "handle_notes"),
    Entry("web.feedback.list_all", "note", _("每天一反馈"), "see_feedback"),
    Entry("web.programmes.list_all", "list", _("项目规则"), "manage_programmes", COMMUNITY),
    Entry("web.expiry.show", "clock", _("红花有效期"), "manage_expiry", COMMUNITY),
    Entry("web.communities.show", "call", _("社区资料"), "manage_community", COMMUNITY),
    Entry("web.units.show_tree", "tree", _("楼栋网格"), "manage_units", COMMUNITY),
    Entry("web.members.list_all", "people", _("居民"), "see_members", COMMUNITY),
    Entry("web.merchants.list_all", "shop", _("商户"), "see_agreements", SHOPS),
    Entry("web.redemption_days.show_rules", "calendar", _("每周一兑换"), "manage_redemption_days", SHOPS),
    Entry("web.complaints.list_all", "flag", _("兑换意见"), "see_complaints", SHOPS),
    Entry("web.settlements.list_all", "yuan", _("结算"), "see_settlements", SHOPS),
    Entry("web.funds.list_all", "gift", _("资金"), "manage_funds", SHOPS),
    Entry("web.summaries.list_all", "calendar", _("每月一总结"), "see_summaries", OPEN),
    Entry("web.commendations.list_all", "gift", _("每年一表彰"), "see_commendations", OPEN),
    Entry("web.priority_lists.show", "people", _("储备名单"), "keep_priority_lists", OPEN),
    Entry("web.certificates.list_all", "seal", _("服务证明"), "see_certificates", OPEN),
    Entry("web.street.show", "tree", _("街道各社区"), "see_street", OPEN),
    Entry("web.books.list_accounts", "book", _("账本"), "see_reversals", OPEN),
)


WITHIN = {
    "web.plates": "web.activities", "web.service_level": "web.stamps",
    "web.reversals": "web.books", "web.checks": "web.books", "web.audit": "web.books", "web.webhooks": "web.books",
    "web.statements": "web.books",
    "web.notices": "web.members", "web.helping": "web.members", "web.imports": "web.members",
    "web.my_data": "web.members", "web.corrections": "web.members",
    "web.roles": "web.members", "web.teams": "web.members", "web.households": "web.members",
    "web.cards": "web.members",
    "web.stalls": "web.tills", "web.slips": "web.tills", "web.vouchers": "web.merchants", "web.donations": "web.funds",
    "web.disputes": "web.settlements", "web.payouts": "web.settlements", "web.bank_accounts": "web.merchants",
    "web.flags": "web.settlements", "web.honours": "web.commendations",
    "web.merges": "web.members", "web.member_accounts": "web.members", "web.several_offers": "web.merchants",
}  # fmt: skip
"""Pages that stand in another's room."""


def room_of(endpoint: str) -> str:
    """The blueprint whose entry of the rail is marked on this page."""
    blueprint = endpoint.rpartition(".")[0]
    return WITHIN.get(blueprint, blueprint)


def entries(permissions: Collection[str]) -> list[Entry]:
    """The rooms that carry one of these rights, in the order of the day's work."""
    return [entry for entry in DESK if entry.permission in permissions]
