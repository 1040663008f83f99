"""Flags on pages: the treasurer decides with the figures in view, the shop reads why and until when a line waits."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ledger.core import clock
from ledger.risk import reading
from tests.api.risk_guards import flag_about
from tests.ledger.rewards.street import open_street
from tests.ledger.settlement.office import Office


@pytest.fixture
def office(context: object) -> Iterator[Office]:
    """Friday noon of week 47 on a street with one bakery; the clock is given back afterwards."""
    try:
        yield Office(open_street())
    finally:
        clock.move_to(None)


def test_the_treasurer_decides_from_the_desk_and_the_shop_reads_what_waits(office, visit):
    office.buy(30)
    flagged = office.buy()
    flag_about(flagged)
    settlement = office.issue(office.one())
    owner, treasurer = visit(office.street.owner), visit(office.treasurer)
    for page in ("./settlements", f"./settlements/{settlement.id.hex}"):
        owner.get(page)
        assert "先等一等，下一期再结" in owner.words
        assert "有兑换退回后当天又兑换，社区在核对。" in owner.words
        assert "最迟到12月4日" in owner.words
        assert flagged.receipt_number in owner.words
    assert owner.get("./flags").status_code == 403
    treasurer.get("./flags")
    assert treasurer.post("./flags/find", follow=True).status_code == 200
    treasurer.get("./office")
    assert "异常提示等决定" in treasurer.words
    treasurer.get("./flags")
    assert "2 次退回后当天又兑换" in treasurer.words
    assert "1 笔等着，共 ¥2.00" in treasurer.words
    [view] = reading.list_flags(office.treasurer.actor)
    page = f"./flags/{view.flag.id.hex}"
    treasurer.get(page)
    assert "决定，放行 ¥2.00" in treasurer.words
    assert treasurer.post(f"{page}/decide", decision="dismiss", note="").status_code == 422
    treasurer.post(f"{page}/decide", decision="dismiss", note="当面问过", follow=True)
    assert "没有等决定的异常提示" in treasurer.words
    assert treasurer.post(f"{page}/decide", decision="dismiss", note="再来").status_code == 409
    treasurer.get("./flags?status=dismissed")
    assert "当面问过" in treasurer.words
    owner.get("./settlements")
    assert "先等一等" not in owner.words
    admin = visit(office.admin)
    admin.get(page)
    assert "放行 ¥" not in admin.words
    assert admin.post(f"{page}/decide", decision="dismiss", note="好").status_code == 403


def test_the_dry_run_says_what_would_be_flagged_and_lists_are_filtered_by_kind(office, visit):
    flagged = office.street.buy(office.street.volunteer(100))
    flag_about(flagged)
    desk = visit(office.treasurer)
    desk.get("./flags?kind=ring")
    assert "没有这样的异常提示" in desk.words
    desk.get("./flags/dry-run")
    assert "看了" not in desk.words
    desk.get("./flags/dry-run?from=2026-11-01&to=2026-11-20")
    assert "看了 1 笔兑换，会有 0 条提示。" in desk.words
    assert desk.get("./flags/dry-run?from=2026-11-21&to=2026-11-20").status_code == 422
    assert visit(office.street.owner).get("./flags/dry-run").status_code == 403


def test_flags_in_english(office, visit):
    flag_about(office.buy())
    desk = visit(office.treasurer, language="en")
    desk.get("./flags")
    assert "refunded and redeemed again on the same day 2 times" in desk.words
    desk.get("./flags/dry-run?from=2026-11-01&to=2026-11-20")
    assert "Nothing odd on these days" in desk.words
    owner = visit(office.street.owner, language="en")
    owner.get("./settlements")
    assert "Waits for a later statement" in owner.words
