"""The desk's other rooms: programmes, units, members, households, shops, agreements, offers, funds."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

import pytest

from ledger.core import clock
from ledger.core.tenancy import Role
from tests.ledger.rewards.street import Street, open_street
from tests.ledger.service.feedback_giving import photo
from tests.stories import next_phone, open_neighbourhood, street_officer
from tests.web.browser import Browser

ROOMS = ("./programmes", "./units", "./members", "./merchants", "./funds")
FORMS = (
    "./members/new",
    "./merchants/new",
    "./households",
    "./merchants/{shop}",
    "./merchants/{shop}/agreements/new",
    "./merchants/{shop}/offers/new",
    "./branches/{branch}/poster",
)
RULE = {"basis": "per_hour", "points": "5", "rounding_minutes": "15"}


@pytest.fixture
def street(context: object) -> Iterator[Street]:
    """The street at Friday noon; the clock is given back afterwards."""
    try:
        yield open_street()
    finally:
        clock.move_to(None)


@pytest.fixture
def admin(street, visit):
    """The admin's browser."""
    return visit(street.place.admin)


@pytest.fixture
def treasurer(street, visit):
    """The treasurer's browser."""
    return visit(street.place.treasurer)


def filled(address: str, street: Street) -> str:
    return address.format(shop=street.bakery.id.hex, branch=street.branch.id.hex)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("address", [*ROOMS, *FORMS])
def test_every_room_opens_for_the_admin_in_both_languages(street, visit, address, language):
    assert visit(street.place.admin, language=language).get(filled(address, street)).status_code == 200


@pytest.mark.parametrize("address", [*ROOMS[2:], *FORMS])
def test_a_volunteer_enters_none_of_them(street, visit, address):
    assert visit(street.volunteer()).get(filled(address, street)).status_code == 403


@pytest.mark.parametrize("address", [*ROOMS, *FORMS])
def test_strangers_find_nothing_and_the_signed_out_sign_in(street, visit, address):
    path = f"/c/{street.id.hex}{filled(address, street)[1:]}"
    assert visit(open_neighbourhood("远方社区").admin).get(path).status_code == 404
    assert visit().get(path).status_code == 401


# --- programmes ---------------------------------------------------------------------------------------------------


def test_a_programme_is_added_and_its_rule_explained(admin):
    admin.get("./programmes")
    admin.post("./programmes", name="夜间巡逻", **RULE, follow=True)
    assert "每小时 5 朵" in admin.words
    assert "例：1 小时 40 分钟，按 15 分钟取整为 1 小时 30 分钟 × 5 = 7 朵" in admin.words


def test_a_programme_without_points_is_marked(admin):
    assert admin.post("./programmes", name="夜间巡逻", basis="per_hour", rounding_minutes="0").status_code == 422
    assert "请填写这一项。" in admin.words


def test_a_second_programme_of_the_same_name_is_refused_on_the_page(admin):
    admin.post("./programmes", name="夜间巡逻", **RULE)
    assert admin.post("./programmes", name="夜间巡逻", **RULE).status_code == 409
    assert "同样的内容已经存在。" in admin.words


def test_changing_a_rule_makes_its_next_version_and_a_lost_race_says_so(admin):
    admin.post("./programmes", name="夜间巡逻", **RULE, follow=True)
    address = re.search(r'href="([^"]+/rule)"', admin.page)[1]
    admin.get(address)
    assert "成为第 2 版" in admin.words
    changed = RULE | {"points": "6", "version": "1"}
    assert admin.post(address, **changed).status_code == 303
    assert admin.post(address, **changed).status_code == 412
    assert "内容已被他人修改。" in admin.words


COMPLETE = RULE | {
    "max_points_day": "20", "max_points_member": "900", "budget_points": "400", "percent_unit_steward": "150",
    "evidence_poster": "second", "evidence_later": "none",
}  # fmt: skip


