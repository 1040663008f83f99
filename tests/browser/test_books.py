"""The books in a browser: no page is wider than a phone, and two people reverse an award without a script."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ledger.book import reading
from ledger.book.accounts import wallet_of
from ledger.book.reversal_requests import ask_reversal
from tests.browser.people import Person
from tests.browser.town import Town
from tests.stories import Neighbour

pytestmark = pytest.mark.browser

Take = Callable[..., Person]

PHONE = {"width": 360, "height": 740}


@pytest.fixture
def lin(town: Town) -> Neighbour:
    """She was awarded thirty flowers, bought a loaf for twenty, and another one is reserved."""
    person = town.street.volunteer(50, "阿依古丽·买买提江")
    town.street.buy(person)
    town.street.reserve(person)
    return person


def award_of(town: Town) -> str:
    rows = reading.list_transfers(town.street.place.admin.actor)
    return next(row.id.hex for row in rows if row.code == "award")


@pytest.mark.parametrize("language", ["zh-CN", "en-GB"])
def test_no_page_of_the_books_is_wider_than_a_phone_in_either_size(
    town: Town, take: Take, lin: Neighbour, language: str
) -> None:
    street, admin = town.street, town.street.place.admin
    award = next(row.id for row in reading.list_transfers(admin.actor) if row.code == "award")
    request = ask_reversal(admin.actor, award, amount=30, reason="同一次巡护记了两遍，第二遍是补录的")
    pages = [
        "./books",
        "./books?of=member",
        "./books?of=shop",
        "./books/transfers",
        f"./books/transfers/{award.hex}",
        f"./books/accounts/{wallet_of(lin.member_id).id_in(street.id).hex}",
        "./reversals",
        f"./reversals/{request.id.hex}",
    ]
    wide = []
    person = take(street.place.treasurer, language=language)
    person.page.set_viewport_size(PHONE)
    for size in ("", "large"):
        person.choose("size", size)
        for path in pages:
            person.open(path)
            wide += [(path, size)] if person.spill() else []
    assert wide == []


def test_two_people_reverse_a_spent_award_without_a_script(town: Town, take: Take, lin: Neighbour) -> None:
    admin = take(town.street.place.admin, javascript=False)
    admin.open(f"./books/transfers/{award_of(town)}")
    admin.type_in("amount", "15")
    admin.type_in("reason", "记到了同名的人")
    admin.press("看会怎么动")
    admin.sees("有 5 朵 已经用掉")
    admin.press("提出冲正 15 朵")
    admin.sees("要另一位管理员或财务同意")
    treasurer = take(town.street.place.treasurer, javascript=False)
    treasurer.open("./office")
    treasurer.press("冲正等第二人")
    treasurer.press("盖章得花")
    treasurer.press("同意，冲正 15 朵")
    treasurer.sees("已经这样动了")
    member = take(lin, javascript=False)
    member.open("./")
    member.sees("更正：盖章得花 −15 朵")
    member.sees("记到了同名的人")
    member.sees("还欠 5 朵")
