"""The printed sheet: ten cards of 85.6 × 54 mm on each A4 page, at the same places on every one."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ledger.people import card_sheets
from tests.browser.people import Person
from tests.browser.printed import Box, Sheet, sheets_of
from tests.browser.town import Town

PIXELS = 96 / 25.4
"""Of a millimetre on the screen."""

WIDE, HIGH = 85.6, 54
EDGE, ABOVE = 19.4, 13.5
"""What is left of the A4 page beside and above ten cards."""
QR, BORDER, PADDING = 38, 0.2, 5

EXACT = 0.3
"""Millimetres. Chromium sets edges on whole pixels, of 0.26."""


@pytest.mark.parametrize("count", [10, 12])
def test_ten_cards_a_page_of_exact_size_and_at_exact_places(town: Town, take: Callable[..., Person], count: int):
    """Proven on the page laid out for print: the size of each card, and where it is beside the first of its page.

    Proven on the PDF itself: so many A4 pages, and on each the square of every QR at its millimetre, counted from the
    corner of the paper; a card is where its QR is. Not proven: what a printer that scales to fit makes of it (the page
    says to print in actual size), nor the places of names and codes, which belong to the card's own layout.
    """
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
        assert box["width"] / PIXELS == pytest.approx(WIDE, abs=0.2)
        assert box["height"] / PIXELS == pytest.approx(HIGH, abs=0.2)
        row, column = divmod(number % 10, 2)
        first = boxes[number - number % 10] or box
        assert (box["x"] - first["x"]) / PIXELS == pytest.approx(WIDE * column, abs=0.2)
        assert (box["y"] - first["y"]) / PIXELS == pytest.approx(HIGH * row, abs=0.2)
    printed = sheets_of(page.pdf(prefer_css_page_size=True))
    assert len(printed) == -(-count // 10)
    for first_card, paper in zip(range(0, count, 10), printed, strict=True):
        expected = [place_of_qr(*divmod(n, 2)) for n in range(min(10, count - first_card))]
        assert places_of_qrs(paper) == [pytest.approx(place, abs=EXACT) for place in expected]


def place_of_qr(row: int, column: int) -> tuple[float, float]:
    return EDGE + WIDE * column + BORDER + PADDING, ABOVE + HIGH * row + (HIGH - QR) / 2


def places_of_qrs(paper: Sheet) -> list[tuple[float, float]]:
    """Left and upper edge of each square of a QR's size, in reading order; one is drawn and clipped to at one place."""
    squares = {(round(box.left), round(box.top)): box for box in paper.boxes if is_qr(box)}
    return [(box.left, box.top) for _, box in sorted(squares.items(), key=lambda it: (it[0][1], it[0][0]))]


def is_qr(box: Box) -> bool:
    return (box.width, box.height) == pytest.approx((QR, QR), abs=EXACT)
