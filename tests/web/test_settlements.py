"""The weekly statements: the list, the sheet, and every step by the person whose step it is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ledger.core import clock
from ledger.settlement.models import SettlementState
from tests.ledger.rewards.street import open_street
from tests.ledger.settlement.office import Office
from tests.ledger.settlement.test_files import whole_week
from tests.stories import open_neighbourhood, street_officer

MISSING = "请填写这一项。"


@pytest.fixture
def office(context: object) -> Iterator[Office]:
    """Friday noon of week 47 on a street with one bakery; the clock is given back afterwards."""
    try:
        yield Office(open_street(auto_confirm_days=3))
    finally:
        clock.move_to(None)


def sheet_of(settlement) -> str:
    return f"./settlements/{settlement.id.hex}"


@pytest.mark.parametrize(("language", "words"), [("zh", "待出单"), ("en", "Week 47")])
def test_the_list_names_shop_week_and_sum(office, visit, language, words):
    office.bring_to(SettlementState.DRAFT)
    desk = visit(office.admin, language=language)
    assert desk.get("./settlements").status_code == 200
    assert words in desk.words
    assert "麦香面包" in desk.words
    assert "¥2.00" in desk.words


def test_the_list_is_narrowed_by_state_and_shop(office, visit):
    office.bring_to(SettlementState.DRAFT)
    desk = visit(office.admin)
    desk.get("./settlements?status=paid")
    assert "没有这样的结算单" in desk.words
    desk.get(f"./settlements?status=draft&merchant_id={office.street.bakery.id.hex}&week=2026-W47")
    assert "合计，1 单" in desk.words


def test_who_has_no_statement_at_all_is_led_to_the_shops_and_offered_no_filter(office, visit):
    desk = visit(office.admin)
    desk.get("./settlements")
    assert "没有结算单" in desk.words
    assert "看看商户" in desk.words
    assert 'name="status"' not in desk.page


def test_a_list_of_one_shop_names_it_once_and_its_weeks_lead_to_the_statements(office, visit):
    settlement = office.bring_to(SettlementState.DRAFT)
    owner = visit(office.street.owner)
    owner.get("./settlements")
    assert owner.words.count("麦香面包") == 1
    assert f'{settlement.id.hex}"><b>第 47 周</b></a>' in owner.page
    assert 'name="merchant_id"' not in owner.page


def test_the_sheet_is_printed_in_either_language_whatever_the_page_speaks(office, visit):
    """Every column, sums by type, digest and signatures; the page around it stays as its reader chose."""
    settlement = whole_week(office)
    for spoken, asked, words in (
        ("en", "zh", ("协议版本", "上期结转", "争议裁定", "按类型合计", "商户签字", "规则版本")),
        ("zh", "en", ("Agreement version", "Carried over", "Sums by type", "Rules", "Rate (fen:points)")),
    ):
        owner = visit(office.street.owner, language=spoken)
        assert owner.get(f"{sheet_of(settlement)}/paper?language={asked}").status_code == 200
        shown = (*words, settlement.number, settlement.digest.hex(), "Asia/Shanghai", "100:10", "¥5.00")
        assert [one for one in shown if one not in owner.words] == []
        assert all(line.receipt_number in owner.words for line in office.lines(settlement))
    owner.get(f"{sheet_of(settlement)}/paper")
    assert "按类型合计" in owner.words
    assert visit(office.street.clerk).get(f"{sheet_of(settlement)}/paper").status_code == 403


@pytest.mark.parametrize(("language", "words"), [("zh", "本周至今"), ("en", "This week so far")])
def test_the_owner_sees_the_week_so_far_and_the_statement_then_says_the_same(office, visit, client, language, words):
    office.refund(office.buy(50), points=10)
    clock.advance(minutes=1)
    shop = office.street.bakery.id.hex
    owner = visit(office.street.owner, language=language)
    owner.get(f"./merchants/{shop}/open-week")
    assert [one for one in (words, "¥5.00", "−¥1.00", "¥4.00") if one not in owner.words] == []
    address = f"{office.street.place.url}/merchants/{shop}/open-week"
    told = client.get(address, headers=office.street.owner.headers).get_json()
    assert (told["week"], told["net_fen"], told["points"], told["line_count"]) == ("2026-W47", 400, 40, 2)
    assert client.get(address, headers=office.street.clerk.headers).status_code == 403
    settlement = office.one()
    assert [line["net_fen"] for line in told["lines"]] == [line.net_fen for line in office.lines(settlement)]
    told = client.get(address, headers=office.admin.headers).get_json()
    assert (told["opening_fen"], told["lines"]) == (settlement.closing_fen, [])


def test_a_week_that_is_over_is_closed_by_one_button(office, visit):
    office.buy()
    clock.advance(days=4)
    desk = visit(office.admin)
    desk.get("./settlements")
    assert "结算第 47 周" in desk.words
    desk.post("./settlements", week="2026-W47", follow=True)
    assert "麦香面包" in desk.words


def test_a_week_that_is_not_over_is_refused_on_the_list(office, visit):
    desk = visit(office.admin)
    assert desk.post("./settlements", week="2026-W47").status_code == 409
    assert "这一周还没有结束。 请在下周一零点之后再结算。" in desk.words


def test_a_statement_walks_from_draft_to_reconciled_by_three_people(office, visit):
    settlement = office.bring_to(SettlementState.DRAFT)
    admin, owner, treasurer = visit(office.admin), visit(office.street.owner), visit(office.treasurer)
    address = sheet_of(settlement)
    admin.post(f"{address}/issue", follow=True)
    assert "等店主确认" in admin.words
    owner.get(address)
    assert "确认收 ¥2.00" in owner.words
    owner.post(f"{address}/confirm", follow=True)
    treasurer.get(address)
    assert "审批 ¥2.00 给 麦香面包" in treasurer.words
    treasurer.post(f"{address}/approve", follow=True)
    assert "上一步是您做的" in treasurer.words
    admin.post(f"{address}/pay", reference="ICBC-1", paid_on="2026-11-23", follow=True)
    assert "ICBC-1" in admin.words
    treasurer.post(f"{address}/reconcile", follow=True)
    assert "已对账" in treasurer.words


def test_the_sheet_says_who_did_what_to_the_community_only(office, visit):
    settlement = office.bring_to(SettlementState.APPROVED)
    desk = visit(office.admin)
    desk.get(sheet_of(settlement))
    assert "李社工" in desk.words
    assert "马会计" in desk.words
    shop = visit(office.street.owner)
    shop.get(sheet_of(settlement))
    assert "马会计" not in shop.words


def test_nobody_approves_the_own_issue(office, visit):
    settlement = office.bring_to(SettlementState.DRAFT)
    treasurer = visit(office.treasurer)
    treasurer.post(f"{sheet_of(settlement)}/issue", follow=True)
    office.confirm(settlement)
    assert treasurer.post(f"{sheet_of(settlement)}/approve").status_code == 409
    assert "上一步是您自己做的，需要另一个人来做这一步。" in treasurer.words


@pytest.mark.parametrize("fields", [{"paid_on": "2026-11-23"}, {"reference": "ICBC-1", "paid_on": "yesterday"}])
def test_a_payment_needs_reference_and_date(office, visit, fields):
    settlement = office.bring_to(SettlementState.APPROVED)
    desk = visit(office.admin)
    assert desk.post(f"{sheet_of(settlement)}/pay", **fields).status_code == 422
    assert 'aria-invalid="true"' in desk.page


def test_a_payment_in_the_future_is_refused_on_the_sheet(office, visit):
    settlement = office.bring_to(SettlementState.APPROVED)
    desk = visit(office.admin)
    assert desk.post(f"{sheet_of(settlement)}/pay", reference="ICBC-1", paid_on="2027-01-01").status_code == 409
    assert "付款日期不能在将来。" in desk.words


def test_voiding_needs_a_reason_and_leads_to_the_replacement(office, visit):
    settlement = office.bring_to(SettlementState.ISSUED)
    desk = visit(office.treasurer)
    assert desk.post(f"{sheet_of(settlement)}/void").status_code == 422
    assert MISSING in desk.words
    desk.post(f"{sheet_of(settlement)}/void", reason="金额有误", follow=True)
    assert "出单 ¥2.00 给 麦香面包" in desk.words
    desk.get(sheet_of(settlement))
    assert "这一单已作废" in desk.words
    assert "金额有误" in desk.words


def test_who_issued_is_not_offered_to_void(office, visit):
    settlement = office.bring_to(SettlementState.ISSUED)
    desk = visit(office.admin)
    desk.get(sheet_of(settlement))
    assert "作废这一单" not in desk.words
    assert desk.post(f"{sheet_of(settlement)}/void", reason="金额有误").status_code == 409


def test_the_csv_is_the_same_file_as_the_apis(office, visit, client):
    settlement = office.bring_to(SettlementState.ISSUED)
    page = visit(office.admin).get(f"{sheet_of(settlement)}.csv")
    api = client.get(f"{office.street.place.url}/settlements/{settlement.id.hex}.csv", headers=office.admin.headers)
    assert page.data == api.data
    assert page.headers["Content-Disposition"].endswith('.csv"')


def test_who_reads_and_who_does_not(office, visit):
    settlement = office.bring_to(SettlementState.ISSUED)
    address = sheet_of(settlement)
    assert visit(street_officer(office.street.place.community)).get(address).status_code == 200
    assert visit(office.street.clerk).get(address).status_code == 403
    assert visit(office.street.volunteer()).get(address).status_code == 403
    assert visit(open_neighbourhood("远方社区").admin).get(f"/c/{office.id.hex}{address[1:]}").status_code == 404
    assert visit().get(f"/c/{office.id.hex}{address[1:]}").status_code == 401


def test_the_supervisor_sees_but_takes_no_step(office, visit):
    settlement = office.bring_to(SettlementState.CONFIRMED)
    desk = visit(office.street.place.supervisor)
    desk.get(sheet_of(settlement))
    assert "等第二个人审批。" in desk.words
    assert desk.post(f"{sheet_of(settlement)}/approve").status_code == 403