def test_a_complete_rule_is_filled_in_read_in_words_and_changed(street, visit):
    admin = visit(street.place.admin)
    admin.post("./programmes", name="夜间巡逻", **COMPLETE, follow=True)
    for words in (
        "每人每天最多 20 朵", "每人一共最多 900 朵", "0 / 400 朵", "单元管家 × 150%", "海报码 → 要两人盖章",
        "事后补录 → 只记时长",
    ):  # fmt: skip
        assert words in admin.words
    address = re.search(r'href="([^"]+/rule)"', admin.page)[1]
    admin.get(address)
    assert re.search(
        r'name="percent_unit_steward"[^>]*value="150"|value="150"[^>]*name="percent_unit_steward"', admin.page
    )
    assert admin.post(address, **COMPLETE | {"version": "1", "percent_unit_steward": "600"}).status_code == 422
    assert admin.post(address, **COMPLETE | {"version": "1", "max_points_week": "50"}).status_code == 303
    english = visit(street.place.admin, language="en")
    english.get("./programmes")
    assert "At most for a member in a week 50 flowers" in english.words


def test_a_rule_is_tried_out_on_the_page_and_stays_as_it_is(street, visit):
    admin = visit(street.place.admin)
    admin.post("./programmes", name="夜间巡逻", **RULE, follow=True)
    address = re.search(r'href="([^"]+/rule)"', admin.page)[1]
    tried = admin.post(address, **COMPLETE | {"version": "1", "try": "1"})
    assert tried.status_code == 200
    assert "这个月没有盖过章的服务" in admin.words
    assert "成为第 2 版" in admin.words
    assert admin.post(address, **COMPLETE | {"version": "1", "try": "1", "month": "soon"}).status_code == 422
    assert visit(street.volunteer()).post(address, **RULE | {"version": "1", "try": "1"}).status_code == 403


def test_the_months_issuance_stands_beside_its_budget(street, visit):
    street.volunteer(200)
    admin = visit(street.place.admin)
    admin.get("./programmes")
    assert "没有设每月预算" in admin.words
    version = re.search(r'name="budget_version" value="([0-9]+)"', admin.page)[1]
    form = {"monthly_points": "250", "budget_version": version}
    assert admin.post("./programmes/issuance-budget", **form).status_code == 303
    admin.get("./programmes")
    assert "/ 250 朵" in admin.words
    assert admin.post("./programmes/issuance-budget", **form).status_code == 412
    assert admin.post("./programmes/issuance-budget", monthly_points="0", budget_version="1").status_code == 422
    assert visit(street.place.treasurer).post("./programmes/issuance-budget", **form).status_code == 403


# --- units, members, households -----------------------------------------------------------------------------------


def test_the_tree_shows_places_and_takes_a_new_one(street, admin):
    admin.get("./units")
    assert "网格 第一网格" in admin.words
    admin.post("./units", name="嘉木花园", kind="compound", parent_id=street.place.root.id.hex, follow=True)
    assert "小区 嘉木花园" in admin.words


def test_a_unit_in_the_wrong_place_is_refused_on_the_page(street, admin):
    answer = admin.post("./units", name="3 单元", kind="entrance", parent_id=street.place.root.id.hex)
    assert answer.status_code == 409


def test_a_member_without_a_phone_is_entered_and_found_by_pinyin(street, admin):
    asked = {"name": "王桂英", "unit_id": street.place.micro_grid.id.hex}
    admin.post("./members", **asked, follow=True)
    assert "王桂英" in admin.words
    admin.get("./members?search=wang")
    assert "王桂英" in admin.words
    admin.get("./members?search=zhao")
    assert "没有找到" in admin.words


def test_a_wrong_number_is_marked(street, admin):
    asked = {"name": "王桂英", "unit_id": street.place.root.id.hex, "phone": "12"}
    assert admin.post("./members", **asked).status_code == 422


