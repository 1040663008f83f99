"""Slips on the pages: printed and entered at the counter, confirmed on the phone, checked at the desk."""

from __future__ import annotations

import re

from ledger.core import clock
from tests.ledger.rewards.test_card_redemptions import card_of


def test_a_pad_is_printed_a_slip_entered_and_checked_by_the_community(street, visit):
    street.agree(slip_points=40)
    clerk, lin = visit(street.clerk), street.volunteer(100)
    clerk.get("./slips")
    clerk.post("./slip-pads", branch_id=street.branch.id.hex, follow=True)
    numbers = re.findall(r"<b>(\d{6}.)</b>", clerk.page)
    assert len(numbers) == 20
    assert "写到 2026年12月20日" in clerk.words
    asked = {"branch_id": street.branch.id.hex, "offer_id": street.loaf.id.hex, "filled_on": "2026-11-20"}
    card = card_of(street, lin)
    clerk.get("./slips")
    assert clerk.post("./slips", number=numbers[0], card_code=card, quantity="9", **asked).status_code == 409
    assert "一张单子最多 40 朵" in clerk.words
    clerk.post("./slips", number=numbers[0], card_code=card, quantity="1", follow=True, **asked)
    assert "全麦面包" in clerk.words
    phone = visit(lin)
    phone.get("./notices")
    assert "一家店补录了您 11月20日 凭单子换的东西，20 朵红花。" in phone.words
    phone.get(re.search(r'href="([^"]+/redemptions/[0-9a-f]{32})"', phone.page)[1])
    assert "这是店里没有网络时凭单子换的。" in phone.words
    admin = visit(street.place.admin)
    admin.get("./office")
    assert "单子等核对" in admin.words
    admin.get("./slips/waiting")
    accept = re.search(r'action="([^"]+/acceptance)"', admin.page)[1]
    admin.post(accept, follow=True)
    assert "没有单子在等" in admin.words
    assert clerk.get("./slips/waiting").status_code == 403
    clerk.get("./slips")
    assert "还有 19 张没用" in clerk.words
    clock.advance(days=31)
    clerk.get("./slips")
    assert "过期了，没用的 19 张请撕掉" in clerk.words
    assert clerk.post("./slips", number=numbers[1], card_code=card, quantity="1", **asked | {"filled_on": "2026-12-21"})
    assert "这一本单子只能用到 12月20日" in clerk.words
