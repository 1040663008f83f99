"""The statement of one's own flowers, and those that staff may see: as a page, page by page, and as a file."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime
from html import unescape

import pytest

from ledger.book import reading
from ledger.book.accounts import fund_of, hours_of, takings_of
from ledger.core import clock
from ledger.people import members
from tests.ledger.rewards.street import Street
from tests.stories import Neighbour
from tests.web.browser import Browser
from web import statements, words


@pytest.fixture
def lin(street: Street) -> Neighbour:
    """100 flowers on 20 November, two loaves of 20 bought on 1 December."""
    member = street.volunteer()
    clock.move_to(datetime(2026, 12, 1, 4, tzinfo=UTC))
    for _ in range(2):
        street.buy(member)
    return member


def rows_of(content: bytes) -> list[list[str]]:
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_home_leads_to_my_statement(lin, visit):
    browser = visit(lin)
    browser.get("./")
    assert f'href="{browser.root}/statement"' in browser.page


def test_my_statement_tells_what_came_and_went_newest_first(lin, visit):
    browser = visit(lin)
    browser.get("./statement")
    assert "余额 60 朵 账本截至 2026年12月1日 12:00" in browser.words
    assert browser.words.index("−20 余 60 朵") < browser.words.index("−20 余 80 朵") < browser.words.index("余 100 朵")


def test_my_statement_speaks_english(lin, visit):
    browser = visit(lin, language="en")
    browser.get("./statement")
    assert "Balance 60 flowers Books as known at 1 December 2026 12:00" in browser.words


@pytest.mark.parametrize(
    ("month", "words"),
    [
        ("2026-11", "2026年11月底 100 朵 月初 0 朵"),
        ("2026-12", "2026年12月底 60 朵 月初 100 朵"),
        ("2026-01", "2026年1月底 0 朵 月初 0 朵"),
    ],
)
def test_a_month_opens_with_what_the_month_before_left(lin, visit, month, words):
    browser = visit(lin)
    browser.get(f"./statement?month={month}")
    assert words in browser.words


@pytest.mark.parametrize("month", ["", "x", "2026-13", "0001-01", "9999-12"])
def test_a_month_that_is_none_is_as_good_as_not_asked(lin, visit, month):
    browser = visit(lin)
    assert browser.get(f"./statement?month={month}").status_code == 200
    assert "余额 60 朵" in browser.words


def test_the_months_to_choose_from_begin_with_the_accounts_opening(lin, visit):
    browser = visit(lin)
    browser.get("./statement")
    assert [month in browser.page for month in ("2026-12", "2026-11", '"2026-10')] == [True, True, False]


def test_a_month_before_the_opening_can_still_be_chosen(lin, visit):
    browser = visit(lin)
    browser.get("./statement?month=2026-01")
    assert '<option value="2026-01" selected>' in browser.page


def test_a_long_statement_has_pages_of_fifty_that_go_on_below_each_other(street, lin, visit):
    for _ in range(50):
        street.award(lin, 1)
    browser = visit(lin)
    browser.get("./statement")
    assert "+1 余 110 朵" in browser.words
    assert "−20" not in browser.words
    street.award(lin, 7)
    browser.get(address_of(browser, "下一页"))
    assert "−20 余 60 朵 兑换 2026年12月1日 12:00 −20 余 80 朵" in browser.words
    assert ("余额 110 朵" in browser.words, "下一页" in browser.words) == (True, False)


def test_each_entry_leads_to_its_receipt(lin, visit):
    browser = visit(lin)
    browser.get("./statement")
    wallet = next(one for one in reading.list_accounts(lin.actor) if one.kind == "wallet")
    for transfer in reading.list_transfers(lin.actor, account_id=wallet.id):
        assert f'href="{browser.root}/receipts/{transfer.id.hex}"' in browser.page


def test_nothing_yet_is_said_and_not_left_blank(street, visit):
    browser = visit(street.volunteer(points=0))
    browser.get("./statement")
    assert "这段时间没有收支" in browser.words


def test_a_tampered_cursor_is_a_refusal_page(lin, visit):
    assert visit(lin).get("./statement?cursor=AAAA").status_code == 422


def test_a_moment_to_come_is_a_refusal_page(lin, visit):
    browser = visit(lin)
    assert browser.get("./statement?known_at=2027-01-01T00:00:00%2B08:00").status_code == 422
    assert "账本不能查询将来的时刻" in browser.words


def address_of(browser: Browser, text: str) -> str:
    """Where the link with this text leads."""
    found = [link for link in re.findall(r'<a [^>]*href="([^"]+)"[^>]*>(.*?)</a>', browser.page) if text in link[1]]
    return unescape(found[0][0])


# The file.


def test_the_file_says_what_the_page_says(lin, visit):
    answer = visit(lin).get("./statement.csv")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="statement-all.csv"'
    rows = rows_of(answer.data)
    assert rows[1:3] == [["账户 account", "红花钱包 林秀芳", "points"], ["月份 month", ""]]
    assert [row[2:5] for row in rows[6:9]] == [["兑换", "-20", "60"], ["兑换", "-20", "80"], ["盖章得花", "100", "100"]]
    assert (rows[4], rows[9]) == (["期末 closing", "60"], ["期初 opening", "0"])


def test_the_files_address_on_the_page_gives_the_same_bytes_later(street, lin, visit):
    browser = visit(lin)
    browser.get("./statement?month=2026-12")
    address = address_of(browser, "下载 CSV")
    first = browser.get(address).data
    clock.advance(hours=1)
    street.buy(lin)
    assert browser.get(address).data == first
    assert browser.get("./statement.csv?month=2026-12").data != first


def test_no_cell_of_a_file_is_a_formula(street, visit):
    member = members.add_member(street.place.admin.actor, "=1+1")
    answer = visit(street.place.treasurer).get(f"./members/{member.id.hex}/statement.csv")
    assert rows_of(answer.data)[1][1] == "红花钱包 =1+1"
    assert not [cell for row in rows_of(answer.data) for cell in row if cell.startswith(("=", "@", "＝"))]


def test_the_files_times_are_all_of_shanghai(lin, visit):
    rows = rows_of(visit(lin).get("./statement.csv").data)
    assert rows[3] == ["截至 known at", "2026-12-01 12:00:00"]
    assert rows[5][:2] == ["发生时间 took effect", "入账时间 recorded"]
    assert rows[6][:2] == ["2026-12-01 12:00:00", "2026-12-01 12:00:00"]


def test_the_files_last_column_is_the_transfers_id_and_no_receipt(lin, visit):
    rows = rows_of(visit(lin).get("./statement.csv").data)
    assert rows[5][-1] == "编号 id"
    assert rows[6][-1] in {one.id.hex for one in reading.list_transfers(lin.actor)}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_file_that_ends_early_says_so_in_both_languages(street, lin, visit, monkeypatch, language):
    monkeypatch.setattr(statements, "IN_A_FILE", 200)
    for _ in range(200):
        street.award(lin, 1)
    rows = rows_of(visit(lin, language=language).get("./statement.csv").data)
    assert len(rows) == 6 + 200 + 1
    assert "请按月下载" in rows[-1][0]
    assert "month by month" in rows[-1][0]


def test_the_account_of_debt_and_what_is_paid_back_have_two_words():
    assert (str(words.ACCOUNT_KINDS["debt"]), str(words.TRANSFERS["repay"])) == ("还欠", "抵还")


# What staff may see.


def test_who_sees_the_books_comes_from_a_name_to_the_statement(street, lin, visit):
    browser = visit(street.place.admin)
    browser.get("./members")
    browser.get(f"./members/{lin.member_id.hex}/statement")
    assert "林秀芳" in browser.words
    assert "期末余额 60" in browser.words


def test_a_coordinator_sees_the_member_but_not_the_statement(street, lin, visit):
    browser = visit(street.place.coordinator)
    browser.get("./members")
    assert f"/members/{lin.member_id.hex}/statement" not in browser.page
    assert browser.get(f"./members/{lin.member_id.hex}/statement").status_code == 403
    assert browser.get(f"./members/{lin.member_id.hex}/statement.csv").status_code == 403


def test_a_shops_account_a_fund_and_hours_have_their_statements(street, lin, visit):
    browser = visit(street.place.treasurer)
    words = {}
    for key in (takings_of(street.bakery.id), fund_of(street.fund.id), hours_of(lin.member_id)):
        assert browser.get(f"./accounts/{key.id_in(street.id).hex}/statement").status_code == 200
        words[key.kind.value] = browser.words
    assert "麦香面包 商户收的红花" in words["merchant"]
    assert "¥996.00" in words["fund"]
    assert "林秀芳" in words["hours"]


def test_a_neighbour_sees_no_account_of_mine(street, lin, visit):
    browser = visit(street.volunteer(name="邻居"))
    account = hours_of(lin.member_id).id_in(street.id).hex
    assert browser.get(f"./accounts/{account}/statement").status_code == 403
    assert browser.get(f"./members/{lin.member_id.hex}/statement").status_code == 403


def test_an_owner_sees_the_shops_account(street, lin, visit):
    account = takings_of(street.bakery.id).id_in(street.id).hex
    browser = visit(street.owner)
    assert browser.get(f"./accounts/{account}/statement").status_code == 200
    assert "期末余额 40" in browser.words


def test_a_clerk_who_is_no_member_has_no_statement_of_their_own(street, visit):
    assert visit(street.clerk).get("./statement").status_code == 403