def test_the_street_reads_masked_names_and_a_coordinator_only_the_own_part(street, visit):
    street.volunteer(name="林秀芳")
    officer = visit(street_officer(street.place.community))
    officer.get("./members")
    assert "林*芳" in officer.words
    assert "林秀芳" not in officer.words
    elsewhere = visit(street.place.staff(Role.COORDINATOR, unit=street.place.grid_beside()))
    elsewhere.get("./members")
    assert "林秀芳" not in elsewhere.words


def test_ticked_members_become_a_household(street, admin):
    people = [street.volunteer(name=name).member_id.hex for name in ("陈刚", "马兰")]
    admin.get("./members")
    admin.post("./households", name="3 号楼 501", member_ids=people, follow=True)
    assert "陈刚、马兰" in admin.words or "马兰、陈刚" in admin.words


def test_a_household_of_nobody_is_marked(admin):
    assert admin.post("./households", name="3 号楼 501").status_code == 422
    assert "先勾选这一户的人。" in admin.words


# --- shops, agreements, offers ------------------------------------------------------------------------------------


def new_shop(browser: Browser) -> str:
    asked = {"name": "老张理发", "trade": "理发", "branch_name": "总店", "address": "南华街 7 号", "owner_name": "老张"}
    answer = browser.post("./merchants", **asked, owner_phone=next_phone())
    assert answer.status_code == 303, browser.words
    browser.get(answer.location)
    return answer.location


def agreed(street: Street, **changed: str) -> dict[str, str]:
    terms = {"rate_points": "10", "rate_fen": "1.5", "fund_id": street.fund.id.hex, "starts_on": "2026-11-01"}
    return terms | {"ends_on": "2027-10-31", "auto_confirm_days": "3", "signatory": "老张", "version": "0"} | changed


def test_a_new_shop_has_a_branch_an_owner_and_a_poster(admin):
    new_shop(admin)
    assert "总店" in admin.words
    assert "老张 店主" in admin.words
    poster = re.search(r'href="([^"]+/poster)"', admin.page)[1]
    assert admin.get(poster).status_code == 200
    assert "这里收小红花" in admin.words
    assert "<svg" in admin.page


def test_an_agreement_is_drafted_in_yuan_and_signed_by_two(street, admin, treasurer):
    shop = new_shop(admin)
    admin.post(f"{shop}/agreements", **agreed(street), follow=True)
    assert "10 朵 付 ¥1.50" in admin.words
    sign = re.search(r'action="([^"]+/sign)"', admin.page)[1]
    admin.post(sign, version="1", follow=True)
    assert "您签过了，等另一个人签。" in admin.words
    assert admin.post(sign, version="1").status_code == 409
    treasurer.get("./merchants?waiting=1")
    assert "等您签署" in treasurer.words
    treasurer.post(sign, version="1", follow=True)
    assert "生效中" in treasurer.words


def test_what_is_wrong_with_an_agreement_is_said_at_its_field(street, admin):
    shop = new_shop(admin)
    answer = admin.post(f"{shop}/agreements", **agreed(street, ends_on="2026-10-01", rate_fen="a lot"))
    assert answer.status_code == 422
    assert 'id="rate_fen-error"' in admin.page


def test_the_next_version_waits_beside_the_one_in_force(street, admin, treasurer):
    shop = f"./merchants/{street.bakery.id.hex}"
    admin.get(f"{shop}/agreements/new")
    assert 'name="version" value="1"' in admin.page
    admin.post(f"{shop}/agreements", **agreed(street, version="1"), follow=True)
    assert "第 2 版，待签署" in admin.words
    assert "10 朵 付 ¥1.00" in admin.words
    assert admin.post(f"{shop}/agreements", **agreed(street, version="1")).status_code == 412


def test_an_agreement_is_suspended_resumed_and_ended(street, admin):
    address = f"./agreements/{street.agreement.id.hex}"
    admin.post(f"{address}/suspend", follow=True)
    assert "已暂停" in admin.words
    assert admin.post(f"{address}/suspend").status_code == 409
    admin.post(f"{address}/resume", follow=True)
    assert "生效中" in admin.words
    admin.post(f"{address}/end", follow=True)
    assert "已结束" in admin.words


