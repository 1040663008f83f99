"""Acting for somebody on the pages: always under a banner that says for whom, both names on what was done."""

from __future__ import annotations

import pytest

from ledger.people import helping
from ledger.people.helping import Found
from ledger.people.helping_models import Relation
from ledger.rewards import merchants
from tests.ledger.service.day import ELEVEN, NINE


def helper_of(place, member, name="林小燕"):
    """A relative who acts for the member from now on."""
    helper = place.volunteer(name)
    found, note = Found(helper.member_id), "在家中口头同意"
    link = helping.name_helper(
        place.admin.actor, member.member_id, found=found, relation=Relation.CHILD, note=note, is_in_presence=True
    )
    helping.agree(helper.actor, link.id)
    return helper


BANNER = "您正在替 林秀芳 办事"


@pytest.mark.parametrize(("language", "words"), [("zh", BANNER), ("en", "You are acting for 林秀芳")])
def test_the_page_of_whom_one_helps_says_for_whom_it_is(street, visit, language, words):
    lin = street.volunteer()
    helper = helper_of(street.place, lin)
    street.buy(lin)
    browser = visit(helper, language=language)
    browser.get("./helpers")
    assert f'href="{browser.root}/helped/{lin.member_id.hex}"' in browser.page
    browser.get(f"./helped/{lin.member_id.hex}")
    assert words in browser.words
    assert "80" in browser.words
    assert "全麦面包" in browser.words
    browser.get(f"./members/{lin.member_id.hex}/statement")
    assert words in browser.words


def test_ones_own_pages_carry_no_banner(street, visit):
    helper = helper_of(street.place, street.volunteer())
    browser = visit(helper)
    for path in ("./", "./helpers", "./statement", f"/s/{street.poster.code}"):
        browser.get(path)
        assert "您正在替" not in browser.words


def test_a_relative_checks_in_at_the_poster_and_both_names_are_shown(day, visit):
    lin = day.place.volunteer()
    helper = helper_of(day.place, lin)
    browser = visit(helper)
    poster = f"/q/{day.activity.poster_code}"
    browser.get(poster)
    assert "替 林秀芳 签到或签退" in browser.words
    browser.get(f"{poster}?for={lin.member_id.hex}")
    assert BANNER in browser.words
    assert "签到人：林秀芳" in browser.words
    browser.post(
        f"{poster}?for={lin.member_id.hex}", grant=browser.value("grant"), kind=browser.value("kind"), follow=True
    )
    assert BANNER in browser.words
    member = visit(lin)
    member.get("./checkins")
    assert "经办：林小燕" in member.words
    member.get("./notices")
    assert "有人替您签到了。" in member.words
    assert "经办：林小燕" in member.words


def test_the_check_out_of_the_helped_is_offered_whatever_oneself_does(day, visit):
    lin = day.place.volunteer()
    helper = helper_of(day.place, lin)
    day.arrive(helper, NINE)
    browser = visit(helper)
    poster = f"/q/{day.activity.poster_code}"
    browser.get(f"{poster}?for={lin.member_id.hex}")
    assert browser.value("kind") == "in"
    day.arrive(helper, on_behalf_of=lin.member_id)
    day.leave(helper, ELEVEN)
    browser.get(f"{poster}?for={lin.member_id.hex}")
    assert browser.value("kind") == "out"


def test_a_relative_redeems_at_the_shop_and_the_receipt_names_both(street, visit):
    lin = street.volunteer()
    helper = helper_of(street.place, lin)
    browser = visit(helper)
    shop = f"/s/{street.poster.code}"
    browser.get(shop)
    assert "替 林秀芳 兑换" in browser.words
    browser.get(f"{shop}?for={lin.member_id.hex}")
    assert "林秀芳 有 100 朵可用" in browser.words
    answer = browser.post(f"{shop}?for={lin.member_id.hex}", offer_id=street.loaf.id.hex, quantity="1")
    browser.get(answer.location)
    assert BANNER in browser.words
    assert "确认后还剩 80 朵" in browser.words
    browser.post(f"{answer.location}/confirm", follow=True)
    assert "经办 林小燕" in browser.words
    member = visit(lin)
    member.get("./statement")
    assert "兑换" in member.words
    assert "经办：林小燕" in member.words
    assert street.available(lin) == 80


def test_giving_up_leads_back_to_whom_one_acts_for(street, visit):
    lin = street.volunteer()
    helper = helper_of(street.place, lin)
    reserved = street.reserve(lin)
    browser = visit(helper)
    browser.get(f"./redemptions/{reserved.id.hex}")
    assert BANNER in browser.words
    answer = browser.post(f"./redemptions/{reserved.id.hex}/cancel")
    assert answer.location == f"{browser.root}/helped/{lin.member_id.hex}"


def test_nobody_opens_these_pages_for_whom_they_do_not_help(street, visit):
    lin = street.volunteer()
    helper = helper_of(street.place, lin)
    stranger = visit(street.volunteer(name="邻居"))
    poster = f"/s/{merchants.poster_code(street.place.admin.actor, street.branch)}"
    for path in (f"./helped/{lin.member_id.hex}", f"{poster}?for={lin.member_id.hex}"):
        assert stranger.get(path).status_code == 403
    assert stranger.get("./helped/nothing").status_code == 404
    [view] = helping.helpers_of(lin.actor, lin.member_id)
    helping.end_help(lin.actor, view.link.id)
    assert visit(helper).get(f"/c/{street.id.hex}/helped/{lin.member_id.hex}").status_code == 403
