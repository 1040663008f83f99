"""Disputes, bank accounts and payouts on pages: each step by the person whose step it is, in two languages."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

import pytest

from ledger.core import clock
from ledger.settlement import dispute_reading, payout_reading
from ledger.settlement.models import SettlementState
from tests.ledger.rewards.street import open_street
from tests.ledger.settlement.office import Office
from tests.ledger.settlement.test_payouts import usable


@pytest.fixture
def office(context: object) -> Iterator[Office]:
    """Friday noon of week 47 on a street with one bakery; the clock is given back afterwards."""
    try:
        yield Office(open_street(auto_confirm_days=3))
    finally:
        clock.move_to(None)


def test_an_owner_disputes_a_ticked_line_and_the_treasurer_decides(office, visit):
    office.buy()
    clock.advance(minutes=1)
    office.buy(30)
    settlement = office.bring_to(SettlementState.ISSUED, office.one())
    owner, treasurer = visit(office.street.owner), visit(office.treasurer)
    sheet = f"./settlements/{settlement.id.hex}"
    owner.get(sheet)
    assert "对勾选的行提出争议" in owner.words
    assert owner.post(f"{sheet}/dispute", dispute_reason="金额不对").status_code == 422
    assert "请先在明细里勾选。" in owner.words
    line = office.lines(settlement)[0].id.hex
    owner.post(f"{sheet}/dispute", line_ids=line, dispute_reason="金额不对", follow=True)
    assert "确认收 ¥3.00" in owner.words
    owner.post(f"{sheet}/dispute", line_ids=line, dispute_reason="金额不对")
    assert "同样的内容已经存在。" in owner.words
    treasurer.get("./office")
    assert "结算争议等处理" in treasurer.words
    [view] = dispute_reading.list_disputes(office.treasurer.actor)
    address = f"./disputes/{view.dispute.id.hex}"
    treasurer.get("./disputes")
    assert "麦香面包 ¥2.00：金额不对" in treasurer.words
    assert treasurer.post(f"{address}/decide", favour="community").status_code == 422
    visit(office.admin).post(f"{address}/answer", answer="收据没错", follow=True)
    treasurer.post(f"{address}/decide", favour="community", reason="收据没错", follow=True)
    assert "没有等处理的争议" in treasurer.words
    owner.get("./disputes?status=decided")
    assert "申诉一次" in owner.words
    owner.post(f"{address}/appeal", reason="有监控", follow=True)
    assert "申诉中" in owner.words
    treasurer.post(f"{address}/decide", favour="shop", reason="再看")
    assert "上一步是您自己做的" in treasurer.words


def test_an_account_changes_by_two_people_and_never_shows_its_number(office, visit):
    usable(office)
    shop = f"./merchants/{office.street.bakery.id.hex}/bank-account"
    owner, treasurer = visit(office.street.owner), visit(office.treasurer)
    owner.get("./till")
    assert "收款账户和到账" in owner.words
    assert owner.post(shop, holder="麦香面包店", bank="宁夏银行", number="12").status_code == 422
    owner.post(shop, holder="麦香面包店", bank="宁夏银行", number="9558 8000 0000 1234", follow=True)
    assert "尾号 1234" in owner.words
    assert "9558" not in owner.words
    treasurer.get("./payouts")
    assert "核对 麦香面包 的新账户" in treasurer.words
    treasurer.get(shop)
    [waiting] = re.findall(r'action="([^"]+/approve)"', treasurer.page)
    treasurer.post(waiting, follow=True)
    assert "冷静期" in treasurer.words
    owner.post(waiting.replace("/approve", "/stop"), follow=True)
    assert "已叫停" in owner.words


def test_a_batch_is_made_sent_and_answered(office, visit):
    usable(office)
    settlement = office.bring_to(SettlementState.APPROVED)
    admin = visit(office.admin)
    admin.get("./payouts")
    assert "编成一批，最多 ¥2.00" in admin.words
    assert "7 天内 ¥2.00" in admin.words
    admin.post("./payouts", settlement_ids=settlement.id.hex, follow=True)
    [view] = payout_reading.list_payouts(office.admin.actor)
    address = f"./payouts/{view.payout.id.hex}"
    admin.get(f"./settlements/{settlement.id.hex}")
    assert "等银行结果" in admin.words
    content = admin.get(f"{address}.csv").get_data(as_text=True)
    head, row, *_ = content.splitlines()
    filled = f"{head}\r\n{row.removesuffix(',,,,')},失败,,,户名不符\r\n"
    wrong = filled.replace(",2,", ",3,")
    admin.post(f"{address}/results", file=(io.BytesIO(wrong.encode()), "bank.csv"))
    assert "第 2 行没有采用" in admin.words
    admin.post(f"{address}/results", file=(io.BytesIO(filled.encode()), "bank.csv"), follow=True)
    assert "户名不符" in admin.words
    admin.post("./payouts", settlement_ids=settlement.id.hex, follow=True)
    assert "付款批次" in admin.words
    owner = visit(office.street.owner)
    assert owner.get("./payouts").status_code == 403
    assert owner.get(f"{address}.csv").status_code == 403


@pytest.mark.parametrize(("language", "words"), [("zh", "社区欠商户的"), ("en", "What the community owes")])
def test_the_pages_speak_two_languages(office, visit, language, words):
    settlement = office.bring_to(SettlementState.ISSUED)
    desk = visit(office.treasurer, language=language)
    desk.get("./payouts")
    assert words in desk.words
    for page in (
        "./disputes",
        f"./merchants/{office.street.bakery.id.hex}/bank-account",
        "./settlements?week=2026-W47",
    ):
        assert desk.get(page).status_code == 200
    assert desk.get("./settlements.zip?week=2026-W47").data.startswith(b"PK")
    assert visit(office.street.owner, language=language).get(f"./settlements/{settlement.id.hex}").status_code == 200


def test_an_invoice_is_asked_for_where_the_agreement_says_so(office, visit):
    office.street.agree(needs_invoice=True)
    settlement = office.bring_to(SettlementState.CONFIRMED)
    sheet = f"./settlements/{settlement.id.hex}"
    treasurer = visit(office.treasurer)
    treasurer.post(f"{sheet}/approve")
    assert "协议要求先有发票，这一单还没有填发票号码。" in treasurer.words
    visit(office.street.owner).post(f"{sheet}/invoice", number="26642000000012345678", follow=True)
    treasurer.post(f"{sheet}/approve", follow=True)
    assert "26642000000012345678" in treasurer.words