def offered(**changed: object) -> dict[str, object]:
    asked = {"name": "豆浆", "kind": "goods", "points": "5", "weekday": ["1", "2", "4", "8", "16"]}
    return asked | {"price_fen": "3.50", "from_time": "07:00", "until_time": "09:30"} | changed


def test_an_offer_is_drafted_by_one_and_approved_by_another(street, admin, treasurer):
    shop = f"./merchants/{street.bakery.id.hex}"
    admin.post(f"{shop}/offers", **offered(), follow=True)
    assert "豆浆" in admin.words
    assert "¥3.50" in admin.words
    assert "07:00–09:30" in admin.words
    assert "您起草的，等同事批准" in admin.words
    treasurer.get(shop)
    approve = re.search(r'action="([^"]+/approve)"', treasurer.page)[1]
    assert admin.post(approve, version="1").status_code == 409
    assert "不能批准自己起草的内容。" in admin.words
    treasurer.post(approve, version="1", follow=True)
    assert "批准 5 朵" not in treasurer.words


def test_an_offer_for_no_day_at_all_is_marked(street, admin):
    answer = admin.post(f"./merchants/{street.bakery.id.hex}/offers", **offered(weekday=[]))
    assert answer.status_code == 422
    assert "至少选一天。" in admin.words


def test_an_offer_is_ended(street, admin):
    admin.post(f"./offers/{street.loaf.id.hex}/end", follow=True)
    assert "已下架" in admin.words
    assert admin.post(f"./offers/{street.loaf.id.hex}/end").status_code == 409


def test_the_owner_sees_the_own_shop_and_proposes_offers(street, visit):
    owner = visit(street.owner)
    owner.get("./merchants")
    assert "麦香面包" in owner.words
    owner.post(f"./merchants/{street.bakery.id.hex}/offers", **offered(), follow=True)
    assert "豆浆" in owner.words


def test_the_owner_adds_a_clerk(street, visit):
    owner = visit(street.owner)
    owner.post(f"./merchants/{street.bakery.id.hex}/clerks", name="小王", phone=next_phone(), follow=True)
    assert "小王 店员" in owner.words


def test_another_branch_is_added(street, admin):
    admin.post(f"./merchants/{street.bakery.id.hex}/branches", name="西门店", address="南华街 9 号", follow=True)
    assert "西门店" in admin.words


def test_pictures_of_an_offer_are_changed_on_the_shops_page_approved_and_seen_at_its_poster(street, admin, visit):
    owner, sheet = visit(street.owner), f"./merchants/{street.bakery.id.hex}"
    owner.get(sheet)
    pictures = [(io.BytesIO(photo()), f"{number}.jpg") for number in range(2)]
    answer = owner.post(f"./offers/{street.loaf.id.hex}/pictures", version="1", pictures=pictures, follow=True)
    assert answer.status_code == 200
    assert "待批准的照片：" in owner.words
    assert owner.post(f"./offers/{street.loaf.id.hex}/pictures", version="1").status_code == 412
    admin.get(sheet)
    admin.post(f"./offers/{street.loaf.id.hex}/approve", version="2", follow=True)
    stranger = visit()
    stranger.get(f"/s/{street.poster.code}")
    [address] = set(re.findall(r'<img src="([^"]+small=1)"', stranger.page))
    assert 'loading="lazy"' in stranger.page
    picture = stranger.get(address)
    assert (picture.status_code, picture.mimetype) == (200, "image/jpeg")
    assert len(picture.data) < 12_000


