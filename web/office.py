"""The community's desk."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import Blueprint, render_template, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _

from api.auth import current_actor
from ledger.book import reversal_reading
from ledger.book.models import ReversalState
from ledger.core import clock
from ledger.core.errors import Forbidden
from ledger.core.permissions import may, reach
from ledger.core.tenancy import Actor
from ledger.people import corrections, deaths, leaving, members, merges
from ledger.people.life_models import DeathState, MergeState
from ledger.recognition import certificates, commendation_reading
from ledger.recognition.models import CertificateState
from ledger.rewards import complaint_reading, fund_levels, pot_uses, slips
from ledger.rewards import figures as turnover
from ledger.risk import reading as flag_reading
from ledger.service import activities, feedback_reading, figures, objections, waiting
from ledger.service.desk import require_stamper
from ledger.service.models import ActivityKind, ActivityState
from ledger.service.waiting import QueueFilter
from ledger.settlement import bank_accounts, dispute_reading, reading
from ledger.settlement.models import SettlementState
from web import formats
from web.words import WEEKDAYS

page = Blueprint("office", __name__)

SOON = 5


@page.get("/c/<id:community_id>/office")
def show() -> Any:
    """What waits for me, and the week in numbers."""
    actor = current_actor()
    if not actor.grants:
        raise Forbidden
    return render_template(
        "office/home.html",
        waiting_list=list(waiting_for(actor)),
        week=_week(actor),
        numbers=list(_numbers(actor)),
        soon=_soon(actor),
    )


@dataclass(frozen=True, slots=True)
class Pile:
    """One pile of work, as the home page shows it."""

    title: str
    words: str
    href: str
    icon: str
    count: int
    kind: str = "wait"


def waiting_for(actor: Actor) -> Iterator[Pile]:
    """The piles that this actor can make smaller, most urgent first; empty ones are left out."""
    piles = (
        _to_answer, _to_stamp, _to_hear, _to_settle, _to_pay, _to_reverse, _to_merge, _to_correct, _to_sign, _to_give,
        _to_certify, _to_commend, _to_settle_complaints, _to_fill, _to_check_slips,
    )  # fmt: skip
    yield from (pile for find in piles for pile in find(actor) if pile.count)


def _to_stamp(actor: Actor) -> Iterator[Pile]:
    try:
        require_stamper(actor)
    except Forbidden:
        return
    count = waiting.count_waiting(actor, QueueFilter())
    yield Pile(gettext("服务等盖章"), gettext("盖了章，红花才到账"), url_for("web.stamps.list_queue"), "seal", count)


def _to_answer(actor: Actor) -> Iterator[Pile]:
    found = objections.waiting_for(actor)
    late = sum(objections.is_overdue(view.objection) for view in found)
    overdue = url_for("web.objections.list_all", overdue="true")
    yield Pile(gettext("异议过期未答"), gettext("先答这些"), overdue, "flag", late, "no")
    href = url_for("web.objections.list_all", status="asked")
    yield Pile(gettext("异议等答复"), gettext("5 个工作日内答复"), href, "flag", len(found) - late)


def _to_hear(actor: Actor) -> Iterator[Pile]:
    href, title = url_for("web.feedback.list_all"), gettext("反馈等答复")
    yield Pile(title, gettext("24 小时内答复，最急的在前"), href, "note", feedback_reading.count_waiting(actor))
    missing = feedback_reading.count_missing(actor)
    yield Pile(gettext("今天还没反馈"), gettext("提醒一下，或登记请假"), f"{href}#missing", "people", missing, "info")


STEPS = {
    SettlementState.APPROVED: ("pay", "yuan", _("结算单等付款"), _("审批的人不能自己付")),
    SettlementState.CONFIRMED: ("approve", "people", _("结算单等审批"), _("出单的人不能自己批")),
    SettlementState.DRAFT: ("issue", "edit", _("结算单等出单"), _("看过明细再发给商户")),
    SettlementState.PAID: ("reconcile", "check", _("付款等对账"), _("和银行流水对一遍")),
}


UNPAID = (SettlementState.DRAFT, SettlementState.ISSUED, SettlementState.CONFIRMED, SettlementState.APPROVED)


def _to_settle(actor: Actor) -> Iterator[Pile]:
    if not reach(actor, "see_settlements"):
        return
    counts = reading.count_steps_for(actor)
    for state, (verb, icon, title, words) in STEPS.items():
        if may(actor, f"{verb}_settlement"):
            href = url_for("web.settlements.list_all", status=state)
            yield Pile(str(title), str(words), href, icon, counts.get(state, 0))


def _to_pay(actor: Actor) -> Iterator[Pile]:
    count = dispute_reading.count_waiting_for(actor)
    words = gettext("到期没有决定的，按协议办")
    yield Pile(gettext("结算争议等处理"), words, url_for("web.disputes.list_all"), "flag", count)
    words, suspected = gettext("到期没有决定的自动放行"), flag_reading.count_waiting_for(actor)
    yield Pile(gettext("异常提示等决定"), words, url_for("web.flags.list_all"), "flag", suspected)
    waiting_accounts = bank_accounts.count_waiting_for(actor)
    words = gettext("打电话给店主核对，提出的人不能自己核对")
    yield Pile(gettext("收款账户等核对"), words, url_for("web.payouts.list_all"), "people", waiting_accounts)


def _to_reverse(actor: Actor) -> Iterator[Pile]:
    href = url_for("web.reversals.list_all", status=ReversalState.AWAITING_SECOND)
    count = reversal_reading.count_waiting_for(actor)
    yield Pile(gettext("冲正等第二人"), gettext("提出的人不能自己同意"), href, "back", count)


def _to_merge(actor: Actor) -> Iterator[Pile]:
    if not may(actor, "see_merges"):
        return
    waiting_states = (MergeState.AWAITING_SECOND, MergeState.AWAITING_UNDO)
    rows = [one for state in waiting_states for one in merges.list_merges(actor, status=state)]
    count = sum(merges.may_decide(actor, one) for one in rows)
    href = url_for("web.merges.list_all")
    yield Pile(gettext("合并等第二人"), gettext("提出的人不能自己同意"), href, "people", count)
    waiting_deaths = deaths.list_deaths(actor, status=DeathState.AWAITING_SECOND)
    sad = sum(deaths.may_confirm(actor, one) for one in waiting_deaths)
    yield Pile(gettext("身后事等确认"), gettext("提出的人不能自己同意"), href, "people", sad)
    if may(actor, "give_roles"):
        href, words = url_for("web.member_accounts.list_still"), gettext("离开的同事提出、还没有人决定")
        left = sum(one.to is None for one in leaving.unowned_work(actor))
        yield Pile(gettext("无人负责的事"), words, href, "flag", left)


def _to_correct(actor: Actor) -> Iterator[Pile]:
    href, count = url_for("web.corrections.list_all"), corrections.count_waiting(actor)
    yield Pile(gettext("更正等答复"), gettext("15 天内改好，或写明原因"), href, "edit", count)


def _to_sign(actor: Actor) -> Iterator[Pile]:
    href = url_for("web.merchants.list_all", waiting=1)
    agreements, offers = turnover.agreements_to_sign(actor), turnover.offers_to_approve(actor)
    yield Pile(gettext("协议等签署"), gettext("两个人签了才生效"), href, "edit", len(agreements))
    yield Pile(gettext("商品等批准"), gettext("起草的人不能自己批"), href, "gift", len(offers))


def _to_give(actor: Actor) -> Iterator[Pile]:
    if may(actor, "second_pot_use"):
        count, words = pot_uses.count_waiting_for(actor), gettext("提出的人不能自己同意")
        yield Pile(gettext("爱心池支出等第二人"), words, url_for("web.donations.show_pot"), "gift", count)


def _to_certify(actor: Actor) -> Iterator[Pile]:
    href = url_for("web.certificates.list_all", status=CertificateState.ASKED)
    count = certificates.count_waiting(actor)
    yield Pile(gettext("证明等开具"), gettext("看过时长再开"), href, "seal", count)


def _to_commend(actor: Actor) -> Iterator[Pile]:
    href, found = url_for("web.commendations.list_all"), commendation_reading.count_waiting_for(actor)
    yield Pile(gettext("提名等评审"), gettext("每个提名要两个人评审"), href, "people", found.to_review)
    yield Pile(gettext("公示异议等答复"), gettext("逐条答复以后才能固定名单"), href, "flag", found.to_answer)
    yield Pile(gettext("公示期满的名单"), gettext("异议都答复了就可以固定"), href, "seal", found.to_freeze)
    yield Pile(gettext("表彰等公布"), gettext("起草和固定的人不能自己公布"), href, "gift", found.to_publish)


def _to_settle_complaints(actor: Actor) -> Iterator[Pile]:
    found = complaint_reading.count_waiting_for(actor)
    overdue = url_for("web.complaints.list_all", overdue="true")
    yield Pile(gettext("兑换意见过期未答"), gettext("先答这些"), overdue, "flag", found.overdue, "no")
    href, words = url_for("web.complaints.list_all"), gettext("7 个工作日内答复，由社区结案")
    yield Pile(gettext("兑换意见等处理"), words, href, "flag", found.open - found.overdue)


def _to_fill(actor: Actor) -> Iterator[Pile]:
    low, very_low = fund_levels.count_low(actor)
    href = url_for("web.funds.list_all")
    yield Pile(gettext("资金快用完了"), gettext("今天就看看，快付不出兑换了"), href, "yuan", very_low, "no")
    yield Pile(gettext("资金不多了"), gettext("看看还能用几周，该拨款了"), href, "yuan", low)


def _to_check_slips(actor: Actor) -> Iterator[Pile]:
    if may(actor, slips.CHECK):
        count, words = len(slips.list_waiting(actor)), gettext("看过单子、问过本人再确认")
        yield Pile(gettext("单子等核对"), words, url_for("web.slips.list_waiting"), "edit", count)


def _week(actor: Actor) -> dict[str, Any]:
    found = figures.week_figures(actor, clock.week_of(clock.now()))
    share = f"{100 * found.entered_later / found.visits:.0f}%" if found.visits else "–"
    today = clock.now().astimezone(clock.SHANGHAI).weekday()
    days = [
        {"text": str(name)[-1:] if str(name).startswith("周") else str(name)[:3], "value": points}
        for name, points in zip(WEEKDAYS, found.days, strict=True)
    ]
    return {
        "points": found.points,
        "compared": found.points - found.before,
        "manual_share": share,
        "days": days[: today + 1],
    }


def _numbers(actor: Actor) -> Iterator[dict[str, Any]]:
    week = clock.week_of(clock.now())
    found = figures.week_figures(actor, week)
    yield _number(
        formats.hours(found.minutes), gettext("本周服务，%(visits)s 人次", visits=formats.number(found.visits))
    )
    if may(actor, "see_redemptions"):
        given = turnover.turnover_of(actor, week).values()
        points, fen = sum(one.points for one in given), sum(one.fen for one in given)
        yield _number(formats.number(points), gettext("本周兑换的红花"), "web.merchants.list_all", formats.yuan(fen))
    if may(actor, "see_settlements"):
        open_sums = [reading.sum_settlements(actor, status=state) for state in UNPAID]
        payable = formats.yuan(sum(one.payable_fen for one in open_sums))
        yield _number(payable, gettext("还没付的结算"), "web.settlements.list_all")
    if reach(actor, "see_members"):
        yield _number(formats.number(members.count_members(actor)), gettext("登记的志愿者"), "web.members.list_all")


def _number(value: str, words: str, endpoint: str = "", note: str = "") -> dict[str, Any]:
    return {"value": value, "words": words, "href": url_for(endpoint) if endpoint else "", "note": note}


def _soon(actor: Actor) -> list[dict[str, Any]]:
    """The next activities, soonest first."""
    now = clock.now()
    rows = activities.list_activities(actor, since=now, until=now + timedelta(days=7), limit=200)
    once = [row for row in rows if row.activity.kind is ActivityKind.SINGLE]
    planned = [row for row in once if row.activity.state == ActivityState.PLANNED]
    names = ("id", "name", "starts_at", "ends_at", "place")
    return [
        {name: getattr(row.activity, name) for name in names} | {"scans": activities.is_recorded_now(actor, row)}
        for row in sorted(planned, key=lambda row: row.activity.starts_at)[:SOON]
    ]
