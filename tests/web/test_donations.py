"""Pages of the community pot: given with a confirmation, taken back, used by two people, read by all."""

from __future__ import annotations

import pytest

from ledger.core import clock
from ledger.rewards import donations


@pytest.mark.parametrize(
    ("language", "button", "back"),
    [("zh", "确认，捐 30 朵", "已撤回"), ("en", "Confirm, give 30 flowers", "Taken back")],
)
def test_a_member_gives_after_a_confirmation_and_may_take_it_back(street, visit, language, button, back):
    lin = street.volunteer()
    browser = visit(lin, language=language)
    browser.get("./donations")
    browser.post("./donations/confirm", points="30", purpose="给独居老人买菜")
    assert button in browser.words
    assert street.available(lin) == 100  # Nothing has moved yet.
    given = browser.post("./donations", follow=True, points="30", purpose="给独居老人买菜")
    assert "给独居老人买菜" in browser.words
    assert street.available(lin) == 70
    browser.post(f"{given.request.path}/undo", follow=True)
    assert back in browser.words
    assert street.available(lin) == 100


def test_an_amount_that_is_none_or_too_large_says_so(street, visit):
    browser = visit(street.volunteer(5))
    browser.get("./donations")
    assert browser.post("./donations/confirm", points="0").status_code == 422
    browser.post("./donations/confirm", points="6")
    assert "您的红花不够捐这么多" in browser.words
    assert browser.post("./donations", points="6").status_code == 409


def test_a_use_goes_through_two_hands_and_stands_on_the_members_page(street, visit):
    lin = street.volunteer()
    donations.give(lin.actor, 50)
    clock.advance(minutes=11)
    admin, treasurer, member = (visit(one) for one in (street.place.admin, street.place.treasurer, lin))
    admin.get("./office/pot")
    admin.post("./office/pot", follow=True, points="30", text="重阳节给 12 位老人送米")
    assert "等第二人" in admin.words
    assert "同意，支出" not in admin.words
    treasurer.get("./office")
    assert "爱心池支出等第二人" in treasurer.words
    treasurer.get("./office/pot")
    assert "同意，支出 30 朵" in treasurer.words
    use = treasurer.page.partition("/office/pot/")[2].partition("/")[0]
    treasurer.post(f"./office/pot/{use}/approve", follow=True)
    assert "已公布" in treasurer.words
    member.get("./donations")
    assert "重阳节给 12 位老人送米" in member.words
    assert "现在还有 20 朵" in member.words
    assert [visit(one).get("./office/pot").status_code for one in (lin, street.clerk)] == [403, 403]