def test_an_agreement_is_printed_with_its_terms_and_both_signatures_in_either_language(street, admin, visit):
    paper = f"./agreements/{street.agreement.id.hex}/paper"
    admin.get(paper)
    for words in ("小红花兑换协议", "第 1 版", "麦香面包", "微基金", "李社工", "马会计", "乙方签字人：王老板", "12:00"):
        assert words in admin.words
    owner = visit(street.owner, language="en")
    owner.get(paper)
    assert "Agreement on the redemption of red flowers" in owner.words
    street.agree(rate_fen=120)
    admin.get(f"{paper}?version=1")
    assert "现行的是第 2 版" in admin.words
    assert admin.get(f"{paper}?version=9").status_code == 404
    assert visit(street.clerk).get(paper).status_code == 403


# --- funds --------------------------------------------------------------------------------------------------------


def test_a_fund_is_set_up_and_money_granted_in_yuan(treasurer):
    treasurer.post("./funds", name="红色合伙人", follow=True)
    address = re.search(r'action="([^"]+)/grants"', treasurer.page)[1]
    treasurer.post(f"{address}/grants", amount_fen="1200.50", donor="张三超市", follow=True)
    assert "¥1,200.50" in treasurer.words
    assert "张三超市" in treasurer.words


def test_a_second_fund_of_the_same_name_is_refused_on_the_page(treasurer):
    assert treasurer.post("./funds", name="微基金").status_code == 409
    assert "同样的内容已经存在。" in treasurer.words


def test_a_grant_of_nothing_is_marked(street, treasurer):
    asked = {"amount_fen": "0", "donor": "张三超市"}
    assert treasurer.post(f"./funds/{street.fund.id.hex}/grants", **asked).status_code == 422


def test_a_fund_that_runs_low_is_seen_on_its_page_and_at_the_office_and_its_donor_in_public(street, treasurer, visit):
    address = f"./funds/{street.fund.id.hex}"
    assert treasurer.post(f"{address}/levels", low_fen="10", very_low_fen="20").status_code == 422
    treasurer.post(f"{address}/levels", low_fen="2000", very_low_fen="500.50", follow=True)
    assert "不多了" in treasurer.words
    assert "最近四周没有用这个资金。" in treasurer.words
    assert 'value="500.50"' in treasurer.page
    treasurer.get("./office")
    assert "资金不多了" in treasurer.words
    treasurer.get("./notices")
    assert "一个资金只剩 1,000.00 元了，不到 2,000.00 元。" in treasurer.words
    treasurer.get("./funds")
    assert "大家手里的红花" in treasurer.words
    stranger = visit()
    stranger.get(f"/c/{street.id.hex}/board/donors")
    assert "一位捐款人" in stranger.words
    treasurer.get(address)
    naming = re.search(r'action="([^"]+)/naming"', treasurer.page)[1]
    treasurer.post(f"{naming}/naming", is_named="true", follow=True)
    assert "公示时署名" in treasurer.words
    stranger.get(f"/c/{street.id.hex}/board/donors")
    assert "红色合伙人" in stranger.words


def test_the_supervisor_sees_funds_and_changes_none(street, visit):
    supervisor = visit(street.place.supervisor)
    supervisor.get(f"./funds/{street.fund.id.hex}")
    assert "拨入一笔" not in supervisor.words
    asked = {"amount_fen": "10", "donor": "自己"}
    assert supervisor.post(f"./funds/{street.fund.id.hex}/grants", **asked).status_code == 403


@pytest.mark.parametrize(
    ("query", "earlier", "later", "falls"),
    [("", "赵一", "白二", "descending"), ("?sort=name", "白二", "赵一", "ascending")],
)
def test_names_are_sorted_by_who_joined_last_or_by_pinyin(street, admin, query, earlier, later, falls):
    for name in ("白二", "赵一"):
        street.place.volunteer(name)
    page, file = (admin.get(f"./members{kind}{query}").get_data(as_text=True) for kind in ("", ".csv"))
    for shown in (page, file):
        assert shown.index(earlier) < shown.index(later)
    assert f'aria-sort="{falls}"' in page
