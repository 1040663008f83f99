"""The pages of the books: who may open them, what they show, how things are found."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from ledger.book import reading
from ledger.book.accounts import fund_of, takings_of, wallet_of
from ledger.core import clock
from ledger.core.tenancy import Role
from tests.ledger.rewards.street import Street
from tests.ledger.service.day import Day
from tests.stories import Neighbour, street_officer
from tests.web.browser import Browser

Visit = Callable[..., Browser]


def transfer(street: Street, code: str) -> str:
    return next(row.id.hex for row in reading.list_transfers(street.place.admin.actor) if row.code == code)


@pytest.fixture
def lin(street: Street) -> Neighbour:
    """林秀芳 was awarded thirty flowers and bought a loaf for twenty."""
    person = street.volunteer(30)
    street.buy(person)
    return person


PAGES = ("./books", "./books/transfers", "./reversals")


def test_the_books_are_for_those_who_see_the_whole_of_them(street: Street, lin: Neighbour, visit: Visit) -> None:
    place = street.place
    readers = (place.admin, place.treasurer, place.supervisor, street_officer(place.community))
    others = (lin, place.coordinator, place.stamper, street.owner, street.clerk)
    for page in (*PAGES, f"./books/transfers/{transfer(street, 'award')}"):
        assert [visit(person).get(page).status_code for person in readers] == [200] * 4
        assert [visit(person).get(page).status_code for person in others] == [403] * 5


def test_the_room_is_in_the_rail_of_its_readers_only(street: Street, lin: Neighbour, visit: Visit) -> None:
    admin, stamper = visit(street.place.admin), visit(street.place.stamper)
    admin.get("./office")
    stamper.get("./office")
    assert "账本" in admin.words
    assert "账本" not in stamper.words


def test_accounts_are_shown_by_whose_they_are(street: Street, lin: Neighbour, visit: Visit) -> None:
    browser = visit(street.place.treasurer)
    browser.get("./books")
    assert "发放总账" in browser.words
    assert "−10 朵" not in browser.words
    assert "−30 朵" in browser.words
    browser.get("./books?of=fund")
    assert "微基金" in browser.words
    assert "¥998.00" in browser.words
    browser.get("./books?of=shop")
    assert "麦香面包" in browser.words
    assert "20 朵" in browser.words
    assert "¥2.00" in browser.words
    browser.get("./books?of=member")
    assert "林秀芳" in browser.words
    assert "10 朵" in browser.words


def test_a_resident_is_found_by_name_and_by_pinyin(street: Street, lin: Neighbour, visit: Visit) -> None:
    street.volunteer(5, "赵桂英")
    browser = visit(street.place.treasurer)
    for typed in ("林", "lin", "林秀芳"):
        browser.get(f"./books?of=member&search={typed}")
        assert "林秀芳" in browser.words
        assert "赵桂英" not in browser.words
    browser.get("./books?of=member&search=没有这个人")
    assert "没有找到账户" in browser.words


def test_accounts_of_one_holder_stay_together_and_pages_show_everybody_once(street: Street, visit: Visit) -> None:
    names = [f"居民{letter}" for letter in "甲乙丙丁戊己"]
    for name in names:
        street.volunteer(0, name)
    browser, seen, path = visit(street.place.admin), [], "./books?of=member&limit=6"
    while path:
        browser.get(path)
        seen += [name for name in names if f"<b>{name}</b>" in browser.page]
        following = browser.page.partition('class="pages"')[2].partition("cursor=")[2]
        path = f"./books?of=member&limit=6&cursor={following[:32]}" if following else ""
    assert sorted(seen) == sorted(names)


def test_the_street_reads_masked_names(street: Street, lin: Neighbour, visit: Visit) -> None:
    browser = visit(street_officer(street.place.community))
    for page in ("./books?of=member", "./books/transfers", f"./books/transfers/{transfer(street, 'redeem')}"):
        browser.get(page)
        assert "林*芳" in browser.words
        assert "林秀芳" not in browser.words


def test_the_street_is_not_led_to_the_receivers_of_events_which_it_may_not_see(street: Street, visit: Visit) -> None:
    browser, admin = visit(street_officer(street.place.community)), visit(street.place.admin)
    browser.get("./books")
    admin.get("./books")
    assert "事件接收" not in browser.words
    assert "事件接收" in admin.words
    assert browser.get("./webhooks").status_code == 403


def test_an_account_shows_its_balance_and_what_moved(street: Street, lin: Neighbour, visit: Visit) -> None:
    street.reserve(street.volunteer(25, "赵桂英"))
    browser = visit(street.place.admin)
    browser.get(f"./books/accounts/{wallet_of(lin.member_id).id_in(street.id).hex}")
    assert "红花钱包 · 林秀芳" in browser.words
    assert "10 朵" in browser.words
    assert "+30 朵" in browser.words
    assert "−20 朵" in browser.words
    browser.get(f"./books/accounts/{fund_of(street.fund.id).id_in(street.id).hex}")
    assert "预留 ¥2.00" in browser.words
    assert "−¥2.00" in browser.words
    browser.get(f"./books/accounts/{takings_of(street.bakery.id).id_in(street.id).hex}")
    assert "+20 朵" in browser.words


def test_an_account_without_transfers_says_so(street: Street, visit: Visit) -> None:
    person = street.volunteer(0)
    browser = visit(street.place.admin)
    browser.get(f"./books/accounts/{wallet_of(person.member_id).id_in(street.id).hex}")
    assert "这个账户还没有进出" in browser.words


def test_a_transfer_shows_both_sides_both_times_who_and_why(day: Day, visit: Visit) -> None:
    lin = day.place.volunteer()
    day.stamped(lin)
    award = next(row for row in reading.list_transfers(day.place.admin.actor) if row.code == "award")
    browser = visit(day.place.admin)
    browser.get(f"./books/transfers/{award.id.hex}")
    for words in (
        "盖章得花 10 朵",
        "发放总账",
        "林秀芳 红花钱包",
        "盖章 · 早间巡逻",
        "stamper同志",
        "发生时间",
        "入账时间",
        "入账证明",
    ):
        assert words in browser.words
    assert f"/c/{day.place.id.hex}/receipts/{award.id.hex}" in browser.page
    assert award.id.hex in browser.words


def test_a_redemption_names_the_shop_and_leads_to_its_receipt(street: Street, lin: Neighbour, visit: Visit) -> None:
    browser = visit(street.place.admin)
    browser.get(f"./books/transfers/{transfer(street, 'redeem')}")
    assert "麦香面包 · 全麦面包" in browser.words
    assert "这一笔不能冲正" in browser.words
    assert "退回红花" in browser.words
    redemption = browser.page.partition("/redemptions/")[2][:32]
    assert browser.get(f"./redemptions/{redemption}").status_code == 200


def test_transfers_are_found_by_code_day_kind_and_name(street: Street, lin: Neighbour, visit: Visit) -> None:
    browser = visit(street.place.treasurer)
    today = clock.today()
    yesterday, tomorrow = today - timedelta(days=1), today + timedelta(days=1)

    def rows(query: str) -> int:
        browser.get(f"./books/transfers?{query}")
        return browser.page.count("/books/transfers/")

    assert rows("") == 4
    assert rows("code=award") == 1
    assert rows("code=redeem") == 2
    assert rows("kind=fund") == 2
    assert rows("kind=wallet&code=redeem") == 1
    assert rows("search=林") == 2
    assert rows(f"since={today}&until={today}") == 4
    assert rows(f"until={yesterday}") == 0
    assert "没有找到" in browser.words
    assert rows(f"since={tomorrow}") == 0
    assert rows("code=nonsense&since=someday&kind=castle") == 4


@pytest.mark.parametrize("query", ["until=9999-12-31", "since=0001-01-01", "since=1999-12-31&until=2200-01-02"])
def test_a_day_outside_our_time_is_as_good_as_not_asked(
    street: Street, lin: Neighbour, visit: Visit, query: str
) -> None:
    browser = visit(street.place.treasurer)
    assert browser.get(f"./books/transfers?{query}").status_code == 200
    assert browser.page.count("/books/transfers/") == 4


def test_transfers_are_read_in_pages(street: Street, lin: Neighbour, visit: Visit) -> None:
    browser = visit(street.place.admin)
    browser.get("./books/transfers?limit=3")
    assert browser.page.count("/books/transfers/") == 3
    following = browser.page.partition('class="pages"')[2].partition("cursor=")[2][:32]
    browser.get(f"./books/transfers?limit=3&cursor={following}")
    assert browser.page.count("/books/transfers/") == 1


def test_the_books_of_a_new_community_are_empty_and_say_so(street: Street, visit: Visit) -> None:
    browser = visit(street.place.admin)
    browser.get("./reversals")
    assert "还没有冲正" in browser.words
    browser.get("./reversals?status=declined")
    assert "没有这样的冲正" in browser.words


def test_the_books_speak_english(street: Street, lin: Neighbour, visit: Visit) -> None:
    browser = visit(street.place.staff(Role.SUPERVISOR), language="en")
    browser.get(f"./books/transfers/{transfer(street, 'award')}")
    for words in ("Earned by a stamp 30 flowers", "Issuance", "Took effect", "Recorded", "the system"):
        assert words in browser.words
    browser.get("./books")
    assert "Only added to, never changed." in browser.words
