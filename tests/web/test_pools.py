"""Paying together on the phone: asked, agreed, confirmed, with a part for each on the receipt."""

from __future__ import annotations

import pytest

from ledger.rewards import merchants, pools
from ledger.rewards.pooling import Share
from tests.ledger.rewards.street import Street
from tests.ledger.rewards.test_households import at_home


def test_from_the_poster_to_a_receipt_with_two_parts(street: Street, visit):
    lin, son = street.volunteer(15), street.volunteer(15, "林小宝")
    at_home(street, lin, son)
    code = merchants.poster_code(street.place.admin.actor, street.branch)
    mother = visit(lin)
    mother.get(f"/s/{code}")
    assert "一家人一起付" in mother.words
    mother.get(f"/s/{code}/together")
    assert "全麦面包 · 20 朵" in mother.words
    part = f"of-{son.member_id.hex}"
    offer = {"offer_id": street.loaf.id.hex, "quantity": "1"}
    assert mother.post(f"/s/{code}/together", **offer, **{part: "两朵"}).status_code == 422
    assert "每人出的是一个整数" in mother.words
    refused = mother.post(f"/s/{code}/together", **offer, **{part: "20"})
    assert (refused.status_code, "家里人出的红花太多了" in mother.words) == (409, True)
    reserved = mother.post(f"/s/{code}/together", **offer, **{part: "8"}, follow=True)
    assert "等同意" in mother.words
    assert "确认，付 12 朵给 麦香面包" in mother.words
    address = reserved.request.path
    assert mother.post(f"{address}/confirm").status_code == 409

    child = visit(son)
    child.get("./pool")
    assert "等您同意" in child.words
    child.get(address)
    assert "林秀芳 请您一起付" in child.words
    child.post(f"{address}/agree", follow=True)
    assert "您已同意，等 林秀芳 确认" in child.words
    mother.get(address)
    mother.post(f"{address}/confirm", follow=True)
    child.get(address)
    for browser in (mother, child):
        assert "已兑换" in browser.words
        assert "林秀芳 12 朵" in browser.words
        assert "林小宝 8 朵" in browser.words


@pytest.mark.parametrize(("language", "words"), [("zh", "每次 9 朵以内不用问"), ("en", "Up to 9 flowers a time")])
def test_a_word_beforehand_is_given_and_taken_back(street: Street, visit, language: str, words: str):
    lin, son = street.volunteer(), street.volunteer(name="林小宝")
    browser = visit(son, language=language)
    browser.get("./pool")
    assert any(words in browser.words for words in ("您还没有登记住户", "You belong to no household"))
    at_home(street, lin, son)
    browser.get("./pool")
    browser.post("./pool", points_at_most="9", follow=True)
    other = visit(lin, language=language)
    other.get("./pool")
    assert words in other.words
    browser.get("./pool")
    browser.post("./pool/revoke", follow=True)
    assert [one.points_at_most for one in pools.see_pool(lin.actor).members] == [None, None]


def test_whoever_does_not_want_to_pay_cancels_it(street: Street, visit):
    lin, son = street.volunteer(), street.volunteer(name="林小宝")
    at_home(street, lin, son)
    reserved = street.reserve(lin, contributions=[Share(son.member_id, 8)])
    child = visit(son)
    child.get(f"./redemptions/{reserved.id.hex}")
    assert child.post(f"./redemptions/{reserved.id.hex}/cancel").location.endswith("/pool")
    assert street.available(lin) == 100
