"""The home of the desk: what waits for whom, and the week in numbers that lead to their lists."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from ledger.core import clock
from ledger.core.tenancy import Role
from ledger.rewards import offers
from ledger.rewards.models import OfferKind
from ledger.rewards.offers import OfferTerms
from ledger.settlement.models import SettlementState
from tests.ledger.rewards.street import open_street
from tests.ledger.service.day import Day, open_day
from tests.ledger.settlement.office import Office
from tests.stories import open_neighbourhood, street_officer


@pytest.fixture
def day(context: object) -> Iterator[Day]:
    """Eight in the morning of the day; the clock is given back afterwards."""
    try:
        yield open_day()
    finally:
        clock.move_to(None)


@pytest.fixture
def office(context: object) -> Iterator[Office]:
    """Friday noon of week 47 on a street with one bakery; the clock is given back afterwards."""
    try:
        yield Office(open_street())
    finally:
        clock.move_to(None)


def pile_of(desk, title: str) -> str:
    """Where the pile leads and how much lies on it; empty when it is not shown."""
    found = re.search(
        rf'<a href="([^"]+)"[^>]*>(?:(?!</li>|<a ).)*<b>{title}</b>.*?chip wait">(\d+)<', desk.page, re.DOTALL
    )
    return f"{found[1]} {found[2]}" if found else ""


@pytest.mark.parametrize(
    ("language", "words"), [("zh", "都办完了。没有什么在等您。"), ("en", "Nothing is waiting for you")]
)
def test_an_empty_desk_says_so(day, visit, language, words):
    desk = visit(day.place.admin, language=language)
    assert desk.get("./office").status_code == 200
    assert words in desk.words


def test_the_stamper_sees_how_many_wait_and_gets_there(day, visit):
    for name in ("陈刚", "马兰"):
        day.served(day.place.volunteer(name))
    desk = visit(day.place.stamper)
    desk.get("./office")
    assert pile_of(desk, "服务等盖章").endswith("/stamps 2")
    desk.get(pile_of(desk, "服务等盖章").split()[0])
    assert "共 2 条" in desk.words


def test_a_stamper_of_another_part_has_nothing_waiting(day, visit):
    day.served(day.place.volunteer())
    desk = visit(day.place.staff(Role.STAMPER, unit=day.place.grid_beside()))
    desk.get("./office")
    assert pile_of(desk, "服务等盖章") == ""


def test_the_week_counts_what_was_stamped(day, visit):
    day.stamped(day.place.volunteer())
    desk = visit(day.place.admin)
    desk.get("./office")
    assert "10 朵" in desk.words
    assert "2 小时 本周服务，1 人次" in desk.words
    assert "人工补录 0%" in desk.words


def test_the_next_activities_are_named(day, visit):
    desk = visit(day.place.coordinator)
    desk.get("./office")
    assert "早间巡逻" in desk.words


@pytest.mark.parametrize(
    ("state", "title", "who"),
    [
        (SettlementState.DRAFT, "结算单等出单", "admin"),
        (SettlementState.CONFIRMED, "结算单等审批", "treasurer"),
        (SettlementState.APPROVED, "结算单等付款", "admin"),
        (SettlementState.PAID, "付款等对账", "treasurer"),
    ],
)
def test_statements_wait_with_those_whose_step_it_is(office, visit, state, title, who):
    office.bring_to(state)
    desk = visit(getattr(office, who))
    desk.get("./office")
    assert pile_of(desk, title).endswith(f"status={state} 1")
    desk.get(pile_of(desk, title).split()[0])
    assert "麦香面包" in desk.words


@pytest.mark.parametrize(
    ("state", "title", "who"),
    [(SettlementState.APPROVED, "结算单等付款", "treasurer"), (SettlementState.PAID, "付款等对账", "admin")],
)
def test_a_statement_does_not_wait_for_who_did_the_step_before(office, visit, state, title, who):
    office.bring_to(state)
    desk = visit(getattr(office, who))
    desk.get("./office")
    assert pile_of(desk, title) == ""


def test_an_offer_waits_for_the_one_who_did_not_draft_it(office, visit):
    street = office.street
    terms = OfferTerms(name="豆浆", points=5)
    offers.draft_offer(office.admin.actor, street.agreement.id, kind=OfferKind.GOODS, terms=terms)
    drafter, other = visit(office.admin), visit(office.treasurer)
    drafter.get("./office")
    other.get("./office")
    assert pile_of(drafter, "商品等批准") == ""
    assert pile_of(other, "商品等批准").endswith("waiting=1 1")


def test_redemptions_of_the_week_lead_to_the_shops(office, visit):
    office.buy()
    desk = visit(office.admin)
    desk.get("./office")
    assert "20 本周兑换的红花 ¥2.00" in desk.words


@pytest.mark.parametrize("role", [Role.COORDINATOR, Role.STAMPER, Role.SUPERVISOR, Role.TREASURER])
def test_every_staff_role_has_a_home(office, visit, role):
    assert visit(office.street.place.staff(role)).get("./office").status_code == 200


def test_the_streets_officer_has_a_home_too(office, visit):
    assert visit(street_officer(office.street.place.community)).get("./office").status_code == 200


def test_who_has_no_office(office, visit):
    assert visit(office.street.volunteer()).get("./office").status_code == 403
    assert visit(office.street.clerk).get("./office").status_code == 403
    assert visit(open_neighbourhood("远方社区").admin).get(f"/c/{office.id.hex}/office").status_code == 404
    assert visit().get(f"/c/{office.id.hex}/office").status_code == 401


def test_the_rail_leads_only_where_one_may_go(office, visit):
    for person in (office.admin, office.treasurer, office.street.place.coordinator, office.street.place.supervisor):
        desk = visit(person)
        desk.get("./office")
        rail = re.search(r'<header class="rail">.*?</header>', desk.page, re.DOTALL)[0]
        for address in re.findall(r'<li><a href="([^"]+)"', rail):
            assert desk.get(address).status_code == 200, f"{person.name} {address}"
