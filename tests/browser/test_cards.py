"""The printed sheet: ten cards of 85.6 × 54 mm on each A4 page, at the same places on every one."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ledger.people import card_sheets
from tests.browser.people import Person
from tests.browser.town import Town

MM = 96 / 25.4


@pytest.mark.parametrize("count", [10, 12])
def test_ten_cards_a_page_of_exact_size(town: Town, take: Callable[..., Person], count: int):
    admin = town.street.place.admin
    sheet = card_sheets.make_sheet(admin.actor, count=count)
    desk = take(admin, desk=True)
    desk.open(f"./cards/sheets/{sheet.id.hex}")
    page = desk.page
    page.emulate_media(media="print")
    boxes = [card.bounding_box() for card in page.locator(".paper-card").all()]
    assert len(boxes) == count
    for number, box in enumerate(boxes):
        assert box is not None
        assert box["width"] / MM == pytest.approx(85.6, abs=0.2)
        assert box["height"] / MM == pytest.approx(54, abs=0.2)
        row, column = divmod(number % 10, 2)
        first = boxes[number - number % 10] or box
        assert (box["x"] - first["x"]) / MM == pytest.approx(85.6 * column, abs=0.2)
        assert (box["y"] - first["y"]) / MM == pytest.approx(54 * row, abs=0.2)
    printed = page.pdf(prefer_css_page_size=True)
    assert printed.count(b"/Type /Page\n") == -(-count // 10)
